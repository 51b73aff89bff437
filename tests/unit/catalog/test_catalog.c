#include "base/pm_buffer.h"
#include "catalog/pm_catalog.h"
#include "catalog/pm_catalog_build.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>


#define TEST_DATA  "tests/unit/catalog/data"


static char  test_root[4096];


static void
test_source(FILE *out, const char *what, const pm_catalog_source_t *source)
{
    size_t  i;

    fprintf(out, "  %s %s@%s:%s", what, source->repository,
            source->revision ? source->revision : "HEAD", source->path);

    if (source->ref != NULL) {
        fprintf(out, " ref=%s", source->ref);
    }

    fprintf(out, "%s%s\n", source->writable ? " writable" : "",
            source->promotable ? " promotable" : "");

    for (i = 0; i < source->nvalue_files; i++) {
        fprintf(out, "    values %s\n", source->value_files[i]);
    }

    for (i = 0; i < source->nref_files; i++) {
        fprintf(out, "    values %s is %s of %s\n", source->ref_files[i].name,
                source->ref_files[i].path,
                source->ref_files[i].place->repository);
    }
}


static void
test_entry(FILE *out, const char *what, const pm_template_file_t *entry)
{
    size_t  i;

    fprintf(out, "    %s %s%s", what, entry->pattern ? entry->pattern : "any",
            entry->glob ? " (pattern)" : "");

    for (i = 0; i < entry->npaths; i++) {
        fprintf(out, " %s", pm_jsonpath_text(entry->paths[i]).data);
    }

    fprintf(out, "%s", entry->npaths ? "" : " whole");

    if (entry->to != NULL) {
        fprintf(out, " to %s", entry->to);
    }

    fprintf(out, " (%s %s, %s:%u)\n", entry->origin->kind,
            entry->origin->name, entry->origin->file, entry->origin->line);
}


static void
test_template(FILE *out, const pm_template_t *template)
{
    size_t  i;

    fprintf(out, "  template %s by %s%s%s\n", template->name,
            template->origin, template->mirror ? " mirror of " : "",
            template->mirror ? template->deletions->name : "");

    if (template->version.file != NULL) {
        fprintf(out, "    version %s %s (%s)\n", template->version.file,
                pm_jsonpath_text(template->version.path).data,
                template->version.origin->name);
    }

    for (i = 0; i < template->nfiles; i++) {
        test_entry(out, "file", &template->files[i]);
    }

    for (i = 0; i < template->nexcludes; i++) {
        test_entry(out, "exclude", &template->excludes[i]);
    }
}


static void
test_policy(FILE *out, const pm_policy_t *policy)
{
    size_t  i;

    for (i = 0; i < PM_POLICY_FIELDS; i++) {
        if (policy->values[i] != NULL) {
            fprintf(out, "  %s %s (%s)\n", pm_policy_fields[i],
                    policy->values[i], policy->origins[i]->name);
        }
    }
}


static void
test_product(FILE *out, const pm_product_t *product)
{
    size_t  i;

    fprintf(out, "product %s", product->name);

    if (product->manifest != NULL) {
        fprintf(out, " %s:%u", product->manifest->file,
                product->manifest->line);
    }

    for (i = 0; i < product->napplications; i++) {
        fprintf(out, " %s", product->applications[i]->name);
    }

    fprintf(out, "\n");
}


static void
test_application(FILE *out, const pm_catalog_t *catalog,
    const pm_application_t *application)
{
    size_t       i;
    pm_policy_t  policy;

    fprintf(out, "application %s/%s/%s %s:%u\n", application->runtime,
            application->namespace, application->name, application->file,
            application->line);

    for (i = 0; i < application->nlabels; i++) {
        fprintf(out, "  label %s=%s\n", application->labels[i].name,
                application->labels[i].value);
    }

    for (i = 0; i < application->nannotations; i++) {
        fprintf(out, "  annotation %s=%s\n", application->annotations[i].name,
                application->annotations[i].value);
    }

    if (application->product != NULL) {
        fprintf(out, "  product %s\n", application->product);
    }

    for (i = 0; i < application->nsources; i++) {
        test_source(out, "source", &application->sources[i]);
    }

    if (application->environment != NULL) {
        fprintf(out, "  environment %s\n", application->environment->name);
    }

    if (application->template != NULL) {
        test_template(out, application->template);
    }

    test_policy(out, pm_catalog_policy(catalog, application->product,
                                       application->environment, &policy));
}


