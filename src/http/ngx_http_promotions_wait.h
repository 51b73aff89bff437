/*
 * ngx_http_promotions_wait.h: requests that wait for promotions.
 *
 * Whoever has news of a promotion finds the requests by the promotion's id,
 * never by a pointer: a client may have left meanwhile.
 */

#ifndef NGX_HTTP_PROMOTIONS_WAIT_H
#define NGX_HTTP_PROMOTIONS_WAIT_H


#include "http/ngx_http_promotions.h"


/* In init_process. */
void ngx_http_promotions_wait_init(void);

/* Gives the request's first waiter an id (a UUIDv7) by which it is found, if
 * it has none.  NGX_ERROR: no randomness. */
ngx_int_t ngx_http_promotions_wait(ngx_http_promotions_ctx_t *ctx);

/*
 * The request waits for n promotions from now on: the first under the id that
 * it has, the others under new ones.  NGX_ERROR: no memory or randomness.
 */
ngx_int_t ngx_http_promotions_wait_group(ngx_http_promotions_ctx_t *ctx,
    ngx_uint_t n);

/* The waiter of the request's promotion i. */
ngx_http_promotions_waiter_t *ngx_http_promotions_nth(
    ngx_http_promotions_ctx_t *ctx, ngx_uint_t i);

/* It waits for another promotion than the one that was made for it. */
void ngx_http_promotions_wait_for(ngx_http_promotions_waiter_t *waiter,
    ngx_str_t *id);

/* From now on a client that leaves ends its request; for the time after the
 * body was read. */
void ngx_http_promotions_watch_client(ngx_http_request_t *r);

/* One that waits for id, or NULL; the request it belongs to, or NULL. */
ngx_http_promotions_waiter_t *ngx_http_promotions_find_waiter(
    const char *id);
ngx_http_promotions_ctx_t *ngx_http_promotions_find(const char *id);

/* Its outcome is known here first, whether Redis is there or not; or not so
 * any more. */
void ngx_http_promotions_wait_pushing(const char *id, ngx_uint_t pushing);

/*
 * A promotion has come to its end: status 200, commit has landed; else
 * message says why not.  Texts are copied.  A request whose last one it is
 * gets its answer, and may be touched no more.
 */
void ngx_http_promotions_wait_result(ngx_http_promotions_waiter_t *waiter,
    ngx_uint_t status, const char *message, const char *commit);

/* The same for all that wait for id; pull: of a pull request that is there, or
 * NULL. */
void ngx_http_promotions_answer(const char *id, ngx_uint_t status,
    const char *message, const char *commit,
    const ngx_http_promotions_pull_t *pull);

/*
 * Around code that may bring a request's results and goes on with it: it gets
 * its answer at the earliest when it is released.
 */
void ngx_http_promotions_wait_hold(ngx_http_promotions_ctx_t *ctx);
void ngx_http_promotions_wait_release(ngx_http_promotions_ctx_t *ctx);

/* Asks Redis for the results of those ids that somebody here waits for.
 * NGX_ERROR: it cannot be asked, and all who wait for it have been told. */
ngx_int_t ngx_http_promotions_read_results(ngx_str_t *ids, ngx_uint_t n);

/* The same for all who wait. */
void ngx_http_promotions_read_all(void);

/* Of wait_init: the tick that reads again what was missed. */
void ngx_http_promotions_read_init(void);

/* The request waits no longer; safe to call twice. */
void ngx_http_promotions_wait_end(ngx_http_promotions_ctx_t *ctx);

/*
 * The end of a request that waited: finalizes it with rc and runs what that
 * has posted.  Nothing of the request may be touched afterwards.
 */
void ngx_http_promotions_finish(ngx_http_promotions_ctx_t *ctx,
    ngx_int_t rc);


#endif /* NGX_HTTP_PROMOTIONS_WAIT_H */
