#include "promotion/pm_batch_internal.h"

#include "promotion/pm_message.h"
#include "promotion/pm_plan.h"
#include "promotion/pm_revert.h"

#include <string.h>


/*
 * What promotion i is taken from.  A source on the branch that is written is
 * read as the promotions before this one in the batch leave it: a batch does
 * what its promotions would do one after the other.
 */

static int
pm_batch_sources(const pm_batch_t *batch, size_t i, pm_arena_t *arena,
    pm_source_t **sources, pm_error_t *err)
{
    int                     rc;
    size_t                  j;
    pm_revision_t          *revision, *destination;
    const pm_promotion_t   *promotion;

    promotion = &batch->promotions[i];
    destination = batch->repositories->destination;

    rc = pm_source_read(promotion, batch->items[i].sources, arena, sources,
                        err);
    if (rc != 0 || promotion->source_commit != NULL) {
        return rc;
    }

    for (j = 0; j < promotion->nparts; j++) {
        revision = batch->items[i].sources[j];

        if (promotion->parts[j].source.commit == NULL
            && revision->repository == destination->repository
            && revision->branch && strcmp(revision->ref, destination->ref) == 0)
        {
            (*sources)[j].commit = batch->tip;
            (*sources)[j].tree = batch->tree;
        }
    }

    return 0;
}


/* The commit of promotion i on top of the ones before it. */

static int
pm_batch_commit(pm_batch_t *batch, size_t i, const pm_plan_t *plan,
    const pm_oid_t *source, pm_arena_t *arena, pm_error_t *err)
{
    int                    rc;
    pm_oid_t               tree, commit;
    const char            *message;
    pm_git_signature_t     author, committer;
    const pm_promotion_t  *promotion;

    promotion = &batch->promotions[i];

    rc = pm_message_create(arena, promotion, source, &message, err);
    if (rc != 0) {
        return rc;
    }

    rc = pm_plan_tree(promotion, plan, batch->objects, &batch->tree, &tree,
                      err);
    if (rc != 0) {
        return rc;
    }

    author.name = promotion->author_name;
    author.email = promotion->author_email;
    author.time = batch->settings.now;

    committer.name = batch->settings.committer_name;
    committer.email = batch->settings.committer_email;
    committer.time = batch->settings.now;

    rc = pm_git_objects_commit(batch->objects, &tree, &batch->tip, &author,
                               &committer, message, &commit, err);
    if (rc != 0) {
        return rc;
    }

    batch->items[i].commit = commit;
    batch->tip = commit;
    batch->tree = tree;

    return 0;
}


/* What promotion i changes, and the revision that it promotes or reverts. */

static int
pm_batch_plan_changes(pm_batch_t *batch, size_t i, pm_arena_t *arena,
    pm_plan_t *plan, pm_oid_t *revision, pm_error_t *err)
{
    int                    rc;
    pm_source_t           *sources;
    pm_git_mirror_t       *mirror;
    const pm_promotion_t  *promotion;

    promotion = &batch->promotions[i];
    mirror = batch->repositories->first->mirror;

    if (promotion->revert_commit != NULL) {
        return pm_revert(promotion, mirror, &batch->base, &batch->tree, arena,
                         revision, plan, err);
    }

    rc = pm_batch_sources(batch, i, arena, &sources, err);
    if (rc != 0) {
        return rc;
    }

    *revision = sources[0].commit;

    rc = pm_plan(promotion, sources, batch->objects, mirror, &batch->tree, 0,
                 arena, plan, err);

    if (rc == 0 && plan->nchanges > 0) {
        pm_batch_version_source(batch, i, sources, arena);
    }

    return rc;
}


/*
 * What promotion i changes on this head.  Somebody else who writes to the same
 * paths each time does not hold up the others of the batch for ever.
 */

static int
pm_batch_replayed(pm_batch_t *batch, size_t i, const char *digest,
    pm_error_t *err)
{
    pm_batch_item_t  *item;

    item = &batch->items[i];

    if (pm_oid_equal(&item->head, &batch->base)) {
        return 0;
    }

    if (item->digest[0] != '\0' && strcmp(item->digest, digest) != 0) {
        item->replays++;
    }

    item->head = batch->base;
    memcpy(item->digest, digest, PM_DIGEST_SIZE);

    if (item->replays < PM_BATCH_REPLAYS) {
        return 0;
    }

    return pm_error_set(err, PM_UNAVAILABLE, "others changed the same files "
                        "at each of %d tries, try again", PM_BATCH_REPLAYS);
}


/* The API that promotion i writes. */

static int
pm_batch_plan_target(pm_batch_t *batch, size_t i,
    const pm_definition_plan_t *api, pm_error_t *err)
{
    pm_result_t  *result;

    if (api == NULL) {
        return 0;
    }

    result = &batch->outcomes[i].result;

    result->target = pm_arena_strdup(batch->arena, api->id);
    result->created = !api->update;
    result->target_name = pm_arena_strdup(batch->arena,
                                          api->name ? api->name : "");
    result->patch = pm_plan_api_patch(api, batch->arena, PM_BATCH_PATCH,
                                      &result->patch_size);

    return (result->target != NULL && result->target_name != NULL)
           ? 0 : pm_error_memory(err);
}


static int
pm_batch_plan_one(pm_batch_t *batch, size_t i, pm_arena_t *arena,
    pm_error_t *err)
{
    int                    rc;
    pm_oid_t               revision, before;
    pm_plan_t              plan;
    const pm_promotion_t  *promotion;

    if (batch->items[i].fault != NULL) {
        *err = *batch->items[i].fault;
        return err->code;
    }

    promotion = &batch->promotions[i];

    rc = pm_batch_plan_changes(batch, i, arena, &plan, &revision, err);
    if (rc != 0) {
        return rc;
    }

    memcpy(batch->outcomes[i].result.digest, plan.digest, PM_DIGEST_SIZE);

    rc = pm_batch_plan_target(batch, i, plan.api, err);
    if (rc != 0) {
        return rc;
    }

    if (plan.nchanges == 0 && promotion->revert_commit != NULL) {
        return pm_error_set(err, PM_NO_CHANGES, "no changes found: %.7s is "
                            "reverted already", promotion->revert_commit);
    }

    if (plan.nchanges == 0) {
        return pm_batch_no_changes(err);
    }

    if (promotion->expected_digest != NULL
        && strcmp(promotion->expected_digest, plan.digest) != 0)
    {
        return pm_error_named(err, PM_CONFLICT, "promotion.target.changed",
                              "the changes differ from what was expected: "
                              "expectedDigest is %s, the digest of the "
                              "changes is now %s", promotion->expected_digest,
                              plan.digest);
    }

    rc = pm_batch_replayed(batch, i, plan.digest, err);
    if (rc != 0) {
        return rc;
    }

    before = batch->tree;

    rc = pm_batch_commit(batch, i, &plan, &revision, arena, err);

    if (rc == 0) {
        pm_batch_version_change(batch, i, &before, &batch->tree, arena);
    }

    return rc;
}


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
