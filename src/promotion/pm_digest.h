/*
 * pm_digest.h: one value for what a promotion changes: what was previewed and
 * what lands can be compared by it.
 */

#ifndef PM_DIGEST_H
#define PM_DIGEST_H


#include "git/pm_git_objects.h"


#define PM_DIGEST_SIZE  65          /* 64 hex digits and a NUL */


/*
 * SHA-256 over one line a change, in the order given (a plan's: by the bytes
 * of the path):
 *
 *     path NUL oldmode SP oldhex SP newmode SP newhex LF
 *
 * modes are six octal digits as git prints them; where a side is absent all
 * its digits are zeros (interface.md, 4, preview).  0 or PM_UNAVAILABLE.
 */
int pm_digest(const pm_git_change_t *changes, size_t n,
    char digest[PM_DIGEST_SIZE], pm_error_t *err);


#endif /* PM_DIGEST_H */
