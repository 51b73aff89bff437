#include "promotion/pm_outcome.h"


int
pm_outcome_is_open(const pm_outcome_t *outcome)
{
    return outcome->result.state == PM_RESULT_NONE
           || outcome->result.state == PM_RESULT_UNKNOWN;
}


void
pm_outcome_commit(pm_outcome_t *outcome, pm_result_state_t state,
    const pm_oid_t *commit)
{
    pm_result_t  *result;

    result = &outcome->result;

    outcome->doubtful = 0;
    result->state = state;
    result->error.code = 0;
    result->error.name = NULL;
    result->error.subject[0] = '\0';
    result->error.message[0] = '\0';
    pm_oid_hex(result->commit, commit);
}


void
pm_outcome_negative(pm_outcome_t *outcome, const pm_error_t *error)
{
    outcome->result.state = outcome->doubtful ? PM_RESULT_UNKNOWN
                                              : PM_RESULT_FAILED;
    outcome->result.error = *error;
}


void
pm_outcomes_negative(pm_outcome_t *outcomes, size_t n, const pm_error_t *error)
{
    size_t  i;

    for (i = 0; i < n; i++) {
        if (pm_outcome_is_open(&outcomes[i])) {
            pm_outcome_negative(&outcomes[i], error);
        }
    }
}


void
pm_outcomes_fail(pm_outcome_t *outcomes, size_t n, const pm_error_t *error)
{
    size_t  i;

    for (i = 0; i < n; i++) {
        if (outcomes[i].result.state == PM_RESULT_NONE) {
            pm_outcome_negative(&outcomes[i], error);
        }
    }
}


pm_batch_state_t
pm_outcomes_state(const pm_outcome_t *outcomes, size_t n)
{
    size_t            i;
    pm_batch_state_t  state;

    state = PM_BATCH_SETTLED;

    for (i = 0; i < n; i++) {

        switch (outcomes[i].result.state) {

        case PM_RESULT_COMMITTED:
            return PM_BATCH_COMMITTED;

        case PM_RESULT_UNKNOWN:
            state = PM_BATCH_UNKNOWN;
            break;

        case PM_RESULT_NONE:
            if (state == PM_BATCH_SETTLED) {
                state = PM_BATCH_MOVED;
            }
            break;

        default:
            break;
        }
    }

    return state;
}
