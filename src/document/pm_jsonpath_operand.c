/*
 * What a filter compares or tests: literals, queries and functions.
 */

#include "document/pm_jsonpath_tree.h"

#include <string.h>


static int pm_jsonpath_parse_call(pm_jsonpath_parser_t *parser,
    const char *name, size_t len, pm_jsonpath_call_t **call);


static const char  *pm_jsonpath_types[] = {
    "a value", "true or false", "a list of nodes"
};


int
pm_jsonpath_enter_nesting(pm_jsonpath_parser_t *parser)
{
    if (parser->nesting >= PM_JSONPATH_NESTING) {
        return pm_jsonpath_fail(parser, PM_UNPROCESSABLE, parser->p,
                                "more than %d levels of nesting",
                                PM_JSONPATH_NESTING);
    }

    parser->nesting++;

    return 0;
}


/* true, false, null, or name( */

static int
pm_jsonpath_parse_word(pm_jsonpath_parser_t *parser,
    pm_jsonpath_operand_t *operand)
{
    size_t       len;
    const char  *name;

    name = parser->p;

    while ((*parser->p >= 'a' && *parser->p <= 'z') || *parser->p == '_'
           || (*parser->p >= '0' && *parser->p <= '9'))
    {
        parser->p++;
    }

    len = (size_t) (parser->p - name);

    if (pm_jsonpath_accept(parser, "(")) {
        operand->kind = PM_JSONPATH_CALL;
        return pm_jsonpath_parse_call(parser, name, len, &operand->call);
    }

    operand->kind = PM_JSONPATH_LITERAL;
    operand->literal.text.data = name;
    operand->literal.text.len = len;

    if (len == 4 && memcmp(name, "null", 4) == 0) {
        operand->literal.kind = PM_NODE_NULL;
        return 0;
    }

    operand->literal.kind = PM_NODE_BOOLEAN;
    operand->literal.boolean = (*name == 't');

    if ((len == 4 && memcmp(name, "true", 4) == 0)
        || (len == 5 && memcmp(name, "false", 5) == 0))
    {
        return 0;
    }

    return pm_jsonpath_expected(parser, name,
                                "a value, @, $ or a function with its \"(\"");
}


int
pm_jsonpath_parse_operand(pm_jsonpath_parser_t *parser,
    pm_jsonpath_operand_t *operand)
{
    int  c;

    c = pm_jsonpath_peek(parser);

    if (c == '@' || c == '$') {
        operand->kind = PM_JSONPATH_QUERY;
        operand->query.absolute = (c == '$');
        parser->p++;
        return pm_jsonpath_parse_segments(parser, &operand->query);
    }

    if (c == '\'' || c == '"') {
        operand->kind = PM_JSONPATH_LITERAL;
        operand->literal.kind = PM_NODE_STRING;
        return pm_jsonpath_lex_string(parser, &operand->literal.text);
    }

    if (c == '-' || (c >= '0' && c <= '9')) {
        operand->kind = PM_JSONPATH_LITERAL;
        return pm_jsonpath_lex_number(parser, &operand->literal);
    }

    if (c >= 'a' && c <= 'z') {
        return pm_jsonpath_parse_word(parser, operand);
    }

    return pm_jsonpath_expected(parser, parser->p,
                                "a value, @, $ or a function");
}


int
pm_jsonpath_check_value(pm_jsonpath_parser_t *parser, const char *at,
    const pm_jsonpath_operand_t *operand)
{
    if (operand->kind == PM_JSONPATH_QUERY && !operand->query.singular) {
        return pm_jsonpath_fail(parser, PM_INVALID, at,
                                "expected a query for one node (names and"
                                " indexes only, no blanks inside brackets)"
                                " where its value is used");
    }

    if (operand->kind == PM_JSONPATH_CALL
        && operand->call->function->result != PM_JSONPATH_VALUE)
    {
        return pm_jsonpath_fail(parser, PM_INVALID, at,
                                "expected a value: %s() gives %s",
                                operand->call->function->name,
                                pm_jsonpath_types[
                                    operand->call->function->result]);
    }

    return 0;
}


