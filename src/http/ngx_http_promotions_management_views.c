#include "http/ngx_http_promotions_management.h"
#include "http/ngx_http_promotions_job.h"
#include "http/ngx_http_promotions_wait.h"

#include <time.h>


/* Seconds that a list may take to look at what it shows; what is left then is
 * shown as it is recorded. */

#define NGX_HTTP_PROMOTIONS_VIEWS_TIME  5


typedef struct {
    u_char                           waiter[NGX_HTTP_PROMOTIONS_ID_SIZE + 1];
    pm_arena_t                      *arena;          /* has all of this */
    pm_batch_settings_t              settings;
    ngx_http_promotions_view_t      *views;
    ngx_uint_t                       n;
    ngx_http_promotions_views_pt     done;
} ngx_http_promotions_views_t;


static void ngx_http_promotions_views_run(void *data);
static time_t ngx_http_promotions_views_clock(void);
static void ngx_http_promotions_views_done(void *data);


ngx_int_t
ngx_http_promotions_views_post(ngx_http_promotions_ctx_t *ctx,
    pm_arena_t *arena, ngx_http_promotions_view_t *views, ngx_uint_t n,
    ngx_http_promotions_views_pt done)
{
    ngx_uint_t                    i;
    const pm_git_url_t           *remote;
    ngx_http_promotions_views_t  *job;

    job = pm_arena_zalloc(arena, sizeof(ngx_http_promotions_views_t));
    if (job == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(job->waiter, ctx->first.id, sizeof(job->waiter));

    job->arena = arena;
    job->settings.git = ngx_http_promotions_worker.git;
    job->settings.now = ngx_time();
    job->views = views;
    job->n = n;
    job->done = done;

    remote = NULL;

    for (i = 0; i < n; i++) {
        if (views[i].promotion.api != NULL) {
            views[i].promotion.api->cache =
                                       ngx_http_promotions_worker.definitions;
        }

        if (remote == NULL && views[i].usable) {
            remote = &views[i].promotion.parts[0].destination.url;
        }
    }

    return ngx_http_promotions_job_post_remote(
                                             ngx_http_promotions_worker.pmcf,
                                             remote,
                                             ngx_http_promotions_views_run,
                                             NULL,
                                             ngx_http_promotions_views_done,
                                             job);
}


/* In a thread. */

static void
ngx_http_promotions_views_run(void *data)
{
    time_t                       end;
    ngx_uint_t                   i;
    ngx_http_promotions_view_t  *view;
    ngx_http_promotions_views_t *job = data;

    end = ngx_http_promotions_views_clock() + NGX_HTTP_PROMOTIONS_VIEWS_TIME;

    for (i = 0; i < job->n; i++) {
        view = &job->views[i];

        if (!view->usable || ngx_http_promotions_views_clock() >= end) {
            continue;
        }

        view->rc = pm_review_look(&job->settings, &view->promotion, view->pin,
                                  job->arena, &view->look, &view->error);
        view->looked = 1;
    }
}


/* Monotonic, seconds; nginx's own clock is not a thread's. */

static time_t
ngx_http_promotions_views_clock(void)
{
    struct timespec  ts;

    return clock_gettime(CLOCK_MONOTONIC, &ts) == 0 ? ts.tv_sec : 0;
}


static void
ngx_http_promotions_views_done(void *data)
{
    ngx_int_t                    rc;
    ngx_http_promotions_ctx_t   *ctx;
    ngx_http_promotions_views_t *job = data;

    ctx = ngx_http_promotions_find((char *) job->waiter);

    if (ctx != NULL) {
        rc = job->done(ctx, job->views, job->n);
        ngx_http_promotions_finish(ctx, rc);
    }

    pm_arena_destroy(job->arena);
}
