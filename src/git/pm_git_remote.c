#include "git/pm_git_remote.h"
#include "git/pm_git_advertisement.h"
#include "git/pm_git_transport.h"

#include <stdlib.h>
#include <string.h>


#define PM_GIT_REMOTE_REST  65536     /* bytes read to keep a connection */


static int
pm_git_remote_copy(pm_git_remote_t *remote, const pm_git_url_t *url)
{
    pm_arena_t    *arena;
    pm_git_url_t  *copy;

    arena = remote->arena;
    copy = &remote->url;

    *copy = *url;

    copy->canonical = pm_arena_strdup(arena, url->canonical);
    copy->path = pm_arena_strdup(arena, url->path);

    if (url->user != NULL) {
        copy->user = pm_arena_strdup(arena, url->user);
    }

    if (url->host == NULL) {
        remote->host = "localhost";

    } else if (url->port == 0) {
        copy->host = pm_arena_strdup(arena, url->host);
        remote->host = copy->host;

    } else {
        copy->host = pm_arena_strdup(arena, url->host);
        remote->host = pm_arena_printf(arena, "%s:%u", url->host, url->port);
    }

    remote->name = copy->canonical;

    return (copy->canonical && copy->path && remote->host
            && (url->user == NULL || copy->user != NULL)
            && (url->host == NULL || copy->host != NULL)) ? 0 : -1;
}


int
pm_git_remote_open(pm_git_t *git, const pm_git_url_t *url,
    pm_git_remote_t **remote, pm_error_t *err)
{
    pm_arena_t       *arena;
    pm_git_remote_t  *created;

    if (url->scheme == PM_GIT_LOCAL && !pm_git_settings(git)->allow_local) {
        return pm_error_set(err, PM_INVALID, "local remotes such as %s are "
                            "not allowed (promotions_allow_local_remotes)",
                            url->canonical);
    }

    arena = pm_arena_create();
    if (arena == NULL) {
        return pm_error_memory(err);
    }

    created = pm_arena_zalloc(arena, sizeof(pm_git_remote_t));
    if (created == NULL) {
        goto failed;
    }

    created->git = git;
    created->arena = arena;
    created->transport = (url->scheme == PM_GIT_HTTP
                          || url->scheme == PM_GIT_HTTPS)
                         ? &pm_git_transport_http : &pm_git_transport_pipe;

    created->lines = pm_arena_alloc(arena, sizeof(pm_git_pktline_t));

    if (created->lines == NULL || pm_git_remote_copy(created, url) != 0) {
        goto failed;
    }

    *remote = created;

    return 0;

failed:

    pm_arena_destroy(arena);

    return pm_error_memory(err);
}


void
pm_git_remote_close(pm_git_remote_t *remote)
{
    if (remote == NULL) {
        return;
    }

    remote->transport->close(remote, PM_GIT_UPLOAD_PACK);
    remote->transport->close(remote, PM_GIT_RECEIVE_PACK);
    remote->transport->finish(remote);

    pm_arena_destroy(remote->arena);
}


void
pm_git_remote_begin(pm_git_remote_t *remote)
{
    remote->deadline = pm_git_clock() + pm_git_settings(remote->git)->timeout;
    remote->sent = 0;
    remote->refused = 0;
    remote->too_large = 0;
    remote->gone = 0;
    remote->unusable = 0;
}


int
pm_git_remote_wait(const pm_git_remote_t *remote, int64_t last, int *wait,
    pm_error_t *err)
{
    int64_t                   now, whole, idle;
    const pm_git_settings_t  *settings;

    settings = pm_git_settings(remote->git);

    now = pm_git_clock();
    whole = remote->deadline - now;
    idle = last + settings->idle_timeout - now;

    if (whole <= 0) {
        return pm_error_set(err, PM_TIMEOUT, "remote %s did not finish within "
                            "%u ms", remote->name, settings->timeout);
    }

    if (idle <= 0) {
        return pm_error_set(err, PM_TIMEOUT, "remote %s was silent for %u ms",
                            remote->name, settings->idle_timeout);
    }

    whole = (idle < whole) ? idle : whole;
    *wait = (whole < 60000) ? (int) whole : 60000;

    return 0;
}


int
pm_git_remote_pull(void *source, char *buffer, size_t size, size_t *n,
    pm_error_t *err)
{
    pm_git_source_t  *from;

    from = source;

    return from->remote->transport->read(from->remote, from->service, buffer,
                                         size, n, err);
}


void
pm_git_remote_drain(pm_git_remote_t *remote, pm_git_service_t service)
{
    size_t  n, rest;
    char    data[4096];

    /* a pipe stays open for the next request: nothing to wait for */

    if (!remote->transport->stateless) {
        return;
    }

    for (rest = 0; rest < PM_GIT_REMOTE_REST; rest += n) {
        n = 0;

        if (remote->transport->read(remote, service, data, sizeof(data), &n,
                                    NULL)
            != 0
            || n == 0)
        {
            return;
        }
    }
}


int
pm_git_remote_discover(pm_git_remote_t *remote, pm_git_service_t service,
    pm_arena_t *arena, pm_git_advertisement_t **advertisement,
    pm_error_t *err)
{
    int              rc;
    pm_git_source_t  source;

    rc = remote->transport->open(remote, service, err);
    if (rc != 0) {
        return rc;
    }

    source.remote = remote;
    source.service = service;

    pm_git_pktline_init(remote->lines, pm_git_remote_pull, &source,
                        remote->name, PM_GIT_ADVERTISEMENT_SIZE);

    rc = pm_git_advertisement_read(remote->lines, service,
                                   remote->transport->stateless, arena,
                                   advertisement, err);
    if (rc != 0) {
        remote->transport->close(remote, service);
        return rc;
    }

    pm_git_remote_drain(remote, service);

    return 0;
}


int
pm_git_remote_advertisement(pm_git_remote_t *remote, pm_git_service_t service,
    pm_arena_t *arena, pm_git_advertisement_t **advertisement,
    pm_error_t *err)
{
    pm_git_remote_begin(remote);

    return pm_git_remote_discover(remote, service, arena, advertisement, err);
}
