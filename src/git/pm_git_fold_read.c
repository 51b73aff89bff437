#include "git/pm_git_fold.h"
#include "base/pm_hash.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>


#define PM_GIT_INDEX_FANOUT  (8 + 255 * 4)
#define PM_GIT_INDEX_IDS     (8 + 256 * 4)


static int
pm_git_fold_read(int dir, const char *name, const char *suffix,
    unsigned char **data, size_t *len)
{
    int          fd;
    char         file[80];
    size_t       done;
    ssize_t      n;
    struct stat  st;

    (void) snprintf(file, sizeof(file), "%s%s", name, suffix);

    fd = openat(dir, file, O_RDONLY|O_NOFOLLOW|O_CLOEXEC);
    if (fd == -1) {
        return -1;
    }

    n = -1;
    done = 0;

    if (fstat(fd, &st) == 0 && st.st_size <= 2 * PM_GIT_FOLD_BYTES
        && (*data = malloc((size_t) st.st_size + 1)) != NULL)
    {
        do {
            n = read(fd, *data + done, (size_t) st.st_size - done);
            done += n > 0 ? (size_t) n : 0;
        } while (n > 0);
    }

    (void) close(fd);
    *len = done;

    return n == 0 && done == (size_t) st.st_size ? 0 : -1;
}


static uint32_t
pm_git_fold_number(const unsigned char *p)
{
    return (uint32_t) p[0] << 24 | (uint32_t) p[1] << 16
           | (uint32_t) p[2] << 8 | p[3];
}


int
pm_git_fold_load(int dir, pm_git_small_t *pack)
{
    if (pm_git_fold_read(dir, pack->name, ".pack", &pack->data, &pack->size)
        != 0
        || pm_git_fold_read(dir, pack->name, ".idx", &pack->index,
                            &pack->index_size) != 0)
    {
        return -1;
    }

    return pm_git_fold_check(pack);
}


int
pm_git_fold_check(pm_git_small_t *pack)
{
    if (pack->size < PM_GIT_PACK_HEADER + PM_SHA1_SIZE
        || memcmp(pack->data, "PACK\0\0\0\2", 8) != 0
        || pack->index_size < PM_GIT_INDEX_IDS + 2 * PM_SHA1_SIZE
        || memcmp(pack->index, "\377tOc\0\0\0\2", 8) != 0)
    {
        return PM_GIT_FOLD_DAMAGED;
    }

    pack->n = pm_git_fold_number(pack->index + PM_GIT_INDEX_FANOUT);

    /* name, CRC and offset each; no large offsets in a small pack */

    if (pack->n > pack->index_size
        || pack->index_size != PM_GIT_INDEX_IDS
                               + pack->n * (PM_GIT_OID_SIZE + 8)
                               + 2 * PM_SHA1_SIZE)
    {
        return PM_GIT_FOLD_DAMAGED;
    }

    return pack->n <= PM_GIT_FOLD_ITEMS ? 0 : -1;
}


int
pm_git_fold_sound(const pm_git_small_t *pack)
{
    int                   rc;
    size_t                len;
    pm_hash_t            *hash;
    unsigned char         digests[2][PM_SHA1_SIZE];
    const unsigned char  *sums;

    hash = pm_hash_create(PM_SHA1);
    if (hash == NULL) {
        return -1;
    }

    /* an index ends with the sum of its pack and the sum of all before */

    len = pack->index_size - PM_SHA1_SIZE;
    sums = pack->index + len - PM_SHA1_SIZE;

    rc = pm_hash_update(hash, pack->data, pack->size - PM_SHA1_SIZE) == 0
         && pm_hash_final(hash, digests[0]) == 0
         && pm_hash_update(hash, pack->index, len) == 0
         && pm_hash_final(hash, digests[1]) == 0 ? 0 : -1;

    pm_hash_destroy(hash);

    if (rc != 0) {
        return -1;
    }

    return memcmp(sums, digests, sizeof(digests)) == 0
           && memcmp(pack->data + pack->size - PM_SHA1_SIZE, digests[0],
                     PM_SHA1_SIZE) == 0
           ? 0 : PM_GIT_FOLD_DAMAGED;
}


static int
pm_git_fold_by_id(const void *one, const void *two)
{
    int                   rc;
    const pm_git_item_t  *a = one, *b = two;

    rc = memcmp(a->id, b->id, sizeof(pm_oid_t));

    return rc != 0 ? rc : (a->pack > b->pack) - (a->pack < b->pack);
}


int
pm_git_fold_by_place(const void *one, const void *two)
{
    const pm_git_item_t  *a = one, *b = two;

    if (a->pack != b->pack) {
        return a->pack < b->pack ? -1 : 1;
    }

    return (a->offset > b->offset) - (a->offset < b->offset);
}


int
pm_git_fold_items(const pm_git_small_t *packs, size_t n,
    pm_git_item_t **items, size_t *nitems)
{
    size_t                i, k, total;
    pm_git_item_t        *item;
    const unsigned char  *ids, *offsets;

    total = 0;

    for (i = 0; i < n; i++) {
        total += packs[i].n;
    }

    if (total == 0 || total > PM_GIT_FOLD_ITEMS) {
        return -1;
    }

    *items = calloc(total, sizeof(pm_git_item_t));
    if (*items == NULL) {
        return -1;
    }

    item = *items;
    *nitems = total;

    for (i = 0; i < n; i++) {
        ids = packs[i].index + PM_GIT_INDEX_IDS;
        offsets = ids + packs[i].n * (PM_GIT_OID_SIZE + 4);

        for (k = 0; k < packs[i].n; k++, item++) {
            item->id = (const pm_oid_t *) (ids + k * PM_GIT_OID_SIZE);
            item->pack = (uint32_t) i;
            item->offset = pm_git_fold_number(offsets + k * 4);
        }
    }

    qsort(*items, total, sizeof(pm_git_item_t), pm_git_fold_by_id);

    for (i = 1; i < total; i++) {
        (*items)[i].skip = pm_oid_equal((*items)[i - 1].id, (*items)[i].id);
    }

    qsort(*items, total, sizeof(pm_git_item_t), pm_git_fold_by_place);

    return 0;
}
