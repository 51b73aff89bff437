/*
 * pm_pair.h: which applications of a product are one application in two
 * environments.
 *
 * Nothing is guessed from folders or repositories.  Two belong together if
 * they have the same role: the annotation promotions.nginx/application, or
 * without it the name, from which the name of its own environment is cut where
 * it stands between "-" or "." (orders-qa-us is "orders-us" in qa, and so is
 * orders-prod-us in prod; orders is "orders" everywhere).  Where several in
 * one environment have the same role, the namespaces, cut in the same way, and
 * then the runtimes must be the same too.
 */

#ifndef PM_PAIR_H
#define PM_PAIR_H


#include "catalog/pm_catalog.h"


typedef struct {
    const pm_application_t  *source;
    const pm_application_t  *destination;
} pm_pair_t;


typedef struct {
    pm_pair_t                *pairs;
    size_t                    npairs;
    const pm_application_t  **missing;     /* in the one, not in the other */
    size_t                    nmissing;
} pm_pairs_t;


/*
 * The applications of product that from and to both have, by file and line of
 * their manifests.  All is the arena's.  PM_CONFLICT: several in one
 * environment cannot be told apart; PM_UNAVAILABLE: out of memory.
 */
int pm_pair_find(pm_arena_t *arena, const pm_product_t *product,
    const pm_environment_t *from, const pm_environment_t *to,
    pm_pairs_t *pairs, pm_error_t *err);


#endif /* PM_PAIR_H */
