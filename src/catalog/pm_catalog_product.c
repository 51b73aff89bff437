/*
 * Product, codefresh.io/v1beta1 and v1beta2.  What the module does not use is
 * not looked at.  A product that applications name and no manifest describes
 * is one all the same, without settings.
 */

#include "catalog/pm_catalog_build.h"

#include <stdio.h>
#include <string.h>


/* promotionFlows[].name; their triggers are not looked at. */

static int
pm_catalog_product_flows(pm_catalog_reader_t *reader, const pm_node_t *spec,
    pm_catalog_product_t *product)
{
    int               rc;
    char              where[64];
    size_t            i;
    const pm_node_t  *list, *item;

    list = NULL;
    rc = pm_catalog_node(reader, spec, "spec", "promotionFlows",
                         PM_NODE_SEQUENCE, PM_CATALOG_OPTIONAL, &list);

    if (rc != 0 || list == NULL || list->length == 0) {
        return rc;
    }

    product->nflows = list->length;
    product->flows = pm_arena_zalloc(reader->arena,
                                     list->length
                                     * sizeof(pm_catalog_mention_t));
    if (product->flows == NULL) {
        return pm_error_memory(reader->err);
    }

    for (i = 0; i < list->length; i++) {
        item = pm_node_resolve(list->items[i]);
        (void) snprintf(where, sizeof(where), "spec.promotionFlows[%zu]", i);

        if (item->kind != PM_NODE_MAPPING) {
            return pm_catalog_fault(reader, item, "%s must be a mapping, not "
                                    "%s", where, pm_node_kind_name(item));
        }

        rc = pm_catalog_mention(reader, item, where, "name",
                                PM_CATALOG_REQUIRED, &product->flows[i]);
        if (rc != 0) {
            return rc;
        }
    }

    return 0;
}


int
pm_catalog_read_product(pm_catalog_reader_t *reader, const pm_node_t *root)
{
    int                    rc;
    const pm_node_t       *spec, *inline_template;
    pm_catalog_product_t  *product;

    product = pm_arena_zalloc(reader->arena, sizeof(pm_catalog_product_t));
    if (product == NULL) {
        return pm_error_memory(reader->err);
    }

    product->file = reader->file;
    product->product.manifest = &product->manifest;
    inline_template = NULL;

    rc = pm_catalog_manifest(reader, root, "Product", product,
                             &product->manifest, &spec);

    if (rc == 0) {
        rc = pm_catalog_mention(reader, spec, "spec", "promotionTemplateRef",
                                PM_CATALOG_OPTIONAL, &product->reference);
    }

    if (rc == 0) {
        rc = pm_catalog_node(reader, spec, "spec", "promotionTemplate",
                             PM_NODE_MAPPING, PM_CATALOG_OPTIONAL,
                             &inline_template);
    }

    if (rc == 0 && inline_template != NULL) {
        product->template = pm_arena_zalloc(reader->arena,
                                            sizeof(pm_template_t));
        if (product->template == NULL) {
            return pm_error_memory(reader->err);
        }

        product->template->origin = "product";

        rc = pm_catalog_template_body(reader, inline_template,
                                      "spec.promotionTemplate",
                                      &product->manifest, product->template);
    }

    if (rc == 0) {
        rc = pm_catalog_product_flows(reader, spec, product);
    }

    product->product.name = product->manifest.name;

    return rc ? rc : pm_catalog_append(reader, &reader->catalog->products,
                                       product);
}


static int
pm_catalog_finish_product(pm_catalog_t *catalog,
    pm_catalog_product_t *product, pm_error_t *err)
{
    size_t                        i;
    const pm_catalog_template_t  *template;

    for (i = 0; i < product->nflows; i++) {
        if (pm_catalog_named(catalog, "PromotionFlow", product->flows[i].name)
            == NULL)
        {
            return pm_catalog_missing(product->file, &product->flows[i],
                                      "spec.promotionFlows",
                                      "a PromotionFlow", err);
        }
    }

    if (product->reference.name == NULL || *product->reference.name == '\0') {
        return 0;
    }

    template = pm_catalog_named(catalog, "PromotionTemplate",
                                product->reference.name);

    if (template == NULL) {
        return pm_catalog_missing(product->file, &product->reference,
                                  "spec.promotionTemplateRef",
                                  "a PromotionTemplate", err);
    }

    if (product->template == NULL) {
        product->template = pm_arena_alloc(catalog->arena,
                                           sizeof(pm_template_t));
        if (product->template == NULL) {
            return pm_error_memory(err);
        }

        *product->template = template->body;
        product->template->origin = "reference";
    }

    return 0;
}


/* The product that an application names, made if there is none. */

static int
pm_catalog_join(pm_catalog_reader_t *reader, pm_application_t *application)
{
    int                    rc;
    pm_catalog_product_t  *product;

    product = pm_catalog_named(reader->catalog, "Product",
                               application->product);

    if (product == NULL) {
        product = pm_arena_zalloc(reader->arena,
                                  sizeof(pm_catalog_product_t));
        if (product == NULL) {
            return pm_error_memory(reader->err);
        }

        product->product.name = application->product;
        product->manifest.name = application->product;

        rc = pm_catalog_keep(reader, "Product", product, &product->manifest,
                             NULL);

        if (rc == 0) {
            rc = pm_catalog_append(reader, &reader->catalog->products,
                                   product);
        }

        if (rc != 0) {
            return rc;
        }
    }

    return pm_catalog_append(reader, &product->applications, application);
}


int
pm_catalog_finish_products(pm_catalog_t *catalog, pm_error_t *err)
{
    int                        rc;
    size_t                     i;
    pm_catalog_reader_t        reader;
    pm_catalog_product_t      *product;
    pm_catalog_application_t  *entry;

    memset(&reader, 0, sizeof(pm_catalog_reader_t));
    reader.catalog = catalog;
    reader.arena = catalog->arena;
    reader.err = err;

    for (i = 0; i < catalog->products.n; i++) {
        rc = pm_catalog_finish_product(catalog, catalog->products.items[i],
                                       err);
        if (rc != 0) {
            return rc;
        }
    }

    for (i = 0; i < catalog->applications.n; i++) {
        entry = catalog->applications.items[i];

        if (entry->application.product != NULL) {
            rc = pm_catalog_join(&reader, &entry->application);
            if (rc != 0) {
                return rc;
            }
        }
    }

    for (i = 0; i < catalog->products.n; i++) {
        product = catalog->products.items[i];
        product->product.napplications = product->applications.n;
        product->product.applications =
                   (const pm_application_t **) product->applications.items;
    }

    return 0;
}


const pm_product_t *
pm_catalog_product(const pm_catalog_t *catalog, const char *name)
{
    const pm_catalog_product_t  *product;

    product = pm_catalog_named(catalog, "Product", name);

    return product ? &product->product : NULL;
}


const pm_product_t *
pm_catalog_products(const pm_catalog_t *catalog, size_t i)
{
    const pm_catalog_product_t  *product;

    if (i >= catalog->products.n) {
        return NULL;
    }

    product = catalog->products.items[i];

    return &product->product;
}


size_t
pm_catalog_nproducts(const pm_catalog_t *catalog)
{
    return catalog->products.n;
}
