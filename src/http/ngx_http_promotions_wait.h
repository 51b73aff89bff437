/*
 * ngx_http_promotions_wait.h: requests that wait for a promotion.
 *
 * Whoever has news of a promotion finds the request by the promotion's id,
 * never by a pointer: a client may have left meanwhile.
 */

#ifndef NGX_HTTP_PROMOTIONS_WAIT_H
#define NGX_HTTP_PROMOTIONS_WAIT_H


#include "http/ngx_http_promotions.h"


/* In init_process. */
void ngx_http_promotions_wait_init(void);

/* Gives the request the id of a new promotion (a UUIDv7) and has it wait.
 * NGX_ERROR: no randomness. */
ngx_int_t ngx_http_promotions_wait(ngx_http_promotions_ctx_t *ctx);

/* From now on a client that leaves ends its request; for the time after the
 * body was read. */
void ngx_http_promotions_watch_client(ngx_http_request_t *r);

/* The context of the request that waits for id, or NULL. */
ngx_http_promotions_ctx_t *ngx_http_promotions_find(const char *id);

/* The request waits no longer; safe to call twice. */
void ngx_http_promotions_wait_end(ngx_http_promotions_ctx_t *ctx);

/*
 * The end of a request that waited: finalizes it with rc and runs what that
 * has posted.  Nothing of the request may be touched afterwards.
 */
void ngx_http_promotions_finish(ngx_http_promotions_ctx_t *ctx,
    ngx_int_t rc);


#endif /* NGX_HTTP_PROMOTIONS_WAIT_H */
