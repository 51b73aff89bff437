#include "definition/pm_definition.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>


/* What turns one text into the other. */

static void
patch_is(const char *before, const char *after, const char *expected)
{
    int                      cut;
    size_t                   n;
    pm_arena_t              *arena;
    pm_error_t               err;
    const char              *patch;
    pm_string_t              old, new;
    pm_definition_change_t  *changes;

    arena = pm_arena_create();
    assert_non_null(arena);

    old = (pm_string_t) { before, strlen(before) };
    new = (pm_string_t) { after, strlen(after) };

    assert_int_equal(pm_definition_changes(arena, "a.json", &old, "b.json",
                                           &new, 100, &changes, &n, &cut,
                                           &err), 0);
    assert_int_equal(pm_definition_json_patch(arena, changes, n, &patch,
                                              &err), 0);
    assert_string_equal(patch, expected);

    pm_arena_destroy(arena);
}


static void
test_operations(void **state)
{
    patch_is("{\"a\": 1, \"b\": [1]}", "{\"a\": 1, \"b\": [1]}", "[]");

    patch_is("{\"a\": 1, \"b\": true, \"c\": {\"d\": null}}",
             "{\"a\": \"x\", \"c\": {\"d\": null, \"e\": [1, 2]}}",
             "[{\"op\":\"replace\",\"path\":\"/a\",\"value\":\"x\"},"
             "{\"op\":\"add\",\"path\":\"/c/e\",\"value\":[1,2]},"
             "{\"op\":\"remove\",\"path\":\"/b\"}]");
}


/* Removed one after the other, each is where it is said to be. */

static void
test_items_go_from_the_end(void **state)
{
    patch_is("{\"l\": [1, 2, 3, 4], \"m\": [[1, 2], 3]}",
             "{\"l\": [1, 9], \"m\": [[1]]}",
             "[{\"op\":\"replace\",\"path\":\"/l/1\",\"value\":9},"
             "{\"op\":\"remove\",\"path\":\"/m/1\"},"
             "{\"op\":\"remove\",\"path\":\"/m/0/1\"},"
             "{\"op\":\"remove\",\"path\":\"/l/3\"},"
             "{\"op\":\"remove\",\"path\":\"/l/2\"}]");
}


static void
test_names(void **state)
{
    patch_is("", "{\"a/b\": {\"~\\\"\\n\": 1}}",
             "[{\"op\":\"add\",\"path\":\"/a~1b\","
             "\"value\":{\"~\\\"\\n\":1}}]");
    patch_is("{\"~\\\"\\n\": 0}", "{\"~\\\"\\n\": 1}",
             "[{\"op\":\"replace\",\"path\":\"/~0\\\"\\n\",\"value\":1}]");
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_operations),
        cmocka_unit_test(test_items_go_from_the_end),
        cmocka_unit_test(test_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
