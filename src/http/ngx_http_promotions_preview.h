/*
 * ngx_http_promotions_preview.h: what promotions would change now.
 */

#ifndef NGX_HTTP_PROMOTIONS_PREVIEW_H
#define NGX_HTTP_PROMOTIONS_PREVIEW_H


#include "http/ngx_http_promotions.h"


/*
 * Posts a job for each lane of n promotions (which have their owner, ids and
 * lanes), and takes them and ctx's promotion_arena: NGX_AGAIN.  Otherwise what
 * the request is to be finalized with.
 */
ngx_int_t ngx_http_promotions_preview_start(ngx_http_promotions_ctx_t *ctx,
    pm_promotion_t *promotions, ngx_uint_t n);


#endif /* NGX_HTTP_PROMOTIONS_PREVIEW_H */
