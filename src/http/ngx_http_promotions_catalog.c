/*
 * What the catalog holds, as far as the key may see it: applications,
 * environments, products, and what the policies say (interface.md, 4).
 */

#include "http/ngx_http_promotions.h"
#include "http/ngx_http_promotions_audit.h"
#include "http/ngx_http_promotions_catalog_json.h"
#include "http/ngx_http_promotions_reply.h"
#include "http/ngx_http_promotions_version.h"


#define NGX_HTTP_PROMOTIONS_CATALOG_LIMIT  100
#define NGX_HTTP_PROMOTIONS_CATALOG_MAX    1000

/* Entries that one answer looks at: the event loop is not held up, and the
 * cursor continues. */

#define NGX_HTTP_PROMOTIONS_CATALOG_LOOK   10000


/* A list on its way. */

typedef struct {
    ngx_http_promotions_ctx_t  *ctx;
    const pm_catalog_t         *catalog;
    const char                 *fault;   /* of the query */
    size_t                      at;      /* where the cursor is */
    size_t                      limit;
    size_t                      looked;
    const char                 *product;
    const char                 *environment;
} ngx_http_promotions_page_t;


typedef json_t *(*ngx_http_promotions_entry_pt)(
    ngx_http_promotions_page_t *page, size_t i);


static ngx_int_t ngx_http_promotions_page_list(ngx_http_request_t *r,
    const char *name, size_t (*count)(const pm_catalog_t *catalog),
    ngx_http_promotions_entry_pt entry);
static ngx_int_t ngx_http_promotions_page(ngx_http_request_t *r,
    ngx_http_promotions_page_t *page);
static ngx_int_t ngx_http_promotions_page_fault(ngx_http_request_t *r,
    ngx_http_promotions_page_t *page);
static ngx_int_t ngx_http_promotions_page_number(ngx_http_request_t *r,
    const char *name, size_t max, size_t *number);
static ngx_int_t ngx_http_promotions_page_send(
    ngx_http_promotions_page_t *page, const char *name, size_t n,
    ngx_http_promotions_entry_pt entry);
static ngx_int_t ngx_http_promotions_text(ngx_http_request_t *r,
    const char *name, const char **text);
static ngx_uint_t ngx_http_promotions_sees(
    const ngx_http_promotions_page_t *page,
    const pm_environment_t *environment);
static json_t *ngx_http_promotions_application_entry(
    ngx_http_promotions_page_t *page, size_t i);
static json_t *ngx_http_promotions_environment_entry(
    ngx_http_promotions_page_t *page, size_t i);
static json_t *ngx_http_promotions_product_entry(
    ngx_http_promotions_page_t *page, size_t i);


ngx_int_t
ngx_http_promotions_applications(ngx_http_request_t *r)
{
    return ngx_http_promotions_page_list(r, "applications",
                                         pm_catalog_napplications,
                                         ngx_http_promotions_application_entry);
}


ngx_int_t
ngx_http_promotions_environments(ngx_http_request_t *r)
{
    return ngx_http_promotions_page_list(r, "environments",
                                         pm_catalog_nenvironments,
                                         ngx_http_promotions_environment_entry);
}


ngx_int_t
ngx_http_promotions_products(ngx_http_request_t *r)
{
    return ngx_http_promotions_page_list(r, "products",
                                         pm_catalog_nproducts,
                                         ngx_http_promotions_product_entry);
}


