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


/*
 * libgit2's smart protocol sees one subtransport with one stream, which is
 * all in here.  The refs have been read before, by our own bounded reader:
 * libgit2 is given those that are wanted.
 */

typedef struct {
    git_smart_subtransport             parent;       /* first: it is cast */
    git_smart_subtransport_stream      stream;
    git_smart_subtransport_definition  definition;
    pm_git_remote_t                   *remote;
    pm_buffer_t                        listing;      /* the refs, as lines */
    size_t                             pos;
    pm_buffer_t                        request;      /* of one POST */
    size_t                             answers;      /* bytes before "done" */
    unsigned                           listed:1;     /* past the listing */
    unsigned                           asked:1;      /* request was sent */
    unsigned                           done:1;       /* the pack comes next */
    pm_error_t                         err;          /* ours; code 0: none */
} pm_git_fetch_t;


/* git_remote_callbacks.transport; its payload is the pm_git_fetch_t. */
int pm_git_fetch_transport(git_transport **transport, git_remote *owner,
    void *fetch);

/* git_remote_callbacks.transfer_progress: unpacking counts against the
 * deadline too; a small pack can be made to take long. */
int pm_git_fetch_progress(const git_indexer_progress *stats, void *fetch);


#endif /* PM_GIT_FETCH_TRANSPORT_H */
