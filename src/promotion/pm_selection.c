#include "promotion/pm_selection.h"

#include "git/pm_git_compare.h"

#include <string.h>


int
pm_selection_add(pm_selection_t *selection, const pm_selection_file_t *file)
{
    pm_buffer_append(&selection->files, file, sizeof(pm_selection_file_t));

    return selection->files.failed ? pm_error_memory(selection->err) : 0;
}


int
pm_selection_skip(pm_selection_t *selection, const char *file,
    const char *path)
{
    pm_selection_skipped_t  skipped;

    skipped.file = file;
    skipped.path = path;

    pm_buffer_append(&selection->skipped, &skipped,
                     sizeof(pm_selection_skipped_t));

    return selection->skipped.failed ? pm_error_memory(selection->err) : 0;
}


void
pm_selection_free(pm_selection_t *selection)
{
    pm_buffer_free(&selection->files);
    pm_buffer_free(&selection->skipped);
}


int
pm_selection_excludes(const pm_selection_t *selection,
    const pm_template_file_t *exclude, const pm_selection_change_t *change)
{
    if (change->file != NULL) {
        return pm_part_matches(exclude, change->file,
                               selection->part->plain);
    }

    return pm_template_matches(exclude, change->from)
           || pm_template_matches(exclude, change->to);
}


/* 1 if it never moves, whole as it is. */

static int
pm_selection_excluded(const pm_selection_t *selection,
    const pm_selection_change_t *change)
{
    size_t                     i;
    const pm_template_file_t  *exclude;

    for (i = 0; selection->template && i < selection->template->nexcludes; i++)
    {
        exclude = &selection->template->excludes[i];

        if (exclude->npaths == 0
            && pm_selection_excludes(selection, exclude, change))
        {
            return 1;
        }
    }

    return 0;
}


/* 1 if an entry writes to this file under another name. */

static int
pm_selection_is_target(const pm_template_t *template, const char *file)
{
    size_t  i;

    for (i = 0; template && i < template->nfiles; i++) {
        if (template->files[i].to != NULL
            && strcmp(template->files[i].to, file) == 0)
        {
            return 1;
        }
    }

    return 0;
}


/* A difference between the two folders: is it selected? */

static int
pm_selection_difference(pm_selection_t *selection,
    const pm_git_change_t *difference)
{
    size_t                  len;
    const char             *file, *folder;
    pm_selection_change_t   change;

    file = difference->path;
    folder = selection->part->destination.path;
    len = strlen(folder);

    if (strncmp(file, folder, len) != 0 || (len > 0 && file[len] != '/')) {
        return pm_error_set(selection->err, PM_INTERNAL,
                            "%s is not below %s", file, folder);
    }

    file += len + (len > 0);

    memset(&change, 0, sizeof(pm_selection_change_t));
    change.from = file;
    change.to = file;
    change.change = *difference;

    if (pm_selection_excluded(selection, &change)) {
        return 0;
    }

    if (selection->template != NULL && selection->template->nfiles > 0) {
        change.entry = pm_template_find(selection->template, file);

        /* files with names are looked at one by one */

        if (change.entry == NULL || change.entry->glob == NULL) {
            return 0;
        }
    }

    if (difference->new_mode == 0
        && ((change.entry != NULL && change.entry->npaths > 0)
            || pm_selection_is_target(selection->template, file)))
    {
        return 0;
    }

    return pm_selection_file(selection, &change);
}


static int
pm_selection_differences(pm_selection_t *selection)
{
    int               rc, deletions;
    size_t            i, n;
    pm_git_change_t  *changes;

    deletions = selection->template != NULL && selection->template->mirror;

    rc = pm_git_compare(selection->source->mirror, &selection->source->tree,
                        selection->part->source.path, selection->mirror,
                        selection->tree, selection->part->destination.path,
                        deletions, selection->arena, &changes, &n,
                        selection->err);

    for (i = 0; rc == 0 && i < n; i++) {
        rc = pm_selection_difference(selection, &changes[i]);
    }

    return rc;
}


/* A name of a template as a path from the repository's root; *path NULL: it
 * is none of the value files that the application has outside its path. */

static int
pm_selection_path(pm_selection_t *selection, const pm_location_t *location,
    const char *name, const char **path)
{
    size_t  i;

    if (pm_template_path(selection->arena, location->path, name, path) != 0) {
        return pm_error_memory(selection->err);
    }

    if (*path == NULL || strncmp(name, "../", 3) != 0) {
        return 0;
    }

    for (i = 0; i < location->nvalue_files; i++) {
        if (strcmp(location->value_files[i], *path) == 0) {
            return 0;
        }
    }

    *path = NULL;

    return 0;
}


