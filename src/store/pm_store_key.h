/*
 * pm_store_key.h: API keys: their form, their record, what they grant.
 *
 * Key: <id>.<secret>.  Record: <prefix>key:<id>, a hash with digest (hex of
 * SHA-256 of the secret), name, author_name, author_email, grants,
 * created_at, expires_at (seconds since 1970; 0 or missing: never), disabled
 * (0|1).  Other tools may write it: nothing in it is trusted to be well
 * formed (interface.md, 3).
 */

#ifndef PM_STORE_KEY_H
#define PM_STORE_KEY_H


#include "base/pm_arena.h"
#include "base/pm_error.h"
#include "base/pm_string.h"

#include <stdint.h>


#define PM_STORE_KEY_ID      64          /* longest id */
#define PM_STORE_KEY_SECRET  256         /* longest secret */


typedef struct {
    pm_string_t  id;
    pm_string_t  secret;
} pm_store_token_t;


/* What a key may do: CRUD letters as bits. */

#define PM_STORE_CREATE  0x01
#define PM_STORE_READ    0x02
#define PM_STORE_UPDATE  0x04
#define PM_STORE_DELETE  0x08


typedef struct {
    const char  *permission;             /* PROMOTE_TO, APPLICATION, … */
    unsigned     operations;             /* CRUD bits; none named: all */
    const char  *environment;            /* "*": every one */
} pm_store_grant_t;


typedef struct {
    const char        *id;
    const char        *name;             /* default: the id */
    const char        *author_name;      /* default: the name */
    const char        *author_email;     /* default: <id>@localhost */
    unsigned           admin:1;
    pm_store_grant_t  *grants;
    size_t             ngrants;
} pm_store_key_t;


/*
 * Splits the value of an Authorization header ("<id>.<secret>", or that after
 * "Bearer " in any case).  The id must be [A-Za-z0-9_-]{1,64}, the secret 1 to
 * 256 visible ASCII characters.  0, or PM_INVALID: not a key, do not ask.
 */
int pm_store_token_parse(const char *value, size_t len,
    pm_store_token_t *token);

/*
 * Checks a token against the fields of its record (name, value, name, value,
 * …; n strings; none: unknown key) at time now, and fills key, the arena's.
 * 0; PM_NOT_FOUND: not accepted (unknown, wrong, expired, disabled, faulty:
 * the caller answers one thing for all; err says which, for the log);
 * PM_UNAVAILABLE.  Names with control characters, "<" or ">" make a record
 * faulty.  An unknown key costs the same hashing as a known one.
 */
int pm_store_key_verify(pm_arena_t *arena, const pm_store_token_t *token,
    const pm_string_t *fields, size_t n, int64_t now, pm_store_key_t *key,
    pm_error_t *err);

/*
 * Grants separated by spaces: "admin" or PERMISSION[:CRUD]@ENVIRONMENT.
 * PM_INVALID names the one that is wrong: nothing is granted by a text that
 * is not understood whole.
 */
int pm_store_grants_parse(pm_arena_t *arena, const char *text, size_t len,
    pm_store_key_t *key, pm_error_t *err);

/*
 * 1 if the key may do all of operations with permission in environment
 * (compared with both its name and its id; both NULL: the application belongs
 * to none, and only "*" or admin will do).
 */
int pm_store_key_allows(const pm_store_key_t *key, const char *permission,
    unsigned operations, const char *environment_name,
    const char *environment_id);

/* 1 if the key has any grant on the environment. */
int pm_store_key_sees(const pm_store_key_t *key,
    const char *environment_name, const char *environment_id);


#endif /* PM_STORE_KEY_H */
