/*
 * What the remote has, and what of it earlier tries have left there.
 */

#include "promotion/pm_batch_internal.h"


int
pm_batch_no_changes(pm_error_t *err)
{
    return pm_error_named(err, PM_NO_CHANGES, "promotion.noChanges",
                          "no changes found between source and destination "
                          "applications");
}


static int
pm_batch_unit_landed(const pm_batch_t *batch, size_t u)
{
    size_t                  j;
    const pm_batch_unit_t  *unit;

    unit = &batch->units[u];

    for (j = unit->first; j < unit->first + unit->n; j++) {
        if (batch->outcomes[batch->order[j]].result.state
            == PM_RESULT_LANDED)
        {
            return 1;
        }
    }

    return 0;
}


/*
 * Of a group that has landed, what has no commit had nothing to promote: all
 * of it was in one push.
 */

static void
pm_batch_search_groups(pm_batch_t *batch)
{
    size_t       i;
    pm_error_t   err;

    (void) pm_batch_no_changes(&err);

    for (i = 0; i < batch->n; i++) {
        if (pm_outcome_is_open(&batch->outcomes[i])
            && pm_batch_unit_landed(batch, batch->items[i].unit))
        {
            batch->outcomes[i].doubtful = 0;
            pm_outcome_negative(&batch->outcomes[i], &err);
        }
    }
}


/* Trailers of earlier tries between "since" and the head. */

static int
pm_batch_search(pm_batch_t *batch, pm_error_t *err)
{
    int               rc;
    size_t            i, n, *indexes;
    pm_oid_t         *found;
    const char      **ids;
    pm_outcome_t     *outcome;

    ids = pm_arena_alloc(batch->round, batch->n * sizeof(char *));
    indexes = pm_arena_alloc(batch->round, batch->n * sizeof(size_t));
    found = pm_arena_zalloc(batch->round, batch->n * sizeof(pm_oid_t));

    if (ids == NULL || indexes == NULL || found == NULL) {
        return pm_error_memory(err);
    }

    for (i = 0, n = 0; i < batch->n; i++) {
        if (pm_outcome_is_open(&batch->outcomes[i])) {
            ids[n] = batch->promotions[i].id;
            indexes[n++] = i;
        }
    }

    rc = pm_git_mirror_search(batch->repositories->first->mirror, &batch->base,
                              &batch->since, ids, n, found, err);
    if (rc != 0) {
        return rc;
    }

    for (i = 0; i < n; i++) {
        outcome = &batch->outcomes[indexes[i]];

        if (!pm_oid_is_zero(&found[i])) {
            pm_outcome_commit(outcome, PM_RESULT_LANDED, &found[i]);
            pm_batch_version_found(batch, indexes[i], &found[i]);
            continue;
        }

        /* a push that builds on another head can no longer land */

        if (!pm_oid_equal(&batch->base, &batch->items[indexes[i]].doubt)) {
            outcome->doubtful = 0;
            outcome->result.state = PM_RESULT_NONE;
        }
    }

    pm_batch_search_groups(batch);

    return 0;
}


int
pm_batch_read(pm_batch_t *batch, int sources, pm_error_t *err)
{
    int  rc;

    rc = pm_repositories_read(batch->repositories, sources, batch->round, err);
    if (rc != 0) {
        return rc;
    }

    batch->base = batch->repositories->destination->tip;

    if (batch->resend && pm_oid_equal(&batch->base, &batch->tip)) {

        /* what was sent has arrived */

        pm_batch_landed(batch);
    }

    return batch->searching ? pm_batch_search(batch, err) : 0;
}
