/*
 * The promotions of a product: one for each application that both environments
 * have, or why there is none.
 */

#include "http/ngx_http_promotions_product_internal.h"
#include "http/ngx_http_promotions_promote.h"
#include "http/ngx_http_promotions_reply.h"
#include "base/pm_string.h"


/* Promotions of one request: their records are one call to Redis. */

#define NGX_HTTP_PROMOTIONS_PRODUCT_MAX    1000

/* Of a pull request's title; every provider takes as much. */

#define NGX_HTTP_PROMOTIONS_PRODUCT_TITLE  160


static int ngx_http_promotions_product_one(ngx_http_promotions_ctx_t *ctx,
    const pm_pair_t *pair, pm_error_t *err);
static ngx_int_t ngx_http_promotions_product_pull(
    ngx_http_promotions_ctx_t *ctx, const pm_application_t *destination,
    pm_request_t *request);
static int ngx_http_promotions_product_refuse(ngx_http_promotions_ctx_t *ctx,
    const pm_promotion_t *promotion, const pm_error_t *error,
    pm_error_t *err);


int
ngx_http_promotions_product_pairs(ngx_http_promotions_ctx_t *ctx,
    pm_error_t *err)
{
    int                             rc;
    size_t                          i, n;
    ngx_http_promotions_product_t  *product;

    product = ctx->product;

    rc = pm_pair_find(ctx->promotion_arena, product->product, product->from,
                      product->to, &product->pairs, err);
    if (rc != 0) {
        return rc;
    }

    n = product->pairs.npairs;

    if (n == 0) {
        return pm_error_set(err, PM_INVALID, "no application of product %s is "
                            "in both environments, %s and %s",
                            product->product->name, product->from->name,
                            product->to->name);
    }

    if (n > NGX_HTTP_PROMOTIONS_PRODUCT_MAX) {
        return pm_error_set(err, PM_UNPROCESSABLE, "product %s has %zu "
                            "applications in %s and %s, at most %d can be "
                            "promoted at once", product->product->name, n,
                            product->from->name, product->to->name,
                            NGX_HTTP_PROMOTIONS_PRODUCT_MAX);
    }

    product->promotions = pm_arena_zalloc(ctx->promotion_arena,
                                          n * sizeof(pm_promotion_t));
    product->refused = pm_arena_zalloc(ctx->promotion_arena,
                                n * sizeof(ngx_http_promotions_refused_t));

    if (product->promotions == NULL || product->refused == NULL) {
        return pm_error_memory(err);
    }

    for (i = 0; i < n; i++) {
        rc = ngx_http_promotions_product_one(ctx, &product->pairs.pairs[i],
                                             err);
        if (rc != 0) {
            return rc;
        }
    }

    return 0;
}


/* The promotion of one pair, or why there is none. */

static int
ngx_http_promotions_product_one(ngx_http_promotions_ctx_t *ctx,
    const pm_pair_t *pair, pm_error_t *err)
{
    int                             rc;
    pm_error_t                      error;
    pm_request_t                    request;
    pm_promotion_t                 *promotion;
    ngx_http_promotions_product_t  *product;

    product = ctx->product;
    promotion = &product->promotions[product->n];

    request = product->request;

    if (product->pulls
        && ngx_http_promotions_product_pull(ctx, pair->destination, &request)
           != NGX_OK)
    {
        return pm_error_memory(err);
    }

    rc = pm_promotion_pair(ctx->promotion_arena, &request, pair->source,
                           pair->destination, promotion, &error);

    if (rc != PM_UNAVAILABLE
        && !ngx_http_promotions_allowed(ctx->key,
                              ngx_http_promotions_worker.pmcf->catalog,
                              promotion, !product->request.dry_run))
    {
        rc = pm_error_set(&error, PM_FORBIDDEN, "Forbidden resource");
    }

    if (rc == 0 && !product->request.dry_run) {
        rc = ngx_http_promotions_permitted(ctx, promotion,
                                           product->request.override, &error);
    }

    if (rc != 0) {
        return ngx_http_promotions_product_refuse(ctx, promotion, &error, err);
    }

    product->n++;

    return 0;
}


/* The request of a pull request: on its usual head branch, with a title that
 * tells it from the others. */

static ngx_int_t
ngx_http_promotions_product_pull(ngx_http_promotions_ctx_t *ctx,
    const pm_application_t *destination, pm_request_t *request)
{
    size_t       len;
    const char  *line;

    line = request->message + strspn(request->message, " \t\r\n");
    len = strcspn(line, "\r\n");
    len = pm_utf8_valid(line, ngx_min(len, NGX_HTTP_PROMOTIONS_PRODUCT_TITLE));

    request->kind = PM_REQUEST_PULL_REQUEST;
    request->head = "HEAD";
    request->title = pm_arena_printf(ctx->promotion_arena, "%.*s (%s/%s)",
                                     (int) len, line, destination->namespace,
                                     destination->name);
    request->commit_message = request->message;
    request->commit_description = request->description;

    return (request->title != NULL) ? NGX_OK : NGX_ERROR;
}


static int
ngx_http_promotions_product_refuse(ngx_http_promotions_ctx_t *ctx,
    const pm_promotion_t *promotion, const pm_error_t *error, pm_error_t *err)
{
    pm_promotion_t                 *copy;
    ngx_http_promotions_refused_t  *refused;

    /* a fault of ours is no property of one application */

    if (error->code == PM_UNAVAILABLE) {
        *err = *error;
        return err->code;
    }

    refused = &ctx->product->refused[ctx->product->nrefused++];

    copy = pm_arena_alloc(ctx->promotion_arena, sizeof(pm_promotion_t));

    refused->promotion = copy;
    refused->status = ngx_http_promotions_status(error->code);
    refused->message = pm_arena_strdup(ctx->promotion_arena, error->message);

    if (copy == NULL || refused->message == NULL) {
        return pm_error_memory(err);
    }

    *copy = *promotion;

    if (refused->status == NGX_HTTP_FORBIDDEN) {
        ctx->product->forbidden = refused->message;
    }

    return 0;
}
