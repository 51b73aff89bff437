/*
 * Names that must never be an entry of a tree.  The rules are git's own
 * (path.c is_ntfs_dotgit(), utf8.c is_hfs_dotgit()): whoever checks such a
 * tree out on Windows or macOS would have files written into .git.
 */

#include "git/pm_git_objects_internal.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>


static int pm_git_name_ntfs(const char *name, size_t len);
static int pm_git_name_hfs(const char *name, size_t len);


int
pm_git_name_allowed(const char *name, size_t len)
{
    size_t       rest;
    const char  *p;

    if (len == 0 || len > 4096
        || (len == 1 && name[0] == '.')
        || (len == 2 && name[0] == '.' && name[1] == '.')
        || memchr(name, '/', len) != NULL
        || memchr(name, '\0', len) != NULL
        || pm_git_name_hfs(name, len))
    {
        return 0;
    }

    /* a backslash parts folders on Windows */

    for ( ;; ) {
        if (pm_git_name_ntfs(name, len)) {
            return 0;
        }

        p = memchr(name, '\\', len);
        if (p == NULL) {
            return 1;
        }

        rest = len - (size_t) (p + 1 - name);
        name = p + 1;
        len = rest;
    }
}


/* ".git" or its short name, then only dots and spaces up to the end, a stream
 * (":") or the next folder. */

static int
pm_git_name_ntfs(const char *name, size_t len)
{
    size_t  i;

    if (len >= 4 && strncasecmp(name, ".git", 4) == 0) {
        i = 4;

    } else if (len >= 5 && strncasecmp(name, "git~1", 5) == 0) {
        i = 5;

    } else {
        return 0;
    }

    for ( /* void */ ; i < len; i++) {
        if (name[i] == '\\' || name[i] == ':') {
            return 1;
        }

        if (name[i] != '.' && name[i] != ' ') {
            return 0;
        }
    }

    return 1;
}


/* ".git" with characters in it that HFS+ ignores: U+200C to U+200F, U+202A to
 * U+202E, U+206A to U+206F, U+FEFF. */

static size_t
pm_git_name_ignored(const unsigned char *p, size_t len)
{
    if (len < 3) {
        return 0;
    }

    if (p[0] == 0xe2 && p[1] == 0x80
        && ((p[2] >= 0x8c && p[2] <= 0x8f) || (p[2] >= 0xaa && p[2] <= 0xae)))
    {
        return 3;
    }

    if (p[0] == 0xe2 && p[1] == 0x81 && p[2] >= 0xaa && p[2] <= 0xaf) {
        return 3;
    }

    if (p[0] == 0xef && p[1] == 0xbb && p[2] == 0xbf) {
        return 3;
    }

    return 0;
}


static int
pm_git_name_hfs(const char *name, size_t len)
{
    size_t                i, n, ignored;
    const unsigned char  *p;

    static const char  git[] = ".git";

    p = (const unsigned char *) name;
    n = 0;

    for (i = 0; i < len; /* void */) {
        ignored = pm_git_name_ignored(p + i, len - i);

        if (ignored != 0) {
            i += ignored;
            continue;
        }

        if (n == 4 || tolower(p[i]) != git[n]) {
            return 0;
        }

        n++;
        i++;
    }

    return n == 4;
}
