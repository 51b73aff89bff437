/*
 * Each rule of a merge on its own, on the smallest definition that shows it.
 */

#include "definition.h"
#include "definition/pm_definition_internal.h"


/* A v2 definition with these members. */

static const char *
v2(case_t *c, const char *members)
{
    return pm_arena_printf(c->arena, "{\"gravitee\": \"2.0.0\", "
                           "\"crossId\": \"x\", \"name\": \"N\"%s%s}",
                           *members ? ", " : "", members);
}


static void
test_dropped(void **state)
{
    size_t   i;
    case_t  *c = *state;

    static const char *const  names[] = {
        "id", "members", "groups", "primaryOwner", "createdAt", "created_at",
        "updatedAt", "updated_at", "deployedAt", "deployed_at",
        "publishedAt", "closedAt", "lifecycleState", "lifecycle_state",
        "workflowState", "workflow_state", "originContext",
        "definitionContext", "definition_context", "lastContributor",
        "export"
    };

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {

        /* created without it, and the target's own stays */

        merge_ok(c, v2(c, pm_arena_printf(c->arena, "\"%s\": \"source\"",
                                          names[i])), NULL, NULL);
        lacks(c, names[i]);

        merge_ok(c, v2(c, pm_arena_printf(c->arena, "\"%s\": \"source\", "
                                          "\"a\": 1", names[i])),
                 v2(c, pm_arena_printf(c->arena, "\"%s\": \"target\"",
                                       names[i])), NULL);
        has(c, names[i], "target");
        has(c, "a", "1");

        /* on the top level only */

        if (strcmp(names[i], "id") != 0) {
            merge_ok(c, v2(c, pm_arena_printf(c->arena, "\"proxy\": {\"%s\":"
                                              " \"source\"}", names[i])),
                     NULL, NULL);
            has(c, pm_arena_printf(c->arena, "proxy.%s", names[i]),
                "source");
        }
    }

    /* state: what is created does not run */

    merge_ok(c, v2(c, "\"state\": \"STARTED\""), NULL, NULL);
    has(c, "state", "STOPPED");
    merge_ok(c, v2(c, "\"state\": \"STARTED\", \"a\": 1"), v2(c, ""), NULL);
    lacks(c, "state");
}


/* A field of a list's items: created without it, and the target's stays. */

static void
dropped_of_item(case_t *c, const char *list, const char *field)
{
    const char  *source, *target, *path;

    source = pm_arena_printf(c->arena, "\"%s\": [{\"%s\": \"source\", "
                             "\"crossId\": \"p\", \"name\": \"a\"}]",
                             list, field);
    target = pm_arena_printf(c->arena, "\"%s\": [{\"crossId\": \"p\", "
                             "\"%s\": \"target\"}]", list, field);
    path = pm_arena_printf(c->arena, "%s.0.%s", list, field);

    merge_ok(c, v2(c, source), NULL, NULL);
    lacks(c, path);
    has(c, pm_arena_printf(c->arena, "%s.0.name", list), "a");

    merge_ok(c, v2(c, source), v2(c, target), NULL);
    has(c, path, "target");
    has(c, pm_arena_printf(c->arena, "%s.0.name", list), "a");
}


static void
test_dropped_below(void **state)
{
    size_t   i;
    case_t  *c = *state;

    static const char *const  plan[] = {
        "id", "api", "apiId", "createdAt", "created_at", "updatedAt",
        "publishedAt", "published_at", "closedAt", "excludedGroups",
        "excluded_groups"
    };

    static const char *const  page[] = {
        "id", "api", "apiId", "referenceId", "createdAt", "updatedAt",
        "lastContributor", "accessControls", "access_controls"
    };

    for (i = 0; i < sizeof(plan) / sizeof(plan[0]); i++) {
        dropped_of_item(c, "plans", plan[i]);
    }

    for (i = 0; i < sizeof(page) / sizeof(page[0]); i++) {
        dropped_of_item(c, "pages", page[i]);
    }

    /* pages inside of pages have ids, too */

    merge_ok(c, v2(c, "\"pages\": [{\"name\": \"a\", \"translations\": "
                   "[{\"id\": \"t\", \"lang\": \"fr\", \"children\": "
                   "[{\"accessControls\": [1], \"lastContributor\": "
                   "\"me\"}]}]}]"), NULL, NULL);
    has(c, "pages.0.translations.0.lang", "fr");
    lacks(c, "pages.0.translations.0.id");
    lacks(c, "pages.0.translations.0.children.0.accessControls");
    lacks(c, "pages.0.translations.0.children.0.lastContributor");

    /* of which nothing is left */

    merge_ok(c, v2(c, "\"flows\": [{\"id\": \"f\"}], \"metadata\": "
                   "[{\"apiId\": \"a\"}]"), v2(c, "\"n\": 1"), NULL);
    has(c, "flows.0", "a mapping");
    lacks(c, "flows.0.id");
    lacks(c, "metadata.0.apiId");

    /* groups of endpoints are no groups of people */

    merge_ok(c, v2(c, "\"groups\": [\"g\"], \"proxy\": {\"groups\": "
                   "[{\"name\": \"default\"}]}"), NULL, NULL);
    lacks(c, "groups");
    has(c, "proxy.groups.0.name", "default");
}


