/*
 * pm_git_delta.h: the instructions that make an object from another one
 * (gitformat-pack(5), "Deltified representation").  Inside the git room only.
 */

#ifndef PM_GIT_DELTA_H
#define PM_GIT_DELTA_H


#include "base/pm_buffer.h"


/* As deep as git itself packs by default. */
#define PM_GIT_DELTA_DEPTH  50


/* What a delta begins with: the base's length, and the result's. */
void pm_git_delta_start(pm_buffer_t *delta, size_t base_len, size_t len);

/* size bytes of the base from offset on. */
void pm_git_delta_copy(pm_buffer_t *delta, size_t offset, size_t size);

/* These bytes. */
void pm_git_delta_insert(pm_buffer_t *delta, const void *data, size_t len);


#endif /* PM_GIT_DELTA_H */
