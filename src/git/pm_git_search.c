/*
 * Looking through a history: for the trailers of promotions, and for a commit
 * by its first digits.
 */

#include "git/pm_git_mirror_internal.h"

#include <stdlib.h>
#include <string.h>


#define PM_GIT_TRAILER  "Promotion-Id: "

/* Commits between two looks at the clock. */
#define PM_GIT_SEARCH_STEP  256


typedef struct {
    const char *const  *ids;
    size_t              nids;
    pm_oid_t           *found;
    size_t              left;
} pm_git_search_t;


/* A visit of each commit of a walk: 1 to end it. */
typedef int (*pm_git_visit_t)(const pm_oid_t *id, const pm_git_raw_t *commit,
    void *data);


static int pm_git_walk(pm_git_mirror_t *mirror, const pm_oid_t *head,
    const pm_oid_t *base, int messages, pm_git_visit_t visit, void *data,
    pm_error_t *err);
static int pm_git_walk_steps(pm_git_mirror_t *mirror, git_revwalk *walk,
    int messages, pm_git_visit_t visit, void *data, pm_error_t *err);
static int pm_git_walk_start(pm_git_mirror_t *mirror, const pm_oid_t *head,
    const pm_oid_t *base, git_revwalk **walk, pm_error_t *err);
static int pm_git_search_visit(const pm_oid_t *id,
    const pm_git_raw_t *commit, void *data);
static void pm_git_search_line(pm_git_search_t *search, const pm_oid_t *id,
    const char *line, size_t len);


int
pm_git_mirror_search(pm_git_mirror_t *mirror, const pm_oid_t *head,
    const pm_oid_t *base, const char *const *ids, size_t nids,
    pm_oid_t *found, pm_error_t *err)
{
    pm_git_search_t  search;

    memset(found, 0, nids * sizeof(pm_oid_t));

    search.ids = ids;
    search.nids = nids;
    search.found = found;
    search.left = nids;

    if (nids == 0 || pm_oid_is_zero(head)) {
        return 0;
    }

    return pm_git_walk(mirror, head, base, 1, pm_git_search_visit, &search,
                       err);
}


/*
 * Twice where an object cannot be read: packs may have been folded.  The
 * mirror is not opened anew in between, libgit2's walk holds it.
 */

static int
pm_git_walk(pm_git_mirror_t *mirror, const pm_oid_t *head,
    const pm_oid_t *base, int messages, pm_git_visit_t visit, void *data,
    pm_error_t *err)
{
    int           rc;
    git_revwalk  *walk;

    rc = pm_git_walk_start(mirror, head, base, &walk, err);
    if (rc != 0) {
        return rc;
    }

    rc = pm_git_walk_steps(mirror, walk, messages, visit, data, err);
    git_revwalk_free(walk);

    if (rc != PM_UNAVAILABLE) {
        return rc;
    }

    rc = pm_git_mirror_reopen(mirror, err);

    if (rc == 0) {
        rc = pm_git_walk_start(mirror, head, base, &walk, err);
    }

    if (rc != 0) {
        return rc;
    }

    rc = pm_git_walk_steps(mirror, walk, messages, visit, data, err);
    git_revwalk_free(walk);

    if (rc == PM_UNAVAILABLE) {
        rc = pm_git_mirror_damaged(mirror, head, err);
        mirror->history = 1;
    }

    return rc;
}


