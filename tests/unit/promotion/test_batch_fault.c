/*
 * Batches whose pushes are cut, refused or repeated: nothing is lost, nothing
 * lands twice (durability.md, 2).
 */

#include "batch.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <time.h>


/* A push that arrives, and whose answer does not. */

#define TEST_CUT_AFTER   "if [ \"$1\" = committed ]; then kill -9 $PPID; fi"

/* One that is cut on its way in. */

#define TEST_CUT_BEFORE  "kill -9 $PPID"


static void
test_start(test_t *t)
{
    test_commit(t, "mkdir dev && echo 1 > dev/a");
}


static void
test_is_unknown(pm_batch_t *batch, size_t i)
{
    assert_int_equal(pm_batch_result(batch, i)->state, PM_RESULT_UNKNOWN);
}


static void
test_an_answer_that_is_lost(void **state)
{
    test_t          *t;
    pm_batch_t      *batch;
    pm_promotion_t   promotions[2];

    t = *state;
    test_start(t);
    test_hook(t, "reference-transaction", TEST_CUT_AFTER);

    promotions[0] = test_promotion(t, 1, "dev", "prod");
    promotions[1] = test_promotion(t, 2, "dev", "qa");
    batch = test_batch(t, promotions, 2);

    /* it is looked for at once, and found */

    test_plans(batch, PM_BATCH_READY);
    test_pushes(batch, PM_BATCH_SETTLED);
    test_landed(t, batch, 0, "main~1");
    test_landed(t, batch, 1, "main");
    test_equal(t, "dev", "prod");
    test_prints(t, "git -C remote.git rev-list --count main", "3");

    pm_batch_destroy(batch);

    /* the mirror is of use afterwards */

    test_no_hook(t, "reference-transaction");
    promotions[0] = test_promotion(t, 3, "prod", "more");
    batch = test_batch(t, promotions, 1);
    test_lands(batch);
    pm_batch_destroy(batch);
}


/* The same, and others have pushed on top before anybody looks. */

static void
test_a_lost_answer_and_a_moved_head(void **state)
{
    test_t          *t;
    pm_batch_t      *batch;
    pm_promotion_t   promotion;

    t = *state;
    test_start(t);
    test_do(t, "git clone -q remote.git on-top 2>/dev/null");

    /* the hook's parent dies, and the hook itself pushes a commit on top */

    test_hook(t, "reference-transaction",
              "[ \"$1\" = committed ] || exit 0; kill -9 $PPID; "
              "rm hooks/reference-transaction; c=$(git -c user.name=h "
              "-c user.email=h@h commit-tree -p main "
              "-m top \"main^{tree}\") && git update-ref refs/heads/main $c");

    promotion = test_promotion(t, 1, "dev", "prod");
    batch = test_batch(t, &promotion, 1);

    test_plans(batch, PM_BATCH_READY);

    /* either it is found at once, or by the next plan */

    if (pm_batch_push(batch) != PM_BATCH_SETTLED) {
        test_do(t, "sleep 1");
        test_plans(batch, PM_BATCH_SETTLED);
    }

    test_do(t, "sleep 1");
    test_landed(t, batch, 0, "main~1");
    test_equal(t, "dev", "prod");

    pm_batch_destroy(batch);
}


static void
test_a_push_that_is_cut(void **state)
{
    test_t          *t;
    pm_oid_t         base;
    pm_batch_t      *batch;
    pm_promotion_t   promotion;

    t = *state;
    test_start(t);
    test_hook(t, "pre-receive", TEST_CUT_BEFORE);

    promotion = test_promotion(t, 1, "dev", "prod");
    batch = test_batch(t, &promotion, 1);

    test_plans(batch, PM_BATCH_READY);
    base = *pm_batch_base(batch);

    test_pushes(batch, PM_BATCH_UNKNOWN);
    test_is_unknown(batch, 0);

    /* a caller that gives up does not make it a failure */

    pm_batch_fail(batch, &t->err);
    test_is_unknown(batch, 0);

    /* as long as the head is the old one the same is sent again */

    test_plans(batch, PM_BATCH_READY);
    assert_true(pm_oid_equal(pm_batch_base(batch), &base));
    test_pushes(batch, PM_BATCH_UNKNOWN);

    /* an answer ends the doubt, also a refusal */

    test_hook(t, "pre-receive", "echo closed >&2; exit 1");
    test_plans(batch, PM_BATCH_READY);
    test_pushes(batch, PM_BATCH_SETTLED);
    test_failed(batch, 0, PM_REMOTE, "closed");
    test_prints(t, "git -C remote.git rev-list --count main", "1");

    pm_batch_destroy(batch);
}


