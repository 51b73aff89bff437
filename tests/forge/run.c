/*
 * Runs tasks of pull requests as a job does, for tests: a JSON document in,
 * one out.
 *
 *     { "timeout": ms, "idle": ms, "now": seconds, "ca": "FILE",
 *       "hosts": [[HOST, TYPE, API or null], …],
 *       "tasks": [{ "url": "https://…", "user": …, "token": …, "look": 7 |
 *                   "head", "base", "commit", "title", "body", "labels",
 *                   "reviewers", "draft", "again" }, …] }
 *
 *     [{ "outcome": "done" | "later" | "failed", "state", "number", "url",
 *        "head_commit", "merge_commit", "changed", "opened", "updated",
 *        "notes": […], "after", "code", "message" }, …]
 */

#include "forge/pm_forge.h"
#include "git/pm_git_url.h"

#include <curl/curl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>


#define RUN_HOSTS  8


static const char *
run_string(json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}


static const char *const *
run_names(pm_arena_t *arena, json_t *list, size_t *n)
{
    size_t        i;
    const char  **names;

    *n = json_array_size(list);
    names = pm_arena_zalloc(arena, (*n + 1) * sizeof(char *));

    for (i = 0; names != NULL && i < *n; i++) {
        names[i] = json_string_value(json_array_get(list, i));
    }

    return names;
}


static int
run_task(pm_arena_t *arena, json_t *in, const pm_forge_host_t *hosts, size_t n,
    pm_forge_task_t *task, pm_error_t *err)
{
    static const char *const  schemes[] = { "http", "https", "ssh", "file" };

    pm_git_url_t            url;
    pm_forge_url_t          forge;
    pm_forge_repository_t  *repository;

    repository = pm_arena_zalloc(arena, sizeof(pm_forge_repository_t));

    if (repository == NULL
        || pm_git_url_parse(arena, run_string(in, "url"), &url, err) != 0)
    {
        return -1;
    }

    forge.scheme = schemes[url.scheme];
    forge.host = url.host;
    forge.port = url.port;
    forge.path = url.path;

    if (pm_forge_locate(arena, hosts, n, &forge, repository, err) != 0) {
        return -1;
    }

    task->repository = repository;
    task->user = run_string(in, "user");
    task->token = run_string(in, "token");
    task->number = json_integer_value(json_object_get(in, "look"));
    task->action = task->number ? PM_FORGE_LOOK : PM_FORGE_PUBLISH;
    task->head = run_string(in, "head");
    task->base = run_string(in, "base");
    task->commit = run_string(in, "commit");
    task->title = run_string(in, "title");
    task->body = run_string(in, "body");
    task->labels = run_names(arena, json_object_get(in, "labels"),
                             &task->nlabels);
    task->reviewers = run_names(arena, json_object_get(in, "reviewers"),
                                &task->nreviewers);
    task->draft = json_is_true(json_object_get(in, "draft"));
    task->again = json_is_true(json_object_get(in, "again"));

    return 0;
}


static json_t *
run_result(const pm_forge_result_t *result)
{
    static const char *const  outcomes[] = { "done", "later", "failed" };

    size_t   i;
    json_t  *notes;

    notes = json_array();

    for (i = 0; i < result->nnotes; i++) {
        (void) json_array_append_new(notes, json_string(result->notes[i]));
    }

    return json_pack("{ss ss sI ss? ss? ss? sI sb sb so si si ss}",
                     "outcome", outcomes[result->outcome],
                     "state", pm_forge_state_name(result->state),
                     "number", (json_int_t) result->number,
                     "url", result->url,
                     "head_commit", result->head_commit,
                     "merge_commit", result->merge_commit,
                     "changed", (json_int_t) result->changed,
                     "opened", (int) result->opened,
                     "updated", (int) result->updated,
                     "notes", notes,
                     "after", (int) result->after,
                     "code", (int) result->error.code,
                     "message", result->error.message);
}


static int
run(json_t *in, pm_arena_t *arena, pm_error_t *err)
{
    size_t                i, n;
    json_t               *list, *row, *out;
    pm_forge_task_t      *tasks;
    pm_forge_host_t       hosts[RUN_HOSTS];
    pm_forge_result_t    *results;
    pm_forge_settings_t   settings;

    list = json_object_get(in, "hosts");

    for (i = 0; i < json_array_size(list) && i < RUN_HOSTS; i++) {
        row = json_array_get(list, i);

        if (pm_forge_host_set(arena, json_string_value(json_array_get(row, 0)),
                              json_string_value(json_array_get(row, 1)),
                              json_string_value(json_array_get(row, 2)),
                              &hosts[i], err) != 0)
        {
            return -1;
        }
    }

    memset(&settings, 0, sizeof(settings));

    settings.ca_file = run_string(in, "ca");
    settings.timeout = json_integer_value(json_object_get(in, "timeout"));
    settings.idle_timeout = json_integer_value(json_object_get(in, "idle"));
    settings.now = json_integer_value(json_object_get(in, "now"));

    list = json_object_get(in, "tasks");
    n = json_array_size(list);
    tasks = pm_arena_zalloc(arena, n * sizeof(pm_forge_task_t));
    results = pm_arena_zalloc(arena, n * sizeof(pm_forge_result_t));

    if (tasks == NULL || results == NULL) {
        return pm_error_memory(err);
    }

    for (i = 0; i < n; i++) {
        if (run_task(arena, json_array_get(list, i), hosts,
                     json_array_size(json_object_get(in, "hosts")), &tasks[i],
                     err)
            != 0)
        {
            return -1;
        }
    }

    pm_forge_run(arena, &settings, tasks, results, n);

    out = json_array();

    for (i = 0; i < n; i++) {
        (void) json_array_append_new(out, run_result(&results[i]));
    }

    (void) json_dumpf(out, stdout, JSON_COMPACT);
    json_decref(out);

    return 0;
}


int
main(void)
{
    int          rc;
    json_t      *in;
    pm_arena_t  *arena;
    pm_error_t   err;

    in = json_loadf(stdin, 0, NULL);
    arena = pm_arena_create();

    if (in == NULL || arena == NULL
        || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
    {
        fprintf(stderr, "no JSON, or no memory\n");
        return 2;
    }

    rc = run(in, arena, &err);

    if (rc != 0) {
        fprintf(stderr, "%d %s\n", (int) err.code, err.message);
    }

    json_decref(in);
    pm_arena_destroy(arena);
    curl_global_cleanup();

    return rc ? 1 : 0;
}
