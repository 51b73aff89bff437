/*
 * pm_template.h: what of an application is promoted (selection.md, 1).
 *
 * A template is constant once made; it is the catalog's, or of the arena that
 * a record was read into.
 */

#ifndef PM_TEMPLATE_H
#define PM_TEMPLATE_H


#include "catalog/pm_glob.h"
#include "document/pm_jsonpath.h"


#define PM_TEMPLATE_FILES     1024     /* entries of a template */
#define PM_TEMPLATE_PATHS     256      /* JSONPaths of an entry */
#define PM_TEMPLATE_EXCLUDES  1024


/* Where a setting was read. */

typedef struct {
    const char  *kind;
    const char  *name;
    const char  *file;           /* as below promotions_catalog's folder */
    unsigned     line;
} pm_manifest_t;


/* Some files, and what of them is meant.  "$ref/…" are value files as
 * helm.valueFiles has them: of another source. */

typedef struct {
    const char            *pattern;   /* relative to the application's path */
    const pm_glob_t       *glob;      /* NULL: pattern is a name */
    const pm_jsonpath_t  **paths;
    size_t                 npaths;    /* 0: the whole file */
    const char            *to;        /* its name in the destination; NULL:
                                         the same.  Names only */
    const pm_manifest_t   *origin;
} pm_template_file_t;


typedef struct {
    const char           *file;       /* NULL: the version is not known */
    const pm_jsonpath_t  *path;
    const pm_manifest_t  *origin;
} pm_template_version_t;


typedef struct {
    const char             *name;     /* of the manifest that comes first */
    const char             *origin;   /* "product", "reference", "selector" */
    pm_template_version_t   version;
    pm_template_file_t     *files;    /* the first one that matches counts */
    size_t                  nfiles;   /* 0: every file, whole */
    pm_template_file_t     *excludes; /* all that match count; pattern NULL:
                                         of every file */
    size_t                  nexcludes;
    const pm_manifest_t    *deletions;    /* who said so; NULL: nobody */
    unsigned                mirror:1;     /* what only the destination has is
                                             deleted, if it is selected whole */
} pm_template_t;


/*
 * The entry for a file (its path relative to the application's), or NULL: it
 * is not selected.  Templates without entries select all: ask nfiles first.
 */
const pm_template_file_t *pm_template_find(const pm_template_t *template,
    const char *file);

/* 1 if the entry is about this file. */
int pm_template_matches(const pm_template_file_t *entry, const char *file);

/* 1 if a name or a pattern is "$ref/…". */
int pm_template_is_ref(const char *name);

/*
 * A folder of a repository and a name relative to it as one path from its
 * root, ".." resolved: *path, the arena's; NULL where it leads out of the
 * repository.  0, or -1: out of memory.
 */
int pm_template_path(pm_arena_t *arena, const char *folder, const char *name,
    const char **path);


#endif /* PM_TEMPLATE_H */
