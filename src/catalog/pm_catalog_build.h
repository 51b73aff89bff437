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


typedef struct {
    const char  *name;
    unsigned     line;
    unsigned     column;
} pm_catalog_mention_t;


typedef struct {
    pm_environment_t        environment;
    unsigned                column;
    pm_catalog_mention_t   *promotes_to;
} pm_catalog_environment_t;


struct pm_catalog_s {
    pm_arena_t           *arena;
    pm_catalog_list_t     applications;
    pm_catalog_list_t     environments;
    pm_catalog_index_t    by_id;          /* runtime, namespace, name */
    pm_catalog_index_t    by_name;        /* environments: name or id */
    pm_catalog_index_t    by_claim;       /* runtime, cluster, namespace */
};


/* What all readers of one text share. */

typedef struct {
    pm_catalog_t  *catalog;
    pm_arena_t    *arena;        /* the catalog's: what stays */
    const char    *runtime;
    const char    *file;
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


#endif /* PM_CATALOG_BUILD_H */
