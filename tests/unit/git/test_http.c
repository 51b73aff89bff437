/*
 * The http transport, push and fetch against git's own http-backend, and
 * against servers that misbehave.
 */

#include "wire.h"
#include "http_server.h"
#include "git/pm_git_fetch_transport.h"


static http_server_t  server;


static int
setup(void **state)
{
    wire_make();

    /* receive-pack over http wants a user, which the server names */

    assert_int_equal(http_server_start(&server, fx.root), 0);

    return 0;
}


static int
teardown(void **state)
{
    http_server_stop(&server);
    wire_remove();

    return 0;
}


static void
open_at(const char *path)
{
    wire_open(pm_arena_printf(fx.arena, "http://127.0.0.1:%d%s", server.port,
                              path));
}


static int
list(const char *path)
{
    pm_git_advertisement_t  *adv;

    open_at(path);
    fx.err.message[0] = '\0';

    return pm_git_remote_advertisement(fx.remote, PM_GIT_UPLOAD_PACK,
                                       fx.arena, &adv, &fx.err);
}


static void
credentials(const char *user_and_token)
{
    char                   file[256], text[256];
    pm_git_credentials_t  *read_in;

    (void) snprintf(file, sizeof(file), "%s/credentials", fx.root);
    (void) snprintf(text, sizeof(text), "http://%s@127.0.0.1:%d\n",
                    user_and_token, server.port);
    write_file(file, text, 0600);

    assert_int_equal(pm_git_credentials_read(fx.arena, file, &read_in,
                                             &fx.err), 0);
    fx.settings.credentials = read_in;
}


static int
push_one(const char *path, pm_git_command_t *command, pm_git_report_t *report)
{
    pm_oid_t  old, new;

    open_at(path);

    old = oid("main");
    new = commit(&old, "x");
    make_pack(&old, &new, NULL);
    *command = update("refs/heads/main", &old, &new);

    return push(command, 1, report);
}


static void
test_push(void **state)
{
    pm_oid_t          seen;
    pm_git_report_t   report;
    pm_git_command_t  command;

    hook("post-receive", "#!/bin/sh\necho thank you\n");

    assert_int_equal(push_one("/git/bare.git", &command, &report), 0);
    assert_true(command.ok);
    assert_true(report.pack_sent);
    assert_true(report.reported);
    assert_string_equal(report.messages, "thank you");

    seen = remote_oid("main");
    assert_true(pm_oid_equal(&seen, &command.new));

    /* two requests, one connection, no waiting for 100-continue, no gzip */

    assert_int_equal(server.log->requests, 2);
    assert_int_equal(server.log->connections, 1);
    assert_string_equal(server.log->expect, "");
    assert_string_equal(server.log->encoding, "");
    assert_string_equal(server.log->authorization, "");

    /* the next job takes the same connection */

    open_at("/git/bare.git");
    (void) advertisement(PM_GIT_RECEIVE_PACK);

    assert_int_equal(server.log->requests, 3);
    assert_int_equal(server.log->connections, 1);
}


static void
test_push_large(void **state)
{
    pm_oid_t          old, new, seen;
    pm_git_report_t   report;
    pm_git_command_t  command;

    open_at("/git/bare.git");

    old = oid("main");

    (void) sh("head -c 20000000 /dev/urandom >big && git add big "
              "&& git commit -q -m big");

    new = oid("main");
    make_pack(&old, &new, NULL);
    command = update("refs/heads/main", &old, &new);

    assert_int_equal(push(&command, 1, &report), 0);

    seen = remote_oid("main");
    assert_true(pm_oid_equal(&seen, &new));
    assert_string_equal(server.log->expect, "");
}


static void
test_push_two_atomically(void **state)
{
    pm_oid_t          old, one, two, seen;
    pm_git_report_t   report;
    pm_git_command_t  commands[2];

    static const pm_oid_t  zero;

    open_at("/git/bare.git");

    old = oid("main");
    one = commit(&old, "one");
    two = commit(&old, "two");
    make_pack(&old, &one, &two);

    commands[0] = update("refs/heads/main", &old, &one);
    commands[1] = update("refs/heads/other", &zero, &two);

    assert_int_equal(push(commands, 2, &report), PM_REMOTE);

    seen = remote_oid("main");
    assert_true(pm_oid_equal(&seen, &old));

    commands[1] = update("refs/heads/created", &zero, &two);

    assert_int_equal(push(commands, 2, &report), 0);

    seen = remote_oid("created");
    assert_true(pm_oid_equal(&seen, &two));
}


