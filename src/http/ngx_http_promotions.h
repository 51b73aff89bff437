/*
 * ngx_http_promotions.h: the module's own words: configuration, the context
 * of a request, and the parts of http/ that call each other.
 *
 *     access ─► route ─► body ─► promote ─► submit ─► (Redis) ─► lane ─► job
 *                 └─► health   reply ◄─ wait ◄─ by promotion id ───┘
 */

#ifndef NGX_HTTP_PROMOTIONS_H
#define NGX_HTTP_PROMOTIONS_H


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include <ngx_thread_pool.h>

#include "base/pm_arena.h"
#include "base/pm_error.h"
#include "catalog/pm_catalog.h"
#include "forge/pm_forge_webhook.h"
#include "git/pm_git.h"
#include "promotion/pm_promotion.h"
#include "store/ngx_promotions_redis.h"
#include "store/pm_store_key.h"


#define NGX_HTTP_PROMOTIONS_ID_SIZE  36      /* a UUID's text */
#define NGX_HTTP_PROMOTIONS_LANE_ID  16      /* hex digits */


typedef enum {
    NGX_HTTP_PROMOTIONS_NONE = 0,
    NGX_HTTP_PROMOTIONS_API,
    NGX_HTTP_PROMOTIONS_MANAGEMENT,
    NGX_HTTP_PROMOTIONS_HEALTH,
    NGX_HTTP_PROMOTIONS_HOOKS
} ngx_http_promotions_service_t;


/* One deployment a process. */

typedef struct {
    ngx_promotions_redis_conf_t  redis;
    pm_arena_t                  *arena;       /* the catalog's, credentials' */
    pm_catalog_t                *catalog;
    pm_git_settings_t            git;
    ngx_str_t                    mirrors;
    ngx_str_t                    credentials;
    ngx_str_t                    ssh_key;
    ngx_str_t                    ssh_known_hosts;
    ngx_str_t                    trusted_certificate;
    ngx_flag_t                   allow_local_remotes;
    ngx_array_t                  forges;      /* of pm_forge_host_t */
    ngx_str_t                    webhook_secrets;
    pm_forge_secrets_t          *secrets;     /* NULL: none */
    ngx_str_t                    committer_name;
    ngx_str_t                    committer_email;
    ngx_msec_t                   git_timeout;
    ngx_msec_t                   git_idle_timeout;
    ngx_str_t                    thread_pool_name;
    ngx_thread_pool_t           *thread_pool;
    ngx_int_t                    batch;       /* promotions in one push */
    ngx_int_t                    queue;       /* waiting on one lane */
    ngx_msec_t                   lease;
    time_t                       retention;   /* of records, seconds */
    time_t                       request_ttl; /* to decide, seconds */
    ngx_flag_t                   four_eyes;
    ngx_flag_t                   api_v4;
    ngx_uint_t                   used;        /* a location serves it */
    ngx_uint_t                   hooks;       /* or takes webhooks */
} ngx_http_promotions_main_conf_t;


typedef struct {
    ngx_uint_t            service;   /* ngx_http_promotions_service_t */
    ngx_http_handler_pt   handler;   /* which serves it */
    ngx_str_t             prefix;    /* of the location that serves it */
    ngx_uint_t            success_status;
    ngx_flag_t            trailing_commas;
    ngx_msec_t            wait;      /* until the answer is 202 */
} ngx_http_promotions_loc_conf_t;


/* What a worker has: nothing that it cannot lose. */

typedef struct {
    ngx_http_promotions_main_conf_t  *pmcf;
    ngx_promotions_redis_t           *redis;
    ngx_promotions_redis_t           *subscriber;
    ngx_str_t                         token;     /* of the leases it holds */
    pm_git_t                         *git;
    pm_definition_cache_t            *definitions;
    pm_forge_limits_t                *limits;    /* what providers ask for */
    ngx_rbtree_t                      waiters;   /* requests by promotion */
    ngx_rbtree_node_t                 waiters_sentinel;
    ngx_rbtree_t                      lanes;     /* that it leads */
    ngx_rbtree_node_t                 lanes_sentinel;
    ngx_rbtree_t                      hosts;     /* that jobs talk to */
    ngx_rbtree_node_t                 hosts_sentinel;
    ngx_queue_t                       probes;    /* of health, that wait for
                                                    the look at the mirrors */
    struct ngx_http_promotions_health_s  *look;  /* or NULL: none */
    unsigned                          ending:1;  /* its threads are gone */
    unsigned                          full:1;    /* its pool had no place for
                                                    a job, and has ended none
                                                    since */
    unsigned                          unwritable:1;  /* the mirrors were so
                                                    when last looked at */
} ngx_http_promotions_worker_t;


