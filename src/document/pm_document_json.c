/*
 * JSON as RFC 8259 has it, and nothing more: no comments, no trailing commas,
 * no lone surrogates.  A byte order mark is passed over (section 8.1 allows
 * that).
 */

#include "document/pm_document_build.h"

#include "base/pm_buffer.h"

#include <stdlib.h>
#include <string.h>


typedef struct {
    pm_builder_t   *builder;
    const char     *text;
    size_t          len;
    size_t          offset;
    pm_place_t      place;       /* moves on from node to node */
    pm_buffer_t     string;      /* the one being unescaped */
    size_t          depth;
} pm_json_t;


static int pm_json_value(pm_json_t *j, pm_node_t **result);


static int
pm_json_fault(pm_json_t *j, const char *what)
{
    pm_place_advance(j->builder->document, &j->place, j->offset);

    return pm_builder_fault(j->builder, &j->place, "%s", what);
}


static int
pm_json_unexpected(pm_json_t *j, const char *wanted)
{
    size_t  n;

    if (j->offset == j->len) {
        pm_place_advance(j->builder->document, &j->place, j->offset);

        return pm_builder_fault(j->builder, &j->place,
                                "the text ends where %s should be", wanted);
    }

    /* a whole character: the text is valid UTF-8 */

    for (n = 1; j->offset + n < j->len
                && (j->text[j->offset + n] & 0xc0) == 0x80; n++)
    {
        /* void */
    }

    pm_place_advance(j->builder->document, &j->place, j->offset);

    return pm_builder_fault(j->builder, &j->place,
                            "\"%.*s\" where %s should be", (int) n,
                            j->text + j->offset, wanted);
}


static int
pm_json_peek(const pm_json_t *j)
{
    return j->offset < j->len ? (unsigned char) j->text[j->offset] : -1;
}


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
pm_json_node(pm_json_t *j, pm_node_kind_t kind, pm_style_t style,
    pm_node_t **result)
{
    pm_place_advance(j->builder->document, &j->place, j->offset);

    return pm_builder_node(j->builder, kind, style, &j->place, result);
}


/* Four hexadecimal digits after \u: their value, or -1. */

static int
pm_json_hex(pm_json_t *j)
{
    int  i, c, value;

    value = 0;

    for (i = 0; i < 4; i++) {
        c = pm_json_peek(j);

        if (c >= '0' && c <= '9') {
            c -= '0';

        } else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f') {
            c = (c | 0x20) - 'a' + 10;

        } else {
            return -1;
        }

        value = value * 16 + c;
        j->offset++;
    }

    return value;
}


static void
pm_json_utf8(pm_buffer_t *buffer, int c)
{
    if (c < 0x80) {
        pm_buffer_putc(buffer, (char) c);
        return;
    }

    if (c < 0x800) {
        pm_buffer_putc(buffer, (char) (0xc0 | c >> 6));

    } else {

        if (c < 0x10000) {
            pm_buffer_putc(buffer, (char) (0xe0 | c >> 12));

        } else {
            pm_buffer_putc(buffer, (char) (0xf0 | c >> 18));
            pm_buffer_putc(buffer, (char) (0x80 | (c >> 12 & 0x3f)));
        }

        pm_buffer_putc(buffer, (char) (0x80 | (c >> 6 & 0x3f)));
    }

    pm_buffer_putc(buffer, (char) (0x80 | (c & 0x3f)));
}


/* After \u: a character, or the first half of a pair of surrogates. */

static int
pm_json_unicode(pm_json_t *j)
{
    int  c, low;

    c = pm_json_hex(j);

    if (c < 0) {
        return pm_json_unexpected(j, "a hexadecimal digit");
    }

    if (c >= 0xd800 && c <= 0xdfff) {

        low = -1;

        if (c <= 0xdbff && j->len - j->offset >= 6
            && memcmp(j->text + j->offset, "\\u", 2) == 0)
        {
            j->offset += 2;
            low = pm_json_hex(j);
        }

        if (low < 0xdc00 || low > 0xdfff) {
            return pm_json_fault(j, "half of a surrogate pair");
        }

        c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
    }

    pm_json_utf8(&j->string, c);

    return 0;
}


