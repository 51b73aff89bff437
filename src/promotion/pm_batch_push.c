#include "promotion/pm_batch_internal.h"
#include "promotion/pm_refusal.h"
#include "base/pm_failpoint.h"

#include <string.h>


void
pm_batch_landed(pm_batch_t *batch)
{
    size_t            i;
    pm_error_t        ignored;
    pm_batch_item_t  *item;
    pm_repository_t  *r;

    pm_failpoint("reported");

    r = batch->repositories->first;

    for (i = 0; i < batch->n; i++) {
        item = &batch->items[i];

        if (!pm_oid_is_zero(&item->commit)) {
            pm_outcome_commit(&batch->outcomes[i], PM_RESULT_LANDED,
                              &item->commit);

        } else if (item->provisional) {
            batch->outcomes[i].doubtful = 0;
            pm_outcome_negative(&batch->outcomes[i], &item->verdict);
        }
    }

    pm_batch_advance(batch);

    /* a mirror that did not keep them fetches them when they are needed */

    (void) pm_git_mirror_keep(r->mirror, batch->objects,
                              batch->repositories->destination->ref,
                              &batch->tip, &ignored);

    pm_batch_forget(batch);
}


/*
 * From now on trailers are looked for: a push has left.  The oldest base
 * stays, since what was pushed on it may be anywhere after it.
 */

static void
pm_batch_pushed(pm_batch_t *batch)
{
    if (!batch->searching) {
        batch->searching = 1;
        batch->since = batch->base;
    }
}


/*
 * The push was answered: what it tried is no longer in doubt, nor is what was
 * sent before with the same old value (durability.md, 2, 5).
 */

static void
pm_batch_answered(pm_batch_t *batch)
{
    size_t  i;

    batch->resend = 0;

    for (i = 0; i < batch->n; i++) {
        batch->outcomes[i].doubtful = 0;

        if (batch->outcomes[i].result.state == PM_RESULT_UNKNOWN) {
            batch->outcomes[i].result.state = PM_RESULT_NONE;
        }
    }
}


/* The server could not read the pack: once, the mirror is made anew and the
 * pack sent without deltas. */

static int
pm_batch_repair(pm_batch_t *batch)
{
    pm_error_t        ignored;
    pm_repository_t  *r;

    if (batch->whole) {
        return 0;
    }

    batch->whole = 1;
    pm_batch_forget(batch);

    r = batch->repositories->first;

    (void) pm_git_mirror_rebuild(r->mirror, r->remote, r->branches,
                                 r->nbranches, &ignored);
    return 1;
}


/* The report was read, and the ref was not moved by it. */

static pm_batch_state_t
pm_batch_reported(pm_batch_t *batch, const pm_git_report_t *report,
    const pm_git_command_t *command, const pm_error_t *error)
{
    int         busy;
    pm_oid_t    head;
    pm_error_t  err;

    batch->repositories->contended = 1;

    pm_batch_answered(batch);

    if (report->unpack != NULL && strcmp(report->unpack, "ok") != 0
        && pm_batch_repair(batch))
    {
        return PM_BATCH_MOVED;
    }

    busy = pm_refusal_is_busy(command->reason)
           && batch->busy < PM_REFUSAL_BUSY;

    if (pm_repositories_head(batch->repositories, batch->round, &head, &err)
        == 0
        && !pm_oid_equal(&head, &batch->base))
    {
        busy = 1;

    } else if (busy) {
        batch->busy++;
    }

    if (busy) {
        return pm_outcomes_state(batch->outcomes, batch->n);
    }

    /* about the ref, or the size: it may be what one promotion brings; else
     * about us */

    if (command->reason != NULL || report->too_large) {
        pm_batch_split(batch, error);
    } else {
        pm_outcomes_negative(batch->outcomes, batch->n, error);
    }

    return pm_batch_next(batch);
}


/* The connection ended or the deadline came after the pack began to leave. */

static pm_batch_state_t
pm_batch_unclear(pm_batch_t *batch, const pm_error_t *error)
{
    size_t      i;
    pm_oid_t    base;
    pm_error_t  err;

    base = batch->base;

    batch->sent = base;
    batch->resend = 1;

    for (i = 0; i < batch->n; i++) {
        if (pm_batch_sends(batch, i)) {
            batch->outcomes[i].doubtful = 1;
            batch->items[i].doubt = base;
            pm_outcome_negative(&batch->outcomes[i], error);
        }
    }

    /* it may be known already; if not, the plan stays as it was sent */

    if (pm_batch_read(batch, 0, &err) != 0) {
        batch->base = base;
    }

    return pm_outcomes_state(batch->outcomes, batch->n);
}


pm_batch_state_t
pm_batch_push(pm_batch_t *batch)
{
    int                            rc;
    pm_error_t                     err;
    pm_buffer_t                    pack;
    pm_git_report_t                report;
    pm_git_command_t               command;
    const pm_repository_t         *r;

    if (batch->objects == NULL || pm_oid_equal(&batch->tip, &batch->base)) {
        return pm_outcomes_state(batch->outcomes, batch->n);
    }

    r = batch->repositories->first;

    memset(&pack, 0, sizeof(pm_buffer_t));
    memset(&report, 0, sizeof(pm_git_report_t));
    memset(&command, 0, sizeof(pm_git_command_t));

    command.ref = batch->repositories->destination->ref;
    command.old = batch->base;
    command.new = batch->tip;

    rc = pm_git_objects_pack(batch->objects, !r->refs->no_thin && !batch->whole,
                             &pack, &err);
    if (rc == 0) {
        rc = pm_git_push(r->remote, r->refs, &command, 1, &pack, batch->round,
                         &report, &err);
    }

    pm_buffer_free(&pack);

    if (report.pack_sent) {
        pm_batch_pushed(batch);
    }

    if (rc == 0) {
        pm_batch_answered(batch);
        pm_batch_landed(batch);
        return pm_batch_next(batch);
    }

    if (report.reported) {
        return pm_batch_reported(batch, &report, &command, &err);
    }

    if (report.pack_sent) {
        return pm_batch_unclear(batch, &err);
    }

    /* nothing has left: a plain failure, except of what is in doubt already */

    pm_outcomes_negative(batch->outcomes, batch->n, &err);

    return pm_outcomes_state(batch->outcomes, batch->n);
}
