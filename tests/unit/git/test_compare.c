/*
 * Reading: lookups, comparisons, blobs, patches, histories.
 */

#include "repository.h"


/* The changes as lines "<old mode> <new mode> <path>". */

static void
compare(test_t *t, const char *source, const char *source_path,
    const char *destination, const char *destination_path, int deletions,
    const char *expected)
{
    char              line[512], text[8192];
    size_t            i, n;
    pm_oid_t          s, d;
    pm_git_change_t  *changes;

    s = test_oid(t, source);
    d = test_oid(t, destination);

    test_ok(t, pm_git_compare(t->mirror, &s, source_path, t->mirror, &d,
                              destination_path, deletions, t->arena, &changes,
                              &n, &t->err));
    text[0] = '\0';

    for (i = 0; i < n; i++) {
        snprintf(line, sizeof(line), "%o %o %s\n", changes[i].old_mode,
                 changes[i].new_mode, changes[i].path);
        assert_true(strlen(text) + strlen(line) < sizeof(text));
        strcat(text, line);

        assert_int_equal(changes[i].old_mode == 0,
                         pm_oid_is_zero(&changes[i].old_id));
        assert_int_equal(changes[i].new_mode == 0,
                         pm_oid_is_zero(&changes[i].new_id));
    }

    assert_string_equal(text, expected);
}


static int
compare_code(test_t *t, const char *source, const char *source_path,
    const char *destination, const char *destination_path)
{
    size_t            n;
    pm_oid_t          s, d;
    pm_git_change_t  *changes;

    s = test_oid(t, source);
    d = test_oid(t, destination);

    return pm_git_compare(t->mirror, &s, source_path, t->mirror, &d,
                          destination_path, 1, t->arena, &changes, &n,
                          &t->err);
}


static void
test_compare_folders(void **state)
{
    test_t  *t = *state;

    test_commit(t, "mkdir -p qa/same qa/new prod/same prod/old && "
                   "echo 1 >qa/a; echo 2 >prod/a; echo 1 >qa/b; "
                   "echo 1 >prod/b; chmod +x qa/b; echo 1 >qa/same/x; "
                   "echo 1 >prod/same/x; echo 1 >qa/new/y; "
                   "echo 1 >prod/old/z; ln -s a qa/link; "
                   "echo 1 >prod/only; echo 1 >qa/equal; echo 1 >prod/equal");
    (void) test_mirror(t, "main");

    compare(t, "main", "qa", "main", "prod", 0,
            "100644 100644 prod/a\n"
            "100644 100755 prod/b\n"
            "0 120000 prod/link\n"
            "0 100644 prod/new/y\n");

    compare(t, "main", "qa/", "main^{tree}", "./prod//", 1,
            "100644 100644 prod/a\n"
            "100644 100755 prod/b\n"
            "0 120000 prod/link\n"
            "0 100644 prod/new/y\n"
            "100644 0 prod/old/z\n"
            "100644 0 prod/only\n");

    compare(t, "main", "qa", "main", "qa", 1, "");
    compare(t, "main", "qa/new", "main", "dr/deep/new", 1,
            "0 100644 dr/deep/new/y\n");
    compare(t, "main", "qa/new", "main", "", 0, "0 100644 y\n");

    assert_int_equal(compare_code(t, "main", "qa/none", "main", "prod"),
                     PM_NOT_FOUND);
    assert_non_null(strstr(t->err.message, "path qa/none not found in "));
    assert_int_equal(compare_code(t, "main", "qa/a", "main", "prod"),
                     PM_UNPROCESSABLE);
    assert_int_equal(compare_code(t, "main", "qa", "main", "prod/a"),
                     PM_UNPROCESSABLE);
    assert_int_equal(compare_code(t, "main", "qa", "main", "prod/../.git"),
                     PM_UNPROCESSABLE);
}


