/*
 * wire.h: what the tests of the wire share: a repository that plays the
 * server, one where commits are made, and a remote of ours.
 */

#ifndef WIRE_H
#define WIRE_H


#include "git/pm_git_child.h"
#include "git/pm_git_fetch.h"
#include "git/pm_git_transport.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>


typedef struct {
    char                  root[64];
    char                  bare[128];      /* the remote */
    char                  work[128];      /* where commits are made */
    pm_git_settings_t     settings;
    pm_git_t             *git;
    pm_git_remote_t      *remote;
    pm_git_url_t          url;
    pm_arena_t           *arena;
    pm_buffer_t           pack;
    pm_git_fetch_known_t  known;
    pm_error_t            err;
} fixture_t;


static fixture_t  fx;


/* Runs a shell command in the working repository; its first word of output. */

static const char *
sh(const char *fmt, ...)
{
    char          command[4096];
    int           n;
    FILE         *out;
    size_t        len;
    va_list       args;
    static char   text[65536];

    n = snprintf(command, sizeof(command), "cd %s && export GIT_DIR=.git && ",
                 fx.work);

    va_start(args, fmt);
    (void) vsnprintf(command + n, sizeof(command) - (size_t) n, fmt, args);
    va_end(args);

    out = popen(command, "r");
    assert_non_null(out);

    len = fread(text, 1, sizeof(text) - 1, out);
    text[len] = '\0';
    text[strcspn(text, "\n")] = '\0';

    if (pclose(out) != 0) {
        fail_msg("failed: %s", command);
    }

    return text;
}


static void
write_file(const char *path, const char *text, mode_t mode)
{
    FILE  *file;

    file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path, mode), 0);
}


static inline void
hook(const char *name, const char *text)
{
    char  path[256];

    (void) snprintf(path, sizeof(path), "%s/hooks/%s", fx.bare, name);
    write_file(path, text, 0755);
}


static pm_oid_t
oid(const char *name)
{
    pm_oid_t  id;

    assert_int_equal(pm_oid_parse(&id, sh("git rev-parse %s", name), 40), 0);

    return id;
}


static pm_oid_t
remote_oid(const char *name)
{
    pm_oid_t  id;

    assert_int_equal(pm_oid_parse(&id, sh("git --git-dir=%s rev-parse %s",
                                          fx.bare, name), 40), 0);

    return id;
}


/* A commit of the parent's files and one more, named name. */

static pm_oid_t
commit(const pm_oid_t *parent, const char *name)
{
    char  base[41];

    pm_oid_hex(base, parent);

    (void) sh("printf '%%s text' %s | git hash-object -w --stdin >id "
              "&& (git ls-tree %s; printf '100644 blob %%s\\t%s\\n' "
              "$(cat id)) | git mktree >tree "
              "&& echo %s | git commit-tree -p %s $(cat tree) >commit",
              name, base, name, name, base);

    return oid("$(cat commit)");
}


/* fx.pack takes a server that has old to new (and to more, or NULL). */

static void
make_pack(const pm_oid_t *old, const pm_oid_t *new, const pm_oid_t *more)
{
    char    path[256], have[41], want[41], also[41];
    char   *room;
    FILE   *file;
    size_t  n;

    pm_oid_hex(have, old);
    pm_oid_hex(want, new);
    pm_oid_hex(also, more ? more : new);

    (void) snprintf(path, sizeof(path), "%s/pack", fx.root);
    (void) sh("printf '%%s\\n%%s\\n^%%s\\n' %s %s %s "
              "| git pack-objects --revs --thin --stdout -q >%s",
              want, also, have, path);

    file = fopen(path, "r");
    assert_non_null(file);

    fx.pack.len = 0;

    do {
        room = pm_buffer_reserve(&fx.pack, 65536);
        assert_non_null(room);
        n = fread(room, 1, 65536, file);
        fx.pack.len += n;
    } while (n > 0);

    (void) fclose(file);
}


