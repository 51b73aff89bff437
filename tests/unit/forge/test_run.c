/*
 * Pull requests over HTTP: what is asked and in which order, what becomes of
 * it, and what a provider can do to us.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/pm_string.h"
#include "server.h"
#include "task.h"

#include <jansson.h>
#include <time.h>


static server_t  *server;


/* Pull requests as the providers write them. */

#define GITHUB(n, state, more)                                                \
    "{\"number\":" n ",\"state\":\"" state "\",\"title\":\"Old\","            \
    "\"body\":\"Old\",\"html_url\":\"https://github.com/acme/apps/pull/" n    \
    "\",\"head\":{\"ref\":\"promote/qa\",\"sha\":\"" COMMIT                   \
    "\",\"repo\":{\"id\":1}},\"base\":{\"ref\":\"main\",\"repo\":{\"id\":1}}" \
    more "}"

#define GITLAB(n, state, more)                                                \
    "{\"iid\":" n ",\"state\":\"" state "\",\"title\":\"Old\","               \
    "\"description\":\"Old\",\"web_url\":\"https://gitlab.com/acme/apps/-/"   \
    "merge_requests/" n "\",\"sha\":\"" COMMIT "\",\"source_branch\":"        \
    "\"promote/qa\",\"target_branch\":\"main\",\"source_project_id\":5,"      \
    "\"target_project_id\":5" more "}"

#define GITEA(n, state, more)                                                 \
    "{\"number\":" n ",\"state\":\"" state "\",\"title\":\"Old\","            \
    "\"body\":\"Old\",\"html_url\":\"https://codeberg.org/acme/apps/pulls/" n \
    "\",\"head\":{\"ref\":\"promote/qa\",\"label\":\"promote/qa\",\"sha\":\"" \
    COMMIT "\",\"repo_id\":1},\"base\":{\"ref\":\"main\",\"repo_id\":1}"      \
    more "}"

#define BITBUCKET(n, state, more)                                             \
    "{\"id\":" n ",\"state\":\"" state "\",\"title\":\"Old\","                \
    "\"description\":\"Old\",\"links\":{\"html\":{\"href\":"                  \
    "\"https://bitbucket.org/acme/apps/pull-requests/" n "\"}},\"source\":"   \
    "{\"branch\":{\"name\":\"promote/qa\"},\"commit\":{\"hash\":"             \
    "\"0123456789ab\"},\"repository\":{\"full_name\":\"acme/apps\"}},"        \
    "\"destination\":{\"branch\":{\"name\":\"main\"},\"repository\":"         \
    "{\"full_name\":\"acme/apps\"}}" more "}"

#define SERVER(n, state, more)                                                \
    "{\"id\":" n ",\"version\":3,\"state\":\"" state "\",\"title\":\"Old\","  \
    "\"links\":{\"self\":[{\"href\":\"https://bb.example.com/projects/ACME/"  \
    "repos/apps/pull-requests/" n "\"}]},\"fromRef\":{\"id\":"                \
    "\"refs/heads/promote/qa\",\"latestCommit\":\"" COMMIT "\","              \
    "\"repository\":{\"id\":9}},\"toRef\":{\"id\":\"refs/heads/main\","       \
    "\"repository\":{\"id\":9}}" more "}"

#define AZURE(n, state, more)                                                 \
    "{\"pullRequestId\":" n ",\"status\":\"" state "\",\"title\":\"Old\","    \
    "\"description\":\"Old\",\"sourceRefName\":\"refs/heads/promote/qa\","    \
    "\"targetRefName\":\"refs/heads/main\",\"lastMergeSourceCommit\":"        \
    "{\"commitId\":\"" COMMIT "\"}" more "}"


/* How each of them is asked. */

typedef struct {
    const char  *type;
    const char  *find;
    const char  *merged;
    const char  *none;           /* answer to find: there is none */
    const char  *none_status;
    const char  *list;           /* answer to find: there is number 7 */
    const char  *gone;           /* answer to merged: number 7 was */
    const char  *open;           /* request */
    const char  *opened;         /* answer, number 8 */
    const char  *update;         /* request, number 7 */
    const char  *look;           /* request, number 7 */
    const char  *one;            /* answer, number 7, open */
    const char  *authorization;
    const char  *url;            /* of number 8 */
    const char  *empty;          /* answer to open: nothing between */
    const char  *empty_status;
    const char  *sent;           /* in the body that opens */
} provider_t;


