#include "promotion/pm_repositories.h"

#include <string.h>


/* The branch that HEAD names. */

static int
pm_revision_default(pm_revision_t *revision, pm_arena_t *arena,
    const pm_git_ref_t **ref, pm_error_t *err)
{
    int               rc;
    pm_repository_t  *r;

    r = revision->repository;

    rc = pm_repository_reader(r, arena, err);
    if (rc != 0) {
        return rc;
    }

    *ref = (r->reader->head != NULL)
           ? pm_git_advertisement_ref(r->refs, r->reader->head) : NULL;

    if (*ref == NULL) {
        return pm_error_set(err, PM_CONFLICT,
                            "repository %s has no default branch: give the "
                            "application's targetRevision", r->url->canonical);
    }

    return 0;
}


static const pm_git_ref_t *
pm_revision_look_up(const pm_git_advertisement_t *refs, pm_arena_t *arena,
    const char *prefix, const char *name)
{
    char  *full;

    full = pm_arena_printf(arena, "%s%s", prefix, name);

    return (full != NULL) ? pm_git_advertisement_ref(refs, full) : NULL;
}


/* A name that is no branch: fine for a source if it is a tag or a commit. */

static int
pm_revision_other(pm_repositories_t *repositories, pm_revision_t *revision,
    pm_arena_t *arena, const pm_git_ref_t **ref, pm_error_t *err)
{
    int                  rc;
    pm_repository_t     *r;
    const pm_git_ref_t  *tag;

    r = revision->repository;
    tag = pm_revision_look_up(r->refs, arena, "refs/tags/", revision->name);

    if (revision->written) {
        return pm_error_set(err, PM_CONFLICT, tag != NULL
                            ? "destination %s of %s is a tag, not a branch"
                            : "destination branch %s does not exist in %s",
                            revision->name, r->url->canonical);
    }

    rc = pm_repository_reader(r, arena, err);
    if (rc != 0) {
        return rc;
    }

    *ref = pm_revision_look_up(r->reader, arena, "refs/tags/",
                               revision->name);

    if (*ref == NULL && strncmp(revision->name, "refs/", 5) == 0) {
        *ref = pm_git_advertisement_ref(r->reader, revision->name);
    }

    if (*ref != NULL) {
        return 0;
    }

    if (pm_oid_parse(&revision->tip, revision->name, strlen(revision->name))
        == 0)
    {
        revision->commit = 1;
        return pm_revision_default(revision, arena, ref, err);
    }

    return pm_error_set(err, PM_CONFLICT,
                        "source revision %s is no branch, tag or commit of %s",
                        revision->name, r->url->canonical);
}


int
pm_revision_resolve(pm_repositories_t *repositories, pm_revision_t *revision,
    pm_arena_t *arena, pm_error_t *err)
{
    int                  rc;
    pm_repository_t     *r;
    const pm_git_ref_t  *ref;

    r = revision->repository;
    revision->branch = 0;
    revision->commit = 0;

    if (r->refs->nrefs == 0) {
        return pm_error_set(err, PM_CONFLICT,
                            "repository %s is empty: push a first commit to "
                            "it", r->url->canonical);
    }

    if (revision->name == NULL) {
        rc = pm_revision_default(revision, arena, &ref, err);
        revision->branch = 1;

    } else {
        rc = 0;
        ref = pm_revision_look_up(r->refs, arena, "refs/heads/",
                                  revision->name);
        revision->branch = (ref != NULL);

        if (ref == NULL) {
            rc = pm_revision_other(repositories, revision, arena, &ref, err);
        }
    }

    if (rc != 0) {
        return rc;
    }

    revision->ref = ref->name;
    revision->tip = pm_oid_is_zero(&ref->peeled) ? ref->id : ref->peeled;

    return 0;
}


int
pm_revision_update(pm_revision_t *revision, pm_error_t *err)
{
    int               rc;
    pm_oid_t          head;
    pm_repository_t  *r;

    r = revision->repository;

    rc = pm_git_mirror_update(r->mirror, r->remote, &revision->tip,
                              r->reader != NULL ? r->reader : r->refs,
                              r->branches, r->nbranches, err);
    if (rc != 0) {
        return rc;
    }

    if (revision->commit) {
        head = revision->tip;

        rc = pm_git_mirror_find_commit(r->mirror, &head, revision->name,
                                       &revision->tip, err);
        if (rc == PM_NOT_FOUND) {
            return pm_error_set(err, PM_UNPROCESSABLE,
                                "source revision %s is not on the default "
                                "branch of %s", revision->name,
                                r->url->canonical);
        }

        if (rc != 0) {
            return rc;
        }
    }

    return pm_git_mirror_tree(r->mirror, &revision->tip, &revision->tree, err);
}
