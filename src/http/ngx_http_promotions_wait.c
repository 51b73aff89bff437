#include "http/ngx_http_promotions_wait.h"
#include "http/ngx_http_promotions_result.h"
#include "store/pm_store_id.h"

#include <sys/random.h>


static ngx_int_t ngx_http_promotions_wait_new(
    ngx_http_promotions_waiter_t *waiter);
static void ngx_http_promotions_wait_insert(
    ngx_http_promotions_waiter_t *waiter);
static void ngx_http_promotions_wait_remove(
    ngx_http_promotions_waiter_t *waiter);
static ngx_int_t ngx_http_promotions_wait_pull(
    ngx_http_promotions_waiter_t *waiter,
    const ngx_http_promotions_pull_t *pull);


void
ngx_http_promotions_wait_init(void)
{
    ngx_http_promotions_worker_t  *worker;

    worker = &ngx_http_promotions_worker;

    ngx_rbtree_init(&worker->waiters, &worker->waiters_sentinel,
                    ngx_str_rbtree_insert_value);

    ngx_queue_init(&worker->probes);

    ngx_http_promotions_read_init();
}


ngx_int_t
ngx_http_promotions_wait(ngx_http_promotions_ctx_t *ctx)
{
    if (ctx->first.waiting) {
        return NGX_OK;
    }

    ctx->first.ctx = ctx;

    return ngx_http_promotions_wait_new(&ctx->first);
}


ngx_int_t
ngx_http_promotions_wait_group(ngx_http_promotions_ctx_t *ctx, ngx_uint_t n)
{
    ctx->open = 1;

    if (n == 1) {
        return NGX_OK;
    }

    ctx->others = pm_arena_zalloc(ctx->arena,
                           (n - 1) * sizeof(ngx_http_promotions_waiter_t));

    if (ctx->others == NULL) {
        return NGX_ERROR;
    }

    while (ctx->nothers < n - 1) {
        ctx->others[ctx->nothers].ctx = ctx;

        if (ngx_http_promotions_wait_new(&ctx->others[ctx->nothers])
            != NGX_OK)
        {
            return NGX_ERROR;
        }

        ctx->nothers++;
        ctx->open++;
    }

    return NGX_OK;
}


ngx_http_promotions_waiter_t *
ngx_http_promotions_nth(ngx_http_promotions_ctx_t *ctx, ngx_uint_t i)
{
    return i ? &ctx->others[i - 1] : &ctx->first;
}


static ngx_int_t
ngx_http_promotions_wait_new(ngx_http_promotions_waiter_t *waiter)
{
    u_char       random[PM_STORE_ID_RANDOM];
    uint64_t     now;
    ngx_time_t  *tp;

    if (getrandom(random, sizeof(random), GRND_NONBLOCK) != sizeof(random)) {
        return NGX_ERROR;
    }

    tp = ngx_timeofday();
    now = (uint64_t) tp->sec * 1000 + tp->msec;

    pm_store_id_make((char *) waiter->id, now, random);

    ngx_http_promotions_wait_insert(waiter);

    return NGX_OK;
}


static void
ngx_http_promotions_wait_insert(ngx_http_promotions_waiter_t *waiter)
{
    waiter->node.str.data = waiter->id;
    waiter->node.str.len = NGX_HTTP_PROMOTIONS_ID_SIZE;
    waiter->node.node.key = ngx_crc32_short(waiter->id,
                                            NGX_HTTP_PROMOTIONS_ID_SIZE);

    ngx_rbtree_insert(&ngx_http_promotions_worker.waiters,
                      &waiter->node.node);
    waiter->waiting = 1;
}


static void
ngx_http_promotions_wait_remove(ngx_http_promotions_waiter_t *waiter)
{
    if (waiter->waiting) {
        waiter->waiting = 0;
        ngx_rbtree_delete(&ngx_http_promotions_worker.waiters,
                          &waiter->node.node);
    }
}


void
ngx_http_promotions_wait_for(ngx_http_promotions_waiter_t *waiter,
    ngx_str_t *id)
{
    ngx_http_promotions_wait_remove(waiter);

    (void) ngx_cpystrn(waiter->id, id->data, ngx_min(id->len + 1,
                                                     sizeof(waiter->id)));

    ngx_http_promotions_wait_insert(waiter);
}


void
ngx_http_promotions_watch_client(ngx_http_request_t *r)
{
    ngx_connection_t  *c;

    c = r->connection;

    r->read_event_handler = ngx_http_test_reading;
    r->write_event_handler = ngx_http_request_empty_handler;

    if (ngx_handle_read_event(c->read, 0) != NGX_OK) {
        c->error = 1;
        return;
    }

    /* what has come with the body is seen at the next turn of the loop */

    if (c->read->ready && !r->stream) {
        ngx_post_event(c->read, &ngx_posted_events);
    }
}


