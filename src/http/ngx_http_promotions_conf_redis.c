#include "http/ngx_http_promotions_conf_redis.h"
#include "store/pm_store_address.h"


#define NGX_HTTP_PROMOTIONS_REDIS_TIMEOUT  86400000


static char *ngx_http_promotions_conf_redis_address(ngx_conf_t *cf,
    ngx_http_promotions_main_conf_t *pmcf, ngx_str_t *text);
static char *ngx_http_promotions_conf_redis_resolve(ngx_conf_t *cf,
    ngx_promotions_redis_conf_t *redis, const pm_store_host_t *host);
static ngx_int_t ngx_http_promotions_conf_redis_option(ngx_conf_t *cf,
    ngx_http_promotions_main_conf_t *pmcf, ngx_str_t *option);
static ngx_int_t ngx_http_promotions_conf_redis_password(ngx_conf_t *cf,
    ngx_http_promotions_main_conf_t *pmcf, ngx_str_t *path);


char *
ngx_http_promotions_conf_redis(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_promotions_main_conf_t *pmcf = conf;

    ngx_int_t     rc;
    ngx_str_t    *value;
    ngx_uint_t    i;

    if (pmcf->redis.name.data) {
        return "is duplicate";
    }

    value = cf->args->elts;

    for (i = 2; i < cf->args->nelts; i++) {

        rc = ngx_http_promotions_conf_redis_option(cf, pmcf, &value[i]);

        if (rc == NGX_DECLINED) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid parameter \"%V\" in \"%V\" directive, "
                               "known are user= password_file= database= "
                               "prefix= connect_timeout= timeout=",
                               &value[i], &cmd->name);
        }

        if (rc != NGX_OK) {
            return NGX_CONF_ERROR;
        }
    }

    if (pmcf->redis.user.len && pmcf->redis.password.len == 0) {
        return "has user= without password_file=";
    }

    return ngx_http_promotions_conf_redis_address(cf, pmcf, &value[1]);
}


char *
ngx_http_promotions_conf_redis_init(ngx_conf_t *cf,
    ngx_http_promotions_main_conf_t *pmcf)
{
    ngx_promotions_redis_conf_t  *redis;

    static ngx_str_t  address = ngx_string(PM_STORE_ADDRESS_DEFAULT);

    redis = &pmcf->redis;

    if (redis->prefix.data == NULL) {
        ngx_str_set(&redis->prefix, PM_STORE_PREFIX_DEFAULT);
    }

    if (redis->connect_timeout == 0) {
        redis->connect_timeout = 1000;
    }

    if (redis->timeout == 0) {
        redis->timeout = 2000;
    }

    if (redis->name.data == NULL) {
        return ngx_http_promotions_conf_redis_address(cf, pmcf, &address);
    }

    return NGX_CONF_OK;
}


static char *
ngx_http_promotions_conf_redis_address(ngx_conf_t *cf,
    ngx_http_promotions_main_conf_t *pmcf, ngx_str_t *text)
{
    size_t                        i;
    pm_error_t                    err;
    pm_store_address_t            address;
    ngx_promotions_redis_conf_t  *redis;

    redis = &pmcf->redis;
    redis->name = *text;

    if (pm_store_address_parse(pmcf->arena, (char *) text->data, text->len,
                               &address, &err)
        != 0)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid address in \"promotions_redis\" "
                           "directive: %s", err.message);
        return NGX_CONF_ERROR;
    }

    if (address.kind == PM_STORE_UNIX) {
        redis->path.data = (u_char *) address.path;
        redis->path.len = ngx_strlen(address.path);
        return NGX_CONF_OK;
    }

    if (address.kind == PM_STORE_SENTINEL) {
        redis->master.data = (u_char *) address.master;
        redis->master.len = ngx_strlen(address.master);
    }

    if (ngx_array_init(&redis->addresses, cf->pool, address.nhosts,
                       sizeof(ngx_promotions_redis_address_t))
        != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    for (i = 0; i < address.nhosts; i++) {
        if (ngx_http_promotions_conf_redis_resolve(cf, redis,
                                                   &address.hosts[i])
            != NGX_CONF_OK)
        {
            return NGX_CONF_ERROR;
        }
    }

    return NGX_CONF_OK;
}


/* Names are resolved now, since a worker must not wait for DNS. */

