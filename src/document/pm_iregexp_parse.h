/*
 * pm_iregexp_parse.h: the grammar of RFC 9485, checked, and written as a
 * PCRE2 pattern.  Only pm_iregexp*.c include it.
 */

#ifndef PM_IREGEXP_PARSE_H
#define PM_IREGEXP_PARSE_H


#include "base/pm_buffer.h"
#include "document/pm_iregexp.h"

#include <stdint.h>


typedef struct {
    const char   *text;
    const char   *p;             /* the next character */
    const char   *end;
    unsigned      nesting;
    pm_buffer_t   out;           /* the pattern */
    pm_error_t   *err;
} pm_iregexp_parser_t;


/*
 * Appends the whole pattern to out.  Its end lets the first match that is
 * found be the answer: the whole string, or, for a search, any place behind
 * any start.
 */
int pm_iregexp_translate(pm_iregexp_parser_t *parser, int search,
    size_t *weight);

/* pm_iregexp_class.c, by the names of RFC 9485's grammar */

/* The fault is at p. */
int pm_iregexp_fail(pm_iregexp_parser_t *parser, pm_code_t code,
    const char *what);
int pm_iregexp_too_heavy(pm_iregexp_parser_t *parser);

/* The byte at p, or -1 at the end; 1 if it is c, which is then behind p. */
int pm_iregexp_peek(const pm_iregexp_parser_t *parser);
int pm_iregexp_accept(pm_iregexp_parser_t *parser, char c);

/* Reads the character at p. */
uint32_t pm_iregexp_character(pm_iregexp_parser_t *parser);

/* Appends it to the pattern, so that it means nothing else to PCRE2. */
void pm_iregexp_put(pm_iregexp_parser_t *parser, uint32_t c);

/* SingleCharEsc, behind the backslash. */
int pm_iregexp_escape(pm_iregexp_parser_t *parser, uint32_t *character);

/* charClassEsc: \p{Lu}, \P{N}; p is at its backslash. */
int pm_iregexp_at_category(const pm_iregexp_parser_t *parser);
int pm_iregexp_category(pm_iregexp_parser_t *parser);

/* charClassExpr, behind the "[". */
int pm_iregexp_class(pm_iregexp_parser_t *parser);


#endif /* PM_IREGEXP_PARSE_H */
