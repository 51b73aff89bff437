#include "promotion/pm_review.h"

#include "git/pm_git_compare.h"
#include "promotion/pm_plan.h"
#include "promotion/pm_review_told.h"
#include "promotion/pm_source.h"

#include <string.h>


static void
pm_review_release(void *data)
{
    pm_definition_index_release(data);
}


/* A copy whose crossId somebody has forgotten to change would overwrite the
 * target's API of the one that it was copied from. */

static int
pm_review_alone(const pm_definition_index_t *index,
    const pm_definition_entry_t *entry, pm_error_t *err)
{
    size_t                        i;
    const pm_definition_entry_t  *other;

    for (i = 0; entry->cross_key != NULL && i < index->nentries; i++) {
        other = &index->entries[i];

        if (other != entry && other->cross_key != NULL
            && strcmp(other->cross_key, entry->cross_key) == 0)
        {
            return pm_error_named(err, PM_INVALID,
                                  "promotion.definition.malformed",
                                  "several definitions have the crossId "
                                  "\"%s\": %s and %s", entry->cross_key,
                                  entry->file, other->file);
        }
    }

    return 0;
}


/* The source's definition of that id: its file, its name. */

static int
pm_review_entry(pm_promotion_t *promotion, const pm_source_t *source,
    pm_arena_t *arena, pm_error_t *err)
{
    int                           rc;
    pm_promotion_api_t           *api;
    pm_definition_index_t        *index;
    const pm_definition_entry_t  *entry;

    api = promotion->api;

    rc = pm_definition_index(api->cache, source->mirror, &source->tree,
                             promotion->parts[0].source.path, &index, err);
    if (rc != 0) {
        return rc;
    }

    if (pm_arena_defer(arena, pm_review_release, index) != 0) {
        return pm_error_memory(err);
    }

    entry = pm_definition_find(index, api->id);

    if (entry == NULL) {
        return pm_error_named(err, PM_NOT_FOUND, "api.notFound",
                              "Api [%s] cannot be found.", api->id);
    }

    if (entry->fault != NULL) {
        return pm_error_named(err, PM_INVALID,
                              "promotion.definition.malformed", "%s",
                              entry->fault);
    }

    rc = pm_review_alone(index, entry, err);
    if (rc != 0) {
        return rc;
    }

    api->file = entry->file;

    promotion->message = pm_arena_printf(arena, "Promote API %s%s%s from %s "
                                         "to %s",
                                         entry->name[0] ? entry->name
                                                        : api->id,
                                         entry->version[0] ? " " : "",
                                         entry->version,
                                         promotion->source_environment,
                                         promotion->destination_environment);

    return (promotion->message != NULL) ? 0 : pm_error_memory(err);
}


/* What is promoted is what the sources have now, whatever becomes of them. */

static int
pm_review_pin(pm_promotion_t *promotion, const pm_source_t *sources,
    pm_arena_t *arena, pm_error_t *err)
{
    size_t  i;
    char    hex[PM_GIT_HEX_SIZE + 1];

    for (i = 0; i < promotion->nparts; i++) {
        pm_oid_hex(hex, &sources[i].commit);

        promotion->parts[i].source.commit = pm_arena_strdup(arena, hex);

        if (promotion->parts[i].source.commit == NULL) {
            return pm_error_memory(err);
        }
    }

    promotion->source_commit = NULL;

    return 0;
}


/* 1 if path is not the same in both revisions, or cannot be told. */

static int
pm_review_differs(const pm_source_t *source, const pm_revision_t *revision,
    const char *path)
{
    int         rc[2];
    unsigned    modes[2];
    pm_oid_t    ids[2];
    pm_error_t  ignored;

    rc[0] = pm_git_lookup(source->mirror, &source->tree, path, &modes[0],
                          &ids[0], &ignored);
    rc[1] = pm_git_lookup(source->mirror, &revision->tree, path, &modes[1],
                          &ids[1], &ignored);

    if (rc[0] != 0 || rc[1] != 0) {
        return rc[0] != rc[1];
    }

    return modes[0] != modes[1] || !pm_oid_equal(&ids[0], &ids[1]);
}


/* Whether a part is still what the source's branch has. */

