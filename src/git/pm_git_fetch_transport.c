#include "git/pm_git_fetch_transport.h"

#include <stdio.h>
#include <string.h>


/* Answers to "have" lines: at most 256 of them are asked. */
#define PM_GIT_FETCH_ANSWERS  (1024 * 1024)

/* "0032have ", 40 digits, a newline */
#define PM_GIT_FETCH_HAVE     "0032have "


static pm_git_fetch_t *
pm_git_fetch_of(git_smart_subtransport_stream *stream)
{
    return (pm_git_fetch_t *) (void *) stream->subtransport;
}


static size_t
pm_git_fetch_read_own(pm_git_fetch_t *f, char *data, size_t size)
{
    size_t  n;

    n = f->own.len - f->pos;

    if (n > size) {
        n = size;
    }

    memcpy(data, f->own.data + f->pos, n);
    f->pos += n;

    return n;
}


/* Every "have" of the request is known there, for all that is known here. */

static int
pm_git_fetch_assume(pm_git_fetch_t *f)
{
    char         ack[sizeof("ACK  common\n") + PM_GIT_HEX_SIZE];
    size_t       n;
    const char  *p, *end;

    p = f->request.data;
    end = p + f->request.len;

    while ((p = memmem(p, (size_t) (end - p), PM_GIT_FETCH_HAVE,
                       sizeof(PM_GIT_FETCH_HAVE) - 1))
           != NULL)
    {
        p += sizeof(PM_GIT_FETCH_HAVE) - 1;

        if (end - p < PM_GIT_HEX_SIZE) {
            break;
        }

        n = (size_t) snprintf(ack, sizeof(ack), "ACK %.*s common\n",
                              PM_GIT_HEX_SIZE, p);

        pm_git_pktline_append(&f->own, ack, n);
    }

    pm_git_pktline_append(&f->own, "NAK\n", 4);
    f->assumed = 1;

    if (f->own.failed) {
        (void) pm_error_memory(&f->err);
        return -1;
    }

    return 0;
}


/* So much of ACK and NAK; the first line after "done" says whether anything of
 * ours is known. */

static int
pm_git_fetch_answered(pm_git_fetch_t *f, size_t n, int nak)
{
    int  first;

    first = (f->answers == 0);
    f->answers += n;

    if (f->answers > PM_GIT_FETCH_ANSWERS) {
        return pm_error_set(&f->err, PM_REMOTE, "remote %s: endless answers "
                            "to a fetch", f->remote->name);
    }

    if (first && nak && f->assumed) {
        f->refuted = 1;

        return pm_error_set(&f->err, PM_REMOTE, "remote %s: nothing in common "
                            "with its mirror", f->remote->name);
    }

    return 0;
}


/*
 * What comes between "done" and the pack: lines of ACK and NAK, in parts of
 * any size; or ERR, of which libgit2 says only that the answer is too short.
 */

static int
pm_git_fetch_look(pm_git_fetch_t *f, const char *data, size_t size)
{
    int     rc, len, nak;
    size_t  i, n;

    for (i = 0; i < size && !f->packing; i += n) {

        if (f->rest > 0) {
            n = (f->rest < size - i) ? f->rest : size - i;
            f->rest -= n;
            continue;
        }

        n = 1;
        f->line[f->nline++] = data[i];

        if (f->nline < sizeof(f->line)) {
            continue;
        }

        f->nline = 0;
        len = pm_git_pktline_length(f->line);
        nak = (memcmp(f->line + 4, "NAK", 3) == 0);

        if (len < (int) sizeof(f->line)
            || (!nak && memcmp(f->line + 4, "ACK", 3) != 0))
        {
            f->refuted |= (memcmp(f->line + 4, "ERR", 3) == 0);
            f->packing = 1;
            break;
        }

        f->rest = (size_t) len - sizeof(f->line);

        rc = pm_git_fetch_answered(f, (size_t) len, nak);
        if (rc != 0) {
            return rc;
        }
    }

    return 0;
}


static int
pm_git_fetch_ask(pm_git_fetch_t *f)
{
    f->part.data = f->request.data;
    f->part.len = f->request.len;
    f->asked = 1;

    return f->remote->transport->write(f->remote, PM_GIT_UPLOAD_PACK, &f->part,
                                       1, &f->err);
}


