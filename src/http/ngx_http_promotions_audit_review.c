#include "http/ngx_http_promotions_audit.h"
#include "http/ngx_http_promotions_record.h"


/* What becomes of a request, as a JSON Patch of it. */

#define NGX_HTTP_PROMOTIONS_AUDIT_ASKED                                       \
    "[{\"op\":\"add\",\"path\":\"/status\",\"value\":\"TO_BE_VALIDATED\"}]"
#define NGX_HTTP_PROMOTIONS_AUDIT_ACCEPTED                                    \
    "[{\"op\":\"replace\",\"path\":\"/status\",\"value\":\"ACCEPTED\"}]"
#define NGX_HTTP_PROMOTIONS_AUDIT_REJECTED                                    \
    "[{\"op\":\"replace\",\"path\":\"/status\",\"value\":\"REJECTED\"}]"
#define NGX_HTTP_PROMOTIONS_AUDIT_CANCELLED                                   \
    "[{\"op\":\"replace\",\"path\":\"/status\",\"value\":\"CANCELLED\"}]"


static void ngx_http_promotions_audit_subject(ngx_promotions_args_t *args,
    pm_store_audit_t *entry, const pm_promotion_t *promotion,
    const char *api);
static void ngx_http_promotions_audit_patch(ngx_promotions_args_t *args,
    pm_store_audit_t *entry, const pm_result_t *result);


void
ngx_http_promotions_audit_requested(ngx_promotions_args_t *args,
    const pm_promotion_t *promotion, const char *name, const char *digest)
{
    pm_store_audit_t  entry;

    ngx_http_promotions_audit_entry(&entry, PM_STORE_PROMOTION_CREATED);
    ngx_http_promotions_audit_place(&entry, promotion->source_environment);
    ngx_http_promotions_audit_subject(args, &entry, promotion, NULL);

    if (promotion->api == NULL) {
        entry.reference_id = ngx_http_promotions_audit_name(args->pool,
                                                        &promotion->source);
    }

    entry.user = promotion->author_email;
    entry.user_name = promotion->author_name;
    entry.key = promotion->key_id;
    entry.patch = NGX_HTTP_PROMOTIONS_AUDIT_ASKED;

    pm_store_audit_property(&entry, "promotion", promotion->id);
    pm_store_audit_property(&entry, "kind", "review");
    pm_store_audit_property(&entry, "apiName", name);
    pm_store_audit_property(&entry, "targetEnvironment",
                            promotion->destination_environment);
    pm_store_audit_property(&entry, "revision",
                            promotion->parts[0].source.commit);
    pm_store_audit_property(&entry, "digest", digest);
    pm_store_audit_property(&entry, "comment", promotion->description);

    ngx_http_promotions_audit_block(args, &entry, 1);
}


void
ngx_http_promotions_audit_accepted(ngx_promotions_args_t *args,
    const pm_promotion_t *promotion, const pm_result_t *result,
    const char *api, ngx_uint_t created)
{
    ngx_uint_t         i, n;
    pm_store_audit_t   entries[3], *entry;

    n = 0;

    ngx_http_promotions_audit_entry(&entries[n++],
                                    PM_STORE_PROMOTION_PROCESSED);

    if (promotion->api != NULL) {
        ngx_http_promotions_audit_entry(&entries[n++],
                                        created ? PM_STORE_API_CREATED
                                                : PM_STORE_API_UPDATED);
    }

    ngx_http_promotions_audit_entry(&entries[n++],
                                    PM_STORE_PROMOTION_COMMITTED);

    for (i = 0; i < n; i++) {
        entry = &entries[i];

        ngx_http_promotions_audit_target(entry, promotion);
        ngx_http_promotions_audit_subject(args, entry, promotion, api);

        entry->user = promotion->author_email;
        entry->user_name = promotion->author_name;
        entry->key = promotion->key_id;

        pm_store_audit_property(entry, "promotion", promotion->id);
        pm_store_audit_property(entry, "kind", "review");
        pm_store_audit_property(entry, "apiName", result->target_name);

        switch (entry->event) {

        case PM_STORE_PROMOTION_PROCESSED:
            entry->patch = NGX_HTTP_PROMOTIONS_AUDIT_ACCEPTED;
            pm_store_audit_property(entry, "status", "ACCEPTED");
            pm_store_audit_property(entry, "reason", promotion->reason);
            pm_store_audit_property(entry, "force",
                                    promotion->expected_digest ? NULL
                                                               : "true");
            break;

        case PM_STORE_API_CREATED:
        case PM_STORE_API_UPDATED:
            ngx_http_promotions_audit_patch(args, entry, result);
            break;

        default:
            break;
        }

        pm_store_audit_property(entry, "sourceEnvironment",
                                promotion->source_environment);
        pm_store_audit_property(entry, "author", promotion->requester_email);
        pm_store_audit_property(entry, "commit", result->commit);
        pm_store_audit_property(entry, "digest", result->digest);
    }

    ngx_http_promotions_audit_block(args, entries, n);
}


