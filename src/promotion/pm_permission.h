/*
 * pm_permission.h: whether the environments' promotesTo and the policies let a
 * promotion happen, whoever asks for it (interface.md, 4).
 */

#ifndef PM_PERMISSION_H
#define PM_PERMISSION_H


#include "promotion/pm_promotion.h"


/*
 * action: "commit" or "pr" (a policy that says commit lets a pull request
 * through as well: it is a commit that somebody looks at first).  0, or
 * PM_FORBIDDEN with what stands in the way.
 */
int pm_permission(const pm_catalog_t *catalog,
    const pm_promotion_t *promotion, const char *action, pm_error_t *err);

/*
 * What the policies have a product's promotion into an environment be:
 * "commit" (also where they say nothing), "pr" or "none".
 */
const char *pm_permission_action(const pm_catalog_t *catalog,
    const char *product, const pm_environment_t *environment);


#endif /* PM_PERMISSION_H */
