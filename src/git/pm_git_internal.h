/*
 * pm_git_internal.h: what the git room's files share and no other room sees.
 */

#ifndef PM_GIT_INTERNAL_H
#define PM_GIT_INTERNAL_H


#include "git/pm_git.h"

#include <pthread.h>
#include <stdint.h>


typedef struct pm_git_connections_s  pm_git_connections_t;
typedef struct pm_git_mirrors_s      pm_git_mirrors_t;


struct pm_git_s {
    const pm_git_settings_t  *settings;
    pthread_mutex_t           mutex;         /* guards both pools */
    pm_git_connections_t     *connections;   /* pm_git_transport_http.c */
    pm_git_mirrors_t         *mirrors;       /* pm_git_pool.c */
};


/*
 * The pools.  create: 0 or PM_UNAVAILABLE (out of memory); destroy takes NULL
 * and closes what the pool holds.
 */
int pm_git_connections_create(pm_git_connections_t **connections);
void pm_git_connections_destroy(pm_git_connections_t *connections);

int pm_git_mirrors_create(pm_git_mirrors_t **mirrors);
void pm_git_mirrors_destroy(pm_git_mirrors_t *mirrors);


/* Milliseconds of the monotonic clock: deadlines only. */
int64_t pm_git_clock(void);

/* What libgit2 said last in this thread; never NULL.  Stale after GIT_EUSER:
 * not to be used then. */
const char *pm_git_reason(void);


#endif /* PM_GIT_INTERNAL_H */
