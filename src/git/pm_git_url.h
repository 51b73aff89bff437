/*
 * pm_git_url.h: the URL of a remote repository.
 *
 * Read: http://, https://, ssh://, git@host:path (scp form, see git-fetch(1),
 * "GIT URLS"), file:// and absolute paths.  User info is kept apart from
 * everything that may be shown.
 *
 * The canonical form names a repository's mirror and lane: scheme kept, host
 * lower-cased, the default port, user info and trailing "/" cut, ".git" kept,
 * the scp form written as ssh://, a plain path as file://.
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
    unsigned         relative:1; /* ssh, scp form: the path without its
                                    first "/" is what the server is told */
    const char      *user;       /* from the URL, NULL: none (ssh: "git");
                                    never shown: it may be a token */
    const char      *host;       /* lower-case, an IPv6 address in brackets;
                                    NULL for local */
    const char      *path;       /* begins with "/" (ssh: or "~"); as written
                                    for http(s), percent-decoded for others */
    const char      *canonical;  /* the identity; no user, no secret */
} pm_git_url_t;


/*
 * 0, or PM_INVALID saying what is wrong with it (without user info).  Refused:
 * control characters, spaces, backslashes, a host or a user that begins with
 * "-", other schemes, an empty path, "?" and "#", path segments "." and ".."
 * in any spelling (they would reach what another path's secret is for).  A
 * password in the URL is refused with the hint to use promotions_credentials.
 * All strings are the arena's.
 */
int pm_git_url_parse(pm_arena_t *arena, const char *text, pm_git_url_t *url,
    pm_error_t *err);

/* The same for a prefix of URLs, whose path may be missing: "" then. */
int pm_git_url_parse_prefix(pm_arena_t *arena, const char *text,
    pm_git_url_t *url, pm_error_t *err);

/* 1 for localhost, 127.0.0.0/8 and [::1]; host as in pm_git_url_t. */
int pm_git_url_loopback(const char *host);


#endif /* PM_GIT_URL_H */
