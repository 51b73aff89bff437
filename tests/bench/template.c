/*
 * template.c: what planning 1,000 promotions by template in one batch costs:
 * of each application the chart's versions and the image go from dev to prod,
 * by names, and once more by patterns; its version is read on both sides,
 * before and after.  Prints milliseconds for each; fails
 * over BENCH_LIMIT.
 *
 * The repository is made by git fast-import in a temporary folder, which is
 * removed.
 */

#include "promotion/pm_batch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>


#define BENCH_APPLICATIONS  1000
#define BENCH_LINES         60
#define BENCH_LIMIT         1.0


static char  bench_folder[] = "/tmp/pm-bench-XXXXXX";


static void
bench_check(int rc, const pm_error_t *err)
{
    if (rc != 0) {
        fprintf(stderr, "%s\n", err->message);
        exit(1);
    }
}


static double
bench_now(void)
{
    struct timespec  now;

    (void) clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);

    return (double) now.tv_sec * 1e3 + (double) now.tv_nsec / 1e6;
}


static void
bench_file(FILE *f, unsigned app, const char *environment, int version)
{
    unsigned  i;

    fprintf(f, "M 100644 inline apps/app-%04u/%s/Chart.yaml\ndata <<E\n"
            "apiVersion: v2\nname: app-%u\nversion: 1.%d.0\n"
            "appVersion: \"1.%d.0\"   # of the image\nE\n", app, environment,
            app, version, version);

    fprintf(f, "M 100644 inline apps/app-%04u/%s/values.yaml\ndata <<E\n"
            "# %s\nreplicas: %d\nimage:\n  repository: registry/app\n"
            "  tag: 1.%d.0   # tag\nenv:\n", app, environment, environment,
            version, version);

    for (i = 0; i < BENCH_LINES; i++) {
        fprintf(f, "  - name: VARIABLE_%u\n    value: \"%s %u\"\n", i,
                environment, app);
    }

    fprintf(f, "E\n");
}


static void
bench_make(void)
{
    char      command[256];
    FILE     *f;
    unsigned  app;

    (void) snprintf(command, sizeof(command),
                    "git init -q --bare -b main %s/a.git && git -C %s/a.git "
                    "fast-import --quiet", bench_folder, bench_folder);

    f = popen(command, "w");
    if (f == NULL) {
        exit(1);
    }

    fprintf(f, "commit refs/heads/main\ncommitter B <b@example.org> "
            "1700000000 +0000\ndata 5\nstart\n");

    for (app = 0; app < BENCH_APPLICATIONS; app++) {
        bench_file(f, app, "dev", 2);
        bench_file(f, app, "prod", 1);
    }

    if (pclose(f) != 0) {
        exit(1);
    }
}


static void
bench_application(FILE *f, unsigned app, const char *environment)
{
    fprintf(f, "apiVersion: argoproj.io/v1alpha1\nkind: Application\n"
            "metadata: {name: app-%04u-%s, labels: {env: %s}}\nspec:\n"
            "  source: {repoURL: %s/a.git, targetRevision: main, "
            "path: apps/app-%04u/%s}\n---\n", app, environment, environment,
            bench_folder, app, environment);
}


static pm_catalog_t *
bench_catalog(pm_arena_t *arena, const char *promotion)
{
    char           path[64];
    FILE          *f;
    unsigned       app;
    pm_error_t     err;
    pm_catalog_t  *catalog;

    (void) snprintf(path, sizeof(path), "%s/catalog.yaml", bench_folder);

    f = fopen(path, "w");
    if (f == NULL) {
        exit(1);
    }

    for (app = 0; app < BENCH_APPLICATIONS; app++) {
        bench_application(f, app, "dev");
        bench_application(f, app, "prod");
    }

    fprintf(f, "apiVersion: codefresh.io/v1beta1\nkind: PromotionTemplate\n"
            "metadata: {name: t}\nspec:\n"
            "  applicationSourceSelector: {matchLabels: {env: prod}}\n"
            "  versionSource: {file: Chart.yaml, jsonPath: $.appVersion}\n"
            "  promotion: %s\n", promotion);
    (void) fclose(f);

    catalog = pm_catalog_create(arena);
    bench_check(pm_catalog_read(catalog, "r", path, &err), &err);
    bench_check(pm_catalog_finish(catalog, &err), &err);

    return catalog;
}


