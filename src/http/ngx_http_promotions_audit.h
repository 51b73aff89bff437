/*
 * ngx_http_promotions_audit.h: entries of the audit stream, from here to the
 * script that appends them.  pm_store_audit.h says what an entry is and how
 * it comes into the stream.
 *
 *     pm_store_audit_t  entry;
 *
 *     ngx_http_promotions_audit_entry(&entry, PM_STORE_PROMOTION_CREATED);
 *     ngx_http_promotions_audit_key(&entry, ctx->key);
 *     ngx_http_promotions_audit_place(&entry, source_environment);
 *     entry.reference_type = "API";
 *     entry.reference_id = api_id;
 *     pm_store_audit_property(&entry, "promotion", id);
 *     ngx_http_promotions_audit_block(&args, &entry, 1);
 */

#ifndef NGX_HTTP_PROMOTIONS_AUDIT_H
#define NGX_HTTP_PROMOTIONS_AUDIT_H


#include "http/ngx_http_promotions.h"
#include "promotion/pm_batch.h"
#include "store/ngx_promotions_script.h"
#include "store/pm_store_audit.h"


/* An entry without anything but its event. */
void ngx_http_promotions_audit_entry(pm_store_audit_t *entry,
    pm_store_audit_event_t event);

/* Whoever has this key did it. */
void ngx_http_promotions_audit_key(pm_store_audit_t *entry,
    const pm_store_key_t *key);

/* It happens in this environment, by name or id (NULL, "": in none); one that
 * the catalog does not have keeps its name. */
void ngx_http_promotions_audit_place(pm_store_audit_t *entry,
    const char *environment);

/* It happens where the promotion goes to. */
void ngx_http_promotions_audit_target(pm_store_audit_t *entry,
    const pm_promotion_t *promotion);

/*
 * Adds a block of n entries (0: an empty one) to the arguments of a script,
 * for its audited() or unaudited(); now is their time.  A failure (memory)
 * fails the arguments, and so the call: nothing changes unrecorded.
 */
void ngx_http_promotions_audit_block(ngx_promotions_args_t *args,
    const pm_store_audit_t *entries, ngx_uint_t n);


/* ngx_http_promotions_audit_promotion.c: the blocks of a commit's way. */

void ngx_http_promotions_audit_created(ngx_promotions_args_t *args,
    const pm_promotion_t *promotion, const pm_store_key_t *key);
void ngx_http_promotions_audit_committed(ngx_promotions_args_t *args,
    const pm_promotion_t *promotion, const pm_result_t *result);

/* record: the fields of its hash. */
void ngx_http_promotions_audit_cancelled(ngx_promotions_args_t *args,
    const pm_store_key_t *key, const ngx_str_t *id, redisReply *record);

/* "<runtime>/<namespace>/<name>"; NULL: no memory, or it is not known. */
const char *ngx_http_promotions_audit_name(ngx_pool_t *pool,
    const pm_application_id_t *id);

/*
 * ngx_http_promotions_audit_denied.c: what a request whose answer is 403 was
 * about, for its ACCESS_DENIED (each may be NULL; environment and id are copied
 * since they may be a reply's of Redis, which is gone when another one is
 * awaited; type is a constant), …
 */
void ngx_http_promotions_denied_is(ngx_http_promotions_ctx_t *ctx,
    const char *environment, const char *type, const char *id);

/* The same for a promotion. */
void ngx_http_promotions_denied_promotion(ngx_http_promotions_ctx_t *ctx,
    const pm_promotion_t *promotion);

/* … which every 403 to a key that is known leaves, up to a limit. */
void ngx_http_promotions_denied(ngx_http_request_t *r);



/*
 * ngx_http_promotions_audit_review.c: the blocks of a request's: that it was
 * put before whoever decides (name: what the API is called, or NULL); that
 * what was accepted has landed (api: the id that was written, created: it is
 * new); that it was rejected or cancelled
 * (what: "reject", else; key NULL: its time is over).
 */

void ngx_http_promotions_audit_requested(ngx_promotions_args_t *args,
    const pm_promotion_t *promotion, const char *name, const char *digest);
void ngx_http_promotions_audit_accepted(ngx_promotions_args_t *args,
    const pm_promotion_t *promotion, const pm_result_t *result,
    const char *api, ngx_uint_t created);
void ngx_http_promotions_audit_decided(ngx_promotions_args_t *args,
    const pm_store_key_t *key, const char *id, const char *what,
    const char *reason, redisReply *record);


#endif /* NGX_HTTP_PROMOTIONS_AUDIT_H */