static void
test_compare_file_and_folder(void **state)
{
    test_t            *t = *state;
    size_t             n;
    pm_oid_t           head, tree;
    pm_git_change_t   *changes;
    pm_git_objects_t  *objects;

    /* also where other names stand between the file and the folder */

    test_commit(t, "mkdir -p s d && cd s && mkdir -p f g-h x && "
                   "echo 1 >f/1; echo 1 >f-; echo 1 >f.x; echo 1 >g; "
                   "echo 1 >g-h/1; echo 1 >g.a; echo 1 >x/y; cd ../d && "
                   "mkdir -p g/deep g-/k && echo 1 >f; echo 2 >f.x; "
                   "echo 1 >g/1; echo 1 >g/deep/2; echo 1 >g-/k/1; "
                   "echo 1 >g-h; echo 1 >x");
    head = test_mirror(t, "main");

    compare(t, "main", "s", "main", "d", 0,
            "100644 0 d/f\n"
            "0 100644 d/f-\n"
            "100644 100644 d/f.x\n"
            "0 100644 d/f/1\n"
            "0 100644 d/g\n"
            "100644 0 d/g-h\n"
            "0 100644 d/g-h/1\n"
            "0 100644 d/g.a\n"
            "100644 0 d/g/1\n"
            "100644 0 d/g/deep/2\n"
            "100644 0 d/x\n"
            "0 100644 d/x/y\n");

    /* with deletions, the two folders become one tree */

    test_ok(t, pm_git_compare(t->mirror, &head, "s", t->mirror, &head, "d", 1,
                              t->arena, &changes, &n, &t->err));
    test_ok(t, pm_git_objects_create(t->mirror, &objects, &t->err));
    test_ok(t, pm_git_mirror_tree(t->mirror, &head, &tree, &t->err));
    test_ok(t, pm_git_objects_tree(objects, &tree, changes, n, &tree,
                                   &t->err));
    {
        unsigned  mode;
        pm_oid_t  s, d;

        test_ok(t, pm_git_lookup(t->mirror, &tree, "s", &mode, &s, &t->err));
        test_ok(t, pm_git_lookup(t->mirror, &tree, "d", &mode, &d, &t->err));
        assert_true(pm_oid_equal(&s, &d));
    }

    pm_git_objects_destroy(objects);
}


/* Random folders: what the comparison finds makes one equal to the other. */

static void
test_compare_random(void **state)
{
    int                i;
    test_t            *t = *state;
    size_t             n;
    unsigned           mode;
    pm_oid_t           head, tree, s, d;
    pm_git_change_t   *changes;
    pm_git_objects_t  *objects;

    for (i = 0; i < 15; i++) {
        char  command[1024];

        snprintf(command, sizeof(command),
                 "RANDOM=%d; rm -rf s d; mkdir s d; touch s/k d/k; "
                 "names=(a a- a.b a0 b b-c b/ ab); "
                 "for i in $(seq 40); do r=$(( RANDOM %% 2 )); "
                 "if [ $r = 0 ]; then f=s; else f=d; fi; "
                 "for k in 1 2 3; do n=${names[RANDOM %% 8]}; f=$f/${n%%/}; "
                 "if [ $(( RANDOM %% 2 )) = 0 ]; then break; fi; done; "
                 "mkdir -p $(dirname $f) 2>/dev/null && "
                 "echo $(( RANDOM %% 3 )) >$f; done 2>/dev/null; true", i + 1);

        test_commit(t, "true");
        free(test_run(t, "cd work && cat >../random.sh <<'EOF'\n%s\nEOF\n"
                         "bash ../random.sh && git add -A && git commit -q "
                         "--allow-empty -m random && git push -q 2>&1",
                      command));
        head = test_mirror(t, "main");

        test_ok(t, pm_git_compare(t->mirror, &head, "s", t->mirror, &head,
                                  "d", 1, t->arena, &changes, &n, &t->err));
        test_ok(t, pm_git_objects_create(t->mirror, &objects, &t->err));
        test_ok(t, pm_git_mirror_tree(t->mirror, &head, &tree, &t->err));
        test_ok(t, pm_git_objects_tree(objects, &tree, changes, n, &tree,
                                       &t->err));
        test_ok(t, pm_git_lookup(t->mirror, &tree, "s", &mode, &s, &t->err));
        test_ok(t, pm_git_lookup(t->mirror, &tree, "d", &mode, &d, &t->err));
        assert_true(pm_oid_equal(&s, &d));

        /* without deletions too it is a tree that git accepts */

        test_ok(t, pm_git_compare(t->mirror, &head, "s", t->mirror, &head,
                                  "d", 0, t->arena, &changes, &n, &t->err));
        test_ok(t, pm_git_mirror_tree(t->mirror, &head, &tree, &t->err));
        test_ok(t, pm_git_objects_tree(objects, &tree, changes, n, &tree,
                                       &t->err));
        pm_git_objects_destroy(objects);
    }
}


