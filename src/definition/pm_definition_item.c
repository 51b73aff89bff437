#include "definition/pm_definition_internal.h"
#include "base/pm_hash.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>


const char *
pm_definition_cross_key(pm_arena_t *arena, const char *what, const char *id)
{
    char           hex[2 * PM_SHA256_SIZE + 1], *text;
    unsigned char  digest[PM_SHA256_SIZE];

    text = pm_arena_printf(arena, "promotions:%s:%s", what, id);

    if (text == NULL || pm_sha256(text, strlen(text), digest) != 0) {
        return NULL;
    }

    digest[6] = (unsigned char) ((digest[6] & 0x0f) | 0x80);
    digest[8] = (unsigned char) ((digest[8] & 0x3f) | 0x80);

    pm_hex(hex, digest, sizeof(digest));

    return pm_arena_printf(arena, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8,
                           hex + 12, hex + 16, hex + 20);
}


static int
pm_definition_key_compare(const void *a, const void *b)
{
    int                          rc;
    const pm_definition_item_t  *left, *right;

    left = *(pm_definition_item_t *const *) a;
    right = *(pm_definition_item_t *const *) b;

    rc = strcmp(left->cross_key, right->cross_key);

    return rc ? rc : (left > right) - (left < right);
}


static int
pm_definition_id_compare(const void *a, const void *b)
{
    int                          rc;
    const pm_definition_item_t  *left, *right;

    left = *(pm_definition_item_t *const *) a;
    right = *(pm_definition_item_t *const *) b;

    rc = strcmp(left->id, right->id);

    return rc ? rc : (left > right) - (left < right);
}


/* Where there is neither crossId nor id: by type and name, within the API. */

static int
pm_definition_item_made(pm_arena_t *arena, const char *what,
    const char *api_key, pm_definition_item_t *item)
{
    char             *text;
    const pm_node_t  *type;

    if (item->id != NULL) {
        item->cross_key = pm_definition_cross_key(arena, what, item->id);
        return item->cross_key ? 0 : PM_UNAVAILABLE;
    }

    type = pm_node_get(item->node, "type");

    text = pm_arena_printf(arena, "%s\n%s\n%s", api_key,
                           type != NULL && type->kind == PM_NODE_STRING
                           ? type->text.data : "", item->name);
    if (text == NULL) {
        return PM_UNAVAILABLE;
    }

    item->cross_key = pm_definition_cross_key(arena, what, text);

    return item->cross_key ? 0 : PM_UNAVAILABLE;
}


static int
pm_definition_item_read(pm_arena_t *arena, const char *file,
    const char *what, const char *api_key, pm_definition_item_t *item,
    pm_error_t *err)
{
    int          rc;
    const char  *status;

    if (item->node->kind != PM_NODE_MAPPING) {
        return pm_definition_fault(file, item->node, err, "each %s must be a "
                                   "mapping, and this is %s", what,
                                   pm_node_kind_name(item->node));
    }

    if (item->node->length > PM_DEFINITION_FIELDS) {
        return pm_definition_fault(file, item->node, err, "more than %d "
                                   "fields in a %s", PM_DEFINITION_FIELDS,
                                   what);
    }

    rc = pm_definition_text(file, item->node, "id", PM_DEFINITION_ID,
                            &item->id, err);

    if (rc == 0) {
        rc = pm_definition_text(file, item->node, "crossId",
                                PM_DEFINITION_ID, &item->cross_id, err);
    }

    if (rc == 0) {
        rc = pm_definition_text(file, item->node, "name", PM_DEFINITION_NAME,
                                &item->name, err);
    }

    if (rc == 0) {
        rc = pm_definition_text(file, item->node, "status",
                                PM_DEFINITION_NAME, &status, err);
    }

    if (rc != 0) {
        return rc;
    }

    item->name = item->name ? item->name : "";
    item->closed = (status != NULL && strcasecmp(status, "CLOSED") == 0);
    item->cross_key = item->cross_id;

    if (item->cross_key == NULL
        && pm_definition_item_made(arena, what, api_key, item) != 0)
    {
        return pm_error_memory(err);
    }

    return 0;
}


/* Items alike in all that a crossId could be made of are told apart by their
 * order. */

