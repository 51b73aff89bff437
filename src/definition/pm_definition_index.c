#include "definition/pm_definition_internal.h"
#include "git/pm_git_compare.h"

#include <stdlib.h>
#include <string.h>


typedef struct {
    pm_git_mirror_t               *mirror;
    pm_arena_t                    *arena;     /* the index's */
    pm_arena_t                    *work;
    pm_definition_kept_t *const   *kept;
    size_t                         nkept;
    pm_buffer_t                    entries;   /* of pm_definition_entry_t */
    pm_buffer_t                    broken;    /* of const char * */
    size_t                         parsed;    /* bytes */
    pm_error_t                    *err;
} pm_definition_reading_t;


const pm_definition_entry_t *
pm_definition_index_file(const pm_definition_index_t *index,
    const char *file)
{
    int     rc;
    size_t  i, low, high;

    low = 0;
    high = index->nentries;

    while (low < high) {
        i = low + (high - low) / 2;
        rc = strcmp(index->entries[i].file, file);

        if (rc == 0) {
            return &index->entries[i];
        }

        if (rc < 0) {
            low = i + 1;

        } else {
            high = i;
        }
    }

    return NULL;
}


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

    pm_buffer_append(&r->broken, &entry.fault, sizeof(char *));
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


static int
pm_definition_add_all(pm_definition_reading_t *r, const pm_oid_t *tree)
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


/* Both at once, by file. */

typedef struct {
    pm_definition_entry_t   entry;
    const char             *broken;
} pm_definition_row_t;


static int
pm_definition_row_compare(const void *a, const void *b)
{
    const pm_definition_row_t  *left, *right;

    left = a;
    right = b;

    return strcmp(left->entry.file, right->entry.file);
}


static int
pm_definition_sort(pm_definition_reading_t *r, pm_definition_kept_t *index)
{
    size_t                         i, n;
    const char *const             *broken;
    pm_definition_row_t           *rows;
    const pm_definition_entry_t   *entries;

    if (r->entries.failed || r->broken.failed) {
        return pm_error_memory(r->err);
    }

    n = r->entries.len / sizeof(pm_definition_entry_t);
    entries = (const pm_definition_entry_t *) (void *) r->entries.data;
    broken = (const char *const *) (void *) r->broken.data;

    rows = pm_arena_alloc(r->work, (n + 1) * sizeof(*rows));
    index->public.entries = pm_arena_alloc(r->arena, (n + 1)
                                                     * sizeof(*entries));
    index->broken = pm_arena_alloc(r->arena, (n + 1) * sizeof(char *));

    if (rows == NULL || index->public.entries == NULL
        || index->broken == NULL)
    {
        return pm_error_memory(r->err);
    }

    for (i = 0; i < n; i++) {
        rows[i].entry = entries[i];
        rows[i].broken = broken[i];
    }

    qsort(rows, n, sizeof(*rows), pm_definition_row_compare);

    for (i = 0; i < n; i++) {
        index->public.entries[i] = rows[i].entry;
        index->broken[i] = rows[i].broken;
    }

    index->public.nentries = n;

    return 0;
}


static int
pm_definition_id_order(const void *a, const void *b)
{
    int                           rc;
    const pm_definition_entry_t  *left, *right;

    left = *(pm_definition_entry_t *const *) a;
    right = *(pm_definition_entry_t *const *) b;

    rc = strcmp(left->id, right->id);

    return rc ? rc : (left > right) - (left < right);
}


/* Several with one id: neither is the one that is meant.  What cannot be read
 * has none, and hides nobody. */

static int
pm_definition_unique(pm_definition_reading_t *r, pm_definition_kept_t *index)
{
    size_t                   i, j, n;
    const char              *fault;
    pm_definition_entry_t  **by_id;

    by_id = pm_arena_alloc(r->work, (index->public.nentries + 1)
                                    * sizeof(*by_id));
    if (by_id == NULL) {
        return pm_error_memory(r->err);
    }

    for (i = 0, n = 0; i < index->public.nentries; i++) {

        if (index->public.entries[i].cross_key != NULL) {
            by_id[n++] = &index->public.entries[i];
        }
    }

    qsort(by_id, n, sizeof(*by_id), pm_definition_id_order);

    for (i = 1; i < n; i++) {

        if (strcmp(by_id[i]->id, by_id[i - 1]->id) != 0) {
            continue;
        }

        fault = pm_arena_printf(r->arena, "several definitions have the id "
                                "\"%s\": %s and %s", by_id[i]->id,
                                by_id[i - 1]->file, by_id[i]->file);
        if (fault == NULL) {
            return pm_error_memory(r->err);
        }

        for (j = i - 1; j <= i; j++) {

            if (by_id[j]->fault == NULL) {
                by_id[j]->fault = fault;
            }
        }
    }

    return 0;
}


