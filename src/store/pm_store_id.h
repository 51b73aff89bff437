/*
 * pm_store_id.h: ids of promotions: UUIDs of version 7 (RFC 9562, 5.7), which
 * sort by the time at which they were made.
 *
 * Time and randomness are arguments: the worker has both.
 */

#ifndef PM_STORE_ID_H
#define PM_STORE_ID_H


#include <stddef.h>
#include <stdint.h>


#define PM_STORE_ID_LENGTH  36           /* of the text, without a NUL */
#define PM_STORE_ID_RANDOM  10


/*
 * Writes 8-4-4-4-12 lower-case hexadecimal digits and a NUL.  milliseconds
 * since 1970 (48 bits of them are kept); random: bytes from the kernel, of
 * which 74 bits are kept.
 */
void pm_store_id_make(char text[PM_STORE_ID_LENGTH + 1],
    uint64_t milliseconds, const unsigned char random[PM_STORE_ID_RANDOM]);

/*
 * 1 if the text is such an id, and so may be part of a Redis key.  Upper-case
 * digits are none: one promotion has one spelling.
 */
int pm_store_id_valid(const char *text, size_t len);


#endif /* PM_STORE_ID_H */
