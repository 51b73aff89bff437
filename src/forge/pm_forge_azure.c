/*
 * Azure DevOps (Services and Server).  Source: Microsoft's REST description
 * "git" 7.1 (pullRequests), its pages "Rate and usage limits" and "Service
 * hooks events".
 */

#include "forge/pm_forge_hook.h"
#include "forge/pm_forge_locate.h"
#include "forge/pm_forge_text.h"

#include <string.h>


#define PM_FORGE_AZURE_VERSION  "api-version=7.1"


/*
 *     https://dev.azure.com/ORG[/PROJECT]/_git/REPOSITORY
 *     https://ORG.visualstudio.com[/DefaultCollection][/PROJECT]/_git/REPO…
 *     ssh.dev.azure.com:v3/ORG/PROJECT/REPOSITORY
 *     https://HOST/COLLECTION[/PROJECT]/_git/REPOSITORY, a server's
 *     ssh://HOST/COLLECTION[/PROJECT]/_ssh/REPOSITORY
 *
 * A missing project has the repository's name.
 */

static int
pm_forge_azure_locate(pm_forge_locator_t *locator)
{
    size_t                   n;
    const char             **part;
    pm_forge_repository_t   *repository;

    n = locator->n;
    part = locator->segments;
    repository = locator->repository;

    if (locator->ssh && n == 4 && strcmp(part[0], "v3") == 0) {
        repository->owner = part[1];
        repository->project = part[2];
        repository->name = part[3];
        return 0;
    }

    if (locator->account != NULL) {
        repository->owner = locator->account;

        if (n > 2 && strcasecmp(part[0], "DefaultCollection") == 0) {
            part++;
            n--;
        }

    } else if (n > 2) {
        repository->owner = part[0];
        part++;
        n--;
    }

    if (repository->owner == NULL || n < 2 || n > 3
        || (strcmp(part[n - 2], "_git") != 0
            && (!locator->ssh || strcmp(part[n - 2], "_ssh") != 0)))
    {
        return pm_forge_locate_invalid(locator, "its path is not "
                   "ORGANIZATION/PROJECT/_git/REPOSITORY; where the server "
                   "has a path of its own, name it with api=");
    }

    repository->name = part[n - 1];
    repository->project = (n == 3) ? part[0] : part[n - 1];

    return 0;
}


static int
pm_forge_azure_authorize(const pm_forge_task_t *task, pm_buffer_t *line)
{
    pm_buffer_puts(line, "Accept: application/json\n");

    return pm_forge_authorize_basic(line, "", task->token);
}


static void
pm_forge_azure_path(const pm_forge_job_t *job, const char *method,
    int64_t number, pm_forge_request_t *request)
{
    const pm_forge_repository_t  *repository;

    repository = job->task->repository;

    request->method = method;
    pm_buffer_putc(&request->path, '/');
    pm_forge_encode(&request->path, repository->owner);
    pm_buffer_putc(&request->path, '/');
    pm_forge_encode(&request->path, repository->project);
    pm_buffer_puts(&request->path, "/_apis/git/repositories/");
    pm_forge_encode(&request->path, repository->name);
    pm_buffer_puts(&request->path, "/pullrequests");

    if (number > 0) {
        pm_buffer_printf(&request->path, "/%lld", (long long) number);
    }

    pm_buffer_puts(&request->path, "?" PM_FORGE_AZURE_VERSION);
}


static void
pm_forge_azure_find(const pm_forge_job_t *job, pm_forge_find_t how,
    unsigned page, pm_forge_request_t *request)
{
    pm_buffer_t  *path;

    path = &request->path;

    pm_forge_azure_path(job, "GET", 0, request);

    pm_forge_query(path, "searchCriteria.status",
                   how == PM_FORGE_FIND_MERGED ? "completed" : "active");
    pm_buffer_puts(path, "&searchCriteria.sourceRefName=refs%2Fheads%2F");
    pm_forge_encode(path, job->task->head);
    pm_buffer_puts(path, "&searchCriteria.targetRefName=refs%2Fheads%2F");
    pm_forge_encode(path, job->task->base);
    pm_buffer_printf(path, "&$top=20&$skip=%u", 20 * page);
}


static unsigned
pm_forge_azure_pages(pm_forge_find_t how)
{
    return 2;
}


static void
pm_forge_azure_open(const pm_forge_job_t *job, pm_forge_request_t *request)
{
    char  *head, *base;

    pm_forge_azure_path(job, "POST", 0, request);

    head = pm_arena_printf(job->arena, "refs/heads/%s", job->task->head);
    base = pm_arena_printf(job->arena, "refs/heads/%s", job->task->base);

    if (head == NULL || base == NULL) {
        return;
    }

    request->body = json_pack("{ss ss ss ss sb}",
                              "sourceRefName", head,
                              "targetRefName", base,
                              "title", job->title,
                              "description", job->body,
                              "isDraft", (int) job->task->draft);
}