static void
test_environment(FILE *out, const pm_environment_t *environment)
{
    size_t  i;

    fprintf(out, "environment %s id=%s title=%s position=%ld%s %s:%u\n",
            environment->name, environment->id, environment->title,
            environment->position,
            environment->production ? " production" : "",
            environment->file, environment->line);

    if (*environment->description != '\0') {
        fprintf(out, "  description %s\n", environment->description);
    }

    if (*environment->organization != '\0') {
        fprintf(out, "  organization %s\n", environment->organization);
    }

    if (environment->apis != NULL) {
        test_source(out, "apis", environment->apis);
    }

    if (environment->promotes_to != NULL) {
        fprintf(out, "  promotes-to");

        for (i = 0; i < environment->npromotes_to; i++) {
            fprintf(out, " %s", environment->promotes_to[i]);
        }

        fprintf(out, "%s\n", environment->npromotes_to ? "" : " nothing");
    }
}


static int
test_read(pm_catalog_t *catalog, const char *path, pm_error_t *err)
{
    int  rc;

    rc = pm_catalog_read(catalog, "codefresh", path, err);

    return rc ? rc : pm_catalog_finish(catalog, err);
}


/* What a catalog holds, or the message. */

static char *
test_dump(const char *path)
{
    size_t         i, size;
    char          *text;
    FILE          *out;
    pm_error_t     err;
    pm_arena_t    *arena;
    pm_catalog_t  *catalog;

    out = open_memstream(&text, &size);
    arena = pm_arena_create();
    catalog = pm_catalog_create(arena);
    assert_non_null(catalog);

    if (test_read(catalog, path, &err) != 0) {
        assert_int_equal(err.code, PM_INVALID);
        fprintf(out, "%s\n", err.message);

    } else {
        for (i = 0; i < pm_catalog_napplications(catalog); i++) {
            test_application(out, catalog,
                             pm_catalog_applications(catalog, i));
        }

        for (i = 0; i < pm_catalog_nproducts(catalog); i++) {
            test_product(out, pm_catalog_products(catalog, i));
        }

        for (i = 0; i < pm_catalog_nenvironments(catalog); i++) {
            test_environment(out, pm_catalog_environments(catalog, i));
        }
    }

    fclose(out);
    pm_arena_destroy(arena);

    return text;
}


static void
test_expect(const char *name)
{
    char     path[512], expected[8192];
    char    *text;
    FILE    *file;
    size_t   n;

    (void) snprintf(path, sizeof(path), "%s/expected.txt", name);

    file = fopen(path, "r");
    assert_non_null(file);
    n = fread(expected, 1, sizeof(expected) - 1, file);
    expected[n] = '\0';
    fclose(file);

    text = test_dump(name);
    assert_string_equal(text, expected);
    free(text);
}


/* Each folder below is one case. */

static void
test_folders(const char *folder)
{
    int              i, n;
    struct dirent  **entries;

    assert_int_equal(chdir(folder), 0);
    n = scandir(".", &entries, NULL, alphasort);
    assert_true(n > 2);

    for (i = 0; i < n; i++) {

        if (entries[i]->d_name[0] != '.') {
            test_expect(entries[i]->d_name);
        }

        free(entries[i]);
    }

    free(entries);
    assert_int_equal(chdir(test_root), 0);
}


static void
test_valid(void **state)
{
    test_folders(TEST_DATA "/valid");
}


static void
test_invalid(void **state)
{
    test_folders(TEST_DATA "/invalid");
}


static void
test_writable(void **state)
{
    size_t  i;

    static const char *const  branches[] = {
        "main", "release/1.x", "v1.2.3", "1.2", "1", "x", "feature/a=b",
        "deadbeef", "a@b", "max", "1.2.3x", "v", "1.2.3-rc.1", "ex.am.ple",
        "0123456789012345678901234567890123456789a"
    };

    static const char *const  others[] = {
        "", "0123456789abcdefABCD0123456789abcdefABCD", "*", "1.*", "1.x",
        "v1.X", "1.2.x", "1.x.x", "1.x-0", ">=1.0", ">1", "<2", "=1.0",
        "!=1", "^1.2", "~1.2", "1.0 - 2.0", ">=1 <2", "1.x || 2.x",
        "a||b", "-f", "a..b", "a.lock", "a.lock/b", "/a", "a/", "a//b",
        ".a", "a/.b", "a.", "@", "a@{1}", "a:b", "a?", "a[b", "a\\b",
        "a\tb", "a\x7f"
    };

    for (i = 0; i < sizeof(branches) / sizeof(branches[0]); i++) {
        if (!pm_catalog_writable(branches[i])) {
            fail_msg("%s", branches[i]);
        }
    }

    for (i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        if (pm_catalog_writable(others[i])) {
            fail_msg("%s", others[i]);
        }
    }
}


