/*
 * Repositories of URLs: every spelling of one is the same, and no other host
 * is taken for it.  URLs are read as the module reads them, by the git room.
 */

#include "forge/pm_forge.h"
#include "git/pm_git_url.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>


typedef struct {
    const char  *url;
    const char  *key;
    const char  *owner;
    const char  *project;
    const char  *name;
    const char  *login;
} row_t;


/* promotions_forge lines */

typedef struct {
    const char  *host;
    const char  *type;
    const char  *api;
} line_t;


static const line_t  lines[] = {
    { "ghe.example.com", "github", NULL },
    { "gitlab.example.com", "gitlab", NULL },
    { "example.com", "gitlab", "https://example.com/gitlab/api/v4" },
    { "gitlab.example.com:2222", "gitlab",
      "https://gitlab.example.com/api/v4/" },
    { "git.example.com", "gitea", NULL },
    { "git.example.com:3000", "gitea", NULL },
    { "127.0.0.1:8080", "gitea", "http://127.0.0.1:8080/api/v1" },
    { "[::1]:8080", "gitea", "http://[::1]:8080/api/v1" },
    { "bb.example.com", "bitbucket_server", NULL },
    { "bb.example.com:7999", "bitbucket_server",
      "https://bb.example.com:8443/rest/api/1.0" },
    { "sub.example.com", "bitbucket_server",
      "https://sub.example.com/bitbucket/rest/api/1.0" },
    { "tfs.example.com", "azure", "https://tfs.example.com/tfs" }
};

#define LINES  (sizeof(lines) / sizeof(lines[0]))


