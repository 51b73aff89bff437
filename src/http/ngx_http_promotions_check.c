#include "http/ngx_http_promotions.h"
#include "http/ngx_http_promotions_check_file.h"


static char *ngx_http_promotions_check_remotes(ngx_conf_t *cf,
    ngx_http_promotions_main_conf_t *pmcf);
static ngx_int_t ngx_http_promotions_check_remote(
    ngx_http_promotions_main_conf_t *pmcf, const char *text,
    pm_error_t *err);


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


static char *
ngx_http_promotions_check_remotes(ngx_conf_t *cf,
    ngx_http_promotions_main_conf_t *pmcf)
{
    size_t                   i, j;
    pm_error_t               err;
    const pm_application_t  *application;

    for (i = 0; i < pm_catalog_napplications(pmcf->catalog); i++) {
        application = pm_catalog_applications(pmcf->catalog, i);

        for (j = 0; j < application->nsources; j++) {

            if (!application->sources[j].promotable) {
                continue;
            }

            if (ngx_http_promotions_check_remote(pmcf,
                                   application->sources[j].repository, &err)
                != NGX_OK)
            {
                ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                              "%s:%ui: application \"%s/%s\": %s",
                              application->file,
                              (ngx_uint_t) application->line,
                              application->namespace, application->name,
                              err.message);
                return NGX_CONF_ERROR;
            }
        }
    }

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_http_promotions_check_remote(ngx_http_promotions_main_conf_t *pmcf,
    const char *text, pm_error_t *err)
{
    int            rc;
    pm_arena_t    *arena;
    pm_git_url_t   url;

    arena = pm_arena_create();
    if (arena == NULL) {
        (void) pm_error_memory(err);
        return NGX_ERROR;
    }

    rc = pm_git_url_parse(arena, text, &url, err);

    if (rc == 0 && url.scheme == PM_GIT_LOCAL && !pmcf->git.allow_local) {
        rc = pm_error_set(err, PM_INVALID, "the remote %s is local: set "
                          "\"promotions_allow_local_remotes on;\" to allow "
                          "it (its hooks run here)", url.canonical);
    }

    if (rc == 0 && url.scheme == PM_GIT_SSH
        && pmcf->git.ssh_known_hosts == NULL)
    {
        rc = pm_error_set(err, PM_INVALID, "the remote %s needs "
                          "\"promotions_ssh_known_hosts\": a host key that "
                          "is not known is never accepted", url.canonical);
    }

    pm_arena_destroy(arena);

    return rc == 0 ? NGX_OK : NGX_ERROR;
}
