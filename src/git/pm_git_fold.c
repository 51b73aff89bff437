/*
 * Joins small packs.  Entries are copied as they are, compressed, but for
 * whole trees, which become deltas; libgit2's indexer checks the result.
 */

#include "git/pm_git_fold.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>


/* More packs than that are joined, down to about half of it. */
#define PM_GIT_FOLD_PACKS  50


static int pm_git_fold_list(int dir, pm_buffer_t *list);
static size_t pm_git_fold_choose(pm_git_small_t *packs, size_t n);
static int pm_git_fold_join(int dir, const char *mirror,
    pm_git_small_t *packs, size_t n, pm_error_t *err);
static size_t pm_git_fold_open(int dir, pm_git_small_t *packs, size_t n);
static void pm_git_fold_drop(int dir, const pm_git_small_t *pack);


int
pm_git_fold(const char *mirror, pm_error_t *err)
{
    int              rc, dir;
    char             folder[4096];
    size_t           n;
    pm_buffer_t      list = {0};
    pm_git_small_t  *packs;

    (void) snprintf(folder, sizeof(folder), "%s/objects/pack", mirror);

    dir = open(folder, O_RDONLY|O_DIRECTORY|O_CLOEXEC);
    if (dir == -1) {
        return pm_error_set(err, PM_UNAVAILABLE, "%s cannot be read", folder);
    }

    rc = pm_git_fold_list(dir, &list);

    if (rc != 0) {
        (void) pm_error_memory(err);

    } else {
        packs = (pm_git_small_t *) list.data;
        n = pm_git_fold_choose(packs, list.len / sizeof(pm_git_small_t));

        if (n > 1) {
            rc = pm_git_fold_join(dir, mirror, packs, n, err);
        }
    }

    pm_buffer_free(&list);
    (void) close(dir);

    return rc;
}


static int
pm_git_fold_list(int dir, pm_buffer_t *list)
{
    DIR             *d;
    int              copy;
    size_t           len;
    struct stat      st;
    struct dirent   *entry;
    pm_git_small_t   pack;

    copy = openat(dir, ".", O_RDONLY|O_DIRECTORY|O_CLOEXEC);
    d = copy != -1 ? fdopendir(copy) : NULL;

    if (d == NULL) {
        if (copy != -1) {
            (void) close(copy);
        }

        return PM_UNAVAILABLE;
    }

    while ((entry = readdir(d)) != NULL) {
        len = strlen(entry->d_name);

        if (len != 50 || strncmp(entry->d_name, "pack-", 5) != 0
            || strcmp(entry->d_name + 45, ".pack") != 0
            || fstatat(dir, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0
            || !S_ISREG(st.st_mode))
        {
            continue;
        }

        memset(&pack, 0, sizeof(pm_git_small_t));
        memcpy(pack.name, entry->d_name, 45);
        pack.size = (size_t) st.st_size;
        pack.time = st.st_mtim.tv_sec * 1000000000LL + st.st_mtim.tv_nsec;

        pm_buffer_append(list, &pack, sizeof(pm_git_small_t));
    }

    (void) closedir(d);

    return list->failed ? PM_UNAVAILABLE : 0;
}


static int
pm_git_fold_smaller(const void *one, const void *two)
{
    const pm_git_small_t  *a = one, *b = two;

    if (a->size != b->size) {
        return a->size < b->size ? -1 : 1;
    }

    return strcmp(a->name, b->name);
}


/*
 * The smallest ones, and then each that is not larger than those before it
 * together: so that a byte is copied a few times, not once for each joining.
 */

static size_t
pm_git_fold_choose(pm_git_small_t *packs, size_t n)
{
    size_t  i, sum;

    if (n <= PM_GIT_FOLD_PACKS) {
        return 0;
    }

    qsort(packs, n, sizeof(pm_git_small_t), pm_git_fold_smaller);

    sum = 0;

    for (i = 0; i < n; i++) {
        if ((i >= n - PM_GIT_FOLD_PACKS / 2 && packs[i].size > sum)
            || packs[i].size > PM_GIT_FOLD_BYTES - sum)
        {
            break;
        }

        sum += packs[i].size;
    }

    return i;
}


/* What a tree was comes before what it became. */

static int
pm_git_fold_older(const void *one, const void *two)
{
    const pm_git_small_t  *a = one, *b = two;

    if (a->time != b->time) {
        return a->time < b->time ? -1 : 1;
    }

    return strcmp(a->name, b->name);
}


static int
pm_git_fold_join(int dir, const char *mirror, pm_git_small_t *packs,
    size_t n, pm_error_t *err)
{
    int             rc;
    size_t          i, nitems;
    pm_buffer_t     out = {0};
    pm_git_item_t  *items;

    rc = 0;
    items = NULL;

    qsort(packs, n, sizeof(pm_git_small_t), pm_git_fold_older);
    n = pm_git_fold_open(dir, packs, n);

    if (n > 1) {
        rc = pm_git_fold_items(packs, n, &items, &nitems);

        if (rc == 0) {
            rc = pm_git_fold_write(packs, items, nitems, &out);
        }

        if (rc != 0) {
            rc = pm_error_set(err, PM_UNAVAILABLE, "packs of %s cannot be "
                              "joined: damaged, or out of memory", mirror);
        } else {
            rc = pm_git_pack_store(mirror, &out, 1, err);
        }
    }

    for (i = 0; i < n; i++) {
        if (rc == 0 && n > 1) {
            pm_git_fold_drop(dir, &packs[i]);
        }

        free(packs[i].data);
        free(packs[i].index);
    }

    free(items);
    pm_buffer_free(&out);

    return rc;
}


/*
 * Reads what can be joined, and returns how many packs that are: they come
 * first.  A pack that a power failure has damaged would stop all joining for
 * ever.  It is removed: then what it held is missing, which is found when it
 * is read or fetched on, and mended once for all of it; a pack that is read
 * in part would be found damaged again and again.
 */

static size_t
pm_git_fold_open(int dir, pm_git_small_t *packs, size_t n)
{
    int     rc;
    size_t  i, kept, total;

    kept = 0;
    total = 0;

    for (i = 0; i < n; i++) {
        rc = pm_git_fold_load(dir, &packs[i]);

        if (rc == 0 && packs[i].n <= PM_GIT_FOLD_ITEMS - total) {
            rc = pm_git_fold_sound(&packs[i]);

        } else if (rc == 0) {
            rc = -1;
        }

        if (rc == 0) {
            total += packs[i].n;
            packs[kept++] = packs[i];
            continue;
        }

        if (rc == PM_GIT_FOLD_DAMAGED) {
            pm_git_fold_drop(dir, &packs[i]);
        }

        free(packs[i].data);
        free(packs[i].index);
    }

    return kept;
}


/* The index first: a pack without one is a leftover. */

static void
pm_git_fold_drop(int dir, const pm_git_small_t *pack)
{
    char  file[80];

    (void) snprintf(file, sizeof(file), "%s.idx", pack->name);
    (void) unlinkat(dir, file, 0);
    (void) snprintf(file, sizeof(file), "%s.pack", pack->name);
    (void) unlinkat(dir, file, 0);
}