static int
test_text(pm_catalog_t *catalog, const char *name, const char *text,
    pm_error_t *err)
{
    int    rc;
    char  *copy;

    /* what the catalog keeps must not be the text's */

    copy = strdup(text);
    assert_non_null(copy);

    rc = pm_catalog_read_text(catalog, "codefresh", name, copy, strlen(copy),
                              err);

    memset(copy, 'x', strlen(copy));
    free(copy);

    return rc;
}


#define TEST_APPLICATION                                                      \
    "apiVersion: argoproj.io/v1alpha1\nkind: Application\n"                   \
    "metadata: {name: orders}\n"


static void
test_revisions(void **state)
{
    size_t                      i;
    char                        text[512];
    pm_error_t                  err;
    pm_arena_t                 *arena;
    pm_catalog_t               *catalog;
    const pm_catalog_source_t  *source;

    static const struct {
        const char  *written;
        const char  *revision;
        unsigned     writable;
    } revisions[] = {
        { "", NULL, 1 },
        { "\"\"", NULL, 1 },
        { "HEAD", NULL, 1 },
        { "main", "main", 1 },
        { "refs/heads/main", "main", 1 },
        { "refs/heads/1.x", "1.x", 1 },
        { "refs/heads/a..b", "a..b", 0 },
        { "refs/tags/v1", "refs/tags/v1", 0 },
        { "refs/pull/1/head", "refs/pull/1/head", 0 },
        { "v1.2.3", "v1.2.3", 1 },
        { "\"1.*\"", "1.*", 0 },
        { "\">=1.0\"", ">=1.0", 0 }
    };

    for (i = 0; i < sizeof(revisions) / sizeof(revisions[0]); i++) {
        arena = pm_arena_create();
        catalog = pm_catalog_create(arena);

        (void) snprintf(text, sizeof(text), TEST_APPLICATION
                        "spec: {source: {repoURL: r, path: p, "
                        "targetRevision: %s}}\n", revisions[i].written);

        assert_int_equal(test_text(catalog, "a.yaml", text, &err), 0);
        assert_int_equal(pm_catalog_finish(catalog, &err), 0);

        source = pm_catalog_application(catalog, "codefresh", "argocd",
                                        "orders")->sources;
        assert_int_equal(source->writable, revisions[i].writable);

        if (revisions[i].revision == NULL) {
            assert_null(source->revision);

        } else {
            assert_string_equal(source->revision, revisions[i].revision);
        }

        pm_arena_destroy(arena);
    }
}


static void
test_passwords_stay_out_of_messages(void **state)
{
    pm_error_t     err;
    pm_arena_t    *arena;
    pm_catalog_t  *catalog;

    arena = pm_arena_create();
    catalog = pm_catalog_create(arena);

    assert_int_equal(test_text(catalog, "a.yaml", TEST_APPLICATION
                               "spec: {source: {repoURL: "
                               "'https://u:s3cret@h/r.git', path: p}}\n",
                               &err),
                     PM_INVALID);
    assert_null(strstr(err.message, "s3cret"));
    assert_int_equal(err.line, 4);

    /* a user's name alone, and a port, are no secret */

    assert_int_equal(test_text(catalog, "a.yaml", TEST_APPLICATION
                               "spec: {source: {repoURL: "
                               "'https://acme@h:8443/r:x@y', path: p}}\n",
                               &err),
                     0);

    pm_arena_destroy(arena);
}


