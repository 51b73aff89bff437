/*
 * Pull requests: what is written on head branches, and what never is.  The
 * provider is not asked here: t/61 to t/68 do.
 */

#include "batch.h"

#include "promotion/pm_pull_internal.h"


#define HEAD  "promote/orders/prod/orders.dev"


/* From one folder of main to another, by a pull request. */

static pm_promotion_t
test_request(test_t *t, unsigned number, const char *from, const char *to)
{
    pm_promotion_t  promotion;

    promotion = test_promotion(t, number, from, to);

    promotion.kind = PM_PROMOTION_PULL_REQUEST;
    promotion.pull = pm_arena_zalloc(t->arena, sizeof(pm_pull_request_t));
    assert_non_null(promotion.pull);

    promotion.pull->head = "main";
    promotion.pull->title = promotion.message;

    return promotion;
}


/* As if the local remote had a provider. */

static pm_pull_t *
test_pull(test_t *t, const pm_promotion_t *promotions, size_t n,
    const pm_pull_committed_t *committed)
{
    pm_pull_t           *pull;
    pm_forge_url_t       url;
    pm_pull_settings_t   settings;

    memset(&settings, 0, sizeof(pm_pull_settings_t));

    settings.git = t->git;
    settings.committer_name = "promotions";
    settings.committer_email = "promotions@localhost";
    settings.now = TEST_NOW;
    settings.committed = committed;

    test_ok(t, pm_pull_create(&settings, promotions, n, &pull, &t->err));

    assert_int_equal(pull->unknown.code, PM_UNPROCESSABLE);
    pull->unknown.code = 0;

    url.scheme = "https";
    url.host = "github.com";
    url.port = 0;
    url.path = "/acme/gitops.git";

    test_ok(t, pm_forge_locate(pull->arena, NULL, 0, &url, &pull->repository,
                               &t->err));
    return pull;
}


static const char *const  states[] = {
    "settled", "ready", "moved", "again", "committed", "unknown"
};


static void
test_is(const pm_pull_t *pull, pm_batch_state_t state,
    pm_batch_state_t expected)
{
    size_t  i;

    if (state == expected) {
        return;
    }

    for (i = 0; i < pull->n; i++) {
        print_message("%zu: %d: %s\n", i, pm_pull_result(pull, i)->state,
                      pm_pull_result(pull, i)->error.message);
    }

    fail_msg("%s in place of %s", states[state], states[expected]);
}


/* One promotion onto its head branch. */

static void
test_commits(test_t *t, const pm_promotion_t *promotion)
{
    pm_pull_t  *pull;

    pull = test_pull(t, promotion, 1, NULL);

    test_is(pull, pm_pull_plan(pull), PM_BATCH_READY);
    assert_true(pm_pull_sends(pull, 0));
    test_is(pull, pm_pull_push(pull), PM_BATCH_COMMITTED);
    assert_int_equal(pm_pull_result(pull, 0)->state, PM_RESULT_COMMITTED);

    pm_pull_destroy(pull);
}


/* It is not even pushed, and why. */

static void
test_refuses(test_t *t, const pm_promotion_t *promotion, pm_code_t code,
    const char *message)
{
    pm_pull_t          *pull;
    const pm_result_t  *result;

    pull = test_pull(t, promotion, 1, NULL);

    test_is(pull, pm_pull_plan(pull), PM_BATCH_SETTLED);
    result = pm_pull_result(pull, 0);

    assert_int_equal(result->state, PM_RESULT_FAILED);

    if (result->error.code != code
        || strstr(result->error.message, message) == NULL)
    {
        fail_msg("%d: %s", result->error.code, result->error.message);
    }

    pm_pull_destroy(pull);
}


static void
test_tip(test_t *t, const char *branch, const char *expected)
{
    char  *text;

    text = test_run(t, "git -C remote.git rev-parse -q --verify "
                       "'refs/heads/%s' || echo none", branch);
    assert_string_equal(text, expected);
    free(text);
}


static void
test_one(void **state)
{
    char               *base;
    test_t             *t;
    pm_pull_t          *pull;
    pm_promotion_t      promotion;
    const pm_result_t  *result;

    t = *state;

    test_commit(t, "mkdir dev prod && echo tag: 2 > dev/a && "
                "echo tag: 1 > prod/a");
    base = test_run(t, "git -C remote.git rev-parse main");

    promotion = test_request(t, 1, "dev", "prod");
    pull = test_pull(t, &promotion, 1, NULL);

    test_is(pull, pm_pull_plan(pull), PM_BATCH_READY);
    test_tip(t, HEAD, "none");
    test_is(pull, pm_pull_push(pull), PM_BATCH_COMMITTED);

    result = pm_pull_result(pull, 0);
    test_tip(t, HEAD, result->commit);
    test_tip(t, "main", base);
    assert_string_equal(result->pull->head, HEAD);
    assert_string_equal(result->pull->base, "main");
    assert_int_equal(strlen(result->digest), 64);
    assert_non_null(strstr(result->pull->body, "| `prod/a` | modified | "
                                               "+1 -1 |"));

    test_prints(t, "git -C remote.git rev-parse " HEAD "^", base);
    test_prints(t, "git -C remote.git log -1 --format=%an,%cn,%ct " HEAD,
                "A U Thor,promotions,1700000000");
    test_prints(t, "git -C remote.git log -1 --format=%B " HEAD
                " | sed 's/@.*/@sha/'",
                "promote dev to prod\n\n"
                "Promotion-Id: 01890a5d-ac96-774b-bcce-000000000001\n"
                "Promoted-From: orders/dev@sha\n"
                "Promoted-To: codefresh/orders/prod\n"
                "Promoted-By: ci");
    test_prints(t, "git -C remote.git show " HEAD ":prod/a", "tag: 2");
    test_prints(t, "git -C remote.git fsck --strict 2>&1 | grep -v dangling "
                "|| true", "");

    free(base);
    pm_pull_destroy(pull);
}