static const provider_t  providers[] = {
    { "github",
      "GET /repos/acme/apps/pulls?state=open&base=main&"
      "head=acme%3Apromote%2Fqa&",
      "GET /repos/acme/apps/pulls?state=closed&base=main&"
      "head=acme%3Apromote%2Fqa&",
      "[]", "200 OK", "[" GITHUB("7", "open", "") "]",
      "[" GITHUB("7", "closed", ",\"merged_at\":\"2026-01-01T00:00:00Z\","
      "\"merge_commit_sha\":\"aaaaaaaaaa\"") "]",
      "POST /repos/acme/apps/pulls HTTP", GITHUB("8", "open", ""),
      "PATCH /repos/acme/apps/pulls/7 ", "GET /repos/acme/apps/pulls/7 ",
      GITHUB("7", "open", ""), "Bearer " TOKEN,
      "https://github.com/acme/apps/pull/8",
      "{\"message\":\"Validation Failed\",\"errors\":[{\"resource\":"
      "\"PullRequest\",\"code\":\"custom\",\"message\":\"No commits between "
      "main and promote/qa\"}]}", "422 Unprocessable",
      "\"head\":\"promote/qa\",\"base\":\"main\"" },

    { "gitlab",
      "GET /projects/acme%2Fapps/merge_requests?state=opened&"
      "source_branch=promote%2Fqa&target_branch=main&",
      "GET /projects/acme%2Fapps/merge_requests?state=merged&"
      "source_branch=promote%2Fqa&target_branch=main&",
      "[]", "200 OK", "[" GITLAB("7", "opened", "") "]",
      "[" GITLAB("7", "merged", ",\"merge_commit_sha\":null,"
      "\"squash_commit_sha\":\"aaaaaaaaaa\"") "]",
      "POST /projects/acme%2Fapps/merge_requests HTTP",
      GITLAB("8", "opened", ""),
      "PUT /projects/acme%2Fapps/merge_requests/7 ",
      "GET /projects/acme%2Fapps/merge_requests/7 ",
      GITLAB("7", "opened", ""), "",
      "https://gitlab.com/acme/apps/-/merge_requests/8", NULL, NULL,
      "\"source_branch\":\"promote/qa\",\"target_branch\":\"main\"" },

    { "gitea",
      "GET /repos/acme/apps/pulls/main/promote%2Fqa ",
      "GET /repos/acme/apps/pulls?state=closed&",
      "{\"message\":\"not found\"}", "404 Not Found", GITEA("7", "open", ""),
      "[" GITEA("7", "closed", ",\"merged\":true,\"merge_commit_sha\":"
      "\"aaaaaaaaaa\"") "]",
      "POST /repos/acme/apps/pulls HTTP", GITEA("8", "open", ""),
      "PATCH /repos/acme/apps/pulls/7 ", "GET /repos/acme/apps/pulls/7 ",
      GITEA("7", "open", ""), "token " TOKEN,
      "https://codeberg.org/acme/apps/pulls/8",
      "{\"message\":\"Invalid PullRequest: There are no changes between the "
      "head and the base\"}", "422 Unprocessable",
      "\"head\":\"promote/qa\",\"base\":\"main\"" },

    { "bitbucket",
      "GET /repositories/acme/apps/pullrequests?q=source.branch.name%3D%22"
      "promote%2Fqa%22%20AND%20destination.branch.name%3D%22main%22%20AND%20"
      "state%3D%22OPEN%22&",
      "GET /repositories/acme/apps/pullrequests?q=source.branch.name%3D%22"
      "promote%2Fqa%22%20AND%20destination.branch.name%3D%22main%22%20AND%20"
      "state%3D%22MERGED%22&",
      "{\"values\":[]}", "200 OK",
      "{\"values\":[" BITBUCKET("7", "OPEN", "") "]}",
      "{\"values\":[" BITBUCKET("7", "MERGED", ",\"merge_commit\":{\"hash\":"
      "\"aaaaaaaaaa\"}") "]}",
      "POST /repositories/acme/apps/pullrequests HTTP",
      BITBUCKET("8", "OPEN", ""),
      "PUT /repositories/acme/apps/pullrequests/7 ",
      "GET /repositories/acme/apps/pullrequests/7 ",
      BITBUCKET("7", "OPEN", ",\"reviewers\":[{\"uuid\":\"{u1}\"}]"),
      "Bearer " TOKEN, "https://bitbucket.org/acme/apps/pull-requests/8",
      "{\"type\":\"error\",\"error\":{\"message\":\"There are no changes to "
      "be pulled\"}}", "400 Bad Request",
      "\"source\":{\"branch\":{\"name\":\"promote/qa\"}},"
      "\"destination\":{\"branch\":{\"name\":\"main\"}}" },

    { "bitbucket_server",
      "GET /projects/acme/repos/apps/pull-requests?at=refs%2Fheads%2Fpromote"
      "%2Fqa&direction=OUTGOING&state=OPEN&",
      "GET /projects/acme/repos/apps/pull-requests?at=refs%2Fheads%2Fpromote"
      "%2Fqa&direction=OUTGOING&state=MERGED&",
      "{\"values\":[],\"isLastPage\":true}", "200 OK",
      "{\"values\":[" SERVER("7", "OPEN", ",\"reviewers\":[{\"user\":"
      "{\"name\":\"ann\"}}]") "]}",
      "{\"values\":[" SERVER("7", "MERGED", ",\"properties\":{\"mergeCommit\""
      ":{\"id\":\"aaaaaaaaaa\"}}") "]}",
      "POST /projects/acme/repos/apps/pull-requests HTTP",
      SERVER("8", "OPEN", ""),
      "PUT /projects/acme/repos/apps/pull-requests/7 ",
      "GET /projects/acme/repos/apps/pull-requests/7 ",
      SERVER("7", "OPEN", ",\"reviewers\":[{\"user\":{\"name\":\"ann\"}}]"),
      "Bearer " TOKEN,
      "https://bb.example.com/projects/ACME/repos/apps/pull-requests/8",
      "{\"errors\":[{\"message\":\"promote/qa is already up-to-date with "
      "branch main\",\"exceptionName\":"
      "\"com.atlassian.bitbucket.pull.EmptyPullRequestException\"}]}",
      "409 Conflict",
      "\"fromRef\":{\"id\":\"refs/heads/promote/qa\",\"repository\":{\"slug\":"
      "\"apps\",\"project\":{\"key\":\"acme\"}}}" },

    { "azure",
      "GET /acme/shop/_apis/git/repositories/apps/pullrequests?api-version=7.1"
      "&searchCriteria.status=active&searchCriteria.sourceRefName=refs%2Fheads"
      "%2Fpromote%2Fqa&searchCriteria.targetRefName=refs%2Fheads%2Fmain&",
      "GET /acme/shop/_apis/git/repositories/apps/pullrequests?api-version=7.1"
      "&searchCriteria.status=completed&",
      "{\"value\":[],\"count\":0}", "200 OK",
      "{\"value\":[" AZURE("7", "active", "") "]}",
      "{\"value\":[" AZURE("7", "completed", ",\"lastMergeCommit\":"
      "{\"commitId\":\"aaaaaaaaaa\"}") "]}",
      "POST /acme/shop/_apis/git/repositories/apps/pullrequests?"
      "api-version=7.1 HTTP", AZURE("8", "active", ""),
      "PATCH /acme/shop/_apis/git/repositories/apps/pullrequests/7?"
      "api-version=7.1 ",
      "GET /acme/shop/_apis/git/repositories/apps/pullrequests/7?"
      "api-version=7.1 ",
      AZURE("7", "active", ""),
      "Basic OnMzY3JldC10MGtlbi1vZi10aGlzLXRlc3Q=",
      "/acme/shop/_git/apps/pullrequest/8", NULL, NULL,
      "\"sourceRefName\":\"refs/heads/promote/qa\",\"targetRefName\":"
      "\"refs/heads/main\"" }
};

#define PROVIDERS  (sizeof(providers) / sizeof(providers[0]))


static void
asked(size_t n, const char *line)
{
    if (n >= server->nrequests
        || strncmp(server->requests[n].line, line, strlen(line)) != 0)
    {
        fail_msg("request %zu: \"%s\", not \"%s\"", n,
                 n < server->nrequests ? server->requests[n].line : "",
                 line);
    }
}


static void
asked_in_all(size_t n)
{
    if (server->nrequests != n) {
        fail_msg("%zu requests, not %zu; the last one: %s",
                 server->nrequests, n,
                 server->nrequests
                 ? server->requests[server->nrequests - 1].line : "");
    }
}


/* Runs it; number 0: whatever it is called. */

static void
ends(job_t *job, pm_forge_outcome_t outcome, int64_t number)
{
    job_run(job);

    assert_int_equal(job->result.outcome, outcome);

    if (number != 0) {
        assert_int_equal(job->result.number, number);
    }
}


static void
test_open(void **state)
{
    job_t              job;
    size_t             i;
    const provider_t  *p;

    for (i = 0; i < PROVIDERS; i++) {
        p = &providers[i];

        server_reset(server);
        server_add(server, p->find, p->none_status, p->none);
        server_add(server, p->open, "201 Created", p->opened);

        job_start(&job, server, p->type);
        ends(&job, PM_FORGE_DONE, 8);
        assert_int_equal(job.result.state, PM_FORGE_OPEN);
        assert_int_equal(job.result.opened, 1);
        assert_int_equal(job.result.updated, 0);
        assert_non_null(strstr(job.result.url, p->url));
        assert_int_equal(strncmp(job.result.head_commit, COMMIT, 12), 0);
        assert_int_equal(job.result.nnotes, 0);

        asked_in_all(2);
        asked(0, p->find);
        asked(1, p->open);
        assert_string_equal(server->requests[1].authorization,
                            p->authorization);
        assert_string_equal(server->requests[1].token,
                            i == 1 ? TOKEN : "");
        assert_string_equal(server->requests[1].type, "application/json");
        assert_non_null(strstr(server->requests[1].body, p->sent));
        assert_non_null(strstr(server->requests[1].body,
                               "\"title\":\"Promote to QA\""));
        assert_non_null(strstr(server->requests[1].body, "\"Body & all\""));
        assert_int_equal(strncmp(server->requests[0].agent, "ngx_http", 8),
                         0);

        job_end(&job);
    }
}


