#include "http/ngx_http_promotions.h"
#include "http/ngx_http_promotions_reply.h"
#include "store/pm_store_id.h"


/*
 * Methods that share a path stand together: the first of them has the Allow
 * header for all.
 */

typedef struct {
    ngx_str_t             name;       /* below the location's prefix; "{id}"
                                         stands for a promotion's id,
                                         "{product}" for a product's name */
    ngx_uint_t            methods;
    const char           *allow;
    ngx_http_handler_pt   handler;
} ngx_http_promotions_route_t;


static ngx_str_t ngx_http_promotions_route_name(ngx_http_request_t *r,
    ngx_http_promotions_ctx_t *ctx);
static ngx_uint_t ngx_http_promotions_route_product(ngx_str_t *name,
    ngx_str_t *product);
static ngx_int_t ngx_http_promotions_not_found(ngx_http_request_t *r);


static const ngx_http_promotions_route_t  ngx_http_promotions_routes[] = {

    { ngx_string("commit"),
      NGX_HTTP_POST,
      "POST",
      ngx_http_promotions_commit },

    { ngx_string("pullRequest"),
      NGX_HTTP_POST,
      "POST",
      ngx_http_promotions_pull_request },

    { ngx_string("preview"),
      NGX_HTTP_POST,
      "POST",
      ngx_http_promotions_preview },

    { ngx_string(""),
      NGX_HTTP_GET|NGX_HTTP_HEAD,
      "GET, HEAD",
      ngx_http_promotions_list },

    { ngx_string("policies/evaluate"),
      NGX_HTTP_GET|NGX_HTTP_HEAD,
      "GET, HEAD",
      ngx_http_promotions_evaluate },

    { ngx_string("applications"),
      NGX_HTTP_GET|NGX_HTTP_HEAD,
      "GET, HEAD",
      ngx_http_promotions_applications },

    { ngx_string("environments"),
      NGX_HTTP_GET|NGX_HTTP_HEAD,
      "GET, HEAD",
      ngx_http_promotions_environments },

    { ngx_string("products"),
      NGX_HTTP_GET|NGX_HTTP_HEAD,
      "GET, HEAD",
      ngx_http_promotions_products },

    { ngx_string("products/{product}/promote"),
      NGX_HTTP_POST,
      "POST",
      ngx_http_promotions_promote_product },

    { ngx_string("{id}"),
      NGX_HTTP_GET|NGX_HTTP_HEAD,
      "GET, HEAD, DELETE",
      ngx_http_promotions_show },

    { ngx_string("{id}"),
      NGX_HTTP_DELETE,
      "GET, HEAD, DELETE",
      ngx_http_promotions_cancel },

    { ngx_string("{id}/revert"),
      NGX_HTTP_POST,
      "POST",
      ngx_http_promotions_revert },

    { ngx_null_string, 0, NULL, NULL }
};


