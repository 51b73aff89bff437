/*
 * Webhooks: who knows the secret, what is told, and the file of secrets.
 */

#include "base/pm_hash.h"
#include "forge/pm_forge_webhook.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>


#define SECRET  "webhook-s3cret"
#define HASH    "0123456789abcdef0123456789abcdef01234567"


typedef struct {
    const char  *name;
    const char  *value;
} header_t;


static int
header_of(void *data, const char *name, pm_string_t *value)
{
    header_t  *header;

    for (header = data; header->name != NULL; header++) {
        if (strcasecmp(header->name, name) == 0) {
            value->data = header->value;
            value->len = strlen(header->value);
            return 0;
        }
    }

    return -1;
}


static void
hook_of(pm_forge_hook_t *hook, const char *host, header_t *headers,
    const char *body)
{
    hook->forge = pm_forge_known(NULL, 0, host);
    hook->header = header_of;
    hook->data = headers;
    hook->body.data = body;
    hook->body.len = strlen(body);

    assert_non_null(hook->forge);
}


static const char *
sign(const char *prefix, const char *body, const char *secret)
{
    unsigned char  digest[PM_SHA256_SIZE];

    static char  text[128];

    assert_int_equal(pm_hmac_sha256(secret, strlen(secret), body,
                                    strlen(body), digest), 0);
    (void) strcpy(text, prefix);
    pm_hex(text + strlen(prefix), digest, sizeof(digest));

    return text;
}


typedef struct {
    const char  *host;
    const char  *name;
    const char  *prefix;
} signed_t;


static pm_forge_host_t  server_host;      /* a Bitbucket Data Center */


static void
test_signatures(void **state)
{
    char              value[128];
    size_t            i, j, len;
    header_t          headers[2];
    pm_forge_hook_t   hook;

    static const char  body[] = "{\"zen\":\"Design for failure.\"}";

    static const signed_t  given[] = {
        { "github.com", "X-Hub-Signature-256", "sha256=" },
        { "codeberg.org", "X-Gitea-Signature", "" },
        { "codeberg.org", "X-Forgejo-Signature", "" },
        { "bitbucket.org", "X-Hub-Signature", "sha256=" },
        { "bb.example.com", "X-Hub-Signature", "sha256=" }
    };

    for (i = 0; i < sizeof(given) / sizeof(given[0]); i++) {
        memset(headers, 0, sizeof(headers));
        headers[0].name = given[i].name;
        headers[0].value = value;

        hook.forge = strcmp(given[i].host, "bb.example.com") == 0
                     ? &server_host : pm_forge_known(NULL, 0, given[i].host);
        hook.header = header_of;
        hook.data = headers;
        hook.body.data = body;
        hook.body.len = sizeof(body) - 1;

        (void) strcpy(value, sign(given[i].prefix, body, SECRET));
        assert_int_equal(pm_forge_hook_check(&hook, SECRET), 0);

        /* a replay is as good */

        assert_int_equal(pm_forge_hook_check(&hook, SECRET), 0);

        /* no secret is configured */

        assert_int_equal(pm_forge_hook_check(&hook, ""), -1);
        assert_int_equal(pm_forge_hook_check(&hook, NULL), -1);
        assert_int_equal(pm_forge_hook_check(&hook, SECRET "x"), -1);

        /* one digit is wrong, wherever; or it is shorter, or longer */

        len = strlen(value);

        for (j = strlen(given[i].prefix); j < len; j++) {
            value[j] ^= 1;
            assert_int_equal(pm_forge_hook_check(&hook, SECRET), -1);
            value[j] ^= 1;
        }

        for (j = 0; j < len; j++) {
            (void) strcpy(value, sign(given[i].prefix, body, SECRET));
            value[j] = '\0';
            assert_int_equal(pm_forge_hook_check(&hook, SECRET), -1);
        }

        (void) strcat(strcpy(value, sign(given[i].prefix, body, SECRET)),
                      "0");
        assert_int_equal(pm_forge_hook_check(&hook, SECRET), -1);

        (void) strcpy(value, sign("sha1=", body, SECRET));
        assert_int_equal(pm_forge_hook_check(&hook, SECRET), -1);

        /* another body, one byte more or less of it */

        (void) strcpy(value, sign(given[i].prefix, "{}", SECRET));
        assert_int_equal(pm_forge_hook_check(&hook, SECRET), -1);

        (void) strcpy(value, sign(given[i].prefix, body, SECRET));
        hook.body.len--;
        assert_int_equal(pm_forge_hook_check(&hook, SECRET), -1);
        hook.body.len++;

        (void) strcpy(value, sign(given[i].prefix, body, "other"));
        assert_int_equal(pm_forge_hook_check(&hook, SECRET), -1);

        /* no header, or another provider's */

        headers[0].name = "X-Gitlab-Token";
        headers[0].value = SECRET;
        assert_int_equal(pm_forge_hook_check(&hook, SECRET), -1);
    }
}


