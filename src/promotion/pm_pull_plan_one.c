#include "promotion/pm_pull_internal.h"

#include "promotion/pm_message.h"
#include "promotion/pm_plan.h"
#include "promotion/pm_pull_body.h"
#include "promotion/pm_pull_head.h"
#include "promotion/pm_version.h"

#include <string.h>


/* The least that a provider takes as a description, see below. */
#define PM_PULL_PLAN_LEAST  3800


/* Whose head branch it is in this plan, or i. */

static size_t
pm_pull_plan_first(const pm_pull_t *pull, size_t i)
{
    size_t  j;

    for (j = 0; j < i; j++) {
        if (pull->items[j].planned && pull->items[j].with == j
            && strcmp(pull->items[j].ref, pull->items[i].ref) == 0)
        {
            return j;
        }
    }

    return i;
}


static int
pm_pull_plan_same(const pm_pull_t *pull, size_t i, size_t j)
{
    const pm_pull_item_t       *one, *two;
    const pm_application_id_t  *a, *b;

    one = &pull->items[i];
    two = &pull->items[j];
    a = &pull->promotions[i].destination;
    b = &pull->promotions[j].destination;

    return one->base == two->base && pm_oid_equal(&one->tree, &two->tree)
           && strcmp(a->runtime, b->runtime) == 0
           && strcmp(a->namespace, b->namespace) == 0
           && strcmp(a->name, b->name) == 0;
}


/* The head branch, and the base that the pull request is into. */

static int
pm_pull_plan_names(pm_pull_t *pull, size_t i, pm_error_t *err)
{
    const char            *head, *base;
    pm_pull_item_t        *item;
    const pm_promotion_t  *promotion;

    item = &pull->items[i];
    promotion = &pull->promotions[i];

    if (item->base->error.code != 0) {
        *err = item->base->error;
        return err->code;
    }

    base = item->base->ref + strlen("refs/heads/");
    head = pm_pull_head(pull->arena, promotion, base);

    item->pull.head = head;
    item->pull.base = pm_arena_strdup(pull->arena, base);
    item->ref = (head != NULL)
                ? pm_arena_printf(pull->arena, "refs/heads/%s", head) : NULL;

    if (item->ref == NULL || item->pull.base == NULL) {
        return pm_error_memory(err);
    }

    if (strcmp(item->ref, item->base->ref) == 0) {
        return pm_error_set(err, PM_CONFLICT, "%s is the base of the pull "
                            "request and cannot be its head", base);
    }

    if (promotion->pull->deployed
        && strcmp(head, pm_pull_head_branch(promotion->pull->head)) == 0)
    {
        return pm_error_set(err, PM_CONFLICT, "%s is a branch that is deployed "
                            "from and cannot be the head of a pull request; "
                            "give another head", head);
    }

    return 0;
}


static int
pm_pull_plan_commit(pm_pull_t *pull, size_t i, pm_error_t *err)
{
    pm_pull_item_t        *item;
    pm_git_signature_t     author, committer;
    const pm_promotion_t  *promotion;

    item = &pull->items[i];
    promotion = &pull->promotions[i];

    item->pull.author = pm_arena_printf(pull->arena, "%s <%s>",
                                        promotion->author_name,
                                        promotion->author_email);
    item->text = pm_message_text(pull->arena, item->message);

    if (item->pull.author == NULL || item->text == NULL) {
        return pm_error_memory(err);
    }

    author.name = promotion->author_name;
    author.email = promotion->author_email;
    author.time = pull->settings.now;

    committer.name = pull->settings.committer_name;
    committer.email = pull->settings.committer_email;
    committer.time = pull->settings.now;

    return pm_git_objects_commit(pull->objects, &item->tree, &item->base->tip,
                                 &author, &committer, item->message,
                                 &item->commit, err);
}


static int
pm_pull_plan_check(const pm_promotion_t *promotion, const pm_plan_t *plan,
    pm_error_t *err)
{
    if (plan->nchanges == 0) {
        return pm_error_set(err, PM_NO_CHANGES, "no changes found between "
                            "source and destination applications");
    }

    if (promotion->expected_digest != NULL
        && strcmp(promotion->expected_digest, plan->digest) != 0)
    {
        return pm_error_set(err, PM_CONFLICT,
                            "the changes differ from what was expected: "
                            "expectedDigest is %s, the digest of the changes "
                            "is now %s", promotion->expected_digest,
                            plan->digest);
    }

    return 0;
}


/* Bytes that the provider takes as a description: what is documented, less
 * what its own escapes may add. */

