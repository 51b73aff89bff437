/*
 * pm_document_json.h: a JSON text that is being read.  Only
 * pm_document_json*.c include it.
 */

#ifndef PM_DOCUMENT_JSON_H
#define PM_DOCUMENT_JSON_H


#include "base/pm_buffer.h"
#include "document/pm_document_build.h"


typedef struct {
    pm_builder_t   *builder;
    const char     *text;
    size_t          len;
    size_t          offset;
    pm_place_t      place;       /* moves on from node to node */
    pm_buffer_t     string;      /* the one being unescaped */
    size_t          depth;
} pm_json_t;


/* The byte at the offset, or -1 at the end; of each byte, hence here. */

static inline int
pm_json_peek(const pm_json_t *j)
{
    return j->offset < j->len ? (unsigned char) j->text[j->offset] : -1;
}


/* pm_document_json_token.c */

/* What is wrong at the offset: what there is; what should be there instead. */
int pm_json_fault(pm_json_t *j, const char *what);
int pm_json_unexpected(pm_json_t *j, const char *wanted);

/* A node that begins at the offset. */
int pm_json_node(pm_json_t *j, pm_node_kind_t kind, pm_style_t style,
    pm_node_t **result);

/* What begins at the offset, which is known to be
 * a quote; a digit or "-"; the word's first letter.  The offset moves on. */
int pm_json_string(pm_json_t *j, pm_node_t **result);
int pm_json_number(pm_json_t *j, pm_node_t **result);
int pm_json_literal(pm_json_t *j, const char *word, pm_node_kind_t kind,
    pm_node_t **result);


#endif /* PM_DOCUMENT_JSON_H */
