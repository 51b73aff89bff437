#include "http/ngx_http_promotions_job.h"

#include <dlfcn.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>


/* How often the timer that keeps the worker for a job is set again, ms. */

#define NGX_HTTP_PROMOTIONS_JOB_TICK  10000

/* How long a worker that ends waits for what is left of its threads, ms. */

#define NGX_HTTP_PROMOTIONS_JOB_END   1000

/* What a nice thread runs at a time, ns: the least that Linux takes. */

#define NGX_HTTP_PROMOTIONS_JOB_SLICE  100000


typedef struct {
    ngx_thread_task_t           task;
    ngx_http_promotions_job_pt  run;
    ngx_http_promotions_job_pt  done;
    void                       *data;
    unsigned                    nice:1;
} ngx_http_promotions_job_t;


/* sched_setattr(2), for which glibc has no function. */

typedef struct {
    uint32_t                    size;
    uint32_t                    policy;
    uint64_t                    flags;
    int32_t                     nice;
    uint32_t                    priority;
    uint64_t                    runtime;     /* ns; for SCHED_BATCH a slice */
    uint64_t                    deadline;
    uint64_t                    period;
} ngx_http_promotions_job_sched_t;


static void ngx_http_promotions_job_pin(ngx_log_t *log);
static void ngx_http_promotions_job_run(void *data, ngx_log_t *log);
static void ngx_http_promotions_job_be_nice(ngx_log_t *log);
static void ngx_http_promotions_job_event(ngx_event_t *ev);


/*
 * nginx's handler reaps any child with waitpid(-1) and logs an alert for one
 * that was killed: it would take away the exit status of the git and ssh
 * processes that jobs start and wait for.  A worker has no other children.
 * The handler is nginx's own if SIGHUP has the same; another module's stays.
 */

void
ngx_http_promotions_job_init(ngx_cycle_t *cycle)
{
    struct sigaction               child, hup, sa;
    ngx_http_promotions_worker_t  *worker;

    worker = &ngx_http_promotions_worker;

    ngx_http_promotions_job_pin(cycle->log);

    ngx_rbtree_init(&worker->hosts, &worker->hosts_sentinel,
                    ngx_str_rbtree_insert_value);

    if (sigaction(SIGCHLD, NULL, &child) == -1
        || sigaction(SIGHUP, NULL, &hup) == -1
        || child.sa_sigaction != hup.sa_sigaction)
    {
        return;
    }

    ngx_memzero(&sa, sizeof(struct sigaction));
    sa.sa_handler = SIG_DFL;
    sigemptyset(&sa.sa_mask);

    if (sigaction(SIGCHLD, &sa, NULL) == -1) {
        ngx_log_error(NGX_LOG_ALERT, cycle->log, ngx_errno,
                      "sigaction(SIGCHLD) failed");
    }
}


/*
 * nginx unloads its modules, and the libraries that only they need, before a
 * worker exits.  A thread that the pool has let go, or one in which libcurl
 * still waits for a name, would then run into what is gone.  In a worker only:
 * the master must be able to let go of a module.
 */

static void
ngx_http_promotions_job_pin(ngx_log_t *log)
{
    Dl_info  info;

    if (dladdr(&ngx_http_promotions_module, &info) == 0
        || dlopen(info.dli_fname, RTLD_NOW|RTLD_NOLOAD|RTLD_NODELETE) == NULL)
    {
        ngx_log_error(NGX_LOG_WARN, log, 0,
                      "promotions: the module cannot be kept until its "
                      "threads have ended");
    }
}


/*
 * The pool does not join its threads: each still runs the destructors of the
 * libraries that it has used.  /proc/self/task has two links, and one for each
 * thread.
 */

void
ngx_http_promotions_job_exit(void)
{
    struct stat  st;
    ngx_uint_t   i;

    for (i = 0; i < NGX_HTTP_PROMOTIONS_JOB_END; i++) {

        if (stat("/proc/self/task", &st) == -1 || st.st_nlink <= 3) {
            return;
        }

        ngx_msleep(1);
    }
}


