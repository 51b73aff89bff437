#include "http/ngx_http_promotions_lane.h"


#define NGX_HTTP_PROMOTIONS_LANE_QUEUE  4096
#define NGX_HTTP_PROMOTIONS_LANE_TRIES  10
#define NGX_HTTP_PROMOTIONS_LANE_WAIT   20      /* ms, times the try */


typedef struct {
    ngx_str_node_t                node;         /* str: id */
    char                          id[17];
    ngx_queue_t                   waiting;      /* entries */
    ngx_uint_t                    nwaiting;
    ngx_http_promotions_entry_t  *entry;        /* under way, or NULL */
    pm_batch_t                   *batch;
    pm_batch_state_t              state;        /* written by the job */
    ngx_uint_t                    tries;
    ngx_event_t                   event;
} ngx_http_promotions_lane_t;


static ngx_http_promotions_lane_t *ngx_http_promotions_lane_get(
    const pm_promotion_t *promotion);
static void ngx_http_promotions_lane_next(ngx_http_promotions_lane_t *lane);
static void ngx_http_promotions_lane_start(ngx_http_promotions_lane_t *lane);
static void ngx_http_promotions_lane_plan(ngx_http_promotions_lane_t *lane);
static void ngx_http_promotions_lane_plan_run(void *data);
static void ngx_http_promotions_lane_planned(void *data);
static void ngx_http_promotions_lane_begin(ngx_http_promotions_lane_t *lane);
static void ngx_http_promotions_lane_push_run(void *data);
static void ngx_http_promotions_lane_pushed(void *data);
static void ngx_http_promotions_lane_retry(ngx_http_promotions_lane_t *lane);
static void ngx_http_promotions_lane_event(ngx_event_t *ev);
static void ngx_http_promotions_lane_give_up(ngx_http_promotions_lane_t *lane,
    const pm_error_t *error);
static void ngx_http_promotions_lane_settle(ngx_http_promotions_lane_t *lane,
    const pm_result_t *result);


void
ngx_http_promotions_lane_init(void)
{
    ngx_http_promotions_worker_t  *worker;

    worker = &ngx_http_promotions_worker;

    ngx_rbtree_init(&worker->lanes, &worker->lanes_sentinel,
                    ngx_str_rbtree_insert_value);
}


ngx_int_t
ngx_http_promotions_lane_submit(ngx_http_promotions_entry_t *entry)
{
    ngx_http_promotions_lane_t  *lane;

    lane = ngx_http_promotions_lane_get(&entry->promotion);

    if (lane == NULL) {
        return NGX_ERROR;
    }

    if (lane->nwaiting >= NGX_HTTP_PROMOTIONS_LANE_QUEUE) {
        return NGX_BUSY;
    }

    ngx_queue_insert_tail(&lane->waiting, &entry->queue);
    lane->nwaiting++;

    if (lane->entry == NULL && !lane->event.posted) {
        ngx_post_event(&lane->event, &ngx_posted_events);
    }

    return NGX_OK;
}


static ngx_http_promotions_lane_t *
ngx_http_promotions_lane_get(const pm_promotion_t *promotion)
{
    char                           id[17];
    uint32_t                       hash;
    ngx_str_t                      name;
    ngx_http_promotions_lane_t    *lane;
    ngx_http_promotions_worker_t  *worker;

    worker = &ngx_http_promotions_worker;

    pm_promotion_lane(promotion, id);

    name.data = (u_char *) id;
    name.len = sizeof(id) - 1;

    hash = ngx_crc32_short(name.data, name.len);

    lane = (ngx_http_promotions_lane_t *)
               ngx_str_rbtree_lookup(&worker->lanes, &name, hash);

    if (lane != NULL) {
        return lane;
    }

    lane = ngx_calloc(sizeof(ngx_http_promotions_lane_t), ngx_cycle->log);
    if (lane == NULL) {
        return NULL;
    }

    ngx_memcpy(lane->id, id, sizeof(id));

    lane->node.node.key = hash;
    lane->node.str.data = (u_char *) lane->id;
    lane->node.str.len = name.len;

    ngx_queue_init(&lane->waiting);

    lane->event.handler = ngx_http_promotions_lane_event;
    lane->event.data = lane;
    lane->event.log = ngx_cycle->log;

    ngx_rbtree_insert(&worker->lanes, &lane->node.node);

    return lane;
}


/* The next promotion; a lane that has none is freed. */

static void
ngx_http_promotions_lane_next(ngx_http_promotions_lane_t *lane)
{
    ngx_queue_t  *q;

    if (ngx_queue_empty(&lane->waiting)) {
        ngx_rbtree_delete(&ngx_http_promotions_worker.lanes,
                          &lane->node.node);
        ngx_free(lane);
        return;
    }

    q = ngx_queue_head(&lane->waiting);
    ngx_queue_remove(q);
    lane->nwaiting--;

    lane->entry = ngx_queue_data(q, ngx_http_promotions_entry_t, queue);
    lane->tries = 0;

    ngx_http_promotions_lane_start(lane);
}


