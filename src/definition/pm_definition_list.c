#include "definition/pm_definition_internal.h"

#include <stdlib.h>
#include <string.h>


#define PM_DEFINITION_NEW   SIZE_MAX


/* By pm_definition_note_kind_t: what is said of the plan, page or API. */

static const char *const  pm_definition_notes[] = {
    "is only in the target: it stays, since its subscriptions would end "
        "with it",
    "is only in the target: it stays",
    "is closed in the source: it is left out",
    "is closed in the target: it stays so",
    "refers to a page that the source does not have: the reference is left "
        "out",
    "has no crossId in the source: one is made from its id"
};


int
pm_definition_note(pm_definition_job_t *job, pm_definition_note_kind_t kind,
    const char *what, const char *path, const char *name)
{
    pm_definition_note_t  note;

    if (path == NULL) {
        return pm_error_memory(job->err);
    }

    note.text = *name != '\0'
                ? pm_arena_printf(job->arena, "the %s \"%s\" %s", what, name,
                                  pm_definition_notes[kind])
                : pm_arena_printf(job->arena, "the %s%s%s %s", what,
                                  *path ? " at " : "", path,
                                  pm_definition_notes[kind]);
    if (note.text == NULL) {
        return pm_error_memory(job->err);
    }

    note.kind = kind;
    note.path = path;
    note.name = name;

    pm_buffer_append(&job->notes, &note, sizeof(note));

    return job->notes.failed ? pm_error_memory(job->err) : 0;
}


/*
 * Items at the places of those of the target that they match (at[i], or
 * NEW).  What is not selected is never looked at, so that anything may stand
 * there.
 */

static int
pm_definition_place(pm_definition_job_t *job, const pm_node_t *list,
    size_t target, const pm_node_t *const *items, const size_t *at, size_t n,
    pm_definition_moved_t *moved)
{
    size_t      i, length;
    pm_node_t  *made, *nothing;

    made = pm_definition_tree_sequence(&job->tree, list, target + n);
    nothing = pm_definition_tree_string(&job->tree, "");
    moved->selected = NULL;

    if (target > 0) {
        moved->selected = pm_arena_zalloc(job->arena, target + n);
    }

    if (made == NULL || nothing == NULL
        || (target > 0 && moved->selected == NULL))
    {
        return pm_error_memory(job->err);
    }

    for (i = 0; i < target; i++) {
        pm_definition_tree_item(made, nothing);
    }

    for (i = 0; i < n; i++) {
        length = made->length;

        if (at[i] == PM_DEFINITION_NEW) {
            pm_definition_tree_item(made, items[i]);

        } else {
            length = at[i];
            made->items[length] = (pm_node_t *) items[i];
        }

        if (moved->selected != NULL) {
            moved->selected[length] = 1;
        }
    }

    moved->list = made;

    return 0;
}


/* Items of the source on their way, in their order. */

typedef struct {
    const pm_node_t  **items;
    size_t            *at;
    size_t             n;
    unsigned char     *met;          /* of the target's */
} pm_definition_pairs_t;


static int
pm_definition_pairs(pm_definition_job_t *job, size_t n, size_t target,
    pm_definition_pairs_t *pairs)
{
    pairs->n = 0;
    pairs->items = pm_arena_alloc(job->arena, (n + 1) * sizeof(void *));
    pairs->at = pm_arena_alloc(job->arena, (n + 1) * sizeof(size_t));
    pairs->met = pm_arena_zalloc(job->arena, target + 1);

    if (pairs->items == NULL || pairs->at == NULL || pairs->met == NULL) {
        return pm_error_memory(job->err);
    }

    return 0;
}


static size_t
pm_definition_length(const pm_node_t *list)
{
    return list != NULL && list->kind == PM_NODE_SEQUENCE ? list->length : 0;
}


/* Plans or pages. */

typedef struct {
    const char                   *field;
    const char                   *what;
    const pm_definition_items_t  *source;
    const pm_definition_items_t  *target;     /* NULL: none */
    int                         (*move)(pm_definition_job_t *job,
                                    const pm_definition_item_t *item,
                                    const pm_definition_item_t *target,
                                    const char *pointer,
                                    const pm_node_t **moved);
    pm_definition_note_kind_t     kept;
} pm_definition_part_t;


