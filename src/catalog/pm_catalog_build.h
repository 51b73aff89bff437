/*
 * pm_catalog_build.h: how a catalog comes to be.  Private to this room.
 */

#ifndef PM_CATALOG_BUILD_H
#define PM_CATALOG_BUILD_H


#include "catalog/pm_catalog.h"
#include "catalog/pm_catalog_index.h"


/* Pointers in the arena that become more. */

typedef struct {
    void        **items;
    size_t        n;
    size_t        size;
} pm_catalog_list_t;


typedef struct {
    pm_application_t   application;
    unsigned           column;
    const char        *cluster;    /* "server URL" or "name NAME", or NULL */
    const char        *namespace;  /* of the destination; "": none */
} pm_catalog_application_t;


/* One namespace of one cluster that an environment lays claim to. */

typedef struct pm_catalog_claim_s  pm_catalog_claim_t;

struct pm_catalog_claim_s {
    const pm_environment_t  *environment;
    const char              *runtime;
    const char              *cluster;    /* as above */
    const char              *namespace;  /* "": all that no other lists */
    pm_catalog_claim_t      *next;       /* another environment's claim */
};


/* A name that something else must have, and where it stands. */

typedef struct {
    const char  *name;
    unsigned     line;
    unsigned     column;
} pm_catalog_mention_t;


typedef enum {
    PM_CATALOG_IN,
    PM_CATALOG_NOT_IN,
    PM_CATALOG_EXISTS,
    PM_CATALOG_DOES_NOT_EXIST
} pm_catalog_operator_t;


typedef struct {
    const char             *key;
    pm_catalog_operator_t   operator;
    const char            **values;
    size_t                  nvalues;
} pm_catalog_requirement_t;


/* All of them must hold; none: everything is selected. */

typedef struct {
    pm_catalog_requirement_t  *items;
    size_t                     n;
} pm_catalog_selector_t;


typedef struct pm_catalog_template_s  pm_catalog_template_t;

struct pm_catalog_template_s {
    pm_template_t           body;        /* its own, by name */
    pm_manifest_t           manifest;
    const char             *file;        /* of errors */
    pm_catalog_selector_t  *selector;    /* NULL: only by reference */
    long                    priority;
    size_t                  rank;        /* 0: goes before all others */
};


typedef struct {
    pm_product_t            product;
    pm_template_t          *template;    /* its own, or NULL */
    pm_manifest_t           manifest;
    const char             *file;        /* of errors */
    pm_catalog_mention_t    reference;   /* promotionTemplateRef */
    pm_catalog_mention_t   *flows;
    size_t                  nflows;
    pm_catalog_list_t       applications;
} pm_catalog_product_t;


typedef struct {
    pm_manifest_t           manifest;
    const char             *file;
    long                    priority;
    const char             *values[PM_POLICY_FIELDS];
    pm_catalog_mention_t   *products;
    size_t                  nproducts;   /* 0: all */
    pm_catalog_mention_t   *environments;
    size_t                  nenvironments;
    unsigned                production:1;        /* types */
    unsigned                other:1;
} pm_catalog_policy_t;


typedef struct {
    pm_catalog_mention_t    environment;
    pm_catalog_mention_t   *depends_on;
    size_t                  ndepends_on;
    size_t                 *needs;       /* the same as steps; their number:
                                            the trigger */
} pm_catalog_step_t;


typedef struct {
    pm_manifest_t           manifest;
    const char             *file;
    pm_catalog_mention_t    trigger;
    pm_catalog_step_t      *steps;
    size_t                  nsteps;
} pm_catalog_flow_t;


typedef struct {
    pm_environment_t        environment;
    unsigned                column;
    pm_catalog_mention_t   *promotes_to;
} pm_catalog_environment_t;


