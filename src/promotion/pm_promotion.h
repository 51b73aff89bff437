/*
 * pm_promotion.h: one promotion: what was asked for, resolved, and what
 * became of it.
 *
 * The resolved input is all that a leader needs besides its own settings:
 * it is what the record holds.
 */

#ifndef PM_PROMOTION_H
#define PM_PROMOTION_H


#include "catalog/pm_catalog.h"
#include "definition/pm_definition.h"
#include "git/pm_git.h"
#include "promotion/pm_request.h"


/* What one promotion may consist of; more is 422. */
#define PM_PROMOTION_PARTS    64
#define PM_PROMOTION_FILES    256        /* value files of a part */

#define PM_PROMOTION_VERSION  256        /* bytes of an application's version;
                                            a longer value is none */


/* A folder of a branch of a repository. */

typedef struct {
    pm_git_url_t  url;
    const char   *branch;        /* or another revision (sources only);
                                    NULL: the remote's default branch */
    unsigned      is_branch:1;   /* it was written as refs/heads/…: no tag,
                                    commit or range will do in its place */
    const char   *path;          /* "": the root */
    const char   *commit;        /* of a source that was reviewed: 40 hex, the
                                    commit of branch that is promoted; NULL:
                                    its head, or source_commit */
    const char  **value_files;   /* outside of path, that a template may name:
                                    from the repository's root */
    size_t        nvalue_files;
} pm_location_t;


/*
 * An API definition of a folder: what is promoted in place of files, by the
 * one part that the promotion has (review-api.md, 4).
 */

typedef struct {
    const char             *id;          /* in the source */
    const char             *file;        /* in the source's folder; NULL: is
                                            looked up by id */
    const char             *last;        /* id that it was promoted to before;
                                            NULL: never */
    unsigned                may_create:1;
    unsigned                may_update:1;
    unsigned                allow_v4:1;

    /* not part of the record: whoever plans sets it */
    pm_definition_cache_t  *cache;
} pm_promotion_api_t;


/* A value file that lies in another source than its chart, on both sides.  One
 * that is the same file for both is there to be known by its name, and stays
 * as it is. */

typedef struct {
    const char  *from_name;      /* "$ref/…", as in helm.valueFiles */
    const char  *from;           /* from its repository's root */
    const char  *to_name;
    const char  *to;
} pm_part_file_t;


/*
 * An application has one part for each of its promotable sources, and one for
 * each place of value files in other sources.
 */

typedef struct {
    pm_location_t    source;
    pm_location_t    destination;
    pm_part_file_t  *files;      /* in place of the folder, */
    size_t           nfiles;     /* if there are any: paths are then "" */
    unsigned         plain:1;    /* a template means them also by names without
                                    "$ref/": no folder is promoted */
} pm_part_t;


typedef enum {
    PM_PROMOTION_COMMIT = 0,             /* on the destination's branch */
    PM_PROMOTION_PULL_REQUEST            /* on a head branch, and a pull
                                            request into the destination's */
} pm_promotion_kind_t;


/* What a pull request is asked to be. */

typedef struct {
    const char           *head;          /* as in the request: the base, or a
                                            name of the head branch */
    const char           *title;         /* one line */
    const char           *description;   /* Markdown; NULL: none */
    const char          **labels;
    size_t                nlabels;
    const char          **reviewers;     /* user names */
    size_t                nreviewers;
    unsigned              draft:1;
    unsigned              deployed:1;    /* the catalog has something that is
                                            deployed from branch head */
} pm_pull_request_t;


typedef struct {
    pm_promotion_kind_t   kind;
    const char           *id;            /* UUIDv7 */
    const char           *group;         /* of those that land or fail as
                                            one; NULL: by itself */
    pm_application_id_t   source;
    pm_application_id_t   destination;
    const char           *source_environment;       /* name, or NULL */
    const char           *destination_environment;
    const char           *destination_environment_id;
    const char           *destination_organization;
    const char           *product;       /* the destination's, or NULL */
    const char           *overridden;    /* what should have refused it, had
                                            an admin not said otherwise */
    pm_part_t            *parts;         /* one repository and branch as the
                                            destination of all */
    size_t                nparts;
    pm_promotion_api_t   *api;           /* NULL: an application's files */
    const pm_template_t  *template;      /* NULL: every file */
    const char           *message;       /* NULL: preview */
    const char           *description;
    const char           *source_commit;
    const char           *expected_digest;
    const char           *revert_commit; /* 40 hex (as short as a provider
                                            has them: 7): not a promotion,
                                            but what undoes this commit of
                                            one; or NULL */
    const char           *revert_digest; /* of all that this commit may have
                                            changed; NULL: it is ours */
    pm_pull_request_t    *pull;          /* of PM_PROMOTION_PULL_REQUEST */
    const char           *author_name;
    const char           *author_email;
    const char           *key_name;
    const char           *key_id;        /* NULL: of a record made before it
                                            was kept */
    const char           *requester_name;    /* who has asked for what the */
    const char           *requester_email;   /* author accepts; or NULL */
    const char           *reason;            /* and why; or NULL */
} pm_promotion_t;


/*
 * Finds the applications of a request in the catalog and fills one promotion
 * for each destination (promotions: room for request->ndestinations); id,
 * author and key are left to the caller.  All is the arena's or the
 * catalog's.
 *
 * PM_NOT_FOUND: "application <runtime>/<namespace>/<name> not found";
 * PM_INVALID: source and destination are the same application;
 * PM_CONFLICT: the destination's revision is no branch;
 * PM_UNPROCESSABLE: nothing promotable in it, a different number of sources,
 * a value file without a counterpart, or sources of one destination in several
 * repositories or branches.
 *
 * Where there are value files of other sources, what cannot be promoted does
 * not stand in their way: a folder or a file that is one and the same for both
 * applications, what the template leaves out by its name, and a destination
 * that is no branch are not parts, as long as any are left.
 */
int pm_promotion_resolve(pm_arena_t *arena, const pm_catalog_t *catalog,
    const pm_request_t *request, pm_promotion_t *promotions, pm_error_t *err);

/*
 * The same for two applications that are known; what the request names is not
 * looked at.  Also where it fails, the promotion names them.
 */
int pm_promotion_pair(pm_arena_t *arena, const pm_request_t *request,
    const pm_application_t *from, const pm_application_t *to,
    pm_promotion_t *promotion, pm_error_t *err);


/* "commit", "pullRequest" or "revert", as in records. */
const char *pm_promotion_kind(const pm_promotion_t *promotion);

/*
 * The lane of a promotion: the first 16 hex digits of SHA-256 over the
 * destination's canonical URL, a newline and its branch ("HEAD" where it is
 * NULL).  The pull requests of one repository have a lane of their own, with
 * what no branch can be called in the branch's place.  0, or -1 (out of
 * memory; lane is then empty).
 */
int pm_promotion_lane(const pm_promotion_t *promotion, char lane[17]);


#endif /* PM_PROMOTION_H */
