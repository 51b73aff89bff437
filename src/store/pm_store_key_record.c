#include "store/pm_store_key.h"
#include "base/pm_hash.h"

#include <string.h>


const char *const  pm_store_key_fields[PM_STORE_KEY_FIELDS] = {
    "digest",
    "name",
    "author_name",
    "author_email",
    "grants",
    "created_at",
    "expires_at",
    "disabled"
};


/* Sorts the fields of a reply; what is missing has no data. */

static int
pm_store_key_collect(const pm_string_t *fields, size_t n,
    pm_string_t values[PM_STORE_KEY_FIELDS], pm_error_t *err)
{
    size_t       i, f;
    const char  *name;

    if (n % 2 != 0) {
        return pm_error_set(err, PM_INVALID, "a field has no value");
    }

    memset(values, 0, PM_STORE_KEY_FIELDS * sizeof(pm_string_t));

    for (i = 0; i < n; i += 2) {
        for (f = 0; f < PM_STORE_KEY_FIELDS; f++) {
            name = pm_store_key_fields[f];

            if (fields[i].len != strlen(name)
                || memcmp(fields[i].data, name, fields[i].len) != 0)
            {
                continue;
            }

            if (values[f].data != NULL) {
                return pm_error_set(err, PM_INVALID, "%s is there twice",
                                    name);
            }

            values[f] = fields[i + 1];

            if (values[f].data == NULL) {
                values[f].data = "";
            }

            break;
        }
    }

    return 0;
}


/*
 * What git cuts from both ends of a name (ident.c, crud()): a name made of
 * nothing else could not sign a commit.
 */

static int
pm_store_key_crud(unsigned char c)
{
    return c <= 0x20 || (c < 0x80 && strchr(".,:;<>\"\\'", c) != NULL);
}


/* These become the author of a commit, and lines of its message. */

static int
pm_store_key_check_name(const char *what, pm_string_t value, pm_error_t *err)
{
    size_t                i, crud;
    const unsigned char  *p;

    if (value.len > PM_STORE_KEY_NAME) {
        return pm_error_set(err, PM_INVALID, "%s must be at most %d bytes "
                            "long", what, PM_STORE_KEY_NAME);
    }

    if (pm_utf8_valid(value.data, value.len) != value.len) {
        return pm_error_set(err, PM_INVALID, "%s must be UTF-8", what);
    }

    p = (const unsigned char *) value.data;
    crud = 0;

    for (i = 0; i < value.len; i++) {

        /* C0, DEL, and C1 (U+0080 to U+009F) in UTF-8 */

        if (p[i] < 0x20 || p[i] == 0x7f || p[i] == '<' || p[i] == '>'
            || (p[i] == 0xc2 && p[i + 1] <= 0x9f))
        {
            return pm_error_set(err, PM_INVALID, "%s must not hold control "
                                "characters, \"<\" or \">\"", what);
        }

        crud += pm_store_key_crud(p[i]) ? 1 : 0;
    }

    if (value.len > 0 && crud == value.len) {
        return pm_error_set(err, PM_INVALID, "%s must hold more than spaces "
                            "and punctuation", what);
    }

    return 0;
}


/* A missing or empty name is the default, which is never NULL. */

static int
pm_store_key_name(pm_arena_t *arena, const char *what, pm_string_t value,
    const char *missing, const char **name, pm_error_t *err)
{
    int  rc;

    if (value.len == 0) {
        *name = missing;
        return 0;
    }

    rc = pm_store_key_check_name(what, value, err);
    if (rc != 0) {
        return rc;
    }

    *name = pm_arena_strndup(arena, value.data, value.len);

    return *name != NULL ? 0 : pm_error_memory(err);
}


