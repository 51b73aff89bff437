/*
 * One value in place of another.
 *
 * In block context an old value is one of these, and so is a new one:
 *
 *   a token         a: x            on the line of its ":" or "-"
 *   a block scalar  a: |            a header there, and lines below
 *   lines           a:              a collection below its key
 *                     b: x
 *   compact         - b: x          a collection that starts behind the dash
 *
 * Comments behind the token or the header stay.
 */

#include "document/pm_edit_internal.h"
#include "document/pm_document_build.h"

#include <string.h>


typedef struct {
    pm_edit_t            *e;
    const pm_document_t  *document;
    const char           *text;
    const pm_node_t      *node;
    int                   indent;      /* of the parent */
    int                   item;        /* the parent is a sequence */
    int                   scalar;      /* the body is a block scalar's */
    int                   compact;     /* the head is a first key or dash */
    size_t                depth;
    pm_buffer_t           head;
    pm_buffer_t           body;
} pm_replace_t;


static int
pm_replace_splice(pm_replace_t *r, size_t start, size_t end,
    const pm_buffer_t *text, int lines)
{
    pm_splice_t  splice;

    memset(&splice, 0, sizeof(pm_splice_t));

    splice.start = start;
    splice.end = end;
    splice.text = text ? text->data : NULL;
    splice.len = text ? text->len : 0;
    splice.depth = r->depth;
    splice.lines = lines;
    splice.tight = lines && r->e->tight;

    if (start == end && splice.len == 0) {
        return 0;
    }

    return pm_edit_splice(r->e, &splice);
}


/* A value that is missing needs a space before it, or even its colon. */

static int
pm_replace_missing(pm_replace_t *r)
{
    char         before;
    pm_buffer_t  text;
    int          rc;

    memset(&text, 0, sizeof(pm_buffer_t));

    before = r->node->start > 0 ? r->text[r->node->start - 1] : '\n';

    if (r->node->parent != NULL && r->node->parent->kind == PM_NODE_MAPPING
        && before != ':' && r->node->anchor.len == 0
        && r->node->tag.len == 0)
    {
        pm_buffer_putc(&text, ':');
    }

    if (!pm_line_starts(r->document, r->node->start) && before != ' ') {
        pm_buffer_putc(&text, ' ');
    }

    pm_buffer_append(&text, r->head.data, r->head.len);

    rc = text.failed ? pm_error_memory(r->e->err)
                     : pm_replace_splice(r, r->node->start, r->node->end,
                                         &text, 0);
    pm_buffer_free(&text);

    return rc;
}


/* The token at [start, end) goes, and the blanks before it; if nothing else is
 * on its line, the whole line. */

static int
pm_replace_remove(pm_replace_t *r, size_t start, size_t end)
{
    size_t  from;

    from = pm_line_back_blanks(r->document, start);

    if (!pm_line_starts(r->document, from)) {
        return pm_replace_splice(r, from, end, NULL, 0);
    }

    if (pm_line_blank(r->document, end)) {
        return pm_replace_splice(r, from, pm_line_after(r->document, end),
                                 NULL, 0);
    }

    return pm_replace_splice(r, start, pm_line_skip_blanks(r->document, end),
                             NULL, 0);
}


/* The token itself, then the lines below it. */

static int
pm_replace_token(pm_replace_t *r, size_t start, size_t end,
    size_t body, size_t body_end)
{
    int  rc;

    if (r->head.len == 0) {
        rc = (start < end) ? pm_replace_remove(r, start, end) : 0;

    } else if (start == end) {
        rc = pm_replace_missing(r);

    } else {
        rc = pm_replace_splice(r, start, end, &r->head, 0);
    }

    return rc ? rc : pm_replace_splice(r, body, body_end, &r->body, 1);
}


/* Behind the dash of an item that begins on a line of its own: above it, with
 * nothing but comments between.  SIZE_MAX: not found. */

static size_t
pm_replace_dash(const pm_replace_t *r)
{
    size_t  at, start;

    start = pm_line_start(r->document, r->node->start);

    while (start > 0) {
        start = pm_line_start(r->document, start - 1);
        at = pm_line_skip_blanks(r->document, start);

        if (r->text[at] != '#' && !pm_line_blank(r->document, at)) {
            at = start + (size_t) r->indent;

            return (at < r->node->start && r->text[at] == '-') ? at + 1
                                                               : SIZE_MAX;
        }
    }

    return SIZE_MAX;
}


