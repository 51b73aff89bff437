#include "document/pm_document.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>


#define BOM  "\xef\xbb\xbf"


static pm_document_t *
test_parse(pm_arena_t *arena, const char *name, const char *text, size_t len)
{
    pm_error_t      err;
    pm_document_t  *document;

    if (pm_document_parse(arena, name, text, len, &document, &err) != 0) {
        fail_msg("%s", err.message);
    }

    return document;
}


/* Line and column of an offset, counted here once more. */

static void
test_position(const pm_document_t *document, size_t offset, uint32_t *line,
    uint32_t *column)
{
    size_t       i;
    const char  *p;

    *line = 1;
    *column = 1;
    p = document->text.data;

    for (i = (strncmp(p, BOM, 3) == 0) ? 3 : 0; i < offset; i++) {

        if (p[i] == '\n' || (p[i] == '\r' && p[i + 1] != '\n')) {
            (*line)++;
            *column = 1;

        } else if ((p[i] & 0xc0) != 0x80 && p[i] != '\r') {
            (*column)++;
        }
    }
}


/* What holds for every node of every text. */

static void
test_node(const pm_document_t *document, const pm_node_t *node,
    const pm_node_t *parent)
{
    size_t            i, at;
    uint32_t          line, column;
    const pm_node_t  *child;

    test_position(document, node->start, &line, &column);
    assert_int_equal(node->line, line);
    assert_int_equal(node->column, column);
    assert_ptr_equal(node->parent, parent);
    assert_true(node->start <= node->end);
    assert_true(node->end <= document->text.len);
    assert_int_equal(strlen(node->text.data), node->text.len);

    at = node->start;

    for (i = 0; i < node->length; i++) {

        if (node->kind == PM_NODE_MAPPING) {
            child = node->members[i].key;
            assert_true(child->start >= at);
            test_node(document, child, node);
            at = child->end;
            child = node->members[i].value;

        } else {
            child = node->items[i];
        }

        assert_true(child->start >= at);
        test_node(document, child, node);
        at = child->end;
    }

    assert_true(at <= node->end);
}


/* Scalars and aliases in the order of the text. */

static void
test_leaves(const pm_node_t *node, const pm_node_t **leaves, size_t *n)
{
    size_t  i;

    if (node == NULL) {
        return;
    }

    if (node->kind == PM_NODE_MAPPING) {
        for (i = 0; i < node->length; i++) {
            test_leaves(node->members[i].key, leaves, n);
            test_leaves(node->members[i].value, leaves, n);
        }

    } else if (node->kind == PM_NODE_SEQUENCE) {
        for (i = 0; i < node->length; i++) {
            test_leaves(node->items[i], leaves, n);
        }

    } else {
        leaves[(*n)++] = node;
    }
}


typedef struct {
    const char  *text;
    const char  *slices[16];     /* of the scalars and aliases */
} test_range_t;


