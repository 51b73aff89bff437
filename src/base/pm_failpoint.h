/*
 * pm_failpoint.h: where a test kills the process.
 *
 * Nothing at all unless compiled with -DPM_FAILPOINTS, which no shipped build
 * has.  Then a process that comes to a point whose name is a file in the
 * folder that the environment's PM_FAILPOINTS names removes that file and
 * kills itself, as "kill -9" would: once a file.
 */

#ifndef PM_FAILPOINT_H
#define PM_FAILPOINT_H


#ifdef PM_FAILPOINTS

void pm_failpoint(const char *name);

#else

static inline void
pm_failpoint(const char *name)
{
    (void) name;
}

#endif


#endif /* PM_FAILPOINT_H */