static int
pm_definition_item_again(pm_arena_t *arena, const char *file,
    const char *what, pm_definition_items_t *items, pm_error_t *err)
{
    size_t                 i, n;
    char                  *text;
    const char            *key;
    pm_definition_item_t  *item, *first;

    for (i = 1, n = 1; i < items->n; i++) {
        item = items->by_key[i];
        first = items->by_key[i - n];

        if (strcmp(item->cross_key, first->cross_key) != 0) {
            n = 1;
            continue;
        }

        if (item->cross_id != NULL || item->id != NULL || first->id != NULL
            || first->cross_id != NULL)
        {
            return pm_definition_fault(file, item->node, err, "the %s has "
                                       "the crossId or id of the one in line "
                                       "%u: \"%s\"", what, first->node->line,
                                       item->cross_id ? item->cross_id
                                       : item->id ? item->id
                                       : item->cross_key);
        }

        text = pm_arena_printf(arena, "%s\n%zu", first->cross_key, ++n);
        key = text ? pm_definition_cross_key(arena, what, text) : NULL;

        if (key == NULL) {
            return pm_error_memory(err);
        }

        /* compared with the first one only: the order here stays for now */

        item->cross_key = key;
    }

    return 0;
}


static int
pm_definition_item_sort(pm_arena_t *arena, const char *file,
    const char *what, pm_definition_items_t *items, pm_error_t *err)
{
    int     rc;
    size_t  i;

    items->by_key = pm_arena_alloc(arena, (items->n + 1) * sizeof(void *));
    items->by_id = pm_arena_alloc(arena, (items->n + 1) * sizeof(void *));

    if (items->by_key == NULL || items->by_id == NULL) {
        return pm_error_memory(err);
    }

    for (i = 0; i < items->n; i++) {
        items->by_key[i] = &items->items[i];

        if (items->items[i].id != NULL) {
            items->by_id[items->nby_id++] = &items->items[i];
        }
    }

    qsort(items->by_key, items->n, sizeof(void *), pm_definition_key_compare);
    qsort(items->by_id, items->nby_id, sizeof(void *),
          pm_definition_id_compare);

    rc = pm_definition_item_again(arena, file, what, items, err);

    if (rc == 0) {
        qsort(items->by_key, items->n, sizeof(void *),
              pm_definition_key_compare);
    }

    for (i = 1; rc == 0 && i < items->nby_id; i++) {

        if (strcmp(items->by_id[i]->id, items->by_id[i - 1]->id) == 0) {
            rc = pm_definition_fault(file, items->by_id[i]->node, err,
                                     "two %ss have the id \"%s\", the other "
                                     "one in line %u", what,
                                     items->by_id[i]->id,
                                     items->by_id[i - 1]->node->line);
        }
    }

    return rc;
}


int
pm_definition_items(pm_arena_t *arena, const char *file,
    const pm_node_t *list, const char *what, const char *api_key,
    pm_definition_items_t *items, pm_error_t *err)
{
    int     rc;
    size_t  i;

    memset(items, 0, sizeof(pm_definition_items_t));

    if (list == NULL || list->kind == PM_NODE_NULL) {
        return 0;
    }

    if (list->kind != PM_NODE_SEQUENCE) {
        return pm_definition_fault(file, list, err, "%ss must be a list, and "
                                   "is %s", what, pm_node_kind_name(list));
    }

    if (list->length > PM_DEFINITION_ITEMS) {
        return pm_definition_fault(file, list, err, "more than %d %ss",
                                   PM_DEFINITION_ITEMS, what);
    }

    items->n = list->length;
    items->items = pm_arena_zalloc(arena, (items->n + 1)
                                          * sizeof(pm_definition_item_t));
    if (items->items == NULL) {
        return pm_error_memory(err);
    }

    for (i = 0; i < items->n; i++) {
        items->items[i].node = pm_node_resolve(list->items[i]);
        items->items[i].index = i;

        rc = pm_definition_item_read(arena, file, what, api_key,
                                     &items->items[i], err);
        if (rc != 0) {
            return rc;
        }
    }

    return pm_definition_item_sort(arena, file, what, items, err);
}


pm_definition_item_t *
pm_definition_item_by_key(const pm_definition_items_t *items,
    const char *key)
{
    int     rc;
    size_t  i, low, high;

    low = 0;
    high = items->n;

    while (low < high) {
        i = low + (high - low) / 2;
        rc = strcmp(items->by_key[i]->cross_key, key);

        if (rc == 0) {
            return items->by_key[i];
        }

        if (rc < 0) {
            low = i + 1;

        } else {
            high = i;
        }
    }

    return NULL;
}


pm_definition_item_t *
pm_definition_item_by_id(const pm_definition_items_t *items, const char *id)
{
    int     rc;
    size_t  i, low, high;

    low = 0;
    high = items->nby_id;

    while (low < high) {
        i = low + (high - low) / 2;
        rc = strcmp(items->by_id[i]->id, id);

        if (rc == 0) {
            return items->by_id[i];
        }

        if (rc < 0) {
            low = i + 1;

        } else {
            high = i;
        }
    }

    return NULL;
}