static void
test_tokens(void **state)
{
    size_t            i;
    header_t          headers[2];
    pm_forge_hook_t   hook;

    static const struct {
        const char  *host;
        const char  *name;
        const char  *value;
        int          rc;
    } given[] = {
        { "gitlab.com", "X-Gitlab-Token", SECRET, 0 },
        { "gitlab.com", "X-Gitlab-Token", SECRET " ", -1 },
        { "gitlab.com", "X-Gitlab-Token", "webhook-s3cre", -1 },
        { "gitlab.com", "X-Gitlab-Token", "", -1 },
        { "gitlab.com", "X-Hub-Signature-256", SECRET, -1 },

        /* anyone:webhook-s3cret */
        { "dev.azure.com", "Authorization",
          "Basic YW55b25lOndlYmhvb2stczNjcmV0", 0 },
        { "dev.azure.com", "Authorization",
          "basic YW55b25lOndlYmhvb2stczNjcmV0", 0 },
        /* :webhook-s3cret */
        { "dev.azure.com", "Authorization",
          "Basic OndlYmhvb2stczNjcmV0", 0 },
        /* webhook-s3cret */
        { "dev.azure.com", "Authorization", "Basic d2ViaG9vay1zM2NyZXQ=",
          -1 },
        /* anyone:webhook-s3cre */
        { "dev.azure.com", "Authorization", "Basic YW55b25lOndlYmhvb2stczNjcmU"
          "=", -1 },
        { "dev.azure.com", "Authorization",
          "Basic YW55b25lOndlYmhvb2stczNjcmV", -1 },
        { "dev.azure.com", "Authorization",
          "Basic YW55b25lOndlYmhvb2stczNjcm=0", -1 },
        { "dev.azure.com", "Authorization", "Basic ====", -1 },
        { "dev.azure.com", "Authorization", "Basic ", -1 },
        { "dev.azure.com", "Authorization", "Bas", -1 },
        { "dev.azure.com", "Authorization",
          "Bearer YW55b25lOndlYmhvb2stczNjcmV0", -1 },
        { "dev.azure.com", "Authorization", "Basic !W55b25lOndlYmhvb2stczNjcm"
          "V0", -1 },
        { "dev.azure.com", "X-Gitlab-Token", SECRET, -1 }
    };

    memset(headers, 0, sizeof(headers));

    for (i = 0; i < sizeof(given) / sizeof(given[0]); i++) {
        headers[0].name = given[i].name;
        headers[0].value = given[i].value;
        hook_of(&hook, given[i].host, headers, "not even JSON");

        if (pm_forge_hook_check(&hook, SECRET) != given[i].rc) {
            fail_msg("row %zu", i);
        }
    }
}


typedef struct {
    const char        *host;
    const char        *name;         /* a header */
    const char        *value;
    const char        *body;
    const char        *key;          /* NULL: not relevant */
    int64_t            number;
    pm_forge_state_t   state;
    const char        *merge_commit;
} event_t;


#define GITHUB(action, more)                                                  \
    "{\"action\":\"" action "\",\"number\":7,\"pull_request\":{\"number\":7," \
    "\"head\":{\"ref\":\"promote/qa\",\"sha\":\"" HASH "\",\"repo\":{\"id\":" \
    "1}},\"base\":{\"ref\":\"main\",\"repo\":{\"id\":1}}," more "},"          \
    "\"repository\":{\"full_name\":\"Acme/Apps\"}}"

#define GITLAB(action, more)                                                  \
    "{\"object_kind\":\"merge_request\",\"project\":{\"path_with_namespace\"" \
    ":\"Acme/Sub/Apps\"},\"object_attributes\":{\"iid\":7,\"action\":\""      \
    action "\",\"source_branch\":\"promote/qa\",\"target_branch\":\"main\","  \
    "\"source_project_id\":1,\"target_project_id\":1,\"last_commit\":"        \
    "{\"id\":\"" HASH "\"}," more "}}"

