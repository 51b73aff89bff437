#include "promotion/pm_batch.h"

#include "git/pm_git_compare.h"
#include "promotion/pm_preview_part.h"
#include "promotion/pm_version.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>


#define PM_PREVIEW_FILE    (1024 * 1024)          /* of each text of a file */
#define PM_PREVIEW_DUMP    (JSON_COMPACT | JSON_REAL_PRECISION(15))
#define PM_PREVIEW_BINARY  8000                   /* where git looks for NUL */


typedef struct {
    pm_git_mirror_t  *mirror;        /* has the objects of both sides */
    json_t           *files;
    size_t            left;          /* bytes that the answer may still take */
    unsigned          cut:1;         /* of the file in hand: not all is there */
    unsigned          truncated:1;   /* so is one of the answer's */
} pm_preview_t;


/* One promotion on its way, and where its result goes. */

typedef struct {
    const pm_promotion_t  *promotion;
    pm_revision_t        **revisions;
    pm_string_t           *json;
    pm_error_t            *error;
} pm_preview_item_t;


/* One side of a file. */

typedef struct {
    pm_string_t  data;
    unsigned     absent:1;
    unsigned     binary:1;
    unsigned     truncated:1;
} pm_preview_side_t;


/* A string of bytes that need not be UTF-8 (a path). */

static json_t *
pm_preview_string(const char *data, size_t len)
{
    size_t        n;
    json_t       *string;
    pm_buffer_t   text;

    memset(&text, 0, sizeof(pm_buffer_t));

    while (len > 0) {
        n = pm_utf8_valid(data, len);
        pm_buffer_append(&text, data, n);

        data += n;
        len -= n;

        if (len > 0) {
            pm_buffer_puts(&text, "\xef\xbf\xbd");
            data++;
            len--;
        }
    }

    string = text.failed ? NULL
             : json_stringn(text.data ? text.data : "", text.len);

    pm_buffer_free(&text);

    return string;
}


static int
pm_preview_side(pm_git_mirror_t *mirror, unsigned mode, const pm_oid_t *id,
    pm_arena_t *arena, pm_preview_side_t *side, pm_error_t *err)
{
    int       rc;
    char      hex[PM_GIT_HEX_SIZE + 1];
    size_t    valid, head;
    uint64_t  size;

    memset(side, 0, sizeof(pm_preview_side_t));

    if (mode == 0) {
        side->absent = 1;
        side->data.data = "";
        return 0;
    }

    if (mode == PM_GIT_MODE_COMMIT) {

        /* what git shows for a submodule */

        pm_oid_hex(hex, id);
        side->data.data = pm_arena_printf(arena, "Subproject commit %s\n",
                                          hex);
        if (side->data.data == NULL) {
            return pm_error_memory(err);
        }

        side->data.len = strlen(side->data.data);
        return 0;
    }

    rc = pm_git_blob(mirror, id, PM_PREVIEW_FILE, arena, &side->data, &size,
                     err);
    if (rc != 0) {
        return rc;
    }

    side->truncated = (size > side->data.len);

    head = (side->data.len < PM_PREVIEW_BINARY) ? side->data.len
                                                : PM_PREVIEW_BINARY;
    valid = pm_utf8_valid(side->data.data, side->data.len);

    /* the cut may have gone through a character */

    side->binary = memchr(side->data.data, '\0', head) != NULL
                   || valid + (side->truncated ? 3 : 0) < side->data.len;

    if (!side->binary) {
        side->data.len = valid;
    }

    return 0;
}


/* What a text takes in the answer: some characters are escaped. */

static size_t
pm_preview_cost(const pm_string_t *text)
{
    size_t  i, cost;

    for (i = 0, cost = text->len; i < text->len; i++) {
        if (text->data[i] == '"' || text->data[i] == '\\'
            || text->data[i] == '\n' || text->data[i] == '\t')
        {
            cost++;

        } else if ((unsigned char) text->data[i] < 0x20) {
            cost += 5;
        }
    }

    return cost;
}


/*
 * Sets a text that counts against the answer: null where it has no place.
 * text NULL: there is none.
 */

