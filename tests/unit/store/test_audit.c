#include "store/pm_store_audit.h"
#include "store/pm_store_audit_walk.h"
#include "base/pm_hash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>


#define FIELDS   (2 * (PM_STORE_AUDIT_FIELDS + 2))
#define ENTRIES  6


static int
setup(void **state)
{
    *state = pm_arena_create();

    return *state == NULL;
}


static int
teardown(void **state)
{
    pm_arena_destroy(*state);

    return 0;
}


static pm_store_audit_t
entry_of(const char *user)
{
    pm_store_audit_t  entry;

    memset(&entry, 0, sizeof(pm_store_audit_t));

    entry.id = "017f22e2-79b0-7cc3-98c4-dc0c0c07398f";
    entry.event = PM_STORE_PROMOTION_CREATED;
    entry.reference_type = "API";
    entry.reference_id = "orders";
    entry.organization = "acme";
    entry.environment = "dev";
    entry.user = user;
    entry.key = "k1";
    entry.created_at = INT64_C(1700000000000);

    return entry;
}


/* The digest is what any tool can make of the documented text. */

static void
test_digest(void **state)
{
    char              hex[65];
    pm_error_t        err;
    pm_string_t       args[PM_STORE_AUDIT_ARGS];
    unsigned char     digest[PM_SHA256_SIZE];
    pm_store_audit_t  entry;

    static const char  text[] =
        "promotions-audit 1\n"
        "id 36 017f22e2-79b0-7cc3-98c4-dc0c0c07398f\n"
        "referenceType 3 API\n"
        "referenceId 6 orders\n"
        "organizationId 4 acme\n"
        "environmentId 3 dev\n"
        "user 5 Zo\xc3\xab!\n"
        "userName 0 \n"
        "keyId 2 k1\n"
        "createdAt 13 1700000000000\n"
        "event 17 PROMOTION_CREATED\n"
        "properties 31 {\"promotion\":\"p\",\"quoted\":\"\\\"\"}\n"
        "patch 2 []\n";

    entry = entry_of("Zo\xc3\xab!");
    entry.patch = "[]";
    pm_store_audit_property(&entry, "promotion", "p");
    pm_store_audit_property(&entry, "none", NULL);
    pm_store_audit_property(&entry, "empty", "");
    pm_store_audit_property(&entry, "quoted", "\"");

    assert_int_equal(pm_store_audit_encode(*state, &entry, args, &err), 0);

    assert_int_equal(pm_sha256(text, strlen(text), digest), 0);
    pm_hex(hex, digest, sizeof(digest));

    assert_string_equal(args[PM_STORE_AUDIT_FIELDS].data, hex);
}


/* No two entries share a text: lengths tell where a value ends. */

static void
test_values_cannot_move(void **state)
{
    pm_error_t        err;
    pm_string_t       one[PM_STORE_AUDIT_ARGS], two[PM_STORE_AUDIT_ARGS];
    pm_store_audit_t  entry;

    entry = entry_of("ab");
    entry.user_name = "c";
    assert_int_equal(pm_store_audit_encode(*state, &entry, one, &err), 0);

    entry = entry_of("a");
    entry.user_name = "bc";
    assert_int_equal(pm_store_audit_encode(*state, &entry, two, &err), 0);

    assert_string_not_equal(one[PM_STORE_AUDIT_FIELDS].data,
                            two[PM_STORE_AUDIT_FIELDS].data);
}


/* What a client has written is made harmless, and has an end. */

static void
test_hostile_texts(void **state)
{
    char              name[PM_STORE_AUDIT_TEXT + 8];
    char             *patch;
    size_t            i;
    pm_error_t        err;
    pm_string_t       args[PM_STORE_AUDIT_ARGS];
    pm_store_audit_t  entry;

    entry = entry_of("a\x1b\n\x7f\xff\xc3");

    for (i = 0; i < PM_STORE_AUDIT_PROPERTIES + 5; i++) {
        pm_store_audit_property(&entry, "same", "\xff\"\n");
    }

    /* a character of two bytes lies across the end */

    memset(name, 'x', sizeof(name));
    memcpy(name + PM_STORE_AUDIT_TEXT - 1, "\xc3\xab", 2);
    name[sizeof(name) - 1] = '\0';
    entry.user_name = name;

    patch = malloc(PM_STORE_AUDIT_PATCH + 2);
    assert_non_null(patch);
    memset(patch, '[', PM_STORE_AUDIT_PATCH + 1);
    patch[PM_STORE_AUDIT_PATCH + 1] = '\0';
    entry.patch = patch;

    assert_int_equal(pm_store_audit_encode(*state, &entry, args, &err), 0);

    assert_string_equal(args[PM_STORE_AUDIT_USER].data, "a   ??");
    assert_int_equal(args[PM_STORE_AUDIT_USER_NAME].len,
                     PM_STORE_AUDIT_TEXT - 1);
    assert_string_equal(args[PM_STORE_AUDIT_PROPERTIES_JSON].data,
                        "{\"same\":\"?\\\" \",\"patchOmitted\":\"65537\"}");
    assert_int_equal(args[PM_STORE_AUDIT_PATCH_JSON].len, 0);

    patch[PM_STORE_AUDIT_PATCH] = '\0';
    assert_int_equal(pm_store_audit_encode(*state, &entry, args, &err), 0);
    assert_int_equal(args[PM_STORE_AUDIT_PATCH_JSON].len,
                     PM_STORE_AUDIT_PATCH);
    free(patch);
}