static int
pm_git_fetch_read(git_smart_subtransport_stream *stream, char *data,
    size_t size, size_t *n)
{
    pm_git_fetch_t  *f;

    f = pm_git_fetch_of(stream);
    *n = 0;

    if (f->listed && f->assumes && !f->done && f->own.len == 0
        && f->request.len > 0
        && pm_git_fetch_assume(f) != 0)
    {
        return -1;
    }

    if (f->own.len > 0) {
        *n = pm_git_fetch_read_own(f, data, size);
        return 0;
    }

    if (f->remote->transport->stateless && !f->asked
        && pm_git_fetch_ask(f) != 0)
    {
        return -1;
    }

    if (f->remote->transport->read(f->remote, PM_GIT_UPLOAD_PACK, data, size,
                                   n, &f->err)
        != 0)
    {
        return -1;
    }

    /* libgit2 keeps every ACK of the talk before */

    return (f->done ? pm_git_fetch_look(f, data, *n)
                    : pm_git_fetch_answered(f, *n, 0)) == 0 ? 0 : -1;
}


static int
pm_git_fetch_write(git_smart_subtransport_stream *stream, const char *data,
    size_t len)
{
    pm_string_t      part;
    pm_git_fetch_t  *f;

    static const char  done[] = "0009done\n";

    f = pm_git_fetch_of(stream);

    if (f->err.code != PM_OK) {
        return -1;
    }

    if (len >= sizeof(done) - 1
        && memcmp(data + len - (sizeof(done) - 1), done, sizeof(done) - 1)
           == 0)
    {
        f->done = 1;
    }

    if (f->remote->transport->stateless) {
        pm_buffer_append(&f->request, data, len);

        if (f->request.failed) {
            (void) pm_error_memory(&f->err);
            return -1;
        }

        return 0;
    }

    part.data = data;
    part.len = len;

    return f->remote->transport->write(f->remote, PM_GIT_UPLOAD_PACK, &part,
                                       1, &f->err)
           == 0 ? 0 : -1;
}


static void
pm_git_fetch_stream_free(git_smart_subtransport_stream *stream)
{
    /* part of the fetch */
}


static int
pm_git_fetch_action(git_smart_subtransport_stream **stream,
    git_smart_subtransport *transport, const char *url,
    git_smart_service_t action)
{
    pm_git_fetch_t  *f;

    f = (pm_git_fetch_t *) (void *) transport;

    f->listed = (action != GIT_SERVICE_UPLOADPACK_LS);
    f->request.len = 0;
    f->asked = 0;

    if (f->listed) {
        f->own.len = 0;
        f->pos = 0;
    }

    *stream = &f->stream;

    return 0;
}


static int
pm_git_fetch_close(git_smart_subtransport *transport)
{
    return 0;
}


static void
pm_git_fetch_free(git_smart_subtransport *transport)
{
    /* the caller's */
}


static int
pm_git_fetch_subtransport(git_smart_subtransport **transport,
    git_transport *owner, void *fetch)
{
    pm_git_fetch_t  *f;

    f = fetch;

    f->parent.action = pm_git_fetch_action;
    f->parent.close = pm_git_fetch_close;
    f->parent.free = pm_git_fetch_free;

    f->stream.subtransport = &f->parent;
    f->stream.read = pm_git_fetch_read;
    f->stream.write = pm_git_fetch_write;
    f->stream.free = pm_git_fetch_stream_free;

    *transport = &f->parent;

    return 0;
}


int
pm_git_fetch_transport(git_transport **transport, git_remote *owner,
    void *fetch)
{
    pm_git_fetch_t  *f;

    f = fetch;

    f->definition.callback = pm_git_fetch_subtransport;
    f->definition.rpc = f->remote->transport->stateless;
    f->definition.param = f;

    return git_transport_smart(transport, owner, &f->definition);
}


int
pm_git_fetch_progress(const git_indexer_progress *stats, void *fetch)
{
    int              wait;
    pm_git_fetch_t  *f;

    f = fetch;

    return pm_git_remote_wait(f->remote, pm_git_clock(), &wait, &f->err) == 0
           ? 0 : -1;
}
