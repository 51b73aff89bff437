#include "http/ngx_http_promotions.h"
#include "http/ngx_http_promotions_wait.h"


static void ngx_http_promotions_cleanup(void *data);


ngx_http_promotions_ctx_t *
ngx_http_promotions_get_ctx(ngx_http_request_t *r)
{
    ngx_pool_cleanup_t         *cln;
    ngx_http_promotions_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_promotions_module);

    if (ctx != NULL) {
        return ctx;
    }

    /* an internal redirect or an error page has wiped r->ctx */

    for (cln = r->pool->cleanup; cln; cln = cln->next) {
        if (cln->handler == ngx_http_promotions_cleanup) {
            ctx = cln->data;

            if (ctx->request == r) {
                ngx_http_set_ctx(r, ctx, ngx_http_promotions_module);
                return ctx;
            }
        }
    }

    cln = ngx_pool_cleanup_add(r->pool, sizeof(ngx_http_promotions_ctx_t));
    if (cln == NULL) {
        return NULL;
    }

    ctx = cln->data;
    ngx_memzero(ctx, sizeof(ngx_http_promotions_ctx_t));

    ctx->request = r;

    ctx->arena = pm_arena_create();
    if (ctx->arena == NULL) {
        return NULL;
    }

    cln->handler = ngx_http_promotions_cleanup;
    ngx_http_set_ctx(r, ctx, ngx_http_promotions_module);

    return ctx;
}


/* The request ends: nobody finds it any more. */

static void
ngx_http_promotions_cleanup(void *data)
{
    ngx_http_promotions_ctx_t  *ctx = data;

    if (ctx->lookup != NULL) {
        ngx_promotions_redis_forget(ctx->lookup);
        ctx->lookup = NULL;
    }

    ngx_http_promotions_wait_end(ctx);

    pm_arena_destroy(ctx->promotion_arena);
    pm_arena_destroy(ctx->arena);
}
