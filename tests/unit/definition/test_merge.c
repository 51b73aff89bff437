/*
 * What promoting a definition makes of the target's (review-api.md, 4).
 */

#include "definition.h"


/* A whole v2 definition, from the fields that the product exports. */

static void
test_v2_create(void **state)
{
    case_t  *c = *state;

    c->merge.source.text = read_data(c, "v2-dev.json");
    merge_ok(c, c->merge.source.text.data, NULL, NULL);
    result_is(c, read_data(c, "v2-created.json").data);

    assert_int_equal(c->plan.refusal, PM_DEFINITION_ACCEPTED);
    assert_int_equal(c->plan.update, 0);
    assert_int_equal(c->plan.kind, PM_DEFINITION_V2);
    assert_string_equal(c->plan.id, "c0ffee00-0000-4000-8000-000000000001");
    assert_string_equal(c->plan.name, "Orders");
    assert_string_equal(c->plan.version, "2.1");
    assert_int_equal(c->plan.npaths, 1);
    assert_string_equal(c->plan.paths[0].path, "/orders/");

    has(c, "state", "STOPPED");
    has(c, "proxy.groups.0.name", "default-group");
    has(c, "plans.0.crossId", "plan-gold");
    lacks(c, "plans.1");

    /* no ids: a page is referred to by its crossId */

    has(c, "plans.0.general_conditions", "page-terms");
    has(c, "pages.1.parentId", "page-folder");
    assert_int_equal(notes(c, PM_DEFINITION_CLOSED_PLAN, "/plans/1"), 1);
}


static void
test_v2_update(void **state)
{
    case_t  *c = *state;

    merge_ok(c, read_data(c, "v2-dev.json").data,
             read_data(c, "v2-qa.json").data, NULL);

    /* which is only there to see that its spelling stays, byte for byte */

    result_is(c, read_data(c, "v2-updated.json").data);

    assert_int_equal(c->plan.update, 1);
    assert_string_equal(c->plan.id, "qa-api");

    has(c, "id", "qa-api");
    has(c, "groups.0", "qa-team");
    has(c, "members.0.sourceId", "jane");
    has(c, "primaryOwner.id", "jane");
    has(c, "state", "STARTED");
    has(c, "lifecycle_state", "CREATED");
    has(c, "created_at", "1600000000000");
    has(c, "picture", "data:image/png;base64,AAAA");
    lacks(c, "updatedAt");
    lacks(c, "deployedAt");
    lacks(c, "workflowState");
    lacks(c, "definition_context");

    has(c, "version", "2.1");
    has(c, "proxy.groups.0.endpoints.0.target",
        "http://orders.dev.svc:8080");

    has(c, "properties.0.value", "eu");
    has(c, "properties.1.key", "qa-only");
    has(c, "properties.2.key", "limit");

    has(c, "plans.0.id", "qa-silver");
    has(c, "plans.1.id", "qa-gold");
    has(c, "plans.1.api", "qa-api");
    has(c, "plans.1.status", "PUBLISHED");
    has(c, "plans.1.excluded_groups.0", "qa-team");
    has(c, "plans.1.general_conditions", "qa-terms");
    has(c, "plans.1.flows.0.id", "qa-plan-flow");
    lacks(c, "plans.1.created_at");
    lacks(c, "plans.2");

    has(c, "flows.0.id", "qa-flow-1");
    has(c, "flows.0.pre.0.configuration.rate.limit", "20");

    has(c, "pages.1.id", "qa-terms");
    has(c, "pages.1.accessControls.0.referenceId", "qa-team");
    has(c, "pages.1.parentId", "page-folder");
    has(c, "pages.2.name", "Guides");
    lacks(c, "pages.2.id");
    lacks(c, "pages.2.accessControls");
    lacks(c, "metadata.0.apiId");

    assert_int_equal(notes(c, PM_DEFINITION_KEPT_PLAN, "/plans/0"), 1);
    assert_int_equal(notes(c, PM_DEFINITION_KEPT_PAGE, "/pages/0"), 1);
    assert_int_equal(notes(c, PM_DEFINITION_CLOSED_PLAN, NULL), 1);
}


static void
test_update_twice(void **state)
{
    char    *first;
    case_t  *c = *state;

    merge_ok(c, read_data(c, "v2-dev.json").data,
             read_data(c, "v2-qa.json").data, NULL);
    first = pm_arena_strndup(c->arena, c->plan.text.data, c->plan.text.len);

    merge_ok(c, read_data(c, "v2-dev.json").data, first, NULL);
    assert_int_equal(c->plan.changed, 0);
    assert_int_equal(c->plan.refusal, PM_DEFINITION_NO_CHANGES);
    result_is(c, first);

    /* nor does what was created change */

    merge_ok(c, read_data(c, "v2-dev.json").data, NULL, NULL);
    first = pm_arena_strndup(c->arena, c->plan.text.data, c->plan.text.len);
    merge_ok(c, read_data(c, "v2-dev.json").data, first, NULL);
    assert_int_equal(c->plan.changed, 0);
}


