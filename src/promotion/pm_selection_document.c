/*
 * One file of which values are promoted: read, searched and edited.
 */

#include "promotion/pm_selection.h"

#include "git/pm_git_compare.h"

#include <string.h>


int
pm_selection_is_document(const char *name, unsigned mode)
{
    const char  *dot;

    dot = strrchr(name, '.');

    return dot != NULL
           && (mode == PM_GIT_MODE_BLOB || mode == PM_GIT_MODE_EXECUTABLE)
           && (strcmp(dot, ".yaml") == 0 || strcmp(dot, ".yml") == 0
               || strcmp(dot, ".json") == 0);
}


int
pm_selection_regular(pm_selection_t *selection, const char *name,
    unsigned mode, const char *side)
{
    if (mode == PM_GIT_MODE_BLOB || mode == PM_GIT_MODE_EXECUTABLE) {
        return 0;
    }

    return pm_error_set(selection->err, PM_UNPROCESSABLE,
                        "%s is a %s in the %s and has no values; promote it "
                        "whole, with \"*\"", name,
                        mode == PM_GIT_MODE_LINK ? "symbolic link"
                                                 : "submodule", side);
}


int
pm_selection_parse(pm_selection_t *selection, pm_edit_side_t side,
    const char *name, const pm_oid_t *id, pm_document_t **document)
{
    int               rc;
    uint64_t          size;
    pm_string_t       text;
    pm_git_mirror_t  *mirror;

    mirror = (side == PM_EDIT_SOURCE) ? selection->source->mirror
                                      : selection->mirror;

    rc = pm_git_blob(mirror, id, PM_DOCUMENT_SIZE, selection->work, &text,
                     &size, selection->err);
    if (rc != 0) {
        return rc;
    }

    selection->text += text.len;

    if (selection->text > PM_SELECTION_TEXT) {
        return pm_error_set(selection->err, PM_UNPROCESSABLE,
                            "%s: values are selected in more than %d MiB of "
                            "files; promote some of them whole, with \"*\"",
                            name, PM_SELECTION_TEXT / 1024 / 1024);
    }

    if (size > text.len) {
        return pm_error_set(selection->err, PM_UNPROCESSABLE,
                            "%s has more than %d MiB (in the %s); promote it "
                            "whole, with \"*\"", name,
                            PM_DOCUMENT_SIZE / 1024 / 1024,
                            side == PM_EDIT_SOURCE ? "source"
                                                   : "destination");
    }

    return pm_edit_parse(selection->work, side, name, text.data, text.len,
                         document, selection->err);
}


int
pm_selection_selects(pm_selection_t *selection,
    const pm_document_t *document, const pm_jsonpath_t *const *paths,
    size_t npaths, int *found)
{
    int                    rc;
    size_t                 i, j;
    pm_jsonpath_nodes_t    nodes;
    pm_jsonpath_limits_t   limits;

    *found = 0;
    memset(&limits, 0, sizeof(pm_jsonpath_limits_t));

    for (i = 0; i < npaths; i++) {
        for (j = 0; j < document->nroots; j++) {

            memset(&nodes, 0, sizeof(pm_jsonpath_nodes_t));

            rc = pm_jsonpath_select(paths[i], document->roots[j],
                                    selection->work, limits, &nodes,
                                    selection->err);
            if (rc != 0) {
                return rc;
            }

            if (nodes.length > 0) {
                *found = 1;
                return 0;
            }
        }
    }

    return 0;
}


/* What was edited outlives the documents, as far as there is place. */

static int
pm_selection_keep(pm_selection_t *selection, const pm_edit_result_t *result,
    pm_selection_file_t *file)
{
    size_t                     i, size;
    pm_edit_property_t        *kept;
    const pm_edit_property_t  *property;

    file->properties = NULL;
    file->nproperties = 0;
    file->cut = 0;

    if (!selection->explain) {
        return 0;
    }

    file->properties = pm_arena_alloc(selection->arena,
                                      (result->nproperties + 1)
                                      * sizeof(pm_edit_property_t));
    if (file->properties == NULL) {
        return pm_error_memory(selection->err);
    }

    for (i = 0; i < result->nproperties; i++) {
        property = &result->properties[i];

        size = strlen(property->path) + strlen(property->to)
               + (property->from ? strlen(property->from) : 0);

        if (size > PM_SELECTION_PROPERTIES - selection->properties) {
            file->cut = 1;
            break;
        }

        selection->properties += size;

        kept = &file->properties[file->nproperties++];
        kept->document = property->document;
        kept->path = pm_arena_strdup(selection->arena, property->path);
        kept->to = pm_arena_strdup(selection->arena, property->to);
        kept->from = property->from
                     ? pm_arena_strdup(selection->arena, property->from)
                     : NULL;

        if (kept->path == NULL || kept->to == NULL
            || (property->from != NULL && kept->from == NULL))
        {
            return pm_error_memory(selection->err);
        }
    }

    return 0;
}


int
pm_selection_merge(pm_selection_t *selection,
    const pm_selection_change_t *change, const pm_document_t *source,
    const pm_document_t *destination, const pm_jsonpath_t *const *paths,
    size_t npaths, const pm_jsonpath_t *const *excludes, size_t nexcludes)
{
    int                   rc;
    size_t                i;
    pm_edit_result_t      result;
    pm_selection_file_t   file;

    memset(&result, 0, sizeof(pm_edit_result_t));

    rc = pm_edit(selection->work, source, destination, paths, npaths,
                 excludes, nexcludes, &result, selection->err);

    /* of a file that is taken whole, nothing was asked for by name */

    for (i = 0; rc == 0 && change->entry != NULL && change->entry->npaths > 0
                && i < result.nskipped; i++)
    {
        rc = pm_selection_skip(selection, change->from, result.skipped[i]);
    }

    if (rc != 0 || !result.changed) {
        return rc;
    }

    file.change = change->change;
    file.change.new_mode = change->change.old_mode;

    rc = pm_selection_keep(selection, &result, &file);

    if (rc == 0) {
        rc = pm_git_objects_blob(selection->objects, result.text.data,
                                 result.text.len, &file.change.new_id,
                                 selection->err);
    }

    return rc ? rc : pm_selection_add(selection, &file);
}
