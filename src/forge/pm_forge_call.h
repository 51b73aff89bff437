/*
 * pm_forge_call.h: a task under way: its steps (pm_forge_step.c), its answers
 * (pm_forge_answer.c) and its requests (pm_forge_http.c).
 *
 * Inside the forge room only.
 */

#ifndef PM_FORGE_CALL_H
#define PM_FORGE_CALL_H


#include "forge/pm_forge_provider.h"

#include <curl/curl.h>


#define PM_FORGE_ANSWER_SIZE  (1024 * 1024)


typedef enum {
    PM_FORGE_STEP_START = 0,
    PM_FORGE_STEP_USER,         /* looks up a reviewer's id */
    PM_FORGE_STEP_FIND,
    PM_FORGE_STEP_MERGED,       /* finds what an earlier try made */
    PM_FORGE_STEP_OPEN,
    PM_FORGE_STEP_READ,         /* the one that was found, whole */
    PM_FORGE_STEP_UPDATE,
    PM_FORGE_STEP_EXTRA,        /* labels, reviewers */
    PM_FORGE_STEP_LOOK,
    PM_FORGE_STEP_END           /* there is a result */
} pm_forge_step_t;


typedef struct pm_forge_run_s   pm_forge_run_t;
typedef struct pm_forge_call_s  pm_forge_call_t;


struct pm_forge_call_s {
    pm_forge_run_t            *run;
    pm_forge_job_t             job;
    pm_forge_result_t         *result;

    pm_forge_step_t            step;
    pm_forge_find_t            how;
    unsigned                   page;
    unsigned                   rounds;     /* times it was found otherwise */
    unsigned                   extra;
    const char                *what;       /* the extra's name */
    size_t                     user;
    const char                *unknown;    /* reviewers, in words; or NULL */
    json_t                    *kept;       /* what pull's strings are part of */
    pm_forge_pull_t            pull;
    pm_error_t                 refusal;    /* of an open, while merged ones
                                              are looked at; code 0: none */
    unsigned                   searched:1; /* those were looked at */

    /* the request under way */
    CURL                      *easy;
    pm_forge_request_t         request;
    struct curl_slist         *headers;
    char                      *payload;    /* NULL: none */
    size_t                     payload_len;
    size_t                     sent;
    pm_buffer_t                received;
    size_t                     head;       /* bytes of header lines */
    int64_t                    last;       /* ms, when a byte came or went */
    unsigned                   running:1;
    unsigned                   large:1;    /* the answer is too large */
    char                       reason[CURL_ERROR_SIZE];
};


struct pm_forge_run_s {
    pm_arena_t                 *arena;
    const pm_forge_settings_t  *settings;
    pm_forge_call_t            *calls;
    size_t                      n;
    CURLM                      *multi;
    int64_t                     started;   /* ms, monotonic */
    pm_forge_limits_t          *limits;    /* the settings', or its own */
};


/* pm_forge_step.c */

/* Goes on to the next request, in call->request: 1; 0: there is a result. */
int pm_forge_step_next(pm_forge_call_t *call);

/* What an answer means for the step. */
void pm_forge_step_answer(pm_forge_call_t *call,
    const pm_forge_answer_t *answer);

/* No answer came: LATER, with call->result->error set by the caller. */
void pm_forge_step_later(pm_forge_call_t *call, unsigned after);

/* Frees what a call has kept. */
void pm_forge_step_end(pm_forge_call_t *call);


/* pm_forge_answer.c */

/* What a status means to every provider. */
pm_forge_fault_t pm_forge_common_fault(long status);

/* Appends the provider's own words in an error's JSON. */
void pm_forge_words(json_t *json, pm_buffer_t *words);

/* Seconds that a limit or a bad day asks for, at most an hour; 0: not said.
 * now: seconds since 1970. */
unsigned pm_forge_after(const pm_forge_answer_t *answer, int64_t now);

/* Overwrites the task's token where it stands in text, as it is or as basic
 * authentication writes it. */
void pm_forge_redact_login(char *text, const pm_forge_task_t *task);

/* The error of a request that got no answer. */
void pm_forge_http_error(const pm_forge_call_t *call, CURLcode result,
    pm_error_t *err);


/* pm_forge_limits.c */

/* The task's API has asked its token to wait so many seconds. */
void pm_forge_limits_set(pm_forge_limits_t *limits,
    const pm_forge_task_t *task, unsigned after);

/* The seconds that are left of it, or 0. */
unsigned pm_forge_limits_left(pm_forge_limits_t *limits,
    const pm_forge_task_t *task);


/* pm_forge_http.c */

/* Milliseconds of the monotonic clock. */
int64_t pm_forge_clock(void);

/* Starts call->request; 0, or -1: out of memory. */
int pm_forge_http_start(pm_forge_call_t *call);

/* Fills answer, whose json is to be freed, from a request that has ended. */
void pm_forge_http_answer(pm_forge_call_t *call, pm_forge_answer_t *answer);

/* Ends the request; wipes what it had of the token. */
void pm_forge_http_stop(pm_forge_call_t *call);


#endif /* PM_FORGE_CALL_H */
