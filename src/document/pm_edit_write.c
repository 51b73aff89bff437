#include "document/pm_edit_internal.h"

#include <stdlib.h>
#include <string.h>


static int
pm_splice_compare(const void *a, const void *b)
{
    int                 left_inserts, right_inserts;
    const pm_splice_t  *left, *right;

    left = a;
    right = b;

    if (left->start != right->start) {
        return left->start < right->start ? -1 : 1;
    }

    left_inserts = (left->start == left->end);
    right_inserts = (right->start == right->end);

    if (left_inserts != right_inserts) {
        return left_inserts ? -1 : 1;
    }

    if (left->depth != right->depth) {
        return left->depth > right->depth ? -1 : 1;
    }

    return (left->order > right->order) - (left->order < right->order);
}


static int
pm_write_needs_newline(const pm_edit_t *e, const pm_splice_t *splice,
    const pm_buffer_t *text)
{
    char  last;

    if (!splice->lines || splice->start < e->destination->text.len
        || splice->len == 0 || text->len == 0
        || (text->len == 3 && memcmp(text->data, "\xef\xbb\xbf", 3) == 0))
    {
        return 0;
    }

    last = text->data[text->len - 1];

    return last != '\n' && last != '\r';
}


/* The last value is a block scalar without a newline, which one after it
 * would become its own. */

static int
pm_write_open_block(const pm_document_t *document)
{
    size_t            i;
    const char       *header;
    const pm_node_t  *node;

    node = document->nroots ? document->roots[document->nroots - 1] : NULL;

    while (node != NULL && node->length > 0) {
        node = (node->kind == PM_NODE_SEQUENCE)
               ? node->items[node->length - 1]
               : node->members[node->length - 1].value;
    }

    if (node == NULL || node->end < document->text.len
        || (node->style != PM_STYLE_LITERAL
            && node->style != PM_STYLE_FOLDED))
    {
        return 0;
    }

    header = document->text.data + node->start;

    for (i = 1; i < 3 && node->start + i < node->end; i++) {

        if (header[i] == '-') {
            return 0;
        }
    }

    return 1;
}


/* A destination without a newline at its end stays so, unless a block scalar
 * needs it. */

static size_t
pm_write_newline_too_much(const pm_edit_t *e, const pm_splice_t *splice)
{
    size_t  n;

    n = strlen(e->style.newline);

    if (!splice->lines || splice->tight || splice->len < n
        || splice->end < e->destination->text.len
        || e->destination->text.len == 0
        || pm_line_starts(e->destination, e->destination->text.len))
    {
        return 0;
    }

    return n;
}


static int
pm_write_range(pm_edit_t *e, const pm_splice_t *splice, size_t newline,
    size_t cut, pm_edit_range_t *range)
{
    char    *copy;
    size_t   len;

    len = newline + splice->len - cut;

    copy = pm_arena_alloc(e->arena, len + 1);
    if (copy == NULL) {
        return pm_error_memory(e->err);
    }

    if (newline > 0) {
        memcpy(copy, e->style.newline, newline);
    }

    if (splice->len > cut) {
        memcpy(copy + newline, splice->text, splice->len - cut);
    }

    copy[len] = '\0';

    range->start = splice->start;
    range->end = splice->end;
    range->text.data = copy;
    range->text.len = len;

    return 0;
}


static int
pm_write_text(pm_edit_t *e, const pm_splice_t *splices, size_t n,
    pm_buffer_t *text, pm_edit_range_t *ranges)
{
    int     rc;
    size_t  i, at, newline, cut;

    for (i = 0, at = 0; i < n; i++) {

        if (splices[i].start < at) {
            return pm_edit_fault(e, NULL, "two changes overlap; promote the "
                                 "whole file");
        }

        pm_buffer_append(text, e->destination->text.data + at,
                         splices[i].start - at);

        newline = pm_write_needs_newline(e, &splices[i], text)
                  ? strlen(e->style.newline) : 0;
        cut = (i + 1 == n) ? pm_write_newline_too_much(e, &splices[i]) : 0;

        if (newline > 0 && (i == 0 || at < e->destination->text.len)
            && pm_write_open_block(e->destination))
        {
            return pm_edit_fault(e, NULL, "the file ends in a block scalar "
                                 "without a newline, which would get one; "
                                 "add it, or promote the whole file");
        }

        rc = pm_write_range(e, &splices[i], newline, cut, &ranges[i]);
        if (rc != 0) {
            return rc;
        }

        pm_buffer_append(text, ranges[i].text.data, ranges[i].text.len);
        at = splices[i].end;
    }

    pm_buffer_append(text, e->destination->text.data + at,
                     e->destination->text.len - at);

    return text->failed ? pm_error_memory(e->err) : 0;
}


int
pm_edit_write(pm_edit_t *e, pm_edit_result_t *result)
{
    int           rc;
    size_t        n;
    pm_buffer_t   text;
    pm_splice_t  *splices;

    n = e->splices.len / sizeof(pm_splice_t);
    splices = (pm_splice_t *) (void *) e->splices.data;

    result->text = e->destination->text;

    if (n == 0) {
        return 0;
    }

    qsort(splices, n, sizeof(pm_splice_t), pm_splice_compare);

    result->ranges = pm_arena_alloc(e->arena, n * sizeof(pm_edit_range_t));
    if (result->ranges == NULL) {
        return pm_error_memory(e->err);
    }

    memset(&text, 0, sizeof(pm_buffer_t));

    rc = pm_write_text(e, splices, n, &text, result->ranges);

    if (rc == 0) {
        result->nranges = n;
        result->changed = 1;
        result->text.len = text.len;
        result->text.data = pm_arena_strndup(e->arena,
                                             text.len > 0 ? text.data : "",
                                             text.len);

        if (result->text.data == NULL) {
            rc = pm_error_memory(e->err);
        }
    }

    pm_buffer_free(&text);

    return rc;
}
