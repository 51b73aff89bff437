#include "tool/pm_tool.h"

#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>


#define PM_TOOL_FAILED  1                /* exit codes; 0: done */
#define PM_TOOL_USAGE   2


typedef struct {
    const char  *name;
    int        (*run)(pm_tool_t *tool, pm_error_t *err);
    unsigned     id:1;                   /* it needs one */
    unsigned     options;                /* of its own: bits of 1 << option */
} pm_tool_command_t;


/* Where Redis is: every command takes these. */

#define PM_TOOL_COMMON  (1 << PM_TOOL_ADDRESS | 1 << PM_TOOL_USER \
                         | 1 << PM_TOOL_PASSWORD_FILE \
                         | 1 << PM_TOOL_DATABASE | 1 << PM_TOOL_PREFIX)

#define PM_TOOL_NEW     (1 << PM_TOOL_ID | 1 << PM_TOOL_NAME \
                         | 1 << PM_TOOL_AUTHOR | 1 << PM_TOOL_GRANTS \
                         | 1 << PM_TOOL_EXPIRES)


static const pm_tool_command_t  pm_tool_commands[] = {
    { "create",  pm_tool_create,  0, PM_TOOL_NEW },
    { "list",    pm_tool_list,    0, 1 << PM_TOOL_JSON },
    { "show",    pm_tool_show,    1, 1 << PM_TOOL_JSON },
    { "disable", pm_tool_disable, 1, 0 },
    { "enable",  pm_tool_enable,  1, 0 },
    { "rotate",  pm_tool_rotate,  1, 0 },
    { "delete",  pm_tool_delete,  1, 0 },
    { "verify-audit", pm_tool_verify, 0, 0 },
    { NULL, NULL, 0, 0 }
};


static const char  pm_tool_manual[] =
"NAME\n"
"    promotions-key - manage the API keys of ngx_http_promotions_module\n"
"\n"
"SYNOPSIS\n"
"    promotions-key create --grants GRANTS [--name NAME]\n"
"                   [--author \"NAME <EMAIL>\"] [--expires TIME] [--id ID]\n"
"    promotions-key list [--json]\n"
"    promotions-key show ID [--json]\n"
"    promotions-key disable|enable|rotate|delete ID\n"
"    promotions-key verify-audit\n"
"\n"
"DESCRIPTION\n"
"    Keys live in the Redis that the directive promotions_redis names; give\n"
"    the same address, prefix and password file here.  A change counts from\n"
"    the next request on.\n"
"\n"
"    create   makes a key and prints it on standard output, and nothing else\n"
"             there: KEY=$(promotions-key create --grants admin).  The secret\n"
"             is shown this once and stored nowhere.\n"
"    list     shows all keys, without their secrets; a state other than\n"
"             active (disabled, expired, faulty) means: not accepted.\n"
"    show     shows one key, and what is wrong with a faulty one.\n"
"    disable  has the key refused until enable.\n"
"    rotate   gives the key a new secret, and prints the key as create does.\n"
"    delete   removes the key for good.\n"
"    verify-audit\n"
"             walks the audit stream from its oldest entry to its newest.\n"
"             Exit status 1, and the first entry that is meant, if one was\n"
"             changed, removed, inserted or moved.\n"
"\n"
"    What changes a key is recorded in the audit stream.\n"
"\n"
"OPTIONS OF CREATE\n"
"    --grants GRANTS\n"
"        What the key may do, separated by spaces: admin, or\n"
"        PERMISSION[:CRUD]@ENVIRONMENT with * for all environments.\n"
"        Permissions: PROMOTE_TO PROMOTE_PR APPLICATION API_DEFINITION\n"
"        ENVIRONMENT_API ENVIRONMENT_AUDIT ORGANIZATION_AUDIT.\n"
"        Example: \"PROMOTE_TO@qa APPLICATION:R@dev\".\n"
"    --name NAME\n"
"        Who or what has the key (default: its id).\n"
"    --author \"NAME <EMAIL>\"\n"
"        The author of its commits (default: the name, ID@localhost).\n"
"    --expires TIME\n"
"        never (default), a span from now (90d; s, m, h, d, w), seconds\n"
"        since 1970, 2026-01-31 or 2026-01-31T12:00:00Z.\n"
"    --id ID\n"
"        1 to 64 letters, digits, _ or - (default: 16 random characters).\n"
"\n"
"OPTIONS\n"
"    -a, --address ADDRESS\n"
"        HOST:PORT, unix:/PATH, or sentinel:NAME@HOST:PORT,HOST:PORT\n"
"        (default: 127.0.0.1:6379).\n"
"    --user NAME, --password-file FILE\n"
"        How to log in; the file's one line is the password.\n"
"    --database N\n"
"        Default: 0.\n"
"    --prefix PREFIX\n"
"        Of every key in Redis (default: promotions:).\n"
"    --json\n"
"        Prints JSON, times in seconds since 1970 (0: never).\n"
"    -h, --help\n"
"        Prints this.\n"
"\n"
"EXIT STATUS\n"
"    0 done; 1 it failed, standard error says why; 2 the command line, or a\n"
"    file that it names, is wrong, and Redis was not asked.\n";


