#include "forge/pm_forge_call.h"

#include <string.h>
#include <time.h>


#define PM_FORGE_HTTP_HEAD  65536        /* bytes of header lines */
#define PM_FORGE_AGENT      "ngx_http_promotions_module"


int64_t
pm_forge_clock(void)
{
    struct timespec  ts;

    (void) clock_gettime(CLOCK_MONOTONIC, &ts);

    return (int64_t) ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}


static size_t
pm_forge_http_on_header(char *data, size_t size, size_t n, void *arg)
{
    pm_forge_call_t  *call;

    call = arg;
    call->last = pm_forge_clock();
    call->head += size * n;
    call->large |= (call->head > PM_FORGE_HTTP_HEAD);

    /* a short count is an error to curl, which has no limit of its own */

    return call->large ? 0 : size * n;
}


static size_t
pm_forge_http_on_data(char *data, size_t size, size_t n, void *arg)
{
    pm_forge_call_t  *call;

    call = arg;
    call->last = pm_forge_clock();

    if (call->received.len + size * n > PM_FORGE_ANSWER_SIZE) {
        call->large = 1;
        return 0;
    }

    pm_buffer_append(&call->received, data, size * n);

    return call->received.failed ? 0 : size * n;
}


static size_t
pm_forge_http_on_read(char *data, size_t size, size_t n, void *arg)
{
    size_t            len;
    pm_forge_call_t  *call;

    call = arg;
    call->last = pm_forge_clock();

    len = call->payload_len - call->sent;
    len = (len > size * n) ? size * n : len;

    memcpy(data, call->payload + call->sent, len);
    call->sent += len;

    return len;
}


/* Only to the start: curl sends a request again on a fresh connection. */

static int
pm_forge_http_on_seek(void *arg, curl_off_t offset, int origin)
{
    pm_forge_call_t  *call;

    call = arg;

    if (offset != 0 || origin != SEEK_SET) {
        return CURL_SEEKFUNC_CANTSEEK;
    }

    call->sent = 0;

    return CURL_SEEKFUNC_OK;
}


/* The connection is there: what was spent on it is not the server's silence */

static int
pm_forge_http_on_connected(void *arg, char *remote, char *local,
    int remote_port, int local_port)
{
    pm_forge_call_t  *call;

    call = arg;
    call->last = pm_forge_clock();

    return CURL_PREREQFUNC_OK;
}


static int
pm_forge_http_options(pm_forge_call_t *call)
{
    int                         bad, tls;
    CURL                       *e;
    const pm_forge_settings_t  *settings;

    e = call->easy;
    settings = call->run->settings;
    tls = (strncmp(call->job.task->repository->forge->api, "https:", 6) == 0);

    bad = curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L)
        || curl_easy_setopt(e, CURLOPT_TCP_NODELAY, 1L)

        /* what waits for a name that nobody answers is left behind */
        || curl_easy_setopt(e, CURLOPT_QUICK_EXIT, 1L)
        || curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS,
                            (long) settings->idle_timeout)

        /* the token goes where the request goes: nowhere else */
        || curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L)
        || curl_easy_setopt(e, CURLOPT_NETRC, (long) CURL_NETRC_IGNORED)
        || curl_easy_setopt(e, CURLOPT_HTTP_VERSION,
                            (long) CURL_HTTP_VERSION_1_1)
        || curl_easy_setopt(e, CURLOPT_SSL_VERIFYPEER, 1L)
        || curl_easy_setopt(e, CURLOPT_SSL_VERIFYHOST, 2L)
        || curl_easy_setopt(e, CURLOPT_SSLVERSION,
                            (long) CURL_SSLVERSION_TLSv1_2)
        || curl_easy_setopt(e, CURLOPT_USERAGENT, PM_FORGE_AGENT)
        || curl_easy_setopt(e, CURLOPT_ERRORBUFFER, call->reason)
        || curl_easy_setopt(e, CURLOPT_PRIVATE, call)
        || curl_easy_setopt(e, CURLOPT_PREREQFUNCTION,
                            pm_forge_http_on_connected)
        || curl_easy_setopt(e, CURLOPT_PREREQDATA, call)
        || curl_easy_setopt(e, CURLOPT_HEADERFUNCTION,
                            pm_forge_http_on_header)
        || curl_easy_setopt(e, CURLOPT_HEADERDATA, call)
        || curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, pm_forge_http_on_data)
        || curl_easy_setopt(e, CURLOPT_WRITEDATA, call)
        || curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, tls ? "https" : "http");

    /* plain http is for this machine: a proxy would read the token */

    if (!tls) {
        bad = bad || curl_easy_setopt(e, CURLOPT_PROXY, "");
    }

    if (settings->ca_file != NULL) {
        bad = bad
            || curl_easy_setopt(e, CURLOPT_CAINFO, settings->ca_file)
            || curl_easy_setopt(e, CURLOPT_CAPATH, NULL);
    }

    return bad ? -1 : 0;
}


static int
pm_forge_http_header(pm_forge_call_t *call, const char *line)
{
    struct curl_slist  *list;

    list = curl_slist_append(call->headers, line);
    if (list == NULL) {
        return -1;
    }

    call->headers = list;

    return 0;
}


