/*
 * JSONPath (RFC 9535) over JSON and YAML documents.
 *
 * The cases are data: data/jsonpath/ holds files with an array of cases, or
 * an object whose "tests" is one, as in the compliance test suite of the
 * RFC's authors, which this program also runs: test_jsonpath FILE...
 * A case has
 *
 *   name, selector
 *   document          any JSON; or "text": JSON or, with "yaml", YAML text
 *   result            the selected values; or "results": one of several
 *   result_paths      their normalized paths ("paths" will do); or
 *                     "results_paths", as many as results
 *   pointers          their JSON pointers
 *   aliases           for each, whether it was reached through an alias
 *   invalid_selector  true: does not compile; with it may stand "column" and
 *                     "error", a part of the message
 */

#include "document/pm_jsonpath.h"

#include <dirent.h>
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>


#define FOLDER  "tests/unit/document/data/jsonpath"


static const pm_jsonpath_limits_t  test_defaults;


/* The cases of the files */

static json_t *
test_value(const pm_node_t *node)
{
    size_t            i;
    json_t           *json;
    const pm_node_t  *key;

    node = pm_node_resolve(node);

    switch (node->kind) {

    case PM_NODE_NULL:
        return json_null();

    case PM_NODE_BOOLEAN:
        return json_boolean(node->boolean);

    case PM_NODE_NUMBER:
        json = json_loadb(node->text.data, node->text.len, JSON_DECODE_ANY,
                          NULL);
        return json != NULL ? json : json_real(node->number);

    case PM_NODE_STRING:
        return json_stringn_nocheck(node->text.data, node->text.len);

    case PM_NODE_SEQUENCE:
        json = json_array();

        for (i = 0; i < node->length; i++) {
            json_array_append_new(json, test_value(node->items[i]));
        }

        return json;

    default:
        json = json_object();

        for (i = 0; i < node->length; i++) {
            key = pm_node_resolve(node->members[i].key);
            json_object_setn_new_nocheck(json, key->text.data, key->text.len,
                                         test_value(node->members[i].value));
        }

        return json;
    }
}


/* The document of a case: its first root. */

static const pm_node_t *
test_document(pm_arena_t *arena, const json_t *test)
{
    int             yaml;
    char           *text;
    size_t          len;
    pm_error_t      err;
    const char     *name;
    const json_t   *member;
    pm_document_t  *document;

    yaml = json_is_true(json_object_get(test, "yaml"));
    name = yaml ? "test.yaml" : "test.json";
    member = json_object_get(test, "text");

    if (member != NULL) {
        len = json_string_length(member);
        text = pm_arena_strndup(arena, json_string_value(member), len);

    } else {
        text = json_dumps(json_object_get(test, "document"), JSON_ENCODE_ANY);
        assert_non_null(text);
        len = strlen(text);
        pm_arena_defer(arena, free, text);
    }

    if (pm_document_parse(arena, name, text, len, &document, &err) != 0) {
        printf("%s\n", err.message);
        return NULL;
    }

    return document->nroots > 0 ? document->roots[0] : NULL;
}


typedef pm_string_t (*test_path_pt)(pm_arena_t *arena, const pm_path_t *path);


static json_t *
test_paths(pm_arena_t *arena, const pm_jsonpath_nodes_t *nodes,
    test_path_pt function)
{
    size_t       i;
    json_t      *paths;
    pm_string_t  path;

    paths = json_array();

    for (i = 0; i < nodes->length; i++) {
        path = function(arena, nodes->items[i].path);
        json_array_append_new(paths, json_stringn_nocheck(path.data,
                                                          path.len));
    }

    return paths;
}


/* Is got the one expectation, or (many) one of several?  Which one? */

static int
test_expect(const json_t *test, const char *one, const char *many,
    json_t *got, size_t *index)
{
    char    *text;
    size_t   i;
    json_t  *expected;

    *index = 0;
    expected = json_object_get(test, one);

    if (expected != NULL && json_equal(expected, got)) {
        return 1;
    }

    expected = json_object_get(test, many);

    for (i = 0; i < json_array_size(expected); i++) {
        if (json_equal(json_array_get(expected, i), got)) {
            *index = i;
            return 1;
        }
    }

    text = json_dumps(got, 0);
    printf("    got %s: %s\n", one, text);
    free(text);

    return 0;
}


