#include "document/pm_jsonpath_tree.h"

#include <string.h>


/* A sink has enough: no code of an error. */
#define PM_JSONPATH_ENOUGH  -1


/*
 * A query is evaluated depth-first: a node that a segment selects goes
 * through all later segments before the next one is looked for.  The order
 * of the result is that of RFC 9535, and the only memory is the stack, which
 * holds the way from the root, and the result.
 */

typedef struct pm_jsonpath_place_s  pm_jsonpath_place_t;

struct pm_jsonpath_place_s {
    pm_jsonpath_place_t  *parent;
    const pm_node_t      *node;       /* as written */
    const pm_node_t      *value;      /* no alias */
    const pm_node_t      *key;
    size_t                index;
    pm_path_t            *path;       /* made when a result needs it */
    unsigned              through_alias:1;
};


static int pm_jsonpath_apply(pm_jsonpath_eval_t *eval,
    pm_jsonpath_sink_t *sink, const pm_jsonpath_segment_t *segment,
    pm_jsonpath_place_t *place);


int
pm_jsonpath_charge(pm_jsonpath_eval_t *eval, size_t steps)
{
    if (steps > eval->steps) {
        return pm_error_set(eval->err, PM_UNPROCESSABLE,
                            "JSONPath \"%.80s\" takes more than %zu steps on"
                            " this document: name the place more exactly",
                            eval->jsonpath->text.data, eval->limits.steps);
    }

    eval->steps -= steps;

    return 0;
}


int
pm_jsonpath_deeper(pm_jsonpath_eval_t *eval)
{
    if (eval->depth >= PM_JSONPATH_DEPTH) {
        return pm_error_set(eval->err, PM_UNPROCESSABLE,
                            "JSONPath \"%.80s\" goes more than %d levels deep:"
                            " aliases inside aliases, or filters inside"
                            " filters",
                            eval->jsonpath->text.data, PM_JSONPATH_DEPTH);
    }

    eval->depth++;

    return 0;
}


static pm_path_t *
pm_jsonpath_make_path(pm_jsonpath_eval_t *eval, pm_jsonpath_place_t *place)
{
    pm_path_t  *path, *parent;

    if (place->path != NULL) {
        return place->path;
    }

    parent = NULL;

    if (place->parent != NULL) {
        parent = pm_jsonpath_make_path(eval, place->parent);
        if (parent == NULL) {
            return NULL;
        }
    }

    path = pm_arena_alloc(eval->arena, sizeof(pm_path_t));
    if (path == NULL) {
        return NULL;
    }

    path->parent = parent;
    path->node = place->node;
    path->key = place->key;
    path->index = place->index;
    path->depth = (parent != NULL) ? parent->depth + 1 : 0;

    place->path = path;

    return path;
}


static int
pm_jsonpath_keep(pm_jsonpath_eval_t *eval, pm_jsonpath_nodes_t *nodes,
    pm_jsonpath_place_t *place)
{
    size_t               size;
    pm_jsonpath_node_t  *items;

    if (nodes->length >= eval->limits.nodes) {
        return pm_error_set(eval->err, PM_UNPROCESSABLE,
                            "JSONPath \"%.80s\" selects more than %zu values"
                            " of this document: name the place more exactly",
                            eval->jsonpath->text.data, eval->limits.nodes);
    }

    if (nodes->length == nodes->size) {
        size = nodes->size ? nodes->size * 2 : 8;

        items = pm_arena_alloc(eval->arena,
                               size * sizeof(pm_jsonpath_node_t));
        if (items == NULL) {
            return pm_error_memory(eval->err);
        }

        if (nodes->length > 0) {
            memcpy(items, nodes->items,
                   nodes->length * sizeof(pm_jsonpath_node_t));
        }

        nodes->items = items;
        nodes->size = size;
    }

    items = &nodes->items[nodes->length];

    items->node = place->value;
    items->path = pm_jsonpath_make_path(eval, place);
    items->through_alias = place->through_alias;

    if (items->path == NULL) {
        return pm_error_memory(eval->err);
    }

    nodes->length++;

    return 0;
}


static int
pm_jsonpath_take(pm_jsonpath_eval_t *eval, pm_jsonpath_sink_t *sink,
    pm_jsonpath_place_t *place)
{
    int  rc;

    if (sink->nodes != NULL) {
        rc = pm_jsonpath_keep(eval, sink->nodes, place);
        if (rc != 0) {
            return rc;
        }
    }

    sink->count++;
    sink->node = place->value;

    return sink->count == sink->enough ? PM_JSONPATH_ENOUGH : 0;
}


