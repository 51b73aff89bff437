#include "promotion/pm_batch.h"

#include "promotion/pm_preview_part.h"
#include "promotion/pm_revert.h"
#include "promotion/pm_version.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>


#define PM_PREVIEW_DUMP  (JSON_COMPACT | JSON_REAL_PRECISION(15))


/* One promotion on its way, and where its result goes. */

typedef struct {
    const pm_promotion_t  *promotion;
    pm_revision_t        **revisions;
    pm_string_t           *json;
    pm_error_t            *error;
} pm_preview_item_t;


static int
pm_preview_answer(pm_preview_t *preview, const pm_repositories_t *repositories,
    const pm_oid_t *source, const pm_promotion_t *promotion,
    const pm_plan_t *plan, json_t *root, pm_error_t *err)
{
    int                   failed;
    char                  from[PM_GIT_HEX_SIZE + 1], to[PM_GIT_HEX_SIZE + 1];
    const char           *repo, *branch;
    const pm_revision_t  *destination;

    destination = repositories->destination;
    repo = repositories->first->url->canonical;
    branch = destination->ref + strlen("refs/heads/");

    pm_oid_hex(from, source);
    pm_oid_hex(to, &destination->tip);

    failed = json_object_set_new(root, "repo",
                                 pm_preview_string(repo, strlen(repo)));
    failed |= json_object_set_new(root, "branchName",
                                  pm_preview_string(branch, strlen(branch)));
    failed |= json_object_set_new(root, "sourceRevision", json_string(from));
    failed |= json_object_set_new(root, "destinationRevision",
                                  json_string(to));
    failed |= json_object_set_new(root, "digest", json_string(plan->digest));
    failed |= json_object_set_new(root, "template",
                                  pm_preview_template(
                                      promotion->revert_commit
                                      ? NULL : promotion->template));

    preview->files = json_array();
    failed |= json_object_set_new(root, "files", preview->files);

    return failed ? pm_error_memory(err) : 0;
}


/* The versions on both sides, as they are now. */

static json_t *
pm_preview_version(const pm_preview_t *preview,
    const pm_promotion_t *promotion, const pm_source_t *sources,
    const pm_oid_t *tree)
{
    json_t      *json;
    pm_arena_t  *arena;

    arena = pm_arena_create();
    if (arena == NULL) {
        return NULL;
    }

    json = json_pack("{s:s?, s:s?}",
                     "source", pm_version_source(promotion, sources, arena),
                     "destination",
                     pm_version_destination(promotion, preview->mirror, tree,
                                            arena));

    pm_arena_destroy(arena);

    return json;
}


/* Only what is named can be missing: by a template, or as a value file.  A
 * revert names nothing. */

static int
pm_preview_names(const pm_promotion_t *promotion)
{
    size_t  i;

    if (promotion->revert_commit != NULL) {
        return 0;
    }

    for (i = 0; i < promotion->nparts; i++) {
        if (promotion->parts[i].nfiles > 0) {
            return 1;
        }
    }

    return promotion->template != NULL;
}


static int
pm_preview_end(pm_preview_t *preview, const pm_promotion_t *promotion,
    const pm_source_t *sources, const pm_oid_t *tree, const pm_plan_t *plan,
    json_t *root, pm_error_t *err)
{
    int  failed, cut;

    cut = 0;
    failed = 0;

    if (promotion->template != NULL && promotion->revert_commit == NULL
        && promotion->template->version.file != NULL)
    {
        failed |= json_object_set_new(root, "version",
                      pm_preview_version(preview, promotion, sources, tree));
    }

    if (plan->api != NULL) {
        failed |= json_object_set_new(root, "isApiUpdate",
                                      json_boolean(plan->api->update));
        failed |= json_object_set_new(root, "conflicts",
                                      pm_preview_conflicts(plan->api));
        failed |= json_object_set_new(root, "notes",
                                      pm_preview_notes(plan->api));
    }

    if (pm_preview_names(promotion)) {
        failed |= json_object_set_new(root, "skipped",
                      pm_preview_skipped(plan, &preview->left, &cut));
    }

    if (cut || preview->truncated) {
        failed |= json_object_set_new(root, "truncated", json_true());
    }

    return failed ? pm_error_memory(err) : 0;
}


