/*
 * pm_tool_audit.h: a change of a key, and the audit stream's entries that
 * tell of it, in one step (pm_store_audit.h).
 *
 * Their user is whoever runs the tool, and they name no key of the API: the
 * key that is changed is what they are about.  No entry has a secret or its
 * digest.
 */

#ifndef PM_TOOL_AUDIT_H
#define PM_TOOL_AUDIT_H


#include "tool/pm_tool.h"
#include "store/pm_store_audit.h"


typedef enum {
    PM_TOOL_CREATE = 0,
    PM_TOOL_ROTATE,
    PM_TOOL_DISABLE,
    PM_TOOL_ENABLE,
    PM_TOOL_DELETE
} pm_tool_action_t;


/*
 * Writes fields (n strings: names, values, each of which ends with a NUL) to
 * the key's record, or deletes it.  *done is 0 where there was one already
 * (PM_TOOL_CREATE), or none: then nothing was changed or recorded.
 */
int pm_tool_change(pm_tool_t *tool, pm_tool_action_t action, const char *id,
    const pm_string_t *fields, size_t n, int *done, pm_error_t *err);


#endif /* PM_TOOL_AUDIT_H */
