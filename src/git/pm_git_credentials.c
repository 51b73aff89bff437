#include "git/pm_git_credentials.h"
#include "base/pm_secret_file.h"

#include <string.h>
#include <sys/types.h>


typedef struct pm_git_credential_s  pm_git_credential_t;

struct pm_git_credential_s {
    pm_git_credential_t  *next;
    pm_git_url_t          url;         /* a prefix; path "" or "/…" */
    pm_git_login_t        login;
};


struct pm_git_credentials_s {
    pm_git_credential_t   *first;      /* in the file's order */
    pm_git_credential_t  **last;
};


/* Where a reader is. */

typedef struct {
    pm_arena_t            *arena;
    const char            *file;
    unsigned               line;
    pm_git_credentials_t  *credentials;
    pm_error_t            *err;
} pm_git_credentials_reader_t;


static int
pm_git_credentials_invalid(pm_git_credentials_reader_t *reader,
    size_t column, const char *reason)
{
    return pm_error_at(reader->err, PM_INVALID, reader->file, reader->line,
                       (unsigned) column + 1, "%s", reason);
}


static int
pm_git_credentials_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }

    c |= 0x20;

    return (c >= 'a' && c <= 'f') ? c - 'a' + 10 : -1;
}


/*
 * Percent-decodes text in place; its new length, or -1: a malformed escape,
 * or a control character, which would break the header it is sent in.
 */

static ssize_t
pm_git_credentials_decode(char *text, size_t len)
{
    int     high, low;
    char   *p;
    size_t  i;

    for (p = text, i = 0; i < len; i++) {
        *p = text[i];

        if (text[i] == '%') {
            high = (i + 2 < len) ? pm_git_credentials_digit(text[i + 1]) : -1;
            low = (high >= 0) ? pm_git_credentials_digit(text[i + 2]) : -1;

            if (low < 0) {
                return -1;
            }

            *p = (char) (high << 4 | low);
            i += 2;
        }

        if ((unsigned char) *p < 0x20 || *p == 0x7f) {
            return -1;
        }

        p++;
    }

    return p - text;
}


/* user[:token], percent-encoded */

static int
pm_git_credentials_login(pm_git_credentials_reader_t *reader, char *text,
    size_t len, size_t column, pm_git_login_t *login)
{
    char     *colon;
    size_t    user;
    ssize_t   n, m;

    colon = memchr(text, ':', len);
    user = (colon != NULL) ? (size_t) (colon - text) : len;

    n = pm_git_credentials_decode(text, user);
    m = (colon != NULL)
        ? pm_git_credentials_decode(colon + 1, len - user - 1) : 0;

    if (n < 0 || m < 0) {
        return pm_git_credentials_invalid(reader, column,
                         "the user or the token has a malformed % escape or "
                         "a control character");
    }

    if (n + m == 0) {
        return pm_git_credentials_invalid(reader, column,
                                          "has neither a user nor a token");
    }

    /* RFC 7617, 2: the first colon ends the user */

    if (memchr(text, ':', (size_t) n) != NULL) {
        return pm_git_credentials_invalid(reader, column,
                                          "has a user with a colon");
    }

    login->user = pm_arena_strndup(reader->arena, text, (size_t) n);
    login->password = pm_arena_strndup(reader->arena,
                                       colon ? colon + 1 : "", (size_t) m);

    return (login->user && login->password)
           ? 0 : pm_error_memory(reader->err);
}


/* scheme://user:token@host[:port][/path], NUL-terminated */