static char *
ngx_http_promotions_conf_redis_resolve(ngx_conf_t *cf,
    ngx_promotions_redis_conf_t *redis, const pm_store_host_t *host)
{
    size_t                           len;
    u_char                          *p;
    ngx_url_t                        u;
    ngx_uint_t                       i;
    ngx_promotions_redis_address_t  *address;

    ngx_memzero(&u, sizeof(ngx_url_t));

    u.host.data = (u_char *) host->host;
    u.host.len = ngx_strlen(host->host);
    u.port = (in_port_t) host->port;

    if (ngx_inet_resolve_host(cf->pool, &u) != NGX_OK) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"promotions_redis\": %s: \"%s\"",
                           u.err ? u.err : "cannot resolve", host->host);
        return NGX_CONF_ERROR;
    }

    for (i = 0; i < u.naddrs; i++) {

        p = ngx_pnalloc(cf->pool, NGX_SOCKADDR_STRLEN + 1);
        if (p == NULL) {
            return NGX_CONF_ERROR;
        }

        /* without a port an IPv6 address has no brackets: hiredis's way */

        len = ngx_sock_ntop(u.addrs[i].sockaddr, u.addrs[i].socklen, p,
                            NGX_SOCKADDR_STRLEN, 0);
        p[len] = '\0';

        address = ngx_array_push(&redis->addresses);
        if (address == NULL) {
            return NGX_CONF_ERROR;
        }

        address->host.data = p;
        address->host.len = len;
        address->port = (in_port_t) host->port;
    }

    return NGX_CONF_OK;
}


/* NGX_DECLINED: no such option, or not its value; NGX_ERROR: it was said. */

static ngx_int_t
ngx_http_promotions_conf_redis_option(ngx_conf_t *cf,
    ngx_http_promotions_main_conf_t *pmcf, ngx_str_t *option)
{
    u_char                       *equals;
    ngx_int_t                     n;
    ngx_str_t                     name, value;
    ngx_promotions_redis_conf_t  *redis;

    redis = &pmcf->redis;

    equals = ngx_strlchr(option->data, option->data + option->len, '=');

    if (equals == NULL) {
        return NGX_DECLINED;
    }

    name.data = option->data;
    name.len = equals - option->data;
    value.data = equals + 1;
    value.len = option->data + option->len - value.data;

    if (value.len == 0) {
        return NGX_DECLINED;
    }

    if (name.len == 4 && ngx_strncmp(name.data, "user", 4) == 0) {
        redis->user = value;
        return NGX_OK;
    }

    if (name.len == 6 && ngx_strncmp(name.data, "prefix", 6) == 0) {
        redis->prefix = value;
        return NGX_OK;
    }

    if (name.len == 13 && ngx_strncmp(name.data, "password_file", 13) == 0) {
        return ngx_http_promotions_conf_redis_password(cf, pmcf, &value);
    }

    if (name.len == 8 && ngx_strncmp(name.data, "database", 8) == 0) {
        n = ngx_atoi(value.data, value.len);

        if (n == NGX_ERROR || n > 65535) {
            return NGX_DECLINED;
        }

        redis->database = n;
        return NGX_OK;
    }

    n = ngx_parse_time(&value, 0);

    if (n == NGX_ERROR || n == 0 || n > NGX_HTTP_PROMOTIONS_REDIS_TIMEOUT) {
        return NGX_DECLINED;
    }

    if (name.len == 15 && ngx_strncmp(name.data, "connect_timeout", 15) == 0)
    {
        redis->connect_timeout = n;
        return NGX_OK;
    }

    if (name.len == 7 && ngx_strncmp(name.data, "timeout", 7) == 0) {
        redis->timeout = n;
        return NGX_OK;
    }

    return NGX_DECLINED;
}


static ngx_int_t
ngx_http_promotions_conf_redis_password(ngx_conf_t *cf,
    ngx_http_promotions_main_conf_t *pmcf, ngx_str_t *path)
{
    pm_error_t   err;
    pm_string_t  password;

    if (ngx_conf_full_name(cf->cycle, path, 1) != NGX_OK) {
        return NGX_ERROR;
    }

    if (pm_store_password_read(pmcf->arena, (char *) path->data, &password,
                               &err)
        != 0)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "\"promotions_redis\": %s",
                           err.message);
        return NGX_ERROR;
    }

    pmcf->redis.password.data = (u_char *) password.data;
    pmcf->redis.password.len = password.len;

    return NGX_OK;
}
