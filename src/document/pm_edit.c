#include "document/pm_edit_internal.h"

#include <stdlib.h>
#include <string.h>


int
pm_edit_parse(pm_arena_t *arena, pm_edit_side_t side, const char *name,
    const char *text, size_t len, pm_document_t **document, pm_error_t *err)
{
    int         rc;
    pm_error_t  fault;

    rc = pm_document_parse(arena, name, text, len, document, &fault);

    if (rc == PM_INVALID) {
        rc = pm_error_set(err, PM_UNPROCESSABLE, "%.800s (in the %s); a file "
                          "that cannot be read can be promoted whole, with "
                          "\"*\"", fault.message,
                          side == PM_EDIT_SOURCE ? "source" : "destination");

        if (err != NULL) {
            err->line = fault.line;
            err->column = fault.column;
        }

    } else if (rc != 0 && err != NULL) {
        *err = fault;
    }

    return rc;
}


/* Aliases of the destination, in the order of the text.  Depth bounds the
 * recursion. */

static void
pm_edit_aliases(const pm_node_t *node, pm_buffer_t *list)
{
    size_t  i;

    if (node == NULL) {
        return;
    }

    if (node->kind == PM_NODE_ALIAS) {
        pm_buffer_append(list, &node, sizeof(pm_node_t *));
        return;
    }

    for (i = 0; i < node->length; i++) {

        if (node->kind == PM_NODE_SEQUENCE) {
            pm_edit_aliases(node->items[i], list);

        } else {
            pm_edit_aliases(node->members[i].key, list);
            pm_edit_aliases(node->members[i].value, list);
        }
    }
}


static int
pm_edit_target_compare(const void *a, const void *b)
{
    const pm_node_t  *left, *right;

    left = *(const pm_node_t *const *) a;
    right = *(const pm_node_t *const *) b;

    return (left->start > right->start) - (left->start < right->start);
}


static int
pm_edit_find_aliases(pm_edit_t *e)
{
    size_t        i;
    pm_buffer_t   list;

    const pm_document_t  *document;

    document = e->destination;

    if (document->json
        || memchr(document->text.data, '*', document->text.len) == NULL)
    {
        return 0;
    }

    memset(&list, 0, sizeof(pm_buffer_t));

    for (i = 0; i < document->nroots; i++) {
        pm_edit_aliases(document->roots[i], &list);
    }

    if (!list.failed && list.len > 0) {
        e->naliases = list.len / sizeof(pm_node_t *);
        e->aliases = pm_arena_alloc(e->arena, list.len);
        e->targets = pm_arena_alloc(e->arena, list.len);
    }

    if (list.failed
        || (e->naliases > 0 && (e->aliases == NULL || e->targets == NULL)))
    {
        pm_buffer_free(&list);
        return pm_error_memory(e->err);
    }

    if (e->naliases > 0) {
        memcpy(e->aliases, list.data, list.len);

        for (i = 0; i < e->naliases; i++) {
            e->targets[i] = e->aliases[i]->target;
        }

        qsort(e->targets, e->naliases, sizeof(pm_node_t *),
              pm_edit_target_compare);
    }

    pm_buffer_free(&list);

    return 0;
}


/* Into an empty document: lines at the end of the text. */

static int
pm_edit_create(pm_edit_t *e, const pm_edit_pair_t *pair)
{
    int               rc;
    pm_crumb_t        root;
    pm_buffer_t       head, body;
    pm_splice_t       splice;
    pm_edit_value_t  *value;

    memset(&root, 0, sizeof(pm_crumb_t));
    memset(&head, 0, sizeof(pm_buffer_t));
    memset(&body, 0, sizeof(pm_buffer_t));
    memset(&splice, 0, sizeof(pm_splice_t));

    rc = pm_edit_value(e, &pair->frame, e->source->roots[pair->source],
                       &value);

    if (rc != 0 || value == NULL) {
        return rc;
    }

    rc = pm_edit_record(e, &root, NULL, value);

    if (rc == 0) {
        rc = pm_edit_render(e, value, -1, 0, &head, &body);
    }

    if (rc == 0) {

        if (head.len > 0) {
            pm_buffer_puts(&head, e->style.newline);
        }

        pm_buffer_append(&head, body.data, body.len);

        splice.start = e->destination->text.len;
        splice.end = e->destination->text.len;
        splice.text = head.data;
        splice.len = head.len;
        splice.lines = 1;
        splice.tight = e->tight;

        rc = head.failed ? pm_error_memory(e->err)
                         : pm_edit_splice(e, &splice);
    }

    pm_buffer_free(&head);
    pm_buffer_free(&body);

    return rc;
}


static int
pm_edit_no_counterpart(pm_edit_t *e, size_t i)
{
    const pm_node_t  *root, *kind, *name;

    root = e->source->roots[i];
    kind = pm_node_get(root, "kind");
    name = pm_node_get(pm_node_get(root, "metadata"), "name");

    return pm_error_set(e->err, PM_UNPROCESSABLE, "%s: has no counterpart to "
                        "document %zu of the source (%.64s %.128s, line %u); "
                        "promote the whole file", e->destination->name, i + 1,
                        kind && kind->length == 0 ? kind->text.data : "no kind",
                        name && name->length == 0 ? name->text.data : "",
                        root->line);
}


typedef struct {
    const pm_jsonpath_t *const  *paths;
    size_t                       npaths;
    const pm_jsonpath_t *const  *excludes;
    size_t                       nexcludes;
    unsigned char               *found;
    size_t                      *match;
    pm_edit_pair_t              *pairs;
    size_t                       npairs;
} pm_edit_job_t;


/* One document of the source. */

