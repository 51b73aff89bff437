#include "promotion/pm_part.h"

#include <string.h>


/* One source of each application, and which of its value files are left. */

typedef struct {
    const pm_template_t           *template;
    int                            plain;
    const pm_catalog_ref_file_t  **from;     /* NULL: has its pair */
    size_t                         nfrom;
    const pm_catalog_ref_file_t  **to;
    size_t                         nto;
    pm_part_pair_t                *pairs;    /* one for each of from; to NULL:
                                                has none */
} pm_part_pairing_t;


typedef int (*pm_part_rule_pt)(const pm_part_pairing_t *pairing,
    const pm_catalog_ref_file_t *from, const pm_catalog_ref_file_t *to);


static int
pm_part_by_template(const pm_part_pairing_t *pairing,
    const pm_catalog_ref_file_t *from, const pm_catalog_ref_file_t *to)
{
    size_t                i;
    pm_part_file_t        file;
    const pm_template_t  *template;

    template = pairing->template;

    file.from_name = from->name;
    file.from = from->path;
    file.to_name = to->name;
    file.to = to->path;

    for (i = 0; template != NULL && i < template->nfiles; i++) {
        if (template->files[i].to != NULL
            && pm_part_matches(&template->files[i], &file, pairing->plain))
        {
            return 1;
        }
    }

    return 0;
}


static int
pm_part_by_name(const pm_part_pairing_t *pairing,
    const pm_catalog_ref_file_t *from, const pm_catalog_ref_file_t *to)
{
    return strcmp(from->name, to->name) == 0;
}


static int
pm_part_by_path(const pm_part_pairing_t *pairing,
    const pm_catalog_ref_file_t *from, const pm_catalog_ref_file_t *to)
{
    return strcmp(from->path, to->path) == 0;
}


static const char *
pm_part_last(const pm_catalog_ref_file_t *file)
{
    const char  *slash;

    slash = strrchr(file->path, '/');

    return slash ? slash + 1 : file->path;
}


/* 1 if just one of the files that are left has this last name. */

static int
pm_part_only_last(const pm_catalog_ref_file_t *const *files, size_t n,
    const char *last)
{
    size_t  i, count;

    for (i = 0, count = 0; i < n && count < 2; i++) {
        count += (files[i] != NULL
                  && strcmp(pm_part_last(files[i]), last) == 0);
    }

    return count == 1;
}


static int
pm_part_by_last(const pm_part_pairing_t *pairing,
    const pm_catalog_ref_file_t *from, const pm_catalog_ref_file_t *to)
{
    const char  *last;

    last = pm_part_last(from);

    return strcmp(last, pm_part_last(to)) == 0
           && pm_part_only_last(pairing->from, pairing->nfrom, last)
           && pm_part_only_last(pairing->to, pairing->nto, last);
}


static int
pm_part_by_order(const pm_part_pairing_t *pairing,
    const pm_catalog_ref_file_t *from, const pm_catalog_ref_file_t *to)
{
    return 1;
}


static void
pm_part_apply(pm_part_pairing_t *pairing, pm_part_rule_pt rule)
{
    size_t           i, j;
    pm_part_pair_t  *pair;

    for (i = 0; i < pairing->nfrom; i++) {

        for (j = 0; pairing->from[i] != NULL && j < pairing->nto; j++) {

            if (pairing->to[j] == NULL
                || !rule(pairing, pairing->from[i], pairing->to[j]))
            {
                continue;
            }

            pair = &pairing->pairs[i];
            pair->from = pairing->from[i];
            pair->to = pairing->to[j];

            pairing->from[i] = NULL;
            pairing->to[j] = NULL;
        }
    }
}


static size_t
pm_part_left(const pm_catalog_ref_file_t *const *files, size_t n)
{
    size_t  i, left;

    for (i = 0, left = 0; i < n; i++) {
        left += (files[i] != NULL);
    }

    return left;
}


/* One without a counterpart matters if it is selected. */

static int
pm_part_is_missed(const pm_part_pairing_t *pairing,
    const pm_catalog_ref_file_t *from)
{
    pm_part_file_t  file;

    file.from_name = from->name;
    file.from = from->path;
    file.to_name = from->name;
    file.to = from->path;

    return pm_part_selected(pairing->template, &file, pairing->plain);
}


static int
pm_part_rest(const pm_part_pairing_t *pairing, const pm_application_t *from,
    const pm_application_t *to, pm_error_t *err)
{
    size_t  i;

    for (i = 0; i < pairing->nfrom; i++) {

        if (pairing->from[i] == NULL
            || !pm_part_is_missed(pairing, pairing->from[i]))
        {
            continue;
        }

        return pm_error_set(err, PM_UNPROCESSABLE,
                            "value file %.200s of application %s/%s/%s has no "
                            "counterpart among the %zu of %s/%s/%s; name one "
                            "there in helm.valueFiles, say with \"to\" in a "
                            "template which it is, or exclude it",
                            pairing->from[i]->name, from->runtime,
                            from->namespace, from->name, pairing->nto,
                            to->runtime, to->namespace, to->name);
    }

    return 0;
}


