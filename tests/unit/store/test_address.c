#include "store/pm_store_address.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>


static pm_arena_t          *arena;
static pm_error_t           err;
static pm_store_address_t   address;


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


/* Without a NUL behind it, so that a sanitizer sees a byte too much. */

static int
parse(const char *text)
{
    int      rc;
    char    *copy;
    size_t   len;

    len = strlen(text);
    copy = malloc(len ? len : 1);
    assert_non_null(copy);
    memcpy(copy, text, len);

    memset(&err, 0, sizeof(err));
    rc = pm_store_address_parse(arena, copy, len, &address, &err);

    free(copy);

    return rc;
}


static void
test_hosts(void **state)
{
    size_t  i;

    static const struct {
        const char  *text;
        const char  *host;
        unsigned     port;
    } tests[] = {
        { PM_STORE_ADDRESS_DEFAULT, "127.0.0.1", 6379 },
        { "redis", "redis", 6379 },
        { "redis:1", "redis", 1 },
        { "redis.example.com:65535", "redis.example.com", 65535 },
        { "my-redis_2.ns.svc:6380", "my-redis_2.ns.svc", 6380 },
        { "redis.example.com.", "redis.example.com.", 6379 },
        { "[::1]", "::1", 6379 },
        { "[::1]:7000", "::1", 7000 },
        { "[2001:db8::1]:6379", "2001:db8::1", 6379 },
        { "[::ffff:127.0.0.1]", "::ffff:127.0.0.1", 6379 },
        { "unix", "unix", 6379 },
        { "sentinel", "sentinel", 6379 }
    };

    for (i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
        if (parse(tests[i].text) != 0) {
            fail_msg("%s", err.message);
        }

        assert_int_equal(address.kind, PM_STORE_TCP);
        assert_int_equal(address.nhosts, 1);
        assert_string_equal(address.hosts[0].host, tests[i].host);
        assert_int_equal(address.hosts[0].port, tests[i].port);
        assert_null(address.path);
        assert_null(address.master);
    }
}


static void
test_sockets(void **state)
{
    char  text[5 + 109];

    assert_int_equal(parse("unix:/run/redis/redis.sock"), 0);
    assert_int_equal(address.kind, PM_STORE_UNIX);
    assert_string_equal(address.path, "/run/redis/redis.sock");
    assert_int_equal(address.nhosts, 0);

    assert_int_equal(parse("unix:/with space and@:,"), 0);
    assert_string_equal(address.path, "/with space and@:,");

    /* sun_path holds 107 bytes and a NUL */

    memset(text, 'x', sizeof(text));
    memcpy(text, "unix:/", 6);

    text[5 + 107] = '\0';
    assert_int_equal(parse(text), 0);

    text[5 + 107] = 'x';
    text[5 + 108] = '\0';
    assert_int_equal(parse(text), PM_INVALID);
}


static void
test_sentinels(void **state)
{
    assert_int_equal(parse("sentinel:my.Master_1-a@s1:26380,s2,[::1]:26381"),
                     0);
    assert_int_equal(address.kind, PM_STORE_SENTINEL);
    assert_string_equal(address.master, "my.Master_1-a");
    assert_int_equal(address.nhosts, 3);
    assert_string_equal(address.hosts[0].host, "s1");
    assert_int_equal(address.hosts[0].port, 26380);
    assert_string_equal(address.hosts[1].host, "s2");
    assert_int_equal(address.hosts[1].port, 26379);
    assert_string_equal(address.hosts[2].host, "::1");
    assert_int_equal(address.hosts[2].port, 26381);

    assert_int_equal(parse("sentinel:m@h"), 0);
    assert_int_equal(address.nhosts, 1);

    assert_int_equal(parse("sentinel:m@1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,"
                           "16"), 0);
    assert_int_equal(address.nhosts, 16);
    assert_int_equal(parse("sentinel:m@1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,"
                           "16,17"), PM_INVALID);
}


