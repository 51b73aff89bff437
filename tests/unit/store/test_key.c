#include "store/pm_store_key.h"
#include "base/pm_hash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>


#define NOW      INT64_C(1700000000)
#define FIELDS   16

/* SHA-256 of "open-sesame" */
#define DIGEST   "d7ecdf25eaf3deba0f2628771dbdd22d" \
                 "4138ab6cf38f91ed02a2ca0dec7c8ab7"
#define ZEROS    "00000000000000000000000000000000" \
                 "00000000000000000000000000000000"


static pm_arena_t       *arena;
static pm_store_key_t    key;
static pm_error_t        err;


static int
setup(void **state)
{
    arena = pm_arena_create();

    return arena != NULL ? 0 : -1;
}


static int
teardown(void **state)
{
    pm_arena_destroy(arena);

    return 0;
}


/* name, value, …, NULL */

static int
verify(const char *text, const char *const *record)
{
    size_t            n;
    pm_string_t       fields[FIELDS];
    pm_store_token_t  token;

    memset(&err, 0, sizeof(err));
    memset(&key, 0xa5, sizeof(key));

    assert_int_equal(pm_store_token_parse(text, strlen(text), &token), 0);

    for (n = 0; record[n] != NULL; n++) {
        assert_in_range(n, 0, FIELDS - 1);
        fields[n].data = record[n];
        fields[n].len = strlen(record[n]);
    }

    return pm_store_key_verify(arena, &token, fields, n, NOW, &key, &err);
}


static void
refused(const char *text, const char *const *record, const char *why)
{
    assert_int_equal(verify(text, record), PM_NOT_FOUND);

    if (strstr(err.message, why) == NULL) {
        fail_msg("\"%s\" is not in \"%s\"", why, err.message);
    }

    assert_null(strstr(err.message, "open-sesame"));
    assert_int_equal(err.code, PM_NOT_FOUND);
}


static void
test_tokens(void **state)
{
    size_t            i;
    pm_store_token_t  token;

    static const struct {
        const char  *value;
        const char  *id;                 /* NULL: no token */
        const char  *secret;
    } tests[] = {
        { "a.b", "a", "b" },
        { "Az09_-.s3cret", "Az09_-", "s3cret" },
        { "a.b.c", "a", "b.c" },
        { "a..", "a", "." },
        { "Bearer a.b", "a", "b" },
        { "bEARER a.b", "a", "b" },
        { "BEARER   a.b", "a", "b" },
        { "Bearer.b", "Bearer", "b" },
        { "a.!~", "a", "!~" },
        { "", NULL, NULL },
        { ".", NULL, NULL },
        { "a", NULL, NULL },
        { "a.", NULL, NULL },
        { ".b", NULL, NULL },
        { "Bearer", NULL, NULL },
        { "Bearer ", NULL, NULL },
        { "Bearer a", NULL, NULL },
        { "Bearer  .b", NULL, NULL },
        { "Bearer\ta.b", NULL, NULL },
        { "Bearer Bearer a.b", NULL, NULL },
        { "Basic YTpi", NULL, NULL },
        { "Basic a.b", NULL, NULL },
        { " a.b", NULL, NULL },
        { "a.b c", NULL, NULL },
        { "a.b ", NULL, NULL },
        { "a*.b", NULL, NULL },
        { "a:b.c", NULL, NULL },
        { "a/b.c", NULL, NULL },
        { "a\r\nb.c", NULL, NULL },
        { "a.b\r\n", NULL, NULL },
        { "a.b\x7f", NULL, NULL },
        { "a.b\xc3\xbc", NULL, NULL },
        { "\xc3\xbc.b", NULL, NULL }
    };

    for (i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
        int    rc;
        char  *copy;
        size_t len;

        /* no NUL behind it, so that a sanitizer sees a byte too much */

        len = strlen(tests[i].value);
        copy = malloc(len + 1);
        assert_non_null(copy);
        copy = realloc(memcpy(copy, tests[i].value, len), len ? len : 1);

        rc = pm_store_token_parse(copy, len, &token);

        if (rc != (tests[i].id != NULL ? 0 : PM_INVALID)) {
            fail_msg("\"%s\": %d", tests[i].value, rc);
        }

        if (rc == 0) {
            assert_int_equal(token.id.len, strlen(tests[i].id));
            assert_memory_equal(token.id.data, tests[i].id, token.id.len);
            assert_int_equal(token.secret.len, strlen(tests[i].secret));
            assert_memory_equal(token.secret.data, tests[i].secret,
                                token.secret.len);
        }

        free(copy);
    }

    assert_int_equal(pm_store_token_parse("a.b\0", 4, &token), PM_INVALID);
    assert_int_equal(pm_store_token_parse("a\0.b", 4, &token), PM_INVALID);
}


