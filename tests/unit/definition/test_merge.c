/*
 * What promoting a definition makes of the target's (review-api.md, 4).
 */

#include "definition.h"

#include <time.h>


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
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
