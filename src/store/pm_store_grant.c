#include "store/pm_store_key.h"

#include <string.h>


#define PM_STORE_GRANT_SHOWN  100        /* of a faulty one, in a message */


static const char *const  pm_store_permissions[] = {
    "PROMOTE_TO",
    "PROMOTE_PR",
    "APPLICATION",
    "API_DEFINITION",
    "ENVIRONMENT_API",
    "ENVIRONMENT_AUDIT",
    "ORGANIZATION_AUDIT",
    NULL
};


static int
pm_store_grant_invalid(const char *text, size_t len, const char *fault,
    pm_error_t *err)
{
    int  n;

    n = len < PM_STORE_GRANT_SHOWN ? (int) len : PM_STORE_GRANT_SHOWN;

    return pm_error_set(err, PM_INVALID, "grant \"%.*s\"%s %s", n, text,
                        len > PM_STORE_GRANT_SHOWN ? "..." : "", fault);
}


static const char *
pm_store_grant_permission(const char *text, size_t len)
{
    size_t  i;

    for (i = 0; pm_store_permissions[i] != NULL; i++) {
        if (strlen(pm_store_permissions[i]) == len
            && memcmp(pm_store_permissions[i], text, len) == 0)
        {
            return pm_store_permissions[i];
        }
    }

    return NULL;
}


/* The letters as bits; 0: none, one that is unknown, or one twice. */

static unsigned
pm_store_grant_operations(const char *text, size_t len)
{
    size_t       i;
    unsigned     bit, operations;
    const char  *letter;

    static const char  letters[] = "CRUD";

    operations = 0;

    for (i = 0; i < len; i++) {
        letter = memchr(letters, text[i], sizeof(letters) - 1);
        if (letter == NULL) {
            return 0;
        }

        bit = PM_STORE_CREATE << (letter - letters);

        if (operations & bit) {
            return 0;
        }

        operations |= bit;
    }

    return operations;
}


static int
pm_store_grant_parse(pm_arena_t *arena, const char *text, size_t len,
    pm_store_grant_t *grant, pm_error_t *err)
{
    size_t       n, left;
    const char  *at, *colon, *environment;

    at = memchr(text, '@', len);
    if (at == NULL) {
        return pm_store_grant_invalid(text, len, "names no environment: it "
                                      "must be admin, or "
                                      "PERMISSION[:CRUD]@ENVIRONMENT", err);
    }

    n = (size_t) (at - text);
    colon = memchr(text, ':', n);

    if (colon != NULL) {
        n = (size_t) (colon - text);
    }

    grant->permission = pm_store_grant_permission(text, n);
    if (grant->permission == NULL) {
        return pm_store_grant_invalid(text, len, "has an unknown permission: "
                                      "known are PROMOTE_TO, PROMOTE_PR, "
                                      "APPLICATION, API_DEFINITION, "
                                      "ENVIRONMENT_API, ENVIRONMENT_AUDIT "
                                      "and ORGANIZATION_AUDIT", err);
    }

    grant->operations = PM_STORE_CRUD;

    if (colon != NULL) {
        grant->operations = pm_store_grant_operations(colon + 1,
                                                (size_t) (at - colon - 1));
        if (grant->operations == 0) {
            return pm_store_grant_invalid(text, len, "has faulty operations: "
                                          "they must be some of the letters "
                                          "C, R, U and D, each once", err);
        }
    }

    environment = at + 1;
    left = len - (size_t) (environment - text);

    if (left == 0 || left > PM_STORE_KEY_NAME
        || memchr(environment, '@', left) != NULL
        || (left > 1 && memchr(environment, '*', left) != NULL))
    {
        return pm_store_grant_invalid(text, len, "has a faulty environment: "
                                      "it must be *, or a name of 1 to 256 "
                                      "bytes without \"@\" and \"*\"", err);
    }

    grant->environment = pm_arena_strndup(arena, environment, left);

    return grant->environment != NULL ? 0 : pm_error_memory(err);
}


/* Cuts the next word off the text; its length is 0 at the end. */

static pm_string_t
pm_store_grant_next(pm_string_t *text)
{
    pm_string_t  word;

    while (text->len > 0 && *text->data == ' ') {
        text->data++;
        text->len--;
    }

    word.data = text->data;

    while (text->len > 0 && *text->data != ' ') {
        text->data++;
        text->len--;
    }

    word.len = (size_t) (text->data - word.data);

    return word;
}


static int
pm_store_grants_check(const char *text, size_t len, pm_error_t *err)
{
    size_t  i;

    if (len > PM_STORE_KEY_GRANTS_TEXT) {
        return pm_error_set(err, PM_INVALID, "grants must be at most %d bytes "
                            "long", PM_STORE_KEY_GRANTS_TEXT);
    }

    if (pm_utf8_valid(text, len) != len) {
        return pm_error_set(err, PM_INVALID, "grants must be UTF-8");
    }

    for (i = 0; i < len; i++) {
        if ((unsigned char) text[i] < 0x20 || text[i] == 0x7f) {
            return pm_error_set(err, PM_INVALID, "grants must not hold "
                                "control characters; spaces separate them");
        }
    }

    return 0;
}


int
pm_store_grants_parse(pm_arena_t *arena, const char *text, size_t len,
    pm_store_key_t *key, pm_error_t *err)
{
    int                rc;
    size_t             n, ngrants;
    unsigned           admin;
    pm_string_t        rest, word;
    pm_store_grant_t  *grants;

    key->admin = 0;
    key->grants = NULL;
    key->ngrants = 0;

    rc = pm_store_grants_check(text, len, err);
    if (rc != 0) {
        return rc;
    }

    rest.data = text;
    rest.len = len;

    for (n = 0; pm_store_grant_next(&rest).len > 0; n++) { /* void */ }

    if (n > PM_STORE_KEY_GRANTS) {
        return pm_error_set(err, PM_INVALID, "grants must be at most %d",
                            PM_STORE_KEY_GRANTS);
    }

    if (n == 0) {
        return 0;
    }

    grants = pm_arena_alloc(arena, n * sizeof(pm_store_grant_t));
    if (grants == NULL) {
        return pm_error_memory(err);
    }

    admin = 0;
    ngrants = 0;

    rest.data = text;
    rest.len = len;

    for (word = pm_store_grant_next(&rest);
         word.len > 0;
         word = pm_store_grant_next(&rest))
    {
        if (word.len == 5 && memcmp(word.data, "admin", 5) == 0) {
            admin = 1;
            continue;
        }

        rc = pm_store_grant_parse(arena, word.data, word.len,
                                  &grants[ngrants], err);
        if (rc != 0) {
            return rc;
        }

        ngrants++;
    }

    key->admin = admin;
    key->grants = grants;
    key->ngrants = ngrants;

    return 0;
}
