#include "http/ngx_http_promotions_follow.h"
#include "http/ngx_http_promotions_job.h"
#include "http/ngx_http_promotions_record.h"
#include "http/ngx_http_promotions_script.h"
#include "http/ngx_http_promotions_wait.h"
#include "promotion/pm_pull.h"
#include "promotion/pm_record.h"


/* ms: how often one record is asked for, and where webhooks tell; how often
 * one host is asked at all, and how long its answer is waited for */

#define NGX_HTTP_PROMOTIONS_LOOK_RECORD   10000
#define NGX_HTTP_PROMOTIONS_LOOK_TOLD     3600000
#define NGX_HTTP_PROMOTIONS_LOOK_HOST     1000
#define NGX_HTTP_PROMOTIONS_LOOK_TIMEOUT  5000


/* One question; it outlives the client who is its cause. */

typedef struct {
    pm_arena_t                       *arena;     /* has all of this */
    u_char                            id[NGX_HTTP_PROMOTIONS_ID_SIZE + 1];
    ngx_promotions_redis_handler_pt   handler;
    pm_forge_repository_t             repository;
    pm_forge_settings_t               settings;
    pm_forge_task_t                   task;
    pm_forge_result_t                 result;
    unsigned                          told:1;    /* by webhooks */
} ngx_http_promotions_look_t;


static ngx_http_promotions_look_t *ngx_http_promotions_look_create(
    ngx_http_promotions_ctx_t *ctx, redisReply *fields);
static ngx_int_t ngx_http_promotions_look_task(
    ngx_http_promotions_look_t *look, const ngx_str_t *id,
    redisReply *fields);
static ngx_int_t ngx_http_promotions_look_may(
    ngx_http_promotions_look_t *look, const ngx_str_t *id);
static void ngx_http_promotions_look_allowed(void *data, redisReply *reply);
static void ngx_http_promotions_look_refused(void *data);
static void ngx_http_promotions_look_run(void *data);
static void ngx_http_promotions_look_done(void *data);
static void ngx_http_promotions_look_followed(void *data, redisReply *reply);
static void ngx_http_promotions_look_end(ngx_http_promotions_look_t *look);


ngx_int_t
ngx_http_promotions_follow(const ngx_http_promotions_word_t *word,
    ngx_promotions_redis_handler_pt handler, void *data)
{
    u_char                 *name;
    size_t                  len;
    ngx_promotions_args_t   args;

    if (ngx_http_promotions_results_args(&args) != NGX_OK) {
        return NGX_ERROR;
    }

    len = ngx_strlen(word->key) + 1 + NGX_INT64_LEN;
    name = ngx_pnalloc(args.pool, len);

    if (name == NULL) {
        ngx_destroy_pool(args.pool);
        return NGX_ERROR;
    }

    len = ngx_sprintf(name, "%s#%L", word->key, word->number) - name;

    ngx_promotions_args_add(&args, name, len);
    ngx_promotions_args_string(&args, pm_forge_state_name(word->state));
    ngx_promotions_args_string(&args, word->merge_commit);
    ngx_promotions_args_string(&args, word->replay);
    ngx_promotions_args_number(&args, word->changed);

    return ngx_http_promotions_script_send(&args, "follow", handler, data);
}


ngx_int_t
ngx_http_promotions_look(ngx_http_promotions_ctx_t *ctx, redisReply *fields,
    ngx_promotions_redis_handler_pt handler)
{
    const char                  *state;
    ngx_http_promotions_look_t  *look;

    state = ngx_http_promotions_record_field(fields, "state");

    if (ctx->looked || state == NULL
        || (ngx_strcmp(state, "OPEN") != 0 && ngx_strcmp(state, "CLOSED") != 0)
        || ngx_http_promotions_wait(ctx) != NGX_OK)
    {
        return NGX_DECLINED;
    }

    look = ngx_http_promotions_look_create(ctx, fields);
    if (look == NULL) {
        return NGX_DECLINED;
    }

    look->handler = handler;

    if (ngx_http_promotions_look_may(look, &ctx->target) != NGX_OK) {
        pm_arena_destroy(look->arena);
        return NGX_DECLINED;
    }

    ctx->looked = 1;

    return NGX_AGAIN;
}


static ngx_http_promotions_look_t *
ngx_http_promotions_look_create(ngx_http_promotions_ctx_t *ctx,
    redisReply *fields)
{
    pm_arena_t                  *arena;
    ngx_http_promotions_look_t  *look;

    arena = pm_arena_create();
    if (arena == NULL) {
        return NULL;
    }

    look = pm_arena_zalloc(arena, sizeof(ngx_http_promotions_look_t));

    if (look != NULL) {
        look->arena = arena;
        ngx_memcpy(look->id, ctx->first.id, sizeof(look->id));

        if (ngx_http_promotions_look_task(look, &ctx->target, fields)
            == NGX_OK)
        {
            return look;
        }
    }

    pm_arena_destroy(arena);

    return NULL;
}


/* NGX_DECLINED: it cannot be asked. */

