/*
 * repository.h: what the git room's tests share: a temporary folder with
 * repositories made by git itself, and a mirror of one of them.
 */

#ifndef PM_TEST_REPOSITORY_H
#define PM_TEST_REPOSITORY_H


#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "git/pm_git.h"
#include "git/pm_git_compare.h"
#include "git/pm_git_mirror.h"
#include "git/pm_git_objects.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>


typedef struct {
    char                folder[64];
    char                mirrors[96];
    char                url_text[96];
    pm_git_settings_t   settings;
    pm_git_t           *git;
    pm_arena_t         *arena;
    pm_git_url_t        url;
    pm_git_remote_t    *remote;
    pm_git_mirror_t    *mirror;
    pm_error_t          err;
} test_t;


/* Runs a shell command in the test's folder; its status. */

__attribute__((format(printf, 2, 3), unused))
static int
test_try(test_t *t, const char *fmt, ...)
{
    int          n;
    char         command[16384];
    va_list      args;

    n = snprintf(command, sizeof(command), "cd '%s' && { ", t->folder);

    va_start(args, fmt);
    n += vsnprintf(command + n, sizeof(command) - (size_t) n, fmt, args);
    va_end(args);

    assert_true((size_t) n + 8 < sizeof(command));
    strcpy(command + n, "\n}");

    return system(command);
}


/* What a shell command prints, without the last newline; it must succeed. */

__attribute__((format(printf, 2, 3), unused))
static char *
test_run(test_t *t, const char *fmt, ...)
{
    int          n;
    char         command[16384], *text;
    FILE        *pipe;
    size_t       size, len;
    va_list      args;

    n = snprintf(command, sizeof(command), "cd '%s' && { ", t->folder);

    va_start(args, fmt);
    n += vsnprintf(command + n, sizeof(command) - (size_t) n, fmt, args);
    va_end(args);

    assert_true((size_t) n + 8 < sizeof(command));
    strcpy(command + n, "\n}");

    pipe = popen(command, "r");
    assert_non_null(pipe);

    size = 1024 * 1024;
    text = malloc(size);
    assert_non_null(text);

    len = fread(text, 1, size - 1, pipe);
    text[len] = '\0';

    if (pclose(pipe) != 0) {
        fail_msg("failed: %s", command);
    }

    while (len > 0 && text[len - 1] == '\n') {
        text[--len] = '\0';
    }

    return text;
}


__attribute__((unused))
static pm_oid_t
test_oid(test_t *t, const char *revision)
{
    char      *text;
    pm_oid_t   id;

    text = test_run(t, "git -C remote.git rev-parse '%s'", revision);
    assert_int_equal(pm_oid_parse(&id, text, strlen(text)), 0);
    free(text);

    return id;
}


__attribute__((unused))
static void
test_ok(test_t *t, int rc)
{
    if (rc != 0) {
        fail_msg("%d: %s", rc, t->err.message);
    }
}


/* A process's state, and an empty repository "remote.git" with its clone
 * "work". */

__attribute__((unused))
static int
test_setup(void **state)
{
    test_t  *t;

    setenv("GIT_CONFIG_NOSYSTEM", "1", 1);
    setenv("GIT_CONFIG_GLOBAL", "/dev/null", 1);
    setenv("GIT_AUTHOR_NAME", "A", 1);
    setenv("GIT_AUTHOR_EMAIL", "a@example.org", 1);
    setenv("GIT_COMMITTER_NAME", "A", 1);
    setenv("GIT_COMMITTER_EMAIL", "a@example.org", 1);
    unsetenv("GIT_DIR");

    t = calloc(1, sizeof(test_t));
    assert_non_null(t);

    strcpy(t->folder, "/tmp/pm-git-XXXXXX");
    assert_non_null(mkdtemp(t->folder));

    snprintf(t->mirrors, sizeof(t->mirrors), "%s/mirrors", t->folder);
    snprintf(t->url_text, sizeof(t->url_text), "%s/remote.git", t->folder);

    t->settings.mirrors = t->mirrors;
    t->settings.allow_local = 1;
    t->settings.timeout = 20000;
    t->settings.idle_timeout = 10000;

    test_ok(t, pm_git_create(&t->settings, &t->git, &t->err));

    t->arena = pm_arena_create();
    assert_non_null(t->arena);

    test_ok(t, pm_git_url_parse(t->arena, t->url_text, &t->url, &t->err));

    assert_int_equal(test_try(t, "git init -q --bare -b main remote.git && "
                                 "git clone -q remote.git work 2>/dev/null "
                                 "&& git -C work checkout -q -b main "
                                 "2>/dev/null; true"), 0);
    *state = t;

    return 0;
}


__attribute__((unused))
static int
test_teardown(void **state)
{
    test_t  *t;

    t = *state;

    pm_git_mirror_close(t->mirror);
    pm_git_remote_close(t->remote);
    pm_arena_destroy(t->arena);
    pm_git_destroy(t->git);

    if (getenv("PM_TEST_KEEP") == NULL) {
        (void) test_try(t, "rm -rf '%s'", t->folder);
    }

    free(t);

    return 0;
}


/* Commits whatever the shell command does in "work", and pushes it. */

__attribute__((unused))
static void
test_commit(test_t *t, const char *command)
{
    char  *text;

    text = test_run(t, "cd work && { %s\n} && git add -A && "
                       "git commit -q --allow-empty -m change && "
                       "git push -q origin HEAD 2>&1", command);
    free(text);
}


/* The mirror, with the head of branch in it. */

__attribute__((unused))
static pm_oid_t
test_mirror(test_t *t, const char *branch)
{
    char         ref[256];
    pm_oid_t     head;
    const char  *refs[1];

    snprintf(ref, sizeof(ref), "refs/heads/%s", branch);
    refs[0] = ref;

    head = test_oid(t, ref);

    if (t->mirror == NULL) {
        test_ok(t, pm_git_mirror_open(t->git, &t->url, &t->mirror, &t->err));
    }

    if (t->remote == NULL) {
        test_ok(t, pm_git_remote_open(t->git, &t->url, &t->remote, &t->err));
    }

    test_ok(t, pm_git_mirror_update(t->mirror, t->remote, &head, NULL, refs, 1,
                                    &t->err));

    return head;
}


__attribute__((unused))
static pm_oid_t
test_blob(test_t *t, pm_git_objects_t *objects, const char *text)
{
    pm_oid_t  id;

    test_ok(t, pm_git_objects_blob(objects, text, strlen(text), &id,
                                   &t->err));
    return id;
}


#endif /* PM_TEST_REPOSITORY_H */
