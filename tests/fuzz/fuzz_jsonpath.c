/*
 * A hostile JSONPath on a hostile document: the first line is the expression,
 * the rest YAML text.  Besides crashes, it looks for a normalized path that
 * does not select its node again.
 */

#include "document/pm_jsonpath.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>


#define FUZZ_CHECKED  16


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static const pm_jsonpath_limits_t  fuzz_limits = { 20000, 1000 };


static void
fuzz_path(pm_arena_t *arena, const pm_node_t *root,
    const pm_jsonpath_node_t *node)
{
    pm_error_t            err;
    pm_string_t           path;
    pm_jsonpath_t        *jsonpath;
    pm_jsonpath_nodes_t   nodes;

    path = pm_path_normalized(arena, node->path);

    if (path.len > PM_JSONPATH_SIZE || node->path->depth > 200) {
        return;
    }

    if (pm_jsonpath_compile(arena, path.data, path.len, &jsonpath, &err) != 0
        || pm_jsonpath_select(jsonpath, root, arena, fuzz_limits, &nodes,
                              &err)
           != 0
        || nodes.length != 1 || nodes.items[0].node != node->node
        || nodes.items[0].through_alias != node->through_alias)
    {
        fprintf(stderr, "%s does not select its node\n", path.data);
        abort();
    }

    (void) pm_path_pointer(arena, node->path);
}


static void
fuzz_document(pm_arena_t *arena, const pm_jsonpath_t *jsonpath,
    const char *text, size_t len)
{
    size_t                i, n;
    pm_error_t            err;
    pm_document_t        *document;
    pm_jsonpath_nodes_t   nodes;

    if (pm_document_parse(arena, "fuzz.yaml", text, len, &document, &err)
        != 0)
    {
        return;
    }

    for (i = 0; i < document->nroots; i++) {
        if (pm_jsonpath_select(jsonpath, document->roots[i], arena,
                               fuzz_limits, &nodes, &err)
            != 0)
        {
            continue;
        }

        for (n = 0; n < nodes.length && n < FUZZ_CHECKED; n++) {
            fuzz_path(arena, document->roots[i], &nodes.items[n]);
        }
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t          len;
    pm_error_t      err;
    pm_arena_t     *arena;
    const char     *text, *end;
    pm_jsonpath_t  *jsonpath;

    text = (const char *) data;
    end = (size > 0) ? memchr(text, '\n', size) : NULL;
    len = (end != NULL) ? (size_t) (end - text) : size;

    arena = pm_arena_create();
    if (arena == NULL) {
        return 0;
    }

    if (pm_jsonpath_compile(arena, text, len, &jsonpath, &err) == 0
        && end != NULL)
    {
        fuzz_document(arena, jsonpath, end + 1, size - len - 1);

    } else if (end != NULL && err.message[0] == '\0') {
        fprintf(stderr, "a fault without a message\n");
        abort();
    }

    pm_arena_destroy(arena);

    return 0;
}
