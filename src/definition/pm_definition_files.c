/*
 * The files of a folder that are definitions, each as an entry: parsed, or
 * taken over from an index that has the same file already.
 */

#include "definition/pm_definition_internal.h"
#include "git/pm_git_compare.h"

#include <stdlib.h>
#include <string.h>


/* The same file in an index that is there: PM_NOT_FOUND, 0, or
 * PM_UNAVAILABLE. */

static int
pm_definition_take_over(pm_definition_reading_t *r, const char *file,
    const pm_oid_t *blob, pm_definition_entry_t *entry)
{
    size_t                        i;
    const char                   *broken;
    const pm_definition_entry_t  *found;

    for (i = 0; i < r->nkept; i++) {
        found = pm_definition_index_file(&r->kept[i]->public, file);

        if (found == NULL || !pm_oid_equal(&found->blob, blob)) {
            continue;
        }

        if (pm_definition_copy(r->arena, found, entry) != 0) {
            return PM_UNAVAILABLE;
        }

        broken = r->kept[i]->broken[found - r->kept[i]->public.entries];
        entry->fault = NULL;

        if (broken != NULL) {
            entry->fault = pm_arena_strdup(r->arena, broken);
        }

        return broken != NULL && entry->fault == NULL ? PM_UNAVAILABLE : 0;
    }

    return PM_NOT_FOUND;
}


/* It is listed by its file's name alone. */

static int
pm_definition_unread(pm_definition_reading_t *r, const char *file,
    const char *fault, pm_definition_entry_t *entry)
{
    entry->file = pm_arena_strdup(r->arena, file);
    entry->slug = pm_definition_file_slug(r->arena, file);
    entry->id = entry->slug;
    entry->name = "";
    entry->version = "";
    entry->fault = fault;

    return entry->file == NULL || entry->slug == NULL || fault == NULL
           ? pm_error_memory(r->err) : 0;
}


static int
pm_definition_parse(pm_definition_reading_t *r, const char *file,
    const pm_oid_t *blob, pm_definition_entry_t *entry)
{
    int                      rc;
    uint64_t                 size;
    pm_arena_t              *work;
    pm_definition_source_t   source;

    work = pm_arena_create();
    if (work == NULL) {
        return pm_error_memory(r->err);
    }

    source.file = file;

    rc = pm_git_blob(r->mirror, blob, PM_DEFINITION_SIZE, work, &source.text,
                     &size, r->err);

    if (rc == 0 && size > PM_DEFINITION_SIZE) {
        rc = pm_definition_unread(r, file,
                                  pm_arena_printf(r->arena, "%s is larger "
                                                  "than %d MiB", file,
                                                  PM_DEFINITION_SIZE
                                                  / 1024 / 1024), entry);

    } else if (rc == 0 && size > PM_DEFINITION_TOTAL - r->parsed) {
        rc = pm_definition_unread(r, file,
                                  pm_arena_printf(r->arena, "%s was not "
                                                  "read: the definitions of "
                                                  "its folder are larger "
                                                  "than %d MiB", file,
                                                  PM_DEFINITION_TOTAL
                                                  / 1024 / 1024), entry);

    } else if (rc == 0) {
        r->parsed += size;
        rc = pm_definition_read(r->arena, &source, entry, r->err);
    }

    pm_arena_destroy(work);

    return rc;
}


static int
pm_definition_name_order(const void *a, const void *b)
{
    return strcmp(((const pm_git_named_t *) a)->name,
                  ((const pm_git_named_t *) b)->name);
}


/* Beside a definition; files are in order of their names. */

static int
pm_definition_find_overlay(pm_definition_reading_t *r, const char *prefix,
    const pm_git_named_t *files, size_t nfiles, const char *base, size_t len,
    pm_definition_entry_t *entry)
{
    pm_git_named_t         wanted;
    const pm_git_named_t  *found;

    memset(&wanted, 0, sizeof(pm_git_named_t));

    wanted.name = pm_arena_printf(r->work, "%.*s.overlay.json", (int) len,
                                  base);
    if (wanted.name == NULL) {
        return pm_error_memory(r->err);
    }

    found = bsearch(&wanted, files, nfiles, sizeof(wanted),
                    pm_definition_name_order);

    if (found == NULL) {
        return 0;
    }

    entry->overlay = pm_arena_printf(r->arena, "%s%s", prefix, found->name);
    entry->overlay_blob = found->id;
    entry->overlay_mode = found->mode;

    return entry->overlay ? 0 : pm_error_memory(r->err);
}