static void
test_a_cut_push_that_is_sent_again(void **state)
{
    test_t          *t;
    pm_batch_t      *batch;
    pm_promotion_t   promotion;

    t = *state;
    test_start(t);
    test_hook(t, "pre-receive", TEST_CUT_BEFORE);

    promotion = test_promotion(t, 1, "dev", "prod");
    batch = test_batch(t, &promotion, 1);

    test_plans(batch, PM_BATCH_READY);
    test_pushes(batch, PM_BATCH_UNKNOWN);

    /* even while the remote cannot be read it stays unknown */

    test_do(t, "mv remote.git away.git");
    test_plans(batch, PM_BATCH_UNKNOWN);
    test_is_unknown(batch, 0);
    test_do(t, "mv away.git remote.git");

    test_no_hook(t, "pre-receive");
    test_plans(batch, PM_BATCH_READY);
    test_pushes(batch, PM_BATCH_SETTLED);
    test_landed(t, batch, 0, "main");
    test_equal(t, "dev", "prod");
    test_prints(t, "git -C remote.git rev-list --count main", "2");

    pm_batch_destroy(batch);
}


/* The server goes on with the first push after its connection has ended, and
 * is done when the second one comes. */

static void
test_a_cut_push_that_lands_later(void **state)
{
    test_t          *t;
    pm_batch_t      *batch;
    pm_promotion_t   promotion;

    t = *state;
    test_start(t);
    test_hook(t, "pre-receive",
              "read old new ref; echo $new > later; "
              "cp -r $GIT_QUARANTINE_PATH/?? objects/; kill -9 $PPID");

    promotion = test_promotion(t, 1, "dev", "prod");
    batch = test_batch(t, &promotion, 1);

    test_plans(batch, PM_BATCH_READY);
    test_pushes(batch, PM_BATCH_UNKNOWN);
    test_plans(batch, PM_BATCH_READY);

    test_no_hook(t, "pre-receive");
    test_do(t, "cd remote.git && git update-ref refs/heads/main $(cat later)");

    test_pushes(batch, PM_BATCH_MOVED);
    test_plans(batch, PM_BATCH_SETTLED);
    test_landed(t, batch, 0, "main");
    test_equal(t, "dev", "prod");
    test_prints(t, "git -C remote.git rev-list --count main", "2");

    pm_batch_destroy(batch);
}


static void
test_a_cut_push_and_a_moved_head(void **state)
{
    test_t          *t;
    pm_batch_t      *batch;
    pm_promotion_t   promotion;

    t = *state;
    test_start(t);
    test_hook(t, "pre-receive", TEST_CUT_BEFORE);

    promotion = test_promotion(t, 1, "dev", "prod");
    batch = test_batch(t, &promotion, 1);

    test_plans(batch, PM_BATCH_READY);
    test_pushes(batch, PM_BATCH_UNKNOWN);

    /* on another head the old push cannot land: it is planned anew */

    test_no_hook(t, "pre-receive");
    test_commit(t, "echo 2 > dev/a");

    test_plans(batch, PM_BATCH_READY);
    assert_int_equal(pm_batch_result(batch, 0)->state, PM_RESULT_NONE);
    test_pushes(batch, PM_BATCH_SETTLED);
    test_landed(t, batch, 0, "main");
    test_prints(t, "git -C remote.git show main:prod/a", "2");

    pm_batch_destroy(batch);
}


