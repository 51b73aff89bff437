/*
 * pm_batch.h: promotions of one lane, planned and pushed together: the work
 * of a leader's jobs.  Knows neither nginx nor Redis.
 *
 *     create ─► plan ─► (begin, by the caller) ─► push ─► settled
 *                 ▲                                 │
 *                 └───── PM_BATCH_MOVED, AGAIN ◄────┘
 *
 * A push that the remote's hooks refuse is split in halves until the refused
 * promotion is alone; its neighbours land (durability.md, 3).  Promotions of
 * one group land or fail as one, and are never split (section 4).
 *
 * A batch owns its memory (but not the promotions' input, which must outlive
 * it) and is used by one thread at a time.
 */

#ifndef PM_BATCH_H
#define PM_BATCH_H


#include "git/pm_git.h"
#include "promotion/pm_promotion.h"


typedef struct pm_batch_s  pm_batch_t;


/* A promotion whose paths others change again and again: after so many heads
 * that made it change something else it fails.  One whose paths stay as they
 * were is replayed as often as its caller likes. */

#define PM_BATCH_REPLAYS  10


typedef enum {
    PM_RESULT_NONE = 0,          /* nothing yet */
    PM_RESULT_LANDED,            /* commit is on the branch */
    PM_RESULT_FAILED,            /* error says why; final */
    PM_RESULT_UNKNOWN,           /* the push's outcome is unclear: search
                                    before anything else */

    /* pull requests only, for which LANDED means that it is open */
    PM_RESULT_COMMITTED,         /* the commit is on the head branch */
    PM_RESULT_PENDING            /* the same, and the provider could not open
                                    the pull request yet: error says why */
} pm_result_state_t;


/* What a pull request has besides (pm_pull.h). */

typedef struct {
    const char         *head;    /* branches, without refs/heads/ */
    const char         *base;
    const char         *author;  /* of the commit, which may be another
                                    request's: "NAME <EMAIL>", */
    const char         *message; /* and what it says, without trailers */
    const char         *body;    /* that it gets; Markdown */
    const char         *key;     /* of its repository, see pm_forge.h */
    const char         *host;    /* of its provider, as in hooks/{host} */
    int64_t             number;  /* 0: not known */
    const char         *url;     /* NULL: not known */
    const char         *state;   /* "OPEN", "MERGED", "CLOSED", or "" */
    const char         *merge_commit;    /* 40 hex, or NULL */
    int64_t             changed; /* when it was, as the provider says: seconds
                                    since 1970; 0: not known */
    const char         *notes;   /* what the provider does not have, or NULL */
    unsigned            after;   /* PENDING: not before so many s; 0: not
                                    said */
} pm_pull_result_t;


typedef struct {
    pm_result_state_t   state;
    char                commit[PM_GIT_HEX_SIZE + 1];
    char                digest[65];  /* of its changes; "": not planned, or
                                        found by its trailer */

    /* of the applications, by the template's versionSource; "": not known */
    char                version_source[PM_PROMOTION_VERSION + 1];
    char                version_from[PM_PROMOTION_VERSION + 1];
    char                version_to[PM_PROMOTION_VERSION + 1];

    const char         *target;  /* id of the API that is written, the
                                    batch's; NULL: none */
    unsigned            created:1;   /* it is new there */
    const char         *target_name; /* of that API, the batch's */
    const char         *patch;   /* what its definition gets, a JSON Patch, the
                                    batch's; NULL: not known, or over 64 KiB */
    size_t              patch_size;  /* in bytes */
    pm_error_t          error;   /* FAILED: its code and message; UNKNOWN:
                                    what made it so */
    const pm_pull_result_t  *pull;   /* NULL: is no pull request's */
} pm_result_t;


typedef enum {
    PM_BATCH_SETTLED,            /* every promotion has its final result */
    PM_BATCH_READY,              /* plan: record base(), then push */
    PM_BATCH_MOVED,              /* push: the head has moved, plan again */
    PM_BATCH_AGAIN,              /* push: some have their results, plan the
                                    others at once */
    PM_BATCH_COMMITTED,          /* pull requests: some are committed; record
                                    it, then open them */
    PM_BATCH_UNKNOWN             /* unclear for some; plan again (it searches,
                                    and sends what was sent once more), until
                                    it says settled */
} pm_batch_state_t;


