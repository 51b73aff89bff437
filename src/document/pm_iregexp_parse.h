/*
 * pm_iregexp_parse.h: the grammar of RFC 9485, checked, and written as a
 * PCRE2 pattern.  Only pm_iregexp*.c include it.
 */

#ifndef PM_IREGEXP_PARSE_H
#define PM_IREGEXP_PARSE_H


#include "base/pm_buffer.h"
#include "document/pm_iregexp.h"


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

/* The fault is at p. */
int pm_iregexp_fail(pm_iregexp_parser_t *parser, pm_code_t code,
    const char *what);
int pm_iregexp_too_heavy(pm_iregexp_parser_t *parser);


#endif /* PM_IREGEXP_PARSE_H */
