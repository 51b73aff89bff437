/*
 * pm_glob.h: patterns of file names.
 *
 *     *       any characters but "/", or none
 *     ?       one character but "/"
 *     [a-z]   one of these characters; [!a-z] or [^a-z]: one of all others;
 *             never "/"
 *     **      where it is a whole part of the path: any number of folders, or,
 *             at the end, everything below
 *     \x      x itself
 *
 * All else stands for itself; names that begin with "." are like others.  A
 * path is matched as a whole, in time linear in its length (a pattern has a
 * bounded number of states, and all are followed at once).
 */

#ifndef PM_GLOB_H
#define PM_GLOB_H


#include "base/pm_arena.h"
#include "base/pm_error.h"


#define PM_GLOB_SIZE  255        /* bytes of a pattern */


/* Constant once compiled. */

typedef struct pm_glob_s  pm_glob_t;


/* 1 if the text has any of * ? [ \ in it; else it is a plain name. */
int pm_glob_is(const char *text);

/*
 * Compiles a pattern; the result is the arena's.  0; PM_INVALID with what is
 * wrong ("[" without its end, a range that is none, "\" at the end, too
 * long) and err->column; PM_UNAVAILABLE.
 */
int pm_glob_compile(pm_arena_t *arena, const char *text, pm_glob_t **glob,
    pm_error_t *err);

/* 1 if the pattern matches the whole path (which has no leading "/"). */
int pm_glob_match(const pm_glob_t *glob, const char *path);


#endif /* PM_GLOB_H */
