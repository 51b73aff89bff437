#include "catalog/pm_catalog_build.h"

#include <string.h>


pm_catalog_t *
pm_catalog_create(pm_arena_t *arena)
{
    pm_catalog_t  *catalog;

    catalog = pm_arena_zalloc(arena, sizeof(pm_catalog_t));
    if (catalog == NULL) {
        return NULL;
    }

    catalog->arena = arena;
    pm_catalog_index_init(&catalog->by_id, arena);
    pm_catalog_index_init(&catalog->by_name, arena);
    pm_catalog_index_init(&catalog->by_claim, arena);
    pm_catalog_index_init(&catalog->by_kind, arena);
    pm_catalog_index_init(&catalog->by_label, arena);
    pm_catalog_index_init(&catalog->composites, arena);
    pm_catalog_index_init(&catalog->merged, arena);
    pm_catalog_index_init(&catalog->by_branch, arena);

    return catalog;
}


int
pm_catalog_append(pm_catalog_reader_t *reader, pm_catalog_list_t *list,
    void *item)
{
    void    **items;
    size_t    size;

    if (list->n == list->size) {
        size = list->size ? list->size * 2 : 64;

        items = (size > SIZE_MAX / 2 / sizeof(void *))
                ? NULL : pm_arena_alloc(reader->arena, size * sizeof(void *));

        if (items == NULL) {
            return pm_error_memory(reader->err);
        }

        if (list->n > 0) {
            memcpy(items, list->items, list->n * sizeof(void *));
        }

        list->items = items;
        list->size = size;
    }

    list->items[list->n++] = item;

    return 0;
}


/* An environment names others, perhaps by their ids: their names are kept. */

static int
pm_catalog_finish_environment(pm_catalog_t *catalog,
    pm_catalog_environment_t *entry, pm_error_t *err)
{
    size_t                       i;
    const pm_environment_t      *target;
    const pm_catalog_mention_t  *mention;

    for (i = 0; i < entry->environment.npromotes_to; i++) {
        mention = &entry->promotes_to[i];
        target = pm_catalog_environment(catalog, mention->name);

        if (target == NULL) {
            return pm_error_at(err, PM_INVALID, entry->environment.file,
                               mention->line, mention->column,
                               "spec.promotesTo names an environment that "
                               "does not exist: \"%.128s\"", mention->name);
        }

        entry->environment.promotes_to[i] = target->name;
    }

    return 0;
}


static int
pm_catalog_finish_application(pm_catalog_t *catalog,
    pm_catalog_application_t *entry, pm_error_t *err)
{
    pm_application_t          *application;
    const pm_environment_t    *other;
    const pm_catalog_claim_t  *claim;

    application = &entry->application;

    if (entry->cluster == NULL) {
        return 0;
    }

    claim = pm_catalog_index_get(&catalog->by_claim, application->runtime,
                                 entry->cluster, entry->namespace);

    if (claim == NULL) {
        claim = pm_catalog_index_get(&catalog->by_claim,
                                     application->runtime, entry->cluster,
                                     "");
    }

    if (claim == NULL) {
        return 0;
    }

    application->environment = claim->environment;

    if (claim->next != NULL) {
        other = claim->next->environment;

        return pm_error_at(err, PM_INVALID, application->file,
                           application->line, entry->column,
                           "the application %s/%s/%s matches two "
                           "environments, %s (%s:%u) and %s (%s:%u); list "
                           "its namespace in one of them only",
                           application->runtime, application->namespace,
                           application->name, claim->environment->name,
                           claim->environment->file, claim->environment->line,
                           other->name, other->file, other->line);
    }

    return 0;
}


int
pm_catalog_finish(pm_catalog_t *catalog, pm_error_t *err)
{
    int     rc;
    size_t  i;

    for (i = 0; i < catalog->environments.n; i++) {
        rc = pm_catalog_finish_environment(catalog,
                                           catalog->environments.items[i],
                                           err);
        if (rc != 0) {
            return rc;
        }
    }

    for (i = 0; i < catalog->applications.n; i++) {
        rc = pm_catalog_finish_application(catalog,
                                           catalog->applications.items[i],
                                           err);
        if (rc != 0) {
            return rc;
        }
    }

    rc = pm_catalog_finish_branches(catalog, err);

    if (rc == 0) {
        rc = pm_catalog_finish_products(catalog, err);
    }

    if (rc == 0) {
        rc = pm_catalog_finish_templates(catalog, err);
    }

    if (rc == 0) {
        rc = pm_catalog_finish_policies(catalog, err);
    }

    return rc ? rc : pm_catalog_finish_flows(catalog, err);
}


const pm_application_t *
pm_catalog_application(const pm_catalog_t *catalog, const char *runtime,
    const char *namespace, const char *name)
{
    const pm_catalog_application_t  *entry;

    entry = pm_catalog_index_get(&catalog->by_id, runtime, namespace, name);

    return entry ? &entry->application : NULL;
}


const pm_environment_t *
pm_catalog_environment(const pm_catalog_t *catalog, const char *name_or_id)
{
    const pm_catalog_environment_t  *entry;

    entry = pm_catalog_index_get(&catalog->by_name, name_or_id, "", "");

    return entry ? &entry->environment : NULL;
}


const char *
pm_catalog_runtime(const pm_catalog_t *catalog, size_t i)
{
    return (i < catalog->runtimes.n) ? catalog->runtimes.items[i] : NULL;
}


const pm_application_t *
pm_catalog_applications(const pm_catalog_t *catalog, size_t i)
{
    const pm_catalog_application_t  *entry;

    if (i >= catalog->applications.n) {
        return NULL;
    }

    entry = catalog->applications.items[i];

    return &entry->application;
}


size_t
pm_catalog_napplications(const pm_catalog_t *catalog)
{
    return catalog->applications.n;
}


const pm_environment_t *
pm_catalog_environments(const pm_catalog_t *catalog, size_t i)
{
    const pm_catalog_environment_t  *entry;

    if (i >= catalog->environments.n) {
        return NULL;
    }

    entry = catalog->environments.items[i];

    return &entry->environment;
}


size_t
pm_catalog_nenvironments(const pm_catalog_t *catalog)
{
    return catalog->environments.n;
}
