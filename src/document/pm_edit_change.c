#include "document/pm_edit_internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>


int
pm_edit_fault(pm_edit_t *e, const pm_node_t *node, const char *fmt, ...)
{
    char     message[PM_ERROR_SIZE];
    va_list  args;

    va_start(args, fmt);
    (void) vsnprintf(message, sizeof(message), fmt, args);
    va_end(args);

    node = node ? node : e->at;

    return pm_error_at(e->err, PM_UNPROCESSABLE, e->destination->name,
                       node ? node->line : 1, node ? node->column : 1,
                       "%s", message);
}


int
pm_edit_enter(pm_edit_t *e)
{
    if (++e->depth > PM_EDIT_DEPTH) {
        return pm_edit_fault(e, NULL, "aliases nest deeper than %d levels; "
                             "promote the whole file", PM_EDIT_DEPTH);
    }

    if (++e->steps > PM_EDIT_STEPS) {
        return pm_edit_fault(e, NULL, "too much to compare: more than %d "
                             "values, those behind aliases counted each "
                             "time; promote the whole file", PM_EDIT_STEPS);
    }

    return 0;
}


static void
pm_crumb_write(const pm_crumb_t *crumb, pm_buffer_t *pointer)
{
    size_t  i;
    char    c;

    if (crumb->parent == NULL) {
        return;
    }

    pm_crumb_write(crumb->parent, pointer);
    pm_buffer_putc(pointer, '/');

    if (crumb->key == NULL) {
        pm_buffer_printf(pointer, "%zu", crumb->index);
        return;
    }

    for (i = 0; i < crumb->key->len; i++) {
        c = crumb->key->data[i];

        if (c == '~' || c == '/') {
            pm_buffer_puts(pointer, c == '~' ? "~0" : "~1");

        } else {
            pm_buffer_putc(pointer, c);
        }
    }
}


const char *
pm_edit_pointer(pm_edit_t *e, const pm_crumb_t *crumb)
{
    char         *text;
    pm_buffer_t   pointer;

    memset(&pointer, 0, sizeof(pm_buffer_t));

    pm_crumb_write(crumb, &pointer);

    text = pointer.failed ? NULL : pm_arena_strndup(e->arena,
                                                    pointer.len > 0
                                                    ? pointer.data : "",
                                                    pointer.len);
    pm_buffer_free(&pointer);

    return text;
}


int
pm_edit_record(pm_edit_t *e, const pm_crumb_t *crumb, const pm_node_t *from,
    const pm_edit_value_t *to)
{
    int                  rc;
    pm_edit_value_t     *old;
    pm_edit_property_t   property;

    memset(&property, 0, sizeof(pm_edit_property_t));

    property.document = e->document;
    property.path = pm_edit_pointer(e, crumb);

    if (property.path == NULL) {
        return pm_error_memory(e->err);
    }

    if (from != NULL) {
        rc = pm_edit_value(e, NULL, from, &old);

        if (rc == 0) {
            rc = pm_edit_json(e, old, &property.from);
        }

        if (rc != 0) {
            return rc;
        }
    }

    rc = pm_edit_json(e, to, &property.to);
    if (rc != 0) {
        return rc;
    }

    pm_buffer_append(&e->properties, &property, sizeof(pm_edit_property_t));

    return e->properties.failed ? pm_error_memory(e->err) : 0;
}


int
pm_edit_splice(pm_edit_t *e, const pm_splice_t *splice)
{
    pm_splice_t  copy;

    copy = *splice;
    copy.order = e->splices.len / sizeof(pm_splice_t);

    if (copy.len > 0) {
        copy.text = pm_arena_strndup(e->arena, copy.text, copy.len);

        if (copy.text == NULL) {
            return pm_error_memory(e->err);
        }
    }

    pm_buffer_append(&e->splices, &copy, sizeof(pm_splice_t));

    return e->splices.failed ? pm_error_memory(e->err) : 0;
}


/* The first of the nodes, which are in order, that starts at or after. */

