#include "http/ngx_http_promotions.h"
#include "http/ngx_http_promotions_check_file.h"


static char *ngx_http_promotions_check_remotes(ngx_conf_t *cf,
    ngx_http_promotions_main_conf_t *pmcf);
static int ngx_http_promotions_check_remote(
    ngx_http_promotions_main_conf_t *pmcf, const char *file,
    const pm_catalog_source_t *source, pm_error_t *err);


char *
ngx_http_promotions_check(ngx_conf_t *cf,
    ngx_http_promotions_main_conf_t *pmcf)
{
    if (pmcf->thread_pool == NULL) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "\"promotions_thread_pool\" is not set: add "
                      "\"thread_pool promotions threads=4;\" at the top of "
                      "the configuration, and "
                      "\"promotions_thread_pool promotions;\" to http");
        return NGX_CONF_ERROR;
    }

    if (pmcf->hooks && pmcf->secrets == NULL) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "\"promotions_hooks\" needs "
                      "\"promotions_webhook_secrets\": without a secret no "
                      "webhook is accepted");
        return NGX_CONF_ERROR;
    }

    if (ngx_http_promotions_check_files(cf, pmcf) != NGX_CONF_OK) {
        return NGX_CONF_ERROR;
    }

    return ngx_http_promotions_check_remotes(cf, pmcf);
}


/* What a job reads or writes, it must be able to reach: folders, and places of
 * value files and of API definitions.  A chart's repository is not git. */

static char *
ngx_http_promotions_check_remotes(ngx_conf_t *cf,
    ngx_http_promotions_main_conf_t *pmcf)
{
    int                         rc;
    size_t                      i, j;
    pm_error_t                  err;
    const pm_application_t     *application;
    const pm_environment_t     *environment;
    const pm_catalog_source_t  *source;

    rc = 0;

    for (i = 0; rc == 0 && i < pm_catalog_napplications(pmcf->catalog); i++) {
        application = pm_catalog_applications(pmcf->catalog, i);

        for (j = 0; rc == 0 && j < application->nsources; j++) {
            source = &application->sources[j];

            if (source->promotable || source->ref != NULL) {
                rc = ngx_http_promotions_check_remote(pmcf, application->file,
                                                      source, &err);
            }
        }
    }

    for (i = 0; rc == 0 && i < pm_catalog_nenvironments(pmcf->catalog); i++) {
        environment = pm_catalog_environments(pmcf->catalog, i);

        if (environment->apis != NULL) {
            rc = ngx_http_promotions_check_remote(pmcf, environment->file,
                                                  environment->apis, &err);
        }
    }

    if (rc != 0) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0, "%s", err.message);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


/* The fault names the place of repoURL in its manifest. */

static int
ngx_http_promotions_check_remote(ngx_http_promotions_main_conf_t *pmcf,
    const char *file, const pm_catalog_source_t *source, pm_error_t *err)
{
    int            rc;
    pm_arena_t    *arena;
    pm_error_t     fault;
    pm_git_url_t   url;

    arena = pm_arena_create();
    if (arena == NULL) {
        return pm_error_memory(err);
    }

    rc = pm_git_url_parse(arena, source->repository, &url, &fault);

    if (rc == 0 && url.scheme == PM_GIT_LOCAL && !pmcf->git.allow_local) {
        rc = pm_error_set(&fault, PM_INVALID, "the remote %s is local: set "
                          "\"promotions_allow_local_remotes on;\" to allow "
                          "it (its hooks run here)", url.canonical);
    }

    if (rc == 0 && url.scheme == PM_GIT_SSH
        && pmcf->git.ssh_known_hosts == NULL)
    {
        rc = pm_error_set(&fault, PM_INVALID, "the remote %s needs "
                          "\"promotions_ssh_known_hosts\": a host key that "
                          "is not known is never accepted", url.canonical);
    }

    pm_arena_destroy(arena);

    return rc ? pm_error_at(err, rc, file, source->line, source->column,
                            "repoURL: %s", fault.message) : 0;
}
