#include "tool/pm_tool.h"

#include <string.h>


#define PM_TOOL_TEXT  256                /* longest prefix and user */


typedef struct {
    pm_store_address_t   address;
    const char          *user;             /* NULL: the default one */
    pm_string_t          password;         /* empty: no login */
    const char          *database;         /* NULL: 0 */
} pm_tool_server_t;


pm_string_t
pm_tool_record_key(pm_tool_t *tool, const char *id)
{
    return pm_tool_string(pm_arena_printf(tool->arena, "%skey:%s",
                                          tool->prefix, id));
}


/* In place of the present connection. */

static int
pm_tool_open(pm_tool_t *tool, const char *path, const pm_store_host_t *host,
    pm_error_t *err)
{
    pm_store_redis_close(tool->redis);
    tool->redis = NULL;

    return pm_store_redis_open(path, host, &tool->redis, err);
}


/* Connects to this address (TCP or UNIX), logs in, selects the database. */

static int
pm_tool_enter(pm_tool_t *tool, const pm_tool_server_t *server,
    const pm_store_address_t *address, pm_error_t *err)
{
    int          rc;
    redisReply  *reply;
    pm_string_t  argv[2];

    rc = pm_tool_open(tool, address->path, address->hosts, err);

    if (rc == 0 && server->password.len > 0) {
        rc = pm_store_redis_login(tool->redis, server->user,
                                  &server->password, err);
    }

    if (rc != 0 || server->database == NULL) {
        return rc;
    }

    argv[0] = pm_tool_string("SELECT");
    argv[1] = pm_tool_string(server->database);

    rc = pm_store_redis_ask(tool->redis, argv, 2, REDIS_REPLY_STATUS, &reply,
                            err);
    if (rc == 0) {
        pm_store_redis_free(reply);
    }

    return rc;
}


/* Asks the connected Sentinel where the master is. */

static int
pm_tool_sentinel(pm_tool_t *tool, const char *master,
    pm_store_address_t *address, pm_error_t *err)
{
    int          rc;
    char        *text;
    redisReply  *reply, **element;
    pm_string_t  argv[3];

    argv[0] = pm_tool_string("SENTINEL");
    argv[1] = pm_tool_string("get-master-addr-by-name");
    argv[2] = pm_tool_string(master);

    rc = pm_store_redis_send(tool->redis, argv, 3, &reply, err);
    if (rc != 0) {
        return rc;
    }

    element = reply->element;

    if (reply->type == REDIS_REPLY_NIL) {
        rc = pm_error_set(err, PM_NOT_FOUND, "it knows no master %s", master);

    } else if (reply->type == REDIS_REPLY_ERROR) {
        rc = pm_error_set(err, PM_REMOTE, "%s", reply->str);

    } else if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 2
               || element[0]->type != REDIS_REPLY_STRING
               || element[1]->type != REDIS_REPLY_STRING)
    {
        rc = pm_error_set(err, PM_REMOTE, "it answered something else than a "
                          "master's address");

    } else {
        text = pm_arena_printf(tool->arena,
                               strchr(element[0]->str, ':') != NULL
                               ? "[%s]:%s" : "%s:%s",
                               element[0]->str, element[1]->str);

        rc = text != NULL ? pm_store_address_parse(tool->arena, text,
                                                   strlen(text), address, err)
                          : pm_error_memory(err);

        if (rc == 0 && address->kind != PM_STORE_TCP) {
            rc = pm_error_set(err, PM_REMOTE, "it named no master's address");
        }
    }

    pm_store_redis_free(reply);

    /* what a Sentinel says is not what the user typed */

    return rc == PM_INVALID ? PM_REMOTE : rc;
}


/*
 * A Sentinel may name a master that is one no more, until it has heard: see
 * "Guidelines for Redis clients with support for Sentinel".  A user who may
 * not ask will be told by the write.
 */

static int
pm_tool_check_master(pm_tool_t *tool, pm_error_t *err)
{
    int          rc;
    redisReply  *reply;
    pm_string_t  role;

    role = pm_tool_string("ROLE");

    rc = pm_store_redis_send(tool->redis, &role, 1, &reply, err);
    if (rc != 0) {
        return rc;
    }

    if (reply->type != REDIS_REPLY_ERROR
        && (reply->type != REDIS_REPLY_ARRAY || reply->elements == 0
            || reply->element[0]->type != REDIS_REPLY_STRING
            || strcmp(reply->element[0]->str, "master") != 0))
    {
        rc = pm_error_set(err, PM_UNAVAILABLE, "the server that it named is "
                          "no master (any more)");
    }

    pm_store_redis_free(reply);

    return rc;
}


