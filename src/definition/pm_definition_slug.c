#include "definition/pm_definition_internal.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>


#define PM_DEFINITION_SLUG  64


static const char *const  pm_definition_extensions[] = {
    ".json", ".yaml", ".yml", NULL
};


const char *
pm_definition_slug(pm_arena_t *arena, const char *name)
{
    int      gap;
    char     c, slug[PM_DEFINITION_SLUG + 1];
    size_t   n;

    n = 0;
    gap = 0;

    for ( /* void */ ; *name != '\0'; name++) {
        c = *name;

        if (c >= 'A' && c <= 'Z') {
            c = (char) (c | 0x20);
        }

        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))) {
            gap = (n > 0);
            continue;
        }

        if (n + (size_t) gap >= PM_DEFINITION_SLUG) {
            break;
        }

        if (gap) {
            slug[n++] = '-';
            gap = 0;
        }

        slug[n++] = c;
    }

    return n > 0 ? pm_arena_strndup(arena, slug, n)
                 : pm_arena_strdup(arena, "api");
}


int
pm_definition_named(const char *name, size_t *len)
{
    size_t              n, m;
    const char *const  *extension;

    n = strlen(name);

    if (*name == '.') {
        return 0;
    }

    for (extension = pm_definition_extensions; *extension; extension++) {
        m = strlen(*extension);

        if (n <= m || strcmp(name + n - m, *extension) != 0) {
            continue;
        }

        n -= m;
        m = sizeof(".overlay") - 1;

        if (n >= m && memcmp(name + n - m, ".overlay", m) == 0) {
            return 0;
        }

        *len = n;

        return 1;
    }

    return 0;
}


const char *
pm_definition_file_slug(pm_arena_t *arena, const char *file)
{
    size_t       len;
    const char  *name, *start;

    name = strrchr(file, '/');
    name = name ? name + 1 : file;

    if (!pm_definition_named(name, &len)) {
        len = strlen(name);
    }

    if (name > file && len == 3 && memcmp(name, "api", 3) == 0) {
        start = name - 1;

        while (start > file && start[-1] != '/') {
            start--;
        }

        len = (size_t) (name - 1 - start);
        name = start;
    }

    return pm_arena_strndup(arena, name, len);
}


/* Other filesystems take names that differ in case for one. */

static const pm_definition_entry_t *
pm_definition_slug_taken(const pm_definition_index_t *index,
    const char *slug)
{
    size_t  i;

    for (i = 0; i < index->nentries; i++) {

        if (strcasecmp(index->entries[i].slug, slug) == 0) {
            return &index->entries[i];
        }
    }

    return NULL;
}


/* What cannot be read may be the very API that is looked for: a second file
 * beside it would be worse than none. */

int
pm_definition_file_new(pm_arena_t *arena, const pm_definition_index_t *index,
    const char *name, const char **file, pm_error_t *err)
{
    int                           n;
    const char                   *slug, *tried;
    const pm_definition_entry_t  *taken;

    slug = pm_definition_slug(arena, name);
    tried = slug;

    for (n = 2; tried != NULL; n++) {
        taken = pm_definition_slug_taken(index, tried);

        if (taken == NULL) {
            *file = pm_arena_printf(arena, "%s.json", tried);
            return *file ? 0 : pm_error_memory(err);
        }

        if (taken->cross_key == NULL) {
            return pm_error_set(err, PM_UNPROCESSABLE, "%s of the target "
                                "cannot be read, and may be this API: mend "
                                "or move it first (%.500s)", taken->file,
                                taken->fault);
        }

        tried = pm_arena_printf(arena, "%s-%d", slug, n);
    }

    return pm_error_memory(err);
}