static void
test_a_takeover_finds_what_landed(void **state)
{
    test_t          *t;
    pm_oid_t         base;
    pm_batch_t      *batch;
    pm_promotion_t   promotions[3];

    t = *state;
    test_start(t);
    base = test_oid(t, "main");

    promotions[0] = test_promotion(t, 1, "dev", "prod");
    promotions[1] = test_promotion(t, 2, "dev", "qa");
    promotions[2] = test_promotion(t, 3, "dev", "prod");

    batch = test_batch(t, promotions, 2);
    test_lands(batch);
    pm_batch_destroy(batch);

    test_commit(t, "git pull -q --no-rebase origin main && "
                "echo later > later");

    /* the third was never pushed: for it there is nothing left to do */

    batch = test_takeover(t, promotions, 3, &base);
    test_plans(batch, PM_BATCH_SETTLED);
    test_landed(t, batch, 0, "main~2");
    test_landed(t, batch, 1, "main~1");
    test_failed(batch, 2, PM_NO_CHANGES, "no changes found");
    pm_batch_destroy(batch);

    /* without a base the whole branch is searched */

    batch = test_takeover(t, promotions, 2, NULL);
    test_plans(batch, PM_BATCH_SETTLED);
    test_landed(t, batch, 0, "main~2");
    test_landed(t, batch, 1, "main~1");
    pm_batch_destroy(batch);

    test_prints(t, "git -C remote.git rev-list --count main", "4");
}


/* The dead leader's push may be on its way: while the head is the recorded
 * base, nothing that it may have sent is failed. */

static void
test_a_takeover_fails_nothing_that_may_land(void **state)
{
    test_t          *t;
    pm_oid_t         base;
    pm_batch_t      *batch;
    pm_promotion_t   promotions[2];

    t = *state;
    test_commit(t, "mkdir dev prod && echo 1 | tee dev/a > prod/a");
    base = test_oid(t, "main");

    promotions[0] = test_promotion(t, 1, "dev", "prod");
    promotions[1] = test_promotion(t, 2, "dev", "qa");

    /* alone: nothing can be said until the head moves */

    batch = test_takeover(t, promotions, 1, &base);
    test_plans(batch, PM_BATCH_UNKNOWN);
    test_is_unknown(batch, 0);

    test_commit(t, "echo x > x");
    test_plans(batch, PM_BATCH_SETTLED);
    test_failed(batch, 0, PM_NO_CHANGES, "no changes found");
    pm_batch_destroy(batch);

    /* with a neighbour that lands: then it can */

    base = test_oid(t, "main");
    batch = test_takeover(t, promotions, 2, &base);
    test_plans(batch, PM_BATCH_READY);
    test_is_unknown(batch, 0);
    test_pushes(batch, PM_BATCH_AGAIN);
    test_landed(t, batch, 1, "main");
    test_plans(batch, PM_BATCH_SETTLED);
    test_failed(batch, 0, PM_NO_CHANGES, "no changes found");
    test_landed(t, batch, 1, "main");
    pm_batch_destroy(batch);
}


/* What may kill its leaders is looked for, and otherwise left alone. */

static void
test_a_takeover_that_gives_up(void **state)
{
    test_t               *t;
    pm_oid_t              base;
    pm_batch_t           *batch;
    pm_promotion_t        promotions[2];
    pm_batch_settings_t   settings;

    t = *state;
    test_start(t);
    base = test_oid(t, "main");

    promotions[0] = test_promotion(t, 1, "dev", "prod");
    promotions[1] = test_promotion(t, 2, "dev", "qa");

    batch = test_batch(t, promotions, 1);
    test_lands(batch);
    pm_batch_destroy(batch);

    settings = test_settings(t);
    settings.searching = 1;
    settings.giving_up = 1;
    settings.base = &base;

    test_ok(t, pm_batch_create(&settings, promotions, 2, &batch, &t->err));
    test_plans(batch, PM_BATCH_SETTLED);
    test_landed(t, batch, 0, "main");
    test_failed(batch, 1, PM_INTERNAL, "the promotion was given up");
    pm_batch_destroy(batch);

    test_prints(t, "git -C remote.git rev-list --count main", "2");
}