static int
pm_preview_text(pm_preview_t *preview, json_t *file, const char *key,
    const pm_string_t *text)
{
    size_t  cost;

    if (text == NULL) {
        return json_object_set_new(file, key, json_null());
    }

    cost = pm_preview_cost(text);

    if (cost > preview->left) {
        preview->cut = 1;
        return json_object_set_new(file, key, json_null());
    }

    preview->left -= cost;

    return json_object_set_new(file, key,
                               pm_preview_string(text->data, text->len));
}


static const char *
pm_preview_status(const pm_git_change_t *change)
{
    if (change->old_mode == 0) {
        return "added";
    }

    return (change->new_mode == 0) ? "deleted" : "modified";
}


static int
pm_preview_file(pm_preview_t *preview, const pm_selection_file_t *selected,
    pm_arena_t *arena, pm_error_t *err)
{
    int                     rc, failed, cut;
    json_t                 *file;
    pm_string_t             patch;
    pm_preview_side_t       old, new;
    const pm_git_change_t  *change;

    change = &selected->change;

    rc = pm_preview_side(preview->mirror, change->old_mode, &change->old_id,
                         arena, &old, err);
    if (rc != 0) {
        return rc;
    }

    rc = pm_preview_side(preview->mirror, change->new_mode, &change->new_id,
                         arena, &new, err);
    if (rc != 0) {
        return rc;
    }

    preview->cut = old.truncated || new.truncated;

    patch.data = NULL;
    patch.len = 0;

    /* a patch of texts that were cut would show a change that is none */

    if (!preview->cut) {
        rc = pm_git_patch(change->path, change, &old.data, &new.data, arena,
                          &patch, err);
        if (rc != 0) {
            return rc;
        }
    }

    file = json_object();
    failed = (json_array_append_new(preview->files, file) != 0);

    failed |= json_object_set_new(file, "path",
                                  pm_preview_string(change->path,
                                                    strlen(change->path)));
    failed |= json_object_set_new(file, "status",
                                  json_string(pm_preview_status(change)));
    failed |= pm_preview_text(preview, file, "original",
                              (old.absent || old.binary) ? NULL : &old.data);
    failed |= pm_preview_text(preview, file, "data",
                              (new.absent || new.binary) ? NULL : &new.data);
    failed |= pm_preview_text(preview, file, "patch",
                              patch.data ? &patch : NULL);
    cut = selected->cut;
    failed |= json_object_set_new(file, "properties",
                  pm_preview_properties(selected, &preview->left, &cut));
    preview->cut |= (unsigned) cut;

    if (old.binary || new.binary) {
        failed |= json_object_set_new(file, "binary", json_true());
    }

    if (preview->cut) {
        preview->truncated = 1;
        failed |= json_object_set_new(file, "truncated", json_true());
    }

    return failed ? pm_error_memory(err) : 0;
}


static int
pm_preview_files(pm_preview_t *preview, const pm_plan_t *plan,
    pm_error_t *err)
{
    int          rc;
    size_t       i, cost;
    pm_arena_t  *arena;

    for (i = 0; i < plan->nchanges; i++) {

        /* keys and marks, about */

        cost = strlen(plan->changes[i].path) + 128;

        if (cost > preview->left) {
            preview->truncated = 1;
            break;
        }

        preview->left -= cost;

        arena = pm_arena_create();
        if (arena == NULL) {
            return pm_error_memory(err);
        }

        rc = pm_preview_file(preview, &plan->files[i], arena, err);

        pm_arena_destroy(arena);

        if (rc != 0) {
            return rc;
        }
    }

    return 0;
}


static int
pm_preview_answer(pm_preview_t *preview, const pm_repositories_t *repositories,
    const pm_oid_t *source, const pm_promotion_t *promotion,
    const pm_plan_t *plan, json_t *root, pm_error_t *err)
{
    int                   failed;
    char                  from[PM_GIT_HEX_SIZE + 1], to[PM_GIT_HEX_SIZE + 1];
    const char           *repo, *branch;
    const pm_revision_t  *destination;

    destination = repositories->destination;
    repo = repositories->first->url->canonical;
    branch = destination->ref + strlen("refs/heads/");

    pm_oid_hex(from, source);
    pm_oid_hex(to, &destination->tip);

    failed = json_object_set_new(root, "repo",
                                 pm_preview_string(repo, strlen(repo)));
    failed |= json_object_set_new(root, "branchName",
                                  pm_preview_string(branch, strlen(branch)));
    failed |= json_object_set_new(root, "sourceRevision", json_string(from));
    failed |= json_object_set_new(root, "destinationRevision",
                                  json_string(to));
    failed |= json_object_set_new(root, "digest", json_string(plan->digest));
    failed |= json_object_set_new(root, "template",
                                  pm_preview_template(promotion->template));

    preview->files = json_array();
    failed |= json_object_set_new(root, "files", preview->files);

    return failed ? pm_error_memory(err) : 0;
}


