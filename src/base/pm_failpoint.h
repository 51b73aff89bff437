/*
 * pm_failpoint.h: where a test kills the process.
 *
 * Does nothing unless compiled with -DPM_FAILPOINTS, which no shipped build
 * has.  Then a process that comes to a point whose name is a file in the
 * folder that the environment's PM_FAILPOINTS names removes that file and
 * kills itself, as "kill -9" would: once a file.
 */

#ifndef PM_FAILPOINT_H
#define PM_FAILPOINT_H


void pm_failpoint(const char *name);


#endif /* PM_FAILPOINT_H */
