/*
 * ngx_http_promotions_header.h: headers of a request that nginx does not
 * know.
 */

#ifndef NGX_HTTP_PROMOTIONS_HEADER_H
#define NGX_HTTP_PROMOTIONS_HEADER_H


#include "http/ngx_http_promotions.h"


/* The n-th header of that name (in lower case), from 0; NULL: not sent. */
ngx_str_t *ngx_http_promotions_header_in(ngx_http_request_t *r,
    const char *name, ngx_uint_t n);

/* Whether a Prefer header names the preference (RFC 7240, section 2). */
ngx_uint_t ngx_http_promotions_prefers(ngx_http_request_t *r,
    const char *preference);


#endif /* NGX_HTTP_PROMOTIONS_HEADER_H */
