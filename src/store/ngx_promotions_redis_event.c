#include "store/ngx_promotions_redis_event.h"


typedef struct {
    ngx_connection_t   *connection;
    redisAsyncContext  *context;
    void              (*closed)(void *data);
    void               *data;
} ngx_promotions_redis_event_t;


static void ngx_promotions_redis_read_handler(ngx_event_t *rev);
static void ngx_promotions_redis_write_handler(ngx_event_t *wev);
static void ngx_promotions_redis_add_read(void *data);
static void ngx_promotions_redis_del_read(void *data);
static void ngx_promotions_redis_add_write(void *data);
static void ngx_promotions_redis_del_write(void *data);
static void ngx_promotions_redis_cleanup(void *data);


ngx_int_t
ngx_promotions_redis_attach(redisAsyncContext *context,
    void (*closed)(void *data), void *data, ngx_log_t *log)
{
    ngx_connection_t              *c;
    ngx_promotions_redis_event_t  *event;

    event = ngx_alloc(sizeof(ngx_promotions_redis_event_t), log);
    if (event == NULL) {
        return NGX_ERROR;
    }

    c = ngx_get_connection(context->c.fd, log);
    if (c == NULL) {
        ngx_free(event);
        return NGX_ERROR;
    }

    event->connection = c;
    event->context = context;
    event->closed = closed;
    event->data = data;

    c->data = event;
    c->log = log;
    c->log_error = NGX_ERROR_ERR;

    c->read->handler = ngx_promotions_redis_read_handler;
    c->read->log = log;
    c->write->handler = ngx_promotions_redis_write_handler;
    c->write->log = log;

    context->ev.data = event;
    context->ev.addRead = ngx_promotions_redis_add_read;
    context->ev.delRead = ngx_promotions_redis_del_read;
    context->ev.addWrite = ngx_promotions_redis_add_write;
    context->ev.delWrite = ngx_promotions_redis_del_write;
    context->ev.cleanup = ngx_promotions_redis_cleanup;

    return NGX_OK;
}


/*
 * Both handlers touch nothing after the call: hiredis may have freed the
 * context, and with it the event.
 */

static void
ngx_promotions_redis_read_handler(ngx_event_t *rev)
{
    ngx_connection_t              *c;
    ngx_promotions_redis_event_t  *event;

    c = rev->data;
    event = c->data;

    redisAsyncHandleRead(event->context);
}


static void
ngx_promotions_redis_write_handler(ngx_event_t *wev)
{
    ngx_connection_t              *c;
    ngx_promotions_redis_event_t  *event;

    c = wev->data;
    event = c->data;

    redisAsyncHandleWrite(event->context);
}


/*
 * Level-triggered: hiredis reads a part and expects to be called again.  A
 * failed ngx_add_event() needs no answer here: it has been logged, and the
 * command's timer fires.
 */

static void
ngx_promotions_redis_add_read(void *data)
{
    ngx_promotions_redis_event_t  *event = data;

    if (!event->connection->read->active) {
        (void) ngx_add_event(event->connection->read, NGX_READ_EVENT,
                             NGX_LEVEL_EVENT);
    }
}


static void
ngx_promotions_redis_del_read(void *data)
{
    ngx_promotions_redis_event_t  *event = data;

    if (event->connection->read->active) {
        (void) ngx_del_event(event->connection->read, NGX_READ_EVENT, 0);
    }
}


static void
ngx_promotions_redis_add_write(void *data)
{
    ngx_promotions_redis_event_t  *event = data;

    if (!event->connection->write->active) {
        (void) ngx_add_event(event->connection->write, NGX_WRITE_EVENT,
                             NGX_LEVEL_EVENT);
    }
}


static void
ngx_promotions_redis_del_write(void *data)
{
    ngx_promotions_redis_event_t  *event = data;

    if (event->connection->write->active) {
        (void) ngx_del_event(event->connection->write, NGX_WRITE_EVENT, 0);
    }
}


static void
ngx_promotions_redis_cleanup(void *data)
{
    ngx_connection_t              *c;
    ngx_promotions_redis_event_t  *event = data;

    c = event->connection;

    ngx_promotions_redis_del_read(event);
    ngx_promotions_redis_del_write(event);

    if (c->read->posted) {
        ngx_delete_posted_event(c->read);
    }

    if (c->write->posted) {
        ngx_delete_posted_event(c->write);
    }

    c->read->closed = 1;
    c->write->closed = 1;

    ngx_free_connection(c);

    /*
     * hiredis closes the descriptor: a second close could hit a file that a
     * git thread has opened in between
     */

    c->fd = (ngx_socket_t) -1;

    event->closed(event->data);

    ngx_free(event);
}
