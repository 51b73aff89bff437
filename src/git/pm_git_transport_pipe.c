#include "git/pm_git_child.h"
#include "git/pm_git_transport.h"
#include "git/pm_git_words.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>


#define PM_GIT_PIPE_AHEAD  (1024 * 1024)  /* read while writing, at most */
#define PM_GIT_PIPE_WORDS  65536          /* of its errors at a time: a pipe */
#define PM_GIT_PIPE_GRACE  2000           /* ms for a child to end itself */


struct pm_git_pipe_s {
    pm_git_child_t   child;          /* first: a test looks at it */
    pm_git_words_t   words;          /* its standard error */
    pm_buffer_t      ahead;          /* its output that came during a write */
    size_t           pos;
    unsigned         answered:1;     /* it has said something */
    unsigned         asked:1;        /* it was written to */
    unsigned         broken:1;       /* not worth a good-bye */
};

_Static_assert(offsetof(pm_git_pipe_t, child) == 0, "the test of floods");


static int
pm_git_pipe_failed(pm_git_remote_t *remote, pm_git_pipe_t *p,
    pm_error_t *err)
{
    const char  *words;

    p->broken = 1;

    words = pm_git_words_text(&p->words, remote->arena);

    if (words == NULL) {
        return pm_error_set(err, PM_REMOTE, "remote %s: the connection ended",
                            remote->name);
    }

    if (remote->url.scheme != PM_GIT_SSH) {
        return pm_error_set(err, PM_REMOTE, "repository %s cannot be used: %s",
                            remote->name, words);
    }

    if (strstr(words, "Permission denied (") != NULL) {
        return pm_error_set(err, PM_REMOTE, "authentication failed for %s: %s",
                            remote->host, words);
    }

    if (strstr(words, "Host key verification failed") != NULL) {

        /* ssh says it in twelve lines, with paths of this machine */

        return pm_error_set(err, PM_REMOTE, "cannot connect to %s: its host "
                            "key is not %s promotions_ssh_known_hosts",
                            remote->host,
                            strstr(words, "HAS CHANGED") ? "the one in"
                                                         : "in");
    }

    /* 255 is ssh's own, any other status is the command's (ssh(1)) */

    if (p->child.known && WIFEXITED(p->child.status)
        && WEXITSTATUS(p->child.status) == 255 && !p->answered)
    {
        return pm_error_set(err, PM_REMOTE, "cannot connect to %s: %s",
                            remote->host, words);
    }

    return pm_error_set(err, PM_REMOTE, "repository %s cannot be used: %s",
                        remote->name, words);
}


/*
 * Takes what the child has said on its standard error; 1: something.  One that
 * writes faster than we read must not keep us from looking at the deadline.
 */

static int
pm_git_pipe_words(pm_git_pipe_t *p)
{
    char     data[1024];
    size_t   taken;
    ssize_t  n;

    for (taken = 0;
         p->child.err != -1 && taken < PM_GIT_PIPE_WORDS;
         taken += (size_t) n)
    {
        n = read(p->child.err, data, sizeof(data));

        if (n < 0) {
            break;
        }

        if (n == 0) {
            (void) close(p->child.err);
            p->child.err = -1;
            break;
        }

        pm_git_words_add(&p->words, data, (size_t) n);
    }

    return taken > 0;
}


/*
 * Waits until the child reads (where out is 1), has written, or has said
 * something.  last is when something moved.
 */

static int
pm_git_pipe_poll(pm_git_remote_t *remote, pm_git_pipe_t *p, int writing,
    int reading, int64_t *last, short *in, short *out, pm_error_t *err)
{
    int            rc, wait;
    struct pollfd  fds[3];

    rc = pm_git_remote_wait(remote, *last, &wait, err);
    if (rc != 0) {
        p->broken = 1;
        return rc;
    }

    /* poll() skips negative descriptors */

    fds[0].fd = writing ? p->child.in : -1;
    fds[0].events = POLLOUT;
    fds[0].revents = 0;
    fds[1].fd = reading ? p->child.out : -1;
    fds[1].events = POLLIN;
    fds[1].revents = 0;
    fds[2].fd = p->child.err;
    fds[2].events = POLLIN;
    fds[2].revents = 0;

    (void) poll(fds, 3, wait);

    if (fds[2].revents != 0 && pm_git_pipe_words(p)) {
        *last = pm_git_clock();
    }

    *in = fds[0].revents;
    *out = fds[1].revents;

    return 0;
}


/* Reads what is there into ahead; the end closes out. */

static int
pm_git_pipe_ahead(pm_git_pipe_t *p, pm_error_t *err)
{
    char     *room;
    ssize_t   n;

    room = pm_buffer_reserve(&p->ahead, 65536);
    if (room == NULL) {
        return pm_error_memory(err);
    }

    n = read(p->child.out, room, 65536);

    if (n > 0) {
        p->ahead.len += (size_t) n;
        p->answered = 1;

    } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
        (void) close(p->child.out);
        p->child.out = -1;
    }

    return 0;
}


static int
pm_git_pipe_send(pm_git_remote_t *remote, pm_git_pipe_t *p,
    const pm_string_t *part, pm_error_t *err)
{
    int      rc, reading;
    short    in, out;
    size_t   sent;
    int64_t  last;
    ssize_t  n;

    last = pm_git_clock();

    for (sent = 0; sent < part->len; /* void */) {
        n = send(p->child.in, part->data + sent, part->len - sent,
                 MSG_NOSIGNAL|MSG_DONTWAIT);

        if (n > 0) {
            sent += (size_t) n;
            remote->sent += (uint64_t) n;
            last = pm_git_clock();
            continue;
        }

        if (n == -1 && errno != EAGAIN && errno != EINTR) {

            /* it does not read any more: what it said last tells why */

            (void) close(p->child.in);
            p->child.in = -1;

            return 0;
        }

        reading = (p->child.out != -1
                   && p->ahead.len - p->pos < PM_GIT_PIPE_AHEAD);

        rc = pm_git_pipe_poll(remote, p, 1, reading, &last, &in, &out, err);
        if (rc != 0) {
            return rc;
        }

        if (out != 0) {
            rc = pm_git_pipe_ahead(p, err);
            if (rc != 0) {
                return rc;
            }

            last = pm_git_clock();
        }
    }

    return 0;
}


