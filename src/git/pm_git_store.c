#include "git/pm_git_mirror_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>


static int pm_git_store_index(const char *folder, const pm_buffer_t *pack,
    char name[64], pm_error_t *err);
static int pm_git_store_sync(const char *folder, const char *name,
    const char *suffix, pm_error_t *err);
static int pm_git_store_move(const char *from, const char *to,
    const char *name, const char *suffix, pm_error_t *err);


/*
 * libgit2's indexer checks each object, but renames an index before its pack
 * and syncs at every step or never.  So it works in a folder of its own, and
 * the pack gets its name before the index: what is seen is whole.
 *
 * Joined packs are synced, since others are removed for them.  The pack of a
 * push is not: two syncs took as long as all the rest of a promotion, and what
 * a power failure damages is found (each object is checked by its name when it
 * is read) and fetched anew.
 */

int
pm_git_pack_store(const char *mirror, const pm_buffer_t *pack, int sync,
    pm_error_t *err)
{
    int   rc;
    char  name[64], from[4096], to[4096];

    (void) snprintf(from, sizeof(from), "%s/" PM_GIT_STORE, mirror);
    (void) snprintf(to, sizeof(to), "%s/objects/pack", mirror);

    if (mkdir(from, 0700) != 0) {
        return pm_error_set(err, PM_UNAVAILABLE, "%s cannot be made: %s", from,
                            strerror(errno));
    }

    rc = pm_git_store_index(from, pack, name, err);

    if (rc == 0 && sync) {
        rc = pm_git_store_sync(from, name, ".pack", err);
    }

    if (rc == 0 && sync) {
        rc = pm_git_store_sync(from, name, ".idx", err);
    }

    if (rc == 0) {
        rc = pm_git_store_move(from, to, name, ".pack", err);
    }

    if (rc == 0) {
        rc = pm_git_store_move(from, to, name, ".idx", err);
    }

    (void) pm_git_remove(from);

    return rc;
}


static int
pm_git_store_index(const char *folder, const pm_buffer_t *pack,
    char name[64], pm_error_t *err)
{
    int                   rc;
    git_indexer          *indexer;
    git_indexer_progress  progress = {0};

    rc = 0;
    indexer = NULL;

    if (git_indexer_new(&indexer, folder, 0, NULL, NULL) < 0
        || git_indexer_append(indexer, pack->data, pack->len, &progress) < 0
        || git_indexer_commit(indexer, &progress) < 0)
    {
        rc = pm_error_set(err, PM_UNAVAILABLE,
                          "a pack cannot be written to %s: %s", folder,
                          pm_git_reason());
    } else {
        (void) snprintf(name, 64, "pack-%s", git_indexer_name(indexer));
    }

    git_indexer_free(indexer);

    return rc;
}


static int
pm_git_store_sync(const char *folder, const char *name, const char *suffix,
    pm_error_t *err)
{
    int   fd, synced;
    char  path[4096];

    (void) snprintf(path, sizeof(path), "%s/%s%s", folder, name, suffix);

    synced = -1;
    fd = open(path, O_RDONLY|O_CLOEXEC|O_NOFOLLOW);

    if (fd != -1) {
        synced = fsync(fd);
        (void) close(fd);
    }

    if (synced != 0) {
        return pm_error_set(err, PM_UNAVAILABLE, "%s cannot be written: %s",
                            path, strerror(errno));
    }

    return 0;
}


static int
pm_git_store_move(const char *from, const char *to, const char *name,
    const char *suffix, pm_error_t *err)
{
    char  source[4096], target[4096];

    if ((size_t) snprintf(source, sizeof(source), "%s/%s%s", from, name,
                          suffix) >= sizeof(source)
        || (size_t) snprintf(target, sizeof(target), "%s/%s%s", to, name,
                             suffix) >= sizeof(target))
    {
        return pm_error_set(err, PM_INVALID,
                            "the path of the mirrors is too long");
    }

    if (rename(source, target) != 0) {
        return pm_error_set(err, PM_UNAVAILABLE, "%s cannot be written: %s",
                            target, strerror(errno));
    }

    return 0;
}
