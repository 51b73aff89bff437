/*
 * pm_document_build.h: what the YAML and the JSON reader share.  Private to
 * this room.
 */

#ifndef PM_DOCUMENT_BUILD_H
#define PM_DOCUMENT_BUILD_H


#include "document/pm_document.h"


/* A place in the text: the offset in bytes, line and column from 1. */

typedef struct {
    size_t          offset;
    uint32_t        line;
    uint32_t        column;
} pm_place_t;


/* Nodes on the heap, in the order of their arrival. */

typedef struct {
    pm_node_t     **nodes;
    size_t          n;
    size_t          size;
} pm_node_list_t;


/*
 * "pending" holds the children of all open collections, those of the
 * innermost one last: closing a collection takes them off its end.
 */

typedef struct {
    pm_arena_t      *arena;
    pm_document_t   *document;
    pm_error_t      *err;
    pm_node_list_t   pending;
    pm_node_list_t   roots;
    size_t           nodes;
} pm_builder_t;


/* Both fill builder->document, whose text is valid UTF-8.  0 or a code. */
int pm_document_yaml(pm_builder_t *builder);
int pm_document_json(pm_builder_t *builder);

/* Moves the place on to the offset, counting lines as libyaml does (also by
 * NEL, LS and PS), or as JSON's readers do. */
void pm_place_advance(const pm_document_t *document, pm_place_t *place,
    size_t offset);

/* The length in bytes of the line break at p, or 0.  left is not 0. */
size_t pm_place_break(const pm_document_t *document, const char *p,
    size_t left);

/* A fault at a place. */
int pm_builder_fault(pm_builder_t *builder, const pm_place_t *place,
    const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* A zeroed node at the place.  0 or a code: too many, no memory. */
int pm_builder_node(pm_builder_t *builder, pm_node_kind_t kind,
    pm_style_t style, const pm_place_t *place, pm_node_t **result);

/* 0, or a code with the error set: no memory. */
int pm_builder_append(pm_builder_t *builder, pm_node_list_t *list,
    pm_node_t *node);

/* Copies text into the node; a NUL within is refused. */
int pm_builder_text(pm_builder_t *builder, pm_node_t *node, const char *text,
    size_t len);

/* Gives the collection the children pending from "base" on. */
int pm_builder_close(pm_builder_t *builder, pm_node_t *collection,
    size_t base);

/* Refuses collections as keys and duplicate keys; sorts a large mapping.
 * The targets of aliases must be known. */
int pm_builder_keys(pm_builder_t *builder, pm_node_t *mapping);

/*
 * The kind of a plain scalar by the core schema (YAML 1.2.2, 10.3.2): fills
 * kind, number and boolean from the node's text.
 */
void pm_scalar_resolve(pm_node_t *node);

/* By an explicit tag: 0, or -1 if the text does not fit it. */
int pm_scalar_resolve_tag(pm_node_t *node);


#endif /* PM_DOCUMENT_BUILD_H */