static void
test_push_declined(void **state)
{
    pm_git_report_t   report;
    pm_git_command_t  command;

    hook("pre-receive", "#!/bin/sh\necho >&2 no pushes on Sundays\nexit 1\n");

    assert_int_equal(push_one("/git/bare.git", &command, &report), PM_REMOTE);
    assert_string_equal(fx.err.message, "remote rejected refs/heads/main: "
                        "pre-receive hook declined: no pushes on Sundays");
    assert_true(report.reported);
}


/* What is known of a push whose answer was not a report. */

static void
test_push_refused_or_unclear(void **state)
{
    pm_git_report_t   report;
    pm_git_command_t  command;

    assert_int_equal(push_one("/push-403/bare.git", &command, &report),
                     PM_REMOTE);
    assert_non_null(strstr(fx.err.message, "authentication failed for "
                           "127.0.0.1:"));
    assert_true(report.reported);
    assert_false(command.ok);

    assert_int_equal(push_one("/push-500/bare.git", &command, &report),
                     PM_REMOTE);
    assert_non_null(strstr(fx.err.message, "answered HTTP 500"));
    assert_true(report.pack_sent);
    assert_false(report.reported);

    assert_int_equal(push_one("/push-408/bare.git", &command, &report),
                     PM_REMOTE);
    assert_true(report.pack_sent);
    assert_false(report.reported);

    assert_int_equal(push_one("/push-cut/bare.git", &command, &report),
                     PM_REMOTE);
    assert_true(report.pack_sent);
    assert_false(report.reported);

    fx.settings.idle_timeout = 500;

    assert_int_equal(push_one("/push-silent/bare.git", &command, &report),
                     PM_TIMEOUT);
    assert_true(report.pack_sent);
    assert_false(report.reported);
}


/* The connection broke after the body had left: it is not sent again. */

static void
test_push_is_sent_once(void **state)
{
    int               requests;
    pm_git_report_t   report;
    pm_git_command_t  command;

    assert_int_equal(push_one("/push-cut/bare.git", &command, &report),
                     PM_REMOTE);
    requests = server.log->requests;
    assert_int_equal(requests, 2);
}


/* A kept connection that the server has closed meanwhile is not used. */

static void
test_push_after_close(void **state)
{
    pm_oid_t                 old, new, seen;
    pm_git_report_t          report;
    pm_git_command_t         command;
    pm_git_advertisement_t  *adv;

    open_at("/close/bare.git");

    adv = advertisement(PM_GIT_RECEIVE_PACK);
    (void) usleep(50000);

    old = oid("main");
    new = commit(&old, "x");
    make_pack(&old, &new, NULL);
    command = update("refs/heads/main", &old, &new);

    assert_int_equal(pm_git_push(fx.remote, adv, &command, 1, &fx.pack,
                                 fx.arena, &report, &fx.err), 0);
    assert_int_equal(server.log->connections, 2);

    seen = remote_oid("main");
    assert_true(pm_oid_equal(&seen, &new));
}


static void
test_credentials(void **state)
{
    pm_git_report_t   report;
    pm_git_command_t  command;

    assert_int_equal(list("/auth/bare.git"), PM_REMOTE);
    assert_non_null(strstr(fx.err.message, "authentication failed for "
                           "127.0.0.1:"));
    assert_non_null(strstr(fx.err.message, "no line of promotions_"
                           "credentials matches http://127.0.0.1:"));
    assert_non_null(strstr(fx.err.message, "bad credentials"));

    credentials("user:wrong");

    assert_int_equal(list("/auth/bare.git"), PM_REMOTE);
    assert_non_null(strstr(fx.err.message, "authentication failed for "
                           "127.0.0.1:"));
    assert_null(strstr(fx.err.message, "wrong"));
    assert_null(strstr(fx.err.message, "user"));

    /* sent with the first request, and with the push */

    credentials("user:p%40ss");
    server.log->requests = 0;

    assert_int_equal(push_one("/auth/bare.git", &command, &report), 0);
    assert_int_equal(server.log->requests, 2);

    /* the handle that served this forgets it */

    fx.settings.credentials = NULL;
    assert_int_equal(list("/git/bare.git"), 0);
    assert_string_equal(server.log->authorization, "");
}


