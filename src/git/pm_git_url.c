#include "git/pm_git_url_part.h"
#include "base/pm_string.h"

#include <string.h>
#include <strings.h>


#define PM_GIT_URL_MAX  2048


typedef struct {
    const char       *name;
    pm_git_scheme_t   scheme;
    unsigned          port;
} pm_git_url_scheme_t;


static const pm_git_url_scheme_t  pm_git_url_schemes[] = {
    { "http",  PM_GIT_HTTP,  80 },
    { "https", PM_GIT_HTTPS, 443 },
    { "ssh",   PM_GIT_SSH,   22 },
    { "file",  PM_GIT_LOCAL, 0 }
};


const char *
pm_git_url_scheme_name(pm_git_scheme_t scheme)
{
    return pm_git_url_schemes[scheme].name;
}


static const char *
pm_git_url_shown(pm_arena_t *arena, const char *text)
{
    size_t       scheme;
    const char  *at, *p;

    /* wherever user info might be in a malformed text, "@" ends it */

    at = strrchr(text, '@');
    if (at == NULL) {
        return text;
    }

    p = strstr(text, "://");
    scheme = (p != NULL && p < at) ? (size_t) (p - text) + 3 : 0;

    return pm_arena_printf(arena, "%.*s%s", (int) scheme, text, at + 1);
}


static int
pm_git_url_full(pm_git_url_parser_t *parser, const char *text,
    const char *rest)
{
    int                         rc;
    size_t                      i, len, n;
    const pm_git_url_scheme_t  *scheme;

    n = sizeof(pm_git_url_schemes) / sizeof(pm_git_url_schemes[0]);
    len = (size_t) (rest - text);
    scheme = NULL;

    for (i = 0; i < n; i++) {
        if (strlen(pm_git_url_schemes[i].name) == len
            && strncasecmp(pm_git_url_schemes[i].name, text, len) == 0)
        {
            scheme = &pm_git_url_schemes[i];
        }
    }

    if (scheme == NULL) {
        return pm_git_url_invalid(parser, "has a scheme other than https, "
                                  "http, ssh and file");
    }

    parser->url->scheme = scheme->scheme;

    text = rest + 3;
    len = strcspn(text, "/");

    if (scheme->scheme == PM_GIT_LOCAL) {
        if (len != 0 && (len != 9 || strncasecmp(text, "localhost", 9) != 0)) {
            return pm_git_url_invalid(parser, "names a host: file:// takes "
                                      "none");
        }

        return pm_git_url_path(parser, text + len, 1);
    }

    rc = pm_git_url_authority(parser, text, len, scheme->port);
    if (rc != 0) {
        return rc;
    }

    return pm_git_url_path(parser, text + len, 1);
}


/* [user@]host:path */

static int
pm_git_url_scp(pm_git_url_parser_t *parser, const char *text)
{
    int          rc;
    const char  *p, *at, *colon;

    at = strchr(text, '@');
    p = (at != NULL) ? at + 1 : text;

    if (p[0] == '[') {
        p += strcspn(p, "]");
    }

    colon = strchr(p, ':');

    /* "ext::command" is git's way to name a helper */

    if (colon == NULL || colon[1] == ':'
        || strcspn(text, "/") < (size_t) (colon - text))
    {
        return pm_git_url_invalid(parser, "is neither a URL nor "
                                  "git@host:path nor an absolute path");
    }

    parser->url->scheme = PM_GIT_SSH;

    if (at != NULL) {
        rc = pm_git_url_user(parser, text, (size_t) (at - text));
        if (rc != 0) {
            return rc;
        }

        text = at + 1;
    }

    rc = pm_git_url_host(parser, text, (size_t) (colon - text));
    if (rc != 0) {
        return rc;
    }

    parser->url->relative = (colon[1] != '/');

    return pm_git_url_path(parser, colon + 1, 0);
}


static int
pm_git_url_read(pm_arena_t *arena, const char *text, int prefix,
    pm_git_url_t *url, pm_error_t *err)
{
    int                   rc;
    pm_error_t            unwanted;
    const char           *p, *rest;
    pm_git_url_parser_t   parser;

    memset(url, 0, sizeof(pm_git_url_t));

    parser.arena = arena;
    parser.prefix = prefix;
    parser.url = url;
    parser.err = (err != NULL) ? err : &unwanted;
    parser.shown = pm_git_url_shown(arena, text);

    if (parser.shown == NULL) {
        return pm_error_memory(err);
    }

    if (text[0] == '\0') {
        return pm_git_url_invalid(&parser, "is empty");
    }

    if (strlen(text) > PM_GIT_URL_MAX) {
        return pm_git_url_invalid(&parser, "is too long");
    }

    for (p = text; *p != '\0'; p++) {
        if ((unsigned char) *p <= 0x20 || *p == 0x7f || strchr("?#\\", *p)) {
            return pm_git_url_invalid(&parser, "has a space, a control "
                                      "character, \"?\", \"#\" or \"\\\"");
        }
    }

    if (pm_utf8_valid(text, strlen(text)) != strlen(text)) {
        return pm_git_url_invalid(&parser, "is not UTF-8");
    }

    rest = strstr(text, "://");

    if (text[0] == '/') {
        url->scheme = PM_GIT_LOCAL;
        rc = pm_git_url_path(&parser, text, 0);

    } else if (rest != NULL && rest == text + strcspn(text, ":/")) {
        rc = pm_git_url_full(&parser, text, rest);

    } else {
        rc = pm_git_url_scp(&parser, text);
    }

    if (rc == 0 && url->scheme == PM_GIT_SSH && url->user == NULL) {
        url->user = "git";
    }

    return rc;
}


int
pm_git_url_parse(pm_arena_t *arena, const char *text, pm_git_url_t *url,
    pm_error_t *err)
{
    return pm_git_url_read(arena, text, 0, url, err);
}


int
pm_git_url_parse_prefix(pm_arena_t *arena, const char *text,
    pm_git_url_t *url, pm_error_t *err)
{
    return pm_git_url_read(arena, text, 1, url, err);
}
