/*
 * pm_git_objects.h: objects made in memory for one push, on top of a mirror.
 *
 * What is written here is seen by every reader of the mirror's handle until
 * the objects are destroyed, and reaches the disk only by
 * pm_git_mirror_keep().  Destroy them before the handle is closed.
 */

#ifndef PM_GIT_OBJECTS_H
#define PM_GIT_OBJECTS_H


#include "git/pm_git_mirror.h"


/* A change of one path of a tree; paths from the tree's root, without a
 * leading "/".  id zeros and mode 0: delete. */

typedef struct {
    const char  *path;
    unsigned     old_mode;       /* 0: absent */
    unsigned     new_mode;       /* 0: deleted */
    pm_oid_t     old_id;
    pm_oid_t     new_id;
} pm_git_change_t;


typedef struct {
    const char  *name;
    const char  *email;
    int64_t      time;           /* seconds since 1970, written as UTC */
} pm_git_signature_t;


int pm_git_objects_create(pm_git_mirror_t *mirror,
    pm_git_objects_t **objects, pm_error_t *err);
void pm_git_objects_destroy(pm_git_objects_t *objects);

/*
 * A blob of these bytes.  What is made is always part of the pack, whether or
 * not the mirror has it: the remote may have dropped what no branch of it
 * leads to any more.
 */
int pm_git_objects_blob(pm_git_objects_t *objects, const void *data,
    size_t len, pm_oid_t *id, pm_error_t *err);

/* The blob id of another mirror; 64 MiB at most. */
int pm_git_objects_copy(pm_git_objects_t *objects, pm_git_mirror_t *from,
    const pm_oid_t *id, pm_error_t *err);

/*
 * The tree that root becomes by the changes (new_mode and new_id are read;
 * sorted by path in bytes, no path twice).  Missing folders are made, folders
 * that became empty vanish; a file where a folder is needed, or the other way
 * round, is replaced only if a change deletes it, else PM_UNPROCESSABLE.
 * Path components "", ".", "..", ".git" (any case, and its aliases on other
 * filesystems) are refused.  Raw bytes are patched: cost follows the changed
 * paths and the size of their folders.
 */
int pm_git_objects_tree(pm_git_objects_t *objects, const pm_oid_t *root,
    const pm_git_change_t *changes, size_t nchanges, pm_oid_t *tree,
    pm_error_t *err);

/* A commit object; message as given, with one newline at its end. */
int pm_git_objects_commit(pm_git_objects_t *objects, const pm_oid_t *tree,
    const pm_oid_t *parent, const pm_git_signature_t *author,
    const pm_git_signature_t *committer, const char *message, pm_oid_t *id,
    pm_error_t *err);

/*
 * Appends a pack of all objects made: blobs whole, trees as REF_DELTA against
 * the trees that they replace ("thin") or whole.  Format: gitformat-pack(5).
 */
int pm_git_objects_pack(const pm_git_objects_t *objects, int thin,
    pm_buffer_t *pack, pm_error_t *err);

size_t pm_git_objects_count(const pm_git_objects_t *objects);

/*
 * Forgets what was made since there were count of them: it is part of no pack
 * and read by nobody any more.
 */
void pm_git_objects_rollback(pm_git_objects_t *objects, size_t count);


#endif /* PM_GIT_OBJECTS_H */
