/*
 * hooks/{host}: what providers say of their pull requests.  No API key: the
 * host's secret of promotions_webhook_secrets is what counts, and it is
 * looked at before anything else of the body is.
 */

#include "http/ngx_http_promotions.h"
#include "http/ngx_http_promotions_follow.h"
#include "http/ngx_http_promotions_header.h"
#include "http/ngx_http_promotions_record.h"
#include "http/ngx_http_promotions_reply.h"
#include "http/ngx_http_promotions_wait.h"
#include "base/pm_hash.h"


static ngx_str_t ngx_http_promotions_hooks_host(ngx_http_request_t *r);
static ngx_int_t ngx_http_promotions_hooks_checked(
    ngx_http_promotions_ctx_t *ctx, ngx_str_t *body);
static int ngx_http_promotions_hooks_header(void *data, const char *name,
    pm_string_t *value);
static ngx_int_t ngx_http_promotions_hooks_follow(
    ngx_http_promotions_ctx_t *ctx, const pm_forge_event_t *event,
    ngx_str_t *body);
static void ngx_http_promotions_hooks_followed(void *data, redisReply *reply);
static ngx_int_t ngx_http_promotions_hooks_done(ngx_http_request_t *r);


ngx_int_t
ngx_http_promotions_hooks_handler(ngx_http_request_t *r)
{
    ngx_http_promotions_ctx_t  *ctx;

    if (r != r->main) {
        return NGX_HTTP_FORBIDDEN;
    }

    ctx = ngx_http_promotions_get_ctx(r);
    if (ctx == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (!(r->method & NGX_HTTP_POST)) {

        if (ngx_http_promotions_discard_body(r) != NGX_OK
            || ngx_http_promotions_add_header(r, "Allow", "POST", 4)
               != NGX_OK)
        {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        return ngx_http_promotions_send_error(r, NGX_HTTP_NOT_ALLOWED,
                                              "use POST");
    }

    if (r->headers_in.content_length_n > PM_FORGE_HOOK_SIZE) {

        if (ngx_http_promotions_discard_body(r) != NGX_OK) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        return ngx_http_promotions_send_error(r,
                   NGX_HTTP_REQUEST_ENTITY_TOO_LARGE,
                   "the body is larger than 1 MiB");
    }

    /* a body in a file is found again by an id */

    if (ngx_http_promotions_wait(ctx) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_promotions_read_body(r, ngx_http_promotions_hooks_checked);
}


/* What follows the location's prefix and "hooks/", which a prefix that ends
 * in it makes superfluous. */

static ngx_str_t
ngx_http_promotions_hooks_host(ngx_http_request_t *r)
{
    ngx_str_t                        host;
    ngx_http_promotions_loc_conf_t  *plcf;

    plcf = ngx_http_get_module_loc_conf(r, ngx_http_promotions_module);

    host.data = r->uri.data + ngx_min(r->uri.len, plcf->prefix.len);
    host.len = r->uri.data + r->uri.len - host.data;

    if (host.len > 0 && host.data[0] == '/') {
        host.data++;
        host.len--;
    }

    if (host.len > 6 && ngx_strncmp(host.data, "hooks/", 6) == 0) {
        host.data += 6;
        host.len -= 6;
    }

    return host;
}


static ngx_int_t
ngx_http_promotions_hooks_checked(ngx_http_promotions_ctx_t *ctx,
    ngx_str_t *body)
{
    char                             *name;
    ngx_str_t                         host;
    pm_error_t                        err;
    const char                       *secret;
    pm_forge_hook_t                   hook;
    pm_forge_event_t                  event;
    ngx_http_request_t               *r;
    ngx_http_promotions_main_conf_t  *pmcf;

    r = ctx->request;
    pmcf = ngx_http_promotions_worker.pmcf;

    host = ngx_http_promotions_hooks_host(r);

    name = pm_arena_strndup(ctx->arena, (char *) host.data, host.len);
    if (name == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    hook.forge = pm_forge_known(pmcf->forges.elts, pmcf->forges.nelts, name);
    hook.header = ngx_http_promotions_hooks_header;
    hook.data = r;
    hook.body.data = (char *) body->data;
    hook.body.len = body->len;

    secret = (pmcf->secrets != NULL)
             ? pm_forge_secrets_find(pmcf->secrets, name) : NULL;

    /* one answer for all: who has no secret learns nothing */

    if (hook.forge == NULL || secret == NULL
        || body->len > PM_FORGE_HOOK_SIZE
        || pm_forge_hook_check(&hook, secret) != 0)
    {
        ngx_log_error(NGX_LOG_INFO, r->connection->log, 0,
                      "a webhook was refused: no secret for its host, or "
                      "another one");

        return ngx_http_promotions_send_error(r, NGX_HTTP_UNAUTHORIZED,
                                              "Unauthorized");
    }

    if (pm_forge_hook_read(ctx->arena, &hook, &event, &err) != 0) {
        return ngx_http_promotions_send_error(r,
                   ngx_http_promotions_status(err.code), err.message);
    }

    if (!event.relevant) {
        return ngx_http_promotions_hooks_done(r);
    }

    return ngx_http_promotions_hooks_follow(ctx, &event, body);
}


static int
ngx_http_promotions_hooks_header(void *data, const char *name,
    pm_string_t *value)
{
    size_t               len;
    u_char               lower[64];
    ngx_str_t           *found;
    ngx_http_request_t  *r = data;

    len = ngx_strlen(name);

    if (len >= sizeof(lower)) {
        return -1;
    }

    ngx_strlow(lower, (u_char *) name, len);
    lower[len] = '\0';

    found = ngx_http_promotions_header_in(r, (char *) lower, 0);

    if (found == NULL
        || ngx_http_promotions_header_in(r, (char *) lower, 1) != NULL)
    {
        return -1;
    }

    value->data = (char *) found->data;
    value->len = found->len;

    return 0;
}


static ngx_int_t
ngx_http_promotions_hooks_follow(ngx_http_promotions_ctx_t *ctx,
    const pm_forge_event_t *event, ngx_str_t *body)
{
    char                          replay[2 * PM_SHA256_SIZE + 1];
    unsigned char                 digest[PM_SHA256_SIZE];
    ngx_http_promotions_word_t    word;
    ngx_http_promotions_asked_t  *asked;

    if (pm_sha256(body->data, body->len, digest) != 0) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    pm_hex(replay, digest, PM_SHA256_SIZE);

    asked = ngx_http_promotions_asked(ctx);
    if (asked == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    word.key = event->key;
    word.number = event->number;
    word.state = event->state;
    word.merge_commit = event->merge_commit;
    word.changed = event->changed;
    word.replay = replay;

    if (ngx_http_promotions_follow(&word, ngx_http_promotions_hooks_followed,
                                   asked)
        != NGX_OK)
    {
        ngx_free(asked);

        return ngx_http_promotions_send_error(ctx->request,
                   NGX_HTTP_SERVICE_UNAVAILABLE,
                   "redis is not available, try again");
    }

    return NGX_AGAIN;
}


static void
ngx_http_promotions_hooks_followed(void *data, redisReply *reply)
{
    ngx_int_t                   rc;
    ngx_http_promotions_ctx_t  *ctx;

    ctx = ngx_http_promotions_asked_ctx(data);

    if (ctx == NULL) {
        return;
    }

    if (reply == NULL || reply->type != REDIS_REPLY_INTEGER) {
        rc = ngx_http_promotions_send_error(ctx->request,
                 NGX_HTTP_SERVICE_UNAVAILABLE,
                 "redis is not available, try again");
    } else {
        rc = ngx_http_promotions_hooks_done(ctx->request);
    }

    ngx_http_promotions_finish(ctx, rc);
}


static ngx_int_t
ngx_http_promotions_hooks_done(ngx_http_request_t *r)
{
    r->headers_out.status = NGX_HTTP_NO_CONTENT;
    r->header_only = 1;

    return ngx_http_send_header(r);
}
