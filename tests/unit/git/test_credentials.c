/*
 * Which secret goes where, and which file may hold one.
 */

#include "git/pm_git_credentials.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>


typedef struct {
    char                   file[64];
    pm_arena_t            *arena;
    pm_git_credentials_t  *credentials;
    pm_error_t             err;
} fixture_t;


static fixture_t  fx;


static int
setup(void **state)
{
    int  fd;

    memset(&fx, 0, sizeof(fx));

    strcpy(fx.file, "/tmp/pm-credentials-XXXXXX");
    fd = mkstemp(fx.file);
    assert_true(fd != -1);
    (void) close(fd);

    fx.arena = pm_arena_create();
    assert_non_null(fx.arena);

    return 0;
}


static int
teardown(void **state)
{
    (void) unlink(fx.file);
    (void) rmdir(fx.file);
    pm_arena_destroy(fx.arena);

    return 0;
}


static int
read_text(const char *text)
{
    FILE  *file;

    file = fopen(fx.file, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);

    fx.err.message[0] = '\0';

    return pm_git_credentials_read(fx.arena, fx.file, &fx.credentials,
                                   &fx.err);
}


/* The password for a URL, or "-". */

static const char *
secret(const char *text)
{
    pm_git_url_t           url;
    const pm_git_login_t  *login;

    assert_int_equal(pm_git_url_parse(fx.arena, text, &url, NULL), 0);

    login = pm_git_credentials_match(fx.credentials, &url);

    return login ? login->password : "-";
}


static void
test_longest_path(void **state)
{
    assert_int_equal(read_text(
        "# who may what\n"
        "\n"
        "https://u:host@git.example.com\n"
        "https://u:group@git.example.com/acme\r\n"
        "https://u:repo@git.example.com/acme/apps.git\n"
        "https://u:later@git.example.com/acme/apps.git\n"
        "  \n"
        "https://u:slash@git.example.com/other/"), 0);

    assert_string_equal(secret("https://git.example.com/x"), "host");
    assert_string_equal(secret("https://git.example.com/acme/y"), "group");
    assert_string_equal(secret("https://git.example.com/acme"), "group");
    assert_string_equal(secret("https://git.example.com/acme/apps.git"),
                        "repo");
    assert_string_equal(secret("https://git.example.com/other/z"), "slash");

    /* whole segments */

    assert_string_equal(secret("https://git.example.com/acme-evil/x"),
                        "host");
    assert_string_equal(secret("https://git.example.com/acme/apps.git2"),
                        "group");
    assert_string_equal(secret("https://git.example.com/acme/apps"), "group");
    assert_string_equal(secret("https://git.example.com/acm"), "host");
    assert_string_equal(secret("https://git.example.com/Acme/x"), "host");
}


static void
test_only_its_own_host(void **state)
{
    assert_int_equal(read_text(
        "https://u:plain@git.example.com/acme\n"
        "https://u:port@git.example.com:8443\n"
        "http://u:loop@localhost:3000\n"
        "http://u:six@[::1]:3000\n"), 0);

    assert_string_equal(secret("https://git.example.com/acme/x"), "plain");
    assert_string_equal(secret("https://GIT.example.com:443/acme/x"),
                        "plain");
    assert_string_equal(secret("https://git.example.com:8443/x"), "port");
    assert_string_equal(secret("http://localhost:3000/x"), "loop");
    assert_string_equal(secret("http://[::1]:3000/x"), "six");

    assert_string_equal(secret("http://git.example.com/acme/x"), "-");
    assert_string_equal(secret("http://git.example.com:443/acme/x"), "-");
    assert_string_equal(secret("https://git.example.com:444/acme/x"), "-");
    assert_string_equal(secret("https://git.example.com/x"), "-");
    assert_string_equal(secret("https://git.example.com.evil.com/acme/x"),
                        "-");
    assert_string_equal(secret("https://xgit.example.com/acme/x"), "-");
    assert_string_equal(secret("https://example.com/acme/x"), "-");
    assert_string_equal(secret("https://git.example.com@evil.com/acme/x"),
                        "-");
    assert_string_equal(secret("https://git-example.com/acme/x"), "-");
    assert_string_equal(secret("https://localhost:3000/x"), "-");
    assert_string_equal(secret("http://localhost/x"), "-");
    assert_string_equal(secret("ssh://git.example.com/acme/x"), "-");
    assert_string_equal(secret("git.example.com:acme/x"), "-");
    assert_string_equal(secret("/acme/x"), "-");
}


static void
test_decoding(void **state)
{
    pm_git_url_t           url;
    const pm_git_login_t  *login;

    assert_int_equal(read_text(
        "https://me%40corp:a%3ab%2Fc%40d%25@h/a%20b\n"
        "https://tok@h/only-user\n"
        "https://:pat@h/only-token\n"), 0);

    assert_int_equal(pm_git_url_parse(fx.arena, "https://h/%61%20b/x", &url,
                                      NULL), 0);
    login = pm_git_credentials_match(fx.credentials, &url);
    assert_non_null(login);
    assert_string_equal(login->user, "me@corp");
    assert_string_equal(login->password, "a:b/c@d%");

    assert_string_equal(secret("https://h/only-user"), "");
    assert_string_equal(secret("https://h/only-token"), "pat");
}