static const test_range_t  test_ranges[] = {

    /* comments at every place */
    { "# c\na: 1 # c\n# c\nb: 2\n# c\n",         { "a", "1", "b", "2" } },
    { "a: # c\n  # c\n  1\n",                    { "a", "1" } },
    { "a: # c\n# c\nb: 1",                       { "a", "", "b", "1" } },
    { "- # c\n- a#b # c\n",                      { "", "a#b" } },
    { "a: [ # c\n 1, # c\n 2 ] # c\n",           { "a", "1", "2" } },
    { "a: {b: 1, # c: 2\n c: 3}\n",              { "a", "b", "1", "c", "3" } },
    { "a: \"x\" #c\nb: 'y'#c\n",                 { "a", "\"x\"", "b", "'y'" } },

    /* characters of several bytes before and within */
    { "\xc3\xa9: \xe2\x82\xac # \xf0\x9f\x98\x80\nb: \xc3\xbc\n",
      { "\xc3\xa9", "\xe2\x82\xac", "b", "\xc3\xbc" } },
    { "# \xf0\x9f\x98\x80\xc3\xa9\na: \"\xc3\xa9\\n\" # \xc3\xa9\nb: 1",
      { "a", "\"\xc3\xa9\\n\"", "b", "1" } },

    /* a byte order mark, line breaks */
    { BOM "a: 1\nb: 2\n",                        { "a", "1", "b", "2" } },
    { BOM "\xc3\xa9: &x 1\n",                    { "\xc3\xa9", "1" } },
    { "a: 1\r\nb: 2 # c\r\nc:\r\n  d: 3\r\n",
      { "a", "1", "b", "2", "c", "d", "3" } },
    { "a: |\r\n  x\r\n  y\r\n\r\nb: 1\r\n",
      { "a", "|\r\n  x\r\n  y\r\n", "b", "1" } },
    { "a: 1\rb: 2\r",                            { "a", "1", "b", "2" } },
    { "a: 1",                                    { "a", "1" } },

    /* anchors, tags, aliases */
    { "a: &x 1\nb: *x\nc: *x # c\n",
      { "a", "1", "b", "*x", "c", "*x" } },
    { "a: !!str 1\nb: &x !!str 1\nc: !!str &y 1\n",
      { "a", "1", "b", "1", "c", "1" } },
    { "a: !t 'x'\nb: !<tag:x,2000:y> z\nc: ! 12\n",
      { "a", "'x'", "b", "z", "c", "12" } },
    { "a: &x # c\n  1\nb: !!str\n  # c\n  2\n",  { "a", "1", "b", "2" } },
    { "a: &x\nb: !!str\nc: ! # c\nd: &y !!null # c\n",
      { "a", "", "b", "", "c", "", "d", "" } },
    { "&a a: &b b\n&c c: *b\n",                  { "a", "b", "c", "*b" } },
    { "&m\n&a a: 1\n",                           { "a", "1" } },
    { "&a a: &m\n  &b b: 1\n",                   { "a", "b", "1" } },
    { "[&a a, !!str b, &c , !t ]",               { "a", "b", "", "" } },
    { "a: &x k\n*x : 2\n",                       { "a", "k", "*x", "2" } },
    { "[&x {b: 1}, *x, [*x]]",                   { "b", "1", "*x", "*x" } },
    { "a: &x | # c\n  t\nb: &y > \n  u\n",
      { "a", "| # c\n  t\n", "b", "> \n  u\n" } },

    /* block scalars */
    { "a: |\n  x\n  y\nb: 1\n",
      { "a", "|\n  x\n  y\n", "b", "1" } },
    { "a: |-\n  x\n\n\nb: 1\n",
      { "a", "|-\n  x\n", "b", "1" } },
    { "a: |+\n  x\n\n\nb: 1\n",
      { "a", "|+\n  x\n\n\n", "b", "1" } },
    { "a: |\n  x\n\n  \n \nb: 1\n",
      { "a", "|\n  x\n", "b", "1" } },
    { "a: |\n  x\n   \nb: 1\n",
      { "a", "|\n  x\n   \n", "b", "1" } },
    { "a: |2\n   x\n\nb: 1\n",
      { "a", "|2\n   x\n", "b", "1" } },
    { "a: >2-\n   x\n   \nb: 1\n",
      { "a", ">2-\n   x\n   \n", "b", "1" } },
    { "a: |\n\n  x\n\n  y\n\n# c\nb: 1\n",
      { "a", "|\n\n  x\n\n  y\n", "b", "1" } },
    { "a: |\n  x # no c\n # c\nb: 1\n",
      { "a", "|\n  x # no c\n", "b", "1" } },
    { "a: |\nb: 1\n",                            { "a", "|\n", "b", "1" } },
    { "a: |\n\n\nb: 1\n",                        { "a", "|\n", "b", "1" } },
    { "a: >\n  x\n  y",                          { "a", ">\n  x\n  y" } },
    { "a: |",                                    { "a", "|" } },
    { "- |\n x\n- >-\n y\n",                     { "|\n x\n", ">-\n y\n" } },
    { "a: |\n  \xc3\xa9\n\nb: 1",
      { "a", "|\n  \xc3\xa9\n", "b", "1" } },
    { "--- |\n x\n",                             { "|\n x\n" } },

    /* missing values */
    { "a:\nb:\n",                                { "a", "", "b", "" } },
    { "a:",                                      { "a", "" } },
    { "a: \n\n\n# c\n",                          { "a", "" } },
    { "-\n-\n- - \n  -\n",                       { "", "", "", "" } },
    { "? a\n? b\n: \nc: 1\n",
      { "a", "", "b", "", "c", "1" } },
    { "? # c\n: 1\n",                            { "", "1" } },
    { "{a, b: , c: }",
      { "a", "", "b", "", "c", "" } },
    { "{a , b :\n , c }",
      { "a", "", "b", "", "c", "" } },
    { "[a: , ? b , c]",                          { "a", "", "b", "", "c" } },
    { "a:\n- \n- b\nc:\n",                       { "a", "", "b", "c", "" } },

    /* flow in block */
    { "a: [1, [2, 3], {b: 4}]\n",
      { "a", "1", "2", "3", "b", "4" } },
    { "a: {\"b\":1,'c':[2]}\n",
      { "a", "\"b\"", "1", "'c'", "2" } },
    { "[a: b, ? c : d, e]",                      { "a", "b", "c", "d", "e" } },
    { "a: [x y, http://z:1/#f]\n",
      { "a", "x y", "http://z:1/#f" } },

    /* scalars over several lines */
    { "a: x\n  y\n\n  z # c\nb: 1\n",
      { "a", "x\n  y\n\n  z", "b", "1" } },
    { "a: \"x\n  y\\\n  z\"\nb: 1\n",
      { "a", "\"x\n  y\\\n  z\"", "b", "1" } },
    { "a: 'x\n\n  it''s'\n",                     { "a", "'x\n\n  it''s'" } },
    { "x\n y\n",                                 { "x\n y" } },

    /* tabs */
    { "a:\t1\t# c\nb: \t2\t\n",                  { "a", "1", "b", "2" } },
    { "a: x\ty\n",                               { "a", "x\ty" } },

    /* several documents */
    { "a: 1\n---\nb: 2\n...\n---\nc: 3\n",
      { "a", "1", "b", "2", "c", "3" } },
    { "%YAML 1.1\n%TAG !e! tag:e,2000:\n---\na: !e!x 1\n...\n# c\n"
      "--- # c\n- &x 2\n",                       { "a", "1", "2" } },
    { "--- a\n--- 'b'\n...\n--- \n",             { "a", "'b'" } },
    { "---\n# c\n---\na: 1\n",                   { "a", "1" } },

    /* what looks like something else */
    { "<<: 1\na: -1\nb: a:b\n",
      { "<<", "1", "a", "-1", "b", "a:b" } },
    { "a: \"&x\"\nb: '*y'\nc: '!z'\n",
      { "a", "\"&x\"", "b", "'*y'", "c", "'!z'" } },
    { "- - - a\n    - b\n  - c\n",               { "a", "b", "c" } },
    { "k:\n- a\n- b: c\n  d: e\nl: 1\n",
      { "k", "a", "b", "c", "d", "e", "l", "1" } }
};


