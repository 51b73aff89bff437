#include "git/pm_git_fetch_transport.h"

#include <string.h>


/* Answers to "have" lines: at most 256 of them are asked. */
#define PM_GIT_FETCH_ANSWERS  (1024 * 1024)


static pm_git_fetch_t *
pm_git_fetch_of(git_smart_subtransport_stream *stream)
{
    return (pm_git_fetch_t *) (void *) stream->subtransport;
}


static int
pm_git_fetch_read(git_smart_subtransport_stream *stream, char *data,
    size_t size, size_t *n)
{
    pm_string_t      part;
    pm_git_fetch_t  *f;

    f = pm_git_fetch_of(stream);
    *n = 0;

    if (!f->listed) {
        *n = f->listing.len - f->pos;

        if (*n > size) {
            *n = size;
        }

        memcpy(data, f->listing.data + f->pos, *n);
        f->pos += *n;

        return 0;
    }

    if (f->remote->transport->stateless && !f->asked) {
        part.data = f->request.data;
        part.len = f->request.len;
        f->asked = 1;

        if (f->remote->transport->write(f->remote, PM_GIT_UPLOAD_PACK, &part,
                                        1, &f->err)
            != 0)
        {
            return -1;
        }
    }

    if (f->remote->transport->read(f->remote, PM_GIT_UPLOAD_PACK, data, size,
                                   n, &f->err)
        != 0)
    {
        return -1;
    }

    /* libgit2 keeps every ACK of the negotiation */

    f->answers += f->done ? 0 : *n;

    if (f->answers > PM_GIT_FETCH_ANSWERS) {
        (void) pm_error_set(&f->err, PM_REMOTE, "remote %s: endless answers "
                            "to a fetch", f->remote->name);
        return -1;
    }

    return 0;
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
