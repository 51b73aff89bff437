/*
 * pm_forge.h: pull requests on six providers, one file a provider behind one
 * table.
 *
 * A caller checks the lines of promotions_forge when the configuration is
 * read (pm_forge_host_set), finds the repository of a catalog's URL
 * (pm_forge_locate) and lets a thread run the tasks of a whole batch
 * (pm_forge_run).  Webhooks: pm_forge_webhook.h.
 *
 * Nothing is kept between calls, nothing is logged, no wall clock is read.
 * libcurl must have been initialised (pm_git_create does it).
 */

#ifndef PM_FORGE_H
#define PM_FORGE_H


#include "base/pm_arena.h"
#include "base/pm_error.h"

#include <stddef.h>
#include <stdint.h>


/* A row of the table: github, gitlab, gitea (Forgejo too), bitbucket (Cloud),
 * bitbucket_server (Data Center), azure (DevOps). */

typedef struct pm_forge_provider_s  pm_forge_provider_t;


/*
 * A host of repositories and the API that is asked for its pull requests.
 * Constant once made; may be shared by threads.
 */

typedef struct {
    const pm_forge_provider_t  *provider;
    const char                 *host;    /* as in a repository's URL, lower-
                                            case, ":port" if it has one */
    const char                 *api;     /* base of the API with its version,
                                            without a "/" at the end:
                                            https://git.example.com/api/v1 */
} pm_forge_host_t;


/* The row of that name, or NULL. */
const pm_forge_provider_t *pm_forge_provider(const char *name);
const char *pm_forge_provider_name(const pm_forge_provider_t *provider);

/* "github, gitlab, …": all names, for a message. */
const char *pm_forge_provider_names(void);

/*
 * One promotions_forge HOST TYPE [api=URL].  host: "git.example.com", or with
 * a port where repositories' URLs have one ("git.example.com:7999", an ssh
 * port, needs api).  api: the base of the API with its version, or NULL: what
 * the provider documents for a server at that host:
 *
 *     github            https://HOST/api/v3       (github.com: its own)
 *     gitlab            https://HOST/api/v4
 *     gitea             https://HOST/api/v1
 *     bitbucket         must be given             (bitbucket.org: its own)
 *     bitbucket_server  https://HOST/rest/api/1.0
 *     azure             https://HOST              (collections are in the
 *                                                  repositories' paths)
 *
 * 0, or PM_INVALID with a message to put behind the directive's name: an
 * unknown type, a malformed host, an API URL that is not https (http to a
 * loopback address only), has user info, a query, "?", "#", "..".  All
 * strings are the arena's.
 */
int pm_forge_host_set(pm_arena_t *arena, const char *host, const char *type,
    const char *api, pm_forge_host_t *forge, pm_error_t *err);


/*
 * A repository's URL in its parts: pm_git_url_t's scheme, host, port and
 * path.  No user info ever comes here.
 */

typedef struct {
    const char  *scheme;     /* "https", "http", "ssh"; others have no forge */
    const char  *host;       /* lower-case, without the port */
    unsigned     port;       /* 0: the scheme's default */
    const char  *path;       /* http(s): percent-encoded; ssh: decoded */
} pm_forge_url_t;


/* A repository on its provider.  All strings are the arena's. */

typedef struct {
    const pm_forge_host_t  *forge;     /* the caller's, or a constant */
    const char             *owner;     /* decoded: owner, group/sub-group,
                                          workspace, project's key, Azure's
                                          organization */
    const char             *project;   /* Azure's project, else NULL */
    const char             *name;      /* decoded, without ".git" */

    /* identity: one repository has one key, however its URL is spelled, and
     * webhooks find it by that: lower-case API and path */
    const char             *key;

    /* https URL whose credentials are the repository's: for a repository
     * that is reached by ssh, what promotions_credentials is asked for;
     * for others their own URL */
    const char             *login;
} pm_forge_repository_t;


/*
 * hosts: n configured ones; they win over the known github.com, gitlab.com,
 * bitbucket.org, codeberg.org and dev.azure.com (with ssh.dev.azure.com and
 * *.visualstudio.com, and the ssh-over-443 names of github, gitlab and
 * bitbucket).
 *
 * 0; PM_NOT_FOUND: no provider is known for that host, with a message that
 * says to use promotions_forge; PM_INVALID: the path is no repository there.
 */
int pm_forge_locate(pm_arena_t *arena, const pm_forge_host_t *hosts, size_t n,
    const pm_forge_url_t *url, pm_forge_repository_t *repository,
    pm_error_t *err);


/*
 * APIs that have asked a token to wait, and until when: for all runs of a
 * process, in any thread.  Of the token a digest is kept; of more than 64 of
 * them those that are over first are forgotten.
 *
 * 0, or PM_UNAVAILABLE: memory.  Destroyed when no run uses it any more.
 */
