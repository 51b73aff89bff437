/*
 * Argo CD's Application, argoproj.io/v1alpha1.  What the module does not use
 * is not looked at: Argo CD itself checks it.
 */

#include "catalog/pm_catalog_build.h"

#include <stdio.h>
#include <string.h>


#define PM_CATALOG_NAMESPACE  "argocd"
#define PM_CATALOG_PRODUCT    "codefresh.io/product"


/* RFC 1123's names, as Kubernetes has them: labels with dots between. */

static int
pm_catalog_is_dns(const char *name)
{
    char         before;
    size_t       len;
    const char  *p;

    static const char  inner[] = "abcdefghijklmnopqrstuvwxyz0123456789";

    len = strlen(name);
    before = '.';

    if (len == 0 || len > 253) {
        return 0;
    }

    for (p = name; *p != '\0'; p++) {

        if (*p == '.' || *p == '-') {
            if (before == '.' || (*p == '.' && before == '-')) {
                return 0;
            }

        } else if (strchr(inner, *p) == NULL) {
            return 0;
        }

        before = *p;
    }

    return before != '.' && before != '-';
}


int
pm_catalog_dns(pm_catalog_reader_t *reader, const pm_node_t *metadata,
    const char *key, int required, const char **value)
{
    int  rc;

    rc = pm_catalog_string(reader, metadata, "metadata", key, required,
                           value);

    if (rc == 0 && *value != NULL && **value != '\0'
        && !pm_catalog_is_dns(*value))
    {
        return pm_catalog_fault(reader, pm_node_get(metadata, key),
                                "metadata.%s \"%.64s\" is no name of "
                                "Kubernetes: lower-case letters, digits, "
                                "\"-\" and \".\"",
                                key, *value);
    }

    return rc;
}


static int
pm_catalog_metadata(pm_catalog_reader_t *reader, const pm_node_t *root,
    pm_application_t *application)
{
    int               rc;
    size_t            i;
    const pm_node_t  *metadata;

    rc = pm_catalog_node(reader, root, "", "metadata", PM_NODE_MAPPING,
                         PM_CATALOG_REQUIRED, &metadata);

    if (rc == 0) {
        rc = pm_catalog_dns(reader, metadata, "name", PM_CATALOG_REQUIRED,
                            &application->name);
    }

    if (rc == 0) {
        rc = pm_catalog_dns(reader, metadata, "namespace",
                            PM_CATALOG_OPTIONAL, &application->namespace);
    }

    if (rc == 0) {
        rc = pm_catalog_labels(reader, metadata, "metadata", "labels",
                               &application->labels, &application->nlabels);
    }

    if (rc == 0) {
        rc = pm_catalog_labels(reader, metadata, "metadata", "annotations",
                               &application->annotations,
                               &application->nannotations);
    }

    if (rc != 0) {
        return rc;
    }

    if (application->namespace == NULL || *application->namespace == '\0') {
        application->namespace = PM_CATALOG_NAMESPACE;
    }

    for (i = 0; i < application->nannotations; i++) {

        if (strcmp(application->annotations[i].name, PM_CATALOG_PRODUCT) == 0
            && *application->annotations[i].value != '\0')
        {
            application->product = application->annotations[i].value;
        }
    }

    return 0;
}


static int
pm_catalog_one_source(pm_catalog_reader_t *reader, const pm_node_t *mapping,
    const char *where, pm_application_t *application)
{
    int  rc;

    application->nsources = 1;
    application->sources = pm_arena_zalloc(reader->arena,
                                           sizeof(pm_catalog_source_t));
    if (application->sources == NULL) {
        return pm_error_memory(reader->err);
    }

    rc = pm_catalog_source(reader, mapping, where, application->sources);

    pm_catalog_refs(application);

    return rc;
}


/* Argo CD refuses such an application; which one is meant cannot be known. */

static int
pm_catalog_same_ref(pm_catalog_reader_t *reader, const pm_node_t *item,
    const char *where, const pm_application_t *application, size_t n)
{
    size_t       i;
    const char  *ref;

    ref = application->sources[n].ref;

    for (i = 0; ref != NULL && i < n; i++) {

        if (application->sources[i].ref != NULL
            && strcmp(application->sources[i].ref, ref) == 0)
        {
            return pm_catalog_fault(reader, pm_node_get(item, "ref"),
                                    "%s.ref \"%.64s\" is also that of "
                                    "spec.sources[%zu]", where, ref, i);
        }
    }

    return 0;
}


