/*
 * The versions that a promotion brings, for its record.  Nothing fails by
 * them.
 */

#include "promotion/pm_batch_internal.h"
#include "promotion/pm_version.h"


void
pm_batch_version_source(pm_batch_t *batch, size_t i,
    const pm_source_t *sources, pm_arena_t *arena)
{
    const pm_promotion_t  *promotion;

    promotion = &batch->promotions[i];

    /* an old commit says nothing about the application as it is */

    pm_version_copy(batch->outcomes[i].result.version_source,
                         promotion->source_commit ? NULL
                         : pm_version_source(promotion, sources, arena));
}


void
pm_batch_version_change(pm_batch_t *batch, size_t i, const pm_oid_t *before,
    const pm_oid_t *after, pm_arena_t *arena)
{
    pm_result_t      *result;
    pm_git_mirror_t  *mirror;

    result = &batch->outcomes[i].result;
    mirror = batch->repositories->first->mirror;

    pm_version_copy(result->version_from,
                         pm_version_destination(&batch->promotions[i], mirror,
                                                before, arena));
    pm_version_copy(result->version_to,
                         pm_version_destination(&batch->promotions[i], mirror,
                                                after, arena));
}


void
pm_batch_version_found(pm_batch_t *batch, size_t i, const pm_oid_t *commit)
{
    pm_oid_t          parent, before, after;
    pm_error_t        ignored;
    pm_git_mirror_t  *mirror;

    mirror = batch->repositories->first->mirror;

    if (batch->promotions[i].template != NULL
        && pm_git_mirror_parent(mirror, commit, &parent, &ignored) == 0
        && !pm_oid_is_zero(&parent)
        && pm_git_mirror_tree(mirror, &parent, &before, &ignored) == 0
        && pm_git_mirror_tree(mirror, commit, &after, &ignored) == 0)
    {
        pm_batch_version_change(batch, i, &before, &after, batch->round);
    }
}