static void
test_lookups_are_exact(void **state)
{
    pm_error_t     err;
    pm_arena_t    *arena;
    pm_catalog_t  *catalog;

    arena = pm_arena_create();
    catalog = pm_catalog_create(arena);

    assert_null(pm_catalog_application(catalog, "codefresh", "argocd", "a"));
    assert_null(pm_catalog_environment(catalog, "qa"));

    assert_int_equal(test_text(catalog, "a.yaml", TEST_APPLICATION
                               "spec: {source: {repoURL: r, path: p}}\n"
                               "---\napiVersion: promotions.nginx/v1\n"
                               "kind: Environment\nmetadata: {name: qa}\n"
                               "spec: {id: 8f0c}\n", &err),
                     0);
    assert_int_equal(pm_catalog_finish(catalog, &err), 0);

    assert_non_null(pm_catalog_application(catalog, "codefresh", "argocd",
                                           "orders"));
    assert_null(pm_catalog_application(catalog, "codefresh", "argocd",
                                       "order"));
    assert_null(pm_catalog_application(catalog, "codefresh", "", "orders"));
    assert_null(pm_catalog_application(catalog, "", "argocd", "orders"));
    assert_null(pm_catalog_application(catalog, "codefresha", "rgocd",
                                       "orders"));
    assert_null(pm_catalog_applications(catalog, 1));

    assert_non_null(pm_catalog_environment(catalog, "qa"));
    assert_ptr_equal(pm_catalog_environment(catalog, "8f0c"),
                     pm_catalog_environments(catalog, 0));
    assert_null(pm_catalog_environment(catalog, "QA"));
    assert_null(pm_catalog_environments(catalog, 1));

    pm_arena_destroy(arena);
}


static void
test_index_of_many(void **state)
{
    size_t               i, n;
    char                *key;
    void                *earlier;
    pm_arena_t          *arena;
    pm_catalog_index_t   index;

    n = 100000;
    arena = pm_arena_create();
    pm_catalog_index_init(&index, arena);
    assert_null(pm_catalog_index_get(&index, "a", "b", "c"));

    for (i = 0; i < n; i++) {
        key = pm_arena_printf(arena, "orders-%zu", i);
        assert_int_equal(pm_catalog_index_add(&index, "codefresh", "argocd",
                                              key, key, &earlier), 0);
        assert_null(earlier);
    }

    assert_int_equal(index.n, n);

    for (i = 0; i < n; i += 7) {
        key = pm_arena_printf(arena, "orders-%zu", i);
        assert_string_equal(pm_catalog_index_get(&index, "codefresh",
                                                 "argocd", key), key);
        assert_null(pm_catalog_index_get(&index, "argocd", "codefresh",
                                         key));
    }

    /* the first value stays */

    assert_int_equal(pm_catalog_index_add(&index, "codefresh", "argocd",
                                          "orders-1", arena, &earlier), 0);
    assert_string_equal(earlier, "orders-1");
    assert_int_equal(index.n, n);

    pm_arena_destroy(arena);
}


/* Whether something of that name is found in what is looked up in; there 0: in
 * the wrong place. */

typedef int (*test_found_pt)(const void *in, const char *name, int there);


static int
test_found_index(const void *in, const char *name, int there)
{
    return pm_catalog_index_get(in, "codefresh", there ? "argocd" : "orders",
                                name)
           != NULL;
}


static int
test_found_application(const void *in, const char *name, int there)
{
    return pm_catalog_application(in, "codefresh", there ? "argocd" : "orders",
                                  name)
           != NULL;
}


/* The processor's time of 20,000 look-ups in what has n names, half of which
 * find nothing: the shortest of five, in nanoseconds. */

static uint64_t
test_time(test_found_pt found, const void *in, char **names, size_t n)
{
    size_t           i, k;
    uint64_t         time, best;
    const char      *name;
    struct timespec  start, end;

    best = UINT64_MAX;

    for (k = 0; k < 5; k++) {
        assert_int_equal(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &start), 0);

        for (i = 0; i < 10000; i++) {
            name = names[i * 7919 % n];

            if (!found(in, name, 1) || found(in, name, 0)) {
                fail_msg("%s", name);
            }
        }

        assert_int_equal(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &end), 0);

        time = (uint64_t) (end.tv_sec - start.tv_sec) * 1000000000
               + (uint64_t) end.tv_nsec - (uint64_t) start.tv_nsec;
        best = time < best ? time : best;
    }

    return best;
}


static char **
test_names(pm_arena_t *arena, size_t n)
{
    char   **names;
    size_t   i;

    names = pm_arena_alloc(arena, n * sizeof(char *));
    assert_non_null(names);

    for (i = 0; i < n; i++) {
        names[i] = pm_arena_printf(arena, "orders-%zu", i);
        assert_non_null(names[i]);
    }

    return names;
}


/*
 * A look-up among 100,000 takes what one among 500 takes, but for the caches
 * of the processor, which are worth a factor of 2 or 3.  To look at one after
 * the other would take 200 times as long.
 */

