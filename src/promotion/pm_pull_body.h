/*
 * pm_pull_body.h: the text of a pull request: what was asked for, what changes
 * (values by name, files with their lines), from which revision to which, who
 * asked, and the promotion's id.
 *
 * Markdown that every provider shows.  Whatever comes from a client, a
 * manifest or a repository and is not the description stands in code spans:
 * it can neither leave its table cell nor mention, link or embed anything.
 */

#ifndef PM_PULL_BODY_H
#define PM_PULL_BODY_H


#include "promotion/pm_plan.h"


/* Bytes, so that each provider takes it (GitHub: 65,536 characters). */
#define PM_PULL_BODY_SIZE  60000


typedef struct {
    const pm_promotion_t  *promotion;
    const pm_plan_t       *plan;         /* with its values explained */
    pm_git_mirror_t       *mirror;       /* has the objects of both sides */
    const pm_oid_t        *source;       /* commits */
    const pm_oid_t        *destination;
    const char            *base;         /* the branch */
    size_t                 limit;        /* bytes */
} pm_pull_body_t;


/* The text, the arena's.  0, PM_UNAVAILABLE, or what reading a file gave. */
int pm_pull_body(pm_arena_t *arena, const pm_pull_body_t *body,
    const char **text, pm_error_t *err);


#endif /* PM_PULL_BODY_H */