static void
test_update_in_place(void **state)
{
    job_t              job;
    size_t             i, n;
    const char        *body;
    const provider_t  *p;

    for (i = 0; i < PROVIDERS; i++) {
        p = &providers[i];
        n = strcmp(p->type, "bitbucket") == 0 ? 3 : 2;

        server_reset(server);
        server_add(server, p->find, "200 OK", p->list);
        server_add(server, p->look, "200 OK", p->one);
        server_add(server, p->update, "200 OK", p->one);

        job_start(&job, server, p->type);
        ends(&job, PM_FORGE_DONE, 7);
        assert_int_equal(job.result.opened, 0);
        assert_int_equal(job.result.updated, 1);

        asked_in_all(n);
        asked(n - 1, p->update);

        body = server->requests[n - 1].body;
        assert_non_null(strstr(body, "\"title\":\"Promote to QA\""));

        /* who was asked to review still is */

        if (strcmp(p->type, "bitbucket") == 0) {
            assert_non_null(strstr(body,
                                   "\"reviewers\":[{\"uuid\":\"{u1}\"}]"));
        }

        if (strcmp(p->type, "bitbucket_server") == 0) {
            assert_non_null(strstr(body, "\"version\":3"));
            assert_non_null(strstr(body, "\"reviewers\":[{\"user\":"
                                         "{\"name\":\"ann\"}}]"));
        }

        job_end(&job);
    }
}


static void
test_nothing_to_update(void **state)
{
    job_t  job;

    server_reset(server);
    server_add(server, "GET /repos/acme/apps/pulls/main/", "200 OK",
               GITEA("7", "open", ""));

    job_start(&job, server, "gitea");
    job.task.title = "Old";
    job.task.body = "Old";
    ends(&job, PM_FORGE_DONE, 7);
    assert_int_equal(job.result.updated, 0);
    asked_in_all(1);

    job_end(&job);
}


/* Whatever else is in a list, and from wherever, is not ours. */

static void
test_others_are_not_ours(void **state)
{
    job_t  job;

    server_reset(server);
    server_add(server, providers[0].find, "200 OK",
               "[1,null,{},\"x\","
               "{\"number\":1,\"state\":\"open\",\"head\":{\"ref\":"
               "\"promote/qa\",\"repo\":{\"id\":2}},\"base\":{\"ref\":"
               "\"main\",\"repo\":{\"id\":1}}},"
               "{\"number\":2,\"state\":\"open\",\"head\":{\"ref\":"
               "\"promote/qa\",\"repo\":null},\"base\":{\"ref\":\"main\","
               "\"repo\":{\"id\":1}}},"
               "{\"number\":3,\"state\":\"open\",\"head\":{\"ref\":"
               "\"promote/qa2\",\"repo\":{\"id\":1}},\"base\":{\"ref\":"
               "\"main\",\"repo\":{\"id\":1}}},"
               "{\"number\":4,\"state\":\"open\",\"head\":{\"ref\":"
               "\"promote/qa\",\"repo\":{\"id\":1}},\"base\":{\"ref\":"
               "\"prod\",\"repo\":{\"id\":1}}},"
               "{\"number\":5,\"state\":\"closed\",\"head\":{\"ref\":"
               "\"promote/qa\",\"repo\":{\"id\":1}},\"base\":{\"ref\":"
               "\"main\",\"repo\":{\"id\":1}}},"
               "{\"number\":\"6\",\"state\":\"open\",\"head\":{\"ref\":"
               "\"promote/qa\",\"repo\":{\"id\":1}},\"base\":{\"ref\":"
               "\"main\",\"repo\":{\"id\":1}}}]");
    server_add(server, providers[0].open, "201 Created",
               providers[0].opened);

    job_start(&job, server, "github");
    ends(&job, PM_FORGE_DONE, 8);

    job_end(&job);
}


/* {"message": "xüüü…"} */

static const char *
long_words(void)
{
    size_t  i;

    static char  text[2000];

    (void) strcpy(text, "{\"message\":\"x");

    for (i = 0; i < 400; i++) {
        (void) strcat(text, "\xc3\xbc");
    }

    return strcat(text, "\"}");
}