static void
test_redirects(void **state)
{
    pm_git_report_t   report;
    pm_git_command_t  command;

    assert_int_equal(push_one("/move/bare.git", &command, &report), 0);
    assert_int_equal(server.log->requests, 3);

    credentials("user:p%40ss");

    assert_int_equal(list("/away/bare.git"), PM_REMOTE);
    assert_non_null(strstr(fx.err.message, "redirects to http://127.0.0.2:"));

    assert_int_equal(list("/loop/bare.git"), PM_REMOTE);
    assert_non_null(strstr(fx.err.message, "in circles"));

    assert_int_equal(list("/status/307/x.git"), PM_REMOTE);
    assert_non_null(strstr(fx.err.message, "to what is no repository"));
}


static void
test_statuses(void **state)
{
    assert_int_equal(list("/status/404/x.git"), PM_REMOTE);
    assert_non_null(strstr(fx.err.message, "repository http://127.0.0.1:"));
    assert_non_null(strstr(fx.err.message, "x.git not found: because"));

    assert_int_equal(list("/git/missing.git"), PM_REMOTE);
    assert_non_null(strstr(fx.err.message, "missing.git not found"));

    assert_int_equal(list("/status/403/x.git"), PM_REMOTE);
    assert_non_null(strstr(fx.err.message, "authentication failed for"));

    assert_int_equal(list("/status/429/x.git"), PM_REMOTE);
    assert_non_null(strstr(fx.err.message, "HTTP 429 (too many requests), "
                           "asks to wait 7 s"));

    assert_int_equal(list("/status/503/x.git"), PM_REMOTE);
    assert_non_null(strstr(fx.err.message, "answered HTTP 503"));

    assert_int_equal(list("/dumb/x.git"), PM_REMOTE);
    assert_non_null(strstr(fx.err.message, "does not speak git's smart HTTP "
                           "protocol"));
}


static void
test_hostile_answers(void **state)
{
    int64_t  start;

    assert_int_equal(list("/cut/x.git"), PM_REMOTE);
    assert_non_null(strstr(fx.err.message, "the connection to 127.0.0.1:"));

    assert_int_equal(list("/refs/x.git"), PM_REMOTE);
    assert_non_null(strstr(fx.err.message, "more than 200000 refs"));

    assert_int_equal(list("/headers/x.git"), PM_REMOTE);

    fx.settings.idle_timeout = 500;
    start = pm_git_clock();

    assert_int_equal(list("/silent/x.git"), PM_TIMEOUT);
    assert_non_null(strstr(fx.err.message, "silent for 500 ms"));
    assert_true(pm_git_clock() - start < 3000);

    fx.settings.timeout = 1000;
    start = pm_git_clock();

    assert_int_equal(list("/drip/x.git"), PM_TIMEOUT);
    assert_non_null(strstr(fx.err.message, "did not finish within 1000 ms"));
    assert_true(pm_git_clock() - start < 3000);
}


/* A proxy of the environment is asked for what is not here. */

static void
test_proxy(void **state)
{
    pm_git_advertisement_t  *adv;

    (void) setenv("http_proxy", pm_arena_printf(fx.arena,
                  "http://127.0.0.1:%d", server.port), 1);
    wire_open("http://git.invalid/x.git");

    /* our server does not know absolute URLs: 404, but it was asked */

    assert_int_equal(pm_git_remote_advertisement(fx.remote,
                     PM_GIT_UPLOAD_PACK, fx.arena, &adv, &fx.err), PM_REMOTE);
    assert_int_equal(server.log->requests, 1);

    (void) unsetenv("http_proxy");
}


