#include "promotion/pm_pull_head.h"

#include "base/pm_buffer.h"
#include "base/pm_hash.h"
#include "base/pm_string.h"
#include "promotion/pm_request_field.h"

#include <string.h>


#define PM_PULL_HEAD_DIGITS  16


/* Whether the character at p, of the component that begins at text, must be
 * written as %XX. */

static int
pm_pull_head_special(const char *text, const char *p)
{
    unsigned char  c;

    c = (unsigned char) *p;

    if (c <= 0x20 || c == 0x7f || strchr("~^:?*[\\%/", c) != NULL) {
        return 1;
    }

    if (c == '@') {
        return p[1] == '{';
    }

    return c == '.'
           && (p == text || p[-1] == '.' || p[1] == '\0'
               || strcmp(p, ".lock") == 0);
}


/* dots 1: those inside of it are written as %2E too. */

static void
pm_pull_head_component(pm_buffer_t *name, const char *text, int dots)
{
    const char  *p;

    for (p = text; *p != '\0'; p++) {

        if (pm_pull_head_special(text, p) || (dots && *p == '.')) {
            pm_buffer_printf(name, "%%%02X", (unsigned) (unsigned char) *p);

        } else {
            pm_buffer_putc(name, *p);
        }
    }
}


/* Cut between characters, and told from others that are cut alike. */

static const char *
pm_pull_head_cut(pm_arena_t *arena, const pm_buffer_t *name)
{
    char           hex[2 * PM_SHA256_SIZE + 1];
    size_t         len;
    unsigned char  digest[PM_SHA256_SIZE];

    if (pm_sha256(name->data, name->len, digest) != 0) {
        return NULL;
    }

    pm_hex(hex, digest, PM_SHA256_SIZE);
    hex[PM_PULL_HEAD_DIGITS] = '\0';

    len = pm_utf8_valid(name->data,
                        PM_REQUEST_BRANCH - PM_PULL_HEAD_DIGITS - 1);

    return pm_arena_printf(arena, "%.*s-%s", (int) len, name->data, hex);
}


static const char *
pm_pull_head_default(pm_arena_t *arena, const pm_promotion_t *promotion)
{
    const char   *result;
    pm_buffer_t   name;

    memset(&name, 0, sizeof(pm_buffer_t));

    pm_buffer_puts(&name, "promote/");
    pm_pull_head_component(&name, promotion->destination.namespace, 0);
    pm_buffer_putc(&name, '/');
    pm_pull_head_component(&name, promotion->destination.name, 0);
    pm_buffer_putc(&name, '/');
    pm_pull_head_component(&name, promotion->source.namespace, 1);
    pm_buffer_putc(&name, '.');

    /* with the dot before it, "lock" would be what git ends its locks in */

    if (strcmp(promotion->source.name, "lock") == 0) {
        pm_buffer_puts(&name, "%6Cock");
    } else {
        pm_pull_head_component(&name, promotion->source.name, 0);
    }

    result = NULL;

    if (!name.failed && name.len > PM_REQUEST_BRANCH) {
        result = pm_pull_head_cut(arena, &name);

    } else if (!name.failed) {
        result = pm_arena_strndup(arena, name.data, name.len);
    }

    pm_buffer_free(&name);

    return result;
}


const char *
pm_pull_head_branch(const char *head)
{
    static const char  prefix[] = "refs/heads/";

    return (strncmp(head, prefix, sizeof(prefix) - 1) == 0)
           ? head + sizeof(prefix) - 1 : head;
}


const char *
pm_pull_head(pm_arena_t *arena, const pm_promotion_t *promotion,
    const char *base)
{
    const char  *head;

    head = pm_pull_head_branch(promotion->pull->head);

    if (strcmp(head, base) == 0 || strcmp(head, "HEAD") == 0) {
        return pm_pull_head_default(arena, promotion);
    }

    return pm_arena_strdup(arena, head);
}
