/*
 * pm_record.h: the resolved input of a promotion as one JSON text: what its
 * record in Redis holds, so that any leader can plan it, whatever its own
 * catalog says.  It has no secrets.
 */

#ifndef PM_RECORD_H
#define PM_RECORD_H


#include "base/pm_buffer.h"
#include "promotion/pm_promotion.h"


/* The text of all but the id, the arena's.  0 or PM_UNAVAILABLE. */
int pm_record_encode(pm_arena_t *arena, const pm_promotion_t *promotion,
    pm_string_t *text, pm_error_t *err);

/*
 * Reads such a text; all that is returned is the arena's.  What Redis holds
 * is not trusted: PM_INTERNAL says what is wrong with it.
 */
int pm_record_decode(pm_arena_t *arena, const char *id, const char *text,
    size_t len, pm_promotion_t *promotion, pm_error_t *err);


#endif /* PM_RECORD_H */
