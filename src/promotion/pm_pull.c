#include "promotion/pm_pull_internal.h"

#include <string.h>


pm_forge_url_t
pm_pull_url(const pm_git_url_t *url)
{
    pm_forge_url_t  forge;

    static const char *const  schemes[] = { "http", "https", "ssh", "file" };

    forge.scheme = schemes[url->scheme];
    forge.host = url->host;
    forge.port = url->port;
    forge.path = url->path;

    return forge;
}


int
pm_pull_locate(pm_arena_t *arena, const pm_git_settings_t *git,
    const pm_forge_host_t *hosts, size_t nhosts, const pm_git_url_t *url,
    pm_forge_repository_t *repository, const pm_git_login_t **login,
    pm_error_t *err)
{
    int             rc;
    pm_error_t      error;
    pm_git_url_t    place;
    pm_forge_url_t  forge;

    if (url->scheme == PM_GIT_LOCAL) {
        return pm_error_set(err, PM_UNPROCESSABLE, "%s is a local repository: "
                            "there are no pull requests", url->canonical);
    }

    forge = pm_pull_url(url);

    rc = pm_forge_locate(arena, hosts, nhosts, &forge, repository, &error);

    if (rc != 0) {
        rc = (rc == PM_NOT_FOUND || rc == PM_INVALID) ? PM_UNPROCESSABLE : rc;
        return pm_error_set(err, rc, "%s", error.message);
    }

    rc = pm_git_url_parse(arena, repository->login, &place, err);
    if (rc != 0) {
        return rc;
    }

    *login = (git->credentials != NULL)
             ? pm_git_credentials_match(git->credentials, &place) : NULL;

    if (*login == NULL) {
        return pm_error_set(err, PM_REMOTE, "there are no credentials for the "
                            "pull requests of %s: add a line for it to "
                            "promotions_credentials", repository->login);
    }

    return 0;
}


/* What is left to be done with a commit that is recorded. */

static int
pm_pull_resume(pm_pull_t *pull, size_t i, const pm_pull_committed_t *committed)
{
    pm_pull_item_t  *item;

    item = &pull->items[i];

    if (committed->commit == NULL) {
        return 0;
    }

    if (pm_oid_parse(&item->commit, committed->commit,
                     strlen(committed->commit))
        != 0 || committed->head == NULL || committed->base == NULL)
    {
        return -1;
    }

    pm_outcome_commit(&pull->outcomes[i], PM_RESULT_COMMITTED, &item->commit);

    item->pull.head = committed->head;
    item->pull.base = committed->base;
    item->pull.author = committed->author;
    item->pull.message = committed->message;
    item->pull.body = committed->body;
    item->again = 1;

    return 0;
}


static int
pm_pull_item(pm_pull_t *pull, size_t i, pm_error_t *err)
{
    int                    rc;
    pm_pull_item_t        *item;
    const pm_promotion_t  *promotion;

    item = &pull->items[i];
    promotion = &pull->promotions[i];

    pull->outcomes[i].result.pull = &item->pull;
    item->pull.state = "";

    if (promotion->kind != PM_PROMOTION_PULL_REQUEST) {
        return pm_error_set(err, PM_INTERNAL, "promotion %s is no pull "
                            "request", promotion->id);
    }

    rc = pm_source_revisions(pull->repositories, promotion, pull->arena,
                             &item->sources, err);
    if (rc != 0) {
        return rc;
    }

    rc = pm_repositories_revision(pull->repositories,
                                  &promotion->parts[0].destination,
                                  &item->base, err);
    if (rc != 0) {
        return rc;
    }

    if (pull->settings.bases != NULL
        && !pm_oid_is_zero(&pull->settings.bases[i]))
    {
        pull->outcomes[i].doubtful = 1;
        item->inherited = 1;
    }

    if (pull->settings.committed != NULL
        && pm_pull_resume(pull, i, &pull->settings.committed[i]) != 0)
    {
        return pm_error_set(err, PM_INTERNAL, "the record of promotion %s has "
                            "a commit that is none", promotion->id);
    }

    return 0;
}


