/*
 * ngx_http_promotions_follow.h: what becomes of a pull request after it was
 * opened: by its provider's webhooks, or, where there are none, by asking.
 */

#ifndef NGX_HTTP_PROMOTIONS_FOLLOW_H
#define NGX_HTTP_PROMOTIONS_FOLLOW_H


#include "http/ngx_http_promotions.h"


/* What a provider says of one. */

typedef struct {
    const char        *key;           /* of its repository, pm_forge.h's */
    int64_t            number;
    pm_forge_state_t   state;
    const char        *merge_commit;  /* or NULL */
    int64_t            changed;       /* when it did, by its own clock: seconds
                                         since 1970; 0: it does not say */
    const char        *replay;        /* what is said only once (a digest);
                                         NULL: it may be said again */
} ngx_http_promotions_word_t;


/*
 * Records it with all promotions that have that pull request, unless a word of
 * a later time was heard.  NGX_OK: handler will be called, with an integer if
 * all went well.
 */
ngx_int_t ngx_http_promotions_follow(const ngx_http_promotions_word_t *word,
    ngx_promotions_redis_handler_pt handler, void *data);

/*
 * Before a record (its fields) is shown: where it has an open pull request and
 * the provider was not asked for it lately, asks.  Where webhooks tell, that
 * is once in an hour in which none did: one may have been lost.  NGX_AGAIN:
 * record_read() is called with handler when that is done, or has failed;
 * NGX_DECLINED: nothing to ask.
 */
ngx_int_t ngx_http_promotions_look(ngx_http_promotions_ctx_t *ctx,
    redisReply *fields, ngx_promotions_redis_handler_pt handler);


#endif /* NGX_HTTP_PROMOTIONS_FOLLOW_H */
