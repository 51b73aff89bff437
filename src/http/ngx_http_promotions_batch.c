#include "http/ngx_http_promotions_batch.h"
#include "http/ngx_http_promotions_audit.h"
#include "http/ngx_http_promotions_job.h"
#include "http/ngx_http_promotions_reply.h"
#include "http/ngx_http_promotions_wait.h"
#include "promotion/pm_record.h"


/* In the reply: "batch", again, then for each id, input, base, pushing,
 * takes, deaths, commit, head, base branch, body of a pull request, and target,
 * created of an API. */

#define NGX_HTTP_PROMOTIONS_BATCH_HEAD    2
#define NGX_HTTP_PROMOTIONS_BATCH_EACH    12

/*
 * Leaders that have died with a promotion, which may be what killed them:
 * after so many it is only looked for on the branch (if it was ever pushed),
 * and after so many more not even that.
 */

#define NGX_HTTP_PROMOTIONS_BATCH_DEATHS  10
#define NGX_HTTP_PROMOTIONS_BATCH_LOOKS   3


/* What earlier tries have left, one of each a promotion. */

typedef struct {
    pm_oid_t             *bases;         /* the heads that the first and the */
    pm_oid_t             *pushing;       /* last push built on; or zeros */
    pm_pull_committed_t  *committed;
} ngx_http_promotions_taken_t;


static ngx_int_t ngx_http_promotions_batch_create(
    ngx_http_promotions_batch_t *batch, ngx_uint_t searching,
    const ngx_http_promotions_taken_t *taken);
static void ngx_http_promotions_batch_promotion(
    ngx_http_promotions_batch_t *batch, redisReply *reply, ngx_uint_t at,
    ngx_http_promotions_taken_t *taken);
static int ngx_http_promotions_batch_decode(
    ngx_http_promotions_batch_t *batch, const char *id,
    const ngx_str_t *input, pm_error_t *err);
static void ngx_http_promotions_batch_oid(redisReply *reply, ngx_uint_t at,
    pm_oid_t *oid);
static ngx_uint_t ngx_http_promotions_batch_final(const pm_result_t *result);
static ngx_uint_t ngx_http_promotions_batch_listed(redisReply *reply,
    const char *id);
static ngx_uint_t ngx_http_promotions_batch_ended(const pm_result_t *result);
static void ngx_http_promotions_batch_audit(
    const ngx_http_promotions_batch_t *batch, size_t i,
    const pm_result_t *result, ngx_promotions_args_t *args);
static void ngx_http_promotions_batch_close(void *data);
static void ngx_http_promotions_batch_closed(void *data);


ngx_int_t
ngx_http_promotions_batch_read(ngx_http_promotions_batch_t *batch,
    redisReply *reply)
{
    size_t                       i;
    ngx_http_promotions_taken_t  taken;

    batch->n = (reply->elements - NGX_HTTP_PROMOTIONS_BATCH_HEAD)
               / NGX_HTTP_PROMOTIONS_BATCH_EACH;

    batch->arena = pm_arena_create();
    if (batch->arena == NULL) {
        return NGX_ERROR;
    }

    batch->promotions = pm_arena_zalloc(batch->arena,
                                        batch->n * sizeof(pm_promotion_t));
    batch->results = pm_arena_zalloc(batch->arena,
                                     batch->n * sizeof(pm_result_t));

    batch->takes = pm_arena_zalloc(batch->arena,
                                   batch->n * sizeof(ngx_int_t));
    batch->targets = pm_arena_zalloc(batch->arena,
                                     batch->n * sizeof(char *));
    batch->created = pm_arena_zalloc(batch->arena, batch->n);
    taken.bases = pm_arena_zalloc(batch->arena, batch->n * sizeof(pm_oid_t));
    taken.pushing = pm_arena_zalloc(batch->arena,
                                    batch->n * sizeof(pm_oid_t));
    taken.committed = pm_arena_zalloc(batch->arena,
                                      batch->n * sizeof(pm_pull_committed_t));

    if (batch->promotions == NULL || batch->results == NULL
        || batch->takes == NULL || batch->targets == NULL
        || batch->created == NULL || taken.bases == NULL
        || taken.pushing == NULL || taken.committed == NULL)
    {
        goto failed;
    }

    for (i = 0; i < batch->n; i++) {
        ngx_http_promotions_batch_promotion(batch, reply,
                                            NGX_HTTP_PROMOTIONS_BATCH_HEAD
                                            + i
                                            * NGX_HTTP_PROMOTIONS_BATCH_EACH,
                                            &taken);
    }

    if (batch->nread == 0) {
        batch->state = PM_BATCH_SETTLED;
        return NGX_OK;
    }

    if (ngx_http_promotions_batch_create(batch,
                           ngx_promotions_reply_number(reply, 1) != 0, &taken)
        == NGX_OK)
    {
        return NGX_OK;
    }

failed:

    ngx_http_promotions_batch_free(batch);

    return NGX_ERROR;
}


