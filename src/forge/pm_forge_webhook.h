/*
 * pm_forge_webhook.h: what providers tell about pull requests.
 *
 * One request at hooks/{host}: the host's row (a configured one or
 * pm_forge_known) and its secret (pm_forge_secrets_find) are looked up, the
 * request is checked (pm_forge_hook_check), and only then read
 * (pm_forge_hook_read).  A replay says again what it said before, and of when:
 * harmless to a caller that never takes a record out of MERGED, nor believes
 * what is older than what it knows.
 */

#ifndef PM_FORGE_WEBHOOK_H
#define PM_FORGE_WEBHOOK_H


#include "base/pm_string.h"
#include "forge/pm_forge.h"


/* Bodies that are larger need not be received. */
#define PM_FORGE_HOOK_SIZE  (1024 * 1024)


typedef struct pm_forge_secrets_s  pm_forge_secrets_t;


/*
 * Reads the file of promotions_webhook_secrets: one "HOST SECRET" a line, HOST
 * as in hooks/{host} (with its port if it has one), SECRET up to the end of
 * the line, without spaces at its ends; blank lines and lines that begin with
 * "#" are skipped.  A regular file that only its owner can read or write.  0,
 * or PM_INVALID with file:line:column; no secret is ever part of it.
 */
int pm_forge_secrets_read(pm_arena_t *arena, const char *file,
    pm_forge_secrets_t **secrets, pm_error_t *err);

/* The secret of that host (any case), or NULL. */
const char *pm_forge_secrets_find(const pm_forge_secrets_t *secrets,
    const char *host);


/* The row of hooks/{host}: one of n configured ones, or a known one; host in
 * any case.  NULL: none. */
const pm_forge_host_t *pm_forge_known(const pm_forge_host_t *hosts, size_t n,
    const char *host);


/*
 * The value of the request header of that name (any case) in *value: 0, or
 * -1 where it is missing or there is more than one.
 */
typedef int (*pm_forge_header_t)(void *data, const char *name,
    pm_string_t *value);


typedef struct {
    const pm_forge_host_t  *forge;
    pm_forge_header_t       header;
    void                   *data;      /* header's */
    pm_string_t             body;      /* as it came */
} pm_forge_hook_t;


/*
 * Whether the request knows the secret, in a time that does not depend on
 * what it sent in its place: 0, or -1 (answer 401).  Nothing is parsed.
 *
 *     github            X-Hub-Signature-256: sha256=HMAC of the body
 *     gitea, forgejo    X-Gitea-Signature or X-Forgejo-Signature: HMAC
 *     gitlab            X-Gitlab-Token: the secret
 *     bitbucket (both)  X-Hub-Signature: sha256=HMAC
 *     azure             Authorization: Basic, its password the secret
 */
int pm_forge_hook_check(const pm_forge_hook_t *hook, const char *secret);


typedef struct {
    unsigned           relevant:1;   /* 0: nothing about a pull request's
                                        state; the rest is not set */
    const char        *key;          /* pm_forge_repository_t's */
    int64_t            number;
    pm_forge_state_t   state;        /* never UNSTATED */
    const char        *head;         /* branches, without refs/heads/ */
    const char        *base;
    const char        *head_commit;  /* hex, or NULL: not told */
    const char        *merge_commit; /* hex, or NULL */
    int64_t            changed;      /* when that was, by the provider's clock:
                                        seconds since 1970; 0: not told.  What
                                        is late tells of an older state */
} pm_forge_event_t;


/*
 * What a request that was checked says.  0, or PM_INVALID: its body is not
 * what that provider sends (answer 400).  An event of another kind is 0 and
 * not relevant (answer 204).  All strings are the arena's.
 */
int pm_forge_hook_read(pm_arena_t *arena, const pm_forge_hook_t *hook,
    pm_forge_event_t *event, pm_error_t *err);


#endif /* PM_FORGE_WEBHOOK_H */
