#include "http/ngx_http_promotions_lane.h"
#include "http/ngx_http_promotions_preview.h"
#include "http/ngx_http_promotions_reply.h"
#include "http/ngx_http_promotions_wait.h"


static ngx_int_t ngx_http_promotions_promote(ngx_http_request_t *r,
    pm_request_kind_t kind);
static void ngx_http_promotions_promote_body(ngx_http_request_t *r,
    ngx_http_promotions_ctx_t *ctx, ngx_str_t *body);
static ngx_int_t ngx_http_promotions_promote_start(ngx_http_request_t *r,
    ngx_http_promotions_ctx_t *ctx, ngx_str_t *body, pm_arena_t *arena);
static ngx_int_t ngx_http_promotions_allowed(const pm_store_key_t *key,
    const pm_catalog_t *catalog, const pm_promotion_t *promotion,
    ngx_uint_t write);
static ngx_int_t ngx_http_promotions_submit(ngx_http_request_t *r,
    ngx_http_promotions_entry_t *entry);
static ngx_int_t ngx_http_promotions_send_result(ngx_http_request_t *r,
    const pm_promotion_t *promotion, const pm_result_t *result);
static ngx_int_t ngx_http_promotions_add_location(ngx_http_request_t *r,
    const char *id);


ngx_int_t
ngx_http_promotions_commit(ngx_http_request_t *r)
{
    return ngx_http_promotions_promote(r, PM_REQUEST_COMMIT);
}


