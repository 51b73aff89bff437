#include "definition/pm_definition_internal.h"

#include <string.h>


typedef struct {
    pm_arena_t   *arena;
    pm_buffer_t   pointer;      /* of the place at hand */
    pm_buffer_t   changes;      /* of pm_definition_change_t */
    size_t        limit;
    size_t        left;         /* bytes of values */
    int           cut;
    pm_error_t   *err;
} pm_definition_diff_t;


static int pm_definition_diff(pm_definition_diff_t *d,
    const pm_node_t *before, const pm_node_t *after);


static int
pm_definition_value(pm_definition_diff_t *d, const pm_node_t *node,
    const char **json)
{
    int          rc;
    pm_buffer_t  text;

    *json = NULL;

    if (node == NULL) {
        return 0;
    }

    memset(&text, 0, sizeof(pm_buffer_t));

    rc = pm_definition_json_write(&text, node, NULL, d->left, d->err);

    if (rc == PM_UNPROCESSABLE) {
        d->cut = 1;
        rc = 0;

    } else if (rc == 0) {
        d->left -= text.len;
        *json = pm_arena_strndup(d->arena, text.data, text.len);
        rc = *json ? 0 : pm_error_memory(d->err);
    }

    pm_buffer_free(&text);

    return rc;
}


static int
pm_definition_change(pm_definition_diff_t *d, const pm_node_t *before,
    const pm_node_t *after)
{
    int                      rc;
    pm_definition_change_t   change;

    if (d->changes.len / sizeof(change) == d->limit) {
        d->cut = 1;
    }

    if (d->cut) {
        return 0;
    }

    change.path = pm_arena_strndup(d->arena, d->pointer.data,
                                   d->pointer.len);
    if (change.path == NULL || d->pointer.failed) {
        return pm_error_memory(d->err);
    }

    rc = pm_definition_value(d, before, &change.from);

    if (rc == 0) {
        rc = pm_definition_value(d, after, &change.to);
    }

    if (rc == 0 && !d->cut) {
        pm_buffer_append(&d->changes, &change, sizeof(change));
    }

    return rc;
}


static size_t
pm_definition_push(pm_definition_diff_t *d, const pm_string_t *key,
    size_t index)
{
    size_t  i, length;

    length = d->pointer.len;
    pm_buffer_putc(&d->pointer, '/');

    if (key == NULL) {
        pm_buffer_printf(&d->pointer, "%zu", index);
        return length;
    }

    for (i = 0; i < key->len; i++) {

        if (key->data[i] == '~') {
            pm_buffer_puts(&d->pointer, "~0");

        } else if (key->data[i] == '/') {
            pm_buffer_puts(&d->pointer, "~1");

        } else {
            pm_buffer_putc(&d->pointer, key->data[i]);
        }
    }

    return length;
}


static int
pm_definition_diff_below(pm_definition_diff_t *d, const pm_string_t *key,
    size_t index, const pm_node_t *before, const pm_node_t *after)
{
    int     rc;
    size_t  length;

    length = pm_definition_push(d, key, index);
    rc = pm_definition_diff(d, before, after);
    d->pointer.len = length;

    return rc;
}


static int
pm_definition_diff_mapping(pm_definition_diff_t *d, const pm_node_t *before,
    const pm_node_t *after)
{
    int                 rc;
    size_t              i;
    pm_member_t        *member;
    const pm_string_t  *key;

    rc = 0;

    for (i = 0; rc == 0 && !d->cut && i < after->length; i++) {
        key = &pm_node_resolve(after->members[i].key)->text;
        member = pm_node_member(before, key->data, key->len);

        rc = pm_definition_diff_below(d, key, 0,
                                      member ? member->value : NULL,
                                      after->members[i].value);
    }

    for (i = 0; rc == 0 && before != NULL && !d->cut && i < before->length;
         i++)
    {
        key = &pm_node_resolve(before->members[i].key)->text;

        if (pm_node_member(after, key->data, key->len) == NULL) {
            rc = pm_definition_diff_below(d, key, 0,
                                          before->members[i].value, NULL);
        }
    }

    return rc;
}


