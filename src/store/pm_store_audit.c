#include "store/pm_store_audit.h"
#include "base/pm_hash.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>


#define PM_STORE_AUDIT_FORM  "promotions-audit 1\n"


const char *const  pm_store_audit_events[PM_STORE_AUDIT_EVENTS] = {
    "PROMOTION_CREATED",
    "PROMOTION_PROCESSED",
    "PROMOTION_CANCELLED",
    "PROMOTION_COMMITTED",
    "PULL_REQUEST_OPENED",
    "API_CREATED",
    "API_UPDATED",
    "ACCESS_DENIED",
    "KEY_CREATED",
    "KEY_REVOKED"
};


/* shared/audit.lua has the same names in the same order */

const char *const  pm_store_audit_fields[PM_STORE_AUDIT_FIELDS] = {
    "id",
    "referenceType",
    "referenceId",
    "organizationId",
    "environmentId",
    "user",
    "userName",
    "keyId",
    "createdAt",
    "event",
    "properties",
    "patch"
};


void
pm_store_audit_property(pm_store_audit_t *entry, const char *name,
    const char *value)
{
    size_t  i;

    if (value == NULL || *value == '\0') {
        return;
    }

    for (i = 0; i < PM_STORE_AUDIT_PROPERTIES; i++) {

        if (entry->properties[i].value == NULL) {
            entry->properties[i].name = name;
            entry->properties[i].value = value;
            return;
        }
    }
}


/* A copy that a line of a log and a JSON text can hold, at most max bytes. */

static const char *
pm_store_audit_text(pm_arena_t *arena, const char *text, size_t max)
{
    char           *copy;
    size_t          len, pos;
    unsigned char  *p;

    if (text == NULL) {
        return "";
    }

    len = strnlen(text, max + 1);

    if (len > max) {
        len = max;

        while (len > 0 && ((unsigned char) text[len] & 0xc0) == 0x80) {
            len--;
        }
    }

    copy = pm_arena_strndup(arena, text, len);
    if (copy == NULL) {
        return NULL;
    }

    for (p = (unsigned char *) copy; *p != '\0'; p++) {
        if (*p < 0x20 || *p == 0x7f) {
            *p = ' ';
        }
    }

    for (pos = pm_utf8_valid(copy, len);
         pos < len;
         pos += pm_utf8_valid(copy + pos, len - pos))
    {
        copy[pos++] = '?';
    }

    return copy;
}


/* An object of texts, in the order in which they were given; NULL: no
 * memory. */

static const char *
pm_store_audit_properties(pm_arena_t *arena, const pm_store_audit_t *entry,
    size_t omitted)
{
    char        *dump, number[sizeof("18446744073709551615")];
    size_t       i;
    json_t      *json;
    const char  *text, *value;

    json = json_object();

    for (i = 0; i < PM_STORE_AUDIT_PROPERTIES; i++) {

        if (entry->properties[i].value == NULL) {
            continue;
        }

        value = pm_store_audit_text(arena, entry->properties[i].value,
                                    PM_STORE_AUDIT_TEXT);

        if (value == NULL
            || json_object_set_new(json, entry->properties[i].name,
                                   json_string(value))
               != 0)
        {
            json_decref(json);
            return NULL;
        }
    }

    if (omitted) {
        (void) snprintf(number, sizeof(number), "%zu", omitted);

        if (json_object_set_new(json, "patchOmitted", json_string(number))
            != 0)
        {
            json_decref(json);
            return NULL;
        }
    }

    dump = json_dumps(json, JSON_COMPACT|JSON_PRESERVE_ORDER);
    json_decref(json);

    text = (dump != NULL) ? pm_arena_strdup(arena, dump) : NULL;
    free(dump);

    return text;
}


int
pm_store_audit_encode(pm_arena_t *arena, const pm_store_audit_t *entry,
    pm_string_t args[PM_STORE_AUDIT_ARGS], pm_error_t *err)
{
    char        *digest;
    size_t       i, size;
    const char  *texts[PM_STORE_AUDIT_FIELDS];

    size = (entry->patch != NULL) ? strlen(entry->patch) : 0;

    texts[PM_STORE_AUDIT_ID] = entry->id;
    texts[PM_STORE_AUDIT_REFERENCE_TYPE] = entry->reference_type;
    texts[PM_STORE_AUDIT_REFERENCE_ID] = entry->reference_id;
    texts[PM_STORE_AUDIT_ORGANIZATION] = entry->organization;
    texts[PM_STORE_AUDIT_ENVIRONMENT] = entry->environment;
    texts[PM_STORE_AUDIT_USER] = entry->user;
    texts[PM_STORE_AUDIT_USER_NAME] = entry->user_name;
    texts[PM_STORE_AUDIT_KEY] = entry->key;
    texts[PM_STORE_AUDIT_EVENT] = pm_store_audit_events[entry->event];

    for (i = 0; i < PM_STORE_AUDIT_PROPERTIES_JSON; i++) {
        if (i != PM_STORE_AUDIT_CREATED_AT) {
            texts[i] = pm_store_audit_text(arena, texts[i],
                                           PM_STORE_AUDIT_TEXT);
        }
    }

    texts[PM_STORE_AUDIT_CREATED_AT] = pm_arena_printf(arena, "%" PRId64,
                                                       entry->created_at);

    texts[PM_STORE_AUDIT_PROPERTIES_JSON] =
        pm_store_audit_properties(arena, entry,
                                  size > PM_STORE_AUDIT_PATCH ? size : 0);

    texts[PM_STORE_AUDIT_PATCH_JSON] =
        (size > PM_STORE_AUDIT_PATCH) ? ""
        : pm_store_audit_text(arena, entry->patch, PM_STORE_AUDIT_PATCH);

    for (i = 0; i < PM_STORE_AUDIT_FIELDS; i++) {
        if (texts[i] == NULL) {
            return pm_error_memory(err);
        }

        args[i].data = texts[i];
        args[i].len = strlen(texts[i]);
    }

    digest = pm_arena_alloc(arena, 2 * PM_SHA256_SIZE + 1);

    if (digest == NULL || pm_store_audit_digest(args, digest) != 0) {
        return pm_error_memory(err);
    }

    args[PM_STORE_AUDIT_FIELDS].data = digest;
    args[PM_STORE_AUDIT_FIELDS].len = 2 * PM_SHA256_SIZE;

    return 0;
}


int
pm_store_audit_digest(const pm_string_t values[PM_STORE_AUDIT_FIELDS],
    char text[65])
{
    int            n, rc;
    char           head[64];
    size_t         i;
    pm_hash_t     *hash;
    unsigned char  digest[PM_SHA256_SIZE];

    hash = pm_hash_create(PM_SHA256);
    if (hash == NULL) {
        return -1;
    }

    rc = pm_hash_update(hash, PM_STORE_AUDIT_FORM,
                        sizeof(PM_STORE_AUDIT_FORM) - 1);

    for (i = 0; rc == 0 && i < PM_STORE_AUDIT_FIELDS; i++) {
        n = snprintf(head, sizeof(head), "%s %zu ", pm_store_audit_fields[i],
                     values[i].len);

        if (pm_hash_update(hash, head, (size_t) n) != 0
            || pm_hash_update(hash, values[i].data, values[i].len) != 0
            || pm_hash_update(hash, "\n", 1) != 0)
        {
            rc = -1;
        }
    }

    if (rc == 0) {
        rc = pm_hash_final(hash, digest);
    }

    pm_hash_destroy(hash);

    if (rc == 0) {
        pm_hex(text, digest, sizeof(digest));
    }

    return rc;
}
