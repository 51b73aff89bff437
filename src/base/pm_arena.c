#include "base/pm_arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>


#define PM_ARENA_BLOCK   16384
#define PM_ARENA_ALIGN   16


typedef struct pm_arena_block_s  pm_arena_block_t;

struct pm_arena_block_s {
    pm_arena_block_t  *next;
    size_t             size;
    size_t             used;
    _Alignas(PM_ARENA_ALIGN) char  data[];
};


typedef struct pm_arena_deferred_s  pm_arena_deferred_t;

struct pm_arena_deferred_s {
    pm_arena_deferred_t  *next;
    void                (*handler)(void *data);
    void                 *data;
};


struct pm_arena_s {
    pm_arena_block_t     *blocks;     /* the newest first */
    pm_arena_deferred_t  *deferred;   /* the newest first */
};


pm_arena_t *
pm_arena_create(void)
{
    return calloc(1, sizeof(pm_arena_t));
}


void
pm_arena_destroy(pm_arena_t *arena)
{
    pm_arena_block_t     *block, *next;
    pm_arena_deferred_t  *deferred;

    if (arena == NULL) {
        return;
    }

    for (deferred = arena->deferred; deferred; deferred = deferred->next) {
        deferred->handler(deferred->data);
    }

    for (block = arena->blocks; block; block = next) {
        next = block->next;
        free(block);
    }

    free(arena);
}


static void *
pm_arena_block(pm_arena_t *arena, size_t size, size_t used)
{
    pm_arena_block_t  *block;

    if (size > SIZE_MAX - sizeof(pm_arena_block_t)) {
        return NULL;
    }

    block = malloc(sizeof(pm_arena_block_t) + size);
    if (block == NULL) {
        return NULL;
    }

    block->size = size;
    block->used = used;

    /*
     * A large allocation gets a block of its own, behind the current one,
     * which keeps its free space.
     */

    if (size == used && arena->blocks != NULL) {
        block->next = arena->blocks->next;
        arena->blocks->next = block;

    } else {
        block->next = arena->blocks;
        arena->blocks = block;
    }

    return block->data;
}


void *
pm_arena_alloc(pm_arena_t *arena, size_t size)
{
    void              *p;
    pm_arena_block_t  *block;

#if defined(__SANITIZE_ADDRESS__) || defined(PM_ARENA_EXACT)

    /* one block an allocation: an overrun is seen */

    return pm_arena_block(arena, size, size);

#endif

    if (size > SIZE_MAX - PM_ARENA_ALIGN) {
        return NULL;
    }

    size = (size + PM_ARENA_ALIGN - 1) & ~(size_t) (PM_ARENA_ALIGN - 1);

    block = arena->blocks;

    if (block != NULL && block->size - block->used >= size) {
        p = block->data + block->used;
        block->used += size;
        return p;
    }

    if (size > PM_ARENA_BLOCK / 4) {
        return pm_arena_block(arena, size, size);
    }

    return pm_arena_block(arena, PM_ARENA_BLOCK, size);
}


void *
pm_arena_zalloc(pm_arena_t *arena, size_t size)
{
    void  *p;

    p = pm_arena_alloc(arena, size);

    if (p != NULL) {
        memset(p, 0, size);
    }

    return p;
}


char *
pm_arena_strndup(pm_arena_t *arena, const char *data, size_t len)
{
    char  *p;

    if (len == SIZE_MAX) {
        return NULL;
    }

    p = pm_arena_alloc(arena, len + 1);
    if (p == NULL) {
        return NULL;
    }

    if (len > 0) {
        memcpy(p, data, len);
    }

    p[len] = '\0';

    return p;
}


char *
pm_arena_strdup(pm_arena_t *arena, const char *string)
{
    return pm_arena_strndup(arena, string, strlen(string));
}


char *
pm_arena_printf(pm_arena_t *arena, const char *fmt, ...)
{
    int      n;
    char    *p;
    va_list  args;

    va_start(args, fmt);
    n = vsnprintf(NULL, 0, fmt, args);
    va_end(args);

    if (n < 0) {
        return NULL;
    }

    p = pm_arena_alloc(arena, (size_t) n + 1);
    if (p == NULL) {
        return NULL;
    }

    va_start(args, fmt);
    (void) vsnprintf(p, (size_t) n + 1, fmt, args);
    va_end(args);

    return p;
}


int
pm_arena_defer(pm_arena_t *arena, void (*handler)(void *data), void *data)
{
    pm_arena_deferred_t  *deferred;

    deferred = pm_arena_alloc(arena, sizeof(pm_arena_deferred_t));
    if (deferred == NULL) {
        handler(data);
        return -1;
    }

    deferred->handler = handler;
    deferred->data = data;
    deferred->next = arena->deferred;
    arena->deferred = deferred;

    return 0;
}
