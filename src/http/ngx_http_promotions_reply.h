/*
 * ngx_http_promotions_reply.h: answers (interface.md, 4 and 5).
 *
 * Each function sends the whole answer and returns what the request is to be
 * finalized with.
 */

#ifndef NGX_HTTP_PROMOTIONS_REPLY_H
#define NGX_HTTP_PROMOTIONS_REPLY_H


#include "http/ngx_http_promotions.h"

#include <jansson.h>


/* The status that a fault of the rooms below means. */
ngx_uint_t ngx_http_promotions_status(int code);

/* The body is copied.  HEAD gets the header alone. */
ngx_int_t ngx_http_promotions_send(ngx_http_request_t *r, ngx_uint_t status,
    const char *body, size_t len);

/* Sends json (NULL: out of memory) and gives up its reference. */
ngx_int_t ngx_http_promotions_send_json(ngx_http_request_t *r,
    ngx_uint_t status, json_t *json);

/* {"statusCode":…,"message":"…","error":"…"}; 401 without "error". */
ngx_int_t ngx_http_promotions_send_error(ngx_http_request_t *r,
    ngx_uint_t status, const char *message);

/* The same for what a body is faulted for: "message" is the list. */
ngx_int_t ngx_http_promotions_send_faults(ngx_http_request_t *r,
    const pm_request_faults_t *faults);

/*
 * For an answer without reading the body: a client that waits for "100
 * Continue" does not get it.  Chunks that are none are no fault here, since
 * the answer does not depend on them; the connection is closed after it.
 */
ngx_int_t ngx_http_promotions_discard_body(ngx_http_request_t *r);

/* Adds a header; the value is copied. */
ngx_int_t ngx_http_promotions_add_header(ngx_http_request_t *r,
    const char *name, const char *value, size_t len);


#endif /* NGX_HTTP_PROMOTIONS_REPLY_H */
