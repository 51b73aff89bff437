#include "definition/pm_definition_internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>


int
pm_definition_fault(const char *file, const pm_node_t *node, pm_error_t *err,
    const char *fmt, ...)
{
    char     text[512];
    va_list  args;

    va_start(args, fmt);
    (void) vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);

    return pm_error_at(err, PM_INVALID, file, node->line, node->column, "%s",
                       text);
}


/* C0, DEL, or C1 as UTF-8: none can stand in a commit's message. */

static int
pm_definition_is_control(const char *p)
{
    const unsigned char  *u;

    u = (const unsigned char *) p;

    return u[0] < 0x20 || u[0] == 0x7f
           || (u[0] == 0xc2 && u[1] >= 0x80 && u[1] <= 0x9f);
}


int
pm_definition_text(const char *file, const pm_node_t *mapping,
    const char *key, size_t limit, const char **text, pm_error_t *err)
{
    size_t            i;
    const pm_node_t  *node;

    *text = NULL;
    node = pm_node_get(mapping, key);

    if (node == NULL || node->kind == PM_NODE_NULL) {
        return 0;
    }

    if (node->kind != PM_NODE_STRING && node->kind != PM_NODE_NUMBER) {
        return pm_definition_fault(file, node, err, "%s must be a string, "
                                   "and is %s", key, pm_node_kind_name(node));
    }

    if (node->text.len > limit) {
        return pm_definition_fault(file, node, err, "%s is longer than %zu "
                                   "bytes", key, limit);
    }

    for (i = 0; i < node->text.len; i++) {

        if (pm_definition_is_control(node->text.data + i)) {
            return pm_definition_fault(file, node, err, "%s has a control "
                                       "character in it", key);
        }
    }

    if (node->text.len > 0) {
        *text = node->text.data;
    }

    return 0;
}


/* Anything but a string says nothing. */

static const char *
pm_definition_word(const pm_node_t *mapping, const char *key)
{
    const pm_node_t  *node;

    node = pm_node_get(mapping, key);

    return node != NULL && node->kind == PM_NODE_STRING ? node->text.data
                                                        : "";
}


static pm_definition_kind_t
pm_definition_kind(const pm_node_t *root)
{
    const char       *version, *gravitee;
    const pm_node_t  *api;

    gravitee = pm_definition_word(root, "gravitee");
    api = pm_node_get(root, "api");
    version = pm_definition_word(api, "definitionVersion");

    if (*version == '\0') {
        version = pm_definition_word(root, "definitionVersion");
    }

    if (strcmp(version, "V4") == 0 || strcmp(version, "4.0.0") == 0) {
        return PM_DEFINITION_V4;
    }

    /* FEDERATED, FEDERATED_AGENT, V1, and whatever comes */

    if (*version != '\0' && strcmp(version, "V2") != 0
        && strcmp(version, "2.0.0") != 0)
    {
        return PM_DEFINITION_OTHER;
    }

    if (strcmp(gravitee, "2.0.0") == 0) {
        return PM_DEFINITION_V2;
    }

    if (strcmp(gravitee, "4.0.0") == 0 && *version == '\0') {
        return PM_DEFINITION_V4;
    }

    return PM_DEFINITION_OTHER;
}


static int
pm_definition_name(pm_definition_t *d, const char *key, size_t limit,
    const char **name, pm_error_t *err)
{
    int          rc;
    const char  *text;

    rc = pm_definition_text(d->file, d->api, key, limit, &text, err);

    if (rc == 0 && text != NULL) {
        *name = text;
    }

    return rc;
}


/* id, crossId, name, version; and what they are where they are missing.  What
 * was read before a fault is kept: it says which API is at fault. */

static int
pm_definition_names(pm_arena_t *arena, pm_definition_t *d, pm_error_t *err)
{
    int                     rc;
    pm_definition_entry_t  *entry;

    entry = &d->entry;

    rc = pm_definition_name(d, "crossId", PM_DEFINITION_ID, &entry->cross_id,
                            err);

    if (rc == 0) {
        entry->id = entry->cross_id ? entry->cross_id : entry->slug;
        rc = pm_definition_name(d, "id", PM_DEFINITION_ID, &entry->id, err);
    }

    if (rc != 0) {
        return rc;
    }

    entry->cross_key = entry->cross_id;

    if (entry->cross_key == NULL) {
        entry->cross_key = pm_definition_cross_key(arena, "api", entry->id);
    }

    if (entry->cross_key == NULL) {
        return pm_error_memory(err);
    }

    rc = pm_definition_name(d, "name", PM_DEFINITION_NAME, &entry->name, err);

    if (rc == 0) {
        rc = pm_definition_name(d, entry->kind == PM_DEFINITION_V4
                                   ? "apiVersion" : "version",
                                PM_DEFINITION_NAME, &entry->version, err);
    }

    return rc;
}


static int
pm_definition_parts(pm_arena_t *arena, pm_definition_t *d, pm_error_t *err)
{
    int  rc;

    if (d->root->length > PM_DEFINITION_FIELDS
        || d->api->length > PM_DEFINITION_FIELDS)
    {
        return pm_definition_fault(d->file, d->root, err, "more than %d "
                                   "fields", PM_DEFINITION_FIELDS);
    }

    rc = pm_definition_paths(arena, d, err);

    if (rc == 0) {
        rc = pm_definition_items(arena, d->file,
                                 pm_node_get(d->root, "plans"),
                                 PM_DEFINITION_PLAN, d->entry.cross_key,
                                 &d->plans, err);
    }

    if (rc == 0) {
        rc = pm_definition_items(arena, d->file,
                                 pm_node_get(d->root, "pages"),
                                 PM_DEFINITION_PAGE, d->entry.cross_key,
                                 &d->pages, err);
    }

    return rc;
}


