#include "git/pm_git_url_part.h"
#include "base/pm_host.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>


#define PM_GIT_HOST_MAX  253       /* RFC 1035, 2.3.4 */


int
pm_git_url_invalid(pm_git_url_parser_t *parser, const char *reason)
{
    return pm_error_set(parser->err, PM_INVALID, "repository URL \"%.300s\" %s",
                        parser->shown, reason);
}


static int
pm_git_url_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }

    c |= 0x20;

    return (c >= 'a' && c <= 'f') ? c - 'a' + 10 : -1;
}


/*
 * A percent-decoded copy.  NULL with err set: a malformed escape, or one that
 * hides a character which the plain text may not have.
 */

static const char *
pm_git_url_decode(pm_git_url_parser_t *parser, const char *text, size_t len)
{
    int     high, low, c;
    char   *decoded, *p;
    size_t  i;

    decoded = pm_arena_alloc(parser->arena, len + 1);
    if (decoded == NULL) {
        (void) pm_error_memory(parser->err);
        return NULL;
    }

    for (p = decoded, i = 0; i < len; i++) {
        if (text[i] != '%') {
            *p++ = text[i];
            continue;
        }

        high = (i + 2 < len) ? pm_git_url_digit(text[i + 1]) : -1;
        low = (high >= 0) ? pm_git_url_digit(text[i + 2]) : -1;

        if (low < 0) {
            (void) pm_git_url_invalid(parser, "has a malformed % escape");
            return NULL;
        }

        c = high << 4 | low;
        i += 2;

        if (c < 0x20 || c == 0x7f || c == '/' || c == '\\') {
            (void) pm_git_url_invalid(parser,
                             "hides a control character or a slash in a % "
                             "escape");
            return NULL;
        }

        *p++ = (char) c;
    }

    *p = '\0';

    return decoded;
}