/* The same parent and the same tree: whoever it is of. */

static void
test_what_is_there(void **state)
{
    char            *tip;
    test_t          *t;
    pm_pull_t       *pull;
    pm_promotion_t   promotion;

    t = *state;

    test_commit(t, "mkdir dev prod && echo 2 > dev/a && echo 1 > prod/a");
    promotion = test_request(t, 1, "dev", "prod");
    test_commits(t, &promotion);
    tip = test_run(t, "git -C remote.git rev-parse " HEAD);

    promotion = test_request(t, 2, "dev", "prod");
    promotion.message = "another message, by somebody else";
    promotion.author_name = "Else";
    pull = test_pull(t, &promotion, 1, NULL);

    test_is(pull, pm_pull_plan(pull), PM_BATCH_COMMITTED);
    assert_string_equal(pm_pull_result(pull, 0)->commit, tip);
    assert_non_null(strstr(pm_pull_result(pull, 0)->pull->body,
                           "000000000002"));
    test_tip(t, HEAD, tip);
    pm_pull_destroy(pull);

    /* another process, without a mirror */

    test_do(t, "rm -rf mirrors");
    test_restart(t);
    pull = test_pull(t, &promotion, 1, NULL);
    test_is(pull, pm_pull_plan(pull), PM_BATCH_COMMITTED);
    assert_string_equal(pm_pull_result(pull, 0)->commit, tip);
    pm_pull_destroy(pull);

    free(tip);
}


static void
test_ours_is_replaced(void **state)
{
    test_t          *t;
    pm_promotion_t   promotion;

    t = *state;

    test_commit(t, "mkdir dev prod && echo 2 > dev/a && echo 1 > prod/a");
    promotion = test_request(t, 1, "dev", "prod");
    test_commits(t, &promotion);

    /* the base has moved */

    test_commit(t, "echo x > other");
    test_commits(t, &promotion);
    test_prints(t, "git -C remote.git rev-list --count main.." HEAD, "1");
    test_prints(t, "test $(git -C remote.git rev-parse main) = "
                "$(git -C remote.git rev-parse " HEAD "^) && echo yes", "yes");

    /* the source has changed */

    test_commit(t, "echo 3 > dev/a");
    promotion = test_request(t, 2, "dev", "prod");
    test_commits(t, &promotion);
    test_prints(t, "git -C remote.git show " HEAD ":prod/a", "3");
    test_prints(t, "git -C remote.git rev-list --count main.." HEAD, "1");

    /* the base was rewritten: what ours stood on is gone */

    test_do(t, "cd work && git checkout -q --orphan new && "
            "git commit -q -m new && git push -q -f origin new:main 2>&1");
    test_commits(t, &promotion);
    test_prints(t, "git -C remote.git rev-list --count " HEAD, "2");
}


static void
test_somebody_elses(void **state)
{
    size_t           i;
    char            *before;
    test_t          *t;
    pm_promotion_t   promotion;

    static const char *const  deeds[] = {

        /* on top */
        "cd work && git fetch -q && git checkout -q FETCH_HEAD && "
        "git fetch -q origin " HEAD " && git checkout -q FETCH_HEAD && "
        "echo 9 > prod/mine && git add -A && git commit -q -m mine && "
        "git push -q origin HEAD:refs/heads/" HEAD,

        /* amended: our message, their commit */
        "cd work && git fetch -q origin " HEAD " && "
        "git checkout -q FETCH_HEAD && echo 9 > prod/mine && git add -A && "
        "git commit -q --amend -C HEAD && "
        "git push -q -f origin HEAD:refs/heads/" HEAD,

        /* the base merged into it */
        "cd work && git fetch -q origin " HEAD " && "
        "git checkout -q FETCH_HEAD && "
        "git merge -q --no-ff origin/main -m merged && "
        "git push -q origin HEAD:refs/heads/" HEAD,

        /* never ours */
        "cd work && git push -q -f origin HEAD~1:refs/heads/" HEAD,
        "cd work && git checkout -q --orphan o && git commit -q -m root && "
        "git push -q -f origin HEAD:refs/heads/" HEAD
    };

    t = *state;

    test_commit(t, "mkdir dev prod && echo 2 > dev/a && echo 1 > prod/a");
    test_commit(t, "echo again > other");
    promotion = test_request(t, 1, "dev", "prod");

    for (i = 0; i < sizeof(deeds) / sizeof(deeds[0]); i++) {
        test_do(t, "git -C remote.git update-ref -d refs/heads/" HEAD);
        test_commits(t, &promotion);

        /* so that there would be something to write */

        test_do(t, "cd work && git checkout -q main && git pull -q && "
                "date +%N >> other && git commit -q -a -m other && "
                "git push -q origin main && git fetch -q");

        free(test_run(t, "%s", deeds[i]));
        before = test_run(t, "git -C remote.git rev-parse " HEAD);

        test_refuses(t, &promotion, PM_CONFLICT, "head branch " HEAD
                     " is taken: its last commit");
        test_tip(t, HEAD, before);
        free(before);
    }
}


