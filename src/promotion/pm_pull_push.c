#include "promotion/pm_pull_internal.h"
#include "promotion/pm_refusal.h"
#include "base/pm_failpoint.h"

#include <string.h>


/* Which items the commands are of. */

typedef struct {
    pm_git_command_t  *commands;
    size_t            *items;
    size_t             n;
    size_t             ok;
    size_t             refused;
} pm_pull_push_t;


static int
pm_pull_push_commands(pm_pull_t *pull, pm_pull_push_t *push)
{
    size_t             i;
    pm_pull_item_t    *item;
    pm_git_command_t  *command;

    memset(push, 0, sizeof(pm_pull_push_t));

    push->commands = pm_arena_zalloc(pull->round,
                                     pull->n * sizeof(pm_git_command_t));
    push->items = pm_arena_alloc(pull->round, pull->n * sizeof(size_t));

    if (push->commands == NULL || push->items == NULL) {
        return -1;
    }

    for (i = 0; i < pull->n && push->n < pull->limit; i++) {
        item = &pull->items[i];
        item->sent = 0;

        if (!pm_pull_sends(pull, i) || item->with != i) {
            continue;
        }

        item->sent = 1;

        command = &push->commands[push->n];
        command->ref = item->ref;
        command->old = item->old;
        command->new = item->commit;

        push->items[push->n++] = i;
    }

    return 0;
}


/* The pack has all objects of the plan: those of branches that are not part
 * of this push are few, and come later. */

static int
pm_pull_push_send(pm_pull_t *pull, pm_pull_push_t *push,
    pm_git_report_t *report, pm_error_t *err)
{
    int                      rc;
    pm_buffer_t              pack;
    pm_repository_t         *r;
    pm_git_advertisement_t   refs;

    r = pull->repositories->first;

    memset(&pack, 0, sizeof(pm_buffer_t));
    memset(report, 0, sizeof(pm_git_report_t));

    /* what is wrong with one branch shall not keep the others from landing */

    refs = *r->refs;
    refs.atomic = 0;

    rc = pm_git_objects_pack(pull->objects, !refs.no_thin && !pull->whole,
                             &pack, err);
    if (rc == 0) {
        rc = pm_git_push(r->remote, &refs, push->commands, push->n, &pack,
                         pull->round, report, err);
    }

    pm_buffer_free(&pack);

    return rc;
}


/* Item first, and what shares its commit. */

static void
pm_pull_push_landed(pm_pull_t *pull, size_t first)
{
    size_t  i;

    for (i = first; i < pull->n; i++) {
        if (pull->items[i].planned && pull->items[i].with == first) {
            pm_outcome_commit(&pull->outcomes[i], PM_RESULT_COMMITTED,
                              &pull->items[i].commit);
        }
    }
}


static void
pm_pull_push_failed(pm_pull_t *pull, size_t first, int doubtful,
    const pm_error_t *error)
{
    size_t           i;
    pm_pull_item_t  *item;

    for (i = pull->n; i-- > first; /* void */) {
        item = &pull->items[i];

        if (item->planned && item->with == first) {
            pull->outcomes[i].doubtful = (doubtful != 0);
            pm_outcome_negative(&pull->outcomes[i], error);
        }
    }
}


/* What the remote has now: zeros, if there is no such branch. */

static pm_oid_t
pm_pull_push_now(const pm_pull_t *pull, const char *ref)
{
    pm_oid_t             id;
    const pm_git_ref_t  *found;

    memset(&id, 0, sizeof(pm_oid_t));

    found = pm_git_advertisement_ref(pull->repositories->first->refs, ref);

    if (found != NULL) {
        id = found->id;
    }

    return id;
}


/* Too many pushes: what is planned and no part of this one is not tried. */

static void
pm_pull_push_rest(pm_pull_t *pull, const pm_error_t *error)
{
    size_t  i;

    for (i = 0; i < pull->n; i++) {
        if (pm_pull_sends(pull, i) && pm_outcome_is_open(&pull->outcomes[i])
            && !pull->items[pull->items[i].with].sent)
        {
            pm_outcome_negative(&pull->outcomes[i], error);
        }
    }
}


/* The server's words, for one branch. */

static void
pm_pull_push_words(const pm_git_command_t *command,
    const pm_git_report_t *report, const pm_error_t *whole, pm_error_t *err)
{
    if (command->reason == NULL) {
        *err = *whole;
        return;
    }

    (void) pm_error_set(err, PM_REMOTE, "remote rejected %s: %s%s%s",
                        command->ref, command->reason,
                        report->messages ? ": " : "",
                        report->messages ? report->messages : "");
}


/*
 * The report was read: some branches were not written.  One that has moved
 * meanwhile is planned again; a refusal of several at once, as of a hook that
 * sees them all, is looked for in halves; otherwise it is final.
 */

