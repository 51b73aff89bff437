/*
 * New members and items, in block context: whole lines.
 */

#include "document/pm_edit_internal.h"

#include <string.h>


static size_t
pm_insert_depth(const pm_node_t *collection)
{
    size_t  depth;

    for (depth = 0; collection != NULL; collection = collection->parent) {
        depth++;
    }

    return depth;
}


static int
pm_insert_splice(pm_edit_t *e, const pm_node_t *collection, size_t start,
    size_t end, const pm_buffer_t *lines)
{
    pm_splice_t  splice;

    memset(&splice, 0, sizeof(pm_splice_t));

    splice.start = start;
    splice.end = end;
    splice.text = lines->data;
    splice.len = lines->len;
    splice.depth = pm_insert_depth(collection);
    splice.lines = 1;
    splice.tight = e->tight;

    return pm_edit_splice(e, &splice);
}


/* The blanks behind a sequence's dashes, as its first item has them. */

static int
pm_insert_gap(const pm_document_t *document, const pm_node_t *collection)
{
    size_t  start, at;

    if (collection->kind != PM_NODE_SEQUENCE || collection->length == 0) {
        return 1;
    }

    start = collection->start + 1;
    at = pm_line_skip_blanks(document, start);

    if (at != collection->items[0]->start || at == start
        || memchr(document->text.data + start, '\t', at - start) != NULL
        || at - start > 8)
    {
        return 1;
    }

    return (int) (at - start);
}


static int
pm_insert_lines(pm_edit_t *e, const pm_node_t *collection, size_t start,
    size_t end, const pm_node_t *const *keys, pm_edit_value_t *const *values,
    size_t n)
{
    int          rc, column;
    pm_buffer_t  lines;

    column = pm_edit_column(e->destination, collection);

    if (column < 0) {
        return pm_edit_fault(e, collection, "nothing can be inserted here; "
                             "promote the whole file");
    }

    e->blank = end < e->destination->text.len
               && pm_line_blank(e->destination, end);

    memset(&lines, 0, sizeof(pm_buffer_t));

    rc = pm_edit_render_lines(e, keys, values, n, column,
                              pm_insert_gap(e->destination, collection),
                              &lines);
    if (rc == 0) {
        rc = pm_insert_splice(e, collection, start, end, &lines);
    }

    pm_buffer_free(&lines);

    return rc;
}


/* The start of the item's line: it has to begin with the dash.  SIZE_MAX: it
 * does not. */

static size_t
pm_insert_item_line(const pm_edit_t *e, const pm_node_t *sequence, size_t i)
{
    size_t                at, blank;
    const char           *text;
    const pm_document_t  *document;

    document = e->destination;
    text = document->text.data;

    if (i == 0) {
        at = pm_line_back_blanks(document, sequence->start);

        return pm_line_starts(document, at) ? at : SIZE_MAX;
    }

    at = pm_line_after(document, sequence->items[i - 1]->end);

    /* over comments and blank lines */

    while (at < document->text.len) {
        blank = pm_line_skip_blanks(document, at);

        if (text[blank] == '-') {
            return at;
        }

        if (text[blank] != '#' && !pm_line_blank(document, blank)) {
            break;
        }

        at = pm_line_next(document, blank);
    }

    return SIZE_MAX;
}


int
pm_edit_insert(pm_edit_t *e, const pm_node_t *collection, size_t after,
    const pm_node_t *const *keys, pm_edit_value_t *const *values, size_t n)
{
    size_t            at;
    const pm_node_t  *last;

    if (collection->style == PM_STYLE_FLOW) {
        return pm_edit_flow_insert(e, collection, after, keys, values, n);
    }

    last = keys ? collection->members[after].value
                : collection->items[after];
    at = pm_line_after(e->destination, last->end);

    return pm_insert_lines(e, collection, at, at, keys, values, n);
}


int
pm_edit_items(pm_edit_t *e, const pm_node_t *sequence, size_t from, size_t to,
    pm_edit_value_t *const *values, size_t n)
{
    size_t       start, end;
    pm_splice_t  splice;

    if (sequence->style == PM_STYLE_FLOW) {
        return pm_edit_flow_items(e, sequence, from, to, values, n);
    }

    if (from == to && from > 0) {
        start = pm_line_after(e->destination, sequence->items[from - 1]->end);

    } else {
        start = pm_insert_item_line(e, sequence, from);
    }

    if (start == SIZE_MAX) {
        return PM_EDIT_WHOLE;
    }

    end = (from == to) ? start
                       : pm_line_after(e->destination,
                                       sequence->items[to - 1]->end);

    if (n > 0) {
        return pm_insert_lines(e, sequence, start, end, NULL, values, n);
    }

    memset(&splice, 0, sizeof(pm_splice_t));

    splice.start = start;
    splice.end = end;

    return pm_edit_splice(e, &splice);
}
