/*
 * The files of a catalog: one, or all manifests below a folder.
 */

#include "catalog/pm_catalog_build.h"

#include "base/pm_buffer.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>


#define PM_CATALOG_FOLDERS  32


typedef struct {
    pm_catalog_t        *catalog;
    const char          *runtime;
    const char          *root;       /* without links */
    pm_arena_t          *arena;      /* until the walk ends */
    pm_catalog_index_t   seen;       /* files and folders: device, inode */
    unsigned             depth;
    pm_error_t          *err;
} pm_catalog_walk_t;


typedef struct {
    char   **names;
    size_t   n;
    size_t   size;
} pm_catalog_names_t;


static int pm_catalog_walk_folder(pm_catalog_walk_t *walk, const char *path);


static int
pm_catalog_unreadable(pm_error_t *err, const char *name, int error)
{
    char  buffer[128];

    return pm_error_set(err, PM_INVALID, "%s: cannot be read: %s", name,
                        strerror_r(error, buffer, sizeof(buffer)));
}


static int
pm_catalog_read_descriptor(int fd, const char *name, pm_buffer_t *buffer,
    pm_error_t *err)
{
    char         *p;
    ssize_t       n;
    struct stat   sb;

    if (fstat(fd, &sb) != 0) {
        return pm_catalog_unreadable(err, name, errno);
    }

    if (!S_ISREG(sb.st_mode)) {
        return pm_error_set(err, PM_INVALID, "%s: is no regular file", name);
    }

    /* one byte more than allowed is enough for the document to refuse it */

    while (buffer->len <= PM_DOCUMENT_SIZE) {
        p = pm_buffer_reserve(buffer, 65536);
        if (p == NULL) {
            return pm_error_memory(err);
        }

        n = read(fd, p, 65536);

        if (n == 0) {
            break;
        }

        if (n < 0) {
            if (errno == EINTR) {
                continue;
            }

            return pm_catalog_unreadable(err, name, errno);
        }

        buffer->len += (size_t) n;
    }

    return 0;
}


int
pm_catalog_read_file(pm_catalog_t *catalog, const char *runtime,
    const char *path, const char *name, pm_error_t *err)
{
    int          rc, fd;
    pm_buffer_t  buffer;

    memset(&buffer, 0, sizeof(pm_buffer_t));

    /* a pipe must not hold up the start */

    fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd == -1) {
        return pm_catalog_unreadable(err, name, errno);
    }

    rc = pm_catalog_read_descriptor(fd, name, &buffer, err);
    (void) close(fd);

    if (rc == 0) {
        rc = pm_catalog_read_text(catalog, runtime, name,
                                  buffer.data ? buffer.data : "", buffer.len,
                                  err);
    }

    pm_buffer_free(&buffer);

    return rc;
}


static int
pm_catalog_is_manifest(const char *name)
{
    const char  *dot;

    dot = strrchr(name, '.');

    return dot != NULL && (strcmp(dot, ".yaml") == 0
                           || strcmp(dot, ".yml") == 0
                           || strcmp(dot, ".json") == 0);
}


/* Whether this is the file's or folder's first time: a link to what is read
 * anyhow does not make it two, and folders that hold each other end. */

static int
pm_catalog_walk_new(pm_catalog_walk_t *walk, const struct stat *sb,
    int *is_new)
{
    char  *key;
    void  *earlier;

    key = pm_arena_printf(walk->arena, "%ju:%ju", (uintmax_t) sb->st_dev,
                          (uintmax_t) sb->st_ino);

    if (key == NULL
        || pm_catalog_index_add(&walk->seen, key, "", "", key, &earlier) != 0)
    {
        return pm_error_memory(walk->err);
    }

    *is_new = (earlier == NULL);

    return 0;
}


/* What a link leads to; *target stays NULL if that is outside the folder, or
 * nowhere and not by a manifest's name. */

static int
pm_catalog_walk_link(pm_catalog_walk_t *walk, const char *path,
    const char **target, struct stat *sb)
{
    int      rc;
    char    *real;
    size_t   len;

    real = realpath(path, NULL);

    if (real == NULL || stat(real, sb) != 0) {
        rc = pm_catalog_is_manifest(path)
             ? pm_catalog_unreadable(walk->err, path, errno) : 0;
        free(real);
        return rc;
    }

    len = strcmp(walk->root, "/") == 0 ? 0 : strlen(walk->root);

    if (strncmp(real, walk->root, len) != 0
        || (real[len] != '/' && real[len] != '\0'))
    {
        free(real);
        return 0;
    }

    *target = pm_arena_strdup(walk->arena, real);
    free(real);

    return *target ? 0 : pm_error_memory(walk->err);
}


