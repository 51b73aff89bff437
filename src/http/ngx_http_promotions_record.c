#include "http/ngx_http_promotions_record.h"
#include "http/ngx_http_promotions_follow.h"
#include "http/ngx_http_promotions_audit.h"
#include "http/ngx_http_promotions_reply.h"
#include "http/ngx_http_promotions_script.h"
#include "http/ngx_http_promotions_wait.h"


static ngx_int_t ngx_http_promotions_ask_record(ngx_http_request_t *r,
    ngx_promotions_redis_handler_pt handler);
static void ngx_http_promotions_shown(void *data, redisReply *reply);
static void ngx_http_promotions_cancel_read(void *data, redisReply *reply);
static int ngx_http_promotions_cancel_grant(const pm_store_key_t *key,
    const char *name, const char *id);
static const char *ngx_http_promotions_cancel_instead(
    const ngx_str_t *state);
static void ngx_http_promotions_cancelled(void *data, redisReply *reply);
static ngx_uint_t ngx_http_promotions_record_seen(const pm_store_key_t *key,
    const char *environment);


ngx_int_t
ngx_http_promotions_show(ngx_http_request_t *r)
{
    return ngx_http_promotions_ask_record(r, ngx_http_promotions_shown);
}


static ngx_int_t
ngx_http_promotions_ask_record(ngx_http_request_t *r,
    ngx_promotions_redis_handler_pt handler)
{
    ngx_int_t                   rc;
    ngx_http_promotions_ctx_t  *ctx;

    ctx = ngx_http_promotions_get_ctx(r);

    if (ctx == NULL || ngx_http_promotions_discard_body(r) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = ngx_http_promotions_record_read(ctx, handler);

    return ngx_http_promotions_kept(r, rc);
}


ngx_int_t
ngx_http_promotions_record_read(ngx_http_promotions_ctx_t *ctx,
    ngx_promotions_redis_handler_pt handler)
{
    ngx_str_t            argv[2], *prefix;
    ngx_http_request_t  *r;

    r = ctx->request;
    prefix = &ngx_http_promotions_worker.pmcf->redis.prefix;

    ngx_str_set(&argv[0], "HGETALL");

    argv[1].len = prefix->len + sizeof("promotion:") - 1 + ctx->target.len;
    argv[1].data = ngx_pnalloc(r->pool, argv[1].len);

    if (argv[1].data == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    (void) ngx_sprintf(argv[1].data, "%Vpromotion:%V", prefix, &ctx->target);

    ctx->lookup = ngx_promotions_redis_send(ngx_http_promotions_worker.redis,
                                            argv, 2, handler, ctx);
    if (ctx->lookup == NULL) {
        return ngx_http_promotions_send_error(r,
                   NGX_HTTP_SERVICE_UNAVAILABLE,
                   "redis is not available, try again");
    }

    return NGX_AGAIN;
}


static void
ngx_http_promotions_shown(void *data, redisReply *reply)
{
    ngx_int_t                   rc;
    ngx_http_promotions_ctx_t  *ctx = data;

    ctx->lookup = NULL;

    if (reply == NULL || reply->type != REDIS_REPLY_ARRAY) {
        rc = ngx_http_promotions_send_error(ctx->request,
                 NGX_HTTP_SERVICE_UNAVAILABLE,
                 "redis is not available, try again");

    } else if (!ngx_http_promotions_record_visible(ctx->key, reply)) {
        rc = ngx_http_promotions_record_missing(ctx);

    } else if (ngx_http_promotions_look(ctx, reply, ngx_http_promotions_shown)
               == NGX_AGAIN)
    {
        return;

    } else {
        rc = ngx_http_promotions_send_json(ctx->request, NGX_HTTP_OK,
                 ngx_http_promotions_record_json(&ctx->target, reply));
    }

    ngx_http_promotions_finish(ctx, rc);
}


ngx_int_t
ngx_http_promotions_cancel(ngx_http_request_t *r)
{
    return ngx_http_promotions_ask_record(r, ngx_http_promotions_cancel_read);
}


/* Its author may cancel it, and who may promote into its target. */

static void
ngx_http_promotions_cancel_read(void *data, redisReply *reply)
{
    ngx_int_t                     rc;
    ngx_uint_t                    author;
    const char                   *key, *target;
    ngx_promotions_args_t         args;
    ngx_http_promotions_ctx_t    *ctx = data;
    ngx_http_promotions_asked_t  *asked;

    ctx->lookup = NULL;

    if (reply == NULL || reply->type != REDIS_REPLY_ARRAY) {
        rc = ngx_http_promotions_send_error(ctx->request,
                 NGX_HTTP_SERVICE_UNAVAILABLE,
                 "redis is not available, try again");
        goto done;
    }

    if (!ngx_http_promotions_record_visible(ctx->key, reply)) {
        rc = ngx_http_promotions_record_missing(ctx);
        goto done;
    }

    key = ngx_http_promotions_record_field(reply, "key");
    target = ngx_http_promotions_record_field(reply, "target_environment");

    target = (target != NULL) ? target : "";
    author = (key != NULL && ngx_strcmp(key, ctx->key->id) == 0);

    ngx_http_promotions_denied_is(ctx, target, "APPLICATION",
             ngx_http_promotions_record_field(reply, "destination"));

    if (!author
        && !pm_store_key_allows(ctx->key, "PROMOTE_TO", PM_STORE_CREATE,
                                *target ? target : NULL, NULL))
    {
        rc = ngx_http_promotions_send_error(ctx->request, NGX_HTTP_FORBIDDEN,
                                            "Forbidden resource");
        goto done;
    }

    rc = NGX_HTTP_INTERNAL_SERVER_ERROR;

    asked = ngx_http_promotions_asked(ctx);

    if (asked == NULL || ngx_http_promotions_results_args(&args) != NGX_OK) {
        ngx_free(asked);
        goto done;
    }

    ngx_promotions_args_add(&args, ctx->target.data, ctx->target.len);
    ngx_promotions_args_number(&args,
                               ngx_http_promotions_worker.pmcf->retention);

    if (author) {
        ngx_promotions_args_number(&args, -1);
    } else {
        /* its group goes with it, and may have targets elsewhere */

        ngx_http_promotions_list_environments(&args, ctx->key,
                                            ngx_http_promotions_cancel_grant);
    }

    ngx_http_promotions_audit_cancelled(&args, ctx->key, &ctx->target, reply);

    if (ngx_http_promotions_script_send(&args, "cancel",
                                        ngx_http_promotions_cancelled, asked)
        == NGX_OK)
    {
        return;
    }

    ngx_free(asked);

done:

    ngx_http_promotions_finish(ctx, rc);
}


static int
ngx_http_promotions_cancel_grant(const pm_store_key_t *key, const char *name,
    const char *id)
{
    return pm_store_key_allows(key, "PROMOTE_TO", PM_STORE_CREATE, name, id);
}


/* What there is to do in its place. */

static const char *
ngx_http_promotions_cancel_instead(const ngx_str_t *state)
{
    if (state->len == sizeof("COMMITTED") - 1
        && ngx_strncmp(state->data, "COMMITTED", state->len) == 0)
    {
        return ": its commit is on its head branch; close the pull request on "
               "its provider when it is open";
    }

    if (state->len == sizeof("OPEN") - 1
        && ngx_strncmp(state->data, "OPEN", state->len) == 0)
    {
        return ": close the pull request on its provider";
    }

    return "";
}


static void
ngx_http_promotions_cancelled(void *data, redisReply *reply)
{
    ngx_int_t                   rc;
    ngx_str_t                   what, state;
    pm_error_t                  err;
    ngx_http_promotions_ctx_t  *ctx;

    ctx = ngx_http_promotions_asked_ctx(data);

    if (ctx == NULL) {
        return;
    }

    what.len = 0;
    ngx_str_null(&state);

    if (reply != NULL) {
        what = ngx_promotions_reply_text(reply, 0);
        state = ngx_promotions_reply_text(reply, 1);
    }

    if (what.len == 9 && ngx_strncmp(what.data, "cancelled", 9) == 0) {
        rc = ngx_http_promotions_send_json(ctx->request, NGX_HTTP_OK,
                 json_pack("{s:s%, s:s}", "id", ctx->target.data,
                           ctx->target.len, "state", "CANCELLED"));

    } else if (what.len == sizeof("no") - 1) {
        (void) pm_error_set(&err, PM_CONFLICT, "promotion %.*s is %.*s, "
                            "only one that is QUEUED can be cancelled%s",
                            (int) ctx->target.len, ctx->target.data,
                            (int) state.len, state.data,
                            ngx_http_promotions_cancel_instead(&state));

        rc = ngx_http_promotions_send_error(ctx->request, NGX_HTTP_CONFLICT,
                                            err.message);

    } else if (what.len == sizeof("forbidden") - 1) {
        rc = ngx_http_promotions_send_error(ctx->request, NGX_HTTP_FORBIDDEN,
                                            "Forbidden resource");

    } else {
        rc = ngx_http_promotions_send_error(ctx->request,
                 NGX_HTTP_SERVICE_UNAVAILABLE,
                 "redis is not available, try again");
    }

    ngx_http_promotions_finish(ctx, rc);
}


ngx_http_promotions_asked_t *
ngx_http_promotions_asked(ngx_http_promotions_ctx_t *ctx)
{
    ngx_http_promotions_asked_t  *asked;

    if (ngx_http_promotions_wait(ctx) != NGX_OK) {
        return NULL;
    }

    asked = ngx_alloc(sizeof(ngx_http_promotions_asked_t), ngx_cycle->log);

    if (asked != NULL) {
        ngx_memcpy(asked->id, ctx->first.id, sizeof(asked->id));
    }

    return asked;
}


ngx_http_promotions_ctx_t *
ngx_http_promotions_asked_ctx(ngx_http_promotions_asked_t *asked)
{
    ngx_http_promotions_ctx_t  *ctx;

    ctx = ngx_http_promotions_find((char *) asked->id);

    ngx_free(asked);

    return ctx;
}


ngx_int_t
ngx_http_promotions_kept(ngx_http_request_t *r, ngx_int_t rc)
{
    if (rc != NGX_AGAIN) {
        return rc;
    }

    r->main->count++;

    return NGX_DONE;
}


ngx_uint_t
ngx_http_promotions_record_visible(const pm_store_key_t *key,
    redisReply *fields)
{
    return ngx_http_promotions_record_field(fields, "state") != NULL
           && (ngx_http_promotions_record_seen(key,
                   ngx_http_promotions_record_field(fields,
                                                    "source_environment"))
               || ngx_http_promotions_record_seen(key,
                      ngx_http_promotions_record_field(fields,
                                                    "target_environment")));
}


static ngx_uint_t
ngx_http_promotions_record_seen(const pm_store_key_t *key,
    const char *environment)
{
    const char              *id;
    const pm_environment_t  *found;

    if (environment == NULL || *environment == '\0') {
        return pm_store_key_sees(key, NULL, NULL);
    }

    found = pm_catalog_environment(ngx_http_promotions_worker.pmcf->catalog,
                                   environment);
    id = (found != NULL) ? found->id : NULL;

    return pm_store_key_sees(key, environment, id);
}


ngx_int_t
ngx_http_promotions_record_missing(ngx_http_promotions_ctx_t *ctx)
{
    pm_error_t  err;

    (void) pm_error_set(&err, PM_NOT_FOUND, "promotion %.*s not found",
                        (int) ctx->target.len, ctx->target.data);

    return ngx_http_promotions_send_error(ctx->request, NGX_HTTP_NOT_FOUND,
                                          err.message);
}
