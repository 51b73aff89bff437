#include "http/ngx_http_promotions_submit.h"
#include "http/ngx_http_promotions_header.h"
#include "http/ngx_http_promotions_result.h"
#include "http/ngx_http_promotions_reply.h"
#include "http/ngx_http_promotions_script.h"
#include "http/ngx_http_promotions_wait.h"
#include "base/pm_failpoint.h"


#define NGX_HTTP_PROMOTIONS_IDEMPOTENCY  255


static const char *ngx_http_promotions_submit_large(
    ngx_http_promotions_ctx_t *ctx);
static ngx_int_t ngx_http_promotions_submit_lane(
    ngx_http_promotions_waiter_t *first, ngx_uint_t again);
static ngx_int_t ngx_http_promotions_idempotency(
    ngx_http_promotions_ctx_t *ctx);
static void ngx_http_promotions_submit_timer(ngx_event_t *ev);


ngx_int_t
ngx_http_promotions_submit(ngx_http_promotions_ctx_t *ctx)
{
    const char  *large;

    if (ngx_http_promotions_idempotency(ctx) != NGX_OK) {
        return ngx_http_promotions_send_error(ctx->request,
                   NGX_HTTP_BAD_REQUEST,
                   "Idempotency-Key must have 1 to 255 visible characters");
    }

    large = ngx_http_promotions_submit_large(ctx);

    if (large != NULL) {
        return ngx_http_promotions_send_error(ctx->request,
                   ngx_http_promotions_status(PM_UNPROCESSABLE), large);
    }

    ctx->timer.handler = ngx_http_promotions_submit_timer;
    ctx->timer.data = ctx;
    ctx->timer.log = ngx_cycle->log;

    ngx_http_promotions_submit_all(ctx, 0);

    return NGX_AGAIN;
}


/* A group that no queue can ever hold is no matter of trying again: why it is
 * refused, or NULL. */

static const char *
ngx_http_promotions_submit_large(ngx_http_promotions_ctx_t *ctx)
{
    ngx_int_t                        n, queue;
    ngx_uint_t                       i;
    ngx_http_promotions_waiter_t    *waiter;

    queue = ngx_http_promotions_worker.pmcf->queue;

    for (i = 0; i <= ctx->nothers; i++) {
        n = 0;

        for (waiter = ngx_http_promotions_nth(ctx, i);
             waiter;
             waiter = ngx_http_promotions_submit_next(waiter))
        {
            n++;
        }

        if (n > queue) {
            return pm_arena_printf(ctx->arena, "%d promotions of this request "
                       "go to one branch, whose queue holds at most %d "
                       "(promotions_queue): ask for fewer at once", (int) n,
                       (int) queue);
        }
    }

    return NULL;
}


/*
 * One call for each lane that has none of its promotions in Redis yet.  Under
 * an Idempotency-Key the first lane goes ahead: if the key is another body's,
 * nothing of this one is queued anywhere.
 */

void
ngx_http_promotions_submit_all(ngx_http_promotions_ctx_t *ctx,
    ngx_uint_t again)
{
    ngx_uint_t                      i, j, last;
    ngx_http_promotions_waiter_t   *waiter, *other;

    last = (ctx->idempotency.len && !ctx->first.queued) ? 0 : ctx->nothers;

    for (i = 0; i <= last; i++) {
        waiter = ngx_http_promotions_nth(ctx, i);

        if (!ngx_http_promotions_submit_open(waiter)) {
            continue;
        }

        /* one on the same lane before it has taken it along */

        for (j = 0; j < i; j++) {
            other = ngx_http_promotions_nth(ctx, j);

            if (ngx_http_promotions_submit_open(other)
                && ngx_strcmp(other->lane, waiter->lane) == 0)
            {
                break;
            }
        }

        if (j == i
            && ngx_http_promotions_submit_lane(waiter, again) != NGX_OK)
        {
            ngx_http_promotions_submit_lost(waiter, again);
        }
    }
}


static ngx_int_t
ngx_http_promotions_submit_lane(ngx_http_promotions_waiter_t *first,
    ngx_uint_t again)
{
    ngx_promotions_args_t          args;
    ngx_http_promotions_submit_t  *submit;

    submit = ngx_calloc(sizeof(ngx_http_promotions_submit_t),
                        ngx_cycle->log);
    if (submit == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(submit->id, first->id, sizeof(first->id));
    ngx_memcpy(submit->lane, first->lane, sizeof(first->lane));
    submit->again = again;

    if (ngx_http_promotions_submit_args(&args, first) != NGX_OK
        || ngx_http_promotions_script_send(&args, "submit",
                                           ngx_http_promotions_submitted,
                                           submit)
           != NGX_OK)
    {
        ngx_free(submit);
        return NGX_ERROR;
    }

    pm_failpoint("submitting");

    return NGX_OK;
}


/* "<key id>:<value>", or empty where the client sent none. */

static ngx_int_t
ngx_http_promotions_idempotency(ngx_http_promotions_ctx_t *ctx)
{
    size_t      i;
    ngx_str_t  *key, *value;

    key = &ctx->idempotency;

    value = ngx_http_promotions_header_in(ctx->request, "idempotency-key",
                                          0);
    if (value == NULL) {
        return NGX_OK;
    }

    if (value->len == 0 || value->len > NGX_HTTP_PROMOTIONS_IDEMPOTENCY) {
        return NGX_ERROR;
    }

    for (i = 0; i < value->len; i++) {
        if (value->data[i] <= 0x20 || value->data[i] >= 0x7f) {
            return NGX_ERROR;
        }
    }

    key->len = ngx_strlen(ctx->key->id) + 1 + value->len;
    key->data = pm_arena_alloc(ctx->arena, key->len);

    if (key->data == NULL) {
        return NGX_ERROR;
    }

    (void) ngx_sprintf(key->data, "%s:%V", ctx->key->id, value);

    return NGX_OK;
}


static void
ngx_http_promotions_submit_timer(ngx_event_t *ev)
{
    ngx_http_promotions_ctx_t       *ctx = ev->data;
    ngx_http_promotions_loc_conf_t  *plcf;

    plcf = ngx_http_get_module_loc_conf(ctx->request,
                                        ngx_http_promotions_module);

    if (ctx->resubmit) {
        ctx->resubmit = 0;

        ngx_http_promotions_wait_hold(ctx);

        /* whatever becomes of the reply, there is an end to the wait */

        ngx_add_timer(&ctx->timer, plcf->wait);
        ngx_http_promotions_submit_all(ctx, 1);
        ngx_http_promotions_wait_release(ctx);
        return;
    }

    ngx_http_promotions_finish(ctx, ngx_http_promotions_send_accepted(ctx));
}
