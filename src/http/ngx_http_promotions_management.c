#include "http/ngx_http_promotions_management.h"
#include "http/ngx_http_promotions_audits.h"
#include "http/ngx_http_promotions_reply.h"
#include "store/pm_store_id.h"


#define NGX_HTTP_PROMOTIONS_SEGMENTS  10


/*
 * What follows the base, which is organizations/{org} or, where environment
 * is 1, organizations/{org}/environments/{env}; below v2/ also
 * environments/{env}.  "{id}" is a promotion's id, "{}" any other name.
 * Methods that share a path stand together: the first of them has the Allow
 * header for all.
 */

typedef struct {
    const char           *path;
    ngx_uint_t            environment;
    ngx_uint_t            methods;
    const char           *allow;
    ngx_http_handler_pt   handler;
} ngx_http_promotions_management_route_t;


typedef struct {
    ngx_str_t   items[NGX_HTTP_PROMOTIONS_SEGMENTS];
    ngx_uint_t  n;
    ngx_uint_t  at;          /* those before it are of the base */
} ngx_http_promotions_segments_t;


static ngx_int_t ngx_http_promotions_management_split(ngx_http_request_t *r,
    ngx_http_promotions_segments_t *segments);
static ngx_int_t ngx_http_promotions_management_base(
    ngx_http_promotions_ctx_t *ctx, ngx_http_promotions_segments_t *segments,
    pm_error_t *err);
static ngx_uint_t ngx_http_promotions_management_is(
    const ngx_http_promotions_segments_t *segments, const char *name);
static const char *ngx_http_promotions_management_next(
    ngx_http_promotions_ctx_t *ctx, ngx_http_promotions_segments_t *segments);
static ngx_int_t ngx_http_promotions_management_route(
    ngx_http_promotions_ctx_t *ctx, ngx_http_promotions_segments_t *segments);
static ngx_uint_t ngx_http_promotions_management_match(
    ngx_http_promotions_ctx_t *ctx,
    const ngx_http_promotions_segments_t *segments, const char *path);
static ngx_int_t ngx_http_promotions_management_place(
    ngx_http_promotions_management_t *management, const char *environment,
    pm_error_t *err);
static ngx_int_t ngx_http_promotions_management_refuse(ngx_http_request_t *r,
    const pm_error_t *err);
static ngx_int_t ngx_http_promotions_management_not_found(
    ngx_http_request_t *r);


static const ngx_http_promotions_management_route_t
    ngx_http_promotions_management_routes[] =
{
    { "promotion-targets", 1,
      NGX_HTTP_GET|NGX_HTTP_HEAD,
      "GET, HEAD",
      ngx_http_promotions_review_targets },

    { "apis", 1,
      NGX_HTTP_GET|NGX_HTTP_HEAD,
      "GET, HEAD",
      ngx_http_promotions_review_apis },

    { "apis/{}/_promote", 1,
      NGX_HTTP_POST,
      "POST",
      ngx_http_promotions_request_api },

    { "applications/{}/{}/_promote", 1,
      NGX_HTTP_POST,
      "POST",
      ngx_http_promotions_request_application },

    { "promotions/_search", 0,
      NGX_HTTP_POST,
      "POST",
      ngx_http_promotions_review_search },

    { "promotions/{id}", 0,
      NGX_HTTP_GET|NGX_HTTP_HEAD,
      "GET, HEAD, DELETE",
      ngx_http_promotions_review_show },

    { "promotions/{id}", 0,
      NGX_HTTP_DELETE,
      "GET, HEAD, DELETE",
      ngx_http_promotions_withdraw },

    { "promotions/{id}/diff", 0,
      NGX_HTTP_GET|NGX_HTTP_HEAD,
      "GET, HEAD",
      ngx_http_promotions_review_diff },

    { "promotions/{id}/_process", 0,
      NGX_HTTP_POST,
      "POST",
      ngx_http_promotions_process },

    { "audit", 0,
      NGX_HTTP_GET|NGX_HTTP_HEAD,
      "GET, HEAD",
      ngx_http_promotions_audits },

    { "audit", 1,
      NGX_HTTP_GET|NGX_HTTP_HEAD,
      "GET, HEAD",
      ngx_http_promotions_audits },

    { "audit/events", 0,
      NGX_HTTP_GET|NGX_HTTP_HEAD,
      "GET, HEAD",
      ngx_http_promotions_audit_events },

    { "audit/events", 1,
      NGX_HTTP_GET|NGX_HTTP_HEAD,
      "GET, HEAD",
      ngx_http_promotions_audit_events },

    { "user/tasks", 0,
      NGX_HTTP_GET|NGX_HTTP_HEAD,
      "GET, HEAD",
      ngx_http_promotions_review_tasks },

    { NULL, 0, 0, NULL, NULL }
};


