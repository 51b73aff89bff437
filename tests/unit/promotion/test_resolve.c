/*
 * From the applications of a request to repositories, branches and paths; and
 * the lane.
 */

#include "promotion/pm_promotion.h"
#include "promotion/pm_pull.h"

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


/* A chart, and value files (of helm.valueFiles) in other sources. */

#define CHART(files)                                                          \
    "  - {repoURL: \"https://charts.example.com\", chart: orders, "            \
    "targetRevision: 1.0.0, helm: {valueFiles: [" files "]}}\n"

#define REF(url, revision, ref)                                               \
    "  - {repoURL: \"" url "\", targetRevision: " revision ", ref: " ref "}\n"

#define LABELLED(name, label, sources)                                        \
    "apiVersion: argoproj.io/v1alpha1\n"                                      \
    "kind: Application\n"                                                     \
    "metadata: {name: " name ", namespace: orders, labels: {t: " label "}}\n" \
    "spec:\n"                                                                 \
    "  sources:\n"                                                            \
    sources                                                                   \
    "---\n"

#define TEMPLATE(label, spec)                                                 \
    "apiVersion: codefresh.io/v1beta1\n"                                      \
    "kind: PromotionTemplate\n"                                               \
    "metadata: {name: " label "}\n"                                           \
    "spec:\n"                                                                 \
    "  applicationSourceSelector: {matchLabels: {t: " label "}}\n"            \
    spec                                                                      \
    "---\n"

#define WHOLE  ": {jsonPaths: ['*']}"


static const char  test_manifests[] =
    APPLICATION("live-1", SOURCE("git@github.com:Acme/Apps", "live", "a")
                          SOURCE("https://github.com/acme/apps.git",
                                 "refs/heads/live", "b"))
    APPLICATION("live-2", SOURCE("https://github.com/else/apps", "theirs",
                                 "a")
                          SOURCE("https://github.com/acme/apps", "v1.x", "a")
                          SOURCE("https://dev.azure.com/acme/my%20shop/_git/"
                                 "my%20apps", "live", "a"))
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

    /* a chart and its value files */

    APPLICATION("v-qa", REF(TWO, "main", "values")
                CHART("values.yaml, $values/common.yaml, "
                      "$values/qa/values.yaml, $values/qa-extra.yaml"))
    APPLICATION("v-prod",
                CHART("$v/prod-extra.yaml, $v/prod/values.yaml, "
                      "$v/common.yaml, values-prod.yaml")
                REF(TWO, "main", "v"))
    APPLICATION("v-branch", CHART("$v/prod.yaml, $v/common.yaml, $v/x.yaml")
                REF(TWO, "prod", "v"))
    APPLICATION("v-more", CHART("$v/common.yaml, $v/prod/values.yaml, "
                                "$v/a.yaml, $v/b.yaml")
                REF(TWO, "main", "v"))
    APPLICATION("v-few", CHART("$v/common.yaml") REF(TWO, "main", "v"))
    APPLICATION("v-same", CHART("$v/qa/values.yaml, $v/qa-extra.yaml, "
                                "$v/common.yaml") REF(TWO, "main", "v"))
    APPLICATION("v-tag", CHART("$v/common.yaml, $v/prod/values.yaml, "
                               "$v/c.yaml") REF(TWO, "refs/tags/v1", "v"))
    APPLICATION("v-twice", CHART("$v/a.yaml") CHART("$v/b.yaml")
                REF(TWO, "main", "v"))
    APPLICATION("v-two", CHART("$v/p/values.yaml, $w/q/x.yaml, $v/c.yaml")
                REF(TWO, "main", "v") REF(ONE, "main", "w"))
    APPLICATION("v-two-qa", CHART("$v/qa/values.yaml, $w/qa/x.yaml, $v/c.yaml")
                REF(TWO, "qa", "v") REF(ONE, "qa", "w"))
    LABELLED("v-told", "told", CHART("$v/common.yaml, $v/prod/values.yaml, "
                                     "$v/a.yaml, $v/b.yaml")
             REF(TWO, "main", "v"))
    TEMPLATE("told",
        "  promotion: {$values/qa-extra.yaml: {jsonPaths: ['*'], "
        "to: $v/b.yaml}, '$*/**': {jsonPaths: [$.image]}}\n")
    LABELLED("v-less", "less", CHART("$v/common.yaml, $v/prod/values.yaml")
             REF(TWO, "main", "v"))
    TEMPLATE("less", "  exclude: ['$values/*-extra.yaml']\n")

    /* a folder and value files */

    APPLICATION("f-qa", "  - {repoURL: \"" ONE "\", targetRevision: main, "
                "path: chart, helm: {valueFiles: [$v/qa/values.yaml, "
                "../all.yaml]}}\n" REF(TWO, "main", "v"))
    APPLICATION("f-prod", "  - {repoURL: \"" ONE "\", targetRevision: main, "
                "path: chart, helm: {valueFiles: [$v/prod/values.yaml]}}\n"
                REF(TWO, "main", "v"))
    APPLICATION("f-tag", "  - {repoURL: \"" ONE "\", targetRevision: "
                "refs/tags/v1, path: chart, helm: {valueFiles: "
                "[$v/tag/values.yaml]}}\n" REF(TWO, "main", "v"))
    APPLICATION("f-own", "  - {repoURL: \"" ONE "\", targetRevision: main, "
                "path: own, helm: {valueFiles: [$v/own/values.yaml]}}\n"
                REF(ONE, "main", "v"))
    APPLICATION("f-far", "  - {repoURL: \"" ONE "\", targetRevision: main, "
                "path: far, helm: {valueFiles: [$v/far/values.yaml]}}\n"
                REF(TWO, "main", "v"))
    LABELLED("f-values", "values", "  - {repoURL: \"" ONE "\", "
             "targetRevision: main, path: far, helm: {valueFiles: "
             "[$v/far/values.yaml]}}\n" REF(TWO, "main", "v"))
    TEMPLATE("values", "  promotion: {$v/far/values.yaml" WHOLE "}\n")
    LABELLED("f-folder", "folder", "  - {repoURL: \"" ONE "\", "
             "targetRevision: main, path: far, helm: {valueFiles: "
             "[$v/far/values.yaml]}}\n" REF(TWO, "main", "v"))
    TEMPLATE("folder", "  promotion: {values.yaml" WHOLE "}\n")

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


