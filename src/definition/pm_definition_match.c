#include "definition/pm_definition_internal.h"

#include <string.h>


const pm_definition_entry_t *
pm_definition_index_file(const pm_definition_index_t *index,
    const char *file)
{
    int     rc;
    size_t  i, low, high;

    low = 0;
    high = index->nentries;

    while (low < high) {
        i = low + (high - low) / 2;
        rc = strcmp(index->entries[i].file, file);

        if (rc == 0) {
            return &index->entries[i];
        }

        if (rc < 0) {
            low = i + 1;

        } else {
            high = i;
        }
    }

    return NULL;
}


const pm_definition_entry_t *
pm_definition_find(const pm_definition_index_t *index, const char *id)
{
    size_t                        i;
    const pm_definition_entry_t  *entry, *found;

    found = NULL;

    for (i = 0; i < index->nentries; i++) {
        entry = &index->entries[i];

        if (strcmp(entry->id, id) != 0) {
            continue;
        }

        if (entry->fault == NULL) {
            return entry;
        }

        found = found ? found : entry;
    }

    return found;
}


int
pm_definition_match(const pm_definition_index_t *target,
    const pm_definition_entry_t *source, const char *last,
    const pm_definition_entry_t **entry, pm_error_t *err)
{
    size_t                        i;
    const pm_definition_entry_t  *e;

    *entry = NULL;

    for (i = 0; source->cross_key != NULL && i < target->nentries; i++) {
        e = &target->entries[i];

        if (e->cross_key == NULL
            || strcmp(e->cross_key, source->cross_key) != 0)
        {
            continue;
        }

        if (*entry != NULL) {
            return pm_error_set(err, PM_CONFLICT, "several definitions of "
                                "the target have the crossId of %s: %s and "
                                "%s", source->file, (*entry)->file, e->file);
        }

        *entry = e;
    }

    if (*entry == NULL && last != NULL) {
        *entry = pm_definition_find(target, last);
    }

    return 0;
}


/* The first of the taken paths that is not before path. */

static size_t
pm_definition_lower(const pm_definition_kept_t *kept,
    const pm_definition_path_t *path)
{
    size_t  i, low, high;

    low = 0;
    high = kept->ntaken;

    while (low < high) {
        i = low + (high - low) / 2;

        if (pm_definition_path_compare(kept->taken[i].path, path) < 0) {
            low = i + 1;

        } else {
            high = i;
        }
    }

    return low;
}


/* From the one at i on: another API's that conflicts, or NULL. */

static const pm_definition_taken_t *
pm_definition_taken_from(const pm_definition_kept_t *kept, size_t i,
    const pm_definition_path_t *path, const pm_definition_entry_t *own)
{
    for ( /* void */ ; i < kept->ntaken; i++) {

        if (!pm_definition_paths_conflict(kept->taken[i].path, path)) {
            return NULL;
        }

        if (kept->taken[i].entry != own) {
            return &kept->taken[i];
        }
    }

    return NULL;
}


/*
 * Paths below path follow it in the order; those above it are looked up one
 * by one.  Copies of a path share its place in the order, and so are found
 * with it.
 */

static int
pm_definition_taken(pm_arena_t *arena, const pm_definition_kept_t *kept,
    const pm_definition_path_t *path, const pm_definition_entry_t *own,
    const pm_definition_taken_t **found)
{
    char                  *above;
    size_t                 i, len;
    pm_definition_path_t   ancestor;

    *found = pm_definition_taken_from(kept, pm_definition_lower(kept, path),
                                      path, own);
    if (*found != NULL) {
        return 0;
    }

    above = pm_arena_strdup(arena, path->path);
    if (above == NULL) {
        return PM_UNAVAILABLE;
    }

    ancestor.host = path->host;
    ancestor.path = above;

    for (len = strlen(above) - 1; *found == NULL && len > 0; len--) {

        if (above[len - 1] != '/') {
            continue;
        }

        above[len] = '\0';
        i = pm_definition_lower(kept, &ancestor);

        for ( /* void */ ; *found == NULL && i < kept->ntaken
              && pm_definition_path_compare(kept->taken[i].path, &ancestor)
                 == 0; i++)
        {
            if (kept->taken[i].entry != own) {
                *found = &kept->taken[i];
            }
        }
    }

    return 0;
}


int
pm_definition_conflicts(pm_arena_t *arena,
    const pm_definition_index_t *index, const pm_definition_entry_t *entry,
    pm_definition_plan_t *plan, pm_error_t *err)
{
    size_t                        i;
    pm_definition_conflict_t     *conflict;
    const pm_definition_kept_t   *kept;
    const pm_definition_taken_t  *taken;

    kept = (const pm_definition_kept_t *) index;
    plan->nconflicts = 0;
    plan->conflicts = pm_arena_alloc(arena, (plan->npaths + 1)
                                            * sizeof(*conflict));

    if (plan->conflicts == NULL) {
        return pm_error_memory(err);
    }

    for (i = 0; i < plan->npaths; i++) {

        if (pm_definition_taken(arena, kept, &plan->paths[i], entry, &taken)
            != 0)
        {
            return pm_error_memory(err);
        }

        if (taken == NULL) {
            continue;
        }

        conflict = &plan->conflicts[plan->nconflicts++];
        conflict->host = plan->paths[i].host;
        conflict->path = plan->paths[i].path;
        conflict->taken = taken->path->path;
        conflict->id = taken->entry->id;
        conflict->name = taken->entry->name;
        conflict->file = taken->entry->file;
    }

    return 0;
}