/* The answer's text. */

static int
pm_preview_dump(const json_t *root, pm_arena_t *arena, pm_string_t *json,
    pm_error_t *err)
{
    size_t   len;
    char    *text;

    len = json_dumpb(root, NULL, 0, PM_PREVIEW_DUMP);
    text = (len > 0) ? pm_arena_alloc(arena, len + 1) : NULL;

    if (text == NULL || json_dumpb(root, text, len, PM_PREVIEW_DUMP) != len) {
        return pm_error_memory(err);
    }

    text[len] = '\0';
    json->data = text;
    json->len = len;

    return 0;
}


/* What it changes, and the commit that it promotes or reverts. */

static int
pm_preview_plan(const pm_repositories_t *repositories,
    const pm_promotion_t *promotion, const pm_source_t *sources,
    pm_git_objects_t *objects, pm_arena_t *arena, pm_plan_t *plan,
    pm_oid_t *commit, pm_error_t *err)
{
    int                   rc;
    pm_oid_t              tree;
    pm_git_mirror_t      *mirror;
    const pm_revision_t  *destination;

    mirror = repositories->first->mirror;
    destination = repositories->destination;

    if (promotion->revert_commit != NULL) {
        rc = pm_revert(promotion, mirror, &destination->tip,
                       &destination->tree, arena, commit, plan, err);
    } else {
        *commit = sources[0].commit;

        rc = pm_plan(promotion, sources, objects, mirror, &destination->tree,
                     1, arena, plan, err);
    }

    if (rc != 0 || plan->nchanges == 0) {
        return rc;
    }

    /* what cannot be written is not shown as if it could */

    return pm_plan_tree(promotion, plan, objects, &destination->tree, &tree,
                        err);
}


/*
 * What one promotion changes on what was read, as JSON; left: bytes that the
 * answer may still take.
 */

static int
pm_preview_one(const pm_repositories_t *repositories,
    const pm_preview_item_t *item, size_t *left, pm_arena_t *arena,
    pm_string_t *json, pm_error_t *err)
{
    int                rc;
    json_t            *root;
    pm_oid_t           commit;
    pm_plan_t          plan;
    pm_source_t       *sources;
    pm_preview_t       preview;
    pm_git_objects_t  *objects;

    root = NULL;
    objects = NULL;

    memset(&preview, 0, sizeof(pm_preview_t));
    preview.left = *left;

    rc = pm_source_read(item->promotion, item->revisions, arena, &sources,
                        err);
    if (rc != 0) {
        return rc;
    }

    preview.mirror = repositories->first->mirror;

    rc = pm_git_objects_create(preview.mirror, &objects, err);
    if (rc != 0) {
        return rc;
    }

    rc = pm_preview_plan(repositories, item->promotion, sources, objects,
                         arena, &plan, &commit, err);
    if (rc != 0) {
        goto done;
    }

    root = json_object();

    rc = pm_preview_answer(&preview, repositories, &commit, item->promotion,
                           &plan, root, err);

    if (rc == 0) {
        rc = pm_preview_files(&preview, &plan, err);
    }

    if (rc == 0) {
        rc = pm_preview_end(&preview, item->promotion, sources,
                            &repositories->destination->tree, &plan, root,
                            err);
    }

    if (rc == 0) {
        rc = pm_preview_dump(root, arena, json, err);
        *left = preview.left;
    }

done:

    json_decref(root);
    pm_git_objects_destroy(objects);

    return rc;
}


/* The same, with memory of its own; what is kept is the arena's. */