ngx_int_t
ngx_http_promotions_management_handler(ngx_http_request_t *r)
{
    ngx_int_t                        rc;
    pm_error_t                       err;
    ngx_http_promotions_ctx_t       *ctx;
    ngx_http_promotions_segments_t   segments;

    /* the access phase is skipped for subrequests: they hold no key */

    if (r != r->main) {
        return NGX_HTTP_FORBIDDEN;
    }

    ctx = ngx_http_promotions_get_ctx(r);
    if (ctx == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ctx->management = pm_arena_zalloc(ctx->arena,
                                  sizeof(ngx_http_promotions_management_t));
    if (ctx->management == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ctx->management->version = 1;

    rc = ngx_http_promotions_management_split(r, &segments);

    if (rc == NGX_OK && segments.n > 0
        && ngx_http_promotions_management_is(&segments, "v2"))
    {
        ctx->management->version = 2;
        segments.at++;
    }

    if (ctx->key == NULL) {
        return ngx_http_promotions_unauthorized(r, ctx);
    }

    if (rc == NGX_OK) {
        rc = ngx_http_promotions_management_base(ctx, &segments, &err);
    }

    if (rc == NGX_DECLINED) {
        return ngx_http_promotions_management_not_found(r);
    }

    if (rc != NGX_OK) {
        return ngx_http_promotions_management_refuse(r, &err);
    }

    return ngx_http_promotions_management_route(ctx, &segments);
}


/* NGX_DECLINED: no route has so many. */

static ngx_int_t
ngx_http_promotions_management_split(ngx_http_request_t *r,
    ngx_http_promotions_segments_t *segments)
{
    u_char     *p, *last;
    ngx_str_t   path;

    ngx_memzero(segments, sizeof(ngx_http_promotions_segments_t));

    if (ngx_http_promotions_route_path(r, &path) != NGX_OK) {
        return NGX_DECLINED;
    }

    p = path.data;
    last = p + path.len;

    while (p < last) {

        if (segments->n == NGX_HTTP_PROMOTIONS_SEGMENTS) {
            return NGX_DECLINED;
        }

        segments->items[segments->n].data = p;

        while (p < last && *p != '/') {
            p++;
        }

        segments->items[segments->n].len =
                                      p - segments->items[segments->n].data;

        if (segments->items[segments->n++].len == 0) {
            return NGX_DECLINED;
        }

        p++;
    }

    return NGX_OK;
}


/* The organization and the environment, where the path has them.
 * NGX_DECLINED: no route begins so; NGX_ERROR: err says which is unknown. */

static ngx_int_t
ngx_http_promotions_management_base(ngx_http_promotions_ctx_t *ctx,
    ngx_http_promotions_segments_t *segments, pm_error_t *err)
{
    const char                        *environment;
    ngx_http_promotions_management_t  *management;

    management = ctx->management;
    environment = NULL;

    if (ngx_http_promotions_management_is(segments, "organizations")) {
        segments->at++;
        management->organization =
                         ngx_http_promotions_management_next(ctx, segments);

        if (management->organization == NULL) {
            return NGX_DECLINED;
        }

    } else if (management->version == 1) {
        return NGX_DECLINED;
    }

    if (ngx_http_promotions_management_is(segments, "environments")) {
        segments->at++;
        environment = ngx_http_promotions_management_next(ctx, segments);

        if (environment == NULL) {
            return NGX_DECLINED;
        }
    }

    if (management->organization == NULL && environment == NULL) {
        return NGX_DECLINED;
    }

    return ngx_http_promotions_management_place(management, environment, err);
}


static ngx_uint_t
ngx_http_promotions_management_is(
    const ngx_http_promotions_segments_t *segments, const char *name)
{
    const ngx_str_t  *item;

    if (segments->at >= segments->n) {
        return 0;
    }

    item = &segments->items[segments->at];

    return item->len == ngx_strlen(name)
           && ngx_strncmp(item->data, name, item->len) == 0;
}


/* NULL: there is none, it cannot be a name, or there is no memory. */

static const char *
ngx_http_promotions_management_next(ngx_http_promotions_ctx_t *ctx,
    ngx_http_promotions_segments_t *segments)
{
    const ngx_str_t  *item;

    if (segments->at >= segments->n) {
        return NULL;
    }

    item = &segments->items[segments->at++];

    if (memchr(item->data, '\0', item->len) != NULL
        || pm_utf8_valid((char *) item->data, item->len) != item->len)
    {
        return NULL;
    }

    return pm_arena_strndup(ctx->arena, (char *) item->data, item->len);
}


/* Both must be of the catalog, and the one of the other. */

static ngx_int_t
ngx_http_promotions_management_place(
    ngx_http_promotions_management_t *management, const char *environment,
    pm_error_t *err)
{
    size_t                   i;
    pm_catalog_t            *catalog;
    const pm_environment_t  *found;

    catalog = ngx_http_promotions_worker.pmcf->catalog;

    for (i = 0; management->organization != NULL; i++) {
        found = pm_catalog_environments(catalog, i);

        if (found == NULL) {
            (void) pm_error_named(err, PM_NOT_FOUND, "organization.notFound",
                                  "Organization [%s] cannot be found.",
                                  management->organization);
            return NGX_ERROR;
        }

        if (ngx_strcmp(found->organization, management->organization) == 0) {
            break;
        }
    }

    if (environment == NULL) {
        return NGX_OK;
    }

    found = pm_catalog_environment(catalog, environment);

    if (found == NULL
        || (management->organization != NULL
            && ngx_strcmp(found->organization, management->organization)
               != 0))
    {
        (void) pm_error_named(err, PM_NOT_FOUND, "environment.notFound",
                              "Environment [%s] cannot be found.",
                              environment);
        return NGX_ERROR;
    }

    management->environment = found;
    management->organization = found->organization;

    return NGX_OK;
}


static ngx_int_t
ngx_http_promotions_management_route(ngx_http_promotions_ctx_t *ctx,
    ngx_http_promotions_segments_t *segments)
{
    ngx_http_request_t                            *r;
    const ngx_http_promotions_management_route_t  *route, *other;

    r = ctx->request;
    other = NULL;

    for (route = ngx_http_promotions_management_routes; route->path; route++) {

        /* a name of its own is no id, whatever the method */

        if ((other != NULL && ngx_strcmp(route->path, other->path) != 0)
            || route->environment != (ctx->management->environment != NULL)
            || !ngx_http_promotions_management_match(ctx, segments,
                                                     route->path))
        {
            continue;
        }

        if (r->method & route->methods) {

            /* an id that can be none is of a promotion that nobody has */

            if (strstr(route->path, "{id}") != NULL && ctx->target.len == 0) {
                if (ngx_http_promotions_discard_body(r) != NGX_OK) {
                    return NGX_HTTP_INTERNAL_SERVER_ERROR;
                }

                ctx->target.data = (u_char *) ctx->management->names[0];
                ctx->target.len = ngx_strlen(ctx->management->names[0]);

                return ngx_http_promotions_management_missing(ctx);
            }

            return route->handler(r);
        }

        if (other == NULL) {
            other = route;
        }
    }

    if (other == NULL) {
        return ngx_http_promotions_management_not_found(r);
    }

    return ngx_http_promotions_not_allowed(r, other->allow);
}


static ngx_uint_t
ngx_http_promotions_management_match(ngx_http_promotions_ctx_t *ctx,
    const ngx_http_promotions_segments_t *segments, const char *path)
{
    size_t                          len;
    ngx_uint_t                      n;
    const char                     *name;
    ngx_http_promotions_segments_t  left;

    left = *segments;
    n = 0;

    for ( /* void */ ; *path; path += len + (path[len] == '/')) {
        len = strcspn(path, "/");

        if (left.at >= left.n) {
            return 0;
        }

        if (*path != '{') {

            if (left.items[left.at].len != len
                || ngx_strncmp(left.items[left.at].data, path, len) != 0)
            {
                return 0;
            }

            left.at++;
            continue;
        }

        name = ngx_http_promotions_management_next(ctx, &left);

        if (name == NULL) {
            return 0;
        }

        ctx->management->names[n++] = name;

        if (len > 2) {
            ctx->target.len = 0;

            if (pm_store_id_valid(name, ngx_strlen(name))) {
                ctx->target.data = (u_char *) name;
                ctx->target.len = ngx_strlen(name);
            }
        }
    }

    return left.at == left.n;
}


/* Without reading the body. */

static ngx_int_t
ngx_http_promotions_management_refuse(ngx_http_request_t *r,
    const pm_error_t *err)
{
    if (ngx_http_promotions_discard_body(r) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_promotions_management_fault(r, err);
}


static ngx_int_t
ngx_http_promotions_management_not_found(ngx_http_request_t *r)
{
    pm_error_t  err;

    (void) pm_error_set(&err, PM_NOT_FOUND, "Cannot %.*s %.*s",
                        (int) r->method_name.len, r->method_name.data,
                        (int) r->uri.len, r->uri.data);

    return ngx_http_promotions_management_refuse(r, &err);
}