static const row_t  rows[] = {

    /* GitHub, in all spellings */
    { "https://github.com/acme/apps", "api.github.com/acme/apps", "acme",
      NULL, "apps", "https://github.com/acme/apps" },
    { "https://github.com/acme/apps.git", "api.github.com/acme/apps", "acme",
      NULL, "apps", "https://github.com/acme/apps.git" },
    { "https://github.com/acme/apps/", "api.github.com/acme/apps", "acme",
      NULL, "apps", "https://github.com/acme/apps" },
    { "https://github.com:443/acme/apps", "api.github.com/acme/apps", "acme",
      NULL, "apps", "https://github.com/acme/apps" },
    { "HTTPS://GitHub.com/Acme/Apps.git", "api.github.com/acme/apps", "Acme",
      NULL, "Apps", "https://github.com/Acme/Apps.git" },
    { "https://bob@github.com/acme/apps", "api.github.com/acme/apps", "acme",
      NULL, "apps", "https://github.com/acme/apps" },
    { "git@github.com:acme/apps.git", "api.github.com/acme/apps", "acme",
      NULL, "apps", "https://github.com/acme/apps.git" },
    { "git@github.com:acme/apps", "api.github.com/acme/apps", "acme", NULL,
      "apps", "https://github.com/acme/apps" },
    { "git@github.com:/acme/apps", "api.github.com/acme/apps", "acme", NULL,
      "apps", "https://github.com/acme/apps" },
    { "github.com:acme/apps", "api.github.com/acme/apps", "acme", NULL,
      "apps", "https://github.com/acme/apps" },
    { "ssh://git@github.com/acme/apps.git", "api.github.com/acme/apps",
      "acme", NULL, "apps", "https://github.com/acme/apps.git" },
    { "ssh://git@github.com:22/acme/apps.git", "api.github.com/acme/apps",
      "acme", NULL, "apps", "https://github.com/acme/apps.git" },
    { "ssh://git@ssh.github.com:443/acme/apps.git",
      "api.github.com/acme/apps", "acme", NULL, "apps",
      "https://github.com/acme/apps.git" },
    { "https://github.com/acme/a%2Eb", "api.github.com/acme/a.b", "acme",
      NULL, "a.b", "https://github.com/acme/a%2Eb" },
    { "https://github.com/acme/git", "api.github.com/acme/git", "acme", NULL,
      "git", "https://github.com/acme/git" },
    { "https://ghe.example.com/acme/apps.git",
      "ghe.example.com/api/v3/acme/apps", "acme", NULL, "apps",
      "https://ghe.example.com/acme/apps.git" },
    { "git@ghe.example.com:acme/apps.git", "ghe.example.com/api/v3/acme/apps",
      "acme", NULL, "apps", "https://ghe.example.com/acme/apps.git" },

    /* GitLab, with its sub-groups */
    { "https://gitlab.com/acme/apps.git", "gitlab.com/api/v4/acme/apps",
      "acme", NULL, "apps", "https://gitlab.com/acme/apps.git" },
    { "https://gitlab.com/acme/a/b/c/apps",
      "gitlab.com/api/v4/acme/a/b/c/apps", "acme/a/b/c", NULL, "apps",
      "https://gitlab.com/acme/a/b/c/apps" },
    { "git@gitlab.com:acme/a/apps.git", "gitlab.com/api/v4/acme/a/apps",
      "acme/a", NULL, "apps", "https://gitlab.com/acme/a/apps.git" },
    { "ssh://git@altssh.gitlab.com:443/acme/apps.git",
      "gitlab.com/api/v4/acme/apps", "acme", NULL, "apps",
      "https://gitlab.com/acme/apps.git" },
    { "https://gitlab.example.com/g/s/p.git",
      "gitlab.example.com/api/v4/g/s/p", "g/s", NULL, "p",
      "https://gitlab.example.com/g/s/p.git" },
    { "ssh://git@gitlab.example.com:2222/g/p.git",
      "gitlab.example.com/api/v4/g/p", "g", NULL, "p",
      "https://gitlab.example.com/g/p.git" },
    { "https://example.com/gitlab/g/p.git", "example.com/gitlab/api/v4/g/p",
      "g", NULL, "p", "https://example.com/gitlab/g/p.git" },
    { "git@example.com:g/p.git", "example.com/gitlab/api/v4/g/p", "g", NULL,
      "p", "https://example.com/gitlab/g/p.git" },

    /* Gitea and Forgejo */
    { "https://codeberg.org/acme/apps.git", "codeberg.org/api/v1/acme/apps",
      "acme", NULL, "apps", "https://codeberg.org/acme/apps.git" },
    { "git@codeberg.org:acme/apps.git", "codeberg.org/api/v1/acme/apps",
      "acme", NULL, "apps", "https://codeberg.org/acme/apps.git" },
    { "https://git.example.com/acme/apps", "git.example.com/api/v1/acme/apps",
      "acme", NULL, "apps", "https://git.example.com/acme/apps" },
    { "https://git.example.com:3000/acme/apps",
      "git.example.com:3000/api/v1/acme/apps", "acme", NULL, "apps",
      "https://git.example.com:3000/acme/apps" },
    { "http://127.0.0.1:8080/acme/apps.git",
      "127.0.0.1:8080/api/v1/acme/apps", "acme", NULL, "apps",
      "http://127.0.0.1:8080/acme/apps.git" },
    { "http://[::1]:8080/acme/apps.git", "[::1]:8080/api/v1/acme/apps",
      "acme", NULL, "apps", "http://[::1]:8080/acme/apps.git" },

    /* Bitbucket Cloud */
    { "https://bitbucket.org/acme/apps.git",
      "api.bitbucket.org/2.0/acme/apps", "acme", NULL, "apps",
      "https://bitbucket.org/acme/apps.git" },
    { "https://x-token-auth@bitbucket.org/acme/apps.git",
      "api.bitbucket.org/2.0/acme/apps", "acme", NULL, "apps",
      "https://bitbucket.org/acme/apps.git" },
    { "git@bitbucket.org:acme/apps.git", "api.bitbucket.org/2.0/acme/apps",
      "acme", NULL, "apps", "https://bitbucket.org/acme/apps.git" },
    { "ssh://git@altssh.bitbucket.org:443/acme/apps.git",
      "api.bitbucket.org/2.0/acme/apps", "acme", NULL, "apps",
      "https://bitbucket.org/acme/apps.git" },

    /* Bitbucket Data Center */
    { "https://bb.example.com/scm/PROJ/apps.git",
      "bb.example.com/rest/api/1.0/proj/apps", "PROJ", NULL, "apps",
      "https://bb.example.com/scm/PROJ/apps.git" },
    { "https://bb.example.com/scm/~bob/apps.git",
      "bb.example.com/rest/api/1.0/~bob/apps", "~bob", NULL, "apps",
      "https://bb.example.com/scm/~bob/apps.git" },
    { "ssh://git@bb.example.com:7999/proj/apps.git",
      "bb.example.com:8443/rest/api/1.0/proj/apps", "proj", NULL, "apps",
      "https://bb.example.com:8443/scm/proj/apps.git" },
    { "ssh://git@bb.example.com:7999/~bob/apps.git",
      "bb.example.com:8443/rest/api/1.0/~bob/apps", "~bob", NULL, "apps",
      "https://bb.example.com:8443/scm/~bob/apps.git" },
    { "https://sub.example.com/bitbucket/scm/p/r.git",
      "sub.example.com/bitbucket/rest/api/1.0/p/r", "p", NULL, "r",
      "https://sub.example.com/bitbucket/scm/p/r.git" },
    { "git@sub.example.com:p/r.git",
      "sub.example.com/bitbucket/rest/api/1.0/p/r", "p", NULL, "r",
      "https://sub.example.com/bitbucket/scm/p/r.git" },

    /* Azure DevOps */
    { "https://dev.azure.com/acme/shop/_git/apps",
      "dev.azure.com/acme/shop/apps", "acme", "shop", "apps",
      "https://dev.azure.com/acme/shop/_git/apps" },
    { "https://acme@dev.azure.com/acme/shop/_git/apps",
      "dev.azure.com/acme/shop/apps", "acme", "shop", "apps",
      "https://dev.azure.com/acme/shop/_git/apps" },
    { "https://dev.azure.com/acme/My%20Shop/_git/My%20Apps",
      "dev.azure.com/acme/my shop/my apps", "acme", "My Shop", "My Apps",
      "https://dev.azure.com/acme/My%20Shop/_git/My%20Apps" },
    { "https://dev.azure.com/acme/_git/apps", "dev.azure.com/acme/apps/apps",
      "acme", "apps", "apps", "https://dev.azure.com/acme/_git/apps" },
    { "git@ssh.dev.azure.com:v3/acme/shop/apps",
      "dev.azure.com/acme/shop/apps", "acme", "shop", "apps",
      "https://dev.azure.com/acme/shop/_git/apps" },
    { "git@ssh.dev.azure.com:v3/acme/My%20Shop/apps",
      "dev.azure.com/acme/my shop/apps", "acme", "My Shop", "apps",
      "https://dev.azure.com/acme/My%20Shop/_git/apps" },
    { "ssh://git@ssh.dev.azure.com/v3/acme/shop/apps",
      "dev.azure.com/acme/shop/apps", "acme", "shop", "apps",
      "https://dev.azure.com/acme/shop/_git/apps" },
    { "https://acme.visualstudio.com/shop/_git/apps",
      "dev.azure.com/acme/shop/apps", "acme", "shop", "apps",
      "https://acme.visualstudio.com/shop/_git/apps" },
    { "https://acme.visualstudio.com/DefaultCollection/shop/_git/apps",
      "dev.azure.com/acme/shop/apps", "acme", "shop", "apps",
      "https://acme.visualstudio.com/DefaultCollection/shop/_git/apps" },
    { "https://acme.visualstudio.com/_git/apps",
      "dev.azure.com/acme/apps/apps", "acme", "apps", "apps",
      "https://acme.visualstudio.com/_git/apps" },
    { "acme@vs-ssh.visualstudio.com:v3/acme/shop/apps",
      "dev.azure.com/acme/shop/apps", "acme", "shop", "apps",
      "https://dev.azure.com/acme/shop/_git/apps" },
    { "https://tfs.example.com/tfs/Coll/shop/_git/apps",
      "tfs.example.com/tfs/coll/shop/apps", "Coll", "shop", "apps",
      "https://tfs.example.com/tfs/Coll/shop/_git/apps" },
    { "https://tfs.example.com/tfs/Coll/_git/apps",
      "tfs.example.com/tfs/coll/apps/apps", "Coll", "apps", "apps",
      "https://tfs.example.com/tfs/Coll/_git/apps" }
};


