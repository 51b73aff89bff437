/*
 * A batch is one of commits on one branch or one of pull requests into one
 * repository: the same steps, by other rooms' functions.
 */

#include "http/ngx_http_promotions_batch.h"


ngx_uint_t
ngx_http_promotions_batch_empty(const ngx_http_promotions_batch_t *batch)
{
    return batch->batch == NULL && batch->pull == NULL;
}


/* In a thread. */

void
ngx_http_promotions_batch_plan(ngx_http_promotions_batch_t *batch)
{
    batch->begun = 1;

    batch->state = (batch->pull != NULL) ? pm_pull_plan(batch->pull)
                                         : pm_batch_plan(batch->batch);
}


/* In a thread. */

void
ngx_http_promotions_batch_push(ngx_http_promotions_batch_t *batch)
{
    batch->state = (batch->pull != NULL) ? pm_pull_push(batch->pull)
                                         : pm_batch_push(batch->batch);
}


/* In a thread. */

void
ngx_http_promotions_batch_open_pulls(ngx_http_promotions_batch_t *batch)
{
    batch->state = pm_pull_open(batch->pull);
}


void
ngx_http_promotions_batch_fail(ngx_http_promotions_batch_t *batch,
    const pm_error_t *error)
{
    if (batch->pull != NULL) {
        pm_pull_fail(batch->pull, error);

    } else {
        pm_batch_fail(batch->batch, error);
    }
}


const pm_result_t *
ngx_http_promotions_batch_result(const ngx_http_promotions_batch_t *batch,
    size_t i)
{
    if (i >= batch->nread) {
        return &batch->results[i];
    }

    return (batch->pull != NULL) ? pm_pull_result(batch->pull, i)
                                 : pm_batch_result(batch->batch, i);
}


const pm_oid_t *
ngx_http_promotions_batch_base(const ngx_http_promotions_batch_t *batch)
{
    return (batch->pull != NULL) ? pm_pull_base(batch->pull)
                                 : pm_batch_base(batch->batch);
}


ngx_uint_t
ngx_http_promotions_batch_sends(const ngx_http_promotions_batch_t *batch,
    size_t i)
{
    return (batch->pull != NULL) ? pm_pull_sends(batch->pull, i)
                                 : pm_batch_sends(batch->batch, i);
}


void
ngx_http_promotions_batch_destroy(ngx_http_promotions_batch_t *batch)
{
    pm_batch_destroy(batch->batch);
    pm_pull_destroy(batch->pull);
}
