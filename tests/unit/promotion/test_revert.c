/*
 * Reverts: what a promotion changed becomes what it was before, unless
 * somebody has changed it since.
 */

#include "batch.h"

#include "promotion/pm_record.h"


static void
test_start(test_t *t)
{
    test_commit(t,
        "mkdir -p dev/sub prod/own && "
        "printf 'tag: 2\\n' > dev/values.yaml && "
        "printf 'tag: 1\\n' > prod/values.yaml && "
        "printf 'new\\n' > dev/sub/new && printf 'own\\n' > prod/own/file && "
        "printf 'x\\n' | tee dev/mode > prod/mode && chmod 755 dev/mode");
}


/* Promotes dev to prod; its commit. */

static const char *
test_promote(test_t *t, unsigned number)
{
    pm_batch_t      *batch;
    pm_promotion_t   promotion;

    promotion = test_promotion(t, number, "dev", "prod");
    batch = test_batch(t, &promotion, 1);
    test_lands(batch);
    test_landed(t, batch, 0, "main");
    pm_batch_destroy(batch);

    return test_run(t, "git -C remote.git rev-parse main");
}


static pm_promotion_t
test_revert(test_t *t, unsigned number, const char *commit)
{
    pm_promotion_t  promotion;

    promotion = test_promotion(t, number, "prod", "prod");
    promotion.source.name = "dev";
    promotion.message = "Revert \"promote dev to prod\"";
    promotion.revert_commit = commit;

    return promotion;
}


/* Its plan is its end, and why. */

static void
test_refused(test_t *t, const pm_promotion_t *promotion, pm_code_t code,
    const char *words)
{
    pm_batch_t  *batch;

    batch = test_batch(t, promotion, 1);
    test_plans(batch, PM_BATCH_SETTLED);
    test_failed(batch, 0, code, words);
    pm_batch_destroy(batch);
}


static void
test_what_it_was(void **state)
{
    char            *commit;
    test_t          *t;
    pm_batch_t      *batch;
    pm_promotion_t   promotion;

    t = *state;
    test_start(t);
    commit = (char *) test_promote(t, 1);

    /* what others change elsewhere is not in the way, and stays */

    test_commit(t, "git pull -q --no-rebase origin main && "
                "echo later > prod/own/later && echo 3 > dev/values.yaml");

    promotion = test_revert(t, 2, commit);
    batch = test_batch(t, &promotion, 1);
    test_lands(batch);
    test_landed(t, batch, 0, "main");
    assert_string_not_equal(pm_batch_result(batch, 0)->digest, "");
    pm_batch_destroy(batch);

    test_prints(t, "git -C remote.git diff --name-only main~3 main",
                "dev/values.yaml\nprod/own/later");
    test_prints(t, "git -C remote.git ls-tree -r main prod | cut -c1-6,53-",
                "100644\tprod/mode\n100644\tprod/own/file\n"
                "100644\tprod/own/later\n100644\tprod/values.yaml");
    test_prints(t, "git -C remote.git fsck --strict 2>&1", "");
    test_prints(t, "test \"$(git -C remote.git log -1 --format=%B main)\" = \""
                "Revert \\\"promote dev to prod\\\"\n\n"
                "Promotion-Id: 01890a5d-ac96-774b-bcce-000000000002\n"
                "Promotion-Reverts: $(git -C remote.git rev-parse main~2)\n"
                "Promoted-By: ci\" && echo yes", "yes");

    /* once is enough */

    promotion = test_revert(t, 3, commit);
    test_refused(t, &promotion, PM_NO_CHANGES, "is reverted already");

    /* and a revert can be reverted */

    promotion = test_revert(t, 4, NULL);
    promotion.revert_commit = test_run(t, "git -C remote.git rev-parse main");
    batch = test_batch(t, &promotion, 1);
    test_lands(batch);
    pm_batch_destroy(batch);
    free((char *) promotion.revert_commit);

    test_prints(t, "git -C remote.git show main:prod/values.yaml", "tag: 2");
    test_prints(t, "git -C remote.git ls-tree main prod/mode | cut -c1-6",
                "100755");

    free(commit);
}


static void
test_later_changes(void **state)
{
    char            *commit;
    test_t          *t;
    pm_batch_t      *batch;
    pm_promotion_t   promotion;

    t = *state;
    test_start(t);
    commit = (char *) test_promote(t, 1);

    /* other bytes, another mode, gone; and one that is as it was before */

    test_commit(t, "git pull -q --no-rebase origin main && "
                "echo 'tag: 3' > prod/values.yaml && git rm -q prod/sub/new");

    promotion = test_revert(t, 2, commit);
    batch = test_batch(t, &promotion, 1);
    test_plans(batch, PM_BATCH_SETTLED);

    /* a file that is gone is what it was before */

    test_failed(batch, 0, PM_CONFLICT, "later changes stand in the way of "
                "reverting ");
    test_failed(batch, 0, PM_CONFLICT, ": prod/values.yaml");
    assert_null(strstr(pm_batch_result(batch, 0)->error.message, "sub"));
    assert_null(strstr(pm_batch_result(batch, 0)->error.message, "mode"));
    test_prints(t, "git -C remote.git rev-list --count main", "3");
    pm_batch_destroy(batch);

    test_commit(t, "git checkout -q main~1 -- prod/values.yaml && "
                "chmod 644 prod/mode");

    /* now nothing is: it does what is left of it */

    promotion = test_revert(t, 3, commit);
    batch = test_batch(t, &promotion, 1);
    test_lands(batch);
    pm_batch_destroy(batch);

    test_prints(t, "git -C remote.git diff-tree --name-status -r "
                "--no-commit-id main", "M\tprod/values.yaml");
    free(commit);
}


