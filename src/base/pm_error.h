/*
 * pm_error.h: how every room below http/ reports a fault.
 *
 * A function that can fail returns 0, or a pm_code_t other than PM_OK, and
 * fills the caller's pm_error_t.  The message is one line of UTF-8 for the
 * person who sent the request or wrote the file: what, where, what to do.
 * It never holds a secret.
 */

#ifndef PM_ERROR_H
#define PM_ERROR_H


#include <stddef.h>


#define PM_ERROR_SIZE     1024
#define PM_ERROR_SUBJECT  256


/* What a fault means; http/ maps each to its status (interface.md, 5). */

typedef enum {
    PM_OK = 0,
    PM_INVALID,          /* 400: the request or a file read at start */
    PM_NO_CHANGES,       /* 400: nothing to promote */
    PM_FORBIDDEN,        /* 403 */
    PM_NOT_FOUND,        /* 404 */
    PM_CONFLICT,         /* 409 */
    PM_UNPROCESSABLE,    /* 422: a selected file cannot be edited safely */
    PM_INTERNAL,         /* 500: a fault of ours */
    PM_REMOTE,           /* 502: the remote refused, or cannot be reached */
    PM_UNAVAILABLE,      /* 503: out of memory, disk full, a limit */
    PM_TIMEOUT           /* 504: the remote stayed silent */
} pm_code_t;


typedef struct {
    pm_code_t   code;
    unsigned    line;                    /* 1-based; 0: none */
    unsigned    column;                  /* 1-based, in characters */
    const char *name;                    /* by which programs tell it from
                                            others of its code: a constant
                                            ("path.invalid"), or NULL */
    char        subject[PM_ERROR_SUBJECT];   /* what it is about, where that
                                            is not told by the message alone:
                                            an id; or empty */
    char        message[PM_ERROR_SIZE];  /* whole, position included */
} pm_error_t;


/*
 * Fills err and returns code, so that a caller can "return pm_error_set()".
 * err may be NULL.  A message that does not fit is cut; control characters
 * become spaces, and what is not UTF-8 becomes question marks.
 */
int pm_error_set(pm_error_t *err, pm_code_t code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* The same for a fault that has a name. */
int pm_error_named(pm_error_t *err, pm_code_t code, const char *name,
    const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* As pm_error_set, with "file:line:column: " before the message. */
int pm_error_at(pm_error_t *err, pm_code_t code, const char *file,
    unsigned line, unsigned column, const char *fmt, ...)
    __attribute__((format(printf, 6, 7)));

/* "out of memory", PM_UNAVAILABLE. */
int pm_error_memory(pm_error_t *err);


#endif /* PM_ERROR_H */
