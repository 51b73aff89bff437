#include "promotion/pm_record_template.h"


#define PM_RECORD_MANIFESTS  (PM_TEMPLATE_FILES + PM_TEMPLATE_EXCLUDES + 2)


/* Reading.  "damaged" says all there is to say: nobody writes it by hand. */

typedef struct {
    pm_arena_t      *arena;
    pm_manifest_t   *manifests;
    size_t           nmanifests;
    pm_error_t      *err;
} pm_record_reader_t;


static int
pm_record_damaged(pm_record_reader_t *reader, const char *what)
{
    return pm_error_set(reader->err, PM_INTERNAL, "the record's template has "
                        "no good %s", what);
}


/* *value NULL: there is none.  0 or PM_UNAVAILABLE. */

static int
pm_record_string(pm_record_reader_t *reader, const json_t *json,
    const char **value)
{
    *value = NULL;

    if (!json_is_string(json)) {
        return 0;
    }

    *value = pm_arena_strdup(reader->arena, json_string_value(json));

    return *value ? 0 : pm_error_memory(reader->err);
}


static int
pm_record_manifests(pm_record_reader_t *reader, const json_t *json)
{
    int             rc;
    size_t          i;
    json_t         *item;
    pm_manifest_t  *manifest;

    reader->nmanifests = json_array_size(json);

    if (reader->nmanifests > PM_RECORD_MANIFESTS) {
        return pm_record_damaged(reader, "manifests");
    }

    reader->manifests = pm_arena_zalloc(reader->arena,
                                        (reader->nmanifests + 1)
                                        * sizeof(pm_manifest_t));
    if (reader->manifests == NULL) {
        return pm_error_memory(reader->err);
    }

    json_array_foreach(json, i, item) {
        manifest = &reader->manifests[i];

        rc = pm_record_string(reader, json_array_get(item, 0),
                              &manifest->kind);

        if (rc == 0) {
            rc = pm_record_string(reader, json_array_get(item, 1),
                                  &manifest->name);
        }

        if (rc == 0) {
            rc = pm_record_string(reader, json_array_get(item, 2),
                                  &manifest->file);
        }

        if (rc != 0) {
            return rc;
        }

        if (manifest->kind == NULL || manifest->name == NULL
            || manifest->file == NULL)
        {
            return pm_record_damaged(reader, "manifests");
        }

        manifest->line = (unsigned)
                         json_integer_value(json_array_get(item, 3));
    }

    return 0;
}


static const pm_manifest_t *
pm_record_manifest(const pm_record_reader_t *reader, const json_t *json)
{
    json_int_t  i;

    i = json_is_integer(json) ? json_integer_value(json) : -1;

    if (i < 0 || (size_t) i >= reader->nmanifests) {
        return NULL;
    }

    return &reader->manifests[i];
}


static int
pm_record_path(pm_record_reader_t *reader, const json_t *json,
    const pm_jsonpath_t **path)
{
    int             rc;
    pm_error_t      fault;
    pm_jsonpath_t  *compiled;

    if (!json_is_string(json)) {
        return pm_record_damaged(reader, "JSONPath");
    }

    rc = pm_jsonpath_compile(reader->arena, json_string_value(json),
                             json_string_length(json), &compiled, &fault);

    if (rc == PM_UNAVAILABLE) {
        return pm_error_memory(reader->err);
    }

    if (rc != 0) {
        return pm_record_damaged(reader, "JSONPath");
    }

    *path = compiled;

    return 0;
}


static int
pm_record_paths(pm_record_reader_t *reader, const json_t *json,
    pm_template_file_t *file)
{
    int                    rc;
    size_t                 i;
    json_t                *item;
    const pm_jsonpath_t  **paths;

    if (json == NULL) {
        return 0;
    }

    file->npaths = json_array_size(json);

    if (file->npaths == 0 || file->npaths > PM_TEMPLATE_PATHS) {
        return pm_record_damaged(reader, "paths");
    }

    paths = pm_arena_alloc(reader->arena, file->npaths * sizeof(void *));
    if (paths == NULL) {
        return pm_error_memory(reader->err);
    }

    file->paths = paths;

    json_array_foreach(json, i, item) {
        rc = pm_record_path(reader, item, &paths[i]);
        if (rc != 0) {
            return rc;
        }
    }

    return 0;
}