/* The versions on both sides, as they are now. */

static json_t *
pm_preview_version(const pm_preview_t *preview,
    const pm_promotion_t *promotion, const pm_source_t *sources,
    const pm_oid_t *tree)
{
    json_t      *json;
    pm_arena_t  *arena;

    arena = pm_arena_create();
    if (arena == NULL) {
        return NULL;
    }

    json = json_pack("{s:s?, s:s?}",
                     "source", pm_version_source(promotion, sources, arena),
                     "destination",
                     pm_version_destination(promotion, preview->mirror, tree,
                                            arena));

    pm_arena_destroy(arena);

    return json;
}


/* Only what is named can be missing: by a template, or as a value file. */

static int
pm_preview_names(const pm_promotion_t *promotion)
{
    size_t  i;

    for (i = 0; i < promotion->nparts; i++) {
        if (promotion->parts[i].nfiles > 0) {
            return 1;
        }
    }

    return promotion->template != NULL;
}


static int
pm_preview_end(pm_preview_t *preview, const pm_promotion_t *promotion,
    const pm_source_t *sources, const pm_oid_t *tree, const pm_plan_t *plan,
    json_t *root, pm_error_t *err)
{
    int  failed, cut;

    cut = 0;
    failed = 0;

    if (promotion->template != NULL
        && promotion->template->version.file != NULL)
    {
        failed |= json_object_set_new(root, "version",
                      pm_preview_version(preview, promotion, sources, tree));
    }

    if (pm_preview_names(promotion)) {
        failed |= json_object_set_new(root, "skipped",
                      pm_preview_skipped(plan, &preview->left, &cut));
    }

    if (cut || preview->truncated) {
        failed |= json_object_set_new(root, "truncated", json_true());
    }

    return failed ? pm_error_memory(err) : 0;
}


/* The answer's text. */

static int
pm_preview_dump(const json_t *root, pm_arena_t *arena, pm_string_t *json,
    pm_error_t *err)
{
    size_t   len;
    char    *text;

    len = json_dumpb(root, NULL, 0, PM_PREVIEW_DUMP);
    text = (len > 0) ? pm_arena_alloc(arena, len + 1) : NULL;

    if (text == NULL || json_dumpb(root, text, len, PM_PREVIEW_DUMP) != len) {
        return pm_error_memory(err);
    }

    text[len] = '\0';
    json->data = text;
    json->len = len;

    return 0;
}


/*
 * What one promotion changes on what was read, as JSON; left: bytes that the
 * answer may still take.
 */

static int
pm_preview_one(const pm_repositories_t *repositories,
    const pm_preview_item_t *item, size_t *left, pm_arena_t *arena,
    pm_string_t *json, pm_error_t *err)
{
    int                rc;
    json_t            *root;
    pm_plan_t          plan;
    pm_source_t       *sources;
    pm_preview_t       preview;
    pm_git_objects_t  *objects;

    root = NULL;
    objects = NULL;

    memset(&preview, 0, sizeof(pm_preview_t));
    preview.left = *left;

    rc = pm_source_read(item->promotion, item->revisions, arena, &sources,
                        err);
    if (rc != 0) {
        return rc;
    }

    preview.mirror = repositories->first->mirror;

    rc = pm_git_objects_create(preview.mirror, &objects, err);
    if (rc != 0) {
        return rc;
    }

    rc = pm_plan(item->promotion, sources, objects, preview.mirror,
                 &repositories->destination->tree, 1, arena, &plan, err);
    if (rc != 0) {
        goto done;
    }

    root = json_object();

    rc = pm_preview_answer(&preview, repositories, &sources[0].commit,
                           item->promotion, &plan, root, err);

    if (rc == 0) {
        rc = pm_preview_files(&preview, &plan, err);
    }

    if (rc == 0) {
        rc = pm_preview_end(&preview, item->promotion, sources,
                            &repositories->destination->tree, &plan, root,
                            err);
    }

    if (rc == 0) {
        rc = pm_preview_dump(root, arena, json, err);
        *left = preview.left;
    }

done:

    json_decref(root);
    pm_git_objects_destroy(objects);

    return rc;
}


