#include "catalog/pm_catalog_build.h"

#include <string.h>


/* What the index has for a kind and a name. */

typedef struct {
    const pm_manifest_t  *manifest;
    const char           *file;
    void                 *value;
} pm_catalog_kept_t;


int
pm_catalog_manifest(pm_catalog_reader_t *reader, const pm_node_t *root,
    const char *kind, void *value, pm_manifest_t *manifest,
    const pm_node_t **spec)
{
    int               rc;
    const pm_node_t  *metadata;

    rc = pm_catalog_node(reader, root, "", "metadata", PM_NODE_MAPPING,
                         PM_CATALOG_REQUIRED, &metadata);

    if (rc == 0) {
        rc = pm_catalog_dns(reader, metadata, "name", PM_CATALOG_REQUIRED,
                            &manifest->name);
    }

    if (rc == 0) {
        rc = pm_catalog_node(reader, root, "", "spec", PM_NODE_MAPPING,
                             PM_CATALOG_REQUIRED, spec);
    }

    if (rc != 0) {
        return rc;
    }

    manifest->file = reader->shown;
    manifest->line = root->line;

    return pm_catalog_keep(reader, kind, value, manifest, root);
}


int
pm_catalog_keep(pm_catalog_reader_t *reader, const char *kind, void *value,
    pm_manifest_t *manifest, const pm_node_t *root)
{
    void               *earlier;
    pm_catalog_kept_t  *kept;

    manifest->kind = kind;

    kept = pm_arena_alloc(reader->arena, sizeof(pm_catalog_kept_t));
    if (kept == NULL) {
        return pm_error_memory(reader->err);
    }

    kept->manifest = manifest;
    kept->file = reader->file;
    kept->value = value;

    if (pm_catalog_index_add(&reader->catalog->by_kind, kind, manifest->name,
                             "", kept, &earlier)
        != 0)
    {
        return pm_error_memory(reader->err);
    }

    if (earlier == NULL) {
        return 0;
    }

    kept = earlier;

    return pm_catalog_fault(reader, root, "the %s %s is also in %s:%u; remove "
                            "one of them, or give it another name", kind,
                            manifest->name, kept->file, kept->manifest->line);
}


void *
pm_catalog_named(const pm_catalog_t *catalog, const char *kind,
    const char *name)
{
    const pm_catalog_kept_t  *kept;

    kept = pm_catalog_index_get(&catalog->by_kind, kind, name, "");

    return kept ? kept->value : NULL;
}


int
pm_catalog_missing(const char *file, const pm_catalog_mention_t *mention,
    const char *where, const char *what, pm_error_t *err)
{
    return pm_error_at(err, PM_INVALID, file, mention->line, mention->column,
                       "%s names %s that does not exist: \"%.128s\"", where,
                       what, mention->name);
}
