/*
 * At a YAML document's end: what its aliases stand for, and its keys.
 */

#include "document/pm_document_yaml.h"

#include <stdlib.h>
#include <string.h>


static int
pm_yaml_anchor_compare(const void *a, const void *b)
{
    int               rc;
    const pm_node_t  *left, *right;

    left = *(pm_node_t *const *) a;
    right = *(pm_node_t *const *) b;
    rc = strcmp(left->anchor.data, right->anchor.data);

    return rc ? rc : (left->start > right->start)
                     - (left->start < right->start);
}


/* The last anchor of the alias's name before it; the anchors are sorted. */

static pm_node_t *
pm_yaml_target(const pm_yaml_t *y, const pm_node_t *alias)
{
    int         rc;
    size_t      i, low, high;
    pm_node_t  *node;

    low = 0;
    high = y->anchors.n;

    while (low < high) {
        i = low + (high - low) / 2;
        node = y->anchors.nodes[i];
        rc = strcmp(node->anchor.data, alias->text.data);

        if (rc < 0 || (rc == 0 && node->start < alias->start)) {
            low = i + 1;

        } else {
            high = i;
        }
    }

    if (low == 0) {
        return NULL;
    }

    node = y->anchors.nodes[low - 1];

    return strcmp(node->anchor.data, alias->text.data) == 0 ? node : NULL;
}


int
pm_yaml_finish(pm_yaml_t *y)
{
    int         rc;
    size_t      i;
    pm_node_t  *alias;
    pm_place_t  place;

    if (y->aliases.n > 0 && y->anchors.n > 1) {
        qsort(y->anchors.nodes, y->anchors.n, sizeof(pm_node_t *),
              pm_yaml_anchor_compare);
    }

    for (i = 0; i < y->aliases.n; i++) {
        alias = y->aliases.nodes[i];
        alias->target = pm_yaml_target(y, alias);

        place = (pm_place_t) { alias->start, alias->line, alias->column };

        if (alias->target == NULL) {
            return pm_builder_fault(y->builder, &place, "the alias *%.64s "
                                    "has no anchor before it",
                                    alias->text.data);
        }

        if (alias->start < alias->target->end) {
            return pm_builder_fault(y->builder, &place, "the alias *%.64s "
                                    "stands inside its own anchor",
                                    alias->text.data);
        }
    }

    for (i = 0; i < y->mappings.n; i++) {
        rc = pm_builder_keys(y->builder, y->mappings.nodes[i]);
        if (rc != 0) {
            return rc;
        }
    }

    y->anchors.n = 0;
    y->aliases.n = 0;
    y->mappings.n = 0;

    return 0;
}
