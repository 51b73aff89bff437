#include "http/ngx_http_promotions_result.h"
#include "http/ngx_http_promotions_product.h"
#include "http/ngx_http_promotions_reply.h"
#include "http/ngx_http_promotions_wait.h"


static json_t *ngx_http_promotions_commit_json(
    const ngx_http_promotions_waiter_t *waiter);
static json_t *ngx_http_promotions_pull_json(
    const ngx_http_promotions_waiter_t *waiter);
static ngx_int_t ngx_http_promotions_send_group(
    ngx_http_promotions_ctx_t *ctx);
static json_t *ngx_http_promotions_member_json(
    const ngx_http_promotions_waiter_t *waiter);
static json_t *ngx_http_promotions_member_id_json(
    const ngx_http_promotions_waiter_t *waiter);
static ngx_int_t ngx_http_promotions_add_location(ngx_http_request_t *r,
    const u_char *id);


ngx_int_t
ngx_http_promotions_send_results(ngx_http_promotions_ctx_t *ctx)
{
    ngx_http_request_t              *r;
    ngx_http_promotions_loc_conf_t  *plcf;

    r = ctx->request;

    if (ctx->grouped) {
        return ngx_http_promotions_send_group(ctx);
    }

    if (ctx->first.status != NGX_HTTP_OK) {
        return ngx_http_promotions_send_fault(ctx, ctx->first.status,
                                              ctx->first.message);
    }

    if (ngx_http_promotions_add_location(r, ctx->first.id) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    plcf = ngx_http_get_module_loc_conf(r, ngx_http_promotions_module);

    return ngx_http_promotions_send_json(r, plcf->success_status,
                            ngx_http_promotions_commit_json(&ctx->first));
}


/* The documented keys, in their order, and no others. */

static json_t *
ngx_http_promotions_commit_json(const ngx_http_promotions_waiter_t *waiter)
{
    if (waiter->pull.state != NULL) {
        return ngx_http_promotions_pull_json(waiter);
    }

    return json_pack("{s:s, s:s, s:o}",
                     "COMMIT_SHA", waiter->commit,
                     "COMMIT_MESSAGE", waiter->promotion->message,
                     "COMMIT_AUTHOR",
                     json_sprintf("%s <%s>", waiter->promotion->author_name,
                                  waiter->promotion->author_email));
}


static json_t *
ngx_http_promotions_pull_json(const ngx_http_promotions_waiter_t *waiter)
{
    const ngx_http_promotions_pull_t  *pull;

    pull = &waiter->pull;

    return json_pack("{s:s, s:s, s:s, s:I, s:s, s:s, s:s, s:s}",
                     "COMMIT_SHA", waiter->commit,
                     "COMMIT_MESSAGE", pull->message,
                     "COMMIT_AUTHOR", pull->author,
                     "PULL_REQUEST_ID",
                     (json_int_t) strtoll(pull->number, NULL, 10),
                     "PULL_REQUEST_URL", pull->url,
                     "PULL_REQUEST_STATE", pull->state,
                     "PULL_REQUEST_HEAD", pull->head,
                     "PULL_REQUEST_BASE", pull->base);
}


/*
 * 200 if all have landed, 207 if some have; if none has, the status of the
 * first, as if it were alone.
 */

static ngx_int_t
ngx_http_promotions_send_group(ngx_http_promotions_ctx_t *ctx)
{
    json_t                               *members, *answer;
    ngx_uint_t                            i, landed, status;
    ngx_http_promotions_loc_conf_t       *plcf;
    const ngx_http_promotions_waiter_t   *waiter;

    if (ngx_http_promotions_add_location(ctx->request, ctx->first.id)
        != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    landed = 0;
    members = json_array();

    for (i = 0; i <= ctx->nothers; i++) {
        waiter = ngx_http_promotions_nth(ctx, i);
        landed += (waiter->status == NGX_HTTP_OK);

        (void) json_array_append_new(members,
                                    ngx_http_promotions_member_json(waiter));
    }

    answer = json_pack("{s:o}", "promotions", members);
    ngx_http_promotions_product_rest(ctx, members, answer);

    plcf = ngx_http_get_module_loc_conf(ctx->request,
                                        ngx_http_promotions_module);

    if (landed == ctx->nothers + 1
        && !ngx_http_promotions_product_refused(ctx))
    {
        status = plcf->success_status;

    } else if (landed > 0) {
        status = 207;

    } else {
        status = ctx->first.status;
    }

    return ngx_http_promotions_send_json(ctx->request, status, answer);
}


ngx_int_t
ngx_http_promotions_send_refused(ngx_http_promotions_ctx_t *ctx)
{
    json_t  *members, *answer;

    members = json_array();
    answer = json_pack("{s:o}", "promotions", members);
    ngx_http_promotions_product_rest(ctx, members, answer);

    return ngx_http_promotions_send_json(ctx->request,
                                 ngx_http_promotions_product_refused(ctx),
                                 answer);
}


static json_t *
ngx_http_promotions_member_json(const ngx_http_promotions_waiter_t *waiter)
{
    json_t  *json, *result;

    json = ngx_http_promotions_member_id_json(waiter);

    if (json != NULL) {
        (void) json_object_set_new(json, "statusCode",
                                   json_integer((json_int_t) waiter->status));
    }

    if (waiter->status == NGX_HTTP_OK) {
        result = ngx_http_promotions_commit_json(waiter);
    } else {
        result = json_pack("{s:s}", "message", waiter->message);
    }

    if (json != NULL && result != NULL) {
        (void) json_object_update(json, result);
    }

    json_decref(result);

    return json;
}


static json_t *
ngx_http_promotions_member_id_json(const ngx_http_promotions_waiter_t *waiter)
{
    json_t                *json;
    const pm_promotion_t  *promotion;

    promotion = waiter->promotion;

    json = json_object();

    if (waiter->ctx->product != NULL) {
        (void) json_object_set_new(json, "srcAppId",
                            ngx_http_promotions_id_json(&promotion->source));
    }

    (void) json_object_set_new(json, "destAppId",
                       ngx_http_promotions_id_json(&promotion->destination));
    (void) json_object_set_new(json, "id", json_string((char *) waiter->id));

    return json;
}


json_t *
ngx_http_promotions_id_json(const pm_application_id_t *id)
{
    return json_pack("{s:s, s:s, s:s}", "runtime", id->runtime,
                     "namespace", id->namespace, "name", id->name);
}


ngx_int_t
ngx_http_promotions_send_fault(ngx_http_promotions_ctx_t *ctx,
    ngx_uint_t status, const char *message)
{
    if (ngx_http_promotions_add_location(ctx->request, ctx->first.id)
        != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_promotions_send_error(ctx->request, status, message);
}


ngx_int_t
ngx_http_promotions_send_accepted(ngx_http_promotions_ctx_t *ctx)
{
    json_t                        *json, *members;
    pm_error_t                     pending;
    ngx_uint_t                     i;
    const char                    *state, *message;
    ngx_http_request_t            *r;
    ngx_http_promotions_waiter_t  *waiter;

    r = ctx->request;

    state = "QUEUED";
    message = "the promotion is under way: ask for it at the Location";

    if (ctx->first.pending != NULL && !ctx->grouped) {
        (void) pm_error_set(&pending, PM_UNAVAILABLE, "committed, pull "
                            "request pending: %s", ctx->first.pending);

        state = "COMMITTED";
        message = pending.message;
    }

    if (ngx_http_promotions_add_location(r, ctx->first.id) != NGX_OK
        || ngx_http_promotions_add_header(r, "Retry-After", "1", 1)
           != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    json = json_pack("{s:s, s:s, s:s}",
                     "id", ctx->first.id,
                     "state", state,
                     "message", message);

    if (ctx->grouped && json != NULL) {
        members = json_array();

        for (i = 0; i <= ctx->nothers; i++) {
            waiter = ngx_http_promotions_nth(ctx, i);

            (void) json_array_append_new(members,
                       waiter->status
                       ? ngx_http_promotions_member_json(waiter)
                       : ngx_http_promotions_member_id_json(waiter));
        }

        (void) json_object_set_new(json, "promotions", members);
        ngx_http_promotions_product_rest(ctx, members, json);
    }

    return ngx_http_promotions_send_json(r, NGX_HTTP_ACCEPTED, json);
}


/* What every answer to a known promotion carries. */

static ngx_int_t
ngx_http_promotions_add_location(ngx_http_request_t *r, const u_char *id)
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

    return ngx_http_promotions_add_header(r, "Promotion-Id", (char *) id,
                                          NGX_HTTP_PROMOTIONS_ID_SIZE);
}