typedef struct ngx_http_promotions_ctx_s      ngx_http_promotions_ctx_t;
typedef struct ngx_http_promotions_product_s  ngx_http_promotions_product_t;


/* What is known of a pull request; texts as its record has them. */

typedef struct {
    const char                 *number;
    const char                 *url;
    const char                 *state;       /* OPEN, MERGED, CLOSED */
    const char                 *head;        /* branches */
    const char                 *base;
    const char                 *author;      /* of the commit */
    const char                 *message;
} ngx_http_promotions_pull_t;


/* A promotion that a request waits for. */

typedef struct {
    ngx_str_node_t              node;        /* str: id */
    u_char                      id[NGX_HTTP_PROMOTIONS_ID_SIZE + 1];
    u_char                      lane[NGX_HTTP_PROMOTIONS_LANE_ID + 1];
    ngx_http_promotions_ctx_t  *ctx;
    pm_promotion_t             *promotion;   /* ctx->promotion_arena's */
    ngx_uint_t                  status;      /* 0: no result yet */
    const char                 *message;
    const char                 *commit;
    ngx_http_promotions_pull_t  pull;        /* state NULL: there is none */
    const char                 *pending;     /* committed, and why there is no
                                                pull request yet; or NULL */
    unsigned                    waiting:1;   /* is found */
    unsigned                    queued:1;    /* Redis has it */
    unsigned                    pushing:1;   /* a job of ours has it */
} ngx_http_promotions_waiter_t;


typedef void (*ngx_http_promotions_results_pt)(
    ngx_http_promotions_ctx_t *ctx);

/* NGX_AGAIN: the request waits; otherwise what it is to be finalized with. */

typedef ngx_int_t (*ngx_http_promotions_body_pt)(
    ngx_http_promotions_ctx_t *ctx, ngx_str_t *body);


/* A page of the audit stream: ngx_http_promotions_audits_json.h */

typedef struct ngx_http_promotions_audits_s  ngx_http_promotions_audits_t;


/* What a refused attempt was about: see ngx_http_promotions_audit.h. */

typedef struct {
    const char  *environment;
    const char  *type;
    const char  *id;
    const char  *reason;
} ngx_http_promotions_denied_t;


/* Lives as long as the request: kept in its pool's cleanup, since r->ctx is
 * wiped by internal redirects. */

struct ngx_http_promotions_ctx_s {
    ngx_http_request_t              *request;

    /* access */
    ngx_promotions_redis_command_t  *lookup;     /* under way */
    pm_store_token_t                 token;
    pm_store_key_t                  *key;        /* NULL: not verified */
    pm_arena_t                      *arena;
    ngx_uint_t                       status;     /* of a failed access */
    unsigned                         checked:1;

    ngx_str_t                        target;     /* the {id} or {product} of
                                                    the route */
    ngx_http_promotions_denied_t     denied;     /* if it is refused */
    ngx_http_promotions_audits_t    *audits;     /* what it asks for */

    /* body */
    ngx_http_promotions_body_pt      body_handler;
    pm_request_kind_t                kind;
    pm_request_t                    *revert;     /* the promotion_arena's */
    ngx_http_promotions_product_t   *product;    /* the promotion_arena's */

    /* review */
    struct ngx_http_promotions_management_s  *management;    /* or NULL */

    /* health */
    ngx_queue_t                      probe;
    unsigned                         probing:1;  /* it is in the queue */
    unsigned                         redis:1;    /* which has answered */

    /* what the request waits for */
    ngx_http_promotions_results_pt   results;    /* all are there; NULL: the
                                                    answer of a commit */
    ngx_http_promotions_waiter_t     first;
    ngx_http_promotions_waiter_t    *others;     /* of a group: the rest */
    ngx_uint_t                       nothers;
    ngx_uint_t                       open;       /* without a result */
    ngx_event_t                      timer;
    pm_arena_t                      *promotion_arena;
    ngx_str_t                        body_digest;    /* its arena's */
    ngx_str_t                        idempotency;    /* or empty */
    unsigned                         grouped:1;  /* destAppIds, product */
    unsigned                         resubmit:1; /* the timer's purpose */
    unsigned                         looked:1;   /* a provider was asked */
};


