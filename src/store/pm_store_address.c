#include "store/pm_store_address.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/un.h>


#define PM_STORE_HOST       253          /* longest name (RFC 1035, 2.3.4) */
#define PM_STORE_MASTER     255
#define PM_STORE_ADDRESS    8192
#define PM_STORE_UNIX_PATH  (sizeof(((struct sockaddr_un *) 0)->sun_path) - 1)


static int
pm_store_address_invalid(const char *text, size_t len, const char *fault,
    pm_error_t *err)
{
    return pm_error_set(err, PM_INVALID, "Redis address \"%.*s\": %s",
                        len < 100 ? (int) len : 100, text, fault);
}


/* Letters, digits and some punctuation: a host or a master's name. */

static int
pm_store_address_word(const char *text, size_t len)
{
    char    c;
    size_t  i;

    for (i = 0; i < len; i++) {
        c = text[i];

        if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z')
            && !(c >= '0' && c <= '9') && c != '.' && c != '-' && c != '_')
        {
            return 0;
        }
    }

    return len > 0;
}


/* 1 to 65535 without leading zeros; 0: it is none. */

static unsigned
pm_store_address_port(const char *text, size_t len)
{
    size_t    i;
    unsigned  port;

    if (len == 0 || len > 5 || text[0] == '0') {
        return 0;
    }

    port = 0;

    for (i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return 0;
        }

        port = port * 10 + (unsigned) (text[i] - '0');
    }

    return port <= 65535 ? port : 0;
}


/* Length of the host, without its brackets; 0: it is none. */

static size_t
pm_store_address_host_length(const char *text, size_t len)
{
    char             host[INET6_ADDRSTRLEN];
    size_t           n;
    const char      *end;
    struct in6_addr  in6;

    if (len > 0 && text[0] == '[') {
        end = memchr(text, ']', len);
        n = end != NULL ? (size_t) (end - text) - 1 : 0;

        if (n == 0 || n >= sizeof(host) || memchr(text + 1, '\0', n) != NULL) {
            return 0;
        }

        memcpy(host, text + 1, n);
        host[n] = '\0';

        return inet_pton(AF_INET6, host, &in6) == 1 ? n : 0;
    }

    end = memchr(text, ':', len);
    n = end != NULL ? (size_t) (end - text) : len;

    if (n > PM_STORE_HOST || !pm_store_address_word(text, n)
        || text[0] == '-' || text[0] == '.')
    {
        return 0;
    }

    return n;
}


static int
pm_store_address_host(pm_arena_t *arena, const char *text, size_t len,
    unsigned port, pm_store_host_t *host, pm_error_t *err)
{
    size_t       n, left, bracket;
    const char  *rest, *colon;

    bracket = len > 0 && text[0] == '[';

    colon = memchr(text, ':', len);

    if (!bracket && colon != NULL
        && memchr(colon + 1, ':', len - (size_t) (colon + 1 - text)) != NULL)
    {
        return pm_store_address_invalid(text, len, "an IPv6 address stands "
                                        "in brackets: [::1]:6379", err);
    }

    n = pm_store_address_host_length(text, len);
    if (n == 0) {
        return pm_store_address_invalid(text, len, "no valid host; it must be "
                                        "HOST:PORT, unix:/PATH or sentinel:"
                                        "NAME@HOST:PORT,HOST:PORT", err);
    }

    rest = text + n + 2 * bracket;
    left = len - n - 2 * bracket;

    if (left > 0) {
        port = *rest == ':' ? pm_store_address_port(rest + 1, left - 1) : 0;

        if (port == 0) {
            return pm_store_address_invalid(text, len, "the port must be a "
                                            "number from 1 to 65535", err);
        }
    }

    host->port = port;
    host->host = pm_arena_strndup(arena, text + bracket, n);

    return host->host != NULL ? 0 : pm_error_memory(err);
}


