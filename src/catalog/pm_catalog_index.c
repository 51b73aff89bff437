#include "catalog/pm_catalog_index.h"

#include <string.h>
#include <sys/random.h>


/* SipHash-1-3 (Aumasson, Bernstein: "SipHash: a fast short-input PRF"). */

typedef struct {
    uint64_t  v[4];
    uint64_t  word;
    uint64_t  len;
} pm_catalog_sip_t;


static uint64_t
pm_catalog_rotate(uint64_t value, int bits)
{
    return value << bits | value >> (64 - bits);
}


static void
pm_catalog_sip_round(uint64_t *v)
{
    v[0] += v[1];
    v[2] += v[3];
    v[1] = pm_catalog_rotate(v[1], 13) ^ v[0];
    v[3] = pm_catalog_rotate(v[3], 16) ^ v[2];
    v[0] = pm_catalog_rotate(v[0], 32);
    v[2] += v[1];
    v[0] += v[3];
    v[1] = pm_catalog_rotate(v[1], 17) ^ v[2];
    v[3] = pm_catalog_rotate(v[3], 21) ^ v[0];
    v[2] = pm_catalog_rotate(v[2], 32);
}


static void
pm_catalog_sip_word(pm_catalog_sip_t *sip)
{
    sip->v[3] ^= sip->word;
    pm_catalog_sip_round(sip->v);
    sip->v[0] ^= sip->word;
    sip->word = 0;
}


/* The string and its NUL, so that no two keys run together. */

static void
pm_catalog_sip_string(pm_catalog_sip_t *sip, const char *string)
{
    const unsigned char  *p;

    p = (const unsigned char *) string;

    do {
        sip->word |= (uint64_t) *p << (sip->len % 8 * 8);
        sip->len++;

        if (sip->len % 8 == 0) {
            pm_catalog_sip_word(sip);
        }

    } while (*p++ != '\0');
}


static uint64_t
pm_catalog_index_hash(const pm_catalog_index_t *index, const char *a,
    const char *b, const char *c)
{
    pm_catalog_sip_t  sip;

    sip.v[0] = index->seed[0] ^ 0x736f6d6570736575;
    sip.v[1] = index->seed[1] ^ 0x646f72616e646f6d;
    sip.v[2] = index->seed[0] ^ 0x6c7967656e657261;
    sip.v[3] = index->seed[1] ^ 0x7465646279746573;
    sip.word = 0;
    sip.len = 0;

    pm_catalog_sip_string(&sip, a);
    pm_catalog_sip_string(&sip, b);
    pm_catalog_sip_string(&sip, c);

    sip.word |= sip.len << 56;
    pm_catalog_sip_word(&sip);

    sip.v[2] ^= 0xff;
    pm_catalog_sip_round(sip.v);
    pm_catalog_sip_round(sip.v);
    pm_catalog_sip_round(sip.v);

    return sip.v[0] ^ sip.v[1] ^ sip.v[2] ^ sip.v[3];
}


/* The slot that has the key, or the free one where it belongs. */

static pm_catalog_slot_t *
pm_catalog_index_slot(const pm_catalog_index_t *index, const char *a,
    const char *b, const char *c, uint64_t hash)
{
    size_t              i;
    pm_catalog_slot_t  *slot;

    for (i = hash & (index->nslots - 1); ; i = (i + 1) & (index->nslots - 1))
    {
        slot = &index->slots[i];

        if (slot->value == NULL
            || (slot->hash == hash && strcmp(slot->key[2], c) == 0
                && strcmp(slot->key[1], b) == 0
                && strcmp(slot->key[0], a) == 0))
        {
            return slot;
        }
    }
}


static int
pm_catalog_index_grow(pm_catalog_index_t *index)
{
    size_t              i, nslots;
    pm_catalog_slot_t  *old, *slot;

    old = index->slots;
    nslots = index->nslots;

    if (nslots > SIZE_MAX / 2 / sizeof(pm_catalog_slot_t)) {
        return -1;
    }

    index->nslots = nslots ? nslots * 2 : 64;
    index->slots = pm_arena_zalloc(index->arena, index->nslots
                                                 * sizeof(pm_catalog_slot_t));
    if (index->slots == NULL) {
        index->slots = old;
        index->nslots = nslots;
        return -1;
    }

    for (i = 0; i < nslots; i++) {

        if (old[i].value != NULL) {
            slot = pm_catalog_index_slot(index, old[i].key[0], old[i].key[1],
                                         old[i].key[2], old[i].hash);
            *slot = old[i];
        }
    }

    return 0;
}


void
pm_catalog_index_init(pm_catalog_index_t *index, pm_arena_t *arena)
{
    memset(index, 0, sizeof(pm_catalog_index_t));
    index->arena = arena;

    /* without random bytes the index still works */

    if (getrandom(index->seed, sizeof(index->seed), GRND_NONBLOCK) < 0) {
        index->seed[0] = (uint64_t) (uintptr_t) arena;
    }
}


int
pm_catalog_index_add(pm_catalog_index_t *index, const char *a,
    const char *b, const char *c, void *value, void **earlier)
{
    uint64_t            hash;
    pm_catalog_slot_t  *slot;

    if (index->n >= index->nslots / 2 && pm_catalog_index_grow(index) != 0) {
        return -1;
    }

    hash = pm_catalog_index_hash(index, a, b, c);
    slot = pm_catalog_index_slot(index, a, b, c, hash);
    *earlier = slot->value;

    if (slot->value == NULL) {
        slot->key[0] = a;
        slot->key[1] = b;
        slot->key[2] = c;
        slot->hash = hash;
        slot->value = value;
        index->n++;
    }

    return 0;
}


void *
pm_catalog_index_get(const pm_catalog_index_t *index, const char *a,
    const char *b, const char *c)
{
    if (index->nslots == 0) {
        return NULL;
    }

    return pm_catalog_index_slot(index, a, b, c,
                                 pm_catalog_index_hash(index, a, b, c))
           ->value;
}
