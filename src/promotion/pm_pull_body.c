#include "promotion/pm_pull_body.h"

#include "git/pm_git_compare.h"
#include "promotion/pm_pull_text.h"
#include "promotion/pm_values.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>


#define PM_PULL_BODY_ROWS   200              /* of each table */
#define PM_PULL_BODY_FILE   (1024 * 1024)    /* bytes whose lines are counted */
#define PM_PULL_BODY_FILES  (16 * 1024 * 1024)
#define PM_PULL_BODY_TEXTS  (2 * 1024 * 1024)    /* whose values are compared */
#define PM_PULL_BODY_WORDS  128              /* of the line that ends a table */


typedef struct {
    const pm_pull_body_t  *body;
    pm_buffer_t            text;
    size_t                 left;             /* bytes whose lines may be
                                                counted */
    size_t                 texts;            /* … whose values compared */
    pm_error_t            *err;
} pm_pull_writer_t;


typedef struct {
    size_t    added;
    size_t    removed;
    unsigned  known:1;
} pm_pull_lines_t;


static const char *
pm_pull_body_status(const pm_git_change_t *change)
{
    if (change->old_mode == 0) {
        return "added";
    }

    return (change->new_mode == 0) ? "deleted" : "modified";
}


/* "`dev/orders` in `dev` at `8d1c3f0`" */

static void
pm_pull_body_side(pm_buffer_t *text, const pm_application_id_t *id,
    const char *environment, const char *branch, const pm_oid_t *commit)
{
    char         hex[PM_GIT_HEX_SIZE + 1];
    pm_buffer_t  name;

    memset(&name, 0, sizeof(pm_buffer_t));
    pm_buffer_printf(&name, "%s/%s", id->namespace, id->name);

    pm_pull_text_code(text, pm_buffer_string(&name));
    pm_buffer_free(&name);

    if (environment != NULL) {
        pm_buffer_puts(text, " in ");
        pm_pull_text_code(text, environment);
    }

    if (branch != NULL) {
        pm_buffer_puts(text, ", branch ");
        pm_pull_text_code(text, branch);
    }

    pm_oid_hex(hex, commit);
    pm_buffer_printf(text, " at %s", hex);
}


static void
pm_pull_body_facts(pm_pull_writer_t *w)
{
    pm_buffer_t            author;
    const pm_promotion_t  *p;

    p = w->body->promotion;

    memset(&author, 0, sizeof(pm_buffer_t));
    pm_buffer_printf(&author, "%s <%s>", p->author_name, p->author_email);

    pm_buffer_puts(&w->text, "- Source: ");
    pm_pull_body_side(&w->text, &p->source, p->source_environment, NULL,
                      w->body->source);

    pm_buffer_puts(&w->text, "\n- Destination: ");
    pm_pull_body_side(&w->text, &p->destination, p->destination_environment,
                      w->body->base, w->body->destination);

    pm_buffer_puts(&w->text, "\n- Requested by: ");
    pm_pull_text_code(&w->text, pm_buffer_string(&author));
    pm_buffer_puts(&w->text, ", key ");
    pm_pull_text_code(&w->text, p->key_name);

    pm_buffer_puts(&w->text, "\n- Promotion: ");
    pm_pull_text_code(&w->text, p->id);
    pm_buffer_puts(&w->text, "\n");

    pm_buffer_free(&author);
}


/* A string without its quotes, where that is plain. */

static void
pm_pull_body_value(pm_buffer_t *text, const char *json)
{
    json_t  *value;

    if (json == NULL) {
        return;
    }

    value = json_loads(json, JSON_DECODE_ANY, NULL);

    pm_pull_text_code(text, json_is_string(value)
                            && json_string_length(value) > 0
                            ? json_string_value(value) : json);
    json_decref(value);
}


static int
pm_pull_body_full(const pm_pull_writer_t *w, size_t row)
{
    return w->text.len + PM_PULL_BODY_WORDS > w->body->limit
           || row == PM_PULL_BODY_ROWS;
}


/* The last row goes again, if it is too much: 1. */

static int
pm_pull_body_undo(pm_pull_writer_t *w, size_t len, size_t row)
{
    if (!pm_pull_body_full(w, row)) {
        return 0;
    }

    w->text.len = len;

    return 1;
}


