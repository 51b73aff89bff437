#include "store/ngx_promotions_redis_internal.h"
#include "store/pm_store_redis.h"


static void ngx_promotions_redis_named(void *data, redisReply *reply);
static ngx_uint_t ngx_promotions_redis_is_address(const char *text);
static ngx_uint_t ngx_promotions_redis_accepted(
    ngx_promotions_redis_t *redis, redisReply *reply);
static void ngx_promotions_redis_authenticated(void *data, redisReply *reply);
static void ngx_promotions_redis_selected(void *data, redisReply *reply);
static void ngx_promotions_redis_logged_in(void *data, redisReply *reply);
static void ngx_promotions_redis_listening(void *data, redisReply *reply);
static void ngx_promotions_redis_ready(ngx_promotions_redis_t *redis);
static ngx_uint_t ngx_promotions_redis_is_message(redisReply *reply,
    const char *kind, int type);


redisContext *
ngx_promotions_redis_open(ngx_promotions_redis_t *redis)
{
    ngx_uint_t                       i;
    redisContext                    *context;
    ngx_promotions_redis_conf_t     *conf;
    ngx_promotions_redis_address_t  *address;

    conf = redis->conf;

    if (conf->path.len) {
        return redisConnectUnixNonBlock((char *) conf->path.data);
    }

    /* all are numeric: hiredis's getaddrinfo() asks nobody */

    if (redis->named) {
        redis->named = 0;
        context = redisConnectNonBlock(redis->host, redis->port);

    } else {
        redis->asking = (conf->master.len != 0);

        i = redis->next_address++ % conf->addresses.nelts;
        address = conf->addresses.elts;

        context = redisConnectNonBlock((char *) address[i].host.data,
                                       address[i].port);
    }

    /* a peer that is gone without a word is found by the kernel */

    if (context != NULL && !context->err) {
        (void) redisEnableKeepAlive(context);
    }

    return context;
}


/* Who is the master?  The answer's connection is used for nothing else. */

ngx_int_t
ngx_promotions_redis_ask(ngx_promotions_redis_t *redis)
{
    ngx_str_t  argv[3];

    ngx_str_set(&argv[0], "SENTINEL");
    ngx_str_set(&argv[1], "get-master-addr-by-name");
    argv[2] = redis->conf->master;

    return ngx_promotions_redis_command(redis, argv, 3,
                                        ngx_promotions_redis_named, redis)
           != NULL ? NGX_OK : NGX_ERROR;
}


static void
ngx_promotions_redis_named(void *data, redisReply *reply)
{
    ngx_int_t                port;
    ngx_promotions_redis_t  *redis = data;

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
        ngx_promotions_redis_failed(redis, "a Sentinel names no master, or "
                                    "not by its address");
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
    u_char                        database[NGX_INT_T_LEN];
    ngx_str_t                     argv[3];
    ngx_uint_t                    argc;
    ngx_promotions_redis_conf_t  *conf;

    conf = redis->conf;

    if (conf->password.len) {
        argc = 0;

        ngx_str_set(&argv[argc], "AUTH");
        argc++;

        if (conf->user.len) {
            argv[argc++] = conf->user;
        }

        argv[argc++] = conf->password;

        if (ngx_promotions_redis_command(redis, argv, argc,
                                         ngx_promotions_redis_authenticated,
                                         redis)
            == NULL)
        {
            return NGX_ERROR;
        }
    }

    ngx_str_set(&argv[0], "SELECT");
    argv[1].data = database;
    argv[1].len = ngx_sprintf(database, "%ui", conf->database) - database;

    if (ngx_promotions_redis_command(redis, argv, 2,
                                     ngx_promotions_redis_selected, redis)
        == NULL)
    {
        return NGX_ERROR;
    }

    /* a master that was one when the Sentinel was asked may be none by now */

    if (conf->master.len) {
        ngx_str_set(&argv[0], "ROLE");
    } else {
        ngx_str_set(&argv[0], "PING");
    }

    if (ngx_promotions_redis_command(redis, argv, 1,
                                     ngx_promotions_redis_logged_in, redis)
        == NULL)
    {
        return NGX_ERROR;
    }

    if (redis->channel.len == 0) {
        return NGX_OK;
    }

    ngx_str_set(&argv[0], "SUBSCRIBE");
    argv[1] = redis->channel;

    return ngx_promotions_redis_command(redis, argv, 2,
                                        ngx_promotions_redis_listening, redis)
           != NULL ? NGX_OK : NGX_ERROR;
}


