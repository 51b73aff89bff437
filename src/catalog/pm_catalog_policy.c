/*
 * PromotionPolicy, codefresh.io/v1beta1.  They decide what may land: a field
 * that is not known, or a name that nothing has, is a fault.
 */

#include "catalog/pm_catalog_build.h"

#include <stdlib.h>
#include <string.h>


const char *const  pm_policy_fields[PM_POLICY_FIELDS] = {
    "action", "preAction", "postAction"
};


static const char *const  pm_catalog_policy_fields[] = {
    "priority", "selector", "policy", NULL
};

static const char *const  pm_catalog_selectors_fields[] = {
    "product", "targetEnvironment", NULL
};

static const char *const  pm_catalog_target_fields[] = {
    "names", "types", "tags", NULL
};

static const char *const  pm_catalog_product_fields[] = {
    "names", "tags", NULL
};

static const char *const  pm_catalog_settings_fields[] = {
    "action", "preAction", "postAction", NULL
};


/* Neither products nor environments have tags here: a policy for some would
 * be for none, without a word. */

static int
pm_catalog_no_tags(pm_catalog_reader_t *reader, const pm_node_t *mapping,
    const char *where)
{
    const pm_node_t  *tags;

    tags = pm_node_get(mapping, "tags");

    if (tags == NULL || tags->kind == PM_NODE_NULL
        || (tags->kind == PM_NODE_SEQUENCE && tags->length == 0))
    {
        return 0;
    }

    return pm_catalog_fault(reader, tags, "%s.tags cannot be used here; list "
                            "the names", where);
}


static int
pm_catalog_policy_target(pm_catalog_reader_t *reader,
    const pm_node_t *selector, pm_catalog_policy_t *policy)
{
    int                    rc;
    size_t                 i, ntypes;
    const pm_node_t       *target;
    pm_catalog_mention_t  *types;

    static const char  where[] = "spec.selector.targetEnvironment";

    target = NULL;
    rc = pm_catalog_node(reader, selector, "spec.selector",
                         "targetEnvironment", PM_NODE_MAPPING,
                         PM_CATALOG_OPTIONAL, &target);

    if (rc != 0 || target == NULL) {
        return rc;
    }

    rc = pm_catalog_known(reader, target, where, pm_catalog_target_fields);

    if (rc == 0) {
        rc = pm_catalog_no_tags(reader, target, where);
    }

    if (rc == 0) {
        rc = pm_catalog_mentions(reader, target, where, "names",
                                 &policy->environments,
                                 &policy->nenvironments);
    }

    if (rc == 0) {
        rc = pm_catalog_mentions(reader, target, where, "types", &types,
                                 &ntypes);
    }

    if (rc != 0) {
        return rc;
    }

    for (i = 0; i < ntypes; i++) {

        if (strcmp(types[i].name, "PROD") == 0) {
            policy->production = 1;

        } else if (strcmp(types[i].name, "NON_PROD") == 0) {
            policy->other = 1;

        } else {
            return pm_error_at(reader->err, PM_INVALID, reader->file,
                               types[i].line, types[i].column,
                               "%s.types must be PROD or NON_PROD, not "
                               "\"%.64s\"", where, types[i].name);
        }
    }

    return 0;
}


static int
pm_catalog_policy_selector(pm_catalog_reader_t *reader,
    const pm_node_t *spec, pm_catalog_policy_t *policy)
{
    int               rc;
    const pm_node_t  *selector, *product;

    static const char  where[] = "spec.selector.product";

    selector = NULL;
    product = NULL;

    rc = pm_catalog_node(reader, spec, "spec", "selector", PM_NODE_MAPPING,
                         PM_CATALOG_OPTIONAL, &selector);

    if (rc != 0 || selector == NULL) {
        return rc;
    }

    rc = pm_catalog_known(reader, selector, "spec.selector",
                          pm_catalog_selectors_fields);

    if (rc == 0) {
        rc = pm_catalog_node(reader, selector, "spec.selector", "product",
                             PM_NODE_MAPPING, PM_CATALOG_OPTIONAL, &product);
    }

    if (rc == 0 && product != NULL) {
        rc = pm_catalog_known(reader, product, where,
                              pm_catalog_product_fields);

        if (rc == 0) {
            rc = pm_catalog_no_tags(reader, product, where);
        }

        if (rc == 0) {
            rc = pm_catalog_mentions(reader, product, where, "names",
                                     &policy->products, &policy->nproducts);
        }
    }

    return rc ? rc : pm_catalog_policy_target(reader, selector, policy);
}


