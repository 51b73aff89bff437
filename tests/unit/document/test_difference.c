/*
 * How the values of two texts differ.
 */

#include "document/pm_difference.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>


#define LIMIT  (1024 * 1024)


typedef struct {
    const char  *name;
    const char  *old;
    const char  *new;
    const char  *expected;       /* "document path: from > to", a line each;
                                    "-": missing */
} test_case_t;


static const test_case_t  test_cases[] = {

    { "nothing", "a: 1\n", "a: 1\n", "" },

    { "a value", "a: 1\nb: 2\n", "a: 1\nb: 3 # three\n", "0 /b: 2 > 3\n" },

    { "how it is written", "a: 'x'\nb: [1, 2]\nc: ~\nd: true\n",
      "# new\nd: True\na: \"x\"\nc:\nb:\n  - 1\n  - 2\n", "" },

    { "numbers are as they are written", "a: 1.10\nb: 1e3\n",
      "a: 1.1\nb: 1e3\n", "0 /a: 1.10 > 1.1\n" },

    { "a number and a string", "a: 1\n", "a: '1'\n", "0 /a: 1 > \"1\"\n" },

    { "kinds", "a: 1\nb: {c: 1}\nd: [1]\n", "a: {x: 1}\nb: [c, 1]\nd:\n",
      "0 /a: 1 > {\"x\":1}\n0 /b: {\"c\":1} > [\"c\",1]\n0 /d: [1] > null\n" },

    { "keys come and go", "a: {b: 1, c: {d: 2}}\n", "a: {e: [3], b: 1}\n",
      "0 /a/e: - > [3]\n0 /a/c: {\"d\":2} > -\n" },

    { "sequences of one length", "a: [{n: x, v: 1}, {n: y, v: 1}]\n",
      "a: [{n: x, v: 1}, {n: y, v: 2}]\n", "0 /a/1/v: 1 > 2\n" },

    { "sequences of several lengths", "a: [1, 2]\n", "a: [0, 1, 2]\n",
      "0 /a: [1,2] > [0,1,2]\n" },

    { "keys that a pointer escapes", "a/b: {~: 1, '': 1}\n",
      "a/b: {~: 2, '': 2}\n", "0 /a~1b/~0: 1 > 2\n0 /a~1b/: 1 > 2\n" },

    { "tags", "a: !x 1\nb: !!str 1\n", "a: !y 1\nb: '1'\n",
      "0 /a: \"1\" > \"1\"\n" },

    { "text that JSON escapes", "a: \"x\\n\\\"\\u00e4\"\n", "a: |\n  x\n",
      "0 /a: \"x\\n\\\"ä\" > \"x\\n\"\n" },

    { "aliases are what they stand for", "x: &x {v: 1}\na: *x\nb: {<<: *x}\n",
      "x: {v: 1}\na: {v: 1}\nb: {<<: {v: 2}}\n", "0 /b/<</v: 1 > 2\n" },

    { "documents by what they are",
      "apiVersion: v1\nkind: A\nmetadata: {name: a}\nx: 1\n---\n"
      "apiVersion: v1\nkind: B\nmetadata: {name: b}\nx: 1\n---\n"
      "apiVersion: v1\nkind: C\nmetadata: {name: c}\n",
      "apiVersion: v1\nkind: D\nmetadata: {name: d}\n---\n"
      "apiVersion: v1\nkind: B\nmetadata: {name: b}\nx: 2\n---\n"
      "apiVersion: v1\nkind: A\nmetadata: {name: a}\nx: 3\n",
      "0 : - > {\"apiVersion\":\"v1\",\"kind\":\"D\",\"metadata\":"
      "{\"name\":\"d\"}}\n"
      "1 /x: 1 > 2\n0 /x: 1 > 3\n"
      "2 : {\"apiVersion\":\"v1\",\"kind\":\"C\",\"metadata\":"
      "{\"name\":\"c\"}} > -\n" },

    { "an empty text", "# nothing\n", "a: 1\n", "0 : - > {\"a\":1}\n" },

    { "a scalar for a document", "a\n", "b\n", "0 : \"a\" > \"b\"\n" },
};


