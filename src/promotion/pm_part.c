#include "promotion/pm_part_draft.h"

#include <string.h>


/* The promotable sources of an application, in the manifest's order. */

static size_t
pm_part_folders(const pm_application_t *application)
{
    size_t  i, n;

    for (i = 0, n = 0; i < application->nsources; i++) {
        n += application->sources[i].promotable;
    }

    return n;
}


static const pm_catalog_source_t *
pm_part_next(const pm_application_t *application, size_t *i)
{
    while (*i < application->nsources) {
        if (application->sources[(*i)++].promotable) {
            return &application->sources[*i - 1];
        }
    }

    return NULL;
}


static size_t
pm_part_value_files(const pm_application_t *application)
{
    size_t  i, n;

    for (i = 0, n = 0; i < application->nsources; i++) {
        n += application->sources[i].nref_files;
    }

    return n;
}


const char *
pm_part_revision(const char *revision)
{
    static const char  prefix[] = "refs/heads/";

    if (revision == NULL || strcmp(revision, "HEAD") == 0) {
        return NULL;
    }

    if (strncmp(revision, prefix, sizeof(prefix) - 1) == 0) {
        return revision + sizeof(prefix) - 1;
    }

    return revision;
}


static int
pm_part_location(pm_part_builder_t *builder,
    const pm_application_t *application, const pm_catalog_source_t *source,
    pm_location_t *location)
{
    int         rc;
    pm_error_t  error;

    rc = pm_git_url_parse(builder->arena, source->repository, &location->url,
                          &error);

    if (rc == PM_INVALID) {

        /* the manifest's fault, not the request's */

        return pm_error_set(builder->err, PM_UNPROCESSABLE,
                            "application %s/%s/%s: repoURL: %s",
                            application->runtime, application->namespace,
                            application->name, error.message);
    }

    if (rc != 0) {
        return pm_error_set(builder->err, rc, "%s", error.message);
    }

    location->branch = pm_part_revision(source->revision);
    location->is_branch = source->branch;
    location->path = source->path;
    location->value_files = source->value_files;
    location->nvalue_files = source->nvalue_files;

    return 0;
}


/* A new draft, which has its places; those of a file have no folder. */

static int
pm_part_draft_add(pm_part_builder_t *builder, const pm_catalog_source_t *from,
    const pm_catalog_source_t *to, const pm_part_pair_t *pair)
{
    int               rc;
    pm_part_draft_t  *draft;

    draft = &builder->drafts[builder->n];
    memset(draft, 0, sizeof(pm_part_draft_t));
    draft->from = from;
    draft->to = to;

    rc = pm_part_location(builder, builder->from, from, &draft->source);

    if (rc == 0) {
        rc = pm_part_location(builder, builder->to, to, &draft->destination);
    }

    if (rc != 0) {
        return rc;
    }

    if (pair != NULL) {
        draft->is_file = 1;
        draft->source.path = "";
        draft->source.nvalue_files = 0;
        draft->destination.path = "";
        draft->destination.nvalue_files = 0;
        draft->file.from_name = pair->from->name;
        draft->file.from = pair->from->path;
        draft->file.to_name = pair->to->name;
        draft->file.to = pair->to->path;
    }

    builder->n++;

    return 0;
}


static int
pm_part_draft_folders(pm_part_builder_t *builder, size_t n)
{
    int     rc;
    size_t  i, s, d;

    for (i = 0, s = 0, d = 0; i < n; i++) {

        rc = pm_part_draft_add(builder, pm_part_next(builder->from, &s),
                               pm_part_next(builder->to, &d), NULL);
        if (rc != 0) {
            return rc;
        }
    }

    return 0;
}


static int
pm_part_draft_files(pm_part_builder_t *builder)
{
    int              rc;
    size_t           i, n;
    pm_part_pair_t  *pairs;

    builder->plain = pm_part_draft_plain(builder);

    rc = pm_part_pairs(builder->arena, builder->from, builder->to,
                       builder->template, builder->plain, &pairs, &n,
                       builder->err);

    for (i = 0; rc == 0 && i < n; i++) {
        rc = pm_part_draft_add(builder, pairs[i].from->place,
                               pairs[i].to->place, &pairs[i]);
    }

    if (rc == 0 && n > 0) {
        pm_part_draft_drop(builder);
    }

    return rc;
}


/* The part that has the place of a file's draft; NULL: none yet. */

static pm_part_t *
pm_part_find(const pm_part_draft_t *draft, pm_promotion_t *promotion)
{
    size_t      i;
    pm_part_t  *part;

    for (i = 0; i < promotion->nparts; i++) {
        part = &promotion->parts[i];

        if (part->nfiles > 0
            && pm_part_draft_same(&draft->source, &part->source)
            && pm_part_draft_same(&draft->destination, &part->destination))
        {
            return part;
        }
    }

    return NULL;
}


/* A part for a draft; that of a file is yet without. */

