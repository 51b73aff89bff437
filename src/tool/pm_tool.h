/*
 * pm_tool.h: the pieces of promotions-key, the tool that manages API keys
 * from a shell next to Redis (interface.md, 3).
 *
 * One process is one command: it reads its arguments, connects, asks, prints
 * and ends.  All memory is one arena's.  Above store/ and base/.
 */

#ifndef PM_TOOL_H
#define PM_TOOL_H


#include "base/pm_arena.h"
#include "base/pm_error.h"
#include "base/pm_string.h"
#include "store/pm_store_address.h"
#include "store/pm_store_key.h"
#include "store/pm_store_redis.h"

#include <stdint.h>
#include <stdio.h>


/* What the command line holds. */

typedef enum {
    PM_TOOL_ADDRESS = 0,
    PM_TOOL_USER,
    PM_TOOL_PASSWORD_FILE,
    PM_TOOL_DATABASE,
    PM_TOOL_PREFIX,
    PM_TOOL_ID,
    PM_TOOL_NAME,
    PM_TOOL_AUTHOR,
    PM_TOOL_GRANTS,
    PM_TOOL_EXPIRES,
    PM_TOOL_JSON,
    PM_TOOL_HELP,
    PM_TOOL_OPTIONS
} pm_tool_option_t;


typedef struct {
    const char  *command;                  /* NULL: none */
    const char  *id;                       /* of the key; NULL: none */
    const char  *values[PM_TOOL_OPTIONS];  /* NULL: not given; flags: "" */
} pm_tool_arguments_t;


typedef struct {
    pm_arena_t           *arena;
    pm_tool_arguments_t   arguments;
    int64_t               now;             /* seconds since 1970 */
    const char           *prefix;          /* of every key in Redis */
    pm_store_redis_t     *redis;           /* NULL: not connected */
} pm_tool_t;


#define PM_TOOL_ID_SIZE      17            /* 16 characters, and a NUL */
#define PM_TOOL_SECRET_SIZE  44            /* 43: 256 bits; and a NUL */
#define PM_TOOL_TIME_SIZE    32


/* pm_tool_arguments.c */

/*
 * Options stand anywhere, as "--name VALUE", "--name=VALUE" or "-a VALUE";
 * "--" ends them, and the last of two counts.  0, or PM_INVALID.
 */
int pm_tool_arguments_parse(int argc, char **argv,
    pm_tool_arguments_t *arguments, pm_error_t *err);

/* The option's name with its hyphens. */
const char *pm_tool_option_name(pm_tool_option_t option);


/* pm_tool_server.c */

/*
 * Connects to what the options say, asking Sentinels for the master where
 * they are named; logs in and selects the database.  PM_INVALID: the options
 * are wrong; other codes: it failed.
 */
int pm_tool_connect(pm_tool_t *tool, pm_error_t *err);

/* <prefix>key:<id>; no data when out of memory. */
pm_string_t pm_tool_record_key(pm_tool_t *tool, const char *id);


/* pm_tool_text.c */

/* A NUL-terminated string as an argument of a command. */
pm_string_t pm_tool_string(const char *text);

/*
 * What may be printed of data that somebody else wrote, at most max bytes of
 * it: control and direction characters, backslashes and what is not UTF-8
 * become \xHH.  NULL when out of memory.
 */
const char *pm_tool_escape(pm_arena_t *arena, pm_string_t data, size_t max);

/* 2026-01-31T12:00:00Z */
void pm_tool_time_format(char text[PM_TOOL_TIME_SIZE], int64_t seconds);

/*
 * "never", a span from now (90d; s, m, h, d, w), seconds since 1970, a date
 * or a time as above.  *seconds is 0 for never.  0; PM_INVALID: it is none of
 * these, or not in the future.
 */
int pm_tool_time_parse(const char *text, int64_t now, int64_t *seconds,
    pm_error_t *err);

/* From getrandom(2); up to 256 bytes.  0, or PM_INTERNAL. */
int pm_tool_random(void *data, size_t len, pm_error_t *err);
int pm_tool_random_id(char id[PM_TOOL_ID_SIZE], pm_error_t *err);
int pm_tool_random_secret(char secret[PM_TOOL_SECRET_SIZE], pm_error_t *err);


/*
 * The commands, in pm_tool_change.c, pm_tool_list.c and pm_tool_verify.c.
 * 0; PM_INVALID: the options are wrong; other codes: it failed.
 */
int pm_tool_create(pm_tool_t *tool, pm_error_t *err);
int pm_tool_rotate(pm_tool_t *tool, pm_error_t *err);
int pm_tool_disable(pm_tool_t *tool, pm_error_t *err);
int pm_tool_enable(pm_tool_t *tool, pm_error_t *err);
int pm_tool_delete(pm_tool_t *tool, pm_error_t *err);
int pm_tool_list(pm_tool_t *tool, pm_error_t *err);
int pm_tool_show(pm_tool_t *tool, pm_error_t *err);
int pm_tool_verify(pm_tool_t *tool, pm_error_t *err);


#endif /* PM_TOOL_H */
