/*
 * Trees changed on their raw bytes: what stays is copied as it is, and the
 * copies and insertions are at the same time the delta against the old tree.
 *
 * Paths sorted by bytes are in git's order of entries: "a" (a file), "a.b",
 * "a/…" (what is below the folder a, side by side).
 */

#include "git/pm_git_objects_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>


/* As deep as git itself packs by default. */
#define PM_GIT_DELTA_DEPTH  50

/* Largest copy and insertion of one instruction (gitformat-pack(5)). */
#define PM_GIT_DELTA_COPY    0xffffff
#define PM_GIT_DELTA_INSERT  127


/* A folder on its way from the old to the new bytes. */

typedef struct {
    pm_git_raw_t          old;
    const unsigned char  *next;      /* first old entry not looked at */
    const unsigned char  *copied;    /* old bytes before it are settled */
    pm_buffer_t           new;
    pm_buffer_t           delta;     /* its instructions */
    unsigned              inserted:1;
} pm_git_folder_t;


/* Changes of one folder: the first skip bytes of their paths are its own. */

typedef struct {
    const pm_git_change_t  *changes;
    size_t                  n;
    size_t                  skip;
    unsigned                depth;
} pm_git_range_t;


static int pm_git_change_check(const pm_git_change_t *changes, size_t n,
    pm_error_t *err);
static int pm_git_change_folder(pm_git_objects_t *objects,
    const pm_oid_t *base, const pm_git_range_t *range, pm_oid_t *tree,
    int *empty, pm_error_t *err);
static int pm_git_change_entries(pm_git_objects_t *objects,
    pm_git_folder_t *folder, const pm_git_range_t *range, pm_error_t *err);
static int pm_git_change_entry(pm_git_objects_t *objects,
    pm_git_folder_t *folder, const pm_git_range_t *group, size_t len,
    pm_error_t *err);
static int pm_git_change_finish(pm_git_objects_t *objects,
    pm_git_folder_t *folder, const pm_oid_t *base,
    const pm_git_range_t *range, pm_oid_t *tree, pm_error_t *err);
static int pm_git_folder_seek(pm_git_folder_t *folder, const char *name,
    size_t len, int is_folder, pm_git_entry_t *entry);
static void pm_git_folder_copy(pm_git_folder_t *folder,
    const unsigned char *to);
static void pm_git_folder_put(pm_git_folder_t *folder, const void *data,
    size_t len);
static int pm_git_folder_doubles(const pm_buffer_t *tree, const char **name);
static int pm_git_folder_delta(pm_git_folder_t *folder, size_t base_len,
    pm_git_made_t *made);


int
pm_git_objects_tree(pm_git_objects_t *objects, const pm_oid_t *root,
    const pm_git_change_t *changes, size_t nchanges, pm_oid_t *tree,
    pm_error_t *err)
{
    int             rc, empty;
    pm_oid_t        base;
    pm_git_made_t  *made;
    pm_git_range_t  range;
    unsigned char  *data;

    rc = pm_git_change_check(changes, nchanges, err);
    if (rc != 0) {
        return rc;
    }

    range.changes = changes;
    range.n = nchanges;
    range.skip = 0;
    range.depth = 0;

    /* root and tree may be the same */

    base = *root;

    rc = pm_git_change_folder(objects, &base, &range, tree, &empty, err);

    if (rc != 0 || !empty) {
        return rc;
    }

    /* only a root may be empty */

    data = malloc(1);
    if (data == NULL) {
        return pm_error_memory(err);
    }

    rc = pm_git_objects_add(objects, GIT_OBJECT_TREE, data, 0, &made, err);

    if (rc == 0) {
        *tree = made->id;
    }

    return rc;
}


