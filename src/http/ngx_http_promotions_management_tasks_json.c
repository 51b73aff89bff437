#include "http/ngx_http_promotions_management.h"
#include "http/ngx_http_promotions_record.h"


static json_t *ngx_http_promotions_tasks_list(const char *text);
static json_t *ngx_http_promotions_tasks_texts(const char **texts, size_t n);


json_t *
ngx_http_promotions_tasks_json(redisReply *fields, const char *id)
{
    json_t      *json, *data;
    ngx_uint_t   i, api;
    const char  *text, *created;

    static const struct {
        const char  *field;
        const char  *name;
    } names[] = {
        { "api_name", "apiName" },
        { "api_id", "apiId" },
        { "source_title", "sourceEnvironmentName" },
        { "target_title", "targetEnvironmentName" },
        { "author", "authorDisplayName" },
        { "author_email", "authorEmail" },
        { "comment", "comment" },
        { "digest", "digest" },
        { "message", "error" }
    };

    text = ngx_http_promotions_record_field(fields, "subject");
    created = ngx_http_promotions_record_field(fields, "created_at");
    api = (text != NULL && ngx_strcmp(text, "api") == 0);

    data = json_pack("{s:s}", "promotionId", id);

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        text = ngx_http_promotions_record_field(fields, names[i].field);

        if (text != NULL && *text) {
            (void) json_object_set_new(data, names[i].name,
                                       json_string(text));
        }
    }

    if (!api) {
        (void) json_object_set_new(data, "srcAppId",
            ngx_http_promotions_review_application(
                ngx_http_promotions_record_field(fields, "source")));
        (void) json_object_set_new(data, "destAppId",
            ngx_http_promotions_review_application(
                ngx_http_promotions_record_field(fields, "destination")));
    }

    text = ngx_http_promotions_record_field(fields, "update");

    (void) json_object_set_new(data, "isApiUpdate",
                               json_boolean(text != NULL && *text == '1'));
    (void) json_object_set(data, "wasUpdate",
                           json_object_get(data, "isApiUpdate"));
    (void) json_object_set_new(data, "sourceMoved", json_null());
    (void) json_object_set_new(data, "conflicts",
        ngx_http_promotions_tasks_list(
            ngx_http_promotions_record_field(fields, "conflicts")));
    (void) json_object_set_new(data, "notes",
        ngx_http_promotions_tasks_list(
            ngx_http_promotions_record_field(fields, "notes")));

    json = json_pack("{s:s, s:I, s:o}",
                     "type", api ? "PROMOTION_APPROVAL"
                                 : "APPLICATION_PROMOTION",
                     "created_at",
                     (json_int_t) strtoll(created ? created : "0", NULL, 10),
                     "data", data);

    return json;
}


static json_t *
ngx_http_promotions_tasks_list(const char *text)
{
    json_t  *list;

    list = (text != NULL && *text) ? json_loads(text, 0, NULL) : NULL;

    return list ? list : json_array();
}


void
ngx_http_promotions_tasks_now(json_t *data,
    const ngx_http_promotions_view_t *view)
{
    const char  *message, *digest;

    if (!view->looked) {
        return;
    }

    if (view->rc != 0 && view->rc != PM_NO_CHANGES) {
        message = view->error.message;

        (void) json_object_set_new(data, "conflicts",
                   ngx_http_promotions_tasks_texts(&message, 1));
        return;
    }

    (void) json_object_set_new(data, "sourceMoved",
                               json_boolean(view->look.moved));

    if (view->rc == PM_NO_CHANGES) {
        message = view->error.message;

        (void) json_object_set_new(data, "conflicts",
                   ngx_http_promotions_tasks_texts(&message, 1));
    } else {
        (void) json_object_set_new(data, "conflicts",
                   ngx_http_promotions_tasks_texts(view->look.conflicts,
                                                   view->look.nconflicts));
    }

    digest = json_string_value(json_object_get(data, "digest"));

    (void) json_object_set_new(data, "targetMoved",
               json_boolean(digest == NULL
                            || ngx_strcmp(view->look.digest, digest) != 0));

    if (view->promotion.api != NULL) {
        (void) json_object_set_new(data, "isApiUpdate",
                                   json_boolean(view->look.update));
        (void) json_object_set_new(data, "notes",
                   ngx_http_promotions_tasks_texts(view->look.notes,
                                                   view->look.nnotes));
    }

    if (view->promotion.api != NULL && view->look.update) {
        (void) json_object_set_new(data, "targetApiId",
                                   json_string(view->look.target_api));
    }
}


static json_t *
ngx_http_promotions_tasks_texts(const char **texts, size_t n)
{
    size_t   i;
    json_t  *list;

    list = json_array();

    for (i = 0; i < n; i++) {
        (void) json_array_append_new(list, json_string(texts[i]));
    }

    return list;
}
