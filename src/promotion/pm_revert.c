#include "promotion/pm_revert.h"

#include "git/pm_git_compare.h"

#include <string.h>


/* How many of the paths that stand in the way are named, and in how many
 * bytes. */
#define PM_REVERT_PATHS  20
#define PM_REVERT_BYTES  700


/* What stands in the way. */

typedef struct {
    pm_buffer_t  paths;
    size_t       named;
    size_t       n;
} pm_revert_way_t;


static int
pm_revert_commit(const pm_promotion_t *promotion, pm_git_mirror_t *mirror,
    const pm_oid_t *head, pm_oid_t *commit, pm_oid_t *parent, pm_error_t *err)
{
    int          rc;
    pm_error_t   error;
    const char  *hex;

    hex = promotion->revert_commit;

    rc = pm_git_mirror_find_commit(mirror, head, hex, commit, &error);

    if (rc == PM_INVALID) {
        return pm_error_set(err, PM_INTERNAL,
                            "the record has no commit to revert");
    }

    if (rc == PM_NOT_FOUND) {
        return pm_error_set(err, PM_CONFLICT, "commit %s is not part of the "
                            "branch any more: there is nothing to revert",
                            hex);
    }

    if (rc != 0) {
        *err = error;
        return rc;
    }

    rc = pm_git_mirror_parent(mirror, commit, parent, err);

    if (rc == 0 && pm_oid_is_zero(parent)) {
        return pm_error_set(err, PM_CONFLICT, "commit %s is the first one of "
                            "the branch: it cannot be reverted", hex);
    }

    return rc;
}


/*
 * A provider has merged what may be more than the promotion's own commit, or
 * other than what that one did on its base: then the promotion is no longer
 * what would be undone.
 */

static int
pm_revert_same(const pm_promotion_t *promotion, pm_git_mirror_t *mirror,
    const pm_oid_t *commit, const pm_oid_t *parent, pm_arena_t *arena,
    pm_error_t *err)
{
    int               rc;
    char              digest[PM_DIGEST_SIZE];
    size_t            n;
    pm_git_change_t  *changes;

    if (promotion->revert_digest == NULL) {
        return 0;
    }

    rc = pm_git_compare(mirror, commit, "", mirror, parent, "", 1, arena,
                        &changes, &n, err);
    if (rc == 0) {
        rc = pm_digest(changes, n, digest, err);
    }

    if (rc != 0 || strcmp(digest, promotion->revert_digest) == 0) {
        return rc;
    }

    return pm_error_set(err, PM_CONFLICT, "commit %.7s, by which the pull "
                        "request was merged, changes other files than the "
                        "promotion, or changes them otherwise: revert it on "
                        "its provider", promotion->revert_commit);
}


static void
pm_revert_in_the_way(pm_revert_way_t *way, const char *path)
{
    way->n++;

    if (way->n > PM_REVERT_PATHS
        || way->paths.len + strlen(path) > PM_REVERT_BYTES)
    {
        return;
    }

    way->named++;
    pm_buffer_printf(&way->paths, "%s%s", way->named > 1 ? ", " : "", path);
}


static int
pm_revert_conflict(pm_revert_way_t *way, const pm_oid_t *commit,
    pm_error_t *err)
{
    char         hex[PM_GIT_HEX_SIZE + 1];
    const char  *paths;

    paths = pm_buffer_string(&way->paths);

    if (paths == NULL) {
        return pm_error_memory(err);
    }

    pm_oid_hex(hex, commit);

    if (way->named == way->n) {
        return pm_error_set(err, PM_CONFLICT, "later changes stand in the way "
                            "of reverting %.7s: %s", hex, paths);
    }

    return pm_error_set(err, PM_CONFLICT, "later changes stand in the way of "
                        "reverting %.7s: %s%s%zu files%s", hex, paths,
                        way->named ? " and " : "", way->n - way->named,
                        way->named ? " more" : " of long names");
}


/* The file at path; mode 0: there is none (a folder is none). */

static int
pm_revert_file(pm_git_mirror_t *mirror, const pm_oid_t *tree,
    const char *path, unsigned *mode, pm_oid_t *id, pm_error_t *err)
{
    int         rc;
    pm_error_t  error;

    rc = pm_git_lookup(mirror, tree, path, mode, id, &error);

    if (rc == PM_NOT_FOUND || (rc == 0 && *mode == PM_GIT_MODE_TREE)) {
        *mode = 0;
        memset(id, 0, sizeof(pm_oid_t));
        return 0;
    }

    if (rc != 0) {
        *err = error;
    }

    return rc;
}


/* Leaves those changes that are still to be made. */

static int
pm_revert_changes(pm_git_mirror_t *mirror, const pm_oid_t *tree,
    pm_plan_t *plan, pm_revert_way_t *way, pm_error_t *err)
{
    int               rc;
    size_t            i, n;
    unsigned          mode;
    pm_oid_t          id;
    pm_git_change_t  *change;

    for (i = 0, n = 0; i < plan->nchanges; i++) {
        change = &plan->changes[i];

        rc = pm_revert_file(mirror, tree, change->path, &mode, &id, err);
        if (rc != 0) {
            return rc;
        }

        if (mode == change->new_mode && pm_oid_equal(&id, &change->new_id)) {
            continue;
        }

        if (mode != change->old_mode || !pm_oid_equal(&id, &change->old_id)) {
            pm_revert_in_the_way(way, change->path);
        }

        plan->changes[n++] = *change;
    }

    plan->nchanges = n;

    return 0;
}


/* The same as files, as other plans have them. */

static int
pm_revert_files(pm_plan_t *plan, pm_arena_t *arena, pm_error_t *err)
{
    size_t  i;

    plan->files = pm_arena_zalloc(arena, (plan->nchanges + 1)
                                         * sizeof(pm_selection_file_t));
    if (plan->files == NULL) {
        return pm_error_memory(err);
    }

    for (i = 0; i < plan->nchanges; i++) {
        plan->files[i].change = plan->changes[i];
    }

    return 0;
}


int
pm_revert(const pm_promotion_t *promotion, pm_git_mirror_t *mirror,
    const pm_oid_t *head, const pm_oid_t *tree, pm_arena_t *arena,
    pm_oid_t *commit, pm_plan_t *plan, pm_error_t *err)
{
    int              rc;
    pm_oid_t         parent;
    pm_revert_way_t  way;

    memset(plan, 0, sizeof(pm_plan_t));
    memset(&way, 0, sizeof(pm_revert_way_t));

    rc = pm_revert_commit(promotion, mirror, head, commit, &parent, err);

    if (rc == 0) {
        rc = pm_revert_same(promotion, mirror, commit, &parent, arena, err);
    }

    /* what makes the commit's tree equal to its parent's is its inverse */

    if (rc == 0) {
        rc = pm_git_compare(mirror, &parent, "", mirror, commit, "", 1, arena,
                            &plan->changes, &plan->nchanges, err);
    }

    if (rc == 0) {
        rc = pm_revert_changes(mirror, tree, plan, &way, err);
    }

    if (rc == 0 && way.n > 0) {
        rc = pm_revert_conflict(&way, commit, err);
    }

    pm_buffer_free(&way.paths);

    if (rc == 0) {
        rc = pm_revert_files(plan, arena, err);
    }

    if (rc != 0) {
        return rc;
    }

    return pm_digest(plan->changes, plan->nchanges, plan->digest, err);
}
