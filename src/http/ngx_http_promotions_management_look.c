#include "http/ngx_http_promotions_management.h"
#include "http/ngx_http_promotions_audit.h"
#include "http/ngx_http_promotions_job.h"
#include "http/ngx_http_promotions_reply.h"
#include "http/ngx_http_promotions_wait.h"
#include "base/pm_failpoint.h"
#include "promotion/pm_record.h"


/* Fields that looking adds to a record: see "ask". */

#define NGX_HTTP_PROMOTIONS_LOOK_FIELDS  8


typedef struct {
    u_char                            waiter[NGX_HTTP_PROMOTIONS_ID_SIZE + 1];
    pm_arena_t                       *arena;         /* has all of this */
    pm_promotion_t                   *promotion;
    pm_batch_settings_t               settings;
    ngx_http_promotions_look_kind_t   kind;
    pm_review_look_t                  look;
    pm_string_t                       json;          /* of a preview */
    pm_error_t                        error;
    int                               rc;
    unsigned                          unheard:1;     /* not looked at */
} ngx_http_promotions_look_t;


static void ngx_http_promotions_look_unheard(void *data);
static void ngx_http_promotions_look_run(void *data);
static void ngx_http_promotions_look_done(void *data);
static void ngx_http_promotions_look_answer(
    ngx_http_promotions_look_t *look);
static void ngx_http_promotions_look_ask(ngx_http_promotions_look_t *look);
static ngx_int_t ngx_http_promotions_look_fields(ngx_promotions_args_t *args,
    const ngx_http_promotions_look_t *look);
static const char *ngx_http_promotions_look_list(pm_arena_t *arena,
    const char **texts, size_t n);
static void ngx_http_promotions_look_asked(void *data, redisReply *reply);
static ngx_int_t ngx_http_promotions_look_send_refuse(const char *id,
    ngx_uint_t status, const char *message,
    ngx_promotions_redis_handler_pt handler, void *data);
static void ngx_http_promotions_look_refused(void *data, redisReply *reply);
static void ngx_http_promotions_look_ignored(void *data, redisReply *reply);


ngx_int_t
ngx_http_promotions_look_post(pm_arena_t *arena, pm_promotion_t *promotion,
    const char *waiter, ngx_http_promotions_look_kind_t kind)
{
    ngx_http_promotions_look_t  *look;

    look = pm_arena_zalloc(arena, sizeof(ngx_http_promotions_look_t));
    if (look == NULL) {
        return NGX_ERROR;
    }

    (void) ngx_cpystrn(look->waiter, (u_char *) waiter, sizeof(look->waiter));

    look->arena = arena;
    look->promotion = promotion;
    look->kind = kind;
    look->settings.git = ngx_http_promotions_worker.git;
    look->settings.now = ngx_time();

    if (promotion->api != NULL) {
        promotion->api->cache = ngx_http_promotions_worker.definitions;
    }

    return ngx_http_promotions_job_post_remote(ngx_http_promotions_worker.pmcf,
                            &promotion->parts[0].destination.url,
                            ngx_http_promotions_look_run,
                            ngx_http_promotions_look_unheard,
                            ngx_http_promotions_look_done, look);
}


static void
ngx_http_promotions_look_unheard(void *data)
{
    ngx_http_promotions_look_t  *look = data;

    look->unheard = 1;
    look->rc = pm_error_set(&look->error, PM_UNAVAILABLE,
                            "too many jobs are waiting, try again");
}


/* In a thread. */

static void
ngx_http_promotions_look_run(void *data)
{
    ngx_http_promotions_look_t  *look = data;

    look->rc = 0;

    if (look->kind != NGX_HTTP_PROMOTIONS_LOOK_DIFF) {
        look->rc = pm_review_look(&look->settings, look->promotion, 1,
                                  look->arena, &look->look, &look->error);
    }

    if (look->rc == 0 && look->kind != NGX_HTTP_PROMOTIONS_LOOK_ASK) {
        look->rc = pm_batch_preview(&look->settings, look->promotion,
                                    look->arena, &look->json, &look->error);
    }
}


