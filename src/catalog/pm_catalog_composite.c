/*
 * Which template each application has, as a destination: its product's own,
 * the one that the product refers to, or all that select it by its labels as
 * one.  Applications that the same ones select share it.
 */

#include "catalog/pm_catalog_build.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>


typedef struct {
    pm_catalog_t           *catalog;
    pm_catalog_template_t **found;       /* that select an application */
    size_t                  nfound;
    char                   *key;         /* their ranks */
    pm_error_t             *err;
} pm_catalog_composer_t;


static int
pm_catalog_template_order(const void *a, const void *b)
{
    const pm_catalog_template_t  *one, *two;

    one = *(pm_catalog_template_t *const *) a;
    two = *(pm_catalog_template_t *const *) b;

    if (one->priority != two->priority) {
        return one->priority > two->priority ? -1 : 1;
    }

    return strcmp(one->manifest.name, two->manifest.name);
}


/* A label that a template needs, so that only applications which have it are
 * looked at: one of the requirements that name values. */

static int
pm_catalog_index_template(pm_catalog_reader_t *reader,
    pm_catalog_template_t *template)
{
    void                            *earlier;
    size_t                           i, j;
    pm_catalog_list_t               *list;
    const pm_catalog_requirement_t  *need;

    for (i = 0; i < template->selector->n; i++) {
        if (template->selector->items[i].operator == PM_CATALOG_IN) {
            break;
        }
    }

    if (i == template->selector->n) {
        return pm_catalog_append(reader, &reader->catalog->anywhere,
                                 template);
    }

    need = &template->selector->items[i];

    for (i = 0; i < need->nvalues; i++) {

        for (j = 0; j < i; j++) {
            if (strcmp(need->values[i], need->values[j]) == 0) {
                break;
            }
        }

        if (j < i) {
            continue;
        }

        list = pm_arena_zalloc(reader->arena, sizeof(pm_catalog_list_t));

        if (list == NULL
            || pm_catalog_index_add(&reader->catalog->by_label, need->key,
                                    need->values[i], "", list, &earlier)
               != 0)
        {
            return pm_error_memory(reader->err);
        }

        if (pm_catalog_append(reader, earlier ? earlier : list, template)
            != 0)
        {
            return reader->err->code;
        }
    }

    return 0;
}


static int
pm_catalog_index_templates(pm_catalog_t *catalog, pm_error_t *err)
{
    int                     rc;
    size_t                  i;
    pm_catalog_reader_t     reader;
    pm_catalog_template_t  *template;

    memset(&reader, 0, sizeof(pm_catalog_reader_t));
    reader.catalog = catalog;
    reader.arena = catalog->arena;
    reader.err = err;

    if (catalog->templates.n > 1) {
        qsort(catalog->templates.items, catalog->templates.n, sizeof(void *),
              pm_catalog_template_order);
    }

    for (i = 0; i < catalog->templates.n; i++) {
        template = catalog->templates.items[i];
        template->rank = i;

        if (template->selector == NULL) {
            continue;
        }

        rc = pm_catalog_index_template(&reader, template);
        if (rc != 0) {
            return rc;
        }
    }

    return 0;
}


static void
pm_catalog_compose_from(pm_catalog_composer_t *composer,
    const pm_catalog_list_t *list, const pm_application_t *application)
{
    size_t                  i;
    pm_catalog_template_t  *template;

    for (i = 0; list != NULL && i < list->n; i++) {
        template = list->items[i];

        if (pm_catalog_selects(template->selector, application->labels,
                               application->nlabels))
        {
            composer->found[composer->nfound++] = template;
        }
    }
}


/* Those that select the application, the first of them the base. */

static void
pm_catalog_compose_find(pm_catalog_composer_t *composer,
    const pm_application_t *application)
{
    size_t             i;
    const pm_label_t  *label;

    composer->nfound = 0;

    pm_catalog_compose_from(composer, &composer->catalog->anywhere,
                            application);

    for (i = 0; i < application->nlabels; i++) {
        label = &application->labels[i];

        pm_catalog_compose_from(composer,
                                pm_catalog_index_get(
                                    &composer->catalog->by_label,
                                    label->name, label->value, ""),
                                application);
    }

    if (composer->nfound > 1) {
        qsort(composer->found, composer->nfound, sizeof(void *),
              pm_catalog_template_order);
    }
}


static int
pm_catalog_same(const char *a, const char *b)
{
    return (a == NULL || b == NULL) ? a == b : strcmp(a, b) == 0;
}


/* Entries of one more template: those of files that none before it names. */

static void
pm_catalog_compose_files(pm_template_t *composite, const pm_template_t *body)
{
    size_t  i, j, n;

    n = composite->nfiles;

    for (i = 0; i < body->nfiles; i++) {

        for (j = 0; j < n; j++) {
            if (strcmp(composite->files[j].pattern, body->files[i].pattern)
                == 0)
            {
                break;
            }
        }

        if (j == n) {
            composite->files[composite->nfiles++] = body->files[i];
        }
    }
}


static int
pm_catalog_same_exclude(const pm_template_file_t *a,
    const pm_template_file_t *b)
{
    size_t  i;

    if (!pm_catalog_same(a->pattern, b->pattern) || a->npaths != b->npaths) {
        return 0;
    }

    for (i = 0; i < a->npaths; i++) {
        if (strcmp(pm_jsonpath_text(a->paths[i]).data,
                   pm_jsonpath_text(b->paths[i]).data)
            != 0)
        {
            return 0;
        }
    }

    return 1;
}


