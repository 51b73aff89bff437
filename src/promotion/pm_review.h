/*
 * pm_review.h: a promotion that somebody of the target environment accepts or
 * rejects (review-api.md): what asks for it, what decides it, and what
 * accepting would do.
 *
 *     request ─► target ─► application, or api ─► look: pinned ─► (decision)
 *
 * Names of faults (pm_error_t) are the technical codes of review-api.md,
 * section 2.
 */

#ifndef PM_REVIEW_H
#define PM_REVIEW_H


#include "promotion/pm_batch.h"
#include "promotion/pm_promotion.h"


#define PM_REVIEW_COMMENT     4096   /* characters, of a reason too */
#define PM_REVIEW_CONFLICTS   16     /* that are told */
#define PM_REVIEW_DEFINITION  (2 * 1024 * 1024)  /* bytes that are shown */


/* The body of _promote. */

typedef struct {
    const char           *target;        /* targetEnvCockpitId: an
                                            environment's id or name */
    const char           *comment;       /* or NULL */
    pm_application_id_t   destination;   /* destAppId; name NULL: none */
    unsigned              dry_run:1;
} pm_review_request_t;


/* The body of _process. */

typedef struct {
    unsigned     accept:1;
    unsigned     force:1;                /* whatever the target is by now */
    const char  *reason;                 /* or NULL */
    const char  *digest;                 /* of the diff that was looked at;
                                            NULL: of the request */
} pm_review_decision_t;


/*
 * Both read a body; what they return is the arena's.  0, PM_INVALID with
 * faults filled, or PM_UNAVAILABLE (out of memory).  A decision may be "true"
 * or "false" alone.
 */
int pm_review_request_parse(pm_arena_t *arena, const char *body, size_t len,
    int trailing_commas, pm_review_request_t *request,
    pm_request_faults_t *faults);
int pm_review_decision_parse(pm_arena_t *arena, const char *body, size_t len,
    int trailing_commas, pm_review_decision_t *decision,
    pm_request_faults_t *faults);


/*
 * The environment that source may ask to promote to, by its id or name.
 * PM_INVALID, named promotion.target.…: .sameEnvironment, .notFound,
 * .otherOrganization, .notAllowed (promotesTo).
 */
int pm_review_target(const pm_catalog_t *catalog,
    const pm_environment_t *source, const char *name,
    const pm_environment_t **target, pm_error_t *err);

/* 1 if promotesTo of the one leads to the other. */
int pm_review_leads(const pm_environment_t *source,
    const pm_environment_t *target);

/*
 * The promotion of an application of source into target: to the one that is
 * named, else to that of the same product.  id and author are left to the
 * caller.  PM_NOT_FOUND; PM_INVALID: several could be meant, or the one that
 * is named is of another environment; else as pm_promotion_resolve().
 */
int pm_review_application(pm_arena_t *arena, const pm_catalog_t *catalog,
    const pm_environment_t *source, const pm_environment_t *target,
    const char *namespace, const char *name,
    const pm_review_request_t *request, pm_promotion_t *promotion,
    pm_error_t *err);

/*
 * The promotion of an API definition, by its id; whether there is one is seen
 * when it is looked at.  PM_INVALID, promotion.target.noApis or api.notFound
 * (PM_NOT_FOUND): an environment has no apis.
 */
int pm_review_api(pm_arena_t *arena, const pm_environment_t *source,
    const pm_environment_t *target, const char *id,
    pm_promotion_t *promotion, pm_error_t *err);

/* Where an environment keeps its API definitions (it has them). */
int pm_review_location(pm_arena_t *arena, const pm_environment_t *environment,
    pm_location_t *location, pm_error_t *err);


/* What accepting would do. */

typedef struct {
    char          digest[65];    /* of the changes; pm_digest.h */
    const char   *revision;      /* 40 hex: what is promoted */
    unsigned      moved:1;       /* the source has changed since */
    unsigned      update:1;      /* 0: would create it */
    const char   *target_api;    /* id; NULL: an application */
    const char   *api_name;      /* NULL: an application */
    pm_string_t   definition;    /* JSON text; empty: an application, or
                                    larger than PM_REVIEW_DEFINITION */
    const char  **conflicts;     /* in words: what stands in the way */
    size_t        nconflicts;
    const char  **notes;         /* in words: what a reviewer should know */
    size_t        nnotes;
} pm_review_look_t;

/*
 * Reads source and target as they are now.  pin 1: what the source has is
 * what will be promoted: the parts (and the API's file) are written into the
 * promotion; 0: they are pinned already.  All is the arena's.  Blocks; every
 * wait has a deadline.
 *
 * 0, also where conflicts stand in the way; PM_NO_CHANGES; else as a commit's
 * result.
 */
int pm_review_look(const pm_batch_settings_t *settings,
    pm_promotion_t *promotion, int pin, pm_arena_t *arena,
    pm_review_look_t *look, pm_error_t *err);


/*
 * The definitions of an environment's folder: the JSON answer
 * {"data":[{"id","crossId","name","version","definition","paths","file",
 * "fault"}],"page":{…}}, the arena's; page from 1.  Blocks.
 */
int pm_review_list(const pm_batch_settings_t *settings,
    const pm_location_t *location, pm_definition_cache_t *cache, size_t page,
    size_t size, pm_arena_t *arena, pm_string_t *json, pm_error_t *err);


#endif /* PM_REVIEW_H */
