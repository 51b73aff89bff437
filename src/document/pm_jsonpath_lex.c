#include "document/pm_jsonpath_tree.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>


#define PM_JSONPATH_QUOTED   80                   /* bytes in a message */
#define PM_JSONPATH_INTEGER  9007199254740991LL   /* RFC 7493, 2.2 */


int
pm_jsonpath_fail(pm_jsonpath_parser_t *parser, pm_code_t code,
    const char *at, const char *fmt, ...)
{
    char         what[256];
    size_t       len, shown;
    va_list      args;
    unsigned     column;
    const char  *p;

    va_start(args, fmt);
    (void) vsnprintf(what, sizeof(what), fmt, args);
    va_end(args);

    column = 1;

    for (p = parser->text; p < at; p++) {
        column += ((unsigned char) *p & 0xc0) != 0x80;
    }

    len = (size_t) (parser->end - parser->text);
    shown = len;

    if (len > PM_JSONPATH_QUOTED) {
        shown = pm_utf8_valid(parser->text, PM_JSONPATH_QUOTED);
    }

    (void) pm_error_set(parser->err, code,
                        "JSONPath \"%.*s%s\", column %u: %s", (int) shown,
                        parser->text, (shown < len) ? "..." : "", column,
                        what);

    if (parser->err != NULL) {
        parser->err->column = column;
    }

    return code;
}


int
pm_jsonpath_expected(pm_jsonpath_parser_t *parser, const char *at,
    const char *what)
{
    size_t  len;

    if (at >= parser->end) {
        return pm_jsonpath_fail(parser, PM_INVALID, at,
                                "expected %s, found the end", what);
    }

    for (len = 1;
         at + len < parser->end && ((unsigned char) at[len] & 0xc0) == 0x80;
         len++)
    {
        /* to the end of the character */
    }

    return pm_jsonpath_fail(parser, PM_INVALID, at,
                            "expected %s, found '%.*s'", what, (int) len, at);
}


void
pm_jsonpath_skip_blanks(pm_jsonpath_parser_t *parser)
{
    while (parser->p < parser->end
           && (*parser->p == ' ' || *parser->p == '\t'
               || *parser->p == '\n' || *parser->p == '\r'))
    {
        parser->p++;
    }
}


int
pm_jsonpath_peek(const pm_jsonpath_parser_t *parser)
{
    return parser->p < parser->end ? (unsigned char) *parser->p : -1;
}


int
pm_jsonpath_accept(pm_jsonpath_parser_t *parser, const char *token)
{
    size_t  len;

    len = strlen(token);

    if ((size_t) (parser->end - parser->p) < len
        || memcmp(parser->p, token, len) != 0)
    {
        return 0;
    }

    parser->p += len;

    return 1;
}


int
pm_jsonpath_at_name(const pm_jsonpath_parser_t *parser)
{
    int  c;

    c = pm_jsonpath_peek(parser);

    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'
           || c >= 0x80;
}


pm_string_t
pm_jsonpath_lex_name(pm_jsonpath_parser_t *parser)
{
    pm_string_t  name;

    name.data = parser->p;

    while (pm_jsonpath_at_name(parser)
           || (pm_jsonpath_peek(parser) >= '0'
               && pm_jsonpath_peek(parser) <= '9'))
    {
        parser->p++;
    }

    name.len = (size_t) (parser->p - name.data);

    return name;
}


/* Four digits behind \u. */

static int
pm_jsonpath_lex_hex(pm_jsonpath_parser_t *parser, uint32_t *unit)
{
    int       c;
    unsigned  i;

    *unit = 0;

    for (i = 0; i < 4; i++) {
        c = pm_jsonpath_peek(parser);

        if (c >= '0' && c <= '9') {
            c -= '0';

        } else if (c >= 'a' && c <= 'f') {
            c -= 'a' - 10;

        } else if (c >= 'A' && c <= 'F') {
            c -= 'A' - 10;

        } else {
            return pm_jsonpath_expected(parser, parser->p,
                                        "four hexadecimal digits after \\u");
        }

        *unit = *unit << 4 | (uint32_t) c;
        parser->p++;
    }

    return 0;
}


