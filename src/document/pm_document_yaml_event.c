/*
 * libyaml's events as a tree with true byte ranges.
 *
 * libyaml's marks count characters without the BOM, cover anchors and tags,
 * and stand at the next token where a block collection or a missing value
 * ends: all of that is set right here.
 */

#include "document/pm_document_yaml.h"

#include <string.h>


static int
pm_yaml_attach(pm_yaml_t *y, pm_node_t *node)
{
    node->parent = y->depth ? y->open[y->depth - 1] : NULL;

    return pm_builder_append(y->builder, &y->builder->pending, node);
}


static int
pm_yaml_string(pm_yaml_t *y, pm_string_t *string, const char *data)
{
    string->len = strlen(data);
    string->data = pm_arena_strndup(y->builder->arena, data, string->len);

    return string->data ? 0 : pm_error_memory(y->builder->err);
}


static int
pm_yaml_properties(pm_yaml_t *y, pm_node_t *node, const yaml_char_t *anchor,
    const char *tag)
{
    int  rc;

    rc = 0;

    if (tag != NULL) {
        rc = pm_yaml_string(y, &node->tag, tag);
    }

    if (rc == 0 && anchor != NULL) {
        rc = pm_yaml_string(y, &node->anchor, (const char *) anchor);
    }

    if (rc == 0 && anchor != NULL) {
        rc = pm_builder_append(y->builder, &y->anchors, node);
    }

    return rc;
}


static pm_style_t
pm_yaml_style(yaml_scalar_style_t style)
{
    switch (style) {

    case YAML_SINGLE_QUOTED_SCALAR_STYLE:
        return PM_STYLE_SINGLE;

    case YAML_DOUBLE_QUOTED_SCALAR_STYLE:
        return PM_STYLE_DOUBLE;

    case YAML_LITERAL_SCALAR_STYLE:
        return PM_STYLE_LITERAL;

    case YAML_FOLDED_SCALAR_STYLE:
        return PM_STYLE_FOLDED;

    default:
        return PM_STYLE_PLAIN;
    }
}


static int
pm_yaml_meaning(pm_yaml_t *y, pm_node_t *node)
{
    pm_place_t  place;

    if (node->tag.len > 0) {

        if (pm_scalar_resolve_tag(node) != 0) {
            place = (pm_place_t) { node->start, node->line, node->column };

            return pm_builder_fault(y->builder, &place, "\"%.64s\" is not "
                                    "what its tag %.64s says",
                                    node->text.data, node->tag.data);
        }

    } else if (node->style == PM_STYLE_PLAIN) {
        pm_scalar_resolve(node);
    }

    return 0;
}


static int
pm_yaml_scalar(pm_yaml_t *y, const yaml_event_t *event)
{
    int          rc, tagged;
    pm_node_t   *node;
    pm_style_t   style;
    pm_place_t   place, end;
    const char  *tag;

    place = pm_yaml_place(y, &event->start_mark);
    end = pm_yaml_place(y, &event->end_mark);
    style = pm_yaml_style(event->data.scalar.style);

    tagged = pm_yaml_skip_properties(y, &place, end.offset, 2);

    if (style == PM_STYLE_PLAIN && event->data.scalar.length == 0) {

        if (event->start_mark.index == event->end_mark.index) {
            end = pm_yaml_missing(y, end.offset);
        }

        place = end;
    }

    rc = pm_builder_node(y->builder, PM_NODE_STRING, style, &place, &node);
    if (rc != 0) {
        return rc;
    }

    node->end = end.offset;

    if (style == PM_STYLE_LITERAL || style == PM_STYLE_FOLDED) {
        node->end = pm_yaml_block_end(y, place.offset, end.offset);
    }

    y->last = end;
    y->end = node->end;

    /* libyaml drops the tag "!", which makes a plain scalar a string */

    tag = (const char *) event->data.scalar.tag;

    if (tag == NULL && tagged) {
        tag = "!";
    }

    rc = pm_yaml_properties(y, node, event->data.scalar.anchor, tag);

    if (rc == 0) {
        rc = pm_builder_text(y->builder, node,
                             (const char *) event->data.scalar.value,
                             event->data.scalar.length);
    }

    if (rc == 0) {
        rc = pm_yaml_meaning(y, node);
    }

    return rc ? rc : pm_yaml_attach(y, node);
}


