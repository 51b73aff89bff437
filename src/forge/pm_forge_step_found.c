#include "forge/pm_forge_step.h"
#include "forge/pm_forge_text.h"

#include <string.h>
#include <strings.h>


#define PM_FORGE_PAGE  20        /* a page with less is the last one */


/* The one that was found: read whole where a list shows too little. */

static void
pm_forge_step_found(pm_forge_call_t *call)
{
    pm_forge_step_tell(call);

    call->step =
        call->job.task->repository->forge->provider->reread
        && call->step != PM_FORGE_STEP_READ
        ? PM_FORGE_STEP_READ : PM_FORGE_STEP_UPDATE;
}


static int
pm_forge_step_matches(pm_forge_call_t *call, json_t *json)
{
    const pm_forge_pull_t  *pull;
    const pm_forge_task_t  *task;

    task = call->job.task;
    pull = &call->pull;

    if (!json_is_object(json)) {
        return 0;
    }

    pm_forge_step_keep(call, json);

    if (pull->number == 0 || pull->foreign || pull->head == NULL
        || pull->base == NULL || strcmp(pull->head, task->head) != 0
        || strcmp(pull->base, task->base) != 0)
    {
        return 0;
    }

    if (call->how != PM_FORGE_FIND_MERGED) {
        return pull->state == PM_FORGE_OPEN;
    }

    /* Bitbucket Cloud shortens the names of commits */

    return pull->state == PM_FORGE_MERGED && pull->head_commit != NULL
           && task->commit != NULL
           && strncasecmp(pull->head_commit, task->commit,
                          strlen(pull->head_commit))
              == 0;
}


void
pm_forge_step_none(pm_forge_call_t *call)
{
    if (call->step == PM_FORGE_STEP_MERGED
        && call->refusal.code != PM_OK)
    {
        call->result->error = call->refusal;
        pm_forge_step_failed(call);
        return;
    }

    if (call->job.task->again && !call->searched) {
        pm_forge_step_find(call, PM_FORGE_FIND_MERGED);
        return;
    }

    call->step = PM_FORGE_STEP_OPEN;
}


static int
pm_forge_step_list(pm_forge_call_t *call, json_t *json)
{
    size_t                      i, n;
    json_t                     *list;
    const pm_forge_provider_t  *provider;

    provider = call->job.task->repository->forge->provider;

    list = provider->list[0] ? json_object_get(json, provider->list) : json;
    n = json_array_size(list);

    if (provider->single && call->how == PM_FORGE_FIND_OPEN
        && json_is_object(json))
    {
        return pm_forge_step_matches(call, json) ? 1 : 0;
    }

    if (!json_is_array(list)) {
        return -1;
    }

    for (i = 0; i < n; i++) {
        if (pm_forge_step_matches(call, json_array_get(list, i))) {
            return 1;
        }
    }

    if (n >= PM_FORGE_PAGE && call->page + 1 < provider->pages(call->how)) {
        call->page++;
        return 2;
    }

    return 0;
}


static void
pm_forge_step_unreadable(pm_forge_call_t *call)
{
    (void) pm_error_set(&call->result->error, PM_REMOTE, "%s sent an answer "
                        "that cannot be read",
                        call->job.task->repository->forge->host);
    pm_forge_step_later(call, 0);
}


void
pm_forge_step_user(pm_forge_call_t *call, json_t *json)
{
    int          cut;
    size_t       i;
    json_t      *user;
    const char  *name, *given;

    name = call->job.task->reviewers[call->user];

    for (i = 0; i < json_array_size(json); i++) {
        user = json_array_get(json, i);
        given = pm_forge_json_string(user, "username");

        if (given != NULL && strcasecmp(given, name) == 0
            && pm_forge_json_number(user, "id") != 0)
        {
            (void) json_array_append(call->job.reviewers,
                                     json_object_get(user, "id"));
            return;
        }
    }

    name = pm_forge_cut(call->job.arena, name, PM_FORGE_NAME, &cut);

    call->unknown = pm_arena_printf(call->job.arena, "%s%s%s",
                                    call->unknown ? call->unknown : "",
                                    call->unknown ? ", " : "",
                                    name ? name : "");
}


void
pm_forge_step_user_next(pm_forge_call_t *call)
{
    if (++call->user < call->job.task->nreviewers) {
        return;
    }

    if (call->unknown != NULL) {
        pm_forge_note(call, pm_arena_printf(call->job.arena, "%s knows no "
                            "user %s: not asked to review",
                            call->job.task->repository->forge->provider->name,
                            call->unknown));
    }

    pm_forge_step_find(call, PM_FORGE_FIND_OPEN);
}


/* An answer with a pull request in it: of look, read, open and update. */

static void
pm_forge_step_one(pm_forge_call_t *call, json_t *json)
{
    pm_forge_step_t  step;

    step = call->step;

    if (json_is_object(json)) {
        pm_forge_step_keep(call, json);
    }

    if (!json_is_object(json) || call->pull.number == 0
        || call->pull.state == PM_FORGE_UNSTATED)
    {
        pm_forge_step_unreadable(call);
        return;
    }

    if (step == PM_FORGE_STEP_LOOK) {
        pm_forge_step_tell(call);
        pm_forge_step_done(call);
        return;
    }

    /* merged or closed between two steps */

    if (call->pull.state != PM_FORGE_OPEN) {
        call->how = PM_FORGE_FIND_MERGED;

        if (pm_forge_step_matches(call, json)) {
            pm_forge_step_tell(call);
            pm_forge_step_done(call);
            return;
        }

        pm_forge_step_again(call, PM_FORGE_FIND_OPEN);
        return;
    }

    if (step == PM_FORGE_STEP_READ) {
        call->how = PM_FORGE_FIND_OPEN;

        if (pm_forge_step_matches(call, json)) {
            pm_forge_step_found(call);
            return;
        }

        pm_forge_step_again(call, PM_FORGE_FIND_HARD);
        return;
    }

    pm_forge_step_tell(call);

    call->result->opened |= (step == PM_FORGE_STEP_OPEN);
    call->result->updated |= (step == PM_FORGE_STEP_UPDATE);
    call->step = PM_FORGE_STEP_EXTRA;
}


void
pm_forge_step_fine(pm_forge_call_t *call, json_t *json)
{
    int  rc;

    switch (call->step) {

    case PM_FORGE_STEP_USER:
        pm_forge_step_user(call, json);
        pm_forge_step_user_next(call);
        return;

    case PM_FORGE_STEP_FIND:
    case PM_FORGE_STEP_MERGED:
        rc = pm_forge_step_list(call, json);

        if (rc < 0) {
            pm_forge_step_unreadable(call);

        } else if (rc == 0) {
            pm_forge_step_none(call);

        } else if (rc == 1 && call->step == PM_FORGE_STEP_MERGED) {
            pm_forge_step_tell(call);
            pm_forge_step_done(call);

        } else if (rc == 1) {
            pm_forge_step_found(call);
        }

        return;

    case PM_FORGE_STEP_EXTRA:
        call->extra++;
        return;

    default:
        pm_forge_step_one(call, json);
    }
}
