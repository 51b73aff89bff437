#include "http/ngx_http_promotions_version.h"
#include "http/ngx_http_promotions_record.h"
#include "http/ngx_http_promotions_reply.h"
#include "http/ngx_http_promotions_script.h"
#include "http/ngx_http_promotions_wait.h"


/* An answer that waits for Redis. */

typedef struct {
    ngx_http_promotions_ctx_t  *ctx;
    json_t                     *body;
    json_t                     *list;    /* a part of it */
} ngx_http_promotions_versions_t;


static void ngx_http_promotions_versions_kept(void *data, redisReply *reply);
static ngx_int_t ngx_http_promotions_versions_ask(
    ngx_http_promotions_versions_t *versions);
static ngx_int_t ngx_http_promotions_versions_name(ngx_pool_t *pool,
    const json_t *application, ngx_str_t *name);
static void ngx_http_promotions_versions_known(void *data,
    redisReply *reply);
static json_t *ngx_http_promotions_versions_json(const char *text);
static void ngx_http_promotions_versions_free(void *data);


void
ngx_http_promotions_versions_keep(const ngx_http_promotions_batch_t *batch)
{
    size_t                  i;
    ngx_uint_t              n;
    const pm_result_t      *result;
    ngx_promotions_args_t   args;

    if (ngx_http_promotions_results_args(&args) != NGX_OK) {
        return;
    }

    n = 0;

    for (i = 0; i < batch->n; i++) {
        result = ngx_http_promotions_batch_result(batch, i);

        if ((result->state != PM_RESULT_LANDED
             && result->state != PM_RESULT_COMMITTED)
            || (*result->version_from == '\0' && *result->version_to == '\0'))
        {
            continue;
        }

        ngx_promotions_args_string(&args, batch->promotions[i].id);
        ngx_promotions_args_string(&args, result->version_source);
        ngx_promotions_args_string(&args, result->version_from);
        ngx_promotions_args_string(&args, result->version_to);
        n++;
    }

    if (n == 0) {
        ngx_destroy_pool(args.pool);
        return;
    }

    (void) ngx_http_promotions_script_send(&args, "versions",
                                           ngx_http_promotions_versions_kept,
                                           NULL);
}


/* Nothing waits for it: it goes before what settles them. */

static void
ngx_http_promotions_versions_kept(void *data, redisReply *reply)
{
    /* void */
}


