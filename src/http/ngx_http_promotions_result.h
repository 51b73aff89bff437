/*
 * ngx_http_promotions_result.h: the answer of a request that has waited for
 * its promotions.
 *
 * Each function returns what the request is to be finalized with.
 */

#ifndef NGX_HTTP_PROMOTIONS_RESULT_H
#define NGX_HTTP_PROMOTIONS_RESULT_H


#include "http/ngx_http_promotions.h"

#include <jansson.h>


/* All waiters have their results. */
ngx_int_t ngx_http_promotions_send_results(ngx_http_promotions_ctx_t *ctx);

/* Of a product's applications none was submitted: no promotion is named. */
ngx_int_t ngx_http_promotions_send_refused(ngx_http_promotions_ctx_t *ctx);

/* {"runtime","namespace","name"} */
json_t *ngx_http_promotions_id_json(const pm_application_id_t *id);

/* An error of the whole request, with Promotion-Id and Location. */
ngx_int_t ngx_http_promotions_send_fault(ngx_http_promotions_ctx_t *ctx,
    ngx_uint_t status, const char *message);

/* 202: the work goes on without the client. */
ngx_int_t ngx_http_promotions_send_accepted(ngx_http_promotions_ctx_t *ctx);


#endif /* NGX_HTTP_PROMOTIONS_RESULT_H */
