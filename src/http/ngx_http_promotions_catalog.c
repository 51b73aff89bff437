/*
 * What the catalog holds, as far as the key may see it: applications,
 * environments, products, and what the policies say (interface.md, 4).
 */

#include "http/ngx_http_promotions.h"
#include "http/ngx_http_promotions_audit.h"
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
static json_t *ngx_http_promotions_application_json(
    ngx_http_promotions_page_t *page, size_t i);
static json_t *ngx_http_promotions_sources_json(
    const pm_application_t *application);
static json_t *ngx_http_promotions_value_files_json(
    const pm_application_t *application);
static json_t *ngx_http_promotions_environment_json(
    ngx_http_promotions_page_t *page, size_t i);
static json_t *ngx_http_promotions_product_json(
    ngx_http_promotions_page_t *page, size_t i);
static json_t *ngx_http_promotions_application_id(
    const pm_application_t *application);
static json_t *ngx_http_promotions_policy_json(const pm_policy_t *policy);


ngx_int_t
ngx_http_promotions_applications(ngx_http_request_t *r)
{
    return ngx_http_promotions_page_list(r, "applications",
                                         pm_catalog_napplications,
                                         ngx_http_promotions_application_json);
}


ngx_int_t
ngx_http_promotions_environments(ngx_http_request_t *r)
{
    return ngx_http_promotions_page_list(r, "environments",
                                         pm_catalog_nenvironments,
                                         ngx_http_promotions_environment_json);
}


ngx_int_t
ngx_http_promotions_products(ngx_http_request_t *r)
{
    return ngx_http_promotions_page_list(r, "products",
                                         pm_catalog_nproducts,
                                         ngx_http_promotions_product_json);
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
                         "policy", ngx_http_promotions_policy_json(
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
ngx_http_promotions_application_json(ngx_http_promotions_page_t *page,
    size_t i)
{
    json_t                  *version;
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

    version = (application->template != NULL
               && application->template->version.file != NULL) ? json_null()
                                                               : NULL;

    return json_pack("{s:o, s:s?, s:s?, s:o, s:o*, s:o, s:o*}",
                     "appId", ngx_http_promotions_application_id(application),
                     "environment", environment ? environment->name : NULL,
                     "product", application->product,
                     "template", application->template
                         ? json_pack("{s:s, s:s}",
                                     "name", application->template->name,
                                     "origin", application->template->origin)
                         : json_pack("{s:n, s:s}", "name", "origin", "none"),
                     "version", version,
                     "sources", ngx_http_promotions_sources_json(application),
                     "valueFiles",
                     ngx_http_promotions_value_files_json(application));
}


static json_t *
ngx_http_promotions_sources_json(const pm_application_t *application)
{
    size_t                      i;
    json_t                     *list;
    const pm_catalog_source_t  *source;

    list = json_array();

    for (i = 0; i < application->nsources; i++) {
        source = &application->sources[i];

        if (!source->promotable) {
            continue;
        }

        (void) json_array_append_new(list,
                   json_pack("{s:s, s:s?, s:s, s:b}",
                             "repo", source->repository,
                             "branchName", source->revision,
                             "path", source->path,
                             "writable", source->writable));
    }

    return list;
}


/* Those of other sources; NULL: it has none. */

static json_t *
ngx_http_promotions_value_files_json(const pm_application_t *application)
{
    size_t                        i, j;
    json_t                       *list;
    const pm_catalog_source_t    *source;
    const pm_catalog_ref_file_t  *file;

    list = NULL;

    for (i = 0; i < application->nsources; i++) {
        source = &application->sources[i];

        for (j = 0; j < source->nref_files; j++) {
            file = &source->ref_files[j];
            list = list ? list : json_array();

            (void) json_array_append_new(list,
                       json_pack("{s:s, s:s, s:s?, s:s, s:b}",
                                 "file", file->name,
                                 "repo", file->place->repository,
                                 "branchName", file->place->revision,
                                 "path", file->path,
                                 "writable", file->place->writable));
        }
    }

    return list;
}


static json_t *
ngx_http_promotions_environment_json(ngx_http_promotions_page_t *page,
    size_t i)
{
    size_t                   j;
    json_t                  *targets;
    const pm_environment_t  *environment;

    environment = pm_catalog_environments(page->catalog, i);

    if (!ngx_http_promotions_sees(page, environment)) {
        return NULL;
    }

    targets = environment->promotes_to ? json_array() : json_null();

    for (j = 0; j < environment->npromotes_to; j++) {
        (void) json_array_append_new(targets,
                   json_string(environment->promotes_to[j]));
    }

    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:o}",
                     "id", environment->id,
                     "name", environment->name,
                     "title", environment->title,
                     "description", environment->description,
                     "organization", environment->organization,
                     "kind", environment->production ? "PROD" : "NON_PROD",
                     "position", (json_int_t) environment->position,
                     "promotesTo", targets);
}


/* With those of its applications that the key sees; without any, not. */

static json_t *
ngx_http_promotions_product_json(ngx_http_promotions_page_t *page, size_t i)
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
                       ngx_http_promotions_application_id(application));
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


static json_t *
ngx_http_promotions_application_id(const pm_application_t *application)
{
    return json_pack("{s:s, s:s, s:s}", "runtime", application->runtime,
                     "namespace", application->namespace,
                     "name", application->name);
}


/* Without a policy, commit is allowed. */

static json_t *
ngx_http_promotions_policy_json(const pm_policy_t *policy)
{
    json_t               *json, *from;
    const char           *value;
    ngx_uint_t            i;
    const pm_manifest_t  *manifest;

    json = json_object();

    for (i = 0; i < PM_POLICY_FIELDS; i++) {
        value = policy->values[i];
        manifest = policy->origins[i];

        if (value == NULL && i != PM_POLICY_ACTION) {
            continue;
        }

        from = manifest ? json_pack("{s:s, s:s, s:s, s:I}",
                                    "kind", manifest->kind,
                                    "name", manifest->name,
                                    "file", manifest->file,
                                    "line", (json_int_t) manifest->line)
                        : json_null();

        (void) json_object_set_new(json, pm_policy_fields[i],
                   json_pack("{s:s, s:o}", "value",
                             value ? value : "commit", "from", from));
    }

    return json;
}
