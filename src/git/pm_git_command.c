#include "git/pm_git_advertisement.h"
#include "git/pm_git_transport.h"

#include <stdio.h>
#include <string.h>


#define PM_GIT_COMMAND_ARGS  48


typedef struct {
    pm_arena_t  *arena;
    char        *argv[PM_GIT_COMMAND_ARGS + 1];
    size_t       n;
    int          failed;
} pm_git_command_args_t;


static void
pm_git_command_arg(pm_git_command_args_t *args, const char *arg)
{
    char  *copy;

    copy = (arg != NULL) ? pm_arena_strdup(args->arena, arg) : NULL;

    if (copy == NULL || args->n == PM_GIT_COMMAND_ARGS) {
        args->failed = 1;
        return;
    }

    args->argv[args->n++] = copy;
    args->argv[args->n] = NULL;
}


static void
pm_git_command_option(pm_git_command_args_t *args, const char *option)
{
    pm_git_command_arg(args, "-o");
    pm_git_command_arg(args, option);
}


/* name="file": ssh splits values at spaces and expands % (ssh_config(5)). */

static void
pm_git_command_file_option(pm_git_command_args_t *args, const char *name,
    const char *file)
{
    pm_buffer_t  option;

    memset(&option, 0, sizeof(pm_buffer_t));

    pm_buffer_printf(&option, "%s=\"", name);

    for ( ; *file != '\0'; file++) {
        if (*file == '%') {
            pm_buffer_putc(&option, '%');

        } else if (*file == '"' || *file == '\\') {
            pm_buffer_putc(&option, '\\');
        }

        pm_buffer_putc(&option, *file);
    }

    pm_buffer_putc(&option, '"');

    pm_git_command_option(args, pm_buffer_string(&option));
    pm_buffer_free(&option);
}


/* What the server's shell is given: git-receive-pack 'path'. */

static void
pm_git_command_quoted(pm_git_command_args_t *args, const char *command,
    const char *path)
{
    pm_buffer_t  text;

    memset(&text, 0, sizeof(pm_buffer_t));

    pm_buffer_printf(&text, "%s '", command);

    for ( ; *path != '\0'; path++) {
        if (*path == '\'' || *path == '!') {
            pm_buffer_printf(&text, "'\\%c'", *path);

        } else {
            pm_buffer_putc(&text, *path);
        }
    }

    pm_buffer_putc(&text, '\'');

    pm_git_command_arg(args, pm_buffer_string(&text));
    pm_buffer_free(&text);
}


static void
pm_git_command_ssh(pm_git_remote_t *remote, pm_git_service_t service,
    pm_git_command_args_t *args)
{
    char                      text[64];
    size_t                    i, len;
    const char               *host;
    const pm_git_url_t       *url;
    const pm_git_settings_t  *settings;

    static const char *const  options[] = {
        "BatchMode=yes",
        "StrictHostKeyChecking=yes",
        "IdentitiesOnly=yes",
        "GlobalKnownHostsFile=/dev/null",
        "UpdateHostKeys=no",
        "ClearAllForwardings=yes",
        "ForwardAgent=no",
        "PermitLocalCommand=no",
        "ControlPath=none",
        "LogLevel=ERROR"
    };

    url = &remote->url;
    settings = pm_git_settings(remote->git);

    pm_git_command_arg(args, "ssh");
    pm_git_command_arg(args, "-F");
    pm_git_command_arg(args, "/dev/null");
    pm_git_command_arg(args, "-T");

    for (i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
        pm_git_command_option(args, options[i]);
    }

    pm_git_command_file_option(args, "UserKnownHostsFile",
                            settings->ssh_known_hosts
                            ? settings->ssh_known_hosts : "/dev/null");

    if (settings->ssh_key != NULL) {
        pm_git_command_file_option(args, "IdentityFile", settings->ssh_key);
    }

    (void) snprintf(text, sizeof(text), "ConnectTimeout=%u",
                    settings->idle_timeout / 1000 + 1);
    pm_git_command_option(args, text);

    if (url->port != 0) {
        (void) snprintf(text, sizeof(text), "%u", url->port);
        pm_git_command_arg(args, "-p");
        pm_git_command_arg(args, text);
    }

    pm_git_command_arg(args, "-l");
    pm_git_command_arg(args, url->user ? url->user : "git");
    pm_git_command_arg(args, "--");

    host = url->host;
    len = strlen(host);

    if (host[0] == '[') {
        host = pm_arena_strndup(args->arena, host + 1, len - 2);
    }

    pm_git_command_arg(args, host);
    pm_git_command_quoted(args, pm_git_service_name(service),
                       url->relative ? url->path + 1 : url->path);
}


char *const *
pm_git_command_argv(pm_git_remote_t *remote, pm_git_service_t service)
{
    pm_git_command_args_t  *args;

    args = pm_arena_zalloc(remote->arena, sizeof(pm_git_command_args_t));
    if (args == NULL) {
        return NULL;
    }

    args->arena = remote->arena;

    if (remote->url.scheme == PM_GIT_SSH) {
        pm_git_command_ssh(remote, service, args);

    } else {
        pm_git_command_arg(args, pm_git_service_name(service));
        pm_git_command_arg(args, remote->url.path);
    }

    return args->failed ? NULL : args->argv;
}
