/*
 * pm_git_transport.h: how bytes travel to a remote's services and back.
 *
 * Two implementations: http (libcurl; each write is one POST) and pipe (a
 * child: ssh, or git's own command for a local repository).  Every call ends
 * within remote->deadline and within the settings' idle_timeout without a
 * byte: PM_TIMEOUT.  Errors name the host or the repository, never a secret.
 *
 * Inside the git room only.
 */

#ifndef PM_GIT_TRANSPORT_H
#define PM_GIT_TRANSPORT_H


#include "git/pm_git_internal.h"
#include "git/pm_git_pktline.h"
#include "git/pm_git_remote.h"


#define PM_GIT_AGENT     "promotions/0.1.0"
#define PM_GIT_SERVICES  2


typedef struct {

    /* 1: each write is a request of its own, which carries everything, and
     * what open gives begins with "# service=" (smart HTTP) */

    unsigned   stateless:1;

    /* Starts a service (again, where it runs): its advertisement is read
     * next. */
    int      (*open)(pm_git_remote_t *remote, pm_git_service_t service,
                     pm_error_t *err);

    /* Sends the parts, one after the other; they stay the caller's, who keeps
     * them until the answer has been read.  remote->sent counts what may have
     * left. */
    int      (*write)(pm_git_remote_t *remote, pm_git_service_t service,
                      const pm_string_t *parts, size_t nparts,
                      pm_error_t *err);

    /* Waits for at least one byte; n = 0: the end. */
    int      (*read)(pm_git_remote_t *remote, pm_git_service_t service,
                     char *data, size_t size, size_t *n, pm_error_t *err);

    /* Ends the service, in good order where the answer was read. */
    void     (*close)(pm_git_remote_t *remote, pm_git_service_t service);

    /* Gives back what the remote holds, when its services are closed. */
    void     (*finish)(pm_git_remote_t *remote);
} pm_git_transport_t;


typedef struct pm_git_http_s  pm_git_http_t;
typedef struct pm_git_pipe_s  pm_git_pipe_t;


struct pm_git_remote_s {
    pm_git_t                  *git;
    pm_arena_t                *arena;       /* its own */
    pm_git_url_t               url;
    const char                *name;        /* of the repository: messages */
    const char                *host;        /* host[:port], for messages */
    const pm_git_transport_t  *transport;
    pm_git_pktline_t          *lines;       /* of the answer being read */
    int64_t                    deadline;    /* pm_git_clock() */
    uint64_t                   sent;        /* since pm_git_remote_begin() */
    unsigned                   refused:1;   /* the request was answered, and
                                               was not carried out */
    unsigned                   too_large:1; /* because of its size */
    unsigned                   redirected:1; /* to another path */
    unsigned                   gone:1;      /* a request found nothing where
                                               it was sent to */
    unsigned                   unusable:1;  /* the last fetch failed, and not
                                               because of the connection */

    pm_git_http_t             *http;
    pm_git_pipe_t             *pipes[PM_GIT_SERVICES];
};


extern const pm_git_transport_t  pm_git_transport_http;
extern const pm_git_transport_t  pm_git_transport_pipe;


/* The command of a service, for ssh or of this machine, ended by NULL; the
 * remote's.  NULL: out of memory. */
char *const *pm_git_command_argv(pm_git_remote_t *remote,
    pm_git_service_t service);

/* A new operation: its deadline, nothing sent. */
void pm_git_remote_begin(pm_git_remote_t *remote);

/*
 * How long to wait, in ms, for the next byte when the last one came at
 * "last"; PM_TIMEOUT with err set if it has been long enough.
 */
int pm_git_remote_wait(const pm_git_remote_t *remote, int64_t last,
    int *wait, pm_error_t *err);

/* pm_git_pull_pt over a service's read. */

typedef struct {
    pm_git_remote_t   *remote;
    pm_git_service_t   service;
} pm_git_source_t;

int pm_git_remote_pull(void *source, char *buffer, size_t size, size_t *n,
    pm_error_t *err);

/* pm_git_remote_advertisement() within an operation that has begun. */
int pm_git_remote_discover(pm_git_remote_t *remote, pm_git_service_t service,
    pm_arena_t *arena, pm_git_advertisement_t **advertisement,
    pm_error_t *err);

/* Reads the rest of an answer, so that its connection can be used again. */
void pm_git_remote_drain(pm_git_remote_t *remote, pm_git_service_t service);


#endif /* PM_GIT_TRANSPORT_H */