static void
test_index_is_constant(void **state)
{
    char                **names;
    void                 *earlier;
    size_t                i, k;
    uint64_t              time[2];
    pm_arena_t           *arena;
    pm_catalog_index_t    index;

    static const size_t  n[2] = { 500, 100000 };

    arena = pm_arena_create();
    names = test_names(arena, n[1]);

    for (k = 0; k < 2; k++) {
        pm_catalog_index_init(&index, arena);

        for (i = 0; i < n[k]; i++) {
            assert_int_equal(pm_catalog_index_add(&index, "codefresh",
                                                  "argocd", names[i],
                                                  names[i], &earlier), 0);
            assert_null(earlier);
        }

        time[k] = test_time(test_found_index, &index, names, n[k]);
    }

    print_message("20,000 look-ups among %zu: %zu ns, among %zu: %zu ns\n",
                  n[0], (size_t) time[0], n[1], (size_t) time[1]);
    assert_true(time[1] < 50 * time[0]);

    pm_arena_destroy(arena);
}


/* The same of a catalog, which reads its manifests first. */

static void
test_catalog_is_constant(void **state)
{
    char          **names;
    size_t          i, k;
    uint64_t        time[2];
    pm_error_t      err;
    pm_arena_t     *arena;
    pm_buffer_t     text;
    pm_catalog_t   *catalog;

    static const size_t  n[2] = { 50, 10000 };

    arena = pm_arena_create();
    names = test_names(arena, n[1]);
    memset(&text, 0, sizeof(pm_buffer_t));

    for (k = 0; k < 2; k++) {
        catalog = pm_catalog_create(arena);
        text.len = 0;

        for (i = 0; i < n[k]; i++) {
            pm_buffer_printf(&text, "---\napiVersion: argoproj.io/v1alpha1\n"
                             "kind: Application\nmetadata: {name: %s}\n"
                             "spec: {source: {repoURL: r, path: p}}\n",
                             names[i]);
        }

        assert_false(text.failed);
        assert_int_equal(pm_catalog_read_text(catalog, "codefresh", "a.yaml",
                                              text.data, text.len, &err), 0);
        assert_int_equal(pm_catalog_finish(catalog, &err), 0);
        assert_int_equal(pm_catalog_napplications(catalog), n[k]);

        time[k] = test_time(test_found_application, catalog, names, n[k]);
    }

    print_message("20,000 look-ups among %zu: %zu ns, among %zu: %zu ns\n",
                  n[0], (size_t) time[0], n[1], (size_t) time[1]);
    assert_true(time[1] < 50 * time[0]);

    pm_buffer_free(&text);
    pm_arena_destroy(arena);
}


static void
test_write(const char *path, const char *text)
{
    FILE  *file;

    file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}


static void
test_manifest(const char *path, const char *name)
{
    char  text[256];

    (void) snprintf(text, sizeof(text),
                    "apiVersion: argoproj.io/v1alpha1\nkind: Application\n"
                    "metadata: {name: %s}\n"
                    "spec: {source: {repoURL: r, path: p}}\n", name);
    test_write(path, text);
}


/* A folder of its own to be in; test_leave() removes it. */

static void
test_enter(char *folder)
{
    strcpy(folder, "/tmp/test_catalog.XXXXXX");
    assert_non_null(mkdtemp(folder));
    assert_int_equal(chdir(folder), 0);
}


static void
test_leave(const char *folder)
{
    char  command[128];

    assert_int_equal(chdir(test_root), 0);
    (void) snprintf(command, sizeof(command), "rm -r %s", folder);
    assert_int_equal(system(command), 0);
}


/* As Kubernetes mounts a ConfigMap, and worse. */