ngx_int_t
ngx_http_promotions_preview(ngx_http_request_t *r)
{
    return ngx_http_promotions_promote(r, PM_REQUEST_PREVIEW);
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

    if (!ctx->waiting && ngx_http_promotions_wait(ctx) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_promotions_read_body(r, ngx_http_promotions_promote_body);
}


static void
ngx_http_promotions_promote_body(ngx_http_request_t *r,
    ngx_http_promotions_ctx_t *ctx, ngx_str_t *body)
{
    ngx_int_t    rc;
    pm_arena_t  *arena;

    arena = pm_arena_create();

    if (arena == NULL) {
        ngx_http_finalize_request(r, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    rc = ngx_http_promotions_promote_start(r, ctx, body, arena);

    if (rc == NGX_AGAIN) {

        /* the arena belongs to the lane or the job now */

        ngx_http_promotions_watch_client(r);
        return;
    }

    pm_arena_destroy(arena);

    ngx_http_finalize_request(r, rc);
}


/* NGX_AGAIN: the request waits; otherwise it has its answer, or none. */

static ngx_int_t
ngx_http_promotions_promote_start(ngx_http_request_t *r,
    ngx_http_promotions_ctx_t *ctx, ngx_str_t *body, pm_arena_t *arena)
{
    int                               rc;
    pm_error_t                        err;
    pm_request_t                      request;
    pm_promotion_t                   *promotion;
    pm_request_faults_t               faults;
    ngx_http_promotions_entry_t      *entry;
    ngx_http_promotions_loc_conf_t   *plcf;
    ngx_http_promotions_main_conf_t  *pmcf;

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

    if (request.ndestinations > 1) {
        return ngx_http_promotions_send_error(r, NGX_HTTP_BAD_REQUEST,
                   "destAppIds may name one application in this version");
    }

    entry = pm_arena_zalloc(arena, sizeof(ngx_http_promotions_entry_t));
    if (entry == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    entry->arena = arena;
    entry->pmcf = pmcf;

    promotion = &entry->promotion;

    if (pm_promotion_resolve(arena, pmcf->catalog, &request, promotion, &err)
        != 0)
    {
        return ngx_http_promotions_send_error(r,
                   ngx_http_promotions_status(err.code), err.message);
    }

    if (request.dry_run) {
        ctx->kind = PM_REQUEST_PREVIEW;
    }

    if (!ngx_http_promotions_allowed(ctx->key, pmcf->catalog, promotion,
                                     ctx->kind != PM_REQUEST_PREVIEW))
    {
        return ngx_http_promotions_send_error(r, NGX_HTTP_FORBIDDEN,
                                              "Forbidden resource");
    }

    promotion->id = pm_arena_strdup(arena, (char *) ctx->id);
    promotion->key_name = pm_arena_strdup(arena, ctx->key->name);
    promotion->author_name = pm_arena_strdup(arena, ctx->key->author_name);
    promotion->author_email = pm_arena_strdup(arena, ctx->key->author_email);

    if (promotion->id == NULL || promotion->key_name == NULL
        || promotion->author_name == NULL || promotion->author_email == NULL)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (ctx->kind == PM_REQUEST_PREVIEW) {
        return ngx_http_promotions_preview_start(r, entry);
    }

    return ngx_http_promotions_submit(r, entry);
}


/*
 * A commit needs PROMOTE_TO on the destination, a preview anything on it; the
 * source needs anything too, or a key for one environment could read whatever
 * the gateway can.  An application of no environment needs PROMOTE_TO@*.
 */

static ngx_int_t
ngx_http_promotions_allowed(const pm_store_key_t *key,
    const pm_catalog_t *catalog, const pm_promotion_t *promotion,
    ngx_uint_t write)
{
    ngx_uint_t               i;
    const char              *name;
    const pm_environment_t  *environment;

    for (i = 0; i < 2; i++) {

        name = i ? promotion->destination_environment
                 : promotion->source_environment;

        if (name == NULL || (i && write)) {
            environment = name ? pm_catalog_environment(catalog, name) : NULL;

            if (!pm_store_key_allows(key, "PROMOTE_TO", PM_STORE_CREATE, name,
                                     environment ? environment->id : NULL))
            {
                return 0;
            }

            continue;
        }

        environment = pm_catalog_environment(catalog, name);

        if (!pm_store_key_sees(key, name,
                               environment ? environment->id : NULL))
        {
            return 0;
        }
    }

    return 1;
}


static ngx_int_t
ngx_http_promotions_submit(ngx_http_request_t *r,
    ngx_http_promotions_entry_t *entry)
{
    ngx_log_error(NGX_LOG_INFO, r->connection->log, 0,
                  "promotion %s: %s/%s/%s to %s/%s/%s by \"%s\"",
                  entry->promotion.id,
                  entry->promotion.source.runtime,
                  entry->promotion.source.namespace,
                  entry->promotion.source.name,
                  entry->promotion.destination.runtime,
                  entry->promotion.destination.namespace,
                  entry->promotion.destination.name,
                  entry->promotion.key_name);

    switch (ngx_http_promotions_lane_submit(entry)) {

    case NGX_OK:
        return NGX_AGAIN;

    case NGX_BUSY:
        return ngx_http_promotions_send_error(r,
                   NGX_HTTP_SERVICE_UNAVAILABLE,
                   "too many promotions wait for this branch, try again");

    default:
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
}


void
ngx_http_promotions_settled(const pm_promotion_t *promotion,
    const pm_result_t *result)
{
    ngx_http_promotions_ctx_t  *ctx;

    if (result->state == PM_RESULT_LANDED) {
        ngx_log_error(NGX_LOG_INFO, ngx_cycle->log, 0,
                      "promotion %s: landed as %s", promotion->id,
                      result->commit);
    } else {
        ngx_log_error(NGX_LOG_INFO, ngx_cycle->log, 0,
                      "promotion %s: failed: %s", promotion->id,
                      result->error.message);
    }

    ctx = ngx_http_promotions_find(promotion->id);

    if (ctx != NULL) {
        ngx_http_promotions_finish(ctx,
            ngx_http_promotions_send_result(ctx->request, promotion, result));
    }
}


static ngx_int_t
ngx_http_promotions_send_result(ngx_http_request_t *r,
    const pm_promotion_t *promotion, const pm_result_t *result)
{
    json_t                          *author;
    ngx_http_promotions_loc_conf_t  *plcf;

    if (ngx_http_promotions_add_location(r, promotion->id) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (result->state != PM_RESULT_LANDED) {
        return ngx_http_promotions_send_error(r,
                   ngx_http_promotions_status(result->error.code),
                   result->error.message);
    }

    plcf = ngx_http_get_module_loc_conf(r, ngx_http_promotions_module);

    author = json_sprintf("%s <%s>", promotion->author_name,
                          promotion->author_email);

    return ngx_http_promotions_send_json(r, plcf->success_status,
               json_pack("{s:s, s:s, s:o}",
                         "COMMIT_SHA", result->commit,
                         "COMMIT_MESSAGE", promotion->message,
                         "COMMIT_AUTHOR", author));
}


/* What every answer to a known promotion carries. */

static ngx_int_t
ngx_http_promotions_add_location(ngx_http_request_t *r, const char *id)
{
    u_char                          *p;
    size_t                           len;
    ngx_http_promotions_loc_conf_t  *plcf;

    plcf = ngx_http_get_module_loc_conf(r, ngx_http_promotions_module);

    len = plcf->prefix.len + 1 + NGX_HTTP_PROMOTIONS_ID_SIZE;

    p = ngx_pnalloc(r->pool, len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    len = ngx_sprintf(p, "%V%s%s", &plcf->prefix,
                      plcf->prefix.data[plcf->prefix.len - 1] == '/'
                      ? "" : "/", id)
          - p;

    /* not headers_out.location: nginx would make it an absolute URL */

    if (ngx_http_promotions_add_header(r, "Location", (char *) p, len)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_promotions_add_header(r, "Promotion-Id", id,
                                          NGX_HTTP_PROMOTIONS_ID_SIZE);
}
