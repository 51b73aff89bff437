#include "http/ngx_http_promotions_preview.h"
#include "http/ngx_http_promotions_reply.h"
#include "http/ngx_http_promotions_wait.h"


typedef struct {
    ngx_http_promotions_entry_t  *entry;         /* its arena has this too */
    pm_batch_settings_t           settings;
    pm_string_t                   json;
    pm_error_t                    error;
    int                           rc;
} ngx_http_promotions_preview_t;


static void ngx_http_promotions_preview_run(void *data);
static void ngx_http_promotions_preview_done(void *data);


ngx_int_t
ngx_http_promotions_preview_start(ngx_http_request_t *r,
    ngx_http_promotions_entry_t *entry)
{
    ngx_http_promotions_preview_t  *preview;

    preview = pm_arena_zalloc(entry->arena,
                              sizeof(ngx_http_promotions_preview_t));
    if (preview == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    preview->entry = entry;
    preview->settings.git = ngx_http_promotions_worker.git;
    preview->settings.now = ngx_time();

    if (ngx_http_promotions_job_post(entry->pmcf,
                                     ngx_http_promotions_preview_run,
                                     ngx_http_promotions_preview_done,
                                     preview)
        != NGX_OK)
    {
        return ngx_http_promotions_send_error(r,
                   NGX_HTTP_SERVICE_UNAVAILABLE,
                   "too many jobs are waiting, try again");
    }

    return NGX_AGAIN;
}


/* In a thread. */

static void
ngx_http_promotions_preview_run(void *data)
{
    ngx_http_promotions_preview_t  *preview = data;

    preview->rc = pm_batch_preview(&preview->settings,
                                   &preview->entry->promotion,
                                   preview->entry->arena, &preview->json,
                                   &preview->error);
}


static void
ngx_http_promotions_preview_done(void *data)
{
    ngx_int_t                       rc;
    ngx_http_promotions_ctx_t      *ctx;
    ngx_http_promotions_preview_t  *preview = data;

    ctx = ngx_http_promotions_find(preview->entry->promotion.id);

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

    pm_arena_destroy(preview->entry->arena);
}