/* Of several that are taken over, each with its own base, only those that were
 * pushed are in doubt. */

static void
test_a_takeover_of_several_bases(void **state)
{
    test_t               *t;
    pm_oid_t              bases[3], pushing;
    pm_batch_t           *batch;
    pm_promotion_t        promotions[3];
    pm_batch_settings_t   settings;

    t = *state;
    test_commit(t, "mkdir dev prod && echo 1 | tee dev/a > prod/a");

    promotions[0] = test_promotion(t, 2, "dev", "prod");
    promotions[1] = test_promotion(t, 1, "dev", "landed");
    promotions[2] = test_promotion(t, 3, "dev", "prod");

    bases[1] = test_oid(t, "main");
    batch = test_batch(t, promotions + 1, 1);
    test_lands(batch);
    pm_batch_destroy(batch);

    bases[0] = test_oid(t, "main");
    memset(&bases[2], 0, sizeof(pm_oid_t));

    settings = test_settings(t);
    settings.searching = 1;
    settings.bases = bases;

    /* the third never left: what is wrong with it is final */

    test_do(t, "mv remote.git away.git");
    test_ok(t, pm_batch_create(&settings, promotions, 3, &batch, &t->err));
    test_plans(batch, PM_BATCH_UNKNOWN);
    test_is_unknown(batch, 0);
    test_is_unknown(batch, 1);
    test_failed(batch, 2, PM_REMOTE, "remote.git");
    pm_batch_destroy(batch);
    test_do(t, "mv away.git remote.git");

    test_ok(t, pm_batch_create(&settings, promotions, 3, &batch, &t->err));
    test_plans(batch, PM_BATCH_UNKNOWN);
    test_is_unknown(batch, 0);
    test_landed(t, batch, 1, "main");
    test_failed(batch, 2, PM_NO_CHANGES, "no changes found");
    pm_batch_destroy(batch);

    /* none of them left: a first try, but for the name */

    memset(bases, 0, sizeof(bases));
    promotions[1] = promotions[2];
    test_ok(t, pm_batch_create(&settings, promotions, 2, &batch, &t->err));
    test_plans(batch, PM_BATCH_SETTLED);
    test_failed(batch, 0, PM_NO_CHANGES, "no changes found");
    pm_batch_destroy(batch);

    /* pushed before, and again on the head: that second push may yet land */

    bases[0] = test_oid(t, "main~1");
    settings.pushing = &pushing;
    pushing = test_oid(t, "main");

    test_ok(t, pm_batch_create(&settings, promotions, 1, &batch, &t->err));
    test_plans(batch, PM_BATCH_UNKNOWN);
    test_is_unknown(batch, 0);
    pm_batch_destroy(batch);

    pushing = bases[0];

    test_ok(t, pm_batch_create(&settings, promotions, 1, &batch, &t->err));
    test_plans(batch, PM_BATCH_SETTLED);
    test_failed(batch, 0, PM_NO_CHANGES, "no changes found");
    pm_batch_destroy(batch);
}


/* One that had its end and is begun anew: what it had pushed is looked for, and
 * what is not found is in no doubt. */

static void
test_begun_anew(void **state)
{
    test_t               *t;
    pm_oid_t              since[3], bases[3];
    pm_batch_t           *batch;
    pm_promotion_t        promotions[3];
    pm_batch_settings_t   settings;

    t = *state;
    test_commit(t, "mkdir dev same && echo 1 | tee dev/a > same/a");

    promotions[0] = test_promotion(t, 1, "dev", "landed");
    promotions[1] = test_promotion(t, 2, "dev", "same");
    promotions[2] = test_promotion(t, 3, "dev", "new");

    memset(since, 0, sizeof(since));
    memset(bases, 0, sizeof(bases));

    since[0] = test_oid(t, "main");
    batch = test_batch(t, promotions, 1);
    test_lands(batch);
    pm_batch_destroy(batch);

    /* the second's push was refused, on the head that is still there */

    since[1] = test_oid(t, "main");

    settings = test_settings(t);
    settings.bases = bases;
    settings.since = since;

    test_ok(t, pm_batch_create(&settings, promotions, 3, &batch, &t->err));
    test_plans(batch, PM_BATCH_READY);
    test_landed(t, batch, 0, "main");
    test_failed(batch, 1, PM_NO_CHANGES, "no changes found");
    test_pushes(batch, PM_BATCH_SETTLED);
    test_landed(t, batch, 2, "main");
    pm_batch_destroy(batch);

    test_prints(t, "git -C remote.git rev-list --count main", "3");

    /* and its leader has died besides: both of its tries count */

    bases[0] = test_oid(t, "main~1");
    settings.searching = 1;

    test_ok(t, pm_batch_create(&settings, promotions, 1, &batch, &t->err));
    test_plans(batch, PM_BATCH_SETTLED);
    test_landed(t, batch, 0, "main~1");
    pm_batch_destroy(batch);
}


