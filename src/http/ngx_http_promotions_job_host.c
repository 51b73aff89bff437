#include "http/ngx_http_promotions_job.h"


#define NGX_HTTP_PROMOTIONS_HOST_JOBS     2
#define NGX_HTTP_PROMOTIONS_HOST_WAITING  1024
#define NGX_HTTP_PROMOTIONS_HOST_AGAIN    100     /* ms, where the pool is
                                                     full */


/* Kept only while it has jobs. */

typedef struct {
    ngx_str_node_t              node;            /* str: the name */
    ngx_queue_t                 waiting;
    ngx_uint_t                  nwaiting;
    ngx_uint_t                  running;
    ngx_event_t                 event;
    u_char                      name[1];
} ngx_http_promotions_host_t;


typedef struct {
    ngx_queue_t                       queue;
    ngx_http_promotions_main_conf_t  *pmcf;
    ngx_http_promotions_host_t       *host;
    ngx_http_promotions_job_pt        run;
    ngx_http_promotions_job_pt        refused;
    ngx_http_promotions_job_pt        done;
    void                             *data;
    ngx_msec_t                        posted;
} ngx_http_promotions_host_job_t;


static ngx_http_promotions_host_t *ngx_http_promotions_host_get(
    const char *name);
static ngx_int_t ngx_http_promotions_host_start(
    ngx_http_promotions_host_job_t *job);
static void ngx_http_promotions_host_run(void *data);
static void ngx_http_promotions_host_done(void *data);
static void ngx_http_promotions_host_next(ngx_http_promotions_host_t *host);
static ngx_uint_t ngx_http_promotions_host_late(
    const ngx_http_promotions_host_job_t *job);
static void ngx_http_promotions_host_event(ngx_event_t *ev);


ngx_int_t
ngx_http_promotions_job_post_host(ngx_http_promotions_main_conf_t *pmcf,
    const char *name, ngx_http_promotions_job_pt run,
    ngx_http_promotions_job_pt refused, ngx_http_promotions_job_pt done,
    void *data)
{
    ngx_http_promotions_host_t      *host;
    ngx_http_promotions_host_job_t  *job;

    host = ngx_http_promotions_host_get(name ? name : "");
    if (host == NULL) {
        return NGX_ERROR;
    }

    job = ngx_alloc(sizeof(ngx_http_promotions_host_job_t), ngx_cycle->log);
    if (job == NULL) {
        goto failed;
    }

    job->pmcf = pmcf;
    job->host = host;
    job->run = run;
    job->refused = refused;
    job->done = done;
    job->data = data;
    job->posted = ngx_current_msec;

    if (host->running >= NGX_HTTP_PROMOTIONS_HOST_JOBS) {

        if (host->nwaiting >= NGX_HTTP_PROMOTIONS_HOST_WAITING) {
            goto failed;
        }

        ngx_queue_insert_tail(&host->waiting, &job->queue);
        host->nwaiting++;

        return NGX_OK;
    }

    if (ngx_http_promotions_host_start(job) == NGX_OK) {
        return NGX_OK;
    }

failed:

    ngx_free(job);
    ngx_http_promotions_host_next(host);

    return NGX_ERROR;
}


ngx_int_t
ngx_http_promotions_job_post_remote(ngx_http_promotions_main_conf_t *pmcf,
    const pm_git_url_t *remote, ngx_http_promotions_job_pt run,
    ngx_http_promotions_job_pt refused, ngx_http_promotions_job_pt done,
    void *data)
{
    char  name[NGX_MAXHOSTNAMELEN + sizeof(":65535")];

    if (remote == NULL || remote->host == NULL || remote->port == 0) {
        return ngx_http_promotions_job_post_host(pmcf,
                                             remote ? remote->host : NULL,
                                             run, refused, done, data);
    }

    /* a name that is cut is of no host, and a queue as good as any */

    (void) ngx_snprintf((u_char *) name, sizeof(name), "%s:%ui%Z",
                        remote->host, (ngx_uint_t) remote->port);

    name[sizeof(name) - 1] = '\0';

    return ngx_http_promotions_job_post_host(pmcf, name, run, refused, done,
                                             data);
}


