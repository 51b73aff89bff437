/*
 * What of a batch the next push takes: all of it, until a push is refused.
 * Then halves (durability.md, 3), in the order of the batch: one half lands,
 * and of the other one it is known that something in it is refused.
 */

#include "promotion/pm_batch_internal.h"
#include "promotion/pm_refusal.h"

#include <string.h>


/* The unit that promotion i is part of, among the first n units; n: a new
 * one. */

static size_t
pm_batch_unit_find(const pm_batch_t *batch, size_t n, const char *group)
{
    size_t  u;

    if (group == NULL) {
        return n;
    }

    /* members come one after the other, as a rule */

    for (u = n; u > 0; u--) {
        if (batch->units[u - 1].group != NULL
            && strcmp(batch->units[u - 1].group, group) == 0)
        {
            return u - 1;
        }
    }

    return n;
}


int
pm_batch_units(pm_batch_t *batch, pm_error_t *err)
{
    size_t            i, u, n, first;
    const char       *group;
    pm_batch_unit_t  *unit;

    n = batch->n + 1;

    batch->order = pm_arena_alloc(batch->arena, n * sizeof(size_t));
    batch->units = pm_arena_zalloc(batch->arena, n * sizeof(pm_batch_unit_t));

    if (batch->order == NULL || batch->units == NULL) {
        return pm_error_memory(err);
    }

    for (i = 0; i < batch->n; i++) {
        group = batch->promotions[i].group;
        u = pm_batch_unit_find(batch, batch->nunits, group);

        if (u == batch->nunits) {
            batch->units[batch->nunits++].group = group;
        }

        batch->units[u].n++;
        batch->items[i].unit = u;
    }

    for (u = 0, first = 0; u < batch->nunits; u++) {
        unit = &batch->units[u];
        unit->first = first;
        first += unit->n;
        unit->n = 0;
    }

    for (i = 0; i < batch->n; i++) {
        unit = &batch->units[batch->items[i].unit];
        batch->order[unit->first + unit->n++] = i;
    }

    pm_batch_whole(batch);

    return 0;
}


int
pm_batch_unit_open(const pm_batch_t *batch, size_t u)
{
    size_t                  j;
    const pm_batch_unit_t  *unit;

    unit = &batch->units[u];

    for (j = unit->first; j < unit->first + unit->n; j++) {
        if (pm_outcome_is_open(&batch->outcomes[batch->order[j]])) {
            return 1;
        }
    }

    return 0;
}


int
pm_batch_unit_sent(const pm_batch_t *batch, size_t u)
{
    size_t                  j;
    const pm_batch_unit_t  *unit;

    unit = &batch->units[u];

    for (j = unit->first; j < unit->first + unit->n; j++) {
        if (!pm_oid_is_zero(&batch->items[batch->order[j]].commit)) {
            return 1;
        }
    }

    return 0;
}


int
pm_batch_sends(const pm_batch_t *batch, size_t i)
{
    return pm_outcome_is_open(&batch->outcomes[i])
           && pm_batch_unit_sent(batch, batch->items[i].unit);
}


void
pm_batch_whole(pm_batch_t *batch)
{
    batch->until = batch->nunits;
    batch->suspect = 0;
}


/* One push more; 1: it was the last one, and what is open has the words of
 * the refusal. */

static int
pm_batch_count(pm_batch_t *batch)
{
    if (++batch->pushes < pm_refusal_pushes(batch->n)) {
        return 0;
    }

    pm_outcomes_negative(batch->outcomes, batch->n, &batch->words);

    return 1;
}


/* The next push takes units until half of n, those of which "is" is true. */

static void
pm_batch_half(pm_batch_t *batch, size_t n,
    int (*is)(const pm_batch_t *batch, size_t u))
{
    size_t  u, left;

    left = (n + 1) / 2;

    for (u = 0; left > 0; u++) {
        left -= (size_t) is(batch, u);
    }

    batch->until = u;
}


void
pm_batch_split(pm_batch_t *batch, const pm_error_t *words)
{
    size_t  i, u, n, last;

    batch->words = *words;

    for (u = 0, n = 0, last = 0; u < batch->nunits; u++) {
        if (pm_batch_unit_sent(batch, u)) {
            n++;
            last = u;
        }
    }

    if (n == 1) {

        /* these words are its own; the others go on without it */

        for (i = 0; i < batch->n; i++) {
            if (batch->items[i].unit == last
                && pm_outcome_is_open(&batch->outcomes[i]))
            {
                pm_outcome_negative(&batch->outcomes[i], words);
            }
        }

        pm_batch_whole(batch);
        (void) pm_batch_count(batch);
        return;
    }

    if (pm_batch_count(batch)) {
        return;
    }

    pm_batch_half(batch, n, pm_batch_unit_sent);
    batch->suspect = last + 1;
}


void
pm_batch_advance(pm_batch_t *batch)
{
    size_t  u, n;

    if (batch->pushes == 0 || pm_batch_count(batch)) {
        return;
    }

    for (u = 0, n = 0; u < batch->suspect; u++) {
        n += (size_t) pm_batch_unit_open(batch, u);
    }

    if (n == 0) {
        pm_batch_whole(batch);
        return;
    }

    pm_batch_half(batch, n, pm_batch_unit_open);
}
