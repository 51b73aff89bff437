#include "http/ngx_http_promotions_management.h"
#include "http/ngx_http_promotions_record.h"
#include "http/ngx_http_promotions_reply.h"
#include "http/ngx_http_promotions_wait.h"


#define NGX_HTTP_PROMOTIONS_SEARCH_SIZE    100   /* of the old form too */
#define NGX_HTTP_PROMOTIONS_SEARCH_LAST    10000 /* how far pages reach */

/* Records that one call looks at, and calls: Redis is not held up, and there
 * is an end. */

#define NGX_HTTP_PROMOTIONS_SEARCH_LOOK    1000
#define NGX_HTTP_PROMOTIONS_SEARCH_ROUNDS  20

#define NGX_HTTP_PROMOTIONS_SEARCH_BYTES   (2 * 1024 * 1024)
                                                 /* of all definitions */
#define NGX_HTTP_PROMOTIONS_SEARCH_STATES  8


/* A status, and the states of a record that it stands for. */

typedef struct {
    const char  *status;
    const char  *states[6];
} ngx_http_promotions_search_status_t;


static ngx_int_t ngx_http_promotions_search_query(
    ngx_http_promotions_ctx_t *ctx, const char **fault);
static ngx_int_t ngx_http_promotions_search_number(ngx_http_request_t *r,
    const char *name, ngx_int_t none, ngx_int_t max);
static ngx_int_t ngx_http_promotions_search_call(
    ngx_http_promotions_ctx_t *ctx, ngx_str_t *cursor, ngx_int_t bytes);
static ngx_int_t ngx_http_promotions_search_args(ngx_promotions_args_t *args,
    ngx_http_promotions_ctx_t *ctx, ngx_str_t *cursor, ngx_int_t bytes);
static ngx_str_t ngx_http_promotions_search_statuses_of(
    ngx_http_request_t *r);
static void ngx_http_promotions_search_any(ngx_promotions_args_t *args,
    ngx_http_request_t *r, const char *name, const char *none);
static ngx_uint_t ngx_http_promotions_search_states(const ngx_str_t *text,
    ngx_promotions_args_t *args);
static const ngx_http_promotions_search_status_t *
    ngx_http_promotions_search_state(const u_char *name, size_t len);
static ngx_int_t ngx_http_promotions_searched(
    ngx_http_promotions_ctx_t *ctx, redisReply *reply);
static ngx_int_t ngx_http_promotions_search_add(
    ngx_http_promotions_ctx_t *ctx, redisReply *reply);
static void ngx_http_promotions_search_free(void *data);


static const ngx_http_promotions_search_status_t
    ngx_http_promotions_search_statuses[] =
{
    { "CREATED", { "CREATED", NULL } },
    { "TO_BE_VALIDATED", { "TO_BE_VALIDATED", "QUEUED", "TAKEN", "PUSHING",
                           "UNKNOWN", NULL } },
    { "ACCEPTED", { "LANDED", NULL } },
    { "REJECTED", { "REJECTED", NULL } },
    { "CANCELLED", { "CANCELLED", NULL } },
    { "ERROR", { "ERROR", NULL } },
    { NULL, { NULL } }
};