/* The Sentinels in turn, until one leads to a master. */

static int
pm_tool_follow(pm_tool_t *tool, const pm_tool_server_t *server,
    pm_error_t *err)
{
    int                        rc;
    size_t                     i;
    pm_error_t                 last;
    pm_store_address_t         master;
    const pm_store_address_t  *address;

    address = &server->address;

    for (i = 0, rc = PM_UNAVAILABLE; i < address->nhosts && rc != 0; i++) {

        rc = pm_tool_open(tool, NULL, &address->hosts[i], &last);
        if (rc != 0) {
            continue;
        }

        rc = pm_tool_sentinel(tool, address->master, &master, &last);
        if (rc != 0) {
            continue;
        }

        rc = pm_tool_enter(tool, server, &master, &last);
        if (rc != 0) {
            continue;
        }

        rc = pm_tool_check_master(tool, &last);
    }

    if (rc != 0) {
        i--;
        return pm_error_set(err, (pm_code_t) rc, "no Sentinel led to the "
                            "master %s; the last, %s, port %u: %s",
                            address->master, address->hosts[i].host,
                            address->hosts[i].port, last.message);
    }

    return 0;
}


static int
pm_tool_check_text(const char *option, const char *text, pm_error_t *err)
{
    const char  *p;

    for (p = text; *p != '\0'; p++) {
        if ((unsigned char) *p < 0x20 || *p == 0x7f
            || p - text >= PM_TOOL_TEXT)
        {
            return pm_error_set(err, PM_INVALID, "%s must be at most %d bytes "
                                "without control characters", option,
                                PM_TOOL_TEXT);
        }
    }

    return 0;
}


static int
pm_tool_server(pm_tool_t *tool, pm_tool_server_t *server, pm_error_t *err)
{
    int                 rc;
    size_t              len;
    const char         *text;
    const char *const  *values;

    values = tool->arguments.values;
    memset(server, 0, sizeof(pm_tool_server_t));

    text = values[PM_TOOL_ADDRESS];
    text = text != NULL ? text : PM_STORE_ADDRESS_DEFAULT;

    rc = pm_store_address_parse(tool->arena, text, strlen(text),
                                &server->address, err);
    if (rc != 0) {
        return rc;
    }

    text = values[PM_TOOL_PREFIX];
    tool->prefix = text != NULL ? text : PM_STORE_PREFIX_DEFAULT;

    rc = pm_tool_check_text("--prefix", tool->prefix, err);
    if (rc != 0) {
        return rc;
    }

    server->database = values[PM_TOOL_DATABASE];

    if (server->database != NULL) {
        len = strlen(server->database);

        if (len == 0 || len > 9
            || strspn(server->database, "0123456789") != len)
        {
            return pm_error_set(err, PM_INVALID,
                                "--database must be a number");
        }
    }

    server->user = values[PM_TOOL_USER];
    text = values[PM_TOOL_PASSWORD_FILE];

    if (server->user != NULL) {
        if (text == NULL || server->user[0] == '\0') {
            return pm_error_set(err, PM_INVALID, "--user needs a name, and "
                                "--password-file beside it");
        }

        rc = pm_tool_check_text("--user", server->user, err);
        if (rc != 0) {
            return rc;
        }
    }

    return text != NULL ? pm_store_password_read(tool->arena, text,
                                                 &server->password, err)
                        : 0;
}


static void
pm_tool_cleanup(void *data)
{
    pm_tool_t  *tool = data;

    pm_store_redis_close(tool->redis);
}


int
pm_tool_connect(pm_tool_t *tool, pm_error_t *err)
{
    int               rc;
    pm_tool_server_t  server;

    rc = pm_tool_server(tool, &server, err);
    if (rc != 0) {
        return rc;
    }

    if (pm_arena_defer(tool->arena, pm_tool_cleanup, tool) != 0) {
        return pm_error_memory(err);
    }

    return server.address.kind == PM_STORE_SENTINEL
           ? pm_tool_follow(tool, &server, err)
           : pm_tool_enter(tool, &server, &server.address, err);
}