/* What is none, and what is said of it. */

typedef struct {
    const char  *url;
    const char  *words;
} refused_t;


static const refused_t  refused[] = {

    /* a host that only looks like one */
    { "https://github.com.evil.example/acme/apps",
      "no provider is known for github.com.evil.example" },
    { "https://evil-github.com/acme/apps", "no provider is known" },
    { "https://notgithub.com/acme/apps", "no provider is known" },
    { "https://www.github.com/acme/apps", "no provider is known" },
    { "https://github.com:8443/acme/apps",
      "no provider is known for github.com at that port" },
    { "https://github.com:22/acme/apps", "no provider is known" },
    { "ssh://git@github.com:2222/acme/apps", "no provider is known" },
    { "ssh://git@ssh.github.com/acme/apps", "no provider is known" },
    { "https://ssh.github.com/acme/apps", "no provider is known" },
    { "https://ssh.github.com:443/acme/apps", "no provider is known" },
    { "https://git.example.com:3001/acme/apps", "no provider is known" },
    { "https://x.acme.visualstudio.com/shop/_git/apps",
      "no provider is known" },
    { "https://visualstudio.com/shop/_git/apps", "no provider is known" },
    { "https://acme.visualstudio.com.evil.example/shop/_git/apps",
      "no provider is known" },
    { "https://evil.example/github.com/acme/apps",
      "no provider is known for evil.example" },
    { "https://github.com@evil.example/acme/apps",
      "no provider is known for evil.example" },
    { "https://github.com%2f@evil.example/acme/apps", "slash" },
    { "https://github.com:token@evil.example/acme/apps", "password" },
    { "https://evil.example@github.com@evil.example/a/b", "@" },
    { "https://github.com\\@evil.example/acme/apps", "\\" },
    { "https://github.com#@evil.example/acme/apps", "#" },
    { "https://github.com?@evil.example/acme/apps", "?" },
    { "https://github.com./acme/apps", "malformed host" },
    { "https://github.com:0x1bb/acme/apps", "port" },
    { "https://g\xc4\xb1thub.com/acme/apps", "malformed host" },
    { "git@github.com.evil.example:acme/apps", "no provider is known" },

    /* a path that is none of a repository */
    { "https://github.com/acme", "OWNER/REPOSITORY" },
    { "https://github.com/acme/apps/tree", "OWNER/REPOSITORY" },
    { "https://github.com/acme//apps", "empty" },
    { "https://github.com//acme/apps", "empty" },
    { "https://github.com/acme/..%2fevil", "slash" },
    { "https://github.com/acme/../evil/apps", ".." },
    { "https://github.com/acme/%2e%2e/evil", ".." },
    { "https://github.com/acme/a%2fb", "slash" },
    { "https://github.com/acme/a%00b", "control" },
    { "https://github.com/acme/a%0d%0ab", "control" },
    { "https://github.com/acme/a%5cb", "slash" },
    { "https://github.com/acme/a%zz", "escape" },
    { "https://github.com/acme/%ff", "hidden" },
    { "https://github.com/acme/.git", "no name" },
    { "ssh://git@github.com/~bob/apps", "OWNER/REPOSITORY" },
    { "https://gitlab.com/apps", "GROUP" },
    { "https://gitlab.com/acme/apps/-/merge_requests", "page" },
    { "https://bb.example.com/PROJ/apps", "scm/PROJECT" },
    { "https://bb.example.com/ctx/scm/PROJ/apps", "api=" },
    { "https://dev.azure.com/acme/shop/apps", "_git" },
    { "https://dev.azure.com/acme/x/shop/_git/apps", "_git" },
    { "https://dev.azure.com/_git/apps", "_git" },
    { "git@ssh.dev.azure.com:v2/acme/shop/apps", "_git" },

    /* no network */
    { "/srv/git/apps", "local" },
    { "file:///srv/git/apps", "local" }
};