static int
pm_review_part_moved(const pm_promotion_t *promotion, const pm_part_t *part,
    const pm_source_t *source, const pm_revision_t *revision,
    pm_arena_t *arena)
{
    size_t  i;
    char   *path;

    if (promotion->api != NULL) {
        path = pm_arena_printf(arena, "%s%s%s", part->source.path,
                               *part->source.path ? "/" : "",
                               promotion->api->file);

        return path == NULL || pm_review_differs(source, revision, path);
    }

    for (i = 0; i < part->nfiles; i++) {
        if (pm_review_differs(source, revision, part->files[i].from)) {
            return 1;
        }
    }

    for (i = 0; i < part->source.nvalue_files; i++) {
        if (pm_review_differs(source, revision, part->source.value_files[i])) {
            return 1;
        }
    }

    return part->nfiles == 0
           && pm_review_differs(source, revision, part->source.path);
}


static int
pm_review_moved(const pm_promotion_t *promotion,
    pm_revision_t *const *revisions, const pm_source_t *sources,
    pm_arena_t *arena)
{
    size_t  i;

    for (i = 0; i < promotion->nparts; i++) {

        if (revisions[i]->error.code == 0
            && !pm_oid_equal(&revisions[i]->tip, &sources[i].commit)
            && pm_review_part_moved(promotion, &promotion->parts[i],
                                    &sources[i], revisions[i], arena))
        {
            return 1;
        }
    }

    return 0;
}


static int
pm_review_try(pm_repositories_t *repositories, pm_revision_t **revisions,
    pm_promotion_t *promotion, int pin, pm_arena_t *work, pm_arena_t *arena,
    pm_review_look_t *look, pm_error_t *err)
{
    int                rc;
    char               hex[PM_GIT_HEX_SIZE + 1];
    pm_oid_t           tree;
    pm_plan_t          plan;
    pm_source_t       *sources;
    pm_git_objects_t  *objects;

    memset(look, 0, sizeof(pm_review_look_t));

    rc = pm_repositories_read(repositories, 1, work, err);

    if (rc == 0) {
        rc = pm_source_read(promotion, revisions, work, &sources, err);
    }

    if (rc == 0 && pin && promotion->api != NULL) {
        rc = pm_review_entry(promotion, &sources[0], arena, err);
    }

    if (rc == 0) {
        rc = pm_git_objects_create(repositories->first->mirror, &objects,
                                   err);
    }

    if (rc != 0) {
        return rc;
    }

    pm_oid_hex(hex, &sources[0].commit);
    look->revision = pm_arena_strdup(arena, hex);
    look->moved = (unsigned) pm_review_moved(promotion, revisions, sources,
                                             work);
    look->update = 1;

    /* explained: conflicts are to be shown */

    rc = pm_plan(promotion, sources, objects, repositories->first->mirror,
                 &repositories->destination->tree, promotion->api != NULL,
                 work, &plan, err);

    if (rc == 0 && plan.api != NULL) {
        rc = pm_review_told(promotion, &sources[0], plan.api, work, arena,
                            look, err);
    }

    /* what could never be written is not asked for */

    if (rc == 0 && pin && plan.nchanges > 0) {
        rc = pm_plan_tree(promotion, &plan, objects,
                          &repositories->destination->tree, &tree, err);
    }

    pm_git_objects_destroy(objects);

    if (rc != 0) {
        return rc;
    }

    memcpy(look->digest, plan.digest, sizeof(look->digest));

    if (look->revision == NULL) {
        return pm_error_memory(err);
    }

    if (plan.nchanges == 0) {
        return pm_error_named(err, PM_NO_CHANGES, "promotion.noChanges",
                              "no changes found between source and "
                              "destination applications");
    }

    return pin ? pm_review_pin(promotion, sources, arena, err) : 0;
}


int
pm_review_look(const pm_batch_settings_t *settings,
    pm_promotion_t *promotion, int pin, pm_arena_t *arena,
    pm_review_look_t *look, pm_error_t *err)
{
    int                 rc, last;
    pm_arena_t         *work;
    pm_revision_t     **revisions;
    pm_repositories_t  *repositories;

    work = pm_arena_create();
    if (work == NULL) {
        return pm_error_memory(err);
    }

    /* reading needs no permission to push */

    rc = pm_repositories_create(work, settings->git,
                                &promotion->parts[0].destination,
                                PM_GIT_UPLOAD_PACK, &repositories, err);

    if (rc == 0) {
        rc = pm_source_revisions(repositories, promotion, work, &revisions,
                                 err);
    }

    for (last = 0; rc == 0; last = 1) {

        rc = pm_review_try(repositories, revisions, promotion, pin, work,
                           arena, look, err);

        if (rc == 0 || last || !pm_repositories_broken(repositories)) {
            break;
        }

        rc = 0;
    }

    pm_arena_destroy(work);

    return rc;
}
