/*
 * What is malformed, or made to hurt: it is refused where it stands, and
 * costs no more than others.
 */

#include "definition.h"

#include <time.h>


/* Each value in the place of each field, in the source, in the target, and in
 * both: refused with the field's place, or merged into what can be read. */

static void
test_wrong_types(void **state)
{
    size_t       i, j, k;
    const char  *text, *plain;
    case_t      *c = *state;

    static const char *const  values[] = {
        "null", "true", "0", "-1e999", "1e308", "123456789012345678901234567"
        "8901234567890", "\"\"", "\"s\"", "[]", "{}", "[null]", "[1]",
        "[[]]", "[\"s\"]", "[{}]", "{\"a\": null}", "[{\"id\": {}}]",
        "[{\"crossId\": [1]}]", "[{\"id\": \"i\"}, {\"id\": \"i\"}]",
        "[{\"status\": {}}]", "[{\"name\": []}]", "[{\"flows\": 1}]",
        "[{\"flows\": [1]}]", "[{\"parentId\": [], \"generalConditions\": "
        "{}}]", "[{\"path\": 1, \"host\": 2}]", "[{\"path\": {}}]",
        "[{\"paths\": 1}]", "[{\"paths\": [1]}]", "{\"virtual_hosts\": 1}",
        "{\"virtual_hosts\": [1]}", "{\"virtual_hosts\": [{\"path\": []}]}",
        "{\"contextPath\": {}}", "[{\"key\": 1}]", "[{\"key\": null}]",
        "[{\"children\": 1}]", "[{\"children\": [1]}]",
        "{\"definitionVersion\": [1]}", "{\"id\": 1, \"crossId\": {}}"
    };

    static const char *const  fields[] = {
        "id", "crossId", "name", "version", "apiVersion", "plans", "pages",
        "flows", "metadata", "properties", "proxy", "listeners", "members",
        "groups", "primaryOwner", "api", "apiMedia", "export", "state",
        "gravitee", "definitionVersion", "createdAt", "tags"
    };

    for (k = 0; k < 2; k++) {
        plain = k ? "{\"definitionVersion\": \"V4\", \"crossId\": \"x\"}"
                  : "{\"gravitee\": \"2.0.0\", \"crossId\": \"x\"}";

        for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {

            for (j = 0; j < sizeof(values) / sizeof(values[0]); j++) {
                text = pm_arena_printf(c->arena, "{%s\"crossId\": \"x\", "
                                       "\"%s\": %s}",
                                       strcmp(fields[i], k
                                              ? "definitionVersion"
                                              : "gravitee") == 0 ? ""
                                       : k ? "\"definitionVersion\": "
                                             "\"V4\", "
                                           : "\"gravitee\": \"2.0.0\", ",
                                       fields[i], values[j]);

                (void) merge(c, text, NULL, NULL);
                assert_int_not_equal(c->plan.refusal, PM_DEFINITION_FAILED);

                if (c->rc != 0) {
                    assert_true(strlen(c->err.message) > 10);
                    assert_int_equal(c->rc, PM_INVALID);
                }

                (void) merge(c, plain, text, NULL);
                assert_int_not_equal(c->plan.refusal, PM_DEFINITION_FAILED);

                if (merge(c, text, text, NULL) == 0) {
                    assert_true(c->plan.refusal == PM_DEFINITION_NO_CHANGES
                                || c->plan.refusal
                                   == PM_DEFINITION_ACCEPTED);
                }

                (void) merge(c, plain, plain,
                             pm_arena_printf(c->arena, "{\"%s\": %s}",
                                             fields[i], values[j]));
                assert_int_not_equal(c->plan.refusal, PM_DEFINITION_FAILED);
            }
        }
    }
}


static void
test_places(void **state)
{
    size_t   i;
    case_t  *c = *state;

    static const struct {
        const char  *text;
        const char  *message;
    } cases[] = {
        { "{\"gravitee\": \"2.0.0\",\n \"plans\": {}}",
          "source.json:2:11: plans must be a list, and is a mapping" },
        { "{\"gravitee\": \"2.0.0\",\n \"pages\": [1]}",
          "source.json:2:12: each page must be a mapping, and this is a "
          "number" },
        { "{\"gravitee\": \"2.0.0\", \"crossId\": true}",
          "source.json:1:34: crossId must be a string, and is a boolean" },
        { "{\"gravitee\": \"2.0.0\", \"id\": \"a\\nb\"}",
          "source.json:1:29: id has a control character in it" },
        { "{\"gravitee\": \"2.0.0\", \"plans\": [{\"id\": \"a\"}, "
          "{\"id\": \"a\"}]}", "the plan has the crossId or id of the one "
          "in line 1: \"a\"" },
        { "{\"gravitee\": \"2.0.0\", \"plans\": [{\"crossId\": \"a\"}, "
          "{\"crossId\": \"a\"}]}", "in line 1: \"a\"" },
        { "{\"gravitee\": \"2.0.0\", \"plans\": [{\"crossId\": \"a\", "
          "\"id\": \"i\"}, {\"crossId\": \"b\", \"id\": \"i\"}]}",
          "two plans have the id \"i\"" },
        { "{\"gravitee\": \"2.0.0\", \"id\": 1, \"id\": 2}",
          "the key \"id\" is given twice" },
        { "{\"gravitee\": \"2.0.0\"} x", "source.json:1:" },
        { "[]", "an API definition is one mapping, and this is a sequence" },
        { "\"x\"", "and this is a string" },
        { "{\"gravitee\": \"2.0.0\", \"a\": \"\xff\"}", "UTF-8" }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(merge(c, cases[i].text, NULL, NULL), PM_INVALID);
        assert_int_equal(c->plan.refusal, PM_DEFINITION_MALFORMED);

        if (strstr(c->err.message, cases[i].message) == NULL) {
            fail_msg("%s, not %s", c->err.message, cases[i].message);
        }
    }
}