static int
pm_definition_add(pm_definition_reading_t *r, const char *prefix,
    const pm_git_named_t *files, size_t nfiles, const pm_git_named_t *file,
    size_t base)
{
    int                     rc;
    const char             *path, *slug;
    pm_definition_entry_t   entry;

    memset(&entry, 0, sizeof(pm_definition_entry_t));

    if (r->entries.len / sizeof(entry) == PM_DEFINITION_FILES) {
        return pm_error_set(r->err, PM_UNPROCESSABLE, "the folder has more "
                            "than %d API definitions", PM_DEFINITION_FILES);
    }

    path = pm_arena_printf(r->work, "%s%s", prefix, file->name);
    if (path == NULL) {
        return pm_error_memory(r->err);
    }

    rc = pm_definition_take_over(r, path, &file->id, &entry);

    if (rc == PM_NOT_FOUND) {
        rc = pm_definition_parse(r, path, &file->id, &entry);
    }

    if (rc != 0) {
        return rc;
    }

    entry.blob = file->id;
    entry.mode = file->mode;
    entry.overlay = NULL;
    slug = entry.slug;

    rc = pm_definition_find_overlay(r, prefix, files, nfiles, file->name,
                                    base, &entry);

    if (rc == 0 && entry.overlay == NULL && *prefix != '\0') {
        rc = pm_definition_find_overlay(r, prefix, files, nfiles, slug,
                                        strlen(slug), &entry);
    }

    pm_buffer_append(&r->entries, &entry, sizeof(entry));

    return rc;
}


static int
pm_definition_is_file(const pm_git_named_t *file, size_t *len)
{
    return (file->mode == PM_GIT_MODE_BLOB
            || file->mode == PM_GIT_MODE_EXECUTABLE)
           && pm_definition_named(file->name, len);
}


/* A folder of its own: api.json and its like. */

static int
pm_definition_add_folder(pm_definition_reading_t *r,
    const pm_git_named_t *folder)
{
    int              rc;
    size_t           i, len, n;
    const char      *prefix;
    pm_git_named_t  *files;

    if (*folder->name == '.') {
        return 0;
    }

    prefix = pm_arena_printf(r->work, "%s/", folder->name);
    if (prefix == NULL) {
        return pm_error_memory(r->err);
    }

    rc = pm_git_list(r->mirror, &folder->id, r->work, &files, &n, r->err);

    if (n > 0) {
        qsort(files, n, sizeof(*files), pm_definition_name_order);
    }

    for (i = 0; rc == 0 && i < n; i++) {

        if (pm_definition_is_file(&files[i], &len) && len == 3
            && memcmp(files[i].name, "api", 3) == 0)
        {
            rc = pm_definition_add(r, prefix, files, n, &files[i], len);
        }
    }

    return rc;
}


int
pm_definition_files(pm_definition_reading_t *r, const pm_oid_t *tree)
{
    int              rc;
    size_t           i, len, n, nfolders;
    pm_git_named_t  *files;

    nfolders = 0;

    rc = pm_git_list(r->mirror, tree, r->work, &files, &n, r->err);

    if (n > 0) {
        qsort(files, n, sizeof(*files), pm_definition_name_order);
    }

    for (i = 0; rc == 0 && i < n; i++) {

        if (files[i].mode == PM_GIT_MODE_TREE) {

            if (++nfolders > PM_DEFINITION_FILES) {
                return pm_error_set(r->err, PM_UNPROCESSABLE, "the folder "
                                    "has more than %d folders in it",
                                    PM_DEFINITION_FILES);
            }

            rc = pm_definition_add_folder(r, &files[i]);

        } else if (pm_definition_is_file(&files[i], &len)) {
            rc = pm_definition_add(r, "", files, n, &files[i], len);
        }
    }

    return rc;
}
