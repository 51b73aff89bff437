#include "http/ngx_http_promotions_submit.h"
#include "http/ngx_http_promotions_header.h"
#include "http/ngx_http_promotions_lane.h"
#include "http/ngx_http_promotions_result.h"
#include "http/ngx_http_promotions_reply.h"
#include "http/ngx_http_promotions_wait.h"
#include "base/pm_failpoint.h"


/* A submit whose reply was lost is sent once more, after so many ms. */

#define NGX_HTTP_PROMOTIONS_SUBMIT_AGAIN  300


static void ngx_http_promotions_submit_reply(
    ngx_http_promotions_waiter_t *first, redisReply *reply,
    ngx_uint_t again);
static ngx_int_t ngx_http_promotions_submit_replayed(
    ngx_http_promotions_waiter_t *first, redisReply *reply);
static ngx_uint_t ngx_http_promotions_submit_is(
    const ngx_http_promotions_waiter_t *waiter, const ngx_str_t *destination);
static void ngx_http_promotions_submit_fail(
    ngx_http_promotions_waiter_t *first, ngx_uint_t status,
    const char *message);
static void ngx_http_promotions_submit_queued(
    ngx_http_promotions_ctx_t *ctx);


void
ngx_http_promotions_submitted(void *data, redisReply *reply)
{
    ngx_str_t                      lane;
    ngx_uint_t                     leads;
    ngx_http_promotions_submit_t  *submit = data;
    ngx_http_promotions_waiter_t  *first;

    pm_failpoint("submitted");

    leads = (reply != NULL && ngx_promotions_reply_number(reply, 1) == 1);

    first = ngx_http_promotions_find_waiter((char *) submit->id);

    if (first != NULL) {
        ngx_http_promotions_submit_reply(first, reply, submit->again);
    }

    /* last: a leader's first step may already answer */

    if (leads) {
        lane.data = submit->lane;
        lane.len = NGX_HTTP_PROMOTIONS_LANE_ID;

        ngx_http_promotions_lane_lead(&lane);
    }

    ngx_free(submit);
}


static void
ngx_http_promotions_submit_reply(ngx_http_promotions_waiter_t *first,
    redisReply *reply, ngx_uint_t again)
{
    ngx_str_t                      what, id;
    ngx_http_promotions_ctx_t     *ctx;
    ngx_http_promotions_waiter_t  *waiter;

    ctx = first->ctx;

    if (reply == NULL) {
        ngx_http_promotions_submit_lost(first, again);
        return;
    }

    what = ngx_promotions_reply_text(reply, 0);
    id = ngx_promotions_reply_text(reply, 1);

    if (what.len == 4 && ngx_strncmp(what.data, "full", 4) == 0) {
        ngx_http_promotions_submit_fail(first, NGX_HTTP_SERVICE_UNAVAILABLE,
            "too many promotions wait for this branch, try again");
        return;
    }

    if (what.len == 8 && ngx_strncmp(what.data, "conflict", 8) == 0) {

        /* the first lane's key was free again, after a failure */

        if (first != &ctx->first) {
            ngx_http_promotions_submit_fail(first, NGX_HTTP_CONFLICT,
                "Idempotency-Key was used with another body");
            return;
        }

        ngx_http_promotions_wait_for(&ctx->first, &id);
        ngx_http_promotions_finish(ctx,
            ngx_http_promotions_send_fault(ctx, NGX_HTTP_CONFLICT,
                "Idempotency-Key was used with another body, by the "
                "promotion of this Promotion-Id"));
        return;
    }

    ngx_http_promotions_wait_hold(ctx);

    if (what.len == 8 && ngx_strncmp(what.data, "replayed", 8) == 0) {

        if (ngx_http_promotions_submit_replayed(first, reply) != NGX_OK) {
            ngx_http_promotions_submit_fail(first, NGX_HTTP_CONFLICT,
                "Idempotency-Key was used before the catalog changed, use "
                "another one");
            ngx_http_promotions_wait_release(ctx);
            return;
        }

    } else {

        for (waiter = first;
             waiter;
             waiter = ngx_http_promotions_submit_next(waiter))
        {
            waiter->queued = 1;

            /* it may have ended long ago */

            if (what.len != 6 || ngx_strncmp(what.data, "queued", 6) != 0) {
                (void) ngx_http_promotions_read_results(&waiter->node.str, 1);
            }
        }
    }

    if (first == &ctx->first && ctx->idempotency.len) {
        ngx_http_promotions_submit_all(ctx, 0);
    }

    ngx_http_promotions_submit_queued(ctx);
    ngx_http_promotions_wait_release(ctx);
}


/*
 * Each waits for the promotion that the key has of its destination: by now the
 * catalog may have it on another lane than it was promoted on.  What the key
 * has none of is promoted, after the first lane's reply; NGX_ERROR: it cannot
 * be, since this lane's part of the key is taken.
 */

