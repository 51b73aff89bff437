#include "http/ngx_http_promotions_wait.h"
#include "http/ngx_http_promotions_lane.h"
#include "http/ngx_http_promotions_script.h"


/* Messages may be lost: so often, in ms, is read what was missed. */

#define NGX_HTTP_PROMOTIONS_READ_TICK   2000
#define NGX_HTTP_PROMOTIONS_READ_AGAIN  200

/* How long a worker that was told to quit waits for what others do, in ms: at
 * a reload they do it soon. */

#define NGX_HTTP_PROMOTIONS_READ_QUIT   10000

/* Ids in one call. */

#define NGX_HTTP_PROMOTIONS_READ_IDS    1000


/* In the reply of "results": id, state, status, message, commit, and of a
 * pull request its number, url, head, base, author, message. */

#define NGX_HTTP_PROMOTIONS_READ_EACH   11


/* A reading that is lost with its connection is made once more. */

typedef enum {
    NGX_HTTP_PROMOTIONS_READ_FIRST = 0,
    NGX_HTTP_PROMOTIONS_READ_LOST,       /* the next tick reads once more */
    NGX_HTTP_PROMOTIONS_READ_SECOND      /* what is read now is that */
} ngx_http_promotions_read_t;


static void ngx_http_promotions_read_tick(ngx_event_t *ev);
static void ngx_http_promotions_read_quit(void);
static ngx_uint_t ngx_http_promotions_read_led(
    ngx_http_promotions_ctx_t *ctx);
static void ngx_http_promotions_read_over(void);
static void ngx_http_promotions_results(void *data, redisReply *reply);
static void ngx_http_promotions_results_lost(ngx_msec_t sent);
static void ngx_http_promotions_result(const char *id, redisReply *reply,
    ngx_uint_t at);
static void ngx_http_promotions_read_pending(const char *id,
    const char *message);
static void ngx_http_promotions_gone(const char *id);
static void ngx_http_promotions_without_redis(void);


static ngx_event_t                 ngx_http_promotions_tick;
static ngx_http_promotions_read_t  ngx_http_promotions_read;
static ngx_msec_t                  ngx_http_promotions_quit;


void
ngx_http_promotions_read_init(void)
{
    ngx_http_promotions_read = NGX_HTTP_PROMOTIONS_READ_FIRST;
    ngx_http_promotions_quit = 0;

    ngx_memzero(&ngx_http_promotions_tick, sizeof(ngx_event_t));

    ngx_http_promotions_tick.handler = ngx_http_promotions_read_tick;
    ngx_http_promotions_tick.log = ngx_cycle->log;
    ngx_http_promotions_tick.data = &ngx_http_promotions_tick;
    ngx_http_promotions_tick.cancelable = 1;

    ngx_add_timer(&ngx_http_promotions_tick, NGX_HTTP_PROMOTIONS_READ_TICK);
}


static void
ngx_http_promotions_read_tick(ngx_event_t *ev)
{
    ngx_http_promotions_read =
        (ngx_http_promotions_read == NGX_HTTP_PROMOTIONS_READ_LOST)
        ? NGX_HTTP_PROMOTIONS_READ_SECOND : NGX_HTTP_PROMOTIONS_READ_FIRST;

    /* first, since a reading that fails at once makes it sooner */

    ngx_add_timer(ev, NGX_HTTP_PROMOTIONS_READ_TICK);

    if (ngx_exiting) {
        ngx_http_promotions_read_quit();
    }

    ngx_http_promotions_read_all();
}


/*
 * nginx keeps a worker that was told to quit as long as a request waits.  What
 * this worker leads comes to its end; but nobody may be left who would do what
 * is queued behind it, and who waits for that is told 202 before its time.
 */

static void
ngx_http_promotions_read_quit(void)
{
    ngx_rbtree_t                  *tree;
    ngx_rbtree_node_t             *node;
    ngx_http_promotions_waiter_t  *waiter;

    if (ngx_http_promotions_quit == 0) {
        ngx_http_promotions_quit = ngx_current_msec;
    }

    if (ngx_current_msec - ngx_http_promotions_quit
        < NGX_HTTP_PROMOTIONS_READ_QUIT)
    {
        return;
    }

    tree = &ngx_http_promotions_worker.waiters;

    if (tree->root == tree->sentinel) {
        return;
    }

    for (node = ngx_rbtree_min(tree->root, tree->sentinel);
         node;
         node = ngx_rbtree_next(tree, node))
    {
        waiter = (ngx_http_promotions_waiter_t *) node;

        /* the timer answers, when this turn of the loop is over */

        if (waiter->queued && waiter->ctx->timer.timer_set
            && !waiter->ctx->resubmit
            && !ngx_http_promotions_read_led(waiter->ctx))
        {
            ngx_add_timer(&waiter->ctx->timer, 0);
        }
    }
}


/* A part of what the request waits for is on a lane that is led here. */

static ngx_uint_t
ngx_http_promotions_read_led(ngx_http_promotions_ctx_t *ctx)
{
    ngx_uint_t  i;

    for (i = 0; i <= ctx->nothers; i++) {
        if (ngx_http_promotions_lane_led(
                ngx_http_promotions_nth(ctx, i)->lane))
        {
            return 1;
        }
    }

    return 0;
}


void
ngx_http_promotions_read_all(void)
{
    ngx_str_t                      ids[NGX_HTTP_PROMOTIONS_READ_IDS];
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

        if (n == NGX_HTTP_PROMOTIONS_READ_IDS) {

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

    ngx_http_promotions_read_over();

    for (i = 0;
         i + NGX_HTTP_PROMOTIONS_READ_EACH <= reply->elements;
         i += NGX_HTTP_PROMOTIONS_READ_EACH)
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


/* One that is still to be made once more stays so. */

static void
ngx_http_promotions_read_over(void)
{
    if (ngx_http_promotions_read == NGX_HTTP_PROMOTIONS_READ_SECOND) {
        ngx_http_promotions_read = NGX_HTTP_PROMOTIONS_READ_FIRST;
    }
}


/*
 * A connection that breaks at once is no sign that Redis is gone: all are read
 * once more.  One that was silent has had its time.
 */

static void
ngx_http_promotions_results_lost(ngx_msec_t sent)
{
    if (ngx_http_promotions_read != NGX_HTTP_PROMOTIONS_READ_SECOND
        && !ngx_http_promotions_worker.ending
        && ngx_current_msec - sent < NGX_HTTP_PROMOTIONS_READ_AGAIN)
    {
        ngx_http_promotions_read = NGX_HTTP_PROMOTIONS_READ_LOST;

        ngx_add_timer(&ngx_http_promotions_tick,
                      NGX_HTTP_PROMOTIONS_READ_AGAIN);
        return;
    }

    ngx_http_promotions_read_over();
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
        ngx_http_promotions_read_pending(id, message);
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


/* Several may wait for one promotion; each says the same when its time has
 * come. */

static void
ngx_http_promotions_read_pending(const char *id, const char *message)
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