static void
test_two_repositories(void **state)
{
    char               text[128];
    size_t             n;
    test_t            *t = *state;
    unsigned           mode;
    pm_oid_t           head, other, tree, id;
    uint64_t           size;
    pm_string_t        data;
    pm_git_url_t       url;
    pm_git_change_t   *changes;
    pm_git_mirror_t   *mirror;
    pm_git_remote_t   *remote;
    pm_git_objects_t  *objects;

    static const char  *branches[] = { "refs/heads/main" };

    test_commit(t, "mkdir qa && echo 1 >qa/x");
    head = test_mirror(t, "main");

    free(test_run(t, "git clone -q --bare remote.git two.git && "
                     "git clone -q two.git w2 && cd w2 && mkdir prod && "
                     "echo two >prod/x && echo o >only && git add -A && "
                     "git commit -q -m two && git push -q 2>&1"));
    {
        char  *hex = test_run(t, "git -C two.git rev-parse main");
        assert_int_equal(pm_oid_parse(&other, hex, 40), 0);
        free(hex);
    }

    snprintf(text, sizeof(text), "%s/two.git", t->folder);
    test_ok(t, pm_git_url_parse(t->arena, text, &url, &t->err));
    test_ok(t, pm_git_mirror_open(t->git, &url, &mirror, &t->err));
    test_ok(t, pm_git_remote_open(t->git, &url, &remote, &t->err));
    test_ok(t, pm_git_mirror_update(mirror, remote, &other, NULL, branches, 1,
                                    &t->err));

    test_ok(t, pm_git_compare(mirror, &other, "", t->mirror, &head, "copy", 1,
                              t->arena, &changes, &n, &t->err));
    assert_int_equal(n, 3);
    assert_string_equal(changes[0].path, "copy/only");

    test_ok(t, pm_git_objects_create(t->mirror, &objects, &t->err));
    test_ok(t, pm_git_objects_copy(objects, mirror, &changes[0].new_id,
                                   &t->err));
    test_ok(t, pm_git_mirror_tree(t->mirror, &head, &tree, &t->err));
    test_ok(t, pm_git_objects_tree(objects, &tree, changes, 1, &tree,
                                   &t->err));
    test_ok(t, pm_git_lookup(t->mirror, &tree, "copy/only", &mode, &id,
                             &t->err));
    test_ok(t, pm_git_blob(t->mirror, &id, 10, t->arena, &data, &size,
                           &t->err));
    assert_string_equal(data.data, "o\n");

    pm_git_objects_destroy(objects);
    pm_git_mirror_close(mirror);
    pm_git_remote_close(remote);
}


/* Trees that git itself would not make, from a remote that accepts all. */

