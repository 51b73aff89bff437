#include "http/ngx_http_promotions_lane_internal.h"
#include "http/ngx_http_promotions_job.h"
#include "http/ngx_http_promotions_script.h"
#include "http/ngx_http_promotions_version.h"
#include "base/pm_failpoint.h"


static void ngx_http_promotions_lane_committed(void *data, redisReply *reply);
static void ngx_http_promotions_lane_open(ngx_http_promotions_lane_t *lane);
static void ngx_http_promotions_lane_open_run(void *data);
static void ngx_http_promotions_lane_open_done(void *data);


/* opened: that they are committed is in Redis before a provider is asked */

void
ngx_http_promotions_lane_opened(ngx_http_promotions_lane_t *lane)
{
    ngx_promotions_args_t  args;

    /* whoever opens them later has not planned them */

    ngx_http_promotions_versions_keep(&lane->batch);

    if (ngx_http_promotions_script_args(&args, lane->id) == NGX_OK) {

        ngx_http_promotions_batch_opened(&lane->batch, lane->pushed, &args);

        if (ngx_http_promotions_script_send(&args, "opened",
                                          ngx_http_promotions_lane_committed,
                                          lane)
            == NGX_OK)
        {
            return;
        }
    }

    ngx_http_promotions_lane_later(lane, ngx_http_promotions_lane_opened,
                                   NGX_HTTP_PROMOTIONS_LANE_REDIS);
}


static void
ngx_http_promotions_lane_committed(void *data, redisReply *reply)
{
    ngx_http_promotions_lane_t  *lane = data;

    if (reply == NULL || reply->type != REDIS_REPLY_INTEGER) {
        ngx_http_promotions_lane_later(lane, ngx_http_promotions_lane_opened,
                                       NGX_HTTP_PROMOTIONS_LANE_REDIS);
        return;
    }

    if (reply->integer == 0) {
        ngx_http_promotions_lane_end(lane);
        return;
    }

    pm_failpoint("pull_committed");

    ngx_http_promotions_lane_open(lane);
}


/* open: in a thread */

static void
ngx_http_promotions_lane_open(ngx_http_promotions_lane_t *lane)
{
    if (ngx_http_promotions_job_post_remote(ngx_http_promotions_worker.pmcf,
                                     ngx_http_promotions_batch_remote(
                                         &lane->batch),
                                     ngx_http_promotions_lane_open_run,
                                     ngx_http_promotions_lane_refused,
                                     ngx_http_promotions_lane_open_done, lane)
        != NGX_OK)
    {
        ngx_http_promotions_lane_later(lane, ngx_http_promotions_lane_open,
                                       NGX_HTTP_PROMOTIONS_LANE_REDIS);
    }
}


static void
ngx_http_promotions_lane_open_run(void *data)
{
    ngx_http_promotions_lane_t  *lane = data;

    ngx_http_promotions_batch_open_pulls(&lane->batch);
}


static void
ngx_http_promotions_lane_open_done(void *data)
{
    ngx_http_promotions_lane_t  *lane = data;

    if (lane->refused) {
        ngx_http_promotions_lane_give_back(lane);
        return;
    }

    /* what is left is planned when these have their results */

    lane->rest = (lane->batch.state != PM_BATCH_SETTLED);

    ngx_http_promotions_lane_settle(lane);
}
