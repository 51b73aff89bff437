#include "promotion/pm_preview_part.h"

#include "git/pm_git_compare.h"
#include "promotion/pm_values.h"

#include <string.h>


#define PM_PREVIEW_FILE    (1024 * 1024)          /* of each text of a file */
#define PM_PREVIEW_BINARY  8000                   /* where git looks for NUL */


/* One side of a file. */

typedef struct {
    pm_string_t  data;
    unsigned     absent:1;
    unsigned     binary:1;
    unsigned     truncated:1;
} pm_preview_side_t;


json_t *
pm_preview_string(const char *data, size_t len)
{
    size_t        n;
    json_t       *string;
    pm_buffer_t   text;

    memset(&text, 0, sizeof(pm_buffer_t));

    while (len > 0) {
        n = pm_utf8_valid(data, len);
        pm_buffer_append(&text, data, n);

        data += n;
        len -= n;

        if (len > 0) {
            pm_buffer_puts(&text, "\xef\xbf\xbd");
            data++;
            len--;
        }
    }

    string = text.failed ? NULL
             : json_stringn(text.data ? text.data : "", text.len);

    pm_buffer_free(&text);

    return string;
}


static int
pm_preview_side(pm_git_mirror_t *mirror, unsigned mode, const pm_oid_t *id,
    pm_arena_t *arena, pm_preview_side_t *side, pm_error_t *err)
{
    int       rc;
    char      hex[PM_GIT_HEX_SIZE + 1];
    size_t    valid, head;
    uint64_t  size;

    memset(side, 0, sizeof(pm_preview_side_t));

    if (mode == 0) {
        side->absent = 1;
        side->data.data = "";
        return 0;
    }

    if (mode == PM_GIT_MODE_COMMIT) {

        /* what git shows for a submodule */

        pm_oid_hex(hex, id);
        side->data.data = pm_arena_printf(arena, "Subproject commit %s\n",
                                          hex);
        if (side->data.data == NULL) {
            return pm_error_memory(err);
        }

        side->data.len = strlen(side->data.data);
        return 0;
    }

    rc = pm_git_blob(mirror, id, PM_PREVIEW_FILE, arena, &side->data, &size,
                     err);
    if (rc != 0) {
        return rc;
    }

    side->truncated = (size > side->data.len);

    head = (side->data.len < PM_PREVIEW_BINARY) ? side->data.len
                                                : PM_PREVIEW_BINARY;
    valid = pm_utf8_valid(side->data.data, side->data.len);

    /* the cut may have gone through a character */

    side->binary = memchr(side->data.data, '\0', head) != NULL
                   || valid + (side->truncated ? 3 : 0) < side->data.len;

    if (!side->binary) {
        side->data.len = valid;
    }

    return 0;
}


/* What a text takes in the answer: some characters are escaped. */

static size_t
pm_preview_cost(const pm_string_t *text)
{
    size_t  i, cost;

    for (i = 0, cost = text->len; i < text->len; i++) {
        if (text->data[i] == '"' || text->data[i] == '\\'
            || text->data[i] == '\n' || text->data[i] == '\t')
        {
            cost++;

        } else if ((unsigned char) text->data[i] < 0x20) {
            cost += 5;
        }
    }

    return cost;
}


/*
 * Sets a text that counts against the answer: null where it has no place.
 * text NULL: there is none.
 */

static int
pm_preview_text(pm_preview_t *preview, json_t *file, const char *key,
    const pm_string_t *text)
{
    size_t  cost;

    if (text == NULL) {
        return json_object_set_new(file, key, json_null());
    }

    cost = pm_preview_cost(text);

    if (cost > preview->left) {
        preview->cut = 1;
        return json_object_set_new(file, key, json_null());
    }

    preview->left -= cost;

    return json_object_set_new(file, key,
                               pm_preview_string(text->data, text->len));
}


static const char *
pm_preview_status(const pm_git_change_t *change)
{
    if (change->old_mode == 0) {
        return "added";
    }

    return (change->new_mode == 0) ? "deleted" : "modified";
}


/* Only texts that have their place in the answer are looked through: it bounds
 * the time. */

static int
pm_preview_values(pm_preview_t *preview, const pm_selection_file_t *file,
    const pm_string_t *old, const pm_string_t *new, pm_arena_t *arena,
    pm_difference_t *values, pm_error_t *err)
{
    int  texts;

    texts = !preview->cut && pm_values_want_texts(file);

    return pm_values(arena, file, texts ? old : NULL, texts ? new : NULL,
                     preview->left, values, err);
}


static int
pm_preview_file(pm_preview_t *preview, const pm_selection_file_t *selected,
    pm_arena_t *arena, pm_error_t *err)
{
    int                     rc, failed, cut;
    json_t                 *file;
    pm_string_t             patch;
    pm_difference_t         values;
    pm_preview_side_t       old, new;
    const pm_git_change_t  *change;

    change = &selected->change;

    rc = pm_preview_side(preview->mirror, change->old_mode, &change->old_id,
                         arena, &old, err);
    if (rc != 0) {
        return rc;
    }

    rc = pm_preview_side(preview->mirror, change->new_mode, &change->new_id,
                         arena, &new, err);
    if (rc != 0) {
        return rc;
    }

    preview->cut = old.truncated || new.truncated;

    patch.data = NULL;
    patch.len = 0;

    /* a patch of texts that were cut would show a change that is none */

    if (!preview->cut) {
        rc = pm_git_patch(change->path, change, &old.data, &new.data, arena,
                          &patch, err);
        if (rc != 0) {
            return rc;
        }
    }

    file = json_object();
    failed = (json_array_append_new(preview->files, file) != 0);

    failed |= json_object_set_new(file, "path",
                                  pm_preview_string(change->path,
                                                    strlen(change->path)));
    failed |= json_object_set_new(file, "status",
                                  json_string(pm_preview_status(change)));
    failed |= pm_preview_text(preview, file, "original",
                              (old.absent || old.binary) ? NULL : &old.data);
    failed |= pm_preview_text(preview, file, "data",
                              (new.absent || new.binary) ? NULL : &new.data);
    failed |= pm_preview_text(preview, file, "patch",
                              patch.data ? &patch : NULL);

    rc = pm_preview_values(preview, selected, &old.data, &new.data, arena,
                           &values, err);
    if (rc != 0) {
        return rc;
    }

    cut = values.cut;
    failed |= json_object_set_new(file, "properties",
                  pm_preview_properties(values.properties,
                                        values.nproperties, &preview->left,
                                        &cut));
    preview->cut |= (unsigned) cut;

    if (old.binary || new.binary) {
        failed |= json_object_set_new(file, "binary", json_true());
    }

    if (preview->cut) {
        preview->truncated = 1;
        failed |= json_object_set_new(file, "truncated", json_true());
    }

    return failed ? pm_error_memory(err) : 0;
}


int
pm_preview_files(pm_preview_t *preview, const pm_plan_t *plan,
    pm_error_t *err)
{
    int          rc;
    size_t       i, cost;
    pm_arena_t  *arena;

    for (i = 0; i < plan->nchanges; i++) {

        /* keys and marks, about */

        cost = strlen(plan->changes[i].path) + 128;

        if (cost > preview->left) {
            preview->truncated = 1;
            break;
        }

        preview->left -= cost;

        arena = pm_arena_create();
        if (arena == NULL) {
            return pm_error_memory(err);
        }

        rc = pm_preview_file(preview, &plan->files[i], arena, err);

        pm_arena_destroy(arena);

        if (rc != 0) {
            return rc;
        }
    }

    return 0;
}
