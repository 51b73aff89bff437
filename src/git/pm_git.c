#include "git/pm_git_internal.h"
#include "base/pm_hash.h"

#include <curl/curl.h>
#include <git2.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>


/*
 * Large folders (thousands of applications) are read for each promotion:
 * libgit2 by default leaves trees above 4 KiB out of its cache.
 */

#define PM_GIT_TREE_CACHE    (1024 * 1024)
#define PM_GIT_CACHE         (64 * 1024 * 1024)


static int pm_git_configure(void);


int
pm_git_create(const pm_git_settings_t *settings, pm_git_t **git,
    pm_error_t *err)
{
    pm_git_t  *g;

    *git = NULL;

    g = calloc(1, sizeof(pm_git_t));
    if (g == NULL) {
        return pm_error_memory(err);
    }

    g->settings = settings;

    if (pthread_mutex_init(&g->mutex, NULL) != 0) {
        free(g);
        return pm_error_memory(err);
    }

    if (git_libgit2_init() < 0) {
        pthread_mutex_destroy(&g->mutex);
        free(g);
        return pm_error_set(err, PM_INTERNAL, "libgit2 cannot start: %s",
                            pm_git_reason());
    }

    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        (void) git_libgit2_shutdown();
        pthread_mutex_destroy(&g->mutex);
        free(g);
        return pm_error_set(err, PM_INTERNAL, "libcurl cannot start");
    }

    if (pm_git_configure() != 0) {
        (void) pm_error_set(err, PM_INTERNAL, "libgit2 cannot be set up: %s",
                            pm_git_reason());
        goto failed;
    }

    if (pm_git_connections_create(&g->connections) != 0
        || pm_git_mirrors_create(&g->mirrors) != 0)
    {
        (void) pm_error_memory(err);
        goto failed;
    }

    *git = g;

    return 0;

failed:

    pm_git_destroy(g);

    return err ? (int) err->code : PM_INTERNAL;
}


/*
 * Nothing outside the mirrors may change what this process does with them:
 * no configuration of the system or of a user is read.
 */

static int
pm_git_configure(void)
{
    size_t  i;

    static const int  levels[] = {
        GIT_CONFIG_LEVEL_SYSTEM,
        GIT_CONFIG_LEVEL_XDG,
        GIT_CONFIG_LEVEL_GLOBAL,
        GIT_CONFIG_LEVEL_PROGRAMDATA
    };

    for (i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
        if (git_libgit2_opts(GIT_OPT_SET_SEARCH_PATH, levels[i], "") < 0) {
            return -1;
        }
    }

    if (git_libgit2_opts(GIT_OPT_SET_CACHE_OBJECT_LIMIT, GIT_OBJECT_TREE,
                         (size_t) PM_GIT_TREE_CACHE) < 0
        || git_libgit2_opts(GIT_OPT_SET_CACHE_MAX_SIZE,
                            (ssize_t) PM_GIT_CACHE) < 0
        /* refs are set to objects that have just been written */
        || git_libgit2_opts(GIT_OPT_ENABLE_STRICT_OBJECT_CREATION, 0) < 0
        /* no .keep file is ever ours: one stat less a pack */
        || git_libgit2_opts(GIT_OPT_DISABLE_PACK_KEEP_FILE_CHECKS, 1) < 0)
    {
        return -1;
    }

    return 0;
}


void
pm_git_destroy(pm_git_t *git)
{
    if (git == NULL) {
        return;
    }

    pm_git_mirrors_destroy(git->mirrors);
    pm_git_connections_destroy(git->connections);
    curl_global_cleanup();
    (void) git_libgit2_shutdown();
    pthread_mutex_destroy(&git->mutex);
    free(git);
}


const pm_git_settings_t *
pm_git_settings(const pm_git_t *git)
{
    return git->settings;
}


int64_t
pm_git_clock(void)
{
    struct timespec  now;

    (void) clock_gettime(CLOCK_MONOTONIC, &now);

    return (int64_t) now.tv_sec * 1000 + now.tv_nsec / 1000000;
}


const char *
pm_git_reason(void)
{
    const git_error  *error;

    error = git_error_last();

    if (error == NULL || error->message == NULL) {
        return "no reason given";
    }

    return error->message;
}


int
pm_oid_is_zero(const pm_oid_t *oid)
{
    static const pm_oid_t  zero;

    return memcmp(oid, &zero, sizeof(pm_oid_t)) == 0;
}


int
pm_oid_equal(const pm_oid_t *a, const pm_oid_t *b)
{
    return memcmp(a, b, sizeof(pm_oid_t)) == 0;
}


void
pm_oid_hex(char text[PM_GIT_HEX_SIZE + 1], const pm_oid_t *oid)
{
    pm_hex(text, oid->id, PM_GIT_OID_SIZE);
}


int
pm_oid_parse(pm_oid_t *oid, const char *text, size_t len)
{
    if (len != PM_GIT_HEX_SIZE) {
        return -1;
    }

    return pm_unhex(oid->id, text, PM_GIT_OID_SIZE);
}
