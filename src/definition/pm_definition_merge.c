#include "definition/pm_definition_internal.h"

#include <string.h>


static int
pm_definition_merge_source(pm_definition_merging_t *m, pm_error_t *err)
{
    int                     rc;
    pm_definition_plan_t   *plan;
    pm_definition_entry_t  *entry;

    plan = m->plan;
    entry = &m->source.entry;

    rc = pm_definition_open(m->job.arena, &m->merge->source, &m->source, err);

    if (rc != 0) {
        plan->refusal = (rc == PM_INVALID) ? PM_DEFINITION_MALFORMED
                                           : PM_DEFINITION_FAILED;
        return rc;
    }

    plan->kind = entry->kind;

    return pm_definition_check(entry, m->merge->allow_v4, &plan->refusal,
                               err);
}


static int
pm_definition_merge_target(pm_definition_merging_t *m, pm_error_t *err)
{
    int                      rc;
    const char              *key;
    pm_arena_t              *arena;
    pm_definition_t         *target;
    pm_definition_source_t   text;

    arena = m->job.arena;
    target = &m->target;
    text.file = m->merge->target_file;
    text.text = m->merge->target;

    rc = pm_definition_open(arena, &text, target, err);
    if (rc != 0) {
        return pm_definition_target_fault(rc, m->plan, err);
    }

    if (target->entry.kind != m->source.entry.kind) {
        m->plan->refusal = PM_DEFINITION_MISMATCH;

        return pm_error_set(err, PM_INVALID, "%s of the target is %s API "
                            "definition, and the source's is a %s one",
                            target->file,
                            target->entry.kind == PM_DEFINITION_V2 ? "a v2"
                            : target->entry.kind == PM_DEFINITION_V4 ? "a v4"
                            : "another kind of",
                            m->source.entry.kind == PM_DEFINITION_V4 ? "v4"
                                                                     : "v2");
    }

    /* what has neither crossId nor id is known by its API's: the source's */

    key = m->source.entry.cross_key;

    if (strcmp(target->entry.cross_key, key) != 0) {
        rc = pm_definition_items(arena, target->file,
                                 pm_node_get(target->root, "plans"),
                                 PM_DEFINITION_PLAN, key, &target->plans,
                                 err);

        if (rc == 0) {
            rc = pm_definition_items(arena, target->file,
                                     pm_node_get(target->root, "pages"),
                                     PM_DEFINITION_PAGE, key,
                                     &target->pages, err);
        }

        if (rc != 0) {
            return pm_definition_target_fault(rc, m->plan, err);
        }
    }

    m->job.target = target;

    return 0;
}


static int
pm_definition_merge_update(pm_definition_merging_t *m,
    pm_document_t *document, pm_jsonpath_t **paths, size_t npaths,
    pm_error_t *err)
{
    int               rc;
    pm_edit_result_t  result;

    rc = pm_edit(m->job.arena, document, m->target.document,
                 (const pm_jsonpath_t *const *) paths, npaths, NULL, 0,
                 &result, err);

    if (rc != 0) {
        return pm_definition_target_fault(rc, m->plan, err);
    }

    m->plan->text = result.text;

    return 0;
}


/* Read twice: the nodes of one move into the text of what is built. */

static int
pm_definition_merge_patch(pm_definition_merging_t *m, pm_document_t **patch,
    pm_error_t *err)
{
    int                           rc;
    const pm_definition_merge_t  *merge;

    merge = m->merge;
    *patch = NULL;

    if (merge->overlay.data == NULL) {
        return 0;
    }

    rc = pm_definition_patch_read(m->job.arena, merge->overlay_file,
                                  &merge->overlay, patch, err);

    return rc ? pm_definition_target_fault(rc, m->plan, err) : 0;
}


static int
pm_definition_merge_overlay(pm_definition_merging_t *m, pm_error_t *err)
{
    int             rc;
    pm_document_t  *patch;

    rc = pm_definition_merge_patch(m, &patch, err);

    if (rc != 0 || patch == NULL) {
        return rc;
    }

    rc = pm_definition_overlay(m->job.arena, m->merge->target_file,
                               &m->plan->text, patch, err);

    return rc ? pm_definition_target_fault(rc, m->plan, err) : 0;
}


static int
pm_definition_merge_made(pm_definition_merging_t *m, const char *what,
    const pm_definition_items_t *items)
{
    int     rc;
    size_t  i;

    for (i = 0, rc = 0; rc == 0 && i < items->n; i++) {

        if (items->items[i].cross_id == NULL && !items->items[i].closed) {
            rc = pm_definition_note(&m->job, PM_DEFINITION_MADE_CROSS_ID,
                                    what,
                                    pm_arena_printf(m->job.arena, "/%ss/%zu",
                                                    what, i),
                                    items->items[i].name);
        }
    }

    return rc;
}


