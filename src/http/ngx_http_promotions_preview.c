#include "http/ngx_http_promotions_preview.h"
#include "http/ngx_http_promotions_job.h"
#include "http/ngx_http_promotions_product.h"
#include "http/ngx_http_promotions_reply.h"
#include "http/ngx_http_promotions_result.h"
#include "http/ngx_http_promotions_wait.h"
#include "base/pm_buffer.h"
#include "promotion/pm_batch.h"


typedef struct ngx_http_promotions_preview_s  ngx_http_promotions_preview_t;


/* One lane's promotions: a job's own memory. */

typedef struct {
    ngx_http_promotions_preview_t  *preview;
    pm_arena_t                     *arena;      /* has all but the next */
    pm_batch_settings_t             settings;
    pm_promotion_t                 *promotions;
    size_t                         *which;      /* of the preview's */
    size_t                          n;
    pm_string_t                    *jsons;
    pm_error_t                     *errors;
} ngx_http_promotions_preview_job_t;


struct ngx_http_promotions_preview_s {
    pm_arena_t                         *arena;  /* has all of this */
    pm_promotion_t                     *promotions;
    size_t                              n;
    ngx_http_promotions_preview_job_t  *jobs;
    size_t                              njobs;
    size_t                              open;   /* jobs under way */
    pm_string_t                        *jsons;  /* their jobs' */
    pm_error_t                        **errors;
};


static ngx_int_t ngx_http_promotions_preview_jobs(
    ngx_http_promotions_ctx_t *ctx, ngx_http_promotions_preview_t *preview);
static ngx_int_t ngx_http_promotions_preview_job(
    ngx_http_promotions_ctx_t *ctx, ngx_http_promotions_preview_t *preview,
    size_t first);
static void ngx_http_promotions_preview_post(
    ngx_http_promotions_preview_job_t *job);
static void ngx_http_promotions_preview_refused(void *data);
static void ngx_http_promotions_preview_run(void *data);
static void ngx_http_promotions_preview_done(void *data);
static void ngx_http_promotions_preview_result(
    ngx_http_promotions_preview_job_t *job);
static void ngx_http_promotions_preview_free(
    ngx_http_promotions_preview_t *preview);
static ngx_int_t ngx_http_promotions_preview_send(
    ngx_http_promotions_ctx_t *ctx, ngx_http_promotions_preview_t *preview);
static ngx_int_t ngx_http_promotions_preview_group(
    ngx_http_promotions_ctx_t *ctx, ngx_http_promotions_preview_t *preview);
static void ngx_http_promotions_preview_member(
    const ngx_http_promotions_ctx_t *ctx,
    const ngx_http_promotions_preview_t *preview, size_t i,
    pm_buffer_t *text);
static void ngx_http_promotions_preview_text(pm_buffer_t *text, json_t *json,
    size_t from, size_t cut);
static void ngx_http_promotions_preview_rest(
    const ngx_http_promotions_ctx_t *ctx, pm_buffer_t *text);


