/*
 * YAML by libyaml: its parser, and what it says of a text that it cannot read.
 */

#include "document/pm_document_yaml.h"

#include <stdlib.h>
#include <string.h>


/* More than this many %TAG lines cost libyaml quadratic time. */

#define PM_YAML_DIRECTIVES  64


/* libyaml would not count the BOM: it does not see it. */

static size_t
pm_yaml_bom(const pm_yaml_t *y)
{
    return (y->len >= 3 && memcmp(y->text, "\xef\xbb\xbf", 3) == 0) ? 3 : 0;
}


/* Whether there is a "{{" in the lines of a fault. */

static int
pm_yaml_template(const pm_yaml_t *y, size_t from, size_t to)
{
    while (from > 0 && y->text[from - 1] != '\n') {
        from--;
    }

    while (to < y->len && y->text[to] != '\n') {
        to++;
    }

    return from < to && memmem(y->text + from, to - from, "{{", 2) != NULL;
}


/* libyaml's own words, and a hint where the lines look like a template. */

static int
pm_yaml_fault(pm_yaml_t *y, const yaml_parser_t *parser)
{
    size_t       from;
    pm_place_t   place;
    const char  *hint;

    if (parser->error == YAML_MEMORY_ERROR) {
        return pm_error_memory(y->builder->err);
    }

    if (parser->error == YAML_READER_ERROR) {
        place = (pm_place_t) { 0, 1, 1 };
        from = pm_yaml_bom(y) + parser->problem_offset;

        pm_place_advance(y->builder->document, &place,
                         from < y->len ? from : y->len);

        return pm_builder_fault(y->builder, &place, "%s", parser->problem);
    }

    place = pm_yaml_place(y, &parser->problem_mark);
    from = place.offset;

    if (parser->context != NULL
        && parser->context_mark.index < parser->problem_mark.index)
    {
        from = pm_yaml_place(y, &parser->context_mark).offset;
    }

    hint = pm_yaml_template(y, from, place.offset)
           ? "; is this a template with {{ }}?" : "";

    return pm_builder_fault(y->builder, &place, "%s%s%s%s",
                            parser->context ? parser->context : "",
                            parser->context ? ": " : "",
                            parser->problem, hint);
}


static int
pm_yaml_events(pm_yaml_t *y, yaml_parser_t *parser)
{
    int           rc, end;
    yaml_event_t  event;

    do {
        if (!yaml_parser_parse(parser, &event)) {
            return pm_yaml_fault(y, parser);
        }

        end = (event.type == YAML_STREAM_END_EVENT);
        rc = pm_yaml_event(y, &event);
        yaml_event_delete(&event);

    } while (rc == 0 && !end);

    return rc;
}


/* A directive starts a line; the bytes below end libyaml's line breaks. */

static int
pm_yaml_directives(pm_yaml_t *y)
{
    size_t       n;
    pm_place_t   place;
    const char  *p, *end;

    n = 0;
    p = y->text;
    end = y->text + y->len;

    while ((p = memmem(p, (size_t) (end - p), "%TAG", 4)) != NULL) {

        if (p == y->text || memchr("\n\r\x85\xa8\xa9", p[-1], 5)) {
            n++;
        }

        if (n > PM_YAML_DIRECTIVES) {
            place = (pm_place_t) { 0, 1, 1 };
            pm_place_advance(y->builder->document, &place,
                             (size_t) (p - y->text));

            return pm_builder_fault(y->builder, &place,
                                    "more than %d %%TAG directives",
                                    PM_YAML_DIRECTIVES);
        }

        p += 4;
    }

    return 0;
}


int
pm_document_yaml(pm_builder_t *builder)
{
    int            rc;
    pm_yaml_t      y;
    yaml_parser_t  parser;

    memset(&y, 0, sizeof(pm_yaml_t));
    y.builder = builder;
    y.text = builder->document->text.data;
    y.len = builder->document->text.len;

    y.offset = pm_yaml_bom(&y);

    rc = pm_yaml_directives(&y);
    if (rc != 0) {
        return rc;
    }

    if (!yaml_parser_initialize(&parser)) {
        return pm_error_memory(builder->err);
    }

    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser,
                                 (const unsigned char *) y.text + y.offset,
                                 y.len - y.offset);

    rc = pm_yaml_events(&y, &parser);

    yaml_parser_delete(&parser);
    free(y.anchors.nodes);
    free(y.aliases.nodes);
    free(y.mappings.nodes);

    return rc;
}
