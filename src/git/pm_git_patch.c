#include "git/pm_git_compare.h"
#include "git/pm_git_objects_internal.h"

#include <string.h>


static void pm_git_patch_header(const char *path,
    const pm_git_change_t *change, pm_buffer_t *out);
static int pm_git_patch_body(const char *path, const pm_git_change_t *change,
    const pm_string_t *original, const pm_string_t *data, pm_buffer_t *out,
    pm_error_t *err);
static int pm_git_patch_hunks(const pm_string_t *original,
    const pm_string_t *data, pm_buffer_t *out, int *binary, pm_error_t *err);
static void pm_git_patch_name(const char *side, const char *path, int tab,
    pm_buffer_t *out);
static pm_string_t pm_git_patch_submodule(pm_arena_t *arena, unsigned mode,
    const pm_oid_t *id, const pm_string_t *data);


int
pm_git_patch(const char *path, const pm_git_change_t *change,
    const pm_string_t *original, const pm_string_t *data, pm_arena_t *arena,
    pm_string_t *patch, pm_error_t *err)
{
    int              rc;
    pm_string_t      old, new;
    pm_buffer_t      out = {0};
    pm_git_change_t  half;

    static const pm_string_t  nothing = { "", 0 };

    old = pm_git_patch_submodule(arena, change->old_mode, &change->old_id,
                                 original);
    new = pm_git_patch_submodule(arena, change->new_mode, &change->new_id,
                                 data);

    if (old.data == NULL || new.data == NULL) {
        return pm_error_memory(err);
    }

    if (change->old_mode != 0 && change->new_mode != 0
        && (change->old_mode & 0170000) != (change->new_mode & 0170000))
    {
        /* a file that became a link, or so: git shows two patches */

        half = *change;
        half.new_mode = 0;
        memset(&half.new_id, 0, sizeof(pm_oid_t));

        rc = pm_git_patch_body(path, &half, &old, &nothing, &out, err);

        if (rc == 0) {
            half = *change;
            half.old_mode = 0;
            memset(&half.old_id, 0, sizeof(pm_oid_t));

            rc = pm_git_patch_body(path, &half, &nothing, &new, &out, err);
        }

    } else {
        rc = pm_git_patch_body(path, change, &old, &new, &out, err);
    }

    if (rc == 0) {
        patch->data = out.failed ? NULL : pm_arena_strndup(arena, out.data,
                                                           out.len);
        patch->len = out.len;

        if (patch->data == NULL) {
            rc = pm_error_memory(err);
        }
    }

    pm_buffer_free(&out);

    return rc;
}


/* A submodule has no bytes here: git shows which commit it is. */

static pm_string_t
pm_git_patch_submodule(pm_arena_t *arena, unsigned mode, const pm_oid_t *id,
    const pm_string_t *data)
{
    char         hex[PM_GIT_HEX_SIZE + 1];
    pm_string_t  text;

    if (mode != PM_GIT_MODE_COMMIT) {
        text = *data;
        text.data = text.data != NULL ? text.data : "";
        return text;
    }

    pm_oid_hex(hex, id);
    text.data = pm_arena_printf(arena, "Subproject commit %s\n", hex);
    text.len = text.data != NULL ? strlen(text.data) : 0;

    return text;
}


static int
pm_git_patch_body(const char *path, const pm_git_change_t *change,
    const pm_string_t *original, const pm_string_t *data, pm_buffer_t *out,
    pm_error_t *err)
{
    int          rc, binary;
    pm_buffer_t  hunks = {0};

    rc = pm_git_patch_hunks(original, data, &hunks, &binary, err);
    if (rc != 0) {
        pm_buffer_free(&hunks);
        return rc;
    }

    pm_git_patch_header(path, change, out);

    if (binary) {
        pm_buffer_puts(out, "Binary files ");
        pm_git_patch_name(change->old_mode ? "a/" : NULL, path, 0, out);
        pm_buffer_puts(out, " and ");
        pm_git_patch_name(change->new_mode ? "b/" : NULL, path, 0, out);
        pm_buffer_puts(out, " differ\n");

    } else if (hunks.len > 0) {
        pm_buffer_puts(out, "--- ");
        pm_git_patch_name(change->old_mode ? "a/" : NULL, path, 1, out);
        pm_buffer_puts(out, "\n+++ ");
        pm_git_patch_name(change->new_mode ? "b/" : NULL, path, 1, out);
        pm_buffer_puts(out, "\n");
        pm_buffer_append(out, hunks.data, hunks.len);
    }

    pm_buffer_free(&hunks);

    return out->failed ? pm_error_memory(err) : 0;
}


