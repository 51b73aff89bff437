#include "forge/pm_forge_locate.h"
#include "forge/pm_forge_text.h"

#include <string.h>


#define PM_FORGE_SEGMENTS  64


/* Other hosts of the known ones.  port: the ssh port where it is not 22. */

typedef struct {
    const char  *host;
    unsigned     port;
    const char  *known;
} pm_forge_alias_t;


static const pm_forge_alias_t  pm_forge_aliases[] = {
    { "ssh.github.com",          443, "github.com" },
    { "altssh.gitlab.com",       443, "gitlab.com" },
    { "altssh.bitbucket.org",    443, "bitbucket.org" },
    { "ssh.dev.azure.com",       0,   "dev.azure.com" },
    { "vs-ssh.visualstudio.com", 0,   "dev.azure.com" }
};


#define PM_FORGE_ALIASES                                                      \
    (sizeof(pm_forge_aliases) / sizeof(pm_forge_aliases[0]))


size_t
pm_forge_name_length(const char *authority)
{
    if (authority[0] == '[') {
        return strcspn(authority, "]") + 1;
    }

    return strcspn(authority, ":/");
}


int
pm_forge_locate_invalid(pm_forge_locator_t *locator, const char *reason)
{
    return pm_error_set(locator->err, PM_INVALID, "repository URL on %s: %s",
                        locator->forge->host, reason);
}


int
pm_forge_locate_two(pm_forge_locator_t *locator)
{
    if (locator->n != 2 || locator->segments[0][0] == '~') {
        return pm_forge_locate_invalid(locator,
                                       "its path is not OWNER/REPOSITORY");
    }

    locator->repository->owner = locator->segments[0];
    locator->repository->name = locator->segments[1];

    return 0;
}


static const char *
pm_forge_after_scheme(const char *url)
{
    return strstr(url, "://") + 3;
}


const char *
pm_forge_key(pm_arena_t *arena, const pm_forge_host_t *forge,
    const char *owner, const char *project, const char *name)
{
    char  *key;

    key = pm_arena_printf(arena, "%s/%s/%s%s%s",
                          pm_forge_after_scheme(forge->api), owner,
                          project ? project : "", project ? "/" : "", name);

    return key ? pm_forge_lower(arena, key, strlen(key)) : NULL;
}


/* https://ACCOUNT.visualstudio.com: one label, which is the organization */

static const char *
pm_forge_visualstudio(pm_arena_t *arena, const char *host)
{
    size_t  len;

    len = strcspn(host, ".");

    if (len == 0 || strcmp(host + len, ".visualstudio.com") != 0) {
        return NULL;
    }

    return pm_arena_strndup(arena, host, len);
}


/* The row for the locator's URL, in locator->forge; NULL there: none. */

static int
pm_forge_match(pm_forge_locator_t *locator, const pm_forge_host_t *hosts,
    size_t n)
{
    size_t                   i;
    const char              *host;
    const pm_forge_url_t    *url;
    const pm_forge_alias_t  *alias;

    url = locator->url;

    host = (url->port == 0)
           ? url->host
           : pm_arena_printf(locator->arena, "%s:%u", url->host, url->port);

    if (host == NULL) {
        return -1;
    }

    for (i = 0; i < n; i++) {
        if (strcmp(hosts[i].host, host) == 0) {
            locator->forge = &hosts[i];
            return 0;
        }
    }

    locator->forge = pm_forge_known(NULL, 0, host);

    for (i = 0; i < PM_FORGE_ALIASES && locator->ssh; i++) {
        alias = &pm_forge_aliases[i];

        if (alias->port == url->port && strcmp(alias->host, url->host) == 0) {
            locator->forge = pm_forge_known(NULL, 0, alias->known);
        }
    }

    if (locator->forge != NULL || locator->ssh || url->port != 0) {
        return 0;
    }

    locator->account = pm_forge_visualstudio(locator->arena, url->host);

    if (locator->account != NULL) {
        locator->forge = pm_forge_known(NULL, 0, "dev.azure.com");
    }

    return 0;
}