int
pm_definition_open(pm_arena_t *arena, const pm_definition_source_t *source,
    pm_definition_t *d, pm_error_t *err)
{
    int               rc;
    const pm_node_t  *api;

    memset(d, 0, sizeof(pm_definition_t));

    d->file = source->file;
    d->entry.file = source->file;
    d->entry.slug = pm_definition_file_slug(arena, source->file);
    d->entry.id = d->entry.slug;
    d->entry.name = "";
    d->entry.version = "";

    if (d->entry.slug == NULL) {
        return pm_error_memory(err);
    }

    rc = pm_document_parse(arena, source->file, source->text.data,
                           source->text.len, &d->document, err);
    if (rc != 0) {
        return rc;
    }

    d->root = d->document->nroots ? pm_node_resolve(d->document->roots[0])
                                  : NULL;

    if (d->document->nroots != 1 || d->root == NULL
        || d->root->kind != PM_NODE_MAPPING)
    {
        return pm_error_at(err, PM_INVALID, source->file, 1, 1, "an API "
                           "definition is one mapping, and this is %s",
                           d->document->nroots > 1 ? "several documents"
                           : pm_node_kind_name(d->root));
    }

    d->entry.kind = pm_definition_kind(d->root);
    d->api = d->root;
    api = pm_node_get(d->root, "api");

    if (d->entry.kind != PM_DEFINITION_V2 && api != NULL
        && api->kind == PM_NODE_MAPPING)
    {
        d->wrapped = 1;
        d->api = api;
    }

    rc = pm_definition_names(arena, d, err);

    if (rc == 0 && d->entry.kind != PM_DEFINITION_OTHER) {
        rc = pm_definition_parts(arena, d, err);
    }

    return rc;
}


int
pm_definition_copy(pm_arena_t *arena, const pm_definition_entry_t *from,
    pm_definition_entry_t *to)
{
    size_t                 i;
    pm_definition_path_t  *path;

    *to = *from;

    to->id = pm_arena_strdup(arena, from->id);
    to->name = pm_arena_strdup(arena, from->name);
    to->version = pm_arena_strdup(arena, from->version);
    to->file = pm_arena_strdup(arena, from->file);
    to->slug = pm_arena_strdup(arena, from->slug);
    to->paths = pm_arena_alloc(arena, (from->npaths + 1)
                                      * sizeof(pm_definition_path_t));

    if (to->id == NULL || to->name == NULL || to->version == NULL
        || to->file == NULL || to->slug == NULL || to->paths == NULL)
    {
        return PM_UNAVAILABLE;
    }

    if (from->cross_id != NULL
        && (to->cross_id = pm_arena_strdup(arena, from->cross_id)) == NULL)
    {
        return PM_UNAVAILABLE;
    }

    if (from->cross_key != NULL
        && (to->cross_key = pm_arena_strdup(arena, from->cross_key)) == NULL)
    {
        return PM_UNAVAILABLE;
    }

    for (i = 0; i < from->npaths; i++) {
        path = &to->paths[i];
        path->host = NULL;
        path->path = pm_arena_strdup(arena, from->paths[i].path);

        if (from->paths[i].host != NULL) {
            path->host = pm_arena_strdup(arena, from->paths[i].host);
        }

        if (path->path == NULL
            || (path->host == NULL && from->paths[i].host != NULL))
        {
            return PM_UNAVAILABLE;
        }
    }

    return 0;
}


int
pm_definition_read(pm_arena_t *arena, const pm_definition_source_t *source,
    pm_definition_entry_t *entry, pm_error_t *err)
{
    int               rc;
    pm_arena_t       *work;
    pm_error_t        fault;
    pm_definition_t   definition;

    work = pm_arena_create();
    if (work == NULL) {
        return pm_error_memory(err);
    }

    rc = pm_definition_open(work, source, &definition, &fault);

    if (rc == 0 || rc == PM_INVALID) {

        if (pm_definition_copy(arena, &definition.entry, entry) != 0) {
            rc = pm_error_memory(&fault);
        }
    }

    if (rc == PM_INVALID) {
        rc = 0;
        entry->fault = pm_arena_strdup(arena, fault.message);

        if (entry->fault == NULL) {
            rc = pm_error_memory(&fault);
        }
    }

    if (rc != 0 && err != NULL) {
        *err = fault;
    }

    pm_arena_destroy(work);

    return rc;
}


int
pm_definition_check(const pm_definition_entry_t *entry, int allow_v4,
    pm_definition_refusal_t *refusal, pm_error_t *err)
{
    if (entry->fault != NULL) {
        *refusal = PM_DEFINITION_MALFORMED;
        return pm_error_set(err, PM_INVALID, "%s", entry->fault);
    }

    if (entry->kind == PM_DEFINITION_OTHER) {
        *refusal = PM_DEFINITION_NOT_SUPPORTED;
        return pm_error_set(err, PM_INVALID, "%s is neither a v2 nor a v4 "
                            "API definition: only these can be promoted",
                            entry->file);
    }

    if (entry->kind == PM_DEFINITION_V4 && !allow_v4) {
        *refusal = PM_DEFINITION_V4_OFF;
        return pm_error_set(err, PM_INVALID, "%s is a v4 API definition, and "
                            "promoting these is not switched on",
                            entry->file);
    }

    *refusal = PM_DEFINITION_ACCEPTED;

    return 0;
}
