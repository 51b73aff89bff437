/*
 * pm_values.h: which values a planned file changes: those that were edited; of
 * one that is taken whole, those that differ, where both texts can be read.
 * For previews and pull requests.
 */

#ifndef PM_VALUES_H
#define PM_VALUES_H


#include "document/pm_difference.h"
#include "promotion/pm_selection.h"


/* 1 if its texts are to be read for that: it is a YAML or JSON file on both
 * sides that was not edited value by value. */
int pm_values_want_texts(const pm_selection_file_t *file);

/*
 * old and new: its whole texts, of one that pm_values_want_texts, else NULL.
 * limit: bytes of paths and values that are listed.  A file without values,
 * or with a text that cannot be read, has none.  All is the arena's or the
 * plan's.  0, or PM_UNAVAILABLE: out of memory.
 */
int pm_values(pm_arena_t *arena, const pm_selection_file_t *file,
    const pm_string_t *old, const pm_string_t *new, size_t limit,
    pm_difference_t *values, pm_error_t *err);


#endif /* PM_VALUES_H */
