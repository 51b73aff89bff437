#include "promotion/pm_record_pull.h"

#include "promotion/pm_request_field.h"


static json_t *
pm_record_pull_words(const char *const *words, size_t n)
{
    size_t   i;
    json_t  *list;

    list = json_array();

    for (i = 0; i < n; i++) {
        if (json_array_append_new(list, json_string(words[i])) != 0) {
            json_decref(list);
            return NULL;
        }
    }

    return list;
}


json_t *
pm_record_pull_json(const pm_pull_request_t *pull)
{
    return json_pack("{s:s, s:s, s:s*, s:b, s:b, s:o, s:o}",
                     "head", pull->head,
                     "title", pull->title,
                     "description", pull->description,
                     "draft", (int) pull->draft,
                     "deployed", (int) pull->deployed,
                     "labels",
                     pm_record_pull_words(pull->labels, pull->nlabels),
                     "reviewers",
                     pm_record_pull_words(pull->reviewers, pull->nreviewers));
}


static int
pm_record_pull_list(pm_arena_t *arena, const json_t *json,
    const char ***words, size_t *nwords, pm_error_t *err)
{
    size_t        i, n;
    json_t       *item;
    const char  **list;

    n = json_array_size(json);

    list = pm_arena_zalloc(arena, (n + 1) * sizeof(char *));
    if (list == NULL) {
        return pm_error_memory(err);
    }

    json_array_foreach(json, i, item) {
        list[i] = json_is_string(item)
                  ? pm_arena_strdup(arena, json_string_value(item)) : NULL;

        if (list[i] == NULL) {
            return pm_error_set(err, PM_INTERNAL, "the record has a label or "
                                "a reviewer without a name");
        }
    }

    *words = list;
    *nwords = n;

    return 0;
}


static const char *
pm_record_pull_text(pm_arena_t *arena, const json_t *json, const char *name)
{
    const char  *value;

    value = json_string_value(json_object_get(json, name));

    return value != NULL ? pm_arena_strdup(arena, value) : NULL;
}


int
pm_record_pull(pm_arena_t *arena, const json_t *json,
    pm_pull_request_t **pull, pm_error_t *err)
{
    int                 rc;
    pm_pull_request_t  *read;

    read = pm_arena_zalloc(arena, sizeof(pm_pull_request_t));
    if (read == NULL) {
        return pm_error_memory(err);
    }

    read->head = pm_record_pull_text(arena, json, "head");
    read->title = pm_record_pull_text(arena, json, "title");
    read->description = pm_record_pull_text(arena, json, "description");
    read->draft = json_is_true(json_object_get(json, "draft"));
    read->deployed = json_is_true(json_object_get(json, "deployed"));

    /* it becomes the name of a ref that is written */

    if (read->head == NULL || *read->head == '\0' || read->title == NULL
        || !pm_request_is_branch(read->head))
    {
        return pm_error_set(err, PM_INTERNAL, "the record of the pull request "
                            "has no head branch or no title");
    }

    rc = pm_record_pull_list(arena, json_object_get(json, "labels"),
                             &read->labels, &read->nlabels, err);
    if (rc == 0) {
        rc = pm_record_pull_list(arena, json_object_get(json, "reviewers"),
                                 &read->reviewers, &read->nreviewers, err);
    }

    *pull = read;

    return rc;
}
