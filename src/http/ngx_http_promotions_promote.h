/*
 * ngx_http_promotions_promote.h: the answers to a promotion's request.
 */

#ifndef NGX_HTTP_PROMOTIONS_PROMOTE_H
#define NGX_HTTP_PROMOTIONS_PROMOTE_H


#include "http/ngx_http_promotions.h"


/*
 * The final answer, with Location and Promotion-Id; returns what the request
 * is to be finalized with.  status 200: commit has landed; else message.
 */
ngx_int_t ngx_http_promotions_send_result(ngx_http_promotions_ctx_t *ctx,
    ngx_uint_t status, const char *message, const char *commit);

/* 202: the work goes on without the client. */
ngx_int_t ngx_http_promotions_send_accepted(ngx_http_promotions_ctx_t *ctx);


#endif /* NGX_HTTP_PROMOTIONS_PROMOTE_H */
