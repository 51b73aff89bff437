#include "store/ngx_promotions_redis.h"
#include "store/ngx_promotions_redis_event.h"


#define NGX_PROMOTIONS_REDIS_ARGS       16      /* without an allocation */
#define NGX_PROMOTIONS_REDIS_PENDING    16384
#define NGX_PROMOTIONS_REDIS_BACKOFF    50      /* ms, doubled each time */
#define NGX_PROMOTIONS_REDIS_MAX_WAIT   2000


struct ngx_promotions_redis_s {
    ngx_promotions_redis_conf_t     *conf;
    redisAsyncContext               *context;       /* NULL: not connected */
    ngx_log_t                       *log;
    ngx_event_t                      connect_timer;
    ngx_event_t                      reconnect_timer;
    ngx_msec_t                       backoff;
    ngx_uint_t                       next_address;
    ngx_uint_t                       pending;       /* commands sent */

    /* of a connection that listens */
    ngx_str_t                        channel;
    ngx_promotions_redis_message_pt  message;
    void                            *data;

    unsigned                         ready:1;       /* logged in */
    unsigned                         closing:1;
    unsigned                         reported:1;    /* the fault is logged */
};


struct ngx_promotions_redis_command_s {
    ngx_promotions_redis_t          *redis;
    ngx_promotions_redis_handler_pt  handler;   /* NULL: nobody waits */
    void                            *data;
    ngx_event_t                      timer;
};


static void ngx_promotions_redis_connect(ngx_promotions_redis_t *redis);
static redisAsyncContext *ngx_promotions_redis_open(
    ngx_promotions_redis_t *redis);
static ngx_int_t ngx_promotions_redis_login(ngx_promotions_redis_t *redis);
static void ngx_promotions_redis_logged_in(redisAsyncContext *context,
    void *reply, void *data);
static void ngx_promotions_redis_listen(ngx_promotions_redis_t *redis);
static void ngx_promotions_redis_message(redisAsyncContext *context,
    void *data, void *unused);
static void ngx_promotions_redis_connected(const redisAsyncContext *context,
    int status);
static void ngx_promotions_redis_closed(void *data);
static void ngx_promotions_redis_fail(ngx_promotions_redis_t *redis,
    const char *reason);
static void ngx_promotions_redis_close(ngx_promotions_redis_t *redis);
static void ngx_promotions_redis_connect_timeout(ngx_event_t *ev);
static void ngx_promotions_redis_reconnect(ngx_event_t *ev);
static ngx_int_t ngx_promotions_redis_append(
    ngx_promotions_redis_command_t *command, ngx_str_t *argv,
    ngx_uint_t argc);
static void ngx_promotions_redis_reply(redisAsyncContext *context,
    void *reply, void *data);
static void ngx_promotions_redis_timeout(ngx_event_t *ev);


ngx_promotions_redis_t *
ngx_promotions_redis_create(ngx_cycle_t *cycle,
    ngx_promotions_redis_conf_t *conf)
{
    return ngx_promotions_redis_subscribe(cycle, conf, NULL, NULL, NULL);
}


ngx_promotions_redis_t *
ngx_promotions_redis_subscribe(ngx_cycle_t *cycle,
    ngx_promotions_redis_conf_t *conf, ngx_str_t *channel,
    ngx_promotions_redis_message_pt handler, void *data)
{
    ngx_promotions_redis_t  *redis;

    redis = ngx_pcalloc(cycle->pool, sizeof(ngx_promotions_redis_t));
    if (redis == NULL) {
        return NULL;
    }

    redis->conf = conf;
    redis->log = cycle->log;
    redis->message = handler;
    redis->data = data;

    if (channel != NULL) {
        redis->channel = *channel;
    }

    redis->backoff = NGX_PROMOTIONS_REDIS_BACKOFF;

    redis->connect_timer.handler = ngx_promotions_redis_connect_timeout;
    redis->connect_timer.data = redis;
    redis->connect_timer.log = cycle->log;
    redis->connect_timer.cancelable = 1;

    redis->reconnect_timer.handler = ngx_promotions_redis_reconnect;
    redis->reconnect_timer.data = redis;
    redis->reconnect_timer.log = cycle->log;
    redis->reconnect_timer.cancelable = 1;

    ngx_promotions_redis_connect(redis);

    return redis;
}


