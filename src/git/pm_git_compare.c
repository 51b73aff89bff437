#include "git/pm_git_compare.h"
#include "git/pm_git_side.h"

#include <string.h>


/* What one comparison may find and read. */
#define PM_GIT_CHANGES_LIMIT  100000
#define PM_GIT_TREES_LIMIT    200000
#define PM_GIT_PATHS_LIMIT    (32 * 1024 * 1024)


typedef struct {
    pm_git_mirror_t  *source;
    pm_git_mirror_t  *destination;
    pm_arena_t       *arena;
    pm_buffer_t       path;          /* of the folder at hand, and "/" */
    pm_buffer_t       changes;
    size_t            trees;
    size_t            bytes;         /* of the changes' paths */
    pm_error_t       *err;
} pm_git_comparison_t;


static int pm_git_compare_root(pm_git_mirror_t *mirror,
    const pm_oid_t *commit, const char *path, int missing, pm_oid_t *tree,
    pm_error_t *err);
static int pm_git_compare_prefix(pm_git_comparison_t *c, const char *path);
static int pm_git_compare_trees(pm_git_comparison_t *c,
    const pm_oid_t *source, const pm_oid_t *destination, int deletions,
    unsigned depth);
static int pm_git_compare_sides(pm_git_comparison_t *c, pm_git_side_t *s,
    pm_git_side_t *d, int deletions, unsigned depth);
static int pm_git_compare_both(pm_git_comparison_t *c,
    const pm_git_entry_t *s, const pm_git_entry_t *d, int deletions,
    unsigned depth);
static int pm_git_compare_one(pm_git_comparison_t *c,
    const pm_git_entry_t *entry, int deleted, unsigned depth);
static int pm_git_compare_change(pm_git_comparison_t *c,
    const pm_git_entry_t *s, const pm_git_entry_t *d);
static int pm_git_compare_pop(pm_buffer_t *files,
    const pm_git_entry_t *folder);


int
pm_git_compare(pm_git_mirror_t *source_mirror, const pm_oid_t *source,
    const char *source_path, pm_git_mirror_t *destination_mirror,
    const pm_oid_t *destination, const char *destination_path, int deletions,
    pm_arena_t *arena, pm_git_change_t **changes, size_t *nchanges,
    pm_error_t *err)
{
    int                  rc;
    pm_oid_t             from, to;
    pm_git_comparison_t  c;

    memset(&c, 0, sizeof(pm_git_comparison_t));

    c.source = source_mirror;
    c.destination = destination_mirror;
    c.arena = arena;
    c.err = err;

    *changes = NULL;
    *nchanges = 0;

    rc = pm_git_compare_root(source_mirror, source, source_path, 0, &from,
                             err);

    if (rc == 0) {
        rc = pm_git_compare_root(destination_mirror, destination,
                                 destination_path, 1, &to, err);
    }

    if (rc == 0) {
        rc = pm_git_compare_prefix(&c, destination_path);
    }

    if (rc == 0 && !pm_oid_equal(&from, &to)) {
        rc = pm_git_compare_trees(&c, &from,
                                  pm_oid_is_zero(&to) ? NULL : &to,
                                  deletions, 0);
    }

    if (rc == 0 && c.changes.len > 0) {
        *nchanges = c.changes.len / sizeof(pm_git_change_t);
        *changes = pm_arena_alloc(arena, c.changes.len);

        if (*changes == NULL) {
            rc = pm_error_memory(err);
        } else {
            memcpy(*changes, c.changes.data, c.changes.len);
        }
    }

    pm_buffer_free(&c.path);
    pm_buffer_free(&c.changes);

    return rc;
}


/* tree receives zeros where there is none and that is allowed. */