/* Behind the colon of a member. */

static size_t
pm_replace_colon(const pm_replace_t *r)
{
    size_t  at;

    at = pm_line_skip_blanks(r->document,
                             pm_edit_member_of(r->node)->key->end);

    return (r->text[at] == ':') ? at + 1 : SIZE_MAX;
}


/* Where the value would start in front of the lines it is on: behind the
 * colon or dash, and its anchor and tag.  SIZE_MAX: not found. */

static size_t
pm_replace_indicator(const pm_replace_t *r)
{
    size_t  i, at;

    at = r->item ? pm_replace_dash(r) : pm_replace_colon(r);

    if (at == SIZE_MAX) {
        return at;
    }

    i = pm_line_skip_blanks(r->document, at);

    while (i > at && (r->text[i] == '&' || r->text[i] == '!')) {

        while (!pm_line_blank(r->document, i) && r->text[i] != ' '
               && r->text[i] != '\t')
        {
            i++;
        }

        at = i;
        i = pm_line_skip_blanks(r->document, at);
    }

    return at;
}


/* A first key or dash that cannot stand behind the dash stands below it. */

static int
pm_replace_below(pm_replace_t *r)
{
    pm_buffer_t  text;

    memset(&text, 0, sizeof(pm_buffer_t));

    pm_buffer_printf(&text, "%*s", r->indent + 2, "");
    pm_buffer_append(&text, r->head.data, r->head.len);
    pm_buffer_puts(&text, r->e->style.newline);
    pm_buffer_append(&text, r->body.data, r->body.len);

    pm_buffer_free(&r->head);
    pm_buffer_free(&r->body);

    memset(&r->head, 0, sizeof(pm_buffer_t));
    r->body = text;

    return text.failed ? pm_error_memory(r->e->err) : 0;
}


/* Lines, and the value's first line behind its indicator. */

static int
pm_replace_lines(pm_replace_t *r)
{
    int          rc;
    size_t       start, end, at;
    pm_buffer_t  text;

    start = pm_line_back_blanks(r->document, r->node->start);
    end = pm_line_after(r->document, r->node->end);

    if (r->head.len == 0) {
        return pm_replace_splice(r, start, end, &r->body, 1);
    }

    memset(&text, 0, sizeof(pm_buffer_t));

    if (r->node->parent == NULL) {
        pm_buffer_append(&text, r->head.data, r->head.len);
        pm_buffer_puts(&text, r->e->style.newline);
        pm_buffer_append(&text, r->body.data, r->body.len);
        rc = pm_replace_splice(r, start, end, &text, 1);

    } else {
        at = pm_replace_indicator(r);

        if (at == SIZE_MAX) {
            return pm_edit_fault(r->e, NULL, "the value cannot be replaced "
                                 "here; promote the whole file");
        }

        pm_buffer_putc(&text, ' ');
        pm_buffer_append(&text, r->head.data, r->head.len);

        rc = pm_replace_splice(r, at, at, &text, 0);

        /* comments between would become a part of it */

        start = r->scalar ? pm_line_after(r->document, at) : start;

        if (rc == 0) {
            rc = pm_replace_splice(r, start, end, &r->body, 1);
        }
    }

    if (text.failed) {
        rc = pm_error_memory(r->e->err);
    }

    pm_buffer_free(&text);

    return rc;
}


/* Behind a dash: all of it up to the end of its last line. */

static int
pm_replace_compact(pm_replace_t *r)
{
    int     rc;
    size_t  end;

    if (r->body.len == 0 && !pm_line_starts(r->document, r->node->end)) {
        return pm_replace_splice(r, r->node->start, r->node->end, &r->head,
                                 0);
    }

    if (r->head.len == 0) {
        return pm_edit_fault(r->e, NULL, "the value cannot be replaced here; "
                             "promote the whole file");
    }

    end = pm_line_after(r->document, r->node->end);

    pm_buffer_puts(&r->head, r->e->style.newline);
    pm_buffer_append(&r->head, r->body.data, r->body.len);

    rc = r->head.failed ? pm_error_memory(r->e->err) : 0;

    return rc ? rc : pm_replace_splice(r, r->node->start, end, &r->head, 1);
}