/* A host that does not answer costs its promotions one deadline, and the
 * others nothing but that. */

static void
test_a_source_that_is_silent(void **state)
{
    int                  s;
    time_t               begin;
    size_t               i;
    test_t              *t;
    pm_batch_t          *batch;
    socklen_t            len;
    pm_promotion_t       promotions[4];
    struct sockaddr_in   address;

    t = *state;
    test_start(t);

    memset(&address, 0, sizeof(address));
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    len = sizeof(address);

    s = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(s >= 0);
    assert_int_equal(bind(s, (struct sockaddr *) &address, len), 0);
    assert_int_equal(listen(s, 16), 0);
    assert_int_equal(getsockname(s, (struct sockaddr *) &address, &len), 0);

    for (i = 0; i < 4; i++) {
        promotions[i] = test_promotion(t, (unsigned) i, "dev", "prod");

        if (i < 3) {
            test_ok(t, pm_git_url_parse(t->arena,
                pm_arena_printf(t->arena, "http://127.0.0.1:%u/%zu.git",
                                ntohs(address.sin_port), i),
                &promotions[i].parts[0].source.url, &t->err));
        }
    }

    t->settings.timeout = 2000;
    t->settings.idle_timeout = 2000;

    begin = time(NULL);
    batch = test_batch(t, promotions, 4);
    test_lands(batch);
    assert_true(time(NULL) - begin < 5);

    for (i = 0; i < 3; i++) {
        test_failed(batch, i, PM_TIMEOUT, "127.0.0.1");
    }

    test_landed(t, batch, 3, "main");
    pm_batch_destroy(batch);
    close(s);
}


static void
test_a_remote_that_is_gone(void **state)
{
    test_t          *t;
    pm_oid_t         base;
    pm_batch_t      *batch;
    pm_promotion_t   promotion;

    t = *state;
    test_start(t);
    base = test_oid(t, "main");
    test_do(t, "mv remote.git away.git");

    promotion = test_promotion(t, 1, "dev", "prod");
    batch = test_batch(t, &promotion, 1);
    test_plans(batch, PM_BATCH_SETTLED);
    test_failed(batch, 0, PM_REMOTE, "remote.git");
    pm_batch_destroy(batch);

    batch = test_takeover(t, &promotion, 1, &base);
    test_plans(batch, PM_BATCH_UNKNOWN);
    test_is_unknown(batch, 0);
    test_do(t, "mv away.git remote.git");
    test_lands(batch);
    test_landed(t, batch, 0, "main");
    pm_batch_destroy(batch);
}


/* Gone between plan and push: nothing has left, so it has failed. */

static void
test_a_remote_that_goes_before_the_push(void **state)
{
    test_t          *t;
    pm_batch_t      *batch;
    pm_promotion_t   promotion;

    t = *state;
    test_start(t);

    promotion = test_promotion(t, 1, "dev", "prod");
    batch = test_batch(t, &promotion, 1);
    test_plans(batch, PM_BATCH_READY);
    test_do(t, "git -C remote.git update-ref -d refs/heads/main");

    /* the branch is gone: it has moved, and the next plan says so */

    test_pushes(batch, PM_BATCH_MOVED);
    test_plans(batch, PM_BATCH_SETTLED);
    test_failed(batch, 0, PM_CONFLICT, "is empty");
    pm_batch_destroy(batch);
}


