/*
 * GitHub, and GitHub Enterprise below /api/v3.  Source: GitHub's REST API
 * description, version 2022-11-28 (pulls, issues), its pages "Rate limits for
 * the REST API" and "Webhook events and payloads".
 */

#include "forge/pm_forge_hook.h"
#include "forge/pm_forge_locate.h"
#include "forge/pm_forge_text.h"

#include <string.h>


static int
pm_forge_github_authorize(const pm_forge_task_t *task, pm_buffer_t *line)
{
    return pm_forge_authorize_token(line,
                                    "Accept: application/vnd.github+json\n"
                                    "X-GitHub-Api-Version: 2022-11-28\n"
                                    "Authorization: Bearer ", task->token);
}


static void
pm_forge_github_path(const pm_forge_job_t *job, const char *method,
    const char *part, pm_forge_request_t *request)
{
    request->method = method;
    pm_forge_path(&request->path, job, "/repos/", "/", part);
}


/*
 * The head filter takes OWNER:BRANCH.  Where it has not shown what GitHub
 * says is there, the newest open ones into the base are looked through.
 */

static void
pm_forge_github_find(const pm_forge_job_t *job, pm_forge_find_t how,
    unsigned page, pm_forge_request_t *request)
{
    pm_buffer_t  *path, head;

    path = &request->path;

    pm_forge_github_path(job, "GET", "/pulls", request);

    pm_forge_query(path, "state",
                   how == PM_FORGE_FIND_MERGED ? "closed" : "open");
    pm_forge_query(path, "base", job->task->base);

    if (how != PM_FORGE_FIND_HARD) {
        memset(&head, 0, sizeof(pm_buffer_t));
        pm_buffer_printf(&head, "%s:%s", job->task->repository->owner,
                         job->task->head);
        pm_forge_query(path, "head",
                       pm_buffer_string(&head) ? head.data : "");
        path->failed |= head.failed;
        pm_buffer_free(&head);
    }

    pm_buffer_printf(path, "&sort=created&direction=desc&per_page=20&page=%u",
                     page + 1);
}


static unsigned
pm_forge_github_pages(pm_forge_find_t how)
{
    return (how == PM_FORGE_FIND_HARD) ? 5 : 1;
}


static void
pm_forge_github_open(const pm_forge_job_t *job, pm_forge_request_t *request)
{
    pm_forge_github_path(job, "POST", "/pulls", request);

    request->body = json_pack("{ss ss ss ss sb}",
                              "title", job->title,
                              "head", job->task->head,
                              "base", job->task->base,
                              "body", job->body,
                              "draft", (int) job->task->draft);
}


static void
pm_forge_github_look(const pm_forge_job_t *job, int64_t number,
    pm_forge_request_t *request)
{
    pm_forge_github_path(job, "GET", "", request);
    pm_buffer_printf(&request->path, "/pulls/%lld", (long long) number);
}


static void
pm_forge_github_update(const pm_forge_job_t *job, const pm_forge_pull_t *pull,
    pm_forge_request_t *request)
{
    pm_forge_github_look(job, pull->number, request);

    request->method = "PATCH";
    request->body = json_pack("{ss ss}", "title", job->title,
                              "body", job->body);
}


static json_t *
pm_forge_github_names(const char *key, const char *const *names, size_t n)
{
    size_t   i;
    json_t  *list;

    list = json_array();

    for (i = 0; i < n; i++) {
        (void) json_array_append_new(list, json_string(names[i]));
    }

    return json_pack("{so}", key, list);
}


static int
pm_forge_github_extra(const pm_forge_job_t *job, int64_t number, unsigned n,
    pm_forge_request_t *request, const char **what)
{
    const pm_forge_task_t  *task;

    task = job->task;

    if (n > 1) {
        return -1;
    }

    if ((n == 0 ? task->nlabels : task->nreviewers) == 0) {
        return 0;
    }

    pm_forge_github_path(job, "POST", "", request);

    if (n == 0) {
        *what = "labels";
        pm_buffer_printf(&request->path, "/issues/%lld/labels",
                         (long long) number);
        request->body = pm_forge_github_names("labels", task->labels,
                                              task->nlabels);
        return 1;
    }

    *what = "reviewers";
    pm_buffer_printf(&request->path, "/pulls/%lld/requested_reviewers",
                     (long long) number);
    request->body = pm_forge_github_names("reviewers", task->reviewers,
                                          task->nreviewers);
    return 1;
}


