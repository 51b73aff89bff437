/*
 * pm_git_report.h: reading what became of a push (gitprotocol-pack(5),
 * "Report Status"), through the side-band or without it.
 *
 * Inside the git room only.
 */

#ifndef PM_GIT_REPORT_H
#define PM_GIT_REPORT_H


#include "git/pm_git_pktline.h"
#include "git/pm_git_remote.h"


#define PM_GIT_REPORT_SIZE  (1024 * 1024)    /* of the report itself */
#define PM_GIT_ANSWER_SIZE  (16 * 1024 * 1024)   /* with all messages */


/*
 * Reads the report of commands, whose answers are set.  report->reported
 * becomes 1 when all of it was read: then 0 is returned whatever happens to
 * the connection afterwards, and what it says is to be looked at.  Otherwise
 * PM_REMOTE or PM_TIMEOUT.  report's strings are the arena's.
 */
int pm_git_report_read(pm_git_pktline_t *lines, int side_band,
    pm_git_command_t *commands, size_t ncommands, pm_arena_t *arena,
    pm_git_report_t *report, pm_error_t *err);

/*
 * 0 if the report says that the pack was unpacked and every command was done;
 * otherwise PM_REMOTE with the server's words.
 */
int pm_git_report_result(const pm_git_report_t *report, const char *name,
    const pm_git_command_t *commands, size_t ncommands, pm_error_t *err);


#endif /* PM_GIT_REPORT_H */
