#include "http/ngx_http_promotions_record.h"
#include "http/ngx_http_promotions_reply.h"
#include "http/ngx_http_promotions_script.h"
#include "http/ngx_http_promotions_wait.h"


#define NGX_HTTP_PROMOTIONS_LIST_MIN   20
#define NGX_HTTP_PROMOTIONS_LIST_MAX   100
#define NGX_HTTP_PROMOTIONS_LIST_MS    15    /* digits of a time */

/* Records that one call looks at: a filter that matches little is continued
 * by its cursor, and Redis is not held up. */

#define NGX_HTTP_PROMOTIONS_LIST_LOOK  1000


static ngx_int_t ngx_http_promotions_list_args(ngx_promotions_args_t *args,
    ngx_http_promotions_ctx_t *ctx, const char **fault);
static ngx_uint_t ngx_http_promotions_list_cursor(const ngx_str_t *text);
static ngx_int_t ngx_http_promotions_list_time(ngx_promotions_args_t *args,
    ngx_http_request_t *r, const char *name, const char *none);
static void ngx_http_promotions_listed(void *data, redisReply *reply);


/* The query's arguments that filter, as the script takes them. */

static const char  *ngx_http_promotions_list_filters[] = {
    "state", "author", "destination", "product", NULL
};


ngx_int_t
ngx_http_promotions_list(ngx_http_request_t *r)
{
    const char                   *fault;
    ngx_promotions_args_t         args;
    ngx_http_promotions_ctx_t    *ctx;
    ngx_http_promotions_asked_t  *asked;

    ctx = ngx_http_promotions_get_ctx(r);

    if (ctx == NULL
        || ngx_http_promotions_discard_body(r) != NGX_OK
        || ngx_http_promotions_results_args(&args) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    fault = NULL;

    if (ngx_http_promotions_list_args(&args, ctx, &fault) != NGX_OK) {
        ngx_destroy_pool(args.pool);

        if (fault == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        return ngx_http_promotions_send_error(r, NGX_HTTP_BAD_REQUEST, fault);
    }

    asked = ngx_http_promotions_asked(ctx);

    if (asked == NULL) {
        ngx_destroy_pool(args.pool);
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (ngx_http_promotions_script_send(&args, "history",
                                        ngx_http_promotions_listed, asked)
        != NGX_OK)
    {
        ngx_free(asked);
        return ngx_http_promotions_send_error(r,
                   NGX_HTTP_SERVICE_UNAVAILABLE,
                   "redis is not available, try again");
    }

    r->main->count++;

    return NGX_DONE;
}


/* NGX_ERROR: *fault is what is wrong with the query, or there is no memory. */

static ngx_int_t
ngx_http_promotions_list_args(ngx_promotions_args_t *args,
    ngx_http_promotions_ctx_t *ctx, const char **fault)
{
    u_char               *set;
    ngx_int_t             limit;
    ngx_str_t             text;
    ngx_uint_t            i;
    ngx_http_request_t   *r;

    r = ctx->request;

    text = ngx_http_promotions_query(r, "environment");

    set = ngx_pnalloc(args->pool, sizeof("promotions:") + text.len);
    if (set == NULL) {
        return NGX_ERROR;
    }

    ngx_promotions_args_add(args, set,
                            ngx_sprintf(set, "promotions%s%V",
                                        text.len ? ":" : "", &text) - set);

    if (ngx_http_promotions_list_time(args, r, "from", "-inf") != NGX_OK
        || ngx_http_promotions_list_time(args, r, "to", "+inf") != NGX_OK)
    {
        *fault = "from and to must be milliseconds since 1970";
        return NGX_ERROR;
    }

    text = ngx_http_promotions_query(r, "cursor");

    if (!ngx_http_promotions_list_cursor(&text)) {
        *fault = "cursor must be what the answer before it gave";
        return NGX_ERROR;
    }

    ngx_promotions_args_add(args, text.data, text.len);

    text = ngx_http_promotions_query(r, "limit");
    limit = text.len ? ngx_atoi(text.data, text.len)
                     : NGX_HTTP_PROMOTIONS_LIST_MIN;

    if (limit < 1 || limit > NGX_HTTP_PROMOTIONS_LIST_MAX) {
        *fault = "limit must be a number from 1 to 100";
        return NGX_ERROR;
    }

    ngx_promotions_args_number(args, limit);
    ngx_promotions_args_number(args, NGX_HTTP_PROMOTIONS_LIST_LOOK);

    for (i = 0; ngx_http_promotions_list_filters[i]; i++) {
        text = ngx_http_promotions_query(r,
                                         ngx_http_promotions_list_filters[i]);
        ngx_promotions_args_add(args, text.data, text.len);
    }

    ngx_http_promotions_list_environments(args, ctx->key,
                                          pm_store_key_sees);

    return NGX_OK;
}


/* "<ms>-<id>", or empty */

static ngx_uint_t
ngx_http_promotions_list_cursor(const ngx_str_t *text)
{
    size_t  i, digits;

    digits = 0;

    while (digits < text->len && isdigit(text->data[digits])) {
        digits++;
    }

    if (text->len == 0) {
        return 1;
    }

    if (digits == 0
        || digits > NGX_HTTP_PROMOTIONS_LIST_MS
        || text->len != digits + 1 + NGX_HTTP_PROMOTIONS_ID_SIZE
        || text->data[digits] != '-')
    {
        return 0;
    }

    for (i = digits; i < text->len; i++) {
        if (text->data[i] != '-' && !isxdigit(text->data[i])) {
            return 0;
        }
    }

    return 1;
}


static ngx_int_t
ngx_http_promotions_list_time(ngx_promotions_args_t *args,
    ngx_http_request_t *r, const char *name, const char *none)
{
    ngx_str_t  text;

    text = ngx_http_promotions_query(r, name);

    if (text.len == 0) {
        ngx_promotions_args_string(args, none);
        return NGX_OK;
    }

    if (ngx_atoi(text.data, text.len) == NGX_ERROR) {
        return NGX_ERROR;
    }

    ngx_promotions_args_add(args, text.data, text.len);

    return NGX_OK;
}


static void
ngx_http_promotions_listed(void *data, redisReply *reply)
{
    json_t                     *json, *records, *record;
    ngx_int_t                   rc;
    ngx_str_t                   text;
    ngx_uint_t                  i;
    ngx_http_promotions_ctx_t  *ctx;

    ctx = ngx_http_promotions_asked_ctx(data);

    if (ctx == NULL) {
        return;
    }

    if (reply == NULL || reply->type != REDIS_REPLY_ARRAY) {
        rc = ngx_http_promotions_send_error(ctx->request,
                 NGX_HTTP_SERVICE_UNAVAILABLE,
                 "redis is not available, try again");

        ngx_http_promotions_finish(ctx, rc);
        return;
    }

    records = json_array();

    for (i = 1; i + 1 < reply->elements; i += 2) {
        text = ngx_promotions_reply_text(reply, i);
        record = ngx_http_promotions_record_json(&text,
                                                 reply->element[i + 1]);

        if (record != NULL) {
            (void) json_array_append_new(records, record);
        }
    }

    text = ngx_promotions_reply_text(reply, 0);

    json = json_pack("{s:o, s:o}", "promotions", records, "cursor",
                     text.len ? json_stringn((char *) text.data, text.len)
                              : json_null());

    rc = ngx_http_promotions_send_json(ctx->request, NGX_HTTP_OK, json);

    ngx_http_promotions_finish(ctx, rc);
}


ngx_str_t
ngx_http_promotions_query(ngx_http_request_t *r, const char *name)
{
    u_char     *dst, *src;
    size_t      i;
    ngx_str_t   value, text;

    ngx_str_null(&text);

    if (ngx_http_arg(r, (u_char *) name, ngx_strlen(name), &value) != NGX_OK
        || value.len == 0)
    {
        return text;
    }

    text.data = ngx_pnalloc(r->pool, value.len);

    if (text.data == NULL) {
        return text;
    }

    /* as forms have it: a plus is a space */

    for (i = 0; i < value.len; i++) {
        text.data[i] = (value.data[i] == '+') ? ' ' : value.data[i];
    }

    dst = text.data;
    src = text.data;

    ngx_unescape_uri(&dst, &src, value.len, NGX_UNESCAPE_URI);

    text.len = dst - text.data;

    return text;
}
