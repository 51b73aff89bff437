/*
 * Reviewed promotions: bodies, targets, applications; what is pinned, what
 * moves, what stands in the way.
 */

#include "batch.h"

#include "catalog/pm_catalog.h"
#include "promotion/pm_record.h"
#include "promotion/pm_review.h"


static const char  test_manifests[] =
    "apiVersion: promotions.nginx/v1\n"
    "kind: Environment\n"
    "metadata: {name: dev}\n"
    "spec: {organization: acme, clusters: [{runtime: r, server: s-dev}], "
    "promotesTo: [qa]}\n"
    "---\n"
    "apiVersion: promotions.nginx/v1\n"
    "kind: Environment\n"
    "metadata: {name: qa}\n"
    "spec: {id: qa-id, organization: acme, clusters: "
    "[{runtime: r, server: s-qa}]}\n"
    "---\n"
    "apiVersion: promotions.nginx/v1\n"
    "kind: Environment\n"
    "metadata: {name: prod}\n"
    "spec: {organization: acme}\n"
    "---\n"
    "apiVersion: promotions.nginx/v1\n"
    "kind: Environment\n"
    "metadata: {name: other}\n"
    "spec: {organization: others, clusters: "
    "[{runtime: r, server: s-other}]}\n";

#define APPLICATION(name, cluster, product)                                   \
    "---\n"                                                                   \
    "apiVersion: argoproj.io/v1alpha1\n"                                      \
    "kind: Application\n"                                                     \
    "metadata: {name: " name ", namespace: n, annotations: "                  \
    "{codefresh.io/product: " product "}}\n"                                  \
    "spec:\n"                                                                 \
    "  source: {repoURL: \"https://git.example.com/a.git\", path: " name      \
    ", targetRevision: main}\n"                                               \
    "  destination: {server: " cluster "}\n"

static const char  test_applications[] =
    APPLICATION("one-dev", "s-dev", "one")
    APPLICATION("one-qa", "s-qa", "one")
    APPLICATION("two-dev", "s-dev", "two")
    APPLICATION("two-qa", "s-qa", "two")
    APPLICATION("two-qa-b", "s-qa", "two")
    APPLICATION("three-dev", "s-dev", "three")
    APPLICATION("four-other", "s-other", "four");


static pm_catalog_t *
test_catalog(test_t *t)
{
    pm_catalog_t  *catalog;

    catalog = pm_catalog_create(t->arena);
    assert_non_null(catalog);

    free(test_run(t, "cat > catalog.yaml <<'END'\n%s%s\nEND\n",
                  test_manifests, test_applications));

    test_ok(t, pm_catalog_read(catalog, "r",
                               pm_arena_printf(t->arena, "%s/catalog.yaml",
                                               t->folder), &t->err));
    test_ok(t, pm_catalog_finish(catalog, &t->err));

    return catalog;
}


static void
test_requests(void **state)
{
    size_t                i;
    test_t               *t;
    pm_request_faults_t   faults;
    pm_review_request_t   request;

    static const struct {
        const char  *body;
        const char  *fault;
    } cases[] = {
        { "{\"targetEnvCockpitId\":\"qa\"}", NULL },
        { "{\"targetEnvCockpitId\":\"qa\",\"targetEnvName\":1,\"x\":{}}",
          NULL },
        { "{}", "targetEnvCockpitId should not be empty" },
        { "{\"targetEnvCockpitId\":\" \"}",
          "targetEnvCockpitId should not be empty" },
        { "[]", "Unexpected token [ at line 1 column 1" },
        { "{\"targetEnvCockpitId\":\"qa\",\"comment\":\"\\u0001\"}",
          "comment must not contain control characters other than newline "
          "and tab" },
        { "{\"targetEnvCockpitId\":\"qa\",\"destAppId\":{\"runtime\":\"r\","
          "\"namespace\":\"n\"}}", "destAppId.name should not be empty" },
        { NULL, NULL }
    };

    t = *state;

    for (i = 0; cases[i].body != NULL; i++) {
        (void) pm_review_request_parse(t->arena, cases[i].body,
                                       strlen(cases[i].body), 0, &request,
                                       &faults);

        if (cases[i].fault == NULL) {
            assert_int_equal(faults.n, 0);
            assert_string_equal(request.target, "qa");
            assert_null(request.destination.name);

        } else {
            assert_true(faults.n > 0);
            assert_string_equal(faults.messages[0], cases[i].fault);
        }
    }
}