static int
test_nodes(pm_arena_t *arena, const json_t *test,
    const pm_jsonpath_nodes_t *nodes)
{
    int      good;
    size_t   i, index, other;
    json_t  *values, *paths, *pointers, *aliases;

    values = json_array();
    aliases = json_array();

    for (i = 0; i < nodes->length; i++) {
        json_array_append_new(values, test_value(nodes->items[i].node));
        json_array_append_new(aliases,
                              json_boolean(nodes->items[i].through_alias));
    }

    paths = test_paths(arena, nodes, pm_path_normalized);
    pointers = test_paths(arena, nodes, pm_path_pointer);

    good = test_expect(test, "result", "results", values, &index);

    if (json_object_get(test, "result_paths") != NULL
        || json_object_get(test, "results_paths") != NULL)
    {
        good &= test_expect(test, "result_paths", "results_paths", paths,
                            &other);
    }

    if (json_object_get(test, "paths") != NULL) {
        good &= test_expect(test, "paths", "", paths, &other);
    }

    if (json_object_get(test, "pointers") != NULL) {
        good &= test_expect(test, "pointers", "", pointers, &other);
    }

    if (json_object_get(test, "aliases") != NULL) {
        good &= test_expect(test, "aliases", "", aliases, &other);
    }

    json_decref(values);
    json_decref(aliases);
    json_decref(paths);
    json_decref(pointers);

    return good;
}


/* Each normalized path selects its node again, and nothing else. */

static int
test_paths_select(pm_arena_t *arena, const pm_node_t *root,
    const pm_jsonpath_nodes_t *nodes)
{
    size_t                i;
    pm_error_t            err;
    pm_string_t           path;
    pm_jsonpath_t        *jsonpath;
    pm_jsonpath_nodes_t   again;

    for (i = 0; i < nodes->length; i++) {
        path = pm_path_normalized(arena, nodes->items[i].path);

        if (pm_jsonpath_compile(arena, path.data, path.len, &jsonpath, &err)
            != 0
            || pm_jsonpath_select(jsonpath, root, arena, test_defaults,
                                  &again, &err)
               != 0
            || again.length != 1
            || again.items[0].node != nodes->items[i].node)
        {
            printf("    %s does not select its node\n", path.data);
            return 0;
        }
    }

    return 1;
}


static int
test_invalid(const json_t *test, const pm_error_t *err)
{
    const char    *text;
    const json_t  *column;

    column = json_object_get(test, "column");
    text = json_string_value(json_object_get(test, "error"));

    if (err->code == PM_INVALID
        && (column == NULL || json_integer_value(column) == err->column)
        && (text == NULL || strstr(err->message, text) != NULL))
    {
        return 1;
    }

    printf("    got: %u, %s\n", err->column, err->message);

    return 0;
}


static int
test_run(pm_arena_t *arena, const json_t *test)
{
    int                   rc;
    pm_error_t            err;
    const json_t         *selector;
    pm_jsonpath_t        *jsonpath;
    const pm_node_t      *root;
    pm_jsonpath_nodes_t   nodes;

    memset(&err, 0, sizeof(pm_error_t));
    selector = json_object_get(test, "selector");

    rc = pm_jsonpath_compile(arena, json_string_value(selector),
                             json_string_length(selector), &jsonpath, &err);

    if (json_is_true(json_object_get(test, "invalid_selector"))) {
        return test_invalid(test, &err);
    }

    root = (rc == 0) ? test_document(arena, test) : NULL;

    if (rc == 0 && root == NULL) {
        return 0;
    }

    if (rc == 0) {
        rc = pm_jsonpath_select(jsonpath, root, arena, test_defaults, &nodes,
                                &err);
    }

    if (rc != 0) {
        printf("    got: %s\n", err.message);
        return 0;
    }

    return test_nodes(arena, test, &nodes)
           & test_paths_select(arena, root, &nodes);
}


