/*
 * pm_catalog.h: what runs where: applications and environments from the
 * manifests that teams already have (interface.md, 2).
 *
 * Built once when the configuration is read, constant afterwards, read by all
 * threads; freed with its arena.
 */

#ifndef PM_CATALOG_H
#define PM_CATALOG_H


#include "base/pm_arena.h"
#include "base/pm_error.h"
#include "catalog/pm_policy.h"
#include "catalog/pm_template.h"
#include "document/pm_document.h"


typedef struct pm_catalog_s      pm_catalog_t;
typedef struct pm_environment_s  pm_environment_t;


typedef struct {
    const char  *name;
    const char  *value;
} pm_label_t;


typedef struct pm_catalog_source_s  pm_catalog_source_t;


/* A value file of a source that lies in another: "$ref/…" of its
 * helm.valueFiles. */

typedef struct {
    const char                 *name;    /* "$ref/" and path */
    const char                 *path;    /* from its repository's root */
    const pm_catalog_source_t  *place;   /* the source that has the ref */
} pm_catalog_ref_file_t;


/* A place in git: the folder "path" on a branch of a repository. */

struct pm_catalog_source_s {
    const char  *repository;     /* repoURL as written, */
    unsigned     line;           /* where it stands in the file */
    unsigned     column;
    const char  *revision;       /* as written, without refs/heads/; NULL:
                                    missing or HEAD, the remote's default
                                    branch */
    const char  *path;           /* without leading or trailing "/", no "."
                                    or ".."; "": the root, or none */
    const char  *ref;            /* Argo's sources[].ref, or NULL */
    const char **value_files;    /* of helm.valueFiles, those outside of path:
                                    from the repository's root */
    size_t       nvalue_files;
    pm_catalog_ref_file_t  *ref_files;   /* of other sources */
    size_t                  nref_files;
    unsigned     writable:1;     /* revision is a branch's name by its form
                                    (no 40-digit SHA, no semver range, not
                                    refs/tags/…); v1.2.3 is, and may still
                                    be a tag of the remote's */
    unsigned     branch:1;       /* it was written as refs/heads/… */
    unsigned     promotable:1;   /* has a path and is no Helm chart */
};


typedef struct {
    const char              *runtime;
    const char              *namespace;
    const char              *name;
    pm_label_t              *labels;
    size_t                   nlabels;
    pm_label_t              *annotations;
    size_t                   nannotations;
    pm_catalog_source_t     *sources;
    size_t                   nsources;
    const char              *product;      /* annotation, or NULL */
    const pm_environment_t  *environment;  /* NULL: none */
    const pm_template_t     *template;     /* for which this is the
                                              destination; NULL: all files */
    const char              *file;         /* where it was read */
    unsigned                 line;
} pm_application_t;


struct pm_environment_s {
    const char   *id;            /* default: name */
    const char   *name;          /* the short id (hrid) */
    const char   *title;         /* default: name */
    const char   *description;   /* "" if missing */
    const char   *organization;  /* "" if missing */
    unsigned      production:1;  /* kind: PROD */
    long          position;
    pm_catalog_source_t  *apis;  /* NULL: none */
    const char  **promotes_to;   /* NULL: every environment of the
                                    organization; names, checked to exist */
    size_t        npromotes_to;
    const char   *file;
    unsigned      line;
};


/* Applications that are promoted together. */

typedef struct {
    const char               *name;
    const pm_manifest_t      *manifest;    /* NULL: only applications name
                                              it */
    const pm_application_t  **applications;
    size_t                    napplications;
} pm_product_t;


/* A repository that something is deployed from, on some branch. */

typedef struct pm_catalog_branch_s  pm_catalog_branch_t;

struct pm_catalog_branch_s {
    const char                 *repository;  /* as written */
    const pm_catalog_branch_t  *next;
};


/* An empty catalog in the arena; NULL when out of memory. */
pm_catalog_t *pm_catalog_create(pm_arena_t *arena);

/*
 * Reads a file, or *.yaml *.yml *.json below a folder in order of names
 * (hidden ones and links that lead out of it are skipped; what links reach
 * again is read once), for a runtime.  Documents of other kinds are skipped.
 * 0, or PM_INVALID with file:line:column; after that the catalog is of no
 * use.
 */
int pm_catalog_read(pm_catalog_t *catalog, const char *runtime,
    const char *path, pm_error_t *err);

/*
 * After the last read: joins applications to environments, checks what refers
 * to something.  No look-up before it.
 */
int pm_catalog_finish(pm_catalog_t *catalog, pm_error_t *err);

/* Constant-time look-ups, exact; NULL: none. */
const pm_application_t *pm_catalog_application(const pm_catalog_t *catalog,
    const char *runtime, const char *namespace, const char *name);
const pm_environment_t *pm_catalog_environment(const pm_catalog_t *catalog,
    const char *name_or_id);

const pm_product_t *pm_catalog_product(const pm_catalog_t *catalog,
    const char *name);

/*
 * What the policies say about promoting a product (NULL: an application of
 * none) into an environment (NULL: none).  The result, the catalog's, has no
 * values where there is no policy.  Constant time for pairs that an
 * application has; for others policy is filled and returned.
 */
const pm_policy_t *pm_catalog_policy(const pm_catalog_t *catalog,
    const char *product, const pm_environment_t *environment,
    pm_policy_t *policy);

/*
 * The repositories, as written, each once, whose URLs end in that name (with
 * ".git" or without, in any case) and which have an application, or an
 * environment its APIs, on that branch; NULL: none.  Sources without a
 * revision are not among them.  The arena's memory is used.
 */
const pm_catalog_branch_t *pm_catalog_branch(const pm_catalog_t *catalog,
    pm_arena_t *arena, const char *branch, const char *repository);

/* The runtimes that were read, each once; NULL: no more. */
const char *pm_catalog_runtime(const pm_catalog_t *catalog, size_t i);

/* All of them, in order of reading. */
const pm_application_t *pm_catalog_applications(const pm_catalog_t *catalog,
    size_t i);
size_t pm_catalog_napplications(const pm_catalog_t *catalog);
const pm_environment_t *pm_catalog_environments(const pm_catalog_t *catalog,
    size_t i);
size_t pm_catalog_nenvironments(const pm_catalog_t *catalog);
const pm_product_t *pm_catalog_products(const pm_catalog_t *catalog,
    size_t i);
size_t pm_catalog_nproducts(const pm_catalog_t *catalog);


#endif /* PM_CATALOG_H */
