/*
 * batch.h: what the tests of batches and previews share, on top of the git
 * room's repositories: promotions between folders of bare repositories that
 * git itself made.
 */

#ifndef PM_TEST_BATCH_H
#define PM_TEST_BATCH_H


#include "../git/repository.h"

#include "promotion/pm_batch.h"


#define TEST_NOW  1700000000


/* Runs a command for its effect. */

__attribute__((unused))
static void
test_do(test_t *t, const char *command)
{
    free(test_run(t, "%s", command));
}


/* What a command prints must be this. */

__attribute__((unused))
static void
test_prints(test_t *t, const char *command, const char *expected)
{
    char  *text;

    text = test_run(t, "%s", command);

    if (strcmp(text, expected) != 0) {
        fail_msg("%s\nprints:   %s\nexpected: %s", command, text, expected);
    }

    free(text);
}


__attribute__((unused))
static void
test_location(test_t *t, pm_location_t *location, const char *repository,
    const char *branch, const char *path)
{
    const char  *url;

    url = pm_arena_printf(t->arena, "%s/%s", t->folder, repository);
    test_ok(t, pm_git_url_parse(t->arena, url, &location->url, &t->err));

    location->branch = branch;
    location->path = path;
}


/* From one folder of main of remote.git to another; number: of its id. */

__attribute__((unused))
static pm_promotion_t
test_promotion(test_t *t, unsigned number, const char *from, const char *to)
{
    pm_promotion_t  promotion;

    memset(&promotion, 0, sizeof(pm_promotion_t));

    promotion.id = pm_arena_printf(t->arena, "01890a5d-ac96-774b-bcce-%012u",
                                   number);
    promotion.source.runtime = "codefresh";
    promotion.source.namespace = "orders";
    promotion.source.name = from;
    promotion.destination = promotion.source;
    promotion.destination.name = to;
    promotion.message = pm_arena_printf(t->arena, "promote %s to %s", from,
                                        to);
    promotion.author_name = "A U Thor";
    promotion.author_email = "author@example.com";
    promotion.key_name = "ci";

    promotion.nparts = 1;
    promotion.parts = pm_arena_zalloc(t->arena, 2 * sizeof(pm_part_t));
    assert_non_null(promotion.parts);

    test_location(t, &promotion.parts[0].source, "remote.git", "main", from);
    test_location(t, &promotion.parts[0].destination, "remote.git", "main",
                  to);

    return promotion;
}


__attribute__((unused))
static pm_batch_settings_t
test_settings(test_t *t)
{
    pm_batch_settings_t  settings;

    memset(&settings, 0, sizeof(pm_batch_settings_t));

    settings.git = t->git;
    settings.committer_name = "promotions";
    settings.committer_email = "promotions@localhost";
    settings.now = TEST_NOW;

    return settings;
}


__attribute__((unused))
static pm_batch_t *
test_batch(test_t *t, const pm_promotion_t *promotions, size_t n)
{
    pm_batch_t           *batch;
    pm_batch_settings_t   settings;

    settings = test_settings(t);
    test_ok(t, pm_batch_create(&settings, promotions, n, &batch, &t->err));

    return batch;
}


/* The promotions' second try, by another worker. */

__attribute__((unused))
static pm_batch_t *
test_takeover(test_t *t, const pm_promotion_t *promotions, size_t n,
    const pm_oid_t *base)
{
    pm_batch_t           *batch;
    pm_batch_settings_t   settings;

    settings = test_settings(t);
    settings.searching = 1;
    settings.base = base;
    test_ok(t, pm_batch_create(&settings, promotions, n, &batch, &t->err));

    return batch;
}


static const char *const  test_states[] = {
    "settled", "ready", "moved", "again", "unknown"
};


__attribute__((unused))
static void
test_state(pm_batch_t *batch, pm_batch_state_t state,
    pm_batch_state_t expected)
{
    if (state != expected) {
        fail_msg("%s in place of %s: %s", test_states[state],
                 test_states[expected],
                 pm_batch_result(batch, 0)->error.message);
    }
}


