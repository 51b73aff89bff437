/*
 * ngx_http_promotions_lane_internal.h: a lane that is led, as its files see
 * it: ngx_http_promotions_lane.c (who leads it, and its end),
 * ngx_http_promotions_lane_step.c (what a leader does), and
 * ngx_http_promotions_lane_pull.c (what it does besides with pull requests).
 */

#ifndef NGX_HTTP_PROMOTIONS_LANE_INTERNAL_H
#define NGX_HTTP_PROMOTIONS_LANE_INTERNAL_H


#include "http/ngx_http_promotions_batch.h"
#include "http/ngx_http_promotions_lane.h"


/* ms, until Redis, or a thread pool that was full, is asked again */

#define NGX_HTTP_PROMOTIONS_LANE_REDIS  100


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
    unsigned                     rest:1;         /* after settle, plan */
    unsigned                     again:1;        /* given the lease anew */
    unsigned                     refused:1;      /* a job, by the pool or
                                                    since the worker quits */
};


/* The first step; the others follow by themselves. */
void ngx_http_promotions_lane_take(ngx_http_promotions_lane_t *lane);

/* A step before which nothing has left. */
void ngx_http_promotions_lane_begin(ngx_http_promotions_lane_t *lane);

/* One at which all that has left is at the remote: others find it there. */
void ngx_http_promotions_lane_opened(ngx_http_promotions_lane_t *lane);

/* The step again, or the next one, after so many ms. */
void ngx_http_promotions_lane_later(ngx_http_promotions_lane_t *lane,
    ngx_http_promotions_step_pt step, ngx_msec_t wait);

/* The batch, as far as it has results, into Redis; then the rest of it, or the
 * next one. */
void ngx_http_promotions_lane_settle(ngx_http_promotions_lane_t *lane);

/* In place of a job of the lane in data, when the worker quits: the job's done
 * sees it, and gives the lane back. */
void ngx_http_promotions_lane_refused(void *data);

/* Gives the lane up, so that somebody else leads. */
void ngx_http_promotions_lane_release(ngx_http_promotions_lane_t *lane);

/* The same with a batch in hand: others do what has no result yet, at once, or
 * the next start does; whoever waits for it here hears of it from Redis. */
void ngx_http_promotions_lane_give_back(ngx_http_promotions_lane_t *lane);

/* It is led no longer by this worker, unless the worker was given the lease
 * anew meanwhile; lane is freed. */
void ngx_http_promotions_lane_end(ngx_http_promotions_lane_t *lane);


#endif /* NGX_HTTP_PROMOTIONS_LANE_INTERNAL_H */