/* A stream as the script makes it. */

typedef struct {
    char         ids[ENTRIES][8];
    char         chains[ENTRIES][41];
    pm_string_t  fields[ENTRIES][FIELDS];
    pm_string_t  tail[8];
} stream_t;


static void
link_to(char chain[41], const char *before, pm_string_t digest)
{
    pm_hash_t      *hash;
    unsigned char   bytes[PM_SHA1_SIZE];

    hash = pm_hash_create(PM_SHA1);
    assert_non_null(hash);
    assert_int_equal(pm_hash_update(hash, before, strlen(before)), 0);
    assert_int_equal(pm_hash_update(hash, digest.data, digest.len), 0);
    assert_int_equal(pm_hash_final(hash, bytes), 0);
    pm_hash_destroy(hash);

    pm_hex(chain, bytes, sizeof(bytes));
}


static pm_string_t
text_of(const char *text)
{
    return (pm_string_t) { text, strlen(text) };
}


static void
make_stream(pm_arena_t *arena, stream_t *stream)
{
    size_t            i, j;
    pm_error_t        err;
    pm_string_t       args[PM_STORE_AUDIT_ARGS];
    pm_store_audit_t  entry;

    for (i = 0; i < ENTRIES; i++) {
        (void) snprintf(stream->ids[i], sizeof(stream->ids[i]), "%zu-0",
                        i + 1);

        entry = entry_of(stream->ids[i]);
        assert_int_equal(pm_store_audit_encode(arena, &entry, args, &err), 0);

        link_to(stream->chains[i], i ? stream->chains[i - 1] : "",
                args[PM_STORE_AUDIT_FIELDS]);

        for (j = 0; j < PM_STORE_AUDIT_FIELDS; j++) {
            stream->fields[i][2 * j] = text_of(pm_store_audit_fields[j]);
            stream->fields[i][2 * j + 1] = args[j];
        }

        stream->fields[i][2 * j] = text_of("digest");
        stream->fields[i][2 * j + 1] = args[j];
        stream->fields[i][2 * j + 2] = text_of("chain");
        stream->fields[i][2 * j + 3] = text_of(stream->chains[i]);
    }

    stream->tail[0] = text_of("chain");
    stream->tail[1] = text_of(stream->chains[ENTRIES - 1]);
    stream->tail[2] = text_of("oldest");
    stream->tail[3] = text_of(stream->ids[0]);
    stream->tail[4] = text_of("count");
    stream->tail[5] = text_of("6");
    stream->tail[6] = text_of("trimmed");
    stream->tail[7] = text_of("0");
}


/* Walks the entries of these indices ("013": the first, second, fourth). */

static const char *
walk(stream_t *stream, const char *order, pm_error_t *err)
{
    size_t                 i;
    pm_store_audit_walk_t  at;

    if (pm_store_audit_walk_begin(&at, stream->tail, 8, err) != 0) {
        return err->message;
    }

    for (; *order != '\0'; order++) {
        i = (size_t) (*order - '0');

        assert_int_equal(pm_store_audit_walk_entry(&at,
                                                   text_of(stream->ids[i]),
                                                   stream->fields[i], FIELDS,
                                                   err), 0);
    }

    return pm_store_audit_walk_end(&at, err) == 0 ? "whole" : err->message;
}


static void
begins_with(const char *message, const char *with)
{
    char  head[256];

    (void) snprintf(head, sizeof(head), "%.*s", (int) strlen(with), message);
    assert_string_equal(head, with);
}


static void
test_walk(void **state)
{
    stream_t    stream;
    pm_error_t  err;

    make_stream(*state, &stream);

    begins_with(walk(&stream, "012345", &err), "whole");
    begins_with(walk(&stream, "01345", &err),
                "entry 4-0 does not follow 2-0");
    begins_with(walk(&stream, "12345", &err), "the oldest entry is 2-0");
    begins_with(walk(&stream, "01234", &err), "entries after 5-0 were removed");
    begins_with(walk(&stream, "", &err), "all entries from 1-0 on");
    begins_with(walk(&stream, "0123452", &err), "entry 3-0 was inserted after");
    begins_with(walk(&stream, "0142345", &err), "entry 5-0 was inserted, or");
    begins_with(walk(&stream, "0124355", &err), "entry 5-0 was inserted, or");
    begins_with(walk(&stream, "012354", &err), "entry 6-0 was inserted, or");
    begins_with(walk(&stream, "543210", &err), "the oldest entry is 6-0");
}


