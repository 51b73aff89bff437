#include "http/ngx_http_promotions_management.h"
#include "http/ngx_http_promotions_record.h"
#include "http/ngx_http_promotions_reply.h"


/* A field of the hash, and what it is called in the answer; empty ones are
 * left out. */

typedef struct {
    const char  *field;
    const char  *name;
    ngx_uint_t   required;       /* null where it is empty */
    ngx_uint_t   time;
} ngx_http_promotions_review_field_t;


static json_t *ngx_http_promotions_review_person(const char *key,
    const char *name, const char *email);
static ngx_int_t ngx_http_promotions_review_set(json_t *json,
    const ngx_http_promotions_management_t *management, redisReply *fields,
    const ngx_http_promotions_review_field_t *field);


static const ngx_http_promotions_review_field_t
    ngx_http_promotions_review_names[] =
{
    { "api_id", "apiId", 1, 0 },
    { "target_id", "targetEnvCockpitId", 1, 0 },
    { "target_title", "targetEnvName", 1, 0 },
    { "source_id", "sourceEnvCockpitId", 1, 0 },
    { "source_title", "sourceEnvName", 1, 0 },
    { "created_at", "createdAt", 1, 1 },
    { "updated_at", "updatedAt", 1, 1 },
    { "target_api", "targetApiId", 1, 0 },
    { "comment", "comment", 0, 0 },
    { "decided_at", "decidedAt", 0, 1 },
    { "reason", "reason", 0, 0 },
    { "source_revision", "sourceRevision", 0, 0 },
    { "digest", "digest", 0, 0 },
    { "commit", "commit", 0, 0 },
    { "message", "error", 0, 0 },
    { NULL, NULL, 0, 0 }
};


const char *
ngx_http_promotions_review_status(const char *state)
{
    if (ngx_strcmp(state, "LANDED") == 0) {
        return "ACCEPTED";
    }

    if (ngx_strcmp(state, "CREATED") == 0
        || ngx_strcmp(state, "REJECTED") == 0
        || ngx_strcmp(state, "CANCELLED") == 0
        || ngx_strcmp(state, "ERROR") == 0)
    {
        return state;
    }

    return "TO_BE_VALIDATED";
}


json_t *
ngx_http_promotions_review_time(
    const ngx_http_promotions_management_t *management,
    const char *milliseconds)
{
    int64_t   ms;
    ngx_tm_t  tm;

    ms = strtoll(milliseconds, NULL, 10);

    if (management->version == 1) {
        return json_integer(ms);
    }

    ngx_gmtime((time_t) (ms / 1000), &tm);

    return json_sprintf("%04d-%02d-%02dT%02d:%02d:%02d.%03dZ",
                        tm.ngx_tm_year, tm.ngx_tm_mon, tm.ngx_tm_mday,
                        tm.ngx_tm_hour, tm.ngx_tm_min, tm.ngx_tm_sec,
                        (int) (ms % 1000));
}


json_t *
ngx_http_promotions_review_json(
    const ngx_http_promotions_management_t *management, const char *id,
    redisReply *fields, ngx_uint_t definition)
{
    json_t                                    *json;
    const char                                *state, *status, *text;
    const ngx_http_promotions_review_field_t  *field;

    state = ngx_http_promotions_record_field(fields, "state");
    status = ngx_http_promotions_review_status(state ? state : "CREATED");

    json = json_pack("{s:s, s:s}", "id", id, "status", status);
    if (json == NULL) {
        return NULL;
    }

    if (definition) {
        text = ngx_http_promotions_record_field(fields, "definition");

        (void) json_object_set_new(json, NGX_HTTP_PROMOTIONS_DEFINITION,
                                   text && *text ? json_string_nocheck(text)
                                                 : json_null());
    }

    text = ngx_http_promotions_record_field(fields, "subject");

    if (text == NULL || ngx_strcmp(text, "api") != 0) {
        (void) json_object_set_new(json, "srcAppId",
            ngx_http_promotions_review_application(
                ngx_http_promotions_record_field(fields, "source")));
        (void) json_object_set_new(json, "destAppId",
            ngx_http_promotions_review_application(
                ngx_http_promotions_record_field(fields, "destination")));
    }

    for (field = ngx_http_promotions_review_names; field->field; field++) {
        if (ngx_http_promotions_review_set(json, management, fields, field)
            != NGX_OK)
        {
            json_decref(json);
            return NULL;
        }
    }

    if (ngx_strcmp(status, "TO_BE_VALIDATED") == 0
        && ngx_strcmp(state, status) != 0)
    {
        (void) json_object_set_new(json, "deciding", json_true());
    }

    (void) json_object_set_new(json, "author",
               ngx_http_promotions_review_person(
                   ngx_http_promotions_record_field(fields, "key"),
                   ngx_http_promotions_record_field(fields, "author"),
                   ngx_http_promotions_record_field(fields, "author_email")));

    text = ngx_http_promotions_record_field(fields, "decider_key");

    if (text != NULL && *text != '\0') {
        (void) json_object_set_new(json, "decider",
                   ngx_http_promotions_review_person(text,
                       ngx_http_promotions_record_field(fields, "decider"),
                       ngx_http_promotions_record_field(fields,
                                                        "decider_email")));
    }

    return json;
}


