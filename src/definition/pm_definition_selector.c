#include "definition/pm_definition_internal.h"

#include <string.h>


/* Selectors in one JSONPath. */
#define PM_DEFINITION_RUNS  200


typedef struct {
    pm_definition_job_t  *job;
    pm_buffer_t           text;    /* of the one that is being made */
    pm_buffer_t           paths;   /* of pm_jsonpath_t * */
} pm_definition_selecting_t;


/* JSONPath's string between single quotes (RFC 9535, 2.3.1.1). */

static void
pm_definition_quote(pm_buffer_t *text, const char *name)
{
    pm_buffer_puts(text, "['");

    for ( /* void */ ; *name != '\0'; name++) {

        if (*name == '\'' || *name == '\\') {
            pm_buffer_putc(text, '\\');
        }

        if ((unsigned char) *name < 0x20) {
            pm_buffer_printf(text, "\\u%04x", (unsigned char) *name);
            continue;
        }

        pm_buffer_putc(text, *name);
    }

    pm_buffer_puts(text, "']");
}


static int
pm_definition_compile(pm_definition_selecting_t *s)
{
    int             rc;
    pm_jsonpath_t  *path;

    if (s->text.failed) {
        return pm_error_memory(s->job->err);
    }

    rc = pm_jsonpath_compile(s->job->arena, s->text.data, s->text.len, &path,
                             s->job->err);
    if (rc == 0) {
        pm_buffer_append(&s->paths, &path, sizeof(path));
    }

    return rc;
}


/* Items that are selected, as slices, some in each path; the text has the
 * list's. */

static int
pm_definition_select(pm_definition_selecting_t *s,
    const pm_definition_field_t *part)
{
    int     rc;
    size_t  i, from, prefix, runs;

    rc = 0;
    runs = 0;
    prefix = s->text.len;

    for (i = 0; rc == 0 && i < part->value->length; i++) {

        if (!part->selected[i]) {
            continue;
        }

        for (from = i; i < part->value->length && part->selected[i]; i++) {
            /* void */
        }

        pm_buffer_printf(&s->text, "%c%zu:%zu", runs ? ',' : '[', from, i);

        if (++runs == PM_DEFINITION_RUNS) {
            pm_buffer_putc(&s->text, ']');
            rc = pm_definition_compile(s);
            s->text.len = prefix;
            runs = 0;
        }
    }

    if (rc == 0 && runs > 0) {
        pm_buffer_putc(&s->text, ']');
        rc = pm_definition_compile(s);
    }

    return rc;
}


int
pm_definition_selectors(pm_definition_job_t *job,
    const pm_definition_field_t *parts, size_t n, int wrapped,
    pm_jsonpath_t ***paths, size_t *npaths)
{
    int                         rc;
    size_t                      i;
    pm_definition_selecting_t   s;

    rc = 0;
    memset(&s, 0, sizeof(pm_definition_selecting_t));
    s.job = job;

    for (i = 0; rc == 0 && i < n; i++) {

        if (parts[i].value == NULL) {
            continue;
        }

        s.text.len = 0;

        pm_buffer_puts(&s.text, wrapped && !parts[i].outer ? "$['api']" : "$");
        pm_definition_quote(&s.text, parts[i].name);

        rc = parts[i].selected ? pm_definition_select(&s, &parts[i])
                               : pm_definition_compile(&s);
    }

    if (rc != 0) {
        goto done;
    }

    *npaths = s.paths.len / sizeof(pm_jsonpath_t *);
    *paths = pm_arena_alloc(job->arena, s.paths.len + 1);

    if (*paths == NULL || s.paths.failed) {
        rc = pm_error_memory(job->err);
        goto done;
    }

    if (s.paths.len > 0) {
        memcpy(*paths, s.paths.data, s.paths.len);
    }

done:

    pm_buffer_free(&s.text);
    pm_buffer_free(&s.paths);

    return rc;
}
