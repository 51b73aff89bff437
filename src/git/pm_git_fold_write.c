#include "git/pm_git_fold.h"
#include "base/pm_hash.h"

#include <stdlib.h>


static int pm_git_fold_entries(const pm_git_small_t *packs,
    const pm_git_item_t *items, size_t n, uint32_t *count, pm_buffer_t *out);
static int pm_git_fold_entry(pm_git_fold_trees_t *trees,
    const pm_git_item_t *items, size_t n, size_t i, const unsigned char *p,
    const unsigned char *end, pm_buffer_t *out);
static int pm_git_fold_offset(const pm_git_item_t *items, size_t n, size_t i,
    const unsigned char **p, const unsigned char *end,
    const pm_oid_t **base);


int
pm_git_fold_write(const pm_git_small_t *packs, const pm_git_item_t *items,
    size_t n, pm_buffer_t *out)
{
    int             i, rc;
    uint32_t        count;
    pm_hash_t      *hash;
    unsigned char   digest[PM_SHA1_SIZE];

    pm_buffer_append(out, "PACK\0\0\0\2\0\0\0\0", PM_GIT_PACK_HEADER);

    rc = pm_git_fold_entries(packs, items, n, &count, out);

    if (rc != 0 || out->failed) {
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


static int
pm_git_fold_entries(const pm_git_small_t *packs, const pm_git_item_t *items,
    size_t n, uint32_t *count, pm_buffer_t *out)
{
    int                    rc;
    size_t                 i, end;
    pm_git_fold_trees_t   *trees;
    const pm_git_small_t  *pack;

    trees = pm_git_fold_trees_create();
    if (trees == NULL) {
        return -1;
    }

    rc = 0;
    *count = 0;

    for (i = 0; rc == 0 && i < n; i++) {
        pack = &packs[items[i].pack];

        end = i + 1 < n && items[i + 1].pack == items[i].pack
              ? items[i + 1].offset : pack->size - PM_SHA1_SIZE;

        if (items[i].offset < PM_GIT_PACK_HEADER || items[i].offset >= end
            || end > pack->size - PM_SHA1_SIZE)
        {
            rc = -1;

        } else if (!items[i].skip) {
            rc = pm_git_fold_entry(trees, items, n, i,
                                   pack->data + items[i].offset,
                                   pack->data + end, out);
            (*count)++;
        }
    }

    pm_git_fold_trees_destroy(trees);

    return rc;
}


static int
pm_git_fold_entry(pm_git_fold_trees_t *trees, const pm_git_item_t *items,
    size_t n, size_t i, const unsigned char *p, const unsigned char *end,
    pm_buffer_t *out)
{
    int                   rc, type, shift;
    size_t                len, header;
    const pm_oid_t       *base;
    const unsigned char  *start;

    /* three bits of type, four of the length; then seven a byte */

    start = p;
    type = *p >> 4 & 7;
    len = *p & 0x0f;

    for (shift = 4; *p++ & 0x80; shift += 7) {
        if (p == end || shift > 32) {
            return -1;
        }

        len |= (size_t) (*p & 0x7f) << shift;
    }

    header = (size_t) (p - start);

    if (type == GIT_OBJECT_TREE) {
        rc = pm_git_fold_tree(trees, items[i].id, len, p, (size_t) (end - p),
                              out);
        if (rc != 0) {
            return rc > 0 ? 0 : -1;
        }
    }

    if (type != GIT_OBJECT_OFS_DELTA) {
        pm_buffer_append(out, start, (size_t) (end - start));
        return 0;
    }

    /* the distance is another one now, or the base is in another pack: it is
     * named by its id, and type 6 becomes 7 */

    if (pm_git_fold_offset(items, n, i, &p, end, &base) != 0) {
        return -1;
    }

    pm_buffer_putc(out, (char) (*start | GIT_OBJECT_REF_DELTA << 4));
    pm_buffer_append(out, start + 1, header - 1);
    pm_buffer_append(out, base->id, PM_GIT_OID_SIZE);
    pm_buffer_append(out, p, (size_t) (end - p));

    return 0;
}


/* The base whose distance is at *p, which moves past it. */

static int
pm_git_fold_offset(const pm_git_item_t *items, size_t n, size_t i,
    const unsigned char **p, const unsigned char *end, const pm_oid_t **base)
{
    uint64_t              distance;
    pm_git_item_t         key, *item;
    const unsigned char  *s;

    s = *p;

    if (s == end) {
        return -1;
    }

    distance = *s & 0x7f;

    while (*s++ & 0x80) {
        if (s == end || distance > UINT32_MAX) {
            return -1;
        }

        distance = (distance + 1) << 7 | (*s & 0x7f);
    }

    if (distance > items[i].offset) {
        return -1;
    }

    key.pack = items[i].pack;
    key.offset = items[i].offset - (uint32_t) distance;

    item = bsearch(&key, items, n, sizeof(pm_git_item_t),
                   pm_git_fold_by_place);
    if (item == NULL) {
        return -1;
    }

    *base = item->id;
    *p = s;

    return 0;
}
