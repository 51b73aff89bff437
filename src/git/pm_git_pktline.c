#include "git/pm_git_pktline.h"

#include <string.h>


void
pm_git_pktline_init(pm_git_pktline_t *lines, pm_git_pull_pt pull, void *data,
    const char *name, uint64_t limit)
{
    lines->pull = pull;
    lines->data = data;
    lines->name = name;
    lines->limit = limit;
    lines->pos = 0;
    lines->end = 0;
}


int
pm_git_pktline_length(const char *digits)
{
    int   i, n;
    char  c;

    for (n = 0, i = 0; i < 4; i++) {
        c = digits[i];

        if (c >= '0' && c <= '9') {
            n = n << 4 | (c - '0');

        } else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f') {
            n = n << 4 | ((c | 0x20) - 'a' + 10);

        } else {
            return -1;
        }
    }

    return n;
}


/* Makes sure that the buffer holds need bytes; have says if it does. */

static int
pm_git_pktline_fill(pm_git_pktline_t *lines, size_t need, int *have,
    pm_error_t *err)
{
    int     rc;
    size_t  n, room;

    if (lines->pos > 0 && lines->end - lines->pos < need) {
        memmove(lines->buffer, lines->buffer + lines->pos,
                lines->end - lines->pos);
        lines->end -= lines->pos;
        lines->pos = 0;
    }

    while (lines->end - lines->pos < need) {
        room = sizeof(lines->buffer) - lines->end;

        if (lines->limit == 0) {
            return pm_error_set(err, PM_REMOTE, "remote %s: the answer is too "
                                "large", lines->name);
        }

        if (room > lines->limit) {
            room = (size_t) lines->limit;
        }

        n = 0;

        rc = lines->pull(lines->data, lines->buffer + lines->end, room, &n,
                         err);
        if (rc != 0) {
            return rc;
        }

        if (n == 0) {
            *have = 0;
            return 0;
        }

        lines->end += n;
        lines->limit -= n;
    }

    *have = 1;

    return 0;
}


int
pm_git_pktline_read(pm_git_pktline_t *lines, pm_git_packet_t *packet,
    pm_error_t *err)
{
    int  rc, len, have;

    packet->data = NULL;
    packet->len = 0;

    rc = pm_git_pktline_fill(lines, 4, &have, err);
    if (rc != 0) {
        return rc;
    }

    if (!have && lines->end == lines->pos) {
        packet->kind = PM_GIT_PACKET_END;
        return 0;
    }

    len = have ? pm_git_pktline_length(lines->buffer + lines->pos) : 0;

    if (len < 0 || len > PM_GIT_PKTLINE_MAX || (len > 0 && len < 4)) {
        return pm_error_set(err, PM_REMOTE, "remote %s: the answer is not of "
                            "git's protocol (a malformed pkt-line)",
                            lines->name);
    }

    if (have && len > 0) {
        rc = pm_git_pktline_fill(lines, (size_t) len, &have, err);
        if (rc != 0) {
            return rc;
        }
    }

    if (!have) {
        return pm_error_set(err, PM_REMOTE, "remote %s: the answer ended "
                            "early", lines->name);
    }

    if (len == 0) {
        lines->pos += 4;
        packet->kind = PM_GIT_PACKET_FLUSH;
        return 0;
    }

    packet->kind = PM_GIT_PACKET_DATA;
    packet->data = lines->buffer + lines->pos + 4;
    packet->len = (size_t) len - 4;

    lines->pos += (size_t) len;

    return 0;
}


void
pm_git_pktline_append(pm_buffer_t *buffer, const void *data, size_t len)
{
    if (len > PM_GIT_PKTLINE_MAX - 4) {
        buffer->failed = 1;
        return;
    }

    pm_buffer_printf(buffer, "%04x", (unsigned) len + 4);
    pm_buffer_append(buffer, data, len);
}