/* A commit of ours with this message by this committer is, or is not. */

static void
test_whose(void **state)
{
    size_t           i;
    char            *command;
    test_t          *t;
    pm_promotion_t   promotion;

    static const struct {
        const char  *committer;
        const char  *message;
        int          ours;
    } cases[] = {
        { "promotions", "m\n\nPromotion-Id: 1\nPromoted-From: a/b@c\n"
          "Promoted-To: codefresh/orders/prod\nPromoted-By: x\n", 1 },
        { "someone", "m\n\nPromotion-Id: 1\nPromoted-From: a/b@c\n"
          "Promoted-To: codefresh/orders/prod\nPromoted-By: x\n", 0 },
        { "promotions", "m\n\nPromotion-Id: 1\nPromoted-From: a/b@c\n"
          "Promoted-To: codefresh/orders/prod2\nPromoted-By: x\n", 0 },
        { "promotions", "m\n\nPromotion-Id: 1\nPromoted-From: a/b@c\n"
          "Promoted-To: other/orders/prod\nPromoted-By: x\n", 0 },
        { "promotions", "m\n\nPromotion-Id: 1\nPromoted-From: a/b@c\n"
          "Promoted-By: x\n", 0 },
        { "promotions", "m\n\nPromoted-To: codefresh/orders/prod\n", 0 },
        { "promotions", "m\n\nPromotion-Id: 1\nPromoted-From: a/b@c\n"
          "Promoted-To: codefresh/orders/prod\nPromoted-By: x\n\nmore\n", 0 },
        { "promotions", "Promoted-To: codefresh/orders/prod\n", 0 }
    };

    t = *state;

    test_commit(t, "mkdir dev prod && echo 2 > dev/a && echo 1 > prod/a");
    promotion = test_request(t, 1, "dev", "prod");

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        command = pm_arena_printf(t->arena,
            "git -C remote.git update-ref refs/heads/" HEAD " $(printf '%s' | "
            "GIT_COMMITTER_NAME=%s "
            "GIT_COMMITTER_EMAIL=promotions@localhost git -C remote.git "
            "commit-tree main^{tree} -p main -F -)", cases[i].message,
            cases[i].committer);
        test_do(t, command);

        if (cases[i].ours) {
            test_commits(t, &promotion);
        } else {
            test_refuses(t, &promotion, PM_CONFLICT, "is taken");
        }
    }
}


static void
test_names_that_collide(void **state)
{
    test_t          *t;
    pm_promotion_t   promotion;

    t = *state;

    test_commit(t, "mkdir dev prod && echo 2 > dev/a && echo 1 > prod/a");
    promotion = test_request(t, 1, "dev", "prod");

    test_do(t, "git -C remote.git branch promote main");
    test_refuses(t, &promotion, PM_CONFLICT, "head branch " HEAD
                 " cannot be made: there is a branch promote");
    test_do(t, "git -C remote.git branch -D promote");

    promotion.pull->head = "promote/orders";
    test_commits(t, &promotion);
    test_do(t, "git -C remote.git update-ref -d refs/heads/promote/orders && "
            "git -C remote.git branch promote/orders/x/y main && "
            "git -C remote.git branch promote/orders-x main");
    test_refuses(t, &promotion, PM_CONFLICT, "head branch promote/orders "
                 "cannot be made: there is a branch promote/orders/x/y");

    test_do(t, "git -C remote.git branch -D promote/orders/x/y");
    test_commits(t, &promotion);
}


/* What has come to it looks like ours. */