static void
test_v4_create(void **state)
{
    case_t  *c = *state;

    merge_ok(c, read_data(c, "v4-dev.json").data, NULL, NULL);

    assert_int_equal(c->plan.kind, PM_DEFINITION_V4);
    assert_string_equal(c->plan.name, "Payments");
    assert_string_equal(c->plan.version, "3");
    assert_int_equal(c->plan.npaths, 2);
    assert_null(c->plan.paths[0].host);
    assert_string_equal(c->plan.paths[0].path, "/payments/");
    assert_string_equal(c->plan.paths[1].host, "pay.example.org");
    assert_string_equal(c->plan.paths[1].path, "/v1/");

    lacks(c, "export");
    lacks(c, "members");
    lacks(c, "api.id");
    lacks(c, "api.groups");
    lacks(c, "api.primaryOwner");
    lacks(c, "api.createdAt");
    lacks(c, "api.updatedAt");
    lacks(c, "api.deployedAt");
    lacks(c, "api.lifecycleState");
    lacks(c, "api.workflowState");
    lacks(c, "api.originContext");
    lacks(c, "api.flows.0.id");
    lacks(c, "metadata.0.apiId");
    lacks(c, "plans.0.id");
    lacks(c, "plans.0.apiId");
    lacks(c, "plans.0.excludedGroups");
    lacks(c, "plans.0.createdAt");
    lacks(c, "plans.0.publishedAt");
    lacks(c, "plans.0.closedAt");
    lacks(c, "pages.0.accessControls");
    lacks(c, "pages.1.lastContributor");
    lacks(c, "pages.1.referenceId");

    has(c, "api.state", "STOPPED");
    has(c, "api.endpointGroups.0.endpoints.0.configuration.target",
        "http://payments.dev.svc");
    has(c, "apiMedia", "a sequence");
    has(c, "api.crossId", c->plan.cross_id);
    assert_string_equal(c->plan.id, c->plan.cross_id);

    assert_string_equal(result_value(c, "pages.1.parentId"),
                        result_value(c, "pages.0.crossId"));
    assert_string_equal(result_value(c, "plans.0.generalConditions"),
                        result_value(c, "pages.1.crossId"));
    assert_int_equal(notes(c, PM_DEFINITION_MADE_CROSS_ID, NULL), 4);
    assert_int_equal(notes(c, PM_DEFINITION_MADE_CROSS_ID, "/api"), 1);
}


static const char  v4_target[] =
    "{\n"
    "  \"api\": {\"definitionVersion\": \"V4\", \"id\": \"qa\",\n"
    "          \"crossId\": \"x\", \"groups\": [\"g-qa\"],\n"
    "          \"state\": \"STARTED\", \"primaryOwner\": {\"id\": \"o\"},\n"
    "          \"listeners\": [], \"createdAt\": \"then\"},\n"
    "  \"members\": [{\"id\": \"m-qa\"}],\n"
    "  \"pages\": [],\n"
    "  \"plans\": [{\"id\": \"qa-plan\", \"crossId\": \"p\",\n"
    "             \"status\": \"STAGING\", \"apiId\": \"qa\",\n"
    "             \"excludedGroups\": [\"g-qa\"],\n"
    "             \"generalConditions\": \"old\"}],\n"
    "  \"apiMedia\": []\n"
    "}\n";


static void
test_v4_update(void **state)
{
    case_t  *c = *state;

    merge_ok(c, "{\"export\": {}, \"api\": {\"definitionVersion\": \"4.0.0\", "
             "\"id\": \"dev\", \"crossId\": \"x\", \"name\": \"New\", "
             "\"groups\": [\"g\"], \"state\": \"STOPPED\", "
             "\"listeners\": [{\"paths\": [{\"path\": \"a\"}]}]}, "
             "\"members\": [1], "
             "\"pages\": [{\"id\": \"t\", \"crossId\": \"terms\"}], "
             "\"plans\": [{\"id\": \"dp\", \"crossId\": \"p\", "
             "\"status\": \"PUBLISHED\", \"apiId\": \"dev\", "
             "\"excludedGroups\": [], \"generalConditions\": \"t\"}]}",
             v4_target, NULL);

    has(c, "api.id", "qa");
    has(c, "api.name", "New");
    has(c, "api.groups.0", "g-qa");
    has(c, "api.state", "STARTED");
    has(c, "api.primaryOwner.id", "o");
    has(c, "api.createdAt", "then");
    has(c, "members.0.id", "m-qa");
    has(c, "api.listeners.0.paths.0.path", "a");
    has(c, "plans.0.id", "qa-plan");
    has(c, "plans.0.apiId", "qa");
    has(c, "plans.0.status", "PUBLISHED");
    has(c, "plans.0.excludedGroups.0", "g-qa");
    has(c, "plans.0.generalConditions", "terms");
    has(c, "pages.0.crossId", "terms");
    lacks(c, "export");
    assert_string_equal(c->plan.id, "qa");
    assert_string_equal(c->plan.paths[0].path, "/a/");
}


/* A v4 definition may be wrapped on one side and flat on the other. */

