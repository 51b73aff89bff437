#include "http/ngx_http_promotions.h"
#include "http/ngx_http_promotions_job.h"
#include "http/ngx_http_promotions_reply.h"
#include "http/ngx_http_promotions_wait.h"


typedef struct {
    u_char       id[NGX_HTTP_PROMOTIONS_ID_SIZE + 1];
    const char  *mirrors;        /* the configuration's */
    ngx_uint_t   redis;          /* 1: it answers */
    ngx_uint_t   writable;
} ngx_http_promotions_health_t;


static void ngx_http_promotions_health_pong(void *data, redisReply *reply);
static void ngx_http_promotions_health_mirrors(ngx_http_promotions_ctx_t *ctx,
    ngx_uint_t redis);
static void ngx_http_promotions_health_run(void *data);
static void ngx_http_promotions_health_done(void *data);
static void ngx_http_promotions_health_answer(ngx_http_promotions_ctx_t *ctx,
    ngx_uint_t redis, const char *other);


ngx_int_t
ngx_http_promotions_health_handler(ngx_http_request_t *r)
{
    ngx_int_t                   rc;
    ngx_str_t                   ping;
    ngx_http_promotions_ctx_t  *ctx;

    if (!(r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD))) {
        return NGX_HTTP_NOT_ALLOWED;
    }

    rc = ngx_http_promotions_discard_body(r);

    if (rc != NGX_OK) {
        return rc;
    }

    ctx = ngx_http_promotions_get_ctx(r);

    if (ctx == NULL
        || ngx_http_promotions_wait(ctx) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    r->main->count++;

    ngx_str_set(&ping, "PING");

    ctx->lookup = ngx_promotions_redis_send(ngx_http_promotions_worker.redis,
                                            &ping, 1,
                                            ngx_http_promotions_health_pong,
                                            ctx);

    if (ctx->lookup == NULL) {
        ngx_http_promotions_health_mirrors(ctx, 0);
    }

    return NGX_DONE;
}


static void
ngx_http_promotions_health_pong(void *data, redisReply *reply)
{
    ngx_http_promotions_ctx_t  *ctx = data;

    ctx->lookup = NULL;

    ngx_http_promotions_health_mirrors(ctx, reply != NULL
                                       && reply->type == REDIS_REPLY_STATUS);
}


static void
ngx_http_promotions_health_mirrors(ngx_http_promotions_ctx_t *ctx,
    ngx_uint_t redis)
{
    ngx_http_promotions_health_t     *health;
    ngx_http_promotions_main_conf_t  *pmcf;

    pmcf = ngx_http_get_module_main_conf(ctx->request,
                                         ngx_http_promotions_module);

    health = ngx_calloc(sizeof(ngx_http_promotions_health_t),
                        ctx->request->connection->log);
    if (health == NULL) {
        ngx_http_promotions_finish(ctx, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    ngx_memcpy(health->id, ctx->first.id, sizeof(ctx->first.id));
    health->mirrors = pmcf->git.mirrors;
    health->redis = redis;

    if (ngx_http_promotions_job_post(pmcf, ngx_http_promotions_health_run,
                                     ngx_http_promotions_health_done, health)
        != NGX_OK)
    {
        ngx_free(health);
        ngx_http_promotions_health_answer(ctx, redis, "threads");
    }
}


/* In a thread. */

static void
ngx_http_promotions_health_run(void *data)
{
    ngx_http_promotions_health_t  *health = data;

    health->writable = (access(health->mirrors, R_OK|W_OK|X_OK) == 0);
}


static void
ngx_http_promotions_health_done(void *data)
{
    ngx_http_promotions_ctx_t     *ctx;
    ngx_http_promotions_health_t  *health = data;

    ctx = ngx_http_promotions_find((char *) health->id);

    if (ctx != NULL) {
        ngx_http_promotions_health_answer(ctx, health->redis,
                                          health->writable ? NULL
                                                           : "mirrors");
    }

    ngx_free(health);
}


/* other: what is down besides Redis, or NULL. */

static void
ngx_http_promotions_health_answer(ngx_http_promotions_ctx_t *ctx,
    ngx_uint_t redis, const char *other)
{
    json_t      *json, *down;
    ngx_uint_t   status;

    if (redis && other == NULL) {
        status = NGX_HTTP_OK;
        json = json_pack("{s:s}", "status", "ok");

    } else {
        status = NGX_HTTP_SERVICE_UNAVAILABLE;
        down = json_array();

        if (!redis) {
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
