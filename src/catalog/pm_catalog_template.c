/*
 * PromotionTemplate, codefresh.io/v1beta1 (its CustomResourceDefinition is in
 * codefresh-io/gitops-runtime-helm), and the same fields inside a Product.
 * Our own are exclude, deletions, and promotion.<file>.to.  They decide what
 * lands: a field that is not known is a fault.
 */

#include "catalog/pm_catalog_build.h"

#include <stdio.h>
#include <string.h>


static const char *const  pm_catalog_template_fields[] = {
    "applicationSourceSelector", "priority", "versionSource", "promotion",
    "exclude", "deletions", NULL
};

static const char *const  pm_catalog_body_fields[] = {
    "versionSource", "promotion", "exclude", "deletions", NULL
};

static const char *const  pm_catalog_promotion_fields[] = {
    "jsonPaths", "to", NULL
};

static const char *const  pm_catalog_exclude_fields[] = {
    "file", "jsonPaths", NULL
};

static const char *const  pm_catalog_version_fields[] = {
    "file", "jsonPath", NULL
};


static int
pm_catalog_version(pm_catalog_reader_t *reader, const pm_node_t *mapping,
    const char *where, const pm_manifest_t *manifest,
    pm_template_version_t *version)
{
    int                  rc;
    char                 what[128];
    const char          *text;
    const pm_node_t     *source;
    pm_template_file_t   file;

    source = NULL;
    rc = pm_catalog_node(reader, mapping, where, "versionSource",
                         PM_NODE_MAPPING, PM_CATALOG_OPTIONAL, &source);

    if (rc != 0 || source == NULL) {
        return rc;
    }

    memset(&file, 0, sizeof(pm_template_file_t));
    (void) snprintf(what, sizeof(what), "%s.versionSource", where);

    rc = pm_catalog_known(reader, source, what, pm_catalog_version_fields);

    if (rc == 0) {
        rc = pm_catalog_string(reader, source, what, "file",
                               PM_CATALOG_REQUIRED, &text);
    }

    if (rc == 0) {
        rc = pm_catalog_file(reader, pm_node_get(source, "file"), what,
                             &file);
    }

    if (rc == 0) {
        rc = pm_catalog_string(reader, source, what, "jsonPath",
                               PM_CATALOG_REQUIRED, &text);
    }

    if (rc == 0) {
        rc = pm_catalog_jsonpath(reader, pm_node_get(source, "jsonPath"),
                                 what, &version->path);
    }

    if (rc != 0) {
        return rc;
    }

    if (file.glob != NULL || pm_jsonpath_is_whole(version->path)) {
        return pm_catalog_fault(reader, source, "%s must name one file and a "
                                "value in it", what);
    }

    version->file = file.pattern;
    version->origin = manifest;

    return 0;
}


static int
pm_catalog_to(pm_catalog_reader_t *reader, const pm_node_t *mapping,
    const char *where, pm_template_file_t *file)
{
    int                  rc;
    const char          *text;
    const pm_node_t     *node;
    pm_template_file_t   to;

    text = NULL;
    rc = pm_catalog_string(reader, mapping, where, "to", PM_CATALOG_OPTIONAL,
                           &text);

    if (rc != 0 || text == NULL) {
        return rc;
    }

    memset(&to, 0, sizeof(pm_template_file_t));
    node = pm_node_get(mapping, "to");
    rc = pm_catalog_file(reader, node, where, &to);

    if (rc == 0 && (to.glob != NULL || file->glob != NULL)) {
        return pm_catalog_fault(reader, node, "%s.to needs the name of one "
                                "file, for one file: it is no pattern, and "
                                "follows none", where);
    }

    if (rc == 0 && pm_template_is_ref(to.pattern)
                   != pm_template_is_ref(file->pattern))
    {
        return pm_catalog_fault(reader, node, "%s.to must be a value file "
                                "(\"$ref/...\") where the file is one, and "
                                "only there", where);
    }

    file->to = to.pattern;

    return rc;
}


/* globs 1: only patterns are taken, 0: only names. */

