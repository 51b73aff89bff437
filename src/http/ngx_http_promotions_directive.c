/*
 * The table of the directives, and those that give a location its handler.
 */

#include "http/ngx_http_promotions.h"
#include "http/ngx_http_promotions_conf_redis.h"
#include "http/ngx_http_promotions_conf_value.h"


static char *ngx_http_promotions_location(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);


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


static ngx_http_promotions_conf_bounds_t  ngx_http_promotions_batch_bounds = {
    1, 4096
};

static ngx_http_promotions_conf_bounds_t  ngx_http_promotions_queue_bounds = {
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
      ngx_http_promotions_conf_success_status,
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
      ngx_http_promotions_conf_catalog,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("promotions_mirrors"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_http_promotions_conf_mirrors,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_promotions_main_conf_t, mirrors),
      NULL },

    { ngx_string("promotions_thread_pool"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_http_promotions_conf_thread_pool,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("promotions_credentials"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_http_promotions_conf_path,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_promotions_main_conf_t, credentials),
      NULL },

    { ngx_string("promotions_ssh_key"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_http_promotions_conf_path,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_promotions_main_conf_t, ssh_key),
      NULL },

    { ngx_string("promotions_ssh_known_hosts"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_http_promotions_conf_path,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_promotions_main_conf_t, ssh_known_hosts),
      NULL },

    { ngx_string("promotions_trusted_certificate"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_http_promotions_conf_path,
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
      ngx_http_promotions_conf_forge,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("promotions_webhook_secrets"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_http_promotions_conf_path,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_promotions_main_conf_t, webhook_secrets),
      NULL },

    { ngx_string("promotions_committer"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_http_promotions_conf_committer,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("promotions_git_timeout"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_http_promotions_conf_timeout,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_promotions_main_conf_t, git_timeout),
      NULL },

    { ngx_string("promotions_git_idle_timeout"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_http_promotions_conf_timeout,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_promotions_main_conf_t, git_idle_timeout),
      NULL },

    { ngx_string("promotions_batch"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_http_promotions_conf_number,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_promotions_main_conf_t, batch),
      &ngx_http_promotions_batch_bounds },

    { ngx_string("promotions_queue"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_http_promotions_conf_number,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_promotions_main_conf_t, queue),
      &ngx_http_promotions_queue_bounds },

    { ngx_string("promotions_lease"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_http_promotions_conf_timeout,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_promotions_main_conf_t, lease),
      NULL },

    { ngx_string("promotions_retention"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_http_promotions_conf_seconds,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_promotions_main_conf_t, retention),
      NULL },

    { ngx_string("promotions_request_ttl"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_http_promotions_conf_seconds,
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
      ngx_http_promotions_conf_timeout,
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
