/*
 * pm_forge_text.h: percent-encoding, base64, and reading JSON and times.
 *
 * Inside the forge room only.
 */

#ifndef PM_FORGE_TEXT_H
#define PM_FORGE_TEXT_H


#include "base/pm_arena.h"
#include "base/pm_buffer.h"
#include "base/pm_string.h"

#include <jansson.h>
#include <stdint.h>


/* Appends text with all but RFC 3986's unreserved characters encoded. */
void pm_forge_encode(pm_buffer_t *buffer, const char *text);

/* Appends "NAME=encoded value" after a "?" or "&". */
void pm_forge_query(pm_buffer_t *buffer, const char *name, const char *value);

/*
 * A percent-decoded copy: NULL for a malformed escape, what is not UTF-8, a
 * control character, "/" or "\" in it, or when out of memory.
 */
const char *pm_forge_decode(pm_arena_t *arena, const char *text, size_t len);

/* A copy in lower case (ASCII); NULL when out of memory. */
char *pm_forge_lower(pm_arena_t *arena, const char *text, size_t len);

/* Appends data in base64 (RFC 4648, 4). */
void pm_forge_base64(pm_buffer_t *buffer, const char *data, size_t len);

/* The bytes of a base64 text, strictly read; 0, or -1.  data has room for
 * 3 bytes for each 4 of text. */
int pm_forge_unbase64(unsigned char *data, size_t *data_len, const char *text,
    size_t len);

/*
 * At most max characters (as UTF-16 counts them: what some providers count)
 * of text, the last one an ellipsis if it is cut.  max 0: all.  *cut is set
 * to 1 then.  The text itself, or the arena's; NULL when out of memory.
 */
const char *pm_forge_cut(pm_arena_t *arena, const char *text, size_t max,
    int *cut);

/*
 * Markdown that shows what text shows, and has no line that begins with "/":
 * such a line is a command to some providers, done with the rights of the
 * token.  The text itself, or the arena's; NULL when out of memory.
 */
const char *pm_forge_no_commands(pm_arena_t *arena, const char *text);


/* The value at a path of keys, "head.repo.id"; NULL: none. */
json_t *pm_forge_json(json_t *json, const char *path);

/* A string there, or NULL. */
const char *pm_forge_json_string(json_t *json, const char *path);

/* An integer above 0 there, or 0. */
int64_t pm_forge_json_number(json_t *json, const char *path);

/*
 * Seconds since 1970, whole ones, of "2024-05-02T10:00:00.123Z", which may
 * have an offset or " UTC" at its end and a space in its middle; 0: of
 * anything else.
 */
int64_t pm_forge_time(const char *text);

/* The same of such a string there, or of a number of milliseconds; 0: none. */
int64_t pm_forge_json_time(json_t *json, const char *path);

/* The name of a commit there, 7 to 64 hexadecimal digits, or NULL. */
const char *pm_forge_json_commit(json_t *json, const char *path);

/* A branch there, without "refs/heads/", or NULL. */
const char *pm_forge_json_branch(json_t *json, const char *path);

/* A URL for people there: http or https, nothing that a page or a log could
 * stumble over; or NULL. */
const char *pm_forge_json_url(json_t *json, const char *path);

/* 1 if both are there and are equal (any case), else 0. */
int pm_forge_json_equal(json_t *json, const char *a, const char *b);


#endif /* PM_FORGE_TEXT_H */
