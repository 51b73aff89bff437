/*
 * pm_store_audit_walk.h: whether the audit stream is what its tail says
 * (pm_store_audit.h): from its oldest entry to its newest, each is what its
 * digest says, and follows the one before.
 *
 *     begin with the tail, then each entry in order, then the end
 *
 * The caller reads tail and newest id at once, and walks no further than that
 * id.  What is in Redis is not trusted to be well formed.  Memory is constant.
 *
 * It shows accidents and partial edits.  Who can write all of Redis can make
 * another stream with another tail, and no walk can tell.
 */

#ifndef PM_STORE_AUDIT_WALK_H
#define PM_STORE_AUDIT_WALK_H


#include "store/pm_store_audit.h"


#define PM_STORE_AUDIT_CHAIN  40         /* hex digits */
#define PM_STORE_AUDIT_STREAM  41        /* longest id of a stream, <ms>-<n> */


typedef enum {
    PM_STORE_AUDIT_WHOLE = 0,
    PM_STORE_AUDIT_CHANGED,              /* not what its digest says */
    PM_STORE_AUDIT_BEGINS,               /* the first is not the oldest */
    PM_STORE_AUDIT_BREAKS,               /* it does not follow … */
    PM_STORE_AUDIT_ADDED,                /* … but the next one does */
    PM_STORE_AUDIT_BEYOND                /* it is newer than the newest */
} pm_store_audit_fault_t;


typedef struct {

    /* the tail */
    char       chain[PM_STORE_AUDIT_CHAIN + 1];
    char       before[PM_STORE_AUDIT_CHAIN + 1];
    char       oldest[PM_STORE_AUDIT_STREAM + 1];
    uint64_t   count;
    uint64_t   trimmed;

    /* the entry that was looked at last */
    char       last_chain[PM_STORE_AUDIT_CHAIN + 1];
    char       last[PM_STORE_AUDIT_STREAM + 1];
    uint64_t   found;

    /* the first fault */
    pm_store_audit_fault_t  fault;
    char                    faulty[PM_STORE_AUDIT_STREAM + 1];
    char                    previous[PM_STORE_AUDIT_STREAM + 1];
    char                    previous_chain[PM_STORE_AUDIT_CHAIN + 1];
} pm_store_audit_walk_t;


/*
 * fields: of the tail (name, value, …; n strings; none: nothing was ever
 * recorded).  0, or PM_CONFLICT: a tail that no script has written.
 */
int pm_store_audit_walk_begin(pm_store_audit_walk_t *walk,
    const pm_string_t *fields, size_t n, pm_error_t *err);

/*
 * The next entry: its id in the stream, its fields (name, value, …).  0 also
 * where it is faulty; PM_INTERNAL: it could not be looked at.
 */
int pm_store_audit_walk_entry(pm_store_audit_walk_t *walk, pm_string_t id,
    const pm_string_t *fields, size_t n, pm_error_t *err);

/*
 * 0: all is there and as it was.  PM_CONFLICT names the first entry that was
 * changed, inserted or moved, or between which others are missing.
 */
int pm_store_audit_walk_end(pm_store_audit_walk_t *walk, pm_error_t *err);


#endif /* PM_STORE_AUDIT_WALK_H */
