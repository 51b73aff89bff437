#include "promotion/pm_preview_part.h"

#include "git/pm_git_compare.h"

#include <string.h>


/* The first value that the template's versionSource selects; NULL: none that
 * is a scalar, or no file that can be read.  A preview does not fail by it. */

static const char *
pm_preview_version_text(pm_git_mirror_t *mirror, const pm_oid_t *tree,
    const char *folder, const pm_template_version_t *version,
    pm_arena_t *arena)
{
    size_t                 i;
    unsigned               mode;
    pm_oid_t               id;
    uint64_t               size;
    pm_error_t             ignored;
    const char            *path;
    pm_string_t            text;
    pm_document_t         *document;
    pm_jsonpath_nodes_t    nodes;
    pm_jsonpath_limits_t   limits;

    memset(&limits, 0, sizeof(pm_jsonpath_limits_t));

    if (pm_template_path(arena, folder, version->file, &path) != 0
        || path == NULL
        || pm_git_lookup(mirror, tree, path, &mode, &id, &ignored) != 0
        || (mode != PM_GIT_MODE_BLOB && mode != PM_GIT_MODE_EXECUTABLE)
        || pm_git_blob(mirror, &id, PM_DOCUMENT_SIZE, arena, &text, &size,
                       &ignored)
           != 0
        || size > text.len
        || pm_document_parse(arena, path, text.data, text.len, &document,
                             &ignored)
           != 0)
    {
        return NULL;
    }

    for (i = 0; i < document->nroots; i++) {
        memset(&nodes, 0, sizeof(pm_jsonpath_nodes_t));

        if (pm_jsonpath_select(version->path, document->roots[i], arena,
                               limits, &nodes, &ignored)
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


static json_t *
pm_preview_version_one(pm_git_mirror_t *mirror, const pm_oid_t *tree,
    const char *folder, const pm_template_version_t *version)
{
    json_t      *json;
    pm_arena_t  *arena;
    const char  *text;

    arena = pm_arena_create();
    if (arena == NULL) {
        return NULL;
    }

    text = pm_preview_version_text(mirror, tree, folder, version, arena);

    json = (text != NULL && strlen(text) <= PM_PREVIEW_VERSION)
           ? json_string(text) : json_null();

    pm_arena_destroy(arena);

    return json;
}


json_t *
pm_preview_version(const pm_promotion_t *promotion,
    const pm_source_t *sources, pm_git_mirror_t *mirror,
    const pm_oid_t *tree)
{
    const pm_part_t              *part;
    const pm_template_version_t  *version;

    part = &promotion->parts[0];
    version = &promotion->template->version;

    return json_pack("{s:o, s:o}",
                     "source",
                     pm_preview_version_one(sources[0].mirror,
                                            &sources[0].tree,
                                            part->source.path, version),
                     "destination",
                     pm_preview_version_one(mirror, tree,
                                            part->destination.path,
                                            version));
}
