#include "tool/pm_tool_entry.h"
#include "base/pm_buffer.h"

#include <string.h>


/* The state is one of these, and a constant. */

static const char  pm_tool_active[] = "active";
static const char  pm_tool_expired[] = "expired";
static const char  pm_tool_disabled[] = "disabled";
static const char  pm_tool_faulty[] = "faulty";


static const char *
pm_tool_entry_fault(pm_tool_t *tool, pm_tool_entry_t *entry,
    const char *fault)
{
    entry->fault = pm_tool_escape(tool->arena, pm_tool_string(fault),
                                  PM_ERROR_SIZE);
    entry->created_at = -1;
    entry->expires_at = -1;
    entry->disabled = -1;

    return pm_tool_faulty;
}


/* What the module would make of the record.  NULL: no memory. */

static const char *
pm_tool_entry_state(pm_tool_t *tool, pm_tool_entry_t *entry)
{
    int                    rc;
    size_t                 i, n;
    pm_error_t             fault;
    pm_string_t            fields[2 * PM_STORE_KEY_FIELDS];
    pm_store_key_record_t  record;

    for (i = 0, n = 0; i < PM_STORE_KEY_FIELDS; i++) {
        if (entry->values[i].data != NULL) {
            fields[n++] = pm_tool_string(pm_store_key_fields[i]);
            fields[n++] = entry->values[i];
        }
    }

    if (n == 0) {
        return pm_tool_entry_fault(tool, entry, "the record is no hash");
    }

    if (!pm_store_key_id_valid(entry->id.data, entry->id.len)) {
        return pm_tool_entry_fault(tool, entry, "the id must be 1 to 64 "
                                   "letters, digits, \"_\" or \"-\"");
    }

    rc = pm_store_key_record_read(tool->arena, entry->id, fields, n, &record,
                                  &fault);

    if (rc == PM_UNAVAILABLE) {
        return NULL;
    }

    if (rc != 0) {
        return pm_tool_entry_fault(tool, entry, fault.message);
    }

    entry->created_at = record.created_at;
    entry->expires_at = record.expires_at;
    entry->disabled = record.disabled;

    if (record.disabled) {
        return pm_tool_disabled;
    }

    return record.expires_at != 0 && tool->now >= record.expires_at
           ? pm_tool_expired : pm_tool_active;
}


/* What a missing or empty value stands for (interface.md, 3). */

static int
pm_tool_entry_defaults(pm_tool_t *tool, pm_string_t id, pm_string_t *values)
{
    pm_string_t  *name, *author, *email;

    name = &values[PM_STORE_KEY_FIELD_NAME];
    author = &values[PM_STORE_KEY_FIELD_AUTHOR_NAME];
    email = &values[PM_STORE_KEY_FIELD_AUTHOR_EMAIL];

    *name = name->len > 0 ? *name : id;
    *author = author->len > 0 ? *author : *name;

    if (email->len == 0) {
        email->data = pm_arena_printf(tool->arena, "%.*s@localhost",
                                      (int) (id.len < 256 ? id.len : 256),
                                      id.data);
        if (email->data == NULL) {
            return -1;
        }

        email->len = strlen(email->data);
    }

    return 0;
}


static const char *
pm_tool_entry_time(pm_tool_t *tool, int64_t seconds, pm_string_t raw,
    const char *zero, size_t max)
{
    char  text[PM_TOOL_TIME_SIZE];

    if (seconds == -1) {
        return raw.data != NULL ? pm_tool_escape(tool->arena, raw, max)
                                : zero;
    }

    if (seconds == 0) {
        return zero;
    }

    pm_tool_time_format(text, seconds);

    return pm_arena_strdup(tool->arena, text);
}


static int
pm_tool_entry_cells(pm_tool_t *tool, pm_tool_entry_t *entry, size_t max)
{
    size_t        i;
    const char   *author, *email;
    pm_string_t  *values;

    values = entry->values;

    if (pm_tool_entry_defaults(tool, entry->id, values) != 0) {
        return -1;
    }

    author = pm_tool_escape(tool->arena,
                            values[PM_STORE_KEY_FIELD_AUTHOR_NAME], max);
    email = pm_tool_escape(tool->arena,
                           values[PM_STORE_KEY_FIELD_AUTHOR_EMAIL], max);

    if (author == NULL || email == NULL) {
        return -1;
    }

    entry->cells[0] = pm_tool_escape(tool->arena, entry->id, max);
    entry->cells[2] = pm_tool_escape(tool->arena,
                                     values[PM_STORE_KEY_FIELD_NAME], max);
    entry->cells[3] = pm_arena_printf(tool->arena, "%s <%s>", author, email);
    entry->cells[4] = pm_tool_entry_time(tool, entry->created_at,
                                         values[PM_STORE_KEY_FIELD_CREATED_AT],
                                         "unknown", max);
    entry->cells[5] = pm_tool_entry_time(tool, entry->expires_at,
                                         values[PM_STORE_KEY_FIELD_EXPIRES_AT],
                                         "never", max);
    entry->cells[6] = pm_tool_escape(tool->arena,
                                     values[PM_STORE_KEY_FIELD_GRANTS], max);

    for (i = 0; i < PM_TOOL_CELLS; i++) {
        if (entry->cells[i] == NULL) {
            return -1;
        }
    }

    return 0;
}


/*
 * Copies the values.  *found is 0 where there is no record: none of the
 * fields is set.
 */

