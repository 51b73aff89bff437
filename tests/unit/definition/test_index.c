/*
 * Definitions of a folder of a git tree: index, cache, match, conflicts, and
 * plans made from them.
 */

#include "../git/repository.h"
#include "definition/pm_definition_internal.h"

#include <pthread.h>


typedef struct {
    test_t                  *t;
    pm_definition_cache_t   *cache;
} fixture_t;


static int
fixture_setup(void **state)
{
    void       *t;
    fixture_t  *f;

    f = calloc(1, sizeof(fixture_t));
    assert_non_null(f);
    assert_int_equal(test_setup(&t), 0);

    f->t = t;
    test_ok(f->t, pm_definition_cache_create(4, &f->cache, &f->t->err));
    *state = f;

    return 0;
}


static int
fixture_teardown(void **state)
{
    void       *t;
    fixture_t  *f;

    f = *state;
    t = f->t;

    pm_definition_cache_destroy(f->cache);
    (void) test_teardown(&t);
    free(f);

    return 0;
}


static pm_definition_index_t *
index_of(fixture_t *f, const char *folder)
{
    pm_oid_t                head;
    pm_definition_index_t  *index;

    head = test_mirror(f->t, "main");

    test_ok(f->t, pm_definition_index(f->cache, f->t->mirror, &head, folder,
                                      &index, &f->t->err));
    return index;
}


static const pm_definition_entry_t *
entry_of(const pm_definition_index_t *index, const char *file)
{
    const pm_definition_entry_t  *entry;

    entry = pm_definition_index_file(index, file);

    if (entry == NULL) {
        fail_msg("%s is not there", file);
    }

    return entry;
}


static void
test_files(void **state)
{
    size_t                        i;
    fixture_t                    *f = *state;
    pm_definition_index_t        *index;
    const pm_definition_entry_t  *e;

    test_commit(f->t,
        "mkdir -p qa/payments qa/deep/er qa/api.json qa/.hidden prod\n"
        "echo '{\"gravitee\":\"2.0.0\",\"id\":\"o\",\"crossId\":\"c\","
        "\"name\":\"Orders\",\"version\":\"1\",\"proxy\":{\"virtual_hosts\":"
        "[{\"path\":\"orders\"},{\"host\":\"A.Org\",\"path\":\"/x/\"}]}}' "
        ">qa/orders.json\n"
        "echo '{\"a\":1}' >qa/orders.overlay.json\n"
        "printf 'api: {definitionVersion: V4, crossId: p, name: Pay, "
        "apiVersion: 2}\\n' >qa/payments/api.yaml\n"
        "echo '{}' >qa/payments/payments.overlay.json\n"
        "echo '{}' >qa/payments/other.json\n"
        "echo '{' >qa/broken.json\n"
        "printf 'gravitee: 2.0.0\\n' >qa/plain.yml\n"
        "echo '{\"definitionVersion\":\"FEDERATED\"}' >qa/fed.json\n"
        "echo '{\"gravitee\":\"2.0.0\"}' >qa/deep/er/api.json\n"
        "echo '{\"gravitee\":\"2.0.0\"}' >qa/api.json/api.json\n"
        "echo '{\"gravitee\":\"2.0.0\"}' >qa/.hidden/api.json\n"
        "echo '{\"gravitee\":\"2.0.0\"}' >qa/.dot.json\n"
        "echo hello >qa/README.md; ln -s orders.json qa/link.json\n"
        "chmod +x qa/plain.yml");

    index = index_of(f, "qa");

    for (i = 1; i < index->nentries; i++) {
        assert_true(strcmp(index->entries[i - 1].file,
                           index->entries[i].file) < 0);
    }

    assert_int_equal(index->nentries, 6);

    e = entry_of(index, "orders.json");
    assert_string_equal(e->id, "o");
    assert_string_equal(e->cross_id, "c");
    assert_string_equal(e->cross_key, "c");
    assert_string_equal(e->name, "Orders");
    assert_string_equal(e->version, "1");
    assert_string_equal(e->slug, "orders");
    assert_int_equal(e->kind, PM_DEFINITION_V2);
    assert_int_equal(e->npaths, 2);
    assert_string_equal(e->paths[0].path, "/orders/");
    assert_null(e->paths[0].host);
    assert_string_equal(e->paths[1].host, "a.org");
    assert_string_equal(e->paths[1].path, "/x/");
    assert_string_equal(e->overlay, "orders.overlay.json");
    assert_null(e->fault);
    assert_int_equal(e->mode, PM_GIT_MODE_BLOB);
    assert_ptr_equal(pm_definition_find(index, "o"), e);

    e = entry_of(index, "payments/api.yaml");
    assert_string_equal(e->id, "p");
    assert_string_equal(e->slug, "payments");
    assert_string_equal(e->version, "2");
    assert_int_equal(e->kind, PM_DEFINITION_V4);
    assert_string_equal(e->overlay, "payments/payments.overlay.json");

    e = entry_of(index, "broken.json");
    assert_string_equal(e->id, "broken");
    assert_non_null(e->fault);
    assert_non_null(strstr(e->fault, "broken.json:"));
    assert_null(e->cross_key);

    e = entry_of(index, "plain.yml");
    assert_string_equal(e->id, "plain");
    assert_int_equal(e->mode, PM_GIT_MODE_EXECUTABLE);

    assert_int_equal(entry_of(index, "fed.json")->kind, PM_DEFINITION_OTHER);
    assert_non_null(entry_of(index, "api.json/api.json"));

    pm_definition_index_release(index);

    /* an environment may begin empty */

    index = index_of(f, "none/at/all");
    assert_int_equal(index->nentries, 0);
    assert_null(pm_definition_find(index, "o"));
    pm_definition_index_release(index);

    {
        pm_oid_t  head;

        head = test_mirror(f->t, "main");
        assert_int_equal(pm_definition_index(f->cache, f->t->mirror, &head,
                                             "qa/orders.json", &index,
                                             &f->t->err), PM_UNPROCESSABLE);
    }
}