static int
pm_git_walk_steps(pm_git_mirror_t *mirror, git_revwalk *walk, int messages,
    pm_git_visit_t visit, void *data, pm_error_t *err)
{
    int           rc, more;
    size_t        n;
    int64_t       deadline;
    pm_oid_t      id;
    pm_git_raw_t  commit = {0};

    deadline = pm_git_clock() + mirror->git->settings->timeout;

    for (n = 1; /* void */ ; n++) {

        more = git_revwalk_next((git_oid *) &id, walk);

        if (more == GIT_ITEROVER) {
            return 0;
        }

        if (more < 0) {
            return PM_UNAVAILABLE;
        }

        if (n % PM_GIT_SEARCH_STEP == 0 && pm_git_clock() >= deadline) {
            return pm_error_set(err, PM_TIMEOUT,
                                "the history of %s could not be searched "
                                "within %u ms", mirror->site->url,
                                mirror->git->settings->timeout);
        }

        if (messages) {
            rc = pm_git_raw_try(mirror, &id, GIT_OBJECT_COMMIT,
                                PM_GIT_COMMIT_LIMIT, &commit, err);
            if (rc != 0) {
                return rc;
            }
        }

        more = visit(&id, &commit, data);
        pm_git_raw_release(&commit);

        if (more) {
            return 0;
        }
    }
}


static int
pm_git_walk_start(pm_git_mirror_t *mirror, const pm_oid_t *head,
    const pm_oid_t *base, git_revwalk **walk, pm_error_t *err)
{
    int              rc, reaches;
    pm_git_raw_t     raw;
    git_repository  *repository;

    /* that the head can be read also opens the mirror as it is now */

    rc = pm_git_raw_read(mirror, head, GIT_OBJECT_COMMIT,
                         PM_GIT_COMMIT_LIMIT, &raw, err);
    if (rc != 0) {
        return rc;
    }

    pm_git_raw_release(&raw);

    repository = mirror->repository;

    /* a base that is no part of the history any more hides nothing */

    reaches = base != NULL && !pm_oid_is_zero(base)
              && git_odb_exists(mirror->odb, (const git_oid *) base)
              && (pm_oid_equal(head, base)
                  || git_graph_descendant_of(repository,
                                             (const git_oid *) head,
                                             (const git_oid *) base) == 1);

    if (git_revwalk_new(walk, repository) < 0) {
        return pm_error_memory(err);
    }

    if (git_revwalk_push(*walk, (const git_oid *) head) < 0
        || (reaches && git_revwalk_hide(*walk, (const git_oid *) base) < 0))
    {
        git_revwalk_free(*walk);
        mirror->history = 1;
        return pm_git_mirror_damaged(mirror, head, err);
    }

    return 0;
}


int
pm_git_history_sound(pm_git_mirror_t *mirror, const pm_oid_t *head)
{
    int           rc;
    git_oid       id;
    git_revwalk  *walk;

    if (git_revwalk_new(&walk, mirror->repository) < 0) {
        return 0;
    }

    rc = git_revwalk_push(walk, (const git_oid *) head);

    while (rc == 0) {
        rc = git_revwalk_next(&id, walk);
    }

    git_revwalk_free(walk);

    return rc == GIT_ITEROVER;
}


static int
pm_git_search_visit(const pm_oid_t *id, const pm_git_raw_t *commit,
    void *data)
{
    size_t            len;
    const char       *p, *end, *line;
    pm_git_search_t  *search;

    search = data;

    p = (const char *) commit->data;
    end = p + commit->len;

    /* the headers end, and the message begins, at the first empty line */

    p = memmem(p, commit->len, "\n\n", 2);
    if (p == NULL) {
        return 0;
    }

    /* and its subject holds no trailer */

    p = memchr(p + 2, '\n', (size_t) (end - p - 2));

    while (p != NULL) {
        line = p + 1;
        p = memchr(line, '\n', (size_t) (end - line));
        len = (size_t) ((p != NULL ? p : end) - line);

        pm_git_search_line(search, id, line, len);
    }

    return search->left == 0;
}


static void
pm_git_search_line(pm_git_search_t *search, const pm_oid_t *id,
    const char *line, size_t len)
{
    size_t  i;

    if (len <= sizeof(PM_GIT_TRAILER) - 1
        || memcmp(line, PM_GIT_TRAILER, sizeof(PM_GIT_TRAILER) - 1) != 0)
    {
        return;
    }

    line += sizeof(PM_GIT_TRAILER) - 1;
    len -= sizeof(PM_GIT_TRAILER) - 1;

    while (len > 0 && (line[len - 1] == '\r' || line[len - 1] == ' ')) {
        len--;
    }

    for (i = 0; i < search->nids; i++) {
        if (strlen(search->ids[i]) == len
            && memcmp(search->ids[i], line, len) == 0
            && pm_oid_is_zero(&search->found[i]))
        {
            search->found[i] = *id;
            search->left--;
        }
    }
}


