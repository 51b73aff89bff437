#include "promotion/pm_record_part.h"


/* A place of value files has no folder: whoever does not know of them must
 * not take it for the root. */

static json_t *
pm_record_location_json(const pm_location_t *location, int folder)
{
    size_t   i;
    json_t  *json, *files;

    json = json_pack("{s:s, s:s*, s:s*, s:o*, s:s*, s:s*}",
                     "repository", location->url.canonical,
                     "user", location->url.user,
                     "branch", location->branch,
                     "isBranch", location->is_branch ? json_true() : NULL,
                     "path", folder ? location->path : NULL,
                     "commit", location->commit);

    if (location->nvalue_files == 0) {
        return json;
    }

    files = json_array();

    if (json_object_set_new(json, "valueFiles", files) != 0) {
        json_decref(json);
        return NULL;
    }

    for (i = 0; i < location->nvalue_files; i++) {
        if (json_array_append_new(files,
                                  json_string(location->value_files[i]))
            != 0)
        {
            json_decref(json);
            return NULL;
        }
    }

    return json;
}


json_t *
pm_record_part_json(const pm_part_t *part)
{
    int                    failed, folder;
    size_t                 i;
    json_t                *json, *files;
    const pm_part_file_t  *file;

    folder = (part->nfiles == 0);

    json = json_pack("{s:o, s:o}",
                     "source", pm_record_location_json(&part->source, folder),
                     "destination",
                     pm_record_location_json(&part->destination, folder));

    if (folder || json == NULL) {
        return json;
    }

    files = json_array();
    failed = json_object_set_new(json, "files", files);

    for (i = 0; !failed && i < part->nfiles; i++) {
        file = &part->files[i];
        failed = json_array_append_new(files, json_pack("[s, s, s, s]",
                     file->from_name, file->from, file->to_name, file->to));
    }

    if (part->plain) {
        failed |= json_object_set_new(json, "plain", json_true());
    }

    if (failed) {
        json_decref(json);
        return NULL;
    }

    return json;
}


/* A member that is a text, copied; NULL: none, or no memory. */

static const char *
pm_record_text(pm_arena_t *arena, const json_t *json, const char *name)
{
    const char  *value;

    value = json_string_value(json_object_get(json, name));

    return value != NULL ? pm_arena_strdup(arena, value) : NULL;
}


static int
pm_record_value_files(pm_arena_t *arena, const json_t *json,
    pm_location_t *location, pm_error_t *err)
{
    size_t        i;
    json_t       *item;
    const char  **files;

    location->nvalue_files = json_array_size(json);

    if (location->nvalue_files == 0) {
        return 0;
    }

    files = pm_arena_alloc(arena, location->nvalue_files * sizeof(char *));
    if (files == NULL) {
        return pm_error_memory(err);
    }

    location->value_files = files;

    json_array_foreach(json, i, item) {
        files[i] = json_is_string(item)
                   ? pm_arena_strdup(arena, json_string_value(item)) : NULL;

        if (files[i] == NULL) {
            return pm_error_set(err, PM_INTERNAL,
                                "the record has a value file without a name");
        }
    }

    return 0;
}


static int
pm_record_location(pm_arena_t *arena, const json_t *json, int folder,
    pm_location_t *location, pm_error_t *err)
{
    const char  *repository;

    repository = pm_record_text(arena, json, "repository");
    location->branch = pm_record_text(arena, json, "branch");
    location->is_branch = json_is_true(json_object_get(json, "isBranch"));
    location->path = folder ? pm_record_text(arena, json, "path") : "";
    location->commit = pm_record_text(arena, json, "commit");

    if (repository == NULL || location->path == NULL) {
        return pm_error_set(err, PM_INTERNAL,
                            "the record has a part without a place");
    }

    if (pm_git_url_parse(arena, repository, &location->url, err) != 0) {
        return PM_INTERNAL;
    }

    /* the canonical form names no user; ssh needs one */

    location->url.user = pm_record_text(arena, json, "user");

    return pm_record_value_files(arena, json_object_get(json, "valueFiles"),
                                 location, err);
}


/* One text of a file's four. */

static const char *
pm_record_name(pm_arena_t *arena, const json_t *names, size_t i)
{
    const char  *name;

    name = json_string_value(json_array_get(names, i));

    return name != NULL ? pm_arena_strdup(arena, name) : NULL;
}


static int
pm_record_files(pm_arena_t *arena, const json_t *json, pm_part_t *part,
    pm_error_t *err)
{
    size_t           i;
    json_t          *names;
    pm_part_file_t  *file;

    part->nfiles = json_array_size(json);

    if (part->nfiles == 0 || part->nfiles > PM_PROMOTION_FILES) {
        return pm_error_set(err, PM_INTERNAL, "the record has a part without "
                            "files, or with too many");
    }

    part->files = pm_arena_alloc(arena,
                                 part->nfiles * sizeof(pm_part_file_t));
    if (part->files == NULL) {
        return pm_error_memory(err);
    }

    json_array_foreach(json, i, names) {
        file = &part->files[i];
        file->from_name = pm_record_name(arena, names, 0);
        file->from = pm_record_name(arena, names, 1);
        file->to_name = pm_record_name(arena, names, 2);
        file->to = pm_record_name(arena, names, 3);

        if (file->from_name == NULL || file->from == NULL
            || file->to_name == NULL || file->to == NULL)
        {
            return pm_error_set(err, PM_INTERNAL,
                                "the record has a file without a name");
        }
    }

    return 0;
}


int
pm_record_part(pm_arena_t *arena, const json_t *json, pm_part_t *part,
    pm_error_t *err)
{
    int      rc;
    json_t  *files;

    files = json_object_get(json, "files");

    rc = pm_record_location(arena, json_object_get(json, "source"),
                            files == NULL, &part->source, err);

    if (rc == 0) {
        rc = pm_record_location(arena, json_object_get(json, "destination"),
                                files == NULL, &part->destination, err);
    }

    if (rc != 0 || files == NULL) {
        return rc;
    }

    part->plain = (json_is_true(json_object_get(json, "plain")) != 0);

    return pm_record_files(arena, files, part, err);
}