static void
test_default_branch(void **state)
{
    char            *tip;
    test_t          *t;
    pm_promotion_t   promotion;

    t = *state;

    test_commit(t, "mkdir dev prod && echo 2 > dev/a && echo 1 > prod/a");
    test_do(t, "git -C remote.git branch trunk main");

    promotion = test_request(t, 1, "dev", "prod");
    promotion.parts[0].destination.branch = "trunk";
    promotion.pull->head = "trunk";
    test_commits(t, &promotion);

    test_do(t, "git -C remote.git update-ref refs/heads/main " HEAD " && "
            "git clone -q -b trunk remote.git two && cd two && echo 1 > n && "
            "git add -A && git commit -q -m n && git push -q origin trunk");
    tip = test_run(t, "git -C remote.git rev-parse main");

    promotion.parts[0].source.branch = "trunk";
    promotion.pull->head = "main";
    test_refuses(t, &promotion, PM_CONFLICT, "main is the default branch of");
    test_tip(t, "main", tip);
    free(tip);

    /* where nothing says which branch the destination is */

    promotion = test_request(t, 2, "dev", "prod");
    promotion.parts[0].destination.branch = NULL;
    promotion.parts[0].source.branch = "trunk";
    test_do(t, "git -C remote.git update-ref refs/heads/main trunk && "
            "git -C remote.git update-ref -d refs/heads/" HEAD);
    test_commits(t, &promotion);
    test_prints(t, "git -C remote.git rev-list --count main.." HEAD, "1");
}


static void
test_one_head_for_several(void **state)
{
    size_t           i;
    test_t          *t;
    pm_pull_t       *pull;
    pm_promotion_t   promotions[5];

    t = *state;

    test_commit(t, "mkdir dev qa prod && echo 2 > dev/a && echo 3 > qa/a && "
                "echo 1 > prod/a");

    /* two that are equal, one of another source, one of another destination,
     * and one with a head of its own */

    promotions[0] = test_request(t, 1, "dev", "prod");
    promotions[1] = test_request(t, 2, "dev", "prod");
    promotions[2] = test_request(t, 3, "qa", "prod");
    promotions[3] = test_request(t, 4, "dev", "qa");
    promotions[4] = test_request(t, 5, "dev", "qa");

    for (i = 0; i < 4; i++) {
        promotions[i].pull->head = "one";
    }

    pull = test_pull(t, promotions, 5, NULL);

    test_is(pull, pm_pull_plan(pull), PM_BATCH_READY);
    assert_true(pm_pull_sends(pull, 0) && pm_pull_sends(pull, 1));
    assert_false(pm_pull_sends(pull, 2) || pm_pull_sends(pull, 3));
    assert_true(pm_pull_sends(pull, 4));

    test_is(pull, pm_pull_push(pull), PM_BATCH_COMMITTED);
    assert_int_equal(pm_pull_result(pull, 1)->state, PM_RESULT_COMMITTED);
    assert_string_equal(pm_pull_result(pull, 0)->commit,
                        pm_pull_result(pull, 1)->commit);
    assert_int_equal(pm_pull_result(pull, 2)->state, PM_RESULT_NONE);
    assert_int_equal(pm_pull_result(pull, 3)->state, PM_RESULT_NONE);

    /* when these are open, the others come */

    for (i = 0; i < 5; i++) {
        if (pull->outcomes[i].result.state == PM_RESULT_COMMITTED) {
            pull->outcomes[i].result.state = PM_RESULT_LANDED;
        }
    }

    test_is(pull, pm_pull_plan(pull), PM_BATCH_READY);
    assert_true(pm_pull_sends(pull, 2));
    assert_false(pm_pull_sends(pull, 3));
    test_is(pull, pm_pull_push(pull), PM_BATCH_COMMITTED);
    test_tip(t, "one", pm_pull_result(pull, 2)->commit);
    test_prints(t, "git -C remote.git show one:prod/a", "3");
    test_prints(t, "git -C remote.git rev-list --count main..one", "1");

    pull->outcomes[2].result.state = PM_RESULT_LANDED;
    test_is(pull, pm_pull_plan(pull), PM_BATCH_SETTLED);
    assert_int_equal(pm_pull_result(pull, 3)->state, PM_RESULT_FAILED);
    assert_int_equal(pm_pull_result(pull, 3)->error.code, PM_CONFLICT);

    pm_pull_destroy(pull);
}


/* Somebody is quicker; then it is theirs. */

static void
test_moved(void **state)
{
    char            *theirs;
    test_t          *t;
    pm_pull_t       *pull;
    pm_promotion_t   promotions[2];

    t = *state;

    test_commit(t, "mkdir dev qa prod && echo 2 > dev/a && echo 1 > prod/a");
    promotions[0] = test_request(t, 1, "dev", "prod");
    promotions[1] = test_request(t, 2, "dev", "qa");

    pull = test_pull(t, promotions, 2, NULL);
    test_is(pull, pm_pull_plan(pull), PM_BATCH_READY);
    test_do(t, "git -C remote.git update-ref refs/heads/" HEAD " main");
    theirs = test_run(t, "git -C remote.git rev-parse main");

    /* the other one has nothing to do with it */

    test_is(pull, pm_pull_push(pull), PM_BATCH_COMMITTED);
    assert_int_equal(pm_pull_result(pull, 0)->state, PM_RESULT_NONE);
    assert_int_equal(pm_pull_result(pull, 1)->state, PM_RESULT_COMMITTED);
    test_tip(t, HEAD, theirs);

    pull->outcomes[1].result.state = PM_RESULT_LANDED;
    test_is(pull, pm_pull_plan(pull), PM_BATCH_SETTLED);
    assert_int_equal(pm_pull_result(pull, 0)->error.code, PM_CONFLICT);
    test_tip(t, HEAD, theirs);

    free(theirs);
    pm_pull_destroy(pull);
}


