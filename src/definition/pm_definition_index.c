#include "definition/pm_definition_internal.h"

#include <stdlib.h>
#include <string.h>


static int
pm_definition_file_order(const void *a, const void *b)
{
    return strcmp(((const pm_definition_entry_t *) a)->file,
                  ((const pm_definition_entry_t *) b)->file);
}


/* By file, and what is wrong with each of them by itself. */

static int
pm_definition_sort(pm_definition_reading_t *r, pm_definition_kept_t *index)
{
    size_t                  i, n;
    pm_definition_entry_t  *entries;

    if (r->entries.failed) {
        return pm_error_memory(r->err);
    }

    n = r->entries.len / sizeof(pm_definition_entry_t);

    entries = pm_arena_alloc(r->arena, (n + 1) * sizeof(*entries));
    index->broken = pm_arena_alloc(r->arena, (n + 1) * sizeof(char *));

    if (entries == NULL || index->broken == NULL) {
        return pm_error_memory(r->err);
    }

    if (n > 0) {
        memcpy(entries, r->entries.data, r->entries.len);
        qsort(entries, n, sizeof(*entries), pm_definition_file_order);
    }

    for (i = 0; i < n; i++) {
        index->broken[i] = entries[i].fault;
    }

    index->public.entries = entries;
    index->public.nentries = n;

    return 0;
}


static int
pm_definition_id_order(const void *a, const void *b)
{
    int                           rc;
    const pm_definition_entry_t  *left, *right;

    left = *(pm_definition_entry_t *const *) a;
    right = *(pm_definition_entry_t *const *) b;

    rc = strcmp(left->id, right->id);

    return rc ? rc : (left > right) - (left < right);
}


/* Several with one id: neither is the one that is meant.  What cannot be read
 * has none, and hides nobody. */

static int
pm_definition_unique(pm_definition_reading_t *r, pm_definition_kept_t *index)
{
    size_t                   i, j, n;
    const char              *fault;
    pm_definition_entry_t  **by_id;

    by_id = pm_arena_alloc(r->work, (index->public.nentries + 1)
                                    * sizeof(*by_id));
    if (by_id == NULL) {
        return pm_error_memory(r->err);
    }

    for (i = 0, n = 0; i < index->public.nentries; i++) {

        if (index->public.entries[i].cross_key != NULL) {
            by_id[n++] = &index->public.entries[i];
        }
    }

    qsort(by_id, n, sizeof(*by_id), pm_definition_id_order);

    for (i = 1; i < n; i++) {

        if (strcmp(by_id[i]->id, by_id[i - 1]->id) != 0) {
            continue;
        }

        fault = pm_arena_printf(r->arena, "several definitions have the id "
                                "\"%s\": %s and %s", by_id[i]->id,
                                by_id[i - 1]->file, by_id[i]->file);
        if (fault == NULL) {
            return pm_error_memory(r->err);
        }

        for (j = i - 1; j <= i; j++) {

            if (by_id[j]->fault == NULL) {
                by_id[j]->fault = fault;
            }
        }
    }

    return 0;
}


static int
pm_definition_taken_order(const void *a, const void *b)
{
    int                           rc;
    const pm_definition_taken_t  *left, *right;

    left = a;
    right = b;

    rc = pm_definition_path_compare(left->path, right->path);

    return rc ? rc : strcmp(left->entry->file, right->entry->file);
}


static int
pm_definition_take_paths(pm_definition_reading_t *r,
    pm_definition_kept_t *index)
{
    size_t                  i, j, n;
    pm_definition_entry_t  *entry;
    pm_definition_taken_t  *taken;

    for (i = 0, n = 0; i < index->public.nentries; i++) {
        n += index->public.entries[i].npaths;
    }

    taken = pm_arena_alloc(r->arena, (n + 1) * sizeof(*taken));
    index->taken = taken;

    if (taken == NULL) {
        return pm_error_memory(r->err);
    }

    for (i = 0; i < index->public.nentries; i++) {
        entry = &index->public.entries[i];

        for (j = 0; j < entry->npaths; j++) {
            taken->path = &entry->paths[j];
            taken->entry = entry;
            taken++;
        }
    }

    index->ntaken = n;

    qsort(index->taken, n, sizeof(*taken), pm_definition_taken_order);

    return 0;
}


static size_t
pm_definition_size(const pm_definition_kept_t *index)
{
    size_t                        i, j, n;
    const pm_definition_entry_t  *e;

    n = sizeof(pm_definition_kept_t);

    for (i = 0; i < index->public.nentries; i++) {
        e = &index->public.entries[i];

        n += sizeof(*e) + sizeof(char *) + strlen(e->id) + strlen(e->name)
             + strlen(e->version) + 2 * strlen(e->file)
             + (e->fault ? strlen(e->fault) : 0)
             + (e->cross_id ? strlen(e->cross_id) : 0);

        for (j = 0; j < e->npaths; j++) {
            n += sizeof(pm_definition_path_t) + sizeof(pm_definition_taken_t)
                 + strlen(e->paths[j].path)
                 + (e->paths[j].host ? strlen(e->paths[j].host) : 0);
        }
    }

    return n;
}


int
pm_definition_index_build(pm_git_mirror_t *mirror, const pm_oid_t *tree,
    pm_definition_kept_t *const *kept, size_t nkept,
    pm_definition_kept_t **index, pm_error_t *err)
{
    int                       rc;
    pm_definition_kept_t     *made;
    pm_definition_reading_t   r;

    memset(&r, 0, sizeof(pm_definition_reading_t));

    r.mirror = mirror;
    r.kept = kept;
    r.nkept = nkept;
    r.err = err;
    r.arena = pm_arena_create();
    r.work = pm_arena_create();

    made = r.arena ? pm_arena_zalloc(r.arena, sizeof(*made)) : NULL;

    if (made == NULL || r.work == NULL) {
        rc = pm_error_memory(err);
        goto done;
    }

    made->arena = r.arena;
    made->references = 1;
    made->public.tree = *tree;

    rc = pm_oid_is_zero(tree) ? 0 : pm_definition_files(&r, tree);

    if (rc == 0) {
        rc = pm_definition_sort(&r, made);
    }

    if (rc == 0) {
        rc = pm_definition_unique(&r, made);
    }

    if (rc == 0) {
        rc = pm_definition_take_paths(&r, made);
    }

done:

    pm_buffer_free(&r.entries);
    pm_arena_destroy(r.work);

    if (rc != 0) {
        pm_arena_destroy(r.arena);
        return rc;
    }

    made->size = pm_definition_size(made);
    *index = made;

    return 0;
}