ngx_int_t
ngx_http_promotions_evaluate(ngx_http_request_t *r)
{
    pm_error_t                   err;
    pm_policy_t                  merged;
    const pm_environment_t      *environment;
    ngx_http_promotions_page_t   page;

    if (ngx_http_promotions_page(r, &page) != NGX_OK) {
        return ngx_http_promotions_page_fault(r, &page);
    }

    if (page.environment == NULL) {
        return ngx_http_promotions_send_error(r, NGX_HTTP_BAD_REQUEST,
                                              "environment should not be "
                                              "empty");
    }

    environment = pm_catalog_environment(page.catalog, page.environment);

    /* which environments there are is told to those who see them */

    if (!pm_store_key_sees(page.ctx->key,
                           environment ? environment->name : page.environment,
                           environment ? environment->id : NULL))
    {
        ngx_http_promotions_denied_is(page.ctx,
                                      environment ? environment->name : NULL,
                                      NULL, NULL);
        return ngx_http_promotions_send_error(r, NGX_HTTP_FORBIDDEN,
                                              "Forbidden resource");
    }

    if (environment == NULL) {
        (void) pm_error_set(&err, PM_NOT_FOUND, "environment %s not found",
                            page.environment);
        return ngx_http_promotions_send_error(r, NGX_HTTP_NOT_FOUND,
                                              err.message);
    }

    if (page.product != NULL
        && pm_catalog_product(page.catalog, page.product) == NULL)
    {
        (void) pm_error_set(&err, PM_NOT_FOUND, "product %s not found",
                            page.product);
        return ngx_http_promotions_send_error(r, NGX_HTTP_NOT_FOUND,
                                              err.message);
    }

    return ngx_http_promotions_send_json(r, NGX_HTTP_OK,
               json_pack("{s:s?, s:s, s:o}",
                         "product", page.product,
                         "environment", environment->name,
                         "policy", ngx_http_promotions_catalog_policy(
                                       pm_catalog_policy(page.catalog,
                                                         page.product,
                                                         environment,
                                                         &merged))));
}


static ngx_int_t
ngx_http_promotions_page_list(ngx_http_request_t *r, const char *name,
    size_t (*count)(const pm_catalog_t *catalog),
    ngx_http_promotions_entry_pt entry)
{
    ngx_http_promotions_page_t  page;

    if (ngx_http_promotions_page(r, &page) != NGX_OK) {
        return ngx_http_promotions_page_fault(r, &page);
    }

    return ngx_http_promotions_page_send(&page, name, count(page.catalog),
                                         entry);
}


/* NGX_ERROR: page->fault says what is wrong with the query, if it is that. */

