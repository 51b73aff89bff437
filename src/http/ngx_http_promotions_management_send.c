/*
 * Answers with long texts in them.  To write 2 MiB of JSON as a text of JSON
 * takes some 30 ms: a thread does it, and the event loop sends what it has
 * written.
 */

#include "http/ngx_http_promotions_management.h"
#include "http/ngx_http_promotions_job.h"
#include "http/ngx_http_promotions_reply.h"
#include "http/ngx_http_promotions_wait.h"


/* Bytes of long texts that take less time than posting a job. */

#define NGX_HTTP_PROMOTIONS_SEND_LONG  65536


typedef struct {
    u_char       waiter[NGX_HTTP_PROMOTIONS_ID_SIZE + 1];
    ngx_uint_t   status;
    const char  *field;
    json_t      *json;           /* nobody else's */
    char        *text;           /* NULL: it cannot be written */
} ngx_http_promotions_sending_t;


static ngx_int_t ngx_http_promotions_send_post(
    ngx_http_promotions_ctx_t *ctx, ngx_uint_t status, json_t *json,
    const char *field);
static json_t *ngx_http_promotions_send_item(json_t *json, size_t i);
static size_t ngx_http_promotions_send_size(json_t *json, const char *field);
static void ngx_http_promotions_send_check(json_t *json, const char *field);
static void ngx_http_promotions_send_run(void *data);
static void ngx_http_promotions_send_done(void *data);


ngx_int_t
ngx_http_promotions_management_send(ngx_http_promotions_ctx_t *ctx,
    ngx_uint_t status, json_t *json, const char *field)
{
    if (ngx_http_promotions_send_size(json, field)
        >= NGX_HTTP_PROMOTIONS_SEND_LONG
        && ngx_http_promotions_send_post(ctx, status, json, field) == NGX_OK)
    {
        return NGX_AGAIN;
    }

    /* also where no thread is to be had: what is done must be told */

    ngx_http_promotions_send_check(json, field);

    return ngx_http_promotions_send_json(ctx->request, status, json);
}


/* json is taken: NGX_OK; NGX_ERROR: it stays the caller's. */

static ngx_int_t
ngx_http_promotions_send_post(ngx_http_promotions_ctx_t *ctx,
    ngx_uint_t status, json_t *json, const char *field)
{
    ngx_http_promotions_sending_t  *sending;

    sending = ngx_calloc(sizeof(ngx_http_promotions_sending_t),
                         ngx_cycle->log);
    if (sending == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(sending->waiter, ctx->first.id, sizeof(sending->waiter));

    sending->status = status;
    sending->field = field;
    sending->json = json;

    if (ngx_http_promotions_job_post(ngx_http_promotions_worker.pmcf,
                                     ngx_http_promotions_send_run,
                                     ngx_http_promotions_send_done, sending)
        != NGX_OK)
    {
        ngx_free(sending);
        return NGX_ERROR;
    }

    return NGX_OK;
}


/* Item i of the answer: of an array, of that in "content", or the answer
 * itself.  NULL: there are no more. */

static json_t *
ngx_http_promotions_send_item(json_t *json, size_t i)
{
    json_t  *content;

    content = json_object_get(json, "content");
    content = (content != NULL) ? content : json;

    if (json_is_array(content)) {
        return json_array_get(content, i);
    }

    return (i == 0) ? content : NULL;
}


static size_t
ngx_http_promotions_send_size(json_t *json, const char *field)
{
    size_t   i, size;
    json_t  *item;

    size = 0;

    for (i = 0; /* void */; i++) {
        item = ngx_http_promotions_send_item(json, i);

        if (item == NULL) {
            return size;
        }

        size += json_string_length(json_object_get(item, field));
    }
}


/* What Redis holds may be no UTF-8, which no answer could be written with. */

static void
ngx_http_promotions_send_check(json_t *json, const char *field)
{
    size_t       i, len;
    json_t      *item, *value;
    const char  *text;

    for (i = 0; /* void */; i++) {
        item = ngx_http_promotions_send_item(json, i);

        if (item == NULL) {
            return;
        }

        value = json_object_get(item, field);
        text = json_string_value(value);
        len = json_string_length(value);

        if (text != NULL && pm_utf8_valid(text, len) != len) {
            (void) json_object_set_new(item, field, json_null());
        }
    }
}


/* In a thread. */

static void
ngx_http_promotions_send_run(void *data)
{
    ngx_http_promotions_sending_t  *sending = data;

    ngx_http_promotions_send_check(sending->json, sending->field);

    sending->text = json_dumps(sending->json, JSON_COMPACT);

    json_decref(sending->json);
}


static void
ngx_http_promotions_send_done(void *data)
{
    ngx_int_t                       rc;
    ngx_http_promotions_ctx_t      *ctx;
    ngx_http_promotions_sending_t  *sending = data;

    ctx = ngx_http_promotions_find((char *) sending->waiter);

    if (ctx != NULL) {

        rc = (sending->text != NULL)
             ? ngx_http_promotions_send(ctx->request, sending->status,
                                        sending->text,
                                        ngx_strlen(sending->text))
             : NGX_HTTP_INTERNAL_SERVER_ERROR;

        ngx_http_promotions_finish(ctx, rc);
    }

    free(sending->text);
    ngx_free(sending);
}