static void
test_scalar_ranges(void **state)
{
    size_t               i, j, n;
    pm_arena_t          *arena;
    pm_document_t       *document;
    const pm_node_t     *leaves[64];
    const test_range_t  *range;

    for (i = 0; i < sizeof(test_ranges) / sizeof(test_ranges[0]); i++) {
        range = &test_ranges[i];
        arena = pm_arena_create();
        assert_non_null(arena);

        document = test_parse(arena, "a.yaml", range->text,
                              strlen(range->text));
        n = 0;

        for (j = 0; j < document->nroots; j++) {
            test_leaves(document->roots[j], leaves, &n);

            if (document->roots[j] != NULL) {
                test_node(document, document->roots[j], NULL);
            }
        }

        for (j = 0; j < n || range->slices[j] != NULL; j++) {

            if (j == n || range->slices[j] == NULL
                || leaves[j]->end - leaves[j]->start
                   != strlen(range->slices[j])
                || strncmp(range->text + leaves[j]->start, range->slices[j],
                           strlen(range->slices[j]))
                   != 0)
            {
                fail_msg("value %zu of case %zu: %s", j, i, range->text);
            }
        }

        pm_arena_destroy(arena);
    }
}


typedef struct {
    const char  *text;
    const char  *path[4];        /* keys, or "0" to "9" of a sequence */
    const char  *slice;
} test_collection_t;


static const test_collection_t  test_collections[] = {
    { "# c\na: 1\nb: 2 # c\n# c\n",       { NULL }, "a: 1\nb: 2" },
    { "a:\n  b: 1\n\n# c\nc: 2\n",        { "a" }, "b: 1" },
    { "a: &x # c\n  b: 1\n  c:\nd:\n",    { "a" }, "b: 1\n  c:" },
    { "a: !t\n  - 1\n  # c\n  - 2 # d\n", { "a" }, "- 1\n  # c\n  - 2" },
    { "a:\n- 1\n-\nb: 2\n",               { "a" }, "- 1\n-" },
    { "a:\n- b: 1\n  c: 2\n- d\n",        { "a", "0" }, "b: 1\n  c: 2" },
    { "a: [ 1, 2 ] # c\n",                { "a" }, "[ 1, 2 ]" },
    { "a: &x !t {b: 1} # c\n",            { "a" }, "{b: 1}" },
    { "a: [b: 1 , ? c : 2, {d: 3} ]\n",   { "a", "0" }, "b: 1" },
    { "a: [b: 1 , ? c : 2, {d: 3} ]\n",   { "a", "1" }, "? c : 2" },
    { "a: [b: 1 , ? c : 2, {d: 3} ]\n",   { "a", "2" }, "{d: 3}" },
    { "a: [b: {c: 1}]\n",                 { "a", "0" }, "b: {c: 1}" },
    { "a: [b: ]\n",                       { "a", "0" }, "b:" },
    { "a:\n  b: |\n    x\n\nc: 1\n",      { "a" }, "b: |\n    x\n" },
    { "a: {}\nb: []\n",                   { "b" }, "[]" },
    { "? a\n: b\n? c\n",                  { NULL }, "? a\n: b\n? c" },
    { "- - 1\n  - 2\n- 3\n",              { "0" }, "- 1\n  - 2" },
    { "&x\n&y a: 1\nb: 2\n",              { NULL }, "&y a: 1\nb: 2" }
};


