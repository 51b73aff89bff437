#include "http/ngx_http_promotions_lane_internal.h"
#include "http/ngx_http_promotions_job.h"
#include "http/ngx_http_promotions_script.h"
#include "http/ngx_http_promotions_version.h"
#include "http/ngx_http_promotions_wait.h"
#include "base/pm_failpoint.h"


#define NGX_HTTP_PROMOTIONS_LANE_TRIES  10
#define NGX_HTTP_PROMOTIONS_LANE_WAIT   20       /* ms, times the try */


/*
 * The state machine of a leader.  Each arrow is a script in Redis or a job in
 * a thread; a leader may die at any of them, and the next one begins with
 * what "taken" and the branch say.
 *
 *     take ─► plan ─► begin ─► push ─► settle ─┐
 *      ▲ │     ▲ ▲              │        │     │
 *      │ │     │ └moved, unclear┘        │     │
 *      │ │     └──── some are left ◄─────┘     │
 *      │ └─► idle: the lease is released       │
 *      └───────────────────────────────────────┘
 *
 * Of pull requests, what plan or push has found to be on its head branch goes
 * by two more steps (ngx_http_promotions_lane_pull.c):
 *
 *     plan, push ─► opened ─► open ─► settle
 *
 * Redis silent: the same step again, later.  The lease lost: the end; nothing
 * was pushed that begin has not recorded.
 *
 *     step      script or job      dies, in tests, at
 *     take      take.lua           taken
 *     plan      plan               planned
 *     begin     begin.lua          begun
 *     push      push               reported, pull_reported, pushed
 *     opened    opened.lua         pull_committed
 *     open      open               pull_opened
 *     settle    settle.lua         settling, settled, answered
 *     release   release.lua
 */

static void ngx_http_promotions_lane_taken(void *data, redisReply *reply);
static void ngx_http_promotions_lane_plan(ngx_http_promotions_lane_t *lane);
static void ngx_http_promotions_lane_plan_run(void *data);
static void ngx_http_promotions_lane_planned(void *data);
static void ngx_http_promotions_lane_begun(void *data, redisReply *reply);
static void ngx_http_promotions_lane_push(ngx_http_promotions_lane_t *lane);
static void ngx_http_promotions_lane_pushing(
    ngx_http_promotions_lane_t *lane, ngx_uint_t pushing);
static void ngx_http_promotions_lane_push_run(void *data);
static void ngx_http_promotions_lane_pushed(void *data);
static void ngx_http_promotions_lane_replan(ngx_http_promotions_lane_t *lane);
static ngx_uint_t ngx_http_promotions_lane_late(
    const ngx_http_promotions_lane_t *lane);
static void ngx_http_promotions_lane_go_on(ngx_http_promotions_lane_t *lane);
static void ngx_http_promotions_lane_settled(void *data, redisReply *reply);


/* take */

void
ngx_http_promotions_lane_take(ngx_http_promotions_lane_t *lane)
{
    ngx_promotions_args_t  args;

    lane->tries = 0;
    lane->taken = ngx_current_msec;
    lane->pushed = 0;

    if (ngx_http_promotions_script_args(&args, lane->id) == NGX_OK) {

        ngx_promotions_args_number(&args,
                                 ngx_http_promotions_worker.pmcf->batch);

        if (ngx_http_promotions_script_send(&args, "take",
                                            ngx_http_promotions_lane_taken,
                                            lane)
            == NGX_OK)
        {
            return;
        }
    }

    ngx_http_promotions_lane_later(lane, ngx_http_promotions_lane_take,
                                   NGX_HTTP_PROMOTIONS_LANE_REDIS);
}


static void
ngx_http_promotions_lane_taken(void *data, redisReply *reply)
{
    ngx_str_t                    what;
    ngx_http_promotions_lane_t  *lane = data;

    if (reply == NULL) {
        ngx_http_promotions_lane_later(lane, ngx_http_promotions_lane_take,
                                       NGX_HTTP_PROMOTIONS_LANE_REDIS);
        return;
    }

    what = ngx_promotions_reply_text(reply, 0);

    if (what.len == 5 && ngx_strncmp(what.data, "batch", 5) == 0) {

        pm_failpoint("taken");

        if (ngx_http_promotions_batch_read(&lane->batch, lane->id, reply)
            != NGX_OK)
        {
            ngx_http_promotions_lane_later(lane,
                                           ngx_http_promotions_lane_take,
                                           NGX_HTTP_PROMOTIONS_LANE_REDIS);
            return;
        }

        lane->open = lane->batch.n;

        ngx_http_promotions_lane_plan(lane);
        return;
    }

    ngx_http_promotions_lane_end(lane);
}


/* plan: in a thread */

