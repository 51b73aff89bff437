/*
 * The pipe transport, push and fetch against real repositories on this disk,
 * whose hooks run.
 */

#include "wire.h"


static int
setup(void **state)
{
    wire_make();
    wire_open(fx.bare);

    return 0;
}


static int
teardown(void **state)
{
    wire_remove();

    /* no child is left */

    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);

    return 0;
}


static void
test_advertisement(void **state)
{
    pm_oid_t                 main_id;
    pm_git_advertisement_t  *adv;

    (void) sh("git tag -a -m t v1 && git push -q '%s' v1", fx.bare);

    main_id = oid("main");
    adv = advertisement(PM_GIT_UPLOAD_PACK);

    assert_int_equal(adv->nrefs, 3);
    assert_string_equal(adv->head, "refs/heads/main");
    assert_true(pm_oid_equal(
                &pm_git_advertisement_ref(adv, "refs/heads/other")->id,
                &main_id));
    assert_null(pm_git_advertisement_ref(adv, "refs/heads/mai"));
    assert_non_null(pm_git_advertisement_ref(adv, "refs/tags/v1"));

    adv = advertisement(PM_GIT_RECEIVE_PACK);

    assert_int_equal(adv->nrefs, 3);
    assert_null(adv->head);
    assert_true(adv->report_status);
    assert_true(adv->side_band_64k);
    assert_true(adv->atomic);
    assert_true(adv->ofs_delta);
    assert_false(adv->no_thin);
}


static void
test_empty_repository(void **state)
{
    pm_git_advertisement_t  *adv;

    (void) sh("unset GIT_DIR; rm -rf '%s' && git init -q --bare '%s'",
              fx.bare, fx.bare);

    adv = advertisement(PM_GIT_UPLOAD_PACK);
    assert_int_equal(adv->nrefs, 0);

    adv = advertisement(PM_GIT_RECEIVE_PACK);
    assert_int_equal(adv->nrefs, 0);
    assert_true(adv->report_status);
}


static void
test_push(void **state)
{
    pm_oid_t          old, new, seen;
    pm_git_report_t   report;
    pm_git_command_t  command;

    hook("post-receive", "#!/bin/sh\necho thank you\necho >&2 come again\n");

    old = oid("main");
    new = commit(&old, "x");
    make_pack(&old, &new, NULL);
    command = update("refs/heads/main", &old, &new);

    assert_int_equal(push(&command, 1, &report), 0);
    assert_true(command.ok);
    assert_null(command.reason);
    assert_true(report.pack_sent);
    assert_true(report.reported);
    assert_string_equal(report.unpack, "ok");
    assert_string_equal(report.messages, "thank you; come again");

    seen = remote_oid("main");
    assert_true(pm_oid_equal(&seen, &new));

    /* a remote takes any number of pushes */

    old = new;
    new = commit(&old, "y");
    make_pack(&old, &new, NULL);
    command = update("refs/heads/main", &old, &new);

    assert_int_equal(push(&command, 1, &report), 0);

    seen = remote_oid("main");
    assert_true(pm_oid_equal(&seen, &new));
}


static void
test_push_large(void **state)
{
    pm_oid_t          old, new, seen;
    pm_git_report_t   report;
    pm_git_command_t  command;

    old = oid("main");

    (void) sh("head -c 20000000 /dev/urandom >big && git add big "
              "&& git commit -q -m big");

    new = oid("main");
    make_pack(&old, &new, NULL);
    assert_true(fx.pack.len > 20000000);

    /* not about deadlines, and git takes its time under valgrind */

    fx.settings.timeout = 120000;
    fx.settings.idle_timeout = 60000;

    command = update("refs/heads/main", &old, &new);

    assert_int_equal(push(&command, 1, &report), 0);

    seen = remote_oid("main");
    assert_true(pm_oid_equal(&seen, &new));
}