static void
test_file(void **state)
{
    int            failed;
    size_t         i;
    json_t        *json, *test;
    const json_t  *tests;
    pm_arena_t    *arena;
    json_error_t   err;

    json = json_load_file(*state, JSON_ALLOW_NUL|JSON_REJECT_DUPLICATES,
                          &err);
    if (json == NULL) {
        fail_msg("%s:%d: %s", (char *) *state, err.line, err.text);
    }

    tests = json_is_object(json) ? json_object_get(json, "tests") : json;
    failed = 0;

    json_array_foreach(tests, i, test) {
        arena = pm_arena_create();
        assert_non_null(arena);

        if (!test_run(arena, test)) {
            printf("  failed: %s: %s\n",
                   json_string_value(json_object_get(test, "name")),
                   json_string_value(json_object_get(test, "selector")));
            failed++;
        }

        pm_arena_destroy(arena);
    }

    printf("  %zu cases, %d failed\n", i, failed);

    assert_true(i > 0);
    assert_int_equal(failed, 0);

    json_decref(json);
}


/* What is no case of a file */

typedef struct {
    pm_arena_t           *arena;
    pm_jsonpath_nodes_t   nodes;
    pm_error_t            err;
} test_context_t;


static int
test_setup(void **state)
{
    test_context_t  *ctx;

    ctx = calloc(1, sizeof(test_context_t));
    ctx->arena = pm_arena_create();
    *state = ctx;

    return 0;
}


static int
test_teardown(void **state)
{
    test_context_t  *ctx = *state;

    pm_arena_destroy(ctx->arena);
    free(ctx);

    return 0;
}


static int
test_compile(test_context_t *ctx, const char *text)
{
    pm_jsonpath_t  *jsonpath;

    return pm_jsonpath_compile(ctx->arena, text, strlen(text), &jsonpath,
                               &ctx->err);
}


static int
test_select_in(test_context_t *ctx, const char *file, const char *selector,
    const char *text, pm_jsonpath_limits_t limits)
{
    pm_jsonpath_t  *jsonpath = NULL;
    pm_document_t  *document = NULL;

    if (pm_jsonpath_compile(ctx->arena, selector, strlen(selector), &jsonpath,
                            &ctx->err)
        != 0
        || pm_document_parse(ctx->arena, file, text, strlen(text),
                             &document, &ctx->err)
           != 0)
    {
        fail_msg("%s: %s", selector, ctx->err.message);
    }

    return pm_jsonpath_select(jsonpath, document->roots[0], ctx->arena,
                              limits, &ctx->nodes, &ctx->err);
}


static int
test_select(test_context_t *ctx, const char *selector, const char *yaml,
    pm_jsonpath_limits_t limits)
{
    return test_select_in(ctx, "test.yaml", selector, yaml, limits);
}


/* before, n times middle, after */

static char *
test_repeat(test_context_t *ctx, const char *before, const char *middle,
    size_t n, const char *after)
{
    char    *text, *p;
    size_t   len;

    len = strlen(before) + n * strlen(middle) + strlen(after);
    text = pm_arena_alloc(ctx->arena, len + 1);
    assert_non_null(text);

    p = stpcpy(text, before);

    while (n-- > 0) {
        p = stpcpy(p, middle);
    }

    strcpy(p, after);

    return text;
}


static void
test_whole_file(void **state)
{
    test_context_t  *ctx = *state;

    pm_jsonpath_t  *jsonpath;

    assert_int_equal(pm_jsonpath_compile(ctx->arena, "*", 1, &jsonpath,
                                         &ctx->err), 0);
    assert_int_equal(pm_jsonpath_is_whole(jsonpath), 1);
    assert_string_equal(pm_jsonpath_text(jsonpath).data, "*");

    assert_int_equal(pm_jsonpath_compile(ctx->arena, "$", 1, &jsonpath,
                                         &ctx->err), 0);
    assert_int_equal(pm_jsonpath_is_whole(jsonpath), 0);

    assert_int_equal(pm_jsonpath_compile(ctx->arena, "$.*", 3, &jsonpath,
                                         &ctx->err), 0);
    assert_int_equal(pm_jsonpath_is_whole(jsonpath), 0);

    assert_int_equal(test_select(ctx, "*", "a: 1", test_defaults), 0);
    assert_int_equal(ctx->nodes.length, 1);
    assert_null(ctx->nodes.items[0].path->parent);
}