static void
test_unreachable(void **state)
{
    int                      fd;
    char                     label[65];
    socklen_t                len;
    struct sockaddr_in       address;
    pm_git_advertisement_t  *adv;

    /* a port that nobody listens on */

    memset(&address, 0, sizeof(address));
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    len = sizeof(address);

    fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *) &address, len), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *) &address, &len), 0);

    wire_open(pm_arena_printf(fx.arena, "http://127.0.0.1:%d/x.git",
                              ntohs(address.sin_port)));

    assert_int_equal(pm_git_remote_advertisement(fx.remote,
                     PM_GIT_UPLOAD_PACK, fx.arena, &adv, &fx.err), PM_REMOTE);
    assert_string_equal(fx.err.message,
                        pm_arena_printf(fx.arena, "cannot connect to "
                                        "127.0.0.1:%d: Connection refused",
                                        ntohs(address.sin_port)));

    /* of a proxy that cannot be reached its own address is told */

    (void) setenv("http_proxy", pm_arena_printf(fx.arena,
                  "http://127.0.0.1:%d", ntohs(address.sin_port)), 1);
    wire_open("http://git.invalid/x.git");

    assert_int_equal(pm_git_remote_advertisement(fx.remote,
                     PM_GIT_UPLOAD_PACK, fx.arena, &adv, &fx.err), PM_REMOTE);
    assert_non_null(strstr(fx.err.message, "cannot connect to git.invalid:80: "
                           "Connection refused (Failed to connect to "
                           "127.0.0.1 port "));

    (void) unsetenv("http_proxy");
    (void) close(fd);

    /* a label of 64 characters: no resolver has to be asked */

    memset(label, 'a', sizeof(label) - 1);
    label[sizeof(label) - 1] = '\0';

    wire_open(pm_arena_printf(fx.arena, "http://%s.invalid/x.git", label));

    assert_int_equal(pm_git_remote_advertisement(fx.remote,
                     PM_GIT_UPLOAD_PACK, fx.arena, &adv, &fx.err), PM_REMOTE);
    assert_non_null(strstr(fx.err.message,
                           "a.invalid:80: name not found"));

    /* plain HTTP where TLS is expected */

    wire_open(pm_arena_printf(fx.arena, "https://127.0.0.1:%d/git/bare.git",
                              server.port));

    assert_int_equal(pm_git_remote_advertisement(fx.remote,
                     PM_GIT_UPLOAD_PACK, fx.arena, &adv, &fx.err), PM_REMOTE);
    assert_non_null(strstr(fx.err.message, "TLS with 127.0.0.1:"));
}


static void
test_fetch(void **state)
{
    int              i;
    pm_oid_t         id, old;
    git_repository  *repository;

    static const char *const  branches[] = {
        "refs/heads/main", "refs/heads/missing", "other"
    };

    open_at("/git/bare.git");
    repository = mirror();
    id = oid("main");

    assert_int_equal(pm_git_fetch(fx.remote, repository, &fx.known,
                                  branches, 3, &fx.err), 0);
    assert_true(tracked(repository, "main", &id));
    assert_true(tracked(repository, "other", &id));

    for (i = 0; i < 50; i++) {
        (void) sh("git commit -q --allow-empty -m %d", i);
    }

    (void) sh("git push -q '%s' main", fx.bare);
    id = oid("main");

    assert_int_equal(pm_git_fetch(fx.remote, repository, &fx.known,
                                  branches, 3, &fx.err), 0);
    assert_true(tracked(repository, "main", &id));

    /* a fork whose common history is more than two rounds away */

    old = oid("main~45");
    id = commit(&old, "fork");
    (void) sh("git push -q -f '%s' $(cat commit):main", fx.bare);

    assert_int_equal(pm_git_fetch(fx.remote, repository, &fx.known,
                                  branches, 3, &fx.err), 0);
    assert_true(tracked(repository, "main", &id));

    /* all of it on one connection */

    assert_int_equal(server.log->connections, 1);

    git_repository_free(repository);
}


/* Fetches main with what is known; the requests that it took. */

