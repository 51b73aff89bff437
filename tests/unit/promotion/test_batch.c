/*
 * Batches: what lands, and what becomes of those that do not.
 */

#include "batch.h"

#include <sys/stat.h>


static void
test_one_branch(void **state)
{
    test_t          *t;
    pm_batch_t      *batch;
    pm_promotion_t   promotion;

    t = *state;

    test_commit(t,
        "mkdir -p dev/sub/deep prod/sub && "
        "printf 'tag: 2\\n' > dev/values.yaml && "
        "printf 'tag: 1\\n' > prod/values.yaml && "
        "printf 'a\\0b' > dev/sub/deep/binary && "
        "printf 'same\\n' | tee dev/sub/same > prod/sub/same && "
        "printf '#!/bin/sh\\n' > dev/run.sh && chmod 755 dev/run.sh && "
        "ln -s values.yaml dev/link && "
        "printf 'x\\n' | tee dev/mode > prod/mode && chmod 755 dev/mode && "
        "printf 'other\\n' > other.txt");

    promotion = test_promotion(t, 1, "dev", "prod");
    promotion.description = "why";
    batch = test_batch(t, &promotion, 1);

    test_lands(batch);
    test_landed(t, batch, 0, "main");
    test_equal(t, "dev", "prod");

    test_prints(t, "git -C remote.git log -1 --format=%an,%ae,%at,%cn,%ce,%ct "
                "main", "A U Thor,author@example.com,1700000000,promotions,"
                "promotions@localhost,1700000000");
    test_prints(t, "git -C remote.git log -1 --format=%B main | "
                "sed 's/@.*/@sha/'",
                "promote dev to prod\n\nwhy\n\n"
                "Promotion-Id: 01890a5d-ac96-774b-bcce-000000000001\n"
                "Promoted-From: orders/dev@sha\nPromoted-By: ci");
    test_prints(t, "test $(git -C remote.git log -1 --format=%B main | "
                "sed -n 's/.*@//p') = $(git -C remote.git rev-parse main~1) "
                "&& echo yes", "yes");
    test_prints(t, "git -C remote.git ls-tree -r main prod | cut -d' ' -f1 | "
                "tr '\\n' ' '",
                "120000 100755 100755 100644 100644 100644 ");
    test_prints(t, "git -C remote.git show main:other.txt", "other");
    test_prints(t, "git -C remote.git rev-list --count main", "2");

    pm_batch_destroy(batch);
}


static void
test_what_only_the_destination_has_stays(void **state)
{
    test_t          *t;
    pm_batch_t      *batch;
    pm_promotion_t   promotion;

    t = *state;

    test_commit(t, "mkdir -p dev prod/own && echo 1 > dev/a && "
                "echo 2 > prod/own/b");

    promotion = test_promotion(t, 1, "dev", "prod");
    batch = test_batch(t, &promotion, 1);

    test_lands(batch);
    test_prints(t, "git -C remote.git ls-tree -r --name-only main prod",
                "prod/a\nprod/own/b");

    pm_batch_destroy(batch);
}


static void
test_two_branches(void **state)
{
    test_t          *t;
    pm_batch_t      *batch;
    pm_promotion_t   promotion;

    t = *state;

    test_commit(t, "mkdir env && echo 1 > env/a");
    test_commit(t, "git checkout -q -b dev && echo 2 > env/a && "
                "echo 3 > env/b");

    promotion = test_promotion(t, 1, "env", "env");
    promotion.parts[0].source.branch = "dev";
    batch = test_batch(t, &promotion, 1);

    test_lands(batch);
    test_landed(t, batch, 0, "main");
    test_prints(t, "git -C remote.git diff --stat main:env dev:env", "");
    test_prints(t, "git -C remote.git rev-list --count main", "2");

    pm_batch_destroy(batch);
}


static void
test_two_repositories(void **state)
{
    test_t          *t;
    pm_batch_t      *batch;
    pm_promotion_t   promotion;

    t = *state;

    test_commit(t, "mkdir prod && echo 1 > prod/a");
    test_do(t, "git init -q --bare -b trunk source.git && "
            "git clone -q source.git other 2>/dev/null && cd other && "
            "git checkout -q -b trunk 2>/dev/null; mkdir x && "
            "head -c 300000 /dev/urandom > x/large && echo 2 > x/a && "
            "git add -A && git commit -q -m s && git push -q origin trunk");

    promotion = test_promotion(t, 1, "x", "prod");
    test_location(t, &promotion.parts[0].source, "source.git", NULL, "x");
    batch = test_batch(t, &promotion, 1);

    test_lands(batch);
    test_landed(t, batch, 0, "main");
    test_do(t, "git -C remote.git fsck --strict 2>&1");
    test_prints(t, "test $(git -C remote.git rev-parse main:prod) = "
                "$(git -C source.git rev-parse trunk:x) && echo yes", "yes");
    test_prints(t, "git -C remote.git log -1 --format=%B | sed -n 's/.*@//p'"
                " | git -C source.git cat-file --batch-check='%(objecttype)'",
                "commit");

    pm_batch_destroy(batch);
}


