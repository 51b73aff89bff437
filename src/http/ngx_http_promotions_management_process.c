#include "http/ngx_http_promotions_management.h"
#include "http/ngx_http_promotions_audit.h"
#include "http/ngx_http_promotions_record.h"
#include "http/ngx_http_promotions_reply.h"
#include "http/ngx_http_promotions_wait.h"


static ngx_int_t ngx_http_promotions_process_start(
    ngx_http_promotions_ctx_t *ctx, ngx_str_t *body);
static ngx_int_t ngx_http_promotions_process_read(
    ngx_http_promotions_ctx_t *ctx, redisReply *reply);
static ngx_int_t ngx_http_promotions_process_record(
    ngx_http_promotions_ctx_t *ctx, redisReply *fields,
    const char *promoted);
static void ngx_http_promotions_process_about(
    ngx_http_promotions_ctx_t *ctx, redisReply *fields);
static ngx_uint_t ngx_http_promotions_process_allowed(
    const ngx_http_promotions_ctx_t *ctx, redisReply *fields);
static ngx_uint_t ngx_http_promotions_process_open(redisReply *fields);
static ngx_uint_t ngx_http_promotions_process_author(
    const ngx_http_promotions_ctx_t *ctx, redisReply *fields);
static ngx_int_t ngx_http_promotions_process_gone(
    ngx_http_promotions_ctx_t *ctx, redisReply *fields);
static ngx_int_t ngx_http_promotions_withdraw_read(
    ngx_http_promotions_ctx_t *ctx, redisReply *reply);