static void
test_a_lock_on_the_server(void **state)
{
    size_t           i;
    test_t          *t;
    pm_batch_t      *batch;
    pm_promotion_t   promotions[2];

    t = *state;
    test_start(t);
    test_do(t, "touch remote.git/refs/heads/main.lock");

    promotions[0] = test_promotion(t, 1, "dev", "prod");
    batch = test_batch(t, promotions, 1);

    for (i = 0; i < 3; i++) {
        test_plans(batch, PM_BATCH_READY);
        test_pushes(batch, PM_BATCH_MOVED);
    }

    test_plans(batch, PM_BATCH_READY);
    test_pushes(batch, PM_BATCH_SETTLED);
    test_failed(batch, 0, PM_REMOTE, "remote rejected refs/heads/main");
    pm_batch_destroy(batch);

    /* one that goes away costs nothing */

    promotions[0] = test_promotion(t, 2, "dev", "prod");
    batch = test_batch(t, promotions, 1);
    test_plans(batch, PM_BATCH_READY);
    test_pushes(batch, PM_BATCH_MOVED);
    test_do(t, "rm remote.git/refs/heads/main.lock");
    test_lands(batch);
    test_equal(t, "dev", "prod");
    pm_batch_destroy(batch);
}


static void
test_a_server_that_cannot_unpack(void **state)
{
    test_t          *t;
    pm_batch_t      *batch;
    pm_promotion_t   promotion;

    t = *state;
    test_start(t);
    test_do(t, "git -C remote.git config receive.maxInputSize 20");

    promotion = test_promotion(t, 1, "dev", "prod");
    batch = test_batch(t, &promotion, 1);

    /* the mirror is made anew and the pack sent without deltas, once */

    test_plans(batch, PM_BATCH_READY);
    test_pushes(batch, PM_BATCH_MOVED);
    test_plans(batch, PM_BATCH_READY);
    test_pushes(batch, PM_BATCH_SETTLED);
    test_failed(batch, 0, PM_REMOTE, "remote.git");
    pm_batch_destroy(batch);

    test_do(t, "git -C remote.git config --unset receive.maxInputSize");
    promotion.id = "01890a5d-ac96-774b-bcce-000000000002";
    batch = test_batch(t, &promotion, 1);
    test_lands(batch);
    test_equal(t, "dev", "prod");
    pm_batch_destroy(batch);
}


static void
test_a_mirror_that_lost_its_objects(void **state)
{
    test_t          *t;
    pm_batch_t      *batch;
    pm_promotion_t   promotion;

    t = *state;
    test_start(t);

    promotion = test_promotion(t, 1, "dev", "prod");
    batch = test_batch(t, &promotion, 1);
    test_lands(batch);
    pm_batch_destroy(batch);

    test_do(t, "find mirrors -name '*.pack' -delete && "
            "find mirrors -name '*.idx' -delete");
    test_restart(t);

    promotion = test_promotion(t, 2, "dev", "qa");
    batch = test_batch(t, &promotion, 1);
    test_lands(batch);
    test_equal(t, "dev", "qa");
    pm_batch_destroy(batch);

    /* gone altogether */

    test_do(t, "rm -rf mirrors");

    promotion = test_promotion(t, 3, "dev", "more");
    batch = test_batch(t, &promotion, 1);
    test_lands(batch);
    test_equal(t, "dev", "more");
    pm_batch_destroy(batch);
}


/* One object is gone, which only the plan comes upon: nobody's fault. */

static void
test_a_mirror_that_lost_one_object(void **state)
{
    test_t          *t;
    pm_batch_t      *batch;
    pm_promotion_t   promotions[2];

    t = *state;
    test_commit(t, "mkdir -p dev/sub && echo 1 > dev/sub/a && mkdir new && "
                "echo 2 > new/a");

    promotions[0] = test_promotion(t, 1, "dev", "prod");
    batch = test_batch(t, promotions, 1);
    test_lands(batch);
    pm_batch_destroy(batch);

    test_lose(t, "main:dev");

    promotions[0] = test_promotion(t, 2, "new", "first");
    promotions[1] = test_promotion(t, 3, "dev", "second");
    batch = test_batch(t, promotions, 2);
    test_lands(batch);
    test_landed(t, batch, 0, "main~1");
    test_landed(t, batch, 1, "main");
    test_equal(t, "dev", "second");
    pm_batch_destroy(batch);
}


