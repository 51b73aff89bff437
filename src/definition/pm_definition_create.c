#include "definition/pm_definition_internal.h"

#include <string.h>


/* The longest unit of indentation that is taken over. */
#define PM_DEFINITION_UNIT  8


/* What a JSON text indents its first member by; else two spaces. */

static const char *
pm_definition_unit(pm_arena_t *arena, const pm_definition_t *source)
{
    size_t                n;
    const char           *p, *start, *text, *unit;
    const pm_document_t  *document;

    unit = "  ";
    document = source->document;

    if (!document->json || source->root->length == 0) {
        return unit;
    }

    text = document->text.data;
    start = text + source->root->members[0].key->start;

    for (p = start; p > text && (p[-1] == ' ' || p[-1] == '\t'); p--) {
        /* void */
    }

    n = (size_t) (start - p);

    if (n > 0 && n <= PM_DEFINITION_UNIT && p > text
        && (p[-1] == '\n' || p[-1] == '\r'))
    {
        return pm_arena_strndup(arena, p, n);
    }

    return unit;
}


int
pm_definition_create(pm_definition_job_t *job, const pm_document_t *document,
    pm_string_t *text)
{
    int           rc;
    const char   *unit;
    pm_buffer_t   buffer;

    memset(&buffer, 0, sizeof(pm_buffer_t));

    unit = pm_definition_unit(job->arena, job->source);

    if (unit == NULL) {
        return pm_error_memory(job->err);
    }

    rc = pm_definition_json_write(&buffer, document->roots[0], unit,
                                  PM_DEFINITION_SIZE - 1, job->err);

    if (rc == PM_UNPROCESSABLE) {
        rc = PM_INVALID;
        job->err->code = PM_INVALID;
    }

    if (rc == 0) {
        pm_buffer_putc(&buffer, '\n');

        text->len = buffer.len;
        text->data = buffer.failed ? NULL
                     : pm_arena_strndup(job->arena, buffer.data, buffer.len);

        if (text->data == NULL) {
            rc = pm_error_memory(job->err);
        }
    }

    pm_buffer_free(&buffer);

    return rc;
}
