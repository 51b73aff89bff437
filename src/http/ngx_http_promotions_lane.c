#include "http/ngx_http_promotions_lane.h"
#include "http/ngx_http_promotions_batch.h"
#include "http/ngx_http_promotions_job.h"
#include "http/ngx_http_promotions_script.h"
#include "http/ngx_http_promotions_sweep.h"
#include "http/ngx_http_promotions_wait.h"
#include "base/pm_failpoint.h"


#define NGX_HTTP_PROMOTIONS_LANE_TRIES  10
#define NGX_HTTP_PROMOTIONS_LANE_WAIT   20       /* ms, times the try */
#define NGX_HTTP_PROMOTIONS_LANE_REDIS  100      /* ms, until Redis is asked
                                                    again */
#define NGX_HTTP_PROMOTIONS_LANE_POOL   250      /* and the thread pool */


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
 * Redis silent: the same step again, later.  The lease lost: the end; nothing
 * was pushed that begin has not recorded.
 */

typedef struct ngx_http_promotions_lane_s  ngx_http_promotions_lane_t;

typedef void (*ngx_http_promotions_step_pt)(ngx_http_promotions_lane_t *lane);

struct ngx_http_promotions_lane_s {
    ngx_str_node_t               node;           /* str: id */
    u_char                       id[NGX_HTTP_PROMOTIONS_LANE_ID];
    ngx_http_promotions_step_pt  step;
    ngx_event_t                  event;          /* the step again */
    ngx_event_t                  renew;          /* the lease, during jobs */
    ngx_http_promotions_batch_t  batch;
    ngx_uint_t                   tries;
    ngx_msec_t                   taken;          /* when the batch was */
    ngx_msec_t                   pushed;         /* when a push ended */
    ngx_uint_t                   open;           /* without a result */
    unsigned                     answered:1;     /* those who wait */
    unsigned                     rest:1;         /* after settle, plan */
    unsigned                     again:1;        /* given the lease anew */
    unsigned                     refused:1;      /* by the thread pool */
};


static ngx_http_promotions_lane_t *ngx_http_promotions_lane_find(
    ngx_str_t *id);
static void ngx_http_promotions_lane_recovered(void *data,
    redisReply *reply);
static void ngx_http_promotions_lane_take(ngx_http_promotions_lane_t *lane);
static void ngx_http_promotions_lane_taken(void *data, redisReply *reply);
static void ngx_http_promotions_lane_plan(ngx_http_promotions_lane_t *lane);
static void ngx_http_promotions_lane_plan_run(void *data);
static void ngx_http_promotions_lane_planned(void *data);
static void ngx_http_promotions_lane_begin(ngx_http_promotions_lane_t *lane);
static void ngx_http_promotions_lane_begun(void *data, redisReply *reply);
static void ngx_http_promotions_lane_push(ngx_http_promotions_lane_t *lane);
static void ngx_http_promotions_lane_push_run(void *data);
static void ngx_http_promotions_lane_pushed(void *data);
static void ngx_http_promotions_lane_replan(ngx_http_promotions_lane_t *lane);
static void ngx_http_promotions_lane_settle(ngx_http_promotions_lane_t *lane);
static void ngx_http_promotions_lane_settled(void *data, redisReply *reply);
static void ngx_http_promotions_lane_release(
    ngx_http_promotions_lane_t *lane);
static void ngx_http_promotions_lane_released(void *data, redisReply *reply);
static void ngx_http_promotions_lane_retry(ngx_http_promotions_lane_t *lane);
static void ngx_http_promotions_lane_later(ngx_http_promotions_lane_t *lane,
    ngx_http_promotions_step_pt step, ngx_msec_t wait);
static void ngx_http_promotions_lane_event(ngx_event_t *ev);
static void ngx_http_promotions_lane_renew(ngx_event_t *ev);
static void ngx_http_promotions_lane_renewed(void *data, redisReply *reply);
static void ngx_http_promotions_lane_end(ngx_http_promotions_lane_t *lane);


void
ngx_http_promotions_lane_init(void)
{
    ngx_http_promotions_worker_t  *worker;

    worker = &ngx_http_promotions_worker;

    ngx_rbtree_init(&worker->lanes, &worker->lanes_sentinel,
                    ngx_str_rbtree_insert_value);
}


