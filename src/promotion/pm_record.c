#include "promotion/pm_record.h"
#include "promotion/pm_record_pull.h"
#include "promotion/pm_record_part.h"
#include "promotion/pm_record_template.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>


/* A text field of the record and where it is in pm_promotion_t. */

typedef struct {
    const char  *name;
    size_t       offset;
    int          required;
} pm_record_field_t;


static const pm_record_field_t  pm_record_fields[] = {
    { "group", offsetof(pm_promotion_t, group), 0 },
    { "sourceEnvironment", offsetof(pm_promotion_t, source_environment), 0 },
    { "destinationEnvironment",
      offsetof(pm_promotion_t, destination_environment), 0 },
    { "destinationEnvironmentId",
      offsetof(pm_promotion_t, destination_environment_id), 0 },
    { "destinationOrganization",
      offsetof(pm_promotion_t, destination_organization), 0 },
    { "product", offsetof(pm_promotion_t, product), 0 },
    { "overridden", offsetof(pm_promotion_t, overridden), 0 },
    { "message", offsetof(pm_promotion_t, message), 1 },
    { "description", offsetof(pm_promotion_t, description), 0 },
    { "sourceCommit", offsetof(pm_promotion_t, source_commit), 0 },
    { "expectedDigest", offsetof(pm_promotion_t, expected_digest), 0 },
    { "revertCommit", offsetof(pm_promotion_t, revert_commit), 0 },
    { "revertDigest", offsetof(pm_promotion_t, revert_digest), 0 },
    { "authorName", offsetof(pm_promotion_t, author_name), 1 },
    { "authorEmail", offsetof(pm_promotion_t, author_email), 1 },
    { "keyName", offsetof(pm_promotion_t, key_name), 1 },
    { "keyId", offsetof(pm_promotion_t, key_id), 0 },
    { "requesterName", offsetof(pm_promotion_t, requester_name), 0 },
    { "requesterEmail", offsetof(pm_promotion_t, requester_email), 0 },
    { "reason", offsetof(pm_promotion_t, reason), 0 },
    { NULL, 0, 0 }
};


static json_t *
pm_record_application_json(const pm_application_id_t *id)
{
    return json_pack("{s:s, s:s, s:s}", "runtime", id->runtime,
                     "namespace", id->namespace, "name", id->name);
}


static json_t *
pm_record_api_json(const pm_promotion_api_t *api)
{
    return json_pack("{s:s, s:s*, s:s*, s:b, s:b, s:b}",
                     "id", api->id,
                     "file", api->file,
                     "last", api->last,
                     "mayCreate", (int) api->may_create,
                     "mayUpdate", (int) api->may_update,
                     "allowV4", (int) api->allow_v4);
}


static json_t *
pm_record_json(const pm_promotion_t *promotion)
{
    size_t                    i;
    json_t                   *json, *parts;
    const char               *value;
    const pm_record_field_t  *field;

    parts = json_array();

    for (i = 0; i < promotion->nparts; i++) {
        if (json_array_append_new(parts,
                                  pm_record_part_json(&promotion->parts[i]))
            != 0)
        {
            json_decref(parts);
            return NULL;
        }
    }

    json = json_pack("{s:o, s:o, s:o}",
                     "source", pm_record_application_json(&promotion->source),
                     "destination",
                     pm_record_application_json(&promotion->destination),
                     "parts", parts);

    if (json != NULL && promotion->template != NULL
        && json_object_set_new(json, "template",
                               pm_record_template_json(promotion->template))
           != 0)
    {
        json_decref(json);
        return NULL;
    }

    if (json != NULL && promotion->kind == PM_PROMOTION_PULL_REQUEST
        && json_object_set_new(json, "pullRequest",
                               pm_record_pull_json(promotion->pull))
           != 0)
    {
        json_decref(json);
        return NULL;
    }

    if (json != NULL && promotion->api != NULL
        && json_object_set_new(json, "api",
                               pm_record_api_json(promotion->api))
           != 0)
    {
        json_decref(json);
        return NULL;
    }

    for (field = pm_record_fields; json && field->name; field++) {
        value = *(const char *const *) ((const char *) promotion
                                        + field->offset);

        if (value != NULL
            && json_object_set_new(json, field->name, json_string(value)) != 0)
        {
            json_decref(json);
            return NULL;
        }
    }

    return json;
}


int
pm_record_encode(pm_arena_t *arena, const pm_promotion_t *promotion,
    pm_string_t *text, pm_error_t *err)
{
    char    *dump;
    json_t  *json;

    json = pm_record_json(promotion);
    dump = (json != NULL) ? json_dumps(json, JSON_COMPACT) : NULL;
    json_decref(json);

    if (dump == NULL) {
        return pm_error_memory(err);
    }

    text->len = strlen(dump);
    text->data = pm_arena_strndup(arena, dump, text->len);

    free(dump);

    return text->data != NULL ? 0 : pm_error_memory(err);
}