static int
pm_replace_block(pm_replace_t *r)
{
    int               lines;
    size_t            at, after;
    const pm_node_t  *node;

    node = r->node;
    at = pm_line_back_blanks(r->document, node->start);

    lines = (node->style == PM_STYLE_BLOCK
             && pm_line_starts(r->document, at));

    /* behind an anchor or a tag, and where the old one was below as well */

    if (r->compact && (lines || node->anchor.len > 0 || node->tag.len > 0)
        && pm_replace_below(r) != 0)
    {
        return r->e->err->code;
    }

    if (node->style == PM_STYLE_BLOCK) {
        return lines ? pm_replace_lines(r) : pm_replace_compact(r);
    }

    if (node->style == PM_STYLE_LITERAL || node->style == PM_STYLE_FOLDED) {

        for (at = node->start; at < node->end
                               && !pm_line_blank(r->document, at)
                               && r->text[at] != ' ' && r->text[at] != '\t';
             at++)
        {
            /* void */
        }

        after = pm_line_after(r->document, at);

        return pm_replace_token(r, node->start, at, after,
                                node->end > after ? node->end : after);
    }

    after = pm_line_after(r->document, node->end);

    return pm_replace_token(r, node->start, node->end, after, after);
}


static int
pm_replace_flow(pm_replace_t *r, const pm_edit_value_t *value)
{
    int          rc, own_line;
    pm_string_t  prefix;

    own_line = pm_edit_flow_own_line(r->e, r->node, &prefix);

    rc = pm_edit_render_flow(r->e, value,
                             (r->document->json && own_line) ? &prefix : NULL,
                             &r->head);
    if (rc != 0) {
        return rc;
    }

    return (r->node->start == r->node->end)
           ? pm_replace_missing(r)
           : pm_replace_splice(r, r->node->start, r->node->end, &r->head, 0);
}


static int
pm_replace_prepare(pm_replace_t *r)
{
    size_t            end;
    const pm_node_t  *parent;

    r->indent = -1;
    r->depth = 1;                      /* deeper than what follows it */

    for (parent = r->node->parent; parent != NULL; parent = parent->parent) {
        r->depth++;
    }

    parent = r->node->parent;

    if (r->document->json
        || (parent != NULL && parent->style == PM_STYLE_FLOW))
    {
        return 0;
    }

    end = pm_line_after(r->document, r->node->end);
    r->e->blank = end < r->document->text.len
                  && pm_line_blank(r->document, end);

    if (parent == NULL) {
        return 0;
    }

    r->item = (parent->kind == PM_NODE_SEQUENCE);
    r->indent = pm_edit_column(r->document, parent);

    return (r->indent >= 0) ? 0
           : pm_edit_fault(r->e, NULL, "the value cannot be replaced here; "
                           "promote the whole file");
}


int
pm_edit_replace(pm_edit_t *e, const pm_node_t *destination,
    const pm_edit_value_t *value)
{
    int           rc;
    pm_replace_t  r;

    memset(&r, 0, sizeof(pm_replace_t));

    r.e = e;
    r.document = e->destination;
    r.text = e->destination->text.data;
    r.node = destination;

    rc = pm_replace_prepare(&r);

    if (rc == 0) {

        if (r.document->json
            || (destination->parent != NULL
                && destination->parent->style == PM_STYLE_FLOW))
        {
            rc = pm_replace_flow(&r, value);

        } else {
            rc = pm_edit_render(e, value, r.indent, r.item, &r.head,
                                &r.body);
            r.scalar = (value->length == 0 && r.body.len > 0);
            r.compact = (r.item && value->length > 0 && r.head.len > 0
                         && strchr("[{!", r.head.data[0]) == NULL);

            if (rc == 0) {
                rc = (r.head.failed || r.body.failed)
                     ? pm_error_memory(e->err) : pm_replace_block(&r);
            }
        }
    }

    pm_buffer_free(&r.head);
    pm_buffer_free(&r.body);

    return rc;
}
