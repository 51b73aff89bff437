/*
 * The bodies of _promote and _process.
 */

#include "promotion/pm_review.h"

#include "promotion/pm_request_field.h"
#include "promotion/pm_request_json.h"

#include <string.h>


#define PM_REVIEW_NAME  253


static void
pm_review_destination(pm_request_reader_t *reader, const json_t *root,
    pm_application_id_t *id)
{
    const json_t  *value;

    static const pm_request_rule_t  rule = {
        .required = 1, .text = 0, .trailers = 0, .limit = PM_REVIEW_NAME
    };

    value = pm_request_get(root, "destAppId");

    if (value == NULL) {
        return;
    }

    if (!json_is_object(value)) {
        pm_request_fault(reader, "destAppId must be an object");
        return;
    }

    id->runtime = pm_request_string(reader, value, "runtime",
                                    "destAppId.runtime", &rule);
    id->namespace = pm_request_string(reader, value, "namespace",
                                      "destAppId.namespace", &rule);
    id->name = pm_request_string(reader, value, "name", "destAppId.name",
                                 &rule);
}


/* 0: root is the body's object. */

static int
pm_review_body(pm_request_reader_t *reader, const char *body, size_t len,
    int trailing_commas, json_t **root)
{
    int          rc;
    const char  *fault;

    rc = pm_request_json(reader->arena, body, len, trailing_commas, root,
                         &fault);

    if (rc == PM_INVALID) {
        reader->faults->single = 1;
        pm_request_fault(reader, "%s", fault);
        return reader->failed ? PM_UNAVAILABLE : PM_INVALID;
    }

    return rc;
}


static int
pm_review_end(const pm_request_reader_t *reader)
{
    if (reader->failed) {
        return PM_UNAVAILABLE;
    }

    return (reader->faults->n > 0) ? PM_INVALID : 0;
}


int
pm_review_request_parse(pm_arena_t *arena, const char *body, size_t len,
    int trailing_commas, pm_review_request_t *request,
    pm_request_faults_t *faults)
{
    int                   rc;
    json_t               *root;
    pm_request_reader_t   reader;

    static const pm_request_rule_t  target = {
        .required = 1, .text = 0, .trailers = 0, .limit = PM_REVIEW_NAME
    };
    static const pm_request_rule_t  comment = {
        .required = 0, .text = 1, .trailers = 1, .limit = PM_REVIEW_COMMENT
    };

    memset(request, 0, sizeof(pm_review_request_t));
    memset(faults, 0, sizeof(pm_request_faults_t));
    memset(&reader, 0, sizeof(pm_request_reader_t));

    reader.arena = arena;
    reader.faults = faults;

    rc = pm_review_body(&reader, body, len, trailing_commas, &root);
    if (rc != 0) {
        return rc;
    }

    request->target = pm_request_string(&reader, root, "targetEnvCockpitId",
                                        "targetEnvCockpitId", &target);
    pm_review_destination(&reader, root, &request->destination);

    request->comment = pm_request_string(&reader, root, "comment", "comment",
                                         &comment);
    request->dry_run = pm_request_boolean(&reader, root, "dryRun");

    return pm_review_end(&reader);
}


/* "true" or "false", with blanks around it: 1, 0, or -1 where it is not. */

static int
pm_review_word(const char *body, size_t len)
{
    while (len > 0 && memchr(" \t\r\n", body[0], 4) != NULL) {
        body++;
        len--;
    }

    while (len > 0 && memchr(" \t\r\n", body[len - 1], 4) != NULL) {
        len--;
    }

    if (len == 4 && memcmp(body, "true", 4) == 0) {
        return 1;
    }

    return (len == 5 && memcmp(body, "false", 5) == 0) ? 0 : -1;
}


int
pm_review_decision_parse(pm_arena_t *arena, const char *body, size_t len,
    int trailing_commas, pm_review_decision_t *decision,
    pm_request_faults_t *faults)
{
    int                   rc;
    json_t               *root;
    pm_request_reader_t   reader;

    static const pm_request_rule_t  reason = {
        .required = 0, .text = 1, .trailers = 1, .limit = PM_REVIEW_COMMENT
    };

    memset(decision, 0, sizeof(pm_review_decision_t));
    memset(faults, 0, sizeof(pm_request_faults_t));
    memset(&reader, 0, sizeof(pm_request_reader_t));

    rc = pm_review_word(body, len);

    if (rc >= 0) {
        decision->accept = (unsigned) rc;
        return 0;
    }

    reader.arena = arena;
    reader.faults = faults;

    rc = pm_review_body(&reader, body, len, trailing_commas, &root);
    if (rc != 0) {
        return rc;
    }

    if (!json_is_boolean(json_object_get(root, "accept"))) {
        pm_request_fault(&reader, "accept must be true or false");
    }

    decision->accept = json_is_true(json_object_get(root, "accept"));
    decision->force = pm_request_boolean(&reader, root, "force");
    decision->digest = pm_request_hex(&reader, root, "expectedDigest",
                                      "expectedDigest", 64, 64);
    decision->reason = pm_request_string(&reader, root, "reason", "reason",
                                         &reason);

    return pm_review_end(&reader);
}
