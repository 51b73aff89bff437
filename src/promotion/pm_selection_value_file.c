/*
 * Value files of a chart that lie in other sources: files with names on both
 * sides, and no folder around them that would be compared.
 */

#include "promotion/pm_selection.h"

#include <string.h>


/* 1 if it is the same file on both sides; an older commit of it, too. */

static int
pm_selection_shared(const pm_part_t *part, const pm_part_file_t *file)
{
    const char  *from, *to;

    from = part->source.branch;
    to = part->destination.branch;

    return strcmp(file->from, file->to) == 0
           && strcmp(part->source.url.canonical,
                     part->destination.url.canonical)
              == 0
           && (from == to || (from && to && strcmp(from, to) == 0));
}


static int
pm_selection_value_file(pm_selection_t *selection, const pm_part_file_t *file)
{
    int                     rc, plain;
    pm_git_change_t        *git;
    const pm_template_t    *template;
    pm_selection_change_t   change;

    template = selection->template;
    plain = selection->part->plain;

    if (!pm_part_selected(template, file, plain)
        || pm_selection_shared(selection->part, file))
    {
        return 0;
    }

    memset(&change, 0, sizeof(pm_selection_change_t));
    change.file = file;
    change.from = file->from_name;
    change.to = file->to_name;

    if (template != NULL && template->nfiles > 0) {
        change.entry = pm_part_entry(template, file, plain);
    }

    git = &change.change;
    git->path = file->to;

    rc = pm_selection_look_up(selection, selection->source->mirror,
                              &selection->source->tree, file->from,
                              &git->new_mode, &git->new_id);

    if (rc == 0) {
        rc = pm_selection_look_up(selection, selection->mirror,
                                  selection->tree, file->to, &git->old_mode,
                                  &git->old_id);
    }

    return rc ? rc : pm_selection_take(selection, &change, file->from_name);
}


int
pm_selection_value_files(pm_selection_t *selection)
{
    int     rc;
    size_t  i;

    rc = 0;

    for (i = 0; rc == 0 && i < selection->part->nfiles; i++) {
        rc = pm_selection_value_file(selection, &selection->part->files[i]);
    }

    return rc;
}


static int
pm_selection_is_known(const pm_promotion_t *promotion,
    const pm_template_file_t *entry)
{
    size_t            i, j;
    const pm_part_t  *part;

    for (i = 0; i < promotion->nparts; i++) {
        part = &promotion->parts[i];

        /* a folder says itself what it lacks */

        if (part->nfiles == 0 && !pm_template_is_ref(entry->pattern)) {
            return 1;
        }

        for (j = 0; j < part->nfiles; j++) {
            if (pm_part_matches(entry, &part->files[j], part->plain)) {
                return 1;
            }
        }
    }

    return 0;
}


int
pm_selection_unknown(pm_selection_t *selection,
    const pm_promotion_t *promotion)
{
    int                        rc;
    size_t                     i;
    const pm_template_file_t  *entry;

    rc = 0;

    for (i = 0; rc == 0 && selection->template != NULL
                && i < selection->template->nfiles; i++)
    {
        entry = &selection->template->files[i];

        if (entry->glob == NULL && !pm_selection_is_known(promotion, entry)) {
            rc = pm_selection_skip(selection, entry->pattern, NULL);
        }
    }

    return rc;
}
