#include "http/ngx_http_promotions_wait.h"
#include "http/ngx_http_promotions_result.h"
#include "http/ngx_http_promotions_script.h"
#include "store/pm_store_id.h"

#include <sys/random.h>


/* Messages may be lost: so often, in ms, is read what was missed. */

#define NGX_HTTP_PROMOTIONS_WAIT_TICK  2000
#define NGX_HTTP_PROMOTIONS_WAIT_AGAIN  200

/* Ids in one call. */

#define NGX_HTTP_PROMOTIONS_WAIT_IDS   1000


/* In the reply of "results": id, state, status, message, commit, and of a
 * pull request its number, url, head, base, author, message. */

#define NGX_HTTP_PROMOTIONS_WAIT_EACH  11


static ngx_int_t ngx_http_promotions_wait_new(
    ngx_http_promotions_waiter_t *waiter);
static void ngx_http_promotions_wait_insert(
    ngx_http_promotions_waiter_t *waiter);
static void ngx_http_promotions_wait_remove(
    ngx_http_promotions_waiter_t *waiter);
static void ngx_http_promotions_wait_tick(ngx_event_t *ev);
static void ngx_http_promotions_results(void *data, redisReply *reply);
static void ngx_http_promotions_results_lost(ngx_msec_t sent);
static void ngx_http_promotions_result(const char *id, redisReply *reply,
    ngx_uint_t at);
static void ngx_http_promotions_wait_pending(const char *id,
    const char *message);
static ngx_int_t ngx_http_promotions_wait_pull(
    ngx_http_promotions_waiter_t *waiter,
    const ngx_http_promotions_pull_t *pull);
static void ngx_http_promotions_gone(const char *id);
static void ngx_http_promotions_without_redis(void);


static ngx_event_t  ngx_http_promotions_tick;


