/*
 * pm_pull_internal.h: pull requests of one repository, as their files see
 * them: pm_pull.c (life and results), pm_pull_plan.c, pm_pull_branch.c (what
 * may be done to a head branch), pm_pull_push.c, pm_pull_open.c.
 */

#ifndef PM_PULL_INTERNAL_H
#define PM_PULL_INTERNAL_H


#include "git/pm_git_objects.h"
#include "promotion/pm_outcome.h"
#include "promotion/pm_pull.h"
#include "promotion/pm_source.h"


typedef struct {
    pm_pull_result_t   pull;
    pm_revision_t    **sources;      /* one a part */
    pm_revision_t     *base;
    unsigned           again:1;      /* an earlier try may have opened it */
    unsigned           inherited:1;  /* what is in doubt is a push of an
                                        earlier leader: it has landed, or has
                                        not, once the refs are read */

    /* of a plan */
    const char        *ref;          /* the head branch, refs/heads/… */
    pm_oid_t           tree;
    const char        *message;      /* that its commit would have */
    const char        *text;         /* what its commit says, without trailers:
                                        one that is there may be another's */
    pm_oid_t           commit;
    pm_oid_t           old;          /* zeros: there is no such branch */
    size_t             with;         /* whose commit it shares, or itself */
    unsigned           planned:1;    /* has a commit, there or to be pushed */
    unsigned           there:1;      /* it is on the head branch already */
    unsigned           sent:1;       /* of the push under way */
} pm_pull_item_t;


struct pm_pull_s {
    pm_arena_t             *arena;
    pm_arena_t             *round;       /* of one plan and its push */
    pm_pull_settings_t      settings;
    const char             *committer;   /* "NAME <EMAIL>" */
    const pm_promotion_t   *promotions;
    pm_pull_item_t         *items;
    pm_outcome_t           *outcomes;    /* of the items */
    size_t                  n;

    pm_forge_repository_t   repository;
    const pm_git_login_t   *login;
    pm_error_t              unknown;     /* code other than 0: there is no
                                            provider, or no credentials */

    pm_repositories_t      *repositories;
    pm_git_objects_t       *objects;     /* of the plan; or NULL */
    pm_oid_t                base;
    size_t                  limit;       /* branches in one push */
    unsigned                pushes;      /* from the first refused one on */
    unsigned                moved:1;     /* the last push: a branch has */
    unsigned                whole:1;     /* no thin packs any more */
    unsigned                busy;        /* refusals that a lock explains */
};


/* A new round: what was read and planned before is gone.  0, or -1. */
int pm_pull_round(pm_pull_t *pull);

/* Forgets the plan. */
void pm_pull_forget(pm_pull_t *pull);


/* pm_pull_branch.c */

/*
 * What becomes of the head branch item->ref, if item->tree is made: its old
 * value, or (there) that its last commit is the result.  PM_CONFLICT: it is
 * somebody else's, or cannot be.
 */
int pm_pull_branch(pm_pull_t *pull, const pm_promotion_t *promotion,
    pm_pull_item_t *item, pm_error_t *err);


/* pm_pull_plan_one.c: the changes of promotion i, its head branch, its commit
 * and the texts of its pull request.  Otherwise the code and words of what is
 * wrong. */
int pm_pull_plan_one(pm_pull_t *pull, size_t i, pm_arena_t *arena,
    pm_error_t *err);


#endif /* PM_PULL_INTERNAL_H */
