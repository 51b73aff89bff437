#include "document/pm_iregexp_parse.h"

#include "base/pm_string.h"

#define PCRE2_CODE_UNIT_WIDTH  8
#include <pcre2.h>

#include <stdint.h>
#include <stdlib.h>
#include <string.h>


/* pcre2_dfa_match: two lists of states of three integers, and a few more. */
#define PM_IREGEXP_STATES   8
#define PM_IREGEXP_FEW      128


struct pm_iregexp_s {
    pcre2_code   *code;
    size_t        weight;
};


static int
pm_iregexp_build(pm_iregexp_parser_t *parser, size_t weight,
    pm_iregexp_t **result)
{
    int            code;
    PCRE2_SIZE     offset;
    pm_iregexp_t  *regexp;

    regexp = malloc(sizeof(pm_iregexp_t));
    if (regexp == NULL) {
        return pm_error_memory(parser->err);
    }

    regexp->weight = weight;

    /* a possessive repetition would not stop at the first match */

    regexp->code = pcre2_compile((PCRE2_SPTR) parser->out.data,
                                 parser->out.len,
                                 PCRE2_UTF|PCRE2_ANCHORED
                                 |PCRE2_NO_AUTO_POSSESS,
                                 &code, &offset, NULL);
    if (regexp->code == NULL) {
        free(regexp);

        return (code == PCRE2_ERROR_HEAP_FAILED)
               ? pm_error_memory(parser->err)
               : pm_iregexp_too_heavy(parser);
    }

    *result = regexp;

    return 0;
}


int
pm_iregexp_compile(const char *text, size_t len, int search,
    pm_iregexp_t **regexp, pm_error_t *err)
{
    int                  rc;
    size_t               weight;
    pm_iregexp_parser_t  parser;

    *regexp = NULL;

    memset(&parser, 0, sizeof(pm_iregexp_parser_t));

    parser.text = text;
    parser.p = text;
    parser.end = text + len;
    parser.err = err;

    if (len > PM_IREGEXP_SIZE) {
        return pm_iregexp_fail(&parser, PM_UNPROCESSABLE, "too long");
    }

    if (pm_utf8_valid(text, len) < len) {
        return pm_iregexp_fail(&parser, PM_INVALID, "not UTF-8");
    }

    rc = pm_iregexp_translate(&parser, search, &weight);

    if (rc == 0) {
        rc = pm_iregexp_build(&parser, weight, regexp);
    }

    pm_buffer_free(&parser.out);

    return rc;
}


void
pm_iregexp_free(void *data)
{
    pm_iregexp_t  *regexp = data;

    if (regexp != NULL) {
        pcre2_code_free(regexp->code);
        free(regexp);
    }
}


/*
 * For each character PCRE2 goes through the states that are alive, at most as
 * many as the weight, and compares each with the ones before it.  Measured at
 * the worst of each kind, a step is then at most about a microsecond.
 */

size_t
pm_iregexp_cost(const pm_iregexp_t *regexp, size_t len)
{
    size_t  sixteenths;

    sixteenths = 1 + regexp->weight / 4
                 + regexp->weight * regexp->weight / 96;

    if (len > (SIZE_MAX - 4) / sixteenths) {
        return SIZE_MAX;
    }

    return 4 + len * sixteenths / 16;
}


int
pm_iregexp_match(const pm_iregexp_t *regexp, const char *subject, size_t len,
    int *matched, pm_error_t *err)
{
    int                rc, *workspace;
    size_t             n;
    pcre2_match_data  *data;

    *matched = 0;

    n = PM_IREGEXP_FEW + regexp->weight * PM_IREGEXP_STATES * 2 * 3;

    data = pcre2_match_data_create(1, NULL);
    workspace = malloc(n * sizeof(int));

    if (data == NULL || workspace == NULL) {
        rc = pm_error_memory(err);
        goto done;
    }

    rc = pcre2_dfa_match(regexp->code, (PCRE2_SPTR) subject, len, 0,
                         PCRE2_DFA_SHORTEST, data, NULL, workspace, n);

    /* 0: there was a match, and no room for all of its ends */

    if (rc >= 0) {
        *matched = 1;
        rc = 0;

    } else if (rc == PCRE2_ERROR_NOMATCH
               || (rc <= PCRE2_ERROR_UTF8_ERR1
                   && rc >= PCRE2_ERROR_UTF8_ERR21))
    {
        rc = 0;

    } else {
        rc = pm_error_set(err, PM_UNPROCESSABLE,
                          "a regular expression needs too much memory for a"
                          " text of %zu bytes", len);
    }

done:

    free(workspace);
    pcre2_match_data_free(data);

    return rc;
}