/*
 * The path under which a server has its repositories: what its API's URL has
 * before the API, where that is on the same host: "/git" of
 * https://example.com/git/api/v1.  Its length.
 */

static size_t
pm_forge_root(const pm_forge_host_t *forge, const pm_forge_url_t *url,
    const char **root)
{
    size_t       len, suffix, host;
    const char  *api, *end;

    api = pm_forge_after_scheme(forge->api);
    host = pm_forge_name_length(api);
    *root = api + strcspn(api, "/");
    len = strlen(*root);
    end = forge->provider->suffix;

    if (end == NULL || strlen(url->host) != host
        || strncmp(url->host, api, host) != 0)
    {
        return 0;
    }

    suffix = strlen(end);

    if (len < suffix || strcmp(*root + len - suffix, end) != 0) {
        return 0;
    }

    return len - suffix;
}


static int
pm_forge_split(pm_forge_locator_t *locator)
{
    int          last;
    size_t       len, root;
    const char  *path, *prefix;
    pm_arena_t  *arena;

    arena = locator->arena;
    path = locator->url->path;
    root = pm_forge_root(locator->forge, locator->url, &prefix);

    if (root > 0 && !locator->ssh && strncmp(path, prefix, root) == 0
        && path[root] == '/')
    {
        path += root;
    }

    if (path[0] == '/') {
        path++;
    }

    locator->segments = pm_arena_alloc(arena, PM_FORGE_SEGMENTS
                                              * sizeof(char *));
    if (locator->segments == NULL) {
        return pm_error_memory(locator->err);
    }

    for (last = 0; !last; path += len + 1) {
        len = strcspn(path, "/");
        last = (path[len + strspn(path + len, "/")] == '\0');

        if (locator->n == PM_FORGE_SEGMENTS) {
            return pm_forge_locate_invalid(locator, "its path is too long");
        }

        locator->segments[locator->n] =
            locator->ssh && locator->forge->provider != &pm_forge_azure
            && memchr(path, '%', len) != NULL
            ? pm_arena_strndup(arena, path, len)
            : pm_forge_decode(arena, path, len);

        if (len == 0 || locator->segments[locator->n] == NULL
            || strcmp(locator->segments[locator->n], ".") == 0
            || strcmp(locator->segments[locator->n], "..") == 0)
        {
            return pm_forge_locate_invalid(locator, "its path has an empty "
                       "or hidden part, \".\" or \"..\"");
        }

        locator->n++;
    }

    return 0;
}


/* "repo.git" and "repo" are one repository: no provider but Azure, which has
 * no ".git" in its URLs, takes a name that ends in it. */

static int
pm_forge_cut_git(pm_forge_locator_t *locator)
{
    size_t       len;
    const char  *name;

    name = locator->repository->name;
    len = strlen(name);

    if (locator->forge->provider == &pm_forge_azure || len < 4
        || strcmp(name + len - 4, ".git") != 0)
    {
        return 0;
    }

    if (len == 4) {
        return pm_forge_locate_invalid(locator, "its repository has no name");
    }

    locator->repository->name = pm_arena_strndup(locator->arena, name,
                                                 len - 4);

    return locator->repository->name ? 0 : pm_error_memory(locator->err);
}


/* https on the host, or on its API's where that is the same machine at
 * another port; and what the server has before its repositories. */

static void
pm_forge_login_server(pm_forge_locator_t *locator, pm_buffer_t *text)
{
    size_t                  host, root;
    const char             *api, *prefix;
    const pm_forge_host_t  *forge;

    forge = locator->forge;
    api = pm_forge_after_scheme(forge->api);
    host = pm_forge_name_length(forge->host);

    if (host == pm_forge_name_length(api)
        && strncmp(forge->host, api, host) == 0)
    {
        pm_buffer_append(text, forge->api, strcspn(api, "/")
                                           + (size_t) (api - forge->api));

        root = pm_forge_root(forge, locator->url, &prefix);
        pm_buffer_append(text, prefix, root);
        return;
    }

    pm_buffer_puts(text, "https://");
    pm_buffer_append(text, forge->host, host);
}


