/*
 * ngx_http_promotions_lane.h: leading a lane: taking its promotions from
 * Redis batch by batch, having them planned and pushed, and settling them.
 *
 * Whoever holds a lane's lease leads it.  All that a leader knows is in Redis
 * and at the remote: it may die at any instant.
 */

#ifndef NGX_HTTP_PROMOTIONS_LANE_H
#define NGX_HTTP_PROMOTIONS_LANE_H


#include "http/ngx_http_promotions.h"


/* In init_process. */
void ngx_http_promotions_lane_init(void);

/* This worker has just been given the lease of the lane. */
void ngx_http_promotions_lane_lead(ngx_str_t *id);

/* This worker leads the lane of that id (its text). */
ngx_uint_t ngx_http_promotions_lane_led(u_char *id);

/* Tries to take over a lane that may have no leader. */
void ngx_http_promotions_lane_recover(ngx_str_t *id);


#endif /* NGX_HTTP_PROMOTIONS_LANE_H */
