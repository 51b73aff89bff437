#include "http/ngx_http_promotions_lane_internal.h"
#include "http/ngx_http_promotions_script.h"
#include "http/ngx_http_promotions_sweep.h"


/* ms, until a thread pool that was full is asked again */

#define NGX_HTTP_PROMOTIONS_LANE_POOL  250


static ngx_http_promotions_lane_t *ngx_http_promotions_lane_find(
    ngx_str_t *id);
static void ngx_http_promotions_lane_recovered(void *data, redisReply *reply);
static void ngx_http_promotions_lane_released(void *data, redisReply *reply);
static void ngx_http_promotions_lane_retry(ngx_http_promotions_lane_t *lane);
static void ngx_http_promotions_lane_event(ngx_event_t *ev);
static void ngx_http_promotions_lane_renew(ngx_event_t *ev);
static void ngx_http_promotions_lane_renewed(void *data, redisReply *reply);


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

        /* what ends it is on its way to us: then it begins anew */

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


ngx_uint_t
ngx_http_promotions_lane_led(u_char *id)
{
    ngx_str_t  name;

    name.data = id;
    name.len = ngx_strlen(id);

    return ngx_http_promotions_lane_find(&name) != NULL;
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


/* release: somebody else shall lead */

void
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

    ngx_memcpy(id, lane->id, NGX_HTTP_PROMOTIONS_LANE_ID);

    name.data = id;
    name.len = NGX_HTTP_PROMOTIONS_LANE_ID;

    ngx_http_promotions_lane_end(lane);
    ngx_http_promotions_lane_recover(&name);
}


/* The step again, or the next one, after a while. */

void
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
        && (ngx_http_promotions_batch_empty(&lane->batch)
            || lane->step == ngx_http_promotions_lane_begin
            || lane->step == ngx_http_promotions_lane_opened))
    {
        /*
         * nothing in hand, nothing that has left, or nothing that others do
         * not find, and a worker that exits does not connect to Redis again:
         * the lease runs out, others go on
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


void
ngx_http_promotions_lane_end(ngx_http_promotions_lane_t *lane)
{
    u_char      id[NGX_HTTP_PROMOTIONS_LANE_ID];
    ngx_str_t   name;
    ngx_uint_t  again;

    again = lane->again;
    ngx_memcpy(id, lane->id, NGX_HTTP_PROMOTIONS_LANE_ID);

    if (lane->event.timer_set) {
        ngx_del_timer(&lane->event);
    }

    if (lane->renew.timer_set) {
        ngx_del_timer(&lane->renew);
    }

    ngx_rbtree_delete(&ngx_http_promotions_worker.lanes, &lane->node.node);

    ngx_http_promotions_batch_free(&lane->batch);
    ngx_free(lane);

    if (again && !ngx_exiting) {
        name.data = id;
        name.len = NGX_HTTP_PROMOTIONS_LANE_ID;

        ngx_http_promotions_lane_lead(&name);
    }
}
