/*
 * PromotionFlow, codefresh.io/v1beta1: read and checked, not run.  Its steps
 * are environments, each after others, in no circle.
 */

#include "catalog/pm_catalog_build.h"

#include <stdio.h>
#include <string.h>


#define PM_CATALOG_STEPS  256


static int
pm_catalog_step(pm_catalog_reader_t *reader, const pm_node_t *mapping,
    const char *where, pm_catalog_step_t *step)
{
    int               rc;
    const pm_node_t  *list;

    if (mapping->kind != PM_NODE_MAPPING) {
        return pm_catalog_fault(reader, mapping, "%s must be a mapping, not "
                                "%s", where, pm_node_kind_name(mapping));
    }

    rc = pm_catalog_mention(reader, mapping, where, "environment",
                            PM_CATALOG_REQUIRED, &step->environment);

    if (rc == 0) {
        rc = pm_catalog_node(reader, mapping, where, "dependsOn",
                             PM_NODE_SEQUENCE, PM_CATALOG_REQUIRED, &list);
    }

    if (rc == 0) {
        rc = pm_catalog_mentions(reader, mapping, where, "dependsOn",
                                 &step->depends_on, &step->ndepends_on);
    }

    if (rc != 0) {
        return rc;
    }

    if (step->ndepends_on == 0 || step->ndepends_on > PM_CATALOG_STEPS) {
        return pm_catalog_fault(reader, list, "%s.dependsOn must name 1 to %d "
                                "environments", where, PM_CATALOG_STEPS);
    }

    step->needs = pm_arena_alloc(reader->arena, step->ndepends_on
                                                * sizeof(size_t));

    return step->needs ? 0 : pm_error_memory(reader->err);
}


static int
pm_catalog_steps(pm_catalog_reader_t *reader, const pm_node_t *spec,
    pm_catalog_flow_t *flow)
{
    int               rc;
    char              where[64];
    size_t            i;
    const pm_node_t  *list;

    list = NULL;
    rc = pm_catalog_node(reader, spec, "spec", "steps", PM_NODE_SEQUENCE,
                         PM_CATALOG_OPTIONAL, &list);

    if (rc != 0 || list == NULL || list->length == 0) {
        return rc;
    }

    if (list->length > PM_CATALOG_STEPS) {
        return pm_catalog_fault(reader, list, "spec.steps has more than %d "
                                "steps", PM_CATALOG_STEPS);
    }

    flow->nsteps = list->length;
    flow->steps = pm_arena_zalloc(reader->arena,
                                  list->length * sizeof(pm_catalog_step_t));
    if (flow->steps == NULL) {
        return pm_error_memory(reader->err);
    }

    for (i = 0; i < list->length; i++) {
        (void) snprintf(where, sizeof(where), "spec.steps[%zu]", i);

        rc = pm_catalog_step(reader, pm_node_resolve(list->items[i]), where,
                             &flow->steps[i]);
        if (rc != 0) {
            return rc;
        }
    }

    return 0;
}


int
pm_catalog_read_flow(pm_catalog_reader_t *reader, const pm_node_t *root)
{
    int                 rc;
    const pm_node_t    *spec;
    pm_catalog_flow_t  *flow;

    flow = pm_arena_zalloc(reader->arena, sizeof(pm_catalog_flow_t));
    if (flow == NULL) {
        return pm_error_memory(reader->err);
    }

    flow->file = reader->file;

    rc = pm_catalog_manifest(reader, root, "PromotionFlow", flow,
                             &flow->manifest, &spec);

    if (rc == 0) {
        rc = pm_catalog_mention(reader, spec, "spec", "triggerEnvironment",
                                PM_CATALOG_REQUIRED, &flow->trigger);
    }

    if (rc == 0) {
        rc = pm_catalog_steps(reader, spec, flow);
    }

    return rc ? rc : pm_catalog_append(reader, &reader->catalog->flows, flow);
}


/* Ids become names. */

static int
pm_catalog_flow_environment(const pm_catalog_t *catalog,
    const pm_catalog_flow_t *flow, const char *where,
    pm_catalog_mention_t *mention, pm_error_t *err)
{
    const pm_environment_t  *environment;

    environment = pm_catalog_environment(catalog, mention->name);

    if (environment == NULL) {
        return pm_catalog_missing(flow->file, mention, where,
                                  "an environment", err);
    }

    mention->name = environment->name;

    return 0;
}


