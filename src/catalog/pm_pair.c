#include "catalog/pm_pair.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>


#define PM_PAIR_ANNOTATION  "promotions.nginx/application"

/* role, namespace, runtime: each decides where those before it do not */

#define PM_PAIR_KEYS        3


typedef struct {
    const char              *keys[PM_PAIR_KEYS];
    const pm_application_t  *application;
    size_t                   order;      /* in the product */
} pm_pair_entry_t;


typedef struct {
    pm_arena_t          *arena;
    const pm_product_t  *product;
    pm_pairs_t          *pairs;
    pm_error_t          *err;
} pm_pair_finder_t;


static int
pm_pair_edge(char c)
{
    return c == '\0' || c == '-' || c == '.';
}


/* text without the environment's name: its last place counts. */

static const char *
pm_pair_cut(pm_arena_t *arena, const char *text, const char *environment)
{
    size_t       len, head;
    const char  *p, *last;

    len = strlen(environment);
    last = NULL;

    for (p = text; *p != '\0'; p++) {
        if (strncasecmp(p, environment, len) == 0 && pm_pair_edge(p[len])
            && (p == text || pm_pair_edge(p[-1])))
        {
            last = p;
        }
    }

    if (last == NULL) {
        return text;
    }

    /* with one of the marks around it */

    head = (size_t) (last - text);
    p = last + len;

    if (*p != '\0') {
        p++;

    } else if (head > 0) {
        head--;
    }

    return pm_arena_printf(arena, "%.*s%s", (int) head, text, p);
}


static int
pm_pair_entry(pm_arena_t *arena, const pm_application_t *application,
    const pm_environment_t *environment, pm_pair_entry_t *entry)
{
    size_t  i;

    entry->application = application;
    entry->keys[0] = NULL;

    for (i = 0; i < application->nannotations; i++) {
        if (strcmp(application->annotations[i].name, PM_PAIR_ANNOTATION) == 0) {
            entry->keys[0] = application->annotations[i].value;
        }
    }

    if (entry->keys[0] == NULL) {
        entry->keys[0] = pm_pair_cut(arena, application->name,
                                     environment->name);
    }

    entry->keys[1] = pm_pair_cut(arena, application->namespace,
                                 environment->name);
    entry->keys[2] = application->runtime;

    return (entry->keys[0] != NULL && entry->keys[1] != NULL) ? 0 : -1;
}


static int
pm_pair_order(const void *a, const void *b)
{
    int                     rc;
    size_t                  i;
    const pm_pair_entry_t  *one, *two;

    one = a;
    two = b;

    for (i = 0; i < PM_PAIR_KEYS; i++) {
        rc = strcmp(one->keys[i], two->keys[i]);
        if (rc != 0) {
            return rc;
        }
    }

    return (one->order < two->order) ? -1 : 1;
}


/* Those of the product in one environment, sorted by their keys. */

static int
pm_pair_side(pm_pair_finder_t *finder, const pm_environment_t *environment,
    pm_pair_entry_t **entries, size_t *n)
{
    size_t                   i;
    const pm_application_t  *application;

    *n = 0;
    *entries = pm_arena_alloc(finder->arena,
                              (finder->product->napplications + 1)
                              * sizeof(pm_pair_entry_t));
    if (*entries == NULL) {
        return pm_error_memory(finder->err);
    }

    for (i = 0; i < finder->product->napplications; i++) {
        application = finder->product->applications[i];

        if (application->environment != environment) {
            continue;
        }

        (*entries)[*n].order = i;

        if (pm_pair_entry(finder->arena, application, environment,
                          &(*entries)[*n])
            != 0)
        {
            return pm_error_memory(finder->err);
        }

        (*n)++;
    }

    qsort(*entries, *n, sizeof(pm_pair_entry_t), pm_pair_order);

    return 0;
}


/* How many at the beginning have the first one's key. */

static size_t
pm_pair_run(const pm_pair_entry_t *entries, size_t n, size_t key)
{
    size_t  i;

    for (i = 1; i < n; i++) {
        if (strcmp(entries[i].keys[key], entries[0].keys[key]) != 0) {
            break;
        }
    }

    return i;
}


static void
pm_pair_missing(pm_pair_finder_t *finder, const pm_pair_entry_t *entries,
    size_t n)
{
    size_t  i;

    for (i = 0; i < n; i++) {
        finder->pairs->missing[finder->pairs->nmissing++] =
                                                     entries[i].application;
    }
}