static size_t
pm_shared_bound(const pm_node_t *const *nodes, size_t n, size_t start)
{
    size_t  low, high, i;

    low = 0;
    high = n;

    while (low < high) {
        i = low + (high - low) / 2;

        if (nodes[i]->start < start) {
            low = i + 1;

        } else {
            high = i;
        }
    }

    return low;
}


static int
pm_shared_is_target(const pm_edit_t *e, const pm_node_t *node)
{
    size_t  i;

    i = pm_shared_bound(e->targets, e->naliases, node->start);

    for ( /* void */ ; i < e->naliases && e->targets[i]->start == node->start;
         i++)
    {
        if (e->targets[i] == node) {
            return 1;
        }
    }

    return 0;
}


int
pm_edit_shared(pm_edit_t *e, const pm_node_t *around, size_t start,
    size_t end)
{
    size_t            i;
    const pm_node_t  *node;
    pm_error_t       *err;

    if (e->naliases == 0) {
        return 0;
    }

    i = pm_shared_bound(e->aliases, e->naliases, start);

    if (i < e->naliases && e->aliases[i]->start < end) {
        return pm_edit_fault(e, e->aliases[i], "the alias *%.64s stands in "
                             "what would be replaced; promote the whole file",
                             e->aliases[i]->text.data);
    }

    i = pm_shared_bound(e->targets, e->naliases, start);

    for ( /* void */ ; i < e->naliases && e->targets[i]->start < end; i++) {
        node = e->targets[i];

        if (node != around) {
            return pm_edit_fault(e, node, "the anchor &%.64s stands in what "
                                 "would be replaced, and aliases need it; "
                                 "promote the whole file",
                                 node->anchor.data);
        }
    }

    for (node = around; node != NULL; node = node->parent) {

        if (node->anchor.len == 0 || !pm_shared_is_target(e, node)
            || e->doubt.code != 0)
        {
            continue;
        }

        err = e->err;
        e->err = &e->doubt;

        (void) pm_edit_fault(e, e->at, "aliases share what the anchor "
                             "&%.64s stands for, and this would change them "
                             "as well; promote the whole file",
                             node->anchor.data);
        e->err = err;
    }

    return 0;
}


void
pm_edit_through_alias(pm_edit_t *e)
{
    pm_error_t  *err;

    if (e->doubt.code != 0) {
        return;
    }

    err = e->err;
    e->err = &e->doubt;

    (void) pm_edit_fault(e, e->alias, e->merged
                         ? "value comes from a merge key (<<); promote the "
                           "whole file or what it refers to"
                         : "value is an alias; promote the whole file or its "
                           "anchor");
    e->err = err;
}


int
pm_edit_change(pm_edit_t *e, const pm_crumb_t *crumb,
    const pm_node_t *destination, const pm_edit_value_t *value)
{
    int  rc;

    if (e->alias != NULL) {
        pm_edit_through_alias(e);
        return 0;
    }

    e->at = destination;

    if (destination->tag.len > 0 || pm_edit_tag(value->node).len > 0) {

        if (strcmp(pm_edit_tag(destination).data,
                   pm_edit_tag(value->node).data) != 0
            || (pm_edit_tag(value->node).len == 0
                && destination->kind != value->node->kind))
        {
            return pm_edit_fault(e, NULL, "the value has the tag %.64s, and "
                                 "the source's does not suit it",
                                 destination->tag.len > 0
                                 ? destination->tag.data : "(none)");
        }
    }

    rc = pm_edit_shared(e, destination, destination->start, destination->end);

    if (rc == 0) {
        rc = pm_edit_record(e, crumb, destination, value);
    }

    if (rc != 0) {
        return rc;
    }

    e->untagged = value->node;

    rc = pm_edit_replace(e, destination, value);

    e->untagged = NULL;

    return rc;
}


int
pm_edit_add(pm_edit_t *e, const pm_node_t *destination, size_t after,
    const pm_node_t *const *keys, pm_edit_value_t *const *values, size_t n)
{
    int  rc;

    if (e->alias != NULL) {
        pm_edit_through_alias(e);
        return 0;
    }

    e->at = destination;

    rc = pm_edit_shared(e, destination, destination->end, destination->end);

    return rc ? rc : pm_edit_insert(e, destination, after, keys, values, n);
}
