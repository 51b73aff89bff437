/*
 * ngx_http_promotions_management.h: promotions that somebody reviews
 * (review-api.md), below the prefix of a location with promotions_management.
 *
 *     handler ─► route ─► request ─► (Redis) ─► look: a job ─► ask
 *                   ├──► process ─► decide ─► lane ─► results
 *                   └──► search, one, diff, tasks, targets, apis
 *
 * A request is the promotion that accepting it makes: one record, one id.
 */

#ifndef NGX_HTTP_PROMOTIONS_MANAGEMENT_H
#define NGX_HTTP_PROMOTIONS_MANAGEMENT_H


#include "http/ngx_http_promotions.h"
#include "http/ngx_http_promotions_script.h"
#include "promotion/pm_review.h"

#include <jansson.h>


#define NGX_HTTP_PROMOTIONS_NAMES  2

#define NGX_HTTP_PROMOTIONS_RIGHTS                                            \
    "You do not have sufficient rights to access this resource"


/* What a request's path says, and what it is about. */

typedef struct ngx_http_promotions_management_s
    ngx_http_promotions_management_t;

struct ngx_http_promotions_management_s {
    ngx_uint_t               version;        /* of the API: 1, 2 */
    const char              *organization;   /* NULL: v2/environments */
    const pm_environment_t  *environment;    /* or NULL */
    const char              *names[NGX_HTTP_PROMOTIONS_NAMES];
                                             /* the path's {…}, in order */
    const char              *promotion;      /* that there is, or may be, as
                                                far as is known; or NULL */
    unsigned                 api:1;          /* a request for an API */
    unsigned                 named:1;        /* headers tell which promotion */

    /* a decision */
    pm_review_decision_t     decision;
    u_char                   attempt[NGX_HTTP_PROMOTIONS_ID_SIZE + 1];
    const char              *gone;           /* why nobody can decide it */

    /* a list on its way */
    json_t                  *list;           /* freed with the request */
    ngx_uint_t               rounds;
    ngx_uint_t               size;
    ngx_uint_t               skip;
    unsigned                 expand:1;
};


/* ngx_http_promotions_management.c: the content handler. */

ngx_int_t ngx_http_promotions_management_handler(ngx_http_request_t *r);


/*
 * ngx_http_promotions_management_error.c: errors as the version of the API
 * has them.  Each sends the whole answer, and returns what the request is to
 * be finalized with.  Where it is not the client's fault a promotion that
 * there may be is named, so that its end can be asked for.
 */

/* name: technicalCode (NULL: by the status); parameters: an object whose
 * reference is given up, or NULL. */
ngx_int_t ngx_http_promotions_management_error(ngx_http_request_t *r,
    ngx_uint_t status, const char *name, const char *message,
    json_t *parameters);

/* By the error's code, name and subject. */
ngx_int_t ngx_http_promotions_management_fault(ngx_http_request_t *r,
    const pm_error_t *err);

ngx_int_t ngx_http_promotions_management_forbidden(ngx_http_request_t *r);
ngx_int_t ngx_http_promotions_management_unavailable(ngx_http_request_t *r);

/* 404, also for one that the key must not see. */
ngx_int_t ngx_http_promotions_management_missing(
    ngx_http_promotions_ctx_t *ctx);

/* The same as JSON; what is wrong with a body. */
json_t *ngx_http_promotions_management_error_json(
    const ngx_http_promotions_management_t *management, ngx_uint_t status,
    const char *name, const char *message, json_t *parameters);
json_t *ngx_http_promotions_management_faults_json(
    const ngx_http_promotions_management_t *management,
    const pm_request_faults_t *faults);


/* ngx_http_promotions_management_json.c: a record as a Promotion. */

/* fields: of its hash.  definition 1: with apiDefinition, which need not be
 * UTF-8.  NULL: no memory. */
json_t *ngx_http_promotions_review_json(
    const ngx_http_promotions_management_t *management, const char *id,
    redisReply *fields, ngx_uint_t definition);

