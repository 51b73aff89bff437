#include "tool/pm_tool.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>


#define PM_TOOL_CONNECT_TIMEOUT  2       /* seconds */
#define PM_TOOL_TIMEOUT          5       /* seconds without a byte */
#define PM_TOOL_ARGUMENTS        64      /* most of one command */


pm_string_t
pm_tool_string(const char *text)
{
    return (pm_string_t) { text, text != NULL ? strlen(text) : 0 };
}


pm_string_t
pm_tool_record_key(pm_tool_t *tool, const char *id)
{
    return pm_tool_string(pm_arena_printf(tool->arena, "%skey:%s",
                                          tool->prefix, id));
}


static int
pm_tool_lost(redisContext *redis, int error, pm_error_t *err)
{
    if (redis->err == REDIS_ERR_IO
        && (error == EAGAIN || error == EWOULDBLOCK || error == ETIMEDOUT))
    {
        return pm_error_set(err, PM_UNAVAILABLE,
                            "Redis did not answer within %d s",
                            PM_TOOL_TIMEOUT);
    }

    return pm_error_set(err, PM_UNAVAILABLE,
                        "the connection to Redis was lost: %s",
                        redis->errstr);
}


int
pm_tool_send(pm_tool_t *tool, const pm_string_t *argv, size_t argc,
    redisReply **reply, pm_error_t *err)
{
    int          error;
    size_t       i, lengths[PM_TOOL_ARGUMENTS];
    const char  *arguments[PM_TOOL_ARGUMENTS];

    if (argc > PM_TOOL_ARGUMENTS) {
        return pm_error_set(err, PM_INTERNAL, "too many arguments for Redis");
    }

    for (i = 0; i < argc; i++) {
        if (argv[i].data == NULL) {
            return pm_error_memory(err);
        }

        arguments[i] = argv[i].data;
        lengths[i] = argv[i].len;
    }

    errno = 0;
    *reply = redisCommandArgv(tool->redis, (int) argc, arguments, lengths);
    error = errno;

    return *reply != NULL ? 0 : pm_tool_lost(tool->redis, error, err);
}


int
pm_tool_ask(pm_tool_t *tool, const pm_string_t *argv, size_t argc, int type,
    redisReply **reply, pm_error_t *err)
{
    int          rc;
    redisReply  *r;

    rc = pm_tool_send(tool, argv, argc, &r, err);
    if (rc != 0) {
        return rc;
    }

    if (r->type == type) {
        *reply = r;
        return 0;
    }

    if (r->type == REDIS_REPLY_ERROR) {
        rc = pm_error_set(err, PM_REMOTE, "Redis: %s", r->str);

    } else {
        rc = pm_error_set(err, PM_REMOTE, "Redis answered %.*s with a reply "
                          "of the wrong type", (int) argv[0].len,
                          argv[0].data);
    }

    freeReplyObject(r);

    return rc;
}


void
pm_tool_disconnect(pm_tool_t *tool)
{
    if (tool->redis != NULL) {
        redisFree(tool->redis);
        tool->redis = NULL;
    }
}


int
pm_tool_open(pm_tool_t *tool, const char *path, const pm_store_host_t *host,
    pm_error_t *err)
{
    struct timeval  timeout = { PM_TOOL_CONNECT_TIMEOUT, 0 };

    pm_tool_disconnect(tool);

    if (path != NULL) {
        tool->redis = redisConnectUnixWithTimeout(path, timeout);

    } else {
        tool->redis = redisConnectWithTimeout(host->host, (int) host->port,
                                              timeout);
    }

    if (tool->redis == NULL) {
        return pm_error_memory(err);
    }

    if (tool->redis->err != 0) {
        if (path != NULL) {
            return pm_error_set(err, PM_UNAVAILABLE, "cannot connect to "
                                "unix:%s: %s", path, tool->redis->errstr);
        }

        return pm_error_set(err, PM_UNAVAILABLE, "cannot connect to %s, port "
                            "%u: %s", host->host, host->port,
                            tool->redis->errstr);
    }

    timeout.tv_sec = PM_TOOL_TIMEOUT;

    if (redisSetTimeout(tool->redis, timeout) != REDIS_OK) {
        return pm_error_set(err, PM_INTERNAL, "cannot set a timeout: %s",
                            tool->redis->errstr);
    }

    return 0;
}


/*
 * A server that does not know AUTH may quote its arguments: of its words only
 * the first, the kind of error, is passed on.
 */

static int
pm_tool_login(pm_tool_t *tool, const pm_tool_server_t *server,
    pm_error_t *err)
{
    int          rc;
    size_t       argc;
    redisReply  *reply;
    pm_string_t  argv[3];

    if (server->password.len == 0) {
        return 0;
    }

    argc = 0;
    argv[argc++] = pm_tool_string("AUTH");

    if (server->user != NULL) {
        argv[argc++] = pm_tool_string(server->user);
    }

    argv[argc++] = server->password;

    rc = pm_tool_send(tool, argv, argc, &reply, err);
    if (rc != 0) {
        return rc;
    }

    if (reply->type != REDIS_REPLY_STATUS) {
        rc = pm_error_set(err, PM_REMOTE, "Redis refused the login: %.*s",
                          reply->type == REDIS_REPLY_ERROR
                          ? (int) strspn(reply->str,
                                         "ABCDEFGHIJKLMNOPQRSTUVWXYZ") : 0,
                          reply->type == REDIS_REPLY_ERROR ? reply->str : "");
    }

    freeReplyObject(reply);

    return rc;
}


static int
pm_tool_select(pm_tool_t *tool, const char *database, pm_error_t *err)
{
    int          rc;
    redisReply  *reply;
    pm_string_t  argv[2];

    if (database == NULL) {
        return 0;
    }

    argv[0] = pm_tool_string("SELECT");
    argv[1] = pm_tool_string(database);

    rc = pm_tool_ask(tool, argv, 2, REDIS_REPLY_STATUS, &reply, err);

    if (rc == 0) {
        freeReplyObject(reply);
    }

    return rc;
}


int
pm_tool_enter(pm_tool_t *tool, const pm_tool_server_t *server,
    const pm_store_address_t *address, pm_error_t *err)
{
    int  rc;

    rc = pm_tool_open(tool, address->path, address->hosts, err);
    if (rc != 0) {
        return rc;
    }

    rc = pm_tool_login(tool, server, err);
    if (rc != 0) {
        return rc;
    }

    return pm_tool_select(tool, server->database, err);
}
