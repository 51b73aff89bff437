/*
 * The first step: what of a task can be asked of its provider at all, and in
 * which words.
 */

#include "forge/pm_forge_step.h"
#include "forge/pm_forge_text.h"

#include <string.h>


/* Labels and reviewers that the provider does not take. */

static void
pm_forge_step_lists(pm_forge_call_t *call)
{
    int                         cut;
    size_t                      i;
    const char                 *name;
    const pm_forge_task_t      *task;
    const pm_forge_provider_t  *provider;

    task = call->job.task;
    provider = task->repository->forge->provider;

    if ((task->nlabels > 0 && !provider->labels)
        || (task->nreviewers > 0 && !provider->reviewers))
    {
        pm_forge_note(call, pm_arena_printf(call->job.arena, "%s%s%s are "
                            "ignored by %s",
                            task->nlabels > 0 ? "labels" : "",
                            task->nlabels > 0 && task->nreviewers > 0
                            ? " and " : "",
                            task->nreviewers > 0 ? "reviewers" : "",
                            provider->name));
    }

    for (i = 0; i < task->nlabels && provider->commas; i++) {

        if (strchr(task->labels[i], ',') != NULL) {
            name = pm_forge_cut(call->job.arena, task->labels[i],
                                PM_FORGE_NAME, &cut);

            pm_forge_note(call, pm_arena_printf(call->job.arena, "label "
                                "\"%s\" was not set: %s has none with a "
                                "comma", name ? name : "", provider->name));
            return;
        }
    }
}


static void
pm_forge_step_texts(pm_forge_call_t *call)
{
    int                         cut;
    const char                 *title, *body;
    pm_forge_job_t             *job;
    const pm_forge_task_t      *task;
    const pm_forge_provider_t  *provider;

    job = &call->job;
    task = job->task;
    provider = task->repository->forge->provider;

    title = task->title;

    if (task->draft && provider->draft != NULL) {
        title = pm_arena_printf(job->arena, "%s%s", provider->draft, title);
    }

    cut = 0;
    job->title = title ? pm_forge_cut(job->arena, title, provider->title,
                                      &cut)
                       : NULL;

    if (cut) {
        pm_forge_note(call, pm_arena_printf(job->arena, "the title was cut "
                            "to the %zu characters that %s takes",
                            provider->title, provider->name));
    }

    body = task->body ? task->body : "";

    if (provider->commands) {
        body = pm_forge_no_commands(job->arena, body);
    }

    cut = 0;
    job->body = body ? pm_forge_cut(job->arena, body, provider->text, &cut)
                     : NULL;

    if (cut) {
        pm_forge_note(call, pm_arena_printf(job->arena, "the description was "
                            "cut to the %zu characters that %s takes",
                            provider->text, provider->name));
    }
}


/* JSON is UTF-8: what is not could never be sent. */

static int
pm_forge_text_sound(const char *text)
{
    return text != NULL && pm_utf8_valid(text, strlen(text)) == strlen(text);
}


static int
pm_forge_task_sound(const pm_forge_task_t *task)
{
    size_t  i;

    if (!pm_forge_text_sound(task->head) || !pm_forge_text_sound(task->base)
        || !pm_forge_text_sound(task->title)
        || !pm_forge_text_sound(task->body ? task->body : ""))
    {
        return 0;
    }

    for (i = 0; i < task->nlabels; i++) {
        if (!pm_forge_text_sound(task->labels[i])) {
            return 0;
        }
    }

    for (i = 0; i < task->nreviewers; i++) {
        if (!pm_forge_text_sound(task->reviewers[i])) {
            return 0;
        }
    }

    return 1;
}


static int
pm_forge_token_sound(const char *token)
{
    if (token == NULL || token[0] == '\0') {
        return 0;
    }

    for ( ; *token != '\0'; token++) {
        if ((unsigned char) *token <= 0x20 || (unsigned char) *token >= 0x7f) {
            return 0;
        }
    }

    return 1;
}


void
pm_forge_step_start(pm_forge_call_t *call)
{
    const pm_forge_task_t        *task;
    const pm_forge_repository_t  *repository;

    task = call->job.task;
    repository = task->repository;

    if (!pm_forge_token_sound(task->token)) {
        (void) pm_error_set(&call->result->error, PM_REMOTE, "no line of "
                            "promotions_credentials with a token matches "
                            "%.300s: pull requests on %s need one",
                            repository->login, repository->forge->host);
        pm_forge_step_failed(call);
        return;
    }

    if (task->action == PM_FORGE_LOOK) {
        call->step = PM_FORGE_STEP_LOOK;
        return;
    }

    if (!pm_forge_task_sound(task)) {
        (void) pm_error_set(&call->result->error, PM_INVALID, "a pull request "
                            "needs a head, a base and a title, and all of it "
                            "is UTF-8");
        pm_forge_step_failed(call);
        return;
    }

    pm_forge_step_texts(call);
    pm_forge_step_lists(call);

    call->job.reviewers = json_array();

    if (call->job.title == NULL || call->job.body == NULL
        || call->job.reviewers == NULL)
    {
        pm_forge_step_memory(call);
        return;
    }

    if (repository->forge->provider->user != NULL && task->nreviewers > 0) {
        call->step = PM_FORGE_STEP_USER;
        return;
    }

    pm_forge_step_find(call, PM_FORGE_FIND_OPEN);
}