int
pm_git_url_user(pm_git_url_parser_t *parser, const char *text, size_t len)
{
    const char  *user;

    if (memchr(text, '@', len) != NULL) {
        return pm_git_url_invalid(parser, "has more than one \"@\"");
    }

    if (memchr(text, ':', len) != NULL) {
        return pm_git_url_invalid(parser, "carries a password; put it into "
                                  "the file of promotions_credentials");
    }

    user = pm_git_url_decode(parser, text, len);
    if (user == NULL) {
        return parser->err->code;
    }

    if (user[0] == '\0') {
        return pm_git_url_invalid(parser, "has an empty user");
    }

    if (user[0] == '-') {
        return pm_git_url_invalid(parser, "has a user that begins with \"-\"");
    }

    /* ssh puts it before an "@" on a command line */

    if (parser->url->scheme == PM_GIT_SSH
        && user[strspn(user, "abcdefghijklmnopqrstuvwxyz"
                             "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                             "0123456789._+-")] != '\0')
    {
        return pm_git_url_invalid(parser, "has a user that ssh cannot take");
    }

    parser->url->user = user;

    return 0;
}


static int
pm_git_url_address(const char *host, size_t len)
{
    char             text[INET6_ADDRSTRLEN];
    struct in6_addr  address;

    if (len < 2 || host[len - 1] != ']' || len - 2 >= sizeof(text)) {
        return 0;
    }

    memcpy(text, host + 1, len - 2);
    text[len - 2] = '\0';

    return inet_pton(AF_INET6, text, &address) == 1;
}


int
pm_git_url_host(pm_git_url_parser_t *parser, const char *text, size_t len)
{
    char    *host, c;
    size_t   i;

    if (len == 0) {
        return pm_git_url_invalid(parser, "has no host");
    }

    if (len > PM_GIT_HOST_MAX) {
        return pm_git_url_invalid(parser, "has a host that is too long");
    }

    if (text[0] == '-') {
        return pm_git_url_invalid(parser, "has a host that begins with \"-\"");
    }

    host = pm_arena_strndup(parser->arena, text, len);
    if (host == NULL) {
        return pm_error_memory(parser->err);
    }

    for (i = 0; i < len; i++) {
        if (host[i] >= 'A' && host[i] <= 'Z') {
            host[i] |= 0x20;
        }
    }

    parser->url->host = host;

    if (host[0] == '[') {
        return pm_git_url_address(host, len)
               ? 0 : pm_git_url_invalid(parser, "has a malformed address");
    }

    for (i = 0; i < len; i++) {
        c = host[i];

        if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'
            || c == '-')
        {
            continue;
        }

        /* an empty label, and a dot at the end: another spelling of a host */

        if (c != '.' || i == 0 || i + 1 == len || host[i - 1] == '.') {
            return pm_git_url_invalid(parser, "has a malformed host");
        }
    }

    return 0;
}


static int
pm_git_url_port(pm_git_url_parser_t *parser, const char *text, size_t len,
    unsigned standard)
{
    size_t    i;
    unsigned  port;

    if (len == 0 || len > 5) {
        return pm_git_url_invalid(parser, "has a malformed port");
    }

    for (port = 0, i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return pm_git_url_invalid(parser, "has a malformed port");
        }

        port = port * 10 + (unsigned) (text[i] - '0');
    }

    if (port == 0 || port > 65535) {
        return pm_git_url_invalid(parser, "has a malformed port");
    }

    parser->url->port = (port == standard) ? 0 : port;

    return 0;
}


int
pm_git_url_authority(pm_git_url_parser_t *parser, const char *text,
    size_t len, unsigned port)
{
    int          rc;
    size_t       host;
    const char  *at, *colon;

    at = memrchr(text, '@', len);

    if (at != NULL) {
        rc = pm_git_url_user(parser, text, (size_t) (at - text));
        if (rc != 0) {
            return rc;
        }

        len -= (size_t) (at + 1 - text);
        text = at + 1;
    }

    host = len;
    colon = memrchr(text, ':', len);

    if (colon != NULL && memchr(colon, ']', (size_t) (text + len - colon)))
    {
        colon = NULL;
    }

    if (colon != NULL) {
        host = (size_t) (colon - text);

        rc = pm_git_url_port(parser, colon + 1, len - host - 1, port);
        if (rc != 0) {
            return rc;
        }
    }

    return pm_git_url_host(parser, text, host);
}


static int
pm_git_url_segments(pm_git_url_parser_t *parser, const char *path)
{
    size_t  len;

    for ( ;; ) {
        path += strspn(path, "/");
        len = strcspn(path, "/");

        if (len == 0) {
            return 0;
        }

        if ((len == 1 && path[0] == '.')
            || (len == 2 && path[0] == '.' && path[1] == '.'))
        {
            return pm_git_url_invalid(parser,
                                      "has a \".\" or \"..\" in its path");
        }

        path += len;
    }
}


int
pm_git_url_path(pm_git_url_parser_t *parser, const char *text, int encoded)
{
    char          *raw, *p, port[16];
    size_t         len;
    const char    *decoded;
    pm_git_url_t  *url;

    url = parser->url;

    for (len = strlen(text); len > 0 && text[len - 1] == '/'; len--) {
        /* void */
    }

    if (len == 0 && !parser->prefix) {
        return pm_git_url_invalid(parser, "names no repository");
    }

    /* an absolute text, whose % are escapes; it may grow by "/" and "%25" */

    raw = pm_arena_alloc(parser->arena, 3 * len + 2);
    if (raw == NULL) {
        return pm_error_memory(parser->err);
    }

    p = raw;

    if (len > 0 && text[0] != '/') {
        *p++ = '/';
    }

    for ( ; len > 0; len--, text++) {
        *p++ = *text;

        if (*text == '%' && !encoded) {
            *p++ = '2';
            *p++ = '5';
        }
    }

    *p = '\0';

    decoded = pm_git_url_decode(parser, raw, (size_t) (p - raw));
    if (decoded == NULL) {
        return parser->err->code;
    }

    if (pm_git_url_segments(parser, decoded) != 0) {
        return PM_INVALID;
    }

    url->path = (url->host != NULL && url->scheme != PM_GIT_SSH)
                ? raw : decoded;

    /* git's own rule: /~user on a server is that user's home */

    if (url->scheme == PM_GIT_SSH && decoded[0] && decoded[1] == '~') {
        if (decoded[2] == '\0') {
            return pm_git_url_invalid(parser, "names no repository");
        }

        url->path = decoded + 1;
        url->relative = 0;
    }

    if (url->relative && decoded[0] && decoded[1] == '-') {
        return pm_git_url_invalid(parser, "has a path that begins with \"-\"");
    }

    port[0] = '\0';

    if (url->port != 0) {
        (void) snprintf(port, sizeof(port), ":%u", url->port);
    }

    url->canonical = pm_arena_printf(parser->arena, "%s://%s%s%s",
                                     pm_git_url_scheme_name(url->scheme),
                                     url->host ? url->host : "", port, raw);

    return url->canonical ? 0 : pm_error_memory(parser->err);
}


int
pm_git_url_loopback(const char *host)
{
    return pm_host_loopback(host);
}
