/*
 * The steps of a task:
 *
 *     start ─► user … ─► find ─► merged ─► open ─► extra … ─► end
 *                         ▲ │       ▲        │        ▲
 *                         │ ▼       └────────┤        │
 *                         │ read ─► update ──┼────────┘
 *                         └──── duplicate ◄──┘
 */

#include "forge/pm_forge_step.h"
#include "forge/pm_forge_text.h"

#include <string.h>
#include <strings.h>


#define PM_FORGE_ROUNDS  3       /* times that it was found otherwise */
#define PM_FORGE_TOKEN   8       /* shorter ones stand in names by chance */


void
pm_forge_note(pm_forge_call_t *call, const char *text)
{
    pm_forge_result_t  *result;

    result = call->result;

    if (text != NULL && result->nnotes < PM_FORGE_NOTES) {
        result->notes[result->nnotes++] = text;
    }
}


void
pm_forge_step_failed(pm_forge_call_t *call)
{
    call->result->outcome = PM_FORGE_FAILED;
    call->step = PM_FORGE_STEP_END;
}


void
pm_forge_step_later(pm_forge_call_t *call, unsigned after)
{
    call->result->outcome = PM_FORGE_LATER;
    call->result->after = after;
    call->step = PM_FORGE_STEP_END;
}


void
pm_forge_step_memory(pm_forge_call_t *call)
{
    (void) pm_error_memory(&call->result->error);
    pm_forge_step_later(call, 0);
}


static const char *
pm_forge_copy(pm_forge_call_t *call, const char *text)
{
    const char  *token;

    if (text == NULL) {
        return NULL;
    }

    /* a provider that shows a token in its answer shows it to nobody */

    token = call->job.task->token;

    if (strlen(token) >= PM_FORGE_TOKEN && strstr(text, token) != NULL) {
        return NULL;
    }

    return pm_arena_strdup(call->job.arena, text);
}


void
pm_forge_step_tell(pm_forge_call_t *call)
{
    pm_forge_pull_t    *pull;
    pm_forge_result_t  *result;

    pull = &call->pull;
    result = call->result;

    result->number = pull->number;
    result->state = pull->state;
    result->url = pm_forge_copy(call, pull->url);
    result->head_commit = pm_forge_copy(call, pull->head_commit);
    result->merge_commit = pm_forge_copy(call, pull->merge_commit);
    result->changed = pull->changed;
}


void
pm_forge_step_done(pm_forge_call_t *call)
{
    call->result->outcome = PM_FORGE_DONE;
    call->step = PM_FORGE_STEP_END;
}


void
pm_forge_step_keep(pm_forge_call_t *call, json_t *json)
{
    const pm_forge_repository_t  *repository;

    repository = call->job.task->repository;

    json_incref(json);
    json_decref(call->kept);
    call->kept = json;

    memset(&call->pull, 0, sizeof(pm_forge_pull_t));
    repository->forge->provider->read(repository, json, &call->pull,
                                      call->job.arena);
}


void
pm_forge_step_find(pm_forge_call_t *call, pm_forge_find_t how)
{
    call->step = (how == PM_FORGE_FIND_MERGED) ? PM_FORGE_STEP_MERGED
                                               : PM_FORGE_STEP_FIND;
    call->how = how;
    call->page = 0;

    if (how == PM_FORGE_FIND_MERGED) {
        call->searched = 1;
    }
}


void
pm_forge_step_again(pm_forge_call_t *call, pm_forge_find_t how)
{
    const pm_forge_repository_t  *repository;

    repository = call->job.task->repository;

    if (++call->rounds < PM_FORGE_ROUNDS) {
        pm_forge_step_find(call, how);
        return;
    }

    (void) pm_error_set(&call->result->error, PM_REMOTE, "the pull request "
                        "from %.200s into %.200s on %s changes while it is "
                        "updated, or is there and cannot be found",
                        call->job.task->head, call->job.task->base,
                        repository->forge->host);
    pm_forge_step_later(call, 0);
}


/* Whether there is anything to update; 1 where only the provider knows. */

