/*
 * pm_git_side.h: one of the two trees of a comparison.  Inside the git room
 * only.
 */

#ifndef PM_GIT_SIDE_H
#define PM_GIT_SIDE_H


#include "git/pm_git_objects_internal.h"


/* A tree's entries, in git's order. */

typedef struct {
    pm_git_raw_t          raw;
    const unsigned char  *p;
    pm_git_entry_t        entry;
    int                   more;      /* 1: entry; 0: the end; -1: damaged */
} pm_git_side_t;


/*
 * The first entry of tree (NULL: an empty one), and the next.  The entry's
 * mode is one of PM_GIT_MODE_*.  path, the folder's, is for messages.  The
 * raw tree is the caller's to release, also after a failure.
 */
int pm_git_side_open(pm_git_side_t *side, pm_git_mirror_t *mirror,
    const pm_oid_t *tree, const pm_buffer_t *path, pm_error_t *err);
int pm_git_side_next(pm_git_side_t *side, const pm_buffer_t *path,
    pm_error_t *err);

/* 1 if the side has, from where it is on, a folder of this file's name. */
int pm_git_side_has_folder(const pm_git_side_t *side,
    const pm_git_entry_t *file);


#endif /* PM_GIT_SIDE_H */