#define GITEA(action, more)                                                   \
    "{\"action\":\"" action "\",\"number\":7,\"pull_request\":{\"number\":7," \
    "\"head\":{\"ref\":\"refs/pull/7/head\",\"label\":\"promote/qa\","        \
    "\"sha\":\"" HASH "\",\"repo_id\":1},\"base\":{\"ref\":\"main\","         \
    "\"repo_id\":1}," more "},\"repository\":{\"full_name\":\"acme/apps\"}}"

#define BITBUCKET(more)                                                       \
    "{\"pullrequest\":{\"id\":7,\"source\":{\"branch\":{\"name\":"            \
    "\"promote/qa\"},\"commit\":{\"hash\":\"0123456789ab\"},\"repository\":"  \
    "{\"full_name\":\"acme/apps\"}},\"destination\":{\"branch\":{\"name\":"   \
    "\"main\"},\"repository\":{\"full_name\":\"acme/apps\"}}," more "},"      \
    "\"repository\":{\"full_name\":\"acme/apps\"}}"

#define SERVER(more)                                                          \
    "{\"eventKey\":\"pr:x\",\"pullRequest\":{\"id\":7,\"version\":0,"         \
    "\"fromRef\":{\"id\":\"refs/heads/promote/qa\",\"latestCommit\":\"" HASH  \
    "\",\"repository\":{\"slug\":\"apps\",\"id\":4,\"project\":{\"key\":"     \
    "\"ACME\"}}},\"toRef\":{\"id\":\"refs/heads/main\",\"repository\":"       \
    "{\"slug\":\"apps\",\"id\":4,\"project\":{\"key\":\"ACME\"}}},"           \
    "\"links\":{\"self\":[null]}," more "}}"

#define AZURE(type, repository, more)                                         \
    "{\"eventType\":\"" type "\",\"resource\":{\"repository\":{\"name\":"     \
    "\"Apps\",\"project\":{\"name\":\"My Shop\"}," repository "},"            \
    "\"pullRequestId\":7,\"sourceRefName\":\"refs/heads/promote/qa\","        \
    "\"targetRefName\":\"refs/heads/main\",\"lastMergeSourceCommit\":"        \
    "{\"commitId\":\"" HASH "\"}," more "}}"