static int
pm_jsonpath_check_argument(pm_jsonpath_parser_t *parser, const char *at,
    const pm_jsonpath_operand_t *operand, pm_jsonpath_type_t type)
{
    if (type == PM_JSONPATH_VALUE) {
        return pm_jsonpath_check_value(parser, at, operand);
    }

    /* no function of RFC 9535 gives nodes */

    if (operand->kind != PM_JSONPATH_QUERY) {
        return pm_jsonpath_fail(parser, PM_INVALID, at,
                                "expected a query as the argument");
    }

    return 0;
}


/* Compiles the pattern of match() and search() if it is a literal. */

static int
pm_jsonpath_prepare_pattern(pm_jsonpath_parser_t *parser, const char *at,
    pm_jsonpath_call_t *call)
{
    int                     rc;
    pm_error_t              err;
    pm_jsonpath_operand_t  *operand;

    operand = &call->arguments[1];

    if (!call->function->pattern || operand->kind != PM_JSONPATH_LITERAL
        || operand->literal.kind != PM_NODE_STRING)
    {
        return 0;
    }

    rc = pm_iregexp_compile(operand->literal.text.data,
                            operand->literal.text.len, call->function->search,
                            &call->regexp, &err);

    if (rc == PM_INVALID) {
        /* RFC 9535, 2.4.6: no error, it matches nothing */
        return 0;
    }

    if (rc != 0) {
        return pm_jsonpath_fail(parser, rc, at, "%s", err.message);
    }

    if (pm_arena_defer(parser->arena, pm_iregexp_free, call->regexp) != 0) {
        return pm_error_memory(parser->err);
    }

    return 0;
}


static int
pm_jsonpath_parse_arguments(pm_jsonpath_parser_t *parser,
    pm_jsonpath_call_t *call)
{
    int                            rc;
    unsigned                       i;
    const char                    *at;
    const pm_jsonpath_function_t  *function;

    function = call->function;
    at = parser->p;

    for (i = 0; i < function->nparameters; i++) {
        pm_jsonpath_skip_blanks(parser);

        at = parser->p;

        rc = pm_jsonpath_parse_operand(parser, &call->arguments[i]);
        if (rc != 0) {
            return rc;
        }

        rc = pm_jsonpath_check_argument(parser, at, &call->arguments[i],
                                        function->parameters[i]);
        if (rc != 0) {
            return rc;
        }

        pm_jsonpath_skip_blanks(parser);

        if (i + 1 < function->nparameters
            && !pm_jsonpath_accept(parser, ","))
        {
            return pm_jsonpath_expected(parser, parser->p,
                                        "\",\" and the next argument");
        }
    }

    if (!pm_jsonpath_accept(parser, ")")) {
        return pm_jsonpath_expected(parser, parser->p,
                                    "\")\" after the last argument");
    }

    return pm_jsonpath_prepare_pattern(parser, at, call);
}


/* Behind the "(". */

static int
pm_jsonpath_parse_call(pm_jsonpath_parser_t *parser, const char *name,
    size_t len, pm_jsonpath_call_t **result)
{
    int                  rc;
    pm_jsonpath_call_t  *call;

    call = pm_arena_zalloc(parser->arena, sizeof(pm_jsonpath_call_t));
    if (call == NULL) {
        return pm_error_memory(parser->err);
    }

    *result = call;

    call->function = pm_jsonpath_function(name, len);

    if (call->function == NULL) {
        return pm_jsonpath_fail(parser, PM_INVALID, name,
                                "expected one of the functions length, count,"
                                " match, search and value");
    }

    rc = pm_jsonpath_enter_nesting(parser);
    if (rc != 0) {
        return rc;
    }

    rc = pm_jsonpath_parse_arguments(parser, call);

    parser->nesting--;

    return rc;
}
