#include "document/pm_iregexp_parse.h"

#include <string.h>


static int pm_iregexp_alternatives(pm_iregexp_parser_t *parser,
    size_t *weight);


static int
pm_iregexp_group(pm_iregexp_parser_t *parser, size_t *weight)
{
    int  rc;

    if (++parser->nesting > PM_IREGEXP_NESTING) {
        return pm_iregexp_fail(parser, PM_UNPROCESSABLE,
                               "too many ( inside one another");
    }

    pm_buffer_puts(&parser->out, "(?:");

    rc = pm_iregexp_alternatives(parser, weight);
    if (rc != 0) {
        return rc;
    }

    if (!pm_iregexp_accept(parser, ')')) {
        return pm_iregexp_fail(parser, PM_INVALID, "a ( without its )");
    }

    pm_buffer_putc(&parser->out, ')');
    parser->nesting--;

    return 0;
}


static int
pm_iregexp_atom(pm_iregexp_parser_t *parser, size_t *weight)
{
    int       rc;
    uint32_t  c;

    *weight = 1;

    if (pm_iregexp_accept(parser, '(')) {
        return pm_iregexp_group(parser, weight);
    }

    if (pm_iregexp_accept(parser, '[')) {
        return pm_iregexp_class(parser);
    }

    if (pm_iregexp_accept(parser, '.')) {
        pm_buffer_puts(&parser->out, "[^\\n\\r]");
        return 0;
    }

    if (pm_iregexp_at_category(parser)) {
        return pm_iregexp_category(parser);
    }

    if (pm_iregexp_accept(parser, '\\')) {
        rc = pm_iregexp_escape(parser, &c);
        if (rc != 0) {
            return rc;
        }

        pm_iregexp_put(parser, c);
        return 0;
    }

    if (memchr("*+?{}]", pm_iregexp_peek(parser), 6) != NULL) {
        return pm_iregexp_fail(parser, PM_INVALID,
                               "* + ? { } and ] need a \\, or something"
                               " before them to repeat");
    }

    c = pm_iregexp_character(parser);

    if (c == '^' || c == '$') {
        pm_buffer_puts(&parser->out, (c == '^') ? "(?:\\A|\\x{5e})"
                                                : "(?:\\z|\\x{24})");
        *weight = 2;
        return 0;
    }

    pm_iregexp_put(parser, c);

    return 0;
}


/* QuantExact; what is larger than any weight stays the same. */

static int
pm_iregexp_number(pm_iregexp_parser_t *parser, unsigned *n)
{
    int  c;

    c = pm_iregexp_peek(parser);

    if (c < '0' || c > '9') {
        return pm_iregexp_fail(parser, PM_INVALID, "expected a digit");
    }

    for (*n = 0; c >= '0' && c <= '9'; c = pm_iregexp_peek(parser)) {
        if (*n <= PM_IREGEXP_WEIGHT) {
            *n = *n * 10 + (unsigned) (c - '0');
        }

        parser->p++;
    }

    return 0;
}


/*
 * X+ as XX*.  PCRE2 counts the turns of a + on one character, so that each
 * place where it may have begun is a state of its own, and their number grows
 * with the text; those of a * are all the same.  The + of a group is fine.
 */

static void
pm_iregexp_plus(pm_iregexp_parser_t *parser, size_t atom, size_t *weight)
{
    char    *copy;
    size_t   len;

    if (parser->out.failed || parser->out.data[atom] == '(') {
        pm_buffer_putc(&parser->out, '+');
        return;
    }

    len = parser->out.len - atom;
    copy = pm_buffer_reserve(&parser->out, len);

    if (copy != NULL) {
        memcpy(copy, parser->out.data + atom, len);
        parser->out.len += len;
    }

    pm_buffer_putc(&parser->out, '*');
    *weight *= 2;
}


/* range-quantifier, behind the "{". */

static int
pm_iregexp_range(pm_iregexp_parser_t *parser, size_t atom, size_t *weight)
{
    int       rc, open;
    unsigned  low, high;

    rc = pm_iregexp_number(parser, &low);
    if (rc != 0) {
        return rc;
    }

    high = low;
    open = 0;

    if (pm_iregexp_accept(parser, ',')) {
        open = (pm_iregexp_peek(parser) == '}');
        rc = open ? 0 : pm_iregexp_number(parser, &high);

        if (rc != 0) {
            return rc;
        }
    }

    if (!pm_iregexp_accept(parser, '}')) {
        return pm_iregexp_fail(parser, PM_INVALID, "expected , or }");
    }

    if (high < low) {
        return pm_iregexp_fail(parser, PM_INVALID,
                               "a repetition whose end is before its start");
    }

    if (high > PM_IREGEXP_WEIGHT) {
        return pm_iregexp_too_heavy(parser);
    }

    if (!open) {
        pm_buffer_printf(&parser->out, "{%u,%u}", low, high);
        *weight *= (high > 0) ? high : 1;

    } else if (low == 1) {
        pm_iregexp_plus(parser, atom, weight);

    } else {
        pm_buffer_printf(&parser->out, "{%u,}", low);
        *weight *= low + 1;
    }

    return 0;
}


static int
pm_iregexp_piece(pm_iregexp_parser_t *parser, size_t *weight)
{
    int     rc;
    size_t  atom;

    atom = parser->out.len;

    rc = pm_iregexp_atom(parser, weight);
    if (rc != 0) {
        return rc;
    }

    if (pm_iregexp_accept(parser, '{')) {
        return pm_iregexp_range(parser, atom, weight);
    }

    if (pm_iregexp_accept(parser, '+')) {
        pm_iregexp_plus(parser, atom, weight);

    } else if (pm_iregexp_accept(parser, '*')) {
        pm_buffer_putc(&parser->out, '*');

    } else if (pm_iregexp_accept(parser, '?')) {
        pm_buffer_putc(&parser->out, '?');
    }

    return 0;
}


static int
pm_iregexp_alternatives(pm_iregexp_parser_t *parser, size_t *weight)
{
    int     c, rc;
    size_t  piece;

    *weight = 1;

    for ( ;; ) {
        c = pm_iregexp_peek(parser);

        if (c == -1 || c == ')') {
            return 0;
        }

        if (c == '|') {
            pm_buffer_putc(&parser->out, '|');
            parser->p++;
            piece = 1;

        } else {
            rc = pm_iregexp_piece(parser, &piece);
            if (rc != 0) {
                return rc;
            }
        }

        /* neither can overflow: each is at most the square of the bound */

        *weight += piece;

        if (*weight > PM_IREGEXP_WEIGHT) {
            return pm_iregexp_too_heavy(parser);
        }
    }
}


int
pm_iregexp_translate(pm_iregexp_parser_t *parser, int search, size_t *weight)
{
    int  rc;

    pm_buffer_puts(&parser->out, search ? "\\A(?s:.*)(?:" : "\\A(?:");

    rc = pm_iregexp_alternatives(parser, weight);
    if (rc != 0) {
        return rc;
    }

    if (parser->p < parser->end) {
        return pm_iregexp_fail(parser, PM_INVALID, "a ) without its (");
    }

    pm_buffer_puts(&parser->out, search ? ")" : ")\\z");

    return parser->out.failed ? pm_error_memory(parser->err) : 0;
}