static void
test_push_two_atomically(void **state)
{
    pm_oid_t          old, one, two, seen;
    pm_git_report_t   report;
    pm_git_command_t  commands[2];

    static const pm_oid_t  zero;

    old = oid("main");
    one = commit(&old, "one");
    two = commit(&old, "two");
    make_pack(&old, &one, &two);

    commands[0] = update("refs/heads/main", &old, &one);
    commands[1] = update("refs/heads/created", &zero, &two);

    assert_int_equal(push(commands, 2, &report), 0);
    assert_true(commands[0].ok && commands[1].ok);

    seen = remote_oid("main");
    assert_true(pm_oid_equal(&seen, &one));
    seen = remote_oid("created");
    assert_true(pm_oid_equal(&seen, &two));

    /* the second one's old value is wrong: neither lands */

    old = one;
    one = commit(&old, "three");
    make_pack(&old, &one, NULL);

    commands[0] = update("refs/heads/main", &old, &one);
    commands[1] = update("refs/heads/created", &zero, &one);

    assert_int_equal(push(commands, 2, &report), PM_REMOTE);
    assert_true(report.reported);
    assert_false(commands[0].ok);
    assert_false(commands[1].ok);
    assert_non_null(strstr(fx.err.message, "rejected refs/heads/"));

    seen = remote_oid("main");
    assert_true(pm_oid_equal(&seen, &old));
}


static void
test_push_moved_head(void **state)
{
    pm_oid_t                 old, mine, theirs, seen;
    pm_git_report_t          report;
    pm_git_command_t         command;
    pm_git_advertisement_t  *adv;

    old = oid("main");
    mine = commit(&old, "mine");
    theirs = commit(&old, "theirs");

    adv = advertisement(PM_GIT_RECEIVE_PACK);

    (void) sh("git push -q '%s' %s:main",
              fx.bare, sh("git rev-parse $(cat commit)"));

    make_pack(&old, &mine, NULL);
    command = update("refs/heads/main", &old, &mine);

    assert_int_equal(pm_git_push(fx.remote, adv, &command, 1, &fx.pack,
                                 fx.arena, &report, &fx.err), PM_REMOTE);
    assert_true(report.reported);
    assert_true(report.pack_sent);
    assert_string_equal(report.unpack, "ok");
    assert_false(command.ok);
    assert_non_null(command.reason);

    seen = remote_oid("main");
    assert_true(pm_oid_equal(&seen, &theirs));
}


static void
test_push_declined(void **state)
{
    pm_oid_t          old, new, seen;
    pm_git_report_t   report;
    pm_git_command_t  command;

    hook("pre-receive", "#!/bin/sh\necho >&2 no pushes on Sundays\n"
                        "echo >&2\necho >&2 come back later\nexit 1\n");

    old = oid("main");
    new = commit(&old, "x");
    make_pack(&old, &new, NULL);
    command = update("refs/heads/main", &old, &new);

    assert_int_equal(push(&command, 1, &report), PM_REMOTE);
    assert_string_equal(fx.err.message, "remote rejected refs/heads/main: "
                        "pre-receive hook declined: no pushes on Sundays; "
                        "come back later");
    assert_string_equal(command.reason, "pre-receive hook declined");
    assert_true(report.reported);

    seen = remote_oid("main");
    assert_true(pm_oid_equal(&seen, &old));
}


static void
test_push_one_ref_refused(void **state)
{
    pm_oid_t          old, one, two;
    pm_git_report_t   report;
    pm_git_command_t  commands[2];

    hook("update", "#!/bin/sh\ntest $1 != refs/heads/other\n");

    old = oid("main");
    one = commit(&old, "one");
    two = commit(&old, "two");
    make_pack(&old, &one, &two);

    commands[0] = update("refs/heads/main", &old, &one);
    commands[1] = update("refs/heads/other", &old, &two);

    assert_int_equal(push(commands, 2, &report), PM_REMOTE);

    /* the cause is told, not its echo */

    assert_non_null(strstr(fx.err.message, "rejected refs/heads/other: hook "
                           "declined"));
    assert_false(commands[0].ok);
    assert_false(commands[1].ok);
}


static void
test_push_broken_pack(void **state)
{
    pm_oid_t          old, new;
    pm_git_report_t   report;
    pm_git_command_t  command;

    old = oid("main");
    new = commit(&old, "x");
    make_pack(&old, &new, NULL);
    fx.pack.data[fx.pack.len - 1] ^= 1;
    command = update("refs/heads/main", &old, &new);

    assert_int_equal(push(&command, 1, &report), PM_REMOTE);
    assert_true(report.pack_sent);
    assert_true(report.reported);
    assert_non_null(strstr(fx.err.message, "rejected the pack: unpack "));

    /* a pack cut short ends too, and not by the deadline */

    make_pack(&old, &new, NULL);
    fx.pack.len /= 2;

    assert_int_equal(push(&command, 1, &report), PM_REMOTE);
    assert_true(report.pack_sent);
}