/* What the source does not have stays, at every depth of mappings. */

static void
test_kept(void **state)
{
    case_t  *c = *state;

    merge_ok(c, v2(c, "\"proxy\": {\"strip_context_path\": true}, "
                   "\"plans\": [{\"crossId\": \"p\", \"order\": 2}]"),
             v2(c, "\"picture\": \"p\", \"proxy\": {\"cors\": {\"a\": 1}}, "
                   "\"plans\": [{\"crossId\": \"p\", \"tags\": [\"t\"]}], "
                   "\"pages\": [{\"name\": \"own\"}]"), NULL);
    has(c, "picture", "p");
    has(c, "proxy.cors.a", "1");
    has(c, "proxy.strip_context_path", "true");
    has(c, "plans.0.tags.0", "t");
    has(c, "plans.0.order", "2");
    has(c, "pages.0.name", "own");

    /* empty and missing lists take nothing away */

    merge_ok(c, v2(c, "\"plans\": [], \"pages\": null, \"properties\": [], "
                   "\"metadata\": null"),
             v2(c, "\"plans\": [{\"id\": \"p\"}], \"pages\": [{\"id\": "
                   "\"q\"}], \"properties\": [{\"key\": \"k\"}], "
                   "\"metadata\": [{\"key\": \"m\"}]"), NULL);
    has(c, "plans.0.id", "p");
    has(c, "pages.0.id", "q");
    has(c, "properties.0.key", "k");
    has(c, "metadata.0.key", "m");
    assert_int_equal(c->plan.refusal, PM_DEFINITION_NO_CHANGES);
    assert_int_equal(notes(c, PM_DEFINITION_KEPT_PLAN, "/plans/0"), 1);
}


static void
test_plans(void **state)
{
    case_t  *c = *state;

    /* matched in another order; new ones follow; the target's stay */

    merge_ok(c, v2(c, "\"plans\": ["
                   "{\"crossId\": \"new\", \"name\": \"New\"}, "
                   "{\"crossId\": \"b\", \"name\": \"B2\"}, "
                   "{\"crossId\": \"a\", \"name\": \"A2\"}]"),
             v2(c, "\"plans\": ["
                   "{\"id\": \"1\", \"crossId\": \"a\", \"name\": \"A\"}, "
                   "{\"id\": \"2\", \"crossId\": \"own\", \"name\": \"Own\"},"
                   "{\"id\": \"3\", \"crossId\": \"b\", \"name\": \"B\"}]"),
             NULL);
    has(c, "plans.0.id", "1");
    has(c, "plans.0.name", "A2");
    has(c, "plans.1.name", "Own");
    has(c, "plans.2.id", "3");
    has(c, "plans.2.name", "B2");
    has(c, "plans.3.crossId", "new");
    lacks(c, "plans.3.id");
    lacks(c, "plans.4");
    assert_int_equal(notes(c, PM_DEFINITION_KEPT_PLAN, "/plans/1"), 1);
    assert_string_equal(c->plan.notes[0].text, "the plan \"Own\" is only in "
                        "the target: it stays, since its subscriptions would "
                        "end with it");

    /* closed in the source: left out, and the target's is not touched */

    merge_ok(c, v2(c, "\"plans\": [{\"crossId\": \"a\", \"name\": \"A2\", "
                   "\"status\": \"closed\"}]"),
             v2(c, "\"plans\": [{\"crossId\": \"a\", \"name\": \"A\", "
                   "\"status\": \"PUBLISHED\"}]"), NULL);
    has(c, "plans.0.name", "A");
    has(c, "plans.0.status", "PUBLISHED");
    assert_int_equal(notes(c, PM_DEFINITION_CLOSED_PLAN, "/plans/0"), 1);
    assert_int_equal(notes(c, PM_DEFINITION_KEPT_PLAN, "/plans/0"), 1);

    /* closed in the target: it stays closed */

    merge_ok(c, v2(c, "\"plans\": [{\"crossId\": \"a\", \"name\": \"A2\", "
                   "\"status\": \"PUBLISHED\"}]"),
             v2(c, "\"plans\": [{\"crossId\": \"a\", \"name\": \"A\", "
                   "\"status\": \"CLOSED\"}]"), NULL);
    has(c, "plans.0.name", "A2");
    has(c, "plans.0.status", "CLOSED");
    assert_int_equal(notes(c, PM_DEFINITION_STAYS_CLOSED, "/plans/0"), 1);

    /* never matched by name */

    merge_ok(c, v2(c, "\"plans\": [{\"crossId\": \"a\", \"name\": \"A\"}]"),
             v2(c, "\"plans\": [{\"crossId\": \"b\", \"name\": \"A\"}]"),
             NULL);
    has(c, "plans.1.crossId", "a");

    /* a list where the target has none, or nothing */

    merge_ok(c, v2(c, "\"plans\": [{\"crossId\": \"a\", \"id\": \"i\"}]"),
             v2(c, "\"plans\": null"), NULL);
    has(c, "plans.0.crossId", "a");
    lacks(c, "plans.0.id");
    merge_ok(c, v2(c, "\"plans\": [{\"crossId\": \"a\", \"id\": \"i\"}]"),
             v2(c, "\"plans\": []"), NULL);
    has(c, "plans.0.crossId", "a");
    lacks(c, "plans.0.id");
}


