#include "git/pm_git_mirror_internal.h"
#include "git/pm_git_objects_internal.h"

#include <errno.h>
#include <git2/sys/repository.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>


static int pm_git_mirror_folder(const char *path, pm_error_t *err);
static int pm_git_mirror_first(pm_git_mirror_t *mirror, pm_error_t *err);


int
pm_git_mirror_open(pm_git_t *git, const pm_git_url_t *url,
    pm_git_mirror_t **mirror, pm_error_t *err)
{
    int               rc;
    pm_git_site_t    *site;
    pm_git_mirror_t  *m;

    *mirror = NULL;

    rc = pm_git_pool_site(git, url, &site, err);
    if (rc != 0) {
        return rc;
    }

    while ((m = pm_git_pool_take(git, site)) != NULL) {

        /* a handle of a mirror that was rebuilt since reads what is gone */

        if (pm_git_mirror_current(m)) {
            *mirror = m;
            return 0;
        }

        pm_git_mirror_free(m);
    }

    m = calloc(1, sizeof(pm_git_mirror_t));
    if (m == NULL) {
        return pm_error_memory(err);
    }

    m->git = git;
    m->site = site;

    rc = pm_git_mirror_reopen(m, err);
    if (rc != 0) {
        rc = pm_git_mirror_first(m, err);
    }

    if (rc != 0) {
        pm_git_mirror_free(m);
        return rc;
    }

    *mirror = m;

    return 0;
}


void
pm_git_mirror_close(pm_git_mirror_t *mirror)
{
    if (mirror == NULL) {
        return;
    }

    if (mirror->odb == NULL) {
        pm_git_mirror_free(mirror);
        return;
    }

    pm_git_pool_give(mirror);
}


void
pm_git_mirror_free(pm_git_mirror_t *mirror)
{
    if (mirror == NULL) {
        return;
    }

    git_odb_free(mirror->odb);
    git_repository_free(mirror->repository);
    free(mirror);
}


int
pm_git_mirror_current(const pm_git_mirror_t *mirror)
{
    struct stat  st;

    return mirror->odb != NULL && stat(mirror->site->path, &st) == 0
           && st.st_dev == mirror->device && st.st_ino == mirror->inode;
}


int
pm_git_mirror_broken(const pm_git_mirror_t *mirror)
{
    return mirror->broken;
}


/*
 * No mirror yet, or none that can be opened: an empty one takes its place.
 * Under the lock it is looked for again: another process may have made it.
 */

static int
pm_git_mirror_first(pm_git_mirror_t *mirror, pm_error_t *err)
{
    int    rc, fd;
    char  *path, *slash;

    path = strdup(mirror->site->path);
    if (path == NULL) {
        return pm_error_memory(err);
    }

    slash = strrchr(path, '/');
    *slash = '\0';
    rc = pm_git_mirror_folder(path, err);
    free(path);

    if (rc != 0) {
        return rc;
    }

    rc = pm_git_lock(mirror->site, mirror->git->settings->timeout, &fd, err);
    if (rc != 0) {
        return rc;
    }

    rc = pm_git_mirror_reopen(mirror, err);

    if (rc != 0) {
        rc = pm_git_mirror_replace(mirror, NULL, NULL, 0, err);
    }

    pm_git_unlock(fd);

    return rc;
}


/* The folders above the mirrors, private to the worker's user. */

static int
pm_git_mirror_folder(const char *path, pm_error_t *err)
{
    char  *copy, *p;

    copy = strdup(path);
    if (copy == NULL) {
        return pm_error_memory(err);
    }

    for (p = copy; p != NULL; ) {
        p = strchr(p + 1, '/');

        if (p != NULL) {
            *p = '\0';
        }

        if (mkdir(copy, 0700) != 0 && errno != EEXIST) {
            (void) pm_error_set(err, PM_UNAVAILABLE,
                                "the mirrors' folder %s cannot be made: %s",
                                copy, strerror(errno));
            free(copy);
            return PM_UNAVAILABLE;
        }

        if (p != NULL) {
            *p = '/';
        }
    }

    free(copy);

    return 0;
}