static void
test_hostile_trees(void **state)
{
    char         branch[32];
    size_t       i;
    test_t      *t = *state;

    /* entries as printf's formats; B is 20 bytes of a blob's id, T a tree's */

    static const char  *trees[] = {
        "100644 .git\\0B", "40000 .GIT\\0T", "100644 ..\\0B",
        "100644 a/b\\0B", "40000 .\\0T", "100644 git~1\\0B",
        "100644 b\\0B100644 a\\0B", "100644 a\\0B100644 a\\0B",
        "160001 m\\0B", "140000 s\\0B"
    };

    test_commit(t, "mkdir d && echo 1 >d/x");
    (void) test_mirror(t, "main");

    for (i = 0; i < sizeof(trees) / sizeof(trees[0]); i++) {
        snprintf(branch, sizeof(branch), "hostile%zu", i);

        free(test_run(t, "cd remote.git && cat >../raw.pl <<'EOF'\n"
                         "sub id { pack 'H40', `git rev-parse $_[0]` }\n"
                         "my $tree = '%s';\n"
                         "$tree =~ s{\\\\0B}{\"\\0\" . id('main:d/x')}ge;\n"
                         "$tree =~ s{\\\\0T}{\"\\0\" . id('main:d')}ge;\n"
                         "print $tree;\n"
                         "EOF\n"
                         "t=$(perl ../raw.pl | git hash-object -t tree "
                         "--literally -w --stdin) && r=$(printf "
                         "'040000 tree %%s\\tapp\\n' $t | git mktree) && "
                         "git update-ref refs/heads/%s "
                         "$(git commit-tree -m h $r)", trees[i], branch));

        (void) test_mirror(t, branch);

        if (compare_code(t, branch, "app", "main", "d") != PM_UNPROCESSABLE) {
            fail_msg("%s: %s", trees[i], t->err.message);
        }
    }
}


/* Folders below folders, and folders of folders without a file. */

static void
test_bounds(void **state)
{
    test_t  *t = *state;

    test_commit(t, "for i in 1 2 3 4; do echo 1 >x$i; done");
    (void) test_mirror(t, "main");

    free(test_run(t, "cd remote.git && t=$(git rev-parse main^{tree}) && "
                     "for i in $(seq 200); do t=$(printf "
                     "'040000 tree %%s\\td\\n' $t | git mktree); done && "
                     "git update-ref refs/heads/deep "
                     "$(git commit-tree -m deep $t) && "
                     "t=$(git mktree </dev/null) && "
                     "for i in $(seq 60); do t=$(printf "
                     "'040000 tree %%s\\ta\\n040000 tree %%s\\tb\\n' $t $t | "
                     "git mktree); done && git update-ref refs/heads/bomb "
                     "$(git commit-tree -m bomb $t) && "
                     "t=$(git rev-parse main^{tree}) && for i in $(seq 20); "
                     "do t=$(printf '040000 tree %%s\\ta\\n040000 tree %%s\\tb"
                     "\\n' $t $t | git mktree); done && git update-ref "
                     "refs/heads/files $(git commit-tree -m files $t)"));

    (void) test_mirror(t, "deep");
    assert_int_equal(compare_code(t, "deep", "", "main", ""),
                     PM_UNPROCESSABLE);
    (void) test_mirror(t, "bomb");
    assert_int_equal(compare_code(t, "bomb", "", "main", ""),
                     PM_UNPROCESSABLE);
    (void) test_mirror(t, "files");
    assert_int_equal(compare_code(t, "files", "", "main", ""),
                     PM_UNPROCESSABLE);
    assert_string_equal(t->err.message, "more than 100000 files differ");
}


