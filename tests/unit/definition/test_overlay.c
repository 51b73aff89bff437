/*
 * Overlays: a merge patch (RFC 7396) on what the merge gives.
 */

#include "definition.h"


#define V2  "\"gravitee\": \"2.0.0\", \"crossId\": \"x\""


static void
test_values(void **state)
{
    case_t  *c = *state;

    merge_ok(c, "{" V2 ", \"tags\": [\"a\"], \"proxy\": {\"a\": 1, \"b\": 2, "
             "\"c\": {\"d\": 3}}, \"description\": \"dev\", \"n\": 1}",
             "{" V2 ", \"own\": 1, \"proxy\": {\"e\": 5}}",
             "{\"tags\": [\"qa\"], \"proxy\": {\"a\": 10, \"c\": {\"f\": 6}, "
             "\"b\": null}, \"description\": null, \"own\": null, "
             "\"n\": {\"o\": {\"p\": null}}}");
    has(c, "tags.0", "qa");
    lacks(c, "tags.1");
    has(c, "proxy.a", "10");
    lacks(c, "proxy.b");
    has(c, "proxy.c.d", "3");
    has(c, "proxy.c.f", "6");
    has(c, "proxy.e", "5");
    lacks(c, "description");
    lacks(c, "own");
    has(c, "n.o", "a mapping");
    lacks(c, "n.o.p");

    merge_ok(c, "{" V2 ", \"tags\": [\"a\"], \"n\": 1}", NULL,
             "{\"tags\": [\"qa\", null], \"n\": null, \"state\": "
             "\"STARTED\", \"groups\": [\"mine\"]}");
    has(c, "tags.1", "null");
    lacks(c, "n");
    has(c, "state", "STARTED");
    has(c, "groups.0", "mine");

    /* nothing, and nothing that is not there already */

    merge_ok(c, "{" V2 "}", "{" V2 "}", "{}");
    assert_int_equal(c->plan.changed, 0);
    merge_ok(c, "{" V2 "}", "{" V2 "}", "{\"a\": null}");
    assert_int_equal(c->plan.changed, 0);
}


/* What the overlay holds as it was is not touched. */

static void
test_formatting(void **state)
{
    case_t  *c = *state;

    static const char  target[] =
        "{\n"
        "  " V2 ",\n"
        "  \"endpoints\": [\n"
        "      {\"target\":   \"http://qa\" }\n"
        "  ],\n"
        "  \"name\": \"Old\"\n"
        "}\n";

    merge_ok(c, "{" V2 ", \"endpoints\": [{\"target\": \"http://dev\"}], "
             "\"name\": \"New\"}", target,
             "{\"endpoints\": [{\"target\": \"http://qa\"}]}");
    result_is(c,
              "{\n"
              "  " V2 ",\n"
              "  \"endpoints\": [\n"
              "      {\"target\":   \"http://qa\" }\n"
              "  ],\n"
              "  \"name\": \"New\"\n"
              "}\n");

    merge_ok(c, "{" V2 ", \"endpoints\": [{\"target\": \"http://dev\"}], "
             "\"name\": \"Old\"}", target,
             "{\"endpoints\": [{\"target\": \"http://qa\"}]}");
    assert_int_equal(c->plan.refusal, PM_DEFINITION_NO_CHANGES);
}


static void
test_removed_json(void **state)
{
    case_t  *c = *state;

    merge_ok(c, "{" V2 "}",
             "{\n"
             "  \"first\": 1,\n"
             "  " V2 ",\n"
             "  \"a\": {\"b\": 1, \"c\": 2, \"d\": 3},\n"
             "  \"e\": { \"f\": 1 },\n"
             "  \"g\": [1],\n"
             "  \"h\": \"last\"\n"
             "}\n",
             "{\"first\": null, \"a\": {\"c\": null, \"d\": null}, \"e\": "
             "{\"f\": null}, \"h\": null, \"g\": null, \"z\": null}");
    result_is(c,
              "{\n"
              "  " V2 ",\n"
              "  \"a\": {\"b\": 1},\n"
              "  \"e\": {}\n"
              "}\n");
}


