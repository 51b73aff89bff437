#include "git/pm_git_advertisement.h"
#include "git/pm_git_connections.h"

#include <stdio.h>
#include <string.h>


#define PM_GIT_HTTP_HEAD  262144     /* bytes of header lines */


static size_t
pm_git_http_on_header(char *data, size_t size, size_t n, void *http)
{
    pm_git_http_t  *h;

    h = http;
    h->head += size * n;

    /* a short count is an error to curl, which has no limit of its own */

    return (h->head > PM_GIT_HTTP_HEAD) ? 0 : size * n;
}


static size_t
pm_git_http_on_data(char *data, size_t size, size_t n, void *http)
{
    pm_git_http_t  *h;

    h = http;

    pm_buffer_append(&h->answer, data, size * n);

    return h->answer.failed ? 0 : size * n;
}


static size_t
pm_git_http_on_read(char *data, size_t size, size_t n, void *http)
{
    size_t              room, len;
    pm_git_http_t      *h;
    const pm_string_t  *part;

    h = http;
    room = size * n;

    while (room > 0 && h->part < h->nparts) {
        part = &h->parts[h->part];
        len = part->len - h->offset;

        if (len > room) {
            len = room;
        }

        if (len > 0) {
            memcpy(data, part->data + h->offset, len);
        }

        data += len;
        room -= len;
        h->offset += len;

        if (h->offset == part->len) {
            h->part++;
            h->offset = 0;
        }
    }

    *h->sent += size * n - room;

    return size * n - room;
}


/* Only to the start: curl sends a request again on a fresh connection. */

static int
pm_git_http_on_seek(void *http, curl_off_t offset, int origin)
{
    pm_git_http_t  *h;

    h = http;

    if (offset != 0 || origin != SEEK_SET) {
        return CURL_SEEKFUNC_CANTSEEK;
    }

    h->part = 0;
    h->offset = 0;

    return CURL_SEEKFUNC_OK;
}


void
pm_git_http_stop(pm_git_http_t *http)
{
    if (http->running) {

        /* closes the connection if the answer was not read to its end */

        (void) curl_multi_remove_handle(http->multi, http->easy);
        http->running = 0;
    }

    curl_slist_free_all(http->headers);
    http->headers = NULL;

    http->answer.len = 0;
    http->pos = 0;
    http->head = 0;
    http->done = 0;
    http->result = CURLE_OK;
    http->reason[0] = '\0';
    http->parts = NULL;
    http->nparts = 0;
    http->part = 0;
    http->offset = 0;
}


static int
pm_git_http_options(pm_git_remote_t *remote, pm_git_http_t *http,
    pm_git_service_t service)
{
    int                       bad;
    CURL                     *e;
    const pm_git_login_t     *login;
    const pm_git_settings_t  *settings;

    e = http->easy;
    settings = pm_git_settings(remote->git);
    login = http->login[service];

    curl_easy_reset(e);

    bad = curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L)
        || curl_easy_setopt(e, CURLOPT_TCP_NODELAY, 1L)
        || curl_easy_setopt(e, CURLOPT_TCP_KEEPALIVE, 1L)
        || curl_easy_setopt(e, CURLOPT_BUFFERSIZE, 65536L)

        /* what waits for a name that nobody answers is left behind */
        || curl_easy_setopt(e, CURLOPT_QUICK_EXIT, 1L)
        || curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS,
                            (long) settings->idle_timeout)
        || curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https")
        || curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L)

        /* one stream a connection: what was sent is known */
        || curl_easy_setopt(e, CURLOPT_HTTP_VERSION,
                            (long) CURL_HTTP_VERSION_1_1)
        || curl_easy_setopt(e, CURLOPT_SSL_VERIFYPEER, 1L)
        || curl_easy_setopt(e, CURLOPT_SSL_VERIFYHOST, 2L)
        || curl_easy_setopt(e, CURLOPT_SSLVERSION,
                            (long) CURL_SSLVERSION_TLSv1_2)

        /* some servers look for git's own name */
        || curl_easy_setopt(e, CURLOPT_USERAGENT, "git/2 " PM_GIT_AGENT)
        || curl_easy_setopt(e, CURLOPT_ERRORBUFFER, http->reason)
        || curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, pm_git_http_on_header)
        || curl_easy_setopt(e, CURLOPT_HEADERDATA, http)
        || curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, pm_git_http_on_data)
        || curl_easy_setopt(e, CURLOPT_WRITEDATA, http)
        || curl_easy_setopt(e, CURLOPT_READFUNCTION, pm_git_http_on_read)
        || curl_easy_setopt(e, CURLOPT_READDATA, http);

    if (settings->ca_file != NULL) {
        bad = bad
            || curl_easy_setopt(e, CURLOPT_CAINFO, settings->ca_file)
            || curl_easy_setopt(e, CURLOPT_CAPATH, NULL);
    }

    if (login != NULL) {
        bad = bad
            || curl_easy_setopt(e, CURLOPT_HTTPAUTH, (long) CURLAUTH_BASIC)
            || curl_easy_setopt(e, CURLOPT_USERNAME, login->user)
            || curl_easy_setopt(e, CURLOPT_PASSWORD, login->password);
    }

    return bad ? -1 : 0;
}