/* The parts as text: "branch folder → branch folder", or its files. */

static void
test_parts(test_t *t, const char *source, const char *destination,
    const char *expected)
{
    size_t            i, j;
    pm_part_t        *part;
    pm_buffer_t       text;
    pm_promotion_t   *promotion;

    memset(&text, 0, sizeof(pm_buffer_t));

    if (test_resolve(t, source, destination) != 0) {
        fail_msg("%s to %s: %s", source, destination, t->err.message);
    }

    promotion = &t->promotions[0];

    for (i = 0; i < promotion->nparts; i++) {
        part = &promotion->parts[i];

        pm_buffer_printf(&text, "%s@%s %s > %s@%s %s%s\n",
                         strstr(part->source.url.canonical, "acme/") + 5,
                         part->source.branch, part->source.path,
                         strstr(part->destination.url.canonical, "acme/") + 5,
                         part->destination.branch, part->destination.path,
                         part->plain ? "plain" : "");

        for (j = 0; j < part->nfiles; j++) {
            pm_buffer_printf(&text, "  %s %s > %s %s\n",
                             part->files[j].from_name, part->files[j].from,
                             part->files[j].to_name, part->files[j].to);
        }
    }

    assert_non_null(pm_buffer_string(&text));

    if (strcmp(text.data, expected) != 0) {
        fail_msg("%s to %s:\n%s", source, destination, text.data);
    }

    pm_buffer_free(&text);
}


