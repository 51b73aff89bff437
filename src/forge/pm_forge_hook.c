#include "forge/pm_forge_hook.h"
#include "forge/pm_forge_locate.h"
#include "forge/pm_forge_text.h"
#include "base/pm_hash.h"

#include <string.h>
#include <strings.h>


int
pm_forge_hook_hmac(const pm_forge_hook_t *hook, const char *name,
    const char *prefix, const char *secret)
{
    size_t         len;
    pm_string_t    value;
    unsigned char  given[PM_SHA256_SIZE], digest[PM_SHA256_SIZE];

    len = strlen(prefix);

    if (hook->header(hook->data, name, &value) != 0
        || value.len != len + 2 * PM_SHA256_SIZE
        || strncasecmp(value.data, prefix, len) != 0
        || pm_unhex(given, value.data + len, PM_SHA256_SIZE) != 0
        || pm_hmac_sha256(secret, strlen(secret), hook->body.data,
                          hook->body.len, digest)
           != 0)
    {
        return -1;
    }

    return pm_compare_secret(given, digest, PM_SHA256_SIZE) == 0 ? 0 : -1;
}


int
pm_forge_hook_check_hub(const pm_forge_hook_t *hook, const char *secret)
{
    return pm_forge_hook_hmac(hook, "X-Hub-Signature", "sha256=", secret);
}


/* Digests are compared: neither the secret's length nor how much of it was
 * right shows in the time. */

int
pm_forge_hook_same(const char *given, size_t len, const char *secret)
{
    unsigned char  a[PM_SHA256_SIZE], b[PM_SHA256_SIZE];

    if (pm_sha256(given, len, a) != 0
        || pm_sha256(secret, strlen(secret), b) != 0)
    {
        return -1;
    }

    return pm_compare_secret(a, b, PM_SHA256_SIZE) == 0 ? 0 : -1;
}


int
pm_forge_hook_is(const pm_forge_hook_t *hook, const char *name,
    const char *value)
{
    pm_string_t  given;

    return hook->header(hook->data, name, &given) == 0
           && given.len == strlen(value)
           && strncmp(given.data, value, given.len) == 0;
}


/* 0, or -1: out of memory.  NULL stays NULL. */

static int
pm_forge_hook_copy(pm_arena_t *arena, const char **copy, const char *text)
{
    *copy = text ? pm_arena_strdup(arena, text) : NULL;

    return (text != NULL && *copy == NULL) ? -1 : 0;
}


int
pm_forge_hook_event(pm_arena_t *arena, const pm_forge_hook_t *hook,
    const pm_forge_repository_t *repository, const pm_forge_pull_t *pull,
    pm_forge_event_t *event, pm_error_t *err)
{
    if (pull->foreign) {
        return 0;
    }

    if (repository->owner == NULL || repository->name == NULL
        || pull->number == 0 || pull->state == PM_FORGE_UNSTATED
        || pull->head == NULL || pull->base == NULL)
    {
        return pm_error_set(err, PM_INVALID, "the webhook does not name its "
                            "repository, or its pull request's number, "
                            "state and branches");
    }

    event->key = pm_forge_key(arena, hook->forge, repository->owner,
                              repository->project, repository->name);

    if (event->key == NULL
        || pm_forge_hook_copy(arena, &event->head, pull->head) != 0
        || pm_forge_hook_copy(arena, &event->base, pull->base) != 0
        || pm_forge_hook_copy(arena, &event->head_commit, pull->head_commit)
           != 0
        || pm_forge_hook_copy(arena, &event->merge_commit, pull->merge_commit)
           != 0)
    {
        return pm_error_memory(err);
    }

    event->number = pull->number;
    event->state = pull->state;
    event->changed = pull->changed;
    event->relevant = 1;

    return 0;
}


int
pm_forge_hook_named(pm_arena_t *arena, const pm_forge_hook_t *hook,
    const char *full, const pm_forge_pull_t *pull, pm_forge_event_t *event,
    pm_error_t *err)
{
    const char             *slash;
    pm_forge_repository_t   repository;

    memset(&repository, 0, sizeof(pm_forge_repository_t));

    slash = full ? strrchr(full, '/') : NULL;

    if (slash != NULL && slash != full && slash[1] != '\0') {
        repository.owner = pm_arena_strndup(arena, full,
                                            (size_t) (slash - full));
        repository.name = slash + 1;
    }

    return pm_forge_hook_event(arena, hook, &repository, pull, event, err);
}


int
pm_forge_hook_pull(pm_arena_t *arena, const pm_forge_hook_t *hook,
    json_t *json, const char *key, pm_forge_read_pt read,
    pm_forge_event_t *event, pm_error_t *err)
{
    const char       *full;
    pm_forge_pull_t   pull;

    full = pm_forge_json_string(json, "repository.full_name");
    memset(&pull, 0, sizeof(pm_forge_pull_t));

    read(NULL, json_object_get(json, key), &pull, arena);

    return pm_forge_hook_named(arena, hook, full, &pull, event, err);
}


int
pm_forge_hook_check(const pm_forge_hook_t *hook, const char *secret)
{
    if (secret == NULL || secret[0] == '\0') {
        return -1;
    }

    return hook->forge->provider->hook_check(hook, secret);
}


int
pm_forge_hook_read(pm_arena_t *arena, const pm_forge_hook_t *hook,
    pm_forge_event_t *event, pm_error_t *err)
{
    int            rc;
    json_t        *json;
    json_error_t   error;

    memset(event, 0, sizeof(pm_forge_event_t));

    if (hook->body.len > PM_FORGE_HOOK_SIZE) {
        return pm_error_set(err, PM_INVALID, "the webhook's body is larger "
                            "than 1 MiB");
    }

    json = json_loadb(hook->body.data, hook->body.len, 0, &error);

    if (!json_is_object(json)) {
        json_decref(json);
        return pm_error_set(err, PM_INVALID, "the webhook's body is not a "
                            "JSON object; set its content type to "
                            "application/json");
    }

    rc = hook->forge->provider->hook(arena, hook, json, event, err);

    json_decref(json);

    if (rc != 0) {
        memset(event, 0, sizeof(pm_forge_event_t));
    }

    return rc;
}
