/*
 * From the applications of a request to repositories, branches and paths; and
 * the lane.
 */

#include "promotion/pm_promotion.h"

#include "base/pm_hash.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>


#define APPLICATION(name, sources)                                            \
    "apiVersion: argoproj.io/v1alpha1\n"                                      \
    "kind: Application\n"                                                     \
    "metadata: {name: " name ", namespace: orders}\n"                         \
    "spec:\n"                                                                 \
    "  sources:\n"                                                            \
    sources                                                                   \
    "---\n"

#define SOURCE(url, revision, path)                                           \
    "  - {repoURL: \"" url "\", targetRevision: " revision ", path: " path    \
    "}\n"

#define ONE    "https://git.example.com/acme/orders.git"
#define TWO    "https://git.example.com/acme/values.git"


static const char  test_manifests[] =
    APPLICATION("qa", SOURCE(ONE, "main", "envs/qa"))
    APPLICATION("prod", SOURCE(ONE, "main", "envs/prod"))
    APPLICATION("full", SOURCE(ONE, "refs/heads/main", "envs/full"))
    APPLICATION("head", SOURCE("https://GIT.example.com:443/acme/orders.git/",
                               "HEAD", "envs/head"))
    APPLICATION("tagged", SOURCE(ONE, "refs/tags/v1", "envs/qa"))
    APPLICATION("pinned", SOURCE(ONE,
                "0123456789abcdef0123456789abcdef01234567", "envs/qa"))
    APPLICATION("chart",
        "  - {repoURL: \"https://charts.example.com\", chart: redis, "
        "targetRevision: 1.0.0}\n")
    APPLICATION("two", SOURCE(ONE, "main", "a") SOURCE(ONE, "main", "b"))
    APPLICATION("values",
        "  - {repoURL: \"" TWO "\", targetRevision: main, ref: values}\n"
        SOURCE(ONE, "main", "c") SOURCE(TWO, "dev", "d"))
    APPLICATION("scattered", SOURCE(ONE, "main", "a") SOURCE(TWO, "main", "b"))
    APPLICATION("branches", SOURCE(ONE, "main", "a") SOURCE(ONE, "dev", "b"))
    "apiVersion: promotions.nginx/v1\n"
    "kind: Environment\n"
    "metadata: {name: test}\n"
    "spec: {title: Test}\n";


typedef struct {
    pm_arena_t      *arena;
    pm_catalog_t    *catalog;
    pm_error_t       err;
    pm_promotion_t   promotions[4];
} test_t;


static int
test_setup(void **state)
{
    FILE    *file;
    char     path[] = "/tmp/pm-resolve-XXXXXX.yaml";
    test_t  *t;

    t = calloc(1, sizeof(test_t));
    assert_non_null(t);

    file = fdopen(mkstemps(path, 5), "w");
    assert_non_null(file);
    assert_int_equal(fwrite(test_manifests, 1, sizeof(test_manifests) - 1,
                            file), sizeof(test_manifests) - 1);
    assert_int_equal(fclose(file), 0);

    t->arena = pm_arena_create();
    t->catalog = pm_catalog_create(t->arena);
    assert_non_null(t->catalog);

    if (pm_catalog_read(t->catalog, "codefresh", path, &t->err) != 0
        || pm_catalog_finish(t->catalog, &t->err) != 0)
    {
        fail_msg("%s", t->err.message);
    }

    unlink(path);
    *state = t;

    return 0;
}


static int
test_teardown(void **state)
{
    test_t  *t;

    t = *state;

    pm_arena_destroy(t->arena);
    free(t);

    return 0;
}


