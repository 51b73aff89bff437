#include "git/pm_git_fetch.h"
#include "git/pm_git_advertisement.h"
#include "git/pm_git_fetch_transport.h"

#include <errno.h>
#include <string.h>


#define PM_GIT_FETCH_HEADS     "refs/heads/"
#define PM_GIT_FETCH_TRACKING  "refs/remotes/origin/"


static const char *
pm_git_fetch_branch(const char *ref)
{
    size_t  len;

    len = sizeof(PM_GIT_FETCH_HEADS) - 1;

    return strncmp(ref, PM_GIT_FETCH_HEADS, len) == 0 ? ref + len : ref;
}


/* A branch, or another ref (a tag) by its whole name. */

static const pm_git_ref_t *
pm_git_fetch_ref(const pm_git_advertisement_t *advertisement,
    const char *branch, pm_arena_t *arena)
{
    const char  *name;

    if (strncmp(branch, "refs/", 5) == 0) {
        return pm_git_advertisement_ref(advertisement, branch);
    }

    name = pm_arena_printf(arena, PM_GIT_FETCH_HEADS "%s",
                           pm_git_fetch_branch(branch));

    return name ? pm_git_advertisement_ref(advertisement, name) : NULL;
}


/* What libgit2 ran into, unless it was our transport: that knows better. */

static int
pm_git_fetch_failed(pm_git_fetch_t *f, pm_error_t *err)
{
    const char       *reason;
    const git_error  *last;

    if (f->err.code != PM_OK) {
        return pm_error_set(err, f->err.code, "%s", f->err.message);
    }

    last = git_error_last();
    reason = pm_git_reason();

    if (last != NULL && last->klass == GIT_ERROR_NOMEMORY) {
        return pm_error_memory(err);
    }

    if (last != NULL
        && (last->klass == GIT_ERROR_OS
            || strstr(reason, strerror(ENOSPC)) != NULL
            || strstr(reason, strerror(EDQUOT)) != NULL))
    {
        return pm_error_set(err, PM_UNAVAILABLE, "the mirror of %s cannot be "
                            "written: %s", f->remote->name, reason);
    }

    /* objects that a delta or the talk about what is here needed, the
     * configuration: ours, or what came was damaged */

    f->remote->unusable = (last == NULL || last->klass != GIT_ERROR_NET);

    return pm_error_set(err, PM_REMOTE, "fetch from %s failed: %s",
                        f->remote->name, reason);
}


static int
pm_git_fetch_download(pm_git_fetch_t *f, git_repository *repository,
    char **specs, size_t nspecs, pm_error_t *err)
{
    int                        rc;
    git_remote                *remote;
    git_strarray               refspecs;
    git_fetch_options          options;
    git_remote_create_options  create;

    refspecs.strings = specs;
    refspecs.count = nspecs;

    (void) git_fetch_options_init(&options, GIT_FETCH_OPTIONS_VERSION);

    options.callbacks.transport = pm_git_fetch_transport;
    options.callbacks.transfer_progress = pm_git_fetch_progress;
    options.callbacks.payload = f;
    options.download_tags = GIT_REMOTE_DOWNLOAD_TAGS_NONE;
    options.update_fetchhead = 0;

    /*
     * url.*.insteadOf is not ours to follow, and libgit2 1.5.1 leaks about
     * 100 KB when it looks for it (git_regexp_match() on PCRE2).
     */

    (void) git_remote_create_options_init(&create,
                                          GIT_REMOTE_CREATE_OPTIONS_VERSION);

    create.repository = repository;
    create.flags = GIT_REMOTE_CREATE_SKIP_INSTEADOF;

    remote = NULL;

    if (git_remote_create_with_opts(&remote, f->remote->name, &create) < 0
        || git_remote_download(remote, &refspecs, &options) < 0)
    {
        rc = pm_git_fetch_failed(f, err);

    } else {
        rc = 0;
    }

    git_remote_free(remote);

    return rc;
}


/* refs/remotes/origin/… as the remote has them. */

static int
pm_git_fetch_track(pm_git_remote_t *remote, git_repository *repository,
    const pm_git_advertisement_t *advertisement, const char *branch,
    pm_arena_t *arena, pm_error_t *err)
{
    int                  rc;
    git_oid              id;
    git_odb             *odb;
    const char          *name;
    git_reference       *reference;
    const pm_git_ref_t  *ref;

    ref = pm_git_fetch_ref(advertisement, branch, arena);
    name = pm_arena_printf(arena, PM_GIT_FETCH_TRACKING "%s",
                           pm_git_fetch_branch(branch));

    if (name == NULL) {
        return pm_error_memory(err);
    }

    if (ref == NULL) {
        rc = git_reference_remove(repository, name);

        if (rc < 0 && rc != GIT_ENOTFOUND) {
            return pm_error_set(err, PM_UNAVAILABLE, "the mirror of %s cannot "
                                "be written: %s", remote->name,
                                pm_git_reason());
        }

        return 0;
    }

    memcpy(id.id, ref->id.id, PM_GIT_OID_SIZE);

    if (git_repository_odb(&odb, repository) < 0) {
        return pm_error_memory(err);
    }

    rc = git_odb_exists(odb, &id);
    git_odb_free(odb);

    if (rc != 1) {
        return pm_error_set(err, PM_REMOTE, "remote %s did not send what its "
                            "%s points to", remote->name, ref->name);
    }

    if (git_reference_create(&reference, repository, name, &id, 1, NULL) < 0)
    {
        return pm_error_set(err, PM_UNAVAILABLE, "the mirror of %s cannot be "
                            "written: %s", remote->name, pm_git_reason());
    }

    git_reference_free(reference);

    return 0;
}


/* What the remote has told before is not asked again, where it may be so. */

