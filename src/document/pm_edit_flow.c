/*
 * New members and items between brackets: in YAML's flow style, and in JSON.
 *
 * Where children stand on lines of their own, so does a new one, with the
 * same blanks before it; otherwise it follows on the same line.
 */

#include "document/pm_edit_internal.h"

#include <string.h>


typedef struct {
    pm_edit_t              *e;
    const pm_document_t    *document;
    const pm_node_t        *collection;
    pm_string_t             prefix;      /* of a child's own line */
    int                     own_line;
    pm_string_t             comma;       /* between children on one line */
    pm_string_t             colon;
} pm_flow_t;


static const pm_node_t *
pm_flow_child(const pm_node_t *collection, size_t i)
{
    return (collection->kind == PM_NODE_SEQUENCE) ? collection->items[i]
                                                  : collection->members[i].key;
}


static size_t
pm_flow_end(const pm_node_t *collection, size_t i)
{
    return (collection->kind == PM_NODE_SEQUENCE)
           ? collection->items[i]->end : collection->members[i].value->end;
}


static int
pm_flow_is_own_line(const pm_document_t *document, const pm_node_t *child,
    pm_string_t *prefix)
{
    size_t  at;

    at = pm_line_back_blanks(document, child->start);

    prefix->data = document->text.data + at;
    prefix->len = child->start - at;

    return pm_line_starts(document, at);
}


const pm_member_t *
pm_edit_member_of(const pm_node_t *node)
{
    size_t            low, high, i;
    const pm_node_t  *parent;

    parent = node->parent;

    if (parent == NULL || parent->kind != PM_NODE_MAPPING) {
        return NULL;
    }

    low = 0;
    high = parent->length;

    while (low < high) {
        i = low + (high - low) / 2;

        if (parent->members[i].value->start < node->start) {
            low = i + 1;

        } else {
            high = i;
        }
    }

    while (parent->members[low].value != node) {
        low++;
    }

    return &parent->members[low];
}


int
pm_edit_flow_own_line(pm_edit_t *e, const pm_node_t *node,
    pm_string_t *prefix)
{
    const pm_member_t  *member;

    if (node->parent == NULL) {
        prefix->data = "";
        prefix->len = 0;

        return 1;
    }

    member = pm_edit_member_of(node);

    return pm_flow_is_own_line(e->destination, member ? member->key : node,
                               prefix);
}


/* The text between two places if it is the mark with blanks around it. */

static int
pm_flow_between(const pm_flow_t *f, size_t start, size_t end, char mark,
    pm_string_t *text)
{
    size_t  i, marks;

    text->data = f->document->text.data + start;
    text->len = end - start;

    for (i = 0, marks = 0; i < text->len; i++) {

        if (text->data[i] == mark) {
            marks++;

        } else if (text->data[i] != ' ') {
            return 0;
        }
    }

    return marks == 1;
}


/* As the neighbours of a child are separated, or as the document does it. */

static void
pm_flow_habits(pm_flow_t *f, size_t i)
{
    int                 found;
    const pm_node_t    *collection;
    const pm_member_t  *member;

    collection = f->collection;
    f->own_line = pm_flow_is_own_line(f->document,
                                      pm_flow_child(collection, i),
                                      &f->prefix);
    found = 0;

    if (i + 1 < collection->length) {
        found = pm_flow_between(f, pm_flow_end(collection, i),
                                pm_flow_child(collection, i + 1)->start, ',',
                                &f->comma);
    }

    if (!found && i > 0) {
        found = pm_flow_between(f, pm_flow_end(collection, i - 1),
                                pm_flow_child(collection, i)->start, ',',
                                &f->comma);
    }

    if (!found) {
        f->comma.data = f->e->style.compact ? "," : ", ";
        f->comma.len = strlen(f->comma.data);
    }

    found = 0;

    if (collection->kind == PM_NODE_MAPPING) {
        member = &collection->members[i];
        found = pm_flow_between(f, member->key->end, member->value->start,
                                ':', &f->colon);
    }

    if (!found || (!f->document->json && f->colon.data[f->colon.len - 1]
                                         != ' '))
    {
        f->colon.data = f->e->style.compact ? ":" : ": ";
        f->colon.len = strlen(f->colon.data);
    }
}


static int
pm_flow_write(pm_flow_t *f, const pm_node_t *key,
    const pm_edit_value_t *value, pm_buffer_t *text)
{
    int  rc;

    if (key != NULL) {
        rc = pm_edit_render_key(f->e, key, 1, text);
        if (rc != 0) {
            return rc;
        }

        pm_buffer_append(text, f->colon.data, f->colon.len);
    }

    return pm_edit_render_flow(f->e, value,
                               (f->own_line && f->document->json)
                               ? &f->prefix : NULL, text);
}


static int
pm_flow_splice(pm_flow_t *f, size_t start, size_t end,
    const pm_buffer_t *text)
{
    size_t            depth;
    pm_splice_t       splice;
    const pm_node_t  *node;

    for (node = f->collection, depth = 0; node; node = node->parent) {
        depth++;
    }

    memset(&splice, 0, sizeof(pm_splice_t));

    splice.start = start;
    splice.end = end;
    splice.text = text->data;
    splice.len = text->len;
    splice.depth = depth;

    return text->failed ? pm_error_memory(f->e->err)
                        : pm_edit_splice(f->e, &splice);
}


/* What stands behind a child on its line: its comma, then only a comment. */

