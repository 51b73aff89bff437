/*
 * pm_git_advertisement.h: reading what a service says first
 * (gitprotocol-pack(5), "Reference Discovery"; version 0 and 1).
 *
 * Inside the git room only.
 */

#ifndef PM_GIT_ADVERTISEMENT_H
#define PM_GIT_ADVERTISEMENT_H


#include "git/pm_git_pktline.h"
#include "git/pm_git_remote.h"


#define PM_GIT_ADVERTISEMENT_REFS  200000
#define PM_GIT_ADVERTISEMENT_SIZE  (64 * 1024 * 1024)


/*
 * Reads up to the flush that ends it.  announced: smart HTTP's "# service="
 * line and a flush come first (gitprotocol-http(5)).  The result is the
 * arena's.  PM_UNPROCESSABLE: another object format; PM_REMOTE: malformed, or
 * the server's ERR line.
 */
int pm_git_advertisement_read(pm_git_pktline_t *lines,
    pm_git_service_t service, int announced, pm_arena_t *arena,
    pm_git_advertisement_t **advertisement, pm_error_t *err);

/* 1 if name begins with "refs/" and has only what git-check-ref-format(1)
 * allows: neither spaces nor control characters, so it is safe in a line. */
int pm_git_ref_valid(const char *name, size_t len);

/* "git-upload-pack" or "git-receive-pack". */
const char *pm_git_service_name(pm_git_service_t service);


#endif /* PM_GIT_ADVERTISEMENT_H */
