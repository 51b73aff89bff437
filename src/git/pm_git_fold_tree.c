/*
 * Each pack that is kept begins with whole trees: what they have in common
 * with earlier versions is found here, entry by entry.  Versions of a folder
 * find each other by some of their entries: those are seldom all changed.
 */

#include "git/pm_git_delta.h"
#include "git/pm_git_fold.h"
#include "git/pm_git_objects_internal.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>


#define PM_GIT_FOLD_SLOTS   16384    /* a power of two */
#define PM_GIT_FOLD_MARKS   5
#define PM_GIT_FOLD_MEMORY  (64 * 1024 * 1024)


/* A tree that has been written. */

typedef struct {
    pm_oid_t        id;
    unsigned char  *data;
    size_t          len;
    unsigned        depth;
    unsigned        refs;        /* slots that name it */
} pm_git_version_t;


struct pm_git_fold_trees_s {
    pm_git_version_t  *slots[PM_GIT_FOLD_SLOTS];
    size_t             memory;
};


static int pm_git_fold_inflate(pm_git_version_t *tree,
    const unsigned char *deflated, size_t size);
static void pm_git_fold_marks(const pm_git_version_t *tree,
    size_t marks[PM_GIT_FOLD_MARKS]);
static int pm_git_fold_delta(pm_git_version_t *tree,
    const pm_git_version_t *base, pm_buffer_t *out);
static void pm_git_fold_difference(const pm_git_version_t *tree,
    const pm_git_version_t *base, pm_buffer_t *delta);
static void pm_git_fold_forget(pm_git_fold_trees_t *trees,
    pm_git_version_t *tree);


pm_git_fold_trees_t *
pm_git_fold_trees_create(void)
{
    return calloc(1, sizeof(pm_git_fold_trees_t));
}


void
pm_git_fold_trees_destroy(pm_git_fold_trees_t *trees)
{
    size_t  i;

    for (i = 0; i < PM_GIT_FOLD_SLOTS; i++) {
        pm_git_fold_forget(trees, trees->slots[i]);
    }

    free(trees);
}


int
pm_git_fold_tree(pm_git_fold_trees_t *trees, const pm_oid_t *id, size_t len,
    const unsigned char *deflated, size_t size, pm_buffer_t *out)
{
    int                rc;
    size_t             i, marks[PM_GIT_FOLD_MARKS];
    pm_git_version_t  *tree, *base;

    if (len == 0 || len > PM_GIT_TREE_LIMIT) {
        return 0;
    }

    tree = calloc(1, sizeof(pm_git_version_t));
    if (tree == NULL) {
        return -1;
    }

    tree->id = *id;
    tree->len = len;
    tree->data = malloc(len);
    tree->refs = 1;
    trees->memory += len;

    rc = pm_git_fold_inflate(tree, deflated, size);
    base = NULL;

    if (rc == 0) {
        pm_git_fold_marks(tree, marks);

        for (i = 0; i < PM_GIT_FOLD_MARKS && base == NULL; i++) {
            base = trees->slots[marks[i]];
        }

        rc = base != NULL ? pm_git_fold_delta(tree, base, out) : 0;
    }

    if (rc >= 0 && trees->memory <= PM_GIT_FOLD_MEMORY) {
        for (i = 0; i < PM_GIT_FOLD_MARKS; i++) {
            pm_git_fold_forget(trees, trees->slots[marks[i]]);
            trees->slots[marks[i]] = tree;
            tree->refs++;
        }
    }

    pm_git_fold_forget(trees, tree);

    return rc;
}


static void
pm_git_fold_forget(pm_git_fold_trees_t *trees, pm_git_version_t *tree)
{
    if (tree == NULL || --tree->refs > 0) {
        return;
    }

    trees->memory -= tree->len;
    free(tree->data);
    free(tree);
}


static int
pm_git_fold_inflate(pm_git_version_t *tree, const unsigned char *deflated,
    size_t size)
{
    uLongf  len;

    if (tree->data == NULL) {
        return -1;
    }

    len = (uLongf) tree->len;

    return uncompress(tree->data, &len, deflated, (uLong) size) == Z_OK
           && len == tree->len ? 0 : -1;
}


/* The first entry, the last, and some in between, as slots. */

