/*
 * Previews: the documented answer, and its bounds.
 */

#include "batch.h"

#include <jansson.h>


/* The answer as text and as JSON; both are the test's. */

static json_t *
test_preview(test_t *t, const pm_promotion_t *promotion, const char **text)
{
    int                   rc;
    json_t               *root;
    pm_string_t           json;
    json_error_t          error;
    pm_batch_settings_t   settings;

    settings = test_settings(t);

    rc = pm_batch_preview(&settings, promotion, t->arena, &json, &t->err);
    test_ok(t, rc);

    root = json_loadb(json.data, json.len, JSON_REJECT_DUPLICATES, &error);

    if (root == NULL) {
        fail_msg("%s: %.*s", error.text, (int) json.len, json.data);
    }

    if (text != NULL) {
        *text = json.data;
    }

    return root;
}


static pm_promotion_t
test_previewed(test_t *t)
{
    pm_promotion_t  promotion;

    promotion = test_promotion(t, 1, "dev", "prod");
    promotion.message = NULL;
    promotion.id = NULL;
    promotion.author_name = NULL;
    promotion.author_email = NULL;
    promotion.key_name = NULL;

    return promotion;
}


static json_t *
test_file(json_t *root, const char *path)
{
    size_t   i;
    json_t  *file;

    json_array_foreach(json_object_get(root, "files"), i, file) {
        if (strcmp(json_string_value(json_object_get(file, "path")), path)
            == 0)
        {
            return file;
        }
    }

    fail_msg("no file %s", path);

    return NULL;
}


static const char *
test_text(json_t *object, const char *key)
{
    const json_t  *value;

    value = json_object_get(object, key);

    if (value == NULL) {
        return "(missing)";
    }

    return json_is_null(value) ? "(null)" : json_string_value(value);
}


static void
test_documented_answer(void **state)
{
    char            *head, *digest;
    test_t          *t;
    json_t          *root;
    const char      *text, *expected;
    pm_batch_t      *batch;
    pm_promotion_t   promotion;

    t = *state;

    test_commit(t, "mkdir dev prod && printf 'tag: 2\\n' > dev/values.yaml && "
                "printf 'tag: 1\\n' > prod/values.yaml && "
                "printf 'new\\n' > dev/new");
    head = test_run(t, "git -C remote.git rev-parse main");
    digest = test_run(t, "f=$(git -C remote.git rev-parse main:dev/new) && "
        "o=$(git -C remote.git rev-parse main:prod/values.yaml) && "
        "n=$(git -C remote.git rev-parse main:dev/values.yaml) && "
        "printf 'prod/new\\000000000 %%040d 100644 %%s\\nprod/values.yaml"
        "\\000100644 %%s 100644 %%s\\n' 0 $f $o $n | sha256sum | "
        "cut -d' ' -f1");

    promotion = test_previewed(t);
    root = test_preview(t, &promotion, &text);

    expected = pm_arena_printf(t->arena,
        "{\"repo\":\"file://%s/remote.git\",\"branchName\":\"main\","
        "\"sourceRevision\":\"%s\",\"destinationRevision\":\"%s\","
        "\"digest\":\"%s\",\"template\":{\"name\":null,\"origin\":\"none\"},"
        "\"files\":[{\"path\":\"prod/new\",\"status\":\"added\","
        "\"original\":null,\"data\":\"new\\n\",\"patch\":\"",
        t->folder, head, head, digest);

    assert_memory_equal(text, expected, strlen(expected));

    assert_int_equal(json_array_size(json_object_get(root, "files")), 2);
    assert_string_equal(test_text(test_file(root, "prod/values.yaml"),
                                  "status"), "modified");
    assert_string_equal(test_text(test_file(root, "prod/values.yaml"),
                                  "original"), "tag: 1\n");
    assert_string_equal(test_text(test_file(root, "prod/values.yaml"),
                                  "data"), "tag: 2\n");
    assert_non_null(strstr(test_text(test_file(root, "prod/values.yaml"),
                                     "patch"),
                           "--- a/prod/values.yaml\n+++ b/prod/values.yaml\n"
                           "@@ -1 +1 @@\n-tag: 1\n+tag: 2\n"));
    assert_non_null(strstr(text, "\"properties\":[{\"path\":\"/tag\","
                           "\"from\":1,\"to\":2}]}]}"));
    assert_null(json_object_get(root, "truncated"));
    json_decref(root);

    /* what it shows is what lands */

    promotion = test_promotion(t, 1, "dev", "prod");
    batch = test_batch(t, &promotion, 1);
    test_lands(batch);
    assert_string_equal(pm_batch_result(batch, 0)->digest, digest);
    pm_batch_destroy(batch);

    free(head);
    free(digest);
}


