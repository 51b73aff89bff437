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
    size_t           end;        /*   and tag; quotes included */
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
};


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
 * UTF-8, malformed, a duplicate key (names both lines), depth over 64, over
 * 8 MiB, an alias to nothing.  Time is linear in the text.
 *
 * The document is the arena's; text and name must outlive it.
 */
int pm_document_parse(pm_arena_t *arena, const char *name, const char *text,
    size_t len, pm_document_t **document, pm_error_t *err);

/* The value of a key of a mapping (aliases followed), or NULL: no mapping,
 * no such key. */
pm_node_t *pm_node_get(const pm_node_t *mapping, const char *key);

/* The node itself, or what an alias stands for. */
pm_node_t *pm_node_resolve(pm_node_t *node);

/* "a mapping", "a string", …: for messages. */
const char *pm_node_kind_name(const pm_node_t *node);


#endif /* PM_DOCUMENT_H */
