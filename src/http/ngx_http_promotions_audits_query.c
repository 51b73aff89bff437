#include "http/ngx_http_promotions_audits_json.h"
#include "http/ngx_http_promotions_audit.h"
#include "http/ngx_http_promotions_management.h"
#include "http/ngx_http_promotions_reply.h"


#define NGX_HTTP_PROMOTIONS_AUDITS_SIZE   20
#define NGX_HTTP_PROMOTIONS_AUDITS_MOST   100     /* entries of a page */
#define NGX_HTTP_PROMOTIONS_AUDITS_PAGES  100000

#define NGX_HTTP_PROMOTIONS_AUDITS_TIME   INT64_C(253402300799999)


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


static const char *const  ngx_http_promotions_audits_types[] = {
    "API", "APPLICATION", "ENVIRONMENT", "KEY", "ORGANIZATION", "PRODUCT"
};


const char *
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