static void
pm_forge_azure_look(const pm_forge_job_t *job, int64_t number,
    pm_forge_request_t *request)
{
    pm_forge_azure_path(job, "GET", number, request);
}


static void
pm_forge_azure_update(const pm_forge_job_t *job, const pm_forge_pull_t *pull,
    pm_forge_request_t *request)
{
    pm_forge_azure_path(job, "PATCH", pull->number, request);

    request->body = json_pack("{ss ss}", "title", job->title,
                              "description", job->body);
}


/* The page for people is in no answer: it is made of the parts. */

static const char *
pm_forge_azure_url(const pm_forge_repository_t *repository, int64_t number,
    pm_arena_t *arena)
{
    const char   *url;
    pm_buffer_t   text;

    memset(&text, 0, sizeof(pm_buffer_t));

    pm_buffer_puts(&text, repository->forge->api);
    pm_buffer_putc(&text, '/');
    pm_forge_encode(&text, repository->owner);
    pm_buffer_putc(&text, '/');
    pm_forge_encode(&text, repository->project);
    pm_buffer_puts(&text, "/_git/");
    pm_forge_encode(&text, repository->name);
    pm_buffer_printf(&text, "/pullrequest/%lld", (long long) number);

    url = pm_buffer_string(&text);
    url = url ? pm_arena_strdup(arena, url) : NULL;
    pm_buffer_free(&text);

    return url;
}


static void
pm_forge_azure_read(const pm_forge_repository_t *repository, json_t *json,
    pm_forge_pull_t *pull, pm_arena_t *arena)
{
    const char  *status;

    pull->number = pm_forge_json_number(json, "pullRequestId");
    pull->title = pm_forge_json_string(json, "title");
    pull->body = pm_forge_json_string(json, "description");
    pull->head = pm_forge_json_branch(json, "sourceRefName");
    pull->base = pm_forge_json_branch(json, "targetRefName");
    pull->head_commit = pm_forge_json_commit(json,
                                             "lastMergeSourceCommit.commitId");
    pull->foreign = json_is_object(pm_forge_json(json, "forkSource"));
    pull->changed = pm_forge_json_time(json, "closedDate");

    if (repository != NULL && pull->number != 0) {
        pull->url = pm_forge_azure_url(repository, pull->number, arena);
    }

    status = pm_forge_json_string(json, "status");

    if (status == NULL) {
        return;
    }

    if (strcmp(status, "active") == 0) {
        pull->state = PM_FORGE_OPEN;

    } else if (strcmp(status, "completed") == 0) {
        pull->state = PM_FORGE_MERGED;
        pull->merge_commit = pm_forge_json_commit(json,
                                                  "lastMergeCommit.commitId");

    } else if (strcmp(status, "abandoned") == 0) {
        pull->state = PM_FORGE_CLOSED;
    }
}


/* A token that is not valid is answered with a page to sign in: 203, or a
 * redirect to it; both are final. */

static pm_forge_fault_t
pm_forge_azure_fault(const pm_forge_answer_t *answer, const char *words,
    pm_forge_fault_t common, int64_t *number)
{
    if (answer->status >= 400 && answer->status < 500
        && strstr(words, "TF401179") != NULL)
    {
        return PM_FORGE_DUPLICATE;
    }

    return common;
}


/* "Basic " and base64 of USER:PASSWORD, whoever the user is */

static int
pm_forge_azure_hook_check(const pm_forge_hook_t *hook, const char *secret)
{
    int             rc;
    size_t          len;
    pm_string_t     header;
    unsigned char  *colon, login[4096];

    if (hook->header(hook->data, "Authorization", &header) != 0
        || header.len < 6 || strncasecmp(header.data, "Basic ", 6) != 0
        || header.len - 6 > sizeof(login)
        || pm_forge_unbase64(login, &len, header.data + 6, header.len - 6)
           != 0)
    {
        return -1;
    }

    colon = memchr(login, ':', len);

    rc = (colon == NULL)
         ? -1
         : pm_forge_hook_same((char *) colon + 1,
                              len - (size_t) (colon + 1 - login), secret);

    explicit_bzero(login, sizeof(login));

    return rc;
}


/* An API's path, …/ORGANIZATION[/ID]/_apis/…, as the repository's. */

