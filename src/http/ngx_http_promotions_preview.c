#include "http/ngx_http_promotions_preview.h"
#include "http/ngx_http_promotions_job.h"
#include "http/ngx_http_promotions_reply.h"
#include "http/ngx_http_promotions_wait.h"
#include "promotion/pm_batch.h"


typedef struct {
    pm_arena_t           *arena;         /* has all of this */
    pm_promotion_t       *promotion;
    pm_batch_settings_t   settings;
    pm_string_t           json;
    pm_error_t            error;
    int                   rc;
} ngx_http_promotions_preview_t;


static void ngx_http_promotions_preview_run(void *data);
static void ngx_http_promotions_preview_done(void *data);


ngx_int_t
ngx_http_promotions_preview_start(ngx_http_promotions_ctx_t *ctx)
{
    ngx_http_promotions_preview_t  *preview;

    preview = pm_arena_zalloc(ctx->promotion_arena,
                              sizeof(ngx_http_promotions_preview_t));
    if (preview == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    preview->arena = ctx->promotion_arena;
    preview->promotion = ctx->first.promotion;
    preview->settings.git = ngx_http_promotions_worker.git;
    preview->settings.now = ngx_time();

    if (ngx_http_promotions_job_post_host(ngx_http_promotions_worker.pmcf,
                       preview->promotion->parts[0].destination.url.host,
                                     ngx_http_promotions_preview_run,
                                     ngx_http_promotions_preview_done,
                                     preview)
        != NGX_OK)
    {
        return ngx_http_promotions_send_error(ctx->request,
                   NGX_HTTP_SERVICE_UNAVAILABLE,
                   "too many jobs are waiting, try again");
    }

    /* the client may leave before the job ends */

    ctx->promotion_arena = NULL;
    ctx->first.promotion = NULL;

    return NGX_AGAIN;
}


/* In a thread. */

static void
ngx_http_promotions_preview_run(void *data)
{
    ngx_http_promotions_preview_t  *preview = data;

    preview->rc = pm_batch_preview(&preview->settings, preview->promotion,
                                   preview->arena, &preview->json,
                                   &preview->error);
}


static void
ngx_http_promotions_preview_done(void *data)
{
    ngx_int_t                       rc;
    ngx_http_promotions_ctx_t      *ctx;
    ngx_http_promotions_preview_t  *preview = data;

    ctx = ngx_http_promotions_find(preview->promotion->id);

    if (ctx != NULL) {

        if (preview->rc == 0) {
            rc = ngx_http_promotions_send(ctx->request, NGX_HTTP_OK,
                                          preview->json.data,
                                          preview->json.len);
        } else {
            rc = ngx_http_promotions_send_error(ctx->request,
                     ngx_http_promotions_status(preview->error.code),
                     preview->error.message);
        }

        ngx_http_promotions_finish(ctx, rc);
    }

    pm_arena_destroy(preview->arena);
}