static void
test_decisions(void **state)
{
    size_t                 i;
    test_t                *t;
    pm_request_faults_t    faults;
    pm_review_decision_t   decision;

    static const struct {
        const char  *body;
        int          accept;         /* -1: faulty */
        int          force;
    } cases[] = {
        { "true", 1, 0 },
        { " false\r\n", 0, 0 },
        { "{\"accept\":true,\"force\":true,\"reason\":\"r\"}", 1, 1 },
        { "{\"accept\":false}", 0, 0 },
        { "", -1, 0 },
        { "   ", -1, 0 },
        { "truee", -1, 0 },
        { "null", -1, 0 },
        { "1", -1, 0 },
        { "{}", -1, 0 },
        { "{\"accept\":1}", -1, 0 },
        { "{\"accept\":true,\"accept\":false}", -1, 0 },
        { "{\"accept\":true,\"expectedDigest\":\"00\"}", -1, 0 },
        { NULL, 0, 0 }
    };

    t = *state;

    for (i = 0; cases[i].body != NULL; i++) {
        int  rc;

        rc = pm_review_decision_parse(t->arena, cases[i].body,
                                      strlen(cases[i].body), 0, &decision,
                                      &faults);

        if (cases[i].accept == -1) {
            assert_int_equal(rc, PM_INVALID);
            assert_true(faults.n > 0);
            continue;
        }

        assert_int_equal(rc, 0);
        assert_int_equal(decision.accept, cases[i].accept);
        assert_int_equal(decision.force, cases[i].force);
    }
}


static void
test_targets(void **state)
{
    size_t                   i;
    test_t                  *t;
    pm_catalog_t            *catalog;
    const pm_environment_t  *source, *target;

    static const struct {
        const char  *from;
        const char  *to;
        const char  *name;
    } cases[] = {
        { "dev", "qa", NULL },
        { "dev", "qa-id", NULL },
        { "qa", "dev", NULL },
        { "dev", "prod", "promotion.target.notAllowed" },
        { "dev", "dev", "promotion.target.sameEnvironment" },
        { "qa", "qa-id", "promotion.target.sameEnvironment" },
        { "dev", "none", "promotion.target.notFound" },
        { "dev", "other", "promotion.target.otherOrganization" },
        { NULL, NULL, NULL }
    };

    t = *state;
    catalog = test_catalog(t);

    for (i = 0; cases[i].from != NULL; i++) {
        source = pm_catalog_environment(catalog, cases[i].from);

        if (cases[i].name == NULL) {
            test_ok(t, pm_review_target(catalog, source, cases[i].to, &target,
                                        &t->err));
            continue;
        }

        assert_int_equal(pm_review_target(catalog, source, cases[i].to,
                                          &target, &t->err), PM_INVALID);
        assert_string_equal(t->err.name, cases[i].name);
    }
}


