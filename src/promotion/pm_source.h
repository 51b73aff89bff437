/*
 * pm_source.h: what the parts of one promotion are taken from.  Inside the
 * promotion room only.
 */

#ifndef PM_SOURCE_H
#define PM_SOURCE_H


#include "promotion/pm_repositories.h"


typedef struct {
    pm_git_mirror_t  *mirror;
    pm_oid_t          commit;
    pm_oid_t          tree;
} pm_source_t;


/*
 * The revisions of a promotion's sources, one a part, made known to
 * repositories.  All is the arena's.  PM_INTERNAL: its destination is not the
 * one of repositories (where several branches are written: not in the first
 * of them).  No I/O.
 */
int pm_source_revisions(pm_repositories_t *repositories,
    const pm_promotion_t *promotion, pm_arena_t *arena,
    pm_revision_t ***revisions, pm_error_t *err);

/*
 * What they give after a reading: their tips, or the commit that the
 * promotion asks for.  PM_INVALID: no such commit, it cannot be reached from
 * the source's revision, or there are several sources to look for it in;
 * PM_CONFLICT: one that was reviewed cannot be reached any more; otherwise
 * what is wrong with a source.
 */
int pm_source_read(const pm_promotion_t *promotion,
    pm_revision_t *const *revisions, pm_arena_t *arena, pm_source_t **sources,
    pm_error_t *err);


#endif /* PM_SOURCE_H */
