#include "promotion/pm_plan.h"

#include "git/pm_git_compare.h"

#include <string.h>


#define PM_PLAN_CHANGES  2000        /* values that are told */


/* What a refusal is called, in the order of pm_definition_refusal_t. */

static const char *const  pm_plan_refusals[] = {
    NULL,
    "promotion.v4.notSupported",
    "promotion.definition.notSupported",
    "promotion.target.definitionVersionMismatch",
    "path.invalid",
    "promotion.noChanges",
    "promotion.definition.malformed",
    "promotion.target.malformed",
    NULL
};


static void
pm_plan_api_release(void *data)
{
    pm_definition_index_release(data);
}


static const char *
pm_plan_api_path(pm_arena_t *arena, const char *folder, const char *file)
{
    return pm_arena_printf(arena, "%s%s%s", folder, *folder ? "/" : "", file);
}


/* The pinned bytes. */

static int
pm_plan_api_source(const pm_promotion_t *promotion, const pm_source_t *source,
    pm_arena_t *arena, pm_definition_source_t *definition, pm_error_t *err)
{
    int          rc;
    unsigned     mode;
    uint64_t     size;
    pm_oid_t     id;
    const char  *path;

    path = pm_plan_api_path(arena, promotion->parts[0].source.path,
                            promotion->api->file);
    if (path == NULL) {
        return pm_error_memory(err);
    }

    rc = pm_git_lookup(source->mirror, &source->tree, path, &mode, &id, err);

    if (rc == PM_NOT_FOUND) {
        return pm_error_named(err, PM_NOT_FOUND, "api.notFound",
                              "Api [%s] cannot be found.",
                              promotion->api->id);
    }

    if (rc == 0) {
        rc = pm_git_blob(source->mirror, &id, PM_DEFINITION_SIZE, arena,
                         &definition->text, &size, err);
    }

    if (rc != 0) {
        return rc;
    }

    if (size > definition->text.len) {
        return pm_error_named(err, PM_INVALID,
                              "promotion.definition.malformed",
                              "%s is larger than %d MiB", path,
                              PM_DEFINITION_SIZE / (1024 * 1024));
    }

    definition->file = promotion->api->file;

    return 0;
}


/* A path that another API of the target has. */

static int
pm_plan_api_conflict(const pm_definition_conflict_t *conflict,
    pm_error_t *err)
{
    size_t  len;

    (void) pm_error_named(err, PM_INVALID, "path.invalid",
                          "Path [%s] already exists", conflict->taken);

    len = strnlen(conflict->id, PM_ERROR_SUBJECT - 1);

    memcpy(err->subject, conflict->id, len);
    err->subject[len] = '\0';

    return PM_INVALID;
}


/* What may be shown and must not land. */

static int
pm_plan_api_refused(const pm_promotion_t *promotion,
    const pm_definition_plan_t *plan, pm_error_t *err)
{
    const pm_promotion_api_t  *api;

    api = promotion->api;

    if (plan->update ? !api->may_update : !api->may_create) {
        return pm_error_named(err, PM_FORBIDDEN, "forbidden",
                              "You do not have sufficient rights to access "
                              "this resource");
    }

    if (plan->nconflicts > 0) {
        return pm_plan_api_conflict(&plan->conflicts[0], err);
    }

    return 0;
}


static int
pm_plan_api_changes(const pm_definition_plan_t *api, pm_arena_t *arena,
    pm_selection_file_t *file, pm_error_t *err)
{
    int                      rc, cut;
    size_t                   i, n;
    pm_definition_change_t  *changes;

    rc = pm_definition_changes(arena,
                               api->entry ? api->entry->file : api->file,
                               &api->before, api->file, &api->text,
                               PM_PLAN_CHANGES, &changes, &n, &cut, err);
    if (rc != 0) {
        return rc;
    }

    file->properties = pm_arena_zalloc(arena, (n + 1)
                                              * sizeof(pm_edit_property_t));
    if (file->properties == NULL) {
        return pm_error_memory(err);
    }

    for (i = 0; i < n; i++) {
        file->properties[i].path = changes[i].path;
        file->properties[i].from = changes[i].from;
        file->properties[i].to = changes[i].to ? changes[i].to : "null";
    }

    file->nproperties = n;
    file->cut = (cut != 0);

    return 0;
}


