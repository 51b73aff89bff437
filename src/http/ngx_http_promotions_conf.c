#include "http/ngx_http_promotions.h"
#include "http/ngx_http_promotions_conf_redis.h"


#define NGX_HTTP_PROMOTIONS_MIRRORS    "/var/cache/nginx/promotions"
#define NGX_HTTP_PROMOTIONS_COMMITTER  "promotions"
#define NGX_HTTP_PROMOTIONS_EMAIL      "promotions@localhost"


static char *ngx_http_promotions_init_git(ngx_conf_t *cf,
    ngx_http_promotions_main_conf_t *pmcf);
static char *ngx_http_promotions_init_secrets(ngx_conf_t *cf,
    ngx_http_promotions_main_conf_t *pmcf);
static char *ngx_http_promotions_init_mirrors(ngx_conf_t *cf,
    ngx_http_promotions_main_conf_t *pmcf);
static const char *ngx_http_promotions_full_path(ngx_conf_t *cf,
    ngx_str_t *path);
static void ngx_http_promotions_free_arena(void *data);


void *
ngx_http_promotions_create_main_conf(ngx_conf_t *cf)
{
    ngx_pool_cleanup_t               *cln;
    ngx_http_promotions_main_conf_t  *pmcf;

    pmcf = ngx_pcalloc(cf->pool, sizeof(ngx_http_promotions_main_conf_t));
    if (pmcf == NULL) {
        return NULL;
    }

    cln = ngx_pool_cleanup_add(cf->pool, 0);
    if (cln == NULL) {
        return NULL;
    }

    pmcf->arena = pm_arena_create();
    if (pmcf->arena == NULL) {
        return NULL;
    }

    cln->handler = ngx_http_promotions_free_arena;
    cln->data = pmcf->arena;

    pmcf->catalog = pm_catalog_create(pmcf->arena);
    if (pmcf->catalog == NULL) {
        return NULL;
    }

    if (ngx_array_init(&pmcf->forges, cf->pool, 4, sizeof(pm_forge_host_t))
        != NGX_OK)
    {
        return NULL;
    }

    pmcf->allow_local_remotes = NGX_CONF_UNSET;
    pmcf->git_timeout = NGX_CONF_UNSET_MSEC;
    pmcf->git_idle_timeout = NGX_CONF_UNSET_MSEC;
    pmcf->batch = NGX_CONF_UNSET;
    pmcf->queue = NGX_CONF_UNSET;
    pmcf->lease = NGX_CONF_UNSET_MSEC;
    pmcf->retention = NGX_CONF_UNSET;
    pmcf->request_ttl = NGX_CONF_UNSET;
    pmcf->four_eyes = NGX_CONF_UNSET;
    pmcf->api_v4 = NGX_CONF_UNSET;

    return pmcf;
}


char *
ngx_http_promotions_init_main_conf(ngx_conf_t *cf, void *conf)
{
    ngx_http_promotions_main_conf_t *pmcf = conf;

    pm_error_t  err;

    if (!pmcf->used) {
        return NGX_CONF_OK;
    }

    ngx_conf_init_value(pmcf->allow_local_remotes, 0);
    ngx_conf_init_msec_value(pmcf->git_timeout, 30000);
    ngx_conf_init_msec_value(pmcf->git_idle_timeout, 10000);
    ngx_conf_init_value(pmcf->batch, 256);
    ngx_conf_init_value(pmcf->queue, 4096);
    ngx_conf_init_msec_value(pmcf->lease, 15000);
    ngx_conf_init_value(pmcf->retention, 270 * 24 * 60 * 60);
    ngx_conf_init_value(pmcf->request_ttl, 30 * 24 * 60 * 60);
    ngx_conf_init_value(pmcf->four_eyes, 0);
    ngx_conf_init_value(pmcf->api_v4, 0);

    if (pmcf->committer_name.len == 0) {
        ngx_str_set(&pmcf->committer_name, NGX_HTTP_PROMOTIONS_COMMITTER);
        ngx_str_set(&pmcf->committer_email, NGX_HTTP_PROMOTIONS_EMAIL);
    }

    if (ngx_http_promotions_conf_redis_init(cf, pmcf) != NGX_CONF_OK
        || ngx_http_promotions_init_mirrors(cf, pmcf) != NGX_CONF_OK
        || ngx_http_promotions_init_git(cf, pmcf) != NGX_CONF_OK
        || ngx_http_promotions_init_secrets(cf, pmcf) != NGX_CONF_OK)
    {
        return NGX_CONF_ERROR;
    }

    if (pm_catalog_finish(pmcf->catalog, &err) != 0) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0, "promotions_catalog: %s",
                      err.message);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


