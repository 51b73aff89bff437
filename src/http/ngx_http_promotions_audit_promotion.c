#include "http/ngx_http_promotions_audit.h"
#include "http/ngx_http_promotions_record.h"


static void ngx_http_promotions_audit_application(
    ngx_promotions_args_t *args, pm_store_audit_t *entry,
    const pm_application_id_t *id);


void
ngx_http_promotions_audit_created(ngx_promotions_args_t *args,
    const pm_promotion_t *promotion, const pm_store_key_t *key)
{
    pm_store_audit_t            entry;
    const pm_application_id_t  *about;

    /* what is undone is undone where it is */

    about = promotion->revert_commit ? &promotion->destination
                                     : &promotion->source;

    ngx_http_promotions_audit_entry(&entry, PM_STORE_PROMOTION_CREATED);
    ngx_http_promotions_audit_key(&entry, key);
    ngx_http_promotions_audit_place(&entry, promotion->revert_commit
                                    ? promotion->destination_environment
                                    : promotion->source_environment);
    ngx_http_promotions_audit_application(args, &entry, about);

    pm_store_audit_property(&entry, "promotion", promotion->id);
    pm_store_audit_property(&entry, "group", promotion->group);
    pm_store_audit_property(&entry, "kind", pm_promotion_kind(promotion));
    pm_store_audit_property(&entry, "source",
                            ngx_http_promotions_audit_name(args->pool,
                                                     &promotion->source));
    pm_store_audit_property(&entry, "destination",
                            ngx_http_promotions_audit_name(args->pool,
                                                  &promotion->destination));
    pm_store_audit_property(&entry, "targetEnvironment",
                            promotion->destination_environment);
    pm_store_audit_property(&entry, "reverts", promotion->revert_commit);
    pm_store_audit_property(&entry, "override", promotion->overridden);

    ngx_http_promotions_audit_block(args, &entry, 1);
}


void
ngx_http_promotions_audit_committed(ngx_promotions_args_t *args,
    const pm_promotion_t *promotion, const pm_result_t *result)
{
    pm_store_audit_t  entry;

    ngx_http_promotions_audit_entry(&entry, result->pull != NULL
                                            ? PM_STORE_PULL_REQUEST_OPENED
                                            : PM_STORE_PROMOTION_COMMITTED);
    ngx_http_promotions_audit_target(&entry, promotion);
    ngx_http_promotions_audit_application(args, &entry,
                                          &promotion->destination);

    entry.user = promotion->author_email;
    entry.user_name = promotion->author_name;
    entry.key = promotion->key_id;

    pm_store_audit_property(&entry, "promotion", promotion->id);
    pm_store_audit_property(&entry, "group", promotion->group);
    pm_store_audit_property(&entry, "source",
                            ngx_http_promotions_audit_name(args->pool,
                                                     &promotion->source));
    pm_store_audit_property(&entry, "commit", result->commit);
    pm_store_audit_property(&entry, "digest", result->digest);
    pm_store_audit_property(&entry, "reverts", promotion->revert_commit);
    pm_store_audit_property(&entry, "override", promotion->overridden);

    if (result->pull != NULL) {
        pm_store_audit_property(&entry, "head", result->pull->head);
        pm_store_audit_property(&entry, "base", result->pull->base);
        pm_store_audit_property(&entry, "pullRequest", result->pull->url);
    }

    ngx_http_promotions_audit_block(args, &entry, 1);
}


void
ngx_http_promotions_audit_cancelled(ngx_promotions_args_t *args,
    const pm_store_key_t *key, const ngx_str_t *id, redisReply *record)
{
    u_char            *promotion;
    ngx_uint_t         reverts;
    const char        *kind;
    pm_store_audit_t   entry;

    promotion = ngx_pnalloc(args->pool, id->len + 1);

    if (promotion == NULL) {
        args->failed = 1;
        return;
    }

    (void) ngx_cpystrn(promotion, id->data, id->len + 1);

    kind = ngx_http_promotions_record_field(record, "kind");
    reverts = (kind != NULL && ngx_strcmp(kind, "revert") == 0);

    ngx_http_promotions_audit_entry(&entry, PM_STORE_PROMOTION_CANCELLED);
    ngx_http_promotions_audit_key(&entry, key);
    ngx_http_promotions_audit_place(&entry,
             ngx_http_promotions_record_field(record,
                                              reverts ? "target_environment"
                                                    : "source_environment"));

    entry.reference_type = "APPLICATION";
    entry.reference_id = ngx_http_promotions_record_field(record,
                                         reverts ? "destination" : "source");

    pm_store_audit_property(&entry, "promotion", (char *) promotion);
    pm_store_audit_property(&entry, "group",
                      ngx_http_promotions_record_field(record, "group"));
    pm_store_audit_property(&entry, "kind", kind);
    pm_store_audit_property(&entry, "destination",
                      ngx_http_promotions_record_field(record, "destination"));
    pm_store_audit_property(&entry, "targetEnvironment",
                      ngx_http_promotions_record_field(record,
                                                       "target_environment"));
    pm_store_audit_property(&entry, "author",
                      ngx_http_promotions_record_field(record, "author"));

    ngx_http_promotions_audit_block(args, &entry, 1);
}


static void
ngx_http_promotions_audit_application(ngx_promotions_args_t *args,
    pm_store_audit_t *entry, const pm_application_id_t *id)
{
    entry->reference_type = "APPLICATION";
    entry->reference_id = ngx_http_promotions_audit_name(args->pool, id);

    if (entry->reference_id == NULL && id->name != NULL) {
        args->failed = 1;
    }
}


const char *
ngx_http_promotions_audit_name(ngx_pool_t *pool,
    const pm_application_id_t *id)
{
    u_char  *name;
    size_t   size;

    if (id->name == NULL) {
        return NULL;
    }

    size = ngx_strlen(id->runtime) + ngx_strlen(id->namespace)
           + ngx_strlen(id->name) + sizeof("//");

    name = ngx_pnalloc(pool, size);

    if (name != NULL) {
        (void) ngx_sprintf(name, "%s/%s/%s%Z", id->runtime, id->namespace,
                           id->name);
    }

    return (const char *) name;
}