ngx_http_promotions_waiter_t *
ngx_http_promotions_find_waiter(const char *id)
{
    ngx_str_t  name;

    name.data = (u_char *) id;
    name.len = ngx_strlen(id);

    /* the node is the waiter's first member */

    return (ngx_http_promotions_waiter_t *)
               ngx_str_rbtree_lookup(&ngx_http_promotions_worker.waiters,
                                     &name,
                                     ngx_crc32_short(name.data, name.len));
}


ngx_http_promotions_ctx_t *
ngx_http_promotions_find(const char *id)
{
    ngx_http_promotions_waiter_t  *waiter;

    waiter = ngx_http_promotions_find_waiter(id);

    return waiter != NULL ? waiter->ctx : NULL;
}


void
ngx_http_promotions_wait_pushing(const char *id, ngx_uint_t pushing)
{
    ngx_http_promotions_waiter_t  *waiter;

    /* of several who wait for one promotion, the others have the tick */

    waiter = ngx_http_promotions_find_waiter(id);

    if (waiter != NULL) {
        waiter->pushing = pushing;
    }
}


void
ngx_http_promotions_wait_result(ngx_http_promotions_waiter_t *waiter,
    ngx_uint_t status, const char *message, const char *commit)
{
    ngx_http_promotions_ctx_t  *ctx;

    ctx = waiter->ctx;

    ngx_http_promotions_wait_remove(waiter);

    waiter->status = status;
    waiter->message = pm_arena_strdup(ctx->arena, message ? message : "");
    waiter->commit = pm_arena_strdup(ctx->arena, commit ? commit : "");

    if (waiter->message == NULL || waiter->commit == NULL) {
        waiter->status = NGX_HTTP_INTERNAL_SERVER_ERROR;
        waiter->message = "";
        waiter->commit = "";
    }

    ngx_http_promotions_wait_release(ctx);
}


void
ngx_http_promotions_wait_hold(ngx_http_promotions_ctx_t *ctx)
{
    ctx->open++;
}


void
ngx_http_promotions_wait_release(ngx_http_promotions_ctx_t *ctx)
{
    if (--ctx->open > 0) {
        return;
    }

    if (ctx->results != NULL) {
        ctx->results(ctx);

    } else {
        ngx_http_promotions_finish(ctx,
                                   ngx_http_promotions_send_results(ctx));
    }
}


void
ngx_http_promotions_answer(const char *id, ngx_uint_t status,
    const char *message, const char *commit,
    const ngx_http_promotions_pull_t *pull)
{
    ngx_http_promotions_waiter_t  *waiter;

    for ( ;; ) {
        waiter = ngx_http_promotions_find_waiter(id);

        /* one that is not queued waits for something else under its id */

        if (waiter == NULL || !waiter->queued) {
            return;
        }

        if (pull != NULL
            && ngx_http_promotions_wait_pull(waiter, pull) != NGX_OK)
        {
            ngx_http_promotions_wait_result(waiter,
                             NGX_HTTP_INTERNAL_SERVER_ERROR, NULL, NULL);
            continue;
        }

        ngx_http_promotions_wait_result(waiter, status, message, commit);
    }
}


static ngx_int_t
ngx_http_promotions_wait_pull(ngx_http_promotions_waiter_t *waiter,
    const ngx_http_promotions_pull_t *pull)
{
    pm_arena_t  *arena;

    arena = waiter->ctx->arena;

    waiter->pull.number = pm_arena_strdup(arena, pull->number);
    waiter->pull.url = pm_arena_strdup(arena, pull->url);
    waiter->pull.head = pm_arena_strdup(arena, pull->head);
    waiter->pull.base = pm_arena_strdup(arena, pull->base);
    waiter->pull.author = pm_arena_strdup(arena, pull->author);
    waiter->pull.message = pm_arena_strdup(arena, pull->message);
    waiter->pull.state = pm_arena_strdup(arena, pull->state);

    return waiter->pull.number != NULL && waiter->pull.url != NULL
           && waiter->pull.head != NULL && waiter->pull.base != NULL
           && waiter->pull.author != NULL && waiter->pull.message != NULL
           && waiter->pull.state != NULL ? NGX_OK : NGX_ERROR;
}


void
ngx_http_promotions_wait_end(ngx_http_promotions_ctx_t *ctx)
{
    ngx_uint_t  i;

    if (ctx->timer.timer_set) {
        ngx_del_timer(&ctx->timer);
    }

    if (ctx->probing) {
        ctx->probing = 0;
        ngx_queue_remove(&ctx->probe);
    }

    ngx_http_promotions_wait_remove(&ctx->first);

    for (i = 0; i < ctx->nothers; i++) {
        ngx_http_promotions_wait_remove(&ctx->others[i]);
    }
}


void
ngx_http_promotions_finish(ngx_http_promotions_ctx_t *ctx, ngx_int_t rc)
{
    ngx_connection_t    *c;
    ngx_http_request_t  *r;

    r = ctx->request;
    c = r->connection;

    ngx_http_promotions_wait_end(ctx);

    ngx_http_finalize_request(r, rc);
    ngx_http_run_posted_requests(c);
}
