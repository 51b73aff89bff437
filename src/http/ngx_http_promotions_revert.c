#include "http/ngx_http_promotions.h"
#include "http/ngx_http_promotions_audit.h"
#include "http/ngx_http_promotions_preview.h"
#include "http/ngx_http_promotions_promote.h"
#include "http/ngx_http_promotions_record.h"
#include "http/ngx_http_promotions_reply.h"
#include "http/ngx_http_promotions_submit.h"
#include "http/ngx_http_promotions_wait.h"
#include "promotion/pm_record.h"


static ngx_int_t ngx_http_promotions_revert_request(
    ngx_http_promotions_ctx_t *ctx, ngx_str_t *body);
static ngx_int_t ngx_http_promotions_revert_digest(
    ngx_http_promotions_ctx_t *ctx, ngx_str_t *body);
static void ngx_http_promotions_revert_read(void *data, redisReply *reply);
static ngx_int_t ngx_http_promotions_revert_start(
    ngx_http_promotions_ctx_t *ctx, redisReply *fields);
static ngx_uint_t ngx_http_promotions_revert_allowed(
    const pm_store_key_t *key, const char *environment);
static int ngx_http_promotions_revert_promotion(
    ngx_http_promotions_ctx_t *ctx, redisReply *fields,
    pm_promotion_t *promotion, pm_error_t *err);
static int ngx_http_promotions_revert_merged(pm_arena_t *arena,
    redisReply *fields, pm_promotion_t *promotion, const char **commit,
    pm_error_t *err);
static const char *ngx_http_promotions_revert_message(pm_arena_t *arena,
    const char *message);


/*
 * What undoes a promotion is a promotion: made from the record of the first
 * one, whatever the catalog says now, and submitted as any other.
 */

