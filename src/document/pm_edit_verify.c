/*
 * The result against the intention, by other means than the edit's.
 *
 * What is intended follows from source, destination and selection alone: the
 * three are walked side by side with the text parsed again.  The ranges are
 * only taken for what they claim: that no byte between them changed.
 */

#include "document/pm_edit_verify.h"

#include <string.h>


/* Every byte of the destination outside of the ranges. */

static int
pm_verify_bytes(const pm_document_t *destination,
    const pm_edit_result_t *result)
{
    size_t                  i, old, new, n;
    const pm_edit_range_t  *range;

    old = 0;
    new = 0;

    for (i = 0; i <= result->nranges; i++) {
        range = (i < result->nranges) ? &result->ranges[i] : NULL;

        if (range != NULL && (range->start < old || range->end < range->start
                              || range->end > destination->text.len))
        {
            return 0;
        }

        n = (range ? range->start : destination->text.len) - old;

        if (result->text.len - new < n
            || memcmp(destination->text.data + old, result->text.data + new,
                      n) != 0)
        {
            return 0;
        }

        old += n;
        new += n;

        if (range != NULL) {

            if (result->text.len - new < range->text.len
                || memcmp(range->text.data, result->text.data + new,
                          range->text.len) != 0)
            {
                return 0;
            }

            old = range->end;
            new += range->text.len;
        }
    }

    return new == result->text.len;
}


static int
pm_verify_documents(pm_verify_t *v, const pm_document_t *source,
    const pm_document_t *destination, const pm_document_t *parsed,
    const pm_edit_pair_t *const *pairs)
{
    size_t            i;
    const pm_node_t  *old;

    /* an empty text may have become a document */

    if (parsed->nroots != (destination->nroots ? destination->nroots : 1)) {
        return 0;
    }

    for (i = 0; i < parsed->nroots; i++) {
        old = (i < destination->nroots) ? destination->roots[i] : NULL;

        if (pairs[i] == NULL) {

            if (!pm_verify_same(v, parsed->roots[i], old)) {
                return 0;
            }

        } else if (!pm_verify_merged(v, parsed->roots[i],
                                     source->roots[pairs[i]->source], old,
                                     &pairs[i]->frame))
        {
            return 0;
        }
    }

    return 1;
}


int
pm_edit_verify(pm_arena_t *arena, const pm_document_t *source,
    const pm_document_t *destination, const pm_edit_pair_t *pairs,
    size_t npairs, const pm_edit_result_t *result, pm_error_t *err)
{
    int                     rc;
    size_t                  i;
    pm_error_t              fault;
    pm_verify_t             v;
    pm_document_t          *parsed;
    const pm_edit_pair_t  **of;

    of = pm_arena_zalloc(arena, (destination->nroots + 1)
                                * sizeof(pm_edit_pair_t *));
    if (of == NULL) {
        return pm_error_memory(err);
    }

    for (i = 0; i < npairs; i++) {
        of[pairs[i].destination] = &pairs[i];
    }

    rc = pm_document_parse(arena, destination->name, result->text.data,
                           result->text.len, &parsed, &fault);
    if (rc == PM_INVALID) {
        return pm_error_set(err, PM_UNPROCESSABLE, "%s: the edited text "
                            "could not be read again (%.400s); promote the "
                            "whole file", destination->name, fault.message);
    }

    if (rc != 0) {
        *err = fault;
        return rc;
    }

    memset(&v, 0, sizeof(pm_verify_t));
    v.across = (source->json != destination->json);
    v.json = destination->json;

    if (!pm_verify_bytes(destination, result)) {
        return pm_error_set(err, PM_UNPROCESSABLE, "%s: the edit would "
                            "change bytes beside the selected values; "
                            "promote the whole file", destination->name);
    }

    if (!pm_verify_documents(&v, source, destination, parsed, of)) {
        return pm_error_at(err, PM_UNPROCESSABLE, destination->name,
                           v.place ? v.place->line : 1,
                           v.place ? v.place->column : 1, "%s; promote the "
                           "whole file", v.many
                           ? "too many values to check the edit"
                           : "the edit would not give the intended value");
    }

    return 0;
}
