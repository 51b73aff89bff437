#include "forge/pm_forge_locate.h"
#include "forge/pm_forge_text.h"
#include "base/pm_host.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>


#define PM_FORGE_HOST_MAX  253       /* RFC 1035, 2.3.4 */
#define PM_FORGE_API_MAX   1024


static const pm_forge_provider_t *const  pm_forge_providers[] = {
    &pm_forge_github,
    &pm_forge_gitlab,
    &pm_forge_gitea,
    &pm_forge_bitbucket,
    &pm_forge_bitbucket_server,
    &pm_forge_azure
};


#define PM_FORGE_PROVIDERS                                                    \
    (sizeof(pm_forge_providers) / sizeof(pm_forge_providers[0]))


const pm_forge_host_t  pm_forge_known_hosts[PM_FORGE_KNOWN] = {
    { &pm_forge_github,    "github.com",    "https://api.github.com" },
    { &pm_forge_gitlab,    "gitlab.com",    "https://gitlab.com/api/v4" },
    { &pm_forge_bitbucket, "bitbucket.org", "https://api.bitbucket.org/2.0" },
    { &pm_forge_gitea,     "codeberg.org",  "https://codeberg.org/api/v1" },
    { &pm_forge_azure,     "dev.azure.com", "https://dev.azure.com" }
};


const pm_forge_provider_t *
pm_forge_provider(const char *name)
{
    size_t  i;

    for (i = 0; i < PM_FORGE_PROVIDERS; i++) {
        if (strcmp(pm_forge_providers[i]->name, name) == 0) {
            return pm_forge_providers[i];
        }
    }

    return NULL;
}


const char *
pm_forge_provider_name(const pm_forge_provider_t *provider)
{
    return provider->name;
}


const char *
pm_forge_provider_names(void)
{
    return "github, gitlab, gitea, bitbucket, bitbucket_server, azure";
}


const pm_forge_host_t *
pm_forge_known(const pm_forge_host_t *hosts, size_t n, const char *host)
{
    size_t  i;

    for (i = 0; i < n; i++) {
        if (strcasecmp(hosts[i].host, host) == 0) {
            return &hosts[i];
        }
    }

    for (i = 0; i < PM_FORGE_KNOWN; i++) {
        if (strcasecmp(pm_forge_known_hosts[i].host, host) == 0) {
            return &pm_forge_known_hosts[i];
        }
    }

    return NULL;
}


/* A name or an address, lower-case, without a port. */

static int
pm_forge_host_name(const char *host, size_t len)
{
    char             text[INET6_ADDRSTRLEN];
    size_t           i;
    struct in6_addr  address;

    if (len == 0 || len > PM_FORGE_HOST_MAX || host[0] == '-') {
        return -1;
    }

    if (host[0] == '[') {
        if (len < 2 || host[len - 1] != ']' || len - 2 >= sizeof(text)) {
            return -1;
        }

        memcpy(text, host + 1, len - 2);
        text[len - 2] = '\0';

        return inet_pton(AF_INET6, text, &address) == 1 ? 0 : -1;
    }

    for (i = 0; i < len; i++) {
        if (strchr("abcdefghijklmnopqrstuvwxyz0123456789_-", host[i])
            && host[i] != '\0')
        {
            continue;
        }

        /* an empty label, and a dot at the end: another spelling of a host */

        if (host[i] != '.' || i == 0 || i + 1 == len || host[i - 1] == '.') {
            return -1;
        }
    }

    return 0;
}


size_t
pm_forge_authority(const char *text)
{
    size_t       len, i;
    unsigned     port;
    const char  *colon;

    len = strcspn(text, "/");
    colon = memrchr(text, ':', len);

    if (colon != NULL && memchr(colon, ']', (size_t) (text + len - colon))) {
        colon = NULL;
    }

    if (colon == NULL) {
        return pm_forge_host_name(text, len) == 0 ? len : 0;
    }

    for (port = 0, i = (size_t) (colon - text) + 1; i < len; i++) {
        if (text[i] < '0' || text[i] > '9' || port > 65535) {
            return 0;
        }

        port = port * 10 + (unsigned) (text[i] - '0');
    }

    if (port == 0 || port > 65535 || colon[1] == '0') {
        return 0;
    }

    return pm_forge_host_name(text, (size_t) (colon - text)) == 0 ? len : 0;
}


