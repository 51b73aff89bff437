/*
 * pm_git_credentials.h: which secret goes to which remote.
 *
 * One URL a line in git's credential-store format, user and token percent-
 * encoded (git-credential-store(1)): https://user:token@host[:port][/path].
 * Blank lines and lines that begin with "#" are skipped.  The line whose
 * scheme, host, port and path (on whole segments) match the remote is used,
 * the longest path wins, and it is used for nothing else.
 */

#ifndef PM_GIT_CREDENTIALS_H
#define PM_GIT_CREDENTIALS_H


#include "base/pm_arena.h"
#include "base/pm_error.h"
#include "git/pm_git_url.h"


typedef struct pm_git_credentials_s  pm_git_credentials_t;


typedef struct {
    const char  *user;
    const char  *password;
} pm_git_login_t;


/*
 * Reads file, which must be a regular file that only its owner can read or
 * write (mode 0600 or stricter).  http is allowed to loopback hosts only.
 * 0, or PM_INVALID with file:line:column; a secret is never part of it.
 */
int pm_git_credentials_read(pm_arena_t *arena, const char *file,
    pm_git_credentials_t **credentials, pm_error_t *err);

/* The login for url, or NULL: none. */
const pm_git_login_t *pm_git_credentials_match(
    const pm_git_credentials_t *credentials, const pm_git_url_t *url);


#endif /* PM_GIT_CREDENTIALS_H */