static int
pm_catalog_promotion_file(pm_catalog_reader_t *reader,
    const pm_member_t *member, const char *where,
    const pm_manifest_t *manifest, int globs, pm_template_t *body)
{
    int                   rc;
    char                  what[256];
    const pm_node_t      *key, *value;
    pm_template_file_t   *file;

    key = pm_node_resolve(member->key);
    value = pm_node_resolve(member->value);

    if (strcmp(key->text.data, "<<") == 0) {
        return pm_catalog_fault(reader, key, "merge keys (<<) are not read; "
                                "write the values out");
    }

    file = &body->files[body->nfiles];
    memset(file, 0, sizeof(pm_template_file_t));
    file->origin = manifest;

    rc = pm_catalog_file(reader, key, where, file);

    if (rc != 0 || (file->glob != NULL) != globs) {
        return rc;
    }

    body->nfiles++;

    (void) snprintf(what, sizeof(what), "%s[\"%.64s\"]", where,
                    file->pattern);

    if (value->kind != PM_NODE_MAPPING) {
        return pm_catalog_fault(reader, value, "%s must be a mapping with "
                                "jsonPaths, not %s", what,
                                pm_node_kind_name(value));
    }

    rc = pm_catalog_known(reader, value, what, pm_catalog_promotion_fields);

    if (rc == 0) {
        rc = pm_catalog_jsonpaths(reader, value, what, file);
    }

    return rc ? rc : pm_catalog_to(reader, value, what, file);
}


/* Names first: of those that match, the first entry counts. */

static int
pm_catalog_promotion(pm_catalog_reader_t *reader, const pm_node_t *mapping,
    const char *where, const pm_manifest_t *manifest, pm_template_t *body)
{
    int               rc, globs;
    char              what[128];
    size_t            i;
    const pm_node_t  *promotion;

    promotion = NULL;
    rc = pm_catalog_node(reader, mapping, where, "promotion",
                         PM_NODE_MAPPING, PM_CATALOG_OPTIONAL, &promotion);

    if (rc != 0 || promotion == NULL || promotion->length == 0) {
        return rc;
    }

    if (promotion->length > PM_TEMPLATE_FILES) {
        return pm_catalog_fault(reader, promotion, "%s.promotion has more "
                                "than %d files; use patterns", where,
                                PM_TEMPLATE_FILES);
    }

    /* one more: where the last one that is left out is looked at */

    body->files = pm_arena_alloc(reader->arena, (promotion->length + 1)
                                                * sizeof(pm_template_file_t));
    if (body->files == NULL) {
        return pm_error_memory(reader->err);
    }

    (void) snprintf(what, sizeof(what), "%s.promotion", where);

    for (globs = 0; globs < 2; globs++) {

        for (i = 0; i < promotion->length; i++) {

            rc = pm_catalog_promotion_file(reader, &promotion->members[i],
                                           what, manifest, globs, body);
            if (rc != 0) {
                return rc;
            }
        }
    }

    return 0;
}


/* A pattern ("$ref/…": of value files), a JSONPath ("$…") of every file, or
 * JSONPaths of some files. */

static int
pm_catalog_exclude_item(pm_catalog_reader_t *reader, const pm_node_t *item,
    const char *where, pm_template_file_t *exclude)
{
    int                     rc;
    const char             *text;
    const pm_jsonpath_t   **paths;

    if (item->kind == PM_NODE_STRING && item->text.data[0] == '$'
        && !pm_template_is_ref(item->text.data))
    {

        paths = pm_arena_alloc(reader->arena, sizeof(void *));
        if (paths == NULL) {
            return pm_error_memory(reader->err);
        }

        exclude->paths = paths;
        exclude->npaths = 1;

        return pm_catalog_jsonpath(reader, item, where, &paths[0]);
    }

    if (item->kind != PM_NODE_MAPPING) {
        return pm_catalog_file(reader, item, where, exclude);
    }

    rc = pm_catalog_known(reader, item, where, pm_catalog_exclude_fields);

    if (rc == 0) {
        rc = pm_catalog_string(reader, item, where, "file",
                               PM_CATALOG_REQUIRED, &text);
    }

    if (rc == 0) {
        rc = pm_catalog_file(reader, pm_node_get(item, "file"), where,
                             exclude);
    }

    return rc ? rc : pm_catalog_jsonpaths(reader, item, where, exclude);
}