static void pm_git_pipe_close(pm_git_remote_t *remote,
    pm_git_service_t service);


static int
pm_git_pipe_open(pm_git_remote_t *remote, pm_git_service_t service,
    pm_error_t *err)
{
    int             rc;
    char *const    *argv;
    pm_git_pipe_t  *p;

    pm_git_pipe_close(remote, service);

    argv = pm_git_command_argv(remote, service);
    p = pm_arena_zalloc(remote->arena, sizeof(pm_git_pipe_t));

    if (p == NULL || argv == NULL) {
        return pm_error_memory(err);
    }

    rc = pm_git_child_spawn(&p->child, argv, remote->arena, err);
    if (rc != 0) {
        return rc;
    }

    remote->pipes[service] = p;

    return 0;
}


static int
pm_git_pipe_write(pm_git_remote_t *remote, pm_git_service_t service,
    const pm_string_t *parts, size_t nparts, pm_error_t *err)
{
    int             rc;
    size_t          i;
    pm_git_pipe_t  *p;

    p = remote->pipes[service];

    if (p == NULL) {
        return pm_error_set(err, PM_REMOTE, "remote %s: the connection ended",
                            remote->name);
    }

    p->asked = 1;

    for (i = 0; i < nparts && p->child.in != -1; i++) {
        rc = pm_git_pipe_send(remote, p, &parts[i], err);
        if (rc != 0) {
            return rc;
        }
    }

    /* a receive-pack is told once; the end of it keeps it from waiting for
     * more of a pack that it finds too short */

    if (service == PM_GIT_RECEIVE_PACK && p->child.in != -1) {
        (void) shutdown(p->child.in, SHUT_WR);
    }

    return 0;
}


/* The end of the output: in good order, or what was wrong. */

static int
pm_git_pipe_end(pm_git_remote_t *remote, pm_git_pipe_t *p, pm_error_t *err)
{
    (void) pm_git_child_wait(&p->child, PM_GIT_PIPE_GRACE);
    (void) pm_git_pipe_words(p);

    if (p->child.known && WIFEXITED(p->child.status)
        && WEXITSTATUS(p->child.status) == 0)
    {
        return 0;
    }

    /* somebody else's wait() took the status: the words decide */

    if (p->child.gone && !p->child.known && p->words.len == 0) {
        return 0;
    }

    return pm_git_pipe_failed(remote, p, err);
}


static int
pm_git_pipe_read(pm_git_remote_t *remote, pm_git_service_t service,
    char *data, size_t size, size_t *n, pm_error_t *err)
{
    int             rc;
    short           in, out;
    int64_t         last;
    size_t          len;
    pm_git_pipe_t  *p;

    p = remote->pipes[service];
    *n = 0;

    if (p == NULL) {
        return pm_error_set(err, PM_REMOTE, "remote %s: the connection ended",
                            remote->name);
    }

    last = pm_git_clock();

    while (p->pos == p->ahead.len) {
        p->pos = 0;
        p->ahead.len = 0;

        if (p->child.out == -1) {
            return pm_git_pipe_end(remote, p, err);
        }

        rc = pm_git_pipe_poll(remote, p, 0, 1, &last, &in, &out, err);

        if (rc == 0 && out != 0) {
            rc = pm_git_pipe_ahead(p, err);
        }

        if (rc != 0) {
            return rc;
        }
    }

    len = p->ahead.len - p->pos;

    if (len > size) {
        len = size;
    }

    memcpy(data, p->ahead.data + p->pos, len);
    p->pos += len;
    *n = len;

    return 0;
}


static void
pm_git_pipe_close(pm_git_remote_t *remote, pm_git_service_t service)
{
    pm_git_pipe_t  *p;

    p = remote->pipes[service];

    if (p == NULL) {
        return;
    }

    if (!p->broken && !p->child.gone) {

        /* a receive-pack that is told nothing expects to be told so */

        if (!p->asked && p->child.in != -1) {
            (void) send(p->child.in, "0000", 4, MSG_NOSIGNAL|MSG_DONTWAIT);
        }

        if (p->child.in != -1) {
            (void) shutdown(p->child.in, SHUT_WR);
        }

        /* nothing that it might still say is wanted: it is not to wait for
         * somebody who reads it */

        if (p->child.out != -1) {
            (void) close(p->child.out);
            p->child.out = -1;
        }

        (void) pm_git_child_wait(&p->child, PM_GIT_PIPE_GRACE);
    }

    pm_git_child_kill(&p->child);
    pm_git_child_close(&p->child);

    pm_buffer_free(&p->ahead);
    remote->pipes[service] = NULL;
}


static void
pm_git_pipe_finish(pm_git_remote_t *remote)
{
    pm_git_pipe_close(remote, PM_GIT_UPLOAD_PACK);
    pm_git_pipe_close(remote, PM_GIT_RECEIVE_PACK);
}


const pm_git_transport_t  pm_git_transport_pipe = {
    0,
    pm_git_pipe_open,
    pm_git_pipe_write,
    pm_git_pipe_read,
    pm_git_pipe_close,
    pm_git_pipe_finish
};
