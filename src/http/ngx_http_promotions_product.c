#include "http/ngx_http_promotions_product.h"
#include "http/ngx_http_promotions_audit.h"
#include "http/ngx_http_promotions_preview.h"
#include "http/ngx_http_promotions_promote.h"
#include "http/ngx_http_promotions_reply.h"
#include "http/ngx_http_promotions_result.h"
#include "http/ngx_http_promotions_submit.h"
#include "base/pm_buffer.h"
#include "base/pm_string.h"
#include "catalog/pm_pair.h"
#include "promotion/pm_permission.h"


/* Promotions of one request: their records are one call to Redis. */

#define NGX_HTTP_PROMOTIONS_PRODUCT_MAX    1000

/* Of a pull request's title; every provider takes as much. */

#define NGX_HTTP_PROMOTIONS_PRODUCT_TITLE  160


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


static int ngx_http_promotions_product_find(ngx_http_promotions_ctx_t *ctx,
    pm_error_t *err);
static int ngx_http_promotions_product_sees(ngx_http_promotions_ctx_t *ctx,
    const pm_environment_t *environment, const char *name, pm_error_t *err);
static int ngx_http_promotions_product_pairs(ngx_http_promotions_ctx_t *ctx,
    pm_error_t *err);
static int ngx_http_promotions_product_one(ngx_http_promotions_ctx_t *ctx,
    const pm_pair_t *pair, pm_error_t *err);
static ngx_int_t ngx_http_promotions_product_pull(
    ngx_http_promotions_ctx_t *ctx, const pm_application_t *destination,
    pm_request_t *request);
static int ngx_http_promotions_product_refuse(ngx_http_promotions_ctx_t *ctx,
    const pm_promotion_t *promotion, const pm_error_t *error,
    pm_error_t *err);
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


static int
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