static void
test_duplicates(void **state)
{
    fixture_t                    *f = *state;
    pm_definition_index_t        *index;
    const pm_definition_entry_t  *e;

    test_commit(f->t,
        "mkdir qa; echo '{\"gravitee\":\"2.0.0\",\"id\":\"same\"}' | "
        "tee qa/a.json >qa/b.json\n"
        "echo '{\"gravitee\":\"2.0.0\",\"id\":\"broken\"}' >qa/c.json\n"
        "echo '{' >qa/broken.json");
    index = index_of(f, "qa");

    assert_non_null(strstr(entry_of(index, "a.json")->fault, "\"same\": "
                           "a.json and b.json"));
    assert_non_null(strstr(entry_of(index, "b.json")->fault, "\"same\""));

    /* what cannot be read takes nobody's id */

    e = entry_of(index, "c.json");
    assert_null(e->fault);
    assert_ptr_equal(pm_definition_find(index, "broken"), e);
    pm_definition_index_release(index);

    /* gone with the file, although the other one is not read again */

    test_commit(f->t, "rm qa/a.json");
    index = index_of(f, "qa");
    assert_null(entry_of(index, "b.json")->fault);
    assert_non_null(entry_of(index, "broken.json")->fault);
    pm_definition_index_release(index);
}


static void
test_cache(void **state)
{
    int                     i;
    fixture_t              *f = *state;
    pm_definition_index_t  *first, *second;

    test_commit(f->t, "mkdir -p a/x b; echo '{\"gravitee\":\"2.0.0\"}' "
                      ">a/x/o.json; echo 1 >b/f");
    first = index_of(f, "a/x");
    test_commit(f->t, "echo 2 >b/f");
    second = index_of(f, "a/x");
    assert_ptr_equal(first, second);
    pm_definition_index_release(second);

    /* the same folder elsewhere is the same index */

    test_commit(f->t, "cp -r a/x b/y");
    second = index_of(f, "b/y");
    assert_ptr_equal(first, second);
    pm_definition_index_release(second);

    /* dropped from the cache, and still good */

    for (i = 0; i < 6; i++) {
        test_commit(f->t, i % 2 ? "date +%%N >>b/y/z.json"
                                : "echo '{}' >>b/y/w.json");
        second = index_of(f, "b/y");
        assert_ptr_not_equal(first, second);
        pm_definition_index_release(second);
    }

    second = index_of(f, "a/x");
    assert_ptr_not_equal(first, second);
    assert_string_equal(first->entries[0].id, "o");
    assert_string_equal(second->entries[0].id, "o");
    pm_definition_index_release(first);
    pm_definition_index_release(second);

    /* beyond the cache's own life, too */

    first = index_of(f, "a/x");
    pm_definition_cache_destroy(f->cache);
    f->cache = NULL;
    assert_string_equal(first->entries[0].file, "o.json");
    pm_definition_index_release(first);
    pm_definition_index_release(NULL);
}