static int
pm_store_address_unix(pm_arena_t *arena, const char *path, size_t len,
    pm_store_address_t *address, pm_error_t *err)
{
    size_t  i;

    if (len < 2 || path[0] != '/') {
        return pm_store_address_invalid(path, len, "the path of a socket must "
                                        "be absolute: unix:/run/redis/"
                                        "redis.sock", err);
    }

    if (len > PM_STORE_UNIX_PATH) {
        return pm_store_address_invalid(path, len, "the path of a socket must "
                                        "be at most 107 bytes long", err);
    }

    for (i = 0; i < len; i++) {
        if ((unsigned char) path[i] < 0x20 || path[i] == 0x7f) {
            return pm_store_address_invalid(path, len, "the path must not "
                                            "hold control characters", err);
        }
    }

    address->kind = PM_STORE_UNIX;
    address->path = pm_arena_strndup(arena, path, len);

    return address->path != NULL ? 0 : pm_error_memory(err);
}


/* NAME@HOST:PORT,HOST:PORT */

static int
pm_store_address_sentinel(pm_arena_t *arena, const char *text, size_t len,
    pm_store_address_t *address, pm_error_t *err)
{
    int          rc;
    size_t       n, max;
    const char  *at, *p, *end, *comma;

    at = memchr(text, '@', len);
    n = at != NULL ? (size_t) (at - text) : 0;

    /* the characters that Sentinel itself takes (sentinel.c) */

    if (n > PM_STORE_MASTER || !pm_store_address_word(text, n)) {
        return pm_store_address_invalid(text, len, "it must be sentinel:NAME@"
                                        "HOST:PORT,HOST:PORT, where NAME has "
                                        "letters, digits, \".\", \"-\" and "
                                        "\"_\"", err);
    }

    end = text + len;

    for (max = 1, p = at + 1; p < end; p++) {
        max += *p == ',' ? 1 : 0;
    }

    if (max > PM_STORE_SENTINELS) {
        return pm_store_address_invalid(text, len, "at most 16 Sentinels are "
                                        "asked", err);
    }

    address->kind = PM_STORE_SENTINEL;
    address->master = pm_arena_strndup(arena, text, n);
    address->hosts = pm_arena_alloc(arena, max * sizeof(pm_store_host_t));

    if (address->master == NULL || address->hosts == NULL) {
        return pm_error_memory(err);
    }

    for (p = at + 1; address->nhosts < max; p = comma + 1) {
        comma = memchr(p, ',', (size_t) (end - p));

        if (comma == NULL) {
            comma = end;
        }

        rc = pm_store_address_host(arena, p, (size_t) (comma - p),
                                   PM_STORE_SENTINEL_PORT,
                                   &address->hosts[address->nhosts], err);
        if (rc != 0) {
            return rc;
        }

        address->nhosts++;
    }

    return 0;
}


int
pm_store_address_parse(pm_arena_t *arena, const char *text, size_t len,
    pm_store_address_t *address, pm_error_t *err)
{
    int  rc;

    static const char  local[] = "unix:";
    static const char  sentinel[] = "sentinel:";

    memset(address, 0, sizeof(pm_store_address_t));

    if (len > PM_STORE_ADDRESS) {
        return pm_store_address_invalid(text, len, "it is too long", err);
    }

    if (memmem(text, len, "://", 3) != NULL) {
        return pm_error_set(err, PM_INVALID, "the Redis address must be "
                            "HOST:PORT, not a URL; user, password file and "
                            "database are given apart from it");
    }

    if (len >= sizeof(local) - 1
        && memcmp(text, local, sizeof(local) - 1) == 0)
    {
        return pm_store_address_unix(arena, text + sizeof(local) - 1,
                                     len - (sizeof(local) - 1), address, err);
    }

    if (len >= sizeof(sentinel) - 1
        && memcmp(text, sentinel, sizeof(sentinel) - 1) == 0)
    {
        return pm_store_address_sentinel(arena, text + sizeof(sentinel) - 1,
                                         len - (sizeof(sentinel) - 1),
                                         address, err);
    }

    address->hosts = pm_arena_alloc(arena, sizeof(pm_store_host_t));
    if (address->hosts == NULL) {
        return pm_error_memory(err);
    }

    rc = pm_store_address_host(arena, text, len, PM_STORE_REDIS_PORT,
                               &address->hosts[0], err);
    if (rc != 0) {
        return rc;
    }

    address->kind = PM_STORE_TCP;
    address->nhosts = 1;

    return 0;
}
