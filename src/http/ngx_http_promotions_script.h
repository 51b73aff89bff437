/*
 * ngx_http_promotions_script.h: calls of the lanes' scripts with what all of
 * them begin with.
 */

#ifndef NGX_HTTP_PROMOTIONS_SCRIPT_H
#define NGX_HTTP_PROMOTIONS_SCRIPT_H


#include "http/ngx_http_promotions.h"
#include "store/ngx_promotions_script.h"


/*
 * The arguments prefix, lane, token and lease of a script, in a pool of their
 * own.  NGX_ERROR: no memory, and nothing to be freed.
 */
ngx_int_t ngx_http_promotions_script_args(ngx_promotions_args_t *args,
    const u_char *lane);

/* The same for "results", which has only the prefix. */
ngx_int_t ngx_http_promotions_results_args(ngx_promotions_args_t *args);

/* 1 if the key has a grant on an environment; name and id NULL: on all. */
typedef int (*ngx_http_promotions_grant_pt)(const pm_store_key_t *key,
    const char *name, const char *id);

/* Those environments of the catalog that the key has this grant on, as scripts
 * take them: how many, and their names; all of them: -1. */
void ngx_http_promotions_list_environments(ngx_promotions_args_t *args,
    const pm_store_key_t *key, ngx_http_promotions_grant_pt granted);

/* Calls and frees the arguments; as ngx_promotions_script_call(). */
ngx_int_t ngx_http_promotions_script_send(ngx_promotions_args_t *args,
    const char *name, ngx_promotions_redis_handler_pt handler, void *data);


#endif /* NGX_HTTP_PROMOTIONS_SCRIPT_H */
