#include "http/ngx_http_promotions_submit.h"
#include "http/ngx_http_promotions_lane.h"
#include "http/ngx_http_promotions_promote.h"
#include "http/ngx_http_promotions_reply.h"
#include "http/ngx_http_promotions_script.h"
#include "http/ngx_http_promotions_wait.h"
#include "base/pm_failpoint.h"
#include "promotion/pm_record.h"


/* A submit whose reply was lost is sent once more, after so many ms. */

#define NGX_HTTP_PROMOTIONS_SUBMIT_AGAIN  300

#define NGX_HTTP_PROMOTIONS_IDEMPOTENCY   255


/* What a submit under way knows: the client may leave before its reply. */

typedef struct {
    u_char      id[NGX_HTTP_PROMOTIONS_ID_SIZE + 1];
    u_char      lane[NGX_HTTP_PROMOTIONS_LANE_ID + 1];
    ngx_uint_t  again;
} ngx_http_promotions_submit_t;


static ngx_int_t ngx_http_promotions_submit_send(
    ngx_http_promotions_ctx_t *ctx, ngx_uint_t again);
static ngx_int_t ngx_http_promotions_submit_args(ngx_promotions_args_t *args,
    ngx_http_promotions_ctx_t *ctx, const u_char *lane,
    ngx_str_t *idempotency);
static void ngx_http_promotions_submit_application(
    ngx_promotions_args_t *args, const pm_application_id_t *id);
static ngx_int_t ngx_http_promotions_idempotency(
    ngx_http_promotions_ctx_t *ctx, ngx_str_t *key);
static void ngx_http_promotions_submitted(void *data, redisReply *reply);
static ngx_int_t ngx_http_promotions_submit_lost(
    ngx_http_promotions_ctx_t *ctx, ngx_uint_t again);
static ngx_int_t ngx_http_promotions_submit_queued(
    ngx_http_promotions_ctx_t *ctx);
static void ngx_http_promotions_submit_timer(ngx_event_t *ev);
static ngx_str_t *ngx_http_promotions_request_header(ngx_http_request_t *r,
    const char *name);
static ngx_uint_t ngx_http_promotions_respond_async(ngx_http_request_t *r);


ngx_int_t
ngx_http_promotions_submit(ngx_http_promotions_ctx_t *ctx)
{
    ctx->timer.handler = ngx_http_promotions_submit_timer;
    ctx->timer.data = ctx;
    ctx->timer.log = ngx_cycle->log;

    return ngx_http_promotions_submit_send(ctx, 0);
}