static int
pm_preview_item(const pm_repositories_t *repositories,
    const pm_preview_item_t *item, size_t *left, pm_arena_t *arena,
    pm_string_t *json, pm_error_t *err)
{
    int          rc;
    pm_arena_t  *work;

    work = pm_arena_create();
    if (work == NULL) {
        return pm_error_memory(err);
    }

    rc = pm_preview_one(repositories, item, left, work, json, err);

    if (rc == 0) {
        json->data = pm_arena_strndup(arena, json->data, json->len);
        rc = (json->data != NULL) ? 0 : pm_error_memory(err);
    }

    pm_arena_destroy(work);

    return rc;
}


/*
 * One attempt: all is read, and each is planned and written down.  1: a mirror
 * turned out to be broken, read again.
 */

static int
pm_preview_try(pm_repositories_t *repositories, pm_preview_item_t *items,
    size_t n, size_t left, int last, pm_arena_t *work, pm_arena_t *arena)
{
    int         rc, read;
    size_t      i;
    pm_error_t  err;

    read = pm_repositories_read(repositories, 1, work, &err);

    for (i = 0; i < n; i++) {

        if (read != 0) {
            *items[i].error = err;
            continue;
        }

        memset(items[i].error, 0, sizeof(pm_error_t));

        rc = pm_preview_item(repositories, &items[i], &left, arena,
                             items[i].json, items[i].error);

        if (rc != 0 && !last && pm_repositories_broken(repositories)) {
            return 1;
        }
    }

    return read != 0 && !last && pm_repositories_broken(repositories);
}


static int
pm_preview_all(const pm_batch_settings_t *settings,
    const pm_promotion_t *promotions, size_t n, size_t limit,
    pm_arena_t *work, pm_arena_t *arena, pm_string_t *jsons,
    pm_error_t *errors, pm_error_t *err)
{
    int                 rc;
    size_t              i;
    pm_preview_item_t  *items;
    pm_repositories_t  *repositories;

    items = pm_arena_alloc(work, (n + 1) * sizeof(pm_preview_item_t));
    if (items == NULL) {
        return pm_error_memory(err);
    }

    /* reading needs no permission to push */

    rc = pm_repositories_create(work, settings->git,
                                &promotions[0].parts[0].destination,
                                PM_GIT_UPLOAD_PACK, &repositories, err);
    if (rc != 0) {
        return rc;
    }

    for (i = 0; i < n; i++) {
        items[i].promotion = &promotions[i];
        items[i].json = &jsons[i];
        items[i].error = &errors[i];

        rc = pm_source_revisions(repositories, &promotions[i], work,
                                 &items[i].revisions, err);
        if (rc != 0) {
            return rc;
        }
    }

    if (pm_preview_try(repositories, items, n, limit, 0, work, arena)) {
        (void) pm_preview_try(repositories, items, n, limit, 1, work, arena);
    }

    return 0;
}


void
pm_batch_previews(const pm_batch_settings_t *settings,
    const pm_promotion_t *promotions, size_t n, size_t limit,
    pm_arena_t *arena, pm_string_t *jsons, pm_error_t *errors)
{
    int          rc;
    size_t       i;
    pm_arena_t  *work;
    pm_error_t   err;

    work = pm_arena_create();

    rc = (work != NULL) ? pm_preview_all(settings, promotions, n, limit, work,
                                         arena, jsons, errors, &err)
                        : pm_error_memory(&err);

    for (i = 0; rc != 0 && i < n; i++) {
        errors[i] = err;
    }

    pm_arena_destroy(work);
}


int
pm_batch_preview(const pm_batch_settings_t *settings,
    const pm_promotion_t *promotion, pm_arena_t *arena, pm_string_t *json,
    pm_error_t *err)
{
    pm_batch_previews(settings, promotion, 1, PM_BATCH_PREVIEW, arena, json,
                      err);

    return err->code;
}
