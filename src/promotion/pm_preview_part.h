/*
 * pm_preview_part.h: parts of a preview's answer: its files
 * (pm_preview_file.c), and what says why: what each value was and becomes, what
 * the source lacks, where the template comes from.  Inside the promotion room
 * only.
 *
 * Each result is a new reference; NULL: out of memory.
 */

#ifndef PM_PREVIEW_PART_H
#define PM_PREVIEW_PART_H


#include "promotion/pm_plan.h"

#include <jansson.h>


/* An answer that is being written. */

typedef struct {
    pm_git_mirror_t  *mirror;        /* has the objects of both sides */
    json_t           *files;
    size_t            left;          /* bytes that the answer may still take */
    unsigned          cut:1;         /* of the file in hand: not all is there */
    unsigned          truncated:1;   /* so is one of the answer's */
} pm_preview_t;


/* Appends the plan's files to preview->files, as far as there is place. */
int pm_preview_files(pm_preview_t *preview, const pm_plan_t *plan,
    pm_error_t *err);

/* A string of bytes that need not be UTF-8 (a path). */
json_t *pm_preview_string(const char *data, size_t len);

/* [{"path", "from", "to", "document"?}]; left: bytes that they may take, less
 * when they do; *cut becomes 1 if some had no place. */
json_t *pm_preview_properties(const pm_edit_property_t *properties, size_t n,
    size_t *left, int *cut);

/* [{"file", "jsonPath"?}]; left and cut as above. */
json_t *pm_preview_skipped(const pm_plan_t *plan, size_t *left, int *cut);

/* {"name", "origin", "parts": [{"part", "file"?, "jsonPaths"?, "from", …}]};
 * without a template: {"name": null, "origin": "none"} */
json_t *pm_preview_template(const pm_template_t *template);

/* What of an API stands in the way, and what a reviewer should know: texts. */
json_t *pm_preview_conflicts(const pm_definition_plan_t *api);
json_t *pm_preview_notes(const pm_definition_plan_t *api);

/* {"kind", "name", "file", "line"} */
json_t *pm_preview_manifest(const pm_manifest_t *manifest);


#endif /* PM_PREVIEW_PART_H */