ngx_int_t
ngx_http_promotions_process(ngx_http_request_t *r)
{
    ngx_http_promotions_ctx_t  *ctx;

    ctx = ngx_http_promotions_get_ctx(r);

    if (ctx == NULL || ngx_http_promotions_wait(ctx) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ctx->kind = PM_REQUEST_COMMIT;

    return ngx_http_promotions_read_body(r, ngx_http_promotions_process_start);
}


static ngx_int_t
ngx_http_promotions_process_start(ngx_http_promotions_ctx_t *ctx,
    ngx_str_t *body)
{
    int                              rc;
    pm_request_faults_t              faults;
    ngx_http_promotions_loc_conf_t  *plcf;

    plcf = ngx_http_get_module_loc_conf(ctx->request,
                                        ngx_http_promotions_module);

    rc = pm_review_decision_parse(ctx->promotion_arena, (char *) body->data,
                                  body->len, plcf->trailing_commas,
                                  &ctx->management->decision, &faults);

    if (rc == PM_INVALID) {
        return ngx_http_promotions_send_faults(ctx->request, &faults);
    }

    if (rc != 0) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_promotions_review_read(ctx,
                                           ngx_http_promotions_process_read);
}


static ngx_int_t
ngx_http_promotions_process_read(ngx_http_promotions_ctx_t *ctx,
    redisReply *reply)
{
    ngx_int_t    rc;
    redisReply  *fields;

    fields = ngx_http_promotions_review_fields(ctx, reply, &rc);

    return (fields == NULL) ? rc
           : ngx_http_promotions_process_record(ctx, fields,
                 (char *) ngx_promotions_reply_text(reply, 1).data);
}


static ngx_int_t
ngx_http_promotions_process_record(ngx_http_promotions_ctx_t *ctx,
    redisReply *fields, const char *promoted)
{
    const char                        *target;
    ngx_http_promotions_management_t  *management;

    management = ctx->management;

    ngx_http_promotions_process_about(ctx, fields);

    if (!ngx_http_promotions_process_allowed(ctx, fields)) {
        return ngx_http_promotions_management_forbidden(ctx->request);
    }

    if (management->decision.accept
        && ngx_http_promotions_worker.pmcf->four_eyes
        && ngx_http_promotions_process_author(ctx, fields))
    {
        return ngx_http_promotions_management_error(ctx->request,
                   NGX_HTTP_FORBIDDEN, "forbidden",
                   "Somebody else than the author must accept a promotion.",
                   NULL);
    }

    if (!ngx_http_promotions_process_open(fields)) {
        return ngx_http_promotions_decided_already(ctx,
                   ngx_http_promotions_record_field(fields, "state"),
                   ngx_http_promotions_record_field(fields, "decider"),
                   ngx_http_promotions_record_field(fields, "decided_at"),
                   ngx_http_promotions_record_field(fields, "reason"));
    }

    target = ngx_http_promotions_record_field(fields, "target_environment");

    if (pm_catalog_environment(ngx_http_promotions_worker.pmcf->catalog,
                               target)
        == NULL)
    {
        return ngx_http_promotions_process_gone(ctx, fields);
    }

    if (!management->decision.accept) {
        return ngx_http_promotions_decide(ctx, "reject", fields);
    }

    return ngx_http_promotions_accept(ctx, fields, promoted);
}


/* What a refusal is about. */

static void
ngx_http_promotions_process_about(ngx_http_promotions_ctx_t *ctx,
    redisReply *fields)
{
    ngx_uint_t   api;
    const char  *text, *target;

    text = ngx_http_promotions_record_field(fields, "subject");
    api = (text != NULL && ngx_strcmp(text, "api") == 0);

    text = ngx_http_promotions_record_field(fields, api ? "api_id"
                                                        : "destination");
    target = ngx_http_promotions_record_field(fields, "target_environment");

    ngx_http_promotions_denied_is(ctx, target, api ? "API" : "APPLICATION",
                                  text);
}


/*
 * To accept one takes the permission for what that would do; whether an API
 * would be created or updated is seen for certain when it is done, so that one
 * of both is enough here.  To reject one takes the permission for what it was
 * said to do when it was asked for.
 */

static ngx_uint_t
ngx_http_promotions_process_allowed(const ngx_http_promotions_ctx_t *ctx,
    redisReply *fields)
{
    ngx_uint_t               create, update;
    const char              *text, *id, *target;
    const pm_environment_t  *environment;

    target = ngx_http_promotions_record_field(fields, "target_environment");

    environment = pm_catalog_environment(
                      ngx_http_promotions_worker.pmcf->catalog, target);
    id = (environment != NULL) ? environment->id
         : ngx_http_promotions_record_field(fields, "target_id");

    create = pm_store_key_allows(ctx->key, "ENVIRONMENT_API",
                                 PM_STORE_CREATE, target, id);
    update = pm_store_key_allows(ctx->key, "ENVIRONMENT_API",
                                 PM_STORE_UPDATE, target, id);

    text = ngx_http_promotions_record_field(fields, "subject");

    if (text == NULL || ngx_strcmp(text, "api") != 0) {
        return update;
    }

    if (ctx->management->decision.accept) {
        return create || update;
    }

    text = ngx_http_promotions_record_field(fields, "update");

    return (text != NULL && *text == '1') ? update : create;
}


static ngx_uint_t
ngx_http_promotions_process_open(redisReply *fields)
{
    const char  *state;

    state = ngx_http_promotions_record_field(fields, "state");

    return ngx_strcmp(state, "TO_BE_VALIDATED") == 0
           || (ngx_strcmp(state, "ERROR") == 0
               && ngx_http_promotions_record_field(fields, "asked") != NULL);
}


/* By the key or by the person: one may have several keys. */

static ngx_uint_t
ngx_http_promotions_process_author(const ngx_http_promotions_ctx_t *ctx,
    redisReply *fields)
{
    const char  *key, *email;

    key = ngx_http_promotions_record_field(fields, "key");
    email = ngx_http_promotions_record_field(fields, "author_email");

    return (key != NULL && ngx_strcmp(key, ctx->key->id) == 0)
           || (email != NULL
               && ngx_strcasecmp((u_char *) email,
                                 (u_char *) ctx->key->author_email) == 0);
}


/* Nobody can decide it any more: it ends. */

static ngx_int_t
ngx_http_promotions_process_gone(ngx_http_promotions_ctx_t *ctx,
    redisReply *fields)
{
    pm_error_t  err;

    (void) pm_error_set(&err, PM_CONFLICT, "Target environment [%s] is not in "
                        "the catalog any more.",
                        ngx_http_promotions_record_field(fields,
                                                      "target_environment"));

    ctx->management->gone = pm_arena_strdup(ctx->promotion_arena,
                                            err.message);
    ctx->management->decision.reason = ctx->management->gone;

    if (ctx->management->gone == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_promotions_decide(ctx, "cancel", fields);
}


ngx_int_t
ngx_http_promotions_withdraw(ngx_http_request_t *r)
{
    ngx_int_t                   rc;
    ngx_http_promotions_ctx_t  *ctx;

    ctx = ngx_http_promotions_get_ctx(r);

    if (ctx == NULL || ngx_http_promotions_discard_body(r) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = ngx_http_promotions_review_read(ctx,
                                         ngx_http_promotions_withdraw_read);

    return ngx_http_promotions_kept(r, rc);
}


/* By its author, or whoever could reject it. */

static ngx_int_t
ngx_http_promotions_withdraw_read(ngx_http_promotions_ctx_t *ctx,
    redisReply *reply)
{
    ngx_int_t    rc;
    const char  *key;
    redisReply  *fields;

    fields = ngx_http_promotions_review_fields(ctx, reply, &rc);

    if (fields == NULL) {
        return rc;
    }

    key = ngx_http_promotions_record_field(fields, "key");

    if ((key != NULL && ngx_strcmp(key, ctx->key->id) == 0)
        || ngx_http_promotions_process_allowed(ctx, fields))
    {
        return ngx_http_promotions_decide(ctx, "cancel", fields);
    }

    ngx_http_promotions_process_about(ctx, fields);

    return ngx_http_promotions_management_forbidden(ctx->request);
}