static int
pm_catalog_policy_settings(pm_catalog_reader_t *reader,
    const pm_node_t *spec, pm_catalog_policy_t *policy)
{
    int               rc;
    size_t            i, n;
    const char       *action;
    const pm_node_t  *settings;

    rc = pm_catalog_node(reader, spec, "spec", "policy", PM_NODE_MAPPING,
                         PM_CATALOG_REQUIRED, &settings);

    if (rc == 0) {
        rc = pm_catalog_known(reader, settings, "spec.policy",
                              pm_catalog_settings_fields);
    }

    for (i = 0, n = 0; rc == 0 && i < PM_POLICY_FIELDS; i++) {
        rc = pm_catalog_string(reader, settings, "spec.policy",
                               pm_policy_fields[i], PM_CATALOG_OPTIONAL,
                               &policy->values[i]);

        if (rc == 0 && policy->values[i] != NULL
            && *policy->values[i] == '\0')
        {
            policy->values[i] = NULL;
        }

        n += (policy->values[i] != NULL);
    }

    if (rc != 0) {
        return rc;
    }

    if (n == 0) {
        return pm_catalog_fault(reader, settings, "spec.policy says nothing: "
                                "give it an action, a preAction or a "
                                "postAction");
    }

    action = policy->values[PM_POLICY_ACTION];

    if (action != NULL && strcmp(action, "commit") != 0
        && strcmp(action, "pr") != 0 && strcmp(action, "none") != 0)
    {
        return pm_catalog_fault(reader, pm_node_get(settings, "action"),
                                "spec.policy.action must be commit, pr or "
                                "none, not \"%.64s\"", action);
    }

    return 0;
}


int
pm_catalog_read_policy(pm_catalog_reader_t *reader, const pm_node_t *root)
{
    int                   rc;
    const pm_node_t      *spec;
    pm_catalog_policy_t  *policy;

    policy = pm_arena_zalloc(reader->arena, sizeof(pm_catalog_policy_t));
    if (policy == NULL) {
        return pm_error_memory(reader->err);
    }

    policy->file = reader->file;

    rc = pm_catalog_manifest(reader, root, "PromotionPolicy", policy,
                             &policy->manifest, &spec);

    if (rc == 0) {
        rc = pm_catalog_known(reader, spec, "spec", pm_catalog_policy_fields);
    }

    if (rc == 0) {
        rc = pm_catalog_integer(reader, spec, "spec", "priority",
                                &policy->priority);
    }

    if (rc == 0) {
        rc = pm_catalog_policy_selector(reader, spec, policy);
    }

    if (rc == 0) {
        rc = pm_catalog_policy_settings(reader, spec, policy);
    }

    return rc ? rc : pm_catalog_append(reader, &reader->catalog->policies,
                                       policy);
}


static int
pm_catalog_policy_order(const void *a, const void *b)
{
    const pm_catalog_policy_t  *one, *two;

    one = *(pm_catalog_policy_t *const *) a;
    two = *(pm_catalog_policy_t *const *) b;

    if (one->priority != two->priority) {
        return one->priority > two->priority ? -1 : 1;
    }

    return strcmp(one->manifest.name, two->manifest.name);
}


static int
pm_catalog_mentioned(const pm_catalog_mention_t *mentions, size_t n,
    const char *name)
{
    size_t  i;

    for (i = 0; name != NULL && i < n; i++) {
        if (strcmp(mentions[i].name, name) == 0) {
            return 1;
        }
    }

    return 0;
}


