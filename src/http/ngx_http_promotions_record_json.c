#include "http/ngx_http_promotions_record.h"


/* A field of the hash, and what it is called in the answer. */

typedef struct {
    const char  *field;
    const char  *name;
} ngx_http_promotions_record_name_t;


static void ngx_http_promotions_record_input(json_t *json, json_t *input);
static void ngx_http_promotions_record_result(json_t *json,
    redisReply *fields);
static json_t *ngx_http_promotions_record_version(redisReply *fields);
static void ngx_http_promotions_record_pull(json_t *json, redisReply *fields);
static json_t *ngx_http_promotions_record_timeline(redisReply *fields);
static void ngx_http_promotions_record_set(json_t *json, const char *name,
    const char *value);


/* In the order of a promotion's life. */

static const ngx_http_promotions_record_name_t
    ngx_http_promotions_record_times[] =
{
    { "created_at", "queued" },
    { "taken_at", "taken" },
    { "planned_at", "planned" },
    { "pushed_at", "pushed" },
    { "settled_at", "settled" },
    { "closed_at", "closed" },
    { "reopened_at", "reopened" },
    { "merged_at", "merged" },
    { NULL, NULL }
};


json_t *
ngx_http_promotions_record_json(const ngx_str_t *id, redisReply *fields)
{
    json_t      *json, *input;
    const char  *text;

    json = json_object();
    text = ngx_http_promotions_record_field(fields, "input");
    input = (text != NULL) ? json_loads(text, 0, NULL) : NULL;

    if (json == NULL || input == NULL) {
        json_decref(json);
        json_decref(input);
        return NULL;
    }

    (void) json_object_set_new(json, "id",
                               json_stringn((char *) id->data, id->len));
    ngx_http_promotions_record_set(json, "kind",
                         ngx_http_promotions_record_field(fields, "kind"));
    ngx_http_promotions_record_set(json, "state",
                         ngx_http_promotions_record_field(fields, "state"));

    ngx_http_promotions_record_input(json, input);
    json_decref(input);

    ngx_http_promotions_record_set(json, "key",
                         ngx_http_promotions_record_field(fields, "key"));

    ngx_http_promotions_record_result(json, fields);
    ngx_http_promotions_record_pull(json, fields);

    (void) json_object_set_new(json, "timeline",
                               ngx_http_promotions_record_timeline(fields));

    return json;
}


/* What was asked for. */

static void
ngx_http_promotions_record_input(json_t *json, json_t *input)
{
    json_t  *place, *author;

    (void) json_object_set(json, "srcAppId",
                           json_object_get(input, "source"));
    (void) json_object_set(json, "destAppId",
                           json_object_get(input, "destination"));
    (void) json_object_set(json, "sourceEnvironment",
                           json_object_get(input, "sourceEnvironment"));
    (void) json_object_set(json, "targetEnvironment",
                           json_object_get(input, "destinationEnvironment"));
    (void) json_object_set(json, "product", json_object_get(input, "product"));
    (void) json_object_set(json, "override",
                           json_object_get(input, "overridden"));
    (void) json_object_set(json, "group", json_object_get(input, "group"));
    (void) json_object_set(json, "reverts",
                           json_object_get(input, "revertCommit"));
    (void) json_object_set(json, "message", json_object_get(input, "message"));
    (void) json_object_set(json, "description",
                           json_object_get(input, "description"));

    place = json_object_get(json_array_get(json_object_get(input, "parts"), 0),
                            "destination");

    (void) json_object_set(json, "repo",
                           json_object_get(place, "repository"));
    (void) json_object_set(json, "branchName",
                           json_object_get(place, "branch"));

    author = json_sprintf("%s <%s>",
                 json_string_value(json_object_get(input, "authorName")),
                 json_string_value(json_object_get(input, "authorEmail")));

    (void) json_object_set_new(json, "author", author);
}


/* What became of it, as far as is known. */

