/*
 * Objects in memory: trees changed on their raw bytes give what git gives,
 * and packs are what git accepts.
 */

#include "repository.h"


static pm_git_change_t
change(const char *path, unsigned mode, const pm_oid_t *id)
{
    pm_git_change_t  c;

    memset(&c, 0, sizeof(pm_git_change_t));
    c.path = path;
    c.new_mode = mode;

    if (id != NULL) {
        c.new_id = *id;
    }

    return c;
}


/* The tree that git makes of "work" after a shell command. */

static pm_oid_t
git_tree(test_t *t, const char *command)
{
    char      *text;
    pm_oid_t   id;

    text = test_run(t, "cd work && git reset -q --hard && { %s\n} && "
                       "git add -A && git write-tree", command);
    assert_int_equal(pm_oid_parse(&id, text, strlen(text)), 0);
    free(text);

    return id;
}


static void
assert_oid(const pm_oid_t *a, const pm_oid_t *b)
{
    char  one[41], two[41];

    pm_oid_hex(one, a);
    pm_oid_hex(two, b);
    assert_string_equal(one, two);
}


/* The pack of objects must make commit complete in a copy of the remote. */

static size_t
check_pack(test_t *t, pm_git_objects_t *objects, int thin,
    const pm_oid_t *commit)
{
    char         hex[41], path[128];
    FILE        *f;
    size_t       len;
    pm_buffer_t  pack = {0};

    test_ok(t, pm_git_objects_pack(objects, thin, &pack, &t->err));

    snprintf(path, sizeof(path), "%s/pack", t->folder);
    f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(pack.data, 1, pack.len, f), pack.len);
    fclose(f);

    len = pack.len;
    pm_buffer_free(&pack);

    pm_oid_hex(hex, commit);

    free(test_run(t, "rm -rf copy.git && cp -r remote.git copy.git && "
                     "git -C copy.git index-pack --strict %s --stdin "
                     "<pack >/dev/null && "
                     "git -C copy.git update-ref refs/heads/new %s && "
                     "git -C copy.git fsck --strict --full --no-dangling 2>&1",
                  thin ? "--fix-thin" : "", hex));
    return len;
}


static pm_oid_t
commit(test_t *t, pm_git_objects_t *objects, const pm_oid_t *tree,
    const pm_oid_t *parent)
{
    pm_oid_t            id;
    pm_git_signature_t  who = { "Ada Lovelace", "ada@example.org", 1700000000 };

    test_ok(t, pm_git_objects_commit(objects, tree, parent, &who, &who,
                                     "promote\n\nPromotion-Id: x\n\n\n", &id,
                                     &t->err));
    return id;
}


static void
test_tree_order(void **state)
{
    char              *text;
    test_t            *t = *state;
    pm_oid_t           head, blob, tree, expected;
    pm_git_change_t    changes[8];
    pm_git_objects_t  *objects;

    test_commit(t, "mkdir a b && echo 1 >a/x && echo 1 >a.b && echo 1 >a0 "
                   "&& echo 1 >b/y && echo 1 >b-c && echo 1 >z");
    head = test_mirror(t, "main");

    test_ok(t, pm_git_objects_create(t->mirror, &objects, &t->err));
    blob = test_blob(t, objects, "2\n");
    test_ok(t, pm_git_mirror_tree(t->mirror, &head, &tree, &t->err));

    /* sorted by bytes: "-" and "." before "/" before "0" */

    changes[0] = change("a-", PM_GIT_MODE_EXECUTABLE, &blob);
    changes[1] = change("a.b", PM_GIT_MODE_BLOB, &blob);
    changes[2] = change("a.c", PM_GIT_MODE_LINK, &blob);
    changes[3] = change("a/n/m/o", PM_GIT_MODE_BLOB, &blob);
    changes[4] = change("a/x", PM_GIT_MODE_BLOB, &blob);
    changes[5] = change("a0", 0, NULL);
    changes[6] = change("b.c", PM_GIT_MODE_BLOB, &blob);
    changes[7] = change("b/y", 0, NULL);

    test_ok(t, pm_git_objects_tree(objects, &tree, changes, 8, &tree,
                                   &t->err));

    (void) git_tree(t, "echo 2 >a-; chmod +x a-; echo 2 >a.b; "
                       "mkdir -p a/n/m; echo 2 >a/n/m/o; echo 2 >a/x; "
                       "rm a0; echo 2 >b.c; rm b/y");

    /* a link whose target ends in a newline is none of the shell's */

    text = test_run(t, "cd work && git update-index --add --cacheinfo 120000,"
                       "$(git hash-object a.b),a.c && git write-tree");
    assert_int_equal(pm_oid_parse(&expected, text, 40), 0);
    free(text);

    assert_oid(&tree, &expected);

    head = commit(t, objects, &tree, &head);
    (void) check_pack(t, objects, 1, &head);
    (void) check_pack(t, objects, 0, &head);

    pm_git_objects_destroy(objects);
}


