/*
 * JSON and YAML on either side; large definitions.
 */

#include "definition.h"

#include <time.h>


static void
test_yaml_yaml(void **state)
{
    case_t  *c = *state;

    c->merge.source.file = "source.yaml";
    c->merge.target_file = "orders.yaml";

    merge_ok(c,
             "gravitee: 2.0.0\n"
             "crossId: x\n"
             "name: New name\n"
             "groups: [dev]\n"
             "description: |\n"
             "    Several\n"
             "    lines\n"
             "plans:\n"
             "    - id: dev\n"
             "      crossId: p\n"
             "      name: Gold\n"
             "      order: 2\n",
             "# the one of QA\n"
             "gravitee: \"2.0.0\"\n"
             "id: qa-id      # its own\n"
             "crossId: x\n"
             "name: Old name # what people see\n"
             "groups:\n"
             "- qa\n"
             "\n"
             "plans:\n"
             "- crossId: q   # only here\n"
             "- crossId: p\n"
             "  id: qa-plan\n"
             "  name: 'Gold' # quoted\n", NULL);
    result_is(c,
              "# the one of QA\n"
              "gravitee: \"2.0.0\"\n"
              "id: qa-id      # its own\n"
              "crossId: x\n"
              "name: New name # what people see\n"
              "description: |\n"
              "  Several\n"
              "  lines\n"
              "groups:\n"
              "- qa\n"
              "\n"
              "plans:\n"
              "- crossId: q   # only here\n"
              "- crossId: p\n"
              "  id: qa-plan\n"
              "  name: 'Gold' # quoted\n"
              "  order: 2\n");
}


/* Values that are equal are not rewritten, however they are spelled. */

static void
test_json_yaml(void **state)
{
    case_t  *c = *state;

    c->merge.target_file = "orders.yaml";

    merge_ok(c, "{\"gravitee\": \"2.0.0\", \"crossId\": \"x\", \"name\": "
             "\"Same\", \"enabled\": true, \"n\": 1.50, \"text\": "
             "\"a\\nb\\n\", \"tags\": [\"a\", \"b\"], \"new\": {\"a\": "
             "[1, {\"b\": null}]}}",
             "gravitee: 2.0.0\n"
             "crossId: 'x'\n"
             "name: Same\n"
             "enabled: True\n"
             "n: 1.50\n"
             "text: |\n"
             "  a\n"
             "  b\n"
             "tags:\n"
             "- a # first\n"
             "- b\n", NULL);
    result_is(c,
              "gravitee: 2.0.0\n"
              "crossId: 'x'\n"
              "name: Same\n"
              "enabled: True\n"
              "n: 1.50\n"
              "text: |\n"
              "  a\n"
              "  b\n"
              "tags:\n"
              "- a # first\n"
              "- b\n"
              "new: {a: [1, {b: null}]}\n");
}


static void
test_yaml_json(void **state)
{
    case_t  *c = *state;

    c->merge.source.file = "source.yaml";

    merge_ok(c,
             "gravitee: 2.0.0\n"
             "crossId: x\n"
             "name: 'It''s'\n"
             "on: yes\n"
             "text: |\n"
             "  a\n"
             "  b\n"
             "x: &x {y: 1}\n"
             "z: *x\n",
             "{\r\n"
             "\t\"gravitee\": \"2.0.0\",\r\n"
             "\t\"crossId\" : \"x\",\r\n"
             "\t\"name\": \"Old\"\r\n"
             "}\r\n", NULL);
    result_is(c,
              "{\r\n"
              "\t\"gravitee\": \"2.0.0\",\r\n"
              "\t\"crossId\" : \"x\",\r\n"
              "\t\"name\": \"It's\",\r\n"
              "\t\"on\": \"yes\",\r\n"
              "\t\"text\": \"a\\nb\\n\",\r\n"
              "\t\"x\": {\"y\": 1},\r\n"
              "\t\"z\": {\"y\": 1}\r\n"
              "}\r\n");

    /* created: JSON, as its name says */

    merge_ok(c,
             "gravitee: 2.0.0\n"
             "crossId: x\n"
             "text: >-\n"
             "  a\n"
             "  b\n"
             "n: 1.10\n"
             "none:\n"
             "id: dev\n"
             "list: []\n", NULL, NULL);
    result_is(c,
              "{\n"
              "  \"gravitee\": \"2.0.0\",\n"
              "  \"crossId\": \"x\",\n"
              "  \"text\": \"a b\",\n"
              "  \"n\": 1.10,\n"
              "  \"none\": null,\n"
              "  \"list\": [],\n"
              "  \"state\": \"STOPPED\"\n"
              "}\n");
}


/* The source's indentation. */

