#include "promotion/pm_repositories.h"
#include "promotion/pm_semver.h"

#include <string.h>


#define PM_REVISION_TAGS  "refs/tags/"


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


/* 7 to 40 digits. */

static int
pm_revision_is_commit(const char *name)
{
    size_t  len;

    len = strspn(name, "0123456789abcdefABCDEF");

    return name[len] == '\0' && len >= 7 && len <= PM_GIT_HEX_SIZE;
}


/* The tag of the highest version in a range; of equal ones (1.0.0, v1.0.0) the
 * first by name.  NULL: none. */

static const pm_git_ref_t *
pm_revision_highest(const pm_git_advertisement_t *refs,
    const pm_semver_range_t *range)
{
    size_t               i;
    pm_semver_t          version, highest;
    const pm_git_ref_t  *ref;

    ref = NULL;

    for (i = 0; i < refs->nrefs; i++) {

        if (strncmp(refs->refs[i].name, PM_REVISION_TAGS,
                    sizeof(PM_REVISION_TAGS) - 1)
            != 0
            || pm_semver_parse(refs->refs[i].name
                               + sizeof(PM_REVISION_TAGS) - 1, &version)
               != 0
            || !pm_semver_matches(range, &version))
        {
            continue;
        }

        if (ref == NULL || pm_semver_compare(&version, &highest) > 0) {
            ref = &refs->refs[i];
            highest = version;
        }
    }

    return ref;
}


/* What is no name of a ref: a commit of the default branch, or a range. */

static int
pm_revision_unnamed(pm_revision_t *revision, pm_arena_t *arena,
    const pm_git_ref_t **ref, pm_error_t *err)
{
    pm_repository_t    *r;
    pm_semver_range_t   range;

    r = revision->repository;

    if (pm_revision_is_commit(revision->name)) {
        revision->commit = 1;
        return pm_revision_default(revision, arena, ref, err);
    }

    if (pm_semver_range(revision->name, &range) != 0) {
        return pm_error_set(err, PM_CONFLICT, "source revision %s is no "
                            "branch, tag or commit of %s", revision->name,
                            r->url->canonical);
    }

    *ref = pm_revision_highest(r->reader, &range);

    return (*ref != NULL) ? 0
           : pm_error_set(err, PM_CONFLICT, "no tag of %s is a version in the "
                          "range %s", r->url->canonical, revision->name);
}


/* A name that is no branch: fine for a source if it is another of these. */

static int
pm_revision_other(pm_repositories_t *repositories, pm_revision_t *revision,
    pm_arena_t *arena, const pm_git_ref_t **ref, pm_error_t *err)
{
    int                  rc;
    pm_repository_t     *r;
    const pm_git_ref_t  *tag;

    r = revision->repository;
    tag = pm_revision_look_up(r->refs, arena, PM_REVISION_TAGS,
                              revision->name);

    if (revision->written) {
        return pm_error_set(err, PM_CONFLICT, tag != NULL
                            ? "destination %s of %s is a tag, not a branch"
                            : "destination branch %s does not exist in %s",
                            revision->name, r->url->canonical);
    }

    if (revision->named) {
        return pm_error_set(err, PM_CONFLICT, "source branch %s does not "
                            "exist in %s", revision->name, r->url->canonical);
    }

    rc = pm_repository_reader(r, arena, err);
    if (rc != 0) {
        return rc;
    }

    *ref = pm_revision_look_up(r->reader, arena, PM_REVISION_TAGS,
                               revision->name);

    if (*ref == NULL && strncmp(revision->name, "refs/", 5) == 0) {
        *ref = pm_git_advertisement_ref(r->reader, revision->name);
    }

    return (*ref != NULL) ? 0
                          : pm_revision_unnamed(revision, arena, ref, err);
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
        /* no PM_CONFLICT: the remote has not moved */

        if (rc == PM_NOT_FOUND || rc == PM_CONFLICT) {
            return pm_error_set(err, PM_UNPROCESSABLE, rc == PM_NOT_FOUND
                                ? "source revision %s is not on the default "
                                  "branch of %s"
                                : "source revision %s is several commits of "
                                  "%s: give more digits", revision->name,
                                r->url->canonical);
        }

        if (rc != 0) {
            return rc;
        }
    }

    return pm_git_mirror_tree(r->mirror, &revision->tip, &revision->tree, err);
}