static void
test_applications_of_products(void **state)
{
    int                      rc;
    size_t                   i;
    test_t                  *t;
    pm_catalog_t            *catalog;
    pm_promotion_t           promotion;
    pm_review_request_t      request;
    const pm_environment_t  *dev, *qa;

    static const struct {
        const char  *from;
        const char  *to;             /* destAppId, or NULL */
        const char  *becomes;
        const char  *name;
    } cases[] = {
        { "one-dev", NULL, "one-qa", NULL },
        { "one-dev", "two-qa", "two-qa", NULL },
        { "two-dev", NULL, NULL, "destAppId.missing" },
        { "two-dev", "two-qa-b", "two-qa-b", NULL },
        { "three-dev", NULL, NULL, "destAppId.missing" },
        { "one-dev", "two-dev", NULL, "destAppId.otherEnvironment" },
        { "one-dev", "none", NULL, "application.notFound" },
        { "one-dev", "four-other", NULL, "application.notFound" },
        { "one-qa", NULL, NULL, "application.notFound" },
        { NULL, NULL, NULL, NULL }
    };

    t = *state;
    catalog = test_catalog(t);
    dev = pm_catalog_environment(catalog, "dev");
    qa = pm_catalog_environment(catalog, "qa");

    for (i = 0; cases[i].from != NULL; i++) {
        memset(&request, 0, sizeof(pm_review_request_t));
        request.comment = "why";

        if (cases[i].to != NULL) {
            request.destination.runtime = "r";
            request.destination.namespace = "n";
            request.destination.name = cases[i].to;
        }

        rc = pm_review_application(t->arena, catalog, dev, qa, "n",
                                   cases[i].from, &request, &promotion,
                                   &t->err);

        if (cases[i].becomes == NULL) {
            assert_int_not_equal(rc, 0);
            assert_string_equal(t->err.name, cases[i].name);
            continue;
        }

        test_ok(t, rc);
        assert_string_equal(promotion.destination.name, cases[i].becomes);
        assert_string_equal(promotion.description, "why");
        assert_string_equal(promotion.source_environment, "dev");
        assert_string_equal(promotion.destination_environment, "qa");
    }
}


/* What was pinned is what lands, through a record, and says when it moves. */

static void
test_pins(void **state)
{
    char                 *tip;
    test_t               *t;
    pm_batch_t           *batch;
    pm_string_t           text;
    pm_promotion_t        promotion, decoded;
    pm_review_look_t      look;
    pm_batch_settings_t   settings;

    t = *state;
    settings = test_settings(t);
    test_commit(t, "mkdir -p dev prod && echo 1 > dev/a && echo 0 > prod/a");

    promotion = test_promotion(t, 1, "dev", "prod");
    promotion.requester_name = "R Equester";
    promotion.requester_email = "requester@example.com";
    test_ok(t, pm_review_look(&settings, &promotion, 1, t->arena, &look,
                              &t->err));

    tip = test_run(t, "git -C remote.git rev-parse main");
    assert_string_equal(look.revision, tip);
    assert_string_equal(promotion.parts[0].source.commit, tip);
    assert_int_equal(look.moved, 0);
    assert_int_equal(strlen(look.digest), 64);
    free(tip);

    test_ok(t, pm_record_encode(t->arena, &promotion, &text, &t->err));
    test_ok(t, pm_record_decode(t->arena, promotion.id, text.data, text.len,
                                &decoded, &t->err));

    /* elsewhere on the branch is not in the source */

    test_commit(t, "mkdir -p x && echo x > x/x");
    test_ok(t, pm_review_look(&settings, &decoded, 0, t->arena, &look,
                              &t->err));
    assert_int_equal(look.moved, 0);

    test_commit(t, "echo 2 > dev/a");
    test_ok(t, pm_review_look(&settings, &decoded, 0, t->arena, &look,
                              &t->err));
    assert_int_equal(look.moved, 1);

    decoded.expected_digest = look.digest;
    batch = test_batch(t, &decoded, 1);
    test_lands(batch);
    test_landed(t, batch, 0, "main");
    pm_batch_destroy(batch);

    test_prints(t, "git -C remote.git show main:prod/a", "1");
    test_prints(t, "git -C remote.git log -1 --format=%b main | grep Co-",
                "Co-authored-by: R Equester <requester@example.com>");

    assert_int_equal(pm_review_look(&settings, &decoded, 0, t->arena, &look,
                                    &t->err), PM_NO_CHANGES);
    assert_string_equal(t->err.name, "promotion.noChanges");
}


/* A promotion before it in the same batch does not change what was pinned. */