static ngx_int_t
ngx_http_promotions_batch_create(ngx_http_promotions_batch_t *batch,
    ngx_uint_t searching, const ngx_http_promotions_taken_t *taken)
{
    int                               rc;
    pm_error_t                        err;
    pm_pull_settings_t                pull;
    pm_batch_settings_t               settings;
    ngx_http_promotions_worker_t     *worker;
    ngx_http_promotions_main_conf_t  *pmcf;

    worker = &ngx_http_promotions_worker;
    pmcf = worker->pmcf;

    if (batch->promotions[0].kind == PM_PROMOTION_PULL_REQUEST) {
        ngx_memzero(&pull, sizeof(pm_pull_settings_t));

        pull.git = worker->git;
        pull.committer_name = (char *) pmcf->committer_name.data;
        pull.committer_email = (char *) pmcf->committer_email.data;
        pull.now = ngx_time();
        pull.giving_up = batch->giving_up;
        pull.hosts = pmcf->forges.elts;
        pull.nhosts = pmcf->forges.nelts;
        pull.committed = taken->committed;

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
    settings.bases = taken->bases;
    settings.pushing = taken->pushing;

    rc = pm_batch_create(&settings, batch->promotions, batch->nread,
                         &batch->batch, &err);

    return (rc == 0) ? NGX_OK : NGX_ERROR;
}


/* Into the place of the next one that can be read. */

static int
ngx_http_promotions_batch_decode(ngx_http_promotions_batch_t *batch,
    const char *id, const ngx_str_t *input, pm_error_t *err)
{
    int              rc;
    pm_promotion_t  *promotion;

    promotion = &batch->promotions[batch->nread];

    rc = pm_record_decode(batch->arena, id, (char *) input->data, input->len,
                          promotion, err);

    if (rc == 0 && promotion->kind != batch->promotions[0].kind) {
        rc = pm_error_set(err, PM_INTERNAL, "promotion %s is of another kind "
                          "than the others of its lane", id);
    }

    return rc;
}


/* Readable ones are gathered in front, the others fail behind them. */

static void
ngx_http_promotions_batch_promotion(ngx_http_promotions_batch_t *batch,
    redisReply *reply, ngx_uint_t at, ngx_http_promotions_taken_t *taken)
{
    char         *id;
    size_t        i, n;
    ngx_int_t     takes, deaths;
    ngx_str_t     name, input, target;
    pm_error_t    err;
    pm_result_t  *result;

    n = batch->nread;

    name = ngx_promotions_reply_text(reply, at);
    input = ngx_promotions_reply_text(reply, at + 1);
    target = ngx_promotions_reply_text(reply, at + 10);
    takes = ngx_promotions_reply_number(reply, at + 4);
    deaths = ngx_promotions_reply_number(reply, at + 5);

    ngx_http_promotions_batch_oid(reply, at + 2, &taken->bases[n]);
    ngx_http_promotions_batch_oid(reply, at + 3, &taken->pushing[n]);
    ngx_http_promotions_batch_committed(batch->arena, reply, at + 6,
                                        &taken->committed[n]);

    id = pm_arena_strndup(batch->arena, (char *) name.data, name.len);

    if (id != NULL
        && (deaths >= NGX_HTTP_PROMOTIONS_BATCH_DEATHS
                      + NGX_HTTP_PROMOTIONS_BATCH_LOOKS
            || (deaths >= NGX_HTTP_PROMOTIONS_BATCH_DEATHS
                && pm_oid_is_zero(&taken->bases[n]))))
    {
        (void) pm_error_set(&err, PM_INTERNAL, "promotion %s was given up: "
                            "%d leaders of its lane did not end it", id,
                            (int) deaths);

    } else if (id != NULL
               && ngx_http_promotions_batch_decode(batch, id, &input, &err)
                  == 0)
    {
        if (batch->promotions[batch->nread].api != NULL) {
            batch->promotions[batch->nread].api->cache =
                ngx_http_promotions_worker.definitions;
        }

        batch->targets[batch->nread] = pm_arena_strndup(batch->arena,
                                           (char *) target.data, target.len);
        batch->created[batch->nread] =
                        (ngx_promotions_reply_number(reply, at + 11) == 1);

        batch->takes[batch->nread++] = takes;
        batch->giving_up |= (deaths >= NGX_HTTP_PROMOTIONS_BATCH_DEATHS);
        return;
    }

    i = batch->n - 1;

    while (i > batch->nread && batch->promotions[i].id != NULL) {
        i--;
    }

    batch->takes[i] = takes;
    result = &batch->results[i];

    ngx_memzero(&batch->promotions[i], sizeof(pm_promotion_t));
    batch->promotions[i].id = (id != NULL) ? id : "";

    result->state = PM_RESULT_FAILED;
    result->error = err;
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


static ngx_uint_t
ngx_http_promotions_batch_final(const pm_result_t *result)
{
    return result->state == PM_RESULT_LANDED
           || result->state == PM_RESULT_FAILED;
}


/* Final, or left to a later batch. */

static ngx_uint_t
ngx_http_promotions_batch_ended(const pm_result_t *result)
{
    return ngx_http_promotions_batch_final(result)
           || result->state == PM_RESULT_PENDING;
}


const char *
ngx_http_promotions_batch_host(const ngx_http_promotions_batch_t *batch)
{
    const char          *name;
    const pm_git_url_t  *url;

    url = &batch->promotions[0].parts[0].destination.url;

    if (url->host == NULL || url->port == 0) {
        return url->host;
    }

    name = pm_arena_printf(batch->arena, "%s:%u", url->host, url->port);

    return (name != NULL) ? name : url->host;
}


void
ngx_http_promotions_batch_begin(const ngx_http_promotions_batch_t *batch,
    ngx_promotions_args_t *args)
{
    char               *base;
    size_t              i;
    const pm_result_t  *result;

    base = pm_arena_alloc(batch->arena, PM_GIT_HEX_SIZE + 1);

    if (base == NULL) {
        args->failed = 1;
        return;
    }

    pm_oid_hex(base, ngx_http_promotions_batch_base(batch));
    ngx_promotions_args_add(args, base, PM_GIT_HEX_SIZE);

    for (i = 0; i < batch->nread; i++) {
        if (ngx_http_promotions_batch_sends(batch, i)) {
            ngx_promotions_args_string(args, batch->promotions[i].id);
            ngx_promotions_args_number(args, batch->takes[i]);

            result = ngx_http_promotions_batch_result(batch, i);

            ngx_promotions_args_string(args, result->target);
            ngx_promotions_args_number(args, result->created);
        }
    }
}


ngx_uint_t
ngx_http_promotions_batch_open(const ngx_http_promotions_batch_t *batch)
{
    size_t      i;
    ngx_uint_t  open;

    open = 0;

    for (i = 0; i < batch->n; i++) {
        open += !ngx_http_promotions_batch_ended(
                     ngx_http_promotions_batch_result(batch, i));
    }

    return open;
}


static void
ngx_http_promotions_batch_audit(const ngx_http_promotions_batch_t *batch,
    size_t i, const pm_result_t *result, ngx_promotions_args_t *args)
{
    const pm_promotion_t  *promotion;

    promotion = &batch->promotions[i];

    if (promotion->requester_email == NULL) {
        ngx_http_promotions_audit_committed(args, promotion, result);
        return;
    }

    /* one that was found by its trailer was written by a plan before */

    ngx_http_promotions_audit_accepted(args, promotion, result,
                                       result->target ? result->target
                                                      : batch->targets[i],
                                       result->target ? result->created
                                                      : batch->created[i]);
}


ngx_uint_t
ngx_http_promotions_batch_settle(const ngx_http_promotions_batch_t *batch,
    ngx_msec_t pushed, ngx_promotions_args_t *args)
{
    size_t              i;
    ngx_uint_t          n;
    const pm_result_t  *result;

    if (pushed) {
        ngx_promotions_args_number(args, ngx_current_msec - pushed);
    } else {
        ngx_promotions_args_string(args, "");
    }

    ngx_promotions_args_number(args,
                               ngx_http_promotions_worker.pmcf->retention);

    n = 0;

    for (i = 0; i < batch->n; i++) {
        n += (ngx_http_promotions_batch_result(batch, i)->state
              != PM_RESULT_NONE);
    }

    ngx_promotions_args_number(args, n);

    for (i = 0; i < batch->n; i++) {
        result = ngx_http_promotions_batch_result(batch, i);

        if (result->state == PM_RESULT_NONE) {
            continue;
        }

        ngx_promotions_args_string(args, batch->promotions[i].id);
        ngx_promotions_args_number(args, batch->takes[i]);

        switch (result->state) {

        case PM_RESULT_LANDED:
            ngx_promotions_args_string(args,
                              ngx_http_promotions_batch_pull_state(result));
            ngx_promotions_args_number(args, NGX_HTTP_OK);
            ngx_promotions_args_string(args, "");
            break;

        case PM_RESULT_FAILED:
            ngx_promotions_args_string(args, "FAILED");
            ngx_promotions_args_number(args,
                             ngx_http_promotions_status(result->error.code));
            ngx_promotions_args_string(args, result->error.message);
            break;

        case PM_RESULT_PENDING:
            ngx_promotions_args_string(args, "PENDING");
            ngx_promotions_args_number(args,
                             ngx_http_promotions_status(result->error.code));
            ngx_promotions_args_string(args, result->error.message);
            break;

        default: /* PM_RESULT_UNKNOWN */
            ngx_promotions_args_string(args, "UNKNOWN");
            ngx_promotions_args_string(args, "");
            ngx_promotions_args_string(args, result->error.message);
            break;
        }

        ngx_promotions_args_string(args, result->commit);
        ngx_promotions_args_string(args, result->digest);
        ngx_http_promotions_batch_pull(args, result);

        ngx_promotions_args_string(args, result->error.name);
        ngx_promotions_args_string(args, result->error.subject);

        if (result->state == PM_RESULT_LANDED) {
            ngx_http_promotions_batch_audit(batch, i, result, args);
        } else {
            ngx_http_promotions_audit_block(args, NULL, 0);
        }
    }

    return ngx_http_promotions_batch_open(batch);
}


void
ngx_http_promotions_batch_answer(const ngx_http_promotions_batch_t *batch,
    redisReply *reply, ngx_uint_t last)
{
    size_t                       i;
    ngx_str_t                    name;
    ngx_uint_t                   status;
    const char                  *id, *message, *commit;
    const pm_result_t           *result;
    ngx_http_promotions_pull_t   pull;

    for (i = 0; i < batch->n; i++) {
        id = batch->promotions[i].id;
        result = ngx_http_promotions_batch_result(batch, i);

        if (!ngx_http_promotions_batch_final(result) && !last) {
            continue;
        }

        if (result->state == PM_RESULT_PENDING) {

            /* it is Redis that tells of it from now on */

            ngx_http_promotions_wait_pushing(id, 0);
            continue;
        }

        if (result->state == PM_RESULT_FAILED
            && ngx_http_promotions_batch_listed(reply, id))
        {
            name.data = (u_char *) id;
            name.len = ngx_strlen(id);

            ngx_http_promotions_wait_pushing(id, 0);
            ngx_http_promotions_read_results(&name, 1);
            continue;
        }

        status = NGX_HTTP_OK;
        message = NULL;
        commit = NULL;

        if (result->state == PM_RESULT_LANDED) {
            commit = result->commit;

        } else if (result->state == PM_RESULT_FAILED) {
            status = ngx_http_promotions_status(result->error.code);
            message = result->error.message;

        } else {
            status = NGX_HTTP_GATEWAY_TIME_OUT;
            message = "the remote does not say whether the promotion has "
                      "landed: ask for it later by its Promotion-Id";
        }

        if (reply != NULL) {
            ngx_log_error(NGX_LOG_INFO, ngx_cycle->log, 0,
                          "promotion %s: %ui %s", id, status,
                          commit ? commit : message);
        }

        if (commit == NULL || result->pull == NULL) {
            ngx_http_promotions_answer(id, status, message, commit, NULL);

        } else if (ngx_http_promotions_batch_pull_answer(batch, result, &pull)
                   == NGX_OK)
        {
            ngx_http_promotions_answer(id, status, message, commit, &pull);
        }
    }
}


/* Whether it is among those that "settle" did not take. */

static ngx_uint_t
ngx_http_promotions_batch_listed(redisReply *reply, const char *id)
{
    size_t  i;

    if (reply == NULL || reply->type != REDIS_REPLY_ARRAY) {
        return 1;
    }

    for (i = 0; i < reply->elements; i++) {
        if (reply->element[i]->type == REDIS_REPLY_STRING
            && ngx_strcmp(reply->element[i]->str, id) == 0)
        {
            return 1;
        }
    }

    return 0;
}


/*
 * In a thread: closing a connection may mean waiting for a child process to
 * end.  Where no job can be posted there is none to delay either: a worker at
 * its end, or without memory.
 */

void
ngx_http_promotions_batch_free(ngx_http_promotions_batch_t *batch)
{
    ngx_http_promotions_batch_t  *garbage;

    garbage = NULL;

    if (!ngx_http_promotions_batch_empty(batch)
        && !ngx_http_promotions_worker.ending)
    {
        garbage = ngx_alloc(sizeof(ngx_http_promotions_batch_t),
                            ngx_cycle->log);
    }

    if (garbage != NULL) {
        *garbage = *batch;

        if (ngx_http_promotions_job_post(ngx_http_promotions_worker.pmcf,
                                         ngx_http_promotions_batch_close,
                                         ngx_http_promotions_batch_closed,
                                         garbage)
            != NGX_OK)
        {
            ngx_free(garbage);
            garbage = NULL;
        }
    }

    if (garbage == NULL) {
        ngx_http_promotions_batch_close(batch);
    }

    ngx_memzero(batch, sizeof(ngx_http_promotions_batch_t));
}


static void
ngx_http_promotions_batch_close(void *data)
{
    ngx_http_promotions_batch_t  *batch = data;

    ngx_http_promotions_batch_destroy(batch);
    pm_arena_destroy(batch->arena);
}


static void
ngx_http_promotions_batch_closed(void *data)
{
    ngx_free(data);
}
