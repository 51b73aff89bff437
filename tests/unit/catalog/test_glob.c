#include "catalog/pm_glob.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>


static int
test_match(const char *pattern, const char *path)
{
    int          matches;
    pm_glob_t   *glob;
    pm_error_t   err;
    pm_arena_t  *arena;

    arena = pm_arena_create();
    assert_non_null(arena);

    if (pm_glob_compile(arena, pattern, &glob, &err) != 0) {
        fail_msg("%s", err.message);
    }

    matches = pm_glob_match(glob, path);
    pm_arena_destroy(arena);

    return matches;
}


static void
test_matches(void **state)
{
    size_t  i;

    static const char *const  good[][2] = {
        { "a", "a" },
        { "*", "" },
        { "*", "values.yaml" },
        { "*", ".hidden" },
        { "*.json", ".json" },
        { "*.json", "a.json" },
        { "values*.yaml", "values.yaml" },
        { "values*.yaml", "values-qa.yaml" },
        { "a*b*c", "aXbYc" },
        { "a*b*c", "abbcbc" },
        { "?", "x" },
        { "?", "\xc3\xa9" },
        { "?", "\xff" },
        { "a?c", "abc" },
        { "[abc]", "b" },
        { "[a-c]x", "cx" },
        { "[!a-c]", "d" },
        { "[^a-c]", "d" },
        { "[]]", "]" },
        { "[!]]", "a" },
        { "[a-]", "-" },
        { "[-a]", "-" },
        { "[\\]]", "]" },
        { "[\xc3\xa0-\xc3\xbf]", "\xc3\xa9" },
        { "\\*", "*" },
        { "\\[a", "[a" },
        { "**", "a" },
        { "**", "a/b/c" },
        { "a/**", "a/b" },
        { "a/**", "a/b/c" },
        { "**/b", "b" },
        { "**/b", "a/b" },
        { "**/b", "a/x/b" },
        { "a/**/b", "a/b" },
        { "a/**/b", "a/x/y/b" },
        { "**/a/**/b", "a/b" },
        { "**/a/**/b", "x/a/y/a/b" },
        { "a/**/**/b", "a/b" },
        { "a**", "ab" },
        { "a**b", "aXb" },
        { "**b", "ab" },
        { "***", "ab" },
        { "a/*", "a/b" },
        { "a/*/c", "a/b/c" }
    };

    static const char *const  bad[][2] = {
        { "a", "b" },
        { "a", "ab" },
        { "ab", "a" },
        { "a", "" },
        { "*", "a/b" },
        { "*.json", "a/b.json" },
        { "*.json", "a.jsonx" },
        { "?", "" },
        { "?", "/" },
        { "?", "ab" },
        { "?", "\xff\xfe" },
        { "[!a]", "/" },
        { "a[/]b", "a/b" },
        { "a[.-0]b", "a/b" },
        { "[a-c]", "d" },
        { "[!a-c]", "b" },
        { "[A-Z]", "a" },
        { "a/**", "a" },
        { "a/**", "ab" },
        { "a/**", "ab/c" },
        { "**/b", "ab" },
        { "**/b", "b/c" },
        { "a/**/b", "ab" },
        { "a/**/b", "a/xb" },
        { "a/**/b", "x/a/b" },
        { "a**", "a/b" },
        { "***", "a/b" },
        { "**b", "a/b" },
        { "a/*", "a/b/c" },
        { "a/*", "a" },
        { "\\*", "a" }
    };

    for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        if (!test_match(good[i][0], good[i][1])) {
            fail_msg("%s does not match %s", good[i][0], good[i][1]);
        }
    }

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (test_match(bad[i][0], bad[i][1])) {
            fail_msg("%s matches %s", bad[i][0], bad[i][1]);
        }
    }
}


static void
test_faults(void **state)
{
    size_t       i;
    pm_glob_t   *glob;
    pm_error_t   err;
    pm_arena_t  *arena;

    static const struct {
        const char  *pattern;
        unsigned     column;
    } faults[] = {
        { "a[b", 2 },
        { "[", 1 },
        { "[]", 1 },
        { "[!", 1 },
        { "[a-", 1 },
        { "[a\\", 1 },
        { "\xc3\xa9[z-a]", 3 },
        { "a\\", 2 }
    };

    arena = pm_arena_create();

    for (i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
        assert_int_equal(pm_glob_compile(arena, faults[i].pattern, &glob,
                                         &err), PM_INVALID);
        assert_int_equal(err.column, faults[i].column);
    }

    pm_arena_destroy(arena);
}


static void
test_bounds(void **state)
{
    char         text[PM_GLOB_SIZE + 2];
    size_t       i;
    pm_glob_t   *glob;
    pm_error_t   err;
    pm_arena_t  *arena;

    arena = pm_arena_create();

    for (i = 0; i < sizeof(text) - 2; i += 3) {
        memcpy(text + i, "**/", 3);
    }

    text[PM_GLOB_SIZE] = '\0';

    assert_int_equal(pm_glob_compile(arena, text, &glob, &err), 0);
    assert_int_equal(pm_glob_match(glob, "a/b/"), 1);

    memset(text, '?', PM_GLOB_SIZE + 1);
    text[PM_GLOB_SIZE + 1] = '\0';
    assert_int_equal(pm_glob_compile(arena, text, &glob, &err), PM_INVALID);

    text[PM_GLOB_SIZE] = '\0';
    assert_int_equal(pm_glob_compile(arena, text, &glob, &err), 0);
    assert_int_equal(pm_glob_match(glob, text), 1);
    assert_int_equal(pm_glob_match(glob, text + 1), 0);

    pm_arena_destroy(arena);
}


/* What takes exponential time where each star is tried in turn. */

static void
test_hostile(void **state)
{
    char        *path;
    clock_t      start;
    pm_glob_t   *glob;
    pm_error_t   err;
    pm_arena_t  *arena;

    arena = pm_arena_create();
    path = calloc(1, 4097);
    assert_non_null(path);
    memset(path, 'a', 4096);

    assert_int_equal(pm_glob_compile(arena, "**/*a*a*a*a*a*a*a*a*a*a*a*a*a*a*"
                                     "a*a*a*a*a*a*a*a*a*a*a*a*b", &glob,
                                     &err), 0);

    start = clock();
    assert_int_equal(pm_glob_match(glob, path), 0);
    assert_true((double) (clock() - start) / CLOCKS_PER_SEC < 1.0);

    free(path);
    pm_arena_destroy(arena);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_matches),
        cmocka_unit_test(test_faults),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_hostile)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
