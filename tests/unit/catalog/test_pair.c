/*
 * Which applications of a product belong together: manifests in, pairs out.
 */

#include "catalog/pm_pair.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>


typedef struct {
    const char  *title;
    const char  *dev;            /* "runtime/namespace/name=role …", which run
                                    in dev; "=role" is optional */
    const char  *qa;
    const char  *pairs;          /* "source>destination …", as namespace/name;
                                    then "-missing …"; or the error */
} test_case_t;


static const test_case_t  test_cases[] = {

    { "a suffix", "r/n/orders-dev r/n/api-dev", "r/n/api-qa r/n/orders-qa",
      "n/orders-dev>n/orders-qa n/api-dev>n/api-qa" },
    { "a prefix", "r/n/dev-orders", "r/n/qa-orders",
      "n/dev-orders>n/qa-orders" },
    { "in the middle", "r/n/orders-dev-us-east", "r/n/orders-qa-us-east",
      "n/orders-dev-us-east>n/orders-qa-us-east" },
    { "dots", "r/n/dev.orders", "r/n/qa.orders", "n/dev.orders>n/qa.orders" },
    { "only a whole word is cut", "r/n/devices r/n/orders-devx",
      "r/m/devices r/n/orders-qax",
      "n/devices>m/devices -n/orders-devx -n/orders-qax" },
    { "the last place counts", "r/n/dev-tools-dev", "r/n/dev-tools-qa",
      "n/dev-tools-dev>n/dev-tools-qa" },
    { "nothing but the environment's name", "r/n/dev", "r/n/qa",
      "n/dev>n/qa" },
    { "equal names", "r/dev/orders", "r/qa/orders",
      "dev/orders>qa/orders" },
    { "a namespace need not fit where the name is enough", "r/a/orders-dev",
      "s/b/orders-qa", "a/orders-dev>b/orders-qa" },
    { "only in one of them", "r/n/a-dev r/n/b-dev", "r/n/b-qa r/n/c-qa",
      "n/b-dev>n/b-qa -n/a-dev -n/c-qa" },
    { "none in one", "r/n/a-dev", "", "-n/a-dev" },
    { "none in both", "", "", "" },

    { "an annotation goes before the name",
      "r/n/frontend=shop r/n/shop-dev=front",
      "r/n/whatever=front r/n/web-of-qa=shop",
      "n/frontend>n/web-of-qa n/shop-dev>n/whatever" },
    { "which is taken as it stands", "r/n/a=orders-dev", "r/n/b=orders-qa",
      "-n/a -n/b" },

    { "namespaces decide among equals", "r/one/api r/two/api",
      "s/two/api s/one/api", "one/api>one/api two/api>two/api" },
    { "without the environment's name", "r/one-dev/api r/two-dev/api",
      "r/two-qa/api r/one-qa/api",
      "one-dev/api>one-qa/api two-dev/api>two-qa/api" },
    { "what is left over is missing", "r/one/api r/two/api r/three/api",
      "s/two/api s/one/api",
      "one/api>one/api two/api>two/api -three/api" },
    { "then runtimes", "r/n-dev/same s/n-dev/same",
      "s/n-qa/same r/n-qa/same",
      "n-dev/same>n-qa/same n-dev/same>n-qa/same" },
    { "one of two runtimes", "r/n-dev/same s/n-dev/same", "s/n-qa/same",
      "n-dev/same>n-qa/same -n-dev/same" },

    { "what cannot be told apart", "r/n/api-dev r/n/dev-api", "r/n/api-qa",
      "applications r/n/api-dev and r/n/dev-api of product shop in "
      "environment dev cannot be told apart: give them an annotation "
      "promotions.nginx/application each" },
    { "on the other side", "r/n/api-dev", "r/n/api-qa r/n/qa-api",
      "applications r/n/api-qa and r/n/qa-api of product shop in environment "
      "Qa cannot be told apart: give them an annotation "
      "promotions.nginx/application each" },
    { "an annotation of one is enough", "r/n/api-dev r/n/dev-api=other",
      "r/n/api-qa", "n/api-dev>n/api-qa -n/dev-api" },
};


