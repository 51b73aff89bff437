#include "tool/pm_tool.h"
#include "tool/pm_tool_entry.h"
#include "base/pm_buffer.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>


#define PM_TOOL_PAGE     "1000"          /* keys that SCAN looks at */
#define PM_TOOL_KEYS     1000000         /* most that are listed */
#define PM_TOOL_COLUMNS  7


/* A growing array of ids, the arena's. */

typedef struct {
    pm_string_t  *ids;
    size_t        n;
    size_t        size;
} pm_tool_ids_t;


static int
pm_tool_ids_add(pm_tool_t *tool, pm_tool_ids_t *ids, const char *id,
    size_t len, pm_error_t *err)
{
    size_t        size;
    pm_string_t  *more;

    if (ids->n == PM_TOOL_KEYS) {
        return pm_error_set(err, PM_UNAVAILABLE, "there are over %d keys",
                            PM_TOOL_KEYS);
    }

    if (ids->n == ids->size) {
        size = ids->size ? 2 * ids->size : 64;

        more = pm_arena_alloc(tool->arena, size * sizeof(pm_string_t));
        if (more == NULL) {
            return pm_error_memory(err);
        }

        if (ids->n > 0) {
            memcpy(more, ids->ids, ids->n * sizeof(pm_string_t));
        }

        ids->ids = more;
        ids->size = size;
    }

    ids->ids[ids->n].len = len;
    ids->ids[ids->n].data = pm_arena_strndup(tool->arena, id, len);

    if (ids->ids[ids->n].data == NULL) {
        return pm_error_memory(err);
    }

    ids->n++;

    return 0;
}


static int
pm_tool_ids_compare(const void *one, const void *two)
{
    int                 rc;
    size_t              len;
    const pm_string_t  *a, *b;

    a = one;
    b = two;

    len = a->len < b->len ? a->len : b->len;
    rc = memcmp(a->data, b->data, len);

    if (rc != 0) {
        return rc;
    }

    return a->len < b->len ? -1 : a->len > b->len;
}


/* SCAN may name a key several times. */

static void
pm_tool_ids_sort(pm_tool_ids_t *ids)
{
    size_t  i, n;

    if (ids->n == 0) {
        return;
    }

    qsort(ids->ids, ids->n, sizeof(pm_string_t), pm_tool_ids_compare);

    for (i = 1, n = 1; i < ids->n; i++) {
        if (pm_tool_ids_compare(&ids->ids[i], &ids->ids[n - 1]) != 0) {
            ids->ids[n++] = ids->ids[i];
        }
    }

    ids->n = n;
}


/* <prefix>key:* as a pattern: the prefix is no pattern itself. */

static const char *
pm_tool_pattern(pm_tool_t *tool)
{
    char        *copy;
    const char  *p, *text;
    pm_buffer_t  buffer = { 0 };

    for (p = tool->prefix; *p != '\0'; p++) {
        if (strchr("*?[]^-\\", *p) != NULL) {
            pm_buffer_putc(&buffer, '\\');
        }

        pm_buffer_putc(&buffer, *p);
    }

    pm_buffer_puts(&buffer, "key:*");

    text = pm_buffer_string(&buffer);
    copy = text != NULL ? pm_arena_strdup(tool->arena, text) : NULL;

    pm_buffer_free(&buffer);

    return copy;
}


/* One page: cursor is replaced, and is "0" at the end. */

static int
pm_tool_scan_page(pm_tool_t *tool, const char *pattern, const char **cursor,
    pm_tool_ids_t *ids, pm_error_t *err)
{
    int          rc;
    size_t       i, skip;
    redisReply  *reply, *keys;
    pm_string_t  argv[6];

    argv[0] = pm_tool_string("SCAN");
    argv[1] = pm_tool_string(*cursor);
    argv[2] = pm_tool_string("MATCH");
    argv[3] = pm_tool_string(pattern);
    argv[4] = pm_tool_string("COUNT");
    argv[5] = pm_tool_string(PM_TOOL_PAGE);

    rc = pm_store_redis_ask(tool->redis, argv, 6, REDIS_REPLY_ARRAY, &reply,
                            err);
    if (rc != 0) {
        return rc;
    }

    skip = strlen(tool->prefix) + sizeof("key:") - 1;

    if (reply->elements != 2 || reply->element[0]->type != REDIS_REPLY_STRING
        || reply->element[1]->type != REDIS_REPLY_ARRAY)
    {
        rc = pm_error_set(err, PM_REMOTE, "Redis answered SCAN with "
                          "something else than a page of keys");
        goto done;
    }

    keys = reply->element[1];

    for (i = 0; i < keys->elements; i++) {
        if (keys->element[i]->type != REDIS_REPLY_STRING
            || keys->element[i]->len < skip)
        {
            rc = pm_error_set(err, PM_REMOTE, "Redis answered SCAN with "
                              "something else than what was asked for");
            goto done;
        }

        rc = pm_tool_ids_add(tool, ids, keys->element[i]->str + skip,
                             keys->element[i]->len - skip, err);
        if (rc != 0) {
            goto done;
        }
    }

    *cursor = pm_arena_strndup(tool->arena, reply->element[0]->str,
                               reply->element[0]->len);

    if (*cursor == NULL) {
        rc = pm_error_memory(err);
    }

done:

    pm_store_redis_free(reply);

    return rc;
}


