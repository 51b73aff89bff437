#include "forge/pm_forge_call.h"
#include "forge/pm_forge_text.h"

#include <stdlib.h>
#include <string.h>


#define PM_FORGE_AFTER_MAX  3600


pm_forge_fault_t
pm_forge_common_fault(long status)
{
    if (status >= 200 && status < 300 && status != 203) {
        return PM_FORGE_FINE;
    }

    switch (status) {

    case 404:
    case 410:
        return PM_FORGE_MISSING;

    case 408:
    case 425:
        return PM_FORGE_BAD_DAY;

    case 429:
        return PM_FORGE_LIMIT;

    default:
        return (status >= 500) ? PM_FORGE_BAD_DAY : PM_FORGE_REFUSED;
    }
}


static void
pm_forge_word(pm_buffer_t *words, const char *text)
{
    if (text == NULL || text[0] == '\0') {
        return;
    }

    if (words->len > 0) {
        pm_buffer_puts(words, ": ");
    }

    pm_buffer_puts(words, text);
}


/* A string; a list of them; or by field: {"base": ["is missing"]} */

static void
pm_forge_word_any(pm_buffer_t *words, json_t *json, unsigned depth)
{
    size_t       i;
    json_t      *value;
    const char  *key;

    if (json_is_string(json)) {
        pm_forge_word(words, json_string_value(json));
        return;
    }

    if (depth == 0) {
        return;
    }

    if (json_is_array(json)) {
        json_array_foreach(json, i, value) {
            pm_forge_word_any(words, value, depth - 1);
        }
    }

    if (json_is_object(json)) {
        json_object_foreach(json, key, value) {
            pm_forge_word(words, key);
            pm_forge_word_any(words, value, depth - 1);
        }
    }
}


/* One of "errors": a text, or an object with a message or a field's code */

static void
pm_forge_word_error(pm_buffer_t *words, json_t *error)
{
    if (json_is_string(error)) {
        pm_forge_word(words, json_string_value(error));
        return;
    }

    if (json_is_string(json_object_get(error, "message"))) {
        pm_forge_word(words, pm_forge_json_string(error, "message"));
        return;
    }

    pm_forge_word(words, pm_forge_json_string(error, "field"));
    pm_forge_word(words, pm_forge_json_string(error, "code"));
}


/*
 *     github            {"message", "errors": [{"message"} or {"field",
 *                        "code"}]}
 *     gitlab            {"message": text, list or by field} or {"error"}
 *     gitea             {"message"}
 *     bitbucket         {"error": {"message", "detail", "fields"}}
 *     bitbucket_server  {"errors": [{"message"}]}
 *     azure             {"message"}
 */

void
pm_forge_words(json_t *json, pm_buffer_t *words)
{
    size_t   i;
    json_t  *error, *errors;

    pm_forge_word_any(words, json_object_get(json, "message"), 2);

    error = json_object_get(json, "error");

    if (json_is_object(error)) {
        pm_forge_word_any(words, json_object_get(error, "message"), 0);
        pm_forge_word_any(words, json_object_get(error, "detail"), 0);
        pm_forge_word_any(words, json_object_get(error, "fields"), 2);

    } else {
        pm_forge_word_any(words, error, 0);
        pm_forge_word_any(words, json_object_get(json, "error_description"),
                          0);
    }

    errors = json_object_get(json, "errors");

    json_array_foreach(errors, i, error) {
        pm_forge_word_error(words, error);
    }
}


static int64_t
pm_forge_digits(const char *text)
{
    size_t  len;

    len = strspn(text, "0123456789");

    return (len > 0 && len <= 15 && text[len] == '\0') ? atoll(text) : -1;
}


/*
 * Retry-After is seconds or a date (RFC 9110, 10.2.3).  The reset of a limit
 * is a time; small numbers are seconds to it, as some proxies write it.
 */

