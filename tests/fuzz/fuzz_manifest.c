/*
 * A manifest as YAML and as JSON: parsed, every node held against the bytes
 * that it claims, read into a catalog, and its first applications promoted
 * into each other as far as that goes without git.
 */

#include "catalog/pm_catalog_build.h"
#include "document/pm_document_build.h"
#include "promotion/pm_promotion.h"

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


/* Parts lie on one branch; files are the manifests' and none has two. */

static void
fuzz_parts(const pm_promotion_t *promotion)
{
    size_t            i, j, k;
    const pm_part_t  *part;

    fuzz_must(promotion->nparts > 0
              && promotion->nparts <= PM_PROMOTION_PARTS);

    for (i = 0; i < promotion->nparts; i++) {
        part = &promotion->parts[i];

        fuzz_must(strcmp(part->destination.url.canonical,
                         promotion->parts[0].destination.url.canonical)
                  == 0);
        fuzz_must(part->nfiles <= PM_PROMOTION_FILES);
        fuzz_must(part->nfiles == 0 || *part->source.path == '\0');

        for (j = 0; j < part->nfiles; j++) {
            fuzz_must(pm_template_is_ref(part->files[j].from_name)
                      && pm_template_is_ref(part->files[j].to_name));
            fuzz_must(*part->files[j].from != '/'
                      && strncmp(part->files[j].from, "../", 3) != 0);

            /* the manifest may name a file twice */

            for (k = 0; k < j; k++) {
                fuzz_must(part->files[k].from_name
                          != part->files[j].from_name
                          && part->files[k].to_name
                             != part->files[j].to_name);
            }
        }
    }
}


static void
fuzz_id(const pm_application_t *application, pm_application_id_t *id)
{
    id->runtime = application->runtime;
    id->namespace = application->namespace;
    id->name = application->name;
}


static void
fuzz_resolve(pm_arena_t *arena, const pm_catalog_t *catalog)
{
    size_t               i, n;
    pm_error_t           err;
    pm_request_t         request;
    pm_promotion_t       promotion;
    pm_application_id_t  to;

    n = pm_catalog_napplications(catalog);
    n = (n < 4) ? n : 4;

    for (i = 0; i < n * n; i++) {
        memset(&request, 0, sizeof(pm_request_t));

        fuzz_id(pm_catalog_applications(catalog, i % n), &request.source);
        fuzz_id(pm_catalog_applications(catalog, i / n), &to);

        request.destinations = &to;
        request.ndestinations = 1;

        if (pm_promotion_resolve(arena, catalog, &request, &promotion, &err)
            == 0)
        {
            fuzz_parts(&promotion);
        }
    }
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

        fuzz_resolve(arena, catalog);
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
