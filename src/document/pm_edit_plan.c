/*
 * Source and destination side by side, from their roots down: what is
 * selected and differs becomes a change.
 */

#include "document/pm_edit_internal.h"

#include <stdlib.h>
#include <string.h>


/* Mappings looked at for a key behind a merge key. */

#define PM_PLAN_MERGES  64


typedef struct {
    size_t                after;      /* the member before it */
    size_t                order;      /* in the source */
    const pm_node_t      *key;
    pm_edit_value_t      *value;
} pm_plan_new_t;


/* node: a mapping, or a sequence of mappings; each may merge others. */

static const pm_node_t *
pm_plan_merged(const pm_node_t *node, const pm_string_t *key, int *left)
{
    size_t            i;
    pm_member_t      *member;
    const pm_node_t  *found;

    node = pm_node_resolve(node);

    if (--*left < 0) {
        return NULL;
    }

    if (node->kind == PM_NODE_SEQUENCE) {

        for (i = 0, found = NULL; found == NULL && i < node->length; i++) {
            found = pm_plan_merged(node->items[i], key, left);

            if (*left < 0) {
                break;
            }
        }

        return found;
    }

    member = pm_node_member(node, key->data, key->len);

    if (member != NULL) {
        return member->value;
    }

    member = pm_node_member(node, "<<", 2);

    return member ? pm_plan_merged(member->value, key, left) : NULL;
}


const pm_node_t *
pm_edit_merged(const pm_node_t *mapping, const pm_string_t *key,
    const pm_node_t **merge)
{
    int           left;
    pm_member_t  *member;

    member = pm_node_member(mapping, "<<", 2);

    if (member == NULL || (key->len == 2 && memcmp(key->data, "<<", 2) == 0))
    {
        return NULL;
    }

    left = PM_PLAN_MERGES;
    *merge = member->value;

    return pm_plan_merged(member->value, key, &left);
}


static int
pm_plan_new_compare(const void *a, const void *b)
{
    const pm_plan_new_t  *left, *right;

    left = a;
    right = b;

    if (left->after != right->after) {
        return left->after < right->after ? -1 : 1;
    }

    return (left->order > right->order) - (left->order < right->order);
}


/* Those after one member go in together. */

static int
pm_plan_insert(pm_edit_t *e, const pm_node_t *destination,
    pm_plan_new_t *list, size_t n)
{
    int                 rc;
    size_t              i, from;
    const pm_node_t   **keys;
    pm_edit_value_t   **values;

    if (n == 0) {
        return 0;
    }

    keys = pm_arena_alloc(e->arena, n * sizeof(pm_node_t *));
    values = pm_arena_alloc(e->arena, n * sizeof(pm_edit_value_t *));

    if (keys == NULL || values == NULL) {
        return pm_error_memory(e->err);
    }

    for (i = 0; i < n; i++) {
        keys[i] = list[i].key;
        values[i] = list[i].value;
    }

    for (from = 0, i = 1; i <= n; i++) {

        if (i < n && list[i].after == list[from].after) {
            continue;
        }

        rc = pm_edit_add(e, destination, list[from].after, keys + from,
                         values + from, i - from);
        if (rc != 0) {
            return rc;
        }

        from = i;
    }

    return 0;
}


/* A key that the destination's mapping lacks. */

static int
pm_plan_missing(pm_edit_t *e, const pm_frame_t *frame,
    const pm_crumb_t *crumb, const pm_node_t *source,
    const pm_node_t *destination, pm_plan_new_t *new)
{
    int               rc;
    const pm_node_t  *alias, *merge, *merged;

    new->value = NULL;

    merged = pm_edit_merged(destination, crumb->key, &merge);

    if (merged != NULL) {
        alias = e->alias;

        if (alias == NULL) {
            e->alias = merge;
            e->merged = 1;
        }

        rc = pm_edit_plan(e, frame, crumb, source, merged);

        e->alias = alias;
        e->merged = (alias != NULL) ? e->merged : 0;

        return rc;
    }

    e->at = destination;

    rc = pm_edit_value(e, frame, source, &new->value);

    if (rc != 0 || new->value == NULL) {
        return rc;
    }

    rc = pm_edit_merge_key(e, new->key);

    if (rc == 0 && e->alias == NULL) {
        rc = pm_edit_record(e, crumb, NULL, new->value);
    }

    return rc;
}


