/*
 * pm_preview_part.h: parts of a preview's answer that say why: what each value
 * was and becomes, what the source lacks, where the template comes from.
 * Inside the promotion room only.
 *
 * Each result is a new reference; NULL: out of memory.
 */

#ifndef PM_PREVIEW_PART_H
#define PM_PREVIEW_PART_H


#include "promotion/pm_plan.h"

#include <jansson.h>


/* [{"path", "from", "to", "document"?}]; left: bytes that they may take, less
 * when they do; *cut becomes 1 if some had no place. */
json_t *pm_preview_properties(const pm_selection_file_t *file, size_t *left,
    int *cut);

/* [{"file", "jsonPath"?}]; left and cut as above. */
json_t *pm_preview_skipped(const pm_plan_t *plan, size_t *left, int *cut);

/* {"name", "origin", "parts": [{"part", "file"?, "jsonPaths"?, "from", …}]};
 * without a template: {"name": null, "origin": "none"} */
json_t *pm_preview_template(const pm_template_t *template);

/* {"kind", "name", "file", "line"} */
json_t *pm_preview_manifest(const pm_manifest_t *manifest);


#endif /* PM_PREVIEW_PART_H */
