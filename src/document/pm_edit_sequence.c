/*
 * A sequence that is selected as a whole becomes the source's, with as few
 * changes as that takes.
 */

#include "document/pm_edit_internal.h"

#include <string.h>


static int pm_sequence_equal(pm_edit_t *e, const pm_node_t *a,
    const pm_node_t *b, int *equal);
static int pm_sequence_compare(pm_edit_t *e, const pm_node_t *a,
    const pm_node_t *b, int *equal);


static int
pm_sequence_members_equal(pm_edit_t *e, const pm_node_t *a,
    const pm_node_t *b, int *equal)
{
    int                 rc;
    size_t              i;
    pm_member_t        *member;
    const pm_string_t  *key;

    for (i = 0; *equal && i < a->length; i++) {
        key = &pm_node_resolve(a->members[i].key)->text;
        member = pm_node_member(b, key->data, key->len);

        if (member == NULL) {
            *equal = 0;
            return 0;
        }

        rc = pm_sequence_equal(e, a->members[i].value, member->value, equal);
        if (rc != 0) {
            return rc;
        }
    }

    return 0;
}


static int
pm_sequence_equal(pm_edit_t *e, const pm_node_t *a, const pm_node_t *b,
    int *equal)
{
    int  rc;

    rc = pm_edit_enter(e);

    if (rc == 0) {
        rc = pm_sequence_compare(e, a, b, equal);
    }

    e->depth--;

    return rc;
}


static int
pm_sequence_compare(pm_edit_t *e, const pm_node_t *a, const pm_node_t *b,
    int *equal)
{
    int     rc;
    size_t  i;

    a = pm_node_resolve(a);
    b = pm_node_resolve(b);

    *equal = (a->kind == b->kind && a->length == b->length);

    if (!*equal) {
        return 0;
    }

    if (a->kind == PM_NODE_MAPPING) {
        *equal = strcmp(pm_edit_tag(a).data, pm_edit_tag(b).data) == 0;
        return pm_sequence_members_equal(e, a, b, equal);
    }

    if (a->kind != PM_NODE_SEQUENCE) {
        *equal = pm_edit_scalar_equal(e, a, b);
        return 0;
    }

    *equal = strcmp(pm_edit_tag(a).data, pm_edit_tag(b).data) == 0;

    for (i = 0; *equal && i < a->length; i++) {
        rc = pm_sequence_equal(e, a->items[i], b->items[i], equal);
        if (rc != 0) {
            return rc;
        }
    }

    return 0;
}


/* Two mappings with the same keys.  "Same" items of a sequence also agree in
 * what comes first in the destination: a name, as a rule. */

static int
pm_sequence_alike(pm_edit_t *e, const pm_node_t *source,
    const pm_node_t *destination, int items, int *alike)
{
    size_t              i;
    pm_member_t        *member;
    const pm_string_t  *key;

    *alike = 0;

    if (source->kind != PM_NODE_MAPPING
        || destination->kind != PM_NODE_MAPPING
        || source->length != destination->length || source->length == 0)
    {
        return 0;
    }

    for (i = 0; i < source->length; i++) {
        key = &pm_node_resolve(source->members[i].key)->text;

        if (pm_node_member(destination, key->data, key->len) == NULL) {
            return 0;
        }
    }

    *alike = 1;

    if (!items) {
        return 0;
    }

    key = &pm_node_resolve(destination->members[0].key)->text;
    member = pm_node_member(source, key->data, key->len);

    return pm_sequence_equal(e, member->value, destination->members[0].value,
                             alike);
}


/* Makes the destination's node equal to the source's. */

static int
pm_sequence_exact(pm_edit_t *e, const pm_frame_t *frame,
    const pm_crumb_t *crumb, const pm_node_t *source,
    const pm_node_t *destination, int item)
{
    int               rc, yes;
    size_t            i;
    pm_crumb_t        below;
    pm_member_t      *member;
    const pm_node_t  *alias, *to;
    pm_edit_value_t  *value;

    rc = pm_sequence_equal(e, source, destination, &yes);

    if (rc != 0 || yes) {
        return rc;
    }

    rc = pm_edit_enter(e);
    if (rc != 0) {
        return rc;
    }

    alias = e->alias;

    if (alias == NULL && destination->kind == PM_NODE_ALIAS) {
        e->alias = destination;
    }

    source = pm_node_resolve(source);
    to = pm_node_resolve(destination);

    rc = pm_sequence_alike(e, source, to, item, &yes);
    below.parent = crumb;

    if (rc == 0 && yes) {

        for (i = 0; rc == 0 && i < source->length; i++) {
            below.key = &pm_node_resolve(source->members[i].key)->text;
            member = pm_node_member(to, below.key->data, below.key->len);

            rc = pm_sequence_exact(e, frame, &below,
                                   source->members[i].value, member->value,
                                   0);
        }

    } else if (rc == 0 && source->kind == PM_NODE_SEQUENCE
               && to->kind == PM_NODE_SEQUENCE)
    {
        rc = pm_edit_sequence(e, frame, crumb, source, to);

    } else if (rc == 0) {
        e->at = to;
        rc = pm_edit_value(e, frame, source, &value);

        if (rc == 0) {
            rc = pm_edit_change(e, crumb, to, value);
        }
    }

    e->alias = alias;
    e->depth--;

    return rc;
}


/* With exclusions inside, items are merged one by one. */