static int
pm_forge_step_differs(const pm_forge_call_t *call)
{
    const char                 *body;
    const pm_forge_task_t      *task;
    const pm_forge_provider_t  *provider;

    task = call->job.task;
    provider = task->repository->forge->provider;
    body = call->pull.body ? call->pull.body : "";

    if (call->pull.title == NULL
        || strcmp(call->pull.title, call->job.title) != 0
        || strcmp(body, call->job.body) != 0)
    {
        return 1;
    }

    /* labels and reviewers that go with the update */

    return provider->extra == NULL
           && ((provider->labels && task->nlabels > 0)
               || (provider->reviewers && task->nreviewers > 0));
}


/*
 * Whether what an earlier try has pushed was replaced since: the pull request
 * says by now what a later promotion wants of it.
 */

static int
pm_forge_step_replaced(const pm_forge_call_t *call)
{
    const char             *head;
    const pm_forge_task_t  *task;

    task = call->job.task;
    head = call->pull.head_commit;

    return task->again && head != NULL && task->commit != NULL
           && strncasecmp(head, task->commit, strlen(head)) != 0;
}


/* 1: call->request is the next extra; 0: there is none any more. */

static int
pm_forge_step_extra(pm_forge_call_t *call)
{
    int                         rc;
    const pm_forge_provider_t  *provider;

    provider = call->job.task->repository->forge->provider;

    for ( ;; ) {
        rc = (provider->extra != NULL)
             ? provider->extra(&call->job, call->result->number, call->extra,
                               &call->request, &call->what)
             : -1;

        if (rc != 0) {
            return rc == 1;
        }

        call->extra++;
    }
}


static void
pm_forge_step_request(pm_forge_call_t *call)
{
    pm_forge_job_t             *job;
    pm_forge_request_t         *request;
    const pm_forge_provider_t  *provider;

    job = &call->job;
    request = &call->request;
    provider = job->task->repository->forge->provider;

    switch (call->step) {

    case PM_FORGE_STEP_USER:
        provider->user(job, job->task->reviewers[call->user], request);
        return;

    case PM_FORGE_STEP_FIND:
    case PM_FORGE_STEP_MERGED:
        provider->find(job, call->how, call->page, request);
        return;

    case PM_FORGE_STEP_OPEN:
        provider->open(job, request);
        return;

    case PM_FORGE_STEP_READ:
        provider->look(job, call->pull.number, request);
        return;

    case PM_FORGE_STEP_UPDATE:
        provider->update(job, &call->pull, request);
        return;

    default:
        provider->look(job, job->task->number, request);
    }
}


/* A host that asked to wait is not asked again before. */

static int
pm_forge_step_limited(pm_forge_call_t *call)
{
    unsigned                after;
    const pm_forge_task_t  *task;

    task = call->job.task;
    after = pm_forge_limits_left(call->run->limits, task);

    if (after == 0) {
        return 0;
    }

    (void) pm_error_set(&call->result->error, PM_REMOTE, "%s asks to wait %u "
                        "s (too many requests)", task->repository->forge->host,
                        after);
    pm_forge_step_later(call, after);

    return 1;
}


int
pm_forge_step_next(pm_forge_call_t *call)
{
    if (call->step == PM_FORGE_STEP_START) {
        pm_forge_step_start(call);
    }

    if (call->step == PM_FORGE_STEP_UPDATE && pm_forge_step_replaced(call)) {
        pm_forge_note(call, "a later commit has replaced this one on the head "
                      "branch: the pull request's title and description are "
                      "of that one");
        pm_forge_step_done(call);
    }

    if (call->step == PM_FORGE_STEP_UPDATE && !pm_forge_step_differs(call)) {
        call->step = PM_FORGE_STEP_EXTRA;
    }

    if (call->step == PM_FORGE_STEP_EXTRA && !pm_forge_step_extra(call)) {
        pm_forge_step_done(call);
    }

    if (call->step == PM_FORGE_STEP_END || pm_forge_step_limited(call)) {
        return 0;
    }

    if (call->step != PM_FORGE_STEP_EXTRA) {
        pm_forge_step_request(call);
    }

    if (call->request.path.failed
        || (call->request.body == NULL
            && strcmp(call->request.method, "GET") != 0))
    {
        pm_forge_step_memory(call);
        return 0;
    }

    return 1;
}


void
pm_forge_step_end(pm_forge_call_t *call)
{
    json_decref(call->kept);
    json_decref(call->job.reviewers);
    call->kept = NULL;
    call->job.reviewers = NULL;
}
