#include "http/ngx_http_promotions_management.h"
#include "http/ngx_http_promotions_audit.h"
#include "http/ngx_http_promotions_record.h"
#include "http/ngx_http_promotions_reply.h"
#include "http/ngx_http_promotions_wait.h"
#include "promotion/pm_permission.h"


static ngx_int_t ngx_http_promotions_targets_list(
    ngx_http_promotions_ctx_t *ctx);
static const char *ngx_http_promotions_targets_reason(
    ngx_http_promotions_ctx_t *ctx, const pm_environment_t *target);
static ngx_int_t ngx_http_promotions_targets_ask(
    ngx_http_promotions_ctx_t *ctx);
static ngx_uint_t ngx_http_promotions_targets_is(
    const ngx_http_promotions_ctx_t *ctx, const pm_environment_t *target);
static ngx_int_t ngx_http_promotions_targets_look(
    ngx_http_promotions_ctx_t *ctx, redisReply *reply);
static void ngx_http_promotions_targets_pending(json_t *target,
    redisReply *reply, ngx_uint_t at);
static ngx_int_t ngx_http_promotions_targets_looked(
    ngx_http_promotions_ctx_t *ctx, ngx_http_promotions_view_t *views,
    ngx_uint_t n);
static void ngx_http_promotions_targets_refuse(json_t *target,
    const char *reason);
static ngx_int_t ngx_http_promotions_targets_send(
    ngx_http_promotions_ctx_t *ctx);
static void ngx_http_promotions_targets_free(void *data);


