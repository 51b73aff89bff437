/*
 * From the reply of "take" to a batch.
 */

#include "http/ngx_http_promotions_batch.h"
#include "promotion/pm_record.h"


/* In the reply: "batch", again, then for each id, input, base, pushing,
 * takes, deaths, commit, head, base branch, body of a pull request, target,
 * created of an API, group, author and message of that commit, and since. */

#define NGX_HTTP_PROMOTIONS_BATCH_HEAD    2
#define NGX_HTTP_PROMOTIONS_BATCH_EACH    16

/*
 * Leaders that have died with a promotion, which may be what killed them:
 * after so many it is only looked for on the branch (if it was ever pushed),
 * and after so many more not even that.
 */

#define NGX_HTTP_PROMOTIONS_BATCH_DEATHS  10
#define NGX_HTTP_PROMOTIONS_BATCH_LOOKS   3


/* One of the reply's. */

typedef struct {
    pm_promotion_t            promotion;
    ngx_int_t                 takes;
    pm_oid_t                  base;      /* the heads that the first and the */
    pm_oid_t                  pushing;   /* last push built on; or zeros */
    pm_oid_t                  since;     /* of an accept before; or zeros */
    pm_pull_committed_t       committed;
    const char               *target;    /* of an API; or "" */
    unsigned char             created;
    pm_error_t               *fault;     /* it cannot be read, or is given up */
    unsigned                  given_up:1;
} ngx_http_promotions_taken_t;


/* What earlier tries have left, one of each a promotion. */

typedef struct {
    pm_oid_t             *bases;
    pm_oid_t             *pushing;
    pm_oid_t             *since;
    pm_pull_committed_t  *committed;
    const pm_error_t    **faults;
} ngx_http_promotions_tried_t;


static ngx_int_t ngx_http_promotions_batch_alloc(
    ngx_http_promotions_batch_t *batch, ngx_http_promotions_tried_t *tried);
static ngx_int_t ngx_http_promotions_batch_promotion(
    ngx_http_promotions_batch_t *batch, const u_char *lane, redisReply *reply,
    ngx_uint_t at, ngx_http_promotions_taken_t *taken);
static int ngx_http_promotions_batch_lane(const u_char *lane,
    const pm_promotion_t *promotion, pm_error_t *err);
static void ngx_http_promotions_batch_sort(
    ngx_http_promotions_batch_t *batch,
    const ngx_http_promotions_taken_t *taken,
    ngx_http_promotions_tried_t *tried);
static ngx_int_t ngx_http_promotions_batch_create(
    ngx_http_promotions_batch_t *batch, ngx_uint_t searching,
    const ngx_http_promotions_tried_t *tried);
static void ngx_http_promotions_batch_oid(redisReply *reply, ngx_uint_t at,
    pm_oid_t *oid);


ngx_int_t
ngx_http_promotions_batch_read(ngx_http_promotions_batch_t *batch,
    const u_char *lane, redisReply *reply)
{
    size_t                        i;
    ngx_http_promotions_taken_t  *taken;
    ngx_http_promotions_tried_t   tried;

    batch->n = (reply->elements - NGX_HTTP_PROMOTIONS_BATCH_HEAD)
               / NGX_HTTP_PROMOTIONS_BATCH_EACH;

    batch->arena = pm_arena_create();
    if (batch->arena == NULL) {
        return NGX_ERROR;
    }

    taken = pm_arena_zalloc(batch->arena,
                            batch->n * sizeof(ngx_http_promotions_taken_t));

    if (taken == NULL
        || ngx_http_promotions_batch_alloc(batch, &tried) != NGX_OK)
    {
        goto failed;
    }

    for (i = 0; i < batch->n; i++) {
        if (ngx_http_promotions_batch_promotion(batch, lane, reply,
                                            NGX_HTTP_PROMOTIONS_BATCH_HEAD
                                            + i
                                            * NGX_HTTP_PROMOTIONS_BATCH_EACH,
                                            &taken[i])
            != NGX_OK)
        {
            goto failed;
        }
    }

    ngx_http_promotions_batch_sort(batch, taken, &tried);

    if (batch->nread == 0) {
        batch->state = PM_BATCH_SETTLED;
        return NGX_OK;
    }

    if (ngx_http_promotions_batch_create(batch,
                           ngx_promotions_reply_number(reply, 1) != 0, &tried)
        == NGX_OK)
    {
        return NGX_OK;
    }

failed:

    ngx_http_promotions_batch_free(batch);

    return NGX_ERROR;
}


