#include "http/ngx_http_promotions_audits.h"
#include "http/ngx_http_promotions_audit.h"
#include "http/ngx_http_promotions_audits_json.h"
#include "http/ngx_http_promotions_management.h"
#include "http/ngx_http_promotions_record.h"
#include "http/ngx_http_promotions_reply.h"
#include "http/ngx_http_promotions_wait.h"


#define NGX_HTTP_PROMOTIONS_AUDITS_SIZE   20
#define NGX_HTTP_PROMOTIONS_AUDITS_MOST   100     /* entries of a page */
#define NGX_HTTP_PROMOTIONS_AUDITS_PAGES  100000

/* Redis is held for so many entries, and asked so often, by one request. */

#define NGX_HTTP_PROMOTIONS_AUDITS_LOOK   500
#define NGX_HTTP_PROMOTIONS_AUDITS_ROUNDS 200

/* An entry is made before it is in the stream, by another clock: ms. */

#define NGX_HTTP_PROMOTIONS_AUDITS_SLACK  300000

#define NGX_HTTP_PROMOTIONS_AUDITS_TIME   INT64_C(253402300799999)


static ngx_uint_t ngx_http_promotions_audits_allowed(
    ngx_http_promotions_ctx_t *ctx, const pm_environment_t *environment);
static ngx_int_t ngx_http_promotions_audits_refuse(
    ngx_http_promotions_ctx_t *ctx, const pm_environment_t *environment);
static const char *ngx_http_promotions_audits_read(
    ngx_http_promotions_ctx_t *ctx, ngx_http_promotions_audits_t *audits);
static const char *ngx_http_promotions_audits_names(
    ngx_http_promotions_ctx_t *ctx, ngx_http_promotions_audits_t *audits);
static const char *ngx_http_promotions_audits_where(
    ngx_http_promotions_ctx_t *ctx, ngx_http_promotions_audits_t *audits);
static const char *ngx_http_promotions_audits_known(const char *name,
    const char *value, const char *const *values, ngx_uint_t n,
    pm_arena_t *arena);
static ngx_int_t ngx_http_promotions_audits_number(ngx_http_request_t *r,
    const char *name, int64_t least, int64_t most, int64_t *number);
static const char *ngx_http_promotions_audits_text(
    ngx_http_promotions_ctx_t *ctx, const char *name);
static ngx_int_t ngx_http_promotions_audits_ask(
    ngx_http_promotions_ctx_t *ctx);
static void ngx_http_promotions_audits_found(void *data, redisReply *reply);


static const char *const  ngx_http_promotions_audits_types[] = {
    "API", "APPLICATION", "ENVIRONMENT", "KEY", "ORGANIZATION", "PRODUCT"
};


