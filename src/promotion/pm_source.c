#include "promotion/pm_source.h"

#include <string.h>


int
pm_source_revisions(pm_repositories_t *repositories,
    const pm_promotion_t *promotion, pm_arena_t *arena,
    pm_revision_t ***revisions, pm_error_t *err)
{
    int             rc;
    size_t          i;
    pm_revision_t  *destination;

    *revisions = pm_arena_alloc(arena, promotion->nparts
                                       * sizeof(pm_revision_t *));
    if (*revisions == NULL) {
        return pm_error_memory(err);
    }

    for (i = 0; i < promotion->nparts; i++) {

        rc = pm_repositories_revision(repositories,
                                      &promotion->parts[i].destination,
                                      &destination, err);
        if (rc != 0) {
            return rc;
        }

        destination->written = 1;

        if (repositories->several
            ? destination->repository != repositories->first
            : destination != repositories->destination)
        {
            return pm_error_set(err, PM_INTERNAL,
                                "promotions of several branches in one batch");
        }

        rc = pm_repositories_revision(repositories,
                                      &promotion->parts[i].source,
                                      &(*revisions)[i], err);
        if (rc != 0) {
            return rc;
        }
    }

    return 0;
}


/* What revision gives, or (digits not NULL) the commit of it they name. */

static int
pm_source_one(const pm_revision_t *revision, const char *digits, int pinned,
    pm_source_t *source, pm_error_t *err)
{
    int                     rc;
    pm_error_t              error;
    const pm_repository_t  *r;

    r = revision->repository;

    if (r->error.code != 0 || revision->error.code != 0) {
        *err = (r->error.code != 0) ? r->error : revision->error;
        return err->code;
    }

    source->mirror = r->mirror;
    source->commit = revision->tip;
    source->tree = revision->tree;

    if (digits == NULL) {
        return 0;
    }

    rc = pm_git_mirror_find_commit(r->mirror, &revision->tip, digits,
                                   &source->commit, &error);

    if (rc == PM_NOT_FOUND && pinned) {
        return pm_error_named(err, PM_CONFLICT, "promotion.source.gone",
                              "revision %.7s, which was asked for, is no "
                              "part of %s of %s any more", digits,
                              revision->name ? revision->name : "HEAD",
                              r->url->canonical);
    }

    if (rc == PM_NOT_FOUND || rc == PM_CONFLICT) {
        return pm_error_set(err, PM_INVALID, "srcAppCommitSha: %s",
                            error.message);
    }

    if (rc != 0) {
        *err = error;
        return rc;
    }

    return pm_git_mirror_tree(r->mirror, &source->commit, &source->tree, err);
}


int
pm_source_read(const pm_promotion_t *promotion,
    pm_revision_t *const *revisions, pm_arena_t *arena, pm_source_t **sources,
    pm_error_t *err)
{
    int          rc;
    size_t       i;
    const char  *pin;

    *sources = pm_arena_alloc(arena, promotion->nparts * sizeof(pm_source_t));
    if (*sources == NULL) {
        return pm_error_memory(err);
    }

    for (i = 0; i < promotion->nparts; i++) {

        if (promotion->source_commit != NULL && revisions[i] != revisions[0]) {
            return pm_error_set(err, PM_INVALID,
                                "srcAppCommitSha cannot be given: the sources "
                                "of application %s/%s lie in several "
                                "repositories or branches",
                                promotion->source.namespace,
                                promotion->source.name);
        }

        pin = promotion->parts[i].source.commit;

        rc = pm_source_one(revisions[i],
                           pin ? pin : promotion->source_commit, pin != NULL,
                           &(*sources)[i], err);
        if (rc != 0) {
            return rc;
        }
    }

    return 0;
}
