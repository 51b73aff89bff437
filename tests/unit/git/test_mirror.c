/*
 * Mirrors: made, brought up to date, kept, folded, cleaned, mended; and never
 * used half-written.
 */

#include "repository.h"
#include "git/pm_git_fold.h"

#include <signal.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <fcntl.h>
#include <pthread.h>


static const char  *main_branch[] = { "refs/heads/main" };


static char *
mirror_path(test_t *t)
{
    return test_run(t, "echo mirrors/*/*.git");
}


static pm_git_change_t
change(const char *path, const pm_oid_t *id)
{
    pm_git_change_t  c;

    memset(&c, 0, sizeof(pm_git_change_t));
    c.path = path;
    c.new_mode = PM_GIT_MODE_BLOB;
    c.new_id = *id;

    return c;
}


/* A commit on head that sets a file; kept in the mirror. */

static int
keep_path(test_t *t, pm_oid_t *head, const char *path, const char *text)
{
    int                  rc;
    pm_oid_t             tree, blob;
    pm_git_change_t      c;
    pm_git_objects_t    *objects;
    pm_git_signature_t   who = { "A", "a@example.org", 1700000000 };

    test_ok(t, pm_git_objects_create(t->mirror, &objects, &t->err));
    blob = test_blob(t, objects, text);
    c = change(path, &blob);

    test_ok(t, pm_git_mirror_tree(t->mirror, head, &tree, &t->err));
    test_ok(t, pm_git_objects_tree(objects, &tree, &c, 1, &tree, &t->err));
    test_ok(t, pm_git_objects_commit(objects, &tree, head, &who, &who, "keep",
                                     head, &t->err));

    rc = pm_git_mirror_keep(t->mirror, objects, "refs/heads/main", head,
                            &t->err);
    pm_git_objects_destroy(objects);

    return rc;
}


static int
keep_one(test_t *t, pm_oid_t *head, const char *text)
{
    return keep_path(t, head, "x", text);
}


static void
check_content(test_t *t, const pm_oid_t *head, const char *path,
    const char *content)
{
    unsigned     mode;
    pm_oid_t     id;
    uint64_t     size;
    pm_string_t  data;

    test_ok(t, pm_git_lookup(t->mirror, head, path, &mode, &id, &t->err));
    test_ok(t, pm_git_blob(t->mirror, &id, 1000, t->arena, &data, &size,
                           &t->err));
    assert_string_equal(data.data, content);
}


