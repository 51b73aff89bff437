#include "document/pm_edit_verify.h"

#include <string.h>


static int pm_verify_equal(pm_verify_t *v, const pm_node_t *result,
    const pm_node_t *other);


static int
pm_verify_step(pm_verify_t *v, size_t depth)
{
    if (++v->steps > PM_EDIT_STEPS || depth > PM_EDIT_DEPTH) {
        v->many = 1;
        return 0;
    }

    return 1;
}


static int
pm_verify_text(const pm_string_t *a, const pm_string_t *b)
{
    return a->len == b->len && memcmp(a->data, b->data, a->len) == 0;
}


static int
pm_verify_tag(const pm_node_t *a, const pm_node_t *b)
{
    pm_string_t  left, right;

    left = pm_edit_tag(a);
    right = pm_edit_tag(b);

    return pm_verify_text(&left, &right);
}


/* Text; and plain or not, where that matters to YAML 1.1. */

static int
pm_verify_scalar(const pm_verify_t *v, const pm_node_t *result,
    const pm_node_t *other)
{
    switch (result->kind) {

    case PM_NODE_NULL:
        return 1;

    case PM_NODE_BOOLEAN:
        return v->across ? result->boolean == other->boolean
                         : pm_verify_text(&result->text, &other->text);

    case PM_NODE_STRING:
        if (!v->json && pm_edit_ambiguous(&other->text)
            && (result->style == PM_STYLE_PLAIN)
               != (other->style == PM_STYLE_PLAIN))
        {
            return 0;
        }

        /* fall through */

    default:
        return pm_verify_text(&result->text, &other->text);
    }
}


/* The member of a mapping that another one's member corresponds to. */

static const pm_node_t *
pm_verify_member(const pm_node_t *mapping, const pm_member_t *other)
{
    pm_member_t        *member;
    const pm_string_t  *key;

    key = &pm_node_resolve(other->key)->text;
    member = pm_node_member(mapping, key->data, key->len);

    return member ? member->value : NULL;
}


/* Whether the result is the other node, all of it. */

int
pm_verify_same(pm_verify_t *v, const pm_node_t *result,
    const pm_node_t *other)
{
    int  same;

    if (result == NULL || other == NULL) {
        return result == other;
    }

    if (!pm_verify_step(v, ++v->depth)) {
        return 0;
    }

    same = pm_verify_equal(v, result, other);
    v->depth--;

    return same;
}


static int
pm_verify_equal(pm_verify_t *v, const pm_node_t *result,
    const pm_node_t *other)
{
    size_t            i;
    const pm_node_t  *value;

    result = pm_node_resolve(result);
    other = pm_node_resolve(other);

    if (result->kind != other->kind || result->length != other->length
        || !pm_verify_tag(result, other))
    {
        return 0;
    }

    if (result->kind != PM_NODE_MAPPING && result->kind != PM_NODE_SEQUENCE) {
        return pm_verify_scalar(v, result, other);
    }

    for (i = 0; i < other->length; i++) {

        if (other->kind == PM_NODE_SEQUENCE) {

            if (!pm_verify_same(v, result->items[i], other->items[i])) {
                return 0;
            }

            continue;
        }

        value = pm_verify_member(result, &other->members[i]);

        if (value == NULL
            || !pm_verify_same(v, value, other->members[i].value))
        {
            return 0;
        }
    }

    return 1;
}


/* Whether the result is what of the source is to be moved. */

static int
pm_verify_moved(pm_verify_t *v, const pm_node_t *result,
    const pm_node_t *source, const pm_frame_t *frame)
{
    size_t            i, n;
    pm_frame_t        child;
    const pm_node_t  *value, *moved;

    if (pm_picks_whole(&frame->selected, frame->depth)
        && pm_picks_none(&frame->excluded))
    {
        return pm_verify_same(v, result, source);
    }

    if (result == NULL || !pm_verify_step(v, frame->depth)) {
        return 0;
    }

    result = pm_node_resolve(result);
    source = pm_node_resolve(source);

    if (result->kind != source->kind || !pm_verify_tag(result, source)) {
        return 0;
    }

    for (i = 0, n = 0; i < source->length; i++) {
        child = pm_frame_child(frame, i, PM_FRAME_NOWHERE);

        moved = (source->kind == PM_NODE_MAPPING) ? source->members[i].value
                                                  : source->items[i];

        if (!pm_frame_moves(&child, moved)) {
            continue;
        }

        if (source->kind == PM_NODE_MAPPING) {
            value = pm_verify_member(result, &source->members[i]);

        } else {
            value = (n < result->length) ? result->items[n] : NULL;
        }

        if (!pm_verify_moved(v, value, moved, &child)) {
            return 0;
        }

        n++;
    }

    return result->length == n;
}


