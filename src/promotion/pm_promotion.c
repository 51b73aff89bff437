#include "promotion/pm_promotion.h"

#include "base/pm_hash.h"
#include "promotion/pm_part.h"

#include <string.h>


#define PM_PROMOTION_PULL_LANE  ":pull-requests"


static const pm_application_t *
pm_promotion_find(const pm_catalog_t *catalog, const pm_application_id_t *id,
    pm_error_t *err)
{
    const pm_application_t  *application;

    application = pm_catalog_application(catalog, id->runtime, id->namespace,
                                         id->name);

    if (application == NULL) {
        (void) pm_error_set(err, PM_NOT_FOUND,
                            "application %s/%s/%s not found", id->runtime,
                            id->namespace, id->name);
    }

    return application;
}


/* What the request and the catalog say of it, apart from its places. */

static void
pm_promotion_ask(const pm_request_t *request, const pm_application_t *from,
    const pm_application_t *to, pm_promotion_t *promotion)
{
    memset(promotion, 0, sizeof(pm_promotion_t));

    promotion->source.runtime = from->runtime;
    promotion->source.namespace = from->namespace;
    promotion->source.name = from->name;

    promotion->destination.runtime = to->runtime;
    promotion->destination.namespace = to->namespace;
    promotion->destination.name = to->name;

    if (from->environment != NULL) {
        promotion->source_environment = from->environment->name;
    }

    if (to->environment != NULL) {
        promotion->destination_environment = to->environment->name;
        promotion->destination_environment_id = to->environment->id;
        promotion->destination_organization = to->environment->organization;
    }

    promotion->product = to->product;
    promotion->template = to->template;

    promotion->message = request->message;
    promotion->description = request->description;
    promotion->source_commit = request->source_commit;
    promotion->expected_digest = request->expected_digest;
}


/* What the request says of the pull request; its texts are the arena's. */

static int
pm_promotion_pull(pm_arena_t *arena, const pm_request_t *request,
    pm_promotion_t *promotion, pm_error_t *err)
{
    pm_pull_request_t  *pull;

    pull = pm_arena_zalloc(arena, sizeof(pm_pull_request_t));
    if (pull == NULL) {
        return pm_error_memory(err);
    }

    pull->head = request->head;
    pull->title = request->title;
    pull->description = request->description;
    pull->labels = request->labels;
    pull->nlabels = request->nlabels;
    pull->reviewers = request->reviewers;
    pull->nreviewers = request->nreviewers;
    pull->draft = request->draft;

    promotion->kind = PM_PROMOTION_PULL_REQUEST;
    promotion->pull = pull;
    promotion->message = request->commit_message;
    promotion->description = request->commit_description;

    return 0;
}


int
pm_promotion_pair(pm_arena_t *arena, const pm_request_t *request,
    const pm_application_t *from, const pm_application_t *to,
    pm_promotion_t *promotion, pm_error_t *err)
{
    int  rc;

    pm_promotion_ask(request, from, to, promotion);

    if (request->kind == PM_REQUEST_PULL_REQUEST) {
        rc = pm_promotion_pull(arena, request, promotion, err);
        if (rc != 0) {
            return rc;
        }
    }

    if (to == from) {
        return pm_error_set(err, PM_INVALID,
                            "source and destination are the same application "
                            "%s/%s/%s", to->runtime, to->namespace, to->name);
    }

    return pm_part_create(arena, from, to, promotion, err);
}


int
pm_promotion_resolve(pm_arena_t *arena, const pm_catalog_t *catalog,
    const pm_request_t *request, pm_promotion_t *promotions, pm_error_t *err)
{
    int                      rc;
    size_t                   i;
    const pm_application_t  *from, *to;

    from = pm_promotion_find(catalog, &request->source, err);
    if (from == NULL) {
        return PM_NOT_FOUND;
    }

    for (i = 0; i < request->ndestinations; i++) {
        to = pm_promotion_find(catalog, &request->destinations[i], err);
        if (to == NULL) {
            return PM_NOT_FOUND;
        }

        rc = pm_promotion_pair(arena, request, from, to, &promotions[i], err);
        if (rc != 0) {
            return rc;
        }

        if (request->digests != NULL && request->digests[i] != NULL) {
            promotions[i].expected_digest = request->digests[i];
        }
    }

    return 0;
}


const char *
pm_promotion_kind(const pm_promotion_t *promotion)
{
    if (promotion->kind == PM_PROMOTION_PULL_REQUEST) {
        return "pullRequest";
    }

    return promotion->revert_commit ? "revert" : "commit";
}


int
pm_promotion_lane(const pm_promotion_t *promotion, char lane[17])
{
    int                   rc;
    const char           *branch;
    pm_buffer_t           text;
    unsigned char         digest[PM_SHA256_SIZE];
    const pm_location_t  *to;

    lane[0] = '\0';
    to = &promotion->parts[0].destination;
    memset(&text, 0, sizeof(pm_buffer_t));

    branch = to->branch ? to->branch : "HEAD";

    if (promotion->kind == PM_PROMOTION_PULL_REQUEST) {
        branch = PM_PROMOTION_PULL_LANE;
    }

    pm_buffer_printf(&text, "%s\n%s", to->url.canonical, branch);

    rc = text.failed ? -1 : pm_sha256(text.data, text.len, digest);
    pm_buffer_free(&text);

    if (rc == 0) {
        pm_hex(lane, digest, 8);
    }

    return rc;
}
