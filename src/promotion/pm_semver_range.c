#include "promotion/pm_semver.h"

#include <string.h>


static const struct {
    const char            *text;
    pm_semver_operator_t   operator;
} pm_semver_operators[] = {
    { "!=", PM_SEMVER_OTHER },           /* those of two characters first */
    { ">=", PM_SEMVER_NOT_LESS },
    { "=>", PM_SEMVER_NOT_LESS },
    { "<=", PM_SEMVER_NOT_GREATER },
    { "=<", PM_SEMVER_NOT_GREATER },
    { "~>", PM_SEMVER_TILDE },
    { "=", PM_SEMVER_EQUAL },
    { ">", PM_SEMVER_GREATER },
    { "<", PM_SEMVER_LESS },
    { "~", PM_SEMVER_TILDE },
    { "^", PM_SEMVER_CARET },
    { "", PM_SEMVER_EQUAL }
};


#define PM_SEMVER_BLANKS  " \t\n\f\r"


static int
pm_semver_add(pm_semver_range_t *range, const pm_semver_t *version,
    pm_semver_operator_t operator, unsigned group)
{
    pm_semver_item_t  *item;

    if (range->n == PM_SEMVER_ITEMS) {
        return -1;
    }

    item = &range->items[range->n++];
    item->version = *version;
    item->operator = operator;
    item->group = group;

    return 0;
}


/* One item at *text, which is moved behind it. */

static int
pm_semver_item(const char **text, unsigned group, pm_semver_range_t *range)
{
    size_t                i, blanks;
    const char           *p;
    pm_semver_t           version;
    pm_semver_operator_t  operator;

    p = *text;

    for (i = 0; /* void */ ; i++) {
        if (strncmp(p, pm_semver_operators[i].text,
                    strlen(pm_semver_operators[i].text))
            == 0)
        {
            break;
        }
    }

    operator = pm_semver_operators[i].operator;
    p += strlen(pm_semver_operators[i].text);
    p += strspn(p, PM_SEMVER_BLANKS);

    if (pm_semver_read(&p, 1, &version) != 0) {
        return -1;
    }

    *text = p;
    blanks = strspn(p, PM_SEMVER_BLANKS);
    p += blanks;

    if (pm_semver_operators[i].text[0] != '\0' || blanks == 0 || p[0] != '-'
        || strspn(p + 1, PM_SEMVER_BLANKS) == 0)
    {
        return pm_semver_add(range, &version, operator, group);
    }

    /* "1.2 - 2.3" */

    p++;
    p += strspn(p, PM_SEMVER_BLANKS);

    if (pm_semver_add(range, &version, PM_SEMVER_NOT_LESS, group) != 0
        || pm_semver_read(&p, 1, &version) != 0)
    {
        return -1;
    }

    *text = p;

    return pm_semver_add(range, &version, PM_SEMVER_NOT_GREATER, group);
}


int
pm_semver_range(const char *text, pm_semver_range_t *range)
{
    unsigned      group;
    const char   *end;
    pm_semver_t   version;

    range->n = 0;

    if (strnlen(text, PM_SEMVER_LENGTH + 1) > PM_SEMVER_LENGTH
        || pm_semver_parse(text, &version) == 0
        || strchr("xX", text[*text == 'v']) != NULL)
    {
        return -1;
    }

    for (group = 0; /* void */ ; /* void */) {
        text += strspn(text, PM_SEMVER_BLANKS);

        if (pm_semver_item(&text, group, range) != 0) {
            return -1;
        }

        end = text;
        text += strspn(text, PM_SEMVER_BLANKS);

        if (*text == '\0') {
            return 0;
        }

        if (strncmp(text, "||", 2) == 0) {
            group++;
            text += 2;

        } else if (*text == ',') {
            text++;

        } else if (text == end) {
            return -1;
        }
    }
}


/* How many numbers must be those of "^": all up to the first that is not 0. */

static unsigned
pm_semver_caret(const pm_semver_t *version)
{
    unsigned  i;

    for (i = 0; i < version->numbers; i++) {
        if (version->number[i] > 0) {
            return i + 1;
        }
    }

    return version->numbers;
}


/* Only numbers that were given count: 2.3.4 is not greater than 2.3, but not
 * less, and 2.3.4-rc is less than 2.3.4. */

static int
pm_semver_holds(const pm_semver_item_t *item, const pm_semver_t *version)
{
    int                 order, given;
    unsigned            n;
    const pm_semver_t  *with;

    with = &item->version;
    n = with->numbers;
    order = pm_semver_compare(version, with);
    given = (n == 3) ? order : pm_semver_compare_numbers(version, with, n);

    switch (item->operator) {

    case PM_SEMVER_EQUAL:
        return given == 0 && order >= 0;

    case PM_SEMVER_OTHER:
        return given != 0;

    case PM_SEMVER_GREATER:
        return given > 0;

    case PM_SEMVER_LESS:
        return order < 0;

    case PM_SEMVER_NOT_LESS:
        return order >= 0;

    case PM_SEMVER_NOT_GREATER:
        return given <= 0;

    case PM_SEMVER_TILDE:
        n = (n < 2) ? n : 2;
        break;

    case PM_SEMVER_CARET:
        n = pm_semver_caret(with);
        break;
    }

    return order >= 0 && pm_semver_compare_numbers(version, with, n) == 0;
}


int
pm_semver_matches(const pm_semver_range_t *range, const pm_semver_t *version)
{
    int     all, prereleases;
    size_t  i, group;

    for (i = 0; i < range->n; /* void */) {
        group = range->items[i].group;
        all = 1;
        prereleases = 0;

        for ( /* void */ ; i < range->n && range->items[i].group == group; i++)
        {
            all &= pm_semver_holds(&range->items[i], version);
            prereleases |= (range->items[i].version.pre != NULL);
        }

        if (all && (prereleases || version->pre == NULL)) {
            return 1;
        }
    }

    return 0;
}
