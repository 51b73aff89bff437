#include "http/ngx_http_promotions_management.h"
#include "http/ngx_http_promotions_audit.h"
#include "http/ngx_http_promotions_promote.h"
#include "http/ngx_http_promotions_record.h"
#include "http/ngx_http_promotions_reply.h"
#include "http/ngx_http_promotions_wait.h"
#include "base/pm_failpoint.h"
#include "promotion/pm_permission.h"
#include "promotion/pm_record.h"


/* Fields of a new record: see "request". */

#define NGX_HTTP_PROMOTIONS_REQUEST_FIELDS  16


static ngx_int_t ngx_http_promotions_request(ngx_http_request_t *r,
    ngx_uint_t api);
static ngx_int_t ngx_http_promotions_request_start(
    ngx_http_promotions_ctx_t *ctx, ngx_str_t *body);
static int ngx_http_promotions_request_resolve(ngx_http_promotions_ctx_t *ctx,
    const pm_review_request_t *request, const pm_environment_t *target,
    pm_promotion_t *promotion, pm_error_t *err);
static ngx_int_t ngx_http_promotions_request_owner(
    ngx_http_promotions_ctx_t *ctx, pm_promotion_t *promotion);
static ngx_int_t ngx_http_promotions_request_send(
    ngx_http_promotions_ctx_t *ctx, const pm_review_request_t *request,
    const pm_environment_t *target);
static ngx_int_t ngx_http_promotions_request_record(
    ngx_promotions_args_t *args, ngx_http_promotions_ctx_t *ctx,
    const pm_review_request_t *request, const pm_environment_t *target);
static void ngx_http_promotions_requested(void *data, redisReply *reply);
static ngx_int_t ngx_http_promotions_request_look(
    ngx_http_promotions_ctx_t *ctx, const ngx_str_t *promoted);
static ngx_int_t ngx_http_promotions_request_pending(
    ngx_http_promotions_ctx_t *ctx, redisReply *reply);
static const char *ngx_http_promotions_application_name(pm_arena_t *arena,
    const pm_application_id_t *id);


ngx_int_t
ngx_http_promotions_request_api(ngx_http_request_t *r)
{
    return ngx_http_promotions_request(r, 1);
}


ngx_int_t
ngx_http_promotions_request_application(ngx_http_request_t *r)
{
    return ngx_http_promotions_request(r, 0);
}