static int
pm_jsonpath_lex_unicode(pm_jsonpath_parser_t *parser, uint32_t *character)
{
    int          rc;
    uint32_t     low;
    const char  *start;

    start = parser->p - 2;

    rc = pm_jsonpath_lex_hex(parser, character);
    if (rc != 0) {
        return rc;
    }

    if (*character < 0xd800 || *character > 0xdfff) {
        return 0;
    }

    if (*character > 0xdbff || !pm_jsonpath_accept(parser, "\\u")) {
        return pm_jsonpath_fail(parser, PM_INVALID, start,
                                "a surrogate without its other half");
    }

    rc = pm_jsonpath_lex_hex(parser, &low);
    if (rc != 0) {
        return rc;
    }

    if (low < 0xdc00 || low > 0xdfff) {
        return pm_jsonpath_fail(parser, PM_INVALID, start,
                                "a surrogate without its other half");
    }

    *character = 0x10000 + ((*character - 0xd800) << 10) + (low - 0xdc00);

    return 0;
}


static char *
pm_jsonpath_put_utf8(char *out, uint32_t c)
{
    if (c < 0x80) {
        *out++ = (char) c;

    } else if (c < 0x800) {
        *out++ = (char) (0xc0 | c >> 6);
        *out++ = (char) (0x80 | (c & 0x3f));

    } else if (c < 0x10000) {
        *out++ = (char) (0xe0 | c >> 12);
        *out++ = (char) (0x80 | (c >> 6 & 0x3f));
        *out++ = (char) (0x80 | (c & 0x3f));

    } else {
        *out++ = (char) (0xf0 | c >> 18);
        *out++ = (char) (0x80 | (c >> 12 & 0x3f));
        *out++ = (char) (0x80 | (c >> 6 & 0x3f));
        *out++ = (char) (0x80 | (c & 0x3f));
    }

    return out;
}


/* Behind the backslash; quote is the one around the string. */

static int
pm_jsonpath_lex_escape(pm_jsonpath_parser_t *parser, int quote,
    uint32_t *character)
{
    int          c;
    const char  *found;

    static const char  names[] = "bfnrt/\\";
    static const char  characters[] = "\b\f\n\r\t/\\";

    c = pm_jsonpath_peek(parser);

    if (c == 'u') {
        parser->p++;
        return pm_jsonpath_lex_unicode(parser, character);
    }

    if (c == quote) {
        *character = (uint32_t) c;
        parser->p++;
        return 0;
    }

    found = (c > 0) ? strchr(names, c) : NULL;

    if (found == NULL) {
        return pm_jsonpath_expected(parser, parser->p,
                                    (quote == '\'')
                                    ? "one of b f n r t / \\ ' u after \\"
                                    : "one of b f n r t / \\ \" u after \\");
    }

    *character = (uint32_t) characters[found - names];
    parser->p++;

    return 0;
}


int
pm_jsonpath_lex_string(pm_jsonpath_parser_t *parser, pm_string_t *string)
{
    int          c, rc, quote;
    char        *out, *data;
    uint32_t     character;
    const char  *start, *p;

    start = parser->p;
    quote = (unsigned char) *parser->p++;

    for (p = parser->p; p < parser->end && *p != quote; p++) {
        if (*p == '\\') {
            p++;
        }
    }

    /* an escape is never shorter than what it stands for */

    data = pm_arena_alloc(parser->arena, (size_t) (p - start) + 1);
    if (data == NULL) {
        return pm_error_memory(parser->err);
    }

    for (out = data; ; /* void */) {
        c = pm_jsonpath_peek(parser);

        if (c == -1) {
            return pm_jsonpath_fail(parser, PM_INVALID, start,
                                    "a string without its closing %c",
                                    quote);
        }

        if (c < 0x20) {
            return pm_jsonpath_fail(parser, PM_INVALID, parser->p,
                                    "a control character in a string: write"
                                    " it as \\u%04x", c);
        }

        parser->p++;

        if (c == quote) {
            break;
        }

        if (c != '\\') {
            *out++ = (char) c;
            continue;
        }

        rc = pm_jsonpath_lex_escape(parser, quote, &character);
        if (rc != 0) {
            return rc;
        }

        out = pm_jsonpath_put_utf8(out, character);
    }

    *out = '\0';

    string->data = data;
    string->len = (size_t) (out - data);

    return 0;
}


