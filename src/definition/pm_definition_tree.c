#include "definition/pm_definition_internal.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>


/* What the tail begins with. */
#define PM_DEFINITION_EMPTY  "\n{}\n[]\n"


void
pm_definition_tree_begin(pm_definition_tree_t *tree, pm_arena_t *arena,
    pm_document_t *source)
{
    memset(tree, 0, sizeof(pm_definition_tree_t));

    tree->arena = arena;
    tree->source = source;

    pm_buffer_puts(&tree->tail, PM_DEFINITION_EMPTY);
}


/*
 * While it is empty its text is that of an empty one.  With its first member
 * it takes the range of the collection that it stands for, whose form it is
 * to have: an edit copies no bytes of a collection whose items have another
 * parent.  Until then that is kept where only aliases have something.
 */

static pm_node_t *
pm_definition_tree_node(pm_definition_tree_t *tree, pm_node_kind_t kind,
    const pm_node_t *like)
{
    pm_node_t  *node;

    node = pm_arena_zalloc(tree->arena, sizeof(pm_node_t));
    if (node == NULL) {
        return NULL;
    }

    node->kind = kind;
    node->style = PM_STYLE_FLOW;
    node->line = 1;
    node->column = 1;
    node->text.data = "";
    node->anchor.data = "";
    node->tag.data = "";

    node->start = tree->source->text.len + (kind == PM_NODE_SEQUENCE ? 4 : 1);
    node->end = node->start + 2;
    node->target = (pm_node_t *) like;

    return node;
}


static void
pm_definition_tree_form(pm_node_t *node)
{
    const pm_node_t  *like;

    like = node->target;
    node->target = NULL;

    if (like != NULL) {
        node->style = like->style;
        node->line = like->line;
        node->column = like->column;
        node->start = like->start;
        node->end = like->end;
    }
}


pm_node_t *
pm_definition_tree_mapping(pm_definition_tree_t *tree, const pm_node_t *like,
    size_t n)
{
    pm_node_t  *node;

    node = pm_definition_tree_node(tree, PM_NODE_MAPPING, like);

    if (node != NULL) {
        node->members = pm_arena_alloc(tree->arena, (n + 1)
                                                    * sizeof(pm_member_t));
    }

    return node != NULL && node->members != NULL ? node : NULL;
}


pm_node_t *
pm_definition_tree_sequence(pm_definition_tree_t *tree,
    const pm_node_t *like, size_t n)
{
    pm_node_t  *node;

    node = pm_definition_tree_node(tree, PM_NODE_SEQUENCE, like);

    if (node != NULL) {
        node->items = pm_arena_alloc(tree->arena, (n + 1)
                                                  * sizeof(pm_node_t *));
    }

    return node != NULL && node->items != NULL ? node : NULL;
}


void
pm_definition_tree_member(pm_node_t *mapping, const pm_node_t *key,
    const pm_node_t *value)
{
    pm_member_t  *member;

    pm_definition_tree_form(mapping);

    member = &mapping->members[mapping->length++];
    member->key = (pm_node_t *) key;
    member->value = (pm_node_t *) value;
}


void
pm_definition_tree_item(pm_node_t *sequence, const pm_node_t *item)
{
    pm_definition_tree_form(sequence);

    sequence->items[sequence->length++] = (pm_node_t *) item;
}


static pm_node_t *
pm_definition_tree_text(pm_definition_tree_t *tree, const char *text,
    pm_style_t style)
{
    size_t      start;
    pm_node_t  *node;

    node = pm_definition_tree_node(tree, PM_NODE_STRING, NULL);
    if (node == NULL) {
        return NULL;
    }

    start = tree->tail.len;

    if (style == PM_STYLE_PLAIN) {
        pm_buffer_puts(&tree->tail, text);

    } else {
        pm_definition_json_string(&tree->tail, text, strlen(text));
    }

    node->style = style;
    node->start = tree->source->text.len + start;
    node->end = tree->source->text.len + tree->tail.len;
    node->text.len = strlen(text);
    node->text.data = pm_arena_strndup(tree->arena, text, node->text.len);

    pm_buffer_putc(&tree->tail, '\n');

    return node->text.data != NULL ? node : NULL;
}


pm_node_t *
pm_definition_tree_string(pm_definition_tree_t *tree, const char *text)
{
    return pm_definition_tree_text(tree, text, PM_STYLE_DOUBLE);
}


pm_node_t *
pm_definition_tree_key(pm_definition_tree_t *tree, const char *text)
{
    return pm_definition_tree_text(tree, text, tree->source->json
                                               ? PM_STYLE_DOUBLE
                                               : PM_STYLE_PLAIN);
}


