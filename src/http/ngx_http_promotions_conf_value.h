/*
 * ngx_http_promotions_conf_value.h: what the words after a directive mean, and
 * what is wrong with them.  Handlers of ngx_command_t.
 */

#ifndef NGX_HTTP_PROMOTIONS_CONF_VALUE_H
#define NGX_HTTP_PROMOTIONS_CONF_VALUE_H


#include "http/ngx_http_promotions.h"


/* The post of a number's command. */

typedef struct {
    ngx_int_t  low;
    ngx_int_t  high;
} ngx_http_promotions_conf_bounds_t;


/* Into the field at the command's offset: a path, which is not empty; an
 * ngx_msec_t from 1ms to 1d; a time_t of 1s or more; an ngx_int_t. */
char *ngx_http_promotions_conf_path(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_promotions_conf_timeout(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_promotions_conf_seconds(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_promotions_conf_number(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/* Of the location's configuration. */
char *ngx_http_promotions_conf_success_status(ngx_conf_t *cf,
    ngx_command_t *cmd, void *conf);

/* Of the main configuration: the directives of these names. */
char *ngx_http_promotions_conf_catalog(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_promotions_conf_mirrors(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_promotions_conf_forge(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_promotions_conf_committer(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_promotions_conf_thread_pool(ngx_conf_t *cf,
    ngx_command_t *cmd, void *conf);


#endif /* NGX_HTTP_PROMOTIONS_CONF_VALUE_H */
