/*
 * ngx_http_promotions_promote.h: what every request that writes does between
 * its promotions and Redis.
 */

#ifndef NGX_HTTP_PROMOTIONS_PROMOTE_H
#define NGX_HTTP_PROMOTIONS_PROMOTE_H


#include "http/ngx_http_promotions.h"


/*
 * Gives n promotions (ctx->promotion_arena's) their ids, lanes and group, the
 * key's owner as their author, and each a waiter.
 */
ngx_int_t ngx_http_promotions_promote_owner(ngx_http_promotions_ctx_t *ctx,
    pm_promotion_t *promotions, ngx_uint_t n);

/* What tells a body from another under the same Idempotency-Key. */
ngx_int_t ngx_http_promotions_promote_digest(ngx_http_promotions_ctx_t *ctx,
    ngx_str_t *body);

/*
 * Whether the key's grants reach.  A commit needs PROMOTE_TO on the
 * destination, a pull request PROMOTE_PR, a preview (write 0) anything on it;
 * the source needs anything too, or a key for one environment could read
 * whatever the gateway can.  An application of no environment needs
 * PROMOTE_TO on all, whatever is asked for (interface.md, 3).
 */
ngx_uint_t ngx_http_promotions_allowed(const pm_store_key_t *key,
    const pm_catalog_t *catalog, const pm_promotion_t *promotion,
    ngx_uint_t write);

/*
 * promotesTo and policies, and whether a pull request's repository has a
 * provider: 0, or what refuses the promotion (a pm_code_t).
 * override 1: an admin's key passes, and the promotion says what it passed.
 */
int ngx_http_promotions_permitted(ngx_http_promotions_ctx_t *ctx,
    pm_promotion_t *promotion, ngx_uint_t override, pm_error_t *err);


#endif /* NGX_HTTP_PROMOTIONS_PROMOTE_H */