static void
test_empty_folders_vanish(void **state)
{
    test_t            *t = *state;
    pm_oid_t           head, tree, expected;
    pm_git_change_t    changes[2];
    pm_git_objects_t  *objects;

    test_commit(t, "mkdir -p a/b/c d && echo 1 >a/b/c/x && echo 1 >d/y");
    head = test_mirror(t, "main");

    test_ok(t, pm_git_objects_create(t->mirror, &objects, &t->err));

    changes[0] = change("a/b/c/x", 0, NULL);
    changes[1] = change("d/y", 0, NULL);

    test_ok(t, pm_git_mirror_tree(t->mirror, &head, &tree, &t->err));
    test_ok(t, pm_git_objects_tree(objects, &tree, changes, 1, &tree,
                                   &t->err));
    expected = git_tree(t, "rm a/b/c/x");
    assert_oid(&tree, &expected);

    /* of what is not there nothing is deleted, and nothing is made */

    assert_int_equal(pm_git_objects_count(objects), 1);
    test_ok(t, pm_git_objects_tree(objects, &tree, changes, 1, &tree,
                                   &t->err));
    assert_oid(&tree, &expected);
    assert_int_equal(pm_git_objects_count(objects), 1);

    test_ok(t, pm_git_objects_tree(objects, &tree, changes, 2, &tree,
                                   &t->err));
    expected = git_tree(t, "rm -f a/b/c/x d/y");
    assert_oid(&tree, &expected);

    head = commit(t, objects, &tree, &head);
    (void) check_pack(t, objects, 1, &head);

    pm_git_objects_destroy(objects);
}


static void
test_file_and_folder(void **state)
{
    test_t            *t = *state;
    pm_oid_t           head, root, tree, expected, blob;
    pm_git_change_t    changes[3];
    pm_git_objects_t  *objects;

    test_commit(t, "mkdir a && echo 1 >a/x && echo 1 >b && echo 1 >b.c");
    head = test_mirror(t, "main");

    test_ok(t, pm_git_objects_create(t->mirror, &objects, &t->err));
    test_ok(t, pm_git_mirror_tree(t->mirror, &head, &root, &t->err));
    blob = test_blob(t, objects, "2\n");

    changes[0] = change("a", PM_GIT_MODE_BLOB, &blob);
    changes[1] = change("a/x", 0, NULL);
    test_ok(t, pm_git_objects_tree(objects, &root, changes, 2, &tree,
                                   &t->err));
    expected = git_tree(t, "rm -r a; echo 2 >a");
    assert_oid(&tree, &expected);

    assert_int_equal(pm_git_objects_tree(objects, &root, changes, 1, &tree,
                                         &t->err), PM_UNPROCESSABLE);
    assert_string_equal(t->err.message,
                        "\"a\" would be a file and a folder at once");

    changes[0] = change("b", 0, NULL);
    changes[1] = change("b/x/y", PM_GIT_MODE_BLOB, &blob);
    test_ok(t, pm_git_objects_tree(objects, &root, changes, 2, &tree,
                                   &t->err));
    expected = git_tree(t, "rm b; mkdir -p b/x; echo 2 >b/x/y");
    assert_oid(&tree, &expected);

    /* "b", "b.c", "b/": not side by side */

    assert_int_equal(pm_git_objects_tree(objects, &root, changes + 1, 1,
                                         &tree, &t->err), PM_UNPROCESSABLE);
    assert_string_equal(t->err.message,
                        "\"b\" would be a file and a folder at once");

    pm_git_objects_destroy(objects);
}


