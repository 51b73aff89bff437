/*
 * Webhooks, and the URLs of repositories on providers.  The first byte names
 * the provider, or asks for a URL; the rest is the body, after a first line
 * that is the event's header.
 */

#include "forge/pm_forge_webhook.h"
#include "git/pm_git_url.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


typedef struct {
    const char  *host;
    const char  *type;
    const char  *api;
    const char  *event;
} fuzz_host_t;


static const fuzz_host_t  fuzz_hosts[] = {
    { "github.com", "github", NULL, "X-GitHub-Event" },
    { "gitlab.example.com", "gitlab",
      "https://gitlab.example.com/sub/api/v4", "X-Gitlab-Event" },
    { "git.example.com:3000", "gitea", NULL, "X-Gitea-Event" },
    { "bitbucket.org", "bitbucket", NULL, "X-Event-Key" },
    { "bb.example.com", "bitbucket_server", NULL, "X-Event-Key" },
    { "dev.azure.com", "azure", NULL, "Authorization" },
    { "tfs.example.com:8080", "azure", "https://tfs.example.com:8080/tfs",
      "Authorization" }
};

#define FUZZ_HOSTS  (sizeof(fuzz_hosts) / sizeof(fuzz_hosts[0]))


typedef struct {
    const char   *name;
    pm_string_t   value;
} fuzz_header_t;


static void
fuzz_check(int true_one)
{
    if (!true_one) {
        abort();
    }
}


static int
fuzz_header(void *data, const char *name, pm_string_t *value)
{
    fuzz_header_t  *header;

    header = data;

    /* signatures too are what the client says */

    if (strcmp(name, header->name) != 0 && strstr(name, "Sign") == NULL
        && strstr(name, "Token") == NULL)
    {
        return -1;
    }

    *value = header->value;

    return 0;
}


static void
fuzz_repository(pm_arena_t *arena, const pm_forge_host_t *hosts,
    const char *text)
{
    pm_error_t              err;
    const char             *p;
    pm_git_url_t            url;
    pm_forge_url_t          parts;
    pm_forge_repository_t   repository;

    static const char *const  schemes[] = { "http", "https", "ssh", "file" };

    if (pm_git_url_parse(arena, text, &url, &err) != 0) {
        return;
    }

    parts.scheme = schemes[url.scheme];
    parts.host = url.host;
    parts.port = url.port;
    parts.path = url.path;

    err.message[0] = '\0';

    if (pm_forge_locate(arena, hosts, FUZZ_HOSTS, &parts, &repository, &err)
        != 0)
    {
        fuzz_check(err.message[0] != '\0');
        return;
    }

    fuzz_check(repository.owner[0] != '\0' && repository.name[0] != '\0');
    fuzz_check(strchr(repository.name, '/') == NULL);
    fuzz_check(strcmp(repository.name, "..") != 0);

    for (p = repository.key; *p != '\0'; p++) {
        fuzz_check((unsigned char) *p >= 0x20 && *p != 0x7f);
        fuzz_check(*p < 'A' || *p > 'Z');
    }

    /* where the credentials are looked up is a URL of the same host */

    fuzz_check(pm_git_url_parse(arena, repository.login, &url, &err) == 0);
}


static void
fuzz_hook(pm_arena_t *arena, const pm_forge_host_t *forge, const char *event,
    const char *data, size_t size)
{
    pm_error_t         err;
    const char        *end;
    fuzz_header_t      header;
    pm_forge_hook_t    hook;
    pm_forge_event_t   told;

    end = memchr(data, '\n', size);

    if (end == NULL) {
        return;
    }

    header.name = event;
    header.value.data = data;
    header.value.len = (size_t) (end - data);

    hook.forge = forge;
    hook.header = fuzz_header;
    hook.data = &header;
    hook.body.data = end + 1;
    hook.body.len = size - header.value.len - 1;

    (void) pm_forge_hook_check(&hook, "secret");

    err.message[0] = '\0';

    if (pm_forge_hook_read(arena, &hook, &told, &err) != 0) {
        fuzz_check(told.relevant == 0 && err.message[0] != '\0');
        return;
    }

    if (told.relevant) {
        fuzz_check(told.number > 0 && told.state != PM_FORGE_UNSTATED);
        fuzz_check(told.key != NULL && told.head[0] && told.base[0]);
        fuzz_check(told.merge_commit == NULL
                   || told.state == PM_FORGE_MERGED);
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t            i;
    pm_arena_t       *arena;
    pm_error_t        err;
    pm_forge_host_t   hosts[FUZZ_HOSTS];

    if (size == 0) {
        return 0;
    }

    arena = pm_arena_create();

    for (i = 0; i < FUZZ_HOSTS; i++) {
        fuzz_check(pm_forge_host_set(arena, fuzz_hosts[i].host,
                                     fuzz_hosts[i].type, fuzz_hosts[i].api,
                                     &hosts[i], &err) == 0);
    }

    i = (size_t) (data[0] - '0');

    if (i < FUZZ_HOSTS) {
        fuzz_hook(arena, &hosts[i], fuzz_hosts[i].event,
                  (const char *) data + 1, size - 1);

    } else {
        fuzz_repository(arena, hosts,
                        pm_arena_strndup(arena, (const char *) data + 1,
                                         size - 1));
    }

    pm_arena_destroy(arena);

    return 0;
}
