#include "git/pm_git_compare.h"
#include "git/pm_git_objects_internal.h"

#include <stdlib.h>
#include <string.h>


/* A blob that is this much larger than what is wanted is not unpacked. */
#define PM_GIT_BLOB_EXCESS  (16 * 1024 * 1024)


static int pm_git_blob_size(pm_git_mirror_t *mirror, const pm_oid_t *id,
    size_t *size, git_object_t *type);


int
pm_git_root(pm_git_mirror_t *mirror, const pm_oid_t *id, pm_oid_t *tree,
    pm_error_t *err)
{
    size_t        size;
    git_object_t  type;

    if (pm_git_blob_size(mirror, id, &size, &type) == 0
        && type == GIT_OBJECT_COMMIT)
    {
        return pm_git_mirror_tree(mirror, id, tree, err);
    }

    *tree = *id;

    return 0;
}


int
pm_git_lookup(pm_git_mirror_t *mirror, const pm_oid_t *root,
    const char *path, unsigned *mode, pm_oid_t *id, pm_error_t *err)
{
    int             rc;
    size_t          len;
    pm_oid_t        tree;
    const char     *p;
    pm_git_raw_t    raw;
    pm_git_entry_t  entry;

    *mode = PM_GIT_MODE_TREE;

    rc = pm_git_root(mirror, root, &tree, err);
    if (rc != 0) {
        return rc;
    }

    *id = tree;

    for (p = path; *p != '\0'; p += len) {
        p += strspn(p, "/");
        len = strcspn(p, "/");

        if (len == 0 || (len == 1 && *p == '.')) {
            continue;
        }

        if (*mode != PM_GIT_MODE_TREE) {
            return pm_error_set(err, PM_NOT_FOUND, "path %s not found", path);
        }

        tree = *id;
        rc = pm_git_raw_read(mirror, &tree, GIT_OBJECT_TREE,
                             PM_GIT_TREE_LIMIT, &raw, err);
        if (rc != 0) {
            return rc;
        }

        rc = pm_git_tree_find(&raw, p, len, &entry);

        if (rc == 1) {
            *mode = entry.mode;
            *id = *entry.id;
        }

        pm_git_raw_release(&raw);

        if (rc == 0) {
            return pm_error_set(err, PM_NOT_FOUND, "path %s not found", path);
        }

        if (rc < 0) {
            return pm_error_set(err, PM_UNPROCESSABLE,
                                "a tree on the path %s is damaged", path);
        }
    }

    return 0;
}


int
pm_git_blob(pm_git_mirror_t *mirror, const pm_oid_t *id, size_t limit,
    pm_arena_t *arena, pm_string_t *data, uint64_t *size, pm_error_t *err)
{
    int           rc;
    char         *copy;
    size_t        whole;
    git_object_t  type;
    pm_git_raw_t  raw;

    data->data = "";
    data->len = 0;
    *size = 0;

    if (pm_git_blob_size(mirror, id, &whole, &type) == 0
        && type == GIT_OBJECT_BLOB && whole > PM_GIT_BLOB_EXCESS
        && whole - PM_GIT_BLOB_EXCESS > limit)
    {
        *size = whole;
        return 0;
    }

    rc = pm_git_raw_read(mirror, id, GIT_OBJECT_BLOB, SIZE_MAX, &raw, err);
    if (rc != 0) {
        return rc;
    }

    *size = raw.len;
    data->len = raw.len < limit ? raw.len : limit;

    copy = pm_arena_strndup(arena, (const char *) raw.data, data->len);
    pm_git_raw_release(&raw);

    if (copy == NULL) {
        return pm_error_memory(err);
    }

    data->data = copy;

    return 0;
}


static int
pm_git_blob_size(pm_git_mirror_t *mirror, const pm_oid_t *id, size_t *size,
    git_object_t *type)
{
    const pm_git_made_t  *made;

    made = pm_git_objects_find(mirror->objects, id);

    if (made != NULL) {
        *size = made->len;
        *type = made->type;
        return 0;
    }

    if (mirror->odb == NULL) {
        return -1;
    }

    return git_odb_read_header(size, type, mirror->odb,
                               (const git_oid *) id) < 0 ? -1 : 0;
}
