/*
 * pm_git_remote.h: one repository on its server, as a job talks to it.
 *
 * A remote takes a connection from the process's pool (http: a curl handle
 * that keeps connections and TLS sessions; ssh and local: a child process a
 * service) and gives it back at close.  Each operation ends within the
 * settings' timeouts.  One thread at a time.
 *
 * Sources: gitprotocol-pack(5), gitprotocol-http(5), gitprotocol-
 * capabilities(5).
 */

#ifndef PM_GIT_REMOTE_H
#define PM_GIT_REMOTE_H


#include "git/pm_git.h"


typedef struct pm_git_remote_s  pm_git_remote_t;


typedef enum {
    PM_GIT_UPLOAD_PACK,          /* reading */
    PM_GIT_RECEIVE_PACK          /* pushing */
} pm_git_service_t;


typedef struct {
    const char  *name;           /* refs/heads/main */
    pm_oid_t     id;
    pm_oid_t     peeled;         /* what an annotated tag names; else zeros
                                    (upload-pack only) */
} pm_git_ref_t;


/* What a service says first. */

typedef struct {
    pm_git_service_t   service;  /* whose */
    pm_git_ref_t      *refs;     /* sorted by name */
    size_t             nrefs;
    const char        *head;     /* the branch that HEAD names, or NULL:
                                    refs/heads/…; upload-pack only */
    unsigned           report_status:1;
    unsigned           side_band_64k:1;
    unsigned           atomic:1;
    unsigned           ofs_delta:1;
    unsigned           no_thin:1;
    unsigned           quiet:1;
    const char        *capabilities;    /* all, as the server wrote them */
} pm_git_advertisement_t;


/* One ref to change: old zeros creates, otherwise old must be its value. */

typedef struct {
    const char  *ref;
    pm_oid_t     old;
    pm_oid_t     new;

    /* the answer */
    unsigned     ok:1;
    const char  *reason;         /* why not, the server's word; or NULL */
} pm_git_command_t;


typedef struct {
    unsigned     pack_sent:1;    /* a byte of the pack has left: from here
                                    on a failure is unclear */
    unsigned     reported:1;     /* the whole report was read (or the server
                                    refused the request as a whole, HTTP 4xx):
                                    what it says of each command is final */
    unsigned     too_large:1;    /* it was refused because of the pack's size
                                    (HTTP 413): a smaller one may be taken */
    const char  *unpack;         /* "ok", or the server's word */
    const char  *messages;       /* its "remote:" lines, bounded, one line
                                    joined by "; "; or NULL */
} pm_git_report_t;


/*
 * A connection is made by the first operation, not here.  PM_FORBIDDEN never:
 * a local remote that the settings do not allow is PM_INVALID.
 */
int pm_git_remote_open(pm_git_t *git, const pm_git_url_t *url,
    pm_git_remote_t **remote, pm_error_t *err);

void pm_git_remote_close(pm_git_remote_t *remote);

/*
 * Asks the service for its refs and capabilities.  An object-format other
 * than sha1 is PM_UNPROCESSABLE; refused, unreachable: PM_REMOTE (which host,
 * and why); silent: PM_TIMEOUT.  Bounded: 200,000 refs, 64 MiB.
 *
 * After PM_GIT_RECEIVE_PACK the same connection takes the push (http: the
 * kept-alive one; ssh and local: the same process).
 */
int pm_git_remote_advertisement(pm_git_remote_t *remote,
    pm_git_service_t service, pm_arena_t *arena,
    pm_git_advertisement_t **advertisement, pm_error_t *err);

/* The ref of that name, or NULL. */
const pm_git_ref_t *pm_git_advertisement_ref(
    const pm_git_advertisement_t *advertisement, const char *name);

/*
 * Pushes pack so that each command's ref becomes its new value, atomically
 * when there are several and the server can.  The advertisement must be of
 * this remote's receive-pack.
 *
 * 0: every ref was reported "ok".  Otherwise PM_REMOTE or PM_TIMEOUT, with
 * the server's words in err ("remote rejected refs/heads/main: pre-receive
 * hook declined: no pushes on Sundays"); report says how far it came, each
 * command what became of it.  Nothing is retried here.
 */
int pm_git_push(pm_git_remote_t *remote,
    const pm_git_advertisement_t *advertisement, pm_git_command_t *commands,
    size_t ncommands, const pm_buffer_t *pack, pm_arena_t *arena,
    pm_git_report_t *report, pm_error_t *err);


#endif /* PM_GIT_REMOTE_H */