static void
test_blob_limit(void **state)
{
    test_t       *t = *state;
    unsigned      mode;
    pm_oid_t      head, id;
    uint64_t      size;
    pm_string_t   data;

    test_commit(t, "echo 123456789 >x; : >empty; "
                   "head -c 18000000 /dev/zero >huge");
    head = test_mirror(t, "main");

    test_ok(t, pm_git_lookup(t->mirror, &head, "x", &mode, &id, &t->err));
    test_ok(t, pm_git_blob(t->mirror, &id, 4, t->arena, &data, &size,
                           &t->err));
    assert_int_equal(size, 10);
    assert_int_equal(data.len, 4);
    assert_string_equal(data.data, "1234");

    test_ok(t, pm_git_lookup(t->mirror, &head, "empty", &mode, &id, &t->err));
    test_ok(t, pm_git_blob(t->mirror, &id, 4, t->arena, &data, &size,
                           &t->err));
    assert_int_equal(size, 0);
    assert_string_equal(data.data, "");

    test_ok(t, pm_git_lookup(t->mirror, &head, "huge", &mode, &id, &t->err));
    test_ok(t, pm_git_blob(t->mirror, &id, 4, t->arena, &data, &size,
                           &t->err));
    assert_int_equal(size, 18000000);
    assert_int_equal(data.len, 0);

    assert_int_equal(pm_git_lookup(t->mirror, &head, "x/y", &mode, &id,
                                   &t->err), PM_NOT_FOUND);
    assert_int_equal(pm_git_lookup(t->mirror, &head, "nix", &mode, &id,
                                   &t->err), PM_NOT_FOUND);
    test_ok(t, pm_git_lookup(t->mirror, &head, ".", &mode, &id, &t->err));
    assert_int_equal(mode, PM_GIT_MODE_TREE);

    /* a tree is not a blob */

    assert_int_equal(pm_git_blob(t->mirror, &id, 4, t->arena, &data, &size,
                                 &t->err), PM_UNPROCESSABLE);
    assert_int_equal(pm_git_mirror_broken(t->mirror), 0);
}


/* Each patch is what git prints, and what git applies. */

static void
test_patches(void **state)
{
    char              *expected;
    size_t             i, n;
    test_t            *t = *state;
    pm_oid_t           old, new;
    uint64_t           size;
    pm_buffer_t        all = {0};
    pm_string_t        a, b, patch;
    pm_git_change_t   *changes;

    test_commit(t, "seq 30 >text; seq 5 >gone; printf 'a\\nb' >end; "
                   "printf '\\0\\1' >bin; echo m >mode; echo 1 >'sp ace'; "
                   "echo 1 >\"$(printf 'q\\t\"\\303\\244')\"; echo 1 >type; "
                   ": >void; ln -s text link; "
                   "git update-index --add --cacheinfo 160000,"
                   "1111111111111111111111111111111111111111,sub");
    old = test_mirror(t, "main");

    free(test_run(t, "cd work && seq 30 | sed 's/^7$/seven/; /^25$/d' >text "
                     "&& rm gone && printf 'a\\nc' >end && printf '\\0\\2' "
                     ">bin && chmod +x mode && echo 2 >'sp ace' && "
                     "echo 2 >\"$(printf 'q\\t\"\\303\\244')\" && rm type && "
                     "ln -s x type && echo 1 >void && ln -sf x link && "
                     "echo new >n && : >e && printf '\\0' >nb && "
                     "git add -A && git update-index --add --cacheinfo "
                     "160000,2222222222222222222222222222222222222222,sub "
                     "&& git commit -q -m two && git push -q 2>&1"));
    new = test_mirror(t, "main");

    test_ok(t, pm_git_compare(t->mirror, &new, "", t->mirror, &old, "", 1,
                              t->arena, &changes, &n, &t->err));

    for (i = 0; i < n; i++) {
        memset(&a, 0, sizeof(a));
        memset(&b, 0, sizeof(b));

        if (changes[i].old_mode != 0
            && changes[i].old_mode != PM_GIT_MODE_COMMIT)
        {
            test_ok(t, pm_git_blob(t->mirror, &changes[i].old_id, 10000,
                                   t->arena, &a, &size, &t->err));
        }

        if (changes[i].new_mode != 0
            && changes[i].new_mode != PM_GIT_MODE_COMMIT)
        {
            test_ok(t, pm_git_blob(t->mirror, &changes[i].new_id, 10000,
                                   t->arena, &b, &size, &t->err));
        }

        test_ok(t, pm_git_patch(changes[i].path, &changes[i], &a, &b,
                                t->arena, &patch, &t->err));
        assert_int_equal(patch.data[patch.len], '\0');
        pm_buffer_append(&all, patch.data, patch.len);
    }

    expected = test_run(t, "git -C work diff --no-renames --abbrev=7 "
                           "HEAD~ HEAD");
    pm_buffer_string(&all);
    assert_true(all.len > 0);
    all.data[all.len - 1] = '\0';
    assert_string_equal(all.data, expected);

    free(expected);
    pm_buffer_free(&all);
}


