/*
 * What ssh is asked to do: an "ssh" of our own in PATH writes down its
 * arguments and runs the command here.
 */

#include "wire.h"


static char  path[4096];


static int
setup(void **state)
{
    char  file[128];

    wire_make();

    (void) snprintf(path, sizeof(path), "%s", getenv("PATH"));
    (void) snprintf(file, sizeof(file), "%s/bin", fx.root);
    assert_int_equal(mkdir(file, 0700), 0);

    (void) snprintf(file, sizeof(file), "%s/bin/ssh", fx.root);
    write_file(file, "#!/bin/sh\n"
               "for a in \"$@\"; do echo \"$a\"; last=$a; done >$HOME/args\n"
               "test -f $HOME/says && cat $HOME/says >&2\n"
               "test -f $HOME/status && exit $(cat $HOME/status)\n"
               "eval \"$last\"\n", 0700);

    (void) snprintf(file, sizeof(file), "%s/bin", fx.root);
    (void) setenv("PATH", pm_arena_printf(fx.arena, "%s:%s", file, path), 1);

    fx.settings.ssh_key = "/etc/our key";
    fx.settings.ssh_known_hosts = "/etc/known%hosts";

    return 0;
}


static int
teardown(void **state)
{
    (void) setenv("PATH", path, 1);
    wire_remove();

    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);

    return 0;
}


/* 1 if these arguments, one a line, follow each other. */

static int
asked(const char *text)
{
    char         file[128];
    FILE        *in;
    size_t       len;
    static char  args[16384];

    (void) snprintf(file, sizeof(file), "%s/args", fx.root);

    in = fopen(file, "r");
    assert_non_null(in);
    args[0] = '\n';
    len = fread(args + 1, 1, sizeof(args) - 2, in);
    args[len + 1] = '\0';
    (void) fclose(in);

    return strstr(args, pm_arena_printf(fx.arena, "\n%s\n", text)) != NULL;
}


static int
list(const char *url)
{
    pm_git_advertisement_t  *adv;

    wire_open(url);

    return pm_git_remote_advertisement(fx.remote, PM_GIT_UPLOAD_PACK,
                                       fx.arena, &adv, &fx.err);
}


static void
ssh_says(const char *words, const char *status)
{
    char  file[128];

    (void) snprintf(file, sizeof(file), "%s/says", fx.root);
    write_file(file, words, 0600);
    (void) snprintf(file, sizeof(file), "%s/status", fx.root);
    write_file(file, status, 0600);
}


static void
test_arguments(void **state)
{
    assert_int_equal(list(pm_arena_printf(fx.arena, "ssh://me@h:2222%s",
                                          fx.bare)), 0);

    assert_true(asked("-F\n/dev/null\n-T"));
    assert_true(asked("-o\nBatchMode=yes"));
    assert_true(asked("-o\nStrictHostKeyChecking=yes"));
    assert_true(asked("-o\nIdentitiesOnly=yes"));
    assert_true(asked("-o\nGlobalKnownHostsFile=/dev/null"));
    assert_true(asked("-o\nUserKnownHostsFile=\"/etc/known%%hosts\""));
    assert_true(asked("-o\nIdentityFile=\"/etc/our key\""));
    assert_true(asked("-o\nConnectTimeout=11"));
    assert_true(asked(pm_arena_printf(fx.arena, "-p\n2222\n-l\nme\n--\nh\n"
                                      "git-upload-pack '%s'", fx.bare)));

    /* without known hosts none is known */

    fx.settings.ssh_known_hosts = NULL;
    fx.settings.ssh_key = NULL;

    assert_int_equal(list(pm_arena_printf(fx.arena, "git@[::1]:%s",
                                          fx.bare)), 0);
    assert_true(asked("-o\nUserKnownHostsFile=\"/dev/null\""));
    assert_true(asked("-l\ngit\n--\n::1"));
    assert_false(asked("-p"));
}


static void
test_paths(void **state)
{
    char  folder[128];

    /* quoted for the server's shell, whatever is in it */

    (void) snprintf(folder, sizeof(folder), "%s/it's $(a) `b` !c \"d.git",
                    fx.root);
    assert_int_equal(rename(fx.bare, folder), 0);

    assert_int_equal(list(pm_arena_printf(fx.arena, "ssh://h%s/it's%%20$(a)"
                                          "%%20`b`%%20!c%%20\"d.git",
                                          fx.root)), 0);
    assert_true(asked(pm_arena_printf(fx.arena, "git-upload-pack '%s/it'\\''"
                                      "s $(a) `b` '\\!'c \"d.git'",
                                      fx.root)));

    assert_int_equal(rename(folder, fx.bare), 0);

    (void) list("me@h:apps.git");
    assert_true(asked("git-upload-pack 'apps.git'"));
    (void) list("me@h:/apps.git");
    assert_true(asked("git-upload-pack '/apps.git'"));
    (void) list("ssh://h/apps.git");
    assert_true(asked("git-upload-pack '/apps.git'"));
    (void) list("ssh://h/~you/apps.git");
    assert_true(asked("git-upload-pack '~you/apps.git'"));
    (void) list("h:~/apps.git");
    assert_true(asked("git-upload-pack '~/apps.git'"));
}