static pm_promotion_t *
bench_promotions(pm_arena_t *arena, const pm_catalog_t *catalog)
{
    unsigned              app;
    pm_error_t            err;
    pm_request_t          request;
    pm_promotion_t       *promotions;
    pm_application_id_t   id;

    promotions = pm_arena_zalloc(arena, BENCH_APPLICATIONS
                                        * sizeof(pm_promotion_t));

    for (app = 0; app < BENCH_APPLICATIONS; app++) {
        memset(&request, 0, sizeof(pm_request_t));
        id.runtime = "r";
        id.namespace = "argocd";
        id.name = pm_arena_printf(arena, "app-%04u-prod", app);
        request.source = id;
        request.source.name = pm_arena_printf(arena, "app-%04u-dev", app);
        request.destinations = &id;
        request.ndestinations = 1;
        request.message = "promote";

        bench_check(pm_promotion_resolve(arena, catalog, &request,
                                         &promotions[app], &err), &err);

        promotions[app].id = pm_arena_printf(arena, "%u", app);
        promotions[app].author_name = "B";
        promotions[app].author_email = "b@example.org";
        promotions[app].key_name = "bench";
    }

    return promotions;
}


/* The better of two: the first one fetches, and fills caches. */

static double
bench_plan(pm_git_t *git, const char *name, const char *promotion)
{
    int                   i;
    double                start, took, best;
    pm_error_t            err;
    pm_arena_t           *arena;
    pm_batch_t           *batch;
    pm_promotion_t       *promotions;
    pm_batch_settings_t   settings;

    arena = pm_arena_create();
    promotions = bench_promotions(arena, bench_catalog(arena, promotion));
    best = 0;

    memset(&settings, 0, sizeof(pm_batch_settings_t));
    settings.git = git;
    settings.committer_name = "B";
    settings.committer_email = "b@example.org";
    settings.now = 1700000000;

    for (i = 0; i < 2; i++) {
        bench_check(pm_batch_create(&settings, promotions,
                                    BENCH_APPLICATIONS, &batch, &err), &err);

        start = bench_now();

        if (pm_batch_plan(batch) != PM_BATCH_READY
            || pm_batch_result(batch, 0)->error.code != 0
            || pm_batch_result(batch, BENCH_APPLICATIONS - 1)->error.code
               != 0)
        {
            fprintf(stderr, "%s\n",
                    pm_batch_result(batch, 0)->error.message);
            exit(1);
        }

        took = (bench_now() - start) / BENCH_APPLICATIONS;
        best = (i == 0 || took < best) ? took : best;

        pm_batch_destroy(batch);
    }

    printf("%-12s %.3f ms each (limit %.1f)\n", name, best, BENCH_LIMIT);

    pm_arena_destroy(arena);

    return best;
}


int
main(void)
{
    char                command[128], mirrors[64];
    double              names, patterns;
    pm_git_t           *git;
    pm_error_t          err;
    pm_git_settings_t   settings;

    if (mkdtemp(bench_folder) == NULL) {
        return 1;
    }

    (void) snprintf(mirrors, sizeof(mirrors), "%s/mirrors", bench_folder);

    memset(&settings, 0, sizeof(pm_git_settings_t));
    settings.mirrors = mirrors;
    settings.allow_local = 1;
    settings.timeout = 60000;
    settings.idle_timeout = 60000;

    bench_check(pm_git_create(&settings, &git, &err), &err);
    bench_make();

    names = bench_plan(git, "names", "{Chart.yaml: {jsonPaths: [$.version, "
                       "$.appVersion]}, values.yaml: {jsonPaths: "
                       "[$..image]}}");
    patterns = bench_plan(git, "patterns", "{'Chart.*': {jsonPaths: "
                          "[$.version, $.appVersion]}, '**/values*.yaml': "
                          "{jsonPaths: [$..image]}}");

    pm_git_destroy(git);

    (void) snprintf(command, sizeof(command), "rm -rf '%s'", bench_folder);

    return system(command) != 0 || names > BENCH_LIMIT
           || patterns > BENCH_LIMIT;
}
