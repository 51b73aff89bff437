/*
 * From one text to the catalog: which documents are read, and by whom.
 */

#include "catalog/pm_catalog_build.h"

#include "base/pm_string.h"

#include <string.h>


#define PM_CATALOG_GROUP  "promotions.nginx/"


typedef struct {
    const char  *version;
    const char  *kind;
    int        (*read)(pm_catalog_reader_t *reader, const pm_node_t *root);
} pm_catalog_kind_t;


static const pm_catalog_kind_t  pm_catalog_kinds[] = {
    { "argoproj.io/v1alpha1", "Application", pm_catalog_read_application },
    { "promotions.nginx/v1", "Environment", pm_catalog_read_environment },
    { "codefresh.io/v1beta1", "PromotionTemplate", pm_catalog_read_template },
    { "codefresh.io/v1beta2", "PromotionTemplate", pm_catalog_read_template },
    { "codefresh.io/v1beta1", "Product", pm_catalog_read_product },
    { "codefresh.io/v1beta2", "Product", pm_catalog_read_product },
    { "codefresh.io/v1beta1", "PromotionPolicy", pm_catalog_read_policy },
    { "codefresh.io/v1beta1", "PromotionFlow", pm_catalog_read_flow },
    { NULL, NULL, NULL }
};


/* 1 for "codefresh.io/v1beta1" and "codefresh.io/v2". */

static int
pm_catalog_same_group(const char *one, const char *two)
{
    size_t  len;

    len = strcspn(one, "/") + 1;

    return strncmp(one, two, len) == 0;
}


/* A policy or a template that is left aside would bind nobody: what has the
 * name of a kind that is read, in its group, is read or refused. */

static int
pm_catalog_read_unknown(pm_catalog_reader_t *reader,
    const pm_node_t *version, const pm_node_t *kind)
{
    const pm_catalog_kind_t  *k;

    for (k = pm_catalog_kinds; k->version != NULL; k++) {

        if (strcmp(k->kind, kind->text.data) == 0
            && pm_catalog_same_group(k->version, version->text.data))
        {
            return pm_catalog_fault(reader, version, "%s is read in version "
                                    "\"%s\", not in \"%.64s\"", k->kind,
                                    k->version, version->text.data);
        }
    }

    return 0;
}


/* Others' manifests of unknown kinds are none of our business; in our own
 * group they are mistakes. */

static int
pm_catalog_read_document(pm_catalog_reader_t *reader, const pm_node_t *root)
{
    const pm_node_t          *version, *kind;
    const pm_catalog_kind_t  *k;

    version = pm_node_get(root, "apiVersion");
    kind = pm_node_get(root, "kind");

    if (version == NULL || version->kind != PM_NODE_STRING
        || kind == NULL || kind->kind != PM_NODE_STRING)
    {
        return 0;
    }

    for (k = pm_catalog_kinds; k->version != NULL; k++) {

        if (strcmp(k->version, version->text.data) == 0
            && strcmp(k->kind, kind->text.data) == 0)
        {
            return k->read(reader, root);
        }
    }

    if (strncmp(version->text.data, PM_CATALOG_GROUP,
                strlen(PM_CATALOG_GROUP))
        == 0)
    {
        return pm_catalog_fault(reader, kind, "there is no kind \"%.64s\" in "
                                "\"%.64s\"; only Environment in "
                                "promotions.nginx/v1",
                                kind->text.data, version->text.data);
    }

    return pm_catalog_read_unknown(reader, version, kind);
}


/* What clients are shown: no folder of this machine, and UTF-8. */

static const char *
pm_catalog_shown(const pm_catalog_t *catalog, const char *file)
{
    char        *shown;
    size_t       len, pos;
    const char  *slash;

    len = catalog->folder ? strlen(catalog->folder) : 0;
    slash = strrchr(file, '/');

    if (len > 0 && strncmp(file, catalog->folder, len) == 0
        && file[len] == '/')
    {
        file += len + 1;

    } else if (slash != NULL) {
        file = slash + 1;
    }

    shown = pm_arena_strdup(catalog->arena, file);
    if (shown == NULL) {
        return NULL;
    }

    len = strlen(shown);

    for (pos = pm_utf8_valid(shown, len);
         pos < len;
         pos += pm_utf8_valid(shown + pos, len - pos))
    {
        shown[pos++] = '?';
    }

    return shown;
}


/* Each once, whatever the number of its folders. */

static int
pm_catalog_read_runtime(pm_catalog_reader_t *reader)
{
    char               *name;
    size_t              i;
    pm_catalog_list_t  *list;

    list = &reader->catalog->runtimes;

    for (i = 0; i < list->n; i++) {
        if (strcmp(list->items[i], reader->runtime) == 0) {
            return 0;
        }
    }

    name = pm_arena_strdup(reader->arena, reader->runtime);
    if (name == NULL) {
        return pm_error_memory(reader->err);
    }

    return pm_catalog_append(reader, list, name);
}


int
pm_catalog_read_text(pm_catalog_t *catalog, const char *runtime,
    const char *name, const char *text, size_t len, pm_error_t *err)
{
    int                   rc;
    size_t                i;
    pm_arena_t           *arena;
    pm_document_t        *document;
    pm_catalog_reader_t   reader;

    /* the tree goes, what is kept is copied */

    arena = pm_arena_create();
    if (arena == NULL) {
        return pm_error_memory(err);
    }

    reader.catalog = catalog;
    reader.arena = catalog->arena;
    reader.runtime = runtime;
    reader.err = err;

    reader.file = pm_arena_strdup(catalog->arena, name);
    reader.shown = pm_catalog_shown(catalog, name);

    if (reader.file == NULL || reader.shown == NULL) {
        rc = pm_error_memory(err);

    } else {
        rc = pm_catalog_read_runtime(&reader);
    }

    if (rc == 0) {
        rc = pm_document_parse(arena, name, text, len, &document, err);
    }

    for (i = 0; rc == 0 && i < document->nroots; i++) {
        rc = pm_catalog_read_document(&reader, document->roots[i]);
    }

    pm_arena_destroy(arena);

    return rc;
}