static int
pm_git_change_check(const pm_git_change_t *changes, size_t n,
    pm_error_t *err)
{
    size_t       i, len;
    unsigned     depth;
    const char  *p;

    for (i = 0; i < n; i++) {

        if (i > 0 && strcmp(changes[i - 1].path, changes[i].path) >= 0) {
            return pm_error_set(err, PM_INTERNAL,
                                "changes are not sorted at \"%s\"",
                                changes[i].path);
        }

        switch (changes[i].new_mode) {

        case 0:
        case PM_GIT_MODE_BLOB:
        case PM_GIT_MODE_EXECUTABLE:
        case PM_GIT_MODE_LINK:
        case PM_GIT_MODE_COMMIT:
            break;

        default:
            return pm_error_set(err, PM_UNPROCESSABLE,
                                "\"%s\" has mode %o, which no file has",
                                changes[i].path, changes[i].new_mode);
        }

        depth = 0;

        for (p = changes[i].path; /* void */ ; p += len + 1) {
            len = strcspn(p, "/");

            if (!pm_git_name_allowed(p, len)
                || ++depth > PM_GIT_DEPTH_LIMIT)
            {
                return pm_error_set(err, PM_UNPROCESSABLE,
                                    "\"%s\" is not a path that may be "
                                    "written", changes[i].path);
            }

            if (p[len] == '\0') {
                break;
            }
        }
    }

    return 0;
}


/* base NULL: the folder is new. */

static int
pm_git_change_folder(pm_git_objects_t *objects, const pm_oid_t *base,
    const pm_git_range_t *range, pm_oid_t *tree, int *empty, pm_error_t *err)
{
    int              rc;
    pm_git_folder_t  folder;

    memset(&folder, 0, sizeof(pm_git_folder_t));
    folder.old.data = (const unsigned char *) "";
    *empty = 0;

    if (base != NULL) {
        rc = pm_git_raw_read(objects->mirror, base, GIT_OBJECT_TREE,
                             PM_GIT_TREE_LIMIT, &folder.old, err);
        if (rc != 0) {
            return rc;
        }
    }

    folder.next = folder.old.data;
    folder.copied = folder.old.data;
    (void) pm_buffer_reserve(&folder.new, folder.old.len + 128);

    rc = pm_git_change_entries(objects, &folder, range, err);

    if (rc == 0) {
        pm_git_folder_copy(&folder, folder.old.data + folder.old.len);

        if (folder.new.failed || folder.delta.failed) {
            rc = pm_error_memory(err);

        } else if (folder.new.len == 0) {
            *empty = 1;

        } else {
            rc = pm_git_change_finish(objects, &folder, base, range, tree,
                                      err);
        }
    }

    pm_git_raw_release(&folder.old);
    pm_buffer_free(&folder.new);
    pm_buffer_free(&folder.delta);

    return rc;
}


/* One entry after the other: a file's only change, or all below a folder. */

static int
pm_git_change_entries(pm_git_objects_t *objects, pm_git_folder_t *folder,
    const pm_git_range_t *range, pm_error_t *err)
{
    int              rc;
    size_t           i, n, len;
    const char      *name;
    pm_git_range_t   group;

    for (i = 0; i < range->n; i += n) {
        name = range->changes[i].path + range->skip;
        len = strcspn(name, "/");
        n = 1;

        if (name[len] == '/') {
            while (i + n < range->n
                   && strncmp(range->changes[i + n].path + range->skip, name,
                              len + 1) == 0)
            {
                n++;
            }
        }

        group.changes = &range->changes[i];
        group.n = n;
        group.skip = range->skip;
        group.depth = range->depth;

        rc = pm_git_change_entry(objects, folder, &group, len, err);
        if (rc != 0) {
            return rc;
        }
    }

    return 0;
}


