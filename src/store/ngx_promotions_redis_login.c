#include "store/ngx_promotions_redis_internal.h"


static void ngx_promotions_redis_named(redisAsyncContext *context,
    void *data, void *unused);
static ngx_uint_t ngx_promotions_redis_is_address(const char *text);
static void ngx_promotions_redis_logged_in(redisAsyncContext *context,
    void *reply, void *data);
static void ngx_promotions_redis_listen(ngx_promotions_redis_t *redis);
static void ngx_promotions_redis_message(redisAsyncContext *context,
    void *data, void *unused);


redisAsyncContext *
ngx_promotions_redis_open(ngx_promotions_redis_t *redis)
{
    ngx_uint_t                       i;
    ngx_promotions_redis_conf_t     *conf;
    ngx_promotions_redis_address_t  *address;

    conf = redis->conf;

    if (conf->path.len) {
        return redisAsyncConnectUnix((char *) conf->path.data);
    }

    /* all are numeric: hiredis's getaddrinfo() asks nobody */

    if (redis->named) {
        redis->named = 0;
        return redisAsyncConnect(redis->host, redis->port);
    }

    redis->asking = (conf->master.len != 0);

    i = redis->next_address++ % conf->addresses.nelts;
    address = conf->addresses.elts;

    return redisAsyncConnect((char *) address[i].host.data, address[i].port);
}


/* Who is the master?  The answer's connection is used for nothing else. */

ngx_int_t
ngx_promotions_redis_ask(ngx_promotions_redis_t *redis)
{
    size_t       lengths[3];
    const char  *argv[3];

    argv[0] = "SENTINEL";
    lengths[0] = sizeof("SENTINEL") - 1;
    argv[1] = "get-master-addr-by-name";
    lengths[1] = sizeof("get-master-addr-by-name") - 1;
    argv[2] = (char *) redis->conf->master.data;
    lengths[2] = redis->conf->master.len;

    return redisAsyncCommandArgv(redis->context, ngx_promotions_redis_named,
                                 NULL, 3, argv, lengths)
           == REDIS_OK ? NGX_OK : NGX_ERROR;
}


static void
ngx_promotions_redis_named(redisAsyncContext *context, void *data,
    void *unused)
{
    ngx_int_t                port;
    redisReply              *reply;
    ngx_promotions_redis_t  *redis;

    redis = context->data;
    reply = data;

    if (reply == NULL) {
        return;
    }

    port = NGX_ERROR;

    if (reply->type == REDIS_REPLY_ARRAY && reply->elements == 2
        && reply->element[0]->type == REDIS_REPLY_STRING
        && reply->element[0]->len < NGX_PROMOTIONS_REDIS_HOST
        && reply->element[1]->type == REDIS_REPLY_STRING)
    {
        port = ngx_atoi((u_char *) reply->element[1]->str,
                        (size_t) reply->element[1]->len);
    }

    /* a name instead of an address would have to be resolved */

    if (port < 1 || port > 65535
        || ngx_promotions_redis_is_address(reply->element[0]->str) == 0)
    {
        ngx_promotions_redis_fail(redis, "a Sentinel names no master, or not "
                                  "by its address");
        ngx_promotions_redis_close(redis);
        return;
    }

    (void) ngx_cpystrn((u_char *) redis->host,
                       (u_char *) reply->element[0]->str,
                       NGX_PROMOTIONS_REDIS_HOST);

    redis->port = (in_port_t) port;
    redis->named = 1;

    ngx_promotions_redis_close(redis);
}


static ngx_uint_t
ngx_promotions_redis_is_address(const char *text)
{
    struct in6_addr  address;

    return inet_pton(AF_INET, text, &address) == 1
           || inet_pton(AF_INET6, text, &address) == 1;
}


ngx_int_t
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

    argv[0] = "SELECT";
    lengths[0] = 6;
    argv[1] = (char *) database;
    lengths[1] = ngx_sprintf(database, "%ui", conf->database) - database;

    if (redisAsyncCommandArgv(redis->context, ngx_promotions_redis_logged_in,
                              NULL, 2, argv, lengths)
        != REDIS_OK)
    {
        return NGX_ERROR;
    }

    /* a master that was one when the Sentinel was asked may be none by now */

    argv[0] = conf->master.len ? "ROLE" : "PING";
    lengths[0] = 4;

    /* any pointer that is not NULL marks the last step */

    if (redisAsyncCommandArgv(redis->context, ngx_promotions_redis_logged_in,
                              redis, 1, argv, lengths)
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

    if (reply->type == REDIS_REPLY_ARRAY
        && (reply->elements == 0
            || reply->element[0]->type != REDIS_REPLY_STRING
            || ngx_strcmp(reply->element[0]->str, "master") != 0))
    {
        ngx_promotions_redis_fail(redis, "it is no master");
        ngx_promotions_redis_close(redis);
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
