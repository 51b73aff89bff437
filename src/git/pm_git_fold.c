/*
 * Joins small packs.  Entries are copied as they are, compressed: nothing is
 * unpacked here but by libgit2's indexer, which checks the result.  Formats:
 * gitformat-pack(5), packs and version 2 indexes.
 */

#include "git/pm_git_mirror_internal.h"
#include "base/pm_hash.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>


/* More packs than that are joined, down to about half of it. */
#define PM_GIT_FOLD_PACKS  50

/* Bytes of one joining: it is done in a lane's job. */
#define PM_GIT_FOLD_BYTES  (32 * 1024 * 1024)

/* Entries of one joining. */
#define PM_GIT_FOLD_ITEMS  1000000

#define PM_GIT_PACK_HEADER   12
#define PM_GIT_INDEX_FANOUT  (8 + 255 * 4)
#define PM_GIT_INDEX_IDS     (8 + 256 * 4)


typedef struct {
    char            name[64];    /* pack-<40 digits>, without a suffix */
    size_t          size;
    unsigned char  *data;
    unsigned char  *index;
    size_t          n;
} pm_git_small_t;


/* An entry of a small pack. */

typedef struct {
    const pm_oid_t  *id;
    uint32_t         pack;
    uint32_t         offset;
    unsigned         skip:1;     /* another pack has it too */
} pm_git_item_t;


static int pm_git_fold_list(int dir, pm_buffer_t *list);
static size_t pm_git_fold_choose(pm_git_small_t *packs, size_t n);
static int pm_git_fold_join(int dir, const char *folder,
    pm_git_small_t *packs, size_t n, pm_error_t *err);
static int pm_git_fold_read(int dir, const char *name, const char *suffix,
    unsigned char **data, size_t *len);
static int pm_git_fold_load(int dir, pm_git_small_t *pack);
static int pm_git_fold_items(const pm_git_small_t *packs, size_t n,
    pm_git_item_t **items, size_t *nitems);
static int pm_git_fold_write(const pm_git_small_t *packs,
    const pm_git_item_t *items, size_t n, pm_buffer_t *out);
static int pm_git_fold_entry(const pm_git_item_t *items, size_t n, size_t i,
    const unsigned char *p, const unsigned char *end, pm_buffer_t *out);


int
pm_git_fold(const char *mirror, pm_error_t *err)
{
    int              rc, dir;
    char             folder[4096];
    size_t           n;
    pm_buffer_t      list = {0};
    pm_git_small_t  *packs;

    (void) snprintf(folder, sizeof(folder), "%s/objects/pack", mirror);

    dir = open(folder, O_RDONLY|O_DIRECTORY|O_CLOEXEC);
    if (dir == -1) {
        return pm_error_set(err, PM_UNAVAILABLE, "%s cannot be read", folder);
    }

    rc = pm_git_fold_list(dir, &list);

    if (rc != 0) {
        (void) pm_error_memory(err);

    } else {
        packs = (pm_git_small_t *) list.data;
        n = pm_git_fold_choose(packs, list.len / sizeof(pm_git_small_t));

        if (n > 1) {
            rc = pm_git_fold_join(dir, folder, packs, n, err);
        }
    }

    pm_buffer_free(&list);
    (void) close(dir);

    return rc;
}