static void
test_removed_yaml(void **state)
{
    case_t  *c = *state;

    c->merge.target_file = "orders.yaml";

    merge_ok(c, "{" V2 "}",
             "gravitee: 2.0.0\n"
             "# about a\n"
             "a: 1   # one\n"
             "crossId: x\n"
             "text: |\n"
             "  several\n"
             "\n"
             "  lines\n"
             "# what follows\n"
             "m:\n"
             "  one: 1\n"
             "  two:\n"
             "  - 2\n"
             "  - 3\n"
             "  three: {x: 1, y: 2}\n"
             "n:\n"
             "    only: 1\n"
             "list:\n"
             "- a: 1\n"
             "o: end\n",
             "{\"a\": null, \"text\": null, \"m\": {\"two\": null, "
             "\"three\": {\"x\": null}}, \"n\": {\"only\": null}, "
             "\"o\": null}");
    result_is(c,
              "gravitee: 2.0.0\n"
              "# about a\n"
              "crossId: x\n"
              "# what follows\n"
              "m:\n"
              "  one: 1\n"
              "  three: {y: 2}\n"
              "n:\n"
              "    {}\n"
              "list:\n"
              "- a: 1\n");

    /* the first of them behind the document's mark */

    merge_ok(c, "{" V2 "}",
             "--- \n"
             "a: 1\n"
             "gravitee: 2.0.0\n"
             "crossId: x\n"
             "b:\n"
             "- c", "{\"a\": null, \"b\": null}");
    result_is(c,
              "--- \n"
              "gravitee: 2.0.0\n"
              "crossId: x\n");

    /* what an alias shares is not taken out of one place */

    assert_int_equal(merge(c, "{" V2 "}",
                           "gravitee: 2.0.0\n"
                           "crossId: x\n"
                           "a: &a {b: 1}\n"
                           "c: *a\n", "{\"c\": {\"b\": null}}"),
                     PM_UNPROCESSABLE);
    assert_int_equal(c->plan.refusal, PM_DEFINITION_TARGET);
}


static void
test_lists(void **state)
{
    case_t  *c = *state;

    /* a list is a value: but no plan may be lost by it */

    assert_int_equal(merge(c, "{" V2 "}",
                           "{" V2 ", \"plans\": [{\"crossId\": \"p\", "
                           "\"name\": \"Gold\"}]}", "{\"plans\": []}"),
                     PM_UNPROCESSABLE);
    assert_int_equal(c->plan.refusal, PM_DEFINITION_TARGET);
    assert_non_null(strstr(c->err.message, "\"Gold\""));
    assert_non_null(strstr(c->err.message, "orders.overlay.json"));

    assert_int_equal(merge(c, "{" V2 "}",
                           "{" V2 ", \"plans\": [{\"id\": \"p\"}]}",
                           "{\"plans\": null}"), PM_UNPROCESSABLE);

    merge_ok(c, "{" V2 "}", "{" V2 ", \"plans\": [{\"crossId\": \"p\", "
             "\"name\": \"Gold\"}]}", "{\"plans\": [{\"crossId\": \"p\", "
             "\"name\": \"Silver\"}, {\"crossId\": \"q\"}]}");
    has(c, "plans.0.name", "Silver");
    has(c, "plans.1.crossId", "q");

    merge_ok(c, "{" V2 "}", "{" V2 ", \"properties\": [{\"key\": \"a\"}, "
             "{\"key\": \"b\"}]}", "{\"properties\": [{\"key\": \"b\"}]}");
    has(c, "properties.0.key", "b");
    lacks(c, "properties.1");
}


static void
test_wrapped(void **state)
{
    case_t  *c = *state;

    merge_ok(c, "{\"api\": {\"definitionVersion\": \"V4\", \"crossId\": "
             "\"x\", \"tags\": [], \"name\": \"N\"}, \"plans\": []}",
             "{\"api\": {\"definitionVersion\": \"V4\", \"id\": \"qa\", "
             "\"crossId\": \"x\", \"own\": 1}}",
             "{\"api\": {\"tags\": [\"qa\"], \"own\": null, \"name\": "
             "null}, \"apiMedia\": []}");
    has(c, "api.tags.0", "qa");
    has(c, "apiMedia", "a sequence");
    lacks(c, "api.own");
    lacks(c, "api.name");
    lacks(c, "tags");
}


static void
test_refused(void **state)
{
    size_t   i;
    case_t  *c = *state;

    static const char *const  overlays[] = {
        "[]", "1", "null", "\"text\"", "{", "", "{\"a\": 1, \"a\": 2}",
        "{\"gravitee\": \"4.0.0\"}", "{\"gravitee\": null}",
        "{\"proxy\": 1}", "{\"plans\": 1}", "{\"id\": {}}"
    };

    for (i = 0; i < sizeof(overlays) / sizeof(overlays[0]); i++) {
        assert_int_equal(merge(c, "{" V2 "}", "{" V2 ", \"proxy\": {}}",
                               overlays[i]), PM_UNPROCESSABLE);
        assert_int_equal(c->plan.refusal, PM_DEFINITION_TARGET);
        assert_true(strlen(c->err.message) > 10);

        assert_int_equal(merge(c, "{" V2 "}", NULL, overlays[i]),
                         PM_UNPROCESSABLE);
    }
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test_setup_teardown(test_values, case_setup,
                                        case_teardown),
        cmocka_unit_test_setup_teardown(test_formatting, case_setup,
                                        case_teardown),
        cmocka_unit_test_setup_teardown(test_removed_json, case_setup,
                                        case_teardown),
        cmocka_unit_test_setup_teardown(test_removed_yaml, case_setup,
                                        case_teardown),
        cmocka_unit_test_setup_teardown(test_lists, case_setup,
                                        case_teardown),
        cmocka_unit_test_setup_teardown(test_wrapped, case_setup,
                                        case_teardown),
        cmocka_unit_test_setup_teardown(test_refused, case_setup,
                                        case_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
