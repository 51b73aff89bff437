/*
 * build.c: what one promotion costs before anything is sent: compare two
 * environments of an application, a blob, the trees, a commit, a thin pack.
 * Prints milliseconds (median) and bytes for repositories of 100, 10,000 and
 * 100,000 files in apps/<team>/<application>/<environment>/; fails if the last
 * takes more than BENCH_GROWTH times the first.
 *
 * Made by git fast-import in a temporary folder, which is removed.
 */

#include "git/pm_git_compare.h"
#include "git/pm_git_mirror.h"
#include "git/pm_git_objects.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>


#define BENCH_ROUNDS   201
#define BENCH_GROWTH   4

/* files of an application: 2 environments, 5 files each */
#define BENCH_FILES    10


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

    (void) clock_gettime(CLOCK_MONOTONIC, &now);

    return (double) now.tv_sec * 1e3 + (double) now.tv_nsec / 1e6;
}


static int
bench_order(const void *a, const void *b)
{
    return (*(const double *) a > *(const double *) b)
           - (*(const double *) a < *(const double *) b);
}


/* As many applications in each team as there are teams. */

static unsigned
bench_teams(unsigned files)
{
    unsigned  n;

    for (n = 1; n * n * BENCH_FILES < files; n++) { /* void */ }

    return n;
}


static void
bench_make(unsigned files)
{
    char         command[512];
    FILE        *f;
    unsigned     app, file, n;
    const char  *environment;

    (void) snprintf(command, sizeof(command),
                    "git init -q --bare -b main %s/%u.git && git -C %s/%u.git "
                    "fast-import --quiet", bench_folder, files, bench_folder,
                    files);

    f = popen(command, "w");
    if (f == NULL) {
        exit(1);
    }

    fprintf(f, "commit refs/heads/main\ncommitter B <b@example.org> "
            "1700000000 +0000\ndata 5\nstart\n");

    n = bench_teams(files);

    for (app = 0; app < files / BENCH_FILES; app++) {
        for (file = 0; file < BENCH_FILES; file++) {
            environment = file < BENCH_FILES / 2 ? "qa" : "prod";

            fprintf(f, "M 100644 inline apps/team-%03u/app-%03u/%s/"
                    "values-%u.yaml\ndata <<E\nimage:\n  tag: %s-%u\nE\n",
                    app / n, app % n, environment, file % (BENCH_FILES / 2),
                    file % (BENCH_FILES / 2) ? "same" : environment, app);
        }
    }

    if (pclose(f) != 0) {
        exit(1);
    }
}


static void
bench_promote(pm_git_mirror_t *mirror, const pm_oid_t *head, unsigned round,
    unsigned files, size_t *bytes)
{
    char                 qa[128], prod[128], text[64];
    size_t               nchanges;
    unsigned             app, n;
    pm_oid_t             tree, commit;
    uint64_t             size;
    pm_error_t           err;
    pm_arena_t          *arena;
    pm_string_t          data;
    pm_buffer_t          pack = {0};
    pm_git_change_t     *changes;
    pm_git_objects_t    *objects;
    pm_git_signature_t   who = { "Bench", "b@example.org", 1700000000 };

    /* one application after the other, all over the repository */

    app = round * 7919 % (files / BENCH_FILES);
    n = bench_teams(files);

    (void) snprintf(qa, sizeof(qa), "apps/team-%03u/app-%03u/qa", app / n,
                    app % n);
    (void) snprintf(prod, sizeof(prod), "apps/team-%03u/app-%03u/prod",
                    app / n, app % n);
    (void) snprintf(text, sizeof(text), "image:\n  tag: round-%u\n", round);

    arena = pm_arena_create();

    bench_check(pm_git_objects_create(mirror, &objects, &err), &err);
    bench_check(pm_git_compare(mirror, head, qa, mirror, head, prod, 0, arena,
                               &changes, &nchanges, &err), &err);
    bench_check(nchanges != 1, &err);
    bench_check(pm_git_blob(mirror, &changes[0].new_id, 100000, arena, &data,
                            &size, &err), &err);
    bench_check(pm_git_objects_blob(objects, text, strlen(text),
                                    &changes[0].new_id, &err), &err);
    bench_check(pm_git_mirror_tree(mirror, head, &tree, &err), &err);
    bench_check(pm_git_objects_tree(objects, &tree, changes, nchanges, &tree,
                                    &err), &err);
    bench_check(pm_git_objects_commit(objects, &tree, head, &who, &who,
                                      "Promote qa to prod\n\nPromotion-Id: 0",
                                      &commit, &err), &err);
    bench_check(pm_git_objects_pack(objects, 1, &pack, &err), &err);

    *bytes = pack.len;

    pm_buffer_free(&pack);
    pm_git_objects_destroy(objects);
    pm_arena_destroy(arena);
}