void
ngx_promotions_redis_destroy(ngx_promotions_redis_t *redis)
{
    redis->closing = 1;

    if (redis->reconnect_timer.timer_set) {
        ngx_del_timer(&redis->reconnect_timer);
    }

    ngx_promotions_redis_close(redis);
}


static void
ngx_promotions_redis_connect(ngx_promotions_redis_t *redis)
{
    redisAsyncContext  *context;

    context = ngx_promotions_redis_open(redis);

    if (context == NULL) {
        ngx_promotions_redis_fail(redis, "out of memory");
        ngx_promotions_redis_closed(redis);
        return;
    }

    if (context->err) {
        ngx_promotions_redis_fail(redis, context->errstr);
        redisAsyncFree(context);
        ngx_promotions_redis_closed(redis);
        return;
    }

    context->data = redis;

    if (ngx_promotions_redis_attach(context, ngx_promotions_redis_closed,
                                    redis, redis->log)
        != NGX_OK)
    {
        redisAsyncFree(context);
        ngx_promotions_redis_closed(redis);
        return;
    }

    redis->context = context;

    (void) redisAsyncSetConnectCallback(context,
                                        ngx_promotions_redis_connected);

    ngx_add_timer(&redis->connect_timer, redis->conf->connect_timeout);

    /* sent first on the new connection, before any command */

    if (ngx_promotions_redis_login(redis) != NGX_OK) {
        ngx_promotions_redis_close(redis);
    }
}


static redisAsyncContext *
ngx_promotions_redis_open(ngx_promotions_redis_t *redis)
{
    ngx_str_t                    *address;
    ngx_promotions_redis_conf_t  *conf;

    conf = redis->conf;

    if (conf->path.len) {
        return redisAsyncConnectUnix((char *) conf->path.data);
    }

    /* numeric: hiredis's getaddrinfo() asks nobody */

    address = &conf->addresses[redis->next_address++ % conf->naddresses];

    return redisAsyncConnect((char *) address->data, conf->port);
}


static ngx_int_t
ngx_promotions_redis_login(ngx_promotions_redis_t *redis)
{
    int                           argc;
    u_char                        database[NGX_INT_T_LEN];
    size_t                        lengths[3];
    const char                   *argv[3];
    ngx_promotions_redis_conf_t  *conf;

    conf = redis->conf;

    if (conf->password.len) {
        argc = 0;

        argv[argc] = "AUTH";
        lengths[argc++] = 4;

        if (conf->user.len) {
            argv[argc] = (char *) conf->user.data;
            lengths[argc++] = conf->user.len;
        }

        argv[argc] = (char *) conf->password.data;
        lengths[argc++] = conf->password.len;

        if (redisAsyncCommandArgv(redis->context,
                                  ngx_promotions_redis_logged_in, NULL,
                                  argc, argv, lengths)
            != REDIS_OK)
        {
            return NGX_ERROR;
        }
    }

    /* SELECT also where it is 0: its answer tells that commands are taken */

    argv[0] = "SELECT";
    lengths[0] = 6;
    argv[1] = (char *) database;
    lengths[1] = ngx_sprintf(database, "%ui", conf->database) - database;

    /* any pointer that is not NULL marks the last step */

    if (redisAsyncCommandArgv(redis->context, ngx_promotions_redis_logged_in,
                              redis, 2, argv, lengths)
        != REDIS_OK)
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}


static void
ngx_promotions_redis_logged_in(redisAsyncContext *context, void *data,
    void *last)
{
    redisReply              *reply;
    ngx_promotions_redis_t  *redis;

    redis = context->data;
    reply = data;

    if (reply == NULL) {
        return;
    }

    if (reply->type == REDIS_REPLY_ERROR) {
        ngx_promotions_redis_fail(redis, reply->str);
        ngx_promotions_redis_close(redis);
        return;
    }

    if (last == NULL) {
        return;
    }

    redis->ready = 1;
    redis->backoff = NGX_PROMOTIONS_REDIS_BACKOFF;

    if (redis->connect_timer.timer_set) {
        ngx_del_timer(&redis->connect_timer);
    }

    if (redis->reported) {
        redis->reported = 0;

        ngx_log_error(NGX_LOG_NOTICE, redis->log, 0,
                      "redis \"%V\" is back", &redis->conf->name);
    }

    if (redis->channel.len) {
        ngx_promotions_redis_listen(redis);
    }
}


