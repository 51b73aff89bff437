/*
 * pm_git_fetch.h: fetch by libgit2's smart protocol over our transports.
 *
 * Inside the git room only.
 */

#ifndef PM_GIT_FETCH_H
#define PM_GIT_FETCH_H


#include "git/pm_git_remote.h"

#include <git2.h>


/*
 * What is known of a remote's git-upload-pack before a fetch: over http it
 * need not be asked for its refs again.  Where that no longer holds (a branch
 * was forced back meanwhile, another server took over) it is asked after all.
 */

typedef struct {
    const pm_git_advertisement_t  *refs;     /* as this remote has told them;
                                                NULL: ask */
    unsigned                       offers;   /* what an earlier fetch has
                                                learnt; 0: nothing; what this
                                                one learns is put here */
} pm_git_fetch_known_t;


/*
 * Fetches branches (refs/heads/… each, or a tag's refs/tags/…) of remote into
 * repository as refs/remotes/origin/…, without other tags and without
 * FETCH_HEAD.  The caller holds the mirror's lock.  A branch that the remote
 * lacks is left out: its tracking ref is deleted.  0, PM_REMOTE, PM_TIMEOUT,
 * PM_UNAVAILABLE (disk).
 */
int pm_git_fetch(pm_git_remote_t *remote, git_repository *repository,
    pm_git_fetch_known_t *known, const char *const *branches,
    size_t nbranches, pm_error_t *err);


#endif /* PM_GIT_FETCH_H */
