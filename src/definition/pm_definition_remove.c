/*
 * Members cut out of a text.  Which bytes go is decided by the text's form,
 * and the result is right only if it reads as what was intended.
 */

#include "definition/pm_definition_internal.h"

#include <string.h>


typedef struct {
    pm_arena_t           *arena;
    const pm_document_t  *document;
    pm_buffer_t           text;      /* what stays, so far */
    size_t                copied;    /* bytes of the document before it are
                                        settled */
    pm_error_t           *err;
} pm_definition_cut_t;


static void
pm_definition_cut(pm_definition_cut_t *c, size_t from, size_t to,
    const char *put)
{
    if (from < c->copied) {
        from = c->copied;
    }

    pm_buffer_append(&c->text, c->document->text.data + c->copied,
                     from - c->copied);
    pm_buffer_puts(&c->text, put);

    c->copied = to > from ? to : from;
}


/* The offset at which the line of an offset starts, if only blanks stand
 * between. */

static int
pm_definition_line(const pm_document_t *document, size_t offset,
    size_t *start)
{
    const char  *text;

    text = document->text.data;

    while (offset > 0 && (text[offset - 1] == ' ' || text[offset - 1] == '\t'))
    {
        offset--;
    }

    *start = offset;

    return offset == 0 || text[offset - 1] == '\n'
           || text[offset - 1] == '\r';
}


/* After the line in which a value ends; block scalars end after theirs. */

static size_t
pm_definition_line_end(const pm_document_t *document, const pm_node_t *value)
{
    size_t       end;
    const char  *next;

    end = value->end;

    if (end > 0 && value->style != PM_STYLE_PLAIN
        && document->text.data[end - 1] == '\n')
    {
        return end;
    }

    next = memchr(document->text.data + end, '\n',
                  document->text.len - end);

    return next ? (size_t) (next - document->text.data) + 1
                : document->text.len;
}


/* The last value of what ends in a collection. */

static const pm_node_t *
pm_definition_last(const pm_node_t *node)
{
    while (node->style == PM_STYLE_BLOCK && node->length > 0) {
        node = (node->kind == PM_NODE_MAPPING)
               ? node->members[node->length - 1].value
               : node->items[node->length - 1];
    }

    return node;
}


/* Members [a, b] of a mapping, of which some stay. */

static void
pm_definition_cut_run(pm_definition_cut_t *c, const pm_node_t *mapping,
    size_t a, size_t b)
{
    size_t             start, end;
    const pm_member_t *members;

    members = mapping->members;
    start = members[a].key->start;

    if (mapping->style == PM_STYLE_FLOW) {

        if (a > 0) {
            pm_definition_cut(c, members[a - 1].value->end,
                              members[b].value->end, "");

        } else {
            pm_definition_cut(c, start, members[b + 1].key->start, "");
        }

        return;
    }

    if (pm_definition_line(c->document, start, &start)) {
        end = pm_definition_line_end(c->document,
                                     pm_definition_last(members[b].value));
        pm_definition_cut(c, start, end, "");
        return;
    }

    /* behind a "- ": the next key takes its place */

    end = (b + 1 < mapping->length) ? members[b + 1].key->start
                                    : members[b].value->end;
    pm_definition_cut(c, members[a].key->start, end, "");
}


/* All members: an empty mapping is left. */

static void
pm_definition_cut_all(pm_definition_cut_t *c, const pm_node_t *mapping)
{
    size_t            end;
    const pm_node_t  *last;

    if (mapping->style == PM_STYLE_FLOW) {
        pm_definition_cut(c, mapping->start + 1, mapping->end - 1, "");
        return;
    }

    last = pm_definition_last(mapping);
    end = mapping->end > last->end ? mapping->end : last->end;

    while (end > mapping->start
           && strchr(" \t\r\n", c->document->text.data[end - 1]) != NULL)
    {
        end--;
    }

    pm_definition_cut(c, mapping->start, end, "{}");
}


static int
pm_definition_is_gone(const pm_member_t *member, const pm_node_t *patch)
{
    const pm_string_t  *key;
    const pm_member_t  *other;

    key = &pm_node_resolve(member->key)->text;
    other = pm_node_member(patch, key->data, key->len);

    return other != NULL && other->value->kind == PM_NODE_NULL;
}


/* left: the mapping as it is to be.  The document's depth bounds the
 * recursion. */