static char *
commit_with(test_t *t, const char *parents, const char *message)
{
    return test_run(t, "cd work && c=$(printf '%s' | git commit-tree "
                       "$(git write-tree) $(for p in %s; do echo -p $p; done)"
                       ") && git update-ref refs/heads/main $c && echo $c",
                    message, parents);
}


static void
test_search(void **state)
{
    test_t    *t = *state;
    char      *c1, *c2, *c3, *c4, *merge, *text, parents[128];
    pm_oid_t   head, base, found[4], id;

    static const char  *ids[] = { "one", "two", "three", "subject" };

    c1 = commit_with(t, "", "start");
    c2 = commit_with(t, c1, "a\\n\\nPromotion-Id: one\\nPromoted-By: x\\n");
    snprintf(parents, sizeof(parents), "%s", c1);
    c3 = commit_with(t, parents, "b\\n\\nbody\\n\\nPromotion-Id: two\\r\\n\\n"
                     "Signed-off-by: y\\n");
    snprintf(parents, sizeof(parents), "%s %s", c2, c3);
    merge = commit_with(t, parents, "merge\\n");
    c4 = commit_with(t, merge, "Promotion-Id: subject\\n\\n"
                     "xPromotion-Id: three\\nPromotion-Id: threefold");
    free(test_run(t, "git -C work push -q origin main 2>&1"));
    head = test_mirror(t, "main");

    /* all parents; neither subjects, nor other lines, nor longer ids */

    memset(&base, 0, sizeof(base));
    test_ok(t, pm_git_mirror_search(t->mirror, &head, &base, ids, 4, found,
                                    &t->err));
    pm_oid_parse(&id, c2, 40);
    assert_true(pm_oid_equal(&found[0], &id));
    pm_oid_parse(&id, c3, 40);
    assert_true(pm_oid_equal(&found[1], &id));
    assert_true(pm_oid_is_zero(&found[2]));
    assert_true(pm_oid_is_zero(&found[3]));

    /* what the base leads to is not looked at; the other parent is */

    pm_oid_parse(&base, c2, 40);
    test_ok(t, pm_git_mirror_search(t->mirror, &head, &base, ids, 2, found,
                                    &t->err));
    assert_true(pm_oid_is_zero(&found[0]));
    assert_false(pm_oid_is_zero(&found[1]));

    test_ok(t, pm_git_mirror_search(t->mirror, &head, &head, ids, 2, found,
                                    &t->err));
    assert_true(pm_oid_is_zero(&found[0]) && pm_oid_is_zero(&found[1]));

    /* a base that is not there, or no part of the branch: all of it */

    memset(&base, 0x33, sizeof(base));
    test_ok(t, pm_git_mirror_search(t->mirror, &head, &base, ids, 1, found,
                                    &t->err));
    assert_false(pm_oid_is_zero(&found[0]));

    text = test_run(t, "cd work && c=$(git commit-tree -m other "
                       "$(git write-tree)) && git push -q origin "
                       "$c:refs/heads/other 2>&1 && echo $c");
    base = test_mirror(t, "other");
    free(text);
    test_ok(t, pm_git_mirror_search(t->mirror, &head, &base, ids, 1, found,
                                    &t->err));
    assert_false(pm_oid_is_zero(&found[0]));

    free(c1);
    free(c2);
    free(c3);
    free(c4);
    free(merge);
}