static void
test_labels_and_reviewers(void **state)
{
    job_t   job;
    size_t  i;

    static const char *const  labels[] = { "promotion", "qa" };
    static const char *const  commas[] = { "a,b", "promotion", "qa" };
    static const char *const  reviewers[] = { "ann", "bob" };

    /* GitHub: two calls more; what it refuses is a note */

    server_reset(server);
    server_add(server, providers[0].find, "200 OK", "[]");
    server_add(server, providers[0].open, "201 Created",
               providers[0].opened);
    server_add(server, "POST /repos/acme/apps/issues/8/labels ", "200 OK",
               "[]");
    server_add(server, "POST /repos/acme/apps/pulls/8/requested_reviewers ",
               "422 Unprocessable", "{\"message\":\"Reviews may only be "
               "requested from collaborators. " TOKEN "\"}");

    job_start(&job, server, "github");
    job.task.labels = labels;
    job.task.nlabels = 2;
    job.task.reviewers = reviewers;
    job.task.nreviewers = 2;
    job.task.draft = 1;
    ends(&job, PM_FORGE_DONE, 0);
    asked_in_all(4);
    assert_non_null(strstr(server->requests[1].body, "\"draft\":true"));
    assert_string_equal(server->requests[2].body,
                        "{\"labels\":[\"promotion\",\"qa\"]}");
    assert_string_equal(server->requests[3].body,
                        "{\"reviewers\":[\"ann\",\"bob\"]}");
    assert_int_equal(job.result.nnotes, 1);
    assert_non_null(strstr(job.result.notes[0], "reviewers were not set: "
                           "HTTP 422: Reviews may only"));
    job_end(&job);

    /* GitLab: in the same call, reviewers by their ids */

    server_reset(server);
    server_add(server, "GET /users?username=ann ", "200 OK",
               "[{\"id\":11,\"username\":\"Ann\"}]");
    server_add(server, "GET /users?username=bob ", "200 OK",
               "[{\"id\":12,\"username\":\"bobby\"}]");
    server_add(server, providers[1].find, "200 OK",
               "[" GITLAB("7", "opened",
               ",\"reviewers\":[{\"id\":3},{\"id\":11}]") "]");
    server_add(server, providers[1].update, "200 OK", providers[1].one);

    job_start(&job, server, "gitlab");
    job.task.labels = labels;
    job.task.nlabels = 2;
    job.task.reviewers = reviewers;
    job.task.nreviewers = 2;
    job.task.draft = 1;
    ends(&job, PM_FORGE_DONE, 0);
    asked_in_all(4);
    assert_string_equal(server->requests[3].body,
                        "{\"title\":\"Draft: Promote to QA\","
                        "\"description\":\"Body & all\","
                        "\"add_labels\":\"promotion,qa\","
                        "\"reviewer_ids\":[11,3]}");
    assert_int_equal(job.result.nnotes, 1);
    assert_string_equal(job.result.notes[0],
                        "gitlab knows no user bob: not asked to review");
    job_end(&job);

    /* where a comma ends a label, one with a comma is left out and told; of
     * nothing else there is no list */

    for (i = 0; i < 2; i++) {
        server_reset(server);
        server_add(server, providers[1].find, "200 OK", "[]");
        server_add(server, providers[1].open, "201 Created",
                   providers[1].opened);

        job_start(&job, server, "gitlab");
        job.task.labels = commas;
        job.task.nlabels = i ? 1 : 3;
        job_run(&job);

        assert_int_equal(job.result.outcome, PM_FORGE_DONE);
        asked_in_all(2);
        assert_null(strstr(server->requests[1].body, "a,b"));
        assert_int_equal(strstr(server->requests[1].body,
                                "\"labels\":\"promotion,qa\"") == NULL,
                         (int) i);
        assert_int_equal(strstr(server->requests[1].body, "labels") == NULL,
                         (int) i);
        assert_int_equal(job.result.nnotes, 1);
        assert_string_equal(job.result.notes[0], "label \"a,b\" was not set: "
                            "gitlab has none with a comma");
        job_end(&job);
    }

    /* GitHub's may have one */

    server_reset(server);
    server_add(server, providers[0].find, "200 OK", "[]");
    server_add(server, providers[0].open, "201 Created",
               providers[0].opened);
    server_add(server, "POST /repos/acme/apps/issues/8/labels ", "200 OK",
               "[]");
    job_start(&job, server, "github");
    job.task.labels = commas;
    job.task.nlabels = 1;
    job_run(&job);
    assert_string_equal(server->requests[2].body, "{\"labels\":[\"a,b\"]}");
    assert_int_equal(job.result.nnotes, 0);
    job_end(&job);

    /* long words are cut between characters */

    server_reset(server);
    server_add(server, providers[0].find, "200 OK", "[]");
    server_add(server, providers[0].open, "201 Created",
               providers[0].opened);
    server_add(server, "POST /repos/acme/apps/issues/8/labels ",
               "422 Unprocessable", long_words());
    job_start(&job, server, "github");
    job.task.labels = labels;
    job.task.nlabels = 2;
    job_run(&job);
    assert_int_equal(job.result.nnotes, 1);
    assert_int_equal(pm_utf8_valid(job.result.notes[0],
                                   strlen(job.result.notes[0])),
                     strlen(job.result.notes[0]));
    assert_in_range(strlen(job.result.notes[0]), 500, 700);
    job_end(&job);

    /* the others say that they have none */

    for (i = 2; i < PROVIDERS; i++) {
        server_reset(server);
        server_add(server, providers[i].find, providers[i].none_status,
                   providers[i].none);
        server_add(server, providers[i].open, "201 Created",
                   providers[i].opened);

        job_start(&job, server, providers[i].type);
        job.task.labels = labels;
        job.task.nlabels = 2;
        job.task.reviewers = reviewers;
        job.task.nreviewers = 2;
        ends(&job, PM_FORGE_DONE, 0);
        asked_in_all(2);
        assert_int_equal(job.result.nnotes, 1);
        assert_non_null(strstr(job.result.notes[0],
                               "labels and reviewers are ignored by "));
        assert_non_null(strstr(job.result.notes[0], providers[i].type));
        job_end(&job);
    }
}


static void
test_draft(void **state)
{
    job_t   job;
    size_t  i;

    static const char *const  drafts[] = {
        "\"draft\":true", "\"title\":\"Draft: Promote", "\"title\":\"WIP: P",
        "\"draft\":true", "\"draft\":true", "\"isDraft\":true"
    };

    for (i = 0; i < PROVIDERS; i++) {
        server_reset(server);
        server_add(server, providers[i].find, providers[i].none_status,
                   providers[i].none);
        server_add(server, providers[i].open, "201 Created",
                   providers[i].opened);

        job_start(&job, server, providers[i].type);
        job.task.draft = 1;
        ends(&job, PM_FORGE_DONE, 0);
        assert_non_null(strstr(server->requests[1].body, drafts[i]));
        job_end(&job);
    }
}


/* A try that comes late: another promotion has put its commit onto the head
 * branch, and its words into the pull request. */

static void
test_replaced_meanwhile(void **state)
{
    job_t   job;
    size_t  i, again;

    for (i = 0; i < PROVIDERS; i++) {
        for (again = 0; again <= 1; again++) {
            server_reset(server);
            server_add(server, providers[i].find, "200 OK",
                       providers[i].list);
            server_add(server, providers[i].look, "200 OK", providers[i].one);
            server_add(server, providers[i].update, "200 OK",
                       providers[i].one);

            job_start(&job, server, providers[i].type);
            job.task.commit = "fedcba9876543210fedcba9876543210fedcba98";
            job.task.again = again;
            ends(&job, PM_FORGE_DONE, 7);
            assert_int_equal(job.result.state, PM_FORGE_OPEN);

            /* providers may be late to see a commit that was just pushed */

            assert_int_equal(job.result.updated, !again);
            assert_int_equal(job.result.nnotes, again);
            job_end(&job);
        }
    }
}


/* GitLab does what a line of a description says, with the token's rights:
 * "/merge" of a client is to be read, not to be done. */

static void
test_commands(void **state)
{
    job_t   job;
    size_t  i, step;

    static const char  text[] = "/merge\n  /approve\nsee a/b\n\r/close\n"
                                "\t/label ~x\nend /close";

    for (i = 0; i < PROVIDERS; i++) {
        for (step = 1; step <= 2; step++) {
            server_reset(server);
            server_add(server, providers[i].find,
                       step == 1 ? providers[i].none_status : "200 OK",
                       step == 1 ? providers[i].none : providers[i].list);
            server_add(server, providers[i].open, "201 Created",
                       providers[i].opened);
            server_add(server, providers[i].look, "200 OK", providers[i].one);
            server_add(server, providers[i].update, "200 OK",
                       providers[i].one);

            job_start(&job, server, providers[i].type);
            job.task.body = text;
            ends(&job, PM_FORGE_DONE, 0);
            assert_non_null(strstr(
                server->requests[server->nrequests - 1].body,
                strcmp(providers[i].type, "gitlab") == 0
                ? "\"\\\\/merge\\n  \\\\/approve\\nsee a/b\\n\\r\\\\/close"
                  "\\n\\t\\\\/label ~x\\nend /close\""
                : "\"/merge\\n  /approve\\nsee a/b\\n\\r/close\\n"
                  "\\t/label ~x\\nend /close\""));
            job_end(&job);
        }
    }
}


/* A text that is longer than what the provider takes is cut, whole characters
 * only, and the record says so. */