static char *
pm_forge_azure_hook_path(pm_arena_t *arena, json_t *repository, char *path)
{
    char         *end;
    const char   *project, *name;
    pm_buffer_t   made;

    end = strstr(path, "/_apis/");

    if (end == NULL) {
        return path;
    }

    *end = '\0';
    end = strrchr(path, '/');

    if (end != NULL && strlen(end) == 37 && end[9] == '-') {
        *end = '\0';
    }

    project = pm_forge_json_string(repository, "project.name");
    name = pm_forge_json_string(repository, "name");

    if (project == NULL || name == NULL) {
        return NULL;
    }

    memset(&made, 0, sizeof(pm_buffer_t));

    pm_buffer_printf(&made, "%s/", path);
    pm_forge_encode(&made, project);
    pm_buffer_puts(&made, "/_git/");
    pm_forge_encode(&made, name);

    path = pm_buffer_string(&made) ? pm_arena_strdup(arena, made.data) : NULL;
    pm_buffer_free(&made);

    return path;
}


/*
 * The organization is only in URLs: remoteUrl is the repository's own; where
 * details are left out, url is the API's.
 */

static int
pm_forge_azure_hook_url(pm_arena_t *arena, json_t *repository, char **host,
    char **path)
{
    size_t       skip;
    const char  *text, *at;

    text = pm_forge_json_url(repository, "remoteUrl");

    if (text == NULL) {
        text = pm_forge_json_url(repository, "url");
    }

    if (text == NULL) {
        return -1;
    }

    text = strstr(text, "://") + 3;
    skip = strcspn(text, "/");
    *path = pm_arena_strdup(arena, text + skip);

    /* "ORGANIZATION@" is how the provider itself writes its URLs */

    at = memrchr(text, '@', skip);

    if (at != NULL) {
        skip -= (size_t) (at + 1 - text);
        text = at + 1;
    }

    *host = pm_forge_lower(arena, text, skip);

    if (*path == NULL || *host == NULL) {
        return -1;
    }

    *path = pm_forge_azure_hook_path(arena, repository, *path);

    return *path ? 0 : -1;
}


static int
pm_forge_azure_hook(pm_arena_t *arena, const pm_forge_hook_t *hook,
    json_t *json, pm_forge_event_t *event, pm_error_t *err)
{
    char                   *host, *path, *port;
    json_t                 *resource, *remote;
    const char             *type;
    pm_forge_url_t          url;
    pm_forge_pull_t         pull;
    pm_forge_repository_t   repository;

    type = pm_forge_json_string(json, "eventType");

    if (type == NULL || strncmp(type, "git.pullrequest.", 16) != 0) {
        return 0;
    }

    resource = json_object_get(json, "resource");
    remote = json_object_get(resource, "repository");
    memset(&pull, 0, sizeof(pm_forge_pull_t));
    memset(&url, 0, sizeof(pm_forge_url_t));

    pm_forge_azure_read(NULL, resource, &pull, arena);

    /* only the event itself says when */

    pull.changed = pm_forge_json_time(json, "createdDate");

    if (pm_forge_azure_hook_url(arena, remote, &host, &path) != 0) {
        return pm_error_set(err, PM_INVALID, "the webhook does not name its "
                            "repository");
    }

    /* the secret was this host's: another's URL tells only the path */

    if (hook->forge->api != pm_forge_known_hosts[PM_FORGE_KNOWN - 1].api) {
        host = pm_arena_strdup(arena, hook->forge->host);
        port = host ? strrchr(host, ':') : NULL;

        if (port != NULL && strchr(port, ']') == NULL) {
            *port++ = '\0';

            while (*port >= '0' && *port <= '9' && url.port < 65536) {
                url.port = url.port * 10 + (unsigned) (*port++ - '0');
            }
        }
    }

    url.scheme = "https";
    url.host = host;
    url.path = path;

    if (host == NULL
        || pm_forge_locate(arena, hook->forge, 1, &url, &repository, err) != 0
        || strcmp(repository.forge->api, hook->forge->api) != 0)
    {
        return pm_error_set(err, PM_INVALID, "the webhook's repository is "
                            "not on %.255s", hook->forge->host);
    }

    return pm_forge_hook_event(arena, hook, &repository, &pull, event, err);
}


const pm_forge_provider_t  pm_forge_azure = {
    .name = "azure",
    .suffix = "",
    .title = 400,
    .text = 4000,
    .locate = pm_forge_azure_locate,
    .authorize = pm_forge_azure_authorize,
    .find = pm_forge_azure_find,
    .pages = pm_forge_azure_pages,
    .list = "value",
    .open = pm_forge_azure_open,
    .update = pm_forge_azure_update,
    .look = pm_forge_azure_look,
    .read = pm_forge_azure_read,
    .fault = pm_forge_azure_fault,
    .hook = pm_forge_azure_hook,
    .hook_check = pm_forge_azure_hook_check
};
