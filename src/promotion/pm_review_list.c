#include "promotion/pm_review.h"

#include "promotion/pm_repositories.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>


static const char *const  pm_review_kinds[] = {
    NULL, "V2", "V4"
};


static json_t *
pm_review_list_paths(const pm_definition_entry_t *entry)
{
    size_t   i;
    json_t  *paths;

    paths = json_array();

    for (i = 0; i < entry->npaths; i++) {
        (void) json_array_append_new(paths, json_pack("{s:s?, s:s}",
                                         "host", entry->paths[i].host,
                                         "path", entry->paths[i].path));
    }

    return paths;
}


static json_t *
pm_review_list_entry(const pm_definition_entry_t *entry)
{
    return json_pack("{s:s, s:s?, s:s, s:s, s:s?, s:o, s:s, s:s*}",
                     "id", entry->id,
                     "crossId", entry->cross_id,
                     "name", entry->name,
                     "version", entry->version,
                     "definition", pm_review_kinds[entry->kind],
                     "paths", pm_review_list_paths(entry),
                     "file", entry->file,
                     "fault", entry->fault);
}


static int
pm_review_list_json(const pm_definition_index_t *index, size_t page,
    size_t size, pm_arena_t *arena, pm_string_t *text, pm_error_t *err)
{
    char    *dump;
    size_t   i, n, total;
    json_t  *data, *json;

    data = json_array();
    total = index->nentries;

    for (i = (page - 1) * size, n = 0; i < total && n < size; i++, n++) {
        if (json_array_append_new(data,
                                  pm_review_list_entry(&index->entries[i]))
            != 0)
        {
            json_decref(data);
            return pm_error_memory(err);
        }
    }

    json = json_pack("{s:o, s:{s:I, s:I, s:I, s:I, s:I}}", "data", data,
                     "page", "current", (json_int_t) page,
                     "per_page", (json_int_t) size,
                     "size", (json_int_t) n,
                     "total_pages", (json_int_t) ((total + size - 1) / size),
                     "total_elements", (json_int_t) total);

    dump = (json != NULL) ? json_dumps(json, JSON_COMPACT) : NULL;
    json_decref(json);

    if (dump == NULL) {
        return pm_error_memory(err);
    }

    text->len = strlen(dump);
    text->data = pm_arena_strndup(arena, dump, text->len);

    free(dump);

    return (text->data != NULL) ? 0 : pm_error_memory(err);
}


int
pm_review_list(const pm_batch_settings_t *settings,
    const pm_location_t *location, pm_definition_cache_t *cache, size_t page,
    size_t size, pm_arena_t *arena, pm_string_t *json, pm_error_t *err)
{
    int                     rc, last;
    pm_arena_t             *work;
    pm_repositories_t      *repositories;
    pm_definition_index_t  *index;

    work = pm_arena_create();
    if (work == NULL) {
        return pm_error_memory(err);
    }

    rc = pm_repositories_create(work, settings->git, location,
                                PM_GIT_UPLOAD_PACK, &repositories, err);

    for (last = 0; rc == 0; last = 1) {

        rc = pm_repositories_read(repositories, 0, work, err);

        if (rc == 0) {
            rc = pm_definition_index(cache, repositories->first->mirror,
                                     &repositories->destination->tree,
                                     location->path, &index, err);
        }

        if (rc == 0) {
            rc = pm_review_list_json(index, page, size, arena, json, err);
            pm_definition_index_release(index);
            break;
        }

        if (last || !pm_repositories_broken(repositories)) {
            break;
        }

        rc = 0;
    }

    pm_arena_destroy(work);

    return rc;
}