static int
pm_flow_tail(const pm_flow_t *f, size_t at, int *comma)
{
    size_t       blank;
    const char  *text;

    text = f->document->text.data;
    blank = pm_line_skip_blanks(f->document, at);
    *comma = (blank < f->document->text.len && text[blank] == ',');

    if (*comma) {
        at = blank + 1;
        blank = pm_line_skip_blanks(f->document, at);
    }

    return pm_line_blank(f->document, blank)
           || (text[blank] == '#' && blank > at && !f->document->json);
}


static int
pm_flow_insert_lines(pm_flow_t *f, size_t at, int comma,
    const pm_node_t *const *keys, pm_edit_value_t *const *values, size_t n)
{
    int          rc;
    size_t       i;
    pm_buffer_t  text;

    memset(&text, 0, sizeof(pm_buffer_t));

    if (!comma) {
        pm_buffer_putc(&text, ',');
        rc = pm_flow_splice(f, at, at, &text);
        text.len = 0;

        if (rc != 0) {
            pm_buffer_free(&text);
            return rc;
        }
    }

    for (i = 0, rc = 0; rc == 0 && i < n; i++) {
        pm_buffer_puts(&text, f->e->style.newline);
        pm_buffer_append(&text, f->prefix.data, f->prefix.len);

        rc = pm_flow_write(f, keys ? keys[i] : NULL, values[i], &text);

        if (comma || i + 1 < n) {
            pm_buffer_putc(&text, ',');
        }
    }

    if (rc == 0) {
        at = pm_line_end(f->document, at, f->document->text.len);
        rc = pm_flow_splice(f, at, at, &text);
    }

    pm_buffer_free(&text);

    return rc;
}


/* One after another, with commas between, on lines of their own or not. */

static int
pm_flow_join(pm_flow_t *f, const pm_node_t *const *keys,
    pm_edit_value_t *const *values, size_t n, pm_buffer_t *text)
{
    int     rc;
    size_t  i;

    for (i = 0; i < n; i++) {

        if (i > 0 && f->own_line) {
            pm_buffer_putc(text, ',');
            pm_buffer_puts(text, f->e->style.newline);
            pm_buffer_append(text, f->prefix.data, f->prefix.len);

        } else if (i > 0) {
            pm_buffer_append(text, f->comma.data, f->comma.len);
        }

        rc = pm_flow_write(f, keys ? keys[i] : NULL, values[i], text);
        if (rc != 0) {
            return rc;
        }
    }

    return 0;
}


static void
pm_flow_start(pm_edit_t *e, const pm_node_t *collection, size_t i,
    pm_flow_t *f)
{
    memset(f, 0, sizeof(pm_flow_t));

    f->e = e;
    f->document = e->destination;
    f->collection = collection;

    pm_flow_habits(f, i);
}


int
pm_edit_flow_insert(pm_edit_t *e, const pm_node_t *collection, size_t after,
    const pm_node_t *const *keys, pm_edit_value_t *const *values, size_t n)
{
    int          rc, comma;
    size_t       at;
    pm_flow_t    f;
    pm_buffer_t  text;

    pm_flow_start(e, collection, after, &f);
    at = pm_flow_end(collection, after);

    if (f.own_line && pm_flow_tail(&f, at, &comma)
        && (comma || after + 1 == collection->length))
    {
        return pm_flow_insert_lines(&f, at, comma, keys, values, n);
    }

    f.own_line = 0;

    memset(&text, 0, sizeof(pm_buffer_t));

    pm_buffer_append(&text, f.comma.data, f.comma.len);

    rc = pm_flow_join(&f, keys, values, n, &text);

    if (rc == 0) {
        rc = pm_flow_splice(&f, at, at, &text);
    }

    pm_buffer_free(&text);

    return rc;
}


int
pm_edit_flow_items(pm_edit_t *e, const pm_node_t *sequence, size_t from,
    size_t to, pm_edit_value_t *const *values, size_t n)
{
    int          rc;
    size_t       i, start, end;
    pm_flow_t    f;
    pm_buffer_t  text;

    if (from == to && from > 0) {
        return pm_edit_flow_insert(e, sequence, from - 1, NULL, values, n);
    }

    /* an item's range leaves out its anchor and tag */

    for (i = from; i <= to && i < sequence->length; i++) {

        if (sequence->items[i]->anchor.len > 0
            || sequence->items[i]->tag.len > 0
            || sequence->items[i]->start == sequence->items[i]->end)
        {
            return PM_EDIT_WHOLE;
        }
    }

    pm_flow_start(e, sequence, from, &f);
    memset(&text, 0, sizeof(pm_buffer_t));

    start = sequence->items[from]->start;
    end = (from == to) ? start : sequence->items[to - 1]->end;

    if (n == 0) {

        if (from > 0) {
            start = sequence->items[from - 1]->end;

        } else {
            end = sequence->items[to]->start;
        }
    }

    rc = pm_flow_join(&f, NULL, values, n, &text);

    if (rc == 0 && from == to) {
        pm_buffer_putc(&text, ',');

        if (f.own_line) {
            pm_buffer_puts(&text, e->style.newline);
            pm_buffer_append(&text, f.prefix.data, f.prefix.len);

        } else {
            pm_buffer_putc(&text, ' ');
            text.len -= e->style.compact ? 1 : 0;
        }
    }

    if (rc == 0) {
        rc = pm_flow_splice(&f, start, end, &text);
    }

    pm_buffer_free(&text);

    return rc;
}
