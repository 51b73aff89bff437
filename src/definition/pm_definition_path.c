#include "definition/pm_definition_internal.h"

#include <string.h>


/* "//orders" and "orders/" are "/orders/", as the product has it. */

static const char *
pm_definition_path_normal(pm_arena_t *arena, const pm_string_t *text)
{
    char    *path, *p;
    size_t   i;

    path = pm_arena_alloc(arena, text->len + 3);
    if (path == NULL) {
        return NULL;
    }

    p = path;
    *p++ = '/';

    for (i = 0; i < text->len; i++) {

        if (text->data[i] != '/' || p[-1] != '/') {
            *p++ = text->data[i];
        }
    }

    if (p[-1] != '/') {
        *p++ = '/';
    }

    *p = '\0';

    return path;
}


static const char *
pm_definition_host(pm_arena_t *arena, const pm_string_t *text)
{
    char    *host;
    size_t   i;

    host = pm_arena_strndup(arena, text->data, text->len);

    for (i = 0; host != NULL && i < text->len; i++) {

        if (host[i] >= 'A' && host[i] <= 'Z') {
            host[i] = (char) (host[i] | 0x20);
        }
    }

    return host;
}


/* One of a virtual host's or listener's fields: a string, or missing. */

static int
pm_definition_path_text(const pm_definition_t *d, const pm_node_t *mapping,
    const char *key, pm_string_t *text, pm_error_t *err)
{
    int          rc;
    const char  *value;

    rc = pm_definition_text(d->file, mapping, key, PM_DEFINITION_PATH, &value,
                            err);

    text->data = value ? value : "";
    text->len = value ? strlen(value) : 0;

    return rc;
}


static int
pm_definition_path_add(pm_arena_t *arena, pm_definition_t *d,
    const pm_node_t *at, const pm_string_t *host, const pm_string_t *path,
    pm_error_t *err)
{
    pm_definition_path_t  *made;

    if (d->entry.npaths == PM_DEFINITION_PATHS) {
        return pm_definition_fault(d->file, at, err, "more than %d context "
                                   "paths", PM_DEFINITION_PATHS);
    }

    if (d->entry.paths == NULL) {
        d->entry.paths = pm_arena_alloc(arena, PM_DEFINITION_PATHS
                                               * sizeof(*made));
        if (d->entry.paths == NULL) {
            return pm_error_memory(err);
        }
    }

    made = &d->entry.paths[d->entry.npaths++];
    made->host = NULL;
    made->path = pm_definition_path_normal(arena, path);

    if (host->len > 0) {
        made->host = pm_definition_host(arena, host);
    }

    if (made->path == NULL || (host->len > 0 && made->host == NULL)) {
        return pm_error_memory(err);
    }

    return 0;
}


/* A list of mappings, each with a path and perhaps a host. */

static int
pm_definition_path_list(pm_arena_t *arena, pm_definition_t *d,
    const pm_node_t *list, const char *what, pm_error_t *err)
{
    int               rc;
    size_t            i;
    pm_string_t       host, path;
    const pm_node_t  *item;

    if (list == NULL || list->kind == PM_NODE_NULL) {
        return 0;
    }

    if (list->kind != PM_NODE_SEQUENCE) {
        return pm_definition_fault(d->file, list, err, "%s must be a list, "
                                   "and is %s", what,
                                   pm_node_kind_name(list));
    }

    for (i = 0; i < list->length; i++) {
        item = pm_node_resolve(list->items[i]);

        if (item->kind != PM_NODE_MAPPING) {
            return pm_definition_fault(d->file, item, err, "each of %s must "
                                       "be a mapping, and this is %s", what,
                                       pm_node_kind_name(item));
        }

        rc = pm_definition_path_text(d, item, "host", &host, err);

        if (rc == 0) {
            rc = pm_definition_path_text(d, item, "path", &path, err);
        }

        if (rc == 0) {
            rc = pm_definition_path_add(arena, d, item, &host, &path, err);
        }

        if (rc != 0) {
            return rc;
        }
    }

    return 0;
}


static int
pm_definition_paths_v2(pm_arena_t *arena, pm_definition_t *d,
    pm_error_t *err)
{
    int               rc;
    pm_string_t       none, path;
    const pm_node_t  *proxy;

    proxy = pm_node_get(d->api, "proxy");

    if (proxy == NULL || proxy->kind == PM_NODE_NULL) {
        return 0;
    }

    if (proxy->kind != PM_NODE_MAPPING) {
        return pm_definition_fault(d->file, proxy, err, "proxy must be a "
                                   "mapping, and is %s",
                                   pm_node_kind_name(proxy));
    }

    rc = pm_definition_path_list(arena, d,
                                 pm_node_get(proxy, "virtual_hosts"),
                                 "proxy.virtual_hosts", err);

    if (rc != 0 || d->entry.npaths > 0) {
        return rc;
    }

    /* before there were virtual hosts */

    none.data = "";
    none.len = 0;

    rc = pm_definition_path_text(d, proxy, "contextPath", &path, err);

    if (rc == 0 && path.len == 0) {
        rc = pm_definition_path_text(d, proxy, "context_path", &path, err);
    }

    if (rc == 0 && path.len > 0) {
        rc = pm_definition_path_add(arena, d, proxy, &none, &path, err);
    }

    return rc;
}


static int
pm_definition_paths_v4(pm_arena_t *arena, pm_definition_t *d,
    pm_error_t *err)
{
    int               rc;
    size_t            i;
    const pm_node_t  *list, *listener;

    list = pm_node_get(d->api, "listeners");

    if (list == NULL || list->kind == PM_NODE_NULL) {
        return 0;
    }

    if (list->kind != PM_NODE_SEQUENCE) {
        return pm_definition_fault(d->file, list, err, "listeners must be a "
                                   "list, and is %s",
                                   pm_node_kind_name(list));
    }

    for (i = 0; i < list->length; i++) {
        listener = pm_node_resolve(list->items[i]);

        if (listener->kind != PM_NODE_MAPPING) {
            return pm_definition_fault(d->file, listener, err, "each of "
                                       "listeners must be a mapping, and "
                                       "this is %s",
                                       pm_node_kind_name(listener));
        }

        /* those of type tcp and kafka have none */

        rc = pm_definition_path_list(arena, d, pm_node_get(listener, "paths"),
                                     "listeners[].paths", err);
        if (rc != 0) {
            return rc;
        }
    }

    return 0;
}


int
pm_definition_paths(pm_arena_t *arena, pm_definition_t *d, pm_error_t *err)
{
    return d->entry.kind == PM_DEFINITION_V4
           ? pm_definition_paths_v4(arena, d, err)
           : pm_definition_paths_v2(arena, d, err);
}


int
pm_definition_path_compare(const pm_definition_path_t *a,
    const pm_definition_path_t *b)
{
    int  rc;

    if (a->host == NULL || b->host == NULL) {
        rc = (a->host != NULL) - (b->host != NULL);

    } else {
        rc = strcmp(a->host, b->host);
    }

    return rc ? rc : strcmp(a->path, b->path);
}


/* Each path ends in "/", so that bytes in common are segments in common. */

int
pm_definition_paths_conflict(const pm_definition_path_t *a,
    const pm_definition_path_t *b)
{
    size_t  left, right;

    if ((a->host == NULL) != (b->host == NULL)
        || (a->host != NULL && strcmp(a->host, b->host) != 0))
    {
        return 0;
    }

    left = strlen(a->path);
    right = strlen(b->path);

    return memcmp(a->path, b->path, left < right ? left : right) == 0;
}
