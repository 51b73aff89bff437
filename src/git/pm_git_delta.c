#include "git/pm_git_delta.h"


/* The most that one instruction copies or inserts. */
#define PM_GIT_DELTA_COPY    0xffffff
#define PM_GIT_DELTA_INSERT  127


void
pm_git_delta_start(pm_buffer_t *delta, size_t base_len, size_t len)
{
    size_t  i, n, lens[2];

    lens[0] = base_len;
    lens[1] = len;

    for (i = 0; i < 2; i++) {
        for (n = lens[i]; n > 0x7f; n >>= 7) {
            pm_buffer_putc(delta, (char) (n | 0x80));
        }

        pm_buffer_putc(delta, (char) n);
    }
}


void
pm_git_delta_copy(pm_buffer_t *delta, size_t offset, size_t size)
{
    int            i;
    size_t         n, part;
    unsigned char  op[8];

    for ( /* void */ ; size > 0; size -= part, offset += part) {
        part = size < PM_GIT_DELTA_COPY ? size : PM_GIT_DELTA_COPY;

        /* bytes that are zero are left out; bits of the first say which */

        op[0] = 0x80;
        n = 1;

        for (i = 0; i < 4; i++) {
            if ((offset >> (8 * i)) & 0xff) {
                op[0] |= (unsigned char) (1 << i);
                op[n++] = (unsigned char) (offset >> (8 * i));
            }
        }

        /* no byte of the size at all means 65536 */

        for (i = 0; i < 3; i++) {
            if (((part >> (8 * i)) & 0xff) && part != 0x10000) {
                op[0] |= (unsigned char) (1 << (i + 4));
                op[n++] = (unsigned char) (part >> (8 * i));
            }
        }

        pm_buffer_append(delta, op, n);
    }
}


void
pm_git_delta_insert(pm_buffer_t *delta, const void *data, size_t len)
{
    size_t       n;
    const char  *p;

    for (p = data; len > 0; len -= n, p += n) {
        n = len < PM_GIT_DELTA_INSERT ? len : PM_GIT_DELTA_INSERT;

        pm_buffer_putc(delta, (char) n);
        pm_buffer_append(delta, p, n);
    }
}
