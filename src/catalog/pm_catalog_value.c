#include "catalog/pm_catalog_build.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>


int
pm_catalog_fault(pm_catalog_reader_t *reader, const pm_node_t *node,
    const char *fmt, ...)
{
    char     message[PM_ERROR_SIZE];
    va_list  args;

    va_start(args, fmt);
    (void) vsnprintf(message, sizeof(message), fmt, args);
    va_end(args);

    return pm_error_at(reader->err, PM_INVALID, reader->file, node->line,
                       node->column, "%s", message);
}


/* The value of a key, or NULL where it is missing or null. */

static int
pm_catalog_find(pm_catalog_reader_t *reader, const pm_node_t *mapping,
    const char *where, const char *key, int required, const pm_node_t **value)
{
    const pm_node_t    *node;
    const pm_member_t  *merge;

    /* what it would bring in is not seen, and nothing is guessed */

    merge = pm_node_member(mapping, "<<", 2);

    if (merge != NULL) {
        return pm_catalog_fault(reader, merge->key, "merge keys (<<) are not "
                                "read; write the values out");
    }

    node = pm_node_get(mapping, key);

    if (node != NULL && node->kind == PM_NODE_NULL) {
        mapping = node;
        node = NULL;
    }

    if (node == NULL && required) {
        return pm_catalog_fault(reader, mapping, "%s%s%s is missing", where,
                                *where ? "." : "", key);
    }

    *value = node;

    return 0;
}


int
pm_catalog_node(pm_catalog_reader_t *reader, const pm_node_t *mapping,
    const char *where, const char *key, pm_node_kind_t kind, int required,
    const pm_node_t **value)
{
    int               rc;
    const pm_node_t  *node;

    rc = pm_catalog_find(reader, mapping, where, key, required, &node);

    if (rc != 0 || node == NULL) {
        return rc;
    }

    if (node->kind != kind) {
        return pm_catalog_fault(reader, node, "%s%s%s must be %s, not %s",
                                where, *where ? "." : "", key,
                                kind == PM_NODE_MAPPING ? "a mapping"
                                                        : "a sequence",
                                pm_node_kind_name(node));
    }

    *value = node;

    return 0;
}


/* "what" is the value's whole path. */

static int
pm_catalog_text(pm_catalog_reader_t *reader, const pm_node_t *node,
    const char *what, const char **value)
{
    const char  *hint;

    if (node->kind != PM_NODE_STRING) {
        hint = (node->kind == PM_NODE_NUMBER || node->kind == PM_NODE_BOOLEAN)
               ? "; put it in quotes" : "";

        return pm_catalog_fault(reader, node, "%s must be a string, not %s%s",
                                what, pm_node_kind_name(node), hint);
    }

    *value = pm_arena_strndup(reader->arena, node->text.data, node->text.len);

    return *value ? 0 : pm_error_memory(reader->err);
}


int
pm_catalog_string(pm_catalog_reader_t *reader, const pm_node_t *mapping,
    const char *where, const char *key, int required, const char **value)
{
    int               rc;
    char              what[256];
    const pm_node_t  *node;

    rc = pm_catalog_find(reader, mapping, where, key, required, &node);

    if (rc != 0 || node == NULL) {
        return rc;
    }

    (void) snprintf(what, sizeof(what), "%s%s%s", where, *where ? "." : "",
                    key);

    if (required && node->kind == PM_NODE_STRING && node->text.len == 0) {
        return pm_catalog_fault(reader, node, "%s must not be empty", what);
    }

    return pm_catalog_text(reader, node, what, value);
}


int
pm_catalog_item(pm_catalog_reader_t *reader, const pm_node_t *item,
    const char *where, const char **value)
{
    char  what[256];

    (void) snprintf(what, sizeof(what), "an item of %s", where);
    item = pm_node_resolve(item);

    if (item->kind == PM_NODE_STRING && item->text.len == 0) {
        return pm_catalog_fault(reader, item, "%s must not be empty", what);
    }

    return pm_catalog_text(reader, item, what, value);
}


int
pm_catalog_any_item(pm_catalog_reader_t *reader, const pm_node_t *item,
    const char *where, const char **value)
{
    char  what[256];

    (void) snprintf(what, sizeof(what), "an item of %s", where);

    return pm_catalog_text(reader, pm_node_resolve(item), what, value);
}