static int
pm_definition_diff_sequence(pm_definition_diff_t *d, const pm_node_t *before,
    const pm_node_t *after)
{
    int     rc;
    size_t  i;

    rc = 0;

    for (i = 0; rc == 0 && !d->cut
                && (i < before->length || i < after->length); i++)
    {
        rc = pm_definition_diff_below(d, NULL, i,
                                      i < before->length ? before->items[i]
                                                         : NULL,
                                      i < after->length ? after->items[i]
                                                        : NULL);
    }

    return rc;
}


/* Aliases are followed to where only values are left: what they stand for
 * may be deep, not endless. */

static int
pm_definition_diff(pm_definition_diff_t *d, const pm_node_t *before,
    const pm_node_t *after)
{
    if (before == NULL || after == NULL) {
        return pm_definition_change(d, before, after);
    }

    if (before->kind == PM_NODE_ALIAS || after->kind == PM_NODE_ALIAS) {
        size_t  steps;

        steps = 0;

        return pm_definition_equal(before, after, &steps)
               ? 0 : pm_definition_change(d, before, after);
    }

    if (before->kind == after->kind && before->kind == PM_NODE_MAPPING) {
        return pm_definition_diff_mapping(d, before, after);
    }

    if (before->kind == after->kind && before->kind == PM_NODE_SEQUENCE) {
        return pm_definition_diff_sequence(d, before, after);
    }

    if (before->kind == after->kind
        && (before->kind == PM_NODE_BOOLEAN
            ? before->boolean == after->boolean
            : before->text.len == after->text.len
              && memcmp(before->text.data, after->text.data,
                        before->text.len) == 0))
    {
        return 0;
    }

    return before->kind == PM_NODE_NULL && after->kind == PM_NODE_NULL
           ? 0 : pm_definition_change(d, before, after);
}


static int
pm_definition_diff_root(pm_definition_diff_t *d, pm_arena_t *work,
    const char *file, const pm_string_t *text, const pm_node_t **root)
{
    int             rc;
    pm_document_t  *document;

    *root = NULL;

    if (text->len == 0) {
        return 0;
    }

    rc = pm_document_parse(work, file, text->data, text->len, &document,
                           d->err);

    if (rc == 0 && document->nroots > 0) {
        *root = pm_node_resolve(document->roots[0]);
    }

    return rc;
}


int
pm_definition_changes(pm_arena_t *arena, const char *before_file,
    const pm_string_t *before, const char *after_file,
    const pm_string_t *after, size_t limit, pm_definition_change_t **changes,
    size_t *nchanges, int *cut, pm_error_t *err)
{
    int                    rc;
    pm_arena_t            *work;
    const pm_node_t       *old, *new;
    pm_definition_diff_t   d;

    memset(&d, 0, sizeof(pm_definition_diff_t));

    d.arena = arena;
    d.limit = limit;
    d.left = PM_DEFINITION_SIZE;
    d.err = err;

    *changes = NULL;
    *nchanges = 0;

    work = pm_arena_create();
    if (work == NULL) {
        return pm_error_memory(err);
    }

    pm_buffer_puts(&d.pointer, "");
    (void) pm_buffer_reserve(&d.pointer, 1);

    rc = pm_definition_diff_root(&d, work, before_file, before, &old);

    if (rc == 0) {
        rc = pm_definition_diff_root(&d, work, after_file, after, &new);
    }

    if (rc == 0 && old == NULL && new != NULL
        && new->kind == PM_NODE_MAPPING)
    {
        rc = pm_definition_diff_mapping(&d, NULL, new);

    } else if (rc == 0 && (old != NULL || new != NULL)) {
        rc = pm_definition_diff(&d, old, new);
    }

    if (rc == 0 && (d.changes.failed || d.pointer.failed)) {
        rc = pm_error_memory(err);
    }

    if (rc == 0) {
        *cut = d.cut;
        *nchanges = d.changes.len / sizeof(pm_definition_change_t);
        *changes = pm_arena_alloc(arena, d.changes.len + 1);

        if (*changes == NULL) {
            rc = pm_error_memory(err);

        } else if (d.changes.len > 0) {
            memcpy(*changes, d.changes.data, d.changes.len);
        }
    }

    pm_buffer_free(&d.pointer);
    pm_buffer_free(&d.changes);
    pm_arena_destroy(work);

    return rc;
}