static void
test_hostile_paths(void **state)
{
    test_t            *t = *state;
    size_t             i;
    pm_oid_t           head, tree, blob;
    pm_git_change_t    c[2];
    pm_git_objects_t  *objects;

    static const char  *paths[] = {
        "", "/a", "a/", "a//b", ".", "..", "a/../b", "a/./b", ".git",
        "a/.GIT/hooks", ".git /x", ".git.", ".git::$INDEX_ALLOCATION",
        "GIT~1/config", "git~1 .", "a\\.git\\x", ".g\xe2\x80\x8cit/x",
        "\xef\xbb\xbf.git", ".gi\xe2\x81\xaft"
    };

    static const char  *allowed[] = {
        ".gita", ".gitignore", "git~2", ".git~1", "a.git", "...", "git~1x",
        "\xe2\x80\x8c.gits"
    };

    test_commit(t, "echo 1 >x");
    head = test_mirror(t, "main");

    test_ok(t, pm_git_objects_create(t->mirror, &objects, &t->err));
    blob = test_blob(t, objects, "2\n");
    test_ok(t, pm_git_mirror_tree(t->mirror, &head, &head, &t->err));

    for (i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        c[0] = change(paths[i], PM_GIT_MODE_BLOB, &blob);

        if (pm_git_objects_tree(objects, &head, c, 1, &tree, &t->err)
            != PM_UNPROCESSABLE)
        {
            fail_msg("accepted: \"%s\"", paths[i]);
        }
    }

    for (i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++) {
        c[0] = change(allowed[i], PM_GIT_MODE_BLOB, &blob);
        test_ok(t, pm_git_objects_tree(objects, &head, c, 1, &tree, &t->err));
    }

    c[0] = change("b", PM_GIT_MODE_BLOB, &blob);
    c[1] = change("a", PM_GIT_MODE_BLOB, &blob);
    assert_int_equal(pm_git_objects_tree(objects, &head, c, 2, &tree,
                                         &t->err), PM_INTERNAL);

    c[0] = change("b", PM_GIT_MODE_TREE, &blob);
    assert_int_equal(pm_git_objects_tree(objects, &head, c, 1, &tree,
                                         &t->err), PM_UNPROCESSABLE);

    pm_git_objects_destroy(objects);
}


/* A folder above 64 KiB, and one above the size of one copy instruction. */

static void
test_large_folders(void **state)
{
    test_t            *t = *state;
    size_t             i, len;
    pm_oid_t           head, root, tree, blob, expected;
    pm_git_change_t    c[3];
    pm_git_objects_t  *objects;

    static const char  *middles[] = { "f01000", "f00000", "f02047" };

    free(test_run(t, "cd work && b=$(echo 1 | git hash-object -w --stdin) && "
                     "for i in $(seq -w 0 2047); do printf "
                     "'100644 %%s\\tf0%%s\\n' $b $i; done | "
                     "git update-index --index-info && git commit -q -m many "
                     "&& git checkout -q . && git push -q origin HEAD 2>&1"));

    head = test_mirror(t, "main");
    test_ok(t, pm_git_mirror_tree(t->mirror, &head, &root, &t->err));

    for (i = 0; i < 3; i++) {
        test_ok(t, pm_git_objects_create(t->mirror, &objects, &t->err));
        blob = test_blob(t, objects, "2\n");

        c[0] = change(middles[i], PM_GIT_MODE_BLOB, &blob);
        test_ok(t, pm_git_objects_tree(objects, &root, c, 1, &tree,
                                       &t->err));

        expected = commit(t, objects, &tree, &head);
        len = check_pack(t, objects, 1, &expected);
        assert_true(len < 400);
        len = check_pack(t, objects, 0, &expected);
        assert_true(len > 4000);

        pm_git_objects_destroy(objects);
    }

    test_ok(t, pm_git_objects_create(t->mirror, &objects, &t->err));
    blob = test_blob(t, objects, "2\n");
    c[0] = change("a", PM_GIT_MODE_BLOB, &blob);
    c[1] = change("f00512x", PM_GIT_MODE_BLOB, &blob);
    c[2] = change("f01024", 0, NULL);
    test_ok(t, pm_git_objects_tree(objects, &root, c, 3, &tree, &t->err));
    expected = git_tree(t, "echo 2 >a; echo 2 >f00512x; rm f01024");
    assert_oid(&tree, &expected);
    expected = commit(t, objects, &tree, &head);
    (void) check_pack(t, objects, 1, &expected);
    pm_git_objects_destroy(objects);
}