static void
test_find_commit(void **state)
{
    test_t    *t = *state;
    char       hex[41];
    pm_oid_t   first, head, other, tree, found;

    test_commit(t, "echo 1 >x");
    first = test_oid(t, "main");
    test_commit(t, "echo 2 >x");
    free(test_run(t, "cd work && git checkout -q -b side && echo 3 >x && "
                     "git commit -q -a -m side && git push -q origin side "
                     "2>&1"));
    other = test_mirror(t, "side");
    head = test_mirror(t, "main");

    pm_oid_hex(hex, &first);
    test_ok(t, pm_git_mirror_find_commit(t->mirror, &head, hex, &found,
                                         &t->err));
    assert_true(pm_oid_equal(&found, &first));
    hex[7] = '\0';
    test_ok(t, pm_git_mirror_find_commit(t->mirror, &head, hex, &found,
                                         &t->err));
    assert_true(pm_oid_equal(&found, &first));
    pm_oid_hex(hex, &head);
    hex[11] = '\0';
    test_ok(t, pm_git_mirror_find_commit(t->mirror, &head, hex, &found,
                                         &t->err));
    assert_true(pm_oid_equal(&found, &head));

    hex[6] = '\0';
    assert_int_equal(pm_git_mirror_find_commit(t->mirror, &head, hex, &found,
                                               &t->err), PM_INVALID);
    assert_int_equal(pm_git_mirror_find_commit(t->mirror, &head, "zzzzzzz",
                                               &found, &t->err), PM_INVALID);
    assert_int_equal(pm_git_mirror_find_commit(t->mirror, &head, "0123456",
                                               &found, &t->err),
                     PM_NOT_FOUND);
    assert_non_null(strstr(t->err.message, "not found"));

    pm_oid_hex(hex, &other);
    assert_int_equal(pm_git_mirror_find_commit(t->mirror, &head, hex, &found,
                                               &t->err), PM_NOT_FOUND);
    assert_non_null(strstr(t->err.message, "not part of the branch"));

    tree = test_oid(t, "main^{tree}");
    pm_oid_hex(hex, &tree);
    assert_int_equal(pm_git_mirror_find_commit(t->mirror, &head, hex, &found,
                                               &t->err), PM_NOT_FOUND);
}


/* Two commits, and a commit and a blob, whose names begin with the same. */

static const char  test_same[] =
    "use Digest::SHA 'sha1_hex';\n"
    "sub git {\n"
    "  my ($input, @words) = @_;\n"
    "  open my $file, '>', '../input'; print $file $input; close $file;\n"
    "  my $quoted = join ' ', map { \"'$_'\" } @words;\n"
    "  my $output = `git $quoted <../input`;\n"
    "  die if $?; chomp $output; return $output;\n"
    "}\n"
    "my $tree = git('', 'rev-parse', 'HEAD^{tree}');\n"
    "sub commit {\n"
    "  return \"tree $tree\\nauthor A <a> 1 +0000\\n\"\n"
    "    . \"committer A <a> 1 +0000\\n\\n$_[0]\\n\";\n"
    "}\n"
    "sub digits {\n"
    "  my ($kind, $data) = @_;\n"
    "  my $size = length $data;\n"
    "  return substr sha1_hex(\"$kind $size\\0$data\"), 0, 7;\n"
    "}\n"
    "sub put {\n"
    "  my @words = ('hash-object', '-t', 'commit', '-w', '--stdin');\n"
    "  return git(commit(@_), @words);\n"
    "}\n"
    "my ($seen, $i, @twins) = ({}, 0);\n"
    "for (; !@twins; $i++) {\n"
    "  my $d = digits('commit', commit($i));\n"
    "  @twins = ($seen->{$d}, $i) if exists $seen->{$d};\n"
    "  $seen->{$d} = $i;\n"
    "}\n"
    "for ($i = 0; !exists $seen->{digits('blob', $i)}; $i++) { }\n"
    "open my $blob, '>', 'blob'; print $blob $i; close $blob;\n"
    "my @p = map { put($_) } @twins, $seen->{digits('blob', $i)};\n"
    "git('', 'add', 'blob');\n"
    "my $m = git('', 'commit-tree', git('', 'write-tree'), '-m', 'm',\n"
    "  map { ('-p', $_) } @p);\n"
    "git('', 'push', '-q', 'origin', \"$m:refs/heads/same\");\n"
    "print substr($p[0], 0, 7), \" $p[2]\";\n";


/* Seven digits that several objects share: found by a birthday's search. */

