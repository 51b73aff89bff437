/*
 * Kubernetes's label selectors (kubernetes.io/docs/concepts/overview/
 * working-with-objects/labels, "Resources that support set-based
 * requirements").
 */

#include "catalog/pm_catalog_build.h"

#include <stdio.h>
#include <string.h>


static const char *const  pm_catalog_operators[] = {
    "In", "NotIn", "Exists", "DoesNotExist", NULL
};

static const char *const  pm_catalog_selector_fields[] = {
    "matchLabels", "matchExpressions", NULL
};

static const char *const  pm_catalog_expression_fields[] = {
    "key", "operator", "values", NULL
};


static int
pm_catalog_expression_values(pm_catalog_reader_t *reader,
    const pm_node_t *mapping, const char *where,
    pm_catalog_requirement_t *requirement)
{
    int               rc;
    size_t            i;
    const pm_node_t  *list;

    list = NULL;
    rc = pm_catalog_node(reader, mapping, where, "values", PM_NODE_SEQUENCE,
                         PM_CATALOG_OPTIONAL, &list);
    if (rc != 0) {
        return rc;
    }

    if (requirement->operator == PM_CATALOG_IN
        || requirement->operator == PM_CATALOG_NOT_IN)
    {
        if (list == NULL || list->length == 0) {
            return pm_catalog_fault(reader, list ? list : mapping,
                                    "%s.values must name a value: the "
                                    "operator is %s", where,
                                    pm_catalog_operators[
                                        requirement->operator]);
        }

    } else if (list != NULL && list->length > 0) {
        return pm_catalog_fault(reader, list, "%s.values must be empty: the "
                                "operator is %s", where,
                                pm_catalog_operators[requirement->operator]);
    }

    requirement->nvalues = list ? list->length : 0;
    requirement->values = pm_arena_zalloc(reader->arena,
                                          (requirement->nvalues + 1)
                                          * sizeof(char *));
    if (requirement->values == NULL) {
        return pm_error_memory(reader->err);
    }

    for (i = 0; i < requirement->nvalues; i++) {
        rc = pm_catalog_any_item(reader, list->items[i], where,
                                  &requirement->values[i]);
        if (rc != 0) {
            return rc;
        }
    }

    return 0;
}


static int
pm_catalog_expression(pm_catalog_reader_t *reader, const pm_node_t *mapping,
    const char *where, pm_catalog_requirement_t *requirement)
{
    int          rc, i;
    const char  *operator;

    if (mapping->kind != PM_NODE_MAPPING) {
        return pm_catalog_fault(reader, mapping, "%s must be a mapping, not "
                                "%s", where, pm_node_kind_name(mapping));
    }

    rc = pm_catalog_known(reader, mapping, where,
                          pm_catalog_expression_fields);

    if (rc == 0) {
        rc = pm_catalog_string(reader, mapping, where, "key",
                               PM_CATALOG_REQUIRED, &requirement->key);
    }

    if (rc == 0) {
        rc = pm_catalog_string(reader, mapping, where, "operator",
                               PM_CATALOG_REQUIRED, &operator);
    }

    if (rc != 0) {
        return rc;
    }

    for (i = 0; pm_catalog_operators[i] != NULL; i++) {
        if (strcmp(pm_catalog_operators[i], operator) == 0) {
            break;
        }
    }

    if (pm_catalog_operators[i] == NULL) {
        return pm_catalog_fault(reader, pm_node_get(mapping, "operator"),
                                "%s.operator must be In, NotIn, Exists or "
                                "DoesNotExist, not \"%.64s\"", where,
                                operator);
    }

    requirement->operator = (pm_catalog_operator_t) i;

    return pm_catalog_expression_values(reader, mapping, where, requirement);
}


static int
pm_catalog_expressions(pm_catalog_reader_t *reader, const pm_node_t *mapping,
    const char *where, pm_catalog_selector_t *selector,
    const pm_node_t **expressions)
{
    int     rc;
    size_t  n;

    *expressions = NULL;
    rc = pm_catalog_node(reader, mapping, where, "matchExpressions",
                         PM_NODE_SEQUENCE, PM_CATALOG_OPTIONAL, expressions);
    if (rc != 0) {
        return rc;
    }

    n = selector->n + (*expressions ? (*expressions)->length : 0);

    selector->items = pm_arena_zalloc(reader->arena, (n + 1)
                                      * sizeof(pm_catalog_requirement_t));

    return selector->items ? 0 : pm_error_memory(reader->err);
}


int
pm_catalog_selector(pm_catalog_reader_t *reader, const pm_node_t *mapping,
    const char *where, pm_catalog_selector_t *selector)
{
    int                        rc;
    char                       what[128];
    size_t                     i, nlabels;
    pm_label_t                *labels;
    const pm_node_t           *list;
    pm_catalog_requirement_t  *requirement;

    nlabels = 0;
    rc = pm_catalog_known(reader, mapping, where, pm_catalog_selector_fields);

    if (rc == 0) {
        rc = pm_catalog_labels(reader, mapping, where, "matchLabels", &labels,
                               &nlabels);
    }

    selector->n = nlabels;

    if (rc == 0) {
        rc = pm_catalog_expressions(reader, mapping, where, selector, &list);
    }

    if (rc != 0) {
        return rc;
    }

    for (i = 0; i < nlabels; i++) {
        requirement = &selector->items[i];
        requirement->key = labels[i].name;
        requirement->operator = PM_CATALOG_IN;
        requirement->nvalues = 1;
        requirement->values = &labels[i].value;
    }

    for (i = 0; list != NULL && i < list->length; i++) {
        (void) snprintf(what, sizeof(what), "%s.matchExpressions[%zu]", where,
                        i);

        rc = pm_catalog_expression(reader, pm_node_resolve(list->items[i]),
                                   what, &selector->items[selector->n++]);
        if (rc != 0) {
            return rc;
        }
    }

    return 0;
}


/* What is not there is not in any set either: NotIn holds. */

static int
pm_catalog_holds(const pm_catalog_requirement_t *requirement,
    const char *value)
{
    size_t  i;

    if (requirement->operator == PM_CATALOG_EXISTS) {
        return value != NULL;
    }

    if (requirement->operator == PM_CATALOG_DOES_NOT_EXIST) {
        return value == NULL;
    }

    for (i = 0; value != NULL && i < requirement->nvalues; i++) {
        if (strcmp(requirement->values[i], value) == 0) {
            return requirement->operator == PM_CATALOG_IN;
        }
    }

    return requirement->operator == PM_CATALOG_NOT_IN;
}


int
pm_catalog_selects(const pm_catalog_selector_t *selector,
    const pm_label_t *labels, size_t nlabels)
{
    size_t       i, j;
    const char  *value;

    for (i = 0; i < selector->n; i++) {
        value = NULL;

        for (j = 0; j < nlabels; j++) {
            if (strcmp(labels[j].name, selector->items[i].key) == 0) {
                value = labels[j].value;
                break;
            }
        }

        if (!pm_catalog_holds(&selector->items[i], value)) {
            return 0;
        }
    }

    return 1;
}