/* From "<runtime>/<namespace>/<name>". */

json_t *
ngx_http_promotions_review_application(const char *text)
{
    const char  *namespace, *name;

    namespace = (text != NULL) ? strchr(text, '/') : NULL;
    name = (namespace != NULL) ? strchr(namespace + 1, '/') : NULL;

    if (name == NULL) {
        return json_null();
    }

    return json_pack("{s:s%, s:s%, s:s}",
                     "runtime", text, (size_t) (namespace - text),
                     "namespace", namespace + 1,
                     (size_t) (name - namespace - 1),
                     "name", name + 1);
}


static json_t *
ngx_http_promotions_review_person(const char *key, const char *name,
    const char *email)
{
    key = (key != NULL) ? key : "";

    return json_pack("{s:s, s:s, s:s, s:s, s:s}", "userId", key,
                     "displayName", name ? name : "",
                     "email", email ? email : "",
                     "source", "promotions", "sourceId", key);
}


static ngx_int_t
ngx_http_promotions_review_set(json_t *json,
    const ngx_http_promotions_management_t *management, redisReply *fields,
    const ngx_http_promotions_review_field_t *field)
{
    json_t      *value;
    const char  *text;

    text = ngx_http_promotions_record_field(fields, field->field);

    if (text == NULL || *text == '\0') {

        if (!field->required) {
            return NGX_OK;
        }

        value = json_null();

    } else if (field->time) {
        value = ngx_http_promotions_review_time(management, text);

    } else {
        value = json_string(text);
    }

    return json_object_set_new(json, field->name, value) == 0 ? NGX_OK
                                                              : NGX_ERROR;
}


ngx_uint_t
ngx_http_promotions_review_visible(const ngx_http_promotions_ctx_t *ctx,
    redisReply *fields)
{
    const char  *organization, *review;

    review = ngx_http_promotions_record_field(fields, "review");
    organization = ngx_http_promotions_record_field(fields, "organization");

    /* what Redis holds is not trusted to be whole */

    return review != NULL && organization != NULL
           && ngx_http_promotions_record_field(fields, "source_environment")
              != NULL
           && ngx_http_promotions_record_field(fields, "target_environment")
              != NULL
           && ngx_strcmp(organization, ctx->management->organization) == 0
           && ngx_http_promotions_record_visible(ctx->key, fields);
}


ngx_int_t
ngx_http_promotions_review_headers(ngx_http_promotions_ctx_t *ctx,
    const char *id)
{
    size_t                           len;
    char                            *path;
    ngx_str_t                       *prefix;
    ngx_http_promotions_loc_conf_t  *plcf;

    if (ctx->management->named) {
        return NGX_OK;
    }

    plcf = ngx_http_get_module_loc_conf(ctx->request,
                                        ngx_http_promotions_module);
    prefix = &plcf->prefix;

    path = pm_arena_printf(ctx->arena, "%.*s%s%sorganizations/%s/promotions/"
                           "%s", (int) prefix->len, (char *) prefix->data,
                           prefix->data[prefix->len - 1] == '/' ? "" : "/",
                           ctx->management->version == 2 ? "v2/" : "",
                           ctx->management->organization, id);
    if (path == NULL) {
        return NGX_ERROR;
    }

    len = ngx_strlen(path);

    if (ngx_http_promotions_add_header(ctx->request, "Location", path, len)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    ctx->management->named = 1;

    return ngx_http_promotions_add_header(ctx->request, "Promotion-Id", id,
                                          ngx_strlen(id));
}


ngx_int_t
ngx_http_promotions_review_send(ngx_http_promotions_ctx_t *ctx,
    ngx_uint_t status, const char *id, redisReply *fields)
{
    if (ngx_http_promotions_review_headers(ctx, id) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_promotions_management_send(ctx, status,
               ngx_http_promotions_review_json(ctx->management, id, fields,
                                               1),
               NGX_HTTP_PROMOTIONS_DEFINITION);
}