/* The same, with memory of its own; what is kept is the arena's. */

static int
pm_preview_item(const pm_repositories_t *repositories,
    const pm_preview_item_t *item, size_t *left, pm_arena_t *arena,
    pm_string_t *json, pm_error_t *err)
{
    int          rc;
    pm_arena_t  *work;

    work = pm_arena_create();
    if (work == NULL) {
        return pm_error_memory(err);
    }

    rc = pm_preview_one(repositories, item, left, work, json, err);

    if (rc == 0) {
        json->data = pm_arena_strndup(arena, json->data, json->len);
        rc = (json->data != NULL) ? 0 : pm_error_memory(err);
    }

    pm_arena_destroy(work);

    return rc;
}


/*
 * One attempt: all is read, and each is planned and written down.  1: a mirror
 * turned out to be broken, read again.
 */

static int
pm_preview_try(pm_repositories_t *repositories, pm_preview_item_t *items,
    size_t n, size_t left, int last, pm_arena_t *work, pm_arena_t *arena)
{
    int         rc, read;
    size_t      i;
    pm_error_t  err;

    read = pm_repositories_read(repositories, 1, work, &err);

    for (i = 0; i < n; i++) {

        if (read != 0) {
            *items[i].error = err;
            continue;
        }

        memset(items[i].error, 0, sizeof(pm_error_t));

        rc = pm_preview_item(repositories, &items[i], &left, arena,
                             items[i].json, items[i].error);

        if (rc != 0 && !last && pm_repositories_broken(repositories)) {
            return 1;
        }
    }

    return read != 0 && !last && pm_repositories_broken(repositories);
}


static int
pm_preview_all(const pm_batch_settings_t *settings,
    const pm_promotion_t *promotions, size_t n, size_t limit,
    pm_arena_t *work, pm_arena_t *arena, pm_string_t *jsons,
    pm_error_t *errors, pm_error_t *err)
{
    int                 rc;
    size_t              i;
    pm_preview_item_t  *items;
    pm_repositories_t  *repositories;

    items = pm_arena_alloc(work, (n + 1) * sizeof(pm_preview_item_t));
    if (items == NULL) {
        return pm_error_memory(err);
    }

    /* reading needs no permission to push */

    rc = pm_repositories_create(work, settings->git,
                                &promotions[0].parts[0].destination,
                                PM_GIT_UPLOAD_PACK, &repositories, err);
    if (rc != 0) {
        return rc;
    }

    for (i = 0; i < n; i++) {
        items[i].promotion = &promotions[i];
        items[i].json = &jsons[i];
        items[i].error = &errors[i];

        rc = pm_source_revisions(repositories, &promotions[i], work,
                                 &items[i].revisions, err);
        if (rc != 0) {
            return rc;
        }
    }

    if (pm_preview_try(repositories, items, n, limit, 0, work, arena)) {
        (void) pm_preview_try(repositories, items, n, limit, 1, work, arena);
    }

    return 0;
}


void
pm_batch_previews(const pm_batch_settings_t *settings,
    const pm_promotion_t *promotions, size_t n, size_t limit,
    pm_arena_t *arena, pm_string_t *jsons, pm_error_t *errors)
{
    int          rc;
    size_t       i;
    pm_arena_t  *work;
    pm_error_t   err;

    work = pm_arena_create();

    rc = (work != NULL) ? pm_preview_all(settings, promotions, n, limit, work,
                                         arena, jsons, errors, &err)
                        : pm_error_memory(&err);

    for (i = 0; rc != 0 && i < n; i++) {
        errors[i] = err;
    }

    pm_arena_destroy(work);
}


int
pm_batch_preview(const pm_batch_settings_t *settings,
    const pm_promotion_t *promotion, pm_arena_t *arena, pm_string_t *json,
    pm_error_t *err)
{
    pm_batch_previews(settings, promotion, 1, PM_BATCH_PREVIEW, arena, json,
                      err);

    return err->code;
}
