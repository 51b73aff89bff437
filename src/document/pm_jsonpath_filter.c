#include "document/pm_jsonpath_tree.h"

#include <math.h>
#include <string.h>


#define PM_JSONPATH_EXACT  9007199254740992.0   /* 2 ** 53 */


int
pm_jsonpath_operand(pm_jsonpath_eval_t *eval,
    const pm_jsonpath_operand_t *operand, const pm_node_t *current,
    pm_node_t *scratch, const pm_node_t **value)
{
    int                        rc;
    pm_jsonpath_sink_t         sink;
    const pm_jsonpath_call_t  *call;

    switch (operand->kind) {

    case PM_JSONPATH_LITERAL:
        *value = &operand->literal;
        return 0;

    case PM_JSONPATH_CALL:
        call = operand->call;
        return call->function->value(eval, call, current, scratch, value);

    default: /* PM_JSONPATH_QUERY, a singular one */

        memset(&sink, 0, sizeof(pm_jsonpath_sink_t));
        sink.enough = 1;

        rc = pm_jsonpath_run(eval, &operand->query, current, &sink);

        *value = sink.node;

        return rc;
    }
}


/*
 * The digits of a decimal integer without leading zeros; NULL: the text is
 * none, such as 0x1f, 1e3 or 1.0.
 */

static const char *
pm_jsonpath_digits(const pm_string_t *text, int *negative, size_t *len)
{
    const char  *p, *end, *digits;

    p = text->data;
    end = p + text->len;

    *negative = 0;

    if (p < end && (*p == '-' || *p == '+')) {
        *negative = (*p++ == '-');
    }

    if (p == end) {
        return NULL;
    }

    while (p < end - 1 && *p == '0') {
        p++;
    }

    for (digits = p; p < end; p++) {
        if (*p < '0' || *p > '9') {
            return NULL;
        }
    }

    *len = (size_t) (end - digits);

    return digits;
}


/*
 * Less than, equal to or greater than zero.  RFC 9535 leaves integers that
 * do not fit into a double to us: two of them compare by their digits, so
 * that long ids that differ do differ.
 */

static int
pm_jsonpath_compare_numbers(const pm_node_t *a, const pm_node_t *b,
    int *ordered)
{
    int          an, bn, order;
    size_t       alen, blen;
    const char  *ad, *bd;

    *ordered = 1;

    if (fabs(a->number) >= PM_JSONPATH_EXACT
        || fabs(b->number) >= PM_JSONPATH_EXACT)
    {
        ad = pm_jsonpath_digits(&a->text, &an, &alen);
        bd = pm_jsonpath_digits(&b->text, &bn, &blen);

        if (ad != NULL && bd != NULL) {
            if (an != bn) {
                return an ? -1 : 1;
            }

            order = (alen != blen) ? (alen < blen ? -1 : 1)
                                   : memcmp(ad, bd, alen);
            return an ? -order : order;
        }
    }

    if (isnan(a->number) || isnan(b->number)) {
        *ordered = 0;
        return 1;
    }

    return (a->number > b->number) - (a->number < b->number);
}


static int
pm_jsonpath_compare_strings(const pm_string_t *a, const pm_string_t *b)
{
    int     order;
    size_t  len;

    /* the order of UTF-8's bytes is that of the characters */

    len = (a->len < b->len) ? a->len : b->len;
    order = (len > 0) ? memcmp(a->data, b->data, len) : 0;

    if (order != 0) {
        return order;
    }

    return (a->len > b->len) - (a->len < b->len);
}


static int pm_jsonpath_equal(pm_jsonpath_eval_t *eval, const pm_node_t *a,
    const pm_node_t *b, int *equal);


static int
pm_jsonpath_equal_items(pm_jsonpath_eval_t *eval, const pm_node_t *a,
    const pm_node_t *b, int *equal)
{
    int     rc;
    size_t  i;

    for (i = 0; i < a->length; i++) {
        rc = pm_jsonpath_equal(eval, pm_node_resolve(a->items[i]),
                               pm_node_resolve(b->items[i]), equal);

        if (rc != 0 || !*equal) {
            return rc;
        }
    }

    return 0;
}


/* Both have as many members, and a document has no key twice. */

static int
pm_jsonpath_equal_members(pm_jsonpath_eval_t *eval, const pm_node_t *a,
    const pm_node_t *b, int *equal)
{
    int                 rc;
    size_t              i;
    const pm_string_t  *key, *other;
    const pm_member_t  *member;

    for (i = 0; i < a->length; i++) {
        key = &pm_node_resolve(a->members[i].key)->text;

        rc = pm_jsonpath_charge(eval, 1 + key->len / 64);
        if (rc != 0) {
            return rc;
        }

        /* mostly, the order is the same */

        member = &b->members[i];
        other = &pm_node_resolve(member->key)->text;

        if (pm_jsonpath_compare_strings(key, other) != 0) {
            member = pm_node_member(b, key->data, key->len);

            if (member == NULL) {
                *equal = 0;
                return 0;
            }
        }

        rc = pm_jsonpath_equal(eval, pm_node_resolve(a->members[i].value),
                               pm_node_resolve(member->value), equal);

        if (rc != 0 || !*equal) {
            return rc;
        }
    }

    return 0;
}


