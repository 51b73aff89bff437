/*
 * Bitbucket Data Center (Server).  Source: Atlassian's REST description 1.0
 * (Pull Requests), and its page "Event payload".
 */

#include "forge/pm_forge_hook.h"
#include "forge/pm_forge_locate.h"
#include "forge/pm_forge_text.h"

#include <string.h>


/* …/scm/PROJECT/REPOSITORY over http, PROJECT/REPOSITORY over ssh; a person's
 * own project is ~NAME. */

static int
pm_forge_bitbucket_server_locate(pm_forge_locator_t *locator)
{
    size_t  first;

    first = locator->ssh ? 0 : 1;

    if (locator->n != first + 2
        || (first == 1 && strcmp(locator->segments[0], "scm") != 0))
    {
        return pm_forge_locate_invalid(locator, locator->ssh
                       ? "its path is not PROJECT/REPOSITORY"
                       : "its path is not scm/PROJECT/REPOSITORY; where the "
                         "server has a path of its own, name it with api=");
    }

    locator->repository->owner = locator->segments[first];
    locator->repository->name = locator->segments[first + 1];

    return 0;
}


static int
pm_forge_bitbucket_server_authorize(const pm_forge_task_t *task,
    pm_buffer_t *line)
{
    return pm_forge_authorize_token(line, "Accept: application/json\n"
                                    "Authorization: Bearer ", task->token);
}


static void
pm_forge_bitbucket_server_path(const pm_forge_job_t *job, const char *method,
    pm_forge_request_t *request)
{
    request->method = method;
    pm_forge_path(&request->path, job, "/projects/", "/repos/",
                  "/pull-requests");
}


/* at and direction=OUTGOING: from that branch; newest first. */

static void
pm_forge_bitbucket_server_find(const pm_forge_job_t *job, pm_forge_find_t how,
    unsigned page, pm_forge_request_t *request)
{
    pm_buffer_t  *path;

    path = &request->path;

    pm_forge_bitbucket_server_path(job, "GET", request);

    pm_buffer_puts(path, "?at=refs%2Fheads%2F");
    pm_forge_encode(path, job->task->head);
    pm_buffer_printf(path, "&direction=OUTGOING&state=%s&order=NEWEST"
                     "&limit=25&start=%u",
                     how == PM_FORGE_FIND_MERGED ? "MERGED" : "OPEN",
                     25 * page);
}


static unsigned
pm_forge_bitbucket_server_pages(pm_forge_find_t how)
{
    return 4;
}


static void
pm_forge_bitbucket_server_open(const pm_forge_job_t *job,
    pm_forge_request_t *request)
{
    char                         *head, *base;
    const pm_forge_repository_t  *repository;

    repository = job->task->repository;

    pm_forge_bitbucket_server_path(job, "POST", request);

    head = pm_arena_printf(job->arena, "refs/heads/%s", job->task->head);
    base = pm_arena_printf(job->arena, "refs/heads/%s", job->task->base);

    if (head == NULL || base == NULL) {
        return;
    }

    request->body = json_pack("{ss ss s{ss s{ss s{ss}}} s{ss s{ss s{ss}}}}",
                              "title", job->title,
                              "description", job->body,
                              "fromRef", "id", head,
                              "repository", "slug", repository->name,
                              "project", "key", repository->owner,
                              "toRef", "id", base,
                              "repository", "slug", repository->name,
                              "project", "key", repository->owner);

    if (job->task->draft) {
        (void) json_object_set_new(request->body, "draft", json_true());
    }
}


static void
pm_forge_bitbucket_server_look(const pm_forge_job_t *job, int64_t number,
    pm_forge_request_t *request)
{
    pm_forge_bitbucket_server_path(job, "GET", request);
    pm_buffer_printf(&request->path, "/%lld", (long long) number);
}


/* A version that is not the newest is refused, and reviewers that are left
 * out are taken away: both are sent back. */

static void
pm_forge_bitbucket_server_update(const pm_forge_job_t *job,
    const pm_forge_pull_t *pull, pm_forge_request_t *request)
{
    size_t       i;
    json_t      *list;
    const char  *name;

    pm_forge_bitbucket_server_look(job, pull->number, request);

    list = json_array();

    for (i = 0; i < json_array_size(pull->reviewers); i++) {
        name = pm_forge_json_string(json_array_get(pull->reviewers, i),
                                    "user.name");
        if (name != NULL) {
            (void) json_array_append_new(list, json_pack("{s{ss}}", "user",
                                                         "name", name));
        }
    }

    request->method = "PUT";
    request->body = json_pack("{sI ss ss so}",
                              "version", (json_int_t) pull->version,
                              "title", job->title,
                              "description", job->body,
                              "reviewers", list);
}