static int
pm_jsonpath_at_digit(const pm_jsonpath_parser_t *parser)
{
    int  c;

    c = pm_jsonpath_peek(parser);

    return c >= '0' && c <= '9';
}


/* RFC 9535's "int": an index, or a part of a slice. */

int
pm_jsonpath_lex_integer(pm_jsonpath_parser_t *parser, int64_t *integer)
{
    int          negative;
    int64_t      n;
    const char  *start;

    start = parser->p;
    negative = pm_jsonpath_accept(parser, "-");

    if (!pm_jsonpath_at_digit(parser)) {
        return pm_jsonpath_expected(parser, parser->p, "a digit");
    }

    if (*parser->p == '0') {
        parser->p++;

        if (negative) {
            return pm_jsonpath_fail(parser, PM_INVALID, start,
                                    "-0 is no index: write 0");
        }

        if (pm_jsonpath_at_digit(parser)) {
            return pm_jsonpath_fail(parser, PM_INVALID, start,
                                    "a number with a leading zero");
        }

        *integer = 0;
        return 0;
    }

    for (n = 0; pm_jsonpath_at_digit(parser); parser->p++) {
        n = n * 10 + (*parser->p - '0');

        if (n > PM_JSONPATH_INTEGER) {
            return pm_jsonpath_fail(parser, PM_INVALID, start,
                                    "a number beyond %s%lld",
                                    negative ? "-" : "",
                                    PM_JSONPATH_INTEGER);
        }
    }

    *integer = negative ? -n : n;

    return 0;
}


static int
pm_jsonpath_lex_digits(pm_jsonpath_parser_t *parser)
{
    if (!pm_jsonpath_at_digit(parser)) {
        return pm_jsonpath_expected(parser, parser->p, "a digit");
    }

    while (pm_jsonpath_at_digit(parser)) {
        parser->p++;
    }

    return 0;
}


int
pm_jsonpath_lex_number(pm_jsonpath_parser_t *parser, pm_node_t *node)
{
    int          rc;
    const char  *start;

    start = parser->p;
    (void) pm_jsonpath_accept(parser, "-");

    /* behind a leading zero, no digit: whoever comes next refuses it */

    if (!pm_jsonpath_accept(parser, "0")) {
        rc = pm_jsonpath_lex_digits(parser);
        if (rc != 0) {
            return rc;
        }
    }

    if (pm_jsonpath_accept(parser, ".")) {
        rc = pm_jsonpath_lex_digits(parser);
        if (rc != 0) {
            return rc;
        }
    }

    if (pm_jsonpath_accept(parser, "e") || pm_jsonpath_accept(parser, "E")) {
        if (!pm_jsonpath_accept(parser, "+")) {
            (void) pm_jsonpath_accept(parser, "-");
        }

        rc = pm_jsonpath_lex_digits(parser);
        if (rc != 0) {
            return rc;
        }
    }

    node->kind = PM_NODE_NUMBER;
    node->text.len = (size_t) (parser->p - start);
    node->text.data = pm_arena_strndup(parser->arena, start, node->text.len);

    if (node->text.data == NULL) {
        return pm_error_memory(parser->err);
    }

    node->number = strtod(node->text.data, NULL);

    return 0;
}