static void
test_empty_document(void **state)
{
    test_context_t  *ctx = *state;

    pm_jsonpath_t  *jsonpath;

    assert_int_equal(pm_jsonpath_compile(ctx->arena, "$..*", 4, &jsonpath,
                                         &ctx->err), 0);
    assert_int_equal(pm_jsonpath_select(jsonpath, NULL, ctx->arena,
                                        test_defaults, &ctx->nodes,
                                        &ctx->err), 0);
    assert_int_equal(ctx->nodes.length, 0);
}


static void
test_path_of_steps(void **state)
{
    test_context_t  *ctx = *state;

    const pm_path_t  *path;

    assert_int_equal(test_select(ctx, "$..tag", "x: [a, {tag: 1}]",
                                 test_defaults), 0);
    assert_int_equal(ctx->nodes.length, 1);

    path = ctx->nodes.items[0].path;

    assert_int_equal(path->depth, 3);
    assert_string_equal(path->key->text.data, "tag");
    assert_ptr_equal(path->node, ctx->nodes.items[0].node);

    path = path->parent;

    assert_null(path->key);
    assert_int_equal(path->index, 1);
    assert_int_equal(path->depth, 2);

    path = path->parent;

    assert_string_equal(path->key->text.data, "x");
    assert_int_equal(path->parent->depth, 0);
    assert_null(path->parent->parent);
}


static void
test_path_of_alias(void **state)
{
    test_context_t  *ctx = *state;

    const pm_jsonpath_node_t  *node;

    assert_int_equal(test_select(ctx, "$.b", "a: &x 1\nb: *x\n",
                                 test_defaults), 0);
    node = ctx->nodes.items;

    assert_int_equal(node->through_alias, 1);
    assert_int_equal(node->node->kind, PM_NODE_NUMBER);
    assert_int_equal(node->path->node->kind, PM_NODE_ALIAS);
}


static void
test_column_of_error(void **state)
{
    test_context_t  *ctx = *state;

    assert_int_equal(test_compile(ctx, "$.\xc3\xa4[?@.b=1]"), PM_INVALID);
    assert_int_equal(ctx->err.column, 9);
    assert_string_equal(ctx->err.message,
                        "JSONPath \"$.\xc3\xa4[?@.b=1]\", column 9: expected"
                        " \",\" or \"]\", found '='");

    assert_int_equal(test_compile(ctx, "$["), PM_INVALID);
    assert_int_equal(ctx->err.column, 3);
    assert_non_null(strstr(ctx->err.message, ", found the end"));
}


static void
test_bytes_that_are_not_utf8(void **state)
{
    test_context_t  *ctx = *state;

    assert_int_equal(test_compile(ctx, "$['\xc3\xa4', '\xff']"), PM_INVALID);
    assert_int_equal(ctx->err.column, 9);

    assert_int_equal(test_compile(ctx, "$.\xed\xa0\x80"), PM_INVALID);
    assert_int_equal(ctx->err.column, 3);
}


static void
test_error_may_be_null(void **state)
{
    test_context_t  *ctx = *state;

    pm_jsonpath_t  *jsonpath;

    assert_int_equal(pm_jsonpath_compile(ctx->arena, "$[", 2, &jsonpath,
                                         NULL), PM_INVALID);
}


static void
test_bound_of_size(void **state)
{
    test_context_t  *ctx = *state;

    char  *text;

    text = test_repeat(ctx, "$['", "a", PM_JSONPATH_SIZE - 5, "']");
    assert_int_equal(strlen(text), PM_JSONPATH_SIZE);
    assert_int_equal(test_compile(ctx, text), 0);

    text = test_repeat(ctx, "$['", "a", PM_JSONPATH_SIZE - 4, "']");
    assert_int_equal(test_compile(ctx, text), PM_UNPROCESSABLE);
    assert_non_null(strstr(ctx->err.message, "4097 bytes"));
}


