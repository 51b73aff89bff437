/*
 * URLs of repositories: what is read, what is refused, what is shown.
 */

#include "git/pm_git_url.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>


typedef struct {
    const char       *text;
    pm_git_scheme_t   scheme;
    unsigned          port;
    const char       *user;
    const char       *host;
    const char       *path;
    const char       *canonical;
    unsigned          relative;
} accepted_t;


static const accepted_t  accepted[] = {
    { "https://github.com/acme/apps", PM_GIT_HTTPS, 0, NULL, "github.com",
      "/acme/apps", "https://github.com/acme/apps", 0 },
    { "https://github.com/acme/apps.git", PM_GIT_HTTPS, 0, NULL,
      "github.com", "/acme/apps.git", "https://github.com/acme/apps.git", 0 },
    { "https://github.com/acme/apps.git/", PM_GIT_HTTPS, 0, NULL,
      "github.com", "/acme/apps.git", "https://github.com/acme/apps.git", 0 },
    { "https://github.com/acme/apps///", PM_GIT_HTTPS, 0, NULL, "github.com",
      "/acme/apps", "https://github.com/acme/apps", 0 },
    { "HTTPS://GitHub.COM/Acme/Apps", PM_GIT_HTTPS, 0, NULL, "github.com",
      "/Acme/Apps", "https://github.com/Acme/Apps", 0 },
    { "https://github.com:443/a/b", PM_GIT_HTTPS, 0, NULL, "github.com",
      "/a/b", "https://github.com/a/b", 0 },
    { "https://github.com:0443/a/b", PM_GIT_HTTPS, 0, NULL, "github.com",
      "/a/b", "https://github.com/a/b", 0 },
    { "https://github.com:8443/a/b", PM_GIT_HTTPS, 8443, NULL, "github.com",
      "/a/b", "https://github.com:8443/a/b", 0 },
    { "https://github.com:80/a/b", PM_GIT_HTTPS, 80, NULL, "github.com",
      "/a/b", "https://github.com:80/a/b", 0 },
    { "http://git.local:80/a", PM_GIT_HTTP, 0, NULL, "git.local", "/a",
      "http://git.local/a", 0 },
    { "http://git.local:3000/a", PM_GIT_HTTP, 3000, NULL, "git.local", "/a",
      "http://git.local:3000/a", 0 },
    { "http://127.0.0.1/a", PM_GIT_HTTP, 0, NULL, "127.0.0.1", "/a",
      "http://127.0.0.1/a", 0 },
    { "https://[::1]:3000/a", PM_GIT_HTTPS, 3000, NULL, "[::1]", "/a",
      "https://[::1]:3000/a", 0 },
    { "https://[2001:DB8::1]/a", PM_GIT_HTTPS, 0, NULL, "[2001:db8::1]",
      "/a", "https://[2001:db8::1]/a", 0 },
    { "https://bob@git.local/a", PM_GIT_HTTPS, 0, "bob", "git.local", "/a",
      "https://git.local/a", 0 },
    { "https://bob%40corp@git.local/a", PM_GIT_HTTPS, 0, "bob@corp",
      "git.local", "/a", "https://git.local/a", 0 },
    { "https://git.local/a%20b/c", PM_GIT_HTTPS, 0, NULL, "git.local",
      "/a%20b/c", "https://git.local/a%20b/c", 0 },
    { "https://dev.azure.com/org/p/_git/r", PM_GIT_HTTPS, 0, NULL,
      "dev.azure.com", "/org/p/_git/r", "https://dev.azure.com/org/p/_git/r",
      0 },
    { "https://git.local/a@b", PM_GIT_HTTPS, 0, NULL, "git.local", "/a@b",
      "https://git.local/a@b", 0 },
    { "https://git.local/~me/r", PM_GIT_HTTPS, 0, NULL, "git.local",
      "/~me/r", "https://git.local/~me/r", 0 },
    { "https://git.local/a:b", PM_GIT_HTTPS, 0, NULL, "git.local", "/a:b",
      "https://git.local/a:b", 0 },
    { "https://git.local/..a/b..", PM_GIT_HTTPS, 0, NULL, "git.local",
      "/..a/b..", "https://git.local/..a/b..", 0 },
    { "https://h/\xc3\xa4", PM_GIT_HTTPS, 0, NULL, "h", "/\xc3\xa4",
      "https://h/\xc3\xa4", 0 },
    { "https://git_1.local/a", PM_GIT_HTTPS, 0, NULL, "git_1.local", "/a",
      "https://git_1.local/a", 0 },
    { "ssh://git@github.com/acme/apps.git", PM_GIT_SSH, 0, "git",
      "github.com", "/acme/apps.git", "ssh://github.com/acme/apps.git", 0 },
    { "ssh://github.com/acme/apps.git", PM_GIT_SSH, 0, "git", "github.com",
      "/acme/apps.git", "ssh://github.com/acme/apps.git", 0 },
    { "ssh://me@h:22/a", PM_GIT_SSH, 0, "me", "h", "/a", "ssh://h/a", 0 },
    { "ssh://me@h:2222/a", PM_GIT_SSH, 2222, "me", "h", "/a",
      "ssh://h:2222/a", 0 },
    { "ssh://me@[::1]:2222/a", PM_GIT_SSH, 2222, "me", "[::1]", "/a",
      "ssh://[::1]:2222/a", 0 },
    { "ssh://h/~me/r.git", PM_GIT_SSH, 0, "git", "h", "~me/r.git",
      "ssh://h/~me/r.git", 0 },
    { "ssh://h/~/r.git", PM_GIT_SSH, 0, "git", "h", "~/r.git",
      "ssh://h/~/r.git", 0 },
    { "ssh://h/a%20b'c!d", PM_GIT_SSH, 0, "git", "h", "/a b'c!d",
      "ssh://h/a%20b'c!d", 0 },
    { "git@github.com:acme/apps.git", PM_GIT_SSH, 0, "git", "github.com",
      "/acme/apps.git", "ssh://github.com/acme/apps.git", 1 },
    { "git@GitHub.com:acme/apps.git/", PM_GIT_SSH, 0, "git", "github.com",
      "/acme/apps.git", "ssh://github.com/acme/apps.git", 1 },
    { "github.com:acme/apps.git", PM_GIT_SSH, 0, "git", "github.com",
      "/acme/apps.git", "ssh://github.com/acme/apps.git", 1 },
    { "me@h:/srv/a.git", PM_GIT_SSH, 0, "me", "h", "/srv/a.git",
      "ssh://h/srv/a.git", 0 },
    { "me@h:~/a.git", PM_GIT_SSH, 0, "me", "h", "~/a.git", "ssh://h/~/a.git",
      0 },
    { "me@[::1]:a.git", PM_GIT_SSH, 0, "me", "[::1]", "/a.git",
      "ssh://[::1]/a.git", 1 },
    { "h:a%b", PM_GIT_SSH, 0, "git", "h", "/a%b", "ssh://h/a%25b", 1 },
    { "h:22/a", PM_GIT_SSH, 0, "git", "h", "/22/a", "ssh://h/22/a", 1 },
    { "file:///srv/git/a.git", PM_GIT_LOCAL, 0, NULL, NULL, "/srv/git/a.git",
      "file:///srv/git/a.git", 0 },
    { "file://localhost/srv/a", PM_GIT_LOCAL, 0, NULL, NULL, "/srv/a",
      "file:///srv/a", 0 },
    { "file:///srv/a%20b", PM_GIT_LOCAL, 0, NULL, NULL, "/srv/a b",
      "file:///srv/a%20b", 0 },
    { "/srv/git/a.git", PM_GIT_LOCAL, 0, NULL, NULL, "/srv/git/a.git",
      "file:///srv/git/a.git", 0 },
    { "/srv/git/a.git/", PM_GIT_LOCAL, 0, NULL, NULL, "/srv/git/a.git",
      "file:///srv/git/a.git", 0 },
    { "/srv/a%20b", PM_GIT_LOCAL, 0, NULL, NULL, "/srv/a%20b",
      "file:///srv/a%2520b", 0 },
    { "/srv/a:b@c", PM_GIT_LOCAL, 0, NULL, NULL, "/srv/a:b@c",
      "file:///srv/a:b@c", 0 },
    { "/srv/x://y", PM_GIT_LOCAL, 0, NULL, NULL, "/srv/x://y",
      "file:///srv/x://y", 0 }
};