const char *
pm_plan_api_patch(const pm_definition_plan_t *api, pm_arena_t *arena,
    size_t limit, size_t *size)
{
    int                      cut;
    size_t                   n;
    pm_arena_t              *work;
    const char              *patch, *copy;
    pm_definition_change_t  *changes;

    copy = NULL;
    *size = 0;

    work = pm_arena_create();
    if (work == NULL) {
        return NULL;
    }

    if (pm_definition_changes(work, api->entry ? api->entry->file : api->file,
                              &api->before, api->file, &api->text,
                              PM_PLAN_CHANGES, &changes, &n, &cut, NULL)
        == 0
        && pm_definition_json_patch(work, changes, n, &patch, NULL) == 0)
    {
        *size = strlen(patch);

        if (*size <= limit && !cut) {
            copy = pm_arena_strdup(arena, patch);
        }
    }

    pm_arena_destroy(work);

    return copy;
}


/* The one file that changes. */

static int
pm_plan_api_file(const pm_promotion_t *promotion,
    const pm_definition_plan_t *api, pm_git_objects_t *objects, int explain,
    pm_arena_t *arena, pm_plan_t *plan, pm_error_t *err)
{
    int                   rc;
    pm_git_change_t      *change;
    pm_selection_file_t  *file;

    file = pm_arena_zalloc(arena, sizeof(pm_selection_file_t));
    if (file == NULL) {
        return pm_error_memory(err);
    }

    change = &file->change;
    change->path = pm_plan_api_path(arena,
                                    promotion->parts[0].destination.path,
                                    api->file);
    if (change->path == NULL) {
        return pm_error_memory(err);
    }

    change->new_mode = api->mode;

    if (api->entry != NULL) {
        change->old_mode = api->entry->mode;
        change->old_id = api->before_blob;
    }

    rc = pm_git_objects_blob(objects, api->text.data, api->text.len,
                             &change->new_id, err);

    if (rc == 0 && explain) {
        rc = pm_plan_api_changes(api, arena, file, err);
    }

    plan->files = file;
    plan->changes = change;
    plan->nchanges = 1;

    return rc;
}


int
pm_plan_api(const pm_promotion_t *promotion, const pm_source_t *sources,
    pm_git_objects_t *objects, pm_git_mirror_t *mirror, const pm_oid_t *tree,
    int explain, int conflicts, pm_arena_t *arena, pm_plan_t *plan,
    pm_error_t *err)
{
    int                       rc;
    pm_definition_plan_t     *api;
    pm_definition_index_t    *index;
    pm_definition_request_t   request;

    memset(plan, 0, sizeof(pm_plan_t));
    memset(&request, 0, sizeof(pm_definition_request_t));

    api = pm_arena_zalloc(arena, sizeof(pm_definition_plan_t));
    if (api == NULL) {
        return pm_error_memory(err);
    }

    rc = pm_plan_api_source(promotion, &sources[0], arena, &request.source,
                            err);
    if (rc != 0) {
        return rc;
    }

    rc = pm_definition_index(promotion->api->cache, mirror, tree,
                             promotion->parts[0].destination.path, &index,
                             err);
    if (rc != 0) {
        return rc;
    }

    if (pm_arena_defer(arena, pm_plan_api_release, index) != 0) {
        return pm_error_memory(err);
    }

    request.mirror = mirror;
    request.target = index;
    request.last = promotion->api->last;
    request.allow_v4 = promotion->api->allow_v4;

    rc = pm_definition_plan(arena, &request, api, err);

    if (rc != 0) {
        if (err->name == NULL) {
            err->name = pm_plan_refusals[api->refusal];
        }

        return rc;
    }

    plan->api = api;

    if (!conflicts) {
        rc = pm_plan_api_refused(promotion, api, err);
        if (rc != 0) {
            return rc;
        }
    }

    if (api->changed) {
        rc = pm_plan_api_file(promotion, api, objects, explain, arena, plan,
                              err);
        if (rc != 0) {
            return rc;
        }
    }

    return pm_digest(plan->changes, plan->nchanges, plan->digest, err);
}
