/*
 * One definition by itself: its kind, its paths, its crossIds, its values.
 */

#include "definition.h"


static pm_definition_entry_t
read_text(case_t *c, const char *file, const char *text)
{
    pm_definition_entry_t    entry;
    pm_definition_source_t   source;

    memset(&entry, 0, sizeof(entry));
    source.file = file;
    source.text = text_of(text);

    assert_int_equal(pm_definition_read(c->arena, &source, &entry, &c->err),
                     0);
    return entry;
}


static void
test_kinds(void **state)
{
    size_t                   i;
    case_t                  *c = *state;
    pm_definition_entry_t    entry;
    pm_definition_refusal_t  refusal;

    static const struct {
        const char            *text;
        pm_definition_kind_t   kind;
    } cases[] = {
        { "{\"gravitee\": \"2.0.0\"}", PM_DEFINITION_V2 },
        { "{\"gravitee\": \"2.0.0\", \"definitionVersion\": \"V2\"}",
          PM_DEFINITION_V2 },
        { "{\"gravitee\": \"4.0.0\"}", PM_DEFINITION_V4 },
        { "{\"gravitee\": \"4.0.0\", \"api\": {}}", PM_DEFINITION_V4 },
        { "{\"definitionVersion\": \"V4\"}", PM_DEFINITION_V4 },
        { "{\"definitionVersion\": \"4.0.0\"}", PM_DEFINITION_V4 },
        { "{\"api\": {\"definitionVersion\": \"V4\"}}", PM_DEFINITION_V4 },
        { "{\"api\": {\"definitionVersion\": \"4.0.0\"}}",
          PM_DEFINITION_V4 },
        { "{\"api\": {\"definitionVersion\": \"V4\"}, \"gravitee\": "
          "\"2.0.0\"}", PM_DEFINITION_V4 },
        { "{\"api\": {\"definitionVersion\": \"FEDERATED\"}}",
          PM_DEFINITION_OTHER },
        { "{\"definitionVersion\": \"FEDERATED_AGENT\"}",
          PM_DEFINITION_OTHER },
        { "{\"definitionVersion\": \"FEDERATED\", \"gravitee\": \"2.0.0\"}",
          PM_DEFINITION_OTHER },
        { "{\"gravitee\": \"1.0.0\"}", PM_DEFINITION_OTHER },
        { "{\"gravitee\": 2}", PM_DEFINITION_OTHER },
        { "{\"gravitee\": [\"2.0.0\"]}", PM_DEFINITION_OTHER },
        { "{\"definitionVersion\": \"V1\", \"gravitee\": \"2.0.0\"}",
          PM_DEFINITION_OTHER },
        { "{}", PM_DEFINITION_OTHER },

        /* not on the top level */

        { "{\"gravitee\": \"2.0.0\", \"plans\": [{\"definitionVersion\": "
          "\"V4\"}]}", PM_DEFINITION_V2 },
        { "{\"plans\": [{\"definitionVersion\": \"V4\"}], \"proxy\": "
          "{\"gravitee\": \"2.0.0\"}}", PM_DEFINITION_OTHER },
        { "{\"api\": {\"gravitee\": \"4.0.0\"}}", PM_DEFINITION_OTHER }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        entry = read_text(c, "a.json", cases[i].text);

        if (entry.kind != cases[i].kind) {
            fail_msg("%s: kind %d", cases[i].text, entry.kind);
        }

        assert_null(entry.fault);
        assert_string_equal(entry.id, "a");

        assert_int_equal(pm_definition_check(&entry, 1, &refusal, &c->err),
                         entry.kind == PM_DEFINITION_OTHER ? PM_INVALID : 0);
        assert_int_equal(refusal, entry.kind == PM_DEFINITION_OTHER
                                  ? PM_DEFINITION_NOT_SUPPORTED
                                  : PM_DEFINITION_ACCEPTED);
    }

    entry = read_text(c, "x/api.yaml", "gravitee: 2.0.0\nversion: 1.10\n");
    assert_int_equal(entry.kind, PM_DEFINITION_V2);
    assert_string_equal(entry.slug, "x");
    assert_string_equal(entry.version, "1.10");
}