static void
test_bound_of_nesting(void **state)
{
    test_context_t  *ctx = *state;

    char    *text, *close;
    size_t   i;

    static const struct {
        const char  *before;
        const char  *open;
        const char  *inside;
        const char  *close;
        const char  *after;
        size_t       levels;     /* of before */
    } kinds[] = {
        { "$[?", "(", "@.a", ")", "]", 1 },
        { "$", "[?@", "", "]", "", 0 },
        { "$[?", "length(", "@.a", ")", " == 1]", 1 },
    };

    for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        close = test_repeat(ctx, kinds[i].inside, kinds[i].close,
                            PM_JSONPATH_NESTING - kinds[i].levels,
                            kinds[i].after);
        text = test_repeat(ctx, kinds[i].before, kinds[i].open,
                           PM_JSONPATH_NESTING - kinds[i].levels, close);
        assert_int_equal(test_compile(ctx, text), 0);

        close = test_repeat(ctx, kinds[i].inside, kinds[i].close,
                            PM_JSONPATH_NESTING - kinds[i].levels + 1,
                            kinds[i].after);
        text = test_repeat(ctx, kinds[i].before, kinds[i].open,
                           PM_JSONPATH_NESTING - kinds[i].levels + 1, close);
        assert_int_equal(test_compile(ctx, text), PM_UNPROCESSABLE);
        assert_non_null(strstr(ctx->err.message, "32 levels"));
    }

    text = test_repeat(ctx, "$", "[?(@.a)]", 100, "");
    assert_int_equal(test_compile(ctx, text), 0);
}


static void
test_bound_of_selectors(void **state)
{
    test_context_t  *ctx = *state;

    char  *text;

    text = test_repeat(ctx, "$[0", ",0", PM_JSONPATH_SELECTORS - 1, "]");
    assert_int_equal(test_compile(ctx, text), 0);

    text = test_repeat(ctx, "$[0", ",0", PM_JSONPATH_SELECTORS, "]");
    assert_int_equal(test_compile(ctx, text), PM_UNPROCESSABLE);
    assert_non_null(strstr(ctx->err.message, "256 selectors"));
}


static void
test_bound_of_nodes(void **state)
{
    test_context_t  *ctx = *state;

    assert_int_equal(test_select(ctx, "$[*]", "[1, 2, 3]",
                                 (pm_jsonpath_limits_t) { .nodes = 3 }), 0);
    assert_int_equal(ctx->nodes.length, 3);

    assert_int_equal(test_select(ctx, "$[*]", "[1, 2, 3]",
                                 (pm_jsonpath_limits_t) { .nodes = 2 }),
                     PM_UNPROCESSABLE);
    assert_non_null(strstr(ctx->err.message, "more than 2 values"));

    /* only what is selected counts */

    assert_int_equal(test_select(ctx, "$[?count($..*) == 3][?@]", "[1, 2, 3]",
                                 (pm_jsonpath_limits_t) { .nodes = 1 }), 0);
}


static void
test_bound_of_steps(void **state)
{
    test_context_t  *ctx = *state;

    char    *text, *deep;
    size_t   i;

    static const char  *hostile[] = {
        "$..[?count($..*) > count(@..*)]",
        "$[?$[?$[?$[?$.x]]]]",
    };

    text = test_repeat(ctx, "[", "[[1],{a: [2]}],", 2000, "3]");

    assert_int_equal(test_select(ctx, "$..a", text, test_defaults), 0);
    assert_int_equal(ctx->nodes.length, 2000);

    for (i = 0; i < 2; i++) {
        assert_int_equal(test_select(ctx, hostile[i], text, test_defaults),
                         PM_UNPROCESSABLE);
        assert_non_null(strstr(ctx->err.message, "2000000 steps"));
    }

    /* as many ways as there are four of sixty levels */

    deep = test_repeat(ctx, "1", "]", 60, "");
    deep = test_repeat(ctx, "", "[", 60, deep);

    assert_int_equal(test_select(ctx, "$..[*]..[*]..[*]..[*]..[*]", deep,
                                 (pm_jsonpath_limits_t)
                                     { .nodes = 100000000 }),
                     PM_UNPROCESSABLE);
    assert_non_null(strstr(ctx->err.message, "2000000 steps"));

    assert_int_equal(test_select(ctx, "$[*]", "[1, 2, 3]",
                                 (pm_jsonpath_limits_t) { .steps = 3 }), 0);
    assert_int_equal(test_select(ctx, "$[*]", "[1, 2, 3]",
                                 (pm_jsonpath_limits_t) { .steps = 2 }),
                     PM_UNPROCESSABLE);
}


/* What takes long without being many nodes counts too. */

