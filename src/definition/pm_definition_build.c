#include "definition/pm_definition_internal.h"

#include <string.h>


typedef struct {
    pm_definition_job_t  *job;
    pm_buffer_t           parts;   /* of pm_definition_field_t */
    size_t                api;     /* in the source, parts before "api" */
    int                   wrapped; /* the result is */
} pm_definition_build_t;


/* What a wrapped definition has beside "api". */

static int
pm_definition_outer(const char *name)
{
    return strcmp(name, "plans") == 0 || strcmp(name, "pages") == 0
           || strcmp(name, "metadata") == 0 || strcmp(name, "apiMedia") == 0
           || strcmp(name, "gravitee") == 0;
}


static int
pm_definition_part_value(pm_definition_build_t *b, pm_definition_field_t *part)
{
    int                     rc;
    const pm_node_t        *list, *root, *api;
    pm_definition_job_t    *job;
    pm_definition_moved_t   moved;

    job = b->job;
    root = job->target ? job->target->root : NULL;
    api = job->target ? job->target->api : NULL;
    list = pm_node_resolve(part->value);

    moved.list = part->value;
    moved.selected = NULL;

    if (strcmp(part->name, "plans") == 0) {
        rc = pm_definition_move_plans(job, list, pm_node_get(root, "plans"),
                                      &moved);

    } else if (strcmp(part->name, "pages") == 0) {
        rc = pm_definition_move_pages(job, list, pm_node_get(root, "pages"),
                                      &moved);

    } else if (strcmp(part->name, "metadata") == 0) {
        rc = pm_definition_move_keyed(job, PM_DEFINITION_OF_METADATA, list,
                                      pm_node_get(part->outer ? root : api,
                                                  "metadata"), &moved);

    } else if (strcmp(part->name, "properties") == 0) {
        rc = pm_definition_move_keyed(job, PM_DEFINITION_OF_PROPERTY, list,
                                      pm_node_get(api, "properties"),
                                      &moved);

    } else if (strcmp(part->name, "flows") == 0) {
        rc = pm_definition_move_flows(job, list, pm_node_get(api, "flows"),
                                      &moved.list);

    } else {
        rc = 0;
    }

    part->value = moved.list;
    part->selected = moved.selected;

    return rc;
}


static int
pm_definition_collect(pm_definition_build_t *b, const pm_node_t *mapping,
    int outer)
{
    int                   rc, beside, moves;
    size_t                i;
    pm_definition_t      *source;
    const pm_member_t    *member;
    pm_definition_field_t  part;

    source = b->job->source;

    for (i = 0; i < mapping->length; i++) {
        member = &mapping->members[i];

        part.key = pm_node_resolve(member->key);
        part.name = part.key->text.data;
        part.value = member->value;
        beside = pm_definition_outer(part.name);
        part.outer = source->wrapped ? outer != 0 : beside != 0;

        if (source->wrapped && outer && strcmp(part.name, "api") == 0) {
            b->api = b->parts.len / sizeof(part);

            rc = pm_definition_collect(b, source->api, 0);
            if (rc != 0) {
                return rc;
            }

            continue;
        }

        rc = pm_definition_moves(b->job, PM_DEFINITION_OF_API, member,
                                 &moves);

        /* what belongs beside it is not looked for inside of it */

        if (rc == 0 && moves && !(source->wrapped && !outer && beside)) {
            rc = pm_definition_part_value(b, &part);

            if (rc == 0 && part.value != NULL) {
                pm_buffer_append(&b->parts, &part, sizeof(part));
            }
        }

        if (rc != 0) {
            return rc;
        }
    }

    return 0;
}


static int
pm_definition_append(pm_definition_build_t *b, const char *key,
    const char *text)
{
    pm_node_t             *name, *value;
    pm_definition_field_t   part;

    name = pm_definition_tree_key(&b->job->tree, key);
    value = pm_definition_tree_string(&b->job->tree, text);

    if (name == NULL || value == NULL) {
        return pm_error_memory(b->job->err);
    }

    part.key = name;
    part.name = key;
    part.value = value;
    part.selected = NULL;
    part.outer = 0;

    pm_buffer_append(&b->parts, &part, sizeof(part));

    return 0;
}


/* The crossId that is made, and the state of what is new. */

static int
pm_definition_added(pm_definition_build_t *b)
{
    int                    rc;
    pm_definition_job_t   *job;
    pm_definition_entry_t *entry;

    rc = 0;
    job = b->job;
    entry = &job->source->entry;

    if (entry->cross_id == NULL) {
        rc = pm_definition_append(b, "crossId", entry->cross_key);
    }

    if (rc == 0 && job->target == NULL) {
        rc = pm_definition_append(b, "state", "STOPPED");
    }

    return rc;
}