static int
pm_git_change_entry(pm_git_objects_t *objects, pm_git_folder_t *folder,
    const pm_git_range_t *group, size_t len, pm_error_t *err)
{
    int              rc, found, empty, is_folder;
    char             mode[16];
    pm_oid_t         id;
    unsigned         new_mode;
    const char      *name;
    pm_git_entry_t   entry;
    pm_git_range_t   below;

    name = group->changes->path + group->skip;
    is_folder = (name[len] == '/');

    found = pm_git_folder_seek(folder, name, len, is_folder, &entry);
    if (found < 0) {
        return pm_error_set(err, PM_UNPROCESSABLE,
                            "the tree that holds \"%s\" is damaged",
                            group->changes->path);
    }

    if (is_folder) {
        below = *group;
        below.skip = group->skip + len + 1;
        below.depth = group->depth + 1;

        rc = pm_git_change_folder(objects, found ? entry.id : NULL, &below,
                                  &id, &empty, err);
        if (rc != 0) {
            return rc;
        }

        new_mode = empty ? 0 : PM_GIT_MODE_TREE;

    } else {
        id = group->changes->new_id;
        new_mode = group->changes->new_mode;
    }

    if (!found && new_mode == 0) {
        return 0;
    }

    if (found && entry.mode == new_mode) {

        if (!pm_oid_equal(entry.id, &id)) {
            pm_git_folder_copy(folder, entry.id->id);
            pm_git_folder_put(folder, &id, PM_GIT_OID_SIZE);
            folder->copied = folder->next;
        }

        return 0;
    }

    pm_git_folder_copy(folder, found ? entry.start : folder->next);
    folder->copied = folder->next;

    if (new_mode != 0) {
        (void) snprintf(mode, sizeof(mode), "%o ", new_mode);
        pm_git_folder_put(folder, mode, strlen(mode));
        pm_git_folder_put(folder, name, len);
        pm_git_folder_put(folder, "", 1);
        pm_git_folder_put(folder, &id, PM_GIT_OID_SIZE);
        folder->inserted |= !found;
    }

    return 0;
}


/*
 * Moves on to the entry of that name and kind: 1, and next is after it; 0,
 * and next is where it belongs; -1, the tree is damaged.
 */

static int
pm_git_folder_seek(pm_git_folder_t *folder, const char *name, size_t len,
    int is_folder, pm_git_entry_t *entry)
{
    int                   rc, order;
    const unsigned char  *p, *end;

    p = folder->next;
    end = folder->old.data + folder->old.len;

    while ((rc = pm_git_tree_next(&p, end, entry)) == 1) {

        order = pm_git_tree_order(entry->name, entry->len,
                                  entry->mode == PM_GIT_MODE_TREE,
                                  name, len, is_folder);
        if (order > 0) {
            return 0;
        }

        folder->next = p;

        if (order == 0) {
            return 1;
        }
    }

    return rc;
}


/* Old bytes from where the last copy ended up to to. */

static void
pm_git_folder_copy(pm_git_folder_t *folder, const unsigned char *to)
{
    int            i;
    size_t         offset, size, n, rest;
    unsigned char  op[8];

    if (to == folder->copied) {
        return;
    }

    offset = (size_t) (folder->copied - folder->old.data);
    rest = (size_t) (to - folder->copied);

    pm_buffer_append(&folder->new, folder->copied, rest);
    folder->copied = to;

    for ( /* void */ ; rest > 0; rest -= size, offset += size) {
        size = rest < PM_GIT_DELTA_COPY ? rest : PM_GIT_DELTA_COPY;

        /* bytes that are zero are left out; bits of the first say which */

        op[0] = 0x80;
        n = 1;

        for (i = 0; i < 4; i++) {
            if ((offset >> (8 * i)) & 0xff) {
                op[0] |= (unsigned char) (1 << i);
                op[n++] = (unsigned char) (offset >> (8 * i));
            }
        }

        /* a size without any bytes is 65536: that one needs no exception */

        for (i = 0; i < 3; i++) {
            if (((size >> (8 * i)) & 0xff) && size != 0x10000) {
                op[0] |= (unsigned char) (1 << (i + 4));
                op[n++] = (unsigned char) (size >> (8 * i));
            }
        }

        pm_buffer_append(&folder->delta, op, n);
    }
}


static void
pm_git_folder_put(pm_git_folder_t *folder, const void *data, size_t len)
{
    size_t       n;
    const char  *p;

    pm_buffer_append(&folder->new, data, len);

    for (p = data; len > 0; len -= n, p += n) {
        n = len < PM_GIT_DELTA_INSERT ? len : PM_GIT_DELTA_INSERT;
        pm_buffer_putc(&folder->delta, (char) n);
        pm_buffer_append(&folder->delta, p, n);
    }
}