static void
ngx_http_promotions_lane_start(ngx_http_promotions_lane_t *lane)
{
    pm_error_t                        err;
    pm_batch_settings_t               settings;
    ngx_http_promotions_main_conf_t  *pmcf;

    pmcf = lane->entry->pmcf;

    ngx_memzero(&settings, sizeof(pm_batch_settings_t));

    settings.git = ngx_http_promotions_worker.git;
    settings.committer_name = (char *) pmcf->committer_name.data;
    settings.committer_email = (char *) pmcf->committer_email.data;
    settings.now = ngx_time();

    if (pm_batch_create(&settings, &lane->entry->promotion, 1, &lane->batch,
                        &err)
        != 0)
    {
        ngx_http_promotions_lane_give_up(lane, &err);
        return;
    }

    ngx_http_promotions_lane_plan(lane);
}


static void
ngx_http_promotions_lane_plan(ngx_http_promotions_lane_t *lane)
{
    pm_error_t  err;

    if (ngx_http_promotions_job_post(lane->entry->pmcf,
                                     ngx_http_promotions_lane_plan_run,
                                     ngx_http_promotions_lane_planned, lane)
        != NGX_OK)
    {
        (void) pm_error_set(&err, PM_UNAVAILABLE,
                            "too many jobs are waiting, try again");
        ngx_http_promotions_lane_give_up(lane, &err);
    }
}


static void
ngx_http_promotions_lane_plan_run(void *data)
{
    ngx_http_promotions_lane_t  *lane = data;

    lane->state = pm_batch_plan(lane->batch);
}


static void
ngx_http_promotions_lane_planned(void *data)
{
    ngx_http_promotions_lane_t  *lane = data;

    switch (lane->state) {

    case PM_BATCH_READY:
        ngx_http_promotions_lane_begin(lane);
        return;

    case PM_BATCH_SETTLED:
        ngx_http_promotions_lane_settle(lane,
                                        pm_batch_result(lane->batch, 0));
        return;

    default:
        ngx_http_promotions_lane_retry(lane);
        return;
    }
}


/*
 * Between the two jobs: nothing has been sent yet, and what the push builds
 * on is known.
 */

static void
ngx_http_promotions_lane_begin(ngx_http_promotions_lane_t *lane)
{
    pm_error_t  err;

    if (ngx_http_promotions_job_post(lane->entry->pmcf,
                                     ngx_http_promotions_lane_push_run,
                                     ngx_http_promotions_lane_pushed, lane)
        != NGX_OK)
    {
        (void) pm_error_set(&err, PM_UNAVAILABLE,
                            "too many jobs are waiting, try again");
        ngx_http_promotions_lane_give_up(lane, &err);
    }
}


static void
ngx_http_promotions_lane_push_run(void *data)
{
    ngx_http_promotions_lane_t  *lane = data;

    lane->state = pm_batch_push(lane->batch);
}


static void
ngx_http_promotions_lane_pushed(void *data)
{
    ngx_http_promotions_lane_t  *lane = data;

    if (lane->state == PM_BATCH_SETTLED) {
        ngx_http_promotions_lane_settle(lane,
                                        pm_batch_result(lane->batch, 0));
        return;
    }

    ngx_http_promotions_lane_retry(lane);
}


/*
 * The head has moved, or the outcome is unclear: plan again, a little later
 * each time and not in step with the others that were refused.
 */

static void
ngx_http_promotions_lane_retry(ngx_http_promotions_lane_t *lane)
{
    ngx_msec_t  wait;
    pm_error_t  err;

    if (++lane->tries < NGX_HTTP_PROMOTIONS_LANE_TRIES) {

        wait = 1 + (ngx_msec_t) ngx_random()
                   % (NGX_HTTP_PROMOTIONS_LANE_WAIT * lane->tries);

        ngx_add_timer(&lane->event, wait);
        return;
    }

    if (lane->state == PM_BATCH_UNKNOWN) {
        (void) pm_error_set(&err, PM_TIMEOUT,
                            "the remote does not say whether promotion %s "
                            "has landed: look for its Promotion-Id before "
                            "trying again", lane->entry->promotion.id);
    } else {
        (void) pm_error_set(&err, PM_UNAVAILABLE,
                            "the branch moved at each of %d tries, try again",
                            NGX_HTTP_PROMOTIONS_LANE_TRIES);
    }

    ngx_http_promotions_lane_give_up(lane, &err);
}


/* A timer's end: once more; posted: the next promotion. */

static void
ngx_http_promotions_lane_event(ngx_event_t *ev)
{
    ngx_http_promotions_lane_t  *lane = ev->data;

    if (lane->entry != NULL) {
        ngx_http_promotions_lane_plan(lane);

    } else {
        ngx_http_promotions_lane_next(lane);
    }
}


static void
ngx_http_promotions_lane_give_up(ngx_http_promotions_lane_t *lane,
    const pm_error_t *error)
{
    pm_result_t  result;

    ngx_memzero(&result, sizeof(pm_result_t));

    result.state = PM_RESULT_FAILED;
    result.error = *error;

    ngx_http_promotions_lane_settle(lane, &result);
}


static void
ngx_http_promotions_lane_settle(ngx_http_promotions_lane_t *lane,
    const pm_result_t *result)
{
    ngx_http_promotions_entry_t  *entry;

    entry = lane->entry;

    ngx_http_promotions_settled(&entry->promotion, result);

    pm_batch_destroy(lane->batch);
    lane->batch = NULL;

    lane->entry = NULL;
    pm_arena_destroy(entry->arena);

    /* posted: a call would nest as deep as the queue is long */

    ngx_post_event(&lane->event, &ngx_posted_events);
}
