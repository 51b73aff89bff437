/*
 * Gitea and Forgejo.  Source: their Swagger description (/api/v1), and the
 * page "Webhooks" of their documentation.
 */

#include "forge/pm_forge_hook.h"
#include "forge/pm_forge_locate.h"
#include "forge/pm_forge_text.h"

#include <stdlib.h>
#include <string.h>


static int
pm_forge_gitea_authorize(const pm_forge_task_t *task, pm_buffer_t *line)
{
    return pm_forge_authorize_token(line, "Accept: application/json\n"
                                    "Authorization: token ", task->token);
}


static void
pm_forge_gitea_path(const pm_forge_job_t *job, const char *method,
    pm_forge_request_t *request)
{
    request->method = method;
    pm_forge_path(&request->path, job, "/repos/", "/", "/pulls");
}


/*
 * By base and head: one pull request, whatever its state, and the server does
 * not say which where there were several.  So a closed one proves nothing: to
 * open then either works, or the server names the open one.
 */

static void
pm_forge_gitea_find(const pm_forge_job_t *job, pm_forge_find_t how,
    unsigned page, pm_forge_request_t *request)
{
    pm_buffer_t  *path;

    path = &request->path;

    pm_forge_gitea_path(job, "GET", request);

    if (how == PM_FORGE_FIND_OPEN) {
        pm_buffer_putc(path, '/');
        pm_forge_encode(path, job->task->base);
        pm_buffer_putc(path, '/');
        pm_forge_encode(path, job->task->head);
        return;
    }

    pm_forge_query(path, "state",
                   how == PM_FORGE_FIND_MERGED ? "closed" : "open");
    pm_forge_query(path, "sort", "recentupdate");
    pm_buffer_printf(path, "&limit=30&page=%u", page + 1);
}


static unsigned
pm_forge_gitea_pages(pm_forge_find_t how)
{
    return (how == PM_FORGE_FIND_HARD) ? 10
           : (how == PM_FORGE_FIND_MERGED) ? 2 : 1;
}


static void
pm_forge_gitea_open(const pm_forge_job_t *job, pm_forge_request_t *request)
{
    pm_forge_gitea_path(job, "POST", request);

    request->body = json_pack("{ss ss ss ss}",
                              "head", job->task->head,
                              "base", job->task->base,
                              "title", job->title,
                              "body", job->body);
}


static void
pm_forge_gitea_look(const pm_forge_job_t *job, int64_t number,
    pm_forge_request_t *request)
{
    pm_forge_gitea_path(job, "GET", request);
    pm_buffer_printf(&request->path, "/%lld", (long long) number);
}


static void
pm_forge_gitea_update(const pm_forge_job_t *job, const pm_forge_pull_t *pull,
    pm_forge_request_t *request)
{
    pm_forge_gitea_look(job, pull->number, request);

    request->method = "PATCH";
    request->body = json_pack("{ss ss}", "title", job->title,
                              "body", job->body);
}


static void
pm_forge_gitea_read(const pm_forge_repository_t *repository, json_t *json,
    pm_forge_pull_t *pull, pm_arena_t *arena)
{
    const char  *head, *state;

    pull->number = pm_forge_json_number(json, "number");
    pull->url = pm_forge_json_url(json, "html_url");
    pull->title = pm_forge_json_string(json, "title");
    pull->body = pm_forge_json_string(json, "body");
    pull->base = pm_forge_json_branch(json, "base.ref");
    pull->head_commit = pm_forge_json_commit(json, "head.sha");
    pull->changed = pm_forge_json_time(json, "updated_at");

    /* where the branch is gone, only the label has its name */

    head = pm_forge_json_string(json, "head.ref");

    if (head != NULL && strncmp(head, "refs/pull/", 10) == 0) {
        pull->head = pm_forge_json_branch(json, "head.label");

    } else {
        pull->head = pm_forge_json_branch(json, "head.ref");
    }

    pull->foreign = pm_forge_json(json, "head.repo_id") != NULL
                    && !pm_forge_json_equal(json, "head.repo_id",
                                            "base.repo_id");

    state = pm_forge_json_string(json, "state");

    if (json_is_true(pm_forge_json(json, "merged"))) {
        pull->state = PM_FORGE_MERGED;
        pull->merge_commit = pm_forge_json_commit(json, "merge_commit_sha");

    } else if (state != NULL && strcmp(state, "open") == 0) {
        pull->state = PM_FORGE_OPEN;

    } else if (state != NULL && strcmp(state, "closed") == 0) {
        pull->state = PM_FORGE_CLOSED;
    }
}


/* "pull request already exists for these targets [id: 5, issue_id: 12, …]":
 * the id there is the pull request's number. */

static pm_forge_fault_t
pm_forge_gitea_fault(const pm_forge_answer_t *answer, const char *words,
    pm_forge_fault_t common, int64_t *number)
{
    const char  *id;

    if (answer->status == 409
        && strcasestr(words, "already exists") != NULL)
    {
        id = strstr(words, "issue_id: ");

        if (id != NULL && id[10] >= '1' && id[10] <= '9') {
            *number = strtoll(id + 10, NULL, 10);
        }

        return PM_FORGE_DUPLICATE;
    }

    if (answer->status == 422
        && strcasestr(words, "no changes between") != NULL)
    {
        return PM_FORGE_NOTHING;
    }

    return common;
}


static int
pm_forge_gitea_hook_check(const pm_forge_hook_t *hook, const char *secret)
{
    if (pm_forge_hook_hmac(hook, "X-Gitea-Signature", "", secret) == 0) {
        return 0;
    }

    return pm_forge_hook_hmac(hook, "X-Forgejo-Signature", "", secret);
}


static int
pm_forge_gitea_hook(pm_arena_t *arena, const pm_forge_hook_t *hook,
    json_t *json, pm_forge_event_t *event, pm_error_t *err)
{
    if (!pm_forge_hook_is(hook, "X-Gitea-Event", "pull_request")
        && !pm_forge_hook_is(hook, "X-Forgejo-Event", "pull_request"))
    {
        return 0;
    }

    return pm_forge_hook_pull(arena, hook, json, "pull_request",
                              pm_forge_gitea_read, event, err);
}


const pm_forge_provider_t  pm_forge_gitea = {
    .name = "gitea",
    .suffix = "/api/v1",
    .title = 255,
    .text = 65536,
    .draft = "WIP: ",
    .single = 1,
    .locate = pm_forge_locate_two,
    .authorize = pm_forge_gitea_authorize,
    .find = pm_forge_gitea_find,
    .pages = pm_forge_gitea_pages,
    .list = "",
    .open = pm_forge_gitea_open,
    .update = pm_forge_gitea_update,
    .look = pm_forge_gitea_look,
    .read = pm_forge_gitea_read,
    .fault = pm_forge_gitea_fault,
    .hook = pm_forge_gitea_hook,
    .hook_check = pm_forge_gitea_hook_check
};