static void
test_faulty_addresses(void **state)
{
    size_t  i;

    static const struct {
        const char  *text;
        const char  *named;
    } tests[] = {
        { "", "no valid host" },
        { ":6379", "no valid host" },
        { "-h:6379", "no valid host" },
        { ".h:6379", "no valid host" },
        { "ho st:6379", "no valid host" },
        { "host/:6379", "no valid host" },
        { "a@host:6379", "no valid host" },
        { "h\xc3\xb6st", "no valid host" },
        { "host,host", "no valid host" },
        { "host:", "the port must be" },
        { "host:0", "the port must be" },
        { "host:00001", "the port must be" },
        { "host:65536", "the port must be" },
        { "host:99999999999999999999", "the port must be" },
        { "host:-1", "the port must be" },
        { "host:+1", "the port must be" },
        { "host:6379 ", "the port must be" },
        { "host:63a9", "the port must be" },
        { "host:0x10", "the port must be" },
        { "::1", "in brackets" },
        { "::1:6379", "in brackets" },
        { "host:1:2", "in brackets" },
        { "[]", "no valid host" },
        { "[", "no valid host" },
        { "[::1", "no valid host" },
        { "[host]:6379", "no valid host" },
        { "[127.0.0.1]:6379", "no valid host" },
        { "[::1%lo]:6379", "no valid host" },
        { "[::1]6379", "the port must be" },
        { "[::1]:", "the port must be" },
        { "[::1]]", "the port must be" },
        { "[::ffff:127.127.127.127.127.127.127.127.127.127]", "no valid" },
        { "redis://host:6379/0", "not a URL" },
        { "rediss://user:password@host", "not a URL" },
        { "unix:", "must be absolute" },
        { "unix:/", "must be absolute" },
        { "unix:relative", "must be absolute" },
        { "unix:6379", "must be absolute" },
        { "unix:/a\nb", "control characters" },
        { "sentinel:", "NAME has" },
        { "sentinel:m", "NAME has" },
        { "sentinel:host:6379", "NAME has" },
        { "sentinel:@h", "NAME has" },
        { "sentinel:a b@h", "NAME has" },
        { "sentinel:m@", "no valid host" },
        { "sentinel:m@h,", "no valid host" },
        { "sentinel:m@,h", "no valid host" },
        { "sentinel:m@h,,h", "no valid host" },
        { "sentinel:m@h, h", "no valid host" },
        { "sentinel:m@h@h", "no valid host" },
        { "sentinel:m@h:0", "the port must be" }
    };

    for (i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
        if (parse(tests[i].text) != PM_INVALID
            || strstr(err.message, tests[i].named) == NULL)
        {
            fail_msg("\"%s\": %s", tests[i].text, err.message);
        }

        /* a URL may hold a password */

        assert_null(strstr(err.message, "password@"));
    }

    assert_int_equal(pm_store_address_parse(arena, "host\0", 5, &address,
                                            &err), PM_INVALID);
    assert_int_equal(pm_store_address_parse(arena, "[::1\0]", 6, &address,
                                            &err), PM_INVALID);
    assert_int_equal(pm_store_address_parse(arena, "unix:/a\0b", 9, &address,
                                            &err), PM_INVALID);
}


static void
test_long_addresses(void **state)
{
    size_t   i, len;
    char    *text;

    static const size_t  lengths[] = { 254, 1000, 8192, 8193, 100000 };

    for (i = 0; i < 5; i++) {
        len = lengths[i];
        text = malloc(len + 1);
        assert_non_null(text);

        memset(text, 'h', len);
        text[len] = '\0';

        assert_int_equal(parse(text), PM_INVALID);
        assert_true(strlen(err.message) < 400);

        memcpy(text, "sentinel:", 9);
        assert_int_equal(parse(text), PM_INVALID);

        free(text);
    }
}


static int
password(const char *data, size_t len, pm_string_t *value)
{
    int   rc, fd;
    char  path[] = "/tmp/promotions-test-XXXXXX";

    fd = mkstemp(path);
    assert_true(fd != -1);
    assert_int_equal(write(fd, data, len), (ssize_t) len);
    assert_int_equal(close(fd), 0);

    memset(&err, 0, sizeof(err));
    rc = pm_store_password_read(arena, path, value, &err);

    assert_int_equal(unlink(path), 0);

    return rc;
}


static void
test_password_files(void **state)
{
    int          rc;
    char         text[2000];
    size_t       i;
    pm_string_t  value;

    static const struct {
        const char  *data;
        const char  *password;           /* NULL: faulty */
    } tests[] = {
        { "geheim", "geheim" },
        { "geheim\n", "geheim" },
        { "geheim\r\n", "geheim" },
        { " geheim ", " geheim " },
        { "gehe\xc3\xbcm\n", "gehe\xc3\xbcm" },
        { "", NULL },
        { "\n", NULL },
        { "\r\n", NULL },
        { "geheim\n\n", NULL },
        { "geheim\nmehr\n", NULL },
        { "geheim\r\r\n", NULL },
        { "geheim\tmehr", NULL }
    };

    for (i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
        rc = password(tests[i].data, strlen(tests[i].data), &value);

        if (tests[i].password == NULL) {
            assert_int_equal(rc, PM_INVALID);
            assert_null(strstr(err.message, "geheim"));
            continue;
        }

        assert_int_equal(rc, 0);
        assert_int_equal(value.len, strlen(tests[i].password));
        assert_memory_equal(value.data, tests[i].password, value.len);
    }

    assert_int_equal(password("a\0b", 3, &value), PM_INVALID);

    memset(text, 'p', sizeof(text));
    text[1024] = '\r';
    text[1025] = '\n';

    assert_int_equal(password(text, 1024, &value), 0);
    assert_int_equal(password(text, 1026, &value), 0);
    assert_int_equal(value.len, 1024);

    memset(text, 'p', sizeof(text));
    assert_int_equal(password(text, 1025, &value), PM_INVALID);
    assert_int_equal(password(text, 2000, &value), PM_INVALID);

    assert_int_equal(pm_store_password_read(arena, "/nonexistent/file",
                                            &value, &err), PM_INVALID);
    assert_non_null(strstr(err.message, "/nonexistent/file: No such file"));

    assert_int_equal(pm_store_password_read(arena, "/tmp", &value, &err),
                     PM_INVALID);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test_setup_teardown(test_hosts, setup, teardown),
        cmocka_unit_test_setup_teardown(test_sockets, setup, teardown),
        cmocka_unit_test_setup_teardown(test_sentinels, setup, teardown),
        cmocka_unit_test_setup_teardown(test_faulty_addresses, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_long_addresses, setup, teardown),
        cmocka_unit_test_setup_teardown(test_password_files, setup, teardown)
    };

    return cmocka_run_group_tests_name("store/address", tests, NULL, NULL);
}