static int
pm_git_compare_root(pm_git_mirror_t *mirror, const pm_oid_t *commit,
    const char *path, int missing, pm_oid_t *tree, pm_error_t *err)
{
    int         rc;
    char        hex[PM_GIT_HEX_SIZE + 1];
    unsigned    mode;
    pm_error_t  fault;

    rc = pm_git_lookup(mirror, commit, path, &mode, tree, &fault);

    pm_oid_hex(hex, commit);

    if (rc == PM_NOT_FOUND && missing) {
        memset(tree, 0, sizeof(pm_oid_t));
        return 0;
    }

    if (rc == PM_NOT_FOUND) {
        return pm_error_set(err, PM_NOT_FOUND,
                            "path %s not found in %s at %.7s", path,
                            mirror->site->url, hex);
    }

    if (rc != 0) {
        if (err != NULL) {
            *err = fault;
        }

        return rc;
    }

    if (mode != PM_GIT_MODE_TREE) {
        return pm_error_set(err, PM_UNPROCESSABLE,
                            "path %s in %s at %.7s is a file, not a folder",
                            path, mirror->site->url, hex);
    }

    return 0;
}


static int
pm_git_compare_prefix(pm_git_comparison_t *c, const char *path)
{
    size_t       len;
    const char  *p;

    for (p = path; *p != '\0'; p += len) {
        p += strspn(p, "/");
        len = strcspn(p, "/");

        if (len == 0 || (len == 1 && *p == '.')) {
            continue;
        }

        if (!pm_git_name_allowed(p, len)) {
            return pm_error_set(c->err, PM_UNPROCESSABLE,
                                "\"%s\" is not a path that may be written",
                                path);
        }

        pm_buffer_append(&c->path, p, len);
        pm_buffer_putc(&c->path, '/');
    }

    return c->path.failed ? pm_error_memory(c->err) : 0;
}


/* Either tree may be NULL: an empty one. */

static int
pm_git_compare_trees(pm_git_comparison_t *c, const pm_oid_t *source,
    const pm_oid_t *destination, int deletions, unsigned depth)
{
    int            rc;
    pm_git_side_t  s, d;

    memset(&s, 0, sizeof(pm_git_side_t));
    memset(&d, 0, sizeof(pm_git_side_t));

    /* trees of empty trees can be folded into very little */

    if (depth > PM_GIT_DEPTH_LIMIT || ++c->trees > PM_GIT_TREES_LIMIT) {
        return pm_error_set(c->err, PM_UNPROCESSABLE,
                            "\"%.*s\" holds too many folders to compare",
                            (int) c->path.len, c->path.data);
    }

    rc = pm_git_side_open(&s, c->source, source, &c->path, c->err);

    if (rc == 0) {
        rc = pm_git_side_open(&d, c->destination, destination, &c->path,
                              c->err);
    }

    if (rc == 0) {
        rc = pm_git_compare_sides(c, &s, &d, deletions, depth);
    }

    pm_git_raw_release(&s.raw);
    pm_git_raw_release(&d.raw);

    return rc;
}


static int
pm_git_compare_sides(pm_git_comparison_t *c, pm_git_side_t *s,
    pm_git_side_t *d, int deletions, unsigned depth)
{
    int          rc, order, replaced;
    pm_buffer_t  files = {0};

    /*
     * files: those of the source whose name is a folder's further on in the
     * destination.  Only names that begin with theirs come in between, so
     * that the one pushed last is met first.
     */

    rc = 0;

    while (rc == 0 && (s->more == 1 || d->more == 1)) {

        order = s->more != 1 ? 1 : d->more != 1 ? -1
                : pm_git_tree_order(s->entry.name, s->entry.len,
                                    s->entry.mode == PM_GIT_MODE_TREE,
                                    d->entry.name, d->entry.len,
                                    d->entry.mode == PM_GIT_MODE_TREE);

        if (order == 0) {
            rc = pm_git_compare_both(c, &s->entry, &d->entry, deletions,
                                     depth);

        } else if (order < 0) {
            rc = pm_git_compare_one(c, &s->entry, 0, depth);

            if (s->entry.mode != PM_GIT_MODE_TREE
                && pm_git_side_has_folder(d, &s->entry))
            {
                pm_buffer_append(&files, &s->entry, sizeof(pm_git_entry_t));
            }

        } else if (d->entry.mode == PM_GIT_MODE_TREE) {
            replaced = pm_git_compare_pop(&files, &d->entry);

            if (deletions || replaced) {
                rc = pm_git_compare_one(c, &d->entry, 1, depth);
            }

        } else if (deletions || pm_git_side_has_folder(s, &d->entry)) {
            rc = pm_git_compare_one(c, &d->entry, 1, depth);
        }

        if (rc == 0 && order <= 0) {
            rc = pm_git_side_next(s, &c->path, c->err);
        }

        if (rc == 0 && order >= 0) {
            rc = pm_git_side_next(d, &c->path, c->err);
        }
    }

    if (rc == 0 && files.failed) {
        rc = pm_error_memory(c->err);
    }

    pm_buffer_free(&files);

    return rc;
}