static void
refuse(const char *text, const char *position, const char *reason)
{
    char  expected[256];

    assert_int_equal(read_text(text), PM_INVALID);

    (void) snprintf(expected, sizeof(expected), "%s:%s: ", fx.file, position);

    if (strncmp(fx.err.message, expected, strlen(expected)) != 0
        || strstr(fx.err.message, reason) == NULL)
    {
        fail_msg("%s: %s", text, fx.err.message);
    }

    assert_null(strstr(fx.err.message, "s3cret"));
    assert_null(strstr(fx.err.message, "mallory"));
}


static void
test_refused_lines(void **state)
{
    refuse("mallory:s3cret@h\n", "1:1", "is not https://user:token@host");
    refuse("#\n\nhttps://h/x\n", "3:9", "no user and token");
    refuse("https://mallory:s3cret/x@h/y\n", "1:9", "%2F");
    refuse("http://mallory:s3cret@h/x\n", "1:1", "only to a loopback host");
    refuse("http://mallory:s3cret@127.evil.com/x\n", "1:1", "loopback");
    refuse("ssh://mallory:s3cret@h/x\n", "1:1", "scheme other than https");
    refuse("file://mallory:s3cret@/x\n", "1:1", "scheme other than https");
    refuse("ftp://mallory:s3cret@h/x\n", "1:1", "scheme");
    refuse("https://mallory:s3cret@h:x/y\n", "1:1", "malformed port");
    refuse("https://mallory:s3cret@/y\n", "1:1", "no host");
    refuse("https://mallory:s3cret@h/a/../b\n", "1:1", "\"..\"");
    refuse("https://mallory:s3cret@h/a?b\n", "1:1", "\"?\"");
    refuse("https://mallory:s3cret%0d%0aX:y@h/a\n", "1:9", "control");
    refuse("https://mallory:s3cret%zz@h/a\n", "1:9", "escape");
    refuse("https://mallory%3as3cret:x@h/a\n", "1:9", "colon");
    refuse("https://:@h/a\n", "1:9", "neither a user nor a token");
}


static void
test_refused_files(void **state)
{
    assert_int_equal(read_text("https://u:p@h\n"), 0);

    assert_int_equal(chmod(fx.file, 0640), 0);
    assert_int_equal(read_text("https://u:p@h\n"), PM_INVALID);
    assert_non_null(strstr(fx.err.message, "mode 0640"));

    assert_int_equal(chmod(fx.file, 0604), 0);
    assert_int_equal(read_text("https://u:p@h\n"), PM_INVALID);

    assert_int_equal(chmod(fx.file, 0620), 0);
    assert_int_equal(read_text("https://u:p@h\n"), PM_INVALID);

    assert_int_equal(chmod(fx.file, 0400), 0);
    assert_int_equal(pm_git_credentials_read(fx.arena, fx.file,
                                             &fx.credentials, &fx.err), 0);

    assert_int_equal(chmod(fx.file, 0600), 0);
    assert_int_equal(truncate(fx.file, 1024 * 1024 + 1), 0);
    assert_int_equal(pm_git_credentials_read(fx.arena, fx.file,
                                             &fx.credentials, &fx.err),
                     PM_INVALID);
    assert_non_null(strstr(fx.err.message, "larger than 1 MiB"));

    assert_int_equal(truncate(fx.file, 10), 0);
    assert_int_equal(pm_git_credentials_read(fx.arena, fx.file,
                                             &fx.credentials, &fx.err),
                     PM_INVALID);

    assert_int_equal(unlink(fx.file), 0);
    assert_int_equal(pm_git_credentials_read(fx.arena, fx.file,
                                             &fx.credentials, &fx.err),
                     PM_INVALID);
    assert_non_null(strstr(fx.err.message, "No such file"));

    assert_int_equal(mkfifo(fx.file, 0600), 0);
    assert_int_equal(pm_git_credentials_read(fx.arena, fx.file,
                                             &fx.credentials, &fx.err),
                     PM_INVALID);
    assert_non_null(strstr(fx.err.message, "not a regular file"));
    assert_int_equal(unlink(fx.file), 0);

    assert_int_equal(mkdir(fx.file, 0700), 0);
    assert_int_equal(pm_git_credentials_read(fx.arena, fx.file,
                                             &fx.credentials, &fx.err),
                     PM_INVALID);
    assert_non_null(strstr(fx.err.message, "not a regular file"));

}


static void
test_none(void **state)
{
    assert_int_equal(read_text(""), 0);
    assert_string_equal(secret("https://h/x"), "-");

    fx.credentials = NULL;
    assert_string_equal(secret("https://h/x"), "-");
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test_setup_teardown(test_longest_path, setup, teardown),
        cmocka_unit_test_setup_teardown(test_only_its_own_host, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_decoding, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refused_lines, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refused_files, setup, teardown),
        cmocka_unit_test_setup_teardown(test_none, setup, teardown)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
