/*
 * ngx_promotions_redis_event.h: hiredis's descriptor in nginx's event loop.
 */

#ifndef NGX_PROMOTIONS_REDIS_EVENT_H
#define NGX_PROMOTIONS_REDIS_EVENT_H


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include <hiredis/async.h>


/*
 * Makes nginx drive the context, which must be newly connected.  closed(data)
 * is called once, when hiredis frees the context for whatever reason, after
 * the callbacks of all open commands; the context must not be used any more.
 */
ngx_int_t ngx_promotions_redis_attach(redisAsyncContext *context,
    void (*closed)(void *data), void *data, ngx_log_t *log);


#endif /* NGX_PROMOTIONS_REDIS_EVENT_H */
