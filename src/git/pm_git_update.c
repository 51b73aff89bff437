#include "git/pm_git_fetch.h"
#include "git/pm_git_mirror_internal.h"
#include "git/pm_git_objects_internal.h"
#include "git/pm_git_transport.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>


/* A repository that is damaged itself is not fetched whole again and again. */
#define PM_GIT_REBUILD_PAUSE  60000


/* What pm_git_update_check() finds. */

enum {
    PM_GIT_DAMAGED = -1,
    PM_GIT_ABSENT,
    PM_GIT_PRESENT
};


static int pm_git_update_locked(pm_git_mirror_t *mirror,
    pm_git_remote_t *remote, const pm_oid_t *id,
    const pm_git_advertisement_t *refs, const char *const *branches,
    size_t nbranches, pm_error_t *err);
static unsigned pm_git_update_offers(pm_git_mirror_t *mirror,
    const unsigned *learnt);
static int pm_git_update_check(pm_git_mirror_t *mirror, const pm_oid_t *id);
static int pm_git_update_missing(pm_git_mirror_t *mirror);
static int pm_git_update_sound(pm_git_mirror_t *mirror);
static int pm_git_update_fetch(const char *path, pm_git_remote_t *remote,
    pm_git_fetch_known_t *known, const char *const *branches,
    size_t nbranches, pm_error_t *err);
static void pm_git_update_untrack(git_repository *repository,
    const char *const *branches, size_t nbranches);
static int pm_git_update_rebuild(pm_git_mirror_t *mirror,
    pm_git_remote_t *remote, const char *const *branches, size_t nbranches,
    pm_error_t *err);


int
pm_git_mirror_update(pm_git_mirror_t *mirror, pm_git_remote_t *remote,
    const pm_oid_t *id, const pm_git_advertisement_t *refs,
    const char *const *branches, size_t nbranches, pm_error_t *err)
{
    int  rc, fd;

    if (!mirror->broken
        && pm_git_update_check(mirror, id) == PM_GIT_PRESENT)
    {
        return 0;
    }

    rc = pm_git_lock(mirror->site, mirror->git->settings->timeout, &fd, err);
    if (rc != 0) {
        return rc;
    }

    rc = pm_git_update_locked(mirror, remote, id, refs, branches, nbranches,
                              err);

    pm_git_unlock(fd);

    return rc;
}


/*
 * Under the lock nobody else changes the folder: an object that cannot be
 * read now is not on its way from one pack to another.
 */

static int
pm_git_update_locked(pm_git_mirror_t *mirror, pm_git_remote_t *remote,
    const pm_oid_t *id, const pm_git_advertisement_t *refs,
    const char *const *branches, size_t nbranches, pm_error_t *err)
{
    int                   rc, state, broken;
    pm_git_fetch_known_t  known;

    broken = mirror->broken;
    mirror->broken = 0;

    state = pm_git_mirror_reopen(mirror, err) == 0
            ? pm_git_update_check(mirror, id) : PM_GIT_DAMAGED;

    if (state == PM_GIT_ABSENT) {
        known.refs = refs;
        known.offers = pm_git_update_offers(mirror, NULL);

        rc = pm_git_update_fetch(mirror->site->path, remote, &known, branches,
                                 nbranches, err);

        (void) pm_git_update_offers(mirror, &known.offers);

        /* what is damaged may lie deeper than what a look at the refs sees */

        if (rc != 0 && !remote->unusable && pm_git_update_sound(mirror)) {
            mirror->broken = broken;
            return rc;
        }

        (void) pm_git_fold(mirror->site->path, NULL);

        state = rc == 0 && pm_git_mirror_reopen(mirror, err) == 0
                ? pm_git_update_check(mirror, id) : PM_GIT_DAMAGED;
    }

    /* what a reader missed may have come with the fetch */

    if (state == PM_GIT_DAMAGED || (broken && pm_git_update_missing(mirror)))
    {
        rc = pm_git_update_rebuild(mirror, remote, branches, nbranches, err);
        if (rc != 0) {
            return rc;
        }

        state = pm_git_update_check(mirror, id);
    }

    switch (state) {

    case PM_GIT_PRESENT:
        return 0;

    case PM_GIT_ABSENT:
        return pm_error_set(err, PM_CONFLICT,
                            "%s has changed while it was fetched",
                            mirror->site->url);

    default:
        return pm_error_set(err, PM_REMOTE,
                            "%s lacks objects: the repository is damaged",
                            mirror->site->url);
    }
}


