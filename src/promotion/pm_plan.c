#include "promotion/pm_plan.h"

#include <stdlib.h>
#include <string.h>


static int
pm_plan_compare(const void *a, const void *b)
{
    const pm_selection_file_t  *one, *two;

    one = a;
    two = b;

    return strcmp(one->change.path, two->change.path);
}


/* Sorts what was selected; what two parts say alike counts once. */

static int
pm_plan_merge(pm_selection_file_t *files, size_t *nfiles, pm_error_t *err)
{
    size_t                  i, n;
    const pm_git_change_t  *last, *change;

    if (*nfiles == 0) {
        return 0;
    }

    qsort(files, *nfiles, sizeof(pm_selection_file_t), pm_plan_compare);

    for (i = 1, n = 1; i < *nfiles; i++) {
        last = &files[n - 1].change;
        change = &files[i].change;

        if (strcmp(last->path, change->path) != 0) {
            files[n++] = files[i];
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

    *nfiles = n;

    return 0;
}


/* A copy of what was selected, in the arena. */

static int
pm_plan_take(pm_selection_t *selection, pm_plan_t *plan)
{
    int                   rc;
    size_t                i, n;
    pm_selection_file_t  *files;

    n = selection->files.len / sizeof(pm_selection_file_t);

    rc = pm_plan_merge((pm_selection_file_t *) selection->files.data, &n,
                       selection->err);
    if (rc != 0) {
        return rc;
    }

    files = pm_arena_alloc(selection->arena, selection->files.len + 1);
    plan->changes = pm_arena_alloc(selection->arena,
                                   (n + 1) * sizeof(pm_git_change_t));
    plan->skipped = pm_arena_alloc(selection->arena,
                                   selection->skipped.len + 1);

    if (files == NULL || plan->changes == NULL || plan->skipped == NULL) {
        return pm_error_memory(selection->err);
    }

    if (n > 0) {
        memcpy(files, selection->files.data, n * sizeof(pm_selection_file_t));
    }

    for (i = 0; i < n; i++) {
        plan->changes[i] = files[i].change;
    }

    plan->files = files;
    plan->nchanges = n;
    plan->nskipped = selection->skipped.len / sizeof(pm_selection_skipped_t);

    if (plan->nskipped > 0) {
        memcpy(plan->skipped, selection->skipped.data,
               selection->skipped.len);
    }

    return pm_digest(plan->changes, n, plan->digest, selection->err);
}


int
pm_plan(const pm_promotion_t *promotion, const pm_source_t *sources,
    pm_git_objects_t *objects, pm_git_mirror_t *mirror, const pm_oid_t *tree,
    int explain, pm_arena_t *arena, pm_plan_t *plan, pm_error_t *err)
{
    int             rc;
    size_t          i;
    pm_selection_t  selection;

    if (promotion->api != NULL) {
        return pm_plan_api(promotion, sources, objects, mirror, tree, explain,
                           explain, arena, plan, err);
    }

    memset(plan, 0, sizeof(pm_plan_t));
    memset(&selection, 0, sizeof(pm_selection_t));

    selection.template = promotion->template;
    selection.objects = objects;
    selection.mirror = mirror;
    selection.tree = tree;
    selection.arena = arena;
    selection.explain = (explain != 0);
    selection.err = err;

    rc = 0;

    for (i = 0; rc == 0 && i < promotion->nparts; i++) {
        rc = pm_selection_part(&selection, &promotion->parts[i], &sources[i]);
    }

    if (rc == 0) {
        rc = pm_selection_unknown(&selection, promotion);
    }

    if (rc == 0) {
        rc = pm_plan_take(&selection, plan);
    }

    pm_selection_free(&selection);

    return rc;
}


int
pm_plan_tree(const pm_promotion_t *promotion, const pm_plan_t *plan,
    pm_git_objects_t *objects, const pm_oid_t *root, pm_oid_t *tree,
    pm_error_t *err)
{
    int         rc;
    pm_error_t  error;

    rc = pm_git_objects_tree(objects, root, plan->changes, plan->nchanges,
                             tree, err);

    if (rc == PM_UNPROCESSABLE && promotion->revert_commit != NULL) {

        /* a folder is where a file was, or the other way round */

        error = *err;
        return pm_error_set(err, PM_CONFLICT, "later changes stand in the way "
                            "of reverting %.7s: %s", promotion->revert_commit,
                            error.message);
    }

    return rc;
}
