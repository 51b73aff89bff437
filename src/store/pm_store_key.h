/*
 * pm_store_key.h: API keys: their form, their record, what they grant.
 *
 * Key: <id>.<secret>.  Record: <prefix>key:<id>, a hash with digest (hex of
 * SHA-256 of the secret), name, author_name, author_email, grants,
 * created_at, expires_at (seconds since 1970; 0 or missing: never), disabled
 * (0|1).  Other tools may write it: nothing in it is trusted to be well
 * formed (interface.md, 3), and fields of other names are passed over.
 */

#ifndef PM_STORE_KEY_H
#define PM_STORE_KEY_H


#include "base/pm_arena.h"
#include "base/pm_error.h"
#include "base/pm_string.h"

#include <stdint.h>


/* Sizes in bytes. */

#define PM_STORE_KEY_ID           64     /* longest id */
#define PM_STORE_KEY_SECRET       256    /* longest secret */
#define PM_STORE_KEY_NAME         256    /* longest name or environment */
#define PM_STORE_KEY_GRANTS       512    /* most grants of a key … */
#define PM_STORE_KEY_GRANTS_TEXT  16384  /* … and their longest text */

/* The latest time that a record may hold: 9999-12-31T23:59:59Z. */
#define PM_STORE_KEY_TIME         INT64_C(253402300799)


typedef struct {
    pm_string_t  id;
    pm_string_t  secret;
} pm_store_token_t;


/* What a key may do: CRUD letters as bits. */

#define PM_STORE_CREATE  0x01
#define PM_STORE_READ    0x02
#define PM_STORE_UPDATE  0x04
#define PM_STORE_DELETE  0x08
#define PM_STORE_CRUD    0x0f


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


/* The fields of a record, and their names in Redis. */

typedef enum {
    PM_STORE_KEY_FIELD_DIGEST = 0,
    PM_STORE_KEY_FIELD_NAME,
    PM_STORE_KEY_FIELD_AUTHOR_NAME,
    PM_STORE_KEY_FIELD_AUTHOR_EMAIL,
    PM_STORE_KEY_FIELD_GRANTS,
    PM_STORE_KEY_FIELD_CREATED_AT,
    PM_STORE_KEY_FIELD_EXPIRES_AT,
    PM_STORE_KEY_FIELD_DISABLED,
    PM_STORE_KEY_FIELDS
} pm_store_key_field_t;


extern const char *const  pm_store_key_fields[PM_STORE_KEY_FIELDS];


typedef struct {
    pm_store_key_t  key;
    int64_t         created_at;          /* seconds since 1970; 0: unknown */
    int64_t         expires_at;          /* 0: never */
    unsigned        disabled:1;
} pm_store_key_record_t;


/* 1 if it is an id of a key: [A-Za-z0-9_-]{1,64}. */
int pm_store_key_id_valid(const char *id, size_t len);

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
 * PM_UNAVAILABLE.  An unknown key costs the same hashing as a known one, and
 * nothing but the digest is read before the secret has been found right.
 */
int pm_store_key_verify(pm_arena_t *arena, const pm_store_token_t *token,
    const pm_string_t *fields, size_t n, int64_t now, pm_store_key_t *key,
    pm_error_t *err);

/*
 * Reads a record as pm_store_key_verify() does, without a secret: what it
 * accepts is exactly what verify accepts, but for the secret and the time.
 * 0; PM_INVALID: a faulty record, err says how; PM_UNAVAILABLE.
 *
 * Faulty: a digest that is not 64 hexadecimal digits; a field that is there
 * twice; a name or address that is over 256 bytes, not UTF-8, holds control
 * characters, "<" or ">", or only what git cuts from names; an address with
 * spaces; a time that is not whole seconds, or later than the year 9999 (it
 * is in milliseconds, then); a disabled that is neither 0 nor 1; grants that
 * are not understood.  An empty name or address is a missing one.
 */
int pm_store_key_record_read(pm_arena_t *arena, pm_string_t id,
    const pm_string_t *fields, size_t n, pm_store_key_record_t *record,
    pm_error_t *err);

/*
 * Grants separated by spaces: "admin" or PERMISSION[:CRUD]@ENVIRONMENT; sets
 * admin, grants and ngrants of key.  PM_INVALID names the one that is wrong:
 * nothing is granted by a text that is not understood whole.  PM_UNAVAILABLE.
 */
int pm_store_grants_parse(pm_arena_t *arena, const char *text, size_t len,
    pm_store_key_t *key, pm_error_t *err);

/*
 * 1 if the key may do all of operations (CRUD bits; 0: the permission as a
 * whole, all four) with permission in environment (compared with both its
 * name and its id; both NULL: the application belongs to none, and only "*"
 * or admin will do).  PROMOTE_TO includes PROMOTE_PR.  Operations may come
 * from several grants.
 */
int pm_store_key_allows(const pm_store_key_t *key, const char *permission,
    unsigned operations, const char *environment_name,
    const char *environment_id);

/* 1 if it may do that in some environment, whichever: 0 is a key that cannot
 * do it at all. */
int pm_store_key_allows_somewhere(const pm_store_key_t *key,
    const char *permission, unsigned operations);

/* 1 if the key has any grant on the environment. */
int pm_store_key_sees(const pm_store_key_t *key,
    const char *environment_name, const char *environment_id);


#endif /* PM_STORE_KEY_H */
