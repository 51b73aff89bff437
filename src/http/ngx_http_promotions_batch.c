#include "http/ngx_http_promotions_batch.h"
#include "promotion/pm_record.h"


/* In the reply: "batch", again, then for each: id, input, base, takes. */

#define NGX_HTTP_PROMOTIONS_BATCH_HEAD   2
#define NGX_HTTP_PROMOTIONS_BATCH_EACH   4

/* The tenth leader of a promotion gives it up: it may kill them. */

#define NGX_HTTP_PROMOTIONS_BATCH_TAKES  10


static void ngx_http_promotions_batch_promotion(
    ngx_http_promotions_batch_t *batch, redisReply *reply, ngx_uint_t at);
static void ngx_http_promotions_batch_base(ngx_http_promotions_batch_t *batch,
    redisReply *reply);


ngx_int_t
ngx_http_promotions_batch_read(ngx_http_promotions_batch_t *batch,
    redisReply *reply)
{
    size_t                         i;
    pm_error_t                     err;
    pm_batch_settings_t            settings;
    ngx_http_promotions_worker_t  *worker;

    worker = &ngx_http_promotions_worker;

    batch->n = (reply->elements - NGX_HTTP_PROMOTIONS_BATCH_HEAD)
               / NGX_HTTP_PROMOTIONS_BATCH_EACH;

    batch->arena = pm_arena_create();
    if (batch->arena == NULL) {
        return NGX_ERROR;
    }

    batch->promotions = pm_arena_zalloc(batch->arena,
                                        batch->n * sizeof(pm_promotion_t));
    batch->results = pm_arena_zalloc(batch->arena,
                                     batch->n * sizeof(pm_result_t));

    if (batch->promotions == NULL || batch->results == NULL) {
        goto failed;
    }

    for (i = 0; i < batch->n; i++) {
        ngx_http_promotions_batch_promotion(batch, reply,
                                            NGX_HTTP_PROMOTIONS_BATCH_HEAD
                                            + i
                                            * NGX_HTTP_PROMOTIONS_BATCH_EACH);
    }

    if (batch->nread == 0) {
        batch->state = PM_BATCH_SETTLED;
        return NGX_OK;
    }

    ngx_http_promotions_batch_base(batch, reply);

    ngx_memzero(&settings, sizeof(pm_batch_settings_t));

    settings.git = worker->git;
    settings.committer_name = (char *) worker->pmcf->committer_name.data;
    settings.committer_email = (char *) worker->pmcf->committer_email.data;
    settings.now = ngx_time();
    settings.searching = (ngx_promotions_reply_number(reply, 1) != 0);
    settings.base = &batch->base;

    if (pm_batch_create(&settings, batch->promotions, batch->nread,
                        &batch->batch, &err)
        == 0)
    {
        return NGX_OK;
    }

failed:

    ngx_http_promotions_batch_free(batch);

    return NGX_ERROR;
}


/* Readable ones are gathered in front, the others fail behind them. */

static void
ngx_http_promotions_batch_promotion(ngx_http_promotions_batch_t *batch,
    redisReply *reply, ngx_uint_t at)
{
    char         *id;
    size_t        i;
    ngx_str_t     name, input;
    pm_error_t    err;
    pm_result_t  *result;

    name = ngx_promotions_reply_text(reply, at);
    input = ngx_promotions_reply_text(reply, at + 1);

    id = pm_arena_strndup(batch->arena, (char *) name.data, name.len);

    if (id != NULL
        && ngx_promotions_reply_number(reply, at + 3)
           > NGX_HTTP_PROMOTIONS_BATCH_TAKES)
    {
        (void) pm_error_set(&err, PM_INTERNAL, "promotion %s was given up: "
                            "%d leaders of its lane did not end it", id,
                            NGX_HTTP_PROMOTIONS_BATCH_TAKES);

    } else if (id != NULL
               && pm_record_decode(batch->arena, id, (char *) input.data,
                                   input.len,
                                   &batch->promotions[batch->nread], &err)
                  == 0)
    {
        batch->nread++;
        return;
    }

    i = batch->n - 1;

    while (i > batch->nread && batch->promotions[i].id != NULL) {
        i--;
    }

    result = &batch->results[i];

    ngx_memzero(&batch->promotions[i], sizeof(pm_promotion_t));
    batch->promotions[i].id = (id != NULL) ? id : "";

    result->state = PM_RESULT_FAILED;
    result->error = err;
}


/* Bases that differ, or that are missing: all of the branch is searched. */

static void
ngx_http_promotions_batch_base(ngx_http_promotions_batch_t *batch,
    redisReply *reply)
{
    size_t      i;
    ngx_str_t   first, base;

    first = ngx_promotions_reply_text(reply,
                                      NGX_HTTP_PROMOTIONS_BATCH_HEAD + 2);

    for (i = 1; i < batch->n; i++) {
        base = ngx_promotions_reply_text(reply,
                                         NGX_HTTP_PROMOTIONS_BATCH_HEAD + 2
                                         + i
                                         * NGX_HTTP_PROMOTIONS_BATCH_EACH);

        if (base.len != first.len
            || ngx_strncmp(base.data, first.data, base.len) != 0)
        {
            return;
        }
    }

    if (first.len != PM_GIT_HEX_SIZE
        || pm_oid_parse(&batch->base, (char *) first.data, first.len) != 0)
    {
        ngx_memzero(&batch->base, sizeof(pm_oid_t));
    }
}


const pm_result_t *
ngx_http_promotions_batch_result(const ngx_http_promotions_batch_t *batch,
    size_t i)
{
    const pm_result_t  *result;

    result = (i < batch->nread) ? pm_batch_result(batch->batch, i)
                                : &batch->results[i];

    if (result->state != PM_RESULT_LANDED && result->state != PM_RESULT_FAILED)
    {
        return NULL;
    }

    return result;
}


void
ngx_http_promotions_batch_free(ngx_http_promotions_batch_t *batch)
{
    pm_batch_destroy(batch->batch);
    pm_arena_destroy(batch->arena);

    ngx_memzero(batch, sizeof(ngx_http_promotions_batch_t));
}
