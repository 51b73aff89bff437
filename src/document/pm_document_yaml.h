/*
 * pm_document_yaml.h: a YAML text that is being read, libyaml's marks as byte
 * ranges.  Private to this room.
 */

#ifndef PM_DOCUMENT_YAML_H
#define PM_DOCUMENT_YAML_H


#include "document/pm_document_build.h"

#include <yaml.h>


typedef struct {
    pm_builder_t     *builder;
    const char       *text;
    size_t            len;

    /* the cursor: a character's number in libyaml's count, and its byte */

    size_t            index;
    size_t            offset;

    /* where the last token ended, and the last value */

    pm_place_t        last;
    size_t            end;

    /* from the one to the other byte are blanks and comments only: what
       several missing values end at is looked through once */

    size_t            blank_from;
    size_t            blank_to;

    pm_node_t        *open[PM_DOCUMENT_DEPTH];
    size_t            base[PM_DOCUMENT_DEPTH];
    size_t            depth;

    /* of the current document */

    pm_node_list_t    anchors;
    pm_node_list_t    aliases;
    pm_node_list_t    mappings;
} pm_yaml_t;


/* pm_document_yaml_event.c: what an event adds to the tree. */
int pm_yaml_event(pm_yaml_t *y, const yaml_event_t *event);


/* The place of a mark: of its byte, where the mark counts characters. */
pm_place_t pm_yaml_place(pm_yaml_t *y, const yaml_mark_t *mark);

/* Moves the place over up to n anchors and tags, and what follows them, but
 * not over the end.  Says whether there was a tag. */
int pm_yaml_skip_properties(pm_yaml_t *y, pm_place_t *place, size_t end,
    int n);

/*
 * Where a missing value would stand: after the last indicator between the
 * token before it and its mark, which may be that of the token after it.
 */
pm_place_t pm_yaml_missing(pm_yaml_t *y, size_t mark);

/* The true end of a block scalar.  Blank lines after it are not its own,
 * unless it has a "+". */
size_t pm_yaml_block_end(const pm_yaml_t *y, size_t start, size_t end);

/* At a document's end, when all of its ranges are known: finds the aliases'
 * targets, then checks the mappings' keys.  0 or a code. */
int pm_yaml_finish(pm_yaml_t *y);


#endif /* PM_DOCUMENT_YAML_H */