static void
test_long_texts(void **state)
{
    job_t         job;
    char         *body;
    size_t        i;
    json_t       *sent;
    const char   *text;

    body = calloc(1, 12004);

    for (i = 0; i < 12000; i += 3) {
        memcpy(body + i, "\xe2\x82\xac", 3);
    }

    memcpy(body + i, "!", 2);

    server_reset(server);
    server_add(server, providers[5].find, "200 OK", providers[5].none);
    server_add(server, providers[5].open, "201 Created",
               providers[5].opened);

    job_start(&job, server, "azure");
    job.task.body = body;
    ends(&job, PM_FORGE_DONE, 0);
    assert_string_equal(job.result.notes[0], "the description was cut to the "
                        "4000 characters that azure takes");

    sent = json_loads(server->requests[1].body, 0, NULL);
    text = json_string_value(json_object_get(sent, "description"));
    assert_non_null(text);
    assert_int_equal(strlen(text), 4000 * 3);
    assert_string_equal(text + 3999 * 3, "\xe2\x80\xa6");
    json_decref(sent);

    job_end(&job);
    free(body);
}


/* Somebody else opened it between our look and our call. */

typedef struct {
    size_t       provider;
    const char  *none;           /* answer to find, before; NULL: the
                                    provider's */
    const char  *again;          /* the error has no number: how it is looked
                                    for again ("": as before); else NULL */
    const char  *status;         /* of the request that opens */
    const char  *error;
    size_t       requests;
} duplicate_t;


static const duplicate_t  duplicates[] = {
    { 0, "[]", "GET /repos/acme/apps/pulls?state=open&base=main&sort",
      "422 Unprocessable",
      "{\"message\":\"Validation Failed\",\"errors\":[{\"message\":"
      "\"A pull request already exists for acme:promote/qa.\"}]}", 4 },

    { 1, "[]", NULL, "409 Conflict",
      "{\"message\":[\"Another open merge request already exists for "
      "this source branch: !7\"]}", 4 },

    /* Gitea shows a closed one of the two; its error names the open one */

    { 2, GITEA("3", "closed", ""), NULL, "409 Conflict",
      "{\"message\":\"pull request already exists for these targets "
      "[id: 70, issue_id: 7, head_repo_id: 1, base_repo_id: 1, "
      "head_branch: promote/qa, base_branch: main]\"}", 4 },

    { 4, NULL, NULL, "409 Conflict",
      "{\"errors\":[{\"context\":null,\"message\":\"Only one pull "
      "request may be open for a given source and target branch\","
      "\"exceptionName\":\"com.atlassian.bitbucket.pull."
      "DuplicatePullRequestException\",\"existingPullRequest\":"
      "{\"id\":7,\"version\":0}}]}", 4 },

    { 5, NULL, "", "409 Conflict",
      "{\"message\":\"TF401179: An active pull request for the "
      "source and target branch already exists.\"}", 4 },

    { 3, NULL, "", "400 Bad Request",
      "{\"type\":\"error\",\"error\":{\"message\":\"A pull request "
      "already exists for these branches\"}}", 5 }
};

#define DUPLICATES  (sizeof(duplicates) / sizeof(duplicates[0]))


static void
test_duplicates(void **state)
{
    job_t               job;
    size_t              i;
    const provider_t   *p;
    const duplicate_t  *d;

    for (i = 0; i < DUPLICATES; i++) {
        d = &duplicates[i];
        p = &providers[d->provider];

        server_reset(server);
        server_add(server, p->find, "200 OK", d->none ? d->none : p->none);
        server->rules[0].times = 1;

        if (d->again != NULL) {
            server_add(server, *d->again ? d->again : p->find, "200 OK",
                       p->list);
        }

        server_add(server, p->open, d->status, d->error);
        server_add(server, p->look, "200 OK", p->one);
        server_add(server, p->update, "200 OK", p->one);

        job_start(&job, server, p->type);
        ends(&job, PM_FORGE_DONE, 7);
        assert_int_equal(job.result.opened, 0);
        asked_in_all(d->requests);
        job_end(&job);
    }
}


/* A duplicate that nobody can find is no endless loop, and no second one. */

static void
test_duplicate_that_hides(void **state)
{
    job_t  job;

    server_reset(server);
    server_add(server, "GET /repos/acme/apps/pulls?", "200 OK", "[]");
    server_add(server, providers[0].open, "422 Unprocessable",
               "{\"message\":\"Validation Failed\",\"errors\":[{\"message\":"
               "\"A pull request already exists for acme:promote/qa.\"}]}");

    job_start(&job, server, "github");
    ends(&job, PM_FORGE_LATER, 0);
    assert_true(server->nrequests < 10);
    job_end(&job);
}


/* Bitbucket Data Center: somebody edited it between our look and our call */

static void
test_stale(void **state)
{
    job_t  job;

    server_reset(server);
    server_add(server, providers[4].find, "200 OK", providers[4].list);
    server_add(server, providers[4].update, "409 Conflict",
               "{\"errors\":[{\"message\":\"out of date\",\"exceptionName\":"
               "\"com.atlassian.bitbucket.pull."
               "PullRequestOutOfDateException\"}]}");
    server->rules[1].times = 1;
    server_add(server, providers[4].update, "200 OK", providers[4].one);

    job_start(&job, server, "bitbucket_server");
    ends(&job, PM_FORGE_DONE, 7);
    asked_in_all(4);
    job_end(&job);
}


/* It was closed between our look and our update: another one is opened. */

static void
test_closed_meanwhile(void **state)
{
    job_t   job;
    size_t  i;

    /* refused, or answered with what it is now */

    for (i = 0; i < 2; i++) {
        server_reset(server);
        server_add(server, providers[0].find, "200 OK", providers[0].list);
        server->rules[0].times = 1;
        server_add(server, providers[0].find, "200 OK", "[]");
        server_add(server, providers[0].update,
                   i ? "200 OK" : "422 Unprocessable",
                   i ? GITHUB("7", "closed", "") : "{\"message\":\"no\"}");
        server_add(server, providers[0].open, "201 Created",
                   providers[0].opened);

        job_start(&job, server, "github");
        ends(&job, PM_FORGE_DONE, 8);
        assert_int_equal(job.result.opened, 1);
        asked_in_all(4);
        job_end(&job);
    }

    /* refused because of what it is to be: final, soon */

    server_reset(server);
    server_add(server, providers[0].find, "200 OK", providers[0].list);
    server_add(server, providers[0].update, "422 Unprocessable",
               "{\"message\":\"no\"}");

    job_start(&job, server, "github");
    ends(&job, PM_FORGE_FAILED, 7);
    asked_in_all(4);
    job_end(&job);

    /* merged: that was what was wanted */

    server_reset(server);
    server_add(server, providers[0].find, "200 OK", providers[0].list);
    server_add(server, providers[0].update, "200 OK",
               GITHUB("7", "closed", ",\"merged\":true,"
               "\"merge_commit_sha\":\"aaaaaaaaaa\""));

    job_start(&job, server, "github");
    ends(&job, PM_FORGE_DONE, 0);
    assert_int_equal(job.result.state, PM_FORGE_MERGED);
    asked_in_all(2);
    job_end(&job);
}


