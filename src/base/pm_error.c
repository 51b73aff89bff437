#include "base/pm_error.h"
#include "base/pm_string.h"

#include <stdarg.h>
#include <stdio.h>


/*
 * A message may quote a client, a file or a server: what would break a log
 * line or a JSON text is replaced.
 */

static void
pm_error_tidy(char *message)
{
    size_t          len, pos;
    unsigned char  *p;

    for (p = (unsigned char *) message; *p != '\0'; p++) {
        if (*p < 0x20 || *p == 0x7f) {
            *p = ' ';
        }
    }

    len = (size_t) (p - (unsigned char *) message);

    for (pos = pm_utf8_valid(message, len);
         pos < len;
         pos += pm_utf8_valid(message + pos, len - pos))
    {
        message[pos++] = '?';
    }
}


static void
pm_error_fill(pm_error_t *err, pm_code_t code, const char *name,
    const char *fmt, va_list args)
{
    if (err == NULL) {
        return;
    }

    err->code = code;
    err->line = 0;
    err->column = 0;
    err->name = name;
    err->subject[0] = '\0';

    (void) vsnprintf(err->message, sizeof(err->message), fmt, args);
    pm_error_tidy(err->message);
}


int
pm_error_set(pm_error_t *err, pm_code_t code, const char *fmt, ...)
{
    va_list  args;

    va_start(args, fmt);
    pm_error_fill(err, code, NULL, fmt, args);
    va_end(args);

    return code;
}


int
pm_error_named(pm_error_t *err, pm_code_t code, const char *name,
    const char *fmt, ...)
{
    va_list  args;

    va_start(args, fmt);
    pm_error_fill(err, code, name, fmt, args);
    va_end(args);

    return code;
}


int
pm_error_at(pm_error_t *err, pm_code_t code, const char *file,
    unsigned line, unsigned column, const char *fmt, ...)
{
    int      n;
    va_list  args;

    if (err == NULL) {
        return code;
    }

    err->code = code;
    err->line = line;
    err->column = column;
    err->name = NULL;
    err->subject[0] = '\0';

    n = snprintf(err->message, sizeof(err->message), "%s:%u:%u: ",
                 file, line, column);

    if (n >= 0 && (size_t) n < sizeof(err->message)) {
        va_start(args, fmt);
        (void) vsnprintf(err->message + n, sizeof(err->message) - (size_t) n,
                         fmt, args);
        va_end(args);
    }

    pm_error_tidy(err->message);

    return code;
}


int
pm_error_memory(pm_error_t *err)
{
    return pm_error_set(err, PM_UNAVAILABLE, "out of memory");
}