static void
pm_catalog_compose_excludes(pm_template_t *composite,
    const pm_template_t *body)
{
    size_t  i, j, n;

    n = composite->nexcludes;

    for (i = 0; i < body->nexcludes; i++) {

        for (j = 0; j < n; j++) {
            if (pm_catalog_same_exclude(&composite->excludes[j],
                                        &body->excludes[i]))
            {
                break;
            }
        }

        if (j == n) {
            composite->excludes[composite->nexcludes++] = body->excludes[i];
        }
    }
}


static int
pm_catalog_compose(pm_catalog_composer_t *composer,
    const pm_application_t *application, pm_template_t **made)
{
    size_t                i, nfiles, nexcludes;
    pm_arena_t           *arena;
    pm_template_t        *composite;
    const pm_template_t  *body;

    for (i = 0, nfiles = 0, nexcludes = 0; i < composer->nfound; i++) {
        nfiles += composer->found[i]->body.nfiles;
        nexcludes += composer->found[i]->body.nexcludes;
    }

    if (nfiles > PM_TEMPLATE_FILES || nexcludes > PM_TEMPLATE_EXCLUDES) {
        return pm_error_at(composer->err, PM_INVALID, application->file,
                           application->line, 1, "the %zu templates that "
                           "select the application %s/%s have more than %d "
                           "files or exclusions; use patterns",
                           composer->nfound, application->namespace,
                           application->name, PM_TEMPLATE_FILES);
    }

    arena = composer->catalog->arena;
    composite = pm_arena_zalloc(arena, sizeof(pm_template_t));
    if (composite == NULL) {
        return pm_error_memory(composer->err);
    }

    composite->name = composer->found[0]->manifest.name;
    composite->origin = "selector";
    composite->files = pm_arena_alloc(arena, (nfiles + 1)
                                             * sizeof(pm_template_file_t));
    composite->excludes = pm_arena_alloc(arena, (nexcludes + 1)
                                                * sizeof(pm_template_file_t));

    if (composite->files == NULL || composite->excludes == NULL) {
        return pm_error_memory(composer->err);
    }

    for (i = 0; i < composer->nfound; i++) {
        body = &composer->found[i]->body;

        if (composite->version.file == NULL) {
            composite->version = body->version;
        }

        if (composite->deletions == NULL) {
            composite->deletions = body->deletions;
            composite->mirror = body->mirror;
        }

        pm_catalog_compose_files(composite, body);
        pm_catalog_compose_excludes(composite, body);
    }

    *made = composite;

    return 0;
}


/* The composite of what was found, made once for each set of templates. */

static int
pm_catalog_composite(pm_catalog_composer_t *composer,
    pm_application_t *application)
{
    int             rc;
    char           *p;
    void           *earlier;
    size_t          i;
    const char     *key;
    pm_template_t  *composite;

    p = composer->key;

    for (i = 0; i < composer->nfound; i++) {
        p += sprintf(p, "%zu,", composer->found[i]->rank);
    }

    composite = pm_catalog_index_get(&composer->catalog->composites,
                                     composer->key, "", "");

    if (composite == NULL) {
        rc = pm_catalog_compose(composer, application, &composite);
        if (rc != 0) {
            return rc;
        }

        key = pm_arena_strdup(composer->catalog->arena, composer->key);

        if (key == NULL
            || pm_catalog_index_add(&composer->catalog->composites, key, "",
                                    "", composite, &earlier)
               != 0)
        {
            return pm_error_memory(composer->err);
        }
    }

    application->template = composite;

    return 0;
}


static int
pm_catalog_compose_one(pm_catalog_composer_t *composer,
    pm_application_t *application)
{
    const pm_catalog_product_t  *product;

    product = application->product
              ? pm_catalog_named(composer->catalog, "Product",
                                 application->product)
              : NULL;

    if (product != NULL && product->template != NULL) {
        application->template = product->template;
        return 0;
    }

    pm_catalog_compose_find(composer, application);

    return composer->nfound ? pm_catalog_composite(composer, application) : 0;
}


int
pm_catalog_finish_templates(pm_catalog_t *catalog, pm_error_t *err)
{
    int                        rc;
    size_t                     i;
    pm_arena_t                *arena;
    pm_catalog_composer_t      composer;
    pm_catalog_application_t  *entry;

    rc = pm_catalog_index_templates(catalog, err);

    if (rc != 0 || catalog->templates.n + catalog->products.n == 0) {
        return rc;
    }

    arena = pm_arena_create();
    if (arena == NULL) {
        return pm_error_memory(err);
    }

    composer.catalog = catalog;
    composer.err = err;

    /* a rank has 20 digits at most, and a comma */

    composer.found = pm_arena_alloc(arena, (catalog->templates.n + 1)
                                           * sizeof(void *));
    composer.key = pm_arena_zalloc(arena, catalog->templates.n * 21 + 1);

    if (composer.found == NULL || composer.key == NULL) {
        rc = pm_error_memory(err);
    }

    for (i = 0; rc == 0 && i < catalog->applications.n; i++) {
        entry = catalog->applications.items[i];
        rc = pm_catalog_compose_one(&composer, &entry->application);
    }

    pm_arena_destroy(arena);

    return rc;
}