static void
test_no_changes(void **state)
{
    test_t          *t;
    json_t          *root;
    const char      *text;
    pm_promotion_t   promotion;

    t = *state;

    test_commit(t, "mkdir dev prod && echo 1 | tee dev/a > prod/a");

    promotion = test_previewed(t);
    root = test_preview(t, &promotion, &text);

    assert_non_null(strstr(text, "\"files\":[]}"));
    assert_string_equal(test_text(root, "digest"), "e3b0c44298fc1c149afbf4c899"
                        "6fb92427ae41e4649b934ca495991b7852b855");

    json_decref(root);
}


static void
test_kinds_of_files(void **state)
{
    test_t          *t;
    json_t          *root, *file;
    pm_promotion_t   promotion;

    t = *state;

    test_commit(t,
        "mkdir -p dev prod/was-folder dev/was-file && "
        "printf 'a\\0b' > dev/nul && printf '\\351' > dev/latin1 && "
        "printf '\\033\"\\\\' > dev/quoted && "
        "ln -s quoted dev/link && "
        "echo x | tee dev/mode > prod/mode && chmod 755 dev/mode && "
        "echo f > dev/was-folder && echo g > prod/was-folder/g && "
        "echo h > dev/was-file/h && echo i > prod/was-file && "
        "printf 1 > \"dev/$(printf 'caf\\351')\" && : > dev/empty");

    promotion = test_previewed(t);
    root = test_preview(t, &promotion, NULL);

    file = test_file(root, "prod/nul");
    assert_string_equal(test_text(file, "data"), "(null)");
    assert_true(json_is_true(json_object_get(file, "binary")));

    file = test_file(root, "prod/latin1");
    assert_string_equal(test_text(file, "data"), "(null)");
    assert_true(json_is_true(json_object_get(file, "binary")));

    file = test_file(root, "prod/quoted");
    assert_string_equal(test_text(file, "data"), "\033\"\\");
    assert_null(json_object_get(file, "binary"));

    file = test_file(root, "prod/link");
    assert_string_equal(test_text(file, "data"), "quoted");

    file = test_file(root, "prod/mode");
    assert_string_equal(test_text(file, "status"), "modified");
    assert_string_equal(test_text(file, "original"), "x\n");
    assert_non_null(strstr(test_text(file, "patch"),
                           "old mode 100644\nnew mode 100755\n"));

    file = test_file(root, "prod/was-folder/g");
    assert_string_equal(test_text(file, "status"), "deleted");
    assert_string_equal(test_text(file, "original"), "g\n");
    assert_string_equal(test_text(file, "data"), "(null)");
    file = test_file(root, "prod/was-folder");
    assert_string_equal(test_text(file, "status"), "added");

    file = test_file(root, "prod/was-file");
    assert_string_equal(test_text(file, "status"), "deleted");
    file = test_file(root, "prod/was-file/h");
    assert_string_equal(test_text(file, "status"), "added");

    file = test_file(root, "prod/caf\xef\xbf\xbd");
    assert_string_equal(test_text(file, "data"), "1");

    file = test_file(root, "prod/empty");
    assert_string_equal(test_text(file, "data"), "");

    json_decref(root);
}


/* Which values change in files that are taken whole. */

