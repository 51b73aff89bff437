#include "git/pm_git_connections.h"

#include <stdio.h>
#include <string.h>


/* host:port, always with a port */

static const char *
pm_git_http_peer(const pm_git_remote_t *remote)
{
    const char  *peer;

    if (remote->url.port != 0) {
        return remote->host;
    }

    peer = pm_arena_printf(remote->arena, "%s:%d", remote->host,
                           remote->url.scheme == PM_GIT_HTTPS ? 443 : 80);

    return peer ? peer : remote->host;
}


static int
pm_git_http_is_tls(CURLcode result)
{
    switch (result) {

    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_CRL_BADFILE:
    case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_SSL_ENGINE_INITFAILED:
    case CURLE_USE_SSL_FAILED:
        return 1;

    default:
        return 0;
    }
}


/* The system's reason; and curl's, where it is about another host: a proxy. */

static int
pm_git_http_unconnected(const pm_git_remote_t *remote,
    const pm_git_http_t *http, const char *peer, pm_error_t *err)
{
    char         text[128], host[256];
    long         number;
    size_t       len;
    const char  *reason;

    number = 0;
    reason = curl_easy_strerror(http->result);

    (void) curl_easy_getinfo(http->easy, CURLINFO_OS_ERRNO, &number);

    if (number != 0) {
        reason = strerror_r((int) number, text, sizeof(text));
    }

    /* curl writes an address without its brackets */

    len = strcspn(remote->url.host, "]");
    (void) snprintf(host, sizeof(host), "%.*s", (int) len,
                    remote->url.host + (remote->url.host[0] == '['));

    if (http->reason[0] == '\0' || strstr(http->reason, host) != NULL) {
        return pm_error_set(err, PM_REMOTE, "cannot connect to %s: %s", peer,
                            reason);
    }

    return pm_error_set(err, PM_REMOTE, "cannot connect to %s: %s (%s)", peer,
                        reason, http->reason);
}


int
pm_git_http_failed(const pm_git_remote_t *remote, const pm_git_http_t *http,
    pm_error_t *err)
{
    long         proxy;
    const char  *peer, *reason;

    peer = pm_git_http_peer(remote);
    reason = http->reason[0] ? http->reason : curl_easy_strerror(http->result);
    proxy = 0;

    (void) curl_easy_getinfo(http->easy, CURLINFO_HTTP_CONNECTCODE, &proxy);

    if (proxy >= 300) {
        return pm_error_set(err, PM_REMOTE, "cannot connect to %s: the proxy "
                            "answered HTTP %ld", peer, proxy);
    }

    if (pm_git_http_is_tls(http->result)) {
        return pm_error_set(err, PM_REMOTE, "TLS with %s failed: %s", peer,
                            reason);
    }

    switch (http->result) {

    case CURLE_OUT_OF_MEMORY:

        /* curl's word for a header line of more than 100 KB, too */

        return pm_error_set(err, PM_REMOTE, "the connection to %s broke: a "
                            "line of its answer is too long, or memory is "
                            "short", peer);

    case CURLE_OPERATION_TIMEDOUT:
        return pm_error_set(err, PM_TIMEOUT, "cannot connect to %s: it did "
                            "not answer in time", peer);

    case CURLE_COULDNT_RESOLVE_HOST:
        return pm_error_set(err, PM_REMOTE, "cannot connect to %s: name not "
                            "found", peer);

    case CURLE_COULDNT_RESOLVE_PROXY:
        return pm_error_set(err, PM_REMOTE, "cannot connect to %s: name of "
                            "the proxy not found", peer);

    case CURLE_COULDNT_CONNECT:
        return pm_git_http_unconnected(remote, http, peer, err);

    default:
        return pm_error_set(err, PM_REMOTE, "the connection to %s broke: %s",
                            peer, reason);
    }
}


int
pm_git_http_status(const pm_git_remote_t *remote, const pm_git_http_t *http,
    long status, const char *words, pm_error_t *err)
{
    char        wait[64];
    curl_off_t  seconds;

    if (status == 401 || status == 403) {

        if (http->login[http->service] == NULL) {
            return pm_error_set(err, PM_REMOTE, "authentication failed for "
                                "%s: no line of promotions_credentials "
                                "matches %s%s%s", remote->host, remote->name,
                                words ? ": " : "", words ? words : "");
        }

        return pm_error_set(err, PM_REMOTE, "authentication failed for %s "
                            "(HTTP %ld for %s)%s%s", remote->host, status,
                            remote->name, words ? ": " : "",
                            words ? words : "");
    }

    if (status == 404 || status == 410) {
        return pm_error_set(err, PM_REMOTE, "repository %s not found%s%s",
                            remote->name, words ? ": " : "",
                            words ? words : "");
    }

    seconds = 0;
    wait[0] = '\0';

    (void) curl_easy_getinfo(http->easy, CURLINFO_RETRY_AFTER, &seconds);

    if (seconds > 0) {
        (void) snprintf(wait, sizeof(wait), ", asks to wait %lld s",
                        (long long) seconds);
    }

    return pm_error_set(err, PM_REMOTE, "%s answered HTTP %ld%s%s for %s%s%s",
                        remote->host, status,
                        status == 429 ? " (too many requests)" : "", wait,
                        remote->name, words ? ": " : "", words ? words : "");
}
