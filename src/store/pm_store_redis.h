/*
 * pm_store_redis.h: a connection to Redis that waits for each answer, for
 * programs that may wait: promotions-key.  A worker of nginx never does
 * (ngx_promotions_redis.h).
 *
 * Replies are hiredis's, as they are there; all that is called of hiredis is
 * called in this room.
 */

#ifndef PM_STORE_REDIS_H
#define PM_STORE_REDIS_H


#include "base/pm_error.h"
#include "base/pm_string.h"
#include "store/pm_store_address.h"

#include <hiredis/hiredis.h>


#define PM_STORE_REDIS_CONNECT    2      /* seconds to connect in */
#define PM_STORE_REDIS_TIMEOUT    5      /* seconds without a byte */
#define PM_STORE_REDIS_ARGUMENTS  64     /* most of one command */


typedef struct pm_store_redis_s  pm_store_redis_t;


/* To a socket, or if path is NULL to a host.  0; PM_UNAVAILABLE.  The
 * connection is the caller's to close. */
int pm_store_redis_open(const char *path, const pm_store_host_t *host,
    pm_store_redis_t **redis, pm_error_t *err);

/* May be NULL. */
void pm_store_redis_close(pm_store_redis_t *redis);

/*
 * Sends a command and waits for its reply, which is the caller's to free.
 * PM_UNAVAILABLE: it did not answer, or an argument has no data (memory).
 */
int pm_store_redis_send(pm_store_redis_t *redis, const pm_string_t *argv,
    size_t argc, redisReply **reply, pm_error_t *err);

/* The same; the reply must be of this type (one of REDIS_REPLY_*).  PM_REMOTE:
 * Redis answered an error, or something else than that. */
int pm_store_redis_ask(pm_store_redis_t *redis, const pm_string_t *argv,
    size_t argc, int type, redisReply **reply, pm_error_t *err);

void pm_store_redis_free(redisReply *reply);

/*
 * The length of a refusal's first word, the kind of error ("WRONGPASS"); 0 if
 * the reply is none.  Of a reply to AUTH nothing else may be told: a server
 * that does not know it quotes its arguments.
 */
size_t pm_store_redis_kind(const redisReply *reply);

/* AUTH; user NULL: the default one.  PM_REMOTE: refused, in words that cannot
 * have the password in them. */
int pm_store_redis_login(pm_store_redis_t *redis, const char *user,
    const pm_string_t *password, pm_error_t *err);


#endif /* PM_STORE_REDIS_H */