static void
test_push_hook_hangs(void **state)
{
    pid_t             pid;
    FILE             *file;
    char              path[256];
    int64_t           start;
    pm_oid_t          old, new;
    pm_git_report_t   report;
    pm_git_command_t  command;

    hook("pre-receive", "#!/bin/sh\ntrap '' TERM\necho $$ >pid\n"
                        "while :; do sleep 1; done\n");

    fx.settings.idle_timeout = 700;

    old = oid("main");
    new = commit(&old, "x");
    make_pack(&old, &new, NULL);
    command = update("refs/heads/main", &old, &new);

    start = pm_git_clock();

    assert_int_equal(push(&command, 1, &report), PM_TIMEOUT);
    assert_true(pm_git_clock() - start < 5000);
    assert_true(report.pack_sent);
    assert_false(report.reported);

    /* the hook is gone with its group, though it does not listen */

    (void) snprintf(path, sizeof(path), "%s/pid", fx.bare);
    file = fopen(path, "r");
    assert_non_null(file);
    assert_int_equal(fscanf(file, "%d", &pid), 1);
    (void) fclose(file);

    while (kill(pid, 0) == 0 && pm_git_clock() - start < 10000) {
        (void) usleep(10000);
    }

    assert_int_equal(kill(pid, 0), -1);
    assert_int_equal(errno, ESRCH);
}


/* A byte now and then: the idle time never passes, the whole one does. */

static void
test_push_hook_drips(void **state)
{
    int64_t           start;
    pm_oid_t          old, new;
    pm_git_report_t   report;
    pm_git_command_t  command;

    hook("pre-receive", "#!/bin/sh\nwhile :; do echo >&2 drip; sleep 0.1; "
                        "done\n");

    fx.settings.idle_timeout = 1000;
    fx.settings.timeout = 1500;

    old = oid("main");
    new = commit(&old, "x");
    make_pack(&old, &new, NULL);
    command = update("refs/heads/main", &old, &new);

    start = pm_git_clock();

    assert_int_equal(push(&command, 1, &report), PM_TIMEOUT);
    assert_true(pm_git_clock() - start < 5000);
    assert_non_null(strstr(fx.err.message, "did not finish"));
}


/* A name that would be another line of the protocol is not sent. */

static void
test_push_bad_name(void **state)
{
    size_t            i;
    pm_oid_t          old;
    pm_git_report_t   report;
    pm_git_command_t  command;

    static const char *const  names[] = {
        "main", "refs/heads/a b", "refs/heads/a\n", "refs/heads/../../x",
        "refs/heads/a:b", "refs/heads/", "refs/heads//a", ""
    };

    old = oid("main");

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        command = update(names[i], &old, &old);
        assert_int_equal(push(&command, 1, &report), PM_INVALID);
        assert_false(report.pack_sent);
    }
}


static void
test_not_allowed(void **state)
{
    pm_git_remote_t  *remote;

    fx.settings.allow_local = 0;

    assert_int_equal(pm_git_remote_open(fx.git, &fx.url, &remote, &fx.err),
                     PM_INVALID);
    assert_non_null(strstr(fx.err.message, "promotions_allow_local_remotes"));
}


static void
test_no_repository(void **state)
{
    pm_git_url_t             url;
    pm_git_remote_t         *remote;
    pm_git_advertisement_t  *adv;

    assert_int_equal(pm_git_url_parse(fx.arena, "/nowhere/x.git", &url,
                                      &fx.err), 0);
    assert_int_equal(pm_git_remote_open(fx.git, &url, &remote, &fx.err), 0);
    assert_int_equal(pm_git_remote_advertisement(remote, PM_GIT_UPLOAD_PACK,
                                                 fx.arena, &adv, &fx.err),
                     PM_REMOTE);
    assert_non_null(strstr(fx.err.message, "repository file:///nowhere/x.git "
                           "cannot be used: fatal: '/nowhere/x.git' does not "
                           "appear to be a git repository"));

    pm_git_remote_close(remote);
}


static void
test_dubious_ownership(void **state)
{
    pm_git_advertisement_t  *adv;

    if (geteuid() != 0) {
        skip();
    }

    assert_int_equal(chown(fx.bare, 65534, 65534), 0);

    assert_int_equal(pm_git_remote_advertisement(fx.remote,
                     PM_GIT_RECEIVE_PACK, fx.arena, &adv, &fx.err),
                     PM_REMOTE);
    assert_non_null(strstr(fx.err.message, "dubious ownership"));
    assert_non_null(strstr(fx.err.message, "safe.directory"));
}