static int
pm_forge_http_headers(pm_forge_call_t *call)
{
    int           rc;
    char         *line, *next;
    pm_buffer_t   lines;

    memset(&lines, 0, sizeof(pm_buffer_t));

    /* room for all at once: what grows would leave copies behind */

    rc = pm_buffer_reserve(&lines, 16384) ? 0 : -1;

    rc = rc || call->job.task->repository->forge->provider->authorize(
                                                   call->job.task, &lines)
         || pm_buffer_string(&lines) == NULL;

    for (line = rc ? NULL : lines.data; line != NULL; line = next) {
        next = strchr(line, '\n');

        if (next != NULL) {
            *next++ = '\0';
        }

        rc = rc || pm_forge_http_header(call, line);
    }

    if (lines.data != NULL) {
        explicit_bzero(lines.data, lines.len);
    }

    pm_buffer_free(&lines);

    return rc ? -1 : 0;
}


static int
pm_forge_http_body(pm_forge_call_t *call)
{
    int    bad;
    CURL  *e;

    e = call->easy;

    if (call->request.body == NULL) {
        return curl_easy_setopt(e, CURLOPT_HTTPGET, 1L) ? -1 : 0;
    }

    call->payload = json_dumps(call->request.body, JSON_COMPACT);
    if (call->payload == NULL) {
        return -1;
    }

    call->payload_len = strlen(call->payload);
    call->sent = 0;

    bad = pm_forge_http_header(call, "Content-Type: application/json") != 0
        || pm_forge_http_header(call, "Expect:") != 0
        || curl_easy_setopt(e, CURLOPT_POST, 1L)
        || curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE,
                            (curl_off_t) call->payload_len)
        || curl_easy_setopt(e, CURLOPT_CUSTOMREQUEST, call->request.method)
        || curl_easy_setopt(e, CURLOPT_READFUNCTION, pm_forge_http_on_read)
        || curl_easy_setopt(e, CURLOPT_READDATA, call);

    /* what opens one is never sent twice once its first byte has left */

    if (strcmp(call->request.method, "POST") != 0) {
        bad = bad
            || curl_easy_setopt(e, CURLOPT_SEEKFUNCTION,
                                pm_forge_http_on_seek)
            || curl_easy_setopt(e, CURLOPT_SEEKDATA, call);
    }

    return bad ? -1 : 0;
}


int
pm_forge_http_start(pm_forge_call_t *call)
{
    const char   *api;
    pm_buffer_t   url;

    memset(&url, 0, sizeof(pm_buffer_t));

    if (call->easy == NULL) {
        call->easy = curl_easy_init();
    }

    if (call->easy == NULL || pm_buffer_string(&call->request.path) == NULL) {
        return -1;
    }

    curl_easy_reset(call->easy);

    api = call->job.task->repository->forge->api;

    pm_buffer_printf(&url, "%s%s", api, call->request.path.data);

    call->received.len = 0;
    call->head = 0;
    call->large = 0;
    call->reason[0] = '\0';
    call->last = pm_forge_clock();

    if (pm_buffer_string(&url) == NULL
        || pm_forge_http_options(call) != 0
        || pm_forge_http_headers(call) != 0
        || pm_forge_http_body(call) != 0
        || curl_easy_setopt(call->easy, CURLOPT_HTTPHEADER, call->headers)
        || curl_easy_setopt(call->easy, CURLOPT_URL, url.data)
        || curl_multi_add_handle(call->run->multi, call->easy) != CURLM_OK)
    {
        pm_buffer_free(&url);
        return -1;
    }

    pm_buffer_free(&url);
    call->running = 1;

    return 0;
}


static void
pm_forge_http_value(pm_forge_call_t *call, const char *name, char *value,
    size_t size)
{
    size_t              len;
    struct curl_header  *header;

    value[0] = '\0';

    if (curl_easy_header(call->easy, name, 0, CURLH_HEADER, -1, &header)
        != CURLHE_OK)
    {
        return;
    }

    len = strlen(header->value);

    if (len < size) {
        memcpy(value, header->value, len + 1);
    }
}


void
pm_forge_http_answer(pm_forge_call_t *call, pm_forge_answer_t *answer)
{
    memset(answer, 0, sizeof(pm_forge_answer_t));

    (void) curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE,
                             &answer->status);

    pm_forge_http_value(call, "Retry-After", answer->retry_after,
                        sizeof(answer->retry_after));

    pm_forge_http_value(call, "X-RateLimit-Reset", answer->limit_reset,
                        sizeof(answer->limit_reset));
    pm_forge_http_value(call, "X-RateLimit-Remaining",
                        answer->limit_remaining,
                        sizeof(answer->limit_remaining));

    if (answer->limit_reset[0] == '\0') {
        pm_forge_http_value(call, "RateLimit-Reset", answer->limit_reset,
                            sizeof(answer->limit_reset));
        pm_forge_http_value(call, "RateLimit-Remaining",
                            answer->limit_remaining,
                            sizeof(answer->limit_remaining));
    }

    if (call->received.len > 0) {
        answer->json = json_loadb(call->received.data, call->received.len, 0,
                                  NULL);
    }
}


void
pm_forge_http_stop(pm_forge_call_t *call)
{
    struct curl_slist  *line;

    if (call->running) {

        /* closes the connection if the answer was not read to its end */

        (void) curl_multi_remove_handle(call->run->multi, call->easy);
        call->running = 0;
    }

    for (line = call->headers; line != NULL; line = line->next) {
        explicit_bzero(line->data, strlen(line->data));
    }

    curl_slist_free_all(call->headers);
    call->headers = NULL;

    free(call->payload);
    call->payload = NULL;

    pm_buffer_free(&call->request.path);
    json_decref(call->request.body);
    call->request.body = NULL;
}
