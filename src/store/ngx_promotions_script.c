#include "store/ngx_promotions_script.h"
#include "store/pm_store_script.h"


/* A call under way keeps its arguments, in case it must be sent again. */

typedef struct {
    ngx_promotions_redis_t           *redis;
    const pm_store_script_t          *script;
    ngx_promotions_redis_handler_pt   handler;
    void                             *data;
    ngx_uint_t                        argc;
    ngx_uint_t                        again;
    char                              sha1[41];
    ngx_str_t                         argv[1];
} ngx_promotions_script_t;


static ngx_promotions_script_t *ngx_promotions_script_copy(
    ngx_promotions_args_t *args);
static void ngx_promotions_script_reply(void *data, redisReply *reply);


ngx_int_t
ngx_promotions_args_init(ngx_promotions_args_t *args, ngx_pool_t *pool)
{
    args->pool = pool;
    args->failed = 0;

    return ngx_array_init(&args->args, pool, 32,
                          sizeof(ngx_str_t));
}


void
ngx_promotions_args_add(ngx_promotions_args_t *args, const void *data,
    size_t len)
{
    ngx_str_t  *arg;

    arg = ngx_array_push(&args->args);

    if (arg == NULL) {
        args->failed = 1;
        return;
    }

    arg->data = (u_char *) (len ? data : "");
    arg->len = len;
}


void
ngx_promotions_args_string(ngx_promotions_args_t *args, const char *string)
{
    ngx_promotions_args_add(args, string, string ? ngx_strlen(string) : 0);
}


void
ngx_promotions_args_number(ngx_promotions_args_t *args, ngx_int_t n)
{
    u_char  *p;

    p = ngx_pnalloc(args->pool, NGX_INT_T_LEN);

    if (p == NULL) {
        args->failed = 1;
        return;
    }

    ngx_promotions_args_add(args, p, ngx_sprintf(p, "%i", n) - p);
}


ngx_int_t
ngx_promotions_script_call(ngx_promotions_redis_t *redis, const char *name,
    ngx_promotions_args_t *args, ngx_promotions_redis_handler_pt handler,
    void *data)
{
    ngx_promotions_script_t  *call;

    if (args->failed) {
        return NGX_ERROR;
    }

    call = ngx_promotions_script_copy(args);
    if (call == NULL) {
        return NGX_ERROR;
    }

    call->redis = redis;
    call->script = pm_store_script(name);
    call->handler = handler;
    call->data = data;

    if (call->script == NULL
        || pm_store_script_sha1(call->script, call->sha1) != 0)
    {
        ngx_free(call);
        return NGX_ERROR;
    }

    ngx_str_set(&call->argv[0], "EVALSHA");
    call->argv[1].data = (u_char *) call->sha1;
    call->argv[1].len = sizeof(call->sha1) - 1;
    ngx_str_set(&call->argv[2], "0");

    if (ngx_promotions_redis_send(redis, call->argv, call->argc,
                                  ngx_promotions_script_reply, call)
        == NULL)
    {
        ngx_free(call);
        return NGX_ERROR;
    }

    return NGX_OK;
}


static ngx_promotions_script_t *
ngx_promotions_script_copy(ngx_promotions_args_t *args)
{
    u_char                   *p;
    size_t                    size;
    ngx_str_t                *arg;
    ngx_uint_t                i, n;
    ngx_promotions_script_t  *call;

    arg = args->args.elts;
    n = args->args.nelts;

    size = sizeof(ngx_promotions_script_t) + (n + 3) * sizeof(ngx_str_t);

    for (i = 0; i < n; i++) {
        size += arg[i].len;
    }

    call = ngx_calloc(size, ngx_cycle->log);
    if (call == NULL) {
        return NULL;
    }

    call->argc = n + 3;

    p = (u_char *) &call->argv[n + 3];

    for (i = 0; i < n; i++) {
        call->argv[i + 3].data = p;
        call->argv[i + 3].len = arg[i].len;
        p = ngx_cpymem(p, arg[i].data, arg[i].len);
    }

    return call;
}


static void
ngx_promotions_script_reply(void *data, redisReply *reply)
{
    ngx_promotions_script_t  *call = data;

    if (reply != NULL && reply->type == REDIS_REPLY_ERROR) {

        if (!call->again
            && ngx_strncmp(reply->str, "NOSCRIPT", sizeof("NOSCRIPT") - 1)
               == 0)
        {
            /* a new or a flushed Redis: EVAL also makes it remember */

            call->again = 1;

            ngx_str_set(&call->argv[0], "EVAL");
            call->argv[1].data = (u_char *) call->script->text;
            call->argv[1].len = call->script->len;

            if (ngx_promotions_redis_send(call->redis, call->argv,
                                          call->argc,
                                          ngx_promotions_script_reply, call)
                != NULL)
            {
                return;
            }

        } else {
            ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                          "redis refused the script \"%s\": %s",
                          call->script->name, reply->str);
        }

        reply = NULL;
    }

    call->handler(call->data, reply);

    ngx_free(call);
}


ngx_str_t
ngx_promotions_reply_text(redisReply *reply, ngx_uint_t i)
{
    ngx_str_t  text;

    ngx_str_null(&text);

    if (reply->type == REDIS_REPLY_ARRAY && i < reply->elements
        && reply->element[i]->type == REDIS_REPLY_STRING)
    {
        text.data = (u_char *) reply->element[i]->str;
        text.len = (size_t) reply->element[i]->len;
    }

    return text;
}


ngx_int_t
ngx_promotions_reply_number(redisReply *reply, ngx_uint_t i)
{
    if (reply->type == REDIS_REPLY_ARRAY && i < reply->elements
        && reply->element[i]->type == REDIS_REPLY_INTEGER)
    {
        return (ngx_int_t) reply->element[i]->integer;
    }

    return 0;
}
