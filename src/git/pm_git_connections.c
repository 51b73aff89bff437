#include "git/pm_git_connections.h"

#include <stdlib.h>
#include <string.h>


#define PM_GIT_CONNECTIONS_IDLE  64     /* handles that wait */
#define PM_GIT_CONNECTIONS_KEPT  2L     /* connections a handle keeps */


struct pm_git_connections_s {
    CURLSH           *share;
    pthread_mutex_t   locks[CURL_LOCK_DATA_LAST];
    pm_git_http_t    *idle;             /* the one used last first */
    size_t            nidle;
};


static void
pm_git_connections_lock(CURL *easy, curl_lock_data data,
    curl_lock_access access, void *connections)
{
    pm_git_connections_t  *c;

    c = connections;

    (void) pthread_mutex_lock(&c->locks[data]);
}


static void
pm_git_connections_unlock(CURL *easy, curl_lock_data data, void *connections)
{
    pm_git_connections_t  *c;

    c = connections;

    (void) pthread_mutex_unlock(&c->locks[data]);
}


/*
 * Connections themselves are not shared: libcurl cannot do that between
 * threads (curl_share_setopt(3)).
 */

static int
pm_git_connections_share(pm_git_connections_t *c)
{
    c->share = curl_share_init();
    if (c->share == NULL) {
        return -1;
    }

    if (curl_share_setopt(c->share, CURLSHOPT_LOCKFUNC,
                          pm_git_connections_lock) != CURLSHE_OK
        || curl_share_setopt(c->share, CURLSHOPT_UNLOCKFUNC,
                             pm_git_connections_unlock) != CURLSHE_OK
        || curl_share_setopt(c->share, CURLSHOPT_USERDATA, c) != CURLSHE_OK
        || curl_share_setopt(c->share, CURLSHOPT_SHARE,
                             CURL_LOCK_DATA_SSL_SESSION) != CURLSHE_OK
        || curl_share_setopt(c->share, CURLSHOPT_SHARE,
                             CURL_LOCK_DATA_DNS) != CURLSHE_OK)
    {
        return -1;
    }

    return 0;
}


int
pm_git_connections_create(pm_git_connections_t **connections)
{
    size_t                 i;
    pm_git_connections_t  *c;

    *connections = NULL;

    c = calloc(1, sizeof(pm_git_connections_t));
    if (c == NULL) {
        return PM_UNAVAILABLE;
    }

    for (i = 0; i < CURL_LOCK_DATA_LAST; i++) {
        (void) pthread_mutex_init(&c->locks[i], NULL);
    }

    if (pm_git_connections_share(c) != 0) {
        pm_git_connections_destroy(c);
        return PM_UNAVAILABLE;
    }

    *connections = c;

    return 0;
}


static void
pm_git_connections_free(pm_git_http_t *http)
{
    if (http == NULL) {
        return;
    }

    if (http->easy != NULL) {
        curl_easy_cleanup(http->easy);
    }

    if (http->multi != NULL) {
        (void) curl_multi_cleanup(http->multi);
    }

    free(http->origin);
    free(http);
}


void
pm_git_connections_destroy(pm_git_connections_t *connections)
{
    size_t          i;
    pm_git_http_t  *http, *next;

    if (connections == NULL) {
        return;
    }

    for (http = connections->idle; http != NULL; http = next) {
        next = http->next;
        pm_git_connections_free(http);
    }

    if (connections->share != NULL) {
        (void) curl_share_cleanup(connections->share);
    }

    for (i = 0; i < CURL_LOCK_DATA_LAST; i++) {
        (void) pthread_mutex_destroy(&connections->locks[i]);
    }

    free(connections);
}


static pm_git_http_t *
pm_git_connections_new(pm_git_t *git, const char *origin)
{
    pm_git_http_t  *http;

    http = calloc(1, sizeof(pm_git_http_t));
    if (http == NULL) {
        return NULL;
    }

    http->easy = curl_easy_init();
    http->multi = curl_multi_init();
    http->origin = strdup(origin);

    if (http->easy == NULL || http->multi == NULL || http->origin == NULL
        || curl_multi_setopt(http->multi, CURLMOPT_MAXCONNECTS,
                             PM_GIT_CONNECTIONS_KEPT) != CURLM_OK
        || curl_easy_setopt(http->easy, CURLOPT_SHARE,
                            git->connections->share) != CURLE_OK)
    {
        pm_git_connections_free(http);
        return NULL;
    }

    return http;
}


pm_git_http_t *
pm_git_connections_take(pm_git_t *git, const char *origin)
{
    pm_git_http_t  *http, **p;

    (void) pthread_mutex_lock(&git->mutex);

    for (p = &git->connections->idle; *p != NULL; p = &(*p)->next) {
        if (strcmp((*p)->origin, origin) == 0) {
            break;
        }
    }

    http = *p;

    if (http != NULL) {
        *p = http->next;
        git->connections->nidle--;
    }

    (void) pthread_mutex_unlock(&git->mutex);

    if (http == NULL) {
        return pm_git_connections_new(git, origin);
    }

    http->next = NULL;

    return http;
}


void
pm_git_connections_give(pm_git_t *git, pm_git_http_t *http)
{
    CURL                  *easy;
    CURLM                 *multi;
    char                  *origin;
    pm_git_http_t         *oldest, **p;
    pm_git_connections_t  *connections;

    easy = http->easy;
    multi = http->multi;
    origin = http->origin;

    /* forgets the secret; connections and TLS sessions stay */

    curl_easy_reset(easy);
    memset(http, 0, sizeof(pm_git_http_t));

    http->easy = easy;
    http->multi = multi;
    http->origin = origin;

    connections = git->connections;
    oldest = NULL;

    (void) pthread_mutex_lock(&git->mutex);

    if (connections->nidle == PM_GIT_CONNECTIONS_IDLE) {
        for (p = &connections->idle; (*p)->next != NULL; p = &(*p)->next) {
            /* void */
        }

        oldest = *p;
        *p = NULL;
        connections->nidle--;
    }

    http->next = connections->idle;
    connections->idle = http;
    connections->nidle++;

    (void) pthread_mutex_unlock(&git->mutex);

    pm_git_connections_free(oldest);
}
