/*
 * A provider's answers: whatever it says, a task comes to its end after few
 * requests, and no token comes to light.  The first byte names the provider,
 * the second one what is wanted; then one answer a line, in the order in which
 * they are asked for: three digits, a letter for its headers, JSON.
 */

#include "forge/pm_forge_call.h"
#include "forge/pm_forge_text.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>


#define FUZZ_TOKEN    "s3cret-t0ken"
#define FUZZ_ANSWERS  64


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static const char *const  fuzz_types[] = {
    "github", "gitlab", "gitea", "bitbucket", "bitbucket_server", "azure"
};

static const char *const  fuzz_names[] = { "ann", "bob" };


static void
fuzz_check(int true_one)
{
    if (!true_one) {
        abort();
    }
}


static void
fuzz_hidden(const char *text)
{
    fuzz_check(text == NULL || strstr(text, FUZZ_TOKEN) == NULL);
}


static void
fuzz_repository(pm_arena_t *arena, const char *type, pm_forge_host_t *host,
    pm_forge_repository_t *repository)
{
    pm_error_t      err;
    pm_forge_url_t  url;

    url.scheme = "https";
    url.host = "forge.example.com";
    url.port = 0;
    url.path = strcmp(type, "bitbucket_server") == 0 ? "/scm/acme/apps.git"
               : strcmp(type, "azure") == 0 ? "/acme/shop/_git/apps"
               : "/acme/apps.git";

    fuzz_check(pm_forge_host_set(arena, url.host, type,
                                 "https://api.example.com", host, &err) == 0);
    fuzz_check(pm_forge_locate(arena, host, 1, &url, repository, &err) == 0);
}


static void
fuzz_task(pm_forge_task_t *task, uint8_t wanted)
{
    memset(task, 0, sizeof(pm_forge_task_t));

    task->action = (wanted & 1) ? PM_FORGE_LOOK : PM_FORGE_PUBLISH;
    task->number = 7;
    task->user = "bot";
    task->token = FUZZ_TOKEN;
    task->head = "promote/qa";
    task->base = "main";
    task->commit = "0123456789abcdef0123456789abcdef01234567";
    task->title = "Title";
    task->body = "Body";
    task->again = (wanted & 2) != 0;
    task->draft = (wanted & 4) != 0;
    task->labels = fuzz_names;
    task->nlabels = (wanted & 8) ? 2 : 0;
    task->reviewers = fuzz_names;
    task->nreviewers = (wanted & 8) ? 2 : 0;
}


/* The next answer, of the line that *data begins with. */

static void
fuzz_answer(const char **data, const char *end, pm_forge_answer_t *answer)
{
    size_t       i;
    const char  *p, *line;

    memset(answer, 0, sizeof(pm_forge_answer_t));

    p = *data;
    line = memchr(p, '\n', (size_t) (end - p));
    line = line ? line : end;
    *data = (line < end) ? line + 1 : end;

    for (i = 0; i < 3 && p < line; i++, p++) {
        answer->status = answer->status * 10 + (*p - '0') % 10;
    }

    if (p < line) {
        switch (*p++) {

        case 'r':
            strcpy(answer->retry_after, "17");
            break;

        case 'd':
            strcpy(answer->retry_after, "Tue, 14 Nov 2023 22:14:20 GMT");
            break;

        case 'l':
            strcpy(answer->limit_remaining, "0");
            strcpy(answer->limit_reset, "1700000100");
            break;

        default:
            break;
        }
    }

    answer->json = json_loadb(p, (size_t) (line - p), 0, NULL);
}


static void
fuzz_result(const pm_forge_call_t *call)
{
    size_t                    i;
    const pm_forge_result_t  *result;

    result = call->result;

    fuzz_hidden(result->error.message);
    fuzz_hidden(result->url);
    fuzz_hidden(result->head_commit);
    fuzz_hidden(result->merge_commit);

    for (i = 0; i < result->nnotes; i++) {
        fuzz_hidden(result->notes[i]);
    }

    fuzz_check(result->after <= 3600);

    if (result->outcome == PM_FORGE_DONE) {
        fuzz_check(result->number > 0);
        fuzz_check(result->state != PM_FORGE_UNSTATED);

    } else {
        fuzz_check(result->error.code != 0);
        fuzz_check(result->error.message[0] != '\0');
    }

    if (call->job.task->action == PM_FORGE_LOOK) {
        fuzz_check(!result->opened && !result->updated);
    }
}


static void
fuzz_run(pm_arena_t *arena, const pm_forge_task_t *task, const char *data,
    const char *end)
{
    unsigned             n, opened;
    pm_forge_run_t       run;
    pm_forge_call_t      call;
    pm_forge_answer_t    answer;
    pm_forge_result_t    result;
    pm_forge_settings_t  settings;
    pm_error_t           err;

    memset(&run, 0, sizeof(pm_forge_run_t));
    memset(&call, 0, sizeof(pm_forge_call_t));
    memset(&result, 0, sizeof(pm_forge_result_t));
    memset(&settings, 0, sizeof(pm_forge_settings_t));

    settings.now = 1700000000;

    run.arena = arena;
    run.settings = &settings;
    run.started = pm_forge_clock();

    /* of its own: what one input was told must not hold up the next */
    fuzz_check(pm_forge_limits_create(&run.limits, &err) == 0);

    call.run = &run;
    call.result = &result;
    call.job.arena = arena;
    call.job.task = task;

    opened = 0;

    for (n = 0; pm_forge_step_next(&call); n++) {

        fuzz_check(n < FUZZ_ANSWERS);
        fuzz_check(call.request.path.data[0] == '/');

        /* what opens is sent again only after a clear refusal */

        opened += (call.step == PM_FORGE_STEP_OPEN);
        fuzz_check(opened <= 3);

        pm_buffer_free(&call.request.path);
        json_decref(call.request.body);
        call.request.body = NULL;

        fuzz_answer(&data, end, &answer);
        pm_forge_step_answer(&call, &answer);
        json_decref(answer.json);
    }

    pm_buffer_free(&call.request.path);
    json_decref(call.request.body);

    fuzz_result(&call);
    pm_forge_step_end(&call);
    pm_forge_limits_destroy(run.limits);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    pm_arena_t             *arena;
    pm_forge_host_t         host;
    pm_forge_task_t         task;
    pm_forge_repository_t   repository;

    if (size < 2) {
        return 0;
    }

    arena = pm_arena_create();

    fuzz_repository(arena, fuzz_types[data[0] % 6], &host, &repository);
    fuzz_task(&task, data[1]);
    task.repository = &repository;

    fuzz_run(arena, &task, (const char *) data + 2,
             (const char *) data + size);

    pm_arena_destroy(arena);

    return 0;
}
