/*
 * pm_git_folder.h: one tree changed on its raw bytes: what stays is copied as
 * it is, and the copies and insertions are at the same time the delta against
 * the old tree.  Inside the git room only.
 */

#ifndef PM_GIT_FOLDER_H
#define PM_GIT_FOLDER_H


#include "git/pm_git_objects_internal.h"


/* A folder on its way from the old to the new bytes.  Out of memory: "failed"
 * of one of the buffers. */

typedef struct {
    pm_git_raw_t          old;
    const unsigned char  *next;      /* first old entry not looked at */
    const unsigned char  *copied;    /* old bytes before it are settled */
    pm_buffer_t           new;
    pm_buffer_t           delta;     /* its instructions */
    unsigned              inserted:1;
} pm_git_folder_t;


/*
 * Moves on to the entry of that name and kind: 1, and next is after it; 0,
 * and next is where it belongs; -1, the tree is damaged.
 */
int pm_git_folder_seek(pm_git_folder_t *folder, const char *name, size_t len,
    int is_folder, pm_git_entry_t *entry);

/* Old bytes from where the last copy ended up to to. */
void pm_git_folder_copy(pm_git_folder_t *folder, const unsigned char *to);

/* New bytes. */
void pm_git_folder_put(pm_git_folder_t *folder, const void *data, size_t len);

/*
 * Makes the new bytes an object, or gives base's id if they are the same.
 * PM_UNPROCESSABLE: a file and a folder of one name (path's first skip bytes
 * say where).
 */
int pm_git_folder_finish(pm_git_objects_t *objects, pm_git_folder_t *folder,
    const pm_oid_t *base, const char *path, size_t skip, pm_oid_t *tree,
    pm_error_t *err);


#endif /* PM_GIT_FOLDER_H */