/* One side of a file; 0: its text is none, or more than is left to look at. */

static int
pm_pull_body_read(pm_pull_writer_t *w, unsigned mode, const pm_oid_t *id,
    size_t *left, pm_arena_t *arena, pm_string_t *data)
{
    uint64_t  size;

    data->data = "";
    data->len = 0;

    if (mode == 0) {
        return 1;
    }

    if (mode == PM_GIT_MODE_COMMIT || *left == 0
        || pm_git_blob(w->body->mirror, id, PM_PULL_BODY_FILE, arena, data,
                       &size, w->err)
           != 0
        || size > data->len)
    {
        return 0;
    }

    *left -= (data->len < *left) ? data->len : *left;

    return memchr(data->data, '\0', data->len) == NULL;
}


static void
pm_pull_body_property(pm_pull_writer_t *w, const char *path,
    const pm_edit_property_t *property)
{
    pm_buffer_puts(&w->text, "| ");
    pm_pull_text_code(&w->text, path);
    pm_buffer_puts(&w->text, " | ");
    pm_pull_text_code(&w->text, property->path);
    pm_buffer_puts(&w->text, " | ");
    pm_pull_body_value(&w->text, property->from);
    pm_buffer_puts(&w->text, " | ");
    pm_pull_body_value(&w->text, property->to);
    pm_buffer_puts(&w->text, " |\n");
}


/* The values that change in a file; those of large ones are not looked for. */

static int
pm_pull_body_values(pm_pull_writer_t *w, const pm_selection_file_t *file,
    pm_arena_t *arena, pm_difference_t *values)
{
    int                     texts;
    pm_string_t             old, new;
    const pm_git_change_t  *change;

    change = &file->change;

    texts = pm_values_want_texts(file)
            && pm_pull_body_read(w, change->old_mode, &change->old_id,
                                 &w->texts, arena, &old)
            && pm_pull_body_read(w, change->new_mode, &change->new_id,
                                 &w->texts, arena, &new);

    return pm_values(arena, file, texts ? &old : NULL, texts ? &new : NULL,
                     w->body->limit, values, w->err);
}


/* The rows of one file; 1: there are more values than have a place. */

static int
pm_pull_body_rows(pm_pull_writer_t *w, const pm_selection_file_t *file,
    const pm_difference_t *values, size_t *rows)
{
    size_t  i, len;

    for (i = 0; i < values->nproperties; i++) {
        len = w->text.len;

        if (*rows == 0) {
            pm_buffer_puts(&w->text, "\n| File | Property | From | To |\n"
                           "|---|---|---|---|\n");
        }

        pm_pull_body_property(w, file->change.path, &values->properties[i]);

        if (pm_pull_body_undo(w, len, *rows)) {
            return 1;
        }

        (*rows)++;
    }

    return values->cut;
}


/* "| file | property | from | to |" */

static void
pm_pull_body_properties(pm_pull_writer_t *w)
{
    int                         more;
    size_t                      i, rows;
    pm_arena_t                 *arena;
    pm_difference_t             values;
    const pm_selection_file_t  *file;

    more = 0;

    for (i = 0, rows = 0; !more && i < w->body->plan->nchanges; i++) {
        file = &w->body->plan->files[i];
        arena = pm_arena_create();

        if (arena == NULL || pm_pull_body_values(w, file, arena, &values) != 0)
        {
            w->text.failed = 1;
            more = 1;

        } else {
            more = pm_pull_body_rows(w, file, &values, &rows);
        }

        if (arena != NULL) {
            pm_arena_destroy(arena);
        }
    }

    if (more) {
        pm_buffer_puts(&w->text, "\nMore values change than are shown.\n");
    }
}


/* Lines of a patch, after its first hunk's head. */

static void
pm_pull_body_count(const pm_string_t *patch, pm_pull_lines_t *lines)
{
    const char  *p, *end;

    end = patch->data + patch->len;
    p = memmem(patch->data, patch->len, "\n@@ ", 4);

    while (p != NULL && ++p < end) {
        lines->added += (*p == '+');
        lines->removed += (*p == '-');

        p = memchr(p, '\n', (size_t) (end - p));
    }
}


