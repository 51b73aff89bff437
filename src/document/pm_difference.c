#include "document/pm_difference.h"

#include "document/pm_edit_internal.h"

#include <string.h>


typedef struct {
    pm_arena_t       *arena;
    size_t            document;
    pm_buffer_t       path;          /* of the value at hand */
    pm_buffer_t       properties;
    size_t            left;          /* bytes that may be listed */
    size_t            steps;
    unsigned          depth;
    unsigned          cut:1;
    unsigned          memory:1;      /* there is none */
} pm_difference_walk_t;


/* 0: no further; leaving is depth--. */

static int
pm_difference_enter(pm_difference_walk_t *walk)
{
    if (walk->steps == PM_DIFFERENCE_STEPS
        || walk->depth == PM_DIFFERENCE_DEPTH)
    {
        walk->cut = 1;
        return 0;
    }

    walk->steps++;
    walk->depth++;

    return 1;
}


/* One more part of the path; what it was is its old length. */

static size_t
pm_difference_key(pm_difference_walk_t *walk, const pm_string_t *key)
{
    size_t  i, len;

    len = walk->path.len;
    pm_buffer_putc(&walk->path, '/');

    for (i = 0; i < key->len; i++) {

        if (key->data[i] == '~' || key->data[i] == '/') {
            pm_buffer_puts(&walk->path, key->data[i] == '~' ? "~0" : "~1");

        } else {
            pm_buffer_putc(&walk->path, key->data[i]);
        }
    }

    return len;
}


static size_t
pm_difference_index(pm_difference_walk_t *walk, size_t i)
{
    size_t  len;

    len = walk->path.len;
    pm_buffer_printf(&walk->path, "/%zu", i);

    return len;
}


static void pm_difference_json(pm_difference_walk_t *walk,
    const pm_node_t *node, pm_buffer_t *json);


static void
pm_difference_members(pm_difference_walk_t *walk, const pm_node_t *node,
    pm_buffer_t *json)
{
    size_t  i;
    int     is_map;

    is_map = (node->kind == PM_NODE_MAPPING);
    pm_buffer_putc(json, is_map ? '{' : '[');

    for (i = 0; !walk->cut && i < node->length; i++) {

        if (i > 0) {
            pm_buffer_putc(json, ',');
        }

        if (is_map) {
            pm_edit_double(json, &pm_node_resolve(node->members[i].key)->text);
            pm_buffer_putc(json, ':');
        }

        pm_difference_json(walk, is_map ? node->members[i].value
                                        : node->items[i], json);
    }

    pm_buffer_putc(json, is_map ? '}' : ']');
}


/* A value as JSON; cut where it is too large to be listed. */

static void
pm_difference_json(pm_difference_walk_t *walk, const pm_node_t *node,
    pm_buffer_t *json)
{
    if (!pm_difference_enter(walk)) {
        return;
    }

    node = pm_node_resolve(node);

    if (json->len + node->text.len > walk->left) {
        walk->cut = 1;

    } else if (node->kind == PM_NODE_NULL) {
        pm_buffer_puts(json, "null");

    } else if (node->kind == PM_NODE_BOOLEAN) {
        pm_buffer_puts(json, node->boolean ? "true" : "false");

    } else if (node->kind == PM_NODE_NUMBER
               && pm_edit_json_number(&node->text))
    {
        pm_buffer_append(json, node->text.data, node->text.len);

    } else if (node->kind == PM_NODE_MAPPING
               || node->kind == PM_NODE_SEQUENCE)
    {
        pm_difference_members(walk, node, json);

    } else {
        pm_edit_double(json, &node->text);
    }

    walk->depth--;
}


/* NULL: there is no value, or it cannot be listed. */

static const char *
pm_difference_value(pm_difference_walk_t *walk, const pm_node_t *node)
{
    char         *text;
    size_t        len;
    pm_buffer_t   json;

    if (node == NULL || walk->cut) {
        return NULL;
    }

    memset(&json, 0, sizeof(pm_buffer_t));
    pm_difference_json(walk, node, &json);

    len = json.len;
    text = NULL;

    walk->cut |= (len > walk->left);
    walk->memory |= (json.failed != 0);

    if (!walk->cut && !walk->memory) {
        text = pm_arena_strndup(walk->arena, json.data, len);
        walk->memory |= (text == NULL);
        walk->left -= len;
    }

    pm_buffer_free(&json);

    walk->cut |= walk->memory;

    return text;
}


static void
pm_difference_add(pm_difference_walk_t *walk, const pm_node_t *old,
    const pm_node_t *new)
{
    pm_edit_property_t  property;

    if (walk->path.len > walk->left) {
        walk->cut = 1;
        return;
    }

    walk->left -= walk->path.len;

    memset(&property, 0, sizeof(pm_edit_property_t));
    property.document = walk->document;
    property.from = pm_difference_value(walk, old);
    property.to = pm_difference_value(walk, new);

    if (walk->cut) {
        return;
    }

    property.path = pm_arena_strndup(walk->arena,
                                     walk->path.len ? walk->path.data : "",
                                     walk->path.len);

    pm_buffer_append(&walk->properties, &property,
                     sizeof(pm_edit_property_t));

    walk->memory |= (property.path == NULL || walk->path.failed
                     || walk->properties.failed);
}


static void pm_difference_walk(pm_difference_walk_t *walk,
    const pm_node_t *old, const pm_node_t *new);


