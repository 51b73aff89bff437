#include "http/ngx_http_promotions.h"
#include "http/ngx_http_promotions_job.h"
#include "http/ngx_http_promotions_reply.h"
#include "http/ngx_http_promotions_wait.h"


/* A body that nginx has put into a temporary file, read by a thread. */

typedef struct {
    u_char       id[NGX_HTTP_PROMOTIONS_ID_SIZE + 1];
    ngx_fd_t     fd;             /* a duplicate: the request's may be closed */
    u_char      *data;
    size_t       len;
    ngx_err_t    error;
} ngx_http_promotions_file_t;


static ngx_uint_t ngx_http_promotions_has_body(ngx_http_request_t *r);
static ngx_uint_t ngx_http_promotions_is_json(ngx_http_request_t *r);
static void ngx_http_promotions_body_read(ngx_http_request_t *r);
static ngx_int_t ngx_http_promotions_body_memory(ngx_http_request_t *r,
    ngx_str_t *body);
static void ngx_http_promotions_body_start(ngx_http_promotions_ctx_t *ctx,
    ngx_str_t *body);
static ngx_int_t ngx_http_promotions_body_file(ngx_http_request_t *r,
    ngx_http_promotions_ctx_t *ctx);
static void ngx_http_promotions_file_run(void *data);
static void ngx_http_promotions_file_done(void *data);


