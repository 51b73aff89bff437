/*
 * Values as text: block style on lines of their own, flow style between
 * brackets.
 */

#include "document/pm_edit_internal.h"

#include <string.h>


static int pm_render_members(pm_edit_t *e, const pm_node_t *const *keys,
    pm_edit_value_t *const *values, size_t n, int indent, int gap,
    int compact, pm_buffer_t *lines);


static int
pm_render_bounded(pm_edit_t *e, const pm_buffer_t *text)
{
    if (text->failed) {
        return pm_error_memory(e->err);
    }

    if (text->len > PM_DOCUMENT_SIZE) {
        return pm_edit_fault(e, NULL, "the result is larger than %d MiB",
                             PM_DOCUMENT_SIZE / 1024 / 1024);
    }

    return 0;
}


/* "!name" in front of a value that has it, with what separates them. */

static int
pm_render_tag(pm_edit_t *e, const pm_node_t *node, const char *space,
    pm_buffer_t *text)
{
    pm_string_t  tag;

    tag = pm_edit_tag(node);

    if (tag.len == 0 || node == e->untagged) {
        return 0;
    }

    if (e->destination->json || tag.data[0] != '!'
        || strspn(tag.data + 1, "0123456789abcdefghijklmnopqrstuvwxyz"
                                "ABCDEFGHIJKLMNOPQRSTUVWXYZ_-")
           != tag.len - 1)
    {
        return pm_edit_fault(e, NULL, "the source's line %u has the tag "
                             "%.64s, which cannot be written here",
                             node->line, tag.data);
    }

    pm_buffer_append(text, tag.data, tag.len);
    pm_buffer_puts(text, space);

    return 0;
}


/* In the source it stands between brackets, on one line. */

static int
pm_render_is_short(const pm_edit_t *e, const pm_edit_value_t *value)
{
    const pm_node_t  *node;

    node = value->node;

    return node->style == PM_STYLE_FLOW
           && pm_line_end(e->source, node->start, node->end) == node->end;
}


int
pm_edit_render_key(pm_edit_t *e, const pm_node_t *key, int flow,
    pm_buffer_t *text)
{
    int                rc;
    pm_edit_context_t  context;

    context.flow = flow ? 1 : 0;
    context.key = 1;
    context.indent = 0;

    rc = pm_render_tag(e, key, " ", text);

    return rc ? rc : pm_edit_scalar(e, key, &context, text, NULL);
}


static void
pm_render_break(pm_edit_t *e, const pm_string_t *prefix, int level,
    pm_buffer_t *text)
{
    pm_buffer_puts(text, e->style.newline);
    pm_buffer_append(text, prefix->data, prefix->len);

    while (level-- > 0) {
        pm_buffer_puts(text, e->style.unit);
    }
}


/* A value's depth is bounded, and with it the recursion here and below. */

static int
pm_render_flow(pm_edit_t *e, const pm_edit_value_t *value,
    const pm_string_t *prefix, int level, pm_buffer_t *text)
{
    int                rc, is_map;
    size_t             i;
    pm_edit_context_t  context;

    rc = pm_render_tag(e, value->node, " ", text);
    if (rc != 0) {
        return rc;
    }

    if (value->node->kind != PM_NODE_MAPPING
        && value->node->kind != PM_NODE_SEQUENCE)
    {
        context.flow = 1;
        context.key = 0;
        context.indent = 0;

        return pm_edit_scalar(e, value->node, &context, text, NULL);
    }

    e->tight = 0;

    if (value->verbatim && e->source->json == e->destination->json) {
        pm_buffer_append(text, e->source->text.data + value->node->start,
                         value->node->end - value->node->start);

        return pm_render_bounded(e, text);
    }

    if (value->length == 0 || pm_render_is_short(e, value)) {
        prefix = NULL;
    }

    is_map = (value->node->kind == PM_NODE_MAPPING);
    pm_buffer_putc(text, is_map ? '{' : '[');

    for (i = 0; i < value->length; i++) {

        if (i > 0) {
            pm_buffer_puts(text, (prefix || e->style.compact) ? "," : ", ");
        }

        if (prefix != NULL) {
            pm_render_break(e, prefix, level + 1, text);
        }

        if (is_map) {
            rc = pm_edit_render_key(e, value->keys[i], 1, text);
            if (rc != 0) {
                return rc;
            }

            pm_buffer_puts(text, e->style.compact ? ":" : ": ");
        }

        rc = pm_render_flow(e, value->values[i], prefix, level + 1, text);
        if (rc != 0) {
            return rc;
        }
    }

    if (prefix != NULL) {
        pm_render_break(e, prefix, level, text);
    }

    pm_buffer_putc(text, is_map ? '}' : ']');

    return pm_render_bounded(e, text);
}


int
pm_edit_render_flow(pm_edit_t *e, const pm_edit_value_t *value,
    const pm_string_t *prefix, pm_buffer_t *text)
{
    return pm_render_flow(e, value, prefix, 0, text);
}