static void
test_values_of_whole_files(void **state)
{
    char            *text;
    size_t           i;
    test_t          *t;
    json_t          *root, *file;
    pm_promotion_t   promotion;

    static const char *const  expected[] = {
        "a.yaml", "[{\"path\":\"/image/tag\",\"from\":\"1.10\",\"to\":\"v2\"},"
                  "{\"path\":\"/new\",\"from\":null,\"to\":[1]},"
                  "{\"path\":\"/host\",\"from\":\"prod\",\"to\":null}]",
        "b.json", "[{\"path\":\"/x/1\",\"from\":2,\"to\":3}]",
        "comment.yml", "[]",
        "template.yaml", "[]",
        "nul.yaml", "[]",
        "link.yaml", "[]",
        "text", "[]",
        "added.yaml", "[]",
        "several.yaml", "[{\"path\":\"/x\",\"from\":1,\"to\":2,"
                        "\"document\":1}]",
        NULL
    };

    t = *state;

    test_commit(t,
        "mkdir -p dev prod && "
        "printf 'image: {tag: v2}\nnew: [1]\n' > dev/a.yaml && "
        "printf 'host: prod\nimage:\n  tag: 1.10 # x\n' > prod/a.yaml && "
        "echo '{\"x\": [1, 3]}' > dev/b.json && "
        "echo '{\"x\": [1, 2]}' > prod/b.json && "
        "printf 'a: 1 # new\n' > dev/comment.yml && "
        "printf 'a: 1\n' > prod/comment.yml && "
        "echo 'a: {{ b }}' > dev/template.yaml && "
        "echo 'a: 1' > prod/template.yaml && "
        "printf 'a: 1\\0' > dev/nul.yaml && echo 'a: 1' > prod/nul.yaml && "
        "ln -s a dev/link.yaml && ln -s b prod/link.yaml && "
        "echo 'a: 1' > dev/text && echo 'a: 2' > prod/text && "
        "echo 'a: 1' > dev/added.yaml && "
        "printf 'a: 1\n---\nx: 2\n' > dev/several.yaml && "
        "printf 'a: 1\n---\nx: 1\n' > prod/several.yaml");

    promotion = test_previewed(t);
    root = test_preview(t, &promotion, NULL);

    for (i = 0; expected[i] != NULL; i += 2) {
        file = test_file(root, pm_arena_printf(t->arena, "prod/%s",
                                               expected[i]));
        text = json_dumps(json_object_get(file, "properties"), JSON_COMPACT);

        if (strcmp(text, expected[i + 1]) != 0) {
            fail_msg("%s: %s", expected[i], text);
        }

        free(text);
    }

    assert_null(json_object_get(root, "truncated"));
    json_decref(root);
}


/* Texts that have no place in the answer are not looked through. */

static void
test_values_of_many_files(void **state)
{
    size_t           i, n;
    test_t          *t;
    json_t          *root, *files, *file;
    pm_promotion_t   promotion;

    t = *state;

    test_commit(t, "mkdir -p dev prod && for i in $(seq 10 29); do "
                "{ echo 'a: 2'; yes '# comment' | head -c 500000; } "
                "> dev/$i.yaml; { echo 'a: 1'; "
                "yes '# comment' | head -c 500000; } > prod/$i.yaml; done");

    promotion = test_previewed(t);
    root = test_preview(t, &promotion, NULL);
    files = json_object_get(root, "files");

    assert_int_equal(json_array_size(files), 20);

    for (i = 0, n = 0; i < 20; i++) {
        file = json_array_get(files, i);

        if (json_array_size(json_object_get(file, "properties")) == 1) {
            assert_null(json_object_get(file, "truncated"));
            n++;

        } else {
            assert_true(json_is_true(json_object_get(file, "truncated")));
        }
    }

    assert_true(n >= 6 && n <= 8);
    json_decref(root);
}


static void
test_submodules(void **state)
{
    test_t          *t;
    json_t          *root;
    pm_batch_t      *batch;
    pm_promotion_t   promotion;

    t = *state;

    test_commit(t, "mkdir dev && echo 1 > dev/a && git update-index --add "
                "--cacheinfo 160000,0123456789abcdef0123456789abcdef01234567,"
                "dev/module && mkdir dev/module");

    promotion = test_previewed(t);
    root = test_preview(t, &promotion, NULL);

    assert_string_equal(test_text(test_file(root, "prod/module"), "data"),
                        "Subproject commit 0123456789abcdef0123456789abcdef"
                        "01234567\n");
    json_decref(root);

    /* it is copied as it is */

    promotion = test_promotion(t, 1, "dev", "prod");
    batch = test_batch(t, &promotion, 1);
    test_lands(batch);
    test_equal(t, "dev", "prod");
    pm_batch_destroy(batch);
}


