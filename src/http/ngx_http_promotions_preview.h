/*
 * ngx_http_promotions_preview.h: what a promotion would change now.
 */

#ifndef NGX_HTTP_PROMOTIONS_PREVIEW_H
#define NGX_HTTP_PROMOTIONS_PREVIEW_H


#include "http/ngx_http_promotions_lane.h"


/*
 * Posts the job and takes the entry: NGX_AGAIN.  Otherwise the entry is still
 * the caller's, and the request has its answer.
 */
ngx_int_t ngx_http_promotions_preview_start(ngx_http_request_t *r,
    ngx_http_promotions_entry_t *entry);


#endif /* NGX_HTTP_PROMOTIONS_PREVIEW_H */
