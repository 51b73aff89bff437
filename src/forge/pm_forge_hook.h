/*
 * pm_forge_hook.h: what the providers' webhooks share.
 *
 * Inside the forge room only.
 */

#ifndef PM_FORGE_HOOK_H
#define PM_FORGE_HOOK_H


#include "forge/pm_forge_provider.h"


/* 0 if the request's only header of that name is prefix and the HMAC-SHA-256
 * of the body in hexadecimal, else -1. */
int pm_forge_hook_hmac(const pm_forge_hook_t *hook, const char *name,
    const char *prefix, const char *secret);

/* The same of X-Hub-Signature with "sha256=", which both Bitbuckets send. */
int pm_forge_hook_check_hub(const pm_forge_hook_t *hook, const char *secret);

/* 0 if what was given is the secret, in constant time, else -1. */
int pm_forge_hook_same(const char *given, size_t len, const char *secret);

/* 1 if the header of that name has exactly this value, else 0. */
int pm_forge_hook_is(const pm_forge_hook_t *hook, const char *name,
    const char *value);

/*
 * The event of pull on the repository: relevant, unless it comes from another
 * repository.  0, or PM_INVALID: something is missing.
 */
int pm_forge_hook_event(pm_arena_t *arena, const pm_forge_hook_t *hook,
    const pm_forge_repository_t *repository, const pm_forge_pull_t *pull,
    pm_forge_event_t *event, pm_error_t *err);

/* The same for a repository that is named "owner/…/name". */
int pm_forge_hook_named(pm_arena_t *arena, const pm_forge_hook_t *hook,
    const char *full, const pm_forge_pull_t *pull, pm_forge_event_t *event,
    pm_error_t *err);

/* The same of the pull request below key, as its provider reads it, on the
 * repository that is named by "repository.full_name". */
int pm_forge_hook_pull(pm_arena_t *arena, const pm_forge_hook_t *hook,
    json_t *json, const char *key, pm_forge_read_pt read,
    pm_forge_event_t *event, pm_error_t *err);


#endif /* PM_FORGE_HOOK_H */