static void
test_value_files_are_matched(void **state)
{
    size_t   i;
    test_t  *t;

    static const struct {
        const char  *source;
        const char  *destination;
        const char  *parts;
    } cases[] = {

        /* by name, by last name, in order; what is one file comes last */

        { "v-qa", "v-prod",
          "values.git@main  > values.git@main plain\n"
          "  $values/qa/values.yaml qa/values.yaml > "
          "$v/prod/values.yaml prod/values.yaml\n"
          "  $values/qa-extra.yaml qa-extra.yaml > "
          "$v/prod-extra.yaml prod-extra.yaml\n"
          "  $values/common.yaml common.yaml > $v/common.yaml common.yaml\n" },

        /* on another branch it is another file */

        { "v-qa", "v-branch",
          "values.git@main  > values.git@prod plain\n"
          "  $values/common.yaml common.yaml > $v/common.yaml common.yaml\n"
          "  $values/qa/values.yaml qa/values.yaml > $v/prod.yaml prod.yaml\n"
          "  $values/qa-extra.yaml qa-extra.yaml > $v/x.yaml x.yaml\n" },

        /* what only the destination has stays */

        { "v-few", "v-prod",
          "values.git@main  > values.git@main plain\n"
          "  $v/common.yaml common.yaml > $v/common.yaml common.yaml\n" },

        /* all are the same: nothing changes */

        { "v-qa", "v-same",
          "values.git@main  > values.git@main plain\n"
          "  $values/common.yaml common.yaml > $v/common.yaml common.yaml\n"
          "  $values/qa/values.yaml qa/values.yaml > "
          "$v/qa/values.yaml qa/values.yaml\n"
          "  $values/qa-extra.yaml qa-extra.yaml > "
          "$v/qa-extra.yaml qa-extra.yaml\n" },

        { "v-two-qa", "v-branch",
          "values.git@qa  > values.git@prod plain\n"
          "  $v/qa/values.yaml qa/values.yaml > $v/prod.yaml prod.yaml\n"
          "  $v/c.yaml c.yaml > $v/common.yaml common.yaml\n"
          "orders.git@qa  > values.git@prod plain\n"
          "  $w/qa/x.yaml qa/x.yaml > $v/x.yaml x.yaml\n" },

        /* as a template says */

        { "v-qa", "v-told",
          "values.git@main  > values.git@main plain\n"
          "  $values/qa/values.yaml qa/values.yaml > "
          "$v/prod/values.yaml prod/values.yaml\n"
          "  $values/qa-extra.yaml qa-extra.yaml > $v/b.yaml b.yaml\n"
          "  $values/common.yaml common.yaml > $v/common.yaml common.yaml\n" },

        { "v-qa", "v-less",
          "values.git@main  > values.git@main plain\n"
          "  $values/qa/values.yaml qa/values.yaml > "
          "$v/prod/values.yaml prod/values.yaml\n"
          "  $values/common.yaml common.yaml > $v/common.yaml common.yaml\n" },

        /* a folder that both have, and one that cannot be written */

        { "f-qa", "f-prod",
          "values.git@main  > values.git@main plain\n"
          "  $v/qa/values.yaml qa/values.yaml > "
          "$v/prod/values.yaml prod/values.yaml\n" },

        { "f-qa", "f-tag",
          "values.git@main  > values.git@main \n"
          "  $v/qa/values.yaml qa/values.yaml > "
          "$v/tag/values.yaml tag/values.yaml\n" },

        /* a folder and files; or as the template says */

        { "f-qa", "f-own",
          "orders.git@main chart > orders.git@main own\n"
          "values.git@main  > orders.git@main \n"
          "  $v/qa/values.yaml qa/values.yaml > "
          "$v/own/values.yaml own/values.yaml\n" },

        { "f-qa", "f-values",
          "values.git@main  > values.git@main \n"
          "  $v/qa/values.yaml qa/values.yaml > "
          "$v/far/values.yaml far/values.yaml\n" },

        { "v-few", "f-values",
          "values.git@main  > values.git@main plain\n"
          "  $v/common.yaml common.yaml > "
          "$v/far/values.yaml far/values.yaml\n" },

        { "f-qa", "f-folder",
          "orders.git@main chart > orders.git@main far\n" },
    };

    t = *state;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        test_parts(t, cases[i].source, cases[i].destination, cases[i].parts);
    }
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


/* However the repository is spelled there and here. */

