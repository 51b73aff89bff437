/*
 * A merge patch (RFC 7396) as values: those that it has, and those that it
 * changes.  A null takes away what it names, but in a list it is a value like
 * others.
 */

#include "definition/pm_definition_internal.h"

#include <string.h>


int
pm_definition_patch_read(pm_arena_t *arena, const char *file,
    const pm_string_t *text, pm_document_t **patch, pm_error_t *err)
{
    int               rc;
    const pm_node_t  *root;

    rc = pm_document_parse(arena, file, text->data, text->len, patch, err);

    if (rc != 0) {
        return rc;
    }

    root = (*patch)->nroots == 1 ? (*patch)->roots[0] : NULL;

    if (root == NULL || root->kind != PM_NODE_MAPPING
        || root->length > PM_DEFINITION_FIELDS)
    {
        return pm_error_set(err, PM_UNPROCESSABLE, "%s must be a merge patch "
                            "(RFC 7396): one mapping of at most %d fields",
                            file, PM_DEFINITION_FIELDS);
    }

    return 0;
}


static int
pm_definition_patch_member(pm_definition_tree_t *tree, pm_node_t *made,
    const pm_node_t *key, const pm_node_t *base, const pm_node_t *patch,
    pm_error_t *err)
{
    int               rc;
    const pm_node_t  *value;

    rc = pm_definition_patch(tree, base, patch, &value, err);

    if (rc == 0 && value != NULL) {
        pm_definition_tree_member(made, key, value);
    }

    return rc;
}


/* The depth of the patch's text bounds the recursion. */

int
pm_definition_patch(pm_definition_tree_t *tree, const pm_node_t *base,
    const pm_node_t *patch, const pm_node_t **result, pm_error_t *err)
{
    int                 rc;
    size_t              i;
    pm_node_t          *made;
    pm_member_t        *other;
    const pm_string_t  *key;

    *result = patch->kind == PM_NODE_NULL ? NULL : patch;

    if (patch->kind != PM_NODE_MAPPING) {
        return 0;
    }

    base = pm_node_resolve(base);

    if (base == NULL || base->kind != PM_NODE_MAPPING) {
        base = NULL;
    }

    made = pm_definition_tree_mapping(tree, base ? base : patch,
                                      patch->length
                                      + (base ? base->length : 0));
    if (made == NULL) {
        return pm_error_memory(err);
    }

    for (i = 0; base != NULL && i < base->length; i++) {
        key = &pm_node_resolve(base->members[i].key)->text;
        other = pm_node_member(patch, key->data, key->len);

        if (other == NULL) {
            pm_definition_tree_member(made, base->members[i].key,
                                      base->members[i].value);
            continue;
        }

        rc = pm_definition_patch_member(tree, made, base->members[i].key,
                                        base->members[i].value, other->value,
                                        err);
        if (rc != 0) {
            return rc;
        }
    }

    for (i = 0; i < patch->length; i++) {
        key = &pm_node_resolve(patch->members[i].key)->text;

        if (base != NULL && pm_node_member(base, key->data, key->len)) {
            continue;
        }

        rc = pm_definition_patch_member(tree, made, patch->members[i].key,
                                        NULL, patch->members[i].value, err);
        if (rc != 0) {
            return rc;
        }
    }

    *result = made;

    return pm_definition_tree_sort(tree, made, err);
}


int
pm_definition_patched(const pm_node_t *node, const pm_node_t *patch,
    size_t *steps)
{
    size_t              i;
    pm_member_t        *member;
    const pm_string_t  *key;

    if (patch->kind != PM_NODE_MAPPING) {
        return pm_definition_equal(node, patch, steps);
    }

    node = pm_node_resolve(node);

    if (node->kind != PM_NODE_MAPPING) {
        return 0;
    }

    for (i = 0; i < patch->length; i++) {
        key = &pm_node_resolve(patch->members[i].key)->text;
        member = pm_node_member(node, key->data, key->len);

        if (patch->members[i].value->kind == PM_NODE_NULL) {

            if (member != NULL) {
                return 0;
            }

        } else if (member == NULL
                   || !pm_definition_patched(member->value,
                                             patch->members[i].value, steps))
        {
            return 0;
        }
    }

    return 1;
}