static int
pm_git_change_finish(pm_git_objects_t *objects, pm_git_folder_t *folder,
    const pm_oid_t *base, const pm_git_range_t *range, pm_oid_t *tree,
    pm_error_t *err)
{
    int                   rc;
    size_t                n;
    const char           *name;
    pm_git_made_t        *made;
    unsigned char        *data;
    const pm_git_made_t  *below;

    if (base != NULL && folder->new.len == folder->old.len
        && memcmp(folder->new.data, folder->old.data, folder->new.len) == 0)
    {
        *tree = *base;
        return 0;
    }

    if (folder->inserted) {
        rc = pm_git_folder_doubles(&folder->new, &name);

        if (rc < 0) {
            return pm_error_memory(err);
        }

        if (rc > 0) {
            return pm_error_set(err, PM_UNPROCESSABLE,
                                "\"%.*s%s\" would be a file and a folder at "
                                "once", (int) range->skip,
                                range->changes->path, name);
        }
    }

    n = objects->n;
    data = (unsigned char *) folder->new.data;
    folder->new.data = NULL;

    rc = pm_git_objects_add(objects, GIT_OBJECT_TREE, data, folder->new.len,
                            &made, err);
    if (rc != 0) {
        return rc;
    }

    *tree = made->id;

    /*
     * A tree that the mirror has already (a promotion that is taken back) may
     * be the base of its own base: it is packed whole.
     */

    if (base == NULL || objects->n == n
        || git_odb_exists_ext(objects->mirror->odb,
                              (const git_oid *) &made->id,
                              GIT_ODB_LOOKUP_NO_REFRESH))
    {
        return 0;
    }

    below = pm_git_objects_find(objects, base);
    made->depth = below != NULL ? below->depth + 1 : 1;
    made->base = *base;

    if (made->depth > PM_GIT_DELTA_DEPTH
        || pm_git_folder_delta(folder, folder->old.len, made) == 0)
    {
        made->depth = 0;
        return 0;
    }

    return made->delta != NULL ? 0 : pm_error_memory(err);
}


/* The delta's header and instructions.  0: not worth it. */

static int
pm_git_folder_delta(pm_git_folder_t *folder, size_t base_len,
    pm_git_made_t *made)
{
    size_t          i, n, len, lens[2];
    unsigned char  *delta;

    if (folder->delta.len + 2 * PM_GIT_OID_SIZE > made->len) {
        return 0;
    }

    delta = malloc(folder->delta.len + 20);
    if (delta == NULL) {
        return 1;
    }

    lens[0] = base_len;
    lens[1] = made->len;
    n = 0;

    for (i = 0; i < 2; i++) {
        for (len = lens[i]; len > 0x7f; len >>= 7) {
            delta[n++] = (unsigned char) (len | 0x80);
        }

        delta[n++] = (unsigned char) len;
    }

    memcpy(delta + n, folder->delta.data, folder->delta.len);

    made->delta = delta;
    made->delta_len = n + folder->delta.len;

    return 1;
}


/*
 * Whether a file and a folder have the same name: 1, or 0, or -1 when out of
 * memory.  Between the two stand only names that begin with theirs: a stack
 * of the files that may still meet their folder is enough, each a beginning
 * of the one above it.
 */

static int
pm_git_folder_doubles(const pm_buffer_t *tree, const char **name)
{
    int                   rc;
    pm_buffer_t           stack = {0};
    pm_git_entry_t        entry, *top;
    const unsigned char  *p, *end;

    p = (const unsigned char *) tree->data;
    end = p + tree->len;
    rc = 0;

    while (rc == 0 && pm_git_tree_next(&p, end, &entry) == 1) {

        while (stack.len > 0) {
            top = (pm_git_entry_t *) (stack.data + stack.len) - 1;

            if (top->len <= entry.len
                && memcmp(top->name, entry.name, top->len) == 0)
            {
                rc = (top->len == entry.len);
                *name = entry.name;
                break;
            }

            stack.len -= sizeof(pm_git_entry_t);
        }

        if (entry.mode != PM_GIT_MODE_TREE) {
            pm_buffer_append(&stack, &entry, sizeof(pm_git_entry_t));
        }
    }

    if (stack.failed) {
        rc = -1;
    }

    pm_buffer_free(&stack);

    return rc;
}