static void
test_large_answers_are_cut(void **state)
{
    size_t           i, total;
    test_t          *t;
    json_t          *root, *file;
    const char      *text;
    pm_promotion_t   promotion;

    t = *state;

    /* a character of two bytes lies across the cut */

    test_commit(t, "mkdir dev && "
                "{ head -c 1048575 /dev/zero | tr '\\0' a; "
                "printf '\\303\\251'; } > dev/0 && "
                "for i in 1 2 3 4 5 6 7 8; do "
                "{ head -c 1000000 /dev/zero | tr '\\0' $i; } > dev/$i; done "
                "&& printf '\\001%.0s' $(seq 100000) > dev/9");

    promotion = test_previewed(t);
    root = test_preview(t, &promotion, &text);

    file = test_file(root, "prod/0");
    assert_int_equal(json_string_length(json_object_get(file, "data")),
                     1048575);
    assert_true(json_is_true(json_object_get(file, "truncated")));
    assert_string_equal(test_text(file, "patch"), "(null)");

    file = test_file(root, "prod/1");
    assert_int_equal(json_string_length(json_object_get(file, "data")),
                     1000000);
    assert_null(json_object_get(file, "truncated"));

    file = test_file(root, "prod/8");
    assert_true(json_is_true(json_object_get(file, "truncated")));
    assert_string_equal(test_text(file, "data"), "(null)");

    assert_true(json_is_true(json_object_get(root, "truncated")));
    assert_true(strlen(text) < 8 * 1024 * 1024 + 65536);

    total = json_array_size(json_object_get(root, "files"));
    assert_int_equal(total, 10);

    for (i = 0; i < total; i++) {
        file = json_array_get(json_object_get(root, "files"), i);
        assert_string_equal(test_text(file, "status"), "added");
    }

    json_decref(root);
}


static void
test_very_many_files(void **state)
{
    test_t          *t;
    json_t          *root;
    const char      *text;
    pm_promotion_t   promotion;

    t = *state;

    test_do(t, "cd work && n=$(printf 'x%.0s' $(seq 200)) && { "
            "echo 'blob'; echo 'mark :1'; echo 'data 2'; echo x; "
                "echo 'commit refs/heads/main'; "
                "echo 'committer A <a@example.org> 0 +0000'; echo 'data 1'; "
                "echo m; for i in $(seq 30000); do "
                "echo \"M 644 :1 dev/$((i % 200))/$n$i\"; done; } | "
                "git fast-import --quiet && git push -q origin main 2>&1");

    promotion = test_previewed(t);
    root = test_preview(t, &promotion, &text);

    assert_true(json_is_true(json_object_get(root, "truncated")));
    assert_true(json_array_size(json_object_get(root, "files")) > 5000);
    assert_true(strlen(text) < 10 * 1024 * 1024);

    json_decref(root);
}


static void
test_two_repositories(void **state)
{
    test_t          *t;
    json_t          *root;
    pm_promotion_t   promotion;

    t = *state;

    test_commit(t, "mkdir prod && echo 1 > prod/a");
    test_do(t, "git init -q --bare -b trunk source.git && "
            "git clone -q source.git other 2>/dev/null && cd other && "
            "git checkout -q -b trunk 2>/dev/null; mkdir dev && "
            "echo 2 > dev/a && git add -A && git commit -q -m s && "
            "git push -q origin trunk");

    promotion = test_previewed(t);
    test_location(t, &promotion.parts[0].source, "source.git", "trunk", "dev");
    promotion.parts[0].destination.branch = NULL;

    /* reading is enough: nothing can be pushed here */

    test_do(t, "git -C remote.git config receive.hideRefs refs && "
            "git -C remote.git config http.receivepack false");

    root = test_preview(t, &promotion, NULL);
    assert_string_equal(test_text(root, "branchName"), "main");
    assert_string_equal(test_text(test_file(root, "prod/a"), "original"),
                        "1\n");
    assert_string_equal(test_text(test_file(root, "prod/a"), "data"), "2\n");
    json_decref(root);

    test_prints(t, "test \"$(git -C source.git rev-parse trunk)\" != "
                "\"$(git -C remote.git rev-parse main)\" && echo yes", "yes");
}