static int
pm_part_add(pm_part_builder_t *builder, const pm_part_draft_t *draft,
    pm_promotion_t *promotion, pm_part_t **part)
{
    if (promotion->nparts == PM_PROMOTION_PARTS) {
        return pm_error_set(builder->err, PM_UNPROCESSABLE,
                            "application %s/%s/%s has more than %d sources",
                            builder->to->runtime, builder->to->namespace,
                            builder->to->name, PM_PROMOTION_PARTS);
    }

    *part = &promotion->parts[promotion->nparts++];
    (*part)->source = draft->source;
    (*part)->destination = draft->destination;

    if (!draft->is_file) {
        return 0;
    }

    (*part)->plain = (builder->plain != 0);
    (*part)->files = pm_arena_alloc(builder->arena,
                                    builder->n * sizeof(pm_part_file_t));

    return (*part)->files ? 0 : pm_error_memory(builder->err);
}


/* Files that are the same for both go with those of their place. */

static void
pm_part_add_shared(const pm_part_builder_t *builder,
    pm_promotion_t *promotion)
{
    size_t                  i;
    pm_part_t              *part;
    const pm_part_draft_t  *draft;

    for (i = 0; i < builder->n; i++) {
        draft = &builder->drafts[i];

        if (!draft->dropped || !draft->is_file
            || !pm_part_draft_shared(builder, draft))
        {
            continue;
        }

        part = pm_part_find(draft, promotion);

        if (part != NULL) {
            part->files[part->nfiles++] = draft->file;
        }
    }
}


static int
pm_part_build(pm_part_builder_t *builder, pm_promotion_t *promotion)
{
    int                     rc;
    size_t                  i;
    pm_part_t              *part;
    const pm_part_draft_t  *draft;

    promotion->nparts = 0;
    promotion->parts = pm_arena_zalloc(builder->arena,
                                       builder->n * sizeof(pm_part_t));
    if (promotion->parts == NULL) {
        return pm_error_memory(builder->err);
    }

    part = NULL;

    for (i = 0; i < builder->n; i++) {
        draft = &builder->drafts[i];

        if (draft->dropped) {
            continue;
        }

        part = draft->is_file ? pm_part_find(draft, promotion) : NULL;
        rc = part ? 0 : pm_part_add(builder, draft, promotion, &part);

        if (rc != 0) {
            return rc;
        }

        if (draft->is_file) {
            part->files[part->nfiles++] = draft->file;
        }
    }

    pm_part_add_shared(builder, promotion);

    return 0;
}


/* How many folders there are to match: both must have as many, unless only
 * value files are meant. */

static int
pm_part_match(const pm_part_builder_t *builder, size_t *n)
{
    size_t                   nfrom, nto, from_files, to_files;
    const pm_application_t  *from, *to;

    from = builder->from;
    to = builder->to;
    nfrom = pm_part_folders(from);
    nto = pm_part_folders(to);
    from_files = pm_part_value_files(from);
    to_files = pm_part_value_files(to);

    if (nfrom + from_files == 0 || nto + to_files == 0) {
        from = (nfrom + from_files == 0) ? from : to;

        return pm_error_set(builder->err, PM_UNPROCESSABLE,
                            "application %s/%s/%s has no source with a path "
                            "in git: there is nothing to promote",
                            from->runtime, from->namespace, from->name);
    }

    if (from_files > PM_PROMOTION_FILES || to_files > PM_PROMOTION_FILES) {
        to = (from_files > PM_PROMOTION_FILES) ? from : to;

        return pm_error_set(builder->err, PM_UNPROCESSABLE,
                            "application %s/%s/%s has more than %d value "
                            "files in other sources", to->runtime,
                            to->namespace, to->name, PM_PROMOTION_FILES);
    }

    *n = nfrom;

    if (nfrom == nto) {
        return 0;
    }

    if (from_files > 0 && to_files > 0
        && pm_part_draft_only_files(builder->template))
    {
        *n = 0;
        return 0;
    }

    return pm_error_set(builder->err, PM_UNPROCESSABLE,
                        "application %s/%s/%s has %zu sources with a path "
                        "and %s/%s/%s has %zu: they cannot be matched",
                        from->runtime, from->namespace, from->name, nfrom,
                        to->runtime, to->namespace, to->name, nto);
}


int
pm_part_create(pm_arena_t *arena, const pm_application_t *from,
    const pm_application_t *to, pm_promotion_t *promotion, pm_error_t *err)
{
    int                rc;
    size_t             n;
    pm_part_builder_t  builder;

    memset(&builder, 0, sizeof(pm_part_builder_t));
    builder.arena = arena;
    builder.from = from;
    builder.to = to;
    builder.template = promotion->template;
    builder.err = err;
    n = 0;

    rc = pm_part_match(&builder, &n);
    if (rc != 0) {
        return rc;
    }

    builder.drafts = pm_arena_alloc(arena, (n + pm_part_value_files(from) + 1)
                                           * sizeof(pm_part_draft_t));
    if (builder.drafts == NULL) {
        return pm_error_memory(err);
    }

    rc = pm_part_draft_folders(&builder, n);

    if (rc == 0) {
        rc = pm_part_draft_files(&builder);
    }

    if (rc == 0 && builder.n == 0) {
        rc = pm_error_set(err, PM_UNPROCESSABLE,
                          "application %s/%s/%s has no source with a path "
                          "in git: there is nothing to promote",
                          from->runtime, from->namespace, from->name);
    }

    if (rc == 0) {
        rc = pm_part_draft_check(&builder);
    }

    return rc ? rc : pm_part_build(&builder, promotion);
}
