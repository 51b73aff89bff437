/*
 * pm_request_json.h: a request's body as JSON.
 *
 * Inside the promotion room (and for the bodies of other requests in http/).
 * What is refused, each named by its place: whatever RFC 8259 does not allow,
 * bytes that are not UTF-8, NUL (also as \u0000), a key twice in one object,
 * containers nested deeper than 64, a number out of range, and a body that is
 * not an object.
 */

#ifndef PM_REQUEST_JSON_H
#define PM_REQUEST_JSON_H


#include "base/pm_arena.h"

#include <jansson.h>
#include <stddef.h>


/*
 * Reads a body.  trailing_commas: accept "," before "}" and "]".
 *
 * 0: *root is the object; it is freed with the arena.  PM_INVALID: *fault is
 * "Unexpected token <token> at line <n> column <n>" (both 1-based, columns in
 * characters), the arena's.  PM_UNAVAILABLE: out of memory; *fault says so.
 */
int pm_request_json(pm_arena_t *arena, const char *body, size_t len,
    int trailing_commas, json_t **root, const char **fault);


#endif /* PM_REQUEST_JSON_H */
