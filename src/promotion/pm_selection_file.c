#include "promotion/pm_selection.h"

#include "git/pm_git_compare.h"

#include <string.h>


/* The JSONPaths that are excluded of a file. */

static int
pm_selection_spared(const pm_selection_t *selection,
    const pm_selection_change_t *change, const pm_jsonpath_t ***paths,
    size_t *npaths)
{
    size_t                      i, j, n;
    const pm_template_t        *template;
    const pm_template_file_t   *exclude;

    *npaths = 0;
    template = selection->template;

    for (i = 0, n = 0; template && i < template->nexcludes; i++) {
        n += template->excludes[i].npaths;
    }

    if (n == 0) {
        return 0;
    }

    *paths = pm_arena_alloc(selection->work, n * sizeof(void *));
    if (*paths == NULL) {
        return pm_error_memory(selection->err);
    }

    for (i = 0; i < template->nexcludes; i++) {
        exclude = &template->excludes[i];

        if (exclude->npaths == 0
            || !pm_selection_excludes(selection, exclude, change))
        {
            continue;
        }

        for (j = 0; j < exclude->npaths; j++) {
            (*paths)[(*npaths)++] = exclude->paths[j];
        }
    }

    return 0;
}


/* What is no file of bytes has no values. */

static int
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


static int
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


/* 1 in *found if any of the paths selects anything. */

static int
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


static int
pm_selection_skip_paths(pm_selection_t *selection,
    const pm_selection_change_t *change, const pm_document_t *document)
{
    int     rc, found;
    size_t  i;

    for (i = 0; i < change->entry->npaths; i++) {

        rc = pm_selection_selects(selection, document,
                                  &change->entry->paths[i], 1, &found);

        if (rc == 0 && !found) {
            rc = pm_selection_skip(selection, change->from,
                     pm_jsonpath_text(change->entry->paths[i]).data);
        }

        if (rc != 0) {
            return rc;
        }
    }

    return 0;
}


/* Values of a file that the destination lacks. */

