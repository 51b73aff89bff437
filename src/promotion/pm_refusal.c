#include "promotion/pm_refusal.h"

#include <string.h>


int
pm_refusal_is_busy(const char *reason)
{
    return reason != NULL
           && (strstr(reason, "lock") != NULL
               || strstr(reason, "failed to update ref") != NULL
               || strstr(reason, "incorrect old value") != NULL);
}


unsigned
pm_refusal_pushes(size_t n)
{
    size_t    i;
    unsigned  limit;

    limit = 8;

    for (i = 1; i < n; i *= 2) {
        limit += 2;
    }

    return limit;
}
