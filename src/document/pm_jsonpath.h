/*
 * pm_jsonpath.h: JSONPath (RFC 9535) over the document model.
 *
 * All of RFC 9535: every selector, filters with their functions, and its
 * rules on what a valid query is, checked when the expression is compiled.
 * Two spellings of templates are accepted besides: "*" alone is the whole
 * file, and "$name" is "$.name".
 *
 * What a YAML document has and JSON has not:
 * - an alias is followed.  A node that was reached through one says so: it
 *   is shared, and must not be edited there;
 * - a key that is no string matches by its text: $['8080'];
 * - a merge key is a member called "<<": what it stands for is selected
 *   below it, through its alias;
 * - numbers compare as doubles, or, where one of two decimal integers does
 *   not fit into 53 bits, digit by digit.
 *
 * The expression and the document may both be hostile: every size below is
 * a bound, and time and memory follow from them.
 */

#ifndef PM_JSONPATH_H
#define PM_JSONPATH_H


#include "document/pm_document.h"


#define PM_JSONPATH_SIZE       4096     /* bytes of an expression */
#define PM_JSONPATH_NESTING    32       /* filters, parentheses, functions
                                           inside one another */
#define PM_JSONPATH_SELECTORS  256      /* in one expression */
#define PM_JSONPATH_DEPTH      512      /* levels below one another, aliases
                                           followed, filters included */
#define PM_JSONPATH_STEPS      2000000
#define PM_JSONPATH_NODES      100000


/* A compiled expression: constant, and usable by several threads at once. */

typedef struct pm_jsonpath_s  pm_jsonpath_t;


/* 0: the defaults above. */

typedef struct {
    size_t             steps;    /* nodes looked at: 20 to 50 ns each */
    size_t             nodes;    /* in the result */
} pm_jsonpath_limits_t;


/* Where a node was found: the way from it up to the root. */

typedef struct pm_path_s  pm_path_t;

struct pm_path_s {
    const pm_path_t   *parent;   /* NULL: this is the root */
    const pm_node_t   *node;     /* as written: may be an alias */
    const pm_node_t   *key;      /* of a member, never an alias; NULL: an
                                    item, or the root */
    size_t             index;    /* of the item or the member */
    size_t             depth;    /* 0: the root */
};


typedef struct {
    const pm_node_t   *node;     /* never an alias */
    const pm_path_t   *path;
    unsigned           through_alias:1;
} pm_jsonpath_node_t;


typedef struct {
    pm_jsonpath_node_t  *items;  /* in the order of RFC 9535; members in the
                                    text's; a node may be there twice */
    size_t               length;
    size_t               size;   /* allocated */
} pm_jsonpath_nodes_t;


/*
 * Compiles an expression.  The result and a copy of the text are the
 * arena's.  0, or
 *   PM_INVALID        malformed or not well-typed: what was expected, and
 *                     err->column (in characters, from 1);
 *   PM_UNPROCESSABLE  over one of the bounds;
 *   PM_UNAVAILABLE    out of memory.
 */
int pm_jsonpath_compile(pm_arena_t *arena, const char *text, size_t len,
    pm_jsonpath_t **jsonpath, pm_error_t *err);

/* 1 for "*" alone: the whole file.  Selecting gives the root. */
int pm_jsonpath_is_whole(const pm_jsonpath_t *jsonpath);

/* The expression as it was written; NUL-terminated. */
pm_string_t pm_jsonpath_text(const pm_jsonpath_t *jsonpath);

/*
 * Fills nodes with what the expression selects below root (NULL, an empty
 * document: nothing).  Nodes and paths are the arena's, and refer to the
 * document.  0, PM_UNPROCESSABLE (a limit; nodes is then of no use), or
 * PM_UNAVAILABLE.
 */
int pm_jsonpath_select(const pm_jsonpath_t *jsonpath, const pm_node_t *root,
    pm_arena_t *arena, pm_jsonpath_limits_t limits,
    pm_jsonpath_nodes_t *nodes, pm_error_t *err);


/*
 * A path as text, NUL-terminated, of the arena; data is NULL when out of
 * memory.  Normalized (RFC 9535, 2.7): $['image']['tags'][0].  A pointer
 * (RFC 6901): /image/tags/0; the root's is empty.
 */
pm_string_t pm_path_normalized(pm_arena_t *arena, const pm_path_t *path);
pm_string_t pm_path_pointer(pm_arena_t *arena, const pm_path_t *path);


#endif /* PM_JSONPATH_H */
