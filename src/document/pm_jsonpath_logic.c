#include "document/pm_jsonpath_tree.h"


/* 1, and behind it, if a comparison's operator is next. */

static int
pm_jsonpath_accept_comparison(pm_jsonpath_parser_t *parser,
    pm_jsonpath_comparison_t *comparison)
{
    unsigned  i;

    static const char  *operators[] = { "==", "!=", "<=", ">=", "<", ">" };

    for (i = 0; i < sizeof(operators) / sizeof(operators[0]); i++) {
        if (pm_jsonpath_accept(parser, operators[i])) {
            *comparison = (pm_jsonpath_comparison_t) i;
            return 1;
        }
    }

    return 0;
}


/* The operator is read. */

static int
pm_jsonpath_parse_comparison(pm_jsonpath_parser_t *parser, const char *left,
    pm_jsonpath_logic_t *logic)
{
    int          rc;
    const char  *right;

    logic->kind = PM_JSONPATH_COMPARE;

    rc = pm_jsonpath_check_value(parser, left, &logic->left);
    if (rc != 0) {
        return rc;
    }

    pm_jsonpath_skip_blanks(parser);

    right = parser->p;

    rc = pm_jsonpath_parse_operand(parser, &logic->right);
    if (rc != 0) {
        return rc;
    }

    return pm_jsonpath_check_value(parser, right, &logic->right);
}


/* A comparison, or (the only thing behind a "!") a test. */

static int
pm_jsonpath_parse_test(pm_jsonpath_parser_t *parser,
    pm_jsonpath_logic_t *logic)
{
    int          rc;
    const char  *at, *before;

    at = parser->p;

    rc = pm_jsonpath_parse_operand(parser, &logic->left);
    if (rc != 0) {
        return rc;
    }

    before = parser->p;
    pm_jsonpath_skip_blanks(parser);

    if (!logic->negated
        && pm_jsonpath_accept_comparison(parser, &logic->comparison))
    {
        return pm_jsonpath_parse_comparison(parser, at, logic);
    }

    switch (logic->left.kind) {

    case PM_JSONPATH_QUERY:
        parser->p = before;
        logic->kind = PM_JSONPATH_EXISTS;
        return 0;

    case PM_JSONPATH_CALL:

        if (logic->left.call->function->result == PM_JSONPATH_VALUE) {
            break;
        }

        parser->p = before;
        logic->kind = PM_JSONPATH_TEST;
        return 0;

    default: /* PM_JSONPATH_LITERAL */
        break;
    }

    if (logic->negated) {
        return pm_jsonpath_fail(parser, PM_INVALID, at,
                                "expected a query, match(), search() or \"(\""
                                " after !");
    }

    return pm_jsonpath_expected(parser, parser->p,
                                "a comparison: == != <= >= < >");
}


static int
pm_jsonpath_parse_basic(pm_jsonpath_parser_t *parser,
    pm_jsonpath_logic_t **result)
{
    int                   rc;
    unsigned              negated;
    pm_jsonpath_logic_t  *logic;

    negated = (pm_jsonpath_accept(parser, "!") != 0);

    if (negated) {
        pm_jsonpath_skip_blanks(parser);
    }

    if (!pm_jsonpath_accept(parser, "(")) {
        logic = pm_arena_zalloc(parser->arena, sizeof(pm_jsonpath_logic_t));
        if (logic == NULL) {
            return pm_error_memory(parser->err);
        }

        logic->negated = negated;
        *result = logic;

        return pm_jsonpath_parse_test(parser, logic);
    }

    rc = pm_jsonpath_enter_nesting(parser);
    if (rc != 0) {
        return rc;
    }

    pm_jsonpath_skip_blanks(parser);

    rc = pm_jsonpath_parse_logic(parser, result);
    if (rc != 0) {
        return rc;
    }

    pm_jsonpath_skip_blanks(parser);

    if (!pm_jsonpath_accept(parser, ")")) {
        return pm_jsonpath_expected(parser, parser->p, "&&, || or \")\"");
    }

    parser->nesting--;
    (*result)->negated ^= negated;

    return 0;
}


/* Terms with an operator between them; one term alone stands for itself. */

static int
pm_jsonpath_parse_terms(pm_jsonpath_parser_t *parser,
    pm_jsonpath_logic_kind_t kind, pm_jsonpath_logic_t **result)
{
    int                    rc;
    const char            *before;
    pm_jsonpath_logic_t   *logic, *terms, **last;

    terms = NULL;
    last = &terms;

    for ( ;; ) {
        rc = (kind == PM_JSONPATH_OR)
             ? pm_jsonpath_parse_terms(parser, PM_JSONPATH_AND, last)
             : pm_jsonpath_parse_basic(parser, last);

        if (rc != 0) {
            return rc;
        }

        last = &(*last)->next;

        before = parser->p;
        pm_jsonpath_skip_blanks(parser);

        if (!pm_jsonpath_accept(parser,
                                (kind == PM_JSONPATH_OR) ? "||" : "&&"))
        {
            parser->p = before;
            break;
        }

        pm_jsonpath_skip_blanks(parser);
    }

    if (terms->next == NULL) {
        *result = terms;
        return 0;
    }

    logic = pm_arena_zalloc(parser->arena, sizeof(pm_jsonpath_logic_t));
    if (logic == NULL) {
        return pm_error_memory(parser->err);
    }

    logic->kind = kind;
    logic->terms = terms;
    *result = logic;

    return 0;
}


int
pm_jsonpath_parse_logic(pm_jsonpath_parser_t *parser,
    pm_jsonpath_logic_t **logic)
{
    return pm_jsonpath_parse_terms(parser, PM_JSONPATH_OR, logic);
}
