#include "promotion/pm_promotion.h"

#include "base/pm_hash.h"

#include <string.h>


#define PM_PROMOTION_PULL_LANE  ":pull-requests"


/* The promotable sources of an application, in the manifest's order. */

static size_t
pm_promotion_count(const pm_application_t *application)
{
    size_t  i, n;

    for (i = 0, n = 0; i < application->nsources; i++) {
        n += application->sources[i].promotable;
    }

    return n;
}


static const pm_catalog_source_t *
pm_promotion_next(const pm_application_t *application, size_t *i)
{
    while (*i < application->nsources) {
        if (application->sources[(*i)++].promotable) {
            return &application->sources[*i - 1];
        }
    }

    return NULL;
}


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


/* "refs/heads/main" and "main" are one branch, and must be one lane. */

static const char *
pm_promotion_revision(const char *revision)
{
    static const char  prefix[] = "refs/heads/";

    if (revision == NULL || strcmp(revision, "HEAD") == 0) {
        return NULL;
    }

    if (strncmp(revision, prefix, sizeof(prefix) - 1) == 0) {
        return revision + sizeof(prefix) - 1;
    }

    return revision;
}


static int
pm_promotion_location(pm_arena_t *arena, const pm_application_t *application,
    const pm_catalog_source_t *source, pm_location_t *location,
    pm_error_t *err)
{
    int         rc;
    pm_error_t  error;

    rc = pm_git_url_parse(arena, source->repository, &location->url, &error);

    if (rc == PM_INVALID) {

        /* the manifest's fault, not the request's */

        return pm_error_set(err, PM_UNPROCESSABLE,
                            "application %s/%s/%s: repoURL: %s",
                            application->runtime, application->namespace,
                            application->name, error.message);
    }

    if (rc != 0) {
        return pm_error_set(err, rc, "%s", error.message);
    }

    location->branch = pm_promotion_revision(source->revision);
    location->path = source->path;
    location->value_files = source->value_files;
    location->nvalue_files = source->nvalue_files;

    return 0;
}


static int
pm_promotion_same_branch(const pm_location_t *a, const pm_location_t *b)
{
    if (strcmp(a->url.canonical, b->url.canonical) != 0) {
        return 0;
    }

    if (a->branch == NULL || b->branch == NULL) {
        return a->branch == b->branch;
    }

    return strcmp(a->branch, b->branch) == 0;
}


static int
pm_promotion_parts(pm_arena_t *arena, const pm_application_t *from,
    const pm_application_t *to, pm_promotion_t *promotion, pm_error_t *err)
{
    int                         rc;
    size_t                      i, s, d, n;
    pm_part_t                  *part;
    const pm_catalog_source_t  *source, *destination;

    n = promotion->nparts;

    promotion->parts = pm_arena_zalloc(arena, n * sizeof(pm_part_t));
    if (promotion->parts == NULL) {
        return pm_error_memory(err);
    }

    for (i = 0, s = 0, d = 0; i < n; i++) {
        part = &promotion->parts[i];
        source = pm_promotion_next(from, &s);
        destination = pm_promotion_next(to, &d);

        if (!destination->writable) {
            return pm_error_set(err, PM_CONFLICT,
                                "application %s/%s/%s cannot be a "
                                "destination: its targetRevision %s is not a "
                                "branch", to->runtime, to->namespace, to->name,
                                destination->revision ? destination->revision
                                                      : "HEAD");
        }

        rc = pm_promotion_location(arena, from, source, &part->source, err);
        if (rc != 0) {
            return rc;
        }

        rc = pm_promotion_location(arena, to, destination, &part->destination,
                                   err);
        if (rc != 0) {
            return rc;
        }

        if (!pm_promotion_same_branch(&part->destination,
                                      &promotion->parts[0].destination))
        {
            return pm_error_set(err, PM_UNPROCESSABLE,
                                "application %s/%s/%s cannot be a "
                                "destination: its sources lie in several "
                                "repositories or branches", to->runtime,
                                to->namespace, to->name);
        }
    }

    return 0;
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
    int     rc;
    size_t  nfrom, nto;

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

    nfrom = pm_promotion_count(from);
    nto = pm_promotion_count(to);

    if (nfrom == 0 || nto == 0) {
        from = (nfrom == 0) ? from : to;

        return pm_error_set(err, PM_UNPROCESSABLE,
                            "application %s/%s/%s has no source with a path "
                            "in git: there is nothing to promote",
                            from->runtime, from->namespace, from->name);
    }

    if (nfrom != nto) {
        return pm_error_set(err, PM_UNPROCESSABLE,
                            "application %s/%s/%s has %zu sources with a path "
                            "and %s/%s/%s has %zu: they cannot be matched",
                            from->runtime, from->namespace, from->name, nfrom,
                            to->runtime, to->namespace, to->name, nto);
    }

    promotion->nparts = nto;

    return pm_promotion_parts(arena, from, to, promotion, err);
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