static void
test_collection_ranges(void **state)
{
    size_t                    i, j;
    pm_node_t                *node;
    pm_arena_t               *arena;
    pm_document_t            *document;
    const test_collection_t  *c;

    for (i = 0; i < sizeof(test_collections) / sizeof(test_collections[0]);
         i++)
    {
        c = &test_collections[i];
        arena = pm_arena_create();
        document = test_parse(arena, "a.yaml", c->text, strlen(c->text));
        node = document->roots[0];

        for (j = 0; j < 4 && c->path[j] != NULL; j++) {
            node = (node->kind == PM_NODE_MAPPING)
                   ? pm_node_get(node, c->path[j])
                   : node->items[c->path[j][0] - '0'];
            assert_non_null(node);
        }

        if (node->end - node->start != strlen(c->slice)
            || strncmp(c->text + node->start, c->slice, strlen(c->slice)))
        {
            fail_msg("case %zu: %.*s", i, (int) (node->end - node->start),
                     c->text + node->start);
        }

        pm_arena_destroy(arena);
    }
}


typedef struct {
    const char      *text;
    pm_node_kind_t   kind;
    double           number;     /* or boolean */
    const char      *value;      /* NULL: the text itself */
} test_scalar_t;


static const test_scalar_t  test_scalars[] = {
    { "~",            PM_NODE_NULL,    0, NULL },
    { "null",         PM_NODE_NULL,    0, NULL },
    { "Null",         PM_NODE_NULL,    0, NULL },
    { "NULL",         PM_NODE_NULL,    0, NULL },
    { "nULL",         PM_NODE_STRING,  0, NULL },
    { "true",         PM_NODE_BOOLEAN, 1, NULL },
    { "True",         PM_NODE_BOOLEAN, 1, NULL },
    { "FALSE",        PM_NODE_BOOLEAN, 0, NULL },
    { "tRUE",         PM_NODE_STRING,  0, NULL },
    { "yes",          PM_NODE_STRING,  0, NULL },
    { "on",           PM_NODE_STRING,  0, NULL },
    { "off",          PM_NODE_STRING,  0, NULL },
    { "y",            PM_NODE_STRING,  0, NULL },
    { "0",            PM_NODE_NUMBER,  0, NULL },
    { "-19",          PM_NODE_NUMBER,  -19, NULL },
    { "+12",          PM_NODE_NUMBER,  12, NULL },
    { "012",          PM_NODE_NUMBER,  12, NULL },
    { "0o17",         PM_NODE_NUMBER,  15, NULL },
    { "0o8",          PM_NODE_STRING,  0, NULL },
    { "0x3Af",        PM_NODE_NUMBER,  943, NULL },
    { "0x",           PM_NODE_STRING,  0, NULL },
    { "-0x1",         PM_NODE_STRING,  0, NULL },
    { "0b1",          PM_NODE_STRING,  0, NULL },
    { "1_000",        PM_NODE_STRING,  0, NULL },
    { "1:30",         PM_NODE_STRING,  0, NULL },
    { "0.",           PM_NODE_NUMBER,  0, NULL },
    { ".5",           PM_NODE_NUMBER,  0.5, NULL },
    { "-.5e1",        PM_NODE_NUMBER,  -5, NULL },
    { "12e03",        PM_NODE_NUMBER,  12000, NULL },
    { "1.5E-1",       PM_NODE_NUMBER,  0.15, NULL },
    { "1e999",        PM_NODE_NUMBER,  INFINITY, NULL },
    { "1e",           PM_NODE_STRING,  0, NULL },
    { ".",            PM_NODE_STRING,  0, NULL },
    { "+",            PM_NODE_STRING,  0, NULL },
    { ".e1",          PM_NODE_STRING,  0, NULL },
    { "1.2.3",        PM_NODE_STRING,  0, NULL },
    { "1.0-rc",       PM_NODE_STRING,  0, NULL },
    { ".inf",         PM_NODE_NUMBER,  INFINITY, NULL },
    { "-.INF",        PM_NODE_NUMBER,  -INFINITY, NULL },
    { "+.Inf",        PM_NODE_NUMBER,  INFINITY, NULL },
    { "inf",          PM_NODE_STRING,  0, NULL },
    { ".nan",         PM_NODE_NUMBER,  NAN, NULL },
    { "nan",          PM_NODE_STRING,  0, NULL },
    { "2024-01-02",   PM_NODE_STRING,  0, NULL },
    { "\"1\"",        PM_NODE_STRING,  0, "1" },
    { "'true'",       PM_NODE_STRING,  0, "true" },
    { "''",           PM_NODE_STRING,  0, "" },
    { "\"\\u00e9\"",  PM_NODE_STRING,  0, "\xc3\xa9" },
    { "|-\n  12",     PM_NODE_STRING,  0, "12" },
    { ">-\n  a\n  b", PM_NODE_STRING,  0, "a b" },
    { "!!str 1",      PM_NODE_STRING,  0, "1" },
    { "!!str",        PM_NODE_STRING,  0, "" },
    { "! 1",          PM_NODE_STRING,  0, "1" },
    { "!",            PM_NODE_STRING,  0, "" },
    { "! null",       PM_NODE_STRING,  0, "null" },
    { "!!int \"3\"",  PM_NODE_NUMBER,  3, "3" },
    { "!!int 0xE",    PM_NODE_NUMBER,  14, "0xE" },
    { "!!float 3",    PM_NODE_NUMBER,  3, "3" },
    { "!!bool true",  PM_NODE_BOOLEAN, 1, "true" },
    { "!!null ''",    PM_NODE_NULL,    0, "" },
    { "!x 1",         PM_NODE_STRING,  0, "1" },
    { "!!binary aGk", PM_NODE_STRING,  0, "aGk" },
    { "a\n  b\n\n  c", PM_NODE_STRING, 0, "a b\nc" }
};


