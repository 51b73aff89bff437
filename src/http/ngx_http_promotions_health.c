#include "http/ngx_http_promotions.h"
#include "http/ngx_http_promotions_job.h"
#include "http/ngx_http_promotions_reply.h"
#include "http/ngx_http_promotions_wait.h"


/* How long a probe waits for a thread that looks at the mirrors, ms. */

#define NGX_HTTP_PROMOTIONS_HEALTH_WAIT  1000


/* A look at the mirrors, one at a time: who asks needs no key, and takes no
 * more than one place in the pool's queue. */

typedef struct ngx_http_promotions_health_s {
    const char    *mirrors;      /* the configuration's */
    ngx_uint_t     writable;
    ngx_atomic_t   begun;        /* 1: a thread has it */
    ngx_uint_t     seen;         /* that has been seen, at that time: */
    ngx_msec_t     since;
} ngx_http_promotions_health_t;


static void ngx_http_promotions_health_pong(void *data, redisReply *reply);
static void ngx_http_promotions_health_mirrors(
    ngx_http_promotions_ctx_t *ctx);
static ngx_int_t ngx_http_promotions_health_look(
    ngx_http_promotions_main_conf_t *pmcf);
static void ngx_http_promotions_health_run(void *data);
static void ngx_http_promotions_health_done(void *data);
static void ngx_http_promotions_health_late(ngx_event_t *ev);
static void ngx_http_promotions_health_answer(ngx_http_promotions_ctx_t *ctx,
    const char *other);


ngx_int_t
ngx_http_promotions_health_handler(ngx_http_request_t *r)
{
    ngx_int_t                   rc;
    ngx_str_t                   ping;
    ngx_http_promotions_ctx_t  *ctx;

    if (!(r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD))) {
        return ngx_http_promotions_not_allowed(r, "GET, HEAD");
    }

    rc = ngx_http_promotions_discard_body(r);

    if (rc != NGX_OK) {
        return rc;
    }

    ctx = ngx_http_promotions_get_ctx(r);
    if (ctx == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    r->main->count++;

    ngx_str_set(&ping, "PING");

    ctx->lookup = ngx_promotions_redis_send(ngx_http_promotions_worker.redis,
                                            &ping, 1,
                                            ngx_http_promotions_health_pong,
                                            ctx);

    if (ctx->lookup == NULL) {
        ngx_http_promotions_health_mirrors(ctx);
    }

    return NGX_DONE;
}


static void
ngx_http_promotions_health_pong(void *data, redisReply *reply)
{
    ngx_http_promotions_ctx_t  *ctx = data;

    ctx->lookup = NULL;
    ctx->redis = (reply != NULL && reply->type == REDIS_REPLY_STATUS);

    ngx_http_promotions_health_mirrors(ctx);
}


static void
ngx_http_promotions_health_mirrors(ngx_http_promotions_ctx_t *ctx)
{
    ngx_http_promotions_worker_t     *worker;
    ngx_http_promotions_main_conf_t  *pmcf;

    worker = &ngx_http_promotions_worker;

    pmcf = ngx_http_get_module_main_conf(ctx->request,
                                         ngx_http_promotions_module);

    if (worker->look == NULL
        ? ngx_http_promotions_health_look(pmcf) != NGX_OK
        : (worker->full || worker->ending))
    {
        ngx_http_promotions_health_answer(ctx, "threads");
        return;
    }

    ctx->probing = 1;
    ngx_queue_insert_tail(&worker->probes, &ctx->probe);

    ctx->timer.handler = ngx_http_promotions_health_late;
    ctx->timer.data = ctx;
    ctx->timer.log = ngx_cycle->log;

    ngx_add_timer(&ctx->timer, NGX_HTTP_PROMOTIONS_HEALTH_WAIT);
}


static ngx_int_t
ngx_http_promotions_health_look(ngx_http_promotions_main_conf_t *pmcf)
{
    ngx_http_promotions_health_t  *health;

    health = ngx_calloc(sizeof(ngx_http_promotions_health_t),
                        ngx_cycle->log);
    if (health == NULL) {
        return NGX_ERROR;
    }

    health->mirrors = pmcf->git.mirrors;

    if (ngx_http_promotions_job_post(pmcf, ngx_http_promotions_health_run,
                                     ngx_http_promotions_health_done, health)
        != NGX_OK)
    {
        ngx_free(health);
        return NGX_ERROR;
    }

    ngx_http_promotions_worker.look = health;

    return NGX_OK;
}


/* In a thread. */

static void
ngx_http_promotions_health_run(void *data)
{
    ngx_http_promotions_health_t  *health = data;

    health->begun = 1;
    health->writable = pm_git_mirrors_writable(health->mirrors);
}


static void
ngx_http_promotions_health_done(void *data)
{
    ngx_queue_t                    probes, *q;
    ngx_http_promotions_worker_t  *worker;
    ngx_http_promotions_health_t  *health = data;

    worker = &ngx_http_promotions_worker;

    worker->look = NULL;
    worker->unwritable = !health->writable;

    ngx_free(health);

    if (ngx_queue_empty(&worker->probes)) {
        return;
    }

    /* an answer may let a client's next probe begin to wait */

    ngx_queue_init(&probes);
    ngx_queue_add(&probes, &worker->probes);
    ngx_queue_init(&worker->probes);

    while (!ngx_queue_empty(&probes)) {
        q = ngx_queue_head(&probes);

        ngx_http_promotions_health_answer(
                        ngx_queue_data(q, ngx_http_promotions_ctx_t, probe),
                        worker->unwritable ? "mirrors" : NULL);
    }
}


/*
 * The look has not come back.  Threads that are all busy with slow remotes are
 * no fault, as long as the queue takes more: what was last known counts.  A
 * folder that a thread is known to have looked at for as long is on a disk
 * that does not answer.
 */

static void
ngx_http_promotions_health_late(ngx_event_t *ev)
{
    ngx_http_promotions_ctx_t     *ctx = ev->data;
    ngx_http_promotions_health_t  *look;
    ngx_http_promotions_worker_t  *worker;

    worker = &ngx_http_promotions_worker;

    if (worker->full || worker->ending) {
        ngx_http_promotions_health_answer(ctx, "threads");
        return;
    }

    look = worker->look;

    if (look != NULL && look->seen
        && ngx_current_msec - look->since >= NGX_HTTP_PROMOTIONS_HEALTH_WAIT)
    {
        worker->unwritable = 1;

    } else if (look != NULL && look->begun && !look->seen) {
        look->seen = 1;
        look->since = ngx_current_msec;
    }

    ngx_http_promotions_health_answer(ctx, worker->unwritable ? "mirrors"
                                                              : NULL);
}


/* other: what is down besides Redis, or NULL. */

static void
ngx_http_promotions_health_answer(ngx_http_promotions_ctx_t *ctx,
    const char *other)
{
    json_t      *json, *down;
    ngx_uint_t   status;

    if (ctx->redis && other == NULL) {
        status = NGX_HTTP_OK;
        json = json_pack("{s:s}", "status", "ok");

    } else {
        status = NGX_HTTP_SERVICE_UNAVAILABLE;
        down = json_array();

        if (!ctx->redis) {
            (void) json_array_append_new(down, json_string("redis"));
        }

        if (other != NULL) {
            (void) json_array_append_new(down, json_string(other));
        }

        json = json_pack("{s:s, s:o}", "status", "down", "down", down);
    }

    ngx_http_promotions_finish(ctx,
        ngx_http_promotions_send_json(ctx->request, status, json));
}