static void
pm_forge_github_read(const pm_forge_repository_t *repository, json_t *json,
    pm_forge_pull_t *pull, pm_arena_t *arena)
{
    json_t      *head;
    const char  *state;

    pull->number = pm_forge_json_number(json, "number");
    pull->url = pm_forge_json_url(json, "html_url");
    pull->title = pm_forge_json_string(json, "title");
    pull->body = pm_forge_json_string(json, "body");
    pull->head = pm_forge_json_branch(json, "head.ref");
    pull->base = pm_forge_json_branch(json, "base.ref");
    pull->head_commit = pm_forge_json_commit(json, "head.sha");
    pull->changed = pm_forge_json_time(json, "updated_at");

    /* null: a fork that was deleted */

    head = pm_forge_json(json, "head.repo");
    pull->foreign = json_is_null(head)
                    || (json_is_object(head)
                        && !pm_forge_json_equal(json, "head.repo.id",
                                                "base.repo.id"));

    state = pm_forge_json_string(json, "state");

    if (state == NULL) {
        return;
    }

    if (strcmp(state, "open") == 0) {
        pull->state = PM_FORGE_OPEN;

    } else if (json_is_true(pm_forge_json(json, "merged"))
               || json_is_string(pm_forge_json(json, "merged_at")))
    {
        pull->state = PM_FORGE_MERGED;
        pull->merge_commit = pm_forge_json_commit(json, "merge_commit_sha");

    } else if (strcmp(state, "closed") == 0) {
        pull->state = PM_FORGE_CLOSED;
    }
}


/* Limits are told with 429, and with 403 too. */

static pm_forge_fault_t
pm_forge_github_fault(const pm_forge_answer_t *answer, const char *words,
    pm_forge_fault_t common, int64_t *number)
{
    if (answer->status == 403
        && (answer->retry_after[0] != '\0'
            || strcmp(answer->limit_remaining, "0") == 0
            || strcasestr(words, "rate limit") != NULL
            || strcasestr(words, "abuse detection") != NULL))
    {
        return PM_FORGE_LIMIT;
    }

    if (answer->status != 422) {
        return common;
    }

    if (strcasestr(words, "pull request already exists") != NULL) {
        return PM_FORGE_DUPLICATE;
    }

    if (strcasestr(words, "no commits between") != NULL) {
        return PM_FORGE_NOTHING;
    }

    return common;
}


static int
pm_forge_github_hook_check(const pm_forge_hook_t *hook, const char *secret)
{
    return pm_forge_hook_hmac(hook, "X-Hub-Signature-256", "sha256=", secret);
}


static int
pm_forge_github_hook(pm_arena_t *arena, const pm_forge_hook_t *hook,
    json_t *json, pm_forge_event_t *event, pm_error_t *err)
{
    if (!pm_forge_hook_is(hook, "X-GitHub-Event", "pull_request")) {
        return 0;
    }

    return pm_forge_hook_pull(arena, hook, json, "pull_request",
                              pm_forge_github_read, event, err);
}


const pm_forge_provider_t  pm_forge_github = {
    .name = "github",
    .suffix = "/api/v3",
    .title = 256,
    .text = 65536,
    .labels = 1,
    .reviewers = 1,
    .locate = pm_forge_locate_two,
    .authorize = pm_forge_github_authorize,
    .find = pm_forge_github_find,
    .pages = pm_forge_github_pages,
    .list = "",
    .open = pm_forge_github_open,
    .update = pm_forge_github_update,
    .look = pm_forge_github_look,
    .extra = pm_forge_github_extra,
    .read = pm_forge_github_read,
    .fault = pm_forge_github_fault,
    .hook = pm_forge_github_hook,
    .hook_check = pm_forge_github_hook_check
};
