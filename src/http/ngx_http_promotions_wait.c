#include "http/ngx_http_promotions_wait.h"
#include "store/pm_store_id.h"

#include <sys/random.h>


void
ngx_http_promotions_wait_init(void)
{
    ngx_http_promotions_worker_t  *worker;

    worker = &ngx_http_promotions_worker;

    ngx_rbtree_init(&worker->waiters, &worker->waiters_sentinel,
                    ngx_str_rbtree_insert_value);
}


ngx_int_t
ngx_http_promotions_wait(ngx_http_promotions_ctx_t *ctx)
{
    u_char       random[PM_STORE_ID_RANDOM];
    uint64_t     now;
    ngx_time_t  *tp;

    if (getrandom(random, sizeof(random), GRND_NONBLOCK) != sizeof(random)) {
        return NGX_ERROR;
    }

    tp = ngx_timeofday();
    now = (uint64_t) tp->sec * 1000 + tp->msec;

    pm_store_id_make((char *) ctx->id, now, random);

    ctx->waiter.str.data = ctx->id;
    ctx->waiter.str.len = NGX_HTTP_PROMOTIONS_ID_SIZE;
    ctx->waiter.node.key = ngx_crc32_short(ctx->id,
                                           NGX_HTTP_PROMOTIONS_ID_SIZE);

    ngx_rbtree_insert(&ngx_http_promotions_worker.waiters, &ctx->waiter.node);
    ctx->waiting = 1;

    return NGX_OK;
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


ngx_http_promotions_ctx_t *
ngx_http_promotions_find(const char *id)
{
    uint32_t         hash;
    ngx_str_t        name;
    ngx_str_node_t  *node;

    name.data = (u_char *) id;
    name.len = ngx_strlen(id);

    hash = ngx_crc32_short(name.data, name.len);

    node = ngx_str_rbtree_lookup(&ngx_http_promotions_worker.waiters, &name,
                                 hash);
    if (node == NULL) {
        return NULL;
    }

    return (ngx_http_promotions_ctx_t *)
               ((u_char *) node
                - offsetof(ngx_http_promotions_ctx_t, waiter));
}


void
ngx_http_promotions_wait_end(ngx_http_promotions_ctx_t *ctx)
{
    if (ctx->waiting) {
        ctx->waiting = 0;
        ngx_rbtree_delete(&ngx_http_promotions_worker.waiters,
                          &ctx->waiter.node);
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