static int
pm_catalog_several_sources(pm_catalog_reader_t *reader,
    const pm_node_t *sequence, pm_application_t *application)
{
    int               rc;
    char              where[64];
    size_t            i;
    const pm_node_t  *item;

    application->nsources = sequence->length;
    application->sources = pm_arena_zalloc(reader->arena,
                                           sequence->length
                                           * sizeof(pm_catalog_source_t));
    if (application->sources == NULL) {
        return pm_error_memory(reader->err);
    }

    for (i = 0; i < sequence->length; i++) {
        item = pm_node_resolve(sequence->items[i]);
        (void) snprintf(where, sizeof(where), "spec.sources[%zu]", i);

        if (item->kind != PM_NODE_MAPPING) {
            return pm_catalog_fault(reader, item,
                                    "%s must be a mapping, not %s", where,
                                    pm_node_kind_name(item));
        }

        rc = pm_catalog_source(reader, item, where, &application->sources[i]);

        if (rc == 0) {
            rc = pm_catalog_same_ref(reader, item, where, application, i);
        }

        if (rc != 0) {
            return rc;
        }
    }

    pm_catalog_refs(application);

    return 0;
}


/* Of several ways to name sources, Argo CD takes the first of these. */

static int
pm_catalog_sources(pm_catalog_reader_t *reader, const pm_node_t *spec,
    pm_application_t *application)
{
    int               rc;
    const pm_node_t  *hydrator, *sources, *source;

    hydrator = NULL;
    sources = NULL;
    source = NULL;

    rc = pm_catalog_node(reader, spec, "spec", "sourceHydrator",
                         PM_NODE_MAPPING, PM_CATALOG_OPTIONAL, &hydrator);

    if (rc == 0 && hydrator != NULL) {
        rc = pm_catalog_node(reader, hydrator, "spec.sourceHydrator",
                             "drySource", PM_NODE_MAPPING,
                             PM_CATALOG_REQUIRED, &source);

        return rc ? rc : pm_catalog_one_source(reader, source,
                                               "spec.sourceHydrator"
                                               ".drySource", application);
    }

    if (rc == 0) {
        rc = pm_catalog_node(reader, spec, "spec", "sources",
                             PM_NODE_SEQUENCE, PM_CATALOG_OPTIONAL, &sources);
    }

    if (rc == 0 && sources != NULL && sources->length > 0) {
        return pm_catalog_several_sources(reader, sources, application);
    }

    if (rc == 0) {
        rc = pm_catalog_node(reader, spec, "spec", "source", PM_NODE_MAPPING,
                             PM_CATALOG_REQUIRED, &source);
    }

    return rc ? rc : pm_catalog_one_source(reader, source, "spec.source",
                                           application);
}


static int
pm_catalog_destination(pm_catalog_reader_t *reader, const pm_node_t *spec,
    pm_catalog_application_t *application)
{
    int               rc;
    const pm_node_t  *destination;

    destination = NULL;
    application->namespace = "";

    rc = pm_catalog_node(reader, spec, "spec", "destination",
                         PM_NODE_MAPPING, PM_CATALOG_OPTIONAL, &destination);

    if (rc != 0 || destination == NULL) {
        return rc;
    }

    rc = pm_catalog_cluster(reader, destination, "spec.destination",
                            &application->cluster);

    return rc ? rc : pm_catalog_string(reader, destination,
                                       "spec.destination", "namespace",
                                       PM_CATALOG_OPTIONAL,
                                       &application->namespace);
}


int
pm_catalog_read_application(pm_catalog_reader_t *reader,
    const pm_node_t *root)
{
    int                        rc;
    void                      *earlier;
    const pm_node_t           *spec;
    pm_application_t          *application;
    pm_catalog_application_t  *entry, *other;

    entry = pm_arena_zalloc(reader->arena, sizeof(pm_catalog_application_t));
    if (entry == NULL) {
        return pm_error_memory(reader->err);
    }

    application = &entry->application;
    application->runtime = reader->runtime;
    application->file = reader->file;
    application->line = root->line;
    entry->column = root->column;

    rc = pm_catalog_metadata(reader, root, application);

    if (rc == 0) {
        rc = pm_catalog_node(reader, root, "", "spec", PM_NODE_MAPPING,
                             PM_CATALOG_REQUIRED, &spec);
    }

    if (rc == 0) {
        rc = pm_catalog_sources(reader, spec, application);
    }

    if (rc == 0) {
        rc = pm_catalog_destination(reader, spec, entry);
    }

    if (rc != 0) {
        return rc;
    }

    if (pm_catalog_index_add(&reader->catalog->by_id, application->runtime,
                             application->namespace, application->name,
                             entry, &earlier)
        != 0)
    {
        return pm_error_memory(reader->err);
    }

    if (earlier != NULL) {
        other = earlier;

        return pm_catalog_fault(reader, root, "the application %s/%s/%s is "
                                "also in %s:%u; remove one of them, or give "
                                "it another name",
                                application->runtime, application->namespace,
                                application->name, other->application.file,
                                other->application.line);
    }

    return pm_catalog_append(reader, &reader->catalog->applications, entry);
}
