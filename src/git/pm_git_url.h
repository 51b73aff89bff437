/*
 * pm_git_url.h: the URL of a remote repository.
 *
 * Read: http://, https://, ssh://, git@host:path (scp form, see git-fetch(1),
 * "GIT URLS"), file:// and absolute paths.  User info is kept apart from
 * everything that may be shown.
 *
 * The canonical form names a repository's mirror and lane: scheme kept, host
 * lower-cased, the default port, user info and trailing "/" cut, ".git" kept,
 * the scp form written as ssh://.
 */

#ifndef PM_GIT_URL_H
#define PM_GIT_URL_H


#include "base/pm_arena.h"
#include "base/pm_error.h"


typedef enum {
    PM_GIT_HTTP,
    PM_GIT_HTTPS,
    PM_GIT_SSH,
    PM_GIT_LOCAL
} pm_git_scheme_t;


typedef struct {
    pm_git_scheme_t  scheme;
    unsigned         port;       /* 0: the scheme's default */
    const char      *user;       /* from the URL, NULL: none (ssh: "git") */
    const char      *host;       /* lower-case; NULL for local */
    const char      *path;       /* begins with "/" (ssh: or "~") */
    const char      *canonical;  /* the identity; no user, no secret */
} pm_git_url_t;


/*
 * 0, or PM_INVALID saying what is wrong with it (without user info).  Refused:
 * control characters, spaces, a host or a user that begins with "-", other
 * schemes, an empty path, "?" and "#".  A password in the URL is refused with
 * the hint to use promotions_credentials.  All strings are the arena's.
 */
int pm_git_url_parse(pm_arena_t *arena, const char *text, pm_git_url_t *url,
    pm_error_t *err);


#endif /* PM_GIT_URL_H */