static int
pm_tool_scan(pm_tool_t *tool, pm_tool_ids_t *ids, pm_error_t *err)
{
    int          rc;
    const char  *cursor, *pattern;

    memset(ids, 0, sizeof(pm_tool_ids_t));

    cursor = "0";

    pattern = pm_tool_pattern(tool);
    if (pattern == NULL) {
        return pm_error_memory(err);
    }

    do {
        rc = pm_tool_scan_page(tool, pattern, &cursor, ids, err);
        if (rc != 0) {
            return rc;
        }

    } while (strcmp(cursor, "0") != 0);

    pm_tool_ids_sort(ids);

    return 0;
}


/* Columns of a terminal, nearly: one for each character. */

static size_t
pm_tool_width(const char *text)
{
    size_t  n;

    for (n = 0; *text != '\0'; text++) {
        n += ((unsigned char) *text & 0xc0) != 0x80;
    }

    return n;
}


static void
pm_tool_print_table(pm_tool_entry_t *const *entries, size_t n)
{
    size_t              i, c, width, widths[PM_TOOL_COLUMNS] = { 0 };
    const char *const  *cells;

    static const char *const  head[PM_TOOL_COLUMNS] = {
        "ID", "STATE", "NAME", "AUTHOR", "CREATED", "EXPIRES", "GRANTS"
    };

    for (i = 0; i <= n; i++) {
        cells = i == 0 ? head : entries[i - 1]->cells;

        for (c = 0; c < PM_TOOL_COLUMNS; c++) {
            width = pm_tool_width(cells[c]);
            widths[c] = width > widths[c] ? width : widths[c];
        }
    }

    for (i = 0; i <= n; i++) {
        cells = i == 0 ? head : entries[i - 1]->cells;

        for (c = 0; c < PM_TOOL_COLUMNS - 1; c++) {
            width = pm_tool_width(cells[c]);

            (void) printf("%s%*s", cells[c], (int) (widths[c] - width + 2),
                          "");
        }

        (void) printf("%s\n", cells[c]);
    }
}


/* ASCII alone, so that no terminal obeys it. */

static int
pm_tool_print_json(json_t *json, pm_error_t *err)
{
    int  rc;

    if (json == NULL) {
        return pm_error_memory(err);
    }

    rc = json_dumpf(json, stdout, JSON_INDENT(2)|JSON_ENSURE_ASCII);
    (void) putchar('\n');

    json_decref(json);

    return rc == 0 ? 0 : pm_error_set(err, PM_UNAVAILABLE,
                                      "cannot write to standard output");
}


static int
pm_tool_print_list_json(pm_tool_t *tool, pm_tool_entry_t *const *entries,
    size_t n, pm_error_t *err)
{
    size_t   i;
    json_t  *list;

    list = json_array();
    if (list == NULL) {
        return pm_error_memory(err);
    }

    for (i = 0; i < n; i++) {
        if (json_array_append_new(list, pm_tool_entry_json(tool, entries[i]))
            != 0)
        {
            json_decref(list);
            return pm_error_memory(err);
        }
    }

    return pm_tool_print_json(list, err);
}


int
pm_tool_list(pm_tool_t *tool, pm_error_t *err)
{
    int                rc;
    size_t             i, n;
    pm_tool_ids_t      ids;
    pm_tool_entry_t  **entries;

    rc = pm_tool_connect(tool, err);
    if (rc != 0) {
        return rc;
    }

    rc = pm_tool_scan(tool, &ids, err);
    if (rc != 0) {
        return rc;
    }

    entries = pm_arena_alloc(tool->arena,
                             (ids.n + 1) * sizeof(pm_tool_entry_t *));
    if (entries == NULL) {
        return pm_error_memory(err);
    }

    for (i = 0, n = 0; i < ids.n; i++) {
        rc = pm_tool_entry_read(tool, ids.ids[i], PM_TOOL_CELL, &entries[n],
                                err);
        if (rc != 0) {
            return rc;
        }

        /* else it has just been deleted */

        n += entries[n] != NULL ? 1 : 0;
    }

    if (tool->arguments.values[PM_TOOL_JSON] != NULL) {
        return pm_tool_print_list_json(tool, entries, n, err);
    }

    pm_tool_print_table(entries, n);

    return 0;
}


int
pm_tool_show(pm_tool_t *tool, pm_error_t *err)
{
    int               rc;
    size_t            i;
    pm_tool_entry_t  *entry;

    static const char *const  head[PM_TOOL_COLUMNS] = {
        "id", "state", "name", "author", "created", "expires", "grants"
    };

    rc = pm_tool_connect(tool, err);
    if (rc != 0) {
        return rc;
    }

    rc = pm_tool_entry_read(tool, pm_tool_string(tool->arguments.id),
                            PM_STORE_KEY_GRANTS_TEXT, &entry, err);
    if (rc != 0) {
        return rc;
    }

    if (entry == NULL) {
        return pm_error_set(err, PM_NOT_FOUND, "there is no key %s",
                            tool->arguments.id);
    }

    if (tool->arguments.values[PM_TOOL_JSON] != NULL) {
        return pm_tool_print_json(pm_tool_entry_json(tool, entry), err);
    }

    for (i = 0; i < PM_TOOL_COLUMNS; i++) {
        (void) printf("%-8s %s\n", head[i], entry->cells[i]);
    }

    if (entry->fault != NULL) {
        (void) printf("%-8s %s\n", "fault", entry->fault);
    }

    return 0;
}