extern ngx_module_t                  ngx_http_promotions_module;
extern ngx_http_promotions_worker_t  ngx_http_promotions_worker;


/* ngx_http_promotions_directive.c */

extern ngx_command_t  ngx_http_promotions_commands[];

/* ngx_http_promotions_conf.c: defaults, and what follows from them. */

void *ngx_http_promotions_create_main_conf(ngx_conf_t *cf);
char *ngx_http_promotions_init_main_conf(ngx_conf_t *cf, void *conf);
void *ngx_http_promotions_create_loc_conf(ngx_conf_t *cf);
char *ngx_http_promotions_merge_loc_conf(ngx_conf_t *cf, void *parent,
    void *child);

/* ngx_http_promotions_check.c: what can be wrong with the whole. */

char *ngx_http_promotions_check(ngx_conf_t *cf,
    ngx_http_promotions_main_conf_t *pmcf);

/* ngx_http_promotions_ctx.c */

/* The request's context, made if there is none; NULL: out of memory. */
ngx_http_promotions_ctx_t *ngx_http_promotions_get_ctx(
    ngx_http_request_t *r);

/* ngx_http_promotions_access.c: the access phase. */

ngx_int_t ngx_http_promotions_access_handler(ngx_http_request_t *r);

/* ngx_http_promotions_route.c: the content phase. */

ngx_int_t ngx_http_promotions_handler(ngx_http_request_t *r);

/* The same for promotions_management. */
ngx_int_t ngx_http_promotions_management_handler(ngx_http_request_t *r);

/* What follows the location's prefix, without a slash at its beginning.
 * NGX_DECLINED: the path is not below it. */
ngx_int_t ngx_http_promotions_route_path(ngx_http_request_t *r,
    ngx_str_t *path);

/* Answers: no good key (or Redis cannot tell); a route without this method. */
ngx_int_t ngx_http_promotions_unauthorized(ngx_http_request_t *r,
    ngx_http_promotions_ctx_t *ctx);
ngx_int_t ngx_http_promotions_not_allowed(ngx_http_request_t *r,
    const char *allow);
ngx_int_t ngx_http_promotions_health_handler(ngx_http_request_t *r);

/* ngx_http_promotions_hooks.c: providers' webhooks, in the content phase. */

ngx_int_t ngx_http_promotions_hooks_handler(ngx_http_request_t *r);

/* ngx_http_promotions_body.c */

/*
 * Reads the body and calls handler with all of it and a new promotion_arena;
 * then the request waits, or is finalized.  Only a revert (ctx->kind) may have
 * none.  Returns what a content handler returns.
 */
ngx_int_t ngx_http_promotions_read_body(ngx_http_request_t *r,
    ngx_http_promotions_body_pt handler);

/* ngx_http_promotions_promote.c: commit, pull request, preview and a product's
 * promotion, from body to answer. */

ngx_int_t ngx_http_promotions_commit(ngx_http_request_t *r);
ngx_int_t ngx_http_promotions_pull_request(ngx_http_request_t *r);
ngx_int_t ngx_http_promotions_preview(ngx_http_request_t *r);
ngx_int_t ngx_http_promotions_promote_product(ngx_http_request_t *r);


/* ngx_http_promotions_record.c: one record, all of them, and its end. */

ngx_int_t ngx_http_promotions_show(ngx_http_request_t *r);
ngx_int_t ngx_http_promotions_list(ngx_http_request_t *r);
ngx_int_t ngx_http_promotions_cancel(ngx_http_request_t *r);

/* ngx_http_promotions_revert.c: what undoes one that has landed. */

ngx_int_t ngx_http_promotions_revert(ngx_http_request_t *r);

/* An argument of the query, unescaped; empty if it is not there. */
ngx_str_t ngx_http_promotions_query(ngx_http_request_t *r, const char *name);

/* ngx_http_promotions_catalog.c: what the key may see of the catalog. */

ngx_int_t ngx_http_promotions_applications(ngx_http_request_t *r);
ngx_int_t ngx_http_promotions_environments(ngx_http_request_t *r);
ngx_int_t ngx_http_promotions_products(ngx_http_request_t *r);
ngx_int_t ngx_http_promotions_evaluate(ngx_http_request_t *r);


#endif /* NGX_HTTP_PROMOTIONS_H */
