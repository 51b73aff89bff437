#include "http/ngx_http_promotions_management.h"
#include "http/ngx_http_promotions_audit.h"
#include "http/ngx_http_promotions_record.h"
#include "http/ngx_http_promotions_reply.h"
#include "http/ngx_http_promotions_wait.h"
#include "base/pm_failpoint.h"


static void ngx_http_promotions_decided(void *data, redisReply *reply);


ngx_int_t
ngx_http_promotions_decide(ngx_http_promotions_ctx_t *ctx, const char *what,
    redisReply *fields)
{
    ngx_promotions_args_t         args;
    ngx_http_promotions_asked_t  *asked;

    if (ngx_http_promotions_script_args(&args, (u_char *) "0000000000000000")
        != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    asked = ngx_http_promotions_asked(ctx);

    if (asked == NULL) {
        ngx_destroy_pool(args.pool);
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_http_promotions_decide_who(&args, ctx, what);
    ngx_promotions_args_number(&args,
                               ngx_http_promotions_worker.pmcf->retention);
    ngx_http_promotions_audit_decided(&args, ctx->key,
                                      ctx->management->names[0], what,
                                      ctx->management->decision.reason,
                                      fields);

    if (ngx_http_promotions_script_send(&args, "decide",
                                        ngx_http_promotions_decided, asked)
        != NGX_OK)
    {
        ngx_free(asked);
        return ngx_http_promotions_management_unavailable(ctx->request);
    }

    pm_failpoint("review_deciding");

    return NGX_AGAIN;
}


static void
ngx_http_promotions_decided(void *data, redisReply *reply)
{
    ngx_int_t                   rc;
    ngx_http_promotions_ctx_t  *ctx;

    ctx = ngx_http_promotions_asked_ctx(data);

    if (ctx == NULL) {
        return;
    }

    if (ngx_http_promotions_reply_is(reply, "done") && reply->elements > 1) {

        if (ctx->management->gone != NULL) {
            rc = ngx_http_promotions_management_error(ctx->request,
                     NGX_HTTP_CONFLICT, "promotion.target.gone",
                     ctx->management->gone, NULL);
        } else {
            rc = ngx_http_promotions_review_send(ctx, NGX_HTTP_OK,
                                                 ctx->management->names[0],
                                                 reply->element[1]);
        }

    } else {
        rc = ngx_http_promotions_decided_not(ctx, reply);
    }

    if (rc != NGX_AGAIN) {
        ngx_http_promotions_finish(ctx, rc);
    }
}


ngx_int_t
ngx_http_promotions_decided_already(ngx_http_promotions_ctx_t *ctx,
    const char *state, const char *decider, const char *decided_at,
    const char *reason)
{
    json_t      *parameters;
    pm_error_t   err;
    const char  *status;

    status = ngx_http_promotions_review_status(state && *state ? state
                                                               : "CREATED");
    decider = (decider != NULL) ? decider : "";

    if (ngx_strcmp(status, "TO_BE_VALIDATED") == 0) {
        (void) pm_error_set(&err, PM_CONFLICT, "Promotion [%s] is being "
                            "accepted by %s.", ctx->management->names[0],
                            decider);

    } else if (*decider) {
        (void) pm_error_set(&err, PM_CONFLICT, "Promotion [%s] is already %s "
                            "by %s.", ctx->management->names[0], status,
                            decider);

    } else {
        (void) pm_error_set(&err, PM_CONFLICT, "Promotion [%s] is %s.",
                            ctx->management->names[0], status);
    }

    parameters = json_pack("{s:s, s:s, s:s}",
                           "promotion", ctx->management->names[0],
                           "status", status, "decider", decider);

    if (decided_at != NULL && *decided_at) {
        (void) json_object_set_new(parameters, "decidedAt",
                                   json_string(decided_at));
    }

    if (reason != NULL && *reason) {
        (void) json_object_set_new(parameters, "reason", json_string(reason));
    }

    return ngx_http_promotions_management_error(ctx->request,
               NGX_HTTP_CONFLICT, "promotion.alreadyProcessed", err.message,
               parameters);
}


void
ngx_http_promotions_decide_who(ngx_promotions_args_t *args,
    const ngx_http_promotions_ctx_t *ctx, const char *what)
{
    ngx_promotions_args_string(args, ctx->management->names[0]);
    ngx_promotions_args_string(args, what);
    ngx_promotions_args_string(args, (char *) ctx->first.id);
    ngx_promotions_args_string(args, ctx->key->id);
    ngx_promotions_args_string(args, ctx->key->author_name);
    ngx_promotions_args_string(args, ctx->key->author_email);
    ngx_promotions_args_string(args, ctx->management->decision.reason);
}


ngx_int_t
ngx_http_promotions_decided_not(ngx_http_promotions_ctx_t *ctx,
    redisReply *reply)
{
    if (ngx_http_promotions_reply_is(reply, "no")) {
        return ngx_http_promotions_decided_already(ctx,
                   (char *) ngx_promotions_reply_text(reply, 1).data,
                   (char *) ngx_promotions_reply_text(reply, 2).data,
                   (char *) ngx_promotions_reply_text(reply, 3).data,
                   (char *) ngx_promotions_reply_text(reply, 4).data);
    }

    if (ngx_http_promotions_reply_is(reply, "full")) {
        return ngx_http_promotions_management_error(ctx->request,
                   NGX_HTTP_SERVICE_UNAVAILABLE, NULL,
                   "too many promotions wait for this branch, try again",
                   NULL);
    }

    return ngx_http_promotions_management_error(ctx->request,
               NGX_HTTP_SERVICE_UNAVAILABLE, NULL,
               "redis is not available: whether the promotion was accepted "
               "its Promotion-Id tells", NULL);
}