/* A commit by its digits: those of a history that begin with them. */

typedef struct {
    pm_oid_t     prefix;         /* zeros after the digits */
    size_t       len;            /* digits */
    pm_oid_t     found;
    size_t       n;
} pm_git_digits_t;


static int
pm_git_digits_match(const pm_git_digits_t *digits, const pm_oid_t *id)
{
    size_t  bytes;

    bytes = digits->len / 2;

    return memcmp(digits->prefix.id, id->id, bytes) == 0
           && (digits->len % 2 == 0
               || (digits->prefix.id[bytes] & 0xf0) == (id->id[bytes] & 0xf0));
}


static int
pm_git_digits_visit(const pm_oid_t *id, const pm_git_raw_t *commit,
    void *data)
{
    pm_git_digits_t  *digits;

    digits = data;

    if (pm_git_digits_match(digits, id)) {
        digits->found = *id;
        digits->n++;
    }

    return digits->n > 1;
}


static int
pm_git_digits_parse(pm_git_digits_t *digits, const char *text)
{
    char  padded[PM_GIT_HEX_SIZE + 1];

    memset(digits, 0, sizeof(pm_git_digits_t));
    digits->len = strlen(text);

    if (digits->len < 7 || digits->len > PM_GIT_HEX_SIZE) {
        return -1;
    }

    memset(padded, '0', PM_GIT_HEX_SIZE);
    memcpy(padded, text, digits->len);

    return pm_oid_parse(&digits->prefix, padded, PM_GIT_HEX_SIZE);
}


int
pm_git_mirror_find_commit(pm_git_mirror_t *mirror, const pm_oid_t *tip,
    const char *text, pm_oid_t *commit, pm_error_t *err)
{
    int              rc;
    size_t           len;
    git_object_t     type;
    pm_git_raw_t     raw;
    pm_git_digits_t  digits;

    if (pm_git_digits_parse(&digits, text) != 0) {
        return pm_error_set(err, PM_INVALID,
                            "a commit is named by 7 to 40 hexadecimal digits");
    }

    rc = pm_git_raw_read(mirror, tip, GIT_OBJECT_COMMIT, PM_GIT_COMMIT_LIMIT,
                         &raw, err);
    if (rc != 0) {
        return rc;
    }

    pm_git_raw_release(&raw);

    rc = git_odb_exists_prefix((git_oid *) &digits.found, mirror->odb,
                               (git_oid *) &digits.prefix, digits.len);

    if (rc == GIT_EAMBIGUOUS) {

        /* other objects, or commits of other branches, do not count */

        rc = pm_git_walk(mirror, tip, NULL, 0, pm_git_digits_visit, &digits,
                         err);
        if (rc != 0) {
            return rc;
        }

        if (digits.n > 1) {
            return pm_error_set(err, PM_CONFLICT,
                                "%s names several commits of %s: give more "
                                "digits", text, mirror->site->url);
        }

        rc = (digits.n == 1) ? 0 : GIT_ENOTFOUND;
    }

    if (rc < 0
        || git_odb_read_header(&len, &type, mirror->odb,
                               (git_oid *) &digits.found) < 0
        || type != GIT_OBJECT_COMMIT)
    {
        return pm_error_set(err, PM_NOT_FOUND, "commit %s not found in %s",
                            text, mirror->site->url);
    }

    if (digits.n == 0 && !pm_oid_equal(&digits.found, tip)
        && git_graph_descendant_of(mirror->repository, (const git_oid *) tip,
                                   (git_oid *) &digits.found) != 1)
    {
        return pm_error_set(err, PM_NOT_FOUND,
                            "commit %s of %s is not part of the branch", text,
                            mirror->site->url);
    }

    *commit = digits.found;

    return 0;
}
