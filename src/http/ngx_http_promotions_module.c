#include "http/ngx_http_promotions.h"
#include "http/ngx_http_promotions_job.h"
#include "http/ngx_http_promotions_lane.h"
#include "http/ngx_http_promotions_sweep.h"
#include "http/ngx_http_promotions_wait.h"

#include <jansson.h>


/* Folders of API definitions whose index a worker keeps. */

#define NGX_HTTP_PROMOTIONS_DEFINITIONS  64


static ngx_int_t ngx_http_promotions_init(ngx_conf_t *cf);
static ngx_int_t ngx_http_promotions_init_process(ngx_cycle_t *cycle);
static void ngx_http_promotions_exit_process(ngx_cycle_t *cycle);


static ngx_http_module_t  ngx_http_promotions_module_ctx = {
    NULL,                                  /* preconfiguration */
    ngx_http_promotions_init,              /* postconfiguration */

    ngx_http_promotions_create_main_conf,  /* create main configuration */
    ngx_http_promotions_init_main_conf,    /* init main configuration */

    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */

    ngx_http_promotions_create_loc_conf,   /* create location configuration */
    ngx_http_promotions_merge_loc_conf     /* merge location configuration */
};


ngx_module_t  ngx_http_promotions_module = {
    NGX_MODULE_V1,
    &ngx_http_promotions_module_ctx,       /* module context */
    ngx_http_promotions_commands,          /* module directives */
    NGX_HTTP_MODULE,                       /* module type */
    NULL,                                  /* init master */
    NULL,                                  /* init module */
    ngx_http_promotions_init_process,      /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    ngx_http_promotions_exit_process,      /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


ngx_http_promotions_worker_t  ngx_http_promotions_worker;


static ngx_int_t
ngx_http_promotions_init(ngx_conf_t *cf)
{
    ngx_http_handler_pt              *h;
    ngx_http_core_main_conf_t        *cmcf;
    ngx_http_promotions_main_conf_t  *pmcf;

    pmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_promotions_module);

    if (!pmcf->used) {
        return NGX_OK;
    }

    if (ngx_http_promotions_check(cf, pmcf) != NGX_CONF_OK) {
        return NGX_ERROR;
    }

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);

    h = ngx_array_push(&cmcf->phases[NGX_HTTP_ACCESS_PHASE].handlers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    *h = ngx_http_promotions_access_handler;

    return NGX_OK;
}


/*
 * After the fork and before any thread of the pool: libgit2, libcurl and
 * jansson's hash seed are set up once a process.
 */

static ngx_int_t
ngx_http_promotions_init_process(ngx_cycle_t *cycle)
{
    pm_error_t                        err;
    ngx_http_promotions_worker_t     *worker;
    ngx_http_promotions_main_conf_t  *pmcf;

    if (ngx_process != NGX_PROCESS_WORKER && ngx_process != NGX_PROCESS_SINGLE)
    {
        return NGX_OK;
    }

    pmcf = ngx_http_cycle_get_module_main_conf(cycle,
                                               ngx_http_promotions_module);

    if (pmcf == NULL || !pmcf->used) {
        return NGX_OK;
    }

    worker = &ngx_http_promotions_worker;
    ngx_memzero(worker, sizeof(ngx_http_promotions_worker_t));

    worker->pmcf = pmcf;

    json_object_seed(0);

    if (pm_git_create(&pmcf->git, &worker->git, &err) != 0) {
        ngx_log_error(NGX_LOG_EMERG, cycle->log, 0, "promotions: %s",
                      err.message);
        return NGX_ERROR;
    }

    if (pm_definition_cache_create(NGX_HTTP_PROMOTIONS_DEFINITIONS,
                                   &worker->definitions, &err)
        != 0
        || pm_forge_limits_create(&worker->limits, &err) != 0)
    {
        ngx_log_error(NGX_LOG_EMERG, cycle->log, 0, "promotions: %s",
                      err.message);
        return NGX_ERROR;
    }

    ngx_http_promotions_job_init(cycle);
    ngx_http_promotions_wait_init();
    ngx_http_promotions_lane_init();

    worker->redis = ngx_promotions_redis_create(cycle, &pmcf->redis);
    if (worker->redis == NULL) {
        return NGX_ERROR;
    }

    return ngx_http_promotions_sweep_init(cycle);
}


static void
ngx_http_promotions_exit_process(ngx_cycle_t *cycle)
{
    ngx_http_promotions_worker_t  *worker;

    worker = &ngx_http_promotions_worker;

    worker->ending = 1;

    if (worker->subscriber != NULL) {
        ngx_promotions_redis_destroy(worker->subscriber);
        worker->subscriber = NULL;
    }

    if (worker->redis != NULL) {
        ngx_promotions_redis_destroy(worker->redis);
        worker->redis = NULL;
    }

    /* the thread pool's module has told its threads to end before */

    ngx_http_promotions_job_exit();

    if (worker->definitions != NULL) {
        pm_definition_cache_destroy(worker->definitions);
        worker->definitions = NULL;
    }

    pm_forge_limits_destroy(worker->limits);
    worker->limits = NULL;

    if (worker->git != NULL) {
        pm_git_destroy(worker->git);
        worker->git = NULL;
    }
}