/* Whether a value takes lines of its own in block context. */

static int
pm_render_is_block(const pm_edit_t *e, const pm_edit_value_t *value)
{
    return value->length > 0 && !pm_render_is_short(e, value);
}


static int
pm_render_value(pm_edit_t *e, const pm_edit_value_t *value, int indent,
    int item, int gap, pm_buffer_t *head, pm_buffer_t *body)
{
    int                rc, column, compact;
    pm_edit_context_t  context;

    if (!pm_render_is_block(e, value)) {
        context.flow = 0;
        context.key = 0;
        context.indent = indent;

        if (value->node->kind == PM_NODE_MAPPING
            || value->node->kind == PM_NODE_SEQUENCE)
        {
            return pm_render_flow(e, value, NULL, 0, head);
        }

        rc = pm_render_tag(e, value->node, " ", head);

        return rc ? rc : pm_edit_scalar(e, value->node, &context, head, body);
    }

    rc = pm_render_tag(e, value->node, "", head);
    if (rc != 0) {
        return rc;
    }

    compact = item && head->len == 0;

    if (compact) {
        column = indent + 1 + gap;

    } else if (item || value->node->kind == PM_NODE_MAPPING) {
        column = indent + e->style.step;

    } else {
        column = indent + e->style.dash;
    }

    if (indent < 0) {
        column = 0;
    }

    return pm_render_members(e, value->node->kind == PM_NODE_MAPPING
                                ? value->keys : NULL,
                             value->values, value->length, column, 1,
                             compact, body);
}


/* A member or an item, from its key or dash on, with its lines. */

static int
pm_render_member(pm_edit_t *e, const pm_node_t *key,
    const pm_edit_value_t *value, int indent, int gap, pm_buffer_t *lines)
{
    int          rc;
    pm_buffer_t  head, body;

    memset(&head, 0, sizeof(pm_buffer_t));
    memset(&body, 0, sizeof(pm_buffer_t));

    if (key != NULL) {
        rc = pm_edit_render_key(e, key, 0, lines);
        if (rc != 0) {
            return rc;
        }

        pm_buffer_putc(lines, ':');

    } else {
        pm_buffer_putc(lines, '-');
    }

    rc = pm_render_value(e, value, indent, key == NULL, gap, &head, &body);

    if (key == NULL && head.len == 0 && pm_render_is_block(e, value)) {
        pm_buffer_printf(lines, "%*s", gap, "");
        e->first += lines->len;

    } else {

        if (head.len > 0) {
            pm_buffer_printf(lines, "%*s", key ? 1 : gap, "");
            pm_buffer_append(lines, head.data, head.len);
        }

        e->first = lines->len;
        pm_buffer_puts(lines, e->style.newline);
    }

    pm_buffer_append(lines, body.data, body.len);

    if (head.failed || body.failed) {
        rc = pm_error_memory(e->err);
    }

    pm_buffer_free(&head);
    pm_buffer_free(&body);

    return rc ? rc : pm_render_bounded(e, lines);
}


/* compact: the first one stands behind a dash. */

static int
pm_render_members(pm_edit_t *e, const pm_node_t *const *keys,
    pm_edit_value_t *const *values, size_t n, int indent, int gap,
    int compact, pm_buffer_t *lines)
{
    int     rc;
    size_t  i, first;

    for (i = 0, first = 0; i < n; i++) {

        if (i > 0 || !compact) {
            pm_buffer_printf(lines, "%*s", indent, "");
        }

        rc = pm_render_member(e, keys ? keys[i] : NULL, values[i], indent,
                              gap, lines);
        if (rc != 0) {
            return rc;
        }

        first = (i == 0) ? e->first : first;
    }

    e->first = first;

    return 0;
}


int
pm_edit_render_lines(pm_edit_t *e, const pm_node_t *const *keys,
    pm_edit_value_t *const *values, size_t n, int indent, int gap,
    pm_buffer_t *lines)
{
    return pm_render_members(e, keys, values, n, indent, gap, 0, lines);
}


int
pm_edit_render(pm_edit_t *e, const pm_edit_value_t *value, int indent,
    int item, pm_buffer_t *head, pm_buffer_t *body)
{
    int     rc;
    size_t  n;

    rc = pm_render_value(e, value, indent, item, 1, head, body);

    if (rc != 0 || !item || head->len > 0 || body->len == 0) {
        return rc;
    }

    /* a compact collection's first key and what is on the line of its colon
     * belong behind the dash; a value of several lines with all of them, as a
     * comment may follow */

    n = e->first;

    pm_buffer_append(head, body->data, n);
    n += strlen(e->style.newline);

    memmove(body->data, body->data + n, body->len - n);
    body->len -= n;

    return (head->failed || body->failed) ? pm_error_memory(e->err) : 0;
}
