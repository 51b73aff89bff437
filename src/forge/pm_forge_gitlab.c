/*
 * GitLab.  Source: GitLab's pages "Merge requests API", "Users API", "Rate
 * limits" and "Webhook events".
 */

#include "forge/pm_forge_hook.h"
#include "forge/pm_forge_locate.h"
#include "forge/pm_forge_text.h"

#include <stdlib.h>
#include <string.h>


static int
pm_forge_gitlab_locate(pm_forge_locator_t *locator)
{
    size_t        i;
    const char   *owner;
    pm_buffer_t   path;

    if (locator->n < 2 || locator->segments[0][0] == '~') {
        return pm_forge_locate_invalid(locator,
                                       "its path is not GROUP/…/PROJECT");
    }

    memset(&path, 0, sizeof(pm_buffer_t));

    for (i = 0; i + 1 < locator->n; i++) {

        /* what follows "/-/" is a page of the project, not a name */

        if (strcmp(locator->segments[i], "-") == 0) {
            pm_buffer_free(&path);
            return pm_forge_locate_invalid(locator,
                                           "it is a page, not a project");
        }

        pm_buffer_puts(&path, i ? "/" : "");
        pm_buffer_puts(&path, locator->segments[i]);
    }

    owner = pm_buffer_string(&path);
    locator->repository->owner = owner ? pm_arena_strdup(locator->arena,
                                                         owner) : NULL;
    locator->repository->name = locator->segments[i];
    pm_buffer_free(&path);

    return locator->repository->owner ? 0 : pm_error_memory(locator->err);
}


static int
pm_forge_gitlab_authorize(const pm_forge_task_t *task, pm_buffer_t *line)
{
    return pm_forge_authorize_token(line, "Accept: application/json\n"
                                    "PRIVATE-TOKEN: ", task->token);
}


static void
pm_forge_gitlab_path(const pm_forge_job_t *job, const char *method,
    pm_forge_request_t *request)
{
    request->method = method;
    pm_forge_path(&request->path, job, "/projects/", "%2F",
                  "/merge_requests");
}


static void
pm_forge_gitlab_find(const pm_forge_job_t *job, pm_forge_find_t how,
    unsigned page, pm_forge_request_t *request)
{
    pm_buffer_t  *path;

    path = &request->path;

    pm_forge_gitlab_path(job, "GET", request);

    pm_forge_query(path, "state",
                   how == PM_FORGE_FIND_MERGED ? "merged" : "opened");
    pm_forge_query(path, "source_branch", job->task->head);
    pm_forge_query(path, "target_branch", job->task->base);

    pm_buffer_printf(path, "&per_page=20&page=%u", page + 1);
}


static unsigned
pm_forge_gitlab_pages(pm_forge_find_t how)
{
    return 2;
}


/* "labels" sets and "add_labels" adds; a comma ends a label in both, and no
 * label of GitLab has one: such a one is left out (and noted). */

static void
pm_forge_gitlab_labels(const pm_forge_job_t *job, const char *key,
    json_t *body)
{
    size_t                  i;
    pm_buffer_t             list;
    const pm_forge_task_t  *task;

    task = job->task;

    if (task->nlabels == 0) {
        return;
    }

    memset(&list, 0, sizeof(pm_buffer_t));

    for (i = 0; i < task->nlabels; i++) {
        if (strchr(task->labels[i], ',') == NULL) {
            pm_buffer_puts(&list, list.len ? "," : "");
            pm_buffer_puts(&list, task->labels[i]);
        }
    }

    if (list.len > 0) {
        (void) json_object_set_new(body, key,
                                   json_string(pm_buffer_string(&list)));
    }

    pm_buffer_free(&list);
}


static void
pm_forge_gitlab_open(const pm_forge_job_t *job, pm_forge_request_t *request)
{
    pm_forge_gitlab_path(job, "POST", request);

    request->body = json_pack("{ss ss ss ss}",
                              "source_branch", job->task->head,
                              "target_branch", job->task->base,
                              "title", job->title,
                              "description", job->body);

    pm_forge_gitlab_labels(job, "labels", request->body);

    if (json_array_size(job->reviewers) > 0) {
        (void) json_object_set(request->body, "reviewer_ids", job->reviewers);
    }
}


static void
pm_forge_gitlab_look(const pm_forge_job_t *job, int64_t number,
    pm_forge_request_t *request)
{
    pm_forge_gitlab_path(job, "GET", request);
    pm_buffer_printf(&request->path, "/%lld", (long long) number);
}


/* reviewer_ids replaces: those who are there stay. */

static void
pm_forge_gitlab_update(const pm_forge_job_t *job, const pm_forge_pull_t *pull,
    pm_forge_request_t *request)
{
    size_t   i, j;
    json_t  *ids, *id;

    pm_forge_gitlab_look(job, pull->number, request);

    request->method = "PUT";
    request->body = json_pack("{ss ss}", "title", job->title,
                              "description", job->body);

    pm_forge_gitlab_labels(job, "add_labels", request->body);

    if (json_array_size(job->reviewers) == 0) {
        return;
    }

    ids = json_copy(job->reviewers);

    for (i = 0; i < json_array_size(pull->reviewers); i++) {
        id = json_object_get(json_array_get(pull->reviewers, i), "id");

        for (j = 0; j < json_array_size(ids); j++) {
            if (json_equal(json_array_get(ids, j), id)) {
                break;
            }
        }

        if (j == json_array_size(ids) && json_is_integer(id)) {
            (void) json_array_append(ids, id);
        }
    }

    (void) json_object_set_new(request->body, "reviewer_ids", ids);
}