static void
test_default_branches(void **state)
{
    test_t          *t;
    pm_batch_t      *batch;
    pm_promotion_t   promotion;

    t = *state;

    test_commit(t, "mkdir dev && echo 1 > dev/a");

    promotion = test_promotion(t, 1, "dev", "prod");
    promotion.parts[0].source.branch = NULL;
    promotion.parts[0].destination.branch = NULL;
    batch = test_batch(t, &promotion, 1);

    test_lands(batch);
    test_landed(t, batch, 0, "main");
    test_equal(t, "dev", "prod");

    pm_batch_destroy(batch);
}


static void
test_several_sources(void **state)
{
    test_t          *t;
    pm_batch_t      *batch;
    pm_promotion_t   promotion;

    t = *state;

    test_commit(t, "mkdir a b && echo 1 > a/f && echo 2 > b/f");

    promotion = test_promotion(t, 1, "b", "z/b");
    promotion.nparts = 2;
    promotion.parts[1] = promotion.parts[0];
    promotion.parts[1].source.path = "a";
    promotion.parts[1].destination.path = "z/a";
    batch = test_batch(t, &promotion, 1);

    test_lands(batch);
    test_equal(t, "a", "z/a");
    test_equal(t, "b", "z/b");
    test_prints(t, "git -C remote.git rev-list --count main", "2");

    pm_batch_destroy(batch);

    /* both to one place: they contradict each other */

    promotion.id = "01890a5d-ac96-774b-bcce-000000000002";
    promotion.parts[0].destination.path = "y";
    promotion.parts[1].destination.path = "y";
    batch = test_batch(t, &promotion, 1);

    test_plans(batch, PM_BATCH_SETTLED);
    test_failed(batch, 0, PM_UNPROCESSABLE, "y/f: two sources of the "
                "application write different contents to it");

    pm_batch_destroy(batch);
}


static void
test_no_changes(void **state)
{
    test_t          *t;
    pm_batch_t      *batch;
    pm_promotion_t   promotion;

    t = *state;

    test_commit(t, "mkdir dev prod && echo 1 | tee dev/a > prod/a && "
                "echo 2 > prod/own");

    promotion = test_promotion(t, 1, "dev", "prod");
    batch = test_batch(t, &promotion, 1);

    test_plans(batch, PM_BATCH_SETTLED);
    test_failed(batch, 0, PM_NO_CHANGES, "no changes found between source "
                "and destination applications");
    test_prints(t, "git -C remote.git rev-list --count main", "1");

    pm_batch_destroy(batch);
}


static void
test_a_head_that_moves(void **state)
{
    test_t          *t;
    pm_oid_t         base;
    pm_batch_t      *batch;
    pm_promotion_t   promotion;

    t = *state;

    test_commit(t, "mkdir dev && echo 1 > dev/a");
    base = test_oid(t, "main");

    promotion = test_promotion(t, 1, "dev", "prod");
    batch = test_batch(t, &promotion, 1);

    test_plans(batch, PM_BATCH_READY);
    assert_true(pm_oid_equal(pm_batch_base(batch), &base));

    test_commit(t, "echo theirs > theirs");

    test_pushes(batch, PM_BATCH_MOVED);
    assert_int_equal(pm_batch_result(batch, 0)->state, PM_RESULT_NONE);

    test_plans(batch, PM_BATCH_READY);
    base = test_oid(t, "main");
    assert_true(pm_oid_equal(pm_batch_base(batch), &base));

    test_pushes(batch, PM_BATCH_SETTLED);
    test_landed(t, batch, 0, "main");
    test_equal(t, "dev", "prod");
    test_prints(t, "git -C remote.git show main:theirs", "theirs");
    test_prints(t, "git -C remote.git rev-list --count main", "3");

    pm_batch_destroy(batch);
}


/* However often it does: only the caller gives up. */