static void
test_nothing_between(void **state)
{
    job_t              job;
    size_t             i;
    const provider_t  *p;

    for (i = 0; i < PROVIDERS; i++) {
        p = &providers[i];

        if (p->empty == NULL) {
            continue;
        }

        server_reset(server);
        server_add(server, p->find, p->none_status, p->none);
        server_add(server, p->merged, "200 OK",
                   strcmp(p->type, "gitea") == 0 ? "[]" : p->none);
        server_add(server, p->open, p->empty_status, p->empty);

        job_start(&job, server, p->type);
        ends(&job, PM_FORGE_FAILED, 0);
        assert_int_equal(job.result.error.code, PM_NO_CHANGES);
        asked_in_all(3);
        job_end(&job);
    }
}


/* An earlier try's answer was lost, and what it opened was merged since. */

static void
test_merged_meanwhile(void **state)
{
    job_t              job;
    size_t             i;
    const provider_t  *p;

    for (i = 0; i < PROVIDERS; i++) {
        p = &providers[i];

        server_reset(server);
        server_add(server, p->find, p->none_status, p->none);
        server_add(server, p->merged, "200 OK", p->gone);

        job_start(&job, server, p->type);
        job.task.again = 1;
        ends(&job, PM_FORGE_DONE, 7);
        assert_int_equal(job.result.state, PM_FORGE_MERGED);
        assert_string_equal(job.result.merge_commit, "aaaaaaaaaa");
        assert_int_equal(job.result.opened, 0);
        asked_in_all(2);
        job_end(&job);

        /* of another commit: not ours, ours is opened */

        server_add(server, p->open, "201 Created", p->opened);

        job_start(&job, server, p->type);
        job.task.again = 1;
        job.task.commit = "ffff456789abcdef0123456789abcdef01234567";
        ends(&job, PM_FORGE_DONE, 8);
        job_end(&job);

        /* not told that it is another try, but there is nothing between */

        if (p->empty == NULL) {
            continue;
        }

        server_reset(server);
        server_add(server, p->find, p->none_status, p->none);
        server_add(server, p->merged, "200 OK", p->gone);
        server_add(server, p->open, p->empty_status, p->empty);

        job_start(&job, server, p->type);
        ends(&job, PM_FORGE_DONE, 0);
        assert_int_equal(job.result.state, PM_FORGE_MERGED);
        asked_in_all(3);
        job_end(&job);
    }
}


typedef struct {
    size_t             provider;
    const char        *answer;
    pm_forge_state_t   state;
    const char        *merge_commit;
} look_t;


static const look_t  looks[] = {
    { 0, GITHUB("7", "open", ",\"merged\":false"), PM_FORGE_OPEN, NULL },
    { 0, GITHUB("7", "closed", ",\"merged\":false,\"merge_commit_sha\":"
      "\"aaaaaaaaaa\""), PM_FORGE_CLOSED, NULL },
    { 0, GITHUB("7", "closed", ",\"merged\":true,\"merge_commit_sha\":"
      "\"aaaaaaaaaa\""), PM_FORGE_MERGED, "aaaaaaaaaa" },
    { 1, GITLAB("7", "opened", ""), PM_FORGE_OPEN, NULL },
    { 1, GITLAB("7", "locked", ""), PM_FORGE_OPEN, NULL },
    { 1, GITLAB("7", "closed", ""), PM_FORGE_CLOSED, NULL },
    { 1, GITLAB("7", "merged", ",\"merge_commit_sha\":\"bbbbbbbbbb\""),
      PM_FORGE_MERGED, "bbbbbbbbbb" },
    { 1, GITLAB("7", "merged", ""), PM_FORGE_MERGED, COMMIT },
    { 2, GITEA("7", "open", ",\"merged\":false"), PM_FORGE_OPEN, NULL },
    { 2, GITEA("7", "closed", ",\"merged\":false"), PM_FORGE_CLOSED, NULL },
    { 2, GITEA("7", "closed", ",\"merged\":true,\"merge_commit_sha\":"
      "\"cccccccccc\""), PM_FORGE_MERGED, "cccccccccc" },
    { 3, BITBUCKET("7", "OPEN", ""), PM_FORGE_OPEN, NULL },
    { 3, BITBUCKET("7", "DECLINED", ""), PM_FORGE_CLOSED, NULL },
    { 3, BITBUCKET("7", "SUPERSEDED", ""), PM_FORGE_CLOSED, NULL },
    { 3, BITBUCKET("7", "MERGED", ",\"merge_commit\":{\"hash\":"
      "\"dddddddddddd\"}"), PM_FORGE_MERGED, "dddddddddddd" },
    { 4, SERVER("7", "OPEN", ""), PM_FORGE_OPEN, NULL },
    { 4, SERVER("7", "DECLINED", ""), PM_FORGE_CLOSED, NULL },
    { 4, SERVER("7", "MERGED", ",\"properties\":{\"mergeCommit\":{\"id\":"
      "\"eeeeeeeeee\"}}"), PM_FORGE_MERGED, "eeeeeeeeee" },
    { 5, AZURE("7", "active", ",\"lastMergeCommit\":{\"commitId\":"
      "\"ffffffffff\"}"), PM_FORGE_OPEN, NULL },
    { 5, AZURE("7", "abandoned", ""), PM_FORGE_CLOSED, NULL },
    { 5, AZURE("7", "completed", ",\"lastMergeCommit\":{\"commitId\":"
      "\"ffffffffff\"}"), PM_FORGE_MERGED, "ffffffffff" },
    { 0, GITHUB("7", "closed", ",\"merged\":true,\"merge_commit_sha\":"
      "\"not hex\""), PM_FORGE_MERGED, NULL }
};


static void
test_look(void **state)
{
    job_t   job;
    size_t  i;

    for (i = 0; i < sizeof(looks) / sizeof(looks[0]); i++) {
        server_reset(server);
        server_add(server, providers[looks[i].provider].look, "200 OK",
                   looks[i].answer);

        job_start(&job, server, providers[looks[i].provider].type);
        job.task.action = PM_FORGE_LOOK;
        job.task.number = 7;
        ends(&job, PM_FORGE_DONE, 7);
        assert_int_equal(job.result.state, looks[i].state);

        if (looks[i].merge_commit == NULL) {
            assert_null(job.result.merge_commit);

        } else {
            assert_string_equal(job.result.merge_commit,
                                looks[i].merge_commit);
        }

        asked_in_all(1);
        job_end(&job);
    }
}


static void
test_redirects_are_not_followed(void **state)
{
    job_t      job;
    char       location[128];
    size_t     i;
    server_t  *other;

    static const char *const  statuses[] = {
        "301 Moved", "302 Found", "303 See Other", "307 Temporary",
        "308 Permanent"
    };

    other = server_start();
    server_add(other, "GET ", "200 OK", "[]");
    server_add(other, "POST ", "201 Created", providers[0].opened);

    (void) snprintf(location, sizeof(location),
                    "Location: http://localhost:%d/repos/acme/apps/pulls\r\n",
                    other->port);

    for (i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
        server_reset(server);
        server_add(server, "GET ", statuses[i], "{\"message\":\"Moved\"}");
        server->rules[0].headers = location;

        job_start(&job, server, "github");
        ends(&job, PM_FORGE_FAILED, 0);
        assert_non_null(strstr(job.result.error.message, "redirects"));
        asked_in_all(1);
        job_end(&job);

        server_reset(server);
        server_add(server, "GET ", "200 OK", "[]");
        server_add(server, "POST ", statuses[i], "{\"message\":\"Moved\"}");
        server->rules[1].headers = location;

        job_start(&job, server, "github");
        ends(&job, PM_FORGE_FAILED, 0);
        job_end(&job);
    }

    assert_int_equal(other->npeers, 0);
    server_stop(other);
}