static int
pm_plan_members(pm_edit_t *e, const pm_frame_t *frame,
    const pm_crumb_t *crumb, const pm_node_t *source,
    const pm_node_t *destination, pm_buffer_t *list)
{
    int                 rc;
    size_t              i, seen;
    pm_crumb_t          below;
    pm_frame_t          child;
    pm_member_t        *member;
    pm_plan_new_t       new;
    const pm_string_t  *key;

    seen = 0;
    below.parent = crumb;
    new.after = destination->length - 1;

    for (i = 0; i < source->length; i++) {
        child = pm_frame_child(frame, i, PM_FRAME_NOWHERE);

        if (pm_picks_none(&child.selected)) {
            continue;
        }

        below.key = &pm_node_resolve(source->members[i].key)->text;
        member = pm_node_member(destination, below.key->data,
                                below.key->len);

        if (member != NULL) {
            child = pm_frame_child(frame, i,
                                   (size_t) (member - destination->members));

            rc = pm_edit_plan(e, &child, &below, source->members[i].value,
                              member->value);
            if (rc != 0) {
                return rc;
            }

            continue;
        }

        /* after what comes before it in the source */

        for ( /* void */ ; seen < i; seen++) {
            key = &pm_node_resolve(source->members[seen].key)->text;
            member = pm_node_member(destination, key->data, key->len);

            if (member != NULL) {
                new.after = (size_t) (member - destination->members);
            }
        }

        new.order = i;
        new.key = pm_node_resolve(source->members[i].key);

        rc = pm_plan_missing(e, &child, &below, source->members[i].value,
                             destination, &new);
        if (rc != 0) {
            return rc;
        }

        if (new.value != NULL) {
            pm_buffer_append(list, &new, sizeof(pm_plan_new_t));
        }
    }

    return 0;
}


static int
pm_plan_mapping(pm_edit_t *e, const pm_frame_t *frame,
    const pm_crumb_t *crumb, const pm_node_t *source,
    const pm_node_t *destination)
{
    int             rc;
    size_t          n;
    pm_buffer_t     list;
    pm_plan_new_t  *news;

    memset(&list, 0, sizeof(pm_buffer_t));

    rc = pm_plan_members(e, frame, crumb, source, destination, &list);

    if (rc == 0 && list.failed) {
        rc = pm_error_memory(e->err);
    }

    if (rc == 0 && list.len > 0) {
        news = (pm_plan_new_t *) (void *) list.data;
        n = list.len / sizeof(pm_plan_new_t);

        qsort(news, n, sizeof(pm_plan_new_t), pm_plan_new_compare);

        rc = pm_plan_insert(e, destination, news, n);
    }

    pm_buffer_free(&list);

    return rc;
}


/* Single items of a sequence, by their index; new ones at the end. */

static int
pm_plan_items(pm_edit_t *e, const pm_frame_t *frame, const pm_crumb_t *crumb,
    const pm_node_t *source, const pm_node_t *destination)
{
    int                rc;
    size_t             i, n;
    pm_crumb_t         below;
    pm_frame_t         child;
    pm_edit_value_t   *value, **values;

    n = 0;
    values = NULL;
    below.parent = crumb;
    below.key = NULL;

    for (i = 0; i < source->length; i++) {
        child = pm_frame_child(frame, i, i);
        below.index = i;

        if (pm_picks_none(&child.selected)) {
            continue;
        }

        if (i < destination->length) {
            rc = pm_edit_plan(e, &child, &below, source->items[i],
                              destination->items[i]);
            if (rc != 0) {
                return rc;
            }

            continue;
        }

        e->at = destination;

        rc = pm_edit_value(e, &child, source->items[i], &value);
        if (rc != 0) {
            return rc;
        }

        if (value == NULL) {
            continue;
        }

        if (i != destination->length + n) {
            return pm_edit_fault(e, destination, "the sequence has %zu "
                                 "items, so that item %zu of the source has "
                                 "no place in it", destination->length, i);
        }

        if (values == NULL) {
            values = pm_arena_alloc(e->arena, (source->length - i)
                                              * sizeof(pm_edit_value_t *));
            if (values == NULL) {
                return pm_error_memory(e->err);
            }
        }

        rc = e->alias ? 0 : pm_edit_record(e, &below, NULL, value);
        if (rc != 0) {
            return rc;
        }

        values[n++] = value;
    }

    return n ? pm_edit_add(e, destination, destination->length - 1, NULL,
                           values, n)
             : 0;
}


