#include "promotion/pm_request.h"

#include "promotion/pm_request_field.h"
#include "promotion/pm_request_json.h"

#include <stdio.h>
#include <string.h>


#define PM_REQUEST_NAME          253     /* characters, as in Kubernetes */
#define PM_REQUEST_TITLE         1024
#define PM_REQUEST_DESTINATIONS  100


/* {runtime, namespace, name}; value may be NULL. */

static void
pm_request_application(pm_request_reader_t *reader, const json_t *value,
    const char *name, pm_application_id_t *id)
{
    size_t  i;
    char    full[64];

    const char  *const keys[] = { "runtime", "namespace", "name" };
    const char **const members[] = { &id->runtime, &id->namespace,
                                     &id->name };

    static const pm_request_rule_t  rule = {
        .required = 1, .text = 0, .trailers = 0, .limit = PM_REQUEST_NAME
    };

    if (!json_is_object(value)) {
        pm_request_fault(reader, "%s must be an object", name);
        return;
    }

    for (i = 0; i < 3; i++) {
        (void) snprintf(full, sizeof(full), "%s.%s", name, keys[i]);

        *members[i] = pm_request_string(reader, value, keys[i], full, &rule);
    }
}


static int
pm_request_same_application(const pm_application_id_t *a,
    const pm_application_id_t *b)
{
    return a->runtime != NULL && b->runtime != NULL
           && a->namespace != NULL && b->namespace != NULL
           && a->name != NULL && b->name != NULL
           && strcmp(a->name, b->name) == 0
           && strcmp(a->namespace, b->namespace) == 0
           && strcmp(a->runtime, b->runtime) == 0;
}


/* The expectedDigest of one of destAppIds. */

static const char *
pm_request_entry_digest(pm_request_reader_t *reader, const json_t *entry,
    const char *name)
{
    char  full[96];

    (void) snprintf(full, sizeof(full), "%s.expectedDigest", name);

    return pm_request_hex(reader, entry, "expectedDigest", full, 64, 64);
}


static void
pm_request_destination_list(pm_request_reader_t *reader, const json_t *list,
    pm_request_t *request)
{
    char    name[64];
    size_t  i, j, n;

    if (!json_is_array(list)) {
        pm_request_fault(reader, "destAppIds must be an array");
        return;
    }

    n = json_array_size(list);

    if (n == 0) {
        pm_request_fault(reader, "destAppIds should not be empty");
        return;
    }

    if (n > PM_REQUEST_DESTINATIONS) {
        pm_request_fault(reader,
                         "destAppIds must contain no more than %d elements",
                         PM_REQUEST_DESTINATIONS);
        return;
    }

    request->destinations = pm_arena_zalloc(reader->arena,
                                            n * sizeof(pm_application_id_t));
    request->digests = pm_arena_zalloc(reader->arena, n * sizeof(char *));

    if (request->destinations == NULL || request->digests == NULL) {
        reader->failed = 1;
        return;
    }

    request->ndestinations = n;
    request->grouped = 1;

    for (i = 0; i < n; i++) {
        (void) snprintf(name, sizeof(name), "destAppIds.%zu", i);

        pm_request_application(reader, json_array_get(list, i), name,
                               &request->destinations[i]);

        request->digests[i] = pm_request_entry_digest(reader,
                                                      json_array_get(list, i),
                                                      name);

        for (j = 0; j < i; j++) {
            if (pm_request_same_application(&request->destinations[i],
                                            &request->destinations[j]))
            {
                pm_request_fault(reader, "%s is the same as destAppIds.%zu",
                                 name, j);
                break;
            }
        }
    }
}


/* destAppId, or (not for a pull request) destAppIds in its place. */

static void
pm_request_destinations(pm_request_reader_t *reader, const json_t *root,
    pm_request_t *request)
{
    const json_t  *one, *list;

    one = pm_request_get(root, "destAppId");
    list = NULL;

    if (request->kind != PM_REQUEST_PULL_REQUEST) {
        list = pm_request_get(root, "destAppIds");
    }

    if (list != NULL) {
        if (one != NULL) {
            pm_request_fault(reader, "destAppId must not be given together "
                             "with destAppIds");
        }

        pm_request_destination_list(reader, list, request);
        return;
    }

    request->destinations = pm_arena_zalloc(reader->arena,
                                            sizeof(pm_application_id_t));
    if (request->destinations == NULL) {
        reader->failed = 1;
        return;
    }

    request->ndestinations = 1;

    pm_request_application(reader, one, "destAppId", request->destinations);
}


/* title and commitMessage are looked at for trailers: either becomes the
 * message of the commit. */

