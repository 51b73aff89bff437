/*
 * The overlay on the target's text.  What it says was among the values that
 * were written already; left are the lists and the mappings that only the
 * target has, and what is to be taken away.
 */

#include "definition/pm_definition_internal.h"

#include <string.h>


static int
pm_definition_overlay_edit(pm_arena_t *arena, const pm_document_t *patch,
    const pm_document_t *target, pm_string_t *text, pm_error_t *err)
{
    int                    rc;
    pm_jsonpath_t         *path;
    pm_edit_result_t       result;
    const pm_jsonpath_t   *paths[1];

    rc = pm_jsonpath_compile(arena, "$", 1, &path, err);
    if (rc != 0) {
        return rc;
    }

    paths[0] = path;

    rc = pm_edit(arena, patch, target, paths, 1, NULL, 0, &result, err);

    if (rc == 0) {
        *text = result.text;
    }

    return rc;
}


/* The patch without its nulls: what an edit can write. */

static int
pm_definition_overlay_values(pm_arena_t *arena, pm_document_t *patch,
    pm_document_t **values, pm_error_t *err)
{
    int                    rc;
    pm_error_t             unused;
    const pm_node_t       *root;
    pm_definition_tree_t   tree;

    pm_definition_tree_begin(&tree, arena, patch);

    root = NULL;
    rc = pm_definition_patch(&tree, NULL, patch->roots[0], &root, err);

    if (rc != 0) {
        (void) pm_definition_tree_end(&tree, root, values, &unused);
        return rc;
    }

    return pm_definition_tree_end(&tree, root, values, err);
}


int
pm_definition_overlay(pm_arena_t *arena, const char *file, pm_string_t *text,
    pm_document_t *patch, pm_error_t *err)
{
    int             rc;
    size_t          steps;
    pm_document_t  *target, *values;

    steps = 0;

    rc = pm_document_parse(arena, file, text->data, text->len, &target, err);

    if (rc != 0
        || pm_definition_patched(target->roots[0], patch->roots[0], &steps))
    {
        return rc;
    }

    rc = pm_definition_overlay_values(arena, patch, &values, err);

    if (rc == 0 && values->roots[0]->length > 0) {
        rc = pm_definition_overlay_edit(arena, values, target, text, err);
    }

    if (rc == 0) {
        rc = pm_definition_remove(arena, file, patch->roots[0], text, err);
    }

    return rc;
}