static ngx_http_promotions_host_t *
ngx_http_promotions_host_get(const char *name)
{
    uint32_t                     hash;
    ngx_str_t                    text;
    ngx_http_promotions_host_t  *host;

    text.data = (u_char *) name;
    text.len = ngx_strlen(name);

    hash = ngx_crc32_short(text.data, text.len);

    host = (ngx_http_promotions_host_t *)
               ngx_str_rbtree_lookup(&ngx_http_promotions_worker.hosts, &text,
                                     hash);
    if (host != NULL) {
        return host;
    }

    host = ngx_calloc(sizeof(ngx_http_promotions_host_t) + text.len,
                      ngx_cycle->log);
    if (host == NULL) {
        return NULL;
    }

    ngx_memcpy(host->name, text.data, text.len);

    host->node.str.data = host->name;
    host->node.str.len = text.len;
    host->node.node.key = hash;

    ngx_queue_init(&host->waiting);

    host->event.handler = ngx_http_promotions_host_event;
    host->event.data = host;
    host->event.log = ngx_cycle->log;

    ngx_rbtree_insert(&ngx_http_promotions_worker.hosts, &host->node.node);

    return host;
}


static ngx_int_t
ngx_http_promotions_host_start(ngx_http_promotions_host_job_t *job)
{
    if (ngx_http_promotions_job_post(job->pmcf, ngx_http_promotions_host_run,
                                     ngx_http_promotions_host_done, job)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    job->host->running++;

    return NGX_OK;
}


/* In a thread. */

static void
ngx_http_promotions_host_run(void *data)
{
    ngx_http_promotions_host_job_t  *job = data;

    job->run(job->data);
}


static void
ngx_http_promotions_host_done(void *data)
{
    ngx_http_promotions_host_t      *host;
    ngx_http_promotions_host_job_t  *job = data;

    host = job->host;

    /* what it posts now waits behind the others, and host stays */

    job->done(job->data);
    ngx_free(job);

    host->running--;

    ngx_http_promotions_host_next(host);
}


/*
 * Starts what waits; a host that nobody needs any more is freed.  What is
 * refused may post again: host stays as long as it counts as running.
 */

static void
ngx_http_promotions_host_next(ngx_http_promotions_host_t *host)
{
    ngx_queue_t                     *q;
    ngx_http_promotions_host_job_t  *job;

    while (host->running < NGX_HTTP_PROMOTIONS_HOST_JOBS
           && !ngx_queue_empty(&host->waiting))
    {
        q = ngx_queue_head(&host->waiting);
        job = ngx_queue_data(q, ngx_http_promotions_host_job_t, queue);

        if (ngx_http_promotions_host_late(job)) {
            ngx_queue_remove(q);
            host->nwaiting--;

            host->running++;

            if (job->refused != NULL) {
                job->refused(job->data);
            }

            job->done(job->data);
            ngx_free(job);

            host->running--;
            continue;
        }

        if (ngx_http_promotions_host_start(job) != NGX_OK) {

            if (!host->event.timer_set) {
                ngx_add_timer(&host->event, NGX_HTTP_PROMOTIONS_HOST_AGAIN);
            }

            return;
        }

        ngx_queue_remove(q);
        host->nwaiting--;
    }

    if (host->running > 0 || !ngx_queue_empty(&host->waiting)) {
        return;
    }

    if (host->event.timer_set) {
        ngx_del_timer(&host->event);
    }

    ngx_rbtree_delete(&ngx_http_promotions_worker.hosts, &host->node.node);
    ngx_free(host);
}


static ngx_uint_t
ngx_http_promotions_host_late(const ngx_http_promotions_host_job_t *job)
{
    return ngx_exiting
           && ngx_current_msec - job->posted >= job->pmcf->git_timeout;
}


static void
ngx_http_promotions_host_event(ngx_event_t *ev)
{
    ngx_http_promotions_host_next(ev->data);
}
