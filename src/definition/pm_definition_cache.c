#include "definition/pm_definition_internal.h"
#include "git/pm_git_compare.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>


/* Bytes of all indexes together, about; one that is larger is never kept. */
#define PM_DEFINITION_KEPT    (64 * 1024 * 1024)

/* Indexes whose entries are looked at for a new one. */
#define PM_DEFINITION_LIKELY  8


struct pm_definition_cache_s {
    pthread_mutex_t         mutex;
    size_t                  limit;
    size_t                  n;
    size_t                  size;        /* bytes of all */
    uint64_t                clock;       /* counts uses */
    pm_definition_kept_t  **kept;
};


int
pm_definition_cache_create(size_t limit, pm_definition_cache_t **cache,
    pm_error_t *err)
{
    pm_definition_cache_t  *made;

    made = calloc(1, sizeof(pm_definition_cache_t));
    if (made == NULL) {
        return pm_error_memory(err);
    }

    made->limit = limit > 0 ? limit : 1;
    made->kept = calloc(made->limit, sizeof(pm_definition_kept_t *));

    if (made->kept == NULL || pthread_mutex_init(&made->mutex, NULL) != 0) {
        free(made->kept);
        free(made);
        return pm_error_memory(err);
    }

    *cache = made;

    return 0;
}


static void
pm_definition_release(pm_definition_kept_t *kept)
{
    if (__atomic_sub_fetch(&kept->references, 1, __ATOMIC_ACQ_REL) == 0) {
        pm_arena_destroy(kept->arena);
    }
}


static void
pm_definition_hold(pm_definition_kept_t *kept)
{
    (void) __atomic_add_fetch(&kept->references, 1, __ATOMIC_RELAXED);
}


void
pm_definition_index_release(pm_definition_index_t *index)
{
    if (index != NULL) {
        pm_definition_release((pm_definition_kept_t *) index);
    }
}


void
pm_definition_cache_destroy(pm_definition_cache_t *cache)
{
    size_t  i;

    if (cache == NULL) {
        return;
    }

    for (i = 0; i < cache->n; i++) {
        pm_definition_release(cache->kept[i]);
    }

    (void) pthread_mutex_destroy(&cache->mutex);
    free(cache->kept);
    free(cache);
}


/* With a reference for the caller; the mutex is held, as below. */

static pm_definition_kept_t *
pm_definition_cached(pm_definition_cache_t *cache, const pm_oid_t *tree)
{
    size_t  i;

    for (i = 0; i < cache->n; i++) {

        if (pm_oid_equal(&cache->kept[i]->public.tree, tree)) {
            cache->kept[i]->used = ++cache->clock;
            pm_definition_hold(cache->kept[i]);
            return cache->kept[i];
        }
    }

    return NULL;
}


static void
pm_definition_drop(pm_definition_cache_t *cache)
{
    size_t  i, oldest;

    for (i = 1, oldest = 0; i < cache->n; i++) {

        if (cache->kept[i]->used < cache->kept[oldest]->used) {
            oldest = i;
        }
    }

    cache->size -= cache->kept[oldest]->size;
    pm_definition_release(cache->kept[oldest]);
    cache->kept[oldest] = cache->kept[--cache->n];
}


static void
pm_definition_keep(pm_definition_cache_t *cache, pm_definition_kept_t *kept)
{
    if (kept->size > PM_DEFINITION_KEPT) {
        return;
    }

    while (cache->n > 0
           && (cache->n == cache->limit
               || cache->size + kept->size > PM_DEFINITION_KEPT))
    {
        pm_definition_drop(cache);
    }

    kept->used = ++cache->clock;
    cache->size += kept->size;
    cache->kept[cache->n++] = kept;

    pm_definition_hold(kept);
}


/* The ones used last, each with a reference. */

static size_t
pm_definition_likely(pm_definition_cache_t *cache,
    pm_definition_kept_t **likely)
{
    size_t                 i, j, n;
    pm_definition_kept_t  *kept;

    for (i = 0, n = 0; i < cache->n; i++) {
        kept = cache->kept[i];

        for (j = n; j > 0 && likely[j - 1]->used < kept->used; j--) {

            if (j < PM_DEFINITION_LIKELY) {
                likely[j] = likely[j - 1];
            }
        }

        if (j < PM_DEFINITION_LIKELY) {
            likely[j] = kept;
            n += (n < PM_DEFINITION_LIKELY);
        }
    }

    for (i = 0; i < n; i++) {
        pm_definition_hold(likely[i]);
    }

    return n;
}


static int
pm_definition_folder(pm_git_mirror_t *mirror, const pm_oid_t *root,
    const char *folder, pm_oid_t *tree, pm_error_t *err)
{
    int         rc;
    unsigned    mode;
    pm_error_t  fault;

    rc = pm_git_lookup(mirror, root, folder, &mode, tree, &fault);

    if (rc == PM_NOT_FOUND) {
        memset(tree, 0, sizeof(pm_oid_t));
        return 0;
    }

    if (rc != 0) {

        if (err != NULL) {
            *err = fault;
        }

        return rc;
    }

    if (mode != PM_GIT_MODE_TREE) {
        return pm_error_set(err, PM_UNPROCESSABLE, "%s, where API "
                            "definitions are looked for, is not a folder",
                            folder);
    }

    return 0;
}


int
pm_definition_index(pm_definition_cache_t *cache, pm_git_mirror_t *mirror,
    const pm_oid_t *root, const char *folder, pm_definition_index_t **index,
    pm_error_t *err)
{
    int                    rc;
    size_t                 i, n;
    pm_oid_t               tree;
    pm_definition_kept_t  *kept, *other, *likely[PM_DEFINITION_LIKELY];

    rc = pm_definition_folder(mirror, root, folder, &tree, err);
    if (rc != 0) {
        return rc;
    }

    n = 0;

    (void) pthread_mutex_lock(&cache->mutex);

    kept = pm_definition_cached(cache, &tree);

    if (kept == NULL) {
        n = pm_definition_likely(cache, likely);
    }

    (void) pthread_mutex_unlock(&cache->mutex);

    if (kept != NULL) {
        *index = &kept->public;
        return 0;
    }

    rc = pm_definition_index_build(mirror, &tree, likely, n, &kept, err);

    for (i = 0; i < n; i++) {
        pm_definition_release(likely[i]);
    }

    if (rc != 0) {
        return rc;
    }

    /* two threads may have made it at once: one of them is kept */

    (void) pthread_mutex_lock(&cache->mutex);

    other = pm_definition_cached(cache, &tree);

    if (other == NULL) {
        pm_definition_keep(cache, kept);
    }

    (void) pthread_mutex_unlock(&cache->mutex);

    if (other != NULL) {
        pm_definition_release(kept);
        kept = other;
    }

    *index = &kept->public;

    return 0;
}