ngx_int_t
ngx_http_promotions_preview_start(ngx_http_promotions_ctx_t *ctx,
    pm_promotion_t *promotions, ngx_uint_t n)
{
    size_t                          i;
    ngx_int_t                       rc;
    ngx_http_promotions_preview_t  *preview;

    preview = pm_arena_zalloc(ctx->promotion_arena,
                              sizeof(ngx_http_promotions_preview_t));
    if (preview == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    preview->arena = ctx->promotion_arena;
    preview->promotions = promotions;
    preview->n = n;

    if (ngx_http_promotions_preview_jobs(ctx, preview) != NGX_OK) {
        for (i = 0; i < preview->njobs; i++) {
            pm_arena_destroy(preview->jobs[i].arena);
        }

        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    /* the client may leave before the jobs end */

    ctx->promotion_arena = NULL;

    for (i = 0; i < preview->njobs; i++) {
        ngx_http_promotions_preview_post(&preview->jobs[i]);
    }

    if (preview->open > 0) {
        return NGX_AGAIN;
    }

    rc = ngx_http_promotions_preview_send(ctx, preview);

    ngx_http_promotions_preview_free(preview);

    return rc;
}


/* One for each lane. */

static ngx_int_t
ngx_http_promotions_preview_jobs(ngx_http_promotions_ctx_t *ctx,
    ngx_http_promotions_preview_t *preview)
{
    size_t      i, j;
    u_char     *lane;
    ngx_uint_t  n;

    n = preview->n;

    preview->jobs = pm_arena_zalloc(preview->arena,
                           n * sizeof(ngx_http_promotions_preview_job_t));
    preview->jsons = pm_arena_zalloc(preview->arena, n * sizeof(pm_string_t));
    preview->errors = pm_arena_zalloc(preview->arena,
                                      n * sizeof(pm_error_t *));

    if (preview->jobs == NULL || preview->jsons == NULL
        || preview->errors == NULL)
    {
        return NGX_ERROR;
    }

    for (i = 0; i < n; i++) {
        lane = ngx_http_promotions_nth(ctx, i)->lane;

        for (j = 0; j < i; j++) {
            if (ngx_strcmp(ngx_http_promotions_nth(ctx, j)->lane, lane) == 0) {
                break;
            }
        }

        if (j == i
            && ngx_http_promotions_preview_job(ctx, preview, i) != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/* The job of the lane of promotion first, and of those behind it. */

static ngx_int_t
ngx_http_promotions_preview_job(ngx_http_promotions_ctx_t *ctx,
    ngx_http_promotions_preview_t *preview, size_t first)
{
    size_t                              i, n;
    u_char                             *lane;
    ngx_http_promotions_preview_job_t  *job;

    job = &preview->jobs[preview->njobs];
    n = preview->n - first;

    job->arena = pm_arena_create();
    if (job->arena == NULL) {
        return NGX_ERROR;
    }

    preview->njobs++;

    job->preview = preview;
    job->settings.git = ngx_http_promotions_worker.git;
    job->settings.now = ngx_time();

    job->promotions = pm_arena_alloc(job->arena, n * sizeof(pm_promotion_t));
    job->which = pm_arena_alloc(job->arena, n * sizeof(size_t));
    lane = ngx_http_promotions_nth(ctx, first)->lane;

    if (job->promotions == NULL || job->which == NULL) {
        return NGX_ERROR;
    }

    for (i = first; i < preview->n; i++) {
        if (ngx_strcmp(ngx_http_promotions_nth(ctx, i)->lane, lane) == 0) {
            job->promotions[job->n] = preview->promotions[i];
            job->which[job->n++] = i;
        }
    }

    job->jsons = pm_arena_zalloc(job->arena, job->n * sizeof(pm_string_t));
    job->errors = pm_arena_zalloc(job->arena, job->n * sizeof(pm_error_t));

    return (job->jsons && job->errors) ? NGX_OK : NGX_ERROR;
}


static void
ngx_http_promotions_preview_post(ngx_http_promotions_preview_job_t *job)
{
    if (ngx_http_promotions_job_post_remote(ngx_http_promotions_worker.pmcf,
                             &job->promotions[0].parts[0].destination.url,
                                     ngx_http_promotions_preview_run,
                                     ngx_http_promotions_preview_refused,
                                     ngx_http_promotions_preview_done, job)
        == NGX_OK)
    {
        job->preview->open++;
        return;
    }

    ngx_http_promotions_preview_refused(job);
    ngx_http_promotions_preview_result(job);
}


static void
ngx_http_promotions_preview_refused(void *data)
{
    size_t                              i;
    ngx_http_promotions_preview_job_t  *job = data;

    for (i = 0; i < job->n; i++) {
        (void) pm_error_set(&job->errors[i], PM_UNAVAILABLE,
                            "too many jobs are waiting, try again");
    }
}


/* In a thread. */

static void
ngx_http_promotions_preview_run(void *data)
{
    ngx_http_promotions_preview_job_t  *job = data;

    pm_batch_previews(&job->settings, job->promotions, job->n,
                      PM_BATCH_PREVIEW / job->preview->n * job->n, job->arena,
                      job->jsons, job->errors);
}


static void
ngx_http_promotions_preview_done(void *data)
{
    ngx_http_promotions_ctx_t          *ctx;
    ngx_http_promotions_preview_t      *preview;
    ngx_http_promotions_preview_job_t  *job = data;

    preview = job->preview;

    ngx_http_promotions_preview_result(job);

    if (--preview->open > 0) {
        return;
    }

    ctx = ngx_http_promotions_find(preview->promotions[0].id);

    if (ctx != NULL) {
        ngx_http_promotions_finish(ctx,
                           ngx_http_promotions_preview_send(ctx, preview));
    }

    ngx_http_promotions_preview_free(preview);
}


static void
ngx_http_promotions_preview_result(ngx_http_promotions_preview_job_t *job)
{
    size_t  i;

    for (i = 0; i < job->n; i++) {
        job->preview->jsons[job->which[i]] = job->jsons[i];
        job->preview->errors[job->which[i]] = &job->errors[i];
    }
}


static void
ngx_http_promotions_preview_free(ngx_http_promotions_preview_t *preview)
{
    size_t  i;

    for (i = 0; i < preview->njobs; i++) {
        pm_arena_destroy(preview->jobs[i].arena);
    }

    pm_arena_destroy(preview->arena);
}


static ngx_int_t
ngx_http_promotions_preview_send(ngx_http_promotions_ctx_t *ctx,
    ngx_http_promotions_preview_t *preview)
{
    if (ctx->grouped) {
        return ngx_http_promotions_preview_group(ctx, preview);
    }

    if (preview->errors[0]->code != 0) {
        return ngx_http_promotions_send_error(ctx->request,
                   ngx_http_promotions_status(preview->errors[0]->code),
                   preview->errors[0]->message);
    }

    return ngx_http_promotions_send(ctx->request, NGX_HTTP_OK,
                                    preview->jsons[0].data,
                                    preview->jsons[0].len);
}


/* Status as of a group that was promoted. */

static ngx_int_t
ngx_http_promotions_preview_group(ngx_http_promotions_ctx_t *ctx,
    ngx_http_promotions_preview_t *preview)
{
    size_t        i;
    ngx_int_t     rc;
    ngx_uint_t    good, status;
    pm_buffer_t   text;

    ngx_memzero(&text, sizeof(pm_buffer_t));

    pm_buffer_puts(&text, "{\"promotions\":[");

    for (i = 0, good = 0; i < preview->n; i++) {
        good += (preview->errors[i]->code == 0);

        pm_buffer_puts(&text, i ? "," : "");
        ngx_http_promotions_preview_member(ctx, preview, i, &text);
    }

    ngx_http_promotions_preview_rest(ctx, &text);
    pm_buffer_puts(&text, "}");

    status = NGX_HTTP_OK;

    if (good == 0) {
        status = ngx_http_promotions_status(preview->errors[0]->code);

    } else if (good < preview->n
               || ngx_http_promotions_product_refused(ctx))
    {
        status = 207;
    }

    rc = text.failed ? NGX_HTTP_INTERNAL_SERVER_ERROR
                     : ngx_http_promotions_send(ctx->request, status,
                                                text.data, text.len);
    pm_buffer_free(&text);

    return rc;
}


/* A preview is a text already, and may be long. */

static void
ngx_http_promotions_preview_member(const ngx_http_promotions_ctx_t *ctx,
    const ngx_http_promotions_preview_t *preview, size_t i, pm_buffer_t *text)
{
    json_t                *json;
    const pm_error_t      *error;
    const pm_promotion_t  *promotion;

    error = preview->errors[i];
    promotion = &preview->promotions[i];

    json = json_object();

    if (ctx->product != NULL) {
        (void) json_object_set_new(json, "srcAppId",
                            ngx_http_promotions_id_json(&promotion->source));
    }

    (void) json_object_set_new(json, "destAppId",
                       ngx_http_promotions_id_json(&promotion->destination));
    (void) json_object_set_new(json, "statusCode",
                   json_integer(error->code
                                ? (json_int_t) ngx_http_promotions_status(
                                                   error->code)
                                : NGX_HTTP_OK));

    if (error->code != 0) {
        (void) json_object_set_new(json, "message",
                                   json_string(error->message));
        ngx_http_promotions_preview_text(text, json, 0, 0);
        return;
    }

    ngx_http_promotions_preview_text(text, json, 0, 1);
    pm_buffer_puts(text, ",\"preview\":");
    pm_buffer_append(text, preview->jsons[i].data, preview->jsons[i].len);
    pm_buffer_puts(text, "}");
}


/* The text of json without "from" bytes at its beginning and "cut" at its
 * end; gives up its reference. */

static void
ngx_http_promotions_preview_text(pm_buffer_t *text, json_t *json, size_t from,
    size_t cut)
{
    char    *dump;
    size_t   len;

    dump = json ? json_dumps(json, JSON_COMPACT) : NULL;
    json_decref(json);

    len = dump ? ngx_strlen(dump) : 0;

    if (len < from + cut) {
        text->failed = 1;

    } else {
        pm_buffer_append(text, dump + from, len - from - cut);
    }

    free(dump);
}


/* What a product has besides: members that were refused, and "missing". */

static void
ngx_http_promotions_preview_rest(const ngx_http_promotions_ctx_t *ctx,
    pm_buffer_t *text)
{
    json_t  *members, *answer;

    members = json_array();
    answer = json_object();

    (void) ngx_http_promotions_product_rest(ctx, members, answer);

    if (json_array_size(members) > 0) {
        pm_buffer_puts(text, ",");
        ngx_http_promotions_preview_text(text, json_incref(members), 1, 1);
    }

    pm_buffer_puts(text, "]");
    json_decref(members);

    if (json_object_size(answer) > 0) {
        pm_buffer_puts(text, ",");
        ngx_http_promotions_preview_text(text, json_incref(answer), 1, 1);
    }

    json_decref(answer);
}
