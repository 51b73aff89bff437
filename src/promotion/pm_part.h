/*
 * pm_part.h: what of one application goes where in another: folder to folder,
 * and value files that lie outside in other sources ("$ref/…" of
 * helm.valueFiles) file to file.  Inside the promotion room only.
 *
 *     pm_part.c ─► value files in pairs (pm_part_pair.c)
 *         └─────► what a template says of them (pm_part_name.c)
 */

#ifndef PM_PART_H
#define PM_PART_H


#include "promotion/pm_promotion.h"


/*
 * Fills promotion's parts, whose template is set.  Folders are matched in the
 * manifests' order.  PM_CONFLICT, PM_UNPROCESSABLE: see
 * pm_promotion_resolve().
 */
int pm_part_create(pm_arena_t *arena, const pm_application_t *from,
    const pm_application_t *to, pm_promotion_t *promotion, pm_error_t *err);


/* A targetRevision as a location's branch: "refs/heads/main" and "main" are
 * one branch, and must be one lane; NULL: the default branch. */
const char *pm_part_revision(const char *revision);


/*
 * The value files of from and to in pairs, in from's order: *pairs, n of them,
 * the arena's.  plain: as pm_part_t has it.
 *
 * Sources that name value files are matched in the manifests' order; of two
 * such sources, those files are a pair that
 *   1. the template names, one by "to" as the other's;
 *   2. have one name;
 *   3. have one path in their repositories;
 *   4. have one last name, which no other one has;
 *   5. are left, if as many are left on both sides: in order.
 *
 * PM_UNPROCESSABLE: one of from's that is selected has no counterpart.  What
 * only to has stays as it is.
 */

typedef struct {
    const pm_catalog_ref_file_t  *from;
    const pm_catalog_ref_file_t  *to;
} pm_part_pair_t;

int pm_part_pairs(pm_arena_t *arena, const pm_application_t *from,
    const pm_application_t *to, const pm_template_t *template, int plain,
    pm_part_pair_t **pairs, size_t *n, pm_error_t *err);


/*
 * Whether an entry of a template is about a value file, by either side's
 * name; one with "to": by both.
 */
int pm_part_matches(const pm_template_file_t *entry,
    const pm_part_file_t *file, int plain);

/* The same for one side alone; name and path as in pm_part_file_t. */
int pm_part_names(const pm_template_file_t *entry, const char *name,
    const char *path, int plain);

/* The entry that counts; NULL: the template does not select it.  Templates
 * without entries select all: ask nfiles first. */
const pm_template_file_t *pm_part_entry(const pm_template_t *template,
    const pm_part_file_t *file, int plain);

/* 1 if the template selects the value file, of which it may leave out values;
 * NULL: all are. */
int pm_part_selected(const pm_template_t *template,
    const pm_part_file_t *file, int plain);


#endif /* PM_PART_H */
