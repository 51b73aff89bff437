/*
 * ngx_http_promotions_batch.h: the promotions that a leader has taken: from
 * the script's reply to a pm_batch_t, and its results to a script's arguments.
 */

#ifndef NGX_HTTP_PROMOTIONS_BATCH_H
#define NGX_HTTP_PROMOTIONS_BATCH_H


#include "http/ngx_http_promotions.h"
#include "promotion/pm_batch.h"
#include "store/ngx_promotions_script.h"


typedef struct {
    pm_arena_t       *arena;
    pm_promotion_t   *promotions;
    pm_result_t      *results;       /* of those that cannot be read */
    size_t            n;             /* all of them */
    size_t            nread;         /* the first: those in batch */
    pm_batch_t       *batch;         /* NULL: none could be read */
    pm_batch_state_t  state;         /* written by the job */
    pm_oid_t          base;
} ngx_http_promotions_batch_t;


/*
 * From the reply of "take".  A record that cannot be read fails by itself.
 * NGX_ERROR: no memory; it is as empty as before.
 */
ngx_int_t ngx_http_promotions_batch_read(ngx_http_promotions_batch_t *batch,
    redisReply *reply);

/* The final result of promotion i; NULL: it has none. */
const pm_result_t *ngx_http_promotions_batch_result(
    const ngx_http_promotions_batch_t *batch, size_t i);

void ngx_http_promotions_batch_free(ngx_http_promotions_batch_t *batch);


#endif /* NGX_HTTP_PROMOTIONS_BATCH_H */
