/*
 * A manifest as YAML and as JSON: parsed, every node held against the bytes
 * that it claims, and read into a catalog.
 */

#include "catalog/pm_catalog_build.h"
#include "document/pm_document_build.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static void
fuzz_must(int condition)
{
    if (!condition) {
        abort();
    }
}


/* The bytes are those of a value of this kind. */

static void
fuzz_slice(const pm_node_t *node, const char *slice, size_t len)
{
    size_t  i;

    fuzz_must(memchr(node->text.data, '\0', node->text.len) == NULL);
    fuzz_must(node->text.data[node->text.len] == '\0');

    if (node->kind == PM_NODE_ALIAS) {
        fuzz_must(len == node->text.len + 1 && slice[0] == '*'
                  && memcmp(slice + 1, node->text.data, len - 1) == 0);
        return;
    }

    switch (node->style) {

    case PM_STYLE_SINGLE:
        fuzz_must(len >= 2 && slice[0] == '\'' && slice[len - 1] == '\'');
        break;

    case PM_STYLE_DOUBLE:
        fuzz_must(len >= 2 && slice[0] == '"' && slice[len - 1] == '"');
        break;

    case PM_STYLE_LITERAL:
        fuzz_must(len >= 1 && slice[0] == '|');
        break;

    case PM_STYLE_FOLDED:
        fuzz_must(len >= 1 && slice[0] == '>');
        break;

    case PM_STYLE_PLAIN:

        /* on one line, a plain scalar is its text */

        for (i = 0; i < len; i++) {
            if (slice[i] == '\n' || slice[i] == '\r'
                || (unsigned char) slice[i] >= 0x80)
            {
                return;
            }
        }

        fuzz_must(len == node->text.len
                  && memcmp(slice, node->text.data, len) == 0);
        break;

    default:
        break;
    }
}


/* A quoted scalar's bytes alone mean the same. */

static void
fuzz_again(const pm_document_t *document, const pm_node_t *node)
{
    pm_error_t      err;
    pm_arena_t     *arena;
    pm_document_t  *again;

    arena = pm_arena_create();
    fuzz_must(arena != NULL);

    fuzz_must(pm_document_parse(arena, document->name,
                                document->text.data + node->start,
                                node->end - node->start, &again, &err)
              == 0);
    fuzz_must(again->nroots == 1 && again->roots[0] != NULL);
    fuzz_must(again->roots[0]->text.len == node->text.len
              && memcmp(again->roots[0]->text.data, node->text.data,
                        node->text.len)
                 == 0);

    pm_arena_destroy(arena);
}


/* Line and column, counted anew: no more than once for each of few nodes. */

static void
fuzz_place(const pm_document_t *document, const pm_node_t *node)
{
    pm_place_t  place;

    place = (pm_place_t) { 0, 1, 1 };
    pm_place_advance(document, &place, node->start);

    fuzz_must(place.line == node->line && place.column == node->column);
}


static void
fuzz_node(const pm_document_t *document, const pm_node_t *node,
    const pm_node_t *parent, size_t at, size_t end)
{
    size_t              i;
    const pm_member_t  *member;

    fuzz_must(node->parent == parent && node->line > 0 && node->column > 0);
    fuzz_must(at <= node->start && node->start <= node->end
              && node->end <= end);

    fuzz_slice(node, document->text.data + node->start,
               node->end - node->start);

    if (document->text.len <= 4096) {
        fuzz_place(document, node);

        if (node->style == PM_STYLE_SINGLE || node->style == PM_STYLE_DOUBLE)
        {
            fuzz_again(document, node);
        }
    }

    at = node->start;

    for (i = 0; i < node->length; i++) {

        if (node->kind == PM_NODE_SEQUENCE) {
            fuzz_node(document, node->items[i], node, at, node->end);
            at = node->items[i]->end;
            continue;
        }

        member = &node->members[i];
        fuzz_node(document, member->key, node, at, node->end);
        fuzz_node(document, member->value, node, member->key->end,
                  node->end);
        at = member->value->end;

        fuzz_must(pm_node_member(node,
                                 pm_node_resolve(member->key)->text.data,
                                 pm_node_resolve(member->key)->text.len)
                  == member);
    }
}


static void
fuzz_document(const char *name, const char *text, size_t len)
{
    int             rc;
    size_t          i, at;
    pm_error_t      err;
    pm_arena_t     *arena;
    pm_document_t  *document;

    arena = pm_arena_create();
    fuzz_must(arena != NULL);

    rc = pm_document_parse(arena, name, text, len, &document, &err);

    if (rc != 0) {
        fuzz_must(rc == PM_INVALID && err.line > 0 && err.column > 0);
        pm_arena_destroy(arena);
        return;
    }

    for (i = 0, at = 0; i < document->nroots; i++) {

        if (document->roots[i] != NULL) {
            fuzz_node(document, document->roots[i], NULL, at, len);
            at = document->roots[i]->end;
        }
    }

    pm_arena_destroy(arena);
}


static void
fuzz_catalog(const char *name, const char *text, size_t len)
{
    size_t                   i;
    pm_error_t               err;
    pm_arena_t              *arena;
    pm_catalog_t            *catalog;
    const pm_application_t  *application;

    arena = pm_arena_create();
    fuzz_must(arena != NULL);

    catalog = pm_catalog_create(arena);
    fuzz_must(catalog != NULL);

    if (pm_catalog_read_text(catalog, "codefresh", name, text, len, &err) == 0
        && pm_catalog_finish(catalog, &err) == 0)
    {
        for (i = 0; i < pm_catalog_napplications(catalog); i++) {
            application = pm_catalog_applications(catalog, i);
            fuzz_must(pm_catalog_application(catalog, application->runtime,
                                             application->namespace,
                                             application->name)
                      == application);
            fuzz_must(application->nsources > 0);
            fuzz_must(application->sources[0].path[0] != '/');
            fuzz_must(strstr(application->sources[0].path, "..") == NULL
                      || strncmp(application->sources[0].path, "../", 3));
        }
    }

    pm_arena_destroy(arena);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_document("a.yaml", (const char *) data, size);
    fuzz_document("a.json", (const char *) data, size);
    fuzz_catalog("a.yaml", (const char *) data, size);
    fuzz_catalog("a.json", (const char *) data, size);

    return 0;
}
