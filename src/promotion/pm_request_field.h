/*
 * pm_request_field.h: the fields of a body, checked one by one; each fault is
 * noted and reading goes on.  Inside the promotion room only.
 */

#ifndef PM_REQUEST_FIELD_H
#define PM_REQUEST_FIELD_H


#include "promotion/pm_request.h"

#include <jansson.h>


#define PM_REQUEST_BRANCH  244           /* with refs/heads/ under 255 bytes */


typedef struct {
    pm_arena_t           *arena;
    pm_request_faults_t  *faults;
    size_t                size;      /* of faults->messages */
    unsigned              failed:1;  /* out of memory */
} pm_request_reader_t;


/* What a string may be. */

typedef struct {
    unsigned  required:1;
    unsigned  text:1;                /* control characters are refused */
    unsigned  trailers:1;            /* lines like our trailers, too */
    size_t    limit;                 /* characters */
} pm_request_rule_t;


/* Adds one line to the faults. */
void pm_request_fault(pm_request_reader_t *reader, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* The value at key; NULL where it is missing or null, which is the same. */
const json_t *pm_request_get(const json_t *object, const char *key);

/*
 * The string at key, the arena's.  NULL: there is none, or it is at fault.
 * name is what a fault calls it: "srcAppId.runtime".  Nothing but blanks is
 * empty.
 */
const char *pm_request_string(pm_request_reader_t *reader,
    const json_t *object, const char *key, const char *name,
    const pm_request_rule_t *rule);

/* min to max hexadecimal digits, as lower-case; name and NULL as above. */
const char *pm_request_hex(pm_request_reader_t *reader, const json_t *object,
    const char *key, const char *name, size_t min, size_t max);

/* Missing is 0. */
unsigned pm_request_boolean(pm_request_reader_t *reader, const json_t *root,
    const char *key);

/* An array of words: labels, reviewers; NULL as above. */
const char **pm_request_words(pm_request_reader_t *reader, const json_t *root,
    const char *key, size_t *nwords);

/* 1 if name, perhaps with refs/heads/ before it, is that of a branch
 * (git-check-ref-format(1)) and of nothing else. */
int pm_request_is_branch(const char *name);


#endif /* PM_REQUEST_FIELD_H */