static void
test_token_lengths(void **state)
{
    char              text[400];
    pm_store_token_t  token;

    memset(text, 'x', sizeof(text));

    text[64] = '.';
    assert_int_equal(pm_store_token_parse(text, 65 + 256, &token), 0);
    assert_int_equal(token.id.len, 64);
    assert_int_equal(token.secret.len, 256);
    assert_int_equal(pm_store_token_parse(text, 65 + 257, &token),
                     PM_INVALID);

    text[64] = 'x';
    text[65] = '.';
    assert_int_equal(pm_store_token_parse(text, 70, &token), PM_INVALID);
}


static void
test_a_full_record(void **state)
{
    assert_int_equal(verify("k1.open-sesame", (const char *[]) {
        "digest", DIGEST, "name", "ci of acme", "author_name", "Ada Łovelace",
        "author_email", "ada@example.com", "grants",
        "PROMOTE_TO@qa APPLICATION:R@dev", "created_at", "1690000000",
        "expires_at", "1700000001", "disabled", "0", NULL }), 0);

    assert_string_equal(key.id, "k1");
    assert_string_equal(key.name, "ci of acme");
    assert_string_equal(key.author_name, "Ada Łovelace");
    assert_string_equal(key.author_email, "ada@example.com");
    assert_int_equal(key.admin, 0);
    assert_int_equal(key.ngrants, 2);
    assert_string_equal(key.grants[1].environment, "dev");
}


static void
test_defaults(void **state)
{
    assert_int_equal(verify("k1.open-sesame", (const char *[]) {
        "digest", DIGEST, NULL }), 0);

    assert_string_equal(key.name, "k1");
    assert_string_equal(key.author_name, "k1");
    assert_string_equal(key.author_email, "k1@localhost");
    assert_int_equal(key.admin, 0);
    assert_int_equal(key.ngrants, 0);

    assert_int_equal(verify("k1.open-sesame", (const char *[]) {
        "name", "ci", "author_name", "", "author_email", "", "grants", "",
        "expires_at", "0", "digest", DIGEST, NULL }), 0);

    assert_string_equal(key.author_name, "ci");
    assert_string_equal(key.author_email, "k1@localhost");

    /* digits of either case; fields of other tools */

    assert_int_equal(verify("k1.open-sesame", (const char *[]) {
        "colour", "\xff\x01", "digest", "D7ECDF25EAF3DEBA0F2628771DBDD22D"
        "4138AB6CF38F91ED02A2CA0DEC7C8AB7", "grants", "admin", "colour", "",
        NULL }), 0);

    assert_int_equal(key.admin, 1);
}


static void
test_wrong_secrets(void **state)
{
    const char  *record[] = { "digest", DIGEST, "grants", "admin", NULL };

    refused("k1.open-sesam", record, "wrong secret for key k1");
    refused("k1.open-sesame.", record, "wrong secret");
    refused("k1." DIGEST, record, "wrong secret");

    /* whoever does not know the secret learns nothing of the record */

    refused("k1.x", (const char *[]) { "digest", DIGEST, "disabled", "1",
            "expires_at", "1", "name", "<", NULL }, "wrong secret");
}


static void
test_unknown_key(void **state)
{
    refused("k1.open-sesame", (const char *[]) { NULL }, "key k1 is unknown");
}


static void
test_expiry(void **state)
{
    refused("k1.open-sesame", (const char *[]) { "digest", DIGEST,
            "expires_at", "1700000000", NULL }, "key k1 expired at");
    refused("k1.open-sesame", (const char *[]) { "digest", DIGEST,
            "expires_at", "1", NULL }, "key k1 expired at 1");

    assert_int_equal(verify("k1.open-sesame", (const char *[]) {
        "digest", DIGEST, "expires_at", "253402300799", NULL }), 0);
}


static void
test_disabled(void **state)
{
    refused("k1.open-sesame", (const char *[]) { "digest", DIGEST,
            "disabled", "1", NULL }, "key k1 is disabled");
}