unsigned
pm_forge_after(const pm_forge_answer_t *answer, int64_t now)
{
    int64_t  after;
    time_t   date;

    after = -1;

    if (answer->retry_after[0] != '\0') {
        after = pm_forge_digits(answer->retry_after);

        if (after < 0) {
            date = curl_getdate(answer->retry_after, NULL);
            after = (date > 0) ? (int64_t) date - now : -1;
            after = (date > 0 && after < 1) ? 1 : after;
        }
    }

    if (after < 0 && answer->limit_reset[0] != '\0'
        && strcmp(answer->limit_remaining, "0") == 0)
    {
        after = pm_forge_digits(answer->limit_reset);

        if (after > 100000000) {
            after -= now;
            after = (after < 1) ? 1 : after;
        }
    }

    if (after < 0) {
        return 0;
    }

    return (after > PM_FORGE_AFTER_MAX) ? PM_FORGE_AFTER_MAX
                                        : (unsigned) after;
}


static void
pm_forge_redact(char *text, const char *secret)
{
    char    *p;
    size_t   len;

    len = secret ? strlen(secret) : 0;

    if (len == 0) {
        return;
    }

    for (p = strstr(text, secret); p != NULL; p = strstr(p + len, secret)) {
        memset(p, '*', len);
    }
}


/* As "Basic" writes it; its padding tells nothing. */

static void
pm_forge_redact_basic(char *text, const char *user, const char *token)
{
    pm_buffer_t  login, basic;

    memset(&login, 0, sizeof(pm_buffer_t));
    memset(&basic, 0, sizeof(pm_buffer_t));

    pm_buffer_printf(&login, "%s:%s", user, token);

    if (!login.failed) {
        pm_forge_base64(&basic, login.data, login.len);
        explicit_bzero(login.data, login.len);
    }

    while (basic.len > 0 && basic.data[basic.len - 1] == '=') {
        basic.len--;
    }

    /* without memory nothing of it is shown */

    if (login.failed || pm_buffer_string(&basic) == NULL) {
        text[0] = '\0';

    } else {
        pm_forge_redact(text, basic.data);
        explicit_bzero(basic.data, basic.len);
    }

    pm_buffer_free(&login);
    pm_buffer_free(&basic);
}


void
pm_forge_redact_login(char *text, const pm_forge_task_t *task)
{
    if (task->token == NULL || task->token[0] == '\0') {
        return;
    }

    pm_forge_redact(text, task->token);
    pm_forge_redact_basic(text, "", task->token);
    pm_forge_redact_basic(text, task->user ? task->user : "", task->token);
}


static int
pm_forge_is_tls(CURLcode result)
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
        return 1;

    default:
        return 0;
    }
}


void
pm_forge_http_error(const pm_forge_call_t *call, CURLcode result,
    pm_error_t *err)
{
    char         text[128];
    long         number;
    size_t       len;
    const char  *api, *reason;

    api = strstr(call->job.task->repository->forge->api, "://") + 3;
    len = strcspn(api, "/");
    reason = call->reason[0] ? call->reason : curl_easy_strerror(result);

    if (call->large) {
        (void) pm_error_set(err, PM_REMOTE, "%.*s sent an answer that is too "
                            "large", (int) len, api);
        return;
    }

    if (pm_forge_is_tls(result)) {
        (void) pm_error_set(err, PM_REMOTE, "TLS with %.*s failed: %s",
                            (int) len, api, reason);
        return;
    }

    switch (result) {

    case CURLE_OPERATION_TIMEDOUT:
        (void) pm_error_set(err, PM_TIMEOUT, "cannot connect to %.*s: it did "
                            "not answer in time", (int) len, api);
        return;

    case CURLE_COULDNT_RESOLVE_HOST:
        (void) pm_error_set(err, PM_REMOTE, "cannot connect to %.*s: name "
                            "not found", (int) len, api);
        return;

    case CURLE_COULDNT_CONNECT:
        number = 0;
        (void) curl_easy_getinfo(call->easy, CURLINFO_OS_ERRNO, &number);

        if (number != 0) {
            reason = strerror_r((int) number, text, sizeof(text));
        }

        (void) pm_error_set(err, PM_REMOTE, "cannot connect to %.*s: %s",
                            (int) len, api, reason);
        return;

    default:
        (void) pm_error_set(err, PM_REMOTE, "the connection to %.*s broke: "
                            "%s", (int) len, api, reason);
    }
}