/* One instruction copies 16 MiB less one byte at most, and a size of 65536
 * is written without any size. */

static void
test_copy_sizes(void **state)
{
    test_t            *t = *state;
    char               path[300], name[256];
    FILE              *f;
    size_t             i;
    pm_oid_t           head, root, tree, blob, id;
    pm_git_change_t    c;
    pm_git_objects_t  *objects;

    test_commit(t, "echo 1 >x");

    /* entries of 256 bytes: the 257th begins at 65536 */

    snprintf(path, sizeof(path), "%s/index", t->folder);
    f = fopen(path, "w");
    assert_non_null(f);

    for (i = 0; i < 70000; i++) {
        memset(name, 'n', 228);
        snprintf(name + 220, 9, "%08zu", i);
        memmove(name + 8, name, 220);
        snprintf(name, 9, "%08zu", i);
        name[8] = 'n';
        name[228] = '\0';
        fprintf(f, "100644 blob d00491fd7e5bb6fa28c517a0bb32b8b506539d4d\t"
                "%s\n", name);
    }

    fclose(f);

    free(test_run(t, "cd work && tree=$(git mktree <../index) && "
                     "git push -q origin $(git commit-tree -m large $tree)"
                     ":refs/heads/large 2>&1"));

    head = test_mirror(t, "large");
    test_ok(t, pm_git_mirror_tree(t->mirror, &head, &root, &t->err));

    for (i = 0; i < 3; i++) {
        test_ok(t, pm_git_objects_create(t->mirror, &objects, &t->err));
        blob = test_blob(t, objects, "2\n");

        /* before the 257th; behind the last; the first */

        snprintf(name, sizeof(name), "%08u", i == 0 ? 256 : i == 1 ? 70000 : 0);
        c = change(name, PM_GIT_MODE_BLOB, &blob);
        test_ok(t, pm_git_objects_tree(objects, &root, &c, 1, &tree,
                                       &t->err));
        id = commit(t, objects, &tree, &head);
        assert_true(check_pack(t, objects, 1, &id) < 400);
        pm_git_objects_destroy(objects);
    }
}


static void
test_chain_of_commits(void **state)
{
    test_t            *t = *state;
    char               text[32];
    size_t             i;
    pm_oid_t           head, tree, blob;
    pm_git_change_t    c;
    pm_git_objects_t  *objects;

    test_commit(t, "mkdir -p apps/a && for i in $(seq 100); do "
                   "echo 1 >apps/a/f$i; done");
    head = test_mirror(t, "main");
    test_ok(t, pm_git_mirror_tree(t->mirror, &head, &tree, &t->err));
    test_ok(t, pm_git_objects_create(t->mirror, &objects, &t->err));

    /* more than the depth of deltas; the last one takes all back */

    for (i = 0; i < 70; i++) {
        snprintf(text, sizeof(text), "%zu\n", i < 69 ? i + 2 : 1);
        blob = test_blob(t, objects, text);
        c = change("apps/a/f50", PM_GIT_MODE_BLOB, &blob);
        test_ok(t, pm_git_objects_tree(objects, &tree, &c, 1, &tree,
                                       &t->err));
        head = commit(t, objects, &tree, &head);
    }

    (void) check_pack(t, objects, 1, &head);
    (void) check_pack(t, objects, 0, &head);

    pm_git_objects_destroy(objects);
}