static void
test_pinned_in_a_batch(void **state)
{
    test_t               *t;
    pm_batch_t           *batch;
    pm_promotion_t        promotions[2];
    pm_review_look_t      look;
    pm_batch_settings_t   settings;

    t = *state;
    settings = test_settings(t);
    test_commit(t, "mkdir -p a b c && echo 1 > a/f && echo 2 > b/f && "
                "echo 3 > c/f");

    promotions[0] = test_promotion(t, 1, "a", "b");
    promotions[1] = test_promotion(t, 2, "b", "c");
    test_ok(t, pm_review_look(&settings, &promotions[1], 1, t->arena, &look,
                              &t->err));

    batch = test_batch(t, promotions, 2);
    test_lands(batch);
    test_landed(t, batch, 1, "main");
    pm_batch_destroy(batch);

    test_prints(t, "git -C remote.git show main:b/f", "1");
    test_prints(t, "git -C remote.git show main:c/f", "2");
}


static void
test_history_rewritten(void **state)
{
    test_t               *t;
    pm_batch_t           *batch;
    pm_promotion_t        promotion;
    pm_review_look_t      look;
    pm_batch_settings_t   settings;

    t = *state;
    settings = test_settings(t);
    test_commit(t, "mkdir -p dev prod && echo 1 > dev/a && echo 0 > prod/a");
    test_commit(t, "echo 2 > dev/a");

    promotion = test_promotion(t, 1, "dev", "prod");
    test_ok(t, pm_review_look(&settings, &promotion, 1, t->arena, &look,
                              &t->err));

    test_do(t, "git -C remote.git update-ref refs/heads/main main~1");
    test_commit(t, "git fetch -q && git reset -q --hard origin/main && "
                "echo 3 > dev/a");

    assert_int_equal(pm_review_look(&settings, &promotion, 0, t->arena, &look,
                                    &t->err), PM_CONFLICT);
    assert_string_equal(t->err.name, "promotion.source.gone");

    batch = test_batch(t, &promotion, 1);
    test_plans(batch, PM_BATCH_SETTLED);
    test_failed(batch, 0, PM_CONFLICT, "is no part of main");
    pm_batch_destroy(batch);
}


/* An API: created, then updated; paths that are taken; what may be done. */