static int
pm_definition_merge_notes(pm_definition_merging_t *m, pm_error_t *err)
{
    int                   rc;
    pm_definition_job_t  *job;

    rc = 0;
    job = &m->job;

    if (m->source.entry.cross_id == NULL) {
        rc = pm_definition_note(job, PM_DEFINITION_MADE_CROSS_ID, "API",
                                m->source.wrapped ? "/api" : "",
                                m->source.entry.name);
    }

    if (rc == 0) {
        rc = pm_definition_merge_made(m, PM_DEFINITION_PLAN,
                                      &m->source.plans);
    }

    if (rc == 0) {
        rc = pm_definition_merge_made(m, PM_DEFINITION_PAGE,
                                      &m->source.pages);
    }

    if (rc != 0) {
        return rc;
    }

    m->plan->nnotes = job->notes.len / sizeof(pm_definition_note_t);
    m->plan->notes = pm_arena_alloc(job->arena, job->notes.len + 1);

    if (m->plan->notes == NULL) {
        return pm_error_memory(err);
    }

    if (job->notes.len > 0) {
        memcpy(m->plan->notes, job->notes.data, job->notes.len);
    }

    return 0;
}


static int
pm_definition_merging(pm_definition_merging_t *m, pm_error_t *err)
{
    int              rc;
    size_t           npaths;
    pm_document_t   *document;
    pm_jsonpath_t  **paths;

    rc = pm_definition_merge_source(m, err);

    if (rc == 0 && m->merge->target.data != NULL) {
        rc = pm_definition_merge_target(m, err);
    }

    if (rc == 0) {
        rc = pm_definition_merge_patch(m, &m->job.patch, err);
    }

    if (rc != 0) {
        return rc;
    }

    rc = pm_definition_build(&m->job, &document, &paths, &npaths);

    if (rc == 0) {
        rc = pm_definition_merge_notes(m, err);
    }

    if (rc == 0 && m->job.target == NULL) {
        rc = pm_definition_create(&m->job, document, &m->plan->text);
    }

    if (rc != 0) {
        m->plan->refusal = (rc == PM_INVALID) ? PM_DEFINITION_MALFORMED
                                              : PM_DEFINITION_FAILED;
        return rc;
    }

    if (m->job.target != NULL) {
        rc = pm_definition_merge_update(m, document, paths, npaths, err);
    }

    if (rc == 0) {
        rc = pm_definition_merge_overlay(m, err);
    }

    return rc ? rc : pm_definition_merge_result(m, err);
}


int
pm_definition_merge(pm_arena_t *arena, const pm_definition_merge_t *merge,
    pm_definition_plan_t *plan, pm_error_t *err)
{
    int                       rc;
    pm_error_t                unused;
    const pm_string_t        *target;
    pm_definition_kind_t      kind;
    pm_definition_merging_t   m;
    pm_definition_refusal_t   refusal;

    memset(&unused, 0, sizeof(pm_error_t));
    err = err ? err : &unused;

    memset(plan, 0, sizeof(pm_definition_plan_t));
    memset(&m, 0, sizeof(pm_definition_merging_t));

    plan->refusal = PM_DEFINITION_FAILED;

    m.merge = merge;
    m.plan = plan;
    m.job.arena = pm_arena_create();
    m.job.source = &m.source;
    m.job.err = err;

    if (m.job.arena == NULL) {
        return pm_error_memory(err);
    }

    rc = pm_definition_merging(&m, err);

    if (rc == 0 && pm_definition_merge_keep(arena, plan) != 0) {
        plan->refusal = PM_DEFINITION_FAILED;
        rc = pm_error_memory(err);
    }

    pm_buffer_free(&m.job.notes);
    pm_arena_destroy(m.job.arena);

    if (rc != 0) {
        kind = plan->kind;
        refusal = plan->refusal;

        memset(plan, 0, sizeof(pm_definition_plan_t));

        plan->kind = kind;
        plan->refusal = refusal;

        return rc;
    }

    target = &merge->target;

    plan->update = (target->data != NULL);
    plan->changed = (!plan->update || target->len != plan->text.len
                     || memcmp(target->data, plan->text.data, target->len)
                        != 0);
    plan->before.data = plan->update ? target->data : "";
    plan->before.len = plan->update ? target->len : 0;
    plan->file = merge->target_file;

    plan->refusal = plan->changed ? PM_DEFINITION_ACCEPTED
                                  : PM_DEFINITION_NO_CHANGES;

    return 0;
}