static int
fetch_known(git_repository *repository, int expected)
{
    int  before;

    static const char *const  branches[] = { "refs/heads/main" };

    before = server.log->requests;

    assert_int_equal(pm_git_fetch(fx.remote, repository, &fx.known, branches,
                                  1, &fx.err), expected);

    return server.log->requests - before;
}


static void
push_commits(int n)
{
    (void) sh("for i in $(seq %d); do "
              "git commit -q --allow-empty -m $i; done "
              "&& git push -q -f '%s' main", n, fx.bare);
}


static void
test_fetch_asks_once(void **state)
{
    pm_oid_t         id;
    git_repository  *repository;

    open_at("/git/bare.git");
    repository = mirror();

    /* nothing is known: the refs, the pack */

    assert_int_equal(fetch_known(repository, 0), 2);
    assert_int_not_equal(fx.known.offers, 0);

    /* the refs that a push reads will do, with what was offered before */

    push_commits(30);
    fx.known.refs = advertisement(PM_GIT_RECEIVE_PACK);
    assert_int_equal(fetch_known(repository, 0), 1);

    id = oid("main");
    assert_true(tracked(repository, "main", &id));

    /* and those of upload-pack by themselves; what both have is not asked */

    push_commits(30);
    fx.known.offers = 0;
    fx.known.refs = advertisement(PM_GIT_UPLOAD_PACK);
    assert_int_equal(fetch_known(repository, 0), 1);

    id = oid("main");
    assert_true(tracked(repository, "main", &id));

    /* a push's refs alone are not enough */

    push_commits(1);
    fx.known.offers = 0;
    fx.known.refs = advertisement(PM_GIT_RECEIVE_PACK);
    assert_int_equal(fetch_known(repository, 0), 2);
    assert_int_equal(server.log->connections, 1);

    git_repository_free(repository);
}


static void
test_fetch_asks_again(void **state)
{
    pm_oid_t         id;
    git_repository  *repository;

    open_at("/git/bare.git");
    repository = mirror();

    assert_int_equal(fetch_known(repository, 0), 2);

    /* a branch that was forced back since its refs were heard */

    push_commits(2);
    fx.known.refs = advertisement(PM_GIT_RECEIVE_PACK);
    (void) sh("git reset -q --hard HEAD~1");
    push_commits(1);
    (void) sh("git --git-dir='%s' reflog expire --all --expire=now "
              "&& git --git-dir='%s' prune --expire=now", fx.bare, fx.bare);

    assert_int_equal(fetch_known(repository, 0), 3);

    id = oid("main");
    assert_true(tracked(repository, "main", &id));

    /* another history in its place: all of ours is unknown there */

    push_commits(30);
    fx.known.refs = advertisement(PM_GIT_RECEIVE_PACK);
    assert_int_equal(fetch_known(repository, 0), 1);

    (void) sh("git checkout -q --orphan fresh "
              "&& git commit -q --allow-empty -m fresh "
              "&& git branch -q -M main "
              "&& rm -rf '%s/refs/heads/'* '%s/packed-refs' "
              "'%s/objects/'?? '%s/objects/pack/'*",
              fx.bare, fx.bare, fx.bare, fx.bare);
    push_commits(1);

    fx.known.refs = advertisement(PM_GIT_RECEIVE_PACK);

    /* one that ends with a NAK; the refs, "have" without answer, the pack */

    assert_int_equal(fetch_known(repository, 0), 4);

    id = oid("main");
    assert_true(tracked(repository, "main", &id));

    git_repository_free(repository);
}


/* What asking does not cure is not asked. */

static void
test_fetch_known_fails(void **state)
{
    size_t                   i;
    git_repository          *repository;
    pm_git_advertisement_t  *refs;

    static const struct {
        const char  *path;
        int          requests;
    } row[] = {
        { "/push-401/bare.git", 1 },
        { "/push-403/bare.git", 1 },
        { "/push-429/bare.git", 1 },
        { "/push-500/bare.git", 1 },
        { "/push-503/bare.git", 1 },
        { "/push-lies/bare.git", 1 },
        { "/push-404/bare.git", 3 },
        { "/push-410/bare.git", 3 }
    };

    repository = mirror();

    for (i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        open_at(row[i].path);
        fx.known.refs = refs = advertisement(PM_GIT_UPLOAD_PACK);
        assert_int_not_equal(refs->nrefs, 0);

        assert_int_equal(fetch_known(repository, PM_REMOTE), row[i].requests);
    }

    git_repository_free(repository);
}


