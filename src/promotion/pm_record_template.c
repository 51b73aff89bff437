#include "promotion/pm_record_template.h"

#include <stdlib.h>


/* The place of a manifest, which is added where it is new; -1: no memory. */

static json_int_t
pm_record_manifest_json(json_t *manifests, const pm_manifest_t **known,
    const pm_manifest_t *manifest)
{
    size_t  i, n;

    n = json_array_size(manifests);

    for (i = 0; i < n; i++) {
        if (known[i] == manifest) {
            return (json_int_t) i;
        }
    }

    if (json_array_append_new(manifests, json_pack("[s, s, s, I]",
            manifest->kind, manifest->name, manifest->file,
            (json_int_t) manifest->line))
        != 0)
    {
        return -1;
    }

    known[n] = manifest;

    return (json_int_t) n;
}


static json_t *
pm_record_paths_json(const pm_jsonpath_t *const *paths, size_t npaths)
{
    size_t   i;
    json_t  *list;

    list = json_array();

    for (i = 0; i < npaths; i++) {
        if (json_array_append_new(list,
                json_string(pm_jsonpath_text(paths[i]).data))
            != 0)
        {
            json_decref(list);
            return NULL;
        }
    }

    return list;
}


static json_t *
pm_record_files_json(const pm_template_file_t *files, size_t n,
    json_t *manifests, const pm_manifest_t **known)
{
    size_t       i;
    json_t      *list, *item;
    json_int_t   from;

    list = json_array();

    for (i = 0; i < n; i++) {
        from = pm_record_manifest_json(manifests, known, files[i].origin);

        item = json_pack("{s:s*, s:s*, s:I}", "file", files[i].pattern,
                         "to", files[i].to, "from", from);

        if (json_array_append_new(list, item) != 0 || from < 0
            || (files[i].npaths > 0
                && json_object_set_new(item, "paths",
                       pm_record_paths_json(files[i].paths, files[i].npaths))
                   != 0))
        {
            json_decref(list);
            return NULL;
        }
    }

    return list;
}


json_t *
pm_record_template_json(const pm_template_t *template)
{
    int                    failed;
    json_t                *json, *manifests;
    json_int_t             place;
    const pm_manifest_t  **known;

    known = calloc(template->nfiles + template->nexcludes + 2,
                   sizeof(pm_manifest_t *));
    if (known == NULL) {
        return NULL;
    }

    manifests = json_array();
    json = json_pack("{s:s, s:s}", "name", template->name,
                     "origin", template->origin);

    failed = (manifests == NULL || json == NULL);

    if (!failed && template->mirror) {
        failed |= json_object_set_new(json, "mirror", json_true());
    }

    if (!failed && template->deletions != NULL) {
        place = pm_record_manifest_json(manifests, known,
                                        template->deletions);
        failed |= json_object_set_new(json, "deletions",
                                      json_integer(place));
    }

    if (!failed && template->version.file != NULL) {
        place = pm_record_manifest_json(manifests, known,
                                        template->version.origin);
        failed |= json_object_set_new(json, "version",
                      json_pack("{s:s, s:s, s:I}",
                          "file", template->version.file, "path",
                          pm_jsonpath_text(template->version.path).data,
                          "from", place));
    }

    if (!failed) {
        failed |= json_object_set_new(json, "files",
                      pm_record_files_json(template->files, template->nfiles,
                                           manifests, known));
        failed |= json_object_set_new(json, "excludes",
                      pm_record_files_json(template->excludes,
                                           template->nexcludes, manifests,
                                           known));
        failed |= json_object_set(json, "manifests", manifests);
    }

    free(known);
    json_decref(manifests);

    if (failed) {
        json_decref(json);
        return NULL;
    }

    return json;
}