/* A bare repository with branches main and other, and where to work. */

static void
wire_make(void)
{
    memset(&fx, 0, sizeof(fx));

    strcpy(fx.root, "/tmp/pm-pipe-XXXXXX");
    assert_non_null(mkdtemp(fx.root));

    (void) snprintf(fx.bare, sizeof(fx.bare), "%s/bare.git", fx.root);
    (void) snprintf(fx.work, sizeof(fx.work), "%s", fx.root);

    (void) setenv("HOME", fx.root, 1);
    (void) setenv("GIT_CONFIG_NOSYSTEM", "1", 1);
    (void) setenv("GIT_AUTHOR_NAME", "a", 1);
    (void) setenv("GIT_AUTHOR_EMAIL", "a@b", 1);
    (void) setenv("GIT_COMMITTER_NAME", "a", 1);
    (void) setenv("GIT_COMMITTER_EMAIL", "a@b", 1);

    (void) sh("unset GIT_DIR; git init -q --bare -b main '%s' "
              "&& git init -q -b main work", fx.bare);
    (void) snprintf(fx.work, sizeof(fx.work), "%s/work", fx.root);

    (void) sh("git commit -q --allow-empty -m one "
              "&& git push -q '%s' main:main main:other 2>&1", fx.bare);

    fx.settings.mirrors = fx.root;
    fx.settings.allow_local = 1;
    fx.settings.timeout = 20000;
    fx.settings.idle_timeout = 10000;

    fx.arena = pm_arena_create();
    assert_non_null(fx.arena);

    assert_int_equal(pm_git_create(&fx.settings, &fx.git, &fx.err), 0);
}


static void
wire_open(const char *url)
{
    pm_git_remote_close(fx.remote);
    fx.remote = NULL;

    assert_int_equal(pm_git_url_parse(fx.arena, url, &fx.url, &fx.err), 0);
    assert_int_equal(pm_git_remote_open(fx.git, &fx.url, &fx.remote, &fx.err),
                     0);
}


static void
wire_remove(void)
{
    char  command[128];

    pm_git_remote_close(fx.remote);
    pm_git_destroy(fx.git);
    pm_arena_destroy(fx.arena);
    pm_buffer_free(&fx.pack);

    (void) snprintf(command, sizeof(command), "rm -rf %s", fx.root);
    assert_int_equal(system(command), 0);
}


static pm_git_advertisement_t *
advertisement(pm_git_service_t service)
{
    pm_git_advertisement_t  *adv;

    fx.err.message[0] = '\0';

    if (pm_git_remote_advertisement(fx.remote, service, fx.arena, &adv,
                                    &fx.err) != 0)
    {
        fail_msg("%s", fx.err.message);
    }

    return adv;
}


static int
push(pm_git_command_t *commands, size_t n, pm_git_report_t *report)
{
    return pm_git_push(fx.remote, advertisement(PM_GIT_RECEIVE_PACK),
                       commands, n, &fx.pack, fx.arena, report, &fx.err);
}


static pm_git_command_t
update(const char *ref, const pm_oid_t *old, const pm_oid_t *new)
{
    pm_git_command_t  command;

    memset(&command, 0, sizeof(command));
    command.ref = ref;
    command.old = *old;
    command.new = *new;

    return command;
}


static git_repository *
mirror(void)
{
    char             path[256];
    git_repository  *repository;

    (void) snprintf(path, sizeof(path), "%s/mirror.git", fx.root);
    assert_int_equal(git_repository_init(&repository, path, 1), 0);

    return repository;
}


static int
tracked(git_repository *repository, const char *name, const pm_oid_t *id)
{
    char     ref[128];
    git_oid  found;

    (void) snprintf(ref, sizeof(ref), "refs/remotes/origin/%s", name);

    return git_reference_name_to_id(&found, repository, ref) == 0
           && memcmp(found.id, id->id, PM_GIT_OID_SIZE) == 0;
}


#endif /* WIRE_H */
