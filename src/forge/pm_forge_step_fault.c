#include "forge/pm_forge_step.h"
#include "forge/pm_forge_text.h"

#include <string.h>


#define PM_FORGE_AFTER  60       /* s, a limit that does not say how long */
#define PM_FORGE_WORDS  300      /* characters of the provider's in a note */


/* "HOST answered HTTP 422 for OWNER/NAME: its words", in result->error */

static void
pm_forge_step_error(pm_forge_call_t *call, const pm_forge_answer_t *answer,
    pm_forge_fault_t fault, const char *words)
{
    pm_code_t                     code;
    const char                   *colon;
    pm_error_t                   *err;
    const pm_forge_repository_t  *repository;

    err = &call->result->error;
    repository = call->job.task->repository;
    colon = words[0] ? ": " : "";
    code = (fault == PM_FORGE_NOTHING) ? PM_NO_CHANGES : PM_REMOTE;

    if (answer->status == 401 || answer->status == 203) {
        (void) pm_error_set(err, code, "authentication failed for %s (HTTP "
                            "%ld for %.200s/%.200s)%s%.500s",
                            repository->forge->host, answer->status,
                            repository->owner, repository->name, colon,
                            words);
        return;
    }

    if (answer->status >= 300 && answer->status < 400) {
        (void) pm_error_set(err, code, "%s redirects (HTTP %ld) for "
                            "%.200s/%.200s: the repository was moved or "
                            "renamed, and a token is not sent elsewhere; "
                            "correct its URL%s%.300s",
                            repository->forge->host, answer->status,
                            repository->owner, repository->name, colon,
                            words);
        return;
    }

    (void) pm_error_set(err, code, "%s answered HTTP %ld%s for "
                        "%.200s/%.200s%s%.500s",
                        repository->forge->host, answer->status,
                        fault == PM_FORGE_LIMIT ? " (too many requests)"
                        : fault == PM_FORGE_MISSING
                        ? " (not found, or not for this token)" : "",
                        repository->owner, repository->name, colon, words);
}


/* An open that was refused may have been made, and merged, by an earlier try
 * whose answer was lost: then there is nothing between, or no head branch. */

static void
pm_forge_step_refused(pm_forge_call_t *call, const pm_forge_answer_t *answer,
    pm_forge_fault_t fault, const char *words)
{
    int  cut;

    if (call->step == PM_FORGE_STEP_EXTRA) {
        words = pm_forge_cut(call->job.arena, words, PM_FORGE_WORDS, &cut);

        pm_forge_note(call, pm_arena_printf(call->job.arena,
                            "%s were not set: HTTP %ld%s%s", call->what,
                            answer->status, words && words[0] ? ": " : "",
                            words ? words : ""));
        call->extra++;
        return;
    }

    if (call->step == PM_FORGE_STEP_USER) {
        pm_forge_step_user(call, NULL);
        pm_forge_step_user_next(call);
        return;
    }

    if (call->step == PM_FORGE_STEP_OPEN && !call->searched
        && (fault == PM_FORGE_NOTHING || answer->status == 422
            || answer->status == 400 || answer->status == 409))
    {
        call->refusal = call->result->error;
        pm_forge_step_find(call, PM_FORGE_FIND_MERGED);
        return;
    }

    /* what cannot be updated may have been merged or closed meanwhile */

    if (call->step == PM_FORGE_STEP_UPDATE && call->rounds == 0
        && (answer->status == 400 || answer->status == 409
            || answer->status == 422))
    {
        pm_forge_step_again(call, PM_FORGE_FIND_OPEN);
        return;
    }

    /* refused where it was looked for: what is known is why it was not
     * opened */

    if (call->step == PM_FORGE_STEP_MERGED && call->refusal.code != PM_OK) {
        call->result->error = call->refusal;
    }

    pm_forge_step_failed(call);
}


static void
pm_forge_step_fault(pm_forge_call_t *call, const pm_forge_answer_t *answer,
    pm_forge_fault_t fault, const char *words, int64_t number)
{
    unsigned                    after;
    const pm_forge_provider_t  *provider;

    provider = call->job.task->repository->forge->provider;

    switch (fault) {

    case PM_FORGE_DUPLICATE:
        if (call->step != PM_FORGE_STEP_OPEN) {
            break;
        }

        if (number > 0 && call->rounds == 0) {
            call->rounds++;
            call->pull.number = number;
            call->step = PM_FORGE_STEP_READ;
            return;
        }

        pm_forge_step_again(call, PM_FORGE_FIND_HARD);
        return;

    case PM_FORGE_STALE:
        pm_forge_step_again(call, PM_FORGE_FIND_OPEN);
        return;

    case PM_FORGE_MISSING:
        if (provider->single && call->step == PM_FORGE_STEP_FIND
            && call->how == PM_FORGE_FIND_OPEN)
        {
            pm_forge_step_none(call);
            return;
        }

        if (call->step == PM_FORGE_STEP_READ) {
            pm_forge_step_again(call, PM_FORGE_FIND_HARD);
            return;
        }

        break;

    case PM_FORGE_LIMIT:
        after = pm_forge_after(answer, call->run->settings->now
                               + (pm_forge_clock() - call->run->started)
                                 / 1000);
        after = after ? after : PM_FORGE_AFTER;

        pm_forge_limits_set(call->run->limits, call->job.task, after);
        pm_forge_step_later(call, after);
        return;

    case PM_FORGE_BAD_DAY:
        after = pm_forge_after(answer, call->run->settings->now
                               + (pm_forge_clock() - call->run->started)
                                 / 1000);
        pm_forge_step_later(call, after);
        return;

    default:
        break;
    }

    pm_forge_step_refused(call, answer, fault, words);
}


void
pm_forge_step_answer(pm_forge_call_t *call, const pm_forge_answer_t *answer)
{
    int64_t                     number;
    const char                 *text;
    pm_buffer_t                 words;
    pm_forge_fault_t            fault;
    const pm_forge_provider_t  *provider;

    provider = call->job.task->repository->forge->provider;
    fault = pm_forge_common_fault(answer->status);

    if (fault == PM_FORGE_FINE) {
        pm_forge_step_fine(call, answer->json);
        return;
    }

    memset(&words, 0, sizeof(pm_buffer_t));
    number = 0;

    pm_forge_words(answer->json, &words);
    text = pm_buffer_string(&words);

    if (text != NULL) {
        pm_forge_redact_login(words.data, call->job.task);
    }

    text = text ? text : "";
    fault = provider->fault(answer, text, fault, &number);

    pm_forge_step_error(call, answer, fault, text);
    pm_forge_step_fault(call, answer, fault, text, number);

    pm_buffer_free(&words);
}
