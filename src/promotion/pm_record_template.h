/*
 * pm_record_template.h: the template of a promotion in its record, as JSON:
 *
 *   {"name", "origin", "mirror"?,
 *    "manifests": [[kind, name, file, line], …],
 *    "deletions"?: manifest, "version"?: {"file", "path", "from"},
 *    "files": [{"file", "paths"?, "to"?, "from"}, …], "excludes": […]}
 *
 * where a manifest is its place among the manifests, and paths are missing
 * for a whole file.
 *
 * Inside the promotion room only.
 */

#ifndef PM_RECORD_TEMPLATE_H
#define PM_RECORD_TEMPLATE_H


#include "catalog/pm_template.h"

#include <jansson.h>


/* NULL: out of memory. */
json_t *pm_record_template_json(const pm_template_t *template);

/*
 * Reads it; the result is the arena's.  What Redis holds is not trusted:
 * PM_INTERNAL says what is wrong with it.
 */
int pm_record_template(pm_arena_t *arena, const json_t *json,
    const pm_template_t **template, pm_error_t *err);


#endif /* PM_RECORD_TEMPLATE_H */
