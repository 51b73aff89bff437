#include "promotion/pm_repositories.h"

#include <string.h>


/* The refs of a remote may move between reading them and fetching them. */
#define PM_REPOSITORIES_TRIES  3


static void
pm_repositories_close(void *data)
{
    pm_repository_t    *r;
    pm_repositories_t  *repositories;

    repositories = data;

    for (r = repositories->first; r != NULL; r = r->next) {
        pm_git_mirror_close(r->mirror);
        pm_git_remote_close(r->remote);
    }
}


static pm_repository_t *
pm_repositories_add(pm_repositories_t *repositories, const pm_git_url_t *url,
    pm_git_service_t service)
{
    pm_repository_t  *r, **last;

    for (last = &repositories->first; *last != NULL; last = &(*last)->next) {
        if (strcmp((*last)->url->canonical, url->canonical) == 0) {
            return *last;
        }
    }

    r = pm_arena_zalloc(repositories->arena, sizeof(pm_repository_t));

    if (r != NULL) {
        r->url = url;
        r->service = service;
        *last = r;
    }

    return r;
}


int
pm_repositories_create(pm_arena_t *arena, pm_git_t *git,
    const pm_location_t *destination, pm_git_service_t service,
    pm_repositories_t **repositories, pm_error_t *err)
{
    int                 rc;
    pm_repositories_t  *created;

    created = pm_arena_zalloc(arena, sizeof(pm_repositories_t));
    if (created == NULL) {
        return pm_error_memory(err);
    }

    created->git = git;
    created->arena = arena;

    if (pm_arena_defer(arena, pm_repositories_close, created) != 0
        || pm_repositories_add(created, &destination->url, service) == NULL)
    {
        return pm_error_memory(err);
    }

    *repositories = created;

    rc = pm_repositories_revision(created, destination, &created->destination,
                                  err);
    if (rc == 0) {
        created->destination->written = 1;
    }

    return rc;
}


static int
pm_revision_is(const pm_revision_t *revision, const char *name)
{
    if (revision->name == NULL || name == NULL) {
        return revision->name == name;
    }

    return strcmp(revision->name, name) == 0;
}


int
pm_repositories_revision(pm_repositories_t *repositories,
    const pm_location_t *location, pm_revision_t **revision, pm_error_t *err)
{
    pm_revision_t    *added;
    pm_repository_t  *r;

    r = pm_repositories_add(repositories, &location->url, PM_GIT_UPLOAD_PACK);
    if (r == NULL) {
        return pm_error_memory(err);
    }

    for (added = r->revisions; added != NULL; added = added->next) {
        if (pm_revision_is(added, location->branch)) {
            added->named |= location->is_branch;
            *revision = added;
            return 0;
        }
    }

    added = pm_arena_zalloc(repositories->arena, sizeof(pm_revision_t));
    if (added == NULL) {
        return pm_error_memory(err);
    }

    added->repository = r;
    added->name = location->branch;
    added->named = location->is_branch;
    added->next = r->revisions;
    r->revisions = added;

    *revision = added;

    return 0;
}


int
pm_repository_reader(pm_repository_t *r, pm_arena_t *arena, pm_error_t *err)
{
    int                      rc;
    pm_git_advertisement_t  *refs;

    if (r->reader != NULL) {
        return 0;
    }

    rc = pm_git_remote_advertisement(r->remote, PM_GIT_UPLOAD_PACK, arena,
                                     &refs, err);
    if (rc == 0) {
        r->reader = refs;
    }

    return rc;
}


static int
pm_repository_refs(pm_repositories_t *repositories, pm_repository_t *r,
    pm_arena_t *arena, pm_error_t *err)
{
    int                      rc;
    pm_git_advertisement_t  *refs;

    r->refs = NULL;
    r->reader = NULL;

    if (r->remote == NULL) {
        rc = pm_git_remote_open(repositories->git, r->url, &r->remote, err);
        if (rc != 0) {
            return rc;
        }
    }

    if (r->service == PM_GIT_UPLOAD_PACK) {
        rc = pm_repository_reader(r, arena, err);
        r->refs = r->reader;
        return rc;
    }

    rc = pm_git_remote_advertisement(r->remote, r->service, arena, &refs, err);
    if (rc == 0) {
        r->refs = refs;
    }

    return rc;
}


/* Makes the list of what the mirror needs: each ref once. */

static int
pm_repository_branches(pm_repository_t *r, pm_arena_t *arena, pm_error_t *err)
{
    size_t          i, n;
    pm_revision_t  *revision;

    for (n = 0, revision = r->revisions; revision; revision = revision->next) {
        n++;
    }

    r->nbranches = 0;
    r->branches = pm_arena_alloc(arena, n * sizeof(char *));

    if (r->branches == NULL) {
        return pm_error_memory(err);
    }

    for (revision = r->revisions; revision; revision = revision->next) {
        if (revision->error.code != 0) {
            continue;
        }

        for (i = 0; i < r->nbranches; i++) {
            if (strcmp(r->branches[i], revision->ref) == 0) {
                break;
            }
        }

        if (i == r->nbranches) {
            r->branches[r->nbranches++] = revision->ref;
        }
    }

    return 0;
}


