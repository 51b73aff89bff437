/*
 * ngx_promotions_redis_internal.h: what the files of a connection share:
 * ngx_promotions_redis.c keeps it up, ngx_promotions_redis_login.c says who
 * we are and finds the master, ngx_promotions_redis_command.c sends commands.
 */

#ifndef NGX_PROMOTIONS_REDIS_INTERNAL_H
#define NGX_PROMOTIONS_REDIS_INTERNAL_H


#include "store/ngx_promotions_redis.h"

#include <hiredis/async.h>


#define NGX_PROMOTIONS_REDIS_BACKOFF    50      /* ms, doubled each time */
#define NGX_PROMOTIONS_REDIS_HOST       64      /* a numeric address */


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

    /* the master that a Sentinel has named */
    char                             host[NGX_PROMOTIONS_REDIS_HOST];
    in_port_t                        port;

    unsigned                         named:1;       /* go there now */
    unsigned                         asking:1;      /* a Sentinel */
    unsigned                         ready:1;       /* logged in */
    unsigned                         closing:1;
    unsigned                         reported:1;    /* the fault is logged */
};


/* Begins to connect: to Redis, or (then redis->asking) to a Sentinel.  NULL:
 * out of memory. */
redisAsyncContext *ngx_promotions_redis_open(ngx_promotions_redis_t *redis);

/* What is sent first on a new connection. */
ngx_int_t ngx_promotions_redis_login(ngx_promotions_redis_t *redis);
ngx_int_t ngx_promotions_redis_ask(ngx_promotions_redis_t *redis);

/* Logged once a fault, not once a try. */
void ngx_promotions_redis_fail(ngx_promotions_redis_t *redis,
    const char *reason);

/* Open commands get NULL, and a new connection is made later. */
void ngx_promotions_redis_close(ngx_promotions_redis_t *redis);


#endif /* NGX_PROMOTIONS_REDIS_INTERNAL_H */