/* What an answer can do, at each step: it is LATER, and never a second try of
 * what opens. */

static void
test_bad_answers(void **state)
{
    job_t     job;
    size_t    i, j, posts;
    rule_t   *rule;

    static const struct {
        fault_t      fault;
        const char  *status;
        const char  *body;
        const char  *message;
        pm_code_t    code;
    } bad[] = {
        { CUT, "201 Created", GITHUB("8", "open", ""), "broke", PM_REMOTE },
        { GONE, "", "", "broke", PM_REMOTE },
        { SILENT, "", "", "did not answer in time", PM_TIMEOUT },
        { DRIP, "200 OK", "[]", "did not answer in time", PM_TIMEOUT },
        { HUGE_BODY, "200 OK", "", "too large", PM_REMOTE },
        { HUGE_HEAD, "200 OK", "", "too large", PM_REMOTE },
        { FINE, "201 Created", "{\"number\":", "cannot be read", PM_REMOTE },
        { FINE, "201 Created", "<html>", "cannot be read", PM_REMOTE },
        { FINE, "201 Created", "", "cannot be read", PM_REMOTE },
        { FINE, "201 Created", "{}", "cannot be read", PM_REMOTE },
        { FINE, "201 Created", "{\"number\":-1,\"state\":\"open\"}",
          "cannot be read", PM_REMOTE },
        { FINE, "500 Internal", "{}", "HTTP 500", PM_REMOTE },
        { FINE, "502 Bad Gateway", "<html>", "HTTP 502", PM_REMOTE },
        { FINE, "503 Unavailable", "", "HTTP 503", PM_REMOTE },
        { FINE, "599 Odd", "", "HTTP 599", PM_REMOTE },
        { FINE, "408 Timeout", "", "HTTP 408", PM_REMOTE }
    };

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        for (j = 0; j < 2; j++) {
            server_reset(server);

            if (j == 1) {
                server_add(server, "GET ", "200 OK", "[]");
            }

            server_add(server, j ? "POST " : "GET ", bad[i].status,
                       bad[i].body);
            rule = &server->rules[server->nrules - 1];
            rule->fault = bad[i].fault;

            job_start(&job, server, "github");
            job.settings.timeout = (bad[i].fault == DRIP) ? 700 : 10000;
            job.settings.idle_timeout = (bad[i].fault == SILENT) ? 300 : 5000;
            job_run(&job);

            if (job.result.outcome != PM_FORGE_LATER
                || strstr(job.result.error.message, bad[i].message) == NULL
                || job.result.error.code != bad[i].code)
            {
                fail_msg("row %zu, %zu: %d %s", i, j, job.result.outcome,
                         job.result.error.message);
            }

            for (posts = 0; server->nrequests > 0; server->nrequests--) {
                posts += (strncmp(server->requests[server->nrequests - 1].line,
                                  "POST", 4) == 0);
                free(server->requests[server->nrequests - 1].body);
            }

            assert_int_equal(posts, j);
            job_end(&job);
        }
    }
}


static void
test_unreachable(void **state)
{
    job_t      job;
    server_t  *gone;

    gone = server_start();
    job_start(&job, gone, "gitea");
    server_stop(gone);

    ends(&job, PM_FORGE_LATER, 0);
    assert_non_null(strstr(job.result.error.message, "cannot connect to "
                           "127.0.0.1:"));
    assert_non_null(strstr(job.result.error.message, "refused"));
    job_end(&job);
}


/* Plain HTTP where TLS is expected: no token leaves. */

static void
test_no_tls(void **state)
{
    char    api[64];
    job_t   job;

    server_reset(server);
    job_start(&job, server, "gitea");

    (void) snprintf(api, sizeof(api), "https://127.0.0.1:%d", server->port);
    job.host.api = api;

    job.settings.idle_timeout = 500;

    ends(&job, PM_FORGE_LATER, 0);
    asked_in_all(0);
    job_end(&job);
}


static void
test_no_token(void **state)
{
    job_t   job;
    size_t  i;

    static const char *const  tokens[] = {
        NULL, "", "two words", "line\r\nX-Injected: yes", "t\xc3\xb6ken"
    };

    for (i = 0; i < sizeof(tokens) / sizeof(tokens[0]); i++) {
        server_reset(server);
        job_start(&job, server, "github");
        job.task.token = tokens[i];
        ends(&job, PM_FORGE_FAILED, 0);
        assert_non_null(strstr(job.result.error.message,
                               "promotions_credentials"));
        asked_in_all(0);
        job_end(&job);
    }
}


/* JSON could not carry it. */

static void
test_not_utf8(void **state)
{
    job_t   job;
    size_t  i;

    static const char *const  labels[] = { "a\xff" };

    for (i = 0; i < 6; i++) {
        server_reset(server);
        job_start(&job, server, "github");

        switch (i) {
        case 0:
            job.task.head = "a\xff";
            break;
        case 1:
            job.task.base = "a\xff";
            break;
        case 2:
            job.task.title = "a\xff";
            break;
        case 3:
            job.task.body = "a\xff";
            break;
        case 4:
            job.task.labels = labels;
            job.task.nlabels = 1;
            break;
        default:
            job.task.reviewers = labels;
            job.task.nreviewers = 1;
        }

        ends(&job, PM_FORGE_FAILED, 0);
        assert_int_equal(job.result.error.code, PM_INVALID);
        asked_in_all(0);
        job_end(&job);
    }
}


static void
test_account_token_of_bitbucket(void **state)
{
    job_t  job;

    server_reset(server);
    server_add(server, providers[3].find, "200 OK", providers[3].none);
    server_add(server, providers[3].open, "201 Created",
               providers[3].opened);

    job_start(&job, server, "bitbucket");
    job.task.user = "ann@example.com";
    job.task.token = "secret-of-ann";
    ends(&job, PM_FORGE_DONE, 0);
    assert_string_equal(server->requests[0].authorization,
                        "Basic YW5uQGV4YW1wbGUuY29tOnNlY3JldC1vZi1hbm4=");
    job_end(&job);
}


#define MANY  24


