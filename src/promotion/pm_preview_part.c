#include "promotion/pm_preview_part.h"

#include <stdio.h>
#include <string.h>


/* keys and marks of an item, about */
#define PM_PREVIEW_ITEM  64

#define PM_PREVIEW_CONFLICTS  16
#define PM_PREVIEW_NOTES      64


/*
 * A value from its JSON text.  A number keeps its spelling, in quotes where
 * JSON's would lose it: 1.10 is not 1.1.
 */

static json_t *
pm_preview_value(const char *text)
{
    char     number[64];
    json_t  *value;

    if (text == NULL) {
        return json_null();
    }

    value = json_loads(text, JSON_DECODE_ANY, NULL);

    if (value == NULL) {
        return json_string(text);
    }

    if (json_is_real(value)) {
        (void) snprintf(number, sizeof(number), "%.15g",
                        json_real_value(value));

        if (strcmp(number, text) != 0) {
            json_decref(value);
            return json_string(text);
        }
    }

    return value;
}


/* 1, and the place is taken, if there is any. */

static int
pm_preview_place(size_t *left, size_t cost, int *cut)
{
    if (cost + PM_PREVIEW_ITEM > *left) {
        *cut = 1;
        return 0;
    }

    *left -= cost + PM_PREVIEW_ITEM;

    return 1;
}


json_t *
pm_preview_properties(const pm_edit_property_t *properties, size_t n,
    size_t *left, int *cut)
{
    int                        failed;
    size_t                     i, cost;
    json_t                    *list, *item;
    const pm_edit_property_t  *property;

    list = json_array();
    failed = (list == NULL);

    for (i = 0; !failed && i < n; i++) {
        property = &properties[i];

        cost = strlen(property->path)
               + (property->to ? strlen(property->to) : 0)
               + (property->from ? strlen(property->from) : 0);

        if (!pm_preview_place(left, cost, cut)) {
            break;
        }

        item = json_object();
        failed |= json_array_append_new(list, item);
        failed |= json_object_set_new(item, "path",
                                      json_string(property->path));
        failed |= json_object_set_new(item, "from",
                                      pm_preview_value(property->from));
        failed |= json_object_set_new(item, "to",
                                      pm_preview_value(property->to));

        if (property->document > 0) {
            failed |= json_object_set_new(item, "document",
                          json_integer((json_int_t) property->document));
        }
    }

    if (failed) {
        json_decref(list);
        return NULL;
    }

    return list;
}


json_t *
pm_preview_skipped(const pm_plan_t *plan, size_t *left, int *cut)
{
    int                            failed;
    size_t                         i, cost;
    json_t                        *list, *item;
    const pm_selection_skipped_t  *skipped;

    list = json_array();
    failed = (list == NULL);

    for (i = 0; !failed && i < plan->nskipped; i++) {
        skipped = &plan->skipped[i];

        cost = strlen(skipped->file)
               + (skipped->path ? strlen(skipped->path) : 0);

        if (!pm_preview_place(left, cost, cut)) {
            break;
        }

        item = json_object();
        failed |= json_array_append_new(list, item);
        failed |= json_object_set_new(item, "file",
                                      json_string(skipped->file));

        if (skipped->path != NULL) {
            failed |= json_object_set_new(item, "jsonPath",
                                          json_string(skipped->path));
        }
    }

    if (failed) {
        json_decref(list);
        return NULL;
    }

    return list;
}


json_t *
pm_preview_manifest(const pm_manifest_t *manifest)
{
    return json_pack("{s:s, s:s, s:s, s:I}", "kind", manifest->kind,
                     "name", manifest->name, "file", manifest->file,
                     "line", (json_int_t) manifest->line);
}


/* One part of the template; file NULL: of all of it. */

static int
pm_preview_part(json_t *parts, const char *part, const char *file,
    const pm_jsonpath_t *const *paths, size_t npaths,
    const pm_manifest_t *from, json_t **item)
{
    int      failed;
    size_t   i;
    json_t  *list;

    *item = json_object();
    failed = json_array_append_new(parts, *item);
    failed |= json_object_set_new(*item, "part", json_string(part));

    if (file != NULL) {
        failed |= json_object_set_new(*item, "file", json_string(file));
    }

    if (paths != NULL || file != NULL) {
        list = json_array();
        failed |= json_object_set_new(*item, "jsonPaths", list);

        for (i = 0; !failed && i < npaths; i++) {
            failed |= json_array_append_new(list,
                          json_string(pm_jsonpath_text(paths[i]).data));
        }

        if (npaths == 0) {
            failed |= json_array_append_new(list, json_string("*"));
        }
    }

    failed |= json_object_set_new(*item, "from", pm_preview_manifest(from));

    return failed;
}


static int
pm_preview_parts(json_t *parts, const pm_template_t *template)
{
    int                        failed;
    size_t                     i;
    json_t                    *item;
    const pm_template_file_t  *file;

    failed = 0;

    if (template->version.file != NULL) {
        failed |= pm_preview_part(parts, "versionSource",
                                  template->version.file,
                                  &template->version.path, 1,
                                  template->version.origin, &item);
    }

    for (i = 0; !failed && i < template->nfiles; i++) {
        file = &template->files[i];
        failed |= pm_preview_part(parts, "promotion", file->pattern,
                                  file->paths, file->npaths, file->origin,
                                  &item);

        if (file->to != NULL) {
            failed |= json_object_set_new(item, "to", json_string(file->to));
        }
    }

    for (i = 0; !failed && i < template->nexcludes; i++) {
        file = &template->excludes[i];
        failed |= pm_preview_part(parts, "exclude", file->pattern,
                                  file->paths, file->npaths, file->origin,
                                  &item);
    }

    if (template->deletions != NULL) {
        failed |= pm_preview_part(parts, "deletions", NULL, NULL, 0,
                                  template->deletions, &item);
        failed |= json_object_set_new(item, "value",
                                      json_string(template->mirror ? "mirror"
                                                                   : "keep"));
    }

    return failed;
}


json_t *
pm_preview_template(const pm_template_t *template)
{
    json_t  *json, *parts;

    if (template == NULL) {
        return json_pack("{s:n, s:s}", "name", "origin", "none");
    }

    parts = json_array();
    json = json_pack("{s:s, s:s, s:o}", "name", template->name,
                     "origin", template->origin, "parts", parts);

    if (json != NULL && pm_preview_parts(parts, template)) {
        json_decref(json);
        return NULL;
    }

    return json;
}


/* As many as a task tells. */

json_t *
pm_preview_conflicts(const pm_definition_plan_t *api)
{
    size_t                           i;
    json_t                          *list;
    const pm_definition_conflict_t  *conflict;

    list = json_array();

    for (i = 0; i < api->nconflicts && i < PM_PREVIEW_CONFLICTS; i++) {
        conflict = &api->conflicts[i];

        (void) json_array_append_new(list,
                   json_sprintf("Path [%s] already exists in API %s (%s)",
                                conflict->taken, conflict->id,
                                conflict->name));
    }

    return list;
}


json_t *
pm_preview_notes(const pm_definition_plan_t *api)
{
    size_t       i;
    json_t      *list;
    const char  *name;

    list = json_array();

    for (i = 0; i < api->nnotes && i < PM_PREVIEW_NOTES; i++) {
        name = api->notes[i].name ? api->notes[i].name : "";

        (void) json_array_append_new(list,
                   json_sprintf("%s%s%s", name, *name ? ": " : "",
                                api->notes[i].text));
    }

    return list;
}
