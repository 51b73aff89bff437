/*
 * ngx_http_promotions_preview.h: what a promotion would change now.
 */

#ifndef NGX_HTTP_PROMOTIONS_PREVIEW_H
#define NGX_HTTP_PROMOTIONS_PREVIEW_H


#include "http/ngx_http_promotions.h"


/*
 * Posts the job for ctx->promotion, and takes it and its arena: NGX_AGAIN.
 * Otherwise what the request is to be finalized with.
 */
ngx_int_t ngx_http_promotions_preview_start(ngx_http_promotions_ctx_t *ctx);


#endif /* NGX_HTTP_PROMOTIONS_PREVIEW_H */
