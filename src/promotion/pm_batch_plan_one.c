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


int
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