static void
configure(pm_arena_t *arena, pm_forge_host_t *hosts)
{
    size_t      i;
    pm_error_t  err;

    for (i = 0; i < LINES; i++) {
        assert_int_equal(pm_forge_host_set(arena, lines[i].host,
                                           lines[i].type, lines[i].api,
                                           &hosts[i], &err), 0);
    }
}


static int
locate(pm_arena_t *arena, const pm_forge_host_t *hosts, const char *text,
    pm_forge_repository_t *repository, pm_error_t *err)
{
    int              rc;
    pm_git_url_t     url;
    pm_forge_url_t   parts;

    static const char *const  schemes[] = { "http", "https", "ssh", "file" };

    rc = pm_git_url_parse(arena, text, &url, err);
    if (rc != 0) {
        return rc;
    }

    parts.scheme = schemes[url.scheme];
    parts.host = url.host;
    parts.port = url.port;
    parts.path = url.path;

    return pm_forge_locate(arena, hosts, LINES, &parts, repository, err);
}


static void
test_spellings(void **state)
{
    int                     rc;
    size_t                  i;
    pm_arena_t             *arena;
    pm_error_t              err;
    pm_forge_host_t         hosts[LINES];
    pm_forge_repository_t   repository;

    arena = pm_arena_create();
    configure(arena, hosts);

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        err.message[0] = '\0';
        rc = locate(arena, hosts, rows[i].url, &repository, &err);

        if (rc != 0) {
            fail_msg("%s: %s", rows[i].url, err.message);
        }

        assert_string_equal(repository.key, rows[i].key);
        assert_string_equal(repository.owner, rows[i].owner);
        assert_string_equal(repository.name, rows[i].name);
        assert_string_equal(repository.login, rows[i].login);

        if (rows[i].project == NULL) {
            assert_null(repository.project);

        } else {
            assert_string_equal(repository.project, rows[i].project);
        }
    }

    pm_arena_destroy(arena);
}