static void
test_cross_ids(void **state)
{
    const char  *plan, *page;
    case_t      *c = *state;

    static const char  source[] =
        "{\"gravitee\": \"2.0.0\", \"id\": \"dev\", \"name\": \"N\", "
        "\"plans\": [{\"id\": \"p1\", \"name\": \"Gold\"}], "
        "\"pages\": [{\"type\": \"FOLDER\", \"name\": \"F\"}, "
        "{\"type\": \"FOLDER\", \"name\": \"F\"}]}";

    /* made of the id, the same each time, and UUIDs of version 8 */

    merge_ok(c, source, NULL, NULL);
    assert_string_equal(c->plan.cross_id,
                        pm_definition_cross_key(c->arena, "api", "dev"));
    has(c, "crossId", c->plan.cross_id);
    assert_int_equal(strlen(c->plan.cross_id), 36);
    assert_int_equal(c->plan.cross_id[14], '8');

    plan = result_value(c, "plans.0.crossId");
    page = result_value(c, "pages.0.crossId");
    assert_string_equal(plan, pm_definition_cross_key(c->arena, "plan",
                                                      "p1"));
    assert_string_not_equal(page, result_value(c, "pages.1.crossId"));
    assert_int_equal(notes(c, PM_DEFINITION_MADE_CROSS_ID, ""), 1);
    assert_int_equal(notes(c, PM_DEFINITION_MADE_CROSS_ID, "/plans/0"), 1);
    assert_int_equal(notes(c, PM_DEFINITION_MADE_CROSS_ID, "/pages/1"), 1);

    /* what was created is found again */

    merge_ok(c, source, pm_arena_strndup(c->arena, c->plan.text.data,
                                         c->plan.text.len), NULL);
    assert_int_equal(c->plan.changed, 0);

    /* one on each side with the same id: the same plan */

    merge_ok(c, source, "{\"gravitee\": \"2.0.0\", \"id\": \"dev\", "
             "\"plans\": [{\"id\": \"p1\", \"name\": \"Old\"}]}", NULL);
    has(c, "plans.0.id", "p1");
    has(c, "plans.0.name", "Gold");
    has(c, "plans.0.crossId", plan);
    lacks(c, "plans.1");

    /* those that are there stay, null and "" are none */

    merge_ok(c, "{\"gravitee\": \"2.0.0\", \"crossId\": \"own\", "
             "\"plans\": [{\"crossId\": \"pc\"}, {\"crossId\": null, "
             "\"id\": \"p1\"}, {\"crossId\": \"\", \"id\": \"p2\"}]}", NULL,
             NULL);
    has(c, "crossId", "own");
    has(c, "plans.0.crossId", "pc");
    has(c, "plans.1.crossId", plan);
    assert_int_equal(strlen(result_value(c, "plans.2.crossId")), 36);
}


