/*
 * pm_edit_verify.h: the values of a result against those that were intended.
 * Only pm_edit_verify*.c include it.
 */

#ifndef PM_EDIT_VERIFY_H
#define PM_EDIT_VERIFY_H


#include "document/pm_edit_internal.h"


typedef struct {
    size_t            steps;
    size_t            depth;
    int               across;      /* one of the two is JSON */
    int               json;        /* the destination is */
    const pm_node_t  *place;       /* in the destination: looked at last */
    int               many;        /* too many steps, or too deep */
} pm_verify_t;


/* Whether the result is the other node, all of it; NULL is NULL. */
int pm_verify_same(pm_verify_t *v, const pm_node_t *result,
    const pm_node_t *other);

/* Whether it is what becomes of the destination (NULL: there was none) by
 * what of the source the frame selects. */
int pm_verify_merged(pm_verify_t *v, const pm_node_t *result,
    const pm_node_t *source, const pm_node_t *destination,
    const pm_frame_t *frame);


#endif /* PM_EDIT_VERIFY_H */