static int
pm_selection_source_only(pm_selection_t *selection,
    const pm_selection_change_t *change, const pm_document_t *document)
{
    int  rc, found;

    rc = pm_selection_selects(selection, document, change->entry->paths,
                              change->entry->npaths, &found);
    if (rc != 0) {
        return rc;
    }

    if (found) {
        return pm_error_set(selection->err, PM_UNPROCESSABLE,
                            "%s exists in the source only; create it in the "
                            "destination, or promote it whole, with \"*\"",
                            change->to);
    }

    return pm_selection_skip_paths(selection, change, document);
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


/* Writes what paths select into the destination's text. */

static int
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


/* What a file lacks that does not differ.  Nothing can be wrong with it, and
 * the plan is the same without. */

static void
pm_selection_explain(pm_selection_t *selection,
    const pm_selection_change_t *change)
{
    size_t          text;
    pm_error_t      fault, *err;
    pm_document_t  *source;

    err = selection->err;
    text = selection->text;

    selection->err = &fault;
    selection->text = selection->explained;

    if (pm_selection_parse(selection, PM_EDIT_SOURCE, change->from,
                           &change->change.new_id, &source)
        == 0)
    {
        (void) pm_selection_skip_paths(selection, change, source);
    }

    selection->explained = selection->text;
    selection->text = text;
    selection->err = err;
}


static int
pm_selection_values(pm_selection_t *selection,
    const pm_selection_change_t *change)
{
    int                     rc;
    size_t                  nexcludes;
    pm_document_t          *source, *destination;
    const pm_jsonpath_t   **excludes;

    if (pm_oid_equal(&change->change.old_id, &change->change.new_id)) {

        if (selection->explain) {
            pm_selection_explain(selection, change);
        }

        return 0;
    }

    rc = pm_selection_regular(selection, change->from,
                              change->change.new_mode, "source");

    if (rc == 0) {
        rc = pm_selection_parse(selection, PM_EDIT_SOURCE, change->from,
                                &change->change.new_id, &source);
    }

    if (rc == 0 && change->change.old_mode == 0) {
        return pm_selection_source_only(selection, change, source);
    }

    if (rc == 0) {
        rc = pm_selection_regular(selection, change->to,
                                  change->change.old_mode, "destination");
    }

    if (rc == 0) {
        rc = pm_selection_parse(selection, PM_EDIT_DESTINATION, change->to,
                                &change->change.old_id, &destination);
    }

    if (rc == 0) {
        rc = pm_selection_spared(selection, change, &excludes, &nexcludes);
    }

    return rc ? rc : pm_selection_merge(selection, change, source,
                                        destination, change->entry->paths,
                                        change->entry->npaths, excludes,
                                        nexcludes);
}


static int
pm_selection_copy(pm_selection_t *selection,
    const pm_selection_change_t *change)
{
    int                   rc;
    pm_selection_file_t   file;

    memset(&file, 0, sizeof(pm_selection_file_t));
    file.change = change->change;

    if (file.change.old_mode == file.change.new_mode
        && pm_oid_equal(&file.change.old_id, &file.change.new_id))
    {
        return 0;
    }

    /* within one repository the blobs are there already; a submodule's commit
     * is an object of another one */

    if (selection->source->mirror != selection->mirror
        && file.change.new_mode != 0
        && file.change.new_mode != PM_GIT_MODE_COMMIT)
    {
        rc = pm_git_objects_copy(selection->objects,
                                 selection->source->mirror,
                                 &file.change.new_id, selection->err);
        if (rc != 0) {
            return rc;
        }
    }

    return pm_selection_add(selection, &file);
}


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


/*
 * A whole file of which some values never move: where there are any, it is
 * promoted by its values, for which both sides must be readable.
 */

static int
pm_selection_sparing(pm_selection_t *selection,
    const pm_selection_change_t *change,
    const pm_jsonpath_t *const *excludes, size_t nexcludes)
{
    int              rc, here, there;
    pm_jsonpath_t   *root;
    pm_document_t   *source, *destination;

    destination = NULL;
    there = 0;

    rc = pm_selection_parse(selection, PM_EDIT_SOURCE, change->from,
                            &change->change.new_id, &source);

    if (rc == 0) {
        rc = pm_selection_selects(selection, source, excludes, nexcludes,
                                  &here);
    }

    if (rc == 0 && change->change.old_mode != 0) {
        rc = pm_selection_regular(selection, change->to,
                                  change->change.old_mode, "destination");

        if (rc == 0) {
            rc = pm_selection_parse(selection, PM_EDIT_DESTINATION,
                                    change->to, &change->change.old_id,
                                    &destination);
        }

        if (rc == 0) {
            rc = pm_selection_selects(selection, destination, excludes,
                                      nexcludes, &there);
        }
    }

    if (rc != 0) {
        return rc;
    }

    if (!here && !there) {
        return pm_selection_copy(selection, change);
    }

    if (destination == NULL) {
        return pm_error_set(selection->err, PM_UNPROCESSABLE,
                            "%s exists in the source only, and values of it "
                            "are excluded; create it in the destination",
                            change->to);
    }

    rc = pm_jsonpath_compile(selection->work, "$", 1, &root, selection->err);

    return rc ? rc : pm_selection_merge(selection, change, source,
                                        destination,
                                        (const pm_jsonpath_t *const *) &root,
                                        1, excludes, nexcludes);
}


static int
pm_selection_one(pm_selection_t *selection,
    const pm_selection_change_t *change)
{
    int                     rc;
    size_t                  nexcludes;
    const pm_jsonpath_t   **excludes;

    if (change->entry != NULL && change->entry->npaths > 0) {
        return pm_selection_values(selection, change);
    }

    rc = pm_selection_spared(selection, change, &excludes, &nexcludes);
    if (rc != 0) {
        return rc;
    }

    if (nexcludes > 0
        && !pm_oid_equal(&change->change.old_id, &change->change.new_id)
        && pm_selection_is_document(change->to, change->change.new_mode))
    {
        return pm_selection_sparing(selection, change, excludes, nexcludes);
    }

    return pm_selection_copy(selection, change);
}


int
pm_selection_file(pm_selection_t *selection,
    const pm_selection_change_t *change)
{
    int  rc;

    /* documents are large, and there may be many */

    selection->work = pm_arena_create();
    if (selection->work == NULL) {
        return pm_error_memory(selection->err);
    }

    rc = pm_selection_one(selection, change);

    pm_arena_destroy(selection->work);
    selection->work = NULL;

    return rc;
}