static double
bench_size(pm_git_t *git, unsigned files)
{
    char              path[128], hex[64];
    FILE             *f;
    double            start, first, times[BENCH_ROUNDS];
    size_t            bytes;
    unsigned          i;
    pm_oid_t          head;
    pm_error_t        err = {0};
    pm_arena_t       *arena;
    const char       *branches[] = { "refs/heads/main" };
    pm_git_url_t      url;
    pm_git_mirror_t  *mirror;
    pm_git_remote_t  *remote;

    bench_make(files);

    (void) snprintf(path, sizeof(path), "git -C %s/%u.git rev-parse main",
                    bench_folder, files);
    f = popen(path, "r");
    if (f == NULL || fgets(hex, sizeof(hex), f) == NULL || pclose(f) != 0
        || pm_oid_parse(&head, hex, 40) != 0)
    {
        exit(1);
    }

    (void) snprintf(path, sizeof(path), "%s/%u.git", bench_folder, files);

    arena = pm_arena_create();
    bench_check(pm_git_url_parse(arena, path, &url, &err), &err);
    bench_check(pm_git_mirror_open(git, &url, &mirror, &err), &err);
    bench_check(pm_git_remote_open(git, &url, &remote, &err), &err);
    bench_check(pm_git_mirror_update(mirror, remote, &head, NULL, branches, 1,
                                     &err), &err);

    start = bench_now();
    bench_promote(mirror, &head, 0, files, &bytes);
    first = bench_now() - start;

    for (i = 0; i < BENCH_ROUNDS; i++) {
        start = bench_now();
        bench_promote(mirror, &head, i, files, &bytes);
        times[i] = bench_now() - start;
    }

    qsort(times, BENCH_ROUNDS, sizeof(double), bench_order);

    printf("%7u files: %.3f ms (first %.3f), %zu bytes\n", files,
           times[BENCH_ROUNDS / 2], first, bytes);

    pm_git_remote_close(remote);
    pm_git_mirror_close(mirror);
    pm_arena_destroy(arena);

    return times[BENCH_ROUNDS / 2];
}


int
main(void)
{
    char                command[128], mirrors[64];
    double              first, last;
    size_t              i;
    pm_git_t           *git;
    pm_error_t          err = {0};
    pm_git_settings_t   settings = {0};

    static const unsigned  sizes[] = { 100, 10000, 100000 };

    if (mkdtemp(bench_folder) == NULL) {
        return 1;
    }

    (void) snprintf(mirrors, sizeof(mirrors), "%s/mirrors", bench_folder);

    settings.mirrors = mirrors;
    settings.allow_local = 1;
    settings.timeout = 60000;
    settings.idle_timeout = 60000;

    bench_check(pm_git_create(&settings, &git, &err), &err);

    first = bench_size(git, sizes[0]);
    last = first;

    for (i = 1; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        last = bench_size(git, sizes[i]);
    }

    printf("%.2f times from the smallest to the largest\n", last / first);

    pm_git_destroy(git);

    (void) snprintf(command, sizeof(command), "rm -rf %s", bench_folder);

    return system(command) == 0 && last <= BENCH_GROWTH * first ? 0 : 1;
}
