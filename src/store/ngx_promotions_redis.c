#include "store/ngx_promotions_redis_internal.h"


#define NGX_PROMOTIONS_REDIS_MAX_WAIT   2000

/* Bytes of one reply, and of one message: what is more is no Redis of ours. */

#define NGX_PROMOTIONS_REDIS_REPLY      (128 * 1024 * 1024)
#define NGX_PROMOTIONS_REDIS_MESSAGE    (1024 * 1024)


static void ngx_promotions_redis_connect(ngx_promotions_redis_t *redis);
static void ngx_promotions_redis_report(ngx_promotions_redis_t *redis,
    const char *reason);
static void ngx_promotions_redis_connect_timeout(ngx_event_t *ev);
static void ngx_promotions_redis_reconnect(ngx_event_t *ev);


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

    ngx_queue_init(&redis->commands);

    if (channel != NULL) {
        redis->channel = *channel;
    }

    redis->event.limit = redis->channel.len ? NGX_PROMOTIONS_REDIS_MESSAGE
                                            : NGX_PROMOTIONS_REDIS_REPLY;
    redis->event.data = redis;
    redis->event.reply = ngx_promotions_redis_reply;
    redis->event.failed = ngx_promotions_redis_failed;

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
    redisContext  *context;

    context = ngx_promotions_redis_open(redis);

    if (context == NULL) {
        ngx_promotions_redis_failed(redis, "out of memory");
        return;
    }

    if (context->err) {
        ngx_promotions_redis_report(redis, context->errstr);
        redisFree(context);
        ngx_promotions_redis_close(redis);
        return;
    }

    if (ngx_promotions_redis_event_open(&redis->event, context, redis->log)
        != NGX_OK)
    {
        ngx_promotions_redis_failed(redis, "no connection of nginx is free");
        return;
    }

    ngx_add_timer(&redis->connect_timer, redis->conf->connect_timeout);

    /* sent first on the new connection, before any command */

    if ((redis->asking ? ngx_promotions_redis_ask(redis)
                       : ngx_promotions_redis_login(redis))
        != NGX_OK)
    {
        ngx_promotions_redis_failed(redis, "out of memory");
    }
}


void
ngx_promotions_redis_failed(void *data, const char *reason)
{
    ngx_promotions_redis_t  *redis = data;

    ngx_promotions_redis_report(redis, reason);
    ngx_promotions_redis_close(redis);
}


static void
ngx_promotions_redis_report(ngx_promotions_redis_t *redis, const char *reason)
{
    ngx_uint_t  level;

    level = redis->reported ? NGX_LOG_INFO : NGX_LOG_ERR;
    redis->reported = 1;

    ngx_log_error(level, redis->log, 0, "redis \"%V\" is not usable: %s",
                  &redis->conf->name, reason);
}


void
ngx_promotions_redis_close(ngx_promotions_redis_t *redis)
{
    ngx_msec_t  wait;

    ngx_promotions_redis_event_close(&redis->event);

    redis->asking = 0;

    if (redis->connect_timer.timer_set) {
        ngx_del_timer(&redis->connect_timer);
    }

    /* closed: none of their handlers can send another */

    ngx_promotions_redis_abandon(redis);

    if (redis->closing || redis->reconnect_timer.timer_set) {
        return;
    }

    if (redis->named) {
        ngx_add_timer(&redis->reconnect_timer, 1);
        return;
    }

    wait = redis->backoff / 2 + (ngx_msec_t) ngx_random() % redis->backoff;

    redis->backoff = ngx_min(redis->backoff * 2,
                             NGX_PROMOTIONS_REDIS_MAX_WAIT);

    ngx_add_timer(&redis->reconnect_timer, wait);
}


static void
ngx_promotions_redis_connect_timeout(ngx_event_t *ev)
{
    ngx_promotions_redis_failed(ev->data, "connecting timed out");
}


static void
ngx_promotions_redis_reconnect(ngx_event_t *ev)
{
    ngx_promotions_redis_t  *redis = ev->data;

    if (!ngx_exiting) {
        ngx_promotions_redis_connect(redis);
    }
}