static void
test_faults(void **state)
{
    test_t               *t;
    pm_string_t           json;
    pm_promotion_t        promotion;
    pm_batch_settings_t   settings;

    t = *state;
    settings = test_settings(t);

    test_commit(t, "mkdir dev && echo 1 > dev/a");

    promotion = test_previewed(t);
    promotion.parts[0].source.path = "none";
    assert_int_equal(pm_batch_preview(&settings, &promotion, t->arena, &json,
                                      &t->err), PM_NOT_FOUND);

    promotion = test_previewed(t);
    promotion.parts[0].destination.branch = "none";
    assert_int_equal(pm_batch_preview(&settings, &promotion, t->arena, &json,
                                      &t->err), PM_CONFLICT);

    promotion = test_previewed(t);
    promotion.source_commit = "0123456";
    assert_int_equal(pm_batch_preview(&settings, &promotion, t->arena, &json,
                                      &t->err), PM_INVALID);

    promotion = test_previewed(t);
    test_location(t, &promotion.parts[0].source, "none.git", "main", "dev");
    assert_int_equal(pm_batch_preview(&settings, &promotion, t->arena, &json,
                                      &t->err), PM_REMOTE);
}


/* It mends itself within one call. */

static void
test_a_mirror_that_lost_one_object(void **state)
{
    test_t          *t;
    json_t          *root;
    pm_promotion_t   promotion;

    t = *state;

    test_commit(t, "mkdir dev && echo 1 > dev/a");

    promotion = test_previewed(t);
    json_decref(test_preview(t, &promotion, NULL));

    test_lose(t, "main:dev");

    root = test_preview(t, &promotion, NULL);
    assert_string_equal(test_text(test_file(root, "prod/a"), "data"), "1\n");
    json_decref(root);
}


/* Several of one branch: each has its own, and they share the room. */

static void
test_several(void **state)
{
    size_t                i;
    test_t               *t;
    json_t               *root;
    pm_error_t            errors[4];
    pm_string_t           jsons[4];
    pm_promotion_t        promotions[4];
    pm_batch_settings_t   settings;

    t = *state;

    test_commit(t, "mkdir a b c && echo 1 > a/f && echo 2 > b/f && "
                "head -c 3000 /dev/zero | tr '\\0' x > c/f");

    settings = test_settings(t);
    promotions[0] = test_promotion(t, 1, "a", "to/1");
    promotions[1] = test_promotion(t, 2, "none", "to/2");
    promotions[2] = test_promotion(t, 3, "c", "to/3");
    promotions[3] = test_promotion(t, 4, "b", "to/4");

    memset(jsons, 0, sizeof(jsons));
    pm_batch_previews(&settings, promotions, 4, 4096, t->arena, jsons,
                      errors);

    assert_int_equal(errors[1].code, PM_NOT_FOUND);
    assert_null(jsons[1].data);

    for (i = 0; i < 4; i++) {
        if (i == 1) {
            continue;
        }

        assert_int_equal(errors[i].code, 0);
        root = json_loadb(jsons[i].data, jsons[i].len, 0, NULL);
        assert_non_null(root);
        assert_int_equal(strlen(json_string_value(json_object_get(root,
                                                  "digest"))), 64);

        /* the text of the third one fits, its patch does not */

        assert_int_equal(json_is_true(json_object_get(root, "truncated")),
                         i == 2);
        json_decref(root);
    }

    pm_batch_previews(&settings, promotions, 4, PM_BATCH_PREVIEW, t->arena,
                      jsons, errors);
    root = json_loadb(jsons[2].data, jsons[2].len, 0, NULL);
    assert_null(json_object_get(root, "truncated"));
    json_decref(root);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test_setup_teardown(test_documented_answer, test_setup,
                                        test_teardown),
        cmocka_unit_test_setup_teardown(test_several, test_setup,
                                        test_teardown),
        cmocka_unit_test_setup_teardown(test_no_changes, test_setup,
                                        test_teardown),
        cmocka_unit_test_setup_teardown(test_kinds_of_files, test_setup,
                                        test_teardown),
        cmocka_unit_test_setup_teardown(test_values_of_whole_files,
                                        test_setup, test_teardown),
        cmocka_unit_test_setup_teardown(test_values_of_many_files, test_setup,
                                        test_teardown),
        cmocka_unit_test_setup_teardown(test_submodules, test_setup,
                                        test_teardown),
        cmocka_unit_test_setup_teardown(test_large_answers_are_cut,
                                        test_setup, test_teardown),
        cmocka_unit_test_setup_teardown(test_very_many_files, test_setup,
                                        test_teardown),
        cmocka_unit_test_setup_teardown(test_two_repositories, test_setup,
                                        test_teardown),
        cmocka_unit_test_setup_teardown(test_faults, test_setup,
                                        test_teardown),
        cmocka_unit_test_setup_teardown(test_a_mirror_that_lost_one_object,
                                        test_setup, test_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