int
pm_selection_look_up(pm_selection_t *selection, pm_git_mirror_t *mirror,
    const pm_oid_t *tree, const char *path, unsigned *mode, pm_oid_t *id)
{
    int         rc;
    pm_error_t  fault;

    rc = pm_git_lookup(mirror, tree, path, mode, id, &fault);

    if (rc == PM_NOT_FOUND) {
        *mode = 0;
        memset(id, 0, sizeof(pm_oid_t));
        return 0;
    }

    if (rc != 0) {
        *selection->err = fault;
        return rc;
    }

    if (*mode == PM_GIT_MODE_TREE) {
        return pm_error_set(selection->err, PM_UNPROCESSABLE,
                            "%s is a folder; promote what is below it with "
                            "%s/**", path, path);
    }

    return 0;
}


int
pm_selection_take(pm_selection_t *selection, pm_selection_change_t *change,
    const char *name)
{
    const pm_git_change_t  *git;

    git = &change->change;

    if (git->new_mode == 0
        && (git->old_mode == 0
            || (change->entry != NULL && change->entry->npaths > 0)
            || selection->template == NULL || !selection->template->mirror))
    {
        return pm_selection_skip(selection, name, NULL);
    }

    return pm_selection_file(selection, change);
}


/* One file that the template names. */

static int
pm_selection_name(pm_selection_t *selection, const pm_template_file_t *entry)
{
    int                     rc;
    const char             *from, *to;
    pm_git_change_t        *git;
    pm_selection_change_t   change;

    memset(&change, 0, sizeof(pm_selection_change_t));
    change.entry = entry;
    change.from = entry->pattern;
    change.to = entry->to ? entry->to : entry->pattern;
    git = &change.change;

    if (pm_selection_excluded(selection, &change)) {
        return 0;
    }

    rc = pm_selection_path(selection, &selection->part->source, change.from,
                           &from);

    if (rc == 0) {
        rc = pm_selection_path(selection, &selection->part->destination,
                               change.to, &to);
    }

    if (rc != 0) {
        return rc;
    }

    if (from == NULL || to == NULL) {
        return pm_selection_skip(selection, entry->pattern, NULL);
    }

    git->path = to;

    rc = pm_selection_look_up(selection, selection->source->mirror,
                              &selection->source->tree, from, &git->new_mode,
                              &git->new_id);

    if (rc == 0) {
        rc = pm_selection_look_up(selection, selection->mirror,
                                  selection->tree, to, &git->old_mode,
                                  &git->old_id);
    }

    if (rc != 0) {
        return rc;
    }

    return pm_selection_take(selection, &change, entry->pattern);
}


static int
pm_selection_names(pm_selection_t *selection)
{
    int                        rc;
    size_t                     i;
    const pm_template_file_t  *entry;

    for (i = 0; i < selection->template->nfiles; i++) {
        entry = &selection->template->files[i];

        /* one with more priority may say something else about it; value
         * files are parts of their own */

        if (entry->glob != NULL || pm_template_is_ref(entry->pattern)
            || pm_template_find(selection->template, entry->pattern) != entry)
        {
            continue;
        }

        rc = pm_selection_name(selection, entry);
        if (rc != 0) {
            return rc;
        }
    }

    return 0;
}


/* 1 if the folders must be compared: it is not all a matter of names. */

static int
pm_selection_compares(const pm_template_t *template)
{
    size_t  i;

    if (template == NULL || template->nfiles == 0) {
        return 1;
    }

    for (i = 0; i < template->nfiles; i++) {
        if (template->files[i].glob != NULL
            && !pm_template_is_ref(template->files[i].pattern))
        {
            return 1;
        }
    }

    return 0;
}


/* That the source's folder is there, where no comparison says it. */

static int
pm_selection_folder(pm_selection_t *selection)
{
    int                   rc;
    char                  hex[PM_GIT_HEX_SIZE + 1];
    unsigned              mode;
    pm_oid_t              id;
    pm_error_t            fault;
    const pm_location_t  *from;

    from = &selection->part->source;

    rc = pm_git_lookup(selection->source->mirror, &selection->source->tree,
                       from->path, &mode, &id, &fault);

    pm_oid_hex(hex, &selection->source->commit);

    if (rc == PM_NOT_FOUND) {
        return pm_error_set(selection->err, PM_NOT_FOUND,
                            "path %s not found in %s at %.7s", from->path,
                            from->url.canonical, hex);
    }

    if (rc != 0) {
        *selection->err = fault;
        return rc;
    }

    if (mode != PM_GIT_MODE_TREE) {
        return pm_error_set(selection->err, PM_UNPROCESSABLE,
                            "path %s in %s at %.7s is a file, not a folder",
                            from->path, from->url.canonical, hex);
    }

    return 0;
}


int
pm_selection_part(pm_selection_t *selection, const pm_part_t *part,
    const pm_source_t *source)
{
    int  rc;

    selection->part = part;
    selection->source = source;

    if (part->nfiles > 0) {
        return pm_selection_value_files(selection);
    }

    rc = pm_selection_compares(selection->template)
         ? pm_selection_differences(selection)
         : pm_selection_folder(selection);

    if (rc != 0 || selection->template == NULL) {
        return rc;
    }

    return pm_selection_names(selection);
}