static void
ngx_http_promotions_lane_plan(ngx_http_promotions_lane_t *lane)
{
    if (ngx_http_promotions_batch_empty(&lane->batch)) {
        ngx_http_promotions_lane_settle(lane);
        return;
    }

    if (ngx_http_promotions_job_post_remote(ngx_http_promotions_worker.pmcf,
                                     ngx_http_promotions_batch_remote(
                                         &lane->batch),
                                     ngx_http_promotions_lane_plan_run,
                                     ngx_http_promotions_lane_refused,
                                     ngx_http_promotions_lane_planned, lane)
        != NGX_OK)
    {
        /* others may have a thread that is free, and here later */

        lane->refused = 1;
        ngx_http_promotions_lane_release(lane);
    }
}


/* In place of a job: the worker quits, and others may have more luck. */

void
ngx_http_promotions_lane_refused(void *data)
{
    ngx_http_promotions_lane_t  *lane = data;

    lane->refused = 1;
}


static void
ngx_http_promotions_lane_plan_run(void *data)
{
    ngx_http_promotions_lane_t  *lane = data;

    ngx_http_promotions_batch_plan(&lane->batch);
}


static void
ngx_http_promotions_lane_planned(void *data)
{
    ngx_http_promotions_lane_t  *lane = data;

    if (lane->refused) {
        ngx_http_promotions_lane_give_back(lane);
        return;
    }

    pm_failpoint("planned");

    switch (lane->batch.state) {

    case PM_BATCH_READY:
        ngx_http_promotions_lane_begin(lane);
        return;

    case PM_BATCH_COMMITTED:
        ngx_http_promotions_lane_opened(lane);
        return;

    case PM_BATCH_SETTLED:
        ngx_http_promotions_lane_settle(lane);
        return;

    default:
        ngx_http_promotions_lane_replan(lane);
        return;
    }
}


/* begin: what the push builds on is in Redis before a byte of it leaves */

void
ngx_http_promotions_lane_begin(ngx_http_promotions_lane_t *lane)
{
    ngx_promotions_args_t  args;

    if (ngx_http_promotions_script_args(&args, lane->id) == NGX_OK) {

        ngx_http_promotions_batch_begin(&lane->batch, &args);

        if (ngx_http_promotions_script_send(&args, "begin",
                                            ngx_http_promotions_lane_begun,
                                            lane)
            == NGX_OK)
        {
            return;
        }
    }

    ngx_http_promotions_lane_later(lane, ngx_http_promotions_lane_begin,
                                   NGX_HTTP_PROMOTIONS_LANE_REDIS);
}


static void
ngx_http_promotions_lane_begun(void *data, redisReply *reply)
{
    ngx_http_promotions_lane_t  *lane = data;

    if (reply == NULL || reply->type != REDIS_REPLY_INTEGER) {
        ngx_http_promotions_lane_later(lane, ngx_http_promotions_lane_begin,
                                       NGX_HTTP_PROMOTIONS_LANE_REDIS);
        return;
    }

    if (reply->integer == 0) {
        ngx_http_promotions_lane_end(lane);
        return;
    }

    pm_failpoint("begun");

    ngx_http_promotions_lane_push(lane);
}


/* push: in a thread */

static void
ngx_http_promotions_lane_push(ngx_http_promotions_lane_t *lane)
{
    if (ngx_http_promotions_job_post_remote(ngx_http_promotions_worker.pmcf,
                                     ngx_http_promotions_batch_remote(
                                         &lane->batch),
                                     ngx_http_promotions_lane_push_run,
                                     ngx_http_promotions_lane_refused,
                                     ngx_http_promotions_lane_pushed, lane)
        != NGX_OK)
    {
        ngx_http_promotions_lane_later(lane, ngx_http_promotions_lane_push,
                                       NGX_HTTP_PROMOTIONS_LANE_REDIS);
        return;
    }

    ngx_http_promotions_lane_pushing(lane, 1);
}


static void
ngx_http_promotions_lane_pushing(ngx_http_promotions_lane_t *lane,
    ngx_uint_t pushing)
{
    size_t  i;

    for (i = 0; i < lane->batch.nread; i++) {
        ngx_http_promotions_wait_pushing(lane->batch.promotions[i].id,
                                         pushing);
    }
}


static void
ngx_http_promotions_lane_push_run(void *data)
{
    ngx_http_promotions_lane_t  *lane = data;

    ngx_http_promotions_batch_push(&lane->batch);

    pm_failpoint("pushed");
}


