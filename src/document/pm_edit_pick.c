#include "document/pm_edit_internal.h"

#include <stdlib.h>
#include <string.h>


static int
pm_pick_compare(const void *a, const void *b)
{
    uint32_t          i;
    const pm_pick_t  *left, *right;

    left = a;
    right = b;

    for (i = 0; i < left->length && i < right->length; i++) {

        if (left->steps[i] != right->steps[i]) {
            return left->steps[i] < right->steps[i] ? -1 : 1;
        }
    }

    return (left->length > right->length) - (left->length < right->length);
}


static int
pm_pick_is_below(const pm_pick_t *pick, const pm_pick_t *above)
{
    return pick->length >= above->length
           && memcmp(pick->steps, above->steps,
                     above->length * sizeof(uint32_t)) == 0;
}


/* Also drops what is below another one. */

static size_t
pm_picks_sort(pm_pick_t *picks, size_t n)
{
    size_t  i, kept;

    if (n == 0) {
        return 0;
    }

    qsort(picks, n, sizeof(pm_pick_t), pm_pick_compare);

    for (i = 1, kept = 1; i < n; i++) {

        if (!pm_pick_is_below(&picks[i], &picks[kept - 1])) {
            picks[kept++] = picks[i];
        }
    }

    return kept;
}


static int
pm_pick_fill(pm_arena_t *arena, const pm_path_t *path, pm_pick_t *pick)
{
    size_t  i;

    pick->length = (uint32_t) path->depth;
    pick->steps = pm_arena_alloc(arena, (path->depth + 1) * sizeof(uint32_t));

    if (pick->steps == NULL) {
        return -1;
    }

    for (i = path->depth; i > 0; i--) {
        pick->steps[i - 1] = (uint32_t) path->index;
        path = path->parent;
    }

    return 0;
}


static int
pm_picks_add(pm_arena_t *arena, const pm_jsonpath_nodes_t *nodes,
    pm_buffer_t *list, size_t *ways, pm_error_t *err)
{
    size_t     i;
    pm_pick_t  pick;

    if (list->len / sizeof(pm_pick_t) + nodes->length > PM_EDIT_PICKS) {
        return pm_error_set(err, PM_UNPROCESSABLE, "the selectors select "
                            "more than %d values", PM_EDIT_PICKS);
    }

    for (i = 0; i < nodes->length; i++) {
        *ways += nodes->items[i].path->depth;

        if (*ways > PM_EDIT_WAYS) {
            return pm_error_set(err, PM_UNPROCESSABLE, "the selectors select "
                                "too many values too deep");
        }

        if (pm_pick_fill(arena, nodes->items[i].path, &pick) != 0) {
            return pm_error_memory(err);
        }

        pm_buffer_append(list, &pick, sizeof(pm_pick_t));
    }

    return 0;
}


int
pm_picks_collect(pm_arena_t *arena, const pm_jsonpath_t *const *paths,
    size_t npaths, const pm_node_t *root, unsigned char *found,
    pm_picks_t *picks, pm_error_t *err)
{
    int                   rc;
    size_t                i, n, ways;
    pm_pick_t            *copy;
    pm_buffer_t           list;
    pm_jsonpath_nodes_t   nodes;
    pm_jsonpath_limits_t  limits;

    memset(&list, 0, sizeof(pm_buffer_t));
    memset(&limits, 0, sizeof(pm_jsonpath_limits_t));
    memset(picks, 0, sizeof(pm_picks_t));

    for (i = 0, ways = 0, rc = 0; rc == 0 && i < npaths; i++) {
        memset(&nodes, 0, sizeof(pm_jsonpath_nodes_t));

        rc = pm_jsonpath_select(paths[i], root, arena, limits, &nodes, err);

        if (rc == 0) {
            rc = pm_picks_add(arena, &nodes, &list, &ways, err);
        }

        if (rc == 0 && found != NULL && nodes.length > 0) {
            found[i] = 1;
        }
    }

    n = list.len / sizeof(pm_pick_t);

    if (rc == 0 && n > 0) {
        copy = pm_arena_alloc(arena, n * sizeof(pm_pick_t));

        if (copy == NULL || list.failed) {
            rc = pm_error_memory(err);

        } else {
            memcpy(copy, list.data, n * sizeof(pm_pick_t));
            picks->from = copy;
            picks->to = copy + pm_picks_sort(copy, n);
        }
    }

    pm_buffer_free(&list);

    return rc;
}


int
pm_picks_none(const pm_picks_t *picks)
{
    return picks->from == picks->to;
}


int
pm_picks_whole(const pm_picks_t *picks, size_t depth)
{
    return picks->from < picks->to && picks->from->length <= depth;
}


/* The first pick whose step at the depth is not below index. */

static const pm_pick_t *
pm_picks_bound(const pm_picks_t *picks, size_t depth, size_t index)
{
    const pm_pick_t  *low, *high, *middle;

    low = picks->from;
    high = picks->to;

    while (low < high) {
        middle = low + (high - low) / 2;

        if (middle->steps[depth] < index) {
            low = middle + 1;

        } else {
            high = middle;
        }
    }

    return low;
}


pm_picks_t
pm_picks_child(const pm_picks_t *picks, size_t depth, size_t index)
{
    pm_picks_t  child;

    if (pm_picks_none(picks) || pm_picks_whole(picks, depth)) {
        return *picks;
    }

    child.from = pm_picks_bound(picks, depth, index);
    child.to = pm_picks_bound(picks, depth, index + 1);

    return child;
}


pm_frame_t
pm_frame_child(const pm_frame_t *frame, size_t index, size_t other)
{
    pm_frame_t  child;

    child.selected = pm_picks_child(&frame->selected, frame->depth, index);
    child.excluded = pm_picks_child(&frame->excluded, frame->depth, index);
    child.spared = pm_picks_child(&frame->spared, frame->depth, other);
    child.depth = frame->depth + 1;

    return child;
}


int
pm_frame_moves(const pm_frame_t *frame, const pm_node_t *node)
{
    size_t            i;
    pm_frame_t        child;
    const pm_node_t  *value;

    if (pm_picks_none(&frame->selected)
        || pm_picks_whole(&frame->excluded, frame->depth))
    {
        return 0;
    }

    node = pm_node_resolve(node);

    if (node->length == 0 || pm_picks_none(&frame->excluded)
        || frame->depth > PM_EDIT_DEPTH)
    {
        return 1;
    }

    for (i = 0; i < node->length; i++) {
        child = pm_frame_child(frame, i, PM_FRAME_NOWHERE);

        value = (node->kind == PM_NODE_MAPPING) ? node->members[i].value
                                                : node->items[i];

        if (pm_frame_moves(&child, value)) {
            return 1;
        }
    }

    return 0;
}
