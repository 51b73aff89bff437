/*
 * libgit2 reads no configuration but a mirror's own: one of the user's that
 * cannot even be parsed stops nothing.
 */

#include "repository.h"

#include <git2.h>


static void
environment(const char *home, const char *xdg)
{
    setenv("HOME", home, 1);

    if (xdg != NULL) {
        setenv("XDG_CONFIG_HOME", xdg, 1);

    } else {
        unsetenv("XDG_CONFIG_HOME");
    }
}


/* libgit2 looks at the environment when it is started: nobody may have. */

static void
stop(test_t *t)
{
    pm_git_mirror_close(t->mirror);
    t->mirror = NULL;
    pm_git_remote_close(t->remote);
    t->remote = NULL;
    pm_git_destroy(t->git);
    t->git = NULL;
}


static void
test_hostile(void **state)
{
    char         home[128], xdg[128];
    size_t       i;
    test_t      *t = *state;
    unsigned     mode;
    pm_oid_t     head, id;
    git_config  *config;

    static const struct {
        const char  *file;
        int          xdg;
    } places[] = {
        { "home/.gitconfig", 0 },
        { "home/.config/git/config", 0 },
        { "xdg/git/config", 1 },
    };

    (void) snprintf(home, sizeof(home), "%s/home", t->folder);
    (void) snprintf(xdg, sizeof(xdg), "%s/xdg", t->folder);

    for (i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        test_commit(t, "date +%s%N >x");
        stop(t);

        free(test_run(t, "rm -rf home xdg && mkdir -p $(dirname %s) && "
                         "echo '[core' >%s", places[i].file, places[i].file));
        environment(home, places[i].xdg ? xdg : NULL);

        /* by itself it would stop at it */

        assert_int_equal(git_libgit2_init(), 1);
        assert_true(git_config_open_default(&config) < 0);
        assert_int_equal(git_libgit2_shutdown(), 0);

        test_ok(t, pm_git_create(&t->settings, &t->git, &t->err));

        /* git's own programs, at the other end, may read theirs */

        environment("/nonexistent", NULL);

        head = test_mirror(t, "main");
        test_ok(t, pm_git_lookup(t->mirror, &head, "x", &mode, &id, &t->err));
    }
}


/* A test cannot write into /etc: nothing there is looked for either. */

static void
test_levels(void **state)
{
    size_t   i;
    git_buf  path;

    static const int  levels[] = {
        GIT_CONFIG_LEVEL_PROGRAMDATA, GIT_CONFIG_LEVEL_SYSTEM,
        GIT_CONFIG_LEVEL_XDG, GIT_CONFIG_LEVEL_GLOBAL
    };

    for (i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
        memset(&path, 0, sizeof(git_buf));
        assert_int_equal(git_libgit2_opts(GIT_OPT_GET_SEARCH_PATH, levels[i],
                                          &path), 0);
        assert_string_equal(path.ptr ? path.ptr : "", "");
        git_buf_dispose(&path);
    }
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test_setup_teardown(test_hostile, test_setup,
                                        test_teardown),
        cmocka_unit_test_setup_teardown(test_levels, test_setup,
                                        test_teardown),
    };

    return cmocka_run_group_tests_name("configuration", tests, NULL, NULL);
}
