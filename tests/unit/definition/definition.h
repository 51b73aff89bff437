/*
 * definition.h: what this room's tests share: merges of texts, and values of
 * what becomes of them.
 */

#ifndef PM_TEST_DEFINITION_H
#define PM_TEST_DEFINITION_H


#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "base/pm_buffer.h"
#include "definition/pm_definition.h"
#include "document/pm_document.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>


#define DATA  "tests/unit/definition/data/"


typedef struct {
    pm_arena_t             *arena;
    pm_definition_merge_t   merge;
    pm_definition_plan_t    plan;
    pm_error_t              err;
    int                     rc;
} case_t;


__attribute__((unused))
static int
case_setup(void **state)
{
    case_t  *c;

    c = calloc(1, sizeof(case_t));
    assert_non_null(c);

    c->arena = pm_arena_create();
    assert_non_null(c->arena);

    c->merge.source.file = "source.json";
    c->merge.target_file = "orders.json";
    c->merge.allow_v4 = 1;
    *state = c;

    return 0;
}


__attribute__((unused))
static int
case_teardown(void **state)
{
    case_t  *c;

    c = *state;

    pm_arena_destroy(c->arena);
    free(c);

    return 0;
}


__attribute__((unused))
static pm_string_t
text_of(const char *text)
{
    pm_string_t  string;

    string.data = text;
    string.len = text ? strlen(text) : 0;

    return string;
}


__attribute__((unused))
static pm_string_t
read_data(case_t *c, const char *name)
{
    long         size;
    char        *data;
    FILE        *file;
    pm_string_t  string;

    file = fopen(pm_arena_printf(c->arena, DATA "%s", name), "rb");
    assert_non_null(file);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    size = ftell(file);
    assert_true(size >= 0);
    rewind(file);

    data = pm_arena_alloc(c->arena, (size_t) size + 1);
    assert_non_null(data);
    assert_int_equal(fread(data, 1, (size_t) size, file), (size_t) size);
    data[size] = '\0';
    fclose(file);

    string.data = data;
    string.len = (size_t) size;

    return string;
}


/* Merges texts; target and overlay may be NULL. */

__attribute__((unused))
static int
merge(case_t *c, const char *source, const char *target, const char *overlay)
{
    c->merge.source.text = text_of(source);
    c->merge.target = text_of(target);
    c->merge.overlay = text_of(overlay);
    c->merge.overlay_file = overlay ? "orders.overlay.json" : NULL;

    memset(&c->err, 0, sizeof(pm_error_t));
    c->rc = pm_definition_merge(c->arena, &c->merge, &c->plan, &c->err);

    return c->rc;
}


__attribute__((unused))
static void
merge_ok(case_t *c, const char *source, const char *target,
    const char *overlay)
{
    if (merge(c, source, target, overlay) != 0) {
        fail_msg("%d: %s", c->rc, c->err.message);
    }
}


/* A value of the result as JSON; NULL: there is none.  "plans.0.id". */

__attribute__((unused))
static const char *
result_value(case_t *c, const char *path)
{
    size_t            i, n;
    const char       *p;
    pm_document_t    *document;
    const pm_node_t  *node;

    assert_int_equal(pm_document_parse(c->arena, c->merge.target_file,
                                       c->plan.text.data, c->plan.text.len,
                                       &document, &c->err), 0);
    node = document->roots[0];

    for (p = path; *p != '\0' && node != NULL; p += n + (p[n] == '.')) {
        n = strcspn(p, ".");
        node = pm_node_resolve(node);

        if (node->kind == PM_NODE_SEQUENCE) {
            i = (size_t) atoi(p);
            node = i < node->length ? node->items[i] : NULL;

        } else {
            node = pm_node_get(node, pm_arena_strndup(c->arena, p, n));
        }
    }

    if (node == NULL) {
        return NULL;
    }

    return node->text.data != NULL && node->length == 0
           && node->kind != PM_NODE_SEQUENCE && node->kind != PM_NODE_MAPPING
           ? node->text.data : pm_node_kind_name(node);
}


__attribute__((unused))
static void
has(case_t *c, const char *path, const char *value)
{
    const char  *found;

    found = result_value(c, path);

    if (found == NULL || strcmp(found, value) != 0) {
        fail_msg("%s is %s, not %s, in\n%.*s", path, found ? found : "missing",
                 value, (int) c->plan.text.len, c->plan.text.data);
    }
}


__attribute__((unused))
static void
lacks(case_t *c, const char *path)
{
    const char  *found;

    found = result_value(c, path);

    if (found != NULL) {
        fail_msg("%s is there: %s", path, found);
    }
}


/* How many notes of a kind there are at that path (NULL: at any). */

__attribute__((unused))
static size_t
notes(case_t *c, pm_definition_note_kind_t kind, const char *path)
{
    size_t  i, n;

    for (i = 0, n = 0; i < c->plan.nnotes; i++) {
        n += (c->plan.notes[i].kind == kind
              && (path == NULL || strcmp(c->plan.notes[i].path, path) == 0));
    }

    return n;
}


__attribute__((unused))
static void
result_is(case_t *c, const char *expected)
{
    if (c->plan.text.len != strlen(expected)
        || memcmp(c->plan.text.data, expected, c->plan.text.len) != 0)
    {
        fail_msg("not\n%s\nbut\n%.*s", expected, (int) c->plan.text.len,
                 c->plan.text.data);
    }
}


#endif /* PM_TEST_DEFINITION_H */
