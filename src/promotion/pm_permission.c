#include "promotion/pm_permission.h"

#include <string.h>


/* Where promotesTo is missing: into all of the same organization. */

static int
pm_permission_leads(const pm_environment_t *from, const pm_environment_t *to)
{
    size_t  i;

    if (from->promotes_to == NULL) {
        return strcmp(from->organization, to->organization) == 0;
    }

    for (i = 0; i < from->npromotes_to; i++) {
        if (strcmp(from->promotes_to[i], to->name) == 0) {
            return 1;
        }
    }

    return 0;
}


static int
pm_permission_environments(const pm_catalog_t *catalog,
    const pm_promotion_t *promotion, pm_error_t *err)
{
    const pm_environment_t  *from, *to;

    if (promotion->source_environment == NULL
        || promotion->destination_environment == NULL)
    {
        return 0;
    }

    from = pm_catalog_environment(catalog, promotion->source_environment);
    to = pm_catalog_environment(catalog, promotion->destination_environment);

    if (from == NULL || to == NULL || pm_permission_leads(from, to)) {
        return 0;
    }

    return pm_error_set(err, PM_FORBIDDEN, "environment %s does not promote "
                        "to %s%s", from->name, to->name,
                        from->promotes_to ? " (promotesTo)"
                                          : ", which is another "
                                            "organization's");
}


int
pm_permission(const pm_catalog_t *catalog, const pm_promotion_t *promotion,
    const char *action, pm_error_t *err)
{
    int                      rc;
    const char              *allowed, *name;
    pm_policy_t              merged;
    const pm_policy_t       *policy;
    const pm_environment_t  *environment;

    rc = pm_permission_environments(catalog, promotion, err);
    if (rc != 0) {
        return rc;
    }

    environment = promotion->destination_environment
                  ? pm_catalog_environment(catalog,
                                           promotion->destination_environment)
                  : NULL;

    policy = pm_catalog_policy(catalog, promotion->product, environment,
                               &merged);
    allowed = policy->values[PM_POLICY_ACTION];

    if (allowed == NULL || strcmp(allowed, "commit") == 0
        || strcmp(allowed, action) == 0)
    {
        return 0;
    }

    name = policy->origins[PM_POLICY_ACTION]->name;

    if (strcmp(allowed, "none") == 0) {
        return pm_error_set(err, PM_FORBIDDEN,
                            "policy %s allows nothing but preview", name);
    }

    return pm_error_set(err, PM_FORBIDDEN, "policy %s allows only %s", name,
                        allowed);
}


const char *
pm_permission_action(const pm_catalog_t *catalog, const char *product,
    const pm_environment_t *environment)
{
    pm_policy_t         merged;
    const char         *action;
    const pm_policy_t  *policy;

    policy = pm_catalog_policy(catalog, product, environment, &merged);
    action = policy->values[PM_POLICY_ACTION];

    return action ? action : "commit";
}
