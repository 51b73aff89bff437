#include "forge/pm_forge_call.h"

#include <string.h>


#define PM_FORGE_CONNECTIONS  8


const char *
pm_forge_state_name(pm_forge_state_t state)
{
    static const char *const  names[] = { "", "OPEN", "MERGED", "CLOSED" };

    return names[state];
}


static void
pm_forge_run_close(pm_forge_call_t *call)
{
    pm_forge_http_stop(call);
    pm_forge_step_end(call);

    if (call->easy != NULL) {
        curl_easy_cleanup(call->easy);
        call->easy = NULL;
    }

    pm_buffer_free(&call->received);

    /* what was said on the way is no error of what went well */

    if (call->result->outcome == PM_FORGE_DONE) {
        memset(&call->result->error, 0, sizeof(pm_error_t));
    }
}


/* The next request of a call: 1; 0: it has its result. */

static int
pm_forge_run_next(pm_forge_call_t *call)
{
    if (pm_forge_step_next(call)) {

        if (pm_forge_http_start(call) == 0) {
            return 1;
        }

        (void) pm_error_memory(&call->result->error);
        pm_forge_step_later(call, 0);
    }

    pm_forge_run_close(call);

    return 0;
}


/* A request has ended; 1 if another one was started. */

static int
pm_forge_run_ended(pm_forge_call_t *call, CURLcode result)
{
    pm_forge_answer_t  answer;

    if (result != CURLE_OK) {
        pm_forge_http_error(call, result, &call->result->error);
        pm_forge_http_stop(call);
        pm_forge_step_later(call, 0);
        pm_forge_run_close(call);
        return 0;
    }

    pm_forge_http_answer(call, &answer);
    pm_forge_http_stop(call);
    pm_forge_step_answer(call, &answer);
    json_decref(answer.json);

    return pm_forge_run_next(call);
}


static size_t
pm_forge_run_messages(pm_forge_run_t *run)
{
    int               left;
    size_t            ended;
    CURLMsg          *message;
    CURLcode          result;
    pm_forge_call_t  *call;

    ended = 0;

    while ((message = curl_multi_info_read(run->multi, &left)) != NULL) {

        if (message->msg != CURLMSG_DONE) {
            continue;
        }

        call = NULL;
        result = message->data.result;

        (void) curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE,
                                 (char **) &call);

        if (call != NULL && !pm_forge_run_ended(call, result)) {
            ended++;
        }
    }

    return ended;
}


static void
pm_forge_run_silent(pm_forge_call_t *call)
{
    (void) pm_error_set(&call->result->error, PM_TIMEOUT,
                        "%s did not answer in time",
                        call->job.task->repository->forge->host);

    pm_forge_http_stop(call);
    pm_forge_step_later(call, 0);
    pm_forge_run_close(call);
}


/* Ends what has been silent for too long; *wait: ms until the next one. */

static size_t
pm_forge_run_deadlines(pm_forge_run_t *run, int64_t *wait)
{
    size_t            i, ended;
    int64_t           now, left, whole;
    pm_forge_call_t  *call;

    now = pm_forge_clock();
    whole = run->started + run->settings->timeout - now;
    *wait = (whole < 1000) ? whole : 1000;
    ended = 0;

    for (i = 0; i < run->n; i++) {
        call = &run->calls[i];

        if (!call->running) {
            continue;
        }

        left = call->last + run->settings->idle_timeout - now;
        *wait = (left < *wait) ? left : *wait;

        if (left <= 0 || whole <= 0) {
            pm_forge_run_silent(call);
            ended++;
        }
    }

    *wait = (*wait < 1) ? 1 : *wait;

    return ended;
}


static void
pm_forge_run_loop(pm_forge_run_t *run)
{
    int        n;
    size_t     next, running, most;
    int64_t    wait;
    CURLMcode  code;

    next = 0;
    running = 0;
    most = run->settings->connections ? run->settings->connections
                                      : PM_FORGE_CONNECTIONS;

    (void) curl_multi_setopt(run->multi, CURLMOPT_MAXCONNECTS, (long) most);

    while (next < run->n || running > 0) {

        if (pm_forge_clock() - run->started >= run->settings->timeout) {
            break;
        }

        if (next < run->n && running < most) {
            running += (size_t) pm_forge_run_next(&run->calls[next++]);
            continue;
        }

        code = curl_multi_perform(run->multi, &n);

        if (code != CURLM_OK) {
            break;
        }

        running -= pm_forge_run_messages(run);
        running -= pm_forge_run_deadlines(run, &wait);

        if (running > 0) {
            (void) curl_multi_poll(run->multi, NULL, 0, (int) wait, NULL);
        }
    }
}


void
pm_forge_run(pm_arena_t *arena, const pm_forge_settings_t *settings,
    const pm_forge_task_t *tasks, pm_forge_result_t *results, size_t n)
{
    size_t              i;
    pm_error_t          err;
    pm_forge_run_t      run;
    pm_forge_call_t    *call;
    pm_forge_limits_t  *own;

    if (n == 0) {
        return;
    }

    memset(&run, 0, sizeof(pm_forge_run_t));
    memset(results, 0, n * sizeof(pm_forge_result_t));

    run.arena = arena;
    run.settings = settings;
    run.n = n;
    run.started = pm_forge_clock();
    run.multi = curl_multi_init();
    own = NULL;

    if (settings->limits == NULL) {
        (void) pm_forge_limits_create(&own, &err);
    }

    run.limits = own ? own : settings->limits;
    run.calls = (n < SIZE_MAX / sizeof(pm_forge_call_t))
                ? pm_arena_zalloc(arena, n * sizeof(pm_forge_call_t))
                : NULL;

    if (run.multi == NULL || run.calls == NULL || run.limits == NULL) {
        for (i = 0; i < n; i++) {
            results[i].outcome = PM_FORGE_LATER;
            (void) pm_error_memory(&results[i].error);
        }

        curl_multi_cleanup(run.multi);
        pm_forge_limits_destroy(own);
        return;
    }

    for (i = 0; i < n; i++) {
        call = &run.calls[i];
        call->run = &run;
        call->job.arena = arena;
        call->job.task = &tasks[i];
        call->result = &results[i];
    }

    pm_forge_run_loop(&run);

    /* whatever the time was too short for */

    for (i = 0; i < n; i++) {
        if (run.calls[i].step != PM_FORGE_STEP_END) {
            pm_forge_run_silent(&run.calls[i]);
        }
    }

    curl_multi_cleanup(run.multi);
    pm_forge_limits_destroy(own);
}