static void
test_core_schema(void **state)
{
    size_t                i;
    char                  text[64];
    double                number;
    pm_node_t            *node;
    pm_arena_t           *arena;
    pm_document_t        *document;
    const test_scalar_t  *s;

    for (i = 0; i < sizeof(test_scalars) / sizeof(test_scalars[0]); i++) {
        s = &test_scalars[i];
        arena = pm_arena_create();

        (void) snprintf(text, sizeof(text), "a: %s\n", s->text);
        document = test_parse(arena, "a.yaml", text, strlen(text));
        node = pm_node_get(document->roots[0], "a");

        if (node->kind != s->kind) {
            fail_msg("%s is %s", s->text, pm_node_kind_name(node));
        }

        number = (node->kind == PM_NODE_BOOLEAN) ? node->boolean
                                                 : node->number;

        if (isnan(s->number) ? !isnan(number) : number != s->number) {
            fail_msg("%s is %g", s->text, number);
        }

        assert_string_equal(node->text.data, s->value ? s->value : s->text);
        pm_arena_destroy(arena);
    }
}


typedef struct {
    const char  *name;
    const char  *text;
    const char  *message;
} test_fault_t;


static const test_fault_t  test_faults[] = {

    { "a.yaml", "a: 1\nb: 2\na: 3\n",
      "a.yaml:3:1: the key \"a\" is given twice, first in line 1" },
    { "a.yaml", "a:\n  \"b\": 1\n  'b': 2\n",
      "a.yaml:3:3: the key \"b\" is given twice, first in line 2" },
    { "a.yaml", "1: a\n\"1\": b\n",
      "a.yaml:2:1: the key \"1\" is given twice, first in line 1" },
    { "a.yaml", "a: &x b\nc: {b: 1, *x : 2}\n",
      "a.yaml:2:11: the key \"b\" is given twice, first in line 2" },
    { "a.yaml", "a: &x {}\n<<: *x\n<<: *x\n",
      "a.yaml:3:1: the key \"<<\" is given twice, first in line 2" },
    { "a.yaml", "a: {{ .Values.x }}\n",
      "a.yaml:1:5: a mapping cannot be a key; is this a template's {{ }}?" },
    { "a.yaml", "[a]: b\n",
      "a.yaml:1:1: a sequence cannot be a key; is this a template's {{ }}?" },
    { "a.yaml", "a: &x [1]\n*x : b\n",
      "a.yaml:2:1: a sequence cannot be a key; is this a template's {{ }}?" },
    { "a.yaml", "a: 1\n{{- if .x }}\nb: 1\n{{- end }}\n",
      "a.yaml:3:1: while scanning a simple key: could not find expected ':'; "
      "is this a template with {{ }}?" },
    { "a.yaml", "a: b: c\n",
      "a.yaml:1:5: mapping values are not allowed in this context" },
    { "a.yaml", "a: [1\n",
      "a.yaml:2:1: while parsing a flow sequence: did not find expected "
      "',' or ']'" },
    { "a.yaml", "\ta: 1\n",
      "a.yaml:1:1: while scanning for the next token: found character that "
      "cannot start any token" },
    { "a.yaml", "a: \"\\x\"\n",
      "a.yaml:1:7: while parsing a quoted scalar: did not find expected "
      "hexdecimal number" },
    { "a.yaml", "a: *x\n",
      "a.yaml:1:4: the alias *x has no anchor before it" },
    { "a.yaml", "a: &x 1\n---\nb: *x\n",
      "a.yaml:3:4: the alias *x has no anchor before it" },
    { "a.yaml", "a: *x\nb: &x 1\n",
      "a.yaml:1:4: the alias *x has no anchor before it" },
    { "a.yaml", "a: &x [1, *x]\n",
      "a.yaml:1:11: the alias *x stands inside its own anchor" },
    { "a.yaml", "&x a: 1\nb: &x\n  c: *x\n",
      "a.yaml:3:6: the alias *x stands inside its own anchor" },
    { "a.yaml", "a: !!int b\n",
      "a.yaml:1:10: \"b\" is not what its tag tag:yaml.org,2002:int says" },
    { "a.yaml", "a: !!int 1.5\n",
      "a.yaml:1:10: \"1.5\" is not what its tag tag:yaml.org,2002:int says" },
    { "a.yaml", "a: \"x\\0y\"\n",
      "a.yaml:1:4: a NUL in a string is not supported" },
    { "a.yaml", "\xc3\xa9: 1\nb: \xc3\xa9\xff\n",
      "a.yaml:2:5: the text is not valid UTF-8" },
    { "a.yaml", "\xff\xfe" "a",
      "a.yaml:1:1: the text is UTF-16; save it as UTF-8" },
    { "a.json", "\xfe\xff" "a",
      "a.json:1:1: the text is UTF-16; save it as UTF-8" },
    { "a.yaml", BOM "a: 1\nb: \x01\n",
      "a.yaml:2:4: control characters are not allowed" },

    { "a.json", "",
      "a.json:1:1: the text ends where a value should be" },
    { "a.json", "{\"a\":1,}",
      "a.json:1:8: \"}\" where a key in quotes should be" },
    { "a.json", "[1,]",
      "a.json:1:4: \"]\" where a value should be" },
    { "a.json", "[1 2]",
      "a.json:1:4: \"2\" where \",\" or \"]\" should be" },
    { "a.json", "{\"a\" 1}",
      "a.json:1:6: \"1\" where \":\" should be" },
    { "a.json", "{\"a\":1",
      "a.json:1:7: the text ends where \",\" or \"}\" should be" },
    { "a.json", "{a:1}",
      "a.json:1:2: \"a\" where a key in quotes should be" },
    { "a.json", "1 1",
      "a.json:1:3: \"1\" where the end should be" },
    { "a.json", "// c\n1",
      "a.json:1:1: \"/\" where a value should be" },
    { "a.json", "[\n  \xe2\x82\xac]",
      "a.json:2:3: \"\xe2\x82\xac\" where a value should be" },
    { "a.json", "{\"\xc3\xa9\":1,\r\n\"b\":2,\r\n\"\\u0062\":3}",
      "a.json:3:1: the key \"b\" is given twice, first in line 2" },
    { "a.json", "\"a\nb\"",
      "a.json:1:3: a control character in a string; escape it" },
    { "a.json", "\"a\tb\"",
      "a.json:1:3: a control character in a string; escape it" },
    { "a.json", "\"a",
      "a.json:1:3: the text ends where the end of a string should be" },
    { "a.json", "\"\\x\"",
      "a.json:1:3: \"x\" where an escape's character should be" },
    { "a.json", "\"\\u12g4\"",
      "a.json:1:6: \"g\" where a hexadecimal digit should be" },
    { "a.json", "\"\\ud83d\"",
      "a.json:1:8: half of a surrogate pair" },
    { "a.json", "\"\\ude00\\ud83d\"",
      "a.json:1:8: half of a surrogate pair" },
    { "a.json", "\"\\ud83d\\ud83d\"",
      "a.json:1:14: half of a surrogate pair" },
    { "a.json", "\"\\u0000\"",
      "a.json:1:1: a NUL in a string is not supported" },
    { "a.json", "01",
      "a.json:1:2: \"1\" where the end should be" },
    { "a.json", "[-]",
      "a.json:1:3: \"]\" where a digit should be" },
    { "a.json", "1.",
      "a.json:1:3: the text ends where a digit should be" },
    { "a.json", "1e+",
      "a.json:1:4: the text ends where a digit should be" },
    { "a.json", "+1",
      "a.json:1:1: \"+\" where a value should be" },
    { "a.json", ".5",
      "a.json:1:1: \".\" where a value should be" },
    { "a.json", "NaN",
      "a.json:1:1: \"N\" where a value should be" },
    { "a.json", "True",
      "a.json:1:1: \"T\" where a value should be" },
    { "a.json", "nul",
      "a.json:1:1: \"n\" where a value should be" },
    { "a.json", "'a'",
      "a.json:1:1: \"'\" where a value should be" }
};