__attribute__((unused))
static void
test_plans(pm_batch_t *batch, pm_batch_state_t expected)
{
    test_state(batch, pm_batch_plan(batch), expected);
}


__attribute__((unused))
static void
test_pushes(pm_batch_t *batch, pm_batch_state_t expected)
{
    test_state(batch, pm_batch_push(batch), expected);
}


/* Plans and pushes once. */

__attribute__((unused))
static void
test_lands(pm_batch_t *batch)
{
    test_plans(batch, PM_BATCH_READY);
    test_pushes(batch, PM_BATCH_SETTLED);
}


/* Promotion i failed with this. */

__attribute__((unused))
static void
test_failed(pm_batch_t *batch, size_t i, pm_code_t code, const char *message)
{
    const pm_result_t  *result;

    result = pm_batch_result(batch, i);

    if (result->state != PM_RESULT_FAILED || result->error.code != code
        || strstr(result->error.message, message) == NULL)
    {
        fail_msg("promotion %zu: state %d, code %d: %s", i, result->state,
                 result->error.code, result->error.message);
    }
}


/* Promotion i is on the branch as commit revision. */

__attribute__((unused))
static void
test_landed(test_t *t, pm_batch_t *batch, size_t i, const char *revision)
{
    char               *text;
    const pm_result_t  *result;

    result = pm_batch_result(batch, i);

    if (result->state != PM_RESULT_LANDED) {
        fail_msg("promotion %zu: state %d: %s", i, result->state,
                 result->error.message);
    }

    text = test_run(t, "git -C remote.git rev-parse '%s'", revision);
    assert_string_equal(result->commit, text);
    free(text);
}


/* Runs a batch to its end, on a branch that nobody else moves. */

__attribute__((unused))
static void
test_runs(pm_batch_t *batch)
{
    pm_batch_state_t  state;

    do {
        state = pm_batch_plan(batch);

        if (state == PM_BATCH_READY) {
            state = pm_batch_push(batch);
        }

        if (state != PM_BATCH_AGAIN && state != PM_BATCH_SETTLED) {
            fail_msg("%s", test_states[state]);
        }

    } while (state != PM_BATCH_SETTLED);
}


/* The repository is sound, and the folder "to" of its main is what the folder
 * "from" is. */

__attribute__((unused))
static void
test_equal(test_t *t, const char *from, const char *to)
{
    free(test_run(t, "git -C remote.git fsck --strict --no-dangling 2>&1"));
    free(test_run(t, "test \"$(git -C remote.git rev-parse 'main:%s')\" = "
                     "\"$(git -C remote.git rev-parse 'main:%s')\"", from,
                  to));
}


/* A hook of remote.git. */

__attribute__((unused))
static void
test_hook(test_t *t, const char *name, const char *script)
{
    free(test_run(t, "printf '#!/bin/sh\\n%%s\\n' '%s' "
                     "> remote.git/hooks/%s && "
                     "chmod 755 remote.git/hooks/%s", script, name, name));
}


__attribute__((unused))
static void
test_no_hook(test_t *t, const char *name)
{
    free(test_run(t, "rm remote.git/hooks/%s", name));
}


/* Another process: nothing that was open is. */

__attribute__((unused))
static void
test_restart(test_t *t)
{
    pm_git_destroy(t->git);
    test_ok(t, pm_git_create(&t->settings, &t->git, &t->err));
}


/* Takes one object out of the mirrors, which had it in a pack. */

__attribute__((unused))
static void
test_lose(test_t *t, const char *revision)
{
    free(test_run(t,
        "o=$(git -C remote.git rev-parse '%s') && "
        "for m in mirrors/*/*.git; do "
        "mv $m/objects/pack . && mkdir $m/objects/pack && "
        "for p in pack/*.pack; do git -C $m unpack-objects -q < $p; done; "
        "rm -rf pack; "
        "rm -f $m/objects/$(echo $o | cut -c1-2)/$(echo $o | cut -c3-); "
        "done", revision));

    test_restart(t);
}


#endif /* PM_TEST_BATCH_H */