static void
test_push_and_fetch(void **state)
{
    pm_oid_t          old, new, seen;
    git_repository   *repository;
    pm_git_report_t   report;
    pm_git_command_t  command;

    static const char *const  branches[] = { "refs/heads/main" };

    wire_open(pm_arena_printf(fx.arena, "me@h:%s", fx.bare));

    old = oid("main");
    new = commit(&old, "x");
    make_pack(&old, &new, NULL);
    command = update("refs/heads/main", &old, &new);

    assert_int_equal(push(&command, 1, &report), 0);
    seen = remote_oid("main");
    assert_true(pm_oid_equal(&seen, &new));

    repository = mirror();
    assert_int_equal(pm_git_fetch(fx.remote, repository, &fx.known,
                                  branches, 1, &fx.err), 0);
    assert_true(tracked(repository, "main", &new));
    git_repository_free(repository);
}


static void
test_errors(void **state)
{
    ssh_says("me@h: Permission denied (publickey).\r\n", "255");
    assert_int_equal(list("ssh://me@h/a"), PM_REMOTE);
    assert_string_equal(fx.err.message, "authentication failed for h: me@h: "
                        "Permission denied (publickey).");

    ssh_says("WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!\r\n"
             "Host key verification failed.\r\n", "255");
    assert_int_equal(list("ssh://me@h:2222/a"), PM_REMOTE);
    assert_string_equal(fx.err.message, "cannot connect to h:2222: its host "
                        "key is not the one in promotions_ssh_known_hosts");

    ssh_says("Host key verification failed.\r\n", "255");
    assert_int_equal(list("ssh://me@h/a"), PM_REMOTE);
    assert_string_equal(fx.err.message, "cannot connect to h: its host key "
                        "is not in promotions_ssh_known_hosts");

    ssh_says("ssh: connect to host h port 22: Connection refused\r\n", "255");
    assert_int_equal(list("ssh://me@h/a"), PM_REMOTE);
    assert_string_equal(fx.err.message, "cannot connect to h: ssh: connect "
                        "to host h port 22: Connection refused");

    ssh_says("fatal: '/a' does not appear to be a git repository\n", "128");
    assert_int_equal(list("ssh://me@h/a"), PM_REMOTE);
    assert_string_equal(fx.err.message, "repository ssh://h/a cannot be "
                        "used: fatal: '/a' does not appear to be a git "
                        "repository");

    ssh_says("", "1");
    assert_int_equal(list("ssh://me@h/a"), PM_REMOTE);
    assert_string_equal(fx.err.message, "remote ssh://h/a: the connection "
                        "ended");
}


/* A server whose shell chatters before git does. */

static void
test_chatter(void **state)
{
    char  file[128];

    (void) snprintf(file, sizeof(file), "%s/bin/ssh", fx.root);
    write_file(file, "#!/bin/sh\necho Welcome to h\nsleep 60\n", 0700);

    assert_int_equal(list("ssh://me@h/a"), PM_REMOTE);
    assert_non_null(strstr(fx.err.message, "not of git's protocol"));
}


/*
 * A command that writes errors faster than they are read is ended at the
 * deadline.  How fast a pipe is filled is the machine's: /dev/zero in place of
 * it is never empty.
 */

static void
test_flood(void **state)
{
    int              zero;
    char             file[128], byte;
    size_t           n;
    pm_git_child_t  *child;

    (void) snprintf(file, sizeof(file), "%s/bin/ssh", fx.root);
    write_file(file, "#!/bin/sh\nexec sleep 60\n", 0700);

    wire_open("ssh://me@h/a");
    fx.settings.timeout = 500;

    pm_git_remote_begin(fx.remote);
    assert_int_equal(fx.remote->transport->open(fx.remote, PM_GIT_UPLOAD_PACK,
                                                &fx.err), 0);

    /* a pipe begins with its child */

    child = (pm_git_child_t *) fx.remote->pipes[PM_GIT_UPLOAD_PACK];

    zero = open("/dev/zero", O_RDONLY|O_CLOEXEC);
    assert_true(zero >= 0);
    assert_true(dup2(zero, child->err) >= 0);
    (void) close(zero);

    (void) alarm(60);
    assert_int_equal(fx.remote->transport->read(fx.remote, PM_GIT_UPLOAD_PACK,
                                                &byte, 1, &n, &fx.err),
                     PM_TIMEOUT);
    (void) alarm(0);

    fx.remote->transport->close(fx.remote, PM_GIT_UPLOAD_PACK);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test_setup_teardown(test_arguments, setup, teardown),
        cmocka_unit_test_setup_teardown(test_paths, setup, teardown),
        cmocka_unit_test_setup_teardown(test_push_and_fetch, setup, teardown),
        cmocka_unit_test_setup_teardown(test_errors, setup, teardown),
        cmocka_unit_test_setup_teardown(test_chatter, setup, teardown),
        cmocka_unit_test_setup_teardown(test_flood, setup, teardown)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
