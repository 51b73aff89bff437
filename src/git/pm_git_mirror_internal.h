/*
 * pm_git_mirror_internal.h: a mirror's handle, as the files that read and
 * write objects see it.  Inside the git room only.
 */

#ifndef PM_GIT_MIRROR_INTERNAL_H
#define PM_GIT_MIRROR_INTERNAL_H


#include "git/pm_git_internal.h"
#include "git/pm_git_mirror.h"

#include <git2.h>
#include <sys/types.h>


/* Largest trees and commits that are read: memory is bounded. */
#define PM_GIT_TREE_LIMIT    (64 * 1024 * 1024)
#define PM_GIT_COMMIT_LIMIT  (4 * 1024 * 1024)

/* Where the mirror remembers what the remote's branches were. */
#define PM_GIT_TRACKING      "refs/remotes/origin/"

/* Where packs are made, within the mirror. */
#define PM_GIT_STORE         "objects/tmp_store"

/* Folders below each other. */
#define PM_GIT_DEPTH_LIMIT   128


_Static_assert(sizeof(pm_oid_t) == sizeof(git_oid), "pm_oid_t is a git_oid");


/* A remote's place on this machine: one a URL, kept until the process ends. */

typedef struct pm_git_site_s  pm_git_site_t;

struct pm_git_site_s {
    pm_git_site_t  *next;
    char           *url;         /* canonical; may be shown */
    char           *path;        /* of the bare mirror */
    char           *lock;        /* beside it: outlives a rebuild */
    int64_t         rebuilt;     /* pm_git_clock(), 0: never; git->mutex */
    unsigned        offers;      /* pm_git_fetch_known_t; git->mutex */
};


struct pm_git_mirror_s {
    pm_git_t          *git;
    pm_git_site_t     *site;
    git_repository    *repository;   /* refs and walks */
    git_odb           *odb;          /* the same one */
    dev_t              device;       /* of the folder that was opened: */
    ino_t              inode;        /* a rebuilt mirror is another one */
    pm_git_objects_t  *objects;      /* in memory, on top; newest first */
    pm_oid_t           missing;      /* an object that could not be read */
    unsigned           broken:1;
    unsigned           history:1;    /* not it, but one it leads to */
};


/* An object's bytes: until release, or (in memory) as long as its objects. */

typedef struct {
    const unsigned char  *data;
    size_t                len;
    git_odb_object       *object;
} pm_git_raw_t;


/* pm_git_pool.c */

/* The site of url, made at first use. */
int pm_git_pool_site(pm_git_t *git, const pm_git_url_t *url,
    pm_git_site_t **site, pm_error_t *err);

/* An idle handle of site, or NULL. */
pm_git_mirror_t *pm_git_pool_take(pm_git_t *git, const pm_git_site_t *site);

/* Keeps the handle for the next job; the oldest idle one gives way. */
void pm_git_pool_give(pm_git_mirror_t *mirror);


/* pm_git_mirror.c */

/* Opens the folder anew: what other processes removed is forgotten. */
int pm_git_mirror_reopen(pm_git_mirror_t *mirror, pm_error_t *err);
void pm_git_mirror_free(pm_git_mirror_t *mirror);

/* 1 if what was opened is still the mirror: not rebuilt, not removed. */
int pm_git_mirror_current(const pm_git_mirror_t *mirror);

/* An empty bare repository at path, which must not exist; private. */
int pm_git_mirror_make(const char *path, pm_error_t *err);

/*
 * Reads object id, which must be of this type and of at most limit bytes
 * (PM_UNPROCESSABLE).  One that is not there is looked for once more in the
 * mirror as it is now; if it is still missing the mirror is marked broken:
 * PM_UNAVAILABLE.
 */
int pm_git_raw_read(pm_git_mirror_t *mirror, const pm_oid_t *id,
    git_object_t type, size_t limit, pm_git_raw_t *raw, pm_error_t *err);
void pm_git_raw_release(pm_git_raw_t *raw);

/* The same of what is on disk, looked for once; err is not filled for
 * PM_UNAVAILABLE. */
int pm_git_raw_try(pm_git_mirror_t *mirror, const pm_oid_t *id,
    git_object_t type, size_t limit, pm_git_raw_t *raw, pm_error_t *err);

/* PM_UNAVAILABLE, and the mirror is verified at the next update. */
int pm_git_mirror_damaged(pm_git_mirror_t *mirror, const pm_oid_t *id,
    pm_error_t *err);


/*
 * pm_git_read.c: a commit's bytes into commit, which is zeros; texts are the
 * arena's.  1; 0: it is none as git writes them, or there is no memory.
 */
int pm_git_read_commit(const char *data, size_t len, pm_arena_t *arena,
    pm_git_commit_t *commit);


/* pm_git_update.c */

/*
 * Puts a new mirror in the place of what is there, under the lock, and opens
 * it: with branches of remote, or empty (remote NULL).  On failure the old
 * one stays.
 */
int pm_git_mirror_replace(pm_git_mirror_t *mirror, pm_git_remote_t *remote,
    const char *const *branches, size_t nbranches, pm_error_t *err);


/* pm_git_keep.c: a ref's name without refs/heads/. */
const char *pm_git_branch(const char *ref);


/* pm_git_search.c: 1 if all commits that head leads to can be read. */
int pm_git_history_sound(pm_git_mirror_t *mirror, const pm_oid_t *head);


/* pm_git_lock.c */

/*
 * The mirror's lock, waited for at most wait milliseconds (PM_TIMEOUT).
 * Threads of one process exclude each other too.  What a killed holder left
 * behind is removed.
 */
int pm_git_lock(const pm_git_site_t *site, unsigned wait, int *fd,
    pm_error_t *err);
void pm_git_unlock(int fd);

/* Removes path and all below it; links are not followed.  0 or -1. */
int pm_git_remove(const char *path);


/* pm_git_store.c: makes a whole pack one of the mirror's; under the lock.
 * sync: it is on the disk before it is seen. */
int pm_git_pack_store(const char *mirror, const pm_buffer_t *pack, int sync,
    pm_error_t *err);

/* pm_git_fold.c: joins small packs when there are many; under the lock. */
int pm_git_fold(const char *mirror, pm_error_t *err);


#endif /* PM_GIT_MIRROR_INTERNAL_H */
