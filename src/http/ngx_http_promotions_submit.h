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


#endif /* NGX_HTTP_PROMOTIONS_SUBMIT_H */