static void
pm_request_pull_request(pm_request_reader_t *reader, const json_t *root,
    pm_request_t *request)
{
    static const pm_request_rule_t  head = {
        .required = 1, .text = 0, .trailers = 0, .limit = PM_REQUEST_BRANCH
    };
    static const pm_request_rule_t  title = {
        .required = 1, .text = 1, .trailers = 1, .limit = PM_REQUEST_TITLE
    };
    static const pm_request_rule_t  description = {
        .required = 0, .text = 1, .trailers = 0, .limit = PM_REQUEST_MESSAGE
    };
    static const pm_request_rule_t  commit = {
        .required = 0, .text = 1, .trailers = 1, .limit = PM_REQUEST_MESSAGE
    };

    request->head = pm_request_string(reader, root, "head", "head", &head);

    if (request->head != NULL && !pm_request_is_branch(request->head)) {
        pm_request_fault(reader, "head must be a valid branch name");
    }

    request->title = pm_request_string(reader, root, "title", "title", &title);

    if (request->title != NULL && strpbrk(request->title, "\r\n") != NULL) {
        pm_request_fault(reader, "title must be a single line");
    }

    request->description = pm_request_string(reader, root, "description",
                                             "description", &description);
    request->commit_message = pm_request_string(reader, root, "commitMessage",
                                                "commitMessage", &commit);
    request->commit_description = pm_request_string(reader, root,
                                                    "commitDescription",
                                                    "commitDescription",
                                                    &commit);

    if (request->commit_message == NULL) {
        request->commit_message = request->title;
    }
}


static void
pm_request_commit(pm_request_reader_t *reader, const json_t *root,
    pm_request_t *request)
{
    static const pm_request_rule_t  required = {
        .required = 1, .text = 1, .trailers = 1, .limit = PM_REQUEST_MESSAGE
    };
    static const pm_request_rule_t  optional = {
        .required = 0, .text = 1, .trailers = 1, .limit = PM_REQUEST_MESSAGE
    };

    request->message = pm_request_string(reader, root, "message", "message",
                                         request->kind == PM_REQUEST_REVERT
                                         ? &optional : &required);
    request->description = pm_request_string(reader, root, "description",
                                             "description", &optional);
}


/* What is promoted from one to the other follows from the catalog. */

static void
pm_request_environments(pm_request_reader_t *reader, const json_t *root,
    pm_request_t *request)
{
    static const pm_request_rule_t  rule = {
        .required = 1, .text = 0, .trailers = 0, .limit = PM_REQUEST_NAME
    };

    request->source_environment = pm_request_string(reader, root,
                                                    "srcEnvironment",
                                                    "srcEnvironment", &rule);
    request->destination_environment = pm_request_string(reader, root,
                                                     "destEnvironment",
                                                     "destEnvironment", &rule);
}


/* A digest is of one destination's changes. */

static void
pm_request_digest(pm_request_reader_t *reader, const json_t *root,
    pm_request_t *request)
{
    request->expected_digest = pm_request_hex(reader, root, "expectedDigest",
                                              "expectedDigest", 64, 64);

    if (request->expected_digest == NULL) {
        return;
    }

    if (request->kind == PM_REQUEST_PRODUCT) {
        pm_request_fault(reader, "expectedDigest goes with one destination, "
                         "not with a product");

    } else if (request->ndestinations > 1) {
        pm_request_fault(reader, "expectedDigest goes with one destination: "
                         "give each of destAppIds its own");
    }
}


/* The documented order of faults is the order of these lines. */

static void
pm_request_fields(pm_request_reader_t *reader, const json_t *root,
    pm_request_t *request)
{
    pm_request_kind_t  kind;

    kind = request->kind;

    if (kind == PM_REQUEST_PRODUCT) {
        pm_request_environments(reader, root, request);

    } else if (kind != PM_REQUEST_REVERT) {
        pm_request_application(reader, pm_request_get(root, "srcAppId"),
                               "srcAppId", &request->source);
        pm_request_destinations(reader, root, request);
    }

    if (kind == PM_REQUEST_PULL_REQUEST) {
        pm_request_pull_request(reader, root, request);
        request->draft = pm_request_boolean(reader, root, "draft");
        request->labels = pm_request_words(reader, root, "labels",
                                           &request->nlabels);
        request->reviewers = pm_request_words(reader, root, "reviewers",
                                              &request->nreviewers);

    } else if (kind != PM_REQUEST_PREVIEW) {
        pm_request_commit(reader, root, request);
    }

    if (kind != PM_REQUEST_REVERT && kind != PM_REQUEST_PRODUCT) {
        request->source_commit = pm_request_hex(reader, root,
                                                "srcAppCommitSha",
                                                "srcAppCommitSha", 7, 40);
    }

    pm_request_digest(reader, root, request);

    request->dry_run = pm_request_boolean(reader, root, "dryRun");
    request->override = pm_request_boolean(reader, root, "override");
}


int
pm_request_parse(pm_arena_t *arena, const char *body, size_t len,
    pm_request_kind_t kind, int trailing_commas, pm_request_t *request,
    pm_request_faults_t *faults)
{
    int                   rc;
    json_t               *root;
    const char           *fault;
    pm_request_reader_t   reader;

    memset(request, 0, sizeof(pm_request_t));
    memset(faults, 0, sizeof(pm_request_faults_t));
    memset(&reader, 0, sizeof(pm_request_reader_t));

    reader.arena = arena;
    reader.faults = faults;
    request->kind = kind;

    rc = pm_request_json(arena, body, len, trailing_commas, &root, &fault);

    if (rc == PM_INVALID) {
        faults->single = 1;
        pm_request_fault(&reader, "%s", fault);
        return reader.failed ? PM_UNAVAILABLE : PM_INVALID;
    }

    if (rc != 0) {
        return rc;
    }

    pm_request_fields(&reader, root, request);

    if (reader.failed) {
        return PM_UNAVAILABLE;
    }

    return (faults->n > 0) ? PM_INVALID : 0;
}
