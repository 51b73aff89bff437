/*
 * ngx_http_promotions_job.h: work for the thread pool.
 */

#ifndef NGX_HTTP_PROMOTIONS_JOB_H
#define NGX_HTTP_PROMOTIONS_JOB_H


#include "http/ngx_http_promotions.h"
#include "git/pm_git_url.h"


typedef void (*ngx_http_promotions_job_pt)(void *data);


/* In init_process: what nginx's own SIGCHLD handler must not do to us, and
 * what must stay loaded as long as there are threads. */
void ngx_http_promotions_job_init(ngx_cycle_t *cycle);

/* In exit_process: waits, no longer than a second, until the threads that the
 * pool has let go are gone. */
void ngx_http_promotions_job_exit(void);

/*
 * Has run(data) called in a thread and then done(data) on the event loop.
 * data belongs to the job until done: run touches nothing else but what is
 * constant.  NGX_ERROR: the pool's queue is full, no memory, or the worker ends
 * and has no threads any more; nothing will be called.
 *
 * done may never come: a worker that is killed, or that ends because its time
 * is over.  What run did must be recoverable without it.
 */
ngx_int_t ngx_http_promotions_job_post(ngx_http_promotions_main_conf_t *pmcf,
    ngx_http_promotions_job_pt run, ngx_http_promotions_job_pt done,
    void *data);


/*
 * The same for a job that talks to a host: no more than two at a time of one
 * host, the others wait for their turn, so that a host that is silent does
 * not take all threads from the others.  NULL: local.  NGX_ERROR also when
 * too many wait for that host.
 *
 * A worker that was told to quit does not stay for what waits behind a silent
 * host: one that has waited for promotions_git_timeout has refused(data)
 * called in place of run, on the event loop, and done after it.  NULL: done
 * sees it by itself.
 */
ngx_int_t ngx_http_promotions_job_post_host(
    ngx_http_promotions_main_conf_t *pmcf, const char *host,
    ngx_http_promotions_job_pt run, ngx_http_promotions_job_pt refused,
    ngx_http_promotions_job_pt done, void *data);

/* The same for a job that talks to a remote, whose host has a name with its
 * port where that is not the usual one.  NULL: local. */
ngx_int_t ngx_http_promotions_job_post_remote(
    ngx_http_promotions_main_conf_t *pmcf, const pm_git_url_t *remote,
    ngx_http_promotions_job_pt run, ngx_http_promotions_job_pt refused,
    ngx_http_promotions_job_pt done, void *data);


#endif /* NGX_HTTP_PROMOTIONS_JOB_H */