typedef struct {
    const char  *text;
    const char  *reason;
} refused_t;


static const refused_t  refused[] = {
    { "", "is empty" },
    { "apps", "is neither a URL" },
    { "./apps", "is neither a URL" },
    { "../apps", "is neither a URL" },
    { "acme/apps:x", "is neither a URL" },
    { "git://github.com/a/b", "scheme other than" },
    { "ftp://github.com/a/b", "scheme other than" },
    { "ext::sh -c x", "space" },
    { "ext::sh", "is neither a URL" },
    { "javascript://x/y", "scheme other than" },
    { "httpss://x/y", "scheme other than" },
    { "://x/y", "scheme other than" },
    { "https:///a", "has no host" },
    { "https://", "has no host" },
    { "https://github.com", "names no repository" },
    { "https://github.com/", "names no repository" },
    { "https://github.com///", "names no repository" },
    { "https://:443/a", "has no host" },
    { "https://h:/a", "malformed port" },
    { "https://h:0/a", "malformed port" },
    { "https://h:65536/a", "malformed port" },
    { "https://h:123456/a", "malformed port" },
    { "https://h:-1/a", "malformed port" },
    { "https://h:+1/a", "malformed port" },
    { "https://h:8x/a", "malformed port" },
    { "https://-oProxyCommand=x/a", "begins with \"-\"" },
    { "ssh://-oProxyCommand=x/a", "begins with \"-\"" },
    { "ssh://-oProxyCommand=x@h/a", "user that begins with \"-\"" },
    { "ssh://%2doProxyCommand@h/a", "user that begins with \"-\"" },
    { "-oProxyCommand=x:a", "begins with \"-\"" },
    { "-l@h:a", "user that begins with \"-\"" },
    { "h:-x", "path that begins with \"-\"" },
    { "ssh://a%20b@h/a", "user that ssh cannot take" },
    { "ssh://a$(b)@h/a", "user that ssh cannot take" },
    { "ssh://h%2dx/a", "malformed host" },
    { "https://.h/a", "malformed host" },
    { "https://h./a", "malformed host" },
    { "https://a..b/a", "malformed host" },
    { "https://a,b/a", "malformed host" },
    { "https://h%00/a", "malformed host" },
    { "https://h\xc3\xa4/a", "malformed host" },
    { "https://[::1/a", "malformed" },
    { "https://[::1]x/a", "malformed" },
    { "https://[::1%25eth0]/a", "malformed address" },
    { "https://[1.2.3.4]/a", "malformed address" },
    { "https://user:secret@h/a", "carries a password" },
    { "https://user:@h/a", "carries a password" },
    { "https://:secret@h/a", "carries a password" },
    { "ssh://user:secret@h/a", "carries a password" },
    { "user:secret@h:a", "carries a password" },
    { "https://@h/a", "empty user" },
    { "https://good.com@evil.com@h/a", "more than one \"@\"" },
    { "https://h/a?b", "has a space" },
    { "https://h/a#b", "has a space" },
    { "https://h/a b", "has a space" },
    { "https://h/a\tb", "has a space" },
    { "https://h/a\nb", "has a space" },
    { "https://h/a\x7f", "has a space" },
    { "https://h\\@evil.com/a", "has a space" },
    { "https://h/a\xff", "is not UTF-8" },
    { "https://h/a\xc0\xaf", "is not UTF-8" },
    { "https://h/a%", "malformed % escape" },
    { "https://h/a%2", "malformed % escape" },
    { "https://h/a%zz", "malformed % escape" },
    { "https://h/a%00b", "hides" },
    { "https://h/a%0ab", "hides" },
    { "https://h/a%2fb", "hides" },
    { "https://h/a%5Cb", "hides" },
    { "https://h/a/../b", "\"..\"" },
    { "https://h/..", "\"..\"" },
    { "https://h/./a", "\".\"" },
    { "https://h/a/%2e%2E/b", "\"..\"" },
    { "https://h/a/.%2e/b", "\"..\"" },
    { "ssh://h/a/../b", "\"..\"" },
    { "h:../a", "\"..\"" },
    { "/srv/../etc", "\"..\"" },
    { "ssh://h/~", "names no repository" },
    { "h:~", "names no repository" },
    { "h:", "names no repository" },
    { "h:/", "names no repository" },
    { "/", "names no repository" },
    { "file://h/a", "file:// takes none" },
    { "file://", "names no repository" }
};


