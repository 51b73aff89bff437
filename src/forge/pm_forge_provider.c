#include "forge/pm_forge_provider.h"
#include "forge/pm_forge_text.h"

#include <string.h>


int
pm_forge_authorize_token(pm_buffer_t *lines, const char *before,
    const char *token)
{
    pm_buffer_puts(lines, before);
    pm_buffer_puts(lines, token);

    return lines->failed ? -1 : 0;
}


int
pm_forge_authorize_basic(pm_buffer_t *lines, const char *user,
    const char *password)
{
    pm_buffer_t  login;

    memset(&login, 0, sizeof(pm_buffer_t));

    pm_buffer_printf(&login, "%s:%s", user, password);
    pm_buffer_puts(lines, "Authorization: Basic ");

    if (!login.failed) {
        pm_forge_base64(lines, login.data, login.len);
        explicit_bzero(login.data, login.len);
    }

    lines->failed |= login.failed;
    pm_buffer_free(&login);

    return lines->failed ? -1 : 0;
}


void
pm_forge_path(pm_buffer_t *path, const pm_forge_job_t *job,
    const char *before, const char *between, const char *after)
{
    const pm_forge_repository_t  *repository;

    repository = job->task->repository;

    pm_buffer_puts(path, before);
    pm_forge_encode(path, repository->owner);
    pm_buffer_puts(path, between);
    pm_forge_encode(path, repository->name);
    pm_buffer_puts(path, after);
}
