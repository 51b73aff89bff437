/*
 * libyaml's events as a tree with true byte ranges.
 *
 * libyaml's marks count characters without the BOM, cover anchors and tags,
 * and stand at the next token where a block collection or a missing value
 * ends: all of that is set right here.
 */

#include "document/pm_document_yaml.h"

#include <stdlib.h>
#include <string.h>


/* More than this many %TAG lines cost libyaml quadratic time. */

#define PM_YAML_DIRECTIVES  64


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


static int
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


/* libyaml would not count the BOM: it does not see it. */

static size_t
pm_yaml_bom(const pm_yaml_t *y)
{
    return (y->len >= 3 && memcmp(y->text, "\xef\xbb\xbf", 3) == 0) ? 3 : 0;
}


/* Whether there is a "{{" in the lines of a fault. */

static int
pm_yaml_template(const pm_yaml_t *y, size_t from, size_t to)
{
    while (from > 0 && y->text[from - 1] != '\n') {
        from--;
    }

    while (to < y->len && y->text[to] != '\n') {
        to++;
    }

    return from < to && memmem(y->text + from, to - from, "{{", 2) != NULL;
}


/* libyaml's own words, and a hint where the lines look like a template. */

static int
pm_yaml_fault(pm_yaml_t *y, const yaml_parser_t *parser)
{
    size_t       from;
    pm_place_t   place;
    const char  *hint;

    if (parser->error == YAML_MEMORY_ERROR) {
        return pm_error_memory(y->builder->err);
    }

    if (parser->error == YAML_READER_ERROR) {
        place = (pm_place_t) { 0, 1, 1 };
        from = pm_yaml_bom(y) + parser->problem_offset;

        pm_place_advance(y->builder->document, &place,
                         from < y->len ? from : y->len);

        return pm_builder_fault(y->builder, &place, "%s", parser->problem);
    }

    place = pm_yaml_place(y, &parser->problem_mark);
    from = place.offset;

    if (parser->context != NULL
        && parser->context_mark.index < parser->problem_mark.index)
    {
        from = pm_yaml_place(y, &parser->context_mark).offset;
    }

    hint = pm_yaml_template(y, from, place.offset)
           ? "; is this a template with {{ }}?" : "";

    return pm_builder_fault(y->builder, &place, "%s%s%s%s",
                            parser->context ? parser->context : "",
                            parser->context ? ": " : "",
                            parser->problem, hint);
}


static int
pm_yaml_events(pm_yaml_t *y, yaml_parser_t *parser)
{
    int           rc, end;
    yaml_event_t  event;

    do {
        if (!yaml_parser_parse(parser, &event)) {
            return pm_yaml_fault(y, parser);
        }

        end = (event.type == YAML_STREAM_END_EVENT);
        rc = pm_yaml_event(y, &event);
        yaml_event_delete(&event);

    } while (rc == 0 && !end);

    return rc;
}


/* A directive starts a line; the bytes below end libyaml's line breaks. */

static int
pm_yaml_directives(pm_yaml_t *y)
{
    size_t       n;
    pm_place_t   place;
    const char  *p, *end;

    n = 0;
    p = y->text;
    end = y->text + y->len;

    while ((p = memmem(p, (size_t) (end - p), "%TAG", 4)) != NULL) {

        if (p == y->text || memchr("\n\r\x85\xa8\xa9", p[-1], 5)) {
            n++;
        }

        if (n > PM_YAML_DIRECTIVES) {
            place = (pm_place_t) { 0, 1, 1 };
            pm_place_advance(y->builder->document, &place,
                             (size_t) (p - y->text));

            return pm_builder_fault(y->builder, &place,
                                    "more than %d %%TAG directives",
                                    PM_YAML_DIRECTIVES);
        }

        p += 4;
    }

    return 0;
}


int
pm_document_yaml(pm_builder_t *builder)
{
    int            rc;
    pm_yaml_t      y;
    yaml_parser_t  parser;

    memset(&y, 0, sizeof(pm_yaml_t));
    y.builder = builder;
    y.text = builder->document->text.data;
    y.len = builder->document->text.len;

    y.offset = pm_yaml_bom(&y);

    rc = pm_yaml_directives(&y);
    if (rc != 0) {
        return rc;
    }

    if (!yaml_parser_initialize(&parser)) {
        return pm_error_memory(builder->err);
    }

    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser,
                                 (const unsigned char *) y.text + y.offset,
                                 y.len - y.offset);

    rc = pm_yaml_events(&y, &parser);

    yaml_parser_delete(&parser);
    free(y.anchors.nodes);
    free(y.aliases.nodes);
    free(y.mappings.nodes);

    return rc;
}