static const pm_git_advertisement_t *
pm_git_fetch_told(pm_git_fetch_t *f, const pm_git_fetch_known_t *known)
{
    if (known->refs == NULL || !f->remote->transport->stateless) {
        return NULL;
    }

    if (known->refs->service == PM_GIT_UPLOAD_PACK) {
        f->offers = pm_git_fetch_offers(known->refs->capabilities);

    } else {
        f->offers = f->remote->redirected ? 0 : known->offers;
    }

    f->told = (f->offers != 0);

    return f->told ? known->refs : NULL;
}


static int
pm_git_fetch_discover(pm_git_fetch_t *f, pm_git_fetch_known_t *known,
    pm_arena_t *arena, const pm_git_advertisement_t **advertisement,
    pm_error_t *err)
{
    int                      rc;
    pm_git_advertisement_t  *answer;

    rc = pm_git_remote_discover(f->remote, PM_GIT_UPLOAD_PACK, arena, &answer,
                                err);
    if (rc != 0) {
        return rc;
    }

    f->offers = pm_git_fetch_offers(answer->capabilities);

    /* where another remote of this URL would not know of the redirect */

    known->offers = f->remote->redirected ? 0 : f->offers;
    *advertisement = answer;

    return 0;
}


static int
pm_git_fetch_branches(pm_git_fetch_t *f, git_repository *repository,
    const pm_git_advertisement_t *advertisement, const char *const *branches,
    size_t nbranches, pm_arena_t *arena, pm_error_t *err)
{
    int                   rc;
    char                **specs;
    size_t                i, n;
    const pm_git_ref_t   *ref;

    specs = pm_arena_alloc(arena, (nbranches + 1) * sizeof(char *));
    if (specs == NULL) {
        return pm_error_memory(err);
    }

    for (n = 0, i = 0; i < nbranches; i++) {
        ref = pm_git_fetch_ref(advertisement, branches[i], arena);

        if (ref == NULL) {
            continue;
        }

        specs[n] = pm_arena_printf(arena, "+%s:" PM_GIT_FETCH_TRACKING "%s",
                                   ref->name, pm_git_fetch_branch(ref->name));

        if (specs[n++] == NULL) {
            return pm_error_memory(err);
        }
    }

    rc = 0;

    if (n > 0) {
        if (pm_git_fetch_listing(f, advertisement, specs, n) != 0) {
            return pm_error_memory(err);
        }

        rc = pm_git_fetch_download(f, repository, specs, n, err);
    }

    for (i = 0; rc == 0 && i < nbranches; i++) {
        rc = pm_git_fetch_track(f->remote, repository, advertisement,
                                branches[i], arena, err);
    }

    return rc;
}


/* asks: nothing is taken for granted. */

static int
pm_git_fetch_try(pm_git_fetch_t *f, git_repository *repository,
    pm_git_fetch_known_t *known, int asks, const char *const *branches,
    size_t nbranches, pm_error_t *err)
{
    int                            rc;
    pm_arena_t                    *arena;
    const pm_git_advertisement_t  *advertisement;

    arena = pm_arena_create();
    if (arena == NULL) {
        return pm_error_memory(err);
    }

    advertisement = asks ? NULL : pm_git_fetch_told(f, known);

    rc = advertisement != NULL
         ? 0 : pm_git_fetch_discover(f, known, arena, &advertisement, err);

    f->assumes = !asks && f->remote->transport->stateless
                 && (f->offers & (PM_GIT_FETCH_MULTI_ACK
                                  | PM_GIT_FETCH_MULTI_ACK_DETAILED));

    if (rc == 0) {
        rc = pm_git_fetch_branches(f, repository, advertisement, branches,
                                   nbranches, arena, err);
    }

    if (rc == 0 && f->asked) {
        pm_git_remote_drain(f->remote, PM_GIT_UPLOAD_PACK);
    }

    f->remote->transport->close(f->remote, PM_GIT_UPLOAD_PACK);

    pm_buffer_free(&f->own);
    pm_buffer_free(&f->request);
    pm_arena_destroy(arena);

    return rc;
}


/* A failure that asking may cure: not one of the connection, of the login, of
 * a server in trouble, or after the pack has begun. */

static int
pm_git_fetch_mistaken(const pm_git_fetch_t *f)
{
    if (!f->told && !f->assumed) {
        return 0;
    }

    return f->refuted || f->remote->gone
           || (f->err.code == PM_OK && !f->packing && !f->remote->unusable);
}


int
pm_git_fetch(pm_git_remote_t *remote, git_repository *repository,
    pm_git_fetch_known_t *known, const char *const *branches,
    size_t nbranches, pm_error_t *err)
{
    int             rc;
    pm_git_fetch_t  fetch;

    pm_git_remote_begin(remote);

    memset(&fetch, 0, sizeof(pm_git_fetch_t));
    fetch.remote = remote;

    rc = pm_git_fetch_try(&fetch, repository, known,
                          (known->offers & PM_GIT_FETCH_ASKS) != 0, branches,
                          nbranches, err);

    if (rc == PM_REMOTE && pm_git_fetch_mistaken(&fetch)) {
        remote->unusable = 0;

        memset(&fetch, 0, sizeof(pm_git_fetch_t));
        fetch.remote = remote;

        rc = pm_git_fetch_try(&fetch, repository, known, 1, branches,
                              nbranches, err);
    }

    /* it may have made a pack of everything, for want of the talk */

    if (rc == PM_TIMEOUT && fetch.assumed && !fetch.packing) {
        known->offers |= PM_GIT_FETCH_ASKS;

    } else if (rc == 0) {
        known->offers &= ~(unsigned) PM_GIT_FETCH_ASKS;
    }

    return rc;
}
