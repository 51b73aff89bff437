/*
 * Groups: promotions of one batch that land or fail as one (durability.md, 4).
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
    test_commit(t, "for i in 0 1 2 3 4 5 6 7; do mkdir -p dev/$i && "
                "echo $i > dev/$i/f; done");
}


static pm_promotion_t
test_member(test_t *t, unsigned number, const char *group, const char *from,
    const char *to)
{
    pm_promotion_t  promotion;

    promotion = test_promotion(t, number, from, to);
    promotion.group = group;

    return promotion;
}


static void
test_no_group_in_part(test_t *t, const char *count)
{
    free(test_run(t, "git -C remote.git fsck --strict --no-dangling 2>&1"));
    free(test_run(t, "! git -C remote.git log --format=%%B main | "
                     "grep Promotion-Id | sort | uniq -d | grep ."));
    test_prints(t, "git -C remote.git rev-list --count main", count);
}


static void
test_a_member_that_cannot_be_planned(void **state)
{
    test_t          *t;
    pm_batch_t      *batch;
    pm_promotion_t   promotions[5];

    t = *state;
    test_start(t);

    promotions[0] = test_promotion(t, 1, "dev/0", "to/0");
    promotions[1] = test_member(t, 2, "g", "dev/1", "to/1");
    promotions[2] = test_member(t, 3, "g", "none", "to/2");
    promotions[3] = test_member(t, 4, "g", "dev/3", "to/3");
    promotions[4] = test_promotion(t, 5, "dev/4", "to/4");

    batch = test_batch(t, promotions, 5);
    test_lands(batch);

    test_landed(t, batch, 0, "main~1");
    test_failed(batch, 1, PM_NOT_FOUND,
                "codefresh/orders/to/2 of the same group failed: ");
    test_failed(batch, 2, PM_NOT_FOUND, "path none not found");
    test_failed(batch, 3, PM_NOT_FOUND,
                "codefresh/orders/to/2 of the same group failed: path none");
    test_landed(t, batch, 4, "main");
    test_no_group_in_part(t, "3");

    pm_batch_destroy(batch);

    /* nothing that was made for it has left */

    test_prints(t, "git -C remote.git fsck --unreachable --no-reflogs "
                "2>/dev/null", "");
}


/* In another repository's batch: also the blobs that were copied. */

static void
test_nothing_of_a_failed_group_is_pushed(void **state)
{
    test_t          *t;
    pm_batch_t      *batch;
    pm_promotion_t   promotions[3];

    t = *state;
    test_start(t);
    test_do(t, "git init -q --bare -b trunk source.git && "
            "git clone -q source.git other 2>/dev/null && cd other && "
            "git checkout -q -b trunk 2>/dev/null; mkdir x y && "
            "echo unique > x/a && echo wanted > y/a && "
            "git add -A && git commit -q -m s && git push -q origin trunk");

    promotions[0] = test_member(t, 1, "g", "x", "to/1");
    test_location(t, &promotions[0].parts[0].source, "source.git", NULL, "x");
    promotions[1] = test_member(t, 2, "g", "none", "to/2");
    promotions[2] = test_promotion(t, 3, "y", "to/3");
    test_location(t, &promotions[2].parts[0].source, "source.git", NULL, "y");

    batch = test_batch(t, promotions, 3);
    test_lands(batch);
    test_failed(batch, 0, PM_NOT_FOUND, "to/2 of the same group failed");
    test_failed(batch, 1, PM_NOT_FOUND, "path none not found");
    test_landed(t, batch, 2, "main");
    test_prints(t, "git -C remote.git cat-file -t "
                "$(git -C source.git rev-parse trunk:x/a) 2>/dev/null || "
                "echo none", "none");
    test_prints(t, "git -C remote.git show main:to/3/a", "wanted");
    test_no_group_in_part(t, "2");

    pm_batch_destroy(batch);
}


static void
test_a_digest_that_differs(void **state)
{
    test_t          *t;
    pm_batch_t      *batch;
    pm_promotion_t   promotions[2];

    t = *state;
    test_start(t);

    promotions[0] = test_member(t, 1, "g", "dev/1", "to/1");
    promotions[1] = test_member(t, 2, "g", "dev/2", "to/2");
    promotions[1].expected_digest = "00";

    /* nothing to push at all */

    batch = test_batch(t, promotions, 2);
    test_plans(batch, PM_BATCH_SETTLED);
    test_failed(batch, 0, PM_CONFLICT, "to/2 of the same group failed: ");
    test_failed(batch, 1, PM_CONFLICT, "expectedDigest is 00");
    assert_int_equal(pm_batch_result(batch, 1)->error.message[0], 't');
    test_no_group_in_part(t, "1");

    pm_batch_destroy(batch);
}


