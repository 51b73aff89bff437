#include "document/pm_document_build.h"

#include <stdlib.h>
#include <string.h>


/* Mappings up to this length are searched one by one. */

#define PM_DOCUMENT_SMALL  16


static const char *
pm_document_not_utf8(const char *text, size_t len)
{
    if (len >= 2
        && (memcmp(text, "\xff\xfe", 2) == 0
            || memcmp(text, "\xfe\xff", 2) == 0))
    {
        return "the text is UTF-16; save it as UTF-8";
    }

    return "the text is not valid UTF-8";
}


static int
pm_document_read(pm_builder_t *builder)
{
    size_t          len, valid;
    pm_place_t      place;
    pm_document_t  *document;

    document = builder->document;
    len = document->text.len;
    place = (pm_place_t) { 0, 1, 1 };

    if (len > PM_DOCUMENT_SIZE) {
        return pm_builder_fault(builder, &place,
                                "the text is larger than %d MiB",
                                PM_DOCUMENT_SIZE / 1024 / 1024);
    }

    valid = pm_utf8_valid(document->text.data, len);

    if (valid < len) {
        pm_place_advance(document, &place, valid);

        return pm_builder_fault(builder, &place, "%s",
                                pm_document_not_utf8(document->text.data,
                                                     len));
    }

    return document->json ? pm_document_json(builder)
                          : pm_document_yaml(builder);
}


int
pm_document_parse(pm_arena_t *arena, const char *name, const char *text,
    size_t len, pm_document_t **document, pm_error_t *err)
{
    int            rc;
    size_t         n;
    pm_builder_t   builder;

    memset(&builder, 0, sizeof(pm_builder_t));
    builder.arena = arena;
    builder.err = err;

    builder.document = pm_arena_zalloc(arena, sizeof(pm_document_t));
    if (builder.document == NULL) {
        return pm_error_memory(err);
    }

    n = strlen(name);

    builder.document->name = name;
    builder.document->text.data = text;
    builder.document->text.len = len;
    builder.document->json = (n >= 5 && strcmp(name + n - 5, ".json") == 0);

    rc = pm_document_read(&builder);

    if (rc == 0 && builder.roots.n > 0) {
        n = builder.roots.n * sizeof(pm_node_t *);

        builder.document->nroots = builder.roots.n;
        builder.document->roots = pm_arena_alloc(arena, n);

        if (builder.document->roots == NULL) {
            rc = pm_error_memory(err);

        } else {
            memcpy(builder.document->roots, builder.roots.nodes, n);
        }
    }

    free(builder.pending.nodes);
    free(builder.roots.nodes);

    if (rc == 0) {
        *document = builder.document;
    }

    return rc;
}


static int
pm_key_compare(const pm_string_t *a, const char *text, size_t len)
{
    int  rc;

    rc = memcmp(a->data, text, a->len < len ? a->len : len);

    if (rc != 0) {
        return rc;
    }

    return (a->len > len) - (a->len < len);
}


static const pm_string_t *
pm_member_key(const pm_member_t *member)
{
    return &pm_node_resolve(member->key)->text;
}


/* Equal keys stand in the order of the text. */

static int
pm_member_compare(const void *a, const void *b)
{
    int                 rc;
    const pm_string_t  *key;
    const pm_member_t  *left, *right;

    left = *(pm_member_t *const *) a;
    right = *(pm_member_t *const *) b;
    key = pm_member_key(right);

    rc = pm_key_compare(pm_member_key(left), key->data, key->len);

    return rc ? rc : (left > right) - (left < right);
}


/* The first member, in the order of the text, whose key an earlier one has:
 * *earlier.  NULL: none. */

