/*
 * Definitions that nobody thought of, merged.  Two bytes say how the texts
 * are read ('J' or 'Y': the source, then the target); source, target and
 * overlay follow, with a line "%%%%" between them; a missing target is
 * created, a missing overlay is none.
 *
 * Whatever is merged parses, and is a definition of the same kind; a second
 * merge changes nothing; no plan of the target is lost; of what never moves
 * the result has what the target had; ids are the target's.  What is JSON on
 * both sides can always be edited.
 */

#include "definition/pm_definition.h"
#include "document/pm_document.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static const char *const  fuzz_never[] = {
    "id", "members", "groups", "primaryOwner", "createdAt", "updatedAt",
    "deployedAt", "publishedAt", "closedAt", "lifecycleState",
    "workflowState", "originContext", "definitionContext",
    "lastContributor", "export", NULL
};


static void
fuzz_fail(const pm_definition_merge_t *m, const char *what,
    const pm_string_t *result)
{
    fprintf(stderr, "%s\n--- source\n%.*s\n--- target\n%.*s\n"
            "--- overlay\n%.*s\n--- result\n%.*s\n", what,
            (int) m->source.text.len, m->source.text.data,
            (int) m->target.len, m->target.data, (int) m->overlay.len,
            m->overlay.data, (int) result->len, result->data);
    abort();
}


/* The bytes up to a line "%%%%"; the rest stays in *text. */

static pm_string_t
fuzz_part(pm_string_t *text)
{
    size_t       skip;
    const char  *end;
    pm_string_t  part;

    end = memmem(text->data, text->len, "%%%%\n", 5);
    skip = end ? 5 : 0;
    part.data = text->data;
    part.len = end ? (size_t) (end - text->data) : text->len;

    text->data += part.len + skip;
    text->len -= part.len + skip;

    return part;
}


static const pm_node_t *
fuzz_root(pm_arena_t *arena, const char *file, const pm_string_t *text)
{
    pm_error_t      err;
    pm_document_t  *document;

    if (text->data == NULL
        || pm_document_parse(arena, file, text->data, text->len, &document,
                             &err) != 0
        || document->nroots != 1)
    {
        return NULL;
    }

    return pm_node_resolve(document->roots[0]);
}


static const pm_node_t *
fuzz_api(const pm_node_t *root, pm_definition_kind_t kind)
{
    const pm_node_t  *api;

    api = pm_node_get(root, "api");

    return kind == PM_DEFINITION_V4 && api != NULL
           && api->kind == PM_NODE_MAPPING ? api : root;
}


static int
fuzz_equal(const pm_node_t *a, const pm_node_t *b)
{
    if (a == NULL || b == NULL) {
        return a == b;
    }

    return a->kind == b->kind && a->length == b->length
           && (a->length > 0 || a->kind == PM_NODE_BOOLEAN
               || strcmp(a->text.data ? a->text.data : "",
                         b->text.data ? b->text.data : "") == 0);
}


/* Each id in a list of the result is one of the target's list. */

static int
fuzz_ids(const pm_node_t *result, const pm_node_t *target, const char *list)
{
    size_t            i, j;
    const pm_node_t  *id, *other;

    result = pm_node_get(result, list);
    target = target ? pm_node_get(target, list) : NULL;

    if (result == NULL || result->kind != PM_NODE_SEQUENCE) {
        return 1;
    }

    for (i = 0; i < result->length; i++) {
        id = pm_node_get(result->items[i], "id");

        for (j = 0; id != NULL; j++) {

            if (target == NULL || target->kind != PM_NODE_SEQUENCE
                || j == target->length)
            {
                return 0;
            }

            other = pm_node_get(target->items[j], "id");

            if (other != NULL && fuzz_equal(id, other)) {
                break;
            }
        }
    }

    return 1;
}


static void
fuzz_never_moved(pm_arena_t *arena, const pm_definition_merge_t *m,
    const pm_definition_plan_t *plan)
{
    const char *const  *name;
    const pm_node_t    *result, *target, *api, *old;

    result = fuzz_root(arena, m->target_file, &plan->text);
    target = fuzz_root(arena, m->target_file, &m->target);

    if (result == NULL) {
        fuzz_fail(m, "the result does not parse", &plan->text);
    }

    if (m->overlay.data != NULL) {
        return;
    }

    api = fuzz_api(result, plan->kind);
    old = target ? fuzz_api(target, plan->kind) : NULL;

    for (name = fuzz_never; *name != NULL; name++) {

        if (!fuzz_equal(pm_node_get(api, *name),
                        old ? pm_node_get(old, *name) : NULL)
            || !fuzz_equal(pm_node_get(result, *name),
                           target ? pm_node_get(target, *name) : NULL))
        {
            fuzz_fail(m, *name, &plan->text);
        }
    }

    if (!fuzz_ids(result, target, "plans")
        || !fuzz_ids(result, target, "pages") || !fuzz_ids(api, old, "flows"))
    {
        fuzz_fail(m, "an id that the target has not", &plan->text);
    }
}


