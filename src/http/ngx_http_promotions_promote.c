#include "http/ngx_http_promotions_promote.h"
#include "http/ngx_http_promotions_audit.h"
#include "http/ngx_http_promotions_preview.h"
#include "http/ngx_http_promotions_product.h"
#include "http/ngx_http_promotions_reply.h"
#include "http/ngx_http_promotions_submit.h"
#include "http/ngx_http_promotions_wait.h"
#include "base/pm_hash.h"
#include "promotion/pm_permission.h"
#include "promotion/pm_pull.h"


static ngx_int_t ngx_http_promotions_promote(ngx_http_request_t *r,
    pm_request_kind_t kind);
static ngx_int_t ngx_http_promotions_promote_start(
    ngx_http_promotions_ctx_t *ctx, ngx_str_t *body);
static ngx_uint_t ngx_http_promotions_promote_granted(
    ngx_http_promotions_ctx_t *ctx, const pm_request_t *request,
    const pm_promotion_t *promotions);
static ngx_uint_t ngx_http_promotions_promotes(
    const ngx_http_promotions_ctx_t *ctx);
static int ngx_http_promotions_located(ngx_http_promotions_ctx_t *ctx,
    const pm_promotion_t *promotion, pm_error_t *err);


ngx_int_t
ngx_http_promotions_commit(ngx_http_request_t *r)
{
    return ngx_http_promotions_promote(r, PM_REQUEST_COMMIT);
}


ngx_int_t
ngx_http_promotions_pull_request(ngx_http_request_t *r)
{
    return ngx_http_promotions_promote(r, PM_REQUEST_PULL_REQUEST);
}


ngx_int_t
ngx_http_promotions_preview(ngx_http_request_t *r)
{
    return ngx_http_promotions_promote(r, PM_REQUEST_PREVIEW);
}


ngx_int_t
ngx_http_promotions_promote_product(ngx_http_request_t *r)
{
    return ngx_http_promotions_promote(r, PM_REQUEST_PRODUCT);
}


