/*
 * pm_document.h: YAML and JSON text as a tree whose nodes know their bytes.
 *
 * The tree is read-only and points into the text, which the caller keeps for
 * as long as the tree.  Ranges are byte offsets [start, end) into the whole
 * text, BOM included.
 */

#ifndef PM_DOCUMENT_H
#define PM_DOCUMENT_H


#include "base/pm_arena.h"
#include "base/pm_error.h"
#include "base/pm_string.h"

#include <stdint.h>


#define PM_DOCUMENT_DEPTH  64
#define PM_DOCUMENT_SIZE   (8 * 1024 * 1024)
#define PM_DOCUMENT_NODES  1000000         /* bounds memory: "[1,1,1,…" */


typedef enum {
    PM_NODE_NULL,
    PM_NODE_BOOLEAN,
    PM_NODE_NUMBER,
    PM_NODE_STRING,
    PM_NODE_SEQUENCE,
    PM_NODE_MAPPING,
    PM_NODE_ALIAS                /* YAML: *name; target is the anchored node */
} pm_node_kind_t;


typedef enum {
    PM_STYLE_PLAIN,              /* also JSON literals */
    PM_STYLE_SINGLE,
    PM_STYLE_DOUBLE,             /* also JSON strings */
    PM_STYLE_LITERAL,            /* | */
    PM_STYLE_FOLDED,             /* > */
    PM_STYLE_BLOCK,              /* collections */
    PM_STYLE_FLOW                /* collections; all of JSON's */
} pm_style_t;


typedef struct pm_node_s    pm_node_t;
typedef struct pm_member_s  pm_member_t;

struct pm_member_s {
    pm_node_t    *key;
    pm_node_t    *value;
};


struct pm_node_s {
    pm_node_kind_t   kind;
    pm_style_t       style;
    uint32_t         line;       /* 1-based */
    uint32_t         column;     /* 1-based, in characters */
    size_t           start;      /* the value's own bytes: after its anchor */
    size_t           end;        /*   and tag; see below */
    pm_string_t      anchor;     /* its &name, or empty */
    pm_string_t      tag;        /* explicit tag, or empty */
    const pm_node_t *parent;     /* NULL: the root */

    pm_string_t      text;       /* scalars: the value, unescaped; aliases:
                                    the name.  NUL-terminated */
    double           number;     /* NUMBER */
    int              boolean;    /* BOOLEAN */
    pm_node_t       *target;     /* ALIAS */

    size_t           length;     /* of the collections below */
    pm_node_t      **items;      /* SEQUENCE */
    pm_member_t     *members;    /* MAPPING, in the text's order */
    pm_member_t    **sorted;     /* large ones only: for pm_node_member() */
};


/*
 * What [start, end) is, besides the plain case:
 *
 * - quoted scalars: quotes included;
 * - block scalars (| and >): from the indicator to the newline after the last
 *   line, which is included; blank lines after it belong to the value only
 *   with "+";
 * - flow collections: brackets included; block collections: from the first
 *   key or "-" to the end of the last value;
 * - the pair in [a: b]: a mapping of style FLOW from a to the end of b;
 * - missing values: nothing, right after the ":", "-" or "?", or after the
 *   anchor and tag; kind NULL, and text is "";
 * - aliases: *name.
 *
 * Keys are scalars, or aliases of scalars: a collection as a key is refused,
 * since neither JSON nor JSONPath has them (and a template's "{{ x }}" is
 * one).  "<<" is a key like any other; nothing is merged.
 */


typedef struct {
    const char   *name;          /* for errors: values.yaml */
    pm_string_t   text;
    pm_node_t   **roots;         /* one a document; NULL where it is empty */
    size_t        nroots;
    unsigned      json:1;
} pm_document_t;


/*
 * Reads text as JSON (RFC 8259) if the name ends in ".json", else as YAML
 * (1.1 as libyaml reads it; scalars by the YAML 1.2 core schema, with no
 * "yes" or "on" as booleans).  0, or PM_INVALID with name:line:column: not
 * UTF-8, malformed, a duplicate key (names both lines; keys are compared as
 * text), depth over 64, over 8 MiB or a million values, a NUL in a string
 * (\0, \u0000), an alias to nothing or to what it stands in.  Time is that of
 * reading and, in large mappings, of sorting the keys.
 *
 * A number too large for a double is an infinity; its text is what counts.
 * An empty YAML text has no roots; an empty JSON text is malformed.
 *
 * Aliases never form a cycle, but what they stand for may grow exponentially
 * when expanded: who follows them while walking must count.
 *
 * The document is the arena's; text and name must outlive it.
 */
int pm_document_parse(pm_arena_t *arena, const char *name, const char *text,
    size_t len, pm_document_t **document, pm_error_t *err);

/* The value of a key of a mapping, or NULL: no mapping, no such key.  Both
 * the mapping and the value may be aliases, which are followed: the value's
 * bytes may lie elsewhere, so that edits use pm_node_member(). */
pm_node_t *pm_node_get(const pm_node_t *mapping, const char *key);

/* The member itself, its value perhaps an alias; NULL as above (an alias in
 * place of the mapping is not followed).  Logarithmic in large mappings. */
pm_member_t *pm_node_member(const pm_node_t *mapping, const char *key,
    size_t len);

/* The node itself, or what an alias stands for. */
pm_node_t *pm_node_resolve(const pm_node_t *node);

/* "a mapping", "a string", …: for messages. */
const char *pm_node_kind_name(const pm_node_t *node);


#endif /* PM_DOCUMENT_H */