static void
test_refused(void **state)
{
    int                     rc;
    size_t                  i;
    pm_arena_t             *arena;
    pm_error_t              err;
    pm_forge_host_t         hosts[LINES];
    pm_forge_repository_t   repository;

    arena = pm_arena_create();
    configure(arena, hosts);

    for (i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        rc = locate(arena, hosts, refused[i].url, &repository, &err);

        if (rc == 0 || strstr(err.message, refused[i].words) == NULL) {
            fail_msg("%s: %s", refused[i].url, rc ? err.message
                                                  : repository.key);
        }
    }

    pm_arena_destroy(arena);
}


/* The parts may come from elsewhere than pm_git_url_parse(). */

static void
test_hostile_parts(void **state)
{
    size_t                  i;
    pm_arena_t             *arena;
    pm_error_t              err;
    pm_forge_repository_t   repository;

    static const pm_forge_url_t  urls[] = {
        { "https", "github.com@evil.example", 0, "/acme/apps" },
        { "https", "evil.example/github.com", 0, "/acme/apps" },
        { "https", "GITHUB.COM.", 0, "/acme/apps" },
        { "https", "", 0, "/acme/apps" },
        { "https", NULL, 0, "/acme/apps" },
        { "ext", "github.com", 0, "/acme/apps" },
        { NULL, "github.com", 0, "/acme/apps" },
        { "https", "github.com", 0, "" },
        { "https", "github.com", 0, "/" },
        { "https", "github.com", 0, "/acme/%2e%2e" },
        { "https", "github.com", 0, "/acme/a%2Fb" },
        { "https", "github.com", 0, "/acme/%0a" },
        { "https", "github.com", 0, "/acme/a%" },
        { "https", ".visualstudio.com", 0, "/shop/_git/apps" }
    };

    arena = pm_arena_create();

    for (i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
        if (pm_forge_locate(arena, NULL, 0, &urls[i], &repository, &err)
            == 0)
        {
            fail_msg("row %zu: %s", i, repository.key);
        }
    }

    pm_arena_destroy(arena);
}