static ngx_int_t
ngx_http_promotions_submit_replayed(ngx_http_promotions_waiter_t *first,
    redisReply *reply)
{
    ngx_str_t                      id, destination;
    ngx_uint_t                     i, n;
    ngx_http_promotions_ctx_t     *ctx;
    ngx_http_promotions_waiter_t  *waiter;

    ctx = first->ctx;

    for (n = 1; n + 1 < reply->elements; n += 2) {
        id = ngx_promotions_reply_text(reply, n);
        destination = ngx_promotions_reply_text(reply, n + 1);

        for (i = 0; i <= ctx->nothers; i++) {
            waiter = ngx_http_promotions_nth(ctx, i);

            if (ngx_http_promotions_submit_open(waiter)
                && (first == &ctx->first
                    || ngx_strcmp(waiter->lane, first->lane) == 0)
                && ngx_http_promotions_submit_is(waiter, &destination))
            {
                ngx_http_promotions_wait_for(waiter, &id);
                waiter->queued = 1;
                (void) ngx_http_promotions_read_results(&waiter->node.str, 1);
                break;
            }
        }
    }

    if (ngx_http_promotions_submit_open(first)
        || (first != &ctx->first
            && ngx_http_promotions_submit_next(first) != NULL))
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}


/* "<runtime>/<namespace>/<name>", as the record has it */

static ngx_uint_t
ngx_http_promotions_submit_is(const ngx_http_promotions_waiter_t *waiter,
    const ngx_str_t *destination)
{
    size_t                      runtime, namespace, name;
    u_char                     *p;
    const pm_application_id_t  *id;

    id = &waiter->promotion->destination;
    p = destination->data;

    runtime = ngx_strlen(id->runtime);
    namespace = ngx_strlen(id->namespace);
    name = ngx_strlen(id->name);

    return destination->len == runtime + 1 + namespace + 1 + name
           && ngx_memcmp(p, id->runtime, runtime) == 0
           && p[runtime] == '/'
           && ngx_memcmp(p + runtime + 1, id->namespace, namespace) == 0
           && p[runtime + 1 + namespace] == '/'
           && ngx_memcmp(p + runtime + 1 + namespace + 1, id->name, name) == 0;
}


/* It may be queued or not: the same id once more, then 503 that names it. */

void
ngx_http_promotions_submit_lost(ngx_http_promotions_waiter_t *first,
    ngx_uint_t again)
{
    ngx_http_promotions_ctx_t  *ctx;

    ctx = first->ctx;

    if (!again) {
        ctx->resubmit = 1;
        ngx_add_timer(&ctx->timer, NGX_HTTP_PROMOTIONS_SUBMIT_AGAIN);
        return;
    }

    ngx_http_promotions_submit_fail(first, NGX_HTTP_SERVICE_UNAVAILABLE,
        "redis is not available, try again; if the promotion was queued all "
        "the same, its Promotion-Id tells");
}


/*
 * Nothing of this lane is done.  Under an Idempotency-Key that means nothing
 * of the lanes that wait for the first, either.  The request may be gone after
 * this.
 */

static void
ngx_http_promotions_submit_fail(ngx_http_promotions_waiter_t *first,
    ngx_uint_t status, const char *message)
{
    ngx_uint_t                     i, all;
    ngx_http_promotions_ctx_t     *ctx;
    ngx_http_promotions_waiter_t  *waiter;

    ctx = first->ctx;
    all = (ctx->idempotency.len && first == &ctx->first);

    ngx_http_promotions_wait_hold(ctx);

    for (i = 0; i <= ctx->nothers; i++) {
        waiter = ngx_http_promotions_nth(ctx, i);

        if (ngx_http_promotions_submit_open(waiter)
            && (all || ngx_strcmp(waiter->lane, first->lane) == 0))
        {
            ngx_http_promotions_wait_result(waiter, status, message, NULL);
        }
    }

    /* the other lanes may have been waiting for this one's reply */

    ngx_http_promotions_submit_queued(ctx);
    ngx_http_promotions_wait_release(ctx);
}


static void
ngx_http_promotions_submit_queued(ngx_http_promotions_ctx_t *ctx)
{
    ngx_uint_t                       i;
    ngx_http_promotions_waiter_t    *waiter;
    ngx_http_promotions_loc_conf_t  *plcf;

    /* the timer is for a lane that has not answered, or all of them wait */

    if (ctx->resubmit) {
        return;
    }

    for (i = 0; i <= ctx->nothers; i++) {
        waiter = ngx_http_promotions_nth(ctx, i);

        if (ngx_http_promotions_submit_open(waiter)) {
            return;
        }
    }

    plcf = ngx_http_get_module_loc_conf(ctx->request,
                                        ngx_http_promotions_module);

    /* at once, but not from within this call: the request is in use */

    ngx_add_timer(&ctx->timer,
                  ngx_http_promotions_prefers(ctx->request, "respond-async")
                  ? 0 : plcf->wait);
}
