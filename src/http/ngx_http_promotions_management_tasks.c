#include "http/ngx_http_promotions_management.h"
#include "http/ngx_http_promotions_record.h"
#include "http/ngx_http_promotions_reply.h"
#include "http/ngx_http_promotions_wait.h"
#include "promotion/pm_record.h"


#define NGX_HTTP_PROMOTIONS_TASKS_SIZE  100
#define NGX_HTTP_PROMOTIONS_TASKS_LAST  1000     /* pending requests that are
                                                    looked at */


static ngx_int_t ngx_http_promotions_tasks_args(ngx_promotions_args_t *args,
    ngx_http_promotions_ctx_t *ctx);
static ngx_int_t ngx_http_promotions_tasks_look(
    ngx_http_promotions_ctx_t *ctx, redisReply *reply);
static void ngx_http_promotions_tasks_view(ngx_http_promotions_view_t *view,
    pm_arena_t *arena, const char *id, redisReply *fields,
    const char *promoted);
static ngx_int_t ngx_http_promotions_tasks_looked(
    ngx_http_promotions_ctx_t *ctx, ngx_http_promotions_view_t *views,
    ngx_uint_t n);
static ngx_uint_t ngx_http_promotions_tasks_mine(
    ngx_http_promotions_ctx_t *ctx, json_t *data,
    const ngx_http_promotions_view_t *view);
static void ngx_http_promotions_tasks_matched(void *data, redisReply *reply);
static void ngx_http_promotions_tasks_free(void *data);


