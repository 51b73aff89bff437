#include "tool/pm_tool.h"
#include "tool/pm_tool_audit.h"
#include "base/pm_hash.h"

#include <errno.h>
#include <string.h>


#define PM_TOOL_TOKEN_SIZE   (PM_STORE_KEY_ID + 1 + PM_TOOL_SECRET_SIZE)
#define PM_TOOL_DIGEST_SIZE  (2 * PM_SHA256_SIZE + 1)


static int
pm_tool_missing(const char *id, pm_error_t *err)
{
    return pm_error_set(err, PM_NOT_FOUND, "there is no key %s", id);
}


/* Makes a secret and its digest. */

static int
pm_tool_secret(char secret[PM_TOOL_SECRET_SIZE],
    char digest[PM_TOOL_DIGEST_SIZE], pm_error_t *err)
{
    int            rc;
    unsigned char  hash[PM_SHA256_SIZE];

    rc = pm_tool_random_secret(secret, err);
    if (rc != 0) {
        return rc;
    }

    if (pm_sha256(secret, strlen(secret), hash) != 0) {
        return pm_error_set(err, PM_INTERNAL, "SHA-256 failed");
    }

    pm_hex(digest, hash, sizeof(hash));

    return 0;
}


/* The key is all that standard output gets: KEY=$(promotions-key create …) */

static int
pm_tool_hand_over(const char *id, const char *secret, pm_error_t *err)
{
    int   n, failed;
    char  token[PM_TOOL_TOKEN_SIZE + 1];

    n = snprintf(token, sizeof(token), "%s.%s\n", id, secret);

    failed = fwrite(token, 1, (size_t) n, stdout) != (size_t) n
             || fflush(stdout) != 0;

    explicit_bzero(token, sizeof(token));

    if (failed) {
        return pm_error_set(err, PM_UNAVAILABLE, "the secret of key %s is "
                            "lost, it could not be written (%s): rotate or "
                            "delete the key", id, strerror(errno));
    }

    return 0;
}


/* "NAME <EMAIL>" */

static int
pm_tool_author(const char *text, pm_string_t *name, pm_string_t *email,
    pm_error_t *err)
{
    size_t       len;
    const char  *open;

    len = strlen(text);
    open = strchr(text, '<');

    if (open == NULL || open - text < 2 || open[-1] != ' '
        || text[len - 1] != '>' || open + 2 >= text + len)
    {
        return pm_error_set(err, PM_INVALID,
                            "--author must be \"NAME <EMAIL>\"");
    }

    name->data = text;
    name->len = (size_t) (open - text) - 1;

    email->data = open + 1;
    email->len = (size_t) (text + len - 1 - email->data);

    return 0;
}


/*
 * The values of a new record, but for the digest, from the options.  What is
 * not said is written out, so that a record is whole.
 */

static int
pm_tool_describe(pm_tool_t *tool, const char *id,
    pm_string_t values[PM_STORE_KEY_FIELDS], pm_error_t *err)
{
    int                 rc;
    int64_t             expires;
    pm_string_t        *name, *author, *email, *grants;
    const char *const  *options;

    options = tool->arguments.values;

    name = &values[PM_STORE_KEY_FIELD_NAME];
    author = &values[PM_STORE_KEY_FIELD_AUTHOR_NAME];
    email = &values[PM_STORE_KEY_FIELD_AUTHOR_EMAIL];
    grants = &values[PM_STORE_KEY_FIELD_GRANTS];

    *name = pm_tool_string(options[PM_TOOL_NAME] != NULL
                           ? options[PM_TOOL_NAME] : id);
    *author = *name;
    *email = pm_tool_string(pm_arena_printf(tool->arena, "%s@localhost", id));
    *grants = pm_tool_string(options[PM_TOOL_GRANTS]);

    if (name->len == 0) {
        return pm_error_set(err, PM_INVALID, "--name must not be empty");
    }

    if (strspn(grants->data, " ") == grants->len) {
        return pm_error_set(err, PM_INVALID, "--grants must not be empty: a "
                            "key without grants can do nothing");
    }

    if (options[PM_TOOL_AUTHOR] != NULL) {
        rc = pm_tool_author(options[PM_TOOL_AUTHOR], author, email, err);
        if (rc != 0) {
            return rc;
        }
    }

    expires = 0;

    if (options[PM_TOOL_EXPIRES] != NULL) {
        rc = pm_tool_time_parse(options[PM_TOOL_EXPIRES], tool->now, &expires,
                                err);
        if (rc != 0) {
            return rc;
        }
    }

    values[PM_STORE_KEY_FIELD_CREATED_AT] = pm_tool_string(
        pm_arena_printf(tool->arena, "%lld", (long long) tool->now));
    values[PM_STORE_KEY_FIELD_EXPIRES_AT] = pm_tool_string(
        pm_arena_printf(tool->arena, "%lld", (long long) expires));
    values[PM_STORE_KEY_FIELD_DISABLED] = pm_tool_string("0");

    return 0;
}


/* The record as it will be written; it must be one that is accepted. */

