#include "forge/pm_forge_call.h"
#include "base/pm_hash.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>


#define PM_FORGE_LIMITS  64


/* Of an API and a token, whose digest it is. */

typedef struct {
    unsigned char  digest[PM_SHA256_SIZE];
    int64_t        until;              /* ms of pm_forge_clock() */
} pm_forge_limit_t;


struct pm_forge_limits_s {
    pthread_mutex_t   mutex;
    pm_forge_limit_t  limits[PM_FORGE_LIMITS];
};


int
pm_forge_limits_create(pm_forge_limits_t **limits, pm_error_t *err)
{
    *limits = calloc(1, sizeof(pm_forge_limits_t));

    if (*limits == NULL) {
        return pm_error_memory(err);
    }

    if (pthread_mutex_init(&(*limits)->mutex, NULL) != 0) {
        free(*limits);
        *limits = NULL;
        return pm_error_memory(err);
    }

    return 0;
}


void
pm_forge_limits_destroy(pm_forge_limits_t *limits)
{
    if (limits != NULL) {
        (void) pthread_mutex_destroy(&limits->mutex);
        free(limits);
    }
}


static int
pm_forge_limits_digest(const pm_forge_task_t *task, unsigned char *digest)
{
    const char  *api;

    api = task->repository->forge->api;

    return pm_hmac_sha256(task->token, strlen(task->token), api, strlen(api),
                          digest);
}


/* Its own, or else the one that is over first. */

void
pm_forge_limits_set(pm_forge_limits_t *limits, const pm_forge_task_t *task,
    unsigned after)
{
    size_t             i;
    unsigned char      digest[PM_SHA256_SIZE];
    pm_forge_limit_t  *limit, *found;

    if (pm_forge_limits_digest(task, digest) != 0) {
        return;
    }

    (void) pthread_mutex_lock(&limits->mutex);

    found = &limits->limits[0];

    for (i = 0; i < PM_FORGE_LIMITS; i++) {
        limit = &limits->limits[i];

        if (memcmp(limit->digest, digest, PM_SHA256_SIZE) == 0) {
            found = limit;
            break;
        }

        if (limit->until < found->until) {
            found = limit;
        }
    }

    memcpy(found->digest, digest, PM_SHA256_SIZE);
    found->until = pm_forge_clock() + (int64_t) after * 1000;

    (void) pthread_mutex_unlock(&limits->mutex);
}


unsigned
pm_forge_limits_left(pm_forge_limits_t *limits, const pm_forge_task_t *task)
{
    size_t             i;
    int64_t            left;
    unsigned char      digest[PM_SHA256_SIZE];
    pm_forge_limit_t  *limit;

    if (pm_forge_limits_digest(task, digest) != 0) {
        return 0;
    }

    left = 0;

    (void) pthread_mutex_lock(&limits->mutex);

    for (i = 0; i < PM_FORGE_LIMITS; i++) {
        limit = &limits->limits[i];

        if (memcmp(limit->digest, digest, PM_SHA256_SIZE) == 0) {
            left = limit->until - pm_forge_clock();
            break;
        }
    }

    (void) pthread_mutex_unlock(&limits->mutex);

    return (left > 0) ? (unsigned) ((left + 999) / 1000) : 0;
}
