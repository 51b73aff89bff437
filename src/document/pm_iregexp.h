/*
 * pm_iregexp.h: I-Regexp (RFC 9485), the regular expressions of JSONPath's
 * match() and search(), by PCRE2.
 *
 * The grammar is checked whole and then written as a PCRE2 pattern: what is
 * no I-Regexp never reaches PCRE2, and what PCRE2 knows besides is out of
 * reach.  Matching follows all alternatives at once (pcre2_dfa_match), so
 * that no expression takes exponential time.
 *
 * ^ and $ outside a class: RFC 9485's grammar has them as characters, its
 * mapping to PCRE (5.4) and the JSONPath compliance suite as the start and
 * the end.  Here each matches either.
 *
 * Both expression and text may be hostile.  RFC 9485, 8 lets us refuse large
 * repetitions: the weight of an expression is the number of its characters
 * and classes, each counted as often as it may be repeated.
 */

#ifndef PM_IREGEXP_H
#define PM_IREGEXP_H


#include "base/pm_error.h"

#include <stddef.h>


#define PM_IREGEXP_SIZE     4096      /* bytes of an expression */
#define PM_IREGEXP_NESTING  32        /* parentheses inside one another */
#define PM_IREGEXP_WEIGHT   2000

/* Steps (pm_jsonpath.h) that compiling takes, and one more for each byte. */
#define PM_IREGEXP_COMPILE  200


/* Constant, and usable by several threads at once. */

typedef struct pm_iregexp_s  pm_iregexp_t;


/*
 * Compiles len bytes of valid UTF-8.  search: match any part of a string, not
 * the whole.  The result is freed by pm_iregexp_free(), and NULL on failure:
 *   PM_INVALID        no I-Regexp; err->column (in characters, from 1);
 *   PM_UNPROCESSABLE  over one of the bounds;
 *   PM_UNAVAILABLE    out of memory.
 */
int pm_iregexp_compile(const char *text, size_t len, int search,
    pm_iregexp_t **regexp, pm_error_t *err);

/* NULL is allowed. */
void pm_iregexp_free(void *regexp);

/* An upper bound of the steps that matching a string of len bytes takes. */
size_t pm_iregexp_cost(const pm_iregexp_t *regexp, size_t len);

/*
 * Sets matched.  A subject that is not UTF-8 matches nothing.  0,
 * PM_UNPROCESSABLE (the expression needs too much memory on this string) or
 * PM_UNAVAILABLE.
 */
int pm_iregexp_match(const pm_iregexp_t *regexp, const char *subject,
    size_t len, int *matched, pm_error_t *err);


#endif /* PM_IREGEXP_H */
