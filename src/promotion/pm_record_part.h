/*
 * pm_record_part.h: a part of a promotion in its record:
 *
 *   {"source": place, "destination": place,
 *    "files"?: [[from's name, its path, to's name, its path], …], "plain"?}
 *
 * where a place is {"repository", "user"?, "branch"?, "path"?, "valueFiles"?};
 * one of value files (which has "files") has no path.
 *
 * Inside the promotion room only.
 */

#ifndef PM_RECORD_PART_H
#define PM_RECORD_PART_H


#include "promotion/pm_promotion.h"

#include <jansson.h>


/* A new reference; NULL: out of memory. */
json_t *pm_record_part_json(const pm_part_t *part);

/* The part, zeroed before, from its JSON; all is copied into the arena.
 * PM_INTERNAL: damaged; PM_UNAVAILABLE: memory. */
int pm_record_part(pm_arena_t *arena, const json_t *json, pm_part_t *part,
    pm_error_t *err);


#endif /* PM_RECORD_PART_H */