static void
test_steps_of_long_values(void **state)
{
    test_context_t  *ctx = *state;

    char  *text;

    /* equal strings of a megabyte, from each of many items */

    text = test_repeat(ctx, "{l: [", "1,", 2000, "1], s: ");
    text = test_repeat(ctx, text, "x", 1000000, "}");

    assert_int_equal(test_select(ctx, "$.l[?$.s == $['s']]", text,
                                 test_defaults), PM_UNPROCESSABLE);
    assert_int_equal(test_select(ctx, "$.l[?$.s < $['s']]", text,
                                 test_defaults), PM_UNPROCESSABLE);
    assert_int_equal(test_select(ctx, "$.l[?length($.s) > 1]", text,
                                 test_defaults), PM_UNPROCESSABLE);
    assert_int_equal(test_select(ctx, "$.l[?match($.s, 'x*')]", text,
                                 test_defaults), PM_UNPROCESSABLE);

    /* the same as a key */

    text = test_repeat(ctx, "{\"l\": [", "1,", 2000, "1], \"s\": {\"");
    text = test_repeat(ctx, text, "x", 1000000, "\": 1}}");

    assert_int_equal(test_select_in(ctx, "test.json", "$.l[?$.s == $['s']]",
                                    text, test_defaults), PM_UNPROCESSABLE);
}


/* Each level says the one above ten times. */

static void
test_billion_laughs(void **state)
{
    test_context_t  *ctx = *state;

    size_t             i;
    static const char  text[] =
        "a: &a [x,x,x,x,x,x,x,x,x,x]\n"
        "b: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\n"
        "c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\n"
        "d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]\n"
        "e: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d,*d]\n"
        "f: &f [*e,*e,*e,*e,*e,*e,*e,*e,*e,*e]\n"
        "g: &g [*f,*f,*f,*f,*f,*f,*f,*f,*f,*f]\n"
        "h: [*g,*g,*g,*g,*g,*g,*g,*g,*g,*g]\n";
    static const char  *selectors[] = {
        "$..*", "$..zzz", "$[?$.h == $.h]", "$[?count($.h..*) > 1]"
    };

    for (i = 0; i < sizeof(selectors) / sizeof(selectors[0]); i++) {
        assert_int_equal(test_select(ctx, selectors[i], text, test_defaults),
                         PM_UNPROCESSABLE);
    }

    assert_int_equal(test_select(ctx, "$.h[9][9][9][9][9][9][9][9]", text,
                                 test_defaults), 0);
    assert_int_equal(ctx->nodes.length, 1);
    assert_int_equal(ctx->nodes.items[0].through_alias, 1);
}


/* Aliases in aliases: each is not deep, all together are. */

static void
test_bound_of_depth(void **state)
{
    test_context_t  *ctx = *state;

    char    *text;
    size_t   i;

    static const char  *selectors[] = { "$..*", "$[?$.x == $.y]" };

    text = pm_arena_strdup(ctx->arena, "a0: &a0 [1]\n");

    for (i = 1; i < 20; i++) {
        text = pm_arena_printf(ctx->arena, "%sa%zu: &a%zu [[[[[[[[[[[[[[[[[[["
                               "[[[[[[[[[[[[[*a%zu]]]]]]]]]]]]]]]]]]]]]]]]]]]]"
                               "]]]]\n", text, i, i, i - 1);
    }

    text = pm_arena_printf(ctx->arena, "%sx: [*a19]\ny: [*a19]\n", text);

    for (i = 0; i < 2; i++) {
        assert_int_equal(test_select(ctx, selectors[i], text, test_defaults),
                         PM_UNPROCESSABLE);
        assert_non_null(strstr(ctx->err.message, "levels deep"));
    }
}


static void
test_deepest_document(void **state)
{
    test_context_t  *ctx = *state;

    char  *text, *inside;

    inside = test_repeat(ctx, "1", "]", PM_DOCUMENT_DEPTH, "");
    text = test_repeat(ctx, "", "[", PM_DOCUMENT_DEPTH, inside);

    assert_int_equal(test_select(ctx, "$..*", text, test_defaults), 0);
    assert_int_equal(ctx->nodes.length, PM_DOCUMENT_DEPTH);
    assert_int_equal(ctx->nodes.items[PM_DOCUMENT_DEPTH - 1].path->depth,
                     PM_DOCUMENT_DEPTH);

    assert_int_equal(test_select(ctx, "$..[?@..[?@..[?$ == $]]]", text,
                                 test_defaults), 0);
}