static int
pm_pair_ambiguous(pm_pair_finder_t *finder, const pm_pair_entry_t *entries)
{
    const pm_application_t  *one, *two;

    one = entries[0].application;
    two = entries[1].application;

    return pm_error_set(finder->err, PM_CONFLICT,
                        "applications %s/%s/%s and %s/%s/%s of product %s in "
                        "environment %s cannot be told apart: give them an "
                        "annotation " PM_PAIR_ANNOTATION " each",
                        one->runtime, one->namespace, one->name, two->runtime,
                        two->namespace, two->name, finder->product->name,
                        one->environment->name);
}


/*
 * Joins a and b, whose first keys are the same on both sides: one with one, or
 * by the next key.
 */

static int
pm_pair_join(pm_pair_finder_t *finder, const pm_pair_entry_t *a, size_t na,
    const pm_pair_entry_t *b, size_t nb, size_t key)
{
    int         rc, order;
    size_t      i, j;
    pm_pair_t  *pair;

    if (key > 0 && na == 1 && nb == 1) {
        pair = &finder->pairs->pairs[finder->pairs->npairs++];
        pair->source = a->application;
        pair->destination = b->application;
        return 0;
    }

    if (key == PM_PAIR_KEYS && na > 0 && nb > 0) {
        return pm_pair_ambiguous(finder, na > 1 ? a : b);
    }

    while (na > 0 && nb > 0) {
        order = strcmp(a->keys[key], b->keys[key]);
        i = (order <= 0) ? pm_pair_run(a, na, key) : 0;
        j = (order >= 0) ? pm_pair_run(b, nb, key) : 0;

        if (order == 0) {
            rc = pm_pair_join(finder, a, i, b, j, key + 1);
            if (rc != 0) {
                return rc;
            }

        } else {
            pm_pair_missing(finder, a, i);
            pm_pair_missing(finder, b, j);
        }

        a += i;
        na -= i;
        b += j;
        nb -= j;
    }

    pm_pair_missing(finder, a, na);
    pm_pair_missing(finder, b, nb);

    return 0;
}


/* Where manifests say the same, as they were read: by file and line. */

static int
pm_pair_application_order(const pm_application_t *one,
    const pm_application_t *two)
{
    int  rc;

    rc = strcmp(one->file, two->file);

    if (rc != 0) {
        return rc;
    }

    return (one->line > two->line) - (one->line < two->line);
}


static int
pm_pair_pair_order(const void *a, const void *b)
{
    return pm_pair_application_order(((const pm_pair_t *) a)->source,
                                     ((const pm_pair_t *) b)->source);
}


static int
pm_pair_missing_order(const void *a, const void *b)
{
    return pm_pair_application_order(*(const pm_application_t *const *) a,
                                     *(const pm_application_t *const *) b);
}


int
pm_pair_find(pm_arena_t *arena, const pm_product_t *product,
    const pm_environment_t *from, const pm_environment_t *to,
    pm_pairs_t *pairs, pm_error_t *err)
{
    int               rc;
    size_t            nsources, ndestinations;
    pm_pair_entry_t  *sources, *destinations;
    pm_pair_finder_t  finder;

    memset(pairs, 0, sizeof(pm_pairs_t));

    finder.arena = arena;
    finder.product = product;
    finder.pairs = pairs;
    finder.err = err;

    rc = pm_pair_side(&finder, from, &sources, &nsources);
    if (rc != 0) {
        return rc;
    }

    rc = pm_pair_side(&finder, to, &destinations, &ndestinations);
    if (rc != 0) {
        return rc;
    }

    pairs->pairs = pm_arena_alloc(arena, (nsources + 1) * sizeof(pm_pair_t));
    pairs->missing = pm_arena_alloc(arena, (nsources + ndestinations + 1)
                                           * sizeof(pm_application_t *));

    if (pairs->pairs == NULL || pairs->missing == NULL) {
        return pm_error_memory(err);
    }

    rc = pm_pair_join(&finder, sources, nsources, destinations, ndestinations,
                      0);

    qsort(pairs->pairs, pairs->npairs, sizeof(pm_pair_t), pm_pair_pair_order);
    qsort(pairs->missing, pairs->nmissing, sizeof(pm_application_t *),
          pm_pair_missing_order);

    return rc;
}
