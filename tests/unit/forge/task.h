/*
 * task.h: a provider at the test's server, and a task for it.
 */

#ifndef TASK_H
#define TASK_H


#include "forge/pm_forge.h"

#include <curl/curl.h>


#define TOKEN   "s3cret-t0ken-of-this-test"
#define COMMIT  "0123456789abcdef0123456789abcdef01234567"
#define NOW     1700000000


typedef struct {
    pm_arena_t             *arena;
    pm_forge_host_t         host;
    pm_forge_repository_t   repository;
    pm_forge_settings_t     settings;
    pm_forge_task_t         task;
    pm_forge_result_t       result;
} job_t;


static const char *
path_of(const char *type)
{
    return strcmp(type, "bitbucket_server") == 0 ? "/scm/acme/apps.git"
           : strcmp(type, "azure") == 0 ? "/acme/shop/_git/apps"
           : "/acme/apps.git";
}


static void
job_start(job_t *job, server_t *server, const char *type)
{
    char            host[32], api[64];
    pm_error_t      err;
    pm_forge_url_t  url;

    memset(job, 0, sizeof(job_t));
    job->arena = pm_arena_create();

    (void) snprintf(host, sizeof(host), "127.0.0.1:%d", server->port);
    (void) snprintf(api, sizeof(api), "http://127.0.0.1:%d", server->port);

    url.scheme = "http";
    url.host = "127.0.0.1";
    url.port = (unsigned) server->port;
    url.path = path_of(type);

    if (pm_forge_host_set(job->arena, host, type, api, &job->host, &err) != 0
        || pm_forge_locate(job->arena, &job->host, 1, &url, &job->repository,
                           &err)
           != 0)
    {
        fail_msg("%s: %s", type, err.message);
    }

    job->settings.timeout = 10000;
    job->settings.idle_timeout = 5000;
    job->settings.now = NOW;

    job->task.repository = &job->repository;
    job->task.user = "bot";
    job->task.token = TOKEN;
    job->task.head = "promote/qa";
    job->task.base = "main";
    job->task.commit = COMMIT;
    job->task.title = "Promote to QA";
    job->task.body = "Body & all";
}


static void
job_run(job_t *job)
{
    size_t  i;

    pm_forge_run(job->arena, &job->settings, &job->task, &job->result, 1);

    /* wherever a token could come to light */

    assert_null(strstr(job->result.error.message, TOKEN));

    for (i = 0; i < job->result.nnotes; i++) {
        assert_null(strstr(job->result.notes[i], TOKEN));
    }

    if (job->result.url != NULL) {
        assert_null(strstr(job->result.url, TOKEN));
    }

    if (job->result.outcome == PM_FORGE_DONE) {
        assert_int_equal(job->result.error.code, 0);
        assert_true(job->result.number > 0);

    } else {
        assert_true(job->result.error.code != 0);
        assert_true(job->result.error.message[0] != '\0');
    }
}


static void
job_end(job_t *job)
{
    pm_arena_destroy(job->arena);
}


#endif /* TASK_H */