ngx_int_t
ngx_http_promotions_job_post(ngx_http_promotions_main_conf_t *pmcf,
    ngx_http_promotions_job_pt run, ngx_http_promotions_job_pt done,
    void *data)
{
    ngx_http_promotions_job_t  *job;

    if (ngx_http_promotions_worker.ending) {
        return NGX_ERROR;
    }

    job = ngx_calloc(sizeof(ngx_http_promotions_job_t), ngx_cycle->log);
    if (job == NULL) {
        return NGX_ERROR;
    }

    job->run = run;
    job->done = done;
    job->data = data;
    job->nice = !(pmcf->thread_pool_name.len == sizeof("default") - 1
                  && ngx_strncmp(pmcf->thread_pool_name.data, "default",
                                 sizeof("default") - 1) == 0);

    job->task.ctx = job;
    job->task.handler = ngx_http_promotions_job_run;
    job->task.event.data = job;
    job->task.event.handler = ngx_http_promotions_job_event;
    job->task.event.log = ngx_cycle->log;

    if (ngx_thread_task_post(pmcf->thread_pool, &job->task) != NGX_OK) {
        ngx_http_promotions_worker.full = 1;
        ngx_free(job);
        return NGX_ERROR;
    }

    ngx_http_promotions_worker.full = 0;

    /* without a timer a worker that is told to quit exits under the job */

    ngx_add_timer(&job->task.event, NGX_HTTP_PROMOTIONS_JOB_TICK);

    return NGX_OK;
}


/* In a thread of the pool. */

static void
ngx_http_promotions_job_run(void *data, ngx_log_t *log)
{
    ngx_http_promotions_job_t  *job = data;

    if (job->nice) {
        ngx_http_promotions_job_be_nice(log);
    }

    job->run(job->data);
}


/*
 * Requests that nginx serves itself come first: a job's thread takes what the
 * event loop leaves.  Once a thread; on Linux these calls concern the calling
 * thread only.
 *
 * A small share is no reason to wait for long: Linux (from 6.6 on) has a thread
 * wait until its slice would fit its share, which at nice 19 is 0.2 s for each
 * other that wants the processor, also for a thread that is to do no more than
 * end.  With a short slice (from 6.12 on; others ignore it) it gets the same
 * share in small pieces, soon.
 */

static void
ngx_http_promotions_job_be_nice(ngx_log_t *log)
{
    struct sched_param               param;
    ngx_http_promotions_job_sched_t  sched;

    static __thread int  done;

    if (done) {
        return;
    }

    done = 1;

    ngx_memzero(&sched, sizeof(ngx_http_promotions_job_sched_t));
    sched.size = sizeof(ngx_http_promotions_job_sched_t);
    sched.policy = SCHED_BATCH;
    sched.nice = 19;
    sched.runtime = NGX_HTTP_PROMOTIONS_JOB_SLICE;

    if (syscall(SYS_sched_setattr, 0, &sched, 0) == 0) {
        return;
    }

    /* a filter of system calls may know only the older ones */

    if (setpriority(PRIO_PROCESS, 0, 19) == -1) {
        ngx_log_error(NGX_LOG_INFO, log, ngx_errno, "setpriority() failed");
    }

    ngx_memzero(&param, sizeof(struct sched_param));

    if (sched_setscheduler(0, SCHED_BATCH, &param) == -1) {
        ngx_log_error(NGX_LOG_INFO, log, ngx_errno,
                      "sched_setscheduler() failed");
    }
}


/* The end of the job, or the timer that keeps the worker for it. */

static void
ngx_http_promotions_job_event(ngx_event_t *ev)
{
    ngx_http_promotions_job_t  *job = ev->data;

    if (!ev->complete) {
        ev->timedout = 0;
        ngx_add_timer(ev, NGX_HTTP_PROMOTIONS_JOB_TICK);
        return;
    }

    if (ev->timer_set) {
        ngx_del_timer(ev);
    }

    ngx_http_promotions_worker.full = 0;

    job->done(job->data);

    ngx_free(job);
}