static void
test_configured_hosts(void **state)
{
    size_t            i;
    pm_arena_t       *arena;
    pm_error_t        err;
    pm_forge_host_t   host;

    static const struct {
        const char  *host;
        const char  *type;
        const char  *api;
        const char  *expected;      /* the API, or a part of the message */
        int          good;
    } given[] = {
        { "GHE.example.com", "github", NULL,
          "https://ghe.example.com/api/v3", 1 },
        { "gl.example.com", "gitlab", NULL, "https://gl.example.com/api/v4",
          1 },
        { "g.example.com:3000", "gitea", NULL,
          "https://g.example.com:3000/api/v1", 1 },
        { "b.example.com", "bitbucket_server", NULL,
          "https://b.example.com/rest/api/1.0", 1 },
        { "t.example.com", "azure", NULL, "https://t.example.com", 1 },
        { "bitbucket.org", "bitbucket", NULL,
          "https://api.bitbucket.org/2.0", 1 },
        { "github.com", "github", NULL, "https://api.github.com", 1 },
        { "github.com", "gitea", NULL, "https://github.com/api/v1", 1 },
        { "h", "gitea", "HTTPS://API.Example.com:8443/Git/api/v1//",
          "https://api.example.com:8443/Git/api/v1", 1 },
        { "h", "gitea", "http://localhost:3000/api/v1",
          "http://localhost:3000/api/v1", 1 },
        { "h", "gitea", "http://127.8.8.8/api/v1", "http://127.8.8.8/api/v1",
          1 },
        { "h", "gitea", "http://[::1]:3000/api/v1",
          "http://[::1]:3000/api/v1", 1 },
        { "[::1]:8080", "gitea", NULL, "https://[::1]:8080/api/v1", 1 },

        { "h", "svn", NULL, "none of github, gitlab", 0 },
        { "h", "", NULL, "none of github, gitlab", 0 },
        { "h", "bitbucket", NULL, "api=URL is missing", 0 },
        { "h", "gitea", "http://git.example.com/api/v1", "must be https", 0 },
        { "h", "gitea", "http://localhost.example.com/api/v1",
          "must be https", 0 },
        { "h", "gitea", "http://127.0.0.1.example.com/", "must be https", 0 },
        { "h", "gitea", "http://[::2]/api/v1", "must be https", 0 },
        { "h", "gitea", "ftp://git.example.com/", "is not https://", 0 },
        { "h", "gitea", "git.example.com", "is not https://", 0 },
        { "h", "gitea", "", "is not https://", 0 },
        { "h", "gitea", "https://", "malformed", 0 },
        { "h", "gitea", "https:///api/v1", "malformed", 0 },
        { "h", "gitea", "https://me:secret@git.example.com/api/v1",
          "user info", 0 },
        { "h", "gitea", "secret@git.example.com", "user info", 0 },
        { "h", "gitea", "https://git.example.com/api/v1?x=1", "malformed",
          0 },
        { "h", "gitea", "https://git.example.com/api/v1#x", "malformed", 0 },
        { "h", "gitea", "https://git.example.com/../api", "malformed", 0 },
        { "h", "gitea", "https://git.example.com/%2e%2e/api", "malformed",
          0 },
        { "h", "gitea", "https://git.example.com//api", "malformed", 0 },
        { "h", "gitea", "https://git.example.com:0/api", "malformed", 0 },
        { "h", "gitea", "https://git.example.com:65536/api", "malformed", 0 },
        { "h", "gitea", "https://git.example.com:/api", "malformed", 0 },
        { "h", "gitea", "https://git..example.com/api", "malformed", 0 },
        { "h", "gitea", "https://git.example.com./api", "malformed", 0 },
        { "h", "gitea", "https://[::1/api", "malformed", 0 },
        { "h", "gitea", "https://git.example.com/a b", "malformed", 0 },
        { "https://git.example.com", "gitea", NULL, "HOST[:PORT]", 0 },
        { "git.example.com/acme", "gitea", NULL, "HOST[:PORT]", 0 },
        { "me@git.example.com", "gitea", NULL, "HOST[:PORT]", 0 },
        { "git.example.com:ssh", "gitea", NULL, "HOST[:PORT]", 0 },
        { "", "gitea", NULL, "HOST[:PORT]", 0 },
        { "-oProxyCommand", "gitea", NULL, "HOST[:PORT]", 0 }
    };

    arena = pm_arena_create();

    for (i = 0; i < sizeof(given) / sizeof(given[0]); i++) {
        err.message[0] = '\0';

        if (pm_forge_host_set(arena, given[i].host, given[i].type,
                              given[i].api, &host, &err)
            == 0)
        {
            if (!given[i].good) {
                fail_msg("row %zu: %s", i, host.api);
            }

            assert_string_equal(host.api, given[i].expected);
            assert_string_equal(pm_forge_provider_name(host.provider),
                                given[i].type);

        } else if (given[i].good
                   || strstr(err.message, given[i].expected) == NULL)
        {
            fail_msg("row %zu: %s", i, err.message);
        }

        assert_null(strstr(err.message, "secret"));
    }

    pm_arena_destroy(arena);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_spellings),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_hostile_parts),
        cmocka_unit_test(test_configured_hosts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
