/*
 * ngx_promotions_redis_internal.h: what the files of a connection share:
 * ngx_promotions_redis.c keeps it up, ngx_promotions_redis_login.c says who
 * we are and finds the master, ngx_promotions_redis_command.c sends commands.
 */

#ifndef NGX_PROMOTIONS_REDIS_INTERNAL_H
#define NGX_PROMOTIONS_REDIS_INTERNAL_H


#include "store/ngx_promotions_redis.h"
#include "store/ngx_promotions_redis_event.h"


#define NGX_PROMOTIONS_REDIS_BACKOFF    50      /* ms, doubled each time */
#define NGX_PROMOTIONS_REDIS_HOST       64      /* a numeric address */


struct ngx_promotions_redis_s {
    ngx_promotions_redis_conf_t     *conf;
    ngx_promotions_redis_event_t     event;
    ngx_log_t                       *log;
    ngx_queue_t                      commands;      /* in order of replies */
    ngx_uint_t                       pending;       /* how many */
    ngx_event_t                      connect_timer;
    ngx_event_t                      reconnect_timer;
    ngx_msec_t                       backoff;
    ngx_uint_t                       next_address;

    /* of a connection that listens */
    ngx_str_t                        channel;
    ngx_promotions_redis_message_pt  message;
    void                            *data;

    /* the master that a Sentinel has named */
    char                             host[NGX_PROMOTIONS_REDIS_HOST];
    in_port_t                        port;

    unsigned                         named:1;       /* go there now */
    unsigned                         asking:1;      /* a Sentinel */
    unsigned                         closing:1;
    unsigned                         reported:1;    /* the fault is logged */
};


/* Begins to connect: to Redis, or (then redis->asking) to a Sentinel.  NULL:
 * out of memory. */
redisContext *ngx_promotions_redis_open(ngx_promotions_redis_t *redis);

/* What is sent first on a new connection. */
ngx_int_t ngx_promotions_redis_login(ngx_promotions_redis_t *redis);
ngx_int_t ngx_promotions_redis_ask(ngx_promotions_redis_t *redis);

/* A reply on a connection that listens and has no open command. */
void ngx_promotions_redis_heard(ngx_promotions_redis_t *redis,
    redisReply *reply);

/* As ngx_promotions_redis_send(), without a deadline of its own. */
ngx_promotions_redis_command_t *ngx_promotions_redis_command(
    ngx_promotions_redis_t *redis, ngx_str_t *argv, ngx_uint_t argc,
    ngx_promotions_redis_handler_pt handler, void *data);

/* The reply to the first of the open commands. */
void ngx_promotions_redis_reply(void *data, redisReply *reply);

/* All open commands get NULL. */
void ngx_promotions_redis_abandon(ngx_promotions_redis_t *redis);

/* The connection, or the try to make one, is at its end: logged (once a
 * fault, not once a try) and closed. */
void ngx_promotions_redis_failed(void *data, const char *reason);

/* Open commands get NULL, and a new connection is made later. */
void ngx_promotions_redis_close(ngx_promotions_redis_t *redis);


#endif /* NGX_PROMOTIONS_REDIS_INTERNAL_H */