static int
pm_catalog_policy_applies(const pm_catalog_policy_t *policy,
    const char *product, const pm_environment_t *environment)
{
    if (policy->nproducts > 0
        && !pm_catalog_mentioned(policy->products, policy->nproducts,
                                 product))
    {
        return 0;
    }

    if (policy->nenvironments > 0
        && !(environment != NULL
             && pm_catalog_mentioned(policy->environments,
                                     policy->nenvironments,
                                     environment->name)))
    {
        return 0;
    }

    if (!policy->production && !policy->other) {
        return 1;
    }

    return environment != NULL
           && (environment->production ? policy->production : policy->other);
}


static void
pm_catalog_policy_merge(const pm_catalog_t *catalog, const char *product,
    const pm_environment_t *environment, pm_policy_t *merged)
{
    size_t                      i, j;
    const pm_catalog_policy_t  *policy;

    memset(merged, 0, sizeof(pm_policy_t));

    for (i = 0; i < catalog->policies.n; i++) {
        policy = catalog->policies.items[i];

        if (!pm_catalog_policy_applies(policy, product, environment)) {
            continue;
        }

        for (j = 0; j < PM_POLICY_FIELDS; j++) {
            if (merged->values[j] == NULL && policy->values[j] != NULL) {
                merged->values[j] = policy->values[j];
                merged->origins[j] = &policy->manifest;
            }
        }
    }
}


/* No product's name is empty, nor is an environment's. */

static pm_policy_t *
pm_catalog_policy_known(const pm_catalog_t *catalog, const char *product,
    const pm_environment_t *environment)
{
    return pm_catalog_index_get(&catalog->merged, product ? product : "",
                                environment ? environment->name : "", "");
}


const pm_policy_t *
pm_catalog_policy(const pm_catalog_t *catalog, const char *product,
    const pm_environment_t *environment, pm_policy_t *policy)
{
    const pm_policy_t  *known;

    known = pm_catalog_policy_known(catalog, product, environment);

    if (known == NULL) {
        pm_catalog_policy_merge(catalog, product, environment, policy);
        known = policy;
    }

    return known;
}


static int
pm_catalog_policy_names(pm_catalog_t *catalog, pm_catalog_policy_t *policy,
    pm_error_t *err)
{
    size_t                   i;
    const pm_environment_t  *environment;

    for (i = 0; i < policy->nproducts; i++) {
        if (pm_catalog_product(catalog, policy->products[i].name) == NULL) {
            return pm_catalog_missing(policy->file, &policy->products[i],
                                      "spec.selector.product.names",
                                      "a product", err);
        }
    }

    for (i = 0; i < policy->nenvironments; i++) {
        environment = pm_catalog_environment(catalog,
                                             policy->environments[i].name);

        if (environment == NULL) {
            return pm_catalog_missing(policy->file, &policy->environments[i],
                                      "spec.selector.targetEnvironment.names",
                                      "an environment", err);
        }

        policy->environments[i].name = environment->name;
    }

    return 0;
}


int
pm_catalog_finish_policies(pm_catalog_t *catalog, pm_error_t *err)
{
    int                      rc;
    void                    *earlier;
    size_t                   i;
    pm_policy_t             *merged;
    const pm_application_t  *application;

    if (catalog->policies.n > 1) {
        qsort(catalog->policies.items, catalog->policies.n, sizeof(void *),
              pm_catalog_policy_order);
    }

    for (i = 0; i < catalog->policies.n; i++) {
        rc = pm_catalog_policy_names(catalog, catalog->policies.items[i],
                                     err);
        if (rc != 0) {
            return rc;
        }
    }

    for (i = 0; catalog->policies.n > 0 && i < catalog->applications.n; i++) {
        application = pm_catalog_applications(catalog, i);

        if (pm_catalog_policy_known(catalog, application->product,
                                    application->environment)
            != NULL)
        {
            continue;
        }

        merged = pm_arena_alloc(catalog->arena, sizeof(pm_policy_t));
        if (merged == NULL) {
            return pm_error_memory(err);
        }

        pm_catalog_policy_merge(catalog, application->product,
                                application->environment, merged);

        if (pm_catalog_index_add(&catalog->merged,
                                 application->product ? application->product
                                                      : "",
                                 application->environment
                                 ? application->environment->name : "",
                                 "", merged, &earlier)
            != 0)
        {
            return pm_error_memory(err);
        }
    }

    return 0;
}