static ngx_int_t
ngx_http_promotions_submit_send(ngx_http_promotions_ctx_t *ctx,
    ngx_uint_t again)
{
    ngx_int_t                      rc;
    ngx_str_t                      idempotency;
    ngx_promotions_args_t          args;
    ngx_http_promotions_submit_t  *submit;

    if (ngx_http_promotions_idempotency(ctx, &idempotency) != NGX_OK) {
        return ngx_http_promotions_send_error(ctx->request,
                   NGX_HTTP_BAD_REQUEST,
                   "Idempotency-Key must have 1 to 255 visible characters");
    }

    submit = ngx_calloc(sizeof(ngx_http_promotions_submit_t),
                        ngx_cycle->log);
    if (submit == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_memcpy(submit->id, ctx->id, sizeof(ctx->id));
    pm_promotion_lane(ctx->promotion, (char *) submit->lane);
    submit->again = again;

    rc = ngx_http_promotions_submit_args(&args, ctx, submit->lane,
                                         &idempotency);
    if (rc != NGX_OK) {
        ngx_free(submit);
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (ngx_http_promotions_script_send(&args, "submit",
                                        ngx_http_promotions_submitted, submit)
        != NGX_OK)
    {
        ngx_free(submit);
        return ngx_http_promotions_submit_lost(ctx, again);
    }

    pm_failpoint("submitting");

    return NGX_AGAIN;
}


static ngx_int_t
ngx_http_promotions_submit_args(ngx_promotions_args_t *args,
    ngx_http_promotions_ctx_t *ctx, const u_char *lane,
    ngx_str_t *idempotency)
{
    pm_error_t                        err;
    pm_string_t                       input;
    const pm_promotion_t             *promotion;
    ngx_http_promotions_main_conf_t  *pmcf;

    promotion = ctx->promotion;
    pmcf = ngx_http_promotions_worker.pmcf;

    if (pm_record_encode(ctx->arena, promotion, &input, &err) != 0
        || ngx_http_promotions_script_args(args, lane) != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_promotions_args_number(args, pmcf->queue);
    ngx_promotions_args_number(args, pmcf->retention);
    ngx_promotions_args_add(args, idempotency->data, idempotency->len);
    ngx_promotions_args_add(args, ctx->body_digest.data,
                            ctx->body_digest.len);
    ngx_promotions_args_number(args, 1);

    ngx_promotions_args_string(args, (char *) ctx->id);
    ngx_promotions_args_string(args, promotion->source_environment);
    ngx_promotions_args_string(args, promotion->destination_environment);
    ngx_promotions_args_number(args, 14);

    ngx_promotions_args_string(args, "author");
    ngx_promotions_args_string(args, promotion->author_name);
    ngx_promotions_args_string(args, "source");
    ngx_http_promotions_submit_application(args, &promotion->source);
    ngx_promotions_args_string(args, "destination");
    ngx_http_promotions_submit_application(args, &promotion->destination);
    ngx_promotions_args_string(args, "kind");
    ngx_promotions_args_string(args, "commit");
    ngx_promotions_args_string(args, "key");
    ngx_promotions_args_string(args, ctx->key->id);
    ngx_promotions_args_string(args, "group");
    ngx_promotions_args_string(args, "");
    ngx_promotions_args_string(args, "input");
    ngx_promotions_args_add(args, input.data, input.len);

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


/* "<key id>:<value>", or empty where the client sent none. */

static ngx_int_t
ngx_http_promotions_idempotency(ngx_http_promotions_ctx_t *ctx,
    ngx_str_t *key)
{
    size_t      i;
    ngx_str_t  *value;

    ngx_str_null(key);

    value = ngx_http_promotions_request_header(ctx->request,
                                               "idempotency-key");
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
ngx_http_promotions_submitted(void *data, redisReply *reply)
{
    ngx_int_t                      rc;
    ngx_str_t                      what, id, lane;
    ngx_http_promotions_ctx_t     *ctx;
    ngx_http_promotions_submit_t  *submit = data;

    pm_failpoint("submitted");

    ctx = ngx_http_promotions_find((char *) submit->id);

    what.len = 0;
    ngx_str_null(&id);

    if (reply != NULL) {
        what = ngx_promotions_reply_text(reply, 0);
        id = ngx_promotions_reply_text(reply, 1);
    }

    lane.data = submit->lane;
    lane.len = NGX_HTTP_PROMOTIONS_LANE_ID;

    rc = NGX_AGAIN;

    if (what.len == 6 && ngx_strncmp(what.data, "queued", 6) == 0) {

        if (ctx != NULL) {
            rc = ngx_http_promotions_submit_queued(ctx);
        }

    } else if (ctx == NULL) {
        /* the client has left before it was queued, or it was here already */

    } else if (what.len == 5 && ngx_strncmp(what.data, "known", 5) == 0) {
        rc = ngx_http_promotions_submit_queued(ctx);
        ngx_http_promotions_read_results(&ctx->waiter.str, 1);

    } else if (what.len == 8 && ngx_strncmp(what.data, "replayed", 8) == 0) {
        ngx_http_promotions_wait_for(ctx, &id);
        rc = ngx_http_promotions_submit_queued(ctx);
        ngx_http_promotions_read_results(&ctx->waiter.str, 1);

    } else if (what.len == 8 && ngx_strncmp(what.data, "conflict", 8) == 0) {
        ngx_http_promotions_wait_for(ctx, &id);
        rc = ngx_http_promotions_send_result(ctx, NGX_HTTP_CONFLICT,
                 "Idempotency-Key was used with another body, by the "
                 "promotion of this Promotion-Id", NULL);

    } else if (what.len == 4 && ngx_strncmp(what.data, "full", 4) == 0) {
        rc = ngx_http_promotions_send_error(ctx->request,
                 NGX_HTTP_SERVICE_UNAVAILABLE,
                 "too many promotions wait for this branch, try again");

    } else {
        rc = ngx_http_promotions_submit_lost(ctx, submit->again);
    }

    if (rc != NGX_AGAIN) {
        ngx_http_promotions_finish(ctx, rc);
    }

    /* last: a leader's first step may already answer */

    if (reply != NULL && ngx_promotions_reply_number(reply, 1) == 1) {
        ngx_http_promotions_lane_lead(&lane);
    }

    ngx_free(submit);
}


/* It may be queued or not: the same id once more, then 503 that names it. */

static ngx_int_t
ngx_http_promotions_submit_lost(ngx_http_promotions_ctx_t *ctx,
    ngx_uint_t again)
{
    if (!again) {
        ctx->resubmit = 1;
        ngx_add_timer(&ctx->timer, NGX_HTTP_PROMOTIONS_SUBMIT_AGAIN);

        return NGX_AGAIN;
    }

    return ngx_http_promotions_send_result(ctx, NGX_HTTP_SERVICE_UNAVAILABLE,
               "redis is not available, try again; if the promotion was "
               "queued all the same, its Promotion-Id tells", NULL);
}


static ngx_int_t
ngx_http_promotions_submit_queued(ngx_http_promotions_ctx_t *ctx)
{
    ngx_http_promotions_loc_conf_t  *plcf;

    ctx->queued = 1;

    if (ngx_http_promotions_respond_async(ctx->request)) {
        return ngx_http_promotions_send_accepted(ctx);
    }

    plcf = ngx_http_get_module_loc_conf(ctx->request,
                                        ngx_http_promotions_module);

    ctx->resubmit = 0;
    ngx_add_timer(&ctx->timer, plcf->wait);

    return NGX_AGAIN;
}


static void
ngx_http_promotions_submit_timer(ngx_event_t *ev)
{
    ngx_int_t                   rc;
    ngx_http_promotions_ctx_t  *ctx = ev->data;

    if (ctx->resubmit) {
        ctx->resubmit = 0;
        rc = ngx_http_promotions_submit_send(ctx, 1);

    } else {
        rc = ngx_http_promotions_send_accepted(ctx);
    }

    if (rc != NGX_AGAIN) {
        ngx_http_promotions_finish(ctx, rc);
    }
}


/* name in lower case; NULL: not sent. */

static ngx_str_t *
ngx_http_promotions_request_header(ngx_http_request_t *r, const char *name)
{
    size_t            len;
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *header;

    len = ngx_strlen(name);
    part = &r->headers_in.headers.part;
    header = part->elts;

    for (i = 0; /* void */ ; i++) {

        if (i >= part->nelts) {
            part = part->next;

            if (part == NULL) {
                return NULL;
            }

            header = part->elts;
            i = 0;
        }

        if (header[i].key.len == len
            && ngx_strncmp(header[i].lowcase_key, name, len) == 0)
        {
            return &header[i].value;
        }
    }
}


/* RFC 7240, section 4.1. */

static ngx_uint_t
ngx_http_promotions_respond_async(ngx_http_request_t *r)
{
    ngx_str_t  *prefer;

    prefer = ngx_http_promotions_request_header(r, "prefer");

    return prefer != NULL
           && ngx_strlcasestrn(prefer->data, prefer->data + prefer->len,
                               (u_char *) "respond-async",
                               sizeof("respond-async") - 2)
              != NULL;
}
