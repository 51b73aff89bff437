/*
 * pm_git_url_part.h: the parts of a URL, each checked and stored.
 *
 * Inside the git room only.
 */

#ifndef PM_GIT_URL_PART_H
#define PM_GIT_URL_PART_H


#include "git/pm_git_url.h"


/* One parse. */

typedef struct {
    pm_arena_t    *arena;
    const char    *shown;          /* the text without user info */
    int            prefix;         /* the path may be missing */
    pm_git_url_t  *url;
    pm_error_t    *err;            /* never NULL */
} pm_git_url_parser_t;


/* PM_INVALID: "repository URL "..." <reason>". */
int pm_git_url_invalid(pm_git_url_parser_t *parser, const char *reason);

/* [user@]host[:port]; port is the scheme's own. */
int pm_git_url_authority(pm_git_url_parser_t *parser, const char *text,
    size_t len, unsigned port);

int pm_git_url_user(pm_git_url_parser_t *parser, const char *text, size_t len);
int pm_git_url_host(pm_git_url_parser_t *parser, const char *text, size_t len);

/*
 * Sets path and canonical from what follows the authority.  encoded: % is an
 * escape in it; where it is not, the canonical form writes it as one.
 */
int pm_git_url_path(pm_git_url_parser_t *parser, const char *text,
    int encoded);

const char *pm_git_url_scheme_name(pm_git_scheme_t scheme);


#endif /* PM_GIT_URL_PART_H */