static void
pm_git_patch_header(const char *path, const pm_git_change_t *change,
    pm_buffer_t *out)
{
    char  old[PM_GIT_HEX_SIZE + 1], new[PM_GIT_HEX_SIZE + 1];

    pm_buffer_puts(out, "diff --git ");
    pm_git_patch_name("a/", path, 0, out);
    pm_buffer_putc(out, ' ');
    pm_git_patch_name("b/", path, 0, out);
    pm_buffer_putc(out, '\n');

    if (change->old_mode == 0) {
        pm_buffer_printf(out, "new file mode %06o\n", change->new_mode);

    } else if (change->new_mode == 0) {
        pm_buffer_printf(out, "deleted file mode %06o\n", change->old_mode);

    } else if (change->old_mode != change->new_mode) {
        pm_buffer_printf(out, "old mode %06o\nnew mode %06o\n",
                         change->old_mode, change->new_mode);
    }

    if (pm_oid_equal(&change->old_id, &change->new_id)) {
        return;
    }

    pm_oid_hex(old, &change->old_id);
    pm_oid_hex(new, &change->new_id);
    pm_buffer_printf(out, "index %.7s..%.7s", old, new);

    if (change->old_mode == change->new_mode) {
        pm_buffer_printf(out, " %06o", change->new_mode);
    }

    pm_buffer_putc(out, '\n');
}


/* libgit2 compares; of its text only the hunks are taken: it knows no modes. */

static int
pm_git_patch_hunks(const pm_string_t *original, const pm_string_t *data,
    pm_buffer_t *out, int *binary, pm_error_t *err)
{
    int               rc;
    git_buf           text = {0};
    git_patch        *patch;
    const char       *hunks;
    git_diff_options  options;

    *binary = 0;
    patch = NULL;
    rc = 0;

    if (git_diff_options_init(&options, GIT_DIFF_OPTIONS_VERSION) < 0
        || git_patch_from_buffers(&patch, original->data, original->len, "f",
                                  data->data, data->len, "f", &options) < 0)
    {
        return pm_error_set(err, PM_UNAVAILABLE, "texts cannot be compared: "
                            "%s", pm_git_reason());
    }

    if (git_patch_get_delta(patch)->flags & GIT_DIFF_FLAG_BINARY) {
        *binary = (original->len != data->len
                   || memcmp(original->data, data->data, data->len) != 0);

    } else if (git_patch_num_hunks(patch) > 0) {

        if (git_patch_to_buf(&text, patch) < 0) {
            rc = pm_error_set(err, PM_UNAVAILABLE,
                              "texts cannot be compared: %s",
                              pm_git_reason());
        } else {
            hunks = memmem(text.ptr, text.size, "\n@@ ", 4);

            if (hunks != NULL) {
                pm_buffer_append(out, hunks + 1,
                                 text.size - (size_t) (hunks + 1 - text.ptr));
            }
        }

        git_buf_dispose(&text);
    }

    git_patch_free(patch);

    return rc;
}


/*
 * As git prints names: in quotes, with C's escapes, where a byte is none that
 * can stand in a line; a tab after a name with spaces ends it for patch(1).
 */

static void
pm_git_patch_name(const char *side, const char *path, int tab,
    pm_buffer_t *out)
{
    int                   quoted;
    const char           *escape;
    const unsigned char  *p;

    static const char  escapes[] = "\aa\bb\tt\nn\vv\ff\rr\"\"\\\\";

    if (side == NULL) {
        pm_buffer_puts(out, "/dev/null");
        return;
    }

    quoted = 0;

    for (p = (const unsigned char *) path; *p != '\0'; p++) {
        quoted |= (*p < 0x20 || *p >= 0x7f || *p == '"' || *p == '\\');
    }

    if (!quoted) {
        pm_buffer_puts(out, side);
        pm_buffer_puts(out, path);

        if (tab && strchr(path, ' ') != NULL) {
            pm_buffer_putc(out, '\t');
        }

        return;
    }

    pm_buffer_putc(out, '"');
    pm_buffer_puts(out, side);

    for (p = (const unsigned char *) path; *p != '\0'; p++) {

        for (escape = escapes; *escape != '\0'; escape += 2) {
            if ((unsigned char) *escape == *p) {
                break;
            }
        }

        if (*escape != '\0') {
            pm_buffer_putc(out, '\\');
            pm_buffer_putc(out, escape[1]);

        } else if (*p < 0x20 || *p >= 0x7f) {
            pm_buffer_printf(out, "\\%03o", *p);

        } else {
            pm_buffer_putc(out, (char) *p);
        }
    }

    pm_buffer_putc(out, '"');
}
