/*
 * pm_batch_internal.h: a batch, as its files see it: pm_batch.c (life and
 * results), pm_batch_search.c (what earlier tries have left), pm_batch_plan.c,
 * pm_batch_plan_one.c, pm_batch_push.c, pm_batch_window.c (what a push takes),
 * pm_batch_version.c.
 */

#ifndef PM_BATCH_INTERNAL_H
#define PM_BATCH_INTERNAL_H


#include "git/pm_git_objects.h"
#include "promotion/pm_batch.h"
#include "promotion/pm_digest.h"
#include "promotion/pm_outcome.h"
#include "promotion/pm_source.h"


/* Longest JSON Patch of a definition that a result has, in bytes. */

#define PM_BATCH_PATCH  65536


typedef struct {
    pm_revision_t  **sources;        /* one a part */
    pm_oid_t         commit;         /* planned for the push; or zeros */
    pm_oid_t         doubt;          /* the old value of a push of it that
                                        may still land: as long as the head
                                        is that */
    unsigned         provisional:1;  /* the plan has found verdict: it holds
                                        once the commits before it have
                                        landed */
    pm_error_t       verdict;
    size_t           unit;
    pm_oid_t         head;           /* that it was planned on the last time */
    char             digest[PM_DIGEST_SIZE];     /* what it changed there */
    const pm_error_t  *fault;        /* cannot be planned; or NULL */
    unsigned         replays;        /* heads that made it change something
                                        else than the one before */
} pm_batch_item_t;


/* What lands or fails as one: a group, or a promotion by itself. */

typedef struct {
    const char      *group;          /* or NULL */
    size_t           first;          /* its members: of order, n from here */
    size_t           n;
} pm_batch_unit_t;


struct pm_batch_s {
    pm_arena_t            *arena;        /* the batch's */
    pm_arena_t            *round;        /* of one plan and its push */
    pm_batch_settings_t    settings;
    const pm_promotion_t  *promotions;
    pm_batch_item_t       *items;
    pm_outcome_t          *outcomes;     /* of the items */
    size_t                 n;
    size_t                *order;        /* of items, unit after unit */
    pm_batch_unit_t       *units;
    size_t                 nunits;

    size_t                 until;        /* the next push takes the units
                                            before this one */
    size_t                 suspect;      /* one of the open units before this
                                            one is refused; 0: not known */
    unsigned               pushes;       /* answered ones, from the first
                                            refused one on */
    pm_error_t             words;        /* of the last refusal */

    pm_repositories_t     *repositories;
    pm_git_objects_t      *objects;      /* of the plan; or NULL */
    pm_oid_t               base;         /* the head that it builds on */
    pm_oid_t               tip;          /* its last commit, */
    pm_oid_t               tree;         /* and the tree of that */

    pm_oid_t               since;        /* where trailers are looked for:
                                            after it (zeros: anywhere) */
    pm_oid_t               sent;         /* the old value of our own push,
                                            if it is unclear: */
    unsigned               searching:1;
    unsigned               resend:1;     /* it is sent again as long as the
                                            head is "sent" */

    unsigned               again:1;      /* sources stay as they were read */
    unsigned               whole:1;      /* no thin packs any more */
    unsigned               busy;         /* refusals that a lock explains */
};


/* A new round, which a plan begins: what was read before is gone.  0, or -1:
 * out of memory. */
int pm_batch_round(pm_batch_t *batch);

/* Forgets the plan. */
void pm_batch_forget(pm_batch_t *batch);

/* All that was planned is on the branch: the mirror keeps the objects, the
 * plan is done. */
void pm_batch_landed(pm_batch_t *batch);

/* The state; but AGAIN in place of MOVED: what is left waits for nothing. */
pm_batch_state_t pm_batch_next(pm_batch_t *batch);


/* pm_batch_version.c: the result's versions: the source's; the destination's,
 * from tree to tree; those that a commit has brought which was found. */
void pm_batch_version_source(pm_batch_t *batch, size_t i,
    const pm_source_t *sources, pm_arena_t *arena);
void pm_batch_version_change(pm_batch_t *batch, size_t i,
    const pm_oid_t *before, const pm_oid_t *after, pm_arena_t *arena);
void pm_batch_version_found(pm_batch_t *batch, size_t i,
    const pm_oid_t *commit);


/* pm_batch_window.c */

/* Sorts the promotions into units. */
int pm_batch_units(pm_batch_t *batch, pm_error_t *err);

/* 1 if a member has no final result; if a member has a commit in the plan. */
int pm_batch_unit_open(const pm_batch_t *batch, size_t u);
int pm_batch_unit_sent(const pm_batch_t *batch, size_t u);

/* The next push takes all that is open. */
void pm_batch_whole(pm_batch_t *batch);

/* The push was refused with these words: the next one takes half of it; what
 * was alone, or is left after too many pushes, has them as its result. */
void pm_batch_split(pm_batch_t *batch, const pm_error_t *words);

/* The push has landed: the next one takes half of what is under suspicion. */
void pm_batch_advance(pm_batch_t *batch);


/* pm_batch_search.c */

/*
 * Reads the remotes (sources 0: only the destination), and if this is not the
 * first try looks for what has landed; what has not and can no longer is free
 * to be planned again.
 */
int pm_batch_read(pm_batch_t *batch, int sources, pm_error_t *err);

/* The error of a promotion that changes nothing. */
int pm_batch_no_changes(pm_error_t *err);


/* pm_batch_plan_one.c: the changes of promotion i on what those before it have
 * left, and its commit.  Otherwise the code and words of what is wrong. */
int pm_batch_plan_one(pm_batch_t *batch, size_t i, pm_arena_t *arena,
    pm_error_t *err);


#endif /* PM_BATCH_INTERNAL_H */
