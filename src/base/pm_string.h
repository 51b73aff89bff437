/*
 * pm_string.h: a slice of bytes that somebody else owns.
 */

#ifndef PM_STRING_H
#define PM_STRING_H


#include <stddef.h>


typedef struct {
    const char  *data;    /* not NUL-terminated unless its owner says so */
    size_t       len;
} pm_string_t;


/* Length of the longest prefix of data that is valid UTF-8 (RFC 3629): len
 * if all of it is. */
size_t pm_utf8_valid(const char *data, size_t len);


#endif /* PM_STRING_H */
