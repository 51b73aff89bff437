#include "promotion/pm_pull_internal.h"
#include "base/pm_failpoint.h"

#include <string.h>


/* The tasks of one run, and the item that each is of. */

typedef struct {
    pm_forge_task_t    *tasks;
    pm_forge_result_t  *results;
    size_t             *items;
    size_t              n;
} pm_pull_run_t;


static int
pm_pull_open_same(const pm_pull_item_t *a, const pm_pull_item_t *b)
{
    return strcmp(a->pull.head, b->pull.head) == 0
           && strcmp(a->pull.base, b->pull.base) == 0;
}


/* The task of item i: of those that share a pull request, the last one says
 * what it is called. */

static size_t
pm_pull_open_task(pm_pull_t *pull, pm_pull_run_t *run, size_t i)
{
    size_t  j;

    for (j = 0; j < run->n; j++) {
        if (pm_pull_open_same(&pull->items[run->items[j]], &pull->items[i])) {
            return j;
        }
    }

    return run->n++;
}


static void
pm_pull_open_add(pm_pull_t *pull, pm_pull_run_t *run, size_t i)
{
    size_t                    j;
    unsigned                  again;
    pm_pull_item_t           *item;
    pm_forge_task_t          *task;
    const pm_pull_request_t  *request;

    item = &pull->items[i];
    request = pull->promotions[i].pull;

    j = pm_pull_open_task(pull, run, i);
    run->items[j] = i;

    task = &run->tasks[j];
    again = task->again;

    memset(task, 0, sizeof(pm_forge_task_t));

    task->action = PM_FORGE_PUBLISH;
    task->repository = &pull->repository;
    task->user = pull->login->user;
    task->token = pull->login->password;
    task->head = item->pull.head;
    task->base = item->pull.base;
    task->commit = pull->outcomes[i].result.commit;
    task->title = request->title;
    task->body = item->pull.body;
    task->labels = request->labels;
    task->nlabels = request->nlabels;
    task->reviewers = request->reviewers;
    task->nreviewers = request->nreviewers;
    task->draft = request->draft;
    task->again = again | item->again;
}


static const char *
pm_pull_open_notes(pm_arena_t *arena, const pm_forge_result_t *result)
{
    size_t       i;
    const char  *text;

    text = NULL;

    for (i = 0; i < result->nnotes; i++) {
        text = (text == NULL) ? result->notes[i]
               : pm_arena_printf(arena, "%s; %s", text, result->notes[i]);
    }

    return text;
}


/* What the provider made of item i. */

static void
pm_pull_open_result(pm_pull_t *pull, size_t i,
    const pm_forge_result_t *answer)
{
    pm_result_t     *result;
    pm_pull_item_t  *item;

    item = &pull->items[i];
    result = &pull->outcomes[i].result;

    item->again = 1;

    if (answer->outcome == PM_FORGE_LATER) {
        result->state = PM_RESULT_PENDING;
        result->error = answer->error;
        item->pull.after = answer->after;
        return;
    }

    if (answer->outcome == PM_FORGE_FAILED) {
        result->state = PM_RESULT_FAILED;

        (void) pm_error_set(&result->error, answer->error.code,
                            "commit %.7s is on %s, but there is no pull "
                            "request: %s", result->commit,
                            item->pull.head, answer->error.message);
        return;
    }

    result->state = PM_RESULT_LANDED;

    item->pull.key = pull->repository.key;
    item->pull.host = pull->repository.forge->host;
    item->pull.number = answer->number;
    item->pull.url = answer->url;
    item->pull.state = pm_forge_state_name(answer->state);
    item->pull.merge_commit = answer->merge_commit;
    item->pull.changed = answer->changed;
    item->pull.notes = pm_pull_open_notes(pull->arena, answer);
}


static int
pm_pull_open_tasks(pm_pull_t *pull, pm_pull_run_t *run)
{
    size_t  i;

    memset(run, 0, sizeof(pm_pull_run_t));

    run->tasks = pm_arena_zalloc(pull->arena,
                                 pull->n * sizeof(pm_forge_task_t));
    run->results = pm_arena_zalloc(pull->arena,
                                   pull->n * sizeof(pm_forge_result_t));
    run->items = pm_arena_alloc(pull->arena, pull->n * sizeof(size_t));

    if (run->tasks == NULL || run->results == NULL || run->items == NULL) {
        return -1;
    }

    for (i = 0; i < pull->n; i++) {
        if (pull->outcomes[i].result.state == PM_RESULT_COMMITTED) {
            pm_pull_open_add(pull, run, i);
        }
    }

    return 0;
}


static void
pm_pull_open_run(pm_pull_t *pull, pm_pull_run_t *run)
{
    size_t                    i, j;
    pm_forge_settings_t       settings;
    const pm_git_settings_t  *git;

    memset(&settings, 0, sizeof(pm_forge_settings_t));

    git = pm_git_settings(pull->settings.git);

    settings.ca_file = git->ca_file;
    settings.timeout = git->timeout;
    settings.idle_timeout = git->idle_timeout;
    settings.now = pull->settings.now;
    settings.limits = pull->settings.limits;

    pm_forge_run(pull->arena, &settings, run->tasks, run->results, run->n);

    pm_failpoint("pull_opened");

    for (i = 0; i < pull->n; i++) {
        for (j = 0; j < run->n; j++) {
            if (pull->outcomes[i].result.state == PM_RESULT_COMMITTED
                && pm_pull_open_same(&pull->items[run->items[j]],
                                     &pull->items[i]))
            {
                pm_pull_open_result(pull, i, &run->results[j]);
            }
        }
    }
}


static pm_batch_state_t
pm_pull_open_end(const pm_pull_t *pull)
{
    pm_batch_state_t  state;

    state = pm_outcomes_state(pull->outcomes, pull->n);

    return (state == PM_BATCH_MOVED) ? PM_BATCH_AGAIN : state;
}


pm_batch_state_t
pm_pull_open(pm_pull_t *pull)
{
    size_t         i;
    pm_error_t     err;
    pm_pull_run_t  run;

    if (pull->unknown.code == 0 && pm_pull_open_tasks(pull, &run) == 0) {
        pm_pull_open_run(pull, &run);
        return pm_pull_open_end(pull);
    }

    /* this node cannot: its settings have changed, or it has no memory */

    err = pull->unknown;

    if (err.code == 0) {
        (void) pm_error_memory(&err);
    }

    for (i = 0; i < pull->n; i++) {
        if (pull->outcomes[i].result.state == PM_RESULT_COMMITTED) {
            pull->outcomes[i].result.state = PM_RESULT_PENDING;
            pull->outcomes[i].result.error = err;
        }
    }

    return pm_pull_open_end(pull);
}
