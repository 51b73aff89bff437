/*
 * JSON as RFC 8259 has it, and nothing more: no comments, no trailing commas,
 * no lone surrogates.  A byte order mark is passed over (section 8.1 allows
 * that).
 */

#include "document/pm_document_json.h"

#include <string.h>


static int pm_json_value(pm_json_t *j, pm_node_t **result);


static void
pm_json_skip(pm_json_t *j)
{
    int  c;

    for ( ;; ) {
        c = pm_json_peek(j);

        if (c != ' ' && c != '\t' && c != '\n' && c != '\r') {
            return;
        }

        j->offset++;
    }
}


static int
pm_json_child(pm_json_t *j)
{
    int         rc;
    pm_node_t  *node;

    rc = pm_json_value(j, &node);

    return rc ? rc : pm_builder_append(j->builder, &j->builder->pending,
                                       node);
}


/* A key and its colon. */

static int
pm_json_key(pm_json_t *j)
{
    int         rc;
    pm_node_t  *node;

    if (pm_json_peek(j) != '"') {
        return pm_json_unexpected(j, "a key in quotes");
    }

    rc = pm_json_string(j, &node);

    if (rc == 0) {
        rc = pm_builder_append(j->builder, &j->builder->pending, node);
    }

    if (rc != 0) {
        return rc;
    }

    pm_json_skip(j);

    if (pm_json_peek(j) != ':') {
        return pm_json_unexpected(j, "\":\"");
    }

    j->offset++;

    return 0;
}


static int
pm_json_members(pm_json_t *j, pm_node_kind_t kind)
{
    int   rc, close;

    close = (kind == PM_NODE_MAPPING) ? '}' : ']';

    pm_json_skip(j);

    if (pm_json_peek(j) == close) {
        return 0;
    }

    for ( ;; ) {
        pm_json_skip(j);

        rc = (kind == PM_NODE_MAPPING) ? pm_json_key(j) : 0;

        if (rc == 0) {
            rc = pm_json_child(j);
        }

        if (rc != 0) {
            return rc;
        }

        pm_json_skip(j);

        if (pm_json_peek(j) == close) {
            return 0;
        }

        if (pm_json_peek(j) != ',') {
            return pm_json_unexpected(j, close == '}' ? "\",\" or \"}\""
                                                      : "\",\" or \"]\"");
        }

        j->offset++;
    }
}


static int
pm_json_collection(pm_json_t *j, pm_node_kind_t kind, pm_node_t **result)
{
    int     rc;
    size_t  base;

    if (j->depth == PM_DOCUMENT_DEPTH) {
        pm_place_advance(j->builder->document, &j->place, j->offset);

        return pm_builder_fault(j->builder, &j->place,
                                "nested deeper than %d levels",
                                PM_DOCUMENT_DEPTH);
    }

    rc = pm_json_node(j, kind, PM_STYLE_FLOW, result);
    if (rc != 0) {
        return rc;
    }

    base = j->builder->pending.n;
    j->offset++;
    j->depth++;

    rc = pm_json_members(j, kind);
    if (rc != 0) {
        return rc;
    }

    j->depth--;
    j->offset++;
    (*result)->end = j->offset;

    rc = pm_builder_close(j->builder, *result, base);

    if (rc == 0 && kind == PM_NODE_MAPPING) {
        rc = pm_builder_keys(j->builder, *result);
    }

    return rc;
}


/* Depth bounds the recursion. */

static int
pm_json_value(pm_json_t *j, pm_node_t **result)
{
    pm_json_skip(j);

    switch (pm_json_peek(j)) {

    case '{':
        return pm_json_collection(j, PM_NODE_MAPPING, result);

    case '[':
        return pm_json_collection(j, PM_NODE_SEQUENCE, result);

    case '"':
        return pm_json_string(j, result);

    case 't':
        return pm_json_literal(j, "true", PM_NODE_BOOLEAN, result);

    case 'f':
        return pm_json_literal(j, "false", PM_NODE_BOOLEAN, result);

    case 'n':
        return pm_json_literal(j, "null", PM_NODE_NULL, result);

    case '-':
    case '0':
    case '1':
    case '2':
    case '3':
    case '4':
    case '5':
    case '6':
    case '7':
    case '8':
    case '9':
        return pm_json_number(j, result);

    default:
        return pm_json_unexpected(j, "a value");
    }
}


int
pm_document_json(pm_builder_t *builder)
{
    int         rc;
    pm_json_t   j;
    pm_node_t  *root;

    memset(&j, 0, sizeof(pm_json_t));
    j.builder = builder;
    j.text = builder->document->text.data;
    j.len = builder->document->text.len;
    j.place = (pm_place_t) { 0, 1, 1 };

    if (j.len >= 3 && memcmp(j.text, "\xef\xbb\xbf", 3) == 0) {
        j.offset = 3;
    }

    rc = pm_json_value(&j, &root);

    if (rc == 0) {
        pm_json_skip(&j);

        rc = (j.offset < j.len) ? pm_json_unexpected(&j, "the end")
                                : pm_builder_append(builder, &builder->roots,
                                                    root);
    }

    pm_buffer_free(&j.string);

    return rc;
}