static void
test_no_changes_of_a_member(void **state)
{
    test_t          *t;
    pm_batch_t      *batch;
    pm_promotion_t   promotions[3];

    t = *state;
    test_start(t);
    test_hook(t, "pre-receive", TEST_REFUSES);

    promotions[0] = test_member(t, 1, "g", "dev/1", "dev/1");
    promotions[1] = test_member(t, 2, "g", "dev/2", "to/2");
    promotions[2] = test_member(t, 3, "g", "dev/3", "dev/3");

    batch = test_batch(t, promotions, 3);
    test_plans(batch, PM_BATCH_READY);
    assert_true(pm_batch_sends(batch, 0));
    test_pushes(batch, PM_BATCH_SETTLED);

    test_failed(batch, 0, PM_NO_CHANGES, "no changes found");
    test_landed(t, batch, 1, "main");
    test_failed(batch, 2, PM_NO_CHANGES, "no changes found");
    test_no_group_in_part(t, "2");
    pm_batch_destroy(batch);

    /* none of any */

    promotions[0].id = "01890a5d-ac96-774b-bcce-000000000011";
    promotions[1].id = "01890a5d-ac96-774b-bcce-000000000012";
    promotions[2].id = "01890a5d-ac96-774b-bcce-000000000013";

    batch = test_batch(t, promotions, 3);
    test_plans(batch, PM_BATCH_SETTLED);
    test_failed(batch, 0, PM_NO_CHANGES, "no changes found");
    test_failed(batch, 1, PM_NO_CHANGES, "no changes found");
    test_failed(batch, 2, PM_NO_CHANGES, "no changes found");
    pm_batch_destroy(batch);

    /* a refusal is the whole group's */

    promotions[1] = test_member(t, 22, "g", "dev/4", "bad/4");

    batch = test_batch(t, promotions, 3);
    test_runs(batch);
    test_failed(batch, 0, PM_REMOTE, "bad things here");
    test_failed(batch, 1, PM_REMOTE, "bad things here");
    test_failed(batch, 2, PM_REMOTE, "bad things here");
    test_no_group_in_part(t, "2");
    pm_batch_destroy(batch);
}


/* A group counts as one when a batch is split; it is never in two pushes. */

static void
test_a_group_that_is_refused(void **state)
{
    size_t           i;
    test_t          *t;
    pm_batch_t      *batch;
    pm_promotion_t   promotions[8];

    t = *state;
    test_start(t);

    /* a hook that refuses any push with a part of a group, too */

    test_hook(t, "pre-receive", TEST_REFUSES "; "
              "n=$(git log --format=%s $old..$new | grep -c \"to g/\"); "
              "[ $n = 0 ] || [ $n = 3 ] || { echo a part >&2; exit 1; }");

    promotions[0] = test_promotion(t, 1, "dev/0", "to/0");
    promotions[1] = test_member(t, 2, "good", "dev/1", "g/1");
    promotions[2] = test_member(t, 3, "good", "dev/2", "g/2");
    promotions[3] = test_member(t, 4, "good", "dev/3", "g/3");
    promotions[4] = test_member(t, 5, "poor", "dev/4", "to/4");
    promotions[5] = test_member(t, 6, "poor", "dev/5", "bad/5");
    promotions[6] = test_promotion(t, 7, "dev/6", "to/6");
    promotions[7] = test_promotion(t, 8, "dev/7", "to/7");

    batch = test_batch(t, promotions, 8);
    test_runs(batch);

    for (i = 0; i < 8; i++) {
        if (i == 4 || i == 5) {
            test_failed(batch, i, PM_REMOTE, "hook declined: bad things here");

        } else {
            assert_int_equal(pm_batch_result(batch, i)->state,
                             PM_RESULT_LANDED);
        }
    }

    test_no_group_in_part(t, "7");
    pm_batch_destroy(batch);
}


/* Whatever stands between its members. */