static int
pm_pull_start(pm_pull_t *pull, pm_error_t *err)
{
    int           rc;
    size_t        i;
    pm_git_url_t  *url;

    pull->items = pm_arena_zalloc(pull->arena, (pull->n + 1)
                                               * sizeof(pm_pull_item_t));
    pull->outcomes = pm_arena_zalloc(pull->arena, (pull->n + 1)
                                                  * sizeof(pm_outcome_t));
    pull->committer = pm_arena_printf(pull->arena, "%s <%s>",
                                      pull->settings.committer_name,
                                      pull->settings.committer_email);

    if (pull->items == NULL || pull->outcomes == NULL
        || pull->committer == NULL)
    {
        return pm_error_memory(err);
    }

    if (pull->n == 0) {
        return 0;
    }

    rc = pm_repositories_create(pull->arena, pull->settings.git,
                                &pull->promotions[0].parts[0].destination,
                                PM_GIT_RECEIVE_PACK, &pull->repositories,
                                err);
    if (rc != 0) {
        return rc;
    }

    pull->repositories->several = 1;

    for (i = 0; i < pull->n; i++) {
        rc = pm_pull_item(pull, i, err);
        if (rc != 0) {
            return rc;
        }
    }

    url = &pull->promotions[0].parts[0].destination.url;

    (void) pm_pull_locate(pull->arena, pm_git_settings(pull->settings.git),
                          pull->settings.hosts, pull->settings.nhosts, url,
                          &pull->repository, &pull->login, &pull->unknown);

    return 0;
}


int
pm_pull_create(const pm_pull_settings_t *settings,
    const pm_promotion_t *promotions, size_t n, pm_pull_t **pull,
    pm_error_t *err)
{
    int          rc;
    pm_arena_t  *arena;
    pm_pull_t   *created;

    arena = pm_arena_create();
    if (arena == NULL) {
        return pm_error_memory(err);
    }

    created = pm_arena_zalloc(arena, sizeof(pm_pull_t));
    if (created == NULL) {
        pm_arena_destroy(arena);
        return pm_error_memory(err);
    }

    created->arena = arena;
    created->settings = *settings;
    created->promotions = promotions;
    created->n = n;
    created->limit = n;

    rc = pm_pull_start(created, err);

    if (rc != 0) {
        pm_pull_destroy(created);
        return rc;
    }

    created->settings.committed = NULL;
    created->settings.bases = NULL;
    *pull = created;

    return 0;
}


void
pm_pull_destroy(pm_pull_t *pull)
{
    if (pull == NULL) {
        return;
    }

    /* objects lie on a mirror, which the arena closes */

    pm_pull_forget(pull);
    pm_arena_destroy(pull->round);
    pm_arena_destroy(pull->arena);
}


int
pm_pull_round(pm_pull_t *pull)
{
    pm_pull_forget(pull);

    pm_arena_destroy(pull->round);
    pull->round = pm_arena_create();

    return (pull->round != NULL) ? 0 : -1;
}


void
pm_pull_forget(pm_pull_t *pull)
{
    size_t  i;

    if (pull->objects != NULL) {
        pm_git_objects_destroy(pull->objects);
        pull->objects = NULL;
    }

    for (i = 0; i < pull->n; i++) {
        pull->items[i].planned = 0;
        pull->items[i].there = 0;
        pull->items[i].sent = 0;
        pull->items[i].with = i;
    }
}


const pm_oid_t *
pm_pull_base(const pm_pull_t *pull)
{
    return &pull->base;
}


int
pm_pull_sends(const pm_pull_t *pull, size_t i)
{
    return pull->items[i].planned && !pull->items[i].there;
}


void
pm_pull_fail(pm_pull_t *pull, const pm_error_t *error)
{
    pm_outcomes_fail(pull->outcomes, pull->n, error);
}


const pm_result_t *
pm_pull_result(const pm_pull_t *pull, size_t i)
{
    return &pull->outcomes[i].result;
}