ngx_int_t
ngx_http_promotions_review_search(ngx_http_request_t *r)
{
    ngx_int_t                   rc;
    ngx_str_t                   cursor;
    const char                 *fault;
    ngx_pool_cleanup_t         *cln;
    ngx_http_promotions_ctx_t  *ctx;

    ctx = ngx_http_promotions_get_ctx(r);
    cln = ngx_pool_cleanup_add(r->pool, 0);

    if (ctx == NULL || cln == NULL
        || ngx_http_promotions_discard_body(r) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (ngx_http_promotions_search_query(ctx, &fault) != NGX_OK) {
        return ngx_http_promotions_send_error(r, NGX_HTTP_BAD_REQUEST, fault);
    }

    ctx->management->list = json_array();
    cln->handler = ngx_http_promotions_search_free;
    cln->data = ctx->management;

    ngx_str_null(&cursor);

    rc = ngx_http_promotions_search_call(ctx, &cursor,
             ctx->management->expand ? NGX_HTTP_PROMOTIONS_SEARCH_BYTES : 0);

    return ngx_http_promotions_kept(r, rc);
}


static void
ngx_http_promotions_search_free(void *data)
{
    ngx_http_promotions_management_t  *management = data;

    json_decref(management->list);
}


/* What can be wrong with it is found before Redis is asked. */

static ngx_int_t
ngx_http_promotions_search_query(ngx_http_promotions_ctx_t *ctx,
    const char **fault)
{
    ngx_int_t                          page, size;
    ngx_str_t                          statuses, from, to, expand;
    ngx_http_request_t                *r;
    ngx_http_promotions_management_t  *management;

    r = ctx->request;
    management = ctx->management;

    statuses = ngx_http_promotions_search_statuses_of(r);

    if (!ngx_http_promotions_search_states(&statuses, NULL)) {
        *fault = "statuses must be some of CREATED, TO_BE_VALIDATED, "
                 "ACCEPTED, REJECTED, CANCELLED, ERROR, separated by commas";
        return NGX_ERROR;
    }

    from = ngx_http_promotions_query(r, "from");
    to = ngx_http_promotions_query(r, "to");

    if ((from.len && ngx_atoi(from.data, from.len) == NGX_ERROR)
        || (to.len && ngx_atoi(to.data, to.len) == NGX_ERROR))
    {
        *fault = "from and to must be milliseconds since 1970";
        return NGX_ERROR;
    }

    page = ngx_http_promotions_search_number(r, "page", 1,
                                             NGX_HTTP_PROMOTIONS_SEARCH_LAST);
    size = ngx_http_promotions_search_number(r, "size",
                                             NGX_HTTP_PROMOTIONS_SEARCH_SIZE,
                                             NGX_HTTP_PROMOTIONS_SEARCH_SIZE);

    if (page == NGX_ERROR || size == NGX_ERROR
        || page * size > NGX_HTTP_PROMOTIONS_SEARCH_LAST)
    {
        *fault = "page must be a number from 1 on, size one from 1 to 100, "
                 "and no page may go beyond the first 10000";
        return NGX_ERROR;
    }

    expand = ngx_http_promotions_query(r, "expand");

    management->size = size;
    management->skip = (page - 1) * size;
    management->expand = (expand.len == sizeof("definition") - 1
                          && ngx_strncmp(expand.data, "definition",
                                         expand.len) == 0)
                         || (ngx_http_promotions_query(r, "page").len == 0
                             && ngx_http_promotions_query(r, "size").len
                                == 0);

    return NGX_OK;
}


static ngx_int_t
ngx_http_promotions_search_number(ngx_http_request_t *r, const char *name,
    ngx_int_t none, ngx_int_t max)
{
    ngx_int_t  number;
    ngx_str_t  text;

    text = ngx_http_promotions_query(r, name);

    if (text.len == 0) {
        return none;
    }

    number = ngx_atoi(text.data, text.len);

    return (number < 1 || number > max) ? NGX_ERROR : number;
}


static ngx_int_t
ngx_http_promotions_search_call(ngx_http_promotions_ctx_t *ctx,
    ngx_str_t *cursor, ngx_int_t bytes)
{
    ngx_promotions_args_t  args;

    ctx->management->rounds++;

    if (ngx_http_promotions_results_args(&args) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (ngx_http_promotions_search_args(&args, ctx, cursor, bytes) != NGX_OK) {
        ngx_destroy_pool(args.pool);
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_promotions_management_ask(ctx, &args, "reviews",
               ngx_http_promotions_searched);
}


static ngx_int_t
ngx_http_promotions_search_args(ngx_promotions_args_t *args,
    ngx_http_promotions_ctx_t *ctx, ngx_str_t *cursor, ngx_int_t bytes)
{
    ngx_str_t                          text;
    ngx_http_request_t                *r;
    const pm_environment_t            *target;
    ngx_http_promotions_management_t  *management;

    r = ctx->request;
    management = ctx->management;

    ngx_http_promotions_search_any(args, r, "from", "-inf");
    ngx_http_promotions_search_any(args, r, "to", "+inf");
    ngx_promotions_args_add(args, cursor->data, cursor->len);
    ngx_promotions_args_number(args, management->size
                                     - json_array_size(management->list));
    ngx_promotions_args_number(args, management->skip);
    ngx_promotions_args_number(args, NGX_HTTP_PROMOTIONS_SEARCH_LOOK);
    ngx_promotions_args_number(args, bytes);
    ngx_promotions_args_string(args, management->organization);
    ngx_http_promotions_search_any(args, r, "apiId", "");

    /* by its id or its name */

    text = ngx_http_promotions_query(r, "targetEnvCockpitId");

    if (text.len) {
        target = pm_catalog_environment(
                     ngx_http_promotions_worker.pmcf->catalog,
                     pm_arena_strndup(ctx->arena, (char *) text.data,
                                      text.len));
        if (target != NULL) {
            text.data = (u_char *) target->id;
            text.len = ngx_strlen(target->id);
        }
    }

    ngx_promotions_args_add(args, text.data, text.len);
    ngx_http_promotions_search_any(args, r, "author", "");

    text = ngx_http_promotions_search_statuses_of(r);

    (void) ngx_http_promotions_search_states(&text, args);

    ngx_http_promotions_list_environments(args, ctx->key,
                                          pm_store_key_sees);

    return NGX_OK;
}


/* Separated by commas, also where the query has several, as the product's own
 * console sends them: statuses=CREATED&statuses=TO_BE_VALIDATED. */

static ngx_str_t
ngx_http_promotions_search_statuses_of(ngx_http_request_t *r)
{
    u_char     *p, *last, *end, *dst;
    ngx_str_t   text;

    static const ngx_str_t  name = ngx_string("statuses=");

    ngx_str_null(&text);

    if (r->args.len == 0) {
        return text;
    }

    dst = ngx_pnalloc(r->pool, r->args.len + 1);
    if (dst == NULL) {
        return text;
    }

    text.data = dst;

    last = r->args.data + r->args.len;

    for (p = r->args.data; p < last; p = end + 1) {
        end = ngx_strlchr(p, last, '&');
        end = (end != NULL) ? end : last;

        if ((size_t) (end - p) <= name.len
            || ngx_strncmp(p, name.data, name.len) != 0)
        {
            continue;
        }

        if (dst > text.data) {
            *dst++ = ',';
        }

        p += name.len;
        ngx_unescape_uri(&dst, &p, end - p, NGX_UNESCAPE_URI);
    }

    text.len = dst - text.data;

    return text;
}


static void
ngx_http_promotions_search_any(ngx_promotions_args_t *args,
    ngx_http_request_t *r, const char *name, const char *none)
{
    ngx_str_t  text;

    text = ngx_http_promotions_query(r, name);

    if (text.len == 0) {
        ngx_promotions_args_string(args, none);
        return;
    }

    ngx_promotions_args_add(args, text.data, text.len);
}


/*
 * Statuses separated by commas: their states' number and the states, as the
 * script takes them (args NULL: only whether they are some).  0: one is none.
 */

static ngx_uint_t
ngx_http_promotions_search_states(const ngx_str_t *text,
    ngx_promotions_args_t *args)
{
    u_char                                     *p, *last, *comma;
    ngx_uint_t                                  i, n;
    const char                                 *states[64];
    const ngx_http_promotions_search_status_t  *status;

    n = 0;
    p = text->data;
    last = p + text->len;

    while (p < last) {
        comma = ngx_strlchr(p, last, ',');
        comma = (comma != NULL) ? comma : last;

        status = ngx_http_promotions_search_state(p, comma - p);

        if (status == NULL) {
            return 0;
        }

        for (i = 0; status->states[i] != NULL; i++) {

            if (n == sizeof(states) / sizeof(states[0])) {
                return 0;
            }

            states[n++] = status->states[i];
        }

        p = comma + 1;
    }

    if (args == NULL) {
        return 1;
    }

    ngx_promotions_args_number(args, n);

    for (i = 0; i < n; i++) {
        ngx_promotions_args_string(args, states[i]);
    }

    return 1;
}


static const ngx_http_promotions_search_status_t *
ngx_http_promotions_search_state(const u_char *name, size_t len)
{
    const ngx_http_promotions_search_status_t  *status;

    for (status = ngx_http_promotions_search_statuses;
         status->status;
         status++)
    {
        if (ngx_strlen(status->status) == len
            && ngx_strncmp(status->status, name, len) == 0)
        {
            return status;
        }
    }

    return NULL;
}


static ngx_int_t
ngx_http_promotions_searched(ngx_http_promotions_ctx_t *ctx,
    redisReply *reply)
{
    json_t                            *list;
    ngx_str_t                          cursor;
    ngx_http_promotions_management_t  *management;

    management = ctx->management;

    if (ngx_http_promotions_search_add(ctx, reply) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    cursor = ngx_promotions_reply_text(reply, 0);

    if (cursor.len > 0
        && json_array_size(management->list) < management->size
        && management->rounds < NGX_HTTP_PROMOTIONS_SEARCH_ROUNDS)
    {
        return ngx_http_promotions_search_call(ctx, &cursor,
                   management->expand ? ngx_promotions_reply_number(reply, 2)
                                      : 0);
    }

    list = management->list;
    management->list = NULL;

    return ngx_http_promotions_management_send(ctx, NGX_HTTP_OK, list,
                                               NGX_HTTP_PROMOTIONS_DEFINITION);
}


static ngx_int_t
ngx_http_promotions_search_add(ngx_http_promotions_ctx_t *ctx,
    redisReply *reply)
{
    json_t                            *json;
    ngx_uint_t                         i;
    ngx_http_promotions_management_t  *management;

    management = ctx->management;
    management->skip = ngx_promotions_reply_number(reply, 1);

    for (i = 3; i + 1 < reply->elements; i += 2) {
        json = ngx_http_promotions_review_json(management,
                   (char *) ngx_promotions_reply_text(reply, i).data,
                   reply->element[i + 1], management->expand);

        if (json == NULL || json_array_append_new(management->list, json) != 0)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}