/* What the definition gets; one that is found by its trailer is not planned,
 * and says nothing. */

static void
ngx_http_promotions_audit_patch(ngx_promotions_args_t *args,
    pm_store_audit_t *entry, const pm_result_t *result)
{
    u_char  *size;

    entry->patch = result->patch;

    if (result->patch != NULL || result->patch_size == 0) {
        return;
    }

    size = ngx_pnalloc(args->pool, NGX_SIZE_T_LEN + 1);

    if (size == NULL) {
        args->failed = 1;
        return;
    }

    (void) ngx_sprintf(size, "%uz%Z", result->patch_size);

    pm_store_audit_property(entry, "patchOmitted", (char *) size);
}


void
ngx_http_promotions_audit_decided(ngx_promotions_args_t *args,
    const pm_store_key_t *key, const char *id, const char *what,
    const char *reason, redisReply *record)
{
    ngx_uint_t         rejected, api;
    const char        *subject;
    pm_store_audit_t   entry;

    rejected = (ngx_strcmp(what, "reject") == 0);

    ngx_http_promotions_audit_entry(&entry, rejected
                                            ? PM_STORE_PROMOTION_PROCESSED
                                            : PM_STORE_PROMOTION_CANCELLED);
    ngx_http_promotions_audit_place(&entry,
             ngx_http_promotions_record_field(record,
                                              rejected ? "target_environment"
                                                     : "source_environment"));

    /* by nobody: its time is over */

    if (key != NULL) {
        ngx_http_promotions_audit_key(&entry, key);
    }

    subject = ngx_http_promotions_record_field(record, "subject");
    api = (subject != NULL && ngx_strcmp(subject, "api") == 0);

    entry.reference_type = api ? "API" : "APPLICATION";
    entry.reference_id = ngx_http_promotions_record_field(record,
                             api ? "api_id"
                                 : rejected ? "destination" : "source");

    pm_store_audit_property(&entry, "promotion", id);
    pm_store_audit_property(&entry, "kind", "review");
    pm_store_audit_property(&entry, "apiName",
                      ngx_http_promotions_record_field(record, "api_name"));
    pm_store_audit_property(&entry, "status", rejected ? "REJECTED"
                                                       : "CANCELLED");
    entry.patch = rejected ? NGX_HTTP_PROMOTIONS_AUDIT_REJECTED
                           : NGX_HTTP_PROMOTIONS_AUDIT_CANCELLED;

    pm_store_audit_property(&entry, "targetEnvironment",
                      ngx_http_promotions_record_field(record,
                                                       "target_environment"));
    pm_store_audit_property(&entry, "author",
                      ngx_http_promotions_record_field(record,
                                                       "author_email"));
    pm_store_audit_property(&entry, "reason", reason);

    ngx_http_promotions_audit_block(args, &entry, 1);
}


/* api: its id where it is written; NULL: in the source. */

static void
ngx_http_promotions_audit_subject(ngx_promotions_args_t *args,
    pm_store_audit_t *entry, const pm_promotion_t *promotion,
    const char *api)
{
    if (promotion->api != NULL) {
        entry->reference_type = "API";
        entry->reference_id = (api != NULL && *api) ? api
                                                    : promotion->api->id;
        return;
    }

    entry->reference_type = "APPLICATION";
    entry->reference_id = ngx_http_promotions_audit_name(args->pool,
                                                   &promotion->destination);
}
