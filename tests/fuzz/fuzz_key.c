/*
 * A hostile Authorization header on a hostile record: the first line is the
 * header, each other one FIELD=VALUE; "digest=*" stands for the digest of the
 * header's secret.  Besides crashes, it looks for what must not come out of
 * an accepted record.  Each value is tried as an address, too.
 */

#include "base/pm_hash.h"
#include "store/pm_store_address.h"
#include "store/pm_store_id.h"
#include "store/pm_store_key.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>


#define FUZZ_FIELDS  64
#define FUZZ_NOW     1700000000


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static void
fuzz_fail(const char *what, const char *text)
{
    fprintf(stderr, "%s: \"%s\"\n", what, text);
    abort();
}


static void
fuzz_name(const char *name)
{
    size_t  len;

    len = strlen(name);

    if (len == 0 || len > PM_STORE_KEY_NAME + sizeof("@localhost")
        || pm_utf8_valid(name, len) != len
        || strpbrk(name, "<>\n\r\t\x1b\x7f") != NULL)
    {
        fuzz_fail("a name that cannot sign a commit", name);
    }
}


static void
fuzz_key(const pm_store_key_t *key)
{
    size_t             i;
    pm_store_grant_t  *grant;

    fuzz_name(key->name);
    fuzz_name(key->author_name);
    fuzz_name(key->author_email);

    if (!pm_store_key_id_valid(key->id, strlen(key->id))) {
        fuzz_fail("an id that is none", key->id);
    }

    for (i = 0; i < key->ngrants; i++) {
        grant = &key->grants[i];

        if (grant->operations == 0 || grant->operations > PM_STORE_CRUD
            || strpbrk(grant->environment, " @") != NULL)
        {
            fuzz_fail("a faulty grant", grant->environment);
        }

        if (!pm_store_key_allows(key, grant->permission, grant->operations,
                                 grant->environment, NULL)
            || !pm_store_key_sees(key, NULL, grant->environment))
        {
            fuzz_fail("a grant that grants nothing", grant->environment);
        }
    }

    if (!key->admin && key->ngrants == 0
        && (pm_store_key_sees(key, "*", "*")
            || pm_store_key_allows(key, "PROMOTE_TO", 0, "*", "*")))
    {
        fuzz_fail("a key without grants that may do something", key->id);
    }
}


static void
fuzz_address(pm_arena_t *arena, pm_string_t value)
{
    size_t              i;
    pm_error_t          err;
    pm_store_address_t  address;

    (void) pm_store_id_valid(value.data, value.len);

    if (pm_store_address_parse(arena, value.data, value.len, &address, &err)
        != 0)
    {
        return;
    }

    if ((address.kind == PM_STORE_UNIX) != (address.nhosts == 0)
        || (address.kind == PM_STORE_UNIX) != (address.path != NULL)
        || (address.kind == PM_STORE_SENTINEL) != (address.master != NULL))
    {
        fuzz_fail("an address of no kind", err.message);
    }

    for (i = 0; i < address.nhosts; i++) {
        if (address.hosts[i].port == 0 || address.hosts[i].port > 65535
            || address.hosts[i].host[0] == '\0'
            || strpbrk(address.hosts[i].host, "[]/@, \n") != NULL)
        {
            fuzz_fail("a host that is none", address.hosts[i].host);
        }
    }
}


/* Cuts the next line off; its length is 0 at the end. */

static pm_string_t
fuzz_line(pm_string_t *text)
{
    const char   *end;
    pm_string_t   line;

    line = *text;
    end = (text->len > 0) ? memchr(text->data, '\n', text->len) : NULL;

    if (end == NULL) {
        text->data += text->len;
        text->len = 0;
        return line;
    }

    line.len = (size_t) (end - text->data);
    text->data = end + 1;
    text->len -= line.len + 1;

    return line;
}


static void
fuzz_record(pm_arena_t *arena, pm_string_t header, pm_string_t text)
{
    char                    hex[2 * PM_SHA256_SIZE + 1];
    size_t                  n;
    pm_error_t              err;
    const char             *equals;
    pm_string_t             line, fields[FUZZ_FIELDS];
    unsigned char           digest[PM_SHA256_SIZE];
    pm_store_key_t          key;
    pm_store_token_t        token;
    pm_store_key_record_t   record;

    if (pm_store_token_parse(header.data, header.len, &token) != 0) {
        return;
    }

    (void) pm_sha256(token.secret.data, token.secret.len, digest);
    pm_hex(hex, digest, sizeof(digest));

    for (n = 0; text.len > 0 && n < FUZZ_FIELDS; n += 2) {
        line = fuzz_line(&text);
        equals = (line.len > 0) ? memchr(line.data, '=', line.len) : NULL;

        if (equals == NULL) {
            break;
        }

        fields[n].data = line.data;
        fields[n].len = (size_t) (equals - line.data);
        fields[n + 1].data = equals + 1;
        fields[n + 1].len = line.len - fields[n].len - 1;

        fuzz_address(arena, fields[n + 1]);

        if (fields[n + 1].len == 1 && equals[1] == '*') {
            fields[n + 1].data = hex;
            fields[n + 1].len = 2 * PM_SHA256_SIZE;
        }
    }

    if (pm_store_key_verify(arena, &token, fields, n, FUZZ_NOW, &key, &err)
        != 0)
    {
        return;
    }

    fuzz_key(&key);

    if (pm_store_key_record_read(arena, token.id, fields, n, &record, &err)
        != 0
        || record.disabled
        || (record.expires_at != 0 && record.expires_at <= FUZZ_NOW))
    {
        fuzz_fail("a record that should not be accepted", key.id);
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    pm_arena_t   *arena;
    pm_string_t   text, header;

    arena = pm_arena_create();
    if (arena == NULL) {
        return 0;
    }

    text.data = (const char *) data;
    text.len = size;

    header = fuzz_line(&text);
    fuzz_record(arena, header, text);

    pm_arena_destroy(arena);

    return 0;
}