static const pm_tool_command_t *
pm_tool_find(const char *name)
{
    const pm_tool_command_t  *command;

    for (command = pm_tool_commands; command->name != NULL; command++) {
        if (strcmp(command->name, name) == 0) {
            return command;
        }
    }

    return NULL;
}


/* The command with what was given to it. */

static int
pm_tool_check(const pm_tool_command_t *command,
    const pm_tool_arguments_t *arguments, pm_error_t *err)
{
    int          i;
    const char  *id;

    for (i = 0; i < PM_TOOL_OPTIONS; i++) {
        if (arguments->values[i] != NULL
            && !((PM_TOOL_COMMON | command->options) & 1u << i))
        {
            return pm_error_set(err, PM_INVALID, "%s takes no option %s",
                                command->name, pm_tool_option_name(i));
        }
    }

    if (!command->id && arguments->id != NULL) {
        return pm_error_set(err, PM_INVALID, "too many arguments: %s",
                            arguments->id);
    }

    if (command->id && arguments->id == NULL) {
        return pm_error_set(err, PM_INVALID, "%s needs the id of a key",
                            command->name);
    }

    id = command->id ? arguments->id : arguments->values[PM_TOOL_ID];

    if (id != NULL && !pm_store_key_id_valid(id, strlen(id))) {

        /* nobody's secret is repeated: a key may have been pasted */

        return pm_error_set(err, PM_INVALID, "an id must be 1 to 64 letters, "
                            "digits, \"_\" or \"-\" (of a key, the part before "
                            "the dot)");
    }

    if ((command->options & 1 << PM_TOOL_GRANTS)
        && arguments->values[PM_TOOL_GRANTS] == NULL)
    {
        return pm_error_set(err, PM_INVALID, "%s needs --grants",
                            command->name);
    }

    return 0;
}


static int
pm_tool_run(pm_tool_t *tool, int argc, char **argv, pm_error_t *err)
{
    int                       rc;
    const pm_tool_command_t  *command;

    rc = pm_tool_arguments_parse(argc, argv, &tool->arguments, err);
    if (rc != 0) {
        return rc;
    }

    if (tool->arguments.values[PM_TOOL_HELP] != NULL) {
        (void) fputs(pm_tool_manual, stdout);
        return 0;
    }

    if (tool->arguments.command == NULL) {
        return pm_error_set(err, PM_INVALID, "no command; it must be create, "
                            "list, show, disable, enable, rotate, delete or "
                            "verify-audit");
    }

    command = pm_tool_find(tool->arguments.command);
    if (command == NULL) {
        return pm_error_set(err, PM_INVALID, "unknown command %s",
                            tool->arguments.command);
    }

    rc = pm_tool_check(command, &tool->arguments, err);
    if (rc != 0) {
        return rc;
    }

    return command->run(tool, err);
}


int
main(int argc, char **argv)
{
    int          rc;
    pm_tool_t    tool;
    pm_error_t   err;
    const char  *message;

    memset(&tool, 0, sizeof(pm_tool_t));

    /* a server that hangs up, or a pipe that closes, is an error to report */

    (void) signal(SIGPIPE, SIG_IGN);

    tool.now = (int64_t) time(NULL);

    tool.arena = pm_arena_create();
    if (tool.arena == NULL) {
        (void) fputs("promotions-key: out of memory\n", stderr);
        return PM_TOOL_FAILED;
    }

    rc = pm_tool_run(&tool, argc, argv, &err);

    if (rc == 0 && (fflush(stdout) != 0 || ferror(stdout))) {
        rc = pm_error_set(&err, PM_UNAVAILABLE,
                          "cannot write to standard output");
    }

    if (rc != 0) {
        message = pm_tool_escape(tool.arena, pm_tool_string(err.message),
                                 PM_ERROR_SIZE);

        (void) fprintf(stderr, "promotions-key: %s\n%s",
                       message != NULL ? message : "out of memory",
                       rc == PM_INVALID
                       ? "See promotions-key --help.\n" : "");
    }

    pm_arena_destroy(tool.arena);

    if (rc == 0) {
        return 0;
    }

    return rc == PM_INVALID ? PM_TOOL_USAGE : PM_TOOL_FAILED;
}