static int
pm_git_http_header(pm_git_http_t *http, const char *line)
{
    struct curl_slist  *list;

    list = curl_slist_append(http->headers, line);
    if (list == NULL) {
        return -1;
    }

    http->headers = list;

    return 0;
}


int
pm_git_http_request(pm_git_remote_t *remote, pm_git_service_t service,
    const pm_string_t *parts, size_t nparts)
{
    char            text[512];
    size_t          i;
    CURL           *e;
    curl_off_t      size;
    const char     *url, *name, *base;
    pm_git_http_t  *http;

    http = remote->http;
    e = http->easy;
    name = pm_git_service_name(service);
    base = http->base[service].canonical;

    pm_git_http_stop(http);

    http->service = service;
    http->sent = &remote->sent;

    url = (parts == NULL)
          ? pm_arena_printf(remote->arena, "%s/info/refs?service=%s", base,
                            name)
          : pm_arena_printf(remote->arena, "%s/%s", base, name);

    if (url == NULL || pm_git_http_options(remote, http, service) != 0
        || curl_easy_setopt(e, CURLOPT_URL, url) != CURLE_OK)
    {
        return -1;
    }

    if (parts != NULL) {
        for (size = 0, i = 0; i < nparts; i++) {
            size += (curl_off_t) parts[i].len;
        }

        http->parts = parts;
        http->nparts = nparts;

        (void) snprintf(text, sizeof(text),
                        "Content-Type: application/x-%s-request", name);

        if (pm_git_http_header(http, text) != 0) {
            return -1;
        }

        (void) snprintf(text, sizeof(text),
                        "Accept: application/x-%s-result", name);

        if (pm_git_http_header(http, text) != 0
            || pm_git_http_header(http, "Expect:") != 0
            || curl_easy_setopt(e, CURLOPT_HTTPHEADER, http->headers)
            || curl_easy_setopt(e, CURLOPT_POST, 1L)
            || curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE, size))
        {
            return -1;
        }

        /* a push whose first byte has left is never sent twice */

        if (service == PM_GIT_UPLOAD_PACK
            && (curl_easy_setopt(e, CURLOPT_SEEKFUNCTION, pm_git_http_on_seek)
                || curl_easy_setopt(e, CURLOPT_SEEKDATA, http)))
        {
            return -1;
        }
    }

    if (curl_multi_add_handle(http->multi, e) != CURLM_OK) {
        return -1;
    }

    http->running = 1;

    return 0;
}


static void
pm_git_http_perform(pm_git_http_t *http)
{
    int        n;
    CURLMsg   *message;
    CURLMcode  code;

    code = curl_multi_perform(http->multi, &n);

    if (code != CURLM_OK) {
        http->done = 1;
        http->result = (code == CURLM_OUT_OF_MEMORY) ? CURLE_OUT_OF_MEMORY
                                                     : CURLE_RECV_ERROR;
        return;
    }

    while ((message = curl_multi_info_read(http->multi, &n)) != NULL) {
        if (message->msg == CURLMSG_DONE) {
            http->done = 1;
            http->result = message->data.result;
        }
    }
}


int
pm_git_http_pump(pm_git_remote_t *remote, pm_git_http_t *http,
    pm_error_t *err)
{
    int         rc, wait;
    size_t      head;
    int64_t     last;
    curl_off_t  sent, now;

    last = pm_git_clock();
    sent = 0;
    head = http->head;

    for ( ;; ) {
        if (http->pos < http->answer.len) {
            return 0;
        }

        http->pos = 0;
        http->answer.len = 0;

        if (http->done) {
            break;
        }

        /* also for a server that never stops talking */

        rc = pm_git_remote_wait(remote, last, &wait, err);
        if (rc != 0) {
            return rc;
        }

        pm_git_http_perform(http);

        if (http->done || http->answer.len > 0) {
            continue;
        }

        now = 0;
        (void) curl_easy_getinfo(http->easy, CURLINFO_SIZE_UPLOAD_T, &now);

        if (now != sent || http->head != head) {
            last = pm_git_clock();
            sent = now;
            head = http->head;
        }

        rc = pm_git_remote_wait(remote, last, &wait, err);
        if (rc != 0) {
            return rc;
        }

        (void) curl_multi_poll(http->multi, NULL, 0, wait, NULL);
    }

    if (http->result != CURLE_OK) {
        return pm_git_http_failed(remote, http, err);
    }

    return 0;
}
