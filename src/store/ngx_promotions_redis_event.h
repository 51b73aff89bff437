/*
 * ngx_promotions_redis_event.h: the bytes of a connection to Redis.
 *
 * hiredis connects, writes and parses; nginx's event loop says when.  Its
 * asynchronous half is not used: it ends the process (assert) at an answer
 * that nobody asked for, and at a malformed message.
 */

#ifndef NGX_PROMOTIONS_REDIS_EVENT_H
#define NGX_PROMOTIONS_REDIS_EVENT_H


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include <hiredis/hiredis.h>


typedef struct {
    redisContext      *context;      /* NULL: closed */
    ngx_connection_t  *connection;
    size_t             size;         /* bytes of the reply that is coming */
    unsigned           connected:1;

    /* set by the owner, once */

    size_t             limit;        /* of one reply, bytes */
    void              *data;

    /* one whole reply; the owner may close from within */
    void             (*reply)(void *data, redisReply *reply);

    /* no more can be read or written: the owner must close */
    void             (*failed)(void *data, const char *reason);
} ngx_promotions_redis_event_t;


/*
 * Takes a context that is connecting without blocking.  NGX_ERROR: the
 * context is freed.
 */
ngx_int_t ngx_promotions_redis_event_open(
    ngx_promotions_redis_event_t *event, redisContext *context,
    ngx_log_t *log);

/* Sends a command (copied) as soon as the loop can; NGX_ERROR: no memory. */
ngx_int_t ngx_promotions_redis_event_send(
    ngx_promotions_redis_event_t *event, int argc, const char **argv,
    const size_t *lengths);

/* Calls nobody; safe to call twice. */
void ngx_promotions_redis_event_close(ngx_promotions_redis_event_t *event);


#endif /* NGX_PROMOTIONS_REDIS_EVENT_H */
