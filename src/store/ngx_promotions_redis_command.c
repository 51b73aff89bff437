#include "store/ngx_promotions_redis_internal.h"


#define NGX_PROMOTIONS_REDIS_ARGS       16      /* without an allocation */
#define NGX_PROMOTIONS_REDIS_PENDING    16384


struct ngx_promotions_redis_command_s {
    ngx_promotions_redis_t          *redis;
    ngx_promotions_redis_handler_pt  handler;   /* NULL: nobody waits */
    void                            *data;
    ngx_event_t                      timer;
};


static ngx_int_t ngx_promotions_redis_append(
    ngx_promotions_redis_command_t *command, ngx_str_t *argv,
    ngx_uint_t argc);
static void ngx_promotions_redis_reply(redisAsyncContext *context,
    void *reply, void *data);
static void ngx_promotions_redis_timeout(ngx_event_t *ev);


ngx_promotions_redis_command_t *
ngx_promotions_redis_send(ngx_promotions_redis_t *redis, ngx_str_t *argv,
    ngx_uint_t argc, ngx_promotions_redis_handler_pt handler, void *data)
{
    ngx_promotions_redis_command_t  *command;

    if (redis->context == NULL || redis->asking
        || redis->pending >= NGX_PROMOTIONS_REDIS_PENDING)
    {
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

    if (ngx_promotions_redis_append(command, argv, argc) != NGX_OK) {
        ngx_free(command);
        return NULL;
    }

    redis->pending++;

    ngx_add_timer(&command->timer, redis->conf->timeout);

    return command;
}


static ngx_int_t
ngx_promotions_redis_append(ngx_promotions_redis_command_t *command,
    ngx_str_t *argv, ngx_uint_t argc)
{
    int           rc;
    size_t       *lengths, few_lengths[NGX_PROMOTIONS_REDIS_ARGS];
    ngx_uint_t    i;
    const char  **args, *few_args[NGX_PROMOTIONS_REDIS_ARGS];

    args = few_args;
    lengths = few_lengths;

    if (argc > NGX_PROMOTIONS_REDIS_ARGS) {
        args = ngx_alloc(argc * (sizeof(char *) + sizeof(size_t)),
                         command->redis->log);
        if (args == NULL) {
            return NGX_ERROR;
        }

        lengths = (size_t *) (args + argc);
    }

    for (i = 0; i < argc; i++) {
        args[i] = (char *) argv[i].data;
        lengths[i] = argv[i].len;
    }

    rc = redisAsyncCommandArgv(command->redis->context,
                               ngx_promotions_redis_reply, command,
                               (int) argc, args, lengths);
    if (args != few_args) {
        ngx_free(args);
    }

    return rc == REDIS_OK ? NGX_OK : NGX_ERROR;
}


void
ngx_promotions_redis_forget(ngx_promotions_redis_command_t *command)
{
    command->handler = NULL;

    /* nobody waits: it must not keep an exiting worker */

    command->timer.cancelable = 1;
}


static void
ngx_promotions_redis_reply(redisAsyncContext *context, void *reply,
    void *data)
{
    ngx_promotions_redis_command_t  *command = data;

    command->redis->pending--;

    if (command->timer.timer_set) {
        ngx_del_timer(&command->timer);
    }

    if (command->handler) {
        command->handler(command->data, reply);
    }

    /* a failover that has not closed this connection: ask again */

    if (reply != NULL && command->redis->conf->master.len
        && ((redisReply *) reply)->type == REDIS_REPLY_ERROR
        && ngx_strncmp(((redisReply *) reply)->str, "READONLY", 8) == 0)
    {
        ngx_promotions_redis_fail(command->redis, "it is no master any more");
        ngx_promotions_redis_close(command->redis);
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
    ngx_promotions_redis_t          *redis;
    ngx_promotions_redis_command_t  *command = ev->data;

    redis = command->redis;

    ngx_promotions_redis_fail(redis, "a command timed out");
    ngx_promotions_redis_close(redis);
}
