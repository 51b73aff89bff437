/*
 * ngx_http_promotions_batch.h: the promotions that a leader has taken: from
 * the script's reply to a pm_batch_t (or, of a lane of pull requests, a
 * pm_pull_t), and its results to a script's arguments.
 */

#ifndef NGX_HTTP_PROMOTIONS_BATCH_H
#define NGX_HTTP_PROMOTIONS_BATCH_H


#include "http/ngx_http_promotions.h"
#include "promotion/pm_pull.h"
#include "store/ngx_promotions_script.h"


typedef struct {
    pm_arena_t       *arena;
    pm_promotion_t   *promotions;
    ngx_int_t        *takes;         /* how often each was taken: ours is
                                        the last as long as Redis says so */
    const char      **targets;       /* the API that an earlier push of it has
                                        written, by promotion; or "" */
    unsigned char    *created;       /* and whether it was new */
    pm_result_t      *results;       /* of those that are not in batch */
    const pm_promotion_t  *first;    /* that can be read; or NULL */
    size_t            n;             /* all of them */
    size_t            nread;         /* the first: those in batch */
    pm_batch_t       *batch;         /* both NULL: none could be read */
    pm_pull_t        *pull;
    pm_batch_state_t  state;         /* written by the job */
    ngx_uint_t        begun;         /* by a job, which writes it */
    unsigned          giving_up:1;   /* only looked for */
} ngx_http_promotions_batch_t;


/*
 * From the reply of "take" of a lane.  A record that cannot be read, or is not
 * of this lane, fails by itself, or with its group.
 * NGX_ERROR: no memory; it is as empty as before.
 */
ngx_int_t ngx_http_promotions_batch_read(ngx_http_promotions_batch_t *batch,
    const u_char *lane, redisReply *reply);

/* ngx_http_promotions_batch_run.c: what pm_batch.h and pm_pull.h say of them;
 * the first three in a thread. */

void ngx_http_promotions_batch_plan(ngx_http_promotions_batch_t *batch);
void ngx_http_promotions_batch_push(ngx_http_promotions_batch_t *batch);
void ngx_http_promotions_batch_open_pulls(ngx_http_promotions_batch_t *batch);
void ngx_http_promotions_batch_fail(ngx_http_promotions_batch_t *batch,
    const pm_error_t *error);

/* 1 if there is nothing to plan: none could be read. */
ngx_uint_t ngx_http_promotions_batch_empty(
    const ngx_http_promotions_batch_t *batch);

const pm_oid_t *ngx_http_promotions_batch_base(
    const ngx_http_promotions_batch_t *batch);
ngx_uint_t ngx_http_promotions_batch_sends(
    const ngx_http_promotions_batch_t *batch, size_t i);
void ngx_http_promotions_batch_destroy(ngx_http_promotions_batch_t *batch);

/*
 * ngx_http_promotions_batch_pull.c: the arguments of "opened" after the first
 * four; pushed: when a push ended (0: there was none).
 */
void ngx_http_promotions_batch_opened(
    const ngx_http_promotions_batch_t *batch, ngx_msec_t pushed,
    ngx_promotions_args_t *args);

/* What "settle" is told of a pull request besides: the argument and the state
 * that it has. */
void ngx_http_promotions_batch_pull(ngx_promotions_args_t *args,
    const pm_result_t *result);
const char *ngx_http_promotions_batch_pull_state(const pm_result_t *result);

/* What the waiters of a pull request that is there are told; the texts are the
 * batch's.  NGX_ERROR: out of memory. */
ngx_int_t ngx_http_promotions_batch_pull_answer(
    const ngx_http_promotions_batch_t *batch, const pm_result_t *result,
    ngx_http_promotions_pull_t *pull);

/* What an earlier leader has recorded of one, from the reply of "take". */
void ngx_http_promotions_batch_committed(pm_arena_t *arena, redisReply *reply,
    ngx_uint_t at, pm_pull_committed_t *committed);


/* What its jobs push to. */
const pm_git_url_t *ngx_http_promotions_batch_remote(
    const ngx_http_promotions_batch_t *batch);

/*
 * The arguments of "begin" after the first four: the base of the push, and
 * the ids of those that it sends.
 */
void ngx_http_promotions_batch_begin(
    const ngx_http_promotions_batch_t *batch, ngx_promotions_args_t *args);

/*
 * The arguments of "settle" after the first four: what has become of them.
 * pushed: when a push ended (0: there was none).  Returns how many have no
 * final result.
 */
ngx_uint_t ngx_http_promotions_batch_settle(
    const ngx_http_promotions_batch_t *batch, ngx_msec_t pushed,
    ngx_promotions_args_t *args);

/* The result of promotion i of all of them. */
const pm_result_t *ngx_http_promotions_batch_result(
    const ngx_http_promotions_batch_t *batch, size_t i);

/* How many have no result. */
ngx_uint_t ngx_http_promotions_batch_open(
    const ngx_http_promotions_batch_t *batch);

/*
 * Answers those who wait for promotions that have a result.  reply: of
 * "settle"; a failure that it did not take (NULL: none) is not told, since
 * another leader may yet land it.  last: there will be no more results.
 */
void ngx_http_promotions_batch_answer(
    const ngx_http_promotions_batch_t *batch, redisReply *reply,
    ngx_uint_t last);

void ngx_http_promotions_batch_free(ngx_http_promotions_batch_t *batch);


#endif /* NGX_HTTP_PROMOTIONS_BATCH_H */