void
ngx_http_promotions_lane_lead(ngx_str_t *id)
{
    ngx_http_promotions_lane_t  *lane;

    lane = ngx_http_promotions_lane_find(id);

    if (lane != NULL) {

        /* "idle" is on its way to us, and has come too early */

        lane->again = 1;
        return;
    }

    /* without memory the lease runs out, and somebody else takes over */

    lane = ngx_calloc(sizeof(ngx_http_promotions_lane_t), ngx_cycle->log);
    if (lane == NULL) {
        return;
    }

    ngx_memcpy(lane->id, id->data, NGX_HTTP_PROMOTIONS_LANE_ID);

    lane->node.str.data = lane->id;
    lane->node.str.len = NGX_HTTP_PROMOTIONS_LANE_ID;
    lane->node.node.key = ngx_crc32_short(lane->id,
                                          NGX_HTTP_PROMOTIONS_LANE_ID);

    lane->event.handler = ngx_http_promotions_lane_event;
    lane->event.data = lane;
    lane->event.log = ngx_cycle->log;

    lane->renew.handler = ngx_http_promotions_lane_renew;
    lane->renew.data = lane;
    lane->renew.log = ngx_cycle->log;
    lane->renew.cancelable = 1;

    ngx_rbtree_insert(&ngx_http_promotions_worker.lanes, &lane->node.node);

    ngx_add_timer(&lane->renew, ngx_http_promotions_worker.pmcf->lease / 3);

    ngx_http_promotions_lane_take(lane);
}


static ngx_http_promotions_lane_t *
ngx_http_promotions_lane_find(ngx_str_t *id)
{
    /* the node is the lane's first member */

    return (ngx_http_promotions_lane_t *)
               ngx_str_rbtree_lookup(&ngx_http_promotions_worker.lanes, id,
                                     ngx_crc32_short(id->data, id->len));
}


void
ngx_http_promotions_lane_recover(ngx_str_t *id)
{
    u_char                 *copy;
    ngx_promotions_args_t   args;

    if (id->len != NGX_HTTP_PROMOTIONS_LANE_ID
        || ngx_exiting
        || ngx_http_promotions_lane_find(id) != NULL)
    {
        return;
    }

    copy = ngx_alloc(NGX_HTTP_PROMOTIONS_LANE_ID, ngx_cycle->log);
    if (copy == NULL) {
        return;
    }

    ngx_memcpy(copy, id->data, NGX_HTTP_PROMOTIONS_LANE_ID);

    if (ngx_http_promotions_script_args(&args, copy) != NGX_OK
        || ngx_http_promotions_script_send(&args, "recover",
                                         ngx_http_promotions_lane_recovered,
                                         copy)
           != NGX_OK)
    {
        ngx_free(copy);
    }
}


static void
ngx_http_promotions_lane_recovered(void *data, redisReply *reply)
{
    ngx_str_t  id;

    if (reply != NULL && reply->type == REDIS_REPLY_INTEGER) {

        if (reply->integer == 1) {
            id.data = data;
            id.len = NGX_HTTP_PROMOTIONS_LANE_ID;

            ngx_http_promotions_lane_lead(&id);

        } else if (reply->integer < 0) {
            ngx_http_promotions_sweep_by((ngx_msec_t) -reply->integer);
        }
    }

    ngx_free(data);
}


/* take */

static void
ngx_http_promotions_lane_take(ngx_http_promotions_lane_t *lane)
{
    ngx_promotions_args_t  args;

    lane->tries = 0;
    lane->taken = ngx_current_msec;
    lane->pushed = 0;
    lane->answered = 0;

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

        if (ngx_http_promotions_batch_read(&lane->batch, reply) != NGX_OK) {
            ngx_http_promotions_lane_later(lane,
                                           ngx_http_promotions_lane_take,
                                           NGX_HTTP_PROMOTIONS_LANE_REDIS);
            return;
        }

        lane->open = lane->batch.n;

        ngx_http_promotions_lane_plan(lane);
        return;
    }

    if (lane->again) {
        lane->again = 0;
        ngx_http_promotions_lane_take(lane);
        return;
    }

    ngx_http_promotions_lane_end(lane);
}