static void
ngx_promotions_redis_listen(ngx_promotions_redis_t *redis)
{
    size_t       lengths[2];
    const char  *argv[2];

    argv[0] = "SUBSCRIBE";
    lengths[0] = sizeof("SUBSCRIBE") - 1;
    argv[1] = (char *) redis->channel.data;
    lengths[1] = redis->channel.len;

    /* a peer that is gone without a word is found by the kernel */

    (void) redisEnableKeepAlive(&redis->context->c);

    if (redisAsyncCommandArgv(redis->context, ngx_promotions_redis_message,
                              NULL, 2, argv, lengths)
        != REDIS_OK)
    {
        ngx_promotions_redis_close(redis);
    }
}


/* ["subscribe", channel, n] once, then ["message", channel, text]. */

static void
ngx_promotions_redis_message(redisAsyncContext *context, void *data,
    void *unused)
{
    ngx_str_t                text;
    redisReply              *reply;
    ngx_promotions_redis_t  *redis;

    redis = context->data;
    reply = data;

    if (reply == NULL || reply->type != REDIS_REPLY_ARRAY
        || reply->elements != 3)
    {
        return;
    }

    if (reply->element[2]->type != REDIS_REPLY_STRING) {
        redis->message(redis->data, NULL);
        return;
    }

    text.data = (u_char *) reply->element[2]->str;
    text.len = (size_t) reply->element[2]->len;

    redis->message(redis->data, &text);
}


static void
ngx_promotions_redis_connected(const redisAsyncContext *context, int status)
{
    if (status != REDIS_OK) {
        ngx_promotions_redis_fail(context->data, context->c.errstr);
    }
}


/* The context is gone, whoever freed it: connect again later. */

static void
ngx_promotions_redis_closed(void *data)
{
    ngx_msec_t               wait;
    ngx_promotions_redis_t  *redis = data;

    if (redis->ready && !redis->reported && !redis->closing) {
        ngx_promotions_redis_fail(redis, redis->context->errstr);
    }

    redis->context = NULL;
    redis->ready = 0;

    if (redis->connect_timer.timer_set) {
        ngx_del_timer(&redis->connect_timer);
    }

    if (redis->closing || redis->reconnect_timer.timer_set) {
        return;
    }

    wait = redis->backoff / 2 + (ngx_msec_t) ngx_random() % redis->backoff;

    redis->backoff = ngx_min(redis->backoff * 2,
                             NGX_PROMOTIONS_REDIS_MAX_WAIT);

    ngx_add_timer(&redis->reconnect_timer, wait);
}


/* Logged once a fault, not once a try. */

static void
ngx_promotions_redis_fail(ngx_promotions_redis_t *redis, const char *reason)
{
    ngx_uint_t  level;

    level = redis->reported ? NGX_LOG_INFO : NGX_LOG_ERR;
    redis->reported = 1;

    ngx_log_error(level, redis->log, 0, "redis \"%V\" is not usable: %s",
                  &redis->conf->name, reason);
}


static void
ngx_promotions_redis_close(ngx_promotions_redis_t *redis)
{
    if (redis->context != NULL) {

        /* calls the handlers of open commands, then redis_closed() */

        redisAsyncFree(redis->context);
    }
}


static void
ngx_promotions_redis_connect_timeout(ngx_event_t *ev)
{
    ngx_promotions_redis_t  *redis = ev->data;

    ngx_promotions_redis_fail(redis, "connecting timed out");
    ngx_promotions_redis_close(redis);
}


static void
ngx_promotions_redis_reconnect(ngx_event_t *ev)
{
    ngx_promotions_redis_t  *redis = ev->data;

    if (!ngx_exiting) {
        ngx_promotions_redis_connect(redis);
    }
}


ngx_promotions_redis_command_t *
ngx_promotions_redis_send(ngx_promotions_redis_t *redis, ngx_str_t *argv,
    ngx_uint_t argc, ngx_promotions_redis_handler_pt handler, void *data)
{
    ngx_promotions_redis_command_t  *command;

    if (redis->context == NULL
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
