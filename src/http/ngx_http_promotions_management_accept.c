#include "http/ngx_http_promotions_management.h"
#include "http/ngx_http_promotions_header.h"
#include "http/ngx_http_promotions_lane.h"
#include "http/ngx_http_promotions_record.h"
#include "http/ngx_http_promotions_reply.h"
#include "http/ngx_http_promotions_wait.h"
#include "base/pm_failpoint.h"
#include "promotion/pm_permission.h"
#include "promotion/pm_record.h"


/* Who has sent an accept: the lane is led whether or not the client stays. */

typedef struct {
    u_char  id[NGX_HTTP_PROMOTIONS_ID_SIZE + 1];
    u_char  lane[NGX_HTTP_PROMOTIONS_LANE_ID + 1];
} ngx_http_promotions_accepting_t;


static int ngx_http_promotions_accept_promotion(
    ngx_http_promotions_ctx_t *ctx, redisReply *fields, const char *promoted,
    pm_promotion_t *promotion, pm_error_t *err);
static int ngx_http_promotions_accept_owner(ngx_http_promotions_ctx_t *ctx,
    redisReply *fields, pm_promotion_t *promotion, pm_error_t *err);
static ngx_int_t ngx_http_promotions_accept_send(
    ngx_http_promotions_ctx_t *ctx, const pm_promotion_t *promotion);
static void ngx_http_promotions_accepted(void *data, redisReply *reply);
static void ngx_http_promotions_accept_wait(ngx_http_promotions_ctx_t *ctx);
static void ngx_http_promotions_accept_timer(ngx_event_t *ev);
static void ngx_http_promotions_accept_results(
    ngx_http_promotions_ctx_t *ctx);
static void ngx_http_promotions_accept_read(void *data, redisReply *reply);
static ngx_int_t ngx_http_promotions_accept_answer(
    ngx_http_promotions_ctx_t *ctx, redisReply *fields);
static ngx_int_t ngx_http_promotions_accept_failed(
    ngx_http_promotions_ctx_t *ctx, redisReply *fields);


/*
 * The record's promotion becomes the accepting key's, is queued on its lane by
 * the script that changes the state, and the request waits for what comes of
 * it as that of any commit does.
 */