/* Azure's ssh paths begin with "v3", its https ones have "_git"; Bitbucket
 * Data Center's have "scm". */

static void
pm_forge_login_path(pm_forge_locator_t *locator, pm_buffer_t *text)
{
    size_t                        i;
    const pm_forge_repository_t  *repository;

    repository = locator->repository;

    if (repository->project != NULL) {
        pm_buffer_putc(text, '/');
        pm_forge_encode(text, repository->owner);
        pm_buffer_putc(text, '/');
        pm_forge_encode(text, repository->project);
        pm_buffer_puts(text, "/_git/");
        pm_forge_encode(text, repository->name);
        return;
    }

    if (locator->forge->provider == &pm_forge_bitbucket_server) {
        pm_buffer_puts(text, "/scm");
    }

    for (i = 0; i < locator->n; i++) {
        pm_buffer_putc(text, '/');
        pm_forge_encode(text, locator->segments[i]);
    }
}


/* Where the credentials of a repository are looked up: its own URL, or the
 * https one of a repository that is reached by ssh. */

static const char *
pm_forge_login(pm_forge_locator_t *locator)
{
    const char            *login;
    pm_buffer_t            text;
    const pm_forge_url_t  *url;

    url = locator->url;
    memset(&text, 0, sizeof(pm_buffer_t));

    if (locator->ssh) {
        pm_forge_login_server(locator, &text);
        pm_forge_login_path(locator, &text);

    } else if (url->port != 0) {
        pm_buffer_printf(&text, "%s://%s:%u%s", url->scheme, url->host,
                         url->port, url->path);

    } else {
        pm_buffer_printf(&text, "%s://%s%s", url->scheme, url->host,
                         url->path);
    }

    login = pm_buffer_string(&text);
    login = login ? pm_arena_strdup(locator->arena, login) : NULL;
    pm_buffer_free(&text);

    return login;
}


int
pm_forge_locate(pm_arena_t *arena, const pm_forge_host_t *hosts, size_t n,
    const pm_forge_url_t *url, pm_forge_repository_t *repository,
    pm_error_t *err)
{
    int                 rc;
    pm_forge_locator_t  locator;

    memset(repository, 0, sizeof(pm_forge_repository_t));
    memset(&locator, 0, sizeof(pm_forge_locator_t));

    locator.arena = arena;
    locator.url = url;
    locator.repository = repository;
    locator.err = err;

    if (url->host == NULL || url->scheme == NULL
        || (strcmp(url->scheme, "https") != 0
            && strcmp(url->scheme, "http") != 0
            && strcmp(url->scheme, "ssh") != 0))
    {
        return pm_error_set(err, PM_NOT_FOUND, "a local repository has no "
                            "provider that takes pull requests");
    }

    locator.ssh = (strcmp(url->scheme, "ssh") == 0);

    if (pm_forge_match(&locator, hosts, n) != 0) {
        return pm_error_memory(err);
    }

    if (locator.forge == NULL) {
        return pm_error_set(err, PM_NOT_FOUND, "no provider is known for "
                            "%.255s%s: name its type with promotions_forge",
                            url->host, url->port ? " at that port" : "");
    }

    repository->forge = locator.forge;

    rc = pm_forge_split(&locator);

    if (rc == 0) {
        rc = locator.forge->provider->locate(&locator);
    }

    if (rc == 0) {
        rc = pm_forge_cut_git(&locator);
    }

    if (rc != 0) {
        return rc;
    }

    repository->key = pm_forge_key(arena, locator.forge, repository->owner,
                                   repository->project, repository->name);
    repository->login = pm_forge_login(&locator);

    return (repository->key && repository->login) ? 0 : pm_error_memory(err);
}