/* Not all of many are named. */

static void
test_many_later_changes(void **state)
{
    char            *commit;
    test_t          *t;
    pm_promotion_t   promotion;

    t = *state;
    test_commit(t, "mkdir -p dev prod && for i in $(seq 100 129); do "
                "echo $i > dev/$i; done && echo x > prod/x");
    commit = (char *) test_promote(t, 1);
    test_commit(t, "git pull -q --no-rebase origin main && "
                "for i in prod/1*; do echo later > $i; done");

    promotion = test_revert(t, 2, commit);
    test_refused(t, &promotion, PM_CONFLICT,
                 "prod/118, prod/119 and 10 files more");
    free(commit);

    /* nor those whose names are too long for it */

    test_commit(t, "n=$(printf '%0200d' 0); d=dev/$n/$n/$n/$n; mkdir -p $d && "
                "echo 1 > $d/f");
    commit = (char *) test_promote(t, 3);
    test_commit(t, "git pull -q --no-rebase origin main && "
                "echo later > $(find prod -name f)");

    promotion = test_revert(t, 4, commit);
    test_refused(t, &promotion, PM_CONFLICT, ": 1 files of long names");
    free(commit);
}


/* A folder in the place of a file, and the other way round. */

static void
test_files_and_folders(void **state)
{
    char            *commit;
    test_t          *t;
    pm_batch_t      *batch;
    pm_promotion_t   promotion;

    t = *state;
    test_commit(t, "mkdir -p dev/x prod && echo 1 > dev/x/y && "
                "echo file > prod/z");
    commit = (char *) test_promote(t, 1);
    test_commit(t, "git pull -q --no-rebase origin main && "
                "git rm -q prod/x/y && echo file > prod/x");

    promotion = test_revert(t, 2, commit);
    test_refused(t, &promotion, PM_NO_CHANGES, "is reverted already");
    free(commit);

    /* what a commit of ours took away comes back only into its place */

    test_commit(t, "git rm -q prod/x && mkdir prod/x && echo 1 > prod/x/y && "
                "git add -A && git commit -q -m back && "
                "git rm -q prod/x/y");
    promotion = test_revert(t, 3, NULL);
    promotion.revert_commit = test_run(t, "git -C remote.git rev-parse main");
    test_commit(t, "echo file > prod/x");

    batch = test_batch(t, &promotion, 1);
    test_plans(batch, PM_BATCH_SETTLED);
    test_failed(batch, 0, PM_CONFLICT, "later changes stand in the way of "
                "reverting ");
    test_failed(batch, 0, PM_CONFLICT, "prod/x");
    pm_batch_destroy(batch);
    free((char *) promotion.revert_commit);
}


static void
test_commits_that_are_none(void **state)
{
    char            *commit;
    test_t          *t;
    pm_promotion_t   promotion;

    t = *state;
    test_start(t);
    commit = (char *) test_promote(t, 1);

    promotion = test_revert(t, 2, "0123456789012345678901234567890123456789");
    test_refused(t, &promotion, PM_CONFLICT,
                 "is not part of the branch any more");

    /* what Redis holds is not trusted */

    promotion = test_revert(t, 3, "main");
    test_refused(t, &promotion, PM_INTERNAL, "no commit to revert");

    promotion = test_revert(t, 4, NULL);
    promotion.revert_commit = test_run(t, "git -C remote.git rev-list "
                                       "--max-parents=0 main");
    test_refused(t, &promotion, PM_CONFLICT, "is the first one of the branch");
    free((char *) promotion.revert_commit);

    /* a branch that was rewritten does not have it any more */

    test_do(t, "git -C remote.git update-ref refs/heads/main "
            "$(git -C remote.git rev-parse main~1)");
    promotion = test_revert(t, 5, commit);
    test_refused(t, &promotion, PM_CONFLICT,
                 "is not part of the branch any more");
    free(commit);
}


/* In one batch with others it sees what they leave. */

