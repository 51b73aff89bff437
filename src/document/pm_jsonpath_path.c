#include "document/pm_jsonpath.h"

#include "base/pm_buffer.h"

#include <string.h>


typedef void (*pm_path_writer_pt)(pm_buffer_t *buffer, const pm_path_t *path);


/* RFC 9535, 2.7: there is one way to escape each character. */

static void
pm_path_write_normalized(pm_buffer_t *buffer, const pm_path_t *path)
{
    size_t       i;
    const char  *found;
    char         c;

    static const char  characters[] = "\b\t\n\f\r'\\";
    static const char  names[] = "btnfr'\\";

    if (path->parent == NULL) {
        pm_buffer_putc(buffer, '$');
        return;
    }

    if (path->key == NULL) {
        pm_buffer_printf(buffer, "[%zu]", path->index);
        return;
    }

    pm_buffer_puts(buffer, "['");

    for (i = 0; i < path->key->text.len; i++) {
        c = path->key->text.data[i];

        found = (c != '\0') ? strchr(characters, c) : NULL;

        if (found != NULL) {
            pm_buffer_putc(buffer, '\\');
            pm_buffer_putc(buffer, names[found - characters]);

        } else if ((unsigned char) c < 0x20) {
            pm_buffer_printf(buffer, "\\u%04x", (unsigned) c);

        } else {
            pm_buffer_putc(buffer, c);
        }
    }

    pm_buffer_puts(buffer, "']");
}


/* RFC 6901, 3. */

static void
pm_path_write_pointer(pm_buffer_t *buffer, const pm_path_t *path)
{
    size_t  i;
    char    c;

    if (path->parent == NULL) {
        return;
    }

    if (path->key == NULL) {
        pm_buffer_printf(buffer, "/%zu", path->index);
        return;
    }

    pm_buffer_putc(buffer, '/');

    for (i = 0; i < path->key->text.len; i++) {
        c = path->key->text.data[i];

        if (c == '~' || c == '/') {
            pm_buffer_puts(buffer, (c == '~') ? "~0" : "~1");

        } else {
            pm_buffer_putc(buffer, c);
        }
    }
}


/* A path is at most PM_JSONPATH_DEPTH deep. */

static void
pm_path_write(pm_buffer_t *buffer, const pm_path_t *path,
    pm_path_writer_pt writer)
{
    if (path->parent != NULL) {
        pm_path_write(buffer, path->parent, writer);
    }

    writer(buffer, path);
}


static pm_string_t
pm_path_text(pm_arena_t *arena, const pm_path_t *path,
    pm_path_writer_pt writer)
{
    pm_buffer_t  buffer;
    pm_string_t  text;

    memset(&buffer, 0, sizeof(pm_buffer_t));

    pm_path_write(&buffer, path, writer);

    text.len = buffer.len;
    text.data = buffer.failed ? NULL
                              : pm_arena_strndup(arena, buffer.data,
                                                 buffer.len);
    pm_buffer_free(&buffer);

    return text;
}


pm_string_t
pm_path_normalized(pm_arena_t *arena, const pm_path_t *path)
{
    return pm_path_text(arena, path, pm_path_write_normalized);
}


pm_string_t
pm_path_pointer(pm_arena_t *arena, const pm_path_t *path)
{
    return pm_path_text(arena, path, pm_path_write_pointer);
}
