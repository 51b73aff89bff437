#include "git/pm_git_child.h"
#include "git/pm_git_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>


#define PM_GIT_CHILD_PATH  "/usr/local/sbin:/usr/local/bin:/usr/sbin:" \
                           "/usr/bin:/sbin:/bin"

#define PM_GIT_CHILD_TERM  500      /* ms between SIGTERM and SIGKILL */
#define PM_GIT_CHILD_KILL  2000     /* ms to wait after SIGKILL */


/* nginx clears its environment: what is missing is made. */

static int
pm_git_child_environment(pm_arena_t *arena, char **env)
{
    char           *home, *path, text[1024];
    struct passwd   entry, *found;

    path = getenv("PATH");
    home = getenv("HOME");
    found = NULL;

    if (home == NULL
        && getpwuid_r(geteuid(), &entry, text, sizeof(text), &found) == 0
        && found != NULL)
    {
        home = found->pw_dir;
    }

    env[0] = pm_arena_printf(arena, "PATH=%s",
                             (path && *path) ? path : PM_GIT_CHILD_PATH);
    env[1] = pm_arena_printf(arena, "HOME=%s", home ? home : "/");
    env[2] = pm_arena_strdup(arena, "LC_ALL=C");
    env[3] = NULL;

    return (env[0] && env[1] && env[2]) ? 0 : -1;
}


/* Above the three: they would be overwritten by each other otherwise. */

static int
pm_git_child_above(int *fd)
{
    int  moved;

    if (*fd > STDERR_FILENO) {
        return 0;
    }

    moved = fcntl(*fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    if (moved == -1) {
        return -1;
    }

    (void) close(*fd);
    *fd = moved;

    return 0;
}


/* theirs[0..2] and ours; -1 where not made.  0, or -1 with errno. */

static int
pm_git_child_pipes(pm_git_child_t *child, int *theirs)
{
    int  i, pair[2];

    if (socketpair(AF_UNIX, SOCK_STREAM|SOCK_CLOEXEC, 0, pair) == -1) {
        return -1;
    }

    child->in = pair[0];
    theirs[0] = pair[1];

    if (pipe2(pair, O_CLOEXEC) == -1) {
        return -1;
    }

    child->out = pair[0];
    theirs[1] = pair[1];

    if (pipe2(pair, O_CLOEXEC) == -1) {
        return -1;
    }

    child->err = pair[0];
    theirs[2] = pair[1];

    for (i = 0; i < 3; i++) {
        if (pm_git_child_above(&theirs[i]) != 0) {
            return -1;
        }
    }

    if (fcntl(child->out, F_SETFL, O_NONBLOCK) == -1
        || fcntl(child->err, F_SETFL, O_NONBLOCK) == -1)
    {
        return -1;
    }

    return 0;
}


static int
pm_git_child_attributes(posix_spawnattr_t *attr)
{
    size_t    i;
    sigset_t  mask, standard;

    static const int  signals[] = {
        SIGPIPE, SIGCHLD, SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGALRM, SIGUSR1,
        SIGUSR2, SIGWINCH, SIGIO, SIGSYS
    };

    (void) sigemptyset(&mask);
    (void) sigemptyset(&standard);

    for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
        (void) sigaddset(&standard, signals[i]);
    }

    return posix_spawnattr_setflags(attr, POSIX_SPAWN_SETSIGMASK
                                          |POSIX_SPAWN_SETSIGDEF
                                          |POSIX_SPAWN_SETPGROUP)
        || posix_spawnattr_setsigmask(attr, &mask)
        || posix_spawnattr_setsigdefault(attr, &standard)
        || posix_spawnattr_setpgroup(attr, 0);
}


static int
pm_git_child_run(pid_t *pid, char *const *argv, char *const *env,
    const int *theirs)
{
    int                         rc;
    posix_spawnattr_t           attr;
    posix_spawn_file_actions_t  actions;

    rc = posix_spawnattr_init(&attr);
    if (rc != 0) {
        return rc;
    }

    rc = posix_spawn_file_actions_init(&actions);
    if (rc != 0) {
        (void) posix_spawnattr_destroy(&attr);
        return rc;
    }

    /* the worker's folder may be one that the child cannot read */

    if (pm_git_child_attributes(&attr) != 0
        || posix_spawn_file_actions_addchdir_np(&actions, "/") != 0
        || posix_spawn_file_actions_adddup2(&actions, theirs[0], 0) != 0
        || posix_spawn_file_actions_adddup2(&actions, theirs[1], 1) != 0
        || posix_spawn_file_actions_adddup2(&actions, theirs[2], 2) != 0
        || posix_spawn_file_actions_addclosefrom_np(&actions, 3) != 0)
    {
        rc = ENOMEM;

    } else {
        rc = posix_spawnp(pid, argv[0], &actions, &attr, argv, env);
    }

    (void) posix_spawn_file_actions_destroy(&actions);
    (void) posix_spawnattr_destroy(&attr);

    return rc;
}