static void
test_among_others(void **state)
{
    char            *commit;
    test_t          *t;
    pm_batch_t      *batch;
    pm_promotion_t   promotions[4];

    t = *state;
    test_start(t);
    commit = (char *) test_promote(t, 1);

    /* back, forth, back; and once more, which is nothing */

    promotions[0] = test_revert(t, 2, commit);
    promotions[1] = test_promotion(t, 3, "dev", "prod");
    promotions[2] = test_revert(t, 4, commit);
    promotions[3] = test_revert(t, 5, commit);

    batch = test_batch(t, promotions, 4);
    test_lands(batch);
    test_landed(t, batch, 0, "main~2");
    test_landed(t, batch, 1, "main~1");
    test_landed(t, batch, 2, "main");
    test_failed(batch, 3, PM_NO_CHANGES, "is reverted already");
    pm_batch_destroy(batch);

    test_prints(t, "git -C remote.git diff --stat main~4 main", "");
    test_prints(t, "git -C remote.git fsck --strict 2>&1", "");

    /* found by its trailer as any other */

    batch = test_takeover(t, promotions, 3, NULL);
    test_plans(batch, PM_BATCH_SETTLED);
    test_landed(t, batch, 0, "main~2");
    test_landed(t, batch, 2, "main");
    pm_batch_destroy(batch);
    free(commit);
}


/* What a provider has merged: a merge's changes are those on its first parent,
 * and only the promotion's own are undone. */

static void
test_merged(void **state)
{
    char            *commit, *merge, digest[65];
    test_t          *t;
    pm_batch_t      *batch;
    pm_promotion_t   promotion;

    t = *state;
    test_start(t);

    promotion = test_promotion(t, 1, "dev", "prod");
    batch = test_batch(t, &promotion, 1);
    test_lands(batch);
    (void) strcpy(digest, pm_batch_result(batch, 0)->digest);
    pm_batch_destroy(batch);

    commit = test_run(t, "git -C remote.git rev-parse main");

    /* main without it, and then with a merge of it; twelve digits of that, as
     * a provider has them */

    test_do(t, "cd work && git fetch -q origin main && "
            "git branch -q ours FETCH_HEAD && git checkout -q -B main ours~1 "
            "&& echo later > prod/own/later && git add -A && "
            "git commit -q -m later && git merge -q --no-ff -m merged ours && "
            "git push -q -f origin main");
    merge = test_run(t, "git -C remote.git rev-parse --short=12 main");

    promotion = test_revert(t, 2, merge);
    promotion.revert_digest = digest;
    batch = test_batch(t, &promotion, 1);
    test_lands(batch);
    pm_batch_destroy(batch);

    test_prints(t, "git -C remote.git diff --stat main~2 main", "");
    test_prints(t, "test \"$(git -C remote.git log -1 --format=%B main | "
                "grep Reverts)\" = \"Promotion-Reverts: "
                "$(git -C remote.git rev-parse main~1)\" && echo yes", "yes");

    /* something besides, or something else */

    test_do(t, "cd work && git checkout -q -B main ours~1 && "
            "git merge -q --no-ff --no-commit ours && echo > prod/own/besides "
            "&& git add -A && git commit -q -m merged && "
            "git push -q -f origin main");
    free(merge);
    merge = test_run(t, "git -C remote.git rev-parse main");

    promotion = test_revert(t, 3, merge);
    promotion.revert_digest = digest;
    test_refused(t, &promotion, PM_CONFLICT,
                 "by which the pull request was merged, "
                 "changes other files than the promotion");

    /* a record that does not say what it changed */

    promotion = test_revert(t, 4, commit);
    promotion.revert_digest = "";
    test_refused(t, &promotion, PM_CONFLICT,
                 "by which the pull request was merged");

    free(merge);
    free(commit);
}


static void
test_record(void **state)
{
    test_t          *t;
    pm_string_t      text;
    pm_promotion_t   promotion, decoded;

    t = *state;

    promotion = test_revert(t, 1, "0123456789012345678901234567890123456789");
    promotion.revert_digest = "of all";
    test_ok(t, pm_record_encode(t->arena, &promotion, &text, &t->err));
    test_ok(t, pm_record_decode(t->arena, promotion.id, text.data, text.len,
                                &decoded, &t->err));
    assert_string_equal(decoded.revert_commit, promotion.revert_commit);
    assert_string_equal(decoded.revert_digest, "of all");

    promotion.revert_commit = NULL;
    promotion.revert_digest = NULL;
    test_ok(t, pm_record_encode(t->arena, &promotion, &text, &t->err));
    test_ok(t, pm_record_decode(t->arena, promotion.id, text.data, text.len,
                                &decoded, &t->err));
    assert_null(decoded.revert_commit);
    assert_null(decoded.revert_digest);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test_setup_teardown(test_what_it_was, test_setup,
                                        test_teardown),
        cmocka_unit_test_setup_teardown(test_later_changes, test_setup,
                                        test_teardown),
        cmocka_unit_test_setup_teardown(test_many_later_changes, test_setup,
                                        test_teardown),
        cmocka_unit_test_setup_teardown(test_files_and_folders, test_setup,
                                        test_teardown),
        cmocka_unit_test_setup_teardown(test_commits_that_are_none,
                                        test_setup, test_teardown),
        cmocka_unit_test_setup_teardown(test_among_others, test_setup,
                                        test_teardown),
        cmocka_unit_test_setup_teardown(test_merged, test_setup,
                                        test_teardown),
        cmocka_unit_test_setup_teardown(test_record, test_setup,
                                        test_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