static void
test_batch(void **state)
{
    job_t              job;
    size_t             i;
    struct timespec    a, b;
    pm_forge_task_t    tasks[MANY];
    pm_forge_result_t  results[MANY];

    server_reset(server);
    server_add(server, "GET ", "200 OK", "[]");
    server_add(server, "POST ", "201 Created", providers[0].opened);
    server->rules[1].fault = SLOW;

    job_start(&job, server, "github");
    job.settings.connections = 6;

    for (i = 0; i < MANY; i++) {
        tasks[i] = job.task;
    }

    (void) clock_gettime(CLOCK_MONOTONIC, &a);
    pm_forge_run(job.arena, &job.settings, tasks, results, MANY);
    (void) clock_gettime(CLOCK_MONOTONIC, &b);

    for (i = 0; i < MANY; i++) {
        assert_int_equal(results[i].outcome, PM_FORGE_DONE);
    }

    /* several at once, no more than allowed, on connections that are kept */

    asked_in_all(2 * MANY);
    assert_in_range(server->busiest, 3, 6);
    assert_true(b.tv_sec - a.tv_sec < MANY / 5);
    job_end(&job);
}


/* One that was told to wait speaks for the others of that host. */

static void
test_limit_stops_the_batch(void **state)
{
    job_t              job;
    size_t             i;
    pm_forge_task_t    tasks[MANY];
    pm_forge_result_t  results[MANY];

    server_reset(server);
    server_add(server, "GET ", "429 Too Many Requests",
               "{\"message\":\"slow down\"}");
    server->rules[0].headers = "Retry-After: 17\r\n";

    job_start(&job, server, "github");
    job.settings.connections = 2;

    for (i = 0; i < MANY; i++) {
        tasks[i] = job.task;
    }

    pm_forge_run(job.arena, &job.settings, tasks, results, MANY);

    for (i = 0; i < MANY; i++) {
        assert_int_equal(results[i].outcome, PM_FORGE_LATER);
        assert_in_range(results[i].after, 10, 17);
    }

    assert_in_range(server->nrequests, 1, 2);
    job_end(&job);
}


/* What is remembered between runs: by API and token, as long as it was asked
 * for. */

static void
test_limit_is_remembered(void **state)
{
    job_t                   job;
    size_t                  i, before;
    char                    tokens[70][16];
    pm_error_t              err;
    pm_forge_limits_t      *limits;
    pm_forge_repository_t   repository;
    pm_forge_host_t         host;

    server_reset(server);
    server_add(server, "GET ", "429 Too Many Requests",
               "{\"message\":\"slow down\"}");
    server->rules[0].headers = "Retry-After: 1000\r\n";

    assert_int_equal(pm_forge_limits_create(&limits, &err), 0);

    job_start(&job, server, "github");
    job.settings.limits = limits;

    job_run(&job);
    assert_int_equal(job.result.outcome, PM_FORGE_LATER);
    assert_int_equal(job.result.after, 1000);
    before = server->nrequests;

    job_run(&job);
    assert_int_equal(job.result.outcome, PM_FORGE_LATER);
    assert_in_range(job.result.after, 900, 1000);
    assert_non_null(strstr(job.result.error.message, "asks to wait"));
    assert_null(strstr(job.result.error.message, job.task.token));

    job.task.action = PM_FORGE_LOOK;
    job.task.number = 7;
    job_run(&job);
    assert_int_equal(job.result.outcome, PM_FORGE_LATER);
    assert_int_equal(server->nrequests, before);

    /* another token, and another API, are asked */

    job.task.token = "another-t0ken";
    job_run(&job);
    assert_int_equal(server->nrequests, before + 1);

    host = *job.task.repository->forge;
    host.api = pm_arena_printf(job.arena, "%s/below", host.api);
    repository = *job.task.repository;
    repository.forge = &host;
    job.task.repository = &repository;
    job_run(&job);
    assert_int_equal(server->nrequests, before + 2);
    job_run(&job);
    assert_int_equal(server->nrequests, before + 2);

    /* of too many the one that is over first is forgotten */

    server->rules[0].headers = "Retry-After: 2000\r\n";

    for (i = 0; i < 70; i++) {
        (void) snprintf(tokens[i], sizeof(tokens[i]), "t0ken-%zu", i);
        job.task.token = tokens[i];
        job_run(&job);
    }

    assert_int_equal(server->nrequests, before + 72);
    job_run(&job);
    assert_int_equal(server->nrequests, before + 72);
    job.task.token = "another-t0ken";
    job_run(&job);
    assert_int_equal(server->nrequests, before + 73);

    /* a second is over soon */

    server->rules[0].headers = "Retry-After: 1\r\n";
    job.task.token = "short-t0ken";
    job_run(&job);
    assert_int_equal(server->nrequests, before + 74);
    (void) usleep(1100000);
    job_run(&job);
    assert_int_equal(server->nrequests, before + 75);

    pm_forge_limits_destroy(limits);
    pm_forge_limits_destroy(NULL);
    job_end(&job);
}


static void
test_time_for_all(void **state)
{
    job_t              job;
    size_t             i;
    pm_forge_task_t    tasks[MANY];
    pm_forge_result_t  results[MANY];

    server_reset(server);
    server_add(server, "GET ", "", "");
    server->rules[0].fault = SILENT;

    job_start(&job, server, "github");
    job.settings.timeout = 300;
    job.settings.connections = 2;

    for (i = 0; i < MANY; i++) {
        tasks[i] = job.task;
    }

    pm_forge_run(job.arena, &job.settings, tasks, results, MANY);

    for (i = 0; i < MANY; i++) {
        assert_int_equal(results[i].outcome, PM_FORGE_LATER);
        assert_int_equal(results[i].error.code, PM_TIMEOUT);
    }

    job_end(&job);

    /* no task at all */

    pm_forge_run(NULL, &job.settings, NULL, NULL, 0);
}


static int
setup(void **state)
{
    (void) curl_global_init(CURL_GLOBAL_DEFAULT);

    /* no proxy of the environment is asked */

    (void) setenv("http_proxy", "http://127.0.0.1:1", 1);

    server = server_start();

    return 0;
}


static int
teardown(void **state)
{
    server_stop(server);
    curl_global_cleanup();

    return 0;
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_open),
        cmocka_unit_test(test_update_in_place),
        cmocka_unit_test(test_nothing_to_update),
        cmocka_unit_test(test_others_are_not_ours),
        cmocka_unit_test(test_labels_and_reviewers),
        cmocka_unit_test(test_draft),
        cmocka_unit_test(test_replaced_meanwhile),
        cmocka_unit_test(test_commands),
        cmocka_unit_test(test_long_texts),
        cmocka_unit_test(test_duplicates),
        cmocka_unit_test(test_duplicate_that_hides),
        cmocka_unit_test(test_stale),
        cmocka_unit_test(test_closed_meanwhile),
        cmocka_unit_test(test_nothing_between),
        cmocka_unit_test(test_merged_meanwhile),
        cmocka_unit_test(test_look),
        cmocka_unit_test(test_redirects_are_not_followed),
        cmocka_unit_test(test_bad_answers),
        cmocka_unit_test(test_unreachable),
        cmocka_unit_test(test_no_tls),
        cmocka_unit_test(test_no_token),
        cmocka_unit_test(test_not_utf8),
        cmocka_unit_test(test_account_token_of_bitbucket),
        cmocka_unit_test(test_batch),
        cmocka_unit_test(test_limit_stops_the_batch),
        cmocka_unit_test(test_limit_is_remembered),
        cmocka_unit_test(test_time_for_all),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