static ngx_int_t
ngx_http_promotions_promote(ngx_http_request_t *r, pm_request_kind_t kind)
{
    ngx_http_promotions_ctx_t  *ctx;

    ctx = ngx_http_promotions_get_ctx(r);
    if (ctx == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ctx->kind = kind;

    if (ngx_http_promotions_wait(ctx) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_promotions_read_body(r, kind == PM_REQUEST_PRODUCT
                                         ? ngx_http_promotions_product_start
                                         : ngx_http_promotions_promote_start);
}


/* NGX_AGAIN: the request waits; otherwise it has its answer, or none. */

static ngx_int_t
ngx_http_promotions_promote_start(ngx_http_promotions_ctx_t *ctx,
    ngx_str_t *body)
{
    int                               rc;
    ngx_uint_t                        i;
    pm_arena_t                       *arena;
    pm_error_t                        err;
    pm_request_t                      request;
    pm_promotion_t                   *promotions;
    ngx_http_request_t               *r;
    pm_request_faults_t               faults;
    ngx_http_promotions_loc_conf_t   *plcf;
    ngx_http_promotions_main_conf_t  *pmcf;

    r = ctx->request;
    arena = ctx->promotion_arena;

    pmcf = ngx_http_get_module_main_conf(r, ngx_http_promotions_module);
    plcf = ngx_http_get_module_loc_conf(r, ngx_http_promotions_module);

    rc = pm_request_parse(arena, (char *) body->data, body->len, ctx->kind,
                          plcf->trailing_commas, &request, &faults);

    if (rc == PM_INVALID) {
        return ngx_http_promotions_send_faults(r, &faults);
    }

    if (rc != 0) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ctx->grouped = request.grouped;

    if (request.dry_run) {
        ctx->kind = PM_REQUEST_PREVIEW;
    }

    promotions = pm_arena_zalloc(arena, request.ndestinations
                                        * sizeof(pm_promotion_t));
    if (promotions == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = pm_promotion_resolve(arena, pmcf->catalog, &request, promotions,
                              &err);

    if (!ngx_http_promotions_promote_granted(ctx, &request, promotions)) {
        return ngx_http_promotions_send_error(r, NGX_HTTP_FORBIDDEN,
                                              "Forbidden resource");
    }

    if (rc != 0) {
        return ngx_http_promotions_send_error(r,
                   ngx_http_promotions_status(err.code), err.message);
    }

    for (i = 0; i < request.ndestinations; i++) {
        if (ctx->kind != PM_REQUEST_PREVIEW
            && ngx_http_promotions_permitted(ctx, &promotions[i],
                                             request.override, &err)
               != 0)
        {
            return ngx_http_promotions_send_error(r,
                       ngx_http_promotions_status(err.code), err.message);
        }
    }

    if (ngx_http_promotions_promote_owner(ctx, promotions,
                                          request.ndestinations)
        != NGX_OK
        || ngx_http_promotions_promote_digest(ctx, body) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (ctx->kind == PM_REQUEST_PREVIEW) {
        return ngx_http_promotions_preview_start(ctx, promotions,
                                                 request.ndestinations);
    }

    return ngx_http_promotions_submit(ctx);
}


/* What a promotion fails by is not for a key that may not see it: grants come
 * first, of as many as were found.  What was not found is told to keys that
 * could promote something: others would learn which names there are. */

static ngx_uint_t
ngx_http_promotions_promote_granted(ngx_http_promotions_ctx_t *ctx,
    const pm_request_t *request, const pm_promotion_t *promotions)
{
    ngx_uint_t  i;

    for (i = 0; i < request->ndestinations; i++) {

        if (promotions[i].source.name == NULL) {
            return ngx_http_promotions_promotes(ctx);
        }

        ngx_http_promotions_denied_promotion(ctx, &promotions[i]);

        if (!ngx_http_promotions_allowed(ctx->key,
                                     ngx_http_promotions_worker.pmcf->catalog,
                                     &promotions[i],
                                     ctx->kind != PM_REQUEST_PREVIEW))
        {
            return 0;
        }
    }

    return 1;
}


static ngx_uint_t
ngx_http_promotions_promotes(const ngx_http_promotions_ctx_t *ctx)
{
    if (ctx->kind == PM_REQUEST_PREVIEW) {
        return ctx->key->admin || ctx->key->ngrants > 0;
    }

    return pm_store_key_allows_somewhere(ctx->key,
                                         ctx->kind == PM_REQUEST_PULL_REQUEST
                                         ? "PROMOTE_PR" : "PROMOTE_TO",
                                         PM_STORE_CREATE);
}


/* What a leader would say too: sooner, and nothing is queued.  Whether the
 * head is a branch of something else goes with the promotion: only a leader
 * knows whether it is the base, which may have no name in the catalog. */

static int
ngx_http_promotions_located(ngx_http_promotions_ctx_t *ctx,
    const pm_promotion_t *promotion, pm_error_t *err)
{
    int                               rc;
    const pm_git_login_t             *login;
    pm_forge_repository_t             repository;
    ngx_http_promotions_main_conf_t  *pmcf;

    if (promotion->kind != PM_PROMOTION_PULL_REQUEST) {
        return 0;
    }

    pmcf = ngx_http_promotions_worker.pmcf;

    rc = pm_pull_locate(ctx->promotion_arena, &pmcf->git, pmcf->forges.elts,
                        pmcf->forges.nelts,
                        &promotion->parts[0].destination.url, &repository,
                        &login, err);

    if (rc == 0) {
        promotion->pull->deployed =
            pm_pull_deployed(ctx->promotion_arena, pmcf->catalog,
                             pmcf->forges.elts, pmcf->forges.nelts, promotion,
                             &repository);
    }

    return rc;
}


ngx_int_t
ngx_http_promotions_promote_owner(ngx_http_promotions_ctx_t *ctx,
    pm_promotion_t *promotions, ngx_uint_t n)
{
    ngx_uint_t                     i;
    pm_arena_t                    *arena;
    pm_promotion_t                *promotion;
    ngx_http_promotions_waiter_t  *waiter;

    if (ngx_http_promotions_wait_group(ctx, n) != NGX_OK) {
        return NGX_ERROR;
    }

    arena = ctx->promotion_arena;

    for (i = 0; i < n; i++) {
        promotion = &promotions[i];
        waiter = ngx_http_promotions_nth(ctx, i);

        waiter->promotion = promotion;

        if (pm_promotion_lane(promotion, (char *) waiter->lane) != 0) {
            return NGX_ERROR;
        }

        promotion->id = pm_arena_strdup(arena, (char *) waiter->id);
        promotion->group = (n > 1) ? promotions[0].id : NULL;

        promotion->key_id = pm_arena_strdup(arena, ctx->key->id);
        promotion->key_name = pm_arena_strdup(arena, ctx->key->name);
        promotion->author_name = pm_arena_strdup(arena,
                                                 ctx->key->author_name);
        promotion->author_email = pm_arena_strdup(arena,
                                                  ctx->key->author_email);

        if (promotion->id == NULL || promotion->key_id == NULL
            || promotion->key_name == NULL
            || promotion->author_name == NULL
            || promotion->author_email == NULL)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_promotions_promote_digest(ngx_http_promotions_ctx_t *ctx,
    ngx_str_t *body)
{
    unsigned char  digest[PM_SHA256_SIZE];

    ctx->body_digest.len = 2 * PM_SHA256_SIZE;
    ctx->body_digest.data = pm_arena_alloc(ctx->promotion_arena,
                                           2 * PM_SHA256_SIZE + 1);

    if (ctx->body_digest.data == NULL
        || pm_sha256(body->data, body->len, digest) != 0)
    {
        return NGX_ERROR;
    }

    /* one body at two routes is not one request */

    digest[0] ^= (ctx->kind == PM_REQUEST_PULL_REQUEST);

    pm_hex((char *) ctx->body_digest.data, digest, PM_SHA256_SIZE);

    return NGX_OK;
}


ngx_uint_t
ngx_http_promotions_allowed(const pm_store_key_t *key,
    const pm_catalog_t *catalog, const pm_promotion_t *promotion,
    ngx_uint_t write)
{
    ngx_uint_t               i;
    const char              *name, *id, *permission;
    const pm_environment_t  *environment;

    for (i = 0; i < 2; i++) {

        name = i ? promotion->destination_environment
                 : promotion->source_environment;

        environment = name ? pm_catalog_environment(catalog, name) : NULL;
        id = environment ? environment->id : NULL;

        if (name != NULL && !(i && write)) {

            if (!pm_store_key_sees(key, name, id)) {
                return 0;
            }

            continue;
        }

        permission = (name != NULL
                      && promotion->kind == PM_PROMOTION_PULL_REQUEST)
                     ? "PROMOTE_PR" : "PROMOTE_TO";

        if (!pm_store_key_allows(key, permission, PM_STORE_CREATE, name, id)) {
            return 0;
        }
    }

    return 1;
}


/*
 * The environments' promotesTo and the policies bind everybody; an admin may
 * say "override", which stays in the record.
 */

int
ngx_http_promotions_permitted(ngx_http_promotions_ctx_t *ctx,
    pm_promotion_t *promotion, ngx_uint_t override, pm_error_t *err)
{
    int  rc;

    ngx_http_promotions_denied_promotion(ctx, promotion);

    rc = pm_permission(ngx_http_promotions_worker.pmcf->catalog, promotion,
                       promotion->kind == PM_PROMOTION_PULL_REQUEST ? "pr"
                                                                    : "commit",
                       err);

    if (rc == PM_FORBIDDEN && override && ctx->key->admin) {
        promotion->overridden = pm_arena_strdup(ctx->promotion_arena,
                                                err->message);

        rc = (promotion->overridden != NULL) ? 0 : pm_error_memory(err);
    }

    return (rc == 0) ? ngx_http_promotions_located(ctx, promotion, err) : rc;
}