static void
test_a_group_that_is_scattered(void **state)
{
    test_t          *t;
    pm_batch_t      *batch;
    pm_promotion_t   promotions[5];

    t = *state;
    test_start(t);

    promotions[0] = test_member(t, 1, "a", "dev/0", "a/0");
    promotions[1] = test_member(t, 2, "b", "dev/1", "b/1");
    promotions[2] = test_promotion(t, 3, "dev/2", "c/2");
    promotions[3] = test_member(t, 4, "a", "dev/3", "a/3");
    promotions[4] = test_member(t, 5, "b", "none", "b/4");

    batch = test_batch(t, promotions, 5);
    test_lands(batch);
    test_landed(t, batch, 0, "main~2");
    test_landed(t, batch, 3, "main~1");
    test_landed(t, batch, 2, "main");
    test_failed(batch, 1, PM_NOT_FOUND, "b/4 of the same group failed");
    test_failed(batch, 4, PM_NOT_FOUND, "path none not found");
    test_no_group_in_part(t, "4");
    pm_batch_destroy(batch);
}


/* What of a group that has landed has no commit had no changes then, whatever
 * it would have now. */

static void
test_a_takeover(void **state)
{
    test_t          *t;
    pm_oid_t         base;
    pm_batch_t      *batch;
    pm_promotion_t   promotions[3];

    t = *state;
    test_start(t);
    base = test_oid(t, "main");

    promotions[0] = test_member(t, 1, "g", "dev/1", "to/1");
    promotions[1] = test_member(t, 2, "g", "dev/2", "dev/2");
    promotions[2] = test_promotion(t, 3, "dev/3", "to/3");

    batch = test_batch(t, promotions, 2);
    test_lands(batch);
    pm_batch_destroy(batch);

    test_commit(t, "git pull -q --no-rebase origin main && "
                "mkdir new && echo new > new/f");

    promotions[1].parts[0].source.path = "new";

    batch = test_takeover(t, promotions, 3, &base);
    test_plans(batch, PM_BATCH_READY);
    test_landed(t, batch, 0, "main~1");
    test_failed(batch, 1, PM_NO_CHANGES, "no changes found");
    test_pushes(batch, PM_BATCH_SETTLED);
    test_landed(t, batch, 2, "main");
    test_no_group_in_part(t, "4");
    pm_batch_destroy(batch);
}


/* Without an answer a group is in doubt as a whole, and found as a whole. */

static void
test_a_lost_answer(void **state)
{
    test_t          *t;
    pm_batch_t      *batch;
    pm_promotion_t   promotions[3];

    t = *state;
    test_start(t);
    test_hook(t, "pre-receive", "kill -9 $PPID");

    promotions[0] = test_member(t, 1, "g", "dev/1", "dev/1");
    promotions[1] = test_member(t, 2, "g", "dev/2", "to/2");
    promotions[2] = test_member(t, 3, "g", "dev/3", "to/3");

    batch = test_batch(t, promotions, 3);
    test_plans(batch, PM_BATCH_READY);
    test_pushes(batch, PM_BATCH_UNKNOWN);
    assert_int_equal(pm_batch_result(batch, 0)->state, PM_RESULT_UNKNOWN);
    assert_int_equal(pm_batch_result(batch, 1)->state, PM_RESULT_UNKNOWN);
    assert_int_equal(pm_batch_result(batch, 2)->state, PM_RESULT_UNKNOWN);

    test_no_hook(t, "pre-receive");
    test_plans(batch, PM_BATCH_READY);
    test_pushes(batch, PM_BATCH_SETTLED);
    test_failed(batch, 0, PM_NO_CHANGES, "no changes found");
    test_landed(t, batch, 1, "main~1");
    test_landed(t, batch, 2, "main");
    test_no_group_in_part(t, "3");
    pm_batch_destroy(batch);

    /* and one that is on the branch already when the next plan comes */

    test_hook(t, "pre-receive",
              "read old new ref; echo $new > later; "
              "cp -r $GIT_QUARANTINE_PATH/?? objects/; kill -9 $PPID");

    promotions[0].id = "01890a5d-ac96-774b-bcce-000000000011";
    promotions[1] = test_member(t, 12, "g", "dev/2", "to/4");
    promotions[2] = test_member(t, 13, "g", "dev/3", "to/5");

    batch = test_batch(t, promotions, 3);
    test_plans(batch, PM_BATCH_READY);
    test_pushes(batch, PM_BATCH_UNKNOWN);
    test_do(t, "cd remote.git && git update-ref refs/heads/main $(cat later)");

    test_plans(batch, PM_BATCH_SETTLED);
    test_failed(batch, 0, PM_NO_CHANGES, "no changes found");
    test_landed(t, batch, 1, "main~1");
    test_landed(t, batch, 2, "main");
    test_no_group_in_part(t, "5");
    pm_batch_destroy(batch);
}


/* A head that moves under a group's push: planned anew, as a whole. */