static ngx_int_t
ngx_http_promotions_request(ngx_http_request_t *r, ngx_uint_t api)
{
    ngx_http_promotions_ctx_t  *ctx;
    const pm_environment_t     *source;

    ctx = ngx_http_promotions_get_ctx(r);
    if (ctx == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    source = ctx->management->environment;
    ctx->management->api = (api != 0);

    if (!pm_store_key_allows(ctx->key, "API_DEFINITION", PM_STORE_UPDATE,
                             source->name, source->id))
    {
        if (ngx_http_promotions_discard_body(r) != NGX_OK) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        ngx_http_promotions_denied_is(ctx, source->name,
                                      api ? "API" : "APPLICATION",
                                      ctx->management->names[api ? 0 : 1]);

        return ngx_http_promotions_management_forbidden(r);
    }

    ctx->kind = PM_REQUEST_COMMIT;

    if (ngx_http_promotions_wait(ctx) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_promotions_read_body(r, ngx_http_promotions_request_start);
}


static ngx_int_t
ngx_http_promotions_request_start(ngx_http_promotions_ctx_t *ctx,
    ngx_str_t *body)
{
    int                              rc;
    pm_error_t                       err;
    pm_promotion_t                  *promotion;
    ngx_http_request_t              *r;
    pm_review_request_t              request;
    pm_request_faults_t              faults;
    const pm_environment_t          *target;
    ngx_http_promotions_loc_conf_t  *plcf;

    r = ctx->request;
    plcf = ngx_http_get_module_loc_conf(r, ngx_http_promotions_module);

    rc = pm_review_request_parse(ctx->promotion_arena, (char *) body->data,
                                 body->len, plcf->trailing_commas, &request,
                                 &faults);
    if (rc == PM_INVALID) {
        return ngx_http_promotions_send_faults(r, &faults);
    }

    promotion = pm_arena_zalloc(ctx->promotion_arena, sizeof(pm_promotion_t));

    if (rc != 0 || promotion == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = pm_review_target(ngx_http_promotions_worker.pmcf->catalog,
                          ctx->management->environment, request.target,
                          &target, &err);

    if (rc == 0) {
        rc = ngx_http_promotions_request_resolve(ctx, &request, target,
                                                 promotion, &err);
    }

    if (rc != 0) {
        return ngx_http_promotions_management_fault(r, &err);
    }

    if (ngx_http_promotions_request_owner(ctx, promotion) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (request.dry_run) {

        if (ngx_http_promotions_look_post(ctx->promotion_arena, promotion,
                                          (char *) ctx->first.id,
                                          NGX_HTTP_PROMOTIONS_LOOK_DRY_RUN)
            != NGX_OK)
        {
            return ngx_http_promotions_management_error(r,
                       NGX_HTTP_SERVICE_UNAVAILABLE, NULL,
                       "too many jobs are waiting, try again", NULL);
        }

        ctx->promotion_arena = NULL;
        ctx->first.promotion = NULL;

        return NGX_AGAIN;
    }

    return ngx_http_promotions_request_send(ctx, &request, target);
}


static int
ngx_http_promotions_request_resolve(ngx_http_promotions_ctx_t *ctx,
    const pm_review_request_t *request, const pm_environment_t *target,
    pm_promotion_t *promotion, pm_error_t *err)
{
    int                                rc;
    pm_catalog_t                      *catalog;
    ngx_http_promotions_management_t  *management;

    management = ctx->management;
    catalog = ngx_http_promotions_worker.pmcf->catalog;

    if (management->api) {
        rc = pm_review_api(ctx->promotion_arena, management->environment,
                           target, management->names[0], promotion, err);

        if (rc == 0) {
            promotion->description = request->comment;
            promotion->api->allow_v4 =
                           ngx_http_promotions_worker.pmcf->api_v4 ? 1 : 0;
            promotion->api->may_create = 1;
            promotion->api->may_update = 1;
        }

    } else {
        rc = pm_review_application(ctx->promotion_arena, catalog,
                                   management->environment, target,
                                   management->names[0],
                                   management->names[1], request, promotion,
                                   err);
    }

    return rc ? rc : pm_permission(catalog, promotion, "commit", err);
}


static ngx_int_t
ngx_http_promotions_request_owner(ngx_http_promotions_ctx_t *ctx,
    pm_promotion_t *promotion)
{
    if (ngx_http_promotions_promote_owner(ctx, promotion, 1) != NGX_OK) {
        return NGX_ERROR;
    }

    promotion->requester_name = promotion->author_name;
    promotion->requester_email = promotion->author_email;

    return NGX_OK;
}


static ngx_int_t
ngx_http_promotions_request_send(ngx_http_promotions_ctx_t *ctx,
    const pm_review_request_t *request, const pm_environment_t *target)
{
    ngx_promotions_args_t         args;
    ngx_http_promotions_asked_t  *asked;

    if (ngx_http_promotions_results_args(&args) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    asked = ngx_http_promotions_asked(ctx);

    if (asked == NULL
        || ngx_http_promotions_request_record(&args, ctx, request, target)
           != NGX_OK)
    {
        ngx_free(asked);
        ngx_destroy_pool(args.pool);
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (ngx_http_promotions_script_send(&args, "request",
                                        ngx_http_promotions_requested, asked)
        != NGX_OK)
    {
        ngx_free(asked);
        return ngx_http_promotions_management_unavailable(ctx->request);
    }

    ctx->management->promotion = (char *) ctx->first.id;

    pm_failpoint("review_requesting");

    return NGX_AGAIN;
}


/* What a list shows, and what it takes to look at it again. */

static ngx_int_t
ngx_http_promotions_request_record(ngx_promotions_args_t *args,
    ngx_http_promotions_ctx_t *ctx, const pm_review_request_t *request,
    const pm_environment_t *target)
{
    const char              *from, *to, *pair;
    pm_error_t               err;
    pm_arena_t              *arena;
    pm_string_t              input;
    const pm_promotion_t    *promotion;
    const pm_environment_t  *source;

    arena = ctx->promotion_arena;
    promotion = ctx->first.promotion;
    source = ctx->management->environment;

    from = ngx_http_promotions_application_name(arena, &promotion->source);
    to = ngx_http_promotions_application_name(arena, &promotion->destination);

    pair = promotion->api
           ? pm_arena_printf(arena, "api:%s:%s:%s", source->name,
                             promotion->api->id, target->name)
           : pm_arena_printf(arena, "application:%s:%s", from, target->name);

    if (from == NULL || to == NULL || pair == NULL
        || pm_record_encode(arena, promotion, &input, &err) != 0)
    {
        return NGX_ERROR;
    }

    ngx_promotions_args_string(args, promotion->id);
    ngx_promotions_args_string(args, pair);
    ngx_promotions_args_string(args, source->name);
    ngx_promotions_args_string(args, target->name);
    ngx_promotions_args_number(args, ngx_http_promotions_review_retention());
    ngx_promotions_args_number(args, 2 * NGX_HTTP_PROMOTIONS_REQUEST_FIELDS);

    ngx_promotions_args_string(args, "kind");
    ngx_promotions_args_string(args, "review");
    ngx_promotions_args_string(args, "subject");
    ngx_promotions_args_string(args, promotion->api ? "api" : "application");
    ngx_promotions_args_string(args, "organization");
    ngx_promotions_args_string(args, source->organization);
    ngx_promotions_args_string(args, "source_id");
    ngx_promotions_args_string(args, source->id);
    ngx_promotions_args_string(args, "source_title");
    ngx_promotions_args_string(args, source->title);
    ngx_promotions_args_string(args, "target_id");
    ngx_promotions_args_string(args, target->id);
    ngx_promotions_args_string(args, "target_title");
    ngx_promotions_args_string(args, target->title);
    ngx_promotions_args_string(args, "author");
    ngx_promotions_args_string(args, promotion->author_name);
    ngx_promotions_args_string(args, "author_email");
    ngx_promotions_args_string(args, promotion->author_email);
    ngx_promotions_args_string(args, "key");
    ngx_promotions_args_string(args, ctx->key->id);
    ngx_promotions_args_string(args, "comment");
    ngx_promotions_args_string(args, request->comment);
    ngx_promotions_args_string(args, "api_id");
    ngx_promotions_args_string(args, promotion->api ? promotion->api->id
                                                    : NULL);
    ngx_promotions_args_string(args, "source");
    ngx_promotions_args_string(args, from);
    ngx_promotions_args_string(args, "destination");
    ngx_promotions_args_string(args, to);
    ngx_promotions_args_string(args, "product");
    ngx_promotions_args_string(args, promotion->product);
    ngx_promotions_args_string(args, "input");
    ngx_promotions_args_add(args, input.data, input.len);

    ngx_log_error(NGX_LOG_INFO, ctx->request->connection->log, 0,
                  "promotion %s: %s from %s to %s is requested by \"%s\"",
                  promotion->id, promotion->api ? promotion->api->id : from,
                  source->name, target->name, promotion->key_name);

    return NGX_OK;
}


/* A record outlives the time that there is to decide it. */

time_t
ngx_http_promotions_review_retention(void)
{
    ngx_http_promotions_main_conf_t  *pmcf;

    pmcf = ngx_http_promotions_worker.pmcf;

    return ngx_max(pmcf->retention, pmcf->request_ttl + 24 * 60 * 60);
}


static void
ngx_http_promotions_requested(void *data, redisReply *reply)
{
    ngx_int_t                   rc;
    ngx_str_t                   promoted;
    ngx_http_promotions_ctx_t  *ctx;

    pm_failpoint("review_requested");

    ctx = ngx_http_promotions_asked_ctx(data);

    /* a client that has left: the sweeper takes it up */

    if (ctx == NULL) {
        return;
    }

    if (reply == NULL || reply->type != REDIS_REPLY_ARRAY) {
        rc = ngx_http_promotions_management_unavailable(ctx->request);
        ngx_http_promotions_finish(ctx, rc);
        return;
    }

    if (ngx_http_promotions_reply_is(reply, "pending")) {
        rc = ngx_http_promotions_request_pending(ctx, reply);
        ngx_http_promotions_finish(ctx, rc);
        return;
    }

    promoted = ngx_promotions_reply_text(reply, 1);

    rc = ngx_http_promotions_request_look(ctx, &promoted);

    if (rc != NGX_AGAIN) {
        ngx_http_promotions_finish(ctx, rc);
    }
}


static ngx_int_t
ngx_http_promotions_request_look(ngx_http_promotions_ctx_t *ctx,
    const ngx_str_t *promoted)
{
    pm_promotion_t  *promotion;

    promotion = ctx->first.promotion;

    if (promotion->api != NULL && promoted->len > 0) {
        promotion->api->last = pm_arena_strndup(ctx->promotion_arena,
                                                (char *) promoted->data,
                                                promoted->len);
        if (promotion->api->last == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    if (ngx_http_promotions_look_post(ctx->promotion_arena, promotion,
                                      (char *) ctx->first.id,
                                      NGX_HTTP_PROMOTIONS_LOOK_ASK)
        != NGX_OK)
    {
        /* a 4xx leaves no trace of it */

        ngx_http_promotions_look_refuse(promotion->id, NGX_HTTP_BAD_REQUEST,
                                        "");
        ctx->management->promotion = NULL;

        return ngx_http_promotions_management_error(ctx->request,
                   NGX_HTTP_SERVICE_UNAVAILABLE, NULL,
                   "too many jobs are waiting, try again", NULL);
    }

    /* the client may leave before the job ends */

    ctx->promotion_arena = NULL;
    ctx->first.promotion = NULL;

    return NGX_AGAIN;
}


static ngx_int_t
ngx_http_promotions_request_pending(ngx_http_promotions_ctx_t *ctx,
    redisReply *reply)
{
    ngx_str_t   id;
    pm_error_t  err;

    id = ngx_promotions_reply_text(reply, 1);

    (void) pm_error_set(&err, PM_CONFLICT, "Another promotion for the same "
                        "%s and environment is already in progress: Promotion "
                        "[%.*s].",
                        ctx->management->api ? "API" : "application",
                        (int) id.len, id.data);

    return ngx_http_promotions_management_error(ctx->request,
               NGX_HTTP_CONFLICT, "promotion.alreadyInProgress", err.message,
               json_pack("{s:s, s:s, s:s}",
                         "promotion", id.data,
                         "author", ngx_promotions_reply_text(reply, 2).data,
                         "createdAt",
                         ngx_promotions_reply_text(reply, 3).data));
}


/* "<runtime>/<namespace>/<name>"; NULL: no memory. */

static const char *
ngx_http_promotions_application_name(pm_arena_t *arena,
    const pm_application_id_t *id)
{
    return pm_arena_printf(arena, "%s/%s/%s", id->runtime, id->namespace,
                           id->name);
}
