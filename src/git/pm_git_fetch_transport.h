/*
 * pm_git_fetch_transport.h: our transports as a git_smart_subtransport, which
 * libgit2's smart protocol fetches through.
 *
 * Inside the git room only.
 */

#ifndef PM_GIT_FETCH_TRANSPORT_H
#define PM_GIT_FETCH_TRANSPORT_H


#include "git/pm_git_transport.h"

#include <git2.h>
#include <git2/sys/transport.h>


/* A capability of git-upload-pack: a bit each (pm_git_fetch_offers()). */
#define PM_GIT_FETCH_MULTI_ACK           0x01
#define PM_GIT_FETCH_MULTI_ACK_DETAILED  0x02
#define PM_GIT_FETCH_ASKS                0x40    /* ask it, assume nothing */
#define PM_GIT_FETCH_HEARD               0x80    /* the server has said so */


/*
 * libgit2's smart protocol sees one subtransport with one stream, which is
 * all in here.  The refs have been read before, by our own bounded reader:
 * libgit2 is given those that are wanted.
 *
 * The talk about what both have costs a request of its own.  It is answered
 * here, as if the server had all that libgit2 has named: what the mirror
 * follows comes from there.  The server hears of it with "done", and tells
 * by a NAK if it knows nothing of that.
 */

typedef struct {
    git_smart_subtransport             parent;       /* first: it is cast */
    git_smart_subtransport_stream      stream;
    git_smart_subtransport_definition  definition;
    pm_git_remote_t                   *remote;
    unsigned                           offers;       /* PM_GIT_FETCH_… */
    pm_buffer_t                        own;          /* what libgit2 reads in
                                                        the server's place */
    size_t                             pos;
    pm_buffer_t                        request;      /* of one POST */
    pm_string_t                        part;         /* that is sent */
    size_t                             answers;      /* bytes of ACKs, NAKs */
    char                               line[7];      /* the start of one */
    size_t                             nline;
    size_t                             rest;         /* bytes that follow */
    unsigned                           listed:1;     /* past the listing */
    unsigned                           asked:1;      /* request was sent */
    unsigned                           done:1;       /* the pack comes next */
    unsigned                           packing:1;    /* it has begun */
    unsigned                           told:1;       /* refs heard before */
    unsigned                           assumes:1;    /* may answer itself */
    unsigned                           assumed:1;    /* has done so */
    unsigned                           refuted:1;    /* and wrongly */
    pm_error_t                         err;          /* ours; code 0: none */
} pm_git_fetch_t;


/* Of a server's capabilities, separated by spaces, those that a fetch makes
 * use of, and PM_GIT_FETCH_HEARD. */
unsigned pm_git_fetch_offers(const char *capabilities);

/* The listing, as the server would have sent it had it only the refs of these
 * "+ref:tracking" specs, into f->own.  0 or -1 (memory). */
int pm_git_fetch_listing(pm_git_fetch_t *f,
    const pm_git_advertisement_t *advertisement, char **specs, size_t nspecs);

/* git_remote_callbacks.transport; its payload is the pm_git_fetch_t. */
int pm_git_fetch_transport(git_transport **transport, git_remote *owner,
    void *fetch);

/* git_remote_callbacks.transfer_progress: unpacking counts against the
 * deadline too; a small pack can be made to take long. */
int pm_git_fetch_progress(const git_indexer_progress *stats, void *fetch);


#endif /* PM_GIT_FETCH_TRANSPORT_H */