int
pm_git_mirrors_writable(const char *mirrors)
{
    int          mode;
    char         folder[PATH_MAX], *slash;
    size_t       len;
    struct stat  st;

    len = strlen(mirrors);

    if (len >= sizeof(folder)) {
        return 0;
    }

    memcpy(folder, mirrors, len + 1);

    for (mode = R_OK|W_OK|X_OK; stat(folder, &st) != 0; mode = W_OK|X_OK) {

        slash = strrchr(folder, '/');

        /* a link to nowhere is in the way of mkdir() */

        if (errno != ENOENT || slash == NULL || lstat(folder, &st) == 0) {
            return 0;
        }

        slash[slash == folder] = '\0';
    }

    return S_ISDIR(st.st_mode) && access(folder, mode) == 0;
}


int
pm_git_mirror_make(const char *path, pm_error_t *err)
{
    git_repository              *repository;
    git_repository_init_options  options;

    if (mkdir(path, 0700) != 0) {
        return pm_error_set(err, PM_UNAVAILABLE,
                            "the mirror %s cannot be made: %s", path,
                            strerror(errno));
    }

    if (git_repository_init_options_init(&options,
                                         GIT_REPOSITORY_INIT_OPTIONS_VERSION)
        < 0)
    {
        return pm_error_set(err, PM_INTERNAL, "libgit2 is another version: %s",
                            pm_git_reason());
    }

    options.flags = GIT_REPOSITORY_INIT_BARE|GIT_REPOSITORY_INIT_NO_REINIT;
    options.initial_head = "main";

    if (git_repository_init_ext(&repository, path, &options) < 0) {
        (void) pm_error_set(err, PM_UNAVAILABLE,
                            "the mirror %s cannot be made: %s", path,
                            pm_git_reason());
        (void) pm_git_remove(path);
        return PM_UNAVAILABLE;
    }

    git_repository_free(repository);

    return 0;
}


int
pm_git_mirror_reopen(pm_git_mirror_t *mirror, pm_error_t *err)
{
    git_odb         *odb;
    struct stat      st;
    git_repository  *repository;

    /* what is open is closed first: libgit2 shares open packs by name */

    git_odb_free(mirror->odb);
    git_repository_free(mirror->repository);
    mirror->odb = NULL;
    mirror->repository = NULL;

    if (stat(mirror->site->path, &st) != 0) {
        return pm_error_set(err, PM_UNAVAILABLE,
                            "the mirror of %s cannot be read: %s",
                            mirror->site->url, strerror(errno));
    }

    if (git_repository_open_bare(&repository, mirror->site->path) < 0) {
        return pm_error_set(err, PM_UNAVAILABLE,
                            "the mirror of %s cannot be opened: %s",
                            mirror->site->url, pm_git_reason());
    }

    if (git_repository_odb(&odb, repository) < 0) {
        git_repository_free(repository);
        return pm_error_set(err, PM_UNAVAILABLE,
                            "the objects of the mirror of %s cannot be "
                            "opened: %s", mirror->site->url, pm_git_reason());
    }

    mirror->repository = repository;
    mirror->odb = odb;
    mirror->device = st.st_dev;
    mirror->inode = st.st_ino;

    return 0;
}


int
pm_git_raw_read(pm_git_mirror_t *mirror, const pm_oid_t *id,
    git_object_t type, size_t limit, pm_git_raw_t *raw, pm_error_t *err)
{
    int                    rc;
    const pm_git_made_t   *made;

    made = pm_git_objects_find(mirror->objects, id);

    if (made != NULL && made->type == type && made->len <= limit) {
        raw->data = made->data;
        raw->len = made->len;
        raw->object = NULL;
        return 0;
    }

    rc = mirror->odb != NULL
         ? pm_git_raw_try(mirror, id, type, limit, raw, err) : PM_UNAVAILABLE;

    if (rc != PM_UNAVAILABLE) {
        return rc;
    }

    /* another process may have folded the pack that held it into another */

    rc = pm_git_mirror_reopen(mirror, err);
    if (rc != 0) {
        return rc;
    }

    rc = pm_git_raw_try(mirror, id, type, limit, raw, err);

    if (rc == PM_UNAVAILABLE) {
        return pm_git_mirror_damaged(mirror, id, err);
    }

    return rc;
}


