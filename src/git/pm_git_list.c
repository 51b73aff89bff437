#include "git/pm_git_compare.h"
#include "git/pm_git_side.h"

#include <string.h>


/* Entries of one folder: what a tree of PM_GIT_TREE_LIMIT holds is more. */
#define PM_GIT_LIST_LIMIT  200000


static int
pm_git_list_side(pm_git_side_t *side, const pm_buffer_t *path,
    pm_arena_t *arena, pm_buffer_t *list, pm_error_t *err)
{
    int             rc;
    pm_git_named_t  named;

    for (rc = 0; rc == 0 && side->more == 1; ) {

        if (list->len / sizeof(pm_git_named_t) == PM_GIT_LIST_LIMIT) {
            return pm_error_set(err, PM_UNPROCESSABLE, "the folder \"%.*s\" "
                                "has more than %d entries", (int) path->len,
                                path->data, PM_GIT_LIST_LIMIT);
        }

        named.name = pm_arena_strndup(arena, side->entry.name,
                                      side->entry.len);
        named.mode = side->entry.mode;
        named.id = *side->entry.id;

        if (named.name == NULL) {
            return pm_error_memory(err);
        }

        pm_buffer_append(list, &named, sizeof(pm_git_named_t));

        rc = pm_git_side_next(side, path, err);
    }

    return rc;
}


int
pm_git_list(pm_git_mirror_t *mirror, const pm_oid_t *tree, pm_arena_t *arena,
    pm_git_named_t **entries, size_t *nentries, pm_error_t *err)
{
    int            rc;
    pm_oid_t       root;
    pm_buffer_t    path, list;
    pm_git_side_t  side;

    *entries = NULL;
    *nentries = 0;

    memset(&path, 0, sizeof(pm_buffer_t));
    memset(&list, 0, sizeof(pm_buffer_t));
    memset(&side, 0, sizeof(pm_git_side_t));

    rc = pm_git_root(mirror, tree, &root, err);

    if (rc == 0) {
        pm_buffer_puts(&path, "");
        rc = pm_git_side_open(&side, mirror, &root, &path, err);
    }

    if (rc == 0) {
        rc = pm_git_list_side(&side, &path, arena, &list, err);
    }

    if (rc == 0 && list.failed) {
        rc = pm_error_memory(err);
    }

    if (rc == 0 && list.len > 0) {
        *entries = pm_arena_alloc(arena, list.len);

        if (*entries == NULL) {
            rc = pm_error_memory(err);

        } else {
            memcpy(*entries, list.data, list.len);
            *nentries = list.len / sizeof(pm_git_named_t);
        }
    }

    pm_git_raw_release(&side.raw);
    pm_buffer_free(&path);
    pm_buffer_free(&list);

    return rc;
}
