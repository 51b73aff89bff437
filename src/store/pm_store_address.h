/*
 * pm_store_address.h: where Redis is, as the directive promotions_redis and
 * promotions-key are told (interface.md, 1).
 *
 *   HOST, HOST:PORT                       port 6379 unless said
 *   [V6], [V6]:PORT                       an IPv6 address stands in brackets
 *   unix:/PATH                            a socket, absolute
 *   sentinel:NAME@HOST:PORT,HOST:PORT     Sentinels, port 26379 unless said;
 *                                         NAME is the master's name there
 *
 * Nothing is resolved here.  And the password file, which both read alike.
 */

#ifndef PM_STORE_ADDRESS_H
#define PM_STORE_ADDRESS_H


#include "base/pm_arena.h"
#include "base/pm_error.h"
#include "base/pm_string.h"


#define PM_STORE_ADDRESS_DEFAULT  "127.0.0.1:6379"
#define PM_STORE_PREFIX_DEFAULT   "promotions:"

#define PM_STORE_REDIS_PORT       6379
#define PM_STORE_SENTINEL_PORT    26379
#define PM_STORE_SENTINELS        16     /* most of them */

#define PM_STORE_PASSWORD         1024   /* longest password, in bytes */


typedef enum {
    PM_STORE_TCP,
    PM_STORE_UNIX,
    PM_STORE_SENTINEL
} pm_store_address_kind_t;


typedef struct {
    const char  *host;                   /* a name or an address, no [] */
    unsigned     port;
} pm_store_host_t;


typedef struct {
    pm_store_address_kind_t   kind;
    const char               *path;      /* UNIX, else NULL */
    const char               *master;    /* SENTINEL, else NULL */
    pm_store_host_t          *hosts;     /* TCP: one; SENTINEL: all of them */
    size_t                    nhosts;
} pm_store_address_t;


/* 0; PM_INVALID says what is wrong; PM_UNAVAILABLE.  All is the arena's. */
int pm_store_address_parse(pm_arena_t *arena, const char *text, size_t len,
    pm_store_address_t *address, pm_error_t *err);

/*
 * Reads the file's one line, without its end, as the password; it has 1 to
 * 1024 bytes and no control characters.  The file may be a pipe.  0;
 * PM_INVALID says what is wrong (never what is in it); PM_UNAVAILABLE.  The
 * password is the arena's and wiped with it.
 */
int pm_store_password_read(pm_arena_t *arena, const char *path,
    pm_string_t *password, pm_error_t *err);


#endif /* PM_STORE_ADDRESS_H */