int
pm_git_child_spawn(pm_git_child_t *child, char *const *argv,
    pm_arena_t *arena, pm_error_t *err)
{
    int    i, rc, theirs[3];
    char  *env[4];

    memset(child, 0, sizeof(pm_git_child_t));

    child->in = child->out = child->err = -1;
    theirs[0] = theirs[1] = theirs[2] = -1;

    if (pm_git_child_environment(arena, env) != 0) {
        return pm_error_memory(err);
    }

    rc = (pm_git_child_pipes(child, theirs) == 0)
         ? pm_git_child_run(&child->pid, argv, env, theirs) : errno;

    for (i = 0; i < 3; i++) {
        if (theirs[i] != -1) {
            (void) close(theirs[i]);
        }
    }

    if (rc != 0) {
        pm_git_child_close(child);
        child->gone = 1;

        return pm_error_set(err, rc == ENOENT ? PM_INTERNAL : PM_UNAVAILABLE,
                            "cannot run %s: %s", argv[0], strerror(rc));
    }

    return 0;
}


int
pm_git_child_wait(pm_git_child_t *child, int ms)
{
    int64_t          until;
    pid_t            pid;
    struct timespec  nap;

    until = pm_git_clock() + ms;

    nap.tv_sec = 0;
    nap.tv_nsec = 200000;

    while (!child->gone) {
        pid = waitpid(child->pid, &child->status, WNOHANG);

        if (pid == child->pid) {
            child->gone = 1;
            child->known = 1;

        } else if (pid == -1 && errno != EINTR) {

            /* ECHILD: a handler of SIGCHLD was faster, or it is ignored */

            child->gone = 1;

        } else if (pm_git_clock() >= until) {
            break;

        } else {
            (void) nanosleep(&nap, NULL);

            if (nap.tv_nsec < 10000000) {
                nap.tv_nsec *= 2;
            }
        }
    }

    return child->gone;
}


/* 1 if it has ended; it is not waited for, so its number stays its own. */

static int
pm_git_child_ended(pm_git_child_t *child, int ms)
{
    int64_t          until;
    siginfo_t        info;
    struct timespec  nap;

    until = pm_git_clock() + ms;

    nap.tv_sec = 0;
    nap.tv_nsec = 5000000;

    for ( ;; ) {
        info.si_pid = 0;

        if (waitid(P_PID, (id_t) child->pid, &info, WEXITED|WNOHANG|WNOWAIT)
            == 0
            && info.si_pid == child->pid)
        {
            return 1;
        }

        if (pm_git_clock() >= until) {
            return 0;
        }

        (void) nanosleep(&nap, NULL);
    }
}


void
pm_git_child_kill(pm_git_child_t *child)
{
    siginfo_t  info;

    /* what somebody else waited for may have lost its number to another */

    if (!child->gone
        && waitid(P_PID, (id_t) child->pid, &info, WEXITED|WNOHANG|WNOWAIT)
           == -1
        && errno == ECHILD)
    {
        child->gone = 1;
    }

    if (child->gone) {
        return;
    }

    /* git removes its temporary files at SIGTERM; what its hooks have started
     * may not listen */

    (void) kill(-child->pid, SIGTERM);
    (void) pm_git_child_ended(child, PM_GIT_CHILD_TERM);
    (void) kill(-child->pid, SIGKILL);
    (void) pm_git_child_wait(child, PM_GIT_CHILD_KILL);
}


void
pm_git_child_close(pm_git_child_t *child)
{
    int     *fds[3];
    size_t   i;

    fds[0] = &child->in;
    fds[1] = &child->out;
    fds[2] = &child->err;

    for (i = 0; i < 3; i++) {
        if (*fds[i] != -1) {
            (void) close(*fds[i]);
            *fds[i] = -1;
        }
    }
}
