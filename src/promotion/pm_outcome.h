/*
 * pm_outcome.h: what has become of each promotion of a batch, or of pull
 * requests that are made together: the one array that both have, beside what
 * each of them knows of a promotion while it works on it.
 */

#ifndef PM_OUTCOME_H
#define PM_OUTCOME_H


#include "promotion/pm_batch.h"


typedef struct {
    pm_result_t  result;
    unsigned     doubtful:1;     /* a push of it may still land */
} pm_outcome_t;


/* 1 while there is no final result: NONE or UNKNOWN. */
int pm_outcome_is_open(const pm_outcome_t *outcome);

/* LANDED or COMMITTED, by this commit. */
void pm_outcome_commit(pm_outcome_t *outcome, pm_result_state_t state,
    const pm_oid_t *commit);

/* FAILED; UNKNOWN while a push of it may still land. */
void pm_outcome_negative(pm_outcome_t *outcome, const pm_error_t *error);

/* The same for all that are open; for all that have no result at all. */
void pm_outcomes_negative(pm_outcome_t *outcomes, size_t n,
    const pm_error_t *error);
void pm_outcomes_fail(pm_outcome_t *outcomes, size_t n,
    const pm_error_t *error);

/* COMMITTED if some are (pull requests only); UNKNOWN if one is; MOVED, plan
 * again, if some have no result; SETTLED. */
pm_batch_state_t pm_outcomes_state(const pm_outcome_t *outcomes, size_t n);


#endif /* PM_OUTCOME_H */