static size_t
pm_jsonpath_children(const pm_node_t *node)
{
    return node->kind == PM_NODE_SEQUENCE || node->kind == PM_NODE_MAPPING
           ? node->length : 0;
}


/* Fills the place of a child. */

static int
pm_jsonpath_enter(pm_jsonpath_eval_t *eval, pm_jsonpath_place_t *parent,
    size_t index, pm_jsonpath_place_t *place)
{
    const pm_member_t  *member;

    memset(place, 0, sizeof(pm_jsonpath_place_t));

    place->parent = parent;
    place->index = index;

    if (parent->value->kind == PM_NODE_SEQUENCE) {
        place->node = parent->value->items[index];

    } else {
        member = &parent->value->members[index];

        place->node = member->value;
        place->key = pm_node_resolve(member->key);
    }

    place->value = pm_node_resolve(place->node);
    place->through_alias = parent->through_alias
                           || place->node->kind == PM_NODE_ALIAS;

    return pm_jsonpath_charge(eval, 1);
}


/* Passes a child on to the segments behind. */

static int
pm_jsonpath_choose(pm_jsonpath_eval_t *eval, pm_jsonpath_sink_t *sink,
    const pm_jsonpath_segment_t *segment, pm_jsonpath_place_t *parent,
    size_t index, const pm_jsonpath_logic_t *filter)
{
    int                  rc, passes;
    pm_jsonpath_place_t  place;

    rc = pm_jsonpath_enter(eval, parent, index, &place);
    if (rc != 0) {
        return rc;
    }

    if (filter != NULL) {
        rc = pm_jsonpath_test(eval, filter, place.value, &passes);

        if (rc != 0 || !passes) {
            return rc;
        }
    }

    return pm_jsonpath_apply(eval, sink, segment->next, &place);
}


static int64_t
pm_jsonpath_clamp(int64_t n, int64_t low, int64_t high)
{
    return n < low ? low : n > high ? high : n;
}


/* RFC 9535, 2.3.4.2.2. */

static int
pm_jsonpath_slice(pm_jsonpath_eval_t *eval, pm_jsonpath_sink_t *sink,
    const pm_jsonpath_segment_t *segment,
    const pm_jsonpath_selector_t *selector, pm_jsonpath_place_t *place)
{
    int      rc;
    int64_t  i, len, step, start, end;

    len = (int64_t) place->value->length;
    step = selector->step;

    if (step == 0) {
        return 0;
    }

    start = selector->has_start ? selector->start : (step > 0) ? 0 : len - 1;
    end = selector->has_end ? selector->end : (step > 0) ? len : -len - 1;

    start += (start < 0) ? len : 0;
    end += (end < 0) ? len : 0;

    if (step > 0) {
        start = pm_jsonpath_clamp(start, 0, len);
        end = pm_jsonpath_clamp(end, 0, len);

    } else {
        start = pm_jsonpath_clamp(start, -1, len - 1);
        end = pm_jsonpath_clamp(end, -1, len - 1);
    }

    for (i = start; (step > 0) ? i < end : i > end; i += step) {
        rc = pm_jsonpath_choose(eval, sink, segment, place, (size_t) i, NULL);
        if (rc != 0) {
            return rc;
        }
    }

    return 0;
}


static int
pm_jsonpath_all(pm_jsonpath_eval_t *eval, pm_jsonpath_sink_t *sink,
    const pm_jsonpath_segment_t *segment,
    const pm_jsonpath_selector_t *selector, pm_jsonpath_place_t *place)
{
    int     rc;
    size_t  i, n;

    n = pm_jsonpath_children(place->value);

    for (i = 0; i < n; i++) {
        rc = pm_jsonpath_choose(eval, sink, segment, place, i,
                                selector->filter);
        if (rc != 0) {
            return rc;
        }
    }

    return 0;
}