static void
pm_pull_body_lines(pm_pull_writer_t *w, const pm_git_change_t *change,
    pm_pull_lines_t *lines)
{
    pm_arena_t   *arena;
    pm_string_t   old, new, patch;

    memset(lines, 0, sizeof(pm_pull_lines_t));

    arena = pm_arena_create();
    if (arena == NULL) {
        return;
    }

    memset(&patch, 0, sizeof(pm_string_t));

    if (pm_pull_body_read(w, change->old_mode, &change->old_id, &w->left,
                          arena, &old)
        && pm_pull_body_read(w, change->new_mode, &change->new_id, &w->left,
                             arena, &new)
        && pm_git_patch(change->path, change, &old, &new, arena, &patch,
                        w->err)
           == 0
        && patch.data != NULL)
    {
        pm_pull_body_count(&patch, lines);
        lines->known = 1;
    }

    pm_arena_destroy(arena);
}


static void
pm_pull_body_row(pm_pull_writer_t *w, const pm_git_change_t *change,
    const pm_pull_lines_t *lines)
{
    pm_buffer_puts(&w->text, "| ");
    pm_pull_text_code(&w->text, change->path);
    pm_buffer_printf(&w->text, " | %s | ", pm_pull_body_status(change));

    if (lines->known) {
        pm_buffer_printf(&w->text, "+%zu -%zu |\n", lines->added,
                         lines->removed);
    } else {
        pm_buffer_puts(&w->text, "|\n");
    }
}


/* "| file | what | lines |", and their sums where all are known. */

static void
pm_pull_body_files(pm_pull_writer_t *w)
{
    int                     more;
    size_t                  i, n, len;
    pm_pull_lines_t         lines, sum;
    const pm_git_change_t  *change;

    n = w->body->plan->nchanges;
    more = 0;

    memset(&sum, 0, sizeof(pm_pull_lines_t));
    sum.known = 1;

    pm_buffer_puts(&w->text, "\n| File | | Lines |\n|---|---|---|\n");

    for (i = 0; i < n; i++) {
        change = &w->body->plan->changes[i];
        len = w->text.len;

        pm_pull_body_lines(w, change, &lines);
        pm_pull_body_row(w, change, &lines);

        if (pm_pull_body_undo(w, len, i)) {
            more = 1;
            break;
        }

        sum.added += lines.added;
        sum.removed += lines.removed;
        sum.known &= lines.known;
    }

    pm_buffer_printf(&w->text, "\n%zu file%s changed", n, n == 1 ? "" : "s");

    if (more) {
        pm_buffer_printf(&w->text, ", of which %zu are shown", i);

    } else if (sum.known) {
        pm_buffer_printf(&w->text, ": %zu line%s added, %zu removed",
                         sum.added, sum.added == 1 ? "" : "s", sum.removed);
    }

    pm_buffer_puts(&w->text, ".\n");
}


int
pm_pull_body(pm_arena_t *arena, const pm_pull_body_t *body,
    const char **text, pm_error_t *err)
{
    int               first;
    const char       *description;
    pm_pull_writer_t  w;

    memset(&w, 0, sizeof(pm_pull_writer_t));
    w.body = body;
    w.left = PM_PULL_BODY_FILES;
    w.texts = PM_PULL_BODY_TEXTS;
    w.err = err;

    description = body->promotion->pull->description;
    description = (description != NULL) ? description : "";

    /* what might swallow the rest comes after it */

    first = pm_pull_text_is_plain(description);

    if (first) {
        pm_pull_text_cut(&w.text, description, body->limit / 2);
        pm_buffer_puts(&w.text, (w.text.len > 0) ? "\n\n" : "");
    }

    pm_pull_body_facts(&w);
    pm_pull_body_properties(&w);
    pm_pull_body_files(&w);

    if (!first && w.text.len + PM_PULL_BODY_WORDS < body->limit) {
        pm_buffer_puts(&w.text, "\n---\n\n");
        pm_pull_text_cut(&w.text, description,
                         body->limit - w.text.len - PM_PULL_BODY_WORDS / 2);
    }

    *text = w.text.failed ? NULL
            : pm_arena_strndup(arena, w.text.data, w.text.len);

    pm_buffer_free(&w.text);

    return (*text != NULL) ? 0 : pm_error_memory(err);
}
