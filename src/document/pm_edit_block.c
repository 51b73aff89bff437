/*
 * Literal and folded scalars, below a new header and at a new indentation.
 */

#include "document/pm_edit_internal.h"
#include "document/pm_document_build.h"

#include <string.h>


typedef struct {
    const char  *text;
    size_t       len;
    size_t       ends;       /* newlines at its end */
    size_t       indent;     /* of its lines */
    int          digit;      /* the header's indentation indicator, or 0 */
} pm_block_t;


static void
pm_block_header(const pm_edit_t *e, const pm_block_t *block, char indicator,
    pm_buffer_t *head)
{
    pm_buffer_putc(head, indicator);

    if (block->digit > 0) {
        pm_buffer_putc(head, (char) ('0' + block->digit));
    }

    if (block->ends != 1) {
        pm_buffer_putc(head, block->ends == 0 ? '-' : '+');
    }
}


/* Line breaks other than "\n", and what is not printable, need escapes. */

static int
pm_block_printable(const pm_string_t *text)
{
    size_t                i;
    const unsigned char  *p;

    p = (const unsigned char *) text->data;

    for (i = 0; i < text->len; i++) {

        if ((p[i] < 0x20 && p[i] != '\n' && p[i] != '\t') || p[i] == 0x7f) {
            return 0;
        }

        if ((p[i] == 0xc2 && p[i + 1] < 0xa0)
            || (p[i] == 0xe2 && p[i + 1] == 0x80 && (p[i + 2] | 1) == 0xa9)
            || (p[i] == 0xef && p[i + 1] == 0xbb && p[i + 2] == 0xbf)
            || (p[i] == 0xef && p[i + 1] == 0xbf && p[i + 2] >= 0xbe))
        {
            return 0;
        }
    }

    return 1;
}


/* A literal's lines are the value's. */

static void
pm_block_literal(const pm_edit_t *e, const pm_block_t *block,
    pm_buffer_t *body)
{
    size_t       n;
    const char  *p, *end, *line;

    p = block->text;
    end = p + block->len;

    while (p < end) {
        line = memchr(p, '\n', (size_t) (end - p));
        n = line ? (size_t) (line - p) : (size_t) (end - p);

        if (n > 0) {
            pm_buffer_printf(body, "%*s", (int) block->indent, "");
            pm_buffer_append(body, p, n);
        }

        pm_buffer_puts(body, e->style.newline);
        p += n + 1;
    }
}


/* How many spaces the lines of a block scalar without an indicator have, or
 * SIZE_MAX: it has one, or breaks lines in other ways than by newlines. */

static size_t
pm_block_source_indent(const pm_edit_t *e, const pm_node_t *node,
    size_t *start)
{
    size_t       at, spaces;
    const char  *p;

    p = e->source->text.data;

    for (at = node->start; at < node->end; at++) {

        if (p[at] != '\n'
            && pm_place_break(e->source, p + at, node->end - at) > 0
            && (p[at] != '\r' || p[at + 1] != '\n'))
        {
            return SIZE_MAX;
        }
    }

    for (at = node->start + 1; at < node->end && strchr("+-", p[at]); at++) {
        /* void */
    }

    if (at < node->end && p[at] >= '1' && p[at] <= '9') {
        return SIZE_MAX;
    }

    at = pm_line_after(e->source, at);
    *start = at;

    for (spaces = 0; at < node->end; at++) {

        if (p[at] == ' ') {
            spaces++;

        } else if (p[at] == '\n' || p[at] == '\r') {
            spaces = 0;

        } else {
            return spaces;
        }
    }

    return SIZE_MAX;
}


/* A folded one's lines are those of the source, moved. */

static int
pm_block_folded(const pm_edit_t *e, const pm_node_t *node,
    const pm_block_t *block, pm_buffer_t *body)
{
    size_t       at, end, indent, spaces;
    const char  *p;

    indent = pm_block_source_indent(e, node, &at);
    p = e->source->text.data;

    if (indent == SIZE_MAX) {
        return 0;
    }

    while (at < node->end) {
        end = pm_line_end(e->source, at, node->end);

        for (spaces = 0; spaces < indent && p[at] == ' '; spaces++) {
            at++;
        }

        if (at < end) {
            pm_buffer_printf(body, "%*s", (int) block->indent, "");
            pm_buffer_append(body, p + at, end - at);
        }

        pm_buffer_puts(body, e->style.newline);

        at = (end < node->end) ? end + (p[end] == '\r') + 1 : end;
    }

    return 1;
}


int
pm_edit_block(pm_edit_t *e, const pm_node_t *node, int indent,
    pm_buffer_t *head, pm_buffer_t *body)
{
    size_t      i;
    pm_block_t  block;

    block.text = node->text.data;
    block.len = node->text.len;
    block.digit = 0;
    block.indent = (size_t) (indent < 0 ? 0 : indent)
                   + (size_t) e->style.step;

    for (block.ends = 0; block.ends < block.len; block.ends++) {

        if (block.text[block.len - 1 - block.ends] != '\n') {
            break;
        }
    }

    /* blank lines that follow would belong to a value that keeps them */

    if (block.ends == block.len || (block.ends > 1 && e->blank)
        || !pm_block_printable(&node->text))
    {
        return 0;
    }

    if (node->style == PM_STYLE_FOLDED
        && pm_block_folded(e, node, &block, body))
    {
        pm_block_header(e, &block, '>', head);
        return 1;
    }

    for (i = 0; block.text[i] == '\n'; i++) {
        /* void */
    }

    if (block.text[i] == ' ' || block.text[i] == '\t') {
        block.digit = e->style.step;
    }

    pm_block_literal(e, &block, body);
    pm_block_header(e, &block, '|', head);

    return 1;
}