static const event_t  events[] = {
    { "github.com", "X-GitHub-Event", "pull_request",
      GITHUB("opened", "\"state\":\"open\",\"merged\":false"),
      "api.github.com/acme/apps", 7, PM_FORGE_OPEN, NULL },
    { "github.com", "X-GitHub-Event", "pull_request",
      GITHUB("closed", "\"state\":\"closed\",\"merged\":false,"
      "\"merge_commit_sha\":\"aaaaaaaaaa\""),
      "api.github.com/acme/apps", 7, PM_FORGE_CLOSED, NULL },
    { "github.com", "X-GitHub-Event", "pull_request",
      GITHUB("closed", "\"state\":\"closed\",\"merged\":true,"
      "\"merge_commit_sha\":\"aaaaaaaaaa\""),
      "api.github.com/acme/apps", 7, PM_FORGE_MERGED, "aaaaaaaaaa" },
    { "github.com", "X-GitHub-Event", "ping", "{\"zen\":\"Hm\"}", NULL, 0, 0,
      NULL },
    { "github.com", "X-GitHub-Event", "push",
      GITHUB("closed", "\"state\":\"closed\",\"merged\":true"), NULL, 0, 0,
      NULL },
    { "github.com", "X-GitHub-Event", "pull_request",
      "{\"pull_request\":{\"number\":7,\"state\":\"open\",\"head\":{\"ref\":"
      "\"promote/qa\",\"repo\":{\"id\":2}},\"base\":{\"ref\":\"main\","
      "\"repo\":{\"id\":1}}},\"repository\":{\"full_name\":\"acme/apps\"}}",
      NULL, 0, 0, NULL },

    { "gitlab.com", "X-Gitlab-Event", "Merge Request Hook",
      GITLAB("open", "\"state\":\"opened\""),
      "gitlab.com/api/v4/acme/sub/apps", 7, PM_FORGE_OPEN, NULL },
    { "gitlab.com", "X-Gitlab-Event", "Merge Request Hook",
      GITLAB("close", "\"state\":\"closed\""),
      "gitlab.com/api/v4/acme/sub/apps", 7, PM_FORGE_CLOSED, NULL },
    { "gitlab.com", "X-Gitlab-Event", "Merge Request Hook",
      GITLAB("merge", "\"state\":\"merged\",\"merge_commit_sha\":"
      "\"aaaaaaaaaa\""),
      "gitlab.com/api/v4/acme/sub/apps", 7, PM_FORGE_MERGED, "aaaaaaaaaa" },
    { "gitlab.com", "X-Gitlab-Event", "Merge Request Hook",
      GITLAB("merge", "\"state\":\"merged\",\"merge_commit_sha\":null"),
      "gitlab.com/api/v4/acme/sub/apps", 7, PM_FORGE_MERGED, HASH },
    { "gitlab.com", "X-Gitlab-Event", "Push Hook", "{}", NULL, 0, 0, NULL },

    { "codeberg.org", "X-Gitea-Event", "pull_request",
      GITEA("closed", "\"state\":\"closed\",\"merged\":true,"
      "\"merge_commit_sha\":\"aaaaaaaaaa\""),
      "codeberg.org/api/v1/acme/apps", 7, PM_FORGE_MERGED, "aaaaaaaaaa" },
    { "codeberg.org", "X-Forgejo-Event", "pull_request",
      GITEA("opened", "\"state\":\"open\",\"merged\":false"),
      "codeberg.org/api/v1/acme/apps", 7, PM_FORGE_OPEN, NULL },
    { "codeberg.org", "X-Gitea-Event", "issues", "{}", NULL, 0, 0, NULL },

    { "bitbucket.org", "X-Event-Key", "pullrequest:fulfilled",
      BITBUCKET("\"state\":\"MERGED\",\"merge_commit\":{\"hash\":"
      "\"aaaaaaaaaaaa\"}"),
      "api.bitbucket.org/2.0/acme/apps", 7, PM_FORGE_MERGED,
      "aaaaaaaaaaaa" },
    { "bitbucket.org", "X-Event-Key", "pullrequest:rejected",
      BITBUCKET("\"state\":\"DECLINED\""), "api.bitbucket.org/2.0/acme/apps",
      7, PM_FORGE_CLOSED, NULL },
    { "bitbucket.org", "X-Event-Key", "pullrequest:created",
      BITBUCKET("\"state\":\"OPEN\""), "api.bitbucket.org/2.0/acme/apps", 7,
      PM_FORGE_OPEN, NULL },
    { "bitbucket.org", "X-Event-Key", "repo:push", "{}", NULL, 0, 0, NULL },

    { "bb.example.com", "X-Event-Key", "pr:merged",
      SERVER("\"state\":\"MERGED\",\"properties\":{\"mergeCommit\":{\"id\":"
      "\"aaaaaaaaaa\"}}"),
      "bb.example.com/rest/api/1.0/acme/apps", 7, PM_FORGE_MERGED,
      "aaaaaaaaaa" },
    { "bb.example.com", "X-Event-Key", "pr:declined",
      SERVER("\"state\":\"DECLINED\""),
      "bb.example.com/rest/api/1.0/acme/apps", 7, PM_FORGE_CLOSED, NULL },
    { "bb.example.com", "X-Event-Key", "pr:deleted",
      SERVER("\"state\":\"OPEN\""), "bb.example.com/rest/api/1.0/acme/apps",
      7, PM_FORGE_CLOSED, NULL },
    { "bb.example.com", "X-Event-Key", "pr:opened",
      SERVER("\"state\":\"OPEN\""), "bb.example.com/rest/api/1.0/acme/apps",
      7, PM_FORGE_OPEN, NULL },
    { "bb.example.com", "X-Event-Key", "diagnostics:ping",
      "{\"test\":true}", NULL, 0, 0, NULL },

    { "dev.azure.com", "Authorization", "x",
      AZURE("git.pullrequest.updated", "\"remoteUrl\":\"https://acme@"
      "dev.azure.com/acme/My%20Shop/_git/Apps\"", "\"status\":\"abandoned\""),
      "dev.azure.com/acme/my shop/apps", 7, PM_FORGE_CLOSED, NULL },
    { "dev.azure.com", "Authorization", "x",
      AZURE("git.pullrequest.merged", "\"remoteUrl\":\"https://"
      "acme.visualstudio.com/DefaultCollection/My%20Shop/_git/Apps\"",
      "\"status\":\"completed\",\"lastMergeCommit\":{\"commitId\":"
      "\"aaaaaaaaaa\"}"),
      "dev.azure.com/acme/my shop/apps", 7, PM_FORGE_MERGED, "aaaaaaaaaa" },
    { "dev.azure.com", "Authorization", "x",
      AZURE("git.pullrequest.created", "\"url\":\"https://dev.azure.com/acme/"
      "6ce954b1-ce1f-45d1-b94d-e6bf2464ba2c/_apis/git/repositories/"
      "4bc14d40-c903-45e2-872e-0462c7748079\"", "\"status\":\"active\""),
      "dev.azure.com/acme/my shop/apps", 7, PM_FORGE_OPEN, NULL },
    { "dev.azure.com", "Authorization", "x",
      AZURE("git.pullrequest.created", "\"url\":\"https://"
      "acme.visualstudio.com/_apis/git/repositories/"
      "4bc14d40-c903-45e2-872e-0462c7748079\"", "\"status\":\"active\""),
      "dev.azure.com/acme/my shop/apps", 7, PM_FORGE_OPEN, NULL },
    { "dev.azure.com", "Authorization", "x",
      "{\"eventType\":\"build.complete\",\"resource\":{}}", NULL, 0, 0, NULL },
    { "dev.azure.com", "Authorization", "x", "{}", NULL, 0, 0, NULL }
};