/* Somebody adds to what is about to be replaced: the old value is no longer
 * there, and what they have made is. */

static void
test_moved_when_replaced(void **state)
{
    char            *theirs;
    test_t          *t;
    pm_pull_t       *pull;
    pm_promotion_t   promotion;

    t = *state;

    test_commit(t, "mkdir dev prod && echo 2 > dev/a && echo 1 > prod/a");
    promotion = test_request(t, 1, "dev", "prod");
    test_commits(t, &promotion);
    test_commit(t, "echo x > other");

    pull = test_pull(t, &promotion, 1, NULL);
    test_is(pull, pm_pull_plan(pull), PM_BATCH_READY);

    test_do(t, "cd work && git fetch -q origin " HEAD " && "
            "git checkout -q --detach FETCH_HEAD && echo own > prod/own && "
            "git add -A && git commit -q -m own && "
            "git push -q origin HEAD:refs/heads/" HEAD " 2>&1");
    theirs = test_run(t, "git -C remote.git rev-parse refs/heads/" HEAD);

    test_is(pull, pm_pull_push(pull), PM_BATCH_MOVED);
    test_tip(t, HEAD, theirs);
    test_is(pull, pm_pull_plan(pull), PM_BATCH_SETTLED);
    assert_int_equal(pm_pull_result(pull, 0)->error.code, PM_CONFLICT);
    test_tip(t, HEAD, theirs);

    /* and to what is gone, nothing is added */

    pm_pull_destroy(pull);
    test_do(t, "git -C remote.git update-ref refs/heads/" HEAD " " HEAD "^");
    pull = test_pull(t, &promotion, 1, NULL);
    test_is(pull, pm_pull_plan(pull), PM_BATCH_READY);
    test_do(t, "git -C remote.git update-ref -d refs/heads/" HEAD);
    test_is(pull, pm_pull_push(pull), PM_BATCH_MOVED);
    test_tip(t, HEAD, "none");

    free(theirs);
    pm_pull_destroy(pull);
}


/* Two gateways at once, with the same thing in mind: one commit. */

static void
test_two_at_once(void **state)
{
    test_t          *t;
    pm_pull_t       *one, *two;
    pm_promotion_t   promotions[2];

    t = *state;

    test_commit(t, "mkdir dev prod && echo 2 > dev/a && echo 1 > prod/a");
    promotions[0] = test_request(t, 1, "dev", "prod");
    promotions[1] = test_request(t, 2, "dev", "prod");

    one = test_pull(t, &promotions[0], 1, NULL);
    two = test_pull(t, &promotions[1], 1, NULL);

    test_is(one, pm_pull_plan(one), PM_BATCH_READY);
    test_is(two, pm_pull_plan(two), PM_BATCH_READY);
    test_is(one, pm_pull_push(one), PM_BATCH_COMMITTED);
    test_is(two, pm_pull_push(two), PM_BATCH_MOVED);
    test_is(two, pm_pull_plan(two), PM_BATCH_COMMITTED);
    assert_string_equal(pm_pull_result(one, 0)->commit,
                        pm_pull_result(two, 0)->commit);

    pm_pull_destroy(one);
    pm_pull_destroy(two);
}