static void
test_faults_name_place(void **state)
{
    size_t               i;
    pm_error_t           err;
    pm_arena_t          *arena;
    pm_document_t       *document;
    const test_fault_t  *f;

    for (i = 0; i < sizeof(test_faults) / sizeof(test_faults[0]); i++) {
        f = &test_faults[i];
        arena = pm_arena_create();

        if (pm_document_parse(arena, f->name, f->text, strlen(f->text),
                              &document, &err)
            != PM_INVALID)
        {
            fail_msg("parsed: %s", f->text);
        }

        assert_string_equal(err.message, f->message);
        pm_arena_destroy(arena);
    }
}


static void
test_json_tree(void **state)
{
    pm_node_t      *root, *node;
    pm_arena_t     *arena;
    pm_document_t  *document;

    static const char  text[] =
        BOM "{ \"a\\n\\u00e9\\ud83d\\ude00\\/\" : [ 1, -0.5e1 , true,\r\n"
        " false, null, {}, [] ],\n\"\xc3\xa9\":\"x\" }\n";

    arena = pm_arena_create();
    document = test_parse(arena, "x.json", text, sizeof(text) - 1);
    assert_true(document->json);
    assert_int_equal(document->nroots, 1);

    root = document->roots[0];
    test_node(document, root, NULL);
    assert_int_equal(root->kind, PM_NODE_MAPPING);
    assert_int_equal(root->style, PM_STYLE_FLOW);
    assert_int_equal(root->start, 3);
    assert_int_equal(root->end, sizeof(text) - 2);

    node = pm_node_get(root, "a\n\xc3\xa9\xf0\x9f\x98\x80/");
    assert_non_null(node);
    assert_int_equal(node->length, 7);
    assert_true(node->items[0]->number == 1);
    assert_true(node->items[1]->number == -5);
    assert_string_equal(node->items[1]->text.data, "-0.5e1");
    assert_int_equal(node->items[2]->kind, PM_NODE_BOOLEAN);
    assert_int_equal(node->items[2]->boolean, 1);
    assert_int_equal(node->items[3]->boolean, 0);
    assert_int_equal(node->items[4]->kind, PM_NODE_NULL);
    assert_int_equal(node->items[5]->length, 0);
    assert_int_equal(node->items[6]->kind, PM_NODE_SEQUENCE);
    assert_int_equal(node->items[3]->line, 2);
    assert_int_equal(node->items[3]->column, 2);

    node = pm_node_get(root, "\xc3\xa9");
    assert_memory_equal(text + node->start, "\"x\"", 3);
    assert_int_equal(node->style, PM_STYLE_DOUBLE);
    assert_int_equal(node->line, 3);
    assert_int_equal(node->column, 5);

    pm_arena_destroy(arena);
}


