/*
 * pm_git_objects_internal.h: objects in memory, as the files that make, read
 * and pack them see them.  Inside the git room only.
 */

#ifndef PM_GIT_OBJECTS_INTERNAL_H
#define PM_GIT_OBJECTS_INTERNAL_H


#include "git/pm_git_mirror_internal.h"
#include "git/pm_git_objects.h"
#include "base/pm_hash.h"


/*
 * An object that was made.  A tree that replaces another one knows what it
 * has in common with it: the delta is a by-product, nothing is searched.
 */

typedef struct {
    pm_oid_t        id;
    git_object_t    type;
    unsigned char  *data;        /* malloc()ed, as delta */
    size_t          len;
    pm_oid_t        base;
    unsigned char  *delta;       /* NULL: none worth its bytes */
    size_t          delta_len;
    unsigned        depth;       /* deltas below it that were made here */
} pm_git_made_t;


struct pm_git_objects_s {
    pm_git_mirror_t   *mirror;
    pm_git_objects_t  *next;     /* others on the same handle */
    pm_hash_t         *hash;
    pm_git_made_t    **made;     /* in the order of making */
    size_t             n;
    size_t             size;
    uint32_t          *slots;    /* open addressing: index + 1 by id */
    size_t             nslots;   /* a power of two, at least 2 * n */
};


/* The object of that id in objects alone, or in them and those after them;
 * or NULL. */
const pm_git_made_t *pm_git_objects_own(const pm_git_objects_t *objects,
    const pm_oid_t *id);
const pm_git_made_t *pm_git_objects_find(const pm_git_objects_t *objects,
    const pm_oid_t *id);

/*
 * Takes data (malloc()ed, freed here on failure too) as an object.  made
 * receives it, or the one of these bytes that there was already.
 */
int pm_git_objects_add(pm_git_objects_t *objects, git_object_t type,
    unsigned char *data, size_t len, pm_git_made_t **made, pm_error_t *err);


/* pm_git_tree.c: the raw bytes of trees. */

typedef struct {
    const char           *name;  /* NUL-terminated, within the tree */
    size_t                len;
    unsigned              mode;
    const pm_oid_t       *id;
    const unsigned char  *start; /* the entry's bytes */
} pm_git_entry_t;


/* The entry at *p, which moves past it: 1; 0 at the end; -1: damaged. */
int pm_git_tree_next(const unsigned char **p, const unsigned char *end,
    pm_git_entry_t *entry);

/* Git's order: a folder sorts as if its name ended in "/". */
int pm_git_tree_order(const char *a, size_t alen, int afolder, const char *b,
    size_t blen, int bfolder);

/*
 * The entry of that name: 1, 0: none, -1: damaged.  Both a file and a folder
 * of one name are never in a tree that git accepts.
 */
int pm_git_tree_find(const pm_git_raw_t *raw, const char *name, size_t len,
    pm_git_entry_t *entry);


/* pm_git_lookup.c: the tree of a commit; any other object as it is. */
int pm_git_root(pm_git_mirror_t *mirror, const pm_oid_t *id, pm_oid_t *tree,
    pm_error_t *err);


/*
 * pm_git_name.c: 1 if name may be an entry of a tree: not empty, ".", "..",
 * or anything that some filesystem takes for ".git".
 */
int pm_git_name_allowed(const char *name, size_t len);


#endif /* PM_GIT_OBJECTS_INTERNAL_H */