ngx_int_t
ngx_http_promotions_handler(ngx_http_request_t *r)
{
    ngx_str_t                           name;
    ngx_http_promotions_ctx_t          *ctx;
    const ngx_http_promotions_route_t  *route, *other;

    /* the access phase is skipped for subrequests: they hold no key */

    if (r != r->main) {
        return NGX_HTTP_FORBIDDEN;
    }

    ctx = ngx_http_promotions_get_ctx(r);
    if (ctx == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (ctx->key == NULL) {
        return ngx_http_promotions_unauthorized(r, ctx);
    }

    name = ngx_http_promotions_route_name(r, ctx);

    other = NULL;

    for (route = ngx_http_promotions_routes; route->handler; route++) {

        if (name.len != route->name.len
            || ngx_strncmp(name.data, route->name.data, name.len) != 0)
        {
            continue;
        }

        if (r->method & route->methods) {
            return route->handler(r);
        }

        other = route;
    }

    if (other != NULL) {
        return ngx_http_promotions_not_allowed(r, other->allow);
    }

    return ngx_http_promotions_not_found(r);
}


ngx_int_t
ngx_http_promotions_unauthorized(ngx_http_request_t *r,
    ngx_http_promotions_ctx_t *ctx)
{
    if (ngx_http_promotions_discard_body(r) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (ctx->status == NGX_HTTP_SERVICE_UNAVAILABLE) {
        return ngx_http_promotions_send_error(r, ctx->status,
                                         "redis is not available, try again");
    }

    return ngx_http_promotions_send_error(r, NGX_HTTP_UNAUTHORIZED,
                                          "Unauthorized");
}


ngx_int_t
ngx_http_promotions_route_path(ngx_http_request_t *r, ngx_str_t *path)
{
    ngx_http_promotions_loc_conf_t  *plcf;

    plcf = ngx_http_get_module_loc_conf(r, ngx_http_promotions_module);

    /* the location has matched, but an internal rewrite may have come since */

    path->data = r->uri.data + ngx_min(r->uri.len, plcf->prefix.len);
    path->len = r->uri.data + r->uri.len - path->data;

    if (path->len > 0 && plcf->prefix.len > 0
        && plcf->prefix.data[plcf->prefix.len - 1] != '/')
    {
        /* "/apicommit" is no route of "/api": no name begins with a slash */

        if (path->data[0] != '/') {
            return NGX_DECLINED;
        }

        path->data++;
        path->len--;
    }

    return NGX_OK;
}


/* What follows the prefix, with "{id}" for an id at its beginning and
 * "{product}" for a product's name, which ctx keeps. */

static ngx_str_t
ngx_http_promotions_route_name(ngx_http_request_t *r,
    ngx_http_promotions_ctx_t *ctx)
{
    size_t     len;
    ngx_str_t  name, route;

    if (ngx_http_promotions_route_path(r, &name) != NGX_OK) {
        return r->uri;
    }

    if (ngx_http_promotions_route_product(&name, &ctx->target)) {
        ngx_str_set(&route, "products/{product}/promote");
        return route;
    }

    len = ngx_min(name.len, NGX_HTTP_PROMOTIONS_ID_SIZE);

    if (!pm_store_id_valid((char *) name.data, len)
        || (name.len > len && name.data[len] != '/'))
    {
        return name;
    }

    ctx->target.data = name.data;
    ctx->target.len = len;

    route.len = sizeof("{id}") - 1 + name.len - len;
    route.data = ngx_pnalloc(r->pool, route.len);

    if (route.data == NULL) {
        return r->uri;
    }

    (void) ngx_sprintf(route.data, "{id}%*s", name.len - len,
                       name.data + len);

    return route;
}


/* 1: "products/<name>/promote", and product is the name. */

static ngx_uint_t
ngx_http_promotions_route_product(ngx_str_t *name, ngx_str_t *product)
{
    static const size_t  before = sizeof("products/") - 1;
    static const size_t  after = sizeof("/promote") - 1;

    if (name->len <= before + after
        || ngx_strncmp(name->data, "products/", before) != 0
        || ngx_strncmp(name->data + name->len - after, "/promote", after) != 0)
    {
        return 0;
    }

    product->data = name->data + before;
    product->len = name->len - before - after;

    return 1;
}


static ngx_int_t
ngx_http_promotions_not_found(ngx_http_request_t *r)
{
    pm_error_t  err;

    if (ngx_http_promotions_discard_body(r) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    (void) pm_error_set(&err, PM_NOT_FOUND, "Cannot %.*s %.*s",
                        (int) r->method_name.len, r->method_name.data,
                        (int) r->uri.len, r->uri.data);

    return ngx_http_promotions_send_error(r, NGX_HTTP_NOT_FOUND, err.message);
}


ngx_int_t
ngx_http_promotions_not_allowed(ngx_http_request_t *r,
    const char *allow)
{
    pm_error_t  err;

    if (ngx_http_promotions_discard_body(r) != NGX_OK
        || ngx_http_promotions_add_header(r, "Allow", allow,
                                          ngx_strlen(allow))
           != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    (void) pm_error_set(&err, PM_INVALID, "Cannot %.*s %.*s, use %s",
                        (int) r->method_name.len, r->method_name.data,
                        (int) r->uri.len, r->uri.data, allow);

    return ngx_http_promotions_send_error(r, NGX_HTTP_NOT_ALLOWED,
                                          err.message);
}