/* A regular expression is a bound of its own. */

static void
test_hostile_patterns(void **state)
{
    test_context_t  *ctx = *state;

    char  *text;

    assert_int_equal(test_compile(ctx, "$[?match(@, 'a{3000}')]"),
                     PM_UNPROCESSABLE);
    assert_int_equal(ctx->err.column, 13);
    assert_non_null(strstr(ctx->err.message, "too large"));

    assert_int_equal(test_select(ctx, "$.x[?match(@, $.p)]",
                                 "{p: 'a{3000}', x: [aaa]}", test_defaults),
                     PM_UNPROCESSABLE);
    assert_non_null(strstr(ctx->err.message, "too large"));

    /* exponential for whoever tries one alternative after the other */

    text = test_repeat(ctx, "[", "a", 5000, "b]");

    assert_int_equal(test_select(ctx, "$[?match(@, '(a|a|a*)*(a|aa)+c')]",
                                 text, test_defaults), 0);
    assert_int_equal(ctx->nodes.length, 0);

    assert_int_equal(test_select(ctx, "$[?search(@, '(a+a+)+b')]", text,
                                 test_defaults), 0);
    assert_int_equal(ctx->nodes.length, 1);

    /* as many different patterns as values */

    text = test_repeat(ctx, "[", "'a{1,1999}','(b|c){100}',", 20000, "a]");

    assert_int_equal(test_select(ctx, "$[?match('a', @)]", text,
                                 test_defaults), PM_UNPROCESSABLE);
    assert_non_null(strstr(ctx->err.message, "2000000 steps"));
}


static int
test_is_case_file(const struct dirent *entry)
{
    const char  *dot;

    dot = strrchr(entry->d_name, '.');

    return dot != NULL && strcmp(dot, ".json") == 0;
}


/* One test for each file: of the folder, or named by the caller. */

static int
test_files(int argc, char **argv)
{
    int                 i, n, rc;
    char              **paths;
    struct dirent     **entries;
    struct CMUnitTest  *tests;

    entries = NULL;
    n = argc > 1 ? argc - 1
                 : scandir(FOLDER, &entries, test_is_case_file, alphasort);

    if (n <= 0) {
        fprintf(stderr, "no cases in %s\n", FOLDER);
        return 1;
    }

    tests = calloc((size_t) n, sizeof(struct CMUnitTest));
    paths = calloc((size_t) n, sizeof(char *));

    for (i = 0; i < n; i++) {
        if (entries == NULL) {
            paths[i] = strdup(argv[i + 1]);

        } else if (asprintf(&paths[i], "%s/%s", FOLDER, entries[i]->d_name)
                   < 0)
        {
            return 1;
        }

        tests[i].name = paths[i];
        tests[i].test_func = test_file;
        tests[i].initial_state = paths[i];
    }

    rc = _cmocka_run_group_tests("jsonpath files", tests, (size_t) n, NULL,
                                 NULL);

    for (i = 0; i < n; i++) {
        free(paths[i]);

        if (entries != NULL) {
            free(entries[i]);
        }
    }

    free(paths);
    free(entries);
    free(tests);

    return rc;
}


#define TEST(function)                                                       \
    cmocka_unit_test_setup_teardown(function, test_setup, test_teardown)


int
main(int argc, char **argv)
{
    int  failed;

    const struct CMUnitTest  tests[] = {
        TEST(test_whole_file),
        TEST(test_empty_document),
        TEST(test_path_of_steps),
        TEST(test_path_of_alias),
        TEST(test_column_of_error),
        TEST(test_bytes_that_are_not_utf8),
        TEST(test_error_may_be_null),
        TEST(test_bound_of_size),
        TEST(test_bound_of_nesting),
        TEST(test_bound_of_selectors),
        TEST(test_bound_of_nodes),
        TEST(test_bound_of_steps),
        TEST(test_steps_of_long_values),
        TEST(test_billion_laughs),
        TEST(test_bound_of_depth),
        TEST(test_deepest_document),
        TEST(test_hostile_patterns),
    };

    failed = test_files(argc, argv);

    if (argc == 1) {
        failed += cmocka_run_group_tests_name("jsonpath", tests, NULL, NULL);
    }

    return failed != 0;
}
