/*
 * pm_pull.h: pull requests of one repository, made together: the work of the
 * jobs of a leader of their lane.  Knows neither nginx nor Redis.
 *
 *     create ─► plan ─► (begin, by the caller) ─► push ─► (recorded, by the
 *                ▲ │                               │ │     caller) ─► open
 *                │ └──────── committed ────────────┼─┴──────────────►  │
 *                └──── moved, some are left ◄──────┴──────────────────┘
 *
 * Each promotion becomes one commit on the head of its base, on a head branch
 * of its own (pm_pull_head.h); one push takes all of them, and moves no other
 * branch.  A head branch is created only where there is none, and replaced
 * only where its last commit is ours for the same destination: the committer
 * is, and the trailers say so; the remote checks the old value.  Where that
 * commit has the parent and the tree that would be made now, it is the result
 * and nothing is pushed (durability.md, 2, 7).
 *
 * Promotions with one head branch and equal trees share one commit and one
 * pull request.  Where they differ, the later one is planned again when the
 * earlier one is done: it does what it would do if it came later.
 *
 * Nothing here depends on an earlier try: what a leader that died has pushed
 * is found by its head branch, and what it has opened by the provider.
 *
 * A pm_pull_t owns its memory (but not the promotions' input, which must
 * outlive it) and is used by one thread at a time.
 */

#ifndef PM_PULL_H
#define PM_PULL_H


#include "forge/pm_forge.h"
#include "promotion/pm_batch.h"


typedef struct pm_pull_s  pm_pull_t;


/* What an earlier try has recorded: only the opening is left. */

typedef struct {
    const char             *commit;      /* 40 hex; NULL: nothing */
    const char             *head;
    const char             *base;
    const char             *author;
    const char             *message;
    const char             *body;
} pm_pull_committed_t;


typedef struct {
    pm_git_t                   *git;
    const char                 *committer_name;
    const char                 *committer_email;
    int64_t                     now;         /* seconds since 1970 */
    unsigned                    giving_up:1; /* all fail: also what is
                                                committed, since opening it may
                                                be what ended its leaders */
    const pm_forge_host_t      *hosts;       /* of promotions_forge */
    size_t                      nhosts;
    pm_forge_limits_t          *limits;      /* of providers, or NULL */
    const pm_pull_committed_t  *committed;   /* one a promotion, or NULL */
    const pm_oid_t             *bases;       /* one a promotion, or NULL: not
                                                zeros where an earlier try
                                                began to push: until the remote
                                                was read, it is in doubt */
} pm_pull_settings_t;


/*
 * promotions: n of kind PM_PROMOTION_PULL_REQUEST into one repository (else
 * PM_INTERNAL); they and what settings points to must outlive the result.
 * No I/O.
 */
int pm_pull_create(const pm_pull_settings_t *settings,
    const pm_promotion_t *promotions, size_t n, pm_pull_t **pull,
    pm_error_t *err);

void pm_pull_destroy(pm_pull_t *pull);

/* Reads the remote and plans what has no result.  READY: push; COMMITTED,
 * SETTLED, UNKNOWN, or AGAIN.  Blocks; every wait has a deadline. */
pm_batch_state_t pm_pull_plan(pm_pull_t *pull);

/* The head of the base of what is pushed first; 1 if promotion i is part of
 * the push. */
const pm_oid_t *pm_pull_base(const pm_pull_t *pull);
int pm_pull_sends(const pm_pull_t *pull, size_t i);

/* COMMITTED, SETTLED, MOVED, AGAIN or UNKNOWN.  Blocks as plan does. */
pm_batch_state_t pm_pull_push(pm_pull_t *pull);

/*
 * Opens or updates the pull requests of all that are COMMITTED, at once; they
 * become LANDED, PENDING or FAILED.  SETTLED, or AGAIN: others are left to be
 * planned (or UNKNOWN).  Blocks as plan does.
 */
pm_batch_state_t pm_pull_open(pm_pull_t *pull);

/* Fails whatever has no result yet, and is not in doubt. */
void pm_pull_fail(pm_pull_t *pull, const pm_error_t *error);

/* The result of promotion i; valid until destroy. */
const pm_result_t *pm_pull_result(const pm_pull_t *pull, size_t i);


/*
 * The repository of url on its provider (the arena's), and its credentials.
 * PM_UNPROCESSABLE: no provider is known for its host, or its path is no
 * repository there; PM_REMOTE: there are no credentials for it.
 */
int pm_pull_locate(pm_arena_t *arena, const pm_git_settings_t *git,
    const pm_forge_host_t *hosts, size_t nhosts, const pm_git_url_t *url,
    pm_forge_repository_t *repository, const pm_git_login_t **login,
    pm_error_t *err);

/* A repository's URL as the forge room reads it; strings are url's. */
pm_forge_url_t pm_pull_url(const pm_git_url_t *url);

/*
 * 1 if the catalog has something that is deployed from the branch that the
 * promotion names as its head, in that repository, else 0.  Such a branch is
 * never written: who may only ask for a review would deploy past it.
 */
int pm_pull_deployed(pm_arena_t *arena, const pm_catalog_t *catalog,
    const pm_forge_host_t *hosts, size_t nhosts,
    const pm_promotion_t *promotion, const pm_forge_repository_t *repository);


#endif /* PM_PULL_H */
