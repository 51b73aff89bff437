#include "git/pm_git_delta.h"
#include "git/pm_git_folder.h"

#include <string.h>


static int pm_git_folder_doubles(const pm_buffer_t *tree, const char **name);
static int pm_git_folder_delta(const pm_git_folder_t *folder,
    pm_git_made_t *made, pm_error_t *err);


int
pm_git_folder_seek(pm_git_folder_t *folder, const char *name, size_t len,
    int is_folder, pm_git_entry_t *entry)
{
    int                   rc, order;
    const unsigned char  *p, *end;

    p = folder->next;
    end = folder->old.data + folder->old.len;

    while ((rc = pm_git_tree_next(&p, end, entry)) == 1) {

        order = pm_git_tree_order(entry->name, entry->len,
                                  entry->mode == PM_GIT_MODE_TREE,
                                  name, len, is_folder);
        if (order > 0) {
            return 0;
        }

        folder->next = p;

        if (order == 0) {
            return 1;
        }
    }

    return rc;
}


void
pm_git_folder_copy(pm_git_folder_t *folder, const unsigned char *to)
{
    size_t  len;

    len = (size_t) (to - folder->copied);

    pm_buffer_append(&folder->new, folder->copied, len);
    pm_git_delta_copy(&folder->delta,
                      (size_t) (folder->copied - folder->old.data), len);
    folder->copied = to;
}


void
pm_git_folder_put(pm_git_folder_t *folder, const void *data, size_t len)
{
    pm_buffer_append(&folder->new, data, len);
    pm_git_delta_insert(&folder->delta, data, len);
}


int
pm_git_folder_finish(pm_git_objects_t *objects, pm_git_folder_t *folder,
    const pm_oid_t *base, const char *path, size_t skip, pm_oid_t *tree,
    pm_error_t *err)
{
    int                   rc;
    size_t                n;
    const char           *name;
    pm_git_made_t        *made;
    unsigned char        *data;
    const pm_git_made_t  *below;

    if (base != NULL && folder->new.len == folder->old.len
        && memcmp(folder->new.data, folder->old.data, folder->new.len) == 0)
    {
        *tree = *base;
        return 0;
    }

    if (folder->inserted) {
        rc = pm_git_folder_doubles(&folder->new, &name);

        if (rc < 0) {
            return pm_error_memory(err);
        }

        if (rc > 0) {
            return pm_error_set(err, PM_UNPROCESSABLE,
                                "\"%.*s%s\" would be a file and a folder at "
                                "once", (int) skip, path, name);
        }
    }

    n = objects->n;
    data = (unsigned char *) folder->new.data;
    folder->new.data = NULL;

    rc = pm_git_objects_add(objects, GIT_OBJECT_TREE, data, folder->new.len,
                            &made, err);
    if (rc != 0) {
        return rc;
    }

    *tree = made->id;

    /*
     * A tree that the mirror has already (a promotion that is taken back) may
     * be the base of its own base: it is packed whole.
     */

    if (base == NULL || objects->n == n
        || git_odb_exists_ext(objects->mirror->odb,
                              (const git_oid *) &made->id,
                              GIT_ODB_LOOKUP_NO_REFRESH))
    {
        return 0;
    }

    below = pm_git_objects_find(objects, base);
    made->depth = below != NULL ? below->depth + 1 : 1;
    made->base = *base;

    return pm_git_folder_delta(folder, made, err);
}


/* Kept with the object where it is worth it. */

static int
pm_git_folder_delta(const pm_git_folder_t *folder, pm_git_made_t *made,
    pm_error_t *err)
{
    pm_buffer_t  delta = {0};

    if (made->depth > PM_GIT_DELTA_DEPTH
        || folder->delta.len + 2 * PM_GIT_OID_SIZE > made->len)
    {
        made->depth = 0;
        return 0;
    }

    (void) pm_buffer_reserve(&delta, folder->delta.len + 20);
    pm_git_delta_start(&delta, folder->old.len, made->len);
    pm_buffer_append(&delta, folder->delta.data, folder->delta.len);

    if (delta.failed) {
        pm_buffer_free(&delta);
        return pm_error_memory(err);
    }

    made->delta = (unsigned char *) delta.data;
    made->delta_len = delta.len;

    return 0;
}


/*
 * Whether a file and a folder have the same name: 1, or 0, or -1 when out of
 * memory.  Between the two stand only names that begin with theirs: a stack
 * of the files that may still meet their folder is enough, each a beginning
 * of the one above it.
 */

static int
pm_git_folder_doubles(const pm_buffer_t *tree, const char **name)
{
    int                   rc;
    pm_buffer_t           stack = {0};
    pm_git_entry_t        entry, *top;
    const unsigned char  *p, *end;

    p = (const unsigned char *) tree->data;
    end = p + tree->len;
    rc = 0;

    while (rc == 0 && pm_git_tree_next(&p, end, &entry) == 1) {

        while (stack.len > 0) {
            top = (pm_git_entry_t *) (stack.data + stack.len) - 1;

            if (top->len <= entry.len
                && memcmp(top->name, entry.name, top->len) == 0)
            {
                rc = (top->len == entry.len);
                *name = entry.name;
                break;
            }

            stack.len -= sizeof(pm_git_entry_t);
        }

        if (entry.mode != PM_GIT_MODE_TREE) {
            pm_buffer_append(&stack, &entry, sizeof(pm_git_entry_t));
        }
    }

    if (stack.failed) {
        rc = -1;
    }

    pm_buffer_free(&stack);

    return rc;
}