static void
test_a_moved_head(void **state)
{
    test_t          *t;
    pm_batch_t      *batch;
    pm_promotion_t   promotions[2];

    t = *state;
    test_start(t);

    promotions[0] = test_member(t, 1, "g", "dev/1", "to/1");
    promotions[1] = test_member(t, 2, "g", "dev/2", "to/2");

    batch = test_batch(t, promotions, 2);
    test_plans(batch, PM_BATCH_READY);
    test_commit(t, "git rm -rq dev/2");
    test_pushes(batch, PM_BATCH_MOVED);

    test_plans(batch, PM_BATCH_SETTLED);
    test_failed(batch, 0, PM_NOT_FOUND, "to/2 of the same group failed");
    test_failed(batch, 1, PM_NOT_FOUND, "path dev/2 not found");
    test_no_group_in_part(t, "2");
    pm_batch_destroy(batch);
}


/* Members of which only id and group are known: a group fails with them, and
 * what an earlier try has landed is found all the same. */

static void
test_members_that_cannot_be_read(void **state)
{
    test_t               *t;
    pm_oid_t              base;
    pm_batch_t           *batch;
    pm_error_t            unreadable;
    pm_promotion_t        promotions[4];
    const pm_error_t     *faults[4];
    pm_batch_settings_t   settings;

    t = *state;
    test_start(t);
    base = test_oid(t, "main");

    (void) pm_error_set(&unreadable, PM_INTERNAL, "it cannot be read");

    memset(promotions, 0, sizeof(promotions));
    promotions[0].id = "018fd6f0-0000-7000-8000-000000000001";
    promotions[0].group = "g";
    promotions[1] = test_member(t, 2, "g", "dev/1", "to/1");
    promotions[2] = test_promotion(t, 3, "dev/2", "to/2");
    promotions[3].id = "018fd6f0-0000-7000-8000-000000000004";

    memset(faults, 0, sizeof(faults));
    faults[0] = &unreadable;
    faults[3] = &unreadable;

    settings = test_settings(t);
    settings.faults = faults;

    test_ok(t, pm_batch_create(&settings, promotions, 4, &batch, &t->err));
    test_lands(batch);
    test_failed(batch, 0, PM_INTERNAL, "it cannot be read");
    test_failed(batch, 1, PM_INTERNAL,
                "another one of the same group failed: it cannot be read");
    test_landed(t, batch, 2, "main");
    test_failed(batch, 3, PM_INTERNAL, "it cannot be read");
    test_no_group_in_part(t, "2");
    pm_batch_destroy(batch);

    /* one that is on the branch */

    test_do(t, "cd work && git pull -q --rebase origin main && "
            "git commit -q --allow-empty -m x -m 'Promotion-Id: "
            "018fd6f0-0000-7000-8000-000000000004' && "
            "git push -q origin HEAD 2>&1");

    settings.searching = 1;
    settings.base = &base;

    test_ok(t, pm_batch_create(&settings, promotions, 4, &batch, &t->err));
    test_plans(batch, PM_BATCH_SETTLED);
    test_landed(t, batch, 2, "main~1");
    assert_int_equal(pm_batch_result(batch, 3)->state, PM_RESULT_LANDED);
    test_failed(batch, 1, PM_INTERNAL, "it cannot be read");
    pm_batch_destroy(batch);

    /* nobody to say where it belongs */

    faults[1] = faults[2] = &unreadable;
    assert_int_equal(pm_batch_create(&settings, promotions, 4, &batch,
                                     &t->err), PM_INTERNAL);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test_setup_teardown(test_a_member_that_cannot_be_planned,
                                        test_setup, test_teardown),
        cmocka_unit_test_setup_teardown(
            test_nothing_of_a_failed_group_is_pushed, test_setup,
            test_teardown),
        cmocka_unit_test_setup_teardown(test_a_digest_that_differs,
                                        test_setup, test_teardown),
        cmocka_unit_test_setup_teardown(test_no_changes_of_a_member,
                                        test_setup, test_teardown),
        cmocka_unit_test_setup_teardown(test_a_group_that_is_refused,
                                        test_setup, test_teardown),
        cmocka_unit_test_setup_teardown(test_a_group_that_is_scattered,
                                        test_setup, test_teardown),
        cmocka_unit_test_setup_teardown(test_a_takeover, test_setup,
                                        test_teardown),
        cmocka_unit_test_setup_teardown(test_a_lost_answer, test_setup,
                                        test_teardown),
        cmocka_unit_test_setup_teardown(test_a_moved_head, test_setup,
                                        test_teardown),
        cmocka_unit_test_setup_teardown(test_members_that_cannot_be_read,
                                        test_setup, test_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
