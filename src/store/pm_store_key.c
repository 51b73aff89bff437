#include "store/pm_store_key.h"
#include "base/pm_hash.h"

#include <string.h>
#include <strings.h>


#define PM_STORE_DIGEST_TEXT  (2 * PM_SHA256_SIZE)


static const char  pm_store_bearer[] = "Bearer ";


int
pm_store_key_id_valid(const char *id, size_t len)
{
    char    c;
    size_t  i;

    if (len == 0 || len > PM_STORE_KEY_ID) {
        return 0;
    }

    for (i = 0; i < len; i++) {
        c = id[i];

        if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z')
            && !(c >= '0' && c <= '9') && c != '_' && c != '-')
        {
            return 0;
        }
    }

    return 1;
}


int
pm_store_token_parse(const char *value, size_t len, pm_store_token_t *token)
{
    size_t       i, n;
    const char  *dot;

    n = sizeof(pm_store_bearer) - 1;

    if (len >= n && strncasecmp(value, pm_store_bearer, n) == 0) {
        value += n;
        len -= n;

        /* RFC 6750, 2.1: one space or more */

        while (len > 0 && *value == ' ') {
            value++;
            len--;
        }
    }

    if (len == 0) {
        return PM_INVALID;
    }

    /* a long header is not searched to its end */

    n = len < PM_STORE_KEY_ID + 1 ? len : PM_STORE_KEY_ID + 1;

    dot = memchr(value, '.', n);
    if (dot == NULL) {
        return PM_INVALID;
    }

    token->id.data = value;
    token->id.len = (size_t) (dot - value);

    token->secret.data = dot + 1;
    token->secret.len = len - token->id.len - 1;

    if (!pm_store_key_id_valid(token->id.data, token->id.len)
        || token->secret.len == 0
        || token->secret.len > PM_STORE_KEY_SECRET)
    {
        return PM_INVALID;
    }

    for (i = 0; i < token->secret.len; i++) {
        if (token->secret.data[i] < 0x21 || token->secret.data[i] > 0x7e) {
            return PM_INVALID;
        }
    }

    return 0;
}


/* The digest that the record holds: 0, or -1 where it holds none. */

static int
pm_store_key_digest(const pm_string_t *fields, size_t n,
    unsigned char digest[PM_SHA256_SIZE])
{
    size_t              i;
    const char         *name;
    const pm_string_t  *value;

    name = pm_store_key_fields[PM_STORE_KEY_FIELD_DIGEST];

    for (i = 0; i + 1 < n; i += 2) {
        value = &fields[i + 1];

        if (fields[i].len == strlen(name)
            && memcmp(fields[i].data, name, fields[i].len) == 0)
        {
            return value->len == PM_STORE_DIGEST_TEXT
                   ? pm_unhex(digest, value->data, PM_SHA256_SIZE)
                   : -1;
        }
    }

    return -1;
}


int
pm_store_key_verify(pm_arena_t *arena, const pm_store_token_t *token,
    const pm_string_t *fields, size_t n, int64_t now, pm_store_key_t *key,
    pm_error_t *err)
{
    int                    rc, known, differs, len;
    const char            *id;
    pm_error_t             fault;
    unsigned char          digest[PM_SHA256_SIZE], expected[PM_SHA256_SIZE];
    pm_store_key_record_t  record;

    id = token->id.data;
    len = (int) token->id.len;

    known = pm_store_key_digest(fields, n, expected) == 0;

    if (!known) {
        /* compared all the same, so that time does not tell which ids exist */
        memset(expected, 0, sizeof(expected));
    }

    if (pm_sha256(token->secret.data, token->secret.len, digest) != 0) {
        return pm_error_set(err, PM_UNAVAILABLE, "SHA-256 failed");
    }

    differs = pm_compare_secret(digest, expected, sizeof(digest));

    if (n == 0) {
        return pm_error_set(err, PM_NOT_FOUND, "key %.*s is unknown", len, id);
    }

    if (!known) {
        return pm_error_set(err, PM_NOT_FOUND, "the record of key %.*s is "
                            "faulty: digest must be %d hexadecimal digits",
                            len, id, PM_STORE_DIGEST_TEXT);
    }

    if (differs) {
        return pm_error_set(err, PM_NOT_FOUND, "wrong secret for key %.*s",
                            len, id);
    }

    rc = pm_store_key_record_read(arena, token->id, fields, n, &record,
                                  &fault);

    if (rc == PM_UNAVAILABLE) {
        return pm_error_set(err, PM_UNAVAILABLE, "%s", fault.message);
    }

    if (rc != 0) {
        return pm_error_set(err, PM_NOT_FOUND, "the record of key %.*s is "
                            "faulty: %s", len, id, fault.message);
    }

    if (record.disabled) {
        return pm_error_set(err, PM_NOT_FOUND, "key %.*s is disabled",
                            len, id);
    }

    if (record.expires_at != 0 && now >= record.expires_at) {
        return pm_error_set(err, PM_NOT_FOUND, "key %.*s expired at %lld",
                            len, id, (long long) record.expires_at);
    }

    *key = record.key;

    return 0;
}


static int
pm_store_grant_covers(const pm_store_grant_t *grant,
    const char *environment_name, const char *environment_id)
{
    const char  *environment;

    environment = grant->environment;

    return strcmp(environment, "*") == 0
           || (environment_name != NULL
               && strcmp(environment, environment_name) == 0)
           || (environment_id != NULL
               && strcmp(environment, environment_id) == 0);
}


/* Whoever may commit into an environment may ask for it, too. */

static int
pm_store_grant_includes(const pm_store_grant_t *grant, const char *permission)
{
    return strcmp(grant->permission, permission) == 0
           || (strcmp(grant->permission, "PROMOTE_TO") == 0
               && strcmp(permission, "PROMOTE_PR") == 0);
}


int
pm_store_key_allows(const pm_store_key_t *key, const char *permission,
    unsigned operations, const char *environment_name,
    const char *environment_id)
{
    size_t             i;
    unsigned           allowed;
    pm_store_grant_t  *grant;

    if (key->admin) {
        return 1;
    }

    if (operations == 0) {
        operations = PM_STORE_CRUD;
    }

    allowed = 0;

    for (i = 0; i < key->ngrants; i++) {
        grant = &key->grants[i];

        if (pm_store_grant_includes(grant, permission)
            && pm_store_grant_covers(grant, environment_name, environment_id))
        {
            allowed |= grant->operations;
        }
    }

    return (operations & ~allowed) == 0;
}


int
pm_store_key_allows_somewhere(const pm_store_key_t *key,
    const char *permission, unsigned operations)
{
    size_t  i;

    if (key->admin) {
        return 1;
    }

    for (i = 0; i < key->ngrants; i++) {
        if (pm_store_key_allows(key, permission, operations,
                                key->grants[i].environment, NULL))
        {
            return 1;
        }
    }

    return 0;
}


int
pm_store_key_sees(const pm_store_key_t *key, const char *environment_name,
    const char *environment_id)
{
    size_t  i;

    if (key->admin) {
        return 1;
    }

    for (i = 0; i < key->ngrants; i++) {
        if (pm_store_grant_covers(&key->grants[i], environment_name,
                                  environment_id))
        {
            return 1;
        }
    }

    return 0;
}