/* After trimming, what is left proves itself. */

static void
test_walk_of_a_trimmed_stream(void **state)
{
    stream_t               stream;
    pm_error_t             err;
    pm_store_audit_walk_t  at;

    make_stream(*state, &stream);

    stream.tail[0] = text_of("before");
    stream.tail[1] = text_of(stream.chains[5]);
    stream.tail[3] = text_of("");
    stream.tail[7] = text_of("6");

    /* all of it: its newest chain is what was trimmed last */

    assert_int_equal(pm_store_audit_walk_begin(&at, stream.tail, 8, &err), 0);
    (void) strcpy(at.chain, stream.chains[5]);
    assert_int_equal(pm_store_audit_walk_end(&at, &err), 0);

    /* two of six */

    stream.tail[1] = text_of(stream.chains[1]);
    stream.tail[3] = text_of(stream.ids[2]);
    stream.tail[7] = text_of("2");

    assert_int_equal(pm_store_audit_walk_begin(&at, stream.tail, 8, &err), 0);
    (void) strcpy(at.chain, stream.chains[5]);

    for (size_t i = 2; i < ENTRIES; i++) {
        assert_int_equal(pm_store_audit_walk_entry(&at,
                                                   text_of(stream.ids[i]),
                                                   stream.fields[i], FIELDS,
                                                   &err), 0);
    }

    assert_int_equal(pm_store_audit_walk_end(&at, &err), 0);
    assert_int_equal(at.found, 4);
}


/* Nothing that Redis may hold is trusted. */

static void
test_hostile_stream(void **state)
{
    size_t                 i;
    stream_t               stream;
    pm_error_t             err;
    pm_string_t            good;
    pm_store_audit_walk_t  at;

    static const struct {
        size_t       at;
        const char  *value;
    } tails[] = {
        { 1, "0123456789012345678901234567890123456789a" },
        { 1, "not hexadecimal" },
        { 3, "1-0 " },
        { 5, "" },
        { 5, "-1" },
        { 5, "1234567890123456789" },
        { 7, "7" }
    };

    make_stream(*state, &stream);

    for (i = 0; i < sizeof(tails) / sizeof(tails[0]); i++) {
        good = stream.tail[tails[i].at];
        stream.tail[tails[i].at] = text_of(tails[i].value);
        assert_int_equal(pm_store_audit_walk_begin(&at, stream.tail, 8, &err),
                         PM_CONFLICT);
        stream.tail[tails[i].at] = good;
    }

    /* a name, the number of fields, a NUL in a chain */

    good = stream.fields[2][0];
    stream.fields[2][0] = text_of("di");
    begins_with(walk(&stream, "012345", &err), "entry 3-0 was changed");
    stream.fields[2][0] = good;

    good = stream.fields[3][FIELDS - 1];
    stream.fields[3][FIELDS - 1] = (pm_string_t) { "a\0b", 3 };
    begins_with(walk(&stream, "012345", &err), "entry 4-0 does not follow");
    stream.fields[3][FIELDS - 1].len = 0;
    begins_with(walk(&stream, "012345", &err), "entry 4-0 does not follow");
    stream.fields[3][FIELDS - 1] = good;

    assert_int_equal(pm_store_audit_walk_begin(&at, stream.tail, 8, &err), 0);
    assert_int_equal(pm_store_audit_walk_entry(&at, text_of("1-0"),
                                               stream.fields[0], 2, &err), 0);
    assert_int_equal(pm_store_audit_walk_entry(&at, text_of("2-0"),
                                               NULL, 0, &err), 0);
    assert_int_equal(pm_store_audit_walk_end(&at, &err), PM_CONFLICT);
    begins_with(err.message, "entry 1-0 was changed");

    /* nothing at all was ever recorded */

    assert_int_equal(pm_store_audit_walk_begin(&at, NULL, 0, &err), 0);
    assert_int_equal(pm_store_audit_walk_end(&at, &err), 0);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test_setup_teardown(test_digest, setup, teardown),
        cmocka_unit_test_setup_teardown(test_values_cannot_move, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_hostile_texts, setup, teardown),
        cmocka_unit_test_setup_teardown(test_walk, setup, teardown),
        cmocka_unit_test_setup_teardown(test_walk_of_a_trimmed_stream, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_hostile_stream, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