static int
pm_yaml_alias(pm_yaml_t *y, const yaml_event_t *event)
{
    int          rc;
    pm_node_t   *node;
    pm_place_t   place;
    const char  *name;

    place = pm_yaml_place(y, &event->start_mark);
    name = (const char *) event->data.alias.anchor;

    rc = pm_builder_node(y->builder, PM_NODE_ALIAS, PM_STYLE_PLAIN, &place,
                         &node);
    if (rc != 0) {
        return rc;
    }

    y->last = pm_yaml_place(y, &event->end_mark);
    y->end = y->last.offset;
    node->end = y->end;

    rc = pm_builder_text(y->builder, node, name, strlen(name));

    if (rc == 0) {
        rc = pm_builder_append(y->builder, &y->aliases, node);
    }

    return rc ? rc : pm_yaml_attach(y, node);
}


static int
pm_yaml_open(pm_yaml_t *y, const yaml_event_t *event, pm_node_kind_t kind,
    int flow, const yaml_char_t *anchor, const yaml_char_t *tag)
{
    int         rc;
    pm_node_t  *node;
    pm_place_t  place;

    place = pm_yaml_place(y, &event->start_mark);

    if (y->depth == PM_DOCUMENT_DEPTH) {
        return pm_builder_fault(y->builder, &place,
                                "nested deeper than %d levels",
                                PM_DOCUMENT_DEPTH);
    }

    /* without its own anchor or tag, the first one is the first key's */

    pm_yaml_skip_properties(y, &place, y->len,
                            (anchor != NULL) + (tag != NULL));

    rc = pm_builder_node(y->builder, kind,
                         flow ? PM_STYLE_FLOW : PM_STYLE_BLOCK, &place,
                         &node);
    if (rc != 0) {
        return rc;
    }

    y->last = pm_yaml_place(y, &event->end_mark);
    y->end = y->last.offset;

    rc = pm_yaml_properties(y, node, anchor, (const char *) tag);

    if (rc == 0 && kind == PM_NODE_MAPPING) {
        rc = pm_builder_append(y->builder, &y->mappings, node);
    }

    if (rc == 0) {
        rc = pm_yaml_attach(y, node);
    }

    y->open[y->depth] = node;
    y->base[y->depth] = y->builder->pending.n;
    y->depth++;

    return rc;
}


static int
pm_yaml_close(pm_yaml_t *y, const yaml_event_t *event)
{
    pm_node_t  *node;

    y->depth--;
    node = y->open[y->depth];

    /* only a bracket has a width: what ends without ends with its last
     * value, and not where the next token is */

    if (event->start_mark.index != event->end_mark.index) {
        y->last = pm_yaml_place(y, &event->end_mark);
        y->end = y->last.offset;
    }

    node->end = y->end;

    return pm_builder_close(y->builder, node, y->base[y->depth]);
}


static int
pm_yaml_document_end(pm_yaml_t *y)
{
    int         rc;
    pm_node_t  *root;

    root = y->builder->pending.nodes[0];
    y->builder->pending.n = 0;

    rc = pm_yaml_finish(y);
    if (rc != 0) {
        return rc;
    }

    if (root->kind == PM_NODE_NULL && root->start == root->end
        && root->anchor.len == 0 && root->tag.len == 0)
    {
        root = NULL;
    }

    return pm_builder_append(y->builder, &y->builder->roots, root);
}


int
pm_yaml_event(pm_yaml_t *y, const yaml_event_t *event)
{
    switch (event->type) {

    case YAML_DOCUMENT_START_EVENT:
        y->last = pm_yaml_place(y, &event->end_mark);
        y->end = y->last.offset;
        return 0;

    case YAML_DOCUMENT_END_EVENT:
        return pm_yaml_document_end(y);

    case YAML_ALIAS_EVENT:
        return pm_yaml_alias(y, event);

    case YAML_SCALAR_EVENT:
        return pm_yaml_scalar(y, event);

    case YAML_SEQUENCE_START_EVENT:
        return pm_yaml_open(y, event, PM_NODE_SEQUENCE,
                            event->data.sequence_start.style
                            == YAML_FLOW_SEQUENCE_STYLE,
                            event->data.sequence_start.anchor,
                            event->data.sequence_start.tag);

    case YAML_MAPPING_START_EVENT:
        return pm_yaml_open(y, event, PM_NODE_MAPPING,
                            event->data.mapping_start.style
                            == YAML_FLOW_MAPPING_STYLE,
                            event->data.mapping_start.anchor,
                            event->data.mapping_start.tag);

    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        return pm_yaml_close(y, event);

    default:
        return 0;
    }
}