static void
pm_forge_bitbucket_server_read(const pm_forge_repository_t *repository,
    json_t *json, pm_forge_pull_t *pull, pm_arena_t *arena)
{
    json_t      *self;
    const char  *state;

    self = json_array_get(pm_forge_json(json, "links.self"), 0);

    pull->number = pm_forge_json_number(json, "id");
    pull->version = pm_forge_json_number(json, "version");
    pull->url = pm_forge_json_url(self, "href");
    pull->title = pm_forge_json_string(json, "title");
    pull->body = pm_forge_json_string(json, "description");
    pull->head = pm_forge_json_branch(json, "fromRef.id");
    pull->base = pm_forge_json_branch(json, "toRef.id");
    pull->head_commit = pm_forge_json_commit(json, "fromRef.latestCommit");
    pull->changed = pm_forge_json_time(json, "updatedDate");
    pull->reviewers = json_object_get(json, "reviewers");

    pull->foreign = pm_forge_json(json, "fromRef.repository.id") != NULL
                    && !pm_forge_json_equal(json, "fromRef.repository.id",
                                            "toRef.repository.id");

    state = pm_forge_json_string(json, "state");

    if (state == NULL) {
        return;
    }

    if (strcmp(state, "OPEN") == 0) {
        pull->state = PM_FORGE_OPEN;

    } else if (strcmp(state, "MERGED") == 0) {
        pull->state = PM_FORGE_MERGED;
        pull->merge_commit = pm_forge_json_commit(json,
                                                  "properties.mergeCommit.id");

    } else if (strcmp(state, "DECLINED") == 0) {
        pull->state = PM_FORGE_CLOSED;
    }
}


static int
pm_forge_bitbucket_server_exception(json_t *error, const char *name)
{
    size_t       len;
    const char  *text;

    text = pm_forge_json_string(error, "exceptionName");
    len = text ? strlen(text) : 0;

    return len >= strlen(name)
           && strcmp(text + len - strlen(name), name) == 0;
}


/* 409 has an exception's name; older servers have it in another package, and
 * the existing pull request in a list. */

static pm_forge_fault_t
pm_forge_bitbucket_server_fault(const pm_forge_answer_t *answer,
    const char *words, pm_forge_fault_t common, int64_t *number)
{
    json_t  *error, *existing;

    if (answer->status != 409) {
        return common;
    }

    error = json_array_get(json_object_get(answer->json, "errors"), 0);

    if (pm_forge_bitbucket_server_exception(error,
                                            "DuplicatePullRequestException"))
    {
        existing = json_object_get(error, "existingPullRequest");

        if (json_is_array(existing)) {
            existing = json_array_get(existing, 0);
        }

        *number = pm_forge_json_number(existing, "id");
        return PM_FORGE_DUPLICATE;
    }

    if (pm_forge_bitbucket_server_exception(error,
                                            "EmptyPullRequestException"))
    {
        return PM_FORGE_NOTHING;
    }

    if (pm_forge_bitbucket_server_exception(error,
                                            "PullRequestOutOfDateException"))
    {
        return PM_FORGE_STALE;
    }

    return common;
}


static int
pm_forge_bitbucket_server_hook(pm_arena_t *arena, const pm_forge_hook_t *hook,
    json_t *json, pm_forge_event_t *event, pm_error_t *err)
{
    json_t                 *request;
    pm_string_t             key;
    pm_forge_pull_t         pull;
    pm_forge_repository_t   repository;

    if (hook->header(hook->data, "X-Event-Key", &key) != 0
        || key.len < 3 || strncmp(key.data, "pr:", 3) != 0)
    {
        return 0;
    }

    request = json_object_get(json, "pullRequest");
    memset(&pull, 0, sizeof(pm_forge_pull_t));
    memset(&repository, 0, sizeof(pm_forge_repository_t));

    pm_forge_bitbucket_server_read(NULL, request, &pull, arena);

    if (key.len == 10 && strncmp(key.data, "pr:deleted", 10) == 0) {
        pull.state = PM_FORGE_CLOSED;
    }

    repository.owner = pm_forge_json_string(request,
                                            "toRef.repository.project.key");
    repository.name = pm_forge_json_string(request, "toRef.repository.slug");

    return pm_forge_hook_event(arena, hook, &repository, &pull, event, err);
}


const pm_forge_provider_t  pm_forge_bitbucket_server = {
    .name = "bitbucket_server",
    .suffix = "/rest/api/1.0",
    .title = 255,
    .text = 32768,
    .locate = pm_forge_bitbucket_server_locate,
    .authorize = pm_forge_bitbucket_server_authorize,
    .find = pm_forge_bitbucket_server_find,
    .pages = pm_forge_bitbucket_server_pages,
    .list = "values",
    .open = pm_forge_bitbucket_server_open,
    .update = pm_forge_bitbucket_server_update,
    .look = pm_forge_bitbucket_server_look,
    .read = pm_forge_bitbucket_server_read,
    .fault = pm_forge_bitbucket_server_fault,
    .hook = pm_forge_bitbucket_server_hook,
    .hook_check = pm_forge_hook_check_hub
};
