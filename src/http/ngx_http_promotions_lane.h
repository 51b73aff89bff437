/*
 * ngx_http_promotions_lane.h: promotions of one destination (repository and
 * branch), one after the other.
 *
 * A lane belongs to its worker; workers settle their races at the remote, by
 * the old head that each push names.
 */

#ifndef NGX_HTTP_PROMOTIONS_LANE_H
#define NGX_HTTP_PROMOTIONS_LANE_H


#include "http/ngx_http_promotions.h"
#include "http/ngx_http_promotions_job.h"
#include "promotion/pm_batch.h"


/* A promotion on its way.  It owns its memory, since the client may leave. */

typedef struct {
    ngx_queue_t                       queue;
    pm_arena_t                       *arena;     /* this entry's too */
    pm_promotion_t                    promotion;
    ngx_http_promotions_main_conf_t  *pmcf;
} ngx_http_promotions_entry_t;


/* In init_process. */
void ngx_http_promotions_lane_init(void);

/*
 * Takes the entry, and calls ngx_http_promotions_settled() later.  NGX_BUSY:
 * too many wait already; NGX_ERROR: no memory; the entry is then still the
 * caller's.
 */
ngx_int_t ngx_http_promotions_lane_submit(
    ngx_http_promotions_entry_t *entry);

/* ngx_http_promotions_promote.c: the promotion has its final result. */
void ngx_http_promotions_settled(const pm_promotion_t *promotion,
    const pm_result_t *result);


#endif /* NGX_HTTP_PROMOTIONS_LANE_H */