static void
test_v4_layouts(void **state)
{
    case_t  *c = *state;

    merge_ok(c, "{\"gravitee\": \"4.0.0\", \"id\": \"dev\", "
             "\"crossId\": \"x\", \"name\": \"Flat\", \"members\": [1], "
             "\"plans\": [{\"crossId\": \"p\", \"name\": \"P\"}], "
             "\"metadata\": [{\"key\": \"k\"}]}", v4_target, NULL);
    has(c, "api.name", "Flat");
    has(c, "api.id", "qa");
    has(c, "plans.0.name", "P");
    has(c, "metadata.0.key", "k");
    has(c, "members.0.id", "m-qa");
    lacks(c, "name");
    lacks(c, "api.plans");

    merge_ok(c, "{\"export\": 1, \"api\": {\"definitionVersion\": \"V4\", "
             "\"crossId\": \"x\", \"name\": \"Wrapped\"}, "
             "\"plans\": [{\"crossId\": \"p\", \"name\": \"P\"}]}",
             "{\"definitionVersion\": \"V4\", \"id\": \"qa\", "
             "\"crossId\": \"x\", \"plans\": [{\"id\": \"i\", "
             "\"crossId\": \"p\"}]}", NULL);
    has(c, "name", "Wrapped");
    has(c, "id", "qa");
    has(c, "plans.0.id", "i");
    has(c, "plans.0.name", "P");
    lacks(c, "api");
    lacks(c, "export");

    assert_int_equal(merge(c, "{\"api\": {\"definitionVersion\": \"V4\", "
                           "\"crossId\": \"x\", \"note\": 1}, \"note\": 2}",
                           "{\"definitionVersion\": \"V4\", "
                           "\"crossId\": \"x\"}", NULL), PM_INVALID);
    assert_int_equal(c->plan.refusal, PM_DEFINITION_MALFORMED);
    assert_non_null(strstr(c->err.message, "note stands both"));

    /* what belongs beside the API is not taken from inside of it */

    merge_ok(c, "{\"api\": {\"definitionVersion\": \"V4\", "
             "\"crossId\": \"x\", \"plans\": [{\"id\": \"hidden\"}], "
             "\"pages\": [{\"id\": \"hidden\"}]}}", NULL, NULL);
    lacks(c, "api.plans");
    lacks(c, "api.pages");
}


static void
test_refusals(void **state)
{
    case_t  *c = *state;

    c->merge.allow_v4 = 0;
    assert_int_equal(merge(c, "{\"definitionVersion\": \"V4\"}", NULL, NULL),
                     PM_INVALID);
    assert_int_equal(c->plan.refusal, PM_DEFINITION_V4_OFF);

    c->merge.allow_v4 = 1;
    assert_int_equal(merge(c, "{\"definitionVersion\": \"FEDERATED\"}", NULL,
                           NULL), PM_INVALID);
    assert_int_equal(c->plan.refusal, PM_DEFINITION_NOT_SUPPORTED);

    assert_int_equal(merge(c, "{\"gravitee\": \"2.0.0\"}",
                           "{\"gravitee\": \"4.0.0\"}", NULL), PM_INVALID);
    assert_int_equal(c->plan.refusal, PM_DEFINITION_MISMATCH);

    assert_int_equal(merge(c, "{\"gravitee\": \"4.0.0\"}",
                           "{\"gravitee\": \"2.0.0\"}", NULL), PM_INVALID);
    assert_int_equal(c->plan.refusal, PM_DEFINITION_MISMATCH);

    assert_int_equal(merge(c, "{\"gravitee\": \"2.0.0\"}", "{}", NULL),
                     PM_INVALID);
    assert_int_equal(c->plan.refusal, PM_DEFINITION_MISMATCH);

    assert_int_equal(merge(c, "{", NULL, NULL), PM_INVALID);
    assert_int_equal(c->plan.refusal, PM_DEFINITION_MALFORMED);
    assert_int_equal(c->err.line, 1);
    assert_non_null(strstr(c->err.message, "source.json:1:"));

    assert_int_equal(merge(c, "{\"gravitee\": \"2.0.0\"}", "[1]", NULL),
                     PM_UNPROCESSABLE);
    assert_int_equal(c->plan.refusal, PM_DEFINITION_TARGET);
    assert_non_null(strstr(c->err.message, "orders.json"));
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test_setup_teardown(test_v2_create, case_setup,
                                        case_teardown),
        cmocka_unit_test_setup_teardown(test_v2_update, case_setup,
                                        case_teardown),
        cmocka_unit_test_setup_teardown(test_update_twice, case_setup,
                                        case_teardown),
        cmocka_unit_test_setup_teardown(test_v4_create, case_setup,
                                        case_teardown),
        cmocka_unit_test_setup_teardown(test_v4_update, case_setup,
                                        case_teardown),
        cmocka_unit_test_setup_teardown(test_v4_layouts, case_setup,
                                        case_teardown),
        cmocka_unit_test_setup_teardown(test_refusals, case_setup,
                                        case_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
