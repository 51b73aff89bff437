/*
 * Percent-encoding, base64, cutting, and what is taken from JSON.
 */

#include "forge/pm_forge_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>


static void
test_encode(void **state)
{
    pm_arena_t   *arena;
    pm_buffer_t   buffer;

    memset(&buffer, 0, sizeof(buffer));

    pm_forge_encode(&buffer, "aZ09-._~ /%&?#+:\"\\\xc3\xa4\n");
    assert_string_equal(pm_buffer_string(&buffer),
                        "aZ09-._~%20%2F%25%26%3F%23%2B%3A%22%5C%C3%A4%0A");

    buffer.len = 0;
    pm_buffer_puts(&buffer, "/x");
    pm_forge_query(&buffer, "a", "1&2");
    pm_forge_query(&buffer, "b", "");
    assert_string_equal(pm_buffer_string(&buffer), "/x?a=1%262&b=");
    pm_buffer_free(&buffer);

    arena = pm_arena_create();

    assert_string_equal(pm_forge_decode(arena, "a%20%c3%A4", 10),
                        "a \xc3\xa4");
    assert_string_equal(pm_forge_decode(arena, "", 0), "");
    assert_null(pm_forge_decode(arena, "%", 1));
    assert_null(pm_forge_decode(arena, "%4", 2));
    assert_null(pm_forge_decode(arena, "%4x", 3));
    assert_null(pm_forge_decode(arena, "%00", 3));
    assert_null(pm_forge_decode(arena, "%2f", 3));
    assert_null(pm_forge_decode(arena, "%5C", 3));
    assert_null(pm_forge_decode(arena, "%c3", 3));
    assert_null(pm_forge_decode(arena, "%41", 2));

    pm_arena_destroy(arena);
}


static void
test_base64(void **state)
{
    size_t          i, len;
    pm_buffer_t     buffer;
    unsigned char   data[64];

    /* RFC 4648, 10 */

    static const char *const  vectors[][2] = {
        { "", "" }, { "f", "Zg==" }, { "fo", "Zm8=" }, { "foo", "Zm9v" },
        { "foob", "Zm9vYg==" }, { "fooba", "Zm9vYmE=" },
        { "foobar", "Zm9vYmFy" }, { "\xff\xfe\xfb", "//77" }
    };

    static const char *const  bad[] = {
        "", "Z", "Zg", "Zg=", "Zg===", "=g==", "Z===", "====", "Zm8=Zm8=",
        "Zm 8", "Zm8-", "Zm8_", "Zm=8"
    };

    memset(&buffer, 0, sizeof(buffer));

    for (i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
        buffer.len = 0;
        pm_forge_base64(&buffer, vectors[i][0], strlen(vectors[i][0]));
        assert_string_equal(pm_buffer_string(&buffer), vectors[i][1]);

        if (i > 0) {
            assert_int_equal(pm_forge_unbase64(data, &len, vectors[i][1],
                                               strlen(vectors[i][1])), 0);
            assert_int_equal(len, strlen(vectors[i][0]));
            assert_memory_equal(data, vectors[i][0], len);
        }
    }

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (pm_forge_unbase64(data, &len, bad[i], strlen(bad[i])) == 0) {
            fail_msg("%s", bad[i]);
        }
    }

    pm_buffer_free(&buffer);
}


static void
test_cut(void **state)
{
    size_t       i;
    int          cut;
    pm_arena_t  *arena;

    static const struct {
        const char  *text;
        size_t       max;
        const char  *expected;
    } given[] = {
        { "abc", 0, "abc" },
        { "abc", 3, "abc" },
        { "abcd", 3, "ab\xe2\x80\xa6" },
        { "abcd", 1, "\xe2\x80\xa6" },
        { "", 1, "" },
        { "\xc3\xa4\xc3\xb6\xc3\xbc", 3, "\xc3\xa4\xc3\xb6\xc3\xbc" },
        { "\xc3\xa4\xc3\xb6\xc3\xbc", 2, "\xc3\xa4\xe2\x80\xa6" },

        /* two for what UTF-16 needs two for */
        { "\xf0\x9f\x9a\x80", 2, "\xf0\x9f\x9a\x80" },
        { "a\xf0\x9f\x9a\x80", 2, "a\xe2\x80\xa6" },
        { "a\xf0\x9f\x9a\x80z", 3, "a\xe2\x80\xa6" },
        { "\xf0\x9f\x9a\x80z", 2, "\xe2\x80\xa6" }
    };

    arena = pm_arena_create();

    for (i = 0; i < sizeof(given) / sizeof(given[0]); i++) {
        cut = 0;
        assert_string_equal(pm_forge_cut(arena, given[i].text, given[i].max,
                                         &cut), given[i].expected);
        assert_int_equal(cut, strcmp(given[i].text, given[i].expected) != 0);
    }

    pm_arena_destroy(arena);
}