static void
test_hooks(void **state)
{
    size_t             i;
    test_t            *t;
    unsigned           pushes;
    pm_pull_t         *pull;
    pm_promotion_t     promotions[16];
    pm_batch_state_t   now;

    t = *state;

    test_commit(t, "for i in $(seq 16); do mkdir a$i b$i && echo 2 > a$i/f; "
                "echo 1 > b$i/f; done");

    for (i = 0; i < 16; i++) {
        promotions[i] = test_request(t, (unsigned) i,
                             pm_arena_printf(t->arena, "a%zu", i + 1),
                             pm_arena_printf(t->arena, "b%zu", i + 1));
    }

    /* one that sees all of them refuses two */

    test_hook(t, "pre-receive", "while read o n r; do case $r in "
              "*/b5/*|*/b12/*) echo no $r; exit 1;; esac; done");
    pull = test_pull(t, promotions, 16, NULL);

    now = pm_pull_plan(pull);

    for (pushes = 0; now == PM_BATCH_READY; pushes++) {
        now = pm_pull_push(pull);

        for (i = 0; i < 16; i++) {
            if (pull->outcomes[i].result.state == PM_RESULT_COMMITTED) {
                pull->outcomes[i].result.state = PM_RESULT_LANDED;
            }
        }

        now = (now == PM_BATCH_COMMITTED || now == PM_BATCH_AGAIN)
              ? pm_pull_plan(pull) : now;
    }

    test_is(pull, now, PM_BATCH_SETTLED);

    for (i = 0; i < 16; i++) {
        if (i == 4 || i == 11) {
            assert_int_equal(pm_pull_result(pull, i)->state,
                             PM_RESULT_FAILED);
            assert_int_equal(pm_pull_result(pull, i)->error.code, PM_REMOTE);
            assert_non_null(strstr(pm_pull_result(pull, i)->error.message,
                                   "hook declined: no refs/heads/promote/"));
        } else {
            assert_int_equal(pm_pull_result(pull, i)->state,
                             PM_RESULT_LANDED);
        }
    }

    assert_true(pushes <= 24);
    pm_pull_destroy(pull);
    test_no_hook(t, "pre-receive");

    /* one that sees each of them refuses one: the push is not repeated */

    test_do(t, "git -C remote.git for-each-ref --format='delete %(refname)' "
            "refs/heads/promote | git -C remote.git update-ref --stdin");
    test_hook(t, "update", "case $1 in */b5/*) echo not this; exit 1;; esac");
    pull = test_pull(t, promotions, 16, NULL);

    test_is(pull, pm_pull_plan(pull), PM_BATCH_READY);
    test_is(pull, pm_pull_push(pull), PM_BATCH_COMMITTED);

    for (i = 0; i < 16; i++) {
        assert_int_equal(pm_pull_result(pull, i)->state,
                         i == 4 ? PM_RESULT_FAILED : PM_RESULT_COMMITTED);
    }

    pm_pull_destroy(pull);
    test_no_hook(t, "update");

    /* one that refuses everything comes to an end */

    test_do(t, "git -C remote.git for-each-ref --format='delete %(refname)' "
            "refs/heads/promote | git -C remote.git update-ref --stdin");
    test_hook(t, "pre-receive", "echo closed; exit 1");
    pull = test_pull(t, promotions, 16, NULL);
    now = pm_pull_plan(pull);

    for (pushes = 0; now == PM_BATCH_READY; pushes++) {
        now = pm_pull_push(pull);
        now = (now == PM_BATCH_AGAIN) ? pm_pull_plan(pull) : now;
    }

    test_is(pull, now, PM_BATCH_SETTLED);
    assert_true(pushes <= 16);

    for (i = 0; i < 16; i++) {
        assert_int_equal(pm_pull_result(pull, i)->state, PM_RESULT_FAILED);
        assert_non_null(strstr(pm_pull_result(pull, i)->error.message,
                               "closed"));
    }

    pm_pull_destroy(pull);
}


static void
test_creates_none(test_t *t, const pm_promotion_t *promotions, size_t n)
{
    pm_pull_t           *pull;
    pm_pull_settings_t   settings;

    memset(&settings, 0, sizeof(pm_pull_settings_t));

    settings.git = t->git;
    settings.committer_name = "x";
    settings.committer_email = "x";

    assert_int_equal(pm_pull_create(&settings, promotions, n, &pull, &t->err),
                     PM_INTERNAL);
}


static void
test_several_bases(void **state)
{
    test_t          *t;
    pm_pull_t       *pull;
    pm_promotion_t   promotions[4];

    t = *state;

    test_commit(t, "mkdir dev prod && echo 2 > dev/a && echo 1 > prod/a");
    test_do(t, "git -C remote.git branch next main && "
            "git -C remote.git tag v1 main");

    promotions[0] = test_request(t, 1, "dev", "prod");
    promotions[1] = test_request(t, 2, "dev", "prod");
    promotions[1].parts[0].destination.branch = "next";
    promotions[1].pull->head = "two";
    promotions[2] = test_request(t, 3, "dev", "prod");
    promotions[2].parts[0].destination.branch = "gone";
    promotions[3] = test_request(t, 4, "dev", "prod");
    promotions[3].parts[0].destination.branch = "v1";

    pull = test_pull(t, promotions, 4, NULL);

    test_is(pull, pm_pull_plan(pull), PM_BATCH_READY);
    test_is(pull, pm_pull_push(pull), PM_BATCH_COMMITTED);
    assert_string_equal(pm_pull_result(pull, 1)->pull->base, "next");
    test_tip(t, HEAD, pm_pull_result(pull, 0)->commit);
    test_tip(t, "two", pm_pull_result(pull, 1)->commit);
    assert_non_null(strstr(pm_pull_result(pull, 2)->error.message,
                           "destination branch gone does not exist"));
    assert_non_null(strstr(pm_pull_result(pull, 3)->error.message,
                           "destination v1 of"));
    pm_pull_destroy(pull);

    /* also where the first one is the one without a base */

    promotions[0] = promotions[2];
    test_do(t, "git -C remote.git branch -D two");
    pull = test_pull(t, promotions, 2, NULL);
    test_is(pull, pm_pull_plan(pull), PM_BATCH_READY);
    test_is(pull, pm_pull_push(pull), PM_BATCH_COMMITTED);
    test_tip(t, "two", pm_pull_result(pull, 1)->commit);
    pm_pull_destroy(pull);

    /* not into another repository */

    promotions[1] = test_request(t, 2, "dev", "prod");
    test_location(t, &promotions[1].parts[0].destination, "other.git", "main",
                  "prod");
    test_creates_none(t, promotions, 2);

    promotions[0].kind = PM_PROMOTION_COMMIT;
    test_creates_none(t, promotions, 1);
}


