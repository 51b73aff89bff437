#include "store/pm_store_redis.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>


struct pm_store_redis_s {
    redisContext  *context;
};


static int
pm_store_redis_connected(redisContext *context, const char *path,
    const pm_store_host_t *host, pm_error_t *err)
{
    struct timeval  timeout = { PM_STORE_REDIS_TIMEOUT, 0 };

    if (context->err != 0 && path != NULL) {
        return pm_error_set(err, PM_UNAVAILABLE, "cannot connect to unix:%s: "
                            "%s", path, context->errstr);
    }

    if (context->err != 0) {
        return pm_error_set(err, PM_UNAVAILABLE, "cannot connect to %s, port "
                            "%u: %s", host->host, host->port,
                            context->errstr);
    }

    if (redisSetTimeout(context, timeout) != REDIS_OK) {
        return pm_error_set(err, PM_INTERNAL, "cannot set a timeout: %s",
                            context->errstr);
    }

    return 0;
}


int
pm_store_redis_open(const char *path, const pm_store_host_t *host,
    pm_store_redis_t **redis, pm_error_t *err)
{
    int                rc;
    pm_store_redis_t  *created;
    struct timeval     timeout = { PM_STORE_REDIS_CONNECT, 0 };

    created = malloc(sizeof(pm_store_redis_t));
    if (created == NULL) {
        return pm_error_memory(err);
    }

    created->context = (path != NULL)
                       ? redisConnectUnixWithTimeout(path, timeout)
                       : redisConnectWithTimeout(host->host, (int) host->port,
                                                 timeout);

    rc = (created->context != NULL)
         ? pm_store_redis_connected(created->context, path, host, err)
         : pm_error_memory(err);

    if (rc != 0) {
        pm_store_redis_close(created);
        return rc;
    }

    *redis = created;

    return 0;
}


void
pm_store_redis_close(pm_store_redis_t *redis)
{
    if (redis == NULL) {
        return;
    }

    if (redis->context != NULL) {
        redisFree(redis->context);
    }

    free(redis);
}


static int
pm_store_redis_lost(redisContext *context, int error, pm_error_t *err)
{
    if (context->err == REDIS_ERR_IO
        && (error == EAGAIN || error == EWOULDBLOCK || error == ETIMEDOUT))
    {
        return pm_error_set(err, PM_UNAVAILABLE,
                            "Redis did not answer within %d s",
                            PM_STORE_REDIS_TIMEOUT);
    }

    return pm_error_set(err, PM_UNAVAILABLE,
                        "the connection to Redis was lost: %s",
                        context->errstr);
}


int
pm_store_redis_send(pm_store_redis_t *redis, const pm_string_t *argv,
    size_t argc, redisReply **reply, pm_error_t *err)
{
    int          error;
    size_t       i, lengths[PM_STORE_REDIS_ARGUMENTS];
    const char  *arguments[PM_STORE_REDIS_ARGUMENTS];

    if (argc > PM_STORE_REDIS_ARGUMENTS) {
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
    *reply = redisCommandArgv(redis->context, (int) argc, arguments, lengths);
    error = errno;

    return *reply != NULL ? 0
                          : pm_store_redis_lost(redis->context, error, err);
}


int
pm_store_redis_ask(pm_store_redis_t *redis, const pm_string_t *argv,
    size_t argc, int type, redisReply **reply, pm_error_t *err)
{
    int          rc;
    redisReply  *r;

    rc = pm_store_redis_send(redis, argv, argc, &r, err);
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

    pm_store_redis_free(r);

    return rc;
}


void
pm_store_redis_free(redisReply *reply)
{
    freeReplyObject(reply);
}


size_t
pm_store_redis_kind(const redisReply *reply)
{
    return reply->type == REDIS_REPLY_ERROR
           ? strspn(reply->str, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") : 0;
}


int
pm_store_redis_login(pm_store_redis_t *redis, const char *user,
    const pm_string_t *password, pm_error_t *err)
{
    int          rc;
    size_t       argc;
    redisReply  *reply;
    pm_string_t  argv[3];

    argc = 0;
    argv[argc++] = (pm_string_t) { "AUTH", 4 };

    if (user != NULL) {
        argv[argc++] = (pm_string_t) { user, strlen(user) };
    }

    argv[argc++] = *password;

    rc = pm_store_redis_send(redis, argv, argc, &reply, err);
    if (rc != 0) {
        return rc;
    }

    if (reply->type != REDIS_REPLY_STATUS) {
        rc = pm_error_set(err, PM_REMOTE, "Redis refused the login: %.*s",
                          (int) pm_store_redis_kind(reply),
                          pm_store_redis_kind(reply) > 0 ? reply->str : "");
    }

    pm_store_redis_free(reply);

    return rc;
}