static void
pm_git_fold_marks(const pm_git_version_t *tree,
    size_t marks[PM_GIT_FOLD_MARKS])
{
    size_t                i, k, n;
    uint64_t              hash;
    pm_git_entry_t        entry;
    const unsigned char  *p, *s, *end;

    p = tree->data;
    end = tree->data + tree->len;

    for (n = 0; pm_git_tree_next(&p, end, &entry) == 1; n++) { /* void */ }

    memset(marks, 0, PM_GIT_FOLD_MARKS * sizeof(size_t));

    p = tree->data;
    k = 0;

    for (i = 0; i < n && pm_git_tree_next(&p, end, &entry) == 1; i++) {

        if (i != (n - 1) * k / (PM_GIT_FOLD_MARKS - 1)) {
            continue;
        }

        hash = 0xcbf29ce484222325;               /* FNV-1a */

        for (s = entry.start; s < p; s++) {
            hash = (hash ^ *s) * 0x100000001b3;
        }

        /* of few entries, one may be several */

        while (k < PM_GIT_FOLD_MARKS
               && i == (n - 1) * k / (PM_GIT_FOLD_MARKS - 1))
        {
            marks[k++] = (size_t) (hash ^ hash >> 32)
                         & (PM_GIT_FOLD_SLOTS - 1);
        }
    }
}


static int
pm_git_fold_delta(pm_git_version_t *tree, const pm_git_version_t *base,
    pm_buffer_t *out)
{
    int           rc;
    char         *packed;
    uLongf        size;
    size_t        rest;
    unsigned      byte;
    pm_buffer_t   delta = {0};

    if (base->depth >= PM_GIT_DELTA_DEPTH
        || pm_oid_equal(&base->id, &tree->id))
    {
        return 0;
    }

    pm_git_fold_difference(tree, base, &delta);

    rc = 0;
    size = compressBound((uLong) delta.len);
    packed = delta.failed ? NULL : malloc(size);

    if (packed == NULL
        || compress((Bytef *) packed, &size, (Bytef *) delta.data,
                    (uLong) delta.len) != Z_OK)
    {
        rc = -1;

    } else if (delta.len < tree->len / 2) {
        rc = 1;
        tree->depth = base->depth + 1;

        byte = GIT_OBJECT_REF_DELTA << 4 | (unsigned) (delta.len & 0x0f);

        for (rest = delta.len >> 4; rest > 0; rest >>= 7) {
            pm_buffer_putc(out, (char) (byte | 0x80));
            byte = (unsigned) (rest & 0x7f);
        }

        pm_buffer_putc(out, (char) byte);
        pm_buffer_append(out, base->id.id, PM_GIT_OID_SIZE);
        pm_buffer_append(out, packed, size);
    }

    free(packed);
    pm_buffer_free(&delta);

    return rc;
}


/* Runs of equal entries are copied, the others inserted. */

static void
pm_git_fold_difference(const pm_git_version_t *tree,
    const pm_git_version_t *base, pm_buffer_t *delta)
{
    int                   more, order;
    pm_git_entry_t        new, old;
    const unsigned char  *p, *q, *end, *old_end, *from, *to, *literal;

    p = literal = tree->data;
    end = tree->data + tree->len;
    q = from = to = base->data;
    old_end = base->data + base->len;

    pm_git_delta_start(delta, base->len, tree->len);

    more = pm_git_tree_next(&q, old_end, &old);

    while (pm_git_tree_next(&p, end, &new) == 1) {

        order = 1;

        while (more == 1
               && (order = pm_git_tree_order(old.name, old.len,
                                             old.mode == PM_GIT_MODE_TREE,
                                             new.name, new.len,
                                             new.mode == PM_GIT_MODE_TREE))
                  < 0)
        {
            more = pm_git_tree_next(&q, old_end, &old);
        }

        if (more != 1 || order != 0 || p - new.start != q - old.start
            || memcmp(new.start, old.start, (size_t) (p - new.start)) != 0)
        {
            continue;
        }

        if (literal != new.start || to != old.start) {
            pm_git_delta_copy(delta, (size_t) (from - base->data),
                              (size_t) (to - from));
            pm_git_delta_insert(delta, literal,
                                (size_t) (new.start - literal));
            from = old.start;
        }

        to = q;
        literal = p;
    }

    pm_git_delta_copy(delta, (size_t) (from - base->data),
                      (size_t) (to - from));
    pm_git_delta_insert(delta, literal, (size_t) (end - literal));
}
