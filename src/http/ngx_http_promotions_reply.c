#include "http/ngx_http_promotions_reply.h"
#include "http/ngx_http_promotions_audit.h"
#include "http/ngx_http_promotions_management.h"


/* What a client that gets 503 is told to wait, seconds. */

#define NGX_HTTP_PROMOTIONS_RETRY_AFTER  "1"


typedef struct {
    ngx_uint_t   status;
    const char  *error;
} ngx_http_promotions_error_t;


static json_t *ngx_http_promotions_error_json(ngx_uint_t status,
    json_t *message);


static const ngx_http_promotions_error_t  ngx_http_promotions_errors[] = {
    { NGX_HTTP_BAD_REQUEST, "Bad Request" },
    { NGX_HTTP_UNAUTHORIZED, NULL },
    { NGX_HTTP_FORBIDDEN, "Forbidden" },
    { NGX_HTTP_NOT_FOUND, "Not Found" },
    { NGX_HTTP_NOT_ALLOWED, "Method Not Allowed" },
    { NGX_HTTP_CONFLICT, "Conflict" },
    { NGX_HTTP_UNSUPPORTED_MEDIA_TYPE, "Unsupported Media Type" },
    { 422, "Unprocessable Entity" },
    { NGX_HTTP_INTERNAL_SERVER_ERROR, "Internal Server Error" },
    { NGX_HTTP_BAD_GATEWAY, "Bad Gateway" },
    { NGX_HTTP_SERVICE_UNAVAILABLE, "Service Unavailable" },
    { NGX_HTTP_GATEWAY_TIME_OUT, "Gateway Timeout" },
    { 0, NULL }
};


/* In the order of pm_code_t. */

static const ngx_uint_t  ngx_http_promotions_statuses[] = {
    NGX_HTTP_OK,
    NGX_HTTP_BAD_REQUEST,                /* PM_INVALID */
    NGX_HTTP_BAD_REQUEST,                /* PM_NO_CHANGES */
    NGX_HTTP_FORBIDDEN,                  /* PM_FORBIDDEN */
    NGX_HTTP_NOT_FOUND,                  /* PM_NOT_FOUND */
    NGX_HTTP_CONFLICT,                   /* PM_CONFLICT */
    422,                                 /* PM_UNPROCESSABLE */
    NGX_HTTP_INTERNAL_SERVER_ERROR,      /* PM_INTERNAL */
    NGX_HTTP_BAD_GATEWAY,                /* PM_REMOTE */
    NGX_HTTP_SERVICE_UNAVAILABLE,        /* PM_UNAVAILABLE */
    NGX_HTTP_GATEWAY_TIME_OUT            /* PM_TIMEOUT */
};


ngx_uint_t
ngx_http_promotions_status(int code)
{
    if (code < 0 || code > PM_TIMEOUT) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_promotions_statuses[code];
}


