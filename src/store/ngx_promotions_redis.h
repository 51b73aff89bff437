/*
 * ngx_promotions_redis.h: Redis on nginx's event loop.
 *
 * One object is one kept-up connection: it connects at once, logs in, sends
 * commands in order, gives each its own deadline, and connects again with
 * backoff when the connection is lost.  While it is down commands fail at
 * once, so that a request is answered 503 and never hangs.  With Sentinels it
 * asks one of them for the master before it connects, and takes nothing but a
 * master (https://redis.io/docs/latest/develop/reference/sentinel-clients/).
 */

#ifndef NGX_PROMOTIONS_REDIS_H
#define NGX_PROMOTIONS_REDIS_H


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include <hiredis/hiredis.h>


typedef struct ngx_promotions_redis_s          ngx_promotions_redis_t;
typedef struct ngx_promotions_redis_command_s  ngx_promotions_redis_command_t;


/* Made when the configuration is read; constant afterwards. */

typedef struct {
    ngx_str_t     host;          /* numeric, NUL-terminated */
    in_port_t     port;
} ngx_promotions_redis_address_t;


typedef struct {
    ngx_str_t     name;          /* as configured, for the log */
    ngx_array_t   addresses;     /* of ngx_promotions_redis_address_t: used
                                    in turn */
    ngx_str_t     master;        /* what the Sentinels at the addresses call
                                    it; empty: the addresses are Redis's own */
    ngx_str_t     path;          /* of a unix socket; or empty */
    ngx_str_t     user;
    ngx_str_t     password;
    ngx_str_t     prefix;        /* of every key */
    ngx_uint_t    database;
    ngx_msec_t    connect_timeout;
    ngx_msec_t    timeout;       /* one command */
} ngx_promotions_redis_conf_t;


/*
 * Called once for each command.  reply is NULL if there was none: not
 * connected, connection lost, or too late.  It is freed after the call.
 */
typedef void (*ngx_promotions_redis_handler_pt)(void *data,
    redisReply *reply);


/*
 * In init_process.  Allocated from the cycle's pool; conf must live as long.
 * NULL: out of memory.
 */
ngx_promotions_redis_t *ngx_promotions_redis_create(ngx_cycle_t *cycle,
    ngx_promotions_redis_conf_t *conf);

/*
 * The same for a connection that listens to a channel and sends no commands:
 * handler(data, message) is called for each message, and once with a NULL
 * message whenever listening begins, since some may have been missed before.
 */
typedef void (*ngx_promotions_redis_message_pt)(void *data,
    ngx_str_t *message);

ngx_promotions_redis_t *ngx_promotions_redis_subscribe(ngx_cycle_t *cycle,
    ngx_promotions_redis_conf_t *conf, ngx_str_t *channel,
    ngx_promotions_redis_message_pt handler, void *data);

/* In exit_process: closes the connection; open commands get NULL. */
void ngx_promotions_redis_destroy(ngx_promotions_redis_t *redis);

/*
 * Sends a command of argc arguments (copied).  Returns NULL if it could not
 * be sent: the handler is then not called.  Otherwise the handler is called
 * later, never from within this call.
 */
ngx_promotions_redis_command_t *ngx_promotions_redis_send(
    ngx_promotions_redis_t *redis, ngx_str_t *argv, ngx_uint_t argc,
    ngx_promotions_redis_handler_pt handler, void *data);

/* The owner leaves: the handler will not be called. */
void ngx_promotions_redis_forget(ngx_promotions_redis_command_t *command);


#endif /* NGX_PROMOTIONS_REDIS_H */
