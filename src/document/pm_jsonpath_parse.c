#include "document/pm_jsonpath_tree.h"

#include <string.h>


static int
pm_jsonpath_parse_filter(pm_jsonpath_parser_t *parser,
    pm_jsonpath_selector_t *selector)
{
    int  rc;

    if (parser->nesting >= PM_JSONPATH_NESTING) {
        return pm_jsonpath_fail(parser, PM_UNPROCESSABLE, parser->p,
                                "more than %d levels of nesting",
                                PM_JSONPATH_NESTING);
    }

    parser->nesting++;
    parser->p++;

    selector->kind = PM_JSONPATH_FILTER;

    pm_jsonpath_skip_blanks(parser);

    rc = pm_jsonpath_parse_logic(parser, &selector->filter);

    parser->nesting--;

    return rc;
}


/* A part of a slice, if there is one. */

static int
pm_jsonpath_parse_bound(pm_jsonpath_parser_t *parser, int64_t *bound,
    int *given)
{
    int  c;

    c = pm_jsonpath_peek(parser);

    *given = (c == '-' || c == '+' || (c >= '0' && c <= '9'));

    return *given ? pm_jsonpath_lex_integer(parser, bound) : 0;
}


static int
pm_jsonpath_parse_slice(pm_jsonpath_parser_t *parser,
    pm_jsonpath_selector_t *selector)
{
    int          rc, given;
    const char  *before;

    selector->kind = PM_JSONPATH_SLICE;

    pm_jsonpath_skip_blanks(parser);

    rc = pm_jsonpath_parse_bound(parser, &selector->end, &given);
    if (rc != 0) {
        return rc;
    }

    selector->has_end = (given != 0);

    before = parser->p;
    pm_jsonpath_skip_blanks(parser);

    if (!pm_jsonpath_accept(parser, ":")) {
        parser->p = before;
        return 0;
    }

    pm_jsonpath_skip_blanks(parser);

    return pm_jsonpath_parse_bound(parser, &selector->step, &given);
}


/* An index, or the start of a slice, or its colon. */

static int
pm_jsonpath_parse_number(pm_jsonpath_parser_t *parser,
    pm_jsonpath_selector_t *selector)
{
    int          rc, given;
    const char  *before;

    rc = pm_jsonpath_parse_bound(parser, &selector->start, &given);
    if (rc != 0) {
        return rc;
    }

    selector->has_start = (given != 0);

    before = parser->p;
    pm_jsonpath_skip_blanks(parser);

    if (pm_jsonpath_accept(parser, ":")) {
        return pm_jsonpath_parse_slice(parser, selector);
    }

    parser->p = before;
    selector->kind = PM_JSONPATH_INDEX;

    return 0;
}


static pm_jsonpath_selector_t *
pm_jsonpath_new_selector(pm_jsonpath_parser_t *parser, int *rc)
{
    pm_jsonpath_selector_t  *selector;

    if (++parser->selectors > PM_JSONPATH_SELECTORS) {
        *rc = pm_jsonpath_fail(parser, PM_UNPROCESSABLE, parser->p,
                               "more than %d selectors",
                               PM_JSONPATH_SELECTORS);
        return NULL;
    }

    selector = pm_arena_zalloc(parser->arena,
                               sizeof(pm_jsonpath_selector_t));
    if (selector == NULL) {
        *rc = pm_error_memory(parser->err);
        return NULL;
    }

    selector->step = 1;

    return selector;
}