static size_t
pm_pull_plan_limit(const pm_pull_t *pull)
{
    const char  *provider;

    /* not known here, and so whatever node opens it may have any */

    if (pull->repository.forge == NULL) {
        return PM_PULL_PLAN_LEAST;
    }

    provider = pm_forge_provider_name(pull->repository.forge->provider);

    if (strcmp(provider, "azure") == 0) {
        return PM_PULL_PLAN_LEAST;
    }

    if (strcmp(provider, "bitbucket_server") == 0
        || strcmp(provider, "bitbucket") == 0)
    {
        return 30000;
    }

    return PM_PULL_BODY_SIZE;
}


static int
pm_pull_plan_body(pm_pull_t *pull, size_t i, const pm_plan_t *plan,
    const pm_oid_t *source, pm_error_t *err)
{
    pm_pull_body_t   body;
    pm_pull_item_t  *item;

    item = &pull->items[i];

    body.promotion = &pull->promotions[i];
    body.plan = plan;
    body.mirror = pull->repositories->first->mirror;
    body.source = source;
    body.destination = &item->base->tip;
    body.base = item->pull.base;
    body.limit = pm_pull_plan_limit(pull);

    return pm_pull_body(pull->arena, &body, &item->pull.body, err);
}


/* What it will bring, for its record: nothing fails by it. */

static void
pm_pull_plan_version(pm_pull_t *pull, size_t i, pm_arena_t *arena)
{
    pm_result_t      *result;
    pm_pull_item_t   *item;
    pm_git_mirror_t  *mirror;

    item = &pull->items[i];
    result = &pull->outcomes[i].result;
    mirror = pull->repositories->first->mirror;

    pm_version_copy(result->version_from,
                    pm_version_destination(&pull->promotions[i], mirror,
                                           &item->base->tree, arena));
    pm_version_copy(result->version_to,
                    pm_version_destination(&pull->promotions[i], mirror,
                                           &item->tree, arena));
}


/*
 * The commit: one that is there, one that is made, or another's of this plan.
 * One that says what was asked for says it in the request's words.
 */

static int
pm_pull_plan_place(pm_pull_t *pull, size_t i, size_t first, pm_error_t *err)
{
    int              rc;
    const char      *text;
    pm_pull_item_t  *item, *other;

    rc = 0;
    item = &pull->items[i];

    if (first == i) {
        rc = pm_pull_branch(pull, &pull->promotions[i], item, err);

        if (rc == 0 && !item->there) {
            rc = pm_pull_plan_commit(pull, i, err);
        }

    } else {
        other = &pull->items[first];

        item->there = other->there;
        item->commit = other->commit;
        item->text = other->text;
        item->pull.author = other->pull.author;
    }

    if (rc != 0) {
        return rc;
    }

    text = pm_message_text(pull->round, item->message);
    if (text == NULL) {
        return pm_error_memory(err);
    }

    item->pull.message = (strcmp(text, item->text) == 0)
                         ? pull->promotions[i].message : item->text;
    return 0;
}


/*
 * Plans promotion i.  What has another one's head branch but not its commit
 * waits until that is done: it stays open.
 */

int
pm_pull_plan_one(pm_pull_t *pull, size_t i, pm_arena_t *arena,
    pm_error_t *err)
{
    int                    rc;
    size_t                 first;
    pm_plan_t              plan;
    pm_source_t           *sources;
    pm_pull_item_t        *item;
    const pm_promotion_t  *promotion;

    item = &pull->items[i];
    promotion = &pull->promotions[i];

    rc = pm_pull_plan_names(pull, i, err);
    if (rc != 0) {
        return rc;
    }

    rc = pm_source_read(promotion, item->sources, arena, &sources, err);
    if (rc != 0) {
        return rc;
    }

    rc = pm_plan(promotion, sources, pull->objects,
                 pull->repositories->first->mirror, &item->base->tree, 1,
                 arena, &plan, err);
    if (rc != 0) {
        return rc;
    }

    memcpy(pull->outcomes[i].result.digest, plan.digest, PM_DIGEST_SIZE);

    rc = pm_pull_plan_check(promotion, &plan, err);
    if (rc != 0) {
        return rc;
    }

    rc = pm_git_objects_tree(pull->objects, &item->base->tree, plan.changes,
                             plan.nchanges, &item->tree, err);
    if (rc != 0) {
        return rc;
    }

    pm_pull_plan_version(pull, i, arena);

    first = pm_pull_plan_first(pull, i);

    if (first != i && !pm_pull_plan_same(pull, i, first)) {
        return 0;
    }

    rc = pm_message_create(pull->round, promotion, &sources[0].commit,
                           &item->message, err);
    if (rc == 0) {
        rc = pm_pull_plan_place(pull, i, first, err);
    }

    if (rc == 0) {
        rc = pm_pull_plan_body(pull, i, &plan, &sources[0].commit, err);
    }

    item->with = first;
    item->planned = (rc == 0);

    return rc;
}
