/*
 * Helm's value files (argo-cd docs/user-guide/helm.md, "Values Files"): they
 * may lie outside of the application's path, relative to it or, with "/", to
 * the repository's root.  Those of other repositories ("$ref/…") and URLs are
 * none of its own.
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


int
pm_catalog_value_files(pm_catalog_reader_t *reader, const pm_node_t *mapping,
    const char *where, pm_catalog_source_t *source)
{
    int                    rc;
    char                   what[128];
    size_t                 i, n;
    const char            *name, *path;
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
    if (source->value_files == NULL) {
        return pm_error_memory(reader->err);
    }

    for (i = 0; i < n; i++) {
        name = files[i].name;

        if (*name == '$' || strstr(name, "://") != NULL) {
            continue;
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
    }

    return 0;
}
