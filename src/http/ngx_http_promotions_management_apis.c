#include "http/ngx_http_promotions_management.h"
#include "http/ngx_http_promotions_audit.h"
#include "http/ngx_http_promotions_job.h"
#include "http/ngx_http_promotions_record.h"
#include "http/ngx_http_promotions_reply.h"
#include "http/ngx_http_promotions_wait.h"


#define NGX_HTTP_PROMOTIONS_APIS_SIZE  100
#define NGX_HTTP_PROMOTIONS_APIS_MAX   1000


typedef struct {
    u_char                waiter[NGX_HTTP_PROMOTIONS_ID_SIZE + 1];
    pm_arena_t           *arena;         /* has all of this */
    pm_location_t         location;
    pm_batch_settings_t   settings;
    size_t                page;
    size_t                size;
    pm_string_t           json;
    pm_error_t            error;
    int                   rc;
} ngx_http_promotions_apis_t;


static ngx_int_t ngx_http_promotions_apis_start(
    ngx_http_promotions_ctx_t *ctx, size_t page, size_t size);
static void ngx_http_promotions_apis_refused(void *data);
static void ngx_http_promotions_apis_run(void *data);
static void ngx_http_promotions_apis_done(void *data);


ngx_int_t
ngx_http_promotions_review_apis(ngx_http_request_t *r)
{
    ngx_int_t                   rc, page, size;
    ngx_str_t                   text;
    const pm_environment_t     *environment;
    ngx_http_promotions_ctx_t  *ctx;

    ctx = ngx_http_promotions_get_ctx(r);

    if (ctx == NULL || ngx_http_promotions_discard_body(r) != NGX_OK
        || ngx_http_promotions_wait(ctx) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    environment = ctx->management->environment;

    if (!pm_store_key_sees(ctx->key, environment->name, environment->id)) {
        ngx_http_promotions_denied_is(ctx, environment->name, NULL, NULL);

        return ngx_http_promotions_management_forbidden(r);
    }

    text = ngx_http_promotions_query(r, "page");
    page = text.len ? ngx_atoi(text.data, text.len) : 1;

    text = ngx_http_promotions_query(r, "size");
    size = text.len ? ngx_atoi(text.data, text.len)
                    : NGX_HTTP_PROMOTIONS_APIS_SIZE;

    if (page < 1 || page > PM_DEFINITION_FILES
        || size < 1 || size > NGX_HTTP_PROMOTIONS_APIS_MAX)
    {
        return ngx_http_promotions_send_error(r, NGX_HTTP_BAD_REQUEST,
                   "page must be a number from 1 to 10000, and size one from "
                   "1 to 1000");
    }

    if (environment->apis == NULL) {
        return ngx_http_promotions_send_json(r, NGX_HTTP_OK,
                   json_pack("{s:[], s:{s:i, s:i, s:i, s:i, s:i}}", "data",
                             "page", "current", (int) page,
                             "per_page", (int) size, "size", 0,
                             "total_pages", 0, "total_elements", 0));
    }

    rc = ngx_http_promotions_apis_start(ctx, page, size);

    return ngx_http_promotions_kept(r, rc);
}


static ngx_int_t
ngx_http_promotions_apis_start(ngx_http_promotions_ctx_t *ctx, size_t page,
    size_t size)
{
    pm_error_t                   err;
    pm_arena_t                  *arena;
    ngx_http_promotions_apis_t  *job;

    arena = pm_arena_create();
    job = (arena != NULL)
          ? pm_arena_zalloc(arena, sizeof(ngx_http_promotions_apis_t)) : NULL;

    if (job == NULL) {
        pm_arena_destroy(arena);
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_memcpy(job->waiter, ctx->first.id, sizeof(job->waiter));

    job->arena = arena;
    job->settings.git = ngx_http_promotions_worker.git;
    job->settings.now = ngx_time();
    job->page = page;
    job->size = size;

    if (pm_review_location(arena, ctx->management->environment,
                           &job->location, &err)
        != 0)
    {
        pm_arena_destroy(arena);
        return ngx_http_promotions_management_fault(ctx->request, &err);
    }

    if (ngx_http_promotions_job_post_remote(ngx_http_promotions_worker.pmcf,
                                            &job->location.url,
                                            ngx_http_promotions_apis_run,
                                            ngx_http_promotions_apis_refused,
                                            ngx_http_promotions_apis_done,
                                            job)
        != NGX_OK)
    {
        pm_arena_destroy(arena);
        return ngx_http_promotions_management_error(ctx->request,
                   NGX_HTTP_SERVICE_UNAVAILABLE, NULL,
                   "too many jobs are waiting, try again", NULL);
    }

    return NGX_AGAIN;
}


static void
ngx_http_promotions_apis_refused(void *data)
{
    ngx_http_promotions_apis_t  *job = data;

    job->rc = pm_error_set(&job->error, PM_UNAVAILABLE,
                           "too many jobs are waiting, try again");
}


/* In a thread. */

static void
ngx_http_promotions_apis_run(void *data)
{
    ngx_http_promotions_apis_t  *job = data;

    job->rc = pm_review_list(&job->settings, &job->location,
                             ngx_http_promotions_worker.definitions,
                             job->page, job->size, job->arena, &job->json,
                             &job->error);
}


static void
ngx_http_promotions_apis_done(void *data)
{
    ngx_int_t                    rc;
    ngx_http_promotions_ctx_t   *ctx;
    ngx_http_promotions_apis_t  *job = data;

    ctx = ngx_http_promotions_find((char *) job->waiter);

    if (ctx != NULL) {

        if (job->rc == 0) {
            rc = ngx_http_promotions_send(ctx->request, NGX_HTTP_OK,
                                          job->json.data, job->json.len);
        } else {
            rc = ngx_http_promotions_management_fault(ctx->request,
                                                      &job->error);
        }

        ngx_http_promotions_finish(ctx, rc);
    }

    pm_arena_destroy(job->arena);
}
