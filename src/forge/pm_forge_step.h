/*
 * pm_forge_step.h: what the files of the steps share.
 *
 * Inside the forge room only.
 */

#ifndef PM_FORGE_STEP_H
#define PM_FORGE_STEP_H


#include "forge/pm_forge_call.h"


/* Characters of a label or a user's name in a note. */
#define PM_FORGE_NAME  100


/* text, the arena's, is added to the result's notes; NULL is not. */
void pm_forge_note(pm_forge_call_t *call, const char *text);

/* The ends: result->error is set before, but for a memory's. */
void pm_forge_step_done(pm_forge_call_t *call);
void pm_forge_step_failed(pm_forge_call_t *call);
void pm_forge_step_memory(pm_forge_call_t *call);

/* A token and a task that can be sent; the job's texts. */
void pm_forge_step_start(pm_forge_call_t *call);

/* json is the pull request from now on, and is kept. */
void pm_forge_step_keep(pm_forge_call_t *call, json_t *json);

/* The result tells about call->pull. */
void pm_forge_step_tell(pm_forge_call_t *call);

/* Looks for it that way. */
void pm_forge_step_find(pm_forge_call_t *call, pm_forge_find_t how);

/* It is otherwise than a moment ago: found again, a few times. */
void pm_forge_step_again(pm_forge_call_t *call, pm_forge_find_t how);

/* None was found: open, unless that was refused before. */
void pm_forge_step_none(pm_forge_call_t *call);

/* An answer about the reviewer that is looked up; json NULL: none. */
void pm_forge_step_user(pm_forge_call_t *call, json_t *json);
void pm_forge_step_user_next(pm_forge_call_t *call);

/* An answer to a step that went well. */
void pm_forge_step_fine(pm_forge_call_t *call, json_t *json);


#endif /* PM_FORGE_STEP_H */