static void
test_a_head_that_moves_at_every_try(void **state)
{
    size_t           i;
    test_t          *t;
    pm_batch_t      *batch;
    pm_promotion_t   promotion;

    t = *state;

    test_commit(t, "mkdir dev && echo 1 > dev/a");

    promotion = test_promotion(t, 1, "dev", "prod");
    batch = test_batch(t, &promotion, 1);

    for (i = 0; i < 6; i++) {
        test_plans(batch, PM_BATCH_READY);
        test_commit(t, "date +%N >> theirs");
        test_pushes(batch, PM_BATCH_MOVED);
    }

    test_lands(batch);
    test_landed(t, batch, 0, "main");
    test_prints(t, "git -C remote.git rev-list --count main", "8");

    pm_batch_destroy(batch);
}


static void
test_a_hook_that_declines(void **state)
{
    test_t          *t;
    pm_batch_t      *batch;
    pm_promotion_t   promotion;

    t = *state;

    test_commit(t, "mkdir dev && echo 1 > dev/a");
    test_hook(t, "pre-receive", "echo no pushes on Sundays >&2; exit 1");

    promotion = test_promotion(t, 1, "dev", "prod");
    batch = test_batch(t, &promotion, 1);

    test_plans(batch, PM_BATCH_READY);
    test_pushes(batch, PM_BATCH_SETTLED);
    test_failed(batch, 0, PM_REMOTE, "remote rejected refs/heads/main: "
                "pre-receive hook declined: no pushes on Sundays");
    test_prints(t, "git -C remote.git rev-list --count main", "1");

    pm_batch_destroy(batch);

    /* nothing of it stays in the way */

    test_no_hook(t, "pre-receive");
    promotion.id = "01890a5d-ac96-774b-bcce-000000000002";
    batch = test_batch(t, &promotion, 1);

    test_lands(batch);
    test_equal(t, "dev", "prod");

    pm_batch_destroy(batch);
}


/* Whatever the words are: a head that has moved is a reason to plan again. */

static void
test_a_hook_that_declines_and_a_moved_head(void **state)
{
    test_t          *t;
    pm_batch_t      *batch;
    pm_promotion_t   promotion;

    t = *state;

    test_commit(t, "mkdir dev && echo 1 > dev/a");
    test_hook(t, "pre-receive",
              "rm hooks/pre-receive; unset GIT_QUARANTINE_PATH "
              "GIT_OBJECT_DIRECTORY GIT_ALTERNATE_OBJECT_DIRECTORIES; "
              "c=$(git -c user.name=h -c user.email=h@h commit-tree -p main "
              "-m other \"main^{tree}\") && "
              "git update-ref refs/heads/main $c; exit 1");

    promotion = test_promotion(t, 1, "dev", "prod");
    batch = test_batch(t, &promotion, 1);

    test_plans(batch, PM_BATCH_READY);
    test_pushes(batch, PM_BATCH_MOVED);
    test_lands(batch);
    test_landed(t, batch, 0, "main");
    test_prints(t, "git -C remote.git log --format=%s main~1 | head -1",
                "other");

    pm_batch_destroy(batch);
}


static void
test_source_commit(void **state)
{
    char            *sha, *short_sha;
    test_t          *t;
    pm_batch_t      *batch;
    pm_promotion_t   promotion;

    t = *state;

    test_commit(t, "mkdir dev && echo 1 > dev/a");
    sha = test_run(t, "git -C work rev-parse HEAD");
    test_commit(t, "echo 2 > dev/a");

    promotion = test_promotion(t, 1, "dev", "prod");
    promotion.source_commit = sha;
    batch = test_batch(t, &promotion, 1);

    test_lands(batch);
    test_prints(t, "git -C remote.git show main:prod/a", "1");
    test_prints(t, "test $(git -C remote.git log -1 --format=%B main | "
                "sed -n 's/.*@//p') = $(git -C remote.git rev-parse main~2) "
                "&& echo yes", "yes");

    pm_batch_destroy(batch);

    /* 7 digits will do */

    short_sha = test_run(t, "git -C work rev-parse --short=7 HEAD");
    promotion.id = "01890a5d-ac96-774b-bcce-000000000002";
    promotion.source_commit = short_sha;
    batch = test_batch(t, &promotion, 1);

    test_lands(batch);
    test_prints(t, "git -C remote.git show main:prod/a", "2");

    pm_batch_destroy(batch);
    free(short_sha);

    /* a commit of another branch */

    free(sha);
    test_commit(t, "git checkout -q -b other && echo 3 > dev/a");
    sha = test_run(t, "git -C work rev-parse HEAD");
    promotion.source_commit = sha;
    batch = test_batch(t, &promotion, 1);

    test_plans(batch, PM_BATCH_SETTLED);
    test_failed(batch, 0, PM_INVALID, "srcAppCommitSha: ");

    pm_batch_destroy(batch);
    free(sha);

    promotion.source_commit = "0123456";
    batch = test_batch(t, &promotion, 1);

    test_plans(batch, PM_BATCH_SETTLED);
    test_failed(batch, 0, PM_INVALID, "srcAppCommitSha: ");

    pm_batch_destroy(batch);
}


