#include "http/ngx_http_promotions_product_internal.h"
#include "http/ngx_http_promotions_audit.h"
#include "http/ngx_http_promotions_preview.h"
#include "http/ngx_http_promotions_promote.h"
#include "http/ngx_http_promotions_reply.h"
#include "http/ngx_http_promotions_result.h"
#include "http/ngx_http_promotions_submit.h"
#include "base/pm_buffer.h"
#include "promotion/pm_permission.h"


static int ngx_http_promotions_product_find(ngx_http_promotions_ctx_t *ctx,
    pm_error_t *err);
static int ngx_http_promotions_product_sees(ngx_http_promotions_ctx_t *ctx,
    const pm_environment_t *environment, const char *name, pm_error_t *err);
static void ngx_http_promotions_product_denied(
    ngx_http_promotions_ctx_t *ctx);
static ngx_int_t ngx_http_promotions_product_digest(
    ngx_http_promotions_ctx_t *ctx, ngx_str_t *body);
static void ngx_http_promotions_product_id(pm_buffer_t *text,
    const pm_application_id_t *id);
static json_t *ngx_http_promotions_product_missing(
    const ngx_http_promotions_product_t *product,
    const pm_application_t *application);


ngx_int_t
ngx_http_promotions_product_start(ngx_http_promotions_ctx_t *ctx,
    ngx_str_t *body)
{
    int                              rc;
    pm_error_t                       err;
    ngx_http_request_t              *r;
    pm_request_faults_t              faults;
    ngx_http_promotions_loc_conf_t  *plcf;

    r = ctx->request;
    plcf = ngx_http_get_module_loc_conf(r, ngx_http_promotions_module);

    ctx->product = pm_arena_zalloc(ctx->promotion_arena,
                                   sizeof(ngx_http_promotions_product_t));
    if (ctx->product == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = pm_request_parse(ctx->promotion_arena, (char *) body->data, body->len,
                          PM_REQUEST_PRODUCT, plcf->trailing_commas,
                          &ctx->product->request, &faults);

    if (rc == PM_INVALID) {
        return ngx_http_promotions_send_faults(r, &faults);
    }

    if (rc != 0) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (ngx_http_promotions_product_find(ctx, &err) != 0
        || ngx_http_promotions_product_pairs(ctx, &err) != 0)
    {
        return ngx_http_promotions_send_error(r,
                   ngx_http_promotions_status(err.code), err.message);
    }

    ctx->grouped = 1;
    ngx_http_promotions_product_denied(ctx);

    if (ctx->product->n == 0) {
        return ngx_http_promotions_send_refused(ctx);
    }

    if (ngx_http_promotions_promote_owner(ctx, ctx->product->promotions,
                                          ctx->product->n)
        != NGX_OK
        || ngx_http_promotions_product_digest(ctx, body) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (ctx->product->request.dry_run) {
        return ngx_http_promotions_preview_start(ctx,
                                                 ctx->product->promotions,
                                                 ctx->product->n);
    }

    return ngx_http_promotions_submit(ctx);
}


/*
 * Environments and product.  A key without a grant on both environments does
 * not learn which there are, nor what products.
 */

static int
ngx_http_promotions_product_find(ngx_http_promotions_ctx_t *ctx,
    pm_error_t *err)
{
    char                           *name;
    const pm_catalog_t             *catalog;
    ngx_http_promotions_product_t  *product;

    product = ctx->product;
    catalog = ngx_http_promotions_worker.pmcf->catalog;

    name = pm_arena_strndup(ctx->promotion_arena, (char *) ctx->target.data,
                            ctx->target.len);
    if (name == NULL) {
        return pm_error_memory(err);
    }

    product->from = pm_catalog_environment(catalog,
                                       product->request.source_environment);
    product->to = pm_catalog_environment(catalog,
                                  product->request.destination_environment);

    ngx_http_promotions_denied_is(ctx, product->to ? product->to->name : NULL,
                                  "PRODUCT", name);

    if (ngx_http_promotions_product_sees(ctx, product->from,
                                 product->request.source_environment, err)
        != 0
        || ngx_http_promotions_product_sees(ctx, product->to,
                             product->request.destination_environment, err)
           != 0)
    {
        return err->code;
    }

    if (product->from == product->to) {
        return pm_error_set(err, PM_INVALID, "srcEnvironment and "
                            "destEnvironment are the same environment %s",
                            product->to->name);
    }

    product->product = pm_catalog_product(catalog, name);

    if (product->product == NULL) {
        return pm_error_set(err, PM_NOT_FOUND, "product %s not found", name);
    }

    /* an admin who overrides the policy commits */

    product->pulls = !product->request.dry_run
                     && !(product->request.override && ctx->key->admin)
                     && ngx_strcmp(pm_permission_action(catalog, name,
                                                        product->to), "pr")
                        == 0;

    return 0;
}


/* environment: NULL: there is none of this name. */

static int
ngx_http_promotions_product_sees(ngx_http_promotions_ctx_t *ctx,
    const pm_environment_t *environment, const char *name, pm_error_t *err)
{
    if (!pm_store_key_sees(ctx->key, environment ? environment->name : name,
                           environment ? environment->id : NULL))
    {
        return pm_error_set(err, PM_FORBIDDEN, "Forbidden resource");
    }

    if (environment == NULL) {
        return pm_error_set(err, PM_NOT_FOUND, "environment %s not found",
                            name);
    }

    return 0;
}


/* One line of the audit for all that policies or grants have refused; an
 * answer that is 403 as a whole leaves it by itself. */

static void
ngx_http_promotions_product_denied(ngx_http_promotions_ctx_t *ctx)
{
    ngx_http_promotions_product_t  *product;

    product = ctx->product;

    if (product->forbidden == NULL) {
        return;
    }

    ngx_http_promotions_denied_is(ctx, product->to->name, "PRODUCT",
                                  product->product->name);
    ctx->denied.reason = product->forbidden;

    if (product->n > 0 || product->refused[0].status != NGX_HTTP_FORBIDDEN) {
        ngx_http_promotions_denied(ctx->request);
    }
}


/*
 * An Idempotency-Key is of one product, and of what the catalog made of it: a
 * replay answers for the same applications, in the same order.
 */

static ngx_int_t
ngx_http_promotions_product_digest(ngx_http_promotions_ctx_t *ctx,
    ngx_str_t *body)
{
    ngx_int_t                       rc;
    ngx_str_t                       all;
    ngx_uint_t                      i;
    pm_buffer_t                     text;
    ngx_http_promotions_product_t  *product;

    product = ctx->product;

    ngx_memzero(&text, sizeof(pm_buffer_t));

    pm_buffer_puts(&text, "product ");
    pm_buffer_puts(&text, product->product->name);
    pm_buffer_puts(&text, "\n");
    pm_buffer_append(&text, (char *) body->data, body->len);

    for (i = 0; i < product->n; i++) {
        ngx_http_promotions_product_id(&text, &product->promotions[i].source);
        ngx_http_promotions_product_id(&text,
                                       &product->promotions[i].destination);
    }

    all.data = (u_char *) text.data;
    all.len = text.len;

    rc = text.failed ? NGX_ERROR
                     : ngx_http_promotions_promote_digest(ctx, &all);

    pm_buffer_free(&text);

    return rc;
}


static void
ngx_http_promotions_product_id(pm_buffer_t *text,
    const pm_application_id_t *id)
{
    pm_buffer_printf(text, "\n%s/%s/%s", id->runtime, id->namespace, id->name);
}


void
ngx_http_promotions_product_rest(const ngx_http_promotions_ctx_t *ctx,
    json_t *members, json_t *answer)
{
    size_t                                i;
    json_t                               *missing, *member;
    const ngx_http_promotions_product_t  *product;
    const ngx_http_promotions_refused_t  *refused;

    product = ctx->product;

    if (product == NULL) {
        return;
    }

    for (i = 0; i < product->nrefused; i++) {
        refused = &product->refused[i];
        member = json_pack("{s:o, s:o, s:I, s:s}",
                     "srcAppId", ngx_http_promotions_id_json(
                                     &refused->promotion->source),
                     "destAppId", ngx_http_promotions_id_json(
                                      &refused->promotion->destination),
                     "statusCode", (json_int_t) refused->status,
                     "message", refused->message);

        (void) json_array_append_new(members, member);
    }

    missing = json_array();

    for (i = 0; i < product->pairs.nmissing; i++) {
        (void) json_array_append_new(missing,
                   ngx_http_promotions_product_missing(product,
                                               product->pairs.missing[i]));
    }

    (void) json_object_set_new(answer, "missing", missing);
}


ngx_uint_t
ngx_http_promotions_product_refused(const ngx_http_promotions_ctx_t *ctx)
{
    const ngx_http_promotions_product_t  *product;

    product = ctx->product;

    return (product && product->nrefused) ? product->refused[0].status : 0;
}


/* Where it is, and where it is not. */

static json_t *
ngx_http_promotions_product_missing(
    const ngx_http_promotions_product_t *product,
    const pm_application_t *application)
{
    pm_application_id_t      id;
    const pm_environment_t  *here, *there;

    here = application->environment;
    there = (here == product->from) ? product->to : product->from;

    id.runtime = application->runtime;
    id.namespace = application->namespace;
    id.name = application->name;

    return json_pack("{s:o, s:s, s:s}",
                     "appId", ngx_http_promotions_id_json(&id),
                     "environment", here->name, "missingIn", there->name);
}