ngx_int_t
ngx_http_promotions_audits(ngx_http_request_t *r)
{
    ngx_int_t                      rc;
    const char                    *fault;
    ngx_http_promotions_ctx_t     *ctx;
    ngx_http_promotions_audits_t  *audits;

    ctx = ngx_http_promotions_get_ctx(r);

    if (ctx == NULL || ngx_http_promotions_discard_body(r) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    audits = ngx_http_promotions_audits_create(ctx);
    if (audits == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ctx->audits = audits;

    fault = ngx_http_promotions_audits_read(ctx, audits);

    if (fault != NULL) {
        return ngx_http_promotions_management_error(r, NGX_HTTP_BAD_REQUEST,
                                                    NULL, fault, NULL);
    }

    if (!ngx_http_promotions_audits_allowed(ctx, audits->place)) {
        return ngx_http_promotions_audits_refuse(ctx, audits->place);
    }

    rc = ngx_http_promotions_audits_ask(ctx);

    if (rc != NGX_AGAIN) {
        return rc;
    }

    r->main->count++;

    return NGX_DONE;
}


ngx_int_t
ngx_http_promotions_audit_events(ngx_http_request_t *r)
{
    json_t                     *json;
    ngx_uint_t                  i;
    ngx_http_promotions_ctx_t  *ctx;

    ctx = ngx_http_promotions_get_ctx(r);

    if (ctx == NULL || ngx_http_promotions_discard_body(r) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (!ngx_http_promotions_audits_allowed(ctx, ctx->management->environment))
    {
        return ngx_http_promotions_audits_refuse(ctx,
                                                ctx->management->environment);
    }

    json = json_array();

    for (i = 0; i < PM_STORE_AUDIT_EVENTS; i++) {
        (void) json_array_append_new(json,
                                     json_string(pm_store_audit_events[i]));
    }

    return ngx_http_promotions_send_json(r, NGX_HTTP_OK, json);
}


/* environment: the one that is asked for; NULL: the whole organization. */

static ngx_uint_t
ngx_http_promotions_audits_allowed(ngx_http_promotions_ctx_t *ctx,
    const pm_environment_t *environment)
{
    size_t                   i;
    pm_catalog_t            *catalog;
    const pm_environment_t  *other;

    if (environment != NULL
        && pm_store_key_allows(ctx->key, "ENVIRONMENT_AUDIT", PM_STORE_READ,
                               environment->name, environment->id))
    {
        return 1;
    }

    catalog = ngx_http_promotions_worker.pmcf->catalog;

    for (i = 0; i < pm_catalog_nenvironments(catalog); i++) {
        other = pm_catalog_environments(catalog, i);

        if (ngx_strcmp(other->organization, ctx->management->organization)
            == 0
            && pm_store_key_allows(ctx->key, "ORGANIZATION_AUDIT",
                                   PM_STORE_READ, other->name, other->id))
        {
            return 1;
        }
    }

    return 0;
}


static ngx_int_t
ngx_http_promotions_audits_refuse(ngx_http_promotions_ctx_t *ctx,
    const pm_environment_t *environment)
{
    if (environment != NULL) {
        ngx_http_promotions_denied_is(ctx, environment->name, NULL, NULL);

    } else {
        ngx_http_promotions_denied_is(ctx, NULL, "ORGANIZATION",
                                      ctx->management->organization);
    }

    return ngx_http_promotions_management_forbidden(ctx->request);
}


/* The query; NULL, or what is wrong with it. */

static const char *
ngx_http_promotions_audits_read(ngx_http_promotions_ctx_t *ctx,
    ngx_http_promotions_audits_t *audits)
{
    int64_t  page, size;

    page = 1;
    size = NGX_HTTP_PROMOTIONS_AUDITS_SIZE;
    audits->to = NGX_HTTP_PROMOTIONS_AUDITS_TIME;

    if (ngx_http_promotions_audits_number(ctx->request, "page", 1,
                                          NGX_HTTP_PROMOTIONS_AUDITS_PAGES,
                                          &page)
        != NGX_OK)
    {
        return "page must be a number from 1 to 100000";
    }

    if (ngx_http_promotions_audits_number(ctx->request, "size", 1,
                                          NGX_HTTP_PROMOTIONS_AUDITS_MOST,
                                          &size)
        != NGX_OK)
    {
        return "size must be a number from 1 to 100";
    }

    if (ngx_http_promotions_audits_number(ctx->request, "from", 0,
                                          NGX_HTTP_PROMOTIONS_AUDITS_TIME,
                                          &audits->from)
        != NGX_OK
        || ngx_http_promotions_audits_number(ctx->request, "to", 0,
                                          NGX_HTTP_PROMOTIONS_AUDITS_TIME,
                                          &audits->to)
           != NGX_OK)
    {
        return "from and to must be milliseconds since 1970";
    }

    /* clients that name no end send 0 */

    if (audits->to == 0) {
        audits->to = NGX_HTTP_PROMOTIONS_AUDITS_TIME;
    }

    if (audits->to < NGX_HTTP_PROMOTIONS_AUDITS_TIME
                     - NGX_HTTP_PROMOTIONS_AUDITS_SLACK)
    {
        (void) ngx_sprintf(audits->at, "%L%Z",
                           audits->to + NGX_HTTP_PROMOTIONS_AUDITS_SLACK);
    }

    audits->page = (ngx_uint_t) page;
    audits->size = (ngx_uint_t) size;

    return ngx_http_promotions_audits_names(ctx, audits);
}


static const char *
ngx_http_promotions_audits_names(ngx_http_promotions_ctx_t *ctx,
    ngx_http_promotions_audits_t *audits)
{
    const char  *api, *application, *type, *fault;

    api = ngx_http_promotions_audits_text(ctx, "api");
    application = ngx_http_promotions_audits_text(ctx, "application");
    audits->type = ngx_http_promotions_audits_text(ctx, "type");
    audits->event = ngx_http_promotions_audits_text(ctx, "event");

    fault = ngx_http_promotions_audits_known("type", audits->type,
                ngx_http_promotions_audits_types,
                sizeof(ngx_http_promotions_audits_types) / sizeof(char *),
                ctx->arena);

    if (fault == NULL) {
        fault = ngx_http_promotions_audits_known("event", audits->event,
                    pm_store_audit_events, PM_STORE_AUDIT_EVENTS, ctx->arena);
    }

    if (fault != NULL) {
        return fault;
    }

    if (*api && *application) {
        return "either api or application, not both";
    }

    if (*api || *application) {
        type = *api ? "API" : "APPLICATION";

        if (*audits->type && ngx_strcmp(audits->type, type) != 0) {
            return "type must be that of api or application";
        }

        audits->type = type;
        audits->reference = *api ? api : application;
    }

    fault = ngx_http_promotions_audits_where(ctx, audits);

    return (fault == NULL && audits->odd) ? "names must have no NUL" : fault;
}


/* The environment of the path, or the one that the query names. */

static const char *
ngx_http_promotions_audits_where(ngx_http_promotions_ctx_t *ctx,
    ngx_http_promotions_audits_t *audits)
{
    const char              *name;
    const pm_environment_t  *place;

    name = ngx_http_promotions_audits_text(ctx, "environment");
    place = ctx->management->environment;

    if (place != NULL) {
        if (*name && ngx_strcmp(name, place->name) != 0
            && ngx_strcmp(name, place->id) != 0)
        {
            return "environment must be that of the path";
        }

    } else if (*name) {
        place = pm_catalog_environment(
                    ngx_http_promotions_worker.pmcf->catalog, name);

        if (place != NULL
            && ngx_strcmp(place->organization, ctx->management->organization)
               != 0)
        {
            place = NULL;
        }
    }

    /* one that has left the catalog is found by its id */

    audits->place = place;
    audits->environment = (place != NULL) ? place->id : name;

    /* what is of no organization is of none of its environments */

    audits->others = *audits->environment == '\0'
                     && pm_store_key_allows(ctx->key, "ORGANIZATION_AUDIT",
                                            PM_STORE_READ, NULL, NULL);

    return NULL;
}


/* NULL: it is one of values, or empty. */

static const char *
ngx_http_promotions_audits_known(const char *name, const char *value,
    const char *const *values, ngx_uint_t n, pm_arena_t *arena)
{
    ngx_uint_t   i;
    const char  *fault;

    if (*value == '\0') {
        return NULL;
    }

    fault = pm_arena_printf(arena, "%s must be one of", name);

    for (i = 0; i < n; i++) {
        if (ngx_strcmp(value, values[i]) == 0) {
            return NULL;
        }

        if (fault != NULL) {
            fault = pm_arena_printf(arena, "%s%s %s", fault, i ? "," : "",
                                    values[i]);
        }
    }

    return (fault != NULL) ? fault : "the query cannot be understood";
}


/* NGX_ERROR: it is none; *number stays where there is none. */

static ngx_int_t
ngx_http_promotions_audits_number(ngx_http_request_t *r, const char *name,
    int64_t least, int64_t most, int64_t *number)
{
    off_t      n;
    ngx_str_t  text;

    text = ngx_http_promotions_query(r, name);

    if (text.len == 0) {
        return NGX_OK;
    }

    n = ngx_atoof(text.data, text.len);

    if (n == (off_t) NGX_ERROR || n < least || n > most) {
        return NGX_ERROR;
    }

    *number = n;

    return NGX_OK;
}


/* "" where there is none. */

static const char *
ngx_http_promotions_audits_text(ngx_http_promotions_ctx_t *ctx,
    const char *name)
{
    char       *copy;
    ngx_str_t   text;

    text = ngx_http_promotions_query(ctx->request, name);

    /* no entry has a text with a NUL */

    if (text.len > 0 && memchr(text.data, '\0', text.len) != NULL) {
        ctx->audits->odd = 1;
        return "";
    }

    copy = pm_arena_strndup(ctx->arena, (char *) text.data, text.len);

    return (copy != NULL) ? copy : "";
}


static ngx_int_t
ngx_http_promotions_audits_ask(ngx_http_promotions_ctx_t *ctx)
{
    ngx_uint_t                     before, have;
    ngx_promotions_args_t          args;
    ngx_http_promotions_asked_t   *asked;
    ngx_http_promotions_audits_t  *audits;

    audits = ctx->audits;
    before = (audits->page - 1) * audits->size;
    have = json_array_size(audits->content);

    if (ngx_http_promotions_results_args(&args) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_promotions_args_string(&args, (char *) audits->at);
    ngx_promotions_args_number(&args,
                               ngx_max(audits->from
                                       - NGX_HTTP_PROMOTIONS_AUDITS_SLACK, 0));
    ngx_promotions_args_number(&args, NGX_HTTP_PROMOTIONS_AUDITS_LOOK);
    ngx_promotions_args_number(&args, before > audits->total
                                      ? before - audits->total : 0);
    ngx_promotions_args_number(&args, audits->size - have);
    ngx_promotions_args_number(&args, audits->from);
    ngx_promotions_args_number(&args, audits->to);
    ngx_promotions_args_number(&args, audits->others);
    ngx_promotions_args_string(&args, ctx->management->organization);
    ngx_promotions_args_string(&args, audits->environment);
    ngx_promotions_args_string(&args, audits->type);
    ngx_promotions_args_string(&args, audits->reference);
    ngx_promotions_args_string(&args, audits->event);

    asked = ngx_http_promotions_asked(ctx);

    if (asked == NULL) {
        ngx_destroy_pool(args.pool);
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (ngx_http_promotions_script_send(&args, "audits",
                                        ngx_http_promotions_audits_found,
                                        asked)
        != NGX_OK)
    {
        ngx_free(asked);
        return ngx_http_promotions_management_unavailable(ctx->request);
    }

    return NGX_AGAIN;
}


static void
ngx_http_promotions_audits_found(void *data, redisReply *reply)
{
    ngx_int_t                      rc;
    ngx_uint_t                     i;
    ngx_str_t                      at;
    ngx_http_promotions_ctx_t     *ctx;
    ngx_http_promotions_audits_t  *audits;

    ctx = ngx_http_promotions_asked_ctx(data);

    if (ctx == NULL) {
        return;
    }

    audits = ctx->audits;

    if (reply == NULL || reply->type != REDIS_REPLY_ARRAY
        || reply->elements < 2)
    {
        ngx_http_promotions_finish(ctx,
                  ngx_http_promotions_management_unavailable(ctx->request));
        return;
    }

    audits->total += ngx_promotions_reply_number(reply, 1);

    for (i = 2; i < reply->elements; i++) {
        ngx_http_promotions_audits_add(ctx, audits, reply->element[i]);
    }

    at = ngx_promotions_reply_text(reply, 0);

    if (at.len == 0 || at.len >= sizeof(audits->at)
        || ++audits->rounds == NGX_HTTP_PROMOTIONS_AUDITS_ROUNDS)
    {
        rc = ngx_http_promotions_management_send(ctx, NGX_HTTP_OK,
                                      ngx_http_promotions_audits_page(audits),
                                      "patch");
        goto done;
    }

    (void) ngx_cpystrn(audits->at, at.data, at.len + 1);

    rc = ngx_http_promotions_audits_ask(ctx);

done:

    if (rc != NGX_AGAIN) {
        ngx_http_promotions_finish(ctx, rc);
    }
}
