/*
 * A pattern, a newline, and a path: matched, and held against the rules
 * written down once more, as a recursion that tries everything.
 */

#include "catalog/pm_glob.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>


#define FUZZ_STEPS  200000


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


/* Tries left; the rest of the input is then not judged. */
static size_t  fuzz_steps;


/* 1 if the set at *p has c; *p moves behind it.  ASCII only. */

static int
fuzz_set(const char **p, char c)
{
    int          negated, found;
    char         first, last;
    const char  *q;

    q = *p + 1;
    negated = (*q == '!' || *q == '^');
    q += negated;
    found = 0;

    do {
        q += (*q == '\\');
        first = *q++;
        last = first;

        if (q[0] == '-' && q[1] != ']') {
            q++;
            q += (*q == '\\');
            last = *q++;
        }

        found |= (c >= first && c <= last);

    } while (*q != ']');

    *p = q + 1;

    return c != '/' && found != negated;
}


static int
fuzz_match(const char *start, const char *p, const char *s)
{
    size_t       n;
    const char  *next;

    if (fuzz_steps == 0 || --fuzz_steps == 0) {
        return 0;
    }

    if (*p == '\0') {
        return *s == '\0';
    }

    n = strspn(p, "*");

    if (n == 2 && (p == start || p[-1] == '/')
        && (p[2] == '/' || p[2] == '\0'))
    {
        if (p[2] == '\0') {
            return 1;
        }

        for (next = s; next != NULL; next = strchr(next, '/')) {
            next += (next != s);

            if (fuzz_match(start, p + 3, next)) {
                return 1;
            }
        }

        return 0;
    }

    if (n > 0) {

        for (next = s; ; next++) {

            if (fuzz_match(start, p + n, next)) {
                return 1;
            }

            if (*next == '\0' || *next == '/') {
                return 0;
            }
        }
    }

    if (*s == '\0') {
        return 0;
    }

    if (*p == '?') {
        return *s != '/' && fuzz_match(start, p + 1, s + 1);
    }

    if (*p == '[') {
        return fuzz_set(&p, *s) && fuzz_match(start, p, s + 1);
    }

    p += (*p == '\\');

    return *p == *s && fuzz_match(start, p + 1, s + 1);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int          matches, ascii;
    char        *pattern, *path;
    size_t       i;
    pm_glob_t   *glob;
    pm_error_t   err;
    pm_arena_t  *arena;

    arena = pm_arena_create();
    pattern = pm_arena_strndup(arena, (const char *) data, size);

    for (i = 0, ascii = 1; i < size; i++) {
        ascii &= (data[i] < 0x80 && data[i] != 0);
    }

    path = strchr(pattern, '\n');

    if (path != NULL) {
        *path++ = '\0';

        if (pm_glob_compile(arena, pattern, &glob, &err) == 0) {
            matches = pm_glob_match(glob, path);

            /* paths have no empty parts */

            if (ascii && *path != '/' && strstr(path, "//") == NULL
                && (*path == '\0' || path[strlen(path) - 1] != '/'))
            {
                fuzz_steps = FUZZ_STEPS;

                if (fuzz_match(pattern, pattern, path) != matches
                    && fuzz_steps > 0)
                {
                    abort();
                }
            }

        } else if (err.message[0] == '\0' || err.code != PM_INVALID) {
            abort();
        }
    }

    pm_arena_destroy(arena);

    return 0;
}