struct pm_catalog_s {
    pm_arena_t           *arena;
    pm_catalog_list_t     runtimes;      /* of const char */
    pm_catalog_list_t     applications;
    pm_catalog_list_t     environments;
    pm_catalog_list_t     templates;      /* by rank, once finished */
    pm_catalog_list_t     products;
    pm_catalog_list_t     policies;       /* by priority, once finished */
    pm_catalog_list_t     flows;
    pm_catalog_index_t    by_id;          /* runtime, namespace, name */
    pm_catalog_index_t    by_name;        /* environments: name or id */
    pm_catalog_index_t    by_claim;       /* runtime, cluster, namespace */
    pm_catalog_index_t    by_kind;        /* kind, name: of all others */
    pm_catalog_index_t    by_label;       /* templates: key, value */
    pm_catalog_index_t    composites;     /* the templates' ranks */
    pm_catalog_index_t    merged;         /* policies: product, environment */
    pm_catalog_index_t    by_branch;      /* lists: branch, repository's name;
                                             and what is in them */
    pm_catalog_list_t     anywhere;       /* templates without a first label */
    const char           *folder;         /* that is being read, or NULL */
};


/* What all readers of one text share. */

typedef struct {
    pm_catalog_t  *catalog;
    pm_arena_t    *arena;        /* the catalog's: what stays */
    const char    *runtime;
    const char    *file;
    const char    *shown;        /* the same, below its folder */
    pm_error_t    *err;
} pm_catalog_reader_t;


/* 0, or a code with the error set. */
int pm_catalog_append(pm_catalog_reader_t *reader, pm_catalog_list_t *list,
    void *item);

/*
 * Reads manifests from memory; name stands in messages and says whether it is
 * JSON.  What pm_catalog_read() does with each file.
 */
int pm_catalog_read_text(pm_catalog_t *catalog, const char *runtime,
    const char *name, const char *text, size_t len, pm_error_t *err);

/* A regular file, of any name; path is opened, name stands in messages. */
int pm_catalog_read_file(pm_catalog_t *catalog, const char *runtime,
    const char *path, const char *name, pm_error_t *err);

/* One document each: its root is a mapping of that kind. */
int pm_catalog_read_application(pm_catalog_reader_t *reader,
    const pm_node_t *root);
int pm_catalog_read_environment(pm_catalog_reader_t *reader,
    const pm_node_t *root);
int pm_catalog_read_template(pm_catalog_reader_t *reader,
    const pm_node_t *root);
int pm_catalog_read_product(pm_catalog_reader_t *reader,
    const pm_node_t *root);
int pm_catalog_read_policy(pm_catalog_reader_t *reader,
    const pm_node_t *root);
int pm_catalog_read_flow(pm_catalog_reader_t *reader, const pm_node_t *root);

/* Which branches things are deployed from. */
int pm_catalog_finish_branches(pm_catalog_t *catalog, pm_error_t *err);

/*
 * What they refer to, once all is read.  Products first: it makes those that
 * only applications name, and policies may name them.
 */
int pm_catalog_finish_products(pm_catalog_t *catalog, pm_error_t *err);
int pm_catalog_finish_policies(pm_catalog_t *catalog, pm_error_t *err);
int pm_catalog_finish_flows(pm_catalog_t *catalog, pm_error_t *err);

/* Each application's template; after the products. */
int pm_catalog_finish_templates(pm_catalog_t *catalog, pm_error_t *err);

/*
 * pm_catalog_manifest.c: the name and place of a manifest of this kind, in
 * *manifest.  Its kind and name are one value's, or it is a fault that names
 * both files.  spec: its mapping.
 */
int pm_catalog_manifest(pm_catalog_reader_t *reader, const pm_node_t *root,
    const char *kind, void *value, pm_manifest_t *manifest,
    const pm_node_t **spec);

/* What has a kind and a name (manifest's) from now on; root: of the fault if
 * something has them. */
int pm_catalog_keep(pm_catalog_reader_t *reader, const char *kind,
    void *value, pm_manifest_t *manifest, const pm_node_t *root);

/* The value of a kind and a name; NULL: none. */
void *pm_catalog_named(const pm_catalog_t *catalog, const char *kind,
    const char *name);

/* The fault of a name that nothing has; what: "a product", … */
int pm_catalog_missing(const char *file, const pm_catalog_mention_t *mention,
    const char *where, const char *what, pm_error_t *err);

/*
 * pm_catalog_value.c: values with a type.  "where" is the path of the mapping
 * for messages, as in spec.source; null counts as missing.  All return 0 or a
 * code with the error set; an optional value that is missing leaves *value
 * alone.
 */

#define PM_CATALOG_OPTIONAL  0
#define PM_CATALOG_REQUIRED  1

