#include "http/ngx_http_promotions_sweep.h"
#include "http/ngx_http_promotions_lane.h"
#include "http/ngx_http_promotions_management.h"
#include "http/ngx_http_promotions_wait.h"

#include <sys/random.h>


#define NGX_HTTP_PROMOTIONS_SWEEP_EVERY   2000   /* ms at most, and as much
                                                    jitter */
#define NGX_HTTP_PROMOTIONS_SWEEP_SPREAD  100    /* ms */
#define NGX_HTTP_PROMOTIONS_SWEEP_LANES   64     /* recovered at a time */
#define NGX_HTTP_PROMOTIONS_SWEEP_IDS     256    /* in a message */
#define NGX_HTTP_PROMOTIONS_SWEEP_NONCE   8


static ngx_int_t ngx_http_promotions_sweep_token(ngx_cycle_t *cycle);
static void ngx_http_promotions_sweep_message(void *data, ngx_str_t *message);
static void ngx_http_promotions_sweep_settled(ngx_str_t *text);
static void ngx_http_promotions_sweep(ngx_event_t *ev);
static void ngx_http_promotions_sweep_lanes(void *data, redisReply *reply);
static ngx_msec_t ngx_http_promotions_sweep_wait(void);


static ngx_event_t  ngx_http_promotions_sweep_event;


ngx_int_t
ngx_http_promotions_sweep_init(ngx_cycle_t *cycle)
{
    ngx_str_t                      channel;
    ngx_event_t                   *ev;
    ngx_http_promotions_worker_t  *worker;

    worker = &ngx_http_promotions_worker;

    if (ngx_http_promotions_sweep_token(cycle) != NGX_OK) {
        return NGX_ERROR;
    }

    channel.len = worker->pmcf->redis.prefix.len + sizeof("settled") - 1;
    channel.data = ngx_pnalloc(cycle->pool, channel.len);

    if (channel.data == NULL) {
        return NGX_ERROR;
    }

    (void) ngx_sprintf(channel.data, "%Vsettled", &worker->pmcf->redis.prefix);

    worker->subscriber = ngx_promotions_redis_subscribe(cycle,
                                          &worker->pmcf->redis, &channel,
                                          ngx_http_promotions_sweep_message,
                                          NULL);
    if (worker->subscriber == NULL) {
        return NGX_ERROR;
    }

    ev = &ngx_http_promotions_sweep_event;

    ngx_memzero(ev, sizeof(ngx_event_t));

    ev->handler = ngx_http_promotions_sweep;
    ev->data = ev;
    ev->log = cycle->log;
    ev->cancelable = 1;

    ngx_add_timer(ev, ngx_http_promotions_sweep_wait());

    return NGX_OK;
}


/* "<node>:<pid>:<nonce>": nobody else's, also after a restart. */

static ngx_int_t
ngx_http_promotions_sweep_token(ngx_cycle_t *cycle)
{
    u_char                         nonce[NGX_HTTP_PROMOTIONS_SWEEP_NONCE];
    ngx_str_t                     *token;

    token = &ngx_http_promotions_worker.token;

    if (getrandom(nonce, sizeof(nonce), 0) != sizeof(nonce)) {
        ngx_log_error(NGX_LOG_EMERG, cycle->log, ngx_errno,
                      "getrandom() failed");
        return NGX_ERROR;
    }

    token->data = ngx_pnalloc(cycle->pool, cycle->hostname.len
                              + NGX_INT64_LEN + 2 + 2 * sizeof(nonce));
    if (token->data == NULL) {
        return NGX_ERROR;
    }

    token->len = ngx_sprintf(token->data, "%V:%P:", &cycle->hostname, ngx_pid)
                 - token->data;

    token->len = ngx_hex_dump(token->data + token->len, nonce, sizeof(nonce))
                 - token->data;

    return NGX_OK;
}


/* "settled <id> …", "free <lane>"; NULL: some may have been missed. */

