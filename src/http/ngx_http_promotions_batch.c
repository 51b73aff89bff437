#include "http/ngx_http_promotions_batch.h"
#include "http/ngx_http_promotions_audit.h"
#include "http/ngx_http_promotions_job.h"
#include "http/ngx_http_promotions_reply.h"
#include "http/ngx_http_promotions_wait.h"


/* How long one that is done waits for a place in the pool, ms. */

#define NGX_HTTP_PROMOTIONS_BATCH_AGAIN  1000


/* A batch that is done, until a thread has closed it. */

typedef struct {
    ngx_http_promotions_batch_t  batch;
    ngx_event_t                  event;
} ngx_http_promotions_garbage_t;


static ngx_uint_t ngx_http_promotions_batch_final(const pm_result_t *result);
static ngx_uint_t ngx_http_promotions_batch_listed(redisReply *reply,
    const char *id);
static ngx_uint_t ngx_http_promotions_batch_ended(const pm_result_t *result);
static void ngx_http_promotions_batch_audit(
    const ngx_http_promotions_batch_t *batch, size_t i,
    const pm_result_t *result, ngx_promotions_args_t *args);
static void ngx_http_promotions_batch_collect(ngx_event_t *ev);
static void ngx_http_promotions_batch_close(void *data);
static void ngx_http_promotions_batch_closed(void *data);


static ngx_uint_t
ngx_http_promotions_batch_final(const pm_result_t *result)
{
    return result->state == PM_RESULT_LANDED
           || result->state == PM_RESULT_FAILED;
}


/* Final, or left to a later batch. */

static ngx_uint_t
ngx_http_promotions_batch_ended(const pm_result_t *result)
{
    return ngx_http_promotions_batch_final(result)
           || result->state == PM_RESULT_PENDING;
}


const pm_git_url_t *
ngx_http_promotions_batch_remote(const ngx_http_promotions_batch_t *batch)
{
    return &batch->first->parts[0].destination.url;
}


void
ngx_http_promotions_batch_begin(const ngx_http_promotions_batch_t *batch,
    ngx_promotions_args_t *args)
{
    char               *base;
    size_t              i;
    const pm_result_t  *result;

    base = pm_arena_alloc(batch->arena, PM_GIT_HEX_SIZE + 1);

    if (base == NULL) {
        args->failed = 1;
        return;
    }

    pm_oid_hex(base, ngx_http_promotions_batch_base(batch));
    ngx_promotions_args_add(args, base, PM_GIT_HEX_SIZE);

    for (i = 0; i < batch->nread; i++) {
        if (ngx_http_promotions_batch_sends(batch, i)) {
            ngx_promotions_args_string(args, batch->promotions[i].id);
            ngx_promotions_args_number(args, batch->takes[i]);

            result = ngx_http_promotions_batch_result(batch, i);

            ngx_promotions_args_string(args, result->target);
            ngx_promotions_args_number(args, result->created);
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
        open += !ngx_http_promotions_batch_ended(
                     ngx_http_promotions_batch_result(batch, i));
    }

    return open;
}


static void
ngx_http_promotions_batch_audit(const ngx_http_promotions_batch_t *batch,
    size_t i, const pm_result_t *result, ngx_promotions_args_t *args)
{
    const pm_promotion_t  *promotion;

    promotion = &batch->promotions[i];

    if (promotion->requester_email == NULL) {
        ngx_http_promotions_audit_committed(args, promotion, result);
        return;
    }

    /* one that was found by its trailer was written by a plan before */

    ngx_http_promotions_audit_accepted(args, promotion, result,
                                       result->target ? result->target
                                                      : batch->targets[i],
                                       result->target ? result->created
                                                      : batch->created[i]);
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
            ngx_promotions_args_string(args,
                              ngx_http_promotions_batch_pull_state(result));
            ngx_promotions_args_number(args, NGX_HTTP_OK);
            ngx_promotions_args_string(args, "");
            break;

        case PM_RESULT_FAILED:
            ngx_promotions_args_string(args, "FAILED");
            ngx_promotions_args_number(args,
                             ngx_http_promotions_status(result->error.code));
            ngx_promotions_args_string(args, result->error.message);
            break;

        case PM_RESULT_PENDING:
            ngx_promotions_args_string(args, "PENDING");
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
        ngx_http_promotions_batch_pull(args, result);

        ngx_promotions_args_string(args, result->error.name);
        ngx_promotions_args_string(args, result->error.subject);

        if (result->state == PM_RESULT_LANDED) {
            ngx_http_promotions_batch_audit(batch, i, result, args);
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
    size_t                       i;
    ngx_str_t                    name;
    ngx_uint_t                   status;
    const char                  *id, *message, *commit;
    const pm_result_t           *result;
    ngx_http_promotions_pull_t   pull;

    for (i = 0; i < batch->n; i++) {
        id = batch->promotions[i].id;
        result = ngx_http_promotions_batch_result(batch, i);

        if (!ngx_http_promotions_batch_final(result) && !last) {
            continue;
        }

        if (result->state == PM_RESULT_PENDING) {

            /* it is Redis that tells of it from now on */

            ngx_http_promotions_wait_pushing(id, 0);
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

        if (commit == NULL || result->pull == NULL) {
            ngx_http_promotions_answer(id, status, message, commit, NULL);

        } else if (ngx_http_promotions_batch_pull_answer(batch, result, &pull)
                   == NGX_OK)
        {
            ngx_http_promotions_answer(id, status, message, commit, &pull);
        }
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
 * end.  Where the pool is full, later.  A worker at its end, or without
 * memory, has nothing that it would delay.
 */

void
ngx_http_promotions_batch_free(ngx_http_promotions_batch_t *batch)
{
    ngx_http_promotions_garbage_t  *garbage;

    garbage = NULL;

    /* one that no job has begun has nothing open */

    if (batch->begun && !ngx_http_promotions_worker.ending) {
        garbage = ngx_calloc(sizeof(ngx_http_promotions_garbage_t),
                             ngx_cycle->log);
    }

    if (garbage != NULL) {
        garbage->batch = *batch;

        garbage->event.handler = ngx_http_promotions_batch_collect;
        garbage->event.data = garbage;
        garbage->event.log = ngx_cycle->log;

        ngx_http_promotions_batch_collect(&garbage->event);

    } else {
        ngx_http_promotions_batch_destroy(batch);
        pm_arena_destroy(batch->arena);
    }

    ngx_memzero(batch, sizeof(ngx_http_promotions_batch_t));
}


/* The timer keeps a worker that is told to quit: the pool's jobs end. */

static void
ngx_http_promotions_batch_collect(ngx_event_t *ev)
{
    if (ngx_http_promotions_job_post(ngx_http_promotions_worker.pmcf,
                                     ngx_http_promotions_batch_close,
                                     ngx_http_promotions_batch_closed,
                                     ev->data)
        != NGX_OK)
    {
        ngx_add_timer(ev, NGX_HTTP_PROMOTIONS_BATCH_AGAIN);
    }
}


static void
ngx_http_promotions_batch_close(void *data)
{
    ngx_http_promotions_garbage_t  *garbage = data;

    ngx_http_promotions_batch_destroy(&garbage->batch);
    pm_arena_destroy(garbage->batch.arena);
}


static void
ngx_http_promotions_batch_closed(void *data)
{
    ngx_free(data);
}