static int
pm_definition_patch_part(pm_definition_build_t *b, const pm_member_t *member,
    int outer)
{
    int                    rc;
    size_t                 i, n;
    const pm_node_t       *key, *value;
    pm_definition_field_t   added, *parts;

    key = pm_node_resolve(member->key);
    n = b->parts.len / sizeof(pm_definition_field_t);
    parts = (pm_definition_field_t *) (void *) b->parts.data;

    for (i = 0; i < n; i++) {

        if (strcmp(parts[i].name, key->text.data) == 0
            && (!b->wrapped || (int) parts[i].outer == outer))
        {
            break;
        }
    }

    rc = pm_definition_patch(&b->job->tree, i < n ? parts[i].value : NULL,
                             member->value, &value, b->job->err);
    if (rc != 0) {
        return rc;
    }

    if (i < n) {
        parts[i].value = value;
        parts[i].selected = NULL;

    } else if (value != NULL) {
        added.key = key;
        added.name = key->text.data;
        added.value = value;
        added.selected = NULL;
        added.outer = (outer != 0);

        pm_buffer_append(&b->parts, &added, sizeof(added));
    }

    return 0;
}


/* What the overlay says is written at once: what it keeps as it is in the
 * target is then not touched at all. */

static int
pm_definition_patch_parts(pm_definition_build_t *b, const pm_node_t *patch,
    int outer)
{
    int                 rc;
    size_t              i;
    const pm_member_t  *member;

    for (i = 0; i < patch->length; i++) {
        member = &patch->members[i];

        if (b->wrapped && outer && member->value->kind == PM_NODE_MAPPING
            && strcmp(member->key->text.data, "api") == 0)
        {
            rc = pm_definition_patch_parts(b, member->value, 0);

        } else {
            rc = pm_definition_patch_part(b, member, outer);
        }

        if (rc != 0) {
            return rc;
        }
    }

    return 0;
}


/* Where source and target are wrapped differently, what stood apart may come
 * to stand together. */

static int
pm_definition_member(pm_definition_build_t *b, pm_node_t *mapping,
    const pm_definition_field_t *part)
{
    if (b->wrapped != (int) b->job->source->wrapped
        && pm_node_member(mapping, part->name, part->key->text.len) != NULL)
    {
        return pm_definition_fault(b->job->source->file, part->key,
                                   b->job->err, "%.100s stands both in the "
                                   "API and beside it", part->name);
    }

    if (part->value != NULL) {
        pm_definition_tree_member(mapping, part->key, part->value);
    }

    return 0;
}


static int
pm_definition_assemble(pm_definition_build_t *b, pm_node_t **root)
{
    int                    rc;
    size_t                 i, n;
    pm_node_t             *api, *key;
    pm_definition_tree_t  *tree;
    pm_definition_field_t  *parts;

    rc = 0;
    tree = &b->job->tree;
    n = b->parts.len / sizeof(pm_definition_field_t);
    parts = (pm_definition_field_t *) (void *) b->parts.data;

    *root = pm_definition_tree_mapping(tree, b->job->source->root, n + 1);
    api = pm_definition_tree_mapping(tree, b->job->source->api, n + 1);
    key = pm_definition_tree_key(tree, "api");

    if (*root == NULL || api == NULL || key == NULL || b->parts.failed) {
        return pm_error_memory(b->job->err);
    }

    for (i = 0; rc == 0 && i < n; i++) {

        if (b->wrapped && i == b->api) {
            pm_definition_tree_member(*root, key, api);
        }

        rc = pm_definition_member(b, b->wrapped && !parts[i].outer ? api
                                                                   : *root,
                                  &parts[i]);
    }

    return rc;
}


static int
pm_definition_builds(pm_definition_build_t *b, pm_node_t **root,
    pm_jsonpath_t ***paths, size_t *npaths)
{
    int  rc;

    rc = pm_definition_collect(b, b->job->source->root, 1);

    if (rc == 0) {
        rc = pm_definition_added(b);
    }

    if (rc == 0 && b->job->patch != NULL) {
        pm_definition_tree_adopt(&b->job->tree, b->job->patch);
        rc = pm_definition_patch_parts(b, b->job->patch->roots[0], 1);
    }

    if (rc == 0) {
        rc = pm_definition_assemble(b, root);
    }

    *paths = NULL;
    *npaths = 0;

    if (rc == 0 && b->job->target != NULL) {
        rc = pm_definition_selectors(b->job,
                                     (pm_definition_field_t *) (void *)
                                     b->parts.data,
                                     b->parts.len
                                     / sizeof(pm_definition_field_t),
                                     b->wrapped, paths, npaths);
    }

    return rc;
}


int
pm_definition_build(pm_definition_job_t *job, pm_document_t **document,
    pm_jsonpath_t ***paths, size_t *npaths)
{
    int                     rc;
    pm_node_t              *root;
    pm_error_t              unused;
    pm_definition_build_t   b;

    memset(&b, 0, sizeof(pm_definition_build_t));

    b.job = job;
    b.wrapped = job->target ? job->target->wrapped : job->source->wrapped;

    pm_definition_tree_begin(&job->tree, job->arena, job->source->document);

    root = NULL;
    rc = pm_definition_builds(&b, &root, paths, npaths);

    if (rc == 0) {
        rc = pm_definition_tree_end(&job->tree, root, document, job->err);

    } else {
        (void) pm_definition_tree_end(&job->tree, root, document, &unused);
    }

    pm_buffer_free(&b.parts);

    return rc;
}