static int
pm_definition_taken_order(const void *a, const void *b)
{
    int                           rc;
    const pm_definition_taken_t  *left, *right;

    left = a;
    right = b;

    rc = pm_definition_path_compare(left->path, right->path);

    return rc ? rc : strcmp(left->entry->file, right->entry->file);
}


static int
pm_definition_take_paths(pm_definition_reading_t *r,
    pm_definition_kept_t *index)
{
    size_t                  i, j, n;
    pm_definition_entry_t  *entry;
    pm_definition_taken_t  *taken;

    for (i = 0, n = 0; i < index->public.nentries; i++) {
        n += index->public.entries[i].npaths;
    }

    taken = pm_arena_alloc(r->arena, (n + 1) * sizeof(*taken));
    index->taken = taken;

    if (taken == NULL) {
        return pm_error_memory(r->err);
    }

    for (i = 0; i < index->public.nentries; i++) {
        entry = &index->public.entries[i];

        for (j = 0; j < entry->npaths; j++) {
            taken->path = &entry->paths[j];
            taken->entry = entry;
            taken++;
        }
    }

    index->ntaken = n;

    qsort(index->taken, n, sizeof(*taken), pm_definition_taken_order);

    return 0;
}


static size_t
pm_definition_size(const pm_definition_kept_t *index)
{
    size_t                        i, j, n;
    const pm_definition_entry_t  *e;

    n = sizeof(pm_definition_kept_t);

    for (i = 0; i < index->public.nentries; i++) {
        e = &index->public.entries[i];

        n += sizeof(*e) + sizeof(char *) + strlen(e->id) + strlen(e->name)
             + strlen(e->version) + 2 * strlen(e->file)
             + (e->fault ? strlen(e->fault) : 0)
             + (e->cross_id ? strlen(e->cross_id) : 0);

        for (j = 0; j < e->npaths; j++) {
            n += sizeof(pm_definition_path_t) + sizeof(pm_definition_taken_t)
                 + strlen(e->paths[j].path)
                 + (e->paths[j].host ? strlen(e->paths[j].host) : 0);
        }
    }

    return n;
}


int
pm_definition_index_build(pm_git_mirror_t *mirror, const pm_oid_t *tree,
    pm_definition_kept_t *const *kept, size_t nkept,
    pm_definition_kept_t **index, pm_error_t *err)
{
    int                       rc;
    pm_definition_kept_t     *made;
    pm_definition_reading_t   r;

    memset(&r, 0, sizeof(pm_definition_reading_t));

    r.mirror = mirror;
    r.kept = kept;
    r.nkept = nkept;
    r.err = err;
    r.arena = pm_arena_create();
    r.work = pm_arena_create();

    made = r.arena ? pm_arena_zalloc(r.arena, sizeof(*made)) : NULL;

    if (made == NULL || r.work == NULL) {
        rc = pm_error_memory(err);
        goto done;
    }

    made->arena = r.arena;
    made->references = 1;
    made->public.tree = *tree;

    rc = pm_oid_is_zero(tree) ? 0 : pm_definition_add_all(&r, tree);

    if (rc == 0) {
        rc = pm_definition_sort(&r, made);
    }

    if (rc == 0) {
        rc = pm_definition_unique(&r, made);
    }

    if (rc == 0) {
        rc = pm_definition_take_paths(&r, made);
    }

done:

    pm_buffer_free(&r.entries);
    pm_buffer_free(&r.broken);
    pm_arena_destroy(r.work);

    if (rc != 0) {
        pm_arena_destroy(r.arena);
        return rc;
    }

    made->size = pm_definition_size(made);
    *index = made;

    return 0;
}


const pm_definition_entry_t *
pm_definition_find(const pm_definition_index_t *index, const char *id)
{
    size_t                        i;
    const pm_definition_entry_t  *entry, *found;

    found = NULL;

    for (i = 0; i < index->nentries; i++) {
        entry = &index->entries[i];

        if (strcmp(entry->id, id) != 0) {
            continue;
        }

        if (entry->fault == NULL) {
            return entry;
        }

        found = found ? found : entry;
    }

    return found;
}