static int
pm_definition_move_item(pm_definition_job_t *job,
    const pm_definition_part_t *part, const pm_definition_item_t *item,
    size_t fresh, pm_definition_pairs_t *pairs)
{
    int                    rc;
    size_t                 at;
    const char            *pointer;
    const pm_node_t       *moved;
    pm_definition_item_t  *there;

    there = NULL;

    if (part->target != NULL) {
        there = pm_definition_item_by_key(part->target, item->cross_key);
    }

    at = there ? there->index : fresh;
    pointer = pm_arena_printf(job->arena, "/%s/%zu", part->field, at);

    if (pointer == NULL) {
        return pm_error_memory(job->err);
    }

    rc = part->move(job, item, there, pointer, &moved);
    if (rc != 0) {
        return rc;
    }

    if (there != NULL) {
        pairs->met[there->index] = 1;
    }

    pairs->items[pairs->n] = moved;
    pairs->at[pairs->n++] = there ? there->index : PM_DEFINITION_NEW;

    return 0;
}


static int
pm_definition_kept(pm_definition_job_t *job, const pm_definition_part_t *part,
    const pm_definition_pairs_t *pairs)
{
    int     rc;
    size_t  i;

    for (i = 0; part->target != NULL && i < part->target->n; i++) {

        if (pairs->met[i]) {
            continue;
        }

        rc = pm_definition_note(job, part->kept, part->what,
                                pm_arena_printf(job->arena, "/%s/%zu",
                                                part->field, i),
                                part->target->items[i].name);
        if (rc != 0) {
            return rc;
        }
    }

    return 0;
}


static int
pm_definition_move_items(pm_definition_job_t *job,
    const pm_definition_part_t *part, const pm_node_t *list,
    const pm_node_t *target, pm_definition_moved_t *moved)
{
    int                          rc;
    size_t                       i, fresh, length;
    pm_definition_pairs_t        pairs;
    const pm_definition_item_t  *item;

    memset(moved, 0, sizeof(pm_definition_moved_t));

    length = pm_definition_length(target);
    fresh = length;

    rc = pm_definition_pairs(job, part->source->n, length, &pairs);
    if (rc != 0) {
        return rc;
    }

    for (i = 0; i < part->source->n; i++) {
        item = &part->source->items[i];

        if (item->closed) {
            rc = pm_definition_note(job, PM_DEFINITION_CLOSED_PLAN,
                                    part->what,
                                    pm_arena_printf(job->arena, "/%s/%zu",
                                                    part->field, i),
                                    item->name);

        } else {
            rc = pm_definition_move_item(job, part, item, fresh, &pairs);
            fresh += (pairs.n > 0 && rc == 0
                      && pairs.at[pairs.n - 1] == PM_DEFINITION_NEW);
        }

        if (rc != 0) {
            return rc;
        }
    }

    rc = pm_definition_kept(job, part, &pairs);

    if (rc != 0 || (length > 0 && pairs.n == 0) || list == NULL
        || list->kind == PM_NODE_NULL)
    {
        return rc;
    }

    return pm_definition_place(job, list, length, pairs.items, pairs.at,
                               pairs.n, moved);
}


int
pm_definition_move_plans(pm_definition_job_t *job, const pm_node_t *list,
    const pm_node_t *target, pm_definition_moved_t *moved)
{
    pm_definition_part_t  part;

    part.field = "plans";
    part.what = PM_DEFINITION_PLAN;
    part.source = &job->source->plans;
    part.target = job->target ? &job->target->plans : NULL;
    part.move = pm_definition_move_plan;
    part.kept = PM_DEFINITION_KEPT_PLAN;

    return pm_definition_move_items(job, &part, list, target, moved);
}


int
pm_definition_move_pages(pm_definition_job_t *job, const pm_node_t *list,
    const pm_node_t *target, pm_definition_moved_t *moved)
{
    pm_definition_part_t  part;

    part.field = "pages";
    part.what = PM_DEFINITION_PAGE;
    part.source = &job->source->pages;
    part.target = job->target ? &job->target->pages : NULL;
    part.move = pm_definition_move_page;
    part.kept = PM_DEFINITION_KEPT_PAGE;

    return pm_definition_move_items(job, &part, list, target, moved);
}