static void
test_ids(void **state)
{
    case_t                 *c = *state;
    pm_definition_entry_t   entry;

    entry = read_text(c, "f.json", "{\"gravitee\": \"2.0.0\", \"id\": "
                      "\"i\", \"crossId\": \"c\"}");
    assert_string_equal(entry.id, "i");
    assert_string_equal(entry.cross_id, "c");
    assert_string_equal(entry.cross_key, "c");

    entry = read_text(c, "f.json", "{\"gravitee\": \"2.0.0\", \"id\": "
                      "null, \"crossId\": \"c\"}");
    assert_string_equal(entry.id, "c");

    entry = read_text(c, "f.json", "{\"gravitee\": \"2.0.0\", \"id\": "
                      "\"\"}");
    assert_string_equal(entry.id, "f");
    assert_null(entry.cross_id);
    assert_non_null(entry.cross_key);

    entry = read_text(c, "f.json", "{\"gravitee\": \"2.0.0\", \"id\": 12}");
    assert_string_equal(entry.id, "12");

    /* an API at fault is still that API */

    entry = read_text(c, "f.json", "{\"gravitee\": \"2.0.0\", \"id\": "
                      "\"i\", \"crossId\": \"c\", \"plans\": 1}");
    assert_non_null(strstr(entry.fault, "f.json:1:59: plans must be a list"));
    assert_string_equal(entry.id, "i");
    assert_string_equal(entry.cross_key, "c");

    entry = read_text(c, "f.json", "{\"gravitee\": \"2.0.0\", \"id\": {}}");
    assert_non_null(entry.fault);
    assert_string_equal(entry.id, "f");
    assert_null(entry.cross_key);
}


static void
test_paths(void **state)
{
    size_t                  i;
    case_t                 *c = *state;
    pm_definition_path_t    a, b;
    pm_definition_entry_t   entry;

    static const struct {
        const char  *text;
        const char  *path;
    } cases[] = {
        { "", "/" }, { "/", "/" }, { "//", "/" }, { "path", "/path/" },
        { "/path", "/path/" }, { "path/", "/path/" },
        { "//path//to/", "/path/to/" }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        entry = read_text(c, "a.json", pm_arena_printf(c->arena,
                          "{\"gravitee\": \"2.0.0\", \"proxy\": "
                          "{\"virtual_hosts\": [{\"path\": \"%s\"}]}}",
                          cases[i].text));
        assert_int_equal(entry.npaths, 1);
        assert_string_equal(entry.paths[0].path, cases[i].path);
    }

    entry = read_text(c, "a.json", "{\"gravitee\": \"2.0.0\", \"proxy\": "
                      "{\"context_path\": \"/x\"}}");
    assert_string_equal(entry.paths[0].path, "/x/");
    entry = read_text(c, "a.json", "{\"gravitee\": \"2.0.0\", \"proxy\": "
                      "{\"contextPath\": \"/y\", \"virtual_hosts\": []}}");
    assert_string_equal(entry.paths[0].path, "/y/");
    entry = read_text(c, "a.json", "{\"gravitee\": \"4.0.0\", \"listeners\":"
                      " [{\"type\": \"tcp\", \"hosts\": [\"h\"]}, "
                      "{\"paths\": null}, {\"paths\": [{\"path\": \"z\"}]}"
                      "]}");
    assert_int_equal(entry.npaths, 1);
    assert_string_equal(entry.paths[0].path, "/z/");

    a.host = NULL;
    a.path = "/a/";
    b.host = NULL;
    b.path = "/a/b/";
    assert_int_equal(pm_definition_paths_conflict(&a, &b), 1);
    assert_int_equal(pm_definition_paths_conflict(&b, &a), 1);
    b.path = "/ab/";
    assert_int_equal(pm_definition_paths_conflict(&a, &b), 0);
    b.path = "/a/";
    b.host = "h";
    assert_int_equal(pm_definition_paths_conflict(&a, &b), 0);
    a.host = "h";
    assert_int_equal(pm_definition_paths_conflict(&a, &b), 1);
}


