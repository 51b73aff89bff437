/*
 * Single characters, categories and classes.
 */

#include "document/pm_iregexp_parse.h"

#include <string.h>


int
pm_iregexp_fail(pm_iregexp_parser_t *parser, pm_code_t code, const char *what)
{
    unsigned     column;
    const char  *p;

    column = 1;

    for (p = parser->text; p < parser->p; p++) {
        column += ((unsigned char) *p & 0xc0) != 0x80;
    }

    (void) pm_error_set(parser->err, code,
                        "regular expression, column %u: %s", column, what);

    if (parser->err != NULL) {
        parser->err->column = column;
    }

    return code;
}


int
pm_iregexp_peek(const pm_iregexp_parser_t *parser)
{
    return parser->p < parser->end ? (unsigned char) *parser->p : -1;
}


int
pm_iregexp_accept(pm_iregexp_parser_t *parser, char c)
{
    if (pm_iregexp_peek(parser) != (unsigned char) c) {
        return 0;
    }

    parser->p++;

    return 1;
}


int
pm_iregexp_too_heavy(pm_iregexp_parser_t *parser)
{
    return pm_iregexp_fail(parser, PM_UNPROCESSABLE,
                           "too large, with its repetitions");
}


uint32_t
pm_iregexp_character(pm_iregexp_parser_t *parser)
{
    uint32_t  c;

    c = (unsigned char) *parser->p++;

    if (c >= 0x80) {
        c &= (c < 0xe0) ? 0x1f : (c < 0xf0) ? 0x0f : 0x07;

        while (parser->p < parser->end
               && ((unsigned char) *parser->p & 0xc0) == 0x80)
        {
            c = c << 6 | ((unsigned char) *parser->p++ & 0x3f);
        }
    }

    return c;
}


void
pm_iregexp_put(pm_iregexp_parser_t *parser, uint32_t c)
{
    pm_buffer_printf(&parser->out, "\\x{%x}", (unsigned) c);
}


int
pm_iregexp_escape(pm_iregexp_parser_t *parser, uint32_t *character)
{
    int          c;
    const char  *found;

    static const char  names[] = "()*+-.?[\\]^{|}nrt";
    static const char  characters[] = "()*+-.?[\\]^{|}\n\r\t";

    c = pm_iregexp_peek(parser);
    found = (c > 0) ? strchr(names, c) : NULL;

    if (found == NULL) {
        return pm_iregexp_fail(parser, PM_INVALID,
                               "expected one of ( ) * + - . ? [ \\ ] ^ { | }"
                               " n r t p P after \\");
    }

    parser->p++;
    *character = (unsigned char) characters[found - names];

    return 0;
}


int
pm_iregexp_category(pm_iregexp_parser_t *parser)
{
    unsigned     i;
    const char  *p;

    static const char  *categories[] = {
        "Llmotu", "Mcen", "Ndlo", "Pcdefios", "Zlps", "Sckmo", "Ccfno"
    };

    p = parser->p + 2;
    parser->p = p;

    if (pm_iregexp_accept(parser, '{')) {
        for (i = 0; i < sizeof(categories) / sizeof(categories[0]); i++) {
            if (pm_iregexp_accept(parser, categories[i][0])) {
                break;
            }
        }

        if (i < sizeof(categories) / sizeof(categories[0])) {
            if (pm_iregexp_peek(parser) > 0
                && strchr(categories[i] + 1, *parser->p) != NULL)
            {
                parser->p++;
            }

            if (pm_iregexp_accept(parser, '}')) {
                pm_buffer_append(&parser->out, p - 2,
                                 (size_t) (parser->p - p) + 2);
                return 0;
            }
        }
    }

    return pm_iregexp_fail(parser, PM_INVALID,
                           "expected a category of Unicode, such as {L} or"
                           " {Nd}");
}


int
pm_iregexp_at_category(const pm_iregexp_parser_t *parser)
{
    return parser->end - parser->p >= 2 && parser->p[0] == '\\'
           && (parser->p[1] == 'p' || parser->p[1] == 'P');
}


/* CCchar. */

static int
pm_iregexp_class_character(pm_iregexp_parser_t *parser, uint32_t *c)
{
    int  next;

    next = pm_iregexp_peek(parser);

    if (next == -1) {
        return pm_iregexp_fail(parser, PM_INVALID,
                               "a character class without its ]");
    }

    if (next == '-' || next == '[' || next == ']') {
        return pm_iregexp_fail(parser, PM_INVALID,
                               "- [ and ] need a \\ inside a class");
    }

    if (pm_iregexp_accept(parser, '\\')) {
        return pm_iregexp_escape(parser, c);
    }

    *c = pm_iregexp_character(parser);

    return 0;
}


/* CCE1: a character, a range, a category. */

static int
pm_iregexp_class_item(pm_iregexp_parser_t *parser)
{
    int       rc;
    uint32_t  first, last;

    if (pm_iregexp_at_category(parser)) {
        return pm_iregexp_category(parser);
    }

    rc = pm_iregexp_class_character(parser, &first);
    if (rc != 0) {
        return rc;
    }

    pm_iregexp_put(parser, first);

    /* a "-" before the "]" is itself */

    if (pm_iregexp_peek(parser) != '-'
        || (parser->end - parser->p >= 2 && parser->p[1] == ']'))
    {
        return 0;
    }

    parser->p++;

    rc = pm_iregexp_class_character(parser, &last);
    if (rc != 0) {
        return rc;
    }

    if (last < first) {
        return pm_iregexp_fail(parser, PM_INVALID,
                               "a range whose end is before its start");
    }

    pm_buffer_putc(&parser->out, '-');
    pm_iregexp_put(parser, last);

    return 0;
}


int
pm_iregexp_class(pm_iregexp_parser_t *parser)
{
    int  rc;

    pm_buffer_putc(&parser->out, '[');

    if (pm_iregexp_accept(parser, '^')) {
        pm_buffer_putc(&parser->out, '^');
    }

    if (pm_iregexp_accept(parser, '-')) {
        pm_iregexp_put(parser, '-');

    } else {
        rc = pm_iregexp_class_item(parser);
        if (rc != 0) {
            return rc;
        }
    }

    while (!pm_iregexp_accept(parser, ']')) {

        if (pm_iregexp_accept(parser, '-')) {

            pm_iregexp_put(parser, '-');

            if (!pm_iregexp_accept(parser, ']')) {
                return pm_iregexp_fail(parser, PM_INVALID,
                                       "expected ] after -");
            }

            break;
        }

        rc = pm_iregexp_class_item(parser);
        if (rc != 0) {
            return rc;
        }
    }

    pm_buffer_putc(&parser->out, ']');

    return 0;
}
