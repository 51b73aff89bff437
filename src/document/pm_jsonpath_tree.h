/*
 * pm_jsonpath_tree.h: a compiled expression, and what its parts share while
 * it is parsed and evaluated.  Only pm_jsonpath*.c include it.
 */

#ifndef PM_JSONPATH_TREE_H
#define PM_JSONPATH_TREE_H


#include "document/pm_iregexp.h"
#include "document/pm_jsonpath.h"

#include <stdint.h>


typedef struct pm_jsonpath_segment_s   pm_jsonpath_segment_t;
typedef struct pm_jsonpath_selector_s  pm_jsonpath_selector_t;
typedef struct pm_jsonpath_logic_s     pm_jsonpath_logic_t;
typedef struct pm_jsonpath_call_s      pm_jsonpath_call_t;
typedef struct pm_jsonpath_eval_s      pm_jsonpath_eval_t;


typedef struct {
    pm_jsonpath_segment_t   *segments;
    unsigned                 absolute:1;   /* from $, else from @ */
    unsigned                 singular:1;   /* RFC 9535's singular-query */
} pm_jsonpath_query_t;


struct pm_jsonpath_segment_s {
    pm_jsonpath_segment_t   *next;
    pm_jsonpath_selector_t  *selectors;
    unsigned                 descendant:1;
};


typedef enum {
    PM_JSONPATH_NAME,
    PM_JSONPATH_WILDCARD,
    PM_JSONPATH_INDEX,
    PM_JSONPATH_SLICE,
    PM_JSONPATH_FILTER
} pm_jsonpath_selector_kind_t;


struct pm_jsonpath_selector_s {
    pm_jsonpath_selector_t      *next;
    pm_jsonpath_selector_kind_t  kind;
    pm_string_t                  name;
    int64_t                      start;     /* also the index */
    int64_t                      end;
    int64_t                      step;
    unsigned                     has_start:1;
    unsigned                     has_end:1;
    pm_jsonpath_logic_t         *filter;
};


/* Types of RFC 9535, 2.4.1.  A value is a node, NULL being Nothing. */

typedef enum {
    PM_JSONPATH_VALUE,
    PM_JSONPATH_LOGICAL,
    PM_JSONPATH_NODELIST
} pm_jsonpath_type_t;


typedef enum {
    PM_JSONPATH_LITERAL,
    PM_JSONPATH_QUERY,
    PM_JSONPATH_CALL
} pm_jsonpath_operand_kind_t;


/* One side of a comparison, or an argument. */

typedef struct {
    pm_jsonpath_operand_kind_t   kind;
    pm_node_t                    literal;
    pm_jsonpath_query_t          query;
    pm_jsonpath_call_t          *call;
} pm_jsonpath_operand_t;


typedef struct {
    const char          *name;
    pm_jsonpath_type_t   result;
    unsigned             nparameters;
    pm_jsonpath_type_t   parameters[2];

    /* the one that result asks for */
    int                (*value)(pm_jsonpath_eval_t *eval,
                             const pm_jsonpath_call_t *call,
                             const pm_node_t *current, pm_node_t *scratch,
                             const pm_node_t **value);
    int                (*logical)(pm_jsonpath_eval_t *eval,
                             const pm_jsonpath_call_t *call,
                             const pm_node_t *current, int *result);

    unsigned             pattern:1;     /* the second argument is one */
    unsigned             search:1;
} pm_jsonpath_function_t;


struct pm_jsonpath_call_s {
    const pm_jsonpath_function_t  *function;
    pm_jsonpath_operand_t          arguments[2];
    pm_iregexp_t                  *regexp;     /* of a literal pattern; NULL:
                                                  it is no I-Regexp */
};


typedef enum {
    PM_JSONPATH_OR,
    PM_JSONPATH_AND,
    PM_JSONPATH_COMPARE,
    PM_JSONPATH_EXISTS,
    PM_JSONPATH_TEST
} pm_jsonpath_logic_kind_t;


typedef enum {
    PM_JSONPATH_EQ,
    PM_JSONPATH_NE,
    PM_JSONPATH_LE,
    PM_JSONPATH_GE,
    PM_JSONPATH_LT,
    PM_JSONPATH_GT
} pm_jsonpath_comparison_t;


struct pm_jsonpath_logic_s {
    pm_jsonpath_logic_t         *next;      /* in the list of terms */
    pm_jsonpath_logic_kind_t     kind;
    unsigned                     negated:1;
    pm_jsonpath_logic_t         *terms;     /* OR, AND */
    pm_jsonpath_comparison_t     comparison;
    pm_jsonpath_operand_t        left;      /* EXISTS: its query; TEST: its
                                               call */
    pm_jsonpath_operand_t        right;
};