static int
pm_jsonpath_parse_selector(pm_jsonpath_parser_t *parser,
    pm_jsonpath_selector_t **result)
{
    int                      c, rc;
    pm_jsonpath_selector_t  *selector;

    selector = pm_jsonpath_new_selector(parser, &rc);
    if (selector == NULL) {
        return rc;
    }

    *result = selector;
    c = pm_jsonpath_peek(parser);

    if (c == '\'' || c == '"') {
        selector->kind = PM_JSONPATH_NAME;
        return pm_jsonpath_lex_string(parser, &selector->name);
    }

    if (c == '*') {
        selector->kind = PM_JSONPATH_WILDCARD;
        parser->p++;
        return 0;
    }

    if (c == '?') {
        return pm_jsonpath_parse_filter(parser, selector);
    }

    if (c == ':' || c == '-' || (c >= '0' && c <= '9')) {
        return pm_jsonpath_parse_number(parser, selector);
    }

    return pm_jsonpath_expected(parser, parser->p,
                                "a selector: a name in quotes, an index, a"
                                " slice, * or ?");
}


/*
 * Behind the "[".  RFC 9535 writes a singular query's brackets without blanks
 * inside: strict tells whether there are none, and one selector.
 */

static int
pm_jsonpath_parse_brackets(pm_jsonpath_parser_t *parser,
    pm_jsonpath_segment_t *segment, int *strict)
{
    int                       rc;
    const char               *before;
    pm_jsonpath_selector_t  **last;

    *strict = 1;
    last = &segment->selectors;

    for ( ;; ) {
        before = parser->p;
        pm_jsonpath_skip_blanks(parser);
        *strict &= (before == parser->p);

        rc = pm_jsonpath_parse_selector(parser, last);
        if (rc != 0) {
            return rc;
        }

        last = &(*last)->next;

        before = parser->p;
        pm_jsonpath_skip_blanks(parser);
        *strict &= (before == parser->p);

        if (pm_jsonpath_accept(parser, "]")) {
            return 0;
        }

        if (!pm_jsonpath_accept(parser, ",")) {
            return pm_jsonpath_expected(parser, parser->p, "\",\" or \"]\"");
        }

        *strict = 0;
    }
}


/* Behind the dots: a name or a wildcard. */

static int
pm_jsonpath_parse_shorthand(pm_jsonpath_parser_t *parser,
    pm_jsonpath_segment_t *segment)
{
    int                      rc;
    pm_jsonpath_selector_t  *selector;

    selector = pm_jsonpath_new_selector(parser, &rc);
    if (selector == NULL) {
        return rc;
    }

    segment->selectors = selector;

    if (pm_jsonpath_accept(parser, "*")) {
        selector->kind = PM_JSONPATH_WILDCARD;
        return 0;
    }

    if (!pm_jsonpath_at_name(parser)) {
        return pm_jsonpath_expected(parser, parser->p,
                                    segment->descendant
                                    ? "a name, * or [ after .."
                                    : "a name or * after .");
    }

    selector->kind = PM_JSONPATH_NAME;
    selector->name = pm_jsonpath_lex_name(parser);

    return 0;
}


static int
pm_jsonpath_parse_segment(pm_jsonpath_parser_t *parser,
    pm_jsonpath_segment_t **result, unsigned *singular)
{
    int                     rc, strict;
    pm_jsonpath_segment_t  *segment;

    segment = pm_arena_zalloc(parser->arena, sizeof(pm_jsonpath_segment_t));
    if (segment == NULL) {
        return pm_error_memory(parser->err);
    }

    *result = segment;
    strict = 1;

    if (pm_jsonpath_accept(parser, "[")) {
        rc = pm_jsonpath_parse_brackets(parser, segment, &strict);

    } else {
        segment->descendant = (pm_jsonpath_accept(parser, "..") != 0);

        if (!segment->descendant) {
            /* without the dot: "$name" */
            (void) pm_jsonpath_accept(parser, ".");
        }

        if (segment->descendant && pm_jsonpath_accept(parser, "[")) {
            rc = pm_jsonpath_parse_brackets(parser, segment, &strict);

        } else {
            rc = pm_jsonpath_parse_shorthand(parser, segment);
        }
    }

    if (rc != 0) {
        return rc;
    }

    if (!strict || segment->descendant
        || (segment->selectors->kind != PM_JSONPATH_NAME
            && segment->selectors->kind != PM_JSONPATH_INDEX))
    {
        *singular = 0;
    }

    return 0;
}


