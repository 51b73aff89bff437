#include "http/ngx_http_promotions_batch.h"
#include "http/ngx_http_promotions_audit.h"
#include "http/ngx_http_promotions_job.h"
#include "http/ngx_http_promotions_reply.h"
#include "http/ngx_http_promotions_wait.h"
#include "promotion/pm_record.h"


/* In the reply: "batch", again, then for each id, input, base, pushing,
 * takes, deaths. */

#define NGX_HTTP_PROMOTIONS_BATCH_HEAD    2
#define NGX_HTTP_PROMOTIONS_BATCH_EACH    6

/*
 * Leaders that have died with a promotion, which may be what killed them:
 * after so many it is only looked for on the branch (if it was ever pushed),
 * and after so many more not even that.
 */

#define NGX_HTTP_PROMOTIONS_BATCH_DEATHS  10
#define NGX_HTTP_PROMOTIONS_BATCH_LOOKS   3


static void ngx_http_promotions_batch_promotion(
    ngx_http_promotions_batch_t *batch, redisReply *reply, ngx_uint_t at,
    pm_oid_t *base, pm_oid_t *pushing);
static void ngx_http_promotions_batch_oid(redisReply *reply, ngx_uint_t at,
    pm_oid_t *oid);
static ngx_uint_t ngx_http_promotions_batch_final(const pm_result_t *result);
static ngx_uint_t ngx_http_promotions_batch_listed(redisReply *reply,
    const char *id);
static void ngx_http_promotions_batch_close(void *data);
static void ngx_http_promotions_batch_closed(void *data);


