/*
 * Where in git something is: Argo CD's ApplicationSource
 * (argo-cd docs/operator-manual/application.yaml), and destinations.
 */

#include "catalog/pm_catalog_build.h"

#include <ctype.h>
#include <string.h>


/* What GitHub's and GitLab's tokens begin with: also a user's place in a URL
 * can hold one. */

static const char *const  pm_catalog_tokens[] = {
    "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-", NULL
};


static int
pm_catalog_is_secret(const char *user, size_t len)
{
    size_t  i;

    if (memchr(user, ':', len) != NULL) {
        return 1;
    }

    for (i = 0; pm_catalog_tokens[i] != NULL; i++) {
        if (len > strlen(pm_catalog_tokens[i])
            && strncmp(user, pm_catalog_tokens[i],
                       strlen(pm_catalog_tokens[i]))
               == 0)
        {
            return 1;
        }
    }

    return 0;
}


/* The URL itself is never in a message: it may hold a secret. */

static int
pm_catalog_repository(pm_catalog_reader_t *reader, const pm_node_t *mapping,
    const char *where, pm_catalog_source_t *source)
{
    int               rc;
    size_t            len;
    const char       *p, *at, *authority;
    const pm_node_t  *node;

    rc = pm_catalog_string(reader, mapping, where, "repoURL",
                           PM_CATALOG_REQUIRED, &source->repository);
    if (rc != 0) {
        return rc;
    }

    node = pm_node_get(mapping, "repoURL");
    source->line = node->line;
    source->column = node->column;

    for (p = source->repository; *p != '\0'; p++) {
        if ((unsigned char) *p <= ' ' || *p == 0x7f) {
            return pm_catalog_fault(reader, node, "%s.repoURL has a blank or "
                                    "a control character in it", where);
        }
    }

    authority = strstr(source->repository, "://");

    if (authority == NULL) {
        return 0;
    }

    authority += 3;
    len = strcspn(authority, "/?#");
    at = memrchr(authority, '@', len);

    if (at != NULL
        && pm_catalog_is_secret(authority, (size_t) (at - authority)))
    {
        return pm_catalog_fault(reader, node, "%s.repoURL has a password in "
                                "it; remove it here, and put it into the "
                                "file that promotions_credentials names",
                                where);
    }

    return 0;
}


/* v?1, v?1.2, …, with an x in place of a number. */

static int
pm_catalog_has_wildcard(const char *p)
{
    int  wildcard;

    p += (*p == 'v');

    if (!isdigit((unsigned char) *p)) {
        return 0;
    }

    for (wildcard = 0; ; p++) {

        if (*p == 'x' || *p == 'X') {
            wildcard = 1;
            p++;

        } else if (isdigit((unsigned char) *p)) {
            while (isdigit((unsigned char) *p)) {
                p++;
            }

        } else {
            return 0;
        }

        if (*p != '.') {
            return wildcard && (*p == '\0' || *p == '-' || *p == '+');
        }
    }
}


/*
 * What git-check-ref-format(1) forbids in a branch's name is none, which
 * leaves out the ranges of github.com/Masterminds/semver that have a blank,
 * "*", "^" or "~"; those with comparisons only would pass.
 */

int
pm_catalog_writable(const char *revision)
{
    size_t       len;
    const char  *p;

    len = strlen(revision);

    if (len == 0 || revision[0] == '-' || strchr("<>=!", revision[0])) {
        return 0;
    }

    if ((len == 40 || len == 64)
        && strspn(revision, "0123456789abcdefABCDEF") == len)
    {
        return 0;
    }

    for (p = revision; *p != '\0'; p++) {
        if ((unsigned char) *p <= ' ' || strchr("~^:?*[\\\x7f", *p)) {
            return 0;
        }

        /* each part between slashes */

        if ((p == revision || p[-1] == '/') && (*p == '/' || *p == '.')) {
            return 0;
        }
    }

    if (p[-1] == '/' || p[-1] == '.' || strcmp(revision, "@") == 0
        || strstr(revision, "..") || strstr(revision, "@{")
        || strstr(revision, ".lock/") || strstr(revision, "||")
        || (len >= 5 && strcmp(p - 5, ".lock") == 0))
    {
        return 0;
    }

    return !pm_catalog_has_wildcard(revision);
}


static int
pm_catalog_revision(pm_catalog_reader_t *reader, const pm_node_t *mapping,
    const char *where, pm_catalog_source_t *source)
{
    int          rc;
    const char  *revision;

    revision = NULL;
    source->writable = 1;

    rc = pm_catalog_string(reader, mapping, where, "targetRevision",
                           PM_CATALOG_OPTIONAL, &revision);

    if (rc != 0 || revision == NULL || *revision == '\0'
        || strcmp(revision, "HEAD") == 0)
    {
        return rc;
    }

    source->revision = revision;

    if (strncmp(revision, "refs/heads/", 11) == 0) {

        /* whatever it looks like, it is a branch */

        source->branch = 1;
        source->revision = revision + 11;

        if (pm_catalog_has_wildcard(source->revision)) {
            return 0;
        }

    } else if (strncmp(revision, "refs/", 5) == 0) {
        source->writable = 0;
        return 0;
    }

    source->writable = (unsigned) pm_catalog_writable(source->revision);

    return 0;
}


