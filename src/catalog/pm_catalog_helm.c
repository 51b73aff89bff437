/*
 * Helm's value files (argo-cd docs/user-guide/helm.md, "Values Files"): they
 * may lie outside of the application's path, relative to it or, with "/", to
 * the repository's root.  Those of another source ("$ref/…", docs/user-guide/
 * multiple_sources.md, "Helm value files from external Git repository") are
 * relative to the root of that one's repository.  URLs are nobody's.
 */

#include "catalog/pm_catalog_build.h"

#include <stdio.h>
#include <string.h>


static int
pm_catalog_is_below(const char *path, const char *folder)
{
    size_t  len;

    len = strlen(folder);

    return len == 0 || (strncmp(path, folder, len) == 0 && path[len] == '/');
}


/* "$ref/…": its place is found once all sources are known. */

static int
pm_catalog_ref_file(pm_catalog_reader_t *reader, const char *name,
    pm_catalog_source_t *source)
{
    size_t                  len;
    pm_catalog_ref_file_t  *file;

    if (!pm_template_is_ref(name)) {
        return 0;
    }

    len = strcspn(name, "/");
    file = &source->ref_files[source->nref_files];
    file->place = NULL;

    if (pm_template_path(reader->arena, "", name + len, &file->path) != 0) {
        return pm_error_memory(reader->err);
    }

    /* one that leads out of the repository is Argo CD's to refuse */

    if (file->path == NULL || *file->path == '\0') {
        return 0;
    }

    file->name = pm_arena_printf(reader->arena, "%.*s/%s", (int) len, name,
                                 file->path);
    if (file->name == NULL) {
        return pm_error_memory(reader->err);
    }

    source->nref_files++;

    return 0;
}


static int
pm_catalog_value_file(pm_catalog_reader_t *reader, const char *name,
    pm_catalog_source_t *source)
{
    const char  *path;

    if (*name == '$') {
        return pm_catalog_ref_file(reader, name, source);
    }

    if (strstr(name, "://") != NULL) {
        return 0;
    }

    if (pm_template_path(reader->arena, *name == '/' ? "" : source->path,
                         name, &path)
        != 0)
    {
        return pm_error_memory(reader->err);
    }

    if (path != NULL && !pm_catalog_is_below(path, source->path)) {
        source->value_files[source->nvalue_files++] = path;
    }

    return 0;
}


int
pm_catalog_value_files(pm_catalog_reader_t *reader, const pm_node_t *mapping,
    const char *where, pm_catalog_source_t *source)
{
    int                    rc;
    char                   what[128];
    size_t                 i, n;
    const pm_node_t       *helm;
    pm_catalog_mention_t  *files;

    helm = NULL;
    rc = pm_catalog_node(reader, mapping, where, "helm", PM_NODE_MAPPING,
                         PM_CATALOG_OPTIONAL, &helm);

    if (rc != 0 || helm == NULL) {
        return rc;
    }

    (void) snprintf(what, sizeof(what), "%s.helm", where);

    rc = pm_catalog_mentions(reader, helm, what, "valueFiles", &files, &n);

    if (rc != 0 || n == 0) {
        return rc;
    }

    source->value_files = pm_arena_alloc(reader->arena, n * sizeof(char *));
    source->ref_files = pm_arena_alloc(reader->arena,
                                       n * sizeof(pm_catalog_ref_file_t));

    if (source->value_files == NULL || source->ref_files == NULL) {
        return pm_error_memory(reader->err);
    }

    for (i = 0; rc == 0 && i < n; i++) {
        rc = pm_catalog_value_file(reader, files[i].name, source);
    }

    return rc;
}


/* The source that a "$ref/…" is about; NULL: "$" begins a variable of Argo
 * CD's build environment. */

static const pm_catalog_source_t *
pm_catalog_ref(const pm_application_t *application, const char *name)
{
    size_t                      i, len;
    const pm_catalog_source_t  *source;

    name++;
    len = strcspn(name, "/");

    for (i = 0; i < application->nsources; i++) {
        source = &application->sources[i];

        if (source->ref != NULL && strlen(source->ref) == len
            && memcmp(source->ref, name, len) == 0)
        {
            return source;
        }
    }

    return NULL;
}


void
pm_catalog_refs(pm_application_t *application)
{
    size_t                  i, j, n;
    pm_catalog_source_t    *source;
    pm_catalog_ref_file_t   file;

    for (i = 0; i < application->nsources; i++) {
        source = &application->sources[i];

        for (j = 0, n = 0; j < source->nref_files; j++) {
            file = source->ref_files[j];
            file.place = pm_catalog_ref(application, file.name);

            if (file.place != NULL) {
                source->ref_files[n++] = file;
            }
        }

        source->nref_files = n;
    }
}