static const pm_forge_host_t *
row_host(const char *host)
{
    return strcmp(host, "bb.example.com") == 0
           ? &server_host : pm_forge_known(NULL, 0, host);
}


/* When it became so, as the provider says; a body of Azure says it itself. */

static void
test_when(void **state)
{
    char              body[2048];
    size_t            i;
    header_t          headers[2];
    pm_arena_t       *arena;
    pm_error_t        err;
    pm_forge_hook_t   hook;
    pm_forge_event_t  event;

    static const struct {
        const char  *host;
        const char  *name;
        const char  *value;
        const char  *before;
        const char  *body;
        int64_t      changed;
    } given[] = {
        { "github.com", "X-GitHub-Event", "pull_request", "",
          GITHUB("closed", "\"state\":\"closed\",\"updated_at\":"
          "\"2024-05-02T10:00:01Z\""), 1714644001 },
        { "gitlab.com", "X-Gitlab-Event", "Merge Request Hook", "",
          GITLAB("close", "\"state\":\"closed\",\"updated_at\":"
          "\"2024-05-02 10:00:01 UTC\""), 1714644001 },
        { "codeberg.org", "X-Forgejo-Event", "pull_request", "",
          GITEA("closed", "\"state\":\"closed\",\"updated_at\":"
          "\"2024-05-02T12:00:01+02:00\""), 1714644001 },
        { "bitbucket.org", "X-Event-Key", "pullrequest:rejected", "",
          BITBUCKET("\"state\":\"DECLINED\",\"updated_on\":"
          "\"2024-05-02T10:00:01.999999+00:00\""), 1714644001 },
        { "bb.example.com", "X-Event-Key", "pr:declined", "",
          SERVER("\"state\":\"DECLINED\",\"updatedDate\":1714644001999"),
          1714644001 },
        { "dev.azure.com", "Authorization", "x",
          "{\"createdDate\":\"2024-05-02T10:00:01.1234567Z\",",
          AZURE("git.pullrequest.updated", "\"remoteUrl\":\"https://acme@"
          "dev.azure.com/acme/My%20Shop/_git/Apps\"", "\"status\":"
          "\"abandoned\",\"closedDate\":\"2024-05-02T09:00:00Z\""),
          1714644001 },

        /* not told, or not readable */
        { "github.com", "X-GitHub-Event", "pull_request", "",
          GITHUB("closed", "\"state\":\"closed\""), 0 },
        { "github.com", "X-GitHub-Event", "pull_request", "",
          GITHUB("closed", "\"state\":\"closed\",\"updated_at\":"
          "\"yesterday\""), 0 },
        { "bb.example.com", "X-Event-Key", "pr:declined", "",
          SERVER("\"state\":\"DECLINED\",\"updatedDate\":-1"), 0 }
    };

    memset(headers, 0, sizeof(headers));

    for (i = 0; i < sizeof(given) / sizeof(given[0]); i++) {
        arena = pm_arena_create();
        headers[0].name = given[i].name;
        headers[0].value = given[i].value;

        (void) snprintf(body, sizeof(body), "%s%s", given[i].before,
                        given[i].body + (given[i].before[0] != '\0'));

        hook.forge = row_host(given[i].host);
        hook.header = header_of;
        hook.data = headers;
        hook.body.data = body;
        hook.body.len = strlen(body);

        if (pm_forge_hook_read(arena, &hook, &event, &err) != 0) {
            fail_msg("row %zu: %s", i, err.message);
        }

        assert_int_equal(event.state, PM_FORGE_CLOSED);
        assert_int_equal(event.changed, given[i].changed);

        pm_arena_destroy(arena);
    }
}