static char *
repeated(case_t *c, const char *before, const char *text, size_t n,
    const char *after)
{
    size_t        i;
    char         *copy;
    pm_buffer_t   b;

    memset(&b, 0, sizeof(b));
    pm_buffer_puts(&b, before);

    for (i = 0; i < n; i++) {
        pm_buffer_puts(&b, text);
    }

    pm_buffer_puts(&b, after);
    copy = pm_arena_strndup(c->arena, b.data, b.len);
    assert_non_null(copy);
    pm_buffer_free(&b);

    return copy;
}


static void
test_bounds(void **state)
{
    char    *text;
    case_t  *c = *state;

    /* depth */

    text = repeated(c, "{\"gravitee\": \"2.0.0\", \"a\": ", "[", 50000, "");
    assert_int_equal(merge(c, text, NULL, NULL), PM_INVALID);

    text = repeated(c, "{\"gravitee\": \"2.0.0\", \"pages\": ",
                    "[{\"children\": ", 31, "[]");
    text = repeated(c, text, "}]", 31, "}");
    merge_ok(c, text, NULL, NULL);
    text = repeated(c, "{\"gravitee\": \"2.0.0\", \"pages\": ",
                    "[{\"children\": ", 40, "[]");
    text = repeated(c, text, "}]", 40, "}");
    assert_int_equal(merge(c, text, NULL, NULL), PM_INVALID);

    /* numbers of fields, items, bytes of names */

    text = repeated(c, "{\"gravitee\": \"2.0.0\", \"plans\": [", "{},",
                    20000, "{}]}");
    assert_int_equal(merge(c, text, NULL, NULL), PM_INVALID);
    assert_non_null(strstr(c->err.message, "more than 10000 plans"));

    text = repeated(c, "{\"gravitee\": \"2.0.0\", \"", "x", 600, "\": 1}");
    assert_int_equal(merge(c, text, NULL, NULL), PM_INVALID);
    assert_non_null(strstr(c->err.message, "longer than 512 bytes"));

    text = repeated(c, "{\"gravitee\": \"2.0.0\", \"id\": \"", "x", 300,
                    "\"}");
    assert_int_equal(merge(c, text, NULL, NULL), PM_INVALID);

    /* names that JSONPath would read otherwise */

    merge_ok(c, "{\"gravitee\": \"2.0.0\", \"crossId\": \"x\", \"a'b\": 1, "
             "\"c\\\\d\": 2, \"e\\u0001f\\n\": 3, \"$\": 4, \"*\": 5, \"\": "
             "6, \"..\": 7, \"\xc3\xa4\": 8}",
             "{\"gravitee\": \"2.0.0\", \"crossId\": \"x\", \"a'b\": 0, "
             "\"c\\\\d\": 0, \"e\\u0001f\\n\": 0, \"$\": 0, \"*\": 0, \"\": "
             "0, \"..\": 0, \"\xc3\xa4\": 0}", NULL);
    result_is(c, "{\"gravitee\": \"2.0.0\", \"crossId\": \"x\", \"a'b\": 1, "
                 "\"c\\\\d\": 2, \"e\\u0001f\\n\": 3, \"$\": 4, \"*\": 5, "
                 "\"\": 6, \"..\": 7, \"\xc3\xa4\": 8}");
}