static int
pm_plan_replace(pm_edit_t *e, const pm_frame_t *frame,
    const pm_crumb_t *crumb, const pm_node_t *source,
    const pm_node_t *destination)
{
    int               rc;
    const char       *pointer;
    pm_edit_value_t  *value;

    e->at = destination;

    rc = pm_edit_value(e, frame, source, &value);

    if (rc != 0 || value == NULL) {
        return rc;
    }

    if (destination->kind != PM_NODE_NULL && destination->length > 0
        && !pm_picks_none(&frame->spared))
    {
        return pm_edit_fault(e, NULL, "an excluded value stands in what "
                             "would be replaced");
    }

    if (!pm_picks_whole(&frame->selected, frame->depth)
        && destination->kind != PM_NODE_NULL
        && (destination->kind != source->kind || destination->length > 0))
    {
        pointer = pm_edit_pointer(e, crumb);

        return pm_edit_fault(e, NULL, "%s is %s here and %s in the source; "
                             "promote all of it, or the whole file",
                             pointer && *pointer ? pointer : "the document",
                             pm_node_kind_name(destination),
                             pm_node_kind_name(source));
    }

    if (value->length == 0 && destination->length == 0
        && source->kind == destination->kind
        && (source->kind == PM_NODE_MAPPING
            || source->kind == PM_NODE_SEQUENCE))
    {
        return 0;
    }

    return pm_edit_change(e, crumb, destination, value);
}


static int
pm_plan_pair(pm_edit_t *e, const pm_frame_t *frame, const pm_crumb_t *crumb,
    const pm_node_t *source, const pm_node_t *destination)
{
    int  whole;

    whole = pm_picks_whole(&frame->selected, frame->depth);

    if (source->kind == destination->kind
        && (!whole || strcmp(pm_edit_tag(source).data,
                             pm_edit_tag(destination).data) == 0))
    {
        if (source->kind == PM_NODE_MAPPING) {

            if (destination->length > 0) {
                return pm_plan_mapping(e, frame, crumb, source, destination);
            }

        } else if (source->kind == PM_NODE_SEQUENCE) {

            if (whole) {
                return pm_edit_sequence(e, frame, crumb, source,
                                        destination);
            }

            if (destination->length > 0) {
                return pm_plan_items(e, frame, crumb, source, destination);
            }

        } else if (pm_edit_scalar_equal(e, source, destination)) {
            return 0;
        }
    }

    return pm_plan_replace(e, frame, crumb, source, destination);
}


int
pm_edit_plan(pm_edit_t *e, const pm_frame_t *frame, const pm_crumb_t *crumb,
    const pm_node_t *source, const pm_node_t *destination)
{
    int               rc;
    const pm_node_t  *alias;

    if (pm_picks_none(&frame->selected)
        || pm_picks_whole(&frame->excluded, frame->depth)
        || pm_picks_whole(&frame->spared, frame->depth))
    {
        return 0;
    }

    rc = pm_edit_enter(e);
    if (rc != 0) {
        return rc;
    }

    alias = e->alias;

    if (alias == NULL && destination->kind == PM_NODE_ALIAS) {
        e->alias = destination;
    }

    rc = pm_plan_pair(e, frame, crumb, pm_node_resolve(source),
                      pm_node_resolve(destination));

    e->alias = alias;
    e->depth--;

    return rc;
}