ngx_int_t
ngx_http_promotions_read_body(ngx_http_request_t *r,
    ngx_http_promotions_body_pt handler)
{
    ngx_int_t                   rc;
    ngx_http_promotions_ctx_t  *ctx;

    ctx = ngx_http_promotions_get_ctx(r);
    if (ctx == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (!ngx_http_promotions_is_json(r)
        && (ctx->kind != PM_REQUEST_REVERT || ngx_http_promotions_has_body(r)))
    {
        if (ngx_http_promotions_discard_body(r) != NGX_OK) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        return ngx_http_promotions_send_error(r,
                   NGX_HTTP_UNSUPPORTED_MEDIA_TYPE,
                   "the body must be sent as Content-Type: application/json");
    }

    ctx->body_handler = handler;

    rc = ngx_http_read_client_request_body(r, ngx_http_promotions_body_read);

    if (rc >= NGX_HTTP_SPECIAL_RESPONSE) {
        return rc;
    }

    return NGX_DONE;
}


static ngx_uint_t
ngx_http_promotions_has_body(ngx_http_request_t *r)
{
    return r->headers_in.content_length_n > 0 || r->headers_in.chunked;
}


/* application/json, with or without parameters. */

static ngx_uint_t
ngx_http_promotions_is_json(ngx_http_request_t *r)
{
    u_char           *p, *last;
    ngx_table_elt_t  *h;

    static const size_t  len = sizeof("application/json") - 1;

    h = r->headers_in.content_type;

    if (h == NULL
        || h->value.len < len
        || ngx_strncasecmp(h->value.data, (u_char *) "application/json", len)
           != 0)
    {
        return 0;
    }

    p = h->value.data + len;
    last = h->value.data + h->value.len;

    while (p < last && (*p == ' ' || *p == '\t')) {
        p++;
    }

    return p == last || *p == ';';
}


static void
ngx_http_promotions_body_read(ngx_http_request_t *r)
{
    ngx_int_t                   rc;
    ngx_str_t                   body;
    ngx_http_promotions_ctx_t  *ctx;

    ctx = ngx_http_promotions_get_ctx(r);
    if (ctx == NULL) {
        ngx_http_finalize_request(r, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    if (r->request_body != NULL && r->request_body->temp_file != NULL) {

        rc = ngx_http_promotions_body_file(r, ctx);

        if (rc == NGX_ERROR) {
            ngx_http_finalize_request(r, NGX_HTTP_INTERNAL_SERVER_ERROR);

        } else if (rc == NGX_BUSY) {
            ngx_http_finalize_request(r,
                ngx_http_promotions_send_error(r,
                    NGX_HTTP_SERVICE_UNAVAILABLE,
                    "too many jobs are waiting, try again"));
        }

        return;
    }

    if (ngx_http_promotions_body_memory(r, &body) != NGX_OK) {
        ngx_http_finalize_request(r, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    ngx_http_promotions_body_start(ctx, &body);
}


static ngx_int_t
ngx_http_promotions_body_memory(ngx_http_request_t *r, ngx_str_t *body)
{
    u_char       *p;
    ngx_chain_t  *cl;

    ngx_str_null(body);

    if (r->request_body == NULL) {
        return NGX_OK;
    }

    for (cl = r->request_body->bufs; cl; cl = cl->next) {
        body->len += cl->buf->last - cl->buf->pos;
    }

    body->data = ngx_pnalloc(r->pool, body->len + 1);
    if (body->data == NULL) {
        return NGX_ERROR;
    }

    p = body->data;

    for (cl = r->request_body->bufs; cl; cl = cl->next) {

        /* the last buffer of a body that is empty has no memory */

        if (cl->buf->pos != cl->buf->last) {
            p = ngx_cpymem(p, cl->buf->pos, cl->buf->last - cl->buf->pos);
        }
    }

    return NGX_OK;
}


static void
ngx_http_promotions_body_start(ngx_http_promotions_ctx_t *ctx,
    ngx_str_t *body)
{
    ngx_int_t  rc;

    rc = NGX_HTTP_INTERNAL_SERVER_ERROR;

    pm_arena_destroy(ctx->promotion_arena);
    ctx->promotion_arena = pm_arena_create();

    if (ctx->promotion_arena != NULL) {
        rc = ctx->body_handler(ctx, body);
    }

    if (rc == NGX_AGAIN) {
        ngx_http_promotions_watch_client(ctx->request);
        return;
    }

    ngx_http_finalize_request(ctx->request, rc);
}


/* NGX_BUSY: no thread will read it; NGX_ERROR: why not is logged. */

static ngx_int_t
ngx_http_promotions_body_file(ngx_http_request_t *r,
    ngx_http_promotions_ctx_t *ctx)
{
    ngx_http_promotions_file_t       *file;
    ngx_http_promotions_main_conf_t  *pmcf;

    file = ngx_calloc(sizeof(ngx_http_promotions_file_t),
                      r->connection->log);
    if (file == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(file->id, ctx->first.id, sizeof(ctx->first.id));
    file->len = (size_t) r->request_body->temp_file->file.offset;
    file->fd = fcntl(r->request_body->temp_file->file.fd, F_DUPFD_CLOEXEC, 0);

    if (file->fd == NGX_INVALID_FILE) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, ngx_errno,
                      "the client's body cannot be given to a thread: "
                      "fcntl(F_DUPFD_CLOEXEC) failed");
        ngx_free(file);
        return NGX_ERROR;
    }

    pmcf = ngx_http_get_module_main_conf(r, ngx_http_promotions_module);

    if (ngx_http_promotions_job_post(pmcf, ngx_http_promotions_file_run,
                                     ngx_http_promotions_file_done, file)
        != NGX_OK)
    {
        (void) ngx_close_file(file->fd);
        ngx_free(file);
        return NGX_BUSY;
    }

    ngx_http_promotions_watch_client(r);

    return NGX_OK;
}


/* In a thread. */

static void
ngx_http_promotions_file_run(void *data)
{
    size_t                       pos;
    ssize_t                      n;
    ngx_http_promotions_file_t  *file = data;

    file->data = malloc(file->len + 1);

    if (file->data == NULL) {
        file->error = NGX_ENOMEM;
        (void) ngx_close_file(file->fd);
        return;
    }

    for (pos = 0; pos < file->len; pos += n) {

        n = pread(file->fd, file->data + pos, file->len - pos, pos);

        if (n <= 0) {
            file->error = n ? ngx_errno : NGX_ENOENT;
            break;
        }
    }

    (void) ngx_close_file(file->fd);
}


static void
ngx_http_promotions_file_done(void *data)
{
    ngx_str_t                    body;
    ngx_connection_t            *c;
    ngx_http_promotions_ctx_t   *ctx;
    ngx_http_promotions_file_t  *file = data;

    ctx = ngx_http_promotions_find((char *) file->id);

    if (ctx != NULL && file->error) {
        ngx_log_error(NGX_LOG_ERR, ctx->request->connection->log,
                      file->error, "reading the client's body failed");

        ngx_http_promotions_finish(ctx, NGX_HTTP_INTERNAL_SERVER_ERROR);

    } else if (ctx != NULL) {
        c = ctx->request->connection;

        body.data = file->data;
        body.len = file->len;

        ngx_http_promotions_body_start(ctx, &body);

        ngx_http_run_posted_requests(c);
    }

    free(file->data);
    ngx_free(file);
}