static int
pm_jsonpath_equal(pm_jsonpath_eval_t *eval, const pm_node_t *a,
    const pm_node_t *b, int *equal)
{
    int  rc, ordered;

    if (a == NULL || b == NULL) {
        *equal = (a == b);
        return 0;
    }

    *equal = 0;

    if (a->kind != b->kind) {
        return 0;
    }

    rc = pm_jsonpath_charge(eval, 1 + (a->text.len + b->text.len) / 128);
    if (rc != 0) {
        return rc;
    }

    switch (a->kind) {

    case PM_NODE_NULL:
        *equal = 1;
        return 0;

    case PM_NODE_BOOLEAN:
        *equal = (!a->boolean == !b->boolean);
        return 0;

    case PM_NODE_NUMBER:
        *equal = (pm_jsonpath_compare_numbers(a, b, &ordered) == 0);
        return 0;

    case PM_NODE_STRING:
        *equal = (pm_jsonpath_compare_strings(&a->text, &b->text) == 0);
        return 0;

    default: /* PM_NODE_SEQUENCE, PM_NODE_MAPPING */
        break;
    }

    if (a->length != b->length) {
        return 0;
    }

    rc = pm_jsonpath_deeper(eval);
    if (rc != 0) {
        return rc;
    }

    *equal = 1;

    rc = (a->kind == PM_NODE_SEQUENCE)
         ? pm_jsonpath_equal_items(eval, a, b, equal)
         : pm_jsonpath_equal_members(eval, a, b, equal);

    eval->depth--;

    return rc;
}


static int
pm_jsonpath_less(pm_jsonpath_eval_t *eval, const pm_node_t *a,
    const pm_node_t *b, int *less)
{
    int  rc, order, ordered;

    *less = 0;

    if (a == NULL || b == NULL || a->kind != b->kind) {
        return 0;
    }

    rc = pm_jsonpath_charge(eval, 1 + (a->text.len + b->text.len) / 128);
    if (rc != 0) {
        return rc;
    }

    if (a->kind == PM_NODE_NUMBER) {
        order = pm_jsonpath_compare_numbers(a, b, &ordered);
        *less = (ordered && order < 0);

    } else if (a->kind == PM_NODE_STRING) {
        *less = (pm_jsonpath_compare_strings(&a->text, &b->text) < 0);
    }

    return 0;
}


/* RFC 9535, 2.3.5.2.2: all six from == and <. */

static int
pm_jsonpath_compare(pm_jsonpath_eval_t *eval,
    const pm_jsonpath_logic_t *logic, const pm_node_t *current, int *result)
{
    int               rc;
    pm_node_t         left, right;
    const pm_node_t  *a, *b, *other;

    rc = pm_jsonpath_operand(eval, &logic->left, current, &left, &a);
    if (rc != 0) {
        return rc;
    }

    rc = pm_jsonpath_operand(eval, &logic->right, current, &right, &b);
    if (rc != 0) {
        return rc;
    }

    if (logic->comparison == PM_JSONPATH_GT
        || logic->comparison == PM_JSONPATH_GE)
    {
        other = a;
        a = b;
        b = other;
    }

    switch (logic->comparison) {

    case PM_JSONPATH_EQ:
        return pm_jsonpath_equal(eval, a, b, result);

    case PM_JSONPATH_NE:
        rc = pm_jsonpath_equal(eval, a, b, result);
        *result = !*result;
        return rc;

    case PM_JSONPATH_LT:
    case PM_JSONPATH_GT:
        return pm_jsonpath_less(eval, a, b, result);

    default: /* PM_JSONPATH_LE, PM_JSONPATH_GE */

        rc = pm_jsonpath_less(eval, a, b, result);

        return (rc != 0 || *result) ? rc
                                    : pm_jsonpath_equal(eval, a, b, result);
    }
}


static int
pm_jsonpath_test_terms(pm_jsonpath_eval_t *eval,
    const pm_jsonpath_logic_t *logic, const pm_node_t *current, int *result)
{
    int                         rc;
    const pm_jsonpath_logic_t  *term;

    for (term = logic->terms; term; term = term->next) {
        rc = pm_jsonpath_test(eval, term, current, result);

        if (rc != 0 || *result == (logic->kind == PM_JSONPATH_OR)) {
            return rc;
        }
    }

    return 0;
}


int
pm_jsonpath_test(pm_jsonpath_eval_t *eval, const pm_jsonpath_logic_t *logic,
    const pm_node_t *current, int *result)
{
    int                  rc;
    pm_jsonpath_sink_t   sink;
    pm_jsonpath_call_t  *call;

    rc = pm_jsonpath_charge(eval, 1);
    if (rc != 0) {
        return rc;
    }

    switch (logic->kind) {

    case PM_JSONPATH_COMPARE:
        rc = pm_jsonpath_compare(eval, logic, current, result);
        break;

    case PM_JSONPATH_EXISTS:
        memset(&sink, 0, sizeof(pm_jsonpath_sink_t));
        sink.enough = 1;

        rc = pm_jsonpath_run(eval, &logic->left.query, current, &sink);
        *result = (sink.count > 0);
        break;

    case PM_JSONPATH_TEST:
        call = logic->left.call;
        rc = call->function->logical(eval, call, current, result);
        break;

    default: /* PM_JSONPATH_OR, PM_JSONPATH_AND */
        rc = pm_jsonpath_test_terms(eval, logic, current, result);
        break;
    }

    if (rc == 0 && logic->negated) {
        *result = !*result;
    }

    return rc;
}