static void
test_expected_digest(void **state)
{
    char             digest[65];
    test_t          *t;
    pm_batch_t      *batch;
    pm_promotion_t   promotion;

    t = *state;

    test_commit(t, "mkdir dev && echo 1 > dev/a");

    promotion = test_promotion(t, 1, "dev", "prod");
    promotion.expected_digest = "0000000000000000000000000000000000000000"
                                "000000000000000000000000";
    batch = test_batch(t, &promotion, 1);

    test_plans(batch, PM_BATCH_SETTLED);
    strcpy(digest, pm_batch_result(batch, 0)->digest);
    test_failed(batch, 0, PM_CONFLICT, "000000000000");
    test_failed(batch, 0, PM_CONFLICT, digest);
    pm_batch_destroy(batch);

    promotion.expected_digest = digest;
    batch = test_batch(t, &promotion, 1);
    test_lands(batch);
    assert_string_equal(pm_batch_result(batch, 0)->digest, digest);
    pm_batch_destroy(batch);
}


static void
test_neighbours(void **state)
{
    size_t           i;
    test_t          *t;
    pm_batch_t      *batch;
    pm_promotion_t   promotions[8];

    t = *state;

    test_commit(t, "mkdir a b c same && echo a > a/f && echo b > b/f && "
                "echo c > c/f && echo a > same/f");

    promotions[0] = test_promotion(t, 1, "a", "to/a");
    promotions[1] = test_promotion(t, 2, "a", "same");
    promotions[2] = test_promotion(t, 3, "b", "to/b");
    promotions[3] = test_promotion(t, 4, "none", "to/none");
    promotions[4] = test_promotion(t, 5, "c", "to/c");
    promotions[4].author_name = "A <x";
    promotions[5] = test_promotion(t, 6, "c", "to/c");
    promotions[5].parts[0].source.branch = "gone";
    promotions[6] = test_promotion(t, 7, "c", "to/c");
    test_location(t, &promotions[6].parts[0].source, "gone.git", "main", "c");
    promotions[7] = test_promotion(t, 8, "c", "to/c");

    batch = test_batch(t, promotions, 8);
    test_lands(batch);

    test_landed(t, batch, 0, "main~2");
    test_failed(batch, 1, PM_NO_CHANGES, "no changes found");
    test_landed(t, batch, 2, "main~1");
    test_failed(batch, 3, PM_NOT_FOUND, "none");
    test_failed(batch, 4, PM_INVALID, "name");
    test_failed(batch, 5, PM_CONFLICT, "source revision gone is no branch, "
                "tag or commit of ");
    test_failed(batch, 6, PM_REMOTE, "gone.git");
    test_landed(t, batch, 7, "main");

    test_equal(t, "a", "to/a");
    test_equal(t, "b", "to/b");
    test_equal(t, "c", "to/c");

    /* one commit a promotion, one on top of the other */

    for (i = 0; i < 3; i++) {
        free(test_run(t, "git -C remote.git diff-tree --no-commit-id "
                         "--name-only -r main~%zu | wc -l | grep -qx 1", i));
    }

    test_prints(t, "git -C remote.git rev-list --count main", "4");

    pm_batch_destroy(batch);
}


static void
test_a_batch_is_what_one_after_the_other_would_be(void **state)
{
    test_t          *t;
    pm_batch_t      *batch;
    pm_promotion_t   promotions[2];

    t = *state;

    test_commit(t, "mkdir dev qa prod && echo 2 > dev/a && echo 1 > qa/a && "
                "echo 0 > prod/a");

    promotions[0] = test_promotion(t, 1, "dev", "qa");
    promotions[1] = test_promotion(t, 2, "qa", "prod");

    batch = test_batch(t, promotions, 2);
    test_lands(batch);

    test_equal(t, "dev", "prod");
    test_prints(t, "test $(git -C remote.git log -1 --format=%B main | "
                "sed -n 's/.*@//p') = $(git -C remote.git rev-parse main~1) "
                "&& echo yes", "yes");

    pm_batch_destroy(batch);
}


