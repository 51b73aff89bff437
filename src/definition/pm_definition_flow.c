#include "definition/pm_definition_internal.h"

#include <stdlib.h>
#include <string.h>


/* A flow of the target that has an id. */

typedef struct {
    const char  *name;
    const char  *id;
    size_t       index;
    size_t       next;      /* in the first of a name: the next to be given */
} pm_definition_flow_t;


static int
pm_definition_flow_compare(const void *a, const void *b)
{
    int                          rc;
    const pm_definition_flow_t  *left, *right;

    left = a;
    right = b;

    rc = strcmp(left->name, right->name);

    return rc ? rc : (left->index > right->index)
                     - (left->index < right->index);
}


static const char *
pm_definition_flow_text(const pm_node_t *flow, const char *key)
{
    const pm_node_t  *node;

    node = pm_node_get(flow, key);

    return node != NULL && node->kind == PM_NODE_STRING ? node->text.data
                                                        : "";
}


static int
pm_definition_flow_ids(pm_definition_job_t *job, const pm_node_t *target,
    pm_definition_flow_t **flows, size_t *nflows)
{
    size_t                 i;
    const char            *id;
    pm_definition_flow_t  *flow;

    *flows = NULL;
    *nflows = 0;

    target = pm_node_resolve(target);

    if (target == NULL || target->kind != PM_NODE_SEQUENCE
        || target->length == 0)
    {
        return 0;
    }

    *flows = pm_arena_alloc(job->arena, target->length * sizeof(**flows));
    if (*flows == NULL) {
        return pm_error_memory(job->err);
    }

    for (i = 0; i < target->length; i++) {
        id = pm_definition_flow_text(target->items[i], "id");

        if (*id == '\0') {
            continue;
        }

        flow = &(*flows)[(*nflows)++];
        flow->name = pm_definition_flow_text(target->items[i], "name");
        flow->id = id;
        flow->index = i;
        flow->next = 0;
    }

    qsort(*flows, *nflows, sizeof(**flows), pm_definition_flow_compare);

    return 0;
}


/* The id of the first flow of that name that was not given yet, or NULL. */

static const char *
pm_definition_flow_take(pm_definition_flow_t *flows, size_t n,
    const char *name)
{
    size_t                 i, low, high;
    pm_definition_flow_t  *first;

    low = 0;
    high = n;

    while (low < high) {
        i = low + (high - low) / 2;

        if (strcmp(flows[i].name, name) < 0) {
            low = i + 1;

        } else {
            high = i;
        }
    }

    if (low == n || strcmp(flows[low].name, name) != 0) {
        return NULL;
    }

    first = &flows[low];
    i = low + first->next;

    if (i >= n || strcmp(flows[i].name, name) != 0) {
        return NULL;
    }

    first->next++;

    return flows[i].id;
}


static int
pm_definition_flow_move(pm_definition_job_t *job, const pm_node_t *flow,
    const char *id, const pm_node_t **moved)
{
    int         rc, moves;
    size_t      i;
    pm_node_t  *made;

    made = pm_definition_tree_mapping(&job->tree, flow, flow->length + 1);
    *moved = made;

    if (made == NULL) {
        return pm_error_memory(job->err);
    }

    if (id != NULL) {
        rc = pm_definition_tree_set(&job->tree, made, "id", id, job->err);
        if (rc != 0) {
            return rc;
        }
    }

    for (i = 0; i < flow->length; i++) {
        rc = pm_definition_moves(job, PM_DEFINITION_OF_FLOW,
                                 &flow->members[i], &moves);
        if (rc != 0) {
            return rc;
        }

        if (moves) {
            pm_definition_tree_member(made, flow->members[i].key,
                                      flow->members[i].value);
        }
    }

    return 0;
}


int
pm_definition_move_flows(pm_definition_job_t *job, const pm_node_t *list,
    const pm_node_t *target, const pm_node_t **moved)
{
    int                    rc;
    size_t                 i, nflows;
    pm_node_t             *made;
    const char            *id;
    const pm_node_t       *flow, *copy;
    pm_definition_flow_t  *flows;

    list = pm_node_resolve(list);
    *moved = list;

    if (list->kind == PM_NODE_NULL) {
        return 0;
    }

    if (list->kind != PM_NODE_SEQUENCE) {
        return pm_definition_fault(job->source->file, list, job->err, "flows "
                                   "must be a list, and is %s",
                                   pm_node_kind_name(list));
    }

    rc = pm_definition_flow_ids(job, target, &flows, &nflows);
    if (rc != 0) {
        return rc;
    }

    made = pm_definition_tree_sequence(&job->tree, list, list->length);
    if (made == NULL) {
        return pm_error_memory(job->err);
    }

    for (i = 0; i < list->length; i++) {
        flow = pm_node_resolve(list->items[i]);

        if (flow->kind != PM_NODE_MAPPING) {
            return pm_definition_fault(job->source->file, flow, job->err,
                                       "each flow must be a mapping, and "
                                       "this is %s", pm_node_kind_name(flow));
        }

        id = pm_definition_flow_take(flows, nflows,
                                     pm_definition_flow_text(flow, "name"));

        rc = pm_definition_flow_move(job, flow, id, &copy);
        if (rc != 0) {
            return rc;
        }

        pm_definition_tree_item(made, copy);
    }

    *moved = made;

    return 0;
}