typedef struct {
    fixture_t   *f;
    pm_oid_t     head;
    int          failed;
} worker_t;


static void *
worker(void *data)
{
    int                     i;
    worker_t               *w = data;
    pm_error_t              err;
    pm_git_mirror_t        *mirror;
    pm_definition_index_t  *index;

    if (pm_git_mirror_open(w->f->t->git, &w->f->t->url, &mirror, &err) != 0) {
        w->failed = 1;
        return NULL;
    }

    for (i = 0; i < 200; i++) {

        if (pm_definition_index(w->f->cache, mirror, &w->head,
                                i % 7 ? "a" : i % 2 ? "b" : "c", &index,
                                &err) != 0
            || index->nentries != 1)
        {
            w->failed = 1;
            break;
        }

        pm_definition_index_release(index);
    }

    pm_git_mirror_close(mirror);

    return NULL;
}


static void
test_threads(void **state)
{
    size_t      i;
    fixture_t  *f = *state;
    worker_t    workers[4];
    pthread_t   threads[4];

    test_commit(f->t, "mkdir a b c; echo '{\"gravitee\":\"2.0.0\"}' "
                      ">a/a.json; echo '{\"gravitee\":\"2.0.0\",\"id\":1}' "
                      ">b/b.json; echo '{' >c/c.json");

    pm_definition_cache_destroy(f->cache);
    test_ok(f->t, pm_definition_cache_create(2, &f->cache, &f->t->err));

    for (i = 0; i < 4; i++) {
        workers[i].f = f;
        workers[i].head = test_mirror(f->t, "main");
        workers[i].failed = 0;
    }

    for (i = 0; i < 4; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, worker,
                                        &workers[i]), 0);
    }

    for (i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(workers[i].failed, 0);
    }
}


/* A plan for promoting a text into "qa". */

typedef struct {
    pm_definition_index_t     *index;
    pm_definition_request_t    request;
    pm_definition_plan_t       plan;
} planned_t;


static int
plan_into(fixture_t *f, planned_t *p, const char *source, const char *last)
{
    memset(p, 0, sizeof(planned_t));

    p->index = index_of(f, "qa");
    p->request.source.file = "source.json";
    p->request.source.text.data = source;
    p->request.source.text.len = strlen(source);
    p->request.mirror = f->t->mirror;
    p->request.target = p->index;
    p->request.last = last;

    return pm_definition_plan(f->t->arena, &p->request, &p->plan,
                              &f->t->err);
}


static void
test_match(void **state)
{
    planned_t   p;
    fixture_t  *f = *state;

    static const char  source[] =
        "{\"gravitee\":\"2.0.0\",\"id\":\"dev\",\"crossId\":\"c\","
        "\"name\":\"The Orders!\"}";

    /* nothing there: created, not by name, with a free name */

    test_ok(f->t, (test_commit(f->t, "echo 1 >f"), 0));
    test_ok(f->t, plan_into(f, &p, source, NULL));
    assert_string_equal(p.plan.file, "the-orders.json");
    assert_int_equal(p.plan.update, 0);
    assert_null(p.plan.entry);
    assert_int_equal(p.plan.mode, PM_GIT_MODE_BLOB);
    assert_true(pm_oid_is_zero(&p.plan.before_blob));
    pm_definition_index_release(p.index);

    test_commit(f->t,
        "mkdir qa; echo '{\"gravitee\":\"2.0.0\",\"id\":\"other\","
        "\"name\":\"The Orders!\"}' >qa/The-Orders.json\n"
        "mkdir qa/the-orders-2; echo '{\"gravitee\":\"2.0.0\"}' "
        ">qa/the-orders-2/api.yaml");
    test_ok(f->t, plan_into(f, &p, source, NULL));
    assert_string_equal(p.plan.file, "the-orders-3.json");
    pm_definition_index_release(p.index);

    /* what the last promotion wrote to; unless that is gone */

    test_ok(f->t, plan_into(f, &p, source, "other"));
    assert_string_equal(p.plan.file, "The-Orders.json");
    assert_int_equal(p.plan.update, 1);
    assert_string_equal(p.plan.id, "other");
    assert_ptr_equal(p.plan.entry, entry_of(p.index, "The-Orders.json"));
    assert_true(pm_oid_equal(&p.plan.before_blob, &p.plan.entry->blob));
    pm_definition_index_release(p.index);

    test_ok(f->t, plan_into(f, &p, source, "gone"));
    assert_int_equal(p.plan.update, 0);
    pm_definition_index_release(p.index);

    /* a crossId goes before that */

    test_commit(f->t, "echo '{\"gravitee\":\"2.0.0\",\"id\":\"mine\","
                      "\"crossId\":\"c\",\"name\":\"x\"}' >qa/z.json");
    test_ok(f->t, plan_into(f, &p, source, "other"));
    assert_string_equal(p.plan.file, "z.json");
    assert_string_equal(p.plan.id, "mine");
    pm_definition_index_release(p.index);

    /* two of one crossId: neither */

    test_commit(f->t, "echo '{\"gravitee\":\"2.0.0\",\"id\":\"m2\","
                      "\"crossId\":\"c\"}' >qa/y.json");
    assert_int_equal(plan_into(f, &p, source, NULL), PM_CONFLICT);
    assert_int_equal(p.plan.refusal, PM_DEFINITION_TARGET);
    assert_non_null(strstr(f->t->err.message, "y.json and z.json"));
    pm_definition_index_release(p.index);

    /* without crossIds, the same id */

    test_ok(f->t, plan_into(f, &p, "{\"gravitee\":\"2.0.0\",\"id\":"
                                   "\"other\",\"name\":\"n\"}", NULL));
    assert_string_equal(p.plan.file, "The-Orders.json");
    pm_definition_index_release(p.index);
}


