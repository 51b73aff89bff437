/*
 * ngx_http_promotions_submit.h: a promotion into Redis.
 */

#ifndef NGX_HTTP_PROMOTIONS_SUBMIT_H
#define NGX_HTTP_PROMOTIONS_SUBMIT_H


#include "http/ngx_http_promotions.h"
#include "store/ngx_promotions_script.h"


/*
 * Submits ctx->promotion under ctx->id.  NGX_AGAIN: the request waits, and
 * gets its answer later; otherwise what it is to be finalized with.
 */
ngx_int_t ngx_http_promotions_submit(ngx_http_promotions_ctx_t *ctx);


/*
 * ngx_http_promotions_submit_args.c: the arguments of the script for all that
 * is open on the lane of first, which is the first of them.  NGX_ERROR: no
 * memory; args' pool is destroyed.
 */
ngx_int_t ngx_http_promotions_submit_args(ngx_promotions_args_t *args,
    ngx_http_promotions_waiter_t *first);

/* Redis has not told of it yet. */
ngx_uint_t ngx_http_promotions_submit_open(
    const ngx_http_promotions_waiter_t *waiter);

/* The request's next one on the same lane that is open, or NULL. */
ngx_http_promotions_waiter_t *ngx_http_promotions_submit_next(
    ngx_http_promotions_waiter_t *waiter);


/*
 * What a submit under way knows: the client may leave before its reply.  id
 * is that of the first promotion on this lane.
 */

typedef struct {
    u_char      id[NGX_HTTP_PROMOTIONS_ID_SIZE + 1];
    u_char      lane[NGX_HTTP_PROMOTIONS_LANE_ID + 1];
    ngx_uint_t  again;
} ngx_http_promotions_submit_t;


/* ngx_http_promotions_submit.c: one call for each lane that has none of its
 * promotions in Redis yet; again: after a reply that was lost. */
void ngx_http_promotions_submit_all(ngx_http_promotions_ctx_t *ctx,
    ngx_uint_t again);

/* ngx_http_promotions_submit_reply.c: the script's reply; submit is freed. */
void ngx_http_promotions_submitted(void *submit, redisReply *reply);

/* No reply came, or nothing could be sent. */
void ngx_http_promotions_submit_lost(ngx_http_promotions_waiter_t *first,
    ngx_uint_t again);


#endif /* NGX_HTTP_PROMOTIONS_SUBMIT_H */
