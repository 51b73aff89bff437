#include "http/ngx_http_promotions_audits_json.h"
#include "http/ngx_http_promotions_management.h"
#include "http/ngx_http_promotions_record.h"
#include "store/pm_store_audit.h"


static void ngx_http_promotions_audits_cleanup(void *data);
static json_t *ngx_http_promotions_audits_entry(
    const ngx_http_promotions_management_t *management, redisReply *fields,
    json_t *properties);
static void ngx_http_promotions_audits_name(json_t *metadata,
    const char *kind, const char *id, const char *name);
static void ngx_http_promotions_audits_reference(json_t *metadata,
    const char *type, const char *id, const json_t *properties);


ngx_http_promotions_audits_t *
ngx_http_promotions_audits_create(ngx_http_promotions_ctx_t *ctx)
{
    ngx_pool_cleanup_t            *cln;
    ngx_http_promotions_audits_t  *audits;

    cln = ngx_pool_cleanup_add(ctx->request->pool,
                               sizeof(ngx_http_promotions_audits_t));
    if (cln == NULL) {
        return NULL;
    }

    audits = cln->data;
    ngx_memzero(audits, sizeof(ngx_http_promotions_audits_t));

    audits->environment = "";
    audits->type = "";
    audits->reference = "";
    audits->event = "";
    audits->at[0] = '+';

    audits->content = json_array();
    audits->metadata = json_object();

    cln->handler = ngx_http_promotions_audits_cleanup;

    return (audits->content != NULL && audits->metadata != NULL) ? audits
                                                                 : NULL;
}


static void
ngx_http_promotions_audits_cleanup(void *data)
{
    ngx_http_promotions_audits_t  *audits = data;

    json_decref(audits->content);
    json_decref(audits->metadata);
}


void
ngx_http_promotions_audits_add(ngx_http_promotions_ctx_t *ctx,
    ngx_http_promotions_audits_t *audits, redisReply *fields)
{
    json_t      *entry, *properties, *value;
    const char  *text, *name, *user;

    text = ngx_http_promotions_record_field(fields, "properties");
    properties = (text != NULL) ? json_loads(text, JSON_REJECT_DUPLICATES,
                                             NULL) : NULL;

    if (!json_is_object(properties)) {
        json_decref(properties);
        properties = json_object();
    }

    entry = ngx_http_promotions_audits_entry(ctx->management, fields,
                                             properties);

    if (entry == NULL
        || json_array_append_new(audits->content, entry) != 0)
    {
        json_decref(properties);
        return;
    }

    user = ngx_http_promotions_record_field(fields, "user");
    name = ngx_http_promotions_record_field(fields, "userName");

    ngx_http_promotions_audits_name(audits->metadata, "USER", user,
                                    (name != NULL && *name) ? name : user);

    ngx_http_promotions_audits_reference(audits->metadata,
             ngx_http_promotions_record_field(fields, "referenceType"),
             ngx_http_promotions_record_field(fields, "referenceId"),
             properties);

    json_object_foreach(properties, name, value) {
        text = json_string_value(value);
        ngx_http_promotions_audits_name(audits->metadata, name, text, text);
    }

    json_decref(properties);
}


static json_t *
ngx_http_promotions_audits_entry(
    const ngx_http_promotions_management_t *management, redisReply *fields,
    json_t *properties)
{
    json_t      *entry, *value;
    ngx_uint_t   i;
    const char  *text;

    entry = json_object();

    for (i = 0; entry != NULL && i < PM_STORE_AUDIT_FIELDS; i++) {

        text = ngx_http_promotions_record_field(fields,
                                                pm_store_audit_fields[i]);

        switch (i) {

        case PM_STORE_AUDIT_USER_NAME:
            continue;

        case PM_STORE_AUDIT_CREATED_AT:
            value = ngx_http_promotions_review_time(management,
                                                    text ? text : "0");
            break;

        case PM_STORE_AUDIT_PROPERTIES_JSON:
            value = json_incref(properties);
            break;

        case PM_STORE_AUDIT_PATCH_JSON:
            value = (text != NULL && *text) ? json_string_nocheck(text)
                                            : json_null();
            break;

        default:
            value = (text != NULL && *text) ? json_string(text) : json_null();
            break;
        }

        if (json_object_set_new(entry, pm_store_audit_fields[i], value) != 0) {
            json_decref(entry);
            return NULL;
        }
    }

    return entry;
}


/* "<kind>:<id>:name" */

static void
ngx_http_promotions_audits_name(json_t *metadata, const char *kind,
    const char *id, const char *name)
{
    json_t  *key;

    if (id == NULL || *id == '\0' || name == NULL) {
        return;
    }

    key = json_sprintf("%s:%s:name", kind, id);

    if (key != NULL) {
        (void) json_object_set_new(metadata, json_string_value(key),
                                   json_string(name));
        json_decref(key);
    }
}


/* What a reference is called: as the catalog says, or the entry itself. */

static void
ngx_http_promotions_audits_reference(json_t *metadata, const char *type,
    const char *id, const json_t *properties)
{
    const char              *name;
    const pm_environment_t  *environment;

    if (type == NULL || id == NULL) {
        return;
    }

    name = id;

    if (ngx_strcmp(type, "ENVIRONMENT") == 0) {
        environment = pm_catalog_environment(
                          ngx_http_promotions_worker.pmcf->catalog, id);
        name = (environment != NULL) ? environment->title : id;

    } else if (ngx_strcmp(type, "APPLICATION") == 0) {
        name = strrchr(id, '/');
        name = (name != NULL) ? name + 1 : id;

    } else if (ngx_strcmp(type, "API") == 0) {
        name = json_string_value(json_object_get(properties, "apiName"));
        name = (name != NULL) ? name : id;
    }

    ngx_http_promotions_audits_name(metadata, type, id, name);
}


json_t *
ngx_http_promotions_audits_page(ngx_http_promotions_audits_t *audits)
{
    json_t  *content, *metadata;

    content = audits->content;
    metadata = audits->metadata;

    audits->content = NULL;
    audits->metadata = NULL;

    return json_pack("{s:o, s:I, s:I, s:I, s:o}",
                     "content", content,
                     "pageNumber", (json_int_t) audits->page,
                     "pageElements", (json_int_t) audits->size,
                     "totalElements", (json_int_t) audits->total,
                     "metadata", metadata);
}
