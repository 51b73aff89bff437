/*
 * What a provider's refusals mean: final, or for later, and when.  Statuses
 * and bodies are those of the providers' descriptions.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "server.h"
#include "task.h"


static server_t  *server;


typedef struct {
    const char           *type;
    const char           *status;
    const char           *headers;
    const char           *body;
    pm_forge_outcome_t    outcome;
    unsigned              after;
    const char           *message;
} row_t;


#define F  PM_FORGE_FAILED
#define L  PM_FORGE_LATER


/* answers to what opens, after nothing was found */

static const row_t  rows[] = {

    /* GitHub */
    { "github", "401 Unauthorized", NULL, "{\"message\":\"Bad credentials\"}",
      F, 0, "authentication failed for 127.0.0.1" },
    { "github", "403 Forbidden", NULL, "{\"message\":\"Resource not accessible"
      " by personal access token\"}", F, 0, "not accessible" },
    { "github", "403 Forbidden", NULL, "{\"message\":\"Repository was archived"
      " so is read-only.\"}", F, 0, "archived" },
    { "github", "403 Forbidden", "X-RateLimit-Remaining: 4999\r\n"
      "X-RateLimit-Reset: 1700000100\r\n", "{\"message\":\"Forbidden\"}", F,
      0, "HTTP 403" },
    { "github", "403 Forbidden", "X-RateLimit-Remaining: 0\r\n"
      "X-RateLimit-Reset: 1700000120\r\n", "{\"message\":\"API rate limit "
      "exceeded for user ID 1.\"}", L, 120, "too many requests" },
    { "github", "403 Forbidden", "Retry-After: 30\r\n", "{\"message\":\"You "
      "have exceeded a secondary rate limit.\"}", L, 30, "secondary" },
    { "github", "403 Forbidden", NULL, "{\"message\":\"You have exceeded a "
      "secondary rate limit. Please wait a few minutes\"}", L, 60,
      "secondary" },
    { "github", "403 Forbidden", NULL, "{\"message\":\"You have triggered an "
      "abuse detection mechanism.\"}", L, 60, "abuse" },
    { "github", "429 Too Many Requests", NULL, "{}", L, 60, "too many" },
    { "github", "429 Too Many Requests", "Retry-After: 5\r\n", "{}", L, 5,
      "too many" },
    { "github", "404 Not Found", NULL, "{\"message\":\"Not Found\"}", F, 0,
      "not found, or not for this token" },
    { "github", "410 Gone", NULL, "{\"message\":\"Gone\"}", F, 0, "Gone" },
    { "github", "422 Unprocessable", NULL, "{\"message\":\"Validation Failed\""
      ",\"errors\":[{\"resource\":\"PullRequest\",\"field\":\"base\","
      "\"code\":\"invalid\"}]}", F, 0, "Validation Failed: base: invalid" },
    { "github", "422 Unprocessable", NULL, "{\"message\":\"Draft pull requests"
      " are not supported in this repository.\"}", F, 0, "Draft" },
    { "github", "500 Oops", NULL, "{\"message\":\"Server Error\"}", L, 0,
      "Server Error" },
    { "github", "502 Bad Gateway", NULL, "<html>", L, 0, "HTTP 502" },
    { "github", "503 Unavailable", "Retry-After: 90\r\n", "{}", L, 90,
      "HTTP 503" },
    { "github", "503 Unavailable", "Retry-After: Tue, 14 Nov 2023 22:14:20 "
      "GMT\r\n", "{}", L, 60, "HTTP 503" },
    { "github", "504 Timeout", "Retry-After: 1000000\r\n", "", L, 3600,
      "HTTP 504" },

    /* GitLab */
    { "gitlab", "401 Unauthorized", NULL, "{\"message\":\"401 Unauthorized\"}",
      F, 0, "authentication failed" },
    { "gitlab", "403 Forbidden", NULL, "{\"message\":\"403 Forbidden\"}", F, 0,
      "403 Forbidden" },
    { "gitlab", "403 Forbidden", NULL, "{\"error\":\"insufficient_scope\","
      "\"error_description\":\"The request requires higher privileges than "
      "provided by the access token.\",\"scope\":\"api\"}", F, 0,
      "insufficient_scope: The request requires" },
    { "gitlab", "404 Not Found", NULL, "{\"message\":\"404 Project Not Found\""
      "}", F, 0, "404 Project Not Found" },
    { "gitlab", "400 Bad Request", NULL, "{\"error\":\"title is missing\"}", F,
      0, "title is missing" },
    { "gitlab", "400 Bad Request", NULL, "{\"message\":{\"validate_fork\":"
      "[\"is not allowed\"]}}", F, 0, "validate_fork: is not allowed" },
    { "gitlab", "409 Conflict", NULL, "{\"message\":[\"Cannot create: This "
      "merge request is locked\"]}", F, 0, "is locked" },
    { "gitlab", "422 Unprocessable", NULL, "{\"message\":\"Branch \\\"x\\\" "
      "does not exist\"}", F, 0, "does not exist" },
    { "gitlab", "429 Too Many Requests", NULL, "Retry later", L, 60,
      "too many" },
    { "gitlab", "429 Too Many Requests", "RateLimit-Remaining: 0\r\n"
      "RateLimit-Reset: 1700000045\r\n", "", L, 45, "too many" },
    { "gitlab", "429 Too Many Requests", "Retry-After: 12\r\n"
      "RateLimit-Remaining: 0\r\nRateLimit-Reset: 1700000045\r\n", "", L, 12,
      "too many" },
    { "gitlab", "502 Bad Gateway", NULL, "<html>GitLab is not responding", L,
      0, "HTTP 502" },

    /* Gitea, Forgejo */
    { "gitea", "401 Unauthorized", NULL, "{\"message\":\"token is required\"}",
      F, 0, "token is required" },
    { "gitea", "403 Forbidden", NULL, "{\"message\":\"token does not have at "
      "least one of required scope(s): [write:repository]\"}", F, 0,
      "required scope" },
    { "gitea", "404 Not Found", NULL, "{\"errors\":null,\"message\":\"The "
      "target couldn't be found.\",\"url\":\"https://x/api/swagger\"}", F, 0,
      "couldn't be found" },
    { "gitea", "409 Conflict", NULL, "{\"message\":\"conflict\"}", F, 0,
      "conflict" },
    { "gitea", "422 Unprocessable", NULL, "{\"message\":\"Invalid PullRequest:"
      " base and head must be branches\"}", F, 0, "must be branches" },
    { "gitea", "423 Locked", NULL, "{\"message\":\"This repository is archived"
      "\"}", F, 0, "archived" },
    { "gitea", "500 Internal", NULL, "{\"message\":\"\"}", L, 0, "HTTP 500" },

    /* Bitbucket Cloud */
    { "bitbucket", "401 Unauthorized", NULL, "{\"type\":\"error\",\"error\":"
      "{\"message\":\"Token is invalid or not supported\"}}", F, 0,
      "Token is invalid" },
    { "bitbucket", "403 Forbidden", NULL, "{\"type\":\"error\",\"error\":"
      "{\"message\":\"Your credentials lack one or more required privilege "
      "scopes.\",\"detail\":{\"required\":[\"pullrequest:write\"]}}}", F, 0,
      "required privilege scopes" },
    { "bitbucket", "404 Not Found", NULL, "{\"type\":\"error\",\"error\":"
      "{\"message\":\"Repository acme/apps not found\"}}", F, 0,
      "acme/apps not found" },
    { "bitbucket", "400 Bad Request", NULL, "{\"type\":\"error\",\"error\":"
      "{\"fields\":{\"source\":[\"branch not found: promote/qa\"]},"
      "\"message\":\"Bad request\"}}", F, 0,
      "Bad request: source: branch not found" },
    { "bitbucket", "429 Too Many Requests", NULL, "Rate limit for this "
      "resource has been exceeded", L, 60, "too many" },
    { "bitbucket", "555 Timeout", NULL, "{\"type\":\"error\"}", L, 0,
      "HTTP 555" },

    /* Bitbucket Data Center */
    { "bitbucket_server", "401 Unauthorized", NULL, "{\"errors\":[{\"context\""
      ":null,\"message\":\"You are not permitted to access this resource\","
      "\"exceptionName\":\"com.atlassian.bitbucket.AuthorisationException\"}]}",
      F, 0, "not permitted" },
    { "bitbucket_server", "404 Not Found", NULL, "{\"errors\":[{\"message\":"
      "\"Repository ACME/apps does not exist.\",\"exceptionName\":"
      "\"com.atlassian.bitbucket.repository.NoSuchRepositoryException\"}]}", F,
      0, "does not exist" },
    { "bitbucket_server", "409 Conflict", NULL, "{\"errors\":[{\"message\":"
      "\"The repository is archived\",\"exceptionName\":"
      "\"com.atlassian.bitbucket.repository.RepositoryArchivedException\"}]}",
      F, 0, "archived" },
    { "bitbucket_server", "400 Bad Request", NULL, "{\"errors\":[{\"context\":"
      "\"title\",\"message\":\"The title is required\",\"exceptionName\":null}"
      "]}", F, 0, "title is required" },
    { "bitbucket_server", "429 Too Many Requests", "Retry-After: 2\r\n", "{}",
      L, 2, "too many" },
    { "bitbucket_server", "503 Unavailable", NULL, "", L, 0, "HTTP 503" },

    /* Azure DevOps */
    { "azure", "401 Unauthorized", NULL, "", F, 0, "authentication failed" },
    { "azure", "203 Non-Authoritative", NULL, "<html>Sign In</html>", F, 0,
      "authentication failed" },
    { "azure", "302 Found", "Location: https://app.vssps.example/_signin\r\n",
      "<html>", F, 0, "redirects" },
    { "azure", "403 Forbidden", NULL, "{\"message\":\"TF401027: You need the "
      "Git 'PullRequestContribute' permission\"}", F, 0, "TF401027" },
    { "azure", "404 Not Found", NULL, "{\"message\":\"TF401019: The Git "
      "repository with name or identifier apps does not exist\"}", F, 0,
      "TF401019" },
    { "azure", "400 Bad Request", NULL, "{\"message\":\"TF401398: The pull "
      "request cannot be activated because the source and/or the target "
      "branch no longer exists\"}", F, 0, "TF401398" },
    { "azure", "429 Too Many Requests", "Retry-After: 33\r\n", "", L, 33,
      "too many" },
    { "azure", "503 Unavailable", "X-RateLimit-Remaining: 0\r\n"
      "X-RateLimit-Reset: 1700000010\r\n", "", L, 10, "HTTP 503" },

    /* what no description has */
    { "github", "429 Too Many", "Retry-After: soon\r\n", "{}", L, 60,
      "too many" },
    { "github", "429 Too Many", "Retry-After: -5\r\n", "{}", L, 60,
      "too many" },
    { "github", "429 Too Many", "Retry-After: 0\r\n", "{}", L, 60,
      "too many" },
    { "github", "429 Too Many", "Retry-After: 99999999999999999999\r\n", "{}",
      L, 60, "too many" },
    { "github", "429 Too Many", "Retry-After: Tue, 14 Nov 2000 22:14:20 GMT"
      "\r\n", "{}", L, 1, "too many" },
    { "github", "429 Too Many", "X-RateLimit-Remaining: 0\r\n"
      "X-RateLimit-Reset: 1600000000\r\n", "{}", L, 1, "too many" },
    { "github", "429 Too Many", "X-RateLimit-Remaining: 0\r\n"
      "X-RateLimit-Reset: 30\r\n", "{}", L, 30, "too many" },
    { "github", "418 Teapot", NULL, "{\"message\":{\"a\":{\"b\":[{\"c\":1}]},"
      "\"d\":null},\"errors\":[1,null,[],{}]}", F, 0, "HTTP 418" },
    { "github", "400 Bad", NULL, "[]", F, 0, "HTTP 400" },
    { "github", "400 Bad", NULL, "{\"message\":\"" TOKEN " is no token: "
      TOKEN "\"}", F, 0, " is no token: *****" },
    { "github", "400 Bad", NULL, "{\"message\":\"a\\nb\\u0000\"}", F, 0,
      "HTTP 400" }
};