static int
pm_git_credentials_line(pm_git_credentials_reader_t *reader, char *line)
{
    int                   rc;
    char                 *p, *at, *rest;
    size_t                info;
    pm_error_t            err;
    pm_git_credential_t  *credential;

    credential = pm_arena_zalloc(reader->arena, sizeof(pm_git_credential_t));
    if (credential == NULL) {
        return pm_error_memory(reader->err);
    }

    p = strstr(line, "://");

    if (p == NULL) {
        return pm_git_credentials_invalid(reader, 0,
                                   "is not https://user:token@host[/path]");
    }

    p += 3;
    at = memrchr(p, '@', strcspn(p, "/"));

    if (at == NULL) {
        return pm_git_credentials_invalid(reader, (size_t) (p - line),
                 "has no user and token before the host; \"/\" and \"@\" in "
                 "them are written %2F and %40");
    }

    info = (size_t) (at - p);

    rc = pm_git_credentials_login(reader, p, info, (size_t) (p - line),
                                  &credential->login);
    if (rc != 0) {
        return rc;
    }

    rest = pm_arena_printf(reader->arena, "%.*s%s", (int) (p - line), line,
                           at + 1);
    if (rest == NULL) {
        return pm_error_memory(reader->err);
    }

    rc = pm_git_url_parse_prefix(reader->arena, rest, &credential->url, &err);
    if (rc != 0) {
        return pm_git_credentials_invalid(reader, 0, err.message);
    }

    if (credential->url.scheme != PM_GIT_HTTPS
        && (credential->url.scheme != PM_GIT_HTTP
            || !pm_git_url_loopback(credential->url.host)))
    {
        return pm_git_credentials_invalid(reader, 0, "has a scheme other "
                 "than https (http only to a loopback host)");
    }

    *reader->credentials->last = credential;
    reader->credentials->last = &credential->next;

    return 0;
}


static int
pm_git_credentials_text(pm_git_credentials_reader_t *reader, char *text)
{
    int      rc;
    char    *line, *end;
    size_t   len;

    for (line = text; line != NULL; line = end) {
        reader->line++;

        end = strchr(line, '\n');
        len = (end != NULL) ? (size_t) (end - line) : strlen(line);

        if (end != NULL) {
            end++;
        }

        while (len > 0 && strchr(" \t\r", line[len - 1])) {
            len--;
        }

        line[len] = '\0';

        if (len == 0 || line[0] == '#') {
            continue;
        }

        rc = pm_git_credentials_line(reader, line);
        if (rc != 0) {
            return rc;
        }
    }

    return 0;
}


int
pm_git_credentials_read(pm_arena_t *arena, const char *file,
    pm_git_credentials_t **credentials, pm_error_t *err)
{
    int                          rc;
    pm_buffer_t                  text;
    pm_git_credentials_reader_t  reader;

    memset(&text, 0, sizeof(pm_buffer_t));

    reader.arena = arena;
    reader.file = file;
    reader.line = 0;
    reader.err = err;
    reader.credentials = pm_arena_zalloc(arena, sizeof(pm_git_credentials_t));

    if (reader.credentials == NULL) {
        return pm_error_memory(err);
    }

    reader.credentials->last = &reader.credentials->first;

    rc = pm_secret_file_read(file, &text, err);

    if (rc == 0) {
        rc = pm_git_credentials_text(&reader, text.data);
    }

    if (rc == 0) {
        *credentials = reader.credentials;
    }

    pm_secret_file_free(&text);

    return rc;
}


/* The next character of a path that pm_git_url_parse() has accepted. */

static int
pm_git_credentials_next(const char **path)
{
    int          c;
    const char  *p;

    p = *path;
    c = (unsigned char) *p;

    if (c == '%') {
        c = pm_git_credentials_digit(p[1]) << 4
            | pm_git_credentials_digit(p[2]);
        p += 2;
    }

    if (c != '\0') {
        p++;
    }

    *path = p;

    return c;
}


/* 1 + the length of prefix if path is it or is below it, else 0. */

static size_t
pm_git_credentials_below(const char *prefix, const char *path)
{
    int     a, b;
    size_t  len;

    for (len = 1; /* void */ ; len++) {
        a = pm_git_credentials_next(&prefix);
        b = pm_git_credentials_next(&path);

        if (a == '\0') {
            return (b == '\0' || b == '/') ? len : 0;
        }

        if (a != b) {
            return 0;
        }
    }
}


const pm_git_login_t *
pm_git_credentials_match(const pm_git_credentials_t *credentials,
    const pm_git_url_t *url)
{
    size_t                len, longest;
    pm_git_credential_t  *credential, *found;

    found = NULL;
    longest = 0;

    if (url->scheme != PM_GIT_HTTPS && url->scheme != PM_GIT_HTTP) {
        return NULL;
    }

    for (credential = credentials ? credentials->first : NULL;
         credential != NULL;
         credential = credential->next)
    {
        if (credential->url.scheme != url->scheme
            || credential->url.port != url->port
            || strcmp(credential->url.host, url->host) != 0)
        {
            continue;
        }

        len = pm_git_credentials_below(credential->url.path, url->path);

        if (len > longest) {
            longest = len;
            found = credential;
        }
    }

    return found ? &found->login : NULL;
}