static void
test_many(void **state)
{
    size_t           i;
    test_t          *t;
    pm_batch_t      *batch;
    pm_promotion_t   promotions[64];

    t = *state;

    test_commit(t, "for i in $(seq 0 63); do mkdir -p dev/$i && "
                "echo $i > dev/$i/f; done");

    for (i = 0; i < 64; i++) {
        promotions[i] = test_promotion(t, (unsigned) i,
            pm_arena_printf(t->arena, "dev/%zu", i),
            pm_arena_printf(t->arena, "prod/%zu", i));
    }

    batch = test_batch(t, promotions, 64);
    test_lands(batch);

    test_landed(t, batch, 0, "main~63");
    test_landed(t, batch, 63, "main");
    test_equal(t, "dev", "prod");

    pm_batch_destroy(batch);

    /* the mirror has all of it: the next one needs no fetch */

    test_do(t, "git -C remote.git config uploadpack.hideRefs refs/heads");
    promotions[0] = test_promotion(t, 99, "prod/7", "more");
    batch = test_batch(t, promotions, 1);
    test_lands(batch);
    test_equal(t, "dev/7", "more");
    pm_batch_destroy(batch);
}


static void
test_destinations_that_are_none(void **state)
{
    test_t          *t;
    pm_batch_t      *batch;
    pm_promotion_t   promotion;

    t = *state;

    /* an empty repository */

    promotion = test_promotion(t, 1, "dev", "prod");
    batch = test_batch(t, &promotion, 1);
    test_plans(batch, PM_BATCH_SETTLED);
    test_failed(batch, 0, PM_CONFLICT, "is empty: push a first commit");
    pm_batch_destroy(batch);

    test_commit(t, "mkdir dev && echo 1 > dev/a && git tag v1 2>/dev/null; "
                "true");
    test_do(t, "cd work && git tag -f v1 && git push -q origin v1 2>&1");

    promotion.parts[0].destination.branch = "gone";
    batch = test_batch(t, &promotion, 1);
    test_plans(batch, PM_BATCH_SETTLED);
    test_failed(batch, 0, PM_CONFLICT,
                "destination branch gone does not exist in ");
    pm_batch_destroy(batch);

    promotion.parts[0].destination.branch = "v1";
    batch = test_batch(t, &promotion, 1);
    test_plans(batch, PM_BATCH_SETTLED);
    test_failed(batch, 0, PM_CONFLICT, "destination v1 of ");
    test_failed(batch, 0, PM_CONFLICT, "is a tag, not a branch");
    pm_batch_destroy(batch);

    test_location(t, &promotion.parts[0].destination, "none.git", "main", "");
    batch = test_batch(t, &promotion, 1);
    test_plans(batch, PM_BATCH_SETTLED);
    test_failed(batch, 0, PM_REMOTE, "none.git");
    pm_batch_destroy(batch);
}


static void
test_sources_that_are_no_branches(void **state)
{
    char            *sha;
    size_t           i;
    test_t          *t;
    pm_batch_t      *batch;
    pm_promotion_t   promotion;

    static const char *const  revisions[] = {
        "light", "heavy", "refs/tags/heavy", "elsewhere", NULL
    };

    t = *state;

    test_commit(t, "mkdir dev && echo 1 > dev/a");
    sha = test_run(t, "git -C work rev-parse HEAD");
    test_commit(t, "echo 2 > dev/a");

    /* tags of the branch's history, and one of a commit that no branch has */

    test_do(t, "cd work && git tag light HEAD~1 && "
            "git tag -a -m tag heavy HEAD~1 && git checkout -q --detach && "
            "echo 1 > dev/a && git commit -qam x && "
            "git tag -a -m tag elsewhere && git checkout -q main && "
            "git push -q origin light heavy elsewhere 2>&1");

    for (i = 0; i < 5; i++) {
        promotion = test_promotion(t, (unsigned) i, "dev",
                                   pm_arena_printf(t->arena, "to%zu", i));
        promotion.parts[0].source.branch = revisions[i] ? revisions[i] : sha;

        batch = test_batch(t, &promotion, 1);
        test_lands(batch);
        free(test_run(t, "git -C remote.git show main:to%zu/a | grep -qx 1",
                      i));
        pm_batch_destroy(batch);
    }

    test_do(t, "git -C remote.git fsck --strict 2>&1");

    /* a commit that the default branch does not have */

    free(sha);
    sha = test_run(t, "git -C remote.git rev-parse 'elsewhere^{commit}'");
    promotion.parts[0].source.branch = sha;
    batch = test_batch(t, &promotion, 1);
    test_plans(batch, PM_BATCH_SETTLED);
    test_failed(batch, 0, PM_UNPROCESSABLE, "is not on the default branch");
    pm_batch_destroy(batch);
    free(sha);
}


