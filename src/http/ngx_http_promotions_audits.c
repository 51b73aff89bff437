#include "http/ngx_http_promotions_audits.h"
#include "http/ngx_http_promotions_audit.h"
#include "http/ngx_http_promotions_audits_json.h"
#include "http/ngx_http_promotions_management.h"
#include "http/ngx_http_promotions_record.h"
#include "http/ngx_http_promotions_reply.h"
#include "http/ngx_http_promotions_wait.h"


/* Redis is held for so many entries, and asked so often, by one request. */

#define NGX_HTTP_PROMOTIONS_AUDITS_LOOK   500
#define NGX_HTTP_PROMOTIONS_AUDITS_ROUNDS 200


static ngx_uint_t ngx_http_promotions_audits_allowed(
    ngx_http_promotions_ctx_t *ctx, const pm_environment_t *environment);
static ngx_int_t ngx_http_promotions_audits_refuse(
    ngx_http_promotions_ctx_t *ctx, const pm_environment_t *environment);
static ngx_int_t ngx_http_promotions_audits_ask(
    ngx_http_promotions_ctx_t *ctx);
static ngx_int_t ngx_http_promotions_audits_found(
    ngx_http_promotions_ctx_t *ctx, redisReply *reply);


ngx_int_t
ngx_http_promotions_audits(ngx_http_request_t *r)
{
    ngx_int_t                      rc;
    const char                    *fault;
    ngx_http_promotions_ctx_t     *ctx;
    ngx_http_promotions_audits_t  *audits;

    ctx = ngx_http_promotions_get_ctx(r);

    if (ctx == NULL || ngx_http_promotions_discard_body(r) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    audits = ngx_http_promotions_audits_create(ctx);
    if (audits == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ctx->audits = audits;

    fault = ngx_http_promotions_audits_read(ctx, audits);

    if (fault != NULL) {
        return ngx_http_promotions_management_error(r, NGX_HTTP_BAD_REQUEST,
                                                    NULL, fault, NULL);
    }

    if (!ngx_http_promotions_audits_allowed(ctx, audits->place)) {
        return ngx_http_promotions_audits_refuse(ctx, audits->place);
    }

    rc = ngx_http_promotions_audits_ask(ctx);

    return ngx_http_promotions_kept(r, rc);
}


ngx_int_t
ngx_http_promotions_audit_events(ngx_http_request_t *r)
{
    json_t                     *json;
    ngx_uint_t                  i;
    ngx_http_promotions_ctx_t  *ctx;

    ctx = ngx_http_promotions_get_ctx(r);

    if (ctx == NULL || ngx_http_promotions_discard_body(r) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (!ngx_http_promotions_audits_allowed(ctx, ctx->management->environment))
    {
        return ngx_http_promotions_audits_refuse(ctx,
                                                ctx->management->environment);
    }

    json = json_array();

    for (i = 0; i < PM_STORE_AUDIT_EVENTS; i++) {
        (void) json_array_append_new(json,
                                     json_string(pm_store_audit_events[i]));
    }

    return ngx_http_promotions_send_json(r, NGX_HTTP_OK, json);
}


/* environment: the one that is asked for; NULL: the whole organization. */

static ngx_uint_t
ngx_http_promotions_audits_allowed(ngx_http_promotions_ctx_t *ctx,
    const pm_environment_t *environment)
{
    size_t                   i;
    pm_catalog_t            *catalog;
    const pm_environment_t  *other;

    if (environment != NULL
        && pm_store_key_allows(ctx->key, "ENVIRONMENT_AUDIT", PM_STORE_READ,
                               environment->name, environment->id))
    {
        return 1;
    }

    catalog = ngx_http_promotions_worker.pmcf->catalog;

    for (i = 0; i < pm_catalog_nenvironments(catalog); i++) {
        other = pm_catalog_environments(catalog, i);

        if (ngx_strcmp(other->organization, ctx->management->organization)
            == 0
            && pm_store_key_allows(ctx->key, "ORGANIZATION_AUDIT",
                                   PM_STORE_READ, other->name, other->id))
        {
            return 1;
        }
    }

    return 0;
}


static ngx_int_t
ngx_http_promotions_audits_refuse(ngx_http_promotions_ctx_t *ctx,
    const pm_environment_t *environment)
{
    if (environment != NULL) {
        ngx_http_promotions_denied_is(ctx, environment->name, NULL, NULL);

    } else {
        ngx_http_promotions_denied_is(ctx, NULL, "ORGANIZATION",
                                      ctx->management->organization);
    }

    return ngx_http_promotions_management_forbidden(ctx->request);
}


static ngx_int_t
ngx_http_promotions_audits_ask(ngx_http_promotions_ctx_t *ctx)
{
    ngx_uint_t                     before, have;
    ngx_promotions_args_t          args;
    ngx_http_promotions_audits_t  *audits;

    audits = ctx->audits;
    before = (audits->page - 1) * audits->size;
    have = json_array_size(audits->content);

    if (ngx_http_promotions_results_args(&args) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_promotions_args_string(&args, (char *) audits->at);
    ngx_promotions_args_number(&args,
                               ngx_max(audits->from
                                       - NGX_HTTP_PROMOTIONS_AUDITS_SLACK, 0));
    ngx_promotions_args_number(&args, NGX_HTTP_PROMOTIONS_AUDITS_LOOK);
    ngx_promotions_args_number(&args, before > audits->total
                                      ? before - audits->total : 0);
    ngx_promotions_args_number(&args, audits->size - have);
    ngx_promotions_args_number(&args, audits->from);
    ngx_promotions_args_number(&args, audits->to);
    ngx_promotions_args_number(&args, audits->others);
    ngx_promotions_args_string(&args, ctx->management->organization);
    ngx_promotions_args_string(&args, audits->environment);
    ngx_promotions_args_string(&args, audits->type);
    ngx_promotions_args_string(&args, audits->reference);
    ngx_promotions_args_string(&args, audits->event);

    return ngx_http_promotions_management_ask(ctx, &args, "audits",
               ngx_http_promotions_audits_found);
}


static ngx_int_t
ngx_http_promotions_audits_found(ngx_http_promotions_ctx_t *ctx,
    redisReply *reply)
{
    ngx_uint_t                     i;
    ngx_str_t                      at;
    ngx_http_promotions_audits_t  *audits;

    audits = ctx->audits;

    if (reply->elements < 2) {
        return ngx_http_promotions_management_unavailable(ctx->request);
    }

    audits->total += ngx_promotions_reply_number(reply, 1);

    for (i = 2; i < reply->elements; i++) {
        ngx_http_promotions_audits_add(ctx, audits, reply->element[i]);
    }

    at = ngx_promotions_reply_text(reply, 0);

    if (at.len == 0 || at.len >= sizeof(audits->at)
        || ++audits->rounds == NGX_HTTP_PROMOTIONS_AUDITS_ROUNDS)
    {
        return ngx_http_promotions_management_send(ctx, NGX_HTTP_OK,
                                      ngx_http_promotions_audits_page(audits),
                                      "patch");
    }

    (void) ngx_cpystrn(audits->at, at.data, at.len + 1);

    return ngx_http_promotions_audits_ask(ctx);
}