static void
test_objects_do_not_outlive(void **state)
{
    test_t            *t = *state;
    unsigned           mode;
    pm_oid_t           head, root, tree, blob, id;
    pm_git_change_t    c;
    pm_git_objects_t  *one, *two;
    pm_buffer_t        pack = {0};

    test_commit(t, "mkdir a && for i in $(seq 50); do echo $i >a/x$i; done");
    head = test_mirror(t, "main");
    test_ok(t, pm_git_mirror_tree(t->mirror, &head, &root, &t->err));

    test_ok(t, pm_git_objects_create(t->mirror, &one, &t->err));
    test_ok(t, pm_git_objects_create(t->mirror, &two, &t->err));

    blob = test_blob(t, one, "new\n");
    c = change("a/x1", PM_GIT_MODE_BLOB, &blob);
    test_ok(t, pm_git_objects_tree(one, &root, &c, 1, &tree, &t->err));
    test_ok(t, pm_git_lookup(t->mirror, &tree, "a/x1", &mode, &id, &t->err));
    assert_oid(&id, &blob);
    assert_int_equal(mode, PM_GIT_MODE_BLOB);
    assert_int_equal(pm_git_mirror_has(t->mirror, &tree), 1);

    /* trees of the other one are no base here: the receiver lacks them */

    c = change("a/x2", PM_GIT_MODE_BLOB, &blob);
    test_ok(t, pm_git_objects_tree(two, &tree, &c, 1, &id, &t->err));
    test_ok(t, pm_git_objects_pack(two, 1, &pack, &t->err));
    assert_true(pack.len > 300);
    pm_buffer_free(&pack);

    pm_git_objects_destroy(one);
    pm_git_objects_destroy(two);

    assert_int_equal(pm_git_mirror_has(t->mirror, &tree), 0);
    assert_int_equal(pm_git_mirror_has(t->mirror, &blob), 0);
    assert_int_equal(pm_git_mirror_has(t->mirror, &root), 1);
}


/* What is rolled back is in no pack, and can be made again. */

static void
test_rollback(void **state)
{
    char               name[16];
    size_t             i, n, all, some;
    test_t            *t = *state;
    pm_oid_t           head, blob, tree, first, tip;
    unsigned           mode;
    pm_git_change_t    c;
    pm_git_objects_t  *objects;

    test_commit(t, "mkdir a && echo 1 >a/x && echo 1 >y");
    head = test_mirror(t, "main");

    test_ok(t, pm_git_objects_create(t->mirror, &objects, &t->err));
    pm_git_objects_rollback(objects, 0);

    blob = test_blob(t, objects, "kept\n");
    c = change("a/x", PM_GIT_MODE_BLOB, &blob);
    test_ok(t, pm_git_mirror_tree(t->mirror, &head, &tree, &t->err));
    test_ok(t, pm_git_objects_tree(objects, &tree, &c, 1, &tree, &t->err));
    first = commit(t, objects, &tree, &head);

    n = pm_git_objects_count(objects);
    some = check_pack(t, objects, 1, &first);

    /* more than fit into the table as it is */

    for (i = 0; i < 100; i++) {
        snprintf(name, sizeof(name), "gone %zu", i);
        blob = test_blob(t, objects, name);
    }

    c = change("y", PM_GIT_MODE_BLOB, &blob);
    test_ok(t, pm_git_objects_tree(objects, &tree, &c, 1, &tip, &t->err));
    all = check_pack(t, objects, 1, &first);
    assert_true(all > some);

    pm_git_objects_rollback(objects, n);

    assert_int_equal(pm_git_objects_count(objects), n);
    assert_int_equal(check_pack(t, objects, 1, &first), some);
    assert_int_equal(pm_git_lookup(t->mirror, &tip, "y", &mode, &blob,
                                   &t->err), PM_UNAVAILABLE);
    test_ok(t, pm_git_lookup(t->mirror, &tree, "a/x", &mode, &blob, &t->err));

    blob = test_blob(t, objects, "gone 99");
    c = change("y", PM_GIT_MODE_BLOB, &blob);
    test_ok(t, pm_git_objects_tree(objects, &tree, &c, 1, &tip, &t->err));
    tip = commit(t, objects, &tip, &first);
    (void) check_pack(t, objects, 0, &tip);

    pm_git_objects_destroy(objects);
}


