#include "document/pm_edit_internal.h"

#include <string.h>


/* More than two documents can need without aliases. */

#define PM_VALUE_BYTES  (8 * PM_DOCUMENT_SIZE)
#define PM_VALUE_COST   16


static int pm_value_collection(pm_edit_t *e, const pm_frame_t *frame,
    const pm_node_t *node, pm_edit_value_t *value);


static int
pm_value_count(pm_edit_t *e, const pm_node_t *node)
{
    e->bytes += PM_VALUE_COST + node->text.len;

    if (e->bytes > PM_VALUE_BYTES) {
        return pm_edit_fault(e, NULL, "what the aliases stand for is too "
                             "large; promote the whole file");
    }

    if (e->nesting > PM_DOCUMENT_DEPTH) {
        return pm_edit_fault(e, NULL, "nested deeper than %d levels",
                             PM_DOCUMENT_DEPTH);
    }

    return 0;
}


/* Neither an alias, anchor or tag, nor a line break, within. */

static int
pm_value_verbatim(const pm_edit_t *e, const pm_edit_value_t *value)
{
    size_t                  i;
    const pm_node_t        *node;
    const pm_edit_value_t  *child;

    node = value->node;

    if (node->style != PM_STYLE_FLOW || value->length != node->length
        || e->source->text.data[node->start] == '\0'
        || strchr("[{", e->source->text.data[node->start]) == NULL
        || pm_line_end(e->source, node->start, node->end) < node->end)
    {
        return 0;
    }

    for (i = 0; i < value->length; i++) {
        child = value->values[i];

        if (child->node->parent != node || child->node->anchor.len > 0
            || child->node->tag.len > 0
            || (child->length > 0 && !child->verbatim))
        {
            return 0;
        }

        if (node->kind == PM_NODE_MAPPING
            && (value->keys[i]->parent != node
                || value->keys[i]->anchor.len > 0
                || value->keys[i]->tag.len > 0))
        {
            return 0;
        }
    }

    return 1;
}


int
pm_edit_value(pm_edit_t *e, const pm_frame_t *frame, const pm_node_t *node,
    pm_edit_value_t **result)
{
    int               rc;
    pm_edit_value_t  *value;

    *result = NULL;

    if (frame != NULL && (pm_picks_whole(&frame->excluded, frame->depth)
                          || pm_picks_none(&frame->selected)))
    {
        return 0;
    }

    node = pm_node_resolve(node);

    rc = pm_value_count(e, node);
    if (rc != 0) {
        return rc;
    }

    value = pm_arena_zalloc(e->arena, sizeof(pm_edit_value_t));
    if (value == NULL) {
        return pm_error_memory(e->err);
    }

    value->node = node;

    if (node->length > 0) {
        e->nesting++;
        rc = pm_value_collection(e, frame, node, value);
        e->nesting--;

        if (rc != 0 || value->length == 0) {
            return rc;
        }
    }

    value->verbatim = (frame != NULL) && pm_value_verbatim(e, value);
    *result = value;

    return 0;
}


/* A merge key can only be moved together with what it refers to. */

int
pm_edit_merge_key(pm_edit_t *e, const pm_node_t *key)
{
    if (key->style == PM_STYLE_PLAIN && strcmp(key->text.data, "<<") == 0) {
        return pm_edit_fault(e, NULL, "the source has a merge key (<<) here, "
                             "in its line %u, which cannot be moved; promote "
                             "the whole file", key->line);
    }

    return 0;
}


/* An item keeps its index only if all before it move as well. */

static int
pm_value_index(pm_edit_t *e, const pm_frame_t *frame,
    const pm_edit_value_t *value, size_t index)
{
    if (value->length < index && !pm_picks_whole(&frame->selected,
                                                 frame->depth))
    {
        return pm_edit_fault(e, NULL, "item %zu of the sequence in the "
                             "source's line %u cannot be created here: those "
                             "before it are not selected", index,
                             value->node->line);
    }

    return 0;
}


static int
pm_value_collection(pm_edit_t *e, const pm_frame_t *frame,
    const pm_node_t *node, pm_edit_value_t *value)
{
    int               rc;
    size_t            i;
    pm_frame_t        child;
    const pm_node_t  *source, *key;
    pm_edit_value_t  *made;

    value->values = pm_arena_alloc(e->arena,
                                   node->length * sizeof(pm_edit_value_t *));
    value->keys = pm_arena_alloc(e->arena,
                                 node->length * sizeof(pm_node_t *));

    if (value->values == NULL || value->keys == NULL) {
        return pm_error_memory(e->err);
    }

    for (i = 0; i < node->length; i++) {
        key = NULL;
        source = NULL;

        if (node->kind == PM_NODE_MAPPING) {
            key = pm_node_resolve(node->members[i].key);
            source = node->members[i].value;

        } else {
            source = node->items[i];
        }

        if (frame != NULL) {
            child = pm_frame_child(frame, i, PM_FRAME_NOWHERE);
        }

        rc = pm_edit_value(e, frame ? &child : NULL, source, &made);
        if (rc != 0) {
            return rc;
        }

        if (made == NULL) {
            continue;
        }

        if (frame != NULL) {
            rc = key ? pm_edit_merge_key(e, key)
                     : pm_value_index(e, frame, value, i);
            if (rc != 0) {
                return rc;
            }
        }

        value->keys[value->length] = key;
        value->values[value->length++] = made;
    }

    return 0;
}


static void
pm_value_json(const pm_edit_value_t *value, pm_buffer_t *json)
{
    int                is_map;
    size_t             i;
    const pm_node_t   *node;
    const pm_string_t *text;

    node = value->node;
    text = &node->text;

    switch (node->kind) {

    case PM_NODE_NULL:
        pm_buffer_puts(json, "null");
        return;

    case PM_NODE_BOOLEAN:
        pm_buffer_puts(json, node->boolean ? "true" : "false");
        return;

    case PM_NODE_NUMBER:
        if (pm_edit_json_number(text)) {
            pm_buffer_append(json, text->data, text->len);

        } else {
            pm_edit_double(json, text);
        }

        return;

    case PM_NODE_STRING:
        pm_edit_double(json, text);
        return;

    default:
        break;
    }

    is_map = (node->kind == PM_NODE_MAPPING);
    pm_buffer_putc(json, is_map ? '{' : '[');

    for (i = 0; i < value->length; i++) {

        if (i > 0) {
            pm_buffer_putc(json, ',');
        }

        if (is_map) {
            pm_edit_double(json, &value->keys[i]->text);
            pm_buffer_putc(json, ':');
        }

        pm_value_json(value->values[i], json);
    }

    pm_buffer_putc(json, is_map ? '}' : ']');
}


int
pm_edit_json(pm_edit_t *e, const pm_edit_value_t *value, const char **json)
{
    pm_buffer_t  buffer;

    memset(&buffer, 0, sizeof(pm_buffer_t));

    pm_value_json(value, &buffer);

    *json = buffer.failed ? NULL : pm_arena_strndup(e->arena, buffer.data,
                                                    buffer.len);
    pm_buffer_free(&buffer);

    return *json ? 0 : pm_error_memory(e->err);
}