int
pm_jsonpath_parse_segments(pm_jsonpath_parser_t *parser,
    pm_jsonpath_query_t *query)
{
    int                      c, rc;
    unsigned                 singular;
    const char              *before;
    pm_jsonpath_segment_t  **last;

    singular = 1;
    last = &query->segments;

    for ( ;; ) {
        before = parser->p;
        pm_jsonpath_skip_blanks(parser);

        c = pm_jsonpath_peek(parser);

        if (c != '.' && c != '[') {
            parser->p = before;
            break;
        }

        rc = pm_jsonpath_parse_segment(parser, last, &singular);
        if (rc != 0) {
            return rc;
        }

        last = &(*last)->next;
    }

    query->singular = singular;

    return 0;
}


static int
pm_jsonpath_parse_expression(pm_jsonpath_parser_t *parser,
    pm_jsonpath_t *jsonpath)
{
    int                     rc;
    unsigned                singular;
    pm_jsonpath_segment_t  *first;

    if (jsonpath->text.len == 1 && jsonpath->text.data[0] == '*') {
        jsonpath->whole = 1;
        return 0;
    }

    if (!pm_jsonpath_accept(parser, "$")) {
        return pm_jsonpath_expected(parser, parser->p, "$");
    }

    first = NULL;

    if (pm_jsonpath_at_name(parser)) {
        rc = pm_jsonpath_parse_segment(parser, &first, &singular);
        if (rc != 0) {
            return rc;
        }
    }

    rc = pm_jsonpath_parse_segments(parser, &jsonpath->query);
    if (rc != 0) {
        return rc;
    }

    if (first != NULL) {
        first->next = jsonpath->query.segments;
        jsonpath->query.segments = first;
    }

    if (pm_jsonpath_peek(parser) == '-') {
        return pm_jsonpath_expected(parser, parser->p,
                                    "\".\", \"[\" or the end (a name with a -"
                                    " is written ['so-so'])");
    }

    if (parser->p < parser->end) {
        return pm_jsonpath_expected(parser, parser->p,
                                    "\".\", \"[\" or the end");
    }

    return 0;
}


int
pm_jsonpath_compile(pm_arena_t *arena, const char *text, size_t len,
    pm_jsonpath_t **result, pm_error_t *err)
{
    size_t                 valid;
    pm_jsonpath_t         *jsonpath;
    pm_jsonpath_parser_t   parser;

    if (len > PM_JSONPATH_SIZE) {
        return pm_error_set(err, PM_UNPROCESSABLE,
                            "a JSONPath of %zu bytes: at most %d are allowed",
                            len, PM_JSONPATH_SIZE);
    }

    jsonpath = pm_arena_zalloc(arena, sizeof(pm_jsonpath_t));
    if (jsonpath == NULL) {
        return pm_error_memory(err);
    }

    jsonpath->text.len = len;
    jsonpath->text.data = pm_arena_strndup(arena, text, len);

    if (jsonpath->text.data == NULL) {
        return pm_error_memory(err);
    }

    jsonpath->query.absolute = 1;

    memset(&parser, 0, sizeof(pm_jsonpath_parser_t));

    parser.arena = arena;
    parser.text = jsonpath->text.data;
    parser.p = parser.text;
    parser.end = parser.text + len;
    parser.err = err;

    valid = pm_utf8_valid(parser.text, len);

    if (valid < len) {
        return pm_jsonpath_fail(&parser, PM_INVALID, parser.text + valid,
                                "a byte that is not UTF-8");
    }

    *result = jsonpath;

    return pm_jsonpath_parse_expression(&parser, jsonpath);
}


int
pm_jsonpath_is_whole(const pm_jsonpath_t *jsonpath)
{
    return jsonpath->whole;
}


pm_string_t
pm_jsonpath_text(const pm_jsonpath_t *jsonpath)
{
    return jsonpath->text;
}