static void
pm_difference_mappings(pm_difference_walk_t *walk, const pm_node_t *old,
    const pm_node_t *new)
{
    size_t              i, len;
    const pm_node_t    *key;
    const pm_member_t  *member;

    for (i = 0; !walk->cut && i < new->length; i++) {
        key = pm_node_resolve(new->members[i].key);
        member = pm_node_member(old, key->text.data, key->text.len);

        len = pm_difference_key(walk, &key->text);
        pm_difference_walk(walk, member ? member->value : NULL,
                           new->members[i].value);
        walk->path.len = len;
    }

    for (i = 0; !walk->cut && i < old->length; i++) {
        key = pm_node_resolve(old->members[i].key);

        if (pm_node_member(new, key->text.data, key->text.len) == NULL) {
            len = pm_difference_key(walk, &key->text);
            pm_difference_walk(walk, old->members[i].value, NULL);
            walk->path.len = len;
        }
    }
}


static int
pm_difference_same_tag(const pm_node_t *old, const pm_node_t *new)
{
    pm_string_t  a, b;

    a = pm_edit_tag(old);
    b = pm_edit_tag(new);

    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}


/* Of two values that are no collections. */

static int
pm_difference_same_scalar(const pm_node_t *old, const pm_node_t *new)
{
    if (old->kind != new->kind) {
        return 0;
    }

    /* however it is written */

    if (old->kind == PM_NODE_NULL) {
        return 1;
    }

    if (old->kind == PM_NODE_BOOLEAN) {
        return old->boolean == new->boolean;
    }

    return old->text.len == new->text.len
           && memcmp(old->text.data, new->text.data, old->text.len) == 0;
}


static void
pm_difference_both(pm_difference_walk_t *walk, const pm_node_t *old,
    const pm_node_t *new)
{
    size_t  i, len;

    old = pm_node_resolve(old);
    new = pm_node_resolve(new);

    if (old->kind != new->kind || !pm_difference_same_tag(old, new)) {
        pm_difference_add(walk, old, new);

    } else if (old->kind == PM_NODE_MAPPING) {
        pm_difference_mappings(walk, old, new);

    } else if (old->kind != PM_NODE_SEQUENCE) {

        if (!pm_difference_same_scalar(old, new)) {
            pm_difference_add(walk, old, new);
        }

    } else if (old->length != new->length) {
        pm_difference_add(walk, old, new);

    } else {
        for (i = 0; !walk->cut && i < new->length; i++) {
            len = pm_difference_index(walk, i);
            pm_difference_walk(walk, old->items[i], new->items[i]);
            walk->path.len = len;
        }
    }
}


/* Either may be NULL: it is missing. */

static void
pm_difference_walk(pm_difference_walk_t *walk, const pm_node_t *old,
    const pm_node_t *new)
{
    if (!pm_difference_enter(walk)) {
        return;
    }

    if (old != NULL && new != NULL) {
        pm_difference_both(walk, old, new);

    } else if (old != NULL || new != NULL) {
        pm_difference_add(walk, old, new);
    }

    walk->depth--;
}


/* match: the root of old for each of new; SIZE_MAX: none. */

static int
pm_difference_documents(pm_difference_walk_t *walk, const pm_document_t *old,
    const pm_document_t *new, const size_t *match)
{
    size_t          i;
    unsigned char  *matched;

    matched = pm_arena_zalloc(walk->arena, old->nroots + 1);
    if (matched == NULL) {
        return -1;
    }

    for (i = 0; !walk->cut && i < new->nroots; i++) {
        walk->document = i;

        if (match[i] == SIZE_MAX) {
            pm_difference_walk(walk, NULL, new->roots[i]);
            continue;
        }

        walk->document = match[i];
        matched[match[i]] = 1;
        pm_difference_walk(walk, old->roots[match[i]], new->roots[i]);
    }

    for (i = 0; !walk->cut && i < old->nroots; i++) {

        if (!matched[i]) {
            walk->document = i;
            pm_difference_walk(walk, old->roots[i], NULL);
        }
    }

    return 0;
}


int
pm_difference(pm_arena_t *arena, const pm_document_t *old,
    const pm_document_t *new, size_t limit, pm_difference_t *difference,
    pm_error_t *err)
{
    int                    rc;
    size_t                *match;
    pm_difference_walk_t   walk;

    memset(difference, 0, sizeof(pm_difference_t));
    memset(&walk, 0, sizeof(pm_difference_walk_t));
    walk.arena = arena;
    walk.left = limit;

    match = pm_arena_alloc(arena, (new->nroots + 1) * sizeof(size_t));
    if (match == NULL) {
        return pm_error_memory(err);
    }

    rc = pm_edit_match(arena, new, old, match, err);
    if (rc != 0) {
        return rc;
    }

    if (pm_difference_documents(&walk, old, new, match) != 0) {
        walk.memory = 1;
    }

    difference->cut = walk.cut;
    difference->nproperties = walk.properties.len
                              / sizeof(pm_edit_property_t);
    difference->properties = pm_arena_alloc(arena, walk.properties.len + 1);

    if (difference->properties != NULL && walk.properties.len > 0) {
        memcpy(difference->properties, walk.properties.data,
               walk.properties.len);
    }

    walk.memory |= (difference->properties == NULL);

    pm_buffer_free(&walk.path);
    pm_buffer_free(&walk.properties);

    return walk.memory ? pm_error_memory(err) : 0;
}