static void
same(const char *a, const char *b)
{
    if (b == NULL) {
        assert_null(a);

    } else {
        assert_non_null(a);
        assert_string_equal(a, b);
    }
}


static void
test_accepted(void **state)
{
    size_t             i;
    pm_arena_t        *arena;
    pm_error_t         err;
    pm_git_url_t       url;
    const accepted_t  *a;

    for (i = 0; i < sizeof(accepted) / sizeof(accepted[0]); i++) {
        a = &accepted[i];
        arena = pm_arena_create();

        if (pm_git_url_parse(arena, a->text, &url, &err) != 0) {
            fail_msg("%s: %s", a->text, err.message);
        }

        assert_int_equal(url.scheme, a->scheme);
        assert_int_equal(url.port, a->port);
        assert_int_equal(url.relative, a->relative);
        same(url.user, a->user);
        same(url.host, a->host);
        same(url.path, a->path);
        same(url.canonical, a->canonical);

        pm_arena_destroy(arena);
    }
}


static void
test_refused(void **state)
{
    size_t         i;
    pm_arena_t    *arena;
    pm_error_t     err;
    pm_git_url_t   url;

    for (i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        arena = pm_arena_create();

        if (pm_git_url_parse(arena, refused[i].text, &url, &err) == 0) {
            fail_msg("%s: accepted as %s", refused[i].text, url.canonical);
        }

        assert_int_equal(err.code, PM_INVALID);

        if (strstr(err.message, refused[i].reason) == NULL) {
            fail_msg("%s: %s", refused[i].text, err.message);
        }

        assert_null(strstr(err.message, "secret"));

        /* an error that nobody wants is none to trip over */

        assert_int_equal(pm_git_url_parse(arena, refused[i].text, &url, NULL),
                         PM_INVALID);

        pm_arena_destroy(arena);
    }
}


