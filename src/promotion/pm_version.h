/*
 * pm_version.h: the version of an application: the value of its template's
 * versionSource in its own repository and path (selection.md, 3).  Inside the
 * promotion room only.
 */

#ifndef PM_VERSION_H
#define PM_VERSION_H


#include "promotion/pm_source.h"


/*
 * The version of the application that is promoted from (sources: one a part),
 * or of the one that is promoted into, in tree of mirror.  The arena's.  NULL:
 * the template names no versionSource, there is no such file, it cannot be
 * read or has more than 1 MiB, or the value is no scalar or longer than
 * PM_PROMOTION_VERSION.  No
 * promotion fails by it.
 */
const char *pm_version_source(const pm_promotion_t *promotion,
    const pm_source_t *sources, pm_arena_t *arena);

const char *pm_version_destination(const pm_promotion_t *promotion,
    pm_git_mirror_t *mirror, const pm_oid_t *tree, pm_arena_t *arena);

/* Into a result: "" where it is NULL. */
void pm_version_copy(char to[PM_PROMOTION_VERSION + 1], const char *version);


#endif /* PM_VERSION_H */
