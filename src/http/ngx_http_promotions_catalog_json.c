#include "http/ngx_http_promotions_catalog_json.h"


static json_t *ngx_http_promotions_sources_json(
    const pm_application_t *application);
static json_t *ngx_http_promotions_value_files_json(
    const pm_application_t *application);


json_t *
ngx_http_promotions_catalog_application(const pm_application_t *application)
{
    json_t                  *version;
    const pm_environment_t  *environment;

    environment = application->environment;

    version = (application->template != NULL
               && application->template->version.file != NULL) ? json_null()
                                                               : NULL;

    return json_pack("{s:o, s:s?, s:s?, s:o, s:o*, s:o, s:o*}",
                     "appId", ngx_http_promotions_catalog_id(application),
                     "environment", environment ? environment->name : NULL,
                     "product", application->product,
                     "template", application->template
                         ? json_pack("{s:s, s:s}",
                                     "name", application->template->name,
                                     "origin", application->template->origin)
                         : json_pack("{s:n, s:s}", "name", "origin", "none"),
                     "version", version,
                     "sources", ngx_http_promotions_sources_json(application),
                     "valueFiles",
                     ngx_http_promotions_value_files_json(application));
}


static json_t *
ngx_http_promotions_sources_json(const pm_application_t *application)
{
    size_t                      i;
    json_t                     *list;
    const pm_catalog_source_t  *source;

    list = json_array();

    for (i = 0; i < application->nsources; i++) {
        source = &application->sources[i];

        if (!source->promotable) {
            continue;
        }

        (void) json_array_append_new(list,
                   json_pack("{s:s, s:s?, s:s, s:b}",
                             "repo", source->repository,
                             "branchName", source->revision,
                             "path", source->path,
                             "writable", source->writable));
    }

    return list;
}


/* Those of other sources; NULL: it has none. */

static json_t *
ngx_http_promotions_value_files_json(const pm_application_t *application)
{
    size_t                        i, j;
    json_t                       *list;
    const pm_catalog_source_t    *source;
    const pm_catalog_ref_file_t  *file;

    list = NULL;

    for (i = 0; i < application->nsources; i++) {
        source = &application->sources[i];

        for (j = 0; j < source->nref_files; j++) {
            file = &source->ref_files[j];
            list = list ? list : json_array();

            (void) json_array_append_new(list,
                       json_pack("{s:s, s:s, s:s?, s:s, s:b}",
                                 "file", file->name,
                                 "repo", file->place->repository,
                                 "branchName", file->place->revision,
                                 "path", file->path,
                                 "writable", file->place->writable));
        }
    }

    return list;
}


json_t *
ngx_http_promotions_catalog_environment(const pm_environment_t *environment)
{
    size_t   j;
    json_t  *targets;

    targets = environment->promotes_to ? json_array() : json_null();

    for (j = 0; j < environment->npromotes_to; j++) {
        (void) json_array_append_new(targets,
                   json_string(environment->promotes_to[j]));
    }

    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:o}",
                     "id", environment->id,
                     "name", environment->name,
                     "title", environment->title,
                     "description", environment->description,
                     "organization", environment->organization,
                     "kind", environment->production ? "PROD" : "NON_PROD",
                     "position", (json_int_t) environment->position,
                     "promotesTo", targets);
}


json_t *
ngx_http_promotions_catalog_id(const pm_application_t *application)
{
    return json_pack("{s:s, s:s, s:s}", "runtime", application->runtime,
                     "namespace", application->namespace,
                     "name", application->name);
}


json_t *
ngx_http_promotions_catalog_policy(const pm_policy_t *policy)
{
    json_t               *json, *from;
    const char           *value;
    ngx_uint_t            i;
    const pm_manifest_t  *manifest;

    json = json_object();

    for (i = 0; i < PM_POLICY_FIELDS; i++) {
        value = policy->values[i];
        manifest = policy->origins[i];

        if (value == NULL && i != PM_POLICY_ACTION) {
            continue;
        }

        from = manifest ? json_pack("{s:s, s:s, s:s, s:I}",
                                    "kind", manifest->kind,
                                    "name", manifest->name,
                                    "file", manifest->file,
                                    "line", (json_int_t) manifest->line)
                        : json_null();

        (void) json_object_set_new(json, pm_policy_fields[i],
                   json_pack("{s:s, s:o}", "value",
                             value ? value : "commit", "from", from));
    }

    return json;
}
