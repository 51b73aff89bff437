#include "git/pm_git_mirror_internal.h"

#include <string.h>


/*
 * One header line: its value, and *p moves past it.  Headers that nobody asks
 * for (a signature takes several lines) are not part of the order.
 */

static const char *
pm_git_read_header(const char **p, const char *end, const char *name,
    size_t *len)
{
    size_t       n;
    const char  *value, *last;

    n = strlen(name);

    if ((size_t) (end - *p) <= n || memcmp(*p, name, n) != 0
        || (*p)[n] != ' ')
    {
        return NULL;
    }

    value = *p + n + 1;
    last = memchr(value, '\n', (size_t) (end - value));

    if (last == NULL) {
        return NULL;
    }

    *len = (size_t) (last - value);
    *p = last + 1;

    return value;
}


static int
pm_git_read_id(const char **p, const char *end, const char *name,
    pm_oid_t *id)
{
    size_t       len;
    const char  *value;

    value = pm_git_read_header(p, end, name, &len);

    return value != NULL && pm_oid_parse(id, value, len) == 0;
}


/* "NAME <EMAIL>" of "NAME <EMAIL> TIME ZONE". */

static const char *
pm_git_read_person(const char **p, const char *end, const char *name,
    pm_arena_t *arena)
{
    size_t       len;
    const char  *value, *close;

    value = pm_git_read_header(p, end, name, &len);
    if (value == NULL) {
        return NULL;
    }

    close = memrchr(value, '>', len);

    return close != NULL
           ? pm_arena_strndup(arena, value, (size_t) (close + 1 - value))
           : NULL;
}


int
pm_git_read_commit(const char *data, size_t len, pm_arena_t *arena,
    pm_git_commit_t *commit)
{
    pm_oid_t     parent;
    const char  *p, *end, *message;

    p = data;
    end = p + len;

    if (!pm_git_read_id(&p, end, "tree", &commit->tree)) {
        return 0;
    }

    while (pm_git_read_id(&p, end, "parent", &parent)) {
        if (commit->nparents++ == 0) {
            commit->parent = parent;
        }
    }

    commit->author = pm_git_read_person(&p, end, "author", arena);
    commit->committer = pm_git_read_person(&p, end, "committer", arena);

    if (commit->author == NULL || commit->committer == NULL) {
        return 0;
    }

    /* p is behind a newline: an empty line may follow at once */

    message = memmem(p - 1, (size_t) (end - p + 1), "\n\n", 2);
    message = (message != NULL) ? message + 2 : end;

    commit->message = pm_arena_strndup(arena, message,
                                       (size_t) (end - message));

    return commit->message != NULL;
}


int
pm_git_mirror_commit(pm_git_mirror_t *mirror, const pm_oid_t *id,
    pm_arena_t *arena, pm_git_commit_t *commit, pm_error_t *err)
{
    int           rc;
    char          hex[PM_GIT_HEX_SIZE + 1];
    pm_git_raw_t  raw;

    memset(commit, 0, sizeof(pm_git_commit_t));

    rc = pm_git_raw_read(mirror, id, GIT_OBJECT_COMMIT, PM_GIT_COMMIT_LIMIT,
                         &raw, err);
    if (rc != 0) {
        return rc;
    }

    if (!pm_git_read_commit((const char *) raw.data, raw.len, arena, commit))
    {
        pm_oid_hex(hex, id);
        rc = pm_error_set(err, PM_UNPROCESSABLE,
                          "commit %s of %s is damaged", hex,
                          mirror->site->url);
    }

    pm_git_raw_release(&raw);

    return rc;
}
