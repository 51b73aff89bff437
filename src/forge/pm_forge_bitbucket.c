/*
 * Bitbucket Cloud.  Source: Atlassian's REST description 2.0 (pullrequests),
 * its page "Event payloads" and "Manage webhooks".
 */

#include "forge/pm_forge_hook.h"
#include "forge/pm_forge_locate.h"
#include "forge/pm_forge_text.h"

#include <string.h>


/*
 * An access token is a bearer's.  An account's API token goes with the
 * account's address, by which it is known.
 */

static int
pm_forge_bitbucket_authorize(const pm_forge_task_t *task, pm_buffer_t *line)
{
    pm_buffer_puts(line, "Accept: application/json\n");

    if (task->user == NULL || strchr(task->user, '@') == NULL) {
        return pm_forge_authorize_token(line, "Authorization: Bearer ",
                                        task->token);
    }

    return pm_forge_authorize_basic(line, task->user, task->token);
}


static void
pm_forge_bitbucket_path(const pm_forge_job_t *job, const char *method,
    pm_forge_request_t *request)
{
    request->method = method;
    pm_forge_path(&request->path, job, "/repositories/", "/",
                  "/pullrequests");
}


static void
pm_forge_bitbucket_quote(pm_buffer_t *query, const char *field,
    const char *value)
{
    pm_buffer_puts(query, field);
    pm_buffer_puts(query, "=\"");

    for ( ; *value != '\0'; value++) {
        if (*value == '"' || *value == '\\') {
            pm_buffer_putc(query, '\\');
        }

        pm_buffer_putc(query, *value);
    }

    pm_buffer_putc(query, '"');
}


static void
pm_forge_bitbucket_find(const pm_forge_job_t *job, pm_forge_find_t how,
    unsigned page, pm_forge_request_t *request)
{
    const char   *text;
    pm_buffer_t  *path, query;

    path = &request->path;
    memset(&query, 0, sizeof(pm_buffer_t));

    pm_forge_bitbucket_path(job, "GET", request);

    pm_forge_bitbucket_quote(&query, "source.branch.name", job->task->head);
    pm_forge_bitbucket_quote(&query, " AND destination.branch.name",
                             job->task->base);
    pm_forge_bitbucket_quote(&query, " AND state",
                             how == PM_FORGE_FIND_MERGED ? "MERGED" : "OPEN");

    text = pm_buffer_string(&query);
    pm_forge_query(path, "q", text ? text : "");
    path->failed |= query.failed;
    pm_buffer_free(&query);

    if (how == PM_FORGE_FIND_MERGED) {
        pm_forge_query(path, "sort", "-updated_on");
    }

    pm_buffer_printf(path, "&pagelen=20&page=%u", page + 1);
}


static unsigned
pm_forge_bitbucket_pages(pm_forge_find_t how)
{
    return 2;
}


static void
pm_forge_bitbucket_open(const pm_forge_job_t *job,
    pm_forge_request_t *request)
{
    pm_forge_bitbucket_path(job, "POST", request);

    request->body = json_pack("{ss ss s{s{ss}} s{s{ss}}}",
                              "title", job->title,
                              "description", job->body,
                              "source", "branch", "name", job->task->head,
                              "destination", "branch", "name",
                              job->task->base);

    if (job->task->draft) {
        (void) json_object_set_new(request->body, "draft", json_true());
    }
}


static void
pm_forge_bitbucket_look(const pm_forge_job_t *job, int64_t number,
    pm_forge_request_t *request)
{
    pm_forge_bitbucket_path(job, "GET", request);
    pm_buffer_printf(&request->path, "/%lld", (long long) number);
}


/* What is left out of reviewers is taken away: they are sent back. */