static int
pm_git_compare_pop(pm_buffer_t *files, const pm_git_entry_t *folder)
{
    pm_git_entry_t  *top;

    if (files->len == 0) {
        return 0;
    }

    top = (pm_git_entry_t *) (files->data + files->len) - 1;

    if (top->len != folder->len
        || memcmp(top->name, folder->name, top->len) != 0)
    {
        return 0;
    }

    files->len -= sizeof(pm_git_entry_t);

    return 1;
}


static int
pm_git_compare_both(pm_git_comparison_t *c, const pm_git_entry_t *s,
    const pm_git_entry_t *d, int deletions, unsigned depth)
{
    int     rc;
    size_t  len;

    if (s->mode != PM_GIT_MODE_TREE) {
        return pm_git_compare_change(c, s, d);
    }

    if (pm_oid_equal(s->id, d->id)) {
        return 0;
    }

    len = c->path.len;
    pm_buffer_append(&c->path, s->name, s->len);
    pm_buffer_putc(&c->path, '/');

    rc = pm_git_compare_trees(c, s->id, d->id, deletions, depth + 1);

    c->path.len = len;

    return rc;
}


/* All of an entry that only one side has. */

static int
pm_git_compare_one(pm_git_comparison_t *c, const pm_git_entry_t *entry,
    int deleted, unsigned depth)
{
    int     rc;
    size_t  len;

    if (entry->mode != PM_GIT_MODE_TREE) {
        return deleted ? pm_git_compare_change(c, NULL, entry)
                       : pm_git_compare_change(c, entry, NULL);
    }

    len = c->path.len;
    pm_buffer_append(&c->path, entry->name, entry->len);
    pm_buffer_putc(&c->path, '/');

    rc = deleted
         ? pm_git_compare_trees(c, NULL, entry->id, 1, depth + 1)
         : pm_git_compare_trees(c, entry->id, NULL, 0, depth + 1);

    c->path.len = len;

    return rc;
}


static int
pm_git_compare_change(pm_git_comparison_t *c, const pm_git_entry_t *s,
    const pm_git_entry_t *d)
{
    char                  *path;
    size_t                 len;
    pm_git_change_t        change;
    const pm_git_entry_t  *entry;

    if (s != NULL && d != NULL && s->mode == d->mode
        && pm_oid_equal(s->id, d->id))
    {
        return 0;
    }

    entry = s != NULL ? s : d;
    len = c->path.len + entry->len;

    c->bytes += len;

    if (c->changes.len / sizeof(pm_git_change_t) == PM_GIT_CHANGES_LIMIT
        || c->bytes > PM_GIT_PATHS_LIMIT)
    {
        return pm_error_set(c->err, PM_UNPROCESSABLE,
                            "more than %u files differ",
                            PM_GIT_CHANGES_LIMIT);
    }

    path = pm_arena_alloc(c->arena, len + 1);

    if (path == NULL || c->path.failed) {
        return pm_error_memory(c->err);
    }

    if (c->path.len > 0) {
        memcpy(path, c->path.data, c->path.len);
    }

    memcpy(path + c->path.len, entry->name, entry->len + 1);

    memset(&change, 0, sizeof(pm_git_change_t));
    change.path = path;

    if (s != NULL) {
        change.new_mode = s->mode;
        change.new_id = *s->id;
    }

    if (d != NULL) {
        change.old_mode = d->mode;
        change.old_id = *d->id;
    }

    pm_buffer_append(&c->changes, &change, sizeof(pm_git_change_t));

    return c->changes.failed ? pm_error_memory(c->err) : 0;
}