static int
pm_catalog_exclude(pm_catalog_reader_t *reader, const pm_node_t *mapping,
    const char *where, const pm_manifest_t *manifest, pm_template_t *body)
{
    int               rc;
    char              what[128];
    size_t            i;
    const pm_node_t  *list;

    list = NULL;
    rc = pm_catalog_node(reader, mapping, where, "exclude", PM_NODE_SEQUENCE,
                         PM_CATALOG_OPTIONAL, &list);

    if (rc != 0 || list == NULL || list->length == 0) {
        return rc;
    }

    if (list->length > PM_TEMPLATE_EXCLUDES) {
        return pm_catalog_fault(reader, list, "%s.exclude has more than %d "
                                "items; use patterns", where,
                                PM_TEMPLATE_EXCLUDES);
    }

    body->excludes = pm_arena_zalloc(reader->arena,
                                     list->length
                                     * sizeof(pm_template_file_t));
    if (body->excludes == NULL) {
        return pm_error_memory(reader->err);
    }

    body->nexcludes = list->length;

    for (i = 0; i < list->length; i++) {
        (void) snprintf(what, sizeof(what), "%s.exclude[%zu]", where, i);
        body->excludes[i].origin = manifest;

        rc = pm_catalog_exclude_item(reader, pm_node_resolve(list->items[i]),
                                     what, &body->excludes[i]);
        if (rc != 0) {
            return rc;
        }
    }

    return 0;
}


static int
pm_catalog_deletions(pm_catalog_reader_t *reader, const pm_node_t *mapping,
    const char *where, const pm_manifest_t *manifest, pm_template_t *body)
{
    int          rc;
    const char  *deletions;

    deletions = NULL;
    rc = pm_catalog_string(reader, mapping, where, "deletions",
                           PM_CATALOG_OPTIONAL, &deletions);

    if (rc != 0 || deletions == NULL) {
        return rc;
    }

    body->deletions = manifest;
    body->mirror = (strcmp(deletions, "mirror") == 0);

    if (!body->mirror && strcmp(deletions, "keep") != 0) {
        return pm_catalog_fault(reader, pm_node_get(mapping, "deletions"),
                                "%s.deletions must be keep or mirror, not "
                                "\"%.64s\"", where, deletions);
    }

    return 0;
}


static int
pm_catalog_body(pm_catalog_reader_t *reader, const pm_node_t *mapping,
    const char *where, const pm_manifest_t *manifest, pm_template_t *body)
{
    int  rc;

    body->name = manifest->name;

    rc = pm_catalog_version(reader, mapping, where, manifest, &body->version);

    if (rc == 0) {
        rc = pm_catalog_promotion(reader, mapping, where, manifest, body);
    }

    if (rc == 0) {
        rc = pm_catalog_exclude(reader, mapping, where, manifest, body);
    }

    return rc ? rc : pm_catalog_deletions(reader, mapping, where, manifest,
                                          body);
}


int
pm_catalog_template_body(pm_catalog_reader_t *reader,
    const pm_node_t *mapping, const char *where,
    const pm_manifest_t *manifest, pm_template_t *body)
{
    int  rc;

    rc = pm_catalog_known(reader, mapping, where, pm_catalog_body_fields);

    return rc ? rc : pm_catalog_body(reader, mapping, where, manifest, body);
}


int
pm_catalog_read_template(pm_catalog_reader_t *reader, const pm_node_t *root)
{
    int                     rc;
    const pm_node_t        *spec, *selector;
    pm_catalog_template_t  *template;

    template = pm_arena_zalloc(reader->arena, sizeof(pm_catalog_template_t));
    if (template == NULL) {
        return pm_error_memory(reader->err);
    }

    template->file = reader->file;
    selector = NULL;

    rc = pm_catalog_manifest(reader, root, "PromotionTemplate", template,
                             &template->manifest, &spec);

    if (rc == 0) {
        rc = pm_catalog_known(reader, spec, "spec",
                              pm_catalog_template_fields);
    }

    if (rc == 0) {
        rc = pm_catalog_integer(reader, spec, "spec", "priority",
                                &template->priority);
    }

    if (rc == 0) {
        rc = pm_catalog_node(reader, spec, "spec",
                             "applicationSourceSelector", PM_NODE_MAPPING,
                             PM_CATALOG_OPTIONAL, &selector);
    }

    if (rc == 0 && selector != NULL) {
        template->selector = pm_arena_zalloc(reader->arena,
                                             sizeof(pm_catalog_selector_t));
        if (template->selector == NULL) {
            return pm_error_memory(reader->err);
        }

        rc = pm_catalog_selector(reader, selector,
                                 "spec.applicationSourceSelector",
                                 template->selector);
    }

    if (rc == 0) {
        rc = pm_catalog_body(reader, spec, "spec", &template->manifest,
                             &template->body);
    }

    return rc ? rc : pm_catalog_append(reader, &reader->catalog->templates,
                                       template);
}
