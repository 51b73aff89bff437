/*
 * pm_repositories.h: the repositories that some promotions read, and the one
 * that they write: each distinct one is opened, asked for its refs and brought
 * up to date once.  Inside the promotion room only.
 *
 *     create ─► revision (of each part) ─► read, as often as needed
 *
 * What is found wrong with a repository or a revision stays with it: it is
 * the fault of the promotions that use it, and of no others.
 */

#ifndef PM_REPOSITORIES_H
#define PM_REPOSITORIES_H


#include "git/pm_git_mirror.h"
#include "promotion/pm_promotion.h"


typedef struct pm_repository_s    pm_repository_t;
typedef struct pm_revision_s      pm_revision_t;
typedef struct pm_repositories_s  pm_repositories_t;


/*
 * A branch of a repository; or, of a source, what has that name first: a
 * branch, a tag, another ref (refs/…), a commit of the default branch (7 to 40
 * digits), a range of versions (pm_semver.h), of which it is the highest tag.
 */

struct pm_revision_s {
    pm_revision_t    *next;
    pm_repository_t  *repository;
    const char       *name;      /* NULL: the default branch */
    unsigned          written:1; /* a destination: must be a branch */
    unsigned          named:1;   /* so must what was written as refs/heads/… */

    /* after a reading: */
    const char       *ref;       /* refs/…; of a commit: where it is looked
                                    for */
    unsigned          branch:1;  /* name is a branch, and ref is it */
    unsigned          commit:1;  /* name is a commit's */
    pm_oid_t          tip;       /* its commit, and that one's tree */
    pm_oid_t          tree;
    pm_error_t        error;     /* code other than 0: cannot be used */
};


struct pm_repository_s {
    pm_repository_t               *next;
    const pm_git_url_t            *url;
    pm_git_service_t               service;
    pm_git_remote_t               *remote;   /* kept from reading to reading */
    pm_git_mirror_t               *mirror;
    pm_revision_t                 *revisions;

    /* after a reading: */
    const pm_git_advertisement_t  *refs;     /* of service */
    const pm_git_advertisement_t  *reader;   /* of upload-pack, or NULL: was
                                                not needed */
    const char                   **branches; /* that the mirror needs */
    size_t                         nbranches;
    pm_error_t                     error;
};


struct pm_repositories_s {
    pm_git_t         *git;
    pm_arena_t       *arena;
    pm_repository_t  *first;     /* the destination */
    pm_revision_t    *destination;
    unsigned          contended:1;   /* somebody else pushes there too */
    unsigned          several:1;     /* more than one branch of it is written:
                                        what is wrong with one is not the
                                        fault of all */
};


/*
 * Repositories with the destination's as the first.  service: what it is read
 * by; PM_GIT_RECEIVE_PACK if it will be pushed to.  The result is the arena's
 * (closed with it); location must outlive it.  No I/O.
 */
int pm_repositories_create(pm_arena_t *arena, pm_git_t *git,
    const pm_location_t *destination, pm_git_service_t service,
    pm_repositories_t **repositories, pm_error_t *err);

/* The revision of location, added where it is new.  No I/O. */
int pm_repositories_revision(pm_repositories_t *repositories,
    const pm_location_t *location, pm_revision_t **revision, pm_error_t *err);

/*
 * Reads refs and updates mirrors: of all, or (sources 0) of the destination
 * only.  What is read lives in arena (of one reading).  0, or what is wrong
 * with the destination; sources keep their own errors.
 */
int pm_repositories_read(pm_repositories_t *repositories, int sources,
    pm_arena_t *arena, pm_error_t *err);

/* Reads the destination's refs again, on the connection that will push. */
int pm_repositories_refs(pm_repositories_t *repositories, pm_arena_t *arena,
    pm_error_t *err);

/*
 * Reads the destination's refs again, on the connection that will push: head
 * is what its branch is now (zeros: gone).
 */
int pm_repositories_head(pm_repositories_t *repositories, pm_arena_t *arena,
    pm_oid_t *head, pm_error_t *err);

/* 1 if an object that must be there could not be read: read again. */
int pm_repositories_broken(const pm_repositories_t *repositories);


/* What a reading is made of. */

/* Asks what upload-pack says, once a reading: tags as commits, and HEAD. */
int pm_repository_reader(pm_repository_t *r, pm_arena_t *arena,
    pm_error_t *err);

/*
 * Finds the revision's name among the refs: ref and tip.  PM_CONFLICT: there
 * is none, or the destination is no branch.
 */
int pm_revision_resolve(pm_repositories_t *repositories,
    pm_revision_t *revision, pm_arena_t *arena, pm_error_t *err);

/* Brings its objects into the mirror: tree.  PM_CONFLICT: the remote has
 * moved on, read its refs again. */
int pm_revision_update(pm_revision_t *revision, pm_error_t *err);


#endif /* PM_REPOSITORIES_H */