static void
test_what_fails(void **state)
{
    test_t          *t;
    pm_promotion_t   promotion;

    t = *state;

    test_commit(t, "mkdir dev prod same && echo 2 > dev/a && "
                "echo 1 > prod/a && echo 2 > same/a");

    promotion = test_request(t, 1, "dev", "same");
    test_refuses(t, &promotion, PM_NO_CHANGES, "no changes found between");

    promotion = test_request(t, 1, "none", "prod");
    test_refuses(t, &promotion, PM_NOT_FOUND, "none");

    promotion = test_request(t, 1, "dev", "prod");
    promotion.expected_digest = "00";
    test_refuses(t, &promotion, PM_CONFLICT, "expectedDigest is 00");

    promotion = test_request(t, 1, "dev", "prod");
    promotion.message = "x\nPromoted-To: a/b/c";
    test_refuses(t, &promotion, PM_INVALID, "must not contain");

    promotion = test_request(t, 1, "dev", "prod");
    test_do(t, "mv remote.git away");
    test_refuses(t, &promotion, PM_REMOTE, "remote.git");
}


/* What is recorded needs nothing but the provider. */

static void
test_resumed(void **state)
{
    test_t               *t;
    pm_pull_t            *pull;
    pm_promotion_t        promotions[2];
    pm_pull_committed_t   committed[2];

    t = *state;

    test_commit(t, "mkdir dev prod && echo 2 > dev/a && echo 1 > prod/a");
    promotions[0] = test_request(t, 1, "dev", "prod");
    promotions[1] = test_request(t, 2, "dev", "prod");

    memset(committed, 0, sizeof(committed));
    committed[0].commit = "0123456789012345678901234567890123456789";
    committed[0].head = "h";
    committed[0].base = "main";
    committed[0].body = "text";

    pull = test_pull(t, promotions, 1, committed);
    test_do(t, "mv remote.git away");
    test_is(pull, pm_pull_plan(pull), PM_BATCH_COMMITTED);
    assert_string_equal(pm_pull_result(pull, 0)->commit, committed[0].commit);
    assert_string_equal(pm_pull_result(pull, 0)->pull->head, "h");
    assert_string_equal(pm_pull_result(pull, 0)->pull->body, "text");
    pm_pull_destroy(pull);

    /* others are planned beside it */

    test_do(t, "mv away remote.git");
    pull = test_pull(t, promotions, 2, committed);
    test_is(pull, pm_pull_plan(pull), PM_BATCH_READY);
    assert_false(pm_pull_sends(pull, 0));
    test_is(pull, pm_pull_push(pull), PM_BATCH_COMMITTED);
    test_tip(t, HEAD, pm_pull_result(pull, 1)->commit);
    pm_pull_destroy(pull);

    /* one that may be what kills its leaders */

    pull = test_pull(t, promotions, 2, NULL);
    pull->settings.giving_up = 1;
    test_is(pull, pm_pull_plan(pull), PM_BATCH_SETTLED);
    assert_int_equal(pm_pull_result(pull, 0)->state, PM_RESULT_FAILED);
    assert_int_equal(pm_pull_result(pull, 0)->error.code, PM_INTERNAL);
    pm_pull_destroy(pull);
}


/* What an earlier leader began to push is not failed because the remote is
 * away now. */

static void
test_in_doubt(void **state)
{
    test_t          *t;
    pm_pull_t       *pull;
    pm_promotion_t   promotion;

    t = *state;

    test_commit(t, "mkdir dev prod && echo 2 > dev/a && echo 1 > prod/a");
    promotion = test_request(t, 1, "dev", "prod");

    pull = test_pull(t, &promotion, 1, NULL);
    pull->outcomes[0].doubtful = 1;
    pull->items[0].inherited = 1;

    test_do(t, "mv remote.git away");
    test_is(pull, pm_pull_plan(pull), PM_BATCH_UNKNOWN);
    assert_int_equal(pm_pull_result(pull, 0)->state, PM_RESULT_UNKNOWN);

    test_do(t, "mv away remote.git");
    test_is(pull, pm_pull_plan(pull), PM_BATCH_READY);
    test_is(pull, pm_pull_push(pull), PM_BATCH_COMMITTED);
    test_tip(t, HEAD, pm_pull_result(pull, 0)->commit);
    pm_pull_destroy(pull);

    /* read, and wrong: that is its end */

    promotion = test_request(t, 2, "none", "prod");
    pull = test_pull(t, &promotion, 1, NULL);
    pull->outcomes[0].doubtful = 1;
    pull->items[0].inherited = 1;
    test_is(pull, pm_pull_plan(pull), PM_BATCH_SETTLED);
    assert_int_equal(pm_pull_result(pull, 0)->state, PM_RESULT_FAILED);
    pm_pull_destroy(pull);
}


