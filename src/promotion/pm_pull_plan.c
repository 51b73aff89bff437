#include "promotion/pm_pull_internal.h"


/*
 * All that are open.  What is wrong with one is its own result; a mirror that
 * turns out to be broken is nobody's fault: unless this is the last try, that
 * is returned.
 */

static int
pm_pull_plan_all(pm_pull_t *pull, int last, pm_error_t *err)
{
    int          rc;
    size_t       i, count;
    pm_arena_t  *arena;

    rc = pm_git_objects_create(pull->repositories->first->mirror,
                               &pull->objects, err);
    if (rc != 0) {
        return rc;
    }

    for (i = 0; i < pull->n; i++) {

        if (!pm_outcome_is_open(&pull->outcomes[i])) {
            continue;
        }

        arena = pm_arena_create();
        if (arena == NULL) {
            return pm_error_memory(err);
        }

        count = pm_git_objects_count(pull->objects);

        rc = pm_pull_plan_one(pull, i, arena, err);

        pm_arena_destroy(arena);

        if (!last && pm_repositories_broken(pull->repositories)) {
            return (rc != 0) ? rc : PM_UNAVAILABLE;
        }

        /* what was made for it is not pushed */

        if (rc != 0 || !pull->items[i].planned) {
            pm_git_objects_rollback(pull->objects, count);
        }

        if (rc != 0) {
            pm_outcome_negative(&pull->outcomes[i], err);
        }
    }

    return 0;
}


/* What is on its head branch already needs no push. */

static pm_batch_state_t
pm_pull_planned(pm_pull_t *pull)
{
    int     sends;
    size_t  i;

    sends = 0;

    for (i = 0; i < pull->n; i++) {

        if (pm_pull_sends(pull, i)) {

            if (!sends) {
                pull->base = pull->items[i].base->tip;
            }

            sends = 1;

        } else if (pull->items[i].planned) {
            pm_outcome_commit(&pull->outcomes[i], PM_RESULT_COMMITTED,
                              &pull->items[i].commit);
        }
    }

    return sends ? PM_BATCH_READY : pm_outcomes_state(pull->outcomes, pull->n);
}


static void
pm_pull_give_up(pm_pull_t *pull)
{
    size_t      i;
    pm_error_t  err;

    (void) pm_error_set(&err, PM_INTERNAL, "the promotion was given up: the "
                        "leaders of its lane did not end it");

    for (i = 0; i < pull->n; i++) {
        pull->outcomes[i].doubtful = 0;
        pm_outcome_negative(&pull->outcomes[i], &err);
    }
}


/*
 * The lease has run out since, or longer ago: what has not come by now is
 * planned as if it had never left.  If it comes all the same, this push is
 * refused, or what it brings is found; a head branch that nobody asked a pull
 * request for any more does no harm.
 */

static void
pm_pull_plan_inherited(pm_pull_t *pull)
{
    size_t           i;
    pm_pull_item_t  *item;

    for (i = 0; i < pull->n; i++) {
        item = &pull->items[i];

        if (item->inherited) {
            item->inherited = 0;
            pull->outcomes[i].doubtful = 0;
        }
    }
}


pm_batch_state_t
pm_pull_plan(pm_pull_t *pull)
{
    int         rc, last;
    size_t      i;
    pm_error_t  err;

    if (pull->settings.giving_up) {
        pm_pull_give_up(pull);
        return PM_BATCH_SETTLED;
    }

    if (pull->unknown.code != 0) {
        pm_outcomes_negative(pull->outcomes, pull->n, &pull->unknown);
    }

    for (i = 0; i < pull->n && !pm_outcome_is_open(&pull->outcomes[i]); i++) {
        /* void */
    }

    if (i == pull->n) {
        return pm_outcomes_state(pull->outcomes, pull->n);
    }

    for (last = 0; /* void */; last = 1) {

        rc = (pm_pull_round(pull) == 0)
             ? pm_repositories_read(pull->repositories, 1, pull->round, &err)
             : pm_error_memory(&err);

        if (rc == 0) {
            pm_pull_plan_inherited(pull);
            rc = pm_pull_plan_all(pull, last, &err);
        }

        if (rc == 0) {
            return pm_pull_planned(pull);
        }

        if (last || !pm_repositories_broken(pull->repositories)) {
            pm_outcomes_negative(pull->outcomes, pull->n, &err);
            pm_pull_forget(pull);

            return pm_outcomes_state(pull->outcomes, pull->n);
        }
    }
}
