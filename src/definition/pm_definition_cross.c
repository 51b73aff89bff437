#include "definition/pm_definition_internal.h"

#include <string.h>


typedef struct {
    pm_arena_t       *arena;
    pm_definition_t   definition;
    pm_buffer_t       json;        /* a document with the crossIds alone */
    pm_buffer_t       paths;       /* of pm_jsonpath_t * */
    pm_error_t       *err;
} pm_definition_cross_t;


static int
pm_definition_cross_path(pm_definition_cross_t *c, const char *text)
{
    int             rc;
    pm_jsonpath_t  *path;

    if (text == NULL) {
        return pm_error_memory(c->err);
    }

    rc = pm_jsonpath_compile(c->arena, text, strlen(text), &path, c->err);

    if (rc == 0) {
        pm_buffer_append(&c->paths, &path, sizeof(path));
    }

    return rc;
}


/* The id stands before it, so that it goes behind that. */

static void
pm_definition_cross_member(pm_definition_cross_t *c, const char *key)
{
    pm_buffer_puts(&c->json, "\"id\":0,\"crossId\":");
    pm_definition_json_string(&c->json, key, strlen(key));
}


static int
pm_definition_cross_items(pm_definition_cross_t *c, const char *field,
    const pm_definition_items_t *items)
{
    int                    rc;
    size_t                 i;
    pm_definition_item_t  *item;

    rc = 0;

    pm_buffer_printf(&c->json, ",\"%s\":[", field);

    for (i = 0; rc == 0 && i < items->n; i++) {
        item = &items->items[i];

        pm_buffer_puts(&c->json, i > 0 ? ",{" : "{");

        if (item->cross_id == NULL) {
            pm_definition_cross_member(c, item->cross_key);
            rc = pm_definition_cross_path(c, pm_arena_printf(c->arena,
                                                  "$['%s'][%zu]['crossId']",
                                                  field, i));
        }

        pm_buffer_putc(&c->json, '}');
    }

    pm_buffer_putc(&c->json, ']');

    return rc;
}


static int
pm_definition_cross_build(pm_definition_cross_t *c)
{
    int               rc;
    pm_definition_t  *d;

    rc = 0;
    d = &c->definition;

    pm_buffer_puts(&c->json, d->wrapped ? "{\"api\":{" : "{");
    pm_definition_cross_member(c, d->entry.cross_key);

    if (d->wrapped) {
        pm_buffer_putc(&c->json, '}');
    }

    if (d->entry.cross_id == NULL) {
        rc = pm_definition_cross_path(c, d->wrapped ? "$.api.crossId"
                                                    : "$.crossId");
    }

    if (rc == 0) {
        rc = pm_definition_cross_items(c, "plans", &d->plans);
    }

    if (rc == 0) {
        rc = pm_definition_cross_items(c, "pages", &d->pages);
    }

    pm_buffer_putc(&c->json, '}');

    if (rc == 0 && (c->json.failed || c->paths.failed)) {
        rc = pm_error_memory(c->err);
    }

    return rc;
}


static int
pm_definition_cross_edit(pm_definition_cross_t *c, pm_arena_t *arena,
    pm_string_t *text)
{
    int                rc;
    size_t             n;
    pm_document_t     *ids;
    pm_edit_result_t   result;

    n = c->paths.len / sizeof(pm_jsonpath_t *);

    rc = pm_document_parse(c->arena, "crossIds.json", c->json.data,
                           c->json.len, &ids, c->err);

    if (rc == 0) {
        rc = pm_edit(c->arena, ids, c->definition.document,
                     (const pm_jsonpath_t *const *) (void *) c->paths.data,
                     n, NULL, 0, &result, c->err);
    }

    if (rc == 0) {
        text->data = pm_arena_strndup(arena, result.text.data,
                                      result.text.len);
        text->len = result.text.len;
        rc = text->data ? 0 : pm_error_memory(c->err);
    }

    return rc;
}


int
pm_definition_add_cross_ids(pm_arena_t *arena,
    const pm_definition_source_t *source, pm_string_t *text, int *changed,
    pm_error_t *err)
{
    int                      rc;
    pm_definition_cross_t    c;
    pm_definition_refusal_t  refusal;

    memset(&c, 0, sizeof(pm_definition_cross_t));

    c.arena = pm_arena_create();
    c.err = err;

    *text = source->text;
    *changed = 0;

    if (c.arena == NULL) {
        return pm_error_memory(err);
    }

    rc = pm_definition_open(c.arena, source, &c.definition, err);

    if (rc == 0) {
        rc = pm_definition_check(&c.definition.entry, 1, &refusal, err);
    }

    if (rc == 0) {
        rc = pm_definition_cross_build(&c);
    }

    if (rc == 0 && c.paths.len > 0) {
        rc = pm_definition_cross_edit(&c, arena, text);
        *changed = (rc == 0);
    }

    pm_buffer_free(&c.json);
    pm_buffer_free(&c.paths);
    pm_arena_destroy(c.arena);

    return rc;
}
