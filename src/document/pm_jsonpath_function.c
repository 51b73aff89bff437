#include "document/pm_jsonpath_tree.h"

#include <string.h>


static int pm_jsonpath_length(pm_jsonpath_eval_t *eval,
    const pm_jsonpath_call_t *call, const pm_node_t *current,
    pm_node_t *scratch, const pm_node_t **value);
static int pm_jsonpath_count(pm_jsonpath_eval_t *eval,
    const pm_jsonpath_call_t *call, const pm_node_t *current,
    pm_node_t *scratch, const pm_node_t **value);
static int pm_jsonpath_value(pm_jsonpath_eval_t *eval,
    const pm_jsonpath_call_t *call, const pm_node_t *current,
    pm_node_t *scratch, const pm_node_t **value);
static int pm_jsonpath_match(pm_jsonpath_eval_t *eval,
    const pm_jsonpath_call_t *call, const pm_node_t *current, int *result);


/* RFC 9535, 2.4.4 to 2.4.8. */

static const pm_jsonpath_function_t  pm_jsonpath_functions[] = {

    { .name = "length",
      .result = PM_JSONPATH_VALUE,
      .nparameters = 1,
      .parameters = { PM_JSONPATH_VALUE },
      .value = pm_jsonpath_length },

    { .name = "count",
      .result = PM_JSONPATH_VALUE,
      .nparameters = 1,
      .parameters = { PM_JSONPATH_NODELIST },
      .value = pm_jsonpath_count },

    { .name = "match",
      .result = PM_JSONPATH_LOGICAL,
      .nparameters = 2,
      .parameters = { PM_JSONPATH_VALUE, PM_JSONPATH_VALUE },
      .logical = pm_jsonpath_match,
      .pattern = 1 },

    { .name = "search",
      .result = PM_JSONPATH_LOGICAL,
      .nparameters = 2,
      .parameters = { PM_JSONPATH_VALUE, PM_JSONPATH_VALUE },
      .logical = pm_jsonpath_match,
      .pattern = 1,
      .search = 1 },

    { .name = "value",
      .result = PM_JSONPATH_VALUE,
      .nparameters = 1,
      .parameters = { PM_JSONPATH_NODELIST },
      .value = pm_jsonpath_value },
};


const pm_jsonpath_function_t *
pm_jsonpath_function(const char *name, size_t len)
{
    size_t                         i, n;
    const pm_jsonpath_function_t  *function;

    n = sizeof(pm_jsonpath_functions) / sizeof(pm_jsonpath_functions[0]);

    for (i = 0; i < n; i++) {
        function = &pm_jsonpath_functions[i];

        if (strlen(function->name) == len
            && memcmp(function->name, name, len) == 0)
        {
            return function;
        }
    }

    return NULL;
}


static const pm_node_t *
pm_jsonpath_number(pm_node_t *scratch, size_t n)
{
    memset(scratch, 0, sizeof(pm_node_t));

    scratch->kind = PM_NODE_NUMBER;
    scratch->number = (double) n;

    return scratch;
}


static int
pm_jsonpath_length(pm_jsonpath_eval_t *eval, const pm_jsonpath_call_t *call,
    const pm_node_t *current, pm_node_t *scratch, const pm_node_t **value)
{
    int               rc;
    size_t            i, n;
    const pm_node_t  *node;

    rc = pm_jsonpath_operand(eval, &call->arguments[0], current, scratch,
                             &node);
    if (rc != 0) {
        return rc;
    }

    *value = NULL;

    if (node == NULL) {
        return 0;
    }

    if (node->kind == PM_NODE_SEQUENCE || node->kind == PM_NODE_MAPPING) {
        *value = pm_jsonpath_number(scratch, node->length);
        return 0;
    }

    if (node->kind != PM_NODE_STRING) {
        return 0;
    }

    n = 0;

    for (i = 0; i < node->text.len; i++) {
        n += ((unsigned char) node->text.data[i] & 0xc0) != 0x80;
    }

    *value = pm_jsonpath_number(scratch, n);

    return pm_jsonpath_charge(eval, i / 64);
}


static int
pm_jsonpath_count(pm_jsonpath_eval_t *eval, const pm_jsonpath_call_t *call,
    const pm_node_t *current, pm_node_t *scratch, const pm_node_t **value)
{
    int                 rc;
    pm_jsonpath_sink_t  sink;

    memset(&sink, 0, sizeof(pm_jsonpath_sink_t));

    rc = pm_jsonpath_run(eval, &call->arguments[0].query, current, &sink);

    *value = pm_jsonpath_number(scratch, sink.count);

    return rc;
}


static int
pm_jsonpath_value(pm_jsonpath_eval_t *eval, const pm_jsonpath_call_t *call,
    const pm_node_t *current, pm_node_t *scratch, const pm_node_t **value)
{
    int                 rc;
    pm_jsonpath_sink_t  sink;

    memset(&sink, 0, sizeof(pm_jsonpath_sink_t));
    sink.enough = 2;

    rc = pm_jsonpath_run(eval, &call->arguments[0].query, current, &sink);

    *value = (sink.count == 1) ? sink.node : NULL;

    return rc;
}


/*
 * A pattern that is taken from the document: compiled once as long as the
 * same one comes again, as with match(@.name, $.pattern).
 */

static int
pm_jsonpath_compile_pattern(pm_jsonpath_eval_t *eval,
    const pm_string_t *pattern, unsigned search)
{
    int  rc;

    if (eval->pattern.data != NULL && eval->pattern.len == pattern->len
        && eval->search == search
        && memcmp(eval->pattern.data, pattern->data, pattern->len) == 0)
    {
        return 0;
    }

    rc = pm_jsonpath_charge(eval, PM_IREGEXP_COMPILE + pattern->len);
    if (rc != 0) {
        return rc;
    }

    pm_iregexp_free(eval->regexp);

    eval->regexp = NULL;
    eval->pattern = *pattern;
    eval->search = search;

    rc = pm_iregexp_compile(pattern->data, pattern->len, search,
                            &eval->regexp, eval->err);

    /* RFC 9535, 2.4.6: what is no I-Regexp matches nothing */

    return (rc == PM_INVALID) ? 0 : rc;
}


static int
pm_jsonpath_match(pm_jsonpath_eval_t *eval, const pm_jsonpath_call_t *call,
    const pm_node_t *current, int *result)
{
    int                  rc;
    pm_node_t            scratch[2];
    const pm_node_t     *subject, *pattern;
    const pm_iregexp_t  *regexp;

    *result = 0;

    rc = pm_jsonpath_operand(eval, &call->arguments[0], current, &scratch[0],
                             &subject);
    if (rc != 0) {
        return rc;
    }

    rc = pm_jsonpath_operand(eval, &call->arguments[1], current, &scratch[1],
                             &pattern);
    if (rc != 0) {
        return rc;
    }

    if (subject == NULL || subject->kind != PM_NODE_STRING
        || pattern == NULL || pattern->kind != PM_NODE_STRING)
    {
        return 0;
    }

    regexp = call->regexp;

    if (call->arguments[1].kind != PM_JSONPATH_LITERAL) {
        rc = pm_jsonpath_compile_pattern(eval, &pattern->text,
                                         call->function->search);
        if (rc != 0) {
            return rc;
        }

        regexp = eval->regexp;
    }

    if (regexp == NULL) {
        return 0;
    }

    rc = pm_jsonpath_charge(eval, pm_iregexp_cost(regexp,
                                                  subject->text.len));
    if (rc != 0) {
        return rc;
    }

    return pm_iregexp_match(regexp, subject->text.data, subject->text.len,
                            result, eval->err);
}
