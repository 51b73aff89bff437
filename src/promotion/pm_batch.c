#include "promotion/pm_batch_internal.h"

#include <string.h>


/* Trailers are looked for from base on; if there are several bases, or one
 * that is not known (NULL), on the whole branch. */

static void
pm_batch_look_from(pm_batch_t *batch, const pm_oid_t *base)
{
    if (!batch->searching && base != NULL) {
        batch->since = *base;

    } else if (base == NULL || !pm_oid_equal(&batch->since, base)) {
        memset(&batch->since, 0, sizeof(pm_oid_t));
    }

    batch->searching = 1;
}


/* What the tries before have left of promotion i: its base NULL: not known. */

static void
pm_batch_tried(pm_batch_t *batch, const pm_batch_settings_t *settings,
    size_t i)
{
    const pm_oid_t   *base, *since;
    pm_batch_item_t  *item;

    item = &batch->items[i];
    base = (settings->bases != NULL) ? &settings->bases[i] : settings->base;
    since = (settings->since != NULL && !pm_oid_is_zero(&settings->since[i]))
            ? &settings->since[i] : NULL;

    if (settings->searching
        && (settings->bases == NULL || !pm_oid_is_zero(base)))
    {
        batch->outcomes[i].doubtful = 1;

        if (base != NULL) {
            item->doubt = *base;
        }

        if (settings->pushing != NULL
            && !pm_oid_is_zero(&settings->pushing[i]))
        {
            item->doubt = settings->pushing[i];
        }
    }

    /* what had its end was pushed before what is in doubt */

    if (since != NULL || batch->outcomes[i].doubtful) {
        pm_batch_look_from(batch, since ? since : base);
    }
}


/* What each promotion is taken from, or what is wrong with it. */

static int
pm_batch_open_sources(pm_batch_t *batch, size_t n, pm_error_t *err)
{
    int               rc;
    size_t            i;
    pm_error_t       *fault;
    pm_batch_item_t  *item;

    for (i = 0; i < n; i++) {
        item = &batch->items[i];

        if (item->fault != NULL) {
            continue;
        }

        rc = pm_source_revisions(batch->repositories, &batch->promotions[i],
                                 batch->arena, &item->sources, err);

        if (rc != 0 && rc != PM_INTERNAL) {
            return rc;
        }

        if (rc == PM_INTERNAL) {
            fault = pm_arena_alloc(batch->arena, sizeof(pm_error_t));
            if (fault == NULL) {
                return pm_error_memory(err);
            }

            *fault = *err;
            item->fault = fault;
        }
    }

    return 0;
}


/* The repository that they write to: the first one's that says so. */

static int
pm_batch_open_destination(pm_batch_t *batch, size_t n,
    const pm_error_t *const *faults, pm_error_t *err)
{
    size_t  i, first;

    for (i = 0, first = n; i < n; i++) {
        batch->items[i].fault = (faults != NULL) ? faults[i] : NULL;

        if (first == n && batch->items[i].fault == NULL) {
            first = i;
        }
    }

    if (n == 0) {
        return 0;
    }

    if (first == n) {
        return pm_error_set(err, PM_INTERNAL, "a batch of nothing that can be "
                            "planned");
    }

    return pm_repositories_create(batch->arena, batch->settings.git,
                           &batch->promotions[first].parts[0].destination,
                                  PM_GIT_RECEIVE_PACK, &batch->repositories,
                                  err);
}


int
pm_batch_create(const pm_batch_settings_t *settings,
    const pm_promotion_t *promotions, size_t n, pm_batch_t **batch,
    pm_error_t *err)
{
    int          rc;
    size_t       i;
    pm_arena_t  *arena;
    pm_batch_t  *created;

    arena = pm_arena_create();
    if (arena == NULL) {
        return pm_error_memory(err);
    }

    created = pm_arena_zalloc(arena, sizeof(pm_batch_t));
    if (created == NULL) {
        pm_arena_destroy(arena);
        return pm_error_memory(err);
    }

    created->arena = arena;
    created->settings = *settings;
    created->promotions = promotions;
    created->settings.base = NULL;
    created->settings.bases = NULL;
    created->settings.pushing = NULL;
    created->settings.since = NULL;
    created->settings.faults = NULL;

    created->items = pm_arena_zalloc(arena, (n + 1) * sizeof(pm_batch_item_t));
    created->outcomes = pm_arena_zalloc(arena, (n + 1) * sizeof(pm_outcome_t));

    if (created->items == NULL || created->outcomes == NULL) {
        rc = pm_error_memory(err);
        goto failed;
    }

    rc = pm_batch_open_destination(created, n, settings->faults, err);
    if (rc != 0) {
        goto failed;
    }

    rc = pm_batch_open_sources(created, n, err);
    if (rc != 0) {
        goto failed;
    }

    created->n = n;

    for (i = 0; i < n; i++) {
        pm_batch_tried(created, settings, i);
    }

    rc = pm_batch_units(created, err);
    if (rc != 0) {
        goto failed;
    }

    *batch = created;

    return 0;

failed:

    pm_batch_destroy(created);

    return rc;
}


void
pm_batch_destroy(pm_batch_t *batch)
{
    if (batch == NULL) {
        return;
    }

    /* objects lie on a mirror, which the arena closes */

    pm_batch_forget(batch);
    pm_arena_destroy(batch->round);
    pm_arena_destroy(batch->arena);
}


int
pm_batch_round(pm_batch_t *batch)
{
    pm_arena_destroy(batch->round);
    batch->round = pm_arena_create();

    return (batch->round != NULL) ? 0 : -1;
}


void
pm_batch_forget(pm_batch_t *batch)
{
    size_t  i;

    if (batch->objects != NULL) {
        pm_git_objects_destroy(batch->objects);
        batch->objects = NULL;
    }

    batch->resend = 0;

    for (i = 0; i < batch->n; i++) {
        memset(&batch->items[i].commit, 0, sizeof(pm_oid_t));
        batch->items[i].provisional = 0;
    }
}


pm_batch_state_t
pm_batch_next(pm_batch_t *batch)
{
    pm_batch_state_t  state;

    state = pm_outcomes_state(batch->outcomes, batch->n);

    if (state != PM_BATCH_MOVED) {
        return state;
    }

    batch->again = 1;

    return PM_BATCH_AGAIN;
}


const pm_oid_t *
pm_batch_base(const pm_batch_t *batch)
{
    return &batch->base;
}


void
pm_batch_fail(pm_batch_t *batch, const pm_error_t *error)
{
    pm_outcomes_fail(batch->outcomes, batch->n, error);
}


const pm_result_t *
pm_batch_result(const pm_batch_t *batch, size_t i)
{
    return &batch->outcomes[i].result;
}
