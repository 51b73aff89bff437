/*
 * pm_catalog_index.h: values by keys of three strings, in constant time.
 * Private to this room.
 *
 * SipHash with a key of the process's own: who writes manifests or requests
 * cannot aim at one slot.
 */

#ifndef PM_CATALOG_INDEX_H
#define PM_CATALOG_INDEX_H


#include "base/pm_arena.h"

#include <stddef.h>
#include <stdint.h>


#define PM_CATALOG_KEY  3


typedef struct {
    const char  *key[PM_CATALOG_KEY];
    uint64_t     hash;
    void        *value;          /* NULL: a free slot */
} pm_catalog_slot_t;


typedef struct {
    pm_arena_t         *arena;
    pm_catalog_slot_t  *slots;
    size_t              nslots;  /* a power of two, or 0 */
    size_t              n;
    uint64_t            seed[2];
} pm_catalog_index_t;


/* An empty index; its memory is the arena's. */
void pm_catalog_index_init(pm_catalog_index_t *index, pm_arena_t *arena);

/*
 * Adds a value, unless the key has one: that is then *earlier, else NULL.
 * The key's strings must outlive the index.  0, or -1 when out of memory.
 */
int pm_catalog_index_add(pm_catalog_index_t *index, const char *a,
    const char *b, const char *c, void *value, void **earlier);

/* NULL: none. */
void *pm_catalog_index_get(const pm_catalog_index_t *index, const char *a,
    const char *b, const char *c);


#endif /* PM_CATALOG_INDEX_H */
