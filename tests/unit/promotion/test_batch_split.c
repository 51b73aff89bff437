/*
 * Batches that a hook refuses: what is at fault is found by halves, and its
 * neighbours land (durability.md, 3).
 */

#include "batch.h"


/* Notes each push, and refuses what brings a file below a folder "bad". */

#define TEST_REFUSES                                                          \
    "echo push >> pushes; while read old new ref; do "                        \
    "if git diff --name-only $old $new | grep -q bad/; "                      \
    "then echo bad things here >&2; exit 1; fi; done"


static void
test_start(test_t *t)
{
    test_commit(t, "for i in $(seq 0 63); do mkdir -p dev/$i && "
                "echo $i > dev/$i/f; done");
    test_hook(t, "pre-receive", TEST_REFUSES);
}


/* 1 if the number is one of a list "1 2 3". */

static int
test_listed(const char *list, size_t number)
{
    char        *end;
    const char  *p;

    for (p = list; *p != '\0'; p = end) {
        if (strtoul(p, &end, 10) == number) {
            return 1;
        }
    }

    return 0;
}


/* n promotions, each of its own folder; those that are listed are refused. */

static pm_promotion_t *
test_promotions(test_t *t, unsigned round, size_t n, const char *bad)
{
    size_t           i;
    pm_promotion_t  *promotions;

    promotions = pm_arena_alloc(t->arena, n * sizeof(pm_promotion_t));
    assert_non_null(promotions);

    for (i = 0; i < n; i++) {
        promotions[i] = test_promotion(t, round * 1000 + (unsigned) i,
            pm_arena_printf(t->arena, "dev/%zu", i),
            pm_arena_printf(t->arena, "to/%u/%s%zu", round,
                            test_listed(bad, i) ? "bad/" : "", i));
    }

    return promotions;
}


/* Those that are listed have failed with the hook's words, the others have
 * landed, each once.  Returns the number of pushes. */

static size_t
test_all_but(test_t *t, pm_batch_t *batch, unsigned round, size_t n,
    const char *bad)
{
    char               *text;
    size_t              i, pushes;
    const pm_result_t  *result;

    for (i = 0; i < n; i++) {
        result = pm_batch_result(batch, i);

        if (test_listed(bad, i)) {
            test_failed(batch, i, PM_REMOTE, "remote rejected refs/heads/main:"
                        " pre-receive hook declined: bad things here");
            continue;
        }

        if (result->state != PM_RESULT_LANDED) {
            fail_msg("promotion %zu: %s", i, result->error.message);
        }

        free(test_run(t, "test \"$(git -C remote.git diff-tree --name-only "
                         "--no-commit-id -r %s)\" = to/%u/%zu/f",
                      result->commit, round, i));
    }

    free(test_run(t, "git -C remote.git fsck --strict --no-dangling 2>&1"));
    free(test_run(t, "! git -C remote.git log --format=%%B main | "
                     "grep Promotion-Id | sort | uniq -d | grep ."));

    text = test_run(t, "wc -l < remote.git/pushes && rm remote.git/pushes");
    pushes = strtoul(text, NULL, 10);
    free(text);

    return pushes;
}


static void
test_one_of_many(void **state)
{
    size_t           i, pushes;
    test_t          *t;
    pm_batch_t      *batch;
    pm_promotion_t  *promotions;

    /* wherever it stands: all, 8, 4, 2, 1, itself again, and the rest */

    static const struct {
        const char  *bad;
        size_t       pushes;
    } cases[] = {
        { "0", 6 }, { "5", 7 }, { "8", 6 }, { "15", 6 }
    };

    t = *state;
    test_start(t);

    for (i = 0; i < 4; i++) {
        promotions = test_promotions(t, (unsigned) i, 16, cases[i].bad);
        batch = test_batch(t, promotions, 16);

        test_runs(batch);
        pushes = test_all_but(t, batch, (unsigned) i, 16, cases[i].bad);
        assert_int_equal(pushes, cases[i].pushes);

        pm_batch_destroy(batch);
    }
}


