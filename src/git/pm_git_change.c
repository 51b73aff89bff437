/*
 * Trees by the changes of paths: folder by folder, from the root down.
 *
 * Paths sorted by bytes are in git's order of entries: "a" (a file), "a.b",
 * "a/…" (what is below the folder a, side by side).
 */

#include "git/pm_git_folder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>


/* Changes of one folder: the first skip bytes of their paths are its own. */

typedef struct {
    const pm_git_change_t  *changes;
    size_t                  n;
    size_t                  skip;
    unsigned                depth;
} pm_git_range_t;


static int pm_git_change_check(const pm_git_change_t *changes, size_t n,
    pm_error_t *err);
static int pm_git_change_folder(pm_git_objects_t *objects,
    const pm_oid_t *base, const pm_git_range_t *range, pm_oid_t *tree,
    int *empty, pm_error_t *err);
static int pm_git_change_entries(pm_git_objects_t *objects,
    pm_git_folder_t *folder, const pm_git_range_t *range, pm_error_t *err);
static int pm_git_change_entry(pm_git_objects_t *objects,
    pm_git_folder_t *folder, const pm_git_range_t *group, size_t len,
    pm_error_t *err);


int
pm_git_objects_tree(pm_git_objects_t *objects, const pm_oid_t *root,
    const pm_git_change_t *changes, size_t nchanges, pm_oid_t *tree,
    pm_error_t *err)
{
    int             rc, empty;
    pm_oid_t        base;
    pm_git_made_t  *made;
    pm_git_range_t  range;
    unsigned char  *data;

    rc = pm_git_change_check(changes, nchanges, err);
    if (rc != 0) {
        return rc;
    }

    range.changes = changes;
    range.n = nchanges;
    range.skip = 0;
    range.depth = 0;

    /* root and tree may be the same */

    base = *root;

    rc = pm_git_change_folder(objects, &base, &range, tree, &empty, err);

    if (rc != 0 || !empty) {
        return rc;
    }

    /* only a root may be empty */

    data = malloc(1);
    if (data == NULL) {
        return pm_error_memory(err);
    }

    rc = pm_git_objects_add(objects, GIT_OBJECT_TREE, data, 0, &made, err);

    if (rc == 0) {
        *tree = made->id;
    }

    return rc;
}


static int
pm_git_change_check(const pm_git_change_t *changes, size_t n,
    pm_error_t *err)
{
    size_t       i, len;
    unsigned     depth;
    const char  *p;

    for (i = 0; i < n; i++) {

        if (i > 0 && strcmp(changes[i - 1].path, changes[i].path) >= 0) {
            return pm_error_set(err, PM_INTERNAL,
                                "changes are not sorted at \"%s\"",
                                changes[i].path);
        }

        switch (changes[i].new_mode) {

        case 0:
        case PM_GIT_MODE_BLOB:
        case PM_GIT_MODE_EXECUTABLE:
        case PM_GIT_MODE_LINK:
        case PM_GIT_MODE_COMMIT:
            break;

        default:
            return pm_error_set(err, PM_UNPROCESSABLE,
                                "\"%s\" has mode %o, which no file has",
                                changes[i].path, changes[i].new_mode);
        }

        depth = 0;

        for (p = changes[i].path; /* void */ ; p += len + 1) {
            len = strcspn(p, "/");

            if (!pm_git_name_allowed(p, len)
                || ++depth > PM_GIT_DEPTH_LIMIT)
            {
                return pm_error_set(err, PM_UNPROCESSABLE,
                                    "\"%s\" is not a path that may be "
                                    "written", changes[i].path);
            }

            if (p[len] == '\0') {
                break;
            }
        }
    }

    return 0;
}


/* base NULL: the folder is new. */