void
ngx_http_promotions_wait_init(void)
{
    ngx_http_promotions_worker_t  *worker;

    worker = &ngx_http_promotions_worker;

    ngx_rbtree_init(&worker->waiters, &worker->waiters_sentinel,
                    ngx_str_rbtree_insert_value);

    ngx_memzero(&ngx_http_promotions_tick, sizeof(ngx_event_t));

    ngx_http_promotions_tick.handler = ngx_http_promotions_wait_tick;
    ngx_http_promotions_tick.log = ngx_cycle->log;
    ngx_http_promotions_tick.data = &ngx_http_promotions_tick;
    ngx_http_promotions_tick.cancelable = 1;

    ngx_add_timer(&ngx_http_promotions_tick, NGX_HTTP_PROMOTIONS_WAIT_TICK);
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


/* Several may wait for one promotion; each says the same when its time has
 * come. */

static void
ngx_http_promotions_wait_pending(const char *id, const char *message)
{
    ngx_rbtree_t                  *tree;
    ngx_rbtree_node_t             *node;
    ngx_http_promotions_waiter_t  *waiter;

    waiter = ngx_http_promotions_find_waiter(id);

    if (waiter == NULL || waiter->pending != NULL) {
        return;
    }

    tree = &ngx_http_promotions_worker.waiters;

    for (node = ngx_rbtree_min(tree->root, tree->sentinel);
         node;
         node = ngx_rbtree_next(tree, node))
    {
        waiter = (ngx_http_promotions_waiter_t *) node;

        if (waiter->queued && ngx_strcmp(waiter->id, id) == 0) {
            waiter->pending = pm_arena_strdup(waiter->ctx->arena, message);
        }
    }
}


void
ngx_http_promotions_read_all(void)
{
    ngx_str_t                      ids[NGX_HTTP_PROMOTIONS_WAIT_IDS];
    ngx_uint_t                     n;
    ngx_rbtree_t                  *tree;
    ngx_rbtree_node_t             *node;
    ngx_http_promotions_waiter_t  *waiter;

    tree = &ngx_http_promotions_worker.waiters;

    if (tree->root == tree->sentinel) {
        return;
    }

    n = 0;

    for (node = ngx_rbtree_min(tree->root, tree->sentinel);
         node;
         node = ngx_rbtree_next(tree, node))
    {
        waiter = (ngx_http_promotions_waiter_t *) node;

        if (!waiter->queued) {
            continue;
        }

        ids[n++] = waiter->node.str;

        if (n == NGX_HTTP_PROMOTIONS_WAIT_IDS) {

            if (ngx_http_promotions_read_results(ids, n) != NGX_OK) {
                return;
            }

            n = 0;
        }
    }

    (void) ngx_http_promotions_read_results(ids, n);
}


ngx_int_t
ngx_http_promotions_read_results(ngx_str_t *ids, ngx_uint_t n)
{
    ngx_uint_t              i, wanted;
    ngx_promotions_args_t   args;

    if (ngx_http_promotions_results_args(&args) != NGX_OK) {
        return NGX_OK;
    }

    wanted = 0;

    for (i = 0; i < n; i++) {
        if (ngx_str_rbtree_lookup(&ngx_http_promotions_worker.waiters,
                                  &ids[i],
                                  ngx_crc32_short(ids[i].data, ids[i].len))
            != NULL)
        {
            ngx_promotions_args_add(&args, ids[i].data, ids[i].len);
            wanted++;
        }
    }

    if (wanted == 0) {
        ngx_destroy_pool(args.pool);
        return NGX_OK;
    }

    if (ngx_http_promotions_script_send(&args, "results",
                                        ngx_http_promotions_results,
                                        (void *) (uintptr_t) ngx_current_msec)
        != NGX_OK)
    {
        ngx_http_promotions_results_lost(ngx_current_msec);
        return NGX_ERROR;
    }

    return NGX_OK;
}


static void
ngx_http_promotions_results(void *data, redisReply *reply)
{
    u_char      id[NGX_HTTP_PROMOTIONS_ID_SIZE + 1];
    ngx_str_t   text;
    ngx_uint_t  i;

    if (reply == NULL || reply->type != REDIS_REPLY_ARRAY) {
        ngx_http_promotions_results_lost((ngx_msec_t) (uintptr_t) data);
        return;
    }

    ngx_http_promotions_worker.rereading = 0;

    for (i = 0;
         i + NGX_HTTP_PROMOTIONS_WAIT_EACH <= reply->elements;
         i += NGX_HTTP_PROMOTIONS_WAIT_EACH)
    {
        text = ngx_promotions_reply_text(reply, i);
        (void) ngx_cpystrn(id, text.data, ngx_min(text.len + 1, sizeof(id)));

        if (ngx_promotions_reply_text(reply, i + 1).len == 0) {
            ngx_http_promotions_gone((char *) id);
            continue;
        }

        ngx_http_promotions_result((char *) id, reply, i);
    }
}


/*
 * A connection that breaks at once is no sign that Redis is gone: all are read
 * once more.  One that was silent has had its time.
 */

static void
ngx_http_promotions_results_lost(ngx_msec_t sent)
{
    ngx_http_promotions_worker_t  *worker;

    worker = &ngx_http_promotions_worker;

    if (!worker->rereading && !worker->ending
        && ngx_current_msec - sent < NGX_HTTP_PROMOTIONS_WAIT_AGAIN)
    {
        worker->reread = 1;
        ngx_add_timer(&ngx_http_promotions_tick,
                      NGX_HTTP_PROMOTIONS_WAIT_AGAIN);
        return;
    }

    worker->rereading = 0;

    ngx_http_promotions_without_redis();
}


static void
ngx_http_promotions_result(const char *id, redisReply *reply, ngx_uint_t at)
{
    ngx_int_t                    status;
    ngx_str_t                    text;
    const char                  *message, *commit;
    ngx_http_promotions_pull_t   pull;

    /* texts of a reply end with a NUL */

    message = (char *) ngx_promotions_reply_text(reply, at + 3).data;
    commit = (char *) ngx_promotions_reply_text(reply, at + 4).data;

    text = ngx_promotions_reply_text(reply, at + 1);

    if (text.len == 9 && ngx_strncmp(text.data, "COMMITTED", 9) == 0) {
        ngx_http_promotions_wait_pending(id, message);
        return;
    }

    pull.state = (char *) text.data;
    pull.number = (char *) ngx_promotions_reply_text(reply, at + 5).data;
    pull.url = (char *) ngx_promotions_reply_text(reply, at + 6).data;
    pull.head = (char *) ngx_promotions_reply_text(reply, at + 7).data;
    pull.base = (char *) ngx_promotions_reply_text(reply, at + 8).data;
    pull.author = (char *) ngx_promotions_reply_text(reply, at + 9).data;
    pull.message = (char *) ngx_promotions_reply_text(reply, at + 10).data;

    text = ngx_promotions_reply_text(reply, at + 2);
    status = ngx_atoi(text.data, text.len);

    if (status != NGX_ERROR) {
        ngx_http_promotions_answer(id, status, message, commit,
                                   *pull.number != '\0' ? &pull : NULL);
    }
}


/*
 * Redis had it and has it no more: it was emptied, or a failover has lost it.
 * What a job of this worker is pushing has its outcome all the same.
 */

static void
ngx_http_promotions_gone(const char *id)
{
    ngx_http_promotions_waiter_t  *waiter;

    waiter = ngx_http_promotions_find_waiter(id);

    if (waiter == NULL || !waiter->queued || waiter->pushing) {
        return;
    }

    ngx_http_promotions_wait_result(waiter, NGX_HTTP_SERVICE_UNAVAILABLE,
        "redis has lost the promotion before it was done: send it again",
        NULL);
}


/*
 * Nobody is left hanging: what Redis has of them will be done, but only it
 * can tell.  Those that a job of this worker is pushing hear of it without.
 */

static void
ngx_http_promotions_without_redis(void)
{
    ngx_rbtree_t                  *tree;
    ngx_rbtree_node_t             *node;
    ngx_http_promotions_waiter_t  *waiter;

    tree = &ngx_http_promotions_worker.waiters;

again:

    if (tree->root == tree->sentinel) {
        return;
    }

    for (node = ngx_rbtree_min(tree->root, tree->sentinel);
         node;
         node = ngx_rbtree_next(tree, node))
    {
        waiter = (ngx_http_promotions_waiter_t *) node;

        if (waiter->queued && !waiter->pushing) {
            ngx_http_promotions_wait_result(waiter,
                NGX_HTTP_SERVICE_UNAVAILABLE,
                "redis is not available: the promotion is queued, ask for "
                "it later by its Promotion-Id", NULL);

            goto again;
        }
    }
}


static void
ngx_http_promotions_wait_tick(ngx_event_t *ev)
{
    ngx_http_promotions_worker_t  *worker;

    worker = &ngx_http_promotions_worker;

    worker->rereading = worker->reread;
    worker->reread = 0;

    /* first, since a reading that fails at once makes it sooner */

    ngx_add_timer(ev, NGX_HTTP_PROMOTIONS_WAIT_TICK);

    ngx_http_promotions_read_all();
}


void
ngx_http_promotions_wait_end(ngx_http_promotions_ctx_t *ctx)
{
    ngx_uint_t  i;

    if (ctx->timer.timer_set) {
        ngx_del_timer(&ctx->timer);
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