/* A repository that has moved is not looked for where it was. */

static void
test_fetch_moved(void **state)
{
    pm_oid_t         id;
    git_repository  *repository;

    open_at("/move/bare.git");
    repository = mirror();

    /* the refs, and again where they are; the pack */

    assert_int_equal(fetch_known(repository, 0), 3);
    assert_int_equal(fx.known.offers, 0);

    push_commits(1);
    fx.known.refs = advertisement(PM_GIT_UPLOAD_PACK);
    assert_int_equal(fetch_known(repository, 0), 1);

    /* it was elsewhere when its offers were learnt */

    push_commits(1);
    fx.known.offers = pm_git_fetch_offers("multi_ack_detailed side-band-64k");
    open_at("/move/bare.git");
    fx.known.refs = advertisement(PM_GIT_RECEIVE_PACK);
    assert_int_equal(fetch_known(repository, 0), 3);

    id = oid("main");
    assert_true(tracked(repository, "main", &id));

    git_repository_free(repository);
}


static void
test_fetch_fails(void **state)
{
    git_repository  *repository;

    static const char *const  branches[] = { "refs/heads/main" };

    repository = mirror();

    open_at("/push-403/bare.git");
    assert_int_equal(pm_git_fetch(fx.remote, repository, &fx.known,
                                  branches, 1, &fx.err), PM_REMOTE);
    assert_non_null(strstr(fx.err.message, "authentication failed for "));

    fx.settings.idle_timeout = 500;

    open_at("/push-silent/bare.git");
    assert_int_equal(pm_git_fetch(fx.remote, repository, &fx.known,
                                  branches, 1, &fx.err), PM_TIMEOUT);
    assert_non_null(strstr(fx.err.message, "silent"));

    git_repository_free(repository);
}


static void
test_fetch_hostile(void **state)
{
    int              i;
    pm_oid_t         id;
    git_repository  *repository;

    static const char *const  branches[] = { "refs/heads/main" };

    repository = mirror();
    id = oid("main");

    /* the refs are real, the pack has nothing of them */

    open_at("/push-lies/bare.git");
    assert_int_equal(pm_git_fetch(fx.remote, repository, &fx.known,
                                  branches, 1, &fx.err), PM_REMOTE);
    assert_non_null(strstr(fx.err.message, "did not send what its "
                           "refs/heads/main points to"));
    assert_false(tracked(repository, "main", &id));

    /* enough history here that there is a negotiation */

    for (i = 0; i < 30; i++) {
        (void) sh("git commit -q --allow-empty -m %d", i);
    }

    (void) sh("git push -q '%s' main", fx.bare);
    open_at("/git/bare.git");
    assert_int_equal(pm_git_fetch(fx.remote, repository, &fx.known,
                                  branches, 1, &fx.err), 0);

    (void) sh("git commit -q --allow-empty -m more && git push -q '%s' main",
              fx.bare);
    open_at("/push-acks/bare.git");
    assert_int_equal(fetch_known(repository, PM_REMOTE), 2);
    assert_non_null(strstr(fx.err.message, "endless answers"));

    /* in the talk before the pack, too */

    fx.known.offers |= PM_GIT_FETCH_ASKS;
    assert_int_equal(fetch_known(repository, PM_REMOTE), 2);
    assert_non_null(strstr(fx.err.message, "endless answers"));

    git_repository_free(repository);
}


/* A server that makes a pack of everything is asked the next time. */

