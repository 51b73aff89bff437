#include "definition/pm_definition_internal.h"

#include <string.h>


/* The patch without its nulls: what an edit can write.  Lists are values:
 * a null in one is one (RFC 7396, section 2). */

static int
pm_definition_patch(pm_definition_tree_t *tree, const pm_node_t *node,
    const pm_node_t **made, pm_error_t *err)
{
    int                 rc;
    size_t              i;
    pm_node_t          *copy;
    const pm_node_t    *value;
    const pm_member_t  *member;

    *made = node;

    if (node->kind != PM_NODE_MAPPING) {
        return 0;
    }

    copy = pm_definition_tree_mapping(tree, node, node->length);
    if (copy == NULL) {
        return pm_error_memory(err);
    }

    for (i = 0; i < node->length; i++) {
        member = &node->members[i];

        if (member->value->kind == PM_NODE_NULL) {
            continue;
        }

        rc = pm_definition_patch(tree, member->value, &value, err);
        if (rc != 0) {
            return rc;
        }

        pm_definition_tree_member(copy, member->key, value);
    }

    *made = copy;

    return pm_definition_tree_sort(tree, copy, err);
}


static int
pm_definition_overlay_read(pm_arena_t *arena, const char *file,
    const pm_string_t *text, pm_document_t **patch, pm_error_t *err)
{
    int  rc;

    rc = pm_document_parse(arena, file, text->data, text->len, patch, err);

    if (rc == 0 && (*patch)->roots[0]->kind != PM_NODE_MAPPING) {
        rc = pm_error_set(err, PM_UNPROCESSABLE, "%s must be one mapping, a "
                          "merge patch (RFC 7396)", file);
    }

    return rc;
}


static int
pm_definition_overlay_edit(pm_arena_t *arena, const char *file,
    const pm_document_t *patch, pm_string_t *text, pm_error_t *err)
{
    int                    rc;
    pm_document_t         *target;
    pm_jsonpath_t         *path;
    pm_edit_result_t       result;
    const pm_jsonpath_t   *paths[1];

    rc = pm_document_parse(arena, file, text->data, text->len, &target, err);

    if (rc == 0) {
        rc = pm_jsonpath_compile(arena, "$", 1, &path, err);
    }

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


int
pm_definition_overlay(pm_arena_t *arena, const char *file, pm_string_t *text,
    const char *overlay_file, const pm_string_t *overlay, pm_error_t *err)
{
    int                    rc;
    pm_error_t             unused;
    pm_document_t         *patch, *values;
    const pm_node_t       *root;
    pm_definition_tree_t   tree;

    rc = pm_definition_overlay_read(arena, overlay_file, overlay, &patch,
                                    err);
    if (rc != 0) {
        return rc;
    }

    pm_definition_tree_begin(&tree, arena, patch);

    values = NULL;
    rc = pm_definition_patch(&tree, patch->roots[0], &root, err);

    if (rc != 0) {
        (void) pm_definition_tree_end(&tree, NULL, &values, &unused);
        return rc;
    }

    rc = pm_definition_tree_end(&tree, root, &values, err);

    if (rc == 0 && root->length > 0) {
        rc = pm_definition_overlay_edit(arena, file, values, text, err);
    }

    if (rc == 0) {
        rc = pm_definition_remove(arena, file, patch->roots[0], text, err);
    }

    return rc;
}