static void
test_aliases(void **state)
{
    case_t  *c = *state;

    c->merge.source.file = "source.yaml";

    /* what they stand for grows without end */

    assert_int_equal(merge(c,
        "gravitee: 2.0.0\n"
        "a: &a [x,x,x,x,x,x,x,x,x,x]\n"
        "b: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\n"
        "c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\n"
        "d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]\n"
        "e: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d,*d]\n"
        "f: &f [*e,*e,*e,*e,*e,*e,*e,*e,*e,*e]\n"
        "g: &g [*f,*f,*f,*f,*f,*f,*f,*f,*f,*f]\n"
        "h: &h [*g,*g,*g,*g,*g,*g,*g,*g,*g,*g]\n"
        "i: [*h,*h,*h,*h,*h,*h,*h,*h,*h,*h]\n", NULL, NULL), PM_INVALID);
    assert_int_equal(c->plan.refusal, PM_DEFINITION_MALFORMED);

    /* what never moves does not come by an alias or a merge key */

    merge_ok(c,
        "gravitee: 2.0.0\n"
        "crossId: x\n"
        "members: &m [secret]\n"
        "plans:\n"
        "- &p {id: secret, excluded_groups: *m, flows: &f [{id: secret}]}\n"
        "flows: *f\n", NULL, NULL);
    assert_null(memmem(c->plan.text.data, c->plan.text.len, "secret", 6));

    assert_int_equal(merge(c,
        "gravitee: 2.0.0\n"
        "x: &x {members: [secret]}\n"
        "<<: *x\n", NULL, NULL), PM_INVALID);
    assert_non_null(strstr(c->err.message, "merge key"));
    assert_int_equal(merge(c,
        "gravitee: 2.0.0\n"
        "plans:\n"
        "- <<: {id: secret}\n", NULL, NULL), PM_INVALID);
    assert_int_equal(merge(c,
        "gravitee: 2.0.0\n"
        "flows:\n"
        "- <<: {id: secret}\n", NULL, NULL), PM_INVALID);
    assert_int_equal(merge(c,
        "gravitee: 2.0.0\n"
        "proxy:\n"
        "  <<: {a: 1}\n", NULL, NULL), PM_INVALID);

    /* JSON has neither these numbers nor tags */

    assert_int_equal(merge(c, "gravitee: 2.0.0\na: 0x10\n", NULL, NULL),
                     PM_INVALID);
    assert_int_equal(merge(c, "gravitee: 2.0.0\na: .inf\n", NULL, NULL),
                     PM_INVALID);
    assert_int_equal(merge(c, "gravitee: 2.0.0\na: !secret x\n", NULL, NULL),
                     PM_INVALID);
    merge_ok(c, "gravitee: 2.0.0\na: !!str 1\n", NULL, NULL);
    has(c, "a", "1");
}


/* Lists at their bounds, all of them unmatched, or matched in reverse. */

static void
test_slow(void **state)
{
    int               i, round;
    double            s;
    case_t           *c = *state;
    pm_buffer_t       a, b;
    struct timespec   start, end;

    for (round = 0; round < 3; round++) {
        memset(&a, 0, sizeof(a));
        memset(&b, 0, sizeof(b));
        pm_buffer_puts(&a, "{\"gravitee\":\"2.0.0\",\"crossId\":\"x\","
                           "\"pages\":[");
        pm_buffer_puts(&b, "{\"gravitee\":\"2.0.0\",\"crossId\":\"x\","
                           "\"pages\":[");

        for (i = 0; i < 10000; i++) {
            pm_buffer_printf(&a, "%s{\"crossId\":\"%d\",\"a\":1}",
                             i ? "," : "", i);

            /* none, all reversed, every other one */

            pm_buffer_printf(&b, "%s{\"crossId\":\"%s%d\",\"a\":2}",
                             i ? "," : "",
                             round == 0 || (round == 2 && i % 2) ? "o" : "",
                             round == 1 ? 9999 - i : i);
        }

        pm_buffer_puts(&a, "]}");
        pm_buffer_puts(&b, "]}");

        (void) clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &start);
        (void) merge(c, pm_buffer_string(&a), pm_buffer_string(&b), NULL);
        (void) clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);

        s = (double) (end.tv_sec - start.tv_sec)
            + (double) (end.tv_nsec - start.tv_nsec) / 1e9;
        print_message("# 10,000 pages, %s: %.2f s\n",
                      round == 0 ? "none matches" : round == 1 ? "reversed"
                      : "every other one", s);
        assert_true(s < 20);

        /* too many for a definition, or whole */

        if (c->rc == 0) {
            has(c, "pages.9999.a", round == 1 ? "1" : "2");

        } else {
            assert_int_equal(c->plan.refusal, PM_DEFINITION_TARGET);
        }

        pm_buffer_free(&a);
        pm_buffer_free(&b);
    }
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test_setup_teardown(test_wrong_types, case_setup,
                                        case_teardown),
        cmocka_unit_test_setup_teardown(test_places, case_setup,
                                        case_teardown),
        cmocka_unit_test_setup_teardown(test_bounds, case_setup,
                                        case_teardown),
        cmocka_unit_test_setup_teardown(test_aliases, case_setup,
                                        case_teardown),
        cmocka_unit_test_setup_teardown(test_slow, case_setup,
                                        case_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
