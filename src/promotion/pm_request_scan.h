/*
 * pm_request_scan.h: the grammar of a JSON text (RFC 8259), before anything
 * is built from it.
 *
 * It bounds the depth, blanks trailing commas where they are allowed, and
 * knows where the unexpected token begins (jansson tells where it ends).
 * Inside the promotion room only.
 */

#ifndef PM_REQUEST_SCAN_H
#define PM_REQUEST_SCAN_H


#include <stddef.h>


#define PM_REQUEST_DEPTH  64


/*
 * Checks that text is one JSON object, not nested deeper than
 * PM_REQUEST_DEPTH, UTF-8, without NUL.  trailing_commas: a comma before "}"
 * or "]" becomes a space.
 *
 * 0, or -1: *token is the place of the fault (text + len: the end of the
 * input), *why a word on it, or NULL: not what the grammar expects there.
 */
int pm_request_scan(char *text, size_t len, int trailing_commas,
    const char **token, const char **why);

/* 1 if c can be part of a number or a literal. */
int pm_request_is_word(char c);


#endif /* PM_REQUEST_SCAN_H */