/* A key of JSON that YAML has without quotes. */

static int
pm_definition_tree_plain(const pm_node_t *key)
{
    static const char  letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                   "abcdefghijklmnopqrstuvwxyz_";

    return key->text.len > 3 && key->end - key->start == key->text.len + 2
           && strspn(key->text.data, letters) == key->text.len
           && strcasecmp(key->text.data, "null") != 0
           && strcasecmp(key->text.data, "true") != 0
           && strcasecmp(key->text.data, "false") != 0;
}


/* What goes from JSON into YAML is written as YAML. */

static void
pm_definition_tree_shift(pm_node_t *node, size_t by, int yaml)
{
    size_t        i;
    pm_member_t  *member;

    node->start += by;
    node->end += by;

    if (yaml && node->length > 0) {
        node->style = PM_STYLE_BLOCK;
    }

    for (i = 0; i < node->length; i++) {

        if (node->kind == PM_NODE_SEQUENCE) {
            pm_definition_tree_shift(node->items[i], by, yaml);
            continue;
        }

        member = &node->members[i];

        pm_definition_tree_shift(member->key, by, yaml);
        pm_definition_tree_shift(member->value, by, yaml);

        if (yaml && pm_definition_tree_plain(member->key)) {
            member->key->style = PM_STYLE_PLAIN;
            member->key->start++;
            member->key->end--;
        }
    }
}


void
pm_definition_tree_adopt(pm_definition_tree_t *tree, pm_document_t *document)
{
    pm_definition_tree_shift(document->roots[0], tree->source->text.len
                                                 + tree->tail.len,
                             !tree->source->json);

    pm_buffer_append(&tree->tail, document->text.data, document->text.len);
    pm_buffer_putc(&tree->tail, '\n');
}


int
pm_definition_tree_set(pm_definition_tree_t *tree, pm_node_t *mapping,
    const char *key, const char *text, pm_error_t *err)
{
    pm_node_t  *name, *value;

    name = pm_definition_tree_key(tree, key);
    value = pm_definition_tree_string(tree, text);

    if (name == NULL || value == NULL) {
        return pm_error_memory(err);
    }

    pm_definition_tree_member(mapping, name, value);

    return 0;
}


/* The order that pm_node_member() searches by. */

static int
pm_definition_tree_order(const void *a, const void *b)
{
    int                 rc;
    size_t              len;
    const pm_string_t  *left, *right;

    left = &pm_node_resolve((*(pm_member_t *const *) a)->key)->text;
    right = &pm_node_resolve((*(pm_member_t *const *) b)->key)->text;
    len = left->len < right->len ? left->len : right->len;

    rc = memcmp(left->data, right->data, len);

    return rc ? rc : (left->len > right->len) - (left->len < right->len);
}


int
pm_definition_tree_sort(pm_definition_tree_t *tree, pm_node_t *mapping,
    pm_error_t *err)
{
    size_t  i;

    mapping->sorted = pm_arena_alloc(tree->arena, (mapping->length + 1)
                                                  * sizeof(pm_member_t *));
    if (mapping->sorted == NULL) {
        return pm_error_memory(err);
    }

    for (i = 0; i < mapping->length; i++) {
        mapping->sorted[i] = &mapping->members[i];
    }

    qsort(mapping->sorted, mapping->length, sizeof(pm_member_t *),
          pm_definition_tree_order);

    return 0;
}


int
pm_definition_tree_end(pm_definition_tree_t *tree, const pm_node_t *root,
    pm_document_t **document, pm_error_t *err)
{
    int             rc;
    char           *text;
    size_t          len;
    pm_document_t  *made;

    rc = PM_UNAVAILABLE;
    len = tree->source->text.len;
    made = pm_arena_zalloc(tree->arena, sizeof(pm_document_t));
    text = NULL;

    if (!tree->tail.failed) {
        text = pm_arena_alloc(tree->arena, len + tree->tail.len + 1);
    }

    if (made != NULL && text != NULL) {
        memcpy(text, tree->source->text.data, len);
        memcpy(text + len, tree->tail.data, tree->tail.len);
        text[len + tree->tail.len] = '\0';

        made->name = tree->source->name;
        made->json = tree->source->json;
        made->text.data = text;
        made->text.len = len + tree->tail.len;
        made->nroots = 1;
        made->roots = pm_arena_alloc(tree->arena, sizeof(pm_node_t *));

        if (made->roots != NULL) {
            made->roots[0] = (pm_node_t *) root;
            *document = made;
            rc = 0;
        }
    }

    pm_buffer_free(&tree->tail);

    return rc ? pm_error_memory(err) : 0;
}
