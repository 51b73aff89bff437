/*
 * ngx_http_promotions_submit.h: a promotion into Redis.
 */

#ifndef NGX_HTTP_PROMOTIONS_SUBMIT_H
#define NGX_HTTP_PROMOTIONS_SUBMIT_H


#include "http/ngx_http_promotions.h"


/*
 * Submits ctx->promotion under ctx->id.  NGX_AGAIN: the request waits, and
 * gets its answer later; otherwise what it is to be finalized with.
 */
ngx_int_t ngx_http_promotions_submit(ngx_http_promotions_ctx_t *ctx);


#endif /* NGX_HTTP_PROMOTIONS_SUBMIT_H */
