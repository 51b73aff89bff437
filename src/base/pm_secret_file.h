/*
 * pm_secret_file.h: a file of secrets, read as a whole.
 */

#ifndef PM_SECRET_FILE_H
#define PM_SECRET_FILE_H


#include "base/pm_buffer.h"
#include "base/pm_error.h"


/*
 * Reads file into text (zeroed before), with a NUL after it.  It must be a
 * regular file of at most 1 MiB, without NUL bytes, that only its owner can
 * read or write (mode 0600 or stricter).  0, or PM_INVALID naming the file;
 * text is to be freed in any case.
 */
int pm_secret_file_read(const char *file, pm_buffer_t *text, pm_error_t *err);

/* Overwrites and frees. */
void pm_secret_file_free(pm_buffer_t *text);


#endif /* PM_SECRET_FILE_H */
