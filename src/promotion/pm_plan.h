/*
 * pm_plan.h: what one promotion changes: for each of its parts, what the
 * source selects, compared with what the destination has now.
 *
 * Inside the promotion room only.
 */

#ifndef PM_PLAN_H
#define PM_PLAN_H


#include "promotion/pm_digest.h"
#include "promotion/pm_selection.h"


typedef struct {
    pm_git_change_t         *changes;    /* by the bytes of their paths, none
                                            twice; from the tree's root */
    pm_selection_file_t     *files;      /* the same, with their values */
    size_t                   nchanges;   /* of both; 0: nothing to promote */
    pm_selection_skipped_t  *skipped;
    size_t                   nskipped;
    const pm_definition_plan_t  *api;    /* NULL: an application */
    char                     digest[PM_DIGEST_SIZE];
} pm_plan_t;


/*
 * Plans promotion on tree, a tree of the mirror that objects belong to.
 * sources: one for each part.  explain 1: lists everything that is skipped,
 * which takes reading files that do not differ; it changes nothing else.
 * Blobs that the mirror lacks are put into objects.  All is the arena's.
 *
 * PM_NOT_FOUND: the source has no such folder; PM_UNPROCESSABLE: two parts
 * write different things to one path, or what a file should become cannot be
 * made (says file, line and column); PM_UNAVAILABLE: an object could not be
 * read (the mirror is then broken), memory.
 */
int pm_plan(const pm_promotion_t *promotion, const pm_source_t *sources,
    pm_git_objects_t *objects, pm_git_mirror_t *mirror, const pm_oid_t *tree,
    int explain, pm_arena_t *arena, pm_plan_t *plan, pm_error_t *err);

/*
 * The tree that root becomes by a plan, into objects.  PM_UNPROCESSABLE, of a
 * revert PM_CONFLICT: it cannot be written: a path that no repository should
 * have, a file that would be a folder, too.
 */
int pm_plan_tree(const pm_promotion_t *promotion, const pm_plan_t *plan,
    pm_git_objects_t *objects, const pm_oid_t *root, pm_oid_t *tree,
    pm_error_t *err);


/*
 * pm_plan() for an API definition (promotion->api, with its file): one file,
 * made as review-api.md, 4 says.  sources has one.  conflicts 1: what stands
 * in the way is shown by plan->api and is no failure, nor is what may not be
 * done.
 *
 * Besides: PM_INVALID with the name of its refusal (path.invalid, …);
 * PM_FORBIDDEN: it would be created, or updated, and that is not allowed.
 */
int pm_plan_api(const pm_promotion_t *promotion, const pm_source_t *sources,
    pm_git_objects_t *objects, pm_git_mirror_t *mirror, const pm_oid_t *tree,
    int explain, int conflicts, pm_arena_t *arena, pm_plan_t *plan,
    pm_error_t *err);

/*
 * What it changes as a JSON Patch (RFC 6902), the arena's; for the audit: NULL
 * if it takes more than limit bytes (*size: at least how many), or cannot be
 * made.
 */
const char *pm_plan_api_patch(const pm_definition_plan_t *api,
    pm_arena_t *arena, size_t limit, size_t *size);


#endif /* PM_PLAN_H */
