/*
 * pm_forge_locate.h: hosts, and the repositories on them.
 *
 * Inside the forge room only.
 */

#ifndef PM_FORGE_LOCATE_H
#define PM_FORGE_LOCATE_H


#include "forge/pm_forge_provider.h"


#define PM_FORGE_KNOWN  5


extern const pm_forge_host_t  pm_forge_known_hosts[PM_FORGE_KNOWN];


/* The length of a well-formed lower-case HOST[:PORT] before the first "/" or
 * the end; 0: it is malformed. */
size_t pm_forge_authority(const char *text);

/* The length of the host in it, without the port. */
size_t pm_forge_name_length(const char *authority);

/* PM_INVALID: "repository URL of HOST: <reason>". */
int pm_forge_locate_invalid(pm_forge_locator_t *locator, const char *reason);

/* owner and name from exactly two segments: what most providers have. */
int pm_forge_locate_two(pm_forge_locator_t *locator);

/* pm_forge_repository_t's key; NULL when out of memory.  project may be
 * NULL. */
const char *pm_forge_key(pm_arena_t *arena, const pm_forge_host_t *forge,
    const char *owner, const char *project, const char *name);


#endif /* PM_FORGE_LOCATE_H */
