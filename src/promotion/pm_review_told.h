/*
 * pm_review_told.h: what whoever decides is told of an API besides what
 * changes: whether it is created or updated, the definition that was asked
 * for, what stands in the way, and what is worth knowing.
 */

#ifndef PM_REVIEW_TOLD_H
#define PM_REVIEW_TOLD_H


#include "promotion/pm_plan.h"
#include "promotion/pm_review.h"
#include "promotion/pm_source.h"


/*
 * Of the plan api, into look; all of it is arena's, work is for what is
 * forgotten at once.  0, PM_UNAVAILABLE (out of memory), or why the source's
 * file cannot be read.
 */
int pm_review_told(const pm_promotion_t *promotion, const pm_source_t *source,
    const pm_definition_plan_t *api, pm_arena_t *work, pm_arena_t *arena,
    pm_review_look_t *look, pm_error_t *err);


#endif /* PM_REVIEW_TOLD_H */