static void
test_parent(void **state)
{
    test_t    *t = *state;
    pm_oid_t   head, parent, expected;

    test_commit(t, "echo 1 >a");
    test_commit(t, "git checkout -q -b side && echo 2 >b && git add -A && "
                   "git commit -q -m side && git checkout -q main && "
                   "echo 3 >c && git add -A && git commit -q -m more && "
                   "git merge -q --no-ff -m merge side");
    head = test_mirror(t, "main");
    expected = test_oid(t, "main^1");

    test_ok(t, pm_git_mirror_parent(t->mirror, &head, &parent, &t->err));
    assert_oid(&parent, &expected);

    /* of a merge the first, of the first commit none */

    head = test_oid(t, "main^1");
    expected = test_oid(t, "main^1^1");
    test_ok(t, pm_git_mirror_parent(t->mirror, &head, &parent, &t->err));
    assert_oid(&parent, &expected);

    head = test_oid(t, "main^1^1^1");
    test_ok(t, pm_git_mirror_parent(t->mirror, &head, &parent, &t->err));
    assert_true(pm_oid_is_zero(&parent));
}


static void
test_commit_text(void **state)
{
    test_t              *t = *state;
    char                *text, hex[41];
    pm_oid_t             head, tree, id;
    pm_git_objects_t    *objects;
    pm_git_signature_t   author, who;

    test_commit(t, "echo 1 >x");
    head = test_mirror(t, "main");
    test_ok(t, pm_git_mirror_tree(t->mirror, &head, &tree, &t->err));
    test_ok(t, pm_git_objects_create(t->mirror, &objects, &t->err));

    who = (pm_git_signature_t) { "Bot", "bot@example.org", 1700000000 };
    author = (pm_git_signature_t) { "\xc3\x84" "da", "a@b", 1700000001 };

    test_ok(t, pm_git_objects_commit(objects, &tree, &head, &author, &who,
                                     "subject\n\nbody\n\n\n", &id, &t->err));
    (void) check_pack(t, objects, 1, &id);

    pm_oid_hex(hex, &id);
    text = test_run(t, "git -C copy.git log -1 --date=raw --format="
                       "'%%an|%%ae|%%ad|%%cn|%%ce|%%cd|%%B|' %s", hex);
    assert_string_equal(text, "\xc3\x84" "da|a@b|1700000001 +0000|Bot|"
                              "bot@example.org|1700000000 +0000|"
                              "subject\n\nbody\n|");
    free(text);

    author.name = "a\nparent 0";
    assert_int_equal(pm_git_objects_commit(objects, &tree, &head, &author,
                                           &who, "m", &id, &t->err),
                     PM_INVALID);
    author.name = "a <b";
    assert_int_equal(pm_git_objects_commit(objects, &tree, &head, &author,
                                           &who, "m", &id, &t->err),
                     PM_INVALID);
    author.name = "";
    assert_int_equal(pm_git_objects_commit(objects, &tree, &head, &author,
                                           &who, "m", &id, &t->err),
                     PM_INVALID);

    pm_git_objects_destroy(objects);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test_setup_teardown(test_tree_order, test_setup,
                                        test_teardown),
        cmocka_unit_test_setup_teardown(test_empty_folders_vanish, test_setup,
                                        test_teardown),
        cmocka_unit_test_setup_teardown(test_file_and_folder, test_setup,
                                        test_teardown),
        cmocka_unit_test_setup_teardown(test_hostile_paths, test_setup,
                                        test_teardown),
        cmocka_unit_test_setup_teardown(test_large_folders, test_setup,
                                        test_teardown),
        cmocka_unit_test_setup_teardown(test_copy_sizes, test_setup,
                                        test_teardown),
        cmocka_unit_test_setup_teardown(test_chain_of_commits, test_setup,
                                        test_teardown),
        cmocka_unit_test_setup_teardown(test_objects_do_not_outlive,
                                        test_setup, test_teardown),
        cmocka_unit_test_setup_teardown(test_rollback, test_setup,
                                        test_teardown),
        cmocka_unit_test_setup_teardown(test_parent, test_setup,
                                        test_teardown),
        cmocka_unit_test_setup_teardown(test_commit_text, test_setup,
                                        test_teardown),
    };

    return cmocka_run_group_tests_name("objects", tests, NULL, NULL);
}