static ngx_int_t
ngx_http_promotions_look_task(ngx_http_promotions_look_t *look,
    const ngx_str_t *id, redisReply *fields)
{
    char                             *name;
    pm_error_t                        err;
    const char                       *input, *number;
    pm_promotion_t                    promotion;
    const pm_git_login_t             *login;
    ngx_http_promotions_main_conf_t  *pmcf;

    pmcf = ngx_http_promotions_worker.pmcf;

    input = ngx_http_promotions_record_field(fields, "input");
    number = ngx_http_promotions_record_field(fields, "pull_number");
    name = pm_arena_strndup(look->arena, (char *) id->data, id->len);

    if (input == NULL || number == NULL || name == NULL
        || pm_record_decode(look->arena, name, input, ngx_strlen(input),
                            &promotion, &err)
           != 0
        || pm_pull_locate(look->arena, &pmcf->git, pmcf->forges.elts,
                          pmcf->forges.nelts,
                          &promotion.parts[0].destination.url,
                          &look->repository, &login, &err)
           != 0)
    {
        return NGX_DECLINED;
    }

    look->told = (pmcf->secrets != NULL
                  && pm_forge_secrets_find(pmcf->secrets,
                                           look->repository.forge->host)
                     != NULL);

    look->settings.ca_file = pmcf->git.ca_file;
    look->settings.timeout = ngx_min(pmcf->git.timeout,
                                     NGX_HTTP_PROMOTIONS_LOOK_TIMEOUT);
    look->settings.idle_timeout = ngx_min(pmcf->git.idle_timeout,
                                          NGX_HTTP_PROMOTIONS_LOOK_TIMEOUT);
    look->settings.now = ngx_time();
    look->settings.limits = ngx_http_promotions_worker.limits;

    look->task.action = PM_FORGE_LOOK;
    look->task.repository = &look->repository;
    look->task.user = login->user;
    look->task.token = login->password;
    look->task.number = strtoll(number, NULL, 10);

    return NGX_OK;
}


/* Redis says whether it is time, for all workers and nodes. */

static ngx_int_t
ngx_http_promotions_look_may(ngx_http_promotions_look_t *look,
    const ngx_str_t *id)
{
    ngx_promotions_args_t  args;

    if (ngx_http_promotions_results_args(&args) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_promotions_args_add(&args, id->data, id->len);
    ngx_promotions_args_number(&args, look->told
                                      ? NGX_HTTP_PROMOTIONS_LOOK_TOLD
                                      : NGX_HTTP_PROMOTIONS_LOOK_RECORD);
    ngx_promotions_args_string(&args, look->repository.forge->host);
    ngx_promotions_args_number(&args, NGX_HTTP_PROMOTIONS_LOOK_HOST);
    ngx_promotions_args_number(&args, look->told);

    return ngx_http_promotions_script_send(&args, "look",
                                          ngx_http_promotions_look_allowed,
                                          look);
}


static void
ngx_http_promotions_look_allowed(void *data, redisReply *reply)
{
    ngx_http_promotions_look_t  *look = data;

    if (reply == NULL || reply->type != REDIS_REPLY_INTEGER
        || reply->integer == 0
        || ngx_http_promotions_job_post_host(ngx_http_promotions_worker.pmcf,
                                             look->repository.forge->host,
                                             ngx_http_promotions_look_run,
                                             ngx_http_promotions_look_refused,
                                             ngx_http_promotions_look_done,
                                             look)
           != NGX_OK)
    {
        ngx_http_promotions_look_end(look);
    }
}


static void
ngx_http_promotions_look_refused(void *data)
{
    ngx_http_promotions_look_t  *look = data;

    look->result.outcome = PM_FORGE_LATER;
}


/* In a thread. */

static void
ngx_http_promotions_look_run(void *data)
{
    ngx_http_promotions_look_t  *look = data;

    pm_forge_run(look->arena, &look->settings, &look->task, &look->result, 1);
}


static void
ngx_http_promotions_look_done(void *data)
{
    ngx_http_promotions_word_t   word;
    ngx_http_promotions_look_t  *look = data;

    word.key = look->repository.key;
    word.number = look->task.number;
    word.state = look->result.state;
    word.merge_commit = look->result.merge_commit;
    word.changed = look->result.changed;
    word.replay = NULL;

    if (look->result.outcome != PM_FORGE_DONE
        || word.state == PM_FORGE_UNSTATED
        || ngx_http_promotions_follow(&word,
                                      ngx_http_promotions_look_followed, look)
           != NGX_OK)
    {
        ngx_http_promotions_look_end(look);
    }
}


static void
ngx_http_promotions_look_followed(void *data, redisReply *reply)
{
    ngx_http_promotions_look_end(data);
}


/* Who has asked reads the record anew, whatever came of it. */

static void
ngx_http_promotions_look_end(ngx_http_promotions_look_t *look)
{
    ngx_int_t                   rc;
    ngx_http_promotions_ctx_t  *ctx;

    ctx = ngx_http_promotions_find((char *) look->id);

    if (ctx != NULL) {
        rc = ngx_http_promotions_record_read(ctx, look->handler);

        if (rc != NGX_AGAIN) {
            ngx_http_promotions_finish(ctx, rc);
        }
    }

    pm_arena_destroy(look->arena);
}
