#include "store/pm_store_id.h"
#include "base/pm_hash.h"

#include <string.h>


/* Where the version and the variant are in the text. */

#define PM_STORE_ID_VERSION  14
#define PM_STORE_ID_VARIANT  19


static int
pm_store_id_hyphen(size_t i)
{
    return i == 8 || i == 13 || i == 18 || i == 23;
}


void
pm_store_id_make(char text[PM_STORE_ID_LENGTH + 1], uint64_t milliseconds,
    const unsigned char random[PM_STORE_ID_RANDOM])
{
    char           hex[2 * 16 + 1], *p;
    size_t         i;
    unsigned char  id[16];

    for (i = 0; i < 6; i++) {
        id[i] = (unsigned char) (milliseconds >> (40 - 8 * i));
    }

    memcpy(id + 6, random, PM_STORE_ID_RANDOM);

    id[6] = 0x70 | (id[6] & 0x0f);
    id[8] = 0x80 | (id[8] & 0x3f);

    pm_hex(hex, id, sizeof(id));

    p = hex;

    for (i = 0; i < PM_STORE_ID_LENGTH; i++) {
        text[i] = pm_store_id_hyphen(i) ? '-' : *p++;
    }

    text[i] = '\0';
}


int
pm_store_id_valid(const char *text, size_t len)
{
    char    c;
    size_t  i;

    if (len != PM_STORE_ID_LENGTH) {
        return 0;
    }

    for (i = 0; i < len; i++) {
        c = text[i];

        if (pm_store_id_hyphen(i)) {
            if (c != '-') {
                return 0;
            }

            continue;
        }

        if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'f')) {
            return 0;
        }
    }

    c = text[PM_STORE_ID_VARIANT];

    return text[PM_STORE_ID_VERSION] == '7'
           && (c == '8' || c == '9' || c == 'a' || c == 'b');
}
