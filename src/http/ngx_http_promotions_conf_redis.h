/*
 * ngx_http_promotions_conf_redis.h: the directive promotions_redis.
 */

#ifndef NGX_HTTP_PROMOTIONS_CONF_REDIS_H
#define NGX_HTTP_PROMOTIONS_CONF_REDIS_H


#include "http/ngx_http_promotions.h"


/* A handler of ngx_command_t for the main configuration. */
char *ngx_http_promotions_conf_redis(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/* What was not said: the defaults. */
char *ngx_http_promotions_conf_redis_init(ngx_conf_t *cf,
    ngx_http_promotions_main_conf_t *pmcf);


#endif /* NGX_HTTP_PROMOTIONS_CONF_REDIS_H */