static void
test_two_destinations_are_no_batch(void **state)
{
    test_t               *t;
    pm_batch_t           *batch;
    pm_promotion_t        promotions[2];
    pm_batch_settings_t   settings;

    t = *state;
    test_commit(t, "mkdir a && echo 1 > a/f");
    settings = test_settings(t);

    promotions[0] = test_promotion(t, 1, "a", "b");
    promotions[1] = test_promotion(t, 2, "a", "c");
    promotions[1].parts[0].destination.branch = "other";

    test_ok(t, pm_batch_create(&settings, promotions, 2, &batch, &t->err));
    test_lands(batch);
    test_landed(t, batch, 0, "main");
    test_failed(batch, 1, PM_INTERNAL, "several branches in one batch");
    pm_batch_destroy(batch);
}


static void
test_giving_up(void **state)
{
    test_t          *t;
    pm_batch_t      *batch;
    pm_error_t       err;
    pm_promotion_t   promotion;

    t = *state;

    test_commit(t, "mkdir dev && echo 1 > dev/a");

    promotion = test_promotion(t, 1, "dev", "prod");
    batch = test_batch(t, &promotion, 1);
    test_plans(batch, PM_BATCH_READY);

    (void) pm_error_set(&err, PM_UNAVAILABLE, "the branch moved 10 times");
    pm_batch_fail(batch, &err);
    test_failed(batch, 0, PM_UNAVAILABLE, "the branch moved 10 times");

    pm_batch_destroy(batch);

    batch = test_batch(t, NULL, 0);
    test_plans(batch, PM_BATCH_SETTLED);
    pm_batch_destroy(batch);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test_setup_teardown(test_one_branch, test_setup,
                                        test_teardown),
        cmocka_unit_test_setup_teardown(
            test_what_only_the_destination_has_stays, test_setup,
            test_teardown),
        cmocka_unit_test_setup_teardown(test_two_branches, test_setup,
                                        test_teardown),
        cmocka_unit_test_setup_teardown(test_two_repositories, test_setup,
                                        test_teardown),
        cmocka_unit_test_setup_teardown(test_default_branches, test_setup,
                                        test_teardown),
        cmocka_unit_test_setup_teardown(test_several_sources, test_setup,
                                        test_teardown),
        cmocka_unit_test_setup_teardown(test_no_changes, test_setup,
                                        test_teardown),
        cmocka_unit_test_setup_teardown(test_a_head_that_moves, test_setup,
                                        test_teardown),
        cmocka_unit_test_setup_teardown(test_a_head_that_moves_at_every_try,
                                        test_setup, test_teardown),
        cmocka_unit_test_setup_teardown(test_a_hook_that_declines, test_setup,
                                        test_teardown),
        cmocka_unit_test_setup_teardown(
            test_a_hook_that_declines_and_a_moved_head, test_setup,
            test_teardown),
        cmocka_unit_test_setup_teardown(test_source_commit, test_setup,
                                        test_teardown),
        cmocka_unit_test_setup_teardown(test_expected_digest, test_setup,
                                        test_teardown),
        cmocka_unit_test_setup_teardown(test_neighbours, test_setup,
                                        test_teardown),
        cmocka_unit_test_setup_teardown(
            test_a_batch_is_what_one_after_the_other_would_be, test_setup,
            test_teardown),
        cmocka_unit_test_setup_teardown(test_many, test_setup, test_teardown),
        cmocka_unit_test_setup_teardown(test_destinations_that_are_none,
                                        test_setup, test_teardown),
        cmocka_unit_test_setup_teardown(test_sources_that_are_no_branches,
                                        test_setup, test_teardown),
        cmocka_unit_test_setup_teardown(test_two_destinations_are_no_batch,
                                        test_setup, test_teardown),
        cmocka_unit_test_setup_teardown(test_giving_up, test_setup,
                                        test_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
