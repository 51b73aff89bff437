/*
 * ngx_http_promotions_audits_json.h: a page of the audit stream: what is asked
 * for, and the answer as it grows.
 */

#ifndef NGX_HTTP_PROMOTIONS_AUDITS_JSON_H
#define NGX_HTTP_PROMOTIONS_AUDITS_JSON_H


#include "http/ngx_http_promotions.h"

#include <jansson.h>


#define NGX_HTTP_PROMOTIONS_AUDITS_AT  48

/* An entry is made before it is in the stream, by another clock: ms. */

#define NGX_HTTP_PROMOTIONS_AUDITS_SLACK  300000


struct ngx_http_promotions_audits_s {

    /* the query; texts are "" where it has none */
    int64_t                  from;           /* ms since 1970, inclusive */
    int64_t                  to;
    ngx_uint_t               page;           /* from 1 */
    ngx_uint_t               size;
    const pm_environment_t  *place;          /* NULL: none, or not known */
    const char              *environment;    /* its id */
    const char              *type;
    const char              *reference;
    const char              *event;
    ngx_uint_t               others;         /* of no organization, too */
    ngx_uint_t               odd;            /* a text with a NUL */

    /* how far it is */
    u_char                   at[NGX_HTTP_PROMOTIONS_AUDITS_AT];
    ngx_uint_t               rounds;
    ngx_uint_t               total;
    json_t                  *content;
    json_t                  *metadata;
};


/* Freed with the request; NULL: no memory. */
ngx_http_promotions_audits_t *ngx_http_promotions_audits_create(
    ngx_http_promotions_ctx_t *ctx);

/* ngx_http_promotions_audits_query.c: what is asked for; NULL, or what is
 * wrong with the query. */
const char *ngx_http_promotions_audits_read(ngx_http_promotions_ctx_t *ctx,
    ngx_http_promotions_audits_t *audits);

/* One more entry, from its fields; what is none is left out. */
void ngx_http_promotions_audits_add(ngx_http_promotions_ctx_t *ctx,
    ngx_http_promotions_audits_t *audits, redisReply *fields);

/* The answer, in which the entries go away; NULL: no memory. */
json_t *ngx_http_promotions_audits_page(
    ngx_http_promotions_audits_t *audits);


#endif /* NGX_HTTP_PROMOTIONS_AUDITS_JSON_H */
