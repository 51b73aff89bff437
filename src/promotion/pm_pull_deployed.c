#include "promotion/pm_pull.h"
#include "promotion/pm_pull_head.h"

#include <string.h>


/* Whether both are one repository on its provider, however they are spelled.
 * What cannot be read or has no provider is another one. */

static int
pm_pull_deployed_is(pm_arena_t *arena, const pm_forge_host_t *hosts,
    size_t nhosts, const char *text, const pm_forge_repository_t *repository)
{
    pm_error_t             ignored;
    pm_git_url_t           url;
    pm_forge_url_t         place;
    pm_forge_repository_t  other;

    if (pm_git_url_parse(arena, text, &url, &ignored) != 0
        || url.scheme == PM_GIT_LOCAL)
    {
        return 0;
    }

    place = pm_pull_url(&url);

    return pm_forge_locate(arena, hosts, nhosts, &place, &other, &ignored) == 0
           && strcmp(other.key, repository->key) == 0;
}


int
pm_pull_deployed(pm_arena_t *arena, const pm_catalog_t *catalog,
    const pm_forge_host_t *hosts, size_t nhosts,
    const pm_promotion_t *promotion, const pm_forge_repository_t *repository)
{
    const char                 *head;
    const pm_catalog_branch_t  *branch;

    head = pm_pull_head_branch(promotion->pull->head);

    for (branch = pm_catalog_branch(catalog, arena, head, repository->name);
         branch != NULL;
         branch = branch->next)
    {
        if (pm_pull_deployed_is(arena, hosts, nhosts, branch->repository,
                                repository))
        {
            return 1;
        }
    }

    return 0;
}
