#include "promotion/pm_pull_internal.h"

#include "promotion/pm_message.h"

#include <stdlib.h>
#include <string.h>


#define PM_PULL_HEADS  "refs/heads/"


/* A ref's name without refs/heads/. */

static const char *
pm_pull_branch_name(const char *ref)
{
    return ref + sizeof(PM_PULL_HEADS) - 1;
}


/* A branch "a" leaves no place for "a/b". */

static int
pm_pull_branch_above(const pm_pull_t *pull, const char *ref, pm_error_t *err)
{
    char                *name, *slash;
    const pm_git_ref_t  *above;

    name = pm_arena_strdup(pull->round, ref);
    if (name == NULL) {
        return pm_error_memory(err);
    }

    slash = name + sizeof(PM_PULL_HEADS) - 1;

    while ((slash = strchr(slash, '/')) != NULL) {
        *slash = '\0';

        above = pm_git_advertisement_ref(pull->repositories->first->refs,
                                         name);
        if (above != NULL) {
            return pm_error_set(err, PM_CONFLICT, "head branch %s cannot be "
                                "made: there is a branch %s",
                                pm_pull_branch_name(ref),
                                pm_pull_branch_name(name));
        }

        *slash++ = '/';
    }

    return 0;
}


/* Nor the other way round.  Refs are sorted by name. */

static int
pm_pull_branch_below(const pm_pull_t *pull, const char *ref, pm_error_t *err)
{
    size_t                         len, low, high, middle;
    const char                    *name;
    const pm_git_advertisement_t  *refs;

    refs = pull->repositories->first->refs;
    len = strlen(ref);

    name = pm_arena_printf(pull->round, "%s/", ref);
    if (name == NULL) {
        return pm_error_memory(err);
    }

    low = 0;
    high = refs->nrefs;

    while (low < high) {
        middle = low + (high - low) / 2;

        if (strcmp(refs->refs[middle].name, name) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }

    if (low < refs->nrefs && strncmp(refs->refs[low].name, name, len + 1) == 0)
    {
        return pm_error_set(err, PM_CONFLICT, "head branch %s cannot be made: "
                            "there is a branch %s", pm_pull_branch_name(ref),
                            pm_pull_branch_name(refs->refs[low].name));
    }

    return 0;
}


/*
 * What has come to the default branch (a pull request that was merged without
 * a commit of its own) looks like ours and must not be replaced.
 */

static int
pm_pull_branch_default(pm_pull_t *pull, const char *ref, pm_error_t *err)
{
    int               rc;
    pm_repository_t  *r;

    r = pull->repositories->first;

    rc = pm_repository_reader(r, pull->round, err);
    if (rc != 0) {
        return rc;
    }

    if (r->reader->head != NULL && strcmp(r->reader->head, ref) == 0) {
        return pm_error_set(err, PM_CONFLICT, "%s is the default branch of %s "
                            "and cannot be the head of a pull request",
                            pm_pull_branch_name(ref), r->url->canonical);
    }

    return 0;
}


static int
pm_pull_branch_is_ours(const pm_pull_t *pull, const pm_git_commit_t *commit,
    const pm_application_id_t *destination)
{
    return commit->nparents == 1
           && strcmp(commit->committer, pull->committer) == 0
           && pm_message_leads_to(commit->message, destination) == 1;
}


static int
pm_pull_branch_taken(pm_pull_t *pull, const pm_promotion_t *promotion,
    pm_pull_item_t *item, const pm_git_ref_t *ref, pm_error_t *err)
{
    int               rc;
    char              hex[PM_GIT_HEX_SIZE + 1];
    pm_git_commit_t   commit;
    pm_repository_t  *r;

    r = pull->repositories->first;

    rc = pm_git_mirror_update(r->mirror, r->remote, &ref->id, r->refs,
                              &ref->name, 1, err);
    if (rc == 0) {
        rc = pm_git_mirror_commit(r->mirror, &ref->id, pull->round, &commit,
                                  err);
    }

    if (rc != 0) {
        return rc;
    }

    item->old = ref->id;

    if (!pm_pull_branch_is_ours(pull, &commit, &promotion->destination)) {
        pm_oid_hex(hex, &ref->id);

        return pm_error_set(err, PM_CONFLICT, "head branch %s is taken: its "
                            "last commit %.7s is not of a promotion into "
                            "%s/%s/%s; give another head, or delete it",
                            pm_pull_branch_name(item->ref), hex,
                            promotion->destination.runtime,
                            promotion->destination.namespace,
                            promotion->destination.name);
    }

    if (pm_oid_equal(&commit.tree, &item->tree)
        && pm_oid_equal(&commit.parent, &item->base->tip))
    {
        item->there = 1;
        item->commit = ref->id;
        item->pull.author = pm_arena_strdup(pull->arena, commit.author);
        item->text = pm_message_text(pull->arena, commit.message);

        return (item->pull.author != NULL && item->text != NULL)
               ? 0 : pm_error_memory(err);
    }

    return pm_pull_branch_default(pull, item->ref, err);
}


int
pm_pull_branch(pm_pull_t *pull, const pm_promotion_t *promotion,
    pm_pull_item_t *item, pm_error_t *err)
{
    int                  rc;
    const pm_git_ref_t  *ref;

    memset(&item->old, 0, sizeof(pm_oid_t));

    ref = pm_git_advertisement_ref(pull->repositories->first->refs, item->ref);

    if (ref != NULL) {
        return pm_pull_branch_taken(pull, promotion, item, ref, err);
    }

    rc = pm_pull_branch_above(pull, item->ref, err);

    return (rc == 0) ? pm_pull_branch_below(pull, item->ref, err) : rc;
}
