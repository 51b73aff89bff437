#include "definition/pm_definition_internal.h"

#include <string.h>


/* What a page's or a plan's reference to a page becomes: the id that the page
 * has in the target, else its crossId; or nothing. */

static int
pm_definition_reference(pm_definition_job_t *job, const pm_node_t *value,
    const pm_definition_item_t *item, const char *field, const char *pointer,
    const pm_node_t **moved)
{
    const char                  *id;
    const pm_definition_item_t  *page, *there;

    *moved = NULL;
    value = pm_node_resolve(value);

    if (value->kind == PM_NODE_NULL
        || (value->kind == PM_NODE_STRING && value->text.len == 0))
    {
        return 0;
    }

    page = NULL;

    if (value->kind == PM_NODE_STRING || value->kind == PM_NODE_NUMBER) {
        page = pm_definition_item_by_id(&job->source->pages,
                                        value->text.data);
        if (page == NULL) {
            page = pm_definition_item_by_key(&job->source->pages,
                                             value->text.data);
        }
    }

    if (page == NULL) {
        return pm_definition_note(job, PM_DEFINITION_LOST_REFERENCE,
                                  *field == 'p' ? "page" : "plan",
                                  pm_arena_printf(job->arena, "%s/%s",
                                                  pointer, field),
                                  item->name);
    }

    id = page->cross_key;

    if (job->target != NULL) {
        there = pm_definition_item_by_key(&job->target->pages,
                                          page->cross_key);
        if (there != NULL && there->id != NULL) {
            id = there->id;
        }
    }

    *moved = value;

    if (strcmp(id, value->text.data) != 0) {
        *moved = pm_definition_tree_string(&job->tree, id);
    }

    return *moved ? 0 : pm_error_memory(job->err);
}


static int
pm_definition_plan_field(pm_definition_job_t *job,
    const pm_definition_item_t *item, const pm_definition_item_t *target,
    const char *pointer, const char *key, const pm_node_t **value)
{
    if (strcmp(key, "flows") == 0) {
        return pm_definition_move_flows(job, *value, target
                                        ? pm_node_get(target->node, "flows")
                                        : NULL, value);
    }

    if (strcmp(key, "generalConditions") == 0
        || strcmp(key, "general_conditions") == 0)
    {
        return pm_definition_reference(job, *value, item, key, pointer,
                                       value);
    }

    /* to open a closed plan again is not a promotion's */

    if (strcmp(key, "status") == 0 && target != NULL && target->closed) {
        *value = NULL;

        return pm_definition_note(job, PM_DEFINITION_STAYS_CLOSED, "plan",
                                  pointer, item->name);
    }

    return 0;
}


static int pm_definition_page_list(pm_definition_job_t *job,
    const pm_definition_item_t *item, const char *pointer,
    const pm_node_t *list, const pm_node_t **moved);


static int
pm_definition_page_field(pm_definition_job_t *job,
    const pm_definition_item_t *item, const char *pointer, const char *key,
    const pm_node_t **value)
{
    if (strcmp(key, "parentId") == 0 || strcmp(key, "parent_id") == 0) {
        return pm_definition_reference(job, *value, item, key, pointer,
                                       value);
    }

    if (strcmp(key, "children") == 0 || strcmp(key, "translations") == 0) {
        return pm_definition_page_list(job, item, pointer, *value, value);
    }

    return 0;
}


static int
pm_definition_page_fields(pm_definition_job_t *job,
    const pm_definition_item_t *item, const pm_node_t *page,
    const char *pointer, pm_node_t *made)
{
    int               rc, moves;
    size_t            i;
    const pm_node_t  *value;

    for (i = 0; i < page->length; i++) {
        rc = pm_definition_moves(job, PM_DEFINITION_OF_PAGE,
                                 &page->members[i], &moves);
        if (rc != 0) {
            return rc;
        }

        if (!moves) {
            continue;
        }

        value = page->members[i].value;

        rc = pm_definition_page_field(job, item, pointer,
                                pm_node_resolve(page->members[i].key)
                                    ->text.data, &value);
        if (rc != 0) {
            return rc;
        }

        if (value != NULL) {
            pm_definition_tree_member(made, page->members[i].key, value);
        }
    }

    return 0;
}


/* Pages inside of a page.  The depth that documents may have bounds the
 * recursion, but for aliases: those are refused. */

static int
pm_definition_page_list(pm_definition_job_t *job,
    const pm_definition_item_t *item, const char *pointer,
    const pm_node_t *list, const pm_node_t **moved)
{
    int               rc;
    size_t            i;
    pm_node_t        *made, *page;
    const pm_node_t  *child;

    *moved = list;

    if (list->kind == PM_NODE_NULL) {
        return 0;
    }

    made = pm_definition_tree_sequence(&job->tree, list, list->length);
    if (made == NULL) {
        return pm_error_memory(job->err);
    }

    for (i = 0; list->kind == PM_NODE_SEQUENCE && i < list->length; i++) {
        child = list->items[i];

        if (child->kind != PM_NODE_MAPPING) {
            break;
        }

        page = pm_definition_tree_mapping(&job->tree, child, child->length);
        if (page == NULL) {
            return pm_error_memory(job->err);
        }

        rc = pm_definition_page_fields(job, item, child, pointer, page);
        if (rc != 0) {
            return rc;
        }

        pm_definition_tree_item(made, page);
    }

    if (list->kind != PM_NODE_SEQUENCE || i < list->length) {
        return pm_definition_fault(job->source->file, list, job->err, "the "
                                   "pages inside of a page must be a list of "
                                   "mappings");
    }

    *moved = made;

    return 0;
}


int
pm_definition_move_page(pm_definition_job_t *job,
    const pm_definition_item_t *item, const pm_definition_item_t *target,
    const char *pointer, const pm_node_t **moved)
{
    int         rc;
    pm_node_t  *made;

    made = pm_definition_tree_mapping(&job->tree, item->node,
                                      item->node->length + 1);
    if (made == NULL) {
        return pm_error_memory(job->err);
    }

    *moved = made;

    rc = pm_definition_page_fields(job, item, item->node, pointer, made);

    if (rc == 0 && item->cross_id == NULL) {
        rc = pm_definition_tree_set(&job->tree, made, "crossId",
                                    item->cross_key, job->err);
    }

    return rc;
}


int
pm_definition_move_plan(pm_definition_job_t *job,
    const pm_definition_item_t *item, const pm_definition_item_t *target,
    const char *pointer, const pm_node_t **moved)
{
    int                rc, moves;
    size_t             i;
    pm_node_t         *made;
    const pm_node_t   *value;
    const pm_member_t *member;

    made = pm_definition_tree_mapping(&job->tree, item->node,
                                      item->node->length + 1);
    if (made == NULL) {
        return pm_error_memory(job->err);
    }

    *moved = made;

    for (i = 0; i < item->node->length; i++) {
        member = &item->node->members[i];

        rc = pm_definition_moves(job, PM_DEFINITION_OF_PLAN, member, &moves);
        if (rc != 0) {
            return rc;
        }

        if (!moves) {
            continue;
        }

        value = member->value;

        rc = pm_definition_plan_field(job, item, target, pointer,
                                      pm_node_resolve(member->key)->text.data,
                                      &value);
        if (rc != 0) {
            return rc;
        }

        if (value != NULL) {
            pm_definition_tree_member(made, member->key, value);
        }
    }

    if (item->cross_id != NULL) {
        return 0;
    }

    return pm_definition_tree_set(&job->tree, made, "crossId",
                                  item->cross_key, job->err);
}