static void
ngx_http_promotions_sweep_message(void *data, ngx_str_t *message)
{
    ngx_str_t  text;

    if (message == NULL) {
        ngx_http_promotions_read_all();
        return;
    }

    if (message->len > 8 && ngx_strncmp(message->data, "settled ", 8) == 0) {
        text.data = message->data + 8;
        text.len = message->len - 8;

        ngx_http_promotions_sweep_settled(&text);
        return;
    }

    if (message->len > 5 && ngx_strncmp(message->data, "free ", 5) == 0) {
        text.data = message->data + 5;
        text.len = message->len - 5;

        ngx_http_promotions_lane_recover(&text);
    }
}


static void
ngx_http_promotions_sweep_settled(ngx_str_t *text)
{
    u_char      *p, *last, *space;
    ngx_str_t    ids[NGX_HTTP_PROMOTIONS_SWEEP_IDS];
    ngx_uint_t   n;

    p = text->data;
    last = p + text->len;

    n = 0;

    while (p < last) {
        space = ngx_strlchr(p, last, ' ');

        if (space == NULL) {
            space = last;
        }

        ids[n].data = p;
        ids[n].len = space - p;

        if (++n == NGX_HTTP_PROMOTIONS_SWEEP_IDS) {
            (void) ngx_http_promotions_read_results(ids, n);
            n = 0;
        }

        p = space + 1;
    }

    (void) ngx_http_promotions_read_results(ids, n);
}


static void
ngx_http_promotions_sweep(ngx_event_t *ev)
{
    ngx_str_t                      argv[3];
    ngx_http_promotions_worker_t  *worker;

    worker = &ngx_http_promotions_worker;

    ngx_add_timer(ev, ngx_http_promotions_sweep_wait());

    if (ngx_exiting) {
        return;
    }

    ngx_http_promotions_review_sweep();

    /* not all of them where there are many: other workers take others */

    ngx_str_set(&argv[0], "SRANDMEMBER");

    argv[1].len = worker->pmcf->redis.prefix.len + sizeof("lanes") - 1;
    argv[1].data = ngx_alloc(argv[1].len, ngx_cycle->log);

    if (argv[1].data == NULL) {
        return;
    }

    (void) ngx_sprintf(argv[1].data, "%Vlanes", &worker->pmcf->redis.prefix);

    ngx_str_set(&argv[2], ngx_value(NGX_HTTP_PROMOTIONS_SWEEP_LANES));

    (void) ngx_promotions_redis_send(worker->redis, argv, 3,
                                     ngx_http_promotions_sweep_lanes, NULL);

    ngx_free(argv[1].data);
}


/* Not in step with the others who have heard the same. */

void
ngx_http_promotions_sweep_by(ngx_msec_t wait)
{
    ngx_event_t  *ev;

    ev = &ngx_http_promotions_sweep_event;

    wait += 1 + (ngx_msec_t) ngx_random() % NGX_HTTP_PROMOTIONS_SWEEP_SPREAD;

    if (ev->timer_set
        && (ngx_msec_int_t) (ev->timer.key - ngx_current_msec)
           > (ngx_msec_int_t) wait)
    {
        ngx_add_timer(ev, wait);
    }
}


static void
ngx_http_promotions_sweep_lanes(void *data, redisReply *reply)
{
    ngx_str_t   lane;
    ngx_uint_t  i;

    if (reply == NULL || reply->type != REDIS_REPLY_ARRAY) {
        return;
    }

    for (i = 0; i < reply->elements; i++) {

        if (reply->element[i]->type == REDIS_REPLY_STRING) {
            lane.data = (u_char *) reply->element[i]->str;
            lane.len = (size_t) reply->element[i]->len;

            ngx_http_promotions_lane_recover(&lane);
        }
    }
}


static ngx_msec_t
ngx_http_promotions_sweep_wait(void)
{
    ngx_msec_t  every;

    every = ngx_min(NGX_HTTP_PROMOTIONS_SWEEP_EVERY,
                    ngx_http_promotions_worker.pmcf->lease / 4 + 1);

    return every + (ngx_msec_t) ngx_random() % every;
}
