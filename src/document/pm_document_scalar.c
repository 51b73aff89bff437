/*
 * What a plain scalar means: the core schema of YAML 1.2.2, 10.3.2.
 */

#include "document/pm_document_build.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>


#define PM_TAG_PREFIX  "tag:yaml.org,2002:"


typedef struct {
    const char      *text;
    pm_node_kind_t   kind;
    int              boolean;
} pm_scalar_word_t;


static const pm_scalar_word_t  pm_scalar_words[] = {
    { "",      PM_NODE_NULL,    0 },
    { "~",     PM_NODE_NULL,    0 },
    { "null",  PM_NODE_NULL,    0 },
    { "Null",  PM_NODE_NULL,    0 },
    { "NULL",  PM_NODE_NULL,    0 },
    { "true",  PM_NODE_BOOLEAN, 1 },
    { "True",  PM_NODE_BOOLEAN, 1 },
    { "TRUE",  PM_NODE_BOOLEAN, 1 },
    { "false", PM_NODE_BOOLEAN, 0 },
    { "False", PM_NODE_BOOLEAN, 0 },
    { "FALSE", PM_NODE_BOOLEAN, 0 }
};


static const char *
pm_scalar_digits(const char *p)
{
    while (*p >= '0' && *p <= '9') {
        p++;
    }

    return p;
}


/* [-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )? */

static int
pm_scalar_decimal(const char *p)
{
    const char  *start, *fraction;

    if (*p == '-' || *p == '+') {
        p++;
    }

    start = p;
    p = pm_scalar_digits(p);

    if (*p == '.') {
        fraction = p + 1;
        p = pm_scalar_digits(fraction);

        if (fraction == start + 1 && p == fraction) {
            return 0;
        }

    } else if (p == start) {
        return 0;
    }

    if (*p == 'e' || *p == 'E') {
        p++;

        if (*p == '-' || *p == '+') {
            p++;
        }

        start = p;
        p = pm_scalar_digits(p);

        if (p == start) {
            return 0;
        }
    }

    return *p == '\0';
}


/* 0o[0-7]+ and 0x[0-9a-fA-F]+ */

static int
pm_scalar_based(const char *p, double *number)
{
    int          base;
    double       value;
    const char  *digit;

    static const char  digits[] = "0123456789abcdef0123456789ABCDEF";

    if (p[0] != '0' || (p[1] != 'o' && p[1] != 'x') || p[2] == '\0') {
        return 0;
    }

    base = (p[1] == 'o') ? 8 : 16;
    value = 0;

    for (p += 2; *p != '\0'; p++) {
        digit = strchr(digits, *p);

        if (digit == NULL || (digit - digits) % 16 >= base) {
            return 0;
        }

        value = value * base + (double) ((digit - digits) % 16);
    }

    *number = value;

    return 1;
}


/* [-+]? ( \.inf | \.Inf | \.INF ) and \.nan | \.NaN | \.NAN */

static int
pm_scalar_special(const char *p, double *number)
{
    double  sign;

    if (strcmp(p, ".nan") == 0 || strcmp(p, ".NaN") == 0
        || strcmp(p, ".NAN") == 0)
    {
        *number = NAN;
        return 1;
    }

    sign = (*p == '-') ? -1 : 1;

    if (*p == '-' || *p == '+') {
        p++;
    }

    if (strcmp(p, ".inf") == 0 || strcmp(p, ".Inf") == 0
        || strcmp(p, ".INF") == 0)
    {
        *number = sign * INFINITY;
        return 1;
    }

    return 0;
}


void
pm_scalar_resolve(pm_node_t *node)
{
    size_t       i;
    const char  *text;

    text = node->text.data;
    node->kind = PM_NODE_STRING;

    /* most texts are words: one look at the first character will do */

    if (*text != '\0' && strchr("~nNtTfF+-.0123456789", *text) == NULL) {
        return;
    }

    for (i = 0; i < sizeof(pm_scalar_words) / sizeof(pm_scalar_words[0]);
         i++)
    {
        if (strcmp(text, pm_scalar_words[i].text) == 0) {
            node->kind = pm_scalar_words[i].kind;
            node->boolean = pm_scalar_words[i].boolean;
            return;
        }
    }

    if (pm_scalar_decimal(text)) {
        node->kind = PM_NODE_NUMBER;
        node->number = strtod(text, NULL);
        return;
    }

    if (pm_scalar_based(text, &node->number)
        || pm_scalar_special(text, &node->number))
    {
        node->kind = PM_NODE_NUMBER;
    }
}


int
pm_scalar_resolve_tag(pm_node_t *node)
{
    const char  *type;

    type = node->tag.data;

    if (strncmp(type, PM_TAG_PREFIX, strlen(PM_TAG_PREFIX)) != 0) {
        node->kind = PM_NODE_STRING;
        return 0;
    }

    type += strlen(PM_TAG_PREFIX);

    if (strcmp(type, "null") != 0 && strcmp(type, "bool") != 0
        && strcmp(type, "int") != 0 && strcmp(type, "float") != 0)
    {
        node->kind = PM_NODE_STRING;
        return 0;
    }

    pm_scalar_resolve(node);

    if (strcmp(type, "null") == 0) {
        return node->kind == PM_NODE_NULL ? 0 : -1;
    }

    if (strcmp(type, "bool") == 0) {
        return node->kind == PM_NODE_BOOLEAN ? 0 : -1;
    }

    if (strcmp(type, "float") == 0) {
        return node->kind == PM_NODE_NUMBER ? 0 : -1;
    }

    return (node->kind == PM_NODE_NUMBER
            && (strncmp(node->text.data, "0x", 2) == 0
                || strpbrk(node->text.data, ".eE") == NULL))
           ? 0 : -1;
}