static int
pm_record_file(pm_record_reader_t *reader, const json_t *json,
    pm_template_file_t *file)
{
    int          rc;
    pm_glob_t   *glob;
    pm_error_t   fault;

    file->origin = pm_record_manifest(reader, json_object_get(json, "from"));
    if (file->origin == NULL) {
        return pm_record_damaged(reader, "manifest of a file");
    }

    rc = pm_record_string(reader, json_object_get(json, "file"),
                          &file->pattern);

    if (rc == 0) {
        rc = pm_record_string(reader, json_object_get(json, "to"), &file->to);
    }

    if (rc == 0) {
        rc = pm_record_paths(reader, json_object_get(json, "paths"), file);
    }

    if (rc != 0 || file->pattern == NULL || !pm_glob_is(file->pattern)) {
        return rc;
    }

    rc = pm_glob_compile(reader->arena, file->pattern, &glob, &fault);
    file->glob = glob;

    return (rc == PM_INVALID) ? pm_record_damaged(reader, "pattern")
           : rc ? pm_error_memory(reader->err) : 0;
}


/* named: each must have a name. */

static int
pm_record_files(pm_record_reader_t *reader, const json_t *json, size_t limit,
    int named, pm_template_file_t **files, size_t *nfiles)
{
    int      rc;
    size_t   i, n;
    json_t  *item;

    n = json_array_size(json);

    if (n > limit) {
        return pm_record_damaged(reader, "files");
    }

    *files = pm_arena_zalloc(reader->arena, (n + 1)
                                            * sizeof(pm_template_file_t));
    if (*files == NULL) {
        return pm_error_memory(reader->err);
    }

    *nfiles = n;

    json_array_foreach(json, i, item) {
        rc = pm_record_file(reader, item, &(*files)[i]);
        if (rc != 0) {
            return rc;
        }

        if ((*files)[i].pattern == NULL
            && (named || (*files)[i].npaths == 0))
        {
            return pm_record_damaged(reader, "file");
        }
    }

    return 0;
}


static int
pm_record_version(pm_record_reader_t *reader, const json_t *json,
    pm_template_version_t *version)
{
    int  rc;

    if (json == NULL) {
        return 0;
    }

    version->origin = pm_record_manifest(reader,
                                         json_object_get(json, "from"));

    rc = pm_record_string(reader, json_object_get(json, "file"),
                          &version->file);

    if (rc == 0) {
        rc = pm_record_path(reader, json_object_get(json, "path"),
                            &version->path);
    }

    if (rc == 0 && (version->file == NULL || version->origin == NULL)) {
        rc = pm_record_damaged(reader, "version");
    }

    return rc;
}


int
pm_record_template(pm_arena_t *arena, const json_t *json,
    const pm_template_t **template, pm_error_t *err)
{
    int                  rc;
    pm_template_t       *read;
    pm_record_reader_t   reader;

    reader.arena = arena;
    reader.err = err;

    read = pm_arena_zalloc(arena, sizeof(pm_template_t));
    if (read == NULL) {
        return pm_error_memory(err);
    }

    rc = pm_record_manifests(&reader, json_object_get(json, "manifests"));

    if (rc == 0) {
        rc = pm_record_string(&reader, json_object_get(json, "name"),
                              &read->name);
    }

    if (rc == 0) {
        rc = pm_record_string(&reader, json_object_get(json, "origin"),
                              &read->origin);
    }

    if (rc == 0) {
        rc = pm_record_version(&reader, json_object_get(json, "version"),
                               &read->version);
    }

    if (rc == 0) {
        rc = pm_record_files(&reader, json_object_get(json, "files"),
                             PM_TEMPLATE_FILES, 1, &read->files,
                             &read->nfiles);
    }

    if (rc == 0) {
        rc = pm_record_files(&reader, json_object_get(json, "excludes"),
                             PM_TEMPLATE_EXCLUDES, 0, &read->excludes,
                             &read->nexcludes);
    }

    if (rc != 0) {
        return rc;
    }

    read->mirror = json_is_true(json_object_get(json, "mirror"));
    read->deletions = pm_record_manifest(&reader,
                                         json_object_get(json, "deletions"));

    if (read->name == NULL || read->origin == NULL
        || (read->mirror && read->deletions == NULL))
    {
        return pm_record_damaged(&reader, "name");
    }

    *template = read;

    return 0;
}
