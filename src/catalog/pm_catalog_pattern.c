/*
 * Expressions inside of manifests: JSONPaths, names of files, globs.  Their
 * faults are told with the place in the manifest.
 */

#include "catalog/pm_catalog_build.h"

#include <string.h>


/* Where character n (from 1) of a string's value stands; 0: its text is not
 * its value (escapes, several lines), and only its start is known. */

static unsigned
pm_catalog_inside(const pm_node_t *node, unsigned n)
{
    unsigned  quote;

    quote = (node->style == PM_STYLE_SINGLE || node->style == PM_STYLE_DOUBLE);

    if (n == 0 || node->style == PM_STYLE_LITERAL
        || node->style == PM_STYLE_FOLDED
        || node->end - node->start != node->text.len + 2 * quote)
    {
        return 0;
    }

    return node->column + quote + n - 1;
}


static int
pm_catalog_fault_inside(pm_catalog_reader_t *reader, const pm_node_t *node,
    const char *where, const pm_error_t *fault)
{
    unsigned  column;

    if (fault->code == PM_UNAVAILABLE) {
        return pm_error_memory(reader->err);
    }

    column = pm_catalog_inside(node, fault->column);

    return pm_error_at(reader->err, PM_INVALID, reader->file, node->line,
                       column ? column : node->column, "%s: %s", where,
                       fault->message);
}


int
pm_catalog_jsonpath(pm_catalog_reader_t *reader, const pm_node_t *node,
    const char *where, const pm_jsonpath_t **path)
{
    pm_error_t      fault;
    pm_jsonpath_t  *compiled;

    node = pm_node_resolve(node);

    if (node->kind != PM_NODE_STRING) {
        return pm_catalog_fault(reader, node, "%s must be a JSONPath, not %s",
                                where, pm_node_kind_name(node));
    }

    if (pm_jsonpath_compile(reader->arena, node->text.data, node->text.len,
                            &compiled, &fault)
        != 0)
    {
        return pm_catalog_fault_inside(reader, node, where, &fault);
    }

    *path = compiled;

    return 0;
}


int
pm_catalog_jsonpaths(pm_catalog_reader_t *reader, const pm_node_t *mapping,
    const char *where, pm_template_file_t *file)
{
    int                    rc;
    size_t                 i;
    const pm_node_t       *list;
    const pm_jsonpath_t  **paths;

    rc = pm_catalog_node(reader, mapping, where, "jsonPaths",
                         PM_NODE_SEQUENCE, PM_CATALOG_REQUIRED, &list);
    if (rc != 0) {
        return rc;
    }

    if (list->length == 0 || list->length > PM_TEMPLATE_PATHS) {
        return pm_catalog_fault(reader, list, "%s.jsonPaths must name 1 to %d "
                                "JSONPaths; \"*\" alone is the whole file",
                                where, PM_TEMPLATE_PATHS);
    }

    paths = pm_arena_alloc(reader->arena, list->length * sizeof(void *));
    if (paths == NULL) {
        return pm_error_memory(reader->err);
    }

    file->paths = paths;
    file->npaths = list->length;

    for (i = 0; i < list->length; i++) {
        rc = pm_catalog_jsonpath(reader, list->items[i], where, &paths[i]);
        if (rc != 0) {
            return rc;
        }
    }

    /* what is in a whole file need not be named */

    for (i = 0; i < list->length; i++) {
        if (pm_jsonpath_is_whole(paths[i])) {
            file->npaths = 0;
        }
    }

    return 0;
}


/*
 * What a part of a path may not be; *up: it is "..", and so were all before
 * it.
 */

static const char *
pm_catalog_part(const char *part, size_t len, int *up)
{
    if (len == 0) {
        return "names a file relative to the application's path: it neither "
               "begins nor ends with \"/\", nor has two in a row (folder/** "
               "is all below a folder)";
    }

    if (len == 2 && memcmp(part, "..", 2) == 0) {
        return *up ? NULL : "goes through \"..\"; write it without";
    }

    if (len == 1 && *part == '.') {
        return "has a part \".\"; write it without";
    }

    *up = 0;

    return NULL;
}


int
pm_catalog_file(pm_catalog_reader_t *reader, const pm_node_t *node,
    const char *where, pm_template_file_t *file)
{
    int          up;
    size_t       len;
    pm_glob_t   *glob;
    pm_error_t   fault;
    const char  *p, *what;

    node = pm_node_resolve(node);

    if (node->kind != PM_NODE_STRING) {
        return pm_catalog_fault(reader, node, "%s must be the name of a file, "
                                "not %s", where, pm_node_kind_name(node));
    }

    p = node->text.data;

    while (p[0] == '.' && p[1] == '/') {
        p += 2;
    }

    file->pattern = pm_arena_strdup(reader->arena, p);
    if (file->pattern == NULL) {
        return pm_error_memory(reader->err);
    }

    up = 1;

    for ( ;; ) {
        len = strcspn(p, "/");
        what = pm_catalog_part(p, len, &up);

        if (what != NULL) {
            return pm_catalog_fault(reader, node, "%s: \"%.64s\" %s", where,
                                    file->pattern, what);
        }

        if (p[len] == '\0') {
            break;
        }

        p += len + 1;
    }

    if (up) {
        return pm_catalog_fault(reader, node, "%s: \"%.64s\" names a folder",
                                where, file->pattern);
    }

    if (!pm_glob_is(file->pattern)) {
        return 0;
    }

    if (strncmp(file->pattern, "../", 3) == 0) {
        return pm_catalog_fault(reader, node, "%s: \"%.64s\" leads out of the "
                                "application's path, where files are named "
                                "one by one", where, file->pattern);
    }

    if (pm_glob_compile(reader->arena, file->pattern, &glob, &fault) != 0) {
        fault.column += (unsigned) (node->text.len - strlen(file->pattern));
        return pm_catalog_fault_inside(reader, node, where, &fault);
    }

    file->glob = glob;

    return 0;
}