static ngx_int_t
ngx_http_promotions_page(ngx_http_request_t *r,
    ngx_http_promotions_page_t *page)
{
    ngx_memzero(page, sizeof(ngx_http_promotions_page_t));

    page->ctx = ngx_http_promotions_get_ctx(r);
    page->catalog = ngx_http_promotions_worker.pmcf->catalog;
    page->limit = NGX_HTTP_PROMOTIONS_CATALOG_LIMIT;

    if (page->ctx == NULL || ngx_http_promotions_discard_body(r) != NGX_OK) {
        return NGX_ERROR;
    }

    if (ngx_http_promotions_page_number(r, "limit",
                                        NGX_HTTP_PROMOTIONS_CATALOG_MAX,
                                        &page->limit)
        != NGX_OK || page->limit == 0)
    {
        page->fault = "limit must be a number from 1 to 1000";
        return NGX_ERROR;
    }

    if (ngx_http_promotions_page_number(r, "cursor", NGX_MAX_INT32_VALUE,
                                        &page->at)
        != NGX_OK)
    {
        page->fault = "cursor must be what the answer before it gave";
        return NGX_ERROR;
    }

    if (ngx_http_promotions_text(r, "product", &page->product) != NGX_OK
        || ngx_http_promotions_text(r, "environment", &page->environment)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_promotions_page_fault(ngx_http_request_t *r,
    ngx_http_promotions_page_t *page)
{
    if (page->fault == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_promotions_send_error(r, NGX_HTTP_BAD_REQUEST,
                                          page->fault);
}


static ngx_int_t
ngx_http_promotions_page_number(ngx_http_request_t *r, const char *name,
    size_t max, size_t *number)
{
    ngx_int_t  n;
    ngx_str_t  text;

    text = ngx_http_promotions_query(r, name);

    if (text.len == 0) {
        return NGX_OK;
    }

    n = ngx_atoi(text.data, text.len);

    if (n == NGX_ERROR || (size_t) n > max) {
        return NGX_ERROR;
    }

    *number = n;

    return NGX_OK;
}


/* *text stays NULL where the query has none; a NUL in it ends no name. */

static ngx_int_t
ngx_http_promotions_text(ngx_http_request_t *r, const char *name,
    const char **text)
{
    u_char     *p;
    ngx_str_t   value;
    ngx_uint_t  i;

    value = ngx_http_promotions_query(r, name);

    if (value.len == 0) {
        return NGX_OK;
    }

    p = ngx_pnalloc(r->pool, value.len + 1);
    if (p == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < value.len; i++) {
        p[i] = value.data[i] ? value.data[i] : ' ';
    }

    p[value.len] = '\0';
    *text = (char *) p;

    return NGX_OK;
}


/* entry: the JSON of entry i, or NULL: not this one. */

static ngx_int_t
ngx_http_promotions_page_send(ngx_http_promotions_page_t *page,
    const char *name, size_t n, ngx_http_promotions_entry_pt entry)
{
    size_t   i;
    json_t  *list, *item, *cursor;

    list = json_array();

    for (i = page->at; i < n; i++) {

        if (json_array_size(list) == page->limit
            || page->looked >= NGX_HTTP_PROMOTIONS_CATALOG_LOOK)
        {
            break;
        }

        page->looked++;
        item = entry(page, i);

        if (item != NULL) {
            (void) json_array_append_new(list, item);
        }
    }

    cursor = (i < n) ? json_sprintf("%zu", i) : json_null();

    return ngx_http_promotions_versions_send(page->ctx,
                                             json_pack("{s:o, s:o}",
                                                       name, list,
                                                       "cursor", cursor),
                                             list);
}


/* NULL: of no environment, which takes a grant on all. */

static ngx_uint_t
ngx_http_promotions_sees(const ngx_http_promotions_page_t *page,
    const pm_environment_t *environment)
{
    return pm_store_key_sees(page->ctx->key,
                             environment ? environment->name : NULL,
                             environment ? environment->id : NULL);
}


static json_t *
ngx_http_promotions_application_entry(ngx_http_promotions_page_t *page,
    size_t i)
{
    const pm_environment_t  *environment;
    const pm_application_t  *application;

    application = pm_catalog_applications(page->catalog, i);
    environment = application->environment;

    if (!ngx_http_promotions_sees(page, environment)) {
        return NULL;
    }

    if (page->product != NULL
        && (application->product == NULL
            || ngx_strcmp(application->product, page->product) != 0))
    {
        return NULL;
    }

    if (page->environment != NULL
        && (environment == NULL
            || (ngx_strcmp(environment->name, page->environment) != 0
                && ngx_strcmp(environment->id, page->environment) != 0)))
    {
        return NULL;
    }

    return ngx_http_promotions_catalog_application(application);
}


static json_t *
ngx_http_promotions_environment_entry(ngx_http_promotions_page_t *page,
    size_t i)
{
    const pm_environment_t  *environment;

    environment = pm_catalog_environments(page->catalog, i);

    if (!ngx_http_promotions_sees(page, environment)) {
        return NULL;
    }

    return ngx_http_promotions_catalog_environment(environment);
}


/* With those of its applications that the key sees; without any, not. */

static json_t *
ngx_http_promotions_product_entry(ngx_http_promotions_page_t *page, size_t i)
{
    size_t                   j;
    json_t                  *list;
    const pm_product_t      *product;
    const pm_application_t  *application;

    product = pm_catalog_products(page->catalog, i);
    list = json_array();

    for (j = 0; j < product->napplications; j++) {
        application = product->applications[j];
        page->looked++;

        if (ngx_http_promotions_sees(page, application->environment)) {
            (void) json_array_append_new(list,
                       ngx_http_promotions_catalog_id(application));
        }
    }

    if (json_array_size(list) == 0
        && !(product->napplications == 0
             && ngx_http_promotions_sees(page, NULL)))
    {
        json_decref(list);
        return NULL;
    }

    return json_pack("{s:s, s:o}", "name", product->name, "applications",
                     list);
}