static int
pm_definition_cut_mapping(pm_definition_cut_t *c, const pm_node_t *mapping,
    const pm_node_t *patch, pm_node_t **left)
{
    int                 rc;
    size_t              i, n;
    pm_node_t          *made, *value;
    const pm_string_t  *key;
    const pm_member_t  *member, *other;

    made = pm_arena_alloc(c->arena, sizeof(pm_node_t));
    if (made == NULL) {
        return pm_error_memory(c->err);
    }

    *made = *mapping;
    *left = made;

    made->sorted = NULL;
    made->length = 0;
    made->members = pm_arena_alloc(c->arena, (mapping->length + 1)
                                             * sizeof(pm_member_t));
    if (made->members == NULL) {
        return pm_error_memory(c->err);
    }

    for (i = 0, n = 0; i < mapping->length; i++) {
        n += (size_t) pm_definition_is_gone(&mapping->members[i], patch);
    }

    if (n > 0 && n == mapping->length) {
        pm_definition_cut_all(c, mapping);
        return 0;
    }

    for (i = 0; i < mapping->length; i++) {
        member = &mapping->members[i];

        if (pm_definition_is_gone(member, patch)) {

            for (n = i; i + 1 < mapping->length
                        && pm_definition_is_gone(&mapping->members[i + 1],
                                                 patch); i++)
            {
                /* void */
            }

            pm_definition_cut_run(c, mapping, n, i);
            continue;
        }

        key = &pm_node_resolve(member->key)->text;
        other = pm_node_member(patch, key->data, key->len);
        value = member->value;

        if (other != NULL && other->value->kind == PM_NODE_MAPPING
            && value->kind == PM_NODE_MAPPING)
        {
            rc = pm_definition_cut_mapping(c, value, other->value, &value);
            if (rc != 0) {
                return rc;
            }
        }

        made->members[made->length].key = member->key;
        made->members[made->length++].value = value;
    }

    return 0;
}


/* Whether no null of the patch has a value left, by whatever alias. */

static int
pm_definition_all_gone(const pm_node_t *node, const pm_node_t *patch)
{
    size_t            i;
    const pm_node_t  *value, *other;

    node = pm_node_resolve(node);

    if (node->kind != PM_NODE_MAPPING) {
        return 1;
    }

    for (i = 0; i < patch->length; i++) {
        other = patch->members[i].value;

        value = pm_node_get(node,
                            pm_node_resolve(patch->members[i].key)
                                ->text.data);

        if (value == NULL) {
            continue;
        }

        if (other->kind == PM_NODE_NULL
            || (other->kind == PM_NODE_MAPPING
                && !pm_definition_all_gone(value, other)))
        {
            return 0;
        }
    }

    return 1;
}


static int
pm_definition_cut_check(pm_definition_cut_t *c, const char *file,
    const pm_node_t *left, const pm_node_t *patch, const pm_string_t *text)
{
    int             rc;
    size_t          steps;
    pm_error_t      fault;
    pm_document_t  *parsed;

    steps = 0;

    rc = pm_document_parse(c->arena, file, text->data, text->len, &parsed,
                           &fault);

    if (rc == PM_UNAVAILABLE) {
        return pm_error_memory(c->err);
    }

    if (rc != 0 || parsed->nroots != 1 || parsed->roots[0] == NULL
        || !pm_definition_equal(left, parsed->roots[0], &steps)
        || !pm_definition_all_gone(parsed->roots[0], patch))
    {
        return pm_error_set(c->err, PM_UNPROCESSABLE, "%s: what the overlay "
                            "has as null cannot be taken out safely; remove "
                            "it by hand", file);
    }

    return 0;
}


int
pm_definition_remove(pm_arena_t *arena, const char *file,
    const pm_node_t *patch, pm_string_t *text, pm_error_t *err)
{
    int                   rc;
    pm_node_t            *left;
    pm_string_t           made;
    pm_document_t        *document;
    pm_definition_cut_t   c;

    rc = pm_document_parse(arena, file, text->data, text->len, &document,
                           err);

    if (rc != 0 || pm_definition_all_gone(document->roots[0], patch)) {
        return rc;
    }

    memset(&c, 0, sizeof(pm_definition_cut_t));

    c.arena = arena;
    c.document = document;
    c.err = err;

    left = NULL;
    rc = pm_definition_cut_mapping(&c, pm_node_resolve(document->roots[0]),
                                   patch, &left);

    pm_buffer_append(&c.text, text->data + c.copied, text->len - c.copied);

    if (rc == 0) {
        made.data = c.text.failed ? NULL
                    : pm_arena_strndup(arena, c.text.data, c.text.len);
        made.len = c.text.len;

        rc = made.data ? pm_definition_cut_check(&c, file, left, patch, &made)
                       : pm_error_memory(err);
    }

    if (rc == 0) {
        *text = made;
    }

    pm_buffer_free(&c.text);

    return rc;
}