static int
pm_verify_mapping(pm_verify_t *v, const pm_node_t *result,
    const pm_node_t *source, const pm_node_t *destination,
    const pm_frame_t *frame)
{
    size_t              i, n;
    pm_frame_t          child;
    pm_member_t        *member;
    const pm_node_t    *value, *merge;
    const pm_string_t  *key;

    /* all keys of the destination are there */

    for (i = 0; i < destination->length; i++) {
        key = &pm_node_resolve(destination->members[i].key)->text;
        value = pm_verify_member(result, &destination->members[i]);
        member = pm_node_member(source, key->data, key->len);

        if (value == NULL) {
            return 0;
        }

        if (member == NULL) {

            if (!pm_verify_same(v, value, destination->members[i].value)) {
                return 0;
            }

            continue;
        }

        child = pm_frame_child(frame, (size_t) (member - source->members), i);

        if (!pm_verify_merged(v, value, member->value,
                              destination->members[i].value, &child))
        {
            return 0;
        }
    }

    /* and those of the source that it lacks, unless merge keys give them */

    for (i = 0, n = destination->length; i < source->length; i++) {
        child = pm_frame_child(frame, i, PM_FRAME_NOWHERE);

        if (pm_picks_none(&child.selected)
            || pm_verify_member(destination, &source->members[i]) != NULL
            || !pm_frame_moves(&child, source->members[i].value))
        {
            continue;
        }

        value = pm_verify_member(result, &source->members[i]);

        if (value != NULL) {
            n++;

        } else {
            value = pm_edit_merged(result,
                                   &pm_node_resolve(source->members[i].key)
                                        ->text, &merge);
        }

        if (!pm_verify_moved(v, value, source->members[i].value, &child)) {
            return 0;
        }
    }

    return result->length == n;
}


/* Items matched by their index: those that are not selected stay. */

static int
pm_verify_items(pm_verify_t *v, const pm_node_t *result,
    const pm_node_t *source, const pm_node_t *destination,
    const pm_frame_t *frame)
{
    size_t      i, n;
    pm_frame_t  child;

    n = destination->length;

    for (i = 0; i < source->length || i < destination->length; i++) {
        child = pm_frame_child(frame, i, i);

        if (i >= source->length || pm_picks_none(&child.selected)) {

            if (i < destination->length
                && (i >= result->length
                    || !pm_verify_same(v, result->items[i],
                                       destination->items[i])))
            {
                return 0;
            }

            continue;
        }

        if (i < destination->length) {

            if (i >= result->length
                || !pm_verify_merged(v, result->items[i], source->items[i],
                                     destination->items[i], &child))
            {
                return 0;
            }

            continue;
        }

        if (!pm_frame_moves(&child, source->items[i])) {
            continue;
        }

        if (i != n || i >= result->length
            || !pm_verify_moved(v, result->items[i], source->items[i],
                                &child))
        {
            return 0;
        }

        n++;
    }

    return result->length == n;
}


int
pm_verify_merged(pm_verify_t *v, const pm_node_t *result,
    const pm_node_t *source, const pm_node_t *destination,
    const pm_frame_t *frame)
{
    int  whole;

    if (pm_picks_none(&frame->selected)
        || pm_picks_whole(&frame->excluded, frame->depth)
        || pm_picks_whole(&frame->spared, frame->depth)
        || (source != NULL && !pm_frame_moves(frame, source)))
    {
        return pm_verify_same(v, result, destination);
    }

    if (result == NULL || source == NULL
        || !pm_verify_step(v, frame->depth))
    {
        return 0;
    }

    if (destination == NULL) {
        return pm_verify_moved(v, result, source, frame);
    }

    v->place = destination;
    result = pm_node_resolve(result);
    source = pm_node_resolve(source);
    destination = pm_node_resolve(destination);
    whole = pm_picks_whole(&frame->selected, frame->depth);

    if (whole && !pm_verify_tag(result, source)) {
        return 0;
    }

    if (source->kind == destination->kind) {

        if (source->kind == PM_NODE_MAPPING) {
            return result->kind == PM_NODE_MAPPING
                   && pm_verify_mapping(v, result, source, destination,
                                        frame);
        }

        if (source->kind == PM_NODE_SEQUENCE
            && (!whole || !pm_picks_none(&frame->excluded)
                || !pm_picks_none(&frame->spared)))
        {
            return result->kind == PM_NODE_SEQUENCE
                   && (!whole || source->length == destination->length)
                   && pm_verify_items(v, result, source, destination, frame);
        }

    } else if (!whole && destination->kind != PM_NODE_NULL) {
        return 0;
    }

    return pm_verify_moved(v, result, source, frame);
}
