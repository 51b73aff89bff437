#include "http/ngx_http_promotions.h"
#include "http/ngx_http_promotions_conf_redis.h"


static char *ngx_http_promotions_location(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_http_promotions_catalog(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_http_promotions_path(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_http_promotions_mirrors(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_http_promotions_forge(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_http_promotions_committer(ngx_conf_t *cf,
    ngx_command_t *cmd, void *conf);
static char *ngx_http_promotions_thread_pool(ngx_conf_t *cf,
    ngx_command_t *cmd, void *conf);
static char *ngx_http_promotions_timeout(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_http_promotions_seconds(ngx_conf_t *cf,
    ngx_command_t *cmd, void *conf);
static char *ngx_http_promotions_number(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_http_promotions_success_status(ngx_conf_t *cf,
    ngx_command_t *cmd, void *conf);


typedef struct {
    ngx_int_t  low;
    ngx_int_t  high;
} ngx_http_promotions_bounds_t;


/* Which handler serves a location, and what it is called there. */

typedef struct {
    ngx_http_promotions_service_t  service;
    ngx_http_handler_pt            handler;
} ngx_http_promotions_location_t;


static ngx_http_promotions_location_t  ngx_http_promotions_api = {
    NGX_HTTP_PROMOTIONS_API, ngx_http_promotions_handler
};

static ngx_http_promotions_location_t  ngx_http_promotions_hooks = {
    NGX_HTTP_PROMOTIONS_HOOKS, ngx_http_promotions_hooks_handler
};

static ngx_http_promotions_location_t  ngx_http_promotions_management = {
    NGX_HTTP_PROMOTIONS_MANAGEMENT, ngx_http_promotions_management_handler
};

static ngx_http_promotions_location_t  ngx_http_promotions_health = {
    NGX_HTTP_PROMOTIONS_HEALTH, ngx_http_promotions_health_handler
};


static ngx_http_promotions_bounds_t  ngx_http_promotions_batch_bounds = {
    1, 4096
};

static ngx_http_promotions_bounds_t  ngx_http_promotions_queue_bounds = {
    1, 1048576
};


ngx_command_t  ngx_http_promotions_commands[] = {

    { ngx_string("promotions"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS,
      ngx_http_promotions_location,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      &ngx_http_promotions_api },

    { ngx_string("promotions_hooks"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS,
      ngx_http_promotions_location,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      &ngx_http_promotions_hooks },

    { ngx_string("promotions_management"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS,
      ngx_http_promotions_location,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      &ngx_http_promotions_management },

    { ngx_string("promotions_health"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS,
      ngx_http_promotions_location,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      &ngx_http_promotions_health },

    { ngx_string("promotions_success_status"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_promotions_success_status,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("promotions_trailing_commas"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_promotions_loc_conf_t, trailing_commas),
      NULL },

    { ngx_string("promotions_redis"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_1MORE,
      ngx_http_promotions_conf_redis,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("promotions_catalog"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE2,
      ngx_http_promotions_catalog,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("promotions_mirrors"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_http_promotions_mirrors,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_promotions_main_conf_t, mirrors),
      NULL },

    { ngx_string("promotions_thread_pool"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_http_promotions_thread_pool,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("promotions_credentials"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_http_promotions_path,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_promotions_main_conf_t, credentials),
      NULL },

    { ngx_string("promotions_ssh_key"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_http_promotions_path,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_promotions_main_conf_t, ssh_key),
      NULL },

    { ngx_string("promotions_ssh_known_hosts"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_http_promotions_path,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_promotions_main_conf_t, ssh_known_hosts),
      NULL },

    { ngx_string("promotions_trusted_certificate"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_http_promotions_path,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_promotions_main_conf_t, trusted_certificate),
      NULL },

    { ngx_string("promotions_allow_local_remotes"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_promotions_main_conf_t, allow_local_remotes),
      NULL },

    { ngx_string("promotions_forge"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE23,
      ngx_http_promotions_forge,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("promotions_webhook_secrets"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_http_promotions_path,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_promotions_main_conf_t, webhook_secrets),
      NULL },

    { ngx_string("promotions_committer"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_http_promotions_committer,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("promotions_git_timeout"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_http_promotions_timeout,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_promotions_main_conf_t, git_timeout),
      NULL },

    { ngx_string("promotions_git_idle_timeout"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_http_promotions_timeout,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_promotions_main_conf_t, git_idle_timeout),
      NULL },

    { ngx_string("promotions_batch"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_http_promotions_number,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_promotions_main_conf_t, batch),
      &ngx_http_promotions_batch_bounds },

    { ngx_string("promotions_queue"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_http_promotions_number,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_promotions_main_conf_t, queue),
      &ngx_http_promotions_queue_bounds },

    { ngx_string("promotions_lease"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_http_promotions_timeout,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_promotions_main_conf_t, lease),
      NULL },

    { ngx_string("promotions_retention"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_http_promotions_seconds,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_promotions_main_conf_t, retention),
      NULL },

    { ngx_string("promotions_request_ttl"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_http_promotions_seconds,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_promotions_main_conf_t, request_ttl),
      NULL },

    { ngx_string("promotions_four_eyes"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_promotions_main_conf_t, four_eyes),
      NULL },

    { ngx_string("promotions_api_v4"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_promotions_main_conf_t, api_v4),
      NULL },

    { ngx_string("promotions_wait"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_promotions_timeout,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_promotions_loc_conf_t, wait),
      NULL },

      ngx_null_command
};


static char *
ngx_http_promotions_location(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_promotions_loc_conf_t *plcf = conf;

    ngx_http_core_loc_conf_t         *clcf;
    ngx_http_promotions_location_t   *location;
    ngx_http_promotions_main_conf_t  *pmcf;

    if (plcf->service != NGX_HTTP_PROMOTIONS_NONE) {
        return "is duplicate, or its location has another of the module's "
               "handlers";
    }

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

#if (NGX_PCRE)

    if (clcf->regex) {
        return "cannot be used in a location of a regular expression: "
               "its routes are below the location's prefix";
    }

#endif

    if (clcf->named) {
        return "cannot be used in a named location: "
               "its routes are below the location's prefix";
    }

    location = cmd->post;

    plcf->service = location->service;
    plcf->handler = location->handler;
    plcf->prefix = clcf->name;

    clcf->handler = location->handler;

    pmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_promotions_module);
    pmcf->used = 1;
    pmcf->hooks |= (location->service == NGX_HTTP_PROMOTIONS_HOOKS);

    return NGX_CONF_OK;
}


static char *
ngx_http_promotions_success_status(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_promotions_loc_conf_t *plcf = conf;

    ngx_str_t  *value;

    if (plcf->success_status != NGX_CONF_UNSET_UINT) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (ngx_strcmp(value[1].data, "200") == 0) {
        plcf->success_status = NGX_HTTP_OK;

    } else if (ngx_strcmp(value[1].data, "201") == 0) {
        plcf->success_status = NGX_HTTP_CREATED;

    } else {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid value \"%V\" in \"%V\" directive, "
                           "it must be \"200\" or \"201\"",
                           &value[1], &cmd->name);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static char *
ngx_http_promotions_catalog(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_promotions_main_conf_t *pmcf = conf;

    ngx_str_t   *value;
    pm_error_t   err;

    value = cf->args->elts;

    if (value[1].len == 0 || value[2].len == 0) {
        return "needs a runtime's name and a path";
    }

    if (ngx_conf_full_name(cf->cycle, &value[2], 1) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    if (pm_catalog_read(pmcf->catalog, (char *) value[1].data,
                        (char *) value[2].data, &err)
        != 0)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "%s", err.message);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


/* Without a value a directive would count as one that is not there. */

static char *
ngx_http_promotions_path(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_str_t  *value;

    value = cf->args->elts;

    if (value[1].len == 0) {
        return "needs a path";
    }

    return ngx_conf_set_str_slot(cf, cmd, conf);
}


/* A slash at its end would make the folder one that leads to itself. */

static char *
ngx_http_promotions_mirrors(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_str_t  *value;

    value = cf->args->elts;

    while (value[1].len > 1 && value[1].data[value[1].len - 1] == '/') {
        value[1].data[--value[1].len] = '\0';
    }

    return ngx_http_promotions_path(cf, cmd, conf);
}


static char *
ngx_http_promotions_forge(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_promotions_main_conf_t *pmcf = conf;

    ngx_str_t        *value;
    pm_error_t        err;
    ngx_uint_t        i;
    const char       *api;
    pm_forge_host_t   forge, *forges;

    value = cf->args->elts;
    api = NULL;

    if (cf->args->nelts == 4) {

        if (ngx_strncmp(value[3].data, "api=", 4) != 0) {
            return "takes api=URL as its last parameter";
        }

        api = (char *) value[3].data + 4;
    }

    if (pm_forge_host_set(pmcf->arena, (char *) value[1].data,
                          (char *) value[2].data, api, &forge, &err)
        != 0)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "promotions_forge: %s",
                           err.message);
        return NGX_CONF_ERROR;
    }

    forges = pmcf->forges.elts;

    for (i = 0; i < pmcf->forges.nelts; i++) {
        if (ngx_strcmp(forges[i].host, forge.host) == 0) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "promotions_forge: host "
                               "\"%s\" is given twice", forge.host);
            return NGX_CONF_ERROR;
        }
    }

    forges = ngx_array_push(&pmcf->forges);
    if (forges == NULL) {
        return NGX_CONF_ERROR;
    }

    *forges = forge;

    return NGX_CONF_OK;
}


static char *
ngx_http_promotions_committer(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_promotions_main_conf_t *pmcf = conf;

    u_char     *p, *last, *open;
    ngx_str_t  *value;

    if (pmcf->committer_name.data) {
        return "is duplicate";
    }

    value = cf->args->elts;

    p = value[1].data;
    last = p + value[1].len;

    open = ngx_strlchr(p, last, '<');

    if (open == NULL || open < p + 2 || open[-1] != ' '
        || last[-1] != '>' || last - open < 3
        || ngx_strlchr(open + 1, last, '<') != NULL
        || ngx_strlchr(p, last, '>') != last - 1
        || pm_utf8_valid((char *) p, value[1].len) != value[1].len)
    {
        goto invalid;
    }

    for ( /* void */ ; p < last; p++) {
        if (*p < 0x20 || *p == 0x7f) {
            goto invalid;
        }
    }

    p = value[1].data;

    pmcf->committer_name.data = p;
    pmcf->committer_name.len = open - 1 - p;
    open[-1] = '\0';

    pmcf->committer_email.data = open + 1;
    pmcf->committer_email.len = last - 1 - (open + 1);
    last[-1] = '\0';

    return NGX_CONF_OK;

invalid:

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "invalid value \"%V\" in \"%V\" directive, "
                       "it must be \"NAME <EMAIL>\"", &value[1], &cmd->name);
    return NGX_CONF_ERROR;
}


static char *
ngx_http_promotions_thread_pool(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_promotions_main_conf_t *pmcf = conf;

    ngx_str_t  *value;

    if (pmcf->thread_pool) {
        return "is duplicate";
    }

    value = cf->args->elts;

    pmcf->thread_pool = ngx_thread_pool_add(cf, &value[1]);
    if (pmcf->thread_pool == NULL) {
        return NGX_CONF_ERROR;
    }

    pmcf->thread_pool_name = value[1];

    return NGX_CONF_OK;
}


static char *
ngx_http_promotions_timeout(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    char        *rv;
    ngx_str_t   *value;
    ngx_msec_t  *timeout;

    rv = ngx_conf_set_msec_slot(cf, cmd, conf);

    timeout = (ngx_msec_t *) ((char *) conf + cmd->offset);
    value = cf->args->elts;

    /* a wait without an end, or one that a timer cannot hold */

    if (rv == NGX_CONF_OK && (*timeout == 0 || *timeout > 86400000)) {
        rv = NGX_CONF_ERROR;
    }

    if (rv != NGX_CONF_OK) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid value \"%V\" in \"%V\" directive, "
                           "it must be a time from 1ms to 1d, once",
                           &value[1], &cmd->name);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static char *
ngx_http_promotions_seconds(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    time_t     *seconds;
    ngx_str_t  *value;

    value = cf->args->elts;
    seconds = (time_t *) ((char *) conf + cmd->offset);

    if (*seconds != NGX_CONF_UNSET) {
        return "is duplicate";
    }

    *seconds = ngx_parse_time(&value[1], 1);

    if (*seconds == (time_t) NGX_ERROR || *seconds == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid value \"%V\" in \"%V\" directive, "
                           "it must be a time of 1s or more",
                           &value[1], &cmd->name);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static char *
ngx_http_promotions_number(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_int_t                     *number;
    ngx_str_t                     *value;
    ngx_http_promotions_bounds_t  *bounds;

    value = cf->args->elts;
    bounds = cmd->post;
    number = (ngx_int_t *) ((char *) conf + cmd->offset);

    if (*number != NGX_CONF_UNSET) {
        return "is duplicate";
    }

    *number = ngx_atoi(value[1].data, value[1].len);

    if (*number < bounds->low || *number > bounds->high) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid value \"%V\" in \"%V\" directive, "
                           "it must be a number from %i to %i",
                           &value[1], &cmd->name, bounds->low, bounds->high);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}
