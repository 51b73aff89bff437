/*
 * JSON's strings, numbers and words, and what is wrong at a place.
 */

#include "document/pm_document_json.h"

#include <stdlib.h>
#include <string.h>


int
pm_json_fault(pm_json_t *j, const char *what)
{
    pm_place_advance(j->builder->document, &j->place, j->offset);

    return pm_builder_fault(j->builder, &j->place, "%s", what);
}


int
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


int
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


int
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


int
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


int
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
