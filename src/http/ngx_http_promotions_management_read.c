#include "http/ngx_http_promotions_management.h"
#include "http/ngx_http_promotions_record.h"
#include "http/ngx_http_promotions_reply.h"
#include "http/ngx_http_promotions_wait.h"
#include "promotion/pm_record.h"


/* Who has asked what. */

typedef struct {
    ngx_http_promotions_asked_t    *asked;
    ngx_http_promotions_answer_pt   answer;
} ngx_http_promotions_question_t;


static ngx_int_t ngx_http_promotions_review_ask(ngx_http_request_t *r,
    ngx_http_promotions_answer_pt answer);
static void ngx_http_promotions_answered(void *data, redisReply *reply);
static ngx_int_t ngx_http_promotions_review_shown(
    ngx_http_promotions_ctx_t *ctx, redisReply *reply);
static ngx_int_t ngx_http_promotions_review_diffed(
    ngx_http_promotions_ctx_t *ctx, redisReply *reply);
static ngx_int_t ngx_http_promotions_review_diff_post(
    ngx_http_promotions_ctx_t *ctx, redisReply *fields, redisReply *reply);


ngx_int_t
ngx_http_promotions_review_show(ngx_http_request_t *r)
{
    return ngx_http_promotions_review_ask(r, ngx_http_promotions_review_shown);
}


ngx_int_t
ngx_http_promotions_review_diff(ngx_http_request_t *r)
{
    return ngx_http_promotions_review_ask(r,
                                          ngx_http_promotions_review_diffed);
}