/*
 * One attempt; all that is wrong is noted where it belongs.  PM_CONFLICT (not
 * at the last attempt): what was read is no longer what the remote has, or,
 * where others push too, may not be, since it had to be fetched first.  What
 * is read once more right after a fetch leaves them the least time.
 */

static int
pm_repository_try(pm_repositories_t *repositories, pm_repository_t *r,
    pm_arena_t *arena, int last)
{
    int             rc, fetched;
    pm_error_t      error;
    pm_revision_t  *revision;

    rc = pm_repository_refs(repositories, r, arena, &r->error);

    if (rc == 0 && r->mirror == NULL) {
        rc = pm_git_mirror_open(repositories->git, r->url, &r->mirror,
                                &r->error);
    }

    if (rc != 0) {
        return rc;
    }

    for (revision = r->revisions; revision; revision = revision->next) {
        rc = pm_revision_resolve(repositories, revision, arena,
                                 &revision->error);
        if (rc == 0) {
            revision->error.code = 0;
        }
    }

    rc = pm_repository_branches(r, arena, &r->error);
    if (rc != 0) {
        return rc;
    }

    r->error.code = 0;

    for (revision = r->revisions; revision; revision = revision->next) {

        if (revision->error.code != 0) {
            continue;
        }

        fetched = repositories->contended && !last
                  && r->service == PM_GIT_RECEIVE_PACK
                  && !pm_git_mirror_has(r->mirror, &revision->tip);

        rc = pm_revision_update(revision, &revision->error);

        if (rc == 0 && fetched) {
            return PM_CONFLICT;
        }

        /* on the way to success a room below may have noted a fault */

        if (rc == 0) {
            revision->error.code = 0;
        }

        if (rc != PM_CONFLICT) {
            continue;
        }

        if (!last) {
            return PM_CONFLICT;
        }

        error = revision->error;
        (void) pm_error_set(&revision->error, PM_REMOTE, "%s", error.message);
    }

    return 0;
}


static void
pm_repository_read(pm_repositories_t *repositories, pm_repository_t *r,
    pm_arena_t *arena)
{
    int       rc;
    unsigned  i;

    for (i = 1; i <= PM_REPOSITORIES_TRIES; i++) {
        r->error.code = 0;

        rc = pm_repository_try(repositories, r, arena,
                               i == PM_REPOSITORIES_TRIES);
        if (rc != PM_CONFLICT) {
            break;
        }
    }
}


/*
 * A host that does not answer is waited for once a reading, not once for each
 * of its repositories.
 */

static const pm_repository_t *
pm_repositories_silent(const pm_repositories_t *repositories,
    const pm_repository_t *r)
{
    const pm_repository_t  *other;

    for (other = repositories->first; other != r; other = other->next) {

        if (other->error.code == PM_TIMEOUT && other->refs == NULL
            && other->url->host != NULL && r->url->host != NULL
            && other->url->scheme == r->url->scheme
            && other->url->port == r->url->port
            && strcmp(other->url->host, r->url->host) == 0)
        {
            return other;
        }
    }

    return NULL;
}


int
pm_repositories_read(pm_repositories_t *repositories, int sources,
    pm_arena_t *arena, pm_error_t *err)
{
    pm_repository_t        *r;
    const pm_error_t       *error;
    const pm_repository_t  *silent;

    r = repositories->first;

    pm_repository_read(repositories, r, arena);

    /* without the destination there is nothing to do */

    error = &r->error;

    if (error->code == 0 && !repositories->several) {
        error = &repositories->destination->error;
    }

    if (error->code != 0) {
        *err = *error;
        return error->code;
    }

    if (!sources) {
        return 0;
    }

    for (r = r->next; r != NULL; r = r->next) {
        silent = pm_repositories_silent(repositories, r);

        if (silent != NULL) {
            r->refs = NULL;
            r->reader = NULL;
            r->error = silent->error;

        } else {
            pm_repository_read(repositories, r, arena);
        }
    }

    return 0;
}


int
pm_repositories_refs(pm_repositories_t *repositories, pm_arena_t *arena,
    pm_error_t *err)
{
    return pm_repository_refs(repositories, repositories->first, arena, err);
}


int
pm_repositories_head(pm_repositories_t *repositories, pm_arena_t *arena,
    pm_oid_t *head, pm_error_t *err)
{
    int                  rc;
    const pm_git_ref_t  *ref;

    rc = pm_repositories_refs(repositories, arena, err);
    if (rc != 0) {
        return rc;
    }

    memset(head, 0, sizeof(pm_oid_t));

    ref = pm_git_advertisement_ref(repositories->first->refs,
                                   repositories->destination->ref);

    if (ref != NULL) {
        *head = ref->id;
    }

    return 0;
}


int
pm_repositories_broken(const pm_repositories_t *repositories)
{
    const pm_repository_t  *r;

    for (r = repositories->first; r != NULL; r = r->next) {
        if (r->mirror != NULL && pm_git_mirror_broken(r->mirror)) {
            return 1;
        }
    }

    return 0;
}
