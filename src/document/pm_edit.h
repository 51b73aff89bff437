/*
 * pm_edit.h: selected values of one document written into another one's
 * text, byte for byte.
 *
 * What JSONPaths select in the source is written to the same normalized path
 * of the destination.  All other bytes of the destination stay: comments,
 * indentation, the order of keys, quotes, line breaks, byte order mark.
 *
 *   source             destination      what happens
 *   scalar             scalar           the value's bytes are replaced
 *   mapping            mapping          key by key, downwards; a key that only
 *                                       the source has is inserted, after the
 *                                       key that precedes it in the source,
 *                                       else at the end; one that only the
 *                                       destination has stays
 *   sequence           sequence         becomes the source's (see below)
 *   any                missing          inserted, its parents too
 *   missing            any              nothing; the selector is "skipped"
 *   any                null             replaced
 *   any                another kind     replaced as a whole
 *   a parent of what   neither its      PM_UNPROCESSABLE: replacing it would
 *   is selected        kind nor null    touch what nobody selected
 *
 * Sequences.  As many items on both sides are compared one by one: equal ones
 * stay as they are; of two mappings with the same keys and the same first
 * value, only the values that differ are edited; any other item is replaced
 * as a whole.  If there are more or fewer, this is done with those that
 * correspond at both ends, and what is left between them is replaced as a
 * whole.  Comments inside of what is replaced go with it.  Where an exclusion
 * lies inside a sequence, its items are merged like mappings, which takes as
 * many in the source as in the destination.  Below a sequence that is not
 * itself selected ($.list[*].tag), items are matched by their index, and new
 * ones may only follow the last.
 *
 * Equal.  Nothing is edited where the values are equal: the same kind, tag
 * and text, however it is quoted.  Numbers and booleans are compared as they
 * are written: 1.10 is not 1.1.  A string that YAML 1.1
 * takes for something else when it is plain (yes, 1_000, 12:30, 2001-01-01)
 * is equal only to one that is plain too, or quoted too.
 *
 * Spelling.  A new value keeps the source's spelling and quotes; block
 * scalars and values of several lines are indented anew.  Where its spelling
 * would mean something else (a plain "a, b" between brackets, several lines
 * in a key, YAML in JSON), it is quoted with escapes.  Collections of several
 * lines take the destination's indentation and its way of writing dashes;
 * one-line objects stay on one line.  Comments, anchors and aliases of the
 * source do not move: what an alias stands for does.  Local tags (!name) do;
 * a merge key of the source cannot (PM_UNPROCESSABLE).
 *
 * Shared values.  Nothing is edited through an alias or a merge key, and an
 * anchored value that aliases share is edited only if the result is what is
 * intended for every one of them, too: all of them were selected, or all are
 * equal.
 *
 * Several documents.  Those with apiVersion, kind and metadata.name match
 * theirs (metadata.namespace decides between equal ones); others match by
 * position; where both sides have one document, these two match.
 *
 * The result is parsed again and compared, value for value, with what was
 * intended, and byte for byte outside of the edited ranges, by code that
 * knows nothing of how it was edited: if it differs, PM_UNPROCESSABLE, and
 * there is no result.
 */

#ifndef PM_EDIT_H
#define PM_EDIT_H


#include "document/pm_document.h"
#include "document/pm_jsonpath.h"


#define PM_EDIT_DOCUMENTS  10000      /* in one text */
#define PM_EDIT_PICKS      200000     /* values selected or excluded */
#define PM_EDIT_WAYS       8000000    /* levels down to all of them */
#define PM_EDIT_STEPS      20000000   /* values compared, aliases followed */
#define PM_EDIT_DEPTH      512        /* levels, aliases followed */


typedef enum {
    PM_EDIT_SOURCE,
    PM_EDIT_DESTINATION
} pm_edit_side_t;


typedef struct {
    size_t                document;   /* of the destination, from 0 */
    const char           *path;       /* JSON pointer (RFC 6901) */
    const char           *from;       /* JSON text; NULL: was missing */
    const char           *to;         /* JSON text */
} pm_edit_property_t;


/* Bytes [start, end) of the destination's text, and what replaces them. */

typedef struct {
    size_t                start;
    size_t                end;
    pm_string_t           text;
} pm_edit_range_t;


typedef struct {
    pm_string_t           text;       /* if unchanged, the destination's own */
    unsigned              changed:1;
    pm_edit_property_t   *properties; /* in the order of the source */
    size_t                nproperties;
    const char          **skipped;    /* selectors: nothing in the source */
    size_t                nskipped;
    pm_edit_range_t      *ranges;     /* ascending, apart */
    size_t                nranges;
} pm_edit_result_t;


/*
 * pm_document_parse() for promotions: a text that cannot be read is
 * PM_UNPROCESSABLE, says on which side it is, and that the file can be
 * promoted whole.
 */
int pm_edit_parse(pm_arena_t *arena, pm_edit_side_t side, const char *name,
    const char *text, size_t len, pm_document_t **document, pm_error_t *err);

/*
 * Writes what paths select in the source, and excludes do not, into the
 * destination; what excludes select in the destination stays.  "*" selects
 * the root: promoting a whole file, comments included, is the caller's.
 *
 * 0, and result is the arena's (and refers to the documents); or
 * PM_UNPROCESSABLE with the destination's name:line:column, or
 * PM_UNAVAILABLE.
 */
int pm_edit(pm_arena_t *arena, const pm_document_t *source,
    const pm_document_t *destination, const pm_jsonpath_t *const *paths,
    size_t npaths, const pm_jsonpath_t *const *excludes, size_t nexcludes,
    pm_edit_result_t *result, pm_error_t *err);


#endif /* PM_EDIT_H */
