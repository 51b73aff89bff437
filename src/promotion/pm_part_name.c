#include "promotion/pm_part.h"

#include <string.h>


/*
 * A pattern that begins with "$ref/" is about value files as the manifest
 * names them.  In an application without a folder of its own they are all
 * there is, and their paths, or the last parts of them, are names as well.
 */

int
pm_part_names(const pm_template_file_t *entry, const char *name,
    const char *path, int plain)
{
    const char  *slash;

    if (entry->pattern == NULL) {
        return 1;
    }

    if (pm_template_is_ref(entry->pattern)) {
        return pm_template_matches(entry, name);
    }

    if (!plain) {
        return 0;
    }

    slash = strrchr(path, '/');

    return pm_template_matches(entry, path)
           || (slash != NULL && pm_template_matches(entry, slash + 1));
}


int
pm_part_matches(const pm_template_file_t *entry, const pm_part_file_t *file,
    int plain)
{
    pm_template_file_t  to;

    if (entry->to == NULL) {
        return pm_part_names(entry, file->from_name, file->from, plain)
               || pm_part_names(entry, file->to_name, file->to, plain);
    }

    memset(&to, 0, sizeof(pm_template_file_t));
    to.pattern = entry->to;

    return pm_part_names(entry, file->from_name, file->from, plain)
           && pm_part_names(&to, file->to_name, file->to, plain);
}


const pm_template_file_t *
pm_part_entry(const pm_template_t *template, const pm_part_file_t *file,
    int plain)
{
    size_t  i;

    for (i = 0; i < template->nfiles; i++) {
        if (pm_part_matches(&template->files[i], file, plain)) {
            return &template->files[i];
        }
    }

    return NULL;
}


int
pm_part_selected(const pm_template_t *template, const pm_part_file_t *file,
    int plain)
{
    size_t                     i;
    const pm_template_file_t  *exclude;

    if (template == NULL) {
        return 1;
    }

    for (i = 0; i < template->nexcludes; i++) {
        exclude = &template->excludes[i];

        if (exclude->npaths == 0 && pm_part_matches(exclude, file, plain)) {
            return 0;
        }
    }

    return template->nfiles == 0
           || pm_part_entry(template, file, plain) != NULL;
}
