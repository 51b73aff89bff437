#include "git/pm_git_mirror_internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>


/* How often a lock that is held is asked for again: ms. */
#define PM_GIT_LOCK_POLL_FIRST  1
#define PM_GIT_LOCK_POLL_LAST   20


static void pm_git_lock_clean(const pm_git_site_t *site);
static void pm_git_lock_clean_packs(const char *mirror);
static void pm_git_lock_clean_folder(const char *folder);
static int pm_git_lock_clean_entry(const char *path, const struct stat *st,
    int type, struct FTW *ftw);
static int pm_git_remove_entry(const char *path, const struct stat *st,
    int type, struct FTW *ftw);


int
pm_git_lock(const pm_git_site_t *site, unsigned wait, int *fd,
    pm_error_t *err)
{
    int              file;
    int64_t          deadline;
    long             poll;
    struct timespec  pause;

    file = open(site->lock, O_RDWR|O_CREAT|O_CLOEXEC|O_NOFOLLOW, 0600);

    if (file == -1) {
        return pm_error_set(err, PM_UNAVAILABLE,
                            "the lock of the mirror of %s cannot be opened: "
                            "%s", site->url, strerror(errno));
    }

    deadline = pm_git_clock() + wait;
    poll = PM_GIT_LOCK_POLL_FIRST;

    while (flock(file, LOCK_EX|LOCK_NB) != 0) {

        if (errno != EWOULDBLOCK && errno != EINTR) {
            (void) pm_error_set(err, PM_UNAVAILABLE,
                                "the mirror of %s cannot be locked: %s",
                                site->url, strerror(errno));
            (void) close(file);
            return PM_UNAVAILABLE;
        }

        if (pm_git_clock() >= deadline) {
            (void) close(file);
            return pm_error_set(err, PM_TIMEOUT,
                                "the mirror of %s was busy for %u ms",
                                site->url, wait);
        }

        pause.tv_sec = 0;
        pause.tv_nsec = poll * 1000000;
        (void) nanosleep(&pause, NULL);

        if (poll < PM_GIT_LOCK_POLL_LAST) {
            poll *= 2;
        }
    }

    pm_git_lock_clean(site);

    *fd = file;

    return 0;
}


void
pm_git_unlock(int fd)
{
    (void) close(fd);
}


/*
 * Whatever looks unfinished now is a killed process's: every writer holds
 * the lock.  One leftover lock file would make each later update of its ref
 * fail.
 */

static void
pm_git_lock_clean(const pm_git_site_t *site)
{
    size_t  i;
    char    path[4096];

    static const char  *folders[] = { ".new", ".old", ("/" PM_GIT_STORE) };

    for (i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
        if ((size_t) snprintf(path, sizeof(path), "%s%s", site->path,
                              folders[i]) < sizeof(path)
            && access(path, F_OK) == 0)
        {
            (void) pm_git_remove(path);
        }
    }

    pm_git_lock_clean_folder(site->path);
    pm_git_lock_clean_packs(site->path);

    if ((size_t) snprintf(path, sizeof(path), "%s/refs", site->path)
        < sizeof(path))
    {
        (void) nftw(path, pm_git_lock_clean_entry, 16, FTW_PHYS);
    }
}


static int
pm_git_suffix(const char *name, const char *suffix)
{
    size_t  n, m;

    n = strlen(name);
    m = strlen(suffix);

    return n > m && strcmp(name + n - m, suffix) == 0;
}


static void
pm_git_lock_clean_folder(const char *folder)
{
    DIR            *dir;
    struct dirent  *entry;

    dir = opendir(folder);
    if (dir == NULL) {
        return;
    }

    while ((entry = readdir(dir)) != NULL) {
        if (pm_git_suffix(entry->d_name, ".lock")) {
            (void) unlinkat(dirfd(dir), entry->d_name, 0);
        }
    }

    (void) closedir(dir);
}


/*
 * Temporary packs of libgit2 ("pack_git2_…") and of git ("tmp_…"), and halves
 * of a pack: an index is renamed into place before its pack.
 */

static void
pm_git_lock_clean_packs(const char *mirror)
{
    DIR            *dir;
    char            path[4096];
    size_t          n;
    struct dirent  *entry;

    if ((size_t) snprintf(path, sizeof(path), "%s/objects/pack", mirror)
        >= sizeof(path))
    {
        return;
    }

    dir = opendir(path);
    if (dir == NULL) {
        return;
    }

    while ((entry = readdir(dir)) != NULL) {

        if (strncmp(entry->d_name, "pack_", 5) == 0
            || strncmp(entry->d_name, "tmp_", 4) == 0
            || pm_git_suffix(entry->d_name, ".lock"))
        {
            (void) unlinkat(dirfd(dir), entry->d_name, 0);
            continue;
        }

        n = strlen(entry->d_name);

        if (pm_git_suffix(entry->d_name, ".idx")) {
            (void) snprintf(path, sizeof(path), "%.*s.pack", (int) n - 4,
                            entry->d_name);

        } else if (pm_git_suffix(entry->d_name, ".pack")) {
            (void) snprintf(path, sizeof(path), "%.*s.idx", (int) n - 5,
                            entry->d_name);

        } else {
            continue;
        }

        if (faccessat(dirfd(dir), path, F_OK, 0) != 0 && errno == ENOENT) {
            (void) unlinkat(dirfd(dir), entry->d_name, 0);
        }
    }

    (void) closedir(dir);
}


static int
pm_git_lock_clean_entry(const char *path, const struct stat *st, int type,
    struct FTW *ftw)
{
    if (type == FTW_F && pm_git_suffix(path, ".lock")) {
        (void) unlink(path);
    }

    return 0;
}


int
pm_git_remove(const char *path)
{
    return nftw(path, pm_git_remove_entry, 16, FTW_DEPTH|FTW_PHYS) == 0
           ? 0 : -1;
}


static int
pm_git_remove_entry(const char *path, const struct stat *st, int type,
    struct FTW *ftw)
{
    return remove(path);
}
