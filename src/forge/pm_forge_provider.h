/*
 * pm_forge_provider.h: a row of the table, and what it works with.
 *
 * A provider is a set of functions without state: they build requests, read
 * answers and name faults.  What is common to all (finding before opening,
 * deadlines, retries, tokens) is not theirs: pm_forge_run.c.
 *
 * Inside the forge room only.
 */

#ifndef PM_FORGE_PROVIDER_H
#define PM_FORGE_PROVIDER_H


#include "base/pm_buffer.h"
#include "forge/pm_forge_webhook.h"

#include <jansson.h>


/* A repository's URL on its way to its provider. */

typedef struct {
    pm_arena_t              *arena;
    const pm_forge_url_t    *url;
    const pm_forge_host_t   *forge;
    const char             **segments;    /* of the path, decoded */
    size_t                   n;
    const char              *account;     /* the first label of a host that
                                             has Azure's organization there,
                                             else NULL */
    unsigned                 ssh:1;
    pm_forge_repository_t   *repository;
    pm_error_t              *err;
} pm_forge_locator_t;


/* What is asked: a path from the API's base on, with its query, and perhaps
 * a body (which pm_forge_run.c frees). */

typedef struct {
    const char  *method;
    pm_buffer_t  path;
    json_t      *body;
} pm_forge_request_t;


/* A pull request as an answer or a webhook tells it.  The strings are those
 * of the JSON that was read. */

typedef struct {
    int64_t            number;           /* 0: none */
    int64_t            version;          /* Bitbucket Data Center's */
    pm_forge_state_t   state;
    unsigned           foreign:1;        /* from another repository */
    const char        *url;
    const char        *title;
    const char        *body;
    const char        *head;             /* branches */
    const char        *base;
    const char        *head_commit;
    const char        *merge_commit;
    int64_t            changed;          /* when it was last, in seconds since
                                            1970; 0: not told */
    json_t            *reviewers;
} pm_forge_pull_t;


typedef enum {
    PM_FORGE_FINE = 0,
    PM_FORGE_MISSING,           /* 404: not there, or not for this token */
    PM_FORGE_DUPLICATE,         /* an open one of that head and base */
    PM_FORGE_NOTHING,           /* nothing between head and base */
    PM_FORGE_STALE,             /* changed meanwhile: read it again */
    PM_FORGE_LIMIT,             /* too many requests */
    PM_FORGE_BAD_DAY,           /* 5xx and its like */
    PM_FORGE_REFUSED            /* final */
} pm_forge_fault_t;


/* One answer.  json is NULL where there is none or it cannot be read. */

typedef struct {
    long         status;
    json_t      *json;
    char         retry_after[64];    /* headers; "": missing */
    char         limit_reset[32];
    char         limit_remaining[32];
} pm_forge_answer_t;


/* Which ones are looked for. */

typedef enum {
    PM_FORGE_FIND_OPEN = 0,     /* the open one */
    PM_FORGE_FIND_HARD,         /* the same, after a duplicate that the first
                                   way did not show */
    PM_FORGE_FIND_MERGED        /* one that was merged */
} pm_forge_find_t;


/* One task under way, as its provider sees it. */

typedef struct {
    pm_arena_t             *arena;
    const pm_forge_task_t  *task;
    const char             *title;       /* as the provider takes it */
    const char             *body;
    json_t                 *reviewers;   /* ids of GitLab's, an array */
} pm_forge_job_t;


/* A pull request of the repository (NULL: of a webhook's) out of JSON. */

typedef void (*pm_forge_read_pt)(const pm_forge_repository_t *repository,
    json_t *json, pm_forge_pull_t *pull, pm_arena_t *arena);


struct pm_forge_provider_s {
    const char   *name;
    const char   *suffix;       /* API: after https://HOST; NULL: none */
    size_t        title;        /* most characters, 0: any */
    size_t        text;
    const char   *draft;        /* before the title of a draft, NULL: not
                                   that way */
    unsigned      commands:1;   /* does what a description's lines that begin
                                   with "/" say */
    unsigned      labels:1;     /* has them */
    unsigned      commas:1;     /* a comma ends a label: none has one */
    unsigned      reviewers:1;
    unsigned      reread:1;     /* a list shows too little for an update */
    unsigned      single:1;     /* the first find is for one, or 404 */

    int         (*locate)(pm_forge_locator_t *locator);

    /* Header lines; 0, or -1: out of memory. */
    int         (*authorize)(const pm_forge_task_t *task, pm_buffer_t *line);

    /* page counts from 0; pages: how many are looked at. */
    void        (*find)(const pm_forge_job_t *job, pm_forge_find_t how,
                        unsigned page, pm_forge_request_t *request);
    unsigned    (*pages)(pm_forge_find_t how);

    /* the array in a find's answer; "": it is the answer */
    const char   *list;

    void        (*open)(const pm_forge_job_t *job,
                        pm_forge_request_t *request);
    void        (*update)(const pm_forge_job_t *job,
                          const pm_forge_pull_t *pull,
                          pm_forge_request_t *request);
    void        (*look)(const pm_forge_job_t *job, int64_t number,
                        pm_forge_request_t *request);

    /* A user to look up before, NULL: none are. */
    void        (*user)(const pm_forge_job_t *job, const char *name,
                        pm_forge_request_t *request);

    /* n-th request after it is open; 0: there is none.  NULL: none. */
    int         (*extra)(const pm_forge_job_t *job, int64_t number, unsigned n,
                         pm_forge_request_t *request, const char **what);

    pm_forge_read_pt  read;

    /* What a status from 400 on means; common: what it means to all.  A
     * duplicate may name the number. */
    pm_forge_fault_t  (*fault)(const pm_forge_answer_t *answer,
                               const char *words, pm_forge_fault_t common,
                               int64_t *number);

    int         (*hook)(pm_arena_t *arena, const pm_forge_hook_t *hook,
                        json_t *json, pm_forge_event_t *event,
                        pm_error_t *err);
    int         (*hook_check)(const pm_forge_hook_t *hook,
                              const char *secret);
};


extern const pm_forge_provider_t  pm_forge_github;
extern const pm_forge_provider_t  pm_forge_gitlab;
extern const pm_forge_provider_t  pm_forge_gitea;
extern const pm_forge_provider_t  pm_forge_bitbucket;
extern const pm_forge_provider_t  pm_forge_bitbucket_server;
extern const pm_forge_provider_t  pm_forge_azure;


/* pm_forge_provider.c: what the providers' requests have in common. */

/* Appends a token to header lines: before ends in the last one's name, and the
 * token's kind.  0, or -1: out of memory. */
int pm_forge_authorize_token(pm_buffer_t *lines, const char *before,
    const char *token);

/* Appends "Authorization: Basic …" (RFC 7617) to header lines, which no other
 * copy of the credentials outlives.  0, or -1. */
int pm_forge_authorize_basic(pm_buffer_t *lines, const char *user,
    const char *password);

/* Appends the repository's owner and name, encoded, with what stands before,
 * between and after them. */
void pm_forge_path(pm_buffer_t *path, const pm_forge_job_t *job,
    const char *before, const char *between, const char *after);

#endif /* PM_FORGE_PROVIDER_H */
