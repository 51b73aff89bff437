#include "promotion/pm_values.h"

#include <string.h>


int
pm_values_want_texts(const pm_selection_file_t *file)
{
    const pm_git_change_t  *change;

    change = &file->change;

    return file->properties == NULL
           && pm_selection_is_document(change->path, change->old_mode)
           && pm_selection_is_document(change->path, change->new_mode);
}


int
pm_values(pm_arena_t *arena, const pm_selection_file_t *file,
    const pm_string_t *old, const pm_string_t *new, size_t limit,
    pm_difference_t *values, pm_error_t *err)
{
    pm_error_t      ignored;
    const char     *path;
    pm_document_t  *from, *to;

    memset(values, 0, sizeof(pm_difference_t));

    if (file->properties != NULL) {
        values->properties = file->properties;
        values->nproperties = file->nproperties;
        values->cut = file->cut;
        return 0;
    }

    if (old == NULL || new == NULL) {
        return 0;
    }

    path = file->change.path;

    if (pm_document_parse(arena, path, old->data, old->len, &from, &ignored)
        != 0
        || pm_document_parse(arena, path, new->data, new->len, &to, &ignored)
           != 0)
    {
        return 0;
    }

    return pm_difference(arena, from, to, limit, values, err);
}