static void
test_slugs(void **state)
{
    size_t   i;
    case_t  *c = *state;

    static const struct {
        const char  *name;
        const char  *slug;
    } cases[] = {
        { "Orders API", "orders-api" }, { "  a  b  ", "a-b" },
        { "Äpfel & Birnen (v2)", "pfel-birnen-v2" }, { "", "api" },
        { "../../etc/passwd", "etc-passwd" }, { "日本", "api" },
        { "a.overlay", "a-overlay" }, { "-x-", "x" },
        { "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffff"
          "gggg hhhh",
          "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffff"
          "gggg" }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_string_equal(pm_definition_slug(c->arena, cases[i].name),
                            cases[i].slug);
    }
}


static void
test_add_cross_ids(void **state)
{
    int                      changed;
    char                     expected[512];
    case_t                  *c = *state;
    pm_string_t              text;
    pm_definition_entry_t    entry;
    pm_definition_source_t   source;

    source.file = "orders.yaml";
    source.text = text_of("# ours\n"
                          "gravitee: 2.0.0\n"
                          "id: dev  # here\n"
                          "plans:\n"
                          "  - name: a\n"
                          "    id: p1\n"
                          "  - {name: b, crossId: own}\n");
    entry = read_text(c, source.file, source.text.data);

    assert_int_equal(pm_definition_add_cross_ids(c->arena, &source, &text,
                                                 &changed, &c->err), 0);
    assert_int_equal(changed, 1);

    source.text = text;
    assert_string_equal(read_text(c, source.file, text.data).cross_id,
                        entry.cross_key);

    snprintf(expected, sizeof(expected),
             "# ours\n"
             "gravitee: 2.0.0\n"
             "id: dev  # here\n"
             "crossId: \"%s\"\n"
             "plans:\n"
             "  - name: a\n"
             "    id: p1\n"
             "    crossId: \"", entry.cross_key);
    assert_memory_equal(text.data, expected, strlen(expected));
    assert_non_null(strstr(text.data, "\"\n  - {name: b, crossId: own}\n"));

    /* once */

    assert_int_equal(pm_definition_add_cross_ids(c->arena, &source, &text,
                                                 &changed, &c->err), 0);
    assert_int_equal(changed, 0);
    assert_ptr_equal(text.data, source.text.data);

    /* the same ones that a merge makes */

    source.file = "v4.json";
    source.text = read_data(c, "v4-dev.json");
    merge_ok(c, source.text.data, NULL, NULL);
    assert_int_equal(pm_definition_add_cross_ids(c->arena, &source, &text,
                                                 &changed, &c->err), 0);
    entry = read_text(c, "v4.json", text.data);
    assert_string_equal(entry.cross_id, c->plan.cross_id);
    assert_non_null(strstr(text.data, result_value(c, "plans.0.crossId")));
    assert_non_null(strstr(text.data, result_value(c, "pages.1.crossId")));
    assert_non_null(strstr(text.data, "\"id\": \"plan-dev\",\n      "
                                      "\"crossId\": "));

    source.text = text_of("{");
    assert_int_equal(pm_definition_add_cross_ids(c->arena, &source, &text,
                                                 &changed, &c->err),
                     PM_INVALID);
}


static void
change_is(const pm_definition_change_t *change, const char *path,
    const char *from, const char *to)
{
    assert_string_equal(change->path, path);

    if (from == NULL) {
        assert_null(change->from);

    } else {
        assert_string_equal(change->from, from);
    }

    if (to == NULL) {
        assert_null(change->to);

    } else {
        assert_string_equal(change->to, to);
    }
}


