/*
 * pm_git_mirror.h: the bare mirror of a remote: a cache of its objects.
 *
 * <mirrors>/<first 2 hex>/<sha256 of the canonical URL>.git.  Several
 * processes and threads use one mirror: every write is under a flock.  A
 * mirror that is missing is made; one that is broken is rebuilt.
 */

#ifndef PM_GIT_MIRROR_H
#define PM_GIT_MIRROR_H


#include "git/pm_git_remote.h"


typedef struct pm_git_mirror_s   pm_git_mirror_t;
typedef struct pm_git_objects_s  pm_git_objects_t;


/* A handle from the pool (made, with an empty mirror, if there is none). */
int pm_git_mirror_open(pm_git_t *git, const pm_git_url_t *url,
    pm_git_mirror_t **mirror, pm_error_t *err);

/* Back to the pool.  Objects made on it must have been destroyed. */
void pm_git_mirror_close(pm_git_mirror_t *mirror);

/*
 * Makes sure that commit id is in the mirror: looks, refreshes, and only then
 * fetches branches (refs/heads/... each: the one whose head id is, and others
 * of the catalog to have them in the same go) from remote.  refs: what remote
 * has told a moment ago (of either service), or NULL: it is asked; another
 * worker may have fetched later ones meanwhile.  Under the lock;
 * leftovers of a killed process are removed first.  A mirror in which an
 * object cannot be read (pm_git_mirror_broken) is verified, and rebuilt from
 * the remote if it is so.
 *
 * PM_CONFLICT: the branches were fetched, and id is not part of them: the
 * remote has moved on, read its refs again.  PM_TIMEOUT: another process held
 * the mirror.  PM_UNAVAILABLE: disk.  PM_REMOTE: refused, unreachable, or the
 * repository itself lacks objects.
 */
int pm_git_mirror_update(pm_git_mirror_t *mirror, pm_git_remote_t *remote,
    const pm_oid_t *id, const pm_git_advertisement_t *refs,
    const char *const *branches, size_t nbranches, pm_error_t *err);

/*
 * 1 once an object that must be there could not be read (the reader got
 * PM_UNAVAILABLE): call pm_git_mirror_update() again, then read again.
 */
int pm_git_mirror_broken(const pm_git_mirror_t *mirror);

/*
 * Builds the mirror anew from branches of remote: the answer to a remote that
 * finds our packs damaged or incomplete.  At most once a minute: PM_REMOTE.
 */
int pm_git_mirror_rebuild(pm_git_mirror_t *mirror, pm_git_remote_t *remote,
    const char *const *branches, size_t nbranches, pm_error_t *err);

/* 1 if the object is there (after a refresh where it was not), 0 if not. */
int pm_git_mirror_has(pm_git_mirror_t *mirror, const pm_oid_t *id);

/*
 * The commit that 7 to 40 hex digits name, if it can be reached from tip.
 * PM_NOT_FOUND: no such commit, or not reachable (says which);
 * PM_CONFLICT: ambiguous.
 */
int pm_git_mirror_find_commit(pm_git_mirror_t *mirror, const pm_oid_t *tip,
    const char *digits, pm_oid_t *commit, pm_error_t *err);

/* The tree of a commit. */
int pm_git_mirror_tree(pm_git_mirror_t *mirror, const pm_oid_t *commit,
    pm_oid_t *tree, pm_error_t *err);

/* The first parent of a commit; zeros where it has none. */
int pm_git_mirror_parent(pm_git_mirror_t *mirror, const pm_oid_t *commit,
    pm_oid_t *parent, pm_error_t *err);

/* A commit as it was read. */

typedef struct {
    pm_oid_t     tree;
    pm_oid_t     parent;         /* the first; zeros where it has none */
    size_t       nparents;
    const char  *author;         /* "NAME <EMAIL>" */
    const char  *committer;
    const char  *message;
} pm_git_commit_t;


/* Reads a commit; texts are the arena's.  PM_UNPROCESSABLE: damaged. */
int pm_git_mirror_commit(pm_git_mirror_t *mirror, const pm_oid_t *id,
    pm_arena_t *arena, pm_git_commit_t *commit, pm_error_t *err);

/*
 * After the remote has accepted: the objects become one pack of the mirror,
 * and refs/remotes/origin/<branch> moves to id (branch with or without
 * refs/heads/; NULL: no ref moves).  Many small packs are joined.  Waits for
 * the mirror a second at most.  A failure costs a fetch later, nothing else.
 */
int pm_git_mirror_keep(pm_git_mirror_t *mirror,
    const pm_git_objects_t *objects, const char *branch, const pm_oid_t *id,
    pm_error_t *err);


/*
 * Looks for lines "Promotion-Id: <id>" in the messages' bodies from head back
 * to base (all parents; base zeros or gone from the history: all of it).
 * found[i] becomes the newest commit that carries ids[i], or zeros.  Ends
 * when all are found; PM_TIMEOUT after the settings' timeout.
 */
int pm_git_mirror_search(pm_git_mirror_t *mirror, const pm_oid_t *head,
    const pm_oid_t *base, const char *const *ids, size_t nids,
    pm_oid_t *found, pm_error_t *err);


#endif /* PM_GIT_MIRROR_H */