/* The manifests of one side; each runtime's in a file of its own. */

static void
test_write(FILE *out, const char *runtime, const char *side,
    const char *environment)
{
    char  *text, *word, *next, *role, from[16], namespace[32], name[32];

    text = strdup(side);
    assert_non_null(text);

    for (word = strtok_r(text, " ", &next); word;
         word = strtok_r(NULL, " ", &next))
    {
        role = strchr(word, '=');

        if (role != NULL) {
            *role++ = '\0';
        }

        assert_int_equal(sscanf(word, "%15[^/]/%31[^/]/%31s", from, namespace,
                                name), 3);

        if (strcmp(from, runtime) != 0) {
            continue;
        }

        fprintf(out, "---\n{apiVersion: argoproj.io/v1alpha1, kind: "
                "Application, metadata: {name: %s, namespace: %s, "
                "annotations: {codefresh.io/product: shop%s%s}}, spec: "
                "{source: {repoURL: r, path: p}, destination: "
                "{server: https://%s}}}\n", name, namespace,
                role ? ", promotions.nginx/application: " : "",
                role ? role : "", environment);
    }

    free(text);
}


static void
test_read(pm_catalog_t *catalog, const char *runtime, const test_case_t *test)
{
    int          fd;
    char         path[64];
    FILE        *out;
    pm_error_t   err;

    (void) snprintf(path, sizeof(path), "/tmp/pm-pair-%s-XXXXXX.yaml",
                    runtime);
    fd = mkstemps(path, 5);
    assert_true(fd >= 0);
    out = fdopen(fd, "w");
    assert_non_null(out);

    if (strcmp(runtime, "r") == 0) {
        fprintf(out, "---\n{apiVersion: codefresh.io/v1beta1, kind: Product, "
                "metadata: {name: shop}, spec: {}}\n");
    }

    test_write(out, runtime, test->dev, "dev");
    test_write(out, runtime, test->qa, "qa");

    assert_int_equal(fclose(out), 0);

    if (pm_catalog_read(catalog, runtime, path, &err) != 0) {
        fail_msg("%s: %s", test->title, err.message);
    }

    unlink(path);
}


/* Environments of both runtimes; names are compared in any case. */

static void
test_environments(pm_catalog_t *catalog)
{
    char         path[] = "/tmp/pm-pair-XXXXXX.yaml";
    FILE        *out;
    pm_error_t   err;

    out = fdopen(mkstemps(path, 5), "w");
    assert_non_null(out);

    fprintf(out, "---\n{apiVersion: promotions.nginx/v1, kind: Environment, "
            "metadata: {name: dev}, spec: {clusters: [{runtime: r, server: "
            "https://dev}, {runtime: s, server: https://dev}]}}\n"
            "---\n{apiVersion: promotions.nginx/v1, kind: Environment, "
            "metadata: {name: Qa}, spec: {clusters: [{runtime: r, server: "
            "https://qa}, {runtime: s, server: https://qa}]}}\n");

    assert_int_equal(fclose(out), 0);

    if (pm_catalog_read(catalog, "r", path, &err) != 0) {
        fail_msg("%s", err.message);
    }

    unlink(path);
}


static void
test_text(char *text, const pm_pairs_t *pairs)
{
    char    *p;
    size_t   i;

    p = text;
    *p = '\0';

    for (i = 0; i < pairs->npairs; i++) {
        p += sprintf(p, " %s/%s>%s/%s", pairs->pairs[i].source->namespace,
                     pairs->pairs[i].source->name,
                     pairs->pairs[i].destination->namespace,
                     pairs->pairs[i].destination->name);
    }

    for (i = 0; i < pairs->nmissing; i++) {
        p += sprintf(p, " -%s/%s", pairs->missing[i]->namespace,
                     pairs->missing[i]->name);
    }
}


