/*
 * What a request for review is about: its target environment, and what is
 * promoted into it.
 */

#include "promotion/pm_review.h"

#include "promotion/pm_part.h"

#include <string.h>


int
pm_review_leads(const pm_environment_t *source,
    const pm_environment_t *target)
{
    size_t  i;

    if (source->promotes_to == NULL) {
        return 1;
    }

    for (i = 0; i < source->npromotes_to; i++) {
        if (strcmp(source->promotes_to[i], target->name) == 0) {
            return 1;
        }
    }

    return 0;
}


int
pm_review_target(const pm_catalog_t *catalog, const pm_environment_t *source,
    const char *name, const pm_environment_t **target, pm_error_t *err)
{
    *target = pm_catalog_environment(catalog, name);

    if (*target == NULL) {
        return pm_error_named(err, PM_INVALID, "promotion.target.notFound",
                              "Target environment [%s] cannot be found.",
                              name);
    }

    if (*target == source) {
        return pm_error_named(err, PM_INVALID,
                              "promotion.target.sameEnvironment",
                              "Target environment [%s] is the one that the "
                              "promotion comes from.", name);
    }

    if (strcmp((*target)->organization, source->organization) != 0) {
        return pm_error_named(err, PM_INVALID,
                              "promotion.target.otherOrganization",
                              "Target environment [%s] belongs to another "
                              "organization.", name);
    }

    if (!pm_review_leads(source, *target)) {
        return pm_error_named(err, PM_INVALID, "promotion.target.notAllowed",
                              "Environment [%s] does not promote to [%s].",
                              source->name, (*target)->name);
    }

    return 0;
}


/* The application of an environment by namespace and name, whatever its
 * runtime. */

static int
pm_review_find(const pm_catalog_t *catalog, const pm_environment_t *source,
    const char *namespace, const char *name, const pm_application_t **found,
    pm_error_t *err)
{
    size_t                   i;
    const char              *runtime;
    const pm_application_t  *application;

    *found = NULL;

    for (i = 0; /* void */; i++) {
        runtime = pm_catalog_runtime(catalog, i);

        if (runtime == NULL) {
            break;
        }

        application = pm_catalog_application(catalog, runtime, namespace,
                                             name);

        if (application == NULL || application->environment != source) {
            continue;
        }

        if (*found != NULL) {
            return pm_error_named(err, PM_INVALID, "application.ambiguous",
                                  "Application [%s/%s] is in several runtimes "
                                  "of environment [%s].", namespace, name,
                                  source->name);
        }

        *found = application;
    }

    if (*found == NULL) {
        return pm_error_named(err, PM_NOT_FOUND, "application.notFound",
                              "Application [%s/%s] cannot be found.",
                              namespace, name);
    }

    return 0;
}


/* What the same product has in the target environment. */

static int
pm_review_counterpart(const pm_catalog_t *catalog,
    const pm_application_t *from, const pm_environment_t *target,
    const pm_application_t **found, pm_error_t *err)
{
    size_t               i;
    const pm_product_t  *product;

    *found = NULL;

    product = (from->product != NULL)
              ? pm_catalog_product(catalog, from->product) : NULL;

    if (product == NULL) {
        return pm_error_named(err, PM_INVALID, "destAppId.missing",
                              "Application [%s/%s] is of no product: give "
                              "destAppId.", from->namespace, from->name);
    }

    for (i = 0; i < product->napplications; i++) {

        if (product->applications[i]->environment != target) {
            continue;
        }

        if (*found != NULL) {
            return pm_error_named(err, PM_INVALID, "destAppId.missing",
                                  "Product [%s] has several applications in "
                                  "environment [%s], %s/%s and %s/%s: give "
                                  "destAppId.", product->name, target->name,
                                  (*found)->namespace, (*found)->name,
                                  product->applications[i]->namespace,
                                  product->applications[i]->name);
        }

        *found = product->applications[i];
    }

    if (*found == NULL) {
        return pm_error_named(err, PM_INVALID, "destAppId.missing",
                              "Product [%s] has no application in environment "
                              "[%s]: give destAppId.", product->name,
                              target->name);
    }

    return 0;
}


static int
pm_review_named(const pm_catalog_t *catalog, const pm_application_id_t *id,
    const pm_environment_t *target, const pm_application_t **found,
    pm_error_t *err)
{
    *found = pm_catalog_application(catalog, id->runtime, id->namespace,
                                    id->name);

    /* what another organization has is not told */

    if (*found == NULL
        || ((*found)->environment != NULL
            && strcmp((*found)->environment->organization,
                      target->organization)
               != 0))
    {
        return pm_error_named(err, PM_NOT_FOUND, "application.notFound",
                              "Application [%s/%s] cannot be found.",
                              id->namespace, id->name);
    }

    if ((*found)->environment != target) {
        return pm_error_named(err, PM_INVALID, "destAppId.otherEnvironment",
                              "Application [%s/%s] does not belong to "
                              "environment [%s].", id->namespace, id->name,
                              target->name);
    }

    return 0;
}