static int
pm_forge_api_path(const char *path)
{
    size_t  len;

    for ( ; *path == '/'; path += len) {
        path++;
        len = strcspn(path, "/");

        if (len == 0 || (path[0] == '.' && (len == 1
                                            || (len == 2 && path[1] == '.'))))
        {
            return -1;
        }

        if (strspn(path, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                         "abcdefghijklmnopqrstuvwxyz"
                         "0123456789-._~") < len)
        {
            return -1;
        }
    }

    return 0;
}


/* The length of "https://" or "http://", or 0; user info has no place. */

static int
pm_forge_api_scheme(const char *api, size_t *scheme, pm_error_t *err)
{
    *scheme = strncasecmp(api, "https://", 8) == 0 ? 8
              : strncasecmp(api, "http://", 7) == 0 ? 7 : 0;

    if (strchr(api, '@') != NULL) {
        return pm_error_set(err, PM_INVALID, "the API's URL carries user "
                            "info; tokens belong into the file of "
                            "promotions_credentials");
    }

    if (*scheme == 0) {
        return pm_error_set(err, PM_INVALID, "the API's URL \"%.200s\" is "
                            "not https://HOST[:PORT][/PATH]", api);
    }

    return 0;
}


/* Plain http is for this machine. */

static int
pm_forge_api_plain(pm_arena_t *arena, const char *authority, const char *api,
    pm_error_t *err)
{
    char  *host;

    host = pm_arena_strndup(arena, authority,
                            pm_forge_name_length(authority));
    if (host == NULL) {
        return pm_error_memory(err);
    }

    if (!pm_host_loopback(host)) {
        return pm_error_set(err, PM_INVALID, "the API's URL \"%.200s\" must "
                            "be https; http is for a loopback address only",
                            api);
    }

    return 0;
}


/* https://HOST[:PORT][/PATH], and what it becomes */

static int
pm_forge_api(pm_arena_t *arena, const char *api, const char **base,
    pm_error_t *err)
{
    int      rc;
    char    *text;
    size_t   len, scheme, end;

    rc = pm_forge_api_scheme(api, &scheme, err);
    if (rc != 0) {
        return rc;
    }

    for (len = strlen(api); len > scheme && api[len - 1] == '/'; len--) {
        /* void */
    }

    /* the scheme and the host in lower case, the path as it is */

    end = scheme + strcspn(api + scheme, "/");
    end = (end > len) ? len : end;
    text = pm_forge_lower(arena, api, end);
    text = text ? pm_arena_printf(arena, "%s%.*s", text, (int) (len - end),
                                  api + end)
                : NULL;

    if (text == NULL) {
        return pm_error_memory(err);
    }

    if (len > PM_FORGE_API_MAX || pm_forge_authority(text + scheme) == 0
        || pm_forge_api_path(text + end) != 0)
    {
        return pm_error_set(err, PM_INVALID, "the API's URL \"%.200s\" has a "
                            "malformed host or path, a query or a fragment",
                            api);
    }

    *base = text;

    return (scheme == 8) ? 0 : pm_forge_api_plain(arena, text + scheme, api,
                                                  err);
}


int
pm_forge_host_set(pm_arena_t *arena, const char *host, const char *type,
    const char *api, pm_forge_host_t *forge, pm_error_t *err)
{
    const pm_forge_host_t  *known;

    forge->provider = pm_forge_provider(type);

    if (forge->provider == NULL) {
        return pm_error_set(err, PM_INVALID, "type \"%.64s\" is none of %s",
                            type, pm_forge_provider_names());
    }

    forge->host = pm_forge_lower(arena, host, strlen(host));
    if (forge->host == NULL) {
        return pm_error_memory(err);
    }

    if (strchr(host, '/') != NULL || pm_forge_authority(forge->host) == 0) {
        return pm_error_set(err, PM_INVALID, "host \"%.200s\" is not "
                            "HOST[:PORT] as in a repository's URL",
                            strchr(host, '@') ? "(with user info)" : host);
    }

    if (api != NULL) {
        return pm_forge_api(arena, api, &forge->api, err);
    }

    known = pm_forge_known(NULL, 0, forge->host);

    if (known != NULL && known->provider == forge->provider) {
        forge->api = known->api;
        return 0;
    }

    if (forge->provider->suffix == NULL) {
        return pm_error_set(err, PM_INVALID, "api=URL is missing for %.200s: "
                            "%s has no API of its own there", forge->host,
                            type);
    }

    forge->api = pm_arena_printf(arena, "https://%s%s", forge->host,
                                 forge->provider->suffix);

    return forge->api ? 0 : pm_error_memory(err);
}