static int
pm_git_change_folder(pm_git_objects_t *objects, const pm_oid_t *base,
    const pm_git_range_t *range, pm_oid_t *tree, int *empty, pm_error_t *err)
{
    int              rc;
    pm_git_folder_t  folder;

    memset(&folder, 0, sizeof(pm_git_folder_t));
    folder.old.data = (const unsigned char *) "";
    *empty = 0;

    if (base != NULL) {
        rc = pm_git_raw_read(objects->mirror, base, GIT_OBJECT_TREE,
                             PM_GIT_TREE_LIMIT, &folder.old, err);
        if (rc != 0) {
            return rc;
        }
    }

    folder.next = folder.old.data;
    folder.copied = folder.old.data;
    (void) pm_buffer_reserve(&folder.new, folder.old.len + 128);

    rc = pm_git_change_entries(objects, &folder, range, err);

    if (rc == 0) {
        pm_git_folder_copy(&folder, folder.old.data + folder.old.len);

        if (folder.new.failed || folder.delta.failed) {
            rc = pm_error_memory(err);

        } else if (folder.new.len == 0) {
            *empty = 1;

        } else {
            rc = pm_git_folder_finish(objects, &folder, base,
                                      range->changes->path, range->skip, tree,
                                      err);
        }
    }

    pm_git_raw_release(&folder.old);
    pm_buffer_free(&folder.new);
    pm_buffer_free(&folder.delta);

    return rc;
}


/* One entry after the other: a file's only change, or all below a folder. */

static int
pm_git_change_entries(pm_git_objects_t *objects, pm_git_folder_t *folder,
    const pm_git_range_t *range, pm_error_t *err)
{
    int              rc;
    size_t           i, n, len;
    const char      *name;
    pm_git_range_t   group;

    for (i = 0; i < range->n; i += n) {
        name = range->changes[i].path + range->skip;
        len = strcspn(name, "/");
        n = 1;

        if (name[len] == '/') {
            while (i + n < range->n
                   && strncmp(range->changes[i + n].path + range->skip, name,
                              len + 1) == 0)
            {
                n++;
            }
        }

        group.changes = &range->changes[i];
        group.n = n;
        group.skip = range->skip;
        group.depth = range->depth;

        rc = pm_git_change_entry(objects, folder, &group, len, err);
        if (rc != 0) {
            return rc;
        }
    }

    return 0;
}


static int
pm_git_change_entry(pm_git_objects_t *objects, pm_git_folder_t *folder,
    const pm_git_range_t *group, size_t len, pm_error_t *err)
{
    int              rc, found, empty, is_folder;
    char             mode[16];
    pm_oid_t         id;
    unsigned         new_mode;
    const char      *name;
    pm_git_entry_t   entry;
    pm_git_range_t   below;

    name = group->changes->path + group->skip;
    is_folder = (name[len] == '/');

    found = pm_git_folder_seek(folder, name, len, is_folder, &entry);
    if (found < 0) {
        return pm_error_set(err, PM_UNPROCESSABLE,
                            "the tree that holds \"%s\" is damaged",
                            group->changes->path);
    }

    if (is_folder) {
        below = *group;
        below.skip = group->skip + len + 1;
        below.depth = group->depth + 1;

        rc = pm_git_change_folder(objects, found ? entry.id : NULL, &below,
                                  &id, &empty, err);
        if (rc != 0) {
            return rc;
        }

        new_mode = empty ? 0 : PM_GIT_MODE_TREE;

    } else {
        id = group->changes->new_id;
        new_mode = group->changes->new_mode;
    }

    if (!found && new_mode == 0) {
        return 0;
    }

    if (found && entry.mode == new_mode) {

        if (!pm_oid_equal(entry.id, &id)) {
            pm_git_folder_copy(folder, entry.id->id);
            pm_git_folder_put(folder, &id, PM_GIT_OID_SIZE);
            folder->copied = folder->next;
        }

        return 0;
    }

    pm_git_folder_copy(folder, found ? entry.start : folder->next);
    folder->copied = folder->next;

    if (new_mode != 0) {
        (void) snprintf(mode, sizeof(mode), "%o ", new_mode);
        pm_git_folder_put(folder, mode, strlen(mode));
        pm_git_folder_put(folder, name, len);
        pm_git_folder_put(folder, "", 1);
        pm_git_folder_put(folder, &id, PM_GIT_OID_SIZE);
        folder->inserted |= !found;
    }

    return 0;
}