int pm_catalog_fault(pm_catalog_reader_t *reader, const pm_node_t *node,
    const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* A mapping or a sequence. */
int pm_catalog_node(pm_catalog_reader_t *reader, const pm_node_t *mapping,
    const char *where, const char *key, pm_node_kind_t kind, int required,
    const pm_node_t **value);

/* A copy in the catalog's arena; a required one is not empty. */
int pm_catalog_string(pm_catalog_reader_t *reader, const pm_node_t *mapping,
    const char *where, const char *key, int required, const char **value);

/* An item of a sequence, not empty. */
int pm_catalog_item(pm_catalog_reader_t *reader, const pm_node_t *item,
    const char *where, const char **value);

/* The same, which may be empty. */
int pm_catalog_any_item(pm_catalog_reader_t *reader, const pm_node_t *item,
    const char *where, const char **value);

/* A sequence of strings (none: *n is 0), or one string (NULL: none). */
int pm_catalog_mentions(pm_catalog_reader_t *reader, const pm_node_t *mapping,
    const char *where, const char *key, pm_catalog_mention_t **mentions,
    size_t *n);
int pm_catalog_mention(pm_catalog_reader_t *reader, const pm_node_t *mapping,
    const char *where, const char *key, int required,
    pm_catalog_mention_t *mention);

int pm_catalog_integer(pm_catalog_reader_t *reader, const pm_node_t *mapping,
    const char *where, const char *key, long *value);

/* A mapping of strings. */
int pm_catalog_labels(pm_catalog_reader_t *reader, const pm_node_t *mapping,
    const char *where, const char *key, pm_label_t **labels, size_t *n);

/* Refuses keys that are not among the names (NULL ends them). */
int pm_catalog_known(pm_catalog_reader_t *reader, const pm_node_t *mapping,
    const char *where, const char *const *names);

/* pm_catalog_source.c: repoURL, targetRevision and path; "promotable" says
 * whether there is a path. */
int pm_catalog_place(pm_catalog_reader_t *reader, const pm_node_t *mapping,
    const char *where, pm_catalog_source_t *source);

/* And chart and ref: a whole source of an application. */
int pm_catalog_source(pm_catalog_reader_t *reader, const pm_node_t *mapping,
    const char *where, pm_catalog_source_t *source);

/* Whether a revision is by its form a branch's name. */
int pm_catalog_writable(const char *revision);

/* "server URL" or "name NAME" from a mapping that has at most one of them;
 * *cluster stays NULL if it has none. */
int pm_catalog_cluster(pm_catalog_reader_t *reader, const pm_node_t *mapping,
    const char *where, const char **cluster);

/* RFC 1123's names, as Kubernetes has them: metadata.<key>. */
int pm_catalog_dns(pm_catalog_reader_t *reader, const pm_node_t *metadata,
    const char *key, int required, const char **value);

/* pm_catalog_pattern.c: "where" says in messages what is read. */

/* jsonPaths of mapping, required, into the file's entry. */
int pm_catalog_jsonpaths(pm_catalog_reader_t *reader,
    const pm_node_t *mapping, const char *where, pm_template_file_t *file);
int pm_catalog_jsonpath(pm_catalog_reader_t *reader, const pm_node_t *node,
    const char *where, const pm_jsonpath_t **path);

/* A name or a pattern into the file's entry. */
int pm_catalog_file(pm_catalog_reader_t *reader, const pm_node_t *node,
    const char *where, pm_template_file_t *file);

/* pm_catalog_template.c: versionSource, promotion, exclude and deletions of a
 * mapping. */
int pm_catalog_template_body(pm_catalog_reader_t *reader,
    const pm_node_t *mapping, const char *where,
    const pm_manifest_t *manifest, pm_template_t *body);

/* pm_catalog_selector.c */
int pm_catalog_selector(pm_catalog_reader_t *reader, const pm_node_t *mapping,
    const char *where, pm_catalog_selector_t *selector);
int pm_catalog_selects(const pm_catalog_selector_t *selector,
    const pm_label_t *labels, size_t nlabels);

/* pm_catalog_helm.c: value files outside of the source's path. */
int pm_catalog_value_files(pm_catalog_reader_t *reader,
    const pm_node_t *mapping, const char *where,
    pm_catalog_source_t *source);

/* After the last source: those that lie in another get their place. */
void pm_catalog_refs(pm_application_t *application);


#endif /* PM_CATALOG_BUILD_H */
