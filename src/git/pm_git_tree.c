/*
 * Raw trees: "<octal mode> <name>\0<20 bytes>" an entry, in git's order.
 */

#include "git/pm_git_objects_internal.h"

#include <string.h>


int
pm_git_tree_next(const unsigned char **p, const unsigned char *end,
    pm_git_entry_t *entry)
{
    unsigned              mode;
    const unsigned char  *s, *zero;

    s = *p;

    if (s == end) {
        return 0;
    }

    entry->start = s;

    for (mode = 0; s < end && *s != ' '; s++) {
        if (*s < '0' || *s > '7' || mode > 0777777) {
            return -1;
        }

        mode = mode * 8 + (*s - '0');
    }

    if (s == end || s == entry->start) {
        return -1;
    }

    s++;

    zero = memchr(s, '\0', (size_t) (end - s));

    if (zero == NULL || zero == s || end - zero <= PM_GIT_OID_SIZE) {
        return -1;
    }

    entry->name = (const char *) s;
    entry->len = (size_t) (zero - s);
    entry->mode = mode;
    entry->id = (const pm_oid_t *) (zero + 1);

    *p = zero + 1 + PM_GIT_OID_SIZE;

    return 1;
}


int
pm_git_tree_order(const char *a, size_t alen, int afolder, const char *b,
    size_t blen, int bfolder)
{
    int            rc;
    size_t         len;
    unsigned char  ca, cb;

    len = alen < blen ? alen : blen;

    rc = memcmp(a, b, len);
    if (rc != 0) {
        return rc;
    }

    ca = alen > len ? (unsigned char) a[len] : (afolder ? '/' : '\0');
    cb = blen > len ? (unsigned char) b[len] : (bfolder ? '/' : '\0');

    if (ca != cb) {
        return ca < cb ? -1 : 1;
    }

    /* a name may be longer only here: its next byte is the other's end */

    return (alen > blen) - (alen < blen);
}


int
pm_git_tree_find(const pm_git_raw_t *raw, const char *name, size_t len,
    pm_git_entry_t *entry)
{
    int                   rc;
    const unsigned char  *p, *end;

    p = raw->data;
    end = raw->data + raw->len;

    while ((rc = pm_git_tree_next(&p, end, entry)) == 1) {
        if (entry->len == len && memcmp(entry->name, name, len) == 0) {
            return 1;
        }
    }

    return rc;
}