static int
test_resolve_as(test_t *t, pm_request_kind_t kind, const char *source,
    const char *one, const char *two)
{
    pm_request_t         request;
    pm_application_id_t  destinations[2];

    memset(&request, 0, sizeof(pm_request_t));

    request.kind = kind;
    request.source.runtime = "codefresh";
    request.source.namespace = "orders";
    request.source.name = source;

    destinations[0] = request.source;
    destinations[0].name = one;
    destinations[1] = request.source;
    destinations[1].name = two;

    request.destinations = destinations;
    request.ndestinations = (two != NULL) ? 2 : 1;
    request.message = "message";
    request.description = "description";
    request.title = "title";
    request.commit_message = "commit message";
    request.commit_description = "commit description";
    request.source_commit = "0123456";
    request.expected_digest = "ab";

    return pm_promotion_resolve(t->arena, t->catalog, &request, t->promotions,
                                &t->err);
}


static int
test_resolve(test_t *t, const char *source, const char *destination)
{
    return test_resolve_as(t, PM_REQUEST_COMMIT, source, destination, NULL);
}


static void
test_one_source(void **state)
{
    test_t          *t;
    pm_promotion_t  *promotion;

    t = *state;
    assert_int_equal(test_resolve(t, "qa", "prod"), 0);

    promotion = &t->promotions[0];

    assert_string_equal(promotion->source.name, "qa");
    assert_string_equal(promotion->destination.runtime, "codefresh");
    assert_string_equal(promotion->destination.namespace, "orders");
    assert_string_equal(promotion->destination.name, "prod");
    assert_int_equal(promotion->nparts, 1);
    assert_string_equal(promotion->parts[0].source.url.canonical, ONE);
    assert_string_equal(promotion->parts[0].source.branch, "main");
    assert_string_equal(promotion->parts[0].source.path, "envs/qa");
    assert_string_equal(promotion->parts[0].destination.path, "envs/prod");
    assert_string_equal(promotion->message, "message");
    assert_string_equal(promotion->description, "description");
    assert_string_equal(promotion->source_commit, "0123456");
    assert_string_equal(promotion->expected_digest, "ab");
    assert_null(promotion->source_environment);
    assert_null(promotion->id);
}


static void
test_several_sources_are_matched_in_order(void **state)
{
    test_t     *t;
    pm_part_t  *parts;

    t = *state;

    /* a source that is only a ref has no place in it */

    assert_int_equal(test_resolve(t, "values", "two"), 0);
    assert_int_equal(t->promotions[0].nparts, 2);

    parts = t->promotions[0].parts;

    assert_string_equal(parts[0].source.path, "c");
    assert_string_equal(parts[0].source.url.canonical, ONE);
    assert_string_equal(parts[0].destination.path, "a");
    assert_string_equal(parts[1].source.path, "d");
    assert_string_equal(parts[1].source.url.canonical, TWO);
    assert_string_equal(parts[1].source.branch, "dev");
    assert_string_equal(parts[1].destination.path, "b");
}


static void
test_several_destinations(void **state)
{
    test_t  *t;

    t = *state;

    assert_int_equal(test_resolve_as(t, PM_REQUEST_COMMIT, "qa", "prod",
                                     "full"), 0);
    assert_string_equal(t->promotions[0].parts[0].destination.path,
                        "envs/prod");
    assert_string_equal(t->promotions[1].parts[0].destination.path,
                        "envs/full");
    assert_string_equal(t->promotions[1].source.name, "qa");
}


static void
test_a_pull_request_has_its_own_commit_message(void **state)
{
    test_t  *t;

    t = *state;

    assert_int_equal(test_resolve_as(t, PM_REQUEST_PULL_REQUEST, "qa", "prod",
                                     NULL), 0);
    assert_string_equal(t->promotions[0].message, "commit message");
    assert_string_equal(t->promotions[0].description, "commit description");
}