ngx_int_t
ngx_http_promotions_revert(ngx_http_request_t *r)
{
    ngx_http_promotions_ctx_t  *ctx;

    ctx = ngx_http_promotions_get_ctx(r);

    if (ctx == NULL || ngx_http_promotions_wait(ctx) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ctx->kind = PM_REQUEST_REVERT;

    return ngx_http_promotions_read_body(r,
                                         ngx_http_promotions_revert_request);
}


/* The body, which may be empty; then the record is asked for. */

static ngx_int_t
ngx_http_promotions_revert_request(ngx_http_promotions_ctx_t *ctx,
    ngx_str_t *body)
{
    int                              rc;
    pm_request_t                    *request;
    pm_request_faults_t              faults;
    ngx_http_promotions_loc_conf_t  *plcf;

    plcf = ngx_http_get_module_loc_conf(ctx->request,
                                        ngx_http_promotions_module);

    request = pm_arena_zalloc(ctx->promotion_arena, sizeof(pm_request_t));
    if (request == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (body->len > 0) {
        rc = pm_request_parse(ctx->promotion_arena, (char *) body->data,
                              body->len, ctx->kind, plcf->trailing_commas,
                              request, &faults);

        if (rc == PM_INVALID) {
            return ngx_http_promotions_send_faults(ctx->request, &faults);
        }

        if (rc != 0) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    ctx->revert = request;

    if (ngx_http_promotions_revert_digest(ctx, body) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_promotions_record_read(ctx,
                                           ngx_http_promotions_revert_read);
}


/* An Idempotency-Key is of one promotion's revert. */

static ngx_int_t
ngx_http_promotions_revert_digest(ngx_http_promotions_ctx_t *ctx,
    ngx_str_t *body)
{
    ngx_str_t  text;

    text.len = sizeof("revert  ") - 1 + ctx->target.len + body->len;
    text.data = pm_arena_alloc(ctx->promotion_arena, text.len);

    if (text.data == NULL) {
        return NGX_ERROR;
    }

    (void) ngx_sprintf(text.data, "revert %V %V", &ctx->target, body);

    return ngx_http_promotions_promote_digest(ctx, &text);
}


static void
ngx_http_promotions_revert_read(void *data, redisReply *reply)
{
    ngx_int_t                   rc;
    ngx_http_promotions_ctx_t  *ctx = data;

    ctx->lookup = NULL;

    if (reply == NULL || reply->type != REDIS_REPLY_ARRAY) {
        rc = ngx_http_promotions_send_error(ctx->request,
                 NGX_HTTP_SERVICE_UNAVAILABLE,
                 "redis is not available, try again");

    } else {
        rc = ngx_http_promotions_revert_start(ctx, reply);
    }

    if (rc != NGX_AGAIN) {
        ngx_http_promotions_finish(ctx, rc);
    }
}


static ngx_int_t
ngx_http_promotions_revert_start(ngx_http_promotions_ctx_t *ctx,
    redisReply *fields)
{
    pm_error_t           err;
    const char          *state, *target;
    pm_promotion_t      *promotion;
    ngx_http_request_t  *r;

    r = ctx->request;

    if (!ngx_http_promotions_record_visible(ctx->key, fields)) {
        return ngx_http_promotions_record_missing(ctx);
    }

    target = ngx_http_promotions_record_field(fields, "target_environment");

    ngx_http_promotions_denied_is(ctx, target, "APPLICATION",
             ngx_http_promotions_record_field(fields, "destination"));

    if (!ngx_http_promotions_revert_allowed(ctx->key, target)) {
        return ngx_http_promotions_send_error(r, NGX_HTTP_FORBIDDEN,
                                              "Forbidden resource");
    }

    state = ngx_http_promotions_record_field(fields, "state");

    if (ngx_strcmp(state, "LANDED") != 0 && ngx_strcmp(state, "MERGED") != 0) {
        (void) pm_error_set(&err, PM_CONFLICT, "promotion %.*s is %s, only "
                            "one that is LANDED or MERGED can be reverted",
                            (int) ctx->target.len, ctx->target.data, state);

        return ngx_http_promotions_send_error(r, NGX_HTTP_CONFLICT,
                                              err.message);
    }

    promotion = pm_arena_zalloc(ctx->promotion_arena, sizeof(pm_promotion_t));

    if (promotion == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (ngx_http_promotions_revert_promotion(ctx, fields, promotion, &err)
        != 0)
    {
        return ngx_http_promotions_send_error(r,
                   ngx_http_promotions_status(err.code), err.message);
    }

    if (ngx_http_promotions_promote_owner(ctx, promotion, 1) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (ctx->revert->dry_run) {
        return ngx_http_promotions_preview_start(ctx, promotion, 1);
    }

    return ngx_http_promotions_submit(ctx);
}


/* As for a commit into that environment. */

static ngx_uint_t
ngx_http_promotions_revert_allowed(const pm_store_key_t *key,
    const char *environment)
{
    const pm_environment_t  *found;

    if (environment == NULL || *environment == '\0') {
        return pm_store_key_allows(key, "PROMOTE_TO", PM_STORE_CREATE, NULL,
                                   NULL);
    }

    found = pm_catalog_environment(ngx_http_promotions_worker.pmcf->catalog,
                                   environment);

    return pm_store_key_allows(key, "PROMOTE_TO", PM_STORE_CREATE,
                               environment, found ? found->id : NULL);
}


/* The record's promotion becomes the one that undoes it. */

static int
ngx_http_promotions_revert_promotion(ngx_http_promotions_ctx_t *ctx,
    redisReply *fields, pm_promotion_t *promotion, pm_error_t *err)
{
    int            rc;
    size_t         i;
    const char    *id, *input, *commit, *source;
    pm_arena_t    *arena;
    pm_request_t  *request;

    arena = ctx->promotion_arena;
    request = ctx->revert;

    id = pm_arena_strndup(arena, (char *) ctx->target.data, ctx->target.len);
    input = ngx_http_promotions_record_field(fields, "input");
    commit = ngx_http_promotions_record_field(fields, "commit");

    if (id == NULL) {
        return pm_error_memory(err);
    }

    if (input == NULL || commit == NULL) {
        return pm_error_set(err, PM_INTERNAL,
                            "the record of promotion %s is incomplete", id);
    }

    rc = pm_record_decode(arena, id, input, ngx_strlen(input), promotion, err);
    if (rc != 0) {
        return rc;
    }

    rc = ngx_http_promotions_revert_merged(arena, fields, promotion, &commit,
                                           err);
    if (rc != 0) {
        return rc;
    }

    promotion->revert_commit = pm_arena_strdup(arena, commit);

    promotion->message = request->message ? request->message
                         : ngx_http_promotions_revert_message(arena,
                                                      promotion->message);
    promotion->description = request->description ? request->description
                             : pm_arena_printf(arena,
                                               "This reverts commit %s.",
                                               commit);

    /* the template stays: it says where the version is */

    promotion->overridden = NULL;
    promotion->api = NULL;
    promotion->requester_name = NULL;
    promotion->requester_email = NULL;
    promotion->reason = NULL;
    promotion->source_commit = NULL;
    promotion->expected_digest = request->expected_digest;

    if (promotion->message == NULL || promotion->description == NULL
        || promotion->revert_commit == NULL)
    {
        return pm_error_memory(err);
    }

    /* nothing is read but the branch itself */

    for (i = 0; i < promotion->nparts; i++) {
        promotion->parts[i].source = promotion->parts[i].destination;
    }

    if (request->dry_run) {
        return 0;
    }

    /* into the environment, from nowhere: promotesTo has no say */

    source = promotion->source_environment;
    promotion->source_environment = NULL;

    rc = ngx_http_promotions_permitted(ctx, promotion, request->override, err);

    promotion->source_environment = source;

    return rc;
}


/*
 * What undoes a pull request is a commit: of the commit by which it was merged
 * (its own, where the provider does not tell), if that did what was promoted
 * and nothing else.
 */

static int
ngx_http_promotions_revert_merged(pm_arena_t *arena, redisReply *fields,
    pm_promotion_t *promotion, const char **commit, pm_error_t *err)
{
    const char  *merge, *digest;

    if (promotion->kind != PM_PROMOTION_PULL_REQUEST) {
        return 0;
    }

    promotion->kind = PM_PROMOTION_COMMIT;
    promotion->pull = NULL;

    merge = ngx_http_promotions_record_field(fields, "pull_merge_commit");

    if (merge != NULL && *merge != '\0') {
        *commit = merge;
    }

    digest = ngx_http_promotions_record_field(fields, "digest");
    promotion->revert_digest = pm_arena_strdup(arena, digest ? digest : "");

    return promotion->revert_digest ? 0 : pm_error_memory(err);
}


/* As git names it: by the first line of what is undone. */

static const char *
ngx_http_promotions_revert_message(pm_arena_t *arena, const char *message)
{
    message += strspn(message, " \t\r\n");

    return pm_arena_printf(arena, "Revert \"%.*s\"",
                           (int) strcspn(message, "\r\n"), message);
}