static ngx_int_t
ngx_http_promotions_batch_alloc(ngx_http_promotions_batch_t *batch,
    ngx_http_promotions_tried_t *tried)
{
    size_t       n;
    pm_arena_t  *arena;

    n = batch->n;
    arena = batch->arena;

    batch->promotions = pm_arena_zalloc(arena, n * sizeof(pm_promotion_t));
    batch->results = pm_arena_zalloc(arena, n * sizeof(pm_result_t));
    batch->takes = pm_arena_zalloc(arena, n * sizeof(ngx_int_t));
    batch->targets = pm_arena_zalloc(arena, n * sizeof(char *));
    batch->created = pm_arena_zalloc(arena, n);

    tried->bases = pm_arena_zalloc(arena, n * sizeof(pm_oid_t));
    tried->pushing = pm_arena_zalloc(arena, n * sizeof(pm_oid_t));
    tried->since = pm_arena_zalloc(arena, n * sizeof(pm_oid_t));
    tried->committed = pm_arena_zalloc(arena,
                                       n * sizeof(pm_pull_committed_t));
    tried->faults = pm_arena_zalloc(arena, n * sizeof(pm_error_t *));

    return (batch->promotions && batch->results && batch->takes
            && batch->targets && batch->created && tried->bases
            && tried->pushing && tried->since && tried->committed
            && tried->faults)
           ? NGX_OK : NGX_ERROR;
}


/* From the reply; NGX_ERROR: no memory. */

static ngx_int_t
ngx_http_promotions_batch_promotion(ngx_http_promotions_batch_t *batch,
    const u_char *lane, redisReply *reply, ngx_uint_t at,
    ngx_http_promotions_taken_t *taken)
{
    char        *id, *group;
    ngx_int_t    deaths;
    ngx_str_t    name, input, target;
    pm_error_t   err;

    name = ngx_promotions_reply_text(reply, at);
    input = ngx_promotions_reply_text(reply, at + 1);
    ngx_http_promotions_batch_oid(reply, at + 2, &taken->base);
    ngx_http_promotions_batch_oid(reply, at + 3, &taken->pushing);
    taken->takes = ngx_promotions_reply_number(reply, at + 4);
    deaths = ngx_promotions_reply_number(reply, at + 5);
    ngx_http_promotions_batch_committed(batch->arena, reply, at + 6,
                                        &taken->committed);

    id = pm_arena_strndup(batch->arena, (char *) name.data, name.len);
    target = ngx_promotions_reply_text(reply, at + 10);
    taken->target = pm_arena_strndup(batch->arena, (char *) target.data,
                                     target.len);
    taken->created = (ngx_promotions_reply_number(reply, at + 11) == 1);
    name = ngx_promotions_reply_text(reply, at + 12);
    group = pm_arena_strndup(batch->arena, (char *) name.data, name.len);
    ngx_http_promotions_batch_oid(reply, at + 15, &taken->since);

    if (id == NULL || taken->target == NULL || group == NULL) {
        return NGX_ERROR;
    }

    err.code = 0;

    if (deaths >= NGX_HTTP_PROMOTIONS_BATCH_DEATHS
                  + NGX_HTTP_PROMOTIONS_BATCH_LOOKS
        || (deaths >= NGX_HTTP_PROMOTIONS_BATCH_DEATHS
            && pm_oid_is_zero(&taken->base)
            && pm_oid_is_zero(&taken->since)))
    {
        taken->given_up = 1;
        (void) pm_error_set(&err, PM_INTERNAL, "promotion %s was given up: "
                            "%d leaders of its lane did not end it", id,
                            (int) deaths);

    } else if (pm_record_decode(batch->arena, id, (char *) input.data,
                                input.len, &taken->promotion, &err)
               == 0
               && ngx_http_promotions_batch_lane(lane, &taken->promotion, &err)
                  == 0)
    {
        if (taken->promotion.api != NULL) {
            taken->promotion.api->cache =
                                    ngx_http_promotions_worker.definitions;
        }

        batch->giving_up |= (deaths >= NGX_HTTP_PROMOTIONS_BATCH_DEATHS);
        return NGX_OK;
    }

    if (err.code == PM_UNAVAILABLE) {
        return NGX_ERROR;
    }

    /* what Redis says of it besides */

    ngx_memzero(&taken->promotion, sizeof(pm_promotion_t));
    taken->promotion.id = id;
    taken->promotion.group = *group ? group : NULL;

    taken->fault = pm_arena_alloc(batch->arena, sizeof(pm_error_t));
    if (taken->fault == NULL) {
        return NGX_ERROR;
    }

    *taken->fault = err;

    return NGX_OK;
}