static void
test_apis(void **state)
{
    test_t               *t;
    const char           *end;
    pm_batch_t           *batch;
    pm_string_t           text;
    pm_promotion_t        promotion, decoded;
    pm_review_look_t      look;
    pm_promotion_api_t    api;
    pm_batch_settings_t   settings;

    t = *state;
    settings = test_settings(t);
    memset(&api, 0, sizeof(pm_promotion_api_t));

    test_ok(t, pm_definition_cache_create(8, &api.cache, &t->err));
    test_commit(t,
        "mkdir -p dev qa && printf '%s' '{\"gravitee\":\"2.0.0\","
        "\"id\":\"one\",\"crossId\":\"c-one\",\"name\":\"One\","
        "\"version\":\"1\",\"proxy\":{\"virtual_hosts\":[{\"path\":\"/one\"}]},"
        "\"members\":[1],\"plans\":[],\"pages\":[]}' > dev/one.json && "
        "echo x > qa/README.md");

    promotion = test_promotion(t, 1, "dev", "qa");
    promotion.source_environment = "dev";
    promotion.destination_environment = "qa";
    promotion.api = &api;
    api.id = "none";

    assert_int_equal(pm_review_look(&settings, &promotion, 1, t->arena, &look,
                                    &t->err), PM_NOT_FOUND);
    assert_string_equal(t->err.message, "Api [none] cannot be found.");

    api.id = "one";
    test_ok(t, pm_review_look(&settings, &promotion, 1, t->arena, &look,
                              &t->err));
    assert_int_equal(look.update, 0);
    assert_string_equal(look.api_name, "One");
    assert_string_equal(promotion.api->file, "one.json");
    assert_string_equal(promotion.message,
                        "Promote API One 1 from dev to qa");
    assert_null(strstr(look.definition.data, "members"));

    test_ok(t, pm_record_encode(t->arena, &promotion, &text, &t->err));
    test_ok(t, pm_record_decode(t->arena, promotion.id, text.data, text.len,
                                &decoded, &t->err));
    decoded.api->cache = api.cache;
    decoded.expected_digest = look.digest;

    /* what may not be done is not */

    decoded.api->may_update = 1;
    batch = test_batch(t, &decoded, 1);
    test_plans(batch, PM_BATCH_SETTLED);
    test_failed(batch, 0, PM_FORBIDDEN, "sufficient rights");
    pm_batch_destroy(batch);

    decoded.api->may_update = 0;
    decoded.api->may_create = 1;
    batch = test_batch(t, &decoded, 1);
    test_lands(batch);
    test_landed(t, batch, 0, "main");
    assert_string_equal(pm_batch_result(batch, 0)->target, "c-one");
    assert_int_equal(pm_batch_result(batch, 0)->created, 1);
    pm_batch_destroy(batch);

    /* an update, in whose way another API is */

    test_commit(t, "git pull -q --no-rebase origin main && "
        "sed -i 's/\"1\"/\"2\"/; s|/one|/two/sub|' dev/one.json && "
        "printf '%s' '{\"gravitee\":\"2.0.0\",\"id\":\"two\","
        "\"name\":\"Two\",\"proxy\":{\"virtual_hosts\":[{\"path\":\"/two\"}]},"
        "\"plans\":[],\"pages\":[]}' > qa/two.json");

    promotion.id = decoded.id = "01890a5d-ac96-774b-bcce-000000000002";
    promotion.parts[0].source.commit = NULL;
    test_ok(t, pm_review_look(&settings, &promotion, 1, t->arena, &look,
                              &t->err));
    assert_int_equal(look.update, 1);
    assert_int_equal(look.nconflicts, 1);
    assert_string_equal(look.conflicts[0], "Path [/two/] already exists in "
                        "API two (Two)");

    api.may_update = 1;
    batch = test_batch(t, &promotion, 1);
    test_plans(batch, PM_BATCH_SETTLED);
    test_failed(batch, 0, PM_INVALID, "Path [/two/] already exists");
    assert_string_equal(pm_batch_result(batch, 0)->error.name,
                        "path.invalid");
    assert_string_equal(pm_batch_result(batch, 0)->error.subject, "two");
    pm_batch_destroy(batch);

    test_commit(t, "git rm -q qa/two.json");
    batch = test_batch(t, &promotion, 1);
    test_lands(batch);
    assert_int_equal(pm_batch_result(batch, 0)->created, 0);
    pm_batch_destroy(batch);

    /* a name that goes on and on is told by its beginning, in whole characters:
     * 'x' and 99 of two bytes */

    test_commit(t, "git pull -q --no-rebase origin main && "
        "name=x$(printf '\303\251%.0s' $(seq 300)) && "
        "printf '%s' '{\"gravitee\":\"2.0.0\",\"id\":\"one\","
        "\"crossId\":\"c-one\",\"name\":\"One\",\"version\":\"3\","
        "\"proxy\":{},\"pages\":[],\"plans\":[{\"id\":\"p\","
        "\"status\":\"CLOSED\",\"name\":\"'$name'\"}]}' > dev/one.json");

    promotion.parts[0].source.commit = NULL;
    test_ok(t, pm_review_look(&settings, &promotion, 1, t->arena, &look,
                              &t->err));
    assert_int_equal(look.nnotes, 1);
    end = strstr(look.notes[0], "\342\200\246: ");
    assert_non_null(end);
    assert_int_equal(end - look.notes[0], 199);

    pm_definition_cache_destroy(api.cache);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test_setup_teardown(test_requests, test_setup,
                                        test_teardown),
        cmocka_unit_test_setup_teardown(test_decisions, test_setup,
                                        test_teardown),
        cmocka_unit_test_setup_teardown(test_targets, test_setup,
                                        test_teardown),
        cmocka_unit_test_setup_teardown(test_applications_of_products,
                                        test_setup, test_teardown),
        cmocka_unit_test_setup_teardown(test_pins, test_setup,
                                        test_teardown),
        cmocka_unit_test_setup_teardown(test_pinned_in_a_batch, test_setup,
                                        test_teardown),
        cmocka_unit_test_setup_teardown(test_history_rewritten, test_setup,
                                        test_teardown),
        cmocka_unit_test_setup_teardown(test_apis, test_setup,
                                        test_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
