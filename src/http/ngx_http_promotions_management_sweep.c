#include "http/ngx_http_promotions_management.h"
#include "http/ngx_http_promotions_audit.h"
#include "http/ngx_http_promotions_record.h"
#include "promotion/pm_record.h"


#define NGX_HTTP_PROMOTIONS_SWEEP_AGE    60000   /* ms, see "due" */
#define NGX_HTTP_PROMOTIONS_SWEEP_N      8       /* of each kind at a time */
#define NGX_HTTP_PROMOTIONS_SWEEP_TRIES  3
#define NGX_HTTP_PROMOTIONS_SWEEP_EACH   4       /* id, input, promoted,
                                                    tries */


static void ngx_http_promotions_review_due(void *data, redisReply *reply);
static void ngx_http_promotions_review_again(redisReply *list, ngx_uint_t at);
static void ngx_http_promotions_review_expire(redisReply *list,
    ngx_uint_t at);
static void ngx_http_promotions_review_expired(void *data, redisReply *reply);


/*
 * A request whose look-up was lost with its worker is taken up again, three
 * times; one whose time is over ends.  What was being accepted is its lane's.
 */

void
ngx_http_promotions_review_sweep(void)
{
    ngx_promotions_args_t  args;

    if (ngx_http_promotions_results_args(&args) != NGX_OK) {
        return;
    }

    ngx_promotions_args_number(&args, NGX_HTTP_PROMOTIONS_SWEEP_AGE);
    ngx_promotions_args_number(&args, NGX_HTTP_PROMOTIONS_SWEEP_N);

    (void) ngx_http_promotions_script_send(&args, "due",
                                           ngx_http_promotions_review_due,
                                           NULL);
}


static void
ngx_http_promotions_review_due(void *data, redisReply *reply)
{
    ngx_uint_t   i;
    redisReply  *list;

    if (reply == NULL || reply->type != REDIS_REPLY_ARRAY
        || reply->elements != 2
        || reply->element[0]->type != REDIS_REPLY_ARRAY
        || reply->element[1]->type != REDIS_REPLY_ARRAY)
    {
        return;
    }

    list = reply->element[0];

    for (i = 0;
         i + NGX_HTTP_PROMOTIONS_SWEEP_EACH <= list->elements;
         i += NGX_HTTP_PROMOTIONS_SWEEP_EACH)
    {
        ngx_http_promotions_review_again(list, i);
    }

    list = reply->element[1];

    for (i = 0; i + 2 <= list->elements; i += 2) {
        ngx_http_promotions_review_expire(list, i);
    }
}


static void
ngx_http_promotions_review_again(redisReply *list, ngx_uint_t at)
{
    ngx_str_t        id, input, promoted;
    pm_error_t       err;
    pm_arena_t      *arena;
    pm_promotion_t  *promotion;

    id = ngx_promotions_reply_text(list, at);
    input = ngx_promotions_reply_text(list, at + 1);
    promoted = ngx_promotions_reply_text(list, at + 2);

    if (id.len == 0) {
        return;
    }

    if (ngx_promotions_reply_number(list, at + 3)
        > NGX_HTTP_PROMOTIONS_SWEEP_TRIES)
    {
        ngx_http_promotions_look_refuse((char *) id.data,
            NGX_HTTP_INTERNAL_SERVER_ERROR, "the request was given up: those "
            "who looked at it did not come to an end");
        return;
    }

    arena = pm_arena_create();
    promotion = (arena != NULL)
                ? pm_arena_zalloc(arena, sizeof(pm_promotion_t)) : NULL;

    if (promotion == NULL) {
        pm_arena_destroy(arena);
        return;
    }

    if (pm_record_decode(arena, (char *) id.data, (char *) input.data,
                         input.len, promotion, &err)
        != 0)
    {
        ngx_http_promotions_look_refuse((char *) id.data,
            NGX_HTTP_INTERNAL_SERVER_ERROR, err.message);

        pm_arena_destroy(arena);
        return;
    }

    if (promotion->api != NULL && promoted.len > 0) {
        promotion->api->last = pm_arena_strndup(arena,
                                                (char *) promoted.data,
                                                promoted.len);
    }

    /* nobody waits for it under this name; a full pool: another time */

    if (ngx_http_promotions_look_post(arena, promotion, "",
                                      NGX_HTTP_PROMOTIONS_LOOK_ASK)
        != NGX_OK)
    {
        pm_arena_destroy(arena);
    }
}


static void
ngx_http_promotions_review_expire(redisReply *list, ngx_uint_t at)
{
    ngx_str_t              id;
    ngx_promotions_args_t  args;

    static const char  reason[] = "expired: nobody has decided it in time";

    id = ngx_promotions_reply_text(list, at);

    if (id.len == 0
        || ngx_http_promotions_script_args(&args,
                                           (u_char *) "0000000000000000")
           != NGX_OK)
    {
        return;
    }

    ngx_promotions_args_add(&args, id.data, id.len);
    ngx_promotions_args_string(&args, "expire");
    ngx_promotions_args_string(&args, "expire");
    ngx_promotions_args_string(&args, "");
    ngx_promotions_args_string(&args, "");
    ngx_promotions_args_string(&args, "");
    ngx_promotions_args_string(&args, reason);
    ngx_promotions_args_number(&args,
                               ngx_http_promotions_worker.pmcf->retention);
    ngx_http_promotions_audit_decided(&args, NULL, (char *) id.data,
                                      "expire", reason,
                                      list->element[at + 1]);

    (void) ngx_http_promotions_script_send(&args, "decide",
                                           ngx_http_promotions_review_expired,
                                           NULL);
}


static void
ngx_http_promotions_review_expired(void *data, redisReply *reply)
{
    /* what was decided meanwhile stays as it was decided */
}
