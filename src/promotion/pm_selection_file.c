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