static int
pm_edit_document(pm_edit_t *e, pm_edit_job_t *job, size_t i)
{
    int               rc;
    size_t            other;
    pm_crumb_t        root;
    pm_edit_pair_t   *pair;
    const pm_node_t  *source, *destination;

    source = e->source->roots[i];
    pair = &job->pairs[job->npairs];

    memset(pair, 0, sizeof(pm_edit_pair_t));
    memset(&root, 0, sizeof(pm_crumb_t));

    if (source == NULL) {
        return 0;
    }

    rc = pm_picks_collect(e->arena, job->paths, job->npaths, source,
                          job->found, &pair->frame.selected, e->err);

    if (rc != 0 || pm_picks_none(&pair->frame.selected)) {
        return rc;
    }

    rc = pm_picks_collect(e->arena, job->excludes, job->nexcludes, source,
                          NULL, &pair->frame.excluded, e->err);

    if (rc != 0 || !pm_frame_moves(&pair->frame, source)) {
        return rc;
    }

    other = job->match[i];

    if (other == SIZE_MAX && e->source->nroots == 1
        && e->destination->nroots == 0)
    {
        other = 0;
    }

    if (other == SIZE_MAX) {
        return pm_edit_no_counterpart(e, i);
    }

    destination = (other < e->destination->nroots)
                  ? e->destination->roots[other] : NULL;

    if (destination == NULL && (e->source->nroots > 1
                                || e->destination->nroots > 1))
    {
        return pm_edit_no_counterpart(e, i);
    }

    pair->source = i;
    pair->destination = other;
    e->document = other;
    job->npairs++;

    if (destination == NULL) {
        return pm_edit_create(e, pair);
    }

    rc = pm_picks_collect(e->arena, job->excludes, job->nexcludes,
                          destination, NULL, &pair->frame.spared, e->err);

    return rc ? rc : pm_edit_plan(e, &pair->frame, &root, source,
                                  destination);
}


static int
pm_edit_prepare(pm_edit_t *e, pm_edit_job_t *job)
{
    int     rc;
    size_t  n;

    n = e->source->nroots + 1;

    if (n > PM_EDIT_DOCUMENTS || e->destination->nroots > PM_EDIT_DOCUMENTS) {
        return pm_error_set(e->err, PM_UNPROCESSABLE, "%s: more than %d "
                            "documents", e->destination->name,
                            PM_EDIT_DOCUMENTS);
    }

    job->found = pm_arena_zalloc(e->arena, job->npaths + 1);
    job->match = pm_arena_alloc(e->arena, n * sizeof(size_t));
    job->pairs = pm_arena_alloc(e->arena, n * sizeof(pm_edit_pair_t));

    if (job->found == NULL || job->match == NULL || job->pairs == NULL) {
        return pm_error_memory(e->err);
    }

    pm_edit_style(e->destination, e->source, e->arena, &e->style);

    rc = pm_edit_match(e->arena, e->source, e->destination, job->match,
                       e->err);

    return rc ? rc : pm_edit_find_aliases(e);
}


static int
pm_edit_report(pm_edit_t *e, const pm_edit_job_t *job,
    pm_edit_result_t *result)
{
    size_t  i;

    result->skipped = pm_arena_alloc(e->arena, (job->npaths + 1)
                                               * sizeof(char *));
    result->properties = pm_arena_alloc(e->arena, e->properties.len + 1);

    if (result->skipped == NULL || result->properties == NULL) {
        return pm_error_memory(e->err);
    }

    for (i = 0; i < job->npaths; i++) {

        if (!job->found[i]) {
            result->skipped[result->nskipped++] =
                                         pm_jsonpath_text(job->paths[i]).data;
        }
    }

    if (e->properties.len > 0) {
        memcpy(result->properties, e->properties.data, e->properties.len);
        result->nproperties = e->properties.len / sizeof(pm_edit_property_t);
    }

    return 0;
}


static int
pm_edit_run(pm_edit_t *e, pm_edit_job_t *job, pm_edit_result_t *result)
{
    int     rc;
    size_t  i;

    rc = pm_edit_prepare(e, job);

    for (i = 0; rc == 0 && i < e->source->nroots; i++) {
        rc = pm_edit_document(e, job, i);
    }

    if (rc == 0) {
        rc = pm_edit_write(e, result);
    }

    if (rc == 0) {
        rc = pm_edit_report(e, job, result);
    }

    if (rc != 0 || (!result->changed && e->doubt.code == 0)) {
        return rc;
    }

    rc = pm_edit_verify(e->arena, e->source, e->destination, job->pairs,
                        job->npairs, result, e->err);

    if (rc == PM_UNPROCESSABLE && e->doubt.code != 0) {
        *e->err = e->doubt;
    }

    return rc;
}


int
pm_edit(pm_arena_t *arena, const pm_document_t *source,
    const pm_document_t *destination, const pm_jsonpath_t *const *paths,
    size_t npaths, const pm_jsonpath_t *const *excludes, size_t nexcludes,
    pm_edit_result_t *result, pm_error_t *err)
{
    int            rc;
    pm_edit_t      e;
    pm_error_t     fault;
    pm_edit_job_t  job;

    memset(&e, 0, sizeof(pm_edit_t));
    memset(&job, 0, sizeof(pm_edit_job_t));
    memset(result, 0, sizeof(pm_edit_result_t));

    e.arena = arena;
    e.source = source;
    e.destination = destination;
    e.err = err ? err : &fault;

    job.paths = paths;
    job.npaths = npaths;
    job.excludes = excludes;
    job.nexcludes = nexcludes;

    rc = pm_edit_run(&e, &job, result);

    pm_buffer_free(&e.splices);
    pm_buffer_free(&e.properties);

    if (rc != 0) {
        memset(result, 0, sizeof(pm_edit_result_t));
    }

    return rc;
}
