#include "http/ngx_http_promotions.h"


static void ngx_http_promotions_access_reply(void *data, redisReply *reply);
static void ngx_http_promotions_access_verify(ngx_http_request_t *r,
    ngx_http_promotions_ctx_t *ctx, redisReply *reply);
static ngx_int_t ngx_http_promotions_access_result(
    ngx_http_promotions_ctx_t *ctx);


/*
 * Looks the API key up.  A request without a good key is not ended here: the
 * content handler answers it (401, or 503 where Redis cannot tell), so that
 * the answer is the module's own, whatever "satisfy" lets through.
 */

ngx_int_t
ngx_http_promotions_access_handler(ngx_http_request_t *r)
{
    ngx_str_t                         argv[2 + PM_STORE_KEY_FIELDS];
    ngx_uint_t                        i;
    ngx_table_elt_t                  *h;
    ngx_http_promotions_ctx_t        *ctx;
    ngx_http_promotions_loc_conf_t   *plcf;
    ngx_http_promotions_main_conf_t  *pmcf;

    plcf = ngx_http_get_module_loc_conf(r, ngx_http_promotions_module);

    if (plcf->service != NGX_HTTP_PROMOTIONS_API
        && plcf->service != NGX_HTTP_PROMOTIONS_MANAGEMENT)
    {
        return NGX_DECLINED;
    }

    ctx = ngx_http_promotions_get_ctx(r);
    if (ctx == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (ctx->lookup != NULL) {
        return NGX_AGAIN;
    }

    if (ctx->checked) {
        return ngx_http_promotions_access_result(ctx);
    }

    ctx->checked = 1;
    ctx->status = NGX_HTTP_UNAUTHORIZED;

    h = r->headers_in.authorization;

    if (h == NULL
        || pm_store_token_parse((char *) h->value.data, h->value.len,
                                &ctx->token)
           != 0)
    {
        return NGX_DECLINED;
    }

    pmcf = ngx_http_get_module_main_conf(r, ngx_http_promotions_module);

    /* the fields by their names: what else a record has is not asked for */

    ngx_str_set(&argv[0], "HMGET");

    argv[1].len = pmcf->redis.prefix.len + sizeof("key:") - 1
                  + ctx->token.id.len;
    argv[1].data = ngx_pnalloc(r->pool, argv[1].len);
    if (argv[1].data == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    (void) ngx_sprintf(argv[1].data, "%Vkey:%*s", &pmcf->redis.prefix,
                       ctx->token.id.len, ctx->token.id.data);

    for (i = 0; i < PM_STORE_KEY_FIELDS; i++) {
        argv[i + 2].data = (u_char *) pm_store_key_fields[i];
        argv[i + 2].len = ngx_strlen(pm_store_key_fields[i]);
    }

    ctx->lookup = ngx_promotions_redis_send(ngx_http_promotions_worker.redis,
                                            argv, 2 + PM_STORE_KEY_FIELDS,
                                            ngx_http_promotions_access_reply,
                                            ctx);
    if (ctx->lookup == NULL) {
        ctx->status = NGX_HTTP_SERVICE_UNAVAILABLE;
        return NGX_DECLINED;
    }

    return NGX_AGAIN;
}


static void
ngx_http_promotions_access_reply(void *data, redisReply *reply)
{
    ngx_connection_t           *c;
    ngx_http_request_t         *r;
    ngx_http_promotions_ctx_t  *ctx = data;

    ctx->lookup = NULL;

    r = ctx->request;
    c = r->connection;

    ngx_http_promotions_access_verify(r, ctx, reply);

    r->write_event_handler = ngx_http_core_run_phases;

    (void) ngx_http_post_request(r, NULL);
    ngx_http_run_posted_requests(c);
}


static void
ngx_http_promotions_access_verify(ngx_http_request_t *r,
    ngx_http_promotions_ctx_t *ctx, redisReply *reply)
{
    size_t           i, n;
    pm_error_t       err;
    pm_string_t      fields[2 * PM_STORE_KEY_FIELDS];
    pm_store_key_t  *key;

    /* no reply, or not one to HMGET, is never "no such key" */

    if (reply == NULL || reply->type != REDIS_REPLY_ARRAY
        || reply->elements != PM_STORE_KEY_FIELDS)
    {
        if (reply != NULL && reply->type == REDIS_REPLY_ERROR) {
            ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                          "redis refused HMGET: %s", reply->str);

            /* something else has the key's name: a record that is faulty */

            if (ngx_strncmp(reply->str, "WRONGTYPE", sizeof("WRONGTYPE") - 1)
                == 0)
            {
                return;
            }
        }

        ctx->status = NGX_HTTP_SERVICE_UNAVAILABLE;
        return;
    }

    key = pm_arena_zalloc(ctx->arena, sizeof(pm_store_key_t));

    if (key == NULL) {
        ctx->status = NGX_HTTP_SERVICE_UNAVAILABLE;
        return;
    }

    n = 0;

    for (i = 0; i < reply->elements; i++) {

        if (reply->element[i]->type != REDIS_REPLY_STRING) {
            continue;
        }

        fields[n].data = pm_store_key_fields[i];
        fields[n++].len = ngx_strlen(pm_store_key_fields[i]);
        fields[n].data = reply->element[i]->str;
        fields[n++].len = (size_t) reply->element[i]->len;
    }

    switch (pm_store_key_verify(ctx->arena, &ctx->token, fields, n,
                                ngx_time(), key, &err))
    {
    case 0:
        ctx->key = key;
        return;

    case PM_NOT_FOUND:
        ngx_log_error(NGX_LOG_INFO, r->connection->log, 0,
                      "not accepted: %s", err.message);
        return;

    default:
        ctx->status = NGX_HTTP_SERVICE_UNAVAILABLE;
        return;
    }
}


static ngx_int_t
ngx_http_promotions_access_result(ngx_http_promotions_ctx_t *ctx)
{
    return ctx->key != NULL ? NGX_OK : NGX_DECLINED;
}