/* An error is the end of the connection. */

static ngx_uint_t
ngx_promotions_redis_accepted(ngx_promotions_redis_t *redis,
    redisReply *reply)
{
    if (reply == NULL) {
        return 0;
    }

    if (reply->type == REDIS_REPLY_ERROR) {
        ngx_promotions_redis_failed(redis, reply->str);
        return 0;
    }

    return 1;
}


static void
ngx_promotions_redis_authenticated(void *data, redisReply *reply)
{
    size_t  len;
    u_char  reason[64];

    if (reply == NULL || reply->type != REDIS_REPLY_ERROR) {
        ngx_promotions_redis_selected(data, reply);
        return;
    }

    /* its other words may be the password */

    len = ngx_min(pm_store_redis_kind(reply), 32);

    (void) ngx_snprintf(reason, sizeof(reason), "%*s%sAUTH is refused%Z",
                        len, reply->str, len ? ": " : "");

    ngx_promotions_redis_failed(data, (char *) reason);
}


static void
ngx_promotions_redis_selected(void *data, redisReply *reply)
{
    if (ngx_promotions_redis_accepted(data, reply)
        && reply->type != REDIS_REPLY_STATUS)
    {
        ngx_promotions_redis_failed(data, "it does not speak as Redis does");
    }
}


static void
ngx_promotions_redis_logged_in(void *data, redisReply *reply)
{
    ngx_promotions_redis_t  *redis = data;

    if (!ngx_promotions_redis_accepted(redis, reply)) {
        return;
    }

    if (redis->conf->master.len
        && (reply->type != REDIS_REPLY_ARRAY
            || reply->elements == 0
            || reply->element[0]->type != REDIS_REPLY_STRING
            || ngx_strcmp(reply->element[0]->str, "master") != 0))
    {
        ngx_promotions_redis_failed(redis, "it is no master");
        return;
    }

    if (redis->channel.len == 0) {
        ngx_promotions_redis_ready(redis);
    }
}


static void
ngx_promotions_redis_listening(void *data, redisReply *reply)
{
    ngx_promotions_redis_t  *redis = data;

    if (!ngx_promotions_redis_accepted(redis, reply)) {
        return;
    }

    if (!ngx_promotions_redis_is_message(reply, "subscribe",
                                         REDIS_REPLY_INTEGER))
    {
        ngx_promotions_redis_failed(redis, "it does not speak as Redis does");
        return;
    }

    ngx_promotions_redis_ready(redis);

    redis->message(redis->data, NULL);
}


static void
ngx_promotions_redis_ready(ngx_promotions_redis_t *redis)
{
    redis->backoff = NGX_PROMOTIONS_REDIS_BACKOFF;

    if (redis->connect_timer.timer_set) {
        ngx_del_timer(&redis->connect_timer);
    }

    if (redis->reported) {
        redis->reported = 0;

        ngx_log_error(NGX_LOG_NOTICE, redis->log, 0,
                      "redis \"%V\" is back", &redis->conf->name);
    }
}


void
ngx_promotions_redis_heard(ngx_promotions_redis_t *redis, redisReply *reply)
{
    ngx_str_t  text;

    if (!ngx_promotions_redis_is_message(reply, "message",
                                         REDIS_REPLY_STRING))
    {
        ngx_promotions_redis_failed(redis, "it does not speak as Redis does");
        return;
    }

    text.data = (u_char *) reply->element[2]->str;
    text.len = (size_t) reply->element[2]->len;

    redis->message(redis->data, &text);
}


/* [kind, channel, a third of that type] */

static ngx_uint_t
ngx_promotions_redis_is_message(redisReply *reply, const char *kind, int type)
{
    return reply->type == REDIS_REPLY_ARRAY
           && reply->elements == 3
           && reply->element[0]->type == REDIS_REPLY_STRING
           && ngx_strcmp(reply->element[0]->str, kind) == 0
           && reply->element[1]->type == REDIS_REPLY_STRING
           && reply->element[2]->type == type;
}
