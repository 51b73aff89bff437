#include "http/ngx_http_promotions_submit.h"
#include "http/ngx_http_promotions_audit.h"
#include "http/ngx_http_promotions_script.h"
#include "http/ngx_http_promotions_wait.h"
#include "promotion/pm_record.h"


static void ngx_http_promotions_submit_lanes(ngx_promotions_args_t *args,
    ngx_http_promotions_waiter_t *first);
static ngx_int_t ngx_http_promotions_submit_record(
    ngx_promotions_args_t *args, ngx_http_promotions_waiter_t *waiter);
static void ngx_http_promotions_submit_application(
    ngx_promotions_args_t *args, const pm_application_id_t *id);


ngx_int_t
ngx_http_promotions_submit_args(ngx_promotions_args_t *args,
    ngx_http_promotions_waiter_t *first)
{
    u_char                           *p;
    ngx_uint_t                        n;
    ngx_http_promotions_ctx_t        *ctx;
    ngx_http_promotions_waiter_t     *waiter;
    ngx_http_promotions_main_conf_t  *pmcf;

    ctx = first->ctx;
    pmcf = ngx_http_promotions_worker.pmcf;

    if (ngx_http_promotions_script_args(args, first->lane) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_promotions_args_number(args, pmcf->queue);
    ngx_promotions_args_number(args, pmcf->retention);

    if (ctx->idempotency.len && first != &ctx->first) {

        /* a group's other lanes: each has its own part of the group */

        p = ngx_pnalloc(args->pool, ctx->idempotency.len + 1
                                    + NGX_HTTP_PROMOTIONS_LANE_ID);
        if (p == NULL) {
            goto failed;
        }

        ngx_promotions_args_add(args, p,
                                ngx_sprintf(p, "%V:%s", &ctx->idempotency,
                                            first->lane)
                                - p);
    } else {
        ngx_promotions_args_add(args, ctx->idempotency.data,
                                ctx->idempotency.len);
    }

    ngx_promotions_args_add(args, ctx->body_digest.data,
                            ctx->body_digest.len);
    ngx_http_promotions_submit_lanes(args, first);

    n = 0;

    for (waiter = first;
         waiter;
         waiter = ngx_http_promotions_submit_next(waiter))
    {
        n++;
    }

    ngx_promotions_args_number(args, n);

    for (waiter = first;
         waiter;
         waiter = ngx_http_promotions_submit_next(waiter))
    {
        if (ngx_http_promotions_submit_record(args, waiter) != NGX_OK) {
            goto failed;
        }
    }

    return NGX_OK;

failed:

    ngx_destroy_pool(args->pool);

    return NGX_ERROR;
}


/* A group's other lanes, with the first: a replay asks for all of the group,
 * wherever the catalog has its destinations by then. */

static void
ngx_http_promotions_submit_lanes(ngx_promotions_args_t *args,
    ngx_http_promotions_waiter_t *first)
{
    u_char                     *p, *lane, *lanes;
    ngx_uint_t                  i, j;
    ngx_http_promotions_ctx_t  *ctx;

    ctx = first->ctx;

    if (first != &ctx->first || ctx->nothers == 0) {
        ngx_promotions_args_string(args, NULL);
        return;
    }

    lanes = ngx_pnalloc(args->pool,
                        ctx->nothers * (NGX_HTTP_PROMOTIONS_LANE_ID + 1));
    if (lanes == NULL) {
        args->failed = 1;
        return;
    }

    p = lanes;

    for (i = 1; i <= ctx->nothers; i++) {
        lane = ngx_http_promotions_nth(ctx, i)->lane;

        for (j = 0; j < i; j++) {
            if (ngx_strcmp(ngx_http_promotions_nth(ctx, j)->lane, lane) == 0) {
                break;
            }
        }

        if (j == i) {
            p = ngx_sprintf(p, "%s ", lane);
        }
    }

    ngx_promotions_args_add(args, lanes, p - lanes);
}


static ngx_int_t
ngx_http_promotions_submit_record(ngx_promotions_args_t *args,
    ngx_http_promotions_waiter_t *waiter)
{
    pm_error_t             err;
    pm_string_t            input;
    const pm_promotion_t  *promotion;

    promotion = waiter->promotion;

    if (pm_record_encode(waiter->ctx->arena, promotion, &input, &err) != 0) {
        return NGX_ERROR;
    }

    ngx_log_error(NGX_LOG_INFO, waiter->ctx->request->connection->log, 0,
                  "promotion %s: %s %s/%s/%s to %s/%s/%s by \"%s\"",
                  promotion->id, pm_promotion_kind(promotion),
                  promotion->source.runtime, promotion->source.namespace,
                  promotion->source.name, promotion->destination.runtime,
                  promotion->destination.namespace,
                  promotion->destination.name, promotion->key_name);

    if (promotion->overridden != NULL) {
        ngx_log_error(NGX_LOG_NOTICE,
                      waiter->ctx->request->connection->log, 0,
                      "promotion %s: \"%s\" overrides: %s", promotion->id,
                      promotion->key_name, promotion->overridden);
    }

    ngx_promotions_args_string(args, promotion->id);
    ngx_promotions_args_string(args, promotion->source_environment);
    ngx_promotions_args_string(args, promotion->destination_environment);
    ngx_promotions_args_number(args, promotion->overridden ? 18 : 16);

    ngx_promotions_args_string(args, "author");
    ngx_promotions_args_string(args, promotion->author_name);
    ngx_promotions_args_string(args, "source");
    ngx_http_promotions_submit_application(args, &promotion->source);
    ngx_promotions_args_string(args, "destination");
    ngx_http_promotions_submit_application(args, &promotion->destination);
    ngx_promotions_args_string(args, "product");
    ngx_promotions_args_string(args, promotion->product);
    ngx_promotions_args_string(args, "kind");
    ngx_promotions_args_string(args, pm_promotion_kind(promotion));
    ngx_promotions_args_string(args, "key");
    ngx_promotions_args_string(args, waiter->ctx->key->id);
    ngx_promotions_args_string(args, "group");
    ngx_promotions_args_string(args, promotion->group);
    ngx_promotions_args_string(args, "input");
    ngx_promotions_args_add(args, input.data, input.len);

    if (promotion->overridden != NULL) {
        ngx_promotions_args_string(args, "override");
        ngx_promotions_args_string(args, "1");
    }

    ngx_http_promotions_audit_created(args, promotion, waiter->ctx->key);

    return NGX_OK;
}


/* "<runtime>/<namespace>/<name>" */

static void
ngx_http_promotions_submit_application(ngx_promotions_args_t *args,
    const pm_application_id_t *id)
{
    u_char  *p;
    size_t   len;

    len = ngx_strlen(id->runtime) + ngx_strlen(id->namespace)
          + ngx_strlen(id->name) + 2;

    p = ngx_pnalloc(args->pool, len);

    if (p == NULL) {
        args->failed = 1;
        return;
    }

    (void) ngx_sprintf(p, "%s/%s/%s", id->runtime, id->namespace, id->name);

    ngx_promotions_args_add(args, p, len);
}


ngx_uint_t
ngx_http_promotions_submit_open(const ngx_http_promotions_waiter_t *waiter)
{
    return !waiter->queued && !waiter->status;
}


ngx_http_promotions_waiter_t *
ngx_http_promotions_submit_next(ngx_http_promotions_waiter_t *waiter)
{
    ngx_uint_t                  i;
    ngx_http_promotions_ctx_t  *ctx;

    ctx = waiter->ctx;

    i = (waiter == &ctx->first) ? 0 : (ngx_uint_t) (waiter - ctx->others) + 1;

    for ( /* void */ ; i < ctx->nothers; i++) {
        if (ngx_http_promotions_submit_open(&ctx->others[i])
            && ngx_strcmp(ctx->others[i].lane, waiter->lane) == 0)
        {
            return &ctx->others[i];
        }
    }

    return NULL;
}