/* What the site's fetches have learnt, and now this one. */

static unsigned
pm_git_update_offers(pm_git_mirror_t *mirror, const unsigned *learnt)
{
    unsigned  offers;

    (void) pthread_mutex_lock(&mirror->git->mutex);

    if (learnt != NULL) {
        mirror->site->offers = *learnt;
    }

    offers = mirror->site->offers;

    (void) pthread_mutex_unlock(&mirror->git->mutex);

    return offers;
}


/* A commit is there if its tree can be read. */

static int
pm_git_update_check(pm_git_mirror_t *mirror, const pm_oid_t *id)
{
    pm_oid_t      tree;
    pm_git_raw_t  raw;

    if (!pm_git_mirror_has(mirror, id)) {
        return PM_GIT_ABSENT;
    }

    if (pm_git_mirror_tree(mirror, id, &tree, NULL) == 0
        && pm_git_raw_read(mirror, &tree, GIT_OBJECT_TREE, PM_GIT_TREE_LIMIT,
                           &raw, NULL) == 0)
    {
        pm_git_raw_release(&raw);
    }

    if (mirror->broken) {
        mirror->broken = 0;
        return PM_GIT_DAMAGED;
    }

    return PM_GIT_PRESENT;
}


/* 1 if the object that a reader missed is really not there. */

static int
pm_git_update_missing(pm_git_mirror_t *mirror)
{
    git_odb_object  *object;

    if (mirror->history) {
        mirror->history = 0;
        return !pm_git_history_sound(mirror, &mirror->missing);
    }

    if (git_odb_read(&object, mirror->odb, (git_oid *) &mirror->missing) < 0)
    {
        return 1;
    }

    git_odb_object_free(object);

    return 0;
}


/* 1 if every ref of the mirror names a commit that can be read. */

static int
pm_git_update_sound(pm_git_mirror_t *mirror)
{
    int                      rc, sound;
    git_oid                  id;
    const char              *name;
    git_reference_iterator  *iterator;

    if (git_reference_iterator_new(&iterator, mirror->repository) < 0) {
        return 0;
    }

    sound = 1;

    while (sound
           && (rc = git_reference_next_name(&name, iterator)) != GIT_ITEROVER)
    {
        sound = rc == 0
                && git_reference_name_to_id(&id, mirror->repository, name)
                   == 0
                && pm_git_update_check(mirror, (pm_oid_t *) &id)
                   == PM_GIT_PRESENT;
    }

    git_reference_iterator_free(iterator);

    return sound;
}


static int
pm_git_update_fetch(const char *path, pm_git_remote_t *remote,
    pm_git_fetch_known_t *known, const char *const *branches,
    size_t nbranches, pm_error_t *err)
{
    int              rc;
    git_repository  *repository;

    if (git_repository_open_bare(&repository, path) < 0) {
        return pm_error_set(err, PM_UNAVAILABLE,
                            "the mirror %s cannot be opened: %s", path,
                            pm_git_reason());
    }

    pm_git_update_untrack(repository, branches, nbranches);

    rc = pm_git_fetch(remote, repository, known, branches, nbranches, err);

    git_repository_free(repository);

    return rc;
}


/*
 * What is tracked only saves bytes of a fetch; what would make one fail goes
 * first: a ref without an id (a power failure can leave an empty file), and
 * "a" where "a/b" is fetched now, or the reverse.
 */