static void
test_json(void **state)
{
    json_t  *json;

    json = json_loads("{\"a\":{\"b\":{\"c\":7,\"n\":-1,\"f\":1.5}},\"s\":\"x\""
                      ",\"h\":\"0123abc\",\"short\":\"0123ab\",\"g\":"
                      "\"0123abg\",\"r\":\"refs/heads/main\",\"e\":"
                      "\"refs/heads/\",\"u\":\"https://h/p?a=b#c\",\"js\":"
                      "\"javascript:alert(1)\",\"sp\":\"https://h/ p\",\"lt\":"
                      "\"https://h/<b>\",\"S\":\"X\",\"nul\":null}", 0, NULL);

    assert_int_equal(pm_forge_json_number(json, "a.b.c"), 7);
    assert_int_equal(pm_forge_json_number(json, "a.b.n"), 0);
    assert_int_equal(pm_forge_json_number(json, "a.b.f"), 0);
    assert_int_equal(pm_forge_json_number(json, "a.b"), 0);
    assert_int_equal(pm_forge_json_number(json, "s.b.c"), 0);
    assert_int_equal(pm_forge_json_number(NULL, "a"), 0);

    assert_string_equal(pm_forge_json_string(json, "s"), "x");
    assert_null(pm_forge_json_string(json, "a.b.c"));
    assert_null(pm_forge_json_string(json, "nul"));
    assert_null(pm_forge_json_string(json, ""));

    assert_string_equal(pm_forge_json_commit(json, "h"), "0123abc");
    assert_null(pm_forge_json_commit(json, "short"));
    assert_null(pm_forge_json_commit(json, "g"));

    assert_string_equal(pm_forge_json_branch(json, "r"), "main");
    assert_null(pm_forge_json_branch(json, "e"));

    assert_string_equal(pm_forge_json_url(json, "u"), "https://h/p?a=b#c");
    assert_null(pm_forge_json_url(json, "js"));
    assert_null(pm_forge_json_url(json, "sp"));
    assert_null(pm_forge_json_url(json, "lt"));

    assert_int_equal(pm_forge_json_equal(json, "s", "S"), 1);
    assert_int_equal(pm_forge_json_equal(json, "s", "h"), 0);
    assert_int_equal(pm_forge_json_equal(json, "a.b.c", "a.b.c"), 1);
    assert_int_equal(pm_forge_json_equal(json, "x", "y"), 0);

    json_decref(json);
}


static void
test_time(void **state)
{
    size_t   i;
    json_t  *json;

    static const struct {
        const char  *text;
        int64_t      seconds;
    } given[] = {
        { "2024-05-02T10:00:01Z", 1714644001 },
        { "2024-05-02T10:00:01.999Z", 1714644001 },
        { "2024-05-02T10:00:01.9999999Z", 1714644001 },
        { "2024-05-02T10:00:01+00:00", 1714644001 },
        { "2024-05-02T12:30:01+02:30", 1714644001 },
        { "2024-05-02T12:30:01.5+0230", 1714644001 },
        { "2024-05-02T05:00:01-05:00", 1714644001 },
        { "2024-05-02 10:00:01 UTC", 1714644001 },
        { "2024-02-29T00:00:00Z", 1709164800 },
        { "1970-01-01T00:00:01Z", 1 },
        { "9999-12-31T23:59:59Z", INT64_C(253402300799) },

        { "", 0 },
        { "2024-05-02", 0 },
        { "2024-05-02T10:00:01", 0 },
        { "2024-05-02T10:00:01 ", 0 },
        { "2024-05-02T10:00:01z", 0 },
        { "2024-05-02T10:00:01ZZ", 0 },
        { "2024-05-02T10:00:01 CET", 0 },
        { "2024-05-02T10:00:01+2", 0 },
        { "2024-05-02T10:00:01+", 0 },
        { "2024-05-02T10:00:01+24:00", 0 },
        { "2024-05-02T10:00:01+02:60", 0 },
        { "2024-05-02T10:00:01+02:0", 0 },
        { "2024-05-02T10:00:01+02:000", 0 },
        { "2024-13-02T10:00:01Z", 0 },
        { "2024-00-02T10:00:01Z", 0 },
        { "2024-05-32T10:00:01Z", 0 },
        { "2024-05-00T10:00:01Z", 0 },
        { "2024-05-02T24:00:01Z", 0 },
        { "2024-05-02T10:60:01Z", 0 },
        { "2024-05-02T10:00:61Z", 0 },
        { "2024-05-02T10:00:-1Z", 0 },
        { "2024/05/02T10:00:01Z", 0 },
        { "1969-12-31T23:59:59Z", 0 },
        { "0000-00-00T00:00:00Z", 0 },
        { "1970-01-01T00:00:01+01:00", 0 }
    };

    for (i = 0; i < sizeof(given) / sizeof(given[0]); i++) {
        if (pm_forge_time(given[i].text) != given[i].seconds) {
            fail_msg("%s", given[i].text);
        }
    }

    json = json_pack("{ss si sI sb}", "s", "1970-01-01T00:00:07Z", "n", 7999,
                     "big", (json_int_t) INT64_MAX, "t", 1);

    assert_int_equal(pm_forge_json_time(json, "s"), 7);
    assert_int_equal(pm_forge_json_time(json, "n"), 7);
    assert_int_equal(pm_forge_json_time(json, "big"), INT64_MAX / 1000);
    assert_int_equal(pm_forge_json_time(json, "t"), 0);
    assert_int_equal(pm_forge_json_time(json, "none"), 0);

    json_decref(json);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_encode),
        cmocka_unit_test(test_base64),
        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