static void
test_first_use(void **state)
{
    test_t           *t = *state;
    char             *path, full[256];
    pm_oid_t          head;
    struct stat       st;
    pm_git_mirror_t  *again;

    test_commit(t, "echo 1 >x");
    head = test_mirror(t, "main");
    check_content(t, &head, "x", "1\n");

    path = mirror_path(t);
    snprintf(full, sizeof(full), "%s/%s", t->folder, path);
    assert_int_equal(stat(full, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);

    free(test_run(t, "git -C %s fsck --strict 2>&1", path));
    free(path);

    /* the handle of one job is the next one's, not two jobs' at once */

    again = t->mirror;
    pm_git_mirror_close(t->mirror);
    test_ok(t, pm_git_mirror_open(t->git, &t->url, &t->mirror, &t->err));
    assert_ptr_equal(again, t->mirror);
    test_ok(t, pm_git_mirror_open(t->git, &t->url, &again, &t->err));
    assert_ptr_not_equal(again, t->mirror);
    pm_git_mirror_close(again);
}


static void
test_moved_head(void **state)
{
    test_t           *t = *state;
    pm_oid_t          first, head;
    pm_git_t         *process;
    pm_git_remote_t  *remote;
    pm_git_mirror_t  *mirror, *ours;

    test_commit(t, "echo 1 >x");
    first = test_mirror(t, "main");

    test_commit(t, "echo 2 >x");
    head = test_oid(t, "main");
    assert_int_equal(pm_git_mirror_has(t->mirror, &head), 0);
    assert_int_equal(pm_git_mirror_has(t->mirror, &first), 1);

    /* another process fetches: nothing is fetched here any more */

    test_ok(t, pm_git_create(&t->settings, &process, &t->err));
    test_ok(t, pm_git_mirror_open(process, &t->url, &mirror, &t->err));
    test_ok(t, pm_git_remote_open(process, &t->url, &remote, &t->err));
    test_ok(t, pm_git_mirror_update(mirror, remote, &head,
                                    NULL, main_branch, 1, &t->err));
    pm_git_remote_close(remote);

    free(test_run(t, "mv remote.git away.git"));
    test_ok(t, pm_git_mirror_update(t->mirror, t->remote, &head,
                                    NULL, main_branch, 1, &t->err));
    check_content(t, &head, "x", "2\n");
    free(test_run(t, "mv away.git remote.git"));

    /* ids that no branch has */

    memset(&head, 0x11, sizeof(head));
    assert_int_equal(pm_git_mirror_update(t->mirror, t->remote, &head, NULL,
                                          main_branch, 1, &t->err),
                     PM_CONFLICT);

    ours = t->mirror;
    t->mirror = mirror;
    assert_int_equal(keep_one(t, &first, "kept\n"), 0);
    t->mirror = ours;
    assert_int_equal(pm_git_mirror_has(t->mirror, &first), 1);

    pm_git_mirror_close(mirror);
    pm_git_destroy(process);
}


static void
test_keep(void **state)
{
    test_t    *t = *state;
    char      *path, *text, hex[41];
    pm_oid_t   head;

    test_commit(t, "echo 1 >x");
    head = test_mirror(t, "main");

    test_ok(t, keep_one(t, &head, "2\n"));
    check_content(t, &head, "x", "2\n");

    path = mirror_path(t);
    text = test_run(t, "git -C %s fsck --strict --full >/dev/null 2>&1 && "
                       "git -C %s rev-parse refs/remotes/origin/main",
                    path, path);
    pm_oid_hex(hex, &head);
    assert_string_equal(text, hex);
    free(text);

    /* two packs, no loose object */

    text = test_run(t, "find %s/objects -type f | sed 's/.*[.]//' | sort | "
                       "tr '\\n' ' '", path);
    assert_string_equal(text, "idx idx pack pack ");
    free(text);
    free(path);
}


static void
test_fold(void **state)
{
    int               i;
    test_t           *t = *state;
    char             *path, *text, content[32];
    pm_oid_t          head, middle;
    pm_git_t         *process;
    pm_git_mirror_t  *mirror, *ours;

    test_commit(t, "mkdir d && for i in $(seq 300); do echo $i >d/$i; done; "
                   "echo 1 >x");

    /* deltas by distance, as a fetch brings them */

    for (i = 0; i < 3; i++) {
        test_commit(t, "date +%s%N >d/1$RANDOM; date +%s%N >d/7");
    }

    head = test_mirror(t, "main");
    path = mirror_path(t);

    test_ok(t, pm_git_create(&t->settings, &process, &t->err));
    test_ok(t, pm_git_mirror_open(process, &t->url, &mirror, &t->err));
    ours = t->mirror;

    for (i = 0; i < 120; i++) {
        snprintf(content, sizeof(content), "%d\n", i);
        test_ok(t, keep_one(t, &head, content));

        if (i == 20) {
            /* the other process reads one of the packs that go */

            middle = head;
            t->mirror = mirror;
            check_content(t, &middle, "x", "20\n");
            t->mirror = ours;
        }
    }

    text = test_run(t, "ls %s/objects/pack/*.pack | wc -l", path);
    assert_in_range(atoi(text), 1, 50);
    free(text);
    text = test_run(t, "ls %s/objects/pack | grep -c -v '^pack-.*[.]"
                       "\\(pack\\|idx\\)$'; true", path);
    assert_string_equal(text, "0");
    free(text);

    free(test_run(t, "git -C %s fsck --strict --full --no-dangling 2>&1",
                  path));
    text = test_run(t, "git -C %s log --format=%%H refs/remotes/origin/main | "
                       "wc -l", path);
    assert_string_equal(text, "124");
    free(text);
    free(path);

    check_content(t, &head, "x", "119\n");
    check_content(t, &middle, "x", "20\n");

    t->mirror = mirror;
    check_content(t, &middle, "x", "20\n");
    check_content(t, &head, "x", "119\n");
    assert_int_equal(pm_git_mirror_broken(mirror), 0);
    t->mirror = ours;

    pm_git_mirror_close(mirror);
    pm_git_destroy(process);
}


/* Each pack begins with whole trees: joined, they are deltas. */

static void
test_fold_trees(void **state)
{
    int        i;
    test_t    *t = *state;
    char      *path, *text, file[32], content[32];
    pm_oid_t   head, heads[150];

    test_commit(t, "mkdir d e && for i in $(seq 400); do echo $i >d/$i; "
                   "echo $i >e/$i; done");
    head = test_mirror(t, "main");

    for (i = 0; i < 150; i++) {
        snprintf(file, sizeof(file), "%c/%d", i % 3 ? 'd' : 'e',
                 i * 37 % 400 + 1);
        snprintf(content, sizeof(content), "new %d\n", i);
        test_ok(t, keep_path(t, &head, file, content));
        heads[i] = head;
    }

    path = mirror_path(t);
    free(test_run(t, "git -C %s fsck --strict --full --no-dangling 2>&1",
                  path));

    /* 150 trees of 9 KB each that hardly deflate: 1.3 MB */

    text = test_run(t, "cat %s/objects/pack/*.pack | wc -c", path);
    assert_in_range(atoi(text), 20000, 400000);
    free(text);

    text = test_run(t, "for p in %s/objects/pack/*.idx; do git verify-pack -v "
                       "$p; done | awk '/chain length/ { if ($4 + 0 > m) "
                       "m = $4 + 0 } END { print m }'", path);
    assert_in_range(atoi(text), 10, 100);
    free(text);
    free(path);

    for (i = 0; i < 150; i++) {
        snprintf(file, sizeof(file), "%c/%d", i % 3 ? 'd' : 'e',
                 i * 37 % 400 + 1);
        snprintf(content, sizeof(content), "new %d\n", i);
        check_content(t, &heads[i], file, content);
    }
}


/* A copy of a file with some of its bytes changed, or cut. */

static void
damage(const char *from, const char *to, unsigned *seed)
{
    int    i, n;
    FILE  *f;
    char   data[65536];
    size_t len;

    f = fopen(from, "r");
    assert_non_null(f);
    len = fread(data, 1, sizeof(data), f);
    fclose(f);

    n = rand_r(seed) % 4;

    for (i = 0; i < n; i++) {
        data[(size_t) rand_r(seed) % len] = (char) rand_r(seed);
    }

    if (rand_r(seed) % 8 == 0) {
        len = (size_t) rand_r(seed) % len;
    }

    f = fopen(to, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(data, 1, len, f), len);
    fclose(f);
}


/* Damaged packs and indexes are refused before anything is read past their
 * end (what is left of them, libgit2's indexer finds). */

static void
test_fold_damaged(void **state)
{
    int              i, dir, written;
    char            *path, *name, *text, from[512], to[512], full[256];
    size_t           k, n;
    test_t          *t = *state;
    pm_oid_t         head;
    unsigned         seed;
    pm_buffer_t      out;
    pm_git_item_t   *items;
    pm_git_small_t   packs[2];

    test_commit(t, "mkdir d && for i in $(seq 100); do echo $i >d/$i; done");
    test_commit(t, "echo 2 >d/1; echo 3 >d/2");
    head = test_mirror(t, "main");

    for (i = 0; i < 60; i++) {
        test_ok(t, keep_path(t, &head, "d/7", i % 2 ? "a" : "b"));
    }

    path = mirror_path(t);
    snprintf(full, sizeof(full), "%s/%s/objects/pack", t->folder, path);
    name = test_run(t, "cd %s && ls -S *.pack | head -n 1 | cut -c1-45",
                    full);
    dir = open(full, O_RDONLY|O_DIRECTORY|O_CLOEXEC);
    assert_true(dir >= 0);
    written = 0;

    for (i = 0; i < 3000; i++) {
        seed = (unsigned) i;
        memset(packs, 0, sizeof(packs));
        memset(&out, 0, sizeof(out));
        items = NULL;

        snprintf(packs[0].name, sizeof(packs[0].name), "%s", name);
        snprintf(packs[1].name, sizeof(packs[1].name), "pack-%040d", 1);

        snprintf(from, sizeof(from), "%s/%s.pack", full, name);
        snprintf(to, sizeof(to), "%s/pack-%040d.pack", full, 1);
        damage(from, to, &seed);
        snprintf(from, sizeof(from), "%s/%s.idx", full, name);
        snprintf(to, sizeof(to), "%s/pack-%040d.idx", full, 1);
        damage(from, to, &seed);

        assert_int_equal(pm_git_fold_load(dir, &packs[0]), 0);

        if (pm_git_fold_load(dir, &packs[1]) == 0
            && pm_git_fold_items(packs, 2, &items, &n) == 0
            && pm_git_fold_write(packs, items, n, &out) == 0)
        {
            written++;
        }

        for (k = 0; k < 2; k++) {
            free(packs[k].data);
            free(packs[k].index);
        }

        free(items);
        pm_buffer_free(&out);
    }

    assert_in_range(written, 100, 2900);
    (void) close(dir);

    /* of such packs none is joined, all others are; a sum finds what looks
     * right; one that cannot be read now is left alone */

    free(test_run(t, "cd %s && for i in $(seq 60); do for s in pack idx; do "
                     "cp %s.$s pack-$(printf %%040d $i).$s; done; done; "
                     "cd $OLDPWD && mkdir kept && mv %s/pack-%040d.idx kept "
                     "&& ln -s $PWD/kept/pack-%040d.idx %s",
                  full, name, full, 9, 9, full));
    free(test_run(t, "cd %s && chmod u+w * && : >pack-%040d.pack && "
                     ": >pack-%040d.idx && "
                     "printf '\\125\\252' | dd conv=notrunc bs=1 seek=200 "
                     "of=pack-%040d.pack 2>&1 && "
                     "printf '\\125\\252' | dd conv=notrunc bs=1 seek=1100 "
                     "of=pack-%040d.idx 2>&1 && truncate -s 1064 "
                     "pack-%040d.idx", full, 1, 1, 2, 3, 4));
    snprintf(full, sizeof(full), "%s/%s", t->folder, path);
    test_ok(t, pm_git_fold(full, &t->err));

    for (i = 1; i <= 5; i++) {
        text = test_run(t, "ls %s/objects/pack | grep -c -e -%040d; true",
                        path, i);
        assert_string_equal(text, "0");
        free(text);
    }

    text = test_run(t, "ls %s/objects/pack | grep -c -e -%040d; true", path,
                    9);
    assert_string_equal(text, "2");
    free(text);
    text = test_run(t, "ls %s/objects/pack/*.pack | wc -l", path);
    assert_in_range(atoi(text), 2, 50);
    free(text);

    test_ok(t, keep_path(t, &head, "d/7", "after\n"));
    check_content(t, &head, "d/7", "after\n");

    free(test_run(t, "git -C %s fsck --strict --full --no-dangling 2>&1",
                  path));
    free(path);
    free(name);
}


/* A power failure has emptied a pack that is not the head's: the folder does
 * not grow for ever, and what is missing comes back. */

static void
test_fold_emptied(void **state)
{
    int        i;
    test_t    *t = *state;
    char      *path, *text, *name, content[32];
    pm_oid_t   head;

    test_commit(t, "echo 1 >x; echo y >y");
    head = test_mirror(t, "main");
    path = mirror_path(t);
    name = NULL;

    for (i = 0; i < 120; i++) {
        snprintf(content, sizeof(content), "%d\n", i);
        test_ok(t, keep_one(t, &head, content));

        if (i == 10) {
            name = test_run(t, "ls -t %s/objects/pack/*.pack | head -n 1 | "
                               "sed 's/[.]pack$//'", path);
        }

        if (i == 19) {
            free(test_run(t, "for s in pack idx; do : >n; mv -f n %s.$s; "
                             "done", name));

            pm_git_mirror_close(t->mirror);
            pm_git_remote_close(t->remote);
            pm_git_destroy(t->git);
            test_ok(t, pm_git_create(&t->settings, &t->git, &t->err));
            test_ok(t, pm_git_mirror_open(t->git, &t->url, &t->mirror,
                                          &t->err));
            test_ok(t, pm_git_remote_open(t->git, &t->url, &t->remote,
                                          &t->err));
        }
    }

    text = test_run(t, "ls %s/objects/pack/*.pack | wc -l", path);
    assert_in_range(atoi(text), 1, 50);
    free(text);
    text = test_run(t, "find %s/objects/pack -empty", path);
    assert_string_equal(text, "");
    free(text);
    check_content(t, &head, "x", "119\n");

    test_commit(t, "echo 2 >x");
    head = test_mirror(t, "main");
    check_content(t, &head, "x", "2\n");
    check_content(t, &head, "y", "y\n");

    free(test_run(t, "git -C %s fsck --strict --full --no-dangling 2>&1",
                  path));
    free(name);
    free(path);
}


static void
test_leftovers(void **state)
{
    test_t    *t = *state;
    char      *path, *text;
    pm_oid_t   head;

    test_commit(t, "echo 1 >x");
    head = test_mirror(t, "main");
    path = mirror_path(t);

    free(test_run(t, "cd %s && touch HEAD.lock packed-refs.lock config.lock "
                     "refs/remotes/origin/main.lock objects/pack/tmp_pack_1 "
                     "objects/pack/pack_git2_0123 objects/pack/a.idx.lock && "
                     "cp objects/pack/*.idx objects/pack/pack-"
                     "1111111111111111111111111111111111111111.idx && "
                     "cp objects/pack/*.pack objects/pack/pack-"
                     "2222222222222222222222222222222222222222.pack && "
                     "mkdir ../$(basename %s).new ../$(basename %s).old && "
                     "touch ../$(basename %s).new/x && "
                     "mkdir objects/tmp_store && touch objects/tmp_store/x",
                  path, path, path, path));

    test_ok(t, keep_one(t, &head, "2\n"));

    text = test_run(t, "find mirrors -name '*.lock' -o -name '*git2*' -o "
                       "-name 'tmp*' -o -name '*1111111*' -o -name "
                       "'*2222222*' -o -name '*.new' -o -name '*.old'");
    assert_string_equal(text, "");
    free(text);
    free(path);

    test_commit(t, "echo 3 >x");
    head = test_mirror(t, "main");
    check_content(t, &head, "x", "3\n");
}


static void
test_lock_held(void **state)
{
    int        fd;
    test_t    *t = *state;
    char      *text, path[300];
    pm_oid_t   head;

    test_commit(t, "echo 1 >x");
    (void) test_mirror(t, "main");
    test_commit(t, "echo 2 >x");
    head = test_oid(t, "main");

    text = test_run(t, "ls -d mirrors/*/*.flock");
    snprintf(path, sizeof(path), "%s/%s", t->folder, text);
    free(text);

    fd = open(path, O_RDWR|O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(flock(fd, LOCK_EX), 0);

    t->settings.timeout = 100;
    assert_int_equal(pm_git_mirror_update(t->mirror, t->remote, &head, NULL,
                                          main_branch, 1, &t->err),
                     PM_TIMEOUT);
    t->settings.timeout = 20000;

    close(fd);
    test_ok(t, pm_git_mirror_update(t->mirror, t->remote, &head,
                                    NULL, main_branch, 1, &t->err));
}


/* Every way to lose objects ends in a mirror that works. */

static void
test_broken_mirror(void **state)
{
    size_t            i;
    test_t           *t = *state;
    char             *path;
    pm_oid_t          head;
    pm_git_t         *process;
    pm_git_remote_t  *remote;

    static const char  *faults[] = {
        "rm -f objects/pack/*",
        "rm -rf objects",
        "echo garbage >HEAD",
        "for f in objects/pack/*.pack; do head -c 60 $f >n; mv -f n $f; done",
        "for f in objects/pack/*.pack; do cp $f n; chmod 600 n; printf "
            "'%%0100d' 0 | dd of=n bs=1 seek=30 conv=notrunc 2>/dev/null; "
            "mv -f n $f; done",
        "for f in objects/pack/*.idx; do : >n; mv -f n $f; done",
        ": >refs/remotes/origin/main; : >refs/remotes/origin/other",
        "cd .. && rm -rf *.git",
        "cd .. && rm -rf *.git && touch $(basename $OLDPWD)"
    };

    process = t->git;

    for (i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
        test_commit(t, "date +%s%N >x; echo y >y");
        head = test_mirror(t, "main");
        path = test_run(t, "ls -d mirrors/*/*.git");
        free(test_run(t, "cd %s && { %s\n}", path, faults[i]));
        free(path);

        /* as another process, that has nothing open */

        pm_git_mirror_close(t->mirror);
        pm_git_remote_close(t->remote);
        pm_git_destroy(process);

        test_ok(t, pm_git_create(&t->settings, &process, &t->err));
        t->git = process;

        test_ok(t, pm_git_mirror_open(process, &t->url, &t->mirror, &t->err));
        test_ok(t, pm_git_remote_open(process, &t->url, &remote, &t->err));
        t->remote = remote;

        if (pm_git_mirror_update(t->mirror, remote, &head,
                                 NULL, main_branch, 1, &t->err) != 0)
        {
            fail_msg("%s: %s", faults[i], t->err.message);
        }

        check_content(t, &head, "y", "y\n");
    }
}


/* An object deep in a tree: found missing by a reader. */

static void
test_missing_object(void **state)
{
    test_t       *t = *state;
    char         *path;
    unsigned      mode;
    pm_oid_t      head, id;
    uint64_t      size;
    pm_string_t   data;

    test_commit(t, "echo 1 >x; echo y >y");
    head = test_mirror(t, "main");
    path = mirror_path(t);

    free(test_run(t, "cd %s && b=$(git rev-parse refs/remotes/origin/main:y) "
                     "&& git rev-list --objects --all | cut -c1-40 | "
                     "grep -v $b | git pack-objects -q objects/pack/pack && "
                     "rm $(ls -t objects/pack/* | tail -n 2)", path));
    free(path);

    pm_git_mirror_close(t->mirror);
    t->mirror = NULL;

    pm_git_remote_close(t->remote);
    t->remote = NULL;
    pm_git_destroy(t->git);
    test_ok(t, pm_git_create(&t->settings, &t->git, &t->err));

    (void) test_mirror(t, "main");
    test_ok(t, pm_git_lookup(t->mirror, &head, "y", &mode, &id, &t->err));
    assert_int_equal(pm_git_blob(t->mirror, &id, 10, t->arena, &data, &size,
                                 &t->err), PM_UNAVAILABLE);
    assert_int_equal(pm_git_mirror_broken(t->mirror), 1);

    (void) test_mirror(t, "main");
    assert_int_equal(pm_git_mirror_broken(t->mirror), 0);
    check_content(t, &head, "y", "y\n");
}


/* A remote that lacks an object is not fetched whole at every try. */

static void
test_incomplete_remote(void **state)
{
    test_t           *t = *state;
    unsigned          mode;
    pm_oid_t          head, id;
    uint64_t          size;
    pm_string_t       data;

    test_commit(t, "echo 1 >x; echo y >y");
    head = test_mirror(t, "main");
    test_ok(t, pm_git_lookup(t->mirror, &head, "y", &mode, &id, &t->err));

    memset(&id, 0x22, sizeof(id));
    assert_int_equal(pm_git_blob(t->mirror, &id, 10, t->arena, &data, &size,
                                 &t->err), PM_UNAVAILABLE);
    test_ok(t, pm_git_mirror_update(t->mirror, t->remote, &head,
                                    NULL, main_branch, 1, &t->err));
    assert_int_equal(pm_git_blob(t->mirror, &id, 10, t->arena, &data, &size,
                                 &t->err), PM_UNAVAILABLE);
    assert_int_equal(pm_git_mirror_update(t->mirror, t->remote, &head, NULL,
                                          main_branch, 1, &t->err),
                     PM_REMOTE);

    /* and what it has is served again */

    test_ok(t, pm_git_mirror_update(t->mirror, t->remote, &head,
                                    NULL, main_branch, 1, &t->err));
    check_content(t, &head, "y", "y\n");
}


/* Another process rebuilt the mirror, without the branch that is read here:
 * a fetch mends that, nothing is rebuilt again, and what builds on the old
 * one is not kept. */

static void
test_rebuilt_elsewhere(void **state)
{
    int               i;
    test_t           *t = *state;
    unsigned          mode;
    pm_oid_t          head, other, id;
    uint64_t          size;
    pm_git_t         *process;
    pm_string_t       data;
    pm_git_mirror_t  *mirror;
    pm_git_remote_t  *remote;

    test_commit(t, "mkdir d; echo 1 >x; echo main >d/y");
    free(test_run(t, "cd work && git checkout -q --orphan other && "
                     "git rm -q -r -f . && echo o >o && git add -A && "
                     "git commit -q -m other && git push -q origin other 2>&1 "
                     "&& git checkout -q main"));
    other = test_oid(t, "other");
    head = test_mirror(t, "main");

    test_ok(t, pm_git_create(&t->settings, &process, &t->err));
    test_ok(t, pm_git_mirror_open(process, &t->url, &mirror, &t->err));
    test_ok(t, pm_git_remote_open(process, &t->url, &remote, &t->err));

    for (i = 0; i < 2; i++) {
        static const char  *branches[] = { "refs/heads/other" };

        if (i == 0) {
            test_ok(t, pm_git_mirror_rebuild(mirror, remote, branches, 1,
                                             &t->err));
        } else {
            assert_int_equal(pm_git_mirror_rebuild(mirror, remote, branches,
                                                   1, &t->err), PM_REMOTE);
        }
    }

    assert_int_equal(pm_git_mirror_has(mirror, &other), 1);
    assert_int_equal(pm_git_mirror_has(mirror, &head), 0);

    pm_git_mirror_close(mirror);
    pm_git_remote_close(remote);
    pm_git_destroy(process);

    id = head;
    assert_int_equal(keep_one(t, &id, "2\n"), PM_UNAVAILABLE);

    memset(&id, 0x44, sizeof(id));
    assert_int_equal(pm_git_blob(t->mirror, &id, 10, t->arena, &data, &size,
                                 &t->err), PM_UNAVAILABLE);
    assert_int_equal(pm_git_lookup(t->mirror, &head, "d/y", &mode, &id,
                                   &t->err), PM_UNAVAILABLE);
    assert_int_equal(pm_git_mirror_broken(t->mirror), 1);

    (void) test_mirror(t, "main");
    check_content(t, &head, "d/y", "main\n");
    assert_int_equal(pm_git_mirror_has(t->mirror, &other), 1);
}


static void
test_branch_becomes_folder(void **state)
{
    test_t      *t = *state;
    pm_oid_t     head;
    const char  *branches[1];

    test_commit(t, "echo 1 >x");
    free(test_run(t, "git -C remote.git branch a main"));
    head = test_mirror(t, "a");

    free(test_run(t, "git -C remote.git branch -D a"));
    test_commit(t, "echo 2 >x");
    free(test_run(t, "git -C remote.git branch a/b main"));

    head = test_oid(t, "refs/heads/a/b");
    branches[0] = "refs/heads/a/b";
    test_ok(t, pm_git_mirror_update(t->mirror, t->remote, &head,
                                    NULL, branches, 1, &t->err));
    check_content(t, &head, "x", "2\n");
}


/* No room: a clear answer, and nothing half-written that is used. */

static void
test_disk_full(void **state)
{
    int             rc;
    test_t         *t = *state;
    char           *path;
    pm_oid_t        first, head;
    struct rlimit   limit, none;

    test_commit(t, "head -c 300000 /dev/urandom >big; echo 1 >x");
    first = test_mirror(t, "main");
    test_commit(t, "head -c 300000 /dev/urandom >big");
    head = test_oid(t, "main");

    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &none);
    limit = none;
    limit.rlim_cur = 1000;
    setrlimit(RLIMIT_FSIZE, &limit);

    rc = pm_git_mirror_update(t->mirror, t->remote, &head,
                              NULL, main_branch, 1, &t->err);
    limit.rlim_cur = 100;
    setrlimit(RLIMIT_FSIZE, &limit);
    head = first;
    assert_int_equal(keep_one(t, &head, "2\n"), PM_UNAVAILABLE);

    setrlimit(RLIMIT_FSIZE, &none);
    assert_int_equal(rc, PM_UNAVAILABLE);

    path = mirror_path(t);
    free(test_run(t, "git -C %s fsck --strict --full 2>&1", path));
    free(path);

    check_content(t, &first, "x", "1\n");
    head = test_mirror(t, "main");
    check_content(t, &head, "x", "1\n");
    test_ok(t, keep_one(t, &head, "2\n"));
    check_content(t, &head, "x", "2\n");
}


/* Two processes and several threads on one mirror. */

typedef struct {
    test_t    *t;
    pm_git_t  *git;
    int        failed;
    char       message[1024];
} worker_t;


static void *
worker(void *data)
{
    int                  i, rc;
    char                 text[64];
    pm_oid_t             head, tree, blob;
    worker_t            *w = data;
    pm_error_t           err;
    pm_git_change_t      c;
    pm_git_mirror_t     *mirror;
    pm_git_remote_t     *remote;
    pm_git_objects_t    *objects;
    pm_git_signature_t   who = { "A", "a@example.org", 1700000000 };

    rc = pm_git_remote_open(w->git, &w->t->url, &remote, &err);

    for (i = 0; rc == 0 && i < 40; i++) {
        head = *(pm_oid_t *) w->t->mirrors;

        rc = pm_git_mirror_open(w->git, &w->t->url, &mirror, &err);
        if (rc != 0) {
            break;
        }

        rc = pm_git_mirror_update(mirror, remote, &head, NULL, main_branch, 1,
                                  &err);

        if (rc == 0) {
            rc = pm_git_objects_create(mirror, &objects, &err);
        }

        if (rc == 0) {
            snprintf(text, sizeof(text), "%p %d\n", (void *) w, i);

            if ((rc = pm_git_objects_blob(objects, text, strlen(text), &blob,
                                          &err)) == 0
                && (rc = pm_git_mirror_tree(mirror, &head, &tree, &err)) == 0)
            {
                c = change("x", &blob);
                rc = pm_git_objects_tree(objects, &tree, &c, 1, &tree, &err);
            }

            if (rc == 0) {
                rc = pm_git_objects_commit(objects, &tree, &head, &who, &who,
                                           text, &head, &err);
            }

            if (rc == 0) {
                rc = pm_git_mirror_keep(mirror, objects, "main", &head, &err);

                /* busy: that only costs a fetch */
                rc = rc == PM_TIMEOUT ? 0 : rc;
            }

            pm_git_objects_destroy(objects);
        }

        pm_git_mirror_close(mirror);
    }

    if (rc != 0) {
        w->failed = rc;
        memcpy(w->message, err.message, sizeof(w->message));
    }

    pm_git_remote_close(remote);

    return NULL;
}


static void
test_many_at_once(void **state)
{
    int         i;
    char       *path;
    test_t     *t = *state;
    test_t      shared;
    pm_oid_t    head;
    pm_git_t   *process;
    worker_t    workers[4];
    pthread_t   threads[4];

    test_commit(t, "for i in $(seq 100); do echo $i >f$i; done; echo 1 >x");
    head = test_oid(t, "main");

    shared = *t;
    memcpy(shared.mirrors, &head, sizeof(head));

    test_ok(t, pm_git_create(&t->settings, &process, &t->err));

    for (i = 0; i < 4; i++) {
        memset(&workers[i], 0, sizeof(worker_t));
        workers[i].t = &shared;
        workers[i].git = i % 2 ? t->git : process;
        assert_int_equal(pthread_create(&threads[i], NULL, worker,
                                        &workers[i]), 0);
    }

    for (i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);

        if (workers[i].failed) {
            fail_msg("%d: %s", workers[i].failed, workers[i].message);
        }
    }

    pm_git_destroy(process);

    path = mirror_path(t);
    free(test_run(t, "git -C %s fsck --strict --full --no-dangling 2>&1",
                  path));
    free(path);
}


