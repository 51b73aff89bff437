/*
 * pm_git.h: the git room's shared words: object ids, settings, the process's
 * state (connections and mirrors that are kept between jobs).
 *
 * libgit2 and libcurl are this room's alone: no header of theirs is included
 * by a header that other rooms include.
 */

#ifndef PM_GIT_H
#define PM_GIT_H


#include "base/pm_arena.h"
#include "base/pm_buffer.h"
#include "base/pm_error.h"
#include "base/pm_string.h"
#include "git/pm_git_credentials.h"
#include "git/pm_git_url.h"

#include <stddef.h>
#include <stdint.h>


#define PM_GIT_OID_SIZE  20
#define PM_GIT_HEX_SIZE  40

#define PM_GIT_MODE_TREE        0040000
#define PM_GIT_MODE_BLOB        0100644
#define PM_GIT_MODE_EXECUTABLE  0100755
#define PM_GIT_MODE_LINK        0120000
#define PM_GIT_MODE_COMMIT      0160000   /* a submodule */


/* The name of an object; laid out as libgit2's git_oid. */

typedef struct {
    unsigned char  id[PM_GIT_OID_SIZE];
} pm_oid_t;


/* Settings: made once, constant afterwards, read by all threads. */

typedef struct {
    const char                  *mirrors;      /* folder of bare mirrors */
    const char                  *ca_file;      /* NULL: the system's */
    const char                  *ssh_key;      /* NULL: none */
    const char                  *ssh_known_hosts;
    const pm_git_credentials_t  *credentials;  /* NULL: none */
    unsigned                     allow_local;  /* file:// and plain paths */
    unsigned                     timeout;      /* ms, one operation whole */
    unsigned                     idle_timeout; /* ms, without a byte */
} pm_git_settings_t;


/* The process's state.  Thread-safe: each job takes what it needs. */

typedef struct pm_git_s  pm_git_t;


/*
 * Called once a process, after the fork and before any thread: initialises
 * libgit2 and libcurl.  settings must outlive the result.
 */
int pm_git_create(const pm_git_settings_t *settings, pm_git_t **git,
    pm_error_t *err);

/* When no job runs any more. */
void pm_git_destroy(pm_git_t *git);

const pm_git_settings_t *pm_git_settings(const pm_git_t *git);

/* 1 if this process may write the mirrors' folder; or make it, where it is not
 * there, as the first job would. */
int pm_git_mirrors_writable(const char *mirrors);


/* 1 if all zeros: "no object" in commands and changes. */
int pm_oid_is_zero(const pm_oid_t *oid);
int pm_oid_equal(const pm_oid_t *a, const pm_oid_t *b);

/* 40 lower-case digits and a NUL. */
void pm_oid_hex(char text[PM_GIT_HEX_SIZE + 1], const pm_oid_t *oid);

/* From 40 digits.  0, or -1 where they are not. */
int pm_oid_parse(pm_oid_t *oid, const char *text, size_t len);


#endif /* PM_GIT_H */
