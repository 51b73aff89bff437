#include "base/pm_buffer.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>


char *
pm_buffer_reserve(pm_buffer_t *buffer, size_t len)
{
    char    *data;
    size_t   size;

    if (buffer->failed) {
        return NULL;
    }

    if (buffer->size - buffer->len >= len && buffer->data != NULL) {
        return buffer->data + buffer->len;
    }

    if (len > SIZE_MAX / 2 || buffer->len > SIZE_MAX / 2 - len) {
        buffer->failed = 1;
        return NULL;
    }

    size = buffer->size ? buffer->size : 256;

    while (size - buffer->len < len) {
        size *= 2;
    }

    data = realloc(buffer->data, size);
    if (data == NULL) {
        buffer->failed = 1;
        return NULL;
    }

    buffer->data = data;
    buffer->size = size;

    return data + buffer->len;
}


void
pm_buffer_append(pm_buffer_t *buffer, const void *data, size_t len)
{
    char  *p;

    if (len == 0) {
        return;
    }

    p = pm_buffer_reserve(buffer, len);

    if (p != NULL) {
        memcpy(p, data, len);
        buffer->len += len;
    }
}


void
pm_buffer_puts(pm_buffer_t *buffer, const char *string)
{
    pm_buffer_append(buffer, string, strlen(string));
}


void
pm_buffer_putc(pm_buffer_t *buffer, char c)
{
    pm_buffer_append(buffer, &c, 1);
}


void
pm_buffer_printf(pm_buffer_t *buffer, const char *fmt, ...)
{
    int      n;
    char    *p;
    va_list  args;

    va_start(args, fmt);
    n = vsnprintf(NULL, 0, fmt, args);
    va_end(args);

    if (n < 0) {
        buffer->failed = 1;
        return;
    }

    p = pm_buffer_reserve(buffer, (size_t) n + 1);

    if (p != NULL) {
        va_start(args, fmt);
        (void) vsnprintf(p, (size_t) n + 1, fmt, args);
        va_end(args);

        buffer->len += (size_t) n;
    }
}


const char *
pm_buffer_string(pm_buffer_t *buffer)
{
    char  *p;

    p = pm_buffer_reserve(buffer, 1);
    if (p == NULL) {
        return NULL;
    }

    *p = '\0';

    return buffer->data;
}


void
pm_buffer_free(pm_buffer_t *buffer)
{
    free(buffer->data);
    memset(buffer, 0, sizeof(pm_buffer_t));
}
