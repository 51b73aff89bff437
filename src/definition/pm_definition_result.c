/*
 * What a merge leads to: the target's text read again as its next reader will,
 * and the plan that is kept of it.
 */

#include "definition/pm_definition_internal.h"

#include <string.h>


/*
 * Edits speak of promoting files whole, which definitions never are.
 */

int
pm_definition_target_fault(int rc, pm_definition_plan_t *plan,
    pm_error_t *err)
{
    char  *hint;

    if (rc == PM_UNAVAILABLE || rc == PM_INTERNAL) {
        plan->refusal = PM_DEFINITION_FAILED;
        return rc;
    }

    plan->refusal = PM_DEFINITION_TARGET;

    if (err != NULL) {
        hint = strstr(err->message, "; promote ");

        if (hint != NULL) {
            *hint = '\0';
        }

        err->code = PM_UNPROCESSABLE;
    }

    return PM_UNPROCESSABLE;
}


/* Nothing that is there may be lost by any way: a lost plan ends
 * subscriptions. */

static int
pm_definition_merge_plans(pm_definition_merging_t *m,
    const pm_definition_t *result, pm_error_t *err)
{
    int                     rc;
    size_t                  i;
    pm_definition_item_t   *item;
    pm_definition_items_t   plans;

    if (m->job.target == NULL) {
        return 0;
    }

    rc = pm_definition_items(m->job.arena, result->file,
                             pm_node_get(result->root, "plans"),
                             PM_DEFINITION_PLAN, m->source.entry.cross_key,
                             &plans, err);

    for (i = 0; rc == 0 && i < m->target.plans.n; i++) {
        item = &m->target.plans.items[i];

        if (pm_definition_item_by_key(&plans, item->cross_key) != NULL
            || (item->id != NULL
                && pm_definition_item_by_id(&plans, item->id) != NULL))
        {
            continue;
        }

        return pm_error_set(err, PM_UNPROCESSABLE, "%s would lose the plan "
                            "\"%.200s\": %s must leave it there",
                            result->file, item->name,
                            m->merge->overlay_file ? m->merge->overlay_file
                                                   : "the promotion");
    }

    return rc;
}


int
pm_definition_merge_result(pm_definition_merging_t *m, pm_error_t *err)
{
    int                      rc;
    pm_definition_t          result;
    pm_definition_plan_t    *plan;
    pm_definition_source_t   text;

    plan = m->plan;
    text.file = m->merge->target_file;
    text.text = plan->text;

    rc = pm_definition_open(m->job.arena, &text, &result, err);

    if (rc == 0 && result.entry.kind != m->source.entry.kind) {
        rc = pm_error_set(err, PM_UNPROCESSABLE, "%s would become another "
                          "kind of definition by %s", text.file,
                          m->merge->overlay_file ? m->merge->overlay_file
                                                 : "the promotion");
    }

    if (rc == 0) {
        rc = pm_definition_merge_plans(m, &result, err);
    }

    if (rc != 0) {
        return pm_definition_target_fault(rc, plan, err);
    }

    plan->id = result.entry.id;
    plan->cross_id = result.entry.cross_key;
    plan->name = result.entry.name;
    plan->version = result.entry.version;
    plan->paths = result.entry.paths;
    plan->npaths = result.entry.npaths;

    return 0;
}


int
pm_definition_merge_keep(pm_arena_t *arena, pm_definition_plan_t *plan)
{
    size_t                  i;
    pm_definition_note_t   *note, *notes;
    pm_definition_entry_t   from, to;

    memset(&from, 0, sizeof(pm_definition_entry_t));

    from.id = plan->id;
    from.cross_id = plan->cross_id;
    from.name = plan->name;
    from.version = plan->version;
    from.file = "";
    from.slug = "";
    from.paths = plan->paths;
    from.npaths = plan->npaths;

    notes = pm_arena_alloc(arena, (plan->nnotes + 1) * sizeof(*notes));
    plan->text.data = pm_arena_strndup(arena, plan->text.data,
                                       plan->text.len);

    if (notes == NULL || plan->text.data == NULL
        || pm_definition_copy(arena, &from, &to) != 0)
    {
        return PM_UNAVAILABLE;
    }

    plan->id = to.id;
    plan->cross_id = to.cross_id;
    plan->name = to.name;
    plan->version = to.version;
    plan->paths = to.paths;

    for (i = 0; i < plan->nnotes; i++) {
        note = &notes[i];
        *note = plan->notes[i];
        note->path = pm_arena_strdup(arena, note->path);
        note->name = pm_arena_strdup(arena, note->name);
        note->text = pm_arena_strdup(arena, note->text);

        if (note->path == NULL || note->name == NULL || note->text == NULL) {
            return PM_UNAVAILABLE;
        }
    }

    plan->notes = notes;

    return 0;
}
