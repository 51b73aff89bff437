#include "http/ngx_http_promotions_conf_value.h"


char *
ngx_http_promotions_conf_success_status(ngx_conf_t *cf, ngx_command_t *cmd,
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


char *
ngx_http_promotions_conf_catalog(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
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

char *
ngx_http_promotions_conf_path(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_str_t  *value;

    value = cf->args->elts;

    if (value[1].len == 0) {
        return "needs a path";
    }

    return ngx_conf_set_str_slot(cf, cmd, conf);
}


/* A slash at its end would make the folder one that leads to itself. */

char *
ngx_http_promotions_conf_mirrors(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_str_t  *value;

    value = cf->args->elts;

    while (value[1].len > 1 && value[1].data[value[1].len - 1] == '/') {
        value[1].data[--value[1].len] = '\0';
    }

    return ngx_http_promotions_conf_path(cf, cmd, conf);
}


char *
ngx_http_promotions_conf_forge(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
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
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "\"promotions_forge\" directive takes api=URL "
                               "as its last parameter, not \"%V\"",
                               &value[3]);
            return NGX_CONF_ERROR;
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


char *
ngx_http_promotions_conf_committer(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
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


char *
ngx_http_promotions_conf_thread_pool(ngx_conf_t *cf, ngx_command_t *cmd,
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


char *
ngx_http_promotions_conf_timeout(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
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


char *
ngx_http_promotions_conf_seconds(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
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


char *
ngx_http_promotions_conf_number(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_int_t                     *number;
    ngx_str_t                     *value;
    ngx_http_promotions_conf_bounds_t  *bounds;

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