/* Into a path without empty parts and "."; what leads out is refused. */

static int
pm_catalog_path(pm_catalog_reader_t *reader, const pm_node_t *mapping,
    const char *where, pm_catalog_source_t *source)
{
    int               rc;
    char             *out, *start;
    size_t            len;
    const char       *path;
    const pm_node_t  *node;

    path = NULL;
    rc = pm_catalog_string(reader, mapping, where, "path",
                           PM_CATALOG_OPTIONAL, &path);

    if (rc != 0 || path == NULL || *path == '\0') {
        return rc;
    }

    node = pm_node_get(mapping, "path");

    if (*path == '/') {
        return pm_catalog_fault(reader, node, "%s.path begins with \"/\"; it "
                                "is relative to the repository", where);
    }

    start = pm_arena_alloc(reader->arena, strlen(path) + 1);
    if (start == NULL) {
        return pm_error_memory(reader->err);
    }

    out = start;

    while (*path != '\0') {
        len = strcspn(path, "/");

        if (len == 2 && memcmp(path, "..", 2) == 0) {
            return pm_catalog_fault(reader, node, "%s.path leads out of the "
                                    "repository or through \"..\"; write it "
                                    "without", where);
        }

        if (len > 0 && !(len == 1 && *path == '.')) {

            if (out > start) {
                *out++ = '/';
            }

            memcpy(out, path, len);
            out += len;
        }

        path += len + (path[len] == '/');
    }

    *out = '\0';
    source->path = start;
    source->promotable = 1;

    return 0;
}


int
pm_catalog_place(pm_catalog_reader_t *reader, const pm_node_t *mapping,
    const char *where, pm_catalog_source_t *source)
{
    int  rc;

    memset(source, 0, sizeof(pm_catalog_source_t));
    source->path = "";

    rc = pm_catalog_repository(reader, mapping, where, source);

    if (rc == 0) {
        rc = pm_catalog_revision(reader, mapping, where, source);
    }

    return rc ? rc : pm_catalog_path(reader, mapping, where, source);
}


int
pm_catalog_source(pm_catalog_reader_t *reader, const pm_node_t *mapping,
    const char *where, pm_catalog_source_t *source)
{
    int          rc;
    const char  *chart;

    chart = NULL;
    rc = pm_catalog_place(reader, mapping, where, source);

    if (rc == 0) {
        rc = pm_catalog_string(reader, mapping, where, "chart",
                               PM_CATALOG_OPTIONAL, &chart);
    }

    if (rc == 0) {
        rc = pm_catalog_string(reader, mapping, where, "ref",
                               PM_CATALOG_OPTIONAL, &source->ref);
    }

    if (rc != 0) {
        return rc;
    }

    rc = pm_catalog_value_files(reader, mapping, where, source);
    if (rc != 0) {
        return rc;
    }

    if (source->ref != NULL && *source->ref == '\0') {
        source->ref = NULL;
    }

    /* a chart's revision is its version, in a repository that is not git */

    if (chart != NULL && *chart != '\0') {
        source->promotable = 0;
        source->writable = 0;
        source->ref = NULL;

    } else if (!source->promotable && source->ref == NULL) {
        return pm_catalog_fault(reader, mapping, "%s has no path, chart or "
                                "ref; name the folder in path", where);
    }

    return 0;
}


int
pm_catalog_cluster(pm_catalog_reader_t *reader, const pm_node_t *mapping,
    const char *where, const char **cluster)
{
    int          rc;
    size_t       len;
    const char  *server, *name;

    server = NULL;
    name = NULL;

    rc = pm_catalog_string(reader, mapping, where, "server",
                           PM_CATALOG_OPTIONAL, &server);

    if (rc == 0) {
        rc = pm_catalog_string(reader, mapping, where, "name",
                               PM_CATALOG_OPTIONAL, &name);
    }

    if (rc != 0) {
        return rc;
    }

    /* Argo CD takes no notice of the slash at a server's end */

    len = server ? strlen(server) : 0;

    while (len > 0 && server[len - 1] == '/') {
        len--;
    }

    if (len > 0 && name != NULL && *name != '\0') {
        return pm_catalog_fault(reader, mapping, "%s has both server and "
                                "name; remove one of them", where);
    }

    if (len > 0) {
        *cluster = pm_arena_printf(reader->arena, "server %.*s", (int) len,
                                   server);

    } else if (name != NULL && *name != '\0') {
        *cluster = pm_arena_printf(reader->arena, "name %s", name);

    } else {
        return 0;
    }

    return *cluster ? 0 : pm_error_memory(reader->err);
}
