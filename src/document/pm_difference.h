/*
 * pm_difference.h: how the values of two texts differ, whatever else does:
 * for showing what a file becomes that is taken whole.
 *
 *   both are mappings          key by key
 *   both are sequences         of one length: item by item; else as a whole
 *   anything else              as a whole, where kind, text or tag differ
 *
 * Keys' order, comments and quotes make no difference; numbers are compared as
 * they are written.  Aliases are followed.  Documents of one text match those
 * of the other as they do for edits (pm_edit.h).
 */

#ifndef PM_DIFFERENCE_H
#define PM_DIFFERENCE_H


#include "document/pm_edit.h"


#define PM_DIFFERENCE_STEPS  1000000     /* values compared or shown */
#define PM_DIFFERENCE_DEPTH  256         /* levels, aliases followed */


/*
 * In the order of new, what only old has after it; "to" is NULL where a value
 * is gone; "document" is old's, or for one that old lacks new's.  cut: there
 * are more, which had no place.
 */

typedef struct {
    pm_edit_property_t  *properties;
    size_t               nproperties;
    unsigned             cut:1;
} pm_difference_t;


/*
 * limit: bytes of paths and values that are listed.  All is the arena's.  0,
 * or PM_UNAVAILABLE: out of memory.
 */
int pm_difference(pm_arena_t *arena, const pm_document_t *old,
    const pm_document_t *new, size_t limit, pm_difference_t *difference,
    pm_error_t *err);


#endif /* PM_DIFFERENCE_H */