static void
fuzz_again(pm_arena_t *arena, const pm_definition_merge_t *m,
    const pm_definition_plan_t *plan)
{
    pm_error_t              err;
    pm_definition_plan_t    second;
    pm_definition_merge_t   again;

    again = *m;
    again.target = plan->text;

    if (pm_definition_merge(arena, &again, &second, &err) != 0) {

        if (second.refusal == PM_DEFINITION_FAILED) {
            return;
        }

        fuzz_fail(m, err.message, &plan->text);
    }

    if (second.changed) {
        fprintf(stderr, "%.*s\n", (int) second.text.len, second.text.data);
        fuzz_fail(m, "a second merge changes it", &plan->text);
    }

    if (strcmp(second.id, plan->id) != 0) {
        fuzz_fail(m, "another id", &plan->text);
    }
}


static void
fuzz_source(pm_arena_t *arena, const pm_definition_merge_t *m)
{
    int                      changed, again;
    pm_error_t               err;
    pm_string_t              text, json;
    pm_definition_entry_t    entry, second;
    pm_definition_source_t   source;

    memset(&entry, 0, sizeof(entry));
    memset(&second, 0, sizeof(second));

    if (pm_definition_read(arena, &m->source, &entry, &err) != 0) {
        fuzz_fail(m, err.message, &m->source.text);
    }

    (void) pm_definition_json(arena, &m->source, &json, &err);

    if (pm_definition_add_cross_ids(arena, &m->source, &text, &changed, &err)
        != 0)
    {
        return;
    }

    source.file = m->source.file;
    source.text = text;

    if (pm_definition_read(arena, &source, &second, &err) != 0
        || second.fault != NULL || second.cross_id == NULL
        || strcmp(second.cross_id, entry.cross_key) != 0
        || pm_definition_add_cross_ids(arena, &source, &text, &again, &err)
           != 0
        || again)
    {
        fuzz_fail(m, "crossIds", &source.text);
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int                       cut;
    size_t                    n;
    pm_arena_t               *arena;
    pm_error_t                err;
    pm_string_t               rest;
    pm_definition_plan_t      plan;
    pm_definition_merge_t     m;
    pm_definition_change_t   *changes;

    if (size < 2 || size > 1 << 16) {
        return 0;
    }

    arena = pm_arena_create();
    if (arena == NULL) {
        return 0;
    }

    memset(&m, 0, sizeof(m));

    rest.data = (const char *) data + 2;
    rest.len = size - 2;

    m.source.file = data[0] == 'Y' ? "api.yaml" : "api.json";
    m.source.text = fuzz_part(&rest);
    m.target_file = data[1] == 'Y' ? "orders.yaml" : "orders.json";
    m.overlay_file = "orders.overlay.json";
    m.allow_v4 = 1;

    m.target = fuzz_part(&rest);
    m.overlay = fuzz_part(&rest);

    if (m.target.len == 0) {
        m.target.data = NULL;
        m.target_file = "orders.json";
    }

    if (m.overlay.len == 0) {
        m.overlay.data = NULL;
    }

    fuzz_source(arena, &m);

    if (pm_definition_merge(arena, &m, &plan, &err) == 0) {
        fuzz_never_moved(arena, &m, &plan);
        fuzz_again(arena, &m, &plan);

        if (pm_definition_changes(arena, m.target_file, &plan.before,
                                  m.target_file, &plan.text, 100, &changes,
                                  &n, &cut, &err) != 0)
        {
            fuzz_fail(&m, err.message, &plan.text);
        }

    } else if (plan.refusal == PM_DEFINITION_ACCEPTED
               || plan.refusal == PM_DEFINITION_NO_CHANGES)
    {
        fuzz_fail(&m, "refused without a reason", &plan.text);

    } else if (data[0] != 'Y' && data[1] != 'Y'
               && (strstr(err.message, "would not give")
                   || strstr(err.message, "read again")
                   || strstr(err.message, "beside the selected")
                   || strstr(err.message, "taken out safely")))
    {
        fuzz_fail(&m, err.message, &plan.text);
    }

    pm_arena_destroy(arena);

    return 0;
}