static void
pm_git_update_untrack(git_repository *repository,
    const char *const *branches, size_t nbranches)
{
    int                      rc;
    char                     ref[1024];
    size_t                   i, len;
    git_oid                  id;
    const char              *name, *branch, *tracked;
    git_reference_iterator  *iterator;

    for (i = 0; i < nbranches; i++) {
        (void) snprintf(ref, sizeof(ref), PM_GIT_TRACKING "%s",
                        pm_git_branch(branches[i]));

        rc = git_reference_name_to_id(&id, repository, ref);

        if (rc < 0 && rc != GIT_ENOTFOUND) {
            (void) git_reference_remove(repository, ref);
        }
    }

    if (git_reference_iterator_glob_new(&iterator, repository,
                                        PM_GIT_TRACKING "*") < 0)
    {
        return;
    }

    while (git_reference_next_name(&name, iterator) == 0) {
        tracked = name + strlen(PM_GIT_TRACKING);

        for (i = 0; i < nbranches; i++) {
            branch = pm_git_branch(branches[i]);

            len = strlen(tracked) < strlen(branch) ? strlen(tracked)
                                                   : strlen(branch);

            if (strncmp(tracked, branch, len) == 0
                && (tracked[len] == '/' || branch[len] == '/'))
            {
                (void) git_reference_remove(repository, name);
                break;
            }
        }
    }

    git_reference_iterator_free(iterator);
}


int
pm_git_mirror_rebuild(pm_git_mirror_t *mirror, pm_git_remote_t *remote,
    const char *const *branches, size_t nbranches, pm_error_t *err)
{
    int  rc, fd;

    rc = pm_git_lock(mirror->site, mirror->git->settings->timeout, &fd, err);
    if (rc != 0) {
        return rc;
    }

    rc = pm_git_update_rebuild(mirror, remote, branches, nbranches, err);

    pm_git_unlock(fd);

    return rc;
}


static int
pm_git_update_rebuild(pm_git_mirror_t *mirror, pm_git_remote_t *remote,
    const char *const *branches, size_t nbranches, pm_error_t *err)
{
    int64_t   now, last;
    pm_git_t  *git;

    git = mirror->git;
    now = pm_git_clock();

    (void) pthread_mutex_lock(&git->mutex);

    last = mirror->site->rebuilt;

    if (last == 0 || now - last >= PM_GIT_REBUILD_PAUSE) {
        mirror->site->rebuilt = now;
        last = 0;
    }

    (void) pthread_mutex_unlock(&git->mutex);

    if (last != 0) {
        return pm_error_set(err, PM_REMOTE,
                            "%s was fetched anew less than a minute ago and "
                            "is still incomplete: is the repository damaged?",
                            mirror->site->url);
    }

    return pm_git_mirror_replace(mirror, remote, branches, nbranches, err);
}


int
pm_git_mirror_replace(pm_git_mirror_t *mirror, pm_git_remote_t *remote,
    const char *const *branches, size_t nbranches, pm_error_t *err)
{
    int                   rc;
    char                  new[4096], old[4096];
    const char           *path;
    pm_git_fetch_known_t  nothing;

    path = mirror->site->path;

    if ((size_t) snprintf(new, sizeof(new), "%s.new", path) >= sizeof(new)
        || (size_t) snprintf(old, sizeof(old), "%s.old", path) >= sizeof(old))
    {
        return pm_error_set(err, PM_INVALID,
                            "the path of the mirrors is too long");
    }

    rc = pm_git_mirror_make(new, err);

    if (rc == 0 && remote != NULL) {
        memset(&nothing, 0, sizeof(pm_git_fetch_known_t));

        rc = pm_git_update_fetch(new, remote, &nothing, branches, nbranches,
                                 err);
    }

    if (rc != 0) {
        (void) pm_git_remove(new);
        return rc;
    }

    if ((rename(path, old) != 0 && errno != ENOENT)
        || rename(new, path) != 0)
    {
        return pm_error_set(err, PM_UNAVAILABLE,
                            "the mirror %s cannot be replaced: %s", path,
                            strerror(errno));
    }

    mirror->broken = 0;
    rc = pm_git_mirror_reopen(mirror, err);

    if (access(old, F_OK) == 0) {
        (void) pm_git_remove(old);
    }

    return rc;
}
