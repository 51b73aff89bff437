/*
 * pm_buffer.h: bytes that grow.
 *
 * A zeroed pm_buffer_t is an empty buffer.  The first failed append sets
 * "failed" and all later ones do nothing, so that a caller checks once, at
 * the end.  The data is not NUL-terminated unless pm_buffer_string() is used.
 */

#ifndef PM_BUFFER_H
#define PM_BUFFER_H


#include <stddef.h>


typedef struct {
    char    *data;
    size_t   len;
    size_t   size;
    int      failed;      /* out of memory, once */
} pm_buffer_t;


void pm_buffer_append(pm_buffer_t *buffer, const void *data, size_t len);
void pm_buffer_puts(pm_buffer_t *buffer, const char *string);
void pm_buffer_putc(pm_buffer_t *buffer, char c);
void pm_buffer_printf(pm_buffer_t *buffer, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Room for len more bytes after the end; NULL when out of memory. */
char *pm_buffer_reserve(pm_buffer_t *buffer, size_t len);

/* The data with a NUL after it (not counted in len); NULL if failed. */
const char *pm_buffer_string(pm_buffer_t *buffer);

/* Frees the data; the buffer is empty again. */
void pm_buffer_free(pm_buffer_t *buffer);


#endif /* PM_BUFFER_H */
