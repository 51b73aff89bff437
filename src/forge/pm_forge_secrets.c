#include "forge/pm_forge_locate.h"
#include "forge/pm_forge_text.h"
#include "base/pm_secret_file.h"

#include <string.h>
#include <strings.h>


typedef struct pm_forge_secret_s  pm_forge_secret_t;

struct pm_forge_secret_s {
    pm_forge_secret_t  *next;
    const char         *host;
    char               *secret;
};


struct pm_forge_secrets_s {
    pm_forge_secret_t  *first;
};


static void
pm_forge_secrets_wipe(void *secret)
{
    explicit_bzero(secret, strlen(secret));
}


/* HOST SECRET */

static int
pm_forge_secrets_line(pm_arena_t *arena, const char *file, unsigned number,
    const char *line, size_t len, pm_forge_secrets_t *secrets,
    pm_error_t *err)
{
    size_t              host, gap, i;
    pm_forge_secret_t  *secret;

    host = strcspn(line, " \t\n");
    host = (host > len) ? len : host;
    gap = host + strspn(line + host, " \t");

    if (gap >= len) {
        return pm_error_at(err, PM_INVALID, file, number, 1,
                           "is not HOST SECRET");
    }

    for (i = gap; i < len; i++) {
        if ((unsigned char) line[i] < 0x20 || line[i] == 0x7f) {
            return pm_error_at(err, PM_INVALID, file, number,
                               (unsigned) i + 1,
                               "the secret has a control character");
        }
    }

    secret = pm_arena_zalloc(arena, sizeof(pm_forge_secret_t));
    if (secret == NULL) {
        return pm_error_memory(err);
    }

    secret->host = pm_forge_lower(arena, line, host);
    secret->secret = pm_arena_strndup(arena, line + gap, len - gap);

    if (secret->host == NULL || secret->secret == NULL
        || pm_arena_defer(arena, pm_forge_secrets_wipe, secret->secret) != 0)
    {
        return pm_error_memory(err);
    }

    if (strchr(secret->host, '/') != NULL
        || pm_forge_authority(secret->host) == 0)
    {
        return pm_error_at(err, PM_INVALID, file, number, 1,
                           "its host is not HOST[:PORT]");
    }

    if (pm_forge_secrets_find(secrets, secret->host) != NULL) {
        return pm_error_at(err, PM_INVALID, file, number, 1,
                           "the host has a secret already");
    }

    secret->next = secrets->first;
    secrets->first = secret;

    return 0;
}


int
pm_forge_secrets_read(pm_arena_t *arena, const char *file,
    pm_forge_secrets_t **secrets, pm_error_t *err)
{
    int           rc;
    size_t        len;
    unsigned      number;
    const char   *line, *end;
    pm_buffer_t   text;

    memset(&text, 0, sizeof(pm_buffer_t));

    *secrets = pm_arena_zalloc(arena, sizeof(pm_forge_secrets_t));
    if (*secrets == NULL) {
        return pm_error_memory(err);
    }

    rc = pm_secret_file_read(file, &text, err);

    for (line = text.data, number = 1; rc == 0 && line != NULL; number++) {

        end = strchr(line, '\n');
        len = (end != NULL) ? (size_t) (end - line) : strlen(line);

        while (len > 0 && strchr(" \t\r", line[len - 1]) != NULL) {
            len--;
        }

        if (len > 0 && line[0] != '#') {
            rc = pm_forge_secrets_line(arena, file, number, line, len,
                                       *secrets, err);
        }

        line = (end != NULL) ? end + 1 : NULL;
    }

    pm_secret_file_free(&text);

    return rc;
}


const char *
pm_forge_secrets_find(const pm_forge_secrets_t *secrets, const char *host)
{
    pm_forge_secret_t  *secret;

    for (secret = secrets ? secrets->first : NULL;
         secret != NULL;
         secret = secret->next)
    {
        if (strcasecmp(secret->host, host) == 0) {
            return secret->secret;
        }
    }

    return NULL;
}
