/*
 * What never moves (review-api.md, 4.2).  Older definitions write some names
 * with underscores.
 */

#include "definition/pm_definition_internal.h"

#include <string.h>


static const char *const  pm_definition_api_dropped[] = {
    "id", "members", "groups", "primaryOwner", "primary_owner",
    "createdAt", "created_at", "updatedAt", "updated_at",
    "deployedAt", "deployed_at", "publishedAt", "published_at",
    "closedAt", "closed_at",
    "state", "lifecycleState", "lifecycle_state",
    "workflowState", "workflow_state",
    "originContext", "origin_context",
    "definitionContext", "definition_context",
    "lastContributor", "last_contributor", "export", NULL
};

static const char *const  pm_definition_plan_dropped[] = {
    "id", "api", "apiId", "api_id",
    "createdAt", "created_at", "updatedAt", "updated_at",
    "deployedAt", "deployed_at", "publishedAt", "published_at",
    "closedAt", "closed_at",
    "excludedGroups", "excluded_groups", NULL
};

static const char *const  pm_definition_page_dropped[] = {
    "id", "api", "apiId", "api_id",
    "referenceId", "reference_id",
    "createdAt", "created_at", "updatedAt", "updated_at",
    "deployedAt", "deployed_at", "publishedAt", "published_at",
    "closedAt", "closed_at",
    "lastContributor", "last_contributor",
    "accessControls", "access_controls", NULL
};

static const char *const  pm_definition_flow_dropped[] = {
    "id", NULL
};

static const char *const  pm_definition_metadata_dropped[] = {
    "apiId", "api_id", "api", NULL
};

static const char *const  pm_definition_property_dropped[] = {
    NULL
};

/* by pm_definition_level_t */

static const char *const *const  pm_definition_drops[] = {
    pm_definition_api_dropped,
    pm_definition_plan_dropped,
    pm_definition_page_dropped,
    pm_definition_flow_dropped,
    pm_definition_metadata_dropped,
    pm_definition_property_dropped
};


static int
pm_definition_dropped(pm_definition_level_t level, const pm_string_t *key)
{
    const char *const  *name;

    for (name = pm_definition_drops[level]; *name != NULL; name++) {

        if (strlen(*name) == key->len
            && memcmp(*name, key->data, key->len) == 0)
        {
            return 1;
        }
    }

    return 0;
}


int
pm_definition_moves(pm_definition_job_t *job, pm_definition_level_t level,
    const pm_member_t *member, int *moves)
{
    const pm_node_t  *key, *value;

    key = pm_node_resolve(member->key);
    value = pm_node_resolve(member->value);

    *moves = 0;

    if (key->style == PM_STYLE_PLAIN && strcmp(key->text.data, "<<") == 0) {
        return pm_definition_fault(job->source->file, key, job->err, "a merge "
                                   "key (<<) cannot be promoted: write out "
                                   "what it stands for");
    }

    if (key->text.len > PM_DEFINITION_FIELD) {
        return pm_definition_fault(job->source->file, key, job->err, "a "
                                   "field's name is longer than %d bytes",
                                   PM_DEFINITION_FIELD);
    }

    if (strcmp(key->text.data, "crossId") == 0
        && (level == PM_DEFINITION_OF_API || level == PM_DEFINITION_OF_PLAN
            || level == PM_DEFINITION_OF_PAGE))
    {
        /* an empty one is as good as none: the one that is made follows */

        *moves = (value->text.len > 0 && value->kind != PM_NODE_NULL);
        return 0;
    }

    *moves = !pm_definition_dropped(level, &key->text);

    return 0;
}