static void
test_sha256_repository(void **state)
{
    pm_git_advertisement_t  *adv;

    (void) sh("unset GIT_DIR; rm -rf '%s' "
              "&& git init -q --bare --object-format=sha256 '%s'",
              fx.bare, fx.bare);

    assert_int_equal(pm_git_remote_advertisement(fx.remote,
                     PM_GIT_RECEIVE_PACK, fx.arena, &adv, &fx.err),
                     PM_UNPROCESSABLE);
    assert_non_null(strstr(fx.err.message,
                           "uses object format sha256, which is not "
                           "supported"));
}


/*
 * A thread of an nginx worker blocks all signals, ignores SIGPIPE, and has
 * descriptors that are not close-on-exec: none of it is the child's.
 */

static void
test_child(void **state)
{
    int              fd;
    char             text[4096], *argv[4];
    size_t           len;
    ssize_t          n;
    sigset_t         all, before;
    pm_git_child_t   child;

    argv[0] = "sh";
    argv[1] = "-c";
    /* the C library's own signals, 32 and above, are left out */

    argv[2] = "grep -E 'SigBlk|SigIgn' /proc/self/status | grep -o '.......$';"
              "test -e /proc/self/fd/77 && echo leaked; "
              "test $(cut -d' ' -f5 /proc/$$/stat) = $$ && echo leads; "
              "tr '\\0' '\\n' </proc/$$/environ | cut -d= -f1 | sort; pwd";
    argv[3] = NULL;

    fd = open("/dev/null", O_RDONLY);
    assert_true(fd != -1);
    assert_int_equal(dup2(fd, 77), 77);

    (void) sigfillset(&all);
    assert_int_equal(pthread_sigmask(SIG_SETMASK, &all, &before), 0);
    (void) signal(SIGPIPE, SIG_IGN);

    assert_int_equal(pm_git_child_spawn(&child, argv, fx.arena, &fx.err), 0);

    (void) signal(SIGPIPE, SIG_DFL);
    assert_int_equal(pthread_sigmask(SIG_SETMASK, &before, NULL), 0);
    (void) close(77);
    (void) close(fd);

    assert_int_equal(pm_git_child_wait(&child, 10000), 1);
    assert_int_equal(child.known, 1);
    assert_int_equal(child.status, 0);

    for (len = 0; len < sizeof(text) - 1; len += (size_t) n) {
        n = read(child.out, text + len, sizeof(text) - 1 - len);

        if (n <= 0) {
            break;
        }
    }

    text[len] = '\0';

    assert_string_equal(text, "0000000\n0000000\n"
                              "leads\nHOME\nLC_ALL\nPATH\n/\n");

    pm_git_child_close(&child);
}


/* Somebody else's SIGCHLD handling took the child: nothing hangs or dies. */

static void
test_child_reaped_elsewhere(void **state)
{
    pm_oid_t          old, new;
    pm_git_report_t   report;
    pm_git_command_t  command;

    old = oid("main");
    new = commit(&old, "x");
    make_pack(&old, &new, NULL);
    command = update("refs/heads/main", &old, &new);

    (void) signal(SIGCHLD, SIG_IGN);

    assert_int_equal(push(&command, 1, &report), 0);

    (void) signal(SIGCHLD, SIG_DFL);
}


static void
test_child_missing(void **state)
{
    char            *argv[2] = { "pm-no-such-program", NULL };
    pm_git_child_t   child;

    if (pm_git_child_spawn(&child, argv, fx.arena, &fx.err) == 0) {

        /* valgrind makes vfork() a fork(): the child cannot tell */

        assert_int_equal(pm_git_child_wait(&child, 10000), 1);
        assert_int_not_equal(child.status, 0);
        pm_git_child_close(&child);
        return;
    }

    assert_int_equal(fx.err.code, PM_INTERNAL);
    assert_string_equal(fx.err.message, "cannot run pm-no-such-program: No "
                        "such file or directory");
    assert_int_equal(child.in, -1);
    assert_int_equal(child.out, -1);
    assert_int_equal(child.err, -1);
}