/*
 * now: seconds since 1970, the commits' time.  committer: NAME and EMAIL.
 *
 * searching: 1 if this is not the promotions' first try: trailers are looked
 * for, from base on (NULL or zeros: on the whole branch), before anything is
 * planned.  As long as a push of an earlier try could still land (the head is
 * the base recorded for it), a promotion is not failed: it is unknown.
 *
 * giving_up: what a search does not find fails; nothing is planned.  For
 * promotions that may be what kills their leaders.
 *
 * bases: n of them, in place of base where the promotions' bases differ; zeros
 * where none was recorded: no push of it has left, so nothing is looked for
 * and nothing is in doubt.  Or NULL.
 *
 * faults: n of them, what makes a promotion impossible to plan (NULL: nothing),
 * and of which only id and group are known: it is looked for as the others are,
 * and fails with its group.  At least one has none.  Or NULL.
 *
 * pushing: n of them, the head that the last push of each built on, where it
 * is not its base: as long as the branch is there, that push may land.  Or
 * NULL.
 *
 * since: n of them, where the pushes of a try began that had its end, and was
 * begun anew (zeros: there was none): what it has pushed is looked for, too,
 * but nothing of it is in doubt.  Or NULL.
 */

typedef struct {
    pm_git_t         *git;
    const char       *committer_name;
    const char       *committer_email;
    int64_t           now;
    unsigned          searching:1;
    unsigned          giving_up:1;
    const pm_oid_t   *base;
    const pm_oid_t   *bases;
    const pm_oid_t   *pushing;
    const pm_oid_t   *since;
    const pm_error_t *const *faults;
} pm_batch_settings_t;


/*
 * promotions: n with one destination branch, that of the first without a fault
 * (one with another destination has a fault, too); they and what settings
 * points to (but not its object ids) must outlive the batch.  No I/O.
 */
int pm_batch_create(const pm_batch_settings_t *settings,
    const pm_promotion_t *promotions, size_t n, pm_batch_t **batch,
    pm_error_t *err);

void pm_batch_destroy(pm_batch_t *batch);

/*
 * Reads the remote's refs on the connection that will push, brings the mirror
 * up to date, searches if this is not the first try, and plans what is not
 * settled.  READY, SETTLED or UNKNOWN.  Blocks; every wait has a deadline.
 */
pm_batch_state_t pm_batch_plan(pm_batch_t *batch);

/* The head that the push will build on, after PM_BATCH_READY. */
const pm_oid_t *pm_batch_base(const pm_batch_t *batch);

/* 1 if promotion i, or its group, is part of that push. */
int pm_batch_sends(const pm_batch_t *batch, size_t i);

/* Pushes what was planned.  SETTLED, MOVED, AGAIN or UNKNOWN.  Blocks; every
 * wait has a deadline. */
pm_batch_state_t pm_batch_push(pm_batch_t *batch);

/*
 * Fails whatever has no result yet: a caller that gives up (too many tries)
 * says why.  What is unknown stays so: it may have landed.
 */
void pm_batch_fail(pm_batch_t *batch, const pm_error_t *error);

/* The result of promotion i; valid until destroy. */
const pm_result_t *pm_batch_result(const pm_batch_t *batch, size_t i);


/*
 * What a promotion would change now: the JSON answer of preview (interface.md,
 * 4), the arena's.  Blocks.  0 or a code as a commit's result would have,
 * except that no changes is an answer with "files": [].
 */
int pm_batch_preview(const pm_batch_settings_t *settings,
    const pm_promotion_t *promotion, pm_arena_t *arena, pm_string_t *json,
    pm_error_t *err);

/*
 * The same for n promotions of one branch, none of which sees what another
 * would change: json or error (its code is 0 where there is json) of each.
 * All of them may take about limit bytes: what does not fit is cut, and says
 * so.
 */
#define PM_BATCH_PREVIEW  (8 * 1024 * 1024)      /* the limit of one answer */

void pm_batch_previews(const pm_batch_settings_t *settings,
    const pm_promotion_t *promotions, size_t n, size_t limit,
    pm_arena_t *arena, pm_string_t *jsons, pm_error_t *errors);


#endif /* PM_BATCH_H */