ngx_int_t
ngx_http_promotions_accept(ngx_http_promotions_ctx_t *ctx,
    redisReply *fields, const char *promoted)
{
    pm_error_t       err;
    pm_promotion_t  *promotion;

    promotion = pm_arena_zalloc(ctx->promotion_arena, sizeof(pm_promotion_t));

    if (promotion == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (ngx_http_promotions_accept_promotion(ctx, fields, promoted, promotion,
                                             &err)
        != 0)
    {
        return ngx_http_promotions_management_fault(ctx->request, &err);
    }

    ctx->first.promotion = promotion;
    ngx_memcpy(ctx->management->attempt, ctx->first.id,
               sizeof(ctx->first.id));

    if (pm_promotion_lane(promotion, (char *) ctx->first.lane) != 0) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_promotions_accept_send(ctx, promotion);
}


static int
ngx_http_promotions_accept_promotion(ngx_http_promotions_ctx_t *ctx,
    redisReply *fields, const char *promoted, pm_promotion_t *promotion,
    pm_error_t *err)
{
    int                               rc;
    pm_arena_t                       *arena;
    const char                       *input, *digest;
    pm_review_decision_t             *decision;
    const pm_environment_t           *target;
    ngx_http_promotions_main_conf_t  *pmcf;

    arena = ctx->promotion_arena;
    decision = &ctx->management->decision;
    pmcf = ngx_http_promotions_worker.pmcf;

    input = ngx_http_promotions_record_field(fields, "input");
    digest = ngx_http_promotions_record_field(fields, "digest");

    if (input == NULL || digest == NULL) {
        return pm_error_set(err, PM_INTERNAL,
                            "the record of promotion %s is incomplete",
                            ctx->management->names[0]);
    }

    rc = pm_record_decode(arena, ctx->management->names[0], input,
                          ngx_strlen(input), promotion, err);
    if (rc != 0) {
        return rc;
    }

    rc = pm_permission(pmcf->catalog, promotion, "commit", err);
    if (rc != 0) {
        return rc;
    }

    digest = decision->digest ? decision->digest : digest;
    promotion->expected_digest = decision->force
                                 ? NULL : pm_arena_strdup(arena, digest);

    if (!decision->force && promotion->expected_digest == NULL) {
        return pm_error_memory(err);
    }

    if (promotion->api != NULL) {
        target = promotion->destination_environment
                 ? pm_catalog_environment(pmcf->catalog,
                                          promotion->destination_environment)
                 : NULL;

        if (target == NULL) {
            return pm_error_set(err, PM_INTERNAL, "the record of promotion %s "
                                "names no environment",
                                ctx->management->names[0]);
        }

        promotion->api->may_create = pm_store_key_allows(ctx->key,
                                         "ENVIRONMENT_API", PM_STORE_CREATE,
                                         target->name, target->id);
        promotion->api->may_update = pm_store_key_allows(ctx->key,
                                         "ENVIRONMENT_API", PM_STORE_UPDATE,
                                         target->name, target->id);
        promotion->api->allow_v4 = (pmcf->api_v4 != 0);
        promotion->api->last = NULL;

        if (promoted != NULL && *promoted) {
            promotion->api->last = pm_arena_strdup(arena, promoted);

            if (promotion->api->last == NULL) {
                return pm_error_memory(err);
            }
        }
    }

    return ngx_http_promotions_accept_owner(ctx, fields, promotion, err);
}


static int
ngx_http_promotions_accept_owner(ngx_http_promotions_ctx_t *ctx,
    redisReply *fields, pm_promotion_t *promotion, pm_error_t *err)
{
    pm_arena_t  *arena;

    arena = ctx->promotion_arena;

    promotion->key_id = pm_arena_strdup(arena, ctx->key->id);
    promotion->key_name = pm_arena_strdup(arena, ctx->key->name);
    promotion->author_name = pm_arena_strdup(arena, ctx->key->author_name);
    promotion->author_email = pm_arena_strdup(arena, ctx->key->author_email);
    promotion->reason = ctx->management->decision.reason;

    if (promotion->key_id == NULL || promotion->key_name == NULL
        || promotion->author_name == NULL || promotion->author_email == NULL)
    {
        return pm_error_memory(err);
    }

    return 0;
}


static ngx_int_t
ngx_http_promotions_accept_send(ngx_http_promotions_ctx_t *ctx,
    const pm_promotion_t *promotion)
{
    pm_error_t                        err;
    pm_string_t                       input;
    ngx_promotions_args_t             args;
    ngx_http_promotions_accepting_t  *accepting;

    if (pm_record_encode(ctx->promotion_arena, promotion, &input, &err) != 0) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (ngx_http_promotions_script_args(&args, ctx->first.lane) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    accepting = ngx_calloc(sizeof(ngx_http_promotions_accepting_t),
                           ngx_cycle->log);

    if (accepting == NULL) {
        ngx_destroy_pool(args.pool);
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_memcpy(accepting->id, ctx->first.id, sizeof(accepting->id));
    ngx_memcpy(accepting->lane, ctx->first.lane, sizeof(accepting->lane));

    ngx_http_promotions_decide_who(&args, ctx, "accept");
    ngx_promotions_args_number(&args, ngx_http_promotions_worker.pmcf->queue);
    ngx_promotions_args_add(&args, input.data, input.len);

    ngx_log_error(NGX_LOG_INFO, ctx->request->connection->log, 0,
                  "promotion %s: accepted by \"%s\"%s", promotion->id,
                  promotion->key_name,
                  ctx->management->decision.force ? ", by force" : "");

    if (ngx_http_promotions_script_send(&args, "decide",
                                        ngx_http_promotions_accepted,
                                        accepting)
        != NGX_OK)
    {
        ngx_free(accepting);
        return ngx_http_promotions_management_unavailable(ctx->request);
    }

    pm_failpoint("review_accepting");

    return NGX_AGAIN;
}


static void
ngx_http_promotions_accepted(void *data, redisReply *reply)
{
    ngx_int_t                         rc;
    ngx_str_t                         lane;
    ngx_uint_t                        leads;
    ngx_http_promotions_ctx_t        *ctx;
    ngx_http_promotions_accepting_t  *accepting = data;

    pm_failpoint("review_accepted");

    leads = ngx_http_promotions_reply_is(reply, "queued")
            && ngx_promotions_reply_number(reply, 1) == 1;

    ctx = ngx_http_promotions_find((char *) accepting->id);

    if (ctx != NULL) {
        if (ngx_http_promotions_reply_is(reply, "queued")) {
            ngx_http_promotions_accept_wait(ctx);

        } else {
            rc = ngx_http_promotions_decided_not(ctx, reply);
            ngx_http_promotions_finish(ctx, rc);
        }
    }

    /* last: a leader's first step may already answer */

    if (leads) {
        lane.data = accepting->lane;
        lane.len = NGX_HTTP_PROMOTIONS_LANE_ID;

        ngx_http_promotions_lane_lead(&lane);
    }

    ngx_free(accepting);
}


/* From now on it is found by the promotion's id. */

static void
ngx_http_promotions_accept_wait(ngx_http_promotions_ctx_t *ctx)
{
    ngx_str_t                        id;
    ngx_http_promotions_loc_conf_t  *plcf;

    plcf = ngx_http_get_module_loc_conf(ctx->request,
                                        ngx_http_promotions_module);

    id = ctx->target;

    ngx_http_promotions_wait_for(&ctx->first, &id);

    ctx->first.queued = 1;
    ctx->open = 1;
    ctx->results = ngx_http_promotions_accept_results;

    ctx->timer.handler = ngx_http_promotions_accept_timer;
    ctx->timer.data = ctx;
    ctx->timer.log = ngx_cycle->log;

    ngx_add_timer(&ctx->timer,
                  ngx_http_promotions_prefers(ctx->request, "respond-async")
                  ? 0 : plcf->wait);
}


static void
ngx_http_promotions_accept_timer(ngx_event_t *ev)
{
    ngx_http_promotions_ctx_t  *ctx = ev->data;

    ctx->first.status = NGX_HTTP_ACCEPTED;

    ngx_http_promotions_accept_results(ctx);
}


/*
 * It is known what has become of it, or the time to wait has passed: the
 * record tells the rest.  Who asks is found by the attempt, which is nobody
 * else's.
 */

static void
ngx_http_promotions_accept_results(ngx_http_promotions_ctx_t *ctx)
{
    ngx_int_t                     rc;
    ngx_str_t                     id;
    ngx_promotions_args_t         args;
    ngx_http_promotions_asked_t  *asked;

    if (ctx->timer.timer_set) {
        ngx_del_timer(&ctx->timer);
    }

    id.data = ctx->management->attempt;
    id.len = NGX_HTTP_PROMOTIONS_ID_SIZE;

    ctx->first.queued = 0;
    ngx_http_promotions_wait_for(&ctx->first, &id);

    asked = NULL;

    if (ngx_http_promotions_results_args(&args) == NGX_OK) {
        ngx_promotions_args_add(&args, ctx->target.data, ctx->target.len);

        asked = ngx_http_promotions_asked(ctx);

        if (asked == NULL) {
            ngx_destroy_pool(args.pool);

        } else if (ngx_http_promotions_script_send(&args, "review",
                                           ngx_http_promotions_accept_read,
                                           asked)
                   == NGX_OK)
        {
            return;
        }
    }

    ngx_free(asked);

    rc = ngx_http_promotions_accept_answer(ctx, NULL);
    ngx_http_promotions_finish(ctx, rc);
}


static void
ngx_http_promotions_accept_read(void *data, redisReply *reply)
{
    ngx_int_t                   rc;
    redisReply                 *fields;
    ngx_http_promotions_ctx_t  *ctx;

    ctx = ngx_http_promotions_asked_ctx(data);

    if (ctx == NULL) {
        return;
    }

    fields = NULL;

    if (reply != NULL && reply->type == REDIS_REPLY_ARRAY
        && reply->elements > 1)
    {
        fields = reply->element[0];
    }

    rc = ngx_http_promotions_accept_answer(ctx, fields);

    if (rc != NGX_AGAIN) {
        ngx_http_promotions_finish(ctx, rc);
    }
}


/* fields NULL: the record cannot be read. */

static ngx_int_t
ngx_http_promotions_accept_answer(ngx_http_promotions_ctx_t *ctx,
    redisReply *fields)
{
    const char  *id, *state, *attempt;

    id = ctx->management->names[0];

    if (fields == NULL) {
        return ngx_http_promotions_management_error(ctx->request,
                   NGX_HTTP_SERVICE_UNAVAILABLE, NULL,
                   "redis is not available: what has become of the promotion "
                   "its Promotion-Id tells", NULL);
    }

    state = ngx_http_promotions_record_field(fields, "state");
    attempt = ngx_http_promotions_record_field(fields, "attempt");

    if (state == NULL) {
        return ngx_http_promotions_management_missing(ctx);
    }

    /* somebody else has accepted it after ours had failed */

    if (attempt == NULL
        || ngx_strcmp(attempt, ctx->management->attempt) != 0)
    {
        return ngx_http_promotions_decided_already(ctx, state,
                   ngx_http_promotions_record_field(fields, "decider"),
                   ngx_http_promotions_record_field(fields, "decided_at"),
                   ngx_http_promotions_record_field(fields, "reason"));
    }

    if (ngx_strcmp(state, "LANDED") == 0) {
        return ngx_http_promotions_review_send(ctx, NGX_HTTP_OK, id, fields);
    }

    if (ctx->first.status == NGX_HTTP_ACCEPTED) {
        return ngx_http_promotions_review_send(ctx, NGX_HTTP_ACCEPTED, id,
                                               fields);
    }

    return ngx_http_promotions_accept_failed(ctx, fields);
}


static ngx_int_t
ngx_http_promotions_accept_failed(ngx_http_promotions_ctx_t *ctx,
    redisReply *fields)
{
    json_t                *parameters;
    const char            *name, *subject, *now, *expected;
    pm_review_decision_t  *decision;

    name = ngx_http_promotions_record_field(fields, "fault");
    subject = ngx_http_promotions_record_field(fields, "fault_of");
    now = ngx_http_promotions_record_field(fields, "now");

    decision = &ctx->management->decision;
    parameters = NULL;

    if (name != NULL && ngx_strcmp(name, "promotion.target.changed") == 0) {
        expected = decision->digest ? decision->digest
                   : ngx_http_promotions_record_field(fields, "digest");

        parameters = json_pack("{s:s, s:s}", "expectedDigest",
                               expected ? expected : "",
                               "digest", now ? now : "");

    } else if (subject != NULL && *subject) {
        parameters = json_pack("{s:s}", "api", subject);
    }

    return ngx_http_promotions_management_error(ctx->request,
               ctx->first.status, name, ctx->first.message, parameters);
}
