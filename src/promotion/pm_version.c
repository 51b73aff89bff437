#include "promotion/pm_version.h"

#include "git/pm_git_compare.h"
#include "promotion/pm_part.h"

#include <string.h>


/* A larger file has no version: it is read for each promotion. */
#define PM_VERSION_FILE  (1024 * 1024)


/* The first value that the path selects; NULL: none that is a scalar. */

static const char *
pm_version_select(const pm_document_t *document, const pm_jsonpath_t *path,
    pm_arena_t *arena)
{
    size_t                 i;
    pm_error_t             ignored;
    pm_jsonpath_nodes_t    nodes;
    pm_jsonpath_limits_t   limits;

    memset(&limits, 0, sizeof(pm_jsonpath_limits_t));

    for (i = 0; i < document->nroots; i++) {
        memset(&nodes, 0, sizeof(pm_jsonpath_nodes_t));

        if (pm_jsonpath_select(path, document->roots[i], arena, limits,
                               &nodes, &ignored)
            != 0)
        {
            return NULL;
        }

        if (nodes.length > 0) {
            return nodes.items[0].node->text.data;
        }
    }

    return NULL;
}


/* The version in a file, copied into the arena: documents are large. */

static const char *
pm_version_read(pm_git_mirror_t *mirror, const pm_oid_t *tree,
    const char *path, const pm_jsonpath_t *jsonpath, pm_arena_t *arena)
{
    unsigned        mode;
    pm_oid_t        id;
    uint64_t        size;
    pm_error_t      ignored;
    pm_arena_t     *work;
    pm_string_t     text;
    const char     *version;
    pm_document_t  *document;

    if (pm_git_lookup(mirror, tree, path, &mode, &id, &ignored) != 0
        || (mode != PM_GIT_MODE_BLOB && mode != PM_GIT_MODE_EXECUTABLE))
    {
        return NULL;
    }

    work = pm_arena_create();
    if (work == NULL) {
        return NULL;
    }

    version = NULL;

    if (pm_git_blob(mirror, &id, PM_VERSION_FILE, work, &text, &size,
                    &ignored)
        == 0
        && size == text.len
        && pm_document_parse(work, path, text.data, text.len, &document,
                             &ignored)
           == 0)
    {
        version = pm_version_select(document, jsonpath, work);
    }

    if (version != NULL) {
        version = (strlen(version) <= PM_PROMOTION_VERSION)
                  ? pm_arena_strdup(arena, version) : NULL;
    }

    pm_arena_destroy(work);

    return version;
}


/* The file that versionSource means in a part; *path NULL: there is none. */

static void
pm_version_path(const pm_promotion_t *promotion, const pm_part_t *part,
    int destination, pm_arena_t *arena, const char **path)
{
    size_t               i;
    const char          *file;
    pm_template_file_t   entry;

    *path = NULL;
    file = promotion->template->version.file;

    if (part->nfiles == 0) {

        if (!pm_template_is_ref(file)) {
            (void) pm_template_path(arena,
                                    destination ? part->destination.path
                                                : part->source.path,
                                    file, path);
        }

        return;
    }

    memset(&entry, 0, sizeof(pm_template_file_t));
    entry.pattern = file;

    for (i = 0; i < part->nfiles; i++) {
        if (pm_part_matches(&entry, &part->files[i], part->plain)) {
            *path = destination ? part->files[i].to : part->files[i].from;
            return;
        }
    }
}


static const char *
pm_version(const pm_promotion_t *promotion, const pm_source_t *sources,
    pm_git_mirror_t *mirror, const pm_oid_t *tree, pm_arena_t *arena)
{
    size_t                        i;
    const char                   *path, *version;
    const pm_template_version_t  *wanted;

    if (promotion->template == NULL
        || promotion->template->version.file == NULL)
    {
        return NULL;
    }

    version = NULL;
    wanted = &promotion->template->version;

    for (i = 0; version == NULL && i < promotion->nparts; i++) {

        pm_version_path(promotion, &promotion->parts[i], sources == NULL,
                        arena, &path);

        if (path != NULL) {
            version = pm_version_read(sources ? sources[i].mirror : mirror,
                                      sources ? &sources[i].tree : tree, path,
                                      wanted->path, arena);
        }
    }

    return version;
}


const char *
pm_version_source(const pm_promotion_t *promotion,
    const pm_source_t *sources, pm_arena_t *arena)
{
    return pm_version(promotion, sources, NULL, NULL, arena);
}


const char *
pm_version_destination(const pm_promotion_t *promotion,
    pm_git_mirror_t *mirror, const pm_oid_t *tree, pm_arena_t *arena)
{
    return pm_version(promotion, NULL, mirror, tree, arena);
}


void
pm_version_copy(char to[PM_PROMOTION_VERSION + 1], const char *version)
{
    size_t  len;

    len = (version != NULL) ? strlen(version) : 0;

    if (len > PM_PROMOTION_VERSION) {
        len = 0;
    }

    if (len > 0) {
        memcpy(to, version, len);
    }

    to[len] = '\0';
}