ngx_int_t
ngx_http_promotions_batch_read(ngx_http_promotions_batch_t *batch,
    redisReply *reply)
{
    size_t                         i;
    pm_oid_t                      *bases, *pushing;
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

    batch->takes = pm_arena_zalloc(batch->arena,
                                   batch->n * sizeof(ngx_int_t));
    bases = pm_arena_zalloc(batch->arena, batch->n * sizeof(pm_oid_t));
    pushing = pm_arena_zalloc(batch->arena, batch->n * sizeof(pm_oid_t));

    if (batch->promotions == NULL || batch->results == NULL
        || batch->takes == NULL || bases == NULL || pushing == NULL)
    {
        goto failed;
    }

    for (i = 0; i < batch->n; i++) {
        ngx_http_promotions_batch_promotion(batch, reply,
                                            NGX_HTTP_PROMOTIONS_BATCH_HEAD
                                            + i
                                            * NGX_HTTP_PROMOTIONS_BATCH_EACH,
                                            &bases[batch->nread],
                                            &pushing[batch->nread]);
    }

    if (batch->nread == 0) {
        batch->state = PM_BATCH_SETTLED;
        return NGX_OK;
    }

    ngx_memzero(&settings, sizeof(pm_batch_settings_t));

    settings.git = worker->git;
    settings.committer_name = (char *) worker->pmcf->committer_name.data;
    settings.committer_email = (char *) worker->pmcf->committer_email.data;
    settings.now = ngx_time();
    settings.searching = (ngx_promotions_reply_number(reply, 1) != 0);
    settings.giving_up = batch->giving_up;
    settings.bases = bases;
    settings.pushing = pushing;

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


/*
 * Readable ones are gathered in front, the others fail behind them.  base and
 * pushing become the heads that the first and the last push of it built on,
 * or zeros.
 */

static void
ngx_http_promotions_batch_promotion(ngx_http_promotions_batch_t *batch,
    redisReply *reply, ngx_uint_t at, pm_oid_t *base, pm_oid_t *pushing)
{
    char         *id;
    size_t        i;
    ngx_int_t     takes, deaths;
    ngx_str_t     name, input;
    pm_error_t    err;
    pm_result_t  *result;

    name = ngx_promotions_reply_text(reply, at);
    input = ngx_promotions_reply_text(reply, at + 1);
    takes = ngx_promotions_reply_number(reply, at + 4);
    deaths = ngx_promotions_reply_number(reply, at + 5);

    ngx_http_promotions_batch_oid(reply, at + 2, base);
    ngx_http_promotions_batch_oid(reply, at + 3, pushing);

    id = pm_arena_strndup(batch->arena, (char *) name.data, name.len);

    if (id != NULL
        && (deaths >= NGX_HTTP_PROMOTIONS_BATCH_DEATHS
                      + NGX_HTTP_PROMOTIONS_BATCH_LOOKS
            || (deaths >= NGX_HTTP_PROMOTIONS_BATCH_DEATHS
                && pm_oid_is_zero(base))))
    {
        (void) pm_error_set(&err, PM_INTERNAL, "promotion %s was given up: "
                            "%d leaders of its lane did not end it", id,
                            (int) deaths);

    } else if (id != NULL
               && pm_record_decode(batch->arena, id, (char *) input.data,
                                   input.len,
                                   &batch->promotions[batch->nread], &err)
                  == 0)
    {
        batch->takes[batch->nread++] = takes;
        batch->giving_up |= (deaths >= NGX_HTTP_PROMOTIONS_BATCH_DEATHS);
        return;
    }

    i = batch->n - 1;

    while (i > batch->nread && batch->promotions[i].id != NULL) {
        i--;
    }

    batch->takes[i] = takes;
    result = &batch->results[i];

    ngx_memzero(&batch->promotions[i], sizeof(pm_promotion_t));
    batch->promotions[i].id = (id != NULL) ? id : "";

    result->state = PM_RESULT_FAILED;
    result->error = err;
}


static void
ngx_http_promotions_batch_oid(redisReply *reply, ngx_uint_t at, pm_oid_t *oid)
{
    ngx_str_t  text;

    text = ngx_promotions_reply_text(reply, at);

    if (pm_oid_parse(oid, (char *) text.data, text.len) != 0) {
        ngx_memzero(oid, sizeof(pm_oid_t));
    }
}


const pm_result_t *
ngx_http_promotions_batch_result(const ngx_http_promotions_batch_t *batch,
    size_t i)
{
    return (i < batch->nread) ? pm_batch_result(batch->batch, i)
                              : &batch->results[i];
}


static ngx_uint_t
ngx_http_promotions_batch_final(const pm_result_t *result)
{
    return result->state == PM_RESULT_LANDED
           || result->state == PM_RESULT_FAILED;
}


const char *
ngx_http_promotions_batch_host(const ngx_http_promotions_batch_t *batch)
{
    const char          *name;
    const pm_git_url_t  *url;

    url = &batch->promotions[0].parts[0].destination.url;

    if (url->host == NULL || url->port == 0) {
        return url->host;
    }

    name = pm_arena_printf(batch->arena, "%s:%u", url->host, url->port);

    return (name != NULL) ? name : url->host;
}


void
ngx_http_promotions_batch_begin(const ngx_http_promotions_batch_t *batch,
    ngx_promotions_args_t *args)
{
    char    *base;
    size_t   i;

    base = pm_arena_alloc(batch->arena, PM_GIT_HEX_SIZE + 1);

    if (base == NULL) {
        args->failed = 1;
        return;
    }

    pm_oid_hex(base, pm_batch_base(batch->batch));
    ngx_promotions_args_add(args, base, PM_GIT_HEX_SIZE);

    for (i = 0; i < batch->nread; i++) {
        if (pm_batch_sends(batch->batch, i)) {
            ngx_promotions_args_string(args, batch->promotions[i].id);
            ngx_promotions_args_number(args, batch->takes[i]);
        }
    }
}


ngx_uint_t
ngx_http_promotions_batch_open(const ngx_http_promotions_batch_t *batch)
{
    size_t      i;
    ngx_uint_t  open;

    open = 0;

    for (i = 0; i < batch->n; i++) {
        open += !ngx_http_promotions_batch_final(
                     ngx_http_promotions_batch_result(batch, i));
    }

    return open;
}


ngx_uint_t
ngx_http_promotions_batch_settle(const ngx_http_promotions_batch_t *batch,
    ngx_msec_t pushed, ngx_promotions_args_t *args)
{
    size_t              i;
    ngx_uint_t          n;
    const pm_result_t  *result;

    if (pushed) {
        ngx_promotions_args_number(args, ngx_current_msec - pushed);
    } else {
        ngx_promotions_args_string(args, "");
    }

    ngx_promotions_args_number(args,
                               ngx_http_promotions_worker.pmcf->retention);

    n = 0;

    for (i = 0; i < batch->n; i++) {
        n += (ngx_http_promotions_batch_result(batch, i)->state
              != PM_RESULT_NONE);
    }

    ngx_promotions_args_number(args, n);

    for (i = 0; i < batch->n; i++) {
        result = ngx_http_promotions_batch_result(batch, i);

        if (result->state == PM_RESULT_NONE) {
            continue;
        }

        ngx_promotions_args_string(args, batch->promotions[i].id);
        ngx_promotions_args_number(args, batch->takes[i]);

        switch (result->state) {

        case PM_RESULT_LANDED:
            ngx_promotions_args_string(args, "LANDED");
            ngx_promotions_args_number(args, NGX_HTTP_OK);
            ngx_promotions_args_string(args, "");
            break;

        case PM_RESULT_FAILED:
            ngx_promotions_args_string(args, "FAILED");
            ngx_promotions_args_number(args,
                             ngx_http_promotions_status(result->error.code));
            ngx_promotions_args_string(args, result->error.message);
            break;

        default: /* PM_RESULT_UNKNOWN */
            ngx_promotions_args_string(args, "UNKNOWN");
            ngx_promotions_args_string(args, "");
            ngx_promotions_args_string(args, result->error.message);
            break;
        }

        ngx_promotions_args_string(args, result->commit);
        ngx_promotions_args_string(args, result->digest);

        if (result->state == PM_RESULT_LANDED) {
            ngx_http_promotions_audit_committed(args, &batch->promotions[i],
                                                result->commit,
                                                result->digest);
        } else {
            ngx_http_promotions_audit_block(args, NULL, 0);
        }
    }

    return ngx_http_promotions_batch_open(batch);
}


void
ngx_http_promotions_batch_answer(const ngx_http_promotions_batch_t *batch,
    redisReply *reply, ngx_uint_t last)
{
    size_t              i;
    ngx_str_t           name;
    ngx_uint_t          status;
    const char         *id, *message, *commit;
    const pm_result_t  *result;

    for (i = 0; i < batch->n; i++) {
        id = batch->promotions[i].id;
        result = ngx_http_promotions_batch_result(batch, i);

        if (!ngx_http_promotions_batch_final(result) && !last) {
            continue;
        }

        if (result->state == PM_RESULT_FAILED
            && ngx_http_promotions_batch_listed(reply, id))
        {
            name.data = (u_char *) id;
            name.len = ngx_strlen(id);

            ngx_http_promotions_wait_pushing(id, 0);
            ngx_http_promotions_read_results(&name, 1);
            continue;
        }

        status = NGX_HTTP_OK;
        message = NULL;
        commit = NULL;

        if (result->state == PM_RESULT_LANDED) {
            commit = result->commit;

        } else if (result->state == PM_RESULT_FAILED) {
            status = ngx_http_promotions_status(result->error.code);
            message = result->error.message;

        } else {
            status = NGX_HTTP_GATEWAY_TIME_OUT;
            message = "the remote does not say whether the promotion has "
                      "landed: ask for it later by its Promotion-Id";
        }

        if (reply != NULL) {
            ngx_log_error(NGX_LOG_INFO, ngx_cycle->log, 0,
                          "promotion %s: %ui %s", id, status,
                          commit ? commit : message);
        }

        ngx_http_promotions_answer(id, status, message, commit);
    }
}


/* Whether it is among those that "settle" did not take. */

static ngx_uint_t
ngx_http_promotions_batch_listed(redisReply *reply, const char *id)
{
    size_t  i;

    if (reply == NULL || reply->type != REDIS_REPLY_ARRAY) {
        return 1;
    }

    for (i = 0; i < reply->elements; i++) {
        if (reply->element[i]->type == REDIS_REPLY_STRING
            && ngx_strcmp(reply->element[i]->str, id) == 0)
        {
            return 1;
        }
    }

    return 0;
}


/*
 * In a thread: closing a connection may mean waiting for a child process to
 * end.  Where no job can be posted there is none to delay either: a worker at
 * its end, or without memory.
 */

void
ngx_http_promotions_batch_free(ngx_http_promotions_batch_t *batch)
{
    ngx_http_promotions_batch_t  *garbage;

    garbage = NULL;

    if (batch->batch != NULL && !ngx_http_promotions_worker.ending) {
        garbage = ngx_alloc(sizeof(ngx_http_promotions_batch_t),
                            ngx_cycle->log);
    }

    if (garbage != NULL) {
        *garbage = *batch;

        if (ngx_http_promotions_job_post(ngx_http_promotions_worker.pmcf,
                                         ngx_http_promotions_batch_close,
                                         ngx_http_promotions_batch_closed,
                                         garbage)
            != NGX_OK)
        {
            ngx_free(garbage);
            garbage = NULL;
        }
    }

    if (garbage == NULL) {
        ngx_http_promotions_batch_close(batch);
    }

    ngx_memzero(batch, sizeof(ngx_http_promotions_batch_t));
}


static void
ngx_http_promotions_batch_close(void *data)
{
    ngx_http_promotions_batch_t  *batch = data;

    pm_batch_destroy(batch->batch);
    pm_arena_destroy(batch->arena);
}


static void
ngx_http_promotions_batch_closed(void *data)
{
    ngx_free(data);
}
