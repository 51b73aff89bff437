/*
 * pm_record_pull.h: what a pull request is asked to be, in the record of its
 * promotion.  Inside the promotion room only.
 */

#ifndef PM_RECORD_PULL_H
#define PM_RECORD_PULL_H


#include "promotion/pm_promotion.h"

#include <jansson.h>


/* NULL: out of memory. */
json_t *pm_record_pull_json(const pm_pull_request_t *pull);

/*
 * Reads it; the result is the arena's.  What Redis holds is not trusted:
 * PM_INTERNAL says what is wrong with it.
 */
int pm_record_pull(pm_arena_t *arena, const json_t *json,
    pm_pull_request_t **pull, pm_error_t *err);


#endif /* PM_RECORD_PULL_H */
