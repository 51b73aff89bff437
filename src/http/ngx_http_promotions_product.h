/*
 * ngx_http_promotions_product.h: POST products/{product}/promote: every
 * application of a product that two environments have, as a group.
 *
 * What cannot be promoted by itself (no path in git, a policy, a grant) is
 * refused by itself; all others are submitted, one promotion each.
 */

#ifndef NGX_HTTP_PROMOTIONS_PRODUCT_H
#define NGX_HTTP_PROMOTIONS_PRODUCT_H


#include "http/ngx_http_promotions.h"

#include <jansson.h>


/* From the body on: NGX_AGAIN, the request waits; otherwise what it is to be
 * finalized with. */
ngx_int_t ngx_http_promotions_product_start(ngx_http_promotions_ctx_t *ctx,
    ngx_str_t *body);

/*
 * Adds what was not submitted: to members those that were refused, to answer
 * "missing".  Nothing where the request is not of a product.
 */
void ngx_http_promotions_product_rest(const ngx_http_promotions_ctx_t *ctx,
    json_t *members, json_t *answer);

/* The status of the first that was refused; 0: none, or no product. */
ngx_uint_t ngx_http_promotions_product_refused(
    const ngx_http_promotions_ctx_t *ctx);


#endif /* NGX_HTTP_PROMOTIONS_PRODUCT_H */