/* The value files of a source, as a list to strike out. */

static int
pm_part_list(pm_arena_t *arena, const pm_catalog_source_t *source,
    const pm_catalog_ref_file_t ***files, size_t *n, pm_error_t *err)
{
    size_t  i;

    *n = (source != NULL) ? source->nref_files : 0;
    *files = pm_arena_alloc(arena, (*n + 1) * sizeof(void *));

    if (*files == NULL) {
        return pm_error_memory(err);
    }

    for (i = 0; i < *n; i++) {
        (*files)[i] = &source->ref_files[i];
    }

    return 0;
}


/* The next source that has value files in others; NULL: no more. */

static const pm_catalog_source_t *
pm_part_owner(const pm_application_t *application, size_t *i)
{
    while (*i < application->nsources) {
        if (application->sources[(*i)++].nref_files > 0) {
            return &application->sources[*i - 1];
        }
    }

    return NULL;
}


static size_t
pm_part_owners(const pm_application_t *application)
{
    size_t  i, n;

    for (i = 0, n = 0; pm_part_owner(application, &i) != NULL; n++) {
        /* void */
    }

    return n;
}


static int
pm_part_sources(pm_arena_t *arena, pm_part_pairing_t *pairing,
    const pm_catalog_source_t *source, const pm_catalog_source_t *destination,
    pm_error_t *err)
{
    int     rc;
    size_t  i;

    static const pm_part_rule_pt  rules[] = {
        pm_part_by_template, pm_part_by_name, pm_part_by_path,
        pm_part_by_last, NULL
    };

    rc = pm_part_list(arena, source, &pairing->from, &pairing->nfrom, err);

    if (rc == 0) {
        rc = pm_part_list(arena, destination, &pairing->to, &pairing->nto,
                          err);
    }

    for (i = 0; rc == 0 && rules[i] != NULL; i++) {
        pm_part_apply(pairing, rules[i]);
    }

    if (rc == 0 && pm_part_left(pairing->from, pairing->nfrom)
                   == pm_part_left(pairing->to, pairing->nto))
    {
        pm_part_apply(pairing, pm_part_by_order);
    }

    return rc;
}


/* How many pairs there are, which are then the first ones. */

static size_t
pm_part_found(pm_part_pairing_t *pairing)
{
    size_t          i, n;
    pm_part_pair_t  pair;

    for (i = 0, n = 0; i < pairing->nfrom; i++) {
        pair = pairing->pairs[i];
        memset(&pairing->pairs[i], 0, sizeof(pm_part_pair_t));

        if (pair.to != NULL) {
            pairing->pairs[n++] = pair;
        }
    }

    return n;
}


int
pm_part_pairs(pm_arena_t *arena, const pm_application_t *from,
    const pm_application_t *to, const pm_template_t *template, int plain,
    pm_part_pair_t **pairs, size_t *n, pm_error_t *err)
{
    int                         rc;
    size_t                      i, s, d, most, missed, nfrom, nto;
    pm_part_pairing_t           pairing;
    const pm_catalog_source_t  *source;

    memset(&pairing, 0, sizeof(pm_part_pairing_t));
    pairing.template = template;
    pairing.plain = plain;

    for (i = 0, most = 0, missed = 0; i < from->nsources; i++) {
        source = &from->sources[i];
        most += source->nref_files;

        for (s = 0; s < source->nref_files; s++) {
            missed += (size_t) pm_part_is_missed(&pairing,
                                                 &source->ref_files[s]);
        }
    }

    nfrom = pm_part_owners(from);
    nto = pm_part_owners(to);

    if (nfrom != nto && nto > 0 && missed > 0) {
        return pm_error_set(err, PM_UNPROCESSABLE,
                            "application %s/%s/%s has value files of other "
                            "sources in %zu of its sources and %s/%s/%s in "
                            "%zu: they cannot be matched", from->runtime,
                            from->namespace, from->name, nfrom, to->runtime,
                            to->namespace, to->name, nto);
    }

    pairing.pairs = pm_arena_zalloc(arena,
                                    (most + 1) * sizeof(pm_part_pair_t));
    if (pairing.pairs == NULL) {
        return pm_error_memory(err);
    }

    *pairs = pairing.pairs;
    *n = 0;

    for (i = 0, s = 0, d = 0; i < nfrom; i++) {
        source = pm_part_owner(from, &s);

        rc = pm_part_sources(arena, &pairing, source, pm_part_owner(to, &d),
                             err);

        if (rc == 0) {
            rc = pm_part_rest(&pairing, from, to, err);
        }

        if (rc != 0) {
            return rc;
        }

        *n += pm_part_found(&pairing);
        pairing.pairs = *pairs + *n;
    }

    return 0;
}
