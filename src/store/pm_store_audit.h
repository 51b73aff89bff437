/*
 * pm_store_audit.h: the audit stream: who has asked for what, who has
 * decided, what has landed, who was refused (review-api.md, 6).
 *
 * Stream <prefix>audit: an entry has the fields pm_store_audit_fields, in
 * that order, then digest and chain, all as text.
 *
 *     digest   SHA-256, in hex, of "promotions-audit 1\n" and, for each
 *              field, "<name> <length of value> <value>\n"
 *     chain    SHA-1, in hex, of the chain of the entry before and digest
 *
 * Hash <prefix>audit:tail: what the stream should be.
 *
 *     chain    of the newest entry        count    of entries ever appended
 *     oldest   stream id of the oldest    trimmed  how many the retention has
 *     before   chain of the newest that            taken
 *              the retention has taken
 *
 * How an entry comes into the stream: a script appends it, in the same step
 * as the change that it tells of (src/store/scripts/shared/audit.lua), and so
 * exactly once if the change happens once.  A worker makes it before the
 * script is called: id, time, who, what, and so the digest.  What becomes of
 * it the script decides: the worker hands it one block of entries for each
 * outcome (none is a block too), and the script appends the block of the
 * outcome that it finds, or none.  What only the script knows is not part of
 * an entry; what a worker has read before, and the entry tells, is compared by
 * the script, or cannot change.
 *
 *     in C     ngx_http_promotions_audit_block(args, entries, n);
 *     in Lua   at = audited(prefix, retention, at)   or   at = unaudited(at)
 *
 * Whose entry it is: a commit's, a request's and a decision's is the API's or
 * application's that it is about, in the environment where it happens:
 * PROMOTION_CREATED and PROMOTION_CANCELLED of the source, all others of the
 * target; a refused attempt's is the environment's that it was into.
 *
 * Properties that have a meaning to whoever shows entries: "promotion", its
 * id; "apiName", what to call the API; "override", what an admin has passed.
 */

#ifndef PM_STORE_AUDIT_H
#define PM_STORE_AUDIT_H


#include "base/pm_arena.h"
#include "base/pm_error.h"
#include "base/pm_string.h"

#include <stdint.h>


/* Sizes in bytes.  A longer text is cut; a longer patch is left out, and the
 * property "patchOmitted" has its size. */

#define PM_STORE_AUDIT_TEXT        1024
#define PM_STORE_AUDIT_PROPERTIES  16       /* of an entry */
#define PM_STORE_AUDIT_PATCH       65536


typedef enum {
    PM_STORE_PROMOTION_CREATED = 0,
    PM_STORE_PROMOTION_PROCESSED,
    PM_STORE_PROMOTION_CANCELLED,
    PM_STORE_PROMOTION_COMMITTED,
    PM_STORE_PULL_REQUEST_OPENED,
    PM_STORE_API_CREATED,
    PM_STORE_API_UPDATED,
    PM_STORE_ACCESS_DENIED,
    PM_STORE_KEY_CREATED,
    PM_STORE_KEY_REVOKED,
    PM_STORE_AUDIT_EVENTS
} pm_store_audit_event_t;


/* The fields of an entry, and their names in Redis and in answers. */

typedef enum {
    PM_STORE_AUDIT_ID = 0,
    PM_STORE_AUDIT_REFERENCE_TYPE,
    PM_STORE_AUDIT_REFERENCE_ID,
    PM_STORE_AUDIT_ORGANIZATION,
    PM_STORE_AUDIT_ENVIRONMENT,
    PM_STORE_AUDIT_USER,
    PM_STORE_AUDIT_USER_NAME,
    PM_STORE_AUDIT_KEY,
    PM_STORE_AUDIT_CREATED_AT,
    PM_STORE_AUDIT_EVENT,
    PM_STORE_AUDIT_PROPERTIES_JSON,
    PM_STORE_AUDIT_PATCH_JSON,
    PM_STORE_AUDIT_FIELDS
} pm_store_audit_field_t;


/* What a script takes for one entry: the values, and the digest. */

#define PM_STORE_AUDIT_ARGS  (PM_STORE_AUDIT_FIELDS + 1)


extern const char *const  pm_store_audit_events[PM_STORE_AUDIT_EVENTS];
extern const char *const  pm_store_audit_fields[PM_STORE_AUDIT_FIELDS];


typedef struct {
    const char  *name;
    const char  *value;                  /* NULL: it is left out */
} pm_store_audit_property_t;


/* NULL where there is none.  No text of it is a secret. */

typedef struct {
    const char                *id;              /* UUIDv7 */
    pm_store_audit_event_t     event;
    const char                *reference_type;  /* API, APPLICATION,
                                                   ENVIRONMENT, KEY */
    const char                *reference_id;    /* an API's id, an
                                                   application's "runtime/
                                                   namespace/name", … */
    const char                *organization;
    const char                *environment;     /* its id */
    const char                *user;            /* the key owner's address */
    const char                *user_name;
    const char                *key;             /* id of the key */
    int64_t                    created_at;      /* ms since 1970 */
    pm_store_audit_property_t  properties[PM_STORE_AUDIT_PROPERTIES];
    const char                *patch;           /* JSON Patch (RFC 6902) */
} pm_store_audit_t;


/*
 * The next free property gets this name and value; no value or an empty one,
 * and one property too many, are left out.  Neither is copied.
 */
void pm_store_audit_property(pm_store_audit_t *entry, const char *name,
    const char *value);

/*
 * What the script takes for the entry, the arena's.  Control characters
 * become spaces, what is not UTF-8 question marks.  0 or PM_UNAVAILABLE.
 */
int pm_store_audit_encode(pm_arena_t *arena, const pm_store_audit_t *entry,
    pm_string_t args[PM_STORE_AUDIT_ARGS], pm_error_t *err);

/* SHA-256 over values, in hex.  0, or -1 on a failure. */
int pm_store_audit_digest(const pm_string_t values[PM_STORE_AUDIT_FIELDS],
    char text[65]);


#endif /* PM_STORE_AUDIT_H */
