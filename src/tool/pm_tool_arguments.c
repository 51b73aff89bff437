#include "tool/pm_tool.h"

#include <string.h>


typedef struct {
    const char  *name;
    char         letter;                 /* 0: none */
    unsigned     value:1;                /* it takes one */
} pm_tool_option_name_t;


/* in the order of pm_tool_option_t */

static const pm_tool_option_name_t  pm_tool_options[PM_TOOL_OPTIONS] = {
    { "--address", 'a', 1 },
    { "--user", 0, 1 },
    { "--password-file", 0, 1 },
    { "--database", 0, 1 },
    { "--prefix", 0, 1 },
    { "--id", 0, 1 },
    { "--name", 0, 1 },
    { "--author", 0, 1 },
    { "--grants", 0, 1 },
    { "--expires", 0, 1 },
    { "--json", 0, 0 },
    { "--help", 'h', 0 }
};


const char *
pm_tool_option_name(pm_tool_option_t option)
{
    return pm_tool_options[option].name;
}


/* What stands before "=": the rest may be a secret that was put there. */

static size_t
pm_tool_option_length(const char *text)
{
    return text[1] == '-' ? strcspn(text, "=") : 2;
}


static int
pm_tool_option_find(const char *text)
{
    int     i;
    size_t  len;

    len = pm_tool_option_length(text);

    for (i = 0; i < PM_TOOL_OPTIONS; i++) {
        if (text[1] != '-') {
            if (text[1] == pm_tool_options[i].letter) {
                return i;
            }

            continue;
        }

        if (strlen(pm_tool_options[i].name) == len
            && memcmp(pm_tool_options[i].name, text, len) == 0)
        {
            return i;
        }
    }

    return -1;
}


/*
 * Takes the option at argv[*at], and moves *at to its value if that is an
 * argument of its own.
 */

static int
pm_tool_option_take(int argc, char **argv, int *at,
    pm_tool_arguments_t *arguments, pm_error_t *err)
{
    int          option;
    size_t       len;
    const char  *text, *rest;

    text = argv[*at];
    len = pm_tool_option_length(text);

    option = pm_tool_option_find(text);
    if (option == -1) {
        return pm_error_set(err, PM_INVALID, "unknown option %.*s",
                            (int) len, text);
    }

    rest = text + len;

    if (!pm_tool_options[option].value) {
        if (*rest != '\0') {
            return pm_error_set(err, PM_INVALID, "option %.*s takes no value",
                                (int) len, text);
        }

        arguments->values[option] = "";
        return 0;
    }

    if (*rest != '\0') {
        arguments->values[option] = rest + (*rest == '=' ? 1 : 0);
        return 0;
    }

    if (*at + 1 == argc) {
        return pm_error_set(err, PM_INVALID, "option %.*s needs a value",
                            (int) len, text);
    }

    arguments->values[option] = argv[++*at];

    return 0;
}


int
pm_tool_arguments_parse(int argc, char **argv, pm_tool_arguments_t *arguments,
    pm_error_t *err)
{
    int  i, rc, options;

    memset(arguments, 0, sizeof(pm_tool_arguments_t));

    options = 1;

    for (i = 1; i < argc; i++) {

        if (options && strcmp(argv[i], "--") == 0) {
            options = 0;
            continue;
        }

        if (options && argv[i][0] == '-' && argv[i][1] != '\0') {
            rc = pm_tool_option_take(argc, argv, &i, arguments, err);
            if (rc != 0) {
                return rc;
            }

            continue;
        }

        if (arguments->command == NULL) {
            arguments->command = argv[i];

        } else if (arguments->id == NULL) {
            arguments->id = argv[i];

        } else {
            return pm_error_set(err, PM_INVALID, "too many arguments: %s",
                                argv[i]);
        }
    }

    return 0;
}
