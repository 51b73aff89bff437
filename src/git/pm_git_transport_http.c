#include "git/pm_git_advertisement.h"
#include "git/pm_git_connections.h"
#include "git/pm_git_words.h"

#include <stdio.h>
#include <string.h>


#define PM_GIT_HTTP_TEXT       4096       /* of an error's body */
#define PM_GIT_HTTP_REDIRECTS  3


/* Reads the rest of an answer that is not git's: the words of an error. */

static int
pm_git_http_text(pm_git_remote_t *remote, pm_git_http_t *http,
    const char **text, pm_error_t *err)
{
    int              rc;
    char            *type;
    size_t           total;
    pm_git_words_t   words;

    memset(&words, 0, sizeof(pm_git_words_t));
    type = NULL;

    for (total = 0; total < PM_GIT_HTTP_TEXT; /* void */) {
        rc = pm_git_http_pump(remote, http, err);
        if (rc != 0) {
            return rc;
        }

        if (http->answer.len == 0) {
            break;
        }

        pm_git_words_add(&words, http->answer.data, http->answer.len);
        total += http->answer.len;
        http->pos = http->answer.len;
    }

    (void) curl_easy_getinfo(http->easy, CURLINFO_CONTENT_TYPE, &type);

    *text = (type != NULL && strncmp(type, "text/plain", 10) == 0)
            ? pm_git_words_text(&words, remote->arena) : NULL;

    return 0;
}


/*
 * Where the server redirects to, the remote's; NULL: nowhere, or no memory.
 * curl writes the login that it was given into it.
 */

static char *
pm_git_http_location(pm_git_remote_t *remote, pm_git_http_t *http)
{
    char   *to, *url, *copy;
    CURLU  *parts;

    to = NULL;
    url = NULL;
    copy = NULL;

    (void) curl_easy_getinfo(http->easy, CURLINFO_REDIRECT_URL, &to);

    parts = curl_url();
    if (parts == NULL) {
        return NULL;
    }

    if (to != NULL
        && curl_url_set(parts, CURLUPART_URL, to, 0) == CURLUE_OK
        && curl_url_set(parts, CURLUPART_USER, NULL, 0) == CURLUE_OK
        && curl_url_set(parts, CURLUPART_PASSWORD, NULL, 0) == CURLUE_OK
        && curl_url_get(parts, CURLUPART_URL, &url, 0) == CURLUE_OK)
    {
        copy = pm_arena_strdup(remote->arena, url);
    }

    curl_free(url);
    curl_url_cleanup(parts);

    return copy;
}


/* The first redirect may name another path of the same server, no more. */

static int
pm_git_http_redirect(pm_git_remote_t *remote, pm_git_http_t *http,
    pm_git_service_t service, pm_error_t *err)
{
    char                     *to, *suffix;
    size_t                    len, n;
    pm_git_url_t              url;
    const pm_git_settings_t  *settings;

    settings = pm_git_settings(remote->git);

    to = pm_git_http_location(remote, http);

    suffix = pm_arena_printf(remote->arena, "/info/refs?service=%s",
                             pm_git_service_name(service));
    if (suffix == NULL) {
        return pm_error_memory(err);
    }

    n = strlen(suffix);
    len = (to != NULL) ? strlen(to) : 0;

    if (len <= n || memcmp(to + len - n, suffix, n) != 0) {
        return pm_error_set(err, PM_REMOTE, "%s redirects %s to what is no "
                            "repository", remote->host, remote->name);
    }

    to[len - n] = '\0';

    if (pm_git_url_parse(remote->arena, to, &url, NULL) != 0) {
        return pm_error_set(err, PM_REMOTE, "%s redirects %s to a malformed "
                            "URL", remote->host, remote->name);
    }

    if (url.scheme != remote->url.scheme || url.port != remote->url.port
        || strcmp(url.host, remote->url.host) != 0)
    {
        return pm_error_set(err, PM_REMOTE, "%s redirects to %s; if that is "
                            "meant, write it into the catalog", remote->name,
                            url.canonical);
    }

    remote->redirected = 1;
    http->base[service] = url;
    http->login[service] = pm_git_credentials_match(settings->credentials,
                                                    &url);

    return 0;
}


/*
 * 0 with status 200: an answer of the type that smart HTTP prescribes.
 * 0 with status 3xx: a redirect, which is the caller's.
 */

