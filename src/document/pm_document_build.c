#include "document/pm_document_build.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>


size_t
pm_place_break(const pm_document_t *document, const char *p, size_t left)
{
    if (*p == '\n') {
        return 1;
    }

    if (*p == '\r') {
        return (left > 1 && p[1] == '\n') ? 2 : 1;
    }

    if (document->json) {
        return 0;
    }

    if (left > 1 && memcmp(p, "\xc2\x85", 2) == 0) {
        return 2;
    }

    if (left > 2
        && (memcmp(p, "\xe2\x80\xa8", 3) == 0
            || memcmp(p, "\xe2\x80\xa9", 3) == 0))
    {
        return 3;
    }

    return 0;
}


void
pm_place_advance(const pm_document_t *document, pm_place_t *place,
    size_t offset)
{
    size_t       n;
    const char  *p, *end;

    p = document->text.data + place->offset;
    end = document->text.data + offset;

    if (place->offset == 0 && offset >= 3
        && memcmp(p, "\xef\xbb\xbf", 3) == 0)
    {
        p += 3;
    }

    while (p < end) {

        if ((unsigned char) *p >= ' ' && (unsigned char) *p < 0x80) {
            p++;
            place->column++;
            continue;
        }

        n = pm_place_break(document, p, (size_t) (end - p));

        if (n > 0) {
            p += n;
            place->line++;
            place->column = 1;
            continue;
        }

        /* a character counts by its first byte */

        place->column += ((*p & 0xc0) != 0x80);
        p++;
    }

    place->offset = offset;
}


int
pm_builder_fault(pm_builder_t *builder, const pm_place_t *place,
    const char *fmt, ...)
{
    char     message[PM_ERROR_SIZE];
    va_list  args;

    va_start(args, fmt);
    (void) vsnprintf(message, sizeof(message), fmt, args);
    va_end(args);

    return pm_error_at(builder->err, PM_INVALID, builder->document->name,
                       place->line, place->column, "%s", message);
}


int
pm_builder_node(pm_builder_t *builder, pm_node_kind_t kind, pm_style_t style,
    const pm_place_t *place, pm_node_t **result)
{
    pm_node_t  *node;

    if (++builder->nodes > PM_DOCUMENT_NODES) {
        return pm_builder_fault(builder, place, "more than %d values",
                                PM_DOCUMENT_NODES);
    }

    node = pm_arena_zalloc(builder->arena, sizeof(pm_node_t));
    if (node == NULL) {
        return pm_error_memory(builder->err);
    }

    node->kind = kind;
    node->style = style;
    node->line = place->line;
    node->column = place->column;
    node->start = place->offset;
    node->end = place->offset;
    node->text.data = "";
    node->anchor.data = "";
    node->tag.data = "";

    *result = node;

    return 0;
}


int
pm_builder_append(pm_builder_t *builder, pm_node_list_t *list,
    pm_node_t *node)
{
    size_t       size;
    pm_node_t  **nodes;

    if (list->n == list->size) {
        size = list->size ? list->size * 2 : 64;

        nodes = reallocarray(list->nodes, size, sizeof(pm_node_t *));
        if (nodes == NULL) {
            return pm_error_memory(builder->err);
        }

        list->nodes = nodes;
        list->size = size;
    }

    list->nodes[list->n++] = node;

    return 0;
}


int
pm_builder_text(pm_builder_t *builder, pm_node_t *node, const char *text,
    size_t len)
{
    pm_place_t  place;

    if (len == 0) {
        return 0;
    }

    if (memchr(text, '\0', len) != NULL) {
        place = (pm_place_t) { node->start, node->line, node->column };

        return pm_builder_fault(builder, &place,
                                "a NUL in a string is not supported");
    }

    node->text.data = pm_arena_strndup(builder->arena, text, len);
    if (node->text.data == NULL) {
        return pm_error_memory(builder->err);
    }

    node->text.len = len;

    return 0;
}


int
pm_builder_close(pm_builder_t *builder, pm_node_t *collection, size_t base)
{
    size_t        i, n;
    pm_node_t   **children;

    n = builder->pending.n - base;

    if (n == 0) {
        return 0;
    }

    children = builder->pending.nodes + base;
    builder->pending.n = base;

    for (i = 0; i < n; i++) {
        children[i]->parent = collection;
    }

    if (collection->kind == PM_NODE_SEQUENCE) {
        collection->length = n;
        collection->items = pm_arena_alloc(builder->arena,
                                           n * sizeof(pm_node_t *));
        if (collection->items == NULL) {
            return pm_error_memory(builder->err);
        }

        memcpy(collection->items, children, n * sizeof(pm_node_t *));

        return 0;
    }

    collection->length = n / 2;
    collection->members = pm_arena_alloc(builder->arena,
                                         n / 2 * sizeof(pm_member_t));
    if (collection->members == NULL) {
        return pm_error_memory(builder->err);
    }

    for (i = 0; i < n / 2; i++) {
        collection->members[i].key = children[2 * i];
        collection->members[i].value = children[2 * i + 1];
    }

    return 0;
}