static void
test_plan_refused(void **state)
{
    planned_t   p;
    fixture_t  *f = *state;

    test_commit(f->t,
        "mkdir qa; echo '{' >qa/orders.json\n"
        "echo '{\"gravitee\":\"4.0.0\",\"crossId\":\"v4\"}' >qa/v4.json\n"
        "echo '{\"gravitee\":\"2.0.0\",\"crossId\":\"ov\"}' >qa/ov.json\n"
        "echo '{\"gravitee\":null}' >qa/ov.overlay.json\n"
        "echo '{\"gravitee\":\"2.0.0\",\"id\":\"d\",\"crossId\":\"d\"}' | "
        "tee qa/d1.json >qa/d2.json");

    /* it might be the broken one */

    assert_int_equal(plan_into(f, &p, "{\"gravitee\":\"2.0.0\",\"name\":"
                                      "\"Orders\"}", NULL),
                     PM_UNPROCESSABLE);
    assert_int_equal(p.plan.refusal, PM_DEFINITION_TARGET);
    assert_non_null(strstr(f->t->err.message, "orders.json"));
    pm_definition_index_release(p.index);

    assert_int_equal(plan_into(f, &p, "{\"gravitee\":\"2.0.0\",\"name\":"
                                      "\"N\"}", "orders"),
                     PM_UNPROCESSABLE);
    pm_definition_index_release(p.index);

    assert_int_equal(plan_into(f, &p, "{\"gravitee\":\"2.0.0\",\"crossId\":"
                                      "\"v4\"}", NULL), PM_INVALID);
    assert_int_equal(p.plan.refusal, PM_DEFINITION_MISMATCH);
    pm_definition_index_release(p.index);

    assert_int_equal(plan_into(f, &p, "{\"gravitee\":\"4.0.0\"}", NULL),
                     PM_INVALID);
    assert_int_equal(p.plan.refusal, PM_DEFINITION_V4_OFF);
    pm_definition_index_release(p.index);

    assert_int_equal(plan_into(f, &p, "{}", NULL), PM_INVALID);
    assert_int_equal(p.plan.refusal, PM_DEFINITION_NOT_SUPPORTED);
    pm_definition_index_release(p.index);

    assert_int_equal(plan_into(f, &p, "x", NULL), PM_INVALID);
    assert_int_equal(p.plan.refusal, PM_DEFINITION_MALFORMED);
    pm_definition_index_release(p.index);

    assert_int_equal(plan_into(f, &p, "{\"gravitee\":\"2.0.0\",\"crossId\":"
                                      "\"ov\"}", NULL), PM_UNPROCESSABLE);
    assert_int_equal(p.plan.refusal, PM_DEFINITION_TARGET);
    assert_non_null(strstr(f->t->err.message, "ov.overlay.json"));
    pm_definition_index_release(p.index);

    assert_int_equal(plan_into(f, &p, "{\"gravitee\":\"2.0.0\",\"crossId\":"
                                      "\"d\"}", NULL), PM_CONFLICT);
    pm_definition_index_release(p.index);
}


