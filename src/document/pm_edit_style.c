/*
 * How a document is written: by majority, where it is not uniform.
 */

#include "document/pm_edit_internal.h"
#include "document/pm_document_build.h"

#include <string.h>


#define PM_STYLE_WIDTH  9          /* an indentation indicator has one digit */
#define PM_STYLE_KEYS   16         /* looked at for a column */


typedef struct {
    const pm_document_t *document;
    size_t               steps[PM_STYLE_WIDTH + 1];
    size_t               dashes[PM_STYLE_WIDTH + 1];
    const pm_node_t     *nested;       /* JSON: the first over several lines */
    const pm_node_t     *member;       /* JSON: the first with a value */
} pm_style_count_t;


/* A key's column, from its "? ", anchor or tag on; -1: something else stands
 * before that. */

static int
pm_style_key_column(const pm_document_t *document, const pm_node_t *key)
{
    size_t       start, at;
    const char  *text;

    text = document->text.data;
    at = pm_line_back_blanks(document, key->start);

    if (key->anchor.len == 0 && key->tag.len == 0
        && key->start < key->end && (at == 0 || text[at - 1] != '?'))
    {
        return (int) key->column - 1;
    }

    start = pm_line_start(document, key->start);
    at = pm_line_skip_blanks(document, start);

    if (text[at] == '?' || text[at] == '&' || text[at] == '!') {
        return (int) (at - start);
    }

    return -1;
}


int
pm_edit_column(const pm_document_t *document, const pm_node_t *node)
{
    int     column;
    size_t  i;

    if (node->kind == PM_NODE_SEQUENCE) {
        return document->text.data[node->start] == '-'
               ? (int) node->column - 1 : -1;
    }

    for (i = 0; i < node->length && i < PM_STYLE_KEYS; i++) {
        column = pm_style_key_column(document, node->members[i].key);

        if (column >= 0) {
            return column;
        }
    }

    return -1;
}


static void
pm_style_nested(pm_style_count_t *count, const pm_node_t *parent,
    const pm_node_t *child)
{
    int  outer, inner;

    if (child->style != PM_STYLE_BLOCK || child->line == parent->line) {
        return;
    }

    outer = (int) parent->column - 1;
    inner = (int) child->column - 1;

    if (inner - outer < 0 || inner - outer > PM_STYLE_WIDTH) {
        return;
    }

    if (child->kind == PM_NODE_SEQUENCE) {
        count->dashes[inner - outer]++;

    } else {
        count->steps[inner - outer]++;
    }
}


static int
pm_style_is_nested(const pm_document_t *document, const pm_node_t *node)
{
    return node->style == PM_STYLE_FLOW && node->length > 0
           && pm_line_end(document, node->start, node->end) < node->end;
}


/* Depth bounds the recursion. */

static void
pm_style_walk(pm_style_count_t *count, const pm_node_t *node)
{
    size_t            i;
    const pm_node_t  *value;

    if (node == NULL || node->length == 0) {
        return;
    }

    if (count->document->json && count->nested == NULL
        && pm_style_is_nested(count->document, node))
    {
        count->nested = node;
    }

    if (node->kind == PM_NODE_SEQUENCE) {

        for (i = 0; i < node->length; i++) {
            pm_style_walk(count, node->items[i]);
        }

        return;
    }

    if (count->member == NULL) {
        count->member = node;
    }

    for (i = 0; i < node->length; i++) {
        value = node->members[i].value;

        if (node->style == PM_STYLE_BLOCK) {
            pm_style_nested(count, node->members[i].key, value);
        }

        pm_style_walk(count, value);
    }
}


static int
pm_style_most(const size_t *counts, int from)
{
    int  i, most;

    most = -1;

    for (i = from; i <= PM_STYLE_WIDTH; i++) {

        if (counts[i] > 0 && (most < 0 || counts[i] > counts[most])) {
            most = i;
        }
    }

    return most;
}


static const char *
pm_style_newline(const pm_document_t *document)
{
    size_t       end;
    const char  *text;

    end = pm_line_end(document, 0, document->text.len);
    text = document->text.data;

    if (end < document->text.len && text[end] == '\r') {
        return (end + 1 < document->text.len && text[end + 1] == '\n')
               ? "\r\n" : "\r";
    }

    return "\n";
}


/* What a nested line has more than the line that its collection starts on. */

static const char *
pm_style_unit(const pm_document_t *document, const pm_node_t *nested,
    pm_arena_t *arena)
{
    size_t            outer, inner, start, line;
    const char       *unit;
    const pm_node_t  *child;

    if (nested == NULL) {
        return "  ";
    }

    child = (nested->kind == PM_NODE_SEQUENCE) ? nested->items[0]
                                               : nested->members[0].key;

    start = pm_line_start(document, nested->start);
    outer = pm_line_skip_blanks(document, start) - start;
    line = pm_line_start(document, child->start);
    inner = pm_line_skip_blanks(document, line) - line;

    if (line == start || inner <= outer) {
        return "  ";
    }

    unit = pm_arena_strndup(arena, document->text.data + line + outer,
                            inner - outer);

    return unit ? unit : "  ";
}


static void
pm_style_count(const pm_document_t *document, pm_style_count_t *count)
{
    size_t  i;

    memset(count, 0, sizeof(pm_style_count_t));
    count->document = document;

    for (i = 0; i < document->nroots; i++) {
        pm_style_walk(count, document->roots[i]);
    }
}


void
pm_edit_style(const pm_document_t *document, const pm_document_t *fallback,
    pm_arena_t *arena, pm_edit_style_t *style)
{
    const pm_node_t   *key, *value;
    pm_style_count_t   count, other;

    pm_style_count(document, &count);

    style->newline = pm_style_newline(document);
    style->step = pm_style_most(count.steps, 1);
    style->dash = pm_style_most(count.dashes, 0);

    if (style->dash < 0 && !fallback->json) {
        pm_style_count(fallback, &other);
        style->dash = pm_style_most(other.dashes, 0);
    }

    if (style->step < 0) {
        style->step = 2;
    }

    if (style->dash < 0) {
        style->dash = style->step;
    }

    style->unit = pm_style_unit(document, count.nested, arena);
    style->compact = 0;

    if (document->json && count.member != NULL) {
        key = count.member->members[0].key;
        value = count.member->members[0].value;
        style->compact = (value->start == key->end + 1);
    }
}