/* A time as the version of the API writes it: ms since 1970, or text. */
json_t *ngx_http_promotions_review_time(
    const ngx_http_promotions_management_t *management,
    const char *milliseconds);

/* {"runtime","namespace","name"} of a record's source or destination. */
json_t *ngx_http_promotions_review_application(const char *text);

/* TO_BE_VALIDATED …, for a state of the record. */
const char *ngx_http_promotions_review_status(const char *state);

/* Any grant on its source or target, and of this organization. */
ngx_uint_t ngx_http_promotions_review_visible(
    const ngx_http_promotions_ctx_t *ctx, redisReply *fields);

/* 200 with the Promotion; Promotion-Id and Location besides.  As
 * ngx_http_promotions_management_send(). */
ngx_int_t ngx_http_promotions_review_send(ngx_http_promotions_ctx_t *ctx,
    ngx_uint_t status, const char *id, redisReply *fields);

/* Promotion-Id and Location alone; once, however often it is called. */
ngx_int_t ngx_http_promotions_review_headers(ngx_http_promotions_ctx_t *ctx,
    const char *id);


/*
 * ngx_http_promotions_management_send.c: sends json, whose reference is given
 * up, and of which nobody else may have any part.  Its long texts, which need
 * not be UTF-8, are the values of field: its own, or those of the items of the
 * array that it is, or that it has as "content".  ctx must wait under its id.
 *
 * NGX_AGAIN: it is written in a thread, and the request finalized then; else
 * what the request is to be finalized with.
 */
ngx_int_t ngx_http_promotions_management_send(ngx_http_promotions_ctx_t *ctx,
    ngx_uint_t status, json_t *json, const char *field);

#define NGX_HTTP_PROMOTIONS_DEFINITION  "apiDefinition"


/* ngx_http_promotions_management_request.c: POST …/_promote */

ngx_int_t ngx_http_promotions_request_api(ngx_http_request_t *r);
ngx_int_t ngx_http_promotions_request_application(ngx_http_request_t *r);

/* Seconds that the record of a request is kept. */
time_t ngx_http_promotions_review_retention(void);


/*
 * ngx_http_promotions_management_look.c: a request is looked at, in a thread,
 * and put before whoever decides.  promotion and its arena are taken: NGX_OK;
 * NGX_ERROR: the pool is full, they stay the caller's.  Whoever waits under
 * the promotion's id is answered.
 */

typedef enum {
    NGX_HTTP_PROMOTIONS_LOOK_ASK = 0,
    NGX_HTTP_PROMOTIONS_LOOK_DRY_RUN,        /* nothing but a preview */
    NGX_HTTP_PROMOTIONS_LOOK_DIFF            /* the same of a request that is
                                                pinned */
} ngx_http_promotions_look_kind_t;

ngx_int_t ngx_http_promotions_look_post(pm_arena_t *arena,
    pm_promotion_t *promotion, const char *waiter,
    ngx_http_promotions_look_kind_t kind);

/* The first word of a script's reply is this one (reply may be NULL). */
ngx_uint_t ngx_http_promotions_reply_is(redisReply *reply, const char *word);

/* What has become of a request that is not put before anybody. */
void ngx_http_promotions_look_refuse(const char *id, ngx_uint_t status,
    const char *message);


/* ngx_http_promotions_management_process.c: decisions. */

ngx_int_t ngx_http_promotions_process(ngx_http_request_t *r);
ngx_int_t ngx_http_promotions_withdraw(ngx_http_request_t *r);

/* ngx_http_promotions_management_accept.c, …_decide.c: what follows from them.
 * what: "reject", "cancel".  Both: NGX_AGAIN, or what the request is to be
 * finalized with. */

ngx_int_t ngx_http_promotions_accept(ngx_http_promotions_ctx_t *ctx,
    redisReply *fields, const char *promoted);
ngx_int_t ngx_http_promotions_decide(ngx_http_promotions_ctx_t *ctx,
    const char *what, redisReply *fields);

/* The arguments of the script "decide" that all decisions have. */
void ngx_http_promotions_decide_who(ngx_promotions_args_t *args,
    const ngx_http_promotions_ctx_t *ctx, const char *what);

