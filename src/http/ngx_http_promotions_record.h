/*
 * ngx_http_promotions_record.h: a record as its answer.
 */

#ifndef NGX_HTTP_PROMOTIONS_RECORD_H
#define NGX_HTTP_PROMOTIONS_RECORD_H


#include "http/ngx_http_promotions.h"

#include <jansson.h>


/*
 * The JSON of a record with its timeline, from the fields of its hash (name,
 * value, …).  NULL: out of memory, or it cannot be read.
 */
json_t *ngx_http_promotions_record_json(const ngx_str_t *id,
    redisReply *fields);

/* A field's text (which ends with a NUL), or NULL: it has none. */
const char *ngx_http_promotions_record_field(redisReply *fields,
    const char *name);

/* Milliseconds since 1970, as digits, as ISO 8601, UTC. */
json_t *ngx_http_promotions_record_time(const char *milliseconds);

/*
 * Reads the record of ctx->target; the handler's data is the context, its
 * reply an array of fields.  NGX_AGAIN; otherwise what the request is to be
 * finalized with.
 */
ngx_int_t ngx_http_promotions_record_read(ngx_http_promotions_ctx_t *ctx,
    ngx_promotions_redis_handler_pt handler);

/* Any grant on its source or on its target; a record that is there. */
ngx_uint_t ngx_http_promotions_record_visible(const pm_store_key_t *key,
    redisReply *fields);

/* The answer 404, also for one that the key must not see: it does not learn
 * that it is. */
ngx_int_t ngx_http_promotions_record_missing(ngx_http_promotions_ctx_t *ctx);


/* Whom a script's reply is for: found again by the id that it waits under. */

typedef struct {
    u_char  id[NGX_HTTP_PROMOTIONS_ID_SIZE + 1];
} ngx_http_promotions_asked_t;


/* NULL: no memory. */
ngx_http_promotions_asked_t *ngx_http_promotions_asked(
    ngx_http_promotions_ctx_t *ctx);

/* The context of who has asked, or NULL; asked is freed. */
ngx_http_promotions_ctx_t *ngx_http_promotions_asked_ctx(
    ngx_http_promotions_asked_t *asked);

/* What a content handler returns that has asked: where rc is NGX_AGAIN the
 * request is kept until it is finished; otherwise rc. */
ngx_int_t ngx_http_promotions_kept(ngx_http_request_t *r, ngx_int_t rc);


#endif /* NGX_HTTP_PROMOTIONS_RECORD_H */
