#include "promotion/pm_part_draft.h"

#include <string.h>


typedef int (*pm_part_test_pt)(const pm_part_builder_t *builder,
    const pm_part_draft_t *draft);


int
pm_part_draft_same(const pm_location_t *a, const pm_location_t *b)
{
    if (strcmp(a->url.canonical, b->url.canonical) != 0) {
        return 0;
    }

    if (a->branch == NULL || b->branch == NULL) {
        return a->branch == b->branch;
    }

    return strcmp(a->branch, b->branch) == 0;
}


/* The reasons to leave out a draft. */

int
pm_part_draft_shared(const pm_part_builder_t *builder,
    const pm_part_draft_t *draft)
{
    if (!pm_part_draft_same(&draft->source, &draft->destination)) {
        return 0;
    }

    return draft->is_file
           ? strcmp(draft->file.from, draft->file.to) == 0
           : strcmp(draft->source.path, draft->destination.path) == 0;
}


int
pm_part_draft_only_files(const pm_template_t *template)
{
    size_t  i;

    if (template == NULL || template->nfiles == 0) {
        return 0;
    }

    for (i = 0; i < template->nfiles; i++) {
        if (!pm_template_is_ref(template->files[i].pattern)) {
            return 0;
        }
    }

    return 1;
}


static int
pm_part_is_left_out(const pm_part_builder_t *builder,
    const pm_part_draft_t *draft)
{
    return draft->is_file
           ? !pm_part_selected(builder->template, &draft->file, builder->plain)
           : pm_part_draft_only_files(builder->template);
}


static int
pm_part_is_fixed(const pm_part_builder_t *builder,
    const pm_part_draft_t *draft)
{
    return !draft->to->writable;
}


/* Drops what the test says, except that one is always left. */

static void
pm_part_drop(pm_part_builder_t *builder, pm_part_test_pt test)
{
    size_t            i, left;
    pm_part_draft_t  *draft, *first;

    first = NULL;

    for (i = 0, left = 0; i < builder->n; i++) {
        draft = &builder->drafts[i];

        if (draft->dropped) {
            continue;
        }

        draft->dropped = (test(builder, draft) != 0);

        if (!draft->dropped) {
            left++;

        } else if (first == NULL) {
            first = draft;
        }
    }

    if (left == 0 && first != NULL) {
        first->dropped = 0;
    }
}


int
pm_part_draft_plain(const pm_part_builder_t *builder)
{
    size_t  i;

    for (i = 0; i < builder->n; i++) {
        if (!pm_part_draft_shared(builder, &builder->drafts[i])) {
            return 0;
        }
    }

    return 1;
}


void
pm_part_draft_drop(pm_part_builder_t *builder)
{
    pm_part_drop(builder, pm_part_draft_shared);
    pm_part_drop(builder, pm_part_is_left_out);
    pm_part_drop(builder, pm_part_is_fixed);
}


int
pm_part_draft_check(pm_part_builder_t *builder)
{
    size_t                   i;
    pm_part_draft_t         *draft, *first;
    const pm_application_t  *to;

    to = builder->to;
    first = NULL;

    for (i = 0; i < builder->n; i++) {
        draft = &builder->drafts[i];

        if (draft->dropped) {
            continue;
        }

        if (!draft->to->writable) {
            return pm_error_set(builder->err, PM_CONFLICT,
                                "application %s/%s/%s cannot be a "
                                "destination: its targetRevision %s is not a "
                                "branch", to->runtime, to->namespace, to->name,
                                draft->to->revision ? draft->to->revision
                                                    : "HEAD");
        }

        first = first ? first : draft;

        if (!pm_part_draft_same(&draft->destination, &first->destination)) {
            return pm_error_set(builder->err, PM_UNPROCESSABLE,
                                "application %s/%s/%s cannot be a "
                                "destination: its sources lie in several "
                                "repositories or branches%s", to->runtime,
                                to->namespace, to->name,
                                draft->is_file ? "; a template can select "
                                                 "those of one" : "");
        }
    }

    return 0;
}