/* plan: in a thread */

static void
ngx_http_promotions_lane_plan(ngx_http_promotions_lane_t *lane)
{
    if (lane->batch.batch == NULL) {
        ngx_http_promotions_lane_settle(lane);
        return;
    }

    if (ngx_http_promotions_job_post_host(ngx_http_promotions_worker.pmcf,
                                     ngx_http_promotions_batch_host(
                                         &lane->batch),
                                     ngx_http_promotions_lane_plan_run,
                                     ngx_http_promotions_lane_planned, lane)
        != NGX_OK)
    {
        /* others may have a thread that is free, and here later */

        lane->refused = 1;
        ngx_http_promotions_lane_release(lane);
    }
}


static void
ngx_http_promotions_lane_plan_run(void *data)
{
    ngx_http_promotions_lane_t  *lane = data;

    lane->batch.state = pm_batch_plan(lane->batch.batch);
}


static void
ngx_http_promotions_lane_planned(void *data)
{
    ngx_http_promotions_lane_t  *lane = data;

    pm_failpoint("planned");

    switch (lane->batch.state) {

    case PM_BATCH_READY:
        ngx_http_promotions_lane_begin(lane);
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

static void
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
    size_t  i;

    if (ngx_http_promotions_job_post_host(ngx_http_promotions_worker.pmcf,
                                     ngx_http_promotions_batch_host(
                                         &lane->batch),
                                     ngx_http_promotions_lane_push_run,
                                     ngx_http_promotions_lane_pushed, lane)
        != NGX_OK)
    {
        ngx_http_promotions_lane_later(lane, ngx_http_promotions_lane_push,
                                       NGX_HTTP_PROMOTIONS_LANE_REDIS);
        return;
    }

    for (i = 0; i < lane->batch.nread; i++) {
        ngx_http_promotions_wait_pushing(lane->batch.promotions[i].id);
    }
}


static void
ngx_http_promotions_lane_push_run(void *data)
{
    ngx_http_promotions_lane_t  *lane = data;

    lane->batch.state = pm_batch_push(lane->batch.batch);

    pm_failpoint("pushed");
}


static void
ngx_http_promotions_lane_pushed(void *data)
{
    ngx_http_promotions_lane_t  *lane = data;

    lane->pushed = ngx_current_msec;

    switch (lane->batch.state) {

    case PM_BATCH_SETTLED:
        ngx_http_promotions_lane_settle(lane);
        return;

    case PM_BATCH_AGAIN:

        /* those who have their result do not wait for the others */

        if (ngx_http_promotions_batch_open(&lane->batch) == lane->open) {
            ngx_http_promotions_lane_plan(lane);
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
 * is not left waiting for a remote that falls silent at each push.
 */

static void
ngx_http_promotions_lane_replan(ngx_http_promotions_lane_t *lane)
{
    pm_error_t  err;
    ngx_uint_t  late;

    late = lane->batch.state == PM_BATCH_UNKNOWN
           && ngx_current_msec - lane->taken
              >= ngx_http_promotions_worker.pmcf->git.timeout;

    if (++lane->tries < NGX_HTTP_PROMOTIONS_LANE_TRIES && !late) {
        ngx_http_promotions_lane_later(lane, ngx_http_promotions_lane_plan,
                                       1 + (ngx_msec_t) ngx_random()
                                       % (NGX_HTTP_PROMOTIONS_LANE_WAIT
                                          * lane->tries));
        return;
    }

    /* what is unclear stays so: the next leader looks for the trailers */

    (void) pm_error_set(&err, PM_UNAVAILABLE,
                        "the branch moved at each of %d tries, try again",
                        NGX_HTTP_PROMOTIONS_LANE_TRIES);

    pm_batch_fail(lane->batch.batch, &err);

    ngx_http_promotions_lane_settle(lane);
}


/* settle: the end of the batch is in Redis before it is forgotten here */

static void
ngx_http_promotions_lane_settle(ngx_http_promotions_lane_t *lane)
{
    ngx_promotions_args_t  args;

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

    if (lane->rest) {

        /* without Redis, too: the last settle has all results */

        lane->rest = 0;

        ngx_http_promotions_batch_answer(&lane->batch, 0);
        ngx_http_promotions_lane_plan(lane);
        return;
    }

    /* what the remote has said holds, whether Redis is there or not */

    if (!lane->answered) {
        lane->answered = 1;
        ngx_http_promotions_batch_answer(&lane->batch, 1);
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


/* release: somebody else shall lead */

static void
ngx_http_promotions_lane_release(ngx_http_promotions_lane_t *lane)
{
    ngx_promotions_args_t  args;

    if (ngx_http_promotions_script_args(&args, lane->id) != NGX_OK
        || ngx_http_promotions_script_send(&args, "release",
                                           ngx_http_promotions_lane_released,
                                           lane)
           != NGX_OK)
    {
        ngx_http_promotions_lane_released(lane, NULL);
    }
}


static void
ngx_http_promotions_lane_released(void *data, redisReply *reply)
{
    ngx_http_promotions_lane_t  *lane = data;

    if (!lane->refused || ngx_exiting) {
        ngx_http_promotions_lane_end(lane);
        return;
    }

    /* kept for a while, so that our own word "free" does not come back */

    lane->refused = 0;
    ngx_http_promotions_batch_free(&lane->batch);

    ngx_http_promotions_lane_later(lane, ngx_http_promotions_lane_retry,
                                   NGX_HTTP_PROMOTIONS_LANE_POOL);
}


static void
ngx_http_promotions_lane_retry(ngx_http_promotions_lane_t *lane)
{
    u_char     id[NGX_HTTP_PROMOTIONS_LANE_ID];
    ngx_str_t  name;

    if (lane->again) {
        lane->again = 0;
        ngx_http_promotions_lane_take(lane);
        return;
    }

    ngx_memcpy(id, lane->id, NGX_HTTP_PROMOTIONS_LANE_ID);

    name.data = id;
    name.len = NGX_HTTP_PROMOTIONS_LANE_ID;

    ngx_http_promotions_lane_end(lane);
    ngx_http_promotions_lane_recover(&name);
}


/* The step again, or the next one, after a while. */

static void
ngx_http_promotions_lane_later(ngx_http_promotions_lane_t *lane,
    ngx_http_promotions_step_pt step, ngx_msec_t wait)
{
    lane->step = step;

    ngx_add_timer(&lane->event, wait);
}


static void
ngx_http_promotions_lane_event(ngx_event_t *ev)
{
    ngx_http_promotions_lane_t  *lane = ev->data;

    if (ngx_exiting
        && (lane->batch.batch == NULL
            || lane->step == ngx_http_promotions_lane_begin))
    {
        /*
         * nothing in hand, or nothing that has left, and a worker that exits
         * does not connect to Redis again: the lease runs out, others go on
         */

        ngx_http_promotions_lane_end(lane);
        return;
    }

    lane->step(lane);
}


static void
ngx_http_promotions_lane_renew(ngx_event_t *ev)
{
    ngx_promotions_args_t        args;
    ngx_http_promotions_lane_t  *lane = ev->data;

    ngx_add_timer(&lane->renew, ngx_http_promotions_worker.pmcf->lease / 3);

    /* begin tells if the lease is lost: nothing is to be done about it here */

    if (ngx_http_promotions_script_args(&args, lane->id) == NGX_OK) {
        (void) ngx_http_promotions_script_send(&args, "renew",
                                            ngx_http_promotions_lane_renewed,
                                            NULL);
    }
}


static void
ngx_http_promotions_lane_renewed(void *data, redisReply *reply)
{
    /* void */
}


static void
ngx_http_promotions_lane_end(ngx_http_promotions_lane_t *lane)
{
    if (lane->event.timer_set) {
        ngx_del_timer(&lane->event);
    }

    if (lane->renew.timer_set) {
        ngx_del_timer(&lane->renew);
    }

    ngx_rbtree_delete(&ngx_http_promotions_worker.lanes, &lane->node.node);

    ngx_http_promotions_batch_free(&lane->batch);
    ngx_free(lane);
}