/* Whether it is of this lane: Redis is not trusted to know. */

static int
ngx_http_promotions_batch_lane(const u_char *lane,
    const pm_promotion_t *promotion, pm_error_t *err)
{
    char  own[NGX_HTTP_PROMOTIONS_LANE_ID + 1];

    if (pm_promotion_lane(promotion, own) != 0) {
        return pm_error_memory(err);
    }

    if (ngx_memcmp(own, lane, NGX_HTTP_PROMOTIONS_LANE_ID) == 0) {
        return 0;
    }

    return pm_error_set(err, PM_INTERNAL, "the record of promotion %s is of "
                        "another branch than it was queued for",
                        promotion->id);
}


/*
 * Those of the batch come first.  One that cannot be read is among them, since
 * its group shares its fate, and an earlier try may have landed it; what may
 * kill its leaders is not, nor what has no batch to be in.
 */

static void
ngx_http_promotions_batch_sort(ngx_http_promotions_batch_t *batch,
    const ngx_http_promotions_taken_t *taken,
    ngx_http_promotions_tried_t *tried)
{
    size_t      i, at, n;
    ngx_uint_t  in, faults;

    for (i = 0; i < batch->n && batch->first == NULL; i++) {
        if (taken[i].fault == NULL) {
            batch->first = &taken[i].promotion;
        }
    }

    faults = (batch->first != NULL
              && batch->first->kind != PM_PROMOTION_PULL_REQUEST);
    n = batch->n;

    for (i = 0; i < batch->n; i++) {
        in = (taken[i].fault == NULL || (faults && !taken[i].given_up));
        at = in ? batch->nread++ : --n;

        batch->promotions[at] = taken[i].promotion;
        batch->takes[at] = taken[i].takes;
        batch->targets[at] = taken[i].target;
        batch->created[at] = taken[i].created;

        if (in) {
            tried->bases[at] = taken[i].base;
            tried->pushing[at] = taken[i].pushing;
            tried->since[at] = taken[i].since;
            tried->committed[at] = taken[i].committed;
            tried->faults[at] = taken[i].fault;

        } else {
            batch->results[at].state = PM_RESULT_FAILED;
            batch->results[at].error = *taken[i].fault;
        }
    }
}


static ngx_int_t
ngx_http_promotions_batch_create(ngx_http_promotions_batch_t *batch,
    ngx_uint_t searching, const ngx_http_promotions_tried_t *tried)
{
    int                               rc;
    pm_error_t                        err;
    pm_pull_settings_t                pull;
    pm_batch_settings_t               settings;
    ngx_http_promotions_worker_t     *worker;
    ngx_http_promotions_main_conf_t  *pmcf;

    worker = &ngx_http_promotions_worker;
    pmcf = worker->pmcf;

    if (batch->first->kind == PM_PROMOTION_PULL_REQUEST) {
        ngx_memzero(&pull, sizeof(pm_pull_settings_t));

        pull.git = worker->git;
        pull.committer_name = (char *) pmcf->committer_name.data;
        pull.committer_email = (char *) pmcf->committer_email.data;
        pull.now = ngx_time();
        pull.giving_up = batch->giving_up;
        pull.hosts = pmcf->forges.elts;
        pull.nhosts = pmcf->forges.nelts;
        pull.limits = worker->limits;
        pull.committed = tried->committed;
        pull.bases = tried->bases;

        rc = pm_pull_create(&pull, batch->promotions, batch->nread,
                            &batch->pull, &err);

        return (rc == 0) ? NGX_OK : NGX_ERROR;
    }

    ngx_memzero(&settings, sizeof(pm_batch_settings_t));

    settings.git = worker->git;
    settings.committer_name = (char *) pmcf->committer_name.data;
    settings.committer_email = (char *) pmcf->committer_email.data;
    settings.now = ngx_time();
    settings.searching = searching;
    settings.giving_up = batch->giving_up;
    settings.bases = tried->bases;
    settings.pushing = tried->pushing;
    settings.since = tried->since;
    settings.faults = tried->faults;

    rc = pm_batch_create(&settings, batch->promotions, batch->nread,
                         &batch->batch, &err);

    return (rc == 0) ? NGX_OK : NGX_ERROR;
}


static void
ngx_http_promotions_batch_oid(redisReply *reply, ngx_uint_t at, pm_oid_t *oid)
{
    ngx_str_t  text;

    text = ngx_promotions_reply_text(reply, at);

    if (pm_oid_parse(oid, (char *) text.data, text.len) != 0) {
        ngx_memzero(oid, sizeof(pm_oid_t));
    }
}