static void
test_roots(void **state)
{
    pm_arena_t     *arena;
    pm_document_t  *document;

    arena = pm_arena_create();

    document = test_parse(arena, "a.yaml", "", 0);
    assert_int_equal(document->nroots, 0);

    document = test_parse(arena, "a.yaml", BOM "# c\n", 7);
    assert_int_equal(document->nroots, 0);

    document = test_parse(arena, "a.yaml", "---\n---\na: 1\n---\n~\n", 19);
    assert_int_equal(document->nroots, 3);
    assert_null(document->roots[0]);
    assert_int_equal(document->roots[1]->kind, PM_NODE_MAPPING);
    assert_int_equal(document->roots[2]->kind, PM_NODE_NULL);
    assert_int_equal(document->roots[2]->line, 5);

    pm_arena_destroy(arena);
}


static void
test_aliases(void **state)
{
    pm_node_t      *root, *node;
    pm_arena_t     *arena;
    pm_document_t  *document;

    static const char  text[] =
        "a: &x {k: 1}\nb: *x\nc: &x 2\nd: [*x, *x]\ne: &y &z\n";

    arena = pm_arena_create();
    document = test_parse(arena, "a.yaml", text, sizeof(text) - 10);
    root = document->roots[0];

    assert_string_equal(pm_node_get(root, "a")->anchor.data, "x");

    /* the last anchor before the alias counts */

    node = pm_node_member(root, "b", 1)->value;
    assert_int_equal(node->kind, PM_NODE_ALIAS);
    assert_string_equal(node->text.data, "x");
    assert_ptr_equal(node->target, pm_node_get(root, "a"));
    assert_ptr_equal(pm_node_get(root, "b"), pm_node_get(root, "a"));
    assert_true(pm_node_get(node, "k")->number == 1);
    assert_null(pm_node_member(node, "k", 1));

    node = pm_node_get(root, "d");
    assert_ptr_equal(node->items[1]->target, pm_node_get(root, "c"));

    pm_arena_destroy(arena);
}


static void
test_members(void **state)
{
    int             i;
    char            key[16];
    size_t          size;
    char           *text;
    FILE           *file;
    pm_arena_t     *arena;
    pm_error_t      err;
    pm_document_t  *document;

    file = open_memstream(&text, &size);

    for (i = 0; i < 1000; i++) {
        fprintf(file, "k%d: %d\n", i * 7 % 1000, i * 7 % 1000);
    }

    fflush(file);

    arena = pm_arena_create();
    document = test_parse(arena, "a.yaml", text, size);

    for (i = 0; i < 1000; i++) {
        (void) snprintf(key, sizeof(key), "k%d", i);
        assert_true(pm_node_get(document->roots[0], key)->number == i);
    }

    assert_null(pm_node_get(document->roots[0], "k"));
    assert_null(pm_node_get(document->roots[0], "k1000"));
    assert_null(pm_node_get(NULL, "k"));
    assert_null(pm_node_get(document->roots[0]->members[0].key, "k"));

    /* of several, the first in the text is reported */

    fputs("k9: 1\nk0: 1\n", file);
    fclose(file);

    assert_int_equal(pm_document_parse(arena, "a.yaml", text, size,
                                       &document, &err),
                     PM_INVALID);
    assert_string_equal(err.message, "a.yaml:1001:1: the key \"k9\" is given "
                                     "twice, first in line 288");

    pm_arena_destroy(arena);
    free(text);
}


