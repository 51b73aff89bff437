/*
 * pm_pull_head.h: what the head branch of a pull request is called
 * (interface.md, 4, POST pullRequest).
 *
 * "head" reads two ways.  Equal to the destination's branch it is the base,
 * and the head branch is
 *
 *     promote/<dest namespace>/<dest name>/<source namespace>.<source name>
 *
 * and so it is for "HEAD", which git lets no branch be called.  Otherwise it is
 * the head branch's name.
 *
 * What git-check-ref-format(1) refuses in such a name is written as %XX, with
 * "%" itself (so that two applications never share a name): control
 * characters, spaces, ~ ^ : ? * [ \ and "/", the "." at the beginning or the
 * end of a component or after another one, the "." of ".lock" at its end, and
 * "@" before "{".  In the source's namespace every "." is, since one parts it
 * from the name; of a source called "lock", the "l".  A name of more than 244
 * bytes is cut to 227 bytes, "-", and the first 16 hex digits of its SHA-256.
 */

#ifndef PM_PULL_HEAD_H
#define PM_PULL_HEAD_H


#include "promotion/pm_promotion.h"


/*
 * The name without refs/heads/, the arena's; base without it too.  NULL: out
 * of memory.
 */
const char *pm_pull_head(pm_arena_t *arena, const pm_promotion_t *promotion,
    const char *base);

/* A request's head without refs/heads/; a part of it. */
const char *pm_pull_head_branch(const char *head);


#endif /* PM_PULL_HEAD_H */
