/*
 * pm_arena.h: memory that lives and dies together.
 *
 * A job, a request and a catalog each own one arena: what belongs to them is
 * allocated from it and freed at once.  An arena is used by one thread at a
 * time.  Every allocation may fail: NULL.
 */

#ifndef PM_ARENA_H
#define PM_ARENA_H


#include <stddef.h>


typedef struct pm_arena_s  pm_arena_t;


pm_arena_t *pm_arena_create(void);

/* Runs what was deferred, newest first, then frees all.  NULL is allowed. */
void pm_arena_destroy(pm_arena_t *arena);

/* size bytes aligned for any type, not initialised / zeroed. */
void *pm_arena_alloc(pm_arena_t *arena, size_t size);
void *pm_arena_zalloc(pm_arena_t *arena, size_t size);

/* A copy of len bytes, with a NUL after it. */
char *pm_arena_strndup(pm_arena_t *arena, const char *data, size_t len);
char *pm_arena_strdup(pm_arena_t *arena, const char *string);
char *pm_arena_printf(pm_arena_t *arena, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * Has handler(data) called when the arena is destroyed: the cleanup of a
 * foreign object stands on the line after its creation.  Returns 0, or -1
 * when out of memory; the handler has then already been called.
 */
int pm_arena_defer(pm_arena_t *arena, void (*handler)(void *data), void *data);


#endif /* PM_ARENA_H */