static int
writable(test_t *t, const char *path)
{
    char  full[256];

    snprintf(full, sizeof(full), "%s/%s", t->folder, path);

    return pm_git_mirrors_writable(full);
}


/* What health says of them: the folder is made by the first job. */

static void
test_writable(void **state)
{
    test_t  *t = *state;

    free(test_run(t, "mkdir -p w/private; touch w/file;"
                     " ln -s nowhere w/nowhere; ln -s private w/link;"
                     " chmod 500 w/private"));

    assert_int_equal(writable(t, "w"), 1);
    assert_int_equal(writable(t, "w/"), 1);
    assert_int_equal(writable(t, "w/a/b/c"), 1);
    assert_int_equal(writable(t, "w/a/"), 1);
    assert_int_equal(writable(t, "w/file"), 0);
    assert_int_equal(writable(t, "w/file/a"), 0);
    assert_int_equal(writable(t, "w/nowhere"), 0);
    assert_int_equal(writable(t, "w/nowhere/a"), 0);

    /* root may */

    assert_int_equal(writable(t, "w/private"), geteuid() == 0);
    assert_int_equal(writable(t, "w/link/a"), geteuid() == 0);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test_setup_teardown(test_first_use, test_setup,
                                        test_teardown),
        cmocka_unit_test_setup_teardown(test_moved_head, test_setup,
                                        test_teardown),
        cmocka_unit_test_setup_teardown(test_keep, test_setup,
                                        test_teardown),
        cmocka_unit_test_setup_teardown(test_fold, test_setup,
                                        test_teardown),
        cmocka_unit_test_setup_teardown(test_fold_trees, test_setup,
                                        test_teardown),
        cmocka_unit_test_setup_teardown(test_fold_damaged, test_setup,
                                        test_teardown),
        cmocka_unit_test_setup_teardown(test_fold_emptied, test_setup,
                                        test_teardown),
        cmocka_unit_test_setup_teardown(test_leftovers, test_setup,
                                        test_teardown),
        cmocka_unit_test_setup_teardown(test_lock_held, test_setup,
                                        test_teardown),
        cmocka_unit_test_setup_teardown(test_broken_mirror, test_setup,
                                        test_teardown),
        cmocka_unit_test_setup_teardown(test_missing_object, test_setup,
                                        test_teardown),
        cmocka_unit_test_setup_teardown(test_incomplete_remote, test_setup,
                                        test_teardown),
        cmocka_unit_test_setup_teardown(test_rebuilt_elsewhere, test_setup,
                                        test_teardown),
        cmocka_unit_test_setup_teardown(test_branch_becomes_folder,
                                        test_setup, test_teardown),
        cmocka_unit_test_setup_teardown(test_writable, test_setup,
                                        test_teardown),
        cmocka_unit_test_setup_teardown(test_disk_full, test_setup,
                                        test_teardown),
        cmocka_unit_test_setup_teardown(test_many_at_once, test_setup,
                                        test_teardown),
    };

    return cmocka_run_group_tests_name("mirror", tests, NULL, NULL);
}
