/*
 * Which document of the source is which of the destination.
 *
 * Three passes, the surest first, each over what is left: the same resource
 * in the same namespace, the same resource in any, the same position (of
 * documents that say the same about what they are, but for their names).
 * Sorting keeps thousands of documents cheap.
 */

#include "document/pm_edit_internal.h"

#include <stdlib.h>
#include <string.h>


enum {
    PM_MATCH_API,
    PM_MATCH_KIND,
    PM_MATCH_NAME,
    PM_MATCH_NAMESPACE,
    PM_MATCH_FIELDS
};


typedef struct {
    const char  *fields[PM_MATCH_FIELDS];    /* NULL: not there */
    size_t       index;
    int          taken;
} pm_match_t;


static const char *
pm_match_field(const pm_node_t *mapping, const char *key)
{
    const pm_node_t  *node;

    node = pm_node_get(mapping, key);

    if (node == NULL || node->kind == PM_NODE_MAPPING
        || node->kind == PM_NODE_SEQUENCE || node->kind == PM_NODE_NULL)
    {
        return NULL;
    }

    return node->text.data;
}


static pm_match_t *
pm_match_list(pm_arena_t *arena, const pm_document_t *document)
{
    size_t            i;
    pm_match_t       *list;
    const pm_node_t  *root, *metadata;

    list = pm_arena_zalloc(arena, (document->nroots + 1)
                                  * sizeof(pm_match_t));
    if (list == NULL) {
        return NULL;
    }

    for (i = 0; i < document->nroots; i++) {
        list[i].index = i;
        root = document->roots[i];
        metadata = pm_node_get(root, "metadata");

        list[i].fields[PM_MATCH_API] = pm_match_field(root, "apiVersion");
        list[i].fields[PM_MATCH_KIND] = pm_match_field(root, "kind");
        list[i].fields[PM_MATCH_NAME] = pm_match_field(metadata, "name");
        list[i].fields[PM_MATCH_NAMESPACE] = pm_match_field(metadata,
                                                            "namespace");
    }

    return list;
}


static int
pm_match_fields(const pm_match_t *a, const pm_match_t *b, size_t n)
{
    int     rc;
    size_t  i;

    for (i = 0; i < n; i++) {
        rc = strcmp(a->fields[i] ? a->fields[i] : "",
                    b->fields[i] ? b->fields[i] : "");

        if (rc != 0) {
            return rc;
        }
    }

    return 0;
}


static int
pm_match_compare(const void *a, const void *b)
{
    int                rc;
    const pm_match_t  *left, *right;

    left = *(pm_match_t *const *) a;
    right = *(pm_match_t *const *) b;

    rc = pm_match_fields(left, right, PM_MATCH_FIELDS);

    return rc ? rc : (left->index > right->index)
                     - (left->index < right->index);
}


/* Those that are resources and not yet taken, in order. */

static pm_match_t **
pm_match_sort(pm_arena_t *arena, pm_match_t *list, size_t n, size_t *left)
{
    size_t        i;
    pm_match_t  **sorted;

    sorted = pm_arena_alloc(arena, (n + 1) * sizeof(pm_match_t *));
    if (sorted == NULL) {
        return NULL;
    }

    *left = 0;

    for (i = 0; i < n; i++) {

        if (!list[i].taken && list[i].fields[PM_MATCH_API] != NULL
            && list[i].fields[PM_MATCH_KIND] != NULL
            && list[i].fields[PM_MATCH_NAME] != NULL)
        {
            sorted[(*left)++] = &list[i];
        }
    }

    qsort(sorted, *left, sizeof(pm_match_t *), pm_match_compare);

    return sorted;
}


/* Pairs up those whose first "fields" fields are equal. */

static int
pm_match_pass(pm_arena_t *arena, pm_match_t *source, size_t nsource,
    pm_match_t *destination, size_t ndestination, size_t fields,
    size_t *match)
{
    int           rc;
    size_t        i, j, n, m;
    pm_match_t  **from, **to;

    from = pm_match_sort(arena, source, nsource, &n);
    to = pm_match_sort(arena, destination, ndestination, &m);

    if (from == NULL || to == NULL) {
        return -1;
    }

    for (i = 0, j = 0; i < n && j < m; /* void */) {
        rc = pm_match_fields(from[i], to[j], fields);

        if (rc == 0) {
            match[from[i]->index] = to[j]->index;
            from[i++]->taken = 1;
            to[j++]->taken = 1;

        } else if (rc < 0) {
            i++;

        } else {
            j++;
        }
    }

    return 0;
}


int
pm_edit_match(pm_arena_t *arena, const pm_document_t *source,
    const pm_document_t *destination, size_t *match, pm_error_t *err)
{
    size_t       i;
    pm_match_t  *from, *to;

    for (i = 0; i < source->nroots; i++) {
        match[i] = SIZE_MAX;
    }

    if (source->nroots == 1 && destination->nroots == 1) {
        match[0] = 0;
        return 0;
    }

    from = pm_match_list(arena, source);
    to = pm_match_list(arena, destination);

    if (from == NULL || to == NULL
        || pm_match_pass(arena, from, source->nroots, to,
                         destination->nroots, PM_MATCH_FIELDS, match) != 0
        || pm_match_pass(arena, from, source->nroots, to,
                         destination->nroots, PM_MATCH_NAMESPACE, match) != 0)
    {
        return pm_error_memory(err);
    }

    for (i = 0; i < source->nroots && i < destination->nroots; i++) {

        if (!from[i].taken && !to[i].taken
            && pm_match_fields(&from[i], &to[i], PM_MATCH_NAME) == 0)
        {
            match[i] = i;
        }
    }

    return 0;
}