ngx_int_t
ngx_http_promotions_send(ngx_http_request_t *r, ngx_uint_t status,
    const char *body, size_t len)
{
    ngx_int_t     rc;
    ngx_buf_t    *b;
    ngx_chain_t   out;

    if (status == NGX_HTTP_FORBIDDEN) {
        ngx_http_promotions_denied(r);
    }

    r->headers_out.status = status;
    r->headers_out.content_length_n = len;

    ngx_str_set(&r->headers_out.content_type, "application/json");
    r->headers_out.content_type_len = r->headers_out.content_type.len;
    r->headers_out.content_type_lowcase = NULL;
    ngx_str_set(&r->headers_out.charset, "utf-8");

    if (status == NGX_HTTP_SERVICE_UNAVAILABLE
        && ngx_http_promotions_add_header(r, "Retry-After",
                              NGX_HTTP_PROMOTIONS_RETRY_AFTER,
                              sizeof(NGX_HTTP_PROMOTIONS_RETRY_AFTER) - 1)
           != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = ngx_http_send_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    b = ngx_create_temp_buf(r->pool, len);
    if (b == NULL) {
        return NGX_ERROR;
    }

    b->last = ngx_cpymem(b->pos, body, len);
    b->last_buf = (r == r->main) ? 1 : 0;
    b->last_in_chain = 1;

    out.buf = b;
    out.next = NULL;

    return ngx_http_output_filter(r, &out);
}


ngx_int_t
ngx_http_promotions_send_json(ngx_http_request_t *r, ngx_uint_t status,
    json_t *json)
{
    char       *text;
    ngx_int_t   rc;

    if (json == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    text = json_dumps(json, JSON_COMPACT);
    json_decref(json);

    if (text == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = ngx_http_promotions_send(r, status, text, ngx_strlen(text));

    free(text);

    return rc;
}


ngx_int_t
ngx_http_promotions_send_error(ngx_http_request_t *r, ngx_uint_t status,
    const char *message)
{
    ngx_http_promotions_ctx_t  *ctx;

    if (status == NGX_HTTP_FORBIDDEN) {

        ctx = ngx_http_promotions_get_ctx(r);

        if (ctx != NULL) {
            ctx->denied.reason = pm_arena_strdup(ctx->arena, message);
        }
    }

    if (status == NGX_HTTP_UNAUTHORIZED) {

        r->headers_out.www_authenticate =
            ngx_list_push(&r->headers_out.headers);

        if (r->headers_out.www_authenticate == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        ngx_memzero(r->headers_out.www_authenticate,
                    sizeof(ngx_table_elt_t));

        r->headers_out.www_authenticate->hash = 1;
        ngx_str_set(&r->headers_out.www_authenticate->key,
                    "WWW-Authenticate");
        ngx_str_set(&r->headers_out.www_authenticate->value,
                    "Bearer realm=\"promotions\"");
    }

    ctx = ngx_http_promotions_get_ctx(r);

    if (ctx != NULL && ctx->management != NULL) {
        return ngx_http_promotions_management_error(r, status, NULL, message,
                                                    NULL);
    }

    return ngx_http_promotions_send_json(r, status,
               ngx_http_promotions_error_json(status, json_string(message)));
}


ngx_int_t
ngx_http_promotions_send_faults(ngx_http_request_t *r,
    const pm_request_faults_t *faults)
{
    size_t                      i;
    json_t                     *message;
    ngx_http_promotions_ctx_t  *ctx;

    ctx = ngx_http_promotions_get_ctx(r);

    if (ctx != NULL && ctx->management != NULL) {
        return ngx_http_promotions_send_json(r, NGX_HTTP_BAD_REQUEST,
                   ngx_http_promotions_management_faults_json(ctx->management,
                                                              faults));
    }

    if (faults->single) {
        return ngx_http_promotions_send_error(r, NGX_HTTP_BAD_REQUEST,
                                              faults->messages[0]);
    }

    message = json_array();

    for (i = 0; i < faults->n; i++) {
        (void) json_array_append_new(message,
                                     json_string(faults->messages[i]));
    }

    return ngx_http_promotions_send_json(r, NGX_HTTP_BAD_REQUEST,
               ngx_http_promotions_error_json(NGX_HTTP_BAD_REQUEST, message));
}


/* Takes the reference of message; NULL: out of memory. */

static json_t *
ngx_http_promotions_error_json(ngx_uint_t status, json_t *message)
{
    ngx_uint_t   i;
    const char  *error;

    error = "Error";

    for (i = 0; ngx_http_promotions_errors[i].status; i++) {
        if (ngx_http_promotions_errors[i].status == status) {
            error = ngx_http_promotions_errors[i].error;
            break;
        }
    }

    if (error == NULL) {
        return json_pack("{s:i, s:o}", "statusCode", (int) status,
                         "message", message);
    }

    return json_pack("{s:i, s:o, s:s}", "statusCode", (int) status,
                     "message", message, "error", error);
}


ngx_int_t
ngx_http_promotions_discard_body(ngx_http_request_t *r)
{
    ngx_int_t  rc;

    r->expect_tested = 1;

    rc = ngx_http_discard_request_body(r);

    /* where the next request would begin is not known */

    if (rc == NGX_HTTP_BAD_REQUEST) {
        r->keepalive = 0;
        return NGX_OK;
    }

    return rc;
}


ngx_int_t
ngx_http_promotions_add_header(ngx_http_request_t *r, const char *name,
    const char *value, size_t len)
{
    u_char           *p;
    ngx_table_elt_t  *h;

    p = ngx_pnalloc(r->pool, len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(p, value, len);

    h = ngx_list_push(&r->headers_out.headers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(h, sizeof(ngx_table_elt_t));

    h->hash = 1;
    h->key.data = (u_char *) name;
    h->key.len = ngx_strlen(name);
    h->value.data = p;
    h->value.len = len;

    return NGX_OK;
}
