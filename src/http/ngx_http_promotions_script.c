#include "http/ngx_http_promotions_script.h"
#include "http/ngx_http_promotions_lane.h"


#define NGX_HTTP_PROMOTIONS_SCRIPT_POOL  4096


ngx_int_t
ngx_http_promotions_results_args(ngx_promotions_args_t *args)
{
    ngx_str_t   *prefix;
    ngx_pool_t  *pool;

    pool = ngx_create_pool(NGX_HTTP_PROMOTIONS_SCRIPT_POOL, ngx_cycle->log);
    if (pool == NULL) {
        return NGX_ERROR;
    }

    if (ngx_promotions_args_init(args, pool) != NGX_OK) {
        ngx_destroy_pool(pool);
        return NGX_ERROR;
    }

    prefix = &ngx_http_promotions_worker.pmcf->redis.prefix;

    ngx_promotions_args_add(args, prefix->data, prefix->len);

    return NGX_OK;
}


ngx_int_t
ngx_http_promotions_script_args(ngx_promotions_args_t *args,
    const u_char *lane)
{
    ngx_http_promotions_worker_t  *worker;

    worker = &ngx_http_promotions_worker;

    if (ngx_http_promotions_results_args(args) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_promotions_args_add(args, lane, NGX_HTTP_PROMOTIONS_LANE_ID);
    ngx_promotions_args_add(args, worker->token.data, worker->token.len);
    ngx_promotions_args_number(args, worker->pmcf->lease);

    return NGX_OK;
}


void
ngx_http_promotions_list_environments(ngx_promotions_args_t *args,
    const pm_store_key_t *key, ngx_http_promotions_grant_pt granted)
{
    size_t                   i, n, pass;
    pm_catalog_t            *catalog;
    const pm_environment_t  *environment;

    if (granted(key, NULL, NULL)) {
        ngx_promotions_args_number(args, -1);
        return;
    }

    catalog = ngx_http_promotions_worker.pmcf->catalog;

    for (pass = 0; pass < 2; pass++) {
        n = 0;

        for (i = 0; i < pm_catalog_nenvironments(catalog); i++) {
            environment = pm_catalog_environments(catalog, i);

            if (!granted(key, environment->name, environment->id)) {
                continue;
            }

            n++;

            if (pass) {
                ngx_promotions_args_string(args, environment->name);
            }
        }

        if (pass == 0) {
            ngx_promotions_args_number(args, n);
        }
    }
}


ngx_int_t
ngx_http_promotions_script_send(ngx_promotions_args_t *args,
    const char *name, ngx_promotions_redis_handler_pt handler, void *data)
{
    ngx_int_t  rc;

    rc = ngx_promotions_script_call(ngx_http_promotions_worker.redis, name,
                                    args, handler, data);

    ngx_destroy_pool(args->pool);

    return rc;
}