static void
pm_forge_bitbucket_update(const pm_forge_job_t *job,
    const pm_forge_pull_t *pull, pm_forge_request_t *request)
{
    size_t       i;
    json_t      *list;
    const char  *uuid;

    pm_forge_bitbucket_look(job, pull->number, request);

    request->method = "PUT";
    request->body = json_pack("{ss ss}", "title", job->title,
                              "description", job->body);

    if (!json_is_array(pull->reviewers)) {
        return;
    }

    list = json_array();

    for (i = 0; i < json_array_size(pull->reviewers); i++) {
        uuid = pm_forge_json_string(json_array_get(pull->reviewers, i),
                                    "uuid");
        if (uuid != NULL) {
            (void) json_array_append_new(list, json_pack("{ss}", "uuid",
                                                         uuid));
        }
    }

    (void) json_object_set_new(request->body, "reviewers", list);
}


static void
pm_forge_bitbucket_read(const pm_forge_repository_t *repository, json_t *json,
    pm_forge_pull_t *pull, pm_arena_t *arena)
{
    json_t      *source;
    const char  *state;

    pull->number = pm_forge_json_number(json, "id");
    pull->url = pm_forge_json_url(json, "links.html.href");
    pull->title = pm_forge_json_string(json, "title");
    pull->body = pm_forge_json_string(json, "description");
    pull->head = pm_forge_json_branch(json, "source.branch.name");
    pull->base = pm_forge_json_branch(json, "destination.branch.name");
    pull->head_commit = pm_forge_json_commit(json, "source.commit.hash");
    pull->changed = pm_forge_json_time(json, "updated_on");
    pull->reviewers = json_object_get(json, "reviewers");

    /* null: a fork that was deleted */

    source = pm_forge_json(json, "source.repository");
    pull->foreign = json_is_null(source)
                    || (json_is_object(source)
                        && !pm_forge_json_equal(json,
                                         "source.repository.full_name",
                                         "destination.repository.full_name"));

    state = pm_forge_json_string(json, "state");

    if (state == NULL) {
        return;
    }

    if (strcmp(state, "OPEN") == 0) {
        pull->state = PM_FORGE_OPEN;

    } else if (strcmp(state, "MERGED") == 0) {
        pull->state = PM_FORGE_MERGED;
        pull->merge_commit = pm_forge_json_commit(json, "merge_commit.hash");

    } else if (strcmp(state, "DECLINED") == 0
               || strcmp(state, "SUPERSEDED") == 0)
    {
        pull->state = PM_FORGE_CLOSED;
    }
}


/* It is said to update the open one where there is one; should it ever
 * refuse, its words say so. */

static pm_forge_fault_t
pm_forge_bitbucket_fault(const pm_forge_answer_t *answer, const char *words,
    pm_forge_fault_t common, int64_t *number)
{
    if (answer->status != 400 && answer->status != 409) {
        return common;
    }

    if (strcasestr(words, "no changes to be pulled") != NULL) {
        return PM_FORGE_NOTHING;
    }

    if (strcasestr(words, "pull request") != NULL
        && strcasestr(words, "already exists") != NULL)
    {
        return PM_FORGE_DUPLICATE;
    }

    return common;
}


static int
pm_forge_bitbucket_hook(pm_arena_t *arena, const pm_forge_hook_t *hook,
    json_t *json, pm_forge_event_t *event, pm_error_t *err)
{
    pm_string_t  key;

    if (hook->header(hook->data, "X-Event-Key", &key) != 0
        || key.len < 12 || strncmp(key.data, "pullrequest:", 12) != 0)
    {
        return 0;
    }

    return pm_forge_hook_pull(arena, hook, json, "pullrequest",
                              pm_forge_bitbucket_read, event, err);
}


const pm_forge_provider_t  pm_forge_bitbucket = {
    .name = "bitbucket",
    .suffix = NULL,
    .title = 255,
    .text = 32768,
    .reread = 1,
    .locate = pm_forge_locate_two,
    .authorize = pm_forge_bitbucket_authorize,
    .find = pm_forge_bitbucket_find,
    .pages = pm_forge_bitbucket_pages,
    .list = "values",
    .open = pm_forge_bitbucket_open,
    .update = pm_forge_bitbucket_update,
    .look = pm_forge_bitbucket_look,
    .read = pm_forge_bitbucket_read,
    .fault = pm_forge_bitbucket_fault,
    .hook = pm_forge_bitbucket_hook,
    .hook_check = pm_forge_hook_check_hub
};