static void
test_overlays(void **state)
{
    planned_t   p;
    fixture_t  *f = *state;

    test_commit(f->t,
        "mkdir -p qa/own; echo '{\"tags\":[\"qa\"]}' | tee "
        "qa/orders.overlay.json >qa/own/api.overlay.json\n"
        "echo '{\"gravitee\":\"2.0.0\",\"crossId\":\"own\"}' "
        ">qa/own/api.json");

    /* it waits for what is still to come */

    test_ok(f->t, plan_into(f, &p, "{\"gravitee\":\"2.0.0\",\"name\":"
                                   "\"Orders\",\"tags\":[]}", NULL));
    assert_string_equal(p.plan.file, "orders.json");
    assert_non_null(memmem(p.plan.text.data, p.plan.text.len, "\"qa\"", 4));
    pm_definition_index_release(p.index);

    test_ok(f->t, plan_into(f, &p, "{\"gravitee\":\"2.0.0\",\"crossId\":"
                                   "\"own\",\"tags\":[]}", NULL));
    assert_string_equal(p.plan.file, "own/api.json");
    assert_non_null(memmem(p.plan.text.data, p.plan.text.len, "\"qa\"", 4));
    pm_definition_index_release(p.index);
}


static void
test_conflicts(void **state)
{
    size_t      i;
    planned_t   p;
    fixture_t  *f = *state;

    static const struct {
        const char  *host;
        const char  *path;
        const char  *taken;      /* NULL: free */
        const char  *id;
    } cases[] = {
        { "",       "/orders",           "/orders/",       "a" },
        { "",       "orders//",          "/orders/",       "a" },
        { "",       "/orders/v1",        "/orders/",       "a" },
        { "",       "/orders/v1/x/y",    "/orders/",       "a" },
        { "",       "/orders2",          NULL,             NULL },
        { "",       "/order",            NULL,             NULL },
        { "",       "/",                 "/deep/in/here/", "b" },
        { "",       "/deep",             "/deep/in/here/", "b" },
        { "",       "/deep/in/here",     "/deep/in/here/", "b" },
        { "",       "/deep/in/her",      NULL,             NULL },
        { "",       "/hosted",           NULL,             NULL },
        { "a.org",  "/hosted/below",     "/hosted/",       "c" },
        { "A.ORG",  "/hosted",           "/hosted/",       "c" },
        { "b.org",  "/hosted",           NULL,             NULL },
        { "a.org",  "/orders",           NULL,             NULL },
        { "",       "/v4/x",             "/v4/",           "d" },
        { "",       "/mine/own/x",       NULL,             NULL },
        { "",       "/mine",             "/mine/shared/",  "e" },
        { "",       "/mine/shared",      "/mine/shared/",  "e" }
    };

    test_commit(f->t,
        "mkdir qa; w() { echo \"{\\\"gravitee\\\":\\\"2.0.0\\\","
        "\\\"id\\\":\\\"$1\\\",\\\"name\\\":\\\"N $1\\\",\\\"proxy\\\":"
        "{\\\"virtual_hosts\\\":[$2]}}\" >qa/$1.json; }\n"
        "w a '{\"path\":\"/orders\"}'\n"
        "w b '{\"path\":\"/deep/in/here/\"},{\"host\":\"x\",\"path\":"
        "\"/\"}'\n"
        "w c '{\"host\":\"a.org\",\"path\":\"hosted\"}'\n"
        "w e '{\"path\":\"/mine/shared\"}'\n"
        "w mine '{\"path\":\"/mine\"},{\"path\":\"/mine/shared\"},"
        "{\"path\":\"/mine/own\"}'\n"
        "echo '{\"gravitee\":\"4.0.0\",\"id\":\"d\",\"listeners\":"
        "[{\"type\":\"TCP\"},{\"paths\":[{\"path\":\"v4\"}]}]}' "
        ">qa/d.json\n"
        "echo '{' >qa/broken.json");

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        test_ok(f->t, plan_into(f, &p,
                    pm_arena_printf(f->t->arena, "{\"gravitee\":\"2.0.0\","
                                    "\"id\":\"mine\",\"proxy\":"
                                    "{\"virtual_hosts\":[{\"path\":\"/free"
                                    "\"},{\"host\":\"%s\",\"path\":\"%s\"}]"
                                    "}}", cases[i].host, cases[i].path),
                    NULL));
        assert_string_equal(p.plan.file, "mine.json");

        /* its own paths are never in the way */

        if (cases[i].taken == NULL) {

            if (p.plan.nconflicts != 0) {
                fail_msg("%s: %s", cases[i].path, p.plan.conflicts[0].taken);
            }

            assert_int_equal(p.plan.refusal, PM_DEFINITION_ACCEPTED);

        } else {
            assert_int_equal(p.plan.refusal, PM_DEFINITION_PATH_TAKEN);
            assert_int_equal(p.plan.nconflicts, 1);
            assert_string_equal(p.plan.conflicts[0].taken, cases[i].taken);
            assert_string_equal(p.plan.conflicts[0].id, cases[i].id);
            assert_string_equal(p.plan.conflicts[0].file,
                                pm_arena_printf(f->t->arena, "%s.json",
                                                cases[i].id));
        }

        pm_definition_index_release(p.index);
    }

    /* what is created, in the way of what is there */

    test_ok(f->t, plan_into(f, &p, "{\"gravitee\":\"2.0.0\",\"id\":\"new\","
                                   "\"proxy\":{\"contextPath\":\"/mine/x\"}}",
                            NULL));
    assert_int_equal(p.plan.refusal, PM_DEFINITION_PATH_TAKEN);
    assert_string_equal(p.plan.conflicts[0].id, "mine");
    assert_string_equal(p.plan.conflicts[0].name, "N mine");
    pm_definition_index_release(p.index);
}