static int
pm_json_escape(pm_json_t *j)
{
    int          c;
    const char  *p;

    static const char  from[] = "\"\\/bfnrt";
    static const char  to[] = "\"\\/\b\f\n\r\t";

    c = pm_json_peek(j);

    if (c == 'u') {
        j->offset++;
        return pm_json_unicode(j);
    }

    p = (c > 0) ? strchr(from, c) : NULL;

    if (p == NULL) {
        return pm_json_unexpected(j, "an escape's character");
    }

    pm_buffer_putc(&j->string, to[p - from]);
    j->offset++;

    return 0;
}


static int
pm_json_string(pm_json_t *j, pm_node_t **result)
{
    int     rc, c;
    size_t  start;

    rc = pm_json_node(j, PM_NODE_STRING, PM_STYLE_DOUBLE, result);
    if (rc != 0) {
        return rc;
    }

    j->string.len = 0;
    j->offset++;

    for ( ;; ) {
        start = j->offset;

        do {
            c = pm_json_peek(j);
        } while (c >= ' ' && c != '"' && c != '\\' && ++j->offset);

        pm_buffer_append(&j->string, j->text + start, j->offset - start);

        if (c == '"') {
            break;
        }

        if (c == -1) {
            return pm_json_unexpected(j, "the end of a string");
        }

        if (c != '\\') {
            return pm_json_fault(j, "a control character in a string; "
                                    "escape it");
        }

        j->offset++;

        rc = pm_json_escape(j);
        if (rc != 0) {
            return rc;
        }
    }

    j->offset++;
    (*result)->end = j->offset;

    if (j->string.failed) {
        return pm_error_memory(j->builder->err);
    }

    return pm_builder_text(j->builder, *result, j->string.data,
                           j->string.len);
}


static void
pm_json_digits(pm_json_t *j)
{
    while (pm_json_peek(j) >= '0' && pm_json_peek(j) <= '9') {
        j->offset++;
    }
}


static int
pm_json_number(pm_json_t *j, pm_node_t **result)
{
    int     rc;
    size_t  start, digits;

    rc = pm_json_node(j, PM_NODE_NUMBER, PM_STYLE_PLAIN, result);
    if (rc != 0) {
        return rc;
    }

    start = j->offset;
    j->offset += (pm_json_peek(j) == '-');
    digits = j->offset;

    if (pm_json_peek(j) == '0') {
        j->offset++;

    } else {
        pm_json_digits(j);
    }

    if (j->offset == digits) {
        return pm_json_unexpected(j, "a digit");
    }

    if (pm_json_peek(j) == '.') {
        digits = ++j->offset;
        pm_json_digits(j);

        if (j->offset == digits) {
            return pm_json_unexpected(j, "a digit");
        }
    }

    if (pm_json_peek(j) == 'e' || pm_json_peek(j) == 'E') {
        j->offset++;
        j->offset += (pm_json_peek(j) == '-' || pm_json_peek(j) == '+');
        digits = j->offset;
        pm_json_digits(j);

        if (j->offset == digits) {
            return pm_json_unexpected(j, "a digit");
        }
    }

    (*result)->end = j->offset;

    rc = pm_builder_text(j->builder, *result, j->text + start,
                         j->offset - start);

    if (rc == 0) {
        (*result)->number = strtod((*result)->text.data, NULL);
    }

    return rc;
}


static int
pm_json_literal(pm_json_t *j, const char *word, pm_node_kind_t kind,
    pm_node_t **result)
{
    int     rc;
    size_t  n;

    n = strlen(word);

    if (j->len - j->offset < n
        || memcmp(j->text + j->offset, word, n) != 0)
    {
        return pm_json_unexpected(j, "a value");
    }

    rc = pm_json_node(j, kind, PM_STYLE_PLAIN, result);
    if (rc != 0) {
        return rc;
    }

    j->offset += n;
    (*result)->end = j->offset;
    (*result)->boolean = (word[0] == 't');

    return pm_builder_text(j->builder, *result, word, n);
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