static void
test_fetch(void **state)
{
    int              i;
    char             path[256];
    pm_oid_t         id, old;
    git_odb         *odb;
    git_repository  *repository;

    static const char *const  branches[] = {
        "refs/heads/main", "refs/heads/missing"
    };

    repository = mirror();
    id = oid("main");

    assert_int_equal(pm_git_fetch(fx.remote, repository, &fx.known,
                                  branches, 2, &fx.err), 0);
    assert_true(tracked(repository, "main", &id));
    assert_false(tracked(repository, "other", &id));

    /* more than 20 commits: several rounds of "have" */

    for (i = 0; i < 30; i++) {
        (void) sh("git commit -q --allow-empty -m %d", i);
    }

    (void) sh("git tag v2 && git push -q '%s' main v2", fx.bare);
    id = oid("main");

    assert_int_equal(pm_git_fetch(fx.remote, repository, &fx.known,
                                  branches, 2, &fx.err), 0);
    assert_true(tracked(repository, "main", &id));

    /* a fork of history, forced; the branch that vanished is forgotten */

    old = oid("main~25");
    id = commit(&old, "fork");
    (void) sh("git push -q -f '%s' $(cat commit):main", fx.bare);
    assert_int_equal(pm_git_fetch(fx.remote, repository, &fx.known,
                                  branches, 2, &fx.err), 0);
    assert_true(tracked(repository, "main", &id));
    assert_int_equal(git_repository_odb(&odb, repository), 0);
    assert_int_equal(git_odb_exists(odb, (git_oid *) &id), 1);
    git_odb_free(odb);

    (void) sh("git --git-dir='%s' update-ref -d refs/heads/main", fx.bare);
    assert_int_equal(pm_git_fetch(fx.remote, repository, &fx.known,
                                  branches, 1, &fx.err), 0);
    assert_false(tracked(repository, "main", &id));

    (void) snprintf(path, sizeof(path), "%s/mirror.git/FETCH_HEAD", fx.root);
    assert_int_equal(access(path, F_OK), -1);
    (void) snprintf(path, sizeof(path), "%s/mirror.git/refs/tags/v2",
                    fx.root);
    assert_int_equal(access(path, F_OK), -1);

    git_repository_free(repository);
}


/* A fetch between the advertisement and the push leaves these alone. */

static void
test_fetch_between(void **state)
{
    pm_oid_t                 old, new;
    git_repository          *repository;
    pm_git_report_t          report;
    pm_git_command_t         command;
    pm_git_advertisement_t  *adv;

    static const char *const  branches[] = { "refs/heads/main" };

    repository = mirror();
    adv = advertisement(PM_GIT_RECEIVE_PACK);

    assert_int_equal(pm_git_fetch(fx.remote, repository, &fx.known,
                                  branches, 1, &fx.err), 0);

    old = oid("main");
    new = commit(&old, "x");
    make_pack(&old, &new, NULL);
    command = update("refs/heads/main", &old, &new);

    assert_int_equal(pm_git_push(fx.remote, adv, &command, 1, &fx.pack,
                                 fx.arena, &report, &fx.err), 0);

    git_repository_free(repository);
}


static void
test_fetch_corrupt(void **state)
{
    git_repository  *repository;

    static const char *const  branches[] = { "refs/heads/main" };

    /* a blob is gone: upload-pack breaks off */

    (void) sh("echo precious >f && git add f && git commit -q -m f "
              "&& git push -q '%s' main", fx.bare);
    (void) sh("rm '%s'/objects/$(git rev-parse main:f | cut -c1-2)/*",
              fx.bare);

    repository = mirror();

    assert_int_equal(pm_git_fetch(fx.remote, repository, &fx.known,
                                  branches, 1, &fx.err), PM_REMOTE);
    assert_non_null(strstr(fx.err.message, fx.url.canonical));

    git_repository_free(repository);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test_setup_teardown(test_advertisement, setup, teardown),
        cmocka_unit_test_setup_teardown(test_empty_repository, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_push, setup, teardown),
        cmocka_unit_test_setup_teardown(test_push_large, setup, teardown),
        cmocka_unit_test_setup_teardown(test_push_two_atomically, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_push_moved_head, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_push_declined, setup, teardown),
        cmocka_unit_test_setup_teardown(test_push_one_ref_refused, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_push_broken_pack, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_push_hook_hangs, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_push_hook_drips, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_push_bad_name, setup, teardown),
        cmocka_unit_test_setup_teardown(test_not_allowed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_repository, setup, teardown),
        cmocka_unit_test_setup_teardown(test_dubious_ownership, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_sha256_repository, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_child, setup, teardown),
        cmocka_unit_test_setup_teardown(test_child_reaped_elsewhere, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_child_missing, setup, teardown),
        cmocka_unit_test_setup_teardown(test_fetch, setup, teardown),
        cmocka_unit_test_setup_teardown(test_fetch_between, setup, teardown),
        cmocka_unit_test_setup_teardown(test_fetch_corrupt, setup, teardown)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