static void
pm_forge_gitlab_user(const pm_forge_job_t *job, const char *name,
    pm_forge_request_t *request)
{
    request->method = "GET";
    pm_buffer_puts(&request->path, "/users");
    pm_forge_query(&request->path, "username", name);
}


static pm_forge_state_t
pm_forge_gitlab_state(const char *state)
{
    if (state == NULL) {
        return PM_FORGE_UNSTATED;
    }

    /* locked: while it is merged */

    if (strcmp(state, "opened") == 0 || strcmp(state, "locked") == 0) {
        return PM_FORGE_OPEN;
    }

    if (strcmp(state, "merged") == 0) {
        return PM_FORGE_MERGED;
    }

    return (strcmp(state, "closed") == 0) ? PM_FORGE_CLOSED
                                          : PM_FORGE_UNSTATED;
}


static void
pm_forge_gitlab_read(const pm_forge_repository_t *repository, json_t *json,
    pm_forge_pull_t *pull, pm_arena_t *arena)
{
    pull->number = pm_forge_json_number(json, "iid");
    pull->url = pm_forge_json_url(json, "web_url");
    pull->title = pm_forge_json_string(json, "title");
    pull->body = pm_forge_json_string(json, "description");
    pull->head = pm_forge_json_branch(json, "source_branch");
    pull->base = pm_forge_json_branch(json, "target_branch");
    pull->head_commit = pm_forge_json_commit(json, "sha");
    pull->changed = pm_forge_json_time(json, "updated_at");
    pull->reviewers = json_object_get(json, "reviewers");
    pull->state = pm_forge_gitlab_state(pm_forge_json_string(json, "state"));

    pull->foreign = pm_forge_json_number(json, "source_project_id")
                    != pm_forge_json_number(json, "target_project_id");

    if (pull->state != PM_FORGE_MERGED) {
        return;
    }

    pull->merge_commit = pm_forge_json_commit(json, "merge_commit_sha");

    if (pull->merge_commit == NULL) {
        pull->merge_commit = pm_forge_json_commit(json, "squash_commit_sha");
    }

    /* neither: fast-forward */

    if (pull->merge_commit == NULL) {
        pull->merge_commit = pull->head_commit;
    }
}


/* "Another open merge request already exists for this source branch: !12" */

static pm_forge_fault_t
pm_forge_gitlab_fault(const pm_forge_answer_t *answer, const char *words,
    pm_forge_fault_t common, int64_t *number)
{
    const char  *mark;

    if (answer->status != 409
        || strcasestr(words, "merge request already exists") == NULL)
    {
        return common;
    }

    mark = strrchr(words, '!');

    if (mark != NULL && mark[1] >= '1' && mark[1] <= '9') {
        *number = strtoll(mark + 1, NULL, 10);
    }

    return PM_FORGE_DUPLICATE;
}


static int
pm_forge_gitlab_hook_check(const pm_forge_hook_t *hook, const char *secret)
{
    pm_string_t  token;

    if (hook->header(hook->data, "X-Gitlab-Token", &token) != 0) {
        return -1;
    }

    return pm_forge_hook_same(token.data, token.len, secret);
}


static int
pm_forge_gitlab_hook(pm_arena_t *arena, const pm_forge_hook_t *hook,
    json_t *json, pm_forge_event_t *event, pm_error_t *err)
{
    json_t           *request;
    const char       *name;
    pm_forge_pull_t   pull;

    if (!pm_forge_hook_is(hook, "X-Gitlab-Event", "Merge Request Hook")) {
        return 0;
    }

    request = json_object_get(json, "object_attributes");
    name = pm_forge_json_string(json, "project.path_with_namespace");
    memset(&pull, 0, sizeof(pm_forge_pull_t));

    pm_forge_gitlab_read(NULL, request, &pull, arena);

    /* a webhook has the head's commit elsewhere */

    pull.head_commit = pm_forge_json_commit(request, "last_commit.id");

    if (pull.state == PM_FORGE_MERGED && pull.merge_commit == NULL) {
        pull.merge_commit = pull.head_commit;
    }

    return pm_forge_hook_named(arena, hook, name, &pull, event, err);
}


const pm_forge_provider_t  pm_forge_gitlab = {
    .name = "gitlab",
    .suffix = "/api/v4",
    .title = 255,
    .text = 1048576,
    .draft = "Draft: ",
    .commands = 1,
    .labels = 1,
    .commas = 1,
    .reviewers = 1,
    .locate = pm_forge_gitlab_locate,
    .authorize = pm_forge_gitlab_authorize,
    .find = pm_forge_gitlab_find,
    .pages = pm_forge_gitlab_pages,
    .list = "",
    .open = pm_forge_gitlab_open,
    .update = pm_forge_gitlab_update,
    .look = pm_forge_gitlab_look,
    .user = pm_forge_gitlab_user,
    .read = pm_forge_gitlab_read,
    .fault = pm_forge_gitlab_fault,
    .hook = pm_forge_gitlab_hook,
    .hook_check = pm_forge_gitlab_hook_check
};