static void
ngx_http_promotions_look_done(void *data)
{
    ngx_http_promotions_look_t  *look = data;

    pm_failpoint("review_looked");

    /* what the sweeper has taken up is taken up again */

    if (look->kind != NGX_HTTP_PROMOTIONS_LOOK_ASK
        || (look->unheard && look->waiter[0] == '\0'))
    {
        ngx_http_promotions_look_answer(look);
        return;
    }

    if (look->rc == 0) {
        ngx_http_promotions_look_ask(look);
        return;
    }

    /* who is told so can ask again at once: the pair is free by then */

    if (ngx_http_promotions_look_send_refuse(look->promotion->id,
            ngx_http_promotions_status(look->error.code),
            look->error.message, ngx_http_promotions_look_refused, look)
        != NGX_OK)
    {
        ngx_http_promotions_look_answer(look);
    }
}


/* A preview, or what is wrong; the end of look. */

static void
ngx_http_promotions_look_answer(ngx_http_promotions_look_t *look)
{
    ngx_int_t                   rc;
    ngx_http_promotions_ctx_t  *ctx;

    ctx = ngx_http_promotions_find((char *) look->waiter);

    if (ctx != NULL) {

        if (look->rc == 0) {
            rc = ngx_http_promotions_send(ctx->request, NGX_HTTP_OK,
                                          look->json.data, look->json.len);
        } else {
            rc = ngx_http_promotions_management_fault(ctx->request,
                                                      &look->error);
        }

        ngx_http_promotions_finish(ctx, rc);
    }

    pm_arena_destroy(look->arena);
}


static void
ngx_http_promotions_look_ask(ngx_http_promotions_look_t *look)
{
    ngx_int_t                   rc;
    ngx_promotions_args_t       args;
    ngx_http_promotions_ctx_t  *ctx;

    if (ngx_http_promotions_results_args(&args) != NGX_OK) {
        goto failed;
    }

    if (ngx_http_promotions_look_fields(&args, look) != NGX_OK) {
        ngx_destroy_pool(args.pool);
        goto failed;
    }

    if (ngx_http_promotions_script_send(&args, "ask",
                                        ngx_http_promotions_look_asked, look)
        == NGX_OK)
    {
        pm_failpoint("review_asking");
        return;
    }

failed:

    /* it stays as it is, and is taken up by the sweeper */

    ctx = ngx_http_promotions_find((char *) look->waiter);

    if (ctx != NULL) {
        rc = ngx_http_promotions_management_unavailable(ctx->request);
        ngx_http_promotions_finish(ctx, rc);
    }

    pm_arena_destroy(look->arena);
}


static ngx_int_t
ngx_http_promotions_look_fields(ngx_promotions_args_t *args,
    const ngx_http_promotions_look_t *look)
{
    const char                       *conflicts, *notes;
    pm_error_t                        err;
    pm_string_t                       input;
    ngx_http_promotions_main_conf_t  *pmcf;

    pmcf = ngx_http_promotions_worker.pmcf;

    conflicts = ngx_http_promotions_look_list(look->arena,
                                              look->look.conflicts,
                                              look->look.nconflicts);
    notes = ngx_http_promotions_look_list(look->arena, look->look.notes,
                                          look->look.nnotes);

    if (conflicts == NULL || notes == NULL
        || pm_record_encode(look->arena, look->promotion, &input, &err) != 0)
    {
        return NGX_ERROR;
    }

    ngx_promotions_args_string(args, look->promotion->id);
    ngx_promotions_args_number(args, (ngx_int_t) pmcf->request_ttl * 1000);
    ngx_promotions_args_number(args, pmcf->retention);
    ngx_promotions_args_number(args, 2 * NGX_HTTP_PROMOTIONS_LOOK_FIELDS);

    ngx_promotions_args_string(args, "input");
    ngx_promotions_args_add(args, input.data, input.len);
    ngx_promotions_args_string(args, "digest");
    ngx_promotions_args_string(args, look->look.digest);
    ngx_promotions_args_string(args, "source_revision");
    ngx_promotions_args_string(args, look->look.revision);
    ngx_promotions_args_string(args, "update");
    ngx_promotions_args_number(args, look->look.update);
    ngx_promotions_args_string(args, "api_name");
    ngx_promotions_args_string(args, look->look.api_name);
    ngx_promotions_args_string(args, "definition");
    ngx_promotions_args_add(args, look->look.definition.data,
                            look->look.definition.len);
    ngx_promotions_args_string(args, "conflicts");
    ngx_promotions_args_string(args, conflicts);
    ngx_promotions_args_string(args, "notes");
    ngx_promotions_args_string(args, notes);

    ngx_http_promotions_audit_requested(args, look->promotion,
                                        look->look.api_name,
                                        look->look.digest);

    return NGX_OK;
}