static void
test_refusals(void **state)
{
    job_t         job;
    size_t        i;
    const row_t  *row;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        row = &rows[i];

        server_reset(server);
        server_add(server, "GET /repos/acme/apps/pulls/main/",
                   "404 Not Found", "{}");
        server_add(server, "GET ", "200 OK",
                   strcmp(row->type, "azure") == 0 ? "{\"value\":[]}"
                   : strncmp(row->type, "bitbucket", 9) == 0
                   ? "{\"values\":[]}" : "[]");
        server_add(server, "POST ", row->status, row->body);
        server->rules[2].headers = row->headers;

        job_start(&job, server, row->type);
        job_run(&job);

        /* a second may pass before an absolute time is looked at */

        if (job.result.outcome != row->outcome
            || strstr(job.result.error.message, row->message) == NULL
            || job.result.after > row->after
            || job.result.after + 2 < row->after
            || (row->after > 0 && job.result.after == 0))
        {
            fail_msg("row %zu: outcome %d, after %u, %s", i,
                     job.result.outcome, job.result.after,
                     job.result.error.message);
        }

        job_end(&job);
    }
}


/* Where it is looked for, and where it is updated, they mean the same. */

static void
test_at_each_step(void **state)
{
    job_t   job;
    size_t  i, step;

    static const char  found[] =
        "[{\"number\":7,\"state\":\"open\",\"head\":{\"ref\":\"promote/qa\"},"
        "\"base\":{\"ref\":\"main\"}}]";

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (strcmp(rows[i].type, "github") != 0) {
            continue;
        }

        for (step = 0; step < 3; step++) {
            server_reset(server);

            if (step == 0) {
                server_add(server, "GET ", rows[i].status, rows[i].body);

            } else if (step == 1) {
                server_add(server, "PATCH ", rows[i].status, rows[i].body);

            } else {
                server_add(server, "GET /repos/acme/apps/pulls/7 ",
                           rows[i].status, rows[i].body);
            }

            server->rules[0].headers = rows[i].headers;
            server_add(server, "GET ", "200 OK", found);

            job_start(&job, server, "github");

            if (step == 2) {
                job.task.action = PM_FORGE_LOOK;
                job.task.number = 7;
            }

            job_run(&job);

            assert_int_equal(job.result.outcome, rows[i].outcome);

            /* what is known of it is told nevertheless */

            assert_int_equal(job.result.number, step == 1 ? 7 : 0);
            job_end(&job);
        }
    }
}


static int
setup(void **state)
{
    (void) curl_global_init(CURL_GLOBAL_DEFAULT);

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
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_at_each_step),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
