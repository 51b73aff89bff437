/*
 * pm_git_child.h: a child process with a socket as its standard input and
 * pipes as its output and error.
 *
 * Made for a thread of an nginx worker: the child gets an empty signal mask
 * and default signals (pool threads block them, nginx ignores SIGPIPE), a
 * process group of its own, no descriptor but its three (nginx's sockets are
 * not close-on-exec), and an environment of PATH, HOME and LC_ALL=C.
 *
 * Inside the git room only.
 */

#ifndef PM_GIT_CHILD_H
#define PM_GIT_CHILD_H


#include "base/pm_arena.h"
#include "base/pm_error.h"

#include <stdint.h>
#include <sys/types.h>


typedef struct {
    pid_t     pid;
    int       in;             /* ours: write; a socket, so that a child which
                                 has gone costs an error and no SIGPIPE */
    int       out;            /* ours: read; not blocking; -1: ended */
    int       err;            /* ours: read; not blocking; -1: ended */
    int       status;         /* of waitpid(), where known is 1 */
    unsigned  gone:1;         /* it ended and was waited for, by us or not */
    unsigned  known:1;
} pm_git_child_t;


/* argv[0] is looked up in PATH.  0, or PM_UNAVAILABLE / PM_INTERNAL. */
int pm_git_child_spawn(pm_git_child_t *child, char *const *argv,
    pm_arena_t *arena, pm_error_t *err);

/* Waits for its end for at most ms milliseconds; 1: it is gone. */
int pm_git_child_wait(pm_git_child_t *child, int ms);

/* Ends the whole process group, by SIGTERM and then by SIGKILL. */
void pm_git_child_kill(pm_git_child_t *child);

/* Closes the descriptors that are open. */
void pm_git_child_close(pm_git_child_t *child);


#endif /* PM_GIT_CHILD_H */