static void
test_what_cannot_be_promoted(void **state)
{
    size_t   i;
    test_t  *t;

    static const struct {
        const char  *source;
        const char  *destination;
        pm_code_t    code;
        const char  *message;
    } cases[] = {
        { "none", "prod", PM_NOT_FOUND,
          "application codefresh/orders/none not found" },
        { "qa", "none", PM_NOT_FOUND,
          "application codefresh/orders/none not found" },
        { "qa", "qa", PM_INVALID,
          "source and destination are the same application "
          "codefresh/orders/qa" },
        { "qa", "tagged", PM_CONFLICT,
          "application codefresh/orders/tagged cannot be a destination: its "
          "targetRevision refs/tags/v1 is not a branch" },
        { "qa", "pinned", PM_CONFLICT,
          "application codefresh/orders/pinned cannot be a destination: its "
          "targetRevision 0123456789abcdef0123456789abcdef01234567 is not a "
          "branch" },
        { "chart", "prod", PM_UNPROCESSABLE,
          "application codefresh/orders/chart has no source with a path in "
          "git: there is nothing to promote" },
        { "qa", "chart", PM_UNPROCESSABLE,
          "application codefresh/orders/chart has no source with a path in "
          "git: there is nothing to promote" },
        { "two", "prod", PM_UNPROCESSABLE,
          "application codefresh/orders/two has 2 sources with a path and "
          "codefresh/orders/prod has 1: they cannot be matched" },
        { "two", "scattered", PM_UNPROCESSABLE,
          "application codefresh/orders/scattered cannot be a destination: "
          "its sources lie in several repositories or branches" },
        { "two", "branches", PM_UNPROCESSABLE,
          "application codefresh/orders/branches cannot be a destination: "
          "its sources lie in several repositories or branches" },
    };

    t = *state;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(test_resolve(t, cases[i].source,
                                      cases[i].destination), cases[i].code);
        assert_string_equal(t->err.message, cases[i].message);
    }

    /* what is no destination may be a source */

    assert_int_equal(test_resolve(t, "tagged", "prod"), 0);
    assert_string_equal(t->promotions[0].parts[0].source.branch,
                        "refs/tags/v1");
    assert_int_equal(test_resolve(t, "scattered", "two"), 0);
}


static void
test_lanes(void **state)
{
    char            main_lane[17], lane[17], hex[65];
    test_t         *t;
    unsigned char   digest[PM_SHA256_SIZE];

    t = *state;

    assert_int_equal(test_resolve(t, "qa", "prod"), 0);
    assert_int_equal(pm_promotion_lane(&t->promotions[0], main_lane), 0);

    assert_int_equal(pm_sha256(ONE "\nmain", strlen(ONE "\nmain"), digest), 0);
    pm_hex(hex, digest, sizeof(digest));
    assert_int_equal(strlen(main_lane), 16);
    assert_memory_equal(main_lane, hex, 16);

    /* one branch is one lane, however it is written */

    assert_int_equal(test_resolve(t, "qa", "full"), 0);
    assert_int_equal(pm_promotion_lane(&t->promotions[0], lane), 0);
    assert_string_equal(lane, main_lane);

    assert_int_equal(test_resolve(t, "qa", "head"), 0);
    assert_null(t->promotions[0].parts[0].destination.branch);
    assert_int_equal(pm_promotion_lane(&t->promotions[0], lane), 0);

    assert_int_equal(pm_sha256(ONE "\nHEAD", strlen(ONE "\nHEAD"), digest), 0);
    pm_hex(hex, digest, sizeof(digest));
    assert_memory_equal(lane, hex, 16);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test_setup_teardown(test_one_source, test_setup,
                                        test_teardown),
        cmocka_unit_test_setup_teardown(
            test_several_sources_are_matched_in_order, test_setup,
            test_teardown),
        cmocka_unit_test_setup_teardown(test_several_destinations, test_setup,
                                        test_teardown),
        cmocka_unit_test_setup_teardown(
            test_a_pull_request_has_its_own_commit_message, test_setup,
            test_teardown),
        cmocka_unit_test_setup_teardown(test_what_cannot_be_promoted,
                                        test_setup, test_teardown),
        cmocka_unit_test_setup_teardown(test_lanes, test_setup,
                                        test_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