int
pm_catalog_mentions(pm_catalog_reader_t *reader, const pm_node_t *mapping,
    const char *where, const char *key, pm_catalog_mention_t **mentions,
    size_t *n)
{
    int                    rc;
    char                   what[256];
    size_t                 i;
    const pm_node_t       *list, *item;
    pm_catalog_mention_t  *mention;

    *mentions = NULL;
    *n = 0;

    list = NULL;
    rc = pm_catalog_node(reader, mapping, where, key, PM_NODE_SEQUENCE,
                         PM_CATALOG_OPTIONAL, &list);

    if (rc != 0 || list == NULL) {
        return rc;
    }

    mention = pm_arena_zalloc(reader->arena, (list->length + 1)
                                             * sizeof(pm_catalog_mention_t));
    if (mention == NULL) {
        return pm_error_memory(reader->err);
    }

    *mentions = mention;
    *n = list->length;

    (void) snprintf(what, sizeof(what), "%s%s%s", where, *where ? "." : "",
                    key);

    for (i = 0; i < list->length; i++, mention++) {
        item = pm_node_resolve(list->items[i]);
        mention->line = item->line;
        mention->column = item->column;

        rc = pm_catalog_item(reader, item, what, &mention->name);
        if (rc != 0) {
            return rc;
        }
    }

    return 0;
}


int
pm_catalog_mention(pm_catalog_reader_t *reader, const pm_node_t *mapping,
    const char *where, const char *key, int required,
    pm_catalog_mention_t *mention)
{
    int               rc;
    const pm_node_t  *node;

    rc = pm_catalog_string(reader, mapping, where, key, required,
                           &mention->name);

    if (rc == 0 && mention->name != NULL) {
        node = pm_node_get(mapping, key);
        mention->line = node->line;
        mention->column = node->column;
    }

    return rc;
}


int
pm_catalog_integer(pm_catalog_reader_t *reader, const pm_node_t *mapping,
    const char *where, const char *key, long *value)
{
    int               rc;
    const pm_node_t  *node;

    rc = pm_catalog_find(reader, mapping, where, key, PM_CATALOG_OPTIONAL,
                         &node);

    if (rc != 0 || node == NULL) {
        return rc;
    }

    if (node->kind != PM_NODE_NUMBER
        || !(node->number >= -1e9 && node->number <= 1e9)
        || node->number != (double) (long) node->number)
    {
        return pm_catalog_fault(reader, node, "%s.%s must be a whole number",
                                where, key);
    }

    *value = (long) node->number;

    return 0;
}


int
pm_catalog_labels(pm_catalog_reader_t *reader, const pm_node_t *mapping,
    const char *where, const char *key, pm_label_t **labels, size_t *n)
{
    int               rc;
    char              what[256];
    size_t            i;
    pm_label_t       *label;
    const pm_node_t  *node, *value;

    node = NULL;
    rc = pm_catalog_node(reader, mapping, where, key, PM_NODE_MAPPING,
                         PM_CATALOG_OPTIONAL, &node);

    if (rc != 0 || node == NULL || node->length == 0) {
        return rc;
    }

    label = pm_arena_zalloc(reader->arena, node->length * sizeof(pm_label_t));
    if (label == NULL) {
        return pm_error_memory(reader->err);
    }

    *labels = label;
    *n = node->length;

    for (i = 0; i < node->length; i++, label++) {
        mapping = pm_node_resolve(node->members[i].key);
        value = pm_node_resolve(node->members[i].value);

        label->value = "";
        label->name = pm_arena_strndup(reader->arena, mapping->text.data,
                                       mapping->text.len);
        if (label->name == NULL) {
            return pm_error_memory(reader->err);
        }

        if (value->kind == PM_NODE_NULL) {
            continue;
        }

        (void) snprintf(what, sizeof(what), "%s.%s.%s", where, key,
                        label->name);

        rc = pm_catalog_text(reader, value, what, &label->value);
        if (rc != 0) {
            return rc;
        }
    }

    return 0;
}


int
pm_catalog_known(pm_catalog_reader_t *reader, const pm_node_t *mapping,
    const char *where, const char *const *names)
{
    size_t            i, j;
    const pm_node_t  *key;

    for (i = 0; i < mapping->length; i++) {
        key = pm_node_resolve(mapping->members[i].key);

        for (j = 0; names[j] != NULL; j++) {
            if (strcmp(names[j], key->text.data) == 0) {
                break;
            }
        }

        if (names[j] == NULL && strcmp(key->text.data, "<<") != 0) {
            return pm_catalog_fault(reader, mapping->members[i].key,
                                    "%s has no field \"%.64s\"; remove it, "
                                    "or correct its name",
                                    where, key->text.data);
        }
    }

    return 0;
}