static const pm_member_t *
pm_member_duplicate(const pm_node_t *mapping, const pm_member_t **earlier)
{
    size_t              i, j;
    const pm_string_t  *key;
    const pm_member_t  *found, *members;

    found = NULL;
    members = mapping->members;

    if (mapping->sorted == NULL) {

        for (i = 1; i < mapping->length; i++) {
            key = pm_member_key(&members[i]);

            for (j = 0; j < i; j++) {

                if (pm_key_compare(pm_member_key(&members[j]), key->data,
                                   key->len)
                    == 0)
                {
                    *earlier = &members[j];
                    return &members[i];
                }
            }
        }

        return NULL;
    }

    for (i = 1; i < mapping->length; i++) {
        key = pm_member_key(mapping->sorted[i]);

        if (pm_key_compare(pm_member_key(mapping->sorted[i - 1]), key->data,
                           key->len)
            == 0
            && (found == NULL || mapping->sorted[i] < found))
        {
            found = mapping->sorted[i];
            *earlier = mapping->sorted[i - 1];
        }
    }

    return found;
}


int
pm_builder_keys(pm_builder_t *builder, pm_node_t *mapping)
{
    size_t              i;
    pm_place_t          place;
    const pm_node_t    *key;
    const pm_member_t  *again, *first;

    for (i = 0; i < mapping->length; i++) {
        key = mapping->members[i].key;

        if (pm_node_resolve(key)->kind == PM_NODE_SEQUENCE
            || pm_node_resolve(key)->kind == PM_NODE_MAPPING)
        {
            place = (pm_place_t) { key->start, key->line, key->column };

            return pm_builder_fault(builder, &place, "%s cannot be a key; is "
                                    "this a template's {{ }}?",
                                    pm_node_kind_name(pm_node_resolve(key)));
        }
    }

    if (mapping->length > PM_DOCUMENT_SMALL) {
        mapping->sorted = pm_arena_alloc(builder->arena, mapping->length
                                                   * sizeof(pm_member_t *));
        if (mapping->sorted == NULL) {
            return pm_error_memory(builder->err);
        }

        for (i = 0; i < mapping->length; i++) {
            mapping->sorted[i] = &mapping->members[i];
        }

        qsort(mapping->sorted, mapping->length, sizeof(pm_member_t *),
              pm_member_compare);
    }

    again = pm_member_duplicate(mapping, &first);

    if (again != NULL) {
        place = (pm_place_t) { again->key->start, again->key->line,
                               again->key->column };

        return pm_builder_fault(builder, &place, "the key \"%.64s\" is given "
                                "twice, first in line %u",
                                pm_member_key(again)->data,
                                first->key->line);
    }

    return 0;
}


pm_member_t *
pm_node_member(const pm_node_t *mapping, const char *key, size_t len)
{
    int     rc;
    size_t  i, low, high;

    if (mapping == NULL || mapping->kind != PM_NODE_MAPPING) {
        return NULL;
    }

    if (mapping->sorted == NULL) {

        for (i = 0; i < mapping->length; i++) {

            if (pm_key_compare(pm_member_key(&mapping->members[i]), key, len)
                == 0)
            {
                return &mapping->members[i];
            }
        }

        return NULL;
    }

    low = 0;
    high = mapping->length;

    while (low < high) {
        i = low + (high - low) / 2;
        rc = pm_key_compare(pm_member_key(mapping->sorted[i]), key, len);

        if (rc == 0) {
            return mapping->sorted[i];
        }

        if (rc < 0) {
            low = i + 1;

        } else {
            high = i;
        }
    }

    return NULL;
}


pm_node_t *
pm_node_get(const pm_node_t *mapping, const char *key)
{
    pm_member_t  *member;

    member = pm_node_member(pm_node_resolve(mapping), key, strlen(key));

    return member ? pm_node_resolve(member->value) : NULL;
}


pm_node_t *
pm_node_resolve(const pm_node_t *node)
{
    while (node != NULL && node->kind == PM_NODE_ALIAS) {
        node = node->target;
    }

    return (pm_node_t *) node;
}


const char *
pm_node_kind_name(const pm_node_t *node)
{
    static const char *const  names[] = {
        "null", "a boolean", "a number", "a string", "a sequence",
        "a mapping", "an alias"
    };

    return node ? names[node->kind] : "nothing";
}