int
pm_git_raw_try(pm_git_mirror_t *mirror, const pm_oid_t *id,
    git_object_t type, size_t limit, pm_git_raw_t *raw, pm_error_t *err)
{
    char            hex[PM_GIT_HEX_SIZE + 1];
    size_t          len;
    git_object_t    kind;
    const git_oid  *oid;

    oid = (const git_oid *) id;

    /* the header first: a hostile object is not unpacked to be refused */

    if (git_odb_read_header(&len, &kind, mirror->odb, oid) < 0) {
        return PM_UNAVAILABLE;
    }

    if (kind != type) {
        pm_oid_hex(hex, id);
        return pm_error_set(err, PM_UNPROCESSABLE,
                            "object %s of %s is a %s where a %s is needed",
                            hex, mirror->site->url,
                            git_object_type2string(kind),
                            git_object_type2string(type));
    }

    if (len > limit) {
        pm_oid_hex(hex, id);
        return pm_error_set(err, PM_UNPROCESSABLE,
                            "%s %s of %s has %zu bytes, more than %zu",
                            git_object_type2string(kind), hex,
                            mirror->site->url, len, limit);
    }

    if (git_odb_read(&raw->object, mirror->odb, oid) < 0) {
        return PM_UNAVAILABLE;
    }

    raw->data = git_odb_object_data(raw->object);
    raw->len = git_odb_object_size(raw->object);

    return 0;
}


void
pm_git_raw_release(pm_git_raw_t *raw)
{
    git_odb_object_free(raw->object);
    raw->object = NULL;
}


int
pm_git_mirror_damaged(pm_git_mirror_t *mirror, const pm_oid_t *id,
    pm_error_t *err)
{
    char  hex[PM_GIT_HEX_SIZE + 1];

    mirror->broken = 1;
    mirror->missing = *id;
    pm_oid_hex(hex, id);

    return pm_error_set(err, PM_UNAVAILABLE,
                        "the mirror of %s lacks object %s; the next try "
                        "mends it", mirror->site->url, hex);
}


int
pm_git_mirror_has(pm_git_mirror_t *mirror, const pm_oid_t *id)
{
    if (pm_git_objects_find(mirror->objects, id) != NULL) {
        return 1;
    }

    /* looks at the folder again where it is not known */

    return mirror->odb != NULL
           && git_odb_exists(mirror->odb, (const git_oid *) id) == 1;
}


int
pm_git_mirror_tree(pm_git_mirror_t *mirror, const pm_oid_t *commit,
    pm_oid_t *tree, pm_error_t *err)
{
    int           rc;
    char          hex[PM_GIT_HEX_SIZE + 1];
    pm_git_raw_t  raw;

    rc = pm_git_raw_read(mirror, commit, GIT_OBJECT_COMMIT,
                         PM_GIT_COMMIT_LIMIT, &raw, err);
    if (rc != 0) {
        return rc;
    }

    /* "tree <40 digits>" is a commit's first line */

    if (raw.len < 46 || memcmp(raw.data, "tree ", 5) != 0
        || raw.data[45] != '\n'
        || pm_oid_parse(tree, (const char *) raw.data + 5, 40) != 0)
    {
        pm_oid_hex(hex, commit);
        rc = pm_error_set(err, PM_UNPROCESSABLE,
                          "commit %s of %s names no tree", hex,
                          mirror->site->url);
    }

    pm_git_raw_release(&raw);

    return rc;
}


int
pm_git_mirror_parent(pm_git_mirror_t *mirror, const pm_oid_t *commit,
    pm_oid_t *parent, pm_error_t *err)
{
    int           rc;
    char          hex[PM_GIT_HEX_SIZE + 1];
    pm_git_raw_t  raw;

    memset(parent, 0, sizeof(pm_oid_t));

    rc = pm_git_raw_read(mirror, commit, GIT_OBJECT_COMMIT,
                         PM_GIT_COMMIT_LIMIT, &raw, err);
    if (rc != 0) {
        return rc;
    }

    /* "parent <40 digits>" comes after "tree <40 digits>", or not at all */

    if (raw.len >= 94 && memcmp(raw.data + 46, "parent ", 7) == 0
        && (raw.data[93] != '\n'
            || pm_oid_parse(parent, (const char *) raw.data + 53, 40) != 0))
    {
        pm_oid_hex(hex, commit);
        rc = pm_error_set(err, PM_UNPROCESSABLE,
                          "commit %s of %s is damaged", hex,
                          mirror->site->url);
    }

    pm_git_raw_release(&raw);

    return rc;
}
