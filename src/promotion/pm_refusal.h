/*
 * pm_refusal.h: what a push that the remote refused leads to, for commits and
 * pull requests alike: whether it is worth sending again, and how often a
 * refusal may be split before the rest is given up.
 */

#ifndef PM_REFUSAL_H
#define PM_REFUSAL_H


#include <stddef.h>


/* How often a refusal that a lock on the server explains is tried again. */
#define PM_REFUSAL_BUSY  3


/*
 * 1 if the remote's words (or NULL) are those of a lock.  Two pushes at once:
 * the later one can be told of the other's lock before the head has moved.
 * Words decide nothing but whether it is worth trying again.
 */
int pm_refusal_is_busy(const char *reason);

/* Pushes that n promotions may take once one was refused: 2 log2(n) + 8. */
unsigned pm_refusal_pushes(size_t n);


#endif /* PM_REFUSAL_H */