int
pm_review_application(pm_arena_t *arena, const pm_catalog_t *catalog,
    const pm_environment_t *source, const pm_environment_t *target,
    const char *namespace, const char *name,
    const pm_review_request_t *request, pm_promotion_t *promotion,
    pm_error_t *err)
{
    int                      rc;
    pm_request_t             resolved;
    pm_application_id_t      destination;
    const pm_application_t  *from, *to;

    rc = pm_review_find(catalog, source, namespace, name, &from, err);
    if (rc != 0) {
        return rc;
    }

    if (request->destination.name != NULL) {
        rc = pm_review_named(catalog, &request->destination, target, &to, err);
    } else {
        rc = pm_review_counterpart(catalog, from, target, &to, err);
    }

    if (rc != 0) {
        return rc;
    }

    memset(&resolved, 0, sizeof(pm_request_t));

    resolved.kind = PM_REQUEST_COMMIT;
    resolved.source.runtime = from->runtime;
    resolved.source.namespace = from->namespace;
    resolved.source.name = from->name;
    resolved.destinations = &destination;
    resolved.ndestinations = 1;

    destination.runtime = to->runtime;
    destination.namespace = to->namespace;
    destination.name = to->name;

    rc = pm_promotion_resolve(arena, catalog, &resolved, promotion, err);
    if (rc != 0) {
        return rc;
    }

    promotion->description = request->comment;
    promotion->message = pm_arena_printf(arena, "Promote %s/%s from %s to %s",
                                         from->namespace, from->name,
                                         source->name, target->name);

    return (promotion->message != NULL) ? 0 : pm_error_memory(err);
}


int
pm_review_location(pm_arena_t *arena, const pm_environment_t *environment,
    pm_location_t *location, pm_error_t *err)
{
    int                         rc;
    pm_error_t                  error;
    const pm_catalog_source_t  *apis;

    memset(location, 0, sizeof(pm_location_t));
    apis = environment->apis;

    rc = pm_git_url_parse(arena, apis->repository, &location->url, &error);

    if (rc == PM_INVALID) {
        return pm_error_set(err, PM_UNPROCESSABLE,
                            "environment %s: apis: repoURL: %s",
                            environment->name, error.message);
    }

    if (rc != 0) {
        return pm_error_set(err, rc, "%s", error.message);
    }

    location->branch = pm_part_revision(apis->revision);
    location->is_branch = (location->branch != NULL
                           && location->branch != apis->revision);
    location->path = apis->path;

    return 0;
}


int
pm_review_api(pm_arena_t *arena, const pm_environment_t *source,
    const pm_environment_t *target, const char *id,
    pm_promotion_t *promotion, pm_error_t *err)
{
    int  rc;

    memset(promotion, 0, sizeof(pm_promotion_t));

    if (source->apis == NULL) {
        return pm_error_named(err, PM_NOT_FOUND, "api.notFound",
                              "Api [%s] cannot be found.", id);
    }

    if (target->apis == NULL || !target->apis->writable) {
        return pm_error_named(err, PM_INVALID, "promotion.target.noApis",
                              target->apis == NULL
                              ? "Environment [%s] keeps no APIs: its manifest "
                                "has no apis."
                              : "The APIs of environment [%s] cannot be "
                                "written: the targetRevision of its apis is "
                                "no branch.", target->name);
    }

    promotion->parts = pm_arena_zalloc(arena, sizeof(pm_part_t));
    promotion->api = pm_arena_zalloc(arena, sizeof(pm_promotion_api_t));

    if (promotion->parts == NULL || promotion->api == NULL) {
        return pm_error_memory(err);
    }

    promotion->nparts = 1;
    promotion->api->id = id;

    rc = pm_review_location(arena, source, &promotion->parts[0].source, err);

    if (rc == 0) {
        rc = pm_review_location(arena, target,
                                &promotion->parts[0].destination, err);
    }

    if (rc != 0) {
        return rc;
    }

    promotion->source.runtime = "";
    promotion->source.namespace = source->name;
    promotion->source.name = id;
    promotion->destination.runtime = "";
    promotion->destination.namespace = target->name;
    promotion->destination.name = id;
    promotion->source_environment = source->name;
    promotion->destination_environment = target->name;
    promotion->destination_environment_id = target->id;
    promotion->destination_organization = target->organization;

    promotion->message = pm_arena_printf(arena, "Promote API %s from %s to "
                                         "%s", id, source->name,
                                         target->name);

    return (promotion->message != NULL) ? 0 : pm_error_memory(err);
}