ngx_int_t
ngx_http_promotions_review_targets(ngx_http_request_t *r)
{
    ngx_int_t                   rc;
    ngx_str_t                   api;
    ngx_pool_cleanup_t         *cln;
    const pm_environment_t     *source;
    ngx_http_promotions_ctx_t  *ctx;

    ctx = ngx_http_promotions_get_ctx(r);
    cln = ngx_pool_cleanup_add(r->pool, 0);

    if (ctx == NULL || cln == NULL
        || ngx_http_promotions_discard_body(r) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    source = ctx->management->environment;

    if (!pm_store_key_allows(ctx->key, "API_DEFINITION", PM_STORE_READ,
                             source->name, source->id)
        && !pm_store_key_allows(ctx->key, "API_DEFINITION", PM_STORE_UPDATE,
                                source->name, source->id))
    {
        ngx_http_promotions_denied_is(ctx, source->name, NULL, NULL);

        return ngx_http_promotions_management_forbidden(r);
    }

    cln->handler = ngx_http_promotions_targets_free;
    cln->data = ctx->management;

    if (ngx_http_promotions_targets_list(ctx) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    api = ngx_http_promotions_query(r, "apiId");

    if (api.len == 0 || source->apis == NULL
        || json_array_size(ctx->management->list) == 0)
    {
        return ngx_http_promotions_targets_send(ctx);
    }

    if (pm_utf8_valid((char *) api.data, api.len) != api.len
        || memchr(api.data, '\0', api.len) != NULL)
    {
        return ngx_http_promotions_send_error(r, NGX_HTTP_BAD_REQUEST,
                                              "apiId must be a text");
    }

    ctx->management->names[0] = pm_arena_strndup(ctx->arena,
                                                 (char *) api.data, api.len);
    if (ctx->management->names[0] == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = ngx_http_promotions_targets_ask(ctx);

    return ngx_http_promotions_kept(r, rc);
}


static void
ngx_http_promotions_targets_free(void *data)
{
    ngx_http_promotions_management_t  *management = data;

    json_decref(management->list);
}


/* Those of the same organization, without the one that it comes from. */

static ngx_uint_t
ngx_http_promotions_targets_is(const ngx_http_promotions_ctx_t *ctx,
    const pm_environment_t *target)
{
    const pm_environment_t  *source;

    source = ctx->management->environment;

    return target != source
           && ngx_strcmp(target->organization, source->organization) == 0;
}


static ngx_int_t
ngx_http_promotions_targets_list(ngx_http_promotions_ctx_t *ctx)
{
    size_t                   i;
    json_t                  *json;
    const char              *reason;
    pm_catalog_t            *catalog;
    const pm_environment_t  *target;

    ctx->management->list = json_array();
    catalog = ngx_http_promotions_worker.pmcf->catalog;

    for (i = 0; i < pm_catalog_nenvironments(catalog); i++) {
        target = pm_catalog_environments(catalog, i);

        if (!ngx_http_promotions_targets_is(ctx, target)) {
            continue;
        }

        reason = ngx_http_promotions_targets_reason(ctx, target);

        json = json_pack("{s:s, s:[s], s:s, s:s, s:s, s:s, s:b, s:s?, s:n, "
                         "s:n, s:n}",
                         "id", target->id, "hrids", target->name,
                         "name", target->title,
                         "description", target->description,
                         "organizationId", target->organization,
                         "installationId", target->organization,
                         "available", reason == NULL,
                         "reason", reason,
                         "pendingPromotionId", "pendingAuthor",
                         "wouldUpdate");

        if (json == NULL
            || json_array_append_new(ctx->management->list, json) != 0)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/* Why nothing can be promoted to it; NULL: it can. */

static const char *
ngx_http_promotions_targets_reason(ngx_http_promotions_ctx_t *ctx,
    const pm_environment_t *target)
{
    const pm_environment_t  *source;

    source = ctx->management->environment;

    if (!pm_review_leads(source, target)) {
        return pm_arena_printf(ctx->arena, "Environment [%s] does not promote "
                               "to [%s].", source->name, target->name);
    }

    if (ngx_http_promotions_query(ctx->request, "apiId").len
        && (target->apis == NULL || !target->apis->writable))
    {
        return pm_arena_printf(ctx->arena, "Environment [%s] keeps no APIs.",
                               target->name);
    }

    return NULL;
}


/* Who has the pairs. */

static ngx_int_t
ngx_http_promotions_targets_ask(ngx_http_promotions_ctx_t *ctx)
{
    size_t                        i;
    const char                   *pair;
    pm_catalog_t                 *catalog;
    ngx_promotions_args_t         args;
    const pm_environment_t       *target;

    catalog = ngx_http_promotions_worker.pmcf->catalog;

    if (ngx_http_promotions_results_args(&args) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    for (i = 0; i < pm_catalog_nenvironments(catalog); i++) {
        target = pm_catalog_environments(catalog, i);

        if (!ngx_http_promotions_targets_is(ctx, target)) {
            continue;
        }

        pair = pm_arena_printf(ctx->arena, "api:%s:%s:%s",
                               ctx->management->environment->name,
                               ctx->management->names[0], target->name);
        if (pair == NULL) {
            args.failed = 1;
        }

        ngx_promotions_args_string(&args, pair);
    }

    return ngx_http_promotions_management_ask(ctx, &args, "pending",
               ngx_http_promotions_targets_look);
}


/* Whether it would be created or updated there. */

static ngx_int_t
ngx_http_promotions_targets_look(ngx_http_promotions_ctx_t *ctx,
    redisReply *reply)
{
    size_t                       i, n;
    ngx_str_t                    last;
    pm_arena_t                  *arena;
    pm_catalog_t                *catalog;
    const pm_environment_t      *target;
    ngx_http_promotions_view_t  *view, *views;

    catalog = ngx_http_promotions_worker.pmcf->catalog;
    n = json_array_size(ctx->management->list);

    arena = pm_arena_create();
    views = (arena != NULL)
            ? pm_arena_zalloc(arena, n * sizeof(ngx_http_promotions_view_t))
            : NULL;

    if (views == NULL || reply->elements < 3 * n) {
        pm_arena_destroy(arena);
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    for (i = 0, n = 0; i < pm_catalog_nenvironments(catalog); i++) {
        target = pm_catalog_environments(catalog, i);

        if (!ngx_http_promotions_targets_is(ctx, target)) {
            continue;
        }

        ngx_http_promotions_targets_pending(
            json_array_get(ctx->management->list, n), reply, 3 * n);

        view = &views[n];
        last = ngx_promotions_reply_text(reply, 3 * n + 2);
        n++;

        if (target->apis == NULL || !target->apis->writable
            || pm_review_api(arena, ctx->management->environment, target,
                             ctx->management->names[0], &view->promotion,
                             &view->error)
               != 0)
        {
            continue;
        }

        view->promotion.api->allow_v4 =
                         (ngx_http_promotions_worker.pmcf->api_v4 != 0);

        if (last.len > 0) {
            view->promotion.api->last = pm_arena_strndup(arena,
                                              (char *) last.data, last.len);
        }

        if (pm_permission(catalog, &view->promotion, "commit", &view->error)
            != 0)
        {
            ngx_http_promotions_targets_refuse(
                json_array_get(ctx->management->list, n - 1),
                view->error.message);
        }

        view->pin = 1;
        view->usable = 1;
    }

    if (ngx_http_promotions_views_post(ctx, arena, views, n,
                                       ngx_http_promotions_targets_looked)
        == NGX_OK)
    {
        return NGX_AGAIN;
    }

    pm_arena_destroy(arena);

    return ngx_http_promotions_targets_send(ctx);
}


static void
ngx_http_promotions_targets_pending(json_t *target, redisReply *reply,
    ngx_uint_t at)
{
    ngx_str_t  id, author;

    id = ngx_promotions_reply_text(reply, at);
    author = ngx_promotions_reply_text(reply, at + 1);

    if (id.len == 0) {
        return;
    }

    (void) json_object_set_new(target, "pendingPromotionId",
                               json_stringn((char *) id.data, id.len));
    (void) json_object_set_new(target, "pendingAuthor",
                               json_stringn((char *) author.data,
                                            author.len));

    ngx_http_promotions_targets_refuse(target, "A promotion of this API to "
                                       "this environment is in progress.");
}


static ngx_int_t
ngx_http_promotions_targets_looked(ngx_http_promotions_ctx_t *ctx,
    ngx_http_promotions_view_t *views, ngx_uint_t n)
{
    json_t                      *target;
    ngx_uint_t                   i;
    ngx_http_promotions_view_t  *view;

    for (i = 0; i < n; i++) {
        view = &views[i];
        target = json_array_get(ctx->management->list, i);

        if (!view->looked) {
            continue;
        }

        /* the source has no such API: it is the same for all */

        if (view->rc == PM_NOT_FOUND) {
            return ngx_http_promotions_management_fault(ctx->request,
                                                        &view->error);
        }

        if (view->rc == 0 || view->rc == PM_NO_CHANGES) {
            (void) json_object_set_new(target, "wouldUpdate",
                                       json_boolean(view->look.update));
        }

        if (view->rc != 0) {
            ngx_http_promotions_targets_refuse(target, view->error.message);
        }
    }

    return ngx_http_promotions_targets_send(ctx);
}


/* The first reason stays. */

static void
ngx_http_promotions_targets_refuse(json_t *target, const char *reason)
{
    if (json_is_true(json_object_get(target, "available"))) {
        (void) json_object_set_new(target, "available", json_false());
        (void) json_object_set_new(target, "reason", json_string(reason));
    }
}


static ngx_int_t
ngx_http_promotions_targets_send(ngx_http_promotions_ctx_t *ctx)
{
    return ngx_http_promotions_send_json(ctx->request, NGX_HTTP_OK,
                                   json_incref(ctx->management->list));
}