/* The step that promotes into an environment; nsteps: none. */

static size_t
pm_catalog_flow_step(const pm_catalog_flow_t *flow, const char *name)
{
    size_t  i;

    for (i = 0; i < flow->nsteps; i++) {
        if (strcmp(flow->steps[i].environment.name, name) == 0) {
            break;
        }
    }

    return i;
}


static int
pm_catalog_flow_names(const pm_catalog_t *catalog, pm_catalog_flow_t *flow,
    pm_error_t *err)
{
    int                 rc;
    size_t              i, j;
    pm_catalog_step_t  *step;

    rc = pm_catalog_flow_environment(catalog, flow, "spec.triggerEnvironment",
                                     &flow->trigger, err);

    for (i = 0; rc == 0 && i < flow->nsteps; i++) {
        step = &flow->steps[i];

        rc = pm_catalog_flow_environment(catalog, flow,
                                         "spec.steps[].environment",
                                         &step->environment, err);

        for (j = 0; rc == 0 && j < step->ndepends_on; j++) {
            rc = pm_catalog_flow_environment(catalog, flow,
                                             "spec.steps[].dependsOn",
                                             &step->depends_on[j], err);
        }
    }

    return rc;
}


static int
pm_catalog_flow_links(const pm_catalog_flow_t *flow, pm_error_t *err)
{
    size_t                       i, j;
    const pm_catalog_step_t     *step;
    const pm_catalog_mention_t  *mention;

    for (i = 0; i < flow->nsteps; i++) {
        step = &flow->steps[i];
        mention = &step->environment;

        if (pm_catalog_flow_step(flow, mention->name) != i
            || strcmp(mention->name, flow->trigger.name) == 0)
        {
            return pm_error_at(err, PM_INVALID, flow->file, mention->line,
                               mention->column, "spec.steps has %s twice, or "
                               "as its trigger too", mention->name);
        }

        for (j = 0; j < step->ndepends_on; j++) {
            mention = &step->depends_on[j];

            if (strcmp(mention->name, flow->trigger.name) != 0
                && pm_catalog_flow_step(flow, mention->name) == flow->nsteps)
            {
                return pm_error_at(err, PM_INVALID, flow->file, mention->line,
                                   mention->column, "spec.steps[].dependsOn "
                                   "names %s, which is neither the trigger "
                                   "nor a step", mention->name);
            }

            step->needs[j] = pm_catalog_flow_step(flow, mention->name);
        }
    }

    return 0;
}


/* Steps are done as soon as all that they depend on is: what is left over
 * waits for itself. */

static int
pm_catalog_flow_circle(const pm_catalog_flow_t *flow, pm_error_t *err)
{
    int                          more, ready;
    size_t                       i, j;
    unsigned char                done[PM_CATALOG_STEPS + 1];
    const pm_catalog_step_t     *step;
    const pm_catalog_mention_t  *mention;

    memset(done, 0, sizeof(done));
    done[flow->nsteps] = 1;

    do {
        more = 0;

        for (i = 0; i < flow->nsteps; i++) {
            step = &flow->steps[i];

            for (j = 0, ready = !done[i]; ready && j < step->ndepends_on; j++)
            {
                ready = done[step->needs[j]];
            }

            if (ready) {
                done[i] = 1;
                more = 1;
            }
        }

    } while (more);

    for (i = 0; i < flow->nsteps; i++) {

        if (!done[i]) {
            mention = &flow->steps[i].environment;

            return pm_error_at(err, PM_INVALID, flow->file, mention->line,
                               mention->column, "the step %s depends, "
                               "through others, on itself", mention->name);
        }
    }

    return 0;
}


int
pm_catalog_finish_flows(pm_catalog_t *catalog, pm_error_t *err)
{
    int                 rc;
    size_t              i;
    pm_catalog_flow_t  *flow;

    for (i = 0; i < catalog->flows.n; i++) {
        flow = catalog->flows.items[i];

        rc = pm_catalog_flow_names(catalog, flow, err);

        if (rc == 0) {
            rc = pm_catalog_flow_links(flow, err);
        }

        if (rc == 0) {
            rc = pm_catalog_flow_circle(flow, err);
        }

        if (rc != 0) {
            return rc;
        }
    }

    return 0;
}