static void
test_ambiguous_digits(void **state)
{
    char      *text, *p;
    test_t    *t = *state;
    pm_oid_t   head, expected, found;

    test_commit(t, "echo 1 >x");

    text = test_run(t, "cd work && cat >../same.pl <<'EOF'\n%sEOF\n"
                       "perl ../same.pl", test_same);
    head = test_mirror(t, "same");

    p = strchr(text, ' ');
    assert_non_null(p);
    *p++ = '\0';

    assert_int_equal(pm_git_mirror_find_commit(t->mirror, &head, text, &found,
                                               &t->err), PM_CONFLICT);
    assert_non_null(strstr(t->err.message, "give more digits"));

    /* a blob of the same digits is nobody's commit */

    assert_int_equal(pm_oid_parse(&expected, p, 40), 0);
    p[7] = '\0';
    test_ok(t, pm_git_mirror_find_commit(t->mirror, &head, p, &found,
                                         &t->err));
    assert_true(pm_oid_equal(&found, &expected));

    free(text);
}


static void
test_list(void **state)
{
    size_t           i, n;
    test_t          *t = *state;
    pm_oid_t         head, blob;
    pm_git_named_t  *entries;

    static const struct {
        const char  *name;
        unsigned     mode;
    } expected[] = {
        { "a", PM_GIT_MODE_BLOB }, { "b.txt", PM_GIT_MODE_BLOB },
        { "b", PM_GIT_MODE_TREE }, { "link", PM_GIT_MODE_LINK },
        { "run", PM_GIT_MODE_EXECUTABLE }
    };

    test_commit(t, "mkdir b; echo 1 >b/c; echo 1 >b.txt; echo 1 >a; "
                   "ln -s a link; echo 1 >run; chmod +x run");
    head = test_mirror(t, "main");

    test_ok(t, pm_git_list(t->mirror, &head, t->arena, &entries, &n,
                           &t->err));
    assert_int_equal(n, 5);

    for (i = 0; i < n; i++) {
        assert_string_equal(entries[i].name, expected[i].name);
        assert_int_equal(entries[i].mode, expected[i].mode);
    }

    blob = test_oid(t, "main:a");
    assert_true(pm_oid_equal(&entries[0].id, &blob));

    /* a file is no tree, and a tree may be missing */

    assert_int_not_equal(pm_git_list(t->mirror, &blob, t->arena, &entries,
                                     &n, &t->err), 0);
    assert_int_equal(n, 0);
    memset(&blob, 7, sizeof(blob));
    assert_int_equal(pm_git_list(t->mirror, &blob, t->arena, &entries, &n,
                                 &t->err), PM_UNAVAILABLE);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test_setup_teardown(test_list, test_setup,
                                        test_teardown),
        cmocka_unit_test_setup_teardown(test_compare_folders, test_setup,
                                        test_teardown),
        cmocka_unit_test_setup_teardown(test_compare_file_and_folder,
                                        test_setup, test_teardown),
        cmocka_unit_test_setup_teardown(test_compare_random, test_setup,
                                        test_teardown),
        cmocka_unit_test_setup_teardown(test_two_repositories, test_setup,
                                        test_teardown),
        cmocka_unit_test_setup_teardown(test_hostile_trees, test_setup,
                                        test_teardown),
        cmocka_unit_test_setup_teardown(test_bounds, test_setup,
                                        test_teardown),
        cmocka_unit_test_setup_teardown(test_blob_limit, test_setup,
                                        test_teardown),
        cmocka_unit_test_setup_teardown(test_patches, test_setup,
                                        test_teardown),
        cmocka_unit_test_setup_teardown(test_search, test_setup,
                                        test_teardown),
        cmocka_unit_test_setup_teardown(test_find_commit, test_setup,
                                        test_teardown),
        cmocka_unit_test_setup_teardown(test_ambiguous_digits, test_setup,
                                        test_teardown),
    };

    return cmocka_run_group_tests_name("compare", tests, NULL, NULL);
}