ngx_int_t
ngx_http_promotions_review_tasks(ngx_http_request_t *r)
{
    ngx_str_t                     page, size;
    ngx_int_t                     rc, number;
    ngx_pool_cleanup_t           *cln;
    ngx_promotions_args_t         args;
    ngx_http_promotions_ctx_t    *ctx;

    ctx = ngx_http_promotions_get_ctx(r);
    cln = ngx_pool_cleanup_add(r->pool, 0);

    if (ctx == NULL || cln == NULL
        || ngx_http_promotions_discard_body(r) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    cln->handler = ngx_http_promotions_tasks_free;
    cln->data = ctx->management;

    page = ngx_http_promotions_query(r, "page");
    size = ngx_http_promotions_query(r, "size");

    number = size.len ? ngx_atoi(size.data, size.len)
                      : NGX_HTTP_PROMOTIONS_TASKS_SIZE;
    ctx->management->size = number;
    ctx->management->skip = page.len ? ngx_atoi(page.data, page.len) : 1;

    if (number < 1 || number > NGX_HTTP_PROMOTIONS_TASKS_SIZE
        || ctx->management->skip < 1
        || ctx->management->skip > NGX_HTTP_PROMOTIONS_TASKS_LAST)
    {
        return ngx_http_promotions_send_error(r, NGX_HTTP_BAD_REQUEST,
                   "page must be a number from 1 to 1000, and size one from 1 "
                   "to 100");
    }

    if (ngx_http_promotions_results_args(&args) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (ngx_http_promotions_tasks_args(&args, ctx) != NGX_OK) {
        ngx_destroy_pool(args.pool);
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = ngx_http_promotions_management_ask(ctx, &args, "tasks",
                                            ngx_http_promotions_tasks_look);

    return ngx_http_promotions_kept(r, rc);
}


static void
ngx_http_promotions_tasks_free(void *data)
{
    ngx_http_promotions_management_t  *management = data;

    json_decref(management->list);
}


/* The environments of the organization in which the key may decide. */

static ngx_int_t
ngx_http_promotions_tasks_args(ngx_promotions_args_t *args,
    ngx_http_promotions_ctx_t *ctx)
{
    size_t                             i, n, pass;
    ngx_uint_t                         create, update;
    pm_catalog_t                      *catalog;
    const pm_environment_t            *environment;
    ngx_http_promotions_management_t  *management;

    management = ctx->management;
    catalog = ngx_http_promotions_worker.pmcf->catalog;

    ngx_promotions_args_number(args, (management->skip - 1)
                                     * management->size);
    ngx_promotions_args_number(args, management->size);
    ngx_promotions_args_number(args, NGX_HTTP_PROMOTIONS_TASKS_LAST);

    for (pass = 0; pass < 2; pass++) {
        n = 0;

        for (i = 0; i < pm_catalog_nenvironments(catalog); i++) {
            environment = pm_catalog_environments(catalog, i);

            create = pm_store_key_allows(ctx->key, "ENVIRONMENT_API",
                                         PM_STORE_CREATE, environment->name,
                                         environment->id);
            update = pm_store_key_allows(ctx->key, "ENVIRONMENT_API",
                                         PM_STORE_UPDATE, environment->name,
                                         environment->id);

            if ((!create && !update)
                || ngx_strcmp(environment->organization,
                              management->organization) != 0)
            {
                continue;
            }

            n++;

            if (pass) {
                ngx_promotions_args_string(args, environment->name);
                ngx_promotions_args_number(args, create);
                ngx_promotions_args_number(args, update);
            }
        }

        if (pass == 0) {
            ngx_promotions_args_number(args, n);
        }
    }

    return NGX_OK;
}


/* What is recorded, and then what is so now. */

static ngx_int_t
ngx_http_promotions_tasks_look(ngx_http_promotions_ctx_t *ctx,
    redisReply *reply)
{
    json_t                            *json;
    ngx_int_t                          rc;
    ngx_uint_t                         i, n, at;
    const char                        *id;
    pm_arena_t                        *arena;
    ngx_http_promotions_view_t        *views;
    ngx_http_promotions_management_t  *management;

    management = ctx->management;
    management->rounds = ngx_promotions_reply_number(reply, 0);
    management->list = json_array();

    n = (reply->elements - 1) / 3;

    arena = pm_arena_create();
    views = (arena != NULL)
            ? pm_arena_zalloc(arena, (n + 1)
                                     * sizeof(ngx_http_promotions_view_t))
            : NULL;

    if (views == NULL) {
        pm_arena_destroy(arena);
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    for (i = 0; i < n; i++) {
        at = 1 + 3 * i;
        id = (char *) ngx_promotions_reply_text(reply, at).data;

        json = ngx_http_promotions_tasks_json(reply->element[at + 1], id);

        if (json == NULL || json_array_append_new(management->list, json) != 0)
        {
            pm_arena_destroy(arena);
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        ngx_http_promotions_tasks_view(&views[i], arena, id,
            reply->element[at + 1],
            (char *) ngx_promotions_reply_text(reply, at + 2).data);
    }

    if (n > 0
        && ngx_http_promotions_views_post(ctx, arena, views, n,
                                          ngx_http_promotions_tasks_looked)
           == NGX_OK)
    {
        return NGX_AGAIN;
    }

    rc = ngx_http_promotions_tasks_looked(ctx, views, n);

    pm_arena_destroy(arena);

    return rc;
}


static void
ngx_http_promotions_tasks_view(ngx_http_promotions_view_t *view,
    pm_arena_t *arena, const char *id, redisReply *fields,
    const char *promoted)
{
    const char  *input;

    input = ngx_http_promotions_record_field(fields, "input");

    if (input == NULL
        || pm_record_decode(arena, id, input, ngx_strlen(input),
                            &view->promotion, &view->error)
           != 0)
    {
        return;
    }

    if (view->promotion.api != NULL && promoted != NULL && *promoted) {
        view->promotion.api->last = pm_arena_strdup(arena, promoted);

        if (view->promotion.api->last == NULL) {
            return;
        }
    }

    view->usable = 1;
}


static ngx_int_t
ngx_http_promotions_tasks_looked(ngx_http_promotions_ctx_t *ctx,
    ngx_http_promotions_view_t *views, ngx_uint_t n)
{
    json_t                            *data;
    ngx_uint_t                         i, total, size;
    ngx_http_promotions_management_t  *management;

    management = ctx->management;
    total = management->rounds;
    size = management->size;

    /* from the end, since some may leave the list */

    for (i = n; i-- > 0; /* void */) {
        data = json_object_get(json_array_get(management->list, i), "data");

        ngx_http_promotions_tasks_now(data, &views[i]);

        if (!ngx_http_promotions_tasks_mine(ctx, data, &views[i])) {
            (void) json_array_remove(management->list, i);
            total--;
        }
    }

    return ngx_http_promotions_send_json(ctx->request, NGX_HTTP_OK,
               json_pack("{s:O, s:{}, s:{s:i, s:i, s:i, s:i, s:i}}",
                         "data", management->list,
                         "metadata",
                         "page",
                         "current", (int) management->skip,
                         "per_page", (int) size,
                         "size", (int) json_array_size(management->list),
                         "total_pages", (int) ((total + size - 1) / size),
                         "total_elements", (int) total));
}


/*
 * What the target has by now may make an update of what would have been
 * created, or the other way round, and so another one's task.
 */

static ngx_uint_t
ngx_http_promotions_tasks_mine(ngx_http_promotions_ctx_t *ctx, json_t *data,
    const ngx_http_promotions_view_t *view)
{
    ngx_uint_t               before;
    ngx_promotions_args_t    args;
    const pm_promotion_t    *promotion;
    const pm_environment_t  *target;

    promotion = &view->promotion;
    before = json_is_true(json_object_get(data, "wasUpdate"));

    (void) json_object_del(data, "wasUpdate");

    if (!view->looked || promotion->api == NULL
        || promotion->destination_environment == NULL
        || (view->rc != 0 && view->rc != PM_NO_CHANGES)
        || view->look.update == before)
    {
        return 1;
    }

    if (ngx_http_promotions_results_args(&args) == NGX_OK) {
        ngx_promotions_args_string(&args, promotion->id);
        ngx_promotions_args_number(&args, view->look.update);

        (void) ngx_http_promotions_script_send(&args, "matched",
                                            ngx_http_promotions_tasks_matched,
                                            NULL);
    }

    target = pm_catalog_environment(ngx_http_promotions_worker.pmcf->catalog,
                                    promotion->destination_environment);

    return target != NULL
           && pm_store_key_allows(ctx->key, "ENVIRONMENT_API",
                                  view->look.update ? PM_STORE_UPDATE
                                                    : PM_STORE_CREATE,
                                  target->name, target->id);
}


static void
ngx_http_promotions_tasks_matched(void *data, redisReply *reply)
{
    /* one that Redis has not heard of is seen again with the next list */
}
