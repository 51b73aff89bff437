/*
 * Our own Environment, promotions.nginx/v1 (interface.md, 2).  Nobody else
 * checks these manifests: every field is, and there are no others.
 */

#include "catalog/pm_catalog_build.h"

#include <stdio.h>
#include <string.h>


static const char *const  pm_catalog_root_fields[] = {
    "apiVersion", "kind", "metadata", "spec", "status", NULL
};

static const char *const  pm_catalog_spec_fields[] = {
    "id", "title", "description", "organization", "kind", "position",
    "clusters", "apis", "promotesTo", NULL
};

static const char *const  pm_catalog_cluster_fields[] = {
    "runtime", "server", "name", "namespaces", NULL
};

static const char *const  pm_catalog_apis_fields[] = {
    "repoURL", "targetRevision", "path", NULL
};


/* What a grant can name: PERMISSION@ENVIRONMENT, several with spaces between,
 * "*" being all of them (interface.md, 3). */

static int
pm_catalog_is_short(const char *name)
{
    size_t  len;

    static const char  set[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";

    len = strlen(name);

    return len > 0 && len <= 128 && strspn(name, set) == len
           && strchr("._-", name[0]) == NULL;
}


static int
pm_catalog_short(pm_catalog_reader_t *reader, const pm_node_t *mapping,
    const char *where, const char *key, int required, const char **value)
{
    int  rc;

    rc = pm_catalog_string(reader, mapping, where, key, required, value);

    if (rc == 0 && *value != NULL && !pm_catalog_is_short(*value)) {
        return pm_catalog_fault(reader, pm_node_get(mapping, key),
                                "%s.%s \"%.64s\" must be 1 to 128 letters, "
                                "digits, \".\", \"_\" and \"-\", the first a "
                                "letter or digit",
                                where, key, *value);
    }

    return rc;
}


static int
pm_catalog_claim(pm_catalog_reader_t *reader,
    const pm_catalog_claim_t *template, const char *namespace)
{
    void                *earlier;
    pm_catalog_claim_t  *claim, *first;

    claim = pm_arena_alloc(reader->arena, sizeof(pm_catalog_claim_t));
    if (claim == NULL) {
        return pm_error_memory(reader->err);
    }

    *claim = *template;
    claim->namespace = namespace;

    if (pm_catalog_index_add(&reader->catalog->by_claim, claim->runtime,
                             claim->cluster, claim->namespace, claim,
                             &earlier)
        != 0)
    {
        return pm_error_memory(reader->err);
    }

    first = earlier;

    /* an environment may say the same twice: it is first, or came last */

    if (first == NULL || first->environment == claim->environment
        || (first->next != NULL
            && first->next->environment == claim->environment))
    {
        return 0;
    }

    claim->next = first->next;
    first->next = claim;

    return 0;
}


static int
pm_catalog_claims(pm_catalog_reader_t *reader, const pm_node_t *mapping,
    const char *where, const pm_environment_t *environment)
{
    int                  rc;
    char                 what[96];
    size_t               i;
    const char          *namespace;
    const pm_node_t     *namespaces;
    pm_catalog_claim_t   claim;

    memset(&claim, 0, sizeof(pm_catalog_claim_t));
    claim.environment = environment;
    namespaces = NULL;

    rc = pm_catalog_known(reader, mapping, where, pm_catalog_cluster_fields);

    if (rc == 0) {
        rc = pm_catalog_string(reader, mapping, where, "runtime",
                               PM_CATALOG_REQUIRED, &claim.runtime);
    }

    if (rc == 0) {
        rc = pm_catalog_cluster(reader, mapping, where, &claim.cluster);
    }

    if (rc == 0 && claim.cluster == NULL) {
        return pm_catalog_fault(reader, mapping, "%s has neither server nor "
                                "name; name the cluster as the applications' "
                                "spec.destination does", where);
    }

    if (rc == 0) {
        rc = pm_catalog_node(reader, mapping, where, "namespaces",
                             PM_NODE_SEQUENCE, PM_CATALOG_OPTIONAL,
                             &namespaces);
    }

    if (rc != 0) {
        return rc;
    }

    if (namespaces == NULL || namespaces->length == 0) {
        return pm_catalog_claim(reader, &claim, "");
    }

    (void) snprintf(what, sizeof(what), "%s.namespaces", where);

    for (i = 0; i < namespaces->length; i++) {
        rc = pm_catalog_item(reader, namespaces->items[i], what, &namespace);

        if (rc == 0) {
            rc = pm_catalog_claim(reader, &claim, namespace);
        }

        if (rc != 0) {
            return rc;
        }
    }

    return 0;
}


static int
pm_catalog_clusters(pm_catalog_reader_t *reader, const pm_node_t *spec,
    const pm_environment_t *environment)
{
    int               rc;
    char              where[64];
    size_t            i;
    const pm_node_t  *clusters, *item;

    clusters = NULL;
    rc = pm_catalog_node(reader, spec, "spec", "clusters", PM_NODE_SEQUENCE,
                         PM_CATALOG_OPTIONAL, &clusters);

    if (rc != 0 || clusters == NULL) {
        return rc;
    }

    for (i = 0; i < clusters->length; i++) {
        item = pm_node_resolve(clusters->items[i]);
        (void) snprintf(where, sizeof(where), "spec.clusters[%zu]", i);

        if (item->kind != PM_NODE_MAPPING) {
            return pm_catalog_fault(reader, item,
                                    "%s must be a mapping, not %s", where,
                                    pm_node_kind_name(item));
        }

        rc = pm_catalog_claims(reader, item, where, environment);
        if (rc != 0) {
            return rc;
        }
    }

    return 0;
}


static int
pm_catalog_apis(pm_catalog_reader_t *reader, const pm_node_t *spec,
    pm_environment_t *environment)
{
    int               rc;
    const pm_node_t  *apis;

    apis = NULL;
    rc = pm_catalog_node(reader, spec, "spec", "apis", PM_NODE_MAPPING,
                         PM_CATALOG_OPTIONAL, &apis);

    if (rc != 0 || apis == NULL) {
        return rc;
    }

    rc = pm_catalog_known(reader, apis, "spec.apis", pm_catalog_apis_fields);
    if (rc != 0) {
        return rc;
    }

    environment->apis = pm_arena_zalloc(reader->arena,
                                        sizeof(pm_catalog_source_t));
    if (environment->apis == NULL) {
        return pm_error_memory(reader->err);
    }

    /* without a path: the whole repository */

    rc = pm_catalog_place(reader, apis, "spec.apis", environment->apis);
    environment->apis->promotable = 1;

    return rc;
}


static int
pm_catalog_promotes_to(pm_catalog_reader_t *reader, const pm_node_t *spec,
    pm_catalog_environment_t *entry)
{
    int                rc;
    size_t             i, n;
    const pm_node_t   *list, *item;
    pm_environment_t  *environment;

    list = NULL;
    rc = pm_catalog_node(reader, spec, "spec", "promotesTo",
                         PM_NODE_SEQUENCE, PM_CATALOG_OPTIONAL, &list);

    if (rc != 0 || list == NULL) {
        return rc;
    }

    /* an empty list, unlike a missing one, is no environment at all */

    n = list->length;
    environment = &entry->environment;
    environment->npromotes_to = n;
    environment->promotes_to = pm_arena_zalloc(reader->arena,
                                               (n + 1) * sizeof(char *));
    entry->promotes_to = pm_arena_zalloc(reader->arena,
                                         (n + 1)
                                         * sizeof(pm_catalog_mention_t));

    if (environment->promotes_to == NULL || entry->promotes_to == NULL) {
        return pm_error_memory(reader->err);
    }

    for (i = 0; i < n; i++) {
        item = pm_node_resolve(list->items[i]);

        rc = pm_catalog_item(reader, item, "spec.promotesTo",
                             &entry->promotes_to[i].name);
        if (rc != 0) {
            return rc;
        }

        entry->promotes_to[i].line = item->line;
        entry->promotes_to[i].column = item->column;
    }

    return 0;
}


static int
pm_catalog_kind(pm_catalog_reader_t *reader, const pm_node_t *spec,
    pm_environment_t *environment)
{
    int          rc;
    const char  *kind;

    kind = "NON_PROD";
    rc = pm_catalog_string(reader, spec, "spec", "kind", PM_CATALOG_OPTIONAL,
                           &kind);
    if (rc != 0) {
        return rc;
    }

    environment->production = (strcmp(kind, "PROD") == 0);

    if (!environment->production && strcmp(kind, "NON_PROD") != 0) {
        return pm_catalog_fault(reader, pm_node_get(spec, "kind"),
                                "spec.kind must be PROD or NON_PROD, not "
                                "\"%.64s\"", kind);
    }

    return 0;
}


static int
pm_catalog_spec(pm_catalog_reader_t *reader, const pm_node_t *spec,
    pm_catalog_environment_t *entry)
{
    int                rc;
    pm_environment_t  *environment;

    environment = &entry->environment;
    rc = pm_catalog_known(reader, spec, "spec", pm_catalog_spec_fields);

    if (rc == 0) {
        rc = pm_catalog_short(reader, spec, "spec", "id",
                              PM_CATALOG_OPTIONAL, &environment->id);
    }

    if (rc == 0) {
        rc = pm_catalog_string(reader, spec, "spec", "title",
                               PM_CATALOG_OPTIONAL, &environment->title);
    }

    if (rc == 0) {
        rc = pm_catalog_string(reader, spec, "spec", "description",
                               PM_CATALOG_OPTIONAL,
                               &environment->description);
    }

    if (rc == 0) {
        rc = pm_catalog_string(reader, spec, "spec", "organization",
                               PM_CATALOG_OPTIONAL,
                               &environment->organization);
    }

    if (rc == 0) {
        rc = pm_catalog_kind(reader, spec, environment);
    }

    if (rc == 0) {
        rc = pm_catalog_integer(reader, spec, "spec", "position",
                                &environment->position);
    }

    if (rc == 0) {
        rc = pm_catalog_clusters(reader, spec, environment);
    }

    if (rc == 0) {
        rc = pm_catalog_apis(reader, spec, environment);
    }

    return rc ? rc : pm_catalog_promotes_to(reader, spec, entry);
}


/* One name, and one id, for one environment; both are looked up alike. */

static int
pm_catalog_register(pm_catalog_reader_t *reader, const pm_node_t *root,
    pm_catalog_environment_t *entry, const char *name)
{
    void                      *earlier;
    pm_catalog_environment_t  *other;

    if (pm_catalog_index_add(&reader->catalog->by_name, name, "", "", entry,
                             &earlier)
        != 0)
    {
        return pm_error_memory(reader->err);
    }

    other = earlier;

    if (other != NULL && other != entry) {
        return pm_catalog_fault(reader, root, "\"%s\" is also the name or id "
                                "of the environment in %s:%u; give one of "
                                "them another",
                                name, other->environment.file,
                                other->environment.line);
    }

    return 0;
}


int
pm_catalog_read_environment(pm_catalog_reader_t *reader,
    const pm_node_t *root)
{
    int                        rc;
    const pm_node_t           *metadata, *spec;
    pm_environment_t          *environment;
    pm_catalog_environment_t  *entry;

    entry = pm_arena_zalloc(reader->arena, sizeof(pm_catalog_environment_t));
    if (entry == NULL) {
        return pm_error_memory(reader->err);
    }

    environment = &entry->environment;
    environment->file = reader->file;
    environment->line = root->line;
    environment->description = "";
    environment->organization = "";
    entry->column = root->column;
    spec = NULL;

    rc = pm_catalog_known(reader, root, "an Environment",
                          pm_catalog_root_fields);

    if (rc == 0) {
        rc = pm_catalog_node(reader, root, "", "metadata", PM_NODE_MAPPING,
                             PM_CATALOG_REQUIRED, &metadata);
    }

    if (rc == 0) {
        rc = pm_catalog_short(reader, metadata, "metadata", "name",
                              PM_CATALOG_REQUIRED, &environment->name);
    }

    if (rc == 0) {
        rc = pm_catalog_node(reader, root, "", "spec", PM_NODE_MAPPING,
                             PM_CATALOG_OPTIONAL, &spec);
    }

    if (rc == 0 && spec != NULL) {
        rc = pm_catalog_spec(reader, spec, entry);
    }

    if (rc != 0) {
        return rc;
    }

    if (environment->id == NULL) {
        environment->id = environment->name;
    }

    if (environment->title == NULL || *environment->title == '\0') {
        environment->title = environment->name;
    }

    rc = pm_catalog_register(reader, root, entry, environment->name);

    if (rc == 0) {
        rc = pm_catalog_register(reader, root, entry, environment->id);
    }

    return rc ? rc : pm_catalog_append(reader,
                                       &reader->catalog->environments, entry);
}