static void
test_events(void **state)
{
    int                i, replay, n;
    char              *body;
    size_t             len;
    header_t           headers[2];
    pm_arena_t        *arena;
    pm_error_t         err;
    const event_t     *e;
    pm_forge_hook_t    hook;
    pm_forge_event_t   event;

    n = (int) (sizeof(events) / sizeof(events[0]));
    memset(headers, 0, sizeof(headers));

    /* each twice: a replay says the same */

    for (i = 0; i < 2 * n; i++) {
        e = &events[i / 2];
        replay = i % 2;
        arena = pm_arena_create();

        headers[0].name = e->name;
        headers[0].value = e->value;

        len = strlen(e->body);
        body = malloc(len);
        memcpy(body, e->body, len);

        hook.forge = row_host(e->host);
        hook.header = header_of;
        hook.data = headers;
        hook.body.data = body;
        hook.body.len = len;

        if (pm_forge_hook_read(arena, &hook, &event, &err) != 0) {
            fail_msg("event %d (%d): %s", i / 2, replay, err.message);
        }

        /* nothing of the body is needed any more */

        free(body);

        assert_int_equal(event.relevant, e->key != NULL);

        if (e->key != NULL) {
            assert_string_equal(event.key, e->key);
            assert_int_equal(event.number, e->number);
            assert_int_equal(event.state, e->state);
            assert_string_equal(event.head, "promote/qa");
            assert_string_equal(event.base, "main");
            assert_int_equal(strncmp(event.head_commit, HASH, 12), 0);

            if (e->merge_commit == NULL) {
                assert_null(event.merge_commit);

            } else {
                assert_string_equal(event.merge_commit, e->merge_commit);
            }
        }

        pm_arena_destroy(arena);
    }
}


static void
test_bad_bodies(void **state)
{
    size_t             i;
    header_t           headers[2];
    pm_arena_t        *arena;
    pm_error_t         err;
    pm_forge_hook_t    hook;
    pm_forge_event_t   event;

    static const struct {
        const char  *host;
        const char  *name;
        const char  *value;
        const char  *body;
    } given[] = {
        { "github.com", "X-GitHub-Event", "pull_request", "" },
        { "github.com", "X-GitHub-Event", "pull_request", "{" },
        { "github.com", "X-GitHub-Event", "pull_request", "[]" },
        { "github.com", "X-GitHub-Event", "pull_request", "payload=%7B%7D" },
        { "github.com", "X-GitHub-Event", "pull_request", "{}" },
        { "github.com", "X-GitHub-Event", "pull_request",
          "{\"pull_request\":null}" },
        { "github.com", "X-GitHub-Event", "pull_request",
          GITHUB("x", "\"state\":\"strange\"") },
        { "github.com", "X-GitHub-Event", "pull_request",
          "{\"pull_request\":{\"number\":7,\"state\":\"open\",\"head\":"
          "{\"ref\":\"a\"},\"base\":{\"ref\":\"b\"}},\"repository\":"
          "{\"full_name\":\"acme\"}}" },
        { "github.com", "X-GitHub-Event", "pull_request",
          "{\"pull_request\":{\"number\":7,\"state\":\"open\",\"head\":"
          "{\"ref\":\"a\"},\"base\":{\"ref\":\"b\"}},\"repository\":"
          "{\"full_name\":\"/apps\"}}" },
        { "gitlab.com", "X-Gitlab-Event", "Merge Request Hook", "{}" },
        { "codeberg.org", "X-Gitea-Event", "pull_request", "{}" },
        { "bitbucket.org", "X-Event-Key", "pullrequest:created", "{}" },
        { "bb.example.com", "X-Event-Key", "pr:merged", "{}" },
        { "dev.azure.com", "Authorization", "x",
          "{\"eventType\":\"git.pullrequest.updated\"}" },
        { "dev.azure.com", "Authorization", "x",
          AZURE("git.pullrequest.updated", "\"remoteUrl\":\"https://"
          "evil.example/acme/My%20Shop/_git/Apps\"",
          "\"status\":\"completed\"") },
        { "dev.azure.com", "Authorization", "x",
          AZURE("git.pullrequest.updated", "\"remoteUrl\":\"https://"
          "dev.azure.com/acme/..%2f/_git/Apps\"",
          "\"status\":\"completed\"") },
        { "dev.azure.com", "Authorization", "x",
          AZURE("git.pullrequest.updated", "\"remoteUrl\":\"nothing\"",
          "\"status\":\"completed\"") }
    };

    memset(headers, 0, sizeof(headers));

    for (i = 0; i < sizeof(given) / sizeof(given[0]); i++) {
        arena = pm_arena_create();

        headers[0].name = given[i].name;
        headers[0].value = given[i].value;

        hook.forge = row_host(given[i].host);
        hook.header = header_of;
        hook.data = headers;
        hook.body.data = given[i].body;
        hook.body.len = strlen(given[i].body);

        if (pm_forge_hook_read(arena, &hook, &event, &err) != PM_INVALID) {
            fail_msg("row %zu", i);
        }

        assert_int_equal(event.relevant, 0);
        assert_true(err.message[0] != '\0');

        pm_arena_destroy(arena);
    }
}