/* A branch that is rewritten: what the mirror has is not part of it. */

static void
test_a_branch_that_was_rewritten(void **state)
{
    test_t          *t;
    pm_oid_t         base;
    pm_batch_t      *batch;
    pm_promotion_t   promotion;

    t = *state;
    test_start(t);
    base = test_oid(t, "main");

    promotion = test_promotion(t, 1, "dev", "prod");
    batch = test_batch(t, &promotion, 1);
    test_plans(batch, PM_BATCH_READY);

    test_do(t, "cd work && git checkout -q --orphan new && echo 9 > dev/a && "
            "git add -A && git commit -q -m new && "
            "git push -qf origin new:main 2>&1");

    test_pushes(batch, PM_BATCH_MOVED);
    test_plans(batch, PM_BATCH_READY);
    test_pushes(batch, PM_BATCH_SETTLED);
    test_landed(t, batch, 0, "main");
    test_prints(t, "git -C remote.git show main:prod/a", "9");
    pm_batch_destroy(batch);

    /* the base is gone from the history: all of it is searched */

    batch = test_takeover(t, &promotion, 1, &base);
    test_plans(batch, PM_BATCH_SETTLED);
    test_landed(t, batch, 0, "main");
    pm_batch_destroy(batch);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test_setup_teardown(test_an_answer_that_is_lost,
                                        test_setup, test_teardown),
        cmocka_unit_test_setup_teardown(test_a_lost_answer_and_a_moved_head,
                                        test_setup, test_teardown),
        cmocka_unit_test_setup_teardown(test_a_push_that_is_cut, test_setup,
                                        test_teardown),
        cmocka_unit_test_setup_teardown(test_a_cut_push_that_is_sent_again,
                                        test_setup, test_teardown),
        cmocka_unit_test_setup_teardown(test_a_cut_push_that_lands_later,
                                        test_setup, test_teardown),
        cmocka_unit_test_setup_teardown(test_a_cut_push_and_a_moved_head,
                                        test_setup, test_teardown),
        cmocka_unit_test_setup_teardown(test_a_takeover_finds_what_landed,
                                        test_setup, test_teardown),
        cmocka_unit_test_setup_teardown(
            test_a_takeover_fails_nothing_that_may_land, test_setup,
            test_teardown),
        cmocka_unit_test_setup_teardown(test_a_takeover_that_gives_up,
                                        test_setup, test_teardown),
        cmocka_unit_test_setup_teardown(test_begun_anew, test_setup,
                                        test_teardown),
        cmocka_unit_test_setup_teardown(test_a_takeover_of_several_bases,
                                        test_setup, test_teardown),
        cmocka_unit_test_setup_teardown(test_a_source_that_is_silent,
                                        test_setup, test_teardown),
        cmocka_unit_test_setup_teardown(test_a_remote_that_is_gone,
                                        test_setup, test_teardown),
        cmocka_unit_test_setup_teardown(
            test_a_remote_that_goes_before_the_push, test_setup,
            test_teardown),
        cmocka_unit_test_setup_teardown(test_a_lock_on_the_server, test_setup,
                                        test_teardown),
        cmocka_unit_test_setup_teardown(test_a_server_that_cannot_unpack,
                                        test_setup, test_teardown),
        cmocka_unit_test_setup_teardown(test_a_mirror_that_lost_its_objects,
                                        test_setup, test_teardown),
        cmocka_unit_test_setup_teardown(test_a_mirror_that_lost_one_object,
                                        test_setup, test_teardown),
        cmocka_unit_test_setup_teardown(test_a_branch_that_was_rewritten,
                                        test_setup, test_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