static void
test_fetch_slow(void **state)
{
    pm_oid_t         id;
    git_repository  *repository;

    open_at("/git/bare.git");
    repository = mirror();
    push_commits(30);
    assert_int_equal(fetch_known(repository, 0), 2);

    push_commits(1);
    fx.settings.idle_timeout = 500;
    open_at("/push-silent/bare.git");
    assert_int_equal(fetch_known(repository, PM_TIMEOUT), 2);
    assert_true(fx.known.offers & PM_GIT_FETCH_ASKS);

    fx.settings.idle_timeout = 20000;
    open_at("/git/bare.git");
    assert_int_equal(fetch_known(repository, 0), 3);
    assert_false(fx.known.offers & PM_GIT_FETCH_ASKS);

    id = oid("main");
    assert_true(tracked(repository, "main", &id));

    git_repository_free(repository);
}


/* A server with which libgit2 would wait for the pack for ever. */

static void
test_fetch_endless(void **state)
{
    size_t           i;
    int64_t          start;
    git_repository  *repository;

    static const char *const  branches[] = { "refs/heads/main" };
    static const char *const  paths[] = {
        "/push-chat/bare.git", "/push-acks/bare.git"
    };

    repository = mirror();
    fx.settings.timeout = 1500;

    for (i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        open_at(paths[i]);
        start = pm_git_clock();

        assert_int_equal(pm_git_fetch(fx.remote, repository, &fx.known,
                                      branches, 1, &fx.err),
                         i == 0 ? PM_TIMEOUT : PM_REMOTE);
        assert_true(pm_git_clock() - start < 60000);
    }

    git_repository_free(repository);
}


/* Jobs in many threads share the pool. */

static void *
thread_lists(void *ok)
{
    int                      i;
    pm_arena_t              *arena;
    pm_error_t               err;
    pm_git_remote_t         *remote;
    pm_git_advertisement_t  *adv;

    for (i = 0; i < 5; i++) {
        arena = pm_arena_create();

        if (pm_git_remote_open(fx.git, &fx.url, &remote, &err) != 0) {
            *(int *) ok = 0;
            pm_arena_destroy(arena);
            break;
        }

        if (pm_git_remote_advertisement(remote, PM_GIT_UPLOAD_PACK, arena,
                                        &adv, &err) != 0
            || adv->nrefs != 2)
        {
            *(int *) ok = 0;
        }

        pm_git_remote_close(remote);
        pm_arena_destroy(arena);
    }

    return NULL;
}


static void
test_threads(void **state)
{
    int        i, ok[6];
    pthread_t  threads[6];

    open_at("/git/bare.git");

    for (i = 0; i < 6; i++) {
        ok[i] = 1;
        assert_int_equal(pthread_create(&threads[i], NULL, thread_lists,
                                        &ok[i]), 0);
    }

    for (i = 0; i < 6; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_true(ok[i]);
    }

    assert_int_equal(server.log->requests, 30);
    assert_true(server.log->connections <= 6);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test_setup_teardown(test_push, setup, teardown),
        cmocka_unit_test_setup_teardown(test_push_large, setup, teardown),
        cmocka_unit_test_setup_teardown(test_push_two_atomically, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_push_declined, setup, teardown),
        cmocka_unit_test_setup_teardown(test_push_refused_or_unclear, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_push_is_sent_once, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_push_after_close, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_credentials, setup, teardown),
        cmocka_unit_test_setup_teardown(test_redirects, setup, teardown),
        cmocka_unit_test_setup_teardown(test_statuses, setup, teardown),
        cmocka_unit_test_setup_teardown(test_hostile_answers, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_proxy, setup, teardown),
        cmocka_unit_test_setup_teardown(test_unreachable, setup, teardown),
        cmocka_unit_test_setup_teardown(test_fetch, setup, teardown),
        cmocka_unit_test_setup_teardown(test_fetch_asks_once, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_fetch_asks_again, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_fetch_fails, setup, teardown),
        cmocka_unit_test_setup_teardown(test_fetch_hostile, setup, teardown),
        cmocka_unit_test_setup_teardown(test_fetch_endless, setup, teardown),
        cmocka_unit_test_setup_teardown(test_fetch_slow, setup, teardown),
        cmocka_unit_test_setup_teardown(test_fetch_moved, setup, teardown),
        cmocka_unit_test_setup_teardown(test_fetch_known_fails, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_threads, setup, teardown)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