ngx_int_t
ngx_http_promotions_versions_send(ngx_http_promotions_ctx_t *ctx,
    json_t *body, json_t *list)
{
    ngx_int_t                        rc;
    ngx_pool_cleanup_t              *cln;
    ngx_http_request_t              *r;
    ngx_http_promotions_versions_t  *versions;

    r = ctx->request;

    cln = ngx_pool_cleanup_add(r->pool,
                               sizeof(ngx_http_promotions_versions_t));
    if (cln == NULL) {
        json_decref(body);
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    versions = cln->data;
    versions->ctx = ctx;
    versions->body = body;
    versions->list = list;

    cln->handler = ngx_http_promotions_versions_free;

    rc = (body != NULL) ? ngx_http_promotions_versions_ask(versions)
                        : NGX_ERROR;

    switch (rc) {

    case NGX_OK:
        r->main->count++;
        return NGX_DONE;

    case NGX_DECLINED:

        /* there is nothing to ask for */

        return ngx_http_promotions_send_json(r, NGX_HTTP_OK,
                                             json_incref(body));

    case NGX_BUSY:
        return ngx_http_promotions_send_error(r, NGX_HTTP_SERVICE_UNAVAILABLE,
                   "redis is not available, try again");

    default: /* NGX_ERROR */
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
}


static ngx_int_t
ngx_http_promotions_versions_ask(ngx_http_promotions_versions_t *versions)
{
    json_t      *application;
    size_t       i;
    ngx_str_t   *argv, *prefix;
    ngx_uint_t   n;
    ngx_pool_t  *pool;

    pool = versions->ctx->request->pool;
    prefix = &ngx_http_promotions_worker.pmcf->redis.prefix;

    argv = ngx_palloc(pool, (2 + json_array_size(versions->list))
                            * sizeof(ngx_str_t));
    if (argv == NULL) {
        return NGX_ERROR;
    }

    n = 2;

    json_array_foreach(versions->list, i, application) {

        if (json_object_get(application, "version") == NULL) {
            continue;
        }

        if (ngx_http_promotions_versions_name(pool,
                                         json_object_get(application, "appId"),
                                         &argv[n])
            != NGX_OK)
        {
            return NGX_ERROR;
        }

        n++;
    }

    if (n == 2) {
        return NGX_DECLINED;
    }

    ngx_str_set(&argv[0], "HMGET");

    argv[1].len = prefix->len + sizeof("versions") - 1;
    argv[1].data = ngx_pnalloc(pool, argv[1].len);
    if (argv[1].data == NULL) {
        return NGX_ERROR;
    }

    (void) ngx_sprintf(argv[1].data, "%Vversions", prefix);

    versions->ctx->lookup = ngx_promotions_redis_send(
                                ngx_http_promotions_worker.redis, argv, n,
                                ngx_http_promotions_versions_known, versions);

    return versions->ctx->lookup ? NGX_OK : NGX_BUSY;
}


/* As records have it: "<runtime>/<namespace>/<name>". */

static ngx_int_t
ngx_http_promotions_versions_name(ngx_pool_t *pool, const json_t *application,
    ngx_str_t *name)
{
    const char  *runtime, *namespace, *last;

    runtime = json_string_value(json_object_get(application, "runtime"));
    namespace = json_string_value(json_object_get(application, "namespace"));
    last = json_string_value(json_object_get(application, "name"));

    if (runtime == NULL || namespace == NULL || last == NULL) {
        return NGX_ERROR;
    }

    name->len = ngx_strlen(runtime) + ngx_strlen(namespace) + ngx_strlen(last)
                + 2;
    name->data = ngx_pnalloc(pool, name->len);

    if (name->data == NULL) {
        return NGX_ERROR;
    }

    (void) ngx_sprintf(name->data, "%s/%s/%s", runtime, namespace, last);

    return NGX_OK;
}


static void
ngx_http_promotions_versions_known(void *data, redisReply *reply)
{
    json_t                          *application, *version;
    size_t                           i;
    ngx_int_t                        rc;
    ngx_str_t                        text;
    ngx_uint_t                       n;
    ngx_http_promotions_versions_t  *versions = data;

    versions->ctx->lookup = NULL;

    if (reply == NULL || reply->type != REDIS_REPLY_ARRAY) {
        rc = ngx_http_promotions_send_error(versions->ctx->request,
                 NGX_HTTP_SERVICE_UNAVAILABLE,
                 "redis is not available, try again");

        ngx_http_promotions_finish(versions->ctx, rc);
        return;
    }

    n = 0;

    json_array_foreach(versions->list, i, application) {

        if (json_object_get(application, "version") == NULL) {
            continue;
        }

        text = ngx_promotions_reply_text(reply, n++);
        version = text.len
                  ? ngx_http_promotions_versions_json((char *) text.data)
                  : NULL;

        if (version != NULL) {
            (void) json_object_set_new(application, "version", version);
        }
    }

    rc = ngx_http_promotions_send_json(versions->ctx->request, NGX_HTTP_OK,
                                       json_incref(versions->body));

    ngx_http_promotions_finish(versions->ctx, rc);
}


/* From "<ms> <promotion> <version>"; NULL: it is something else. */

static json_t *
ngx_http_promotions_versions_json(const char *text)
{
    size_t       ms, id;
    const char  *p;

    ms = strspn(text, "0123456789");
    p = text + ms;
    id = (*p == ' ') ? strcspn(p + 1, " ") : 0;

    if (ms == 0 || ms > 15 || id == 0 || p[1 + id] != ' ') {
        return NULL;
    }

    return json_pack("{s:s, s:s%, s:o}", "value", p + 1 + id + 1,
                     "promotion", p + 1, id,
                     "at", ngx_http_promotions_record_time(text));
}


static void
ngx_http_promotions_versions_free(void *data)
{
    ngx_http_promotions_versions_t  *versions = data;

    json_decref(versions->body);
}