static int
pm_jsonpath_select_one(pm_jsonpath_eval_t *eval, pm_jsonpath_sink_t *sink,
    const pm_jsonpath_segment_t *segment,
    const pm_jsonpath_selector_t *selector, pm_jsonpath_place_t *place)
{
    int64_t             i;
    const pm_node_t    *value;
    const pm_member_t  *member;

    value = place->value;

    switch (selector->kind) {

    case PM_JSONPATH_NAME:

        member = pm_node_member(value, selector->name.data,
                                selector->name.len);
        if (member == NULL) {
            return pm_jsonpath_charge(eval, 1);
        }

        return pm_jsonpath_choose(eval, sink, segment, place,
                                  (size_t) (member - value->members), NULL);

    case PM_JSONPATH_INDEX:

        if (value->kind != PM_NODE_SEQUENCE) {
            return 0;
        }

        i = selector->start;
        i += (i < 0) ? (int64_t) value->length : 0;

        if (i < 0 || i >= (int64_t) value->length) {
            return 0;
        }

        return pm_jsonpath_choose(eval, sink, segment, place, (size_t) i,
                                  NULL);

    case PM_JSONPATH_SLICE:

        return value->kind == PM_NODE_SEQUENCE
               ? pm_jsonpath_slice(eval, sink, segment, selector, place)
               : 0;

    default: /* PM_JSONPATH_WILDCARD, PM_JSONPATH_FILTER */

        return pm_jsonpath_all(eval, sink, segment, selector, place);
    }
}


/* Applies the selectors to a node, and for ".." then to all below it. */

static int
pm_jsonpath_visit(pm_jsonpath_eval_t *eval, pm_jsonpath_sink_t *sink,
    const pm_jsonpath_segment_t *segment, pm_jsonpath_place_t *place)
{
    int                            rc;
    size_t                         i, n;
    pm_jsonpath_place_t            child;
    const pm_jsonpath_selector_t  *selector;

    for (selector = segment->selectors; selector; selector = selector->next) {
        rc = pm_jsonpath_select_one(eval, sink, segment, selector, place);
        if (rc != 0) {
            return rc;
        }
    }

    n = segment->descendant ? pm_jsonpath_children(place->value) : 0;

    for (i = 0; i < n; i++) {
        rc = pm_jsonpath_enter(eval, place, i, &child);
        if (rc != 0) {
            return rc;
        }

        if (pm_jsonpath_children(child.value) == 0) {
            continue;
        }

        rc = pm_jsonpath_deeper(eval);
        if (rc != 0) {
            return rc;
        }

        rc = pm_jsonpath_visit(eval, sink, segment, &child);

        eval->depth--;

        if (rc != 0) {
            return rc;
        }
    }

    return 0;
}


static int
pm_jsonpath_apply(pm_jsonpath_eval_t *eval, pm_jsonpath_sink_t *sink,
    const pm_jsonpath_segment_t *segment, pm_jsonpath_place_t *place)
{
    int  rc;

    if (segment == NULL) {
        return pm_jsonpath_take(eval, sink, place);
    }

    rc = pm_jsonpath_deeper(eval);
    if (rc != 0) {
        return rc;
    }

    rc = pm_jsonpath_visit(eval, sink, segment, place);

    eval->depth--;

    return rc;
}


int
pm_jsonpath_run(pm_jsonpath_eval_t *eval, const pm_jsonpath_query_t *query,
    const pm_node_t *current, pm_jsonpath_sink_t *sink)
{
    int                  rc;
    pm_jsonpath_place_t  place;

    memset(&place, 0, sizeof(pm_jsonpath_place_t));

    place.node = query->absolute ? eval->root : current;
    place.value = pm_node_resolve(place.node);
    place.through_alias = (place.node->kind == PM_NODE_ALIAS);

    rc = pm_jsonpath_apply(eval, sink, query->segments, &place);

    return rc == PM_JSONPATH_ENOUGH ? 0 : rc;
}


int
pm_jsonpath_select(const pm_jsonpath_t *jsonpath, const pm_node_t *root,
    pm_arena_t *arena, pm_jsonpath_limits_t limits,
    pm_jsonpath_nodes_t *nodes, pm_error_t *err)
{
    int                 rc;
    pm_jsonpath_eval_t  eval;
    pm_jsonpath_sink_t  sink;

    memset(nodes, 0, sizeof(pm_jsonpath_nodes_t));

    if (root == NULL) {
        return 0;
    }

    memset(&eval, 0, sizeof(pm_jsonpath_eval_t));
    memset(&sink, 0, sizeof(pm_jsonpath_sink_t));

    eval.jsonpath = jsonpath;
    eval.root = root;
    eval.arena = arena;
    eval.limits = limits;
    eval.err = err;

    if (limits.steps == 0) {
        eval.limits.steps = PM_JSONPATH_STEPS;
    }

    if (limits.nodes == 0) {
        eval.limits.nodes = PM_JSONPATH_NODES;
    }

    eval.steps = eval.limits.steps;
    sink.nodes = nodes;

    rc = pm_jsonpath_run(&eval, &jsonpath->query, root, &sink);

    pm_iregexp_free(eval.regexp);

    return rc;
}