static void
test_links(void **state)
{
    char   folder[64];
    char  *text;

    test_enter(folder);

    assert_int_equal(mkdir("outside", 0700), 0);
    test_manifest("outside/x.yaml", "outside");
    test_manifest("outside.yaml", "outside");

    assert_int_equal(mkdir("in", 0700), 0);
    assert_int_equal(mkdir("in/..2024", 0700), 0);
    assert_int_equal(mkdir("in/sub", 0700), 0);
    test_manifest("in/..2024/b.yaml", "b");
    test_manifest("in/sub/c.yaml", "c");
    assert_int_equal(symlink("..2024", "in/..data"), 0);
    assert_int_equal(symlink("..data/b.yaml", "in/a.yaml"), 0);
    assert_int_equal(symlink("../outside.yaml", "in/outside.yaml"), 0);
    assert_int_equal(symlink("../outside", "in/outside"), 0);
    assert_int_equal(symlink(".", "in/loop"), 0);
    assert_int_equal(symlink("sub", "in/again"), 0);
    assert_int_equal(symlink("sub/c.yaml", "in/z.yaml"), 0);
    assert_int_equal(symlink("nowhere", "in/README"), 0);
    assert_int_equal(mkfifo("in/pipe.yaml", 0600), 0);
    assert_int_equal(symlink("in", "link"), 0);

    text = test_dump("link/");
    assert_string_equal(text,
                        "application codefresh/argocd/b link/a.yaml:1\n"
                        "  source r@HEAD:p writable promotable\n"
                        "application codefresh/argocd/c "
                        "link/again/c.yaml:1\n"
                        "  source r@HEAD:p writable promotable\n");
    free(text);

    assert_int_equal(symlink("nowhere", "in/b.yaml"), 0);
    text = test_dump("in");
    assert_string_equal(text, "in/b.yaml: cannot be read: No such file or "
                              "directory\n");
    free(text);

    test_leave(folder);
}


static void
test_files(void **state)
{
    int           i;
    char          folder[64], path[512];
    char         *text;
    FILE         *file;

    test_enter(folder);

    text = test_dump("missing");
    assert_string_equal(text, "missing: cannot be read: No such file or "
                              "directory\n");
    free(text);

    /* a file that is named is read, whatever its name */

    test_manifest("manifest", "a");
    text = test_dump("manifest");
    assert_string_equal(text, "application codefresh/argocd/a manifest:1\n"
                              "  source r@HEAD:p writable promotable\n");
    free(text);

    text = test_dump("/dev/null");
    assert_string_equal(text, "/dev/null: is no regular file\n");
    free(text);

    file = fopen("large.yaml", "w");
    assert_non_null(file);
    assert_int_equal(ftruncate(fileno(file), 9 * 1024 * 1024), 0);
    fclose(file);
    text = test_dump("large.yaml");
    assert_string_equal(text, "large.yaml:1:1: the text is larger than 8 "
                              "MiB\n");
    free(text);

    assert_int_equal(mkdir("empty", 0700), 0);
    text = test_dump("empty");
    assert_string_equal(text, "");
    free(text);

    strcpy(path, "deep");

    for (i = 0; i < 40; i++) {
        assert_int_equal(mkdir(path, 0700), 0);
        strcat(path, "/d");
    }

    text = test_dump("deep");
    assert_non_null(strstr(text, ": more than 32 folders deep\n"));
    free(text);

    test_leave(folder);
}


/* Two runtimes may have an application of one name each. */

static void
test_runtimes(void **state)
{
    char           folder[64];
    pm_error_t     err;
    pm_arena_t    *arena;
    pm_catalog_t  *catalog;

    test_enter(folder);
    test_manifest("a.yaml", "orders");

    arena = pm_arena_create();
    catalog = pm_catalog_create(arena);

    assert_int_equal(pm_catalog_read(catalog, "one", "a.yaml", &err), 0);
    assert_int_equal(pm_catalog_read(catalog, "two", "a.yaml", &err), 0);
    assert_int_equal(pm_catalog_finish(catalog, &err), 0);

    assert_string_equal(pm_catalog_application(catalog, "one", "argocd",
                                               "orders")->runtime, "one");
    assert_string_equal(pm_catalog_application(catalog, "two", "argocd",
                                               "orders")->runtime, "two");

    assert_int_equal(pm_catalog_read(catalog, "two", ".", &err), PM_INVALID);
    assert_string_equal(err.message, "./a.yaml:1:1: the application "
                                     "two/argocd/orders is also in a.yaml:1; "
                                     "remove one of them, or give it another "
                                     "name");

    pm_arena_destroy(arena);
    test_leave(folder);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_valid),
        cmocka_unit_test(test_invalid),
        cmocka_unit_test(test_writable),
        cmocka_unit_test(test_revisions),
        cmocka_unit_test(test_passwords_stay_out_of_messages),
        cmocka_unit_test(test_lookups_are_exact),
        cmocka_unit_test(test_index_of_many),
        cmocka_unit_test(test_index_is_constant),
        cmocka_unit_test(test_catalog_is_constant),
        cmocka_unit_test(test_links),
        cmocka_unit_test(test_files),
        cmocka_unit_test(test_runtimes)
    };

    if (getcwd(test_root, sizeof(test_root)) == NULL) {
        return 1;
    }

    return cmocka_run_group_tests_name("catalog", tests, NULL, NULL);
}
