/*
 * ngx_http_promotions_follow.h: what becomes of a pull request after it was
 * opened: by its provider's webhooks, or, where there are none, by asking.
 */

#ifndef NGX_HTTP_PROMOTIONS_FOLLOW_H
#define NGX_HTTP_PROMOTIONS_FOLLOW_H


#include "http/ngx_http_promotions.h"


/*
 * Records the state of pull request number of the repository with that key
 * (pm_forge_repository_t's) with all promotions that have it.  replay: what
 * is said only once (a digest); NULL: it may be said again.  NGX_OK: handler
 * will be called, with an integer if all went well.
 */
ngx_int_t ngx_http_promotions_follow(const char *key, int64_t number,
    pm_forge_state_t state, const char *merge_commit, const char *replay,
    ngx_promotions_redis_handler_pt handler, void *data);

/*
 * Before a record (its fields) is shown: where it has an open pull request,
 * nobody tells what becomes of it, and it was not asked for lately, asks the
 * provider.  NGX_AGAIN: record_read() is called with handler when that is
 * done, or has failed; NGX_DECLINED: nothing to ask.
 */
ngx_int_t ngx_http_promotions_look(ngx_http_promotions_ctx_t *ctx,
    redisReply *fields, ngx_promotions_redis_handler_pt handler);


#endif /* NGX_HTTP_PROMOTIONS_FOLLOW_H */
