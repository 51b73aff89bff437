#include "definition/pm_definition.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>


/* One operation; a pointer is text of a definition, and so UTF-8. */

static int
pm_definition_operation(pm_buffer_t *text, const char *name,
    const char *path, const char *value)
{
    char    *quoted;
    json_t  *json;

    json = json_string(path);
    quoted = json_dumps(json, JSON_ENCODE_ANY);
    json_decref(json);

    if (quoted == NULL) {
        return -1;
    }

    pm_buffer_printf(text, "%s{\"op\":\"%s\",\"path\":%s",
                     text->len > 1 ? "," : "", name, quoted);
    free(quoted);

    if (value != NULL) {
        pm_buffer_puts(text, ",\"value\":");
        pm_buffer_puts(text, value);
    }

    pm_buffer_putc(text, '}');

    return text->failed ? -1 : 0;
}


int
pm_definition_json_patch(pm_arena_t *arena,
    const pm_definition_change_t *changes, size_t n, const char **patch,
    pm_error_t *err)
{
    int          rc;
    size_t       i;
    pm_buffer_t  text;

    memset(&text, 0, sizeof(pm_buffer_t));

    rc = 0;
    pm_buffer_putc(&text, '[');

    for (i = 0; rc == 0 && i < n; i++) {
        if (changes[i].to != NULL) {
            rc = pm_definition_operation(&text, changes[i].from ? "replace"
                                                                : "add",
                                         changes[i].path, changes[i].to);
        }
    }

    /* items go from the end of their list, or those after them would move */

    for (i = n; rc == 0 && i > 0; i--) {
        if (changes[i - 1].to == NULL) {
            rc = pm_definition_operation(&text, "remove",
                                         changes[i - 1].path, NULL);
        }
    }

    pm_buffer_putc(&text, ']');

    *patch = NULL;

    if (rc == 0 && !text.failed) {
        *patch = pm_arena_strndup(arena, text.data, text.len);
    }

    pm_buffer_free(&text);

    return (*patch != NULL) ? 0 : pm_error_memory(err);
}