/* Parses count times "repeat" and then "end": the result, and the processor's
 * seconds, which do not depend on what else runs. */

static int
test_repeat(const char *name, const char *repeat, size_t count,
    const char *end, double *seconds, pm_error_t *err)
{
    int               rc;
    size_t            i, n, size;
    char             *text;
    pm_arena_t       *arena;
    pm_document_t    *document;
    struct timespec   from, to;

    n = strlen(repeat);
    size = n * count + strlen(end);
    text = malloc(size + 1);
    assert_non_null(text);

    for (i = 0; i < count; i++) {
        memcpy(text + i * n, repeat, n);
    }

    strcpy(text + n * count, end);
    arena = pm_arena_create();

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
    rc = pm_document_parse(arena, name, text, size, &document, err);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);

    *seconds = (double) (to.tv_sec - from.tv_sec)
               + (double) (to.tv_nsec - from.tv_nsec) / 1e9;

    pm_arena_destroy(arena);
    free(text);

    return rc;
}


static void
test_limits(void **state)
{
    double      seconds;
    size_t      i;
    pm_error_t  err;

    static const char *const  nested[] = {
        "[", "[\n", "- ", "? ", "{a: ", "[a: ", "{? "
    };

    /* 100 KB of brackets cost libyaml itself many seconds */

    for (i = 0; i < sizeof(nested) / sizeof(nested[0]); i++) {
        assert_int_equal(test_repeat("a.yaml", nested[i],
                                     100000 / strlen(nested[i]), "",
                                     &seconds, &err),
                         PM_INVALID);
        assert_non_null(strstr(err.message, "nested deeper than 64 levels"));
        assert_true(seconds < 5);
    }

    assert_int_equal(test_repeat("a.json", "[", 100000, "", &seconds, &err),
                     PM_INVALID);
    assert_string_equal(err.message,
                        "a.json:1:65: nested deeper than 64 levels");

    assert_int_equal(test_repeat("a.yaml", "- ", 64, "a", &seconds, &err), 0);
    assert_int_equal(test_repeat("a.yaml", "- ", 65, "a", &seconds, &err),
                     PM_INVALID);

    assert_int_equal(test_repeat("a.yaml", "#", 8 * 1024 * 1024, "",
                                 &seconds, &err),
                     0);
    assert_int_equal(test_repeat("a.yaml", "#", 8 * 1024 * 1024, "#",
                                 &seconds, &err),
                     PM_INVALID);
    assert_string_equal(err.message,
                        "a.yaml:1:1: the text is larger than 8 MiB");

    assert_int_equal(test_repeat("a.json", " [", 1, "1]", &seconds, &err), 0);
    assert_int_equal(test_repeat("a.yaml", "- a\n", 1100000, "", &seconds,
                                 &err),
                     PM_INVALID);
    assert_string_equal(err.message,
                        "a.yaml:1000000:3: more than 1000000 values");

    assert_int_equal(test_repeat("a.yaml", "%TAG !a! x\n", 100000, "---\n",
                                 &seconds, &err),
                     PM_INVALID);
    assert_string_equal(err.message,
                        "a.yaml:65:1: more than 64 %TAG directives");
}


/* Quadratic readers need minutes for these. */

static void
test_time_is_linear(void **state)
{
    double      seconds;
    pm_error_t  err;

    assert_int_equal(test_repeat("a.yaml", "- &a b\n- *a\n", 100000, "",
                                 &seconds, &err),
                     0);
    assert_true(seconds < 30);

    assert_int_equal(test_repeat("a.yaml", "- {a: 1, b: }\n", 100000, "",
                                 &seconds, &err),
                     0);
    assert_true(seconds < 30);

    assert_int_equal(test_repeat("a.yaml", "[", 1, "\xc3\xa9]", &seconds,
                                 &err),
                     0);

    assert_int_equal(test_repeat("a.json", "9", 8000000, "", &seconds, &err),
                     0);
    assert_true(seconds < 30);

    assert_int_equal(test_repeat("a.yaml", "-\n", 400000, "- \xc3\xa9\n",
                                 &seconds, &err),
                     0);
    assert_true(seconds < 30);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_scalar_ranges),
        cmocka_unit_test(test_collection_ranges),
        cmocka_unit_test(test_core_schema),
        cmocka_unit_test(test_faults_name_place),
        cmocka_unit_test(test_json_tree),
        cmocka_unit_test(test_roots),
        cmocka_unit_test(test_aliases),
        cmocka_unit_test(test_members),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_time_is_linear)
    };

    return cmocka_run_group_tests_name("document", tests, NULL, NULL);
}