static void
test_branches_that_are_deployed_from(void **state)
{
    size_t                  i;
    test_t                 *t;
    pm_error_t              err;
    pm_part_t               part;
    pm_promotion_t          promotion;
    pm_forge_url_t          url;
    pm_pull_request_t       pull;
    pm_forge_repository_t   repository;

    static const struct {
        const char  *url;
        const char  *head;
        int          deployed;
    } cases[] = {
        { "https://github.com/acme/apps.git", "live", 1 },
        { "https://github.com/acme/apps", "refs/heads/live", 1 },
        { "https://GitHub.com:443/ACME/APPS/", "live", 1 },
        { "git@github.com:acme/apps.git", "live", 1 },
        { "ssh://git@github.com/acme/apps", "live", 1 },
        { "https://github.com/acme/apps", "liv", 0 },
        { "https://github.com/acme/apps", "LIVE", 0 },
        { "https://github.com/acme/apps", "theirs", 0 },
        { "https://github.com/acme/apps", "v1.x", 0 },
        { "https://github.com/acme/other", "live", 0 },
        { "https://github.com/else/apps", "live", 0 },
        { "https://github.com/else/apps", "theirs", 1 },
        { "https://gitlab.com/acme/apps", "live", 0 },
        { "https://dev.azure.com/acme/my%20shop/_git/my%20apps", "live", 1 },
        { "git@ssh.dev.azure.com:v3/acme/my%20shop/my%20apps", "live", 1 },
        { "https://dev.azure.com/acme/my%20shop/_git/apps", "live", 0 }
    };

    t = *state;
    memset(&promotion, 0, sizeof(pm_promotion_t));
    memset(&pull, 0, sizeof(pm_pull_request_t));
    memset(&part, 0, sizeof(pm_part_t));
    promotion.pull = &pull;
    promotion.parts = &part;
    promotion.nparts = 1;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(pm_git_url_parse(t->arena, cases[i].url,
                                          &part.destination.url, &err), 0);
        url = pm_pull_url(&part.destination.url);
        assert_int_equal(pm_forge_locate(t->arena, NULL, 0, &url, &repository,
                                         &err), 0);
        pull.head = cases[i].head;

        if (pm_pull_deployed(t->arena, t->catalog, NULL, 0, &promotion,
                             &repository)
            != cases[i].deployed)
        {
            fail_msg("%s of %s", cases[i].head, cases[i].url);
        }
    }
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
        { "v-more", "v-prod", PM_UNPROCESSABLE,
          "value file $v/a.yaml of application codefresh/orders/v-more has no "
          "counterpart among the 3 of codefresh/orders/v-prod; name one there "
          "in helm.valueFiles, say with \"to\" in a template which it is, or "
          "exclude it" },
        { "v-qa", "v-few", PM_UNPROCESSABLE,
          "value file $values/qa/values.yaml of application "
          "codefresh/orders/v-qa has no counterpart among the 1 of "
          "codefresh/orders/v-few; name one there in helm.valueFiles, say "
          "with \"to\" in a template which it is, or exclude it" },
        { "v-few", "v-twice", PM_UNPROCESSABLE,
          "application codefresh/orders/v-few has value files of other "
          "sources in 1 of its sources and codefresh/orders/v-twice in 2: "
          "they cannot be matched" },
        { "v-qa", "v-tag", PM_CONFLICT,
          "application codefresh/orders/v-tag cannot be a destination: its "
          "targetRevision refs/tags/v1 is not a branch" },
        { "v-two-qa", "v-two", PM_UNPROCESSABLE,
          "application codefresh/orders/v-two cannot be a destination: its "
          "sources lie in several repositories or branches; a template can "
          "select those of one" },
        { "f-qa", "f-far", PM_UNPROCESSABLE,
          "application codefresh/orders/f-far cannot be a destination: its "
          "sources lie in several repositories or branches; a template can "
          "select those of one" },
        { "v-few", "qa", PM_UNPROCESSABLE,
          "application codefresh/orders/v-few has 0 sources with a path and "
          "codefresh/orders/qa has 1: they cannot be matched" },
        { "v-few", "chart", PM_UNPROCESSABLE,
          "application codefresh/orders/chart has no source with a path in "
          "git: there is nothing to promote" },
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
        cmocka_unit_test_setup_teardown(test_value_files_are_matched,
                                        test_setup, test_teardown),
        cmocka_unit_test_setup_teardown(test_several_destinations, test_setup,
                                        test_teardown),
        cmocka_unit_test_setup_teardown(
            test_a_pull_request_has_its_own_commit_message, test_setup,
            test_teardown),
        cmocka_unit_test_setup_teardown(
            test_branches_that_are_deployed_from, test_setup, test_teardown),
        cmocka_unit_test_setup_teardown(test_what_cannot_be_promoted,
                                        test_setup, test_teardown),
        cmocka_unit_test_setup_teardown(test_lanes, test_setup,
                                        test_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
