#include "store/ngx_promotions_redis_internal.h"


#define NGX_PROMOTIONS_REDIS_ARGS       16      /* without an allocation */
#define NGX_PROMOTIONS_REDIS_PENDING    16384


struct ngx_promotions_redis_command_s {
    ngx_queue_t                      queue;
    ngx_promotions_redis_t          *redis;
    ngx_promotions_redis_handler_pt  handler;   /* NULL: nobody waits */
    void                            *data;
    ngx_event_t                      timer;
};


static ngx_int_t ngx_promotions_redis_append(ngx_promotions_redis_t *redis,
    ngx_str_t *argv, ngx_uint_t argc);
static void ngx_promotions_redis_done(ngx_promotions_redis_t *redis,
    redisReply *reply);
static void ngx_promotions_redis_timeout(ngx_event_t *ev);


ngx_promotions_redis_command_t *
ngx_promotions_redis_send(ngx_promotions_redis_t *redis, ngx_str_t *argv,
    ngx_uint_t argc, ngx_promotions_redis_handler_pt handler, void *data)
{
    ngx_promotions_redis_command_t  *command;

    if (redis->asking || redis->pending >= NGX_PROMOTIONS_REDIS_PENDING) {
        return NULL;
    }

    command = ngx_promotions_redis_command(redis, argv, argc, handler, data);

    if (command != NULL) {
        ngx_add_timer(&command->timer, redis->conf->timeout);
    }

    return command;
}


ngx_promotions_redis_command_t *
ngx_promotions_redis_command(ngx_promotions_redis_t *redis, ngx_str_t *argv,
    ngx_uint_t argc, ngx_promotions_redis_handler_pt handler, void *data)
{
    ngx_promotions_redis_command_t  *command;

    if (redis->event.context == NULL) {
        return NULL;
    }

    command = ngx_calloc(sizeof(ngx_promotions_redis_command_t), redis->log);
    if (command == NULL) {
        return NULL;
    }

    command->redis = redis;
    command->handler = handler;
    command->data = data;
    command->timer.handler = ngx_promotions_redis_timeout;
    command->timer.data = command;
    command->timer.log = redis->log;

    if (ngx_promotions_redis_append(redis, argv, argc) != NGX_OK) {
        ngx_free(command);
        return NULL;
    }

    ngx_queue_insert_tail(&redis->commands, &command->queue);
    redis->pending++;

    return command;
}


static ngx_int_t
ngx_promotions_redis_append(ngx_promotions_redis_t *redis, ngx_str_t *argv,
    ngx_uint_t argc)
{
    size_t       *lengths, few_lengths[NGX_PROMOTIONS_REDIS_ARGS];
    ngx_int_t     rc;
    ngx_uint_t    i;
    const char  **args, *few_args[NGX_PROMOTIONS_REDIS_ARGS];

    args = few_args;
    lengths = few_lengths;

    if (argc > NGX_PROMOTIONS_REDIS_ARGS) {
        args = ngx_alloc(argc * (sizeof(char *) + sizeof(size_t)),
                         redis->log);
        if (args == NULL) {
            return NGX_ERROR;
        }

        lengths = (size_t *) (args + argc);
    }

    for (i = 0; i < argc; i++) {
        args[i] = (char *) argv[i].data;
        lengths[i] = argv[i].len;
    }

    rc = ngx_promotions_redis_event_send(&redis->event, (int) argc, args,
                                         lengths);
    if (args != few_args) {
        ngx_free(args);
    }

    return rc;
}


void
ngx_promotions_redis_forget(ngx_promotions_redis_command_t *command)
{
    command->handler = NULL;

    /* nobody waits: it must not keep an exiting worker */

    command->timer.cancelable = 1;
}


void
ngx_promotions_redis_reply(void *data, redisReply *reply)
{
    ngx_promotions_redis_t  *redis = data;

    if (ngx_queue_empty(&redis->commands)) {

        if (redis->channel.len) {
            ngx_promotions_redis_heard(redis, reply);
            return;
        }

        ngx_promotions_redis_failed(redis, "an answer that nobody asked for");
        return;
    }

    ngx_promotions_redis_done(redis, reply);

    /* a failover that has not closed this connection: ask again */

    if (redis->conf->master.len
        && reply->type == REDIS_REPLY_ERROR
        && ngx_strncmp(reply->str, "READONLY", 8) == 0
        && redis->event.context != NULL)
    {
        ngx_promotions_redis_failed(redis, "it is no master any more");
    }
}


void
ngx_promotions_redis_abandon(ngx_promotions_redis_t *redis)
{
    while (!ngx_queue_empty(&redis->commands)) {
        ngx_promotions_redis_done(redis, NULL);
    }
}


/* The end of the first open command. */

static void
ngx_promotions_redis_done(ngx_promotions_redis_t *redis, redisReply *reply)
{
    ngx_queue_t                     *q;
    ngx_promotions_redis_command_t  *command;

    q = ngx_queue_head(&redis->commands);
    command = ngx_queue_data(q, ngx_promotions_redis_command_t, queue);

    ngx_queue_remove(q);
    redis->pending--;

    if (command->timer.timer_set) {
        ngx_del_timer(&command->timer);
    }

    if (command->handler) {
        command->handler(command->data, reply);
    }

    ngx_free(command);
}


/*
 * Replies come in order: behind one that is late all others are late too, so
 * the connection is given up, and every open command hears of it at once.
 */

static void
ngx_promotions_redis_timeout(ngx_event_t *ev)
{
    ngx_promotions_redis_command_t  *command = ev->data;

    ngx_promotions_redis_failed(command->redis, "a command timed out");
}