static void
test_several_of_many(void **state)
{
    size_t           i, pushes;
    test_t          *t;
    pm_batch_t      *batch;
    pm_promotion_t  *promotions;

    static const struct {
        size_t       n;
        const char  *bad;
        size_t       limit;
    } cases[] = {
        { 2, "0 1", 10 }, { 3, "1", 12 }, { 8, "0 1 2", 14 },
        { 64, "7 50", 20 }
    };

    t = *state;
    test_start(t);

    for (i = 0; i < 4; i++) {
        promotions = test_promotions(t, (unsigned) i, cases[i].n,
                                     cases[i].bad);
        batch = test_batch(t, promotions, cases[i].n);

        test_runs(batch);
        pushes = test_all_but(t, batch, (unsigned) i, cases[i].n,
                              cases[i].bad);
        assert_in_range(pushes, 2, cases[i].limit);

        pm_batch_destroy(batch);
    }
}


/* A branch that is closed costs no push for each promotion: after
 * 2 log2(64) + 8 of them all have the server's words. */

static void
test_all_of_many(void **state)
{
    size_t           i;
    test_t          *t;
    pm_batch_t      *batch;
    pm_promotion_t  *promotions;

    t = *state;
    test_start(t);
    test_hook(t, "pre-receive", "echo push >> pushes; echo closed >&2; exit 1");

    promotions = test_promotions(t, 1, 64, "");
    batch = test_batch(t, promotions, 64);
    test_runs(batch);

    for (i = 0; i < 64; i++) {
        test_failed(batch, i, PM_REMOTE, "hook declined: closed");
    }

    test_prints(t, "wc -l < remote.git/pushes", "20");
    test_prints(t, "git -C remote.git rev-list --count main", "1");
    pm_batch_destroy(batch);
}


/* Also when pushes land in between. */

static void
test_too_many_of_many(void **state)
{
    char            *text;
    size_t           i, landed;
    test_t          *t;
    pm_batch_t      *batch;
    pm_promotion_t  *promotions;

    t = *state;
    test_start(t);

    promotions = test_promotions(t, 1, 16, "1 3 5 7 9 11 13 15");
    batch = test_batch(t, promotions, 16);
    test_runs(batch);

    for (i = 0, landed = 0; i < 16; i++) {
        if (pm_batch_result(batch, i)->state == PM_RESULT_LANDED) {
            assert_int_equal(i % 2, 0);
            landed++;
            continue;
        }

        test_failed(batch, i, PM_REMOTE, "bad things here");
    }

    assert_in_range(landed, 1, 7);

    text = test_run(t, "git -C remote.git rev-list --count main");
    assert_int_equal(strtoul(text, NULL, 10), 1 + landed);
    free(text);

    test_prints(t, "wc -l < remote.git/pushes", "16");
    pm_batch_destroy(batch);
}


/* What a promotion is planned on is what has landed, not what was refused: a
 * second one of the same changes is no longer without changes. */

static void
test_verdicts_are_provisional(void **state)
{
    test_t          *t;
    pm_batch_t      *batch;
    pm_promotion_t   promotions[3];

    t = *state;
    test_start(t);

    promotions[0] = test_promotion(t, 1, "dev/1", "bad/a");
    promotions[1] = test_promotion(t, 2, "dev/1", "bad/a");
    promotions[2] = test_promotion(t, 3, "bad/a", "good");

    batch = test_batch(t, promotions, 3);
    test_plans(batch, PM_BATCH_READY);
    assert_int_equal(pm_batch_result(batch, 1)->state, PM_RESULT_NONE);
    test_pushes(batch, PM_BATCH_AGAIN);
    test_runs(batch);

    test_failed(batch, 0, PM_REMOTE, "bad things here");
    test_failed(batch, 1, PM_REMOTE, "bad things here");
    test_failed(batch, 2, PM_NOT_FOUND, "bad/a");
    test_prints(t, "git -C remote.git rev-list --count main", "1");
    pm_batch_destroy(batch);

    /* where the first lands the second has none */

    promotions[0] = test_promotion(t, 4, "dev/1", "good");
    promotions[1] = test_promotion(t, 5, "dev/1", "good");
    promotions[2] = test_promotion(t, 6, "good", "better");

    batch = test_batch(t, promotions, 3);
    test_plans(batch, PM_BATCH_READY);
    assert_int_equal(pm_batch_result(batch, 1)->state, PM_RESULT_NONE);
    test_pushes(batch, PM_BATCH_SETTLED);
    test_landed(t, batch, 0, "main~1");
    test_failed(batch, 1, PM_NO_CHANGES, "no changes found");
    test_landed(t, batch, 2, "main");
    pm_batch_destroy(batch);
}