static pm_document_t *
test_parse(pm_arena_t *arena, const char *name, const char *text)
{
    pm_error_t      err;
    pm_document_t  *document;

    if (pm_document_parse(arena, name, text, strlen(text), &document, &err)
        != 0)
    {
        fail_msg("%s: %s", text, err.message);
    }

    return document;
}


/* 1 if it was cut. */

static int
test_difference(pm_arena_t *arena, const char *name, const char *old,
    const char *new, size_t limit, char **text)
{
    FILE                *out;
    size_t               i, len;
    pm_error_t           err;
    pm_difference_t      difference;
    pm_edit_property_t  *property;

    assert_int_equal(pm_difference(arena, test_parse(arena, name, old),
                                   test_parse(arena, name, new), limit,
                                   &difference, &err), 0);

    out = open_memstream(text, &len);

    for (i = 0; i < difference.nproperties; i++) {
        property = &difference.properties[i];
        fprintf(out, "%zu %s: %s > %s\n", property->document, property->path,
                property->from ? property->from : "-",
                property->to ? property->to : "-");
    }

    fclose(out);

    return difference.cut;
}


static void
test_differences(void **state)
{
    char        *text;
    size_t       i;
    pm_arena_t  *arena;

    for (i = 0; i < sizeof(test_cases) / sizeof(test_cases[0]); i++) {
        arena = pm_arena_create();

        assert_false(test_difference(arena, "a.yaml", test_cases[i].old,
                                     test_cases[i].new, LIMIT, &text));

        if (strcmp(text, test_cases[i].expected) != 0) {
            fail_msg("%s:\n%s", test_cases[i].name, text);
        }

        free(text);
        pm_arena_destroy(arena);
    }
}


static void
test_json(void **state)
{
    char        *text;
    pm_arena_t  *arena;

    arena = pm_arena_create();

    assert_false(test_difference(arena, "a.json",
                                 "{\"a\": 1, \"b\": [true, null]}",
                                 "{\"b\": [false, null], \"a\": 1}", LIMIT,
                                 &text));
    assert_string_equal(text, "0 /b/0: true > false\n");

    free(text);
    pm_arena_destroy(arena);
}


/* What has no place is left out, and everything after it. */

static void
test_limit(void **state)
{
    int          cut;
    char        *text;
    size_t       limit;
    pm_arena_t  *arena;

    static const char  all[] = "0 /a: 1 > 2\n0 /b: \"x\" > {\"y\":[1,2]}\n"
                               "0 /c: 1 > 2\n";

    for (limit = 0; limit < 40; limit++) {
        arena = pm_arena_create();

        cut = test_difference(arena, "a.yaml", "a: 1\nb: x\nc: 1\n",
                              "a: 2\nb: {y: [1, 2]}\nc: 2\n", limit, &text);

        assert_memory_equal(text, all, strlen(text));
        assert_int_equal(cut, strlen(text) < sizeof(all) - 1);
        assert_int_equal(cut, limit < 24);

        free(text);
        pm_arena_destroy(arena);
    }
}


/* Aliases that stand for more than anybody can read, and for depth. */

static void
test_hostile_aliases(void **state)
{
    int           i, deep;
    char         *text;
    FILE         *out;
    size_t        len;
    pm_error_t    err;
    pm_arena_t   *arena;
    pm_document_t    *old, *new;
    pm_difference_t   difference;

    for (deep = 0; deep < 2; deep++) {
        arena = pm_arena_create();

        out = open_memstream(&text, &len);
        fprintf(out, "a0: &a0 [1]\n");

        for (i = 1; i < 2000; i++) {
            if (deep) {
                fprintf(out, "a%d: &a%d [*a%d]\n", i, i, i - 1);

            } else if (i < 30) {
                fprintf(out, "a%d: &a%d [*a%d, *a%d, *a%d]\n", i, i, i - 1,
                        i - 1, i - 1);
            }
        }

        fclose(out);

        old = test_parse(arena, "a.yaml", text);
        text[9] = '2';
        new = test_parse(arena, "a.yaml", text);

        assert_int_equal(pm_difference(arena, old, new, LIMIT, &difference,
                                       &err), 0);
        assert_true(difference.cut);
        assert_true(difference.nproperties > 0);
        assert_string_equal(difference.properties[0].path, "/a0/0");

        free(text);
        pm_arena_destroy(arena);
    }
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_differences),
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_limit),
        cmocka_unit_test(test_hostile_aliases)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