static void
pm_pull_push_refused(pm_pull_t *pull, pm_pull_push_t *push,
    const pm_git_report_t *report, const pm_error_t *whole)
{
    int                      split;
    size_t                   j;
    pm_oid_t                 now;
    pm_error_t               words;
    const pm_git_command_t  *command;

    split = push->ok == 0 && push->n > 1;
    pull->limit = (push->n + 1) / 2;

    if (++pull->pushes >= pm_refusal_pushes(pull->n)) {
        pm_pull_push_rest(pull, whole);
        split = 0;
    }

    for (j = 0; j < push->n; j++) {
        command = &push->commands[j];

        if (command->ok) {
            continue;
        }

        now = pm_pull_push_now(pull, command->ref);

        if (pm_oid_equal(&now, &command->new)) {
            pm_pull_push_landed(pull, push->items[j]);

        } else if (!pm_oid_equal(&now, &command->old)) {
            pull->moved = 1;

        } else if (!split) {
            pm_pull_push_words(command, report, whole, &words);
            pm_pull_push_failed(pull, push->items[j], 0, &words);
        }
    }
}


/* Whether all that is wrong is a lock, which the other push will release. */

static int
pm_pull_push_waits(pm_pull_t *pull, const pm_pull_push_t *push)
{
    size_t  j;

    for (j = 0; j < push->n; j++) {
        if (!push->commands[j].ok
            && pm_refusal_is_busy(push->commands[j].reason))
        {
            pull->moved = (pull->busy++ < PM_REFUSAL_BUSY);
            return pull->moved;
        }
    }

    return 0;
}


/* The server could not read the pack: once, the mirror is made anew and the
 * pack sent without deltas. */

static int
pm_pull_push_repair(pm_pull_t *pull)
{
    pm_error_t        ignored;
    pm_repository_t  *r;

    if (pull->whole) {
        return 0;
    }

    pull->whole = 1;
    pull->moved = 1;
    pm_pull_forget(pull);

    r = pull->repositories->first;

    (void) pm_git_mirror_rebuild(r->mirror, r->remote, r->branches,
                                 r->nbranches, &ignored);
    return 1;
}


static void
pm_pull_push_reported(pm_pull_t *pull, pm_pull_push_t *push,
    const pm_git_report_t *report, const pm_error_t *error)
{
    size_t      j;
    pm_error_t  err;

    for (j = 0; j < push->n; j++) {
        pull->outcomes[push->items[j]].doubtful = 0;

        if (push->commands[j].ok) {
            push->ok++;
            pm_pull_push_landed(pull, push->items[j]);
        }
    }

    if (push->ok == push->n) {
        pull->limit = (pull->limit < pull->n) ? 2 * pull->limit : pull->n;
        return;
    }

    if (report->unpack != NULL && strcmp(report->unpack, "ok") != 0
        && push->ok == 0 && pm_pull_push_repair(pull))
    {
        return;
    }

    if (pm_repositories_refs(pull->repositories, pull->round, &err) == 0
        && !pm_pull_push_waits(pull, push))
    {
        pm_pull_push_refused(pull, push, report, error);
    }
}


/*
 * The connection ended or the deadline came after the pack began to leave: it
 * may be known already; what is not is planned and sent again, as it was.
 */

static void
pm_pull_push_unclear(pm_pull_t *pull, pm_pull_push_t *push,
    const pm_error_t *error)
{
    int         rc;
    size_t      j;
    pm_oid_t    now;
    pm_error_t  err;

    rc = pm_repositories_refs(pull->repositories, pull->round, &err);

    for (j = 0; j < push->n; j++) {

        if (rc == 0) {
            now = pm_pull_push_now(pull, push->commands[j].ref);

            if (pm_oid_equal(&now, &push->commands[j].new)) {
                pm_pull_push_landed(pull, push->items[j]);
                continue;
            }
        }

        pm_pull_push_failed(pull, push->items[j], 1, error);
    }
}


/* What is left of the plan is stale once some of it is on the remote. */

static pm_batch_state_t
pm_pull_push_end(pm_pull_t *pull)
{
    size_t            i;
    pm_error_t        ignored;
    pm_batch_state_t  state;

    for (i = 0; i < pull->n; i++) {
        if (pull->outcomes[i].result.state == PM_RESULT_COMMITTED) {

            pm_failpoint("pull_reported");

            /* a mirror that did not keep them fetches them when they are
             * needed */

            if (pull->objects != NULL) {
                (void) pm_git_mirror_keep(
                           pull->repositories->first->mirror, pull->objects,
                           NULL, NULL, &ignored);
            }

            break;
        }
    }

    pm_pull_forget(pull);

    state = pm_outcomes_state(pull->outcomes, pull->n);

    return (state == PM_BATCH_MOVED && !pull->moved) ? PM_BATCH_AGAIN : state;
}


pm_batch_state_t
pm_pull_push(pm_pull_t *pull)
{
    int              rc;
    size_t           j;
    pm_error_t       err;
    pm_pull_push_t   push;
    pm_git_report_t  report;

    if (pull->objects == NULL || pm_pull_push_commands(pull, &push) != 0) {
        return pm_outcomes_state(pull->outcomes, pull->n);
    }

    pull->moved = 0;

    rc = pm_pull_push_send(pull, &push, &report, &err);

    if (rc == 0 || report.reported) {
        pm_pull_push_reported(pull, &push, &report, &err);

    } else if (report.pack_sent) {
        pm_pull_push_unclear(pull, &push, &err);

    } else {

        /* nothing has left: a plain failure */

        for (j = 0; j < push.n; j++) {
            pm_pull_push_failed(pull, push.items[j],
                                pull->outcomes[push.items[j]].doubtful, &err);
        }
    }

    return pm_pull_push_end(pull);
}
