/*
 * ngx_promotions_script.h: calls a Lua script by its name (EVALSHA; where
 * Redis does not know it any more, EVAL).
 */

#ifndef NGX_PROMOTIONS_SCRIPT_H
#define NGX_PROMOTIONS_SCRIPT_H


#include "store/ngx_promotions_redis.h"



/*
 * The arguments of a call, gathered one by one.  Texts are not copied before
 * the call; add grows the list from the pool.
 */

typedef struct {
    ngx_pool_t  *pool;
    ngx_array_t  args;           /* of ngx_str_t */
    unsigned     failed:1;       /* out of memory, once */
} ngx_promotions_args_t;


ngx_int_t ngx_promotions_args_init(ngx_promotions_args_t *args,
    ngx_pool_t *pool);
void ngx_promotions_args_add(ngx_promotions_args_t *args, const void *data,
    size_t len);
void ngx_promotions_args_string(ngx_promotions_args_t *args,
    const char *string);
void ngx_promotions_args_number(ngx_promotions_args_t *args, ngx_int_t n);

/*
 * NGX_OK: handler(data, reply) will be called, once, later; reply is NULL if
 * there is none or Redis refused the script (then it is in the log).
 * NGX_ERROR: not sent; the handler will not be called.
 */
ngx_int_t ngx_promotions_script_call(ngx_promotions_redis_t *redis,
    const char *name, ngx_promotions_args_t *args,
    ngx_promotions_redis_handler_pt handler, void *data);

/* Element i of an array reply as text, or as a number; an absent one, or one
 * of another type, is empty, or 0. */
ngx_str_t ngx_promotions_reply_text(redisReply *reply, ngx_uint_t i);
ngx_int_t ngx_promotions_reply_number(redisReply *reply, ngx_uint_t i);


#endif /* NGX_PROMOTIONS_SCRIPT_H */