static void
test_large_body(void **state)
{
    char              *body;
    header_t           headers[2];
    pm_arena_t        *arena;
    pm_error_t         err;
    pm_forge_hook_t    hook;
    pm_forge_event_t   event;

    memset(headers, 0, sizeof(headers));
    arena = pm_arena_create();
    body = malloc(PM_FORGE_HOOK_SIZE + 2);

    hook_of(&hook, "github.com", headers, "");

    memset(body, ' ', PM_FORGE_HOOK_SIZE + 2);
    body[0] = '{';
    body[1] = '}';
    hook.body.data = body;
    hook.body.len = PM_FORGE_HOOK_SIZE;
    assert_int_equal(pm_forge_hook_read(arena, &hook, &event, &err), 0);

    hook.body.len = PM_FORGE_HOOK_SIZE + 1;
    assert_int_equal(pm_forge_hook_read(arena, &hook, &event, &err),
                     PM_INVALID);

    /* nested deeper than any provider, or a stack, goes */

    memset(body, '[', PM_FORGE_HOOK_SIZE);
    hook.body.len = PM_FORGE_HOOK_SIZE;
    assert_int_equal(pm_forge_hook_read(arena, &hook, &event, &err),
                     PM_INVALID);

    free(body);
    pm_arena_destroy(arena);
}


static void
test_known(void **state)
{
    pm_arena_t       *arena;
    pm_error_t        err;
    pm_forge_host_t   hosts[2];

    arena = pm_arena_create();

    assert_int_equal(pm_forge_host_set(arena, "git.example.com:3000", "gitea",
                                       NULL, &hosts[0], &err), 0);
    assert_int_equal(pm_forge_host_set(arena, "github.com", "github",
                                       "https://proxy.example.com/api",
                                       &hosts[1], &err), 0);

    assert_ptr_equal(pm_forge_known(hosts, 2, "GIT.example.com:3000"),
                     &hosts[0]);
    assert_null(pm_forge_known(hosts, 2, "git.example.com"));
    assert_null(pm_forge_known(hosts, 2, ""));
    assert_null(pm_forge_known(hosts, 2, "github.com."));

    /* a configured one wins over the known one of that name */

    assert_ptr_equal(pm_forge_known(hosts, 2, "github.com"), &hosts[1]);
    assert_string_equal(pm_forge_known(NULL, 0, "github.com")->api,
                        "https://api.github.com");

    pm_arena_destroy(arena);
}


static void
secrets_write(const char *file, const char *text, size_t len, mode_t mode)
{
    FILE  *fp;

    fp = fopen(file, "w");
    assert_non_null(fp);
    assert_int_equal(fwrite(text, 1, len, fp), len);
    assert_int_equal(fclose(fp), 0);
    assert_int_equal(chmod(file, mode), 0);
}


