#include "base/pm_failpoint.h"

#ifdef PM_FAILPOINTS

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>


void
pm_failpoint(const char *name)
{
    char         path[512];
    const char  *folder;

    folder = getenv("PM_FAILPOINTS");

    if (folder == NULL) {
        return;
    }

    (void) snprintf(path, sizeof(path), "%s/%s", folder, name);

    if (unlink(path) == 0) {
        (void) kill(getpid(), SIGKILL);
        pause();
    }
}

#else


void
pm_failpoint(const char *name)
{
    (void) name;
}

#endif
