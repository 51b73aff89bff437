#include "catalog/pm_template.h"

#include <string.h>


int
pm_template_matches(const pm_template_file_t *entry, const char *file)
{
    if (entry->pattern == NULL) {
        return 1;
    }

    /* what lies outside is named, or is not meant */

    if (entry->glob != NULL) {
        return strncmp(file, "../", 3) != 0
               && pm_glob_match(entry->glob, file);
    }

    return strcmp(entry->pattern, file) == 0;
}


const pm_template_file_t *
pm_template_find(const pm_template_t *template, const char *file)
{
    size_t  i;

    for (i = 0; i < template->nfiles; i++) {
        if (pm_template_matches(&template->files[i], file)) {
            return &template->files[i];
        }
    }

    return NULL;
}


int
pm_template_is_ref(const char *name)
{
    size_t  len;

    if (*name != '$') {
        return 0;
    }

    /* a JSONPath goes on in another way */

    len = strcspn(name + 1, "/.[");

    return len > 0 && name[len + 1] == '/';
}


int
pm_template_path(pm_arena_t *arena, const char *folder, const char *name,
    const char **path)
{
    char        *out, *end;
    size_t       len, i;
    const char  *p;

    *path = NULL;

    out = pm_arena_alloc(arena, strlen(folder) + strlen(name) + 2);
    if (out == NULL) {
        return -1;
    }

    end = out;

    for (i = 0; i < 2; i++) {

        for (p = i ? name : folder; *p != '\0'; p += len) {
            p += strspn(p, "/");
            len = strcspn(p, "/");

            if (len == 0 || (len == 1 && *p == '.')) {
                continue;
            }

            if (len == 2 && memcmp(p, "..", 2) == 0) {

                if (end == out) {
                    return 0;
                }

                while (end > out && *--end != '/') { /* void */ }
                continue;
            }

            if (end > out) {
                *end++ = '/';
            }

            memcpy(end, p, len);
            end += len;
        }
    }

    *end = '\0';
    *path = out;

    return 0;
}