static void
test_create_indented(void **state)
{
    case_t  *c = *state;

    merge_ok(c, "{\n\t\"id\": 1,\n\t\"gravitee\": \"2.0.0\",\n"
             "\t\"crossId\": \"x\",\n\t\"a\": [1]\n}", NULL, NULL);
    result_is(c, "{\n\t\"gravitee\": \"2.0.0\",\n\t\"crossId\": \"x\",\n"
                 "\t\"a\": [\n\t\t1\n\t],\n\t\"state\": \"STOPPED\"\n}\n");

    merge_ok(c, "{\"gravitee\":\"2.0.0\",\"crossId\":\"x\"}", NULL, NULL);
    result_is(c, "{\n  \"gravitee\": \"2.0.0\",\n  \"crossId\": \"x\",\n"
                 "  \"state\": \"STOPPED\"\n}\n");
}


/* A definition of about a megabyte; side is part of every id. */

static char *
large(case_t *c, const char *side, int json, const char *content)
{
    int          i;
    char        *text;
    pm_buffer_t  b;

    memset(&b, 0, sizeof(b));

    pm_buffer_puts(&b, json ? "{\"gravitee\": \"2.0.0\", \"crossId\": "
                              "\"x\",\n \"pages\": [\n"
                            : "gravitee: 2.0.0\ncrossId: x\npages:\n");

    for (i = 0; i < 2500; i++) {
        pm_buffer_printf(&b, json
                         ? "  {\"id\": \"%s-%d\", \"crossId\": \"c%d\", "
                           "\"content\": \"%0200d\", \"name\": \"%s\"}%s\n"
                         : "- id: %s-%d\n  crossId: c%d\n"
                           "  content: \"%0200d\"\n  name: %s\n%s",
                         side, i, i, i, content,
                         json ? (i < 2499 ? "," : "],") : "");
    }

    pm_buffer_puts(&b, json ? " \"flows\": [\n" : "flows:\n");

    for (i = 0; i < 2500; i++) {
        pm_buffer_printf(&b, json
                         ? "  {\"id\": \"%s-%d\", \"name\": \"f%d\", \"pre\":"
                           " [{\"policy\": \"p\", \"configuration\": "
                           "{\"rate\": {\"limit\": %d, \"of\": \"%s\"}}}]}"
                           "%s\n"
                         : "- id: %s-%d\n  name: f%d\n  pre:\n"
                           "  - policy: p\n    configuration:\n"
                           "      rate:\n        limit: %d\n"
                           "        of: %s\n%s",
                         side, i, i, i, i == 9 ? content : "same",
                         json ? (i < 2499 ? "," : "]}") : "");
    }

    text = pm_arena_strndup(c->arena, b.data, b.len);
    assert_non_null(text);
    pm_buffer_free(&b);

    return text;
}


/* In a tenth of what would be noticed; ten times that is a fault. */

static void
test_large(void **state)
{
    int               from, to;
    char             *source, *target;
    double            ms;
    case_t           *c = *state;
    struct timespec   start, end;

    for (from = 0; from < 2; from++) {

        for (to = 0; to < 3; to++) {
            c->merge.source.file = from ? "a.json" : "a.yaml";
            c->merge.target_file = to ? "b.json" : "b.yaml";
            source = large(c, "dev", from, "new");
            target = to < 2 ? large(c, "qa", to, "old") : NULL;
            assert_true(strlen(source) > 800 * 1024);

            (void) clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &start);
            merge_ok(c, source, target, NULL);
            (void) clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);

            ms = (double) (end.tv_sec - start.tv_sec) * 1e3
                 + (double) (end.tv_nsec - start.tv_nsec) / 1e6;
            print_message("# %s of %zu KiB into %s: %.0f ms\n",
                          from ? "JSON" : "YAML", strlen(source) / 1024,
                          to == 0 ? "YAML" : to == 1 ? "JSON" : "a new file",
                          ms);
            assert_true(ms < 10000);

            has(c, "pages.2499.name", "new");
            has(c, "flows.9.pre.0.configuration.rate.of", "new");

            if (target != NULL) {
                has(c, "pages.2499.id", "qa-2499");
                has(c, "flows.2499.id", "qa-2499");
            }
        }
    }
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test_setup_teardown(test_yaml_yaml, case_setup,
                                        case_teardown),
        cmocka_unit_test_setup_teardown(test_json_yaml, case_setup,
                                        case_teardown),
        cmocka_unit_test_setup_teardown(test_yaml_json, case_setup,
                                        case_teardown),
        cmocka_unit_test_setup_teardown(test_create_indented, case_setup,
                                        case_teardown),
        cmocka_unit_test_setup_teardown(test_large, case_setup,
                                        case_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