static void
test_pairs(void **state)
{
    int                  rc;
    char                 text[2 * PM_ERROR_SIZE];
    size_t               i, j;
    pm_arena_t          *arena;
    pm_error_t           err;
    pm_pairs_t           pairs;
    pm_catalog_t        *catalog;
    const test_case_t   *test;

    for (i = 0; i < sizeof(test_cases) / sizeof(test_cases[0]); i++) {
        test = &test_cases[i];

        arena = pm_arena_create();
        catalog = pm_catalog_create(arena);
        assert_non_null(catalog);

        test_environments(catalog);
        test_read(catalog, "r", test);
        test_read(catalog, "s", test);

        if (pm_catalog_finish(catalog, &err) != 0) {
            fail_msg("%s: %s", test->title, err.message);
        }

        rc = pm_pair_find(arena, pm_catalog_product(catalog, "shop"),
                          pm_catalog_environment(catalog, "dev"),
                          pm_catalog_environment(catalog, "Qa"), &pairs,
                          &err);

        if (rc != 0) {
            assert_int_equal(rc, PM_CONFLICT);
            (void) snprintf(text, sizeof(text), " %s", err.message);

        } else {
            test_text(text, &pairs);

            for (j = 0; j < pairs.npairs; j++) {
                assert_true(strcmp(pairs.pairs[j].source->name, "same") != 0
                            || strcmp(pairs.pairs[j].source->runtime,
                                      pairs.pairs[j].destination->runtime)
                               == 0);
            }
        }

        if (strcmp(text + (*text == ' '), test->pairs) != 0) {
            fail_msg("%s:\n  got      %s\n  expected  %s", test->title, text,
                     test->pairs);
        }

        pm_arena_destroy(arena);
    }
}


/* Thousands come in the order of their manifests. */

static void
test_many(void **state)
{
    char           path[] = "/tmp/pm-pair-XXXXXX.yaml";
    FILE          *out;
    size_t         i;
    pm_arena_t    *arena;
    pm_error_t     err;
    pm_pairs_t     pairs;
    pm_catalog_t  *catalog;

    out = fdopen(mkstemps(path, 5), "w");
    assert_non_null(out);

    for (i = 0; i < 4000; i++) {
        fprintf(out, "---\n{apiVersion: argoproj.io/v1alpha1, kind: "
                "Application, metadata: {name: a%zu-%s, annotations: "
                "{codefresh.io/product: shop}}, spec: {source: {repoURL: r, "
                "path: p}, destination: {server: https://%s}}}\n",
                i % 2000, i < 2000 ? "dev" : "qa", i < 2000 ? "dev" : "qa");
    }

    assert_int_equal(fclose(out), 0);

    arena = pm_arena_create();
    catalog = pm_catalog_create(arena);
    test_environments(catalog);

    assert_int_equal(pm_catalog_read(catalog, "r", path, &err), 0);
    assert_int_equal(pm_catalog_finish(catalog, &err), 0);
    unlink(path);

    assert_int_equal(pm_pair_find(arena, pm_catalog_product(catalog, "shop"),
                                  pm_catalog_environment(catalog, "dev"),
                                  pm_catalog_environment(catalog, "Qa"),
                                  &pairs, &err), 0);
    assert_int_equal(pairs.npairs, 2000);
    assert_int_equal(pairs.nmissing, 0);

    for (i = 0; i < 2000; i++) {
        assert_int_equal(strtol(pairs.pairs[i].source->name + 1, NULL, 10),
                         strtol(pairs.pairs[i].destination->name + 1, NULL,
                                10));
        assert_int_equal(strtol(pairs.pairs[i].source->name + 1, NULL, 10),
                         i);
    }

    pm_arena_destroy(arena);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_pairs),
        cmocka_unit_test(test_many)
    };

    return cmocka_run_group_tests_name("pair", tests, NULL, NULL);
}