/* Its reply (NULL: none) is another than that it was decided. */
ngx_int_t ngx_http_promotions_decided_not(ngx_http_promotions_ctx_t *ctx,
    redisReply *reply);

/* 409: it is decided, or being so. */
ngx_int_t ngx_http_promotions_decided_already(ngx_http_promotions_ctx_t *ctx,
    const char *state, const char *decider, const char *decided_at,
    const char *reason);


/* ngx_http_promotions_management_read.c: one, and its diff. */

ngx_int_t ngx_http_promotions_review_show(ngx_http_request_t *r);
ngx_int_t ngx_http_promotions_review_diff(ngx_http_request_t *r);

/* What a reply means to who has asked: NGX_AGAIN, or what the request is to be
 * finalized with. */

typedef ngx_int_t (*ngx_http_promotions_answer_pt)(
    ngx_http_promotions_ctx_t *ctx, redisReply *reply);

/*
 * Calls a script in the name of the request, and takes the arguments.  answer
 * gets its reply, an array; without one the request is told that Redis is not
 * available.  NGX_AGAIN, or what the request is to be finalized with.
 */
ngx_int_t ngx_http_promotions_management_ask(ngx_http_promotions_ctx_t *ctx,
    ngx_promotions_args_t *args, const char *script,
    ngx_http_promotions_answer_pt answer);

/* The same for the record of ctx->target, by the script "review". */
ngx_int_t ngx_http_promotions_review_read(ngx_http_promotions_ctx_t *ctx,
    ngx_http_promotions_answer_pt answer);

/*
 * Of its reply: the fields, or NULL: it cannot be shown to this key, and *rc
 * is what the request is to be finalized with.
 */
redisReply *ngx_http_promotions_review_fields(
    ngx_http_promotions_ctx_t *ctx, redisReply *reply, ngx_int_t *rc);


/*
 * ngx_http_promotions_management_views.c: several promotions are looked at in
 * one job, those that are usable, and as long as there is time.  The arena
 * (which has the views) is taken: NGX_OK; NGX_ERROR: it stays the caller's.
 * done is called if the request is still there, and returns what it is to be
 * finalized with.
 */

typedef struct {
    pm_promotion_t     promotion;
    pm_review_look_t   look;
    pm_error_t         error;
    int                rc;
    unsigned           usable:1;
    unsigned           pin:1;
    unsigned           looked:1;     /* rc, look and error say what came of
                                        it */
} ngx_http_promotions_view_t;

typedef ngx_int_t (*ngx_http_promotions_views_pt)(
    ngx_http_promotions_ctx_t *ctx, ngx_http_promotions_view_t *views,
    ngx_uint_t n);

ngx_int_t ngx_http_promotions_views_post(ngx_http_promotions_ctx_t *ctx,
    pm_arena_t *arena, ngx_http_promotions_view_t *views, ngx_uint_t n,
    ngx_http_promotions_views_pt done);


/* ngx_http_promotions_management_search.c, …_tasks.c, …_targets.c */

ngx_int_t ngx_http_promotions_review_search(ngx_http_request_t *r);
ngx_int_t ngx_http_promotions_review_tasks(ngx_http_request_t *r);
ngx_int_t ngx_http_promotions_review_targets(ngx_http_request_t *r);
ngx_int_t ngx_http_promotions_review_apis(ngx_http_request_t *r);


/* ngx_http_promotions_management_tasks_json.c */

/* The task of a record, as it was when it was asked for; "wasUpdate" in its
 * data is for whoever compares it with now. */
json_t *ngx_http_promotions_tasks_json(redisReply *fields, const char *id);

/* What has changed since then, in the data of a task. */
void ngx_http_promotions_tasks_now(json_t *data,
    const ngx_http_promotions_view_t *view);


/* ngx_http_promotions_management_sweep.c: what nobody else sees to. */

void ngx_http_promotions_review_sweep(void);


#endif /* NGX_HTTP_PROMOTIONS_MANAGEMENT_H */