static int
pm_git_fold_list(int dir, pm_buffer_t *list)
{
    DIR             *d;
    int              copy;
    size_t           len;
    struct stat      st;
    struct dirent   *entry;
    pm_git_small_t   pack;

    copy = openat(dir, ".", O_RDONLY|O_DIRECTORY|O_CLOEXEC);
    d = copy != -1 ? fdopendir(copy) : NULL;

    if (d == NULL) {
        if (copy != -1) {
            (void) close(copy);
        }

        return PM_UNAVAILABLE;
    }

    while ((entry = readdir(d)) != NULL) {
        len = strlen(entry->d_name);

        if (len != 50 || strncmp(entry->d_name, "pack-", 5) != 0
            || strcmp(entry->d_name + 45, ".pack") != 0
            || fstatat(dir, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0
            || !S_ISREG(st.st_mode))
        {
            continue;
        }

        memset(&pack, 0, sizeof(pm_git_small_t));
        memcpy(pack.name, entry->d_name, 45);
        pack.size = (size_t) st.st_size;

        pm_buffer_append(list, &pack, sizeof(pm_git_small_t));
    }

    (void) closedir(d);

    return list->failed ? PM_UNAVAILABLE : 0;
}


static int
pm_git_fold_smaller(const void *one, const void *two)
{
    const pm_git_small_t  *a = one, *b = two;

    if (a->size != b->size) {
        return a->size < b->size ? -1 : 1;
    }

    return strcmp(a->name, b->name);
}


/*
 * The smallest ones, and then each that is not larger than those before it
 * together: so that a byte is copied a few times, not once for each joining.
 */

static size_t
pm_git_fold_choose(pm_git_small_t *packs, size_t n)
{
    size_t  i, sum;

    if (n <= PM_GIT_FOLD_PACKS) {
        return 0;
    }

    qsort(packs, n, sizeof(pm_git_small_t), pm_git_fold_smaller);

    sum = 0;

    for (i = 0; i < n; i++) {
        if ((i >= n - PM_GIT_FOLD_PACKS / 2 && packs[i].size > sum)
            || packs[i].size > PM_GIT_FOLD_BYTES - sum)
        {
            break;
        }

        sum += packs[i].size;
    }

    return i;
}


static int
pm_git_fold_join(int dir, const char *folder, pm_git_small_t *packs,
    size_t n, pm_error_t *err)
{
    int             rc;
    char            file[80];
    size_t          i, nitems;
    pm_buffer_t     out = {0};
    pm_git_item_t  *items;

    rc = 0;
    items = NULL;

    for (i = 0; rc == 0 && i < n; i++) {
        rc = pm_git_fold_load(dir, &packs[i]);
    }

    if (rc == 0) {
        rc = pm_git_fold_items(packs, n, &items, &nitems);
    }

    if (rc == 0) {
        rc = pm_git_fold_write(packs, items, nitems, &out);
    }

    if (rc != 0) {
        (void) pm_error_set(err, PM_UNAVAILABLE, "packs of %s cannot be "
                            "joined: damaged, or out of memory", folder);
    } else {
        rc = pm_git_pack_store(folder, &out, err);
    }

    /* the index first: a pack without one is a leftover */

    for (i = 0; i < n; i++) {
        if (rc == 0) {
            (void) snprintf(file, sizeof(file), "%s.idx", packs[i].name);
            (void) unlinkat(dir, file, 0);
            (void) snprintf(file, sizeof(file), "%s.pack", packs[i].name);
            (void) unlinkat(dir, file, 0);
        }

        free(packs[i].data);
        free(packs[i].index);
    }

    free(items);
    pm_buffer_free(&out);

    return rc;
}


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


static int
pm_git_fold_load(int dir, pm_git_small_t *pack)
{
    size_t  len;

    if (pm_git_fold_read(dir, pack->name, ".pack", &pack->data, &pack->size)
        != 0
        || pm_git_fold_read(dir, pack->name, ".idx", &pack->index, &len) != 0
        || pack->size < PM_GIT_PACK_HEADER + PM_SHA1_SIZE
        || memcmp(pack->data, "PACK\0\0\0\2", 8) != 0
        || len < PM_GIT_INDEX_IDS + 2 * PM_SHA1_SIZE
        || memcmp(pack->index, "\377tOc\0\0\0\2", 8) != 0)
    {
        return -1;
    }

    pack->n = pm_git_fold_number(pack->index + PM_GIT_INDEX_FANOUT);

    /* name, CRC and offset each; no large offsets in a small pack */

    return pack->n <= PM_GIT_FOLD_ITEMS
           && len == PM_GIT_INDEX_IDS + pack->n * (PM_GIT_OID_SIZE + 8)
                     + 2 * PM_SHA1_SIZE
           ? 0 : -1;
}


static int
pm_git_fold_by_id(const void *one, const void *two)
{
    int                   rc;
    const pm_git_item_t  *a = one, *b = two;

    rc = memcmp(a->id, b->id, sizeof(pm_oid_t));

    return rc != 0 ? rc : (a->pack > b->pack) - (a->pack < b->pack);
}


static int
pm_git_fold_by_place(const void *one, const void *two)
{
    const pm_git_item_t  *a = one, *b = two;

    if (a->pack != b->pack) {
        return a->pack < b->pack ? -1 : 1;
    }

    return (a->offset > b->offset) - (a->offset < b->offset);
}


/*
 * All entries by place.  Of an object that several packs have, the first
 * pack's is taken: then a chain of deltas only leads to the same or to
 * earlier packs, and never in a circle.
 */

static int
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


static int
pm_git_fold_write(const pm_git_small_t *packs, const pm_git_item_t *items,
    size_t n, pm_buffer_t *out)
{
    int                    rc;
    size_t                 i, end;
    uint32_t               count;
    pm_hash_t             *hash;
    unsigned char          digest[PM_SHA1_SIZE];
    const pm_git_small_t  *pack;

    count = 0;
    pm_buffer_append(out, "PACK\0\0\0\2\0\0\0\0", PM_GIT_PACK_HEADER);

    for (i = 0; i < n; i++) {
        pack = &packs[items[i].pack];

        end = i + 1 < n && items[i + 1].pack == items[i].pack
              ? items[i + 1].offset : pack->size - PM_SHA1_SIZE;

        if (items[i].offset < PM_GIT_PACK_HEADER || items[i].offset >= end
            || end > pack->size - PM_SHA1_SIZE)
        {
            return -1;
        }

        if (items[i].skip) {
            continue;
        }

        if (pm_git_fold_entry(items, n, i, pack->data + items[i].offset,
                              pack->data + end, out)
            != 0)
        {
            return -1;
        }

        count++;
    }

    if (out->failed) {
        return -1;
    }

    for (i = 0; i < 4; i++) {
        out->data[8 + i] = (char) (count >> (24 - 8 * i));
    }

    hash = pm_hash_create(PM_SHA1);
    if (hash == NULL) {
        return -1;
    }

    rc = pm_hash_update(hash, out->data, out->len) == 0
         && pm_hash_final(hash, digest) == 0 ? 0 : -1;
    pm_hash_destroy(hash);

    pm_buffer_append(out, digest, sizeof(digest));

    return out->failed ? -1 : rc;
}


/*
 * As it is; but a base that is named by its distance is named by its id: the
 * distance is another one now, or the base is in another pack.
 */

static int
pm_git_fold_entry(const pm_git_item_t *items, size_t n, size_t i,
    const unsigned char *p, const unsigned char *end, pm_buffer_t *out)
{
    int                   type;
    uint64_t              distance;
    pm_git_item_t         key;
    const unsigned char  *start;
    const pm_git_item_t  *base;

    start = p;
    type = *p >> 4 & 7;

    if (type != GIT_OBJECT_OFS_DELTA) {
        pm_buffer_append(out, p, (size_t) (end - p));
        return 0;
    }

    while (p < end && *p & 0x80) {
        p++;
    }

    if (++p >= end) {
        return -1;
    }

    distance = *p & 0x7f;

    while (*p & 0x80) {
        if (++p >= end || distance > UINT32_MAX) {
            return -1;
        }

        distance = (distance + 1) << 7 | (*p & 0x7f);
    }

    p++;

    if (distance > items[i].offset) {
        return -1;
    }

    key.pack = items[i].pack;
    key.offset = items[i].offset - (uint32_t) distance;

    base = bsearch(&key, items, n, sizeof(pm_git_item_t),
                   pm_git_fold_by_place);
    if (base == NULL) {
        return -1;
    }

    /* the same type and length byte but for its type: 6 becomes 7 */

    pm_buffer_putc(out, (char) (*start | GIT_OBJECT_REF_DELTA << 4));

    for (start++; *(start - 1) & 0x80; start++) {
        pm_buffer_putc(out, (char) *start);
    }

    pm_buffer_append(out, base->id, PM_GIT_OID_SIZE);
    pm_buffer_append(out, p, (size_t) (end - p));

    return 0;
}
