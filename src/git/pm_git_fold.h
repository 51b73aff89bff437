/*
 * pm_git_fold.h: small packs as they are joined.  Formats: gitformat-pack(5),
 * packs and version 2 indexes.  Inside the git room only.
 */

#ifndef PM_GIT_FOLD_H
#define PM_GIT_FOLD_H


#include "git/pm_git_mirror_internal.h"


/* Bytes of one joining: it is done in a lane's job. */
#define PM_GIT_FOLD_BYTES   (32 * 1024 * 1024)

/* Entries of one joining. */
#define PM_GIT_FOLD_ITEMS   1000000

#define PM_GIT_PACK_HEADER  12

/* What is there is no pack, or no longer the one that was written. */
#define PM_GIT_FOLD_DAMAGED  1


typedef struct {
    char            name[64];    /* pack-<40 digits>, without a suffix */
    int64_t         time;
    size_t          size;
    unsigned char  *data;
    unsigned char  *index;
    size_t          index_size;
    size_t          n;
} pm_git_small_t;


/* An entry of a small pack. */

typedef struct {
    const pm_oid_t  *id;
    uint32_t         pack;
    uint32_t         offset;
    unsigned         skip:1;     /* another pack has it too */
} pm_git_item_t;


/* pm_git_fold_read.c */

/*
 * Reads the pack of that name, and its index; data and index are malloc()ed,
 * and the caller's after a failure too.  0; PM_GIT_FOLD_DAMAGED; -1: it cannot
 * be read now, or has more entries than are joined.
 */
int pm_git_fold_load(int dir, pm_git_small_t *pack);

/* The same for a pack that is in memory: counts its entries. */
int pm_git_fold_check(pm_git_small_t *pack);

/*
 * Compares a pack that was read with the sums at its and its index's end.  0;
 * PM_GIT_FOLD_DAMAGED; -1: SHA-1 is not available.
 */
int pm_git_fold_sound(const pm_git_small_t *pack);

/*
 * All entries by place (malloc()ed).  Of an object that several packs have,
 * the first pack's is taken: then a chain of deltas only leads to the same or
 * to earlier packs, and never in a circle.
 */
int pm_git_fold_items(const pm_git_small_t *packs, size_t n,
    pm_git_item_t **items, size_t *nitems);

/* The order of places, for bsearch(3). */
int pm_git_fold_by_place(const void *one, const void *two);


/* pm_git_fold_write.c: one pack of them all.  0 or -1. */

int pm_git_fold_write(const pm_git_small_t *packs,
    const pm_git_item_t *items, size_t n, pm_buffer_t *out);


/* pm_git_fold_tree.c: whole trees as deltas against earlier versions. */

typedef struct pm_git_fold_trees_s  pm_git_fold_trees_t;

pm_git_fold_trees_t *pm_git_fold_trees_create(void);
void pm_git_fold_trees_destroy(pm_git_fold_trees_t *trees);

/*
 * Appends tree id as a delta, if a version of it has been seen; it is one for
 * those that come later.  deflated: its len bytes, as a pack holds them.  1;
 * 0: nothing was appended, it stays whole; -1: damaged, out of memory.
 */
int pm_git_fold_tree(pm_git_fold_trees_t *trees, const pm_oid_t *id,
    size_t len, const unsigned char *deflated, size_t size,
    pm_buffer_t *out);


#endif /* PM_GIT_FOLD_H */
