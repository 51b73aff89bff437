#include "git/pm_git_mirror_internal.h"
#include "base/pm_hash.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>


/* Open handles that wait for a job: each holds a cache of trees. */
#define PM_GIT_POOL_IDLE  64


struct pm_git_mirrors_s {
    pm_git_site_t    *sites;
    pm_git_mirror_t  *idle[PM_GIT_POOL_IDLE];   /* the newest last */
    size_t            nidle;
};


static pm_git_site_t *pm_git_pool_find(pm_git_mirrors_t *mirrors,
    const char *url);
static pm_git_site_t *pm_git_pool_make(const char *folder, const char *url);
static void pm_git_pool_free(pm_git_site_t *site);


int
pm_git_mirrors_create(pm_git_mirrors_t **mirrors)
{
    *mirrors = calloc(1, sizeof(pm_git_mirrors_t));

    return *mirrors != NULL ? 0 : PM_UNAVAILABLE;
}


void
pm_git_mirrors_destroy(pm_git_mirrors_t *mirrors)
{
    size_t          i;
    pm_git_site_t  *site, *next;

    if (mirrors == NULL) {
        return;
    }

    for (i = 0; i < mirrors->nidle; i++) {
        pm_git_mirror_free(mirrors->idle[i]);
    }

    for (site = mirrors->sites; site != NULL; site = next) {
        next = site->next;
        pm_git_pool_free(site);
    }

    free(mirrors);
}


int
pm_git_pool_site(pm_git_t *git, const pm_git_url_t *url,
    pm_git_site_t **site, pm_error_t *err)
{
    pm_git_site_t     *s;
    pm_git_mirrors_t  *mirrors;

    mirrors = git->mirrors;

    (void) pthread_mutex_lock(&git->mutex);

    s = pm_git_pool_find(mirrors, url->canonical);

    if (s == NULL) {
        s = pm_git_pool_make(git->settings->mirrors, url->canonical);

        if (s != NULL) {
            s->next = mirrors->sites;
            mirrors->sites = s;
        }
    }

    (void) pthread_mutex_unlock(&git->mutex);

    if (s == NULL) {
        return pm_error_memory(err);
    }

    *site = s;

    return 0;
}


static pm_git_site_t *
pm_git_pool_find(pm_git_mirrors_t *mirrors, const char *url)
{
    pm_git_site_t  *site;

    for (site = mirrors->sites; site != NULL; site = site->next) {
        if (strcmp(site->url, url) == 0) {
            return site;
        }
    }

    return NULL;
}


static pm_git_site_t *
pm_git_pool_make(const char *folder, const char *url)
{
    char            hex[2 * PM_SHA256_SIZE + 1];
    pm_git_site_t  *site;
    unsigned char   digest[PM_SHA256_SIZE];

    if (pm_sha256(url, strlen(url), digest) != 0) {
        return NULL;
    }

    pm_hex(hex, digest, sizeof(digest));

    site = calloc(1, sizeof(pm_git_site_t));
    if (site == NULL) {
        return NULL;
    }

    site->url = strdup(url);

    if (asprintf(&site->path, "%s/%.2s/%s.git", folder, hex, hex) < 0) {
        site->path = NULL;
    }

    if (asprintf(&site->lock, "%s/%.2s/%s.flock", folder, hex, hex) < 0) {
        site->lock = NULL;
    }

    if (site->url == NULL || site->path == NULL || site->lock == NULL) {
        pm_git_pool_free(site);
        return NULL;
    }

    return site;
}


static void
pm_git_pool_free(pm_git_site_t *site)
{
    free(site->url);
    free(site->path);
    free(site->lock);
    free(site);
}


pm_git_mirror_t *
pm_git_pool_take(pm_git_t *git, const pm_git_site_t *site)
{
    size_t             i;
    pm_git_mirror_t   *mirror;
    pm_git_mirrors_t  *mirrors;

    mirror = NULL;
    mirrors = git->mirrors;

    (void) pthread_mutex_lock(&git->mutex);

    /* the one used last has the warmest cache */

    for (i = mirrors->nidle; i > 0; i--) {
        if (mirrors->idle[i - 1]->site == site) {
            mirror = mirrors->idle[i - 1];
            memmove(&mirrors->idle[i - 1], &mirrors->idle[i],
                    (mirrors->nidle - i) * sizeof(pm_git_mirror_t *));
            mirrors->nidle--;
            break;
        }
    }

    (void) pthread_mutex_unlock(&git->mutex);

    return mirror;
}


void
pm_git_pool_give(pm_git_mirror_t *mirror)
{
    pm_git_t          *git;
    pm_git_mirror_t   *oldest;
    pm_git_mirrors_t  *mirrors;

    git = mirror->git;
    mirrors = git->mirrors;
    oldest = NULL;

    (void) pthread_mutex_lock(&git->mutex);

    if (mirrors->nidle == PM_GIT_POOL_IDLE) {
        oldest = mirrors->idle[0];
        mirrors->nidle--;
        memmove(&mirrors->idle[0], &mirrors->idle[1],
                mirrors->nidle * sizeof(pm_git_mirror_t *));
    }

    mirrors->idle[mirrors->nidle++] = mirror;

    (void) pthread_mutex_unlock(&git->mutex);

    pm_git_mirror_free(oldest);
}