static int
pm_tool_compose(pm_tool_t *tool, const char *id, const char *digest,
    pm_string_t fields[2 * PM_STORE_KEY_FIELDS], pm_error_t *err)
{
    int                    rc;
    size_t                 i;
    pm_string_t            values[PM_STORE_KEY_FIELDS];
    pm_store_key_record_t  record;

    rc = pm_tool_describe(tool, id, values, err);
    if (rc != 0) {
        return rc;
    }

    values[PM_STORE_KEY_FIELD_DIGEST] = pm_tool_string(digest);

    for (i = 0; i < PM_STORE_KEY_FIELDS; i++) {
        if (values[i].data == NULL) {
            return pm_error_memory(err);
        }

        fields[2 * i] = pm_tool_string(pm_store_key_fields[i]);
        fields[2 * i + 1] = values[i];
    }

    return pm_store_key_record_read(tool->arena, pm_tool_string(id), fields,
                                    2 * PM_STORE_KEY_FIELDS, &record, err);
}


int
pm_tool_create(pm_tool_t *tool, pm_error_t *err)
{
    int           rc, done;
    char          random[PM_TOOL_ID_SIZE], secret[PM_TOOL_SECRET_SIZE];
    char          digest[PM_TOOL_DIGEST_SIZE];
    const char   *id;
    pm_string_t   fields[2 * PM_STORE_KEY_FIELDS];

    id = tool->arguments.values[PM_TOOL_ID];

    if (id == NULL) {
        rc = pm_tool_random_id(random, err);
        if (rc != 0) {
            return rc;
        }

        id = random;
    }

    rc = pm_tool_secret(secret, digest, err);
    if (rc != 0) {
        return rc;
    }

    rc = pm_tool_compose(tool, id, digest, fields, err);
    if (rc != 0) {
        goto done;
    }

    rc = pm_tool_connect(tool, err);
    if (rc != 0) {
        goto done;
    }

    rc = pm_tool_change(tool, PM_TOOL_CREATE, id, fields,
                        2 * PM_STORE_KEY_FIELDS, &done, err);
    if (rc != 0) {
        goto done;
    }

    if (!done) {
        rc = pm_error_set(err, PM_CONFLICT, "there is a key %s already", id);
        goto done;
    }

    rc = pm_tool_hand_over(id, secret, err);
    if (rc == 0) {
        (void) fprintf(stderr, "key %s was created; its secret is shown this "
                       "once and stored nowhere\n", id);
    }

done:

    explicit_bzero(secret, sizeof(secret));

    return rc;
}


int
pm_tool_rotate(pm_tool_t *tool, pm_error_t *err)
{
    int           rc, done;
    char          secret[PM_TOOL_SECRET_SIZE], digest[PM_TOOL_DIGEST_SIZE];
    const char   *id;
    pm_string_t   fields[2];

    id = tool->arguments.id;

    rc = pm_tool_connect(tool, err);
    if (rc != 0) {
        return rc;
    }

    rc = pm_tool_secret(secret, digest, err);
    if (rc != 0) {
        return rc;
    }

    fields[0] = pm_tool_string(pm_store_key_fields[PM_STORE_KEY_FIELD_DIGEST]);
    fields[1] = pm_tool_string(digest);

    rc = pm_tool_change(tool, PM_TOOL_ROTATE, id, fields, 2, &done, err);

    if (rc == 0 && !done) {
        rc = pm_tool_missing(id, err);
    }

    if (rc == 0) {
        rc = pm_tool_hand_over(id, secret, err);
    }

    if (rc == 0) {
        (void) fprintf(stderr, "key %s has a new secret, shown this once and "
                       "stored nowhere; the old one is refused from now on\n",
                       id);
    }

    explicit_bzero(secret, sizeof(secret));

    return rc;
}


static int
pm_tool_switch(pm_tool_t *tool, pm_tool_action_t action, const char *disabled,
    const char *what, pm_error_t *err)
{
    int           rc, done;
    const char   *id;
    pm_string_t   fields[2];

    id = tool->arguments.id;

    rc = pm_tool_connect(tool, err);
    if (rc != 0) {
        return rc;
    }

    fields[0] = pm_tool_string(
        pm_store_key_fields[PM_STORE_KEY_FIELD_DISABLED]);
    fields[1] = pm_tool_string(disabled);

    rc = pm_tool_change(tool, action, id, fields, 2, &done, err);
    if (rc != 0) {
        return rc;
    }

    if (!done) {
        return pm_tool_missing(id, err);
    }

    (void) fprintf(stderr, "key %s is %s\n", id, what);

    return 0;
}


int
pm_tool_disable(pm_tool_t *tool, pm_error_t *err)
{
    return pm_tool_switch(tool, PM_TOOL_DISABLE, "1", "disabled", err);
}


int
pm_tool_enable(pm_tool_t *tool, pm_error_t *err)
{
    return pm_tool_switch(tool, PM_TOOL_ENABLE, "0", "enabled", err);
}


int
pm_tool_delete(pm_tool_t *tool, pm_error_t *err)
{
    int  rc, done;

    rc = pm_tool_connect(tool, err);
    if (rc != 0) {
        return rc;
    }

    rc = pm_tool_change(tool, PM_TOOL_DELETE, tool->arguments.id, NULL, 0,
                        &done, err);
    if (rc != 0) {
        return rc;
    }

    if (!done) {
        return pm_tool_missing(tool->arguments.id, err);
    }

    (void) fprintf(stderr, "key %s was deleted\n", tool->arguments.id);

    return 0;
}