static int
pm_catalog_walk_entry(pm_catalog_walk_t *walk, const char *folder,
    const char *name)
{
    int           rc, is_new;
    const char   *path, *target;
    struct stat   sb;

    path = pm_arena_printf(walk->arena, "%s%s%s", folder,
                           strcmp(folder, "/") == 0 ? "" : "/", name);
    if (path == NULL) {
        return pm_error_memory(walk->err);
    }

    if (lstat(path, &sb) != 0) {
        return pm_catalog_unreadable(walk->err, path, errno);
    }

    target = path;

    if (S_ISLNK(sb.st_mode)) {
        target = NULL;
        rc = pm_catalog_walk_link(walk, path, &target, &sb);

        if (rc != 0 || target == NULL) {
            return rc;
        }
    }

    if (!S_ISDIR(sb.st_mode)
        && !(S_ISREG(sb.st_mode) && pm_catalog_is_manifest(name)))
    {
        return 0;
    }

    rc = pm_catalog_walk_new(walk, &sb, &is_new);

    if (rc != 0 || !is_new) {
        return rc;
    }

    if (S_ISDIR(sb.st_mode)) {
        return pm_catalog_walk_folder(walk, path);
    }

    return pm_catalog_read_file(walk->catalog, walk->runtime, target, path,
                                walk->err);
}


static int
pm_catalog_names_add(pm_catalog_names_t *names, const char *name)
{
    char    **grown;
    size_t    size;

    if (names->n == names->size) {
        size = names->size ? names->size * 2 : 64;

        grown = reallocarray(names->names, size, sizeof(char *));
        if (grown == NULL) {
            return -1;
        }

        names->names = grown;
        names->size = size;
    }

    names->names[names->n] = strdup(name);
    if (names->names[names->n] == NULL) {
        return -1;
    }

    names->n++;

    return 0;
}


static int
pm_catalog_names_compare(const void *a, const void *b)
{
    return strcmp(*(char *const *) a, *(char *const *) b);
}


static int
pm_catalog_names_read(pm_catalog_walk_t *walk, const char *path,
    pm_catalog_names_t *names)
{
    int             rc;
    DIR            *dir;
    struct dirent  *entry;

    dir = opendir(path);
    if (dir == NULL) {
        return pm_catalog_unreadable(walk->err, path, errno);
    }

    rc = 0;

    for ( ;; ) {
        errno = 0;
        entry = readdir(dir);

        if (entry == NULL) {
            rc = errno ? pm_catalog_unreadable(walk->err, path, errno) : 0;
            break;
        }

        if (entry->d_name[0] == '.') {
            continue;
        }

        if (pm_catalog_names_add(names, entry->d_name) != 0) {
            rc = pm_error_memory(walk->err);
            break;
        }
    }

    (void) closedir(dir);

    if (rc == 0 && names->n > 1) {
        qsort(names->names, names->n, sizeof(char *),
              pm_catalog_names_compare);
    }

    return rc;
}


static int
pm_catalog_walk_folder(pm_catalog_walk_t *walk, const char *path)
{
    int                  rc;
    size_t               i;
    pm_catalog_names_t   names;

    if (walk->depth == PM_CATALOG_FOLDERS) {
        return pm_error_set(walk->err, PM_INVALID,
                            "%s: more than %d folders deep", path,
                            PM_CATALOG_FOLDERS);
    }

    memset(&names, 0, sizeof(pm_catalog_names_t));
    walk->depth++;

    rc = pm_catalog_names_read(walk, path, &names);

    for (i = 0; i < names.n; i++) {

        if (rc == 0) {
            rc = pm_catalog_walk_entry(walk, path, names.names[i]);
        }

        free(names.names[i]);
    }

    free(names.names);
    walk->depth--;

    return rc;
}


static int
pm_catalog_walk(pm_catalog_walk_t *walk, const char *path)
{
    int           rc, is_new;
    char         *real;
    size_t        len;
    struct stat   sb;

    real = realpath(path, NULL);

    if (real == NULL || stat(real, &sb) != 0) {
        free(real);
        return pm_catalog_unreadable(walk->err, path, errno);
    }

    walk->root = pm_arena_strdup(walk->arena, real);
    free(real);

    if (walk->root == NULL) {
        return pm_error_memory(walk->err);
    }

    if (!S_ISDIR(sb.st_mode)) {
        return pm_catalog_read_file(walk->catalog, walk->runtime, walk->root,
                                    path, walk->err);
    }

    rc = pm_catalog_walk_new(walk, &sb, &is_new);
    if (rc != 0) {
        return rc;
    }

    len = strlen(path);

    while (len > 1 && path[len - 1] == '/') {
        len--;
    }

    path = pm_arena_strndup(walk->arena, path, len);

    if (path == NULL) {
        return pm_error_memory(walk->err);
    }

    walk->catalog->folder = path;
    rc = pm_catalog_walk_folder(walk, path);
    walk->catalog->folder = NULL;

    return rc;
}


int
pm_catalog_read(pm_catalog_t *catalog, const char *runtime, const char *path,
    pm_error_t *err)
{
    int                rc;
    pm_catalog_walk_t  walk;

    memset(&walk, 0, sizeof(pm_catalog_walk_t));
    walk.catalog = catalog;
    walk.err = err;

    walk.arena = pm_arena_create();
    if (walk.arena == NULL) {
        return pm_error_memory(err);
    }

    pm_catalog_index_init(&walk.seen, walk.arena);
    walk.runtime = pm_arena_strdup(catalog->arena, runtime);

    rc = walk.runtime ? pm_catalog_walk(&walk, path) : pm_error_memory(err);

    pm_arena_destroy(walk.arena);

    return rc;
}