static void
ngx_http_promotions_lane_pushed(void *data)
{
    ngx_http_promotions_lane_t  *lane = data;

    if (lane->refused) {
        ngx_http_promotions_lane_give_back(lane);
        return;
    }

    lane->pushed = ngx_current_msec;

    switch (lane->batch.state) {

    case PM_BATCH_COMMITTED:
        ngx_http_promotions_lane_opened(lane);
        return;

    case PM_BATCH_SETTLED:
        ngx_http_promotions_lane_settle(lane);
        return;

    case PM_BATCH_AGAIN:

        /* those who have their result do not wait for the others */

        if (ngx_http_promotions_batch_open(&lane->batch) == lane->open) {
            ngx_http_promotions_lane_go_on(lane);
            return;
        }

        lane->rest = 1;
        ngx_http_promotions_lane_settle(lane);
        return;

    default:
        ngx_http_promotions_lane_replan(lane);
        return;
    }
}


/*
 * The head has moved, or the outcome is unclear: plan again, a little later
 * each time and not in step with the others that were refused.  Whoever waits
 * is not left waiting for a remote that falls silent at each push; others who
 * push all the time are given as long as one operation of git may take, since
 * each try may be the one that is in time.
 */

static void
ngx_http_promotions_lane_replan(ngx_http_promotions_lane_t *lane)
{
    pm_error_t  err;
    ngx_uint_t  late, most, wait;

    most = NGX_HTTP_PROMOTIONS_LANE_TRIES;
    late = ngx_http_promotions_lane_late(lane);

    lane->tries++;

    if (ngx_exiting && late && lane->batch.state != PM_BATCH_UNKNOWN) {
        ngx_http_promotions_lane_give_back(lane);
        return;
    }

    if (lane->batch.state == PM_BATCH_UNKNOWN ? lane->tries < most && !late
                                              : lane->tries < most || !late)
    {
        wait = NGX_HTTP_PROMOTIONS_LANE_WAIT * ngx_min(lane->tries, most);

        ngx_http_promotions_lane_later(lane, ngx_http_promotions_lane_plan,
                                       1 + (ngx_msec_t) ngx_random() % wait);
        return;
    }

    /* what is unclear stays so: the next leader looks for the trailers */

    (void) pm_error_set(&err, PM_UNAVAILABLE,
                        "the branch moved at each of %d tries, try again",
                        (int) lane->tries);

    ngx_http_promotions_batch_fail(&lane->batch, &err);

    ngx_http_promotions_lane_settle(lane);
}


/* One operation of git may take no longer than that. */

static ngx_uint_t
ngx_http_promotions_lane_late(const ngx_http_promotions_lane_t *lane)
{
    return ngx_current_msec - lane->taken
           >= ngx_http_promotions_worker.pmcf->git.timeout;
}


/* The rest of a batch, unless it keeps a worker that was told to quit. */

static void
ngx_http_promotions_lane_go_on(ngx_http_promotions_lane_t *lane)
{
    if (ngx_exiting && ngx_http_promotions_lane_late(lane)) {
        ngx_http_promotions_lane_give_back(lane);
        return;
    }

    ngx_http_promotions_lane_plan(lane);
}


void
ngx_http_promotions_lane_give_back(ngx_http_promotions_lane_t *lane)
{
    ngx_http_promotions_lane_pushing(lane, 0);
    ngx_http_promotions_lane_release(lane);
}


/* settle: the end of the batch is in Redis before it is forgotten here */

void
ngx_http_promotions_lane_settle(ngx_http_promotions_lane_t *lane)
{
    ngx_promotions_args_t  args;

    ngx_http_promotions_versions_keep(&lane->batch);

    if (ngx_http_promotions_script_args(&args, lane->id) == NGX_OK) {

        lane->open = ngx_http_promotions_batch_settle(&lane->batch,
                                                      lane->pushed, &args);

        if (ngx_http_promotions_script_send(&args, "settle",
                                            ngx_http_promotions_lane_settled,
                                            lane)
            == NGX_OK)
        {
            pm_failpoint("settling");
            return;
        }
    }

    ngx_http_promotions_lane_settled(lane, NULL);
}


static void
ngx_http_promotions_lane_settled(void *data, redisReply *reply)
{
    ngx_http_promotions_lane_t  *lane = data;

    pm_failpoint("settled");

    /*
     * what has landed has, whether Redis is there or not; a failure is told
     * when Redis has it
     */

    ngx_http_promotions_batch_answer(&lane->batch, reply, !lane->rest);

    if (lane->rest && reply != NULL) {
        lane->rest = 0;
        ngx_http_promotions_lane_go_on(lane);
        return;
    }

    if (reply == NULL && !ngx_exiting) {
        ngx_http_promotions_lane_later(lane, ngx_http_promotions_lane_settle,
                                       NGX_HTTP_PROMOTIONS_LANE_REDIS);
        return;
    }

    pm_failpoint("answered");

    ngx_http_promotions_batch_free(&lane->batch);

    if (lane->open) {

        /* the lease runs out first, which gives the remote time to recover */

        ngx_http_promotions_lane_end(lane);
        return;
    }

    if (ngx_exiting) {
        ngx_http_promotions_lane_release(lane);
        return;
    }

    ngx_http_promotions_lane_take(lane);
}