struct pm_jsonpath_s {
    pm_string_t                  text;
    pm_jsonpath_query_t          query;
    unsigned                     whole:1;
};


/* Parsing. */

typedef struct {
    pm_arena_t      *arena;
    const char      *text;
    const char      *p;           /* the next character */
    const char      *end;
    unsigned         nesting;
    unsigned         selectors;
    pm_error_t      *err;
} pm_jsonpath_parser_t;


/* pm_jsonpath_lex.c.  "at" is where the fault is. */

int pm_jsonpath_fail(pm_jsonpath_parser_t *parser, pm_code_t code,
    const char *at, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* "expected <what>, found '<character at at>'". */
int pm_jsonpath_expected(pm_jsonpath_parser_t *parser, const char *at,
    const char *what);

void pm_jsonpath_skip_blanks(pm_jsonpath_parser_t *parser);

/* The character at p, or -1 at the end. */
int pm_jsonpath_peek(const pm_jsonpath_parser_t *parser);

/* 1, and behind it, if the text goes on so. */
int pm_jsonpath_accept(pm_jsonpath_parser_t *parser, const char *token);

/* 1 if p is at the first character of a member-name-shorthand. */
int pm_jsonpath_at_name(const pm_jsonpath_parser_t *parser);
pm_string_t pm_jsonpath_lex_name(pm_jsonpath_parser_t *parser);

int pm_jsonpath_lex_string(pm_jsonpath_parser_t *parser, pm_string_t *string);
int pm_jsonpath_lex_integer(pm_jsonpath_parser_t *parser, int64_t *integer);
int pm_jsonpath_lex_number(pm_jsonpath_parser_t *parser, pm_node_t *node);


/* pm_jsonpath_parse.c: from behind the $ or @. */

int pm_jsonpath_parse_segments(pm_jsonpath_parser_t *parser,
    pm_jsonpath_query_t *query);

/* pm_jsonpath_operand.c */

/* A literal, a query, or a function. */
int pm_jsonpath_parse_operand(pm_jsonpath_parser_t *parser,
    pm_jsonpath_operand_t *operand);

/* PM_INVALID unless it has one value; at: where it starts. */
int pm_jsonpath_check_value(pm_jsonpath_parser_t *parser, const char *at,
    const pm_jsonpath_operand_t *operand);

/* One "(" more, which whoever leaves it counts down in nesting. */
int pm_jsonpath_enter_nesting(pm_jsonpath_parser_t *parser);

/* pm_jsonpath_logic.c */

int pm_jsonpath_parse_logic(pm_jsonpath_parser_t *parser,
    pm_jsonpath_logic_t **logic);


/* Evaluating. */

struct pm_jsonpath_eval_s {
    const pm_jsonpath_t  *jsonpath;
    const pm_node_t      *root;
    pm_arena_t           *arena;
    pm_jsonpath_limits_t  limits;
    size_t                steps;          /* left */
    unsigned              depth;
    pm_iregexp_t         *regexp;         /* the last that came from the */
    pm_string_t           pattern;        /*   document, and its text */
    unsigned              search:1;
    pm_error_t           *err;
};


/* Who takes the nodes of a query, and after how many it has enough. */

typedef struct {
    size_t                count;
    size_t                enough;         /* 0: takes all */
    const pm_node_t      *node;           /* the last */
    pm_jsonpath_nodes_t  *nodes;          /* NULL: only counts */
} pm_jsonpath_sink_t;


/* Functions return 0 or a code, with the error filled. */

/* pm_jsonpath.c */

int pm_jsonpath_run(pm_jsonpath_eval_t *eval,
    const pm_jsonpath_query_t *query, const pm_node_t *current,
    pm_jsonpath_sink_t *sink);
int pm_jsonpath_charge(pm_jsonpath_eval_t *eval, size_t steps);
int pm_jsonpath_deeper(pm_jsonpath_eval_t *eval);

/* pm_jsonpath_filter.c; scratch holds a value that is in no document. */

int pm_jsonpath_test(pm_jsonpath_eval_t *eval,
    const pm_jsonpath_logic_t *logic, const pm_node_t *current, int *result);
int pm_jsonpath_operand(pm_jsonpath_eval_t *eval,
    const pm_jsonpath_operand_t *operand, const pm_node_t *current,
    pm_node_t *scratch, const pm_node_t **value);

/* pm_jsonpath_function.c: NULL, if no function is called so. */

const pm_jsonpath_function_t *pm_jsonpath_function(const char *name,
    size_t len);


#endif /* PM_JSONPATH_TREE_H */