/* Ten thousand context paths are looked through without walking them all for
 * each of the result's. */

static void
test_many(void **state)
{
    size_t      i;
    planned_t   p;
    fixture_t  *f = *state;

    test_commit(f->t,
        "mkdir qa; for i in 1 2 3 4 5 6 7 8 9 10; do "
        "perl -e 'my $n = shift; print qq({\"gravitee\":\"2.0.0\",\"proxy\":"
        "{\"virtual_hosts\":[), join(\",\", map qq({\"path\":\"/$n/$_\"}), "
        "1 .. 1000), qq(]}})' $i >qa/a$i.json; done\n"
        "perl -e 'print qq({\"gravitee\":\"2.0.0\",\"proxy\":"
        "{\"virtual_hosts\":[), join(\",\", map qq({\"path\":\"/$_\"}), "
        "1 .. 1001), qq(]}})' >qa/more.json");

    test_ok(f->t, plan_into(f, &p, "{\"gravitee\":\"2.0.0\",\"proxy\":"
                                   "{\"virtual_hosts\":[{\"path\":"
                                   "\"/7/123/x\"},{\"path\":\"/12\"},"
                                   "{\"path\":\"/7\"}]}}", NULL));

    /* what is at fault serves its paths all the same */

    assert_int_equal(p.plan.nconflicts, 3);
    assert_string_equal(p.plan.conflicts[0].id, "a7");
    assert_string_equal(p.plan.conflicts[1].id, "more");
    assert_non_null(strstr(entry_of(p.index, "more.json")->fault, "1000"));

    for (i = 0; i < 10; i++) {
        assert_int_equal(p.index->entries[i].npaths, 1000);
    }

    pm_definition_index_release(p.index);
}


static void
test_large(void **state)
{
    fixture_t              *f = *state;
    pm_definition_index_t  *index;

    test_commit(f->t,
        "mkdir qa; perl -e 'print qq({\"gravitee\":\"2.0.0\",\"a\":\"), "
        "\"x\" x (8 << 20), qq(\"})' >qa/huge.json\n"
        "perl -e 'print qq({\"gravitee\":\"2.0.0\",\"a\":\"), "
        "\"x\" x (8 << 20) - 100, qq(\"})' >qa/below.json\n"
        "echo '{\"gravitee\":\"2.0.0\"}' >qa/ok.json");
    index = index_of(f, "qa");
    assert_non_null(strstr(entry_of(index, "huge.json")->fault,
                           "larger than 8 MiB"));
    assert_null(entry_of(index, "ok.json")->fault);
    pm_definition_index_release(index);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test_setup_teardown(test_files, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_duplicates, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_cache, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_threads, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_match, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_plan_refused, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_overlays, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_conflicts, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_many, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_large, fixture_setup,
                                        fixture_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