static void
test_references(void **state)
{
    case_t  *c = *state;

    static const char  source[] =
        "\"pages\": [{\"id\": \"d1\", \"crossId\": \"folder\"}, "
        "{\"id\": \"d2\", \"crossId\": \"terms\", \"parentId\": \"d1\"}, "
        "{\"id\": \"d3\", \"crossId\": \"new\", \"parentId\": \"d2\"}, "
        "{\"crossId\": \"lost\", \"parentId\": \"gone\"}, "
        "{\"crossId\": \"top\", \"parentId\": \"\"}], "
        "\"plans\": [{\"crossId\": \"p\", \"generalConditions\": \"d2\"}, "
        "{\"crossId\": \"q\", \"generalConditions\": {\"no\": 1}}]";

    merge_ok(c, v2(c, source),
             v2(c, "\"pages\": [{\"id\": \"q2\", \"crossId\": \"terms\"}, "
                   "{\"id\": \"q1\", \"crossId\": \"folder\"}]"), NULL);
    has(c, "pages.0.parentId", "q1");
    has(c, "pages.2.parentId", "q2");
    lacks(c, "pages.3.parentId");
    lacks(c, "pages.4.parentId");
    has(c, "plans.0.generalConditions", "q2");
    lacks(c, "plans.1.generalConditions");
    assert_int_equal(notes(c, PM_DEFINITION_LOST_REFERENCE, NULL), 2);
    assert_int_equal(notes(c, PM_DEFINITION_LOST_REFERENCE,
                           "/pages/3/parentId"), 1);

    /* what was created refers by crossIds, and is a source like others */

    merge_ok(c, v2(c, source), NULL, NULL);
    has(c, "pages.1.parentId", "folder");

    merge_ok(c, pm_arena_strndup(c->arena, c->plan.text.data,
                                 c->plan.text.len),
             v2(c, "\"pages\": [{\"id\": \"q2\", \"crossId\": \"terms\"}, "
                   "{\"id\": \"q1\", \"crossId\": \"folder\"}]"), NULL);
    has(c, "pages.0.parentId", "q1");
    has(c, "plans.0.generalConditions", "q2");
}


static void
test_keyed(void **state)
{
    case_t  *c = *state;

    merge_ok(c, v2(c, "\"properties\": [{\"key\": \"b\", \"value\": \"2\"}, "
                   "{\"key\": \"c\", \"value\": \"3\"}], "
                   "\"metadata\": [{\"key\": \"m\", \"value\": \"new\", "
                   "\"apiId\": \"dev\"}]"),
             v2(c, "\"properties\": [{\"key\": \"a\", \"value\": \"1\"}, "
                   "{\"key\": \"b\", \"value\": \"old\"}], "
                   "\"metadata\": [{\"key\": \"own\"}, {\"key\": \"m\", "
                   "\"value\": \"old\", \"apiId\": \"qa\"}]"), NULL);
    has(c, "properties.0.key", "a");
    has(c, "properties.1.value", "2");
    has(c, "properties.2.value", "3");
    has(c, "metadata.0.key", "own");
    has(c, "metadata.1.value", "new");
    has(c, "metadata.1.apiId", "qa");

    /* without keys of their own they are a list like others */

    merge_ok(c, v2(c, "\"properties\": [{\"key\": \"a\"}, {\"key\": "
                   "\"a\"}]"), v2(c, "\"properties\": [{\"key\": \"z\"}]"),
             NULL);
    has(c, "properties.0.key", "a");
    has(c, "properties.1.key", "a");

    /* and in old definitions, a mapping */

    merge_ok(c, v2(c, "\"properties\": {\"a\": \"1\"}"),
             v2(c, "\"properties\": {\"b\": \"2\"}"), NULL);
    has(c, "properties.a", "1");
    has(c, "properties.b", "2");
}


static void
test_flows(void **state)
{
    case_t  *c = *state;

    /* in the source's order, with the ids that the target has for them */

    merge_ok(c, v2(c, "\"flows\": [{\"id\": \"d2\", \"name\": \"two\"}, "
                   "{\"id\": \"d3\", \"name\": \"three\"}, "
                   "{\"id\": \"d1\", \"name\": \"one\", \"enabled\": true}, "
                   "{\"id\": \"d1\", \"name\": \"one\"}]"),
             v2(c, "\"flows\": [{\"id\": \"q1\", \"name\": \"one\"}, "
                   "{\"id\": \"q0\", \"name\": \"zero\"}, "
                   "{\"id\": \"q2\", \"name\": \"two\"}]"), NULL);
    has(c, "flows.0.name", "two");
    has(c, "flows.0.id", "q2");
    has(c, "flows.1.name", "three");
    lacks(c, "flows.1.id");
    has(c, "flows.2.id", "q1");
    has(c, "flows.2.enabled", "true");
    lacks(c, "flows.3.id");
    lacks(c, "flows.4");
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test_setup_teardown(test_dropped, case_setup,
                                        case_teardown),
        cmocka_unit_test_setup_teardown(test_dropped_below, case_setup,
                                        case_teardown),
        cmocka_unit_test_setup_teardown(test_kept, case_setup,
                                        case_teardown),
        cmocka_unit_test_setup_teardown(test_plans, case_setup,
                                        case_teardown),
        cmocka_unit_test_setup_teardown(test_cross_ids, case_setup,
                                        case_teardown),
        cmocka_unit_test_setup_teardown(test_references, case_setup,
                                        case_teardown),
        cmocka_unit_test_setup_teardown(test_keyed, case_setup,
                                        case_teardown),
        cmocka_unit_test_setup_teardown(test_flows, case_setup,
                                        case_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
