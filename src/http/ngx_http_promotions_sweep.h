/*
 * ngx_http_promotions_sweep.h: what other workers say, and the lanes that
 * have lost their leader.
 */

#ifndef NGX_HTTP_PROMOTIONS_SWEEP_H
#define NGX_HTTP_PROMOTIONS_SWEEP_H


#include "http/ngx_http_promotions.h"


/* In init_process: the worker's token, its subscription, and the sweeps. */
ngx_int_t ngx_http_promotions_sweep_init(ngx_cycle_t *cycle);

/* A lease ends in so many ms, if nobody renews it: the next sweep is no later
 * than that. */
void ngx_http_promotions_sweep_by(ngx_msec_t wait);


#endif /* NGX_HTTP_PROMOTIONS_SWEEP_H */
