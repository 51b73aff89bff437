/*
 * pm_policy.h: how an environment may be promoted into.
 */

#ifndef PM_POLICY_H
#define PM_POLICY_H


#include "catalog/pm_template.h"


typedef enum {
    PM_POLICY_ACTION,            /* "commit", "pr" or "none" */
    PM_POLICY_PRE_ACTION,        /* names of workflows, which are not run */
    PM_POLICY_POST_ACTION,
    PM_POLICY_FIELDS
} pm_policy_field_t;


/* Merged of all policies for a product and an environment: field by field
 * the one of the highest priority that has it; of equal ones, by their
 * names. */

typedef struct {
    const char           *values[PM_POLICY_FIELDS];      /* NULL: none */
    const pm_manifest_t  *origins[PM_POLICY_FIELDS];     /* of each */
} pm_policy_t;


/* "action", "preAction", "postAction" */
extern const char *const  pm_policy_fields[PM_POLICY_FIELDS];


#endif /* PM_POLICY_H */