typedef struct pm_forge_limits_s  pm_forge_limits_t;

int pm_forge_limits_create(pm_forge_limits_t **limits, pm_error_t *err);
void pm_forge_limits_destroy(pm_forge_limits_t *limits);


/* How the network is used.  Constant during a run. */

typedef struct {
    const char         *ca_file;       /* NULL: the system's; verification
                                          cannot be switched off */
    unsigned            timeout;       /* ms, a run as a whole */
    unsigned            idle_timeout;  /* ms, one request without a byte */
    unsigned            connections;   /* at once, 0: 8 */
    int64_t             now;           /* seconds since 1970 at the start of
                                          the run: dates in answers are
                                          compared with it */
    pm_forge_limits_t  *limits;        /* NULL: kept for the run only */
} pm_forge_settings_t;


typedef enum {
    PM_FORGE_PUBLISH,           /* find, then update or open */
    PM_FORGE_LOOK               /* state of the one with that number */
} pm_forge_action_t;


/* One thing to do; all memory is the caller's and stays until the run ends. */

typedef struct {
    pm_forge_action_t             action;
    const pm_forge_repository_t  *repository;

    /* the line of promotions_credentials that matches the repository; NULL:
     * none, which fails at once.  The token goes to the forge's API and
     * nowhere else.  user is used where the provider has Basic only. */
    const char                   *user;
    const char                   *token;

    int64_t                       number;    /* LOOK */

    /* PUBLISH */
    const char                   *head;      /* branch, without refs/heads/ */
    const char                   *base;
    const char                   *commit;    /* 40 hex: the head branch's tip,
                                                already pushed */
    const char                   *title;
    const char                   *body;      /* Markdown; NULL or "": none */
    const char *const            *labels;
    size_t                        nlabels;
    const char *const            *reviewers; /* user names */
    size_t                        nreviewers;
    unsigned                      draft:1;

    /* not the first try: what an earlier one made may by now be merged, and
     * where another commit is on the head branch, its pull request keeps its
     * title and body */
    unsigned                      again:1;
} pm_forge_task_t;


typedef enum {
    PM_FORGE_UNSTATED = 0,
    PM_FORGE_OPEN,
    PM_FORGE_MERGED,
    PM_FORGE_CLOSED
} pm_forge_state_t;


/* "OPEN", "MERGED", "CLOSED", or "". */
const char *pm_forge_state_name(pm_forge_state_t state);


typedef enum {
    PM_FORGE_DONE,              /* number, url, state are there */
    PM_FORGE_LATER,             /* the provider's bad day, or nobody knows
                                   whether it was made: try again (with
                                   again:1) not before "after" seconds */
    PM_FORGE_FAILED             /* final: error says why */
} pm_forge_outcome_t;


#define PM_FORGE_NOTES  6


typedef struct {
    pm_forge_outcome_t   outcome;
    pm_forge_state_t     state;
    int64_t              number;        /* 0: unknown; LATER may know it */
    const char          *url;           /* for people; https or http, else
                                           NULL.  The arena's, as all here */
    const char          *head_commit;   /* hex, as the provider says; NULL:
                                           it does not */
    const char          *merge_commit;  /* hex, when MERGED and told */
    int64_t              changed;       /* when it last was, by the provider's
                                           clock: seconds since 1970; 0: it
                                           does not say */
    unsigned             opened:1;      /* this run made it */
    unsigned             updated:1;     /* this run wrote title and body */

    /* for the record: "labels are ignored by gitea" */
    const char          *notes[PM_FORGE_NOTES];
    size_t               nnotes;

    unsigned             after;         /* LATER: seconds; 0: not said.  At
                                           most an hour */
    pm_error_t           error;         /* LATER and FAILED */
} pm_forge_result_t;


/*
 * Does n tasks, several at once over one pool of connections, until each has
 * its result or the time is over.  Blocks.
 *
 * PUBLISH never makes a second one: it finds before it opens, understands the
 * provider's duplicate error (and finds again), and an open whose answer did
 * not come is LATER: the next try finds first.  An open one of that head and
 * base gets the new title and body (labels and reviewers are added, nothing
 * is taken away).
 *
 * FAILED: no credentials, permission, archived, not found, validation,
 * nothing between head and base.  LATER: 429 and a provider's spelling of it,
 * 5xx, timeout, a connection that broke, a cut or unreadable answer.  Codes:
 * PM_FORBIDDEN is never used (that is the client's key); a provider that
 * refuses is PM_REMOTE, nothing between is PM_NO_CHANGES, a silent one
 * PM_TIMEOUT.  Messages carry the provider's own words, never a token.
 */
void pm_forge_run(pm_arena_t *arena, const pm_forge_settings_t *settings,
    const pm_forge_task_t *tasks, pm_forge_result_t *results, size_t n);


#endif /* PM_FORGE_H */
