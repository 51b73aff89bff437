/*
 * pm_revert.h: what undoes a promotion that has landed: each file that its
 * commit changed is put back to what it was before; of a pull request, that
 * the commit did by which it was merged (a merge's changes are those on its
 * first parent).  Inside the promotion room only.
 */

#ifndef PM_REVERT_H
#define PM_REVERT_H


#include "promotion/pm_plan.h"


/*
 * Plans the revert of promotion->revert_commit on tree, a tree of mirror that
 * may be ahead of head, the branch's head.  commit receives the commit's id.
 * A file that is as it was before the commit stays; all of them: the plan has
 * no changes.  Its files have no properties.  All is the arena's.
 *
 * PM_CONFLICT: the commit is no part of the branch or its first one, its
 * changes are not those of revert_digest, or files have changed since (names
 * them); PM_UNAVAILABLE: an object could not be read
 * (the mirror is then broken), memory.
 */
int pm_revert(const pm_promotion_t *promotion, pm_git_mirror_t *mirror,
    const pm_oid_t *head, const pm_oid_t *tree, pm_arena_t *arena,
    pm_oid_t *commit, pm_plan_t *plan, pm_error_t *err);


#endif /* PM_REVERT_H */
