#include "http/ngx_http_promotions_batch.h"

#include <jansson.h>


static const char *ngx_http_promotions_batch_text(pm_arena_t *arena,
    redisReply *reply, ngx_uint_t at);
static void ngx_http_promotions_batch_json(ngx_promotions_args_t *args,
    json_t *json);


void
ngx_http_promotions_batch_committed(pm_arena_t *arena, redisReply *reply,
    ngx_uint_t at, pm_pull_committed_t *committed)
{
    committed->commit = ngx_http_promotions_batch_text(arena, reply, at);
    committed->head = ngx_http_promotions_batch_text(arena, reply, at + 1);
    committed->base = ngx_http_promotions_batch_text(arena, reply, at + 2);
    committed->body = ngx_http_promotions_batch_text(arena, reply, at + 3);
    committed->author = ngx_http_promotions_batch_text(arena, reply, at + 7);
    committed->message = ngx_http_promotions_batch_text(arena, reply, at + 8);
}


/* NULL where it is empty. */

static const char *
ngx_http_promotions_batch_text(pm_arena_t *arena, redisReply *reply,
    ngx_uint_t at)
{
    ngx_str_t  text;

    text = ngx_promotions_reply_text(reply, at);

    if (text.len == 0) {
        return NULL;
    }

    return pm_arena_strndup(arena, (char *) text.data, text.len);
}


void
ngx_http_promotions_batch_opened(const ngx_http_promotions_batch_t *batch,
    ngx_msec_t pushed, ngx_promotions_args_t *args)
{
    size_t              i;
    const pm_result_t  *result;

    if (pushed) {
        ngx_promotions_args_number(args, ngx_current_msec - pushed);
    } else {
        ngx_promotions_args_string(args, "");
    }

    for (i = 0; i < batch->nread; i++) {
        result = ngx_http_promotions_batch_result(batch, i);

        if (result->state != PM_RESULT_COMMITTED) {
            continue;
        }

        ngx_promotions_args_string(args, batch->promotions[i].id);
        ngx_promotions_args_number(args, batch->takes[i]);
        ngx_promotions_args_string(args, result->commit);
        ngx_promotions_args_string(args, result->digest);
        ngx_promotions_args_string(args, result->pull->head);
        ngx_promotions_args_string(args, result->pull->base);
        ngx_promotions_args_string(args, result->pull->author);
        ngx_promotions_args_string(args, result->pull->message);
        ngx_promotions_args_string(args, result->pull->body);
    }
}


const char *
ngx_http_promotions_batch_pull_state(const pm_result_t *result)
{
    if (result->pull == NULL || *result->pull->state == '\0') {
        return "LANDED";
    }

    return result->pull->state;
}


void
ngx_http_promotions_batch_pull(ngx_promotions_args_t *args,
    const pm_result_t *result)
{
    json_t                  *json, *fields;
    const pm_pull_result_t  *pull;

    pull = result->pull;

    if (pull == NULL) {
        ngx_promotions_args_string(args, "");
        return;
    }

    fields = json_object();
    json = json_pack("{s:o}", "fields", fields);

    if (json == NULL) {
        args->failed = 1;
        return;
    }

    if (result->state == PM_RESULT_PENDING) {
        (void) json_object_set_new(json, "after",
                                   json_integer((json_int_t) pull->after
                                                * 1000));

    } else if (result->state == PM_RESULT_LANDED) {
        (void) json_object_set_new(json, "index",
                           json_sprintf("%s#%lld", pull->key,
                                        (long long) pull->number));
        (void) json_object_set_new(fields, "pull_number",
                           json_sprintf("%lld", (long long) pull->number));
        (void) json_object_set_new(fields, "pull_url",
                           json_string(pull->url ? pull->url : ""));
        (void) json_object_set_new(fields, "pull_head",
                                   json_string(pull->head));
        (void) json_object_set_new(fields, "pull_base",
                                   json_string(pull->base));
        (void) json_object_set_new(fields, "pull_merge_commit",
                           json_string(pull->merge_commit
                                       ? pull->merge_commit : ""));
        (void) json_object_set_new(fields, "pull_changed",
                           json_sprintf("%lld", (long long) pull->changed));
        (void) json_object_set_new(fields, "pull_notes",
                           json_string(pull->notes ? pull->notes : ""));
    }

    ngx_http_promotions_batch_json(args, json);
}


/* Takes the reference. */

static void
ngx_http_promotions_batch_json(ngx_promotions_args_t *args, json_t *json)
{
    u_char  *copy;
    char    *text;
    size_t   len;

    text = json_dumps(json, JSON_COMPACT);
    json_decref(json);

    len = (text != NULL) ? ngx_strlen(text) : 0;
    copy = ngx_pnalloc(args->pool, len + 1);

    if (text == NULL || copy == NULL) {
        args->failed = 1;

    } else {
        ngx_memcpy(copy, text, len);
        ngx_promotions_args_add(args, copy, len);
    }

    free(text);
}


ngx_int_t
ngx_http_promotions_batch_pull_answer(
    const ngx_http_promotions_batch_t *batch, const pm_result_t *result,
    ngx_http_promotions_pull_t *pull)
{
    const pm_pull_result_t  *from;

    from = result->pull;

    pull->number = pm_arena_printf(batch->arena, "%lld",
                                   (long long) from->number);
    pull->url = from->url ? from->url : "";
    pull->head = from->head;
    pull->base = from->base;
    pull->author = from->author ? from->author : "";
    pull->message = from->message ? from->message : "";
    pull->state = from->state;

    return (pull->number != NULL) ? NGX_OK : NGX_ERROR;
}