static void
test_faulty_digests(void **state)
{
    size_t  i;

    static const char *const  digests[] = {
        "", "0", "open-sesame", DIGEST "0", DIGEST " ", " " DIGEST, ZEROS "00",
        "d7ecdf25eaf3deba0f2628771dbdd22dac037827b4ae63a7b1165a5aa93ed4e",
        "d7ecdf25eaf3deba0f2628771dbdd22dac037827b4ae63a7b1165a5aa93ed4eg",
        "x1ef4bb0b23661e66301aac36066912d4138ab6cf38f91ed02a2ca0dec7c8ab7"
    };

    for (i = 0; i < sizeof(digests) / sizeof(digests[0]); i++) {
        refused("k1.open-sesame", (const char *[]) { "digest", digests[i],
                "grants", "admin", NULL }, "is faulty: digest must be 64");
    }

    refused("k1.open-sesame", (const char *[]) { "grants", "admin", NULL },
            "is faulty: digest must be 64");

    refused("k1.open-sesame", (const char *[]) { "digest", ZEROS, NULL },
            "wrong secret");
}


static void
test_faulty_records(void **state)
{
    size_t  i;

    static const struct {
        const char  *name;
        const char  *value;
        const char  *why;
    } tests[] = {
        { "expires_at", "", "expires_at must be whole seconds" },
        { "expires_at", " 1800000000", "expires_at" },
        { "expires_at", "1800000000 ", "expires_at" },
        { "expires_at", "+1800000000", "expires_at" },
        { "expires_at", "-1", "expires_at" },
        { "expires_at", "0x7fffffff", "expires_at" },
        { "expires_at", "1e12", "expires_at" },
        { "expires_at", "1800000000.5", "expires_at" },
        { "expires_at", "00", "expires_at" },
        { "expires_at", "01800000000", "expires_at" },
        { "expires_at", "never", "expires_at" },
        { "expires_at", "1800000000000", "must be in seconds" },
        { "expires_at", "253402300800", "must be in seconds" },
        { "expires_at", "99999999999999999999999999999999", "in seconds" },
        { "created_at", "yesterday", "created_at" },
        { "disabled", "", "disabled must be 0 or 1" },
        { "disabled", "2", "disabled" },
        { "disabled", "00", "disabled" },
        { "disabled", "01", "disabled" },
        { "disabled", "true", "disabled" },
        { "disabled", "false", "disabled" },
        { "grants", "admin FLY@qa", "unknown permission" },
        { "name", "a\nb", "name must not hold" },
        { "name", "a\r", "name must not hold" },
        { "name", "a\tb", "name must not hold" },
        { "name", "a\x7f", "name must not hold" },
        { "name", "a\xc2\x85", "name must not hold" },
        { "name", "a\x1b[31m", "name must not hold" },
        { "name", "a <b", "name must not hold" },
        { "name", "a> b", "name must not hold" },
        { "name", "\xff", "name must be UTF-8" },
        { "name", "\xed\xa0\x80", "name must be UTF-8" },
        { "name", "a\xc2", "name must be UTF-8" },
        { "name", " ", "name must hold more" },
        { "name", ".,:;\"'\\", "name must hold more" },
        { "author_name", "a\nb", "author_name must not hold" },
        { "author_name", "a <a@b>", "author_name must not hold" },
        { "author_name", "...", "author_name must hold more" },
        { "author_email", "a@b\n", "author_email must not hold" },
        { "author_email", "<a@b>", "author_email must not hold" },
        { "author_email", "a @b", "author_email must not hold spaces" },
        { "author_email", "\x80", "author_email must be UTF-8" }
    };

    for (i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
        refused("k1.open-sesame", (const char *[]) { "digest", DIGEST,
                tests[i].name, tests[i].value, NULL }, tests[i].why);
        refused("k1.open-sesame", (const char *[]) { tests[i].name,
                tests[i].value, "digest", DIGEST, NULL }, "is faulty");
    }
}


/* A hash has none, but what answers need not be one. */