/* The canonical form is a URL of the same repository. */

static void
test_canonical_is_stable(void **state)
{
    size_t         i;
    pm_arena_t    *arena;
    pm_error_t     err;
    pm_git_url_t   url;

    for (i = 0; i < sizeof(accepted) / sizeof(accepted[0]); i++) {
        arena = pm_arena_create();

        assert_int_equal(pm_git_url_parse(arena, accepted[i].canonical, &url,
                                          &err), 0);
        assert_string_equal(url.canonical, accepted[i].canonical);
        same(url.path, accepted[i].path);

        pm_arena_destroy(arena);
    }
}


static void
test_too_long(void **state)
{
    char           text[4096];
    pm_arena_t    *arena;
    pm_error_t     err;
    pm_git_url_t   url;

    arena = pm_arena_create();

    memset(text, 'a', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    memcpy(text, "https://h/", 10);

    assert_int_equal(pm_git_url_parse(arena, text, &url, &err), PM_INVALID);

    text[2048] = '\0';
    assert_int_equal(pm_git_url_parse(arena, text, &url, &err), 0);

    text[9] = 'a';
    text[500] = '/';
    assert_int_equal(pm_git_url_parse(arena, text, &url, &err), PM_INVALID);
    assert_non_null(strstr(err.message, "too long"));

    pm_arena_destroy(arena);
}


static void
test_loopback(void **state)
{
    assert_true(pm_git_url_loopback("localhost"));
    assert_true(pm_git_url_loopback("127.0.0.1"));
    assert_true(pm_git_url_loopback("127.1.2.3"));
    assert_true(pm_git_url_loopback("[::1]"));

    assert_false(pm_git_url_loopback("128.0.0.1"));
    assert_false(pm_git_url_loopback("127.0.0.1.evil.com"));
    assert_false(pm_git_url_loopback("127.evil.com"));
    assert_false(pm_git_url_loopback("localhost.evil.com"));
    assert_false(pm_git_url_loopback("127.1"));
    assert_false(pm_git_url_loopback("0.0.0.0"));
    assert_false(pm_git_url_loopback("[::]"));
    assert_false(pm_git_url_loopback("[::ffff:127.0.0.1]"));
    assert_false(pm_git_url_loopback("2130706433"));
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_accepted),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_canonical_is_stable),
        cmocka_unit_test(test_too_long),
        cmocka_unit_test(test_loopback)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