/* A member that is a text, copied; NULL: none, or no memory. */

static const char *
pm_record_text(pm_arena_t *arena, const json_t *json, const char *name)
{
    const char  *value;

    value = json_string_value(json_object_get(json, name));

    return value != NULL ? pm_arena_strdup(arena, value) : NULL;
}


static int
pm_record_application(pm_arena_t *arena, const json_t *json,
    pm_application_id_t *id)
{
    id->runtime = pm_record_text(arena, json, "runtime");
    id->namespace = pm_record_text(arena, json, "namespace");
    id->name = pm_record_text(arena, json, "name");

    return id->runtime != NULL && id->namespace != NULL && id->name != NULL;
}


static int
pm_record_parts(pm_arena_t *arena, const json_t *json,
    pm_promotion_t *promotion, pm_error_t *err)
{
    int      rc;
    size_t   i;
    json_t  *part;

    promotion->nparts = json_array_size(json);

    if (promotion->nparts == 0 || promotion->nparts > PM_PROMOTION_PARTS) {
        return pm_error_set(err, PM_INTERNAL,
                            "the record has no parts, or too many");
    }

    promotion->parts = pm_arena_zalloc(arena, promotion->nparts
                                              * sizeof(pm_part_t));
    if (promotion->parts == NULL) {
        return pm_error_memory(err);
    }

    json_array_foreach(json, i, part) {
        rc = pm_record_part(arena, part, &promotion->parts[i], err);
        if (rc != 0) {
            return rc;
        }
    }

    return 0;
}


static int
pm_record_api(pm_arena_t *arena, const json_t *json,
    pm_promotion_t *promotion, pm_error_t *err)
{
    pm_promotion_api_t  *api;

    api = pm_arena_zalloc(arena, sizeof(pm_promotion_api_t));
    if (api == NULL) {
        return pm_error_memory(err);
    }

    api->id = pm_record_text(arena, json, "id");
    api->file = pm_record_text(arena, json, "file");
    api->last = pm_record_text(arena, json, "last");
    api->may_create = json_is_true(json_object_get(json, "mayCreate"));
    api->may_update = json_is_true(json_object_get(json, "mayUpdate"));
    api->allow_v4 = json_is_true(json_object_get(json, "allowV4"));

    promotion->api = api;

    if (api->id == NULL) {
        return pm_error_set(err, PM_INTERNAL, "the record names no API");
    }

    return 0;
}


static int
pm_record_read(pm_arena_t *arena, const json_t *json,
    pm_promotion_t *promotion, pm_error_t *err)
{
    int                        rc;
    json_t                    *template, *pull, *api;
    const char                *value;
    const pm_record_field_t   *field;

    if (!pm_record_application(arena, json_object_get(json, "source"),
                               &promotion->source)
        || !pm_record_application(arena, json_object_get(json, "destination"),
                                  &promotion->destination))
    {
        return pm_error_set(err, PM_INTERNAL,
                            "the record names no application");
    }

    for (field = pm_record_fields; field->name; field++) {
        value = pm_record_text(arena, json, field->name);

        if (value == NULL && field->required) {
            return pm_error_set(err, PM_INTERNAL, "the record has no %s",
                                field->name);
        }

        *(const char **) ((char *) promotion + field->offset) = value;
    }

    template = json_object_get(json, "template");

    if (template != NULL) {
        rc = pm_record_template(arena, template, &promotion->template, err);
        if (rc != 0) {
            return rc;
        }
    }

    pull = json_object_get(json, "pullRequest");

    if (pull != NULL) {
        promotion->kind = PM_PROMOTION_PULL_REQUEST;

        rc = pm_record_pull(arena, pull, &promotion->pull, err);
        if (rc != 0) {
            return rc;
        }
    }

    api = json_object_get(json, "api");

    if (api != NULL) {
        rc = pm_record_api(arena, api, promotion, err);
        if (rc != 0) {
            return rc;
        }
    }

    return pm_record_parts(arena, json_object_get(json, "parts"), promotion,
                           err);
}


int
pm_record_decode(pm_arena_t *arena, const char *id, const char *text,
    size_t len, pm_promotion_t *promotion, pm_error_t *err)
{
    int            rc;
    json_t        *json;
    json_error_t   fault;

    memset(promotion, 0, sizeof(pm_promotion_t));

    json = json_loadb(text, len, JSON_REJECT_DUPLICATES, &fault);

    if (json == NULL) {
        return pm_error_set(err, PM_INTERNAL, "the record of promotion %s "
                            "cannot be read: %s", id, fault.text);
    }

    promotion->id = pm_arena_strdup(arena, id);

    rc = (promotion->id != NULL)
         ? pm_record_read(arena, json, promotion, err) : pm_error_memory(err);

    json_decref(json);

    return rc;
}