static void
ngx_http_promotions_record_result(json_t *json, redisReply *fields)
{
    const char  *text;

    text = ngx_http_promotions_record_field(fields, "batch_size");

    if (text != NULL) {
        (void) json_object_set_new(json, "batchSize",
                                   json_integer(atoi(text)));
    }

    text = ngx_http_promotions_record_field(fields, "status");

    if (text != NULL) {
        (void) json_object_set_new(json, "statusCode",
                                   json_integer(atoi(text)));
    }

    text = ngx_http_promotions_record_field(fields, "message");

    if (text != NULL && *text != '\0') {
        ngx_http_promotions_record_set(json, "error", text);
    }

    text = ngx_http_promotions_record_field(fields, "commit");

    if (text != NULL && *text != '\0') {
        ngx_http_promotions_record_set(json, "COMMIT_SHA", text);
    }

    text = ngx_http_promotions_record_field(fields, "digest");

    if (text != NULL && *text != '\0') {
        ngx_http_promotions_record_set(json, "digest", text);
    }

    (void) json_object_set_new(json, "version",
                               ngx_http_promotions_record_version(fields));
}


/* What it brought to the destination; NULL: not known, or none. */

static json_t *
ngx_http_promotions_record_version(redisReply *fields)
{
    const char  *from, *to;

    from = ngx_http_promotions_record_field(fields, "version_from");
    to = ngx_http_promotions_record_field(fields, "version_to");

    if (from == NULL || to == NULL) {
        return NULL;
    }

    return json_pack("{s:s?, s:s?}", "from", *from ? from : NULL,
                     "to", *to ? to : NULL);
}


/* Of a pull request: where it is, and what has become of it. */

static void
ngx_http_promotions_record_pull(json_t *json, redisReply *fields)
{
    ngx_uint_t   i;
    const char  *text;

    static const ngx_http_promotions_record_name_t  names[] = {
        { "pull_url", "PULL_REQUEST_URL" },
        { "state", "PULL_REQUEST_STATE" },
        { "pull_head", "PULL_REQUEST_HEAD" },
        { "pull_base", "PULL_REQUEST_BASE" },
        { "pull_merge_commit", "MERGE_COMMIT_SHA" },
        { "pull_notes", "notes" },
        { NULL, NULL }
    };

    text = ngx_http_promotions_record_field(fields, "pull_number");

    if (text != NULL) {
        (void) json_object_set_new(json, "PULL_REQUEST_ID",
                               json_integer((json_int_t) strtoll(text, NULL,
                                                                 10)));
    }

    for (i = 0; names[i].field; i++) {

        /* before it is there, the state is none of a pull request's */

        if (text == NULL && ngx_strcmp(names[i].field, "state") == 0) {
            continue;
        }

        if (ngx_http_promotions_record_field(fields, names[i].field) != NULL
            && *ngx_http_promotions_record_field(fields, names[i].field)
               != '\0')
        {
            ngx_http_promotions_record_set(json, names[i].name,
                ngx_http_promotions_record_field(fields, names[i].field));
        }
    }
}


static json_t *
ngx_http_promotions_record_timeline(redisReply *fields)
{
    json_t                                   *timeline;
    const char                               *text;
    const ngx_http_promotions_record_name_t  *time;

    timeline = json_array();

    for (time = ngx_http_promotions_record_times; time->field; time++) {

        text = ngx_http_promotions_record_field(fields, time->field);

        if (text != NULL) {
            (void) json_array_append_new(timeline, json_pack("{s:s, s:o}",
                                "state", time->name, "at",
                                ngx_http_promotions_record_time(text)));
        }
    }

    return timeline;
}


json_t *
ngx_http_promotions_record_time(const char *milliseconds)
{
    int64_t   ms;
    ngx_tm_t  tm;

    ms = strtoll(milliseconds, NULL, 10);

    ngx_gmtime((time_t) (ms / 1000), &tm);

    return json_sprintf("%04d-%02d-%02dT%02d:%02d:%02d.%03dZ",
                        tm.ngx_tm_year, tm.ngx_tm_mon, tm.ngx_tm_mday,
                        tm.ngx_tm_hour, tm.ngx_tm_min, tm.ngx_tm_sec,
                        (int) (ms % 1000));
}


static void
ngx_http_promotions_record_set(json_t *json, const char *name,
    const char *value)
{
    (void) json_object_set_new(json, name, json_string(value ? value : ""));
}


const char *
ngx_http_promotions_record_field(redisReply *fields, const char *name)
{
    size_t  i;

    if (fields->type != REDIS_REPLY_ARRAY) {
        return NULL;
    }

    for (i = 0; i + 1 < fields->elements; i += 2) {

        if (fields->element[i]->type == REDIS_REPLY_STRING
            && fields->element[i + 1]->type == REDIS_REPLY_STRING
            && ngx_strcmp(fields->element[i]->str, name) == 0)
        {
            return fields->element[i + 1]->str;
        }
    }

    return NULL;
}
