#include "promotion/pm_batch_internal.h"

#include <string.h>


/* The group's result, where member i is what it failed on. */

static void
pm_batch_plan_failed(pm_batch_t *batch, const pm_batch_unit_t *unit,
    size_t culprit, const pm_error_t *error)
{
    size_t                      i, j;
    pm_batch_item_t            *item;
    const pm_application_id_t  *id;

    id = &batch->promotions[culprit].destination;

    for (j = unit->first; j < unit->first + unit->n; j++) {
        i = batch->order[j];
        item = &batch->items[i];

        if (!pm_outcome_is_open(&batch->outcomes[i])) {
            continue;
        }

        memset(&item->commit, 0, sizeof(pm_oid_t));
        item->provisional = 1;

        if (i == culprit) {
            item->verdict = *error;
            continue;
        }

        if (id->name == NULL) {
            (void) pm_error_set(&item->verdict, error->code,
                                "another one of the same group failed: %s",
                                error->message);
            continue;
        }

        (void) pm_error_set(&item->verdict, error->code,
                            "%s/%s/%s of the same group failed: %s",
                            id->runtime, id->namespace, id->name,
                            error->message);
    }
}


/*
 * Plans one unit on top of those before it, all of it or nothing.  0, also
 * where it fails: that is its own result.  A mirror that turns out to be
 * broken is nobody's fault: unless this is the last try, that is returned.
 */

static int
pm_batch_plan_unit(pm_batch_t *batch, const pm_batch_unit_t *unit, int last,
    pm_error_t *err)
{
    int          rc;
    size_t       i, j, count;
    pm_oid_t     tip, tree;
    pm_arena_t  *arena;

    tip = batch->tip;
    tree = batch->tree;
    count = pm_git_objects_count(batch->objects);

    for (j = unit->first; j < unit->first + unit->n; j++) {
        i = batch->order[j];

        if (!pm_outcome_is_open(&batch->outcomes[i])) {
            continue;
        }

        arena = pm_arena_create();
        if (arena == NULL) {
            return pm_error_memory(err);
        }

        rc = pm_batch_plan_one(batch, i, arena, err);

        pm_arena_destroy(arena);

        if (rc == PM_NO_CHANGES) {
            batch->items[i].provisional = 1;
            batch->items[i].verdict = *err;
            continue;
        }

        if (rc == 0) {
            continue;
        }

        if (!last && pm_repositories_broken(batch->repositories)) {
            return rc;
        }

        /* what was made for it is not pushed */

        batch->tip = tip;
        batch->tree = tree;
        pm_git_objects_rollback(batch->objects, count);

        pm_batch_plan_failed(batch, unit, i, err);
        break;
    }

    return 0;
}


/* What the plan found wrong holds now, or when what it builds on is there. */

static void
pm_batch_plan_verdicts(pm_batch_t *batch, const pm_batch_unit_t *unit)
{
    size_t            i, j;
    pm_batch_item_t  *item;

    if (!pm_oid_equal(&batch->tip, &batch->base)) {
        return;
    }

    for (j = unit->first; j < unit->first + unit->n; j++) {
        i = batch->order[j];
        item = &batch->items[i];

        if (item->provisional) {
            item->provisional = 0;
            pm_outcome_negative(&batch->outcomes[i], &item->verdict);
        }
    }
}


/* Plans what the next push takes. */

static int
pm_batch_chain(pm_batch_t *batch, int last, pm_error_t *err)
{
    int             rc;
    size_t          u;
    pm_revision_t  *destination;

    destination = batch->repositories->destination;

    pm_batch_forget(batch);

    batch->tip = batch->base;
    batch->tree = destination->tree;

    rc = pm_git_objects_create(destination->repository->mirror,
                               &batch->objects, err);
    if (rc != 0) {
        return rc;
    }

    for (u = 0; u < batch->until; u++) {
        rc = pm_batch_plan_unit(batch, &batch->units[u], last, err);
        if (rc != 0) {
            return rc;
        }

        pm_batch_plan_verdicts(batch, &batch->units[u]);
    }

    return 0;
}


/* The same, and if nothing of it is left to push, the rest. */

static int
pm_batch_plan_all(pm_batch_t *batch, int last, pm_error_t *err)
{
    int  rc;

    for ( ;; ) {
        rc = pm_batch_chain(batch, last, err);

        if (rc != 0 || !pm_oid_equal(&batch->tip, &batch->base)
            || batch->until == batch->nunits)
        {
            return rc;
        }

        pm_batch_whole(batch);
    }
}


/* The leaders that pushed them have died long ago. */

static void
pm_batch_give_up(pm_batch_t *batch)
{
    size_t      i;
    pm_error_t  err;

    (void) pm_error_set(&err, PM_INTERNAL, "the promotion was given up: the "
                        "leaders of its lane did not end it");

    for (i = 0; i < batch->n; i++) {
        if (pm_outcome_is_open(&batch->outcomes[i])) {
            batch->outcomes[i].doubtful = 0;
            pm_outcome_negative(&batch->outcomes[i], &err);
        }
    }
}


pm_batch_state_t
pm_batch_plan(pm_batch_t *batch)
{
    int         rc, last, sources;
    pm_error_t  err;

    if (batch->n == 0) {
        return PM_BATCH_SETTLED;
    }

    sources = !batch->again;
    batch->again = 0;

    /* objects in memory would hide that the mirror lacks them */

    if (!batch->resend) {
        pm_batch_forget(batch);
    }

    for (last = 0; /* void */; last = 1, sources = 1) {

        rc = (pm_batch_round(batch) == 0) ? pm_batch_read(batch, sources, &err)
                                          : pm_error_memory(&err);

        if (rc == 0 && batch->settings.giving_up) {
            pm_batch_give_up(batch);
            return pm_outcomes_state(batch->outcomes, batch->n);
        }

        if (rc == 0 && batch->resend
            && pm_oid_equal(&batch->base, &batch->sent))
        {
            return PM_BATCH_READY;
        }

        if (rc == 0) {
            rc = pm_batch_plan_all(batch, last, &err);
        }

        if (rc == 0) {
            break;
        }

        if (last || !pm_repositories_broken(batch->repositories)) {
            pm_outcomes_negative(batch->outcomes, batch->n, &err);

            if (!pm_oid_equal(&batch->base, &batch->sent)) {
                pm_batch_forget(batch);
            }

            return pm_outcomes_state(batch->outcomes, batch->n);
        }
    }

    if (!pm_oid_equal(&batch->tip, &batch->base)) {
        return PM_BATCH_READY;
    }

    pm_batch_forget(batch);

    return pm_outcomes_state(batch->outcomes, batch->n);
}
