/*
 * What a repository holds: trees, commits, and packs with their indexes that
 * are joined.  The first byte says which; packs are sections of a pack and
 * its index, each after its length in three bytes.
 */

#include "git/pm_git_fold.h"
#include "git/pm_git_objects_internal.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>


#define FUZZ_PACKS  3


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


/* Entries follow each other without a gap, and lie within the tree. */

static void
fuzz_tree(const unsigned char *data, size_t size)
{
    int                   rc;
    pm_git_entry_t        entry;
    const unsigned char  *p, *start, *end;

    p = data;
    end = data + size;

    for ( ;; ) {
        start = p;

        rc = pm_git_tree_next(&p, end, &entry);

        if (rc != 1) {
            break;
        }

        if (p > end || entry.start != start || entry.len == 0
            || strlen(entry.name) != entry.len
            || (const unsigned char *) entry.id + PM_GIT_OID_SIZE != p)
        {
            abort();
        }
    }

    if ((rc == 0) != (start == end)) {
        abort();
    }
}


static void
fuzz_commit(const char *data, size_t size)
{
    pm_arena_t       *arena;
    pm_git_commit_t   commit;

    arena = pm_arena_create();
    if (arena == NULL) {
        return;
    }

    memset(&commit, 0, sizeof(pm_git_commit_t));

    if (pm_git_read_commit(data, size, arena, &commit)
        && (commit.message == NULL || commit.author == NULL
            || commit.committer == NULL
            || strchr(commit.author, '\n') != NULL
            || strchr(commit.committer, '\n') != NULL
            || (commit.nparents == 0 && !pm_oid_is_zero(&commit.parent))))
    {
        abort();
    }

    pm_arena_destroy(arena);
}


/* A section in memory of its own, so that a byte too far is seen. */

static unsigned char *
fuzz_section(const uint8_t **data, size_t *size, size_t *len)
{
    unsigned char  *copy;

    if (*size < 3) {
        return NULL;
    }

    *len = (size_t) (*data)[0] << 16 | (size_t) (*data)[1] << 8 | (*data)[2];
    *data += 3;
    *size -= 3;

    if (*len > *size) {
        *len = *size;
    }

    copy = malloc(*len > 0 ? *len : 1);

    if (copy != NULL) {
        memcpy(copy, *data, *len);
    }

    *data += *len;
    *size -= *len;

    return copy;
}


/* What is written has an entry for each object, once. */

static void
fuzz_join(const pm_git_small_t *packs, size_t n)
{
    size_t          i, nitems, count, said;
    pm_buffer_t     out = {0};
    pm_git_item_t  *items;

    items = NULL;

    if (pm_git_fold_items(packs, n, &items, &nitems) == 0
        && pm_git_fold_write(packs, items, nitems, &out) == 0)
    {
        for (count = 0, i = 0; i < nitems; i++) {
            count += !items[i].skip;
        }

        if (out.len < PM_GIT_PACK_HEADER + 20
            || memcmp(out.data, "PACK\0\0\0\2", 8) != 0)
        {
            abort();
        }

        for (said = 0, i = 8; i < PM_GIT_PACK_HEADER; i++) {
            said = said << 8 | (unsigned char) out.data[i];
        }

        if (said != count) {
            abort();
        }
    }

    free(items);
    pm_buffer_free(&out);
}


static void
fuzz_packs(const uint8_t *data, size_t size)
{
    size_t          i, n;
    pm_git_small_t  packs[FUZZ_PACKS];

    memset(packs, 0, sizeof(packs));

    for (n = 0; n < FUZZ_PACKS; n++) {
        packs[n].data = fuzz_section(&data, &size, &packs[n].size);
        packs[n].index = fuzz_section(&data, &size, &packs[n].index_size);

        if (packs[n].data == NULL || packs[n].index == NULL
            || pm_git_fold_check(&packs[n]) != 0)
        {
            break;
        }

        (void) pm_git_fold_sound(&packs[n]);
    }

    if (n > 0) {
        fuzz_join(packs, n);
    }

    for (i = 0; i < FUZZ_PACKS; i++) {
        free(packs[i].data);
        free(packs[i].index);
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1) {
        return 0;
    }

    switch (data[0] % 3) {

    case 0:
        fuzz_tree(data + 1, size - 1);
        break;

    case 1:
        fuzz_commit((const char *) data + 1, size - 1);
        break;

    default:
        fuzz_packs(data + 1, size - 1);
        break;
    }

    return 0;
}