/* The head moves while it is split: what has landed stays, nothing lands
 * twice. */

static void
test_a_moving_head(void **state)
{
    size_t             tries;
    test_t            *t;
    pm_batch_t        *batch;
    pm_promotion_t    *promotions;
    pm_batch_state_t   s;

    t = *state;
    test_start(t);

    promotions = test_promotions(t, 1, 8, "3");
    batch = test_batch(t, promotions, 8);

    for (tries = 0, s = PM_BATCH_AGAIN; s != PM_BATCH_SETTLED; tries++) {
        s = pm_batch_plan(batch);

        if (s == PM_BATCH_READY) {

            if (tries % 2) {
                test_commit(t, "git pull -q --no-rebase origin main && "
                            "date +%N >> theirs");
            }

            s = pm_batch_push(batch);
        }

        assert_true(tries < 30);
    }

    (void) test_all_but(t, batch, 1, 8, "3");
    pm_batch_destroy(batch);
}


/* A push of a half whose answer is lost is found, and the rest goes on. */

static void
test_an_answer_that_is_lost(void **state)
{
    test_t          *t;
    pm_batch_t      *batch;
    pm_promotion_t  *promotions;

    t = *state;
    test_start(t);

    promotions = test_promotions(t, 1, 8, "6");
    batch = test_batch(t, promotions, 8);

    test_plans(batch, PM_BATCH_READY);
    assert_true(pm_batch_sends(batch, 7));
    test_pushes(batch, PM_BATCH_AGAIN);
    test_plans(batch, PM_BATCH_READY);
    assert_true(pm_batch_sends(batch, 3));
    assert_false(pm_batch_sends(batch, 4));

    test_hook(t, "reference-transaction",
              "[ \"$1\" = committed ] || exit 0; "
              "rm hooks/reference-transaction; kill -9 $PPID");

    /* either it is found at once, or by the next plan */

    if (pm_batch_push(batch) == PM_BATCH_UNKNOWN) {
        assert_int_equal(pm_batch_result(batch, 4)->state, PM_RESULT_NONE);
        test_do(t, "sleep 1");
    }

    test_runs(batch);
    (void) test_all_but(t, batch, 1, 8, "6");
    pm_batch_destroy(batch);
}


/* One that is cut on its way is sent again as it was, not in other parts. */

static void
test_a_half_that_is_cut(void **state)
{
    test_t          *t;
    pm_batch_t      *batch;
    pm_promotion_t  *promotions;

    t = *state;
    test_start(t);

    promotions = test_promotions(t, 1, 8, "6");
    batch = test_batch(t, promotions, 8);

    test_plans(batch, PM_BATCH_READY);
    test_pushes(batch, PM_BATCH_AGAIN);
    test_plans(batch, PM_BATCH_READY);

    test_hook(t, "pre-receive", "kill -9 $PPID");
    test_pushes(batch, PM_BATCH_UNKNOWN);
    assert_int_equal(pm_batch_result(batch, 3)->state, PM_RESULT_UNKNOWN);
    assert_int_equal(pm_batch_result(batch, 4)->state, PM_RESULT_NONE);

    test_hook(t, "pre-receive", TEST_REFUSES);
    test_plans(batch, PM_BATCH_READY);
    assert_true(pm_batch_sends(batch, 3));
    assert_false(pm_batch_sends(batch, 4));

    test_pushes(batch, PM_BATCH_AGAIN);
    test_runs(batch);
    (void) test_all_but(t, batch, 1, 8, "6");
    pm_batch_destroy(batch);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test_setup_teardown(test_one_of_many, test_setup,
                                        test_teardown),
        cmocka_unit_test_setup_teardown(test_several_of_many, test_setup,
                                        test_teardown),
        cmocka_unit_test_setup_teardown(test_all_of_many, test_setup,
                                        test_teardown),
        cmocka_unit_test_setup_teardown(test_too_many_of_many, test_setup,
                                        test_teardown),
        cmocka_unit_test_setup_teardown(test_verdicts_are_provisional,
                                        test_setup, test_teardown),
        cmocka_unit_test_setup_teardown(test_a_moving_head, test_setup,
                                        test_teardown),
        cmocka_unit_test_setup_teardown(test_an_answer_that_is_lost,
                                        test_setup, test_teardown),
        cmocka_unit_test_setup_teardown(test_a_half_that_is_cut, test_setup,
                                        test_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
