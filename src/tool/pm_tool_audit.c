#include "tool/pm_tool_audit.h"
#include "store/pm_store_id.h"
#include "store/pm_store_script.h"

#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>


#define PM_TOOL_HEAD     7               /* arguments before the fields */
#define PM_TOOL_ENTRIES  2               /* of one change */
#define PM_TOOL_HOST     256


typedef struct {
    const char              *name;
    const char              *how;        /* as the script takes it */
    pm_store_audit_event_t   events[PM_TOOL_ENTRIES];
    size_t                   n;
} pm_tool_change_t;


/* In the order of pm_tool_action_t.  After a rotation an old secret is of no
 * use any more, and a new one is. */

static const pm_tool_change_t  pm_tool_changes[] = {
    { "create", "create", { PM_STORE_KEY_CREATED }, 1 },
    { "rotate", "change", { PM_STORE_KEY_REVOKED, PM_STORE_KEY_CREATED }, 2 },
    { "disable", "change", { PM_STORE_KEY_REVOKED }, 1 },
    { "enable", "change", { PM_STORE_KEY_CREATED }, 1 },
    { "delete", "delete", { PM_STORE_KEY_REVOKED }, 1 }
};


/* Whoever runs the tool: the user's name; NULL: no memory. */

static const char *
pm_tool_user(pm_tool_t *tool)
{
    struct passwd  *user;

    user = getpwuid(getuid());

    if (user == NULL) {
        return pm_arena_printf(tool->arena, "%ju", (uintmax_t) getuid());
    }

    return pm_arena_strdup(tool->arena, user->pw_name);
}


/* What the entry says besides who and which. */

static void
pm_tool_audit_describe(pm_store_audit_t *entry, const pm_string_t *fields,
    size_t n, const char *host)
{
    size_t       i, field;
    const char  *name;

    static const pm_store_key_field_t  told[] = {
        PM_STORE_KEY_FIELD_NAME,
        PM_STORE_KEY_FIELD_AUTHOR_NAME,
        PM_STORE_KEY_FIELD_GRANTS,
        PM_STORE_KEY_FIELD_EXPIRES_AT
    };

    /* the fields of a new record are texts that end with a NUL */

    for (i = 0; i + 1 < n; i += 2) {
        for (field = 0; field < sizeof(told) / sizeof(told[0]); field++) {
            name = pm_store_key_fields[told[field]];

            if (strcmp(fields[i].data, name) == 0) {
                pm_store_audit_property(entry, name, fields[i + 1].data);
            }
        }
    }

    pm_store_audit_property(entry, "host", host);

    /* root is told apart by who has become it */

    if (getuid() == 0) {
        pm_store_audit_property(entry, "sudo", getenv("SUDO_USER"));
    }
}


/* The entries of a change as a block: *argc grows. */

static int
pm_tool_audit_block(pm_tool_t *tool, const pm_tool_change_t *change,
    const char *id, const pm_string_t *fields, size_t n, pm_string_t *argv,
    size_t *argc, pm_error_t *err)
{
    int               rc;
    char              host[PM_TOOL_HOST], *uuid;
    size_t            i;
    unsigned char     random[PM_STORE_ID_RANDOM];
    pm_store_audit_t  entry;

    if (gethostname(host, sizeof(host)) != 0) {
        host[0] = '\0';
    }

    host[sizeof(host) - 1] = '\0';

    argv[(*argc)++] = pm_tool_string(change->n == 1 ? "1" : "2");

    for (i = 0; i < change->n; i++) {
        memset(&entry, 0, sizeof(pm_store_audit_t));

        rc = pm_tool_random(random, sizeof(random), err);
        if (rc != 0) {
            return rc;
        }

        uuid = pm_arena_alloc(tool->arena, PM_STORE_ID_LENGTH + 1);
        entry.user = pm_tool_user(tool);

        if (uuid == NULL || entry.user == NULL) {
            return pm_error_memory(err);
        }

        entry.created_at = tool->now * 1000;
        pm_store_id_make(uuid, (uint64_t) entry.created_at, random);

        entry.id = uuid;
        entry.event = change->events[i];
        entry.reference_type = "KEY";
        entry.reference_id = id;
        entry.user_name = entry.user;

        pm_store_audit_property(&entry, "action", change->name);
        pm_tool_audit_describe(&entry, fields, n, host);

        rc = pm_store_audit_encode(tool->arena, &entry, &argv[*argc], err);
        if (rc != 0) {
            return rc;
        }

        *argc += PM_STORE_AUDIT_ARGS;
    }

    return 0;
}


int
pm_tool_change(pm_tool_t *tool, pm_tool_action_t action, const char *id,
    const pm_string_t *fields, size_t n, int *done, pm_error_t *err)
{
    int                       rc;
    size_t                    argc;
    redisReply               *reply;
    pm_string_t               argv[PM_TOOL_HEAD + 2 * PM_STORE_KEY_FIELDS + 1
                                   + PM_TOOL_ENTRIES * PM_STORE_AUDIT_ARGS];
    const pm_tool_change_t   *change;
    const pm_store_script_t  *script;

    change = &pm_tool_changes[action];
    script = pm_store_script("key");

    if (script == NULL || n > 2 * PM_STORE_KEY_FIELDS) {
        return pm_error_set(err, PM_INTERNAL, "the script \"key\" is missing");
    }

    argv[0] = pm_tool_string("EVAL");
    argv[1] = (pm_string_t) { script->text, script->len };
    argv[2] = pm_tool_string("0");
    argv[3] = pm_tool_string(tool->prefix);
    argv[4] = pm_tool_string(id);
    argv[5] = pm_tool_string(change->how);
    argv[6] = pm_tool_string(pm_arena_printf(tool->arena, "%zu", n));

    if (n > 0) {
        memcpy(&argv[PM_TOOL_HEAD], fields, n * sizeof(pm_string_t));
    }

    argc = PM_TOOL_HEAD + n;

    rc = pm_tool_audit_block(tool, change, id, fields, n, argv, &argc, err);
    if (rc != 0) {
        return rc;
    }

    rc = pm_store_redis_ask(tool->redis, argv, argc, REDIS_REPLY_INTEGER,
                            &reply, err);
    if (rc != 0) {
        return rc;
    }

    *done = reply->integer == 1;
    pm_store_redis_free(reply);

    return 0;
}
