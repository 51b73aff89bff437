/*
 * ngx_http_promotions_product_internal.h: a request of a product, as
 * ngx_http_promotions_product*.c see it.
 */

#ifndef NGX_HTTP_PROMOTIONS_PRODUCT_INTERNAL_H
#define NGX_HTTP_PROMOTIONS_PRODUCT_INTERNAL_H


#include "http/ngx_http_promotions_product.h"
#include "catalog/pm_pair.h"


typedef struct {
    const pm_promotion_t    *promotion;   /* its applications */
    ngx_uint_t               status;
    const char              *message;
} ngx_http_promotions_refused_t;


struct ngx_http_promotions_product_s {
    pm_request_t                    request;
    const pm_product_t             *product;
    const pm_environment_t         *from;
    const pm_environment_t         *to;
    pm_pairs_t                      pairs;
    pm_promotion_t                 *promotions;   /* that are submitted */
    ngx_uint_t                      n;
    ngx_http_promotions_refused_t  *refused;
    ngx_uint_t                      nrefused;
    const char                     *forbidden;    /* what refused one of them;
                                                     NULL: nothing */
    unsigned                        pulls:1;      /* by pull requests */
};


/*
 * ngx_http_promotions_product_pairs.c: fills promotions and refused, for the
 * product and environments that were found.  0, or what is wrong with the
 * request as a whole.
 */
int ngx_http_promotions_product_pairs(ngx_http_promotions_ctx_t *ctx,
    pm_error_t *err);


#endif /* NGX_HTTP_PROMOTIONS_PRODUCT_INTERNAL_H */