void *
ngx_http_promotions_create_loc_conf(ngx_conf_t *cf)
{
    ngx_http_promotions_loc_conf_t  *plcf;

    plcf = ngx_pcalloc(cf->pool, sizeof(ngx_http_promotions_loc_conf_t));
    if (plcf == NULL) {
        return NULL;
    }

    /* service, handler and prefix: a location's own, see the merge */

    plcf->success_status = NGX_CONF_UNSET_UINT;
    plcf->trailing_commas = NGX_CONF_UNSET;
    plcf->wait = NGX_CONF_UNSET_MSEC;

    return plcf;
}


char *
ngx_http_promotions_merge_loc_conf(ngx_conf_t *cf, void *parent, void *child)
{
    ngx_http_promotions_loc_conf_t *prev = parent;
    ngx_http_promotions_loc_conf_t *conf = child;

    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    /* blocks of "if" and "limit_except" serve what their location serves */

    if (clcf->noname && clcf->handler == NULL) {
        conf->service = prev->service;
        conf->handler = prev->handler;
        conf->prefix = prev->prefix;
        clcf->handler = prev->handler;
    }

    ngx_conf_merge_uint_value(conf->success_status, prev->success_status,
                              NGX_HTTP_OK);
    ngx_conf_merge_value(conf->trailing_commas, prev->trailing_commas, 0);
    ngx_conf_merge_msec_value(conf->wait, prev->wait, 60000);

    return NGX_CONF_OK;
}


static char *
ngx_http_promotions_init_git(ngx_conf_t *cf,
    ngx_http_promotions_main_conf_t *pmcf)
{
    const char            *file;
    pm_error_t             err;
    pm_git_settings_t     *git;
    pm_git_credentials_t  *credentials;

    git = &pmcf->git;

    git->allow_local = pmcf->allow_local_remotes;
    git->timeout = pmcf->git_timeout;
    git->idle_timeout = pmcf->git_idle_timeout;

    git->ca_file = ngx_http_promotions_full_path(cf,
                                                 &pmcf->trusted_certificate);
    git->ssh_key = ngx_http_promotions_full_path(cf, &pmcf->ssh_key);
    git->ssh_known_hosts = ngx_http_promotions_full_path(cf,
                                                     &pmcf->ssh_known_hosts);

    file = ngx_http_promotions_full_path(cf, &pmcf->credentials);

    if (file != NULL) {

        if (pm_git_credentials_read(pmcf->arena, file, &credentials, &err)
            != 0)
        {
            ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                          "promotions_credentials: %s", err.message);
            return NGX_CONF_ERROR;
        }

        git->credentials = credentials;
    }

    return NGX_CONF_OK;
}


static char *
ngx_http_promotions_init_secrets(ngx_conf_t *cf,
    ngx_http_promotions_main_conf_t *pmcf)
{
    const char  *file;
    pm_error_t   err;

    file = ngx_http_promotions_full_path(cf, &pmcf->webhook_secrets);

    if (file != NULL
        && pm_forge_secrets_read(pmcf->arena, file, &pmcf->secrets, &err) != 0)
    {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "promotions_webhook_secrets: %s", err.message);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


/*
 * nginx makes the folder itself when it starts, with mode 0700 and for the
 * user of its workers; here only what leads to it is made.
 */

static char *
ngx_http_promotions_init_mirrors(ngx_conf_t *cf,
    ngx_http_promotions_main_conf_t *pmcf)
{
    u_char      *parent;
    ngx_err_t    err;
    ngx_path_t  *path;

    if (pmcf->mirrors.len == 0) {
        ngx_str_set(&pmcf->mirrors, NGX_HTTP_PROMOTIONS_MIRRORS);
    }

    pmcf->git.mirrors = ngx_http_promotions_full_path(cf, &pmcf->mirrors);

    path = ngx_pcalloc(cf->pool, sizeof(ngx_path_t));
    parent = ngx_pnalloc(cf->pool, pmcf->mirrors.len + 1);

    if (pmcf->git.mirrors == NULL || path == NULL || parent == NULL) {
        return NGX_CONF_ERROR;
    }

    ngx_memcpy(parent, pmcf->mirrors.data, pmcf->mirrors.len + 1);

    err = ngx_create_full_path(parent, 0755);

    if (err != 0 && err != NGX_EEXIST) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, err,
                      "promotions_mirrors: cannot create the folder that "
                      "holds \"%V\"", &pmcf->mirrors);
        return NGX_CONF_ERROR;
    }

    path->name = pmcf->mirrors;
    path->conf_file = cf->conf_file->file.name.data;
    path->line = cf->conf_file->line;

    if (ngx_add_path(cf, &path) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


/* Relative to the configuration's folder; NULL: not set, or no memory. */

static const char *
ngx_http_promotions_full_path(ngx_conf_t *cf, ngx_str_t *path)
{
    if (path->len == 0 || ngx_conf_full_name(cf->cycle, path, 1) != NGX_OK) {
        return NULL;
    }

    return (char *) path->data;
}


static void
ngx_http_promotions_free_arena(void *data)
{
    pm_arena_destroy(data);
}