/* Metadata and properties: items with a key. */

typedef struct {
    const char  *key;
    size_t       index;
} pm_definition_key_t;


static int
pm_definition_key_order(const void *a, const void *b)
{
    const pm_definition_key_t  *left, *right;

    left = a;
    right = b;

    return strcmp(left->key, right->key);
}


/* Sorted; NULL in *keys: some have none, or one that another item has. */

static int
pm_definition_keys(pm_definition_job_t *job, const pm_node_t *list,
    pm_definition_key_t **keys)
{
    size_t                i, n;
    const pm_node_t      *key;
    pm_definition_key_t  *made;

    *keys = NULL;
    n = pm_definition_length(list);

    if (list == NULL || list->kind != PM_NODE_SEQUENCE) {
        return 0;
    }

    made = pm_arena_alloc(job->arena, (n + 1) * sizeof(*made));
    if (made == NULL) {
        return pm_error_memory(job->err);
    }

    for (i = 0; i < n; i++) {
        key = pm_node_get(list->items[i], "key");

        if (key == NULL || key->kind != PM_NODE_STRING) {
            return 0;
        }

        made[i].key = key->text.data;
        made[i].index = i;
    }

    qsort(made, n, sizeof(*made), pm_definition_key_order);

    for (i = 1; i < n; i++) {

        if (strcmp(made[i].key, made[i - 1].key) == 0) {
            return 0;
        }
    }

    *keys = made;

    return 0;
}


static int
pm_definition_keyed_item(pm_definition_job_t *job,
    pm_definition_level_t level, const pm_node_t *item,
    const pm_node_t **moved)
{
    int         rc, moves;
    size_t      i;
    pm_node_t  *made;

    *moved = item;

    if (item->kind != PM_NODE_MAPPING || level == PM_DEFINITION_OF_PROPERTY) {
        return 0;
    }

    made = pm_definition_tree_mapping(&job->tree, item, item->length);
    if (made == NULL) {
        return pm_error_memory(job->err);
    }

    for (i = 0; i < item->length; i++) {
        rc = pm_definition_moves(job, level, &item->members[i], &moves);
        if (rc != 0) {
            return rc;
        }

        if (moves) {
            pm_definition_tree_member(made, item->members[i].key,
                                      item->members[i].value);
        }
    }

    *moved = made;

    return 0;
}


int
pm_definition_move_keyed(pm_definition_job_t *job,
    pm_definition_level_t level, const pm_node_t *list,
    const pm_node_t *target, pm_definition_moved_t *moved)
{
    int                     rc;
    size_t                  i, length;
    const pm_node_t        *item;
    pm_definition_key_t    *mine, *theirs, wanted, *found;
    pm_definition_pairs_t   pairs;

    memset(moved, 0, sizeof(pm_definition_moved_t));

    list = pm_node_resolve(list);
    moved->list = list;
    length = pm_definition_length(target);

    if (list->kind != PM_NODE_SEQUENCE) {
        moved->list = (list->kind == PM_NODE_NULL) ? NULL : list;
        return 0;
    }

    rc = pm_definition_keys(job, list, &mine);

    if (rc == 0) {
        rc = pm_definition_keys(job, target, &theirs);
    }

    if (rc == 0) {
        rc = pm_definition_pairs(job, list->length, length, &pairs);
    }

    if (rc != 0) {
        return rc;
    }

    length = (mine != NULL && theirs != NULL) ? length : 0;

    for (i = 0; i < list->length; i++) {
        item = pm_node_resolve(list->items[i]);
        pairs.at[i] = PM_DEFINITION_NEW;

        if (length > 0) {
            wanted.key = pm_node_get(item, "key")->text.data;
            found = bsearch(&wanted, theirs, length, sizeof(*theirs),
                            pm_definition_key_order);
            pairs.at[i] = found ? found->index : PM_DEFINITION_NEW;
        }

        rc = pm_definition_keyed_item(job, level, item, &pairs.items[i]);
        if (rc != 0) {
            return rc;
        }
    }

    if (length > 0 && list->length == 0) {
        moved->list = NULL;
        return 0;
    }

    return pm_definition_place(job, list, length, pairs.items, pairs.at,
                               list->length, moved);
}
