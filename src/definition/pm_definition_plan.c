#include "definition/pm_definition_internal.h"
#include "git/pm_git_compare.h"

#include <string.h>


static int
pm_definition_blob(pm_arena_t *arena, const pm_definition_request_t *request,
    const char *file, const pm_oid_t *blob, pm_string_t *text,
    pm_error_t *err)
{
    int       rc;
    uint64_t  size;

    rc = pm_git_blob(request->mirror, blob, PM_DEFINITION_SIZE, arena, text,
                     &size, err);

    if (rc == 0 && size > PM_DEFINITION_SIZE) {
        rc = pm_error_set(err, PM_UNPROCESSABLE, "%s of the target is larger "
                          "than %d MiB", file,
                          PM_DEFINITION_SIZE / 1024 / 1024);
    }

    return rc;
}


/* What is no file is not read as one: a link may lead to the very API that is
 * looked for, and an overlay that is left out lets through what it keeps. */

static int
pm_definition_plan_file(const char *name, unsigned mode, pm_error_t *err)
{
    if (mode == PM_GIT_MODE_BLOB || mode == PM_GIT_MODE_EXECUTABLE) {
        return 0;
    }

    return pm_error_set(err, PM_UNPROCESSABLE, "%s of the target is a %s, and "
                        "no file: mend or move it first", name,
                        mode == PM_GIT_MODE_LINK ? "symbolic link"
                        : mode == PM_GIT_MODE_TREE ? "folder" : "submodule");
}


/* The name of a new file, which nothing has. */

static int
pm_definition_plan_new(pm_arena_t *arena,
    const pm_definition_request_t *request, const char *api,
    const char **file, pm_error_t *err)
{
    int         rc;
    unsigned    mode;
    pm_oid_t    id;
    pm_error_t  fault;

    rc = pm_definition_file_new(arena, request->target, api, file, err);

    if (rc != 0 || pm_oid_is_zero(&request->target->tree)) {
        return rc;
    }

    rc = pm_git_lookup(request->mirror, &request->target->tree, *file, &mode,
                       &id, &fault);

    if (rc == PM_NOT_FOUND) {
        return 0;
    }

    if (rc != 0) {
        *err = fault;
        return rc;
    }

    return pm_definition_plan_file(*file, mode, err);
}


/* The target's file, or the name of a new one; and the overlay. */

static int
pm_definition_plan_target(pm_arena_t *arena,
    const pm_definition_request_t *request,
    const pm_definition_entry_t *source, const pm_definition_entry_t *entry,
    pm_definition_merge_t *merge, const char **overlay, pm_oid_t *blob,
    pm_error_t *err)
{
    *overlay = NULL;

    if (entry == NULL) {
        return pm_definition_plan_new(arena, request, source->name,
                                      &merge->target_file, err);
    }

    if (entry->fault != NULL) {
        return pm_error_set(err, PM_UNPROCESSABLE, "the target's definition "
                            "cannot be read: %s", entry->fault);
    }

    if (entry->overlay != NULL
        && pm_definition_plan_file(entry->overlay, entry->overlay_mode, err)
           != 0)
    {
        return PM_UNPROCESSABLE;
    }

    merge->target_file = entry->file;
    *overlay = entry->overlay;
    *blob = entry->overlay_blob;

    return pm_definition_blob(arena, request, entry->file, &entry->blob,
                              &merge->target, err);
}


/* An overlay may wait for a definition that is still to come. */

static int
pm_definition_plan_waiting(pm_arena_t *arena,
    const pm_definition_request_t *request, const char *file,
    const char **overlay, pm_oid_t *blob, pm_error_t *err)
{
    int          rc;
    size_t       len;
    unsigned     mode;
    const char  *name;
    pm_error_t   fault;

    if (!pm_definition_named(file, &len)
        || pm_oid_is_zero(&request->target->tree))
    {
        return 0;
    }

    name = pm_arena_printf(arena, "%.*s.overlay.json", (int) len, file);
    if (name == NULL) {
        return pm_error_memory(err);
    }

    rc = pm_git_lookup(request->mirror, &request->target->tree, name, &mode,
                       blob, &fault);

    if (rc == PM_NOT_FOUND) {
        return 0;
    }

    if (rc != 0) {
        *err = fault;
        return rc;
    }

    *overlay = name;

    return pm_definition_plan_file(name, mode, err);
}


static int
pm_definition_plan_read(pm_arena_t *arena,
    const pm_definition_request_t *request,
    const pm_definition_entry_t **entry, pm_definition_merge_t *merge,
    pm_definition_plan_t *plan, pm_error_t *err)
{
    int                     rc;
    pm_oid_t                blob;
    const char             *overlay;
    pm_definition_entry_t   source;

    overlay = NULL;

    memset(&source, 0, sizeof(pm_definition_entry_t));

    rc = pm_definition_read(arena, &request->source, &source, err);

    if (rc != 0) {
        plan->refusal = PM_DEFINITION_FAILED;
        return rc;
    }

    rc = pm_definition_check(&source, request->allow_v4, &plan->refusal, err);
    if (rc != 0) {
        return rc;
    }

    rc = pm_definition_match(request->target, &source, request->last, entry,
                             err);

    if (rc == 0) {
        rc = pm_definition_plan_target(arena, request, &source, *entry,
                                       merge, &overlay, &blob, err);
    }

    if (rc == 0 && *entry == NULL) {
        rc = pm_definition_plan_waiting(arena, request, merge->target_file,
                                        &overlay, &blob, err);
    }

    if (rc == 0 && overlay != NULL) {
        merge->overlay_file = overlay;
        rc = pm_definition_blob(arena, request, overlay, &blob,
                                &merge->overlay, err);
    }

    if (rc != 0) {
        plan->refusal = (rc == PM_UNAVAILABLE || rc == PM_INTERNAL)
                        ? PM_DEFINITION_FAILED : PM_DEFINITION_TARGET;
    }

    return rc;
}


int
pm_definition_plan(pm_arena_t *arena, const pm_definition_request_t *request,
    pm_definition_plan_t *plan, pm_error_t *err)
{
    int                           rc;
    pm_error_t                    unused;
    pm_definition_merge_t         merge;
    const pm_definition_entry_t  *entry;

    memset(&unused, 0, sizeof(pm_error_t));
    err = err ? err : &unused;
    entry = NULL;

    memset(plan, 0, sizeof(pm_definition_plan_t));
    memset(&merge, 0, sizeof(pm_definition_merge_t));

    merge.source = request->source;
    merge.allow_v4 = request->allow_v4;

    rc = pm_definition_plan_read(arena, request, &entry, &merge, plan, err);

    if (rc == 0) {
        rc = pm_definition_merge(arena, &merge, plan, err);
    }

    plan->entry = entry;
    plan->mode = PM_GIT_MODE_BLOB;

    if (entry != NULL) {
        plan->mode = entry->mode;
        plan->before_blob = entry->blob;
    }

    if (rc != 0) {
        return rc;
    }

    rc = pm_definition_conflicts(arena, request->target, entry, plan, err);

    if (rc != 0) {
        plan->refusal = PM_DEFINITION_FAILED;

    } else if (plan->changed && plan->nconflicts > 0) {
        plan->refusal = PM_DEFINITION_PATH_TAKEN;
    }

    return rc;
}
