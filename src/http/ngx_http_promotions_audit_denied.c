#include "http/ngx_http_promotions_audit.h"
#include "http/ngx_http_promotions_script.h"


/*
 * Of one key so many refusals are recorded in so many seconds: whoever tries
 * over and over, by mistake or not, is seen to do so, and the rest is in the
 * logs.
 */

#define NGX_HTTP_PROMOTIONS_DENIED_MOST   10
#define NGX_HTTP_PROMOTIONS_DENIED_WHILE  3600


static const char *ngx_http_promotions_denied_copy(
    ngx_http_promotions_ctx_t *ctx, const char *text);
static void ngx_http_promotions_denied_entry(pm_store_audit_t *entry,
    ngx_http_promotions_ctx_t *ctx);
static void ngx_http_promotions_denied_done(void *data, redisReply *reply);


void
ngx_http_promotions_denied_is(ngx_http_promotions_ctx_t *ctx,
    const char *environment, const char *type, const char *id)
{
    if (ctx == NULL) {
        return;
    }

    ctx->denied.environment = ngx_http_promotions_denied_copy(ctx, environment);
    ctx->denied.type = type;
    ctx->denied.id = ngx_http_promotions_denied_copy(ctx, id);
}


static const char *
ngx_http_promotions_denied_copy(ngx_http_promotions_ctx_t *ctx,
    const char *text)
{
    return (text != NULL) ? pm_arena_strdup(ctx->arena, text) : NULL;
}


void
ngx_http_promotions_denied_promotion(ngx_http_promotions_ctx_t *ctx,
    const pm_promotion_t *promotion)
{
    ngx_http_promotions_denied_is(ctx, promotion->destination_environment,
        "APPLICATION",
        ngx_http_promotions_audit_name(ctx->request->pool,
                                       &promotion->destination));
}


/* Nobody waits for it: the refusal stands, whatever Redis says. */

void
ngx_http_promotions_denied(ngx_http_request_t *r)
{
    ngx_promotions_args_t             args;
    pm_store_audit_t                  entry;
    ngx_http_promotions_ctx_t        *ctx;
    ngx_http_promotions_main_conf_t  *pmcf;

    ctx = ngx_http_promotions_get_ctx(r);

    if (ctx == NULL || ctx->key == NULL) {
        return;
    }

    ngx_log_error(NGX_LOG_INFO, r->connection->log, 0,
                  "key \"%s\" was refused: %s", ctx->key->id,
                  ctx->denied.reason ? ctx->denied.reason : "forbidden");

    if (ngx_http_promotions_results_args(&args) != NGX_OK) {
        return;
    }

    pmcf = ngx_http_promotions_worker.pmcf;

    ngx_promotions_args_string(&args, ctx->key->id);
    ngx_promotions_args_number(&args, NGX_HTTP_PROMOTIONS_DENIED_MOST);
    ngx_promotions_args_number(&args, NGX_HTTP_PROMOTIONS_DENIED_WHILE);
    ngx_promotions_args_number(&args, pmcf->retention);

    ngx_http_promotions_denied_entry(&entry, ctx);
    ngx_http_promotions_audit_block(&args, &entry, 1);

    pm_store_audit_property(&entry, "limited", "the last one for a while");
    ngx_http_promotions_audit_block(&args, &entry, 1);

    (void) ngx_http_promotions_script_send(&args, "denied",
                                           ngx_http_promotions_denied_done,
                                           NULL);
}


static void
ngx_http_promotions_denied_entry(pm_store_audit_t *entry,
    ngx_http_promotions_ctx_t *ctx)
{
    char                *text;
    ngx_http_request_t  *r;

    r = ctx->request;

    ngx_http_promotions_audit_entry(entry, PM_STORE_ACCESS_DENIED);
    ngx_http_promotions_audit_key(entry, ctx->key);
    ngx_http_promotions_audit_place(entry, ctx->denied.environment);

    entry->reference_type = ctx->denied.type;
    entry->reference_id = ctx->denied.id;

    if (entry->reference_type == NULL && entry->environment != NULL) {
        entry->reference_type = "ENVIRONMENT";
        entry->reference_id = entry->environment;
    }

    text = pm_arena_strndup(ctx->arena, (char *) r->method_name.data,
                            r->method_name.len);
    pm_store_audit_property(entry, "method", text);

    text = pm_arena_strndup(ctx->arena, (char *) r->uri.data, r->uri.len);
    pm_store_audit_property(entry, "path", text);

    pm_store_audit_property(entry, "reason", ctx->denied.reason);
}


static void
ngx_http_promotions_denied_done(void *data, redisReply *reply)
{
    /* what Redis has refused is in the log */
}
