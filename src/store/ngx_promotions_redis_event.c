#include "store/ngx_promotions_redis_event.h"


/* Elements of one array: hiredis allocates as many as Redis announces. */

#define NGX_PROMOTIONS_REDIS_ELEMENTS  1048576


static void *ngx_promotions_redis_create_array(const redisReadTask *task,
    int elements);
static void ngx_promotions_redis_read_handler(ngx_event_t *rev);
static void ngx_promotions_redis_write_handler(ngx_event_t *wev);
static ngx_int_t ngx_promotions_redis_connected(
    ngx_promotions_redis_event_t *event);


/* hiredis's own but for arrays, from the first reader that it makes. */

static redisReplyObjectFunctions   ngx_promotions_redis_functions;
static redisReplyObjectFunctions  *ngx_promotions_redis_standard;


ngx_int_t
ngx_promotions_redis_event_open(ngx_promotions_redis_event_t *event,
    redisContext *context, ngx_log_t *log)
{
    ngx_connection_t  *c;

    c = ngx_get_connection(context->fd, log);
    if (c == NULL) {
        redisFree(context);
        return NGX_ERROR;
    }

    if (ngx_promotions_redis_standard == NULL) {
        ngx_promotions_redis_standard = context->reader->fn;
        ngx_promotions_redis_functions = *context->reader->fn;
        ngx_promotions_redis_functions.createArray =
            ngx_promotions_redis_create_array;
    }

    context->reader->fn = &ngx_promotions_redis_functions;

    event->context = context;
    event->connection = c;
    event->size = 0;
    event->connected = 0;

    c->data = event;
    c->log = log;
    c->log_error = NGX_ERROR_ERR;

    c->read->handler = ngx_promotions_redis_read_handler;
    c->read->log = log;
    c->write->handler = ngx_promotions_redis_write_handler;
    c->write->log = log;

    /* level-triggered: a part is read at a time */

    if (ngx_add_event(c->read, NGX_READ_EVENT, NGX_LEVEL_EVENT) != NGX_OK
        || ngx_add_event(c->write, NGX_WRITE_EVENT, NGX_LEVEL_EVENT)
           != NGX_OK)
    {
        ngx_promotions_redis_event_close(event);
        return NGX_ERROR;
    }

    return NGX_OK;
}


static void *
ngx_promotions_redis_create_array(const redisReadTask *task, int elements)
{
    if (elements > NGX_PROMOTIONS_REDIS_ELEMENTS) {
        return NULL;
    }

    return ngx_promotions_redis_standard->createArray(task, elements);
}


ngx_int_t
ngx_promotions_redis_event_send(ngx_promotions_redis_event_t *event,
    int argc, const char **argv, const size_t *lengths)
{
    ngx_event_t  *wev;

    if (redisAppendCommandArgv(event->context, argc, argv,
                               (size_t *) lengths)
        != REDIS_OK)
    {
        return NGX_ERROR;
    }

    wev = event->connection->write;

    /* what this turn of the loop sends goes out in one write at its end */

    if (!wev->active) {
        ngx_post_event(wev, &ngx_posted_events);
    }

    return NGX_OK;
}


static void
ngx_promotions_redis_read_handler(ngx_event_t *rev)
{
    size_t                         before;
    redisReader                   *reader;
    void                          *reply;
    ngx_connection_t              *c;
    ngx_promotions_redis_event_t  *event;

    c = rev->data;
    event = c->data;
    reader = event->context->reader;

    before = reader->len;

    if (redisBufferRead(event->context) != REDIS_OK) {
        event->failed(event->data, event->context->errstr);
        return;
    }

    event->size += reader->len - before;

    if (event->size > event->limit) {
        event->failed(event->data, "a reply is too large");
        return;
    }

    for ( ;; ) {

        if (redisReaderGetReply(reader, &reply) != REDIS_OK) {
            event->failed(event->data, reader->errstr);
            return;
        }

        if (reply == NULL) {
            return;
        }

        event->size = reader->len - reader->pos;

        event->reply(event->data, reply);

        freeReplyObject(reply);

        if (event->context == NULL) {
            return;
        }
    }
}


static void
ngx_promotions_redis_write_handler(ngx_event_t *wev)
{
    int                            done;
    ngx_connection_t              *c;
    ngx_promotions_redis_event_t  *event;

    c = wev->data;
    event = c->data;

    if (!event->connected
        && ngx_promotions_redis_connected(event) != NGX_OK)
    {
        return;
    }

    if (redisBufferWrite(event->context, &done) != REDIS_OK) {
        event->failed(event->data, event->context->errstr);
        return;
    }

    if (done) {

        if (wev->active) {
            (void) ngx_del_event(wev, NGX_WRITE_EVENT, 0);
        }

        return;
    }

    /* a failure has been logged, and the command's timer fires */

    if (!wev->active) {
        (void) ngx_add_event(wev, NGX_WRITE_EVENT, NGX_LEVEL_EVENT);
    }
}


static ngx_int_t
ngx_promotions_redis_connected(ngx_promotions_redis_event_t *event)
{
    int        err;
    u_char     text[NGX_MAX_ERROR_STR];
    socklen_t  len;

    err = 0;
    len = sizeof(int);

    if (getsockopt(event->context->fd, SOL_SOCKET, SO_ERROR, &err, &len)
        == -1)
    {
        err = ngx_socket_errno;
    }

    if (err) {
        *ngx_strerror(err, text, sizeof(text) - 1) = '\0';
        event->failed(event->data, (char *) text);
        return NGX_ERROR;
    }

    event->connected = 1;

    return NGX_OK;
}


void
ngx_promotions_redis_event_close(ngx_promotions_redis_event_t *event)
{
    redisContext      *context;
    ngx_connection_t  *c;

    context = event->context;
    c = event->connection;

    if (context == NULL) {
        return;
    }

    event->context = NULL;
    event->connection = NULL;

    if (c->read->active) {
        (void) ngx_del_event(c->read, NGX_READ_EVENT, 0);
    }

    if (c->write->active) {
        (void) ngx_del_event(c->write, NGX_WRITE_EVENT, 0);
    }

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

    redisFree(context);
}
