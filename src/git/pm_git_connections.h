/*
 * pm_git_connections.h: curl handles that wait for a job, each with the
 * connections it has kept alive; TLS sessions are shared by all.
 *
 * A handle is an easy handle in a multi handle of its own: the multi handle
 * lets a job pull an answer and watch its deadlines, and owns the kept
 * connections.
 *
 * Inside the git room only.
 */

#ifndef PM_GIT_CONNECTIONS_H
#define PM_GIT_CONNECTIONS_H


#include "git/pm_git_transport.h"

#include <curl/curl.h>


struct pm_git_http_s {
    CURL               *easy;
    CURLM              *multi;
    char               *origin;       /* "https://host:port" it last served */
    pm_git_http_t      *next;         /* in the pool */

    /* the remote's, for each service: where the first GET ended up */

    pm_git_url_t        base[PM_GIT_SERVICES];
    const pm_git_login_t *login[PM_GIT_SERVICES];

    /* the request under way */

    struct curl_slist  *headers;
    const pm_string_t  *parts;        /* of the body, the caller's */
    size_t              nparts;
    size_t              part;         /* where the next byte comes from */
    size_t              offset;
    pm_git_service_t    service;
    uint64_t           *sent;         /* bytes given to curl */
    pm_buffer_t         answer;       /* received and not yet read */
    size_t              pos;
    size_t              head;         /* bytes of header lines */
    CURLcode            result;
    unsigned            running:1;
    unsigned            done:1;
    char                reason[CURL_ERROR_SIZE];
};


/* A handle that last served origin, or a new one.  NULL: out of memory. */
pm_git_http_t *pm_git_connections_take(pm_git_t *git, const char *origin);

/* Gives it back, without anything of the job. */
void pm_git_connections_give(pm_git_t *git, pm_git_http_t *http);


/* pm_git_http_request.c: one request at a time. */

/*
 * Starts a request, in place of the one under way: parts NULL is the GET of
 * the service's refs, otherwise the parts are POSTed to the service.  0, or
 * -1: out of memory.
 */
int pm_git_http_request(pm_git_remote_t *remote, pm_git_service_t service,
    const pm_string_t *parts, size_t nparts);

/*
 * Goes on until there is something to read in http->answer (from pos on), or
 * nothing more will come: 0.  Otherwise PM_REMOTE or PM_TIMEOUT.
 */
int pm_git_http_pump(pm_git_remote_t *remote, pm_git_http_t *http,
    pm_error_t *err);

/* Ends the request; the connection is kept if all of its answer was read. */
void pm_git_http_stop(pm_git_http_t *http);


/* pm_git_http_error.c: what went wrong, in words. */

/* The transfer failed: http->result. */
int pm_git_http_failed(const pm_git_remote_t *remote,
    const pm_git_http_t *http, pm_error_t *err);

/* An answer other than 200; words: what its text says, or NULL. */
int pm_git_http_status(const pm_git_remote_t *remote,
    const pm_git_http_t *http, long status, const char *words,
    pm_error_t *err);


#endif /* PM_GIT_CONNECTIONS_H */
