/*
 * pm_request.h: the body of a promotion request, validated.
 *
 * Every fault is named at once, in the documented order: srcAppId, destAppId
 * (destAppIds), message / head / title, the rest (interface.md, 4 and 5).
 * Unknown properties are ignored.
 */

#ifndef PM_REQUEST_H
#define PM_REQUEST_H


#include "base/pm_arena.h"
#include "base/pm_error.h"

#include <stddef.h>


#define PM_REQUEST_MESSAGE  65536      /* characters */


typedef enum {
    PM_REQUEST_COMMIT,
    PM_REQUEST_PREVIEW,                /* a commit's body without message */
    PM_REQUEST_PULL_REQUEST,
    PM_REQUEST_REVERT,                 /* no applications; nothing is
                                          required */
    PM_REQUEST_PRODUCT                 /* two environments in place of
                                          applications */
} pm_request_kind_t;


typedef struct {
    const char  *runtime;
    const char  *namespace;
    const char  *name;
} pm_application_id_t;


typedef struct {
    pm_request_kind_t     kind;
    pm_application_id_t   source;
    pm_application_id_t  *destinations;     /* destAppId is one */
    size_t                ndestinations;
    const char           *source_environment;       /* of a product */
    const char           *destination_environment;
    unsigned              grouped:1;        /* destAppIds was used */
    unsigned              dry_run:1;
    unsigned              override:1;
    unsigned              draft:1;
    const char           *message;          /* NULL in a preview, and where a
                                               revert has none */
    const char           *description;      /* NULL: none */
    const char           *source_commit;    /* srcAppCommitSha, or NULL */
    const char           *expected_digest;  /* 64 lower-case hex, or NULL */
    const char          **digests;          /* the same of each of
                                               destAppIds; NULL: no such */
    const char           *head;             /* pull request */
    const char           *title;
    const char           *commit_message;
    const char           *commit_description;
    const char          **labels;
    size_t                nlabels;
    const char          **reviewers;
    size_t                nreviewers;
} pm_request_t;


/* What is wrong with a body. */

typedef struct {
    const char  **messages;
    size_t        n;
    unsigned      single:1;    /* one text, not a list: malformed JSON */
} pm_request_faults_t;


/*
 * Reads a body.  trailing_commas: accept "," before "}" and "]".  All that is
 * returned is the arena's.  0, PM_INVALID with faults filled, or
 * PM_UNAVAILABLE (out of memory).
 */
int pm_request_parse(pm_arena_t *arena, const char *body, size_t len,
    pm_request_kind_t kind, int trailing_commas, pm_request_t *request,
    pm_request_faults_t *faults);


#endif /* PM_REQUEST_H */