/* An array of texts as JSON; "" where there are none. */

static const char *
ngx_http_promotions_look_list(pm_arena_t *arena, const char **texts, size_t n)
{
    char        *dump;
    size_t       i;
    json_t      *list;
    const char  *text;

    if (n == 0) {
        return "";
    }

    list = json_array();

    for (i = 0; i < n; i++) {
        (void) json_array_append_new(list, json_string(texts[i]));
    }

    dump = json_dumps(list, JSON_COMPACT);
    json_decref(list);

    text = (dump != NULL) ? pm_arena_strdup(arena, dump) : NULL;
    free(dump);

    return text;
}


static void
ngx_http_promotions_look_asked(void *data, redisReply *reply)
{
    ngx_int_t                    rc;
    ngx_http_promotions_ctx_t   *ctx;
    ngx_http_promotions_look_t  *look = data;

    pm_failpoint("review_asked");

    ctx = ngx_http_promotions_find((char *) look->waiter);

    if (ctx == NULL) {
        pm_arena_destroy(look->arena);
        return;
    }

    if (ngx_http_promotions_reply_is(reply, "asked") && reply->elements > 1) {
        rc = ngx_http_promotions_review_send(ctx, NGX_HTTP_OK,
                                             look->promotion->id,
                                             reply->element[1]);

    } else if (ngx_http_promotions_reply_is(reply, "no")) {
        rc = ngx_http_promotions_management_error(ctx->request,
                 NGX_HTTP_CONFLICT, "promotion.alreadyProcessed",
                 "The promotion was cancelled before it was looked at.", NULL);

    } else {
        rc = ngx_http_promotions_management_unavailable(ctx->request);
    }

    pm_arena_destroy(look->arena);

    if (rc != NGX_AGAIN) {
        ngx_http_promotions_finish(ctx, rc);
    }
}


void
ngx_http_promotions_look_refuse(const char *id, ngx_uint_t status,
    const char *message)
{
    (void) ngx_http_promotions_look_send_refuse(id, status, message,
                                     ngx_http_promotions_look_ignored, NULL);
}


static ngx_int_t
ngx_http_promotions_look_send_refuse(const char *id, ngx_uint_t status,
    const char *message, ngx_promotions_redis_handler_pt handler, void *data)
{
    ngx_promotions_args_t  args;

    if (ngx_http_promotions_results_args(&args) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_promotions_args_string(&args, id);
    ngx_promotions_args_number(&args, status);
    ngx_promotions_args_string(&args, message);

    return ngx_http_promotions_script_send(&args, "refuse", handler, data);
}


/* One that Redis has not heard of is taken up by the sweeper. */

static void
ngx_http_promotions_look_refused(void *data, redisReply *reply)
{
    ngx_http_promotions_look_answer(data);
}


static void
ngx_http_promotions_look_ignored(void *data, redisReply *reply)
{
    /* void */
}


ngx_uint_t
ngx_http_promotions_reply_is(redisReply *reply, const char *word)
{
    ngx_str_t  text;

    if (reply == NULL) {
        return 0;
    }

    text = ngx_promotions_reply_text(reply, 0);

    return text.len == ngx_strlen(word)
           && ngx_strncmp(text.data, word, text.len) == 0;
}