static int
pm_store_key_names(pm_arena_t *arena, const pm_string_t *values,
    pm_store_key_t *key, pm_error_t *err)
{
    int          rc;
    pm_string_t  email;
    const char  *missing;

    rc = pm_store_key_name(arena, "name", values[PM_STORE_KEY_FIELD_NAME],
                           key->id, &key->name, err);
    if (rc != 0) {
        return rc;
    }

    rc = pm_store_key_name(arena, "author_name",
                           values[PM_STORE_KEY_FIELD_AUTHOR_NAME],
                           key->name, &key->author_name, err);
    if (rc != 0) {
        return rc;
    }

    missing = pm_arena_printf(arena, "%s@localhost", key->id);
    if (missing == NULL) {
        return pm_error_memory(err);
    }

    email = values[PM_STORE_KEY_FIELD_AUTHOR_EMAIL];

    if (email.len > 0 && memchr(email.data, ' ', email.len) != NULL) {
        return pm_error_set(err, PM_INVALID,
                            "author_email must not hold spaces");
    }

    return pm_store_key_name(arena, "author_email", email, missing,
                             &key->author_email, err);
}


/* "0", or digits that do not begin with one, as seconds since 1970. */

static int
pm_store_key_time(const char *what, pm_string_t value, int64_t *seconds,
    pm_error_t *err)
{
    size_t  i;

    *seconds = 0;

    if (value.data == NULL) {
        return 0;
    }

    if (value.len == 0 || (value.len > 1 && value.data[0] == '0')) {
        goto failed;
    }

    for (i = 0; i < value.len; i++) {
        if (value.data[i] < '0' || value.data[i] > '9') {
            goto failed;
        }

        *seconds = *seconds * 10 + (value.data[i] - '0');

        if (*seconds > PM_STORE_KEY_TIME) {
            return pm_error_set(err, PM_INVALID, "%s is later than the year "
                                "9999; it must be in seconds", what);
        }
    }

    return 0;

failed:

    return pm_error_set(err, PM_INVALID,
                        "%s must be whole seconds since 1970", what);
}


int
pm_store_key_record_read(pm_arena_t *arena, pm_string_t id,
    const pm_string_t *fields, size_t n, pm_store_key_record_t *record,
    pm_error_t *err)
{
    int             rc;
    pm_string_t     value, values[PM_STORE_KEY_FIELDS];
    unsigned char   digest[PM_SHA256_SIZE];

    memset(record, 0, sizeof(pm_store_key_record_t));

    rc = pm_store_key_collect(fields, n, values, err);
    if (rc != 0) {
        return rc;
    }

    value = values[PM_STORE_KEY_FIELD_DIGEST];

    if (value.len != 2 * PM_SHA256_SIZE
        || pm_unhex(digest, value.data, PM_SHA256_SIZE) != 0)
    {
        return pm_error_set(err, PM_INVALID, "digest must be %d hexadecimal "
                            "digits", 2 * PM_SHA256_SIZE);
    }

    record->key.id = pm_arena_strndup(arena, id.data, id.len);
    if (record->key.id == NULL) {
        return pm_error_memory(err);
    }

    rc = pm_store_key_names(arena, values, &record->key, err);
    if (rc != 0) {
        return rc;
    }

    value = values[PM_STORE_KEY_FIELD_GRANTS];

    rc = pm_store_grants_parse(arena, value.data, value.len, &record->key,
                               err);
    if (rc != 0) {
        return rc;
    }

    rc = pm_store_key_time("created_at",
                           values[PM_STORE_KEY_FIELD_CREATED_AT],
                           &record->created_at, err);
    if (rc != 0) {
        return rc;
    }

    rc = pm_store_key_time("expires_at",
                           values[PM_STORE_KEY_FIELD_EXPIRES_AT],
                           &record->expires_at, err);
    if (rc != 0) {
        return rc;
    }

    value = values[PM_STORE_KEY_FIELD_DISABLED];

    if (value.data == NULL) {
        return 0;
    }

    if (value.len != 1 || (value.data[0] != '0' && value.data[0] != '1')) {
        return pm_error_set(err, PM_INVALID, "disabled must be 0 or 1");
    }

    record->disabled = value.data[0] == '1';

    return 0;
}