static int
pm_sequence_merge(pm_edit_t *e, const pm_frame_t *frame,
    const pm_crumb_t *crumb, const pm_node_t *source,
    const pm_node_t *destination)
{
    int         rc;
    size_t      i;
    pm_crumb_t  below;
    pm_frame_t  child;

    if (source->length != destination->length) {
        return pm_edit_fault(e, destination, "excluded values stand in this "
                             "sequence of %zu items, and the source's has "
                             "%zu", destination->length, source->length);
    }

    below.parent = crumb;
    below.key = NULL;

    for (i = 0; i < source->length; i++) {
        child = pm_frame_child(frame, i, i);
        below.index = i;

        rc = pm_edit_plan(e, &child, &below, source->items[i],
                          destination->items[i]);
        if (rc != 0) {
            return rc;
        }
    }

    return 0;
}


/* Whether two items can be made equal where they are. */

static int
pm_sequence_pair(pm_edit_t *e, const pm_node_t *source,
    const pm_node_t *destination, int *pair)
{
    int  rc;

    rc = pm_sequence_equal(e, source, destination, pair);

    if (rc != 0 || *pair) {
        return rc;
    }

    return pm_sequence_alike(e, pm_node_resolve(source),
                             pm_node_resolve(destination), 1, pair);
}


/* How many items correspond at the beginning, and of the others at the
 * end. */

static int
pm_sequence_ends(pm_edit_t *e, const pm_node_t *source,
    const pm_node_t *destination, size_t *first, size_t *last)
{
    int     rc, pair;
    size_t  n;

    n = source->length < destination->length ? source->length
                                             : destination->length;

    for (*first = 0; *first < n; (*first)++) {
        rc = pm_sequence_pair(e, source->items[*first],
                              destination->items[*first], &pair);
        if (rc != 0) {
            return rc;
        }

        if (!pair) {
            break;
        }
    }

    for (*last = 0; *last < n - *first; (*last)++) {
        rc = pm_sequence_pair(e, source->items[source->length - 1 - *last],
                              destination->items[destination->length - 1
                                                 - *last], &pair);
        if (rc != 0) {
            return rc;
        }

        if (!pair) {
            break;
        }
    }

    return 0;
}


/* Pairs of items, each on its own. */

static int
pm_sequence_pairs(pm_edit_t *e, const pm_frame_t *frame,
    const pm_crumb_t *crumb, pm_node_t *const *source,
    pm_node_t *const *destination, size_t n, size_t index)
{
    int         rc;
    size_t      i;
    pm_crumb_t  below;

    below.parent = crumb;
    below.key = NULL;

    for (i = 0; i < n; i++) {
        below.index = index + i;

        rc = pm_sequence_exact(e, frame, &below, source[i], destination[i],
                               1);
        if (rc != 0) {
            return rc;
        }
    }

    return 0;
}


/* Items [first, length - last) are not as many as in the source. */

static int
pm_sequence_resize(pm_edit_t *e, const pm_frame_t *frame,
    const pm_crumb_t *crumb, const pm_node_t *source,
    const pm_node_t *destination, size_t first, size_t last)
{
    int               rc;
    size_t            to, n;
    pm_edit_value_t  *value;

    e->at = destination;

    rc = pm_edit_value(e, frame, source, &value);
    if (rc != 0) {
        return rc;
    }

    to = destination->length - last;
    n = source->length - last - first;

    rc = pm_edit_shared(e, destination,
                        (first < to) ? destination->items[first]->start
                                     : destination->end,
                        (first < to) ? destination->items[to - 1]->end
                                     : destination->end);

    if (rc == 0) {
        rc = pm_edit_record(e, crumb, destination, value);
    }

    if (rc == 0) {
        rc = pm_edit_items(e, destination, first, to, value->values + first,
                           n);
    }

    if (rc == PM_EDIT_WHOLE) {
        rc = pm_edit_shared(e, destination, destination->start,
                            destination->end);

        if (rc == 0) {
            rc = pm_edit_replace(e, destination, value);
        }
    }

    return rc;
}


int
pm_edit_sequence(pm_edit_t *e, const pm_frame_t *frame,
    const pm_crumb_t *crumb, const pm_node_t *source,
    const pm_node_t *destination)
{
    int               rc;
    size_t            first, last;
    pm_edit_value_t  *value;

    if (!pm_picks_none(&frame->excluded) || !pm_picks_none(&frame->spared)) {
        return pm_sequence_merge(e, frame, crumb, source, destination);
    }

    if (source->length == destination->length) {
        return pm_sequence_pairs(e, frame, crumb, source->items,
                                 destination->items, source->length, 0);
    }

    if (e->alias != NULL) {
        pm_edit_through_alias(e);
        return 0;
    }

    rc = pm_sequence_ends(e, source, destination, &first, &last);
    if (rc != 0) {
        return rc;
    }

    if (first + last == 0 || destination->tag.len + source->tag.len > 0) {
        e->at = destination;

        rc = pm_edit_value(e, frame, source, &value);

        return rc ? rc : pm_edit_change(e, crumb, destination, value);
    }

    rc = pm_sequence_pairs(e, frame, crumb, source->items,
                           destination->items, first, 0);
    if (rc != 0) {
        return rc;
    }

    rc = pm_sequence_resize(e, frame, crumb, source, destination, first,
                            last);
    if (rc != 0) {
        return rc;
    }

    return pm_sequence_pairs(e, frame, crumb,
                             source->items + source->length - last,
                             destination->items + destination->length - last,
                             last, destination->length - last);
}
