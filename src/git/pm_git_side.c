#include "git/pm_git_side.h"

#include <string.h>


int
pm_git_side_open(pm_git_side_t *side, pm_git_mirror_t *mirror,
    const pm_oid_t *tree, const pm_buffer_t *path, pm_error_t *err)
{
    int  rc;

    if (tree == NULL) {
        return 0;
    }

    rc = pm_git_raw_read(mirror, tree, GIT_OBJECT_TREE, PM_GIT_TREE_LIMIT,
                         &side->raw, err);
    if (rc != 0) {
        return rc;
    }

    side->p = side->raw.data;

    return pm_git_side_next(side, path, err);
}


/*
 * A tree that is not in git's order, or that names what must never be
 * written, is an attempt: it is refused whole.
 */

int
pm_git_side_next(pm_git_side_t *side, const pm_buffer_t *path,
    pm_error_t *err)
{
    unsigned         mode;
    pm_git_entry_t   last, *entry;

    last = side->entry;
    entry = &side->entry;

    side->more = pm_git_tree_next(&side->p, side->raw.data + side->raw.len,
                                  entry);
    if (side->more == 0) {
        return 0;
    }

    if (side->more < 0
        || !pm_git_name_allowed(entry->name, entry->len)
        || (last.name != NULL
            && pm_git_tree_order(last.name, last.len,
                                 last.mode == PM_GIT_MODE_TREE, entry->name,
                                 entry->len, entry->mode == PM_GIT_MODE_TREE)
               >= 0))
    {
        return pm_error_set(err, PM_UNPROCESSABLE,
                            "a tree at \"%.*s\" holds an entry that git does "
                            "not allow", (int) path->len, path->data);
    }

    mode = entry->mode;

    if ((mode & 0170000) == 0100000) {

        /* what old versions of git wrote, as all versions read it */

        entry->mode = mode & 0100 ? PM_GIT_MODE_EXECUTABLE : PM_GIT_MODE_BLOB;

    } else if (mode != PM_GIT_MODE_TREE && mode != PM_GIT_MODE_LINK
               && mode != PM_GIT_MODE_COMMIT)
    {
        return pm_error_set(err, PM_UNPROCESSABLE,
                            "\"%.*s%s\" has mode %o, which no file has",
                            (int) path->len, path->data, entry->name,
                            mode);
    }

    return 0;
}


int
pm_git_side_has_folder(const pm_git_side_t *side, const pm_git_entry_t *file)
{
    int                   order;
    pm_git_entry_t        entry;
    const unsigned char  *p, *end;

    if (side->more != 1) {
        return 0;
    }

    entry = side->entry;
    p = side->p;
    end = side->raw.data + side->raw.len;

    do {
        order = pm_git_tree_order(entry.name, entry.len,
                                  entry.mode == PM_GIT_MODE_TREE,
                                  file->name, file->len, 1);
        if (order >= 0) {
            return order == 0;
        }

    } while (pm_git_tree_next(&p, end, &entry) == 1);

    return 0;
}
