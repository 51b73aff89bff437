/*
 * ngx_http_promotions_sweep.h: what other workers say, and the lanes that
 * have lost their leader.
 */

#ifndef NGX_HTTP_PROMOTIONS_SWEEP_H
#define NGX_HTTP_PROMOTIONS_SWEEP_H


#include "http/ngx_http_promotions.h"


/* In init_process: the worker's token, its subscription, and the sweeps. */
ngx_int_t ngx_http_promotions_sweep_init(ngx_cycle_t *cycle);


#endif /* NGX_HTTP_PROMOTIONS_SWEEP_H */
