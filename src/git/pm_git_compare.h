/*
 * pm_git_compare.h: reading trees: what differs, what is in a file.
 */

#ifndef PM_GIT_COMPARE_H
#define PM_GIT_COMPARE_H


#include "git/pm_git_objects.h"


/*
 * Trees are named by their own id or by that of a commit, everywhere here.
 *
 * The entry at path ("" or ".": the tree itself) below tree.  PM_NOT_FOUND
 * if there is none.  Cost: the path's folders, not the tree.
 */
int pm_git_lookup(pm_git_mirror_t *mirror, const pm_oid_t *tree,
    const char *path, unsigned *mode, pm_oid_t *id, pm_error_t *err);

/* An entry of a folder; mode is one of PM_GIT_MODE_*. */

typedef struct {
    const char  *name;
    unsigned     mode;
    pm_oid_t     id;
} pm_git_named_t;


/* The entries of the tree itself, in git's order, the arena's.
 * PM_UNPROCESSABLE: it is damaged. */
int pm_git_list(pm_git_mirror_t *mirror, const pm_oid_t *tree,
    pm_arena_t *arena, pm_git_named_t **entries, size_t *nentries,
    pm_error_t *err);

/*
 * What makes the folder destination_path below destination equal to the
 * folder source_path below source: every file of the source that the
 * destination lacks or has with other bytes or another mode.  Files that only
 * the destination has stay, unless deletions is 1.  Equal subtrees are
 * skipped by id.  Links and submodules are entries like others.  A file in
 * the place of a folder (or the reverse) is a deletion and an addition.
 *
 * changes: paths from the destination's root, sorted by bytes, the arena's.
 * A missing source folder is PM_NOT_FOUND ("path qa/orders not found in
 * <what> at <7 digits>"; a file there instead: PM_UNPROCESSABLE); a missing
 * destination folder is an empty one.  The two mirrors may be the same.
 *
 * PM_UNPROCESSABLE: names that no tree may hold (".git" and what other
 * filesystems take for it), damaged trees, more than 128 folders below each
 * other or 100,000 changes.
 */
int pm_git_compare(pm_git_mirror_t *source_mirror, const pm_oid_t *source,
    const char *source_path, pm_git_mirror_t *destination_mirror,
    const pm_oid_t *destination, const char *destination_path, int deletions,
    pm_arena_t *arena, pm_git_change_t **changes, size_t *nchanges,
    pm_error_t *err);

/*
 * The bytes of blob id, NUL-terminated, the arena's.  size receives its whole
 * length; at most limit bytes are given (data->len says), and none of a blob
 * that is more than 16 MiB larger than limit.
 */
int pm_git_blob(pm_git_mirror_t *mirror, const pm_oid_t *id, size_t limit,
    pm_arena_t *arena, pm_string_t *data, uint64_t *size, pm_error_t *err);

/*
 * A unified diff of two texts as git prints it ("diff --git a/… b/…",
 * index, ---, +++, hunks with 3 lines of context), the arena's.  Binary
 * contents give "Binary files … differ".
 */
int pm_git_patch(const char *path, const pm_git_change_t *change,
    const pm_string_t *original, const pm_string_t *data, pm_arena_t *arena,
    pm_string_t *patch, pm_error_t *err);


#endif /* PM_GIT_COMPARE_H */