static void
test_changes(void **state)
{
    int                      cut;
    size_t                   n;
    case_t                  *c = *state;
    pm_string_t              before, after;
    pm_definition_change_t  *changes;

    before = text_of("{\"a\": 1.10, \"b\": {\"c/d\": true, \"e~\": null}, "
                     "\"list\": [1, {\"x\": 1}, 3], \"gone\": [1], "
                     "\"kind\": {}, \"same\": \"s\"}");
    after = text_of("same: s\n"
                    "a: 1.1\n"
                    "b: {c/d: false, e~: null, f: [1]}\n"
                    "list: [1, {x: 2}]\n"
                    "kind: []\n");

    assert_int_equal(pm_definition_changes(c->arena, "a.json", &before,
                                           "b.yaml", &after, 100, &changes,
                                           &n, &cut, &c->err), 0);
    assert_int_equal(n, 7);
    assert_int_equal(cut, 0);
    change_is(&changes[0], "/a", "1.10", "1.1");
    change_is(&changes[1], "/b/c~1d", "true", "false");
    change_is(&changes[2], "/b/f", NULL, "[1]");
    change_is(&changes[3], "/list/1/x", "1", "2");
    change_is(&changes[4], "/list/2", "3", NULL);
    change_is(&changes[5], "/kind", "{}", "[]");
    change_is(&changes[6], "/gone", "[1]", NULL);

    assert_int_equal(pm_definition_changes(c->arena, "a.json", &before,
                                           "b.yaml", &after, 3, &changes, &n,
                                           &cut, &c->err), 0);
    assert_int_equal(n, 3);
    assert_int_equal(cut, 1);

    assert_int_equal(pm_definition_changes(c->arena, "a.json", &before,
                                           "a.json", &before, 3, &changes,
                                           &n, &cut, &c->err), 0);
    assert_int_equal(n, 0);

    /* created: all of it is new */

    before = text_of("");
    after = text_of("{\"a\": 1, \"b\": {\"c\": \"\\u0000\"}}");
    assert_int_equal(pm_definition_changes(c->arena, "a.json", &before,
                                           "a.json", &after, 9, &changes, &n,
                                           &cut, &c->err), PM_INVALID);
    after = text_of("{\"a\": 1, \"b\": {\"c\": \"\\n\\u0001\"}}");
    assert_int_equal(pm_definition_changes(c->arena, "a.json", &before,
                                           "a.json", &after, 9, &changes, &n,
                                           &cut, &c->err), 0);
    assert_int_equal(n, 2);
    change_is(&changes[1], "/b", NULL, "{\"c\":\"\\n\\u0001\"}");
}


static void
test_json(void **state)
{
    case_t                  *c = *state;
    pm_string_t              json;
    pm_definition_source_t   source;

    source.file = "a.yaml";
    source.text = text_of("a: 'it''s'\nb: [0x1f, .inf, 1.10, ~, True]\n"
                          "c: &x {d: \"\\t\"}\ne: *x\n");
    assert_int_equal(pm_definition_json(c->arena, &source, &json, &c->err),
                     0);
    assert_string_equal(json.data, "{\"a\":\"it's\",\"b\":[31,\".inf\",1.10,"
                                   "null,true],\"c\":{\"d\":\"\\t\"},\"e\":"
                                   "{\"d\":\"\\t\"}}");
    assert_int_equal(json.len, strlen(json.data));

    source.text = text_of("a: {{ x }}\n");
    assert_int_equal(pm_definition_json(c->arena, &source, &json, &c->err),
                     PM_INVALID);
    source.text = text_of("a: 1\n---\nb: 1\n");
    assert_int_equal(pm_definition_json(c->arena, &source, &json, &c->err),
                     PM_INVALID);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test_setup_teardown(test_kinds, case_setup,
                                        case_teardown),
        cmocka_unit_test_setup_teardown(test_ids, case_setup,
                                        case_teardown),
        cmocka_unit_test_setup_teardown(test_paths, case_setup,
                                        case_teardown),
        cmocka_unit_test_setup_teardown(test_slugs, case_setup,
                                        case_teardown),
        cmocka_unit_test_setup_teardown(test_add_cross_ids, case_setup,
                                        case_teardown),
        cmocka_unit_test_setup_teardown(test_changes, case_setup,
                                        case_teardown),
        cmocka_unit_test_setup_teardown(test_json, case_setup,
                                        case_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