static int
pm_git_http_check(pm_git_remote_t *remote, pm_git_service_t service,
    const char *kind, long *status, pm_error_t *err)
{
    int             rc;
    char            expected[64], *type;
    size_t          len;
    const char     *words;
    pm_git_http_t  *http;

    http = remote->http;
    *status = 0;
    type = NULL;

    rc = pm_git_http_pump(remote, http, err);
    if (rc != 0) {
        return rc;
    }

    (void) curl_easy_getinfo(http->easy, CURLINFO_RESPONSE_CODE, status);
    (void) curl_easy_getinfo(http->easy, CURLINFO_CONTENT_TYPE, &type);

    if (*status != 200) {
        rc = pm_git_http_text(remote, http, &words, err);
        if (rc != 0) {
            return rc;
        }

        return (*status >= 300 && *status < 400)
               ? 0
               : pm_git_http_status(remote, http, *status, words, err);
    }

    (void) snprintf(expected, sizeof(expected), "application/x-%s-%s",
                    pm_git_service_name(service), kind);

    len = strlen(expected);

    if (type == NULL || strncmp(type, expected, len) != 0
        || strchr("; \t", type[len]) == NULL)
    {
        return pm_error_set(err, PM_REMOTE, "%s does not speak git's smart "
                            "HTTP protocol at %s (content type %.64s)",
                            remote->host, remote->name,
                            type ? type : "missing");
    }

    return 0;
}


static int
pm_git_http_take(pm_git_remote_t *remote, pm_error_t *err)
{
    int                       i;
    char                     *origin;
    const pm_git_login_t     *login;
    const pm_git_settings_t  *settings;

    settings = pm_git_settings(remote->git);

    origin = pm_arena_printf(remote->arena, "%s//%s",
                             remote->url.scheme == PM_GIT_HTTPS ? "https:"
                                                                : "http:",
                             remote->host);
    if (origin == NULL) {
        return pm_error_memory(err);
    }

    remote->http = pm_git_connections_take(remote->git, origin);
    if (remote->http == NULL) {
        return pm_error_memory(err);
    }

    login = pm_git_credentials_match(settings->credentials, &remote->url);

    for (i = 0; i < PM_GIT_SERVICES; i++) {
        remote->http->base[i] = remote->url;
        remote->http->login[i] = login;
    }

    return 0;
}


static int
pm_git_http_open(pm_git_remote_t *remote, pm_git_service_t service,
    pm_error_t *err)
{
    int   rc, n;
    long  status;

    if (remote->http == NULL) {
        rc = pm_git_http_take(remote, err);
        if (rc != 0) {
            return rc;
        }
    }

    for (n = 0; n <= PM_GIT_HTTP_REDIRECTS; n++) {
        if (pm_git_http_request(remote, service, NULL, 0) != 0) {
            return pm_error_memory(err);
        }

        rc = pm_git_http_check(remote, service, "advertisement", &status,
                               err);

        if (rc != 0 || status == 200) {
            return rc;
        }

        rc = pm_git_http_redirect(remote, remote->http, service, err);
        if (rc != 0) {
            return rc;
        }
    }

    return pm_error_set(err, PM_REMOTE, "%s redirects %s in circles",
                        remote->host, remote->name);
}


static int
pm_git_http_write(pm_git_remote_t *remote, pm_git_service_t service,
    const pm_string_t *parts, size_t nparts, pm_error_t *err)
{
    int   rc;
    long  status;

    if (remote->http == NULL) {
        rc = pm_git_http_take(remote, err);
        if (rc != 0) {
            return rc;
        }
    }

    if (pm_git_http_request(remote, service, parts, nparts) != 0) {
        return pm_error_memory(err);
    }

    rc = pm_git_http_check(remote, service, "result", &status, err);

    if (rc == 0 && status == 200) {
        return 0;
    }

    remote->gone = (rc == 0 || status == 404 || status == 410);

    if (rc == 0) {
        return pm_error_set(err, PM_REMOTE, "%s redirects the request to %s",
                            remote->host, remote->name);
    }

    /* 408: the server may have got all of it, and only its answer is lost */

    if (status >= 400 && status < 500 && status != 408) {
        remote->refused = 1;
        remote->too_large = (status == 413);
    }

    return rc;
}


static int
pm_git_http_read(pm_git_remote_t *remote, pm_git_service_t service,
    char *data, size_t size, size_t *n, pm_error_t *err)
{
    int             rc;
    size_t          len;
    pm_git_http_t  *http;

    http = remote->http;

    rc = pm_git_http_pump(remote, http, err);
    if (rc != 0) {
        return rc;
    }

    len = http->answer.len - http->pos;

    if (len > size) {
        len = size;
    }

    if (len > 0) {
        memcpy(data, http->answer.data + http->pos, len);
        http->pos += len;
    }

    *n = len;

    return 0;
}


static void
pm_git_http_close(pm_git_remote_t *remote, pm_git_service_t service)
{
    if (remote->http != NULL && remote->http->service == service) {
        pm_git_http_stop(remote->http);
    }
}


static void
pm_git_http_finish(pm_git_remote_t *remote)
{
    if (remote->http != NULL) {
        pm_git_http_stop(remote->http);
        pm_buffer_free(&remote->http->answer);
        pm_git_connections_give(remote->git, remote->http);
        remote->http = NULL;
    }
}


const pm_git_transport_t  pm_git_transport_http = {
    1,
    pm_git_http_open,
    pm_git_http_write,
    pm_git_http_read,
    pm_git_http_close,
    pm_git_http_finish
};
