#include "base/pm_string.h"


/* Length of the character at p: 1 to 4, or 0 where none is well-formed. */

static size_t
pm_utf8_character(const unsigned char *p, size_t left)
{
    size_t         n, i;
    unsigned char  low, high;

    low = 0x80;
    high = 0xbf;

    if (p[0] < 0x80) {
        return 1;
    }

    if (p[0] >= 0xc2 && p[0] <= 0xdf) {
        n = 2;

    } else if (p[0] >= 0xe0 && p[0] <= 0xef) {
        n = 3;

        /* no overlong forms, no surrogates */

        low = (p[0] == 0xe0) ? 0xa0 : low;
        high = (p[0] == 0xed) ? 0x9f : high;

    } else if (p[0] >= 0xf0 && p[0] <= 0xf4) {
        n = 4;

        /* no overlong forms, nothing above U+10FFFF */

        low = (p[0] == 0xf0) ? 0x90 : low;
        high = (p[0] == 0xf4) ? 0x8f : high;

    } else {
        return 0;
    }

    if (left < n || p[1] < low || p[1] > high) {
        return 0;
    }

    for (i = 2; i < n; i++) {
        if ((p[i] & 0xc0) != 0x80) {
            return 0;
        }
    }

    return n;
}


size_t
pm_utf8_valid(const char *data, size_t len)
{
    size_t  pos, n;

    for (pos = 0; pos < len; pos += n) {
        n = pm_utf8_character((const unsigned char *) data + pos, len - pos);

        if (n == 0) {
            break;
        }
    }

    return pos;
}