static int
pm_tool_entry_values(pm_tool_t *tool, redisReply *reply,
    pm_tool_entry_t *entry, int *found, pm_error_t *err)
{
    size_t        i;
    redisReply   *value;
    pm_string_t  *copy;

    if (reply->elements != PM_STORE_KEY_FIELDS) {
        return pm_error_set(err, PM_REMOTE, "Redis answered HMGET with "
                            "another number of values");
    }

    *found = 0;

    for (i = 0; i < PM_STORE_KEY_FIELDS; i++) {
        value = reply->element[i];
        copy = &entry->values[i];

        if (value->type == REDIS_REPLY_NIL) {
            continue;
        }

        if (value->type != REDIS_REPLY_STRING) {
            return pm_error_set(err, PM_REMOTE, "Redis answered HMGET with "
                                "something else than strings");
        }

        copy->len = value->len;
        copy->data = pm_arena_strndup(tool->arena, value->str, value->len);

        if (copy->data == NULL) {
            return pm_error_memory(err);
        }

        *found = 1;
    }

    return 0;
}


/* Asks for the fields by name: a record of strange size costs no more. */

static int
pm_tool_entry_fetch(pm_tool_t *tool, pm_tool_entry_t *entry, int *found,
    pm_error_t *err)
{
    int          rc;
    size_t       i;
    pm_buffer_t  key = { 0 };
    redisReply  *reply;
    pm_string_t  argv[2 + PM_STORE_KEY_FIELDS];

    /* an id that was found in Redis may hold any byte */

    pm_buffer_printf(&key, "%skey:", tool->prefix);
    pm_buffer_append(&key, entry->id.data, entry->id.len);

    argv[0] = pm_tool_string("HMGET");
    argv[1].data = pm_buffer_string(&key);
    argv[1].len = key.len;

    for (i = 0; i < PM_STORE_KEY_FIELDS; i++) {
        argv[2 + i] = pm_tool_string(pm_store_key_fields[i]);
    }

    rc = pm_store_redis_ask(tool->redis, argv, 2 + PM_STORE_KEY_FIELDS,
                            REDIS_REPLY_ARRAY, &reply, err);

    pm_buffer_free(&key);

    if (rc != 0) {
        return rc;
    }

    rc = pm_tool_entry_values(tool, reply, entry, found, err);

    pm_store_redis_free(reply);

    return rc;
}


int
pm_tool_entry_read(pm_tool_t *tool, pm_string_t id, size_t max,
    pm_tool_entry_t **entry, pm_error_t *err)
{
    int               rc, found;
    pm_tool_entry_t  *e;

    *entry = NULL;

    e = pm_arena_zalloc(tool->arena, sizeof(pm_tool_entry_t));
    if (e == NULL) {
        return pm_error_memory(err);
    }

    e->id = id;
    found = 0;

    rc = pm_tool_entry_fetch(tool, e, &found, err);

    if (rc == PM_REMOTE
        && strncmp(err->message, "Redis: WRONGTYPE", 16) == 0)
    {
        found = 1;
        rc = 0;
    }

    if (rc != 0 || !found) {
        return rc;
    }

    e->cells[1] = pm_tool_entry_state(tool, e);

    if (pm_tool_entry_cells(tool, e, max) != 0) {
        return pm_error_memory(err);
    }

    *entry = e;

    return 0;
}


/* JSON is UTF-8: what is not becomes U+FFFD.  No data: null. */

static json_t *
pm_tool_json_string(pm_string_t value)
{
    size_t        n;
    json_t       *json;
    pm_buffer_t   buffer = { 0 };

    if (value.data == NULL) {
        return json_null();
    }

    for ( ;; ) {
        n = pm_utf8_valid(value.data, value.len);
        pm_buffer_append(&buffer, value.data, n);

        if (n == value.len) {
            break;
        }

        pm_buffer_puts(&buffer, "\xef\xbf\xbd");

        value.data += n + 1;
        value.len -= n + 1;
    }

    json = pm_buffer_string(&buffer) != NULL
           ? json_stringn(buffer.data, buffer.len) : NULL;

    pm_buffer_free(&buffer);

    return json;
}


/* -1 is what could not be read: null. */

static json_t *
pm_tool_json_number(int64_t number)
{
    return number == -1 ? json_null() : json_integer(number);
}


json_t *
pm_tool_entry_json(pm_tool_t *tool, const pm_tool_entry_t *entry)
{
    size_t   i;
    json_t  *json, *value;

    json = json_object();
    if (json == NULL) {
        return NULL;
    }

    value = entry->disabled == -1 ? json_null()
                                  : json_boolean(entry->disabled);

    if (json_object_set_new(json, "id", pm_tool_json_string(entry->id)) != 0
        || json_object_set_new(json, "state", json_string(entry->cells[1]))
           != 0
        || json_object_set_new(json, "disabled", value) != 0
        || json_object_set_new(json, "created_at",
                               pm_tool_json_number(entry->created_at)) != 0
        || json_object_set_new(json, "expires_at",
                               pm_tool_json_number(entry->expires_at)) != 0)
    {
        goto failed;
    }

    for (i = PM_STORE_KEY_FIELD_NAME; i <= PM_STORE_KEY_FIELD_GRANTS; i++) {
        if (json_object_set_new(json, pm_store_key_fields[i],
                                pm_tool_json_string(entry->values[i])) != 0)
        {
            goto failed;
        }
    }

    if (entry->fault != NULL
        && json_object_set_new(json, "fault", json_string(entry->fault)) != 0)
    {
        goto failed;
    }

    return json;

failed:

    json_decref(json);

    return NULL;
}