static void
test_secrets(void **state)
{
    char                 file[] = "/tmp/secrets-XXXXXX", text[256];
    size_t               i;
    pm_arena_t          *arena;
    pm_error_t           err;
    pm_forge_secrets_t  *secrets;

    static const char  good[] =
        "# one a line\n"
        "\n"
        "github.com first\n"
        "GIT.Example.com:3000 \t second secret \r\n"
        "  \n"
        "[::1]:8080 #third";

    static const struct {
        const char  *text;
        const char  *message;
    } bad[] = {
        { "github.com\n", ":1:1: is not HOST SECRET" },
        { "\ngithub.com   \n", ":2:1: is not HOST SECRET" },
        { "https://github.com sesame-3\n",
          ":1:1: its host is not HOST[:PORT]" },
        { "me@github.com sesame-3\n", ":1:1: its host is not" },
        { " sesame-3\n", ":1:1: " },
        { "github.com sesame-3\ngithub.com sesame-4\n",
          ":2:1: the host has a secret already" },
        { "github.com sesame-3\nGitHub.com sesame-4\n",
          ":2:1: the host has a secret already" },
        { "github.com sesame-3\x01\n", ":1:20: the secret has a control" },
        { "github.com sesame-3\tx\n", ":1:20: the secret has a control" }
    };

    assert_true(close(mkstemp(file)) == 0);
    arena = pm_arena_create();

    secrets_write(file, good, sizeof(good) - 1, 0600);
    assert_int_equal(pm_forge_secrets_read(arena, file, &secrets, &err), 0);

    assert_string_equal(pm_forge_secrets_find(secrets, "github.com"),
                        "first");
    assert_string_equal(pm_forge_secrets_find(secrets, "GitHub.COM"),
                        "first");
    assert_string_equal(pm_forge_secrets_find(secrets,
                                              "git.example.com:3000"),
                        "second secret");
    assert_string_equal(pm_forge_secrets_find(secrets, "[::1]:8080"),
                        "#third");
    assert_null(pm_forge_secrets_find(secrets, "git.example.com"));
    assert_null(pm_forge_secrets_find(secrets, ""));
    assert_null(pm_forge_secrets_find(NULL, "github.com"));

    secrets_write(file, good, sizeof(good) - 1, 0400);
    assert_int_equal(pm_forge_secrets_read(arena, file, &secrets, &err), 0);

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        secrets_write(file, bad[i].text, strlen(bad[i].text), 0600);
        assert_int_equal(pm_forge_secrets_read(arena, file, &secrets, &err),
                         PM_INVALID);

        (void) snprintf(text, sizeof(text), "%s%s", file, bad[i].message);

        if (strncmp(err.message, text, strlen(text)) != 0
            && (i != 4 || strstr(err.message, file) == NULL))
        {
            fail_msg("row %zu: %s", i, err.message);
        }

        assert_null(strstr(err.message, "sesame"));
    }

    /* others could read or write it */

    secrets_write(file, good, sizeof(good) - 1, 0640);
    assert_int_equal(pm_forge_secrets_read(arena, file, &secrets, &err),
                     PM_INVALID);
    assert_non_null(strstr(err.message, "chmod 600"));

    secrets_write(file, "a\0b c\n", 6, 0600);
    assert_int_equal(pm_forge_secrets_read(arena, file, &secrets, &err),
                     PM_INVALID);
    assert_non_null(strstr(err.message, "NUL"));

    (void) unlink(file);
    assert_int_equal(pm_forge_secrets_read(arena, file, &secrets, &err),
                     PM_INVALID);
    assert_int_equal(pm_forge_secrets_read(arena, "/tmp", &secrets, &err),
                     PM_INVALID);

    pm_arena_destroy(arena);
}


static int
setup(void **state)
{
    pm_error_t   err;
    pm_arena_t  *arena;

    arena = pm_arena_create();
    *state = arena;

    return pm_forge_host_set(arena, "bb.example.com", "bitbucket_server",
                             NULL, &server_host, &err);
}


static int
teardown(void **state)
{
    pm_arena_destroy(*state);

    return 0;
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_signatures),
        cmocka_unit_test(test_tokens),
        cmocka_unit_test(test_events),
        cmocka_unit_test(test_when),
        cmocka_unit_test(test_bad_bodies),
        cmocka_unit_test(test_large_body),
        cmocka_unit_test(test_known),
        cmocka_unit_test(test_secrets),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