static void
test_faulty_replies(void **state)
{
    size_t             i;
    pm_string_t        fields[3];
    pm_store_token_t   token;

    static const char *const  names[] = {
        "digest", "name", "author_name", "author_email", "grants",
        "created_at", "expires_at", "disabled"
    };

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        refused("k1.open-sesame", (const char *[]) { "digest", DIGEST,
                names[i], i == 0 ? DIGEST : i < 5 ? "" : "0",
                names[i], i == 0 ? DIGEST : i < 5 ? "" : "0", NULL },
                "is there twice");
    }

    refused("k1.open-sesame", (const char *[]) { "digest", DIGEST, "digest",
            ZEROS, NULL }, "digest is there twice");
    refused("k1.open-sesame", (const char *[]) { "digest", DIGEST, "name",
            NULL }, "a field has no value");
    refused("k1.open-sesame", (const char *[]) { "digest", NULL },
            "is faulty");

    /* a value with a NUL; an empty one without memory */

    assert_int_equal(pm_store_token_parse("k1.open-sesame", 14, &token), 0);

    fields[0] = (pm_string_t) { "digest", 6 };
    fields[1] = (pm_string_t) { DIGEST "\0", 65 };

    assert_int_equal(pm_store_key_verify(arena, &token, fields, 2, NOW, &key,
                                         &err), PM_NOT_FOUND);

    fields[0] = (pm_string_t) { NULL, 0 };
    fields[1] = (pm_string_t) { NULL, 0 };

    assert_int_equal(pm_store_key_verify(arena, &token, fields, 2, NOW, &key,
                                         NULL), PM_NOT_FOUND);

    fields[0] = (pm_string_t) { "digest", 6 };

    assert_int_equal(pm_store_key_verify(arena, &token, fields, 2, NOW, &key,
                                         NULL), PM_NOT_FOUND);
}


static void
test_name_lengths(void **state)
{
    size_t  i;
    char    name[258];

    static const char *const  names[] = {
        "name", "author_name", "author_email"
    };

    memset(name, 'n', sizeof(name));

    for (i = 0; i < 3; i++) {
        name[256] = '\0';
        assert_int_equal(verify("k1.open-sesame", (const char *[]) {
            "digest", DIGEST, names[i], name, NULL }), 0);

        name[256] = 'n';
        name[257] = '\0';
        refused("k1.open-sesame", (const char *[]) { "digest", DIGEST,
                names[i], name, NULL }, "must be at most 256 bytes");
    }
}


static void
test_the_record_alone(void **state)
{
    pm_string_t            id, fields[8];
    pm_store_key_record_t  record;

    id = (pm_string_t) { "k1", 2 };

    fields[0] = (pm_string_t) { "digest", 6 };
    fields[1] = (pm_string_t) { DIGEST, 64 };
    fields[2] = (pm_string_t) { "expires_at", 10 };
    fields[3] = (pm_string_t) { "5", 1 };
    fields[4] = (pm_string_t) { "disabled", 8 };
    fields[5] = (pm_string_t) { "1", 1 };
    fields[6] = (pm_string_t) { "created_at", 10 };
    fields[7] = (pm_string_t) { "4", 1 };

    assert_int_equal(pm_store_key_record_read(arena, id, fields, 8, &record,
                                              &err), 0);
    assert_string_equal(record.key.name, "k1");
    assert_int_equal(record.created_at, 4);
    assert_int_equal(record.expires_at, 5);
    assert_int_equal(record.disabled, 1);

    fields[1].len = 63;
    assert_int_equal(pm_store_key_record_read(arena, id, fields, 8, &record,
                                              &err), PM_INVALID);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_tokens),
        cmocka_unit_test(test_token_lengths),
        cmocka_unit_test_setup_teardown(test_a_full_record, setup, teardown),
        cmocka_unit_test_setup_teardown(test_defaults, setup, teardown),
        cmocka_unit_test_setup_teardown(test_wrong_secrets, setup, teardown),
        cmocka_unit_test_setup_teardown(test_unknown_key, setup, teardown),
        cmocka_unit_test_setup_teardown(test_expiry, setup, teardown),
        cmocka_unit_test_setup_teardown(test_disabled, setup, teardown),
        cmocka_unit_test_setup_teardown(test_faulty_digests, setup, teardown),
        cmocka_unit_test_setup_teardown(test_faulty_records, setup, teardown),
        cmocka_unit_test_setup_teardown(test_faulty_replies, setup, teardown),
        cmocka_unit_test_setup_teardown(test_name_lengths, setup, teardown),
        cmocka_unit_test_setup_teardown(test_the_record_alone, setup,
                                        teardown)
    };

    return cmocka_run_group_tests_name("store/key", tests, NULL, NULL);
}