static ngx_int_t
ngx_http_promotions_review_ask(ngx_http_request_t *r,
    ngx_http_promotions_answer_pt answer)
{
    ngx_int_t                   rc;
    ngx_http_promotions_ctx_t  *ctx;

    ctx = ngx_http_promotions_get_ctx(r);

    if (ctx == NULL || ngx_http_promotions_discard_body(r) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = ngx_http_promotions_review_read(ctx, answer);

    return ngx_http_promotions_kept(r, rc);
}


ngx_int_t
ngx_http_promotions_review_read(ngx_http_promotions_ctx_t *ctx,
    ngx_http_promotions_answer_pt answer)
{
    ngx_promotions_args_t  args;

    if (ngx_http_promotions_results_args(&args) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_promotions_args_add(&args, ctx->target.data, ctx->target.len);
    ctx->management->promotion = ctx->management->names[0];

    return ngx_http_promotions_management_ask(ctx, &args, "review", answer);
}


ngx_int_t
ngx_http_promotions_management_ask(ngx_http_promotions_ctx_t *ctx,
    ngx_promotions_args_t *args, const char *script,
    ngx_http_promotions_answer_pt answer)
{
    ngx_http_promotions_question_t  *question;

    question = ngx_alloc(sizeof(ngx_http_promotions_question_t),
                         ngx_cycle->log);
    if (question == NULL) {
        ngx_destroy_pool(args->pool);
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    question->answer = answer;
    question->asked = ngx_http_promotions_asked(ctx);

    if (question->asked == NULL) {
        ngx_destroy_pool(args->pool);
        ngx_free(question);
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (ngx_http_promotions_script_send(args, script,
                                        ngx_http_promotions_answered,
                                        question)
        != NGX_OK)
    {
        ngx_free(question->asked);
        ngx_free(question);
        return ngx_http_promotions_management_unavailable(ctx->request);
    }

    return NGX_AGAIN;
}


static void
ngx_http_promotions_answered(void *data, redisReply *reply)
{
    ngx_int_t                        rc;
    ngx_http_promotions_ctx_t       *ctx;
    ngx_http_promotions_question_t   question;

    question = *(ngx_http_promotions_question_t *) data;
    ngx_free(data);

    ctx = ngx_http_promotions_asked_ctx(question.asked);

    if (ctx == NULL) {
        return;
    }

    if (reply == NULL || reply->type != REDIS_REPLY_ARRAY) {
        rc = ngx_http_promotions_management_unavailable(ctx->request);

    } else {
        rc = question.answer(ctx, reply);
    }

    if (rc != NGX_AGAIN) {
        ngx_http_promotions_finish(ctx, rc);
    }
}


redisReply *
ngx_http_promotions_review_fields(ngx_http_promotions_ctx_t *ctx,
    redisReply *reply, ngx_int_t *rc)
{
    if (reply->elements < 2
        || !ngx_http_promotions_review_visible(ctx, reply->element[0]))
    {
        *rc = ngx_http_promotions_management_missing(ctx);
        return NULL;
    }

    if (ngx_http_promotions_review_headers(ctx, ctx->management->names[0])
        != NGX_OK)
    {
        *rc = NGX_HTTP_INTERNAL_SERVER_ERROR;
        return NULL;
    }

    return reply->element[0];
}


static ngx_int_t
ngx_http_promotions_review_shown(ngx_http_promotions_ctx_t *ctx,
    redisReply *reply)
{
    ngx_int_t    rc;
    redisReply  *fields;

    fields = ngx_http_promotions_review_fields(ctx, reply, &rc);

    return (fields == NULL) ? rc
           : ngx_http_promotions_review_send(ctx, NGX_HTTP_OK,
                                             ctx->management->names[0],
                                             fields);
}


static ngx_int_t
ngx_http_promotions_review_diffed(ngx_http_promotions_ctx_t *ctx,
    redisReply *reply)
{
    ngx_int_t    rc;
    redisReply  *fields;

    fields = ngx_http_promotions_review_fields(ctx, reply, &rc);

    return (fields == NULL) ? rc
           : ngx_http_promotions_review_diff_post(ctx, fields, reply);
}


/* What accepting would change now: of one that can be accepted. */

static ngx_int_t
ngx_http_promotions_review_diff_post(ngx_http_promotions_ctx_t *ctx,
    redisReply *fields, redisReply *reply)
{
    pm_error_t       err;
    pm_arena_t      *arena;
    const char      *state, *text;
    pm_promotion_t  *promotion;

    state = ngx_http_promotions_record_field(fields, "state");
    text = ngx_http_promotions_record_field(fields, "input");

    if (text == NULL
        || ngx_http_promotions_record_field(fields, "asked") == NULL
        || ngx_strcmp(state, "LANDED") == 0
        || ngx_strcmp(state, "REJECTED") == 0
        || ngx_strcmp(state, "CANCELLED") == 0)
    {
        return ngx_http_promotions_decided_already(ctx, state,
                   ngx_http_promotions_record_field(fields, "decider"),
                   ngx_http_promotions_record_field(fields, "decided_at"),
                   ngx_http_promotions_record_field(fields, "reason"));
    }

    arena = pm_arena_create();
    promotion = (arena != NULL)
                ? pm_arena_zalloc(arena, sizeof(pm_promotion_t)) : NULL;

    if (promotion == NULL) {
        pm_arena_destroy(arena);
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (pm_record_decode(arena, ctx->management->names[0], text,
                         ngx_strlen(text), promotion, &err)
        != 0)
    {
        pm_arena_destroy(arena);
        return ngx_http_promotions_management_fault(ctx->request, &err);
    }

    if (promotion->api != NULL) {
        text = (char *) ngx_promotions_reply_text(reply, 1).data;
        promotion->api->last = pm_arena_strdup(arena, text ? text : "");
        promotion->api->may_create = 1;
        promotion->api->may_update = 1;

        if (promotion->api->last != NULL && *promotion->api->last == '\0') {
            promotion->api->last = NULL;
        }
    }

    if (ngx_http_promotions_look_post(arena, promotion,
                                      (char *) ctx->first.id,
                                      NGX_HTTP_PROMOTIONS_LOOK_DIFF)
        != NGX_OK)
    {
        pm_arena_destroy(arena);
        return ngx_http_promotions_management_error(ctx->request,
                   NGX_HTTP_SERVICE_UNAVAILABLE, NULL,
                   "too many jobs are waiting, try again", NULL);
    }

    return NGX_AGAIN;
}
