/*
 * pm_part_draft.h: what may become parts of a promotion, and what of it does.
 * Private to pm_part.c and pm_part_draft.c.
 */

#ifndef PM_PART_DRAFT_H
#define PM_PART_DRAFT_H


#include "promotion/pm_part.h"


/* What may become a part, or one file of a part. */

typedef struct {
    const pm_catalog_source_t  *from;
    const pm_catalog_source_t  *to;
    pm_location_t               source;
    pm_location_t               destination;
    pm_part_file_t              file;
    unsigned                    is_file:1;
    unsigned                    dropped:1;
} pm_part_draft_t;


typedef struct {
    pm_arena_t              *arena;
    const pm_application_t  *from;
    const pm_application_t  *to;
    const pm_template_t     *template;
    pm_part_draft_t         *drafts;
    size_t                   n;
    int                      plain;
    pm_error_t              *err;
} pm_part_builder_t;


/* 1 if both are on one branch of one repository. */
int pm_part_draft_same(const pm_location_t *a, const pm_location_t *b);

/* 1 if both sides of it are one and the same folder or file. */
int pm_part_draft_shared(const pm_part_builder_t *builder,
    const pm_part_draft_t *draft);

/* 1 if a template names nothing but value files ("$ref/…"). */
int pm_part_draft_only_files(const pm_template_t *template);

/* 1 if no folder among the drafts is to be promoted: value files then go by
 * plain names, too. */
int pm_part_draft_plain(const pm_part_builder_t *builder);

/* Drops what stands in the way of others (pm_promotion_resolve()); one of the
 * drafts is always left. */
void pm_part_draft_drop(pm_part_builder_t *builder);

/* All that is left must be on one branch, which can be written: else
 * PM_CONFLICT or PM_UNPROCESSABLE. */
int pm_part_draft_check(pm_part_builder_t *builder);


#endif /* PM_PART_DRAFT_H */