/* A node whose settings have changed does not end what others can. */

static void
test_unknown_provider(void **state)
{
    test_t               *t;
    pm_pull_t            *pull;
    pm_promotion_t        promotions[2];
    pm_pull_committed_t   committed[2];

    t = *state;

    test_commit(t, "mkdir dev prod && echo 2 > dev/a && echo 1 > prod/a");
    promotions[0] = test_request(t, 1, "dev", "prod");
    promotions[1] = test_request(t, 2, "dev", "prod");

    memset(committed, 0, sizeof(committed));
    committed[0].commit = "0123456789012345678901234567890123456789";
    committed[0].head = "h";
    committed[0].base = "main";

    pull = test_pull(t, promotions, 2, committed);
    (void) pm_error_set(&pull->unknown, PM_UNPROCESSABLE, "no provider");

    test_is(pull, pm_pull_plan(pull), PM_BATCH_COMMITTED);
    assert_int_equal(pm_pull_result(pull, 1)->error.code, PM_UNPROCESSABLE);
    test_is(pull, pm_pull_open(pull), PM_BATCH_SETTLED);
    assert_int_equal(pm_pull_result(pull, 0)->state, PM_RESULT_PENDING);
    assert_string_equal(pm_pull_result(pull, 0)->error.message, "no provider");
    test_tip(t, HEAD, "none");

    pm_pull_destroy(pull);
}


/* The same where what an earlier leader has pushed is still in doubt: it is
 * looked for, whatever this node knows of the provider. */

static void
test_unknown_provider_in_doubt(void **state)
{
    test_t              *t;
    pm_oid_t             base;
    pm_pull_t           *pull;
    pm_promotion_t       promotion;
    pm_pull_settings_t   settings;

    t = *state;

    test_commit(t, "mkdir dev prod && echo 2 > dev/a && echo 1 > prod/a");
    promotion = test_request(t, 1, "dev", "prod");
    memset(&base, 1, sizeof(pm_oid_t));

    memset(&settings, 0, sizeof(pm_pull_settings_t));
    settings.git = t->git;
    settings.committer_name = "promotions";
    settings.committer_email = "promotions@localhost";
    settings.now = TEST_NOW;
    settings.bases = &base;

    test_ok(t, pm_pull_create(&settings, &promotion, 1, &pull, &t->err));
    assert_int_equal(pull->unknown.code, PM_UNPROCESSABLE);
    assert_null(pull->repository.forge);

    test_is(pull, pm_pull_plan(pull), PM_BATCH_READY);
    test_is(pull, pm_pull_push(pull), PM_BATCH_COMMITTED);
    test_tip(t, HEAD, pm_pull_result(pull, 0)->commit);
    test_is(pull, pm_pull_open(pull), PM_BATCH_SETTLED);
    assert_int_equal(pm_pull_result(pull, 0)->state, PM_RESULT_PENDING);

    pm_pull_destroy(pull);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test_setup_teardown(test_one, test_setup, test_teardown),
        cmocka_unit_test_setup_teardown(test_what_is_there, test_setup,
                                        test_teardown),
        cmocka_unit_test_setup_teardown(test_ours_is_replaced, test_setup,
                                        test_teardown),
        cmocka_unit_test_setup_teardown(test_somebody_elses, test_setup,
                                        test_teardown),
        cmocka_unit_test_setup_teardown(test_whose, test_setup,
                                        test_teardown),
        cmocka_unit_test_setup_teardown(test_names_that_collide, test_setup,
                                        test_teardown),
        cmocka_unit_test_setup_teardown(test_default_branch, test_setup,
                                        test_teardown),
        cmocka_unit_test_setup_teardown(test_one_head_for_several, test_setup,
                                        test_teardown),
        cmocka_unit_test_setup_teardown(test_moved, test_setup,
                                        test_teardown),
        cmocka_unit_test_setup_teardown(test_moved_when_replaced,
                                        test_setup, test_teardown),
        cmocka_unit_test_setup_teardown(test_two_at_once, test_setup,
                                        test_teardown),
        cmocka_unit_test_setup_teardown(test_hooks, test_setup,
                                        test_teardown),
        cmocka_unit_test_setup_teardown(test_several_bases, test_setup,
                                        test_teardown),
        cmocka_unit_test_setup_teardown(test_what_fails, test_setup,
                                        test_teardown),
        cmocka_unit_test_setup_teardown(test_resumed, test_setup,
                                        test_teardown),
        cmocka_unit_test_setup_teardown(test_in_doubt, test_setup,
                                        test_teardown),
        cmocka_unit_test_setup_teardown(test_unknown_provider, test_setup,
                                        test_teardown),
        cmocka_unit_test_setup_teardown(test_unknown_provider_in_doubt,
                                        test_setup, test_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
