#include "git/pm_git_mirror_internal.h"
#include "git/pm_git_objects_internal.h"

#include <stdio.h>
#include <string.h>


/* Kept objects save a fetch: that is not worth a long wait. */
#define PM_GIT_KEEP_WAIT  1000


static int pm_git_keep_pack(pm_git_mirror_t *mirror,
    const pm_git_objects_t *objects, pm_error_t *err);


int
pm_git_mirror_keep(pm_git_mirror_t *mirror, const pm_git_objects_t *objects,
    const char *branch, const pm_oid_t *id, pm_error_t *err)
{
    int             rc, fd;
    char            name[1024];
    git_reference  *ref;

    rc = pm_git_lock(mirror->site, PM_GIT_KEEP_WAIT, &fd, err);
    if (rc != 0) {
        return rc;
    }

    rc = 0;

    /* one that was rebuilt meanwhile may lack what the objects build on */

    if (!pm_git_mirror_current(mirror)) {
        rc = pm_error_set(err, PM_UNAVAILABLE,
                          "the mirror of %s was rebuilt", mirror->site->url);
    }

    if (rc == 0 && objects->n > 0) {
        rc = pm_git_keep_pack(mirror, objects, err);
    }

    if (rc == 0 && branch != NULL) {
        (void) snprintf(name, sizeof(name), PM_GIT_TRACKING "%s",
                        pm_git_branch(branch));

        if (git_reference_create(&ref, mirror->repository, name,
                                 (const git_oid *) id, 1, NULL) < 0)
        {
            rc = pm_error_set(err, PM_UNAVAILABLE,
                              "%s of the mirror of %s cannot be written: %s",
                              name, mirror->site->url, pm_git_reason());
        } else {
            git_reference_free(ref);
        }
    }

    if (rc == 0) {
        (void) pm_git_fold(mirror->site->path, NULL);
    }

    pm_git_unlock(fd);

    return rc;
}


static int
pm_git_keep_pack(pm_git_mirror_t *mirror, const pm_git_objects_t *objects,
    pm_error_t *err)
{
    int          rc;
    pm_buffer_t  pack = {0};

    rc = pm_git_objects_pack(objects, 0, &pack, err);

    if (rc == 0) {
        rc = pm_git_pack_store(mirror->site->path, &pack, 0, err);
    }

    pm_buffer_free(&pack);

    return rc;
}


const char *
pm_git_branch(const char *ref)
{
    static const char  heads[] = "refs/heads/";

    return strncmp(ref, heads, sizeof(heads) - 1) == 0
           ? ref + sizeof(heads) - 1 : ref;
}
