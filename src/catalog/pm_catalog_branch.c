#include "catalog/pm_catalog_build.h"

#include <ctype.h>
#include <string.h>


/* What is in by_branch besides the lists: which repository is in one. */
#define PM_CATALOG_BRANCH_SEEN  "seen"


typedef struct {
    pm_catalog_branch_t  *first;
} pm_catalog_branches_t;


static int
pm_catalog_branch_digit(char c)
{
    c = (char) tolower((unsigned char) c);

    return (c >= '0' && c <= '9') ? c - '0'
           : (c >= 'a' && c <= 'f') ? c - 'a' + 10 : -1;
}


/*
 * How a repository is called, in whatever way its URL is spelled: its last
 * part, decoded, in lower case, without ".git".
 */

static const char *
pm_catalog_branch_name(pm_arena_t *arena, const char *url)
{
    int          high, low;
    char        *name, *p;
    size_t       len;
    const char  *last, *end;

    end = url + strlen(url);

    while (end > url && end[-1] == '/') {
        end--;
    }

    for (last = end; last > url && last[-1] != '/' && last[-1] != ':'; last--)
    {
        /* void */
    }

    name = pm_arena_alloc(arena, (size_t) (end - last) + 1);
    if (name == NULL) {
        return NULL;
    }

    for (p = name; last < end; last++) {
        high = (last[0] == '%' && end - last > 2)
               ? pm_catalog_branch_digit(last[1]) : -1;
        low = (high >= 0) ? pm_catalog_branch_digit(last[2]) : -1;

        if (low >= 0) {
            *p++ = (char) tolower(high << 4 | low);
            last += 2;

        } else {
            *p++ = (char) tolower((unsigned char) *last);
        }
    }

    *p = '\0';
    len = strlen(name);

    if (len > 4 && strcmp(name + len - 4, ".git") == 0) {
        name[len - 4] = '\0';
    }

    return name;
}


static int
pm_catalog_branch_add(pm_catalog_t *catalog, const pm_catalog_source_t *source)
{
    void                   *earlier;
    const char             *name;
    pm_catalog_branch_t    *branch;
    pm_catalog_branches_t  *list;

    if (source->revision == NULL || !source->writable) {
        return 0;
    }

    branch = pm_arena_zalloc(catalog->arena, sizeof(pm_catalog_branch_t));
    list = pm_arena_zalloc(catalog->arena, sizeof(pm_catalog_branches_t));
    name = pm_catalog_branch_name(catalog->arena, source->repository);

    if (branch == NULL || list == NULL || name == NULL
        || pm_catalog_index_add(&catalog->by_branch, source->revision,
                                source->repository, PM_CATALOG_BRANCH_SEEN,
                                branch, &earlier)
           != 0)
    {
        return -1;
    }

    if (earlier != NULL) {
        return 0;
    }

    if (pm_catalog_index_add(&catalog->by_branch, source->revision, name, "",
                             list, &earlier)
        != 0)
    {
        return -1;
    }

    list = (earlier != NULL) ? earlier : list;

    branch->repository = source->repository;
    branch->next = list->first;
    list->first = branch;

    return 0;
}


int
pm_catalog_finish_branches(pm_catalog_t *catalog, pm_error_t *err)
{
    int                      rc;
    size_t                   i, j;
    const pm_application_t  *application;
    const pm_environment_t  *environment;

    rc = 0;

    for (i = 0; rc == 0 && i < catalog->applications.n; i++) {
        application = pm_catalog_applications(catalog, i);

        for (j = 0; rc == 0 && j < application->nsources; j++) {
            rc = pm_catalog_branch_add(catalog, &application->sources[j]);
        }
    }

    for (i = 0; rc == 0 && i < catalog->environments.n; i++) {
        environment = pm_catalog_environments(catalog, i);

        if (environment->apis != NULL) {
            rc = pm_catalog_branch_add(catalog, environment->apis);
        }
    }

    return (rc == 0) ? 0 : pm_error_memory(err);
}


const pm_catalog_branch_t *
pm_catalog_branch(const pm_catalog_t *catalog, pm_arena_t *arena,
    const char *branch, const char *repository)
{
    const char                   *name;
    const pm_catalog_branches_t  *list;

    name = pm_catalog_branch_name(arena, repository);

    list = (name != NULL)
           ? pm_catalog_index_get(&catalog->by_branch, branch, name, "")
           : NULL;

    return list ? list->first : NULL;
}
