#include "promotion/pm_plan.h"

#include "git/pm_git_compare.h"

#include <stdlib.h>
#include <string.h>


/* What one part selects, and what of it differs from the destination. */

static int
pm_plan_part(const pm_part_t *part, const pm_source_t *source,
    pm_git_objects_t *objects, pm_git_mirror_t *mirror, const pm_oid_t *tree,
    pm_arena_t *arena, pm_git_change_t **changes, size_t *nchanges,
    pm_error_t *err)
{
    int                     rc;
    size_t                  i;
    const pm_git_change_t  *change;

    rc = pm_git_compare(source->mirror, &source->tree, part->source.path,
                        mirror, tree, part->destination.path, 0, arena,
                        changes, nchanges, err);

    /* within one repository the blobs are there already */

    if (rc != 0 || source->mirror == mirror) {
        return rc;
    }

    for (i = 0; i < *nchanges; i++) {
        change = &(*changes)[i];

        /* a submodule's commit is an object of another repository */

        if (change->new_mode == 0 || change->new_mode == PM_GIT_MODE_COMMIT) {
            continue;
        }

        rc = pm_git_objects_copy(objects, source->mirror, &change->new_id,
                                 err);
        if (rc != 0) {
            return rc;
        }
    }

    return 0;
}


static int
pm_plan_compare(const void *a, const void *b)
{
    const pm_git_change_t  *one, *two;

    one = a;
    two = b;

    return strcmp(one->path, two->path);
}


/* Sorts what several parts change; what two of them say alike counts once. */

static int
pm_plan_merge(pm_plan_t *plan, pm_error_t *err)
{
    size_t            i, n;
    pm_git_change_t  *last, *change;

    if (plan->nchanges == 0) {
        return 0;
    }

    qsort(plan->changes, plan->nchanges, sizeof(pm_git_change_t),
          pm_plan_compare);

    for (i = 1, n = 1; i < plan->nchanges; i++) {
        last = &plan->changes[n - 1];
        change = &plan->changes[i];

        if (strcmp(last->path, change->path) != 0) {
            plan->changes[n++] = *change;
            continue;
        }

        if (last->new_mode != change->new_mode
            || !pm_oid_equal(&last->new_id, &change->new_id))
        {
            return pm_error_set(err, PM_UNPROCESSABLE,
                                "%s: two sources of the application write "
                                "different contents to it", last->path);
        }
    }

    plan->nchanges = n;

    return 0;
}


static int
pm_plan_append(pm_arena_t *arena, pm_plan_t *plan,
    const pm_git_change_t *changes, size_t n)
{
    pm_git_change_t  *all;

    all = pm_arena_alloc(arena, (plan->nchanges + n)
                                * sizeof(pm_git_change_t));
    if (all == NULL) {
        return -1;
    }

    memcpy(all, plan->changes, plan->nchanges * sizeof(pm_git_change_t));
    memcpy(all + plan->nchanges, changes, n * sizeof(pm_git_change_t));

    plan->changes = all;
    plan->nchanges += n;

    return 0;
}


int
pm_plan(const pm_promotion_t *promotion, const pm_source_t *sources,
    pm_git_objects_t *objects, pm_git_mirror_t *mirror, const pm_oid_t *tree,
    pm_arena_t *arena, pm_plan_t *plan, pm_error_t *err)
{
    int               rc;
    size_t            i, n;
    pm_git_change_t  *changes;

    memset(plan, 0, sizeof(pm_plan_t));
    plan->origin = "none";

    for (i = 0; i < promotion->nparts; i++) {

        rc = pm_plan_part(&promotion->parts[i], &sources[i], objects, mirror,
                          tree, arena, &changes, &n, err);
        if (rc != 0) {
            return rc;
        }

        if (plan->nchanges == 0) {
            plan->changes = changes;
            plan->nchanges = n;

        } else if (n > 0 && pm_plan_append(arena, plan, changes, n) != 0) {
            return pm_error_memory(err);
        }
    }

    rc = pm_plan_merge(plan, err);
    if (rc != 0) {
        return rc;
    }

    return pm_digest(plan->changes, plan->nchanges, plan->digest, err);
}
