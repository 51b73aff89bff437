/*
 * pm_git_words.h: what a server or a child says for people, made fit for one
 * line of an error or a record.
 *
 * Bytes come as they arrive (side-band 2, stderr).  Lines are joined by "; ";
 * empty ones are dropped; a line that a carriage return overwrites (progress)
 * is too.  At most PM_GIT_WORDS_SIZE bytes are kept, the first ones.
 *
 * Inside the git room only.
 */

#ifndef PM_GIT_WORDS_H
#define PM_GIT_WORDS_H


#include "base/pm_arena.h"

#include <stddef.h>


#define PM_GIT_WORDS_SIZE  4096


/* A zeroed one is empty. */

typedef struct {
    size_t    len;
    size_t    line;           /* where the unfinished line starts */
    unsigned  overwrite:1;    /* the last byte was a carriage return */
    unsigned  full:1;         /* until the end of a line that did not fit */
    char      data[PM_GIT_WORDS_SIZE];
} pm_git_words_t;


void pm_git_words_add(pm_git_words_t *words, const char *data, size_t len);

/* All of it as UTF-8 without control characters, the arena's; NULL if there
 * is none (or no memory). */
const char *pm_git_words_text(const pm_git_words_t *words, pm_arena_t *arena);

/* The same for bytes at hand: never NULL but when out of memory. */
char *pm_git_words_clean(pm_arena_t *arena, const char *data, size_t len);


#endif /* PM_GIT_WORDS_H */
