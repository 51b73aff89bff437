#include "promotion/pm_review_told.h"

#include "git/pm_git_compare.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>


#define PM_REVIEW_NOTES  64      /* that are told */
#define PM_REVIEW_TEXT   200     /* bytes of a name or a path in one */


/* A list of tasks has notes and conflicts of many requests: a name that goes
 * on and on is told by its beginning.  NULL: out of memory. */

static const char *
pm_review_short(pm_arena_t *arena, const char *text)
{
    size_t  len;

    if (strnlen(text, PM_REVIEW_TEXT + 1) <= PM_REVIEW_TEXT) {
        return text;
    }

    len = pm_utf8_valid(text, PM_REVIEW_TEXT);

    return pm_arena_printf(arena, "%.*s…", (int) len, text);
}


static int
pm_review_conflicts(const pm_definition_plan_t *api, pm_arena_t *arena,
    pm_review_look_t *look)
{
    size_t       i, n;
    const char  *taken, *name;

    n = api->nconflicts;

    if (n > PM_REVIEW_CONFLICTS) {
        n = PM_REVIEW_CONFLICTS;
    }

    look->conflicts = pm_arena_alloc(arena, (n + 1) * sizeof(char *));
    if (look->conflicts == NULL) {
        return -1;
    }

    for (i = 0; i < n; i++) {
        taken = pm_review_short(arena, api->conflicts[i].taken);
        name = pm_review_short(arena, api->conflicts[i].name);

        if (taken == NULL || name == NULL) {
            return -1;
        }

        look->conflicts[i] = pm_arena_printf(arena, "Path [%s] already exists"
                                             " in API %s (%s)", taken,
                                             api->conflicts[i].id, name);
        if (look->conflicts[i] == NULL) {
            return -1;
        }
    }

    look->nconflicts = n;

    return 0;
}


static int
pm_review_notes(const pm_definition_plan_t *api, pm_arena_t *arena,
    pm_review_look_t *look)
{
    size_t       i, n;
    const char  *name;

    n = (api->nnotes > PM_REVIEW_NOTES) ? PM_REVIEW_NOTES : api->nnotes;

    look->notes = pm_arena_alloc(arena, (n + 1) * sizeof(char *));
    if (look->notes == NULL) {
        return -1;
    }

    for (i = 0; i < n; i++) {
        name = pm_review_short(arena, api->notes[i].name ? api->notes[i].name
                                                         : "");
        if (name == NULL) {
            return -1;
        }

        look->notes[i] = pm_arena_printf(arena, "%s%s%s", name,
                                         *name ? ": " : "",
                                         api->notes[i].text);

        if (look->notes[i] == NULL) {
            return -1;
        }
    }

    look->nnotes = n;

    return 0;
}


/* Numbers may be larger than C's: as many digits are shown as those have. */

static int
pm_review_load(const pm_string_t *json, json_t **root, pm_error_t *err)
{
    size_t        i;
    json_error_t  fault;

    static const size_t  flags[] = { 0, JSON_DECODE_INT_AS_REAL };

    for (i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
        *root = json_loadb(json->data, json->len, flags[i], &fault);

        if (*root != NULL) {
            return 0;
        }

        if (json_error_code(&fault) == json_error_out_of_memory) {
            return pm_error_memory(err);
        }
    }

    return 0;
}


/*
 * The definition as it is shown: whose it is in the source is no business of
 * whoever decides in the target.  One that is too large, or has a number that
 * cannot be shown, is left out: the diff tells of it.
 */

static int
pm_review_shown(const pm_string_t *json, pm_arena_t *arena,
    pm_string_t *shown, pm_error_t *err)
{
    int      rc;
    char    *dump;
    size_t   i;
    json_t  *root, *api;

    static const char *const  names[] = {
        "members", "groups", "primaryOwner", NULL
    };

    shown->data = "";
    shown->len = 0;

    rc = pm_review_load(json, &root, err);

    if (rc != 0 || root == NULL) {
        return rc;
    }

    api = json_object_get(root, "api");

    for (i = 0; names[i] != NULL; i++) {
        (void) json_object_del(root, names[i]);
        (void) json_object_del(api, names[i]);
    }

    dump = json_dumps(root, JSON_COMPACT);
    json_decref(root);

    if (dump == NULL) {
        return pm_error_memory(err);
    }

    if (strlen(dump) <= PM_REVIEW_DEFINITION) {
        shown->len = strlen(dump);
        shown->data = pm_arena_strndup(arena, dump, shown->len);
    }

    free(dump);

    return (shown->data != NULL) ? 0 : pm_error_memory(err);
}


int
pm_review_told(const pm_promotion_t *promotion,
    const pm_source_t *source, const pm_definition_plan_t *api,
    pm_arena_t *work, pm_arena_t *arena, pm_review_look_t *look,
    pm_error_t *err)
{
    int                      rc;
    char                    *path;
    unsigned                 mode;
    pm_oid_t                 id;
    uint64_t                 size;
    pm_string_t              json;
    pm_definition_source_t   definition;

    look->update = api->update;
    look->target_api = pm_arena_strdup(arena, api->id);
    look->api_name = pm_arena_strdup(arena, api->name);

    if (look->target_api == NULL || look->api_name == NULL
        || pm_review_conflicts(api, arena, look) != 0
        || pm_review_notes(api, arena, look) != 0)
    {
        return pm_error_memory(err);
    }

    path = pm_arena_printf(work, "%s%s%s", promotion->parts[0].source.path,
                           *promotion->parts[0].source.path ? "/" : "",
                           promotion->api->file);
    if (path == NULL) {
        return pm_error_memory(err);
    }

    definition.file = promotion->api->file;

    rc = pm_git_lookup(source->mirror, &source->tree, path, &mode, &id, err);

    if (rc == 0) {
        rc = pm_git_blob(source->mirror, &id, PM_DEFINITION_SIZE, work,
                         &definition.text, &size, err);
    }

    if (rc == 0) {
        rc = pm_definition_json(work, &definition, &json, err);
    }

    return (rc == 0) ? pm_review_shown(&json, arena, &look->definition, err)
                     : rc;
}
